//! Triage, investigation, conclusion, reopening and imported history: rules INC-10 to INC-18.

use std::collections::BTreeMap;

use crate::incident_support::*;
use uuid::Uuid;
use yujian_domain::envelope::Classification;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;
use yujian_domain::values::ExternalId;

// INC-10

#[test]
fn triage_needs_a_reason() {
    let desk = desk_at(Status::Notified);
    let blank = TriageIncident {
        reason: Sensitive::new("  "),
        ..triage(true)
    };
    assert_eq!(desk.violations(blank), [violation("INC-10", "reason")]);
}

#[test]
fn reasons_actions_and_advice_are_personal() {
    let personal = |value: &serde_json::Value, clear: &str| {
        assert_eq!(
            *value,
            serde_json::json!({"$personal": {"subject": format!("incident-{INCIDENT}.text"), "clear": clear}})
        );
    };
    let mut desk = desk_at(Status::Notified);
    let triaged = desk.one(triage(true));
    assert!(!format!("{triaged:?}").contains("儿童住院"));
    personal(&triaged.payload()["reason"], "儿童住院");
    let mut desk = desk_at(Status::FindingsProposed);
    desk.one(told(1, "2026-03-02T01:50:00Z"));
    let concluded = desk.by("officer-2").one(ConcludeIncident {
        advice: Some(Sensitive::new("定期检查")),
        ..conclusion(Outcome::Responsible)
    });
    assert!(!format!("{concluded:?}").contains("限期整改"));
    personal(&concluded.payload()["actions"][0], "限期整改");
    personal(&concluded.payload()["advice"], "定期检查");
}

// INC-11

#[test]
fn an_investigation_is_due_by_priority_in_calendar_days() {
    for (priority, due) in [
        (Priority::P1, "2026-05-01"),
        (Priority::P2, "2026-05-01"),
        (Priority::P3, "2026-04-01"),
        (Priority::P4, "2026-04-01"),
    ] {
        let mut desk = desk_at(Status::Notified);
        desk.one(TriageIncident {
            priority,
            ..triage(true)
        });
        let IncidentEvent::InvestigationOpened(event) = desk.one(investigation()) else {
            panic!()
        };
        assert_eq!(event.due.due_date, day(due), "{priority:?}");
        assert_eq!(event.due.due_time, yujian_domain::time::end_of(day(due)));
        assert_eq!(desk.state.investigation_due, Some(event.due));
    }
}

#[test]
fn a_matter_of_another_authority_is_not_investigated() {
    let mut desk = desk_at(Status::Notified);
    desk.one(triage(false));
    let rejection = desk.refused(investigation());
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["regulatory"], "false");
}

#[test]
fn an_investigation_needs_a_lead_and_no_blank_plan() {
    let desk = desk_at(Status::Triaged);
    let blank = OpenInvestigation {
        lead: String::new(),
        plan: Some(Sensitive::new(" ")),
    };
    assert_eq!(
        desk.violations(blank),
        [violation("INC-11", "lead"), violation("INC-11", "plan")]
    );
}

// INC-12

#[test]
fn responsibility_needs_a_root_cause_and_other_outcomes_do_not() {
    let desk = desk_at(Status::UnderInvestigation);
    for outcome in Outcome::ALL {
        let command = CompleteInvestigation {
            outcome: *outcome,
            root_causes: Vec::new(),
            ..findings()
        };
        match outcome {
            Outcome::Responsible => assert_eq!(desk.violations(command), [violation("INC-12", "root_causes")]),
            Outcome::Unknown => assert_eq!(desk.violations(command), [violation("INC-12", "outcome")]),
            _ => assert!(desk.decide(command).is_ok(), "{outcome:?}"),
        }
    }
    let twice = CompleteInvestigation {
        root_causes: vec![RootCause::Food, RootCause::Food],
        ..findings()
    };
    assert_eq!(desk.violations(twice), [violation("INC-12", "root_causes[1]")]);
    let blank = CompleteInvestigation {
        findings: Sensitive::new(""),
        ..findings()
    };
    assert_eq!(desk.violations(blank), [violation("INC-12", "findings")]);
}

#[test]
fn an_investigation_is_late_after_its_last_day() {
    for (now, late) in [
        ("2026-05-01T15:59:59.999999999Z", false),
        ("2026-05-01T16:00:00Z", true),
    ] {
        let mut desk = desk_at(Status::UnderInvestigation);
        desk.now = at(now);
        let IncidentEvent::InvestigationCompleted(event) = desk.one(findings()) else {
            panic!()
        };
        assert_eq!(event.late, late);
    }
}

#[test]
fn what_the_authority_finds_out_is_for_the_regulator() {
    let desk = desk_at(Status::UnderInvestigation);
    let decided = desk.decide(findings()).unwrap().remove(0);
    assert_eq!(decided.classification, Classification::Regulator);
}

// INC-13

#[test]
fn another_person_concludes() {
    let mut desk = desk_at(Status::FindingsProposed);
    desk.one(told(1, "2026-03-02T01:50:00Z"));
    assert_eq!(
        desk.refused(conclusion(Outcome::Responsible)).reason,
        Reason::TwoPersonRule
    );
    desk.by("officer-2").one(conclusion(Outcome::Responsible));
    assert_eq!(desk.state.outcome, Some(Outcome::Responsible));
}

#[test]
fn after_reopening_the_two_persons_are_those_of_the_new_investigation() {
    let mut desk = desk_at(Status::Reopened);
    desk.by("officer-2").one(investigation());
    desk.one(findings());
    assert_eq!(
        desk.refused(conclusion(Outcome::Inconclusive)).reason,
        Reason::TwoPersonRule
    );
    desk.by("officer-1").one(conclusion(Outcome::Inconclusive));
}

#[test]
fn a_conclusion_says_what_it_means() {
    let mut desk = desk_at(Status::FindingsProposed);
    desk.by("officer-2");
    let wrong = ConcludeIncident {
        outcome: Outcome::Unknown,
        actions: vec![Sensitive::new("限期整改"), Sensitive::new(" ")],
        advice: Some(Sensitive::new("")),
    };
    assert_eq!(
        desk.violations(wrong),
        [
            violation("INC-13", "outcome"),
            violation("INC-13", "actions[1]"),
            violation("INC-13", "advice")
        ]
    );
    let many = ConcludeIncident {
        actions: vec![Sensitive::new("整改"); 51],
        ..conclusion(Outcome::Responsible)
    };
    assert_eq!(desk.violations(many), [violation("INC-13", "actions")]);
}

// INC-14

#[test]
fn a_matter_of_another_authority_ends_at_once_and_only_as_such() {
    let mut desk = desk_at(Status::Notified);
    desk.one(triage(false));
    desk.one(told(1, "2026-03-02T01:50:00Z"));
    assert_eq!(
        desk.violations(conclusion(Outcome::Unfounded)),
        [violation("INC-14", "outcome")]
    );
    desk.one(conclusion(Outcome::NonRegulatory));
    assert_eq!(desk.state.status, Status::Concluded);
}

#[test]
fn a_matter_of_ours_does_not_end_without_an_investigation() {
    let desk = desk_at(Status::Triaged);
    let rejection = desk.refused(conclusion(Outcome::NonRegulatory));
    assert_eq!(rejection.reason, Reason::IllegalTransition);
    assert_eq!(rejection.metadata["state"], "triaged");
}

// INC-15

#[test]
fn a_case_does_not_end_before_all_guardians_were_told() {
    let mut desk = desk_at(Status::UnderInvestigation);
    desk.one(SupplementIncident {
        children: vec![child(Severity::None), child(Severity::Minor)],
        ..supplement()
    });
    desk.one(told(2, "2026-03-02T02:00:00Z"));
    desk.one(findings());
    desk.by("officer-2");
    let rejection = desk.refused(conclusion(Outcome::Responsible));
    assert_eq!(rejection.reason, Reason::GuardiansNotTold);
    assert_eq!(rejection.metadata["children"], "1, 3");
    desk.one(told(1, "2026-03-02T02:00:00Z"));
    desk.one(told(3, "2026-03-02T02:00:00Z"));
    desk.one(conclusion(Outcome::Responsible));
}

#[test]
fn where_no_child_was_harmed_and_policy_asks_for_nothing_the_case_may_end() {
    let mut desk = Desk::new();
    desk.one(NotifyIncident {
        category: Category::Disruption,
        children: vec![child(Severity::None)],
        ..fall()
    });
    desk.one(triage(false));
    desk.one(conclusion(Outcome::NonRegulatory));
    assert_eq!(desk.state.untold(), [1]);
}

#[test]
fn a_category_raised_later_makes_guardians_due() {
    let mut desk = Desk::new();
    desk.one(NotifyIncident {
        category: Category::Other,
        children: vec![child(Severity::None)],
        ..fall()
    });
    desk.one(SupplementIncident {
        category: Some(Category::MissingChild),
        ..supplement()
    });
    desk.one(triage(false));
    assert_eq!(
        desk.refused(conclusion(Outcome::NonRegulatory)).reason,
        Reason::GuardiansNotTold
    );
}

// INC-16

#[test]
fn reopening_needs_new_facts_and_makes_it_a_matter_of_ours() {
    let mut desk = desk_at(Status::Notified);
    desk.one(triage(false));
    desk.one(told(1, "2026-03-02T01:50:00Z"));
    desk.one(conclusion(Outcome::NonRegulatory));
    let blank = ReopenIncident {
        reason: Sensitive::new(" "),
    };
    assert_eq!(desk.violations(blank), [violation("INC-16", "reason")]);
    desk.one(reopening());
    assert_eq!(desk.state.outcome, None);
    desk.one(investigation());
    assert_eq!(desk.state.status, Status::UnderInvestigation);
}

// INC-17, INC-18

#[test]
fn several_rows_make_one_case() {
    let mut desk = Desk::new();
    let decided = desk.run(row(1)).unwrap().remove(0);
    assert_eq!(
        decided.occurred,
        Some(Occurred::Day {
            date: day("2017-10-26")
        })
    );
    desk.one(RecordImportedIncident {
        injury: Injury::Wound,
        ..row(1)
    });
    desk.one(row(2));
    assert_eq!(desk.state.imported_rows, 3);
    assert_eq!(desk.state.status, Status::Imported);
    assert_eq!(desk.state.institution, Some(INSTITUTION));
}

#[test]
fn a_row_goes_to_its_own_case_only() {
    let mut desk = desk_at(Status::Imported);
    let other = ExternalId {
        register: "us-tx-ccl".to_owned(),
        number: "1".to_owned(),
    };
    let wrong = RecordImportedIncident {
        institution: Uuid::from_u128(9),
        external: other,
        ..row(2)
    };
    assert_eq!(
        desk.violations(wrong),
        [violation("INC-17", "institution"), violation("INC-17", "external")]
    );
    desk.facts.institution = None;
    assert_eq!(desk.refused(row(2)).reason, Reason::NotFound);
}

#[test]
fn a_later_edition_adds_its_news_whatever_became_of_the_case_here() {
    let mut desk = desk_at(Status::Imported);
    desk.one(reopening());
    desk.one(row(2));
    assert_eq!(desk.state.status, Status::Reopened);
    desk.one(investigation());
    desk.one(findings());
    desk.one(row(3));
    assert_eq!(desk.state.status, Status::FindingsProposed);
    desk.by("officer-2").one(conclusion(Outcome::Responsible));
    desk.one(row(4));
    assert_eq!(
        (desk.state.status, desk.state.outcome),
        (Status::Concluded, Some(Outcome::Responsible))
    );
    assert_eq!(desk.state.imported_rows, 4);
}

#[test]
fn a_notified_case_takes_no_foreign_rows() {
    let desk = desk_at(Status::Notified);
    assert_eq!(desk.refused(row(1)).reason, Reason::IllegalTransition);
}

#[test]
fn unknown_stays_unknown_in_imported_history() {
    let mut desk = Desk::new();
    let bare = RecordImportedIncident {
        category: Category::Other,
        intake_date: None,
        completed_date: None,
        injury: Injury::Unknown,
        details: BTreeMap::new(),
        ..row(1)
    };
    let decided = desk.run(bare).unwrap().remove(0);
    assert_eq!(decided.occurred, Some(Occurred::Unknown));
    assert!(decided.policies.is_empty(), "no clock runs on imported history");
    let payload = decided.event.payload();
    assert_eq!(payload["injury"], "unknown");
    assert!(payload.get("intake_date").is_none());
}

#[test]
fn value_rules_hold_for_imported_rows_too() {
    let desk = Desk::new();
    let wrong = RecordImportedIncident {
        external: ExternalId {
            register: String::new(),
            number: " ".to_owned(),
        },
        ordinal: 0,
        intake_date: Some(day("2026-03-03")),
        completed_date: Some(day("2026-03-01")),
        details: BTreeMap::from([(String::new(), "x".to_owned()), ("long".to_owned(), "x".repeat(2_001))]),
        narrative: Some(Sensitive::new("")),
        ..row(1)
    };
    assert_eq!(
        desk.violations(wrong),
        [
            violation("INC-18", "external.register"),
            violation("INC-18", "external.number"),
            violation("INC-18", "ordinal"),
            violation("INC-18", "intake_date"),
            violation("INC-18", "completed_date"),
            violation("INC-18", "details"),
            violation("INC-18", "details"),
            violation("INC-18", "narrative"),
        ]
    );
    // A column that the register left empty is no fault.
    desk.decide(RecordImportedIncident {
        details: BTreeMap::from([("Note".to_owned(), String::new())]),
        ..row(1)
    })
    .unwrap();
}

// GEN-01, GEN-08

#[test]
fn an_act_has_happened_at_a_known_time() {
    let mut desk = desk_at(Status::Notified);
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
            desk.violations(triage(true)),
            [violation("GEN-01", "occurred")],
            "{said:?}"
        );
    }
    desk.said = Some(Occurred::Instant {
        time: at("2026-03-02T02:05:00Z"),
    });
    desk.one(triage(true));
}

#[test]
fn states_follow_one_another_in_legal_time() {
    let mut desk = desk_at(Status::Notified);
    desk.later(3 * 1_440);
    desk.said = Some(Occurred::Day {
        date: day("2026-03-01"),
    });
    assert_eq!(desk.violations(triage(true)), [violation("GEN-08", "occurred")]);
    // The day of the incident, which happened at 01:30 UTC: triage begins right after it, not at the day's start.
    desk.said = Some(Occurred::Day {
        date: day("2026-03-02"),
    });
    let decided = desk.run(triage(true)).unwrap().remove(0);
    assert_eq!(decided.effective_from, Some(at("2026-03-02T01:30:00Z")));
    assert_eq!(desk.state.status_from, decided.effective_from);
    // A later day speaks for itself.
    desk.said = Some(Occurred::Day {
        date: day("2026-03-04"),
    });
    let decided = desk.run(investigation()).unwrap().remove(0);
    assert_eq!(decided.effective_from, None);
    assert_eq!(
        desk.state.status_from,
        Some(yujian_domain::time::start_of(day("2026-03-04")))
    );
}
