//! `/alerts.csv`: the list of alerts as a file, narrowed as the page is.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::alert::LinkTarget;
use yujian_domain::time::day_of;
use yujian_views::{AlertQuery, AlertRow};

use super::{FIELDS, read};
use crate::Shared;
use crate::csv::{self, Cell};
use crate::failure::Failure;
use crate::lang::Lang;
use crate::terms::labels::role;
use crate::visit::Visit;

/// Rows read at once.
const ROWS: u32 = 500;

/// `GET /alerts.csv`
pub(crate) async fn export(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    match file(&shared, &visit).await {
        Ok(response) => response,
        Err(failure) => failure.answer(&shared, &visit),
    }
}

async fn file(shared: &Arc<Shared>, visit: &Visit) -> Result<Response, Failure> {
    let (lang, at) = (visit.lang, day_of(shared.clock.now()));
    let query = AlertQuery {
        limit: ROWS,
        ..read(&visit.fields(&FIELDS)?)?
    };
    let header: Vec<&str> = HEADER.iter().map(|(zh, en)| lang.say(zh, en)).collect();
    let views = shared.views.clone();
    csv::answer("alerts", at, &header, move |after| {
        let (views, query) = (views.clone(), query.clone());
        async move {
            let page = views.alerts(AlertQuery { after, ..query }).await?;
            let rows = page.rows.iter().map(|row| cells(lang, row, at)).collect();
            Ok((rows, page.next))
        }
    })
    .await
}

/// What the columns are called.
const HEADER: [(&str, &str); 24] = [
    ("预警编号", "Alert"),
    ("规则", "Rule"),
    ("规则代码", "Rule code"),
    ("政策版本", "Policy version"),
    ("阈值", "Threshold"),
    ("等级", "Severity"),
    ("状态", "Status"),
    ("机构", "Institution"),
    ("机构编号", "Institution id"),
    ("区划代码", "Region code"),
    ("涉及人员", "Person"),
    ("涉及检查", "Inspection"),
    ("涉及备案申请", "Filing"),
    ("区分", "Period"),
    ("自何日起", "Since"),
    ("最后一日", "Last day"),
    ("发出时间（北京时间）", "Raised (Beijing time)"),
    ("未办结天数", "Days open"),
    ("办理人", "Handled by"),
    ("办理人角色", "Role"),
    ("办理时间（北京时间）", "Handled (Beijing time)"),
    ("核查所在", "Looked into in"),
    ("排除理由", "Why dismissed"),
    ("依据的事件", "Events behind it"),
];

fn cells(lang: Lang, row: &AlertRow, at: Date) -> Vec<Cell> {
    let (account, who) = match &row.handled_by {
        Some((account, who)) => (Some(account.clone()), Some(role(lang, who).to_owned())),
        None => (None, None),
    };
    let events: Vec<String> = row
        .evidence
        .iter()
        .map(|fact| format!("{}@{}", fact.stream, fact.revision))
        .collect();
    let target = row.link.map(|target| match target {
        LinkTarget::Inspection(id) => format!("inspection-{id}"),
        LinkTarget::Incident(id) => format!("incident-{id}"),
        LinkTarget::Application(number) => format!("application-{number}"),
    });
    vec![
        row.id.to_string().into(),
        lang.term(row.rule).into(),
        row.rule.code().into(),
        row.policy
            .as_ref()
            .map(|(id, version)| format!("{id}@{version}"))
            .into(),
        row.threshold.clone().into(),
        lang.term(row.severity).into(),
        lang.term(row.status).into(),
        row.institution_name.clone().into(),
        row.institution.to_string().into(),
        row.region.clone().into(),
        row.person.map(|id| id.to_string()).into(),
        row.inspection.map(|id| id.to_string()).into(),
        row.application.map(u64::from).into(),
        row.period.clone().into(),
        row.since_date.into(),
        row.due_date.into(),
        Cell::moment(row.raised_time),
        row.days_open(at).into(),
        account.into(),
        who.into(),
        row.handled_time.map(Cell::moment).into(),
        target.into(),
        row.dismissal.map(|reason| lang.term(reason)).into(),
        events.join(" ").into(),
    ]
}
