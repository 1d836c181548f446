//! Applications, legal clocks and authorizations: cases that are told one by one.

use yujian_domain::calendar::Calendar;
use yujian_domain::clock::{ClockExpired, ClockKind, ClockPaused, ClockRef, PauseReason};
use yujian_domain::envelope::Classification;
use yujian_domain::institution::{self, ApplicationState, DeemedOutcome, InstitutionEvent, ProposedOutcome};
use yujian_domain::values::RegionId;
use yujian_views::{ApplicationQuery, AuthorizationState, ClockBucket, ClockQuery, Scope, ViewError, Views};

use crate::support::{World, credit_code, day, deadline, institution, registered};
use crate::work::{clock_started, granted, imposed, returned, revoked, submitted};

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

/// Clocks that somebody must still act in, and how they stand on the 14th day.
async fn waiting(views: Views) -> Vec<(ClockRef, ClockBucket)> {
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
        .collect()
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
async fn a_renewal_by_silence_and_the_end_of_a_licence_leave_no_clock_overdue() {
    let mut world = begun().await;
    let decision = world
        .start_clock(1, clock_started(Some(2), ClockKind::Decision, 2, 11), 2)
        .await;
    let term = world
        .start_clock(1, clock_started(None, ClockKind::Renewal, 2, 13), 2)
        .await;
    for (clock, last) in [(decision, 11), (term, 13)] {
        let expired = ClockExpired {
            clock,
            due_date: day(last),
        };
        world.of_institution(1, expired, last + 1, None).await;
    }
    let both = [(decision, ClockBucket::Overdue), (term, ClockBucket::Overdue)];
    assert_eq!(waiting(world.views().await).await, both);
    let applied = institution::DeemedOutcomeApplied {
        application: 2,
        outcome: DeemedOutcome::Renewed,
        clock: term,
        effective_date: day(14),
    };
    world.of_institution(1, applied, 14, None).await;
    assert_eq!(waiting(world.views().await).await, []);
    // The renewal is taken back: the decision is owed again until it is known.
    let reversed = institution::DeemedOutcomeReversed {
        application: 2,
        outcome: DeemedOutcome::Renewed,
        revision: 7,
        act_date: day(13),
    };
    world.of_institution(1, reversed, 15, None).await;
    assert_eq!(waiting(world.views().await).await, [(decision, ClockBucket::Overdue)]);

    let mut world = begun().await;
    let term = world
        .start_clock(1, clock_started(None, ClockKind::Renewal, 2, 13), 2)
        .await;
    let expired = ClockExpired {
        clock: term,
        due_date: day(13),
    };
    world.of_institution(1, expired, 14, None).await;
    assert_eq!(waiting(world.views().await).await, [(term, ClockBucket::Overdue)]);
    let ended = institution::AuthorizationExpired {
        kind: institution::AuthorizationKind::Licence,
        valid_to_date: day(13),
    };
    world.of_institution(1, ended, 14, None).await;
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

#[tokio::test]
async fn a_county_outside_the_jurisdiction_has_nothing_on_any_list() {
    let views = begun().await.views().await;
    let scope = Scope {
        jurisdiction: Some("3302".to_owned()),
        ..Scope::default()
    };
    let clocks = ClockQuery {
        scope: scope.clone(),
        region: Some("330106".to_owned()),
        waiting_only: true,
        limit: 5,
        ..ClockQuery::default()
    };
    assert_eq!(views.clocks(clocks).await.unwrap().rows, []);
    let applications = ApplicationQuery {
        scope: scope.clone(),
        region: Some("330106".to_owned()),
        limit: 5,
        ..ApplicationQuery::default()
    };
    assert_eq!(views.applications(applications).await.unwrap().rows, []);
    let urgent = views.urgent_applications(&scope, Some("330106"), 5).await.unwrap();
    assert_eq!(urgent, []);
}
