//! The pilot shows all of it, good and bad: every state of an application, of what authorizes, of conditions and of
//! cessations; every kind of clock with the ends that may come; both regimes at once.

use std::collections::{BTreeMap, BTreeSet};

use yujian_domain::clock::{ClockKind, ClockState};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, CessationCause, ConditionState, DeemedOutcome, Institution, InstitutionEvent,
    Regime,
};
use yujian_eventlog::Record;

use super::{check, reached};

/// Every state of an application and of a condition is reached by at least so many.
pub fn every_state_is_reached(records: &[Record], least: usize) {
    check(
        "application",
        ApplicationState::ALL.iter().map(|one| one.code()).collect(),
        reached::<Institution>(records, |one| {
            let found = one.licence_applications.iter();
            found.map(|(number, part)| (*number, part.state.code())).collect()
        }),
        least,
    );
    check(
        "condition",
        ConditionState::ALL.iter().map(|one| one.code()).collect(),
        reached::<Institution>(records, |one| {
            let held = one.authorization.iter();
            held.flat_map(|held| held.conditions.iter())
                .map(|(number, part)| (*number, part.state.code()))
                .collect()
        }),
        least,
    );
}

/// What stands in the events besides: how often each thing came about.
fn told(records: &[Record]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records
        .iter()
        .filter(|record| record.stream.category() == "institution")
    {
        use InstitutionEvent as E;
        let Ok(Some(event)) = E::decode(&record.event_type, &record.payload) else {
            continue;
        };
        let told = match event {
            E::ApplicationSubmitted(event) => format!("asks {}", event.kind.code()),
            E::DeemedOutcomeApplied(event) => format!("deemed {}", event.outcome.code()),
            E::DeemedOutcomeReversed(event) => format!("reversed {}", event.outcome.code()),
            E::AuthorizationExpired(event) => format!("expired {}", event.kind.code()),
            E::CessationOpened(event) => format!("ceases {}", event.cause.code()),
            E::RegimeChanged(event) => format!("migrated {}", event.to.code()),
            E::ApplicationGranted(event) if event.late => "granted late".to_owned(),
            E::CertificateIssued(event) if event.late => "certificate late".to_owned(),
            E::FilingReceiptIssued(event) if event.late => "receipt late".to_owned(),
            E::ConditionMet(event) if event.late => "condition late".to_owned(),
            _ => continue,
        };
        *counts.entry(told).or_default() += 1;
    }
    counts
}

/// Each kind of application is asked for; deemed outcomes come, and are reversed; what is late is late.
pub fn the_good_and_the_bad_come_about(records: &[Record], least: usize) {
    let counts = told(records);
    let kinds = ApplicationKind::ALL
        .iter()
        .filter(|kind| **kind != ApplicationKind::Filing);
    let mut wanted: BTreeSet<String> = kinds.map(|kind| format!("asks {}", kind.code())).collect();
    for outcome in DeemedOutcome::ALL {
        wanted.insert(format!("deemed {}", outcome.code()));
        wanted.insert(format!("reversed {}", outcome.code()));
    }
    wanted.extend(
        CessationCause::ALL
            .iter()
            .map(|cause| format!("ceases {}", cause.code())),
    );
    wanted.insert(format!("migrated {}", Regime::Licence.code()));
    for other in [
        "expired receipt",
        "expired licence",
        "granted late",
        "certificate late",
        "receipt late",
        "condition late",
    ] {
        wanted.insert(other.to_owned());
    }
    for one in wanted {
        let count = counts.get(&one).copied().unwrap_or(0);
        assert!(count >= least, "{one}: {counts:#?}");
    }
}

/// Ends of clocks that can't come about: a waiver asks for nothing that could be done, it only ends; and the notice of
/// nonconformity is counted from the finding in Zhejiang, so that no clock runs until there is one to tell.
const WITHOUT_END: [(ClockKind, ClockState); 3] = [
    (ClockKind::Waiver, ClockState::Met),
    (ClockKind::Nonconformity, ClockState::Met),
    (ClockKind::Nonconformity, ClockState::Expired),
];

/// Each kind of clock is met, and runs out; and some stand still, and end with their matter.
pub fn every_clock_ends_in_every_way(records: &[Record], least: usize) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for kind in ClockKind::ALL {
        let states = reached::<Institution>(records, |one| {
            let clocks = one.clocks.iter().filter(|(name, _)| name.kind == *kind);
            clocks
                .map(|(name, clock)| (u32::try_from(name.revision).unwrap_or(u32::MAX), clock.state.code()))
                .collect()
        });
        counts.extend(states.into_iter().map(|(state, count)| ((kind.code(), state), count)));
    }
    let of = |kind: &ClockKind, state: ClockState| counts.get(&(kind.code(), state.code())).copied().unwrap_or(0);
    for kind in ClockKind::ALL {
        for end in [ClockState::Met, ClockState::Expired] {
            if !WITHOUT_END.contains(&(*kind, end)) {
                assert!(of(kind, end) >= least, "{} {}: {counts:#?}", kind.code(), end.code());
            }
        }
    }
    for state in ClockState::ALL {
        let all: usize = ClockKind::ALL.iter().map(|kind| of(kind, *state)).sum();
        assert!(all >= least, "{}: {counts:#?}", state.code());
    }
}
