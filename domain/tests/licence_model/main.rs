//! Random histories of an institution under the licence regime, against a model that knows the rules in its own words
//! and shares no code with the decisions: seven kinds of applications, their clocks, and what silence does.
#![allow(clippy::unwrap_used)]

mod days;
#[path = "../institution_support/mod.rs"]
mod institution_support;
mod model;
mod steps;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use days::{Notices, plus};
use institution_support::applications::*;
use institution_support::licence::*;
use institution_support::*;
use jiff::civil::Date;
use model::{Model, Who};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use yujian_domain::clock::{ClockKind, ClockRef};
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;
use yujian_domain::values::CreditCode;

const KINDS: [ApplicationKind; 6] = [
    ApplicationKind::Licence,
    ApplicationKind::Change,
    ApplicationKind::Renewal,
    ApplicationKind::Transfer,
    ApplicationKind::Waiver,
    ApplicationKind::Closing,
];

const CLOCKS: [ClockKind; 11] = [
    ClockKind::Completeness,
    ClockKind::Renewal,
    ClockKind::InformationReply,
    ClockKind::CorrectionReply,
    ClockKind::HearingRequest,
    ClockKind::Decision,
    ClockKind::Hearing,
    ClockKind::RenewalAsk,
    ClockKind::Certificate,
    ClockKind::JointDecision,
    ClockKind::Waiver,
];

/// One step of a random history; numbers pick among what may be right or wrong, and 0 the latest application. Days count
/// from today, into the past where it says so.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// `days`: last day of a waiver or of service.
    Submit {
        kind: usize,
        lacks: u8,
        days: i64,
    },
    Return {
        number: u32,
        fire: bool,
    },
    Accept {
        number: u32,
        joint: bool,
    },
    Dismiss(u32),
    Withdraw(u32),
    Ask(u32),
    Answer(u32),
    /// `days` ago.
    Register {
        number: Option<u32>,
        matches: bool,
        days: i64,
    },
    /// `days` ago.
    Visit {
        number: u32,
        days: i64,
        meets: bool,
    },
    Propose {
        number: u32,
        grant: bool,
        deceit: bool,
    },
    SendBack(u32),
    Decide(u32),
    Object {
        number: u32,
        hearing: bool,
    },
    /// The hearing `days` ago.
    Hear {
        number: u32,
        upheld: bool,
        days: Option<i64>,
    },
    Refuse(u32),
    /// `days` ago.
    HandOver {
        number: u32,
        days: i64,
    },
    RunOut {
        kind: usize,
        number: u32,
    },
    Suspend {
        ordered: bool,
    },
    Resume,
    Revoke,
}

impl Step {
    /// The same with the number of the latest application where 0 stands for it.
    pub(crate) fn with_numbers(mut self, latest: u32) -> Self {
        let number = match &mut self {
            Self::Return { number, .. }
            | Self::Accept { number, .. }
            | Self::Dismiss(number)
            | Self::Withdraw(number)
            | Self::Ask(number)
            | Self::Answer(number)
            | Self::Register {
                number: Some(number), ..
            }
            | Self::Visit { number, .. }
            | Self::Propose { number, .. }
            | Self::SendBack(number)
            | Self::Decide(number)
            | Self::Object { number, .. }
            | Self::Hear { number, .. }
            | Self::Refuse(number)
            | Self::HandOver { number, .. }
            | Self::RunOut { number, .. } => number,
            Self::Register { number: None, .. }
            | Self::Submit { .. }
            | Self::Suspend { .. }
            | Self::Resume
            | Self::Revoke => return self,
        };
        if *number == 0 {
            *number = latest;
        }
        self
    }
}

/// Steps that lead somewhere before chance takes over: nowhere, to a licence, to a renewal that is asked for in time, to an
/// intended refusal, to what silence supplied, to papers that come anew, to a change or transfer that is proposed.
fn beginning(which: u8) -> Vec<(Step, Made)> {
    let by = |by: usize, later: i64, step: Step| (step, Made { later, by, said: None });
    let asks = |kind| Step::Submit {
        kind,
        lacks: 0,
        days: 100,
    };
    let accepts = || Step::Accept {
        number: 0,
        joint: false,
    };
    let proposes = |grant| Step::Propose {
        number: 0,
        grant,
        deceit: !grant,
    };
    let visits = || Step::Visit {
        number: 0,
        days: 0,
        meets: true,
    };
    let runs_out = |kind| Step::RunOut { kind, number: 0 };
    let applies = || vec![by(0, 0, asks(0)), by(1, 1, accepts())];
    let licensed = || {
        let granted = [by(1, 1, visits()), by(1, 0, proposes(true)), by(2, 0, Step::Decide(0))];
        applies().into_iter().chain(granted).collect::<Vec<_>>()
    };
    let also = |steps: Vec<(Step, Made)>, more: Vec<(Step, Made)>| steps.into_iter().chain(more).collect();
    match which {
        0 => Vec::new(),
        1 => licensed(),
        2 => also(licensed(), vec![by(0, 100, asks(2)), by(1, 2, accepts())]),
        3 => also(applies(), vec![by(1, 1, proposes(false)), by(2, 0, Step::Decide(0))]),
        4 => vec![by(0, 0, asks(0)), by(3, 8, runs_out(0))],
        5 => {
            let renewed = vec![
                by(0, 100, asks(2)),
                by(1, 2, accepts()),
                by(1, 60, proposes(true)),
                by(3, 24, runs_out(1)),
            ];
            also(licensed(), renewed)
        }
        6 => {
            let lacking = || Step::Submit {
                kind: 0,
                lacks: 1,
                days: 0,
            };
            let returned = Step::Return { number: 0, fire: false };
            vec![
                by(0, 0, lacking()),
                by(0, 1, lacking()),
                by(0, 0, asks(0)),
                by(1, 1, returned),
                by(1, 1, accepts()),
                by(1, 0, visits()),
                by(1, 0, visits()),
            ]
        }
        kind => {
            let asked = asks(if kind == 7 { 1 } else { 3 });
            let proposed = vec![
                by(0, 2, asked),
                by(1, 1, accepts()),
                by(1, 0, visits()),
                by(1, 1, proposes(true)),
            ];
            also(licensed(), proposed)
        }
    }
}

fn histories() -> impl Strategy<Value = Vec<(Step, Made)>> {
    let chance = prop::collection::vec((step(), made()), 50);
    (0..9_u8, chance).prop_map(|(which, chance)| beginning(which).into_iter().chain(chance).take(50).collect())
}

fn step() -> impl Strategy<Value = Step> {
    let number = || prop_oneof![7 => Just(0_u32), 2 => 1..6_u32];
    let often = prop::bool::weighted;
    prop_oneof![
        10 => (0..6_usize, prop_oneof![3 => Just(0_u8), 1 => Just(1), 1 => 2..4_u8], -4..420_i64)
            .prop_map(|(kind, lacks, days)| Step::Submit { kind, lacks, days: if kind == 5 { days % 5 } else { days } }),
        2 => (number(), any::<bool>()).prop_map(|(number, fire)| Step::Return { number, fire }),
        8 => (number(), often(0.1)).prop_map(|(number, joint)| Step::Accept { number, joint }),
        1 => number().prop_map(Step::Dismiss),
        1 => number().prop_map(Step::Withdraw),
        2 => number().prop_map(Step::Ask),
        4 => number().prop_map(Step::Answer),
        3 => (prop::option::of(number()), often(0.8), prop_oneof![4 => Just(0_i64), 1 => -1..4_i64])
            .prop_map(|(number, matches, days)| Step::Register { number, matches, days }),
        8 => (number(), -1..3_i64, often(0.9)).prop_map(|(number, days, meets)| Step::Visit { number, days, meets }),
        9 => (number(), often(0.75), often(0.2))
            .prop_map(|(number, grant, deceit)| Step::Propose { number, grant, deceit }),
        2 => number().prop_map(Step::SendBack),
        11 => number().prop_map(Step::Decide),
        3 => (number(), any::<bool>()).prop_map(|(number, hearing)| Step::Object { number, hearing }),
        4 => (number(), often(0.3), prop::option::of(-1..6_i64))
            .prop_map(|(number, upheld, days)| Step::Hear { number, upheld, days }),
        5 => number().prop_map(Step::Refuse),
        2 => (number(), -1..4_i64).prop_map(|(number, days)| Step::HandOver { number, days }),
        12 => (prop_oneof![2 => 0..2_usize, 3 => 0..11_usize], number())
            .prop_map(|(kind, number)| Step::RunOut { kind, number }),
        1 => often(0.4).prop_map(|ordered| Step::Suspend { ordered }),
        2 => Just(Step::Resume),
        1 => Just(Step::Revoke),
    ]
}

/// When and by whom a step is made: days since the one before, whose account, and the day on which it is said to have
/// happened (days from today; none: now).
#[derive(Debug, Clone)]
struct Made {
    later: i64,
    by: usize,
    said: Option<i64>,
}

fn made() -> impl Strategy<Value = Made> {
    let later = prop_oneof![10 => 0..3_i64, 3 => 3..15_i64, 1 => 30..120_i64];
    let said = prop_oneof![10 => Just(None), 3 => (-9..1_i64).prop_map(Some), 1 => Just(Some(1))];
    let by = prop_oneof![1 => Just(0_usize), 2 => Just(1), 2 => Just(2), 2 => Just(3)];
    (later, by, said).prop_map(|(later, by, said)| Made { later, by, said })
}

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

/// The command of a step, at the desk's time.
fn command_of(step: &Step, desk: &Desk) -> InstitutionCommand {
    let ago = |days: i64| plus(desk.today(), -days);
    match step.clone().with_numbers(desk.state.applications) {
        Step::Submit { kind, lacks, days } => submission(KINDS[kind], lacks, plus(desk.today(), days)).into(),
        Step::Return { number, fire } => {
            let item = if fire {
                "papers.fire_safety"
            } else {
                "papers.premises_proof"
            };
            give_back(number, &[item]).into()
        }
        Step::Accept { number, joint } => AcceptApplication {
            application: number,
            joint,
        }
        .into(),
        Step::Dismiss(number) => dismiss(number).into(),
        Step::Withdraw(number) => withdraw(number).into(),
        Step::Ask(number) => ask(number).into(),
        Step::Answer(application) => ProvideInformation {
            application,
            papers: Vec::new(),
            statement: Some(Sensitive::new("见平面图")),
        }
        .into(),
        Step::Register { number, matches, days } => {
            let outcome = if matches {
                RegistryOutcome::Matches
            } else {
                RegistryOutcome::Differs
            };
            registry(number, outcome, ago(days)).into()
        }
        Step::Visit { number, days, meets } if meets => visit(number, ago(days)).into(),
        Step::Visit { number, days, .. } => falls_short(number, ago(days)).into(),
        Step::Propose { number, grant, .. } if grant => propose(number).into(),
        Step::Propose { number, deceit, .. } => ProposeDecision {
            deceit: deceit.then_some(Deceit::FalsePapers),
            ..propose_refusal(number)
        }
        .into(),
        Step::SendBack(number) => send_back(number).into(),
        Step::Decide(number) => every::verdict(desk, number).into(),
        Step::Object { number, hearing } => object(number, hearing).into(),
        Step::Hear { number, upheld, days } => decide_objection(number, upheld, days.map(ago)).into(),
        Step::Refuse(number) => refuse(number).into(),
        Step::HandOver { number, days } => certificate(number, ago(days)).into(),
        Step::RunOut { kind, number } => ExpireClock {
            clock: latest(desk, CLOCKS[kind], number),
        }
        .into(),
        Step::Suspend { ordered } => {
            let kind = if ordered {
                SuspensionKind::Ordered
            } else {
                SuspensionKind::Voluntary
            };
            suspension(kind, desk.today()).into()
        }
        Step::Resume => resumption(desk.today()).into(),
        Step::Revoke => revocation(RevocationGround::Breach, desk.today()).into(),
    }
}

/// An application as a step has it. Its papers do not run out, so that a history may be long.
fn submission(kind: ApplicationKind, lacks: u8, asked: Date) -> SubmitApplication {
    let left_out: &[PaperKind] = match lacks {
        1 => &[PaperKind::FireSafety],
        2 => &[PaperKind::Commitment],
        3 => &[PaperKind::FireSafety, PaperKind::Commitment],
        _ => &[],
    };
    let mut application = apply_without(kind, left_out);
    for paper in &mut application.papers {
        paper.expiry_date = Some(day("2035-12-31"));
    }
    if let Some(premises) = &mut application.premises {
        premises.tenure = Tenure::Owned;
    }
    if let Some(change) = &mut application.change {
        change.name = None;
    }
    if let Some(waiver) = &mut application.waiver {
        waiver.until_date = asked;
    }
    if let Some(closing) = &mut application.closing {
        closing.closing_date = asked;
        closing.children_to_place = 0;
    }
    application
}

/// The latest clock of a kind and application, or the name of none.
fn latest(desk: &Desk, kind: ClockKind, number: u32) -> ClockRef {
    let own = matches!(kind, ClockKind::Renewal | ClockKind::RenewalAsk);
    let application = (!own).then_some(number);
    let clocks = desk.state.clocks.iter();
    let found = clocks.filter(|(name, clock)| name.kind == kind && clock.application == application);
    found
        .map(|(name, _)| name)
        .max_by_key(|name| name.revision)
        .unwrap_or(ClockRef { kind, revision: 10_000 })
}

/// The state of the code under test is what the model says.
fn compare(desk: &Desk, model: &Model<'_>) {
    let state = &desk.state;
    assert_eq!(state.status.code(), model.at);
    assert_eq!(state.status_from.map(yujian_domain::time::day_of), Some(model.since));
    assert_eq!(state.barred_until, model.barred);
    let stopped = state.suspension.as_ref();
    assert_eq!(
        stopped.map(|one| (one.before.code(), one.kind == SuspensionKind::Ordered)),
        model.stopped
    );
    let held = state.authorization.as_ref();
    assert_eq!(
        held.map(|held| (held.valid_from_date, held.valid_to_date, held.ended.is_none())),
        model.term.map(|term| (term.first, Some(term.last), term.holds))
    );
    let code = if model.code == 0 {
        "91350100M000100Y43"
    } else {
        "91330106MA2B3C4D5D"
    };
    assert_eq!(state.credit_code, Some(CreditCode::parse(code).unwrap()));
    assert_eq!(state.classes.len(), if model.classes == 0 { 2 } else { 1 });
    assert_eq!(state.licence_applications.len(), model.cases.len());
    for ((number, application), (index, case)) in state.licence_applications.iter().zip(model.cases.iter().enumerate())
    {
        assert_eq!(usize::try_from(*number).unwrap(), index + 1, "numbered without gaps");
        let found = (application.kind.code(), application.state.code(), application.since);
        assert_eq!(found, (case.kind, case.at, Some(case.since)), "application {number}");
        assert_eq!(
            (application.first_date, application.submitted.date),
            (Some(case.first), Some(case.came))
        );
        assert_eq!(application.accepted_date, case.accepted);
        assert_eq!(application.proposal.is_some(), case.plan.is_some());
        assert_eq!(application.hearing_asked, case.heard);
        assert_eq!(application.deemed.is_some(), case.silent.is_some());
        assert_eq!(application.certificate_issued, case.handed_over);
        assert_eq!(
            application.verification.as_ref().map(|found| found.verified.visit_date),
            case.visit.map(|(day, _)| day)
        );
        let told = application.checks.values().next();
        assert_eq!(
            told.map(|told| (told.record_date, told.outcome == RegistryOutcome::Matches)),
            case.register
        );
    }
    compare_clocks(desk, model);
}

fn compare_clocks(desk: &Desk, model: &Model<'_>) {
    let mut clocks: Vec<_> = desk.state.clocks.iter().collect();
    clocks.sort_by_key(|(name, _)| name.revision);
    let found: Vec<_> = clocks
        .into_iter()
        .map(|(name, clock)| {
            let due = (clock.due.due_date, !clock.due.provisional);
            let of = clock.application.unwrap_or(0);
            (
                name.kind.code(),
                of,
                clock.from_date,
                due,
                clock.state.code(),
                clock.late,
            )
        })
        .collect();
    let expected: Vec<_> = model
        .watches
        .iter()
        .map(|watch| {
            let due = (watch.last.day, watch.last.certain);
            (watch.kind, watch.of, watch.from, due, watch.at, watch.late)
        })
        .collect();
    assert_eq!(found, expected);
}

/// The dossier stands where the state stands.
fn compare_dossier(desk: &Desk, model: &Model<'_>) {
    let facts = desk.dossier().resolve(None, None);
    let value = |key: &str| facts.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
    assert_eq!(value("status"), Some(serde_json::json!(model.at)));
    let last = model.term.map(|term| serde_json::json!(term.last));
    assert_eq!(value("licence.valid_to_date"), last);
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
    ("Suspend", &["", "ILLEGAL_TRANSITION", "ROLE_NOT_ALLOWED"]),
    ("Resume", &["", "ILLEGAL_TRANSITION", "ROLE_NOT_ALLOWED"]),
    ("Revoke", &["", "ILLEGAL_TRANSITION"]),
];

/// What is too rare to be left to chance: an acceptance and a renewal by silence that are taken back,
/// a waiver, a closing, a register that speaks after the proposal, an order that its operator can't end.
fn rare() -> Vec<Vec<(Step, Made)>> {
    let said = |days: Option<i64>, by: usize, later: i64, step: Step| {
        let made = Made { later, by, said: days };
        (step, made)
    };
    let then = |which: u8, more: Vec<(Step, Made)>| beginning(which).into_iter().chain(more).collect::<Vec<_>>();
    let returned = Step::Return { number: 0, fire: true };
    let contradicted = Step::Register {
        number: None,
        matches: false,
        days: 0,
    };
    let asked = |kind, days| Step::Submit { kind, lacks: 0, days };
    let accepted = || Step::Accept {
        number: 0,
        joint: false,
    };
    let proposed = || Step::Propose {
        number: 0,
        grant: true,
        deceit: false,
    };
    let granted = |kind, days| {
        vec![
            said(None, 0, 1, asked(kind, days)),
            said(None, 1, 1, accepted()),
            said(None, 1, 1, proposed()),
            said(None, 2, 1, Step::Decide(0)),
        ]
    };
    vec![
        then(4, vec![said(Some(-1), 1, 0, returned)]),
        then(5, vec![said(Some(-20), 2, 0, Step::Decide(0))]),
        // A renewal whose papers came before the term that silence supplied, and are told after it began.
        then(
            5,
            vec![
                said(Some(-6), 1, 1, asked(2, 0)),
                said(None, 1, 1, accepted()),
                said(None, 1, 1, proposed()),
                said(None, 2, 1, Step::Decide(0)),
            ],
        ),
        then(1, granted(4, 90)),
        then(1, granted(5, 2)),
        then(
            7,
            vec![said(None, 1, 0, contradicted), said(None, 2, 0, Step::Decide(0))],
        ),
        vec![
            said(None, 1, 0, Step::Suspend { ordered: true }),
            said(None, 0, 1, Step::Resume),
        ],
    ]
}

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
