//! Random histories of persons, inspections, counters and alerts, beside those of institutions and incidents. Events are
//! built directly: no rule of any state machine is kept, folds take what was recorded.

use proptest::prelude::*;
use uuid::Uuid;
use yujian_domain::alert::{
    AlertAcknowledged, AlertConfirmed, AlertDismissed, AlertEvent, AlertLapsed, AlertLinked, AlertRaised, AlertRule,
    AlertSeverity, DismissalReason, LinkTarget, alert_id,
};
use yujian_domain::envelope::{Classification, FactRef, PolicyRef};
use yujian_domain::inspection::Purpose;
use yujian_domain::reference::Reference;
use yujian_domain::system::{ChecklistPublished, SystemEvent};
use yujian_domain::visits::{VisitCounted, VisitReleased, VisitsEvent, visits_stream};

use crate::steps::{self, Step};
use crate::support::{World, day, institution, sealed};

mod admissions;
mod inspections;
mod persons;

pub use admissions::{admission_step, granted, imposed, returned, revoked, started as clock_started, submitted};
pub use inspections::{cited, imported, inspection_step, planned};
pub use persons::{claimed, digest, person_step, registered, started};

/// The id of the `n`th person.
pub fn person(n: u8) -> Uuid {
    Uuid::from_u128(0x3000 + u128::from(n))
}

/// The id of the `n`th inspection.
pub fn inspection(n: u8) -> Uuid {
    Uuid::from_u128(0x4000 + u128::from(n))
}

pub fn of_person(n: u8) -> String {
    format!("person-{}", person(n))
}

pub fn of_inspection(n: u8) -> String {
    format!("inspection-{}", inspection(n))
}

/// A history in which every family meets the others.
pub async fn worked(steps: &[Step]) -> World {
    let mut world = World::new();
    publish_checklist(&mut world).await;
    for n in 0..7 {
        steps::write(&mut world, (0, n, 1 + n, n), 0).await;
    }
    for (step, at) in steps.iter().zip(1..) {
        write(&mut world, *step, at).await;
    }
    world
}

/// A history that is mostly admission, of a few institutions, so that clocks and applications meet.
pub async fn admissions(steps: &[Step]) -> World {
    let mut world = worked(&[]).await;
    for (step, at) in steps.iter().zip(1..) {
        let (kind, who, a, b) = *step;
        if kind.is_multiple_of(4) {
            write(&mut world, *step, at).await;
        } else {
            admission_step(&mut world, (a, who % 3, kind / 4, b), at).await;
        }
    }
    world
}

/// The checklist that comes with the program.
pub async fn publish_checklist(world: &mut World) {
    let shipped = Reference::shipped_checklists().remove(0);
    let event = ChecklistPublished {
        checklist: shipped.checklist.reference.id.clone(),
        version: shipped.checklist.reference.version,
        sha256: shipped.checklist.sha256.clone(),
        effective_date: shipped.checklist.effective_date,
        document: shipped.document.to_owned(),
    };
    let stream = format!("checklist-{}", Uuid::from_u128(0x6000));
    world.event(&stream, &SystemEvent::from(event), 0, None).await;
}

/// Random steps, enough of them that they meet.
pub fn long_history(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(any::<Step>(), most / 2..most)
}

/// The `n`th step of a walk that is the same in every run and goes everywhere.
pub fn walk(n: u32) -> Step {
    let mut mixed = (u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        mixed = (mixed ^ (mixed >> shift)).wrapping_mul(factor);
    }
    let [a, b, c, d, ..] = (mixed ^ (mixed >> 31)).to_le_bytes();
    (a, b, c, d)
}

pub async fn write(world: &mut World, step: Step, at: i64) {
    let (kind, who, a, b) = step;
    match kind % 10 {
        8 | 9 => admission_step(world, (a, who, kind / 10, b), at).await,
        0 => steps::write(world, (a, who, kind / 8, b), at).await,
        1..=3 => person_step(world, (kind / 8, who, a, b), at).await,
        4..=6 => inspection_step(world, (kind / 8, who, a, b), at).await,
        _ if b.is_multiple_of(3) => alert(world, who, a, b, at).await,
        _ => visit(world, who, a, b, at).await,
    }
}

async fn visit(world: &mut World, who: u8, a: u8, b: u8, at: i64) {
    let n = who % 8;
    let stream = visits_stream(institution(n % 7), 2025);
    let event: VisitsEvent = if b % 4 == 1 {
        VisitReleased {
            inspection: inspection(n),
        }
        .into()
    } else {
        let counts = !a.is_multiple_of(3);
        VisitCounted {
            inspection: inspection(n),
            purpose: Purpose::Routine,
            counts,
            cap: counts.then_some(1 + u32::from(a % 2)),
        }
        .into()
    };
    world
        .event_for(&stream, &event, at, None, Classification::Regulator)
        .await;
}

pub fn raised(rule: AlertRule, home: Uuid, concerned: Option<Uuid>, period: &str, since: i64) -> AlertRaised {
    AlertRaised {
        rule,
        institution: home,
        person: concerned,
        inspection: None,
        application: None,
        period: period.to_owned(),
        since_date: day(since),
        evidence: shown_by(),
        severity: None,
        rule_policy: None,
        threshold: None,
        due_date: None,
    }
}

fn shown_by() -> Vec<FactRef> {
    vec![FactRef {
        stream: "person-1".to_owned(),
        revision: 3,
    }]
}

/// One of the few alerts that there are: raised, under one of the versions of its rule or none, then anything in any order.
async fn alert(world: &mut World, who: u8, a: u8, b: u8, at: i64) {
    // Alerts are written where `b` is a multiple of three.
    let b = b / 3;
    let (n, period) = (who % 6, (a % 4).to_string());
    let rule = AlertRule::ALL[usize::from(n + 3 * (a % 4)) % AlertRule::ALL.len()];
    let stream = format!("alert-{}", alert_id(rule, person(n), &period));
    let event: AlertEvent = if world.begun(&stream) {
        match b % 7 {
            0 | 1 => AlertAcknowledged { note: None }.into(),
            2 => AlertLinked {
                target: LinkTarget::Inspection(inspection(n)),
            }
            .into(),
            3 => AlertLinked {
                target: LinkTarget::Application(u32::from(a)),
            }
            .into(),
            4 => AlertDismissed {
                reason: DismissalReason::ALL[usize::from(a) % DismissalReason::ALL.len()],
                note: sealed(1),
            }
            .into(),
            5 => AlertConfirmed { statement: sealed(1) }.into(),
            _ => AlertLapsed {
                lapsed_date: day(at),
                evidence: shown_by(),
            }
            .into(),
        }
    } else {
        let version = u32::from(b % 3);
        AlertRaised {
            severity: (b % 4 == 1).then_some(AlertSeverity::Grave),
            rule_policy: (version > 0).then(|| PolicyRef {
                id: "cn-admission".to_owned(),
                version,
                sha256: "ab".repeat(32),
            }),
            threshold: (version > 0).then(|| "days:30".to_owned()),
            due_date: (version > 1).then(|| day(at + 9)),
            inspection: b.is_multiple_of(5).then(|| inspection(n)),
            ..raised(rule, institution(n), Some(person(n)), &period, at)
        }
        .into()
    };
    world
        .event_for(&stream, &event, at, None, Classification::Regulator)
        .await;
}
