//! `/incidents/{id}`: one incident with its deadlines, children and timeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::{Channel, Child, IncidentEvent, Severity, Status};
use yujian_domain::institution::Deadline;
use yujian_domain::personal::Personal;
use yujian_domain::time::day_of;
use yujian_views::{AsOf, IncidentRow, Scope, TimelineRow};

use super::incidents::{guardians_untold, punctuality};
use super::timeline::{self, Line, Moments};
use super::{case_badge, deadline, severity_badge};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, Tone, badge, bdi, text, url};
use crate::lang::Lang;
use crate::shell::{Crumb, Shell};
use crate::terms::{self, Terms};
use crate::visit::Visit;

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
    policy: Option<Markup>,
}

/// A child concerned.
#[derive(Debug)]
struct ChildLine {
    number: u32,
    name: Markup,
    age: Markup,
    injury: String,
    severity: Markup,
    treatment: Markup,
    told: Markup,
}

/// What the case's events say, folded in order.
#[derive(Default)]
struct Case {
    children: BTreeMap<u32, Child>,
    severities: BTreeMap<u32, Severity>,
    told: BTreeMap<u32, (Timestamp, Channel, bool)>,
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
    category: String,
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
    guardians_untold: Option<String>,
    about: Vec<(&'static str, Markup)>,
    texts: Vec<(&'static str, Markup, Markup)>,
    lines: Vec<Line>,
}

/// `GET /incidents/{id}`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, visit: Visit) -> Response {
    let made = load(&shared, &id, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, id: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Incident);
    let id: Uuid = id.parse().map_err(|_| absent())?;
    visit.fields(&[])?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let scope = Scope::default();
    let row = shared.views.incident(&scope, id).await?.ok_or_else(absent)?;
    let stream = format!("incident-{id}");
    let (events, as_of) = events(shared, &scope, &row, &stream).await?.ok_or_else(absent)?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, Some(&row.region));
    crumbs.push(Crumb::to(
        bdi(&row.institution_name),
        format!("/institutions/{}", row.institution),
    ));
    crumbs.push(Crumb::here(text(&lang.term(row.category))));
    let title = format!("{} · {}", lang.term(row.category), row.institution_name);
    let shell = Shell::new(shared, visit, title, "/incidents", format!("/incidents/{id}"))
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
    let lang = terms.lang;
    let mut case = Case::default();
    for line in events.iter().filter(|line| line.damaged.is_none()) {
        let payload = line.payload.to_string();
        if let Ok(Some(event)) = IncidentEvent::decode(&line.event_type, payload.as_bytes()) {
            case.fold(terms, &event, line);
        }
    }
    IncidentPage {
        category: lang.term(row.category),
        status: case_badge(lang, row.status),
        severity: severity_badge(lang, row.severity),
        punctual: punctuality(lang, row),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        occurred: lang.day_or_dash(row.occurred_date),
        external: row
            .external
            .as_ref()
            .map(|(register, number)| bdi(&format!("{register} {number}"))),
        imported_rows: row.imported_rows,
        damaged: row.damaged,
        steps: steps(lang, row, &case),
        clocks: case.clocks(lang, calendar, row, now),
        children: case.children(terms),
        guardians_untold: (row.guardians_open > 0).then(|| guardians_untold(lang, row.guardians_open)),
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

/// When and how a guardian was told.
fn told(lang: Lang, (time, channel, _): (Timestamp, Channel, bool)) -> Markup {
    lang.moment(time)
        .then(&text(&format!("{}{}", lang.say("，", ", "), lang.term(channel))))
}

fn steps(lang: Lang, row: &IncidentRow, case: &Case) -> Vec<Step> {
    if row.status == Status::Imported {
        return Vec::new();
    }
    // A concluded case may have skipped steps: triage can end it.
    let missing = if row.status == Status::Concluded {
        lang.say("未进行", "not taken")
    } else {
        lang.say("未到", "not yet")
    };
    let time = |time: Option<Timestamp>| time.map_or_else(|| text(missing), |time| lang.moment(time));
    let step = |word, at: Option<Timestamp>, current| Step {
        word,
        time: time(at),
        done: at.is_some(),
        current,
    };
    vec![
        step(lang.say("知悉", "Aware"), row.awareness_time, false),
        step(
            lang.say("报告", "Notified"),
            row.notified_time,
            row.status == Status::Notified,
        ),
        step(lang.say("研判", "Triaged"), case.triaged, row.status == Status::Triaged),
        step(
            lang.say("开始调查", "Investigation"),
            case.opened,
            matches!(row.status, Status::UnderInvestigation | Status::Reopened),
        ),
        step(
            lang.say("提出结论", "Conclusion proposed"),
            case.investigated.map(|(time, _)| time),
            row.status == Status::FindingsProposed,
        ),
        step(
            lang.say("办结", "Concluded"),
            case.concluded,
            row.status == Status::Concluded,
        ),
    ]
}

impl Case {
    fn fold(&mut self, terms: &Terms, event: &IncidentEvent, line: &TimelineRow) {
        let lang = terms.lang;
        let at = line.occurred_time.unwrap_or(line.received_time);
        let mut sealed = |what: &'static str, text: &Personal| {
            let value = terms.value("text", &json!(text));
            self.texts.push((what, value, lang.moment(line.recorded_time)));
        };
        match event {
            IncidentEvent::IncidentNotified(event) => {
                sealed(lang.say("经过", "Narrative"), &event.narrative);
                if let Some(actions) = &event.first_actions {
                    sealed(lang.say("先行处置", "First actions"), actions);
                }
                self.children
                    .extend(event.children.iter().map(|child| (child.number, child.clone())));
                self.guardians_due = event.guardians_due;
                self.notification_due = Some(event.notification_due.clone());
                self.about = vec![
                    (
                        lang.say("发生", "Occurred"),
                        terms.value("occurred", &json!(event.occurred)),
                    ),
                    (lang.say("地点", "Place"), bdi(&event.place)),
                    (
                        lang.say("在场婴幼儿", "Children present"),
                        text(&event.children_present.to_string()),
                    ),
                    (
                        lang.say("在场工作人员", "Staff present"),
                        text(&event.staff_present.to_string()),
                    ),
                    (
                        lang.say("已呼叫急救", "Emergency services called"),
                        terms.value("", &json!(event.emergency_services)),
                    ),
                    (
                        lang.say("已保全监控", "Video preserved"),
                        terms.value("", &json!(event.video_preserved)),
                    ),
                ];
                if let Some(reporter) = &event.reporter {
                    self.about.push((
                        lang.say("报告人", "Reporter"),
                        terms.value("reporter", &json!(reporter)),
                    ));
                }
            }
            IncidentEvent::IncidentSupplemented(event) => {
                if let Some(narrative) = &event.narrative {
                    sealed(lang.say("续报", "Supplement"), narrative);
                }
                self.children
                    .extend(event.children.iter().map(|child| (child.number, child.clone())));
                self.severities
                    .extend(event.severities.iter().map(|known| (known.child, known.severity)));
            }
            IncidentEvent::GuardianNotified(event) => {
                self.told
                    .insert(event.child, (event.told_time, event.channel, event.late));
            }
            IncidentEvent::IncidentTriaged(event) => {
                self.triaged = Some(at);
                self.about
                    .push((lang.say("等级", "Priority"), text(&lang.term(event.priority))));
                sealed(lang.say("研判理由", "Reason of triage"), &event.reason);
            }
            IncidentEvent::InvestigationOpened(event) => {
                self.opened = Some(at);
                self.investigated = None;
                self.investigation_due = Some(event.due.clone());
                if let Some(plan) = &event.plan {
                    sealed(lang.say("调查计划", "Investigation plan"), plan);
                }
            }
            IncidentEvent::InvestigationCompleted(event) => {
                self.investigated = Some((at, event.late));
                sealed(lang.say("调查认定", "Findings"), &event.findings);
                self.about.push((
                    lang.say("拟定结论", "Proposed conclusion"),
                    text(&lang.term(event.outcome)),
                ));
                self.about.push((
                    lang.say("根本原因", "Root causes"),
                    terms.value("root_causes", &json!(event.root_causes)),
                ));
            }
            IncidentEvent::IncidentConcluded(event) => {
                self.concluded = Some(at);
                self.about
                    .push((lang.say("结论", "Conclusion"), text(&lang.term(event.outcome))));
                for action in &event.actions {
                    sealed(lang.say("处理措施", "Measures"), action);
                }
                if let Some(advice) = &event.advice {
                    sealed(lang.say("意见", "Advice"), advice);
                }
            }
            IncidentEvent::IncidentReopened(event) => {
                self.concluded = None;
                self.investigated = None;
                sealed(lang.say("重新调查的事由", "Reason of reopening"), &event.reason);
            }
            IncidentEvent::RecordImported(event) => {
                if let Some(narrative) = &event.narrative {
                    sealed(lang.say("外部登记的记述", "Narrative of the register"), narrative);
                }
                self.about
                    .push((lang.say("伤害", "Injury"), text(&lang.term(event.injury))));
                self.about.push((
                    lang.say("登记结论", "Conclusion in the register"),
                    text(&lang.term(event.outcome)),
                ));
            }
        }
    }

    fn clocks(&self, lang: Lang, calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Vec<Clock> {
        let mut clocks = Vec::new();
        let policy = |due: &Deadline| Some(terms::policy(lang, due.policy.id.as_ref(), due.policy.version));
        if let Some(due) = &self.notification_due {
            clocks.push(Clock {
                what: text(lang.say("向主管部门报告", "Notify the competent authority")),
                due: lang.moment(due.due_time),
                provisional: due.provisional,
                actual: lang.moment_or_dash(row.notified_time),
                verdict: punctuality(lang, row),
                policy: policy(due),
            });
        }
        if self.guardians_due {
            for number in self.children.keys() {
                let told = self.told.get(number);
                clocks.push(Clock {
                    what: text(lang.say(
                        &format!("告知第 {number} 名婴幼儿的监护人"),
                        &format!("Tell the guardian of child {number}"),
                    )),
                    due: text(lang.say("立即", "at once")),
                    provisional: false,
                    actual: told.map_or_else(html::dash, |told| self::told(lang, *told)),
                    verdict: match told {
                        None => badge(Tone::Bad, lang.say("尚未告知", "not told yet")),
                        Some((.., true)) => badge(Tone::Warn, lang.say("迟", "late")),
                        Some(_) => badge(Tone::Ok, lang.say("及时", "in time")),
                    },
                    policy: None,
                });
            }
        }
        if let Some(due) = &self.investigation_due {
            clocks.push(Clock {
                what: text(lang.say("完成调查", "Complete the investigation")),
                due: lang.day(due.due_date),
                provisional: due.provisional,
                actual: self.investigated.map_or_else(html::dash, |(time, _)| lang.moment(time)),
                verdict: match self.investigated {
                    Some((_, true)) => badge(Tone::Bad, lang.say("超期完成", "completed late")),
                    Some(_) => badge(Tone::Ok, lang.say("按期完成", "completed in time")),
                    None if self.concluded.is_some() => html::dash(),
                    None => deadline(lang, calendar, due.due_date, day_of(now)),
                },
                policy: policy(due),
            });
        }
        clocks
    }

    fn children(&self, terms: &Terms) -> Vec<ChildLine> {
        let lang = terms.lang;
        self.children
            .values()
            .map(|child| ChildLine {
                number: child.number,
                name: child
                    .name
                    .as_ref()
                    .map_or_else(html::dash, |name| terms.value("name", &json!(name))),
                age: child.age_months.map_or_else(html::dash, |age| {
                    text(&format!("{} {}", age.months(), lang.say("月龄", "months")))
                }),
                injury: lang.term(child.injury),
                severity: severity_badge(
                    lang,
                    self.severities.get(&child.number).copied().unwrap_or(child.severity),
                ),
                treatment: child
                    .treatment
                    .as_ref()
                    .map_or_else(html::dash, |treatment| terms.value("treatment", &json!(treatment))),
                told: match (self.told.get(&child.number), self.guardians_due) {
                    (Some(told), _) => self::told(lang, *told),
                    (None, true) => badge(Tone::Bad, lang.say("尚未告知", "not told yet")),
                    (None, false) => text(lang.say("不须告知", "need not be told")),
                },
            })
            .collect()
    }
}
