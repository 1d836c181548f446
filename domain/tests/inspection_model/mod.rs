//! Random histories of inspections against a small model that knows the rules and not the code.

mod model;
mod steps;

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::inspection_support::*;
use model::Model;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::json;
use steps::{LAST_DAY_OF_FOURTH, PEOPLE, Step, command_of, steps};
use yujian_domain::inspection::*;

/// Whether the code's state says what the model says.
fn agree(desk: &Desk, model: &Model) -> Result<(), TestCaseError> {
    let state = &desk.state;
    prop_assert_eq!(state.status.code(), if model.at.is_empty() { "none" } else { model.at });
    prop_assert_eq!(state.approved, model.approved);
    let team: BTreeSet<_> = model.team.iter().map(|number| inspector(*number)).collect();
    prop_assert_eq!(state.inspectors.keys().copied().collect::<BTreeSet<_>>(), team);
    let open: Vec<_> = model.open.keys().map(|number| inspector(*number)).collect();
    prop_assert_eq!(state.recusals.keys().copied().collect::<Vec<_>>(), open);
    prop_assert_eq!(state.imported_rows, model.rows);
    if model.rows == 0 {
        let found: Vec<_> = state
            .findings
            .iter()
            .map(|(number, f)| (*number, f.state.code(), f.due_date, f.rejected, f.extended))
            .collect();
        let expected: Vec<_> = model
            .numbered
            .iter()
            .filter_map(|(number, f)| f.as_ref().map(|f| (*number, f.at, f.due, f.rejected, f.extended)))
            .collect();
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

/// Whether the dossier, another fold, shows the same.
fn dossier_agrees(desk: &Desk, model: &Model) -> Result<(), TestCaseError> {
    let dossier = desk.dossier();
    let status = dossier.get("status").cloned().unwrap_or(json!(""));
    prop_assert_eq!(status, json!(model.shown()));
    for (number, finding) in &model.numbered {
        let shown = |key: &str| dossier.get(&format!("finding.{number}.{key}")).cloned();
        match finding {
            None => {
                let key = format!("assistance.{number}");
                prop_assert!(dossier.contains_key(&key));
            }
            Some(finding) => {
                prop_assert_eq!(shown("state"), Some(json!(finding.at)));
                prop_assert_eq!(shown("due_date"), finding.due.map(|due| json!(due)));
            }
        }
    }
    Ok(())
}

#[test]
fn random_histories_go_as_the_model_says() {
    let reached: RefCell<BTreeSet<&'static str>> = RefCell::default();
    let config = ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&steps(), |history| {
        let mut desk = Desk::new();
        desk.person(4, |person| {
            person.credentials.get_mut(&1).unwrap().expiry_date = Some(day(LAST_DAY_OF_FOURTH));
        });
        let mut model = Model::default();
        for (step, person, hours) in history {
            desk.later(hours * 60);
            let (step, who) = match step {
                Step::Next(pick) => model.natural(pick, desk.today()),
                other => (other, PEOPLE[person].to_owned()),
            };
            desk.by(&who);
            let before = desk.state.clone();
            let command = command_of(&step, &desk);
            let mut next = model.clone();
            let expected = next.step(&step, &who, desk.now, &desk.reference.calendar);
            let got = desk.run(command).map(|_| ()).map_err(|rejection| rejection.reason);
            prop_assert_eq!(got, expected, "{:?} by {} at {:?}", step, who, before.status);
            if got.is_ok() {
                model = next;
            } else {
                prop_assert_eq!(&desk.state, &before, "a refusal changes nothing");
            }
            agree(&desk, &model)?;
            reached.borrow_mut().insert(desk.state.status.code());
            for finding in desk.state.findings.values() {
                reached.borrow_mut().insert(finding.state.code());
            }
        }
        dossier_agrees(&desk, &model)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let states = Status::ALL.iter().map(|status| status.code());
    let all: BTreeSet<_> = states
        .chain(FindingState::ALL.iter().map(|state| state.code()))
        .collect();
    let mut reached = reached.into_inner();
    reached.insert("none");
    assert_eq!(reached, all, "histories that do not reach a state say nothing about it");
}
