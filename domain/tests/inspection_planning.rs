//! Planning, approval, the yearly cap and cancellation: rules INS-01 to INS-07 and INS-21.

use crate::inspection_support::*;
use uuid::Uuid;
use yujian_domain::aggregate::Facts;
use yujian_domain::envelope::Classification;
use yujian_domain::inspection::*;
use yujian_domain::institution::Status as InstitutionStatus;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;
use yujian_domain::visits::{Visit, Visits, VisitsEvent};

// INS-01

#[test]
fn an_institution_that_does_not_exist_cannot_be_inspected() {
    let mut desk = Desk::new();
    desk.facts = Facts::default();
    assert_eq!(desk.reason(plan()), Reason::NotFound);
}

#[test]
fn at_a_closed_institution_only_the_closure_is_checked() {
    let mut desk = Desk::new();
    desk.institution(InstitutionStatus::Closed);
    for purpose in Purpose::ALL {
        let plan = PlanInspection {
            purpose: *purpose,
            ..plan()
        };
        match purpose {
            Purpose::ClosureCheck => assert!(desk.decide(plan).is_ok()),
            Purpose::Unknown => assert_eq!(desk.violations(plan), [violation("INS-02", "purpose")]),
            _ => assert_eq!(desk.violations(plan), [violation("INS-01", "purpose")], "{purpose:?}"),
        }
    }
    desk.institution(InstitutionStatus::Suspended);
    assert!(desk.decide(plan()).is_ok());
}

// INS-02

#[test]
fn everything_wrong_with_a_plan_is_said_at_once() {
    let desk = Desk::new();
    let wrong = PlanInspection {
        purpose: Purpose::Routine,
        ordered_from_above: true,
        dimensions: vec!["safety".into(), "kitchen".into(), "safety".into()],
        from_date: day("2026-03-01"),
        to_date: day("2026-02-28"),
        joint_bodies: vec!["消防".into(), " ".into(), "消防 ".into()],
        ..plan()
    };
    assert_eq!(
        desk.violations(wrong),
        [
            violation("INS-02", "ordered_from_above"),
            violation("INS-02", "joint_bodies[1]"),
            violation("INS-02", "joint_bodies[2]"),
            violation("INS-04", "to_date"),
            violation("INS-04", "from_date"),
            violation("INS-02", "dimensions[1]"),
            violation("INS-02", "dimensions[2]"),
        ]
    );
}

#[test]
fn a_plan_that_is_not_announced_is_for_the_regulator_only() {
    let seen_by = |announced| {
        let plan = PlanInspection { announced, ..plan() };
        Desk::new().decide(plan).unwrap().remove(0).classification
    };
    assert_eq!(seen_by(false), Classification::Regulator);
    assert_ne!(seen_by(true), Classification::Regulator);
}

// INS-03

#[test]
fn the_checklist_is_published_and_in_force_on_the_first_day() {
    let mut desk = Desk::new();
    let version = |version| PlanInspection {
        checklist: ChecklistRef {
            id: "wst-821".to_owned(),
            version,
        },
        ..plan()
    };
    let refusal = desk.refused(version(2));
    assert_eq!(refusal.reason, Reason::ChecklistVersionUnknown);
    assert_eq!(
        (
            refusal.metadata["checklist"].as_str(),
            refusal.metadata["version"].as_str()
        ),
        ("wst-821", "2")
    );
    let InspectionEvent::InspectionPlanned(event) = desk.one(version(1)) else {
        panic!()
    };
    let checklist = desk.reference.checklist(&event.checklist).unwrap();
    assert_eq!(event.checklist_sha256, checklist.sha256);

    let mut desk = Desk::new();
    // A province whose policy came before the standard.
    desk.reference = reference_with_policy_from("2024-01-01");
    desk.on("2024-03-29");
    let on = |from_date: &str| PlanInspection {
        from_date: day(from_date),
        to_date: day("2024-04-05"),
        ..plan()
    };
    let refusal = desk.refused(on("2024-03-31"));
    assert_eq!(refusal.reason, Reason::ChecklistVersionUnknown);
    assert_eq!(refusal.metadata["effective_date"], "2024-04-01");
    assert!(desk.decide(on("2024-04-01")).is_ok());
}

fn reference_with_policy_from(first_day: &str) -> yujian_domain::reference::Reference {
    use yujian_domain::policy::PolicyDocument;
    use yujian_domain::reference::Reference;
    use yujian_domain::system::{ChecklistPublished, PolicyActivated};
    let shipped = Reference::shipped_policies();
    let shipped = shipped.into_iter().find(|policy| policy.id == "cn-inspection").unwrap();
    let document = shipped.document.replacen("2024-04-01", first_day, 1);
    let parsed = PolicyDocument::parse(&document).unwrap();
    let activated = PolicyActivated {
        policy: parsed.id,
        version: parsed.version,
        sha256: sha256_of(&document),
        effective_date: parsed.effective_date,
        retroactive_approver: None,
        document,
    };
    let checklists: Vec<ChecklistPublished> = Reference::shipped_checklists().into_iter().map(Into::into).collect();
    Reference::from_activations(&[activated], None, std::sync::Arc::default())
        .unwrap()
        .with_checklists(&checklists)
        .unwrap()
}

fn sha256_of(text: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

// INS-04

#[test]
fn the_window_is_not_too_far_and_not_too_long() {
    let desk = Desk::new();
    let window = |from_date: &str, to_date: &str| PlanInspection {
        from_date: day(from_date),
        to_date: day(to_date),
        ..plan()
    };
    // 366 days from 2026-03-02, and a window of 92 days that counts its first.
    assert!(desk.decide(window("2027-03-03", "2027-03-03")).is_ok());
    assert_eq!(
        desk.violations(window("2027-03-04", "2027-03-04")),
        [violation("INS-04", "from_date")]
    );
    assert!(desk.decide(window("2026-03-02", "2026-06-01")).is_ok());
    assert_eq!(
        desk.violations(window("2026-03-02", "2026-06-02")),
        [violation("INS-04", "to_date")]
    );
    assert_eq!(
        desk.violations(window("2026-03-03", "2026-03-02")),
        [violation("INS-04", "to_date")]
    );
}

// INS-05

#[test]
fn another_person_than_the_planner_approves() {
    let mut desk = desk_at(Status::Planned);
    let refusal = desk.refused(approve());
    assert_eq!(refusal.reason, Reason::TwoPersonRule);
    assert_eq!(refusal.metadata["rule"], "INS-05");
    let blank = ApproveInspection {
        approval_number: " ".to_owned(),
    };
    assert_eq!(desk.violations(blank), [violation("INS-05", "approval_number")]);
    let InspectionEvent::InspectionApproved(event) = desk.done("officer-2", approve()) else {
        panic!()
    };
    assert!(!event.after_check_in && !event.late);
    assert_eq!(desk.state.status, Status::Approved);
}

#[test]
fn what_is_no_emergency_is_approved_before_inspectors_are_assigned() {
    let desk = desk_at(Status::Planned);
    let refusal = desk.refused(assign(&[1, 2]));
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert!(refusal.message.contains("not approved"));
}

// INS-06

/// An emergency whose inspectors arrived on Monday 2026-03-02: to be approved by Wednesday.
fn unapproved() -> Desk {
    desk_with(Status::CheckedIn, &emergency(), &|_| {})
}

#[test]
fn an_emergency_begins_first_and_is_approved_within_two_working_days() {
    let desk = unapproved();
    let InspectionEvent::InspectorCheckedIn(event) = &desk.events.last().unwrap().event else {
        panic!()
    };
    let due = event.approval_due.as_ref().unwrap();
    assert_eq!((due.due_date, due.provisional), (day("2026-03-04"), false));
    for (date, late) in [("2026-03-04", false), ("2026-03-05", true)] {
        let mut desk = unapproved();
        let InspectionEvent::InspectionApproved(event) = desk.on(date).done("officer-2", approve()) else {
            panic!()
        };
        assert_eq!((event.after_check_in, event.late), (true, late), "{date}");
        assert_eq!(desk.state.status, Status::CheckedIn);
        assert!(desk.state.approved && desk.state.approval_due.is_none());
    }
}

#[test]
fn a_day_written_by_hand_makes_no_approval_timely() {
    let mut desk = unapproved();
    desk.on("2026-03-09").said = Some(Occurred::Day {
        date: day("2026-03-03"),
    });
    let InspectionEvent::InspectionApproved(event) = desk.done("officer-2", approve()) else {
        panic!()
    };
    assert!(event.late);
}

#[test]
fn an_approval_in_the_new_year_is_not_late_by_a_day_beyond_the_holiday_table() {
    let plan = PlanInspection {
        from_date: day("2026-12-31"),
        to_date: day("2026-12-31"),
        ..emergency()
    };
    let mut desk = Desk::new();
    desk.on("2026-12-31").done("officer-1", plan);
    desk.done("officer-1", assign(&[1, 2]));
    desk.done("inspector-1", check_in());
    assert!(desk.state.approval_due.as_ref().unwrap().provisional);
    let InspectionEvent::InspectionApproved(event) = desk.on("2027-02-01").done("officer-2", approve()) else {
        panic!()
    };
    assert!(!event.late, "nobody knows the days off of 2027 yet");
}

#[test]
fn an_inspection_that_was_approved_before_has_no_approval_due() {
    assert_eq!(desk_at(Status::CheckedIn).state.approval_due, None);
}

#[test]
fn an_emergency_that_was_not_approved_is_not_final() {
    let mut desk = desk_with(Status::Commented, &emergency(), &|_| {});
    desk.by("officer-1");
    let refusal = desk.refused(finalize());
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert!(refusal.message.contains("not approved"));
    desk.done("officer-2", approve());
    desk.done("officer-1", finalize());
}

// INS-07

fn visit_of(plan: PlanInspection) -> Visit {
    let mut desk = Desk::new();
    desk.one(plan);
    desk.by("officer-2").visit(approve()).unwrap()
}

#[test]
fn daily_case_special_and_complaint_visits_count() {
    for purpose in Purpose::ALL {
        let expected = match purpose {
            Purpose::Routine | Purpose::Random | Purpose::Special | Purpose::Complaint | Purpose::Case => Some(4),
            Purpose::FollowUp | Purpose::PreAuthorization | Purpose::ClosureCheck => None,
            Purpose::Unknown => continue,
        };
        let visit = visit_of(PlanInspection {
            purpose: *purpose,
            ..plan()
        });
        assert_eq!((visit.cap, visit.counts), (expected, expected.is_some()), "{purpose:?}");
        assert_eq!((visit.institution, visit.inspection), (INSTITUTION, INSPECTION));
        assert_eq!((visit.year, visit.purpose), (2026, *purpose));
    }
}

#[test]
fn a_special_ordered_from_above_does_not_count() {
    let visit = visit_of(PlanInspection {
        purpose: Purpose::Special,
        ordered_from_above: true,
        ..plan()
    });
    assert_eq!((visit.cap, visit.counts), (None, false));
}

#[test]
fn an_emergency_counts_and_no_cap_keeps_anybody_away_from_it() {
    let visit = visit_of(emergency());
    assert_eq!((visit.cap, visit.counts), (None, true));
}

#[test]
fn nothing_but_an_approval_that_is_possible_counts_a_visit() {
    let mut desk = desk_at(Status::Approved);
    desk.by("officer-2");
    assert_eq!(desk.visit(approve()), None, "approved already");
    assert_eq!(desk.visit(cancel()), None);
    assert_eq!(Desk::new().visit(approve()), None);
    assert_eq!(desk_at(Status::Cancelled).visit(approve()), None);
}

#[test]
fn a_visit_belongs_to_the_year_of_its_first_day_or_arrival() {
    let plan = PlanInspection {
        from_date: day("2026-12-30"),
        to_date: day("2027-01-05"),
        ..emergency()
    };
    let mut desk = Desk::new();
    desk.one(plan);
    assert_eq!(desk.visit(approve()).unwrap().year, 2026);
    desk.on("2026-12-30").one(assign(&[1, 2]));
    desk.on("2027-01-04").done("inspector-1", check_in());
    assert_eq!(desk.by("officer-2").visit(approve()).unwrap().year, 2027);
}

fn counted(visits: &mut Visits, number: u128, counts: bool, cap: Option<u32>) -> Result<bool, Reason> {
    let visit = Visit {
        institution: INSTITUTION,
        year: 2026,
        inspection: Uuid::from_u128(number),
        purpose: Purpose::Routine,
        counts,
        cap,
    };
    let event = visits.count(&visit).map_err(|rejection| {
        assert_eq!(rejection.metadata["cap"], cap.unwrap().to_string());
        assert_eq!(rejection.metadata["counted"], visits.counted().to_string());
        rejection.reason
    })?;
    if let Some(event) = &event {
        visits.apply(event);
    }
    Ok(event.is_some())
}

#[test]
fn the_cap_refuses_the_visit_after_the_last() {
    let mut visits = Visits::default();
    assert_eq!(counted(&mut visits, 1, true, Some(2)), Ok(true));
    assert_eq!(counted(&mut visits, 2, false, None), Ok(true), "noted, not counted");
    assert_eq!(counted(&mut visits, 3, true, Some(2)), Ok(true));
    assert_eq!(counted(&mut visits, 4, true, Some(2)), Err(Reason::FrequencyCapReached));
    assert_eq!(counted(&mut visits, 3, true, Some(2)), Ok(false), "held already");
    assert_eq!(counted(&mut visits, 5, true, None), Ok(true), "an emergency");
    assert_eq!(counted(&mut visits, 6, false, None), Ok(true));
    assert_eq!(visits.counted(), 3);
}

#[test]
fn a_visit_that_was_given_back_makes_room_for_another() {
    let mut visits = Visits::default();
    counted(&mut visits, 1, true, Some(1)).unwrap();
    let released = visits.release(Uuid::from_u128(1)).unwrap();
    assert!(matches!(&released, VisitsEvent::VisitReleased(event) if event.inspection == Uuid::from_u128(1)));
    visits.apply(&released);
    assert_eq!(visits.release(Uuid::from_u128(1)), None, "held no more");
    assert_eq!(counted(&mut visits, 2, true, Some(1)), Ok(true));
}

// INS-21, GEN-01, GEN-08

#[test]
fn only_what_has_not_begun_is_cancelled() {
    for status in [Status::Planned, Status::Approved, Status::Assigned] {
        let mut desk = desk_at(status);
        desk.done("officer-1", cancel());
        assert_eq!(desk.state.visit_year(), Some(2026), "where its visit is given back");
    }
    assert_eq!(desk_at(Status::CheckedIn).reason(cancel()), Reason::IllegalTransition);
}

#[test]
fn an_act_has_happened_at_a_known_time() {
    let mut desk = desk_at(Status::Planned);
    desk.by("officer-2");
    for said in [
        Occurred::Unknown,
        Occurred::Day {
            date: day("2026-03-03"),
        },
        Occurred::Instant {
            time: at("2026-03-02T02:05:01Z"),
        },
    ] {
        desk.said = Some(said);
        assert_eq!(
            desk.violations(approve()),
            [violation("GEN-01", "occurred")],
            "{said:?}"
        );
    }
    desk.said = Some(Occurred::Instant {
        time: at("2026-03-02T02:05:00Z"),
    });
    assert!(desk.decide(approve()).is_ok(), "five minutes ahead is a clock");
}

#[test]
fn states_follow_one_another_in_legal_time() {
    let mut desk = desk_at(Status::Planned);
    desk.by("officer-2").said = Some(Occurred::Day {
        date: day("2026-03-01"),
    });
    let refusal = desk.refused(approve());
    assert_eq!(refusal.violations[0].rule, "GEN-08");
    assert_eq!(refusal.metadata["since"], "2026-03-02");
    desk.said = Some(Occurred::Day {
        date: day("2026-03-02"),
    });
    let decided = desk.run(approve()).unwrap();
    assert_eq!(
        decided[0].effective_from,
        Some(at("2026-03-02T02:00:00Z")),
        "right after the plan"
    );
}
