//! Corrections, report and imported history: rules INS-19 and INS-22 to INS-30.

use std::collections::BTreeMap;

use crate::inspection_support::*;
use uuid::Uuid;
use yujian_domain::aggregate::Facts;
use yujian_domain::inspection::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;

/// A desk at the site, Monday 2026-03-02, with finding 1 where it is said.
fn with_finding(state: FindingState) -> Desk {
    desk_with(Status::CheckedIn, &plan(), &|desk| lead_finding_to(desk, state))
}

/// A published report with a finding whose correction is due on 2026-03-12.
fn due_on_the_twelfth() -> Desk {
    desk_with(Status::Published, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
        desk.done("officer-1", order(1, day("2026-03-12")));
    })
}

// INS-19

#[test]
fn a_correction_is_due_within_the_days_of_its_weight() {
    for (item, weight, last) in [
        (VETO, Weight::Veto, "2026-03-05"),
        (PLAIN, Weight::Grave, "2026-03-09"),
        (PLAIN, Weight::General, "2026-04-01"),
        (PLAIN, Weight::Minor, "2026-05-01"),
    ] {
        let mut desk = desk_at(Status::CheckedIn);
        desk.one(answer(item, Answer::Noncompliant));
        desk.one(cite(item, weight));
        let wrong = [violation("INS-19", "due_date")];
        assert_eq!(desk.violations(order(1, day("2026-03-01"))), wrong);
        assert_eq!(
            desk.violations(order(1, day(last).tomorrow().unwrap())),
            wrong,
            "{weight:?}"
        );
        desk.one(order(1, day(last)));
        assert_eq!(desk.state.findings[&1].due_date, Some(day(last)));
    }
}

#[test]
fn an_order_that_is_recorded_later_counts_from_its_own_day() {
    let mut desk = with_finding(FindingState::Cited);
    desk.on("2026-03-20").said = Some(Occurred::Day {
        date: day("2026-03-02"),
    });
    assert!(desk.decide(order(1, day("2026-03-05"))).is_ok());
    assert_eq!(
        desk.violations(order(1, day("2026-05-02"))),
        [violation("INS-19", "due_date")]
    );
}

// INS-25

#[test]
fn a_claim_is_late_after_the_last_day_and_possible_still() {
    for (date, late) in [("2026-03-12", false), ("2026-03-13", true)] {
        let mut desk = due_on_the_twelfth();
        let InspectionEvent::CorrectionClaimed(event) = desk.on(date).done("operator-1", claim(1)) else {
            panic!()
        };
        assert_eq!(event.late, late, "{date}");
    }
    let mut desk = due_on_the_twelfth();
    desk.on("2026-03-13").done("yujian", overdue(1, day("2026-03-12")));
    let InspectionEvent::CorrectionClaimed(event) = desk.done("operator-1", claim(1)) else {
        panic!()
    };
    assert!(event.late);
    assert_eq!(desk.state.findings[&1].state, FindingState::CorrectionClaimed);
}

#[test]
fn an_operators_claim_counts_when_it_comes_in_and_paper_when_the_officer_says_so() {
    for (who, late) in [("operator-1", true), ("officer-1", false)] {
        let mut desk = due_on_the_twelfth();
        desk.on("2026-03-16").said = Some(Occurred::Day {
            date: day("2026-03-11"),
        });
        let InspectionEvent::CorrectionClaimed(event) = desk.done(who, claim(1)) else {
            panic!()
        };
        assert_eq!(event.late, late, "{who}");
    }
}

#[test]
fn a_claim_says_what_was_done() {
    let desk = due_on_the_twelfth();
    let blank = ClaimCorrection {
        description: Sensitive::new(""),
        evidence: vec!["1".to_owned()],
        ..claim(1)
    };
    assert_eq!(
        desk.violations(blank),
        [violation("INS-25", "description"), violation("INS-25", "evidence[0]")]
    );
}

// INS-26

#[test]
fn another_person_than_the_claimant_looks_at_a_correction() {
    let mut desk = with_finding(FindingState::CorrectionDue);
    desk.done("officer-1", claim(1));
    for command in [InspectionCommand::from(verify(1)), reject(1, day("2026-03-10")).into()] {
        let refusal = desk.refused(command);
        assert_eq!(refusal.reason, Reason::TwoPersonRule);
        assert_eq!(refusal.metadata["rule"], "INS-26");
    }
    desk.done("officer-2", verify(1));
}

#[test]
fn a_rejected_correction_is_counted_and_ordered_anew() {
    let mut desk = due_on_the_twelfth();
    for times in 1..=2 {
        desk.on("2026-03-11").done("operator-1", claim(1));
        desk.by("officer-1");
        assert_eq!(
            desk.violations(reject(1, day("2026-05-11"))),
            [violation("INS-26", "due_date")],
            "60 days from this day"
        );
        let InspectionEvent::CorrectionRejected(event) = desk.one(reject(1, day("2026-05-10"))) else {
            panic!()
        };
        assert_eq!(event.times, times);
        let finding = &desk.state.findings[&1];
        assert_eq!((finding.state, finding.rejected), (FindingState::CorrectionDue, times));
        assert_eq!(finding.due_date, Some(day("2026-05-10")));
    }
}

// INS-27

#[test]
fn two_persons_extend_before_the_last_day_has_passed() {
    let mut desk = due_on_the_twelfth();
    desk.on("2026-03-12").by("officer-2");
    assert_eq!(desk.reason(extend(1, day("2026-03-20"))), Reason::TwoPersonRule);
    desk.by("officer-1");
    assert_eq!(
        desk.violations(extend(1, day("2026-03-12"))),
        [violation("INS-27", "due_date")]
    );
    assert_eq!(
        desk.violations(extend(1, day("2026-05-12"))),
        [violation("INS-27", "due_date")],
        "60 days more at most"
    );
    assert!(desk.decide(extend(1, day("2026-05-11"))).is_ok());
    assert_eq!(
        desk.on("2026-03-13").reason(extend(1, day("2026-03-20"))),
        Reason::ClockExpired
    );
}

#[test]
fn there_are_two_extensions_at_most() {
    let mut desk = due_on_the_twelfth();
    desk.on("2026-03-10").by("officer-1");
    desk.one(extend(1, day("2026-03-20")));
    desk.one(extend(1, day("2026-03-25")));
    let refusal = desk.refused(extend(1, day("2026-03-30")));
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert_eq!(refusal.metadata["extended"], "2");
}

// INS-28

#[test]
fn a_correction_is_overdue_from_the_day_after_however_late_that_is_found() {
    let mut desk = due_on_the_twelfth();
    desk.by("yujian").on("2026-03-12");
    assert_eq!(
        desk.violations(overdue(1, day("2026-03-12"))),
        [violation("INS-28", "due_date")]
    );
    desk.on("2026-04-20");
    let decided = desk.run(overdue(1, day("2026-03-12"))).unwrap().remove(0);
    assert_eq!(decided.effective_from, Some(at("2026-03-12T16:00:00Z")));
    assert_eq!(
        decided.occurred,
        Some(Occurred::Day {
            date: day("2026-03-13")
        })
    );
}

#[test]
fn only_the_system_finds_it_and_only_of_the_term_that_runs() {
    let mut desk = due_on_the_twelfth();
    desk.on("2026-03-10").done("officer-1", extend(1, day("2026-03-20")));
    desk.on("2026-03-13");
    assert_eq!(desk.reason(overdue(1, day("2026-03-20"))), Reason::RoleNotAllowed);
    desk.by("yujian");
    assert_eq!(desk.reason(overdue(1, day("2026-03-12"))), Reason::NothingToDo);
}

// INS-22

#[test]
fn a_draft_may_be_commented_on_for_ten_working_days() {
    for (date, late) in [("2026-03-16", false), ("2026-03-17", true)] {
        let mut desk = desk_at(Status::DraftIssued);
        assert_eq!(desk.state.comments_due.as_ref().unwrap().due_date, day("2026-03-16"));
        let InspectionEvent::DraftCommented(event) = desk.on(date).done("operator-1", comment()) else {
            panic!()
        };
        assert_eq!(event.late, late, "{date}");
    }
    let desk = desk_at(Status::DraftIssued);
    let blank = CommentOnDraft {
        comments: Some(Sensitive::new(" ")),
    };
    assert_eq!(desk.violations(blank), [violation("INS-22", "comments")]);
}

#[test]
fn a_draft_is_named_by_its_digest() {
    let desk = desk_at(Status::FieldworkCompleted);
    let wrong = IssueDraft {
        draft_sha256: sha256().to_uppercase(),
    };
    assert_eq!(desk.violations(wrong), [violation("INS-22", "draft_sha256")]);
}

// INS-23

#[test]
fn a_report_is_final_after_the_institution_was_heard() {
    let mut desk = desk_at(Status::DraftIssued);
    desk.by("officer-1").on("2026-03-16");
    let refusal = desk.refused(finalize());
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert_eq!(refusal.metadata["comments_due"], "2026-03-16");
    desk.on("2026-03-17").one(finalize());
    assert_eq!(desk.state.status, Status::Finalized);
    let mut waived = desk_at(Status::Commented);
    waived.done("officer-1", finalize());
}

#[test]
fn a_report_waits_for_days_off_that_nobody_knows_yet() {
    let mut desk = desk_with(
        Status::FieldworkCompleted,
        &PlanInspection {
            to_date: day("2026-03-02"),
            ..plan()
        },
        &|_| {},
    );
    desk.on("2026-12-28").done("officer-1", draft());
    assert!(desk.state.comments_due.as_ref().unwrap().provisional);
    desk.on("2027-03-01");
    assert_eq!(
        desk.reason(finalize()),
        Reason::IllegalTransition,
        "no silence is counted"
    );
    desk.done("operator-1", comment());
    desk.done("officer-1", finalize());
}

#[test]
fn every_finding_is_ordered_or_put_right_first() {
    let mut desk = desk_with(Status::Commented, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    desk.by("officer-1");
    let refusal = desk.refused(finalize());
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert_eq!(refusal.metadata["findings"], "1");
    desk.one(order(1, day("2026-03-20")));
    desk.one(finalize());
    desk_with(Status::Finalized, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::CorrectedOnSite);
    });
}

#[test]
fn a_report_waits_for_an_open_recusal() {
    let mut desk = desk_with(Status::Commented, &plan(), &|desk| {
        desk.done("operator-1", recusal(1));
    });
    let refusal = desk.by("officer-1").refused(finalize());
    assert!(refusal.message.contains("recusal"));
    desk.done("officer-2", decision(1, false));
    desk.done("officer-1", finalize());
}

#[test]
fn points_are_those_of_items_that_apply_and_were_looked_at() {
    let mut desk = desk_with(Status::Commented, &plan(), &|desk| {
        let mut answers = |item: &str, result| {
            desk.done("inspector-1", answer(item, result));
        };
        answers("5.1", Answer::Compliant); // 20
        answers("5.2", Answer::Noncompliant); // 20
        answers("5.3", Answer::NotApplicable); // 15
        answers("5.4", Answer::NotChecked); // 25
        answers("3.1", Answer::Compliant); // 20
        answers(VETO, Answer::Noncompliant); // 40
        desk.done("inspector-1", cite(VETO, Weight::Veto));
        desk.done("inspector-1", order(1, desk.today()));
        desk.done("inspector-1", cite("5.2", Weight::Minor));
        desk.done("inspector-1", on_site(2));
    });
    let InspectionEvent::InspectionFinalized(event) = desk.done("officer-1", finalize()) else {
        panic!()
    };
    assert_eq!((event.points, event.points_of), (40, 100));
    assert_eq!((event.vetoes, event.findings), (1, 2));
}

// INS-24

#[test]
fn a_publication_is_late_after_twenty_working_days() {
    // From Monday 2026-03-02.
    for (date, late) in [("2026-03-30", false), ("2026-03-31", true)] {
        let mut desk = desk_at(Status::Finalized);
        let InspectionEvent::InspectionPublished(event) = desk.on(date).done("officer-1", publish()) else {
            panic!()
        };
        assert_eq!(event.late, late, "{date}");
    }
    let desk = desk_at(Status::Finalized);
    let nowhere = PublishInspection { place: String::new() };
    assert_eq!(desk.violations(nowhere), [violation("INS-24", "place")]);
}

// INS-29

#[test]
fn several_rows_make_one_visit_and_are_numbered() {
    let mut desk = desk_at(Status::Imported);
    let advice = RecordImportedInspection {
        kind: ImportedKind::TechnicalAssistance,
        ..row(2)
    };
    let InspectionEvent::InspectionImported(event) = desk.one(advice) else {
        panic!()
    };
    assert_eq!((event.number, event.ordinal), (2, 2));
    assert_eq!(desk.state.imported_rows, 2);
    assert_eq!(desk.state.findings.keys().collect::<Vec<_>>(), [&1]);
    assert_eq!(desk.state.assistance.keys().collect::<Vec<_>>(), [&2]);
}

#[test]
fn a_row_goes_to_its_own_visit_only() {
    let desk = desk_at(Status::Imported);
    let mut foreign = row(2);
    foreign.institution = Uuid::from_u128(9);
    foreign.external.number.push('1');
    assert_eq!(
        desk.violations(foreign),
        [violation("INS-29", "institution"), violation("INS-29", "external")]
    );
    assert_eq!(desk_at(Status::Planned).reason(row(1)), Reason::IllegalTransition);
    let mut nowhere = Desk::new();
    nowhere.facts = Facts::default();
    assert_eq!(nowhere.reason(row(1)), Reason::NotFound);
}

#[test]
fn a_correction_that_the_register_tells_of_is_a_fact_of_its_row() {
    let mut desk = Desk::new();
    let corrected = RecordImportedInspection {
        visit_date: Some(day("2017-10-26")),
        corrected_date: Some(day("2017-11-02")),
        ..row(1)
    };
    let decided = desk.run(corrected).unwrap().remove(0);
    assert_eq!(
        decided.occurred,
        Some(Occurred::Day {
            date: day("2017-10-26")
        })
    );
    assert_eq!(desk.state.findings[&1].state, FindingState::Imported);
    assert_eq!(desk.reason(verify(1)), Reason::IllegalTransition);
}

#[test]
fn an_unknown_day_stays_unknown() {
    let decided = Desk::new().run(row(1)).unwrap().remove(0);
    assert_eq!(decided.occurred, Some(Occurred::Unknown));
}

// INS-30

#[test]
fn value_rules_hold_for_imported_rows_too() {
    let wrong = RecordImportedInspection {
        ordinal: 0,
        standard: String::new(),
        visit_date: Some(day("2026-03-03")),
        corrected_date: Some(day("2026-03-02")),
        details: BTreeMap::from([(" ".to_owned(), "x".repeat(2_001))]),
        narrative: Some(Sensitive::new(" ")),
        ..row(0)
    };
    assert_eq!(
        Desk::new().violations(wrong),
        [
            violation("INS-30", "ordinal"),
            violation("INS-30", "standard"),
            violation("INS-30", "visit_date"),
            violation("INS-30", "corrected_date"),
            violation("INS-30", "details"),
            violation("INS-30", "details"),
            violation("INS-30", "narrative"),
        ]
    );
}
