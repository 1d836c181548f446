//! Legal clocks (时限): one row each, and one for each event of it.
//!
//! Clocks that somebody must still act in, by what is left of them at a day:
//!
//! ```sql
//! SELECT c.owner, CASE WHEN c.state = 'expired' THEN 'overdue' WHEN c.state = 'paused' THEN 'paused'
//!   WHEN NOT c.provisional AND c.due_date < :at THEN 'overdue' WHEN c.due_date <= :soon THEN 'due_soon'
//!   ELSE 'ample' END AS bucket, count(*) FROM clock c WHERE c.waiting GROUP BY c.owner, bucket;
//! ```
//!
//! A filing that was accepted before clocks were events of their own has an implied one: it begins with the acceptance,
//! whose deadline it has, and ends with what became of the filing.

use jiff::civil::Date;
use rusqlite::{ToSql, Transaction, params, params_from_iter};
use yujian_domain::clock::{ClockKind, ClockRef, ClockStarted, ClockState, Deadline, Unit};
use yujian_domain::institution::{DeemedOutcome, FilingAccepted, InstitutionEvent, Status};

use crate::database::integer;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::model::ClockStepKind;

mod read;

pub(crate) use read::{
    Days, FIRST, application_bucket, first_of_application, histories_page, of_application, of_institution, one, page,
    receipt_due,
};

/// Clocks.
pub(crate) struct Clocks;

impl View for Clocks {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "clock",
                // `settled`: it has run out, and what follows from that has followed, or its matter is over. `waiting`:
                // somebody must still act; an end that only ends a right asks for nothing any more.
                ddl: "CREATE TABLE clock(institution TEXT NOT NULL, kind TEXT NOT NULL, revision INTEGER NOT NULL,
                        application INTEGER, owner TEXT NOT NULL, from_date TEXT NOT NULL, unit TEXT NOT NULL,
                        count INTEGER NOT NULL, extension INTEGER NOT NULL, due_date TEXT NOT NULL,
                        provisional INTEGER NOT NULL, state TEXT NOT NULL, settled INTEGER NOT NULL, paused_from TEXT,
                        ended_date TEXT, late INTEGER NOT NULL, policy_id TEXT NOT NULL,
                        policy_version INTEGER NOT NULL, implied INTEGER NOT NULL,
                        waiting INTEGER NOT NULL GENERATED ALWAYS AS (state IN ('running', 'paused') OR
                          (state = 'expired' AND NOT settled
                           AND kind NOT IN ('waiver', 'renewal_ask', 'hearing_request'))) STORED,
                        PRIMARY KEY(institution, kind, revision)) WITHOUT ROWID;
                      CREATE INDEX clock_waiting ON clock(due_date, institution, kind, revision) WHERE waiting;
                      CREATE INDEX clock_case ON clock(due_date, institution, kind, revision)
                        WHERE waiting AND owner = 'authority' AND state <> 'paused' AND application IS NOT NULL;
                      CREATE INDEX clock_waiting_of ON clock(institution) WHERE waiting;
                      CREATE INDEX clock_ordered ON clock(due_date, institution, kind, revision);
                      CREATE INDEX clock_receipt ON clock(due_date, institution, revision)
                        WHERE kind = 'receipt' AND state IN ('running', 'expired');
                      CREATE INDEX clock_application ON clock(institution, application);
                      CREATE INDEX clock_implied ON clock(institution) WHERE implied AND state = 'running';
                      CREATE INDEX clock_owed ON clock(institution) WHERE state = 'expired' AND NOT settled;",
                key: "institution, kind, revision",
            },
            Table {
                name: "clock_step",
                // `step`: revision of the event.
                ddl: "CREATE TABLE clock_step(institution TEXT NOT NULL, kind TEXT NOT NULL, revision INTEGER NOT NULL,
                        step INTEGER NOT NULL, what TEXT NOT NULL, date TEXT, reason TEXT, count INTEGER, due_date TEXT,
                        provisional INTEGER NOT NULL,
                        PRIMARY KEY(institution, kind, revision, step)) WITHOUT ROWID;",
                key: "institution, kind, revision, step",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (What::Institution(event), Some(institution), Some(revision)) =
            (&seen.what, seen.institution, seen.revision)
        else {
            return Ok(());
        };
        let fold = Fold {
            transaction,
            seen,
            institution: institution.to_string(),
            revision,
        };
        fold.clock(event)?;
        fold.implied(event)?;
        fold.settle(event)
    }
}

/// A step of a clock.
struct Step<'a> {
    what: ClockStepKind,
    date: Option<Date>,
    reason: Option<&'a str>,
    count: Option<u32>,
    due: Option<&'a Deadline>,
}

impl Step<'_> {
    const fn of(what: ClockStepKind, date: Option<Date>) -> Self {
        Self {
            what,
            date,
            reason: None,
            count: None,
            due: None,
        }
    }
}

/// What was told in time and is known late takes back that a clock has run out.
const TAKEN_BACK: &str = "late = late AND state <> 'expired',
    ended_date = CASE state WHEN 'expired' THEN NULL ELSE ended_date END";

/// What an event changes.
struct Fold<'a> {
    transaction: &'a Transaction<'a>,
    seen: &'a EventSeen<'a>,
    institution: String,
    revision: u64,
}

impl Fold<'_> {
    fn clock(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use ClockStepKind as K;
        use InstitutionEvent as E;
        match event {
            E::ClockStarted(event) => {
                self.forget_implied(event)?;
                self.start(event, false)
            }
            E::ClockPaused(event) => self.change(
                event.clock,
                &format!("state = 'paused', paused_from = ?4, {TAKEN_BACK}"),
                &[&event.from_date.to_string()],
                &Step {
                    reason: Some(event.reason.code()),
                    ..Step::of(K::Paused, Some(event.from_date))
                },
            ),
            E::ClockResumed(event) => self.count(
                event.clock,
                "state = 'running', paused_from = NULL",
                &event.due,
                Step::of(K::Resumed, Some(event.on_date)),
            ),
            E::ClockExtended(event) => {
                // A sum that no store can hold is no number of days either.
                self.change_only(
                    event.clock,
                    &format!(
                        "extension = min(extension + ?4, 4294967295), {TAKEN_BACK},
                         state = CASE state WHEN 'expired' THEN 'running' ELSE state END"
                    ),
                    &[&event.count],
                )?;
                self.count(
                    event.clock,
                    "extension = extension",
                    &event.due,
                    Step {
                        reason: Some(event.reason.code()),
                        count: Some(event.count),
                        ..Step::of(K::Extended, Some(event.told_date))
                    },
                )
            }
            E::ClockRecomputed(event) => self.count(
                event.clock,
                "extension = extension",
                &event.due,
                Step::of(K::Recomputed, self.seen.occurred_day()),
            ),
            E::ClockMet(event) => self.change(
                event.clock,
                "state = 'met', paused_from = NULL, ended_date = ?4, late = ?5",
                &[&event.on_date.to_string(), &event.late],
                &Step::of(K::Met, Some(event.on_date)),
            ),
            E::ClockExpired(event) => self.change(
                event.clock,
                "state = 'expired', paused_from = NULL, ended_date = ?4, late = 1",
                &[&event.due_date.to_string()],
                &Step::of(K::Expired, Some(event.due_date)),
            ),
            E::ClockCancelled(event) => self.change(
                event.clock,
                "state = 'cancelled', paused_from = NULL, ended_date = ?4",
                &[&event.on_date.to_string()],
                &Step::of(K::Cancelled, Some(event.on_date)),
            ),
            _ => Ok(()),
        }
    }

    fn start(&self, event: &ClockStarted, implied: bool) -> Result<(), ViewError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO clock(institution, kind, revision, application, owner, from_date, unit, count,
                   extension, due_date, provisional, state, settled, late, policy_id, policy_version, implied)
                 VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 0, 0, ?, ?, ?)",
            )?
            .execute(params![
                self.institution,
                event.kind.code(),
                integer(self.revision),
                event.application,
                event.kind.owner().code(),
                event.from_date.to_string(),
                event.unit.code(),
                event.count,
                event.due.due_date.to_string(),
                event.due.provisional,
                ClockState::Running.code(),
                event.due.policy.id,
                event.due.policy.version,
                implied,
            ])?;
        let started = ClockRef {
            kind: event.kind,
            revision: self.revision,
        };
        self.step(
            started,
            &Step {
                due: Some(&event.due),
                ..Step::of(ClockStepKind::Started, Some(event.from_date))
            },
        )
    }

    /// Changes a clock that was started; answers whether there is one.
    fn change_only(&self, clock: ClockRef, columns: &str, values: &[&dyn ToSql]) -> Result<bool, ViewError> {
        let sql = format!("UPDATE clock SET {columns} WHERE institution = ?1 AND kind = ?2 AND revision = ?3");
        let (kind, revision) = (clock.kind.code(), integer(clock.revision));
        let key: [&dyn ToSql; 3] = [&self.institution, &kind, &revision];
        let changed = self
            .transaction
            .prepare_cached(&sql)?
            .execute(params_from_iter(key.into_iter().chain(values.iter().copied())))?;
        Ok(changed > 0)
    }

    fn change(&self, clock: ClockRef, columns: &str, values: &[&dyn ToSql], step: &Step<'_>) -> Result<(), ViewError> {
        if self.change_only(clock, columns, values)? {
            self.step(clock, step)?;
        }
        Ok(())
    }

    /// Changes a clock whose end was counted anew.
    fn count<'a>(&self, clock: ClockRef, columns: &str, due: &'a Deadline, step: Step<'a>) -> Result<(), ViewError> {
        let step = Step { due: Some(due), ..step };
        self.change(
            clock,
            &format!("{columns}, due_date = ?4, provisional = ?5, policy_id = ?6, policy_version = ?7"),
            &[
                &due.due_date.to_string(),
                &due.provisional,
                &due.policy.id,
                &due.policy.version,
            ],
            &step,
        )
    }

    fn step(&self, clock: ClockRef, step: &Step<'_>) -> Result<(), ViewError> {
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO clock_step VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                self.institution,
                clock.kind.code(),
                integer(clock.revision),
                integer(self.revision),
                step.what.code(),
                step.date.map(|day| day.to_string()),
                step.reason,
                step.count,
                step.due.map(|due| due.due_date.to_string()),
                step.due.is_some_and(|due| due.provisional),
            ])?;
        Ok(())
    }

    /// What becomes of the implied clock of a filing.
    fn implied(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        match event {
            E::FilingAccepted(event) => self.accepted(event),
            E::FilingSubmitted(event) => self.end_implied(Some(event.application), ClockState::Cancelled, None, false),
            E::FilingReturned(event) => self.end_implied(Some(event.application), ClockState::Cancelled, None, false),
            E::FilingWithdrawn(event) => self.end_implied(Some(event.application), ClockState::Cancelled, None, false),
            E::FilingReceiptIssued(event) => self.end_implied(
                Some(event.application),
                ClockState::Met,
                Some(event.issue_date),
                event.late,
            ),
            // The notice is the authority's answer instead of the receipt, which becomes due again with conformity.
            E::NonconformityNotified(_) => self.end_implied(None, ClockState::Cancelled, None, false),
            E::ConformityConfirmed(event) if event.status == Status::Accepted => self.revive_implied(),
            E::InstitutionClosed(event) => {
                self.end_implied(None, ClockState::Cancelled, Some(event.closing_date), false)
            }
            _ => Ok(()),
        }
    }

    fn accepted(&self, event: &FilingAccepted) -> Result<(), ViewError> {
        self.end_implied(Some(event.application), ClockState::Cancelled, None, false)?;
        let told = self
            .transaction
            .prepare_cached(
                "SELECT 1 FROM clock WHERE institution = ? AND kind = 'receipt' AND application = ? AND waiting
                 AND NOT implied",
            )?
            .exists((&self.institution, event.application))?;
        if told {
            return Ok(());
        }
        let started = ClockStarted {
            application: Some(event.application),
            kind: ClockKind::Receipt,
            from_date: self.seen.occurred_day().unwrap_or(event.receipt_due.due_date),
            unit: Unit::FixedDay,
            count: 0,
            due: event.receipt_due.clone(),
        };
        self.start(&started, true)
    }

    /// A clock that has an event of its own takes the place of the implied one that still runs.
    fn forget_implied(&self, event: &ClockStarted) -> Result<(), ViewError> {
        if event.kind != ClockKind::Receipt {
            return Ok(());
        }
        let chosen = "institution = ?1 AND kind = 'receipt' AND revision IN (SELECT c.revision FROM clock c
            WHERE c.institution = ?1 AND c.kind = 'receipt' AND c.application = ?2 AND c.implied AND c.state = 'running')";
        for table in ["clock_step", "clock"] {
            self.transaction
                .prepare_cached(&format!("DELETE FROM {table} WHERE {chosen}"))?
                .execute((&self.institution, event.application))?;
        }
        Ok(())
    }

    /// Ends the implied clock that runs, of one filing or of all.
    fn end_implied(
        &self,
        application: Option<u32>,
        state: ClockState,
        day: Option<Date>,
        late: bool,
    ) -> Result<(), ViewError> {
        let running: Vec<i64> = {
            let mut statement = self.transaction.prepare_cached(
                "SELECT revision FROM clock WHERE institution = ?1 AND kind = 'receipt' AND implied
                 AND state = 'running' AND (?2 IS NULL OR application = ?2)",
            )?;
            let rows = statement.query_map((&self.institution, application), |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        let day = day.or(self.seen.occurred_day());
        let what = match state {
            ClockState::Met => ClockStepKind::Met,
            _ => ClockStepKind::Cancelled,
        };
        for revision in running {
            let clock = receipt(revision);
            let ended = day.map(|day| day.to_string());
            self.change(
                clock,
                "state = ?4, ended_date = ?5, late = ?6",
                &[&state.code(), &ended, &late],
                &Step::of(what, day),
            )?;
        }
        Ok(())
    }

    /// The receipt is owed again: the last implied clock of a filing that stands accepted runs on.
    fn revive_implied(&self) -> Result<(), ViewError> {
        let last: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT max(c.revision) FROM clock c JOIN application a ON a.institution = c.institution
                   AND a.number = c.application
                 WHERE c.institution = ? AND c.kind = 'receipt' AND c.implied AND c.state = 'cancelled'
                   AND a.state = 'accepted'",
            )?
            .query_row([&self.institution], |row| row.get(0))?;
        let Some(revision) = last else { return Ok(()) };
        self.change(
            receipt(revision),
            "state = 'running', ended_date = NULL, late = 0",
            &[],
            &Step::of(ClockStepKind::Resumed, self.seen.occurred_day()),
        )
    }

    /// Clocks that have run out and that nobody need act in any more.
    fn settle(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        let of_application = |number: u32| -> Result<(), ViewError> {
            self.transaction
                .prepare_cached(
                    "UPDATE clock SET settled = 1 WHERE institution = ? AND application = ? AND state = 'expired'
                     AND NOT settled",
                )?
                .execute((&self.institution, number))?;
            Ok(())
        };
        match event {
            E::DeemedOutcomeApplied(event) => {
                self.change_only(event.clock, "settled = 1", &[])?;
                match event.outcome {
                    // The decision that was not made is not owed any more.
                    DeemedOutcome::Renewed => of_application(event.application),
                    DeemedOutcome::Accepted => Ok(()),
                }
            }
            E::DeemedOutcomeReversed(event) if event.outcome == DeemedOutcome::Renewed => {
                self.transaction
                    .prepare_cached(
                        "UPDATE clock SET settled = 0 WHERE institution = ? AND application = ? AND state = 'expired'
                         AND settled",
                    )?
                    .execute((&self.institution, event.application))?;
                Ok(())
            }
            E::AuthorizationExpired(_) => self.all("kind = 'renewal'"),
            E::ApplicationLapsed(event) => {
                self.change_only(event.clock, "settled = 1", &[])?;
                of_application(event.application)
            }
            E::FilingWithdrawn(event) => of_application(event.application),
            E::FilingReceiptIssued(event) => of_application(event.application),
            E::ApplicationGranted(event) => of_application(event.application),
            E::ApplicationRefused(event) => of_application(event.application),
            E::ApplicationWithdrawn(event) => of_application(event.application),
            E::ApplicationDismissed(event) => of_application(event.application),
            E::InstitutionClosed(_) => self.all("kind <> 'cessation'"),
            E::CessationClosed(_) => self.all("kind = 'cessation'"),
            E::RegimeChanged(_) => self.all("kind = 'migration'"),
            _ => Ok(()),
        }
    }

    fn all(&self, which: &str) -> Result<(), ViewError> {
        let sql = format!(
            "UPDATE clock SET settled = 1 WHERE institution = ? AND state = 'expired' AND NOT settled AND {which}"
        );
        self.transaction.prepare_cached(&sql)?.execute([&self.institution])?;
        Ok(())
    }
}

fn receipt(revision: i64) -> ClockRef {
    ClockRef {
        kind: ClockKind::Receipt,
        revision: crate::database::natural(revision),
    }
}
