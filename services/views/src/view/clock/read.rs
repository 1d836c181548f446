//! What clocks answer.

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;
use yujian_domain::clock::{ClockKind, ClockOwner, ClockRef, ClockState, Unit};
use yujian_domain::institution::ApplicationKind;

use crate::cell;
use crate::condition::Condition;
use crate::database::{integer, natural, parsed};
use crate::error::ViewError;
use crate::list::{Counted, List, PageOf};
use crate::model::{ClockBucket, ClockHistory, ClockQuery, ClockRow, ClockStep, ClockStepKind, Scope};
use crate::reach::Reach;
use crate::view::sums::Reading;

/// The day of a question, and the last day that counts as due soon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    /// Day.
    pub(crate) at: Date,
    /// Last day that counts as due soon.
    pub(crate) soon: Date,
}

impl Days {
    /// The bucket of clocks that stand so (see `sums`), with that last day.
    pub(crate) fn bucket(self, standing: &str, day: &str) -> ClockBucket {
        // Days as rows hold them are in the order of time.
        let (at, soon) = (self.at.to_string(), self.soon.to_string());
        match standing {
            "expired" => ClockBucket::Overdue,
            "paused" => ClockBucket::Paused,
            "running" if day < at.as_str() => ClockBucket::Overdue,
            "running" | "provisional" if day <= soon.as_str() => ClockBucket::DueSoon,
            "running" | "provisional" => ClockBucket::Ample,
            _ => ClockBucket::None,
        }
    }

    /// As [`BUCKET`] binds them.
    pub(crate) fn values(self) -> [Value; 2] {
        [Value::Text(self.at.to_string()), Value::Text(self.soon.to_string())]
    }
}

/// SQL of the bucket of a clock `c`, which binds [`Days::values`]. The same rule as [`ClockRow::bucket`].
pub(crate) const BUCKET: &str = "CASE WHEN NOT c.waiting THEN 'none' WHEN c.state = 'expired' THEN 'overdue'
    WHEN c.state = 'paused' THEN 'paused' WHEN NOT c.provisional AND c.due_date < ? THEN 'overdue'
    WHEN c.due_date <= ? THEN 'due_soon' ELSE 'ample' END";

/// Of the clocks that an application waits for, the one that tells how it stands comes first: the authority's, then one
/// that has run out, then one that runs, by its last day.
pub(crate) const FIRST: &str =
    "c.owner DESC, c.state = 'paused', c.state <> 'expired', c.due_date, c.kind, c.revision LIMIT 1";

/// SQL of the bucket of the application `a`, with the values that it binds.
pub(crate) fn application_bucket(days: Days) -> (String, [Value; 2]) {
    let sql = format!(
        "ifnull((SELECT {BUCKET} FROM clock c WHERE c.institution = a.institution AND c.application = a.number
           AND c.waiting ORDER BY {FIRST}), 'none')"
    );
    (sql, days.values())
}

/// Clocks come first, in the order of the list: a page is read without sorting what it does not show.
const FROM: &str = "FROM clock c CROSS JOIN institution i ON i.id = c.institution
    LEFT JOIN application a ON a.institution = c.institution AND a.number = c.application";

/// The same rows, found from the institutions: when these are few, and to count when not all are asked for.
const FROM_FEW: &str = "FROM institution i CROSS JOIN clock c ON c.institution = i.id
    LEFT JOIN application a ON a.institution = c.institution AND a.number = c.application";

/// The same of those that wait, which have an index of their own.
const FROM_FEW_WAITING: &str = "FROM institution i CROSS JOIN clock c INDEXED BY clock_waiting_of
      ON c.institution = i.id
    LEFT JOIN application a ON a.institution = c.institution AND a.number = c.application";

const COLUMNS: &str = "c.*, i.name AS institution_name, i.region AS institution_region, a.kind AS application_kind,
    EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'institution-' || c.institution) AS damaged";

fn list<const N: usize>(order: [&'static str; N]) -> List<'static, N> {
    List {
        name: "clocks",
        columns: COLUMNS,
        bound: Condition::default(),
        from: FROM,
        order,
        descending: false,
    }
}

fn read(row: &Row<'_>) -> Result<ClockRow, ViewError> {
    let clock = ClockRef {
        kind: cell::surely(row, "kind", ClockKind::from_code)?,
        revision: natural(row.get("revision")?),
    };
    Ok(ClockRow {
        institution: cell::id(row, "institution")?,
        institution_name: row.get("institution_name")?,
        region: row.get("institution_region")?,
        clock,
        application: row.get("application")?,
        application_kind: cell::maybe(row, "application_kind", ApplicationKind::from_code)?,
        owner: cell::surely(row, "owner", ClockOwner::from_code)?,
        from_date: cell::sure_day(row, "from_date")?,
        unit: cell::surely(row, "unit", Unit::from_code)?,
        count: row.get("count")?,
        extension: row.get("extension")?,
        due_date: cell::sure_day(row, "due_date")?,
        provisional: row.get("provisional")?,
        state: cell::surely(row, "state", ClockState::from_code)?,
        waiting: row.get("waiting")?,
        paused_from: cell::day(row, "paused_from")?,
        ended_date: cell::day(row, "ended_date")?,
        late: row.get("late")?,
        policy: (row.get("policy_id")?, row.get("policy_version")?),
        implied: row.get("implied")?,
        damaged: row.get("damaged")?,
    })
}

/// A page of clocks, earliest last day first.
pub(crate) fn page(connection: &Connection, query: &ClockQuery) -> Result<PageOf<ClockRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    if let Some(institution) = query.institution {
        let id = Value::Text(institution.to_string());
        condition.and("c.institution = ? AND i.id = ?", [id.clone(), id]);
    }
    if let Some(application) = query.application {
        condition.and("c.application = ?", [Value::Integer(application.into())]);
    }
    condition.and_in("c.owner", query.owner.map(ClockOwner::code));
    condition.and_in("c.kind", query.kinds.iter().map(|kind| kind.code()));
    condition.and_in("c.state", query.states.iter().map(|state| state.code()));
    if is_waiting(query) {
        condition.and("c.waiting", []);
    }
    if !query.buckets.is_empty() {
        let days = Days {
            at: query.at,
            soon: query.soon,
        };
        let marks = vec!["?"; query.buckets.len()].join(",");
        let codes = query
            .buckets
            .iter()
            .map(|bucket| Value::Text(ClockBucket::code(*bucket).to_owned()));
        condition.and(
            format!("({BUCKET}) IN ({marks})"),
            days.values().into_iter().chain(codes),
        );
    }
    let order = ["c.due_date", "c.institution", "c.kind", "c.revision"];
    let one = query.institution.is_some();
    let reach = Reach::of(connection, &query.scope, query.region.as_deref(), one, query.limit)?;
    let (from, counted) = match reach {
        Reach::Nowhere | Reach::All => (FROM, "FROM clock c"),
        Reach::Many => (FROM, FROM_FEW),
        Reach::Few if is_waiting(query) => (FROM_FEW_WAITING, FROM_FEW_WAITING),
        Reach::Few => (FROM_FEW, FROM_FEW),
    };
    let counted = match summed(connection, query)? {
        Some(Summed { count, days }) => {
            // A bucket is no range of an index, and the days that it holds are.
            if let Some((first, last)) = days {
                condition.and(
                    "c.due_date >= ? AND c.due_date <= ?",
                    [Value::Text(first), Value::Text(last)],
                );
            }
            Counted::Known(count)
        }
        None => Counted::From(counted),
    };
    let list = List { from, ..list(order) };
    let (after, limit) = (query.after.as_deref(), query.limit);
    list.page_counted(connection, condition, after, limit, counted, read)
}

/// What the kept sums tell of the clocks asked for.
struct Summed {
    /// How many there are.
    count: u64,
    /// Their first and their last due day; `None` when there are none.
    days: Option<(String, String)>,
}

/// How many clocks there are and within what days they end, where the kept sums tell: of those that wait, by owner and
/// bucket.
fn summed(connection: &Connection, query: &ClockQuery) -> Result<Option<Summed>, ViewError> {
    let ClockQuery {
        institution: None,
        application: None,
        ..
    } = query
    else {
        return Ok(None);
    };
    if !is_waiting(query) || !query.kinds.is_empty() || !query.states.is_empty() {
        return Ok(None);
    }
    let days = Days {
        at: query.at,
        soon: query.soon,
    };
    let sum = Reading::open(connection, &query.scope)?.named(query.region.as_deref(), "clock")?;
    let mut summed = Summed { count: 0, days: None };
    for (name, day, n) in sum.iter() {
        let ["clock", owner, standing] = name.as_slice() else {
            continue;
        };
        let wanted = query.owner.is_none_or(|asked| asked.code() == *owner)
            && (query.buckets.is_empty() || query.buckets.contains(&days.bucket(standing, day)));
        if !wanted || n == 0 {
            continue;
        }
        summed.count += n;
        summed.days = Some(match summed.days {
            None => (day.to_owned(), day.to_owned()),
            Some((first, last)) => (first.min(day.to_owned()), last.max(day.to_owned())),
        });
    }
    Ok(Some(summed))
}

/// Whether only clocks that wait are asked for: every bucket but one holds no others.
fn is_waiting(query: &ClockQuery) -> bool {
    query.waiting_only || (!query.buckets.is_empty() && !query.buckets.contains(&ClockBucket::None))
}

/// The same with everything that happened to each.
pub(crate) fn histories_page(connection: &Connection, query: &ClockQuery) -> Result<PageOf<ClockHistory>, ViewError> {
    let (rows, next, total) = page(connection, query)?;
    Ok((with_steps(connection, rows)?, next, total))
}

/// The clock that an application waits for first.
pub(crate) fn first_of_application(
    connection: &Connection,
    institution: Uuid,
    number: u32,
) -> Result<Option<ClockRow>, ViewError> {
    let sql =
        format!("SELECT {COLUMNS} {FROM} WHERE c.institution = ? AND c.application = ? AND c.waiting ORDER BY {FIRST}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((institution.to_string(), number))?;
    rows.next()?.map(read).transpose()
}

/// Clocks of an application with their histories, by when they were started. Whether the caller may see it is decided
/// before.
pub(crate) fn of_application(
    connection: &Connection,
    institution: Uuid,
    number: u32,
) -> Result<Vec<ClockHistory>, ViewError> {
    let mut condition = of(institution);
    condition.and("c.application = ?", [Value::Integer(number.into())]);
    histories(connection, &condition)
}

/// Every clock of an institution with its history, by when it was started. Whether the caller may see it is decided
/// before.
pub(crate) fn of_institution(connection: &Connection, institution: Uuid) -> Result<Vec<ClockHistory>, ViewError> {
    histories(connection, &of(institution))
}

/// One clock within a scope.
pub(crate) fn one(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
    name: ClockRef,
) -> Result<Option<ClockHistory>, ViewError> {
    let mut condition = of(institution);
    condition.and(
        "c.kind = ? AND c.revision = ?",
        [
            Value::Text(name.kind.code().to_owned()),
            Value::Integer(integer(name.revision)),
        ],
    );
    condition.and_scope("i", scope);
    Ok(histories(connection, &condition)?.pop())
}

fn of(institution: Uuid) -> Condition {
    let mut condition = Condition::default();
    condition.and("c.institution = ?", [Value::Text(institution.to_string())]);
    condition
}

fn histories(connection: &Connection, condition: &Condition) -> Result<Vec<ClockHistory>, ViewError> {
    with_steps(
        connection,
        list(["c.revision", "c.kind"]).all(connection, condition, read)?,
    )
}

fn with_steps(connection: &Connection, rows: Vec<ClockRow>) -> Result<Vec<ClockHistory>, ViewError> {
    rows.into_iter()
        .map(|row| {
            let steps = steps(connection, row.institution, row.clock)?;
            Ok(ClockHistory { row, steps })
        })
        .collect()
}

fn steps(connection: &Connection, institution: Uuid, clock: ClockRef) -> Result<Vec<ClockStep>, ViewError> {
    let mut condition = Condition::default();
    condition.and(
        "s.institution = ? AND s.kind = ? AND s.revision = ?",
        [
            Value::Text(institution.to_string()),
            Value::Text(clock.kind.code().to_owned()),
            Value::Integer(integer(clock.revision)),
        ],
    );
    let list = List {
        name: "clock_steps",
        columns: "s.*",
        bound: Condition::default(),
        from: "FROM clock_step s",
        order: ["s.step"],
        descending: false,
    };
    list.all(connection, &condition, |row| {
        Ok(ClockStep {
            revision: natural(row.get("step")?),
            kind: cell::surely(row, "what", ClockStepKind::from_code)?,
            date: cell::day(row, "date")?,
            reason: row.get("reason")?,
            count: row.get("count")?,
            due_date: cell::day(row, "due_date")?,
            provisional: row.get("provisional")?,
        })
    })
}

/// The clock of the receipt that an institution's last filing still waits for, in time or late: last day and whether it is provisional.
pub(crate) fn receipt_due(connection: &Connection, institution: &str) -> Result<Option<(Date, bool)>, ViewError> {
    let found = connection
        .prepare_cached(
            "SELECT c.due_date, c.provisional FROM clock c
             JOIN application a ON a.institution = c.institution AND a.number = c.application
             WHERE c.institution = ? AND c.kind = 'receipt' AND c.state IN ('running', 'expired') AND a.state = 'accepted'
             ORDER BY c.application DESC, c.revision DESC LIMIT 1",
        )?
        .query_row([institution], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
        })
        .optional()?;
    found
        .map(|(due, provisional)| Ok((parsed(&due, "due_date", |text| text.parse().ok())?, provisional)))
        .transpose()
}
