//! The desk under the licence regime: a policy that is in force, and institutions that hold a licence.

use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use yujian_domain::aggregate::Decided;
use yujian_domain::clock::*;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{PolicyRef, Role};
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::policy::PolicyDocument;
use yujian_domain::reference::Reference;
use yujian_domain::system::{ChecklistPublished, HolidaysActivated, PolicyActivated};

use super::*;

/// First day of the licence regime in the tests.
pub const REGIME_DATE: &str = "2026-02-01";

/// The shipped reference with each policy's text changed by `edit` (its id, its text), and another holiday table.
pub fn edited_reference(edit: impl Fn(&str, String) -> String, holidays: HolidaysActivated) -> Reference {
    let shipped = Reference::shipped_policies().into_iter();
    let activations: Vec<PolicyActivated> = shipped
        .filter(|policy| policy.at_first_start || policy.id == "cn-licence")
        .map(|policy| {
            let document = edit(&policy.id, policy.document.to_owned());
            let parsed = PolicyDocument::parse(&document).unwrap();
            PolicyActivated {
                policy: parsed.id.clone(),
                version: parsed.version,
                sha256: sha256(&document),
                effective_date: parsed.effective_date,
                retroactive_approver: None,
                document,
            }
        })
        .collect();
    let checklists: Vec<ChecklistPublished> = Reference::shipped_checklists().into_iter().map(Into::into).collect();
    Reference::from_activations(&activations, Some(&holidays), Arc::clone(Divisions::shipped()))
        .unwrap()
        .with_checklists(&checklists)
        .unwrap()
}

/// The holiday table as shipped.
pub fn holidays() -> HolidaysActivated {
    HolidaysActivated::from(Reference::shipped_holidays())
}

/// The holiday table once the notice for 2027 is published: 1 January, a Friday, is off.
pub fn holidays_of_2027() -> HolidaysActivated {
    let document = format!("{}2027-01-01,元旦,off,2027\n", holidays().document);
    HolidaysActivated {
        sha256: sha256(&document),
        last_year: 2027,
        source: None,
        retroactive_approver: None,
        document,
    }
}

/// The national licence policy in force from [`REGIME_DATE`], its text changed by `edit`.
pub fn licence_reference_with(edit: impl Fn(String) -> String) -> Reference {
    edited_reference(|id, document| in_force(id, document, &edit), holidays())
}

fn in_force(id: &str, document: String, edit: impl Fn(String) -> String) -> String {
    if id != "cn-licence" {
        return document;
    }
    let parsed = PolicyDocument::parse(&document).unwrap();
    edit(document.replace(
        &format!("effective_date = \"{}\"", parsed.effective_date),
        &format!("effective_date = \"{REGIME_DATE}\""),
    ))
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The same with one value of the policy replaced.
pub fn licence_reference_where(value: &str, from: &str, to: &str) -> &'static Reference {
    let old = format!("[values.{value}]\nvalue = {from}\n");
    let new = format!("[values.{value}]\nvalue = {to}\n");
    let reference = licence_reference_with(|document| {
        assert!(document.contains(&old), "{value} is {from} in the shipped document");
        document.replace(&old, &new)
    });
    Box::leak(Box::new(reference))
}

pub fn licence_reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(|| licence_reference_with(|document| document))
}

/// The same under the holiday table of 2027.
pub fn licence_reference_2027() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(|| {
        edited_reference(
            |id, document| in_force(id, document, |document| document),
            holidays_of_2027(),
        )
    })
}

/// Filings are handled under a policy that counts the notice of a nonconformity from the papers.
pub fn papers_reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(|| {
        let edit = |_: &str, document: String| {
            document.replace(
                "[values.nonconformity_counts_from]\nvalue = \"finding\"",
                "[values.nonconformity_counts_from]\nvalue = \"papers\"",
            )
        };
        edited_reference(edit, holidays())
    })
}

impl Desk {
    /// The policy of licences in force.
    pub fn licence_policy(&self) -> PolicyRef {
        let (_, policy) = self.reference.licence(&region("330106"), self.today()).unwrap();
        policy
    }

    /// Folds events as they would be stored, without a decision.
    pub fn fold(&mut self, events: impl IntoIterator<Item = InstitutionEvent>) -> &mut Self {
        for event in events {
            self.record(&Decided::plain(event));
        }
        self
    }

    /// Registered under the licence regime.
    pub fn under_licences() -> Self {
        let mut desk = Self::registered();
        desk.reference = licence_reference();
        desk
    }

    /// An application whose papers came today, its completeness being looked at.
    pub fn applied(&mut self, number: u32, kind: ApplicationKind) -> &mut Self {
        let policy = self.licence_policy();
        let clock = self.clock_started(ClockKind::Completeness, Some(number), Unit::WorkingDays, 5);
        self.fold([submitted(number, kind, policy).into(), clock.into()])
    }

    /// An application that is accepted today, the decision's clock running.
    pub fn accepted_application(&mut self, number: u32, kind: ApplicationKind) -> &mut Self {
        self.applied(number, kind);
        let completeness = self.clock(ClockKind::Completeness);
        let decision = self.clock_started(ClockKind::Decision, Some(number), Unit::WorkingDays, 20);
        let on_date = self.today();
        self.fold([
            ApplicationAccepted {
                application: number,
                joint: false,
            }
            .into(),
            ClockMet {
                clock: completeness,
                on_date,
                late: false,
            }
            .into(),
            decision.into(),
        ])
    }

    /// A clock that starts today.
    pub fn clock_started(&self, kind: ClockKind, application: Option<u32>, unit: Unit, count: u32) -> ClockStarted {
        let due = unit.due_after(self.today(), count, &self.reference.calendar).unwrap();
        ClockStarted {
            application,
            kind,
            from_date: self.today(),
            unit,
            count,
            due: Deadline::of(due, self.licence_policy()),
        }
    }

    /// A clock that ends on a day which is set.
    pub fn fixed_clock(&self, kind: ClockKind, application: Option<u32>, last: Date) -> ClockStarted {
        ClockStarted {
            application,
            kind,
            from_date: self.today(),
            unit: Unit::FixedDay,
            count: 0,
            due: Deadline::of(
                yujian_domain::calendar::Due {
                    date: last,
                    provisional: false,
                },
                self.licence_policy(),
            ),
        }
    }

    /// The latest clock of a kind.
    pub fn clock(&self, kind: ClockKind) -> ClockRef {
        let of_kind = self.state.clocks.iter().filter(|(name, _)| name.kind == kind);
        of_kind.last().unwrap_or_else(|| panic!("no clock {}", kind.code())).0
    }

    /// Where the latest clock of a kind stands.
    pub fn clock_state(&self, kind: ClockKind) -> ClockState {
        self.state.clocks.get(self.clock(kind)).unwrap().state
    }

    /// Kinds of the clocks that run or stand still.
    pub fn open_clocks(&self) -> Vec<ClockKind> {
        self.state.clocks.open().map(|(name, _)| name.kind).collect()
    }

    /// Holds a licence from 2026-03-02 to 2029-03-01.
    pub fn licensed() -> Self {
        let mut desk = Self::under_licences();
        desk.licence(day("2026-03-02"), day("2029-03-01"));
        desk
    }

    fn licence(&mut self, from: Date, to: Date) {
        let number = self.state.applications + 1;
        self.accepted_application(number, ApplicationKind::Licence);
        let decision = self.clock(ClockKind::Decision);
        let ask = self.fixed_clock(ClockKind::RenewalAsk, None, to.saturating_sub(30.days()));
        let renewal = self.fixed_clock(ClockKind::Renewal, None, to);
        let today = self.today();
        self.fold([
            ApplicationGranted {
                application: number,
                decision_date: today,
                late: false,
            }
            .into(),
            LicenceGranted {
                application: number,
                number: "浙托许330106-0001".to_owned(),
                valid_from_date: from,
                valid_to_date: to,
            }
            .into(),
            ClockMet {
                clock: decision,
                on_date: today,
                late: false,
            }
            .into(),
            ask.into(),
            renewal.into(),
        ]);
    }

    /// Its licence was taken away today.
    pub fn revoked() -> Self {
        let mut desk = Self::licensed();
        desk.run(revocation(RevocationGround::Breach, desk.today())).unwrap();
        desk
    }

    /// Its licence ran out yesterday.
    pub fn expired() -> Self {
        let mut desk = Self::under_licences();
        desk.licence(day("2026-02-02"), day("2026-03-01"));
        let mut events = vec![
            AuthorizationExpired {
                kind: AuthorizationKind::Licence,
                valid_to_date: day("2026-03-01"),
            }
            .into(),
        ];
        for kind in [ClockKind::RenewalAsk, ClockKind::Renewal] {
            let clock = desk.clock(kind);
            let due_date = desk.state.clocks.get(clock).unwrap().due.due_date;
            events.push(ClockExpired { clock, due_date }.into());
        }
        desk.fold(events);
        desk
    }

    /// Yujian itself, at a day.
    pub fn system_on(&mut self, date: &str) -> &mut Self {
        self.on(date).by("system", Role::System)
    }

    /// An officer, at a day.
    pub fn officer_on(&mut self, date: &str) -> &mut Self {
        self.on(date).by("officer-1", Role::Officer)
    }

    /// The clock of a kind runs out.
    pub fn expires(&mut self, kind: ClockKind) -> Vec<InstitutionEvent> {
        let clock = self.clock(kind);
        self.run(ExpireClock { clock }).unwrap()
    }
}

pub fn submitted(number: u32, kind: ApplicationKind, policy: PolicyRef) -> ApplicationSubmitted {
    ApplicationSubmitted {
        application: number,
        kind,
        papers: Vec::new(),
        makes_meals: false,
        premises: None,
        change: None,
        transfer: None,
        waiver: None,
        closing: None,
        policy,
    }
}

pub fn terms(due: &str) -> ConditionTerms {
    ConditionTerms {
        item: "papers.fire_safety".to_owned(),
        text: "补办消防安全检查合格证明".to_owned(),
        due_date: day(due),
        until_date: None,
    }
}

pub fn reasons() -> Vec<NonconformityReason> {
    vec![NonconformityReason {
        item: "premises.floor".to_owned(),
        description: "活动用房位于四层".to_owned(),
    }]
}

pub fn revocation(ground: RevocationGround, date: Date) -> RevokeAuthorization {
    RevokeAuthorization {
        ground,
        reasons: reasons(),
        effective_date: date,
        children_to_place: 0,
        approver: "head-1".to_owned(),
    }
}

pub fn met(condition: u32, on: &str) -> RecordConditionMet {
    RecordConditionMet {
        condition,
        on_date: day(on),
        statement: Sensitive::new("已核查"),
    }
}

/// Names of events without area and version, as a sequence reads.
pub fn names(events: &[InstitutionEvent]) -> Vec<&'static str> {
    use yujian_domain::event::EventFamily;
    events
        .iter()
        .map(|event| event.event_type().split('.').nth(1).unwrap())
        .collect()
}
