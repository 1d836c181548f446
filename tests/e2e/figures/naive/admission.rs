//! Admission as it was folded, row by row.

use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::clock::{ClockRef, Unit};

use super::World;
use crate::figures::admission::{Admissions, Application, Clock};
use crate::figures::admission_model::{Admitted, Applied, Ticking};

impl World {
    /// Everything of admission at a day.
    pub fn admissions(&self, at: Date, soon: Date) -> Admissions {
        let mut all = Admissions::default();
        for (id, of) in &self.admitted {
            let region = self.institutions[&id.to_string()].region();
            let applied = of.applications.iter();
            all.applications.extend(applied.map(|(number, it)| Application {
                bucket: of.bucket(*number, at, soon).code().to_owned(),
                ..application(it, &region)
            }));
            let waiting = of.clocks.iter().filter(|(name, clock)| clock.waiting(name.kind));
            all.clocks.extend(waiting.map(|(name, it)| Clock {
                bucket: it.bucket(name.kind, at, soon).code().to_owned(),
                ..clock(*id, *name, it, &region)
            }));
            all.take(of, &region);
            if !of.applications.is_empty() && self.has_damage(*id) {
                all.damaged.push(region);
            }
        }
        all
    }

    fn has_damage(&self, id: Uuid) -> bool {
        let mut damaged = self.damaged.iter().map(|stream| self.institution_of(stream.as_deref()));
        damaged.any(|institution| institution == Some(id.to_string()))
    }

    /// Applications of an institution, and children of each of its cessations: to be placed, and placed.
    pub fn of_authorization(&self, institution: &str) -> (u64, BTreeMap<u64, [u64; 2]>) {
        let id = institution.parse().unwrap();
        let applied = self.admitted.get(&id).map_or(0, |of| of.applications.len());
        let cessations = (1..).zip(self.institutions[institution].cessations.iter().copied());
        (applied as u64, cessations.collect())
    }
}

impl Admissions {
    fn take(&mut self, of: &Admitted, region: &str) {
        if let Some(term) = of.last_term() {
            self.authorizations.push((region.to_owned(), term.state().to_owned()));
        }
        let open = of.conditions.values().filter(|(state, _)| *state == "open");
        self.conditions.extend(open.map(|_| region.to_owned()));
        let open = of.cessations.iter().filter(|(_, closed)| closed.is_none());
        self.cessations.extend(open.map(|_| region.to_owned()));
    }
}

fn application(it: &Applied, region: &str) -> Application {
    Application {
        region: region.to_owned(),
        kind: it.kind.map_or_else(String::new, |kind| kind.code().to_owned()),
        state: it.state.unwrap().code().to_owned(),
        since: it.since,
        open: it.open(),
        bucket: String::new(),
        returned: it.returned.into(),
        items: it.last_items().into_iter().map(str::to_owned).collect(),
        deemed: it
            .deemed
            .map(|(outcome, reversed)| (outcome.code().to_owned(), reversed)),
        late: it.decided.is_some_and(|(_, late)| late),
    }
}

fn clock(institution: Uuid, name: ClockRef, it: &Ticking, region: &str) -> Clock {
    Clock {
        region: region.to_owned(),
        id: format!("{institution}/{}@{}", name.kind.code(), name.revision),
        working: it.unit == Unit::WorkingDays,
        due: it.due,
        paused_from: it.paused_from.filter(|_| it.state == "paused"),
        bucket: String::new(),
    }
}
