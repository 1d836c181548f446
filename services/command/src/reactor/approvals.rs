//! Approvals that an emergency inspection needs after its check-in: the regulator is told of one that does not come in time,
//! and that alert is cleared when it comes after all. An alert that an officer is looking into stays.

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::envelope::FactRef;
use yujian_domain::inspection::Inspection;
use yujian_domain::institution::{Deadline, Institution};
use yujian_domain::time::day_of;
use yujian_eventlog::checkpoint::Timer;

use super::effect::Effect;
use super::timers::after;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Approvals;

#[async_trait]
impl Reactor for Approvals {
    fn name(&self) -> &'static str {
        "approvals"
    }

    fn types(&self) -> &'static [&'static str] {
        &["inspection.InspectionApproved.v1"]
    }

    // rule: ALT-17
    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let Some(revision) = seen.record.revision.checked_sub(1) else {
            return Ok(Reaction::default());
        };
        let before = world.at::<Inspection>(&seen.record.stream, revision).await?;
        let (Some(institution), Some(due)) = (before.institution, &before.approval_due) else {
            return Ok(Reaction::default());
        };
        let Some(last) = last_day(due, &before, institution, world).await? else {
            return Ok(Reaction::default());
        };
        let alert = alert(institution, id_of(&seen.record.stream)?, last, Vec::new()).id();
        let effect = seen.clear(0, alert, seen.day()?, world).await?;
        Ok(Vec::from_iter(effect).into())
    }
}

/// The alert of an approval that was due on a day: its id follows from these.
fn alert(institution: Uuid, inspection: Uuid, last: Date, evidence: Vec<FactRef>) -> RaiseAlert {
    let since = last.tomorrow().unwrap_or(last);
    RaiseAlert {
        inspection: Some(inspection),
        due_date: Some(last),
        ..RaiseAlert::new(
            AlertRule::ApprovalOverdue,
            institution,
            last.to_string(),
            since,
            evidence,
        )
    }
}

/// The last day for an approval. One that was due beyond the holiday table is counted again by the table of today; `None`
/// while that does not reach so far either: nothing is late.
async fn last_day(
    due: &Deadline,
    inspection: &Inspection,
    institution: Uuid,
    world: &World<'_>,
) -> Result<Option<Date>, CommandError> {
    if !due.provisional {
        return Ok(Some(due.due_date));
    }
    let region = world.now::<Institution>(institution).await?.region.clone();
    let (Some(region), Some(arrived)) = (region, inspection.arrived_time.map(day_of)) else {
        return Ok(None);
    };
    let reference = world.reference();
    let Ok((rules, _)) = reference.inspection(&region, arrived) else {
        return Ok(None);
    };
    let counted = reference
        .calendar
        .add_working_days(arrived, rules.emergency_approval_working_days);
    Ok((!counted.provisional).then_some(counted.date))
}

/// The last day for an approval may have passed. While it is beyond the holiday table it is looked at again every day.
// rule: ALT-17
pub(super) async fn overdue(timer: &Timer, id: Uuid, world: &World<'_>) -> Result<Reaction, CommandError> {
    let inspection = world.now::<Inspection>(id).await?;
    let (Some(institution), Some(due)) = (inspection.institution, &inspection.approval_due) else {
        return Ok(Reaction::default());
    };
    let last = last_day(due, &inspection, institution, world).await?;
    let look_again = last.unwrap_or_else(|| world.today());
    let Some(last) = last.filter(|last| world.today() > *last) else {
        return Ok(Reaction::later(Timer {
            due: after(look_again),
            ..timer.clone()
        }));
    };
    let evidence = vec![FactRef {
        stream: timer.stream.clone(),
        revision: timer.revision,
    }];
    Ok(vec![Effect::alert(0, alert(institution, id, last, evidence))].into())
}
