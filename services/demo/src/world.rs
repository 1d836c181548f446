//! The made-up province: its institutions with the course that their lives take.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use yujian_domain::divisions::{Divisions, Level};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{Class, InstitutionType, Mode, Ownership, PaperKind, Registrar};
use yujian_domain::values::{ClassType, CreditCode, Places, RegionId};

use crate::people::Dice;
use crate::pilot;

/// Province of the demonstration.
const PROVINCE: &str = "33";

/// How an institution's life goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// Registers and never files.
    OnlyRegisters,
    /// Files incompletely and does not come back.
    StaysReturned,
    /// Filed completely, the receipt is overdue.
    WaitsForReceipt,
    /// Withdraws its filing.
    Withdraws,
    /// The ordinary course.
    Operates,
    /// Is found not up to standard and stays so.
    StaysNonconforming,
    /// Is found not up to standard and corrects it.
    Corrects,
    /// Suspends and stays suspended.
    StaysSuspended,
    /// Suspends and resumes.
    Pauses,
    /// Closes.
    Closes,
    /// Known from an old register.
    Imported,
}

impl Course {
    /// Whether half of those who take it lie in the city of the pilot. The courses of filings that come to nothing are told
    /// where filing lasts.
    const fn may_be_in_pilot(self) -> bool {
        matches!(self, Self::Operates | Self::Corrects | Self::Pauses | Self::Closes)
    }
}

/// Courses of a hundred institutions in turn: every state is met by several whatever their number, from 100 on.
const COURSES: [(Course, usize); 11] = [
    (Course::Operates, 58),
    (Course::Corrects, 8),
    (Course::Pauses, 8),
    (Course::Closes, 6),
    (Course::StaysReturned, 4),
    (Course::WaitsForReceipt, 4),
    (Course::StaysNonconforming, 3),
    (Course::StaysSuspended, 3),
    (Course::OnlyRegisters, 2),
    (Course::Withdraws, 2),
    (Course::Imported, 2),
];

/// One institution of the story.
pub(crate) struct Member {
    pub id: Option<Uuid>,
    pub course: Course,
    pub name: String,
    pub credit_code: CreditCode,
    pub region: RegionId,
    pub county: String,
    pub address: String,
    pub institution_type: InstitutionType,
    /// Types that share its place.
    pub also_types: Vec<InstitutionType>,
    pub mode: Mode,
    pub ownership: Ownership,
    pub registrar: Registrar,
    pub makes_meals: bool,
    pub classes: Vec<Class>,
    /// Whether incidents may happen there now.
    pub open: bool,
    /// Whether it has closed for good.
    pub closed: bool,
    /// Whether ordinary visits have begun.
    pub visited: bool,
    /// Papers that the first filing left out.
    pub missing: Vec<PaperKind>,
}

impl Member {
    pub(crate) fn operator(&self) -> Actor {
        Actor {
            id: format!("operator-{}", &self.credit_code.as_str()[8..]),
            role: Role::Operator,
            organisation: Some(self.credit_code.to_string()),
            jurisdiction: None,
        }
    }

    /// One of the county's officers.
    pub(crate) fn officer(&self, which: u32) -> Actor {
        officer(&self.county, which)
    }
}

pub(crate) fn officer(county: &str, which: u32) -> Actor {
    Actor {
        id: format!("officer-{county}-{which}"),
        role: Role::Officer,
        organisation: Some(format!("health-{county}")),
        jurisdiction: Some(county.to_owned()),
    }
}

/// What live traffic must know of the institutions, kept beside the data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Institutions where incidents may happen: id, credit code, county.
    pub open: Vec<(Uuid, String, String)>,
    /// Some of the persons who work at each of them.
    #[serde(default)]
    pub staff: BTreeMap<Uuid, Vec<Uuid>>,
    /// Inspectors by county whose certificates hold for years: person, account.
    #[serde(default)]
    pub inspectors: BTreeMap<String, Vec<(Uuid, String)>>,
}

/// Makes the institutions.
pub(crate) fn members(dice: &mut Dice, divisions: &Divisions, count: u32) -> Vec<Member> {
    let townships: Vec<_> = divisions
        .iter()
        .filter(|division| division.level == Level::Township && division.id.code().starts_with(PROVINCE))
        .collect();
    let (pilot, others): (Vec<_>, Vec<_>) = townships
        .into_iter()
        .partition(|division| division.id.code().starts_with(pilot::CITY));
    let courses: Vec<Course> = COURSES
        .iter()
        .flat_map(|(course, share)| std::iter::repeat_n(*course, *share))
        .collect();
    let mut members = Vec::new();
    for number in 0..count {
        // 37 has no factor in common with 100: a hundred institutions in turn meet every course.
        let course = courses[(number as usize * 37) % courses.len()];
        let in_pilot = number % 2 == 0 && course.may_be_in_pilot();
        let township = *dice.pick(if in_pilot { &pilot } else { &others });
        let code = township.id.code();
        let county = code[..6].to_owned();
        let kind = kind(dice);
        let for_profit = kind.3 == Registrar::MarketSupervision;
        let brand = dice.brand();
        let short = township.name.trim_end_matches("街道").trim_end_matches(['镇', '乡']);
        let (institution_type, suffix) = called(kind, number);
        let centre = institution_type == InstitutionType::ServiceCentre;
        members.push(Member {
            id: None,
            course,
            name: format!("{short}{brand}{}{suffix}", if for_profit { "" } else { "普惠" }),
            credit_code: dice.credit_code(&county, kind.3),
            region: township.id.clone(),
            address: format!(
                "{}{}路{}号",
                divisions.path(code).concat(),
                dice.brand(),
                dice.between(1, 400)
            ),
            county,
            institution_type,
            also_types: Vec::from_iter(centre.then_some(InstitutionType::TrainingBase)),
            mode: kind.1,
            ownership: kind.2,
            registrar: kind.3,
            makes_meals: dice.percent(60),
            classes: classes(dice, kind.0),
            open: false,
            closed: false,
            visited: false,
            missing: Vec::new(),
        });
    }
    members
}

type Kind = (InstitutionType, Mode, Ownership, Registrar);

/// How many institutions a story has before one is of a type that is seldom.
const COMMON: u32 = 100;

/// The type of an institution of a kind, and how its name ends: later on every third of some kinds is of a type that is
/// seldom.
fn called((institution_type, _, ownership, _): Kind, number: u32) -> (InstitutionType, &'static str) {
    use InstitutionType as T;
    let seldom = (number >= COMMON).then_some(number % 3);
    match (institution_type, ownership, seldom) {
        (T::CommunityFacility, Ownership::PurchasedService, Some(0)) => (T::ServiceCentre, "托育综合服务中心"),
        (T::CommunityFacility, Ownership::PurchasedService, Some(1)) => (T::Station, "照护服务驿站"),
        (T::Comprehensive, Ownership::PrivateSupported, Some(0)) => (T::TrainingBase, "托育实训基地"),
        (T::DemonstrationComprehensive, _, Some(0)) => (T::ChildHealthCentre, "儿童健康管理中心"),
        (T::KindergartenNurseryClass, ..) => (institution_type, "幼儿园托班"),
        _ => (institution_type, "托育园"),
    }
}

fn kind(dice: &mut Dice) -> Kind {
    use InstitutionType as T;
    let kinds: [Kind; 10] = [
        (
            T::Comprehensive,
            Mode::Private,
            Ownership::Private,
            Registrar::MarketSupervision,
        ),
        (
            T::Comprehensive,
            Mode::Private,
            Ownership::PrivateSupported,
            Registrar::CivilAffairs,
        ),
        (
            T::CommunityFacility,
            Mode::Community,
            Ownership::PublicBuiltPrivatelyRun,
            Registrar::CivilAffairs,
        ),
        (
            T::CommunityFacility,
            Mode::Community,
            Ownership::PurchasedService,
            Registrar::CivilAffairs,
        ),
        (
            T::KindergartenNurseryClass,
            Mode::KindergartenIntegrated,
            Ownership::Public,
            Registrar::EstablishmentOffice,
        ),
        (
            T::KindergartenNurseryClass,
            Mode::KindergartenIntegrated,
            Ownership::Private,
            Registrar::CivilAffairs,
        ),
        (
            T::WorkplaceFacility,
            Mode::Workplace,
            Ownership::PrivateSupported,
            Registrar::CivilAffairs,
        ),
        (
            T::RuralServicePoint,
            Mode::Community,
            Ownership::Public,
            Registrar::CivilAffairs,
        ),
        (
            T::DemonstrationComprehensive,
            Mode::MedicalChildcare,
            Ownership::Public,
            Registrar::EstablishmentOffice,
        ),
        (
            T::FamilyPoint,
            Mode::Private,
            Ownership::Private,
            Registrar::MarketSupervision,
        ),
    ];
    *dice.pick(&kinds)
}

/// Classes within the national limits.
pub(crate) fn classes(dice: &mut Dice, kind: InstitutionType) -> Vec<Class> {
    let class = |name: String, class_type, places| Class {
        name,
        class_type,
        places: Places::new(u32::try_from(places).unwrap_or(1)).expect("small and not zero"),
    };
    if kind == InstitutionType::FamilyPoint {
        return vec![class("家庭组".to_owned(), ClassType::Mixed, dice.between(3, 5))];
    }
    let mut classes = Vec::new();
    if kind != InstitutionType::KindergartenNurseryClass {
        if dice.percent(30) {
            classes.push(class("乳儿班".to_owned(), ClassType::Infant, dice.between(6, 10)));
        }
        for number in 1..=dice.between(1, 2) {
            classes.push(class(
                format!("托小{number}班"),
                ClassType::YoungerToddler,
                dice.between(10, 15),
            ));
        }
    }
    for number in 1..=dice.between(1, 3) {
        classes.push(class(
            format!("托大{number}班"),
            ClassType::OlderToddler,
            dice.between(14, 20),
        ));
    }
    classes
}
