//! The yearly cap of visits, corrections and approvals that become overdue. What comes before is written into the log as
//! it would stand there, so that these tests rest on no rule of inspections but their own.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_command::{CommandError, Outcome, Request};
use yujian_domain::envelope::PolicyRef;
use yujian_domain::inspection::{
    ApproveInspection, CancelInspection, CancelReason, CheckInMethod, ChecklistRef, CorrectionCheck,
    CorrectionExtended, CorrectionOrdered, CorrectionVerified, Extent, FindingCited, FindingState, Inspection,
    InspectionCancelled, InspectionCommand, InspectionEvent, InspectionPlanned, InspectorCheckedIn, Purpose, Weight,
};
use yujian_domain::institution::Deadline;
use yujian_domain::personal::Personal;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, end_of, start_of};
use yujian_domain::visits::{VisitCounted, VisitsEvent, visits_stream};
use yujian_eventlog::clock::Clock;

use super::bench::{Bench, date, metadata, payload, reactors};
use crate::house::{Floor, officer};

/// Visits of a year that the national policy lets count.
const CAP: u32 = 4;

impl Bench {
    /// A planned inspection of an institution.
    async fn planned(&self, number: u32, institution: Uuid, purpose: Purpose, emergency: bool) -> Uuid {
        let id = Uuid::from_u128(0x0001_0000 + u128::from(number));
        let event = InspectionPlanned {
            institution,
            purpose,
            emergency,
            ordered_from_above: false,
            checklist: ChecklistRef {
                id: "wst-821".to_owned(),
                version: 1,
            },
            checklist_sha256: "0".repeat(64),
            dimensions: Vec::new(),
            from_date: date("2026-03-02"),
            to_date: date("2026-03-31"),
            announced: false,
            joint_bodies: Vec::new(),
        };
        self.happened(id, event).await;
        id
    }

    /// Something happened in an inspection, just now.
    pub async fn happened(&self, inspection: Uuid, event: impl Into<InspectionEvent>) {
        let time = self.house.clock.now();
        let stream = format!("inspection-{inspection}");
        self.append::<InspectionEvent>(&stream, event, Occurred::Instant { time })
            .await;
    }

    fn approval(&self, inspection: Uuid) -> Request<InspectionCommand> {
        let command = ApproveInspection {
            approval_number: "杭卫检〔2026〕1号".to_owned(),
        };
        Request::new(
            officer("3301"),
            self.request(),
            "test/Approve",
            Some(inspection),
            command.into(),
        )
    }

    /// An inspection with one finding whose correction is due.
    pub async fn ordered(&self, number: u32, institution: Uuid, due_date: Date) -> Uuid {
        let id = self.planned(number, institution, Purpose::Routine, false).await;
        let arrived = InspectorCheckedIn {
            method: CheckInMethod::WrittenNotice,
            point: None,
            approval_due: None,
        };
        self.happened(id, arrived).await;
        let finding = FindingCited {
            finding: 1,
            item: "1.1.1".to_owned(),
            dimension: "conditions".to_owned(),
            weight: Weight::General,
            extent: Extent::Isolated,
            children_at_risk: 0,
            measure: None,
            description: Personal::clear(format!("inspection-{id}.text"), "插座未加防护".to_owned()),
        };
        self.happened(id, finding).await;
        self.happened(id, CorrectionOrdered { finding: 1, due_date }).await;
        id
    }

    async fn inspection_now(&self, id: Uuid) -> std::sync::Arc<Inspection> {
        self.house.commands.all().load(id).await.unwrap().unwrap().0
    }
}

async fn execute(floor: Floor, request: Request<InspectionCommand>) -> Result<Outcome<Inspection>, CommandError> {
    floor.all().execute::<Inspection>(request).await
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, CommandError>) -> Reason {
    match outcome {
        Err(CommandError::Rejected(rejection)) => rejection.reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_approvals_at_once_the_cap_lets_four_through() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let other = bench.house.another_floor().await;
    let mut approvals = Vec::new();
    for number in 0..64 {
        let inspection = bench.planned(number, institution, Purpose::Routine, false).await;
        approvals.push(bench.approval(inspection));
    }
    let mut rivals = tokio::task::JoinSet::new();
    for (index, approval) in approvals.clone().into_iter().enumerate() {
        let floor = if index % 2 == 0 {
            bench.house.commands.clone()
        } else {
            other.clone()
        };
        rivals.spawn(execute(floor, approval));
    }
    let (done, refused): (Vec<_>, Vec<_>) = rivals.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), CAP as usize);
    for refused in refused {
        assert_eq!(reason(refused), Reason::FrequencyCapReached);
    }
    assert_eq!(
        bench.records("inspection.InspectionApproved.v1").await.len(),
        CAP as usize
    );
    let counted = bench.records("visits.VisitCounted.v1").await;
    assert_eq!(counted.len(), CAP as usize);
    let stream = visits_stream(institution, 2026);
    assert!(counted.iter().all(|record| record.stream.as_str() == stream));

    // Repeated, an approval is answered as before and counts nothing; another institution has its own cap.
    for approval in approvals {
        let _ = execute(other.clone(), approval).await;
    }
    assert_eq!(bench.records("visits.VisitCounted.v1").await.len(), CAP as usize);
    let neighbour = bench.house.registered(2).await;
    let inspection = bench.planned(99, neighbour, Purpose::Routine, false).await;
    execute(other, bench.approval(inspection)).await.unwrap();
}

#[tokio::test]
async fn asking_only_looks_at_the_cap_and_counts_nothing() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let floor = bench.house.commands.clone();
    let mut inspections = Vec::new();
    for number in 0..6 {
        inspections.push(bench.planned(number, institution, Purpose::Routine, false).await);
    }
    for inspection in &inspections {
        let mut asked = bench.approval(*inspection);
        asked.validate_only = true;
        execute(floor.clone(), asked).await.unwrap();
    }
    assert!(bench.records("visits.VisitCounted.v1").await.is_empty());
    for inspection in inspections.iter().take(CAP as usize) {
        execute(floor.clone(), bench.approval(*inspection)).await.unwrap();
    }
    let mut asked = bench.approval(inspections[5]);
    asked.validate_only = true;
    assert_eq!(reason(execute(floor, asked).await), Reason::FrequencyCapReached);
}

#[tokio::test]
async fn an_approval_that_died_after_its_count_finds_its_visit_again() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let floor = bench.house.commands.clone();
    let inspection = bench.planned(1, institution, Purpose::Routine, false).await;
    let approval = bench.approval(inspection);
    bench.house.log.fail_next("inspection");
    assert!(matches!(
        execute(floor.clone(), approval.clone()).await,
        Err(CommandError::Log(_))
    ));
    execute(floor, approval).await.unwrap();
    assert_eq!(bench.records("visits.VisitCounted.v1").await.len(), 1);
}

#[tokio::test]
async fn a_cancelled_inspection_gives_its_visit_back_whichever_came_first() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let floor = bench.house.commands.clone();
    let mut inspections = Vec::new();
    for number in 0..CAP {
        let inspection = bench.planned(number, institution, Purpose::Routine, false).await;
        execute(floor.clone(), bench.approval(inspection)).await.unwrap();
        inspections.push(inspection);
    }
    let next = bench.planned(10, institution, Purpose::Routine, false).await;
    assert_eq!(
        reason(execute(floor.clone(), bench.approval(next)).await),
        Reason::FrequencyCapReached
    );
    let cancel = CancelInspection {
        reason: CancelReason::NoInspectors,
    };
    let cancelled = bench
        .ask::<Inspection>(officer("33"), Some(inspections[0]), cancel.into())
        .await;
    cancelled.unwrap();
    bench.react().await;
    let released = bench.records("visits.VisitReleased.v1").await;
    assert_eq!(released.len(), 1);
    let cause = bench.records("inspection.InspectionCancelled.v1").await.remove(0);
    assert_eq!(metadata(&released[0]).causation, Some(cause.id));
    execute(floor.clone(), bench.approval(next)).await.unwrap();

    // An approval that had lost its race against the cancellation counts after it.
    let late = bench.planned(11, institution, Purpose::Routine, false).await;
    bench
        .happened(
            late,
            InspectionCancelled {
                reason: CancelReason::Merged,
            },
        )
        .await;
    let counted = VisitCounted {
        inspection: late,
        purpose: Purpose::Routine,
        counts: true,
        cap: Some(4),
    };
    let time = bench.house.clock.now();
    let stream = visits_stream(institution, 2026);
    bench
        .append::<VisitsEvent>(&stream, counted, Occurred::Instant { time })
        .await;
    bench.react().await;
    assert_eq!(bench.records("visits.VisitReleased.v1").await.len(), 2);
    bench.forget();
    bench.react().await;
    assert_eq!(bench.records("visits.VisitReleased.v1").await.len(), 2);
}

#[tokio::test]
async fn a_correction_becomes_overdue_once_for_each_last_day_and_is_told() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let due = bench.ordered(1, institution, date("2026-03-05")).await;
    let extended = bench.ordered(2, institution, date("2026-03-05")).await;
    let extension = CorrectionExtended {
        finding: 1,
        due_date: date("2026-03-20"),
        reason: Personal::clear(format!("inspection-{extended}.text"), "设备到货延迟".to_owned()),
        approver: "officer-33".to_owned(),
    };
    bench.happened(extended, extension).await;
    let done = bench.ordered(3, institution, date("2026-03-05")).await;
    let verified = CorrectionVerified {
        finding: 1,
        check: CorrectionCheck::Visit,
    };
    bench.happened(done, verified).await;

    let mut reactors = reactors(&bench.house, bench.directory.path()).await;
    reactors.run_until_idle().await.unwrap();
    bench.house.clock.set(end_of(date("2026-03-05")));
    reactors.run_until_idle().await.unwrap();
    assert!(
        bench.records("inspection.CorrectionOverdue.v1").await.is_empty(),
        "the last day is still on"
    );
    bench.house.clock.set(start_of(date("2026-03-06")));
    reactors.run_until_idle().await.unwrap();
    let overdue = bench.records("inspection.CorrectionOverdue.v1").await;
    assert_eq!(overdue.len(), 1);
    assert_eq!(overdue[0].stream.as_str(), format!("inspection-{due}"));
    assert_eq!(metadata(&overdue[0]).effective_from, Some(start_of(date("2026-03-06"))));
    assert_eq!(
        bench.alerts("correction_overdue").await,
        [(institution, "1@2026-03-05".to_owned())]
    );
    // Weeks late for the other one.
    bench.days(60);
    reactors.run_until_idle().await.unwrap();
    let state = bench.inspection_now(extended).await;
    assert_eq!(state.findings[&1].state, FindingState::Overdue);
    assert_eq!(
        bench.inspection_now(done).await.findings[&1].state,
        FindingState::Verified
    );
    let overdue = bench.records("inspection.CorrectionOverdue.v1").await;
    assert_eq!(metadata(&overdue[1]).effective_from, Some(start_of(date("2026-03-21"))));
    assert_eq!(bench.alerts("correction_overdue").await.len(), 2);

    let length = bench.length().await;
    bench.forget();
    let counts = bench.react().await;
    assert_eq!((bench.length().await, counts.done, counts.failed), (length, 0, 0));
    assert_eq!(counts.fired, 4);
}

#[tokio::test]
async fn an_approval_that_is_missed_is_told_once_and_lapses_when_it_comes() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let check_in = || InspectorCheckedIn {
        method: CheckInMethod::WrittenNotice,
        point: None,
        approval_due: Some(Deadline {
            due_date: date("2026-03-04"),
            due_time: end_of(date("2026-03-04")),
            provisional: false,
            policy: PolicyRef {
                id: "cn-inspection".to_owned(),
                version: 1,
                sha256: "0".repeat(64),
            },
        }),
    };
    let missed = bench.planned(1, institution, Purpose::Complaint, true).await;
    bench.happened(missed, check_in()).await;
    let approved = bench.planned(2, institution, Purpose::Complaint, true).await;
    bench.happened(approved, check_in()).await;
    execute(bench.house.commands.clone(), bench.approval(approved))
        .await
        .unwrap();
    bench.react().await;
    let at = |time: Timestamp| bench.house.clock.set(time);
    at(end_of(date("2026-03-04")));
    bench.react().await;
    assert!(bench.alerts("approval_overdue").await.is_empty());
    at(start_of(date("2026-03-05")));
    bench.react().await;
    assert_eq!(
        bench.alerts("approval_overdue").await,
        [(institution, "2026-03-04".to_owned())]
    );
    let alert = bench.records("alert.AlertRaised.v1").await.remove(0);
    assert_eq!(payload(&alert)["inspection"], missed.to_string());
    assert_eq!(payload(&alert)["since_date"], "2026-03-05");
    let lapsed = || bench.records("alert.AlertLapsed.v1");
    assert!(lapsed().await.is_empty(), "an approval in time clears nothing");

    at(start_of(date("2026-03-09")));
    execute(bench.house.commands.clone(), bench.approval(missed))
        .await
        .unwrap();
    bench.react().await;
    let lapsed = lapsed().await;
    assert_eq!(lapsed.len(), 1);
    assert_eq!(payload(&lapsed[0])["lapsed_date"], "2026-03-09");
    let late = bench.records("inspection.InspectionApproved.v1").await.remove(1);
    assert_eq!(metadata(&lapsed[0]).causation, Some(late.id));
    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

/// An emergency of the last days of 2026, beyond which the holiday table does not reach.
async fn emergency_at_the_turn_of_the_year(bench: &Bench, institution: Uuid) -> Uuid {
    bench.house.clock.set(start_of(date("2026-12-30")));
    let id = bench.planned(1, institution, Purpose::Complaint, true).await;
    let event = InspectionPlanned {
        institution,
        purpose: Purpose::Complaint,
        emergency: true,
        ordered_from_above: false,
        checklist: ChecklistRef {
            id: "wst-821".to_owned(),
            version: 1,
        },
        checklist_sha256: "0".repeat(64),
        dimensions: Vec::new(),
        from_date: date("2026-12-30"),
        to_date: date("2027-01-08"),
        announced: false,
        joint_bodies: Vec::new(),
    };
    bench.happened(id, event).await;
    id
}

fn arrival(approval_due: Option<Deadline>) -> InspectorCheckedIn {
    InspectorCheckedIn {
        method: CheckInMethod::WrittenNotice,
        point: None,
        approval_due,
    }
}

#[tokio::test]
async fn an_approval_that_counted_in_two_years_gives_the_first_back_whichever_was_written_last() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let inspection = emergency_at_the_turn_of_the_year(&bench, institution).await;
    let count = async |year: i16| {
        let counted = VisitCounted {
            inspection,
            purpose: Purpose::Complaint,
            counts: true,
            cap: None,
        };
        let time = bench.house.clock.now();
        bench
            .append::<VisitsEvent>(&visits_stream(institution, year), counted, Occurred::Instant { time })
            .await;
    };
    // The approval counted for the year of the plan, and lost its race against a check-in of the next year.
    count(2026).await;
    bench.house.clock.set(start_of(date("2027-01-04")));
    bench.happened(inspection, arrival(None)).await;
    execute(bench.house.commands.clone(), bench.approval(inspection))
        .await
        .unwrap();
    let released = || async {
        let released = bench.records("visits.VisitReleased.v1").await;
        released
            .iter()
            .map(|record| record.stream.to_string())
            .collect::<Vec<_>>()
    };
    bench.react().await;
    assert_eq!(released().await, [visits_stream(institution, 2026)]);
    // Another node did the same later.
    count(2026).await;
    bench.react().await;
    assert_eq!(
        released().await,
        [visits_stream(institution, 2026), visits_stream(institution, 2026)]
    );
    let length = bench.length().await;
    bench.forget();
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn beyond_the_holiday_table_no_approval_is_told_to_be_late() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let inspection = emergency_at_the_turn_of_the_year(&bench, institution).await;
    bench.house.clock.set(start_of(date("2026-12-31")));
    let due = Deadline {
        due_date: date("2027-01-04"),
        due_time: end_of(date("2027-01-04")),
        provisional: true,
        policy: PolicyRef {
            id: "cn-inspection".to_owned(),
            version: 1,
            sha256: "0".repeat(64),
        },
    };
    bench.happened(inspection, arrival(Some(due))).await;
    let mut reactors = reactors(&bench.house, bench.directory.path()).await;
    reactors.run_until_idle().await.unwrap();
    for later in ["2027-01-05", "2027-01-06", "2027-02-01"] {
        bench.house.clock.set(start_of(date(later)));
        reactors.run_until_idle().await.unwrap();
        assert!(bench.alerts("approval_overdue").await.is_empty(), "{later}");
    }
    let counts = reactors.counts();
    assert_eq!((counts.fired, counts.failed), (3, 0), "it is looked at again");
}
