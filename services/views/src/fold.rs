//! Folding the log into rows: what a view is, which views there are, and how one item of the log reaches them.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use uuid::Uuid;
use yujian_domain::dossier::{FactChange, Seen, facts};
use yujian_domain::envelope::{Metadata, parse_metadata};
use yujian_domain::event::EventFamily as _;
use yujian_domain::incident::IncidentEvent;
use yujian_domain::institution::InstitutionEvent;
use yujian_domain::system::SystemEvent;
use yujian_eventlog::{Item, LogPosition, Record};

use crate::database::{Checkpoint, checkpoint, set_checkpoint};
use crate::error::ViewError;
use crate::model::Change;
use crate::view;

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

/// Every view, in the order in which they fold an item: facts first, because others resolve corrections by them.
pub(crate) static VIEWS: &[&dyn View] = &[
    &view::fact::Facts,
    &view::institution::Institutions,
    &view::filing::Filings,
    &view::incident::Incidents,
    &view::timeline::Timeline,
    &view::problem::Problems,
];

/// What an item of the log is.
pub(crate) enum What {
    /// An event of an institution.
    Institution(Box<InstitutionEvent>),
    /// An event of an incident.
    Incident(Box<IncidentEvent>),
    /// An event of Yujian's own streams.
    System,
    /// An event of a type that this version does not know.
    Unknown,
    /// A record that can't be served, or does not read as what its type says.
    Damaged(String),
}

/// An item of the log as views see it.
pub(crate) struct EventSeen<'a> {
    /// Stream; empty when a damaged record does not even tell that.
    pub(crate) stream: &'a str,
    /// Revision, when known.
    pub(crate) revision: Option<u64>,
    /// The record, unless it is damaged.
    pub(crate) record: Option<&'a Record>,
    /// Its envelope, when it reads.
    pub(crate) metadata: Option<Metadata>,
    /// What it is.
    pub(crate) what: What,
    /// Institution concerned, when known.
    pub(crate) institution: Option<Uuid>,
    /// Incident concerned.
    pub(crate) incident: Option<Uuid>,
    /// What it does to the dossier.
    pub(crate) facts: FactChange,
    /// When it was recorded; for a damaged record, when the one before it was.
    pub(crate) recorded_time: Timestamp,
}

impl<'a> EventSeen<'a> {
    /// Revision as rows hold it.
    pub(crate) fn revision_column(&self) -> Option<i64> {
        self.revision.map(crate::database::integer)
    }

    /// The legal day from which the event has effect, when known.
    pub(crate) fn effective_day(&self) -> Option<jiff::civil::Date> {
        let metadata = self.metadata.as_ref()?;
        metadata
            .effective_from
            .map(yujian_domain::time::day_of)
            .or(metadata.occurred.day())
    }

    fn read(transaction: &Transaction<'_>, item: &'a Item, last: Timestamp) -> Result<Self, ViewError> {
        let mut seen = match item {
            Item::Record(record) => Self {
                stream: record.stream.as_str(),
                revision: Some(record.revision),
                record: Some(record),
                metadata: None,
                what: What::Unknown,
                institution: None,
                incident: None,
                facts: FactChange::default(),
                recorded_time: record.recorded_time,
            },
            Item::Damaged(damage) => Self {
                stream: damage.stream.as_ref().map_or("", |stream| stream.as_str()),
                revision: damage.revision,
                record: None,
                metadata: None,
                what: What::Damaged(damage.problem.clone()),
                institution: None,
                incident: None,
                facts: FactChange::default(),
                recorded_time: last,
            },
        };
        if let Some(record) = seen.record {
            match parse_metadata(&record.metadata) {
                Ok(metadata) => {
                    seen.metadata = Some(metadata);
                    seen.what = decode(record);
                }
                // The texts of these errors may quote a payload; the rows of views say only what kind of fault it is.
                Err(_) => seen.what = What::Damaged("the envelope does not read".to_owned()),
            }
        }
        match seen.stream.split_once('-') {
            Some(("institution", id)) if !matches!(seen.what, What::System) => {
                seen.institution = Uuid::parse_str(id).ok();
            }
            Some(("incident", id)) if !matches!(seen.what, What::System) => {
                seen.incident = Uuid::parse_str(id).ok();
                // The first event that names an institution settles it, as in the state that decides.
                seen.institution = match seen.incident {
                    Some(incident) => view::incident::institution_of(transaction, incident)?,
                    None => None,
                };
                if let (None, What::Incident(event), Some(_)) = (seen.institution, &seen.what, seen.incident) {
                    seen.institution = view::incident::names(event);
                }
            }
            _ => {}
        }
        if let (Some(record), Some(_), What::Institution(_) | What::Incident(_)) =
            (seen.record, seen.institution, &seen.what)
        {
            let asserting = Seen {
                stream: seen.stream,
                revision: record.revision,
                event_id: record.id,
                event_type: &record.event_type,
                metadata: &record.metadata,
                payload: &record.payload,
                recorded_time: record.recorded_time,
            };
            match facts(&asserting) {
                Ok(change) => seen.facts = change.unwrap_or_default(),
                Err(_) => seen.what = What::Damaged(fault(record)),
            }
        }
        Ok(seen)
    }
}

fn fault(record: &Record) -> String {
    format!("the payload does not read as {}", record.event_type)
}

fn decode(record: &Record) -> What {
    let category = record.stream.category();
    let fault = || What::Damaged(fault(record));
    if category == "institution" {
        match InstitutionEvent::decode(&record.event_type, &record.payload) {
            Ok(Some(event)) => return What::Institution(Box::new(event)),
            Ok(None) => {}
            Err(_) => return fault(),
        }
    }
    if category == "incident" {
        match IncidentEvent::decode(&record.event_type, &record.payload) {
            Ok(Some(event)) => return What::Incident(Box::new(event)),
            Ok(None) => {}
            Err(_) => return fault(),
        }
    }
    match SystemEvent::decode(&record.event_type, &record.payload) {
        Ok(Some(_)) => What::System,
        Ok(None) => What::Unknown,
        Err(_) => fault(),
    }
}

/// What identifies the item at a checkpoint.
pub(crate) fn mark(item: &Item) -> String {
    match item {
        Item::Record(record) => record.hash.to_hex(),
        Item::Damaged(damage) => format!("damaged: {}", damage.problem),
    }
}

/// Folds a batch and moves the checkpoint, inside one transaction. Answers what changed, in order, when `wanted`.
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
            changes.extend(change(transaction, &seen)?);
        }
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

fn change(connection: &Connection, seen: &EventSeen<'_>) -> Result<Option<Change>, ViewError> {
    let Some(institution) = seen.institution else {
        return Ok(None);
    };
    let row = connection
        .prepare_cached("SELECT name, region, credit_code FROM institution WHERE id = ?")?
        .query_row([institution.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(row.map(|(institution_name, region, organisation)| Change {
        institution,
        institution_name,
        region,
        organisation,
        incident: seen.incident,
        person: None,
        inspection: None,
        alert: None,
        stream: seen.stream.to_owned(),
        revision: seen.revision.unwrap_or(0),
        event_type: seen.record.map(|record| record.event_type.clone()).unwrap_or_default(),
        recorded_time: seen.recorded_time,
    }))
}

/// A batch on its way to the writer.
pub(crate) type Batch = Arc<[Item]>;
