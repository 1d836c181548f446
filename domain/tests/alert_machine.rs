//! The state machine of an alert: against a table written from the workflow, and as a reviewed snapshot of every state and
//! command with its outcome.

use std::fmt::Write as _;

use crate::alert_support::*;
use yujian_domain::alert::moves::{MOVES, Move};
use yujian_domain::alert::*;
use yujian_domain::event::EventFamily;
use yujian_domain::rejection::Reason;

const TABLE: &str = include_str!("data/alert_machine.txt");
const SNAPSHOT: &str = include_str!("data/alert_outcomes.txt");

/// States, then for each command where it leads.
fn table() -> (Vec<Status>, Vec<(&'static str, Vec<&'static str>)>) {
    let mut lines = TABLE.lines().skip_while(|line| !line.starts_with("alert "));
    let states = lines.next().unwrap().split_whitespace().skip(1);
    let states = states.map(|code| Status::from_code(code).unwrap()).collect();
    let rows = lines.map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap(), words.collect())
    });
    (states, rows.collect())
}

#[test]
fn the_machine_is_the_one_of_the_workflow() {
    let (states, rows) = table();
    assert_eq!(states, Status::ALL);
    let names: Vec<&str> = rows.iter().map(|row| row.0).collect();
    assert_eq!(names, MOVES.iter().map(|one| one.command).collect::<Vec<_>>());
    for (movement, (_, row)) in MOVES.iter().zip(&rows) {
        let where_it = |wanted: fn(&str) -> bool| -> Vec<Status> {
            let cells = states.iter().zip(row).filter(|(_, to)| wanted(to));
            cells.map(|(state, _)| *state).collect()
        };
        assert_eq!(
            movement.from,
            where_it(|to| !matches!(to, "-" | "=")),
            "{}",
            movement.command
        );
        let already: Vec<Status> = movement.already.into_iter().collect();
        assert_eq!(already, where_it(|to| to == "="), "{}", movement.command);
        assert!(movement.rule.starts_with("ALT-") && !movement.who.is_empty());
        assert_eq!(Move::of(&command(movement.command)), movement);
    }
}

#[test]
fn every_command_leads_where_the_workflow_says() {
    let (states, rows) = table();
    for (name, row) in rows {
        for (state, to) in states.iter().zip(row) {
            let mut desk = Desk::in_state(*state);
            let before = desk.state.clone();
            match (desk.run(command(name)), to) {
                (Ok(_), to) => assert_eq!(desk.state.status.code(), to, "{name} from {}", state.code()),
                (Err(rejection), to) => {
                    assert_eq!(desk.state, before, "a refusal changes nothing");
                    let expected = match (to, *state, name) {
                        ("=", ..) => Reason::NothingToDo,
                        ("-", Status::None, _) => Reason::NotFound,
                        ("-", _, "raise") => Reason::AlreadyExists,
                        ("-", ..) => Reason::IllegalTransition,
                        _ => panic!("{name} from {} leads to {to}: {rejection}", state.code()),
                    };
                    assert_eq!(rejection.reason, expected, "{name} from {}", state.code());
                }
            }
        }
    }
}

#[test]
fn an_illegal_move_says_state_command_rule_and_what_is_possible_instead() {
    let rejection = Desk::in_state(Status::Raised).refused(confirm());
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["state"], "raised");
    assert_eq!(rejection.metadata["command"], "confirm");
    assert_eq!(rejection.metadata["allowed_from"], "acknowledged, linked");
    assert_eq!(
        rejection.metadata["allowed_now"],
        "acknowledge (officer); clear (system)"
    );
    assert_eq!(rejection.metadata["rule"], "ALT-05");
    assert!(rejection.message_zh.contains("待处理") && rejection.message_zh.contains("已知悉、核查中"));
}

#[test]
fn an_alert_is_open_until_a_verdict_or_until_it_lapses() {
    let open: Vec<&str> = Status::ALL
        .iter()
        .filter(|one| one.is_open())
        .map(|one| one.code())
        .collect();
    assert_eq!(open, ["raised", "acknowledged", "linked"]);
}

/// Every state and command with what comes of it.
fn outcomes() -> String {
    let mut text = String::new();
    for state in Status::ALL {
        writeln!(text, "\n{}", state.code()).unwrap();
        for movement in MOVES {
            let desk = Desk::in_state(*state);
            let outcome = match desk.decide(command(movement.command)) {
                Ok(decided) => {
                    let types: Vec<&str> = decided.iter().map(|one| one.event.event_type()).collect();
                    types.join(", ")
                }
                Err(rejection) => {
                    let possible = rejection.metadata.get("allowed_now").cloned().unwrap_or_default();
                    format!("refused {} {possible}", rejection.reason.as_str())
                }
            };
            writeln!(text, "  {:<12} {}", movement.command, outcome.trim_end()).unwrap();
        }
    }
    text
}

#[test]
fn every_state_and_command_has_the_reviewed_outcome() {
    let reviewed: String = SNAPSHOT
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let found = outcomes();
    assert_eq!(found, reviewed, "the outcomes now are:\n{found}");
}
