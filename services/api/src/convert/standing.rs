//! AuthorizationService: requests about clocks, conditions, standing and orderly cessation into commands.

use yujian_domain::clock::ClockRef;
use yujian_domain::institution::licence::{
    CloseCessation, ExtendClock, ImposeCondition, LiftCondition, MakeProvisional, OpenCessation, PauseClock,
    RecordConditionMet, RecordPlacement, RestoreStanding, ResumeClock, RevokeAuthorization,
};
use yujian_proto::licensing::v1 as pb;

use crate::convert::authorization::{Result, condition, open};
use crate::convert::licensing::{INSTITUTIONS, reason};
use crate::parse::{Fields, Ground, optional_text};

/// A clock by its name, e.g. `decision@12`.
pub(crate) fn clock(f: &mut Fields, name: String) -> Option<ClockRef> {
    let name = f.text("clock", name)?;
    f.value("clock", name.parse())
}

/// A number of something, at least one.
fn count(f: &mut Fields, field: &str, count: u32) -> Option<u32> {
    if count == 0 {
        f.wrong(field, "REQUIRED", "is required, at least 1", "必填，至少为1");
        return None;
    }
    Some(count)
}

pub(crate) fn pause_clock(request: pb::PauseClockRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let clock = clock(&mut f, request.clock);
    let reason = f.code("reason", request.reason);
    let from_date = f.date("from_date", request.from_date);
    let told_date = f.date("told_date", request.told_date);
    f.command(header, target, || {
        let command = PauseClock {
            clock: clock?,
            reason: reason?,
            from_date: from_date?,
            told_date: told_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn resume_clock(request: pb::ResumeClockRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let clock = clock(&mut f, request.clock);
    let on_date = f.date("on_date", request.on_date);
    f.command(header, target, || {
        let command = ResumeClock {
            clock: clock?,
            on_date: on_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn extend_clock(request: pb::ExtendClockRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let clock = clock(&mut f, request.clock);
    let reason = f.code("reason", request.reason);
    let count = count(&mut f, "count", request.count);
    let approver = f.text("approver", request.approver);
    let approver_office = f.code("approver_office", request.approver_office);
    let told_date = f.date("told_date", request.told_date);
    f.command(header, target, || {
        let command = ExtendClock {
            clock: clock?,
            reason: reason?,
            count: count?,
            approver: approver?,
            approver_office: approver_office?,
            told_date: told_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn impose_condition(request: pb::ImposeConditionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let told = f.some("terms", request.terms);
    let terms = told.and_then(|told| condition(&mut f, "terms", told));
    f.command(header, target, || Some(ImposeCondition { terms: terms? }.into()))
}

pub(crate) fn record_condition_met(request: pb::RecordConditionMetRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let condition = f.ordinal("condition", request.condition);
    let on_date = f.date("on_date", request.on_date);
    let statement = f.sensitive("statement", request.statement);
    f.command(header, target, || {
        let command = RecordConditionMet {
            condition: condition?,
            on_date: on_date?,
            statement: statement?,
        };
        Some(command.into())
    })
}

pub(crate) fn lift_condition(request: pb::LiftConditionRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let condition = f.ordinal("condition", request.condition);
    let reason = f.sensitive("reason", request.reason);
    f.command(header, target, || {
        let command = LiftCondition {
            condition: condition?,
            reason: reason?,
        };
        Some(command.into())
    })
}

pub(crate) fn make_provisional(request: pb::MakeProvisionalRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let reasons = f.list("reasons", request.reasons, reason);
    let conditions = f.list("conditions", request.conditions, condition);
    f.command(header, target, || {
        let command = MakeProvisional {
            reasons: reasons?,
            conditions: conditions?,
        };
        Some(command.into())
    })
}

pub(crate) fn restore_standing(request: pb::RestoreStandingRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let statement = f.sensitive("statement", request.statement);
    f.command(header, target, || {
        Some(RestoreStanding { statement: statement? }.into())
    })
}

pub(crate) fn revoke(request: pb::RevokeAuthorizationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let reasoned = f.code("ground", request.ground);
    let reasons = f.list("reasons", request.reasons, reason);
    let effective_date = f.date("effective_date", request.effective_date);
    let approver = f.text("approver", request.approver);
    f.command(header, target, || {
        let command = RevokeAuthorization {
            ground: reasoned?,
            reasons: reasons?,
            effective_date: effective_date?,
            children_to_place: request.children_to_place,
            approver: approver?,
        };
        Some(command.into())
    })
}

pub(crate) fn open_cessation(request: pb::OpenCessationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let children_to_place = count(&mut f, "children_to_place", request.children_to_place);
    let enrolment_frozen_date = f.date("enrolment_frozen_date", request.enrolment_frozen_date);
    f.command(header, target, || {
        let command = OpenCessation {
            children_to_place: children_to_place?,
            enrolment_frozen_date: enrolment_frozen_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn record_placement(request: pb::RecordPlacementRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let children = count(&mut f, "children", request.children);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let on_date = f.date("on_date", request.on_date);
    f.command(header, target, || {
        let command = RecordPlacement {
            children: children?,
            institution,
            on_date: on_date?,
        };
        Some(command.into())
    })
}

pub(crate) fn close_cessation(request: pb::CloseCessationRequest, ground: Ground<'_>) -> Result {
    let mut f = Fields::default();
    let (header, target) = open(&mut f, request.header, &request.name, ground);
    let on_date = f.date("on_date", request.on_date);
    f.command(header, target, || Some(CloseCessation { on_date: on_date? }.into()))
}
