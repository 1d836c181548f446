//! The tree of divisions over which figures are summed: province, city, county, township, and the trees of foreign
//! registers.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params_from_iter};
use yujian_domain::divisions::{Divisions, Level};

use crate::condition::{Condition, is_within};
use crate::error::ViewError;
use crate::model::Scope;

/// Name of the whole, whose code is empty.
const COUNTRY: &str = "全国";
/// Lengths of Chinese division codes, from province to township.
pub(crate) const LENGTHS: [usize; 4] = [2, 4, 6, 9];

/// The divisions with those in which institutions lie.
pub(crate) struct Tree<'a> {
    pub(crate) divisions: &'a Divisions,
    /// Codes in which institutions lie.
    codes: BTreeSet<String>,
}

impl<'a> Tree<'a> {
    /// The tree of the institutions `i` that a scope leaves in a region; `None` is everywhere.
    pub(crate) fn load(
        connection: &Connection,
        divisions: &'a Divisions,
        scope: &Scope,
        region: Option<&str>,
    ) -> Result<Self, ViewError> {
        let mut condition = Condition::default();
        condition.and_places(scope, region);
        let filter = condition.sql();
        let sql = if scope.organisation.is_some() {
            format!("SELECT DISTINCT i.region FROM institution i{filter}")
        } else {
            // From each division to the next: there are some thousand, and many more institutions.
            format!(
                "WITH RECURSIVE i(region) AS (SELECT min(n.region) FROM institution n UNION ALL
                   SELECT (SELECT min(n.region) FROM institution n WHERE n.region > i.region) FROM i
                   WHERE i.region IS NOT NULL)
                 SELECT i.region FROM i{filter} AND i.region IS NOT NULL"
            )
        };
        let mut statement = connection.prepare_cached(&sql)?;
        let codes = statement.query_map(params_from_iter(condition.values()), |row| row.get(0))?;
        Ok(Self {
            divisions,
            codes: codes.collect::<Result<_, _>>()?,
        })
    }

    /// Codes of the direct parts: of the country those with institutions; below it all of the tables, and those that
    /// the tables do not know but institutions name.
    pub(crate) fn parts(&self, region: Option<&str>) -> Vec<String> {
        let mut codes = BTreeSet::new();
        if let Some(code) = region
            && !is_foreign(code)
        {
            codes.extend(
                self.divisions
                    .children(code)
                    .iter()
                    .map(|child| child.id.code().to_owned()),
            );
        }
        let within = |found: &str| region.is_none_or(|code| is_within(found, code));
        for found in self.codes.iter().filter(|found| !found.is_empty() && within(found)) {
            let known = codes.iter().any(|code: &String| is_within(found, code));
            if !known && let Some(part) = part_of(found, region) {
                codes.insert(part);
            }
        }
        codes.into_iter().collect()
    }

    /// Name of a division; the code when the tables do not know it.
    pub(crate) fn name(&self, region: Option<&str>) -> String {
        match region {
            None => COUNTRY.to_owned(),
            Some(code) => match self.divisions.get(code) {
                Some(division) => division.name.clone(),
                None => code.to_owned(),
            },
        }
    }

    /// Level of a division, by the tables, else by the form of its code.
    pub(crate) fn level(&self, code: &str) -> &'static str {
        if is_foreign(code) {
            return "foreign";
        }
        match (self.divisions.get(code).map(|division| division.level), code.len()) {
            (Some(Level::Province), _) | (None, 2) => "province",
            (Some(Level::City), _) | (None, 4) => "city",
            (Some(Level::County), _) | (None, 6) => "county",
            _ => "township",
        }
    }

    /// From the province (or the head of a foreign tree) down to the region itself.
    pub(crate) fn path(&self, region: Option<&str>) -> Vec<(String, String)> {
        region.map_or(Vec::new(), |code| path(self.divisions, code))
    }
}

/// Sums what lies in a region, of figures by code of the division.
pub(crate) fn sum_within<F: Default>(
    figures: &BTreeMap<String, F>,
    region: Option<&str>,
    add: impl Fn(&mut F, &F),
) -> F {
    let mut sum = F::default();
    for (code, figures) in figures {
        if region.is_none_or(|region| is_within(code, region)) {
            add(&mut sum, figures);
        }
    }
    sum
}

fn is_foreign(code: &str) -> bool {
    code.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
}

/// The direct part of `region` in which `code` lies, by the form of the code alone; `None` when it is the region itself.
fn part_of(code: &str, region: Option<&str>) -> Option<String> {
    if is_foreign(code) {
        let depth = region.map_or(0, |region| region.split('/').count());
        let parts: Vec<&str> = code.split('/').take(depth + 1).collect();
        return (parts.len() > depth).then(|| parts.join("/"));
    }
    let longer = LENGTHS
        .into_iter()
        .find(|length| *length > region.map_or(0, str::len))?;
    code.get(..longer).map(str::to_owned)
}

/// From the province (or the head of a foreign tree) down to the region itself.
fn path(divisions: &Divisions, code: &str) -> Vec<(String, String)> {
    if is_foreign(code) {
        let ends = code.match_indices('/').map(|(end, _)| end).chain([code.len()]);
        return ends
            .map(|end| (code[..end].to_owned(), code[..end].to_owned()))
            .collect();
    }
    let mut path = Vec::new();
    let mut at = divisions.get(code);
    if at.is_none() {
        path.push((code.to_owned(), code.to_owned()));
        at = LENGTHS
            .into_iter()
            .rev()
            .filter(|length| *length < code.len())
            .find_map(|length| divisions.get(code.get(..length)?));
    }
    while let Some(division) = at {
        path.push((division.id.code().to_owned(), division.name.clone()));
        at = division.parent.as_ref().and_then(|parent| divisions.get(parent.code()));
    }
    path.reverse();
    path
}
