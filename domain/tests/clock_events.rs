//! Events and names of clocks: their stored form, and how they fold.

use std::fmt::Debug;

use crate::clock_support::{Run, deadline, policy, shipped, started};
use jiff::civil::date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use yujian_domain::calendar::Due;
use yujian_domain::clock::*;

const NAME: ClockRef = ClockRef {
    kind: ClockKind::Decision,
    revision: 12,
};

fn due() -> Deadline {
    deadline(Due {
        date: date(2026, 3, 30),
        provisional: false,
    })
}

/// What `due` is in the log, as it has been since the first release.
fn stored_due() -> Value {
    json!({
        "due_date": "2026-03-30",
        "due_time": "2026-03-30T15:59:59.999999999Z",
        "provisional": false,
        "policy": {"id": "cn-admission", "version": 1, "sha256": "0".repeat(64)},
    })
}

/// The event is stored as `stored`, read back as it was, and a member that it does not know is refused.
fn is_stored_as<E: Serialize + DeserializeOwned + PartialEq + Debug>(event: &E, mut stored: Value) {
    assert_eq!(serde_json::to_value(event).unwrap(), stored);
    let read: E = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(read, *event);
    stored["remark"] = json!("");
    let refused = serde_json::from_value::<E>(stored).unwrap_err();
    assert!(refused.to_string().contains("remark"), "{refused}");
}

#[test]
fn a_start_is_stored_with_what_it_counts() {
    let mut event = ClockStarted {
        application: Some(2),
        kind: ClockKind::Decision,
        from_date: date(2026, 3, 2),
        unit: Unit::WorkingDays,
        count: 20,
        due: due(),
    };
    let mut stored = json!({
        "application": 2,
        "kind": "decision",
        "from_date": "2026-03-02",
        "unit": "working_days",
        "count": 20,
        "due": stored_due(),
    });
    is_stored_as(&event, stored.clone());
    event.application = None;
    stored.as_object_mut().unwrap().remove("application");
    is_stored_as(&event, stored);
}

#[test]
fn a_pause_and_its_end_are_stored_with_their_days() {
    let clock = json!({"kind": "decision", "revision": 12});
    let mut event = ClockPaused {
        clock: NAME,
        reason: PauseReason::ExpertReview,
        from_date: date(2026, 3, 10),
        told_date: Some(date(2026, 3, 9)),
    };
    let mut stored = json!({
        "clock": clock,
        "reason": "expert_review",
        "from_date": "2026-03-10",
        "told_date": "2026-03-09",
    });
    is_stored_as(&event, stored.clone());
    event.told_date = None;
    stored.as_object_mut().unwrap().remove("told_date");
    is_stored_as(&event, stored);
    is_stored_as(
        &ClockResumed {
            clock: NAME,
            on_date: date(2026, 3, 12),
            due: due(),
        },
        json!({"clock": clock, "on_date": "2026-03-12", "due": stored_due()}),
    );
}

#[test]
fn an_extension_is_stored_with_who_approved_it() {
    is_stored_as(
        &ClockExtended {
            clock: NAME,
            reason: ExtensionReason::ThirdPartyInput,
            count: 10,
            approver: "head-1".to_owned(),
            approver_office: ApproverOffice::HeadOfAuthority,
            told_date: date(2026, 3, 20),
            due: due(),
        },
        json!({
            "clock": {"kind": "decision", "revision": 12},
            "reason": "third_party_input",
            "count": 10,
            "approver": "head-1",
            "approver_office": "head_of_authority",
            "told_date": "2026-03-20",
            "due": stored_due(),
        }),
    );
}

#[test]
fn ends_and_new_counts_are_stored_with_their_days() {
    let clock = json!({"kind": "decision", "revision": 12});
    let on_date = date(2026, 3, 20);
    is_stored_as(
        &ClockRecomputed {
            clock: NAME,
            due: due(),
            holidays_sha256: "1".repeat(64),
        },
        json!({"clock": clock, "due": stored_due(), "holidays_sha256": "1".repeat(64)}),
    );
    is_stored_as(
        &ClockMet {
            clock: NAME,
            on_date,
            late: true,
        },
        json!({"clock": clock, "on_date": "2026-03-20", "late": true}),
    );
    is_stored_as(
        &ClockExpired {
            clock: NAME,
            due_date: on_date,
        },
        json!({"clock": clock, "due_date": "2026-03-20"}),
    );
    is_stored_as(
        &ClockCancelled { clock: NAME, on_date },
        json!({"clock": clock, "on_date": "2026-03-20"}),
    );
}

#[test]
fn clocks_are_found_by_kind_and_application() {
    let calendar = shipped();
    let mut clocks = Clocks::default();
    let name = |revision| ClockRef {
        kind: ClockKind::Decision,
        revision,
    };
    for (revision, application) in [(3, 1), (7, 2), (9, 2)] {
        let event = ClockStarted {
            application: Some(application),
            ..started(ClockKind::Decision, date(2026, 3, 2), Unit::WorkingDays, 20, &calendar)
        };
        clocks.start(name(revision), &event);
    }
    let running = |clocks: &Clocks, application| {
        clocks
            .running(ClockKind::Decision, Some(application))
            .map(|(name, _)| name)
    };
    assert_eq!(running(&clocks, 1), Some(name(3)));
    assert_eq!(running(&clocks, 2), Some(name(9)), "the one that was started last");
    assert_eq!(running(&clocks, 3), None);
    assert_eq!(clocks.running(ClockKind::Decision, None), None);
    assert_eq!(clocks.running(ClockKind::Completeness, Some(1)), None);

    clocks.apply(&ClockPaused {
        clock: name(3),
        reason: PauseReason::Hearing,
        from_date: date(2026, 3, 4),
        told_date: None,
    });
    assert_eq!(running(&clocks, 1), None, "it stands still");
    let (found, clock) = clocks.open_of(ClockKind::Decision, Some(1)).unwrap();
    assert_eq!((found, clock.state), (name(3), ClockState::Paused));

    clocks.apply(&ClockCancelled {
        clock: name(9),
        on_date: date(2026, 3, 5),
    });
    assert_eq!(running(&clocks, 2), Some(name(7)));
    let open: Vec<ClockRef> = clocks.open().map(|(name, _)| name).collect();
    assert_eq!(open, [name(3), name(7)]);
    let cancelled = clocks.get(name(9)).unwrap();
    assert_eq!(
        (cancelled.state, cancelled.ended),
        (ClockState::Cancelled, Some(date(2026, 3, 5)))
    );
    assert_eq!(clocks.iter().count(), 3);
}

#[test]
fn an_event_about_a_clock_that_nobody_started_changes_nothing() {
    let run = Run::working(ClockKind::Decision, date(2026, 3, 2), 20);
    let clock = ClockRef {
        revision: run.name.revision + 1,
        ..run.name
    };
    let mut clocks = run.clocks.clone();
    let due = run.clock().due.clone();
    let on_date = date(2026, 3, 4);
    clocks.apply(&ClockPaused {
        clock,
        reason: PauseReason::Test,
        from_date: on_date,
        told_date: None,
    });
    clocks.apply(&ClockResumed { clock, on_date, due });
    clocks.apply(&ClockMet {
        clock,
        on_date,
        late: true,
    });
    clocks.apply(&ClockCancelled { clock, on_date });
    assert_eq!(clocks, run.clocks);
}

#[test]
fn a_clock_is_written_in_one_way() {
    for kind in ClockKind::ALL {
        let name = ClockRef {
            kind: *kind,
            revision: 12,
        };
        assert_eq!(name.to_string(), format!("{}@12", kind.code()));
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    for wrong in [
        "",
        "completeness",
        "completeness@",
        "@12",
        "silence@12",
        "completeness@-1",
        "completeness@+1",
        "completeness@012",
        "completeness@12 ",
        "completeness@1@2",
        "Completeness@12",
        "completeness@18446744073709551616",
    ] {
        let problem = wrong.parse::<ClockRef>().unwrap_err();
        assert_eq!(problem.rule, "CLK-10", "{wrong}");
    }
}

#[test]
fn a_deadline_is_the_end_of_its_last_day() {
    let deadline = Deadline::of(
        Due {
            date: date(2026, 3, 30),
            provisional: false,
        },
        policy(),
    );
    assert_eq!(
        deadline.due_time.to_string(),
        "2026-03-30T15:59:59.999999999Z",
        "24:00 in Shanghai"
    );
}
