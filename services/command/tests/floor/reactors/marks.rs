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
    // The log dies before the n-th effect's append; what was done until then is in no checkpoint.
    for (category, left) in [("person", EFFECTS), ("alert", EFFECTS - 1)] {
        let (bench, person) = barred().await;
        let length = bench.length().await;
        bench.house.log.fail_next(category);
        let mut dying = reactors(&bench.house, bench.directory.path()).await;
        assert!(dying.run_until_idle().await.is_err(), "{category}");
        drop(dying);
        assert_eq!(bench.length().await, length + EFFECTS - left, "{category}");
        bench.react().await;
        assert_eq!(bench.length().await, length + EFFECTS, "{category}");
        let state = bench.person_now(person).await;
        assert!(
            state
                .engagements
                .values()
                .all(|one| one.state == EngagementState::OffDuty)
        );
        bench.react().await;
        assert_eq!(bench.length().await, length + EFFECTS, "{category}");
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
