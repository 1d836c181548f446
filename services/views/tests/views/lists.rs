//! Lists against the reference model: rows, order, filters, scopes, pages.

use std::collections::BTreeSet;

use proptest::prelude::*;
use yujian_domain::incident::{Category, Severity};
use yujian_domain::institution::{self, InstitutionType, Status};
use yujian_views::{IncidentQuery, InstitutionQuery, Scope, ViewError};

use crate::model::{Known, Model};
use crate::steps::{Step, write};
use crate::support::{
    NAMES, REGIONS, World, credit_code, day, deadline, harmless, imported, incident, institution, notified, registered,
};

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub fn history(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(any::<Step>(), 1..most)
}

pub async fn written(steps: &[Step]) -> World {
    let mut world = World::new();
    for (step, at) in steps.iter().zip(0..) {
        write(&mut world, *step, at).await;
    }
    world
}

/// What a query should let pass.
type Filter = Box<dyn Fn(&Known) -> bool>;

pub fn scopes() -> Vec<Scope> {
    let mut scopes = vec![Scope::default()];
    for code in ["33", "3301", "330106", "US-48", "US-4", "US-48/HARRIS", "99", "330", ""] {
        scopes.push(Scope {
            domestic_only: false,
            jurisdiction: Some(code.to_owned()),
            organisation: None,
        });
    }
    scopes.push(Scope {
        domestic_only: false,
        jurisdiction: None,
        organisation: Some(credit_code(1).to_string()),
    });
    scopes.push(Scope {
        domestic_only: false,
        jurisdiction: Some("33".to_owned()),
        organisation: Some(credit_code(2).to_string()),
    });
    scopes
}

pub fn sees(scope: &Scope, known: &Known) -> bool {
    scope.jurisdiction.as_deref().is_none_or(|code| known.within(code))
        && scope
            .organisation
            .as_ref()
            .is_none_or(|own| known.credit_code().as_ref() == Some(own))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_what_the_domain_folds(steps in history(90)) {
        runtime().block_on(async {
            let world = written(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for (id, known) in &model.institutions {
                let row = views.institution(&Scope::default(), *id).await.unwrap().unwrap();
                assert_eq!(row.name, known.name(*id));
                assert_eq!(row.status, known.status());
                assert_eq!(row.status_since, known.status_since());
                assert_eq!(row.credit_code, known.credit_code());
                assert_eq!(row.address, known.address());
                assert_eq!(row.region, known.region());
                assert_eq!(row.places, known.places(None));
                assert_eq!(row.places, row.classes.iter().map(|class| u64::from(class.places.count())).sum::<u64>());
                assert_eq!(row.revision, known.revision);
                let cases = model.incidents.values().filter(|case| case.state.institution == Some(*id));
                let (all, open) = cases.fold((0, 0), |(all, open), case| (all + 1, open + u64::from(case.open())));
                assert_eq!((row.incidents, row.open_incidents), (all, open));
                assert!(row.receipt_due.is_none() || known.status() == Status::Accepted);
            }
            for (id, case) in &model.incidents {
                let row = views.incident(&Scope::default(), *id).await.unwrap().unwrap();
                assert_eq!(Some(row.institution), case.state.institution);
                assert_eq!(row.status, case.state.status);
                assert_eq!(Some(row.category), case.state.category);
                assert_eq!(row.awareness_time, case.state.awareness_time);
                assert_eq!(row.late, case.state.late);
                assert_eq!(row.outcome, case.state.outcome);
                assert_eq!(row.priority, case.state.priority);
                assert_eq!(row.investigation_due, case.state.investigation_due.as_ref().map(|due| due.due_date));
                assert_eq!(row.children, case.state.children.len() as u64);
                assert_eq!(row.imported_rows, u64::from(case.state.imported_rows));
                let untold = case.state.children.keys().filter(|child| !case.state.told.contains(child)).count();
                assert_eq!(row.guardians_open, if case.state.guardians_due { untold as u64 } else { 0 });
                assert_eq!(row.revision, case.revision);
            }
        });
    }

    #[test]
    fn lists_filter_and_scope_as_the_model_does(steps in history(90), size in 1_u32..5) {
        runtime().block_on(async {
            let world = written(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for scope in scopes() {
                let variants: [(InstitutionQuery, Filter); 4] = [
                    (InstitutionQuery::default(), Box::new(|_| true)),
                    (InstitutionQuery { region: Some("3301".into()), ..Default::default() },
                     Box::new(|known| known.within("3301"))),
                    (InstitutionQuery { statuses: vec![Status::Filed, Status::Closed], ..Default::default() },
                     Box::new(|known| matches!(known.status(), Status::Filed | Status::Closed))),
                    (InstitutionQuery { types: vec![InstitutionType::ALL[1]], ..Default::default() },
                     Box::new(|known| known.state.institution_type == Some(InstitutionType::ALL[1]))),
                ];
                for (query, passes) in variants {
                    let query = InstitutionQuery { scope: scope.clone(), limit: size, ..query };
                    let expected: Vec<_> = model.ordered().into_iter()
                        .filter(|(_, known)| sees(&scope, known) && passes(known)).map(|(id, _)| id).collect();
                    let mut found = Vec::new();
                    let mut after = None;
                    loop {
                        let page = views.institutions(InstitutionQuery { after, ..query.clone() }).await.unwrap();
                        assert_eq!(page.total, expected.len() as u64);
                        assert!(page.rows.len() <= size as usize);
                        found.extend(page.rows.iter().map(|row| row.id));
                        after = page.next;
                        if after.is_none() { break }
                    }
                    assert_eq!(found, expected);
                }
                let mut found = Vec::new();
                let mut after = None;
                loop {
                    let query = IncidentQuery { scope: scope.clone(), limit: size, after, ..Default::default() };
                    let page = views.incidents(query).await.unwrap();
                    found.extend(page.rows.iter().map(|row| row.id));
                    after = page.next;
                    if after.is_none() { break }
                }
                let expected: Vec<_> =
                    model.cases(|known| sees(&scope, known)).into_iter().map(|(id, _)| id).collect();
                assert_eq!(found, expected);
                // Nothing of what lies outside can be reached by its id either.
                for (id, known) in &model.institutions {
                    let visible = sees(&scope, known);
                    assert_eq!(views.institution(&scope, *id).await.unwrap().is_some(), visible);
                    assert_eq!(views.dossier(&scope, *id).await.unwrap().is_some(), visible);
                    let timeline = views.timeline(&scope, *id, None, 500).await.unwrap();
                    assert_eq!(!timeline.rows.is_empty(), visible);
                    assert_eq!(timeline.total > 0, visible);
                }
                for (id, case) in &model.incidents {
                    let visible = sees(&scope, &model.institutions[&case.state.institution.unwrap()]);
                    assert_eq!(views.incident(&scope, *id).await.unwrap().is_some(), visible);
                }
            }
        });
    }

    #[test]
    fn the_live_dossier_is_the_folded_one(steps in history(60)) {
        runtime().block_on(async {
            let world = written(&steps).await;
            let views = world.views().await;
            let model = Model::of(&world.log).await;
            for (id, known) in &model.institutions {
                let mut live = yujian_domain::dossier::Dossier::new();
                for stored in views.dossier(&Scope::default(), *id).await.unwrap().unwrap().facts {
                    live.insert(stored.fact, stored.withdrawn);
                }
                for at in [None, Some(0), Some(7), Some(25), Some(200)] {
                    let at = at.map(|offset| yujian_domain::time::end_of(day(offset)));
                    assert_eq!(live.resolve(at, None), known.dossier.resolve(at, None));
                    assert_eq!(live.resolve(None, at), known.dossier.resolve(None, at));
                }
            }
        });
    }
}

#[tokio::test]
async fn pages_partition_the_list_while_events_are_appended() {
    let mut world = World::new();
    for n in 0..40 {
        world
            .of_institution(
                n,
                registered(n, &format!("园 {:02}", (u32::from(n) * 7) % 40), n, 3),
                0,
                None,
            )
            .await;
    }
    let views = world.views().await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let follower = tokio::spawn({
        let views = views.clone();
        async move { views.follow(stopped).await }
    });
    let mut seen = Vec::new();
    let mut after = None;
    let mut n = 40;
    loop {
        let query = InstitutionQuery {
            after,
            limit: 3,
            ..Default::default()
        };
        let page = views.institutions(query).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
        // Newcomers in front of and behind the reader, and events on rows that were read.
        world
            .of_institution(n, registered(n, if n % 2 == 0 { "啊" } else { "园 20" }, n, 3), 1, None)
            .await;
        world.of_institution(n - 40, harmless(), 1, None).await;
        n += 1;
        let head = *yujian_eventlog::EventLog::head(world.log.as_ref()).borrow();
        crate::support::reached(&views, head).await.unwrap();
    }
    let distinct: BTreeSet<_> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len(), "a row came twice");
    assert!((0..40).all(|n| distinct.contains(&institution(n))), "a row was lost");
    stop.send(true).unwrap();
    follower.await.unwrap().unwrap();
}

#[tokio::test]
async fn search_finds_by_name_code_number_and_region_and_takes_no_wildcards() {
    let mut world = World::new();
    for (n, name) in (0..).zip(NAMES) {
        world.of_institution(n, registered(n, name, n, 3), 0, None).await;
    }
    world
        .of_institution(20, imported(20, "Harris Day Care", 6), 0, None)
        .await;
    let views = world.views().await;
    let search = async |text: &str| {
        let query = InstitutionQuery {
            search: Some(text.to_owned()),
            limit: 500,
            ..Default::default()
        };
        let mut names: Vec<String> = views
            .institutions(query)
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|row| row.name)
            .collect();
        names.sort();
        names
    };
    assert_eq!(search("托育").await, ["云朵托育", "阳光\\托育"]);
    assert_eq!(search(" LITTLE ").await, ["Little Stars", "little bear"]);
    assert_eq!(search("%").await, ["100%_star'\""]);
    assert_eq!(search("_").await, ["100%_star'\""]);
    assert_eq!(search("'\"").await, ["100%_star'\""]);
    assert_eq!(search("\\").await, ["阳光\\托育"]);
    assert_eq!(search("T-2").await, ["Harris Day Care"]);
    assert_eq!(search("110101").await, [NAMES[5]]);
    assert_eq!(
        search("harris").await,
        ["Harris Day Care", NAMES[6]]
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(search(&credit_code(1).to_string().to_lowercase()).await.len(), 2);
    assert_eq!(search("no such").await, Vec::<String>::new());
    assert_eq!(search("   ").await.len(), NAMES.len() + 1);
}

#[tokio::test]
async fn a_search_by_division_name_finds_what_lies_in_it() {
    let divisions = yujian_domain::divisions::Divisions::shipped();
    let mut world = World::new();
    for (n, code) in (0..).zip(REGIONS) {
        world
            .of_institution(n, registered(n, &format!("n{n}"), n, 3), 0, None)
            .await;
        assert_eq!(crate::support::region(n).code(), *code);
    }
    let views = world.views().await;
    for division in divisions
        .iter()
        .filter(|division| ["33", "3301", "330106"].contains(&division.id.code()))
    {
        let query = InstitutionQuery {
            search: Some(division.name.clone()),
            limit: 500,
            ..Default::default()
        };
        let found = views.institutions(query).await.unwrap().rows;
        let expected = (0..9)
            .filter(|n| crate::support::region(*n).is_within_code(division.id.code()))
            .count();
        assert!(found.len() >= expected && expected > 0, "{}", division.name);
    }
}

#[tokio::test]
async fn a_foreign_page_key_is_refused() {
    let views = World::new().views().await;
    let key = Some("bm90IGEga2V5".to_owned());
    let institutions = views
        .institutions(InstitutionQuery {
            after: key.clone(),
            ..Default::default()
        })
        .await;
    assert_eq!(institutions.unwrap_err(), ViewError::InvalidKey);
    let incidents = views
        .incidents(IncidentQuery {
            after: key,
            ..Default::default()
        })
        .await;
    assert_eq!(incidents.unwrap_err(), ViewError::InvalidKey);
}

#[tokio::test]
async fn the_timeline_holds_the_events_of_an_institution_and_its_incidents_newest_first() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(2, registered(2, "彩虹桥", 0, 3), 1, None).await;
    world
        .of_incident(5, notified(institution(1), Category::MinorInjury, 2, false), 2)
        .await;
    world.of_institution(1, harmless(), 3, Some(-5)).await;
    let views = world.views().await;
    let first = views
        .timeline(&Scope::default(), institution(1), None, 2)
        .await
        .unwrap();
    assert_eq!(first.total, 3);
    let types: Vec<&str> = first.rows.iter().map(|row| row.event_type.as_str()).collect();
    assert_eq!(types, ["licensing.FilingSubmitted.v1", "incident.IncidentNotified.v1"]);
    assert_eq!(
        first.rows[0].effective_from,
        Some(yujian_domain::time::start_of(day(-5)))
    );
    assert_eq!(first.rows[0].policies, ["cn-admission@1"]);
    assert_eq!(first.rows[1].stream, format!("incident-{}", incident(5)));
    assert!(
        first.rows[1].payload["narrative"]["$sealed"].is_object(),
        "personal values stay sealed"
    );
    let second = views
        .timeline(&Scope::default(), institution(1), first.next, 2)
        .await
        .unwrap();
    assert_eq!(second.rows.len(), 1);
    assert_eq!(second.next, None);
    assert_eq!(second.rows[0].revision, 0);
}

#[tokio::test]
async fn incidents_filter_by_state_category_lateness_and_institution() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(2, registered(2, "彩虹桥", 3, 3), 0, None).await;
    world
        .of_incident(1, notified(institution(1), Category::MinorInjury, 2, true), 2)
        .await;
    world
        .of_incident(2, notified(institution(2), Category::FoodSafety, 3, false), 3)
        .await;
    let severities = vec![yujian_domain::incident::ChildSeverity {
        child: 2,
        severity: Severity::Fatal,
    }];
    let supplement = yujian_domain::incident::IncidentSupplemented {
        narrative: None,
        children: vec![],
        category: None,
        severities,
    };
    world.of_incident(2, supplement, 4).await;
    let views = world.views().await;
    let ids = async |query: IncidentQuery| -> Vec<_> {
        let page = views.incidents(IncidentQuery { limit: 50, ..query }).await.unwrap();
        page.rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(IncidentQuery::default()).await, [incident(2), incident(1)]);
    assert_eq!(
        ids(IncidentQuery {
            late_only: true,
            ..Default::default()
        })
        .await,
        [incident(1)]
    );
    assert_eq!(
        ids(IncidentQuery {
            institution: Some(institution(2)),
            ..Default::default()
        })
        .await,
        [incident(2)]
    );
    assert_eq!(
        ids(IncidentQuery {
            region: Some("330106".into()),
            ..Default::default()
        })
        .await,
        [incident(1)]
    );
    let categories = vec![Category::FoodSafety, Category::Death];
    assert_eq!(
        ids(IncidentQuery {
            categories,
            ..Default::default()
        })
        .await,
        [incident(2)]
    );
    let row = views.incident(&Scope::default(), incident(2)).await.unwrap().unwrap();
    assert_eq!((row.severity, row.guardians_open), (Severity::Fatal, 2));
}

#[tokio::test]
async fn the_pipeline_counts_clocks_at_the_day_asked() {
    let mut world = World::new();
    let accept = |due| institution::FilingAccepted {
        application: 1,
        receipt_due: deadline(due),
        nonconformity_due: None,
        left_to_verification: vec![],
    };
    for n in 1..=4 {
        world
            .of_institution(n, registered(n, &format!("园 {n}"), 0, 3), 0, None)
            .await;
        world.of_institution(n, harmless(), 1, None).await;
    }
    world.of_institution(1, accept(5), 1, None).await;
    world.of_institution(2, accept(7), 1, None).await;
    world.of_institution(3, accept(9), 1, None).await;
    let issued = institution::FilingReceiptIssued {
        application: 1,
        receipt_number: "1".to_owned(),
        issue_date: day(12),
        late: true,
    };
    world.of_institution(3, issued, 12, None).await;
    let item = |item: &str| institution::ReturnedItem {
        item: item.to_owned(),
        rule: "FIL-01".to_owned(),
        problem: institution::ItemProblem::Missing,
    };
    let items = vec![item("papers.fire_safety"), item("papers.food_licence")];
    world
        .of_institution(4, institution::FilingReturned { application: 1, items }, 2, None)
        .await;
    let views = world.views().await;
    let (pipeline, _) = views
        .pipeline(&Scope::default(), Some("33"), day(6), day(8))
        .await
        .unwrap();
    assert_eq!((pipeline.receipt_overdue, pipeline.receipt_due_soon), (1, 1));
    assert_eq!(
        (pipeline.receipts_issued, pipeline.receipts_late, pipeline.returned),
        (1, 1, 1)
    );
    assert_eq!(
        pipeline.due.iter().map(|clock| clock.institution).collect::<Vec<_>>(),
        [institution(1), institution(2)]
    );
    assert_eq!(pipeline.returned_items["papers.fire_safety"], 1);
    assert_eq!(pipeline.by_status["accepted"], 2);
    // The same rows, asked for another day: nothing about "now" stands in them.
    let (later, _) = views.pipeline(&Scope::default(), None, day(30), day(32)).await.unwrap();
    assert_eq!((later.receipt_overdue, later.receipt_due_soon), (2, 0));
    let elsewhere = Scope {
        domestic_only: false,
        jurisdiction: Some("32".into()),
        organisation: None,
    };
    let (nothing, _) = views.pipeline(&elsewhere, None, day(6), day(8)).await.unwrap();
    assert_eq!(nothing, Default::default());
}
