//! The staff of the story as data: which posts an institution has, what their holders bring, and what becomes of them.

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::institution::{Class, InstitutionType};
use yujian_domain::person::{CredentialKind, Employment, Post};
use yujian_domain::values::ClassType;

use crate::people::Dice;
use crate::world::Member;

/// Children to a carer by class type, as an ordinary institution staffs itself: 托育机构设置标准 §20; for mixed classes
/// the ratio of the youngest who may be in one.
pub(crate) const fn ratio(class_type: ClassType) -> u32 {
    match class_type {
        ClassType::Infant => 3,
        ClassType::YoungerToddler | ClassType::Mixed | ClassType::Unknown => 5,
        ClassType::OlderToddler => 7,
    }
}

/// What happens to somebody besides the ordinary course of certificates, trainings and leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Ordinary,
    /// The first certificate is not known to its issuer; a second one is.
    TellsAgain,
    /// The certificate was forged, and no other follows.
    Forged,
    /// Works before the certificate is told and verified.
    LatePapers,
    /// Never hands in a certificate.
    NoPapers,
    /// The certificate runs out.
    Expires,
    /// The issuer takes the certificate away.
    Revoked,
    /// The certificate was lent to a second institution.
    Lends,
    /// Also works full time elsewhere.
    WorksTwice,
    /// Takes another post.
    ChangesPost,
    /// Falls ill with something infectious.
    Infectious,
    /// Does not pass the yearly examination at first.
    Unfit,
    /// Goes to the yearly examination late.
    LateHealth,
    /// The yearly query is made late.
    LateQuery,
    /// Is under investigation.
    Investigated,
    /// A record is found on hiring.
    RecordOnHiring,
    /// A record is found at a later query.
    RecordLater,
    /// Abused children: barred for life.
    Abuses,
    /// Barred by an order that is lifted later.
    Cleared,
    /// Barred for some months.
    BarredForATime,
    /// Name or phone change.
    ChangesName,
}

/// Fates of two hundred people in turn, with their shares.
const FATES: [(Fate, usize); 21] = [
    (Fate::Ordinary, 118),
    (Fate::TellsAgain, 6),
    (Fate::Forged, 2),
    (Fate::LatePapers, 12),
    (Fate::NoPapers, 6),
    (Fate::Expires, 10),
    (Fate::Revoked, 2),
    (Fate::Lends, 2),
    (Fate::WorksTwice, 3),
    (Fate::ChangesPost, 8),
    (Fate::Infectious, 6),
    (Fate::Unfit, 3),
    (Fate::LateHealth, 5),
    (Fate::LateQuery, 4),
    (Fate::Investigated, 3),
    (Fate::RecordOnHiring, 1),
    (Fate::RecordLater, 1),
    (Fate::Abuses, 1),
    (Fate::Cleared, 1),
    (Fate::BarredForATime, 1),
    (Fate::ChangesName, 5),
];

/// The fate of the `number`-th person: whoever hires two hundred meets every one.
pub(crate) fn fate(number: usize) -> Fate {
    let all: usize = FATES.iter().map(|(_, share)| share).sum();
    // 77 has no factor in common with 200, and spreads neighbours over the table.
    let mut place = (number * 77 + 5) % all;
    for (fate, share) in FATES {
        if place < share {
            return fate;
        }
        place -= share;
    }
    Fate::Ordinary
}

/// Somebody of the story who works at institutions. What the person's stream says is asked of the stream.
pub(crate) struct Worker {
    /// Person, once registered.
    pub id: Option<Uuid>,
    /// Institution that registered the person: its county's authority knows the person always.
    pub home: usize,
    /// Institution that employs, or is about to.
    pub institution: usize,
    /// Post of the first engagement.
    pub post: Post,
    /// What becomes of the person.
    pub fate: Fate,
    /// Institution of a second engagement.
    pub second: Option<usize>,
    /// Whether the certificate that runs out was told: the next one lasts.
    pub told_again: bool,
}

/// One of a county's inspectors.
#[derive(Debug, Clone)]
pub(crate) struct Surveyor {
    /// Person.
    pub id: Uuid,
    /// Account.
    pub account: String,
    /// First and last days of the enforcement certificates as verified.
    pub certificates: Vec<(Date, Date)>,
}

impl Surveyor {
    /// Whether a certificate is valid on both days.
    pub(crate) fn certified(&self, days: [Date; 2]) -> bool {
        days.iter()
            .all(|day| self.certificates.iter().any(|(from, to)| from <= day && day <= to))
    }
}

/// Posts of an institution: one entry a person.
pub(crate) fn posts(member: &Member) -> Vec<Post> {
    let mut posts = vec![Post::PersonInCharge];
    let carers: u32 = member.classes.iter().map(carers).sum();
    posts.extend(std::iter::repeat_n(Post::Carer, carers as usize));
    if member.institution_type == InstitutionType::FamilyPoint {
        return posts;
    }
    posts.push(Post::HealthWorker);
    // The nursery class of a kindergarten shares the kindergarten's gate.
    if member.institution_type != InstitutionType::KindergartenNurseryClass {
        posts.push(Post::Guard);
    }
    if member.makes_meals {
        posts.push(Post::Cook);
    }
    if member.classes.len() >= 4 {
        posts.push(Post::Other);
    }
    posts
}

/// Carers of a class that is nearly full.
fn carers(class: &Class) -> u32 {
    (class.places.count() * 9 / 10).div_ceil(ratio(class.class_type)).max(1)
}

/// Who employs in a post.
pub(crate) fn employment(dice: &mut Dice, post: Post) -> Employment {
    match post {
        Post::Guard => Employment::Agency,
        Post::Cook if dice.percent(30) => Employment::Agency,
        Post::Carer if dice.percent(4) => Employment::Trainee,
        _ => Employment::Direct,
    }
}

/// Share of full time in permille.
pub(crate) fn share(dice: &mut Dice, post: Post) -> u32 {
    match post {
        Post::HealthWorker if dice.percent(35) => 500,
        Post::Other if dice.percent(50) => 500,
        Post::Carer if dice.percent(5) => 800,
        _ => 1000,
    }
}

/// Certificate that the post asks for, with its issuer and the years that it is valid for.
pub(crate) fn certificate(dice: &mut Dice, post: Post) -> Option<(CredentialKind, &'static str, Option<i64>)> {
    match post {
        Post::PersonInCharge => Some((
            CredentialKind::PersonInChargeTraining,
            "浙江省托育服务指导中心",
            Some(5),
        )),
        Post::Carer => Some(if dice.percent(60) {
            (CredentialKind::ChildcareWorker, "浙江省职业技能鉴定指导中心", None)
        } else {
            (CredentialKind::InfantCare, "浙江省职业技能鉴定指导中心", None)
        }),
        Post::HealthWorker => Some((CredentialKind::HealthWorkerTraining, "浙江省妇幼保健中心", Some(3))),
        Post::Guard => Some((CredentialKind::SecurityGuard, "浙江省公安厅", None)),
        Post::Cook => Some((CredentialKind::FoodSafety, "浙江省市场监督管理局", Some(3))),
        Post::Other => None,
    }
}

/// A second certificate that many have.
pub(crate) fn further_certificate(dice: &mut Dice, post: Post) -> Option<(CredentialKind, &'static str, Option<i64>)> {
    match post {
        Post::PersonInCharge if dice.percent(60) => Some((CredentialKind::Teacher, "浙江省教育厅", None)),
        Post::HealthWorker if dice.percent(50) => Some((CredentialKind::Medical, "浙江省卫生健康委员会", None)),
        Post::Carer | Post::PersonInCharge if dice.percent(45) => {
            Some((CredentialKind::FirstAid, "浙江省红十字会", Some(3)))
        }
        Post::Other if dice.percent(20) => Some((CredentialKind::Other, "浙江省总工会", None)),
        _ => None,
    }
}
