//! Notifying: who must be told by when, and whether it came late.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::check::{self, CHILDREN_MAX, Check};
use super::decide::{Decision, institution, region};
use super::{Child, ChildInput, Incident, IncidentNotified, Move, NotifyIncident};
use crate::aggregate::{Context, Decided, Facts};
use crate::institution::Deadline;
use crate::time::day_of;

impl Incident {
    pub(super) fn notify(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &NotifyIncident,
        context: &Context<'_>,
    ) -> Decision {
        check(command, context)?;
        self.allow(movement)?;
        // INC-01: an institution in any state, closed ones too: an incident that comes to light after the closing must
        // be told, and closing down must not be a way out of telling.
        institution(facts)?;
        let (policy, reference) = context
            .reference
            .incident(region(facts)?, day_of(command.awareness_time))?;
        let rule = policy.category(command.category);
        let due_time = minutes_after(command.awareness_time, rule.notify_within_minutes);
        let harmed = command.children.iter().any(|child| child.severity.is_harm());
        let event = IncidentNotified {
            institution: command.institution,
            category: command.category,
            awareness_time: command.awareness_time,
            occurred: command.occurred,
            place: command.place.trim().to_owned(),
            children: number_children(context.id, 1, &command.children),
            children_present: command.children_present,
            staff_present: command.staff_present,
            emergency_services: command.emergency_services,
            video_preserved: command.video_preserved,
            narrative: command.narrative.of(check::text_subject(context.id)),
            first_actions: command
                .first_actions
                .as_ref()
                .map(|text| text.of(check::text_subject(context.id))),
            reporter: command
                .reporter
                .as_ref()
                .map(|name| name.of(check::reporter_subject(context.id))),
            // INC-06: a clock in minutes ends at its instant; the day is only how it is shown and sorted.
            notification_due: Deadline {
                due_date: day_of(due_time),
                due_time,
                provisional: false,
                policy: reference.clone(),
            },
            // INC-07: what counts is when it reached us.
            late: context.now > due_time,
            // INC-15
            guardians_due: rule.guardians || harmed,
        };
        Ok(vec![Decided {
            occurred: Some(command.occurred),
            policies: vec![reference],
            legal_basis: rule.legal_basis.clone(),
            ..Decided::plain(event)
        }])
    }
}

/// Value rules of a notification.
fn check(command: &NotifyIncident, context: &Context<'_>) -> Result<(), crate::rejection::Rejection> {
    let mut check = Check::default();
    check.place("place", "INC-02", &command.place);
    check.narrative("narrative", "INC-02", &command.narrative);
    check.optional_narrative("first_actions", "INC-02", command.first_actions.as_ref());
    check.person("reporter", "INC-02", command.reporter.as_ref());
    check.not_in_future("awareness_time", "INC-03", command.awareness_time, context.now);
    match command.occurred.earliest() {
        None => check.refuse(
            "occurred",
            "INC-03",
            "must be known at least to the day; unknown is for imported history only",
            "发生时间至少须填到日；“不详”仅用于外部历史数据",
        ),
        Some(occurred) if occurred > command.awareness_time => {
            check.refuse(
                "occurred",
                "INC-03",
                "must not lie after the awareness",
                "发生时间不能晚于知悉时间",
            );
        }
        Some(_) => {}
    }
    check.children(&command.children);
    if command.children.len() > CHILDREN_MAX {
        check.refuse(
            "children",
            "INC-04",
            "one incident holds at most 500 children",
            "一起事件最多填报500名儿童",
        );
    }
    let present = usize::try_from(command.children_present).unwrap_or(usize::MAX);
    // 0 means that the number is not known: a number is often counted only after the first report.
    if command.category.happens_in_house() && present > 0 && command.children.len() > present {
        check.refuse(
            "children_present",
            "INC-04",
            "is below the number of children concerned",
            "在场儿童数少于涉事儿童数",
        );
    }
    check.category_fits(
        "category",
        command.category,
        command.children.iter().map(|child| child.severity),
    );
    check.finish()
}

/// An instant `minutes` after another; the end of the representable range saturates.
pub(super) fn minutes_after(from: Timestamp, minutes: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_mins(i64::from(minutes)))
        .unwrap_or(Timestamp::MAX)
}

/// Children as stored, numbered from `first`, each under a key of its own.
pub(super) fn number_children(id: Uuid, first: u32, children: &[ChildInput]) -> Vec<Child> {
    (first..)
        .zip(children)
        .map(|(number, child)| {
            let subject = || check::child_subject(id, number);
            Child {
                number,
                name: child.name.as_ref().map(|name| name.of(subject())),
                age_months: child.age_months,
                injury: child.injury,
                severity: child.severity,
                treatment: child.treatment.as_ref().map(|text| text.of(subject())),
            }
        })
        .collect()
}
