//! The command of a step.

use jiff::civil::Date;
use yujian_domain::clock::{ApproverOffice, ClockKind, ClockRef, ExtensionReason, PauseReason};
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;

use super::days::plus;
use super::histories::{CLOCKS, KINDS, Step};
use crate::institution_support::applications::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;

/// The command of a step, at the desk's time.
pub fn command_of(step: &Step, desk: &Desk) -> InstitutionCommand {
    let ago = |days: i64| plus(desk.today(), -days);
    match step.clone().with_numbers(desk.state.applications) {
        Step::Submit { kind, lacks, days } => submission(KINDS[kind], lacks, plus(desk.today(), days)).into(),
        Step::Return { number, fire } => {
            let item = if fire {
                "papers.fire_safety"
            } else {
                "papers.premises_proof"
            };
            give_back(number, &[item]).into()
        }
        Step::Accept { number, joint } => AcceptApplication {
            application: number,
            joint,
        }
        .into(),
        Step::Dismiss(number) => dismiss(number).into(),
        Step::Withdraw(number) => withdraw(number).into(),
        Step::Ask(number) => ask(number).into(),
        Step::Answer(application) => ProvideInformation {
            application,
            papers: Vec::new(),
            statement: Some(Sensitive::new("见平面图")),
        }
        .into(),
        Step::Register { number, matches, days } => {
            let outcome = if matches {
                RegistryOutcome::Matches
            } else {
                RegistryOutcome::Differs
            };
            registry(number, outcome, ago(days)).into()
        }
        Step::Visit { number, days, meets } if meets => visit(number, ago(days)).into(),
        Step::Visit { number, days, .. } => falls_short(number, ago(days)).into(),
        Step::Propose { number, grant, .. } if grant => propose(number).into(),
        Step::Propose { number, deceit, .. } => ProposeDecision {
            deceit: deceit.then_some(Deceit::FalsePapers),
            ..propose_refusal(number)
        }
        .into(),
        Step::SendBack(number) => send_back(number).into(),
        Step::Decide(number) => every::verdict(desk, number).into(),
        Step::Object { number, hearing } => object(number, hearing).into(),
        Step::Hear { number, upheld, days } => decide_objection(number, upheld, days.map(ago)).into(),
        Step::Refuse(number) => refuse(number).into(),
        Step::HandOver { number, days } => certificate(number, ago(days)).into(),
        Step::RunOut { kind, number } => ExpireClock {
            clock: latest(desk, CLOCKS[kind], number),
        }
        .into(),
        Step::Stop { number, joint, days } => PauseClock {
            clock: latest(desk, decision(joint), number),
            reason: PauseReason::ExpertReview,
            from_date: ago(days),
            told_date: ago(days),
        }
        .into(),
        Step::RunOn { number, joint, days } => ResumeClock {
            clock: latest(desk, decision(joint), number),
            on_date: ago(days),
        }
        .into(),
        Step::Extend {
            number,
            joint,
            count,
            days,
        } => ExtendClock {
            clock: latest(desk, decision(joint), number),
            reason: ExtensionReason::ComplexMatter,
            count,
            approver: "head-1".to_owned(),
            approver_office: if joint {
                ApproverOffice::PeoplesGovernment
            } else {
                ApproverOffice::HeadOfAuthority
            },
            told_date: ago(days),
        }
        .into(),
        Step::Suspend { ordered } => {
            let kind = if ordered {
                SuspensionKind::Ordered
            } else {
                SuspensionKind::Voluntary
            };
            suspension(kind, desk.today()).into()
        }
        Step::Resume => resumption(desk.today()).into(),
        Step::Revoke => revocation(RevocationGround::Breach, desk.today()).into(),
    }
}

/// An application as a step has it. Its papers do not run out, so that a history may be long.
pub fn submission(kind: ApplicationKind, lacks: u8, asked: Date) -> SubmitApplication {
    let left_out: &[PaperKind] = match lacks {
        1 => &[PaperKind::FireSafety],
        2 => &[PaperKind::Commitment],
        3 => &[PaperKind::FireSafety, PaperKind::Commitment],
        _ => &[],
    };
    let mut application = apply_without(kind, left_out);
    for paper in &mut application.papers {
        paper.expiry_date = Some(day("2035-12-31"));
    }
    if let Some(premises) = &mut application.premises {
        premises.tenure = Tenure::Owned;
    }
    if let Some(change) = &mut application.change {
        change.name = None;
    }
    if let Some(waiver) = &mut application.waiver {
        waiver.until_date = asked;
    }
    if let Some(closing) = &mut application.closing {
        closing.closing_date = asked;
        closing.children_to_place = 0;
    }
    application
}

fn decision(joint: bool) -> ClockKind {
    if joint {
        ClockKind::JointDecision
    } else {
        ClockKind::Decision
    }
}

/// The latest clock of a kind and application, or the name of none.
pub fn latest(desk: &Desk, kind: ClockKind, number: u32) -> ClockRef {
    let own = matches!(kind, ClockKind::Renewal | ClockKind::RenewalAsk);
    let application = (!own).then_some(number);
    let clocks = desk.state.clocks.iter();
    let found = clocks.filter(|(name, clock)| name.kind == kind && clock.application == application);
    found
        .map(|(name, _)| name)
        .max_by_key(|name| name.revision)
        .unwrap_or(ClockRef { kind, revision: 10_000 })
}
