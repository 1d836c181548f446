//! Persons and their engagements, case by case: who sees them, who is told, what is found, what is damaged.

use std::time::Duration;

use jiff::ToSpan as _;
use yujian_audit::replay_all;
use yujian_domain::envelope::Classification;
use yujian_domain::person::{self, CredentialKind, PersonEvent, Post};
use yujian_domain::system::{CreationAbandoned, SystemEvent};
use yujian_views::{CredentialQuery, PersonQuery, Scope, StaffQuery, ViewError};

use crate::staff::resolved;
use crate::support::{self, Window, World, credit_code, day, institution, open};
use crate::work::{claimed, digest, of_person, person, registered, started};

async fn two_posts() -> World {
    let mut world = World::new();
    for n in [1, 2] {
        world
            .of_institution(n, support::registered(n, "园", n, 3), 0, None)
            .await;
    }
    let events: [PersonEvent; 4] = [
        registered(1, 0).into(),
        started(1, institution(1), Post::Carer, 0, true).into(),
        started(2, institution(2), Post::Carer, 0, true).into(),
        claimed(1, CredentialKind::ChildcareWorker, Some(40)).into(),
    ];
    for event in events {
        world.event(&of_person(1), &event, 1, None).await;
    }
    world
}

#[tokio::test]
async fn an_event_of_a_person_is_pushed_once_to_each_institution_where_the_person_stands_engaged() {
    let mut world = two_posts().await;
    let views = world.views().await;
    let mut deltas = views.deltas();
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let follower = views.clone();
    tokio::spawn(async move { follower.follow(stopped).await });
    let ended = person::EngagementEnded {
        engagement: 2,
        institution: institution(2),
        end_date: day(3),
        ground: person::EndGround::Resigned,
    };
    let query = person::RecordQueried {
        occasion: person::QueryOccasion::Yearly,
        queried_of: person::QueriedOf::Police,
        query_date: day(2),
        valid_until: day(300),
        clear: false,
        found: vec![person::Offence::Abuse],
    };
    let (query, ended): (PersonEvent, PersonEvent) = (query.into(), ended.into());
    let regulator = Classification::Regulator;
    world.event_for(&of_person(1), &query, 2, None, regulator).await;
    world.event(&of_person(1), &ended, 3, None).await;
    world.event(&of_person(1), &query, 4, None).await;
    let mut told = Vec::new();
    while told.len() < 5 {
        let delta = tokio::time::timeout(Duration::from_secs(30), deltas.recv())
            .await
            .unwrap()
            .unwrap();
        told.extend(delta.changes.clone());
    }
    let seen: Vec<_> = told
        .iter()
        .map(|change| (change.revision, change.institution))
        .collect();
    let (one, two) = (institution(1), institution(2));
    assert_eq!(seen, [(4, one), (4, two), (5, one), (5, two), (6, one)]);
    assert!(
        told.iter()
            .all(|change| change.person == Some(person(1)) && change.incident.is_none())
    );
    assert_eq!(
        told.iter().map(|change| change.regulator_only).collect::<Vec<_>>(),
        [true, true, true, false, false],
        "what happens at the second institution is not told to the operator of the first"
    );
}

#[tokio::test]
async fn an_operator_loses_sight_of_whoever_has_left() {
    let mut world = two_posts().await;
    let scope = |n: u8| Scope {
        organisation: Some(credit_code(n).to_string()),
        ..Scope::default()
    };
    let (old, new) = (scope(1), scope(2));
    let ended = person::EngagementEnded {
        engagement: 1,
        institution: institution(1),
        end_date: day(3),
        ground: person::EndGround::Resigned,
    };
    let before = world.views().await;
    let seen = before.person(&old, person(1), day(0)).await.unwrap().unwrap();
    assert_eq!(
        (seen.row.engagements, seen.engagements.len(), seen.engagements[0].others),
        (1, 1, 0)
    );
    world.event(&of_person(1), &PersonEvent::from(ended), 3, None).await;
    let views = world.views().await;
    assert!(views.person(&old, person(1), day(0)).await.unwrap().is_none());
    let query = StaffQuery {
        scope: old,
        limit: 9,
        ..Default::default()
    };
    assert_eq!(views.staff(query).await.unwrap().total, 0);
    assert!(views.person(&new, person(1), day(0)).await.unwrap().is_some());
}

#[tokio::test]
async fn who_registered_somebody_sees_the_person_until_somebody_else_engages() {
    let mut world = World::new();
    for n in [1, 2] {
        world
            .of_institution(n, support::registered(n, "园", n, 3), 0, None)
            .await;
    }
    let told = person::PersonRegistered {
        organisation: Some(credit_code(1).to_string()),
        ..registered(1, 0)
    };
    world.event(&of_person(1), &PersonEvent::from(told), 1, None).await;
    let registrar = Scope {
        organisation: Some(credit_code(1).to_string()),
        ..Scope::default()
    };
    let authority = Scope {
        jurisdiction: Some("33".to_owned()),
        ..Scope::default()
    };
    let sees = async |world: &World, scope: &Scope| {
        let views = world.views().await;
        let persons = PersonQuery {
            scope: scope.clone(),
            limit: 9,
            ..Default::default()
        };
        let one = views.person(scope, person(1), day(0)).await.unwrap().is_some();
        assert_eq!(views.persons(persons).await.unwrap().total, u64::from(one));
        assert_eq!(views.person_dossier(scope, person(1)).await.unwrap().is_some(), one);
        one
    };
    assert!(sees(&world, &registrar).await, "nobody has engaged the person yet");
    let own = started(1, institution(1), Post::Carer, 0, true);
    world.event(&of_person(1), &PersonEvent::from(own), 2, None).await;
    assert!(sees(&world, &registrar).await, "an engagement of its own stands");
    let elsewhere = started(2, institution(2), Post::Carer, 0, true);
    world.event(&of_person(1), &PersonEvent::from(elsewhere), 3, None).await;
    assert!(sees(&world, &registrar).await, "its own stands beside another");
    let ended = person::EngagementEnded {
        engagement: 1,
        institution: institution(1),
        end_date: day(3),
        ground: person::EndGround::Resigned,
    };
    world.event(&of_person(1), &PersonEvent::from(ended), 4, None).await;
    assert!(!sees(&world, &registrar).await, "the person works elsewhere alone");
    assert!(sees(&world, &authority).await, "the authority keeps sight");
}

#[tokio::test]
async fn no_filter_tells_an_operator_where_else_a_person_works() {
    let mut world = two_posts().await;
    world
        .of_institution(3, support::registered(3, "园", 3, 3), 0, None)
        .await;
    let there = PersonEvent::from(started(3, institution(3), Post::Carer, 0, true));
    world.event(&of_person(1), &there, 2, None).await;
    let views = world.views().await;
    let operator = Scope {
        organisation: Some(credit_code(1).to_string()),
        ..Scope::default()
    };
    let found = async |scope: &Scope, at: Option<uuid::Uuid>, region: Option<&str>| {
        let persons = PersonQuery {
            scope: scope.clone(),
            institution: at,
            region: region.map(str::to_owned),
            limit: 9,
            ..Default::default()
        };
        let credentials = CredentialQuery {
            scope: scope.clone(),
            institution: at,
            region: region.map(str::to_owned),
            at: day(0),
            limit: 9,
            ..Default::default()
        };
        let persons = views.persons(persons).await.unwrap().total;
        (persons, views.credentials(credentials).await.unwrap().total)
    };
    assert_eq!(found(&operator, Some(institution(1)), None).await, (1, 1));
    assert_eq!(found(&operator, Some(institution(3)), None).await, (0, 0));
    // The person was registered in another city than the one in which the third institution lies.
    let elsewhere = support::REGIONS[3];
    assert_eq!(found(&Scope::default(), None, Some(elsewhere)).await, (1, 1));
    assert_eq!(found(&operator, None, Some(elsewhere)).await, (0, 0));
}

#[tokio::test]
async fn a_bar_that_ran_out_is_not_lifted_by_the_decision_about_the_next() {
    let mut world = two_posts().await;
    let barred = |number: &str, from: i64, until: Option<i64>| {
        PersonEvent::from(person::PersonBarred {
            ground: person::BarGround::Order,
            from_date: day(from),
            until_date: until.map(day),
            decision_number: number.to_owned(),
            reason: support::sealed(4),
        })
    };
    let lifted = PersonEvent::from(person::BarLifted {
        decision_number: "third".to_owned(),
        reason: support::sealed(5),
    });
    world.event(&of_person(1), &barred("first", 2, Some(10)), 2, None).await;
    world.event(&of_person(1), &barred("second", 20, None), 20, None).await;
    world.event(&of_person(1), &lifted, 30, None).await;
    let views = world.views().await;
    let bars = views
        .person(&Scope::default(), person(1), day(40))
        .await
        .unwrap()
        .unwrap()
        .bars;
    let told: Vec<_> = bars
        .iter()
        .map(|bar| {
            (
                bar.decision_number.as_str(),
                bar.lifted.as_ref().map(|(_, by)| by.as_str()),
            )
        })
        .collect();
    assert_eq!(told, [("second", Some("third")), ("first", None)]);
}

#[tokio::test]
async fn a_person_is_found_by_the_digest_of_the_identity_and_by_nothing_else() {
    let world = two_posts().await;
    let views = world.views().await;
    let found = async |identities| {
        let query = PersonQuery {
            identities,
            limit: 9,
            ..Default::default()
        };
        views
            .persons(query)
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|row| row.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(vec![digest(5), digest(1)]).await, [person(1)]);
    assert!(found(vec![digest(5)]).await.is_empty());
    let foreign = PersonQuery {
        after: Some("e30".to_owned()),
        limit: 9,
        ..Default::default()
    };
    assert_eq!(views.persons(foreign).await.unwrap_err(), ViewError::InvalidKey);
}

#[tokio::test]
async fn a_damaged_record_of_a_person_shows_wherever_the_person_worked() {
    let world = two_posts().await;
    let window = Window::at(&world.log, world.written);
    window.damage(6, Some(&of_person(1)), Some(3));
    window.damage(3, Some(&of_person(1)), Some(0));
    let views = open(window.clone()).await;
    let detail = views
        .person(&Scope::default(), person(1), day(0))
        .await
        .unwrap()
        .unwrap();
    assert!(detail.row.damaged && detail.row.name.is_none() && detail.row.region.is_empty());
    assert_eq!(
        (detail.damaged.len(), detail.credentials.len(), detail.engagements.len()),
        (2, 0, 2)
    );
    assert!(detail.engagements.iter().all(|engagement| engagement.damaged));
    let figures = views.staff_figures(&Scope::default(), None, day(9)).await.unwrap();
    assert_eq!((figures.region.damaged, figures.region.total().engaged), (2, 2));
    let replayed = replay_all(&*window, None, None, None).await.unwrap();
    for n in [1, 2] {
        let live = views.dossier(&Scope::default(), institution(n)).await.unwrap().unwrap();
        assert_eq!(live.damaged.len(), 2);
        assert_eq!(replayed.institutions[&institution(n)].damaged.len(), 2);
        assert_eq!(resolved(live.facts), replayed.institutions[&institution(n)].dossier);
    }
    assert_eq!(replayed.persons[&person(1)].damaged.len(), 2);
    assert_eq!(
        open(window).await.digest().await.unwrap(),
        views.digest().await.unwrap()
    );
}

#[tokio::test]
async fn within_so_many_days_counts_the_last_of_them() {
    let world = two_posts().await;
    let verified = person::CredentialVerified {
        credential: 1,
        method: person::VerificationMethod::Registry,
    };
    let mut world = world;
    world.event(&of_person(1), &PersonEvent::from(verified), 2, None).await;
    let views = world.views().await;
    let expiring = async |days| {
        let at = day(40).checked_sub(10.days()).unwrap();
        let query = StaffQuery {
            expiring_within: Some((at, days)),
            limit: 9,
            ..Default::default()
        };
        views.staff(query).await.unwrap().total
    };
    assert_eq!((expiring(9).await, expiring(10).await), (0, 2));
}

#[tokio::test]
async fn an_unknown_event_of_a_person_is_shown_and_an_abandoned_registration_is_no_person() {
    let mut world = two_posts().await;
    let envelope = serde_json::to_vec(&support::metadata(yujian_domain::time::start_of(day(3)), None)).unwrap();
    let kind = "staffing.PersonMerged.v3";
    world
        .raw(&of_person(1), kind, envelope, br#"{"into":"x"}"#.to_vec())
        .await;
    let abandoned = CreationAbandoned {
        claim: "key-person.e1.00".to_owned(),
        new_owner: of_person(1),
    };
    world.event(&of_person(2), &SystemEvent::from(abandoned), 3, None).await;
    let views = world.views().await;
    let timeline = views
        .timeline_of_person(&Scope::default(), person(1), None, 1)
        .await
        .unwrap();
    assert_eq!((timeline.rows[0].event_type.as_str(), timeline.total), (kind, 5));
    let next = views
        .timeline_of_person(&Scope::default(), person(1), timeline.next, 9)
        .await
        .unwrap();
    assert_eq!(next.rows.len(), 4);
    let detail = views
        .person(&Scope::default(), person(1), day(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((detail.row.revision, views.as_of().await.unwrap().unknown), (4, 1));
    assert!(
        views
            .person(&Scope::default(), person(2), day(0))
            .await
            .unwrap()
            .is_none()
    );
}
