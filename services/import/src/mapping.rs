//! The mapping document: which register, how its file looks, and what its columns mean in our terms. `docs/import.md`
//! explains every key. Strict: an unknown key, an unknown code or a table that does not exist is an error with its path.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::incident::{Category, Injury, Outcome, Severity};
use yujian_domain::inspection::{ImportedKind, Weight};
use yujian_domain::institution::{InstitutionType, Mode, Ownership};
use yujian_domain::values::{ClassType, RegionId};

use crate::document::{Document, IncidentMap, InspectionMap, InstitutionMap, Region, Source, Sources};
use crate::layout::Preamble;

/// Namespace of everything that is derived from a register's name.
const REGISTERS: Uuid = Uuid::from_u128(0x7a0c_5c3e_1d0b_5f6a_9a52_31be_6f0d_84e1);
/// Longest name of a register in characters, as in the events.
const LONGEST_REGISTER: usize = 100;
/// Date format that stands for the day numbers of spreadsheets.
pub(crate) const SPREADSHEET_DAYS: &str = "spreadsheet-days";

/// Why a mapping can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping: {path}: {message}")]
pub struct MappingError {
    /// Path of the key in the document, `.` for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl MappingError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

/// A mapping that holds together: its tables exist, its codes are known, its dates can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) document: Document,
    /// Namespace of the register's ids.
    pub(crate) namespace: Uuid,
    /// Every column that the mapping names.
    pub(crate) columns: BTreeSet<String>,
}

/// What kind of value a field takes.
enum Kind {
    Text,
    Date,
    Code(fn(&str) -> bool, fn() -> Vec<&'static str>),
}

macro_rules! code {
    ($list:ty) => {
        Kind::Code(
            |code| <$list>::from_code(code).is_some(),
            || <$list>::ALL.iter().map(|value| value.code()).collect(),
        )
    };
}

impl Mapping {
    /// Reads a mapping document (TOML).
    ///
    /// # Errors
    /// The first thing that is wrong, with its path: an unknown or missing key, a value table that is not there, a
    /// code that is none of ours, a date format that can't hold a day.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let deserializer =
            toml::Deserializer::parse(text).map_err(|error| MappingError::new(".", error.to_string()))?;
        let mut document: Document = serde_path_to_error::deserialize(deserializer)
            .map_err(|error| MappingError::new(error.path().to_string(), error.inner().message().to_owned()))?;
        document.register = document.register.trim().to_owned();
        let namespace = Uuid::new_v5(&REGISTERS, document.register.as_bytes());
        let mut check = Check {
            document: &document,
            columns: BTreeSet::new(),
        };
        check.all()?;
        let columns = check.columns;
        Ok(Self {
            document,
            namespace,
            columns,
        })
    }

    /// Name of the register, part of every id that is derived from its rows.
    #[must_use]
    pub fn register(&self) -> &str {
        &self.document.register
    }
}

struct Check<'a> {
    document: &'a Document,
    columns: BTreeSet<String>,
}

impl Check<'_> {
    fn all(&mut self) -> Result<(), MappingError> {
        let document = self.document;
        if document.register.is_empty() || document.register.chars().count() > LONGEST_REGISTER {
            return Err(MappingError::new("register", "must have 1 to 100 characters"));
        }
        self.file()?;
        dates("cells.dates", &document.cells.dates)?;
        for (index, filter) in document.filter.iter().enumerate() {
            self.column(&format!("filter[{index}].column"), &filter.column)?;
            if filter.keep.is_some() == filter.drop.is_some() {
                return Err(MappingError::new(format!("filter[{index}]"), "has either keep or drop"));
            }
        }
        self.institution(&document.institution)?;
        if let Some(incident) = &document.incident {
            self.incident(incident)?;
        }
        if let Some(inspection) = &document.inspection {
            if document.incident.is_some() {
                return Err(MappingError::new(
                    "inspection",
                    "a row is of an incident or of an inspection, not of both",
                ));
            }
            self.inspection(inspection)?;
        }
        match &document.heads {
            Some(heads) => heads.check(&self.columns, &document.institution.key),
            None => Ok(()),
        }
    }

    fn file(&self) -> Result<(), MappingError> {
        let file = &self.document.file;
        if file.delimiter.is_control() && file.delimiter != '\t' || Some(file.delimiter) == file.quote {
            return Err(MappingError::new("file.delimiter", "can't be told from the text"));
        }
        if file.trailer.starts_with.iter().any(|start| start.trim().is_empty()) {
            return Err(MappingError::new("file.trailer.starts_with", "would take every line"));
        }
        if file.columns.is_some() && matches!(file.preamble, Preamble::UntilHeaderWithin(_)) {
            return Err(MappingError::new(
                "file.preamble",
                "a file without header row needs a number of lines",
            ));
        }
        Ok(())
    }

    fn column(&mut self, path: &str, column: &str) -> Result<(), MappingError> {
        if column.is_empty() || column.trim() != column {
            return Err(MappingError::new(
                path,
                "a column is named without white space at its ends",
            ));
        }
        self.columns.insert(column.to_owned());
        Ok(())
    }

    fn columns(&mut self, path: &str, columns: &[String], least: usize) -> Result<(), MappingError> {
        if columns.len() < least {
            return Err(MappingError::new(path, "names no column"));
        }
        for (index, column) in columns.iter().enumerate() {
            self.column(&format!("{path}[{index}]"), column)?;
            if columns[..index].contains(column) {
                return Err(MappingError::new(format!("{path}[{index}]"), "stands there twice"));
            }
        }
        Ok(())
    }

    fn institution(&mut self, map: &InstitutionMap) -> Result<(), MappingError> {
        self.columns("institution.key", &map.key, 1)?;
        self.required("institution.name", &map.name, &Kind::Text)?;
        self.sources("institution.address", &map.address, &Kind::Text)?;
        self.region(&map.region)?;
        self.sources("institution.credit_code", &map.credit_code, &Kind::Text)?;
        self.sources(
            "institution.institution_type",
            &map.institution_type,
            &code!(InstitutionType),
        )?;
        self.sources("institution.register_type", &map.register_type, &Kind::Text)?;
        self.sources("institution.register_status", &map.register_status, &Kind::Text)?;
        if !map.closed.is_empty() && map.register_status.0.is_empty() {
            return Err(MappingError::new(
                "institution.closed",
                "is told by register_status, which has no source",
            ));
        }
        self.sources("institution.mode", &map.mode, &code!(Mode))?;
        self.sources("institution.ownership", &map.ownership, &code!(Ownership))?;
        self.sources("institution.valid_from_date", &map.valid_from_date, &Kind::Date)?;
        self.sources("institution.edition_date", &map.edition_date, &Kind::Date)?;
        if !map.edition_date.0.is_empty() && self.document.cases().is_some() {
            return Err(MappingError::new(
                "institution.edition_date",
                "is for a register of institutions; cases are told from one another by their keys",
            ));
        }
        for (index, class) in map.classes.iter().enumerate() {
            let path = format!("institution.classes[{index}]");
            if class.name.trim().is_empty() {
                return Err(MappingError::new(format!("{path}.name"), "must not be blank"));
            }
            self.sources(&format!("{path}.class_type"), &class.class_type, &code!(ClassType))?;
            self.required(&format!("{path}.places"), &class.places, &Kind::Text)?;
        }
        Ok(())
    }

    fn region(&mut self, region: &Region) -> Result<(), MappingError> {
        let wrong = |key: &str, message: &str| Err(MappingError::new(format!("institution.region{key}"), message));
        match (region.entered, &region.root, &region.within) {
            (Some(_), _, Some(_)) => {
                return wrong(".within", "is for parts that are looked up, without a year of entry");
            }
            (None, Some(_), _) => return wrong(".entered", "is needed for a path from a root"),
            (_, None, _) if region.parts.is_empty() => return wrong("", "needs a root or parts"),
            (Some(entered), Some(root), None) => {
                RegionId::parse(root, entered)
                    .map_err(|error| MappingError::new("institution.region.root", error.message))?;
            }
            (None, None, Some(within)) if Divisions::shipped().get(within).is_none() => {
                return wrong(".within", "is no code of the division tables");
            }
            _ => {}
        }
        for (index, part) in region.parts.iter().enumerate() {
            self.source(&format!("institution.region.parts[{index}]"), part, &Kind::Text)?;
        }
        Ok(())
    }

    fn incident(&mut self, map: &IncidentMap) -> Result<(), MappingError> {
        self.columns("incident.case", &map.case, 1)?;
        self.columns("incident.row", &map.row, 0)?;
        self.required("incident.category", &map.category, &code!(Category))?;
        self.sources("incident.injury", &map.injury, &code!(Injury))?;
        self.sources("incident.severity", &map.severity, &code!(Severity))?;
        self.sources("incident.outcome", &map.outcome, &code!(Outcome))?;
        self.sources("incident.intake_date", &map.intake_date, &Kind::Date)?;
        self.sources("incident.completed_date", &map.completed_date, &Kind::Date)?;
        self.columns("incident.details", &map.details, 0)?;
        self.columns("incident.narrative", &map.narrative, 0)
    }

    fn inspection(&mut self, map: &InspectionMap) -> Result<(), MappingError> {
        self.columns("inspection.visit", &map.visit, 1)?;
        self.columns("inspection.row", &map.row, 0)?;
        self.required("inspection.kind", &map.kind, &code!(ImportedKind))?;
        self.required("inspection.standard", &map.standard, &Kind::Text)?;
        self.sources("inspection.weight", &map.weight, &code!(Weight))?;
        self.sources("inspection.visit_date", &map.visit_date, &Kind::Date)?;
        self.sources("inspection.corrected_date", &map.corrected_date, &Kind::Date)?;
        self.columns("inspection.details", &map.details, 0)?;
        self.columns("inspection.narrative", &map.narrative, 0)
    }

    fn required(&mut self, path: &str, sources: &Sources, kind: &Kind) -> Result<(), MappingError> {
        if sources.0.is_empty() {
            return Err(MappingError::new(path, "needs a source"));
        }
        self.sources(path, sources, kind)
    }

    fn sources(&mut self, path: &str, sources: &Sources, kind: &Kind) -> Result<(), MappingError> {
        match &sources.0[..] {
            [one] => self.source(path, one, kind),
            several => several
                .iter()
                .enumerate()
                .try_for_each(|(index, one)| self.source(&format!("{path}[{index}]"), one, kind)),
        }
    }

    fn source(&mut self, path: &str, source: &Source, kind: &Kind) -> Result<(), MappingError> {
        let wrong = |message: &str| Err(MappingError::new(path, message));
        match (&source.column, &source.constant) {
            (Some(column), None) => self.column(&format!("{path}.column"), column)?,
            (None, Some(constant)) => {
                if source.table.is_some() || source.otherwise.is_some() || source.blank.is_some() {
                    return wrong("a constant has no table, else or blank");
                }
                return self.value(&format!("{path}.constant"), constant, kind);
            }
            _ => return wrong("has either a column or a constant"),
        }
        if source.otherwise.is_some() && source.table.is_none() {
            return wrong("else is for what a table does not hold, and there is no table");
        }
        if source.dates.is_some() && !matches!(kind, Kind::Date) {
            return wrong("dates is for dates");
        }
        match kind {
            Kind::Date => {
                if source.table.is_some() || source.blank.is_some() {
                    return wrong("a date has no table and no blank: unknown stays unknown");
                }
                let formats = source.dates.as_ref().unwrap_or(&self.document.cells.dates);
                if formats.is_empty() {
                    return wrong("no date format is declared, here or under [cells]");
                }
                dates(&format!("{path}.dates"), formats)?;
            }
            Kind::Code(..) if source.table.is_none() => {
                return wrong("a code comes from a value table or a constant");
            }
            _ => {}
        }
        if let Some(name) = &source.table {
            let Some(table) = self.document.tables.get(name) else {
                return Err(MappingError::new(
                    format!("{path}.table"),
                    format!("there is no [tables.{name}]"),
                ));
            };
            for (cell, value) in table {
                if !value.is_empty() {
                    self.value(&format!("tables.{name}.{cell:?}"), value, kind)?;
                }
            }
        }
        for (key, value) in [("else", &source.otherwise), ("blank", &source.blank)] {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                self.value(&format!("{path}.{key}"), value, kind)?;
            }
        }
        Ok(())
    }

    /// A value that the mapping itself gives.
    fn value(&self, path: &str, value: &str, kind: &Kind) -> Result<(), MappingError> {
        match kind {
            Kind::Text if value.trim().is_empty() => Err(MappingError::new(path, "must not be blank")),
            Kind::Text => Ok(()),
            Kind::Date => value
                .parse::<Date>()
                .map(|_| ())
                .map_err(|_| MappingError::new(path, "must be a day as YYYY-MM-DD")),
            Kind::Code(known, _) if known(value) => Ok(()),
            Kind::Code(_, all) => Err(MappingError::new(
                path,
                format!("{value:?} is no code of this field; it is one of {}", all().join(", ")),
            )),
        }
    }
}

/// A format must hold a whole day: what it writes, it reads back.
fn dates(path: &str, formats: &[String]) -> Result<(), MappingError> {
    let probe = date(2019, 11, 28);
    for (index, format) in formats.iter().enumerate() {
        let whole = format == SPREADSHEET_DAYS
            || jiff::fmt::strtime::format(format, probe.at(0, 0, 0, 0))
                .is_ok_and(|text| Date::strptime(format, &text).is_ok_and(|day| day == probe));
        if !whole {
            return Err(MappingError::new(
                format!("{path}[{index}]"),
                "can't be read as year, month and day, e.g. %m/%d/%Y or %Y年%m月%d日",
            ));
        }
    }
    Ok(())
}
