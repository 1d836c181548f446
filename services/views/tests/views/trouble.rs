//! Damage, unknown events and events that do not read: kept, counted, shown, and no end of following.

use yujian_domain::incident::Category;
use yujian_views::{InstitutionQuery, Scope};

use crate::support::{Window, World, day, harmless, incident, institution, metadata, notified, open, registered};

fn envelope() -> Vec<u8> {
    serde_json::to_vec(&metadata(yujian_domain::time::start_of(day(3)), None)).unwrap()
}

#[tokio::test]
async fn an_unknown_event_is_kept_counted_and_shown() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    let stream = format!("institution-{}", institution(1));
    world
        .raw(
            &stream,
            "licensing.LicenceGranted.v7",
            envelope(),
            r#"{"grade":"甲"}"#.as_bytes().to_vec(),
        )
        .await;
    world
        .raw("weather-1", "weather.Rained.v1", envelope(), b"{}".to_vec())
        .await;
    let views = world.views().await;
    let as_of = views.as_of().await.unwrap();
    assert_eq!((as_of.unknown, as_of.damaged), (2, 0));
    let timeline = views
        .timeline(&Scope::default(), institution(1), None, 10)
        .await
        .unwrap();
    assert_eq!(timeline.rows[0].event_type, "licensing.LicenceGranted.v7");
    assert_eq!(timeline.rows[0].payload["grade"], "甲");
    let row = views
        .institution(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.name.as_str(), row.revision, row.damaged), ("云朵托育", 1, false));
}

#[tokio::test]
async fn an_event_that_does_not_read_counts_as_damage_and_quotes_nothing() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    let stream = format!("institution-{}", institution(1));
    world
        .raw(
            &stream,
            "licensing.FilingAccepted.v1",
            envelope(),
            br#"{"secret":"13800000000"}"#.to_vec(),
        )
        .await;
    world
        .raw(
            &stream,
            "licensing.FilingAccepted.v1",
            br#"{"odd":1}"#.to_vec(),
            b"{}".to_vec(),
        )
        .await;
    world.of_institution(1, harmless(), 4, None).await;
    let views = world.views().await;
    assert_eq!(views.as_of().await.unwrap().damaged, 2);
    let row = views
        .institution(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap();
    assert!(row.damaged);
    assert_eq!(row.revision, 3, "following goes on");
    let problems = views
        .dossier(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap()
        .damaged;
    assert_eq!(problems.len(), 2);
    assert!(
        problems
            .iter()
            .all(|(of, problem)| *of == stream && !problem.contains("13800000000"))
    );
}

#[tokio::test]
async fn damage_shows_on_every_row_and_figure_that_it_touches() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(2, registered(2, "彩虹桥", 3, 3), 0, None).await;
    world.of_institution(1, harmless(), 1, None).await;
    world
        .of_incident(1, notified(institution(2), Category::MinorInjury, 2, false), 2)
        .await;
    world
        .of_incident(
            1,
            yujian_domain::incident::IncidentReopened {
                reason: crate::support::sealed(1),
            },
            3,
        )
        .await;
    let window = Window::at(&world.log, world.written);
    window.damage(3, Some(&format!("institution-{}", institution(1))), Some(1));
    window.damage(5, Some(&format!("incident-{}", incident(1))), Some(1));
    let views = open(window.clone()).await;
    let as_of = views.as_of().await.unwrap();
    assert_eq!(as_of.damaged, 2);
    let query = InstitutionQuery {
        damaged_only: true,
        limit: 10,
        ..Default::default()
    };
    assert_eq!(views.institutions(query).await.unwrap().total, 2);
    assert!(
        views
            .incident(&Scope::default(), incident(1))
            .await
            .unwrap()
            .unwrap()
            .damaged
    );
    let timeline = views
        .timeline(&Scope::default(), institution(1), None, 10)
        .await
        .unwrap();
    assert_eq!(timeline.rows[0].damaged.as_deref(), Some("hash does not fit"));
    assert!(timeline.rows[1].damaged.is_none());
    let hangzhou = views.roll_up(&Scope::default(), Some("3301"), day(9)).await.unwrap();
    let country = views.roll_up(&Scope::default(), None, day(9)).await.unwrap();
    assert_eq!((hangzhou.region.damaged, country.region.damaged), (1, 2));
    assert_eq!(
        open(window).await.digest().await.unwrap(),
        views.digest().await.unwrap()
    );
}

#[tokio::test]
async fn an_institution_whose_first_record_is_damaged_is_there_without_its_details() {
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(1, harmless(), 1, None).await;
    world
        .of_incident(1, notified(institution(1), Category::MinorInjury, 2, false), 2)
        .await;
    let window = Window::at(&world.log, world.written);
    window.damage(1, None, None);
    let views = open(window).await;
    let row = views
        .institution(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.name, row.incidents),
        (format!("institution-{}", institution(1)), 1)
    );
    let county = Scope {
        domestic_only: false,
        jurisdiction: Some("330106".into()),
        organisation: None,
    };
    assert_eq!(
        views.institution(&county, institution(1)).await.unwrap(),
        None,
        "its division is not known"
    );
    assert_eq!(views.as_of().await.unwrap().damaged, 1);
}

#[tokio::test]
async fn an_abandoned_creation_makes_no_institution() {
    let mut world = World::new();
    let event = yujian_domain::system::CreationAbandoned {
        claim: "key-site.e1.00".into(),
        new_owner: "x".into(),
    };
    let stream = format!("institution-{}", institution(1));
    world
        .event(&stream, &yujian_domain::system::SystemEvent::from(event), 0, None)
        .await;
    let views = world.views().await;
    assert_eq!(
        views.institution(&Scope::default(), institution(1)).await.unwrap(),
        None
    );
    let as_of = views.as_of().await.unwrap();
    assert_eq!((as_of.unknown, as_of.damaged), (0, 0));
}
