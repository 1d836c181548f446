//! Clocks as their events left them. The fold is total: an event about a clock that nobody started changes nothing.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    ClockCancelled, ClockExpired, ClockExtended, ClockKind, ClockMet, ClockPaused, ClockRecomputed, ClockRef,
    ClockResumed, ClockStarted, Deadline, PauseReason, Unit,
};
use crate::values::codes;

codes! {
    /// Where a clock stands.
    ClockState {
        /// It runs.
        Running = "running" / "计时中",
        /// It stands still.
        Paused = "paused" / "已暂停",
        /// What it asked for was done, in time or late.
        Met = "met" / "已完成",
        /// Its last day passed and nothing was done.
        Expired = "expired" / "已逾期",
        /// Its matter ended in another way.
        Cancelled = "cancelled" / "已终止",
    }
}

/// Time that is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// First day that is not counted.
    pub from_date: Date,
    /// First day that is counted again; absent while it lasts.
    pub to_date: Option<Date>,
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// What it measures.
    pub kind: ClockKind,
    /// Application that it belongs to; absent for clocks of the institution itself.
    pub application: Option<u32>,
    /// Legal day of the act that it began with, which is not counted.
    pub from_date: Date,
    /// What it counts.
    pub unit: Unit,
    /// How many units without its extension.
    pub count: u32,
    /// When it stood still, in the order of the events.
    pub pauses: Vec<Pause>,
    /// Units that extensions added.
    pub extension: u32,
    /// Its end as last counted. While it stands still this is the end from before, which no longer means anything.
    pub due: Deadline,
    /// Where it stands.
    pub state: ClockState,
    /// Day on which it ended: of the act, of the end of its matter, or its last day when it expired.
    pub ended: Option<Date>,
    /// Whether it was met late, or has expired.
    pub late: bool,
    /// How often an act in time that arrived late took an expiry back and let it go on.
    pub taken_back: u32,
}

impl Clock {
    /// As `event` started it.
    fn started(event: &ClockStarted) -> Self {
        Self {
            kind: event.kind,
            application: event.application,
            from_date: event.from_date,
            unit: event.unit,
            count: event.count,
            pauses: Vec::new(),
            extension: 0,
            due: event.due.clone(),
            state: ClockState::Running,
            ended: None,
            late: false,
            taken_back: 0,
        }
    }

    /// What an act in time says, once it is known: the clock has not run out.
    fn take_back_expiry(&mut self) {
        if self.state == ClockState::Expired {
            self.state = ClockState::Running;
            self.ended = None;
            self.late = false;
            self.taken_back = self.taken_back.saturating_add(1);
        }
    }

    /// Whether it still waits for somebody: it runs or stands still.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, ClockState::Running | ClockState::Paused)
    }
}

/// The clocks of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks(BTreeMap<ClockRef, Clock>);

/// What changes a clock that runs: one of the events about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange<'a> {
    /// It stands still.
    Paused(&'a ClockPaused),
    /// It runs on.
    Resumed(&'a ClockResumed),
    /// It got more time.
    Extended(&'a ClockExtended),
    /// Its provisional end was counted anew.
    Recomputed(&'a ClockRecomputed),
    /// What it asked for was done.
    Met(&'a ClockMet),
    /// Its last day passed.
    Expired(&'a ClockExpired),
    /// Its matter ended.
    Cancelled(&'a ClockCancelled),
}

macro_rules! changes {
    ($($event:ident => $variant:ident,)*) => {
        $( impl<'a> From<&'a $event> for ClockChange<'a> {
            fn from(event: &'a $event) -> Self { Self::$variant(event) }
        } )*
        impl ClockChange<'_> {
            /// The clock that it is about.
            #[must_use]
            pub fn clock(&self) -> ClockRef {
                match self { $( Self::$variant(event) => event.clock, )* }
            }
        }
    };
}

changes! {
    ClockPaused => Paused,
    ClockResumed => Resumed,
    ClockExtended => Extended,
    ClockRecomputed => Recomputed,
    ClockMet => Met,
    ClockExpired => Expired,
    ClockCancelled => Cancelled,
}

impl Clocks {
    /// A clock began to run; `clock` names the event by its revision.
    pub fn start(&mut self, clock: ClockRef, event: &ClockStarted) {
        self.0.insert(clock, Clock::started(event));
    }

    /// What an event says about a clock that was started.
    pub fn apply<'a>(&mut self, change: impl Into<ClockChange<'a>>) {
        let change = change.into();
        let Some(clock) = self.0.get_mut(&change.clock()) else {
            return;
        };
        match change {
            ClockChange::Paused(event) => {
                clock.take_back_expiry();
                clock.state = ClockState::Paused;
                clock.pauses.push(Pause {
                    reason: event.reason,
                    from_date: event.from_date,
                    to_date: None,
                });
            }
            ClockChange::Resumed(event) => {
                clock.state = ClockState::Running;
                if let Some(pause) = clock.pauses.last_mut() {
                    pause.to_date = Some(event.on_date);
                }
                clock.due = event.due.clone();
            }
            ClockChange::Extended(event) => {
                clock.take_back_expiry();
                clock.extension = clock.extension.saturating_add(event.count);
                clock.due = event.due.clone();
            }
            ClockChange::Recomputed(event) => clock.due = event.due.clone(),
            ClockChange::Met(event) => {
                // An act in time that arrives late takes an expiry back: the event says which it is.
                clock.state = ClockState::Met;
                clock.ended = Some(event.on_date);
                clock.late = event.late;
            }
            ClockChange::Expired(event) => {
                clock.state = ClockState::Expired;
                clock.ended = Some(event.due_date);
                clock.late = true;
            }
            ClockChange::Cancelled(event) => {
                clock.state = ClockState::Cancelled;
                clock.ended = Some(event.on_date);
            }
        }
    }

    /// The clock of that name.
    #[must_use]
    pub fn get(&self, clock: ClockRef) -> Option<&Clock> {
        self.0.get(&clock)
    }

    /// Every clock, by kind and then by when it was started.
    pub fn iter(&self) -> impl Iterator<Item = (ClockRef, &Clock)> {
        self.0.iter().map(|(name, clock)| (*name, clock))
    }

    /// The clocks that run or stand still.
    pub fn open(&self) -> impl Iterator<Item = (ClockRef, &Clock)> {
        self.iter().filter(|(_, clock)| clock.is_open())
    }

    /// The clock of that kind and application that runs or stands still; of several the one that was started last.
    #[must_use]
    pub fn open_of(&self, kind: ClockKind, application: Option<u32>) -> Option<(ClockRef, &Clock)> {
        self.open()
            .filter(|(name, clock)| name.kind == kind && clock.application == application)
            .last()
    }

    /// The clock of that kind and application that runs and does not stand still; of several the one that was started
    /// last.
    #[must_use]
    pub fn running(&self, kind: ClockKind, application: Option<u32>) -> Option<(ClockRef, &Clock)> {
        self.open()
            .filter(|(name, clock)| {
                name.kind == kind && clock.application == application && clock.state == ClockState::Running
            })
            .last()
    }
}
