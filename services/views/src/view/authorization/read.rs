//! What authorizations answer.

use rusqlite::types::Value;
use rusqlite::{Connection, Row};
use uuid::Uuid;
use yujian_domain::institution::{AuthorizationKind, CessationCause, ConditionState, ConditionTerms, RevocationGround};

use crate::cell;
use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::list::List;
use crate::model::{
    AsOf, AuthorizationBasis, AuthorizationRow, AuthorizationState, Authorizations, CessationRow, ConditionRow, Scope,
    WaiverRow,
};
use crate::view::{clock, institution};

/// What authorizes an institution within a scope.
pub(crate) fn of_institution(
    connection: &Connection,
    scope: &Scope,
    id: Uuid,
    as_of: AsOf,
) -> Result<Option<Authorizations>, ViewError> {
    if !institution::visible(connection, scope, id)? {
        return Ok(None);
    }
    Ok(Some(Authorizations {
        authorizations: rows(connection, id, "authorization", "t.ordinal", term)?,
        conditions: rows(connection, id, "licence_condition", "t.number", condition)?,
        waivers: rows(connection, id, "waiver", "t.application", waiver)?,
        cessations: rows(connection, id, "cessation", "t.ordinal", cessation)?,
        clocks: clock::of_institution(connection, id)?,
        as_of,
    }))
}

fn rows<T>(
    connection: &Connection,
    id: Uuid,
    table: &'static str,
    order: &'static str,
    read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
) -> Result<Vec<T>, ViewError> {
    let mut condition = Condition::default();
    condition.and("t.institution = ?", [Value::Text(id.to_string())]);
    let list = List {
        name: table,
        columns: "t.*",
        bound: Condition::default(),
        from: &format!("FROM {table} t"),
        order: [order],
        descending: false,
    };
    list.all(connection, &condition, read)
}

fn term(row: &Row<'_>) -> Result<AuthorizationRow, ViewError> {
    Ok(AuthorizationRow {
        ordinal: row.get("ordinal")?,
        kind: cell::surely(row, "kind", AuthorizationKind::from_code)?,
        basis: cell::surely(row, "basis", AuthorizationBasis::from_code)?,
        number: row.get("number")?,
        application: row.get("application")?,
        revision: natural(row.get("revision")?),
        valid_from_date: cell::sure_day(row, "valid_from")?,
        valid_to_date: cell::day(row, "valid_to")?,
        state: cell::surely(row, "state", AuthorizationState::from_code)?,
        provisional_until: cell::day(row, "provisional_until")?,
        ended_date: cell::day(row, "ended_date")?,
        ground: cell::maybe(row, "ground", RevocationGround::from_code)?,
    })
}

fn condition(row: &Row<'_>) -> Result<ConditionRow, ViewError> {
    Ok(ConditionRow {
        condition: row.get("number")?,
        terms: ConditionTerms {
            item: row.get("item")?,
            text: row.get("text")?,
            due_date: cell::sure_day(row, "due_date")?,
            until_date: cell::day(row, "until_date")?,
        },
        application: row.get("application")?,
        imposed_date: cell::day(row, "imposed_date")?,
        state: cell::surely(row, "state", ConditionState::from_code)?,
        ended_date: cell::day(row, "ended_date")?,
        late: row.get("late")?,
    })
}

fn waiver(row: &Row<'_>) -> Result<WaiverRow, ViewError> {
    Ok(WaiverRow {
        application: row.get("application")?,
        item: row.get("item")?,
        from_date: cell::sure_day(row, "from_date")?,
        until_date: cell::sure_day(row, "until_date")?,
    })
}

fn cessation(row: &Row<'_>) -> Result<CessationRow, ViewError> {
    Ok(CessationRow {
        ordinal: row.get("ordinal")?,
        cause: cell::surely(row, "cause", CessationCause::from_code)?,
        children: row.get("children")?,
        placed: row.get("placed")?,
        opened_date: cell::day(row, "opened_date")?,
        enrolment_frozen_date: cell::sure_day(row, "frozen_date")?,
        closed_date: cell::day(row, "closed_date")?,
    })
}
