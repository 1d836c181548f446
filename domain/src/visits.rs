//! The yearly cap of visits (涉企检查频次上限), owned by a counter stream `visits-<institution>.<year>`: 国办发〔2024〕54号.
//!
//! A visit is counted there before the inspection's approval is appended, under the id of the inspection, so a repeated
//! approval finds its own visit; a cancelled inspection gives it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event_family;
use crate::inspection::Purpose;
use crate::rejection::{LegalBasis, Reason, Rejection};

/// A visit that is to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Institution.
    pub institution: Uuid,
    /// Calendar year of the visit (Asia/Shanghai).
    pub year: i16,
    /// Inspection.
    pub inspection: Uuid,
    /// Purpose.
    pub purpose: Purpose,
    /// Most visits of a year that count; `None`: this one does not count, it is only noted.
    pub cap: Option<u32>,
}

/// A visit was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitCounted {
    /// Inspection.
    pub inspection: Uuid,
    /// Purpose.
    pub purpose: Purpose,
    /// Whether it counts against the cap.
    pub counts: bool,
    /// Cap of the day, when it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
}

/// A counted visit was given back, since the inspection did not take place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitReleased {
    /// Inspection.
    pub inspection: Uuid,
}

event_family! {
    /// Events of a counter's stream.
    pub enum VisitsEvent, upcasters &[], {
        /// See [`VisitCounted`].
        VisitCounted = "visits.VisitCounted.v1",
        /// See [`VisitReleased`].
        VisitReleased = "visits.VisitReleased.v1",
    }
}

/// The visits of one institution in one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visits {
    /// Inspections that hold a visit, with whether it counts.
    pub held: BTreeMap<Uuid, bool>,
}

impl Visits {
    /// Folds one event.
    pub fn apply(&mut self, event: &VisitsEvent) {
        match event {
            VisitsEvent::VisitCounted(event) => {
                self.held.insert(event.inspection, event.counts);
            }
            VisitsEvent::VisitReleased(event) => {
                self.held.remove(&event.inspection);
            }
        }
    }

    /// Counts a visit. `None`: the inspection holds one already.
    ///
    /// # Errors
    /// `FREQUENCY_CAP_REACHED` when as many visits count as the cap allows.
    pub fn count(&self, visit: &Visit) -> Result<Option<VisitsEvent>, Rejection> {
        if self.held.contains_key(&visit.inspection) {
            return Ok(None);
        }
        let counted = self.held.values().filter(|counts| **counts).count();
        if let Some(cap) = visit.cap
            && u32::try_from(counted).unwrap_or(u32::MAX) >= cap
        {
            return Err(Rejection::new(
                Reason::FrequencyCapReached,
                format!(
                    "the institution has had {counted} visits that count in {}, the cap is {cap}",
                    visit.year
                ),
                format!("该机构{}年计入频次的检查已有{counted}次，上限为{cap}次", visit.year),
            )
            .with("visits", counted.to_string())
            .with("cap", cap.to_string())
            .with("year", visit.year.to_string())
            .citing(LegalBasis::new("国办发〔2024〕54号", "年度频次上限")));
        }
        Ok(Some(VisitsEvent::from(VisitCounted {
            inspection: visit.inspection,
            purpose: visit.purpose,
            counts: visit.cap.is_some(),
            cap: visit.cap,
        })))
    }

    /// Gives the visit of an inspection back. `None`: it holds none.
    #[must_use]
    pub fn release(&self, inspection: Uuid) -> Option<VisitsEvent> {
        self.held
            .contains_key(&inspection)
            .then(|| VisitsEvent::from(VisitReleased { inspection }))
    }
}

/// Name of a counter's stream.
#[must_use]
pub fn visits_stream(institution: Uuid, year: i16) -> String {
    format!("visits-{institution}.{year}")
}
