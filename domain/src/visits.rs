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
    /// Whether it counts against the cap; one that does not is only noted.
    pub counts: bool,
    /// Most visits of a year that count; `None`: this one is never refused, because it does not count or because it is an
    /// emergency.
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
    /// Cap of the day, when it was held to one.
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

    /// How many visits count against the cap.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.held.values().filter(|counts| **counts).count()
    }

    /// INS-07: counts a visit; `None` when the inspection holds one already, as a repeated approval finds it.
    ///
    /// # Errors
    /// [`Reason::FrequencyCapReached`] when as many visits count as the cap allows.
    pub fn count(&self, visit: &Visit) -> Result<Option<VisitsEvent>, Rejection> {
        if self.held.contains_key(&visit.inspection) {
            return Ok(None);
        }
        if let Some(cap) = visit.cap.filter(|_| visit.counts) {
            let counted = self.counted();
            let is_full = u32::try_from(counted).map_or(true, |counted| counted >= cap);
            if is_full {
                return Err(Rejection::new(
                    Reason::FrequencyCapReached,
                    format!("{counted} visits of {} count already; the cap is {cap}", visit.year),
                    format!("{}年已计入{counted}次检查，年度上限为{cap}次", visit.year),
                )
                .citing(LegalBasis::new("国办发〔2024〕54号", "检查频次上限"))
                .with("year", visit.year.to_string())
                .with("counted", counted.to_string())
                .with("cap", cap.to_string())
                .with("rule", "INS-07"));
            }
        }
        Ok(Some(VisitsEvent::from(VisitCounted {
            inspection: visit.inspection,
            purpose: visit.purpose,
            counts: visit.counts,
            cap: visit.cap,
        })))
    }

    /// Gives the visit of an inspection back; `None` when it holds none.
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
