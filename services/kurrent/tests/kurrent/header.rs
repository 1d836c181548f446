//! What is noted beside the records: one header, whose keys, which epoch.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use yujian_double::Cluster;
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::header::LogKind;
use yujian_eventlog::{EventLog, Expected, LogError};
use yujian_kurrent::{Address, KeysHost, KurrentLog, OpenError, OpenOptions};

use crate::support::{address, cluster, event, open_now, options, read, stream, within};

fn real() -> OpenOptions {
    options(Arc::new(SystemClock::default()))
}

fn host(machine: &str, name: &str) -> KeysHost {
    KeysHost {
        machine: machine.to_owned(),
        store: Some("store".to_owned()),
        name: name.to_owned(),
    }
}

fn keys(values: &[(u32, &str)]) -> Vec<(u32, String)> {
    values
        .iter()
        .map(|(epoch, value)| (*epoch, (*value).to_owned()))
        .collect()
}

fn held_by(machine: &str, name: &str) -> OpenOptions {
    OpenOptions {
        keys_host: Some(host(machine, name)),
        check_values: keys(&[(1, "one")]),
        ..real()
    }
}

async fn open_with(cluster: &Cluster, options: OpenOptions) -> Result<Arc<KurrentLog>, OpenError> {
    KurrentLog::open(&address(cluster), options).await
}

/// Writes into the header's stream what stands there, changed.
fn alter_header(cluster: &Cluster, change: impl FnOnce(String) -> String) {
    let header = cluster.store().stream("yujian-header").pop().unwrap();
    cluster.store().alter(header.position, |stored| {
        stored.data = change(String::from_utf8(stored.data.clone()).unwrap()).into_bytes();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_open_an_absent_log_at_once_make_one_header() {
    let cluster = cluster(3).await;
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let address = address(&cluster);
        nodes.spawn(async move { KurrentLog::open(&address, held_by("m1", "one")).await.unwrap() });
    }
    let mut headers = Vec::new();
    while let Some(log) = nodes.join_next().await {
        headers.push(log.unwrap().header().clone());
    }
    assert!(headers.iter().all(|header| header.identity() == headers[0].identity()));
    // Those who were slower note nothing that is noted already.
    let noted = cluster.store().stream("yujian-header");
    assert!(noted.len() <= 2, "{} headers", noted.len());
    let note = KurrentLog::note(&address(&cluster), Duration::from_secs(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(note.keys_host, Some(host("m1", "one")));
    assert_eq!(note.header.identity(), headers[0].identity());
}

#[tokio::test]
async fn keys_are_held_by_one_host_whatever_it_is_called() {
    let cluster = cluster(1).await;
    let log = open_with(&cluster, held_by("m1", "one")).await.unwrap();
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let Err(error) = open_with(&cluster, held_by("m2", "two")).await else {
        panic!("a second host was let in")
    };
    assert!(
        matches!(&error, OpenError::KeysElsewhere { holder, here } if holder == "one" && here == "two"),
        "{error}"
    );
    for word in ["keys.db", "keys.kek", "take-keys", "--keys-dir"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    // Another store on the same machine is another holder too.
    let mut other = held_by("m1", "one");
    other.keys_host.as_mut().unwrap().store = Some("other".to_owned());
    assert!(matches!(
        open_with(&cluster, other).await,
        Err(OpenError::KeysElsewhere { .. })
    ));
    let renamed = open_with(&cluster, held_by("m1", "renamed")).await.unwrap();
    renamed
        .append(&stream("b"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    // Readers need no keys.
    let reader = open_with(&cluster, OpenOptions::reading(Arc::new(SystemClock::default())))
        .await
        .unwrap();
    assert_eq!(read(&reader, &stream("a")).await.len(), 1);
}

#[tokio::test]
async fn when_the_keys_move_the_old_host_stops_writing() {
    let cluster = cluster(1).await;
    let old = open_with(&cluster, held_by("m1", "one")).await.unwrap();
    old.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let now = Timestamp::now();
    let wrong = KurrentLog::move_keys(&address(&cluster), &host("m2", "two"), &keys(&[(1, "other")]), now).await;
    assert!(wrong.unwrap_err().to_string().contains("epoch 1"));
    let moved = KurrentLog::move_keys(&address(&cluster), &host("m2", "two"), &keys(&[(1, "one")]), now).await;
    assert_eq!(moved.unwrap().keys_host, Some(host("m2", "two")));
    within(5, || old.check_writable().is_err()).await;
    let refused = old.append(&stream("b"), Expected::NoStream, vec![event(2)]).await;
    assert!(
        matches!(&refused, Err(LogError::ReadOnly(reason)) if reason.contains("two")),
        "{refused:?}"
    );
    // What it had stored is still answered.
    let repeated = old
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    assert!(repeated.repeated);
    let new = open_with(&cluster, held_by("m2", "two")).await.unwrap();
    new.append(&stream("b"), Expected::NoStream, vec![event(2)])
        .await
        .unwrap();
    let back = open_with(&cluster, held_by("m1", "one")).await;
    assert!(matches!(back, Err(OpenError::KeysElsewhere { .. })));
}

#[tokio::test]
async fn a_key_that_is_missing_or_wrong_leaves_the_log_readable() {
    let cluster = cluster(1).await;
    let with = |values: &[(u32, &str)]| OpenOptions {
        check_values: keys(values),
        ..real()
    };
    let log = open_with(&cluster, with(&[(1, "one")])).await.unwrap();
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    // A new epoch is noted.
    let log = open_with(&cluster, with(&[(1, "one"), (2, "two")])).await.unwrap();
    assert_eq!(log.header().check_values.len(), 2);
    let note = KurrentLog::note(&address(&cluster), Duration::from_secs(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(note.header, *log.header());
    for (values, epoch) in [
        (vec![(1, "one")], "epoch 2"),
        (vec![(2, "two")], "epoch 1"),
        (vec![(1, "one"), (2, "other")], "epoch 2"),
        (vec![(1, "one"), (2, "other"), (3, "three")], "epoch 2"),
    ] {
        let log = open_with(&cluster, with(&values)).await.unwrap();
        assert_eq!(read(&log, &stream("a")).await.len(), 1);
        let refused = log.append(&stream("b"), Expected::NoStream, vec![event(2)]).await;
        assert!(
            matches!(&refused, Err(LogError::ReadOnly(reason)) if reason.contains(epoch)),
            "{refused:?}"
        );
        assert!(matches!(log.check_writable(), Err(LogError::ReadOnly(_))));
    }
    assert_eq!(cluster.store().stream("yujian-header").len(), 2);
}

#[tokio::test]
async fn what_a_log_is_not_is_said() {
    let demo = || LogKind::Demo {
        seed: 1,
        until: "2026-03-01T00:00:00Z".parse().unwrap(),
    };
    let as_demo = || OpenOptions {
        kind: Some(demo()),
        ..real()
    };
    let reading = || OpenOptions::reading(Arc::new(SystemClock::default()));

    let absent = cluster(1).await;
    assert!(matches!(open_with(&absent, reading()).await, Err(OpenError::Absent(_))));
    assert_eq!(
        KurrentLog::note(&address(&absent), Duration::from_secs(5))
            .await
            .unwrap(),
        None
    );
    let none = KurrentLog::begin_epoch(&address(&absent), Timestamp::now()).await;
    assert!(matches!(none, Err(OpenError::Absent(_))));
    open_with(&absent, as_demo()).await.unwrap();
    assert!(matches!(open_with(&absent, real()).await, Err(OpenError::IsDemo)));

    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    drop(log);
    assert!(matches!(open_with(&cluster, as_demo()).await, Err(OpenError::NotDemo)));
    let reader = open_with(&cluster, reading()).await.unwrap();
    let refused = reader.append(&stream("b"), Expected::NoStream, vec![event(2)]).await;
    assert!(matches!(refused, Err(LogError::ReadOnly(_))), "{refused:?}");

    alter_header(&cluster, |text| text.replace("\"format\":1", "\"format\":2"));
    let Err(OpenError::Header(newer)) = open_with(&cluster, real()).await else {
        panic!("a newer format was opened")
    };
    assert!(newer.contains("format 2"), "{newer}");
    alter_header(&cluster, |_| "{}".to_owned());
    assert!(matches!(open_with(&cluster, real()).await, Err(OpenError::Header(_))));

    let deleted = self::cluster(1).await;
    let log = open_now(&address(&deleted)).await;
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    drop(log);
    deleted.store().soft_delete("yujian-header");
    let Err(OpenError::Headless(name)) = open_with(&deleted, real()).await else {
        panic!("a log without its header was opened")
    };
    assert_eq!(name, "yujian-header");
}

#[tokio::test]
async fn a_log_whose_header_vanishes_takes_no_writes() {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    cluster.store().soft_delete("yujian-header");
    within(5, || matches!(log.check_writable(), Err(LogError::ReadOnly(_)))).await;
}

#[tokio::test]
async fn an_address_out_of_reach_fails_in_time_and_shows_no_password() {
    let refusing = cluster(1).await;
    let port = refusing.ports()[0];
    refusing.stop_node(0).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|place| (silent, place.port())).unwrap();
    for hosts in [
        format!("127.0.0.1:{port}"),
        format!("127.0.0.1:{port},127.0.0.1:{port}"),
        format!("127.0.0.1:{}", silent.1),
    ] {
        let text = format!("kurrentdb://operator:S3cret-Pass@{hosts}?tls=false&discoveryInterval=5&gossipTimeout=500");
        let address: Address = text.parse().unwrap();
        let options = OpenOptions {
            patience: Duration::from_secs(3),
            ..real()
        };
        let start = Instant::now();
        let Err(error) = KurrentLog::open(&address, options).await else {
            panic!("opened")
        };
        // One call that was begun in time may end after it.
        assert!(
            start.elapsed() < Duration::from_secs(7),
            "{hosts}: {:?}",
            start.elapsed()
        );
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
        for shown in [
            format!("{error}"),
            format!("{error:?}"),
            format!("{address} {address:?}"),
        ] {
            assert!(!shown.contains("S3cret") && !shown.contains("operator"), "{shown}");
        }
    }
}
