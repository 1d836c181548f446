//! Random histories: stories of a few institutions by seed, through the command floor with its reactors.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::{Date, date};
use yujian_command::{Commands, Reactors};
use yujian_demo::{Batch, Plan, build, clock_start};
use yujian_eventlog::LogError;
use yujian_eventlog::checkpoint::StateFile;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::MemoryKeys;
use yujian_eventlog::memory::MemoryLog;

use super::house::House;

/// Last day of every history.
pub const UNTIL: Date = date(2026, 6, 30);

struct Nothing;

#[async_trait]
impl Batch for Nothing {
    async fn begin(&self) -> Result<(), LogError> {
        Ok(())
    }
    async fn commit(&self) -> Result<(), LogError> {
        Ok(())
    }
}

/// A history by its seed, served, and where its views lie.
pub async fn random(seed: u64) -> (House, PathBuf) {
    let plan = Plan {
        seed,
        until: UNTIL,
        institutions: 4 + u32::try_from(seed % 4).unwrap(),
        months: 2 + u32::try_from(seed % 3).unwrap(),
    };
    let clock = Arc::new(SimulatedClock::new(clock_start(plan).unwrap()));
    let log = MemoryLog::new(clock.clone());
    let entropy = Arc::new(Entropy::seeded(seed));
    let keys = Arc::new(MemoryKeys::new(entropy.clone()));
    let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy, true)
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = Arc::new(StateFile::open_for_build(directory.path()).unwrap());
    let mut reactors = Reactors::open(commands.clone(), state).await.unwrap();
    build(
        &commands,
        log.as_ref(),
        &mut reactors,
        &clock,
        &Nothing,
        plan,
        |_, _| {},
    )
    .await
    .unwrap();
    let data = directory.path().to_owned();
    let house = House::over(commands, log, keys, clock, &data).await;
    (house.keeping(directory), data)
}
