//! Random histories without a story: at each step any command to any aggregate, mostly one that its state may take, through
//! the command floor with its reactors. What is refused leaves no trace; another command is tried.

mod alerts;
mod dice;
mod incidents;
mod inspections;
mod institutions;
mod persons;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use uuid::Uuid;
use yujian_command::{CommandError, Commands, Outcome, Reactors, Request};
use yujian_domain::aggregate::Aggregate;
use yujian_domain::envelope::{Actor, Provenance, Role};
use yujian_domain::time::{Occurred, day_of, start_of};
use yujian_domain::values::CreditCode;
use yujian_eventlog::checkpoint::StateFile;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::MemoryKeys;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{EventLog, LogPosition};

use self::dice::Dice;
use super::histories::UNTIL;
use super::house::House;

/// First day of every walk; the checklist, the policies and the calendar hold from before it.
const FROM: Date = date(2026, 3, 2);
/// Commands tried in a step before it is given up.
const TRIES: u32 = 16;
/// Most aggregates of a family, so that some of them get far.
const INSTITUTIONS: usize = 5;
const PERSONS: usize = 12;
const INSPECTIONS: usize = 16;
const INCIDENTS: usize = 12;
/// Province in which everything Chinese lies.
const PROVINCE: &str = "33";

/// An institution of the walk.
struct Site {
    id: Uuid,
    credit_code: Option<CreditCode>,
    /// Number in the foreign register, of one that came from there.
    number: Option<u64>,
}

/// A walk on its way.
pub struct Walk {
    commands: Commands,
    clock: Arc<SimulatedClock>,
    dice: Dice,
    now: Timestamp,
    sites: Vec<Site>,
    persons: Vec<Uuid>,
    /// Person and account of each inspector.
    inspectors: Vec<(Uuid, String)>,
    inspections: Vec<Uuid>,
    incidents: Vec<Uuid>,
    alerts: Vec<Uuid>,
    log: Arc<MemoryLog>,
    /// How far alerts were looked for in the log.
    looked: LogPosition,
    /// Commands that were accepted and that were refused.
    pub counts: [u64; 2],
}

fn actor(id: String, role: Role) -> Actor {
    Actor {
        id,
        role,
        organisation: None,
        jurisdiction: Some(PROVINCE.to_owned()),
    }
}

/// One of the province's officers.
fn officer(dice: &mut Dice) -> Actor {
    actor(format!("officer-{}", dice.between(1, 3)), Role::Officer)
}

impl Walk {
    fn today(&self) -> Date {
        day_of(self.now)
    }

    /// A day as many days from today, at random.
    fn day(&mut self, low: i64, high: i64) -> Date {
        let days = self.dice.signed(low, high);
        self.today().saturating_add(days.days())
    }

    /// An institution, if there is one.
    fn site(&mut self) -> Option<(Uuid, Option<CreditCode>)> {
        let index = self.dice.index(self.sites.len())?;
        let site = &self.sites[index];
        Some((site.id, site.credit_code.clone()))
    }

    /// Who acts for an institution: its operator, or an officer.
    fn somebody(&mut self, credit_code: Option<&CreditCode>) -> Actor {
        match credit_code {
            Some(code) if self.dice.percent(50) => Actor {
                organisation: Some(code.to_string()),
                jurisdiction: None,
                ..actor(format!("operator-{code}"), Role::Operator)
            },
            _ => officer(&mut self.dice),
        }
    }

    /// Runs a command; a refusal leaves no trace.
    async fn send<A: Aggregate>(
        &mut self,
        actor: Actor,
        target: Option<Uuid>,
        command: A::Command,
    ) -> Option<Outcome<A>> {
        let imported = actor.role == Role::Administrator;
        let mut request = Request::new(actor, self.dice.uuid(), "walk", target, command);
        if imported {
            request.occurred = Some(Occurred::Unknown);
            request.provenance = Some(Provenance {
                source: "walk".to_owned(),
                sha256: "0".repeat(64),
                line: 2,
            });
        } else if self.dice.percent(10) {
            let date = self.day(-6, -1);
            request.occurred = Some(Occurred::Day { date });
        }
        match self.commands.execute::<A>(request).await {
            Ok(outcome) => {
                self.counts[0] += 1;
                Some(outcome)
            }
            Err(CommandError::Rejected(_)) => {
                self.counts[1] += 1;
                None
            }
            Err(CommandError::Log(error)) => panic!("{error}"),
        }
    }

    async fn state<A: Aggregate>(&self, id: Uuid) -> (std::sync::Arc<A>, u64) {
        self.commands.load::<A>(id).await.unwrap().unwrap()
    }

    /// One step: commands are tried until one is accepted.
    async fn step(&mut self) {
        for _ in 0..TRIES {
            let done = match self.dice.between(1, 100) {
                1..=12 => self.institution().await,
                13..=30 => self.incident().await,
                31..=58 => self.person().await,
                59..=96 => self.inspection().await,
                _ => self.alert().await,
            };
            if done {
                return;
            }
        }
    }

    /// Lets time pass: minutes within an office day, or days.
    async fn wait(&mut self, reactors: &mut Reactors) {
        let minutes = match self.dice.between(1, 100) {
            1..=85 => self.dice.signed(1, 120),
            86..=97 => self.dice.signed(120, 1_000),
            _ => self.dice.signed(1_440, 8_000),
        };
        let then = self.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let mut midnight = start_of(self.today().saturating_add(1.day()));
        while midnight <= then {
            self.clock.set(midnight);
            reactors.run_until_idle().await.unwrap();
            midnight = start_of(day_of(midnight).saturating_add(1.day()));
        }
        self.now = then;
        self.clock.set(then);
    }
}

/// A walk by its seed, served, where its views lie, and how many commands were accepted and refused.
pub async fn walked(seed: u64) -> (House, PathBuf, [u64; 2]) {
    let clock = Arc::new(SimulatedClock::new(start_of(FROM)));
    let log = MemoryLog::new(clock.clone());
    let entropy = Arc::new(Entropy::seeded(seed));
    let keys = Arc::new(MemoryKeys::new(entropy.clone()));
    let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy, true)
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = Arc::new(StateFile::open_for_build(directory.path()).unwrap());
    let mut reactors = Reactors::open(commands.clone(), state).await.unwrap();
    let mut walk = Walk {
        commands: commands.clone(),
        clock: clock.clone(),
        dice: Dice::new(seed),
        now: start_of(FROM).checked_add(9.hours()).unwrap(),
        sites: Vec::new(),
        persons: Vec::new(),
        inspectors: Vec::new(),
        inspections: Vec::new(),
        incidents: Vec::new(),
        alerts: Vec::new(),
        log: log.clone(),
        looked: log.origin(),
        counts: [0; 2],
    };
    clock.set(walk.now);
    walk.appoint_inspectors().await;
    while walk.today() < UNTIL {
        walk.step().await;
        walk.wait(&mut reactors).await;
    }
    clock.set(start_of(UNTIL));
    reactors.run_until_idle().await.unwrap();
    let data = directory.path().to_owned();
    let house = House::over(commands, log, keys, clock, &data).await;
    (house.keeping(directory), data, walk.counts)
}
