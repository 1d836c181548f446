//! The incident's state machine: the whole table of states and commands, and random histories against a small model.

use crate::incident_support::*;
use proptest::prelude::*;
use yujian_domain::incident::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::Occurred;

use Status::{Concluded, FindingsProposed, Imported, Notified, Reopened, Triaged, UnderInvestigation};

/// Columns of the table.
const STATES: [Status; 8] = [
    Status::None,
    Notified,
    Triaged,
    UnderInvestigation,
    FindingsProposed,
    Concluded,
    Reopened,
    Imported,
];

/// Where a command leads from each state; `None`: refused.
const TABLE: &[(&str, [Option<Status>; 8])] = &[
    ("notify", [Some(Notified), None, None, None, None, None, None, None]),
    (
        "supplement",
        [
            None,
            Some(Notified),
            Some(Triaged),
            Some(UnderInvestigation),
            Some(FindingsProposed),
            None,
            Some(Reopened),
            None,
        ],
    ),
    (
        "tell_guardian",
        [
            None,
            Some(Notified),
            Some(Triaged),
            Some(UnderInvestigation),
            Some(FindingsProposed),
            None,
            Some(Reopened),
            None,
        ],
    ),
    ("triage", [None, Some(Triaged), None, None, None, None, None, None]),
    (
        "open_investigation",
        [
            None,
            None,
            Some(UnderInvestigation),
            None,
            None,
            None,
            Some(UnderInvestigation),
            None,
        ],
    ),
    (
        "complete_investigation",
        [None, None, None, Some(FindingsProposed), None, None, None, None],
    ),
    ("conclude", [None, None, None, None, Some(Concluded), None, None, None]),
    (
        "reopen",
        [None, None, None, None, None, Some(Reopened), None, Some(Reopened)],
    ),
    (
        "record_imported",
        [Some(Imported), None, None, None, None, None, None, Some(Imported)],
    ),
];

fn command(name: &str) -> IncidentCommand {
    match name {
        "notify" => fall().into(),
        "supplement" => SupplementIncident {
            children: vec![child(Severity::Minor)],
            ..supplement()
        }
        .into(),
        "tell_guardian" => told(2, "2026-03-02T01:50:00Z").into(),
        "triage" => triage(true).into(),
        "open_investigation" => investigation().into(),
        "complete_investigation" => findings().into(),
        "conclude" => conclusion(Outcome::Responsible).into(),
        "reopen" => reopening().into(),
        "record_imported" => row(2).into(),
        other => panic!("{other}"),
    }
}

/// A desk at a state with a second child; its guardian is told where the command is not to tell it.
fn desk_for(state: Status, name: &str) -> Desk {
    let mut desk = desk_at(state);
    if is_open(state) {
        desk.run(SupplementIncident {
            children: vec![child(Severity::Minor)],
            ..supplement()
        })
        .unwrap();
        for number in desk.state.untold() {
            if name != "tell_guardian" || number == 1 {
                desk.run(told(number, "2026-03-02T01:50:00Z")).unwrap();
            }
        }
    }
    desk.by("officer-9");
    desk
}

/// States in which a notified case takes further news.
fn is_open(state: Status) -> bool {
    !matches!(state, Status::None | Concluded | Imported)
}

#[test]
fn every_state_and_command_are_in_the_table() {
    assert_eq!(STATES.as_slice(), Status::ALL);
    let in_table: Vec<_> = TABLE.iter().map(|(name, _)| *name).collect();
    let walked: Vec<_> = TABLE.iter().map(|(name, _)| command(name).movement().command).collect();
    assert_eq!(in_table, walked);
}

#[test]
fn the_table_holds() {
    for (name, row) in TABLE {
        for (state, leads_to) in STATES.into_iter().zip(row) {
            let mut desk = desk_for(state, name);
            let before = desk.state.clone();
            match (desk.run(command(name)), leads_to) {
                (Ok(_), Some(next)) => assert_eq!(desk.state.status, *next, "{name} from {state:?}"),
                (Err(rejection), None) => {
                    check_refusal(&rejection, state, name);
                    assert_eq!(desk.state, before, "a refusal changes nothing");
                }
                (outcome, expected) => panic!("{name} from {state:?}: {outcome:?}, the table says {expected:?}"),
            }
        }
    }
}

/// What a refusal of the state machine must tell its caller.
fn check_refusal(rejection: &Rejection, state: Status, name: &str) {
    if state == Status::None {
        assert_eq!(rejection.reason, Reason::NotFound, "{name}");
        return;
    }
    assert_eq!(rejection.reason, Reason::IllegalTransition, "{name} from {state:?}");
    assert_eq!(rejection.metadata["state"], state.code());
    assert_eq!(rejection.metadata["command"], name);
    let (_, row) = TABLE.iter().find(|(command, _)| *command == name).unwrap();
    let allowed: Vec<_> = rejection.metadata["allowed_from"].split(", ").collect();
    for (state, leads_to) in STATES.into_iter().zip(row) {
        // A conclusion straight from triage is allowed to other authorities' matters.
        let allowed_here = leads_to.is_some() || (name == "conclude" && state == Triaged);
        assert_eq!(allowed.contains(&state.code()), allowed_here, "{name}: {allowed:?}");
    }
    assert!(!rejection.metadata["article"].is_empty());
    assert!(rejection.metadata["rule"].starts_with("INC-"));
    assert!(rejection.message_zh.contains(state.zh()));
}

// Random histories.

/// One step of a random history; numbers pick among what may be right or wrong.
#[derive(Debug, Clone)]
enum Step {
    Notify { harmed: bool, graver: bool },
    Supplement { further: u8, harm: Option<u8> },
    Tell { child: u8, early: bool },
    Triage { regulatory: bool, blank: bool },
    Open,
    Complete { outcome: u8, cause: bool },
    Conclude { outcome: u8 },
    Reopen,
    Row { foreign: bool },
}

fn steps() -> impl Strategy<Value = Vec<(Step, u8, i64)>> {
    let step = prop_oneof![
        3 => (any::<bool>(), any::<bool>()).prop_map(|(harmed, graver)| Step::Notify { harmed, graver }),
        2 => (0..3_u8, proptest::option::of(0..4_u8)).prop_map(|(further, harm)| Step::Supplement { further, harm }),
        4 => (0..4_u8, any::<bool>()).prop_map(|(child, early)| Step::Tell { child, early }),
        3 => (any::<bool>(), prop::bool::weighted(0.1)).prop_map(|(regulatory, blank)| Step::Triage { regulatory, blank }),
        3 => Just(Step::Open),
        3 => (0..6_u8, any::<bool>()).prop_map(|(outcome, cause)| Step::Complete { outcome, cause }),
        3 => (0..6_u8).prop_map(|outcome| Step::Conclude { outcome }),
        1 => Just(Step::Reopen),
        1 => prop::bool::weighted(0.2).prop_map(|foreign| Step::Row { foreign }),
    ];
    proptest::collection::vec((step, 0..2_u8, 0..3_000_i64), 1..40)
}

/// The model: what the rules say about one case, in few words and without the code under test.
#[derive(Debug, Clone, Default)]
struct Model {
    at: &'static str,
    /// Told or not, by child.
    children: Vec<bool>,
    guardians: bool,
    ours: bool,
    finder: Option<u8>,
    rows: u32,
    register_case: bool,
}

impl Model {
    fn open(&self) -> bool {
        matches!(
            self.at,
            "notified" | "triaged" | "under_investigation" | "findings_proposed" | "reopened"
        )
    }

    /// What must come out: the state afterwards, or the reason of the refusal.
    fn step(&mut self, step: &Step, person: u8) -> Result<(), Reason> {
        use Reason::{GuardiansNotTold, IllegalTransition, InvalidField, NotFound, NothingToDo, TwoPersonRule};
        let absent = if self.at.is_empty() {
            NotFound
        } else {
            IllegalTransition
        };
        let need = |allowed: bool| if allowed { Ok(()) } else { Err(absent) };
        match step {
            Step::Notify { harmed, graver } => {
                need(self.at.is_empty())?;
                *self = Self {
                    at: "notified",
                    children: vec![false],
                    guardians: *harmed || *graver,
                    ..Self::default()
                };
            }
            Step::Supplement { further, harm } => {
                need(self.open())?;
                if let Some(number) = harm {
                    if *number == 0 || usize::from(*number) > self.children.len() {
                        return Err(InvalidField);
                    }
                    self.guardians = true;
                } else if *further == 0 {
                    return Err(NothingToDo);
                }
                self.children.extend(std::iter::repeat_n(false, usize::from(*further)));
            }
            Step::Tell { child, early } => {
                need(self.open())?;
                let told = usize::from(*child)
                    .checked_sub(1)
                    .and_then(|index| self.children.get_mut(index));
                match told {
                    None => return Err(InvalidField),
                    Some(_) if *early && !self.register_case => return Err(InvalidField),
                    Some(true) => return Err(NothingToDo),
                    Some(told) => *told = true,
                }
            }
            Step::Triage { regulatory, blank } => {
                if *blank {
                    return Err(InvalidField);
                }
                need(self.at == "notified")?;
                self.at = "triaged";
                self.ours = *regulatory;
            }
            Step::Open => {
                need(self.at == "reopened" || self.at == "triaged" && self.ours)?;
                self.at = "under_investigation";
                self.finder = None;
            }
            Step::Complete { outcome, cause } => {
                if *outcome == 5 || *outcome == 0 && !cause {
                    return Err(InvalidField);
                }
                need(self.at == "under_investigation")?;
                self.at = "findings_proposed";
                self.finder = Some(person);
            }
            Step::Conclude { outcome } => {
                if *outcome == 5 {
                    return Err(InvalidField);
                }
                need(self.at == "findings_proposed" || self.at == "triaged" && !self.ours)?;
                if self.at == "triaged" && *outcome != 4 {
                    return Err(InvalidField);
                }
                if self.at == "findings_proposed" && self.finder == Some(person) {
                    return Err(TwoPersonRule);
                }
                if self.guardians && self.children.contains(&false) {
                    return Err(GuardiansNotTold);
                }
                self.at = "concluded";
            }
            Step::Reopen => {
                need(self.at == "concluded" || self.at == "imported")?;
                self.at = "reopened";
            }
            Step::Row { foreign } => {
                if self.at.is_empty() {
                    self.at = "imported";
                    self.register_case = true;
                } else if !self.register_case {
                    return Err(IllegalTransition);
                } else if *foreign {
                    return Err(InvalidField);
                }
                self.rows += 1;
            }
        }
        Ok(())
    }
}

/// The command of a step, at the desk's time.
fn command_of(step: &Step, desk: &Desk) -> IncidentCommand {
    let harm = Severity::Minor;
    match step {
        Step::Notify { harmed, graver } => NotifyIncident {
            // Guardians are due by policy for a missing child, and by harm for any other incident.
            category: if *graver {
                Category::MissingChild
            } else {
                Category::Other
            },
            children: vec![child(if *harmed { harm } else { Severity::None })],
            awareness_time: desk.now,
            occurred: Occurred::Instant { time: desk.now },
            ..fall()
        }
        .into(),
        Step::Supplement { further, harm: number } => SupplementIncident {
            children: vec![child(Severity::None); usize::from(*further)],
            // Each time graver than before, so that it is news.
            severities: number
                .map(|number| ChildSeverity {
                    child: u32::from(number),
                    severity: graver_than(desk, u32::from(number)),
                })
                .into_iter()
                .collect(),
            ..supplement()
        }
        .into(),
        Step::Tell { child, early } => TellGuardian {
            child: u32::from(*child),
            told_time: if *early { at("2026-01-01T00:00:00Z") } else { desk.now },
            channel: Channel::Phone,
        }
        .into(),
        Step::Triage { regulatory, blank } => TriageIncident {
            reason: Sensitive::new(if *blank { " " } else { "理由" }),
            ..triage(*regulatory)
        }
        .into(),
        Step::Open => investigation().into(),
        Step::Complete { outcome, cause } => CompleteInvestigation {
            outcome: Outcome::ALL[usize::from(*outcome)],
            root_causes: if *cause { vec![RootCause::Training] } else { Vec::new() },
            findings: Sensitive::new("经过"),
        }
        .into(),
        Step::Conclude { outcome } => conclusion(Outcome::ALL[usize::from(*outcome)]).into(),
        Step::Reopen => reopening().into(),
        Step::Row { foreign: false } => row(1).into(),
        Step::Row { foreign: true } => {
            let mut row = row(1);
            // The first row may be of any case; a later one of another case does not belong here.
            if desk.state.status != Status::None {
                row.external.number.push('9');
            }
            row.into()
        }
    }
}

/// A harm that differs from what is known of the child and that every category of the model allows.
fn graver_than(desk: &Desk, number: u32) -> Severity {
    match desk.state.children.get(&number) {
        Some(Severity::Minor) => Severity::Medical,
        _ => Severity::Minor,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_go_as_the_model_says(history in steps()) {
        let mut desk = Desk::new();
        let mut model = Model::default();
        for (step, person, minutes) in history {
            desk.later(minutes).by(&format!("officer-{person}"));
            let before = desk.state.clone();
            let command = command_of(&step, &desk);
            let mut expected_model = model.clone();
            let expected = expected_model.step(&step, person);
            let got = desk.run(command).map(|_| ()).map_err(|rejection| rejection.reason);
            prop_assert_eq!(got, expected, "{:?} at {:?}", step, before.status);
            if got.is_ok() {
                model = expected_model;
            } else {
                prop_assert_eq!(&desk.state, &before);
            }
            let at = if model.at.is_empty() { "none" } else { model.at };
            prop_assert_eq!(desk.state.status.code(), at);
            let numbers: Vec<u32> = desk.state.children.keys().copied().collect();
            let dense: Vec<u32> = (1..).take(model.children.len()).collect();
            prop_assert_eq!(numbers, dense, "children are numbered without gaps");
            let untold = model.children.iter().filter(|told| !**told).count();
            prop_assert_eq!(desk.state.untold().len(), untold);
            prop_assert_eq!(desk.state.imported_rows, model.rows);
        }
    }

    /// Whatever stands in a stream, in whatever order: it folds, and every command is answered.
    #[test]
    fn any_stream_folds_and_any_command_is_answered(order in proptest::collection::vec(0..64_usize, 0..30)) {
        let mut samples = Vec::new();
        for state in [FindingsProposed, Reopened, Imported] {
            samples.extend(desk_for(state, "tell_guardian").events);
        }
        let mut desk = Desk::new();
        for index in order {
            desk.fold(&samples[index % samples.len()]);
        }
        for (name, _) in TABLE {
            let _ = desk.decide(command(name));
        }
    }
}
