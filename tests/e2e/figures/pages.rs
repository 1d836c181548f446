//! The pages, with the figures that each shows: a new one must be named here, or it fails.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::counts::{Counts, Figures, figures};

/// A page of figures: its address, the figures of its division (`name/*`: by the values of a list), those of each part, and texts with numbers that are no
/// figures.
pub struct Page {
    pub path: &'static str,
    pub own: &'static [&'static str],
    pub parts: &'static [&'static str],
    pub says: &'static [&'static str],
}

pub const PAGES: [Page; 3] = [
    Page {
        path: "/",
        own: &[
            "alerts",
            "coverage",
            "damaged_institutions",
            "engaged",
            "in_process",
            "incidents",
            "incidents_by_category/*",
            "incidents_by_month/*",
            "incidents_of_12_months",
            "inspected",
            "inspections",
            "institutions",
            "institutions_by_status/*",
            "late_incidents",
            "on_the_clock",
            "open_findings",
            "open_incidents",
            "operating",
            "overdue_corrections",
            "places",
            "places_per_thousand",
            "qualified_share",
            "receipts_by_month/*",
            "receipts_due_soon",
            "receipts_in_time",
            "receipts_issued",
            "receipts_late",
            "receipts_of_12_months",
            "receipts_overdue",
            "returned",
            "townships",
            "unqualified",
            "unserved_townships",
        ],
        parts: &[
            "coverage",
            "damaged_institutions",
            "institutions",
            "late_incidents",
            "open_incidents",
            "operating",
            "overdue_corrections",
            "places",
            "places_per_thousand",
            "qualified_share",
            "townships",
            "unserved_townships",
        ],
        says: &["千人口托位（目标 4.5）", "12 个月检查覆盖", "事件与回执，近 12 个月"],
    },
    Page {
        path: "/staff",
        own: &[
            "barred",
            "barred/*",
            "barred_persons",
            "damaged_engagements",
            "engaged",
            "engaged/*",
            "double_engagement_alerts",
            "engaged_twice",
            "off_duty",
            "off_duty/*",
            "papers/*",
            "papers_ended",
            "papers_ending_soon",
            "qualified_share",
            "qualified_share/*",
            "unqualified",
            "unqualified/*",
            "without_health",
            "without_health/*",
            "without_query",
            "without_query/*",
        ],
        parts: &[
            "barred",
            "damaged_engagements",
            "engaged",
            "off_duty",
            "papers_ending_soon",
            "qualified_share",
            "unqualified",
            "without_health",
            "without_query",
        ],
        says: &[
            "份 30 天内到期",
            "30 天内到期",
            "0–7 天",
            "8–30 天",
            "31–90 天",
            "90 天以上",
        ],
    },
    Page {
        path: "/conduct",
        own: &[
            "approvals_due",
            "approvals_late",
            "approvals_overdue",
            "assistance",
            "at_cap",
            "backfilled",
            "backfilled_late",
            "corrections/*",
            "coverage",
            "damaged_inspections",
            "findings",
            "findings_by_dimension/*",
            "findings_by_dimension_and_weight/*",
            "findings_extended",
            "inspected",
            "inspections",
            "inspections_by_purpose/*",
            "inspections_by_status/*",
            "open_findings",
            "operating",
            "overdue_corrections",
            "ratio_exceeded",
            "rejections",
            "visits_by_month/*",
            "visits_counted",
            "visits_noted",
        ],
        parts: &[
            "at_cap",
            "coverage",
            "damaged_inspections",
            "inspected",
            "inspections",
            "open_findings",
            "operating",
            "overdue_corrections",
        ],
        says: &[
            "近 12 个月到场检查过的运营机构",
            "到场检查，近 12 个月",
            "12 个月内检查过 / 运营",
            "检查次数",
        ],
    },
];

/// Figures of the page of the system, which stand in the frame of every page too when there is something to tell.
pub const OF_THE_FRAME: [&str; 2] = ["damaged_records", "unknown_events"];
/// Figures of the pages whose rows are institutions, applications, inspections or incidents.
pub const OF_LISTS: [&str; 10] = [
    "application_days_in_state",
    "application_returned",
    "incident_guardians_untold",
    "inspection_findings",
    "inspection_open_findings",
    "inspection_points",
    "inspection_points_of",
    "inspection_vetoes",
    "institution_open_incidents",
    "institution_places",
];
pub const OF_INSTITUTION: [&str; 10] = [
    "children_placed",
    "children_to_place",
    "institution_alerts",
    "institution_applications",
    "institution_engaged",
    "institution_events",
    "institution_findings",
    "institution_incidents",
    "institution_inspections",
    "institution_places",
];
pub const OF_PERSON: [&str; 4] = [
    "person_alerts",
    "person_engagements",
    "person_events",
    "person_training_hours",
];
pub const OF_INSPECTION: [&str; 20] = [
    "answer_evidence",
    "carers_present",
    "children_at_risk",
    "children_present",
    "children_to_a_carer",
    "dimension_points",
    "dimension_points_of",
    "inspection_answers",
    "inspection_events",
    "inspection_findings",
    "inspection_imported_rows",
    "inspection_points",
    "inspection_points_of",
    "inspection_recused",
    "inspection_unmet",
    "inspection_vetoes",
    "staff_present",
    "year_visits_cap",
    "year_visits_counted",
    "year_visits_noted",
];
pub const OF_INCIDENT: [&str; 6] = [
    "child_age_months",
    "incident_children_present",
    "incident_events",
    "incident_guardians_untold",
    "incident_imported_rows",
    "incident_staff_present",
];
/// Texts with numbers on the pages of inspections and incidents that are no figures: the length of what is sealed, the
/// version of the checklist.
pub const SAID_OF_CASES: [&str; 2] = ["已封存 ＊＊＊", "托育机构现场检查表（依据WS/T 821-2023），第 1 版"];
pub const LISTS: [&str; 8] = [
    "/alerts",
    "/applications",
    "/deadlines",
    "/findings",
    "/incidents",
    "/inspections",
    "/institutions",
    "/staff/list",
];
/// Figures of admission of a division; those of its parts, and whole lists, are among them.
pub const OF_ADMISSION: [&str; 24] = [
    "applications_by_state_and_bucket",
    "applications_due_soon",
    "applications_granted",
    "applications_open",
    "applications_open_by_kind",
    "applications_open_by_state",
    "applications_overdue",
    "applications_paused",
    "applications_refused",
    "applications_returned",
    "authorizations_by_state",
    "cessations_open",
    "clocks_by_bucket",
    "conditions_open",
    "damaged_admissions",
    "days_in_state_longest",
    "days_in_state_median",
    "decided_late",
    "deemed",
    "deemed_reversed",
    "granted_at_once",
    "returned_again",
    "returned_items",
    "returned_items_share",
];
/// Figures of alerts by division, rule and version, above their list.
pub const OF_ALERTS: [&str; 9] = [
    "alert_precision",
    "alerts_acknowledged",
    "alerts_confirmed",
    "alerts_dismissed",
    "alerts_lapsed",
    "alerts_open",
    "alerts_raised",
    "open_alerts",
    "open_alerts_of_rule",
];
/// Figures that are more or less than the list behind them: places of institutions, those not closed of all, persons of
/// engagements, and what an alert was raised about.
pub const NOT_THE_LIST: [&str; 4] = ["places", "institutions", "barred_persons", "engaged_twice"];

impl Page {
    /// Whether this page shows a figure of its division.
    pub fn shows(&self, region: &str, (name, of): &(String, String)) -> bool {
        if of == region {
            self.own.contains(&name.as_str())
        } else {
            self.own.contains(&format!("{name}/*").as_str())
        }
    }

    /// Of all figures of a division and its parts, those that this page shows.
    pub fn expected(
        &self,
        region: &str,
        parts: &BTreeSet<String>,
        at: Date,
        counts: impl Fn(&str) -> Counts,
    ) -> Figures {
        let mut expected = figures(&counts(region), region, at);
        expected.retain(|key, _| self.shows(region, key));
        for part in parts {
            let mut of_part = figures(&counts(part), part, at);
            of_part.retain(|(name, of), _| self.parts.contains(&name.as_str()) && of == part);
            expected.extend(of_part);
        }
        expected
    }
}
