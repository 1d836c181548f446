//! Kept sums (汇总): what each institution adds to the figures of admission, of the filing pipeline, of alerts and of the
//! overview, and these added up for every division above it. Rows of the other views stay what figures are defined by; sums
//! follow from them alone, so that an answer for a province does not read every institution of it.
//!
//! ```sql
//! SELECT s.name, s.day, s.n FROM sum s WHERE s.code = '3305';
//! ```
//!
//! A figure that depends on the day of the question is kept by day: open applications by the last day of the clock that
//! tells how they stand, places by the day from which they are so many more or fewer.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use yujian_domain::time::day_of;

use crate::condition::{Condition, DOMESTIC, is_within, narrowest};
use crate::database::{integer, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Home, Table, View, What};
use crate::model::Scope;
use crate::view::clock::FIRST;
use crate::view::fact;
use crate::view::region::OPERATING_SQL;
use crate::view::tree::LENGTHS;

/// Begins the names of what became of alerts, by the day on which they were raised: read only when that is asked.
const RAISED: &str = "raised/";
/// Follows them: '0' comes after '/'.
const PAST_RAISED: &str = "raised0";
/// Sums whose names lie between two, as the digit 0 follows the slash.
const NAMED: &str = "SELECT name, day, n FROM sum WHERE code = ?1 AND name >= ?2 AND name < ?3";
/// Institutions summed at once.
const CHUNK: usize = 2_000;

/// Kept sums.
pub(crate) struct Sums;

impl View for Sums {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "sum",
                // `code`: the division, empty for everything. `day`: empty where a figure has none.
                ddl: "CREATE TABLE sum(code TEXT NOT NULL, name TEXT NOT NULL, day TEXT NOT NULL, n INTEGER NOT NULL,
                        PRIMARY KEY(code, name, day)) WITHOUT ROWID;
                      CREATE INDEX sum_operating ON sum(code) WHERE name = 'operating';",
                key: "code, name, day",
            },
            Table {
                name: "summed",
                // What the institution has added, and where.
                ddl: "CREATE TABLE summed(institution TEXT PRIMARY KEY, region TEXT NOT NULL, parts TEXT NOT NULL)
                        WITHOUT ROWID;",
                key: "institution",
            },
            Table {
                name: "unsummed",
                // Institutions that have changed since they were summed: none once a fold is done.
                ddl: "CREATE TABLE unsummed(institution TEXT PRIMARY KEY) WITHOUT ROWID;",
                key: "institution",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let concerned =
            matches!(seen.home, Home::Institution(_) | Home::Alert(_)) || matches!(seen.what, What::Damaged(_));
        if let (Some(institution), true) = (seen.institution, concerned) {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO unsummed VALUES(?)")?
                .execute([institution.to_string()])?;
        }
        Ok(())
    }
}

/// Figures by name and day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parts(BTreeMap<(String, String), i64>);

impl Parts {
    fn add(&mut self, name: impl Into<String>, day: impl Into<String>, n: i64) {
        *self.0.entry((name.into(), day.into())).or_default() += n;
    }

    fn merge(&mut self, other: &Self, sign: i64) {
        for ((name, day), n) in &other.0 {
            self.add(name.as_str(), day.as_str(), sign * n);
        }
    }

    /// Each figure: its name split at slashes, its day, and how many.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Vec<&str>, &str, u64)> {
        self.0
            .iter()
            .map(|((name, day), n)| (name.split('/').collect(), day.as_str(), u64::try_from(*n).unwrap_or(0)))
    }

    /// How many of a name, on whatever day.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let sum = self.days(name).map(|(_, n)| n).sum::<i64>();
        u64::try_from(sum).unwrap_or(0)
    }

    /// Counts of a name by day.
    pub(crate) fn days(&self, name: &str) -> impl Iterator<Item = (&str, i64)> {
        let from = (name.to_owned(), String::new());
        self.0
            .range(from..)
            .take_while(move |((found, _), _)| found == name)
            .map(|((_, day), n)| (day.as_str(), *n))
    }

    /// Counts by the last part of a name that begins so.
    pub(crate) fn by_code(&self, prefix: &str) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        let from = (prefix.to_owned(), String::new());
        for ((name, _), n) in self.0.range(from..) {
            let Some(code) = name.strip_prefix(prefix) else { break };
            *counts.entry(code.to_owned()).or_default() += u64::try_from(*n).unwrap_or(0);
        }
        counts
    }

    fn to_text(&self) -> String {
        let rows: Vec<_> = self.0.iter().map(|((name, day), n)| (name, day, n)).collect();
        serde_json::Value::from_iter(rows.into_iter().map(|row| serde_json::json!(row))).to_string()
    }

    fn from_text(text: &str) -> Result<Self, ViewError> {
        let rows: Vec<(String, String, i64)> =
            serde_json::from_str(text).map_err(|error| ViewError::Unavailable(format!("a kept sum: {error}")))?;
        Ok(Self(rows.into_iter().map(|(name, day, n)| ((name, day), n)).collect()))
    }
}

/// Sums what has changed, some institutions of it, and forgets that it has; answers whether any may be left.
pub(crate) fn settle(transaction: &Transaction<'_>) -> Result<bool, ViewError> {
    let changed: Vec<String> = {
        let mut statement = transaction.prepare_cached("SELECT institution FROM unsummed ORDER BY 1 LIMIT ?")?;
        let rows = statement.query_map([integer(CHUNK as u64)], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut changes: BTreeMap<String, Parts> = BTreeMap::new();
    for institution in &changed {
        let now = of_institution(transaction, institution, false)?;
        let before: Option<(String, String)> = transaction
            .prepare_cached("SELECT region, parts FROM summed WHERE institution = ?")?
            .query_row([institution], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((region, parts)) = before {
            let before = Parts::from_text(&parts)?;
            for code in above(&region) {
                changes.entry(code).or_default().merge(&before, -1);
            }
        }
        if let Some((region, parts)) = &now {
            for code in above(region) {
                changes.entry(code).or_default().merge(parts, 1);
            }
            transaction
                .prepare_cached("INSERT OR REPLACE INTO summed VALUES(?, ?, ?)")?
                .execute(params![institution, region, parts.to_text()])?;
        }
        transaction
            .prepare_cached("DELETE FROM unsummed WHERE institution = ?")?
            .execute([institution])?;
    }
    for (code, parts) in changes {
        for ((name, day), n) in parts.0.into_iter().filter(|(_, n)| *n != 0) {
            let key = params![code, name, day, n];
            transaction
                .prepare_cached(
                    "INSERT INTO sum VALUES(?, ?, ?, ?) ON CONFLICT(code, name, day) DO UPDATE SET n = n + excluded.n",
                )?
                .execute(key)?;
            transaction
                .prepare_cached("DELETE FROM sum WHERE code = ? AND name = ? AND day = ? AND n = 0")?
                .execute(params![code, name, day])?;
        }
    }
    Ok(changed.len() == CHUNK)
}

/// The divisions that an institution of a region counts for.
fn above(region: &str) -> Vec<String> {
    let mut codes = vec![String::new()];
    if region.as_bytes().first().is_some_and(u8::is_ascii_uppercase) {
        let ends = region.match_indices('/').map(|(end, _)| end).chain([region.len()]);
        codes.extend(ends.map(|end| region[..end].to_owned()));
    } else {
        codes.push(DOMESTIC.to_owned());
        let digits = |code: &&str| code.bytes().all(|byte| byte.is_ascii_digit());
        let prefixes = LENGTHS.into_iter().filter_map(|length| region.get(..length));
        codes.extend(prefixes.take_while(digits).map(str::to_owned));
    }
    codes
}

/// What one institution adds, and the region for which it does. `shown`: as its operator may know it, who sees no alerts.
fn of_institution(
    connection: &Connection,
    institution: &str,
    shown: bool,
) -> Result<Option<(String, Parts)>, ViewError> {
    let found: Option<(String, String, bool)> = connection
        .prepare_cached(&format!(
            "SELECT i.region, i.status, {OPERATING_SQL} FROM institution i WHERE i.id = ?"
        ))?
        .query_row([institution], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((region, status, operating)) = found else {
        return Ok(None);
    };
    let mut adds = Adds {
        connection,
        institution,
        parts: Parts::default(),
    };
    adds.parts.add(format!("status/{status}"), "", 1);
    if operating {
        adds.parts.add("operating", "", 1);
        for (day, more) in fact::steps_of_places(connection, institution)? {
            adds.parts.add("places", day, more);
        }
    }
    let applied = adds.applications(&status, shown)?;
    adds.clocks(&status)?;
    adds.authorization()?;
    adds.damage(applied)?;
    if !shown {
        adds.alerts()?;
    }
    Ok(Some((region, adds.parts)))
}

struct Adds<'a> {
    connection: &'a Connection,
    institution: &'a str,
    parts: Parts,
}

/// How a clock stands, whatever the day: by its last day where that decides.
fn standing(state: &str, provisional: bool) -> &'static str {
    match (state, provisional) {
        ("expired", _) => "expired",
        ("paused", _) => "paused",
        (_, true) => "provisional",
        (_, false) => "running",
    }
}

impl Adds<'_> {
    fn one(&mut self, name: impl Into<String>) {
        self.parts.add(name, "", 1);
    }

    /// Answers whether there are any.
    fn applications(&mut self, status: &str, shown: bool) -> Result<bool, ViewError> {
        let (state, since) = if shown {
            ("shown_state", "shown_since")
        } else {
            ("state", "since")
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT number, ifnull(kind, ''), {state}, ifnull({since}, ''), open, returned, late, deemed, deemed_reversed,
               decided_date, state FROM application WHERE institution = ?"
        ))?;
        let mut rows = statement.query([self.institution])?;
        let mut any = false;
        while let Some(row) = rows.next()? {
            any = true;
            let number: u32 = row.get(0)?;
            let (kind, state, since): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let (open, returned, late): (bool, i64, bool) = (row.get(4)?, row.get(5)?, row.get(6)?);
            let deemed: Option<String> = row.get(7)?;
            let decided: Option<String> = row.get(9)?;
            let truly: String = row.get(10)?;
            self.one(format!("state/{state}"));
            self.one(format!("kind/{kind}/all"));
            if open {
                self.one(format!("kind/{kind}/open"));
                self.parts.add(format!("since/{state}"), since, 1);
                let (stands, day) = self.first_clock(number)?;
                self.parts.add(format!("open/{state}/{stands}"), day, 1);
            }
            if state == "granted" {
                self.one(format!("kind/{kind}/granted"));
                if returned == 0 {
                    self.one(format!("kind/{kind}/at_once"));
                }
            } else if state == "refused" {
                self.one(format!("kind/{kind}/refused"));
            }
            if late {
                self.one("late");
            }
            if let Some(outcome) = deemed {
                let taken_back: bool = row.get(8)?;
                self.one(format!("{}/{outcome}", if taken_back { "reversed" } else { "deemed" }));
            }
            if kind == "filing" {
                if let Some(day) = decided {
                    if late {
                        self.one("receipt_decided_late");
                    }
                    self.parts.add("receipt", day, 1);
                }
                if late {
                    self.one("receipt_late");
                }
                if returned > 0 {
                    self.one("filing_returned");
                }
            }
            let of_pipeline = kind == "filing" && truly == "returned" && status != "closed";
            if state == "returned" || of_pipeline {
                self.items(number, returned, state == "returned", of_pipeline)?;
            }
        }
        Ok(any)
    }

    /// The clock that tells how an open application stands.
    fn first_clock(&self, number: u32) -> Result<(&'static str, String), ViewError> {
        let found: Option<(String, bool, String)> = self
            .connection
            .prepare_cached(&format!(
                "SELECT c.state, c.provisional, c.due_date FROM clock c WHERE c.institution = ? AND c.application = ?
                   AND c.waiting ORDER BY {FIRST}"
            ))?
            .query_row((self.institution, number), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        Ok(found.map_or(("none", String::new()), |(state, provisional, day)| {
            (standing(&state, provisional), day)
        }))
    }

    /// What the latest return names. An item with two problems is one to admission, two to the pipeline.
    fn items(&mut self, number: u32, returned: i64, admission: bool, pipeline: bool) -> Result<(), ViewError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT item, count(*) FROM application_item WHERE institution = ? AND number = ? AND return_number = ?
             GROUP BY item",
        )?;
        let mut rows = statement.query((self.institution, number, returned))?;
        while let Some(row) = rows.next()? {
            let (item, problems): (String, i64) = (row.get(0)?, row.get(1)?);
            if admission {
                self.one(format!("item/{item}"));
                if returned > 1 {
                    self.one(format!("item_again/{item}"));
                }
            }
            if pipeline {
                self.parts.add(format!("filing_item/{item}"), "", problems);
            }
        }
        Ok(())
    }

    fn clocks(&mut self, status: &str) -> Result<(), ViewError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state, provisional, due_date, owner FROM clock WHERE institution = ? AND waiting",
        )?;
        let mut rows = statement.query([self.institution])?;
        while let Some(row) = rows.next()? {
            let state: String = row.get(0)?;
            let name = format!("clock/{}/{}", row.get::<_, String>(3)?, standing(&state, row.get(1)?));
            self.parts.add(name, row.get::<_, String>(2)?, 1);
        }
        if status != "accepted" {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT c.due_date FROM clock c JOIN application a ON a.institution = c.institution
               AND a.number = c.application
             WHERE c.institution = ? AND a.state = 'accepted' AND c.kind = 'receipt' AND c.state IN ('running', 'expired')",
        )?;
        let mut rows = statement.query([self.institution])?;
        while let Some(row) = rows.next()? {
            self.parts.add("receipt_due", row.get::<_, String>(0)?, 1);
        }
        Ok(())
    }

    fn authorization(&mut self) -> Result<(), ViewError> {
        let latest: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT state FROM authorization WHERE institution = ? AND state <> 'reversed'
                 ORDER BY ordinal DESC LIMIT 1",
            )?
            .query_row([self.institution], |row| row.get(0))
            .optional()?;
        if let Some(state) = latest {
            self.one(format!("authorization/{state}"));
        }
        for (name, sql) in [
            (
                "conditions",
                "SELECT count(*) FROM licence_condition WHERE institution = ? AND state = 'open'",
            ),
            (
                "cessations",
                "SELECT count(*) FROM cessation WHERE institution = ? AND closed_date IS NULL",
            ),
        ] {
            let n: i64 = self
                .connection
                .prepare_cached(sql)?
                .query_row([self.institution], |row| row.get(0))?;
            if n > 0 {
                self.parts.add(name, "", n);
            }
        }
        Ok(())
    }

    fn damage(&mut self, applied: bool) -> Result<(), ViewError> {
        let damaged = self
            .connection
            .prepare_cached("SELECT 1 FROM damage WHERE institution = ?")?
            .exists([self.institution])?;
        if damaged {
            self.one("damaged");
            if applied {
                self.one("damaged_applied");
            }
        }
        Ok(())
    }

    fn alerts(&mut self) -> Result<(), ViewError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT rule, severity, status, ifnull(policy_id, ''), ifnull(policy_version, 0),
               iif(acknowledged_time IS NULL, 'unseen', 'seen'), raised_time FROM alert WHERE institution = ?",
        )?;
        let mut rows = statement.query([self.institution])?;
        while let Some(row) = rows.next()? {
            let (rule, severity, status): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (policy, version): (String, u32) = (row.get(3)?, row.get(4)?);
            let (seen, raised): (String, String) = (row.get(5)?, row.get(6)?);
            let day = day_of(parsed(&raised, "raised_time", |text| text.parse().ok())?);
            self.one(format!("alert/{rule}/{severity}/{status}"));
            let name = format!("{RAISED}{rule}/{policy}/{version}/{status}/{seen}");
            self.parts.add(name, day.to_string(), 1);
        }
        Ok(())
    }
}

/// The sums that a scope may read.
pub(crate) enum Reading<'a> {
    /// Those kept, of no more than a division.
    Kept {
        /// The store.
        connection: &'a Connection,
        /// How far they may be read.
        scope: Scope,
    },
    /// Those of an organisation's own institutions, as it may know them, by region.
    Own(Vec<(String, Parts)>),
}

impl<'a> Reading<'a> {
    /// What a scope leaves.
    pub(crate) fn open(connection: &'a Connection, scope: &Scope) -> Result<Self, ViewError> {
        if scope.organisation.is_none() {
            return Ok(Self::Kept {
                connection,
                scope: scope.clone(),
            });
        }
        let mut condition = Condition::default();
        condition.and_scope("i", scope);
        let mut statement =
            connection.prepare_cached(&format!("SELECT i.id FROM institution i{} ORDER BY 1", condition.sql()))?;
        let mut rows = statement.query(rusqlite::params_from_iter(condition.values()))?;
        let mut own = Vec::new();
        while let Some(row) = rows.next()? {
            own.extend(of_institution(connection, &row.get::<_, String>(0)?, true)?);
        }
        Ok(Self::Own(own))
    }

    /// The sums of a region; `None` is everything. Without those of [`Reading::raised`].
    pub(crate) fn of(&self, region: Option<&str>) -> Result<Parts, ViewError> {
        self.read(
            region,
            "SELECT name, day, n FROM sum WHERE code = ?1 AND (name < ?2 OR name >= ?3)",
            (RAISED, PAST_RAISED),
        )
    }

    /// What became of the alerts of a region, by the day on which they were raised.
    pub(crate) fn raised(&self, region: Option<&str>) -> Result<Parts, ViewError> {
        self.read(region, NAMED, (RAISED, PAST_RAISED))
    }

    /// Those sums of a region whose names begin with a word and a slash: what a list needs for its total.
    pub(crate) fn named(&self, region: Option<&str>, word: &str) -> Result<Parts, ViewError> {
        self.read(region, NAMED, (&format!("{word}/"), &format!("{word}0")))
    }

    fn read(&self, region: Option<&str>, sql: &str, (from, to): (&str, &str)) -> Result<Parts, ViewError> {
        let mut sum = Parts::default();
        match self {
            Self::Own(own) => {
                for (place, parts) in own {
                    if region.is_none_or(|region| is_within(place, region)) {
                        sum.merge(parts, 1);
                    }
                }
            }
            Self::Kept { connection, scope } => {
                let Some(code) = narrowest(scope, region) else {
                    return Ok(sum);
                };
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query((code, from, to))?;
                while let Some(row) = rows.next()? {
                    sum.0.insert((row.get(0)?, row.get(1)?), row.get(2)?);
                }
            }
        }
        Ok(sum)
    }
}

impl Reading<'_> {
    /// Divisions of a region in which institutions operate.
    pub(crate) fn operating(&self, region: Option<&str>) -> Result<BTreeSet<String>, ViewError> {
        match self {
            Self::Own(own) => Ok(own
                .iter()
                .filter(|(place, parts)| {
                    parts.count("operating") > 0 && region.is_none_or(|region| is_within(place, region))
                })
                .map(|(place, _)| place.clone())
                .collect()),
            Self::Kept { connection, scope } => {
                let Some(code) = narrowest(scope, region) else {
                    return Ok(BTreeSet::new());
                };
                let mut condition = Condition::default();
                condition.and("s.name = 'operating' AND s.code NOT IN ('', '.')", []);
                if !code.is_empty() && code != DOMESTIC {
                    condition.and_within("s.code", &code);
                }
                let sql = format!("SELECT s.code FROM sum s{}", condition.sql());
                let mut statement = connection.prepare_cached(&sql)?;
                let rows = statement.query_map(rusqlite::params_from_iter(condition.values()), |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
        }
    }
}
