//! What lies on the server, and what of it is not ours.

use yujian_double::{Call, Stored};
use yujian_eventlog::{Direction, EventLog, Expected, Item, LogError, NewEvent};

use crate::support::{address, address_in, at, cluster, event, open_now, read, records_of, stream};

fn with_payload(number: u128, payload: &str) -> NewEvent {
    NewEvent {
        payload: payload.as_bytes().to_vec(),
        ..event(number)
    }
}

#[tokio::test]
async fn the_server_holds_byte_for_byte_what_the_record_says() {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    // Whether the server may take the bytes as JSON: its client leaves white space around a value away.
    let payloads = [
        (r#"{"n":1}"#, true),
        ("{ \"a\" :\t[1 ,2],\r\n  \"b\": {} }", true),
        (r#"{"name":"Caf\u00e9 \ud83d\ude00 \/ 余"}"#, true),
        (
            r#"{"big":1234567890123456789012345,"small":0.1000000000000000000000001,"e":1E+2}"#,
            true,
        ),
        (r#"{"twice":1,"twice":2}"#, true),
        ("\"text\"", true),
        ("null", true),
        (" {\"before\":1}", false),
        ("{\"after\":1}\n", false),
    ];
    let events: Vec<NewEvent> = (0..)
        .zip(payloads)
        .map(|(number, (text, _))| with_payload(number, text))
        .collect();
    let done = log
        .append(&stream("a"), Expected::NoStream, events.clone())
        .await
        .unwrap();
    let stored = cluster.store().stream("yujian.test-a");
    assert_eq!(stored.len(), payloads.len());
    for ((record, stored), (event, (text, is_json))) in
        done.records.iter().zip(&stored).zip(events.iter().zip(payloads))
    {
        let expected = Stored {
            position: record.position.number,
            stream: "yujian.test-a".to_owned(),
            revision: record.revision,
            id: event.id,
            event_type: event.event_type.clone(),
            metadata: record.metadata.to_vec(),
            data: text.as_bytes().to_vec(),
            content_type: if is_json {
                "application/json"
            } else {
                "application/octet-stream"
            }
            .to_owned(),
        };
        assert_eq!(*stored, expected);
        assert_eq!(&*record.payload, text.as_bytes());
    }
    assert_eq!(read(&log, &stream("a")).await, done.records);
}

#[tokio::test]
async fn a_number_that_no_machine_holds_is_stored_as_it_is_or_refused() {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    let text = r#"{"n":1e400}"#;
    match log
        .append(&stream("a"), Expected::NoStream, vec![with_payload(1, text)])
        .await
    {
        Ok(_) => assert_eq!(cluster.store().stream("yujian.test-a")[0].data, text.as_bytes()),
        Err(error) => {
            assert!(matches!(error, LogError::Invalid(_)), "{error:?}");
            assert!(cluster.store().stream("yujian.test-a").is_empty());
        }
    }
}

#[tokio::test]
async fn records_of_others_neither_show_nor_disturb() {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    let mut written = Vec::new();
    for number in 0..20 {
        let name = stream(&format!("s{number}"));
        // Another application may use names that look like ours.
        for foreign in [
            "yujian-orders",
            "yujianer.test-a",
            "$$yujian.test-a",
            "$stats-1",
            "test-a",
        ] {
            cluster.store().append_foreign(foreign, "Something");
        }
        written.extend(
            log.append(&name, Expected::NoStream, vec![event(number)])
                .await
                .unwrap()
                .records,
        );
    }
    let page = log.read_all(log.origin(), 1_000).await.unwrap();
    assert!(page.caught_up);
    assert_eq!(records_of(page.items), written);
    assert_eq!(log.streams("test").await.unwrap().len(), 20);
    for foreign in cluster
        .store()
        .events()
        .iter()
        .filter(|event| !event.stream.starts_with("yujian."))
    {
        let position = yujian_eventlog::LogPosition {
            number: foreign.position,
            ..*log.head().borrow()
        };
        if position <= *log.head().borrow() {
            assert_eq!(log.item_at(position).await, Ok(None));
        }
    }
}

#[tokio::test]
async fn a_long_tail_of_others_costs_no_more_than_a_page() {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    let done = log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    for _ in 0..5_000 {
        cluster.store().append_foreign("orders-5", "OrderPlaced");
    }
    let before = cluster.faults().calls(Call::Read);
    let page = log.read_all(done.records[1].position, 100).await.unwrap();
    assert!(page.items.is_empty() && page.caught_up);
    let page = log.read_all(log.origin(), 100).await.unwrap();
    assert!(page.caught_up);
    assert_eq!(records_of(page.items), done.records);
    assert_eq!(*log.head().borrow(), done.records[1].position);
    // Two pages, and what the tail asked for meanwhile.
    let asked = cluster.faults().calls(Call::Read) - before;
    assert!(asked <= 12, "{asked} reads");
    // Whoever opens it then finds the same end.
    let fresh = open_now(&address(&cluster)).await;
    assert_eq!(*fresh.head().borrow(), done.records[1].position);
    let later = fresh
        .append(&stream("a"), at(&done.records), vec![event(3)])
        .await
        .unwrap();
    log.reach(later.records[0].position).await.unwrap();
    let page = log.read_all(done.records[1].position, 100).await.unwrap();
    assert_eq!(records_of(page.items), later.records);
}

#[tokio::test]
async fn two_namespaces_on_one_cluster_do_not_see_each_other() {
    let cluster = cluster(1).await;
    let one = open_now(&address_in(&cluster, "one")).await;
    let two = open_now(&address_in(&cluster, "onetwo")).await;
    let first = one
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let second = two
        .append(&stream("a"), Expected::NoStream, vec![event(2), event(3)])
        .await
        .unwrap();
    assert_eq!(cluster.store().stream("one.test-a").len(), 1);
    assert_eq!(cluster.store().stream("onetwo.test-a").len(), 2);
    for (log, own, other) in [(&one, &first, &second), (&two, &second, &first)] {
        let items = log.read_all(log.origin(), 100).await.unwrap().items;
        assert_eq!(items, own.records.iter().cloned().map(Item::Record).collect::<Vec<_>>());
        assert_eq!(read(log, &stream("a")).await, own.records);
        assert_eq!(log.streams("test").await.unwrap(), [stream("a")]);
        let position = other.records[0].position;
        if position < *log.head().borrow() {
            assert_eq!(log.item_at(position).await, Ok(None));
        }
    }
    let missing = one.read_stream(&stream("b"), Direction::Forwards, None, 1).await;
    assert_eq!(missing, Err(LogError::StreamNotFound));
}
