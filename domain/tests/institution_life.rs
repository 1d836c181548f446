//! Rules of the life after filing: conformity, changes, suspension, closing, corrections, imported history.

use crate::institution_support::*;
use serde_json::{Value, json};
use yujian_domain::envelope::Role;
use yujian_domain::event::EventFamily;
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, start_of};
use yujian_domain::values::{ClassType, RegionId};

fn found(field: &str, rule: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), rule.to_owned())]
}

fn notified(events: &[InstitutionEvent]) -> &NonconformityNotified {
    match events {
        [InstitutionEvent::NonconformityNotified(notified)] => notified,
        other => panic!("not notified: {other:?}"),
    }
}

#[test]
fn a_nonconformity_is_told_within_fifteen_working_days_of_the_finding() {
    let mut desk = Desk::filed();
    desk.on("2026-03-23");
    let events = desk.clone().run(nonconformity(day("2026-03-02"))).unwrap();
    assert_eq!(notified(&events).notice_due.due_date, day("2026-03-23"));
    assert!(!notified(&events).late);
    desk.on("2026-03-24");
    let events = desk.run(nonconformity(day("2026-03-02"))).unwrap();
    assert!(notified(&events).late);
    assert_eq!(desk.state.status, Status::Nonconforming);
}

#[test]
fn a_nonconformity_needs_reasons_and_a_finding_that_is_past() {
    let desk = Desk::filed();
    let none = NotifyNonconformity {
        reasons: Vec::new(),
        finding_date: desk.today(),
    };
    assert_eq!(desk.violations(none), found("reasons", "ADM-18"));
    assert_eq!(
        desk.refusal(nonconformity(day("2026-03-03"))).violations[0].rule,
        "GEN-02"
    );
    assert_eq!(
        desk.violations(nonconformity(day("2026-03-01"))),
        found("finding_date", "ADM-18")
    );
}

#[test]
fn confirmed_conformity_leads_back_to_where_the_institution_stood() {
    let mut filed = Desk::nonconforming();
    filed.run(conformity()).unwrap();
    assert_eq!(filed.state.status, Status::Filed);
    let mut open = Desk::accepted();
    open.run(nonconformity(open.today())).unwrap();
    open.run(conformity()).unwrap();
    assert_eq!(
        open.state.status,
        Status::Accepted,
        "without a receipt the filing is still open"
    );
    open.run(receipt(open.today())).unwrap();
    assert_eq!(open.state.status, Status::Filed);
}

#[test]
fn moving_the_site_is_a_new_filing() {
    let desk = Desk::filed();
    let moves = ChangeDetails {
        moves_site: true,
        ..ChangeDetails::default()
    };
    assert_eq!(desk.reason(moves), Reason::RelocationIsNewFiling);
    let elsewhere = ChangeDetails {
        region: Some(region("330105")),
        ..ChangeDetails::default()
    };
    assert_eq!(desk.reason(elsewhere), Reason::RelocationIsNewFiling);
}

#[test]
fn the_region_may_be_told_more_exactly_while_the_site_stays() {
    let mut desk = Desk::filed();
    let township = reference().divisions.children("330106")[0].id.clone();
    desk.run(ChangeDetails {
        region: Some(township.clone()),
        ..ChangeDetails::default()
    })
    .unwrap();
    assert_eq!(desk.state.region, Some(township));
    let unknown = RegionId::parse("330106999", 2000).unwrap();
    let wrong = ChangeDetails {
        region: Some(unknown),
        ..ChangeDetails::default()
    };
    assert_eq!(desk.violations(wrong), found("region", "ADM-02"));
}

#[test]
fn a_change_records_only_what_is_new() {
    let mut desk = Desk::filed();
    let same = ChangeDetails {
        name: Some(register().name),
        address: Some(register().address),
        ..Default::default()
    };
    assert_eq!(desk.reason(same), Reason::NothingToDo);
    assert_eq!(desk.reason(ChangeDetails::default()), Reason::NothingToDo);
    let events = desk
        .run(ChangeDetails {
            name: Some("新名称".to_owned()),
            mode: Some(Mode::Private),
            ..Default::default()
        })
        .unwrap();
    assert_eq!(events[0].payload(), json!({"name": "新名称"}));
    assert_eq!(desk.state.name, "新名称");
}

#[test]
fn a_change_may_be_told_late_but_not_before_the_registration() {
    let desk = Desk::filed();
    let late = ChangeDetails {
        effective_date: Some(day("2026-02-20")),
        ..rename("新名称")
    };
    assert_eq!(
        desk.decide(late).unwrap()[0].effective_from,
        Some(start_of(day("2026-02-20")))
    );
    let early = ChangeDetails {
        effective_date: Some(day("2026-02-01")),
        ..rename("新名称")
    };
    assert_eq!(desk.violations(early), found("effective_date", "ADM-22"));
}

#[test]
fn changed_classes_keep_to_the_limits_and_must_differ() {
    let mut desk = Desk::filed();
    let change = |count| ChangeClasses {
        classes: vec![class("托小一班", ClassType::YoungerToddler, count)],
        effective_date: day("2026-03-02"),
    };
    assert_eq!(desk.reason(change(16)), Reason::CapacityExceeded);
    desk.run(change(15)).unwrap();
    assert_eq!(desk.state.places(), 15);
    assert_eq!(desk.reason(change(15)), Reason::NothingToDo);
}

#[test]
fn only_the_authority_orders_a_suspension_and_ends_it() {
    let mut desk = Desk::filed();
    desk.by("operator-1", Role::Operator);
    assert_eq!(
        desk.reason(suspension(SuspensionKind::Ordered, desk.today())),
        Reason::RoleNotAllowed
    );
    desk.clone()
        .run(suspension(SuspensionKind::Voluntary, desk.today()))
        .unwrap();
    desk.by("officer-1", Role::Officer);
    desk.run(suspension(SuspensionKind::Emergency, desk.today())).unwrap();
    desk.by("operator-1", Role::Operator);
    assert_eq!(desk.reason(resumption(desk.today())), Reason::RoleNotAllowed);
    desk.by("officer-1", Role::Officer);
    desk.run(resumption(desk.today())).unwrap();
    assert_eq!(desk.state.status, Status::Filed);
}

#[test]
fn after_a_suspension_the_institution_stands_where_it_stood_before() {
    for before in [
        Status::Registered,
        Status::Returned,
        Status::Accepted,
        Status::Filed,
        Status::Nonconforming,
    ] {
        let mut desk = Desk::in_state(before);
        desk.run(suspension(SuspensionKind::Ordered, desk.today())).unwrap();
        assert_eq!(desk.state.status, Status::Suspended);
        desk.run(resumption(desk.today())).unwrap();
        assert_eq!(desk.state.status, before);
        assert!(desk.state.suspension.is_none());
    }
}

#[test]
fn suspension_and_resumption_keep_their_order_in_time() {
    let mut desk = Desk::filed();
    desk.on("2026-03-10");
    let until = SuspendInstitution {
        until_date: Some(day("2026-03-08")),
        ..suspension(SuspensionKind::Voluntary, day("2026-03-09"))
    };
    assert_eq!(desk.violations(until), found("until_date", "ADM-23"));
    assert_eq!(
        desk.violations(suspension(SuspensionKind::Voluntary, day("2026-03-11"))),
        found("from_date", "GEN-02")
    );
    assert_eq!(
        desk.violations(suspension(SuspensionKind::Voluntary, day("2026-03-01"))),
        found("from_date", "GEN-08")
    );
    desk.run(suspension(SuspensionKind::Voluntary, day("2026-03-09")))
        .unwrap();
    assert_eq!(
        desk.violations(resumption(day("2026-03-08"))),
        found("from_date", "ADM-24")
    );
    desk.run(resumption(day("2026-03-10"))).unwrap();
}

#[test]
fn a_closed_institution_was_open_on_its_last_day() {
    let desk = Desk::filed();
    let decided = desk.decide(closing(day("2026-03-02"))).unwrap();
    assert_eq!(decided[0].effective_from, Some(start_of(day("2026-03-03"))));
    assert_eq!(
        desk.violations(closing(day("2026-03-03"))),
        found("closing_date", "GEN-02")
    );
    assert_eq!(
        desk.violations(closing(day("2026-02-01"))),
        found("closing_date", "ADM-25")
    );
}

#[test]
fn a_correction_needs_another_person() {
    let desk = Desk::registered();
    let alone = CorrectFact {
        approver: " officer-1 ".to_owned(),
        ..correction(0, "name", json!("对"), "2026-02-02")
    };
    assert_eq!(desk.reason(alone), Reason::TwoPersonRule);
    let nobody = CorrectFact {
        approver: " ".to_owned(),
        ..correction(0, "name", json!("对"), "2026-02-02")
    };
    assert_eq!(desk.violations(nobody), found("approver", "GEN-03"));
}

#[test]
fn only_a_fact_that_an_event_asserted_and_nobody_withdrew_can_be_corrected() {
    let mut desk = Desk::filed();
    let right = |revision, key| correction(revision, key, json!("对"), "2026-02-02");
    assert_eq!(desk.reason(right(9, "name")), Reason::NotCorrectable);
    assert_eq!(desk.reason(right(1, "name")), Reason::NotCorrectable);
    for not_a_fact in ["status", "places", "credit_code", "site"] {
        assert_eq!(
            desk.reason(right(0, not_a_fact)),
            Reason::NotCorrectable,
            "{not_a_fact}"
        );
    }
    desk.run(right(0, "name")).unwrap();
    assert_eq!(
        desk.reason(right(0, "name")),
        Reason::NotCorrectable,
        "withdrawn already"
    );
    let corrected = u64::try_from(desk.stream.len()).unwrap() - 1;
    desk.run(correction(corrected, "name", json!("更对"), "2026-02-02"))
        .unwrap();
    assert_eq!(desk.state.name, "更对", "a correction can be corrected");
}

#[test]
fn a_corrected_value_has_the_form_of_its_fact() {
    let desk = Desk::filed();
    let refused = |revision, key: &str, value: Value| {
        let refusal = desk.refusal(correction(revision, key, value, "2026-02-02"));
        (
            refusal.reason,
            refusal
                .violations
                .first()
                .map(|found| found.rule.clone())
                .unwrap_or_default(),
        )
    };
    let form = (Reason::InvalidField, "GEN-05".to_owned());
    assert_eq!(refused(0, "name", json!(7)), form);
    assert_eq!(refused(0, "mode", json!("nonsense")), form);
    assert_eq!(refused(0, "point", json!({"longitude_e7": 0})), form);
    assert_eq!(refused(0, "classes", json!([{"name": "班"}])), form);
    assert_eq!(refused(0, "representative.identity", json!("x")), form);
    assert_eq!(
        refused(1, "paper.fire_safety", json!(paper(PaperKind::Commitment))),
        form
    );
    assert_eq!(refused(0, "region", json!({"code": "33", "entered": 1980})).1, "ADM-02");
    assert_eq!(refused(0, "name", json!("\u{0}")).1, "GEN-03");
    assert_eq!(
        refused(0, "name", Value::Null).0,
        Reason::NotCorrectable,
        "an institution has a name"
    );
    assert!(
        desk.decide(correction(0, "point", Value::Null, "2026-02-02")).is_ok(),
        "but need not have a point"
    );
}

#[test]
fn correcting_an_old_fact_leaves_a_newer_one_as_it_is() {
    let mut desk = Desk::registered();
    desk.run(rename("新名称")).unwrap();
    desk.run(correction(0, "name", json!("旧名称（更正）"), "2026-02-02"))
        .unwrap();
    assert_eq!(desk.state.name, "新名称");
    desk.run(correction(1, "name", Value::Null, "2026-03-02")).unwrap();
    assert_eq!(desk.state.name, "旧名称（更正）", "the rename was recorded by mistake");
}

#[test]
fn corrected_classes_take_their_places_with_them() {
    let mut desk = Desk::registered();
    desk.run(correction(
        0,
        "classes",
        json!([class("班", ClassType::Mixed, 12)]),
        "2026-02-02",
    ))
    .unwrap();
    assert_eq!(desk.state.places(), 12);
    let facts = desk.dossier().resolve(None, None);
    assert_eq!(facts.iter().find(|fact| fact.key == "places").unwrap().value, json!(12));
}

#[test]
fn a_corrected_personal_value_is_sealed_like_the_first_one() {
    let desk = Desk::registered();
    let command = correction(0, "representative.name", json!("李四"), "2026-02-02");
    assert!(!format!("{command:?}").contains("李四"));
    let decided = desk.decide(command).unwrap();
    assert!(!format!("{decided:?}").contains("李四"));
    let value = &decided[0].event.payload()["value"];
    assert_eq!(
        value["$personal"]["subject"],
        format!("institution-{ID}.representative-1")
    );
}

#[test]
fn only_an_imported_institution_abroad_can_be_corrected_to_a_foreign_region() {
    let abroad = || {
        correction(
            0,
            "region",
            json!({"code": "US-48/TRAVIS", "entered": 1949}),
            "2026-02-02",
        )
    };
    assert_eq!(
        Desk::registered().violations(abroad()),
        found("value", "GEN-05"),
        "it would leave every officer's reach"
    );
    let mut desk = Desk::imported();
    desk.run(abroad()).unwrap();
    assert_eq!(desk.state.region.as_ref().unwrap().code(), "US-48/TRAVIS");
    let mut row_at_home = row();
    row_at_home.region = register().region;
    let mut desk = Desk::new();
    desk.by("importer", Role::Administrator);
    desk.run(row_at_home).unwrap();
    desk.by("officer-1", Role::Officer);
    assert_eq!(desk.violations(abroad()), found("value", "GEN-05"));
}

/// Free text may name anybody, so it goes into the log sealed, under one key of the institution's.
#[test]
fn every_free_text_is_personal() {
    let told = |desk: &Desk, command: InstitutionCommand, member: &str| {
        let decided = desk.decide(command).unwrap();
        let (shown, payload) = (format!("{decided:?}"), decided[0].event.payload());
        let personal = &payload[member]["$personal"];
        assert_eq!(personal["subject"], format!("institution-{ID}.text"), "{member}");
        let clear = personal["clear"].as_str().unwrap().to_owned();
        assert!(!shown.contains(&clear));
        clear
    };
    let suspended = {
        let mut desk = Desk::filed();
        let today = desk.today();
        desk.run(suspension(SuspensionKind::Voluntary, today)).unwrap();
        desk
    };
    let nonconforming = {
        let mut desk = Desk::filed();
        let today = desk.today();
        desk.run(nonconformity(today)).unwrap();
        desk
    };
    let filed = Desk::filed();
    let today = filed.today();
    assert_eq!(
        told(&filed, suspension(SuspensionKind::Voluntary, today).into(), "reason"),
        "设施检修"
    );
    assert_eq!(told(&suspended, resumption(today).into(), "statement"), "检修完毕");
    assert_eq!(told(&filed, closing(today).into(), "reason"), "停止办学");
    assert_eq!(told(&nonconforming, conformity().into(), "statement"), "已整改");
    assert_eq!(
        told(
            &filed,
            correction(0, "name", json!("对"), "2026-02-02").into(),
            "reason"
        ),
        "录入有误"
    );
}

#[test]
fn an_imported_row_keeps_unknown_dates_unknown() {
    let mut desk = Desk::new();
    desk.by("importer", Role::Administrator);
    let decided = desk.decide(row()).unwrap();
    assert_eq!(decided[0].occurred, Some(Occurred::Unknown));
    assert_eq!(decided[0].effective_from, None);
    let dated = RecordImportedInstitution {
        valid_from_date: Some(day("2014-09-01")),
        ..row()
    };
    assert_eq!(
        desk.decide(dated).unwrap()[0].effective_from,
        Some(start_of(day("2014-09-01")))
    );
}

#[test]
fn a_later_row_is_recorded_only_when_it_says_anything_new() {
    let mut desk = Desk::imported();
    assert_eq!(desk.reason(row()), Reason::NothingToDo);
    desk.run(RecordImportedInstitution {
        name: "Sunflower II".to_owned(),
        ..row()
    })
    .unwrap();
    assert_eq!(desk.state.name, "Sunflower II");
    let mut other = row();
    other.external.number = "7654321".to_owned();
    assert_eq!(desk.reason(other), Reason::AlreadyExists);
}

#[test]
fn a_registered_institution_takes_no_rows_of_a_foreign_register() {
    assert_eq!(Desk::registered().reason(row()), Reason::IllegalTransition);
}

#[test]
fn an_imported_row_is_held_to_the_rules_of_values() {
    let wrong = RecordImportedInstitution {
        name: String::new(),
        ..row()
    };
    assert_eq!(Desk::new().violations(wrong), found("name", "GEN-03"));
}

#[test]
fn states_follow_one_another_in_legal_time() {
    let mut desk = Desk::registered();
    desk.on("2026-03-12").occurred_on("2026-02-01");
    assert_eq!(
        desk.violations(filing()),
        found("occurred", "GEN-08"),
        "before the registration"
    );
    desk.occurred_on("2026-03-05");
    desk.run(filing()).unwrap();
    assert_eq!(
        desk.violations(receipt(day("2026-03-04"))),
        found("issue_date", "GEN-08")
    );
}

#[test]
fn each_representative_has_a_key_of_its_own() {
    let mut desk = Desk::registered();
    desk.run(ChangeDetails {
        representative: Some(representative("王五")),
        ..ChangeDetails::default()
    })
    .unwrap();
    let subject = |desk: &Desk, revision| {
        let command = correction(revision, "representative.name", json!("李四"), "2026-02-02");
        desk.decide(command).unwrap()[0].event.payload()["value"]["$personal"]["subject"].clone()
    };
    assert_eq!(subject(&desk, 0), format!("institution-{ID}.representative-1"));
    assert_eq!(subject(&desk, 1), format!("institution-{ID}.representative-2"));
}
