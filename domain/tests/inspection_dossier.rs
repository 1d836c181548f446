//! An inspection as facts of its institution's dossier.

use crate::inspection_support::*;
use serde_json::{Value, json};
use yujian_domain::inspection::*;
use yujian_domain::time::Occurred;
use yujian_domain::values::ClassType;

/// A published inspection with a rejected, extended and overdue finding, one corrected on site, and advice.
fn life() -> Desk {
    let mut desk = desk_with(Status::Published, &plan(), &|desk| {
        desk.done("inspector-1", presence(ClassType::Infant, 7, 2));
        for item in ["5.1", "5.2"] {
            desk.done("inspector-1", answer(item, Answer::Noncompliant));
            desk.done("inspector-1", cite(item, Weight::Minor));
        }
        desk.done("inspector-2", assist("5.3"));
        desk.done("inspector-2", on_site(2));
        desk.done("officer-1", order(1, day("2026-03-12")));
    });
    desk.on("2026-03-10").done("operator-1", claim(1));
    desk.on("2026-03-11").done("officer-1", reject(1, day("2026-03-20")));
    desk.done("officer-1", extend(1, day("2026-03-25")));
    desk.on("2026-04-01").done("yujian", overdue(1, day("2026-03-25")));
    desk
}

#[test]
fn a_whole_inspection_shows_where_it_and_its_findings_stand() {
    let dossier = life().dossier();
    for (key, value) in [
        ("status", json!("published")),
        ("purpose", json!("routine")),
        ("window", json!({"from_date": "2026-03-02", "to_date": "2026-03-06"})),
        (
            "approval",
            json!({"approval_number": "西湖卫检〔2026〕7号", "after_check_in": false, "late": false}),
        ),
        ("arrived", json!({"method": "institution_code"})),
        (
            "presence",
            json!({"children": {"infant": 7}, "carers": {"infant": 2}, "staff": {}}),
        ),
        ("ratio_exceeded", json!(["infant"])),
        ("points", json!(0)),
        ("points_of", json!(40)),
        ("findings", json!(2)),
        ("not_checked", json!(57)),
        (
            "publication",
            json!({"place": "https://example.gov.cn/7", "late": false}),
        ),
        ("finding.1.item", json!("5.1")),
        ("finding.1.weight", json!("minor")),
        ("finding.1.state", json!("overdue")),
        ("finding.1.due_date", json!("2026-03-25")),
        ("finding.1.rejected", json!(1)),
        ("finding.2.state", json!("corrected_on_site")),
        ("assistance.3", json!({"item": "5.3", "dimension": "parenting"})),
    ] {
        assert_eq!(dossier.get(key), Some(&value), "{key}");
    }
    let inspectors: Vec<&Value> = dossier["inspectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["account"])
        .collect();
    assert_eq!(inspectors, ["inspector-1", "inspector-2"]);
    assert!(!dossier.contains_key("approval_due"), "nothing is due");
}

#[test]
fn no_free_text_is_a_fact() {
    let text = serde_json::to_string(&life().dossier()).unwrap();
    for written in ["张三", "建议", "限期整改", "等待到货", "$personal"] {
        assert!(!text.contains(written), "{written}");
    }
}

#[test]
fn a_correction_in_time_that_comes_after_it_was_found_overdue_takes_that_back() {
    let mut desk = life();
    desk.on("2026-04-02").said = Some(Occurred::Day {
        date: day("2026-03-24"),
    });
    let InspectionEvent::CorrectionClaimed(event) = desk.done("officer-1", claim(1)) else {
        panic!()
    };
    assert!(!event.late, "the paper came in before the last day had passed");
    assert_eq!(desk.dossier()["finding.1.state"], json!("correction_claimed"));
}

#[test]
fn states_of_a_finding_follow_one_another_in_legal_time() {
    let mut desk = desk_with(Status::CheckedIn, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::CorrectionClaimed);
    });
    desk.on("2026-03-05").said = Some(Occurred::Day {
        date: day("2026-03-01"),
    });
    assert_eq!(
        desk.by("officer-1").violations(verify(1)),
        [violation("GEN-08", "occurred")]
    );
    desk.said = Some(Occurred::Day {
        date: day("2026-03-02"),
    });
    desk.one(verify(1));
    assert_eq!(
        desk.dossier()["finding.1.state"],
        json!("verified"),
        "right after the claim"
    );
}

#[test]
fn an_emergency_shows_its_approval_due_until_it_is_approved() {
    let mut desk = desk_with(Status::CheckedIn, &emergency(), &|_| {});
    assert_eq!(desk.dossier()["approval_due"]["due_date"], json!("2026-03-04"));
    desk.done("officer-2", approve());
    let dossier = desk.dossier();
    assert!(!dossier.contains_key("approval_due"));
    assert_eq!(dossier["status"], json!("checked_in"), "an approval does not lead back");
    desk.done("officer-1", assign(&[1, 3]));
    assert_eq!(
        desk.dossier()["status"],
        json!("checked_in"),
        "nor does another inspector"
    );
}

#[test]
fn imported_rows_stand_side_by_side() {
    let mut desk = desk_at(Status::Imported);
    desk.one(RecordImportedInspection {
        kind: ImportedKind::TechnicalAssistance,
        visit_date: Some(day("2017-10-26")),
        ..row(2)
    });
    let dossier = desk.dossier();
    assert_eq!(dossier["status"], json!("imported"));
    assert_eq!(dossier["finding.1.state"], json!("imported"));
    assert_eq!(dossier["row.1"]["visit_date"], Value::Null, "unknown stays unknown");
    assert_eq!(dossier["row.2"]["visit_date"], json!("2017-10-26"));
    assert_eq!(dossier["assistance.2"], json!({"standard": "746.1201(1)"}));
    assert!(!dossier.contains_key("finding.2.state"));
}
