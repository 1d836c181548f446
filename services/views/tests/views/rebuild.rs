//! A rebuild beside the live views, under traffic, after a crash, and while somebody reads.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;
use yujian_domain::divisions::Divisions;
use yujian_eventlog::EventLog;
use yujian_views::{InstitutionQuery, Rebuild, Scope, ViewError, Views};

use crate::lists::{history, runtime};
use crate::support::{Window, World, harmless, institution, open, reached, registered};
use crate::work::{walk, worked, write};

async fn open_in(directory: &Path, log: Arc<dyn EventLog>) -> Views {
    Views::open(Some(directory), log, Divisions::shipped().clone(), |_| {})
        .await
        .unwrap()
}

fn follow(views: &Views) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    let views = views.clone();
    tokio::spawn(async move { views.follow(stopped).await });
    stop
}

fn go_on(_: Rebuild) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_under_traffic_ends_with_the_rows_of_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let steps: Vec<_> = (0..2_500).map(walk).collect();
    let mut world = worked(&steps).await;
    let views = open_in(directory.path(), world.log.clone()).await;
    let _stop = follow(&views);
    let (asking, answered) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let asker = tokio::spawn({
        let (views, asking, answered) = (views.clone(), asking.clone(), answered.clone());
        async move {
            let mut last = views.as_of().await.unwrap().position;
            while asking.load(Ordering::Relaxed) {
                let query = InstitutionQuery {
                    limit: 500,
                    ..Default::default()
                };
                let page = views.institutions(query).await.unwrap();
                assert_eq!(page.rows.len(), 7, "rows were lost while the rebuild ran");
                assert!(page.as_of.position >= last, "the views went back");
                last = page.as_of.position;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let rebuild = tokio::spawn({
        let (views, told) = (views.clone(), told.clone());
        async move {
            views
                .rebuild(move |progress: Rebuild| {
                    told.lock().unwrap().push(progress);
                    ControlFlow::Continue(())
                })
                .await
        }
    });
    let mut n = 10_000;
    while !rebuild.is_finished() {
        write(&mut world, walk(n), 2_600 + i64::from(n - 10_000)).await;
        n += 1;
    }
    let rebuilt = rebuild.await.unwrap().unwrap();
    asking.store(false, Ordering::Relaxed);
    asker.await.unwrap();
    assert!(answered.load(Ordering::Relaxed) > 0);
    assert!(told.lock().unwrap().first().is_some_and(|first| first.done == 0));
    assert!(
        rebuilt.position.number >= 2_500 && n > 10_000,
        "nothing was written meanwhile"
    );
    assert_eq!(
        rebuilt.before, rebuilt.after,
        "the live rows were not what the log says"
    );
    let head = *world.log.head().borrow();
    reached(&views, head).await.unwrap();
    assert_eq!(
        views.digest().await.unwrap(),
        open(world.log.clone()).await.digest().await.unwrap()
    );
    assert!(
        !names(directory.path()).iter().any(|name| name.contains("new")),
        "the rebuild left files"
    );
}

#[tokio::test]
async fn a_rebuild_puts_right_what_was_spoilt_and_a_reader_finishes_on_the_old_rows() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new();
    for n in 0..5 {
        world.of_institution(n, registered(n, "园", n, 3), 0, None).await;
    }
    let views = open_in(directory.path(), world.log.clone()).await;
    let right = views.digest().await.unwrap();
    let file = directory.path().join("views.db");
    let spoiler = Connection::open(&file).unwrap();
    spoiler
        .execute(
            "UPDATE institution SET name = 'spoilt' WHERE id = ?",
            [institution(2).to_string()],
        )
        .unwrap();
    let spoilt = views.digest().await.unwrap();
    assert_ne!(spoilt, right);
    let name = |connection: &Connection| -> String {
        let sql = "SELECT name FROM institution WHERE id = ?";
        connection
            .query_row(sql, [institution(2).to_string()], |row| row.get(0))
            .unwrap()
    };
    let reader = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(name(&reader), "spoilt");
    let rebuilt = views.rebuild(go_on).await.unwrap();
    assert_eq!(rebuilt.position, views.as_of().await.unwrap().position);
    assert_eq!((&rebuilt.before, &rebuilt.after), (&spoilt.total, &right.total));
    assert_eq!(views.digest().await.unwrap(), right);
    assert_eq!(name(&reader), "spoilt", "a reader was torn from its rows");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(name(&reader), "园");
    // It goes on from there.
    let _stop = follow(&views);
    world.of_institution(1, harmless(), 1, None).await;
    reached(&views, *world.log.head().borrow()).await.unwrap();
    let row = views
        .institution(&Scope::default(), institution(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.revision, 1);
}

#[tokio::test]
async fn a_rebuild_that_died_leaves_the_old_views_and_the_next_start_clears_up() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new();
    for n in 0..5 {
        world.of_institution(n, registered(n, "园", n, 3), 0, None).await;
    }
    let views = open_in(directory.path(), world.log.clone()).await;
    let digest = views.digest().await.unwrap();
    let dropped = views.clone();
    let rebuild = tokio::spawn(async move { dropped.rebuild(go_on).await });
    rebuild.abort();
    let _ = rebuild.await;
    drop(views);
    for name in ["views.new.db", "views.new.db-wal", "views.new.db-shm"] {
        std::fs::write(directory.path().join(name), b"half a store").unwrap();
    }
    let views = open_in(directory.path(), world.log.clone()).await;
    assert_eq!(views.digest().await.unwrap(), digest);
    assert!(!names(directory.path()).iter().any(|name| name.contains("new")));
    assert_eq!(views.rebuild(go_on).await.unwrap().position, digest.position);
    assert_eq!(views.digest().await.unwrap(), digest);
}

#[tokio::test]
async fn one_rebuild_runs_at_a_time() {
    let mut world = World::new();
    world.of_institution(0, registered(0, "园", 0, 3), 0, None).await;
    let views = open(world.log.clone()).await;
    let (first, second) = tokio::join!(views.rebuild(go_on), views.rebuild(go_on));
    assert_eq!(second.unwrap_err(), ViewError::Rebuilding);
    let first = first.unwrap();
    assert_eq!(views.rebuild(go_on).await.unwrap(), first, "the next one may run");
}

#[tokio::test]
async fn a_rebuild_that_is_stopped_leaves_the_live_rows_and_no_files() {
    let directory = tempfile::tempdir().unwrap();
    let steps: Vec<_> = (0..2_500).map(walk).collect();
    let world = worked(&steps).await;
    let views = open_in(directory.path(), world.log.clone()).await;
    let file = directory.path().join("views.db");
    let changed = Connection::open(&file)
        .unwrap()
        .execute("UPDATE institution SET name = 'as it was'", [])
        .unwrap();
    assert!(changed > 0);
    let before = views.digest().await.unwrap();
    for stop_at in [0, 1] {
        let stopped = views
            .rebuild(|progress: Rebuild| {
                if progress.done >= stop_at {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .await;
        assert_eq!(stopped.unwrap_err(), ViewError::Stopped);
        assert_eq!(views.digest().await.unwrap(), before);
        assert!(!names(directory.path()).iter().any(|name| name.contains("new")));
    }
    assert_ne!(views.rebuild(go_on).await.unwrap().after, before.total);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_do_not_depend_on_where_a_batch_ended(steps in history(60)) {
        runtime().block_on(async {
            let world = worked(&steps).await;
            let window = Window::new(world.log.clone());
            let live = open(window.clone()).await;
            let _stop = follow(&live);
            for number in (0..=world.written).step_by(7).chain([world.written]) {
                reached(&live, window.show(number)).await.unwrap();
                let rebuilt = open(Window::at(&world.log, number)).await;
                assert_eq!(live.digest().await.unwrap(), rebuilt.digest().await.unwrap(), "at {number}");
                live.rebuild(go_on).await.unwrap();
                assert_eq!(live.digest().await.unwrap(), rebuilt.digest().await.unwrap(), "rebuilt at {number}");
            }
        });
    }
}
