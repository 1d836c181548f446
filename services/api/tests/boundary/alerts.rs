//! Alerts through the boundary: every command of officers tried, done and repeated; who sees them; figures and precision.

use std::collections::BTreeSet;

use prost::Message as _;
use tonic::Code;
use uuid::Uuid;
use yujian_command::Request;
use yujian_domain::alert::{Alert, AlertCommand, AlertRule, RaiseAlert};
use yujian_domain::envelope::{Actor, FactRef, PolicyRef, Role};
use yujian_proto::supervision::v1 as pb;
use yujian_proto::supervision::v1::alert_link::Target;

use crate::house::*;
use crate::raw;
use crate::walk::*;

const INSPECTOR: &str = "role=inspector; id=li-01; jurisdiction=330106";

fn id_of(name: &str) -> Uuid {
    name.split_once('/').unwrap().1.parse().unwrap()
}

/// Yujian raises an alert about an institution; answers its name and the position.
async fn raise(house: &House, institution: &str, rule: AlertRule, period: &str) -> (String, String) {
    let institution = id_of(institution);
    let evidence = vec![FactRef {
        stream: format!("institution-{institution}"),
        revision: 0,
    }];
    let since = "2026-03-02".parse().unwrap();
    let alert = RaiseAlert {
        rule_policy: Some(PolicyRef {
            id: "cn-admission".to_owned(),
            version: 2,
            sha256: "ab".repeat(32),
        }),
        threshold: Some("days:30".to_owned()),
        due_date: Some("2026-03-20".parse().unwrap()),
        ..RaiseAlert::new(rule, institution, period.to_owned(), since, evidence)
    };
    let actor = Actor {
        id: "yujian".to_owned(),
        role: Role::System,
        organisation: None,
        jurisdiction: None,
    };
    let id = alert.id();
    let request = Request::new(actor, id, "test/Raise", Some(id), AlertCommand::from(alert));
    let outcome = house.commands.execute::<Alert>(request).await.unwrap();
    (format!("alerts/{id}"), outcome.position.unwrap().to_string())
}

fn note(walk: &mut Walk, name: &str, note: &str) -> pb::AcknowledgeAlertRequest {
    pb::AcknowledgeAlertRequest {
        header: walk.header(),
        name: name.to_owned(),
        note: note.to_owned(),
    }
}

fn link(walk: &mut Walk, name: &str, target: Target) -> pb::LinkAlertRequest {
    pb::LinkAlertRequest {
        header: walk.header(),
        name: name.to_owned(),
        link: Some(pb::AlertLink { target: Some(target) }),
    }
}

fn dismissal(walk: &mut Walk, name: &str) -> pb::DismissAlertRequest {
    pb::DismissAlertRequest {
        header: walk.header(),
        name: name.to_owned(),
        reason: pb::DismissalReason::FalseAlarm.into(),
        note: "现场核实无此情形".to_owned(),
    }
}

fn confirmation(walk: &mut Walk, name: &str) -> pb::ConfirmAlertRequest {
    pb::ConfirmAlertRequest {
        header: walk.header(),
        name: name.to_owned(),
        statement: "消防证明已过期三日".to_owned(),
    }
}

/// Three alerts of one institution: confirmed after a link, dismissed, and only raised.
async fn worked() -> (Walk, String, [String; 3], String) {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let team = team(&mut walk).await;
    let inspection = assigned(&mut walk, &institution, &team).await;
    walk.done.clear();
    let (first, _) = raise(&walk.house, &institution, AlertRule::PaperExpired, "a").await;
    let (second, _) = raise(&walk.house, &institution, AlertRule::PaperExpired, "b").await;
    let (third, _) = raise(&walk.house, &institution, AlertRule::BarredEngaged, "c").await;

    let request = note(&mut walk, &first, "已电话联系负责人");
    let reply: pb::AlertReply = walk.act(OFFICER, &alert("AcknowledgeAlert"), &request).await;
    assert_eq!(reply.alert.unwrap().state(), pb::AlertState::Acknowledged);
    let request = link(&mut walk, &first, Target::Inspection(inspection.clone()));
    let reply: pb::AlertReply = walk.act(OFFICER, &alert("LinkAlert"), &request).await;
    let linked = reply.alert.unwrap();
    assert_eq!(linked.state(), pb::AlertState::Linked);
    assert_eq!(linked.link.unwrap().target, Some(Target::Inspection(inspection)));
    let request = confirmation(&mut walk, &first);
    let reply: pb::AlertReply = walk.act(OFFICER, &alert("ConfirmAlert"), &request).await;
    assert_eq!(reply.alert.unwrap().state(), pb::AlertState::Confirmed);

    let request = note(&mut walk, &second, "");
    let _: pb::AlertReply = walk.act(SECOND, &alert("AcknowledgeAlert"), &request).await;
    let request = dismissal(&mut walk, &second);
    let reply: pb::AlertReply = walk.act(SECOND, &alert("DismissAlert"), &request).await;
    assert_eq!(reply.alert.unwrap().state(), pb::AlertState::Dismissed);
    let position = reply.command.unwrap().position;
    (walk, institution, [first, second, third], position)
}

#[tokio::test]
async fn every_command_on_an_alert_is_tried_done_and_repeated() {
    let (walk, ..) = worked().await;
    let every: BTreeSet<String> = raw::methods()
        .iter()
        .filter(|method| raw::is_command(method))
        .map(raw::path)
        .filter(|path| path.contains(".AlertService/"))
        .collect();
    assert_eq!(walk.paths(), every);
    // An officer of another city, and an alert that does not exist.
    for (path, actor, request) in &walk.done {
        let absent = "alerts/00000000-0000-0000-0000-00000000abcd";
        let nobody = raw::call(&walk.house, actor, path, raw::renamed(path, request, absent)).await;
        let foreign = raw::call(&walk.house, ELSEWHERE, path, request.clone()).await;
        for refused in [nobody, foreign] {
            assert_eq!(
                why(&refused.expect_err(path)),
                is(Code::NotFound, "NOT_FOUND"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_step_out_of_turn_is_refused_with_what_is_possible() {
    let (mut walk, _, [first, _, third], _) = worked().await;
    let request = confirmation(&mut walk, &third);
    let refused = walk.refused(OFFICER, &alert("ConfirmAlert"), &request).await;
    assert_eq!(refused, is(Code::FailedPrecondition, "ILLEGAL_TRANSITION"));
    let request = note(&mut walk, &first, "");
    let refused = walk.refused(OFFICER, &alert("AcknowledgeAlert"), &request).await;
    assert_eq!(refused, is(Code::FailedPrecondition, "ILLEGAL_TRANSITION"));
}

#[tokio::test]
async fn a_link_names_one_thing_that_the_institution_has() {
    let (mut walk, _, [_, _, third], _) = worked().await;
    let request = note(&mut walk, &third, "");
    let _: pb::AlertReply = walk.act(OFFICER, &alert("AcknowledgeAlert"), &request).await;
    let strange = "00000000-0000-0000-0000-00000000abcd";
    for (target, field) in [
        (
            Some(Target::Inspection(format!("inspections/{strange}"))),
            "link.inspection",
        ),
        (Some(Target::Incident(format!("incidents/{strange}"))), "link.incident"),
        (Some(Target::Incident("incident 7".to_owned())), "link.incident"),
        (Some(Target::Application(1)), "link.application"),
        (Some(Target::Application(0)), "link.application"),
        (None, "link"),
    ] {
        let request = pb::LinkAlertRequest {
            header: walk.header(),
            name: third.clone(),
            link: Some(pb::AlertLink { target: target.clone() }),
        };
        let refused = raw::call(&walk.house, OFFICER, &alert("LinkAlert"), request.encode_to_vec()).await;
        let refused = refused.expect_err(field);
        assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"), "{target:?}");
        assert_eq!(fields(&refused), [field]);
    }
}

#[tokio::test]
async fn an_alert_is_shown_with_its_explanation_its_fate_and_its_history() {
    let (walk, institution, [first, second, _], position) = worked().await;
    let ask = |name: &str| pb::GetAlertRequest {
        name: name.to_owned(),
        min_position: position.clone(),
    };
    let reply = walk.house.alerts().get_alert(by(INSPECTOR, ask(&first))).await.unwrap();
    let reply = reply.into_inner();
    let shown = reply.alert.unwrap();
    assert_eq!(
        (shown.name.as_str(), shown.institution.as_str()),
        (first.as_str(), institution.as_str())
    );
    assert_eq!(
        (shown.policy.as_str(), shown.threshold.as_str()),
        ("cn-admission@2", "days:30")
    );
    assert_eq!(shown.due_date, day(2026, 3, 20));
    assert_eq!(shown.severity(), pb::AlertSeverity::Warning);
    assert_eq!(shown.state(), pb::AlertState::Confirmed);
    assert_eq!(
        (shown.handled_by.as_str(), shown.handled_role.as_str()),
        ("zhang-07", "officer")
    );
    assert!(shown.acknowledged_time.is_some() && shown.link.is_some());
    assert_eq!(shown.ended_date, day(2026, 3, 2));
    let types: Vec<&str> = reply.history.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(
        types,
        [
            "alert.AlertRaised.v1",
            "alert.AlertAcknowledged.v1",
            "alert.AlertLinked.v1",
            "alert.AlertConfirmed.v1"
        ]
    );
    let noted = &reply.history[1];
    assert!(
        !noted.payload_json.contains("负责人") && noted.personal.len() == 1,
        "{noted:?}"
    );
    let reply = walk.house.alerts().get_alert(by(OFFICER, ask(&second))).await.unwrap();
    let shown = reply.into_inner().alert.unwrap();
    assert_eq!(shown.dismissal_reason(), pb::DismissalReason::FalseAlarm);
    let foreign = walk.house.alerts().get_alert(by(ELSEWHERE, ask(&first))).await;
    assert_eq!(why(&foreign.unwrap_err()), is(Code::NotFound, "NOT_FOUND"));
    let operator = walk.house.alerts().get_alert(by(&operator(), ask(&first))).await;
    assert_eq!(
        why(&operator.unwrap_err()),
        is(Code::PermissionDenied, "ROLE_NOT_ALLOWED")
    );
}

#[tokio::test]
async fn each_filter_of_the_list_leaves_what_it_says_in_both_services() {
    let (walk, institution, [first, second, third], position) = worked().await;
    let ask = pb::ListAlertsRequest {
        min_position: position,
        ..pb::ListAlertsRequest::default()
    };
    let cases = [
        (ask.clone(), vec![&first, &second, &third]),
        (
            pb::ListAlertsRequest {
                rules: vec![pb::AlertRule::BarredEngaged.into()],
                ..ask.clone()
            },
            vec![&third],
        ),
        (
            pb::ListAlertsRequest {
                states: vec![pb::AlertState::Confirmed.into(), pb::AlertState::Dismissed.into()],
                ..ask.clone()
            },
            vec![&first, &second],
        ),
        (
            pb::ListAlertsRequest {
                severities: vec![pb::AlertSeverity::Grave.into()],
                ..ask.clone()
            },
            vec![&third],
        ),
        (
            pb::ListAlertsRequest {
                open_only: true,
                ..ask.clone()
            },
            vec![&third],
        ),
        (
            pb::ListAlertsRequest {
                institution,
                region_code: "3301".to_owned(),
                ..ask.clone()
            },
            vec![&first, &second, &third],
        ),
        (
            pb::ListAlertsRequest {
                region_code: "3302".to_owned(),
                ..ask.clone()
            },
            vec![],
        ),
    ];
    for (request, expected) in cases {
        let reply = walk
            .house
            .alerts()
            .list_alerts(by(AUDITOR, request.clone()))
            .await
            .unwrap();
        let reply = reply.into_inner();
        let mut names: Vec<&String> = reply.alerts.iter().map(|row| &row.name).collect();
        let mut expected = expected;
        names.sort();
        expected.sort();
        assert_eq!(
            (names, reply.total_size),
            (expected.clone(), expected.len() as u64),
            "{request:?}"
        );
        let other = walk
            .house
            .supervision()
            .list_alerts(by(AUDITOR, request))
            .await
            .unwrap();
        assert_eq!(other.into_inner().alerts, reply.alerts);
    }
    let reply = walk.house.alerts().list_alerts(by(ELSEWHERE, ask)).await.unwrap();
    assert_eq!(reply.into_inner().total_size, 0);
}

#[tokio::test]
async fn precision_is_confirmed_over_confirmed_and_dismissed() {
    let (walk, _, _, position) = worked().await;
    let ask = pb::GetAlertPrecisionRequest {
        min_position: position.clone(),
        ..pb::GetAlertPrecisionRequest::default()
    };
    let reply = walk.house.alerts().get_alert_precision(by(OFFICER, ask.clone())).await;
    let rules = reply.unwrap().into_inner().rules;
    let shown: Vec<_> = rules
        .iter()
        .map(|row| (row.rule(), row.policy.as_str(), row.raised, row.acknowledged, row.open))
        .collect();
    assert_eq!(
        shown,
        [
            (pb::AlertRule::BarredEngaged, "cn-admission@2", 1, 0, 1),
            (pb::AlertRule::PaperExpired, "cn-admission@2", 2, 2, 0)
        ]
    );
    assert_eq!(rules[0].precision, None, "no verdict yet");
    let half = pb::Ratio {
        numerator: 1,
        denominator: 2,
    };
    assert_eq!(rules[1].precision, Some(half));
    assert_eq!((rules[1].dismissed, rules[1].confirmed, rules[1].lapsed), (1, 1, 0));
    let later = pb::GetAlertPrecisionRequest {
        raised_from_date: day(2026, 3, 3),
        ..ask.clone()
    };
    let none = walk.house.alerts().get_alert_precision(by(OFFICER, later)).await;
    assert!(none.unwrap().into_inner().rules.is_empty());
    let foreign = walk.house.alerts().get_alert_precision(by(ELSEWHERE, ask)).await;
    assert!(foreign.unwrap().into_inner().rules.is_empty());

    let ask = pb::GetAlertFiguresRequest {
        min_position: position,
        ..pb::GetAlertFiguresRequest::default()
    };
    let reply = walk.house.alerts().get_alert_figures(by(AUDITOR, ask.clone())).await;
    let reply = reply.unwrap().into_inner();
    let whole = reply.region.unwrap();
    assert_eq!(
        (whole.code.as_str(), whole.open.len(), whole.open[0].count),
        ("CN", 1, 1)
    );
    assert_eq!(whole.open[0].severity(), pb::AlertSeverity::Grave);
    assert_eq!(whole.by_state.iter().map(|one| one.count).sum::<u64>(), 3);
    assert_eq!(reply.parts[0].code, "33");
    let foreign = walk.house.alerts().get_alert_figures(by(ELSEWHERE, ask)).await;
    assert!(foreign.unwrap().into_inner().region.unwrap().open.is_empty());
}
