//! The course of an inspection as its events tell it: steps, and what became of each finding.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::{FindingState, InspectionEvent, Status};
use yujian_domain::personal::Personal;
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_views::{FindingRow, InspectionRow, TimelineRow};

use super::super::findings;
use super::super::marks::{finding_badge, weight_badge};
use crate::html::{Markup, figure, text};
use crate::lang::Lang;
use crate::terms::Terms;

/// Width of a clock in its own units.
const CLOCK: u64 = 400;

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) word: &'static str,
    pub(super) time: Markup,
    pub(super) done: bool,
    pub(super) current: bool,
}

/// The clock of a correction: days used, left, added and over, as parts of a line.
#[derive(Debug)]
pub(super) struct Clock {
    /// Left edge, width and class of each part.
    pub(super) parts: Vec<(u64, u64, &'static str)>,
    /// Where the day asked lies, while the clock runs.
    pub(super) now: Option<u64>,
    pub(super) from: Markup,
    pub(super) to: Markup,
}

/// A finding with what became of it.
#[derive(Debug)]
pub(super) struct FindingLine {
    pub(super) number: u32,
    pub(super) item: Markup,
    pub(super) dimension: Markup,
    pub(super) weight: Markup,
    pub(super) about: Vec<(&'static str, Markup)>,
    pub(super) state: Markup,
    pub(super) due: Markup,
    pub(super) clock: Option<Clock>,
    /// When, what, and the words, sealed.
    pub(super) history: Vec<(Markup, &'static str, Option<Markup>)>,
}

/// Something that happened to a finding.
#[derive(Debug)]
struct Act {
    when: Option<Date>,
    what: (&'static str, &'static str),
    due: Option<Date>,
    words: Option<Personal>,
}

/// What the events of the inspection say, folded in order.
#[derive(Debug, Default)]
pub(super) struct Course {
    steps: BTreeMap<&'static str, Timestamp>,
    acts: BTreeMap<u32, Vec<Act>>,
}

impl Course {
    /// Folds the sound ones.
    pub(super) fn fold(events: &[TimelineRow]) -> Self {
        let mut course = Self::default();
        for line in events.iter().filter(|line| line.damaged.is_none()) {
            let payload = line.payload.to_string();
            if let Ok(Some(event)) = InspectionEvent::decode(&line.event_type, payload.as_bytes()) {
                course.take(event, line);
            }
        }
        course
    }

    fn take(&mut self, event: InspectionEvent, line: &TimelineRow) {
        let at = line.occurred_time.unwrap_or(line.received_time);
        let when = line.occurred_date.or(Some(day_of(at)));
        let mut act = |finding: u32, what, due, words| {
            let act = Act { when, what, due, words };
            self.acts.entry(finding).or_default().push(act);
        };
        let step = match event {
            InspectionEvent::InspectionPlanned(_) => "planned",
            InspectionEvent::InspectionApproved(_) => "approved",
            InspectionEvent::InspectorsAssigned(_) => "assigned",
            InspectionEvent::InspectorCheckedIn(_) => "arrived",
            InspectionEvent::CheckInBackfilled(event) => {
                self.steps.insert("arrived", event.arrived_time);
                return;
            }
            InspectionEvent::FieldworkCompleted(_) => "fieldwork",
            InspectionEvent::DraftReportIssued(_) => "draft",
            InspectionEvent::DraftCommented(_) => "commented",
            InspectionEvent::InspectionFinalized(_) => "finalized",
            InspectionEvent::InspectionPublished(_) => "published",
            InspectionEvent::InspectionAborted(_) => "aborted",
            InspectionEvent::InspectionCancelled(_) => "cancelled",
            InspectionEvent::FindingCited(event) => {
                return act(event.finding, ("认定", "Cited"), None, Some(event.description));
            }
            InspectionEvent::CorrectedOnSite(event) => {
                return act(event.finding, ("当场改正", "Corrected on the spot"), None, None);
            }
            InspectionEvent::CorrectionOrdered(event) => {
                return act(
                    event.finding,
                    ("责令限期改正", "Correction ordered"),
                    Some(event.due_date),
                    None,
                );
            }
            InspectionEvent::CorrectionClaimed(event) => {
                let what = if event.late {
                    ("机构报告已整改，迟到", "Reported as corrected, late")
                } else {
                    ("机构报告已整改", "Reported as corrected")
                };
                return act(event.finding, what, None, Some(event.description));
            }
            InspectionEvent::CorrectionVerified(event) => {
                return act(event.finding, ("核实整改", "Correction verified"), None, None);
            }
            InspectionEvent::CorrectionRejected(event) => {
                let what = ("整改不合格", "Correction rejected");
                return act(event.finding, what, Some(event.due_date), Some(event.reason));
            }
            InspectionEvent::CorrectionExtended(event) => {
                let what = ("延长整改期限", "More time given");
                return act(event.finding, what, Some(event.due_date), Some(event.reason));
            }
            InspectionEvent::CorrectionOverdue(event) => {
                return act(event.finding, ("整改逾期", "Overdue"), None, None);
            }
            InspectionEvent::RecusalRequested(_)
            | InspectionEvent::RecusalDecided(_)
            | InspectionEvent::PresenceCounted(_)
            | InspectionEvent::ItemsAnswered(_)
            | InspectionEvent::TechnicalAssistanceGiven(_)
            | InspectionEvent::InspectionImported(_) => return,
        };
        self.steps.insert(step, at);
    }

    /// The steps in their order; a broken-off or cancelled inspection ends with that.
    pub(super) fn steps(&self, lang: Lang, row: &InspectionRow) -> Vec<Step> {
        if row.status == Status::Imported {
            return Vec::new();
        }
        let mut order = vec![
            ("planned", lang.say("计划", "Planned"), Status::Planned),
            ("approved", lang.say("批准", "Approved"), Status::Approved),
            ("assigned", lang.say("派员", "Assigned"), Status::Assigned),
            ("arrived", lang.say("到场", "Arrived"), Status::CheckedIn),
            (
                "fieldwork",
                lang.say("现场结束", "Fieldwork done"),
                Status::FieldworkCompleted,
            ),
            ("draft", lang.say("征求意见", "Draft issued"), Status::DraftIssued),
            ("commented", lang.say("机构反馈", "Comments"), Status::Commented),
            ("finalized", lang.say("办结", "Final"), Status::Finalized),
            ("published", lang.say("公示", "Published"), Status::Published),
        ];
        let ended = match row.status {
            Status::Aborted => Some(("aborted", lang.say("中止", "Broken off"), Status::Aborted)),
            Status::Cancelled => Some(("cancelled", lang.say("取消", "Cancelled"), Status::Cancelled)),
            _ => None,
        };
        if let Some(end) = ended {
            order.retain(|(step, ..)| self.steps.contains_key(step));
            order.push(end);
        }
        let last = matches!(row.status, Status::Finalized | Status::Published);
        order
            .into_iter()
            .map(|(step, word, status)| {
                let at = self.steps.get(step).copied();
                // An emergency goes without approval at first, and comments can be waited out.
                let missing = if last && status != Status::Published {
                    lang.say("未进行", "not taken")
                } else {
                    lang.say("未到", "not yet")
                };
                Step {
                    word,
                    time: at.map_or_else(|| text(missing), |at| lang.moment(at)),
                    done: at.is_some(),
                    current: row.status == status,
                }
            })
            .collect()
    }

    /// The findings with their clocks and history.
    pub(super) fn findings(
        &self,
        terms: &Terms,
        reference: &Reference,
        rows: &[FindingRow],
        at: Date,
    ) -> Vec<FindingLine> {
        let lang = terms.lang;
        rows.iter()
            .map(|row| {
                let acts = self.acts.get(&row.finding).map_or(&[][..], Vec::as_slice);
                FindingLine {
                    number: row.finding,
                    item: findings::item(lang, reference, row),
                    dimension: findings::dimension_word(lang, reference, &row.dimension),
                    weight: weight_badge(lang, row.weight),
                    about: about(terms, row),
                    state: finding_badge(lang, row, at),
                    due: findings::due(lang, reference, row, at),
                    clock: clock(lang, acts, row, at),
                    history: acts.iter().map(|act| line(terms, act)).collect(),
                }
            })
            .collect()
    }
}

fn about(terms: &Terms, row: &FindingRow) -> Vec<(&'static str, Markup)> {
    let lang = terms.lang;
    let mut about = Vec::new();
    if let Some(extent) = row.extent {
        about.push((lang.say("范围", "Extent"), text(&lang.term(extent))));
    }
    if row.children_at_risk > 0 {
        about.push((
            lang.say("涉及婴幼儿", "Children at risk"),
            figure(
                "children_at_risk",
                format!("{}/{}", row.inspection, row.finding),
                u64::from(row.children_at_risk),
            ),
        ));
    }
    if let Some(measure) = row.measure {
        about.push((lang.say("当场措施", "Measure on the spot"), text(&lang.term(measure))));
    }
    if let Some(check) = row.check {
        about.push((lang.say("复查方式", "How checked"), text(&lang.term(check))));
    }
    if let Some(description) = &row.description {
        about.push((
            lang.say("事实", "What was found"),
            terms.value("description", &json!(description)),
        ));
    }
    about
}

fn line(terms: &Terms, act: &Act) -> (Markup, &'static str, Option<Markup>) {
    let lang = terms.lang;
    let words = act
        .words
        .as_ref()
        .map(|words| terms.value("description", &json!(words)));
    let due = act.due.map(|due| text(lang.say("至 ", "until ")).then(&lang.day(due)));
    let more = match (due, words) {
        (Some(due), Some(words)) => Some(due.then(&text(" ")).then(&words)),
        (due, words) => due.or(words),
    };
    let (zh, en) = act.what;
    (lang.day_or_dash(act.when), lang.say(zh, en), more)
}

/// The clock from the order to the last day, on a scale of calendar days that goes on to the day asked when that is later.
/// It stops on the day of the last report, while that has not been rejected.
fn clock(lang: Lang, acts: &[Act], row: &FindingRow, at: Date) -> Option<Clock> {
    let (ordered, first_due) = acts.iter().find_map(|act| act.when.zip(act.due))?;
    let due = row.due_date?;
    let running = matches!(row.state, FindingState::CorrectionDue | FindingState::Overdue);
    let stop = if running { at } else { row.claimed_date.unwrap_or(at) }.max(ordered);
    let end = due.max(stop);
    let span = days(ordered, end).max(1);
    let x = |day: Date| crate::charts::scale(days(ordered, day), span, CLOCK);
    let base = first_due.clamp(ordered, due);
    let marks = [
        (ordered, stop.min(due), "f1"),
        (stop.min(due), base.max(stop.min(due)), "f0"),
        (base.max(stop.min(due)), due, "fadd"),
        (due, stop.max(due), "fbad"),
    ];
    Some(Clock {
        parts: marks
            .into_iter()
            .map(|(from, to, class)| (x(from), x(to) - x(from), class))
            .filter(|(_, width, _)| *width > 0)
            .collect(),
        now: running.then(|| x(at)),
        from: lang.day(ordered),
        to: lang.day(end),
    })
}

/// Calendar days from one day to another; none when that lies before.
fn days(from: Date, to: Date) -> u64 {
    u64::try_from((to - from).get_days()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;
    use yujian_domain::inspection::Weight;

    use super::*;

    fn row(state: FindingState, due: Date, claimed: Option<Date>) -> FindingRow {
        FindingRow {
            inspection: Uuid::nil(),
            finding: 1,
            institution: Uuid::nil(),
            institution_name: String::new(),
            region: String::new(),
            item: "1.1".to_owned(),
            dimension: "conditions".to_owned(),
            weight: Weight::General,
            extent: None,
            children_at_risk: 0,
            measure: None,
            state,
            cited_date: None,
            due_date: Some(due),
            claimed_date: claimed,
            claimed_late: false,
            corrected_date: None,
            check: None,
            rejected: 0,
            extended: 0,
            imported: false,
            description: None,
            damaged: false,
        }
    }

    fn act(when: Date, due: Date) -> Act {
        Act {
            when: Some(when),
            what: ("责令", "Ordered"),
            due: Some(due),
            words: None,
        }
    }

    #[test]
    fn a_clock_fills_its_line_with_what_is_used_left_added_and_over() {
        let ordered = date(2026, 5, 1);
        let classes = |clock: &Clock| clock.parts.iter().map(|part| part.2).collect::<Vec<_>>();
        let acts = [
            act(ordered, date(2026, 5, 11)),
            act(date(2026, 5, 9), date(2026, 5, 21)),
        ];
        let running = row(FindingState::CorrectionDue, date(2026, 5, 21), None);
        let half = clock(Lang::Zh, &acts, &running, date(2026, 5, 6)).unwrap();
        assert_eq!(classes(&half), ["f1", "f0", "fadd"]);
        assert_eq!((half.parts[0].1, half.now), (100, Some(100)), "5 of 20 days");
        let over = clock(Lang::Zh, &acts, &running, date(2026, 6, 10)).unwrap();
        assert_eq!(classes(&over), ["f1", "fbad"]);
        let done = row(FindingState::Verified, date(2026, 5, 21), Some(date(2026, 5, 5)));
        let done = clock(Lang::Zh, &acts, &done, date(2026, 6, 10)).unwrap();
        assert_eq!((classes(&done), done.now), (vec!["f1", "f0", "fadd"], None));
        for clock in [half, over, done] {
            assert_eq!(clock.parts.iter().map(|part| part.1).sum::<u64>(), CLOCK);
        }
    }

    #[test]
    fn without_an_order_there_is_no_clock() {
        let cited = row(FindingState::Cited, date(2026, 5, 21), None);
        assert!(clock(Lang::Zh, &[], &cited, date(2026, 5, 2)).is_none());
    }
}
