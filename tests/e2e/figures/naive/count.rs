//! Counting what was folded, at a day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::time::end_of;

use super::World;
use crate::figures::counts::{AtWork, Counted, Counts, add};

fn month(day: Date) -> String {
    day.to_string()[..7].to_owned()
}

impl World {
    /// Everything counted at a day; `soon` is the last day that counts as due soon.
    pub fn count(&self, at: Date, soon: Date) -> Counted {
        let mut counted = Counted::default();
        let mut own: BTreeMap<&str, Counts> = BTreeMap::new();
        for (id, institution) in &self.institutions {
            let counts = own.entry(id).or_default();
            add(counts, "institutions_by_status", &institution.status, 1);
            if institution.operates() {
                add(counts, "places", "", institution.places(Some(end_of(at))));
                let year = at.checked_sub(12.months()).unwrap();
                let inspected = self.inspections.values().any(|inspection| {
                    inspection.institution == *id
                        && inspection.done()
                        && inspection.visited.is_some_and(|day| year < day && day <= at)
                });
                add(counts, "inspected", "", u64::from(inspected));
            }
            for filing in institution.filings.values() {
                if let Some(day) = filing.receipt {
                    add(counts, "receipts_issued", "", 1);
                    add(counts, "receipts_late", "", u64::from(filing.late));
                    if day <= at {
                        add(counts, "receipts_by_month", month(day), 1);
                    }
                }
                if let (true, "accepted", Some(due)) = (filing.waiting, institution.status.as_str(), filing.due) {
                    add(counts, "on_the_clock", "", 1);
                    add(counts, "receipts_overdue", "", u64::from(due < at));
                    add(counts, "receipts_due_soon", "", u64::from(at <= due && due <= soon));
                }
            }
        }
        for incident in self.incidents.values() {
            let counts = own.get_mut(incident.institution.as_str()).unwrap();
            add(counts, "incidents_by_category", &incident.category, 1);
            add(counts, "open_incidents", "", u64::from(incident.open()));
            add(counts, "late_incidents", "", u64::from(incident.late));
            if let Some(day) = incident.day.filter(|day| *day <= at) {
                add(counts, "incidents_by_month", month(day), 1);
            }
        }
        for alert in self.alerts.values() {
            let counts = own.get_mut(alert.institution.as_str()).unwrap();
            add(counts, "alerts_by_rule", &alert.rule, 1);
            add(counts, "alerts", "", 1);
        }
        let damaged = self.damaged.iter();
        for institution in damaged
            .filter_map(|stream| self.institution_of(stream.as_deref()))
            .collect::<BTreeSet<_>>()
        {
            add(
                own.get_mut(institution.as_str()).unwrap(),
                "damaged_institutions",
                "",
                1,
            );
        }
        self.count_staff(&mut counted, &mut own, at);
        self.count_inspections(&mut own, at);
        for (id, counts) in own {
            let region = counted.by_region.entry(self.institutions[id].region()).or_default();
            for ((name, by), count) in counts {
                add(region, name, by, count);
            }
        }
        counted
    }

    fn count_staff(&self, counted: &mut Counted, own: &mut BTreeMap<&str, Counts>, at: Date) {
        for (id, person) in &self.persons {
            for engagement in person.engagements.values().filter(|engagement| engagement.ended) {
                let counts = own.get_mut(engagement.institution.as_str()).unwrap();
                add(counts, "engaged_before", &engagement.post, 1);
            }
            for engagement in person.standing() {
                let counts = own.get_mut(engagement.institution.as_str()).unwrap();
                let post = &engagement.post;
                add(counts, "engaged", post, 1);
                let damaged = self.is_damaged(&format!("person-{id}"));
                add(counts, "damaged_engagements", "", u64::from(damaged));
                add(counts, "off_duty", post, u64::from(engagement.off_duty));
                add(counts, "qualified", post, u64::from(engagement.qualified));
                add(counts, "unqualified", post, u64::from(!engagement.qualified));
                add(counts, "healthy", post, u64::from(person.healthy(at)));
                add(counts, "queried", post, u64::from(person.queried(at)));
                add(counts, "barred", post, u64::from(person.barred(at)));
                for (kind, bucket) in person.papers(at) {
                    add(counts, "papers", format!("{kind}/{bucket}"), 1);
                }
                counted.at_work.push(AtWork {
                    person: id.clone(),
                    region: self.institutions[&engagement.institution].region(),
                    barred: person.barred(at),
                });
            }
        }
    }

    fn count_inspections(&self, own: &mut BTreeMap<&str, Counts>, at: Date) {
        for (id, inspection) in &self.inspections {
            let counts = own.get_mut(inspection.institution.as_str()).unwrap();
            add(counts, "inspections_by_status", &inspection.status, 1);
            add(counts, "inspections_by_purpose", &inspection.purpose, 1);
            let damaged = self.is_damaged(&format!("inspection-{id}"));
            add(counts, "damaged_inspections", "", u64::from(damaged));
            let due = inspection.approval_due;
            for (name, holds) in [
                ("ratio_exceeded", inspection.ratio_exceeded),
                ("backfilled", inspection.backfilled),
                ("backfilled_late", inspection.backfilled_late),
                ("approvals_due", due.is_some()),
                ("approvals_overdue", due.is_some_and(|due| due < at)),
                ("approvals_late", inspection.approved_late),
            ] {
                add(counts, name, "", u64::from(holds));
            }
            if let Some(day) = inspection.visited.filter(|day| inspection.done() && *day <= at) {
                add(counts, "visits_by_month", month(day), 1);
            }
        }
        for institution in &self.assistance {
            add(own.get_mut(institution.as_str()).unwrap(), "assistance", "", 1);
        }
        for finding in self.findings.values() {
            let counts = own.get_mut(finding.institution.as_str()).unwrap();
            let (dimension, weight) = (&finding.dimension, &finding.weight);
            add(counts, "findings_by_state", &finding.state, 1);
            add(counts, "findings_by_dimension", dimension, 1);
            add(
                counts,
                "findings_by_dimension_and_weight",
                format!("{dimension}/{weight}"),
                1,
            );
            add(counts, "open_findings", "", u64::from(finding.open()));
            add(counts, "overdue_corrections", "", u64::from(finding.overdue(at)));
            add(counts, "rejections", "", finding.rejections);
            add(counts, "findings_extended", "", u64::from(finding.extended));
            let state = match finding.state.as_str() {
                "correction_due" | "overdue" if finding.overdue(at) => "overdue",
                "correction_due" | "overdue" => "due",
                "imported" => continue,
                other => other,
            };
            add(counts, "corrections", state, 1);
        }
        let mut caps: BTreeMap<&str, (u64, u64, Option<u64>)> = BTreeMap::new();
        for ((institution, year, _), visit) in &self.visits {
            if *year != at.year().to_string() {
                continue;
            }
            let counts = own.get_mut(institution.as_str()).unwrap();
            add(
                counts,
                if visit.counts { "visits_counted" } else { "visits_noted" },
                "",
                1,
            );
            if visit.counts {
                let (counted, last, cap) = caps.entry(institution).or_default();
                *counted += 1;
                if visit.cap.is_some() && visit.order > *last {
                    (*last, *cap) = (visit.order, visit.cap);
                }
            }
        }
        for (institution, (counted, _, cap)) in caps {
            let full = cap.is_some_and(|cap| counted >= cap);
            add(own.get_mut(institution).unwrap(), "at_cap", "", u64::from(full));
        }
    }
}
