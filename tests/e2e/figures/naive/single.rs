//! Figures beside rows, and of single institutions, persons, inspections and incidents, counted from what was folded.

use jiff::civil::Date;
use yujian_domain::reference::Reference;

use super::World;
use super::inspections::Inspection;
use super::staff::Person;
use crate::figures::admission::working_days;
use crate::figures::counts::{Figures, lies_in, put, put_ratio};

impl World {
    /// Working days that open applications have stood where they stand, at a day.
    pub fn days_in_state(&self, at: Date) -> Figures {
        let (mut figures, calendar) = (Figures::new(), Reference::shipped().calendar);
        for (id, of) in &self.admitted {
            for (number, it) in of.applications.iter().filter(|(_, it)| it.open()) {
                if let Some(since) = it.since {
                    let days = working_days(&calendar, since, at);
                    put(
                        &mut figures,
                        "application_days_in_state",
                        format!("{id}/{number}"),
                        days,
                    );
                }
            }
        }
        figures
    }

    /// Figures that stand beside institutions, inspections and incidents in lists.
    pub fn of_lists(&self) -> Figures {
        let mut figures = Figures::new();
        for (id, institution) in &self.institutions {
            put(&mut figures, "institution_places", id, institution.places(None));
            let open = self
                .incidents
                .values()
                .filter(|one| one.institution == *id && one.open());
            put(&mut figures, "institution_open_incidents", id, open.count() as u64);
        }
        for (id, of) in &self.admitted {
            for (number, it) in &of.applications {
                let of = format!("{id}/{number}");
                put(&mut figures, "application_returned", of, it.returned.into());
            }
        }
        for (id, incident) in &self.incidents {
            put(
                &mut figures,
                "incident_guardians_untold",
                id,
                incident.guardians_untold(),
            );
        }
        for (id, inspection) in &self.inspections {
            if let Some([met, looked_at, vetoes]) = inspection.result {
                put(&mut figures, "inspection_points", id, met);
                put(&mut figures, "inspection_points_of", id, looked_at);
                put(&mut figures, "inspection_vetoes", id, vetoes);
            }
            let own = || self.findings.iter().filter(|((inspection, _), _)| inspection == id);
            put(&mut figures, "inspection_findings", id, own().count() as u64);
            let open = own().filter(|(_, finding)| finding.open());
            put(&mut figures, "inspection_open_findings", id, open.count() as u64);
        }
        figures
    }

    /// Figures of the dossier of an institution.
    pub fn of_institution(&self, id: &str) -> Figures {
        let mut figures = Figures::new();
        let mut say = |name: &str, value: usize| put(&mut figures, name, id, value as u64);
        let engaged = self.persons.values().flat_map(Person::standing);
        say(
            "institution_engaged",
            engaged.filter(|one| one.institution == id).count(),
        );
        let inspections = self.inspections.values();
        say(
            "institution_inspections",
            inspections.filter(|one| one.institution == id).count(),
        );
        let findings = self.findings.values();
        say(
            "institution_findings",
            findings.filter(|one| one.institution == id).count(),
        );
        let alerts = self.alerts.values();
        say(
            "institution_alerts",
            alerts.filter(|alert| alert.institution == id).count(),
        );
        let incidents = self.incidents.values();
        say(
            "institution_incidents",
            incidents.filter(|one| one.institution == id).count(),
        );
        put(
            &mut figures,
            "institution_places",
            id,
            self.institutions[id].places(None),
        );
        put(&mut figures, "institution_events", id, self.history[id]);
        figures
    }

    /// Figures of a person.
    pub fn of_person(&self, id: &str) -> Figures {
        let mut figures = Figures::new();
        let person = &self.persons[id];
        let alerts = self.alerts.values().filter(|alert| alert.person.as_deref() == Some(id));
        put(&mut figures, "person_alerts", id, alerts.count() as u64);
        put(&mut figures, "person_engagements", id, person.engagements.len() as u64);
        put(&mut figures, "person_training_hours", id, person.hours);
        put(&mut figures, "person_events", id, person.events);
        figures
    }

    /// Credentials of persons engaged or registered in a division: all, those that have ended, and those of persons at work.
    pub fn credentials(&self, region: &str, at: Date) -> [u64; 3] {
        let mut sums = [0; 3];
        for person in self.persons.values() {
            let works_there = |code: &str| lies_in(code, region);
            let engaged = person
                .standing()
                .any(|one| works_there(&self.institutions[&one.institution].region()));
            if !region.is_empty() && !works_there(&person.region) && !engaged {
                continue;
            }
            let ended = person
                .credentials
                .values()
                .filter(|(_, _, expiry)| expiry.is_some_and(|day| day < at));
            sums[0] += person.credentials.len() as u64;
            sums[1] += ended.count() as u64;
            if person.standing().next().is_some() {
                sums[2] += person.credentials.len() as u64;
            }
        }
        sums
    }

    /// What could not be taken in.
    pub fn of_status(&self) -> Figures {
        let mut figures = Figures::new();
        put(&mut figures, "damaged_records", "", self.damaged.len() as u64);
        put(&mut figures, "unknown_events", "", self.unknown);
        figures
    }

    /// Figures of an inspection.
    pub fn of_inspection(&self, id: &str) -> Figures {
        let mut figures = self.of_lists();
        figures.retain(|(name, of), _| of == id && name != "inspection_open_findings");
        let inspection = &self.inspections[id];
        put(&mut figures, "inspection_imported_rows", id, inspection.imported_rows);
        put(&mut figures, "inspection_recused", id, inspection.recused);
        put(&mut figures, "inspection_events", id, inspection.events);
        self.put_results(&mut figures, id, inspection);
        let unmet = inspection
            .answers
            .iter()
            .filter(|(_, (answer, _))| answer == "noncompliant" || answer == "not_checked");
        put(&mut figures, "inspection_unmet", id, unmet.clone().count() as u64);
        for (item, (_, evidence)) in unmet {
            put(&mut figures, "answer_evidence", format!("{id}/{item}"), *evidence);
        }
        let present = |who: &str| inspection.present.get(who).into_iter().flatten();
        for (name, who) in [
            ("children_present", "children"),
            ("carers_present", "carers"),
            ("staff_present", "staff"),
        ] {
            for (of, count) in present(who) {
                put(&mut figures, name, format!("{id}/{of}"), *count);
            }
        }
        for (class, carers) in present("carers") {
            let children = present("children").find(|(one, _)| *one == class);
            let children = children.map_or(0, |(_, count)| *count);
            put_ratio(&mut figures, format!("{id}/{class}"), children, *carers);
        }
        for ((_, number), finding) in self.findings.iter().filter(|((of, _), _)| of == id) {
            let of = format!("{id}/{number}");
            put(&mut figures, "children_at_risk", of, finding.children_at_risk);
        }
        if let Some(year) = inspection.year() {
            let visits = self
                .visits
                .iter()
                .filter(|((of, when, _), _)| *of == inspection.institution && *when == year.to_string())
                .map(|(_, visit)| visit);
            for (name, counts) in [("year_visits_counted", true), ("year_visits_noted", false)] {
                let fit = visits.clone().filter(|visit| visit.counts == counts);
                put(&mut figures, name, id, fit.count() as u64);
            }
            let cap = visits
                .filter(|visit| visit.cap.is_some())
                .max_by_key(|visit| visit.order);
            let cap = cap.and_then(|visit| visit.cap);
            put(&mut figures, "year_visits_cap", id, cap.unwrap_or(0));
        }
        figures
    }

    /// What was answered, by dimension: items of those that were to be looked at, without an answer not looked at.
    fn put_results(&self, figures: &mut Figures, id: &str, inspection: &Inspection) {
        let Some(items) = self.checklists.get(&inspection.checklist) else {
            return;
        };
        let mut answers = std::collections::BTreeMap::<String, u64>::new();
        let mut points = std::collections::BTreeMap::<&str, [u64; 2]>::new();
        for item in items.iter().filter(|item| inspection.looks_at(&item.dimension)) {
            let answer = inspection.answer(&item.code);
            *answers.entry(format!("{id}/{}/{answer}", item.dimension)).or_default() += 1;
            let [met, looked_at] = points.entry(&item.dimension).or_default();
            if answer == "compliant" {
                *met += item.points;
            }
            if answer == "compliant" || answer == "noncompliant" {
                *looked_at += item.points;
            }
        }
        for (of, count) in answers {
            put(figures, "inspection_answers", of, count);
        }
        for (dimension, [met, looked_at]) in points {
            put(figures, "dimension_points", format!("{id}/{dimension}"), met);
            put(figures, "dimension_points_of", format!("{id}/{dimension}"), looked_at);
        }
    }

    /// Figures of an incident.
    pub fn of_incident(&self, id: &str) -> Figures {
        let mut figures = self.of_lists();
        figures.retain(|(_, of), _| of == id);
        let incident = &self.incidents[id];
        for (name, count) in [
            ("incident_imported_rows", incident.imported_rows),
            ("incident_events", incident.events),
            ("incident_children_present", incident.children_present),
            ("incident_staff_present", incident.staff_present),
        ] {
            put(&mut figures, name, id, count);
        }
        for (child, months) in &incident.ages {
            put(&mut figures, "child_age_months", format!("{id}/{child}"), *months);
        }
        figures
    }
}
