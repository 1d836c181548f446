//! How far a question narrows the institutions whose rows it lists, and so from which side these are found.

use rusqlite::Connection;

use crate::condition::narrowest;
use crate::database::natural;
use crate::error::ViewError;
use crate::key;
use crate::model::Scope;

/// How far a scope, a region and an institution narrow the institutions whose rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// No institution at all. The condition of such a question is false, and SQLite then takes no index that holds some
    /// rows alone: a statement that names one cannot be prepared.
    Nowhere,
    /// Every institution: their table need not be read to count.
    All,
    /// Many: rows are read in the order of the list, past those of other institutions, and counted from the institutions.
    Many,
    /// Few: rows are found from the institutions, and sorted.
    Few,
}

impl Reach {
    /// What is left by a scope, a region and an institution, for pages of `limit` rows.
    pub(crate) fn of(
        connection: &Connection,
        scope: &Scope,
        region: Option<&str>,
        one: bool,
        limit: u32,
    ) -> Result<Self, ViewError> {
        let Some(code) = narrowest(scope, region) else {
            return Ok(Self::Nowhere);
        };
        if one || scope.organisation.is_some() {
            return Ok(Self::Few);
        }
        if code.is_empty() {
            return Ok(Self::All);
        }
        let rows = key::limit(limit) as u64 + 1;
        Ok(Self::cheaper(
            institutions(connection, &code)?,
            institutions(connection, "")?,
            rows,
        ))
    }

    /// In the order of the list, `rows` of one region stand among `rows * everywhere / here` of all; from the institutions,
    /// each of those `here` is looked up.
    fn cheaper(here: u64, everywhere: u64, rows: u64) -> Self {
        if here.saturating_mul(here) <= rows.saturating_mul(everywhere) {
            Self::Few
        } else {
            Self::Many
        }
    }
}

/// How many institutions a division has, from the kept sums.
fn institutions(connection: &Connection, code: &str) -> Result<u64, ViewError> {
    let sql = "SELECT ifnull(sum(n), 0) FROM sum WHERE code = ? AND name >= 'status/' AND name < 'status0'";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([code], |row| Ok(natural(row.get(0)?)))?)
}

#[cfg(test)]
mod tests {
    use super::Reach;

    #[test]
    fn a_region_is_read_from_the_side_that_passes_over_less() {
        for (here, everywhere, side) in [
            (0, 100_000, Reach::Few),
            // A county, and a city of a whole country: looked up one by one.
            (40, 100_000, Reach::Few),
            (2_000, 100_000, Reach::Few),
            // A large city of one province; the province itself.
            (9_000, 100_000, Reach::Many),
            (100_000, 100_000, Reach::Many),
            // The whole of a small installation.
            (40, 40, Reach::Few),
        ] {
            assert_eq!(Reach::cheaper(here, everywhere, 51), side, "{here} of {everywhere}");
        }
    }
}
