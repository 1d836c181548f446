//! Alerts, their figures and the precision of rules as they go out.

use std::collections::BTreeMap;

use yujian_domain::alert::{AlertRule, AlertSeverity, Status};
use yujian_eventlog::keys::KeyProvider;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{AlertDetail, AlertFigures, AlertFiguresRow, AlertPrecisionRow, AlertRow};

use super::{ALERTS, timeline};
use crate::codes::{Coded, number_of};
use crate::convert::alert::link_out;
use crate::convert::inspection::INSPECTIONS;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::supervision::country;
use crate::convert::{as_of, date, time};

/// A policy with its version.
fn policy(policy: Option<&(String, u32)>) -> String {
    policy
        .map(|(id, version)| format!("{id}@{version}"))
        .unwrap_or_default()
}

pub(crate) fn row(row: &AlertRow) -> pb::AlertView {
    let (handled_by, handled_role) = row.handled_by.clone().unwrap_or_default();
    pb::AlertView {
        name: format!("{ALERTS}/{}", row.id),
        rule: row.rule.number(),
        institution: format!("{INSTITUTIONS}/{}", row.institution),
        institution_display_name: row.institution_name.clone(),
        region_code: row.region.clone(),
        person: row.person.map(|id| format!("{PERSONS}/{id}")).unwrap_or_default(),
        inspection: row
            .inspection
            .map(|id| format!("{INSPECTIONS}/{id}"))
            .unwrap_or_default(),
        period: row.period.clone(),
        since_date: Some(date(row.since_date)),
        raised_time: Some(time(row.raised_time)),
        evidence: row
            .evidence
            .iter()
            .map(|event| pb::EventRef {
                stream: event.stream.clone(),
                revision: event.revision,
            })
            .collect(),
        damaged: row.damaged,
        application: row.application.unwrap_or_default(),
        severity: row.severity.number(),
        policy: policy(row.policy.as_ref()),
        threshold: row.threshold.clone().unwrap_or_default(),
        due_date: row.due_date.map(date),
        state: row.status.number(),
        acknowledged_time: row.acknowledged_time.map(time),
        handled_by,
        handled_role,
        handled_time: row.handled_time.map(time),
        ended_date: row.ended_date.map(date),
        link: row.link.map(link_out),
        dismissal_reason: number_of(row.dismissal),
    }
}

pub(crate) fn detail(keys: &dyn KeyProvider, detail: AlertDetail) -> pb::GetAlertReply {
    pb::GetAlertReply {
        alert: Some(row(&detail.row)),
        history: detail.history.into_iter().map(|event| timeline(keys, event)).collect(),
        as_of: Some(as_of(&detail.as_of)),
    }
}

pub(crate) fn figures(figures: &AlertFigures) -> pb::GetAlertFiguresReply {
    pb::GetAlertFiguresReply {
        region: Some(figures_row(&figures.region)),
        parts: figures.parts.iter().map(figures_row).collect(),
        as_of: Some(as_of(&figures.as_of)),
    }
}

fn figures_row(row: &AlertFiguresRow) -> pb::AlertFigures {
    let open = |rule: AlertRule, severity: AlertSeverity| {
        let key = (rule.code().to_owned(), severity.code().to_owned());
        Some(pb::AlertCount {
            rule: rule.number(),
            severity: severity.number(),
            count: *row.open.get(&key)?,
        })
    };
    pb::AlertFigures {
        code: country(&row.code),
        display_name: row.name.clone(),
        has_parts: row.has_children,
        by_state: by_state(&row.by_status),
        open: AlertRule::ALL
            .iter()
            .flat_map(|rule| {
                AlertSeverity::ALL
                    .iter()
                    .filter_map(move |severity| open(*rule, *severity))
            })
            .collect(),
    }
}

fn by_state(counts: &BTreeMap<String, u64>) -> Vec<pb::AlertStateCount> {
    let counted = Status::ALL.iter().filter_map(|status| {
        Some(pb::AlertStateCount {
            state: status.number(),
            count: *counts.get(status.code())?,
        })
    });
    counted.collect()
}

pub(crate) fn precision(row: &AlertPrecisionRow) -> pb::AlertPrecisionRow {
    let (numerator, denominator) = row.precision();
    pb::AlertPrecisionRow {
        rule: row.rule.number(),
        policy: policy(row.policy.as_ref()),
        raised: row.raised,
        acknowledged: row.acknowledged,
        open: row.open,
        dismissed: row.dismissed,
        confirmed: row.confirmed,
        lapsed: row.lapsed,
        precision: (denominator > 0).then_some(pb::Ratio { numerator, denominator }),
    }
}
