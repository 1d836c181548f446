//! SupervisionService and AuditService: rows, facts and figures as they go out.

use std::collections::BTreeMap;

use yujian_domain::dossier::Fact;
use yujian_domain::incident::Category;
use yujian_domain::institution::Status;
use yujian_domain::values::Datum;
use yujian_eventlog::keys::KeyProvider;
use yujian_proto::common::v1 as common;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{Change, Digest, IncidentRow, InstitutionRow, Pipeline, RegionRow, RollUp, TimelineRow};

use crate::codes::{Coded, number_of};
use crate::convert::incident::INCIDENTS;
use crate::convert::inspection::INSPECTIONS;
use crate::convert::institution::class_out;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::{as_of, date, etag, time};
use crate::labels::item_zh;
use crate::principal::COUNTRY;
use crate::reveal::reveal;

pub(crate) mod admission;
pub(crate) mod alert;
pub(crate) mod checklist;
pub(crate) mod inspection;
pub(crate) mod staff;

/// Collection of alerts in resource names.
pub(crate) const ALERTS: &str = "alerts";

/// A division code as it goes out: the views' whole is the country.
fn country(code: &str) -> String {
    if code.is_empty() { COUNTRY } else { code }.to_owned()
}

/// Damaged records as they go out.
pub(crate) fn damaged_records(damaged: Vec<(String, String)>) -> Vec<pb::DamagedRecord> {
    damaged
        .into_iter()
        .map(|(stream, problem)| pb::DamagedRecord { stream, problem })
        .collect()
}

fn months(months: &[(String, u64)]) -> Vec<pb::MonthCount> {
    months
        .iter()
        .map(|(month, count)| pb::MonthCount {
            month: month.clone(),
            count: *count,
        })
        .collect()
}

pub(crate) fn institution(row: &InstitutionRow) -> pb::InstitutionView {
    pb::InstitutionView {
        name: format!("{INSTITUTIONS}/{}", row.id),
        etag: etag(row.revision),
        display_name: row.name.clone(),
        credit_code: row.credit_code.clone().unwrap_or_default(),
        external: row.external.as_ref().map(external),
        site: row.site.clone().unwrap_or_default(),
        address: row.address.clone().unwrap_or_default(),
        region: Some(common::Region {
            code: row.region.clone(),
            entered_year: Some(row.region_entered.into()),
        }),
        institution_type: row.institution_type.number(),
        mode: row.mode.number(),
        ownership: row.ownership.number(),
        state: row.status.number(),
        state_since_date: row.status_since.map(date),
        classes: row.classes.iter().map(class_out).collect(),
        places: row.places,
        point: row
            .point
            .as_ref()
            .map(|(longitude_e7, latitude_e7, datum)| common::Point {
                longitude_e7: *longitude_e7,
                latitude_e7: *latitude_e7,
                datum: number_of(Datum::from_code(datum)),
            }),
        receipt_number: row.receipt_number.clone().unwrap_or_default(),
        receipt_date: row.receipt_date.map(date),
        receipt_due_date: row.receipt_due.map(date),
        receipt_due_provisional: row.receipt_due_provisional,
        open_incidents: row.open_incidents,
        incidents: row.incidents,
        damaged: row.damaged,
        imported: row.imported,
    }
}

pub(crate) fn incident(row: &IncidentRow) -> pb::IncidentView {
    pb::IncidentView {
        name: format!("{INCIDENTS}/{}", row.id),
        etag: etag(row.revision),
        institution: format!("{INSTITUTIONS}/{}", row.institution),
        institution_display_name: row.institution_name.clone(),
        region_code: row.region.clone(),
        category: row.category.number(),
        state: row.status.number(),
        occurred_date: row.occurred_date.map(date),
        awareness_time: row.awareness_time.map(time),
        notified_time: row.notified_time.map(time),
        notification_due_time: row.notification_due.map(time),
        late: row.late,
        priority: number_of(row.priority),
        investigation_due_date: row.investigation_due.map(date),
        outcome: number_of(row.outcome),
        children: row.children,
        severity: row.severity.number(),
        guardians_open: row.guardians_open,
        external: row.external.as_ref().map(external),
        imported_rows: row.imported_rows,
        damaged: row.damaged,
    }
}

fn external((register, number): &(String, String)) -> pb::ExternalId {
    pb::ExternalId {
        register: register.clone(),
        number: number.clone(),
    }
}

pub(crate) fn fact(keys: &dyn KeyProvider, fact: &Fact) -> pb::Fact {
    let (value_json, personal) = reveal(keys, &fact.key, fact.value.clone());
    pb::Fact {
        key: fact.key.clone(),
        value_json,
        personal,
        valid_from_time: fact.valid_from.map(time),
        valid_to_time: fact.valid_to.map(time),
        stream: fact.source.stream.clone(),
        revision: fact.source.revision,
        event_type: fact.source.event_type.clone(),
        recorded_time: Some(time(fact.source.recorded_time)),
        received_time: Some(time(fact.source.received_time)),
    }
}

pub(crate) fn timeline(keys: &dyn KeyProvider, row: TimelineRow) -> pb::TimelineEvent {
    let (payload_json, personal) = reveal(keys, "", row.payload);
    pb::TimelineEvent {
        stream: row.stream,
        revision: row.revision,
        event_id: row.event_id.to_string(),
        event_type: row.event_type,
        occurred_date: row.occurred_date.map(date),
        occurred_time: row.occurred_time.map(time),
        effective_from_time: row.effective_from.map(time),
        received_time: Some(time(row.received_time)),
        recorded_time: Some(time(row.recorded_time)),
        actor_id: row.actor_id,
        actor_role: row.actor_role,
        actor_organisation: row.actor_organisation.unwrap_or_default(),
        payload_json,
        personal,
        provenance: row.provenance.unwrap_or_default(),
        legal_basis: row
            .legal_basis
            .into_iter()
            .map(|(law, article)| format!("{law} {article}"))
            .collect(),
        policies: row.policies,
        hash: row.hash,
        damaged: row.damaged.unwrap_or_default(),
    }
}

fn by_state(counts: &BTreeMap<String, u64>) -> Vec<pb::StateCount> {
    Status::ALL
        .iter()
        .filter_map(|status| {
            counts.get(status.code()).map(|count| pb::StateCount {
                state: status.number(),
                count: *count,
            })
        })
        .collect()
}

/// The pipeline, without day and freshness.
pub(crate) fn pipeline(pipeline: Pipeline) -> pb::GetPipelineReply {
    pb::GetPipelineReply {
        by_state: by_state(&pipeline.by_status),
        receipt_overdue: pipeline.receipt_overdue,
        receipt_due_soon: pipeline.receipt_due_soon,
        receipts_issued: pipeline.receipts_issued,
        receipts_late: pipeline.receipts_late,
        on_the_clock: pipeline.running,
        returned: pipeline.returned,
        returned_items: pipeline
            .returned_items
            .into_iter()
            .map(|(item, count)| pb::ItemCount {
                label_zh: item_zh(&item),
                item,
                count,
            })
            .collect(),
        due: pipeline
            .due
            .into_iter()
            .map(|due| pb::PipelineDue {
                institution: format!("{INSTITUTIONS}/{}", due.institution),
                display_name: due.name,
                region_code: due.region,
                due_date: Some(date(due.due_date)),
                provisional: due.provisional,
            })
            .collect(),
        at_date: None,
        as_of: None,
    }
}

fn figures(row: &RegionRow) -> pb::RegionFigures {
    pb::RegionFigures {
        code: country(&row.code),
        display_name: row.name.clone(),
        level: row.level.clone(),
        has_parts: row.has_children,
        by_state: by_state(&row.by_status),
        institutions: row.institutions,
        operating: row.operating,
        places: row.places,
        inhabitants: row.inhabitants,
        places_per_thousand: row
            .places_per_thousand
            .map(|(numerator, denominator)| pb::Ratio { numerator, denominator }),
        townships: row.townships,
        townships_covered: row.townships_covered,
        incidents: row.incidents,
        open_incidents: row.open_incidents,
        late_notifications: row.late_notifications,
        receipts_issued: row.receipts_issued,
        receipts_late: row.receipts_late,
        damaged: row.damaged,
        staff: row.staff,
        qualified_staff: row.qualified_staff,
        inspections: row.inspections,
        inspected_institutions: row.inspected_institutions,
        open_findings: row.open_findings,
        overdue_corrections: row.overdue_corrections,
        alerts: row.alerts,
    }
}

/// The figures of a region, without the day.
pub(crate) fn roll_up(roll_up: &RollUp) -> pb::GetRollUpReply {
    pb::GetRollUpReply {
        region: Some(figures(&roll_up.region)),
        parts: roll_up.parts.iter().map(figures).collect(),
        incidents_by_month: months(&roll_up.incidents_by_month),
        receipts_by_month: months(&roll_up.receipts_by_month),
        incidents_by_category: Category::ALL
            .iter()
            .filter_map(|category| {
                let count = roll_up.incidents_by_category.get(category.code())?;
                Some(pb::CategoryCount {
                    category: category.number(),
                    count: *count,
                })
            })
            .collect(),
        at_date: None,
        as_of: Some(as_of(&roll_up.as_of)),
    }
}

pub(crate) fn digest(digest: Digest) -> pb::GetViewDigestReply {
    pb::GetViewDigestReply {
        sha256: digest.total,
        tables: digest
            .tables
            .into_iter()
            .map(|(table, sha256)| pb::TableDigest { table, sha256 })
            .collect(),
        position: digest.position.to_string(),
    }
}

pub(crate) fn change(change: &Change) -> pb::Change {
    pb::Change {
        institution: format!("{INSTITUTIONS}/{}", change.institution),
        institution_display_name: change.institution_name.clone(),
        region_code: change.region.clone(),
        incident: change
            .incident
            .map(|id| format!("{INCIDENTS}/{id}"))
            .unwrap_or_default(),
        stream: change.stream.clone(),
        revision: change.revision,
        event_type: change.event_type.clone(),
        recorded_time: Some(time(change.recorded_time)),
        person: change.person.map(|id| format!("{PERSONS}/{id}")).unwrap_or_default(),
        inspection: change
            .inspection
            .map(|id| format!("{INSPECTIONS}/{id}"))
            .unwrap_or_default(),
        alert: change.alert.map(|id| format!("{ALERTS}/{id}")).unwrap_or_default(),
    }
}
