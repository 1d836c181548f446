//! Random histories: steps that pick from a small world, so that they meet each other.

use std::collections::BTreeMap;

use uuid::Uuid;
use yujian_domain::incident::{self, Category, Injury, Outcome, Priority, Severity};
use yujian_domain::institution::{self, ItemProblem, Mode, ReturnedItem, Status, SuspensionKind};
use yujian_domain::time::start_of;
use yujian_domain::values::ExternalId;

use crate::support::{
    NAMES, World, child, classes, day, deadline, imported, incident, institution, notified, region, registered, sealed,
};

/// One random step of a history; numbers pick from small worlds so that steps meet each other.
pub type Step = (u8, u8, u8, u8);

/// Writes a step. Whatever it is, an institution's stream begins with a registration or an import, an incident's with a
/// notification or an import; otherwise no rule of any state machine is kept: folds take what was recorded.
pub async fn write(world: &mut World, step: Step, at: i64) {
    let (kind, who, a, b) = step;
    let n = who % 7;
    if !world.begun(&format!("institution-{}", institution(n))) {
        let name = NAMES[usize::from(a) % NAMES.len()];
        if a % 5 == 0 {
            return world.of_institution(n, imported(n, name, b), at, None).await;
        }
        return world.of_institution(n, registered(n, name, b, a), at, None).await;
    }
    if kind % 20 >= 13 {
        return incident_step(world, step, at).await;
    }
    let effective = Some(at + i64::from(b % 60) - 30);
    let application = u32::from(a % 2) + 1;
    match kind % 20 {
        0 => {
            let event = institution::FilingSubmitted {
                application,
                papers: vec![],
                makes_meals: true,
                premises: None,
            };
            world.of_institution(n, event, at, None).await;
        }
        1 => {
            let item = |item: &str| ReturnedItem {
                item: item.to_owned(),
                rule: "FIL-01".to_owned(),
                problem: ItemProblem::Missing,
            };
            let items = vec![item("papers.fire_safety"), item("premises.lowest_floor")];
            let items = items.into_iter().take(usize::from(b % 2) + 1).collect();
            world
                .of_institution(n, institution::FilingReturned { application, items }, at, None)
                .await;
        }
        2 | 3 => {
            let event = institution::FilingAccepted {
                application,
                receipt_due: deadline(at + i64::from(b % 9)),
                nonconformity_due: None,
                left_to_verification: vec![],
            };
            world.of_institution(n, event, at, None).await;
        }
        4 | 5 => {
            let event = institution::FilingReceiptIssued {
                application,
                receipt_number: format!("浙托备{a}"),
                issue_date: day(at),
                late: b % 3 == 0,
            };
            world.of_institution(n, event, at, None).await;
        }
        6 => {
            let event = institution::FilingWithdrawn {
                application,
                reason: sealed(9),
                status: Status::Registered,
            };
            world.of_institution(n, event, at, None).await;
        }
        7 => {
            let event = institution::InstitutionSuspended {
                kind: SuspensionKind::Voluntary,
                reason: sealed(9),
                from_date: day(at),
                until_date: None,
            };
            world.of_institution(n, event, at, effective).await;
        }
        8 => {
            let status = if a % 2 == 0 { Status::Filed } else { Status::Accepted };
            let event = institution::InstitutionResumed {
                from_date: day(at),
                statement: sealed(9),
                status,
            };
            world.of_institution(n, event, at, effective).await;
        }
        9 => {
            let event = institution::InstitutionClosed {
                reason: sealed(9),
                closing_date: day(at),
                children_to_place: 0,
            };
            world.of_institution(n, event, at, None).await;
        }
        10 => {
            let event = institution::DetailsChanged {
                name: Some(NAMES[usize::from(a) % NAMES.len()].to_owned()),
                address: (b % 2 == 0).then(|| format!("路 {b}")),
                region: (b % 4 == 0).then(|| region(a)),
                point: None,
                mode: (b % 3 == 0).then_some(Mode::Community),
                ownership: None,
                representative: None,
            };
            world.of_institution(n, event, at, effective).await;
        }
        11 => {
            world
                .of_institution(n, institution::ClassesChanged { classes: classes(a) }, at, effective)
                .await;
        }
        _ => {
            let (key, value) = match b % 4 {
                0 => ("name", Some(serde_json::json!("更正后名称"))),
                1 => ("classes", Some(serde_json::to_value(classes(a)).unwrap())),
                2 => ("address", None),
                _ => ("classes", None),
            };
            let event = institution::FactCorrected {
                revision: u64::from(a % 4),
                key: key.to_owned(),
                value,
                valid_from_date: day(at - i64::from(a % 40)),
                reason: sealed(9),
                approver: "officer-8".to_owned(),
            };
            world.of_institution(n, event, at, Some(at - i64::from(a % 40))).await;
        }
    }
}

async fn incident_step(world: &mut World, (kind, who, a, b): Step, at: i64) {
    let n = a % 9;
    let home = institution(who % 7);
    let category = Category::ALL[usize::from(b) % Category::ALL.len()];
    if !world.begun(&format!("incident-{}", incident(n))) {
        if b % 4 == 0 {
            return world.of_incident(n, harm(home, n, category, b), at).await;
        }
        return world
            .of_incident(n, notified(home, category, at - i64::from(b % 5), b % 3 == 0), at)
            .await;
    }
    match kind % 20 {
        13 => {
            let event = incident::IncidentTriaged {
                priority: Priority::ALL[usize::from(b) % 4],
                regulatory: true,
                reason: sealed(9),
            };
            world.of_incident(n, event, at).await;
        }
        14 => {
            let event = incident::InvestigationOpened {
                lead: "officer-9".to_owned(),
                plan: None,
                due: deadline(at + 20),
            };
            world.of_incident(n, event, at).await;
        }
        15 => {
            let event = incident::IncidentConcluded {
                outcome: Outcome::ALL[usize::from(b) % Outcome::ALL.len()],
                actions: vec![],
                advice: None,
            };
            world.of_incident(n, event, at).await;
        }
        16 => {
            world
                .of_incident(n, incident::IncidentReopened { reason: sealed(9) }, at)
                .await;
        }
        17 => {
            let event = incident::GuardianNotified {
                child: u32::from(b % 3) + 1,
                told_time: start_of(day(at)),
                channel: incident::Channel::Phone,
                late: false,
            };
            world.of_incident(n, event, at).await;
        }
        18 => {
            let event = incident::IncidentSupplemented {
                narrative: None,
                children: vec![child(3, Severity::Hospital)],
                category: Some(category),
                severities: vec![],
            };
            world.of_incident(n, event, at).await;
        }
        _ => world.of_incident(n, harm(home, n, category, b), at).await,
    }
}

fn harm(home: Uuid, n: u8, category: Category, b: u8) -> incident::RecordImported {
    incident::RecordImported {
        institution: home,
        external: ExternalId {
            register: "texas".to_owned(),
            number: format!("C-{n}"),
        },
        ordinal: 0,
        category,
        intake_date: (!b.is_multiple_of(8)).then(|| day(i64::from(b % 50))),
        completed_date: None,
        injury: Injury::Unknown,
        severity: Severity::ALL[usize::from(b) % Severity::ALL.len()],
        outcome: Outcome::Unknown,
        details: BTreeMap::new(),
        narrative: None,
    }
}
