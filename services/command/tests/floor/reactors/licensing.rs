//! Filings, applications and the rules for them, at the bench.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;
use yujian_command::{ActivationRequest, Outcome};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{
    AcceptApplication, ApplicationKind, ConditionTerms, DecideApplication, Institution, InstitutionCommand,
    IssueReceipt, Paper, PaperKind, Premises, ProposeDecision, ProposedOutcome, RecordSiteVerification,
    SubmitApplication, SubmitFiling, Tenure, VerificationOutcome, Verifier,
};
use yujian_domain::policy::PolicyKind;
use yujian_domain::reference::Reference;
use yujian_domain::time::{end_of, start_of};
use yujian_eventlog::Record;

use super::bench::{Bench, date, metadata, payload};
use crate::house::{officer, operator};

/// Events of clocks that end one.
const ENDS: [&str; 3] = [
    "licensing.ClockMet.v1",
    "licensing.ClockExpired.v1",
    "licensing.ClockCancelled.v1",
];

/// Another officer of the county.
pub fn second() -> Actor {
    Actor {
        id: "officer-2".to_owned(),
        ..officer("330106")
    }
}

/// An administrator.
fn administrator() -> Actor {
    Actor {
        id: "admin".to_owned(),
        role: Role::Administrator,
        organisation: None,
        jurisdiction: None,
    }
}

/// A paper that is in order, valid until `expiry`.
pub fn paper(kind: PaperKind, expiry: Option<&str>) -> Paper {
    Paper {
        kind,
        issuer: Some("签发机关".to_owned()),
        number: Some("Z-1".to_owned()),
        issue_date: Some(date("2026-01-05")),
        expiry_date: expiry.map(date),
        sha256: None,
        passed: matches!(kind, PaperKind::HygieneEvaluation | PaperKind::FireSafety).then_some(true),
    }
}

/// All papers that a comprehensive institution without a kitchen needs; health certificates are valid until `expiry`.
pub fn papers(expiry: &str) -> Vec<Paper> {
    [
        PaperKind::FilingForm,
        PaperKind::Commitment,
        PaperKind::RegistrationCertificate,
        PaperKind::PremisesProof,
        PaperKind::StaffQualifications,
        PaperKind::StaffHealthCertificates,
        PaperKind::HygieneEvaluation,
        PaperKind::FireSafety,
    ]
    .map(|kind| paper(kind, (kind == PaperKind::StaffHealthCertificates).then_some(expiry)))
    .to_vec()
}

/// Premises leased until a day.
pub fn leased(until: &str) -> Premises {
    Premises {
        tenure: Tenure::Leased,
        lease_start_date: Some(date("2024-01-01")),
        lease_end_date: Some(date(until)),
        highest_floor: 2,
        lowest_floor: 1,
        area_cm2: Some(4_500_000),
        built_area_cm2: None,
        outdoor_area_cm2: None,
    }
}

/// A complete filing, with papers and lease that run out in no test.
pub fn filing() -> SubmitFiling {
    SubmitFiling {
        papers: papers("2099-01-01"),
        makes_meals: false,
        premises: Some(leased("2099-01-01")),
    }
}

/// The same as an application of the licence regime.
pub fn application(kind: ApplicationKind) -> SubmitApplication {
    let filing = filing();
    SubmitApplication {
        kind,
        papers: filing.papers,
        makes_meals: filing.makes_meals,
        premises: filing.premises,
        change: None,
        transfer: None,
        waiver: None,
        closing: None,
    }
}

/// A receipt of a day.
pub fn receipt(day: &str) -> IssueReceipt {
    IssueReceipt {
        receipt_number: format!("浙托备330106-{day}"),
        issue_date: date(day),
    }
}

/// A policy text with the value of one member replaced.
fn with_value(text: &str, member: &str, value: &str) -> String {
    let header = format!("[values.{member}]\nvalue = ");
    let begin = text.find(&header).unwrap_or_else(|| panic!("no value {member}")) + header.len();
    let end = begin + text[begin..].find('\n').unwrap();
    format!("{}{value}{}", &text[..begin], &text[end..])
}

impl Bench {
    /// A command on an institution, which must be taken.
    pub async fn act(
        &self,
        actor: Actor,
        institution: Uuid,
        command: impl Into<InstitutionCommand>,
    ) -> Outcome<Institution> {
        let done = self.ask::<Institution>(actor, Some(institution), command.into()).await;
        done.unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// Noon of a legal day, by the clock.
    pub fn noon(&self, day: &str) {
        self.at(start_of(date(day))
            .checked_add(jiff::SignedDuration::from_hours(12))
            .unwrap());
    }

    pub fn at(&self, time: Timestamp) {
        self.house.clock.set(time);
    }

    /// The last instant of a legal day, by the clock.
    pub fn end_of(&self, day: &str) {
        self.at(end_of(date(day)));
    }

    /// Registers institution `number` and hands in its filing.
    pub async fn files(&self, number: u32, filing: SubmitFiling) -> Uuid {
        let institution = self.house.registered(number).await;
        self.act(operator(number), institution, filing).await;
        institution
    }

    /// Registers institution `number` and applies for a licence.
    pub async fn applies(&self, number: u32) -> Uuid {
        let institution = self.house.registered(number).await;
        self.act(operator(number), institution, application(ApplicationKind::Licence))
            .await;
        institution
    }

    pub async fn accepts(&self, institution: Uuid, application: u32) {
        let accept = AcceptApplication {
            application,
            joint: false,
        };
        self.act(officer("330106"), institution, accept).await;
    }

    /// Looks at the site, proposes and grants, all today.
    pub async fn grants(&self, institution: Uuid, application: u32, conditions: Vec<ConditionTerms>) {
        let verifier = |number: u32| Verifier {
            account: format!("verifier-{number}"),
            certificate: format!("浙执{number}"),
        };
        let verification = RecordSiteVerification {
            application,
            visit_date: self.today(),
            verifiers: vec![verifier(1), verifier(2)],
            outcome: VerificationOutcome::Meets,
            items: Vec::new(),
            inspection: None,
        };
        self.act(officer("330106"), institution, verification).await;
        let proposal = ProposeDecision {
            application,
            outcome: ProposedOutcome::Grant,
            conditions,
            reasons: Vec::new(),
            deceit: None,
        };
        self.act(officer("330106"), institution, proposal).await;
        let decision = DecideApplication {
            application,
            licence_number: Some(format!("浙托许{application}")),
            effective_date: None,
        };
        self.act(second(), institution, decision).await;
    }

    /// Institution `number` with a licence from today on.
    pub async fn licensed(&self, number: u32, conditions: Vec<ConditionTerms>) -> Uuid {
        let institution = self.applies(number).await;
        self.accepts(institution, 1).await;
        self.grants(institution, 1, conditions).await;
        institution
    }

    pub fn today(&self) -> Date {
        use yujian_eventlog::clock::Clock;
        yujian_domain::time::day_of(self.house.clock.now())
    }

    /// The national licence policy becomes active from a day on, with some of its values replaced.
    pub async fn licences_from(&self, day: &str, values: &[(&str, &str)]) {
        let shipped = Reference::shipped_policies();
        let shipped = shipped.into_iter().find(|policy| policy.id == "cn-licence").unwrap();
        let dated = shipped.document.replace(
            &format!("effective_date = \"{}\"", shipped.effective_date),
            &format!("effective_date = \"{day}\""),
        );
        let document = values
            .iter()
            .fold(dated, |text, (member, value)| with_value(&text, member, value));
        self.activates(&document).await;
    }

    /// The admission rules in force get a next version from a day on that warns of papers so many days ahead, as `[30]`.
    pub async fn warns_of_papers_from(&self, day: &str, days: &str) {
        let reference = self.house.commands.all().reference();
        let county = reference.divisions.get("330106").unwrap().id.clone();
        let active = reference.in_force(PolicyKind::Admission, &county, date(day)).unwrap();
        let document = &active.document;
        let text = active
            .text
            .replacen(&format!("version = {}", document.version), "version = 90", 1)
            .replacen(
                &format!("effective_date = \"{}\"", document.effective_date),
                &format!("effective_date = \"{day}\""),
                1,
            );
        self.activates(&with_value(&text, "paper_warning_days", days)).await;
    }

    async fn activates(&self, document: &str) {
        let floor = self.house.commands.all();
        floor.activate_policy(self.activation(), document).await.unwrap();
    }

    /// A holiday table that reaches to the end of another year.
    pub async fn holidays_of(&self, year: u16) {
        let shipped = Reference::shipped_holidays().document;
        let table = format!("{shipped}{year}-01-01,元旦,off,{year}\n");
        let floor = self.house.commands.all();
        floor
            .activate_holidays(self.activation(), &table, Some("国办发明电"))
            .await
            .unwrap();
    }

    fn activation(&self) -> ActivationRequest {
        ActivationRequest {
            actor: administrator(),
            request_id: self.request(),
            method: "test/Activate",
            approver: Some("director".to_owned()),
            validate_only: false,
        }
    }

    pub async fn institution_now(&self, institution: Uuid) -> std::sync::Arc<Institution> {
        self.house.commands.all().load(institution).await.unwrap().unwrap().0
    }

    /// How the clocks of an institution ended, as `expired receipt` or `met decision`, in the order of the log.
    pub async fn ends(&self, institution: Uuid) -> Vec<String> {
        let records = self.of(institution).await;
        let ends = records
            .iter()
            .filter(|record| ENDS.contains(&record.event_type.as_str()));
        ends.map(|record| {
            let how = record.event_type["licensing.Clock".len()..]
                .strip_suffix(".v1")
                .unwrap();
            format!("{} {}", how.to_lowercase(), text(&payload(record)["clock"]["kind"]))
        })
        .collect()
    }

    /// The records of an institution.
    pub async fn of(&self, institution: Uuid) -> Vec<Record> {
        let stream = format!("institution-{institution}");
        let records = self.house.log.records().await;
        records
            .into_iter()
            .filter(|record| record.stream.as_str() == stream)
            .collect()
    }

    /// The one record of an institution of a type.
    pub async fn one(&self, institution: Uuid, event_type: &str) -> Record {
        let records = self.of(institution).await;
        let mut of_type = records.into_iter().filter(|record| record.event_type == event_type);
        let found = of_type.next().unwrap_or_else(|| panic!("no {event_type}"));
        assert!(of_type.next().is_none(), "{event_type} more than once");
        found
    }

    /// What Yujian did of its own accord about institutions, in order of stream and type: the same in every run of the same
    /// acts, whenever the reactors ran.
    pub async fn story(&self) -> Vec<String> {
        let records = self.house.log.records().await;
        let ours = records.iter().filter_map(|record| {
            let envelope = metadata(record);
            let about = ["institution", "alert"].contains(&record.stream.category());
            (about && envelope.actor.id == "yujian").then(|| {
                let (stream, event) = (&record.stream, &record.event_type);
                format!(
                    "{stream} {event} from {:?}: {}",
                    envelope.effective_from,
                    payload(record)
                )
            })
        });
        let mut story: Vec<String> = ours.collect();
        story.sort();
        story
    }
}

/// A text in a payload.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
