//! What a grant brings, by what was applied for.

use jiff::ToSpan;
use jiff::civil::Date;

use super::case::Case;
use super::register::text_subject;
use super::{begins, clocking, ending};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, Unit};
use crate::envelope::Classification;
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationGranted, ApplicationKind, AuthorizationKind, AuthorizationTransferred, CessationCause, ClassesChanged,
    ClosingAsked, ConditionImposed, ConditionTerms, DetailsChanged, Institution, InstitutionClosed, InstitutionEvent,
    LicenceGranted, LicenceRenewed, Regime, RegimeChanged, WaiverGranted,
};
use crate::personal::Personal;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::start_of;

type Events = Vec<Decided<InstitutionEvent>>;

/// A grant on the day of the case.
pub(super) struct Grant<'a> {
    /// The institution.
    pub(super) state: &'a Institution,
    /// The application; its day is that of the decision.
    pub(super) case: Case<'a>,
    /// First day of what is granted.
    pub(super) from: Date,
    /// Number of the licence.
    pub(super) number: Option<&'a str>,
    /// Conditions that go with it.
    pub(super) conditions: &'a [ConditionTerms],
    /// Last day of the term before a deemed renewal which this grant replaces.
    pub(super) term_before: Option<Date>,
    /// Where the decision is made.
    pub(super) context: &'a Context<'a>,
}

/// Whether a grant of this kind leads to a certificate (行政许可法 §44): what the licence says is new.
pub(super) const fn has_certificate(kind: ApplicationKind) -> bool {
    matches!(
        kind,
        ApplicationKind::Licence | ApplicationKind::Change | ApplicationKind::Renewal | ApplicationKind::Transfer
    )
}

/// The last day of a term of `months` that begins on `from`.
// rule: ADM-58
pub(super) fn last_day_of_term(from: Date, months: u32) -> Date {
    from.saturating_add(i64::from(months).months()).saturating_sub(1.day())
}

/// The day after; the end of the calendar stands.
pub(super) fn day_after(day: Date) -> Date {
    day.saturating_add(1.day())
}

/// The clocks of a licence that ends on `valid_to`: by when its renewal is asked for, and its last day.
// rule: ADM-58, ADM-60
pub(super) fn term_clocks(case: &Case<'_>, valid_to: Date) -> [Decided<InstitutionEvent>; 2] {
    let ask_by = valid_to.saturating_sub(i64::from(case.policy.renewal_ask_days).days());
    let policy = &case.application.policy;
    [(ClockKind::RenewalAsk, ask_by), (ClockKind::Renewal, valid_to)]
        .map(|(kind, until)| clocking::start_fixed(kind, None, case.day, until, policy))
}

impl Grant<'_> {
    /// Everything that follows, in order: the grant, what it grants, its conditions, the clocks that it ends and starts.
    ///
    /// # Errors
    /// `INVALID_FIELD` when it would begin before the institution's present state, `REVIEW_INCOMPLETE` for a closing
    /// whose last day of service has not come.
    pub(super) fn events(&self) -> Result<Events, Rejection> {
        let kind = self.case.application.kind;
        let clock = self.case.decision_clock(self.state);
        let granted = ApplicationGranted {
            application: self.case.number(),
            decision_date: self.case.day,
            late: clock.is_some_and(|(_, clock)| clocking::is_late(clock, self.case.day, self.context)),
        };
        // A renewal that was deemed holds from the day after the term, and so does what replaces it.
        let holds_from = self.term_before.map_or(self.case.day, day_after);
        let mut events = vec![self.public(granted, holds_from)];
        match kind {
            ApplicationKind::Licence => events.extend(self.licence()?),
            ApplicationKind::Change => events.extend(self.change()),
            ApplicationKind::Renewal => events.extend(self.renewal()),
            ApplicationKind::Transfer => events.extend(self.transfer()),
            ApplicationKind::Waiver => events.extend(self.waiver()),
            ApplicationKind::Closing => events.extend(self.closing()?),
            ApplicationKind::Filing => {}
        }
        Ok(events)
    }

    // rule: ADM-58
    fn licence(&self) -> Result<Events, Rejection> {
        let number = Some(self.case.number());
        let valid_to_date = last_day_of_term(self.from, self.case.policy.term_months);
        let mut granted = self.public(
            LicenceGranted {
                application: self.case.number(),
                number: self.number.unwrap_or_default().to_owned(),
                valid_from_date: self.from,
                valid_to_date,
            },
            self.from,
        );
        granted.effective_from = Some(begins(self.state, "effective_date", self.from)?);
        let mut events = vec![granted];
        events.extend(self.imposed());
        let receipt = self.state.authorization.as_ref();
        if receipt.is_some_and(|held| held.kind == AuthorizationKind::Receipt) {
            let changed = RegimeChanged {
                from: Regime::Filing,
                to: Regime::Licence,
                application: self.case.number(),
            };
            events.push(self.public(changed, self.from));
        }
        events.extend(self.decided());
        events.extend(clocking::met(
            self.state,
            ClockKind::Migration,
            None,
            self.case.day,
            self.context,
        ));
        // What a filing still waited for ends with the regime.
        let of_the_filing = [ClockKind::Receipt, ClockKind::Nonconformity];
        events.extend(clocking::cancelled_all(
            self.state,
            |name, clock| of_the_filing.contains(&name.kind) && clock.application != number,
            self.case.day,
        ));
        events.extend(self.certificate());
        events.extend(term_clocks(&self.case, valid_to_date));
        Ok(events)
    }

    // rule: ADM-59
    fn change(&self) -> Events {
        let mut events = Vec::new();
        if let Some(asked) = &self.case.application.applied.change {
            if let Some(name) = asked.name.clone().filter(|name| *name != self.state.name) {
                let changed = DetailsChanged {
                    name: Some(name),
                    address: None,
                    region: None,
                    point: None,
                    mode: None,
                    ownership: None,
                    representative: None,
                };
                events.push(self.case.event(changed, self.from, self.context));
            }
            if let Some(classes) = asked.classes.clone() {
                events.push(self.case.event(ClassesChanged { classes }, self.from, self.context));
            }
        }
        events.extend(self.imposed());
        events.extend(self.decided());
        events.extend(self.certificate());
        events
    }

    /// A new term from the day after the one that ends.
    // rule: ADM-60
    fn renewal(&self) -> Events {
        let held = self.state.authorization.as_ref().and_then(|held| held.valid_to_date);
        let valid_to_before = self.term_before.or(held).unwrap_or(self.case.day);
        let valid_from_date = day_after(valid_to_before);
        let valid_to_date = last_day_of_term(valid_from_date, self.case.policy.term_months);
        let mut renewed = self.public(
            LicenceRenewed {
                application: self.case.number(),
                valid_from_date,
                valid_to_date,
            },
            valid_from_date,
        );
        renewed.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§50")];
        let mut events = vec![renewed];
        events.extend(self.imposed());
        events.extend(self.decided());
        events.extend(self.certificate());
        // The clocks of a deemed renewal are those of the same term.
        if self.term_before.is_none() {
            events.extend(clocking::met(
                self.state,
                ClockKind::Renewal,
                None,
                self.case.day,
                self.context,
            ));
            events.extend(clocking::cancelled_all(
                self.state,
                |name, _| name.kind == ClockKind::RenewalAsk,
                self.case.day,
            ));
            events.extend(term_clocks(&self.case, valid_to_date));
        }
        events
    }

    // rule: ADM-59
    fn transfer(&self) -> Events {
        let mut events = Vec::new();
        let asked = self.case.application.applied.transfer.as_ref();
        if let Some((asked, from_credit_code)) = asked.zip(self.state.credit_code.clone()) {
            let transferred = AuthorizationTransferred {
                application: self.case.number(),
                from_credit_code,
                credit_code: asked.credit_code.clone(),
                representative: asked.representative.clone(),
                effective_date: self.from,
            };
            events.push(self.case.event(transferred, self.from, self.context));
        }
        events.extend(self.imposed());
        events.extend(self.decided());
        events.extend(self.certificate());
        events
    }

    // rule: ADM-59, ADM-69
    fn waiver(&self) -> Events {
        let mut events = Vec::new();
        if let Some(asked) = &self.case.application.applied.waiver {
            let granted = WaiverGranted {
                application: self.case.number(),
                item: asked.item.clone(),
                from_date: self.from,
                until_date: asked.until_date,
            };
            let mut decided = self.public(granted, self.from);
            decided.effective_to = Some(start_of(day_after(asked.until_date)));
            events.push(decided);
            events.extend(self.imposed());
            events.extend(self.decided());
            events.push(clocking::start_fixed(
                ClockKind::Waiver,
                Some(self.case.number()),
                self.from,
                asked.until_date,
                &self.case.application.policy,
            ));
        }
        events
    }

    /// Removed from the register (注销, 行政许可法 §70) after the last day of service. Children who need another place
    /// are placed in an orderly cessation.
    // rule: ADM-61
    fn closing(&self) -> Result<Events, Rejection> {
        let Some(asked) = &self.case.application.applied.closing else {
            return Ok(self.decided());
        };
        self.service_is_over(asked)?;
        let first_day_closed = day_after(asked.closing_date);
        let reason = format!("依申请注销（第{}号申请）", self.case.number());
        let closed = InstitutionClosed {
            reason: Personal::clear(text_subject(self.context), reason),
            closing_date: asked.closing_date,
            children_to_place: asked.children_to_place,
        };
        let mut decided = self.case.event(closed, first_day_closed, self.context);
        decided.effective_from = Some(begins(self.state, "closing.closing_date", first_day_closed)?);
        decided.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§70")];
        let mut events = self.decided();
        events.extend(ending::ends_with_institution(
            self.state,
            asked.closing_date,
            Some(self.case.application),
        ));
        events.push(decided);
        events.extend(ending::cessation(
            self.state,
            CessationCause::Closing,
            asked.children_to_place,
            asked.closing_date,
            Some((self.case.policy, self.case.application.policy.clone())),
            self.context,
        ));
        Ok(events)
    }

    // rule: ADM-61
    fn service_is_over(&self, asked: &ClosingAsked) -> Result<(), Rejection> {
        let mut check = Check::default();
        if asked.closing_date > self.case.day {
            check.wrong(
                "closing.closing_date",
                "ADM-61",
                format!("the last day of service, {}, has not come", asked.closing_date),
                format!("停办日期{}尚未到来", asked.closing_date),
            );
        }
        check.done().map_err(|mut rejection| {
            rejection.reason = Reason::ReviewIncomplete;
            rejection.citing(LegalBasis::new(LICENSING_LAW, "§70"))
        })
    }

    /// Conditions, each with the clock by which it is met.
    fn imposed(&self) -> Events {
        let mut events = Vec::new();
        for (number, terms) in (self.state.conditions + 1..).zip(self.conditions) {
            let imposed = ConditionImposed {
                condition: number,
                terms: terms.clone(),
                application: Some(self.case.number()),
            };
            events.push(self.public(imposed, self.from));
            events.push(clocking::start_fixed(
                ClockKind::Condition,
                None,
                self.case.day,
                terms.due_date,
                &self.case.application.policy,
            ));
        }
        events
    }

    /// The clock of the decision is met.
    fn decided(&self) -> Events {
        let met = clocking::decision_met(self.state, self.case.number(), self.case.day, self.context);
        met.into_iter().collect()
    }

    /// The clock of the certificate, where none runs.
    fn certificate(&self) -> Option<Decided<InstitutionEvent>> {
        let number = Some(self.case.number());
        let runs = self.state.clocks.open_of(ClockKind::Certificate, number).is_some();
        (!runs && !self.case.application.certificate_issued).then(|| {
            clocking::start(
                ClockKind::Certificate,
                number,
                self.case.day,
                Unit::WorkingDays,
                self.case.policy.certificate_working_days,
                &self.case.application.policy,
                self.context,
            )
        })
    }

    /// An event that anyone may see.
    fn public(&self, event: impl Into<InstitutionEvent>, from: Date) -> Decided<InstitutionEvent> {
        let mut decided = self.case.event(event, from, self.context);
        decided.classification = Classification::Public;
        decided
    }
}
