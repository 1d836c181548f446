//! One row of the table becomes commands, or a reason why not. No cell is ever quoted.

use std::borrow::Cow;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::institution::{Class, InstitutionType, Mode, Ownership, RecordImportedInstitution};
use yujian_domain::values::{ClassType, CreditCode, ExternalId, ValueError};

use crate::case::{Case, CaseRow};
use crate::document::{Document, Sources};
use crate::heads::Header;
use crate::mapping::Mapping;
use crate::report::Reject;
use crate::values::named;

/// A row in our terms.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub line: u64,
    pub institution: Uuid,
    pub institution_request: Uuid,
    pub record: RecordImportedInstitution,
    /// Whether the register itself says that it is closed.
    pub says_closed: bool,
    /// For a register with cases.
    pub case: Option<Case>,
}

/// Which row it is, whatever its values: found before they are read, so that a row that is put right later keeps its
/// place among its equals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub institution: Uuid,
    /// For a register with cases.
    pub row: Option<CaseRow>,
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

    pub(crate) fn key(&self, columns: &[String]) -> Result<Vec<String>, Reject> {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| self.fold(&self.cell(column)).into_owned())
            .collect();
        if cells.iter().all(String::is_empty) {
            return Err(self.reject(&columns.join(" + "), "KEY_BLANK", "the key is blank", "主键为空"));
        }
        Ok(cells)
    }

    pub(crate) fn id(&self, kind: &str, cells: &[String]) -> Uuid {
        // As JSON, two lists of cells are equal only when their cells are.
        let text = serde_json::Value::from(cells.to_vec()).to_string();
        Uuid::new_v5(&self.mapping.namespace, format!("{kind}|{text}").as_bytes())
    }

    /// Which institution, case and row this is.
    pub fn identity(&self) -> Result<Identity, Reject> {
        let document = self.document();
        let institution = self.id("institution", &self.key(&document.institution.key)?);
        let row = document.cases().map(|map| self.case_row(map)).transpose()?;
        Ok(Identity { institution, row })
    }

    /// The row in our terms. `ordinal` counts the rows of equal identity, from 1.
    pub fn row(&self, identity: &Identity, ordinal: u32) -> Result<Row, Reject> {
        let record = self.institution()?;
        let case = match (self.document().cases(), identity.row) {
            (Some(map), Some(row)) => Some(self.case(map, identity.institution, row, ordinal)?),
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
            case,
        })
    }

    pub(crate) fn external(&self, columns: &[String]) -> Result<ExternalId, Reject> {
        Ok(ExternalId {
            register: self.document().register.clone(),
            number: self.key(columns)?.join("/"),
        })
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

    pub(crate) fn missing(&self, sources: &Sources) -> Reject {
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
