//! Which append is written, repeated or refused: the server's decisions as a table.

use tonic::Code;
use uuid::Uuid;

use super::client::{ANY, Client, EXISTS, NO_STREAM, Said, id, trailer};
use crate::messages::Expected;
use crate::{Cluster, ClusterOptions};

/// What a case does to a stream, in order.
#[derive(Clone, Copy)]
enum Step {
    /// An append that must be written up to this revision.
    Written(Expected, &'static [u128], u64),
    /// An append that must be taken for a repetition that ended with this revision.
    Repeated(Expected, &'static [u128], u64),
    /// As `Repeated`, of an event that readers no longer see.
    RepeatedUnseen(Expected, &'static [u128], u64),
    /// An append that must be refused, at this revision.
    Refused(Expected, &'static [u128], Option<u64>),
    /// An append that must find the stream deleted.
    Gone(Expected, &'static [u128]),
    SoftDelete,
    Tombstone,
}

use Step::*;

const fn exact(revision: u64) -> Expected {
    Expected::Revision(revision)
}

const CASES: &[(&str, &[Step])] = &[
    ("a new stream", &[Written(NO_STREAM, &[1, 2], 1)]),
    ("a new stream for any", &[Written(ANY, &[1], 0)]),
    ("a stream that should be there", &[Refused(exact(0), &[1], None)]),
    ("a stream that should exist", &[Refused(EXISTS, &[1], None)]),
    (
        "a repetition of the first append",
        &[Written(NO_STREAM, &[1, 2], 1), Repeated(NO_STREAM, &[1, 2], 1)],
    ),
    (
        "a first append of somebody else",
        &[Written(NO_STREAM, &[1, 2], 1), Refused(NO_STREAM, &[3], Some(1))],
    ),
    (
        "the right revision",
        &[Written(NO_STREAM, &[1], 0), Written(exact(0), &[2, 3], 2)],
    ),
    (
        "a repetition after others have written",
        &[
            Written(NO_STREAM, &[1], 0),
            Written(exact(0), &[2, 3], 2),
            Written(exact(2), &[4], 3),
            Written(exact(3), &[5], 4),
            Repeated(exact(0), &[2, 3], 2),
        ],
    ),
    (
        "a beginning of an old append",
        &[Written(NO_STREAM, &[1, 2, 3], 2), Repeated(NO_STREAM, &[1, 2], 1)],
    ),
    (
        "more than an old append",
        &[Written(NO_STREAM, &[1, 2], 1), Refused(NO_STREAM, &[1, 2, 3], Some(1))],
    ),
    (
        "an old append in another order",
        &[Written(NO_STREAM, &[1, 2], 1), Refused(NO_STREAM, &[2, 1], Some(1))],
    ),
    (
        "a later event that differs",
        &[Written(NO_STREAM, &[1, 2], 1), Refused(NO_STREAM, &[1, 9], Some(1))],
    ),
    (
        "a revision too high",
        &[Written(NO_STREAM, &[1], 0), Refused(exact(7), &[2], Some(0))],
    ),
    (
        "the right revision with an id that is there",
        &[Written(NO_STREAM, &[1], 0), Written(exact(0), &[1], 1)],
    ),
    ("one id twice in one append", &[Written(NO_STREAM, &[1, 1], 1)]),
    (
        "any, repeated, is written again",
        &[Written(ANY, &[1], 0), Written(ANY, &[1], 1), Written(EXISTS, &[1], 2)],
    ),
    (
        "a soft-deleted stream begun again",
        &[
            Written(NO_STREAM, &[1, 2], 1),
            SoftDelete,
            Written(NO_STREAM, &[3], 2),
            Repeated(exact(1), &[3], 2),
        ],
    ),
    (
        "a soft-deleted stream by its revision",
        &[Written(NO_STREAM, &[1, 2], 1), SoftDelete, Written(exact(1), &[3], 2)],
    ),
    (
        "a soft-deleted stream begun by the same event",
        &[
            Written(NO_STREAM, &[1, 2], 1),
            SoftDelete,
            RepeatedUnseen(NO_STREAM, &[1], 0),
            Refused(NO_STREAM, &[1, 3], Some(1)),
        ],
    ),
    (
        "a soft-deleted stream that should exist",
        &[Written(NO_STREAM, &[1], 0), SoftDelete, Gone(EXISTS, &[2])],
    ),
    (
        "a stream with a tombstone",
        &[
            Written(NO_STREAM, &[1], 0),
            Tombstone,
            Gone(NO_STREAM, &[1]),
            Gone(exact(0), &[2]),
            Gone(ANY, &[2]),
            Gone(EXISTS, &[2]),
        ],
    ),
    ("a tombstone on nothing", &[Tombstone, Gone(NO_STREAM, &[1])]),
];

#[tokio::test]
async fn appends_are_decided_as_the_server_decides() {
    for (case, steps) in CASES {
        let cluster = Cluster::start(ClusterOptions::default()).await;
        let mut client = Client::of(&cluster, 0);
        for (number, step) in steps.iter().enumerate() {
            take(&cluster, &mut client, *step, &format!("{case}, step {number}")).await;
        }
    }
}

async fn take(cluster: &Cluster, client: &mut Client, step: Step, case: &str) {
    let store = cluster.store();
    let before = store.len();
    let ids = |numbers: &[u128]| numbers.iter().map(|number| id(*number)).collect::<Vec<Uuid>>();
    match step {
        Written(expected, numbers, last) => {
            let said = client.append("case-1", expected, &ids(numbers)).await.unwrap();
            let stored = store.stream("case-1");
            let end = stored.last().unwrap();
            assert_eq!(said, Said::Done(Some(last), Some(end.position)), "{case}");
            assert_eq!((end.revision, store.len()), (last, before + numbers.len()), "{case}");
        }
        Repeated(expected, numbers, last) => {
            let said = client.append("case-1", expected, &ids(numbers)).await.unwrap();
            let stored = store.stream("case-1");
            let original = stored.iter().find(|event| event.revision == last).unwrap();
            assert_eq!(said, Said::Done(Some(last), Some(original.position)), "{case}");
            assert_eq!(store.len(), before, "{case}");
        }
        RepeatedUnseen(expected, numbers, last) => {
            let said = client.append("case-1", expected, &ids(numbers)).await.unwrap();
            assert_eq!((said, store.len()), (Said::Done(Some(last), None), before), "{case}");
        }
        Refused(expected, numbers, current) => {
            let said = client.append("case-1", expected, &ids(numbers)).await.unwrap();
            assert_eq!((said, store.len()), (Said::Conflict(current), before), "{case}");
        }
        Gone(expected, numbers) => {
            let status = client.append("case-1", expected, &ids(numbers)).await.unwrap_err();
            assert_eq!(status.code(), Code::FailedPrecondition, "{case}");
            assert_eq!(trailer(&status, "exception"), Some("stream-deleted"), "{case}");
            assert_eq!(store.len(), before, "{case}");
        }
        SoftDelete => store.soft_delete("case-1"),
        Tombstone => store.tombstone("case-1"),
    }
}

#[tokio::test]
async fn the_same_ids_in_two_streams_are_two_appends() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut client = Client::of(&cluster, 0);
    for _ in 0..2 {
        for stream in ["a-1", "b-1"] {
            let said = client.append(stream, NO_STREAM, &[id(1)]).await.unwrap();
            let position = cluster.store().stream(stream)[0].position;
            assert_eq!(said, Said::Done(Some(0), Some(position)));
        }
    }
    assert_eq!(cluster.store().len(), 2);
}

#[tokio::test]
async fn a_delete_that_expects_something_else_is_a_status() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut client = Client::of(&cluster, 0);
    client.append("a-1", NO_STREAM, &[id(1)]).await.unwrap();
    let status = client.delete("a-1", exact(4), false).await.unwrap_err();
    assert_eq!(trailer(&status, "exception"), Some("wrong-expected-version"));
    assert_eq!(trailer(&status, "actual-version"), Some("0"));
    client.delete("a-1", exact(0), false).await.unwrap();
    client.delete("a-1", ANY, true).await.unwrap();
    let status = client.delete("a-1", ANY, true).await.unwrap_err();
    assert_eq!(trailer(&status, "exception"), Some("stream-deleted"));
}

#[tokio::test]
async fn an_event_beyond_the_limit_of_a_message_is_refused() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut client = Client::of(&cluster, 0);
    client.append_bytes("a-1", 8 << 20).await.unwrap();
    let status = client.append_bytes("a-2", 16 << 20).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(cluster.store().len(), 1);
}
