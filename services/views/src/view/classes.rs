//! Versions of an institution's classes and places by the instant from which they hold, so that a figure at a day takes
//! the version of that day.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Transaction;
use serde_json::Value;
use yujian_domain::institution::{Class, FactCorrected, InstitutionEvent};
use yujian_domain::time::{end_of, start_of};

use crate::database::{instant, integer};
use crate::fold::{EventSeen, Table, View, What};
use crate::store::ViewError;

/// Classes and places.
pub(crate) struct Classes;

impl View for Classes {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "class_version",
            // Empty `effective_from`: from ever (imported history that does not tell).
            ddl: "CREATE TABLE class_version(institution TEXT NOT NULL, effective_from TEXT NOT NULL,
                    revision INTEGER NOT NULL, places INTEGER NOT NULL, classes TEXT NOT NULL,
                    PRIMARY KEY(institution, effective_from, revision)) WITHOUT ROWID;",
            key: "institution, effective_from, revision",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let What::Institution(event) = &seen.what else {
            return Ok(());
        };
        match event.as_ref() {
            InstitutionEvent::InstitutionRegistered(registered) => {
                insert(transaction, seen, effective_from(seen), &registered.classes)
            }
            InstitutionEvent::ClassesChanged(changed) => {
                insert(transaction, seen, effective_from(seen), &changed.classes)
            }
            InstitutionEvent::RecordImported(imported) => insert(
                transaction,
                seen,
                imported.valid_from_date.map(start_of),
                &imported.classes,
            ),
            InstitutionEvent::FactCorrected(corrected) if corrected.key == "classes" => {
                correct(transaction, seen, corrected)
            }
            _ => Ok(()),
        }
    }
}

fn effective_from(seen: &EventSeen<'_>) -> Option<Timestamp> {
    seen.metadata
        .as_ref()
        .and_then(|metadata| metadata.effective_from.or(metadata.occurred.earliest()))
}

fn insert(
    transaction: &Transaction<'_>,
    seen: &EventSeen<'_>,
    from: Option<Timestamp>,
    classes: &[Class],
) -> Result<(), ViewError> {
    let (Some(institution), Some(revision)) = (seen.institution, seen.revision_column()) else {
        return Ok(());
    };
    let places: u64 = classes.iter().map(|class| u64::from(class.places.count())).sum();
    let json = serde_json::to_string(classes).expect("classes are plain JSON");
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO class_version(institution, effective_from, revision, places, classes)
             VALUES(?, ?, ?, ?, ?)",
        )?
        .execute((
            institution.to_string(),
            from.map(instant).unwrap_or_default(),
            revision,
            integer(places),
            json,
        ))?;
    Ok(())
}

fn correct(transaction: &Transaction<'_>, seen: &EventSeen<'_>, corrected: &FactCorrected) -> Result<(), ViewError> {
    let Some(institution) = seen.institution else {
        return Ok(());
    };
    transaction
        .prepare_cached("DELETE FROM class_version WHERE institution = ? AND revision = ?")?
        .execute((institution.to_string(), integer(corrected.revision)))?;
    let right = corrected.value.as_ref().and_then(classes_of);
    match right {
        Some(classes) => insert(transaction, seen, Some(start_of(corrected.valid_from_date)), &classes),
        None => Ok(()),
    }
}

/// Classes as a fact's value holds them.
fn classes_of(value: &Value) -> Option<Vec<Class>> {
    serde_json::from_value(value.clone()).ok()
}

/// SQL of the places of the institution `alias` that count: those of the latest version of all, or with a bound value
/// (see [`bound`]) of the latest one in effect at a day.
pub(crate) fn places_sql(alias: &str, at_a_day: bool) -> String {
    let until = if at_a_day { " AND v.effective_from <= ?" } else { "" };
    format!(
        "ifnull((SELECT v.places FROM class_version v WHERE v.institution = {alias}.id{until}
         ORDER BY v.effective_from DESC, v.revision DESC LIMIT 1), 0)"
    )
}

/// The value for [`places_sql`] at a day: its last instant.
pub(crate) fn bound(at: Date) -> String {
    instant(end_of(at))
}
