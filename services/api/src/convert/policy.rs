//! Policy documents and holiday tables as they go out.

use yujian_command::{Activation, ListedPolicy};
use yujian_domain::calendar::Holiday;
use yujian_domain::policy::{Difference, PolicyDocument, PolicyError};
use yujian_domain::reference::ActivePolicy;
use yujian_domain::rejection::Rejection;
use yujian_domain::system::HolidaysActivated;
use yujian_eventlog::LogPosition;
use yujian_proto::licensing::v1 as pb;

use super::{date, time};
use crate::codes::Coded;

pub(crate) fn position(position: Option<LogPosition>) -> String {
    position.map(|position| position.to_string()).unwrap_or_default()
}

pub(crate) fn policy(policy: &ActivePolicy) -> pb::Policy {
    let document = &policy.document;
    pb::Policy {
        id: document.id.clone(),
        version: document.version,
        kind: document.body.kind().number(),
        region_code: document.region.clone(),
        effective_date: Some(date(document.effective_date)),
        title: document.title.clone(),
        sha256: policy.reference.sha256.clone(),
        activation: None,
    }
}

pub(crate) fn listed(listed: &ListedPolicy) -> pb::Policy {
    let activated = listed.activation.as_ref();
    pb::Policy {
        activation: activated.map(|known| activation(known, known.event.retroactive_approver.as_deref())),
        ..policy(&listed.policy)
    }
}

pub(crate) fn activation<E>(activation: &Activation<E>, approver: Option<&str>) -> pb::Activation {
    pb::Activation {
        time: Some(time(activation.time)),
        account: activation.by.clone(),
        approver: approver.unwrap_or_default().to_owned(),
        position: activation.position.to_string(),
    }
}

/// A document's values with their marks.
///
/// # Errors
/// When the text is not TOML.
pub(crate) fn values(document: &PolicyDocument, text: &str) -> Result<Vec<pb::PolicyValue>, Rejection> {
    let values = PolicyDocument::values(text).map_err(|error| unreadable(&error))?;
    let value = |(path, value): (String, String)| {
        let mark = document.mark(&path);
        let basis = mark.and_then(|mark| mark.legal_basis.as_ref());
        pb::PolicyValue {
            source: mark.map_or(0, |mark| mark.source.number()),
            law: basis.map(|basis| basis.law.clone()).unwrap_or_default(),
            article: basis.map(|basis| basis.article.clone()).unwrap_or_default(),
            note: mark.and_then(|mark| mark.note.clone()).unwrap_or_default(),
            path,
            value,
        }
    };
    Ok(values.into_iter().map(value).collect())
}

pub(crate) fn unreadable(error: &PolicyError) -> Rejection {
    Rejection::field(
        "document",
        "POL-01",
        format!("is no policy document: {}", error.message),
        format!("不是有效的政策文件：{}", error.message),
    )
}

pub(crate) fn differences(differences: Vec<Difference>) -> Vec<pb::PolicyDifference> {
    let differences = differences.into_iter().map(|difference| pb::PolicyDifference {
        path: difference.path,
        before: difference.before,
        after: difference.after,
    });
    differences.collect()
}

pub(crate) fn holiday(holiday: &Holiday) -> pb::Holiday {
    pb::Holiday {
        date: Some(date(holiday.date)),
        name: holiday.name.clone(),
        off: holiday.off,
        notice_year: u32::try_from(holiday.notice_year).unwrap_or_default(),
    }
}

pub(crate) fn table(table: &HolidaysActivated) -> pb::HolidayTable {
    pb::HolidayTable {
        sha256: table.sha256.clone(),
        last_year: table.last_year.into(),
        source: table.source.clone().unwrap_or_default(),
        activation: None,
    }
}

pub(crate) fn table_of(known: &Activation<HolidaysActivated>) -> pb::HolidayTable {
    pb::HolidayTable {
        activation: Some(activation(known, known.event.retroactive_approver.as_deref())),
        ..table(&known.event)
    }
}
