//! Building the history: the agenda is worked off through [`Commands`], an hour of simulated time to a commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use uuid::Uuid;
use yujian_command::{CommandError, Commands, Outcome, Reactors, Request};
use yujian_domain::aggregate::Aggregate;
use yujian_domain::alert::AlertRule;
use yujian_domain::envelope::Actor;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{day_of, end_of, start_of};
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::{EventLog, LogError, LogPosition};

use crate::agenda::{Agenda, Staff, Task, later, office};
use crate::alerts::Lead;
use crate::applying::Matter;
use crate::people::Dice;
use crate::pilot;
use crate::staff::Worker;
use crate::teams::{Team, teams};
use crate::visits::Call;
use crate::world::{Course, Member, Roster, members};

/// What to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The same seed gives the same history.
    pub seed: u64,
    /// Last simulated legal day.
    pub until: Date,
    /// Institutions.
    pub institutions: u32,
    /// Months of history.
    pub months: u32,
}

/// What was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events that the story's commands and the reactors brought about; claims, counted visits and reference data come
    /// besides.
    pub events: u64,
    /// Institutions.
    pub institutions: u64,
    /// Persons: staff and inspectors.
    pub persons: u64,
    /// Inspections.
    pub inspections: u64,
    /// Incidents.
    pub incidents: u64,
    /// Steps that were refused and left out: none, as far as the story obeys the rules.
    pub refused: Vec<String>,
    /// For live traffic afterwards.
    pub roster: Roster,
}

/// A commit that carries a simulated hour. Keys are made durable before the events that they seal.
#[async_trait]
pub trait Batch: Send + Sync {
    /// Begins to collect.
    async fn begin(&self) -> Result<(), LogError>;
    /// Makes what was collected durable.
    async fn commit(&self) -> Result<(), LogError>;
}

/// Why the demonstration could not be built.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A step of the story was refused: story and rules disagree.
    #[error("{task} on {at} was refused: {error}")]
    Refused {
        /// Which step.
        task: String,
        /// Simulated time.
        at: Timestamp,
        /// The refusal.
        error: CommandError,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The plan makes no sense.
    #[error("{0}")]
    Plan(String),
}

/// An incident of the story.
pub(crate) struct Case {
    pub id: Uuid,
    pub institution: usize,
    pub children: u32,
    /// Guardians told so far: the case can't end before all are.
    pub told: u32,
    pub regulatory: bool,
    pub reopened: bool,
}

pub(crate) struct Story<'a> {
    pub commands: &'a Commands,
    pub dice: Dice,
    pub agenda: Agenda,
    pub members: Vec<Member>,
    pub cases: Vec<Case>,
    pub workers: Vec<Worker>,
    pub teams: Vec<Team>,
    pub calls: Vec<Call>,
    /// Dimensions that the next re-inspection of an institution looks at.
    pub follow: BTreeMap<usize, Vec<String>>,
    /// Findings cited so far.
    pub findings: usize,
    /// Alerts that came up so far.
    pub leads: Vec<Lead>,
    /// How many of each rule.
    pub raised: BTreeMap<AlertRule, usize>,
    /// How far the log was read for them.
    pub read: LogPosition,
    /// Applications of the pilot so far.
    pub matters: Vec<Matter>,
    /// How many of them were for a licence.
    pub applied: usize,
    /// How many for a renewal in time.
    pub renewals: usize,
    /// Holders whose lot was drawn.
    pub lots: usize,
    /// Terms of licences so far.
    pub terms_begun: usize,
    /// Receipts and licences that ran out so far.
    pub expiries: usize,
    /// Days within which the pilot's institutions go over to a licence.
    pub migration_days: u64,
    /// Operators that took a licence over, and from whom: credit codes.
    pub succeeds: BTreeMap<String, String>,
    /// Simulated days in all.
    pub days: u64,
    pub at: Timestamp,
    pub last: Timestamp,
    pub events: u64,
    pub refused: Vec<String>,
}

/// Builds the history of a plan into an empty log, the one of `commands`. The reactors are those over the same log; they
/// react as the hours pass, so that nothing is left for them to do at the end; officers look at the alerts that come up. `progress` hears of simulated days done and in all.
///
/// # Errors
/// A failed log, or a plan without a day in it.
pub async fn build(
    commands: &Commands,
    log: &dyn EventLog,
    reactors: &mut Reactors,
    clock: &Arc<SimulatedClock>,
    batch: &dyn Batch,
    plan: Plan,
    progress: impl Fn(u64, u64),
) -> Result<Summary, DemoError> {
    let first = first_day(plan)?;
    let mut dice = Dice(ChaCha20Rng::seed_from_u64(plan.seed));
    let members = members(&mut dice, &commands.reference().divisions, plan.institutions);
    let teams = teams(&members, &commands.reference().divisions);
    let days = u64::from((plan.until - first).get_days().unsigned_abs()) + 1;
    if let Some(begins) = pilot::first_day(first, plan) {
        pilot::activate(commands, &mut dice, begins, plan).await?;
    }
    let mut story = Story {
        commands,
        dice,
        agenda: Agenda::default(),
        members,
        cases: Vec::new(),
        workers: Vec::new(),
        teams,
        calls: Vec::new(),
        follow: BTreeMap::new(),
        findings: 0,
        leads: Vec::new(),
        raised: BTreeMap::new(),
        read: log.origin(),
        matters: Vec::new(),
        applied: 0,
        renewals: 0,
        lots: 0,
        terms_begun: 0,
        expiries: 0,
        migration_days: u64::from(pilot::migration_months(plan)) * 30,
        succeeds: BTreeMap::new(),
        days,
        at: clock_start(plan)?,
        last: end_of(plan.until),
        events: 0,
        refused: Vec::new(),
    };
    story.open_agenda(first, plan);
    let mut hour = hour_of(story.at);
    batch.begin().await?;
    while let Some((at, task)) = story.agenda.next() {
        if at > story.last {
            break;
        }
        if hour_of(at) != hour {
            hour = hour_of(at);
            batch.commit().await?;
            story.react(reactors, (log, batch), clock, at).await?;
            // What follows from an alert is not done before the step that is at hand.
            story.at = at;
            story.look_into_the_log(log).await?;
            batch.begin().await?;
            progress(u64::from((day_of(at) - first).get_days().unsigned_abs()), days);
        }
        clock.set(at);
        story.at = at;
        match story.step(task).await {
            // Tests see that there is none; a demonstration that is being looked forward to goes on without the step.
            Err(refused @ DemoError::Refused { .. }) => {
                tracing::warn!(%refused, "a step of the story is left out");
                story.refused.push(refused.to_string());
            }
            outcome => outcome?,
        }
    }
    batch.commit().await?;
    let last = story.last;
    story.react(reactors, (log, batch), clock, last).await?;
    story.look_into_the_log(log).await?;
    Ok(story.summary())
}

fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

/// Where a plan's simulated clock starts: before its first event.
///
/// # Errors
/// A plan that reaches before the calendar.
pub fn clock_start(plan: Plan) -> Result<Timestamp, DemoError> {
    Ok(yujian_domain::time::start_of(first_day(plan)?))
}

fn first_day(plan: Plan) -> Result<Date, DemoError> {
    if plan.institutions == 0 || plan.months == 0 {
        return Err(DemoError::Plan(
            "a demonstration needs at least one institution and one month".to_owned(),
        ));
    }
    plan.until
        .checked_sub(i64::from(plan.months).months())
        .and_then(|day| day.checked_add(1.day()))
        .map_err(|error| DemoError::Plan(error.to_string()))
}

/// Lets the reactors do all that has come up, a batch for what follows from each other.
async fn idle(reactors: &mut Reactors, log: &dyn EventLog, batch: &dyn Batch) -> Result<(), CommandError> {
    loop {
        let before = *log.head().borrow();
        batch.begin().await?;
        reactors.run_until_idle().await?;
        batch.commit().await?;
        if *log.head().borrow() == before {
            return Ok(());
        }
    }
}

impl Story<'_> {
    /// Lets the reactors do what has come up, and then what falls due at each midnight up to `until`.
    async fn react(
        &mut self,
        reactors: &mut Reactors,
        (log, batch): (&dyn EventLog, &dyn Batch),
        clock: &SimulatedClock,
        until: Timestamp,
    ) -> Result<(), DemoError> {
        let failed = |error, at| match error {
            CommandError::Log(error) => DemoError::Log(error),
            error => DemoError::Refused {
                task: "reactors".to_owned(),
                at,
                error,
            },
        };
        idle(reactors, log, batch)
            .await
            .map_err(|error| failed(error, self.at))?;
        let mut day = day_of(self.at).saturating_add(1.day());
        while start_of(day) <= until {
            let midnight = start_of(day);
            clock.set(midnight);
            idle(reactors, log, batch)
                .await
                .map_err(|error| failed(error, midnight))?;
            self.at = midnight;
            day = day.saturating_add(1.day());
        }
        Ok(())
    }

    /// Registrations: half of the institutions exist early, the rest come over the whole time.
    fn open_agenda(&mut self, first: Date, plan: Plan) {
        let days = u64::from((plan.until - first).get_days().unsigned_abs());
        for county in 0..self.teams.len() {
            let at = office(&mut self.dice, first);
            self.agenda.add(at, Task::Staff(Staff::Appoint(county)));
        }
        self.open_visits(first, plan.until);
        for index in 0..self.members.len() {
            let course = self.members[index].course;
            let span = match course {
                // Waits at the end of the story.
                Course::WaitsForReceipt => {
                    let from = days.saturating_sub(18);
                    from..=days.saturating_sub(12).max(from)
                }
                _ if self.dice.percent(50) => 0..=days / 12,
                _ => 0..=days.saturating_sub(40),
            };
            let offset = self.dice.between(*span.start(), *span.end());
            let day = first.saturating_add(i64::try_from(offset).unwrap_or(0).days());
            let at = office(&mut self.dice, day);
            let task = if course == Course::Imported {
                Task::Import(index)
            } else {
                Task::Register(index)
            };
            self.agenda.add(at, task);
        }
    }

    /// Schedules something some days from now.
    pub(crate) fn plan(&mut self, low: u64, high: u64, task: Task) {
        let at = later(&mut self.dice, self.at, low, high);
        self.agenda.add(at, task);
    }

    /// Legal day of the simulated now.
    pub(crate) fn today(&self) -> Date {
        day_of(self.at)
    }

    /// Days within which what is particular comes about, so that a short story has it too.
    pub(crate) fn span(&self) -> (u64, u64) {
        let low = (self.days / 20).clamp(2, 20);
        (low, (self.days / 3).clamp(low, 400))
    }

    /// Schedules something some days from now, or sooner in a short story, so that it has it as well.
    pub(crate) fn plan_within(&mut self, low: u64, high: u64, task: Task) {
        self.plan((self.days / 6).min(low), (self.days / 3).min(high), task);
    }

    /// What the log says of an aggregate.
    pub(crate) async fn state<A: Aggregate>(&self, id: Uuid) -> Result<Option<Arc<A>>, DemoError> {
        match self.commands.load::<A>(id).await {
            Ok(loaded) => Ok(loaded.map(|(state, _)| state)),
            Err(error) => Err(self.failed("load", error)),
        }
    }

    /// Runs one command of the story; a refusal ends the step.
    pub(crate) async fn run<A: Aggregate>(
        &mut self,
        actor: Actor,
        method: &'static str,
        target: Option<Uuid>,
        command: A::Command,
    ) -> Result<Outcome<A>, DemoError> {
        match self.send(actor, method, target, command).await {
            Ok(outcome) => Ok(outcome),
            Err(error) => Err(self.failed(method, error)),
        }
    }

    /// Runs a command that the cap on visits may refuse.
    pub(crate) async fn ask<A: Aggregate>(
        &mut self,
        actor: Actor,
        method: &'static str,
        target: Option<Uuid>,
        command: A::Command,
    ) -> Result<Result<Outcome<A>, Reason>, DemoError> {
        match self.send(actor, method, target, command).await {
            Ok(outcome) => Ok(Ok(outcome)),
            Err(CommandError::Rejected(rejection)) if rejection.reason == Reason::FrequencyCapReached => {
                Ok(Err(rejection.reason))
            }
            Err(error) => Err(self.failed(method, error)),
        }
    }

    async fn send<A: Aggregate>(
        &mut self,
        actor: Actor,
        method: &'static str,
        target: Option<Uuid>,
        command: A::Command,
    ) -> Result<Outcome<A>, CommandError> {
        let request = Request::new(actor, self.dice.uuid(), method, target, command);
        self.commands.execute::<A>(request).await
    }

    /// Runs a request that is made up already.
    pub(crate) async fn execute<A: Aggregate>(
        &mut self,
        task: &str,
        request: Request<A::Command>,
    ) -> Result<Outcome<A>, DemoError> {
        let outcome = self.commands.execute::<A>(request).await;
        outcome.map_err(|error| self.failed(task, error))
    }

    fn failed(&self, task: &str, error: CommandError) -> DemoError {
        match error {
            CommandError::Log(error) => DemoError::Log(error),
            error => DemoError::Refused {
                task: task.to_owned(),
                at: self.at,
                error,
            },
        }
    }

    fn summary(&self) -> Summary {
        let open = self
            .members
            .iter()
            .filter(|member| member.open)
            .filter_map(|member| {
                member
                    .id
                    .map(|id| (id, member.credit_code.to_string(), member.county.clone()))
            })
            .collect();
        Summary {
            events: self.events,
            institutions: self.members.iter().filter(|member| member.id.is_some()).count() as u64,
            persons: (self.workers.len() + self.teams.iter().map(|team| team.inspectors.len()).sum::<usize>()) as u64,
            inspections: self.calls.len() as u64,
            incidents: self.cases.len() as u64,
            refused: self.refused.clone(),
            roster: Roster {
                open,
                staff: self.some_staff(),
                inspectors: self.lasting_inspectors(),
            },
        }
    }
}
