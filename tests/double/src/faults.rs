//! What goes wrong, and when.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use tokio::sync::watch;

/// One way to fail. What reads like an append ("committed") means "carried out" for calls that write nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Committed, then the connection is reset.
    LoseReply,
    /// The connection is reset; nothing is committed.
    ResetBefore,
    /// Committed, then status 10 ABORTED "Operation timed out".
    TimeoutAfterCommit,
    /// Status 10 ABORTED "Operation timed out"; nothing is committed.
    TimeoutBefore,
    /// Status 14 UNAVAILABLE; nothing is committed.
    UnavailableBefore,
    /// Committed, then status 14 UNAVAILABLE.
    UnavailableAfterCommit,
    /// No answer until [`Faults::release`], after which the call is carried out. It is never carried out if the client
    /// gives the call up or its connection goes first.
    Hang,
    /// Committed, and no answer until [`Faults::release`] or the connection goes.
    HangAfterCommit,
    /// A not-leader answer that names the leader; nothing is committed.
    NotLeader,
    /// Status 2 UNKNOWN "No leader info available in response"; nothing is committed.
    NoLeaderKnown,
    /// Reads: the answer ends well after a part of the events (half of the first 256, or of all if they are fewer).
    /// Others: committed, and an answer without a message.
    EndCleanly,
    /// Reads: a part of the events, then the connection is reset. Others: as [`Fault::LoseReply`].
    ResetMidStream,
    /// The leader moves to the next node alive, then the call is answered not-leader; nothing is committed.
    ChangeLeaderBefore,
    /// Committed, the leader moves to the next node alive, and the connection is reset.
    ChangeLeaderAfterCommit,
    /// Status 3 INVALID_ARGUMENT with the exception of an append that is too large; nothing is committed.
    TooLarge,
    /// Status 7 PERMISSION_DENIED; nothing is committed.
    AccessDenied,
}

/// The calls that faults tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `Streams/Append`.
    Append,
    /// `Streams/Read`, of one stream or of all.
    Read,
    /// `Gossip/Read`.
    Gossip,
    /// `ServerFeatures/GetSupportedMethods`.
    Features,
}

/// The script of faults, shared by all nodes. A queued fault goes before a constant one, that before a random one.
///
/// A call that a follower turns away because it needs the leader is counted as a call but uses up no fault.
#[derive(Clone)]
pub struct Faults(Arc<Shared>);

struct Shared {
    script: Mutex<Script>,
    releases: watch::Sender<u64>,
}

#[derive(Default)]
struct Script {
    plans: BTreeMap<Call, Plan>,
    struck: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Plan {
    queue: VecDeque<Fault>,
    always: Option<Fault>,
    random: Option<Random>,
    delay: Option<Duration>,
    calls: u64,
}

struct Random {
    source: ChaCha8Rng,
    permille: u32,
    choices: Vec<Fault>,
}

impl Random {
    fn draw(&mut self) -> Option<Fault> {
        let hit = self.source.next_u32() % 1000 < self.permille;
        let choice = self.source.next_u32();
        let count = u32::try_from(self.choices.len()).ok()?;
        let place = usize::try_from(choice.checked_rem(count)?).ok()?;
        hit.then(|| self.choices[place])
    }
}

/// Ends when the faults are next released.
pub(crate) struct Release(watch::Receiver<u64>);

impl Release {
    pub(crate) async fn wait(mut self) {
        if self.0.changed().await.is_err() {
            // Nobody is left who could release.
            std::future::pending::<()>().await;
        }
    }
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            script: Mutex::default(),
            releases: watch::Sender::new(0),
        }))
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan<T>(&self, call: Call, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(self.script().plans.entry(call).or_default())
    }

    /// Queues a fault: the next such call fails so, the one after it by the next in the queue.
    pub fn next(&self, call: Call, fault: Fault) {
        self.plan(call, |plan| plan.queue.push_back(fault));
    }

    /// Every such call fails so, until this is set to `None`.
    pub fn always(&self, call: Call, fault: Option<Fault>) {
        self.plan(call, |plan| plan.always = fault);
    }

    /// Each such call draws whether it fails (`permille` of 1000) and how. One seed gives one sequence of draws.
    pub fn random(&self, call: Call, seed: u64, permille: u32, choices: Vec<Fault>) {
        let source = ChaCha8Rng::seed_from_u64(seed);
        self.plan(call, |plan| {
            plan.random = Some(Random {
                source,
                permille,
                choices,
            });
        });
    }

    /// Every such call waits so long before anything else.
    pub fn delay(&self, call: Call, delay: Option<Duration>) {
        self.plan(call, |plan| plan.delay = delay);
    }

    /// Forgets what was to come: queued, constant and random faults, and delays. The counts stay; what hangs goes on
    /// hanging.
    pub fn clear(&self) {
        for plan in self.script().plans.values_mut() {
            *plan = Plan {
                calls: plan.calls,
                ..Plan::default()
            };
        }
    }

    /// Lets go of the calls that hang now. Later ones hang again.
    pub fn release(&self) {
        self.0.releases.send_modify(|count| *count += 1);
    }

    /// Faults struck so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.script().struck.values().sum()
    }

    /// Faults struck so far, by call and fault: `Append LoseReply`.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.script().struck.clone()
    }

    /// Calls received so far.
    #[must_use]
    pub fn calls(&self, call: Call) -> u64 {
        self.plan(call, |plan| plan.calls)
    }

    /// Counts a call; answers how long it waits.
    pub(crate) fn arrive(&self, call: Call) -> Option<Duration> {
        self.plan(call, |plan| {
            plan.calls += 1;
            plan.delay
        })
    }

    /// The fault of this call, if any.
    pub(crate) fn strike(&self, call: Call) -> Option<(Fault, Release)> {
        let release = Release(self.0.releases.subscribe());
        let mut script = self.script();
        let plan = script.plans.entry(call).or_default();
        let fault = plan
            .queue
            .pop_front()
            .or(plan.always)
            .or_else(|| plan.random.as_mut().and_then(Random::draw))?;
        *script.struck.entry(format!("{call:?} {fault:?}")).or_default() += 1;
        Some((fault, release))
    }
}
