//! Lists read page by page: rows in an order, the key of the last one, and how many there are in all.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::condition::Condition;
use crate::database::{integer, natural};
use crate::error::ViewError;
use crate::key;

/// Rows, key of the next page, rows in all.
pub(crate) type PageOf<T> = (Vec<T>, Option<String>, u64);

/// How many rows a list has in all.
pub(crate) enum Counted<'a> {
    /// By another `FROM …` that has the same rows and finds them faster.
    From(&'a str),
    /// Known from the kept sums.
    Known(u64),
}

/// A list: where its rows come from and how they are ordered.
pub(crate) struct List<'a, const N: usize> {
    /// Name in its keys.
    pub(crate) name: &'static str,
    /// `SELECT …` columns.
    pub(crate) columns: &'a str,
    /// Values of the question marks in `columns`.
    pub(crate) bound: Condition,
    /// `FROM …`, as far as the conditions need it.
    pub(crate) from: &'a str,
    /// What orders it; together unique, and never NULL.
    pub(crate) order: [&'static str; N],
    /// Whether the greatest comes first.
    pub(crate) descending: bool,
}

impl<const N: usize> List<'_, N> {
    /// Reads a page.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub(crate) fn page<T>(
        &self,
        connection: &Connection,
        condition: Condition,
        after: Option<&str>,
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
    ) -> Result<PageOf<T>, ViewError> {
        self.page_counted(connection, condition, after, limit, Counted::From(self.from), read)
    }

    /// Reads a page, and counts all rows as is said.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub(crate) fn page_counted<T>(
        &self,
        connection: &Connection,
        mut condition: Condition,
        after: Option<&str>,
        limit: u32,
        counted: Counted<'_>,
        read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
    ) -> Result<PageOf<T>, ViewError> {
        let from = self.from;
        let total = match counted {
            Counted::Known(total) => total,
            Counted::From(counted) => connection
                .prepare_cached(&format!("SELECT count(*) {counted}{}", condition.sql()))?
                .query_row(params_from_iter(condition.values()), |row| Ok(natural(row.get(0)?)))?,
        };
        if let Some(after) = after {
            let key = key::decode::<N>(self.name, after)?;
            let sign = if self.descending { '<' } else { '>' };
            condition.and(
                format!("({}) {sign} ({})", self.order.join(", "), ["?"; N].join(", ")),
                key.map(Value::Text),
            );
        }
        let limit = key::limit(limit);
        let direction = if self.descending { " DESC" } else { "" };
        let order: Vec<String> = self.order.iter().map(|part| format!("{part}{direction}")).collect();
        condition.and(
            format!("1 ORDER BY {} LIMIT ?", order.join(", ")),
            // No row is looked for after the last.
            [Value::Integer(integer(total.min(limit as u64 + 1)))],
        );
        let keys: Vec<String> = (0..N)
            .map(|part| format!("CAST({} AS TEXT) AS key_{part}", self.order[part]))
            .collect();
        let sql = format!("SELECT {}, {} {from}{}", self.columns, keys.join(", "), condition.sql());
        let mut statement = connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(self.bound.values().chain(condition.values())))?;
        let mut rows = Vec::with_capacity(limit.min(64));
        let (mut last, mut more) = (Vec::new(), false);
        while let Some(row) = found.next()? {
            if rows.len() == limit {
                more = true;
                break;
            }
            rows.push(read(row)?);
            last = (0..N)
                .map(|part| row.get::<_, String>(format!("key_{part}").as_str()))
                .collect::<Result<_, _>>()?;
        }
        let next = more.then(|| {
            let parts: Vec<&str> = last.iter().map(String::as_str).collect();
            key::encode(self.name, &parts)
        });
        Ok((rows, next, total))
    }

    /// Reads every row, in order.
    pub(crate) fn all<T>(
        &self,
        connection: &Connection,
        condition: &Condition,
        read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
    ) -> Result<Vec<T>, ViewError> {
        let direction = if self.descending { " DESC" } else { "" };
        let order: Vec<String> = self.order.iter().map(|part| format!("{part}{direction}")).collect();
        let sql = format!(
            "SELECT {} {}{} ORDER BY {}",
            self.columns,
            self.from,
            condition.sql(),
            order.join(", ")
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(self.bound.values().chain(condition.values())))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(read(row)?);
        }
        Ok(rows)
    }
}
