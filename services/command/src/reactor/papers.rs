//! Papers and leases that run out: the regulator is told once some time ahead, and once when it has happened.

use async_trait::async_trait;
use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::envelope::FactRef;
use yujian_domain::institution::{Institution, InstitutionEvent, Paper, PaperKind, Premises, Status, Tenure};
use yujian_domain::time::{day_of, start_of};
use yujian_eventlog::checkpoint::Timer;

use super::effect::Effect;
use super::timers::after;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Papers;

/// Kinds of timers, as `state.db` and request ids hold them: fixed for good. The number is that of the kind of paper in
/// [`PaperKind::ALL`], the day the last day of validity.
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
        let then: Institution = world.at(&seen.record.stream, seen.record.revision).await?;
        let day = day_of(seen.metadata()?.received_time);
        let Some(ahead) = warned_ahead(&then, day, world) else {
            return Ok(Reaction::default());
        };
        let mut timers = Vec::new();
        for (kind, expiry) in papers.iter().filter_map(|paper| Some((paper.kind, paper.expiry_date?))) {
            let number = number(kind);
            timers.push(seen.timer(EXPIRING, number, expiry, start_of(expiry.saturating_sub(ahead.days()))));
            timers.push(seen.timer(EXPIRED, number, expiry, after(expiry)));
        }
        if let Some(end) = premises.as_ref().and_then(lease_end) {
            timers.push(seen.timer(LEASE, 0, end, start_of(end.saturating_sub(ahead.days()))));
        }
        Ok(Reaction {
            effects: Vec::new(),
            timers,
        })
    }
}

fn number(kind: PaperKind) -> u32 {
    let place = PaperKind::ALL.iter().position(|other| *other == kind);
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)
}

fn kind_of(number: u32) -> Option<PaperKind> {
    PaperKind::ALL.get(usize::try_from(number).ok()?).copied()
}

fn lease_end(premises: &Premises) -> Option<Date> {
    premises.lease_end_date.filter(|_| premises.tenure != Tenure::Owned)
}

/// How many days ahead the rules of that day and place have it told; `None`: no rule says so.
fn warned_ahead(institution: &Institution, day: Date, world: &World<'_>) -> Option<i64> {
    let region = institution.region.as_ref()?;
    let reference = world.reference();
    let days = match reference.licence(region, day) {
        Ok((policy, _)) => policy.paper_warning_days.iter().copied().max(),
        Err(_) => reference
            .admission(region, day)
            .ok()?
            .0
            .paper_warning_days
            .iter()
            .copied()
            .max(),
    };
    days.map(i64::from)
}

/// The papers and premises that were handed in last.
fn held(institution: &Institution) -> impl Iterator<Item = (&[Paper], Option<&Premises>, u32)> {
    let filing = institution.application.iter().map(|filing| {
        let submitted = &filing.submitted;
        (submitted.papers.as_slice(), submitted.premises.as_ref(), filing.number)
    });
    let others = institution.licence_applications.values().rev().map(|application| {
        let submitted = &application.submitted;
        (
            submitted.papers.as_slice(),
            submitted.premises.as_ref(),
            application.number,
        )
    });
    others.chain(filing)
}

/// Whether papers of this institution matter still.
fn lives(institution: &Institution) -> bool {
    !matches!(
        institution.status,
        Status::None | Status::Closed | Status::Revoked | Status::Expired
    )
}

/// A paper or lease runs out on the timer's day, unless a newer one was handed in by now.
pub(super) async fn fire(timer: &Timer, id: Uuid, world: &World<'_>) -> Result<Reaction, CommandError> {
    let institution: Institution = world.now(id).await?;
    if !lives(&institution) {
        return Ok(Reaction::default());
    }
    let kind = kind_of(timer.number).filter(|_| timer.kind != LEASE);
    // The newest submission that has such a paper is the one that counts.
    let newest = held(&institution).find_map(|(papers, premises, application)| {
        let end = match kind {
            Some(kind) => papers.iter().find(|paper| paper.kind == kind)?.expiry_date,
            None => lease_end(premises?),
        };
        Some((end, application))
    });
    let Some((Some(end), application)) = newest else {
        return Ok(Reaction::default());
    };
    if end != timer.day {
        return Ok(Reaction::default());
    }
    let (rule, since) = match timer.kind.as_str() {
        EXPIRED => (AlertRule::PaperExpired, end.tomorrow().unwrap_or(end)),
        LEASE => (AlertRule::LeaseEnding, day_of(timer.due)),
        _ => (AlertRule::PaperExpiring, day_of(timer.due)),
    };
    let ahead = (end - day_of(timer.due)).get_days();
    let what = kind.map_or("premises.lease_end_date".to_owned(), |kind| {
        format!("papers.{}", kind.code())
    });
    let alert = RaiseAlert {
        application: Some(application),
        threshold: (ahead > 0).then(|| format!("days:{ahead}")),
        due_date: Some(end),
        ..RaiseAlert::new(
            rule,
            id_of(&yujian_eventlog::StreamName::parse(&timer.stream)?)?,
            format!("{what}@{end}"),
            since,
            vec![FactRef {
                stream: timer.stream.clone(),
                revision: timer.revision,
            }],
        )
    };
    Ok(vec![Effect::alert(0, alert)].into())
}
