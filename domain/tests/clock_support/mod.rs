//! A clock that tests move step by step, each step checked and counted as a caller does it.

use jiff::civil::Date;
use yujian_domain::calendar::{Calendar, Due};
use yujian_domain::clock::{
    ApproverOffice, Clock, ClockExpired, ClockExtended, ClockKind, ClockMet, ClockPaused, ClockProblem, ClockRef,
    ClockResumed, ClockStarted, Clocks, Deadline, ExtensionReason, PauseReason, Unit,
};
use yujian_domain::envelope::PolicyRef;
use yujian_domain::reference::Reference;

/// The shipped holiday table, which ends with 2026.
pub fn shipped() -> Calendar {
    Reference::shipped().calendar
}

/// Any policy: clocks only carry it.
pub fn policy() -> PolicyRef {
    PolicyRef {
        id: "cn-admission".to_owned(),
        version: 1,
        sha256: "0".repeat(64),
    }
}

pub fn deadline(due: Due) -> Deadline {
    Deadline::of(due, policy())
}

/// A clock of application 1 as its caller would start it.
pub fn started(kind: ClockKind, from_date: Date, unit: Unit, count: u32, calendar: &Calendar) -> ClockStarted {
    ClockStarted {
        application: Some(1),
        kind,
        from_date,
        unit,
        count,
        due: deadline(unit.due_after(from_date, count, calendar).unwrap()),
    }
}

/// One clock in a stream.
#[derive(Debug, Clone)]
pub struct Run {
    pub clocks: Clocks,
    pub name: ClockRef,
    pub calendar: Calendar,
}

impl Run {
    pub fn start(event: &ClockStarted, calendar: &Calendar) -> Self {
        let name = ClockRef {
            kind: event.kind,
            revision: 4,
        };
        let mut clocks = Clocks::default();
        clocks.start(name, event);
        Self {
            clocks,
            name,
            calendar: calendar.clone(),
        }
    }

    /// In working days over the shipped table.
    pub fn working(kind: ClockKind, from: Date, count: u32) -> Self {
        let calendar = shipped();
        Self::start(&started(kind, from, Unit::WorkingDays, count, &calendar), &calendar)
    }

    pub fn clock(&self) -> &Clock {
        self.clocks.get(self.name).unwrap()
    }

    pub fn due(&self) -> (Date, bool) {
        let due = &self.clock().due;
        (due.due_date, due.provisional)
    }

    pub fn pause(&mut self, from_date: Date) -> Result<(), ClockProblem> {
        self.clock().can_pause(from_date)?;
        self.clocks.apply(&ClockPaused {
            clock: self.name,
            reason: PauseReason::Test,
            from_date,
            told_date: Some(from_date),
        });
        Ok(())
    }

    pub fn resume(&mut self, on_date: Date) -> Result<(), ClockProblem> {
        self.clock().can_resume(on_date)?;
        let due = self.clock().due_when_resumed(on_date, &self.calendar).unwrap();
        self.clocks.apply(&ClockResumed {
            clock: self.name,
            on_date,
            due: deadline(due),
        });
        Ok(())
    }

    pub fn extend(&mut self, count: u32, approver_office: ApproverOffice, told: Date) -> Result<(), ClockProblem> {
        self.clock().can_extend(count, approver_office, told)?;
        let due = self.clock().due_when_extended(count, &self.calendar).unwrap();
        self.clocks.apply(&ClockExtended {
            clock: self.name,
            reason: ExtensionReason::ComplexMatter,
            count,
            approver: "head-1".to_owned(),
            approver_office,
            told_date: told,
            due: deadline(due),
        });
        Ok(())
    }

    /// Its last day passes and nothing was done.
    pub fn run_out(&mut self) {
        let due_date = self.clock().due.due_date;
        self.clock().can_expire(due_date.tomorrow().unwrap()).unwrap();
        self.clocks.apply(&ClockExpired {
            clock: self.name,
            due_date,
        });
    }

    pub fn meet(&mut self, on_date: Date) -> Result<(), ClockProblem> {
        self.clock().can_end(on_date)?;
        let late = self.clock().is_late(on_date);
        self.clocks.apply(&ClockMet {
            clock: self.name,
            on_date,
            late,
        });
        Ok(())
    }
}
