//! Whatever happens on the way, a copy ends with the same records in the same order, or with an error that names why.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use jiff::SignedDuration;
use tokio::time::Instant;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::header::Header;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::migrate::{Copied, MigrateError, PATIENCE, Phase, RUN_RECORDS, Side, copy, digest, header_for};
use yujian_eventlog::record::Checked;
use yujian_eventlog::sqlite::header::finish_migration;
use yujian_eventlog::sqlite::{OpenError, OpenOptions, SqliteLog};
use yujian_eventlog::verify::{Options, verify, verify_log};
use yujian_eventlog::{
    Damage, EventLog, Hash, Item, LogError, LogPosition, MAX_APPEND_BYTES, MAX_EVENT_BYTES, Record, rules,
};

use crate::double::{
    Failing, Listed, Mishap, append, contents, event, gapped, grow, grown, header, items, memory, record, sealed,
    start, stream,
};

const RECORDS: u64 = 40;

fn quiet(_: Phase, _: u64, _: u64) {}

async fn copied(source: &dyn EventLog, target: &dyn EventLog) -> Copied {
    let copied = copy(source, target, &quiet).await.unwrap();
    assert!(contents(source).await == contents(target).await);
    copied
}

async fn refused(source: &dyn EventLog, target: &dyn EventLog) -> MigrateError {
    copy(source, target, &quiet).await.unwrap_err()
}

fn open(directory: &Path, copy: Option<Header>) -> Result<Arc<SqliteLog>, OpenError> {
    let clock = Arc::new(SimulatedClock::new(start() + SignedDuration::from_hours(1)));
    let options = OpenOptions {
        copy,
        check_values: vec![(1, "abc".to_owned())],
        ..OpenOptions::new(clock)
    };
    SqliteLog::open(directory, options)
}

fn target(directory: &Path) -> Arc<SqliteLog> {
    open(directory, Some(header_for(&header()))).unwrap()
}

fn finish(directory: &Path, several_writers: bool) -> Arc<SqliteLog> {
    finish_migration(&directory.join("log.db"), several_writers).unwrap();
    open(directory, None).unwrap()
}

/// Gives out pages of a few records.
fn in_small_pages(log: Arc<dyn EventLog>) -> Failing {
    Failing::new(log, |_| Mishap::None, |_| Mishap::None)
}

/// An empty log that takes several streams a call, and one that takes one.
fn both_kinds() -> [Arc<dyn EventLog>; 2] {
    [memory(), Listed::gapped(Vec::new())]
}

fn index(position: u64) -> usize {
    usize::try_from(position - 1).unwrap()
}

fn named(record: &Record) -> (String, u64, LogPosition) {
    (record.stream.to_string(), record.revision, record.position)
}

#[tokio::test]
async fn a_log_goes_from_engine_to_engine_and_back_byte_for_byte() {
    let source = grown(RECORDS).await;
    let directory = tempfile::tempdir().unwrap();
    let sqlite = target(directory.path());
    let first = copied(&*source, &*sqlite).await;
    assert_eq!((first.records, first.streams, first.already_there), (RECORDS, 3, 0));
    assert!(!first.several_writers);
    drop(sqlite);

    assert!(matches!(open(directory.path(), None), Err(OpenError::Migrating)));
    let sqlite = finish(directory.path(), first.several_writers);
    assert_eq!((sqlite.header().epoch, sqlite.header().created), (2, start()));
    assert!(sqlite.check_writable().is_ok());
    let old_end = *source.head().borrow();
    let other_epoch = sqlite.read_all(old_end, 1).await;
    assert!(matches!(other_epoch, Err(LogError::OtherEpoch { .. })));
    assert!(verify(directory.path(), &Options::default()).unwrap().is_sound());

    let server = Listed::gapped(Vec::new());
    let second = copied(&*sqlite, &*server).await;
    let back = memory();
    let third = copied(&*server, &*back).await;
    assert_eq!([&second, &third], [&first, &first]);
    assert!(items(&*source).await == items(&*back).await);
}

#[tokio::test]
async fn a_copy_killed_at_any_append_goes_on_where_it_stopped() {
    let source = in_small_pages(grown(RECORDS).await);
    let whole = copied(&source, &*memory()).await;
    for kind in 0..2 {
        for mishap in [Mishap::Killed, Mishap::KilledAfter] {
            for killed_at in 0.. {
                let target = both_kinds()[kind].clone();
                let script = move |call| if call == killed_at { mishap } else { Mishap::None };
                let failing = Failing::new(target.clone(), script, |_| Mishap::None);
                let first = copy(&source, &failing, &quiet).await;
                if failing.append_calls.load(Ordering::SeqCst) <= killed_at {
                    assert_eq!(first.unwrap(), whole);
                    assert!(killed_at > 4);
                    break;
                }
                let stopped = MigrateError::Log {
                    side: Side::Target,
                    error: LogError::Stopped("killed".to_owned()),
                };
                assert_eq!(first, Err(stopped));
                let already_there = u64::try_from(items(&*target).await.len()).unwrap();
                let again = copied(&source, &*target).await;
                assert_eq!(
                    again,
                    Copied {
                        already_there,
                        ..whole.clone()
                    }
                );
            }
        }
    }
}

#[tokio::test]
async fn a_copy_into_the_embedded_log_goes_on_after_a_restart() {
    let source = in_small_pages(grown(RECORDS).await);
    let directory = tempfile::tempdir().unwrap();
    let killed_at_third = |call| if call == 3 { Mishap::Killed } else { Mishap::None };
    let failing = Failing::new(target(directory.path()), killed_at_third, |_| Mishap::None);
    refused(&source, &failing).await;
    drop(failing);
    let sqlite = target(directory.path());
    assert_eq!(copied(&source, &*sqlite).await.already_there, 21);
    drop(sqlite);
    finish(directory.path(), false);
    assert!(verify(directory.path(), &Options::default()).unwrap().is_sound());
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_owed_and_engines_out_of_reach_do_not_end_a_copy() {
    let source = grown(RECORDS).await;
    let whole = copied(&*source, &*memory()).await;
    for kind in 0..2 {
        for mishap in [
            Mishap::StoredPending,
            Mishap::LostPending,
            Mishap::PartPending,
            Mishap::Unavailable,
            Mishap::Late,
        ] {
            let often = move |call: usize| {
                if call % 3 == 2 {
                    Mishap::Unavailable
                } else {
                    Mishap::None
                }
            };
            let failing_source = Failing::new(source.clone(), |_| Mishap::None, often);
            for every in [1, 2, 5] {
                let target = both_kinds()[kind].clone();
                // Not at every call: what is lost each time never arrives.
                let script = move |call: usize| {
                    if call.is_multiple_of(every + 1) {
                        mishap
                    } else {
                        Mishap::None
                    }
                };
                let failing = Failing::new(target.clone(), script, often);
                assert_eq!(
                    copy(&failing_source, &failing, &quiet).await.unwrap(),
                    whole,
                    "{mishap:?} {every}"
                );
                assert!(contents(&*target).await == contents(&*source).await);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrived_and_can_not_be_read_yet_is_waited_for() {
    let source = grown(RECORDS).await;
    for target in both_kinds() {
        let pending = |call| if call == 0 { Mishap::StoredPending } else { Mishap::None };
        // The first read compares the empty target; the next three look for what the first call has brought.
        let stale = |call| {
            if (1..4).contains(&call) {
                Mishap::Stale
            } else {
                Mishap::None
            }
        };
        let target = Failing::new(target, pending, stale);
        assert_eq!(copy(&*source, &target, &quiet).await.unwrap().records, RECORDS);
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_given_up_after_two_minutes_without_progress() {
    let source = grown(RECORDS).await;
    for mishap in [Mishap::Unavailable, Mishap::LostPending] {
        let target = Failing::new(
            memory(),
            move |call| if call == 0 { Mishap::None } else { mishap },
            |_| Mishap::None,
        );
        let began = Instant::now();
        let error = refused(&in_small_pages(source.clone()), &target).await;
        let side = Side::Target;
        assert!(
            matches!(error, MigrateError::Log { side: at, .. } if at == side),
            "{error}"
        );
        assert!((PATIENCE..PATIENCE * 11 / 10).contains(&began.elapsed()));
    }
    let source = Failing::new(source, |_| Mishap::None, |_| Mishap::Unavailable);
    let began = Instant::now();
    let error = refused(&source, &*memory()).await;
    assert!(matches!(
        error,
        MigrateError::Log {
            side: Side::Source,
            error: LogError::Unavailable(_)
        }
    ));
    assert!((PATIENCE..PATIENCE * 11 / 10).contains(&began.elapsed()));
}

#[tokio::test]
async fn another_log_in_the_target_is_refused_and_its_first_difference_named() {
    let source = grown(RECORDS).await;
    let genuine = items(&*source).await;
    let at = record(&genuine[index(9)]);
    type Change = fn(&mut Record);
    let changes: [(&str, Change); 6] = [
        ("stream", |it| it.stream = stream(77)),
        ("revision", |it| it.revision += 1),
        ("id", |it| it.id = uuid::Uuid::nil()),
        ("type", |it| "test.Other.v1".clone_into(&mut it.event_type)),
        ("metadata", |it| it.metadata = Arc::from(&b"{}"[..])),
        ("payload", |it| it.payload = Arc::from(&b"{}"[..])),
    ];
    for (what, change) in changes {
        let mut list = genuine[..20].to_vec();
        if let Item::Record(record) = &mut list[index(9)] {
            change(record);
        }
        let target = Listed::gapped(list);
        let before = items(&*target).await;
        let differs = MigrateError::Differs {
            stream: at.stream.clone(),
            revision: at.revision,
            position: at.position,
            what,
        };
        assert_eq!(refused(&*source, &*target).await, differs);
        assert!(items(&*target).await == before);
    }
}

#[tokio::test]
async fn a_target_that_holds_more_is_refused() {
    let (source, target) = (grown(RECORDS).await, grown(RECORDS + 1).await);
    let longer = MigrateError::TargetLonger {
        position: LogPosition {
            epoch: 1,
            number: RECORDS + 1,
        },
    };
    assert_eq!(refused(&*source, &*target).await, longer);
    let longer = refused(&*memory(), &*target).await;
    assert!(matches!(longer, MigrateError::TargetLonger { position } if position.number == 1));
}

#[tokio::test]
async fn somebody_else_who_writes_the_target_is_noticed() {
    let source = grown(RECORDS).await;
    let fifth = record(&items(&*source).await[index(5)]);
    for (mishap, owed) in [(Mishap::StoredPending, true), (Mishap::None, false)] {
        let target = Listed::gapped(Vec::new());
        let other = target.clone();
        // Before the fifth record of ours; each call holds one, but for the runs of three.
        let intrudes = move |call| {
            if call == 4 {
                let theirs = sealed(&[(9, 0)]).iter().map(record).collect();
                other.append_sealed(theirs).now_or_never().unwrap().unwrap();
                return mishap;
            }
            Mishap::None
        };
        let error = refused(&*source, &Failing::new(target, intrudes, |_| Mishap::None)).await;
        match error {
            MigrateError::Differs { position, what, .. } if owed => {
                assert_eq!((position, what), (fifth.position, "stream"));
            }
            MigrateError::Digest { target_records, .. } if !owed => assert_eq!(target_records, RECORDS + 1),
            error => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn damage_ends_a_copy_and_is_named() {
    let genuine = items(&*grown(RECORDS).await).await;
    let it = record(&genuine[index(9)]);
    let damage = Damage {
        position: it.position,
        stream: Some(it.stream),
        revision: Some(it.revision),
        problem: "hash does not fit".to_owned(),
    };
    let mut list = genuine.clone();
    list[index(9)] = Item::Damaged(damage.clone());
    let damaged = |side| MigrateError::Damaged {
        side,
        damage: Box::new(damage.clone()),
    };
    let broken = Listed::new(list, true);
    let sound = Listed::new(genuine.clone(), true);
    // While copying, while comparing what an earlier copy brought, and in the target.
    assert_eq!(refused(&*broken, &*memory()).await, damaged(Side::Source));
    assert_eq!(refused(&*broken, &*sound).await, damaged(Side::Source));
    assert_eq!(refused(&*sound, &*broken).await, damaged(Side::Target));
    let text = damaged(Side::Source).to_string();
    assert!(text.contains("position 1.9, stream test-2, revision"), "{text}");

    let mut list = genuine.clone();
    list.remove(index(9));
    let error = refused(&*Listed::new(list, true), &*memory()).await;
    assert!(matches!(error, MigrateError::Damaged { damage, .. } if damage.position.number == 9));

    let mut list = genuine;
    list.swap(index(9), index(10));
    let error = refused(&*Listed::new(list, false), &*memory()).await;
    assert!(matches!(error, MigrateError::Damaged { damage, .. } if damage.position.number == 9));
}

#[tokio::test]
async fn a_record_that_breaks_its_stream_is_not_taken_and_named() {
    let mut list = items(&*grown(RECORDS).await).await;
    let gone = record(&list[index(9)]);
    list.remove(index(9));
    let source = Listed::gapped(list);
    let follows = |it: &Record| it.stream == gone.stream && it.revision == gone.revision + 1;
    let next = items(&*source).await.iter().map(record).find(follows).unwrap();
    for target in both_kinds() {
        let error = refused(&*source, &*target).await;
        let MigrateError::Refused {
            stream,
            revision,
            position,
            error: LogError::Conflict { .. },
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((stream.to_string(), revision, position), named(&next));
    }
}

#[tokio::test]
async fn an_empty_log_is_copied() {
    for target in both_kinds() {
        let copied = copied(&*memory(), &*target).await;
        assert_eq!((copied.records, copied.streams, copied.already_there), (0, 0, 0));
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(copied.digest, Hash::from_hex(of_nothing).unwrap());
    }
}

#[tokio::test]
async fn records_at_the_size_limits_pass() {
    let source = memory();
    let small = event(1, 0);
    let fill = MAX_EVENT_BYTES - small.event_type.len() - small.metadata.len() - small.payload.len();
    for round in 0..3 {
        let events: Vec<_> = (0..4).map(|_| event(1, fill)).collect();
        append(&*source, &stream(round), events).await;
        append(&*source, &stream(round), vec![small.clone()]).await;
    }
    let largest: Vec<_> = items(&*source).await[..4].iter().map(record).collect();
    assert_eq!(rules::check_sealed_sizes(&largest).unwrap(), MAX_APPEND_BYTES);
    let directory = tempfile::tempdir().unwrap();
    for target in [
        target(directory.path()) as Arc<dyn EventLog>,
        Listed::gapped(Vec::new()),
    ] {
        let several = target.seals_across_streams();
        let target = Failing::new(target, |_| Mishap::None, |_| Mishap::None);
        assert_eq!(copied(&*source, &target).await.records, 15);
        // As much as fits: four large ones, or the small one and three; or what is of one stream.
        let calls = if several { 4 } else { 6 };
        assert_eq!(target.append_calls.load(Ordering::SeqCst), calls);
    }

    // Another version's larger one.
    let large = Checked::new(event(1, fill + 1)).unwrap();
    let position = LogPosition { epoch: 1, number: 1 };
    let large = large.seal(position, &stream(0), 0, Hash::ZERO, start()).unwrap();
    for target in both_kinds() {
        let error = refused(&*Listed::new(vec![Item::Record(large.clone())], true), &*target).await;
        assert!(matches!(
            error,
            MigrateError::Refused {
                error: LogError::TooLarge { .. },
                revision: 0,
                ..
            }
        ));
    }
}

#[tokio::test]
async fn a_stream_above_its_limit_is_refused_at_the_record_that_is_too_much() {
    let entries: Vec<_> = (0..10_001).map(|millis| (1, millis)).collect();
    let list = sealed(&entries);
    let fits = Listed::new(list[..10_000].to_vec(), true);
    let target = memory();
    assert_eq!(copied(&*fits, &*target).await.records, 10_000);
    let error = refused(&*Listed::new(list, true), &*target).await;
    let MigrateError::Refused {
        stream: of,
        revision: 10_000,
        error: LogError::StreamTooLong { length: 10_000 },
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(of, stream(1));
}

#[tokio::test]
async fn times_that_step_back_are_told_and_noted_in_the_header() {
    let source = Listed::gapped(sealed(&[(1, 0), (2, 61_000), (1, 1_000), (2, 62_000), (3, 62_000)]));
    let directory = tempfile::tempdir().unwrap();
    let sqlite = target(directory.path());
    let done = copied(&*source, &*sqlite).await;
    assert!(done.several_writers);
    drop(sqlite);
    let sqlite = finish(directory.path(), done.several_writers);
    assert!(sqlite.header().several_writers);
    assert!(verify(directory.path(), &Options::default()).unwrap().is_sound());
    let by_port = verify_log(&*sqlite, sqlite.header(), &Options::default())
        .await
        .unwrap();
    assert!(by_port.is_sound());

    let equal = digest(&*Listed::gapped(sealed(&[(1, 5), (2, 5)])), &|_, _| {})
        .await
        .unwrap();
    assert!(equal.several_writers);

    let source = Listed::gapped(sealed(&[(1, 0), (2, 62_000), (1, 1_000)]));
    let directory = tempfile::tempdir().unwrap();
    let error = refused(&*source, &*target(directory.path())).await;
    assert!(matches!(
        error,
        MigrateError::Refused {
            revision: 1,
            error: LogError::Invalid(_),
            ..
        }
    ));
}

#[tokio::test]
async fn what_is_written_to_the_source_meanwhile_is_copied_too() {
    for target in both_kinds() {
        let source = grown(10).await;
        let growing: Arc<MemoryLog> = source.clone();
        let grows = move |call: usize| {
            if call < 8 {
                let more = growing.head().borrow().number + 3;
                grow(&*growing, more).now_or_never().unwrap();
            }
            Mishap::None
        };
        let failing = Failing::new(target, grows, |_| Mishap::None);
        let done = copied(&*source, &failing).await;
        assert!(done.records > 10);
        assert_eq!(done.records, source.head().borrow().number);
    }
}

#[tokio::test]
async fn a_target_that_lost_what_it_confirmed_is_found_out() {
    let source = grown(RECORDS).await;
    let last = |call| if call == 0 { Mishap::Swallowed } else { Mishap::None };
    let target = Failing::new(memory(), last, |_| Mishap::None);
    let error = refused(&*source, &target).await;
    let MigrateError::Digest {
        source_digest,
        source_records,
        target_digest,
        target_records,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((source_records, target_records), (RECORDS, 0));
    assert_eq!(source_digest, digest(&*source, &|_, _| {}).await.unwrap().digest);
    assert_ne!(source_digest, target_digest);
}

#[tokio::test]
async fn calls_are_large_where_the_engine_takes_several_streams() {
    let source = grown(1_000).await;
    let target = Failing::new(memory(), |_| Mishap::None, |_| Mishap::None);
    copied(&*source, &target).await;
    assert_eq!(target.append_calls.load(Ordering::SeqCst), 1_000 / RUN_RECORDS);
}

#[tokio::test]
async fn a_digest_tells_order_but_not_positions() {
    let of = async |log: &dyn EventLog| digest(log, &|_, _| {}).await.unwrap();
    let list = items(&*grown(RECORDS).await).await;
    let sound = of(&*Listed::new(list.clone(), true)).await;
    assert_eq!((sound.records, sound.streams), (RECORDS, 3));
    assert_eq!(of(&*Listed::gapped(list.clone())).await, sound);
    let mut other = list.clone();
    other.swap(3, 4);
    for (number, item) in (1..).zip(&mut other) {
        crate::double::move_to(item, number);
    }
    assert_ne!(of(&*Listed::new(other, true)).await.digest, sound.digest);
    assert_ne!(of(&*Listed::new(list[..39].to_vec(), true)).await.digest, sound.digest);
}

#[tokio::test]
async fn progress_goes_through_the_phases_up_to_each_end() {
    let source = grown(RECORDS).await;
    let target = Listed::gapped(items(&*source).await[..20].to_vec());
    let told = Mutex::new(Vec::new());
    let note = |phase, done, total| told.lock().unwrap().push((phase, done, total));
    copy(&in_small_pages(source), &*target, &note).await.unwrap();
    let told = told.into_inner().unwrap();
    let phases = [Phase::Comparing, Phase::Copying, Phase::Checking];
    for (phase, end) in phases.iter().zip([gapped(20), RECORDS, gapped(RECORDS)]) {
        let of_phase: Vec<_> = told.iter().filter(|it| it.0 == *phase).map(|it| it.1).collect();
        assert!(of_phase.is_sorted(), "{of_phase:?}");
        assert_eq!(told.iter().rfind(|it| it.0 == *phase), Some(&(*phase, end, end)));
    }
    assert!(told.is_sorted_by_key(|it| phases.iter().position(|phase| *phase == it.0)));
}

#[test]
fn the_header_of_a_target_begins_the_next_epoch_and_names_the_source() {
    let source = header();
    let made = header_for(&source);
    assert_eq!(made.epoch, source.epoch + 1);
    assert_eq!(made.migrating_from, Some(source.identity()));
    assert_eq!((made.created, &made.kind), (source.created, &source.kind));
    assert_eq!(made.check_values, source.check_values);
}
