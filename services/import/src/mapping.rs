//! The mapping document: which register, how its file looks, and what its columns mean in our terms. `docs/import.md`
//! explains every key. Strict: an unknown key, an unknown code or a table that does not exist is an error with its path.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;
use yujian_domain::incident::{Category, Injury, Outcome, Severity};
use yujian_domain::institution::{InstitutionType, Mode, Ownership};
use yujian_domain::values::{ClassType, RegionId};

use crate::layout::{Layout, Preamble};

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
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
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

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub register: String,
    #[serde(default)]
    pub file: Layout,
    #[serde(default)]
    pub cells: Cells,
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub filter: Vec<Filter>,
    pub institution: InstitutionMap,
    pub incident: Option<IncidentMap>,
}

/// How cells are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cells {
    /// White space at both ends goes.
    pub trim: bool,
    /// Runs of white space within become one space.
    pub collapse: bool,
    /// Value tables and filters don't tell capitals from small letters.
    pub ignore_case: bool,
    /// Texts that mean that nothing was told, besides the empty one.
    pub blank: Vec<String>,
    /// Formats of dates; the first that reads a cell counts.
    pub dates: Vec<String>,
}

impl Default for Cells {
    fn default() -> Self {
        Self {
            trim: true,
            collapse: false,
            ignore_case: false,
            blank: Vec::new(),
            dates: Vec::new(),
        }
    }
}

/// Rows that count, by a column's cell.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    pub column: String,
    pub keep: Option<Vec<String>>,
    pub drop: Option<Vec<String>>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub column: Option<String>,
    pub constant: Option<String>,
    /// Name of the value table through which the cell goes.
    pub table: Option<String>,
    /// Value of a cell that the table does not hold; absent: the row is rejected.
    #[serde(rename = "else")]
    pub otherwise: Option<String>,
    /// Value of a blank cell; absent: nothing is told.
    pub blank: Option<String>,
    /// Formats of this date, instead of those of `[cells]`.
    pub dates: Option<Vec<String>>,
}

/// One source, or several of which the first that tells anything counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sources(pub Vec<Source>);

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> serde::de::Visitor<'de> for OneOrMore {
            type Value = Sources;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("{ column = \"…\" }, { constant = \"…\" } or an array of them")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Sources, A::Error> {
                Source::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|one| Sources(vec![one]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Sources, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq)).map(Sources)
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// Where the institution lies: a tree of divisions, from a root and the cells below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    /// Code of the tree's root, e.g. `US-48`; absent when the first part is a whole code.
    pub root: Option<String>,
    /// Parts below the root, in order; a blank one ends the path.
    #[serde(default)]
    pub parts: Vec<Source>,
    /// Year in which the divisions entered the tables.
    pub entered: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstitutionMap {
    pub key: Vec<String>,
    pub name: Sources,
    #[serde(default)]
    pub address: Sources,
    pub region: Region,
    #[serde(default)]
    pub credit_code: Sources,
    #[serde(default)]
    pub institution_type: Sources,
    #[serde(default)]
    pub register_type: Sources,
    #[serde(default)]
    pub mode: Sources,
    #[serde(default)]
    pub ownership: Sources,
    #[serde(default)]
    pub valid_from_date: Sources,
    #[serde(default)]
    pub classes: Vec<ClassMap>,
}

/// One class, recorded when its number of places is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassMap {
    pub name: String,
    #[serde(default)]
    pub class_type: Sources,
    pub places: Sources,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IncidentMap {
    pub case: Vec<String>,
    #[serde(default)]
    pub row: Vec<String>,
    pub category: Sources,
    #[serde(default)]
    pub injury: Sources,
    #[serde(default)]
    pub severity: Sources,
    #[serde(default)]
    pub outcome: Sources,
    #[serde(default)]
    pub intake_date: Sources,
    #[serde(default)]
    pub completed_date: Sources,
    #[serde(default)]
    pub details: Vec<String>,
    #[serde(default)]
    pub narrative: Vec<String>,
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
        Ok(())
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
        self.sources("institution.mode", &map.mode, &code!(Mode))?;
        self.sources("institution.ownership", &map.ownership, &code!(Ownership))?;
        self.sources("institution.valid_from_date", &map.valid_from_date, &Kind::Date)?;
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
        match &region.root {
            Some(root) => {
                RegionId::parse(root, region.entered)
                    .map_err(|error| MappingError::new("institution.region.root", error.message))?;
            }
            None if region.parts.is_empty() => {
                return Err(MappingError::new("institution.region", "needs a root or parts"));
            }
            None => {}
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
