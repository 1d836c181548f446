//! Live traffic in real time, so that the page of a demonstration moves: now and then an incident, a hire or a visit, then
//! what follows from it; and what other bureaus' registers say.

mod incidents;
mod registers;
mod staff;
mod visits;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::watch;
use uuid::Uuid;
use yujian_command::{Commands, Outcome, Request};
use yujian_domain::aggregate::Aggregate;
use yujian_domain::envelope::{Actor, Role};
use yujian_eventlog::clock::Clock;

use crate::people::Dice;
use crate::world::Roster;

/// Things that wait for their next step at most.
const WAITING: usize = 200;

/// What follows.
enum Next {
    Incident(incidents::Next),
    Staff(staff::Next),
    Visit(Box<visits::Next>),
}

/// An institution that traffic is about.
#[derive(Clone)]
struct Site {
    institution: Uuid,
    credit_code: String,
    county: String,
}

impl Site {
    fn operator(&self) -> Actor {
        Actor {
            id: format!("operator-{}", self.credit_code.get(8..).unwrap_or_default()),
            role: Role::Operator,
            organisation: Some(self.credit_code.clone()),
            jurisdiction: None,
        }
    }
}

/// What every step needs.
struct Traffic {
    commands: Commands,
    clock: Arc<dyn Clock>,
    roster: Roster,
    dice: Dice,
}

impl Traffic {
    /// Sends one command. Refusals (a full disk, a suspect clock, a rule that meanwhile stands against it) are passed
    /// over, with what would have followed.
    async fn send<A: Aggregate>(
        &mut self,
        actor: Actor,
        method: &'static str,
        target: Option<Uuid>,
        command: impl Into<A::Command>,
    ) -> Option<Outcome<A>> {
        let request = Request::new(actor, self.dice.uuid(), method, target, command.into());
        match self.commands.execute::<A>(request).await {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                tracing::debug!(%error, method, "live traffic refused");
                None
            }
        }
    }

    fn site(&mut self) -> Site {
        let (institution, credit_code, county) = self.dice.pick(&self.roster.open).clone();
        Site {
            institution,
            credit_code,
            county,
        }
    }

    async fn begin(&mut self) -> Option<Next> {
        let site = self.site();
        // A visit has some thirty steps: few of them keep the queue short.
        match self.dice.below(100) {
            0..3 => self.registry(&site).await,
            3..62 => self.notify(site).await.map(Next::Incident),
            62..90 => self.staff(site).await.map(Next::Staff),
            _ => self.plan_visit(site).await.map(|next| Next::Visit(Box::new(next))),
        }
    }

    async fn go_on(&mut self, next: Next) -> Option<Next> {
        match next {
            Next::Incident(next) => self.incident(next).await.map(Next::Incident),
            Next::Staff(next) => self.hire(next).await.map(Next::Staff),
            Next::Visit(next) => self.visit(*next).await.map(|next| Next::Visit(Box::new(next))),
        }
    }
}

/// Sends a command every few seconds until `stop` turns true.
pub async fn live(
    commands: Commands,
    clock: Arc<dyn Clock>,
    roster: Roster,
    seed: u64,
    mut stop: watch::Receiver<bool>,
) {
    if roster.open.is_empty() {
        return;
    }
    let mut traffic = Traffic {
        commands,
        clock,
        roster,
        dice: Dice(ChaCha20Rng::seed_from_u64(seed)),
    };
    let mut waiting: VecDeque<Next> = VecDeque::new();
    loop {
        let pause = Duration::from_millis(traffic.dice.between(2500, 7000));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = stop.wait_for(|stop| *stop) => {
                drop(changed);
                return;
            }
        }
        let next = if waiting.len() >= WAITING || traffic.dice.percent(84) {
            waiting.pop_front()
        } else {
            None
        };
        let follows = match next {
            None => traffic.begin().await,
            Some(next) => traffic.go_on(next).await,
        };
        waiting.extend(follows);
    }
}
