//! The shipped policy documents, the choice of the version in force, and what is refused.

use std::sync::Arc;

use crate::policy_support::{reference, region, shipped};
use jiff::civil::{Date, date};
use yujian_domain::divisions::Divisions;
use yujian_domain::incident::{Category, Priority};
use yujian_domain::inspection::{Purpose, Weight};
use yujian_domain::institution::{InstitutionType, PaperKind};
use yujian_domain::person::{CredentialKind, Post};
use yujian_domain::policy::{CountsFrom, PolicyDocument, Source};
use yujian_domain::reference::{Reference, ReferenceError};
use yujian_domain::rejection::Reason;
use yujian_domain::system::{HolidaysActivated, PolicyActivated};
use yujian_domain::values::ClassType;

fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The shipped document with another id, version, region or date, as a province would activate its own.
fn variant(base: &PolicyActivated, changes: &[(&str, &str)]) -> PolicyActivated {
    let mut document = base.document.clone();
    for (from, to) in changes {
        assert!(document.contains(from), "{from}");
        document = document.replacen(from, to, 1);
    }
    let parsed = PolicyDocument::parse(&document).unwrap();
    PolicyActivated {
        policy: parsed.id,
        version: parsed.version,
        sha256: sha256(&document),
        effective_date: parsed.effective_date,
        retroactive_approver: None,
        document,
    }
}

#[test]
fn the_shipped_rules_hold_the_numbers_of_the_measures() {
    let reference = Reference::shipped();
    let (policy, used) = reference.admission(&region("360102"), date(2026, 3, 2)).unwrap();
    assert_eq!((used.id.as_str(), used.version), ("cn-admission", 3));
    assert_eq!(used.sha256.len(), 64);
    assert_eq!(policy.receipt_working_days, 5);
    assert_eq!(policy.nonconformity_working_days, 15);
    assert_eq!(policy.nonconformity_counts_from, CountsFrom::Finding);
    assert_eq!(
        (
            policy.standards.min_lease_years,
            policy.standards.highest_floor,
            policy.standards.lowest_floor
        ),
        (3, 3, 1)
    );
    assert!(policy.standards.free_use_as_lease);
    assert_eq!(policy.paper_warning_days, [90, 30, 7, 0]);
    assert_eq!((policy.standards.family_point_places, policy.max_returns), (5, 1));
    let limits = [
        ClassType::Infant,
        ClassType::YoungerToddler,
        ClassType::OlderToddler,
        ClassType::Mixed,
    ];
    assert_eq!(
        limits.map(|class| policy.class_limit(class)),
        [Some(10), Some(15), Some(20), Some(18)]
    );
    assert_eq!(policy.class_limit(ClassType::Unknown), None);
}

#[test]
fn papers_follow_type_and_meals() {
    let reference = Reference::shipped();
    let (policy, _) = reference.admission(&region("33"), date(2026, 3, 2)).unwrap();
    let asked = |institution_type, meals| -> Vec<PaperKind> {
        policy
            .required_papers(institution_type, meals)
            .map(|rule| rule.kind)
            .collect()
    };
    let plain = asked(InstitutionType::Comprehensive, false);
    assert_eq!(plain.len(), 8);
    assert!(!plain.contains(&PaperKind::FoodLicence) && !plain.contains(&PaperKind::OwnersConsent));
    assert!(asked(InstitutionType::Comprehensive, true).contains(&PaperKind::FoodLicence));
    assert!(asked(InstitutionType::FamilyPoint, false).contains(&PaperKind::OwnersConsent));
    let concluding: Vec<_> = policy
        .papers
        .iter()
        .filter(|rule| rule.must_pass)
        .map(|rule| rule.kind)
        .collect();
    assert_eq!(concluding, [PaperKind::HygieneEvaluation, PaperKind::FireSafety]);
    let expiring = policy.papers.iter().filter(|rule| rule.needs_expiry);
    let expiring: Vec<_> = expiring.map(|rule| rule.kind).collect();
    assert_eq!(expiring, [PaperKind::StaffHealthCertificates, PaperKind::FoodLicence]);
}

#[test]
fn incidents_are_notified_by_category() {
    let reference = Reference::shipped();
    let (policy, used) = reference.incident(&region("330106001"), date(2026, 3, 2)).unwrap();
    assert_eq!((used.id.as_str(), used.version), ("cn-incident", 2));
    let accident = policy.category(Category::ProductionSafety);
    assert_eq!((accident.notify_within_minutes, accident.at_once), (60, false));
    let abuse = policy.category(Category::SuspectedAbuse);
    assert!(abuse.at_once && abuse.guardians && abuse.recipients.contains(&"公安机关".to_owned()));
    assert_eq!(
        policy.category(Category::ClusteredIllness).notify_within_minutes,
        24 * 60
    );
    let disruption = policy.category(Category::Disruption);
    assert!(!disruption.guardians && disruption.guardians_within_minutes == 0);
    for category in Category::ALL {
        assert!(policy.category(*category).notify_within_minutes > 0);
    }
    for priority in Priority::ALL {
        assert!((1..=60).contains(&policy.investigation_days(*priority)));
    }
}

#[test]
fn staff_are_checked_yearly_and_each_post_asks_for_its_own() {
    let reference = Reference::shipped();
    let (policy, used) = reference.staffing(&region("330106001"), date(2026, 3, 2)).unwrap();
    assert_eq!((used.id.as_str(), used.version), ("cn-staffing", 2));
    assert_eq!((policy.health_certificate_months, policy.record_query_months), (12, 12));
    assert_eq!(policy.warning_days, [90, 30, 7, 0]);
    assert_eq!(policy.full_time_permille, 1000);
    let in_charge = policy.post(Post::PersonInCharge);
    assert_eq!(in_charge.management_hours, 60);
    assert_eq!(in_charge.credentials, [CredentialKind::PersonInChargeTraining]);
    for post in Post::ALL.iter().filter(|post| **post != Post::PersonInCharge) {
        assert_eq!(policy.post(*post).management_hours, 0, "{post:?}");
    }
    let (before, used) = reference.staffing(&region("330106"), date(2024, 3, 31)).unwrap();
    assert_eq!(
        (used.version, before.post(Post::PersonInCharge).management_hours),
        (1, 0)
    );
    assert!(reference.staffing(&region("330106"), date(2021, 5, 31)).is_err());
    let document = reference.documents().find(|d| d.id == "cn-staffing").unwrap();
    let query = document.mark("values.record_query_months").unwrap();
    assert_eq!(
        (query.source, query.legal_basis.as_ref().unwrap().article.as_str()),
        (Source::Statute, "§62")
    );
}

#[test]
fn a_staffing_document_rules_every_post_once() {
    let good = shipped("cn-staffing", 2).document;
    let path = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        PolicyDocument::parse(&good.replace(from, to)).unwrap_err().path
    };
    assert_eq!(path("[posts.guard.", "[posts.gard."), "posts.gard");
    let cut = good.find("[posts.other.credentials]").unwrap();
    assert_eq!(PolicyDocument::parse(&good[..cut]).unwrap_err().path, "posts.other");
    assert_eq!(path("[90, 30, 7, 0]", "[90, 30, 30, 0]"), "values.warning_days");
    assert_eq!(path("[90, 30, 7, 0]", "[0, 7, 30, 90]"), "values.warning_days");
    assert_eq!(
        path(
            "[\"childcare_worker\", \"infant_care\"]",
            "[\"infant_care\", \"infant_care\"]"
        ),
        "posts.carer.credentials"
    );
    assert_eq!(
        path("\"security_guard\"", "\"security\""),
        "posts.guard.credentials.value[0]"
    );
    assert_eq!(
        path(
            "value = 12\nlaw = \"未成年人保护法\"",
            "value = 0\nlaw = \"未成年人保护法\""
        ),
        "values.record_query_months"
    );
}

#[test]
fn the_version_of_the_day_decides() {
    let reference = Reference::shipped();
    let admission = |on: Date| reference.admission(&region("330106"), on).map(|(_, used)| used.version);
    assert_eq!(
        admission(date(2019, 12, 18)).unwrap_err().reason,
        Reason::PolicyNotInForce
    );
    assert_eq!(admission(date(2019, 12, 19)).unwrap(), 1);
    assert_eq!(admission(date(2023, 10, 15)).unwrap(), 1);
    assert_eq!(admission(date(2023, 10, 16)).unwrap(), 2);
    assert_eq!(admission(date(2025, 5, 31)).unwrap(), 2);
    let elsewhere = |on: Date| reference.admission(&region("360102"), on).map(|(_, used)| used.version);
    assert_eq!(elsewhere(date(2025, 5, 31)).unwrap(), 2);
    assert_eq!(elsewhere(date(2025, 6, 1)).unwrap(), 3);
    let incident = |on: Date| reference.incident(&region("330106"), on).map(|(_, used)| used.version);
    assert_eq!(incident(date(2025, 10, 31)).unwrap(), 1);
    assert_eq!(incident(date(2025, 11, 1)).unwrap(), 2);
    assert!(incident(date(2021, 5, 31)).is_err());
}

#[test]
fn the_nearest_region_wins_and_only_once_it_is_in_force() {
    let nation = shipped("cn-admission", 2);
    let province = variant(
        &nation,
        &[
            ("\"cn-admission\"", "\"zj-admission\""),
            ("region = \"CN\"", "region = \"33\""),
            ("2023-10-16", "2024-01-01"),
        ],
    );
    let county = variant(
        &nation,
        &[
            ("\"cn-admission\"", "\"xihu-admission\""),
            ("region = \"CN\"", "region = \"330106\""),
            ("2023-10-16", "2025-01-01"),
        ],
    );
    let reference = reference(&[county, nation, province]);
    let used = |code: &str, on| reference.admission(&region(code), on).unwrap().1.id;
    assert_eq!(used("330106", date(2023, 12, 31)), "cn-admission");
    assert_eq!(used("330106", date(2024, 12, 31)), "zj-admission");
    assert_eq!(used("330106", date(2025, 1, 1)), "xihu-admission");
    assert_eq!(used("330106001", date(2025, 1, 1)), "xihu-admission");
    assert_eq!(used("330105", date(2025, 1, 1)), "zj-admission");
    assert_eq!(used("3301", date(2025, 1, 1)), "zj-admission");
    assert_eq!(used("110101", date(2025, 1, 1)), "cn-admission");
    assert_eq!(used("US-48/HARRIS", date(2025, 1, 1)), "cn-admission");
}

#[test]
fn of_two_versions_for_the_same_day_the_later_wins() {
    let second = shipped("cn-admission", 2);
    let third = variant(&second, &[("version = 2", "version = 3")]);
    let reference = reference(&[third, second]);
    assert_eq!(
        reference.admission(&region("33"), date(2026, 1, 1)).unwrap().1.version,
        3
    );
}

#[test]
fn nothing_is_in_force_without_activation() {
    let empty = Reference::default();
    let refusal = empty.incident(&region("330106"), date(2026, 1, 1)).unwrap_err();
    assert_eq!(refusal.reason, Reason::PolicyNotInForce);
    assert_eq!(refusal.metadata["region"], "330106");
    assert_eq!(refusal.metadata["date"], "2026-01-01");
}

#[test]
fn an_activation_must_be_what_its_document_is() {
    let good = shipped("cn-admission", 2);
    let spoiled = |change: fn(&mut PolicyActivated)| {
        let mut activated = good.clone();
        change(&mut activated);
        match Reference::from_activations(&[activated], None, Arc::default()) {
            Err(ReferenceError::Activation { member, .. }) => member,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(spoiled(|a| a.document.push('\n')), "sha256");
    assert_eq!(spoiled(|a| a.policy = "other".into()), "policy");
    assert_eq!(spoiled(|a| a.version = 7), "version");
    assert_eq!(spoiled(|a| a.effective_date = date(2020, 1, 1)), "effective_date");

    let reworded = variant(&good, &[("value = 15", "value = 16")]);
    let twice = Reference::from_activations(&[good.clone(), reworded], None, Arc::default());
    assert!(matches!(twice, Err(ReferenceError::Twice { .. })));
    let again = reference(&[good.clone(), good.clone()]);
    assert_eq!(again.active().len(), 1);

    let mut holidays = HolidaysActivated::from(Reference::shipped_holidays());
    assert_eq!(holidays.last_year, 2026);
    holidays.document.push_str("2026-12-31,元旦,off,2026\n");
    let refused = Reference::from_activations(&[], Some(&holidays), Arc::default());
    assert_eq!(refused.unwrap_err(), ReferenceError::HolidaysDigest);
}

#[test]
fn unknown_keys_and_bad_values_are_refused_with_their_path() {
    let good = shipped("cn-admission", 2).document;
    let path = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        PolicyDocument::parse(&good.replacen(from, to, 1)).unwrap_err().path
    };
    assert_eq!(path("[values.max_returns]", "[values.max_return]"), "values.max_return");
    assert_eq!(path("value = 5", "valeu = 5"), "values.receipt_working_days.valeu");
    assert_eq!(
        path("value = 5", "value = \"five\""),
        "values.receipt_working_days.value"
    );
    assert_eq!(path("value = 5", "value = 0"), "values.receipt_working_days");
    assert_eq!(path("value = 5", "value = 5.5"), "values.receipt_working_days.value");
    assert_eq!(
        path("[class_limits.mixed]", "[class_limits.unknown]"),
        "class_limits.unknown"
    );
    assert_eq!(path("kind = \"filing_form\"", "kind = \"commitment\""), "papers[1]");
    assert_eq!(path("types = [\"family_point\"]", "types = []"), "papers[9].types");
    assert_eq!(path("region = \"CN\"", "region = \"330\""), "region");
    assert_eq!(path("version = 2", "version = 0"), "version");
    assert_eq!(path("title =", "titel ="), "titel");
    assert_eq!(
        path("value = 3\nlaw = \"托育机构消防", "value = 0\nlaw = \"托育机构消防"),
        "values.highest_floor"
    );
    let no_note =
        "note = \"The article leaves open whether the 15 working days run from the papers or from the finding.\"";
    assert_eq!(path(no_note, ""), "values.nonconformity_counts_from");
    assert_eq!(
        path("law = \"人口与计划生育法\"\narticle = \"§28\"\nsource", "source"),
        "values.competent_authority"
    );
    assert_eq!(path("kind = \"admission\"", "kind = \"admision\""), "kind");
    assert_eq!(path("id =", "id"), ".");
}

#[test]
fn an_incident_document_rules_every_category_and_priority() {
    let good = shipped("cn-incident", 2).document;
    let path = |from: &str, to: &str| PolicyDocument::parse(&good.replace(from, to)).unwrap_err().path;
    assert_eq!(
        path("[investigation_days.p4]", "[investigation_days.p5]"),
        "investigation_days.p5"
    );
    let cut = good.find("[categories.other]").unwrap();
    assert_eq!(
        PolicyDocument::parse(&good[..cut]).unwrap_err().path,
        "categories.other"
    );
    assert_eq!(
        path("recipients = [\"县级卫生健康部门\"]", "recipients = []"),
        "categories.allergic_shock.recipients"
    );
}

#[test]
fn inspections_have_the_numbers_of_the_national_document() {
    let reference = Reference::shipped();
    let (policy, used) = reference.inspection(&region("330106001"), date(2026, 3, 2)).unwrap();
    assert_eq!((used.id.as_str(), used.version), ("cn-inspection", 1));
    assert_eq!((policy.inspectors_min, policy.visits_per_year), (2, 4));
    assert_eq!((policy.plan_ahead_days, policy.window_days), (366, 92));
    assert_eq!((policy.emergency_approval_working_days, policy.backfill_days), (2, 10));
    assert_eq!(
        (policy.draft_comment_working_days, policy.publish_working_days),
        (10, 20)
    );
    assert_eq!(policy.extensions_max, 2);
    let days = [
        Weight::Veto,
        Weight::Grave,
        Weight::General,
        Weight::Minor,
        Weight::Unknown,
    ];
    assert_eq!(
        days.map(|weight| policy.correction_days(weight)),
        [Some(3), Some(7), Some(30), Some(60), None]
    );
    assert!(policy.counts(Purpose::Special, false) && !policy.counts(Purpose::Special, true));
    assert!(!policy.counts(Purpose::Unknown, false));
    assert!(!policy.ratio_exceeded(ClassType::Unknown, 100, 0), "no rule");
    assert!(policy.ratio_exceeded(ClassType::Infant, u32::MAX, 1));
    assert!(reference.inspection(&region("330106"), date(2024, 3, 31)).is_err());
}

#[test]
fn an_inspection_document_rules_every_purpose_weight_and_class() {
    let good = shipped("cn-inspection", 1).document;
    let path = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        PolicyDocument::parse(&good.replacen(from, to, 1)).unwrap_err().path
    };
    assert_eq!(path("[values.backfill_days]", "[values.backfill]"), "values.backfill");
    assert_eq!(path("[purposes.case]", "[purposes.unknown]"), "purposes.unknown");
    assert_eq!(
        path("[correction_days.minor]", "[correction_days.slight]"),
        "correction_days.slight"
    );
    assert_eq!(path("[ratios.mixed]", "[ratios.unknown]"), "ratios.unknown");
    assert_eq!(
        path("value = 2\nlaw = \"行政处罚法\"", "value = 0\nlaw = \"行政处罚法\""),
        "values.inspectors_min"
    );
    let cut = good.find("[ratios.mixed]").unwrap();
    assert_eq!(PolicyDocument::parse(&good[..cut]).unwrap_err().path, "ratios.mixed");
    let start = good.find("[purposes.case]").unwrap();
    let end = good.find("[purposes.follow_up]").unwrap();
    let without = format!("{}{}", &good[..start], &good[end..]);
    assert_eq!(PolicyDocument::parse(&without).unwrap_err().path, "purposes.case");
}

#[test]
fn every_value_says_where_it_comes_from() {
    for activated in Reference::shipped().documents() {
        for (path, mark) in &activated.marks {
            assert!(
                mark.legal_basis.is_some() || mark.source == Source::Assumed,
                "{} {path}",
                activated.id
            );
            assert!(
                mark.note.is_some() || mark.source != Source::Assumed,
                "{} {path}",
                activated.id
            );
        }
        assert!(activated.marks.len() > 15);
    }
    let reference = Reference::shipped();
    let admission = reference
        .documents()
        .find(|d| d.id == "cn-admission" && d.version == 2)
        .unwrap();
    let receipt = admission.mark("values.receipt_working_days").unwrap();
    assert_eq!(receipt.source, Source::Ministry);
    assert_eq!(receipt.legal_basis.as_ref().unwrap().article, "§9");
    assert!(admission.mark("values.none").is_none());
}

#[test]
fn the_shipped_divisions_come_with_the_reference() {
    assert!(Arc::ptr_eq(&Reference::shipped().divisions, Divisions::shipped()));
}
