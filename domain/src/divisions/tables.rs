//! Reading the tables of divisions.

use super::{Division, Level};
use crate::values::RegionId;

/// Year of the shipped tables, and the year of entry of every division in them.
const TABLE_YEAR: u16 = 2023;

/// The tables that a tree is built from, each a CSV with a header.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// `code,name`.
    pub provinces: &'a str,
    /// `code,name,provinceCode`.
    pub cities: &'a str,
    /// `code,name,cityCode,provinceCode`.
    pub counties: &'a str,
    /// `code,name,areaCode,provinceCode,cityCode`.
    pub townships: &'a str,
    /// `code,province,city,county,population,age_0,age_1_to_4,under_3_estimate`; the code may be blank.
    pub population: &'a str,
    /// `code_2020,name_2020,code_2023,name_2023,year,change`: what became of counties after the census.
    pub changes: &'a str,
}

impl Tables<'static> {
    /// Those that come with the program.
    pub const SHIPPED: Self = Self {
        provinces: include_str!("../../../deploy/reference/divisions/provinces.csv"),
        cities: include_str!("../../../deploy/reference/divisions/cities.csv"),
        counties: include_str!("../../../deploy/reference/divisions/areas.csv"),
        townships: include_str!("../../../deploy/reference/divisions/streets.csv"),
        population: include_str!("../../../deploy/reference/population-county-2020.csv"),
        changes: include_str!("../../../deploy/reference/division-changes.csv"),
    };
}

/// Why a table is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("table of {table}, line {line}: {message}")]
pub struct TablesError {
    /// Which table, e.g. `counties`.
    pub table: &'static str,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Rows of a table whose cells hold no commas, with their line numbers.
pub(super) fn rows<'a, const N: usize>(
    table: &'static str,
    text: &'a str,
    header: &str,
) -> impl Iterator<Item = Result<(usize, [&'a str; N]), TablesError>> {
    let wrong = move |line: usize, message: &str| TablesError {
        table,
        line,
        message: message.to_owned(),
    };
    let mut lines = text.lines();
    let first = lines
        .next()
        .is_none_or(|first| first.trim_start_matches('\u{feff}') != header);
    let refused = first.then(|| Err(wrong(1, "has another header")));
    refused.into_iter().chain(lines.enumerate().map(move |(index, row)| {
        let line = index + 2;
        let mut cells = [""; N];
        let mut count = 0;
        for cell in row.split(',') {
            *cells.get_mut(count).ok_or_else(|| wrong(line, "has too many cells"))? = cell
                .strip_prefix('"')
                .and_then(|cell| cell.strip_suffix('"'))
                .unwrap_or(cell);
            count += 1;
        }
        if count == N {
            Ok((line, cells))
        } else {
            Err(wrong(line, "has too few cells"))
        }
    }))
}

fn level<const N: usize>(
    into: &mut Vec<Division>,
    level: Level,
    table: &'static str,
    text: &str,
    header: &str,
) -> Result<(), TablesError> {
    for row in rows::<N>(table, text, header) {
        let (line, cells) = row?;
        let wrong = |message: String| TablesError { table, line, message };
        let (code, name) = (cells[0], cells[1]);
        if code.len() != level.digits() || name.is_empty() {
            return Err(wrong(format!("needs a code of {} digits and a name", level.digits())));
        }
        let region = |code: &str| RegionId::parse(code, TABLE_YEAR).map_err(|error| wrong(error.to_string()));
        let parent = match level {
            Level::Province => None,
            Level::City => Some(&code[..2]),
            Level::County => Some(&code[..4]),
            Level::Township => Some(&code[..6]),
        };
        // The parent's code in the row says the same as the code itself; a row where it does not is damaged.
        if parent.is_some_and(|parent| cells[2] != parent) {
            return Err(wrong("names a parent that its code does not begin with".to_owned()));
        }
        into.push(Division {
            id: region(code)?,
            name: name.to_owned(),
            level,
            parent: parent.map(region).transpose()?,
            inhabitants: None,
        });
    }
    Ok(())
}

/// All divisions in order of code, without inhabitants.
pub(super) fn read(tables: &Tables<'_>) -> Result<Vec<Division>, TablesError> {
    let mut all = Vec::with_capacity(45_000);
    level::<2>(&mut all, Level::Province, "provinces", tables.provinces, "code,name")?;
    level::<3>(&mut all, Level::City, "cities", tables.cities, "code,name,provinceCode")?;
    level::<4>(
        &mut all,
        Level::County,
        "counties",
        tables.counties,
        "code,name,cityCode,provinceCode",
    )?;
    let header = "code,name,areaCode,provinceCode,cityCode";
    level::<5>(&mut all, Level::Township, "townships", tables.townships, header)?;
    all.sort_by(|one, other| one.id.code().cmp(other.id.code()));
    let mut lineage: Vec<&str> = Vec::new();
    for pair in all.windows(2) {
        if pair[0].id.code() == pair[1].id.code() {
            return Err(TablesError {
                table: "divisions",
                line: 0,
                message: format!("{} twice", pair[0].id.code()),
            });
        }
    }
    for division in &all {
        let code = division.id.code();
        while lineage.last().is_some_and(|above| !code.starts_with(above)) {
            lineage.pop();
        }
        if lineage.last().copied() != division.parent.as_ref().map(RegionId::code) {
            return Err(TablesError {
                table: "divisions",
                line: 0,
                message: format!("{code} has no parent"),
            });
        }
        lineage.push(code);
    }
    Ok(all)
}
