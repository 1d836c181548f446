//! The state machine against a table reviewed by hand, and under commands in any order.
#![allow(clippy::unwrap_used)]

mod institution_support;

use std::collections::BTreeSet;

use institution_support::*;
use proptest::prelude::*;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::dossier::canonical;
use yujian_domain::envelope::Role;
use yujian_domain::institution::machine::{MOVES, Move, allowed_now};
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::values::ClassType;

const TABLE: &str = include_str!("data/institution_machine.txt");

/// Rows of the table: state, then allowed or not for each command.
fn table() -> (Vec<&'static str>, Vec<(Status, Vec<bool>)>) {
    let mut lines = TABLE.lines();
    let header = lines.by_ref().find(|line| line.starts_with("# state")).unwrap();
    let commands = header.split_whitespace().skip(2).collect();
    let rows = lines.map(|line| {
        let mut cells = line.split_whitespace();
        let status = Status::from_code(cells.next().unwrap()).unwrap();
        (status, cells.map(|cell| cell == "+").collect())
    });
    (commands, rows.collect())
}

#[test]
fn the_machine_allows_what_the_reviewed_table_allows_and_refuses_the_rest() {
    let (commands, rows) = table();
    assert_eq!(commands, MOVES.iter().map(|row| row.command).collect::<Vec<_>>());
    assert_eq!(
        rows.iter().map(|row| row.0).collect::<BTreeSet<_>>(),
        Status::ALL.iter().copied().collect()
    );
    for (status, allowed) in rows {
        let desk = Desk::in_state(status);
        for (command, allowed) in every_command(&desk).into_iter().zip(allowed) {
            let name = Move::of(&command).command;
            match desk.decide(command) {
                Ok(_) => assert!(allowed, "{name} went through while {}", status.code()),
                Err(rejection) => {
                    assert!(!allowed, "{name} was refused while {}: {rejection}", status.code());
                    let reasons = [Reason::IllegalTransition, Reason::NotFound, Reason::AlreadyExists];
                    assert!(
                        reasons.contains(&rejection.reason),
                        "{name} while {}: {rejection}",
                        status.code()
                    );
                }
            }
        }
    }
}

#[test]
fn an_illegal_move_is_refused_with_state_command_article_and_what_is_possible_instead() {
    let desk = Desk::registered();
    let rejection = desk.refusal(receipt(desk.today()));
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["state"], "registered");
    assert_eq!(rejection.metadata["command"], "issue_receipt");
    assert_eq!(rejection.metadata["allowed_from"], "accepted");
    assert_eq!(rejection.metadata["allowed_now"], allowed_now(Status::Registered));
    assert!(rejection.metadata["allowed_now"].contains("submit_filing (operator, officer)"));
    assert_eq!(rejection.legal_basis[0].article, "§9");
}

#[test]
fn nothing_but_a_correction_reaches_a_closed_institution() {
    assert_eq!(allowed_now(Status::Closed), "correct_fact (officer)");
}

#[derive(Debug, Clone)]
enum Step {
    Command(usize),
    Papers(u8),
    Classes(u32),
    Rename(u8),
    Correct(u64, usize),
    Suspend(bool),
    Days(i64),
    Back(i64),
    Operator(bool),
}

const KEYS: &[&str] = &[
    "name",
    "address",
    "classes",
    "places",
    "status",
    "region",
    "paper.fire_safety",
    "representative.name",
    "nothing",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..13).prop_map(Step::Command),
        3 => any::<u8>().prop_map(Step::Papers),
        1 => (1u32..40).prop_map(Step::Classes),
        1 => any::<u8>().prop_map(Step::Rename),
        2 => (0u64..12, 0..KEYS.len()).prop_map(|(revision, key)| Step::Correct(revision, key)),
        1 => any::<bool>().prop_map(Step::Suspend),
        3 => (0i64..40).prop_map(Step::Days),
        1 => (0i64..60).prop_map(Step::Back),
        1 => any::<bool>().prop_map(Step::Operator),
    ]
}

fn command(desk: &Desk, step: &Step) -> Option<InstitutionCommand> {
    let today = desk.today();
    Some(match step {
        Step::Command(index) => every_command(desk)[*index].clone(),
        Step::Papers(mask) => {
            let mut filing = filing();
            let mut index = 0;
            filing.papers.retain(|_| {
                index += 1;
                mask & (1 << (index % 8)) != 0
            });
            filing.into()
        }
        Step::Classes(count) => {
            let classes = vec![class("班", ClassType::Mixed, *count)];
            ChangeClasses {
                classes,
                effective_date: today,
            }
            .into()
        }
        Step::Rename(n) => rename(&format!("名称{n}")).into(),
        Step::Correct(revision, key) => {
            let value = match KEYS[*key] {
                "classes" => serde_json::json!([class("更正班", ClassType::Mixed, 10)]),
                "region" => serde_json::json!(region("330106")),
                "paper.fire_safety" => serde_json::json!(paper(PaperKind::FireSafety)),
                _ => serde_json::json!("更正"),
            };
            correction(*revision, KEYS[*key], value, "2026-02-10").into()
        }
        Step::Suspend(ordered) => {
            let kind = if *ordered {
                SuspensionKind::Ordered
            } else {
                SuspensionKind::Voluntary
            };
            suspension(kind, today).into()
        }
        Step::Days(_) | Step::Back(_) | Step::Operator(_) => return None,
    })
}

fn check_invariants(desk: &Desk) {
    let state = &desk.state;
    assert_eq!(
        state.suspension.is_some(),
        state.status == Status::Suspended,
        "a suspension runs while suspended"
    );
    if let Some(suspension) = &state.suspension {
        assert!(!matches!(
            suspension.before,
            Status::None | Status::Suspended | Status::Closed
        ));
    }
    if state.status == Status::Filed {
        assert!(state.receipt_number.is_some(), "filed without a receipt");
    }
    if matches!(state.status, Status::Returned | Status::Accepted) {
        assert!(
            state.application.is_some(),
            "no open filing while {}",
            state.status.code()
        );
    }
    assert_eq!(state.exists(), !desk.stream.is_empty());
    assert!(state.region.is_some() || !state.exists());
    // The dossier's open view stands where the machine stands.
    let facts = desk.dossier().resolve(None, None);
    let status = facts
        .iter()
        .find(|fact| fact.key == "status")
        .map(|fact| fact.value.clone());
    assert_eq!(status, state.exists().then(|| serde_json::json!(state.status)));
    let mut again = Institution::default();
    for stored in &desk.stream {
        fold(&mut again, stored);
    }
    assert_eq!(again, *state, "folding the stream again gives the same state");
    assert_eq!(canonical(&facts), canonical(&desk.dossier().resolve(None, None)));
}

proptest! {

    #[test]
    fn any_order_of_commands_keeps_the_invariants_and_never_panics(steps in proptest::collection::vec(step(), 1..30)) {
        let mut desk = Desk::new();
        for step in &steps {
            match step {
                Step::Days(days) => { desk.days_later(*days); }
                Step::Back(days) => {
                    let then = desk.today().saturating_sub(jiff::Span::new().days(*days));
                    desk.occurred_on(&then.to_string());
                }
                Step::Operator(operator) => {
                    let role = if *operator { Role::Operator } else { Role::Officer };
                    desk.by("officer-1", role);
                }
                _ => {}
            }
            if let Some(command) = command(&desk, step) {
                let before = desk.stream.len();
                match desk.run(command) {
                    Ok(events) => prop_assert_eq!(desk.stream.len(), before + events.len()),
                    Err(rejection) => {
                        prop_assert!(!rejection.message.is_empty() && !rejection.message_zh.is_empty());
                        desk.occurred = None;
                    }
                }
                check_invariants(&desk);
            }
        }
    }
}
