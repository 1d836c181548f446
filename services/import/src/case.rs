//! What a row says besides its institution: of an incident, or of an inspection. Both are kept row by row in the stream
//! of their case.

use std::collections::BTreeMap;

use uuid::Uuid;
use yujian_domain::incident::{Category, Injury, Outcome, RecordImportedIncident, Severity};
use yujian_domain::inspection::{ImportedKind, RecordImportedInspection, Weight};
use yujian_domain::personal::Sensitive;
use yujian_domain::values::ExternalId;

use crate::document::{CaseMap, IncidentMap, InspectionMap};
use crate::report::Reject;
use crate::row::Reader;
use crate::values::named;

/// Longest number of a case in characters, as in its events.
const LONGEST_NUMBER: usize = 100;

/// What a row says about a case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub id: Uuid,
    pub request: Uuid,
    pub record: CaseRecord,
}

/// A row of a case, as its command.
#[derive(Debug, Clone)]
pub(crate) enum CaseRecord {
    Incident(RecordImportedIncident),
    Inspection(RecordImportedInspection),
}

/// Which row of which case it is, whatever its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseRow {
    pub case: Uuid,
    /// Key of the row within the case.
    pub row: Uuid,
}

impl Reader<'_> {
    /// Case and key of the row.
    pub(crate) fn case_row(&self, map: CaseMap<'_>) -> Result<CaseRow, Reject> {
        let case = self.id(map.kind(), &self.key(map.key())?);
        let cells = if map.row().is_empty() {
            // By name: another order of columns, or a further column without cells, changes no key.
            let told = self.header.keys().map(|column| (column, self.cell(column)));
            told.filter(|(_, cell)| !cell.is_empty())
                .flat_map(|(column, cell)| [column.clone(), cell])
                .collect()
        } else {
            let cells = map.row().iter().map(|column| self.cell(column));
            cells.map(|cell| self.fold(&cell).into_owned()).collect::<Vec<_>>()
        };
        let row = self.id(&format!("row|{case}"), &cells);
        Ok(CaseRow { case, row })
    }

    /// What the row says about its case. `ordinal` counts the rows of equal identity, from 1.
    pub(crate) fn case(
        &self,
        map: CaseMap<'_>,
        institution: Uuid,
        identity: CaseRow,
        ordinal: u32,
    ) -> Result<Case, Reject> {
        let external = self.case_number(map, identity.case)?;
        let record = match map {
            CaseMap::Incident(map) => CaseRecord::Incident(self.incident(map, institution, external, ordinal)?),
            CaseMap::Inspection(map) => CaseRecord::Inspection(self.inspection(map, institution, external, ordinal)?),
        };
        Ok(Case {
            id: identity.case,
            request: Uuid::new_v5(&identity.row, &ordinal.to_be_bytes()),
            record,
        })
    }

    /// The cells of the case's key; its id instead when these are too long for a number, or hold text that may name a
    /// person and so must not stand in clear.
    fn case_number(&self, map: CaseMap<'_>, case: Uuid) -> Result<ExternalId, Reject> {
        let mut external = self.external(map.key())?;
        let personal = map.key().iter().any(|column| map.narrative().contains(column));
        if personal || external.number.chars().count() > LONGEST_NUMBER {
            external.number = case.to_string();
        }
        Ok(external)
    }

    fn incident(
        &self,
        map: &IncidentMap,
        institution: Uuid,
        external: ExternalId,
        ordinal: u32,
    ) -> Result<RecordImportedIncident, Reject> {
        let category = self.text(&map.category)?.ok_or_else(|| self.missing(&map.category))?;
        let category = Category::from_code(&category).ok_or_else(|| self.unmapped(&named(&map.category)))?;
        Ok(RecordImportedIncident {
            institution,
            external,
            ordinal,
            category,
            intake_date: self.date(&map.intake_date)?,
            completed_date: self.date(&map.completed_date)?,
            injury: self.code(&map.injury, Injury::from_code, Injury::Unknown)?,
            severity: self.code(&map.severity, Severity::from_code, Severity::Unknown)?,
            outcome: self.code(&map.outcome, Outcome::from_code, Outcome::Unknown)?,
            details: self.details(&map.details),
            narrative: self.narrative(&map.narrative),
        })
    }

    fn inspection(
        &self,
        map: &InspectionMap,
        institution: Uuid,
        external: ExternalId,
        ordinal: u32,
    ) -> Result<RecordImportedInspection, Reject> {
        let kind = self.text(&map.kind)?.ok_or_else(|| self.missing(&map.kind))?;
        Ok(RecordImportedInspection {
            institution,
            external,
            ordinal,
            visit_date: self.date(&map.visit_date)?,
            kind: ImportedKind::from_code(&kind).ok_or_else(|| self.unmapped(&named(&map.kind)))?,
            standard: self.text(&map.standard)?.ok_or_else(|| self.missing(&map.standard))?,
            weight: self.code(&map.weight, Weight::from_code, Weight::Unknown)?,
            corrected_date: self.date(&map.corrected_date)?,
            details: self.details(&map.details),
            narrative: self.narrative(&map.narrative),
        })
    }

    /// Further columns that tell anything.
    fn details(&self, columns: &[String]) -> BTreeMap<String, String> {
        let told = columns.iter().map(|column| (column.clone(), self.cell(column)));
        told.filter(|(_, cell)| !cell.is_empty()).collect()
    }

    /// One column is the text itself; of several, each stands on a line of its own under its name.
    fn narrative(&self, columns: &[String]) -> Option<Sensitive> {
        let told: Vec<(&String, String)> = columns
            .iter()
            .map(|column| (column, self.cell(column)))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        match (columns.len(), &told[..]) {
            (_, []) => None,
            (1, [(_, text)]) => Some(Sensitive::new(text.clone())),
            (_, several) => {
                let lines: Vec<String> = several
                    .iter()
                    .map(|(column, text)| format!("{column}: {text}"))
                    .collect();
                Some(Sensitive::new(lines.join("\n")))
            }
        }
    }
}
