//! The state machine against a table reviewed by hand, and under commands in any order.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::institution_support::applications::*;
use crate::institution_support::every::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use proptest::prelude::*;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::clock::ClockKind;
use yujian_domain::dossier::canonical;
use yujian_domain::envelope::Role;
use yujian_domain::institution::machine::{MOVES, Move, allowed_now};
use yujian_domain::institution::*;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::values::ClassType;

const TABLE: &str = include_str!("data/institution_machine.txt");
const SNAPSHOT: &str = include_str!("data/institution_outcomes.txt");

/// One machine of the table: states, then for each command what comes of it.
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

/// An institution in a state, ready for a command: the regime that the command belongs to is in force, and a clock that
/// is to run out has.
fn institution(state: &str, row: &Move) -> Desk {
    let mut desk = Desk::in_state(Status::from_code(state).unwrap());
    desk.reference = if row.command == "submit_filing" {
        reference()
    } else {
        licence_reference()
    };
    ready(&mut desk, row);
    desk
}

/// An application in a state, the latest of its institution.
fn application(state: &str, row: &Move) -> Desk {
    use ApplicationKind::{Change, Licence};
    let mut desk = match state {
        "submitted" => Desk::submitted(Licence),
        "returned" => {
            let mut desk = Desk::under_licences();
            desk.after(apply_without(Licence, &[PaperKind::FireSafety]));
            desk
        }
        "accepted" => verified(Desk::in_review(Licence)),
        "accepted_by_silence" => {
            let mut desk = Desk::submitted(Licence);
            desk.system_on("2026-03-10");
            desk.expires(ClockKind::Completeness);
            verified(desk)
        }
        "awaiting_information" => {
            let mut desk = Desk::in_review(Licence);
            desk.after(ask(1));
            desk
        }
        "decision_proposed" => Desk::proposed(Licence),
        "refusal_intended" => Desk::refusal_intended(Licence),
        "objected" => {
            let mut desk = Desk::refusal_intended(Licence);
            desk.operator().after(object(1, false));
            desk
        }
        "granted" => Desk::granted(Licence),
        "renewed_by_silence" => renewed_by_silence(),
        "refused" => {
            let mut desk = Desk::refusal_intended(Licence);
            desk.second().on("2026-03-10").after(refuse(1));
            desk
        }
        "withdrawn" => {
            let mut desk = Desk::submitted(Licence);
            desk.after(withdraw(1));
            desk
        }
        "lapsed" => {
            let mut desk = Desk::in_review(Licence);
            desk.after(ask(1)).system_on("2026-03-17");
            desk.expires(ClockKind::InformationReply);
            desk
        }
        "not_required" => {
            let mut desk = Desk::submitted(Licence);
            desk.after(dismiss(1));
            desk
        }
        "out_of_jurisdiction" => {
            let mut desk = Desk::submitted(Licence);
            desk.after(DismissApplication {
                ground: DismissalGround::OutOfJurisdiction,
                competent_authority: Some("西湖区教育局".to_owned()),
                ..dismiss(1)
            });
            desk
        }
        "terminated" => {
            let mut desk = Desk::submitted(Change);
            desk.after(revocation(RevocationGround::Breach, desk.today()));
            desk
        }
        other => panic!("{other}"),
    };
    ready(&mut desk, row);
    let in_time = match (state, row.command) {
        ("accepted_by_silence", "return_application" | "accept_application") => Some("2026-03-09"),
        ("renewed_by_silence", "decide_application") => Some("2026-09-01"),
        ("refusal_intended", "refuse_application") => {
            desk.on("2026-03-10");
            None
        }
        _ => None,
    };
    if let Some(day) = in_time {
        desk.occurred_on(day);
    }
    desk
}

fn verified(mut desk: Desk) -> Desk {
    let today = desk.today();
    desk.first().after(visit(1, today));
    desk.days_later(1);
    desk
}

/// A renewal that was proposed to be granted, and not decided before the licence ran out on 2026-09-01.
fn renewed_by_silence() -> Desk {
    let mut desk = Desk::under_licences();
    desk.reference = licence_reference_where("term_months", "36", "6");
    desk.after(apply(ApplicationKind::Licence)).after(accept(1)).propose();
    desk.second().after(decide_licence(1)).first().on("2026-07-20");
    desk.after(apply(ApplicationKind::Renewal))
        .after(accept(2))
        .after(propose(2));
    desk.system_on("2026-09-02");
    desk.expires(ClockKind::Renewal);
    desk
}

/// Who may give the command sits at the desk; of a clock that is to run out the last day has passed.
fn ready(desk: &mut Desk, row: &Move) {
    desk.by_who_may(row);
    let Some(first) = first_to_end(desk).filter(|_| row.command == "expire_clock") else {
        return;
    };
    let due = desk.state.clocks.get(first).unwrap().due.due_date;
    desk.on(&due.max(desk.today()).tomorrow().unwrap().to_string());
}

/// Refused by the machine, and not by a rule of the command.
fn is_the_machines(rejection: &Rejection, of_application: bool) -> bool {
    let by_the_state = rejection.reason == Reason::IllegalTransition
        && rejection.metadata.contains_key("allowed_now")
        && rejection.metadata.contains_key("application") == of_application;
    let exists = rejection.reason == Reason::AlreadyExists && rejection.metadata.contains_key("state");
    let not_there = rejection.reason == Reason::NotFound || exists;
    by_the_state || (not_there && !of_application && !rejection.metadata.contains_key("application"))
}

#[test]
fn the_machine_is_the_one_of_the_workflow() {
    let of_institution = machine("institution");
    let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.code()).collect();
    assert_eq!(of_institution.states, statuses);
    let commands: Vec<&str> = MOVES.iter().map(|row| row.command).collect();
    assert_eq!(
        of_institution.rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        commands
    );
    let of_application = machine("application");
    let silent = ["accepted_by_silence", "renewed_by_silence"];
    let states: BTreeSet<&str> = of_application.states.iter().copied().collect();
    let known = ApplicationState::ALL.iter().map(|state| state.code()).chain(silent);
    assert_eq!(states, known.collect());
    let about_one: Vec<&str> = MOVES
        .iter()
        .filter(|row| !row.on.is_empty())
        .map(|row| row.command)
        .collect();
    assert_eq!(
        of_application.rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        about_one
    );
}

#[test]
fn an_institution_takes_the_commands_of_the_workflow_and_refuses_the_rest() {
    let Machine { states, rows } = machine("institution");
    for (name, allowed) in rows {
        let row = MOVES.iter().find(|row| row.command == name).unwrap();
        let mut goes_through = false;
        for (state, allowed) in states.iter().zip(allowed) {
            let desk = institution(state, row);
            match desk.decide(command(name, &desk)) {
                Ok(_) => {
                    assert_eq!(allowed, "+", "{name} went through while {state}");
                    goes_through = true;
                }
                Err(rejection) => assert_eq!(
                    is_the_machines(&rejection, false),
                    allowed == "-",
                    "{name} while {state}: {rejection} {:?}",
                    rejection.metadata
                ),
            }
        }
        // What needs an application, a clock or a condition is tried in the tests of its subject.
        let needs_more = !row.on.is_empty()
            || name.ends_with("_clock")
            || name.ends_with("_cessation")
            || [
                "recompute_clocks",
                "record_condition_met",
                "lift_condition",
                "restore_standing",
                "record_placement",
            ]
            .contains(&name);
        assert!(goes_through || needs_more, "{name} never went through");
    }
}

#[test]
fn an_application_goes_where_the_workflow_leads_it() {
    let Machine { states, rows } = machine("application");
    for (name, cells) in rows {
        let row = MOVES.iter().find(|row| row.command == name).unwrap();
        for (state, cell) in states.iter().zip(cells) {
            let mut desk = application(state, row);
            let number = desk.open_number();
            let before = desk.standing(number);
            match desk.run(command(name, &desk)) {
                Ok(_) => {
                    let after = desk.standing(number);
                    let expected = if cell == "=" { before.code() } else { cell };
                    assert_eq!(after.code(), expected, "{name} from {state}");
                }
                Err(rejection) => {
                    assert_eq!(cell, "-", "{name} from {state}: {rejection} {:?}", rejection.metadata);
                    assert!(
                        is_the_machines(&rejection, true) || is_the_machines(&rejection, false),
                        "{name} from {state}: {rejection} {:?}",
                        rejection.metadata
                    );
                }
            }
        }
    }
}

/// What comes of every command in every state, as text for a reviewer.
fn outcomes() -> String {
    let mut text = String::new();
    let mut tell = |title: String, ready: &dyn Fn(&Move) -> Desk| {
        writeln!(text, "\n{title}").unwrap();
        for row in MOVES {
            let desk = ready(row);
            writeln!(text, "  {:<25} {}", row.command, outcome(&desk, row)).unwrap();
        }
    };
    for status in Status::ALL {
        let code = status.code();
        tell(format!("institution {code}"), &|row| institution(code, row));
    }
    for state in machine("application").states {
        tell(format!("application {state}"), &|row| application(state, row));
    }
    text
}

fn outcome(desk: &Desk, row: &Move) -> String {
    match desk.decide(command(row.command, desk)) {
        Ok(decided) => names(&decided.into_iter().map(|one| one.event).collect::<Vec<_>>()).join(", "),
        Err(rejection) => {
            let broken = rejection
                .violations
                .iter()
                .map(|found| format!("{} {}", found.rule, found.field));
            let broken: Vec<String> = broken.collect();
            format!("refused {} {}", rejection.reason.as_str(), broken.join(", "))
                .trim_end()
                .to_owned()
        }
    }
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
fn nothing_but_corrections_clocks_and_the_cessation_reach_a_closed_institution() {
    let reach: Vec<&str> = MOVES
        .iter()
        .filter(|row| row.from.contains(&Status::Closed))
        .map(|row| row.command)
        .collect();
    assert_eq!(
        reach,
        [
            "correct_fact",
            "pause_clock",
            "resume_clock",
            "extend_clock",
            "expire_clock",
            "recompute_clocks",
            "open_cessation",
            "record_placement",
            "close_cessation"
        ]
    );
    assert!(allowed_now(Status::Closed).starts_with("correct_fact (officer); pause_clock (officer)"));
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
    By(usize),
    Licences(bool),
}

/// Who gives the commands.
const ACCOUNTS: [(&str, Role); 4] = [
    ("operator-1", Role::Operator),
    ("officer-1", Role::Officer),
    ("officer-2", Role::Officer),
    ("yujian", Role::System),
];

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
        8 => (0..MOVES.len()).prop_map(Step::Command),
        3 => any::<u8>().prop_map(Step::Papers),
        1 => (1u32..40).prop_map(Step::Classes),
        1 => any::<u8>().prop_map(Step::Rename),
        2 => (0u64..12, 0..KEYS.len()).prop_map(|(revision, key)| Step::Correct(revision, key)),
        1 => any::<bool>().prop_map(Step::Suspend),
        3 => (0i64..40).prop_map(Step::Days),
        1 => (0i64..60).prop_map(Step::Back),
        2 => (0..ACCOUNTS.len()).prop_map(Step::By),
        1 => prop::bool::weighted(0.8).prop_map(Step::Licences),
    ]
}

fn random_command(desk: &Desk, step: &Step) -> Option<InstitutionCommand> {
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
        Step::Days(_) | Step::Back(_) | Step::By(_) | Step::Licences(_) => return None,
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
    let held = state.authorization.as_ref().filter(|held| held.ended.is_none());
    if state.status == Status::Licensed {
        assert_eq!(held.map(|held| held.kind), Some(AuthorizationKind::Licence));
    }
    if matches!(state.status, Status::Revoked | Status::Expired | Status::Closed) {
        assert!(held.is_none(), "what ended authorizes nothing");
    }
    for (name, clock) in state.clocks.open() {
        let of = clock
            .application
            .and_then(|number| state.licence_applications.get(&number));
        let ended = of.is_some_and(|application| application.state.is_final());
        assert!(
            !ended || clock.due.missed(desk.today()) || matches!(name.kind, ClockKind::Certificate | ClockKind::Waiver),
            "{name} waits for nobody"
        );
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
                Step::By(account) => {
                    let (account, role) = ACCOUNTS[*account];
                    desk.by(account, role);
                }
                Step::Licences(in_force) => {
                    desk.reference = if *in_force { licence_reference() } else { reference() };
                }
                _ => {}
            }
            if let Some(command) = random_command(&desk, step) {
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
