//! A case as its events tell it: children, texts, deadlines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use yujian_domain::calendar::Calendar;
use yujian_domain::incident::{Channel, Child, IncidentEvent, Severity};
use yujian_domain::institution::Deadline;
use yujian_domain::personal::Personal;
use yujian_domain::time::day_of;
use yujian_views::{IncidentRow, TimelineRow};

use super::super::incidents::punctuality;
use super::super::{deadline, severity_badge};
use super::{ChildLine, Clock};
use crate::html::{self, Markup, Tone, badge, bdi, figure, text};
use crate::lang::Lang;
use crate::terms::{self, Terms};

/// What the case's events say, folded in order.
#[derive(Default)]
pub(super) struct Case {
    children: BTreeMap<u32, Child>,
    severities: BTreeMap<u32, Severity>,
    told: BTreeMap<u32, (Timestamp, Channel, bool)>,
    guardians_due: bool,
    notification_due: Option<Deadline>,
    investigation_due: Option<Deadline>,
    pub(super) investigated: Option<(Timestamp, bool)>,
    pub(super) triaged: Option<Timestamp>,
    pub(super) opened: Option<Timestamp>,
    pub(super) concluded: Option<Timestamp>,
    pub(super) texts: Vec<(&'static str, Markup, Markup)>,
    pub(super) about: Vec<(&'static str, Markup)>,
}

/// When and how a guardian was told.
fn told(lang: Lang, (time, channel, _): (Timestamp, Channel, bool)) -> Markup {
    lang.moment(time)
        .then(&text(&format!("{}{}", lang.say("，", ", "), lang.term(channel))))
}

impl Case {
    /// Takes the next event of an incident in.
    pub(super) fn fold(&mut self, terms: &Terms, event: &IncidentEvent, line: &TimelineRow, own: &str) {
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
                        figure("incident_children_present", own, u64::from(event.children_present)),
                    ),
                    (
                        lang.say("在场工作人员", "Staff present"),
                        figure("incident_staff_present", own, u64::from(event.staff_present)),
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

    /// The deadlines of the case, as of `now`.
    pub(super) fn clocks(&self, lang: Lang, calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Vec<Clock> {
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

    /// The children concerned.
    pub(super) fn children(&self, terms: &Terms, own: &str) -> Vec<ChildLine> {
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
                    let of = format!("{own}/{}", child.number);
                    figure("child_age_months", of, u64::from(age.months())).then(&text(lang.say(" 月龄", " months")))
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
