//! Applications, legal clocks, authorizations and the figures of admission as they go out.

use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::{ExtensionReason, PauseReason};
use yujian_domain::institution::{ApplicationKind, ApplicationState, DeemedOutcome};
use yujian_eventlog::keys::KeyProvider;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{
    Admission, AdmissionRow, ApplicationDetail, ApplicationRow, AuthorizationRow, AuthorizationState, Authorizations,
    BucketFigures, CessationRow, ClockHistory, ClockRow, ClockStep, ConditionRow, ReturnedItemRow, StateFigures,
    SubmissionDetail, WaiverRow,
};

use crate::codes::{Coded, number_of};
use crate::convert::institution::{
    asked_change, asked_closing, asked_transfer, asked_waiver, draft, paper_out, premises_out, registry_check,
    returned_items, site_verification, terms,
};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::supervision::timeline;
use crate::convert::{as_of, date};
use crate::labels::{item_en, item_zh};

/// The day for which clocks are told, the last one that counts as due soon, and the table that days are counted by.
#[derive(Clone, Copy)]
pub(crate) struct Days<'a> {
    /// Day.
    pub at: Date,
    /// Last day that counts as due soon.
    pub soon: Date,
    /// Holiday table.
    pub calendar: &'a Calendar,
}

fn version((id, version): &(String, u32)) -> String {
    format!("{id}@{version}")
}

/// A clock at a day.
pub(crate) fn clock(row: &ClockRow, days: Days<'_>) -> pb::ClockView {
    pb::ClockView {
        institution: format!("{INSTITUTIONS}/{}", row.institution),
        institution_display_name: row.institution_name.clone(),
        region_code: row.region.clone(),
        clock: row.clock.to_string(),
        kind: row.clock.kind.number(),
        owner: row.owner.number(),
        application: row.application,
        application_kind: number_of(row.application_kind),
        from_date: Some(date(row.from_date)),
        unit: row.unit.number(),
        count: row.count,
        extension: row.extension,
        due_date: Some(date(row.due_date)),
        provisional: row.provisional,
        state: row.state.number(),
        waiting: row.waiting,
        paused_from_date: row.paused_from.map(date),
        ended_date: row.ended_date.map(date),
        late: row.late,
        policy: version(&row.policy),
        implied: row.implied,
        bucket: row.bucket(days.at, days.soon).number(),
        days_left: row.days_left(days.at, days.calendar),
        damaged: row.damaged,
    }
}

/// A clock with its history.
pub(crate) fn history(history: &ClockHistory, days: Days<'_>) -> pb::ClockHistory {
    pb::ClockHistory {
        clock: Some(clock(&history.row, days)),
        steps: history.steps.iter().map(step).collect(),
    }
}

fn step(step: &ClockStep) -> pb::ClockStep {
    let reason = step.reason.as_deref();
    pb::ClockStep {
        revision: step.revision,
        kind: step.kind.number(),
        date: step.date.map(date),
        pause_reason: number_of(reason.and_then(PauseReason::from_code)),
        extension_reason: number_of(reason.and_then(ExtensionReason::from_code)),
        count: step.count.unwrap_or_default(),
        due_date: step.due_date.map(date),
        provisional: step.provisional,
    }
}

/// An application at a day.
pub(crate) fn application(row: &ApplicationRow, days: Days<'_>) -> pb::ApplicationView {
    pb::ApplicationView {
        institution: format!("{INSTITUTIONS}/{}", row.institution),
        institution_display_name: row.institution_name.clone(),
        institution_type: row.institution_type.number(),
        region_code: row.region.clone(),
        number: row.number,
        kind: number_of(row.kind),
        state: row.state.number(),
        state_since_date: row.state_since.map(date),
        submitted_date: row.submitted_date.map(date),
        times_returned: row.returned,
        joint: row.joint,
        policy: row.policy.as_ref().map(version).unwrap_or_default(),
        proposed: number_of(row.proposed),
        deemed: number_of(row.deemed.map(|(outcome, _)| outcome)),
        deemed_reversed: row.deemed.is_some_and(|(_, reversed)| reversed),
        decided_date: row.decided_date.map(date),
        late: row.late,
        certificate_date: row.certificate_date.map(date),
        certificate_late: row.certificate_late,
        clock: row.clock.as_ref().map(|row| clock(row, days)),
        working_days_in_state: row
            .state_since
            .map(|since| days.calendar.working_days_between(since, days.at)),
        damaged: row.damaged,
    }
}

/// One application with everything.
pub(crate) fn detail(keys: &dyn KeyProvider, detail: ApplicationDetail, days: Days<'_>) -> pb::GetApplicationReply {
    let SubmissionDetail {
        papers,
        makes_meals,
        premises,
        change,
        transfer,
        waiver,
        closing,
    } = detail.submission.unwrap_or_default();
    pb::GetApplicationReply {
        application: Some(application(&detail.row, days)),
        papers: papers.iter().map(paper_out).collect(),
        makes_meals,
        premises: premises.as_ref().map(premises_out),
        change: change.as_ref().map(asked_change),
        transfer: transfer.as_ref().map(asked_transfer),
        waiver: waiver.as_ref().map(asked_waiver),
        closing: closing.as_ref().map(asked_closing),
        returned_items: detail.items.iter().map(returned_item).collect(),
        clocks: detail.clocks.iter().map(|one| history(one, days)).collect(),
        checks: detail
            .checks
            .iter()
            .map(|(revision, check)| pb::RegistryCheckView {
                revision: *revision,
                check: Some(registry_check(check)),
            })
            .collect(),
        verifications: detail
            .verifications
            .iter()
            .map(|(revision, verified)| pb::SiteVerificationView {
                revision: *revision,
                verification: Some(site_verification(verified)),
            })
            .collect(),
        proposal: detail.proposal.as_ref().map(draft),
        steps: detail.steps.into_iter().map(|row| timeline(keys, row)).collect(),
        at_date: Some(date(days.at)),
        as_of: Some(as_of(&detail.as_of)),
    }
}

fn returned_item(row: &ReturnedItemRow) -> pb::ReturnedItemView {
    let item = yujian_domain::institution::ReturnedItem {
        item: row.item.clone(),
        rule: row.rule.clone(),
        problem: row.problem,
    };
    pb::ReturnedItemView {
        return_number: row.return_number,
        returned_date: row.returned_date.map(date),
        item: returned_items(&[item]).pop(),
    }
}

/// What authorizes an institution.
pub(crate) fn authorizations(found: &Authorizations, days: Days<'_>) -> pb::ListAuthorizationsReply {
    pb::ListAuthorizationsReply {
        authorizations: found.authorizations.iter().map(authorization).collect(),
        conditions: found.conditions.iter().map(condition).collect(),
        waivers: found.waivers.iter().map(waiver).collect(),
        cessations: found.cessations.iter().map(cessation).collect(),
        clocks: found.clocks.iter().map(|one| history(one, days)).collect(),
        at_date: Some(date(days.at)),
        as_of: Some(as_of(&found.as_of)),
    }
}

fn authorization(row: &AuthorizationRow) -> pb::AuthorizationView {
    pb::AuthorizationView {
        ordinal: row.ordinal,
        kind: row.kind.number(),
        basis: row.basis.number(),
        number: row.number.clone().unwrap_or_default(),
        application: row.application,
        revision: row.revision,
        valid_from_date: Some(date(row.valid_from_date)),
        valid_to_date: row.valid_to_date.map(date),
        state: row.state.number(),
        provisional_until_date: row.provisional_until.map(date),
        ended_date: row.ended_date.map(date),
        ground: number_of(row.ground),
    }
}

fn condition(row: &ConditionRow) -> pb::ConditionView {
    pb::ConditionView {
        condition: Some(licensing::Condition {
            condition: row.condition,
            terms: Some(terms(&row.terms)),
            state: row.state.number(),
        }),
        application: row.application,
        imposed_date: row.imposed_date.map(date),
        ended_date: row.ended_date.map(date),
        late: row.late,
    }
}

fn waiver(row: &WaiverRow) -> pb::WaiverView {
    pb::WaiverView {
        waiver: Some(licensing::Waiver {
            application: row.application,
            item: row.item.clone(),
            until_date: Some(date(row.until_date)),
        }),
        from_date: Some(date(row.from_date)),
    }
}

fn cessation(row: &CessationRow) -> pb::CessationView {
    pb::CessationView {
        ordinal: row.ordinal,
        cessation: Some(licensing::Cessation {
            cause: row.cause.number(),
            children_to_place: row.children,
            children_placed: row.placed,
            enrolment_frozen_date: Some(date(row.enrolment_frozen_date)),
            closed_date: row.closed_date.map(date),
        }),
        opened_date: row.opened_date.map(date),
    }
}

/// Figures of a division.
pub(crate) fn figures(found: &Admission, days: Days<'_>) -> pb::GetAdmissionFiguresReply {
    pb::GetAdmissionFiguresReply {
        region: Some(figures_row(&found.region)),
        parts: found.parts.iter().map(figures_row).collect(),
        states: found.states.iter().map(|one| state(one, days)).collect(),
        returned_items: found
            .returned_items
            .iter()
            .map(|one| pb::ReturnedItemFigures {
                item: one.item.clone(),
                label_zh: item_zh(&one.item),
                label_en: item_en(&one.item),
                applications: one.applications,
                again: one.again,
            })
            .collect(),
        returned: found.returned,
        at_date: Some(date(days.at)),
        as_of: Some(as_of(&found.as_of)),
    }
}

fn state(figures: &StateFigures, days: Days<'_>) -> pb::ApplicationStateFigures {
    let in_state = |since| days.calendar.working_days_between(since, days.at);
    pb::ApplicationStateFigures {
        state: figures.state.number(),
        buckets: Some(buckets(figures.buckets)),
        longest_working_days: figures.oldest_since.map(in_state),
        median_working_days: figures.median_since.map(in_state),
    }
}

fn buckets(figures: BucketFigures) -> pb::BucketFigures {
    pb::BucketFigures {
        overdue: figures.overdue,
        due_soon: figures.due_soon,
        paused: figures.paused,
        ample: figures.ample,
        none: figures.none,
    }
}

fn figures_row(row: &AdmissionRow) -> pb::AdmissionFigures {
    let deemed = |outcome: &DeemedOutcome| pb::DeemedFigures {
        outcome: outcome.number(),
        standing: row.deemed.get(outcome.code()).copied().unwrap_or_default(),
        reversed: row.deemed_reversed.get(outcome.code()).copied().unwrap_or_default(),
    };
    pb::AdmissionFigures {
        region_code: row.code.clone(),
        name: row.name.clone(),
        has_parts: row.has_children,
        open: Some(buckets(row.open)),
        by_state: row
            .by_state
            .iter()
            .map(|(code, count)| pb::ApplicationStateCount {
                state: number_of(ApplicationState::from_code(code)),
                count: *count,
            })
            .collect(),
        by_kind: row
            .by_kind
            .iter()
            .map(|(code, figures)| pb::ApplicationKindFigures {
                kind: number_of(ApplicationKind::from_code(code)),
                open: figures.open,
                granted: figures.granted,
                granted_at_once: figures.granted_at_once,
                refused: figures.refused,
            })
            .collect(),
        deemed: DeemedOutcome::ALL.iter().map(deemed).collect(),
        decided_late: row.decided_late,
        authorizations: row
            .authorizations
            .iter()
            .map(|(code, count)| pb::AuthorizationStateCount {
                state: number_of(AuthorizationState::from_code(code)),
                count: *count,
            })
            .collect(),
        conditions_open: row.conditions_open,
        cessations_open: row.cessations_open,
        clocks: Some(buckets(row.clocks)),
        damaged: row.damaged,
    }
}
