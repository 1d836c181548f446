//! Legal clocks (时限) with their histories. Days are legal days of Asia/Shanghai. Nothing here knows "now": a question
//! names its day `at`, and `soon`, the last day that still counts as due soon, which the caller counts by the holiday
//! table.

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::{ClockKind, ClockOwner, ClockRef, ClockState, Unit};
use yujian_domain::institution::ApplicationKind;

use super::Scope;

/// Working days within which a clock counts as due soon, for who asks without an own measure: the page and gRPC tell the
/// same.
pub const CLOCK_SOON_WORKING_DAYS: u32 = 3;

listed! {
    /// What is left of a clock at a day. Of an application: of the clock that it waits for first, the authority's before
    /// the applicant's, one that has run out before one that runs, and one that runs before one that stands still.
    ClockBucket {
        /// Its last day, which is not provisional, has passed, and nothing was done.
        Overdue = "overdue" / "逾期",
        /// It ends by the last day that counts as soon. One with a provisional end that has passed is here too: nothing
        /// is late by it.
        DueSoon = "due_soon" / "即将到期",
        /// It stands still.
        Paused = "paused" / "暂停",
        /// It ends later.
        Ample = "ample" / "时间充裕",
        /// No clock waits.
        None = "none" / "无时限",
    }
}

listed! {
    /// What happened to a clock.
    ClockStepKind {
        /// It began.
        Started = "started" / "起算",
        /// It stands still from a day on.
        Paused = "paused" / "暂停",
        /// It runs again from a day on.
        Resumed = "resumed" / "恢复",
        /// It got more time.
        Extended = "extended" / "延长",
        /// Its provisional end was counted anew.
        Recomputed = "recomputed" / "重算",
        /// What it asked for was done.
        Met = "met" / "完成",
        /// Its last day passed.
        Expired = "expired" / "届满",
        /// Its matter ended in another way.
        Cancelled = "cancelled" / "终止",
    }
}

/// Which clocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockQuery {
    /// What the caller may see.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// One application of it.
    pub application: Option<u32>,
    /// Only those of this owner.
    pub owner: Option<ClockOwner>,
    /// Only these kinds; empty: all.
    pub kinds: Vec<ClockKind>,
    /// Only these states; empty: all.
    pub states: Vec<ClockState>,
    /// Only those that somebody must still act in, see [`ClockRow::waiting`].
    pub waiting_only: bool,
    /// Only those that stand so at the day `at`; empty: all.
    pub buckets: Vec<ClockBucket>,
    /// Day for `buckets`.
    pub at: Date,
    /// Last day that counts as due soon, for `buckets`.
    pub soon: Date,
    /// Keyset: rows after this key. Earliest last day first.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One legal clock (时限).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code now.
    pub region: String,
    /// Its name in the institution's stream: kind, and revision of the event that started it.
    pub clock: ClockRef,
    /// Application that it belongs to; `None` for clocks of the institution itself.
    pub application: Option<u32>,
    /// Kind of that application, when there is one.
    pub application_kind: Option<ApplicationKind>,
    /// Who must act.
    pub owner: ClockOwner,
    /// Legal day of the act that it began with, which is not counted.
    pub from_date: Date,
    /// What it counts.
    pub unit: Unit,
    /// How many units without its extension; 0 for a fixed day.
    pub count: u32,
    /// Units that extensions added.
    pub extension: u32,
    /// Last day, as last counted. Means nothing while it stands still.
    pub due_date: Date,
    /// Whether that day lies beyond the holiday table and may still move.
    pub provisional: bool,
    /// Where it stands.
    pub state: ClockState,
    /// Whether somebody must still act: it runs, stands still, or has run out with nothing that followed from it. One
    /// whose end only ends a right (asking for renewal or for a hearing, a waiver) does not wait after it.
    pub waiting: bool,
    /// First day that is not counted, while it stands still.
    pub paused_from: Option<Date>,
    /// Legal day on which it ended.
    pub ended_date: Option<Date>,
    /// Whether it was met late, or has run out.
    pub late: bool,
    /// Policy that sets it: id and version.
    pub policy: (String, u32),
    /// Whether only an acceptance tells of it: filings accepted before clocks were events of their own. Its unit is then
    /// told as a fixed day.
    pub implied: bool,
    /// Whether a record of its institution's stream is damaged.
    pub damaged: bool,
}

impl ClockRow {
    /// Where it stands at the day `at`, `soon` being the last day that counts as due soon. The same rule as the SQL of
    /// the lists and figures.
    #[must_use]
    pub fn bucket(&self, at: Date, soon: Date) -> ClockBucket {
        match self.state {
            _ if !self.waiting => ClockBucket::None,
            ClockState::Expired => ClockBucket::Overdue,
            ClockState::Paused => ClockBucket::Paused,
            _ if !self.provisional && self.due_date < at => ClockBucket::Overdue,
            _ if self.due_date <= soon => ClockBucket::DueSoon,
            _ => ClockBucket::Ample,
        }
    }

    /// Days left at the end of the day `at`, in the clock's unit (a fixed day: calendar days): 0 on the last day,
    /// negative after it. While it stands still: what will be left when it runs again. `None` when it does not wait.
    #[must_use]
    pub fn days_left(&self, at: Date, calendar: &Calendar) -> Option<i64> {
        if !self.waiting {
            return None;
        }
        let seen = match (self.state, self.paused_from) {
            // The last day that was counted is the one before the pause.
            (ClockState::Paused, Some(from)) => from.yesterday().unwrap_or(from),
            _ => at,
        };
        if self.unit != Unit::WorkingDays {
            return Some((self.due_date - seen).get_days().into());
        }
        Some(if seen <= self.due_date {
            calendar.working_days_between(seen, self.due_date).into()
        } else {
            -i64::from(calendar.working_days_between(self.due_date, seen))
        })
    }
}

/// One event of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockStep {
    /// Revision of the event in the institution's stream.
    pub revision: u64,
    /// What happened.
    pub kind: ClockStepKind,
    /// Legal day: of the act that it began with or ended with; the first day that is not counted or is counted again; the
    /// day on which the applicant was told of an extension; when known.
    pub date: Option<Date>,
    /// Code of the reason of a pause ([`yujian_domain::clock::PauseReason`]) or an extension
    /// ([`yujian_domain::clock::ExtensionReason`]).
    pub reason: Option<String>,
    /// Units that an extension added.
    pub count: Option<u32>,
    /// Last day as counted by this event.
    pub due_date: Option<Date>,
    /// Whether that is provisional.
    pub provisional: bool,
}

/// A clock with everything that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockHistory {
    /// The clock.
    pub row: ClockRow,
    /// What happened, in order.
    pub steps: Vec<ClockStep>,
}

/// Clocks, or applications, by what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BucketFigures {
    /// Overdue.
    pub overdue: u64,
    /// Due soon.
    pub due_soon: u64,
    /// Paused.
    pub paused: u64,
    /// Ample time.
    pub ample: u64,
    /// No clock waits.
    pub none: u64,
}

impl BucketFigures {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.overdue + self.due_soon + self.paused + self.ample + self.none
    }

    /// Those in a bucket.
    #[must_use]
    pub const fn of(&self, bucket: ClockBucket) -> u64 {
        match bucket {
            ClockBucket::Overdue => self.overdue,
            ClockBucket::DueSoon => self.due_soon,
            ClockBucket::Paused => self.paused,
            ClockBucket::Ample => self.ample,
            ClockBucket::None => self.none,
        }
    }

    /// Adds `count` to a bucket.
    pub const fn add(&mut self, bucket: ClockBucket, count: u64) {
        let figure = match bucket {
            ClockBucket::Overdue => &mut self.overdue,
            ClockBucket::DueSoon => &mut self.due_soon,
            ClockBucket::Paused => &mut self.paused,
            ClockBucket::Ample => &mut self.ample,
            ClockBucket::None => &mut self.none,
        };
        *figure += count;
    }
}
