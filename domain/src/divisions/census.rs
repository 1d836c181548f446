//! Inhabitants by the census of 2020, carried over to the divisions of 2023.
//!
//! A county takes the census row of its code; failing that, the row of its name within the city, then within the
//! province. Where counties were renumbered, merged or split since, the table of changes says so, and it goes first:
//!
//! * `renumbered`, `merged`: the county of 2023 takes the sum of its rows of 2020.
//! * `split`: how the inhabitants divide is not in the census table, so every county of 2023 that took a part of a split
//!   one has no figure. Hangzhou in 2021: 拱墅 is the old 拱墅 and 下城; 上城, 萧山, 钱塘, 余杭 and 临平 have none.
//! * `whole`: a row that repeats the sum of its parts; it is left out.
//! * `carved`: a county that came out of other cities; neither it nor its city has a figure.
//!
//! Cities and provinces take the sum of all rows of their territory, placed or not, so that a split or an unknown
//! development zone within a city does not touch the city's figure.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Tables, TablesError, rows};
use super::{Divisions, Level};

const POPULATION: &str = "population";
const CHANGES: &str = "changes";

/// What became of the counties of 2020.
#[derive(Default)]
struct Changes<'a> {
    /// Code of 2020 to code of 2023, for renumbered and merged ones.
    becomes: BTreeMap<&'a str, &'a str>,
    /// Codes of 2020 that were split.
    split: BTreeSet<&'a str>,
    /// Codes of 2020 that repeat the sum of their parts.
    whole: BTreeSet<&'a str>,
    /// Counties of 2023 without a figure.
    open: BTreeSet<&'a str>,
    /// Those of them that came from other cities.
    carved: BTreeSet<&'a str>,
}

impl<'a> Changes<'a> {
    fn read(divisions: &Divisions, text: &'a str) -> Result<Self, TablesError> {
        let mut changes = Self::default();
        for row in rows::<6>(CHANGES, text, "code_2020,name_2020,code_2023,name_2023,year,change") {
            let (line, [before, _, after, name_after, _, change]) = row?;
            let wrong = |message: &str| TablesError {
                table: CHANGES,
                line,
                message: message.to_owned(),
            };
            if change != "whole" && divisions.get(after).is_none_or(|county| county.name != name_after) {
                return Err(wrong("names a county of 2023 that does not exist"));
            }
            match change {
                "renumbered" | "merged" => {
                    changes.becomes.insert(before, after);
                }
                "split" => {
                    changes.split.insert(before);
                    changes.open.insert(after);
                }
                "whole" => {
                    changes.whole.insert(before);
                }
                "carved" => {
                    changes.open.insert(after);
                    changes.carved.insert(after);
                }
                _ => return Err(wrong("names an unknown change")),
            }
        }
        Ok(changes)
    }
}

/// A row of the census.
#[derive(Clone, Copy)]
struct Row<'a> {
    code: &'a str,
    province: &'a str,
    city: &'a str,
    county: &'a str,
}

/// Finds divisions by name.
struct Names<'a> {
    provinces: BTreeMap<&'a str, &'a str>,
    /// (code of the province, name) to codes of its cities.
    cities: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
    /// (code of the province or city, name) to codes of counties.
    counties: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
}

/// The only one, if there is only one.
fn only<'a>(found: Option<&Vec<&'a str>>) -> Option<&'a str> {
    found.filter(|codes| codes.len() == 1).map(|codes| codes[0])
}

impl<'a> Names<'a> {
    fn of(divisions: &'a Divisions) -> Self {
        let mut names = Self {
            provinces: BTreeMap::new(),
            cities: BTreeMap::new(),
            counties: BTreeMap::new(),
        };
        for division in divisions.iter() {
            let (code, name) = (division.id.code(), division.name.as_str());
            match division.level {
                Level::Province => {
                    names.provinces.insert(name, code);
                }
                Level::City => names.cities.entry((&code[..2], name)).or_default().push(code),
                Level::County => {
                    names.counties.entry((&code[..2], name)).or_default().push(code);
                    names.counties.entry((&code[..4], name)).or_default().push(code);
                }
                Level::Township => {}
            }
        }
        names
    }

    fn city(&self, province: &str, row: Row<'_>) -> Option<&'a str> {
        only(self.cities.get(&(province, row.city)))
    }

    fn county(&self, province: &str, row: Row<'_>) -> Option<&'a str> {
        let within = |area| only(self.counties.get(&(area, row.county)));
        self.city(province, row).and_then(within).or_else(|| within(province))
    }
}

/// Fills in the inhabitants of provinces, cities and counties. Returns the rows that no county took.
pub(super) fn fill(divisions: &mut Divisions, tables: &Tables<'_>) -> Result<Vec<String>, TablesError> {
    let (figures, unplaced) = figures(divisions, tables)?;
    for (code, inhabitants) in figures {
        if let Ok(at) = divisions.position(&code) {
            divisions.sorted[at].inhabitants = Some(inhabitants);
        }
    }
    Ok(unplaced)
}

fn figures(divisions: &Divisions, tables: &Tables<'_>) -> Result<(BTreeMap<String, u64>, Vec<String>), TablesError> {
    let changes = Changes::read(divisions, tables.changes)?;
    let names = Names::of(divisions);
    let mut figures: BTreeMap<String, u64> = BTreeMap::new();
    let mut unplaced = Vec::new();
    let header = "code,province,city,county,population,age_0,age_1_to_4,under_3_estimate";
    for line in rows::<8>(POPULATION, tables.population, header) {
        let (line, [code, province, city, county, population, ..]) = line?;
        let row = Row {
            code,
            province,
            city,
            county,
        };
        let wrong = |message: &str| TablesError {
            table: POPULATION,
            line,
            message: message.to_owned(),
        };
        if changes.whole.contains(code) {
            continue;
        }
        let province = *names
            .provinces
            .get(row.province)
            .ok_or_else(|| wrong("names an unknown province"))?;
        // Blank where the source has no figure.
        if population.is_empty() {
            continue;
        }
        let inhabitants: u64 = population
            .parse()
            .map_err(|_| wrong("its population is not a number"))?;
        let placed = place(divisions, &changes, &names, province, row);
        let city = row
            .code
            .get(..4)
            .filter(|city| divisions.level_of(city) == Some(Level::City));
        let city = city
            .or_else(|| names.city(province, row))
            .or_else(|| placed.and_then(|code| code.get(..4)));
        if placed.is_none() && !changes.split.contains(code) {
            unplaced.push(format!("{code} {county} ({})", row.city).trim_start().to_owned());
        }
        for area in [Some(province), city, placed].into_iter().flatten() {
            *figures.entry(area.to_owned()).or_default() += inhabitants;
        }
    }
    for county in &changes.open {
        figures.remove(*county);
    }
    for county in &changes.carved {
        figures.remove(&county[..4]);
    }
    Ok((figures, unplaced))
}

/// The county of 2023 that takes a row.
fn place<'a>(
    divisions: &'a Divisions,
    changes: &Changes<'a>,
    names: &Names<'a>,
    province: &str,
    row: Row<'_>,
) -> Option<&'a str> {
    if changes.split.contains(row.code) {
        return None;
    }
    if let Some(after) = changes.becomes.get(row.code) {
        return Some(after);
    }
    let same_code = divisions
        .get(row.code)
        .filter(|division| division.level == Level::County);
    same_code
        .map(|division| division.id.code())
        .or_else(|| names.county(province, row))
}
