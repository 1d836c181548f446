//! Applications, legal clocks and authorizations against plain loops and against the state that decides: rows, scopes,
//! pages, figures.

use std::collections::BTreeMap;

use jiff::civil::Date;
use proptest::prelude::*;
use uuid::Uuid;
use yujian_domain::clock::{ClockKind, ClockOwner, ClockRef, ClockState};
use yujian_domain::institution::{ApplicationKind, ApplicationState, DeemedOutcome};
use yujian_views::{AdmissionRow, ApplicationQuery, ClockBucket, ClockQuery, ClockRow, ClockStepKind, Scope, Views};

use crate::admission_model::{Admitted, admitted};
use crate::lists::{runtime, scopes, sees};
use crate::model::Model;
use crate::support::day;
use crate::work::{admissions, long_history};

const CODES: [Option<&str>; 6] = [
    None,
    Some("33"),
    Some("3301"),
    Some("330106001"),
    Some("US-48"),
    Some("55"),
];

/// A whole list, read page by page.
async fn applications(views: &Views, query: &ApplicationQuery) -> Vec<(Uuid, u32)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = views
            .applications(ApplicationQuery { after, ..query.clone() })
            .await
            .unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        found.extend(page.rows.iter().map(|row| (row.institution, row.number)));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, found.len() as u64);
            return found;
        }
    }
}

async fn clocks(views: &Views, query: &ClockQuery) -> Vec<ClockRow> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = views.clocks(ClockQuery { after, ..query.clone() }).await.unwrap();
        found.extend(page.rows);
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, found.len() as u64);
            return found;
        }
    }
}

/// Figures of the institutions that pass, by plain loops.
fn figures(
    all: &BTreeMap<Uuid, Admitted>,
    passes: impl Fn(&Uuid) -> bool,
    operator: bool,
    (at, soon): (Date, Date),
) -> AdmissionRow {
    let mut row = AdmissionRow::default();
    for (_, of) in all.iter().filter(|(id, _)| passes(id)) {
        for (number, it) in &of.applications {
            let told = it.told(operator);
            *row.by_state.entry(told.code().to_owned()).or_default() += 1;
            let kind = row
                .by_kind
                .entry(it.kind.map_or(String::new(), |kind| kind.code().to_owned()))
                .or_default();
            kind.open += u64::from(it.open());
            kind.granted += u64::from(told == ApplicationState::Granted);
            kind.granted_at_once += u64::from(told == ApplicationState::Granted && it.returned == 0);
            kind.refused += u64::from(told == ApplicationState::Refused);
            row.decided_late += u64::from(it.decided.is_some_and(|(_, late)| late));
            if it.open() {
                row.open.add(of.bucket(*number, at, soon), 1);
            }
            if let Some((outcome, taken_back)) = it.deemed {
                let counts = if taken_back {
                    &mut row.deemed_reversed
                } else {
                    &mut row.deemed
                };
                *counts.entry(outcome.code().to_owned()).or_default() += 1;
            }
        }
        for (name, clock) in of.clocks.iter().filter(|(name, clock)| clock.waiting(name.kind)) {
            row.clocks.add(clock.bucket(name.kind, at, soon), 1);
        }
        if let Some(term) = of.last_term() {
            *row.authorizations.entry(term.state().to_owned()).or_default() += 1;
        }
        row.conditions_open += of.conditions.values().filter(|(state, _)| *state == "open").count() as u64;
        row.cessations_open += of.cessations.iter().filter(|(_, closed)| closed.is_none()).count() as u64;
    }
    row
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_admission_are_what_was_recorded(steps in long_history(240)) {
        runtime().block_on(async {
            let world = admissions(&steps).await;
            let views = world.views().await;
            let (all, model) = (admitted(&world.log).await, Model::of(&world.log).await);
            for (id, of) in &all {
                let state = &model.institutions[id].state;
                for (number, it) in &of.applications {
                    let detail = views.application(&Scope::default(), *id, *number).await.unwrap().unwrap();
                    let row = &detail.row;
                    assert_eq!((row.kind, Some(row.state), row.state_since), (it.kind, it.state, it.since));
                    assert_eq!((row.submitted_date, row.returned, row.deemed), (it.submitted, it.returned, it.deemed));
                    assert_eq!((row.proposed, row.decided_date), (it.proposed.map(|(outcome, _)| outcome), it.decided.map(|(on, _)| on)));
                    assert_eq!((row.late, row.certificate_date), (it.decided.is_some_and(|(_, late)| late), it.certificate.map(|(on, _)| on)));
                    assert_eq!(detail.items.iter().map(|item| (item.return_number, item.item.clone())).collect::<Vec<_>>(), it.items);
                    assert_eq!(row.clock.as_ref().map(|clock| clock.clock), of.first(*number).map(|(name, _)| name));
                    let own = of.clocks.values().filter(|clock| clock.application == Some(*number));
                    assert_eq!(detail.clocks.len(), own.clone().count());
                    let told = detail.steps.iter().filter(|step| !step.event_type.contains(".Clock")).count();
                    assert!(told >= it.events, "the course leaves something out");
                    // The state that decides says the same of applications of the licence regime.
                    if let Some(decides) = state.licence_applications.get(number) {
                        assert_eq!((row.state, row.returned, row.joint), (decides.state, decides.returned, decides.joint));
                        assert_eq!(row.policy.as_ref().map(|(policy, _)| policy), Some(&decides.policy.id));
                        assert_eq!(row.proposed, decides.proposal.as_ref().map(|proposal| proposal.proposed.outcome));
                        assert_eq!(detail.proposal, decides.proposal.as_ref().map(|proposal| proposal.proposed.clone()));
                        assert_eq!(detail.verifications.last().map(|(_, of)| of), decides.verification.as_ref().map(|of| &of.verified));
                    }
                }
                let kept = views.authorizations(&Scope::default(), *id).await.unwrap().unwrap();
                assert_eq!(kept.clocks.len(), of.clocks.len());
                for history in &kept.clocks {
                    let (row, it) = (&history.row, &of.clocks[&history.row.clock]);
                    assert_eq!((row.application, row.due_date, row.provisional), (it.application, it.due, it.provisional));
                    assert_eq!(row.unit, it.unit);
                    if it.state == "paused" {
                        assert_eq!(row.paused_from, it.paused_from);
                    }
                    assert_eq!((row.state.code(), row.ended_date, row.late), (it.state, it.ended, it.late));
                    assert_eq!((row.waiting, row.implied, history.steps.len()), (it.waiting(row.clock.kind), it.implied, it.steps));
                    assert_eq!((history.steps[0].kind, row.owner), (ClockStepKind::Started, row.clock.kind.owner()));
                    let alone = views.clock_history(&Scope::default(), *id, row.clock).await.unwrap().unwrap();
                    assert_eq!(&alone.0, history);
                    if let Some(decides) = state.clocks.get(row.clock) {
                        assert!(!row.implied);
                        assert_eq!((row.state, row.extension, row.count), (decides.state, decides.extension, decides.count));
                        assert_eq!((row.due_date, row.ended_date, row.late), (decides.due.due_date, decides.ended, decides.late));
                    } else {
                        assert!(row.implied);
                    }
                }
                let terms: Vec<_> = kept.authorizations.iter()
                    .map(|row| (row.number.clone(), row.application, row.valid_from_date, row.valid_to_date, row.provisional_until, row.state.code(), row.ended_date))
                    .collect();
                let expected: Vec<_> = of.terms.iter()
                    .map(|term| (term.number.clone(), term.application, term.from, term.to, term.provisional, term.state(), term.ended.map(|(_, on)| on)))
                    .collect();
                assert_eq!(terms, expected);
                assert_eq!(kept.conditions.iter().map(|row| (row.condition, (row.state.code(), row.late))).collect::<BTreeMap<_, _>>(), of.conditions);
                assert_eq!(kept.waivers.iter().map(|row| (row.application, row.until_date)).collect::<BTreeMap<_, _>>(), of.waivers);
                assert_eq!(kept.cessations.iter().map(|row| (row.placed, row.closed_date)).collect::<Vec<_>>(), of.cessations);
            }
        });
    }

    #[test]
    fn figures_of_admission_are_sums_in_every_scope(steps in long_history(240), offset in 0_i64..200) {
        runtime().block_on(async {
            let world = admissions(&steps).await;
            let views = world.views().await;
            let (all, model) = (admitted(&world.log).await, Model::of(&world.log).await);
            let days = (day(offset), day(offset + 4));
            for scope in scopes() {
                let operator = scope.organisation.is_some();
                for code in CODES {
                    let passes = |id: &Uuid| {
                        let known = &model.institutions[id];
                        sees(&scope, known) && code.is_none_or(|code| known.within(code))
                    };
                    let found = views.admission(&scope, code, days.0, days.1).await.unwrap();
                    let expected = figures(&all, passes, operator, days);
                    let AdmissionRow { code: shown, name, has_children, .. } = found.region.clone();
                    assert_eq!(found.region, AdmissionRow { code: shown, name, has_children, ..expected });
                    for part in &found.parts {
                        let own = views.admission(&scope, Some(&part.code), days.0, days.1).await.unwrap();
                        assert_eq!(&own.region, part);
                    }
                    let mut by_state: BTreeMap<ApplicationState, Vec<Option<Date>>> = BTreeMap::new();
                    let mut items: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
                    for (_, of) in all.iter().filter(|(id, _)| passes(id)) {
                        for it in of.applications.values() {
                            if it.open() && !operator {
                                by_state.entry(it.told(operator)).or_default().push(it.since);
                            }
                            if it.told(operator) == ApplicationState::Returned {
                                for item in it.last_items() {
                                    let counts = items.entry(item).or_default();
                                    counts.0 += 1;
                                    counts.1 += u64::from(it.returned > 1);
                                }
                            }
                        }
                    }
                    let told: BTreeMap<&str, (u64, u64)> = found.returned_items.iter()
                        .map(|figures| (figures.item.as_str(), (figures.applications, figures.again))).collect();
                    assert_eq!(told, items);
                    if !operator {
                        assert_eq!(found.states.len(), by_state.len());
                    }
                    for figures in found.states.iter().filter(|_| !operator) {
                        let mut since: Vec<Date> = by_state[&figures.state].iter().flatten().copied().collect();
                        since.sort();
                        assert_eq!(figures.buckets.total(), by_state[&figures.state].len() as u64);
                        assert_eq!(figures.oldest_since, since.first().copied());
                        assert_eq!(figures.median_since, since.get((since.len() - 1) / 2).copied());
                    }
                    assert_eq!(found.states.iter().map(|state| state.buckets.overdue).sum::<u64>(), found.region.open.overdue);
                }
            }
        });
    }

    #[test]
    fn lists_of_admission_are_scoped_filtered_and_paged(steps in long_history(240), size in 1_u32..6, offset in 0_i64..200) {
        runtime().block_on(async {
            let world = admissions(&steps).await;
            let views = world.views().await;
            let (all, model) = (admitted(&world.log).await, Model::of(&world.log).await);
            let (at, soon) = (day(offset), day(offset + 4));
            for scope in scopes() {
                let operator = scope.organisation.is_some();
                let mut rows: Vec<_> = all.iter().filter(|(id, _)| sees(&scope, &model.institutions[id]))
                    .flat_map(|(id, of)| of.applications.iter().map(move |(number, it)| (it.submitted, id.to_string(), *number, *id, of, it)))
                    .collect();
                rows.sort_by(|a, b| (b.0, &b.1, b.2).cmp(&(a.0, &a.1, a.2)));
                let query = || ApplicationQuery { scope: scope.clone(), limit: size, at, soon, ..Default::default() };
                type Passes<'a> = Box<dyn Fn(&Uuid, u32, &Admitted) -> bool + 'a>;
                let model = &model;
                let variants: [(ApplicationQuery, Passes); 9] = [
                    (query(), Box::new(|_, _, _| true)),
                    (ApplicationQuery { region: Some("3301".into()), ..query() }, Box::new(|id, _, _| model.institutions[id].within("3301"))),
                    (ApplicationQuery { states: vec![ApplicationState::Accepted, ApplicationState::DecisionProposed], ..query() },
                     Box::new(move |_, number, of| matches!(of.applications[&number].told(operator), ApplicationState::Accepted | ApplicationState::DecisionProposed))),
                    (ApplicationQuery { kinds: vec![ApplicationKind::Filing, ApplicationKind::Licence], open_only: true, ..query() },
                     Box::new(|_, number, of| {
                         let it = &of.applications[&number];
                         it.open() && matches!(it.kind, Some(ApplicationKind::Filing | ApplicationKind::Licence))
                     })),
                    (ApplicationQuery { buckets: vec![ClockBucket::Overdue, ClockBucket::Paused], ..query() },
                     Box::new(move |_, number, of| matches!(of.bucket(number, at, soon), ClockBucket::Overdue | ClockBucket::Paused))),
                    (ApplicationQuery { deemed: vec![DeemedOutcome::Accepted], returned_at_least: 1, ..query() },
                     Box::new(|_, number, of| {
                         let it = &of.applications[&number];
                         it.returned > 0 && it.deemed.is_some_and(|(outcome, _)| outcome == DeemedOutcome::Accepted)
                     })),
                    (ApplicationQuery { deemed: vec![DeemedOutcome::Accepted, DeemedOutcome::Renewed], ..query() },
                     Box::new(|_, number, of| of.applications[&number].deemed.is_some())),
                    (ApplicationQuery { kinds: vec![ApplicationKind::Renewal, ApplicationKind::Filing], ..query() },
                     Box::new(|_, number, of| {
                         matches!(of.applications[&number].kind, Some(ApplicationKind::Renewal | ApplicationKind::Filing))
                     })),
                    (ApplicationQuery { returned_item: Some("papers.hygiene_evaluation".into()), ..query() },
                     Box::new(move |_, number, of| {
                         let it = &of.applications[&number];
                         it.told(operator) == ApplicationState::Returned && it.last_items().contains("papers.hygiene_evaluation")
                     })),
                ];
                for (query, passes) in variants {
                    let expected: Vec<_> = rows.iter().filter(|row| passes(&row.3, row.2, row.4)).map(|row| (row.3, row.2)).collect();
                    assert_eq!(applications(&views, &query).await, expected);
                }
                let mut cases: Vec<_> = rows.iter()
                    .filter(|(.., it)| it.open())
                    .filter_map(|(_, id, number, _, of, _)| of.first(*number).map(|(name, clock)| (name, clock, id, *number)))
                    .filter(|(name, clock, ..)| name.kind.owner() == ClockOwner::Authority && clock.state != "paused")
                    .map(|(name, clock, id, number)| (clock.due, id.clone(), name.kind.code(), name.revision, number))
                    .collect();
                cases.sort();
                let found = views.urgent_applications(&scope, None, 500).await.unwrap();
                let found: Vec<_> = found.iter().map(|row| (row.institution.to_string(), row.number)).collect();
                let expected: Vec<_> = cases.into_iter().map(|(_, id, _, _, number)| (id, number)).collect();
                assert_eq!(found, expected);
                assert_eq!(
                    views.urgent_applications(&scope, None, size).await.unwrap().len(),
                    expected.len().min(size as usize)
                );
                let mut ticking: Vec<_> = all.iter().filter(|(id, _)| sees(&scope, &model.institutions[id]))
                    .flat_map(|(id, of)| of.clocks.iter().map(move |(name, clock)| (clock.due, id.to_string(), name.kind.code(), name.revision, *name, clock)))
                    .collect();
                ticking.sort_by_key(|row| (row.0, row.1.clone(), row.2, row.3));
                let query = || ClockQuery { scope: scope.clone(), limit: size, at, soon, ..Default::default() };
                type Fits<'a> = Box<dyn Fn(ClockRef, &crate::admission_model::Ticking) -> bool + 'a>;
                let variants: [(ClockQuery, Fits); 4] = [
                    (query(), Box::new(|_, _| true)),
                    (ClockQuery { waiting_only: true, owner: Some(ClockOwner::Authority), ..query() },
                     Box::new(|name, clock| clock.waiting(name.kind) && name.kind.owner() == ClockOwner::Authority)),
                    (ClockQuery { buckets: vec![ClockBucket::Overdue, ClockBucket::DueSoon], ..query() },
                     Box::new(move |name, clock| matches!(clock.bucket(name.kind, at, soon), ClockBucket::Overdue | ClockBucket::DueSoon))),
                    (ClockQuery { kinds: vec![ClockKind::Receipt, ClockKind::Decision], states: vec![ClockState::Running], ..query() },
                     Box::new(|name, clock| clock.state == "running" && matches!(name.kind, ClockKind::Receipt | ClockKind::Decision))),
                ];
                for (query, fits) in variants {
                    let expected: Vec<_> = ticking.iter().filter(|row| fits(row.4, row.5)).map(|row| (row.1.clone(), row.4)).collect();
                    let found = clocks(&views, &query).await;
                    for row in &found {
                        assert_eq!(row.bucket(at, soon), all[&row.institution].clocks[&row.clock].bucket(row.clock.kind, at, soon));
                    }
                    assert_eq!(found.iter().map(|row| (row.institution.to_string(), row.clock)).collect::<Vec<_>>(), expected);
                }
                for (id, of) in &all {
                    let visible = sees(&scope, &model.institutions[id]);
                    assert_eq!(views.authorizations(&scope, *id).await.unwrap().is_some(), visible);
                    if let Some(number) = of.applications.keys().next() {
                        assert_eq!(views.application(&scope, *id, *number).await.unwrap().is_some(), visible);
                    }
                    if let Some(name) = of.clocks.keys().next() {
                        assert_eq!(views.clock_history(&scope, *id, *name).await.unwrap().is_some(), visible);
                    }
                }
            }
        });
    }
}
