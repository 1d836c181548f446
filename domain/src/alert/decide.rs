//! Decisions of the alert family.
//!
//! Order of checks: what is wrong with the request whatever the state (all violations at once), then the state machine,
//! then what depends on both.

use uuid::Uuid;

use super::moves::{Move, nothing_to_do};
use super::{
    AcknowledgeAlert, Alert, AlertAcknowledged, AlertCommand, AlertConfirmed, AlertDismissed, AlertEvent, AlertLapsed,
    AlertLinked, AlertRaised, AlertRule, ClearAlert, ConfirmAlert, DismissAlert, LinkAlert, LinkTarget, RaiseAlert,
    Status,
};
use crate::aggregate::{Access, Aggregate, Context, Decided, Facts, Need, Recorded};
use crate::check::{Check, act_is_past};
use crate::envelope::{Classification, FactRef};
use crate::personal::{Personal, Sensitive};
use crate::rejection::Rejection;

/// What a decision of one command gives.
type Decision = Result<Vec<Decided<AlertEvent>>, Rejection>;

/// Longest note or statement, in characters.
const TEXT_MAX: usize = 2_000;

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
    type Command = AlertCommand;
    type Event = AlertEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, event: &AlertEvent, recorded: &Recorded<'_>) {
        self.apply(event, recorded);
    }

    fn decide(&self, facts: &Facts, command: &AlertCommand, context: &Context<'_>) -> Decision {
        let movement = Move::of(command);
        // Yujian raises an alert when it notices, whatever the day of the fact.
        if !matches!(command, AlertCommand::Raise(_)) {
            act_is_past(context)?;
        }
        let decided = match command {
            AlertCommand::Raise(raise) => return self.raise(movement, raise),
            AlertCommand::Acknowledge(acknowledge) => self.acknowledge(movement, acknowledge, context)?,
            AlertCommand::Link(link) => self.link(movement, facts, link)?,
            AlertCommand::Dismiss(dismiss) => self.dismiss(movement, dismiss, context)?,
            AlertCommand::Confirm(confirm) => self.confirm(movement, confirm, context)?,
            AlertCommand::Clear(clear) => self.clear(movement, clear)?,
        };
        let effective_from = self.begins(context)?;
        Ok(vec![Decided {
            effective_from,
            ..decided
        }])
    }

    fn creates(command: &AlertCommand) -> bool {
        matches!(command, AlertCommand::Raise(_))
    }

    fn needs(&self, command: &AlertCommand) -> Vec<Need> {
        let institution = match command {
            AlertCommand::Raise(raise) => Some(raise.institution),
            _ => self.institution,
        };
        let mut needs: Vec<Need> = institution.map(Need::Institution).into_iter().collect();
        if let AlertCommand::Link(link) = command {
            match link.target {
                LinkTarget::Inspection(id) => needs.push(Need::Inspection(id)),
                LinkTarget::Incident(id) => needs.push(Need::Incident(id)),
                LinkTarget::Application(_) => {}
            }
        }
        needs
    }

    fn access(&self, _command: &AlertCommand, facts: &Facts) -> Access {
        facts
            .institution
            .as_ref()
            .map_or_else(Access::default, |institution| Access::of_institution(institution))
    }
}

/// An event of an alert: for the regulator alone.
// rule: ALT-07
fn told(event: impl Into<AlertEvent>) -> Decided<AlertEvent> {
    Decided {
        classification: Classification::Regulator,
        ..Decided::plain(event)
    }
}

/// What an officer wrote, for an event.
fn text(context: &Context<'_>, text: &Sensitive) -> Personal {
    text.of(format!("alert-{}.text", context.id))
}

fn shown_by(check: &mut Check, movement: &Move, evidence: &[FactRef]) {
    check.ensure(
        !evidence.is_empty(),
        "evidence",
        movement.rule,
        "must name an event that shows it",
        "须列明所依据的事件",
    );
}

/// Whether a text is the code of a unit, a colon and a whole number.
fn is_threshold(text: &str) -> bool {
    let whole = |number: &str| number.parse::<u64>().is_ok_and(|parsed| parsed.to_string() == number);
    text.split_once(':').is_some_and(|(unit, number)| {
        !unit.is_empty() && unit.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && whole(number)
    })
}

impl Alert {
    /// An alert names the events behind it and what it measures against, and is raised once.
    // rule: ALT-01
    fn raise(&self, movement: &Move, raise: &RaiseAlert) -> Decision {
        let mut check = Check::default();
        shown_by(&mut check, movement, &raise.evidence);
        check.ensure(
            raise.threshold.as_deref().is_none_or(is_threshold),
            "threshold",
            movement.rule,
            "must be a unit, a colon and a whole number",
            "须为“单位代码:整数”的形式",
        );
        check.done()?;
        self.allow(movement)?;
        Ok(vec![Decided {
            policies: raise.rule_policy.iter().cloned().collect(),
            ..told(AlertRaised {
                rule: raise.rule,
                institution: raise.institution,
                person: raise.person,
                inspection: raise.inspection,
                application: raise.application,
                period: raise.period.clone(),
                since_date: raise.since_date,
                evidence: raise.evidence.clone(),
                severity: Some(raise.severity.unwrap_or(raise.rule.severity())),
                rule_policy: raise.rule_policy.clone(),
                threshold: raise.threshold.clone(),
                due_date: raise.due_date,
            })
        }])
    }

    /// An alert is noted once, with or without words.
    // rule: ALT-02
    fn acknowledge(
        &self,
        movement: &Move,
        acknowledge: &AcknowledgeAlert,
        context: &Context<'_>,
    ) -> Result<Decided<AlertEvent>, Rejection> {
        let note = acknowledge.note.as_ref();
        let mut check = Check::default();
        check.text_if_some("note", note.map(Sensitive::expose), TEXT_MAX);
        check.done()?;
        self.allow(movement)?;
        Ok(told(AlertAcknowledged {
            note: note.map(|note| text(context, note)),
        }))
    }

    /// An alert is looked into in something of its own institution that exists; in another one later, if need be.
    // rule: ALT-03
    fn link(&self, movement: &Move, facts: &Facts, link: &LinkAlert) -> Result<Decided<AlertEvent>, Rejection> {
        self.allow(movement)?;
        if self.status == Status::Linked && self.link == Some(link.target) {
            return Err(nothing_to_do(self.status));
        }
        let institution = facts.institution.as_deref();
        let known = match link.target {
            LinkTarget::Inspection(_) => facts
                .inspection
                .as_deref()
                .is_some_and(|inspection| inspection.institution == self.institution),
            LinkTarget::Incident(_) => facts
                .incident
                .as_deref()
                .is_some_and(|incident| incident.institution == self.institution),
            LinkTarget::Application(number) => {
                institution.is_some_and(|institution| (1..=institution.applications).contains(&number))
            }
        };
        let mut check = Check::default();
        check.ensure(
            known,
            &format!("link.{}", link.target.kind()),
            movement.rule,
            "the institution of this alert has no such one",
            "该预警所涉机构没有此项",
        );
        check.done()?;
        Ok(told(AlertLinked { target: link.target }))
    }

    /// Whoever dismisses an alert says why, from a list and in words.
    // rule: ALT-04
    fn dismiss(
        &self,
        movement: &Move,
        dismiss: &DismissAlert,
        context: &Context<'_>,
    ) -> Result<Decided<AlertEvent>, Rejection> {
        let mut check = Check::default();
        check.text("note", dismiss.note.expose(), TEXT_MAX);
        check.done()?;
        self.allow(movement)?;
        Ok(told(AlertDismissed {
            reason: dismiss.reason,
            note: text(context, &dismiss.note),
        }))
    }

    /// Whoever confirms an alert says what was found.
    // rule: ALT-05
    fn confirm(
        &self,
        movement: &Move,
        confirm: &ConfirmAlert,
        context: &Context<'_>,
    ) -> Result<Decided<AlertEvent>, Rejection> {
        let mut check = Check::default();
        check.text("statement", confirm.statement.expose(), TEXT_MAX);
        check.done()?;
        self.allow(movement)?;
        Ok(told(AlertConfirmed {
            statement: text(context, &confirm.statement),
        }))
    }

    /// An alert lapses when the fact no longer holds; one that is being looked into is for the officer to conclude.
    // rule: ALT-06
    fn clear(&self, movement: &Move, clear: &ClearAlert) -> Result<Decided<AlertEvent>, Rejection> {
        let mut check = Check::default();
        shown_by(&mut check, movement, &clear.evidence);
        check.done()?;
        self.allow(movement)?;
        Ok(told(AlertLapsed {
            lapsed_date: clear.lapsed_date,
            evidence: clear.evidence.clone(),
        }))
    }
}
