//! What a filing needs (办托一件事): regime, authority, papers, standards, clocks and what follows, for an institution of a type in a
//! region on a day. Taken from the active policies and the holiday table, and from nothing else: no rule stands here, and
//! nothing is said about any institution.

use jiff::civil::Date;

use crate::clock::ClockKind;
use crate::envelope::PolicyRef;
use crate::institution::machine::Move;
use crate::institution::{DeemedOutcome, InstitutionType, Mode, Ownership, Regime};
use crate::policy::{AdmissionPolicy, LicencePolicy, Mark, PaperRule, PolicyDocument, Standards, TypeRule};
use crate::reference::Reference;
use crate::rejection::Rejection;
use crate::values::RegionId;

mod clocks;
mod standards;
mod steps;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Type; not [`InstitutionType::Unknown`], about which no policy says anything.
    pub institution_type: InstitutionType,
    /// Mode of service, when known.
    pub mode: Option<Mode>,
    /// Ownership, when known.
    pub ownership: Option<Ownership>,
    /// Division of the site.
    pub region: RegionId,
    /// Whether meals are to be made on site.
    pub makes_meals: bool,
    /// Legal day on which the papers would come in.
    pub date: Date,
}

/// What such a filing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Regime in force.
    pub regime: Regime,
    /// With whom it is filed, in Chinese.
    pub competent_authority: String,
    /// Who supervises an institution of the type, in Chinese.
    pub supervising_authority: String,
    /// What the type may be; `None` where the policy has no rule.
    pub type_rule: Option<TypeRule>,
    /// Why it may not be as asked; empty when it may.
    pub conflicts: Vec<Conflict>,
    /// Papers, in the order in which they are asked for.
    pub papers: Vec<Paper>,
    /// Standards of premises and classes.
    pub standards: Vec<Standard>,
    /// Periods that will run.
    pub clocks: Vec<Period>,
    /// What follows, in order.
    pub steps: Vec<Step>,
    /// Policy that it rests on.
    pub policy: PolicyRef,
    /// Title of the policy, in Chinese.
    pub policy_title: String,
    /// Division code where the policy holds.
    pub policy_region: String,
    /// First legal day of the policy.
    pub policy_effective_date: Date,
}

/// Why an institution of the type may not be as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Member of [`Asked`].
    pub field: &'static str,
    /// In English.
    pub message: String,
    /// In Chinese.
    pub message_zh: String,
    /// Where the rule comes from.
    pub mark: Option<Mark>,
}

/// A paper to hand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Its rule.
    pub rule: PaperRule,
    /// Where the rule comes from.
    pub mark: Option<Mark>,
}

/// Unit of a standard's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Years.
    Years,
    /// Floors; 1 is the ground floor.
    Floor,
    /// cm2 for each place.
    Cm2PerPlace,
    /// Places.
    Places,
    /// Classes.
    Classes,
    /// 1 for yes, 0 for no.
    YesNo,
}

/// A standard with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// Key in the policy document, e.g. `class_limits.infant`.
    pub key: String,
    /// In Chinese.
    pub title_zh: String,
    /// In English.
    pub title_en: String,
    /// Value.
    pub value: i64,
    /// Its unit.
    pub measure: Measure,
    /// Where it comes from.
    pub mark: Option<Mark>,
}

/// What a period begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// The papers come in.
    Papers,
    /// An institution is found not up to standard.
    Finding,
    /// The application is accepted.
    Acceptance,
    /// The application is returned.
    Return,
    /// Information is asked for.
    Question,
    /// The licence is decided.
    Decision,
    /// The applicant is told of an intended refusal.
    Intention,
    /// A hearing is asked for.
    HearingRequest,
}

/// A period that will run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// What it measures.
    pub kind: ClockKind,
    /// What it begins with.
    pub begins: Begins,
    /// How many working days.
    pub working_days: u32,
    /// By how many it may be extended, once; 0 when it may not.
    pub extension: u32,
    /// Its last day for papers that come in on the day asked for, when each act before it is done on its own last day.
    /// `None` where no day can be told: the act may never come.
    pub due_date: Option<Date>,
    /// Whether that day lies beyond the holiday table.
    pub provisional: bool,
    /// What the law supplies when nothing was done by then.
    pub deemed: Option<DeemedOutcome>,
    /// Where the number comes from.
    pub mark: Option<Mark>,
}

/// One step of what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// In Chinese.
    pub title_zh: &'static str,
    /// In English.
    pub title_en: &'static str,
    /// The command that does it, with who acts and by which article.
    pub by: &'static Move,
}

/// The rules of one regime, as far as advice needs them.
enum Rules<'a> {
    Filing(&'a AdmissionPolicy),
    Licence(&'a LicencePolicy),
}

/// The regime in force in a region on the day on which papers come in: licence where a licence policy is in force, else
/// filing.
#[must_use]
pub fn regime(reference: &Reference, region: &RegionId, on: Date) -> Regime {
    if reference.licence(region, on).is_ok() {
        Regime::Licence
    } else {
        Regime::Filing
    }
}

/// What such a filing needs.
///
/// # Errors
/// [`crate::rejection::Reason::PolicyNotInForce`] when neither regime has a policy in the region on that day.
pub fn advise(reference: &Reference, asked: &Asked) -> Result<Advice, Rejection> {
    let (rules, policy) = match regime(reference, &asked.region, asked.date) {
        Regime::Licence => {
            let (policy, reference) = reference.licence(&asked.region, asked.date)?;
            (Rules::Licence(policy), reference)
        }
        Regime::Filing => {
            let (policy, reference) = reference.admission(&asked.region, asked.date)?;
            (Rules::Filing(policy), reference)
        }
    };
    let document = reference
        .documents()
        .find(|document| document.id == policy.id && document.version == policy.version);
    let Some(document) = document else {
        // A policy comes out of an activated document; without it there is nothing to cite.
        return Err(not_active(&policy));
    };
    let (held, papers, table) = match &rules {
        Rules::Filing(policy) => (&policy.standards, &policy.papers, "values"),
        Rules::Licence(policy) => (&policy.standards, &policy.papers, "standards"),
    };
    let competent_authority = match &rules {
        Rules::Filing(policy) => policy.competent_authority.clone(),
        Rules::Licence(policy) => policy.competent_authority.clone(),
    };
    let type_rule = held.type_rule(asked.institution_type);
    Ok(Advice {
        regime: match rules {
            Rules::Filing(_) => Regime::Filing,
            Rules::Licence(_) => Regime::Licence,
        },
        supervising_authority: held.authority(asked.institution_type, &competent_authority).to_owned(),
        competent_authority,
        type_rule: type_rule.cloned(),
        conflicts: conflicts(held, asked, document),
        papers: papers
            .iter()
            .filter(|rule| rule.applies(asked.institution_type, asked.makes_meals))
            .map(|rule| Paper {
                rule: rule.clone(),
                mark: document.mark(&format!("papers.{}", rule.kind.code())).cloned(),
            })
            .collect(),
        standards: standards::list(held, asked.institution_type, table, document),
        clocks: match rules {
            Rules::Filing(policy) => clocks::filing(policy, asked.date, &reference.calendar, document),
            Rules::Licence(policy) => clocks::licence(policy, asked.date, &reference.calendar, document),
        },
        steps: match rules {
            Rules::Filing(_) => steps::filing(),
            Rules::Licence(_) => steps::licence(),
        },
        policy,
        policy_title: document.title.clone(),
        policy_region: document.region.clone(),
        policy_effective_date: document.effective_date,
    })
}

fn not_active(policy: &PolicyRef) -> Rejection {
    Rejection::new(
        crate::rejection::Reason::PolicyNotInForce,
        format!("policy {} version {} is not active here", policy.id, policy.version),
        format!("此处未启用政策{}第{}版", policy.id, policy.version),
    )
    .with("policy", policy.id.clone())
    .with("version", policy.version.to_string())
}

/// What the type may not be, as its rule in the document says.
fn conflicts(held: &Standards, asked: &Asked, document: &PolicyDocument) -> Vec<Conflict> {
    let Some(rule) = held.type_rule(asked.institution_type) else {
        return Vec::new();
    };
    let (code, zh) = (asked.institution_type.code(), asked.institution_type.zh());
    let mark = |list: &str| document.mark(&format!("types.{code}.{list}")).cloned();
    let mut found = Vec::new();
    if let Some(mode) = asked.mode.filter(|mode| !rule.modes.contains(mode)) {
        found.push(Conflict {
            field: "mode",
            message: format!("an institution of type {code} may not have the mode {}", mode.code()),
            message_zh: format!("{zh}不能采用“{}”模式", mode.zh()),
            mark: mark("modes"),
        });
    }
    if let Some(ownership) = asked.ownership.filter(|ownership| !rule.ownership.contains(ownership)) {
        found.push(Conflict {
            field: "ownership",
            message: format!(
                "an institution of type {code} may not have the ownership {}",
                ownership.code()
            ),
            message_zh: format!("{zh}不能采用“{}”举办性质", ownership.zh()),
            mark: mark("ownership"),
        });
    }
    found
}
