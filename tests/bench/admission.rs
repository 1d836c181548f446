//! Admission at the size of a country: 100,000 institutions and more than two million events of admission, loaded
//! through the log; then the pipeline, the inboxes and the lists over gRPC and as pages, while applications come in.
//!
//! By hand, outside CI: `cargo bench -p yujian --bench admission`. Knobs, by environment: `YUJIAN_BENCH_INSTITUTIONS`
//! (100000), `YUJIAN_BENCH_SEED` (1), `YUJIAN_BENCH_UNTIL` (the story's last day), `YUJIAN_BENCH_ASKED` (300 answers to
//! each question), `YUJIAN_BENCH_WRITES` (registrations and filings a second meanwhile, 10), `YUJIAN_BENCH_DIR` (data that
//! is kept and used again; else a temporary directory).
#![allow(clippy::unwrap_used)]

mod ask;
mod copy;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "../e2e/support.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{Server, directory, knob, yujian};

/// Institutions of the story that is copied.
const STORY: u64 = 400;

#[tokio::main]
async fn main() {
    let scratch = directory();
    let kept = std::env::var_os("YUJIAN_BENCH_DIR").map(PathBuf::from);
    let base = kept.as_deref().unwrap_or(scratch.path());
    let data = base.join("data");
    if !data.join("loaded").exists() {
        build(base, &data).await;
    }
    let mut command = yujian(&["demo", "--quiet", "--port", "0", "--log-level", "warn", "--data-dir"]);
    command.arg(&data);
    // The first start builds the views.
    let server = timed("ready", || Server::spawn_within(Duration::from_hours(2), command));
    ask::all(&server).await;
}

/// The story, and its copies in a log of their own.
async fn build(base: &Path, data: &Path) {
    let (seed, institutions) = (knob("YUJIAN_BENCH_SEED", 1), knob("YUJIAN_BENCH_INSTITUTIONS", 100_000));
    let story = base.join("story");
    for path in [&story, &data.to_path_buf()] {
        let _ = std::fs::remove_dir_all(path);
    }
    let (seed, many) = (seed.to_string(), STORY.min(institutions).to_string());
    let mut plan = vec!["demo", "--build-only", "--seed", &seed, "--institutions", &many];
    let until = std::env::var("YUJIAN_BENCH_UNTIL");
    plan.extend(until.iter().flat_map(|day| ["--until", day]));
    timed("story", || run(&plan, &story));
    let began = Instant::now();
    let loaded = copy::load(&story, data, institutions).await;
    println!(
        "loaded: {} institutions, {} events of admission, {} of alerts, {:.0} s",
        loaded.institutions,
        loaded.admission,
        loaded.alerts,
        began.elapsed().as_secs_f64()
    );
    std::fs::write(data.join("loaded"), "").unwrap();
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    println!("{what}: {:.0} s", began.elapsed().as_secs_f64());
    done
}

fn run(arguments: &[&str], data: &Path) {
    let mut command = yujian(arguments);
    command.arg("--data-dir").arg(data).stdout(Stdio::null());
    assert!(command.status().unwrap().success(), "{arguments:?}");
}
