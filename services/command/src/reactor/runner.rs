//! The follower that runs all reactors: one pass over the log, one effect after the other, the checkpoint after them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use yujian_eventlog::checkpoint::{Change, Checkpoint, StateFile, Timer};
use yujian_eventlog::{Item, LogError, LogPosition, Record};

use super::effect::{Cause, Effect, Verdict};
use super::world::World;
use super::{Reactor, Seen, all, timers};
use crate::api::CommandError;
use crate::floor::Commands;

/// Records read at once.
const PAGE: usize = 1_000;
/// After how many records without anything to do the checkpoint moves all the same. So many are looked at again at most.
const SAVE_EVERY: usize = 10_000;
/// First and longest wait before something that the log did not take is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(15));
/// Longest sleep before the clock is looked at again: it may have been set.
const DOZE: Duration = Duration::from_secs(15);

/// What was done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Effects that were done.
    pub done: u64,
    /// Effects that had been done before, or had nothing to do any more.
    pub settled: u64,
    /// Effects and events that could not be dealt with, each in the log of the process.
    pub failed: u64,
    /// Timers that fired.
    pub fired: u64,
}

struct Entry {
    reactor: Box<dyn Reactor>,
    /// It is done with everything up to here.
    done: LogPosition,
}

/// All reactors over one log.
pub struct Reactors {
    commands: Commands,
    state: Arc<StateFile>,
    entries: Vec<Entry>,
    /// Which reactors look at a type.
    by_type: HashMap<&'static str, Vec<usize>>,
    /// The follower has read up to here.
    after: LogPosition,
    /// The last record up to there, for the checkpoint.
    last: Option<Checkpoint>,
    /// What is to be saved next.
    pending: Change,
    /// Whether anything was reacted to since the last save.
    reacted: bool,
    /// Records read since the last save.
    unsaved: usize,
    /// When the next timer is due.
    next_due: Option<Timestamp>,
    counts: Counts,
}

impl Reactors {
    /// Takes up every reactor where it stands. One without a checkpoint, or with that of another log or epoch, begins at
    /// the log's beginning: what it does again has no effect.
    ///
    /// # Errors
    /// When `state.db` or the log can't be read.
    pub async fn open(commands: Commands, state: Arc<StateFile>) -> Result<Self, CommandError> {
        let log = commands.inner.log.clone();
        let origin = log.origin();
        let mut entries = Vec::new();
        let mut by_type: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (index, reactor) in all().into_iter().enumerate() {
            for event_type in reactor.types() {
                by_type.entry(event_type).or_default().push(index);
            }
            let name = reactor.name();
            let found = blocking(&state, move |state| state.load(name)).await?;
            let done = match found {
                Some(checkpoint) if is_of(&commands, checkpoint).await? => checkpoint.position,
                Some(_) => {
                    tracing::info!(
                        reactor = name,
                        "its checkpoint is of another log or epoch: it begins anew"
                    );
                    origin
                }
                None => origin,
            };
            entries.push(Entry { reactor, done });
        }
        let next_due = blocking(&state, StateFile::next_due).await?;
        let after = entries.iter().map(|entry| entry.done).min().unwrap_or(origin);
        Ok(Self {
            commands,
            state,
            entries,
            by_type,
            after,
            last: None,
            pending: Change::default(),
            reacted: false,
            unsaved: 0,
            next_due,
            counts: Counts::default(),
        })
    }

    /// What was done since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Reacts to everything that is in the log and to every timer that is due by the clock, and to what comes of that,
    /// and saves how far it came.
    ///
    /// # Errors
    /// What the log did not take. Call again: it goes on where it stopped.
    pub async fn run_until_idle(&mut self) -> Result<(), CommandError> {
        loop {
            let read = self.follow().await?;
            if read == PAGE {
                continue;
            }
            // Near the end of the log; one that never rests must not keep timers waiting.
            if self.reacted {
                self.save().await?;
            }
            let fired = self.fire().await?;
            if read == 0 && !fired {
                return Ok(());
            }
        }
    }

    /// Reacts for ever, until `ended` turns true. What the log does not take now is tried again.
    pub async fn run(mut self, mut ended: watch::Receiver<bool>) {
        let mut head = self.commands.inner.log.head();
        let mut wait = BACK_OFF.0;
        loop {
            head.borrow_and_update();
            let outcome = tokio::select! {
                biased;
                stopped = ended.wait_for(|ended| *ended) => {
                    drop(stopped);
                    break;
                }
                outcome = self.run_until_idle() => outcome,
            };
            let pause = match outcome {
                Ok(()) => {
                    wait = BACK_OFF.0;
                    self.nap()
                }
                Err(error) => {
                    let pause = wait;
                    if pause < BACK_OFF.1 {
                        tracing::warn!(%error, again_in = ?pause, "reactors wait for the log");
                    } else {
                        // Said often enough; what keeps the log from writing is said elsewhere, too.
                        tracing::debug!(%error, again_in = ?pause, "reactors wait for the log");
                    }
                    wait = (wait * 2).min(BACK_OFF.1);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => continue,
                        stopped = ended.wait_for(|ended| *ended) => {
                            drop(stopped);
                            break;
                        }
                    }
                }
            };
            let quiet = tokio::select! {
                () = tokio::time::sleep(pause) => true,
                changed = head.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    false
                }
                stopped = ended.wait_for(|ended| *ended) => {
                    drop(stopped);
                    break;
                }
            };
            if quiet {
                // A good time to save what was in no hurry.
                self.save_when_quiet().await;
            }
        }
        self.save_when_quiet().await;
    }

    async fn save_when_quiet(&mut self) {
        if let Err(error) = self.save().await {
            tracing::debug!(%error, "the reactors' checkpoint was not saved");
        }
    }

    /// How long to sleep when nothing comes.
    fn nap(&self) -> Duration {
        let left = |due: Timestamp| Duration::try_from(due.duration_since(self.now())).unwrap_or(Duration::ZERO);
        self.next_due.map_or(DOZE, left).min(DOZE)
    }

    fn now(&self) -> Timestamp {
        self.commands.inner.clock.now()
    }

    /// Reacts to the next page of the log; answers how many records it holds.
    async fn follow(&mut self) -> Result<usize, CommandError> {
        let page = self.commands.inner.log.read_all(self.after, PAGE).await?;
        let read = page.items.len();
        if read == 0 {
            return Ok(0);
        }
        for item in page.items {
            match item {
                Item::Record(record) => {
                    self.react_to(&record).await?;
                    self.after = record.position;
                    self.last = Some(Checkpoint {
                        position: record.position,
                        mark: record.hash,
                    });
                }
                Item::Damaged(damage) => {
                    self.counts.failed += 1;
                    tracing::error!(position = %damage.position, problem = %damage.problem, "reactors pass a damaged record");
                    self.after = damage.position;
                }
            }
            self.unsaved += 1;
        }
        self.after = page.next;
        if self.unsaved >= SAVE_EVERY {
            self.save().await?;
        }
        Ok(read)
    }

    async fn react_to(&mut self, record: &Record) -> Result<(), CommandError> {
        let Some(interested) = self.by_type.get(record.event_type.as_str()) else {
            return Ok(());
        };
        self.reacted = true;
        for index in interested.clone() {
            let entry = &self.entries[index];
            if record.position <= entry.done {
                continue;
            }
            let name = entry.reactor.name();
            let seen = Seen { record };
            let reaction = match entry.reactor.react(&seen, &World::new(&self.commands)).await {
                Ok(reaction) => reaction,
                Err(error) => {
                    self.note_or_wait(name, &record.position.to_string(), error)?;
                    continue;
                }
            };
            let cause = Cause {
                reactor: name,
                key: record.id.to_string(),
                event: record.id,
                position: Some(record.position),
            };
            self.run_effects(&reaction.effects, &cause).await?;
            self.pending.set.extend(reaction.timers);
        }
        Ok(())
    }

    /// Fires what is due; `false`: nothing is.
    async fn fire(&mut self) -> Result<bool, CommandError> {
        let now = self.now();
        if self.next_due.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let due = blocking(&self.state, move |state| state.due(now)).await?;
        if due.is_empty() {
            return Ok(false);
        }
        for timer in due {
            let fired = self.fire_one(&timer).await;
            if fired.is_ok() {
                self.pending.done.push(timer);
            } else {
                self.save().await?;
                fired?;
            }
        }
        self.save().await?;
        Ok(true)
    }

    async fn fire_one(&mut self, timer: &Timer) -> Result<(), CommandError> {
        let cause = timers::cause(timer);
        match timers::fire(timer, &World::new(&self.commands)).await {
            Ok(reaction) => {
                self.run_effects(&reaction.effects, &cause).await?;
                self.pending.set.extend(reaction.timers);
            }
            Err(error) => self.note_or_wait(cause.reactor, &cause.key, error)?,
        }
        self.counts.fired += 1;
        Ok(())
    }

    async fn run_effects(&mut self, effects: &[Effect], cause: &Cause) -> Result<(), CommandError> {
        for effect in effects {
            match self.commands.effect(effect, cause).await {
                Verdict::Done => self.counts.done += 1,
                Verdict::Settled(why) => {
                    self.counts.settled += 1;
                    tracing::debug!(
                        reactor = cause.reactor,
                        cause = cause.key,
                        why,
                        "an effect was not needed"
                    );
                }
                Verdict::Failed(error) => {
                    self.counts.failed += 1;
                    tracing::error!(reactor = cause.reactor, cause = cause.key, %error, "an effect can't be done");
                }
                Verdict::Later(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// An event that can't be read will not be read later either: it is noted and passed. Everything else waits.
    fn note_or_wait(&mut self, reactor: &str, cause: &str, error: CommandError) -> Result<(), CommandError> {
        match error {
            CommandError::Log(LogError::Invalid(_) | LogError::Damaged(_)) => {
                self.counts.failed += 1;
                tracing::error!(reactor, cause, %error, "reactors pass what can't be read");
                Ok(())
            }
            error => Err(error),
        }
    }

    /// Saves checkpoints and timers together.
    async fn save(&mut self) -> Result<(), CommandError> {
        if let Some(last) = self.last.filter(|_| self.unsaved > 0) {
            for entry in &mut self.entries {
                // One that is ahead of the others keeps its place.
                if last.position >= entry.done {
                    self.pending.checkpoints.push((entry.reactor.name(), last));
                }
            }
        }
        if self.pending == Change::default() {
            return Ok(());
        }
        let change = self.pending.clone();
        let saved = blocking(&self.state, move |state| {
            state.save(&change)?;
            state.next_due()
        });
        let saved = saved.await;
        self.pending.checkpoints.clear();
        self.next_due = saved?;
        self.pending = Change::default();
        self.reacted = false;
        self.unsaved = 0;
        if let Some(last) = self.last {
            for entry in &mut self.entries {
                entry.done = entry.done.max(last.position);
            }
        }
        Ok(())
    }
}

/// Whether a checkpoint is of this log, and of this epoch of it.
async fn is_of(commands: &Commands, checkpoint: Checkpoint) -> Result<bool, CommandError> {
    let log = &commands.inner.log;
    let head = *log.head().borrow();
    if checkpoint.position.epoch != head.epoch || checkpoint.position.number > head.number {
        return Ok(false);
    }
    let item = log.item_at(checkpoint.position).await?;
    Ok(matches!(item, Some(Item::Record(record)) if record.hash == checkpoint.mark))
}

/// Runs what waits for the disk off the async threads.
async fn blocking<T: Send + 'static>(
    state: &Arc<StateFile>,
    work: impl FnOnce(&StateFile) -> Result<T, LogError> + Send + 'static,
) -> Result<T, CommandError> {
    let state = Arc::clone(state);
    match tokio::task::spawn_blocking(move || work(&state)).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(LogError::Unavailable(format!("state.db: {error}")).into()),
    }
}
