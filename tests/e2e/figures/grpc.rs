//! Figures from the replies of the gRPC queries.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tonic::transport::Channel;
use yujian_proto::common::v1 as common;
use yujian_proto::supervision::v1 as supervision;
use yujian_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;

use super::counts::{Counts, Figures, add, lies_in, put};
use crate::support::{ADMINISTRATOR, by};

/// A client that sees everything, as the page does: an administrator for the figures, auditors for lists and histories.
pub struct Client {
    stub: SupervisionServiceClient<Channel>,
    /// The greatest divisions, each of which has an auditor.
    tops: Vec<String>,
}

/// What the three queries of figures say of a division and its parts, by its code.
#[derive(Debug, Default)]
pub struct Told {
    pub overview: BTreeMap<String, Counts>,
    pub staff: BTreeMap<String, Counts>,
    pub conduct: BTreeMap<String, Counts>,
}

/// The code of a value of a closed list, of its name in the interface.
fn code(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix)
        .unwrap_or_else(|| panic!("{name} and {prefix}"))
        .to_lowercase()
}

fn day(day: Date) -> Option<common::Date> {
    Some(common::Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    })
}

/// The whole has no code on the page.
fn of(code: &str) -> String {
    if code == "CN" { String::new() } else { code.to_owned() }
}

/// An auditor of a division, or of the country.
fn auditor(jurisdiction: &str) -> String {
    format!("role=auditor; id=auditor-1; organisation=audit; jurisdiction={jurisdiction}")
}

macro_rules! ask {
    ($client:expr, $actor:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $client.stub.$method(by($actor, supervision::$request {
            $($field: $value,)*
            ..supervision::$request::default()
        })).await.unwrap_or_else(|refused| panic!("{}: {refused:?}", stringify!($method))).into_inner()
    };
}

/// Rows of a list in all.
macro_rules! total {
    ($client:expr, $actor:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        ask!($client, $actor, $method, $request { page_size: 1, $($field: $value,)* }).total_size
    };
}

impl Client {
    pub fn new(channel: Channel, tops: Vec<String>) -> Self {
        let stub = SupervisionServiceClient::new(channel).max_decoding_message_size(16 << 20);
        Self { stub, tops }
    }

    /// Auditors that together see all of a division, with the division to ask for: those of the greatest divisions, since
    /// one of a part does not see who has left it.
    fn auditors(&self, region: &str) -> Vec<(String, String)> {
        let of = |top: &str, code: &str| (auditor(top), code.to_owned());
        self.tops
            .iter()
            .filter(|top| region.is_empty() || lies_in(region, top))
            .map(|top| of(top, if region.is_empty() { top } else { region }))
            .collect()
    }

    /// The figures of a division at a day.
    pub async fn figures(&mut self, region: &str, at: Date) -> Told {
        let mut told = Told::default();
        self.overview(&mut told, region, at).await;
        self.staff(&mut told, region, at).await;
        let reply = ask!(
            self,
            ADMINISTRATOR,
            get_conduct_figures,
            GetConductFiguresRequest {
                region_code: region.to_owned(),
                at_date: day(at),
            }
        );
        for figures in reply.parts.iter().chain(&reply.region) {
            told.conduct.insert(of(&figures.code), conduct(figures));
        }
        let own = told.conduct.get_mut(region).unwrap();
        for month in &reply.visits_by_month {
            add(own, "visits_by_month", &month.month, month.count);
        }
        told
    }

    async fn overview(&mut self, told: &mut Told, region: &str, at: Date) {
        let reply = ask!(
            self,
            ADMINISTRATOR,
            get_roll_up,
            GetRollUpRequest {
                region_code: region.to_owned(),
                at_date: day(at),
            }
        );
        for figures in reply.parts.iter().chain(&reply.region) {
            told.overview.insert(of(&figures.code), overview(figures));
        }
        let own = told.overview.get_mut(region).unwrap();
        for month in &reply.incidents_by_month {
            add(own, "incidents_by_month", &month.month, month.count);
        }
        for month in &reply.receipts_by_month {
            add(own, "receipts_by_month", &month.month, month.count);
        }
        let mut incidents = 0;
        for category in &reply.incidents_by_category {
            let name = code(category.category().as_str_name(), "CATEGORY_");
            add(own, "incidents_by_category", name, category.count);
            incidents += category.count;
        }
        assert_eq!(incidents, reply.region.as_ref().unwrap().incidents, "{region}");
        let reply = ask!(
            self,
            ADMINISTRATOR,
            get_pipeline,
            GetPipelineRequest {
                region_code: region.to_owned(),
                at_date: day(at),
            }
        );
        add(own, "receipts_overdue", "", reply.receipt_overdue);
        add(own, "receipts_due_soon", "", reply.receipt_due_soon);
        add(own, "on_the_clock", "", reply.due.len() as u64);
    }

    async fn staff(&mut self, told: &mut Told, region: &str, at: Date) {
        let reply = ask!(
            self,
            ADMINISTRATOR,
            get_staff_figures,
            GetStaffFiguresRequest {
                region_code: region.to_owned(),
                at_date: day(at),
            }
        );
        for figures in reply.parts.iter().chain(&reply.region) {
            told.staff.insert(of(&figures.code), staff(figures));
        }
        let mut doubles = 0;
        for (actor, code) in self.auditors(region) {
            doubles += total!(
                self,
                &actor,
                list_alerts,
                ListAlertsRequest {
                    region_code: code,
                    rules: vec![supervision::AlertRule::DoubleEngagement.into()],
                }
            );
        }
        let own = told.staff.get_mut(region).unwrap();
        add(own, "barred_persons", "", reply.barred_engaged);
        add(own, "engaged_twice", "", reply.engaged_twice);
        add(own, "alerts_by_rule", "double_engagement", doubles);
    }

    /// How many rows the list at a path of the page has for a division.
    pub async fn listed(&mut self, path: &str, region: &str, at: Date) -> u64 {
        let mut sum = 0;
        for (actor, code) in self.auditors(region) {
            let (region_code, at_date) = (code, day(at));
            sum += match path {
                "/institutions" => total!(
                    self,
                    &actor,
                    list_institutions,
                    ListInstitutionsRequest {
                        region_code: region_code
                    }
                ),
                "/incidents" => total!(
                    self,
                    &actor,
                    list_incidents,
                    ListIncidentsRequest {
                        region_code: region_code
                    }
                ),
                "/staff/list" => total!(
                    self,
                    &actor,
                    list_staff,
                    ListStaffRequest {
                        region_code: region_code
                    }
                ),
                "/inspections" => total!(
                    self,
                    &actor,
                    list_inspections,
                    ListInspectionsRequest {
                        region_code: region_code
                    }
                ),
                "/findings" => total!(
                    self,
                    &actor,
                    list_findings,
                    ListFindingsRequest {
                        region_code: region_code,
                        at_date: at_date
                    }
                ),
                "/alerts" => total!(
                    self,
                    &actor,
                    list_alerts,
                    ListAlertsRequest {
                        region_code: region_code
                    }
                ),
                other => panic!("{other} is no list"),
            };
        }
        sum
    }

    /// Figures that stand beside an institution or an inspection in lists.
    pub async fn of_lists(&mut self) -> Figures {
        let mut figures = Figures::new();
        for (actor, _) in self.auditors("") {
            let mut page_token = String::new();
            loop {
                let request = supervision::ListInstitutionsRequest {
                    page_size: 500,
                    page_token,
                    ..Default::default()
                };
                let reply = self
                    .stub
                    .list_institutions(by(&actor, request))
                    .await
                    .unwrap()
                    .into_inner();
                for row in &reply.institutions {
                    let id = row.name.strip_prefix("institutions/").unwrap();
                    put(&mut figures, "institution_places", id, row.places);
                    put(&mut figures, "institution_open_incidents", id, row.open_incidents);
                }
                page_token = reply.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            loop {
                let request = supervision::ListInspectionsRequest {
                    page_size: 500,
                    page_token,
                    ..Default::default()
                };
                let reply = self
                    .stub
                    .list_inspections(by(&actor, request))
                    .await
                    .unwrap()
                    .into_inner();
                for row in &reply.inspections {
                    let id = row.name.strip_prefix("inspections/").unwrap();
                    put(&mut figures, "inspection_findings", id, row.findings);
                    put(&mut figures, "inspection_open_findings", id, row.open_findings);
                }
                page_token = reply.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
        }
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
}

fn overview(figures: &supervision::RegionFigures) -> Counts {
    let mut counts = Counts::new();
    for state in &figures.by_state {
        let status = code(state.state().as_str_name(), "INSTITUTION_STATE_");
        add(&mut counts, "institutions_by_status", status, state.count);
    }
    for (name, count) in [
        ("places", figures.places),
        ("inhabitants", figures.inhabitants.unwrap_or(0)),
        ("townships", figures.townships),
        ("townships_covered", figures.townships_covered),
        ("open_incidents", figures.open_incidents),
        ("late_incidents", figures.late_notifications),
        ("receipts_issued", figures.receipts_issued),
        ("receipts_late", figures.receipts_late),
        ("damaged_institutions", figures.damaged),
        ("engaged", figures.staff),
        ("qualified", figures.qualified_staff),
        ("inspected", figures.inspected_institutions),
        ("open_findings", figures.open_findings),
        ("overdue_corrections", figures.overdue_corrections),
        ("alerts", figures.alerts),
    ] {
        add(&mut counts, name, "", count);
    }
    // By state only in the other reply.
    add(&mut counts, "inspections_by_status", "", figures.inspections);
    counts
}

fn staff(figures: &supervision::StaffFigures) -> Counts {
    let mut counts = Counts::new();
    for row in &figures.posts {
        let post = code(row.post().as_str_name(), "POST_");
        for (name, count) in [
            ("engaged", row.engaged),
            ("off_duty", row.off_duty),
            ("qualified", row.qualified),
            ("healthy", row.healthy),
            ("queried", row.queried),
            ("barred", row.barred),
        ] {
            add(&mut counts, name, &post, count);
        }
    }
    let mut papers = |kind: &str, buckets: &[supervision::BucketCount]| {
        for row in buckets {
            let bucket = code(row.bucket().as_str_name(), "BUCKET_");
            let bucket = bucket.strip_prefix("within_").unwrap_or(&bucket);
            add(&mut counts, "papers", format!("{kind}/{bucket}"), row.count);
        }
    };
    papers("health", &figures.health);
    papers("query", &figures.queries);
    for row in &figures.certificates {
        papers(&code(row.kind().as_str_name(), "CREDENTIAL_KIND_"), &row.buckets);
    }
    add(&mut counts, "damaged_engagements", "", figures.damaged);
    counts
}

fn conduct(figures: &supervision::ConductFigures) -> Counts {
    let mut counts = Counts::new();
    for row in &figures.by_state {
        let status = code(row.state().as_str_name(), "INSPECTION_STATE_");
        add(&mut counts, "inspections_by_status", status, row.count);
    }
    for row in &figures.by_purpose {
        add(
            &mut counts,
            "inspections_by_purpose",
            code(row.purpose().as_str_name(), "PURPOSE_"),
            row.count,
        );
    }
    let mut cited = 0;
    for row in &figures.findings_by_state {
        let state = code(row.state().as_str_name(), "FINDING_STATE_");
        cited += if state == "cited" { row.count } else { 0 };
        let open = ["cited", "correction_due", "overdue", "correction_claimed"].contains(&state.as_str());
        add(&mut counts, "open_findings", "", if open { row.count } else { 0 });
        add(&mut counts, "findings_by_state", state, row.count);
    }
    for row in &figures.findings {
        let weight = code(row.weight().as_str_name(), "WEIGHT_");
        add(&mut counts, "findings_by_dimension", &row.dimension, row.count);
        let by = format!("{}/{weight}", row.dimension);
        add(&mut counts, "findings_by_dimension_and_weight", by, row.count);
    }
    // Its figure is made of these.
    add(&mut counts, "institutions_by_status", "filed", figures.operating);
    let corrections = figures.corrections.unwrap_or_default();
    for (state, count) in [
        ("cited", cited),
        ("due", corrections.due),
        ("overdue", corrections.overdue),
        ("correction_claimed", corrections.claimed),
        ("verified", corrections.verified),
        ("corrected_on_site", corrections.on_site),
    ] {
        add(&mut counts, "corrections", state, count);
    }
    let visits = figures.visits.unwrap_or_default();
    for (name, count) in [
        ("overdue_corrections", corrections.overdue),
        ("rejections", corrections.rejected),
        ("findings_extended", corrections.extended),
        ("inspected", figures.inspected),
        ("assistance", figures.assistance),
        ("visits_counted", visits.counted),
        ("visits_noted", visits.noted),
        ("at_cap", visits.at_cap),
        ("ratio_exceeded", figures.ratio_exceeded),
        ("backfilled", figures.backfilled),
        ("backfilled_late", figures.backfilled_late),
        ("approvals_due", figures.approvals_due),
        ("approvals_overdue", figures.approvals_overdue),
        ("approvals_late", figures.approvals_late),
        ("damaged_inspections", figures.damaged),
    ] {
        add(&mut counts, name, "", count);
    }
    counts
}
