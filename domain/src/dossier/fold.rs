//! From a stored event to facts.

use serde_json::Value;

use super::{Fact, FactChange, FactSource, Seen, incident, institution, person};
use crate::envelope::parse_metadata;
use crate::event::{DecodeError, EventFamily, what_is_wrong};
use crate::incident::IncidentEvent;
use crate::institution::InstitutionEvent;
use crate::person::PersonEvent;

/// Facts that an event asserts and withdraws; `None` for events that say nothing to a dossier (claims, reference
/// data, types that this version does not know).
///
/// `valid_from` is the event's `effective_from`, else the earliest instant that its `occurred` may mean (the start of
/// the legal day), and absent when that is unknown. `valid_to` is its `effective_to`.
///
/// The facts belong to the dossier of an **institution**: for an institution's stream its own, for an incident's that of
/// the incident. A person's stream concerns several: an event that names an institution ([`PersonEvent::institution`]) says what
/// it says to that one's dossier alone, and an event that names none answers `None` here. Whoever folds a person's
/// stream into a dossier must therefore pick the events of that institution; [`person_facts`] has the person's own.
///
/// # Errors
/// When metadata or payload of a known type is not what it must be. The message quotes no value.
pub fn facts(seen: &Seen<'_>) -> Result<Option<FactChange>, DecodeError> {
    let (asserted, withdrawn) = if let Some(event) = InstitutionEvent::decode(seen.event_type, seen.payload)? {
        (institution::assertions(&event), withdrawals(seen.stream, &event))
    } else if let Some(event) = IncidentEvent::decode(seen.event_type, seen.payload)? {
        let id = seen.stream.strip_prefix("incident-").unwrap_or(seen.stream);
        let prefixed = incident::assertions(&event, seen.revision)
            .into_iter()
            .map(|(key, value)| (format!("incident.{id}.{key}"), value))
            .collect();
        (prefixed, Vec::new())
    } else if let Some(event) = PersonEvent::decode(seen.event_type, seen.payload)? {
        let said = person::of_institution(&event);
        if said.is_empty() {
            return Ok(None);
        }
        let id = seen.stream.strip_prefix("person-").unwrap_or(seen.stream);
        let prefixed = said
            .into_iter()
            .map(|(key, value)| (format!("staff.{id}.{key}"), value))
            .collect();
        (prefixed, Vec::new())
    } else {
        return Ok(None);
    };
    change(seen, asserted, withdrawn).map(Some)
}

/// Facts that an event of a person's stream asserts of the **person**: `status`, `identity_kind`, `credential.<n>.…`,
/// `health`, `query`, `training.<revision>`, `engagement.<n>.…`, `bar`. `None` for events of other streams. Validity is
/// that of [`facts`]; values that only the regulator may see (what a query found, why somebody is barred) stand there as
/// recorded, so whoever shows them goes by the event's classification.
///
/// # Errors
/// As for [`facts`].
pub fn person_facts(seen: &Seen<'_>) -> Result<Option<FactChange>, DecodeError> {
    PersonEvent::decode(seen.event_type, seen.payload)?
        .map(|event| change(seen, person::of_person(&event, seen.revision), Vec::new()))
        .transpose()
}

/// The change that an event makes, with each fact's validity and source from the event's envelope.
fn change(
    seen: &Seen<'_>,
    asserted: Vec<(String, Value)>,
    withdrawn: Vec<(String, u64, String)>,
) -> Result<FactChange, DecodeError> {
    let metadata = parse_metadata(seen.metadata).map_err(|error| DecodeError {
        event_type: seen.event_type.to_owned(),
        message: format!("metadata {}", what_is_wrong(&error)),
    })?;
    let source = FactSource {
        stream: seen.stream.to_owned(),
        revision: seen.revision,
        event_type: seen.event_type.to_owned(),
        recorded_time: seen.recorded_time,
        received_time: metadata.received_time,
    };
    let valid_from = metadata.effective_from.or_else(|| metadata.occurred.earliest());
    // A register's row says that a case is known, not when it began to be: a row that a later edition adds must not
    // take an incident back that was reopened here meanwhile.
    let timeless = |key: &str| seen.event_type == "incident.RecordImported.v1" && key.ends_with(".status");
    let fact = |(key, value): (String, Value)| Fact {
        valid_from: valid_from.filter(|_| !timeless(&key)),
        key,
        value,
        valid_to: metadata.effective_to,
        source: source.clone(),
        order: (seen.recorded_time, seen.stream.to_owned(), seen.revision),
    };
    Ok(FactChange {
        recorded_time: seen.recorded_time,
        asserted: asserted.into_iter().map(fact).collect(),
        withdrawn,
    })
}

fn withdrawals(stream: &str, event: &InstitutionEvent) -> Vec<(String, u64, String)> {
    let InstitutionEvent::FactCorrected(event) = event else {
        return Vec::new();
    };
    std::iter::once(event.key.as_str())
        .chain(institution::withdrawn_with(&event.key).iter().copied())
        .map(|key| (stream.to_owned(), event.revision, key.to_owned()))
        .collect()
}
