//! Papers and leases that run out: the regulator is told once some time ahead, and once when it has happened. What was
//! told of a paper is cleared when a newer one comes in.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::envelope::{FactRef, PolicyRef};
use yujian_domain::institution::{
    Institution, InstitutionEvent, Paper, PaperKind, Premises, Status, Submission, Tenure,
};
use yujian_domain::time::{day_of, start_of};
use yujian_eventlog::checkpoint::Timer;

use super::effect::Effect;
use super::timers::after;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Papers;

/// Kinds of timers, as `state.db` and request ids hold them: fixed for good. The number is that of [`What`], the day the
/// last day of validity.
pub(super) const EXPIRING: &str = "paper_expiring";
pub(super) const EXPIRED: &str = "paper_expired";
pub(super) const LEASE: &str = "lease_ending";

#[async_trait]
impl Reactor for Papers {
    fn name(&self) -> &'static str {
        "papers"
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            "licensing.FilingSubmitted.v1",
            "licensing.ApplicationSubmitted.v1",
            "licensing.InformationProvided.v1",
        ]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let (papers, premises) = match seen.event::<InstitutionEvent>()? {
            InstitutionEvent::FilingSubmitted(event) => (event.papers, event.premises),
            InstitutionEvent::ApplicationSubmitted(event) => (event.papers, event.premises),
            InstitutionEvent::InformationProvided(event) => (event.papers, None),
            _ => return Ok(Reaction::default()),
        };
        let told = told(&papers, premises.as_ref());
        Ok(Reaction {
            effects: replaced(&told, seen, world).await?,
            timers: timers(&told, seen, world).await?,
        })
    }
}

/// What has a last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A paper.
    Paper(PaperKind),
    /// The lease of the premises.
    Lease,
}

impl What {
    /// Its number in timers: fixed for good, so a new kind of paper goes to the end of its list.
    fn number(self) -> u32 {
        let place = match self {
            Self::Lease => None,
            Self::Paper(kind) => PaperKind::ALL.iter().position(|other| *other == kind),
        };
        place.map_or(0, |place| u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// What a timer is about.
    fn of(timer: &Timer) -> Option<Self> {
        if timer.kind == LEASE {
            return Some(Self::Lease);
        }
        let place = usize::try_from(timer.number).ok()?;
        PaperKind::ALL.get(place).copied().map(Self::Paper)
    }

    /// Tells its alerts from others of their rule and institution.
    fn period(self, end: Date) -> String {
        match self {
            Self::Lease => format!("premises.lease_end_date@{end}"),
            Self::Paper(kind) => format!("papers.{}@{end}", kind.code()),
        }
    }

    /// The rules whose alerts tell of its end.
    const fn rules(self) -> &'static [AlertRule] {
        match self {
            Self::Lease => &[AlertRule::LeaseEnding],
            Self::Paper(_) => &[AlertRule::PaperExpiring, AlertRule::PaperExpired],
        }
    }
}

fn lease_end(premises: &Premises) -> Option<Date> {
    premises.lease_end_date.filter(|_| premises.tenure != Tenure::Owned)
}

/// Last days by what they are of; without any, where none of it has one. Several papers of one kind may be handed in.
type Ends = BTreeMap<What, BTreeSet<Date>>;

/// What was handed in.
fn told(papers: &[Paper], premises: Option<&Premises>) -> Ends {
    let mut ends = Ends::new();
    for paper in papers {
        ends.entry(What::Paper(paper.kind))
            .or_default()
            .extend(paper.expiry_date);
    }
    if let Some(premises) = premises {
        ends.entry(What::Lease).or_default().extend(lease_end(premises));
    }
    ends
}

/// The last submission that held such a thing, with its application's number; a paper that a later one did not bring
/// again stands.
fn newest(institution: &Institution, what: What) -> Option<(BTreeSet<Date>, u32, &Submission)> {
    let filing = institution
        .application
        .iter()
        .map(|filing| (filing.number, &filing.submitted));
    let others = institution.licence_applications.values();
    let others = others.map(|application| (application.number, &application.submitted));
    let held = filing.chain(others).filter_map(|(number, submission)| {
        let ends = told(&submission.papers, submission.premises.as_ref()).remove(&what)?;
        Some((ends, number, submission))
    });
    held.max_by_key(|(_, number, _)| *number)
}

/// Alerts about what a newer paper has replaced are cleared.
// rule: ALT-14
async fn replaced(told: &Ends, seen: &Seen<'_>, world: &World<'_>) -> Result<Vec<Effect>, CommandError> {
    let stream = &seen.record.stream;
    let Some(revision) = seen.record.revision.checked_sub(1) else {
        return Ok(Vec::new());
    };
    let before = world.at::<Institution>(stream, revision).await?;
    let institution = id_of(stream)?;
    let gone = told.iter().flat_map(|(what, ends)| {
        let old = newest(&before, *what).map(|(old, _, _)| old).unwrap_or_default();
        let gone: Vec<Date> = old.difference(ends).copied().collect();
        gone.into_iter().map(|end| (*what, end))
    });
    let alerts = gone.flat_map(|(what, end)| {
        let alert = move |rule: &AlertRule| RaiseAlert::new(*rule, institution, what.period(end), end, Vec::new()).id();
        what.rules().iter().map(alert)
    });
    let mut effects = Vec::new();
    // Numbered whether the alert exists or not, so that the same one has the same number at every repetition.
    for (ordinal, alert) in (0_u32..).zip(alerts) {
        effects.extend(seen.clear(ordinal, alert, seen.day()?, world).await?);
    }
    Ok(effects)
}

async fn timers(told: &Ends, seen: &Seen<'_>, world: &World<'_>) -> Result<Vec<Timer>, CommandError> {
    let then = world
        .at::<Institution>(&seen.record.stream, seen.record.revision)
        .await?;
    let Some((ahead, _)) = warned_ahead(&then, seen.day()?, world) else {
        return Ok(Vec::new());
    };
    let mut timers = Vec::new();
    let ends = told
        .iter()
        .flat_map(|(what, ends)| ends.iter().map(|end| (*what, *end)));
    for (what, end) in ends {
        let number = what.number();
        let warns = start_of(end.saturating_sub(ahead.days()));
        match what {
            What::Lease => timers.push(seen.timer(LEASE, number, end, warns)),
            What::Paper(_) => {
                timers.push(seen.timer(EXPIRING, number, end, warns));
                timers.push(seen.timer(EXPIRED, number, end, after(end)));
            }
        }
    }
    Ok(timers)
}

/// How many days ahead the rules of that day and place have it told, and the policy that says so; `None`: no rule does.
// rule: ALT-13
fn warned_ahead(institution: &Institution, day: Date, world: &World<'_>) -> Option<(i64, PolicyRef)> {
    let region = institution.region.as_ref()?;
    let reference = world.reference();
    let (days, policy) = match reference.licence(region, day) {
        Ok((rules, policy)) => (&rules.paper_warning_days, policy),
        Err(_) => {
            let (rules, policy) = reference.admission(region, day).ok()?;
            (&rules.paper_warning_days, policy)
        }
    };
    Some((i64::from(*days.iter().max()?), policy))
}

/// Whether papers of this institution matter still.
fn lives(institution: &Institution) -> bool {
    !matches!(
        institution.status,
        Status::None | Status::Closed | Status::Revoked | Status::Expired
    )
}

/// A paper or lease runs out on the timer's day, unless a newer one was handed in by now.
// rule: ALT-13
pub(super) async fn fire(timer: &Timer, id: Uuid, world: &World<'_>) -> Result<Reaction, CommandError> {
    let institution = world.now::<Institution>(id).await?;
    let Some(what) = What::of(timer).filter(|_| lives(&institution)) else {
        return Ok(Reaction::default());
    };
    let Some((_, application, submission)) =
        newest(&institution, what).filter(|(ends, _, _)| ends.contains(&timer.day))
    else {
        return Ok(Reaction::default());
    };
    let end = timer.day;
    let (rule, begins) = match timer.kind.as_str() {
        EXPIRED => (AlertRule::PaperExpired, end.tomorrow().unwrap_or(end)),
        LEASE => (AlertRule::LeaseEnding, day_of(timer.due)),
        _ => (AlertRule::PaperExpiring, day_of(timer.due)),
    };
    let ahead = (end - begins).get_days();
    let told_date = submission.date;
    let alert = RaiseAlert {
        application: Some(application),
        rule_policy: told_date.and_then(|day| Some(warned_ahead(&institution, day, world)?.1)),
        threshold: (ahead > 0).then(|| format!("days:{ahead}")),
        due_date: Some(end),
        ..RaiseAlert::new(
            rule,
            id,
            what.period(end),
            // One that was handed in with less time left is short of time from then on.
            told_date.map_or(begins, |told| told.max(begins)),
            vec![FactRef {
                stream: timer.stream.clone(),
                revision: timer.revision,
            }],
        )
    };
    Ok(vec![Effect::alert(0, alert)].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_papers_are_fixed_for_good() {
        let codes: Vec<&str> = PaperKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(
            codes,
            [
                "filing_form",
                "commitment",
                "registration_certificate",
                "premises_proof",
                "staff_qualifications",
                "staff_health_certificates",
                "hygiene_evaluation",
                "fire_safety",
                "food_licence",
                "owners_consent",
                "other",
            ]
        );
        for kind in PaperKind::ALL {
            let what = What::Paper(*kind);
            assert_eq!(PaperKind::ALL[what.number() as usize], *kind);
        }
    }
}
