//! Random histories of an alert against a model that knows the rules in its own words and shares no code with the
//! decisions.

use std::collections::BTreeSet;

use crate::alert_support::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use uuid::Uuid;
use yujian_domain::alert::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;

/// One step of a random history; numbers and flags pick among what may be right or wrong.
#[derive(Debug, Clone)]
enum Step {
    Raise { evidence: bool },
    Note { text: Option<bool> },
    Link { kind: u8, number: u32 },
    Dismiss { reason: usize, text: bool },
    Confirm { text: bool },
    Clear { evidence: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let mostly = || prop::bool::weighted(0.9);
    prop_oneof![
        2 => mostly().prop_map(|evidence| Step::Raise { evidence }),
        3 => prop::option::of(mostly()).prop_map(|text| Step::Note { text }),
        4 => (0..3_u8, 0..4_u32).prop_map(|(kind, number)| Step::Link { kind, number }),
        1 => (0..4_usize, mostly()).prop_map(|(reason, text)| Step::Dismiss { reason, text }),
        1 => mostly().prop_map(|text| Step::Confirm { text }),
        1 => mostly().prop_map(|evidence| Step::Clear { evidence }),
    ]
}

/// Days since the step before, and the day on which it is said to have happened (days from then; none: now).
fn when() -> impl Strategy<Value = (i64, Option<i64>)> {
    (0..4_i64, prop_oneof![4 => Just(None), 1 => (-5..2_i64).prop_map(Some)])
}

fn text(given: bool) -> Sensitive {
    Sensitive::new(if given { "已核实" } else { "  " })
}

fn command_of(step: &Step) -> AlertCommand {
    match *step {
        Step::Raise { evidence: given } => RaiseAlert {
            evidence: if given { evidence() } else { Vec::new() },
            ..raise()
        }
        .into(),
        Step::Note { text: note } => AcknowledgeAlert { note: note.map(text) }.into(),
        Step::Link { kind, number } => {
            let known = number < 3;
            let id = |id| if known { id } else { Uuid::from_u128(99) };
            link(match kind {
                0 => LinkTarget::Inspection(id(INSPECTION)),
                1 => LinkTarget::Incident(id(INCIDENT)),
                _ => LinkTarget::Application(number),
            })
            .into()
        }
        Step::Dismiss { reason, text: given } => DismissAlert {
            reason: DismissalReason::ALL[reason],
            note: text(given),
        }
        .into(),
        Step::Confirm { text: given } => ConfirmAlert { statement: text(given) }.into(),
        Step::Clear { evidence: given } => ClearAlert {
            evidence: if given { evidence() } else { Vec::new() },
            ..clear()
        }
        .into(),
    }
}

/// What the rules say about one alert, in few words. Days count from the first.
#[derive(Debug, Clone, Default)]
struct Model {
    /// Empty until raised.
    at: &'static str,
    today: i64,
    /// Day on which it came to where it stands.
    since: i64,
    link: Option<(u8, u32)>,
}

impl Model {
    fn step(&mut self, step: &Step, said: Option<i64>) -> Result<(), Reason> {
        let act = self.today + said.unwrap_or(0);
        let raising = matches!(step, Step::Raise { .. });
        if !raising && act > self.today {
            return Err(Reason::InvalidField);
        }
        // What is wrong whatever the state; a link is judged by what there is.
        let complete = match step {
            Step::Raise { evidence } | Step::Clear { evidence } => *evidence,
            Step::Note { text } => text.is_none_or(|text| text),
            Step::Dismiss { text, .. } | Step::Confirm { text } => *text,
            Step::Link { .. } => true,
        };
        if !complete {
            return Err(Reason::InvalidField);
        }
        if self.at.is_empty() && !raising {
            return Err(Reason::NotFound);
        }
        let noted = self.at == "acknowledged" || self.at == "linked";
        let (to, possible) = match step {
            Step::Raise { .. } if !self.at.is_empty() => return Err(Reason::AlreadyExists),
            Step::Raise { .. } => ("raised", true),
            Step::Note { .. } => ("acknowledged", self.at == "raised"),
            Step::Link { .. } => ("linked", noted),
            Step::Dismiss { .. } => ("dismissed", noted),
            Step::Confirm { .. } => ("confirmed", noted),
            Step::Clear { .. } => ("lapsed", self.at == "raised" || self.at == "acknowledged"),
        };
        let linking = matches!(step, Step::Link { .. });
        if !possible {
            let again = self.at == to && !linking;
            return Err(if again {
                Reason::NothingToDo
            } else {
                Reason::IllegalTransition
            });
        }
        if let Step::Link { kind, number } = *step {
            // Any number under three is the one inspection, the one incident; filings are those numbered 1 and 2.
            let target = if kind < 2 {
                (kind, u32::from(number == 3))
            } else {
                (kind, number)
            };
            if self.link == Some(target) {
                return Err(Reason::NothingToDo);
            }
            if number == 3 || (kind == 2 && number == 0) {
                return Err(Reason::InvalidField);
            }
            self.link = Some(target);
        }
        if !raising && act < self.since {
            return Err(Reason::InvalidField);
        }
        self.at = to;
        self.since = act.max(self.since);
        Ok(())
    }
}

/// Runs a history through code and model, and tells each step with its outcome.
fn run(history: &[(Step, (i64, Option<i64>))], mut outcome: impl FnMut(&Step, Result<(), Reason>)) {
    let mut desk = Desk::new();
    let mut model = Model::default();
    for (step, (later, said)) in history {
        if *later > 0 {
            desk.days_later(*later);
            model.today += later;
        }
        desk.said = said.map(|days| Occurred::Day { date: desk.days(days) });
        if matches!(step, Step::Raise { .. }) {
            desk.said = None;
        }
        let said = if desk.said.is_some() { *said } else { None };
        let before = desk.state.clone();
        let mut next = model.clone();
        let expected = next.step(step, said);
        let got = desk
            .run(command_of(step))
            .map(|_| ())
            .map_err(|rejection| rejection.reason);
        assert_eq!(got, expected, "{step:?} said {said:?} with {model:?}");
        if got.is_ok() {
            model = next;
        } else {
            assert_eq!(desk.state, before, "a refusal changes nothing");
        }
        let at = if model.at.is_empty() { "none" } else { model.at };
        assert_eq!(desk.state.status.code(), at);
        let linked = desk.state.link.map(|target| match target {
            LinkTarget::Inspection(_) => (0, 0),
            LinkTarget::Incident(_) => (1, 0),
            LinkTarget::Application(number) => (2, number),
        });
        assert_eq!(linked, model.link);
        outcome(step, got);
    }
}

/// What random histories must meet to say anything.
const MET: &[(&str, &[&str])] = &[
    ("Raise", &["", "INVALID_FIELD", "ALREADY_EXISTS"]),
    (
        "Note",
        &["", "INVALID_FIELD", "NOTHING_TO_DO", "ILLEGAL_TRANSITION", "NOT_FOUND"],
    ),
    (
        "Link",
        &["", "INVALID_FIELD", "NOTHING_TO_DO", "ILLEGAL_TRANSITION", "NOT_FOUND"],
    ),
    ("Dismiss", &["", "INVALID_FIELD", "NOTHING_TO_DO", "ILLEGAL_TRANSITION"]),
    ("Confirm", &["", "INVALID_FIELD", "NOTHING_TO_DO", "ILLEGAL_TRANSITION"]),
    ("Clear", &["", "INVALID_FIELD", "NOTHING_TO_DO", "ILLEGAL_TRANSITION"]),
];

#[test]
fn random_histories_meet_every_command_and_refusal() {
    let mut runner = TestRunner::deterministic();
    let histories = prop::collection::vec((step(), when()), 50);
    let mut met: BTreeSet<(String, &str)> = BTreeSet::new();
    for _ in 0..600 {
        let history = histories.new_tree(&mut runner).unwrap().current();
        run(&history, |step, outcome| {
            let name = format!("{step:?}");
            let name = name.split([' ', '(']).next().unwrap().to_owned();
            met.insert((name, outcome.err().map_or("", Reason::as_str)));
        });
    }
    for (step, outcomes) in MET {
        for outcome in *outcomes {
            let wanted = ((*step).to_owned(), *outcome);
            assert!(met.contains(&wanted), "{step} never met {outcome:?}: {met:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_go_as_the_model_says(history in prop::collection::vec((step(), when()), 50)) {
        run(&history, |_, _| {});
    }

    /// Whatever stands in a stream, in whatever order: it folds, and every command is answered.
    #[test]
    fn any_stream_folds_and_any_command_is_answered(
        order in prop::collection::vec(0..64_usize, 0..20),
        commands in prop::collection::vec(step(), 1..10),
    ) {
        let samples: Vec<_> = Status::ALL.iter().flat_map(|status| Desk::in_state(*status).events).collect();
        let mut desk = Desk::new();
        for index in order {
            desk.fold(&samples[index % samples.len()]);
        }
        for step in commands {
            let _ = desk.decide(command_of(&step));
        }
    }
}
