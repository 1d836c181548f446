//! One row of the table becomes commands, or a reason why not. No cell is ever quoted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::incident::{Category, Injury, Outcome, RecordImportedIncident, Severity};
use yujian_domain::institution::{Class, InstitutionType, Mode, Ownership, RecordImportedInstitution};
use yujian_domain::personal::Sensitive;
use yujian_domain::values::{ClassType, CreditCode, ExternalId, ValueError};

use crate::document::{Document, IncidentMap, Sources};
use crate::heads::Header;
use crate::mapping::Mapping;
use crate::report::Reject;
use crate::values::named;

/// Longest number of a case in characters, as in its events.
const LONGEST_NUMBER: usize = 100;

/// A row in our terms.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub line: u64,
    pub institution: Uuid,
    pub institution_request: Uuid,
    pub record: RecordImportedInstitution,
    /// Whether the register itself says that it is closed.
    pub says_closed: bool,
    pub incident: Option<Case>,
}

/// What a row says about a case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub id: Uuid,
    pub request: Uuid,
    pub record: RecordImportedIncident,
}

/// Which row it is, whatever its values: found before they are read, so that a row that is put right later keeps its
/// place among its equals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub institution: Uuid,
    /// Case and key of the row.
    pub row: Option<(Uuid, Uuid)>,
}

/// The cells of one row, by name.
pub(crate) struct Reader<'a> {
    pub mapping: &'a Mapping,
    pub header: &'a Header,
    pub divisions: &'a Divisions,
    /// Day of the file's edition, for a register that comes in editions.
    pub edition: Option<Date>,
    pub line: u64,
    pub cells: &'a [String],
}

/// A value that is not there, with the column that should hold it.
pub(crate) type Told<T> = Result<Option<T>, Reject>;

impl<'a> Reader<'a> {
    pub(crate) fn document(&self) -> &'a Document {
        &self.mapping.document
    }

    /// The cell of a column, tidied; blank when it tells nothing.
    pub(crate) fn cell(&self, column: &str) -> String {
        let raw = self.header.get(column).and_then(|&at| self.cells.get(at));
        let rules = &self.document().cells;
        let mut text = raw.map_or("", String::as_str);
        if rules.trim {
            text = text.trim();
        }
        let text = if rules.collapse {
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        } else {
            text.to_owned()
        };
        if text.trim().is_empty() || rules.blank.iter().any(|blank| self.equal(blank, &text)) {
            String::new()
        } else {
            text
        }
    }

    /// Whether two cells say the same to tables and filters.
    pub(crate) fn equal(&self, one: &str, other: &str) -> bool {
        let (one, other) = (self.fold(one), self.fold(other));
        one == other || (self.document().cells.ignore_case && one.to_lowercase() == other.to_lowercase())
    }

    /// Full-width letters, digits and signs as ASCII, where the mapping says so: for whatever is no text of its own.
    pub(crate) fn fold<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.document().cells.fold_width || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let narrow = |letter: char| match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            '\u{3000}' => ' ',
            other => other,
        };
        Cow::Owned(text.chars().map(narrow).collect())
    }

    pub(crate) fn reject(&self, column: &str, reason: &'static str, message: &str, message_zh: &str) -> Reject {
        Reject::new(self.line, column, reason, message, message_zh)
    }

    /// A value that breaks its rule or standard.
    pub(crate) fn broken(&self, column: &str, reason: &'static str, error: &ValueError) -> Reject {
        let (message, message_zh) = (&error.message, &error.message_zh);
        Reject::new(
            self.line,
            column,
            reason,
            format!("{message} ({})", error.rule),
            format!("{message_zh}（{}）", error.rule),
        )
    }

    /// Whether the row passes the filters.
    pub fn passes(&self) -> bool {
        self.document().filter.iter().all(|filter| {
            let cell = self.cell(&filter.column);
            let holds = |list: &Vec<String>| list.iter().any(|one| self.equal(one, &cell));
            filter.keep.as_ref().is_none_or(&holds) && !filter.drop.as_ref().is_some_and(&holds)
        })
    }

    fn key(&self, columns: &[String]) -> Result<Vec<String>, Reject> {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| self.fold(&self.cell(column)).into_owned())
            .collect();
        if cells.iter().all(String::is_empty) {
            return Err(self.reject(&columns.join(" + "), "KEY_BLANK", "the key is blank", "主键为空"));
        }
        Ok(cells)
    }

    fn id(&self, kind: &str, cells: &[String]) -> Uuid {
        // As JSON, two lists of cells are equal only when their cells are.
        let text = serde_json::Value::from(cells.to_vec()).to_string();
        Uuid::new_v5(&self.mapping.namespace, format!("{kind}|{text}").as_bytes())
    }

    /// Which institution, case and row this is.
    pub fn identity(&self) -> Result<Identity, Reject> {
        let document = self.document();
        let institution = self.id("institution", &self.key(&document.institution.key)?);
        let Some(incident) = &document.incident else {
            return Ok(Identity { institution, row: None });
        };
        let case = self.id("case", &self.key(&incident.case)?);
        let cells = if incident.row.is_empty() {
            // By name: another order of columns, or a further column without cells, changes no key.
            let told = self.header.keys().map(|column| (column, self.cell(column)));
            told.filter(|(_, cell)| !cell.is_empty())
                .flat_map(|(column, cell)| [column.clone(), cell])
                .collect()
        } else {
            let cells = incident.row.iter().map(|column| self.cell(column));
            cells.map(|cell| self.fold(&cell).into_owned()).collect::<Vec<_>>()
        };
        let row = self.id(&format!("row|{case}"), &cells);
        Ok(Identity {
            institution,
            row: Some((case, row)),
        })
    }

    /// The row in our terms. `ordinal` counts the rows of equal identity, from 1.
    pub fn row(&self, identity: &Identity, ordinal: u32) -> Result<Row, Reject> {
        let record = self.institution()?;
        let incident = match (&self.document().incident, identity.row) {
            (Some(map), Some((case, row))) => Some(Case {
                id: case,
                request: Uuid::new_v5(&row, &ordinal.to_be_bytes()),
                record: self.incident(map, identity.institution, case, ordinal)?,
            }),
            _ => None,
        };
        Ok(Row {
            line: self.line,
            says_closed: self.says_closed(&record),
            institution: identity.institution,
            // Of each edition its own: the same row may change from one to the next.
            institution_request: match self.edition {
                None => Uuid::new_v5(&identity.institution, b"institution"),
                Some(date) => Uuid::new_v5(&identity.institution, format!("edition|{date}").as_bytes()),
            },
            record,
            incident,
        })
    }

    fn external(&self, columns: &[String]) -> Result<ExternalId, Reject> {
        Ok(ExternalId {
            register: self.document().register.clone(),
            number: self.key(columns)?.join("/"),
        })
    }

    /// The cells of the case's key; its id instead when these are too long for a number, or hold text that may name a
    /// person and so must not stand in clear.
    fn case_number(&self, map: &IncidentMap, case: Uuid) -> Result<ExternalId, Reject> {
        let mut external = self.external(&map.case)?;
        let personal = map.case.iter().any(|column| map.narrative.contains(column));
        if personal || external.number.chars().count() > LONGEST_NUMBER {
            external.number = case.to_string();
        }
        Ok(external)
    }

    fn institution(&self) -> Result<RecordImportedInstitution, Reject> {
        let map = &self.document().institution;
        let name = self.text(&map.name)?;
        let credit_code = match self.text(&map.credit_code)? {
            None => None,
            Some(code) => {
                let code = CreditCode::parse(&self.fold(&code));
                Some(code.map_err(|error| self.broken(&named(&map.credit_code), "INVALID_FIELD", &error))?)
            }
        };
        let mut classes = Vec::new();
        for class in &map.classes {
            if let Some(places) = self.places(&class.places)? {
                classes.push(Class {
                    name: class.name.clone(),
                    class_type: self.code(&class.class_type, ClassType::from_code, ClassType::Unknown)?,
                    places,
                });
            }
        }
        Ok(RecordImportedInstitution {
            external: self.external(&map.key)?,
            name: name.ok_or_else(|| self.missing(&map.name))?,
            address: self.text(&map.address)?,
            region: self.region(&map.region)?,
            credit_code,
            institution_type: self.code(
                &map.institution_type,
                InstitutionType::from_code,
                InstitutionType::Unknown,
            )?,
            register_type: self.text(&map.register_type)?,
            register_status: self.text(&map.register_status)?,
            mode: self.code(&map.mode, Mode::from_code, Mode::Unknown)?,
            ownership: self.code(&map.ownership, Ownership::from_code, Ownership::Unknown)?,
            classes,
            valid_from_date: self.date(&map.valid_from_date)?,
            edition_date: self.edition_of_row()?,
        })
    }

    /// The day that the row itself tells of its edition.
    pub fn told_edition(&self) -> Told<Date> {
        self.date(&self.document().institution.edition_date)
    }

    /// The edition of the file, which a row that should tell it must tell.
    fn edition_of_row(&self) -> Told<Date> {
        let sources = &self.document().institution.edition_date;
        if !sources.0.is_empty() && self.told_edition()?.is_none() {
            return Err(self.missing(sources));
        }
        Ok(self.edition)
    }

    /// Whether the register itself says that the institution is closed.
    pub fn says_closed(&self, record: &RecordImportedInstitution) -> bool {
        let closed = &self.document().institution.closed;
        let status = record.register_status.as_ref();
        status.is_some_and(|status| closed.iter().any(|word| self.equal(word, status)))
    }

    fn incident(
        &self,
        map: &IncidentMap,
        institution: Uuid,
        case: Uuid,
        ordinal: u32,
    ) -> Result<RecordImportedIncident, Reject> {
        let category = self.text(&map.category)?.ok_or_else(|| self.missing(&map.category))?;
        let category = Category::from_code(&category).ok_or_else(|| self.unmapped(&named(&map.category)))?;
        let mut details = BTreeMap::new();
        for column in &map.details {
            let cell = self.cell(column);
            if !cell.is_empty() {
                details.insert(column.clone(), cell);
            }
        }
        Ok(RecordImportedIncident {
            institution,
            external: self.case_number(map, case)?,
            ordinal,
            category,
            intake_date: self.date(&map.intake_date)?,
            completed_date: self.date(&map.completed_date)?,
            injury: self.code(&map.injury, Injury::from_code, Injury::Unknown)?,
            severity: self.code(&map.severity, Severity::from_code, Severity::Unknown)?,
            outcome: self.code(&map.outcome, Outcome::from_code, Outcome::Unknown)?,
            details,
            narrative: self.narrative(&map.narrative),
        })
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

    fn missing(&self, sources: &Sources) -> Reject {
        self.reject(&named(sources), "MISSING", "needs a value", "缺少必填内容")
    }

    pub(crate) fn unmapped(&self, column: &str) -> Reject {
        self.reject(
            column,
            "UNMAPPED",
            "the value table does not hold this cell",
            "对照表中没有该单元格的值",
        )
    }
}
