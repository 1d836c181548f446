//! The fold of an institution's events into the state that decides: by revision, not by legal validity.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::licence;
use super::{
    Application, FactCorrected, FilingReturned, FilingSubmitted, Held, Institution, InstitutionEvent, Status,
    Suspension,
};
use crate::aggregate::Recorded;
use crate::dossier::institution::{assertions, withdrawn_with};

/// Facts whose values decisions rest on. Of all others the state keeps only that they were asserted, so that no
/// personal value ever stands in it.
const KEPT: &[&str] = &[
    "name",
    "credit_code",
    "address",
    "region",
    "point",
    "institution_type",
    "also_types",
    "mode",
    "ownership",
    "registration_date",
    "classes",
    "receipt.number",
];

/// Folds one event. Total: whatever was recorded leads to some state.
pub(super) fn evolve(state: &mut Institution, event: &InstitutionEvent, recorded: &Recorded<'_>) {
    match event {
        InstitutionEvent::FilingSubmitted(event) => submitted(state, event, recorded),
        InstitutionEvent::FilingReturned(event) => returned(state, event),
        InstitutionEvent::FilingAccepted(event) => {
            if let Some(application) = &mut state.application {
                application.receipt_due = Some(event.receipt_due.clone());
                application.nonconformity_due.clone_from(&event.nonconformity_due);
                application.accepted_date = application.submitted.date;
            }
        }
        InstitutionEvent::FilingWithdrawn(_) => state.application = None,
        InstitutionEvent::NonconformityNotified(event) => state.finding_date = Some(event.finding_date),
        InstitutionEvent::ConformityConfirmed(_) => state.finding_date = None,
        InstitutionEvent::InstitutionSuspended(event) => {
            state.suspension = Some(Suspension {
                kind: event.kind,
                from_date: event.from_date,
                until_date: event.until_date,
                before: state.status,
            });
        }
        // A licence may end while service is suspended: nothing is left to go back to.
        InstitutionEvent::InstitutionResumed(_)
        | InstitutionEvent::InstitutionClosed(_)
        | InstitutionEvent::AuthorizationRevoked(_)
        | InstitutionEvent::AuthorizationExpired(_) => state.suspension = None,
        InstitutionEvent::RecordImported(event) => state.imported = Some(event.clone()),
        InstitutionEvent::FactCorrected(event) => {
            corrected(state, event, recorded.revision);
            return;
        }
        InstitutionEvent::InstitutionRegistered(_) => state.representatives.push(recorded.revision),
        InstitutionEvent::DetailsChanged(event) => {
            state
                .representatives
                .extend(event.representative.as_ref().map(|_| recorded.revision));
        }
        _ => {}
    }
    licence::evolve(state, event, recorded);
    let mut held = BTreeMap::new();
    for (key, value) in assertions(event) {
        if key == "status" {
            state.status = parsed(&value).unwrap_or(state.status);
            state.status_from = recorded
                .metadata
                .effective_from
                .or_else(|| recorded.metadata.occurred.earliest());
        }
        let kept = KEPT.contains(&key.as_str());
        if kept {
            hold(state, &key, Some(&value));
        }
        held.insert(
            key,
            Held {
                place: recorded.revision,
                value: kept.then_some(value),
            },
        );
    }
    state.asserted.insert(recorded.revision, held);
}

fn submitted(state: &mut Institution, event: &FilingSubmitted, recorded: &Recorded<'_>) {
    let submission = state.submission(
        recorded.metadata.occurred.day(),
        &event.papers,
        event.makes_meals,
        event.premises.as_ref(),
    );
    state.applications = state.applications.max(event.application);
    match &mut state.application {
        Some(application) if application.number == event.application => application.submitted = submission,
        _ => {
            state.application = Some(Application {
                number: event.application,
                returned: 0,
                receipt_due: None,
                nonconformity_due: None,
                accepted_date: None,
                returned_items: Vec::new(),
                submitted: submission,
            });
        }
    }
}

fn returned(state: &mut Institution, event: &FilingReturned) {
    let Some(application) = &mut state.application else {
        return;
    };
    application.returned += 1;
    for item in &event.items {
        if !application.returned_items.contains(item) {
            application.returned_items.push(item.clone());
        }
    }
}

/// A correction stands in the place of what it corrects: correcting an old name leaves a newer one as it is.
fn corrected(state: &mut Institution, event: &FactCorrected, revision: u64) {
    let withdrawn = state.asserted.get_mut(&event.revision).and_then(|facts| {
        for derived in withdrawn_with(&event.key) {
            facts.remove(*derived);
        }
        facts.remove(&event.key)
    });
    let place = withdrawn.map_or(event.revision, |held| held.place);
    let asserted = assertions(&InstitutionEvent::FactCorrected(event.clone()));
    let held = asserted.into_iter().map(|(key, value)| {
        let kept = KEPT.contains(&key.as_str());
        (
            key,
            Held {
                place,
                value: kept.then_some(value),
            },
        )
    });
    let held = held.collect();
    state.asserted.insert(revision, held);
    if KEPT.contains(&event.key.as_str()) {
        let newest = state
            .asserted
            .iter()
            .filter_map(|(revision, facts)| facts.get(&event.key).map(|held| ((held.place, *revision), held)))
            .max_by_key(|(place, _)| *place)
            .and_then(|(_, held)| held.value.clone());
        hold(state, &event.key, newest.as_ref());
    }
}

fn hold(state: &mut Institution, key: &str, value: Option<&Value>) {
    match key {
        "name" => state.name = value.and_then(parsed).unwrap_or_default(),
        "credit_code" => state.credit_code = value.and_then(parsed),
        "address" => state.address = value.and_then(parsed),
        "region" => state.region = value.and_then(parsed),
        "point" => state.point = value.and_then(parsed),
        "institution_type" => state.institution_type = value.and_then(parsed),
        "also_types" => state.also_types = value.and_then(parsed).unwrap_or_default(),
        "mode" => state.mode = value.and_then(parsed),
        "ownership" => state.ownership = value.and_then(parsed),
        "registration_date" => state.registration_date = value.and_then(parsed),
        "classes" => state.classes = value.and_then(parsed).unwrap_or_default(),
        "receipt.number" => state.receipt_number = value.and_then(parsed),
        _ => {}
    }
}

/// What another version wrote and this one can't read counts as not known.
fn parsed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

impl Institution {
    /// Where it stood before a suspension, else where it stands.
    pub(super) fn standing(&self) -> Status {
        self.suspension
            .as_ref()
            .map_or(self.status, |suspension| suspension.before)
    }
}
