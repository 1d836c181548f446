//! Notifying and telling guardians: rules INC-01 to INC-08.

use crate::incident_support::*;
use proptest::prelude::*;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;

fn notified(event: IncidentEvent) -> IncidentNotified {
    match event {
        IncidentEvent::IncidentNotified(event) => event,
        other => panic!("{}", other.event_type()),
    }
}

fn guardian(event: IncidentEvent) -> GuardianNotified {
    match event {
        IncidentEvent::GuardianNotified(event) => event,
        other => panic!("{}", other.event_type()),
    }
}

/// A notification of a category with children that fit it.
fn of(category: Category) -> NotifyIncident {
    let severity = match category {
        Category::Death => Severity::Fatal,
        Category::MissingChild | Category::Disruption | Category::DataLeak | Category::Other => Severity::None,
        _ => Severity::Minor,
    };
    NotifyIncident {
        category,
        children: vec![child(severity)],
        ..fall()
    }
}

// INC-01

#[test]
fn an_institution_that_does_not_exist_cannot_have_an_incident() {
    let mut desk = Desk::new();
    desk.facts.institution = None;
    assert_eq!(desk.refused(fall()).reason, Reason::NotFound);
    desk.facts.institution = Some(std::sync::Arc::default());
    assert_eq!(desk.refused(fall()).reason, Reason::NotFound);
}

#[test]
fn closing_down_is_no_way_out_of_telling() {
    let mut desk = Desk::new();
    let mut closed = (*desk.facts.institution.clone().unwrap()).clone();
    closed.status = yujian_domain::institution::Status::Closed;
    desk.facts.institution = Some(std::sync::Arc::new(closed));
    desk.one(fall());
    assert_eq!(desk.state.status, Status::Notified);
}

// INC-02, INC-03, INC-04: all violations at once

#[test]
fn everything_wrong_with_a_notification_is_said_at_once() {
    let desk = Desk::new();
    let command = NotifyIncident {
        awareness_time: at("2026-03-02T02:05:01Z"),
        occurred: Occurred::Instant {
            time: at("2026-03-02T02:05:02Z"),
        },
        place: " ".to_owned(),
        children: vec![
            ChildInput {
                name: Some(Sensitive::new("")),
                ..child(Severity::Unknown)
            },
            ChildInput {
                injury: Injury::Unknown,
                treatment: Some(Sensitive::new(" ")),
                ..child(Severity::Minor)
            },
        ],
        children_present: 1,
        narrative: Sensitive::new("\n"),
        first_actions: Some(Sensitive::new("")),
        reporter: Some(Sensitive::new("长".repeat(101))),
        ..fall()
    };
    assert_eq!(
        desk.violations(command),
        [
            violation("INC-02", "place"),
            violation("INC-02", "narrative"),
            violation("INC-02", "first_actions"),
            violation("INC-02", "reporter"),
            violation("INC-03", "awareness_time"),
            violation("INC-03", "occurred"),
            violation("INC-04", "children[0].severity"),
            violation("INC-04", "children[0].name"),
            violation("INC-04", "children[1].injury"),
            violation("INC-04", "children[1].treatment"),
            violation("INC-04", "children_present"),
        ]
    );
}

#[test]
fn a_place_is_a_short_kind_of_place_without_numbers_of_persons() {
    let desk = Desk::new();
    let at = |place: &str| NotifyIncident {
        place: place.to_owned(),
        ..fall()
    };
    for right in ["活动室", "3号楼 2层 盥洗室", "Raum 102", "123456"] {
        desk.decide(at(right)).unwrap();
    }
    desk.decide(at(&"室".repeat(40))).unwrap();
    let wrong = [violation("INC-02", "place")];
    for refused in [
        "1234567",
        "电话 138 1234 5678",
        "１２３４５６７",
        "李老师（走廊）",
        "室\n室",
    ] {
        assert_eq!(desk.violations(at(refused)), wrong, "{refused}");
    }
    assert_eq!(desk.violations(at(&"室".repeat(41))), wrong);
}

#[test]
fn a_refusal_quotes_no_personal_data() {
    let desk = Desk::new();
    let command = NotifyIncident {
        place: String::new(),
        reporter: Some(Sensitive::new("王小明".repeat(50))),
        ..fall()
    };
    let rejection = desk.refused(command);
    assert!(!format!("{rejection:?} {rejection}").contains("王小明"));
}

#[test]
fn an_incident_must_be_dated_at_least_to_the_day() {
    let desk = Desk::new();
    let dated = |occurred| NotifyIncident { occurred, ..fall() };
    assert_eq!(
        desk.violations(dated(Occurred::Unknown)),
        [violation("INC-03", "occurred")]
    );
    desk.decide(dated(Occurred::Day {
        date: day("2026-03-02"),
    }))
    .unwrap();
    assert_eq!(
        desk.violations(dated(Occurred::Day {
            date: day("2026-03-03")
        })),
        [violation("INC-03", "occurred")]
    );
}

#[test]
fn children_present_count_only_where_the_incident_happens_in_the_house() {
    let desk = Desk::new();
    let three = vec![
        child(Severity::Medical),
        child(Severity::Medical),
        child(Severity::Medical),
    ];
    let ill = |category, children_present| NotifyIncident {
        category,
        children: three.clone(),
        children_present,
        ..fall()
    };
    assert_eq!(
        desk.violations(ill(Category::FoodSafety, 2)),
        [violation("INC-04", "children_present")]
    );
    desk.decide(ill(Category::FoodSafety, 3)).unwrap();
    // The number is not known yet.
    desk.decide(ill(Category::FoodSafety, 0)).unwrap();
    // Ill children are at home.
    desk.decide(ill(Category::ClusteredIllness, 2)).unwrap();
}

#[test]
fn five_hundred_children_are_the_most() {
    let desk = Desk::new();
    let many = |count| NotifyIncident {
        category: Category::ClusteredIllness,
        children: vec![child(Severity::Minor); count],
        ..fall()
    };
    desk.decide(many(500)).unwrap();
    assert_eq!(desk.violations(many(501)), [violation("INC-04", "children")]);
}

// INC-05

#[test]
fn the_category_fits_the_harm() {
    let desk = Desk::new();
    let table: &[(Category, &[Severity], bool)] = &[
        (Category::Death, &[], false),
        (Category::Death, &[Severity::LifeThreatening], false),
        (Category::Death, &[Severity::Minor, Severity::Fatal], true),
        (Category::SeriousInjury, &[], false),
        (Category::SeriousInjury, &[Severity::Hospital], true),
        (Category::MinorInjury, &[], false),
        (Category::MinorInjury, &[Severity::Medical], true),
        (Category::MinorInjury, &[Severity::Hospital], false),
        (Category::MissingChild, &[], false),
        (Category::MissingChild, &[Severity::None], true),
        (Category::AllergicShock, &[], false),
        (Category::Disruption, &[], true),
        (Category::Disruption, &[Severity::Fatal], false),
        (Category::DataLeak, &[Severity::LifeThreatening], false),
        (Category::ProductionSafety, &[Severity::Fatal], true),
        (Category::ProductionSafety, &[], true),
        (Category::SuspectedAbuse, &[], true),
        (Category::Other, &[], true),
    ];
    for (category, severities, fits) in table {
        let children = severities.iter().map(|severity| child(*severity)).collect();
        let command = NotifyIncident {
            category: *category,
            children,
            ..fall()
        };
        if *fits {
            desk.decide(command).unwrap();
        } else {
            assert_eq!(
                desk.violations(command),
                [violation("INC-05", "category")],
                "{category:?} {severities:?}"
            );
        }
    }
}

// INC-06

#[test]
fn the_deadline_runs_from_awareness_by_category() {
    for category in Category::ALL {
        let mut desk = Desk::new();
        let (policy, reference) = {
            let institution = desk.facts.institution.as_ref().unwrap();
            let (policy, reference) = desk
                .reference
                .incident(institution.region.as_ref().unwrap(), day("2026-03-02"))
                .unwrap();
            (policy.category(*category).clone(), reference)
        };
        let decided = desk.run(of(*category)).unwrap().remove(0);
        assert_eq!(decided.legal_basis, policy.legal_basis, "{category:?}");
        assert_eq!(decided.policies, std::slice::from_ref(&reference));
        let event = notified(decided.event);
        let minutes = event
            .notification_due
            .due_time
            .duration_since(event.awareness_time)
            .as_mins();
        assert_eq!(minutes, i64::from(policy.notify_within_minutes), "{category:?}");
        assert_eq!(event.notification_due.policy, reference);
        assert!(
            !event.notification_due.provisional,
            "a clock in minutes needs no holiday table"
        );
    }
}

#[test]
fn a_serious_injury_is_late_after_two_hours_and_not_on_the_stroke() {
    for (now, late) in [
        ("2026-03-02T03:40:00Z", false),
        ("2026-03-02T03:40:00.000000001Z", true),
    ] {
        let mut desk = Desk::new();
        desk.now = at(now);
        let event = notified(desk.one(fall()));
        assert_eq!(event.notification_due.due_time, at("2026-03-02T03:40:00Z"));
        assert_eq!(event.late, late);
        assert_eq!(desk.state.late, late);
    }
}

#[test]
fn the_due_day_is_the_legal_day_of_the_due_instant() {
    let mut desk = Desk::new();
    desk.now = at("2026-03-02T15:30:00Z");
    let event = notified(desk.one(NotifyIncident {
        awareness_time: at("2026-03-02T15:00:00Z"),
        ..fall()
    }));
    // 01:00 of the next day in Shanghai.
    assert_eq!(event.notification_due.due_time, at("2026-03-02T17:00:00Z"));
    assert_eq!(event.notification_due.due_date, day("2026-03-03"));
}

#[test]
fn the_policy_is_that_of_the_day_of_awareness() {
    let aware = |time: &str| NotifyIncident {
        category: Category::PublicHealthEmergency,
        awareness_time: at(time),
        occurred: Occurred::Unknown,
        ..fall()
    };
    let version = |time: &str| {
        let mut desk = Desk::new();
        let occurred = Occurred::Instant { time: at(time) };
        notified(desk.one(NotifyIncident {
            occurred,
            ..aware(time)
        }))
        .notification_due
        .policy
        .version
    };
    // The law of 2025 is in force from 1 November, which begins at 16:00 UTC of the day before.
    assert_eq!(version("2025-10-31T15:59:59Z"), 1);
    assert_eq!(version("2025-10-31T16:00:00Z"), 2);
    let desk = Desk::new();
    let early = NotifyIncident {
        occurred: Occurred::Day {
            date: day("2019-01-01"),
        },
        ..aware("2019-01-01T02:00:00Z")
    };
    assert_eq!(desk.refused(early).reason, Reason::PolicyNotInForce);
}

#[test]
fn the_envelope_tells_when_the_incident_happened() {
    let mut desk = Desk::new();
    let decided = desk.run(fall()).unwrap().remove(0);
    assert_eq!(
        decided.occurred,
        Some(Occurred::Instant {
            time: at("2026-03-02T01:30:00Z")
        })
    );
}

// INC-07

#[test]
fn guardians_are_due_by_policy_or_when_a_child_was_harmed() {
    let due = |category, severity| {
        notified(Desk::new().one(NotifyIncident {
            children: vec![child(severity)],
            ..of(category)
        }))
        .guardians_due
    };
    assert!(due(Category::MissingChild, Severity::None));
    assert!(due(Category::DataLeak, Severity::None));
    assert!(!due(Category::Other, Severity::None));
    assert!(due(Category::Other, Severity::Minor));
    assert!(!due(Category::Disruption, Severity::None));
}

// Personal data

#[test]
fn personal_data_stands_under_the_keys_of_its_subjects() {
    let command = NotifyIncident {
        children: vec![
            child(Severity::Hospital),
            ChildInput {
                name: None,
                treatment: Some(Sensitive::new("缝合")),
                ..child(Severity::Minor)
            },
        ],
        ..fall()
    };
    let payload = Desk::new().one(command).payload();
    let subject = |pointer: &str| {
        payload
            .pointer(pointer)
            .and_then(|value| value["$personal"]["subject"].as_str())
    };
    let id = INCIDENT;
    assert_eq!(subject("/children/0/name"), Some(&*format!("incident-{id}.child-1")));
    assert_eq!(
        subject("/children/1/treatment"),
        Some(&*format!("incident-{id}.child-2"))
    );
    assert_eq!(subject("/narrative"), Some(&*format!("incident-{id}.text")));
    assert_eq!(subject("/first_actions"), Some(&*format!("incident-{id}.text")));
    assert_eq!(subject("/reporter"), Some(&*format!("incident-{id}.reporter")));
}

// INC-08

#[test]
fn a_guardian_is_told_once() {
    let mut desk = desk_at(Status::Notified);
    let decided = desk.run(told(1, "2026-03-02T01:50:00Z")).unwrap().remove(0);
    assert_eq!(
        decided.occurred,
        Some(Occurred::Instant {
            time: at("2026-03-02T01:50:00Z")
        })
    );
    assert!(!guardian(decided.event).late);
    let again = desk.refused(told(1, "2026-03-02T01:55:00Z"));
    assert_eq!(again.reason, Reason::NothingToDo);
    assert_eq!(again.metadata["child"], "1");
}

#[test]
fn a_guardian_is_told_of_a_child_that_is_there_and_of_an_incident_that_has_happened() {
    let desk = desk_at(Status::Notified);
    assert_eq!(
        desk.violations(told(2, "2026-03-02T01:50:00Z")),
        [violation("INC-08", "child")]
    );
    assert_eq!(
        desk.violations(told(0, "2026-03-02T01:50:00Z")),
        [violation("INC-08", "child")]
    );
    assert_eq!(
        desk.violations(told(1, "2026-03-02T01:29:59Z")),
        [violation("INC-08", "told_time")]
    );
    assert_eq!(
        desk.violations(told(1, "2026-03-02T02:05:01Z")),
        [violation("INC-08", "told_time")]
    );
    // Someone was there when it happened.
    desk.decide(told(1, "2026-03-02T01:30:00Z")).unwrap();
}

#[test]
fn half_an_hour_after_awareness_telling_a_guardian_is_late() {
    let mut desk = desk_at(Status::Notified);
    desk.later(60);
    let late = |time: &str| guardian(desk.decide(told(1, time)).unwrap().remove(0).event).late;
    assert!(!late("2026-03-02T02:10:00Z"));
    assert!(late("2026-03-02T02:10:01Z"));
}

#[test]
fn the_clock_for_a_child_that_was_told_later_runs_from_then() {
    let mut desk = desk_at(Status::Notified);
    desk.later(120).one(SupplementIncident {
        children: vec![child(Severity::Minor)],
        ..supplement()
    });
    desk.later(120);
    let late = |time: &str| guardian(desk.decide(told(2, time)).unwrap().remove(0).event).late;
    assert!(!late("2026-03-02T04:30:00Z"));
    assert!(late("2026-03-02T04:30:01Z"));
}

#[test]
fn where_policy_sets_no_time_telling_a_guardian_is_never_late() {
    let mut desk = Desk::new();
    desk.one(NotifyIncident {
        children: vec![child(Severity::Minor)],
        ..of(Category::Other)
    });
    desk.later(100_000);
    assert!(!guardian(desk.one(told(1, "2026-04-02T00:00:00Z"))).late);
}

proptest! {
    /// Late and due fit each other for any category, awareness and receipt.
    #[test]
    fn late_is_received_after_due(category in 0..Category::ALL.len(), aware in 0_i64..525_600, wait in 0_i64..3_000) {
        let mut desk = Desk::new();
        let start = at("2025-06-01T00:00:00Z");
        let after = |minutes| start.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap();
        desk.now = after(aware + wait);
        let event = notified(desk.one(NotifyIncident {
            awareness_time: after(aware),
            occurred: Occurred::Instant { time: after(aware) },
            ..of(Category::ALL[category])
        }));
        prop_assert_eq!(event.late, desk.now > event.notification_due.due_time);
        prop_assert!(event.notification_due.due_time > event.awareness_time);
        prop_assert_eq!(event.notification_due.due_date, yujian_domain::time::day_of(event.notification_due.due_time));
    }
}
