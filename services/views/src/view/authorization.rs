//! Authorizations (备案回执, 许可证): one row each term, with conditions, waivers and cessations.
//!
//! Institutions by how the last term that held stands:
//!
//! ```sql
//! SELECT z.kind, z.state, count(*) FROM authorization z WHERE z.ordinal = (SELECT max(y.ordinal) FROM authorization y
//!   WHERE y.institution = z.institution AND y.state <> 'reversed') GROUP BY z.kind, z.state;
//! SELECT count(*) FROM licence_condition d WHERE d.state = 'open';
//! SELECT count(*) FROM cessation e WHERE e.closed_date IS NULL;
//! ```

use jiff::ToSpan as _;
use jiff::civil::Date;
use rusqlite::{OptionalExtension as _, ToSql, Transaction, params, params_from_iter};
use yujian_domain::institution::{
    AuthorizationKind, ConditionImposed, ConditionState, DeemedOutcome, FactCorrected, InstitutionEvent,
    RevocationGround,
};

use crate::database::integer;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::model::{AuthorizationBasis, AuthorizationState};

mod read;

pub(crate) use read::of_institution;

/// Authorizations.
pub(crate) struct Authorizations;

impl View for Authorizations {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "authorization",
                // `ended`: how, a code of the state. `…_revision`: the event whose fact the column holds, for corrections.
                ddl:
                    "CREATE TABLE authorization(institution TEXT NOT NULL, ordinal INTEGER NOT NULL, kind TEXT NOT NULL,
                        basis TEXT NOT NULL, number TEXT, application INTEGER NOT NULL, revision INTEGER NOT NULL,
                        valid_from TEXT NOT NULL, valid_to TEXT, provisional_until TEXT, suspended INTEGER NOT NULL,
                        ended TEXT, ended_date TEXT, ground TEXT, number_revision INTEGER,
                        from_revision INTEGER NOT NULL, to_revision INTEGER NOT NULL,
                        state TEXT NOT NULL GENERATED ALWAYS AS (CASE WHEN ended IS NOT NULL THEN ended
                          WHEN suspended THEN 'suspended' WHEN provisional_until IS NOT NULL THEN 'provisional'
                          ELSE 'active' END) STORED,
                        PRIMARY KEY(institution, ordinal)) WITHOUT ROWID;",
                key: "institution, ordinal",
            },
            Table {
                name: "licence_condition",
                ddl: "CREATE TABLE licence_condition(institution TEXT NOT NULL, number INTEGER NOT NULL,
                        application INTEGER, item TEXT NOT NULL, text TEXT NOT NULL, due_date TEXT NOT NULL,
                        until_date TEXT, imposed_date TEXT, state TEXT NOT NULL, ended_date TEXT, late INTEGER NOT NULL,
                        PRIMARY KEY(institution, number)) WITHOUT ROWID;",
                key: "institution, number",
            },
            Table {
                name: "waiver",
                ddl: "CREATE TABLE waiver(institution TEXT NOT NULL, application INTEGER NOT NULL, item TEXT NOT NULL,
                        from_date TEXT NOT NULL, until_date TEXT NOT NULL,
                        PRIMARY KEY(institution, application)) WITHOUT ROWID;",
                key: "institution, application",
            },
            Table {
                name: "cessation",
                ddl: "CREATE TABLE cessation(institution TEXT NOT NULL, ordinal INTEGER NOT NULL, cause TEXT NOT NULL,
                        children INTEGER NOT NULL, placed INTEGER NOT NULL, opened_date TEXT, frozen_date TEXT NOT NULL,
                        closed_date TEXT, PRIMARY KEY(institution, ordinal)) WITHOUT ROWID;",
                key: "institution, ordinal",
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
            revision: integer(revision),
        };
        fold.terms(event)?;
        fold.ends(event)?;
        fold.conditions(event)?;
        fold.cessations(event)
    }
}

/// A term that begins.
struct Term {
    kind: AuthorizationKind,
    basis: AuthorizationBasis,
    number: Option<String>,
    number_revision: Option<i64>,
    application: u32,
    valid_from: Date,
    valid_to: Option<String>,
    to_revision: i64,
    provisional_until: Option<String>,
    suspended: bool,
}

struct Fold<'a> {
    transaction: &'a Transaction<'a>,
    seen: &'a EventSeen<'a>,
    institution: String,
    revision: i64,
}

impl Fold<'_> {
    /// Terms that begin.
    fn terms(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        match event {
            E::FilingReceiptIssued(event) => self.begin(&Term {
                kind: AuthorizationKind::Receipt,
                basis: AuthorizationBasis::Receipt,
                number: Some(event.receipt_number.clone()),
                number_revision: Some(self.revision),
                application: event.application,
                valid_from: event.issue_date,
                valid_to: None,
                to_revision: self.revision,
                provisional_until: None,
                suspended: false,
            }),
            E::LicenceGranted(event) => self.begin(&Term {
                kind: AuthorizationKind::Licence,
                basis: AuthorizationBasis::Grant,
                number: Some(event.number.clone()),
                number_revision: Some(self.revision),
                application: event.application,
                valid_from: event.valid_from_date,
                valid_to: Some(event.valid_to_date.to_string()),
                to_revision: self.revision,
                provisional_until: None,
                suspended: false,
            }),
            E::LicenceRenewed(event) => self.go_on(
                AuthorizationBasis::Renewal,
                event.application,
                event.valid_from_date,
                Some(event.valid_to_date),
            ),
            E::AuthorizationTransferred(event) => self.go_on(
                AuthorizationBasis::Transfer,
                event.application,
                event.effective_date,
                None,
            ),
            E::DeemedOutcomeReversed(event) if event.outcome == DeemedOutcome::Renewed => {
                self.reverse(event.application)
            }
            E::FactCorrected(event) => self.correct(event),
            _ => Ok(()),
        }
    }

    /// How the term that holds ends or is held back.
    fn ends(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        let after = |last: Date| last.saturating_add(1.day());
        match event {
            E::MadeProvisional(event) => self.hold("provisional_until = ?2", &[&event.until_date.to_string()]),
            E::StandingRestored(_) => self.hold("provisional_until = NULL", &[]),
            E::InstitutionSuspended(_) => self.hold("suspended = 1", &[]),
            E::InstitutionResumed(_) => self.hold("suspended = 0", &[]),
            E::AuthorizationRevoked(event) => {
                self.end(AuthorizationState::Revoked, event.effective_date, Some(event.ground))
            }
            E::AuthorizationExpired(event) => self.end(AuthorizationState::Expired, after(event.valid_to_date), None),
            E::InstitutionClosed(event) => self.end(AuthorizationState::Closed, after(event.closing_date), None),
            _ => Ok(()),
        }
    }

    fn conditions(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        match event {
            E::ConditionImposed(event) => self.impose(event),
            E::ConditionMet(event) => self.condition(
                event.condition,
                ConditionState::Met,
                Some(event.on_date.to_string()),
                event.late,
            ),
            E::ConditionLifted(event) => self.condition(event.condition, ConditionState::Lifted, self.day(), false),
            E::WaiverGranted(event) => {
                self.transaction
                    .prepare_cached("INSERT OR REPLACE INTO waiver VALUES(?, ?, ?, ?, ?)")?
                    .execute((
                        &self.institution,
                        event.application,
                        &event.item,
                        event.from_date.to_string(),
                        event.until_date.to_string(),
                    ))?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn cessations(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        let last = "institution = ?1 AND ordinal = (SELECT max(e.ordinal) FROM cessation e WHERE e.institution = ?1)";
        match event {
            E::CessationOpened(event) => {
                self.transaction
                    .prepare_cached(
                        "INSERT INTO cessation(institution, ordinal, cause, children, placed, opened_date, frozen_date)
                         SELECT ?1, 1 + ifnull(max(ordinal), 0), ?2, ?3, 0, ?4, ?5 FROM cessation WHERE institution = ?1",
                    )?
                    .execute((
                        &self.institution,
                        event.cause.code(),
                        event.children_to_place,
                        self.day(),
                        event.enrolment_frozen_date.to_string(),
                    ))?;
            }
            E::PlacementRecorded(event) => {
                self.transaction
                    .prepare_cached(&format!(
                        "UPDATE cessation SET placed = min(placed + ?2, 4294967295) WHERE {last}"
                    ))?
                    .execute((&self.institution, event.children))?;
            }
            E::CessationClosed(event) => {
                self.transaction
                    .prepare_cached(&format!("UPDATE cessation SET closed_date = ?2 WHERE {last}"))?
                    .execute((&self.institution, event.on_date.to_string()))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn day(&self) -> Option<String> {
        self.seen.occurred_day().map(|day| day.to_string())
    }

    fn begin(&self, term: &Term) -> Result<(), ViewError> {
        self.end(AuthorizationState::Superseded, term.valid_from, None)?;
        self.transaction
            .prepare_cached(
                "INSERT INTO authorization(institution, ordinal, kind, basis, number, application, revision, valid_from,
                   valid_to, provisional_until, suspended, number_revision, from_revision, to_revision)
                 SELECT ?1, 1 + ifnull(max(ordinal), 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?6, ?12
                 FROM authorization WHERE institution = ?1",
            )?
            .execute(params![
                self.institution,
                term.kind.code(),
                term.basis.code(),
                term.number,
                term.application,
                self.revision,
                term.valid_from.to_string(),
                term.valid_to,
                term.provisional_until,
                term.suspended,
                term.number_revision,
                term.to_revision,
            ])?;
        Ok(())
    }

    /// Another term of the last authorization, under its number. Without a last day of its own it keeps the one it had.
    fn go_on(
        &self,
        basis: AuthorizationBasis,
        application: u32,
        valid_from: Date,
        valid_to: Option<Date>,
    ) -> Result<(), ViewError> {
        let held = self
            .transaction
            .prepare_cached(
                "SELECT kind, number, number_revision, valid_to, to_revision, provisional_until, suspended
                 FROM authorization WHERE institution = ? AND state <> 'reversed' ORDER BY ordinal DESC LIMIT 1",
            )?
            .query_row([&self.institution], |row| {
                Ok(Term {
                    kind: AuthorizationKind::from_code(&row.get::<_, String>(0)?).unwrap_or(AuthorizationKind::Licence),
                    basis,
                    number: row.get(1)?,
                    number_revision: row.get(2)?,
                    application,
                    valid_from,
                    valid_to: row.get(3)?,
                    to_revision: row.get(4)?,
                    provisional_until: row.get(5)?,
                    suspended: row.get(6)?,
                })
            })
            .optional()?;
        // A damaged record may hide what is renewed.
        let mut term = held.unwrap_or(Term {
            kind: AuthorizationKind::Licence,
            basis,
            number: None,
            number_revision: None,
            application,
            valid_from,
            valid_to: None,
            to_revision: self.revision,
            provisional_until: None,
            suspended: false,
        });
        if let Some(last) = valid_to {
            (term.valid_to, term.to_revision) = (Some(last.to_string()), self.revision);
        }
        self.begin(&term)
    }

    /// Changes the term that holds, if one does.
    fn hold(&self, columns: &str, values: &[&dyn ToSql]) -> Result<(), ViewError> {
        let sql = format!(
            "UPDATE authorization SET {columns} WHERE institution = ?1 AND ended IS NULL AND ordinal =
               (SELECT max(y.ordinal) FROM authorization y WHERE y.institution = ?1 AND y.state <> 'reversed')"
        );
        let key: [&dyn ToSql; 1] = [&self.institution];
        self.transaction
            .prepare_cached(&sql)?
            .execute(params_from_iter(key.into_iter().chain(values.iter().copied())))?;
        Ok(())
    }

    fn end(
        &self,
        state: AuthorizationState,
        first_day_without: Date,
        ground: Option<RevocationGround>,
    ) -> Result<(), ViewError> {
        self.hold(
            "ended = ?2, ended_date = ?3, ground = ?4",
            &[
                &state.code(),
                &first_day_without.to_string(),
                &ground.map(RevocationGround::code),
            ],
        )
    }

    /// A deemed renewal never was: the term before it holds again.
    fn reverse(&self, application: u32) -> Result<(), ViewError> {
        let found: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT max(ordinal) FROM authorization WHERE institution = ? AND application = ?
                 AND basis = 'renewal' AND state <> 'reversed'",
            )?
            .query_row((&self.institution, application), |row| row.get(0))?;
        let Some(ordinal) = found else { return Ok(()) };
        self.transaction
            .prepare_cached(
                "UPDATE authorization SET ended = 'reversed', ended_date = valid_from
                 WHERE institution = ? AND ordinal = ?",
            )?
            .execute((&self.institution, ordinal))?;
        self.transaction
            .prepare_cached(
                "UPDATE authorization SET ended = NULL, ended_date = NULL WHERE institution = ?1 AND ended = 'superseded'
                 AND ordinal = (SELECT max(y.ordinal) FROM authorization y WHERE y.institution = ?1 AND y.ordinal < ?2
                   AND y.state <> 'reversed')",
            )?
            .execute((&self.institution, ordinal))?;
        Ok(())
    }

    /// A fact that a term shows was wrong. A day that a correction takes away without another stays: a term has a day.
    fn correct(&self, event: &FactCorrected) -> Result<(), ViewError> {
        let text = event.value.as_ref().and_then(|value| value.as_str());
        let day = text
            .and_then(|text| text.parse::<Date>().ok())
            .map(|day| day.to_string());
        let (sql, value) = match event.key.as_str() {
            "receipt.number" | "licence.number" => (
                "UPDATE authorization SET number = ?3, number_revision = ?4
                 WHERE institution = ?1 AND number_revision = ?2",
                text.map(str::to_owned),
            ),
            "receipt.date" | "licence.valid_from_date" if day.is_some() => (
                "UPDATE authorization SET valid_from = ?3, from_revision = ?4
                 WHERE institution = ?1 AND from_revision = ?2",
                day,
            ),
            "licence.valid_to_date" if day.is_some() => (
                "UPDATE authorization SET valid_to = ?3, to_revision = ?4 WHERE institution = ?1 AND to_revision = ?2",
                day,
            ),
            _ => return Ok(()),
        };
        self.transaction.prepare_cached(sql)?.execute((
            &self.institution,
            integer(event.revision),
            value,
            self.revision,
        ))?;
        Ok(())
    }

    fn impose(&self, event: &ConditionImposed) -> Result<(), ViewError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO licence_condition(institution, number, application, item, text, due_date,
                   until_date, imposed_date, state, late) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            )?
            .execute(params![
                self.institution,
                event.condition,
                event.application,
                event.terms.item,
                event.terms.text,
                event.terms.due_date.to_string(),
                event.terms.until_date.map(|day| day.to_string()),
                self.day(),
                ConditionState::Open.code(),
            ])?;
        Ok(())
    }

    fn condition(&self, number: u32, state: ConditionState, day: Option<String>, late: bool) -> Result<(), ViewError> {
        self.transaction
            .prepare_cached(
                "UPDATE licence_condition SET state = ?3, ended_date = ?4, late = ?5
                 WHERE institution = ?1 AND number = ?2",
            )?
            .execute((&self.institution, number, state.code(), day, late))?;
        Ok(())
    }
}
