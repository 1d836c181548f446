//! Steps of applications of the licence regime, of legal clocks and of authorizations.

use uuid::Uuid;
use yujian_domain::clock::{
    ApproverOffice, ClockCancelled, ClockExpired, ClockExtended, ClockKind, ClockMet, ClockPaused, ClockRecomputed,
    ClockRef, ClockResumed, ClockStarted, ExtensionReason, PauseReason, Unit,
};
use yujian_domain::envelope::Classification;
use yujian_domain::institution::{
    self, ApplicationKind, AuthorizationKind, CessationCause, ConditionTerms, DeemedOutcome, DismissalGround,
    InstitutionEvent, ItemProblem, ProposedOutcome, Regime, RegistryOutcome, RegistrySource, Representative,
    ReturnedItem, RevocationGround, Status, VerificationOutcome,
};

use crate::steps::Step;
use crate::support::{World, classes, credit_code, day, deadline, institution, sealed};

/// The number of the `n`th application of the licence regime: filings of the histories have smaller ones.
fn numbered(n: u8) -> u32 {
    11 + u32::from(n % 3)
}

fn kind_of(application: u32) -> ApplicationKind {
    [
        ApplicationKind::Renewal,
        ApplicationKind::Licence,
        ApplicationKind::Change,
    ][usize::try_from(application % 3).unwrap()]
}

pub fn submitted(application: u32) -> institution::ApplicationSubmitted {
    institution::ApplicationSubmitted {
        application,
        kind: kind_of(application),
        papers: vec![],
        makes_meals: false,
        premises: None,
        change: Some(institution::ChangeAsked {
            name: None,
            classes: Some(classes(2)),
        }),
        transfer: None,
        waiver: None,
        closing: None,
        policy: deadline(1).policy,
    }
}

pub fn returned(application: u32, items: &[&str]) -> institution::ApplicationReturned {
    let item = |item: &&str| ReturnedItem {
        item: (*item).to_owned(),
        rule: "APP-06".to_owned(),
        problem: ItemProblem::Missing,
    };
    institution::ApplicationReturned {
        application,
        items: items.iter().map(item).collect(),
    }
}

pub fn started(application: Option<u32>, kind: ClockKind, from: i64, due: i64) -> ClockStarted {
    ClockStarted {
        application,
        kind,
        from_date: day(from),
        unit: Unit::WorkingDays,
        count: 5,
        due: deadline(due),
    }
}

pub fn granted(application: u32, number: &str, from: i64, to: i64) -> institution::LicenceGranted {
    institution::LicenceGranted {
        application,
        number: number.to_owned(),
        valid_from_date: day(from),
        valid_to_date: day(to),
    }
}

pub fn imposed(condition: u32, due: i64) -> institution::ConditionImposed {
    institution::ConditionImposed {
        condition,
        terms: ConditionTerms {
            item: "papers.fire_safety".to_owned(),
            text: "补办消防手续".to_owned(),
            due_date: day(due),
            until_date: None,
        },
        application: None,
    }
}

pub fn revoked(at: i64) -> institution::AuthorizationRevoked {
    institution::AuthorizationRevoked {
        ground: RevocationGround::Breach,
        reasons: vec![],
        effective_date: day(at),
        approver: "officer-8".to_owned(),
        review_until_date: day(at + 60),
        suit_until_date: day(at + 180),
        barred_until_date: None,
    }
}

/// Writes a step about the institution; whatever it is, an application begins with its submission.
pub async fn admission_step(world: &mut World, (kind, who, a, b): Step, at: i64) {
    let n = who % 7;
    let application = numbered(a);
    if !world.applied.contains(&(n, application)) {
        world.applied.insert((n, application));
        return world.of_institution(n, submitted(application), at, None).await;
    }
    let own: Vec<ClockRef> = world
        .clocks
        .iter()
        .filter(|(of, _)| *of == n)
        .map(|(_, clock)| *clock)
        .collect();
    match kind % 40 {
        0..=20 => application_step(world, (kind % 40, n, a, b), application, &own, at).await,
        21..=29 => authorization_step(world, (kind % 40, n, a, b), application, at).await,
        30..=33 => {
            let kind = ClockKind::ALL[usize::from(b) % ClockKind::ALL.len()];
            let of = (!b.is_multiple_of(4)).then_some(application);
            world
                .start_clock(n, started(of, kind, at, at + i64::from(b % 15)), at)
                .await;
        }
        _ if own.is_empty() => {}
        kind => {
            let clock = own[usize::from(b) % own.len()];
            let event = clock_change(kind, clock, b, at);
            world.of_institution(n, event, at, None).await;
        }
    }
}

fn clock_change(kind: u8, clock: ClockRef, b: u8, at: i64) -> InstitutionEvent {
    match kind {
        34 => ClockPaused {
            clock,
            reason: PauseReason::InformationAwaited,
            from_date: day(at),
            told_date: None,
        }
        .into(),
        35 => ClockResumed {
            clock,
            on_date: day(at),
            due: deadline(at + i64::from(b % 9)),
        }
        .into(),
        36 if b.is_multiple_of(2) => ClockExtended {
            clock,
            reason: ExtensionReason::ComplexMatter,
            count: 10,
            approver: "head-1".to_owned(),
            approver_office: ApproverOffice::HeadOfAuthority,
            told_date: day(at),
            due: deadline(at + i64::from(b % 20)),
        }
        .into(),
        36 => ClockRecomputed {
            clock,
            due: deadline(at + i64::from(b % 20)),
            holidays_sha256: "0".repeat(64),
        }
        .into(),
        37 | 38 if b.is_multiple_of(3) => ClockExpired {
            clock,
            due_date: day(at - 1),
        }
        .into(),
        37 | 38 => ClockMet {
            clock,
            on_date: day(at),
            late: b.is_multiple_of(2),
        }
        .into(),
        _ if b.is_multiple_of(2) => ClockExpired {
            clock,
            due_date: day(at - 1),
        }
        .into(),
        _ => ClockCancelled {
            clock,
            on_date: day(at),
        }
        .into(),
    }
}

async fn application_step(world: &mut World, step: Step, application: u32, own: &[ClockRef], at: i64) {
    let (kind, n, _, b) = step;
    let clock = own.get(usize::from(b) % own.len().max(1)).copied().unwrap_or(ClockRef {
        kind: ClockKind::Decision,
        revision: 9_999,
    });
    let mut classification = Classification::Operator;
    let event: InstitutionEvent = match kind {
        0 => submitted(application).into(),
        1 | 2 => {
            let items = ["papers.fire_safety", "papers.hygiene_evaluation", "papers.fire_safety"];
            returned(application, &items[..usize::from(b % 3) + 1]).into()
        }
        3 | 4 => institution::ApplicationAccepted {
            application,
            joint: b.is_multiple_of(2),
        }
        .into(),
        5 if b.is_multiple_of(5) => institution::ApplicationDismissed {
            application,
            ground: DismissalGround::ALL[usize::from(b) % 2],
            competent_authority: None,
        }
        .into(),
        5 | 6 => institution::InformationRequested {
            application,
            questions: vec![],
        }
        .into(),
        7 => institution::InformationProvided {
            application,
            papers: vec![],
            statement: None,
        }
        .into(),
        8 => institution::RegistryChecked {
            application: Some(application),
            source: RegistrySource::Fire,
            item: "papers.fire_safety".to_owned(),
            number: None,
            outcome: RegistryOutcome::ALL[usize::from(b) % 4],
            valid_to_date: None,
            record_date: day(at),
            response_sha256: "0".repeat(64),
        }
        .into(),
        9 => institution::SiteVerified {
            application,
            visit_date: day(at),
            verifiers: vec![],
            outcome: VerificationOutcome::Meets,
            items: vec![],
            inspection: None,
        }
        .into(),
        10 => {
            if b.is_multiple_of(2) {
                classification = Classification::Regulator;
            }
            institution::DecisionProposed {
                application,
                outcome: ProposedOutcome::ALL[usize::from(b) % 2],
                conditions: vec![],
                reasons: vec![],
                deceit: None,
            }
            .into()
        }
        11 => institution::ProposalReturned {
            application,
            reason: sealed(9),
        }
        .into(),
        12 => institution::ApplicationGranted {
            application,
            decision_date: day(at),
            late: b.is_multiple_of(3),
        }
        .into(),
        13 => institution::RefusalIntended {
            application,
            reasons: vec![],
        }
        .into(),
        14 => institution::ObjectionLodged {
            application,
            grounds: sealed(9),
            hearing: true,
        }
        .into(),
        15 => institution::ObjectionDecided {
            application,
            upheld: b.is_multiple_of(2),
            hearing_date: None,
            statement: sealed(9),
        }
        .into(),
        16 => institution::ApplicationRefused {
            application,
            decision_date: day(at),
            reasons: vec![],
            late: b.is_multiple_of(3),
            review_until_date: day(at + 60),
            suit_until_date: day(at + 180),
            barred_until_date: None,
        }
        .into(),
        17 if b.is_multiple_of(2) => institution::ApplicationWithdrawn {
            application,
            reason: sealed(9),
        }
        .into(),
        17 => institution::ApplicationLapsed { application, clock }.into(),
        18 | 19 => return deemed(world, n, application, clock, at, b.is_multiple_of(2)).await,
        _ => institution::RegistryChecked {
            application: None,
            source: RegistrySource::CivilAffairs,
            item: "credit_code".to_owned(),
            number: None,
            outcome: RegistryOutcome::Revoked,
            valid_to_date: None,
            record_date: day(at),
            response_sha256: "0".repeat(64),
        }
        .into(),
    };
    let stream = format!("institution-{}", institution(n));
    world.event_for(&stream, &event, at, None, classification).await;
}

/// The law supplies an outcome, and it stands, or an act in time takes it back at once.
async fn deemed(world: &mut World, n: u8, application: u32, clock: ClockRef, at: i64, stands: bool) {
    let renewal = kind_of(application) == ApplicationKind::Renewal;
    let outcome = if renewal {
        DeemedOutcome::Renewed
    } else {
        DeemedOutcome::Accepted
    };
    let applied = institution::DeemedOutcomeApplied {
        application,
        outcome,
        clock,
        effective_date: day(at),
    };
    world.of_institution(n, applied, at, None).await;
    if renewal {
        let event = institution::LicenceRenewed {
            application,
            valid_from_date: day(at),
            valid_to_date: day(at + 90),
        };
        world.of_institution(n, event, at, None).await;
    }
    if !stands {
        let event = institution::DeemedOutcomeReversed {
            application,
            outcome,
            revision: 0,
            act_date: day(at),
        };
        world.of_institution(n, event, at, None).await;
    }
}

async fn authorization_step(world: &mut World, (kind, n, a, b): Step, application: u32, at: i64) {
    let until = at + 30 + i64::from(b);
    let event: InstitutionEvent = match kind {
        21 => granted(application, &format!("浙托许{a}"), at, until).into(),
        22 => institution::LicenceRenewed {
            application,
            valid_from_date: day(at),
            valid_to_date: day(until),
        }
        .into(),
        23 => institution::CertificateIssued {
            application,
            issue_date: day(at),
            late: b.is_multiple_of(2),
        }
        .into(),
        24 if b.is_multiple_of(3) => institution::AuthorizationTransferred {
            application,
            from_credit_code: credit_code(a % 4),
            credit_code: credit_code(b % 4),
            representative: Representative {
                name: sealed(1),
                phone: sealed(2),
                identity: None,
                identity_digest: None,
            },
            effective_date: day(at),
        }
        .into(),
        24 => institution::WaiverGranted {
            application,
            item: "premises.highest_floor".to_owned(),
            from_date: day(at),
            until_date: day(until),
        }
        .into(),
        25 => imposed(u32::from(a % 3) + 1, until).into(),
        26 if b.is_multiple_of(2) => institution::ConditionMet {
            condition: u32::from(a % 3) + 1,
            on_date: day(at),
            late: b.is_multiple_of(4),
            statement: sealed(9),
        }
        .into(),
        26 => institution::ConditionLifted {
            condition: u32::from(a % 3) + 1,
            reason: sealed(9),
        }
        .into(),
        27 if b.is_multiple_of(2) => institution::MadeProvisional {
            until_date: day(until),
            reasons: vec![],
        }
        .into(),
        27 => institution::StandingRestored { statement: sealed(9) }.into(),
        28 if b.is_multiple_of(4) => revoked(at).into(),
        28 if b.is_multiple_of(2) => institution::AuthorizationExpired {
            kind: AuthorizationKind::Licence,
            valid_to_date: day(at - 1),
        }
        .into(),
        28 => institution::RegimeChanged {
            from: Regime::Filing,
            to: Regime::Licence,
            application,
        }
        .into(),
        _ => match b % 5 {
            0 => institution::CessationOpened {
                cause: CessationCause::Closing,
                children_to_place: 12,
                enrolment_frozen_date: day(at),
            }
            .into(),
            1 => institution::PlacementRecorded {
                children: 3,
                institution: Some(Uuid::from_u128(7)),
                on_date: day(at),
            }
            .into(),
            2 => institution::CessationClosed { on_date: day(at) }.into(),
            3 => institution::NonconformityNotified {
                reasons: vec![],
                finding_date: day(at),
                notice_due: deadline(at + 15),
                late: false,
            }
            .into(),
            _ => institution::ConformityConfirmed {
                statement: sealed(9),
                status: Status::Accepted,
            }
            .into(),
        },
    };
    world.of_institution(n, event, at, None).await;
}
