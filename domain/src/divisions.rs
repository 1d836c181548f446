//! Administrative divisions (行政区划) with codes, names, parents and inhabitants.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::values::RegionId;

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
    /// Inhabitants of the 2020 census, where the table has the division (counties) or all of its parts have one.
    pub inhabitants: Option<u64>,
}

/// The tree of divisions in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Divisions {
    by_code: BTreeMap<String, Division>,
}

impl Divisions {
    /// The divisions that come with the program, built once.
    #[must_use]
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<Divisions>> = OnceLock::new();
        SHIPPED.get_or_init(Arc::default)
    }

    /// The division of a code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Division> {
        self.by_code.get(code)
    }

    /// Direct parts, in order of code.
    #[must_use]
    pub fn children(&self, code: &str) -> Vec<&Division> {
        self.by_code
            .values()
            .filter(|division| division.parent.as_ref().is_some_and(|p| p.code() == code))
            .collect()
    }

    /// Provinces, in order of code.
    #[must_use]
    pub fn provinces(&self) -> Vec<&Division> {
        self.by_code
            .values()
            .filter(|division| division.level == Level::Province)
            .collect()
    }

    /// Every division, in order of code.
    pub fn iter(&self) -> impl Iterator<Item = &Division> {
        self.by_code.values()
    }

    /// Names from the province down, e.g. `["浙江省", "杭州市", "西湖区"]`; empty when unknown.
    #[must_use]
    pub fn path(&self, code: &str) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = self.get(code);
        while let Some(division) = at {
            names.push(division.name.as_str());
            at = division.parent.as_ref().and_then(|parent| self.get(parent.code()));
        }
        names.reverse();
        names
    }
}
