//! What staff hand in: identities, certificates, examinations, answers to queries, trainings. Made up, but well formed.

use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::person::{
    ClaimCredential, CredentialKind, IdentityKind, Offence, Post, Proofing, QueriedOf, QueryOccasion,
    RecordHealthCertificate, RecordQuery, RecordTraining, RegisterPerson, TrainingKind,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::values::RegionId;

use crate::people::Dice;

/// Registers somebody under an identity number of the county; one in fifty has another document.
pub(crate) fn registration(dice: &mut Dice, county: &str) -> RegisterPerson {
    let identity = dice.identity(county);
    let mut register = RegisterPerson {
        institution: None,
        region: None,
        identity_kind: IdentityKind::ResidentId,
        identity: Sensitive::new(identity.expose()),
        name: Sensitive::new(dice.name()),
        phone: Some(Sensitive::new(dice.phone())),
        proofing: *dice.pick(&[
            Proofing::Counter,
            Proofing::Registry,
            Proofing::Registry,
            Proofing::Remote,
        ]),
        birth_date: None,
        account: None,
    };
    if dice.percent(2) {
        register.identity_kind = IdentityKind::HomeReturnPermit;
        register.identity = Sensitive::new(format!("H{:08}", dice.below(100_000_000)));
        register.birth_date = Some(identity.birth_date());
    }
    register
}

/// Registers a person at an institution.
pub(crate) fn at_institution(dice: &mut Dice, county: &str, institution: Uuid) -> RegisterPerson {
    RegisterPerson {
        institution: Some(institution),
        ..registration(dice, county)
    }
}

/// Registers an inspector of a county's authority.
pub(crate) fn at_authority(dice: &mut Dice, county: &RegionId, account: String) -> RegisterPerson {
    RegisterPerson {
        region: Some(county.clone()),
        account: Some(account),
        ..registration(dice, county.code())
    }
}

/// Tells of a certificate.
pub(crate) fn certificate(
    dice: &mut Dice,
    (kind, issuer): (CredentialKind, &str),
    issue_date: Date,
    expiry_date: Option<Date>,
) -> ClaimCredential {
    let levels = ["五级", "四级", "三级"];
    let number = format!(
        "{}{}{:07}",
        kind.code().chars().next().unwrap_or('x').to_ascii_uppercase(),
        issue_date.strftime("%Y%m"),
        dice.below(10_000_000)
    );
    ClaimCredential {
        kind,
        issuer: issuer.to_owned(),
        number: Sensitive::new(number),
        level: matches!(kind, CredentialKind::ChildcareWorker | CredentialKind::InfantCare)
            .then(|| (*dice.pick(&levels)).to_owned()),
        issue_date,
        expiry_date,
        sha256: dice.percent(70).then(|| dice.sha256()),
    }
}

/// An examination on a day.
pub(crate) fn examination(dice: &mut Dice, day: Date, passed: bool) -> RecordHealthCertificate {
    RecordHealthCertificate {
        issuer: (*dice.pick(&["县妇幼保健院", "市妇幼保健院", "县疾病预防控制中心"])).to_owned(),
        issue_date: day,
        passed,
        sha256: dice.percent(60).then(|| dice.sha256()),
    }
}

/// The answer to a record query on a day.
pub(crate) fn answer(dice: &mut Dice, occasion: QueryOccasion, day: Date, found: Vec<Offence>) -> RecordQuery {
    RecordQuery {
        occasion,
        queried_of: if dice.percent(75) {
            QueriedOf::Police
        } else {
            QueriedOf::Procuratorate
        },
        query_date: day,
        found,
    }
}

/// A training that ended on a day.
pub(crate) fn training(dice: &mut Dice, kind: TrainingKind, day: Date) -> RecordTraining {
    let hours = match kind {
        TrainingKind::Management => dice.between(60, 80),
        TrainingKind::PreService => dice.between(24, 60),
        TrainingKind::InService => dice.between(8, 24),
        TrainingKind::FirstAid | TrainingKind::FireSafety | TrainingKind::MentalHealth => dice.between(4, 12),
    };
    RecordTraining {
        kind,
        hours: u32::try_from(hours).unwrap_or(8),
        provider: (*dice.pick(&["浙江省托育服务指导中心", "县妇幼保健院", "县红十字会", "县消防救援大队"])).to_owned(),
        completed_date: day,
    }
}

/// Training in service that suits a post.
pub(crate) fn training_kind(dice: &mut Dice, post: Post) -> TrainingKind {
    match post {
        Post::Guard | Post::Cook | Post::Other => *dice.pick(&[TrainingKind::FireSafety, TrainingKind::FirstAid]),
        Post::PersonInCharge if dice.percent(30) => TrainingKind::Management,
        _ => *dice.pick(&[
            TrainingKind::InService,
            TrainingKind::InService,
            TrainingKind::InService,
            TrainingKind::FirstAid,
            TrainingKind::FireSafety,
            TrainingKind::MentalHealth,
        ]),
    }
}

/// First and last day of a certificate that is in force for some time to come.
pub(crate) fn validity(dice: &mut Dice, today: Date, years: Option<i64>) -> (Date, Option<Date>) {
    match years {
        None => (today.saturating_sub(days(dice, 90, 2500)), None),
        Some(years) => {
            let issue = today.saturating_sub(days(dice, 30, 600));
            (issue, Some(issue.saturating_add(years.years()).saturating_sub(1.day())))
        }
    }
}

/// A number of days as a span.
pub(crate) fn days(dice: &mut Dice, low: u64, high: u64) -> jiff::Span {
    i64::try_from(dice.between(low, high)).unwrap_or(1).days()
}
