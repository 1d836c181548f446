//! Checkpoints: lost, old, of another log; a log that fails; records that can't be read.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use uuid::Uuid;
use yujian_domain::person::{EngagementState, Post};
use yujian_eventlog::Hash;
use yujian_eventlog::checkpoint::{Change, Checkpoint, StateFile};

use super::bench::{Bench, payload, reactors};

/// Two institutions with one person at both, barred.
async fn barred() -> (Bench, Uuid) {
    let bench = Bench::new().await;
    let (first, second) = (bench.house.registered(1).await, bench.house.registered(2).await);
    let person = bench.person(1).await;
    bench.engage(person, first, Post::Carer, 500).await;
    bench.engage(person, second, Post::Carer, 500).await;
    bench.bar(person).await;
    (bench, person)
}

/// How many events the bar brings about: off duty and told, at each institution.
const EFFECTS: usize = 4;

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn killed_between_an_effect_and_its_checkpoint_nothing_is_done_twice_and_nothing_is_missing() {
    for done in 0..EFFECTS {
        let (bench, person) = barred().await;
        let length = bench.length().await;
        // Dead before the next effect; what was done until then is in no checkpoint.
        bench.house.log.fail_after(done);
        let mut dying = reactors(&bench.house, bench.directory.path()).await;
        assert!(dying.run_until_idle().await.is_err(), "{done}");
        drop(dying);
        assert_eq!(bench.length().await, length + done);
        bench.react().await;
        assert_eq!(bench.length().await, length + EFFECTS, "{done}");
        let state = bench.person_now(person).await;
        assert!(
            state
                .engagements
                .values()
                .all(|one| one.state == EngagementState::OffDuty)
        );
        assert_eq!(bench.alerts("barred_engaged").await.len(), 2);
        bench.react().await;
        assert_eq!(bench.length().await, length + EFFECTS, "{done}");
    }
}

#[tokio::test]
async fn an_older_state_file_does_again_what_has_no_effect() {
    let (bench, _) = barred().await;
    let before = tempfile::tempdir().unwrap();
    drop(StateFile::open(bench.directory.path()).unwrap());
    copy(bench.directory.path(), before.path());
    bench.react().await;
    let length = bench.length().await;
    bench.forget();
    copy(before.path(), bench.directory.path());
    bench.react().await;
    assert_eq!(bench.length().await, length);
}

#[tokio::test]
async fn what_was_done_is_not_looked_at_again() {
    let (bench, _) = barred().await;
    let first = bench.react().await;
    assert!(first.done > 0);
    let again = bench.react().await;
    // Its own effects lie behind the checkpoint of the pass that made them.
    assert_eq!((again.done, again.settled, again.failed), (0, 0, 0));
}

#[tokio::test]
async fn a_checkpoint_of_another_log_or_epoch_begins_anew() {
    let (bench, _) = barred().await;
    bench.react().await;
    let length = bench.length().await;
    let last = bench.house.log.records().await.pop().unwrap();
    let good = Checkpoint {
        position: last.position,
        mark: last.hash,
    };
    let mut epoch = good;
    epoch.position.epoch += 1;
    let mut beyond = good;
    beyond.position.number += 1_000;
    let foreign = Checkpoint {
        mark: Hash([1; 32]),
        ..good
    };
    for wrong in [epoch, beyond, foreign] {
        let state = StateFile::open(bench.directory.path()).unwrap();
        let names = [
            "claims",
            "barred",
            "engagements",
            "credentials",
            "visits",
            "corrections",
            "timers",
        ];
        let change = Change {
            checkpoints: names.map(|name| (name, wrong)).to_vec(),
            ..Change::default()
        };
        state.save(&change).unwrap();
        drop(state);
        let counts = bench.react().await;
        assert!(counts.settled >= 2, "{wrong:?}: {counts:?}");
        assert_eq!((counts.done, bench.length().await), (0, length), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_damaged_record_is_noted_and_passed() {
    let (bench, person) = barred().await;
    let institution = bench.house.registered(3).await;
    let other = bench.person(2).await;
    bench.engage(other, institution, Post::Carer, 1_000).await;
    // The first person's bar does not read; the second person's is reacted to all the same.
    let bars = bench.records("staffing.PersonBarred.v1").await;
    bench.house.log.damage(&format!("person-{person}"), bars[0].revision);
    bench.bar(other).await;
    let counts = bench.react().await;
    assert_eq!(counts.failed, 1);
    let taken = bench.records("staffing.TakenOffDuty.v1").await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].stream.as_str(), format!("person-{other}"));
}

#[tokio::test]
async fn an_alert_about_an_institution_that_cannot_be_read_is_not_taken_for_settled() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let person = bench.person(1).await;
    bench.engage(person, institution, Post::Carer, 1_000).await;
    bench.bar(person).await;
    bench.house.log.damage(&format!("institution-{institution}"), 0);
    let floor = bench.house.another_floor().await;
    let state = Arc::new(StateFile::open(bench.directory.path()).unwrap());
    let mut reactors = yujian_command::Reactors::open(floor.all().clone(), state)
        .await
        .unwrap();
    reactors.run_until_idle().await.unwrap();
    assert!(bench.alerts("barred_engaged").await.is_empty());
    assert_eq!(
        reactors.counts().failed,
        2,
        "the record, and the alert that rests on it"
    );
}

#[tokio::test]
async fn effects_come_in_the_order_of_their_causes() {
    let bench = Bench::new().await;
    let institution = bench.house.registered(1).await;
    let mut persons = Vec::new();
    for number in 0..20 {
        let person = bench.person(number).await;
        bench.engage(person, institution, Post::Carer, 1_000).await;
        persons.push(person);
    }
    for person in &persons {
        bench.bar(*person).await;
    }
    bench.react().await;
    let taken = bench.records("staffing.TakenOffDuty.v1").await;
    let order: Vec<String> = taken.iter().map(|record| record.stream.to_string()).collect();
    let expected: Vec<String> = persons.iter().map(|person| format!("person-{person}")).collect();
    assert_eq!(order, expected);
    assert!(taken.iter().all(|record| payload(record)["engagement"] == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_at_once_do_nothing_twice() {
    let bench = Bench::new().await;
    let (first, second) = (bench.house.registered(1).await, bench.house.registered(2).await);
    for number in 0..30 {
        let person = bench.person(number).await;
        bench.engage(person, first, Post::Carer, 600).await;
        bench.engage(person, second, Post::Carer, 600).await;
        bench.told(person, number, None).await.unwrap();
        bench.rejected(person, 1).await;
        bench.bar(person).await;
    }
    let before = bench.length().await;
    let mut nodes = tokio::task::JoinSet::new();
    let mut states = Vec::new();
    for _ in 0..4 {
        let floor = bench.house.another_floor().await;
        let directory = tempfile::tempdir().unwrap();
        let state = Arc::new(StateFile::open(directory.path()).unwrap());
        states.push(directory);
        let mut node = yujian_command::Reactors::open(floor.all().clone(), state)
            .await
            .unwrap();
        nodes.spawn(async move {
            node.run_until_idle().await.unwrap();
            node.counts()
        });
    }
    let counts = nodes.join_all().await;
    // Off duty and told of the bar at two institutions, told of double engagement at two, one certificate given back.
    let effects = 30 * (2 + 2 + 2 + 1);
    assert_eq!(bench.length().await, before + effects, "{counts:?}");
    let done: u64 = counts.iter().map(|counts| counts.done).sum();
    assert_eq!(done, effects as u64);
    assert!(counts.iter().all(|counts| counts.failed == 0), "{counts:?}");
}

#[tokio::test]
async fn running_they_wake_with_the_log_wait_for_it_when_it_fails_and_end_when_told() {
    let (bench, person) = barred().await;
    bench.house.log.fail_next("alert");
    let (end, ended) = watch::channel(false);
    let state = Arc::new(StateFile::open(bench.directory.path()).unwrap());
    let running = yujian_command::Reactors::open(bench.house.commands.all().clone(), state);
    let running = tokio::spawn(running.await.unwrap().run(ended));
    let patience = std::time::Duration::from_secs(20);
    let waited = tokio::time::timeout(patience, async {
        while bench.alerts("barred_engaged").await.len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // Something new, while they sleep.
        let institution = bench.house.registered(3).await;
        let other = bench.person(2).await;
        bench.engage(other, institution, Post::Carer, 1_000).await;
        bench.bar(other).await;
        while bench.alerts("barred_engaged").await.len() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    waited.await.expect("the reactors sleep on");
    end.send_replace(true);
    tokio::time::timeout(patience, running).await.unwrap().unwrap();
    let state = bench.person_now(person).await;
    assert!(
        state
            .engagements
            .values()
            .all(|one| one.state == EngagementState::OffDuty)
    );
    let length = bench.length().await;
    bench.react().await;
    assert_eq!(bench.length().await, length);
}
