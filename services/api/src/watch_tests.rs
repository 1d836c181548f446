use super::*;
use uuid::Uuid;

fn position(number: u64) -> LogPosition {
    LogPosition { epoch: 1, number }
}

fn delta(number: u64, regions: &[&str]) -> Arc<Delta> {
    let changes = regions
        .iter()
        .map(|region| Change {
            institution: Uuid::from_u128(number.into()),
            institution_name: "阳光托育".to_owned(),
            region: (*region).to_owned(),
            organisation: Some("A".to_owned()),
            incident: None,
            person: None,
            inspection: None,
            alert: None,
            regulator_only: false,
            stream: "institution-x".to_owned(),
            revision: number,
            event_type: "licensing.InstitutionRegistered.v1".to_owned(),
            recorded_time: jiff::Timestamp::UNIX_EPOCH,
        })
        .collect();
    Arc::new(Delta {
        position: position(number),
        recorded_time: jiff::Timestamp::UNIX_EPOCH,
        changes,
    })
}

struct Watch {
    deltas: broadcast::Sender<Arc<Delta>>,
    hub: Hub,
    stop: CancellationToken,
}

impl Watch {
    fn new(capacity: usize, from: u64) -> Self {
        let (deltas, receiver) = broadcast::channel(capacity);
        let stop = CancellationToken::new();
        Self {
            deltas,
            hub: Hub::start(receiver, position(from), stop.clone()),
            stop,
        }
    }

    fn open(&self, after: Option<u64>, filter: Filter, beat: Duration) -> mpsc::Receiver<Result<WatchReply, Status>> {
        let (out, stream) = mpsc::channel(4);
        tokio::spawn(
            self.hub
                .clone()
                .serve(after.map(position), filter, out, beat, self.stop.clone()),
        );
        stream
    }

    fn push(&self, delta: Arc<Delta>) {
        self.deltas.send(delta).unwrap();
    }

    async fn folded(&self, number: u64) {
        self.hub
            .end
            .clone()
            .wait_for(|end| *end >= position(number))
            .await
            .unwrap();
    }
}

async fn next(stream: &mut mpsc::Receiver<Result<WatchReply, Status>>) -> (String, String) {
    let reply = stream.recv().await.unwrap().unwrap();
    let what = match reply.event.unwrap() {
        Event::Snapshot(_) => "snapshot".to_owned(),
        Event::Changes(changes) => format!("{} changes", changes.changes.len()),
        Event::Heartbeat(_) => "heartbeat".to_owned(),
    };
    (reply.position, what)
}

fn is(position: &str, what: &str) -> (String, String) {
    (position.to_owned(), what.to_owned())
}

const LONG: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_new_watcher_gets_a_snapshot_marker_then_changes() {
    let watch = Watch::new(16, 5);
    let mut stream = watch.open(None, Filter::default(), LONG);
    assert_eq!(next(&mut stream).await, is("1.5", "snapshot"));
    watch.push(delta(6, &["330106"]));
    assert_eq!(next(&mut stream).await, is("1.6", "1 changes"));
}

#[tokio::test]
async fn a_watcher_resumes_after_its_position_without_a_snapshot() {
    let watch = Watch::new(16, 5);
    watch.push(delta(6, &["330106"]));
    watch.push(delta(7, &["330106", "330106"]));
    watch.folded(7).await;
    let mut stream = watch.open(Some(6), Filter::default(), LONG);
    assert_eq!(next(&mut stream).await, is("1.7", "2 changes"));
}

#[tokio::test]
async fn a_position_older_than_the_ring_begins_anew() {
    let watch = Watch::new(16, 5);
    let mut stream = watch.open(Some(3), Filter::default(), LONG);
    assert_eq!(next(&mut stream).await, is("1.5", "snapshot"));
}

#[tokio::test]
async fn an_idle_watcher_moves_its_resume_point_by_heartbeats() {
    let watch = Watch::new(16, 5);
    let elsewhere = Filter {
        region: Some("3302".to_owned()),
        ..Filter::default()
    };
    let mut stream = watch.open(None, elsewhere, Duration::from_millis(50));
    assert_eq!(next(&mut stream).await, is("1.5", "snapshot"));
    watch.push(delta(6, &["330106"]));
    watch.folded(6).await;
    let mut last = next(&mut stream).await;
    while last.0 == "1.5" {
        assert_eq!(last.1, "heartbeat");
        last = next(&mut stream).await;
    }
    assert_eq!(last, is("1.6", "heartbeat"));
}

#[tokio::test]
async fn deltas_that_were_lost_on_the_way_make_watchers_begin_anew() {
    let watch = Watch::new(2, 0);
    // Nothing awaits between these, so that the filling task meets an overrun channel.
    for number in 1..=8 {
        watch.push(delta(number, &["33"]));
    }
    watch.folded(8).await;
    let mut stream = watch.open(Some(1), Filter::default(), LONG);
    assert_eq!(next(&mut stream).await.1, "snapshot");
}

#[tokio::test]
async fn big_batches_come_in_parts_that_keep_the_resume_point_before_them() {
    let watch = Watch::new(16, 0);
    let mut stream = watch.open(None, Filter::default(), LONG);
    assert_eq!(next(&mut stream).await, is("1.0", "snapshot"));
    watch.push(delta(1, &vec!["33"; WATCH_BATCH + 3]));
    assert_eq!(next(&mut stream).await, is("1.0", "500 changes"));
    assert_eq!(next(&mut stream).await, is("1.1", "3 changes"));
}

#[tokio::test]
async fn the_stream_ends_when_the_server_stops() {
    let watch = Watch::new(16, 0);
    let mut stream = watch.open(None, Filter::default(), LONG);
    assert_eq!(next(&mut stream).await.1, "snapshot");
    watch.stop.cancel();
    let status = stream.recv().await.unwrap().unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert!(stream.recv().await.is_none());
}

#[test]
fn the_ring_forgets_the_oldest_beyond_its_bound() {
    let mut ring = Ring {
        deltas: VecDeque::new(),
        changes: 0,
        floor: position(0),
    };
    let many = vec!["33"; 1_000];
    for number in 1..=30 {
        ring.push(delta(number, &many));
    }
    assert!(ring.changes <= WATCH_KEPT_CHANGES);
    assert_eq!(ring.floor, position(10));
    assert!(matches!(ring.after(position(9)), Next::Lost(end) if end == position(30)));
    assert!(matches!(ring.after(position(10)), Next::Deltas(_)));
    assert!(matches!(ring.after(position(30)), Next::Nothing));
}

#[test]
fn deltas_without_changes_do_not_pile_up() {
    let mut ring = Ring {
        deltas: VecDeque::new(),
        changes: 0,
        floor: position(0),
    };
    let most = u64::try_from(WATCH_KEPT_CHANGES).unwrap();
    for number in 1..=most + 5 {
        ring.push(delta(number, &[]));
    }
    assert_eq!(ring.deltas.len(), WATCH_KEPT_CHANGES);
    assert_eq!(ring.floor, position(5));
}

#[test]
fn what_is_for_the_regulator_alone_reaches_no_operator() {
    let change = Change {
        regulator_only: true,
        ..delta(1, &["330106"]).changes[0].clone()
    };
    let admits = |organisation: Option<&str>| {
        let scope = Scope {
            organisation: organisation.map(str::to_owned),
            ..Scope::default()
        };
        Filter {
            scope,
            ..Filter::default()
        }
        .admits(&change)
    };
    assert!(admits(None));
    assert!(!admits(Some("A")));
}

#[test]
fn a_filter_admits_only_what_the_caller_may_see() {
    let change = delta(1, &["330106001"]).changes[0].clone();
    let admits = |jurisdiction: Option<&str>, organisation: Option<&str>| {
        let scope = Scope {
            jurisdiction: jurisdiction.map(str::to_owned),
            domestic_only: false,
            organisation: organisation.map(str::to_owned),
        };
        Filter {
            scope,
            ..Filter::default()
        }
        .admits(&change)
    };
    assert!(admits(None, None));
    assert!(admits(Some("3301"), None));
    assert!(admits(None, Some("A")));
    assert!(!admits(Some("3302"), None));
    assert!(!admits(None, Some("B")));
    assert!(!admits(Some("US-48"), None));
    assert!(lies_within("US-48/HARRIS", "US-48") && !lies_within("US-48X", "US-48"));
}
