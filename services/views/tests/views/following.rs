//! Following, waiting, deltas, restarts, rebuilds and digests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::watch;
use yujian_domain::divisions::Divisions;
use yujian_domain::incident::Category;
use yujian_eventlog::{EventLog, LogPosition};
use yujian_views::{InstitutionQuery, Rebuild, Scope, ViewError, Views};

use crate::lists::{history, runtime, written};
use crate::support::{Window, World, harmless, incident, institution, notified, open, reached, registered};
use crate::work::{walk, worked};

fn follow(views: &Views) -> (watch::Sender<bool>, tokio::task::JoinHandle<Result<(), ViewError>>) {
    let (stop, stopped) = watch::channel(false);
    let views = views.clone();
    (stop, tokio::spawn(async move { views.follow(stopped).await }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rebuild_at_every_prefix_gives_the_digest_of_the_live_views(steps in history(40)) {
        runtime().block_on(async {
            let world = written(&steps).await;
            let window = Window::new(world.log.clone());
            let live = open(window.clone()).await;
            let (_stop, _follower) = follow(&live);
            for number in 0..=world.written {
                reached(&live, window.show(number)).await.unwrap();
                let rebuilt = open(Window::at(&world.log, number)).await;
                let (live, rebuilt) = (live.digest().await.unwrap(), rebuilt.digest().await.unwrap());
                assert_eq!(live, rebuilt, "at {number}");
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_is_dropped_in_the_middle_leaves_no_gap_and_repeats_nothing() {
    let steps: Vec<_> = (0..300).map(walk).collect();
    let world = worked(&steps).await;
    let pushed = async |disturbed: bool| {
        let window = Window::new(world.log.clone());
        let views = open(window.clone()).await;
        let mut deltas = views.deltas();
        for number in 1..=world.written {
            window.show(number);
            let (_stop, follower) = follow(&views);
            if disturbed {
                tokio::time::sleep(Duration::from_micros(number % 8 * 150)).await;
                follower.abort();
            } else {
                reached(&views, window.show(number)).await.unwrap();
                follower.abort();
            }
        }
        let (_stop, _follower) = follow(&views);
        reached(&views, window.show(world.written)).await.unwrap();
        let (mut changes, mut last) = (Vec::new(), None);
        while last != Some(world.written) {
            let delta = tokio::time::timeout(Duration::from_secs(30), deltas.recv())
                .await
                .expect("a push is missing")
                .unwrap();
            assert!(last < Some(delta.position.number), "a page was folded twice");
            last = Some(delta.position.number);
            changes.extend(delta.changes.clone());
        }
        (changes, views.digest().await.unwrap())
    };
    assert_eq!(pushed(true).await, pushed(false).await);
}

#[tokio::test]
async fn a_digest_tells_one_changed_value() {
    let digest = async |name: &str| {
        let mut world = World::new();
        world.of_institution(1, registered(1, name, 0, 3), 0, None).await;
        world.views().await.digest().await.unwrap()
    };
    let (one, other) = (digest("云朵托育").await, digest("云朵托育 ").await);
    assert_ne!(one.total, other.total);
    assert_eq!(one.tables["application"], other.tables["application"]);
    assert_eq!(one, digest("云朵托育").await);
}

#[tokio::test]
async fn every_event_is_pushed_once_in_order_and_can_be_read_then() {
    let mut world = World::new();
    let views = world.views().await;
    let mut deltas = views.deltas();
    let (stop, follower) = follow(&views);
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world
        .of_incident(4, notified(institution(1), Category::MinorInjury, 1, false), 1)
        .await;
    world.of_institution(1, harmless(), 2, None).await;
    let mut changes = Vec::new();
    while changes.len() < 3 {
        let delta = tokio::time::timeout(Duration::from_secs(30), deltas.recv())
            .await
            .unwrap()
            .unwrap();
        let as_of = views.as_of().await.unwrap();
        assert!(as_of.position >= delta.position, "a delta came before its rows");
        assert!(*views.position().borrow() >= delta.position);
        changes.extend(delta.changes.clone());
    }
    let seen: Vec<(String, u64)> = changes
        .iter()
        .map(|change| (change.stream.clone(), change.revision))
        .collect();
    let of_institution = format!("institution-{}", institution(1));
    let of_incident = format!("incident-{}", incident(4));
    assert_eq!(
        seen,
        [(of_institution.clone(), 0), (of_incident, 0), (of_institution, 1)]
    );
    assert!(changes.iter().all(|change| change.institution == institution(1)
        && change.institution_name == "云朵托育"
        && change.region == "330106001"
        && change.organisation.is_some()));
    assert_eq!(changes[1].incident, Some(incident(4)));
    stop.send(true).unwrap();
    follower.await.unwrap().unwrap();
}

#[tokio::test]
async fn waiting_reads_ones_own_write_and_refuses_foreign_positions() {
    let mut world = World::new();
    let views = world.views().await;
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    let head = *world.log.head().borrow();
    let behind = views.wait_for(head, Duration::from_millis(20)).await;
    assert_eq!(
        behind,
        Err(ViewError::Behind {
            at: world.log.origin(),
            wanted: head
        })
    );
    assert_eq!(views.as_of().await.unwrap().lag, 1);
    let (_stop, _follower) = follow(&views);
    reached(&views, head).await.unwrap();
    assert!(
        views
            .institution(&Scope::default(), institution(1))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(views.as_of().await.unwrap().lag, 0);
    for foreign in [LogPosition { epoch: 1, number: 2 }, LogPosition { epoch: 2, number: 1 }] {
        assert_eq!(
            views.wait_for(foreign, Duration::from_secs(30)).await,
            Err(ViewError::ForeignPosition(foreign))
        );
    }
}

/// Opens views in a directory and answers what progress was told.
async fn open_in(directory: &std::path::Path, log: Arc<dyn EventLog>) -> (Views, Vec<Rebuild>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let progress = move |rebuild: Rebuild| listener.lock().unwrap().push(rebuild);
    let views = Views::open(Some(directory), log, Divisions::shipped().clone(), progress)
        .await
        .unwrap();
    let told = told.lock().unwrap().clone();
    (views, told)
}

#[tokio::test]
async fn a_second_start_goes_on_where_the_first_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new();
    for n in 0..5 {
        world
            .of_institution(n, registered(n, &format!("n{n}"), n, 3), 0, None)
            .await;
    }
    let (views, told) = open_in(directory.path(), world.log.clone()).await;
    assert_eq!(told.first(), Some(&Rebuild { done: 0, total: 5 }));
    assert_eq!(told.last(), Some(&Rebuild { done: 5, total: 5 }));
    drop(views);
    world.of_institution(5, registered(5, "n5", 5, 3), 1, None).await;
    let (views, told) = open_in(directory.path(), world.log.clone()).await;
    assert_eq!(told.first(), Some(&Rebuild { done: 5, total: 6 }), "it began anew");
    assert_eq!(
        views.digest().await.unwrap(),
        world.views().await.digest().await.unwrap()
    );
}

#[tokio::test]
async fn a_store_of_another_log_or_ahead_of_it_or_spoilt_is_rebuilt() {
    let directory = tempfile::tempdir().unwrap();
    let log_of = async |names: &[&str]| {
        let mut world = World::new();
        for (n, name) in (0..).zip(names) {
            world.of_institution(n, registered(n, name, n, 3), 0, None).await;
        }
        world
    };
    let names = async |views: &Views| -> Vec<String> {
        let query = InstitutionQuery {
            limit: 500,
            ..Default::default()
        };
        views
            .institutions(query)
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|row| row.name)
            .collect()
    };
    drop(open_in(directory.path(), log_of(&["a", "b", "c"]).await.log).await);
    let (shorter, told) = open_in(directory.path(), log_of(&["a", "b"]).await.log).await;
    assert_eq!(
        (names(&shorter).await, told[0].done),
        (vec!["a".to_owned(), "b".to_owned()], 0)
    );
    drop(shorter);
    let (other, told) = open_in(directory.path(), log_of(&["a", "x", "c"]).await.log).await;
    assert_eq!(names(&other).await, ["a", "c", "x"]);
    assert_eq!(told[0].done, 0);
    drop(other);
    std::fs::write(
        directory.path().join("views.db"),
        b"no database at all, but long enough to be looked at",
    )
    .unwrap();
    let (anew, _) = open_in(directory.path(), log_of(&["a"]).await.log).await;
    assert_eq!(names(&anew).await, ["a"]);
}

#[tokio::test]
async fn a_record_altered_or_repaired_between_two_starts_shows_after_the_second() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new();
    world.of_institution(1, registered(1, "云朵托育", 0, 3), 0, None).await;
    world.of_institution(1, harmless(), 1, None).await;
    world.of_institution(2, registered(2, "彩虹桥", 0, 3), 2, None).await;
    let window = Window::at(&world.log, world.written);
    let sound = open_in(directory.path(), window.clone())
        .await
        .0
        .digest()
        .await
        .unwrap();
    window.damage(2, Some(&format!("institution-{}", institution(1))), Some(1));
    let (altered, _) = open_in(directory.path(), window.clone()).await;
    assert_eq!(altered.as_of().await.unwrap().damaged, 1);
    let row = altered
        .institution(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap();
    assert!(row.damaged);
    let timeline = altered
        .timeline(&Scope::default(), institution(1), None, 10)
        .await
        .unwrap();
    assert_eq!(
        timeline.rows[0].payload,
        serde_json::Value::Null,
        "the altered record is not served"
    );
    drop(altered);
    window.repair();
    let (repaired, _) = open_in(directory.path(), window).await;
    assert_eq!(repaired.digest().await.unwrap(), sound);
}
