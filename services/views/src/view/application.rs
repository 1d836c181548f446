//! Applications: one row each, filings (备案) and applications of the licence regime (许可) alike, with what their
//! returns named.
//!
//! Open applications by state and by what their clocks leave at a day (`clock` says what waits), and what returned ones
//! lack:
//!
//! ```sql
//! SELECT a.state, ifnull((SELECT CASE WHEN c.state = 'expired' THEN 'overdue' WHEN c.state = 'paused' THEN 'paused'
//!     WHEN NOT c.provisional AND c.due_date < :at THEN 'overdue' WHEN c.due_date <= :soon THEN 'due_soon' ELSE 'ample' END
//!   FROM clock c WHERE c.institution = a.institution AND c.application = a.number AND c.waiting
//!   ORDER BY c.owner DESC, c.state = 'paused', c.state <> 'expired', c.due_date, c.kind, c.revision LIMIT 1), 'none')
//!   AS bucket, count(*) FROM application a WHERE a.open GROUP BY a.state, bucket;
//! SELECT t.item, count(DISTINCT a.institution || a.number) FROM application a JOIN application_item t
//!   ON t.institution = a.institution AND t.number = a.number AND t.return_number = a.returned
//! WHERE a.state = 'returned' GROUP BY t.item;
//! ```

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{ToSql, Transaction, params_from_iter};
use uuid::Uuid;
use yujian_domain::envelope::{Classification, PolicyRef};
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, DeemedOutcome, DismissalGround, InstitutionEvent, ReturnedItem,
};

use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::model::Scope;

mod read;

pub(crate) use read::{detail, page, urgent};

/// Applications.
pub(crate) struct Applications;

impl View for Applications {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "application",
                // `kind` is NULL while a damaged record hides it. `shown_state`: what an operator may know, left as it was
                // by events for the regulator alone. `submitted`: the legal day, or empty.
                ddl: "CREATE TABLE application(institution TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT,
                        state TEXT NOT NULL, since TEXT, shown_state TEXT NOT NULL, shown_since TEXT,
                        open INTEGER NOT NULL, submitted TEXT NOT NULL, returned INTEGER NOT NULL,
                        joint INTEGER NOT NULL, policy_id TEXT, policy_version INTEGER, proposed TEXT,
                        proposed_shown INTEGER NOT NULL, deemed TEXT, deemed_reversed INTEGER NOT NULL,
                        decided_date TEXT, late INTEGER NOT NULL, certificate_date TEXT,
                        certificate_late INTEGER NOT NULL, PRIMARY KEY(institution, number)) WITHOUT ROWID;
                      CREATE INDEX application_ordered ON application(submitted, institution, number);
                      CREATE INDEX application_open ON application(submitted, institution, number) WHERE open;
                      CREATE INDEX application_state ON application(state, submitted, institution, number);
                      CREATE INDEX application_deemed ON application(submitted, institution, number)
                        WHERE deemed IS NOT NULL;",
                key: "institution, number",
            },
            Table {
                name: "application_item",
                // `n` counts within the return.
                ddl: "CREATE TABLE application_item(institution TEXT NOT NULL, number INTEGER NOT NULL,
                        return_number INTEGER NOT NULL, n INTEGER NOT NULL, returned_date TEXT, item TEXT NOT NULL,
                        rule TEXT NOT NULL, problem TEXT NOT NULL,
                        PRIMARY KEY(institution, number, return_number, n)) WITHOUT ROWID;",
                key: "institution, number, return_number, n",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (What::Institution(event), Some(institution)) = (&seen.what, seen.institution) else {
            return Ok(());
        };
        let Some(number) = concerned(event) else { return Ok(()) };
        let row = Row {
            transaction,
            seen,
            institution: institution.to_string(),
            number,
        };
        row.open()?;
        if is_of_filing(event) {
            row.set("kind = ifnull(kind, 'filing')", &[])?;
        }
        row.note(event)?;
        match standing(event) {
            Some(_) if matches!(**event, InstitutionEvent::DeemedOutcomeReversed(_)) => Ok(()),
            Some(state) => row.stand(state),
            None => Ok(()),
        }
    }
}

/// The application that an event is about.
pub(crate) fn concerned(event: &InstitutionEvent) -> Option<u32> {
    use InstitutionEvent as E;
    Some(match event {
        E::FilingSubmitted(event) => event.application,
        E::FilingReturned(event) => event.application,
        E::FilingAccepted(event) => event.application,
        E::FilingWithdrawn(event) => event.application,
        E::FilingReceiptIssued(event) => event.application,
        E::ApplicationSubmitted(event) => event.application,
        E::ApplicationReturned(event) => event.application,
        E::ApplicationAccepted(event) => event.application,
        E::ApplicationDismissed(event) => event.application,
        E::InformationRequested(event) => event.application,
        E::InformationProvided(event) => event.application,
        E::SiteVerified(event) => event.application,
        E::DecisionProposed(event) => event.application,
        E::ProposalReturned(event) => event.application,
        E::ApplicationGranted(event) => event.application,
        E::RefusalIntended(event) => event.application,
        E::ObjectionLodged(event) => event.application,
        E::ObjectionDecided(event) => event.application,
        E::ApplicationRefused(event) => event.application,
        E::ApplicationWithdrawn(event) => event.application,
        E::ApplicationLapsed(event) => event.application,
        E::DeemedOutcomeApplied(event) => event.application,
        E::DeemedOutcomeReversed(event) => event.application,
        E::CertificateIssued(event) => event.application,
        _ => return None,
    })
}

/// Whether an event is one of a filing: those of the licence regime do not tell what was applied for.
const fn is_of_filing(event: &InstitutionEvent) -> bool {
    use InstitutionEvent as E;
    matches!(
        event,
        E::FilingSubmitted(_)
            | E::FilingReturned(_)
            | E::FilingAccepted(_)
            | E::FilingWithdrawn(_)
            | E::FilingReceiptIssued(_)
    )
}

/// Where an event leaves its application. A deemed outcome that is taken back leaves it where it must have stood for the
/// outcome to be deemed.
fn standing(event: &InstitutionEvent) -> Option<ApplicationState> {
    use ApplicationState as S;
    use InstitutionEvent as E;
    Some(match event {
        E::FilingSubmitted(_) | E::ApplicationSubmitted(_) => S::Submitted,
        E::FilingReturned(_) | E::ApplicationReturned(_) => S::Returned,
        E::FilingAccepted(_) | E::ApplicationAccepted(_) | E::InformationProvided(_) | E::ProposalReturned(_) => {
            S::Accepted
        }
        E::FilingWithdrawn(_) | E::ApplicationWithdrawn(_) => S::Withdrawn,
        E::FilingReceiptIssued(_) | E::ApplicationGranted(_) => S::Granted,
        E::ApplicationDismissed(event) => match event.ground {
            DismissalGround::NotRequired => S::NotRequired,
            DismissalGround::OutOfJurisdiction => S::OutOfJurisdiction,
            DismissalGround::MatterEnded => S::Terminated,
        },
        E::InformationRequested(_) => S::AwaitingInformation,
        E::DecisionProposed(_) => S::DecisionProposed,
        E::RefusalIntended(_) => S::RefusalIntended,
        E::ObjectionLodged(_) => S::Objected,
        E::ObjectionDecided(event) if event.upheld => S::Accepted,
        E::ObjectionDecided(_) => S::RefusalIntended,
        E::ApplicationRefused(_) => S::Refused,
        E::ApplicationLapsed(_) => S::Lapsed,
        E::DeemedOutcomeApplied(event) => match event.outcome {
            DeemedOutcome::Accepted => S::Accepted,
            DeemedOutcome::Renewed => S::Granted,
        },
        E::DeemedOutcomeReversed(event) => before_deemed(event.outcome),
        _ => return None,
    })
}

/// An acceptance is deemed while completeness is looked at, a renewal once it was accepted.
const fn before_deemed(outcome: DeemedOutcome) -> ApplicationState {
    match outcome {
        DeemedOutcome::Accepted => ApplicationState::Submitted,
        DeemedOutcome::Renewed => ApplicationState::Accepted,
    }
}

/// The row that an event changes.
struct Row<'a> {
    transaction: &'a Transaction<'a>,
    seen: &'a EventSeen<'a>,
    institution: String,
    number: u32,
}

impl Row<'_> {
    fn day(&self) -> Option<String> {
        self.seen.occurred_day().map(|day| day.to_string())
    }

    /// Whether an operator may know of the event.
    fn shown(&self) -> bool {
        self.seen.classification() != Classification::Regulator
    }

    fn open(&self) -> Result<(), ViewError> {
        self.transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO application(institution, number, state, shown_state, open, submitted, returned,
                   joint, proposed_shown, deemed_reversed, late, certificate_late)
                 VALUES(?, ?, 'submitted', 'submitted', 1, '', 0, 0, 0, 0, 0, 0)",
            )?
            .execute((&self.institution, self.number))?;
        Ok(())
    }

    fn set(&self, columns: &str, values: &[&dyn ToSql]) -> Result<(), ViewError> {
        let sql = format!("UPDATE application SET {columns} WHERE institution = ?1 AND number = ?2");
        let key: [&dyn ToSql; 2] = [&self.institution, &self.number];
        self.transaction
            .prepare_cached(&sql)?
            .execute(params_from_iter(key.into_iter().chain(values.iter().copied())))?;
        Ok(())
    }

    /// It stands there from the day of the event on.
    fn stand(&self, state: ApplicationState) -> Result<(), ViewError> {
        let (day, open) = (self.day(), !state.is_final());
        self.set("state = ?3, since = ?4, open = ?5", &[&state.code(), &day, &open])?;
        if self.shown() {
            self.set("shown_state = ?3, shown_since = ?4", &[&state.code(), &day])?;
        }
        Ok(())
    }

    /// What an event says besides where the application stands.
    fn note(&self, event: &InstitutionEvent) -> Result<(), ViewError> {
        use InstitutionEvent as E;
        match event {
            E::FilingSubmitted(_) => self.submitted(ApplicationKind::Filing),
            E::ApplicationSubmitted(event) => {
                self.submitted(event.kind)?;
                self.policy(&event.policy)
            }
            E::FilingReturned(event) => self.returned(&event.items),
            E::ApplicationReturned(event) => self.returned(&event.items),
            E::FilingAccepted(event) => self.policy(&event.receipt_due.policy),
            E::ApplicationAccepted(event) => self.set("joint = ?3", &[&event.joint]),
            E::DecisionProposed(event) => self.set(
                "proposed = ?3, proposed_shown = ?4",
                &[&event.outcome.code(), &self.shown()],
            ),
            E::ProposalReturned(_) => self.set("proposed = NULL", &[]),
            E::ObjectionDecided(event) if event.upheld => self.set("proposed = NULL", &[]),
            E::FilingReceiptIssued(event) => self.decided(event.issue_date, event.late),
            // A decision that is made is known, and with it what was proposed.
            E::ApplicationGranted(event) => self.decided(event.decision_date, event.late),
            E::ApplicationRefused(event) => self.decided(event.decision_date, event.late),
            E::CertificateIssued(event) => self.set(
                "certificate_date = ?3, certificate_late = ?4",
                &[&event.issue_date.to_string(), &event.late],
            ),
            E::DeemedOutcomeApplied(event) => self.set("deemed = ?3, deemed_reversed = 0", &[&event.outcome.code()]),
            E::DeemedOutcomeReversed(event) => self.reversed(event.outcome),
            _ => Ok(()),
        }
    }

    fn submitted(&self, kind: ApplicationKind) -> Result<(), ViewError> {
        self.set(
            "kind = ifnull(kind, ?3), submitted = CASE submitted WHEN '' THEN ifnull(?4, '') ELSE submitted END",
            &[&kind.code(), &self.day()],
        )
    }

    fn policy(&self, policy: &PolicyRef) -> Result<(), ViewError> {
        self.set(
            "policy_id = ifnull(policy_id, ?3), policy_version = ifnull(policy_version, ?4)",
            &[&policy.id, &policy.version],
        )
    }

    fn decided(&self, day: Date, late: bool) -> Result<(), ViewError> {
        self.set(
            "decided_date = ?3, late = ?4, proposed_shown = 1",
            &[&day.to_string(), &late],
        )
    }

    fn returned(&self, items: &[ReturnedItem]) -> Result<(), ViewError> {
        self.set("returned = returned + 1", &[])?;
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO application_item(institution, number, return_number, n, returned_date, item, rule, problem)
             SELECT ?1, ?2, a.returned, ?3, ?4, ?5, ?6, ?7 FROM application a
             WHERE a.institution = ?1 AND a.number = ?2",
        )?;
        for (n, item) in (0_u32..).zip(items) {
            insert.execute((
                &self.institution,
                self.number,
                n,
                self.day(),
                &item.item,
                &item.rule,
                item.problem.code(),
            ))?;
        }
        Ok(())
    }

    /// A deemed outcome that does not stand can't be taken back.
    fn reversed(&self, outcome: DeemedOutcome) -> Result<(), ViewError> {
        let stands = self
            .transaction
            .prepare_cached(
                "SELECT 1 FROM application WHERE institution = ? AND number = ? AND deemed = ? AND NOT deemed_reversed",
            )?
            .exists((&self.institution, self.number, outcome.code()))?;
        if stands {
            self.set("deemed_reversed = 1", &[])?;
            self.stand(before_deemed(outcome))?;
        }
        Ok(())
    }
}

/// Columns of the state and of the day since, as a scope may know them.
pub(crate) fn state_columns(scope: &Scope) -> (&'static str, &'static str) {
    if scope.organisation.is_some() {
        ("a.shown_state", "a.shown_since")
    } else {
        ("a.state", "a.since")
    }
}

/// The key of an application as SQL binds it.
fn key(institution: Uuid, number: u32) -> [Value; 2] {
    [Value::Text(institution.to_string()), Value::Integer(number.into())]
}
