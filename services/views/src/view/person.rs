//! Persons: one row each. Name, phone and number of the document stand sealed as in the events.
//!
//! How many persons are barred at a day, and those of them who are engaged:
//!
//! ```sql
//! SELECT count(*), ifnull(sum(EXISTS(SELECT 1 FROM engagement e WHERE e.person = p.id AND e.standing)), 0)
//! FROM person p WHERE p.bar_from <= :at AND (p.bar_until IS NULL OR p.bar_until >= :at);
//! ```

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params, params_from_iter};
use uuid::Uuid;
use yujian_domain::person::{BarGround, IdentityKind, PersonEvent, PersonRegistered, Proofing, Status};
use yujian_domain::personal::KeyedDigest;

use crate::cell;
use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::list::{List, PageOf};
use crate::model::{Bar, Health, PersonQuery, PersonRow, RecordQuery, Scope};

/// Persons.
pub(crate) struct Persons;

impl View for Persons {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "person",
            // `region` is empty and `status` is `none` while a damaged record hides what it is. `bar_…`: the bar that has
            // not been lifted; `health_…`, `query_…`: what was recorded last. `registered`: the legal day, or empty.
            ddl:
                "CREATE TABLE person(id TEXT PRIMARY KEY, status TEXT NOT NULL, region TEXT NOT NULL, organisation TEXT,
                    registered TEXT NOT NULL, identity_kind TEXT, identity_digest TEXT, identity TEXT, name TEXT,
                    phone TEXT, proofing TEXT, birth_year INTEGER, account TEXT, bar_ground TEXT, bar_from TEXT,
                    bar_until TEXT, health_issue TEXT, health_expiry TEXT, health_passed INTEGER, query_date TEXT,
                    query_until TEXT, query_clear INTEGER, revision INTEGER NOT NULL) WITHOUT ROWID;
                  CREATE INDEX person_registered ON person(registered, id);
                  CREATE INDEX person_region ON person(region);
                  CREATE INDEX person_organisation ON person(organisation) WHERE organisation IS NOT NULL;
                  CREATE INDEX person_identity ON person(identity_digest) WHERE identity_digest IS NOT NULL;
                  CREATE INDEX person_bar ON person(bar_from) WHERE bar_from IS NOT NULL;",
            key: "id",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let Some(person) = seen.person() else { return Ok(()) };
        let id = person.to_string();
        transaction
            .prepare_cached(
                "INSERT INTO person(id, status, region, registered, revision) VALUES(?1, 'none', '', '', ?2)
                 ON CONFLICT(id) DO UPDATE SET revision = ?2",
            )?
            .execute((&id, seen.revision_column().unwrap_or(0)))?;
        let What::Person(event) = &seen.what else {
            return Ok(());
        };
        let set = |columns: &str, values: &[&dyn rusqlite::ToSql]| -> Result<(), ViewError> {
            let mut statement = transaction.prepare_cached(&format!("UPDATE person SET {columns} WHERE id = ?1"))?;
            let id: &dyn rusqlite::ToSql = &id;
            statement.execute(params_from_iter(std::iter::once(id).chain(values.iter().copied())))?;
            Ok(())
        };
        match event.as_ref() {
            PersonEvent::PersonRegistered(event) => register(transaction, &id, event, seen)?,
            PersonEvent::PersonDetailsChanged(event) => set(
                "name = ifnull(?2, name), phone = ifnull(?3, phone), account = ifnull(?4, account)",
                params![
                    event.name.as_ref().map(cell::to_json),
                    event.phone.as_ref().map(cell::to_json),
                    event.account
                ],
            )?,
            PersonEvent::HealthCertificateRecorded(event) => set(
                "health_issue = ?2, health_expiry = ?3, health_passed = ?4",
                params![
                    event.issue_date.to_string(),
                    event.expiry_date.to_string(),
                    event.passed
                ],
            )?,
            PersonEvent::RecordQueried(event) => set(
                "query_date = ?2, query_until = ?3, query_clear = ?4",
                params![event.query_date.to_string(), event.valid_until.to_string(), event.clear],
            )?,
            PersonEvent::PersonBarred(event) => set(
                "status = 'barred', bar_ground = ?2, bar_from = ?3, bar_until = ?4",
                params![
                    event.ground.code(),
                    event.from_date.to_string(),
                    event.until_date.map(|day| day.to_string())
                ],
            )?,
            PersonEvent::BarLifted(_) => set(
                "status = 'registered', bar_ground = NULL, bar_from = NULL, bar_until = NULL",
                &[],
            )?,
            _ => {}
        }
        Ok(())
    }
}

fn register(
    transaction: &Transaction<'_>,
    id: &str,
    event: &PersonRegistered,
    seen: &EventSeen<'_>,
) -> Result<(), ViewError> {
    transaction
        .prepare_cached(
            "UPDATE person SET status = 'registered', region = ?2, organisation = ?3, registered = ?4,
               identity_kind = ?5, identity_digest = ?6, identity = ?7, name = ?8, phone = ?9, proofing = ?10,
               birth_year = ?11, account = ?12 WHERE id = ?1",
        )?
        .execute(params![
            id,
            event.region.code(),
            event.organisation,
            seen.occurred_day().map(|day| day.to_string()).unwrap_or_default(),
            event.identity_kind.code(),
            digest_text(&event.identity_digest),
            cell::to_json(&event.identity),
            cell::to_json(&event.name),
            event.phone.as_ref().map(cell::to_json),
            event.proofing.code(),
            event.birth_year,
            event.account,
        ])?;
    Ok(())
}

/// A digest as the rows hold it, as in the name of its claim's stream.
fn digest_text(digest: &KeyedDigest) -> String {
    format!("e{}.{}", digest.epoch, digest.hex)
}

/// SQL of the earliest last day of a verified credential of the person `alias`.
pub(crate) fn next_expiry_sql(person: &str) -> String {
    format!("(SELECT min(c.expiry_date) FROM credential c WHERE c.person = {person} AND c.state = 'verified')")
}

/// Adds what a scope leaves of persons, of the table known as `p`; see the head of `model::staff`.
pub(crate) fn and_scope(condition: &mut Condition, scope: &Scope) {
    if *scope == Scope::default() {
        return;
    }
    let mut registered = Condition::default();
    if scope.domestic_only {
        registered.and("p.region < 'A'", []);
    }
    if let Some(jurisdiction) = &scope.jurisdiction {
        registered.and_within("p.region", jurisdiction);
    }
    if let Some(organisation) = &scope.organisation {
        // An institution that registered somebody whom it has not at work learns no more once another has engaged the person.
        // rule: STF-21
        registered.and(
            "p.organisation = ? AND NOT EXISTS(SELECT 1 FROM engagement f WHERE f.person = p.id)",
            [Value::Text(organisation.clone())],
        );
    }
    let mut at_work = Condition::default();
    at_work.and("e.person = p.id AND e.standing", []);
    at_work.and_scope("i", scope);
    let mut engaged = Condition::default();
    engaged.and_exists(ENGAGED, at_work);
    condition.and_any([registered, engaged]);
}

/// Adds what an operator may ask about engagements at institutions `i`: those at its own. A filter must not tell where
/// else somebody works.
fn and_own(condition: &mut Condition, scope: &Scope) {
    if let Some(organisation) = &scope.organisation {
        condition.and("i.credit_code = ?", [Value::Text(organisation.clone())]);
    }
}

/// Adds "registered in the division `code`, or stands engaged at an institution there".
pub(crate) fn and_region(condition: &mut Condition, scope: &Scope, code: &str) {
    let mut registered = Condition::default();
    registered.and_within("p.region", code);
    let mut at_work = Condition::default();
    at_work.and("e.person = p.id AND e.standing", []);
    at_work.and_within("i.region", code);
    and_own(&mut at_work, scope);
    let mut engaged = Condition::default();
    engaged.and_exists(ENGAGED, at_work);
    condition.and_any([registered, engaged]);
}

/// Engagements with their institutions.
const ENGAGED: &str = "engagement e JOIN institution i ON i.id = e.institution";

/// Adds "stands engaged at this institution".
pub(crate) fn and_engaged_at(condition: &mut Condition, scope: &Scope, institution: Uuid) {
    let mut there = Condition::default();
    there.and(
        "e.person = p.id AND e.standing AND e.institution = ?",
        [Value::Text(institution.to_string())],
    );
    and_own(&mut there, scope);
    condition.and_exists(ENGAGED, there);
}

/// Adds "is barred on this day".
pub(crate) fn and_barred(condition: &mut Condition, day: jiff::civil::Date) {
    let day = || Value::Text(day.to_string());
    condition.and(
        "p.bar_from <= ? AND (p.bar_until IS NULL OR p.bar_until >= ?)",
        [day(), day()],
    );
}

/// Whether the person is there and within a scope.
pub(crate) fn visible(connection: &Connection, scope: &Scope, id: Uuid) -> Result<bool, ViewError> {
    let mut condition = Condition::default();
    condition.and("p.id = ?", [Value::Text(id.to_string())]);
    and_scope(&mut condition, scope);
    Ok(connection
        .prepare_cached(&format!("SELECT 1 FROM person p{}", condition.sql()))?
        .exists(params_from_iter(condition.values()))?)
}

/// The bar in the columns of `person`.
pub(crate) fn bar_of(row: &Row<'_>) -> Result<Option<Bar>, ViewError> {
    let Some(from_date) = cell::day(row, "bar_from")? else {
        return Ok(None);
    };
    Ok(Some(Bar {
        ground: cell::surely(row, "bar_ground", BarGround::from_code)?,
        from_date,
        until_date: cell::day(row, "bar_until")?,
    }))
}

/// The health certificate in the columns of `person`.
pub(crate) fn health_of(row: &Row<'_>) -> Result<Option<Health>, ViewError> {
    let Some(issue_date) = cell::day(row, "health_issue")? else {
        return Ok(None);
    };
    Ok(Some(Health {
        issue_date,
        expiry_date: cell::sure_day(row, "health_expiry")?,
        passed: row.get("health_passed")?,
    }))
}

/// The record query in the columns of `person`.
pub(crate) fn query_of(row: &Row<'_>) -> Result<Option<RecordQuery>, ViewError> {
    let Some(query_date) = cell::day(row, "query_date")? else {
        return Ok(None);
    };
    Ok(Some(RecordQuery {
        query_date,
        valid_until: cell::sure_day(row, "query_until")?,
        clear: row.get("query_clear")?,
    }))
}

fn read(row: &Row<'_>) -> Result<PersonRow, ViewError> {
    let registered: String = row.get("registered")?;
    Ok(PersonRow {
        id: cell::id(row, "id")?,
        name: cell::json(row, "name")?,
        phone: cell::json(row, "phone")?,
        identity_kind: cell::maybe(row, "identity_kind", IdentityKind::from_code)?,
        identity: cell::json(row, "identity")?,
        proofing: cell::maybe(row, "proofing", Proofing::from_code)?,
        birth_year: row.get("birth_year")?,
        account: row.get("account")?,
        region: row.get("region")?,
        organisation: row.get("organisation")?,
        registered_date: registered.parse().ok(),
        status: cell::surely(row, "status", Status::from_code)?,
        bar: bar_of(row)?,
        health: health_of(row)?,
        query: query_of(row)?,
        engagements: natural(row.get("engagements")?),
        credentials: natural(row.get("credentials")?),
        next_expiry: cell::day(row, "next_expiry")?,
        revision: natural(row.get("revision")?),
        damaged: row.get("damaged")?,
    })
}

/// Columns of a row, and the values of the question marks in them: an operator counts its own engagements only.
fn columns(scope: &Scope) -> (String, Condition) {
    let mut own = Condition::default();
    own.and("e.person = p.id AND e.standing", []);
    and_own(&mut own, scope);
    let columns = format!(
        "p.*, (SELECT count(*) FROM {ENGAGED}{}) AS engagements,
         (SELECT count(*) FROM credential c WHERE c.person = p.id AND c.state = 'verified') AS credentials,
         {} AS next_expiry, EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'person-' || p.id) AS damaged",
        own.sql(),
        next_expiry_sql("p.id")
    );
    (columns, own)
}

/// One person within a scope.
pub(crate) fn one(connection: &Connection, scope: &Scope, id: Uuid) -> Result<Option<PersonRow>, ViewError> {
    let (columns, own) = columns(scope);
    let mut condition = Condition::default();
    condition.and("p.id = ?", [Value::Text(id.to_string())]);
    and_scope(&mut condition, scope);
    let sql = format!("SELECT {columns} FROM person p{}", condition.sql());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(own.values().chain(condition.values())))?;
    rows.next()?.map(read).transpose()
}

/// A page of persons, latest registered first.
pub(crate) fn page(connection: &Connection, query: &PersonQuery) -> Result<PageOf<PersonRow>, ViewError> {
    let mut condition = Condition::default();
    and_scope(&mut condition, &query.scope);
    if let Some(region) = &query.region {
        and_region(&mut condition, &query.scope, region);
    }
    if let Some(institution) = query.institution {
        and_engaged_at(&mut condition, &query.scope, institution);
    }
    if let Some(day) = query.barred_at {
        and_barred(&mut condition, day);
    }
    let digests: Vec<String> = query.identities.iter().map(digest_text).collect();
    condition.and_in("p.identity_digest", digests.iter().map(String::as_str));
    let (columns, own) = columns(&query.scope);
    let list = List {
        name: "persons",
        columns: &columns,
        bound: own,
        from: "FROM person p",
        order: ["p.registered", "p.id"],
        descending: true,
    };
    list.page(connection, condition, query.after.as_deref(), query.limit, read)
}
