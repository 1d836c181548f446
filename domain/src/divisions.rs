//! Administrative divisions (行政区划) with codes, names, parents and inhabitants.
//!
//! The tables that come with the program are those of the National Bureau of Statistics of 2023-06-30, so every
//! division of them carries 2023 as its year of entry: the tables do not say since when each has stood. Inhabitants are
//! those of the census of 2020, see the `census` module for how older codes are carried over and what stays open.
//!
//! Chinese codes nest by prefix (2, 4, 6, 9 digits). Foreign regions are no part of the tree; questions that the code
//! alone can answer ([`Divisions::is_within`]) are answered for them too.

use std::sync::{Arc, OnceLock};

use crate::policy::NATION;
use crate::values::RegionId;

mod census;
mod tables;

pub use tables::{Tables, TablesError};

/// Level in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Province (省).
    Province,
    /// City (市).
    City,
    /// County (县、区).
    County,
    /// Township or street (乡镇、街道).
    Township,
}

impl Level {
    /// Digits of the codes of this level.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::Province => 2,
            Self::City => 4,
            Self::County => 6,
            Self::Township => 9,
        }
    }
}

/// One division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Code and year of entry.
    pub id: RegionId,
    /// Name.
    pub name: String,
    /// Level.
    pub level: Level,
    /// Parent; `None` for provinces.
    pub parent: Option<RegionId>,
    /// Inhabitants by the census of 2020; `None` where it has no figure for this territory, and for townships.
    pub inhabitants: Option<u64>,
}

/// The tree of divisions in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Divisions {
    /// In order of code, which puts each division right before its parts.
    sorted: Vec<Division>,
    /// Census rows that no division took over, as `code name (city)`.
    unplaced: Vec<String>,
}

impl Divisions {
    /// The divisions that come with the program, built once.
    #[must_use]
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<Divisions>> = OnceLock::new();
        SHIPPED.get_or_init(|| Arc::new(Self::from_tables(&Tables::SHIPPED).expect("a test reads the shipped tables")))
    }

    /// Builds the tree from its tables.
    ///
    /// # Errors
    /// With table and line, when a row has another form, a code stands twice or its parent is missing.
    pub fn from_tables(tables: &Tables<'_>) -> Result<Self, TablesError> {
        let mut divisions = Self {
            sorted: tables::read(tables)?,
            unplaced: Vec::new(),
        };
        divisions.unplaced = census::fill(&mut divisions, tables)?;
        Ok(divisions)
    }

    fn position(&self, code: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|division| division.id.code().cmp(code))
    }

    /// End of the run of divisions from `start` on whose codes begin with `code`.
    fn end_of(&self, start: usize, code: &str) -> usize {
        start + self.sorted[start..].partition_point(|division| division.id.code().starts_with(code))
    }

    /// The division of a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Division> {
        self.position(code).ok().map(|at| &self.sorted[at])
    }

    /// Level of a code; `None` when the tree does not know it.
    #[must_use]
    pub fn level_of(&self, code: &str) -> Option<Level> {
        self.get(code).map(|division| division.level)
    }

    /// The division itself and all that lies in it, in order of code; empty when unknown.
    #[must_use]
    pub fn subtree(&self, code: &str) -> &[Division] {
        match self.position(code) {
            Ok(start) => &self.sorted[start..self.end_of(start, code)],
            Err(_) => &[],
        }
    }

    /// Direct parts, in order of code.
    #[must_use]
    pub fn children(&self, code: &str) -> Vec<&Division> {
        let within = self.subtree(code);
        within.get(1..).map(tops).unwrap_or_default()
    }

    /// Provinces, in order of code.
    #[must_use]
    pub fn provinces(&self) -> Vec<&Division> {
        tops(&self.sorted)
    }

    /// Every division, in order of code.
    pub fn iter(&self) -> impl Iterator<Item = &Division> {
        self.sorted.iter()
    }

    /// How many townships and streets a division holds; a township holds itself; 0 when unknown.
    #[must_use]
    pub fn township_count(&self, code: &str) -> usize {
        self.subtree(code)
            .iter()
            .filter(|division| division.level == Level::Township)
            .count()
    }

    /// Divisions from the province down to the code itself; empty when unknown.
    #[must_use]
    pub fn lineage(&self, code: &str) -> Vec<&Division> {
        let mut lineage = Vec::with_capacity(4);
        let mut at = self.get(code);
        while let Some(division) = at {
            lineage.push(division);
            at = division.parent.as_ref().and_then(|parent| self.get(parent.code()));
        }
        lineage.reverse();
        lineage
    }

    /// Names from the province down, e.g. `["浙江省", "杭州市", "西湖区"]`; empty when unknown.
    #[must_use]
    pub fn path(&self, code: &str) -> Vec<&str> {
        self.lineage(code)
            .into_iter()
            .map(|division| division.name.as_str())
            .collect()
    }

    /// Whether `code` is `ancestor` or lies within it, by code alone: it holds for codes that the tree does not know,
    /// since an event may name a division that has gone. Every Chinese code lies within [`NATION`].
    #[must_use]
    pub fn is_within(code: &str, ancestor: &str) -> bool {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if digits(code) {
            return ancestor == NATION
                || (matches!(ancestor.len(), 2 | 4 | 6 | 9) && digits(ancestor) && code.starts_with(ancestor));
        }
        code.strip_prefix(ancestor)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Census rows whose territory no county of the tree took over, as `code name (city)`; their inhabitants count in
    /// their city and province only.
    #[must_use]
    pub fn unplaced_census_rows(&self) -> &[String] {
        &self.unplaced
    }
}

/// The divisions of a sorted run that lie in no other of it.
fn tops(mut run: &[Division]) -> Vec<&Division> {
    let mut found = Vec::new();
    while let Some(first) = run.first() {
        found.push(first);
        let within = run.partition_point(|division| division.id.code().starts_with(first.id.code()));
        run = &run[within..];
    }
    found
}
