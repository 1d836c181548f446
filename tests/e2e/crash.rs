//! `kill -9` under load: what was acknowledged is there once, whole, and no claim is stuck.

pub mod ledger;
pub mod records;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tonic::transport::Channel;

use self::ledger::Client;
use self::records::Records;
use crate::support::{Server, directory, has_program, knob, yujian};

/// Commands in flight at a time, one a client.
const CLIENTS: u32 = 64;
/// Connections that the clients share.
const CONNECTIONS: u32 = 8;
/// How long a write that kills may take to come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Every how many rounds the server dies at a write instead of at a moment.
const EVERY_WRITE: u64 = 4;
/// How many writes later a server dies whose start did not survive.
const LATER: u64 = 50;

/// Numbers that differ from round to round and not from run to run (`SplitMix64`).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// How a round ends.
enum Death {
    /// `kill -9` after this long under load.
    After(Duration),
    /// Before its n-th write to the write-ahead log of `log.db`.
    AtWrite(u64),
}

/// The server, such that it is killed before its n-th write to the write-ahead log. A start may write too, what reactors
/// still owe since the death before: when that kills it, it is started once more and dies later.
///
/// Without `--seccomp-bpf`: with it, strace 6.1 lets the writes of a path pass uncounted.
fn dies_at_write(data: &Path, write: u64) -> Server {
    let later = (0..8).map(|again| write + again * LATER);
    let mut deaths = Vec::new();
    for write in later {
        match Server::try_spawn(PATIENCE, killed_at_write(data, write)) {
            Ok(server) => return server,
            Err(death) => deaths.push(death),
        }
    }
    panic!("no start was survived: {deaths:?}");
}

/// `serve` under strace, which kills it so.
fn killed_at_write(data: &Path, write: u64) -> Command {
    let command = yujian(&[
        "serve",
        "--port",
        "0",
        "--data-dir",
        data.to_str().unwrap(),
        "--log-level",
        "warn",
    ]);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64"])
        .args(["-e", &format!("inject=pwrite64:signal=KILL:when={write}")])
        .arg("-P")
        .arg(data.join("log.db-wal"))
        .arg(command.get_program())
        .args(command.get_args());
    for (name, _) in command.get_envs() {
        strace.env_remove(name);
    }
    strace
}

async fn channels(server: &Server) -> Vec<Channel> {
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(server.channel().await);
    }
    channels
}

/// Serves, lets every client work until the server dies, and answers how many commands were in flight then.
async fn round(data: &Path, clients: &mut Vec<Client>, death: Death, registrations_only: bool) -> usize {
    let mut server = match death {
        Death::After(_) => Server::start(data),
        Death::AtWrite(write) => dies_at_write(data, write),
    };
    let channels = channels(&server).await;
    let in_flight = Arc::new(AtomicUsize::new(0));
    let mut work = JoinSet::new();
    for (mut client, channel) in clients.drain(..).zip(channels.iter().cycle()) {
        let (channel, in_flight) = (channel.clone(), in_flight.clone());
        work.spawn(async move {
            client.work(&channel, registrations_only, &in_flight).await;
            client
        });
    }
    let left;
    match death {
        Death::After(moment) => {
            tokio::time::sleep(moment).await;
            left = in_flight.load(Ordering::SeqCst);
            server.kill();
        }
        Death::AtWrite(_) => {
            // Every client ends when the server does, so waiting for them is waiting for the write.
            let died = tokio::time::timeout(PATIENCE, async {
                while let Some(client) = work.join_next().await {
                    clients.push(client.unwrap());
                }
            });
            died.await.expect("the server was to die at a write, and serves on");
            assert!(!server.child.wait().unwrap().success());
            // A write is on its way only for a command; a client whose command was cut off stays counted.
            left = in_flight.load(Ordering::SeqCst);
        }
    }
    clients.extend(work.join_all().await);
    left
}

/// After a death, before anything is repeated: what was acknowledged is stored, and nothing is stored in part.
fn check_after_death(data: &Path, clients: &[Client]) -> usize {
    let records = Records::read(data);
    records.none_torn();
    for (sent, answer) in clients.iter().flat_map(|client| &client.acknowledged) {
        let stored = records.requests.get(&sent.request);
        let stored = stored.unwrap_or_else(|| panic!("acknowledged and lost: {} {:?}", sent.request, sent.ask));
        assert_eq!(stored.types, answer.command().event_types, "{:?}", sent.ask);
    }
    records.claims_without_owner()
}

fn verify(data: &Path) {
    let report = yujian(&["verify", "--data-dir", data.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(
        report.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&report.stdout),
        String::from_utf8_lossy(&report.stderr)
    );
}

/// Repeats everything that was ever acknowledged: each answer must be the first one.
async fn repeat_all(server: &Server, clients: Vec<Client>) -> Vec<Client> {
    let channels = channels(server).await;
    let mut work = JoinSet::new();
    for (index, client) in clients.into_iter().enumerate() {
        let channel = channels[index % channels.len()].clone();
        work.spawn(async move {
            for (sent, answer) in &client.acknowledged {
                assert_eq!(sent.send(&channel).await.unwrap(), *answer, "{:?}", sent.ask);
            }
            client
        });
    }
    work.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_twenty_kills_every_acknowledged_command_is_there_once_and_no_claim_is_stuck() {
    let rounds = knob("CRASH_ROUNDS", 20);
    let seed = knob("CRASH_SEED", 1);
    let strace = has_program("strace");
    let mut dice = Dice(seed);
    let data = directory();
    let mut clients: Vec<Client> = (0..CLIENTS).map(Client::new).collect();
    let (mut unanswered, mut gaps, mut gap_rounds) = (0, 0, 0);
    // The files are there before the first death, so that a write to them can be named.
    Server::start(data.path()).kill();

    for number in 1..=rounds {
        let at_write = strace && number % EVERY_WRITE == 0;
        let registrations_only = number % EVERY_WRITE >= 3 || number % (2 * EVERY_WRITE) == 0;
        let death = if at_write {
            Death::AtWrite(2 + dice.roll(if registrations_only { 150 } else { 400 }))
        } else {
            Death::After(Duration::from_millis(20 + dice.roll(800)))
        };
        let left = round(data.path(), &mut clients, death, registrations_only).await;
        assert!(
            left > 0,
            "round {number}: no command was in flight, so it does not count"
        );
        unanswered += left;
        let gap = check_after_death(data.path(), &clients);
        gaps += gap;
        gap_rounds += u64::from(gap > 0);
        if at_write {
            verify(data.path());
        }
    }

    let server = Server::start(data.path());
    let channel = server.channel().await;
    for client in &mut clients {
        client.settle(&channel).await;
    }
    let clients = repeat_all(&server, clients).await;
    server.kill();
    verify(data.path());
    check_after_death(data.path(), &clients);
    let records = Records::read(data.path());
    assert_eq!(records.claims_without_owner(), 0, "a claim is stuck");
    let acknowledged: usize = clients.iter().map(|client| client.acknowledged.len()).sum();
    assert_eq!(
        records.requests.len(),
        acknowledged,
        "a command that nobody asked for, or one stored twice"
    );
    println!(
        "crash: seed {seed}, {rounds} rounds, {acknowledged} commands acknowledged, {unanswered} in flight at the kills, \
         {gaps} claims without owner after {gap_rounds} of the kills"
    );
    assert!(
        rounds < 8 || gap_rounds > 0,
        "no kill fell between a claim and its creation"
    );
}
