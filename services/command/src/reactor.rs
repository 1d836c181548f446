//! Reactors: what one stream's event asks of other streams, done by commands after the fact.
//!
//! A reactor looks at events of the types that it names and answers with effects. Each is a command under a request id that
//! is derived from reactor, cause and ordinal, or an event of Yujian's own streams that is appended only where its cause
//! still stands: done twice, an effect changes nothing. So a reactor may run on several nodes at once, begin anew without
//! its checkpoint, and be killed between an effect and its checkpoint. What a reaction says depends on the event and the
//! stream up to it, never on when it runs; only whether there is still anything to do depends on the present state.
//!
//! Views know no reactors, so rebuilding one runs none.

mod admission;
mod approvals;
mod barred;
mod claims;
mod clocks;
mod corrections;
mod credentials;
mod effect;
mod engagements;
mod papers;
mod runner;
mod timers;
mod visits;
mod world;

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{Alert, ClearAlert};
use yujian_domain::envelope::{FactRef, Metadata, parse_metadata};
use yujian_domain::event::{EventFamily, what_is_wrong};
use yujian_domain::time::day_of;
use yujian_eventlog::Record;
use yujian_eventlog::checkpoint::Timer;

use crate::api::CommandError;
use crate::floor::stream_of;

use effect::{Act, Effect};
use world::World;

pub use runner::{Counts, Reactors};

/// An event of a type that the reactor named.
pub(crate) struct Seen<'a> {
    /// The record.
    pub record: &'a Record,
}

impl Seen<'_> {
    /// The event, when it is one of this family.
    fn event<E: EventFamily>(&self) -> Result<E, CommandError> {
        match E::decode(&self.record.event_type, &self.record.payload) {
            Ok(Some(event)) => Ok(event),
            Ok(None) => Err(unreadable(format!("{} is of another family", self.record.event_type))),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Its envelope.
    fn metadata(&self) -> Result<Metadata, CommandError> {
        parse_metadata(&self.record.metadata).map_err(|error| unreadable(what_is_wrong(&error)))
    }

    /// The legal day on which it happened; where that is not known, on which it came in.
    fn day(&self) -> Result<Date, CommandError> {
        let metadata = self.metadata()?;
        let occurred = metadata.occurred.day();
        Ok(occurred.unwrap_or_else(|| day_of(metadata.received_time)))
    }

    /// The event as evidence of an alert.
    fn evidence(&self) -> FactRef {
        FactRef {
            stream: self.record.stream.to_string(),
            revision: self.record.revision,
        }
    }

    /// Clears an alert whose fact holds no more from a day on, as the event shows; nothing where it was never raised.
    // rule: ALT-06
    async fn clear(
        &self,
        ordinal: u32,
        alert: Uuid,
        lapsed_date: Date,
        world: &World<'_>,
    ) -> Result<Option<Effect>, CommandError> {
        let clear = ClearAlert {
            lapsed_date,
            evidence: vec![self.evidence()],
        };
        let raised = world.exists(&stream_of::<Alert>(alert)?).await?;
        Ok(raised.then(|| Effect::new(ordinal, Act::ClearAlert(alert, Box::new(clear)))))
    }
}

/// An event that can't be reacted to: it is noted and passed.
fn unreadable(problem: String) -> CommandError {
    yujian_eventlog::LogError::Invalid(problem).into()
}

/// What an event asks for.
#[derive(Default)]
pub(crate) struct Reaction {
    /// To be done now.
    pub effects: Vec<Effect>,
    /// To be done when its time has come.
    pub timers: Vec<Timer>,
}

impl Reaction {
    /// Nothing now; the timer will ask again.
    fn later(timer: Timer) -> Self {
        Self {
            effects: Vec::new(),
            timers: vec![timer],
        }
    }
}

impl From<Vec<Effect>> for Reaction {
    fn from(effects: Vec<Effect>) -> Self {
        Self {
            effects,
            timers: Vec::new(),
        }
    }
}

/// One reactor.
#[async_trait]
pub(crate) trait Reactor: Send + Sync {
    /// Its name in `state.db` and in the request ids that it derives: fixed for good.
    fn name(&self) -> &'static str;
    /// Types of the events that it looks at; no other is decoded.
    fn types(&self) -> &'static [&'static str];
    /// What the event asks for.
    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError>;
}

/// Every reactor.
fn all() -> Vec<Box<dyn Reactor>> {
    vec![
        Box::new(claims::Claims),
        Box::new(barred::Barred),
        Box::new(engagements::Engagements),
        Box::new(credentials::Credentials),
        Box::new(visits::Visits),
        Box::new(corrections::Corrections),
        Box::new(approvals::Approvals),
        Box::new(clocks::Clocks),
        Box::new(papers::Papers),
        Box::new(admission::Admission),
        Box::new(timers::Timers),
    ]
}
