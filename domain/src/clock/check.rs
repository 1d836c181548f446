//! What may happen to a clock. The caller turns a problem into its refusal; [`ClockProblem::violation`] names field and
//! rule.

use jiff::civil::Date;

use super::{ApproverOffice, Clock, ClockKind, ClockOwner, ClockState, Pause, Unit};
use crate::rejection::Violation;

/// Why something may not happen to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockProblem {
    /// It does not run.
    #[error("the clock does not run, it is {}", .state.code())]
    NotRunning {
        /// Where it stands.
        state: ClockState,
    },
    /// It does not stand still.
    #[error("the clock does not stand still, it is {}", .state.code())]
    NotPaused {
        /// Where it stands.
        state: ClockState,
    },
    /// It has ended.
    #[error("the clock has ended, it is {}", .state.code())]
    Ended {
        /// Where it stands.
        state: ClockState,
    },
    /// The law lets no time of such a period go uncounted.
    #[error("a clock of kind {} can't be paused", .kind.code())]
    NotPausable {
        /// Its kind.
        kind: ClockKind,
    },
    /// The law lets nobody extend such a period.
    #[error("a clock of kind {} can't be extended", .kind.code())]
    NotExtendable {
        /// Its kind.
        kind: ClockKind,
    },
    /// Another office approves such an extension.
    #[error("such an extension is approved by {}", .office.code())]
    OtherOffice {
        /// The office that may.
        office: ApproverOffice,
    },
    /// It was extended before and may be extended once.
    #[error("the clock was extended before, by {extension}; it can be extended once")]
    AlreadyExtended {
        /// Units that were added.
        extension: u32,
    },
    /// An extension of nothing.
    #[error("an extension adds at least one day")]
    NothingAdded,
    /// Before the clock began, or before it was last paused or resumed.
    #[error("it can't be before {not_before}, when the clock's present state began")]
    TooEarly {
        /// Field that holds the day.
        field: &'static str,
        /// The first day that may be.
        not_before: Date,
    },
    /// The last day has passed.
    #[error("the last day, {due_date}, has passed")]
    Passed {
        /// Field that holds the day.
        field: &'static str,
        /// The last day.
        due_date: Date,
    },
    /// The last day has not passed, or may still move.
    #[error("the last day, {due_date}, has not passed for certain")]
    NotPassed {
        /// The last day.
        due_date: Date,
    },
}

impl ClockProblem {
    /// As a violation of the command's field, by the names of the clock's events.
    #[must_use]
    pub fn violation(self) -> Violation {
        Violation {
            field: self.field().to_owned(),
            rule: self.rule().to_owned(),
            message: self.to_string(),
            message_zh: self.zh(),
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::TooEarly { field, .. } | Self::Passed { field, .. } => field,
            Self::OtherOffice { .. } => "approver_office",
            Self::NothingAdded => "count",
            _ => "clock",
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::NotPausable { .. } => "CLK-05",
            Self::NotExtendable { .. }
            | Self::OtherOffice { .. }
            | Self::AlreadyExtended { .. }
            | Self::NothingAdded => "CLK-06",
            Self::NotPassed { .. } => "CLK-08",
            _ => "CLK-12",
        }
    }

    /// What is wrong, in Chinese.
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            Self::NotRunning { state } => format!("时限未在计时，当前为{}", state.zh()),
            Self::NotPaused { state } => format!("时限未暂停，当前为{}", state.zh()),
            Self::Ended { state } => format!("时限已结束，当前为{}", state.zh()),
            Self::NotPausable { kind } => format!("{}不能中止计算", kind.zh()),
            Self::NotExtendable { kind } => format!("{}不能延长", kind.zh()),
            Self::OtherOffice { office } => format!("该延长应由{}批准", office.zh()),
            Self::AlreadyExtended { extension } => format!("时限已延长过{extension}日，只能延长一次"),
            Self::NothingAdded => "延长至少一日".to_owned(),
            Self::TooEarly { not_before, .. } => format!("不能早于时限当前状态的起始日{not_before}"),
            Self::Passed { due_date, .. } => format!("期限届满日{due_date}已过"),
            Self::NotPassed { due_date } => format!("期限届满日{due_date}尚未确定已过"),
        }
    }
}

impl ClockKind {
    /// Whether time may go uncounted: in the periods of the decision itself (行政许可法 §45). Receiving, telling and
    /// handing out need no test.
    #[must_use]
    pub const fn is_pausable(self) -> bool {
        matches!(self, Self::Decision | Self::JointDecision)
    }

    /// The office that may extend it; `None` when nobody may. For decisions this is the law's (行政许可法 §42); that the
    /// head of the authority gives an applicant more time is our reading. A waiver is not extended but granted anew.
    #[must_use]
    pub const fn extended_by(self) -> Option<ApproverOffice> {
        match self {
            Self::JointDecision => Some(ApproverOffice::PeoplesGovernment),
            Self::Decision
            | Self::InformationReply
            | Self::CorrectionReply
            | Self::Condition
            | Self::Migration
            | Self::Cessation => Some(ApproverOffice::HeadOfAuthority),
            Self::Receipt
            | Self::Nonconformity
            | Self::Completeness
            | Self::Certificate
            | Self::HearingRequest
            | Self::Hearing
            | Self::RenewalAsk
            | Self::Renewal
            | Self::Waiver => None,
        }
    }
}

impl Clock {
    /// The pause that lasts.
    #[must_use]
    pub fn open_pause(&self) -> Option<&Pause> {
        self.pauses.last().filter(|pause| pause.to_date.is_none())
    }

    /// Whether it may stand still from `from_date` on. One that has expired may, by an act in time that arrives late.
    ///
    /// # Errors
    /// When its kind can't be paused or it counts nothing, when it does not run, and when the day lies before it began or
    /// was last resumed, or after its end.
    pub fn can_pause(&self, from_date: Date) -> Result<(), ClockProblem> {
        // rule: CLK-05
        if !self.kind.is_pausable() || self.unit == Unit::FixedDay {
            return Err(ClockProblem::NotPausable { kind: self.kind });
        }
        self.goes_on()?;
        self.not_before_present("from_date", from_date)?;
        self.not_after_end("from_date", from_date)
    }

    /// Whether it may run on from `on_date`.
    ///
    /// # Errors
    /// When it does not stand still, and when the day lies before that on which it was paused.
    pub fn can_resume(&self, on_date: Date) -> Result<(), ClockProblem> {
        // rule: CLK-12
        if self.state != ClockState::Paused {
            return Err(ClockProblem::NotPaused { state: self.state });
        }
        self.not_before_present("on_date", on_date)
    }

    /// Whether `office` may add `count` units and tell so on `told_date`. How many may be added is policy, and asked
    /// elsewhere. One that has expired may be given more time, when that was told in time and arrives late.
    ///
    /// # Errors
    /// When nobody or another office may, when nothing is added or a decision was extended before, when it does not run,
    /// and when the day lies before it began or after its end.
    pub fn can_extend(&self, count: u32, office: ApproverOffice, told_date: Date) -> Result<(), ClockProblem> {
        // rule: CLK-06
        let may = match self.kind.extended_by() {
            Some(may) if self.unit != Unit::FixedDay => may,
            _ => return Err(ClockProblem::NotExtendable { kind: self.kind }),
        };
        if office != may {
            return Err(ClockProblem::OtherOffice { office: may });
        }
        if count == 0 {
            return Err(ClockProblem::NothingAdded);
        }
        self.goes_on()?;
        // An authority's own period is extended once (行政许可法 §42); what it gives an applicant it may give again.
        if self.kind.owner() == ClockOwner::Authority && self.extension > 0 {
            return Err(ClockProblem::AlreadyExtended {
                extension: self.extension,
            });
        }
        self.not_before_present("told_date", told_date)?;
        self.not_after_end("told_date", told_date)
    }

    /// Whether what it asks for may have been done, or its matter have ended, on `on_date`. One that has expired may
    /// still be met: late, or in time by an act that arrives late.
    ///
    /// # Errors
    /// When it was met or cancelled, and when the day lies before it began.
    pub fn can_end(&self, on_date: Date) -> Result<(), ClockProblem> {
        // rule: CLK-12
        if matches!(self.state, ClockState::Met | ClockState::Cancelled) {
            return Err(ClockProblem::Ended { state: self.state });
        }
        if on_date < self.from_date {
            return Err(ClockProblem::TooEarly {
                field: "on_date",
                not_before: self.from_date,
            });
        }
        Ok(())
    }

    /// Whether an act on `on_date` is late. Nothing is late while the clock stands still or its end is provisional.
    #[must_use]
    pub fn is_late(&self, on_date: Date) -> bool {
        // rule: CLK-08
        self.state != ClockState::Paused && self.due.missed(on_date)
    }

    /// Whether it has expired at the beginning of `day`.
    ///
    /// # Errors
    /// When it does not run, and when its last day has not passed or is provisional.
    pub fn can_expire(&self, day: Date) -> Result<(), ClockProblem> {
        // rule: CLK-08
        self.runs()?;
        if !self.due.missed(day) {
            return Err(ClockProblem::NotPassed {
                due_date: self.due.due_date,
            });
        }
        Ok(())
    }

    /// It runs, or a period of the authority ran out as far as was known: an act before its end takes that back. When an
    /// applicant's period has run out, the law has drawn its consequence.
    fn goes_on(&self) -> Result<(), ClockProblem> {
        // rule: CLK-12
        if self.state == ClockState::Expired && self.kind.owner() == ClockOwner::Authority {
            return Ok(());
        }
        self.runs()
    }

    fn runs(&self) -> Result<(), ClockProblem> {
        match self.state {
            ClockState::Running => Ok(()),
            state => Err(ClockProblem::NotRunning { state }),
        }
    }

    /// CLK-12: what happens to a clock happens in the order of its states.
    fn not_before_present(&self, field: &'static str, day: Date) -> Result<(), ClockProblem> {
        let since = self.pauses.last().map(|pause| pause.to_date.unwrap_or(pause.from_date));
        let not_before = since.unwrap_or(self.from_date).max(self.from_date);
        if day < not_before {
            return Err(ClockProblem::TooEarly { field, not_before });
        }
        Ok(())
    }

    /// CLK-12: a period that has ended is neither paused nor extended.
    fn not_after_end(&self, field: &'static str, day: Date) -> Result<(), ClockProblem> {
        if self.due.missed(day) {
            return Err(ClockProblem::Passed {
                field,
                due_date: self.due.due_date,
            });
        }
        Ok(())
    }
}
