//! Rules of filing: returned once with everything that is missing, accepted, receipted, withdrawn.

use crate::institution_support::*;
use yujian_domain::clock::ClockKind;
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, end_of};
use yujian_domain::values::ClassType;

/// Items of a return as (item, rule, problem).
fn returned(events: &[InstitutionEvent]) -> Vec<(String, String, ItemProblem)> {
    match events {
        [
            InstitutionEvent::FilingSubmitted(_),
            InstitutionEvent::FilingReturned(returned),
        ] => returned
            .items
            .iter()
            .map(|item| (item.item.clone(), item.rule.clone(), item.problem))
            .collect(),
        other => panic!("not returned: {other:?}"),
    }
}

fn items(events: &[InstitutionEvent]) -> Vec<String> {
    returned(events).into_iter().map(|item| item.0).collect()
}

fn accepted(events: &[InstitutionEvent]) -> &FilingAccepted {
    match events {
        [
            InstitutionEvent::FilingSubmitted(_),
            InstitutionEvent::FilingAccepted(accepted),
            InstitutionEvent::ClockStarted(clock),
        ] => {
            assert_eq!(clock.kind, ClockKind::Receipt);
            assert_eq!(clock.application, Some(accepted.application));
            assert_eq!(clock.due, accepted.receipt_due, "the clock runs to the same day");
            accepted
        }
        other => panic!("not accepted: {other:?}"),
    }
}

fn late(events: &[InstitutionEvent]) -> bool {
    match events {
        [
            InstitutionEvent::FilingReceiptIssued(issued),
            InstitutionEvent::ClockMet(met),
        ] => {
            assert_eq!(met.clock.kind, ClockKind::Receipt);
            assert_eq!(met.late, issued.late);
            issued.late
        }
        other => panic!("no receipt: {other:?}"),
    }
}

#[test]
fn a_complete_filing_is_accepted_and_the_receipt_is_due_in_five_working_days() {
    let mut desk = Desk::registered();
    let events = desk.run(filing()).unwrap();
    let accepted = accepted(&events);
    // Monday 2 March 2026: the first day is not counted.
    assert_eq!(accepted.receipt_due.due_date, day("2026-03-09"));
    assert_eq!(accepted.receipt_due.due_time, end_of(day("2026-03-09")));
    assert!(!accepted.receipt_due.provisional);
    assert_eq!(accepted.receipt_due.policy.id, "cn-zj-admission");
    assert!(accepted.left_to_verification.is_empty());
    assert_eq!(desk.state.status, Status::Accepted);
}

#[test]
fn an_incomplete_filing_is_returned_with_everything_that_is_missing_or_wrong() {
    let mut desk = Desk::registered();
    let mut wrong = filing_without(&[PaperKind::Commitment, PaperKind::FoodLicence]);
    for paper in &mut wrong.papers {
        match paper.kind {
            PaperKind::StaffHealthCertificates => paper.expiry_date = Some(day("2026-03-01")),
            PaperKind::HygieneEvaluation => paper.passed = Some(false),
            PaperKind::FireSafety => paper.passed = None,
            _ => {}
        }
    }
    wrong.premises = Some(Premises {
        tenure: Tenure::Leased,
        lease_start_date: Some(day("2026-01-01")),
        lease_end_date: Some(day("2028-12-30")),
        highest_floor: 4,
        lowest_floor: 0,
        area_cm2: None,
        built_area_cm2: None,
        outdoor_area_cm2: None,
    });
    let found = returned(&desk.run(wrong).unwrap());
    let expected = [
        ("papers.commitment", "ADM-10", ItemProblem::Missing),
        ("papers.staff_health_certificates", "ADM-11", ItemProblem::Expired),
        ("papers.hygiene_evaluation", "ADM-11", ItemProblem::NotPassed),
        ("papers.fire_safety", "ADM-11", ItemProblem::Incomplete),
        ("papers.food_licence", "ADM-10", ItemProblem::Missing),
        ("premises.lease_end_date", "ADM-13", ItemProblem::BelowStandard),
        ("premises.highest_floor", "ADM-14", ItemProblem::BelowStandard),
        ("premises.lowest_floor", "ADM-14", ItemProblem::BelowStandard),
    ];
    assert_eq!(
        found,
        expected.map(|(item, rule, problem)| (item.to_owned(), rule.to_owned(), problem))
    );
    assert_eq!(desk.state.status, Status::Returned);
}

#[test]
fn a_return_cites_the_articles_behind_its_items() {
    let desk = Desk::registered();
    let decided = desk
        .decide(SubmitFiling {
            premises: None,
            ..filing_without(&[PaperKind::FireSafety])
        })
        .unwrap();
    let articles: Vec<&str> = decided[1]
        .legal_basis
        .iter()
        .map(|basis| basis.article.as_str())
        .collect();
    assert!(articles.contains(&"§8") && articles.contains(&"§11"), "{articles:?}");
    assert!(decided.iter().all(|one| !one.legal_basis.is_empty()));
}

#[test]
fn a_paper_is_good_to_the_end_of_its_last_day() {
    let mut desk = Desk::registered();
    desk.on("2027-01-04");
    let mut same_day = filing();
    same_day.premises.as_mut().unwrap().lease_end_date = Some(day("2029-12-31"));
    accepted(&desk.run(same_day).unwrap());
}

#[test]
fn the_food_licence_is_asked_only_where_meals_are_made() {
    let without = SubmitFiling {
        makes_meals: false,
        ..filing_without(&[PaperKind::FoodLicence])
    };
    accepted(&Desk::registered().run(without).unwrap());
}

#[test]
fn a_family_childcare_point_needs_the_other_owners_consent() {
    let mut desk = Desk::new();
    desk.run(RegisterInstitution {
        institution_type: InstitutionType::FamilyPoint,
        classes: vec![class("班", ClassType::Mixed, 5)],
        ..register()
    })
    .unwrap();
    assert_eq!(items(&desk.run(filing()).unwrap()), ["papers.owners_consent"]);
}

#[test]
fn own_premises_need_no_lease_and_a_lease_needs_its_days() {
    let own = |tenure| SubmitFiling {
        premises: Some(Premises {
            tenure,
            lease_start_date: None,
            lease_end_date: None,
            highest_floor: 3,
            lowest_floor: 1,
            area_cm2: None,
            built_area_cm2: None,
            outdoor_area_cm2: None,
        }),
        ..filing()
    };
    accepted(&Desk::registered().run(own(Tenure::Owned)).unwrap());
    let found = items(&Desk::registered().run(own(Tenure::Leased)).unwrap());
    assert_eq!(found, ["premises.lease_start_date", "premises.lease_end_date"]);
}

#[test]
fn premises_used_free_of_charge_are_held_to_the_rules_of_a_lease() {
    let until = |last: Option<&str>| {
        let mut free = filing();
        let premises = free.premises.as_mut().unwrap();
        premises.tenure = Tenure::FreeUse;
        premises.lease_end_date = last.map(day);
        free
    };
    let problem = |last| returned(&Desk::registered().run(until(last)).unwrap());
    let of = |problem| [("premises.lease_end_date".to_owned(), "ADM-13".to_owned(), problem)];
    accepted(&Desk::registered().run(until(Some("2028-12-31"))).unwrap());
    assert_eq!(problem(Some("2028-12-30")), of(ItemProblem::BelowStandard));
    assert_eq!(problem(None), of(ItemProblem::Incomplete));
}

#[test]
fn what_a_paper_must_say_is_asked_for_in_the_one_return() {
    let mut bare = filing();
    for paper in &mut bare.papers {
        paper.issuer = None;
        paper.number = None;
        paper.expiry_date = None;
    }
    let found = returned(&Desk::registered().run(bare).unwrap());
    let own_papers = [PaperKind::FilingForm, PaperKind::Commitment];
    let mut expected = Vec::new();
    for paper in filing().papers.iter().filter(|paper| !own_papers.contains(&paper.kind)) {
        let mut asks = |field: &str, rule: &str| {
            let item = format!("papers.{}.{field}", paper.kind.code());
            expected.push((item, rule.to_owned(), ItemProblem::Incomplete));
        };
        asks("issuer", "ADM-10");
        asks("number", "ADM-10");
        if matches!(paper.kind, PaperKind::StaffHealthCertificates | PaperKind::FoodLicence) {
            asks("expiry_date", "ADM-11");
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn a_paper_brought_without_its_number_after_the_return_is_returned_again() {
    let mut desk = Desk::registered();
    desk.run(filing_without(&[PaperKind::FireSafety])).unwrap();
    let mut second = filing();
    for paper in &mut second.papers {
        if paper.kind == PaperKind::FireSafety {
            paper.number = None;
        }
    }
    assert_eq!(items(&desk.run(second).unwrap()), ["papers.fire_safety.number"]);
}

#[test]
fn no_paper_was_issued_after_it_came_in() {
    let issued = |date| {
        let mut filing = filing();
        filing.papers[3].issue_date = Some(day(date));
        filing
    };
    assert_eq!(
        Desk::registered().violations(issued("2026-03-03")),
        [("papers[3].issue_date".to_owned(), "GEN-03".to_owned())]
    );
    accepted(&Desk::registered().run(issued("2026-03-02")).unwrap());
}

#[test]
fn a_completed_resubmission_keeps_its_number_and_is_accepted() {
    let mut desk = Desk::returned();
    desk.days_later(1);
    let events = desk.run(filing()).unwrap();
    assert_eq!(accepted(&events).application, 1);
    assert_eq!(accepted(&events).receipt_due.due_date, day("2026-03-10"));
}

#[test]
fn what_was_named_and_is_still_missing_is_returned_again() {
    let mut desk = Desk::registered();
    desk.run(filing_without(&[PaperKind::FireSafety, PaperKind::Commitment]))
        .unwrap();
    let second = desk.run(filing_without(&[PaperKind::FireSafety])).unwrap();
    assert_eq!(items(&second), ["papers.fire_safety"]);
    assert_eq!(desk.state.application.as_ref().unwrap().returned, 2);
}

#[test]
fn a_second_return_may_cite_what_could_not_be_seen_the_first_time() {
    let mut desk = Desk::registered();
    let mut first = filing_without(&[PaperKind::Commitment]);
    let health = first
        .papers
        .iter_mut()
        .find(|p| p.kind == PaperKind::StaffHealthCertificates)
        .unwrap();
    health.expiry_date = Some(day("2026-03-05"));
    let expiring = health.clone();
    assert_eq!(items(&desk.run(first).unwrap()), ["papers.commitment"]);
    desk.on("2026-03-06");
    let mut second = filing();
    second
        .papers
        .retain(|paper| paper.kind != PaperKind::StaffHealthCertificates);
    second.papers.push(expiring);
    assert_eq!(
        items(&desk.run(second).unwrap()),
        ["papers.staff_health_certificates"],
        "it has expired since"
    );
    // A new declaration brings new duties.
    let mut third = filing_without(&[PaperKind::FoodLicence]);
    third.premises.as_mut().unwrap().highest_floor = 5;
    assert_eq!(
        items(&desk.run(third).unwrap()),
        ["papers.food_licence", "premises.highest_floor"]
    );
}

#[test]
fn what_could_be_seen_and_was_not_named_no_longer_holds_the_filing_up() {
    // Filed on the last day of the policy's first version; the second one asks a family childcare point for consent.
    let mut desk = Desk::new();
    desk.on("2023-10-15");
    desk.run(RegisterInstitution {
        institution_type: InstitutionType::FamilyPoint,
        registration_date: day("2023-10-01"),
        classes: vec![class("班", ClassType::Mixed, 5)],
        ..register()
    })
    .unwrap();
    let lease = |mut filing: SubmitFiling| {
        for paper in &mut filing.papers {
            paper.issue_date = Some(day("2023-09-01"));
        }
        filing.premises.as_mut().unwrap().lease_start_date = Some(day("2023-01-01"));
        filing
    };
    let first = lease(filing_without(&[PaperKind::Commitment]));
    assert_eq!(items(&desk.run(first).unwrap()), ["papers.commitment"]);
    desk.on("2023-10-17");
    let events = desk.run(lease(filing())).unwrap();
    let left = &accepted(&events).left_to_verification;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].item, "papers.owners_consent");
}

#[test]
fn the_same_papers_again_are_refused_with_what_the_return_named() {
    let mut desk = Desk::registered();
    desk.run(filing_without(&[PaperKind::FireSafety])).unwrap();
    desk.days_later(1);
    let refused = desk.refusal(filing_without(&[PaperKind::FireSafety]));
    assert_eq!(refused.reason, Reason::ReturnedOnce);
    assert_eq!(refused.violations[0].field, "papers.fire_safety");
}

#[test]
fn the_authoritys_clock_starts_when_an_operators_papers_come_in() {
    let mut desk = Desk::registered();
    desk.on("2026-03-12")
        .occurred_on("2026-03-03")
        .by("operator-1", Role::Operator);
    let decided = desk.decide(filing()).unwrap();
    assert_eq!(
        decided[1].occurred,
        Some(Occurred::Instant { time: desk.now }),
        "not when the operator says"
    );
    let events = desk.run(filing()).unwrap();
    assert_eq!(accepted(&events).receipt_due.due_date, day("2026-03-19"));
}

#[test]
fn an_officer_may_record_papers_that_came_to_the_counter_earlier() {
    let mut desk = Desk::registered();
    desk.on("2026-03-12").occurred_on("2026-03-03");
    let events = desk.run(filing()).unwrap();
    assert_eq!(accepted(&events).receipt_due.due_date, day("2026-03-10"));
}

#[test]
fn a_receipt_is_late_from_the_day_after_its_last_day() {
    let mut desk = Desk::accepted();
    desk.on("2026-03-10");
    assert!(!late(&desk.clone().run(receipt(day("2026-03-09"))).unwrap()));
    assert!(late(&desk.run(receipt(day("2026-03-10"))).unwrap()));
    assert_eq!(desk.state.status, Status::Filed);
}

#[test]
fn holidays_do_not_count_and_make_up_days_do() {
    // National Day 2025: off from 1 to 8 October, Saturday 11 October is a working day.
    let mut desk = Desk::new();
    desk.on("2025-09-30");
    desk.run(RegisterInstitution {
        registration_date: day("2025-09-01"),
        ..register()
    })
    .unwrap();
    let mut filing = filing();
    for paper in &mut filing.papers {
        paper.issue_date = Some(day("2025-09-01"));
    }
    filing.premises.as_mut().unwrap().lease_start_date = Some(day("2025-09-01"));
    let events = desk.run(filing).unwrap();
    // 9, 10, 11, 13 and 14 October.
    assert_eq!(accepted(&events).receipt_due.due_date, day("2025-10-14"));
}

#[test]
fn a_deadline_beyond_the_holiday_table_is_provisional_and_makes_no_receipt_late() {
    let covered = reference().calendar.covered_until().unwrap();
    let mut desk = Desk::registered();
    desk.on(&covered.to_string());
    let mut filing = filing();
    for paper in &mut filing.papers {
        paper.expiry_date = Some(day("2037-01-04"));
    }
    filing.premises.as_mut().unwrap().lease_end_date = Some(day("2035-12-31"));
    let events = desk.run(filing).unwrap();
    assert!(accepted(&events).receipt_due.provisional);
    desk.days_later(60);
    let today = desk.today();
    assert!(!late(&desk.run(receipt(today)).unwrap()));
}

#[test]
fn a_receipt_is_issued_between_acceptance_and_today() {
    let mut desk = Desk::accepted();
    desk.on("2026-03-04");
    let field = |date: &str| desk.violations(receipt(day(date)));
    assert_eq!(field("2026-03-05"), [("issue_date".to_owned(), "GEN-02".to_owned())]);
    assert_eq!(field("2026-03-01"), [("issue_date".to_owned(), "GEN-08".to_owned())]);
    assert!(
        desk.decide(receipt(day("2026-03-02"))).is_ok(),
        "on the day of acceptance"
    );
}

#[test]
fn a_withdrawn_filing_can_be_filed_anew_under_the_next_number() {
    let mut desk = Desk::accepted();
    desk.run(WithdrawFiling {
        reason: Sensitive::new("资料有变"),
    })
    .unwrap();
    assert_eq!(desk.state.status, Status::Registered);
    assert!(desk.state.application.is_none());
    assert_eq!(accepted(&desk.run(filing()).unwrap()).application, 2);
}

#[test]
fn an_imported_institution_files_once_its_code_and_type_are_known() {
    let mut desk = Desk::imported();
    let found = items(&desk.run(filing()).unwrap());
    assert_eq!(found, ["institution_type", "credit_code", "classes"]);
    desk.run(WithdrawFiling {
        reason: Sensitive::new("补充登记信息"),
    })
    .unwrap();
    assert_eq!(desk.state.status, Status::Imported);
    desk.run(RecordImportedInstitution {
        credit_code: Some(register().credit_code),
        institution_type: InstitutionType::Comprehensive,
        classes: register().classes,
        ..row()
    })
    .unwrap();
    assert_eq!(accepted(&desk.run(filing()).unwrap()).application, 2);
}

#[test]
fn only_other_papers_come_more_than_once() {
    let mut twice = filing();
    twice.papers.push(paper(PaperKind::Commitment));
    assert_eq!(
        Desk::registered().violations(twice),
        [("papers[9].kind".to_owned(), "GEN-03".to_owned())]
    );
    let mut others = filing();
    others.papers.extend([paper(PaperKind::Other), paper(PaperKind::Other)]);
    accepted(&Desk::registered().run(others).unwrap());
}
