//! Figures beside rows, and of single institutions, persons, inspections and incidents.

use serde_json::Value;
use yujian_proto::supervision::v1 as supervision;

use super::{Client, auditor, code, id_in};
use crate::figures::counts::{Figures, put, put_ratio};
use crate::support::by;

impl Client {
    /// Figures that stand beside institutions, inspections and incidents in lists.
    pub async fn of_lists(&mut self) -> Figures {
        let mut figures = Figures::new();
        for (actor, _) in self.auditors("") {
            for row in every!(
                self,
                &actor,
                list_institutions,
                ListInstitutionsRequest {},
                institutions
            ) {
                let id = id_in(&row.name);
                put(&mut figures, "institution_places", id, row.places);
                put(&mut figures, "institution_open_incidents", id, row.open_incidents);
            }
            for row in every!(self, &actor, list_inspections, ListInspectionsRequest {}, inspections) {
                beside_inspection(&mut figures, &row);
            }
            for row in every!(self, &actor, list_incidents, ListIncidentsRequest {}, incidents) {
                put(
                    &mut figures,
                    "incident_guardians_untold",
                    id_in(&row.name),
                    row.guardians_open,
                );
            }
            for row in every!(
                self,
                &actor,
                list_applications,
                ListApplicationsRequest {},
                applications
            ) {
                let of = format!("{}/{}", id_in(&row.institution), row.number);
                put(&mut figures, "application_returned", of, row.times_returned.into());
            }
            for row in every!(
                self,
                &actor,
                list_applications,
                ListApplicationsRequest { open_only: true },
                applications
            ) {
                let of = format!("{}/{}", id_in(&row.institution), row.number);
                if let Some(days) = row.working_days_in_state {
                    put(&mut figures, "application_days_in_state", of, days.into());
                }
            }
        }
        figures
    }

    /// Credentials of persons engaged or registered in a division: all, those that have ended, and those of persons at work.
    pub async fn credentials(&mut self, region: &str, at: jiff::civil::Date) -> [u64; 3] {
        let mut sums = [0; 3];
        for (actor, code) in self.auditors(region) {
            for (sum, (buckets, engaged_only)) in sums.iter_mut().zip([
                (Vec::new(), false),
                (vec![supervision::Bucket::Expired.into()], false),
                (Vec::new(), true),
            ]) {
                *sum += total!(
                    self,
                    &actor,
                    list_credentials,
                    ListCredentialsRequest {
                        region_code: code.clone(),
                        buckets: buckets,
                        engaged_only: engaged_only,
                        at_date: super::day(at),
                    }
                );
            }
        }
        sums
    }

    /// What the views could not take in.
    pub async fn of_status(&mut self) -> Figures {
        let mut figures = Figures::new();
        let actor = auditor("CN");
        let reply = ask!(self, &actor, list_alerts, ListAlertsRequest { page_size: 1 });
        let as_of = reply.as_of.unwrap();
        put(&mut figures, "damaged_records", "", as_of.damaged);
        put(&mut figures, "unknown_events", "", as_of.unknown);
        figures
    }

    /// Figures of the dossier of an institution in a division.
    pub async fn of_institution(&mut self, id: &str, region: &str) -> Figures {
        use yujian_proto::staffing::v1::EngagementState as State;
        let mut figures = Figures::new();
        let actor = auditor(region);
        let institution = || format!("institutions/{id}");
        let states = vec![State::Active.into(), State::OffDuty.into()];
        let engaged = total!(
            self,
            &actor,
            list_staff,
            ListStaffRequest {
                institution: institution(),
                states: states
            }
        );
        put(&mut figures, "institution_engaged", id, engaged);
        let inspections = total!(
            self,
            &actor,
            list_inspections,
            ListInspectionsRequest {
                institution: institution()
            }
        );
        put(&mut figures, "institution_inspections", id, inspections);
        let findings = total!(
            self,
            &actor,
            list_findings,
            ListFindingsRequest {
                institution: institution()
            }
        );
        put(&mut figures, "institution_findings", id, findings);
        let alerts = total!(
            self,
            &actor,
            list_alerts,
            ListAlertsRequest {
                institution: institution()
            }
        );
        put(&mut figures, "institution_alerts", id, alerts);
        let incidents = total!(
            self,
            &actor,
            list_incidents,
            ListIncidentsRequest {
                institution: institution()
            }
        );
        put(&mut figures, "institution_incidents", id, incidents);
        let events = total!(
            self,
            &actor,
            list_timeline,
            ListTimelineRequest {
                institution: institution()
            }
        );
        put(&mut figures, "institution_events", id, events);
        let row = ask!(
            self,
            &actor,
            get_institution,
            GetInstitutionRequest { name: institution() }
        );
        put(&mut figures, "institution_places", id, row.institution.unwrap().places);
        figures
    }

    /// Figures of a person.
    pub async fn of_person(&mut self, id: &str) -> Figures {
        let mut figures = Figures::new();
        let actor = auditor("CN");
        let person = || format!("persons/{id}");
        let alerts = total!(self, &actor, list_alerts, ListAlertsRequest { person: person() });
        put(&mut figures, "person_alerts", id, alerts);
        let events = total!(
            self,
            &actor,
            list_person_timeline,
            ListPersonTimelineRequest { person: person() }
        );
        put(&mut figures, "person_events", id, events);
        let reply = ask!(self, &actor, get_person, GetPersonRequest { name: person() });
        put(&mut figures, "person_engagements", id, reply.engagements.len() as u64);
        let hours = reply.trainings.iter().map(|training| u64::from(training.hours)).sum();
        put(&mut figures, "person_training_hours", id, hours);
        figures
    }

    /// Payloads of the sound events of a stream, by type, out of the history of its institution; and how many there are in all.
    async fn events(&mut self, institution: &str, region: &str, stream: &str) -> (Vec<(String, Value)>, u64) {
        let actor = auditor(region);
        let history = every!(
            self,
            &actor,
            list_timeline,
            ListTimelineRequest {
                institution: institution.to_owned()
            },
            events
        );
        let own: Vec<_> = history.into_iter().filter(|event| event.stream == stream).collect();
        let all = own.len() as u64;
        let sound = own.into_iter().filter(|event| event.damaged.is_empty());
        let payloads = sound.map(|event| (event.event_type, serde_json::from_str(&event.payload_json).unwrap()));
        (payloads.collect(), all)
    }

    /// Figures of an inspection at an institution in a division.
    pub async fn of_inspection(&mut self, id: &str, region: &str) -> Figures {
        let mut figures = Figures::new();
        let actor = auditor(region);
        let name = format!("inspections/{id}");
        let reply = ask!(self, &actor, get_inspection, GetInspectionRequest { name: name });
        let row = reply.inspection.unwrap();
        beside_inspection(&mut figures, &row);
        figures.retain(|(name, _), _| name != "inspection_open_findings");
        if row.external.is_some() {
            put(&mut figures, "inspection_imported_rows", id, row.imported_rows);
        }
        put(&mut figures, "inspection_recused", id, reply.recused.len() as u64);
        for result in &reply.results {
            let of = format!("{id}/{}", result.dimension);
            for (answer, count) in [
                ("compliant", result.compliant),
                ("noncompliant", result.noncompliant),
                ("not_applicable", result.not_applicable),
                ("not_checked", result.not_checked),
            ] {
                put(&mut figures, "inspection_answers", format!("{of}/{answer}"), count);
            }
            put(&mut figures, "dimension_points", &of, result.points);
            put(&mut figures, "dimension_points_of", &of, result.points_of);
        }
        let unmet = reply.answers.iter().filter(|answer| {
            let answer = code(answer.answer().as_str_name(), "ANSWER_");
            answer == "noncompliant" || answer == "not_checked"
        });
        for answer in unmet.clone() {
            let of = format!("{id}/{}", answer.item);
            put(&mut figures, "answer_evidence", of, answer.evidence.len() as u64);
        }
        put(&mut figures, "inspection_unmet", id, unmet.count() as u64);
        if let Some(presence) = &reply.presence {
            let class = |row: &yujian_proto::inspection::v1::ClassCount| {
                format!("{id}/{}", code(row.class_type().as_str_name(), "CLASS_TYPE_"))
            };
            for row in &presence.children {
                put(&mut figures, "children_present", class(row), row.count.into());
            }
            for row in &presence.carers {
                let children = presence.children.iter().find(|one| one.class_type == row.class_type);
                let children = children.map_or(0, |one| one.count);
                put(&mut figures, "carers_present", class(row), row.count.into());
                put_ratio(&mut figures, class(row), children.into(), row.count.into());
            }
            for row in &presence.staff {
                let of = format!("{id}/{}", code(row.post().as_str_name(), "POST_"));
                put(&mut figures, "staff_present", of, row.count.into());
            }
        }
        for finding in &reply.findings {
            let of = format!("{id}/{}", finding.finding);
            put(&mut figures, "children_at_risk", of, finding.children_at_risk.into());
        }
        let counted = |counts: bool| reply.visits.iter().filter(|visit| visit.counts == counts).count() as u64;
        put(&mut figures, "year_visits_counted", id, counted(true));
        put(&mut figures, "year_visits_noted", id, counted(false));
        let cap = reply.visits.iter().rev().find_map(|visit| visit.cap);
        put(&mut figures, "year_visits_cap", id, cap.unwrap_or(0).into());
        let (_, all) = self.events(&row.institution, region, &format!("inspection-{id}")).await;
        put(&mut figures, "inspection_events", id, all);
        figures
    }

    /// Figures of an incident at an institution in a division.
    pub async fn of_incident(&mut self, id: &str, region: &str) -> Figures {
        let mut figures = Figures::new();
        let actor = auditor(region);
        let name = format!("incidents/{id}");
        let reply = ask!(self, &actor, get_incident, GetIncidentRequest { name: name });
        let row = reply.incident.unwrap();
        put(&mut figures, "incident_guardians_untold", id, row.guardians_open);
        if row.external.is_some() {
            put(&mut figures, "incident_imported_rows", id, row.imported_rows);
        }
        let (events, all) = self.events(&row.institution, region, &format!("incident-{id}")).await;
        put(&mut figures, "incident_events", id, all);
        for (event_type, payload) in events {
            if event_type.starts_with("incident.IncidentNotified.") {
                for (name, member) in [
                    ("incident_children_present", "children_present"),
                    ("incident_staff_present", "staff_present"),
                ] {
                    put(&mut figures, name, id, payload[member].as_u64().unwrap());
                }
            }
            for child in payload["children"].as_array().into_iter().flatten() {
                let of = format!("{id}/{}", child["number"]);
                put(
                    &mut figures,
                    "child_age_months",
                    of,
                    child["age_months"].as_u64().unwrap_or(0),
                );
            }
        }
        figures
    }
}

/// Figures that stand beside an inspection in lists.
fn beside_inspection(figures: &mut Figures, row: &supervision::InspectionView) {
    let id = id_in(&row.name);
    put(figures, "inspection_findings", id, row.findings);
    put(figures, "inspection_open_findings", id, row.open_findings);
    if let Some(points) = &row.points {
        put(figures, "inspection_points", id, points.numerator);
        put(figures, "inspection_points_of", id, points.denominator);
    }
    put(figures, "inspection_vetoes", id, row.vetoes.unwrap_or(0).into());
}
