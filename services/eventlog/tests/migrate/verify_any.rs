//! Each way in which an engine may give out a log that was tampered with is named with its place.

use std::cell::RefCell;
use std::sync::Arc;

use yujian_eventlog::header::Header;
use yujian_eventlog::record::Checked;
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};
use yujian_eventlog::verify::{
    Expectation, HeadsState, Options, Place, Problem, ProblemKind, Report, verify, verify_log,
};
use yujian_eventlog::{Damage, EventLog, Hash, Item, Record};

use crate::double::{
    Failing, Listed, Mishap, event, gapped, grow, grown, header, items, move_to, record, sealed, start, stream,
};

const END: u64 = 24;

async fn list() -> Vec<Item> {
    items(&*grown(END).await).await
}

fn index(position: u64) -> usize {
    usize::try_from(position - 1).unwrap()
}

async fn check(log: &dyn EventLog) -> Report {
    verify_log(log, &header(), &Options::default()).await.unwrap()
}

async fn check_against(log: &dyn EventLog, position: u64, hash: Option<Hash>) -> Report {
    let noted = Expectation {
        source: "notary".to_owned(),
        position,
        hash,
    };
    let options = Options {
        progress: None,
        expected: vec![noted],
    };
    verify_log(log, &header(), &options).await.unwrap()
}

fn problem(record: &Record, kind: ProblemKind) -> Problem {
    let place = Place {
        position: Some(record.position.number),
        stream: Some(record.stream.to_string()),
        revision: Some(record.revision),
        event_id: Some(record.id),
    };
    Problem { place, kind }
}

fn at(position: u64, kind: ProblemKind) -> Problem {
    let place = Place {
        position: Some(position),
        ..Place::default()
    };
    Problem { place, kind }
}

/// The record of the same stream after one, in a list.
fn following(list: &[Item], one: &Record) -> Record {
    let next = |it: &Record| it.stream == one.stream && it.revision == one.revision + 1;
    list.iter().map(record).find(next).unwrap()
}

fn alter(item: &mut Item, change: impl FnOnce(&mut Record)) {
    match item {
        Item::Record(record) => change(record),
        Item::Damaged(_) => unreachable!(),
    }
}

fn damage(item: &mut Item, problem: &str) {
    let record = record(item);
    *item = Item::Damaged(Damage {
        position: record.position,
        stream: Some(record.stream),
        revision: Some(record.revision),
        problem: problem.to_owned(),
    });
}

#[tokio::test]
async fn a_sound_log_is_sound_with_and_without_gaps() {
    let list = list().await;
    let end_hash = record(list.last().unwrap()).hash.to_hex();
    for (log, end) in [
        (Listed::new(list.clone(), true), END),
        (Listed::gapped(list.clone()), gapped(END)),
    ] {
        let report = check(&*log).await;
        assert_eq!(report.problems, []);
        assert!(report.is_sound());
        assert_eq!((report.records, report.streams, report.end), (END, 3, end));
        assert_eq!(report.end_hash, Some(end_hash.clone()));
        assert_eq!(report.heads, HeadsState::NotKept);
        let text = report.to_string();
        assert!(
            text.contains("此引擎没有 heads.db") && text.ends_with("sound / 完好"),
            "{text}"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["heads"]["state"], "not_kept");
    }
    let empty = check(&*Listed::gapped(Vec::new())).await;
    assert!(empty.is_sound());
    assert_eq!((empty.end, empty.end_hash), (0, None));
}

#[tokio::test]
async fn the_embedded_log_is_told_the_same_as_by_its_own_check() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(yujian_eventlog::clock::SimulatedClock::new(start()));
    let log = SqliteLog::open(directory.path(), OpenOptions::new(clock)).unwrap();
    grow(&*log, END).await;
    let sql = "DELETE FROM record WHERE position IN (4, 5, 6);
               UPDATE record SET payload = replace(payload, '8', '9') WHERE position = 9";
    let other = rusqlite::Connection::open(directory.path().join("log.db")).unwrap();
    other.execute_batch(sql).unwrap();
    let by_port = verify_log(&*log, log.header(), &Options::default()).await.unwrap();
    let missing = at(4, ProblemKind::Missing { from: 4, to: 6 });
    assert!(by_port.problems.contains(&missing), "{by_port}");
    let own = verify(directory.path(), &Options::default()).unwrap();
    // Links and heads are not shown by the port, nor is the id of a damaged record.
    let shown = |report: &Report| -> Vec<_> {
        let kinds = report.problems.iter().map(|it| (it.place.position, it.kind.clone()));
        kinds
            .filter(|(_, kind)| !matches!(kind, ProblemKind::Link { .. } | ProblemKind::Heads { .. }))
            .collect()
    };
    assert_eq!(shown(&by_port), shown(&own));
    assert_eq!((by_port.records, by_port.end_hash), (own.records, own.end_hash));
}

#[tokio::test]
async fn an_altered_record_is_named_whether_or_not_the_engine_has_seen_it() {
    let genuine = list().await;
    let it = record(&genuine[index(5)]);
    let changes: [fn(&mut Record); 4] = [
        |it| it.payload = Arc::from(&br#"{"n":999}"#[..]),
        |it| it.id = uuid::Uuid::nil(),
        |it| "test.Happened.v2".clone_into(&mut it.event_type),
        |it| {
            let text = String::from_utf8(it.metadata.to_vec())
                .unwrap()
                .replace("\"x\"", "\"y\"");
            it.metadata = Arc::from(text.as_bytes());
        },
    ];
    for change in changes {
        let mut list = genuine.clone();
        alter(&mut list[index(5)], change);
        let altered = record(&list[index(5)]);
        let report = check(&*Listed::new(list, true)).await;
        assert_eq!(report.problems, [problem(&altered, ProblemKind::Altered)]);
    }

    let mut list = genuine.clone();
    damage(&mut list[index(5)], "hash does not fit");
    let mut named = problem(&it, ProblemKind::Altered);
    named.place.event_id = None;
    assert_eq!(check(&*Listed::new(list.clone(), true)).await.problems, [named.clone()]);

    list[index(5)] = genuine[index(5)].clone();
    damage(&mut list[index(5)], "torn page");
    named.kind = ProblemKind::Unreadable {
        detail: "torn page".to_owned(),
    };
    assert_eq!(check(&*Listed::new(list, true)).await.problems, [named]);
}

#[tokio::test]
async fn a_record_whose_fields_are_not_its_bytes_is_named() {
    let mut list = list().await;
    alter(&mut list[index(5)], |it| it.prev = Hash([7; 32]));
    let kind = ProblemKind::Unreadable {
        detail: "its fields differ from its metadata".to_owned(),
    };
    let named = problem(&record(&list[index(5)]), kind);
    assert_eq!(check(&*Listed::new(list, true)).await.problems, [named]);
}

#[tokio::test]
async fn a_record_rewritten_with_its_hash_is_named_by_the_next_one() {
    let mut list = list().await;
    let old = record(&list[index(5)]);
    let new = Checked::new(event(500, 0)).unwrap();
    let new = new
        .seal(old.position, &old.stream, old.revision, old.prev, old.recorded_time)
        .unwrap();
    let next = following(&list, &old);
    list[index(5)] = Item::Record(new);
    let kind = ProblemKind::Prev { previous: 5 };
    let log = Listed::new(list, true);
    assert_eq!(check(&*log).await.problems, [problem(&next, kind)]);

    let kind = ProblemKind::Replaced {
        source: "notary".to_owned(),
    };
    let report = check_against(&*log, 5, Some(old.hash)).await;
    assert_eq!(report.problems[0], at(5, kind));
}

#[tokio::test]
async fn a_dropped_record_is_named_by_its_position_or_by_the_next_of_its_stream() {
    for dropped in [1, 5, 6] {
        let mut list = list().await;
        let gone = record(&list[index(dropped)]);
        let mut next = following(&list, &gone);
        list.remove(index(dropped));
        let kind = ProblemKind::Revision {
            expected: gone.revision,
        };
        let missing = ProblemKind::Missing {
            from: dropped,
            to: dropped,
        };
        let report = check(&*Listed::new(list.clone(), true)).await;
        assert_eq!(report.problems, [at(dropped, missing), problem(&next, kind.clone())]);

        next.position.number = gapped(next.position.number);
        let log = Listed::gapped(list);
        assert_eq!(check(&*log).await.problems, [problem(&next, kind)]);
        // Somebody noted the record that is gone.
        let kind = ProblemKind::Replaced {
            source: "notary".to_owned(),
        };
        let report = check_against(&*log, gapped(dropped), None).await;
        assert_eq!(report.problems[0], at(gapped(dropped), kind));
    }
}

#[tokio::test]
async fn two_records_that_changed_places_are_named() {
    let mut list = list().await;
    list.swap(index(5), index(14));
    move_to(&mut list[index(5)], 5);
    move_to(&mut list[index(14)], 14);
    let (first, second) = (record(&list[index(5)]), record(&list[index(14)]));
    for gaps in [false, true] {
        let (log, place): (_, fn(u64) -> u64) = if gaps {
            (Listed::gapped(list.clone()), gapped)
        } else {
            (Listed::new(list.clone(), true), |number| number)
        };
        let report = check(&*log).await;
        for (it, position, with) in [(&first, 5, 14), (&second, 14, 5)] {
            let mut it = it.clone();
            it.position.number = place(position);
            let named = problem(&it, ProblemKind::PositionsSwapped { with: place(with) });
            assert!(report.problems.contains(&named), "{named:?} is not in {report}");
        }
    }
}

#[tokio::test]
async fn a_record_that_stands_twice_is_named() {
    let mut list = list().await;
    let mut copy = list[index(5)].clone();
    move_to(&mut copy, END + 1);
    list.push(copy.clone());
    let named = problem(&record(&copy), ProblemKind::Duplicate { of: 5 });
    assert_eq!(check(&*Listed::new(list, true)).await.problems, [named]);
}

#[tokio::test]
async fn the_same_event_id_twice_in_a_stream_is_fine() {
    let log = crate::double::memory();
    for _ in 0..2 {
        crate::double::append(&*log, &stream(1), vec![event(1, 0)]).await;
    }
    assert!(check(&*log).await.is_sound());
}

#[tokio::test]
async fn a_position_out_of_order_is_named() {
    let mut list = list().await;
    move_to(&mut list[index(5)], 3);
    let named = problem(&record(&list[index(5)]), ProblemKind::Position { after: 4 });
    let report = check(&*Listed::new(list, false)).await;
    assert!(report.problems.contains(&named), "{report}");
}

#[tokio::test]
async fn a_hidden_tail_is_seen_by_who_noted_the_end() {
    let list = list().await;
    let hash = record(list.last().unwrap()).hash;
    for kept in [END - 1, END - 5, 0] {
        let cut = list[..usize::try_from(kept).unwrap()].to_vec();
        let log = Listed::gapped(cut);
        let end = log.head().borrow().number;
        let unseen = check(&*log).await;
        assert!(unseen.is_sound() && unseen.to_string().contains("could not be seen"));
        let report = check_against(&*log, gapped(END), Some(hash)).await;
        let kind = ProblemKind::TailCut {
            end,
            seen: gapped(END),
            source: "notary".to_owned(),
        };
        assert_eq!(report.problems, [at(end + 1, kind)]);
    }
    assert!(
        check_against(&*Listed::gapped(list), gapped(END), Some(hash))
            .await
            .is_sound()
    );
}

#[tokio::test]
async fn an_engine_that_does_not_give_what_it_announces_is_named() {
    let list = list().await;
    let report = check(&*Listed::new(list.clone(), true).with_end(END + 3)).await;
    let kind = ProblemKind::Missing {
        from: END + 1,
        to: END + 3,
    };
    assert_eq!(report.problems, [at(END + 1, kind)]);
    let report = check(&*Listed::gapped(list).with_end(gapped(END) + 500)).await;
    let [Problem { place, kind }] = &report.problems[..] else {
        panic!("{report}");
    };
    assert_eq!(place.position, Some(gapped(END) + 1));
    assert!(matches!(kind, ProblemKind::TailCut { seen, .. } if *seen == gapped(END) + 500));
}

#[tokio::test]
async fn times_may_step_back_by_a_minute_where_several_nodes_wrote() {
    let several = Header {
        several_writers: true,
        ..header()
    };
    for (last, one_writer, several_writers) in [
        (62_000, true, true),
        (60_000, false, true),
        (1_000, false, true),
        (999, false, false),
    ] {
        let list = sealed(&[(1, 0), (2, 61_000), (1, last), (2, 62_001)]);
        let log = Listed::gapped(list);
        for (header, sound) in [(header(), one_writer), (several.clone(), several_writers)] {
            let report = verify_log(&*log, &header, &Options::default()).await.unwrap();
            assert_eq!(report.is_sound(), sound, "{last}: {report}");
            let late = |it: &Problem| {
                it.place.position == Some(gapped(3)) || matches!(it.kind, ProblemKind::PositionsSwapped { .. })
            };
            assert!(report.problems.iter().all(late), "{report}");
        }
    }
}

#[tokio::test]
async fn progress_ends_at_the_end_and_a_short_absence_is_waited_for() {
    let log = Failing::new(
        Listed::gapped(list().await),
        |_| Mishap::None,
        |call| {
            if call % 4 == 1 {
                Mishap::Unavailable
            } else {
                Mishap::None
            }
        },
    );
    let told = RefCell::new(Vec::new());
    let options = Options {
        progress: Some(&|done, total| told.borrow_mut().push((done, total))),
        expected: Vec::new(),
    };
    let report = verify_log(&log, &header(), &options).await.unwrap();
    assert!(report.is_sound());
    let told = told.into_inner();
    assert_eq!(told.last(), Some(&(gapped(END), gapped(END))));
    assert!(told.len() > 3 && told.is_sorted());
}
