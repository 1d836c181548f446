//! Reading inspections: one, a page, one with everything.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};
use uuid::Uuid;
use yujian_domain::inspection::{Answer, Inspector};

use super::{Draft, Folded};
use crate::cell;
use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::list::{List, PageOf};
use crate::model::{
    AnswerRow, AsOf, DraftRow, InspectionDetail, InspectionQuery, InspectionRow, InspectorRow, PresenceRow, Scope,
};
use crate::view::{checklist, finding, problem, visits};

const COLUMNS: &str = "n.id, n.body, i.name AS institution_name, i.region AS institution_region,
    EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'inspection-' || n.id) AS damaged,
    (SELECT json_group_object(answer, of_it) FROM (SELECT a.answer, count(*) AS of_it FROM answer a
       WHERE a.inspection = n.id GROUP BY a.answer)) AS answers,
    (SELECT count(*) FROM finding f WHERE f.inspection = n.id) AS findings,
    (SELECT count(*) FROM finding f WHERE f.inspection = n.id AND f.open) AS open_findings,
    (SELECT count(*) FROM assistance t WHERE t.inspection = n.id) AS assistance";

/// Inspections come first, in the order of the list: a page is read without sorting what it does not show.
const FROM: &str = "FROM inspection n CROSS JOIN institution i ON i.id = n.institution";

fn read(row: &Row<'_>) -> Result<(InspectionRow, Folded), ViewError> {
    let folded: Folded = cell::sure_json(row, "body")?;
    let answers: BTreeMap<String, u64> = cell::sure_json(row, "answers")?;
    let of = folded.clone();
    let answer = InspectionRow {
        id: cell::id(row, "id")?,
        institution: of.institution,
        institution_name: row.get("institution_name")?,
        region: row.get("institution_region")?,
        status: of.status,
        purpose: of.purpose,
        emergency: of.emergency,
        ordered_from_above: of.ordered_from_above,
        announced: of.announced,
        checklist: of.checklist,
        window: of.window,
        approval_number: of.approval_number,
        approved_late: of.approved_late,
        approval_due: of.approval_due,
        inspectors: of.inspectors.len() as u64,
        arrived_time: of.arrived_time,
        visited_date: of.visited_date,
        backfilled: of.backfilled,
        ratio_exceeded: of.presence.map(|presence| presence.ratio_exceeded).unwrap_or_default(),
        answers,
        findings: natural(row.get("findings")?),
        open_findings: natural(row.get("open_findings")?),
        assistance: natural(row.get("assistance")?),
        comments_due: of.draft.map(|draft| draft.issued.comments_due),
        points: of.points,
        vetoes: of.vetoes,
        finalized_date: of.finalized_date,
        published_date: of.published_date,
        external: of.external,
        imported_rows: of.imported_rows,
        revision: of.revision,
        damaged: row.get("damaged")?,
    };
    Ok((answer, folded))
}

fn found(connection: &Connection, scope: &Scope, id: Uuid) -> Result<Option<(InspectionRow, Folded)>, ViewError> {
    let mut condition = Condition::default();
    condition.and("n.id = ?", [Value::Text(id.to_string())]);
    condition.and_scope("i", scope);
    condition.and_told("n", scope);
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} {FROM}{}", condition.sql()))?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    rows.next()?.map(read).transpose()
}

/// A page of inspections, newest day first.
pub(crate) fn page(connection: &Connection, query: &InspectionQuery) -> Result<PageOf<InspectionRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    condition.and_told("n", &query.scope);
    if let Some(institution) = query.institution {
        condition.and("n.institution = ?", [Value::Text(institution.to_string())]);
    }
    if let Some(person) = query.inspector {
        condition.and(
            "n.id IN (SELECT o.inspection FROM inspector o WHERE o.person = ?)",
            [Value::Text(person.to_string())],
        );
    }
    condition.and_in("n.status", query.statuses.iter().map(|status| status.code()));
    condition.and_in("n.purpose", query.purposes.iter().map(|purpose| purpose.code()));
    if let Some((from, to)) = query.visited_between {
        condition.and(
            "n.visited_date BETWEEN ? AND ?",
            [Value::Text(from.to_string()), Value::Text(to.to_string())],
        );
    }
    if query.open_only {
        condition.and("n.open", []);
    }
    let list = List {
        name: "inspections",
        columns: COLUMNS,
        bound: Condition::default(),
        from: FROM,
        order: ["n.ordered_by", "n.id"],
        descending: true,
    };
    list.page(connection, condition, query.after.as_deref(), query.limit, |row| {
        read(row).map(|(row, _)| row)
    })
}

/// One inspection with everything that is known, within a scope.
pub(crate) fn detail(
    connection: &Connection,
    scope: &Scope,
    id: Uuid,
    as_of: AsOf,
) -> Result<Option<InspectionDetail>, ViewError> {
    let Some((row, folded)) = found(connection, scope, id)? else {
        return Ok(None);
    };
    let inspectors = folded
        .inspectors
        .values()
        .map(|inspector| inspector_row(connection, inspector, &folded))
        .collect::<Result<_, _>>()?;
    let results = match &row.checklist {
        Some(checklist) => checklist::results(connection, id, checklist, &folded.dimensions)?,
        None => Vec::new(),
    };
    let year = folded
        .visited_date
        .or(folded.window.map(|(from, _)| from))
        .map(jiff::civil::Date::year);
    Ok(Some(InspectionDetail {
        answers: answers(connection, &row)?,
        findings: finding::of_inspection(connection, id)?,
        assistance: finding::assistance(connection, id)?,
        visits: match year {
            Some(year) => visits::of_year(connection, scope, row.institution, year)?,
            None => Vec::new(),
        },
        damaged: problem::of_stream(connection, &format!("inspection-{id}"))?,
        row,
        dimensions: folded.dimensions,
        joint_bodies: folded.joint_bodies,
        inspectors,
        recused: folded.recused,
        results,
        presence: folded.presence.map(|presence| PresenceRow {
            children: presence.children,
            carers: presence.carers,
            staff: presence.staff,
            ratio_exceeded: presence.ratio_exceeded,
        }),
        draft: folded.draft.map(draft_row),
        conclusion: folded.conclusion,
        published_at: folded.published_at,
        as_of,
    }))
}

fn draft_row(draft: Draft) -> DraftRow {
    DraftRow {
        draft_sha256: draft.issued.draft_sha256,
        issued_date: draft.issued_date,
        comments_due: draft.issued.comments_due,
        commented_date: draft.commented_date,
        commented: draft.commented,
        comments: draft.comments,
        late: draft.late,
    }
}

fn inspector_row(connection: &Connection, inspector: &Inspector, folded: &Folded) -> Result<InspectorRow, ViewError> {
    let name: Option<Option<String>> = connection
        .prepare_cached("SELECT name FROM person WHERE id = ?")?
        .query_row([inspector.person.to_string()], |row| row.get(0))
        .optional()?;
    let name = name
        .flatten()
        .map(|text| crate::database::parsed(&text, "name", |text| serde_json::from_str(text).ok()))
        .transpose()?;
    Ok(InspectorRow {
        person: inspector.person,
        account: inspector.account.clone(),
        name,
        credential: inspector.credential,
        expiry_date: inspector.expiry_date,
        recusal: folded.recusals.get(&inspector.person).copied(),
    })
}

fn answers(connection: &Connection, row: &InspectionRow) -> Result<Vec<AnswerRow>, ViewError> {
    let mut checklist = Condition::default();
    if let Some(reference) = &row.checklist {
        checklist.and(
            "k.checklist = ? AND k.version = ?",
            [
                Value::Text(reference.id.clone()),
                Value::Integer(i64::from(reference.version)),
            ],
        );
    } else {
        checklist.and("0", []);
    }
    let of_item = format!("FROM checklist_item k{} AND k.code = a.item", checklist.sql());
    let mut bound = checklist.clone();
    bound.and("1", checklist.values().cloned().collect::<Vec<_>>());
    let columns = format!("a.*, (SELECT k.dimension {of_item}) AS dimension, (SELECT k.points {of_item}) AS points");
    let mut condition = Condition::default();
    condition.and("a.inspection = ?", [Value::Text(row.id.to_string())]);
    let list = List {
        name: "answers",
        columns: &columns,
        bound,
        from: "FROM answer a",
        order: ["a.item"],
        descending: false,
    };
    list.all(connection, &condition, |row| {
        Ok(AnswerRow {
            item: row.get("item")?,
            dimension: row.get("dimension")?,
            points: row.get("points")?,
            answer: cell::surely(row, "answer", Answer::from_code)?,
            observation: cell::json(row, "observation")?,
            evidence: cell::sure_json(row, "evidence")?,
        })
    })
}
