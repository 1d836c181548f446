//! A simulated month of the real binary: everybody is silent, days go by, and the process is killed again and again. Clocks,
//! deemed outcomes and alerts are in the log once, as in a run that nobody disturbs.
//!
//! The machine's clock is what `libfaketime` tells the process (Debian: `faketime`). The month lies across Spring
//! Festival of 2026.

mod acts;
mod check;
mod fake;

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::check::Told;
use self::fake::Faketime;
use crate::crash::Dice;
use crate::reactors::history::History;
use crate::small;
use crate::support::{Server, directory, eventually, knob};

/// Institutions of each fate.
const EACH: u32 = 5;
/// The day on which filings come in, the first day of licences, and a day on which everything has come to its end (UTC).
const FILING: &str = "2026-02-05T02:00:00Z";
const LICENCES: &str = "2026-02-06T02:00:00Z";
const END: &str = "2026-03-26T02:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The same files in another directory.
fn copied(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let into = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&into).unwrap();
            copied(&entry.path(), &into);
        } else {
            std::fs::copy(entry.path(), into).unwrap();
        }
    }
}

fn removed(data: &Path, file: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("{file}{suffix}")));
    }
}

/// Serves at a fake time until the reactors are done with the log and with every timer that is due.
async fn until_idle(fake: &Faketime, data: &Path, now: Timestamp) {
    let server = Server::spawn(fake.serve(data, now, "on"));
    eventually("an idle reactor", async || {
        let before = History::length(data);
        let rests = |length| History::checkpoint(data) == Some(length) && check::due(data, now) == Some(0);
        let first = rests(before);
        tokio::time::sleep(Duration::from_millis(300)).await;
        first && rests(History::length(data)) && History::length(data) == before
    })
    .await;
    server.kill();
}

/// One round: starts at a fake time and is killed. Answers whether work was left.
async fn killed(fake: &Faketime, data: &Path, now: Timestamp, dice: &mut Dice) -> bool {
    // A third dies while it starts, the others soon after: what is due in a day is done in a moment.
    let command = fake.serve(data, now, "on");
    if dice.roll(3) == 0 {
        let mut child = fake::quiet(command).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(50 + dice.roll(550))).await;
        child.kill().unwrap();
        child.wait().unwrap();
    } else {
        let server = Server::spawn(command);
        tokio::time::sleep(Duration::from_millis(dice.roll(150))).await;
        server.kill();
    }
    let behind = History::checkpoint(data) != Some(History::length(data));
    behind || check::due(data, now) != Some(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_month_of_kills_every_clock_outcome_and_alert_is_there_once() {
    let Some(fake) = Faketime::find() else { return };
    let rounds = knob("MONTH_ROUNDS", 20);
    let seed = knob("MONTH_SEED", 1);
    let mut dice = Dice(seed);
    let silent = directory();
    acts::everybody_is_silent(&fake, silent.path(), time(FILING), time(LICENCES), EACH).await;
    let (calm, killed_often) = (directory(), directory());
    copied(silent.path(), calm.path());
    copied(silent.path(), killed_often.path());
    let acted = History::length(silent.path());

    until_idle(&fake, calm.path(), time(END)).await;
    let undisturbed = Told::read(calm.path());
    undisturbed.check(time(END));
    acts::everything_came_about(&undisturbed, EACH);

    let data = killed_often.path();
    // Days and hours, so that a round begins at any time of the day and sometimes on the same one.
    let span = time(END).duration_since(time(LICENCES)).as_secs();
    let step = u64::try_from(span).unwrap() / rounds.max(1);
    let (mut left, mut now) = (0, time(LICENCES));
    for _ in 0..rounds {
        let seconds = i64::try_from(step / 2 + dice.roll(step)).unwrap();
        now = now
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap()
            .min(time(END));
        left += u64::from(killed(&fake, data, now, &mut dice).await);
        Told::read(data).check_so_far(now);
        if dice.roll(8) == 0 {
            removed(data, "state.db");
        }
    }
    until_idle(&fake, data, time(END)).await;
    let told = Told::read(data);
    told.check(time(END));
    let (found, wanted) = (told.story(), undisturbed.story());
    for line in &found {
        assert!(wanted.contains(line), "told only where it was killed: {line}");
    }
    for line in &wanted {
        assert!(found.contains(line), "never told where it was killed: {line}");
    }
    assert_eq!(found, wanted);

    // Neither the views nor the reactors' state are what keeps it from being told again.
    let length = History::length(data);
    for files in [&["views.db"][..], &["state.db"], &["views.db", "state.db"]] {
        for file in files {
            removed(data, file);
        }
        until_idle(&fake, data, time(END)).await;
        assert_eq!(History::length(data), length, "without {files:?}");
    }
    let verified = small::run("verify", data, &[]);
    assert!(verified.status.success(), "{}", small::said(&verified));
    println!(
        "month: seed {seed}, {rounds} rounds, {left} of the kills left work, {acted} records of acts, {} of what came of them",
        length - acted
    );
    assert!(rounds < 8 || left > 0, "no kill fell into the work");
}
