//! One row through the command path: its institution once, then its case.

use std::sync::Arc;

use uuid::Uuid;
use yujian_command::{CommandError, Commands, Request};
use yujian_domain::aggregate::{Aggregate, Context, Facts};
use yujian_domain::envelope::{Actor, Provenance};
use yujian_domain::incident::{Incident, IncidentCommand};
use yujian_domain::inspection::{Inspection, InspectionCommand};
use yujian_domain::institution::{Institution, InstitutionCommand};
use yujian_domain::personal::{Digester, KeyedDigest};
use yujian_domain::rejection::{Kind, Reason, Rejection};
use yujian_domain::time::Occurred;
use yujian_eventlog::clock::{Clock, SystemClock};

use crate::case::{Case, CaseRecord};
use crate::document::CaseMap;
use crate::error::ImportError;
use crate::mapping::Mapping;
use crate::report::Reject;
use crate::row::Row;
use crate::values::named;

/// Method names, part of the fingerprint of a request and so for ever.
const INSTITUTION: &str = "yujian.import/RecordImportedInstitution";
const INCIDENT: &str = "yujian.import/RecordImportedIncident";
const INSPECTION: &str = "yujian.import/RecordImportedInspection";

/// What became of a row.
pub(crate) struct Done {
    pub row: Row,
    pub institution: InstitutionDone,
    pub verdict: Verdict,
    /// The institution with the row, when that was recorded, or would be.
    pub recorded: Option<Arc<Institution>>,
    /// Events appended.
    pub events: u64,
}

/// What became of the institution's record.
#[derive(PartialEq, Eq)]
pub(crate) enum InstitutionDone {
    /// It stands in the log, from now or from before; in a check with the state that it would have.
    Recorded(Option<Arc<Institution>>),
    /// It stands in the log with something else.
    Changed,
    /// It was seen earlier in this run.
    Known,
    /// The row says nothing that could be recorded.
    Refused,
}

/// What the row counts as.
pub(crate) enum Verdict {
    Accepted,
    Duplicate,
    Changed,
    Rejected(Reject),
}

pub(crate) struct Executor<'a> {
    pub commands: &'a Commands,
    pub mapping: &'a Mapping,
    pub actor: Actor,
    pub sha256: String,
    pub check: bool,
    /// The register comes in editions: rows are told from the states that they leave.
    pub editions: bool,
}

/// What a command came to.
enum Answer<A> {
    New { events: u64, state: A },
    Again(A),
    Changed,
    NothingToDo,
    Refused(Box<Rejection>),
}

impl<A> Answer<A> {
    fn without_state(self) -> Answer<()> {
        match self {
            Self::New { events, .. } => Answer::New { events, state: () },
            Self::Again(_) => Answer::Again(()),
            Self::Changed => Answer::Changed,
            Self::NothingToDo => Answer::NothingToDo,
            Self::Refused(rejection) => Answer::Refused(rejection),
        }
    }
}

impl Executor<'_> {
    /// Runs a row. `known`: its institution was recorded earlier in this run; `preview`: its state, in a check of one
    /// that the log does not hold.
    pub async fn run(&self, row: Row, known: bool, preview: Option<Arc<Institution>>) -> Result<Done, ImportError> {
        let mut events = 0;
        let mut preview = preview;
        let mut answered = None;
        let mut recorded = None;
        // Without cases every row is about its institution and is answered as such.
        let institution = if known && row.case.is_some() {
            InstitutionDone::Known
        } else {
            let (done, verdict) = match self.institution(&row).await? {
                Answer::New { events: new, state } => {
                    events += if self.check { 0 } else { new };
                    recorded = self.editions.then(|| state.clone());
                    preview = self.check.then_some(state);
                    (InstitutionDone::Recorded(preview.clone()), Verdict::Accepted)
                }
                Answer::Again(_) | Answer::NothingToDo => (InstitutionDone::Recorded(None), Verdict::Duplicate),
                Answer::Changed => (InstitutionDone::Changed, Verdict::Changed),
                Answer::Refused(rejection) => {
                    let reject = self.reject(&row, &rejection);
                    (InstitutionDone::Refused, Verdict::Rejected(reject))
                }
            };
            answered = Some(verdict);
            done
        };
        let refused = institution == InstitutionDone::Refused;
        let verdict = match (&row.case, answered) {
            (None, Some(verdict)) => verdict,
            (Some(_), Some(verdict)) if refused => verdict,
            (Some(case), _) => match self.case(&row, case, preview.as_ref()).await? {
                Answer::New { events: new, .. } => {
                    events += if self.check { 0 } else { new };
                    Verdict::Accepted
                }
                Answer::Again(_) | Answer::NothingToDo => Verdict::Duplicate,
                Answer::Changed => Verdict::Changed,
                Answer::Refused(rejection) => Verdict::Rejected(self.reject(&row, &rejection)),
            },
            (None, None) => Verdict::Duplicate,
        };
        Ok(Done {
            row,
            institution,
            verdict,
            recorded,
            events,
        })
    }

    async fn institution(&self, row: &Row) -> Result<Answer<Arc<Institution>>, ImportError> {
        let occurred = day(row.record.valid_from_date);
        let command = InstitutionCommand::RecordImported(row.record.clone());
        let mut request = Request::new(
            self.actor.clone(),
            row.institution_request,
            INSTITUTION,
            Some(row.institution),
            command,
        );
        self.complete(&mut request, row.line, occurred);
        self.execute(request).await
    }

    async fn case(
        &self,
        row: &Row,
        case: &Case,
        preview: Option<&Arc<Institution>>,
    ) -> Result<Answer<()>, ImportError> {
        match &case.record {
            CaseRecord::Incident(record) => {
                let occurred = day(record.intake_date);
                let command = IncidentCommand::RecordImported(record.clone());
                let request = Request::new(self.actor.clone(), case.request, INCIDENT, Some(case.id), command);
                self.case_of::<Incident>(request, row.line, occurred, preview).await
            }
            CaseRecord::Inspection(record) => {
                let occurred = day(record.visit_date);
                let command = InspectionCommand::RecordImported(record.clone());
                let request = Request::new(self.actor.clone(), case.request, INSPECTION, Some(case.id), command);
                self.case_of::<Inspection>(request, row.line, occurred, preview).await
            }
        }
    }

    async fn case_of<A: Aggregate>(
        &self,
        mut request: Request<A::Command>,
        line: u64,
        occurred: Occurred,
        preview: Option<&Arc<Institution>>,
    ) -> Result<Answer<()>, ImportError> {
        if let (Some(institution), Some(id)) = (preview, request.target) {
            return Ok(self.try_out::<A>(id, &request.command, institution, occurred));
        }
        self.complete(&mut request, line, occurred);
        Ok(self.execute::<A>(request).await?.without_state())
    }

    fn complete<C>(&self, request: &mut Request<C>, line: u64, occurred: Occurred) {
        request.occurred = Some(occurred);
        request.validate_only = self.check;
        request.provenance = Some(Provenance {
            source: self.mapping.document.register.clone(),
            sha256: self.sha256.clone(),
            line,
        });
    }

    async fn execute<A: Aggregate>(&self, request: Request<A::Command>) -> Result<Answer<Arc<A>>, ImportError> {
        match self.commands.execute::<A>(request).await {
            Ok(outcome) if outcome.repeated => Ok(Answer::Again(outcome.state)),
            Ok(outcome) => Ok(Answer::New {
                events: u64::try_from(outcome.event_types.len()).unwrap_or(u64::MAX),
                state: outcome.state,
            }),
            Err(CommandError::Log(error)) => Err(error.into()),
            Err(CommandError::Rejected(rejection)) => match (rejection.reason, rejection.reason.kind()) {
                (Reason::RequestIdReused, _) => Ok(Answer::Changed),
                (Reason::NothingToDo, _) => Ok(Answer::NothingToDo),
                // These are not about the row: the next one would fare no better.
                (_, Kind::PermissionDenied | Kind::Unavailable) => Err(ImportError::Refused(rejection)),
                _ => Ok(Answer::Refused(rejection)),
            },
        }
    }

    /// In a check, a case of an institution that the log does not hold yet: decided, as the command would, on the state
    /// that the institution would have.
    fn try_out<A: Aggregate>(
        &self,
        id: Uuid,
        command: &A::Command,
        institution: &Arc<Institution>,
        occurred: Occurred,
    ) -> Answer<()> {
        let facts = Facts {
            institution: Some(institution.clone()),
            ..Facts::default()
        };
        let reference = self.commands.reference();
        let context = Context {
            id,
            now: SystemClock::default().now(),
            occurred,
            actor: &self.actor,
            reference: &reference,
            digester: &NoDigests,
        };
        match A::default().decide(&facts, command, &context) {
            Ok(_) => Answer::New { events: 0, state: () },
            Err(rejection) => Answer::Refused(Box::new(rejection)),
        }
    }

    /// A refusal of the domain as a reject: its first violation, with the columns that the field comes from.
    fn reject(&self, row: &Row, rejection: &Rejection) -> Reject {
        let reason = rejection.reason.as_str();
        match rejection.violations.first() {
            Some(violation) => Reject::new(
                row.line,
                self.columns_of(&violation.field, row.case.is_some()),
                reason,
                format!("{} ({})", violation.message, violation.rule),
                format!("{}（{}）", violation.message_zh, violation.rule),
            ),
            None => Reject::new(row.line, "", reason, &rejection.message, &rejection.message_zh),
        }
    }

    fn columns_of(&self, field: &str, with_case: bool) -> String {
        let institution = &self.mapping.document.institution;
        let cases = self.mapping.document.cases().filter(|_| with_case);
        let columns = match (field, cases) {
            ("name", _) => named(&institution.name),
            ("address", _) => named(&institution.address),
            ("register_type", _) => named(&institution.register_type),
            ("register_status", _) => named(&institution.register_status),
            ("edition_date", _) => named(&institution.edition_date),
            ("external.number", Some(map)) => map.key().join(" + "),
            ("external.number", None) => institution.key.join(" + "),
            ("details", Some(map)) => map.details().join(" + "),
            ("narrative", Some(map)) => map.narrative().join(" + "),
            ("intake_date", Some(CaseMap::Incident(map))) => named(&map.intake_date),
            ("completed_date", Some(CaseMap::Incident(map))) => named(&map.completed_date),
            ("visit_date", Some(CaseMap::Inspection(map))) => named(&map.visit_date),
            ("corrected_date", Some(CaseMap::Inspection(map))) => named(&map.corrected_date),
            ("standard", Some(CaseMap::Inspection(map))) => named(&map.standard),
            _ => String::new(),
        };
        if columns.is_empty() { field.to_owned() } else { columns }
    }
}

fn day(date: Option<jiff::civil::Date>) -> Occurred {
    date.map_or(Occurred::Unknown, |date| Occurred::Day { date })
}

/// A row of a register needs no digest to be decided.
struct NoDigests;

impl Digester for NoDigests {
    fn digest(&self, _kind: &str, _value: &str) -> KeyedDigest {
        KeyedDigest {
            epoch: 0,
            hex: String::new(),
        }
    }
}
