//! Random histories of an institution under the licence regime, against a model that knows the rules in its own words
//! and shares no code with the decisions: seven kinds of applications, their clocks, and what silence does.

mod commands;
mod compare;
mod days;
mod histories;
mod model;
mod steps;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::institution_support::licence::*;
use crate::institution_support::*;
use commands::command_of;
use compare::{compare, compare_dossier};
use days::{Notices, plus};
use histories::{Made, Step, histories, rare};
use model::{Model, Who};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;

const ACCOUNTS: [(&str, Role, Who); 4] = [
    ("operator-1", Role::Operator, Who::Operator),
    ("officer-1", Role::Officer, Who::Officer),
    ("officer-2", Role::Officer, Who::Officer),
    ("yujian", Role::System, Who::System),
];

/// Licences for six months, so that their ends lie within the holiday table.
fn regime() -> &'static Reference {
    static REGIME: OnceLock<&Reference> = OnceLock::new();
    REGIME.get_or_init(|| licence_reference_where("term_months", "36", "6"))
}

fn notices() -> &'static Notices {
    static NOTICES: OnceLock<Notices> = OnceLock::new();
    NOTICES.get_or_init(Notices::read)
}

/// Runs a history through code and model, and tells each step with its outcome.
fn run(history: &[(Step, Made)], mut outcome: impl FnMut(&Step, Result<Vec<InstitutionEvent>, Reason>)) {
    let mut desk = Desk::registered();
    desk.reference = regime();
    let mut model = Model::new(desk.today(), day("2026-02-02"), notices());
    for (step, made) in history {
        desk.days_later(made.later);
        let (account, role, who) = ACCOUNTS[made.by];
        desk.by(account, role);
        model.today = desk.today();
        (model.by, model.who) = (made.by, who);
        let said = made.said.map(|days| plus(model.today, days));
        desk.occurred = said.map(|date| Occurred::Day { date });
        model.act = said.unwrap_or(model.today);
        let before = desk.state.clone();
        let command = command_of(step, &desk);
        let mut next = model.clone();
        let expected = next.step(step);
        let got = desk.run(command);
        let reason = got.as_ref().map(|_| ()).map_err(|rejection| rejection.reason.as_str());
        assert_eq!(
            reason, expected,
            "{step:?} {made:?} {got:?} with {:?} at {}",
            model.cases, model.at
        );
        if got.is_ok() {
            model = next;
        } else {
            assert_eq!(desk.state, before, "a refusal changes nothing");
        }
        compare(&desk, &model);
        outcome(step, got.map_err(|rejection| rejection.reason));
    }
    compare_dossier(&desk, &model);
}

/// What random histories must meet to say anything: every command accepted, and its refusals.
const MET: &[(&str, &[&str])] = &[
    (
        "Submit",
        &[
            "",
            "ILLEGAL_TRANSITION",
            "INVALID_FIELD",
            "ALREADY_EXISTS",
            "CLOCK_EXPIRED",
            "RETURNED_ONCE",
            "NOTHING_TO_DO",
            "APPLICANT_BARRED",
        ],
    ),
    (
        "Return",
        &[
            "",
            "ILLEGAL_TRANSITION",
            "INVALID_FIELD",
            "CLOCK_EXPIRED",
            "RETURNED_ONCE",
        ],
    ),
    ("Accept", &["", "ILLEGAL_TRANSITION", "INVALID_FIELD", "CLOCK_EXPIRED"]),
    ("Dismiss", &["", "ILLEGAL_TRANSITION", "CLOCK_EXPIRED"]),
    ("Withdraw", &["", "ILLEGAL_TRANSITION", "INVALID_FIELD"]),
    ("Ask", &["", "ILLEGAL_TRANSITION", "INVALID_FIELD"]),
    ("Answer", &["", "ILLEGAL_TRANSITION", "CLOCK_EXPIRED"]),
    (
        "Register",
        &["", "ILLEGAL_TRANSITION", "INVALID_FIELD", "NOTHING_TO_DO"],
    ),
    ("Visit", &["", "ILLEGAL_TRANSITION", "INVALID_FIELD", "NOTHING_TO_DO"]),
    (
        "Propose",
        &["", "ILLEGAL_TRANSITION", "INVALID_FIELD", "REVIEW_INCOMPLETE"],
    ),
    ("SendBack", &["", "ILLEGAL_TRANSITION", "TWO_PERSON_RULE"]),
    (
        "Decide",
        &[
            "",
            "ILLEGAL_TRANSITION",
            "INVALID_FIELD",
            "TWO_PERSON_RULE",
            "REVIEW_INCOMPLETE",
        ],
    ),
    ("Object", &["", "ILLEGAL_TRANSITION", "CLOCK_EXPIRED", "INVALID_FIELD"]),
    ("Hear", &["", "ILLEGAL_TRANSITION", "INVALID_FIELD"]),
    (
        "Refuse",
        &["", "ILLEGAL_TRANSITION", "REVIEW_INCOMPLETE", "TWO_PERSON_RULE"],
    ),
    (
        "HandOver",
        &["", "ILLEGAL_TRANSITION", "INVALID_FIELD", "NOTHING_TO_DO"],
    ),
    ("RunOut", &["", "ROLE_NOT_ALLOWED", "INVALID_FIELD", "NOTHING_TO_DO"]),
    ("Stop", &["", "INVALID_FIELD"]),
    ("RunOn", &["", "INVALID_FIELD"]),
    ("Extend", &["", "INVALID_FIELD"]),
    ("Suspend", &["", "ILLEGAL_TRANSITION", "ROLE_NOT_ALLOWED"]),
    ("Resume", &["", "ILLEGAL_TRANSITION", "ROLE_NOT_ALLOWED"]),
    ("Revoke", &["", "ILLEGAL_TRANSITION"]),
];

/// What must come about in them.
const EVENTS: &[&str] = &[
    "ApplicationLapsed",
    "DeemedOutcomeApplied",
    "DeemedOutcomeReversed",
    "LicenceGranted",
    "LicenceRenewed",
    "ClassesChanged",
    "AuthorizationTransferred",
    "WaiverGranted",
    "InstitutionClosed",
    "ApplicationRefused",
    "ApplicationDismissed",
    "AuthorizationExpired",
    "AuthorizationRevoked",
    "ClockPaused",
    "ClockResumed",
    "ClockExtended",
    "CertificateIssued",
];

#[test]
fn random_histories_meet_every_command_and_refusal() {
    let mut runner = TestRunner::deterministic();
    let histories = histories();
    let mut met: BTreeSet<(String, &str)> = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let chance = (0..300).map(|_| histories.new_tree(&mut runner).unwrap().current());
    for history in rare().into_iter().chain(chance) {
        run(&history, |step, outcome| {
            let name = format!("{step:?}");
            let name = name.split([' ', '(']).next().unwrap().to_owned();
            seen.extend(outcome.iter().flat_map(|events| names(events)));
            met.insert((name, outcome.err().map_or("", Reason::as_str)));
        });
    }
    let unseen: Vec<_> = EVENTS.iter().filter(|event| !seen.contains(**event)).collect();
    assert!(unseen.is_empty(), "never came about: {unseen:?}");
    let missing: Vec<_> = MET
        .iter()
        .flat_map(|(step, outcomes)| outcomes.iter().map(move |outcome| ((*step).to_owned(), *outcome)))
        .filter(|wanted| !met.contains(wanted))
        .collect();
    assert!(missing.is_empty(), "never met: {missing:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_go_as_the_model_says(history in histories()) {
        run(&history, |_, _| {});
    }
}
