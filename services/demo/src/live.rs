//! Live traffic in real time, so that the page of a demonstration moves: now and then an incident, then what follows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::watch;
use uuid::Uuid;
use yujian_command::{Commands, Request};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::incident::{Channel, Incident, IncidentCommand, Priority, TellGuardian, TriageIncident};
use yujian_domain::personal::Sensitive;
use yujian_eventlog::clock::Clock;

use crate::incidents::notification;
use crate::people::Dice;
use crate::world::{Roster, officer};

/// Cases that wait for their next step at most.
const WAITING: usize = 200;

enum Next {
    Guardian {
        case: Uuid,
        operator: Actor,
        county: String,
        child: u32,
        children: u32,
    },
    Triage {
        case: Uuid,
        county: String,
    },
}

/// Sends a command every few seconds until `stop` turns true. Refusals (a full disk, a suspect clock) are passed over.
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
    let mut dice = Dice(ChaCha20Rng::seed_from_u64(seed));
    let mut waiting: VecDeque<Next> = VecDeque::new();
    loop {
        let pause = Duration::from_millis(dice.between(2500, 7000));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = stop.wait_for(|stop| *stop) => {
                drop(changed);
                return;
            }
        }
        let next = if waiting.len() >= WAITING || dice.percent(84) {
            waiting.pop_front()
        } else {
            None
        };
        match next {
            None => begin(&commands, clock.as_ref(), &roster, &mut dice, &mut waiting).await,
            Some(next) => go_on(&commands, clock.as_ref(), next, &mut dice, &mut waiting).await,
        }
    }
}

async fn begin(commands: &Commands, clock: &dyn Clock, roster: &Roster, dice: &mut Dice, waiting: &mut VecDeque<Next>) {
    let (institution, credit_code, county) = dice.pick(&roster.open).clone();
    let operator = Actor {
        id: format!("operator-{}", credit_code.get(8..).unwrap_or_default()),
        role: Role::Operator,
        organisation: Some(credit_code),
        jurisdiction: None,
    };
    let notification = notification(dice, institution, clock.now());
    let children = u32::try_from(notification.children.len()).unwrap_or(0);
    let request = Request::new(
        operator.clone(),
        dice.uuid(),
        "yujian.incident.v1.IncidentService/NotifyIncident",
        None,
        IncidentCommand::Notify(notification),
    );
    match commands.execute::<Incident>(request).await {
        Ok(outcome) if children > 0 => {
            waiting.push_back(Next::Guardian {
                case: outcome.id,
                operator,
                county,
                child: 1,
                children,
            });
        }
        Ok(outcome) => waiting.push_back(Next::Triage {
            case: outcome.id,
            county,
        }),
        Err(error) => tracing::debug!(%error, "live traffic refused"),
    }
}

async fn go_on(commands: &Commands, clock: &dyn Clock, next: Next, dice: &mut Dice, waiting: &mut VecDeque<Next>) {
    let request = match next {
        Next::Guardian {
            case,
            operator,
            county,
            child,
            children,
        } => {
            let command = IncidentCommand::TellGuardian(TellGuardian {
                child,
                told_time: clock.now(),
                channel: Channel::Phone,
            });
            waiting.push_back(if child < children {
                Next::Guardian {
                    case,
                    operator: operator.clone(),
                    county,
                    child: child + 1,
                    children,
                }
            } else {
                Next::Triage { case, county }
            });
            let method = "yujian.incident.v1.IncidentService/TellGuardian";
            Request::new(operator, dice.uuid(), method, Some(case), command)
        }
        Next::Triage { case, county } => {
            let command = IncidentCommand::Triage(TriageIncident {
                priority: *dice.pick(&[Priority::P2, Priority::P3, Priority::P4]),
                regulatory: dice.percent(80),
                reason: Sensitive::new("值班人员研判"),
            });
            let method = "yujian.incident.v1.IncidentService/TriageIncident";
            Request::new(officer(&county, 1), dice.uuid(), method, Some(case), command)
        }
    };
    if let Err(error) = commands.execute::<Incident>(request).await {
        tracing::debug!(%error, "live traffic refused");
    }
}
