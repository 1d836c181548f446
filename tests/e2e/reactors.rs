//! Reactors of the real binary: killed under load, without their state, after a restore, and while a view is rebuilt.

mod staff;

mod claims;
pub mod history;

use std::path::Path;
use std::time::Duration;

use uuid::Uuid;
use yujian_proto::licensing::v1 as licensing;

use self::claims::Keeper;
use self::history::History;
use crate::crash::Dice;
use crate::small;
use crate::support::{Server, by, credit_code, directory, eventually, header_of, knob, operator, registration, yujian};

/// Clients, each with one command in flight.
const CLIENTS: u32 = 24;

fn serve(data: &Path, reactors: &str) -> Server {
    Server::spawn(yujian(&[
        "serve",
        "--port",
        "0",
        "--data-dir",
        data.to_str().unwrap(),
        "--reactors",
        reactors,
        "--log-level",
        "warn",
    ]))
}

/// Waits until the reactors are done with everything that is in the log.
async fn idle(data: &Path) {
    eventually("an idle reactor", async || {
        // Twice the same: what a reaction brought about has been looked at, too.
        let (before, done) = (History::length(data), History::checkpoint(data));
        tokio::time::sleep(Duration::from_millis(300)).await;
        done == Some(before) && History::length(data) == before
    })
    .await;
}

async fn registered(server: &Server, number: u32) -> String {
    let me = operator(&credit_code(number));
    let request = by(&me, registration(number, Uuid::new_v4()));
    let reply = server.licensing().await.register_institution(request).await.unwrap();
    reply.into_inner().institution.unwrap().name
}

async fn closed(server: &Server, number: u32, name: &str) {
    let me = operator(&credit_code(number));
    let request = licensing::CloseInstitutionRequest {
        header: header_of(Uuid::new_v4()),
        name: name.to_owned(),
        reason: "停办".to_owned(),
        closing_date: claims::today(),
        children_to_place: 0,
    };
    server
        .licensing()
        .await
        .close_institution(by(&me, request))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_twenty_kills_every_closed_site_is_released_once_and_none_is_stuck() {
    let rounds = knob("REACTOR_ROUNDS", 20);
    let mut dice = Dice(knob("REACTOR_SEED", 1));
    let data = directory();
    let mut keepers: Vec<Keeper> = (0..CLIENTS).map(Keeper::new).collect();
    for _ in 0..rounds {
        let server = serve(data.path(), "on");
        let channel = server.channel().await;
        let mut work = tokio::task::JoinSet::new();
        for mut keeper in keepers.drain(..) {
            let channel = channel.clone();
            work.spawn(async move {
                keeper.work(&channel).await;
                keeper
            });
        }
        tokio::time::sleep(Duration::from_millis(50 + dice.roll(600))).await;
        server.kill();
        keepers = work.join_all().await;
        History::read(data.path()).check_claims();
    }

    let server = serve(data.path(), "on");
    let channel = server.channel().await;
    for keeper in &mut keepers {
        keeper.settle(&channel).await;
    }
    idle(data.path()).await;
    let history = History::read(data.path());
    history.check_claims();
    assert_eq!(history.held_by_closed(), 0, "a site is stuck");
    let (closed, released) = history.closed_and_released();
    println!("reactors: {rounds} rounds, {closed} institutions closed, {released} sites released");
    assert!(released > 0 && closed >= released);

    // The state is lost: all is done again, and has no effect.
    server.kill();
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(data.path().join(file));
    }
    let before = History::length(data.path());
    let server = serve(data.path(), "on");
    idle(data.path()).await;
    assert_eq!(History::length(data.path()), before);
    server.kill();
    let verified = small::run("verify", data.path(), &[]);
    assert!(verified.status.success(), "{}", small::said(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilding_a_view_runs_no_reactor_and_nodes_without_reactors_run_none() {
    let data = directory();
    let server = serve(data.path(), "off");
    let name = registered(&server, 1).await;
    closed(&server, 1, &name).await;
    server.kill();
    let before = History::length(data.path());
    for file in ["views.db", "views.db-wal", "views.db-shm"] {
        let _ = std::fs::remove_file(data.path().join(file));
    }
    let server = serve(data.path(), "off");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(History::length(data.path()), before, "the views were built anew");
    assert!(!data.path().join("state.db").exists());
    server.kill();
    let server = serve(data.path(), "on");
    idle(data.path()).await;
    assert_eq!(History::read(data.path()).closed_and_released(), (1, 1));
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_begins_another_epoch_and_its_reactors_do_nothing_twice() {
    let (data, to, keys) = (directory(), directory(), directory());
    let server = serve(data.path(), "on");
    for number in 1..=5 {
        let name = registered(&server, number).await;
        if number % 2 == 1 {
            closed(&server, number, &name).await;
        }
    }
    idle(data.path()).await;
    for (target, more) in [(to.path(), &[][..]), (keys.path(), &["--keys"][..])] {
        let mut arguments = vec!["--to", target.to_str().unwrap()];
        arguments.extend(more);
        let done = small::run("backup", data.path(), &arguments);
        assert!(done.status.success(), "{}", small::said(&done));
    }
    assert!(to.path().join("state.db").exists(), "the state belongs into the backup");
    server.kill();
    let into = directory();
    let done = small::run(
        "restore",
        into.path(),
        &[
            "--from",
            to.path().to_str().unwrap(),
            "--keys",
            keys.path().to_str().unwrap(),
        ],
    );
    assert!(done.status.success(), "{}", small::said(&done));
    let before = History::length(into.path());
    let server = serve(into.path(), "on");
    idle(into.path()).await;
    assert_eq!(History::length(into.path()), before);
    let name = registered(&server, 6).await;
    closed(&server, 6, &name).await;
    idle(into.path()).await;
    assert_eq!(History::read(into.path()).closed_and_released(), (4, 4));
    server.kill();
}
