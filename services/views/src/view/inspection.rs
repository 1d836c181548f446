//! Inspections: one row each, with who inspects and the latest answers.
//!
//! Inspections by state and by purpose, and those with too many children to a carer:
//!
//! ```sql
//! SELECT n.status, count(*) FROM inspection n GROUP BY n.status;
//! SELECT n.purpose, count(*) FROM inspection n GROUP BY n.purpose;
//! SELECT count(*) FROM inspection n WHERE n.ratio_exceeded;
//! ```

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use yujian_domain::inspection::{
    ChecklistRef, DraftReportIssued, InspectionEvent, InspectionPlanned, Inspector, PresenceCounted, Purpose,
    RecusalGround, Status,
};
use yujian_domain::institution::Deadline;
use yujian_domain::personal::Personal;
use yujian_domain::time::day_of;
use yujian_domain::values::ExternalId;

use crate::cell;
use crate::database::parsed;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};

mod read;

pub(crate) use read::{detail, page};

/// Inspections.
pub(crate) struct Inspections;

/// The institution that an event names, when it does.
pub(crate) fn names(event: &InspectionEvent) -> Option<Uuid> {
    match event {
        InspectionEvent::InspectionPlanned(planned) => Some(planned.institution),
        InspectionEvent::InspectionImported(row) => Some(row.institution),
        _ => None,
    }
}

/// The institution of an inspection that has been folded before.
pub(crate) fn institution_of(connection: &Connection, inspection: Uuid) -> Result<Option<Uuid>, ViewError> {
    let found: Option<String> = connection
        .prepare_cached("SELECT institution FROM inspection WHERE id = ?")?
        .query_row([inspection.to_string()], |row| row.get(0))
        .optional()?;
    found.map(|text| parsed(&text, "institution", cell::uuid)).transpose()
}

impl View for Inspections {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "inspection",
                // `body` holds the whole row as JSON, for folding and reading; the columns beside it are what lists and
                // figures ask for. `ordered_by`: the day of the visit, else the first of the window, or empty. `told`:
                // announced, or the inspectors have come: an operator knows of it.
                ddl: "CREATE TABLE inspection(id TEXT PRIMARY KEY, institution TEXT NOT NULL, status TEXT NOT NULL,
                        purpose TEXT NOT NULL, open INTEGER NOT NULL, told INTEGER NOT NULL, emergency INTEGER NOT NULL, visited_date TEXT,
                        approval_due TEXT, approved_late INTEGER NOT NULL, backfilled INTEGER NOT NULL,
                        backfilled_late INTEGER NOT NULL, ratio_exceeded INTEGER NOT NULL, points INTEGER,
                        points_of INTEGER, finalized_date TEXT, published_date TEXT, imported INTEGER NOT NULL,
                        ordered_by TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
                      CREATE INDEX inspection_institution ON inspection(institution);
                      CREATE INDEX inspection_ordered ON inspection(ordered_by, id);",
                key: "id",
            },
            Table {
                name: "inspector",
                ddl: "CREATE TABLE inspector(inspection TEXT NOT NULL, person TEXT NOT NULL, account TEXT NOT NULL,
                        PRIMARY KEY(inspection, person)) WITHOUT ROWID;
                      CREATE INDEX inspector_person ON inspector(person);",
                key: "inspection, person",
            },
            Table {
                name: "answer",
                // The latest answer to each item. `observation` stands sealed; `evidence`: digests, as a JSON list.
                ddl: "CREATE TABLE answer(inspection TEXT NOT NULL, item TEXT NOT NULL, answer TEXT NOT NULL,
                        observation TEXT, evidence TEXT NOT NULL, PRIMARY KEY(inspection, item)) WITHOUT ROWID;",
                key: "inspection, item",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(id), Some(institution)) = (seen.inspection(), seen.institution) else {
            return Ok(());
        };
        let mut folded = match (Folded::load(transaction, id)?, &seen.what) {
            (Some(folded), _) => folded,
            (None, What::Inspection(_)) => Folded::new(institution),
            (None, _) => return Ok(()),
        };
        if let What::Inspection(event) = &seen.what {
            folded.apply(event, seen);
            match event.as_ref() {
                InspectionEvent::InspectorsAssigned(_) | InspectionEvent::RecusalDecided(_) => {
                    folded.save_inspectors(transaction, id)?;
                }
                InspectionEvent::ItemsAnswered(event) => {
                    for answer in &event.answers {
                        transaction
                            .prepare_cached("INSERT OR REPLACE INTO answer VALUES(?, ?, ?, ?, ?)")?
                            .execute(params![
                                id.to_string(),
                                answer.item,
                                answer.answer.code(),
                                answer.observation.as_ref().map(cell::to_json),
                                cell::to_json(&answer.evidence),
                            ])?;
                    }
                }
                _ => {}
            }
        }
        folded.revision = seen.revision.unwrap_or(folded.revision);
        folded.save(transaction, id)
    }
}

/// A draft with the answer of the institution.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Draft {
    issued: DraftReportIssued,
    issued_date: Option<Date>,
    commented_date: Option<Date>,
    commented: bool,
    comments: Option<Personal>,
    late: bool,
}

/// The row while it is being folded. Written with its members in this order, so equal rows are equal texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Folded {
    institution: Uuid,
    status: Status,
    purpose: Purpose,
    emergency: bool,
    ordered_from_above: bool,
    announced: bool,
    told: bool,
    checklist: Option<ChecklistRef>,
    dimensions: Vec<String>,
    joint_bodies: Vec<String>,
    window: Option<(Date, Date)>,
    approval_number: Option<String>,
    approved_late: bool,
    approval_due: Option<Deadline>,
    inspectors: BTreeMap<Uuid, Inspector>,
    recusals: BTreeMap<Uuid, RecusalGround>,
    recused: Vec<Uuid>,
    arrived_time: Option<Timestamp>,
    visited_date: Option<Date>,
    backfilled: bool,
    backfilled_late: bool,
    presence: Option<PresenceCounted>,
    draft: Option<Draft>,
    conclusion: Option<Personal>,
    points: Option<(u32, u32)>,
    vetoes: Option<u32>,
    finalized_date: Option<Date>,
    published_date: Option<Date>,
    published_at: Option<String>,
    external: Option<ExternalId>,
    imported_rows: u64,
    revision: u64,
}

impl Folded {
    fn new(institution: Uuid) -> Self {
        Self {
            institution,
            status: Status::None,
            purpose: Purpose::Unknown,
            emergency: false,
            ordered_from_above: false,
            announced: false,
            told: false,
            checklist: None,
            dimensions: Vec::new(),
            joint_bodies: Vec::new(),
            window: None,
            approval_number: None,
            approved_late: false,
            approval_due: None,
            inspectors: BTreeMap::new(),
            recusals: BTreeMap::new(),
            recused: Vec::new(),
            arrived_time: None,
            visited_date: None,
            backfilled: false,
            backfilled_late: false,
            presence: None,
            draft: None,
            conclusion: None,
            points: None,
            vetoes: None,
            finalized_date: None,
            published_date: None,
            published_at: None,
            external: None,
            imported_rows: 0,
            revision: 0,
        }
    }

    /// Where it stands goes as in the state that decides.
    fn apply(&mut self, event: &InspectionEvent, seen: &EventSeen<'_>) {
        match event {
            InspectionEvent::InspectionPlanned(event) => self.plan(event),
            InspectionEvent::InspectionApproved(event) => {
                self.approval_number = Some(event.approval_number.clone());
                self.approved_late = event.late;
                self.approval_due = None;
                if !event.after_check_in {
                    self.status = if self.inspectors.is_empty() {
                        Status::Approved
                    } else {
                        Status::Assigned
                    };
                }
            }
            InspectionEvent::InspectorsAssigned(event) => {
                let by_person = |inspector: &Inspector| (inspector.person, inspector.clone());
                self.inspectors = event.inspectors.iter().map(by_person).collect();
                self.recusals.clear();
                if self.status == Status::Approved || (self.status == Status::Planned && self.emergency) {
                    self.status = Status::Assigned;
                }
            }
            InspectionEvent::RecusalRequested(event) => {
                self.recusals.insert(event.person, event.ground);
            }
            InspectionEvent::RecusalDecided(event) => {
                self.recusals.remove(&event.person);
                if event.granted {
                    self.inspectors.remove(&event.person);
                    self.recused.push(event.person);
                }
            }
            InspectionEvent::InspectorCheckedIn(event) => {
                self.status = Status::CheckedIn;
                self.told = true;
                self.arrived_time = seen.metadata.as_ref().and_then(|metadata| metadata.occurred.earliest());
                self.visited_date = seen.occurred_day();
                self.approval_due.clone_from(&event.approval_due);
            }
            InspectionEvent::CheckInBackfilled(event) => {
                self.status = Status::CheckedIn;
                self.told = true;
                self.arrived_time = Some(event.arrived_time);
                self.visited_date = Some(day_of(event.arrived_time));
                self.backfilled = true;
                self.backfilled_late = event.late;
                self.approval_due.clone_from(&event.approval_due);
            }
            InspectionEvent::PresenceCounted(event) => self.presence = Some(event.clone()),
            InspectionEvent::FieldworkCompleted(_) => self.status = Status::FieldworkCompleted,
            InspectionEvent::InspectionAborted(_) => self.status = Status::Aborted,
            InspectionEvent::InspectionCancelled(_) => self.status = Status::Cancelled,
            InspectionEvent::DraftReportIssued(event) => {
                self.status = Status::DraftIssued;
                self.draft = Some(Draft {
                    issued: event.clone(),
                    issued_date: seen.occurred_day(),
                    commented_date: None,
                    commented: false,
                    comments: None,
                    late: false,
                });
            }
            InspectionEvent::DraftCommented(event) => {
                self.status = Status::Commented;
                if let Some(draft) = &mut self.draft {
                    draft.commented = true;
                    draft.commented_date = seen.occurred_day();
                    draft.comments.clone_from(&event.comments);
                    draft.late = event.late;
                }
            }
            InspectionEvent::InspectionFinalized(event) => {
                self.status = Status::Finalized;
                self.finalized_date = seen.occurred_day();
                self.conclusion = Some(event.conclusion.clone());
                self.points = Some((event.points, event.points_of));
                self.vetoes = Some(event.vetoes);
            }
            InspectionEvent::InspectionPublished(event) => {
                self.status = Status::Published;
                self.published_date = seen.occurred_day();
                self.published_at = Some(event.place.clone());
            }
            InspectionEvent::InspectionImported(event) => {
                if self.status == Status::None {
                    self.status = Status::Imported;
                }
                self.visited_date = self.visited_date.or(event.visit_date);
                self.external.get_or_insert_with(|| event.external.clone());
                self.imported_rows += 1;
                self.told = true;
            }
            // Findings and answers stand in tables of their own.
            _ => {}
        }
    }

    fn plan(&mut self, event: &InspectionPlanned) {
        self.status = Status::Planned;
        self.purpose = event.purpose;
        self.emergency = event.emergency;
        self.ordered_from_above = event.ordered_from_above;
        self.announced = event.announced;
        self.told |= event.announced;
        self.checklist = Some(event.checklist.clone());
        self.dimensions.clone_from(&event.dimensions);
        self.joint_bodies.clone_from(&event.joint_bodies);
        self.window = Some((event.from_date, event.to_date));
    }

    /// Neither final nor broken off nor cancelled nor a mere entry of a foreign register.
    fn open(&self) -> bool {
        !matches!(
            self.status,
            Status::Finalized | Status::Published | Status::Aborted | Status::Cancelled | Status::Imported
        )
    }

    fn load(connection: &Connection, id: Uuid) -> Result<Option<Self>, ViewError> {
        let body: Option<String> = connection
            .prepare_cached("SELECT body FROM inspection WHERE id = ?")?
            .query_row([id.to_string()], |row| row.get(0))
            .optional()?;
        body.map(|text| parsed(&text, "body", |text| serde_json::from_str(text).ok()))
            .transpose()
    }

    fn save_inspectors(&self, connection: &Connection, id: Uuid) -> Result<(), ViewError> {
        connection
            .prepare_cached("DELETE FROM inspector WHERE inspection = ?")?
            .execute([id.to_string()])?;
        for inspector in self.inspectors.values() {
            connection
                .prepare_cached("INSERT INTO inspector VALUES(?, ?, ?)")?
                .execute((id.to_string(), inspector.person.to_string(), &inspector.account))?;
        }
        Ok(())
    }

    fn save(&self, connection: &Connection, id: Uuid) -> Result<(), ViewError> {
        let text = |day: Date| day.to_string();
        let ordered_by = self
            .visited_date
            .or(self.window.map(|(from, _)| from))
            .map(text)
            .unwrap_or_default();
        // Columns that an index holds are written only when they change: most events leave them as they are.
        connection
            .prepare_cached(
                "INSERT INTO inspection(id, institution, status, purpose, open, emergency, visited_date, approval_due,
                   approved_late, backfilled, backfilled_late, ratio_exceeded, points, points_of, finalized_date,
                   published_date, imported, ordered_by, body, told)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
                 ON CONFLICT(id) DO UPDATE SET status = ?3, purpose = ?4, open = ?5, emergency = ?6, visited_date = ?7,
                   approval_due = ?8, approved_late = ?9, backfilled = ?10, backfilled_late = ?11, ratio_exceeded = ?12,
                   points = ?13, points_of = ?14, finalized_date = ?15, published_date = ?16, imported = ?17, body = ?19,
                   told = ?20",
            )?
            .execute(params![
                id.to_string(),
                self.institution.to_string(),
                self.status.code(),
                self.purpose.code(),
                self.open(),
                self.emergency,
                self.visited_date.map(text),
                self.approval_due.as_ref().map(|due| due.due_date.to_string()),
                self.approved_late,
                self.backfilled,
                self.backfilled_late,
                self.presence.as_ref().is_some_and(|seen| !seen.ratio_exceeded.is_empty()),
                self.points.map(|(points, _)| points),
                self.points.map(|(_, of)| of),
                self.finalized_date.map(text),
                self.published_date.map(text),
                self.imported_rows > 0,
                ordered_by,
                cell::to_json(self),
                self.told,
            ])?;
        connection
            .prepare_cached("UPDATE inspection SET ordered_by = ?2 WHERE id = ?1 AND ordered_by <> ?2")?
            .execute((id.to_string(), ordered_by))?;
        Ok(())
    }
}
