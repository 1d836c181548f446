//! Documents of regions and of licences, and what documents differ in.

use crate::policy_support::{reference, region, shipped};
use jiff::civil::date;
use yujian_domain::inspection::Purpose;
use yujian_domain::institution::{InstitutionType, PaperKind};
use yujian_domain::policy::{PolicyDocument, PolicyKind, Source};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Reason;
use yujian_domain::values::ClassType;

/// What a region's document says is what was written of the region, and nothing else differs from the nation's.
#[test]
fn a_regions_document_differs_where_the_region_does() {
    let reference = Reference::shipped();
    let on = date(2026, 3, 2);
    let standards = |code: &str| reference.admission(&region(code), on).unwrap().0.standards.clone();
    let nation = standards("360102");
    let mut shenzhen = standards("440305");
    assert_eq!((shenzhen.max_classes, shenzhen.max_places), (Some(10), Some(120)));
    assert_eq!(shenzhen.min_area_per_place_cm2, Some(60_000));
    assert_eq!(shenzhen.min_area_per_place_without_outdoor_cm2, Some(80_000));
    assert_eq!(
        (shenzhen.highest_floor, shenzhen.older_toddler_highest_floor),
        (1, Some(2))
    );
    shenzhen.max_classes = None;
    shenzhen.max_places = None;
    shenzhen.min_area_per_place_cm2 = None;
    shenzhen.min_area_per_place_without_outdoor_cm2 = None;
    shenzhen.highest_floor = 3;
    shenzhen.older_toddler_highest_floor = None;
    assert_eq!(shenzhen, nation);
    assert_eq!(standards("310101").min_built_area_per_place_cm2, Some(80_000));
    assert_eq!(standards("460105"), nation);
    assert_eq!(standards("330106"), nation);
    let inspection = |code: &str| reference.inspection(&region(code), on).unwrap().0.clone();
    let nation = inspection("330106");
    assert!(nation.counts(Purpose::Complaint, false) && !inspection("460105").counts(Purpose::Complaint, false));
    assert!(
        nation.ratio_exceeded(ClassType::Mixed, 6, 1) && !inspection("440305").ratio_exceeded(ClassType::Mixed, 6, 1)
    );
    assert!(inspection("440305").ratio_exceeded(ClassType::Mixed, 7, 1));
    assert_eq!(inspection("440305").backfill_days, 10);
    let mut mixed = inspection("440305");
    mixed.ratios.clone_from(&nation.ratios);
    assert_eq!(mixed, nation);
    let mut complaints = inspection("460105");
    complaints.purposes.clone_from(&nation.purposes);
    assert_eq!(complaints, nation);
}

#[test]
fn the_licence_regime_ships_with_the_clocks_of_the_licensing_law_and_is_not_active() {
    let none = Reference::shipped()
        .licence(&region("330106"), date(2028, 1, 3))
        .unwrap_err();
    assert_eq!(
        (none.reason, none.metadata["kind"].as_str()),
        (Reason::PolicyNotInForce, "licence")
    );

    let document = shipped("cn-licence", 1);
    assert_eq!(document.effective_date, date(2027, 7, 1));
    let active = reference(std::slice::from_ref(&document));
    assert!(active.licence(&region("330106"), date(2027, 6, 30)).is_err());
    let (policy, used) = active.licence(&region("330106"), date(2027, 7, 1)).unwrap();
    assert_eq!((used.id.as_str(), used.version), ("cn-licence", 1));
    assert_eq!(
        (policy.completeness_working_days, policy.decision_working_days),
        (5, 20)
    );
    assert_eq!(
        (policy.decision_extension_working_days, policy.joint_working_days),
        (10, 45)
    );
    assert_eq!(
        (policy.joint_extension_working_days, policy.certificate_working_days),
        (15, 10)
    );
    assert_eq!((policy.renewal_ask_days, policy.site_verifiers_min), (30, 2));
    assert_eq!(
        (
            policy.hearing_request_working_days,
            policy.hearing_hold_working_days,
            policy.hearing_notice_working_days
        ),
        (5, 20, 7)
    );
    assert_eq!((policy.false_papers_bar_months, policy.fraud_bar_months), (12, 36));
    assert!(policy.deemed_accepted && policy.deemed_renewed);
    assert_eq!(policy.paper_warning_days, [90, 30, 7, 0]);
    let papers = policy.required_papers(InstitutionType::FamilyPoint, true);
    assert!(
        papers
            .map(|rule| rule.kind)
            .any(|kind| kind == PaperKind::OwnersConsent)
    );
    let read = PolicyDocument::parse(&document.document).unwrap();
    for (path, article) in [("values.deemed_renewed", "§50"), ("values.fraud_bar_months", "§79")] {
        let mark = read.mark(path).unwrap();
        assert_eq!(mark.source, Source::Statute);
        assert_eq!(mark.legal_basis.as_ref().unwrap().article, article);
    }
    assert_eq!(read.mark("values.term_months").unwrap().source, Source::Assumed);
}

#[test]
fn a_licence_document_says_every_value_and_rules_types_all_or_none() {
    let good = shipped("cn-licence", 1).document;
    let path = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        PolicyDocument::parse(&good.replacen(from, to, 1)).unwrap_err().path
    };
    assert_eq!(path("value = 20\n", "value = 0\n"), "values.decision_working_days");
    assert_eq!(path("[90, 30, 7, 0]", "[90, 90]"), "values.paper_warning_days");
    assert_eq!(
        path("[standards.min_lease_years]", "[standards.lease]"),
        "standards.lease"
    );
    assert_eq!(path("[values.term_months]", "[values.terms]"), "values.terms");
    assert_eq!(
        path("value = [\"older_toddler\"]", "value = []"),
        "types.kindergarten_nursery_class.class_types"
    );
    assert_eq!(
        path("value = [\"older_toddler\"]", "value = [\"unknown\"]"),
        "types.kindergarten_nursery_class.class_types"
    );
    assert_eq!(
        path("value = [\"training_base\"]", "value = []"),
        "types.service_centre.shares_place_with"
    );
    let renamed = good.replace("[types.station.", "[types.stand.");
    assert_eq!(PolicyDocument::parse(&renamed).unwrap_err().path, "types.stand");
    let cut = good.find("[types.station.").unwrap();
    let next = good.find("[types.family_point.").unwrap();
    let without = format!("{}{}", &good[..cut], &good[next..]);
    assert_eq!(PolicyDocument::parse(&without).unwrap_err().path, "types.station");
}

#[test]
fn the_values_of_two_documents_are_compared_by_path() {
    let (first, second) = (shipped("cn-admission", 1).document, shipped("cn-admission", 2).document);
    let differences = PolicyDocument::differences(&first, &second).unwrap();
    let told: Vec<(&str, Option<&str>, Option<&str>)> = differences
        .iter()
        .map(|one| (one.path.as_str(), one.before.as_deref(), one.after.as_deref()))
        .collect();
    // The numbers are the same; only their sources differ, and one paper came.
    assert_eq!(
        told,
        [("papers.owners_consent", None, Some("{ types = [\"family_point\"] }"))]
    );
    assert_eq!(PolicyDocument::differences(&first, &first).unwrap(), []);

    let (first, second) = (shipped("cn-staffing", 1).document, shipped("cn-staffing", 2).document);
    let hours = PolicyDocument::differences(&first, &second).unwrap();
    assert_eq!(hours[0].path, "posts.person_in_charge.management_hours");
    assert_eq!(
        (hours[0].before.as_deref(), hours[0].after.as_deref()),
        (Some("0"), Some("60"))
    );
    let back = PolicyDocument::differences(&second, &first).unwrap();
    assert_eq!(back[0].after.as_deref(), Some("0"));

    let longer = second.replace("value = 31", "value = 40");
    let changed = PolicyDocument::differences(&second, &longer).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].path, "values.start_ahead_days");
}

#[test]
fn every_mark_stands_at_a_value() {
    for policy in Reference::shipped_policies() {
        let document = PolicyDocument::parse(policy.document).unwrap();
        let values = PolicyDocument::values(policy.document).unwrap();
        for path in document.marks.keys() {
            assert!(values.contains_key(path), "{} {path}", policy.id);
        }
    }
}

#[test]
fn the_document_that_decides_is_found_by_kind_region_and_day() {
    let reference = Reference::shipped();
    let found = |kind, code: &str, on| {
        let active = reference.in_force(kind, &region(code), on)?;
        Some((active.reference.id.clone(), active.reference.version))
    };
    let on = date(2026, 3, 2);
    for (kind, id, version) in [
        (PolicyKind::Admission, "cn-sh-admission", 1),
        (PolicyKind::Incident, "cn-incident", 2),
        (PolicyKind::Inspection, "cn-inspection", 1),
        (PolicyKind::Staffing, "cn-staffing", 2),
    ] {
        assert_eq!(found(kind, "310101", on), Some((id.to_owned(), version)));
    }
    assert_eq!(found(PolicyKind::Licence, "310101", on), None);
    assert_eq!(
        found(PolicyKind::Admission, "310101", date(2020, 1, 1)),
        Some(("cn-admission".to_owned(), 1))
    );
    for kind in PolicyKind::ALL {
        let shipped = Reference::shipped_policies().into_iter();
        assert!(
            shipped
                .map(|policy| PolicyDocument::parse(policy.document).unwrap().body.kind())
                .any(|one| one == *kind)
        );
    }
}
