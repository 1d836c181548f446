//! `/alerts/{id}`: one alert with its explanation, its fate and its whole history. Read-only, as every page.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::Status;
use yujian_domain::time::day_of;
use yujian_views::{AlertDetail, AlertPrecisionRow, AlertRow, Scope};

use super::alerts::{figures, line as words};
use super::timeline::{self, Line, Moments};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, bdi, code, text, url};
use crate::lang::Lang;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// A step of the alert's life.
#[derive(Debug)]
struct Step {
    word: String,
    time: Markup,
    done: bool,
    current: bool,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    shell: Shell,
    rule: String,
    severity: Markup,
    state: Markup,
    institution: Markup,
    institution_href: String,
    region: Markup,
    since: Markup,
    damaged: bool,
    steps: Vec<Step>,
    explanation: Vec<(&'static str, Markup)>,
    fate: Vec<(&'static str, Markup)>,
    lines: Vec<Line>,
}

/// `GET /alerts/{id}`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, visit: Visit) -> Response {
    let made = load(&shared, &id, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, id: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Alert);
    let id: Uuid = id.parse().map_err(|_| absent())?;
    visit.fields(&[])?;
    let (lang, now, scope) = (visit.lang, shared.clock.now(), Scope::default());
    let detail = shared.views.alert(&scope, id).await?.ok_or_else(absent)?;
    let row = &detail.row;
    let precision = shared.views.alert_precision(&scope, None, None).await?;
    let own = precision
        .rows
        .iter()
        .find(|one| one.rule == row.rule && one.policy == row.policy);
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let rule = lang.term(row.rule);
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, Some(&row.region));
    crumbs.push(Crumb::to(
        bdi(&row.institution_name),
        format!("/institutions/{}", row.institution),
    ));
    crumbs.push(Crumb::to(
        text(lang.say("预警", "Alerts")),
        url("/alerts", &[("institution", Some(&row.institution.to_string()))]),
    ));
    crumbs.push(Crumb::here(text(&rule)));
    let title = format!("{rule} · {}", row.institution_name);
    let events = url("/events", &[("institution", Some(&row.institution.to_string()))]);
    let page = AlertPage {
        shell: Shell::new(shared, visit, title, "/alerts", format!("/alerts/{id}"))
            .under(crumbs)
            .live(&detail.as_of, now, events),
        rule,
        severity: words::severity_badge(lang, row.severity),
        state: words::state_badge(lang, row.status),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        since: lang.day(row.since_date),
        damaged: row.damaged,
        steps: steps(lang, &detail),
        explanation: explanation(lang, row, own),
        fate: fate(lang, row, day_of(now)),
        lines: detail
            .history
            .iter()
            .rev()
            .map(|event| timeline::line(&terms, event, &format!("alert-{id}"), Moments::default()))
            .collect(),
    };
    Ok(page.render()?)
}

/// The steps of an alert: raised, noted, looked into, ended.
fn steps(lang: Lang, detail: &AlertDetail) -> Vec<Step> {
    let row = &detail.row;
    let last = |event_type: &str| {
        let of = detail.history.iter().rev().find(|event| event.event_type == event_type);
        of.map(|event| event.recorded_time)
    };
    let missing = if row.status.is_open() {
        lang.say("未到", "not yet")
    } else {
        lang.say("未进行", "not taken")
    };
    let step = |status: Status, at: Option<Timestamp>| Step {
        word: lang.term(status),
        time: at.map_or_else(|| text(missing), |at| lang.moment(at)),
        done: at.is_some(),
        current: row.status == status,
    };
    let ended = match row.status {
        Status::Dismissed | Status::Confirmed | Status::Lapsed => step(row.status, row.handled_time),
        _ => Step {
            word: lang.say("办结", "Ended").to_owned(),
            ..step(Status::None, None)
        },
    };
    vec![
        Step {
            word: lang.say("发出", "Raised").to_owned(),
            ..step(Status::Raised, Some(row.raised_time))
        },
        step(Status::Acknowledged, row.acknowledged_time),
        step(Status::Linked, last("alert.AlertLinked.v1")),
        ended,
    ]
}

/// What the alert rests on.
fn explanation(lang: Lang, row: &AlertRow, own: Option<&AlertPrecisionRow>) -> Vec<(&'static str, Markup)> {
    let rule = text(&lang.term(row.rule)).then(&text(" ")).then(&code(row.rule.code()));
    let verdicts = own.map(|own| {
        let (confirmed, all) = own.precision();
        let counts = format!("{} / {}", html::number(confirmed), html::number(all));
        figures::precision(own, &row.id.to_string())
            .then(&text(lang.say("，", ", ")))
            .then(&text(&counts))
            .then(&text(lang.say(
                "（已确认 ÷ 已确认与已排除）",
                " (confirmed ÷ confirmed and dismissed)",
            )))
    });
    let mut told = vec![(lang.say("规则", "Rule"), rule)];
    let policy = words::policy(lang, row).unwrap_or_else(|| text(lang.say("未注明版本", "version not said")));
    told.push((lang.say("政策版本", "Policy version"), policy));
    if let Some(stored) = &row.threshold {
        told.push((lang.say("阈值", "Threshold"), words::threshold(lang, stored)));
    }
    told.push((lang.say("自何日起", "Since"), lang.day(row.since_date)));
    if let Some(day) = row.due_date {
        told.push((lang.say("最后一日", "Last day"), lang.day(day)));
    }
    let about = words::about(lang, row);
    if !about.is_empty() {
        told.push((lang.say("涉及", "About"), Markup::join(about, lang.comma())));
    }
    let facts = Markup::join(row.evidence.iter().map(words::fact), lang.comma());
    told.push((lang.say("依据的事件", "Events behind it"), facts));
    told.extend(verdicts.map(|shown| (lang.say("规则准确率", "Precision of the rule"), shown)));
    told
}

/// What became of it.
fn fate(lang: Lang, row: &AlertRow, at: Date) -> Vec<(&'static str, Markup)> {
    let mut told = vec![
        (lang.say("发出", "Raised"), lang.moment(row.raised_time)),
        (
            if row.status.is_open() {
                lang.say("已未办结", "Open for")
            } else {
                lang.say("历时", "Was open for")
            },
            text(&words::days(lang, row, at)),
        ),
    ];
    told.extend(words::handled(lang, row).map(|who| (lang.say("最近办理", "Last act"), who)));
    if let Some(target) = row.link {
        let shown = words::target(lang, row.institution, target);
        told.push((lang.say("核查所在", "Looked into in"), shown));
    }
    if let Some(reason) = row.dismissal {
        told.push((lang.say("排除理由", "Why dismissed"), text(&lang.term(reason))));
    }
    if let Some(day) = row.ended_date {
        told.push((lang.say("办结日", "Ended on"), lang.day(day)));
    }
    told
}
