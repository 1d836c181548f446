//! The three state machines of a person's stream: against a table written from the workflow, and as a reviewed snapshot
//! of every state and command with its outcome.

use std::fmt::Write as _;

use crate::person_support::*;
use yujian_domain::envelope::Role;
use yujian_domain::person::moves::{MOVES, Move, Part};
use yujian_domain::person::*;
use yujian_domain::rejection::Reason;

const TABLE: &str = include_str!("data/person_machine.txt");
const SNAPSHOT: &str = include_str!("data/person_outcomes.txt");

/// One machine of the table: states, then for each command where it leads.
struct Machine {
    states: Vec<&'static str>,
    rows: Vec<(&'static str, Vec<&'static str>)>,
}

fn machine(name: &str) -> Machine {
    let mut lines = TABLE.lines().skip_while(|line| !line.starts_with(name));
    let words = |line: &'static str| line.split_whitespace();
    let states = words(lines.next().unwrap()).skip(1).collect();
    let rows = lines
        .take_while(|line| !line.is_empty())
        .map(|line| (words(line).next().unwrap(), words(line).skip(1).collect()))
        .collect();
    Machine { states, rows }
}

/// A person in a state: registered and fit, with a verified carer's certificate, engaged as a carer; barred for a time
/// that is over, so that another bar may follow.
fn person_in(state: &str) -> Desk {
    let mut desk = Desk::new();
    if state == "none" {
        return desk;
    }
    desk = Desk::engaged();
    desk.one(claim(CredentialKind::InfantCare, "A-1"));
    if state != "registered" {
        let until = desk.days(if state == "barred" { 5 } else { 50 });
        desk.by("officer-9", Role::Officer);
        desk.one(bar(BarGround::Order, desk.today(), Some(until)));
        desk.days_later(10);
    }
    desk
}

fn engagement_in(state: &str) -> Desk {
    let mut desk = Desk::engaged();
    match state {
        "active" => {}
        "off_duty" => {
            desk.one(off(1, OffDutyGround::Investigation));
        }
        "ended" => {
            desk.one(end(1, desk.today()));
        }
        other => panic!("{other}"),
    }
    desk
}

/// A command that is right in itself, about the first credential and engagement.
fn command(name: &str, desk: &Desk) -> PersonCommand {
    let today = desk.today();
    match name {
        "register" => register().into(),
        "change_details" => details().into(),
        "claim_credential" => claim(CredentialKind::FirstAid, "F-1").into(),
        "verify_credential" => verify(1).into(),
        "reject_credential" => reject(1).into(),
        "revoke_credential" => revoke(1).into(),
        "expire_credential" => ExpireCredential { credential: 1 }.into(),
        "record_health_certificate" => health(today, true).into(),
        "record_query" => query(today, &[]).into(),
        "record_training" => training(TrainingKind::FirstAid, 8, today).into(),
        "engage" => engage(2, Post::Cook, today).into(),
        "change_post" => change_post(1, Post::Cook, today).into(),
        "take_off_duty" => off(1, OffDutyGround::Investigation).into(),
        "return_to_duty" => back(1).into(),
        "end_engagement" => end(1, today).into(),
        "bar" => bar(BarGround::Order, today, None).into(),
        "lift_bar" => lift().into(),
        other => panic!("{other}"),
    }
}

/// The state that a machine's commands are tried from, ready for the command where it needs more than the state.
fn ready(machine: &str, state: &str, name: &str) -> Desk {
    let mut desk = match machine {
        "person" => person_in(state),
        "credential" => Desk::with_credential(CredentialState::from_code(state).unwrap()),
        _ => engagement_in(state),
    };
    desk.by("officer-1", Role::Officer);
    if machine == "person" && state != "none" {
        match name {
            "revoke_credential" | "expire_credential" => {
                desk = Desk {
                    state: desk.state,
                    stream: desk.stream,
                    now: desk.now,
                    ..Desk::with_credential(CredentialState::Verified)
                };
                desk.one(ClaimCredential {
                    expiry_date: Some(desk.days(1)),
                    ..claim(CredentialKind::ChildcareWorker, "B-1")
                });
                desk.by("officer-2", Role::Officer).one(verify(2));
                desk.days_later(2);
            }
            "return_to_duty" => {
                desk.one(off(1, OffDutyGround::Investigation));
            }
            _ => {}
        }
    }
    if name == "expire_credential" && machine == "credential" && state == "verified" {
        desk.days_later(91);
    }
    desk
}

/// The command as it is tried: about the credential that [`ready`] prepared.
fn tried(machine: &str, name: &str, desk: &Desk) -> PersonCommand {
    match (machine, name) {
        ("person", "revoke_credential") if desk.state.credentials.len() > 1 => revoke(2).into(),
        ("person", "expire_credential") if desk.state.credentials.len() > 1 => {
            ExpireCredential { credential: 2 }.into()
        }
        _ => command(name, desk),
    }
}

fn state_of(machine: &str, desk: &Desk) -> &'static str {
    match machine {
        "person" => desk.state.status.code(),
        "credential" => desk.state.credentials[&1].state.code(),
        _ => desk.state.engagements[&1].state.code(),
    }
}

#[test]
fn the_machine_is_the_one_of_the_workflow() {
    let person = machine("person");
    assert_eq!(
        person.states,
        Status::ALL.iter().map(|one| one.code()).collect::<Vec<_>>()
    );
    let names: Vec<&str> = person.rows.iter().map(|row| row.0).collect();
    assert_eq!(names, MOVES.iter().map(|one| one.command).collect::<Vec<_>>());
    let credential = machine("credential");
    assert_eq!(
        credential.states,
        CredentialState::ALL.iter().map(|one| one.code()).collect::<Vec<_>>()
    );
    let engagement = machine("engagement");
    assert_eq!(
        engagement.states,
        EngagementState::ALL.iter().map(|one| one.code()).collect::<Vec<_>>()
    );
    for movement in MOVES {
        let allowed = |machine: &Machine| -> Vec<&str> {
            let row = machine.rows.iter().find(|row| row.0 == movement.command).unwrap();
            machine
                .states
                .iter()
                .zip(&row.1)
                .filter(|(_, to)| !matches!(**to, "-" | "="))
                .map(|(state, _)| *state)
                .collect()
        };
        let name = movement.command;
        assert_eq!(
            movement.from.iter().map(|one| one.code()).collect::<Vec<_>>(),
            allowed(&person),
            "{name}"
        );
        match movement.part {
            Part::Person => {}
            Part::Credential { from, .. } => {
                assert_eq!(
                    from.iter().map(|one| one.code()).collect::<Vec<_>>(),
                    allowed(&credential),
                    "{name}"
                );
            }
            Part::Engagement { from, .. } => {
                assert_eq!(
                    from.iter().map(|one| one.code()).collect::<Vec<_>>(),
                    allowed(&engagement),
                    "{name}"
                );
            }
        }
        assert!(movement.rule.starts_with("STF-") && !movement.who.is_empty());
        assert_eq!(Move::of(&command(name, &Desk::new())), movement);
    }
}

#[test]
fn every_command_leads_where_the_workflow_says() {
    for name in ["person", "credential", "engagement"] {
        let machine = machine(name);
        for (command, row) in &machine.rows {
            for (state, to) in machine.states.iter().zip(row) {
                let mut desk = ready(name, state, command);
                let before = desk.state.clone();
                let tried = tried(name, command, &desk);
                match (desk.run(tried), *to) {
                    (Ok(_), to) => assert_eq!(state_of(name, &desk), to, "{command} from {state}"),
                    (Err(rejection), to) => {
                        assert_eq!(desk.state, before, "a refusal changes nothing");
                        let expected = match (to, *state, *command) {
                            ("=", ..) => Reason::NothingToDo,
                            ("-", "none", _) => Reason::NotFound,
                            ("-", _, "register") => Reason::AlreadyExists,
                            ("-", ..) => Reason::IllegalTransition,
                            _ => panic!("{command} from {state} leads to {to}: {rejection}"),
                        };
                        assert_eq!(rejection.reason, expected, "{command} from {state}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_illegal_move_says_state_command_article_and_what_is_possible_instead() {
    let desk = Desk::registered();
    let rejection = desk.refused(lift());
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["state"], "registered");
    assert_eq!(rejection.metadata["command"], "lift_bar");
    assert_eq!(rejection.metadata["allowed_from"], "barred");
    assert_eq!(rejection.metadata["rule"], "STF-20");
    assert!(rejection.metadata["allowed_now"].contains("bar (officer, bureau)"));
    assert!(!rejection.metadata["allowed_now"].contains("lift_bar"));
    let mut ended = Desk::engaged();
    ended.one(end(1, ended.today()));
    let rejection = ended.refused(change_post(1, Post::Cook, ended.today()));
    assert_eq!(rejection.metadata["state"], "ended");
    assert_eq!(rejection.metadata["allowed_from"], "active");
    assert_eq!(rejection.metadata["allowed_now"], "");
    assert_eq!(rejection.legal_basis[0].law, "未成年人保护法");
    assert!(rejection.message_zh.contains("已离岗"));
}

/// Every state and command with what comes of it, without anything made ready for the command.
fn outcomes() -> String {
    let mut text = String::new();
    let machines: [(&str, &[&str]); 3] = [
        ("person", &["none", "registered", "barred", "barred_now"]),
        ("credential", &["claimed", "verified", "rejected", "revoked", "expired"]),
        ("engagement", &["active", "off_duty", "ended"]),
    ];
    for (name, states) in machines {
        for state in states {
            writeln!(text, "\n{name} {state}").unwrap();
            for movement in MOVES {
                let of = match movement.part {
                    Part::Person => "person",
                    Part::Credential { .. } => "credential",
                    Part::Engagement { .. } => "engagement",
                };
                if name != "person" && of != name {
                    continue;
                }
                let mut desk = match name {
                    "person" => person_in(state),
                    "credential" => Desk::with_credential(CredentialState::from_code(state).unwrap()),
                    _ => engagement_in(state),
                };
                desk.by("officer-1", Role::Officer);
                let outcome = match desk.decide(command(movement.command, &desk)) {
                    Ok(decided) => {
                        use yujian_domain::event::EventFamily;
                        let types: Vec<&str> = decided.iter().map(|one| one.event.event_type()).collect();
                        types.join(", ")
                    }
                    Err(rejection) => {
                        let fields: Vec<String> = rejection
                            .violations
                            .iter()
                            .map(|one| format!("{} {}", one.rule, one.field))
                            .collect();
                        let missing = rejection.metadata.get("missing").cloned().unwrap_or_default();
                        format!("refused {} {}{missing}", rejection.reason.as_str(), fields.join(", "))
                    }
                };
                writeln!(text, "  {:<26} {}", movement.command, outcome.trim_end()).unwrap();
            }
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
