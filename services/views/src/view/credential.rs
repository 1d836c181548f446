//! Credentials: one row each. Their numbers stand sealed as in the events.
//!
//! Verified credentials of persons at work, by what is left of them at a day:
//!
//! ```sql
//! SELECT c.kind, CASE WHEN c.expiry_date IS NULL THEN 'none' WHEN c.expiry_date < :at THEN 'expired'
//!   WHEN julianday(c.expiry_date) - julianday(:at) <= 7 THEN '7' WHEN julianday(c.expiry_date) - julianday(:at) <= 30
//!   THEN '30' WHEN julianday(c.expiry_date) - julianday(:at) <= 90 THEN '90' ELSE 'more' END AS bucket, count(*)
//! FROM credential c WHERE c.state = 'verified'
//!   AND EXISTS(SELECT 1 FROM engagement e WHERE e.person = c.person AND e.standing)
//! GROUP BY c.kind, bucket;
//! ```

use jiff::ToSpan as _;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params};
use uuid::Uuid;
use yujian_domain::person::{CredentialKind, CredentialState, PersonEvent};

use crate::cell;
use crate::condition::Condition;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::list::{List, PageOf};
use crate::model::{Bucket, CredentialQuery, CredentialRow, Scope};
use crate::view::person;

/// Credentials.
pub(crate) struct Credentials;

impl View for Credentials {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "credential",
            // `ordered_by`: the last day, or `~`, which comes after every day.
            ddl: "CREATE TABLE credential(person TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
                    issuer TEXT NOT NULL, certificate TEXT NOT NULL, level TEXT, state TEXT NOT NULL,
                    issue_date TEXT NOT NULL, expiry_date TEXT, ordered_by TEXT NOT NULL,
                    PRIMARY KEY(person, number)) WITHOUT ROWID;
                  CREATE INDEX credential_ordered ON credential(ordered_by, person, number);",
            key: "person, number",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(person), What::Person(event)) = (seen.person(), &seen.what) else {
            return Ok(());
        };
        let (number, state) = match event.as_ref() {
            PersonEvent::CredentialClaimed(event) => {
                let expiry = event.expiry_date.map(|day| day.to_string());
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO credential(person, number, kind, issuer, certificate, level, state,
                           issue_date, expiry_date, ordered_by) VALUES(?, ?, ?, ?, ?, ?, 'claimed', ?, ?8, ifnull(?8, '~'))",
                    )?
                    .execute(params![
                        person.to_string(),
                        event.credential,
                        event.kind.code(),
                        event.issuer,
                        cell::to_json(&event.number),
                        event.level,
                        event.issue_date.to_string(),
                        expiry,
                    ])?;
                return Ok(());
            }
            PersonEvent::CredentialVerified(event) => (event.credential, CredentialState::Verified),
            PersonEvent::CredentialRejected(event) => (event.credential, CredentialState::Rejected),
            PersonEvent::CredentialRevoked(event) => (event.credential, CredentialState::Revoked),
            PersonEvent::CredentialExpired(event) => (event.credential, CredentialState::Expired),
            _ => return Ok(()),
        };
        transaction
            .prepare_cached("UPDATE credential SET state = ? WHERE person = ? AND number = ?")?
            .execute((state.code(), person.to_string(), number))?;
        Ok(())
    }
}

/// Adds "its last day lies in one of these buckets at a day"; none: no restriction.
fn and_buckets(condition: &mut Condition, buckets: &[Bucket], at: Date) {
    if buckets.is_empty() {
        return;
    }
    let after = |days: i64| Value::Text(at.checked_add(days.days()).unwrap_or(Date::MAX).to_string());
    let range = |from: i64, to: i64| {
        let mut range = Condition::default();
        range.and("c.expiry_date BETWEEN ? AND ?", [after(from), after(to)]);
        range
    };
    condition.and_any(buckets.iter().map(|bucket| {
        let mut open = Condition::default();
        match bucket {
            Bucket::Expired => open.and("c.expiry_date < ?", [after(0)]),
            Bucket::Within7 => return range(0, 7),
            Bucket::Within30 => return range(8, 30),
            Bucket::Within90 => return range(31, 90),
            Bucket::More => open.and("c.expiry_date > ?", [after(90)]),
            Bucket::None => open.and("c.expiry_date IS NULL", []),
        }
        open
    }));
}

fn read(row: &Row<'_>, at: Date) -> Result<CredentialRow, ViewError> {
    let expiry_date = cell::day(row, "expiry_date")?;
    let institutions: Vec<(Uuid, String)> = cell::sure_json(row, "institutions")?;
    Ok(CredentialRow {
        person: cell::id(row, "person")?,
        credential: row.get("number")?,
        name: cell::json(row, "person_name")?,
        kind: cell::surely(row, "kind", CredentialKind::from_code)?,
        issuer: row.get("issuer")?,
        number: cell::sure_json(row, "certificate")?,
        level: row.get("level")?,
        state: cell::surely(row, "state", CredentialState::from_code)?,
        issue_date: cell::sure_day(row, "issue_date")?,
        expiry_date,
        days_left: expiry_date.map(|expiry| (expiry - at).get_days()),
        institutions,
    })
}

/// Columns of a row, and the values of their question marks: institutions in scope where the person stands engaged.
fn columns(scope: &Scope) -> (String, Condition) {
    let mut own = Condition::default();
    own.and("e.person = c.person AND e.standing", []);
    own.and_scope("i", scope);
    let columns = format!(
        "c.*, p.name AS person_name,
         (SELECT json_group_array(json_array(id, name)) FROM (SELECT DISTINCT i.id, i.name
            FROM engagement e JOIN institution i ON i.id = e.institution{} ORDER BY i.name, i.id)) AS institutions",
        own.sql()
    );
    (columns, own)
}

const FROM: &str = "FROM credential c JOIN person p ON p.id = c.person";

/// A page of credentials, earliest last day first.
pub(crate) fn page(connection: &Connection, query: &CredentialQuery) -> Result<PageOf<CredentialRow>, ViewError> {
    let mut condition = Condition::default();
    person::and_scope(&mut condition, &query.scope);
    if let Some(region) = &query.region {
        person::and_region(&mut condition, &query.scope, region);
    }
    if let Some(institution) = query.institution {
        person::and_engaged_at(&mut condition, &query.scope, institution);
    }
    if let Some(person) = query.person {
        condition.and("c.person = ?", [Value::Text(person.to_string())]);
    }
    if query.engaged_only {
        let mut at_work = Condition::default();
        at_work.and("e.person = p.id AND e.standing", []);
        at_work.and_scope("i", &query.scope);
        condition.and_exists("engagement e JOIN institution i ON i.id = e.institution", at_work);
    }
    condition.and_in("c.kind", query.kinds.iter().map(|kind| kind.code()));
    condition.and_in("c.state", query.states.iter().map(|state| state.code()));
    and_buckets(&mut condition, &query.buckets, query.at);
    let (columns, bound) = columns(&query.scope);
    let list = List {
        name: "credentials",
        columns: &columns,
        bound,
        from: FROM,
        order: ["c.ordered_by", "c.person", "c.number"],
        descending: false,
    };
    let (after, limit) = (query.after.as_deref(), query.limit);
    list.page(connection, condition, after, limit, |row| read(row, query.at))
}

/// Credentials of a person, by number.
pub(crate) fn of_person(
    connection: &Connection,
    scope: &Scope,
    person: Uuid,
    at: Date,
) -> Result<Vec<CredentialRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("c.person = ?", [Value::Text(person.to_string())]);
    let (columns, bound) = columns(scope);
    let list = List {
        name: "credentials",
        columns: &columns,
        bound,
        from: FROM,
        order: ["c.number"],
        descending: false,
    };
    list.all(connection, &condition, |row| read(row, at))
}
