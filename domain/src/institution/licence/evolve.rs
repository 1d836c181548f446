//! The fold of the licence regime's events. Total: whatever was recorded leads to some state.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::{
    ApplicationState, ApplicationSubmitted, Applied, Authorization, AuthorizationKind, Cessation, Condition,
    ConditionImposed, ConditionState, Deemed, DeemedOutcome, DeemedOutcomeApplied, DismissalGround, LicenceApplication,
    LicenceGranted, Proposal, RegistryChecked, Verification,
};
use crate::aggregate::Recorded;
use crate::clock::{ClockKind, ClockRef, Deadline};
use crate::institution::{Institution, InstitutionEvent};

/// Folds one event; what it says of status and dossier is folded with the facts that it asserts.
pub(in crate::institution) fn evolve(state: &mut Institution, event: &InstitutionEvent, recorded: &Recorded<'_>) {
    clocks(state, event, recorded);
    applications(state, event, recorded);
    authorization(state, event, recorded);
}

fn act_date(recorded: &Recorded<'_>) -> Option<Date> {
    recorded.metadata.occurred.day()
}

fn clocks(state: &mut Institution, event: &InstitutionEvent, recorded: &Recorded<'_>) {
    match event {
        InstitutionEvent::ClockStarted(event) => {
            state.clocks.start(
                ClockRef {
                    kind: event.kind,
                    revision: recorded.revision,
                },
                event,
            );
            if event.kind == ClockKind::Condition {
                condition_clock(state, recorded.revision, event.due.due_date);
            }
            // A confirmed conformity starts the receipt's clock anew.
            filing_due(state, event.kind, event.application, &event.due);
        }
        InstitutionEvent::ClockPaused(event) => state.clocks.apply(event),
        InstitutionEvent::ClockResumed(event) => state.clocks.apply(event),
        InstitutionEvent::ClockExtended(event) => state.clocks.apply(event),
        InstitutionEvent::ClockRecomputed(event) => {
            let application = state.clocks.get(event.clock).and_then(|clock| clock.application);
            filing_due(state, event.clock.kind, application, &event.due);
            state.clocks.apply(event);
        }
        InstitutionEvent::ClockMet(event) => state.clocks.apply(event),
        InstitutionEvent::ClockExpired(event) => state.clocks.apply(event),
        InstitutionEvent::ClockCancelled(event) => state.clocks.apply(event),
        _ => {}
    }
}

/// What is late in a filing is told by the newest count of its clocks.
fn filing_due(state: &mut Institution, kind: ClockKind, application: Option<u32>, due: &Deadline) {
    let Some(filing) = &mut state.application else { return };
    if application != Some(filing.number) {
        return;
    }
    match kind {
        ClockKind::Receipt => filing.receipt_due = Some(due.clone()),
        ClockKind::Nonconformity => filing.nonconformity_due = Some(due.clone()),
        _ => {}
    }
}

fn applications(state: &mut Institution, event: &InstitutionEvent, recorded: &Recorded<'_>) {
    use InstitutionEvent as E;
    match event {
        E::ApplicationSubmitted(event) => submitted(state, event, recorded),
        E::DeemedOutcomeApplied(event) => deemed(state, event, recorded),
        E::RegistryChecked(event) => registry(state, event),
        _ => {}
    }
    let Some((number, to)) = moved(event) else { return };
    let Some(application) = state.licence_applications.get_mut(&number) else {
        return;
    };
    match event {
        E::ApplicationReturned(event) => {
            application.returned += 1;
            application.seen_at_return = Some(application.submitted.clone());
            for item in &event.items {
                if !application.returned_items.contains(item) {
                    application.returned_items.push(item.clone());
                }
            }
        }
        E::ApplicationAccepted(event) => {
            application.joint = event.joint;
            application.accepted_date = act_date(recorded);
        }
        E::InformationProvided(event) => {
            for paper in &event.papers {
                application.submitted.papers.retain(|held| held.kind != paper.kind);
                application.submitted.papers.push(paper.clone());
            }
        }
        E::SiteVerified(event) => {
            application.verification = Some(Verification {
                verified: event.clone(),
            });
        }
        E::DecisionProposed(event) => {
            application.proposal = Some(Proposal {
                proposed: event.clone(),
                proposer: recorded.metadata.actor.id.clone(),
                date: act_date(recorded),
            });
        }
        E::ProposalReturned(_) => application.proposal = None,
        E::ObjectionLodged(event) => application.hearing_asked |= event.hearing,
        E::ObjectionDecided(event) if event.upheld => {
            application.proposal = None;
            application.hearing_asked = false;
        }
        E::ApplicationRefused(event) => state.barred_until = state.barred_until.max(event.barred_until_date),
        E::CertificateIssued(_) => application.certificate_issued = true,
        _ => {}
    }
    if let Some(to) = to {
        application.state = to;
        application.since = act_date(recorded);
    }
}

/// Where an event leaves an application: its number and state. A deemed outcome that is taken
/// back leaves it where it must have stood for the outcome to be deemed.
pub(crate) fn standing(event: &InstitutionEvent) -> Option<(u32, ApplicationState)> {
    if let InstitutionEvent::DeemedOutcomeApplied(event) = event {
        return Some((event.application, deemed_state(event.outcome)));
    }
    if let InstitutionEvent::DeemedOutcomeReversed(event) = event {
        return Some((event.application, before_deemed(event.outcome)));
    }
    let (number, state) = moved(event)?;
    Some((number, state?))
}

const fn deemed_state(outcome: DeemedOutcome) -> ApplicationState {
    match outcome {
        DeemedOutcome::Accepted => ApplicationState::Accepted,
        DeemedOutcome::Renewed => ApplicationState::Granted,
    }
}

/// An acceptance is deemed while completeness is looked at, a renewal once it was accepted.
const fn before_deemed(outcome: DeemedOutcome) -> ApplicationState {
    match outcome {
        DeemedOutcome::Accepted => ApplicationState::Submitted,
        DeemedOutcome::Renewed => ApplicationState::Accepted,
    }
}

/// Which application an event is about, and where it leads.
fn moved(event: &InstitutionEvent) -> Option<(u32, Option<ApplicationState>)> {
    use ApplicationState as S;
    use InstitutionEvent as E;
    Some(match event {
        E::ApplicationSubmitted(event) => (event.application, Some(S::Submitted)),
        E::ApplicationReturned(event) => (event.application, Some(S::Returned)),
        E::ApplicationAccepted(event) => (event.application, Some(S::Accepted)),
        E::ApplicationDismissed(event) => (
            event.application,
            Some(match event.ground {
                DismissalGround::NotRequired => S::NotRequired,
                DismissalGround::OutOfJurisdiction => S::OutOfJurisdiction,
                DismissalGround::MatterEnded => S::Terminated,
            }),
        ),
        E::InformationRequested(event) => (event.application, Some(S::AwaitingInformation)),
        E::InformationProvided(event) => (event.application, Some(S::Accepted)),
        E::RegistryChecked(event) => (event.application?, None),
        E::SiteVerified(event) => (event.application, None),
        E::DecisionProposed(event) => (event.application, Some(S::DecisionProposed)),
        E::ProposalReturned(event) => (event.application, Some(S::Accepted)),
        E::ApplicationGranted(event) => (event.application, Some(S::Granted)),
        E::RefusalIntended(event) => (event.application, Some(S::RefusalIntended)),
        E::ObjectionLodged(event) => (event.application, Some(S::Objected)),
        E::ObjectionDecided(event) => (
            event.application,
            Some(if event.upheld { S::Accepted } else { S::RefusalIntended }),
        ),
        E::ApplicationRefused(event) => (event.application, Some(S::Refused)),
        E::ApplicationWithdrawn(event) => (event.application, Some(S::Withdrawn)),
        E::ApplicationLapsed(event) => (event.application, Some(S::Lapsed)),
        E::CertificateIssued(event) => (event.application, None),
        _ => return None,
    })
}

fn submitted(state: &mut Institution, event: &ApplicationSubmitted, recorded: &Recorded<'_>) {
    let mut submission = state.submission(
        act_date(recorded),
        &event.papers,
        event.makes_meals,
        event.premises.as_ref(),
    );
    if let Some(asked) = event.change.as_ref().and_then(|change| change.classes.clone()) {
        submission.classes = asked;
    }
    let applied = Applied {
        change: event.change.clone(),
        transfer: event.transfer.clone(),
        waiver: event.waiver.clone(),
        closing: event.closing.clone(),
    };
    state.applications = state.applications.max(event.application);
    let application = state
        .licence_applications
        .entry(event.application)
        .or_insert_with(|| LicenceApplication {
            number: event.application,
            kind: event.kind,
            state: ApplicationState::Submitted,
            since: None,
            policy: event.policy.clone(),
            first_date: submission.date,
            submitted: submission.clone(),
            applied: Applied::default(),
            accepted_date: None,
            joint: false,
            returned: 0,
            returned_items: Vec::new(),
            seen_at_return: None,
            checks: BTreeMap::new(),
            verification: None,
            proposal: None,
            hearing_asked: false,
            deemed: None,
            certificate_issued: false,
        });
    application.submitted = submission;
    application.applied = applied;
}

/// A register's word, kept by item as of the latest day. What a bureau tells of its own accord is about every open
/// application.
fn registry(state: &mut Institution, event: &RegistryChecked) {
    let news = |held: Option<&RegistryChecked>| held.is_none_or(|held| held.record_date <= event.record_date);
    if news(state.registry.get(&event.item)) {
        state.registry.insert(event.item.clone(), event.clone());
    }
    for (number, application) in &mut state.licence_applications {
        let about = event
            .application
            .map_or(!application.state.is_final(), |asked| asked == *number);
        if about && news(application.checks.get(&event.item)) {
            application.checks.insert(event.item.clone(), event.clone());
        }
    }
}

/// What the law supplied, and what stood before it: an act in time that comes to be known late takes it back.
fn deemed(state: &mut Institution, event: &DeemedOutcomeApplied, recorded: &Recorded<'_>) {
    let term_before = state
        .authorization
        .as_ref()
        .map(|held| (held.valid_from_date, held.valid_to_date));
    let Some(application) = state.licence_applications.get_mut(&event.application) else {
        return;
    };
    application.deemed = Some(Deemed {
        outcome: event.outcome,
        revision: recorded.revision,
        clock: event.clock,
        term_before: term_before.filter(|_| event.outcome == DeemedOutcome::Renewed),
    });
    if event.outcome == DeemedOutcome::Accepted {
        application.accepted_date = Some(event.effective_date);
    }
    application.state = deemed_state(event.outcome);
    application.since = act_date(recorded);
}

fn authorization(state: &mut Institution, event: &InstitutionEvent, recorded: &Recorded<'_>) {
    use InstitutionEvent as E;
    match event {
        E::FilingReceiptIssued(event) => {
            let receipt = held(
                AuthorizationKind::Receipt,
                event.receipt_number.clone(),
                event.issue_date,
                None,
                event.application,
            );
            authorize(state, receipt);
        }
        E::LicenceGranted(event) => {
            authorize(state, licence(event));
            // Who is granted a licence is up to standard.
            state.finding_date = None;
        }
        E::LicenceRenewed(event) => renewed(state, event.valid_from_date, event.valid_to_date),
        E::DeemedOutcomeReversed(event) => reversed(state, event.application),
        E::WaiverGranted(event) => with_held(state, |held| {
            held.waivers
                .insert(event.application, (event.item.clone(), event.until_date));
        }),
        E::ConditionImposed(event) => imposed(state, event),
        E::ConditionMet(event) => condition(state, event.condition, ConditionState::Met),
        E::ConditionLifted(event) => condition(state, event.condition, ConditionState::Lifted),
        E::MadeProvisional(event) => with_held(state, |held| held.provisional_until = Some(event.until_date)),
        E::StandingRestored(_) => with_held(state, |held| held.provisional_until = None),
        E::AuthorizationRevoked(event) => {
            with_held(state, |held| held.ended = Some(event.effective_date));
            state.barred_until = state.barred_until.max(event.barred_until_date);
        }
        E::AuthorizationExpired(event) => {
            with_held(state, |held| {
                held.ended = Some(event.valid_to_date.saturating_add(1.day()));
            });
        }
        E::InstitutionClosed(event) => {
            with_held(state, |held| {
                held.ended = Some(event.closing_date.saturating_add(1.day()));
            });
        }
        E::CessationOpened(event) => {
            state.cessation = Some(Cessation {
                cause: event.cause,
                children: event.children_to_place,
                placed: 0,
                enrolment_frozen_date: event.enrolment_frozen_date,
                closed: None,
            });
        }
        E::PlacementRecorded(event) => {
            if let Some(cessation) = &mut state.cessation {
                cessation.placed = cessation.placed.saturating_add(event.children);
            }
        }
        E::CessationClosed(event) => {
            if let Some(cessation) = &mut state.cessation {
                cessation.closed = Some(event.on_date);
            }
        }
        E::AuthorizationTransferred(_) => state.representatives.push(recorded.revision),
        _ => {}
    }
}

/// The one before ends where it has not ended by itself.
fn authorize(state: &mut Institution, new: Authorization) {
    if let Some(before) = state.authorization.take() {
        let ended = first_day_without(&before, new.valid_from_date);
        state.former_authorizations.push((before.valid_from_date, ended));
    }
    state.authorization = Some(new);
}

/// The term that ends stays known: what was seen on one of its days is judged by it.
fn renewed(state: &mut Institution, valid_from_date: Date, valid_to_date: Date) {
    let Some(held) = &mut state.authorization else { return };
    state
        .former_authorizations
        .push((held.valid_from_date, first_day_without(held, valid_from_date)));
    held.valid_from_date = valid_from_date;
    held.valid_to_date = Some(valid_to_date);
    held.ended = None;
}

/// The first day without an authorization that gives way to another one on `next`: where it had not ended by itself.
fn first_day_without(held: &Authorization, next: Date) -> Date {
    let ran_out = held.valid_to_date.map(|last| last.saturating_add(1.day()));
    held.ended.or(ran_out).map_or(next, |ended| ended.min(next))
}

fn with_held(state: &mut Institution, change: impl FnOnce(&mut Authorization)) {
    if let Some(held) = &mut state.authorization {
        change(held);
    }
}

fn held(
    kind: AuthorizationKind,
    number: String,
    valid_from_date: Date,
    valid_to_date: Option<Date>,
    application: u32,
) -> Authorization {
    Authorization {
        kind,
        number,
        valid_from_date,
        valid_to_date,
        provisional_until: None,
        ended: None,
        application,
        conditions: BTreeMap::new(),
        waivers: BTreeMap::new(),
    }
}

fn licence(event: &LicenceGranted) -> Authorization {
    held(
        AuthorizationKind::Licence,
        event.number.clone(),
        event.valid_from_date,
        Some(event.valid_to_date),
        event.application,
    )
}

fn imposed(state: &mut Institution, event: &ConditionImposed) {
    state.conditions = state.conditions.max(event.condition);
    with_held(state, |held| {
        let condition = Condition {
            terms: event.terms.clone(),
            state: ConditionState::Open,
            clock: None,
        };
        held.conditions.insert(event.condition, condition);
    });
}

/// A condition's clock follows it in the same decision: it is that of the first condition with its day and no clock yet.
fn condition_clock(state: &mut Institution, revision: u64, due_date: Date) {
    with_held(state, |held| {
        let mut open = held.conditions.values_mut();
        if let Some(condition) = open.find(|found| found.clock.is_none() && found.terms.due_date == due_date) {
            condition.clock = Some(ClockRef {
                kind: ClockKind::Condition,
                revision,
            });
        }
    });
}

fn condition(state: &mut Institution, number: u32, to: ConditionState) {
    with_held(state, |held| {
        if let Some(condition) = held.conditions.get_mut(&number) {
            condition.state = to;
        }
    });
}

fn reversed(state: &mut Institution, number: u32) {
    let Some(application) = state.licence_applications.get_mut(&number) else {
        return;
    };
    let Some(deemed) = application.deemed.take() else {
        return;
    };
    if deemed.outcome == DeemedOutcome::Accepted {
        application.accepted_date = None;
    }
    application.state = before_deemed(deemed.outcome);
    if let Some((valid_from_date, valid_to_date)) = deemed.term_before {
        with_held(state, |held| {
            held.valid_from_date = valid_from_date;
            held.valid_to_date = valid_to_date;
        });
    }
}
