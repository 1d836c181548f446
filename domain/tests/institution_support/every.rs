//! One right command of every kind, by whoever may give it.

use serde_json::json;
use yujian_domain::clock::*;
use yujian_domain::envelope::Role;
use yujian_domain::institution::machine::{MOVES, Move};
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::values::ClassType;

use super::applications::*;
use super::licence::*;
use super::*;

/// A right command of every kind, in the order of the machine.
pub fn every_command(desk: &Desk) -> Vec<InstitutionCommand> {
    MOVES.iter().map(|row| command(row.command, desk)).collect()
}

/// A command that is right in itself, about the latest application and today.
pub fn command(name: &str, desk: &Desk) -> InstitutionCommand {
    let today = desk.today();
    let number = desk.state.applications.max(1);
    match name {
        "register" => register().into(),
        "submit_filing" => filing().into(),
        "withdraw_filing" => WithdrawFiling {
            reason: Sensitive::new("暂不开办"),
        }
        .into(),
        "issue_receipt" => receipt(today).into(),
        "notify_nonconformity" => nonconformity(today).into(),
        "confirm_conformity" => conformity().into(),
        "change_details" => ChangeDetails {
            address: Some("文三路2号".to_owned()),
            ..ChangeDetails::default()
        }
        .into(),
        "change_classes" => ChangeClasses {
            classes: vec![class("混合班", ClassType::Mixed, 18)],
            effective_date: today,
        }
        .into(),
        "suspend" => suspension(SuspensionKind::Voluntary, today).into(),
        "resume" => resumption(today).into(),
        "close" => closing(today).into(),
        "correct_fact" => correction(0, "name", json!("正确的名称"), "2026-02-02").into(),
        "record_imported" => RecordImportedInstitution {
            name: "Sunflower Day Care II".to_owned(),
            ..row()
        }
        .into(),
        "submit_application" => apply(kind_for(desk)).into(),
        "return_application" => give_back(number, &["papers.premises_proof"]).into(),
        "accept_application" => accept(number).into(),
        "dismiss_application" => dismiss(number).into(),
        "request_information" => ask(number).into(),
        "provide_information" => answer(number).into(),
        "record_registry_check" => registry(Some(number), RegistryOutcome::Matches, today).into(),
        "record_site_verification" => visit(number, today).into(),
        "propose_decision" => propose(number).into(),
        "return_proposal" => send_back(number).into(),
        "decide_application" => verdict(desk, number).into(),
        "lodge_objection" => object(number, false).into(),
        "decide_objection" => decide_objection(number, false, None).into(),
        "refuse_application" => refuse(number).into(),
        "withdraw_application" => withdraw(number).into(),
        "issue_certificate" => certificate(number, today).into(),
        other => standing_command(other, desk),
    }
}

/// The same of clocks and of what is held.
fn standing_command(name: &str, desk: &Desk) -> InstitutionCommand {
    let today = desk.today();
    let clock = decision_clock(desk);
    match name {
        "pause_clock" => PauseClock {
            clock,
            reason: PauseReason::ExpertReview,
            from_date: today,
            told_date: today,
        }
        .into(),
        "resume_clock" => ResumeClock { clock, on_date: today }.into(),
        "extend_clock" => ExtendClock {
            clock,
            reason: ExtensionReason::ComplexMatter,
            count: 10,
            approver: "head-1".to_owned(),
            approver_office: ApproverOffice::HeadOfAuthority,
            told_date: today,
        }
        .into(),
        "expire_clock" => ExpireClock {
            clock: first_to_end(desk).unwrap_or(clock),
        }
        .into(),
        "recompute_clocks" => RecomputeClocks {
            holidays_sha256: "ab".repeat(32),
        }
        .into(),
        "impose_condition" => ImposeCondition {
            terms: terms("2026-12-31"),
        }
        .into(),
        "record_condition_met" => met(1, &today.to_string()).into(),
        "lift_condition" => LiftCondition {
            condition: 1,
            reason: Sensitive::new("不再需要"),
        }
        .into(),
        "make_provisional" => MakeProvisional {
            reasons: reasons(),
            conditions: vec![terms("2026-04-30")],
        }
        .into(),
        "restore_standing" => RestoreStanding {
            statement: Sensitive::new("已整改"),
        }
        .into(),
        "revoke_authorization" => revocation(RevocationGround::Breach, today).into(),
        "open_cessation" => OpenCessation {
            children_to_place: 3,
            enrolment_frozen_date: today,
        }
        .into(),
        "record_placement" => RecordPlacement {
            children: 1,
            institution: None,
            on_date: today,
        }
        .into(),
        "close_cessation" => CloseCessation { on_date: today }.into(),
        "start_migration" => StartMigration {
            regime_date: day(REGIME_DATE),
        }
        .into(),
        other => panic!("{other}"),
    }
}

/// What the institution may ask for: a change where it holds a licence, else a licence.
fn kind_for(desk: &Desk) -> ApplicationKind {
    let held = desk.state.authorization.as_ref();
    let licence = held.is_some_and(|held| held.kind == AuthorizationKind::Licence && held.ended.is_none());
    if licence {
        ApplicationKind::Change
    } else {
        ApplicationKind::Licence
    }
}

/// A decision with the number that a granted licence needs.
fn verdict(desk: &Desk, number: u32) -> DecideApplication {
    let application = desk.state.licence_applications.get(&number);
    let grants_licence = application.is_some_and(|application| {
        application.kind == ApplicationKind::Licence
            && application
                .proposal
                .as_ref()
                .is_some_and(|proposal| proposal.proposed.outcome == ProposedOutcome::Grant)
    });
    if grants_licence {
        decide_licence(number)
    } else {
        decide(number)
    }
}

fn decision_clock(desk: &Desk) -> ClockRef {
    let decisions = desk
        .state
        .clocks
        .iter()
        .filter(|(name, _)| name.kind == ClockKind::Decision);
    decisions.last().map_or(
        ClockRef {
            kind: ClockKind::Decision,
            revision: 0,
        },
        |(name, _)| name,
    )
}

/// The open clock that ends first.
pub fn first_to_end(desk: &Desk) -> Option<ClockRef> {
    let first = desk.state.clocks.open().min_by_key(|(_, clock)| clock.due.due_date);
    first.map(|(name, _)| name)
}

impl Desk {
    /// As somebody who may give a command, and another than who proposed.
    pub fn by_who_may(&mut self, row: &Move) -> &mut Self {
        match row.command {
            "return_proposal" | "decide_application" | "decide_objection" | "refuse_application" => self.second(),
            _ if row.who.contains(&Role::Officer) => self.first(),
            _ => self.by("somebody", row.who[0]),
        }
    }
}
