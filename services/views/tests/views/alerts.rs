//! Alerts against the reference model: rows with what became of them, scopes, filters, figures and precision.

use std::collections::BTreeMap;

use proptest::prelude::*;
use yujian_domain::alert::{AlertRule, AlertSeverity, Status};
use yujian_domain::time::day_of;
use yujian_views::{AlertFiguresRow, AlertPrecisionRow, AlertQuery, Scope};

use crate::lists::{runtime, scopes, sees};
use crate::model::Model;
use crate::support::{World, day, institution};
use crate::work::{long_history, raised, worked};
use crate::work_model::Told;

const CODES: [Option<&str>; 5] = [None, Some("33"), Some("330106001"), Some("US-48"), Some("11")];

/// Alerts that a scope sees, within a division.
fn seen<'a>(model: &'a Model, scope: &Scope, code: Option<&str>) -> Vec<(&'a uuid::Uuid, &'a Told)> {
    let shown = |told: &Told| {
        let home = model.home(told.raised.institution);
        scope.organisation.is_none() && sees(scope, home) && code.is_none_or(|code| home.within(code))
    };
    model.work.alerts.iter().filter(|(_, told)| shown(told)).collect()
}

fn is_open(told: &Told) -> bool {
    ["raised", "acknowledged", "linked"].contains(&told.state.status.code())
}

/// Precision by a plain loop, in the order of the answer.
fn precision(alerts: &[(&uuid::Uuid, &Told)]) -> Vec<AlertPrecisionRow> {
    type Key = (&'static str, Option<(String, u32)>);
    let mut rows: BTreeMap<Key, AlertPrecisionRow> = BTreeMap::new();
    for (_, told) in alerts {
        let policy = told.raised.rule_policy.as_ref();
        let policy = policy.map(|policy| (policy.id.clone(), policy.version));
        let row = rows
            .entry((told.raised.rule.code(), policy.clone()))
            .or_insert(AlertPrecisionRow {
                rule: told.raised.rule,
                policy,
                raised: 0,
                acknowledged: 0,
                open: 0,
                dismissed: 0,
                confirmed: 0,
                lapsed: 0,
            });
        row.raised += 1;
        row.acknowledged += u64::from(told.noted);
        match told.state.status {
            Status::Dismissed => row.dismissed += 1,
            Status::Confirmed => row.confirmed += 1,
            Status::Lapsed => row.lapsed += 1,
            _ => row.open += 1,
        }
    }
    rows.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_alerts_are_what_the_domain_folds(steps in long_history(300)) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for (id, told) in &model.work.alerts {
                let detail = views.alert(&Scope::default(), *id).await.unwrap().unwrap();
                let row = detail.row;
                assert_eq!((row.rule, row.status), (told.raised.rule, told.state.status));
                assert_eq!((row.raised_time, row.since_date), (told.raised_time, told.raised.since_date));
                assert_eq!(row.severity, told.raised.severity.unwrap_or(told.raised.rule.severity()));
                assert_eq!((row.threshold, row.due_date), (told.raised.threshold.clone(), told.raised.due_date));
                assert_eq!((row.person, row.inspection), (told.raised.person, told.raised.inspection));
                assert_eq!(row.link, told.state.link);
                assert_eq!(row.acknowledged_time.is_some(), told.noted);
                assert_eq!(row.handled_time, told.last.map(|(time, _)| time));
                assert_eq!(row.handled_by.is_some(), told.last.is_some());
                assert_eq!(row.ended_date.is_none(), is_open(told));
                assert_eq!(row.dismissal.is_some(), told.state.status == Status::Dismissed);
                if let (Some(ended), Some((_, day))) = (row.ended_date, told.last) {
                    assert_eq!(Some(ended), day);
                }
                assert_eq!(detail.history.len(), told.events);
                assert!(detail.history.is_sorted_by_key(|event| event.revision));
            }
        });
    }

    #[test]
    fn each_filter_of_alerts_leaves_what_it_says(steps in long_history(200), pick in any::<u8>()) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            let rule = AlertRule::ALL[usize::from(pick) % AlertRule::ALL.len()];
            let status = Status::ALL[usize::from(pick) % Status::ALL.len()];
            let severity = AlertSeverity::ALL[usize::from(pick) % AlertSeverity::ALL.len()];
            let all = AlertQuery { limit: 500, ..AlertQuery::default() };
            let found = async |query: AlertQuery| {
                let page = views.alerts(query).await.unwrap();
                let mut ids: Vec<_> = page.rows.into_iter().map(|row| row.id).collect();
                ids.sort();
                ids
            };
            let expected = |fits: &dyn Fn(&Told) -> bool| -> Vec<uuid::Uuid> {
                model.work.alerts.iter().filter(|(_, told)| fits(told)).map(|(id, _)| *id).collect()
            };
            let by_rule = AlertQuery { rules: vec![rule], ..all.clone() };
            assert_eq!(found(by_rule).await, expected(&|told| told.raised.rule == rule));
            let by_status = AlertQuery { statuses: vec![status], ..all.clone() };
            assert_eq!(found(by_status).await, expected(&|told| told.state.status == status));
            let by_severity = AlertQuery { severities: vec![severity], ..all.clone() };
            assert_eq!(found(by_severity).await, expected(&|told| told.raised.weighs() == severity));
            let open = AlertQuery { open_only: true, ..all.clone() };
            assert_eq!(found(open).await, expected(&is_open));
            let home = AlertQuery { institution: Some(institution(1)), ..all };
            assert_eq!(found(home).await, expected(&|told| told.raised.institution == institution(1)));
        });
    }

    #[test]
    fn figures_of_alerts_are_counts_over_what_was_recorded(steps in long_history(260), from in 0_i64..200) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for scope in scopes() {
                for code in CODES {
                    let alerts = seen(&model, &scope, code);
                    let mut expected = AlertFiguresRow::default();
                    for (_, told) in &alerts {
                        *expected.by_status.entry(told.state.status.code().to_owned()).or_default() += 1;
                        if is_open(told) {
                            let key = (told.raised.rule.code().to_owned(), told.raised.weighs().code().to_owned());
                            *expected.open.entry(key).or_default() += 1;
                        }
                    }
                    let figures = views.alert_figures(&scope, code).await.unwrap();
                    assert_eq!(figures.region.by_status, expected.by_status);
                    assert_eq!(figures.region.open, expected.open);
                    if code.is_none() {
                        let parts = figures.parts.iter().map(AlertFiguresRow::total_open);
                        assert_eq!(parts.sum::<u64>(), figures.region.total_open());
                    }
                    let rows = views.alert_precision(&scope, code, None).await.unwrap().rows;
                    assert_eq!(rows, precision(&alerts));
                    let later: Vec<_> = alerts.into_iter()
                        .filter(|(_, told)| day_of(told.raised_time) >= day(from)).collect();
                    let rows = views.alert_precision(&scope, code, Some(day(from))).await.unwrap().rows;
                    assert_eq!(rows, precision(&later));
                }
            }
        });
    }
}

#[tokio::test]
async fn an_alert_counts_its_days_until_it_ends() {
    use yujian_domain::alert::{AlertConfirmed, AlertEvent};
    use yujian_domain::envelope::Classification;

    let mut world = World::new();
    world
        .of_institution(1, crate::support::registered(1, "园", 0, 3), 0, None)
        .await;
    let id = uuid::Uuid::from_u128(1);
    let stream = format!("alert-{id}");
    let event = AlertEvent::from(raised(AlertRule::LeaseEnding, institution(1), None, "1", 1));
    world
        .event_for(&stream, &event, 2, None, Classification::Regulator)
        .await;
    let open = world
        .views()
        .await
        .alert(&Scope::default(), id)
        .await
        .unwrap()
        .unwrap()
        .row;
    assert_eq!([2, 3, 40, 1].map(|at| open.days_open(day(at))), [0, 1, 38, 0]);
    let event = AlertEvent::from(AlertConfirmed {
        statement: crate::support::sealed(1),
    });
    world
        .event_for(&stream, &event, 9, None, Classification::Regulator)
        .await;
    let ended = world
        .views()
        .await
        .alert(&Scope::default(), id)
        .await
        .unwrap()
        .unwrap()
        .row;
    assert_eq!(ended.days_open(day(40)), 7);
}

#[tokio::test]
async fn an_operator_sees_no_alert_at_all() {
    let mut world = World::new();
    world
        .of_institution(1, crate::support::registered(1, "园", 0, 3), 0, None)
        .await;
    let id = uuid::Uuid::from_u128(1);
    let event = yujian_domain::alert::AlertEvent::from(raised(AlertRule::LeaseEnding, institution(1), None, "1", 1));
    let regulator = yujian_domain::envelope::Classification::Regulator;
    world
        .event_for(&format!("alert-{id}"), &event, 1, None, regulator)
        .await;
    let views = world.views().await;
    let operator = Scope {
        organisation: Some(crate::support::credit_code(1).to_string()),
        ..Scope::default()
    };
    assert!(views.institution(&operator, institution(1)).await.unwrap().is_some());
    assert_eq!(views.alert(&operator, id).await.unwrap(), None);
    let figures = views.alert_figures(&operator, None).await.unwrap().region;
    assert_eq!(figures.total_open(), 0);
    assert!(
        views
            .alert_precision(&operator, None, None)
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    let elsewhere = Scope {
        jurisdiction: Some("11".to_owned()),
        ..Scope::default()
    };
    assert_eq!(views.alert(&elsewhere, id).await.unwrap(), None);
    assert!(views.alert(&Scope::default(), id).await.unwrap().is_some());
}
