//! What reads show.

use tonic::Code;

use super::client::{ANY, Client, NO_STREAM, at, events, id, of_all, of_stream, places, positions, trailer};
use crate::messages::{
    CountOption, Empty, Expression, FilterBy, FilterOption, FilterOptions, FromPosition, FromRevision, ReadContent,
};
use crate::{Cluster, ClusterOptions};

const START: FromPosition = FromPosition::Start(Empty {});
const END: FromPosition = FromPosition::End(Empty {});
const FIRST: FromRevision = FromRevision::Start(Empty {});
const LAST: FromRevision = FromRevision::End(Empty {});

/// Three events of ours in each of two streams, and two of somebody else.
async fn cluster(largest_gap: u64) -> (Cluster, Client) {
    let options = ClusterOptions {
        largest_gap,
        ..ClusterOptions::default()
    };
    let cluster = Cluster::start(options).await;
    let mut client = Client::of(&cluster, 0);
    for round in 0..3 {
        client.append("a-1", ANY, &[id(round)]).await.unwrap();
        client.append("b-1", ANY, &[id(10 + round)]).await.unwrap();
    }
    cluster.store().append_foreign("$stats-1", "$statsCollected");
    cluster.store().append_foreign("other-1", "other");
    (cluster, client)
}

fn filtered(by: FilterBy) -> Option<FilterOption> {
    Some(FilterOption::Filter(FilterOptions {
        by: Some(by),
        ..FilterOptions::default()
    }))
}

fn expression(regex: &str, prefixes: &[&str]) -> Expression {
    Expression {
        regex: regex.to_owned(),
        prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
    }
}

#[tokio::test]
async fn positions_grow_with_gaps_that_the_seed_decides() {
    let (first, _) = cluster(1000).await;
    let (again, _) = cluster(1000).await;
    let (dense, _) = cluster(0).await;
    let positions = |cluster: &Cluster| places(&cluster.store().events());
    assert!(positions(&first)[0] > 0);
    assert!(positions(&first).windows(2).all(|pair| pair[1] > pair[0] + 64));
    assert_eq!(positions(&first), positions(&again));
    assert!(positions(&dense).last() < positions(&first).last());
}

#[tokio::test]
async fn all_is_read_from_a_position_on() {
    let (cluster, mut client) = cluster(100).await;
    let all = places(&cluster.store().events());
    let read = client.read(of_all(START, false, u64::MAX)).await.unwrap();
    assert_eq!(positions(&read), all);
    let read = client.read(of_all(at(all[2]), false, 3)).await.unwrap();
    assert_eq!(positions(&read), all[2..5]);
    let read = client.read(of_all(END, true, 2)).await.unwrap();
    assert_eq!(positions(&read), [all[7], all[6]]);
    let read = client.read(of_all(at(all[2]), true, 9)).await.unwrap();
    assert_eq!(positions(&read), [all[1], all[0]]);
    let read = client.read(of_all(END, false, 9)).await.unwrap();
    assert_eq!(positions(&read), []);
    let read = client.read(of_all(at(all[7] + 1_000_000), false, 9)).await.unwrap();
    assert_eq!(positions(&read), []);
}

#[tokio::test]
async fn a_position_between_records_is_invalid() {
    let (cluster, mut client) = cluster(100).await;
    let between = cluster.store().events()[2].position + 1;
    let (_, status) = client.read(of_all(at(between), false, 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "Trying to read from an invalid position.");
}

#[tokio::test]
async fn filters_leave_out_the_others() {
    let (cluster, mut client) = cluster(0).await;
    let all = cluster.store().events();
    let cases = [
        (FilterBy::StreamName(expression("", &["a-", "b-"])), 6),
        (FilterBy::StreamName(expression("", &["a-"])), 3),
        (FilterBy::StreamName(expression(r"^[^\$].*", &["a-"])), 7),
        (FilterBy::EventType(expression("", &["happened.", "other"])), 7),
        (FilterBy::EventType(expression("", &["nothing"])), 0),
        (FilterBy::EventType(expression("", &[])), 8),
    ];
    for (by, expected) in cases {
        let mut options = of_all(START, false, u64::MAX);
        options.filter = filtered(by.clone());
        let read = client.read(options).await.unwrap();
        assert_eq!(read.len(), expected, "{by:?}");
    }
    let mut options = of_all(START, false, 2);
    options.filter = filtered(FilterBy::StreamName(expression("", &["b-"])));
    let read = client.read(options).await.unwrap();
    assert_eq!(positions(&read), [all[1].position, all[3].position]);
    let mut options = of_all(START, false, 2);
    options.filter = filtered(FilterBy::StreamName(expression("a|b", &[])));
    let (_, status) = client.read(options).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn an_event_comes_back_as_it_was_given() {
    let (cluster, mut client) = cluster(0).await;
    let read = client.read(of_stream("a-1", FIRST, false, 1)).await.unwrap();
    let event = &events(&read)[0];
    let stored = &cluster.store().stream("a-1")[0];
    assert_eq!(event.id.as_ref().unwrap().read(), Some(stored.id));
    assert_eq!((event.commit, event.prepare), (stored.position, stored.position));
    assert_eq!(&event.custom_metadata[..], b"{\"by\":\"test\"}");
    let value = |key: &str| {
        let entry = event.metadata.iter().find(|entry| entry.key == key).unwrap();
        String::from_utf8(entry.value.to_vec()).unwrap()
    };
    assert_eq!(value("type"), "happened.v1");
    assert_eq!(value("content-type"), "application/json");
    assert!(value("created").parse::<u64>().unwrap() > 17_000_000_000_000_000);
    assert_eq!(read.last(), Some(&ReadContent::LastStreamPosition(2)));
}

#[tokio::test]
async fn a_stream_is_read_from_its_bound_on() {
    let (cluster, mut client) = cluster(0).await;
    let revisions = |read: &[ReadContent]| events(read).iter().map(|event| event.revision).collect::<Vec<_>>();
    let from = FromRevision::Revision(1);
    assert_eq!(
        revisions(&client.read(of_stream("a-1", from, false, 9)).await.unwrap()),
        [1, 2]
    );
    assert_eq!(
        revisions(&client.read(of_stream("a-1", from, true, 9)).await.unwrap()),
        [1, 0]
    );
    assert_eq!(
        revisions(&client.read(of_stream("a-1", LAST, true, 1)).await.unwrap()),
        [2]
    );
    let beyond = FromRevision::Revision(9);
    assert_eq!(
        revisions(&client.read(of_stream("a-1", beyond, false, 9)).await.unwrap()),
        []
    );
    cluster.store().truncate_before("a-1", 2);
    assert_eq!(
        revisions(&client.read(of_stream("a-1", FIRST, false, 9)).await.unwrap()),
        [2]
    );
    assert_eq!(
        revisions(&client.read(of_stream("a-1", LAST, true, 9)).await.unwrap()),
        [2]
    );
    assert_eq!(
        client.read(of_all(START, false, 99)).await.unwrap().len(),
        9,
        "with the metadata"
    );
}

#[tokio::test]
async fn a_stream_that_is_not_there_says_so() {
    let (cluster, mut client) = cluster(0).await;
    let not_found = |read: &[ReadContent]| matches!(read, [ReadContent::StreamNotFound(_)]);
    assert!(not_found(
        &client.read(of_stream("c-1", FIRST, false, 9)).await.unwrap()
    ));
    cluster.store().soft_delete("a-1");
    assert!(not_found(
        &client.read(of_stream("a-1", FIRST, false, 9)).await.unwrap()
    ));
    client.append("a-1", NO_STREAM, &[id(99)]).await.unwrap();
    let read = client.read(of_stream("a-1", FIRST, false, 9)).await.unwrap();
    assert_eq!(events(&read)[0].revision, 3);
    cluster.store().tombstone("a-1");
    let (_, status) = client.read(of_stream("a-1", FIRST, false, 9)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(trailer(&status, "stream-name"), Some("a-1"));
}

#[tokio::test]
async fn a_restored_backup_has_no_tail_and_gives_positions_again() {
    let (cluster, mut client) = cluster(0).await;
    let all = cluster.store().events();
    cluster.store().tombstone("b-1");
    cluster.store().cut_tail(all[2].position);
    assert_eq!(cluster.store().events(), all[..3]);
    client
        .append("b-1", crate::messages::Expected::Revision(0), &[id(77)])
        .await
        .unwrap();
    let again = cluster.store().events();
    assert_eq!((again[3].position, again[3].revision), (all[3].position, 1));
}

#[tokio::test]
async fn tampering_shows_in_reads() {
    let (cluster, mut client) = cluster(0).await;
    let position = cluster.store().stream("a-1")[1].position;
    cluster
        .store()
        .alter(position, |stored| stored.data = b"{\"x\":1}".to_vec());
    let read = client.read(of_stream("a-1", FIRST, false, 9)).await.unwrap();
    assert_eq!(&events(&read)[1].data[..], b"{\"x\":1}");
}

#[tokio::test]
async fn subscriptions_are_not_spoken() {
    let (_cluster, mut client) = cluster(0).await;
    let mut options = of_all(START, false, 1);
    options.count = Some(CountOption::Subscription(Empty {}));
    let (_, status) = client.read(options).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn long_reads_come_whole() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut client = Client::of(&cluster, 0);
    let ids: Vec<_> = (0..1000).map(id).collect();
    client.append("a-1", NO_STREAM, &ids).await.unwrap();
    let read = client.read(of_stream("a-1", FIRST, false, 999)).await.unwrap();
    assert_eq!(events(&read).len(), 999);
    let read = client.read(of_all(END, true, u64::MAX)).await.unwrap();
    assert_eq!(events(&read).last().unwrap().revision, 0);
    assert_eq!(read.len(), 1000);
}
