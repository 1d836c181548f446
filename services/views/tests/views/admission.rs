//! Applications, legal clocks and authorizations against plain loops and against the state that decides: rows, scopes,
//! pages, figures.

use std::collections::BTreeMap;

use jiff::civil::Date;
use proptest::prelude::*;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::{ClockExpired, ClockKind, ClockOwner, ClockPaused, ClockRef, ClockState, PauseReason};
use yujian_domain::envelope::Classification;
use yujian_domain::institution::{
    self, ApplicationKind, ApplicationState, DeemedOutcome, InstitutionEvent, ProposedOutcome,
};
use yujian_domain::values::RegionId;
use yujian_views::{
    AdmissionRow, ApplicationQuery, AuthorizationState, ClockBucket, ClockQuery, ClockRow, ClockStepKind, Scope,
    ViewError, Views,
};

use crate::admission_model::{Admitted, admitted};
use crate::lists::{runtime, scopes, sees};
use crate::model::Model;
use crate::support::{World, credit_code, day, deadline, institution, registered};
use crate::work::{admissions, clock_started, granted, imposed, long_history, returned, revoked, submitted};

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
                let variants: [(ApplicationQuery, Passes); 7] = [
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

async fn begun() -> World {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(1, submitted(1), 1, None).await;
    world
}

fn own() -> Scope {
    Scope {
        organisation: Some(credit_code(1).to_string()),
        ..Scope::default()
    }
}

#[tokio::test]
async fn an_operator_does_not_learn_what_is_proposed_before_it_is_decided() {
    let mut world = begun().await;
    let proposed = institution::DecisionProposed {
        application: 1,
        outcome: ProposedOutcome::Refuse,
        conditions: vec![],
        reasons: vec![],
        deceit: None,
    };
    let stream = format!("institution-{}", institution(1));
    world
        .event_for(
            &stream,
            &InstitutionEvent::from(proposed),
            3,
            None,
            Classification::Regulator,
        )
        .await;
    let views = world.views().await;
    let told = views.application(&own(), institution(1), 1).await.unwrap().unwrap();
    assert_eq!((told.row.state, told.row.proposed), (ApplicationState::Submitted, None));
    assert_eq!((told.row.state_since, told.proposal), (Some(day(1)), None));
    assert!(
        told.steps
            .iter()
            .all(|step| !step.event_type.contains("DecisionProposed"))
    );
    let proposed = ApplicationQuery {
        scope: own(),
        states: vec![ApplicationState::DecisionProposed],
        limit: 5,
        ..Default::default()
    };
    assert_eq!(views.applications(proposed).await.unwrap().total, 0);
    let figures = views.admission(&own(), None, day(4), day(8)).await.unwrap();
    assert_eq!(figures.states[0].state, ApplicationState::Submitted);
    let regulator = views
        .application(&Scope::default(), institution(1), 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(regulator.row.proposed, Some(ProposedOutcome::Refuse));
    let refused = institution::ApplicationRefused {
        application: 1,
        decision_date: day(5),
        reasons: vec![],
        late: false,
        review_until_date: day(65),
        suit_until_date: day(185),
        barred_until_date: None,
    };
    world.of_institution(1, refused, 5, None).await;
    let told = world
        .views()
        .await
        .application(&own(), institution(1), 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (told.row.state, told.row.proposed),
        (ApplicationState::Refused, Some(ProposedOutcome::Refuse))
    );
}

#[tokio::test]
async fn a_filing_accepted_before_clocks_were_events_has_one() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    let accepted = |application| institution::FilingAccepted {
        application,
        receipt_due: deadline(7),
        nonconformity_due: None,
        left_to_verification: vec![],
    };
    world.of_institution(1, accepted(1), 1, None).await;
    let waiting = || ClockQuery {
        waiting_only: true,
        limit: 5,
        ..Default::default()
    };
    let found = world.views().await.clocks(waiting()).await.unwrap();
    assert_eq!(
        (found.total, found.rows[0].implied, found.rows[0].due_date),
        (1, true, day(7))
    );
    // A clock with an event of its own takes its place, whichever of the two is recorded first.
    world
        .start_clock(1, clock_started(Some(1), ClockKind::Receipt, 1, 7), 1)
        .await;
    let found = world.views().await.clocks(waiting()).await.unwrap();
    assert_eq!((found.total, found.rows[0].implied), (1, false));
    world
        .start_clock(1, clock_started(Some(2), ClockKind::Receipt, 2, 7), 2)
        .await;
    world.of_institution(1, accepted(2), 2, None).await;
    let found = world.views().await.clocks(waiting()).await.unwrap();
    assert_eq!(found.rows.iter().filter(|row| row.implied).count(), 0);
}

#[tokio::test]
async fn a_clock_that_ran_out_waits_until_what_follows_has_followed() {
    let mut world = begun().await;
    let clock = world
        .start_clock(1, clock_started(Some(1), ClockKind::Decision, 2, 13), 2)
        .await;
    let ask = world
        .start_clock(1, clock_started(None, ClockKind::RenewalAsk, 2, 13), 2)
        .await;
    for clock in [clock, ask] {
        let expired = ClockExpired {
            clock,
            due_date: day(13),
        };
        world.of_institution(1, expired, 14, None).await;
    }
    let waiting = |views: Views| async move {
        let query = ClockQuery {
            waiting_only: true,
            limit: 5,
            ..Default::default()
        };
        let found = views.clocks(query).await.unwrap();
        found
            .rows
            .iter()
            .map(|row| (row.clock, row.bucket(day(14), day(19))))
            .collect::<Vec<_>>()
    };
    // The right to ask for renewal has only ended: nobody owes anything.
    assert_eq!(waiting(world.views().await).await, [(clock, ClockBucket::Overdue)]);
    let refused = institution::ApplicationRefused {
        application: 1,
        decision_date: day(20),
        reasons: vec![],
        late: true,
        review_until_date: day(80),
        suit_until_date: day(200),
        barred_until_date: None,
    };
    world.of_institution(1, refused, 20, None).await;
    assert_eq!(waiting(world.views().await).await, []);
}

#[tokio::test]
async fn days_left_are_counted_for_the_day_asked_and_stand_still_in_a_pause() {
    let mut world = begun().await;
    // 1 March 2025 is a Saturday: day 2 is a Monday.
    let clock = world
        .start_clock(1, clock_started(Some(1), ClockKind::Decision, 2, 13), 2)
        .await;
    let calendar = Calendar::default();
    let row = |views: Views| async move {
        let (history, _) = views
            .clock_history(&Scope::default(), institution(1), clock)
            .await
            .unwrap()
            .unwrap();
        history.row
    };
    let running = row(world.views().await).await;
    assert_eq!(running.days_left(day(2), &calendar), Some(9));
    assert_eq!(running.days_left(day(13), &calendar), Some(0));
    assert_eq!(
        running.days_left(day(16), &calendar),
        Some(-1),
        "the first working day after it"
    );
    assert_eq!(running.bucket(day(14), day(19)), ClockBucket::Overdue);
    let paused = ClockPaused {
        clock,
        reason: PauseReason::Hearing,
        from_date: day(4),
        told_date: None,
    };
    world.of_institution(1, paused, 4, None).await;
    let paused = row(world.views().await).await;
    assert_eq!(
        (
            paused.days_left(day(4), &calendar),
            paused.days_left(day(40), &calendar)
        ),
        (Some(8), Some(8))
    );
    assert_eq!(paused.bucket(day(40), day(45)), ClockBucket::Paused);
}

#[tokio::test]
async fn a_deemed_renewal_that_is_taken_back_leaves_the_term_before_it() {
    let mut world = begun().await;
    world.of_institution(1, granted(1, "浙托许1", 2, 400), 2, None).await;
    let clock = world
        .start_clock(1, clock_started(Some(2), ClockKind::Renewal, 380, 400), 380)
        .await;
    let applied = institution::DeemedOutcomeApplied {
        application: 2,
        outcome: DeemedOutcome::Renewed,
        clock,
        effective_date: day(401),
    };
    world.of_institution(1, applied, 401, None).await;
    let renewed = institution::LicenceRenewed {
        application: 2,
        valid_from_date: day(401),
        valid_to_date: day(800),
    };
    world.of_institution(1, renewed, 401, None).await;
    let states = |views: Views| async move {
        let found = views.authorizations(&own(), institution(1)).await.unwrap().unwrap();
        found.authorizations.iter().map(|row| row.state).collect::<Vec<_>>()
    };
    assert_eq!(
        states(world.views().await).await,
        [AuthorizationState::Superseded, AuthorizationState::Active]
    );
    let reversed = institution::DeemedOutcomeReversed {
        application: 2,
        outcome: DeemedOutcome::Renewed,
        revision: 4,
        act_date: day(399),
    };
    world.of_institution(1, reversed, 402, None).await;
    assert_eq!(
        states(world.views().await).await,
        [AuthorizationState::Active, AuthorizationState::Reversed]
    );
    world.of_institution(1, revoked(410), 410, None).await;
    assert_eq!(
        states(world.views().await).await,
        [AuthorizationState::Revoked, AuthorizationState::Reversed]
    );
}

#[tokio::test]
async fn a_corrected_number_shows_in_every_term_that_bears_it() {
    let mut world = begun().await;
    world.of_institution(1, granted(1, "浙托许1", 2, 400), 2, None).await;
    let renewed = institution::LicenceRenewed {
        application: 2,
        valid_from_date: day(401),
        valid_to_date: day(800),
    };
    world.of_institution(1, renewed, 390, None).await;
    for (revision, number) in [(2, "浙托许2"), (4, "浙托许3")] {
        let corrected = institution::FactCorrected {
            revision,
            key: "licence.number".to_owned(),
            value: Some(serde_json::json!(number)),
            valid_from_date: day(2),
            reason: crate::support::sealed(9),
            approver: "officer-8".to_owned(),
        };
        world.of_institution(1, corrected, 391, None).await;
    }
    let found = world
        .views()
        .await
        .authorizations(&own(), institution(1))
        .await
        .unwrap()
        .unwrap();
    let numbers: Vec<_> = found.authorizations.iter().map(|row| row.number.as_deref()).collect();
    assert_eq!(numbers, [Some("浙托许3"), Some("浙托许3")]);
}

#[tokio::test]
async fn what_is_damaged_at_the_beginning_leaves_an_application_without_a_kind() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world
        .of_institution(1, returned(3, &["papers.fire_safety"]), 1, None)
        .await;
    world.of_institution(1, imposed(1, 30), 1, None).await;
    let views = world.views().await;
    let found = views.application(&own(), institution(1), 3).await.unwrap().unwrap();
    assert_eq!(
        (found.row.kind, found.row.submitted_date, found.submission),
        (None, None, None)
    );
    assert_eq!(found.row.state, ApplicationState::Returned);
    let foreign = ApplicationQuery {
        after: Some("bm8ga2V5".to_owned()),
        limit: 5,
        ..Default::default()
    };
    assert_eq!(views.applications(foreign).await.unwrap_err(), ViewError::InvalidKey);
    let region = RegionId::parse("330106001", 2020).unwrap();
    assert_eq!(found.row.region, region.code());
}
