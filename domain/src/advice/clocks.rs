//! Periods that will run, with their last days.

use jiff::civil::Date;

use super::{Begins, Period};
use crate::calendar::{Calendar, Due};
use crate::clock::ClockKind;
use crate::institution::DeemedOutcome;
use crate::policy::{AdmissionPolicy, CountsFrom, LicencePolicy, PolicyDocument};

/// Makes periods of one document from one day.
struct Maker<'a> {
    calendar: &'a Calendar,
    document: &'a PolicyDocument,
}

impl Maker<'_> {
    /// A period of `working_days`, the value `name`, from the latest day of the act that it begins with.
    fn period(&self, kind: ClockKind, begins: Begins, name: &str, working_days: u32, from: Option<Due>) -> Period {
        let due = from.map(|from| {
            let due = self.calendar.add_working_days(from.date, working_days);
            // What is counted from a day that may move may move too.
            (due.date, due.provisional || from.provisional)
        });
        Period {
            kind,
            begins,
            working_days,
            extension: 0,
            due_date: due.map(|(date, _)| date),
            provisional: due.is_some_and(|(_, provisional)| provisional),
            deemed: None,
            mark: self.document.mark(&format!("values.{name}")).cloned(),
        }
    }
}

/// The last day of a period, from which the next one is counted.
fn end(period: &Period) -> Option<Due> {
    period.due_date.map(|date| Due {
        date,
        provisional: period.provisional,
    })
}

/// The day of the papers is sure.
fn sure(date: Date) -> Option<Due> {
    Some(Due {
        date,
        provisional: false,
    })
}

/// Periods of a filing.
pub(super) fn filing(
    policy: &AdmissionPolicy,
    papers: Date,
    calendar: &Calendar,
    document: &PolicyDocument,
) -> Vec<Period> {
    let make = Maker { calendar, document };
    let (begins, from) = match policy.nonconformity_counts_from {
        CountsFrom::Papers => (Begins::Papers, sure(papers)),
        CountsFrom::Finding => (Begins::Finding, None),
    };
    vec![
        make.period(
            ClockKind::Receipt,
            Begins::Papers,
            "receipt_working_days",
            policy.receipt_working_days,
            sure(papers),
        ),
        make.period(
            ClockKind::Nonconformity,
            begins,
            "nonconformity_working_days",
            policy.nonconformity_working_days,
            from,
        ),
    ]
}

/// Periods of an application for a licence.
pub(super) fn licence(
    policy: &LicencePolicy,
    papers: Date,
    calendar: &Calendar,
    document: &PolicyDocument,
) -> Vec<Period> {
    let make = Maker { calendar, document };
    let mut completeness = make.period(
        ClockKind::Completeness,
        Begins::Papers,
        "completeness_working_days",
        policy.completeness_working_days,
        sure(papers),
    );
    completeness.deemed = policy.deemed_accepted.then_some(DeemedOutcome::Accepted);
    let acceptance = end(&completeness);
    let correction = make.period(
        ClockKind::CorrectionReply,
        Begins::Return,
        "correction_reply_working_days",
        policy.correction_reply_working_days,
        acceptance,
    );
    let mut decision = make.period(
        ClockKind::Decision,
        Begins::Acceptance,
        "decision_working_days",
        policy.decision_working_days,
        acceptance,
    );
    decision.extension = policy.decision_extension_working_days;
    let mut joint = make.period(
        ClockKind::JointDecision,
        Begins::Acceptance,
        "joint_working_days",
        policy.joint_working_days,
        acceptance,
    );
    joint.extension = policy.joint_extension_working_days;
    let information = make.period(
        ClockKind::InformationReply,
        Begins::Question,
        "information_reply_working_days",
        policy.information_reply_working_days,
        None,
    );
    let certificate = make.period(
        ClockKind::Certificate,
        Begins::Decision,
        "certificate_working_days",
        policy.certificate_working_days,
        end(&decision),
    );
    let request = make.period(
        ClockKind::HearingRequest,
        Begins::Intention,
        "hearing_request_working_days",
        policy.hearing_request_working_days,
        None,
    );
    let hearing = make.period(
        ClockKind::Hearing,
        Begins::HearingRequest,
        "hearing_hold_working_days",
        policy.hearing_hold_working_days,
        None,
    );
    vec![
        completeness,
        correction,
        decision,
        joint,
        information,
        certificate,
        request,
        hearing,
    ]
}
