//! Alerts (预警): what a reactor found, once for each rule, subject and period. An alert's stream id is derived from
//! these, so that nothing is raised twice.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::{Access, Aggregate, Context, Decided, Facts, Need, Recorded};
use crate::envelope::{Classification, FactRef};
use crate::event_family;
use crate::rejection::{Reason, Rejection};
use crate::values::codes;

codes! {
    /// What an alert is about.
    AlertRule {
        /// One person is engaged for more than full time, or in the same post at two institutions (挂靠 suspected).
        DoubleEngagement = "double_engagement" / "重复任职",
        /// A person who is barred, or for whom a record was found, is engaged.
        BarredEngaged = "barred_engaged" / "从业禁止人员在岗",
        /// A credential that a post asks for ended while its holder is engaged.
        CredentialEnded = "credential_ended" / "在岗人员资质失效",
        /// A correction is overdue.
        CorrectionOverdue = "correction_overdue" / "整改逾期",
        /// An emergency inspection was not approved in time.
        ApprovalOverdue = "approval_overdue" / "应急检查未补审批",
    }
}

/// Raises an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RaiseAlert {
    /// Rule.
    pub rule: AlertRule,
    /// Institution concerned.
    pub institution: Uuid,
    /// Person concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// Inspection concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Uuid>,
    /// What tells this alert from others of the same rule and subject, e.g. a day or the number of a finding.
    pub period: String,
    /// Legal day from which the fact held.
    pub since_date: Date,
    /// Events that show it.
    pub evidence: Vec<FactRef>,
}

/// An alert was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRaised {
    /// Rule.
    pub rule: AlertRule,
    /// Institution concerned.
    pub institution: Uuid,
    /// Person concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// Inspection concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Uuid>,
    /// What tells it from others of the same rule and subject.
    pub period: String,
    /// Legal day from which the fact held.
    pub since_date: Date,
    /// Events that show it.
    pub evidence: Vec<FactRef>,
}

event_family! {
    /// Events of an alert's stream.
    pub enum AlertEvent, upcasters &[], {
        /// See [`AlertRaised`].
        AlertRaised = "alert.AlertRaised.v1",
    }
}

/// An alert as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alert {
    /// Rule, after the first event.
    pub rule: Option<AlertRule>,
    /// Institution concerned.
    pub institution: Option<Uuid>,
}

/// Id of the alert of a rule about a subject in a period: the same wherever and whenever it is computed.
#[must_use]
pub fn alert_id(rule: AlertRule, subject: Uuid, period: &str) -> Uuid {
    let namespace = Uuid::from_u128(0x0f3c_6a51_7b1e_4f0e_9a46_2d5b_81c7_3e90);
    Uuid::new_v5(&namespace, format!("{}|{subject}|{period}", rule.code()).as_bytes())
}

impl RaiseAlert {
    /// Id of this alert: one for each rule, institution, subject (person, else inspection) and period.
    #[must_use]
    pub fn id(&self) -> Uuid {
        let subject = self.person.or(self.inspection).unwrap_or(self.institution);
        alert_id(self.rule, subject, &format!("{}|{}", self.institution, self.period))
    }
}

impl Aggregate for Alert {
    const CATEGORY: &'static str = "alert";
    type Command = RaiseAlert;
    type Event = AlertEvent;

    fn exists(&self) -> bool {
        self.rule.is_some()
    }

    fn evolve(&mut self, event: &AlertEvent, _recorded: &Recorded<'_>) {
        let AlertEvent::AlertRaised(event) = event;
        self.rule = Some(event.rule);
        self.institution = Some(event.institution);
    }

    fn decide(
        &self,
        _facts: &Facts,
        command: &RaiseAlert,
        _context: &Context<'_>,
    ) -> Result<Vec<Decided<AlertEvent>>, Rejection> {
        if self.exists() {
            return Err(Rejection::new(
                Reason::AlreadyExists,
                "this alert was raised before",
                "该预警已存在",
            ));
        }
        Ok(vec![Decided {
            classification: Classification::Regulator,
            ..Decided::plain(AlertRaised {
                rule: command.rule,
                institution: command.institution,
                person: command.person,
                inspection: command.inspection,
                period: command.period.clone(),
                since_date: command.since_date,
                evidence: command.evidence.clone(),
            })
        }])
    }

    fn creates(_command: &RaiseAlert) -> bool {
        true
    }

    fn needs(&self, command: &RaiseAlert) -> Vec<Need> {
        vec![Need::Institution(command.institution)]
    }

    fn access(&self, _command: &RaiseAlert, facts: &Facts) -> Access {
        facts
            .institution
            .as_ref()
            .map_or_else(Access::default, |institution| Access::of_institution(institution))
    }
}
