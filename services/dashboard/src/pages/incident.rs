//! `/incidents/{id}`: one incident with its deadlines, children and timeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::{Child, IncidentEvent, Severity, Status};
use yujian_domain::institution::Deadline;
use yujian_domain::personal::Personal;
use yujian_domain::time::day_of;
use yujian_views::{AsOf, IncidentRow, Scope, TimelineRow};

use super::incidents::punctuality;
use super::timeline::{self, Line, Moments};
use super::{case_badge, deadline, severity_badge};
use crate::Shared;
use crate::failure::{Failure, answer, pairs};
use crate::html::{self, Markup, Tone, badge, bdi, day, moment, text, url};
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;

/// Rows of the institution's timeline read at once while the incident's own are looked for.
const ROWS: u32 = 500;
/// Most readings: a stream holds 10,000 events at most.
const READINGS: usize = 60;

/// A step of the case.
#[derive(Debug)]
struct Step {
    word: &'static str,
    time: Markup,
    done: bool,
    current: bool,
}

/// A legal clock of the case.
#[derive(Debug)]
struct Clock {
    what: Markup,
    due: Markup,
    provisional: bool,
    actual: Markup,
    verdict: Markup,
    policy: String,
}

/// A child concerned.
#[derive(Debug)]
struct ChildLine {
    number: u32,
    name: Markup,
    age: Markup,
    injury: &'static str,
    severity: Markup,
    treatment: Markup,
    told: Markup,
}

/// What the case's events say, folded in order.
#[derive(Default)]
struct Case {
    children: BTreeMap<u32, Child>,
    severities: BTreeMap<u32, Severity>,
    told: BTreeMap<u32, (Timestamp, &'static str, bool)>,
    guardians_due: bool,
    notification_due: Option<Deadline>,
    investigation_due: Option<Deadline>,
    investigated: Option<(Timestamp, bool)>,
    triaged: Option<Timestamp>,
    opened: Option<Timestamp>,
    concluded: Option<Timestamp>,
    texts: Vec<(&'static str, Markup, Markup)>,
    about: Vec<(&'static str, Markup)>,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    shell: Shell,
    category: &'static str,
    status: Markup,
    severity: Markup,
    punctual: Markup,
    institution: Markup,
    institution_href: String,
    region: Markup,
    occurred: Markup,
    external: Option<Markup>,
    imported_rows: u64,
    damaged: bool,
    steps: Vec<Step>,
    clocks: Vec<Clock>,
    children: Vec<ChildLine>,
    guardians_open: u64,
    about: Vec<(&'static str, Markup)>,
    texts: Vec<(&'static str, Markup, Markup)>,
    lines: Vec<Line>,
}

/// `GET /incidents/{id}`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, uri: Uri) -> Response {
    let made = load(&shared, &id, &uri).await;
    answer(&shared, &uri, made)
}

async fn load(shared: &Shared, id: &str, uri: &Uri) -> Result<String, Failure> {
    let absent = || Failure::NoThing("起事件");
    let id: Uuid = id.parse().map_err(|_| absent())?;
    Fields::read(pairs(uri)?, &[])?;
    let now = shared.clock.now();
    let scope = Scope::default();
    let row = shared.views.incident(&scope, id).await?.ok_or_else(absent)?;
    let stream = format!("incident-{id}");
    let (events, as_of) = events(shared, &scope, &row, &stream).await?.ok_or_else(absent)?;
    let reference = (shared.reference)();
    let terms = Terms::new(Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let mut crumbs = super::region_crumbs(&reference.divisions, Some(&row.region));
    crumbs.push(Crumb::to(
        bdi(&row.institution_name),
        format!("/institutions/{}", row.institution),
    ));
    crumbs.push(Crumb::here(text(row.category.zh())));
    let title = format!("{} · {}", row.category.zh(), row.institution_name);
    let shell = Shell::new(shared, title, "/incidents", format!("/incidents/{id}"))
        .under(crumbs)
        .live(
            &as_of,
            now,
            url("/events", &[("institution", Some(&row.institution.to_string()))]),
        );
    Ok(build(shell, &terms, &reference.calendar, &row, &events, &stream, now).render()?)
}

/// The case's own events, oldest first, picked from the institution's timeline.
async fn events(
    shared: &Shared,
    scope: &Scope,
    row: &IncidentRow,
    stream: &str,
) -> Result<Option<(Vec<TimelineRow>, AsOf)>, Failure> {
    let mut own = Vec::new();
    let mut after = None;
    let mut fresh = None;
    for _ in 0..READINGS {
        let page = shared.views.timeline(scope, row.institution, after, ROWS).await?;
        fresh.get_or_insert(page.as_of);
        let reached = page.rows.iter().any(|line| line.stream == stream && line.revision == 0);
        own.extend(page.rows.into_iter().filter(|line| line.stream == stream));
        after = page.next;
        if reached || after.is_none() {
            break;
        }
    }
    own.sort_by_key(|line| line.revision);
    own.dedup_by_key(|line| line.revision);
    Ok(fresh.map(|as_of| (own, as_of)))
}

fn build(
    shell: Shell,
    terms: &Terms,
    calendar: &Calendar,
    row: &IncidentRow,
    events: &[TimelineRow],
    stream: &str,
    now: Timestamp,
) -> IncidentPage {
    let mut case = Case::default();
    for line in events.iter().filter(|line| line.damaged.is_none()) {
        let payload = line.payload.to_string();
        if let Ok(Some(event)) = IncidentEvent::decode(&line.event_type, payload.as_bytes()) {
            case.fold(terms, &event, line);
        }
    }
    IncidentPage {
        category: row.category.zh(),
        status: case_badge(row.status),
        severity: severity_badge(row.severity),
        punctual: punctuality(row),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        occurred: html::day_or_dash(row.occurred_date),
        external: row
            .external
            .as_ref()
            .map(|(register, number)| bdi(&format!("{register} {number}"))),
        imported_rows: row.imported_rows,
        damaged: row.damaged,
        steps: steps(row, &case),
        clocks: case.clocks(calendar, row, now),
        children: case.children(terms),
        guardians_open: row.guardians_open,
        about: case.about,
        texts: case.texts,
        lines: events
            .iter()
            .rev()
            .map(|line| timeline::line(terms, line, stream, Moments::default()))
            .collect(),
        shell,
    }
}

fn steps(row: &IncidentRow, case: &Case) -> Vec<Step> {
    if row.status == Status::Imported {
        return Vec::new();
    }
    // A concluded case may have skipped steps: triage can end it.
    let missing = if row.status == Status::Concluded {
        "未进行"
    } else {
        "未到"
    };
    let time = |time: Option<Timestamp>| time.map_or_else(|| text(missing), moment);
    let step = |word, at: Option<Timestamp>, current| Step {
        word,
        time: time(at),
        done: at.is_some(),
        current,
    };
    vec![
        step("知悉", row.awareness_time, false),
        step("报告", row.notified_time, row.status == Status::Notified),
        step("研判", case.triaged, row.status == Status::Triaged),
        step(
            "开始调查",
            case.opened,
            matches!(row.status, Status::UnderInvestigation | Status::Reopened),
        ),
        step(
            "提出结论",
            case.investigated.map(|(time, _)| time),
            row.status == Status::FindingsProposed,
        ),
        step("办结", case.concluded, row.status == Status::Concluded),
    ]
}

impl Case {
    fn fold(&mut self, terms: &Terms, event: &IncidentEvent, line: &TimelineRow) {
        let at = line.occurred_time.unwrap_or(line.received_time);
        let mut sealed = |what: &'static str, text: &Personal| {
            let value = terms.value("text", &json!(text));
            self.texts.push((what, value, moment(line.recorded_time)));
        };
        match event {
            IncidentEvent::IncidentNotified(event) => {
                sealed("经过", &event.narrative);
                if let Some(actions) = &event.first_actions {
                    sealed("先行处置", actions);
                }
                self.children
                    .extend(event.children.iter().map(|child| (child.number, child.clone())));
                self.guardians_due = event.guardians_due;
                self.notification_due = Some(event.notification_due.clone());
                self.about = vec![
                    ("发生", terms.value("occurred", &json!(event.occurred))),
                    ("地点", bdi(&event.place)),
                    ("在场婴幼儿", text(&event.children_present.to_string())),
                    ("在场工作人员", text(&event.staff_present.to_string())),
                    ("已呼叫急救", terms.value("", &json!(event.emergency_services))),
                    ("已保全监控", terms.value("", &json!(event.video_preserved))),
                ];
                if let Some(reporter) = &event.reporter {
                    self.about.push(("报告人", terms.value("reporter", &json!(reporter))));
                }
            }
            IncidentEvent::IncidentSupplemented(event) => {
                if let Some(narrative) = &event.narrative {
                    sealed("续报", narrative);
                }
                self.children
                    .extend(event.children.iter().map(|child| (child.number, child.clone())));
                self.severities
                    .extend(event.severities.iter().map(|known| (known.child, known.severity)));
            }
            IncidentEvent::GuardianNotified(event) => {
                self.told
                    .insert(event.child, (event.told_time, event.channel.zh(), event.late));
            }
            IncidentEvent::IncidentTriaged(event) => {
                self.triaged = Some(at);
                self.about.push(("等级", text(event.priority.zh())));
                sealed("研判理由", &event.reason);
            }
            IncidentEvent::InvestigationOpened(event) => {
                self.opened = Some(at);
                self.investigated = None;
                self.investigation_due = Some(event.due.clone());
                if let Some(plan) = &event.plan {
                    sealed("调查计划", plan);
                }
            }
            IncidentEvent::InvestigationCompleted(event) => {
                self.investigated = Some((at, event.late));
                sealed("调查认定", &event.findings);
                self.about.push(("拟定结论", text(event.outcome.zh())));
                self.about
                    .push(("根本原因", terms.value("root_causes", &json!(event.root_causes))));
            }
            IncidentEvent::IncidentConcluded(event) => {
                self.concluded = Some(at);
                self.about.push(("结论", text(event.outcome.zh())));
                for action in &event.actions {
                    sealed("处理措施", action);
                }
                if let Some(advice) = &event.advice {
                    sealed("意见", advice);
                }
            }
            IncidentEvent::IncidentReopened(event) => {
                self.concluded = None;
                self.investigated = None;
                sealed("重新调查的事由", &event.reason);
            }
            IncidentEvent::RecordImported(event) => {
                if let Some(narrative) = &event.narrative {
                    sealed("外部登记的记述", narrative);
                }
                self.about.push(("伤害", text(event.injury.zh())));
                self.about.push(("登记结论", text(event.outcome.zh())));
            }
        }
    }

    fn clocks(&self, calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Vec<Clock> {
        let mut clocks = Vec::new();
        let policy = |due: &Deadline| format!("{} 第 {} 版", due.policy.id, due.policy.version);
        if let Some(due) = &self.notification_due {
            clocks.push(Clock {
                what: text("向主管部门报告"),
                due: moment(due.due_time),
                provisional: due.provisional,
                actual: html::moment_or_dash(row.notified_time),
                verdict: punctuality(row),
                policy: policy(due),
            });
        }
        if self.guardians_due {
            for number in self.children.keys() {
                let told = self.told.get(number);
                clocks.push(Clock {
                    what: text(&format!("告知第 {number} 名婴幼儿的监护人")),
                    due: text("立即"),
                    provisional: false,
                    actual: told.map_or_else(html::dash, |(time, channel, _)| {
                        moment(*time).then(&text(&format!("，{channel}")))
                    }),
                    verdict: match told {
                        None => badge(Tone::Bad, "尚未告知"),
                        Some((.., true)) => badge(Tone::Warn, "迟"),
                        Some(_) => badge(Tone::Ok, "及时"),
                    },
                    policy: String::new(),
                });
            }
        }
        if let Some(due) = &self.investigation_due {
            clocks.push(Clock {
                what: text("完成调查"),
                due: day(due.due_date),
                provisional: due.provisional,
                actual: self.investigated.map_or_else(html::dash, |(time, _)| moment(time)),
                verdict: match self.investigated {
                    Some((_, true)) => badge(Tone::Bad, "超期完成"),
                    Some(_) => badge(Tone::Ok, "按期完成"),
                    None if self.concluded.is_some() => html::dash(),
                    None => deadline(calendar, due.due_date, day_of(now)),
                },
                policy: policy(due),
            });
        }
        clocks
    }

    fn children(&self, terms: &Terms) -> Vec<ChildLine> {
        self.children
            .values()
            .map(|child| ChildLine {
                number: child.number,
                name: child
                    .name
                    .as_ref()
                    .map_or_else(html::dash, |name| terms.value("name", &json!(name))),
                age: child
                    .age_months
                    .map_or_else(html::dash, |age| text(&format!("{} 月龄", age.months()))),
                injury: child.injury.zh(),
                severity: severity_badge(self.severities.get(&child.number).copied().unwrap_or(child.severity)),
                treatment: child
                    .treatment
                    .as_ref()
                    .map_or_else(html::dash, |treatment| terms.value("treatment", &json!(treatment))),
                told: match (self.told.get(&child.number), self.guardians_due) {
                    (Some((time, channel, _)), _) => moment(*time).then(&text(&format!("，{channel}"))),
                    (None, true) => badge(Tone::Bad, "尚未告知"),
                    (None, false) => text("不须告知"),
                },
            })
            .collect()
    }
}
