//! Folding the log into rows: what a view is, which views there are, and how one item of the log reaches them.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use yujian_domain::envelope::Classification;
use yujian_eventlog::{Item, LogPosition};

use crate::database::{Checkpoint, checkpoint, set_checkpoint};
use crate::error::ViewError;
use crate::model::Change;
use crate::view::{VIEWS, sums};

mod seen;

pub(crate) use seen::{EventSeen, Home, What};

/// A table of a view.
pub(crate) struct Table {
    /// Name.
    pub(crate) name: &'static str,
    /// Statements that make it, with its indexes.
    pub(crate) ddl: &'static str,
    /// Its key columns, the order of its digest.
    pub(crate) key: &'static str,
}

/// A view: tables, and how an item of the log changes them. Pure: rows depend on the log alone.
pub(crate) trait View: Sync {
    /// Its tables. All of their rows go into the digest.
    fn tables(&self) -> &'static [Table];
    /// Folds one item. Never refuses what was recorded; an error is a fault of the store, and the batch is tried again.
    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError>;
}

/// What identifies the item at a checkpoint.
pub(crate) fn mark(item: &Item) -> String {
    match item {
        Item::Record(record) => record.hash.to_hex(),
        Item::Damaged(damage) => format!("damaged: {}", damage.problem),
    }
}

/// Folds a batch and moves the checkpoint, inside one transaction. Answers what changed, in order, when `wanted`, and then
/// keeps the sums up too; else they are for [`sums::settle`] once the last batch is folded.
pub(crate) fn fold_batch(
    transaction: &Transaction<'_>,
    items: &[Item],
    next: LogPosition,
    wanted: bool,
) -> Result<(Vec<Change>, Checkpoint), ViewError> {
    let before = checkpoint(transaction)?;
    let mut recorded_time = before.as_ref().and_then(|checkpoint| checkpoint.recorded_time);
    let mut changes = Vec::new();
    for item in items {
        let seen = EventSeen::read(transaction, item, recorded_time.unwrap_or(Timestamp::UNIX_EPOCH))?;
        for view in VIEWS {
            view.fold(transaction, &seen)?;
        }
        if seen.record.is_some() {
            recorded_time = Some(seen.recorded_time);
        }
        if wanted {
            changes.extend(changes_of(transaction, &seen)?);
        }
    }
    if wanted {
        while sums::settle(transaction)? {}
    }
    let folded = before.as_ref().map_or(0, |checkpoint| checkpoint.records);
    let after = Checkpoint {
        position: next,
        mark: items
            .last()
            .map(mark)
            .or_else(|| before.as_ref().map(|checkpoint| checkpoint.mark.clone()))
            .unwrap_or_default(),
        recorded_time,
        records: folded.saturating_add(u64::try_from(items.len()).unwrap_or(u64::MAX)),
    };
    set_checkpoint(transaction, before.as_ref(), &after)?;
    Ok((changes, after))
}

/// What the item changed, once for each institution that it touches and that has a row, in order of id.
pub(crate) fn changes_of(connection: &Connection, seen: &EventSeen<'_>) -> Result<Vec<Change>, ViewError> {
    let mut changes = Vec::with_capacity(seen.touched.len());
    let alert = match seen.home {
        Home::Alert(alert) => Some(alert),
        _ => None,
    };
    let concerned = match alert {
        Some(alert) => crate::view::alert::concerned(connection, alert)?,
        None => None,
    };
    let concerned = concerned.as_ref();
    for institution in &seen.touched {
        let row: Option<(String, String, Option<String>)> = connection
            .prepare_cached("SELECT name, region, credit_code FROM institution WHERE id = ?")?
            .query_row([institution.to_string()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((institution_name, region, organisation)) = row else {
            continue;
        };
        changes.push(Change {
            institution: *institution,
            institution_name,
            region,
            organisation,
            incident: seen.incident(),
            person: seen.person().or(concerned.and_then(|of| of.person)),
            inspection: seen.inspection().or(concerned.and_then(|of| of.inspection)),
            alert,
            // What happens to a person at one institution tells nothing to the operator of another.
            regulator_only: seen.classification() == Classification::Regulator
                || (seen.person().is_some() && seen.institution.is_some_and(|named| named != *institution)),
            stream: seen.stream.to_owned(),
            revision: seen.revision.unwrap_or(0),
            event_type: seen.record.map(|record| record.event_type.clone()).unwrap_or_default(),
            recorded_time: seen.recorded_time,
        });
    }
    Ok(changes)
}

/// A batch on its way to the writer.
pub(crate) type Batch = Arc<[Item]>;
