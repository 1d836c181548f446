//! The steps of random histories, and how they are drawn.

use proptest::prelude::*;
use yujian_domain::clock::ClockKind;
use yujian_domain::institution::ApplicationKind;

pub const KINDS: [ApplicationKind; 6] = [
    ApplicationKind::Licence,
    ApplicationKind::Change,
    ApplicationKind::Renewal,
    ApplicationKind::Transfer,
    ApplicationKind::Waiver,
    ApplicationKind::Closing,
];

pub const CLOCKS: [ClockKind; 11] = [
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
pub enum Step {
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
    /// Experts are asked, which was told `days` ago.
    Stop {
        number: u32,
        joint: bool,
        days: i64,
    },
    /// The experts have answered, `days` ago.
    RunOn {
        number: u32,
        joint: bool,
        days: i64,
    },
    /// Told `days` ago.
    Extend {
        number: u32,
        joint: bool,
        count: u32,
        days: i64,
    },
    Suspend {
        ordered: bool,
    },
    Resume,
    Revoke,
}

impl Step {
    /// The same with the number of the latest application where 0 stands for it.
    pub fn with_numbers(mut self, latest: u32) -> Self {
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
            | Self::RunOut { number, .. }
            | Self::Stop { number, .. }
            | Self::RunOn { number, .. }
            | Self::Extend { number, .. } => number,
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
pub fn beginning(which: u8) -> Vec<(Step, Made)> {
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

pub fn histories() -> impl Strategy<Value = Vec<(Step, Made)>> {
    let chance = prop::collection::vec((step(), made()), 50);
    (0..9_u8, chance).prop_map(|(which, chance)| beginning(which).into_iter().chain(chance).take(50).collect())
}

pub fn step() -> impl Strategy<Value = Step> {
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
        2 => (number(), often(0.1), -1..20_i64).prop_map(|(number, joint, days)| Step::Stop { number, joint, days }),
        2 => (number(), often(0.1), -1..4_i64).prop_map(|(number, joint, days)| Step::RunOn { number, joint, days }),
        2 => (number(), often(0.1), 0..18_u32, -1..20_i64)
            .prop_map(|(number, joint, count, days)| Step::Extend { number, joint, count, days }),
        1 => often(0.4).prop_map(|ordered| Step::Suspend { ordered }),
        2 => Just(Step::Resume),
        1 => Just(Step::Revoke),
    ]
}

/// When and by whom a step is made: days since the one before, whose account, and the day on which it is said to have
/// happened (days from today; none: now).
#[derive(Debug, Clone)]
pub struct Made {
    pub later: i64,
    pub by: usize,
    pub said: Option<i64>,
}

pub fn made() -> impl Strategy<Value = Made> {
    let later = prop_oneof![10 => 0..3_i64, 3 => 3..15_i64, 1 => 30..120_i64];
    let said = prop_oneof![10 => Just(None), 3 => (-9..1_i64).prop_map(Some), 1 => Just(Some(1))];
    let by = prop_oneof![1 => Just(0_usize), 2 => Just(1), 2 => Just(2), 2 => Just(3)];
    (later, by, said).prop_map(|(later, by, said)| Made { later, by, said })
}

/// What is too rare to be left to chance: an acceptance and a renewal by silence that are taken back,
/// a waiver, a closing, a register that speaks after the proposal, an order that its operator can't end, and what was told
/// before a decision was found overdue.
pub fn rare() -> Vec<Vec<(Step, Made)>> {
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
    let overdue = |more: Vec<(Step, Made)>| {
        let kind = CLOCKS.iter().position(|kind| *kind == ClockKind::Decision).unwrap();
        let found = said(None, 3, 45, Step::RunOut { kind, number: 0 });
        let steps = vec![said(None, 0, 0, asked(0, 100)), said(None, 1, 1, accepted()), found];
        steps.into_iter().chain(more).collect::<Vec<_>>()
    };
    let (number, joint, days) = (0, false, 35);
    let extended = Step::Extend {
        number,
        joint,
        count: 10,
        days,
    };
    let stopped = || Step::Stop { number, joint, days };
    let runs_on = |days| Step::RunOn { number, joint, days };
    vec![
        overdue(vec![
            said(None, 1, 0, extended.clone()),
            said(None, 1, 0, extended.clone()),
        ]),
        overdue(vec![
            said(None, 1, 0, stopped()),
            said(None, 1, 0, stopped()),
            said(None, 1, 1, runs_on(40)),
            said(None, 1, 0, runs_on(20)),
            said(None, 1, 1, runs_on(0)),
        ]),
        overdue(vec![said(Some(-35), 1, 0, Step::Ask(0)), said(None, 1, 0, runs_on(1))]),
        overdue(vec![said(None, 1, 0, Step::Withdraw(0)), said(None, 1, 0, extended)]),
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
