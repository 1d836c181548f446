//! The inspection's state machine: the reviewed tables of states and commands, and any stream under any command.

use crate::inspection_support::*;
use proptest::prelude::*;
use yujian_domain::inspection::*;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::values::ClassType;

const TABLES: &str = include_str!("data/inspection_machine.txt");

/// A table: the states of its columns, and for each command where it leads.
type Table = (Vec<&'static str>, Vec<(&'static str, Vec<&'static str>)>);

fn table(name: &str) -> Table {
    let start = TABLES.find(&format!("[{name}]")).unwrap();
    let mut lines = TABLES[start..].lines().skip(1);
    let header = lines.next().unwrap();
    let states = header.split_whitespace().skip(2).collect();
    let rows = lines.take_while(|line| !line.is_empty()).map(|line| {
        let mut cells = line.split_whitespace();
        (cells.next().unwrap(), cells.collect())
    });
    (states, rows.collect())
}

/// Who gives a command, and the command, fit for `desk`.
fn command(name: &str, desk: &Desk) -> (&'static str, InspectionCommand) {
    let today = desk.today();
    let due = desk.state.findings.get(&1).and_then(|finding| finding.due_date);
    let tomorrow = today.tomorrow().unwrap();
    match name {
        "plan" => ("officer-1", plan().into()),
        "approve" => ("officer-2", approve().into()),
        "assign_inspectors" => ("officer-1", assign(&[2, 3]).into()),
        "request_recusal" => ("operator-1", recusal(1).into()),
        "decide_recusal" => ("officer-2", decision(1, false).into()),
        "check_in" => ("inspector-1", check_in().into()),
        "backfill_check_in" => ("inspector-1", backfill(desk.now).into()),
        "count_presence" => ("inspector-1", presence(ClassType::Infant, 3, 1).into()),
        "answer_items" => ("inspector-1", answer("5.2", Answer::Compliant).into()),
        "cite_finding" => ("inspector-1", cite("5.3", Weight::General).into()),
        "give_technical_assistance" => ("inspector-1", assist("5.2").into()),
        "record_corrected_on_site" => ("inspector-1", on_site(1).into()),
        "order_correction" => ("officer-1", order(1, tomorrow).into()),
        "complete_fieldwork" => ("inspector-1", complete().into()),
        "abort" => ("inspector-1", abort().into()),
        "cancel" => ("officer-1", cancel().into()),
        "issue_draft" => ("officer-1", draft().into()),
        "comment_on_draft" => ("operator-1", comment().into()),
        "finalize" => ("officer-1", finalize().into()),
        "publish" => ("officer-1", publish().into()),
        "claim_correction" => ("operator-1", claim(1).into()),
        "verify_correction" => ("officer-1", verify(1).into()),
        "reject_correction" => ("officer-1", reject(1, tomorrow).into()),
        "extend_correction" => ("officer-1", extend(1, tomorrow).into()),
        "mark_correction_overdue" => ("yujian", overdue(1, due.unwrap_or(today)).into()),
        "record_imported" => ("officer-1", row(2).into()),
        other => panic!("{other}"),
    }
}

/// What must have happened at the site for a command to be possible later.
fn at_site(name: &str, status: Status, desk: &mut Desk) {
    match name {
        "decide_recusal" => {
            desk.done("operator-1", recusal(1));
        }
        "cite_finding" => {
            desk.done("inspector-1", answer("5.3", Answer::Noncompliant));
        }
        // A final report has no finding without an order.
        "record_corrected_on_site" | "order_correction" => {
            let is_final = matches!(status, Status::Finalized | Status::Published);
            lead_finding_to(
                desk,
                if is_final {
                    FindingState::CorrectionDue
                } else {
                    FindingState::Cited
                },
            );
        }
        "claim_correction" | "extend_correction" | "mark_correction_overdue" => {
            lead_finding_to(desk, FindingState::CorrectionDue);
        }
        "verify_correction" | "reject_correction" => lead_finding_to(desk, FindingState::CorrectionClaimed),
        _ => {}
    }
}

/// A desk at a state where nothing but the state keeps the command away.
fn desk_for(name: &str, status: Status, plan: &PlanInspection) -> Desk {
    // The report waits for an open recusal, so none is open where it is final.
    let is_final = matches!(status, Status::Finalized | Status::Published);
    let mut desk = desk_with(status, plan, &|desk| {
        if !(is_final && name == "decide_recusal") {
            at_site(name, status, desk);
        }
    });
    if status == Status::Assigned && name == "decide_recusal" {
        desk.done("operator-1", recusal(1));
    }
    if name == "mark_correction_overdue" {
        desk.later(24 * 60);
    }
    desk
}

fn check_table(name: &str, plan: &PlanInspection) {
    let (states, rows) = table(name);
    for (name, cells) in rows {
        assert_eq!(cells.len(), states.len(), "{name}");
        for (code, cell) in states.iter().zip(cells) {
            let status = Status::from_code(code).unwrap();
            let mut desk = desk_for(name, status, plan);
            let before = desk.state.clone();
            let (who, command) = command(name, &desk);
            assert_eq!(command.movement().command, name);
            match (desk.by(who).run(command), cell) {
                (Ok(_), "=") => assert_eq!(desk.state.status, status, "{name} from {code}"),
                (Ok(_), cell) => assert_eq!(desk.state.status.code(), cell, "{name} from {code}"),
                (Err(rejection), "-") => {
                    let absent = status == Status::None && name != "record_imported";
                    check_refusal(&rejection, if absent { None } else { Some(*code) }, name);
                    assert_eq!(desk.state, before, "a refusal changes nothing");
                }
                (Err(rejection), cell) => panic!("{name} from {code}: {rejection}, the table says {cell}"),
            }
        }
    }
}

/// What a refusal of the state machine must tell its caller.
fn check_refusal(rejection: &Rejection, state: Option<&str>, name: &str) {
    let Some(state) = state else {
        assert_eq!(rejection.reason, Reason::NotFound, "{name}");
        return;
    };
    assert_eq!(
        rejection.reason,
        Reason::IllegalTransition,
        "{name} from {state}: {rejection}"
    );
    assert_eq!(rejection.metadata["state"], state);
    assert_eq!(rejection.metadata["command"], name);
    assert!(!rejection.metadata["allowed_from"].is_empty());
    assert!(!rejection.metadata["article"].is_empty());
    assert!(rejection.metadata["rule"].starts_with("INS-"));
    assert!(rejection.message.contains(&rejection.metadata["article"]));
}

#[test]
fn every_state_and_every_command_stand_in_the_table() {
    let (states, rows) = table("ordinary");
    let known: Vec<&str> = Status::ALL.iter().map(|status| status.code()).collect();
    assert_eq!(states, known);
    assert_eq!(rows.len(), 26);
    let (states, _) = table("finding");
    let known: Vec<&str> = FindingState::ALL.iter().map(|state| state.code()).collect();
    assert_eq!(states, known);
}

#[test]
fn an_ordinary_inspection_goes_as_the_reviewed_table_says() {
    check_table("ordinary", &plan());
}

#[test]
fn an_emergency_goes_as_the_reviewed_table_says() {
    check_table("emergency", &emergency());
}

#[test]
fn a_finding_goes_as_the_reviewed_table_says() {
    let (states, rows) = table("finding");
    for (name, cells) in rows {
        for (code, cell) in states.iter().zip(cells) {
            let state = FindingState::from_code(code).unwrap();
            let mut desk = if state == FindingState::Imported {
                desk_at(Status::Imported)
            } else {
                desk_with(Status::CheckedIn, &plan(), &|desk| lead_finding_to(desk, state))
            };
            if name == "mark_correction_overdue" {
                desk.later(24 * 60);
            }
            let before = desk.state.clone();
            let (who, command) = command(name, &desk);
            match (desk.by(who).run(command), cell) {
                (Ok(_), "=") => assert_eq!(desk.state.findings[&1].state, state, "{name} from {code}"),
                (Ok(_), cell) => assert_eq!(desk.state.findings[&1].state.code(), cell, "{name} from {code}"),
                (Err(rejection), "-") => {
                    check_refusal(&rejection, Some(*code), name);
                    assert_eq!(desk.state, before, "a refusal changes nothing");
                }
                (Err(rejection), cell) => panic!("{name} from {code}: {rejection}, the table says {cell}"),
            }
        }
    }
}

#[test]
fn what_an_approved_inspection_and_a_finding_lack_is_said_in_the_refusal() {
    let desk = desk_with(Status::CheckedIn, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    let refusal = desk.refused(verify(1));
    assert_eq!(refusal.metadata["allowed_from"], "correction_claimed");
    assert_eq!(refusal.metadata["finding"], "1");
    assert!(refusal.message_zh.contains(FindingState::Cited.zh()));
    assert_eq!(desk.violations(claim(2)), [violation("INS-25", "finding")]);
}

proptest! {
    /// Whatever stands in a stream, in whatever order: it folds, and every command is answered.
    #[test]
    fn any_stream_folds_and_any_command_is_answered(order in proptest::collection::vec(0..64_usize, 0..30)) {
        let mut samples = Vec::new();
        for (status, plan) in [(Status::Published, plan()), (Status::Aborted, emergency()), (Status::Imported, plan())] {
            let desk = desk_with(status, &plan, &|desk| lead_finding_to(desk, FindingState::CorrectionClaimed));
            samples.extend(desk.events);
        }
        let mut desk = Desk::new();
        for index in order {
            desk.fold(&samples[index % samples.len()]);
        }
        let (_, rows) = table("ordinary");
        for (name, _) in rows {
            let (who, command) = command(name, &desk);
            let _ = desk.by(who).decide(command);
        }
    }
}
