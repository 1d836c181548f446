//! What a filing needs is what the policies say, with the source of each value, and nothing else.

use jiff::civil::Date;
use yujian_domain::advice::{Advice, Asked, Begins, Measure, advise, regime};
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::ClockKind;
use yujian_domain::envelope::Role;
use yujian_domain::institution::papers_came;
use yujian_domain::institution::{InstitutionType, Mode, Ownership, PaperKind, Regime};
use yujian_domain::policy::Source;
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Reason;
use yujian_domain::system::PolicyActivated;
use yujian_domain::time::Occurred;
use yujian_domain::values::RegionId;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn asked(institution_type: InstitutionType, date: &str) -> Asked {
    Asked {
        institution_type,
        mode: None,
        ownership: None,
        region: RegionId::parse("330106", 2019).unwrap(),
        makes_meals: false,
        date: day(date),
    }
}

/// The shipped reference, the licence regime in force from its own first day on.
fn with_licences() -> Reference {
    let shipped = Reference::shipped_policies();
    let policies: Vec<PolicyActivated> = shipped.into_iter().map(Into::into).collect();
    let holidays = Reference::shipped_holidays().into();
    let divisions = Reference::shipped().divisions;
    Reference::from_activations(&policies, Some(&holidays), divisions).unwrap()
}

fn period(advice: &Advice, kind: ClockKind) -> &yujian_domain::advice::Period {
    advice.clocks.iter().find(|period| period.kind == kind).unwrap()
}

#[test]
fn every_paper_standard_and_period_has_its_source() {
    let reference = with_licences();
    for institution_type in InstitutionType::ALL {
        if *institution_type == InstitutionType::Unknown {
            continue;
        }
        for date in ["2026-03-02", "2027-07-01"] {
            let advice = advise(&reference, &asked(*institution_type, date)).unwrap();
            let code = institution_type.code();
            assert!(advice.papers.iter().all(|paper| paper.mark.is_some()), "{code} {date}");
            for standard in &advice.standards {
                assert!(standard.mark.is_some(), "{code} {date}: {}", standard.key);
                assert!(!standard.title_zh.is_empty() && !standard.title_en.is_empty());
            }
            for period in &advice.clocks {
                let mark = period.mark.as_ref();
                let mark = mark.unwrap_or_else(|| panic!("{code} {date}: {}", period.kind.code()));
                assert!(mark.legal_basis.is_some() || mark.source == Source::Assumed);
            }
            assert!(!advice.steps.is_empty());
        }
    }
}

#[test]
fn the_regime_is_the_one_in_force_on_the_day_of_the_papers() {
    let reference = with_licences();
    let region = RegionId::parse("330106", 2019).unwrap();
    assert_eq!(regime(&reference, &region, day("2027-06-30")), Regime::Filing);
    assert_eq!(regime(&reference, &region, day("2027-07-01")), Regime::Licence);
    let advice = advise(&reference, &asked(InstitutionType::Station, "2027-07-01")).unwrap();
    assert_eq!(
        (advice.policy.id.as_str(), advice.policy_region.as_str()),
        ("cn-licence", "CN")
    );
}

#[test]
fn papers_depend_on_type_and_meals() {
    let reference = Reference::shipped();
    let kinds = |asked: &Asked| -> Vec<PaperKind> {
        let advice = advise(&reference, asked).unwrap();
        advice.papers.iter().map(|paper| paper.rule.kind).collect()
    };
    let mut station = asked(InstitutionType::Station, "2026-03-02");
    assert!(!kinds(&station).contains(&PaperKind::FoodLicence));
    station.makes_meals = true;
    assert!(kinds(&station).contains(&PaperKind::FoodLicence));
    assert!(!kinds(&station).contains(&PaperKind::OwnersConsent));
    let point = asked(InstitutionType::FamilyPoint, "2026-03-02");
    assert!(kinds(&point).contains(&PaperKind::OwnersConsent));
}

#[test]
fn a_type_is_told_which_mode_and_ownership_it_may_not_have() {
    let mut centre = asked(InstitutionType::ChildHealthCentre, "2027-07-01");
    centre.mode = Some(Mode::Private);
    centre.ownership = Some(Ownership::Private);
    let advice = advise(&with_licences(), &centre).unwrap();
    let fields: Vec<&str> = advice.conflicts.iter().map(|conflict| conflict.field).collect();
    assert_eq!(fields, ["mode", "ownership"]);
    assert!(advice.conflicts.iter().all(|conflict| conflict.mark.is_some()));
    centre.mode = Some(Mode::MedicalChildcare);
    centre.ownership = Some(Ownership::Public);
    assert!(advise(&with_licences(), &centre).unwrap().conflicts.is_empty());
}

#[test]
fn a_nursery_class_stays_with_education() {
    let nursery = asked(InstitutionType::KindergartenNurseryClass, "2027-07-01");
    let advice = advise(&with_licences(), &nursery).unwrap();
    assert_eq!(advice.supervising_authority, "县级教育部门");
    assert_eq!(advice.competent_authority, "县级卫生健康部门");
    let limits: Vec<&str> = advice
        .standards
        .iter()
        .filter_map(|standard| standard.key.strip_prefix("class_limits."))
        .collect();
    assert_eq!(limits, ["older_toddler"], "it takes children from two to three");
}

#[test]
fn later_periods_are_counted_from_the_last_days_of_those_before() {
    // The table covers nothing of 2027: what is counted is provisional from there on.
    let advice = advise(&with_licences(), &asked(InstitutionType::Comprehensive, "2027-07-01")).unwrap();
    let week = Calendar::default();
    let completeness = week.add_working_days(day("2027-07-01"), 5).date;
    let decision = week.add_working_days(completeness, 20).date;
    let certificate = week.add_working_days(decision, 10).date;
    assert_eq!(period(&advice, ClockKind::Completeness).due_date, Some(completeness));
    assert_eq!(period(&advice, ClockKind::Decision).due_date, Some(decision));
    assert_eq!(period(&advice, ClockKind::Certificate).due_date, Some(certificate));
    assert_eq!(period(&advice, ClockKind::Certificate).begins, Begins::Decision);
    assert!(
        advice
            .clocks
            .iter()
            .all(|period| period.provisional == period.due_date.is_some())
    );
    let asked_for = period(&advice, ClockKind::InformationReply);
    assert_eq!((asked_for.due_date, asked_for.begins), (None, Begins::Question));
}

#[test]
fn standards_are_integers_with_a_unit() {
    let advice = advise(
        &Reference::shipped(),
        &asked(InstitutionType::FamilyPoint, "2026-03-02"),
    )
    .unwrap();
    let of = |key: &str| advice.standards.iter().find(|standard| standard.key == key).unwrap();
    assert_eq!(
        (
            of("values.family_point_places").value,
            of("values.family_point_places").measure
        ),
        (5, Measure::Places)
    );
    assert_eq!(
        (of("values.lowest_floor").value, of("values.lowest_floor").measure),
        (1, Measure::Floor)
    );
    assert_eq!(
        (of("values.min_lease_years").value, of("values.min_lease_years").measure),
        (3, Measure::Years)
    );
}

#[test]
fn where_nothing_is_in_force_there_is_no_advice() {
    let refused = advise(&Reference::shipped(), &asked(InstitutionType::Station, "1999-01-01")).unwrap_err();
    assert_eq!(refused.reason, Reason::PolicyNotInForce);
}

#[test]
fn papers_of_an_operator_come_when_they_are_received_and_an_officer_may_record_earlier_ones() {
    let received = "2026-03-02T01:00:00Z".parse().unwrap();
    let told = Occurred::Day {
        date: day("2026-02-27"),
    };
    assert_eq!(papers_came(Role::Operator, received, Some(told)), day("2026-03-02"));
    assert_eq!(papers_came(Role::Officer, received, Some(told)), day("2026-02-27"));
    assert_eq!(papers_came(Role::Officer, received, None), day("2026-03-02"));
}
