//! Admission by plain loops over what was recorded, written from the course of an application and not from the SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use jiff::ToSpan as _;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::clock::{ClockKind, ClockOwner, ClockRef, Unit};
use yujian_domain::envelope::{Classification, parse_metadata};
use yujian_domain::event::EventFamily as _;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, DeemedOutcome, DismissalGround, InstitutionEvent, ProposedOutcome, Status,
};
use yujian_eventlog::{EventLog, Item};
use yujian_views::ClockBucket;

/// An application.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    pub kind: Option<ApplicationKind>,
    pub state: Option<ApplicationState>,
    pub since: Option<Date>,
    pub shown: Option<ApplicationState>,
    pub submitted: Option<Date>,
    pub returned: u32,
    pub items: Vec<(u32, String)>,
    pub proposed: Option<(ProposedOutcome, bool)>,
    pub deemed: Option<(DeemedOutcome, bool)>,
    pub decided: Option<(Date, bool)>,
    pub certificate: Option<(Date, bool)>,
    /// Events that name it.
    pub events: usize,
}

impl Applied {
    pub fn open(&self) -> bool {
        use ApplicationState as S;
        !matches!(
            self.state.unwrap(),
            S::Granted | S::Refused | S::Withdrawn | S::Lapsed | S::NotRequired | S::OutOfJurisdiction
        )
    }

    /// The state that a caller is told.
    pub fn told(&self, operator: bool) -> ApplicationState {
        if operator { self.shown } else { self.state }.unwrap()
    }

    pub fn last_items(&self) -> BTreeSet<&str> {
        let last = self.items.iter().filter(|(number, _)| *number == self.returned);
        last.map(|(_, item)| item.as_str()).collect()
    }
}

/// A clock.
#[derive(Debug, Clone)]
pub struct Ticking {
    pub application: Option<u32>,
    pub unit: Unit,
    pub due: Date,
    pub provisional: bool,
    pub state: &'static str,
    pub paused_from: Option<Date>,
    pub settled: bool,
    pub implied: bool,
    pub ended: Option<Date>,
    pub late: bool,
    pub steps: usize,
}

impl Ticking {
    pub fn waiting(&self, kind: ClockKind) -> bool {
        let right = matches!(
            kind,
            ClockKind::Waiver | ClockKind::RenewalAsk | ClockKind::HearingRequest
        );
        match self.state {
            "running" | "paused" => true,
            "expired" => !right && !self.settled,
            _ => false,
        }
    }

    pub fn bucket(&self, kind: ClockKind, at: Date, soon: Date) -> ClockBucket {
        if !self.waiting(kind) {
            ClockBucket::None
        } else if self.state == "paused" {
            ClockBucket::Paused
        } else if self.state == "expired" || (at > self.due && !self.provisional) {
            ClockBucket::Overdue
        } else if soon >= self.due {
            ClockBucket::DueSoon
        } else {
            ClockBucket::Ample
        }
    }
}

/// A term of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub number: Option<String>,
    pub application: u32,
    pub from: Date,
    pub to: Option<Date>,
    pub provisional: Option<Date>,
    pub suspended: bool,
    pub ended: Option<(&'static str, Date)>,
    pub renewal: bool,
}

impl Term {
    pub fn state(&self) -> &'static str {
        match (self.ended, self.suspended, self.provisional) {
            (Some((how, _)), ..) => how,
            (None, true, _) => "suspended",
            (None, false, Some(_)) => "provisional",
            _ => "active",
        }
    }
}

/// Admission of one institution.
#[derive(Debug, Clone, Default)]
pub struct Admitted {
    pub applications: BTreeMap<u32, Applied>,
    pub clocks: BTreeMap<ClockRef, Ticking>,
    pub terms: Vec<Term>,
    pub conditions: BTreeMap<u32, (&'static str, bool)>,
    pub waivers: BTreeMap<u32, Date>,
    pub cessations: Vec<(u32, Option<Date>)>,
}

impl Admitted {
    /// The clock that an application waits for first.
    pub fn first(&self, number: u32) -> Option<(ClockRef, &Ticking)> {
        let waiting = self
            .clocks
            .iter()
            .filter(|(name, clock)| clock.application == Some(number) && clock.waiting(name.kind));
        let rank = |(name, clock): &(&ClockRef, &Ticking)| {
            let state = ["expired", "running", "paused"]
                .iter()
                .position(|state| *state == clock.state);
            (
                name.kind.owner() == ClockOwner::Applicant,
                state,
                clock.due,
                name.kind.code(),
                name.revision,
            )
        };
        waiting.min_by_key(rank).map(|(name, clock)| (*name, clock))
    }

    pub fn bucket(&self, number: u32, at: Date, soon: Date) -> ClockBucket {
        self.first(number)
            .map_or(ClockBucket::None, |(name, clock)| clock.bucket(name.kind, at, soon))
    }

    /// The last term that was not taken back.
    pub fn last_term(&self) -> Option<&Term> {
        self.terms.iter().rev().find(|term| term.state() != "reversed")
    }

    fn held(&mut self) -> Option<&mut Term> {
        let last = self.terms.iter_mut().rev().find(|term| term.state() != "reversed");
        last.filter(|term| term.ended.is_none())
    }

    fn take(&mut self, event: &InstitutionEvent, revision: u64, day: Option<Date>, shown: bool) {
        self.application(event, day, shown);
        self.clock(event, revision, day);
        self.term(event);
        self.rest(event);
    }

    fn application(&mut self, event: &InstitutionEvent, day: Option<Date>, shown: bool) {
        use ApplicationState as S;
        use InstitutionEvent as E;
        let (number, to) = match event {
            E::FilingSubmitted(e) => (e.application, Some(S::Submitted)),
            E::ApplicationSubmitted(e) => (e.application, Some(S::Submitted)),
            E::FilingReturned(e) => (e.application, Some(S::Returned)),
            E::ApplicationReturned(e) => (e.application, Some(S::Returned)),
            E::FilingAccepted(e) => (e.application, Some(S::Accepted)),
            E::ApplicationAccepted(e) => (e.application, Some(S::Accepted)),
            E::FilingWithdrawn(e) => (e.application, Some(S::Withdrawn)),
            E::ApplicationWithdrawn(e) => (e.application, Some(S::Withdrawn)),
            E::FilingReceiptIssued(e) => (e.application, Some(S::Granted)),
            E::ApplicationGranted(e) => (e.application, Some(S::Granted)),
            E::ApplicationDismissed(e) => {
                let needless = e.ground == DismissalGround::NotRequired;
                (
                    e.application,
                    Some(if needless { S::NotRequired } else { S::OutOfJurisdiction }),
                )
            }
            E::InformationRequested(e) => (e.application, Some(S::AwaitingInformation)),
            E::InformationProvided(e) => (e.application, Some(S::Accepted)),
            E::SiteVerified(e) => (e.application, None),
            E::DecisionProposed(e) => (e.application, Some(S::DecisionProposed)),
            E::ProposalReturned(e) => (e.application, Some(S::Accepted)),
            E::RefusalIntended(e) => (e.application, Some(S::RefusalIntended)),
            E::ObjectionLodged(e) => (e.application, Some(S::Objected)),
            E::ObjectionDecided(e) => (
                e.application,
                Some(if e.upheld { S::Accepted } else { S::RefusalIntended }),
            ),
            E::ApplicationRefused(e) => (e.application, Some(S::Refused)),
            E::ApplicationLapsed(e) => (e.application, Some(S::Lapsed)),
            E::DeemedOutcomeApplied(e) => {
                let renewed = e.outcome == DeemedOutcome::Renewed;
                (e.application, Some(if renewed { S::Granted } else { S::Accepted }))
            }
            E::DeemedOutcomeReversed(e) => {
                let renewed = e.outcome == DeemedOutcome::Renewed;
                (e.application, Some(if renewed { S::Accepted } else { S::Submitted }))
            }
            E::CertificateIssued(e) => (e.application, None),
            _ => return,
        };
        let it = self.applications.entry(number).or_default();
        it.events += 1;
        if event.event_type().contains(".Filing") {
            it.kind = it.kind.or(Some(ApplicationKind::Filing));
        }
        match event {
            E::FilingSubmitted(_) => {
                it.submitted = it.submitted.or(day);
            }
            E::ApplicationSubmitted(e) => {
                it.kind = it.kind.or(Some(e.kind));
                it.submitted = it.submitted.or(day);
            }
            E::FilingReturned(e) => {
                it.returned += 1;
                it.items
                    .extend(e.items.iter().map(|item| (it.returned, item.item.clone())));
            }
            E::ApplicationReturned(e) => {
                it.returned += 1;
                it.items
                    .extend(e.items.iter().map(|item| (it.returned, item.item.clone())));
            }
            E::FilingReceiptIssued(e) => it.decided = Some((e.issue_date, e.late)),
            E::ApplicationGranted(e) => it.decided = Some((e.decision_date, e.late)),
            E::ApplicationRefused(e) => it.decided = Some((e.decision_date, e.late)),
            E::CertificateIssued(e) => it.certificate = Some((e.issue_date, e.late)),
            E::DecisionProposed(e) => it.proposed = Some((e.outcome, shown)),
            E::ProposalReturned(_) => it.proposed = None,
            E::ObjectionDecided(e) if e.upheld => it.proposed = None,
            E::DeemedOutcomeApplied(e) => it.deemed = Some((e.outcome, false)),
            E::DeemedOutcomeReversed(e) => it.deemed = Some((e.outcome, true)),
            _ => {}
        }
        if it.decided.is_some()
            && matches!(
                event,
                E::ApplicationGranted(_) | E::ApplicationRefused(_) | E::FilingReceiptIssued(_)
            )
        {
            it.proposed = it.proposed.map(|(outcome, _)| (outcome, true));
        }
        if let Some(to) = to {
            (it.state, it.since) = (Some(to), day);
            if shown {
                it.shown = Some(to);
            }
        }
        it.state = it.state.or(Some(S::Submitted));
        it.shown = it.shown.or(Some(S::Submitted));
    }

    fn clock(&mut self, event: &InstitutionEvent, revision: u64, day: Option<Date>) {
        use InstitutionEvent as E;
        let mut end = |application: Option<u32>, how: &'static str, on: Option<Date>, late: bool| {
            for clock in self.clocks.values_mut() {
                if clock.implied
                    && clock.state == "running"
                    && application.is_none_or(|of| clock.application == Some(of))
                {
                    (clock.state, clock.ended, clock.late) = (how, on.or(day), late);
                    clock.steps += 1;
                }
            }
        };
        match event {
            E::FilingAccepted(e) => {
                end(Some(e.application), "cancelled", None, false);
                let told = self.clocks.iter().any(|(name, clock)| {
                    name.kind == ClockKind::Receipt
                        && !clock.implied
                        && clock.application == Some(e.application)
                        && clock.waiting(name.kind)
                });
                if !told {
                    let name = ClockRef {
                        kind: ClockKind::Receipt,
                        revision,
                    };
                    self.clocks.insert(
                        name,
                        ticking(
                            Some(e.application),
                            Unit::FixedDay,
                            e.receipt_due.due_date,
                            e.receipt_due.provisional,
                            true,
                        ),
                    );
                }
            }
            E::FilingSubmitted(e) => end(Some(e.application), "cancelled", None, false),
            E::FilingReturned(e) => end(Some(e.application), "cancelled", None, false),
            E::FilingWithdrawn(e) => end(Some(e.application), "cancelled", None, false),
            E::FilingReceiptIssued(e) => end(Some(e.application), "met", Some(e.issue_date), e.late),
            E::NonconformityNotified(_) => end(None, "cancelled", None, false),
            E::InstitutionClosed(e) => end(None, "cancelled", Some(e.closing_date), false),
            E::ConformityConfirmed(e) if e.status == Status::Accepted => {
                let accepted = |clock: &Ticking| {
                    self.applications[&clock.application.unwrap()].state == Some(ApplicationState::Accepted)
                };
                let last = self
                    .clocks
                    .iter_mut()
                    .rev()
                    .find(|(_, clock)| clock.implied && clock.state == "cancelled" && accepted(clock));
                if let Some((_, clock)) = last {
                    (clock.state, clock.ended, clock.late) = ("running", None, false);
                    clock.steps += 1;
                }
            }
            E::ClockStarted(e) => {
                if e.kind == ClockKind::Receipt {
                    self.clocks.retain(|_, clock| {
                        !(clock.implied && clock.state == "running" && clock.application == e.application)
                    });
                }
                let name = ClockRef { kind: e.kind, revision };
                self.clocks.insert(
                    name,
                    ticking(e.application, e.unit, e.due.due_date, e.due.provisional, false),
                );
            }
            _ => {}
        }
        self.tick(event);
        let over = |clock: &mut Ticking| clock.settled |= clock.state == "expired";
        let followed = match event {
            E::DeemedOutcomeApplied(e) => Some(e.clock),
            E::ApplicationLapsed(e) => Some(e.clock),
            _ => None,
        };
        if let Some(clock) = followed.and_then(|name| self.clocks.get_mut(&name)) {
            clock.settled = true;
        }
        let ended = match event {
            // The decision that was not made is not owed any more.
            E::DeemedOutcomeApplied(e) if e.outcome == DeemedOutcome::Renewed => Some(e.application),
            E::ApplicationLapsed(e) => Some(e.application),
            E::FilingWithdrawn(e) => Some(e.application),
            E::FilingReceiptIssued(e) => Some(e.application),
            E::ApplicationGranted(e) => Some(e.application),
            E::ApplicationRefused(e) => Some(e.application),
            E::ApplicationWithdrawn(e) => Some(e.application),
            E::ApplicationDismissed(e) => Some(e.application),
            _ => None,
        };
        if let E::DeemedOutcomeReversed(e) = event
            && e.outcome == DeemedOutcome::Renewed
        {
            let own = |clock: &&mut Ticking| clock.application == Some(e.application) && clock.state == "expired";
            self.clocks
                .values_mut()
                .filter(own)
                .for_each(|clock| clock.settled = false);
        }
        for (name, clock) in &mut self.clocks {
            let of = ended.is_some() && clock.application == ended;
            let all = match event {
                E::InstitutionClosed(_) => name.kind != ClockKind::Cessation,
                E::CessationClosed(_) => name.kind == ClockKind::Cessation,
                E::RegimeChanged(_) => name.kind == ClockKind::Migration,
                E::AuthorizationExpired(_) => name.kind == ClockKind::Renewal,
                _ => false,
            };
            if of || all {
                over(clock);
            }
        }
    }

    fn tick(&mut self, event: &InstitutionEvent) {
        use InstitutionEvent as E;
        let name = match event {
            E::ClockPaused(e) => e.clock,
            E::ClockResumed(e) => e.clock,
            E::ClockExtended(e) => e.clock,
            E::ClockRecomputed(e) => e.clock,
            E::ClockMet(e) => e.clock,
            E::ClockExpired(e) => e.clock,
            E::ClockCancelled(e) => e.clock,
            _ => return,
        };
        let Some(clock) = self.clocks.get_mut(&name) else {
            return;
        };
        clock.steps += 1;
        let due = match event {
            E::ClockResumed(e) => Some(&e.due),
            E::ClockExtended(e) => Some(&e.due),
            E::ClockRecomputed(e) => Some(&e.due),
            _ => None,
        };
        if let Some(due) = due {
            (clock.due, clock.provisional) = (due.due_date, due.provisional);
        }
        // What was told in time and is known late takes back that the clock has run out.
        if matches!(event, E::ClockPaused(_) | E::ClockExtended(_)) && clock.state == "expired" {
            (clock.state, clock.ended, clock.late) = ("running", None, false);
        }
        match event {
            E::ClockPaused(e) => (clock.state, clock.paused_from) = ("paused", Some(e.from_date)),
            E::ClockResumed(_) => clock.state = "running",
            E::ClockMet(e) => (clock.state, clock.ended, clock.late) = ("met", Some(e.on_date), e.late),
            E::ClockExpired(e) => (clock.state, clock.ended, clock.late) = ("expired", Some(e.due_date), true),
            E::ClockCancelled(e) => (clock.state, clock.ended) = ("cancelled", Some(e.on_date)),
            _ => {}
        }
    }

    fn term(&mut self, event: &InstitutionEvent) {
        use InstitutionEvent as E;
        let fresh = |number: &str, application, from, to| Term {
            number: Some(number.to_owned()),
            application,
            from,
            to,
            provisional: None,
            suspended: false,
            ended: None,
            renewal: false,
        };
        let again = |terms: &[Term], application, from| {
            let last = terms.iter().rev().find(|term| term.state() != "reversed").cloned();
            Term {
                application,
                from,
                ended: None,
                renewal: false,
                ..last.unwrap_or_else(|| Term {
                    number: None,
                    ..fresh("", application, from, None)
                })
            }
        };
        let next = match event {
            E::FilingReceiptIssued(e) => fresh(&e.receipt_number, e.application, e.issue_date, None),
            E::LicenceGranted(e) => fresh(&e.number, e.application, e.valid_from_date, Some(e.valid_to_date)),
            E::LicenceRenewed(e) => Term {
                to: Some(e.valid_to_date),
                renewal: true,
                ..again(&self.terms, e.application, e.valid_from_date)
            },
            E::AuthorizationTransferred(e) => again(&self.terms, e.application, e.effective_date),
            _ => return self.term_ends(event),
        };
        if let Some(held) = self.held() {
            held.ended = Some(("superseded", next.from));
        }
        self.terms.push(next);
    }

    fn term_ends(&mut self, event: &InstitutionEvent) {
        use InstitutionEvent as E;
        if let E::DeemedOutcomeReversed(e) = event
            && e.outcome == DeemedOutcome::Renewed
        {
            let renewed = |term: &Term| term.renewal && term.application == e.application && term.state() != "reversed";
            if let Some(at) = self.terms.iter().rposition(renewed) {
                let from = self.terms[at].from;
                self.terms[at].ended = Some(("reversed", from));
                if let Some(before) = self.terms[..at]
                    .iter_mut()
                    .rev()
                    .find(|term| term.state() != "reversed")
                    && before.state() == "superseded"
                {
                    before.ended = None;
                }
            }
            return;
        }
        let Some(held) = self.held() else { return };
        match event {
            E::MadeProvisional(e) => held.provisional = Some(e.until_date),
            E::StandingRestored(_) => held.provisional = None,
            E::InstitutionSuspended(_) => held.suspended = true,
            E::InstitutionResumed(_) => held.suspended = false,
            E::AuthorizationRevoked(e) => held.ended = Some(("revoked", e.effective_date)),
            E::AuthorizationExpired(e) => held.ended = Some(("expired", e.valid_to_date + 1.day())),
            E::InstitutionClosed(e) => held.ended = Some(("closed", e.closing_date + 1.day())),
            _ => {}
        }
    }

    fn rest(&mut self, event: &InstitutionEvent) {
        use InstitutionEvent as E;
        match event {
            E::ConditionImposed(e) => {
                self.conditions.insert(e.condition, ("open", false));
            }
            E::ConditionMet(e) => {
                self.conditions
                    .entry(e.condition)
                    .and_modify(|it| *it = ("met", e.late));
            }
            E::ConditionLifted(e) => {
                self.conditions
                    .entry(e.condition)
                    .and_modify(|it| *it = ("lifted", false));
            }
            E::WaiverGranted(e) => {
                self.waivers.insert(e.application, e.until_date);
            }
            E::CessationOpened(_) => self.cessations.push((0, None)),
            E::PlacementRecorded(e) => {
                if let Some(last) = self.cessations.last_mut() {
                    last.0 += e.children;
                }
            }
            E::CessationClosed(e) => {
                if let Some(last) = self.cessations.last_mut() {
                    last.1 = Some(e.on_date);
                }
            }
            _ => {}
        }
    }
}

fn ticking(application: Option<u32>, unit: Unit, due: Date, provisional: bool, implied: bool) -> Ticking {
    Ticking {
        application,
        unit,
        due,
        provisional,
        state: "running",
        paused_from: None,
        settled: false,
        implied,
        ended: None,
        late: false,
        steps: 1,
    }
}

/// Admission of every institution in a log.
pub async fn admitted(log: &impl Deref<Target = impl EventLog + ?Sized>) -> BTreeMap<Uuid, Admitted> {
    let mut all: BTreeMap<Uuid, Admitted> = BTreeMap::new();
    let mut at = log.origin();
    loop {
        let page = log.read_all(at, 1_000).await.unwrap();
        for item in &page.items {
            let Item::Record(record) = item else { continue };
            if record.stream.category() != "institution" {
                continue;
            }
            let Some(event) = InstitutionEvent::decode(&record.event_type, &record.payload).unwrap() else {
                continue;
            };
            let metadata = parse_metadata(&record.metadata).unwrap();
            let shown = metadata.classification != Classification::Regulator;
            let id = Uuid::parse_str(record.stream.id()).unwrap();
            all.entry(id)
                .or_default()
                .take(&event, record.revision, metadata.occurred.day(), shown);
        }
        at = page.next;
        if page.caught_up {
            return all;
        }
    }
}
