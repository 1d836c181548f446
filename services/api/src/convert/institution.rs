//! The state of an institution as it goes out.

use uuid::Uuid;
use yujian_command::Outcome;
use yujian_domain::clock::{Clock, ClockRef, Clocks};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{
    self, Application, ApplicationState, Applied, Authorization, Cessation, ChangeAsked, ClosingAsked, ConditionTerms,
    DecisionProposed, Institution, LicenceApplication, NonconformityReason, Paper, Premises, Proposal, RegistryChecked,
    ReturnedItem, SiteVerified, TransferAsked, WaiverAsked,
};
use yujian_proto::licensing::v1 as pb;

use crate::codes::{Coded, number_of};
use crate::convert::inspection::INSPECTIONS;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::{command_reply, date, deadline, policy, region};
use crate::labels::{returned_item_en, returned_item_zh};

/// The answer to a command, as the caller may see it.
pub(crate) fn reply(outcome: &Outcome<Institution>, actor: &Actor) -> pb::InstitutionReply {
    pb::InstitutionReply {
        institution: Some(institution(outcome.id, &outcome.state, actor)),
        command: Some(command_reply(outcome)),
    }
}

/// An institution as the caller may see it.
pub(crate) fn institution(id: Uuid, state: &Institution, actor: &Actor) -> pb::Institution {
    pb::Institution {
        name: format!("{INSTITUTIONS}/{id}"),
        state: state.status.number(),
        display_name: state.name.clone(),
        credit_code: state.credit_code.as_ref().map(ToString::to_string).unwrap_or_default(),
        region: state.region.as_ref().map(region),
        address: state.address.clone().unwrap_or_default(),
        institution_type: number_of(state.institution_type),
        also_types: state.also_types.iter().map(|one| one.number()).collect(),
        classes: state.classes.iter().map(class_out).collect(),
        places: state.places(),
        application: state.application.as_ref().map(filing),
        receipt_number: state.receipt_number.clone().unwrap_or_default(),
        suspension: state.suspension.as_ref().map(|suspension| pb::Suspension {
            kind: suspension.kind.number(),
            from_date: Some(date(suspension.from_date)),
            until_date: suspension.until_date.map(date),
        }),
        licence_applications: state
            .licence_applications
            .values()
            .map(|application| licence_application(application, actor))
            .collect(),
        authorization: state.authorization.as_ref().map(authorization),
        clocks: clocks(&state.clocks, |_| true),
        cessation: state.cessation.as_ref().map(cessation),
        barred_until_date: state.barred_until.map(date),
    }
}

/// A class as it goes out.
pub(crate) fn class_out(class: &institution::Class) -> pb::Class {
    pb::Class {
        name: class.name.clone(),
        class_type: class.class_type.number(),
        places: class.places.count(),
    }
}

/// What stands in the way of papers.
pub(crate) fn returned_items(items: &[ReturnedItem]) -> Vec<pb::ReturnedItem> {
    let item = |item: &ReturnedItem| pb::ReturnedItem {
        item: item.item.clone(),
        rule: item.rule.clone(),
        problem: item.problem.number(),
        label_zh: returned_item_zh(item),
        label_en: returned_item_en(item),
    };
    items.iter().map(item).collect()
}

fn filing(application: &Application) -> pb::Application {
    pb::Application {
        number: application.number,
        times_returned: application.returned,
        returned_items: returned_items(&application.returned_items),
        accepted_date: application.accepted_date.map(date),
        receipt_due: application.receipt_due.as_ref().map(deadline),
        nonconformity_due: application.nonconformity_due.as_ref().map(deadline),
    }
}

/// Where an application stands, as far as the caller may know: a proposed decision is accepted still to all but the
/// authority.
pub(crate) fn told_state(application: &LicenceApplication, actor: &Actor) -> ApplicationState {
    match application.state {
        ApplicationState::DecisionProposed if matches!(actor.role, Role::Operator | Role::Bureau) => {
            ApplicationState::Accepted
        }
        state => state,
    }
}

fn licence_application(application: &LicenceApplication, actor: &Actor) -> pb::LicenceApplication {
    let Applied {
        change,
        transfer,
        waiver,
        closing,
    } = &application.applied;
    // A proposal is the authority's own draft: until it is decided, nobody else is told that there is one, nor since when.
    let of_authority = !matches!(actor.role, Role::Operator | Role::Bureau);
    let state = told_state(application, actor);
    let unknown_since = !of_authority && application.proposal.is_some() && state == ApplicationState::Accepted;
    pb::LicenceApplication {
        number: application.number,
        kind: application.kind.number(),
        state: state.number(),
        since_date: application.since.filter(|_| !unknown_since).map(date),
        policy: policy(&application.policy),
        first_date: application.first_date.map(date),
        joint: application.joint,
        times_returned: application.returned,
        returned_items: returned_items(&application.returned_items),
        checks: application.checks.values().map(registry_check).collect(),
        verification: application
            .verification
            .as_ref()
            .map(|verification| site_verification(&verification.verified)),
        proposal: application.proposal.as_ref().filter(|_| of_authority).map(proposal),
        hearing_asked: application.hearing_asked,
        deemed: number_of(application.deemed.as_ref().map(|deemed| deemed.outcome)),
        certificate_issued: application.certificate_issued,
        change: change.as_ref().map(asked_change),
        transfer: transfer.as_ref().map(asked_transfer),
        waiver: waiver.as_ref().map(asked_waiver),
        closing: closing.as_ref().map(asked_closing),
    }
}

/// What a change asks for.
pub(crate) fn asked_change(change: &ChangeAsked) -> pb::ChangeAsked {
    pb::ChangeAsked {
        display_name: change.name.clone(),
        classes: change.classes.iter().flatten().map(class_out).collect(),
        without_classes: change.classes.as_ref().is_some_and(Vec::is_empty),
    }
}

/// To whom a transfer goes; the representative is sealed and left out.
pub(crate) fn asked_transfer(transfer: &TransferAsked) -> pb::TransferAsked {
    pb::TransferAsked {
        credit_code: transfer.credit_code.to_string(),
        representative: None,
    }
}

/// What a waiver asks for.
pub(crate) fn asked_waiver(waiver: &WaiverAsked) -> pb::WaiverAsked {
    pb::WaiverAsked {
        item: waiver.item.clone(),
        until_date: Some(date(waiver.until_date)),
    }
}

/// What a closing says.
pub(crate) fn asked_closing(closing: &ClosingAsked) -> pb::ClosingAsked {
    pb::ClosingAsked {
        closing_date: Some(date(closing.closing_date)),
        children_to_place: closing.children_to_place,
    }
}

/// A paper as it goes out.
pub(crate) fn paper_out(paper: &Paper) -> pb::Paper {
    pb::Paper {
        kind: paper.kind.number(),
        issuer: paper.issuer.clone().unwrap_or_default(),
        number: paper.number.clone().unwrap_or_default(),
        issue_date: paper.issue_date.map(date),
        expiry_date: paper.expiry_date.map(date),
        sha256: paper.sha256.clone().unwrap_or_default(),
        passed: paper.passed,
    }
}

/// The premises as they go out.
pub(crate) fn premises_out(premises: &Premises) -> pb::Premises {
    pb::Premises {
        tenure: premises.tenure.number(),
        lease_start_date: premises.lease_start_date.map(date),
        lease_end_date: premises.lease_end_date.map(date),
        highest_floor: Some(premises.highest_floor),
        lowest_floor: Some(premises.lowest_floor),
        area_cm2: premises.area_cm2,
        built_area_cm2: premises.built_area_cm2,
        outdoor_area_cm2: premises.outdoor_area_cm2,
    }
}

/// What a register said.
pub(crate) fn registry_check(check: &RegistryChecked) -> pb::RegistryCheck {
    pb::RegistryCheck {
        source: check.source.number(),
        item: check.item.clone(),
        number: check.number.clone().unwrap_or_default(),
        outcome: check.outcome.number(),
        valid_to_date: check.valid_to_date.map(date),
        record_date: Some(date(check.record_date)),
    }
}

/// A verification on site.
pub(crate) fn site_verification(verified: &SiteVerified) -> pb::SiteVerification {
    pb::SiteVerification {
        visit_date: Some(date(verified.visit_date)),
        verifiers: verified
            .verifiers
            .iter()
            .map(|verifier| pb::Verifier {
                account: verifier.account.clone(),
                certificate: verifier.certificate.clone(),
            })
            .collect(),
        outcome: verified.outcome.number(),
        items: returned_items(&verified.items),
        inspection: verified
            .inspection
            .map(|id| format!("{INSPECTIONS}/{id}"))
            .unwrap_or_default(),
    }
}

fn proposal(proposal: &Proposal) -> pb::Proposal {
    pb::Proposal {
        proposer: proposal.proposer.clone(),
        ..draft(&proposal.proposed)
    }
}

/// What is proposed, without its proposer.
pub(crate) fn draft(proposed: &DecisionProposed) -> pb::Proposal {
    let reason = |reason: &NonconformityReason| pb::NonconformityReason {
        item: reason.item.clone(),
        description: reason.description.clone(),
    };
    pb::Proposal {
        outcome: proposed.outcome.number(),
        conditions: proposed.conditions.iter().map(terms).collect(),
        reasons: proposed.reasons.iter().map(reason).collect(),
        deceit: number_of(proposed.deceit),
        proposer: String::new(),
    }
}

/// Terms of a condition.
pub(crate) fn terms(terms: &ConditionTerms) -> pb::ConditionTerms {
    pb::ConditionTerms {
        item: terms.item.clone(),
        text: terms.text.clone(),
        due_date: Some(date(terms.due_date)),
        until_date: terms.until_date.map(date),
    }
}

fn authorization(authorization: &Authorization) -> pb::Authorization {
    pb::Authorization {
        kind: authorization.kind.number(),
        number: authorization.number.clone(),
        valid_from_date: Some(date(authorization.valid_from_date)),
        valid_to_date: authorization.valid_to_date.map(date),
        provisional_until_date: authorization.provisional_until.map(date),
        ended_date: authorization.ended.map(date),
        application: authorization.application,
        conditions: authorization
            .conditions
            .iter()
            .map(|(number, condition)| pb::Condition {
                condition: *number,
                terms: Some(terms(&condition.terms)),
                state: condition.state.number(),
            })
            .collect(),
        waivers: authorization
            .waivers
            .iter()
            .map(|(application, (item, until))| pb::Waiver {
                application: *application,
                item: item.clone(),
                until_date: Some(date(*until)),
            })
            .collect(),
    }
}

/// The clocks that `shown` picks, in the order in which they began.
pub(crate) fn clocks(clocks: &Clocks, shown: impl Fn(&Clock) -> bool) -> Vec<pb::Clock> {
    let mut told: Vec<(ClockRef, &Clock)> = clocks.iter().filter(|(_, clock)| shown(clock)).collect();
    told.sort_by_key(|(name, _)| name.revision);
    told.into_iter().map(|(name, clock)| clock_out(name, clock)).collect()
}

fn clock_out(name: ClockRef, clock: &Clock) -> pb::Clock {
    pb::Clock {
        clock: name.to_string(),
        kind: clock.kind.number(),
        owner: clock.kind.owner().number(),
        application: clock.application,
        state: clock.state.number(),
        from_date: Some(date(clock.from_date)),
        unit: clock.unit.number(),
        count: clock.count,
        extension: clock.extension,
        pauses: clock
            .pauses
            .iter()
            .map(|pause| pb::ClockPause {
                reason: pause.reason.number(),
                from_date: Some(date(pause.from_date)),
                to_date: pause.to_date.map(date),
            })
            .collect(),
        due: Some(deadline(&clock.due)),
        ended_date: clock.ended.map(date),
        late: clock.late,
    }
}

fn cessation(cessation: &Cessation) -> pb::Cessation {
    pb::Cessation {
        cause: cessation.cause.number(),
        children_to_place: cessation.children,
        children_placed: cessation.placed,
        enrolment_frozen_date: Some(date(cessation.enrolment_frozen_date)),
        closed_date: cessation.closed.map(date),
    }
}
