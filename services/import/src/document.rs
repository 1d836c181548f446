//! The mapping document as it is written: what each key holds. What must hold together is checked in [`crate::mapping`].

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::heads::Heads;
use crate::layout::Layout;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub register: String,
    #[serde(default)]
    pub file: Layout,
    #[serde(default)]
    pub heads: Option<Heads>,
    #[serde(default)]
    pub cells: Cells,
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub filter: Vec<Filter>,
    pub institution: InstitutionMap,
    pub incident: Option<IncidentMap>,
    pub inspection: Option<InspectionMap>,
}

/// What a register with cases has cases of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CaseMap<'a> {
    Incident(&'a IncidentMap),
    Inspection(&'a InspectionMap),
}

impl Document {
    /// The map of its cases; none for a register of institutions alone.
    pub fn cases(&self) -> Option<CaseMap<'_>> {
        let inspection = || self.inspection.as_ref().map(CaseMap::Inspection);
        self.incident.as_ref().map(CaseMap::Incident).or_else(inspection)
    }
}

impl<'a> CaseMap<'a> {
    /// Word that is part of the case's id, and so for ever.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Incident(_) => "case",
            Self::Inspection(_) => "visit",
        }
    }

    /// Columns that tell one case from another.
    pub fn key(self) -> &'a [String] {
        match self {
            Self::Incident(map) => &map.case,
            Self::Inspection(map) => &map.visit,
        }
    }

    /// Columns that tell one row of a case from another; none: all.
    pub fn row(self) -> &'a [String] {
        match self {
            Self::Incident(map) => &map.row,
            Self::Inspection(map) => &map.row,
        }
    }

    /// Columns kept in the register's own words.
    pub fn details(self) -> &'a [String] {
        match self {
            Self::Incident(map) => &map.details,
            Self::Inspection(map) => &map.details,
        }
    }

    /// Columns of free text that may name a person.
    pub fn narrative(self) -> &'a [String] {
        match self {
            Self::Incident(map) => &map.narrative,
            Self::Inspection(map) => &map.narrative,
        }
    }
}

/// How cells are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cells {
    /// White space at both ends goes.
    pub trim: bool,
    /// Runs of white space within become one space.
    pub collapse: bool,
    /// Full-width letters, digits and signs are read as ASCII wherever a cell is no text of its own.
    pub fold_width: bool,
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
            fold_width: false,
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

/// Where the institution lies. With the year of entry: a path that is spelled out, from a root and the cells below it.
/// Without: a division of the tables, looked up by code or name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    /// Code of the tree's root, e.g. `US-48`; absent when the first part is a whole code.
    pub root: Option<String>,
    /// Code of the division within which the parts are looked up, e.g. `3301`.
    pub within: Option<String>,
    /// Parts below the root, in order; a blank one ends the path.
    #[serde(default)]
    pub parts: Vec<Source>,
    /// Year in which the divisions entered the tables; absent: looked up.
    pub entered: Option<u16>,
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
    pub register_status: Sources,
    /// Words of the register's status that say that it is closed.
    #[serde(default)]
    pub closed: Vec<String>,
    #[serde(default)]
    pub mode: Sources,
    #[serde(default)]
    pub ownership: Sources,
    #[serde(default)]
    pub valid_from_date: Sources,
    /// Day as of which the edition speaks, when the file tells.
    #[serde(default)]
    pub edition_date: Sources,
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

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InspectionMap {
    /// The institution's key where the register knows no visits: all its rows then stand in one inspection.
    pub visit: Vec<String>,
    #[serde(default)]
    pub row: Vec<String>,
    pub kind: Sources,
    pub standard: Sources,
    #[serde(default)]
    pub weight: Sources,
    #[serde(default)]
    pub visit_date: Sources,
    #[serde(default)]
    pub corrected_date: Sources,
    #[serde(default)]
    pub details: Vec<String>,
    #[serde(default)]
    pub narrative: Vec<String>,
}
