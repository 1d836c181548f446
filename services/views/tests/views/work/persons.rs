//! Steps of persons.

use uuid::Uuid;
use yujian_domain::envelope::Classification;
use yujian_domain::person::{self, CredentialKind, PersonEvent, Post};
use yujian_domain::personal::KeyedDigest;

use super::of_person;
use crate::steps::Step;
use crate::support::{World, credit_code, day, institution, region, sealed};

pub fn registered(n: u8, region_index: u8) -> person::PersonRegistered {
    person::PersonRegistered {
        region: region(region_index),
        organisation: n.is_multiple_of(2).then(|| credit_code(n % 4).to_string()),
        identity_kind: person::IdentityKind::ResidentId,
        identity: sealed(n.into()),
        identity_digest: digest(n),
        name: sealed(u128::from(n) + 100),
        phone: None,
        proofing: person::Proofing::Registry,
        birth_year: Some(1980 + i16::from(n)),
        account: None,
    }
}

pub fn digest(n: u8) -> KeyedDigest {
    KeyedDigest {
        epoch: 1,
        hex: format!("{n:064x}"),
    }
}

pub fn started(engagement: u32, at: Uuid, post: Post, from: i64, qualified: bool) -> person::EngagementStarted {
    person::EngagementStarted {
        engagement,
        institution: at,
        region: region(0),
        organisation: None,
        post,
        employment: person::Employment::Direct,
        share_permille: 500,
        start_date: day(from),
        qualified,
    }
}

pub fn claimed(credential: u32, kind: CredentialKind, expiry: Option<i64>) -> person::CredentialClaimed {
    person::CredentialClaimed {
        credential,
        kind,
        issuer: "人社局".to_owned(),
        number: sealed(7),
        certificate: digest(9),
        level: None,
        issue_date: day(-400),
        expiry_date: expiry.map(day),
        sha256: None,
    }
}

pub async fn person_step(world: &mut World, (kind, who, a, b): Step, at: i64) {
    let n = who % 6;
    let stream = of_person(n);
    let mut classification = Classification::Operator;
    if !world.begun(&stream) {
        let event = PersonEvent::from(registered(n, b));
        return world.event(&stream, &event, at, None).await;
    }
    let (number, home) = (u32::from(a % 3) + 1, institution(a % 3 + n % 4));
    let days = i64::from(b) - 60;
    let event: PersonEvent = match kind % 16 {
        0 => claimed(
            number,
            CredentialKind::ALL[usize::from(b) % 4],
            (!b.is_multiple_of(7)).then_some(at + days),
        )
        .into(),
        1 | 2 => person::CredentialVerified {
            credential: number,
            method: person::VerificationMethod::Registry,
        }
        .into(),
        3 if b.is_multiple_of(2) => person::CredentialExpired {
            credential: number,
            expiry_date: day(at),
        }
        .into(),
        3 => person::CredentialRevoked {
            credential: number,
            ground: person::RevocationGround::Lent,
            note: None,
        }
        .into(),
        4 | 5 => person::HealthCertificateRecorded {
            issuer: "市中心医院".to_owned(),
            issue_date: day(at - 3),
            expiry_date: day(at + days),
            passed: !b.is_multiple_of(5),
            sha256: None,
        }
        .into(),
        6 | 7 => {
            let clear = !b.is_multiple_of(4);
            if !clear {
                classification = Classification::Regulator;
            }
            person::RecordQueried {
                occasion: person::QueryOccasion::Yearly,
                queried_of: person::QueriedOf::Police,
                query_date: day(at),
                valid_until: day(at + days),
                clear,
                found: if clear { vec![] } else { vec![person::Offence::Abuse] },
            }
            .into()
        }
        8 => person::TrainingRecorded {
            kind: person::TrainingKind::InService,
            hours: b.into(),
            provider: "妇幼保健院".to_owned(),
            completed_date: day(at),
        }
        .into(),
        9 | 10 => started(
            number,
            home,
            Post::ALL[usize::from(b) % Post::ALL.len()],
            at,
            !b.is_multiple_of(3),
        )
        .into(),
        11 => person::PostChanged {
            engagement: number,
            institution: home,
            post: Post::ALL[usize::from(b) % Post::ALL.len()],
            share_permille: 1_000,
            from_date: day(at),
            qualified: b.is_multiple_of(2),
        }
        .into(),
        12 if b.is_multiple_of(2) => person::TakenOffDuty {
            engagement: number,
            institution: home,
            ground: person::OffDutyGround::Infectious,
        }
        .into(),
        12 => person::ReturnedToDuty {
            engagement: number,
            institution: home,
        }
        .into(),
        13 => person::EngagementEnded {
            engagement: number,
            institution: home,
            end_date: day(at),
            ground: person::EndGround::Resigned,
        }
        .into(),
        14 => person::PersonBarred {
            ground: person::BarGround::Record,
            from_date: day(at + i64::from(b % 9) - 4),
            until_date: (b.is_multiple_of(2)).then(|| day(at + days)),
            decision_number: format!("禁〔2025〕{b}"),
            reason: sealed(4),
        }
        .into(),
        _ if b.is_multiple_of(2) => person::BarLifted {
            decision_number: format!("解〔2025〕{b}"),
            reason: sealed(5),
        }
        .into(),
        _ => person::PersonDetailsChanged {
            name: None,
            phone: Some(sealed(6)),
            account: Some(format!("account-{b}")),
        }
        .into(),
    };
    world.event_for(&stream, &event, at, None, classification).await;
}
