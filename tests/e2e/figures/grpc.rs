//! Figures from the replies of the gRPC queries.

use std::collections::BTreeMap;

use jiff::civil::Date;
use tonic::transport::Channel;
use yujian_proto::common::v1 as common;
use yujian_proto::supervision::v1 as supervision;
use yujian_proto::supervision::v1::alert_service_client::AlertServiceClient;
use yujian_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;

use super::alerts;
use super::counts::{Counts, Figures, add, lies_in, put};
use crate::support::{ADMINISTRATOR, by};

/// A client that sees everything, as the page does: an administrator for the figures, auditors for lists and histories.
pub struct Client {
    stub: SupervisionServiceClient<Channel>,
    alerts: AlertServiceClient<Channel>,
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

/// The id in a resource name.
fn id_in(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

/// Every row of a list, page by page.
macro_rules! every {
    ($client:expr, $actor:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }, $rows:ident) => {{
        let (mut rows, mut page_token) = (Vec::new(), String::new());
        loop {
            let reply = ask!($client, $actor, $method, $request {
                page_size: 500,
                page_token: page_token,
                $($field: $value,)*
            });
            rows.extend(reply.$rows);
            page_token = reply.next_page_token;
            if page_token.is_empty() {
                break rows;
            }
        }
    }};
}

mod admission;
mod replies;
mod single;

use replies::{conduct, overview, staff};

impl Client {
    pub fn new(channel: Channel, tops: Vec<String>) -> Self {
        let stub = SupervisionServiceClient::new(channel.clone()).max_decoding_message_size(16 << 20);
        let alerts = AlertServiceClient::new(channel);
        Self { stub, alerts, tops }
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
        add(own, "on_the_clock", "", reply.on_the_clock);
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

    /// The figures of alerts of a division.
    pub async fn of_alerts(&mut self, region: &str) -> Figures {
        let mut figures = Figures::new();
        let asked = supervision::GetAlertFiguresRequest {
            region_code: region.to_owned(),
            ..Default::default()
        };
        let reply = self.alerts.get_alert_figures(by(ADMINISTRATOR, asked)).await.unwrap();
        let reply = reply.into_inner();
        for one in reply.parts.iter().chain(&reply.region) {
            let counts: Vec<(String, String, u64)> = one
                .open
                .iter()
                .map(|of| {
                    let rule = code(of.rule().as_str_name(), "ALERT_RULE_");
                    let severity = code(of.severity().as_str_name(), "ALERT_SEVERITY_");
                    (rule, severity, of.count)
                })
                .collect();
            let place = self::of(&one.code);
            alerts::put_open(&mut figures, &place, place == region, &counts);
        }
        let asked = supervision::GetAlertPrecisionRequest {
            region_code: region.to_owned(),
            ..Default::default()
        };
        let reply = self.alerts.get_alert_precision(by(ADMINISTRATOR, asked)).await.unwrap();
        for row in reply.into_inner().rules {
            let policy = if row.policy.is_empty() { "-" } else { &row.policy };
            let of = format!("{region}/{}/{policy}", code(row.rule().as_str_name(), "ALERT_RULE_"));
            for (name, count) in [
                ("alerts_raised", row.raised),
                ("alerts_acknowledged", row.acknowledged),
                ("alerts_open", row.open),
                ("alerts_dismissed", row.dismissed),
                ("alerts_confirmed", row.confirmed),
                ("alerts_lapsed", row.lapsed),
            ] {
                put(&mut figures, name, &of, count);
            }
            if let Some(share) = &row.precision {
                alerts::put_precision(&mut figures, of, share.numerator, share.denominator);
            }
        }
        figures
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
                "/applications" => total!(
                    self,
                    &actor,
                    list_applications,
                    ListApplicationsRequest {
                        region_code: region_code
                    }
                ),
                "/deadlines" => total!(
                    self,
                    &actor,
                    list_clocks,
                    ListClocksRequest {
                        region_code: region_code,
                        waiting_only: true
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
}
