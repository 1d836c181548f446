//! Staff, inspections, findings and alerts of an institution as they stand now: the newest few of each, and the way to all.

use uuid::Uuid;
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_views::{AlertQuery, FindingQuery, InspectionQuery, StaffQuery};

use super::super::marks::{
    self, engagement_badge, finding_badge, health_badge, inspection_badge, query_badge, weight_badge,
};
use super::super::staff::STANDING;
use super::super::{alerts, findings, inspections, staff, staff_list};
use crate::Shared;
use crate::failure::Failure;
use crate::html::{Markup, figure, url};
use crate::terms::Terms;

/// Rows of each section.
const SHOWN: u32 = 6;

/// Somebody who stands engaged.
#[derive(Debug)]
pub(super) struct StaffLine {
    pub(super) href: String,
    pub(super) name: Markup,
    pub(super) post: String,
    pub(super) state: Markup,
    pub(super) qualified: Markup,
    pub(super) health: Markup,
    pub(super) query: Markup,
}

/// An inspection.
#[derive(Debug)]
pub(super) struct InspectionLine {
    pub(super) href: String,
    pub(super) purpose: String,
    pub(super) day: Markup,
    pub(super) status: Markup,
    pub(super) findings: Markup,
    pub(super) points: Markup,
}

/// A finding.
#[derive(Debug)]
pub(super) struct FindingLine {
    pub(super) href: String,
    pub(super) item: Markup,
    pub(super) weight: Markup,
    pub(super) due: Markup,
    pub(super) state: Markup,
}

/// A section: its rows, how many there are in all, and the list of all.
#[derive(Debug)]
pub(super) struct Section<T> {
    pub(super) rows: Vec<T>,
    pub(super) total: Markup,
    pub(super) href: String,
}

/// The sections.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) staff: Section<StaffLine>,
    pub(super) inspections: Section<InspectionLine>,
    pub(super) findings: Section<FindingLine>,
    pub(super) alerts: Section<alerts::Row>,
}

/// Reads the sections.
pub(super) async fn load(
    shared: &Shared,
    terms: &Terms,
    reference: &Reference,
    institution: Uuid,
) -> Result<Present, Failure> {
    let (lang, at) = (terms.lang, day_of(shared.clock.now()));
    let own = institution.to_string();
    let list = |path: &str| url(path, &[("institution", Some(&own))]);
    let engaged = StaffQuery {
        institution: Some(institution),
        states: STANDING.to_vec(),
        limit: SHOWN,
        ..StaffQuery::default()
    };
    let engaged = shared.views.staff(engaged).await?;
    let visits = InspectionQuery {
        institution: Some(institution),
        limit: SHOWN,
        ..InspectionQuery::default()
    };
    let visits = shared.views.inspections(visits).await?;
    let found = FindingQuery {
        institution: Some(institution),
        limit: SHOWN,
        ..FindingQuery::default()
    };
    let found = shared.views.findings(found).await?;
    let raised = AlertQuery {
        institution: Some(institution),
        limit: SHOWN,
        ..AlertQuery::default()
    };
    let raised = shared.views.alerts(raised).await?;
    Ok(Present {
        staff: Section {
            rows: engaged
                .rows
                .iter()
                .map(|row| StaffLine {
                    href: format!("/persons/{}", row.person),
                    name: marks::name(terms, row.name.as_ref()),
                    post: lang.term(row.post),
                    state: engagement_badge(lang, row.state),
                    qualified: staff_list::qualified(lang, row, at),
                    health: health_badge(lang, row.health, at),
                    query: query_badge(lang, row.query, at),
                })
                .collect(),
            total: figure("institution_engaged", &own, engaged.total),
            href: staff::standing_list(None, &[("institution", Some(&own))]),
        },
        inspections: Section {
            rows: visits
                .rows
                .iter()
                .map(|row| InspectionLine {
                    href: format!("/inspections/{}", row.id),
                    purpose: lang.term(row.purpose),
                    day: inspections::day(lang, row),
                    status: inspection_badge(lang, row.status),
                    findings: figure("inspection_findings", row.id.to_string(), row.findings),
                    points: inspections::points(lang, row),
                })
                .collect(),
            total: figure("institution_inspections", &own, visits.total),
            href: list("/inspections"),
        },
        findings: Section {
            rows: found
                .rows
                .iter()
                .map(|row| FindingLine {
                    href: findings::href(row),
                    item: findings::item(lang, reference, row),
                    weight: weight_badge(lang, row.weight),
                    due: findings::due(lang, reference, row, at),
                    state: finding_badge(lang, row, at),
                })
                .collect(),
            total: figure("institution_findings", &own, found.total),
            href: list("/findings"),
        },
        alerts: Section {
            rows: raised.rows.iter().map(|row| alerts::line(terms, row, at)).collect(),
            total: figure("institution_alerts", &own, raised.total),
            href: list("/alerts"),
        },
    })
}
