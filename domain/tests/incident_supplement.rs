//! Supplementing a notification: rule INC-09, and INC-05 and INC-15 as they go on.

use crate::incident_support::*;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::{LegalBasis, Reason};

fn supplemented(event: IncidentEvent) -> IncidentSupplemented {
    match event {
        IncidentEvent::IncidentSupplemented(event) => event,
        other => panic!("{}", other.event_type()),
    }
}

#[test]
fn a_supplement_that_says_nothing_new_is_refused() {
    let desk = desk_at(Status::Notified);
    let same = SupplementIncident {
        category: Some(Category::SeriousInjury),
        severities: vec![ChildSeverity {
            child: 1,
            severity: Severity::Hospital,
        }],
        ..supplement()
    };
    assert_eq!(desk.refused(supplement()).reason, Reason::NothingToDo);
    assert_eq!(desk.refused(same).reason, Reason::NothingToDo);
}

#[test]
fn a_supplement_keeps_only_its_news_and_numbers_children_on() {
    let mut desk = desk_at(Status::Notified);
    let event = supplemented(desk.one(SupplementIncident {
        narrative: Some(Sensitive::new("第二名儿童也受伤")),
        children: vec![child(Severity::Minor), child(Severity::None)],
        category: Some(Category::SeriousInjury),
        severities: vec![ChildSeverity {
            child: 1,
            severity: Severity::LifeThreatening,
        }],
    }));
    assert_eq!(event.category, None, "the same category is no news");
    assert_eq!(
        event.children.iter().map(|child| child.number).collect::<Vec<_>>(),
        [2, 3]
    );
    let known: Vec<_> = desk.state.children.clone().into_iter().collect();
    assert_eq!(
        known,
        [
            (1, Severity::LifeThreatening),
            (2, Severity::Minor),
            (3, Severity::None)
        ]
    );
}

#[test]
fn a_child_that_dies_makes_the_category_graver_and_leaves_the_deadline() {
    let mut desk = desk_at(Status::Notified);
    let died = ChildSeverity {
        child: 1,
        severity: Severity::Fatal,
    };
    let due = desk.state.notification_due.clone();
    desk.one(SupplementIncident {
        category: Some(Category::Death),
        severities: vec![died],
        ..supplement()
    });
    assert_eq!(desk.state.category, Some(Category::Death));
    assert_eq!(desk.state.notification_due, due);
    assert!(!desk.state.late);
}

#[test]
fn a_supplement_cannot_make_category_and_harm_contradict() {
    let desk = desk_at(Status::Notified);
    let milder = SupplementIncident {
        category: Some(Category::MinorInjury),
        ..supplement()
    };
    assert_eq!(desk.violations(milder), [violation("INC-05", "category")]);
    let death = SupplementIncident {
        category: Some(Category::Death),
        ..supplement()
    };
    assert_eq!(desk.violations(death), [violation("INC-05", "category")]);
}

#[test]
fn a_supplement_names_children_that_are_there_and_each_once() {
    let desk = desk_at(Status::Notified);
    let severities = |numbers: &[u32]| SupplementIncident {
        severities: numbers
            .iter()
            .map(|child| ChildSeverity {
                child: *child,
                severity: Severity::Medical,
            })
            .collect(),
        ..supplement()
    };
    assert_eq!(
        desk.violations(severities(&[1, 1])),
        [violation("INC-09", "severities[1].child")]
    );
    assert_eq!(
        desk.violations(severities(&[1, 2])),
        [violation("INC-09", "severities[1].child")]
    );
    let unknown = SupplementIncident {
        narrative: Some(Sensitive::new(" ")),
        severities: vec![ChildSeverity {
            child: 1,
            severity: Severity::Unknown,
        }],
        ..supplement()
    };
    assert_eq!(
        desk.violations(unknown),
        [
            violation("INC-09", "narrative"),
            violation("INC-04", "severities[0].severity")
        ]
    );
}

#[test]
fn harm_that_is_known_later_makes_guardians_due() {
    let mut desk = Desk::new();
    desk.one(NotifyIncident {
        category: Category::Other,
        children: vec![child(Severity::None)],
        ..fall()
    });
    assert!(!desk.state.guardians_due);
    desk.one(SupplementIncident {
        severities: vec![ChildSeverity {
            child: 1,
            severity: Severity::Minor,
        }],
        ..supplement()
    });
    assert!(desk.state.guardians_due);
}

#[test]
fn a_supplement_rests_on_the_duty_to_report_changes() {
    let desk = desk_at(Status::Notified);
    let decided = desk
        .decide(SupplementIncident {
            narrative: Some(Sensitive::new("续")),
            ..supplement()
        })
        .unwrap()
        .remove(0);
    assert_eq!(
        decided.legal_basis,
        [LegalBasis::new("生产安全事故报告和调查处理条例", "§13")]
    );
}
