//! Engagements: one row for each post of a person at an institution, standing or past. The list of staff.
//!
//! Staff by post, with what is missing at a day, stands in `staff_figures`. Who works at more than one institution:
//!
//! ```sql
//! SELECT e.person, count(*) FROM engagement e WHERE e.standing GROUP BY e.person HAVING count(*) > 1;
//! ```

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params};
use uuid::Uuid;
use yujian_domain::person::{
    Employment, EndGround, EngagementStarted, EngagementState, OffDutyGround, PersonEvent, Post,
};

use crate::cell;
use crate::condition::Condition;
use crate::database::{natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::list::{List, PageOf};
use crate::model::{EngagementRow, Scope, StaffQuery};
use crate::view::person;

/// Engagements.
pub(crate) struct Engagements;

/// Institutions where a person stands engaged.
pub(crate) fn standing_at(connection: &Connection, person: Uuid) -> Result<BTreeSet<Uuid>, ViewError> {
    let mut statement =
        connection.prepare_cached("SELECT institution FROM engagement WHERE person = ? AND standing")?;
    let mut rows = statement.query([person.to_string()])?;
    let mut institutions = BTreeSet::new();
    while let Some(row) = rows.next()? {
        institutions.insert(parsed(&row.get::<_, String>(0)?, "institution", cell::uuid)?);
    }
    Ok(institutions)
}

impl View for Engagements {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "engagement",
            // `standing`: not ended.
            ddl: "CREATE TABLE engagement(person TEXT NOT NULL, number INTEGER NOT NULL, institution TEXT NOT NULL,
                    post TEXT NOT NULL, employment TEXT NOT NULL, share_permille INTEGER NOT NULL, state TEXT NOT NULL,
                    standing INTEGER NOT NULL, off_duty TEXT, start_date TEXT NOT NULL, end_date TEXT, end_ground TEXT,
                    qualified INTEGER NOT NULL, PRIMARY KEY(person, number)) WITHOUT ROWID;
                  CREATE INDEX engagement_institution ON engagement(institution, person, number, standing);",
            key: "person, number",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(person), What::Person(event)) = (seen.person(), &seen.what) else {
            return Ok(());
        };
        let id = person.to_string();
        match event.as_ref() {
            PersonEvent::EngagementStarted(event) => start(transaction, &id, event)?,
            PersonEvent::PostChanged(event) => {
                transaction
                    .prepare_cached(
                        "UPDATE engagement SET post = ?, share_permille = ?, qualified = ?
                         WHERE person = ? AND number = ?",
                    )?
                    .execute(params![
                        event.post.code(),
                        event.share_permille,
                        event.qualified,
                        id,
                        event.engagement
                    ])?;
            }
            PersonEvent::TakenOffDuty(event) => {
                let state = EngagementState::OffDuty;
                stand(transaction, &id, event.engagement, state, Some(event.ground))?;
            }
            PersonEvent::ReturnedToDuty(event) => {
                stand(transaction, &id, event.engagement, EngagementState::Active, None)?;
            }
            PersonEvent::EngagementEnded(event) => {
                stand(transaction, &id, event.engagement, EngagementState::Ended, None)?;
                transaction
                    .prepare_cached(
                        "UPDATE engagement SET end_date = ?, end_ground = ? WHERE person = ? AND number = ?",
                    )?
                    .execute((event.end_date.to_string(), event.ground.code(), id, event.engagement))?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn start(transaction: &Transaction<'_>, person: &str, event: &EngagementStarted) -> Result<(), ViewError> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO engagement(person, number, institution, post, employment, share_permille, state,
               standing, start_date, qualified) VALUES(?, ?, ?, ?, ?, ?, 'active', 1, ?, ?)",
        )?
        .execute(params![
            person,
            event.engagement,
            event.institution.to_string(),
            event.post.code(),
            event.employment.code(),
            event.share_permille,
            event.start_date.to_string(),
            event.qualified,
        ])?;
    Ok(())
}

fn stand(
    transaction: &Transaction<'_>,
    person: &str,
    number: u32,
    state: EngagementState,
    ground: Option<OffDutyGround>,
) -> Result<(), ViewError> {
    transaction
        .prepare_cached("UPDATE engagement SET state = ?, standing = ?, off_duty = ? WHERE person = ? AND number = ?")?
        .execute(params![
            state.code(),
            state != EngagementState::Ended,
            ground.map(OffDutyGround::code),
            person,
            number,
        ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<EngagementRow, ViewError> {
    Ok(EngagementRow {
        person: cell::id(row, "person")?,
        engagement: row.get("number")?,
        name: cell::json(row, "person_name")?,
        institution: cell::id(row, "institution")?,
        institution_name: row.get("institution_name")?,
        region: row.get("institution_region")?,
        post: cell::surely(row, "post", Post::from_code)?,
        employment: cell::surely(row, "employment", Employment::from_code)?,
        share_permille: row.get("share_permille")?,
        state: cell::surely(row, "state", EngagementState::from_code)?,
        off_duty: cell::maybe(row, "off_duty", OffDutyGround::from_code)?,
        start_date: cell::sure_day(row, "start_date")?,
        end_date: cell::day(row, "end_date")?,
        end_ground: cell::maybe(row, "end_ground", EndGround::from_code)?,
        qualified: row.get("qualified")?,
        health: person::health_of(row)?,
        query: person::query_of(row)?,
        bar: person::bar_of(row)?,
        next_expiry: cell::day(row, "next_expiry")?,
        others: natural(row.get("others")?),
        damaged: row.get("damaged")?,
    })
}

/// Institutions come first, in the order of the list: a page is read without sorting what it does not show.
const IN_ORDER: &str = "FROM institution i INDEXED BY institution_name
    CROSS JOIN engagement e ON e.institution = i.id CROSS JOIN person p ON p.id = e.person";

/// Columns of a row, and the values of their question marks. An operator's others are those at its own institutions.
fn columns(scope: &Scope) -> (String, Condition) {
    let mut others = Condition::default();
    others.and("o.person = e.person AND o.standing AND o.number <> e.number", []);
    if let Some(organisation) = &scope.organisation {
        others.and("oi.credit_code = ?", [Value::Text(organisation.clone())]);
    }
    let columns = format!(
        "e.*, p.name AS person_name, p.health_issue, p.health_expiry, p.health_passed, p.query_date, p.query_until,
         p.query_clear, p.bar_ground, p.bar_from, p.bar_until, i.name AS institution_name,
         i.region AS institution_region, {} AS next_expiry,
         (SELECT count(*) FROM engagement o JOIN institution oi ON oi.id = o.institution{}) AS others,
         EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'person-' || e.person) AS damaged",
        person::next_expiry_sql("e.person"),
        others.sql(),
    );
    (columns, others)
}

/// A page of the list of staff, in order of the institution's name.
pub(crate) fn page(connection: &Connection, query: &StaffQuery) -> Result<PageOf<EngagementRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", &query.scope);
    if query.scope != Scope::default() {
        // Whoever stands engaged there is in scope by that; who has left may still be by another engagement.
        let mut standing = Condition::default();
        standing.and("e.standing", []);
        let mut still = Condition::default();
        person::and_scope(&mut still, &query.scope);
        condition.and_any([standing, still]);
    }
    if let Some(region) = &query.region {
        condition.and_within("i.region", region);
    }
    if let Some(institution) = query.institution {
        condition.and("e.institution = ?", [Value::Text(institution.to_string())]);
    }
    condition.and_in("e.post", query.posts.iter().map(|post| post.code()));
    condition.and_in("e.state", query.states.iter().map(|state| state.code()));
    if query.unqualified_only {
        condition.and("NOT e.qualified", []);
    }
    if let Some(day) = query.barred_at {
        person::and_barred(&mut condition, day);
    }
    if let Some((at, days)) = query.expiring_within {
        let last = Value::Text(days_after(at, days).to_string());
        condition.and(
            "(p.health_expiry <= ? OR p.query_until <= ? OR EXISTS(SELECT 1 FROM credential c
               WHERE c.person = e.person AND c.state = 'verified' AND c.expiry_date <= ?))",
            [last.clone(), last.clone(), last],
        );
    }
    let (columns, bound) = columns(&query.scope);
    let list = List {
        name: "staff",
        columns: &columns,
        bound,
        from: IN_ORDER,
        order: ["i.name", "i.id", "e.person", "e.number"],
        descending: false,
    };
    list.page(connection, condition, query.after.as_deref(), query.limit, read)
}

/// Engagements of a person, by number; an operator's are those at its own institutions.
pub(crate) fn of_person(connection: &Connection, scope: &Scope, person: Uuid) -> Result<Vec<EngagementRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("e.person = ?", [Value::Text(person.to_string())]);
    if let Some(organisation) = &scope.organisation {
        condition.and("i.credit_code = ?", [Value::Text(organisation.clone())]);
    }
    let (columns, bound) = columns(scope);
    let list = List {
        name: "staff",
        columns: &columns,
        bound,
        from: "FROM engagement e JOIN institution i ON i.id = e.institution JOIN person p ON p.id = e.person",
        order: ["e.number"],
        descending: false,
    };
    list.all(connection, &condition, read)
}

/// The day so many days later; the end of the calendar saturates.
fn days_after(at: Date, days: u32) -> Date {
    at.checked_add(i64::from(days.min(100_000)).days()).unwrap_or(Date::MAX)
}
