//! The life of an alert: what each step asks for.

use crate::alert_support::*;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Need};
use yujian_domain::alert::*;
use yujian_domain::envelope::Classification;
use yujian_domain::event::EventFamily;
use yujian_domain::personal::{Personal, Sensitive};
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;

const STRANGE: Uuid = Uuid::from_u128(77);

#[test]
fn an_alert_says_rule_with_version_facts_threshold_and_last_day() {
    let raised = Desk::new().run(raise()).unwrap();
    assert_eq!(raised.policies, [policy()]);
    let AlertEvent::AlertRaised(event) = raised.event else {
        panic!("another event")
    };
    assert_eq!(event.rule_policy, Some(policy()));
    assert_eq!(event.threshold.as_deref(), Some("days:30"));
    assert_eq!(event.due_date, Some("2026-03-20".parse().unwrap()));
    assert_eq!(event.evidence, evidence());
    assert_eq!(event.severity, Some(AlertSeverity::Notice), "as its rule weighs");
}

#[test]
fn an_alert_without_evidence_or_with_a_shapeless_threshold_is_refused_with_both() {
    let wrong = RaiseAlert {
        evidence: Vec::new(),
        threshold: Some("thirty days".to_owned()),
        ..raise()
    };
    let both = [violation("ALT-01", "evidence"), violation("ALT-01", "threshold")];
    assert_eq!(Desk::new().violations(wrong), both);
    for (threshold, right) in [
        ("days:30", true),
        ("permille:0", true),
        ("working_days:15", true),
        ("days:", false),
        (":30", false),
        ("days:030", false),
        ("days:-1", false),
        ("days:+1", false),
        ("Days:1", false),
        ("days", false),
    ] {
        let command = RaiseAlert {
            threshold: Some(threshold.to_owned()),
            ..raise()
        };
        assert_eq!(Desk::new().decide(command).is_ok(), right, "{threshold}");
    }
}

#[test]
fn an_alert_is_raised_once_whatever_became_of_it() {
    for status in Status::ALL.iter().skip(1) {
        let refused = Desk::in_state(*status).refused(raise());
        assert_eq!(refused.reason, Reason::AlreadyExists);
        assert_eq!(refused.metadata["state"], status.code());
    }
}

#[test]
fn the_id_tells_rule_institution_subject_and_period_apart_and_nothing_else() {
    let id = raise().id();
    let same = RaiseAlert {
        threshold: None,
        rule_policy: None,
        severity: Some(AlertSeverity::Grave),
        ..raise()
    };
    assert_eq!(same.id(), id, "a newer version of the rule raises nothing twice");
    for other in [
        RaiseAlert {
            rule: AlertRule::PaperExpired,
            ..raise()
        },
        RaiseAlert {
            institution: STRANGE,
            ..raise()
        },
        RaiseAlert {
            person: Some(STRANGE),
            ..raise()
        },
        RaiseAlert {
            inspection: Some(STRANGE),
            ..raise()
        },
        RaiseAlert {
            period: "fire_safety@2026-03-21".to_owned(),
            ..raise()
        },
    ] {
        assert_ne!(other.id(), id);
    }
}

#[test]
fn the_request_of_an_alert_is_written_as_it_was_before_there_were_other_commands() {
    let first = RaiseAlert::new(
        AlertRule::DoubleEngagement,
        INSTITUTION,
        "1,2@4".to_owned(),
        "2026-03-02".parse().unwrap(),
        evidence(),
    );
    let stream = format!("institution-{INSTITUTION}");
    let then = serde_json::json!({
        "rule": "double_engagement",
        "institution": INSTITUTION,
        "period": "1,2@4",
        "since_date": "2026-03-02",
        "evidence": [{"stream": stream, "revision": 3}],
    });
    assert_eq!(serde_json::to_value(AlertCommand::from(first)).unwrap(), then);
    let named = serde_json::to_value(AlertCommand::from(dismiss())).unwrap();
    assert_eq!(named["command"], "dismiss");
}

#[test]
fn an_alert_without_a_severity_weighs_as_its_rule() {
    let json = |severity: Option<&str>| {
        let mut payload = Desk::new().run(raise()).unwrap().event.payload();
        payload.as_object_mut().unwrap().remove("severity");
        if let Some(severity) = severity {
            payload["severity"] = severity.into();
        }
        let bytes = serde_json::to_vec(&payload).unwrap();
        match AlertEvent::decode("alert.AlertRaised.v1", &bytes).unwrap().unwrap() {
            AlertEvent::AlertRaised(event) => event.weighs(),
            _ => panic!("another event"),
        }
    };
    assert_eq!(json(None), AlertSeverity::Notice);
    assert_eq!(json(Some("grave")), AlertSeverity::Grave);
}

#[test]
fn an_alert_is_noted_with_words_or_without() {
    let mut desk = Desk::in_state(Status::Raised);
    assert_eq!(
        desk.violations(AcknowledgeAlert {
            note: Some(Sensitive::new(" "))
        }),
        [violation("GEN-03", "note")]
    );
    desk.run(AcknowledgeAlert { note: None }).unwrap();
    assert_eq!(desk.state.status, Status::Acknowledged);
    assert_eq!(desk.reason(acknowledge()), Reason::NothingToDo);
}

#[test]
fn an_alert_is_linked_to_what_its_own_institution_has() {
    let desk = Desk::in_state(Status::Acknowledged);
    for right in [
        LinkTarget::Inspection(INSPECTION),
        LinkTarget::Incident(INCIDENT),
        LinkTarget::Application(1),
        LinkTarget::Application(APPLICATIONS),
    ] {
        assert!(desk.decide(link(right)).is_ok(), "{right:?}");
    }
    for (wrong, field) in [
        (LinkTarget::Inspection(STRANGE), "link.inspection"),
        (LinkTarget::Incident(STRANGE), "link.incident"),
        (LinkTarget::Application(0), "link.application"),
        (LinkTarget::Application(APPLICATIONS + 1), "link.application"),
    ] {
        assert_eq!(desk.violations(link(wrong)), [violation("ALT-03", field)]);
    }
    // It exists, and is another institution's.
    let mut facts = desk.facts.clone();
    facts.inspection = Some(std::sync::Arc::new(yujian_domain::inspection::Inspection {
        institution: Some(STRANGE),
        ..Default::default()
    }));
    let refused = desk.decide_with(&facts, link(LinkTarget::Inspection(INSPECTION)));
    assert_eq!(refused.unwrap_err().violations[0].field, "link.inspection");
}

#[test]
fn a_link_is_made_once_and_can_be_made_to_something_else() {
    let mut desk = Desk::in_state(Status::Linked);
    assert_eq!(desk.state.link, Some(LinkTarget::Inspection(INSPECTION)));
    assert_eq!(
        desk.reason(link(LinkTarget::Inspection(INSPECTION))),
        Reason::NothingToDo
    );
    desk.run(link(LinkTarget::Application(2))).unwrap();
    assert_eq!(desk.state.link, Some(LinkTarget::Application(2)));
}

#[test]
fn a_link_asks_for_the_stream_that_it_names() {
    let desk = Desk::in_state(Status::Acknowledged);
    let needs = |target| desk.state.needs(&link(target).into());
    let own = Need::Institution(INSTITUTION);
    assert_eq!(needs(LinkTarget::Application(1)), vec![Need::Institution(INSTITUTION)]);
    assert_eq!(
        needs(LinkTarget::Inspection(INSPECTION)),
        [own.clone(), Need::Inspection(INSPECTION)]
    );
    assert_eq!(needs(LinkTarget::Incident(INCIDENT)), [own, Need::Incident(INCIDENT)]);
}

#[test]
fn whoever_dismisses_an_alert_says_why_in_words_too() {
    let mut desk = Desk::in_state(Status::Linked);
    let silent = DismissAlert {
        note: Sensitive::new(""),
        ..dismiss()
    };
    assert_eq!(desk.violations(silent), [violation("GEN-03", "note")]);
    let long = DismissAlert {
        note: Sensitive::new("长".repeat(2_001)),
        ..dismiss()
    };
    assert_eq!(desk.violations(long), [violation("GEN-03", "note")]);
    let AlertEvent::AlertDismissed(event) = desk.run(dismiss()).unwrap().event else {
        panic!("another event")
    };
    assert_eq!(event.reason, DismissalReason::HandledElsewhere);
}

#[test]
fn whoever_confirms_an_alert_says_what_was_found() {
    let mut desk = Desk::in_state(Status::Acknowledged);
    let silent = ConfirmAlert {
        statement: Sensitive::new("\n"),
    };
    assert!(desk.violations(silent).contains(&violation("GEN-03", "statement")));
    desk.run(confirm()).unwrap();
    assert_eq!(desk.state.status, Status::Confirmed);
}

#[test]
fn an_alert_lapses_only_while_nobody_looks_into_it_and_with_evidence() {
    let bare = ClearAlert {
        evidence: Vec::new(),
        ..clear()
    };
    assert_eq!(
        Desk::in_state(Status::Raised).violations(bare),
        [violation("ALT-06", "evidence")]
    );
    for (status, lapses) in [
        (Status::Raised, true),
        (Status::Acknowledged, true),
        (Status::Linked, false),
    ] {
        assert_eq!(
            Desk::in_state(status).decide(clear()).is_ok(),
            lapses,
            "{}",
            status.code()
        );
    }
}

#[test]
fn every_event_of_an_alert_is_for_the_regulator_and_what_officers_write_is_sealed_under_its_text() {
    let mut written = 0;
    for status in Status::ALL {
        for decided in Desk::in_state(*status).events {
            assert_eq!(decided.classification, Classification::Regulator);
            let text = match decided.event {
                AlertEvent::AlertAcknowledged(event) => event.note,
                AlertEvent::AlertDismissed(event) => Some(event.note),
                AlertEvent::AlertConfirmed(event) => Some(event.statement),
                AlertEvent::AlertRaised(_) | AlertEvent::AlertLinked(_) | AlertEvent::AlertLapsed(_) => None,
            };
            if let Some(Personal::Clear { subject, .. }) = text {
                assert_eq!(subject, format!("alert-{ALERT}.text"));
                written += 1;
            }
        }
    }
    assert!(written > 4);
}

#[test]
fn states_of_an_alert_follow_one_another_in_legal_time() {
    let mut desk = Desk::in_state(Status::Raised);
    desk.days_later(3);
    for (days, rule) in [(-4, "GEN-08"), (1, "GEN-01")] {
        desk.said = Some(Occurred::Day { date: desk.days(days) });
        assert_eq!(desk.violations(acknowledge()), [violation(rule, "occurred")]);
    }
    desk.said = Some(Occurred::Day { date: desk.days(-3) });
    let same_day = desk.run(acknowledge()).unwrap();
    assert!(same_day.effective_from.is_some(), "right after the state before");
}
