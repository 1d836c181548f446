//! What is due at a time: credentials that expire, bars that begin, corrections and approvals that become overdue. A timer is set with the
//! checkpoint in `state.db` and fires when the clock has passed it, however late a process wakes; whether there is still
//! anything to do is read from the stream then.

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use yujian_domain::inspection::{FindingState, Inspection, InspectionEvent, MarkCorrectionOverdue};
use yujian_domain::institution::Deadline;
use yujian_domain::person::{CredentialState, ExpireCredential, Person, PersonEvent};
use yujian_domain::time::{Occurred, start_of};
use yujian_eventlog::StreamName;
use yujian_eventlog::checkpoint::Timer;

use super::effect::{Act, Cause, Effect};
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen, unreadable};
use super::{admission, approvals, barred, clocks, papers};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Timers;

const NAME: &str = "timers";
/// Kinds of timers, as `state.db` and request ids hold them: fixed for good.
const EXPIRE: &str = "expire_credential";
const OVERDUE: &str = "correction_overdue";
const APPROVAL: &str = "approval_overdue";
pub(super) const BAR: &str = "bar_begins";

#[async_trait]
impl Reactor for Timers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            "staffing.CredentialClaimed.v1",
            "staffing.CredentialVerified.v1",
            "inspection.CorrectionOrdered.v1",
            "inspection.CorrectionRejected.v1",
            "inspection.CorrectionExtended.v1",
            "inspection.InspectorCheckedIn.v1",
            "inspection.CheckInBackfilled.v1",
        ]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let record = seen.record;
        let timer = if record.event_type.starts_with("staffing.") {
            let (credential, expiry) = match seen.event::<PersonEvent>()? {
                PersonEvent::CredentialClaimed(event) => (event.credential, event.expiry_date),
                PersonEvent::CredentialVerified(event) => {
                    let person = world.now::<Person>(id_of(&record.stream)?).await?;
                    let credential = person.credentials.get(&event.credential);
                    (
                        event.credential,
                        credential.and_then(|credential| credential.expiry_date),
                    )
                }
                _ => (0, None),
            };
            expiry.map(|day| seen.timer(EXPIRE, credential, day, after(day)))
        } else {
            let correction = |finding, day| Some(seen.timer(OVERDUE, finding, day, after(day)));
            match seen.event::<InspectionEvent>()? {
                InspectionEvent::CorrectionOrdered(event) => correction(event.finding, event.due_date),
                InspectionEvent::CorrectionRejected(event) => correction(event.finding, event.due_date),
                InspectionEvent::CorrectionExtended(event) => correction(event.finding, event.due_date),
                InspectionEvent::InspectorCheckedIn(event) => event.approval_due.map(|due| seen.approval(&due)),
                InspectionEvent::CheckInBackfilled(event) => event.approval_due.map(|due| seen.approval(&due)),
                _ => None,
            }
        };
        Ok(Reaction {
            effects: Vec::new(),
            timers: timer.into_iter().collect(),
        })
    }
}

impl Seen<'_> {
    pub(super) fn timer(&self, kind: &str, number: u32, day: Date, due: Timestamp) -> Timer {
        Timer {
            kind: kind.to_owned(),
            stream: self.record.stream.to_string(),
            number,
            day,
            due,
            revision: self.record.revision,
            cause: self.record.id,
        }
    }

    /// An approval is in time up to and with its last instant.
    fn approval(&self, due: &Deadline) -> Timer {
        let after = due.due_time.checked_add(1.nanosecond()).unwrap_or(Timestamp::MAX);
        self.timer(APPROVAL, 0, due.due_date, after)
    }
}

/// The first instant after a last day.
pub(super) fn after(day: Date) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, start_of)
}

/// Why the effects of a timer are done: the same whenever it fires, and whichever event set it anew.
pub(crate) fn cause(timer: &Timer) -> Cause {
    Cause {
        reactor: NAME,
        key: format!("{}|{}|{}|{}", timer.kind, timer.stream, timer.number, timer.day),
        event: timer.cause,
        position: None,
    }
}

/// What a timer that is due asks for.
pub(crate) async fn fire(timer: &Timer, world: &World<'_>) -> Result<Reaction, CommandError> {
    let id = id_of(&StreamName::parse(&timer.stream)?)?;
    let at_its_time = |act| Effect {
        occurred: Some(Occurred::Instant { time: timer.due }),
        ..Effect::new(0, act)
    };
    let effect = match timer.kind.as_str() {
        EXPIRE => expire(timer, &*world.now(id).await?).map(|command| Act::Person(id, Box::new(command.into()))),
        OVERDUE => overdue(timer, &*world.now(id).await?).map(|command| Act::Inspection(id, Box::new(command.into()))),
        APPROVAL => return approvals::overdue(timer, id, world).await,
        BAR => return Ok(barred::begins(timer, world).await?.into()),
        clocks::EXPIRES => return clocks::expire(timer, id, world).await,
        clocks::RECOUNT => return clocks::recount(timer, id, world).await,
        papers::EXPIRING | papers::EXPIRED | papers::LEASE => return papers::fire(timer, id, world).await,
        admission::MIGRATION => return admission::migrate(timer, id, world).await,
        other => return Err(unreadable(format!("a timer of the unknown kind {other}"))),
    };
    Ok(effect.map(at_its_time).into_iter().collect::<Vec<_>>().into())
}

fn expire(timer: &Timer, person: &Person) -> Option<ExpireCredential> {
    let credential = person.credentials.get(&timer.number)?;
    let stands = credential.state == CredentialState::Verified && credential.expiry_date == Some(timer.day);
    stands.then_some(ExpireCredential {
        credential: timer.number,
    })
}

fn overdue(timer: &Timer, inspection: &Inspection) -> Option<MarkCorrectionOverdue> {
    let finding = inspection.findings.get(&timer.number)?;
    let stands = finding.state == FindingState::CorrectionDue && finding.due_date == Some(timer.day);
    stands.then_some(MarkCorrectionOverdue {
        finding: timer.number,
        due_date: timer.day,
    })
}
