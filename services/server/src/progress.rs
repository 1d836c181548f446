//! Progress of long work: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written when there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// A bar with a name. Shown only once work has gone on for a moment.
pub struct Progress {
    name: &'static str,
    bar: Option<ProgressBar>,
    said: Mutex<Instant>,
}

impl Progress {
    /// A bar for a piece of work.
    pub fn new(name: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            let style = ProgressStyle::with_template("{msg} [{bar:40}] {human_pos}/{human_len} {per_sec} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.with_style(style).with_message(name)
        });
        Self {
            name,
            bar,
            said: Mutex::new(Instant::now()),
        }
    }

    /// So much of so much is done.
    pub fn at(&self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if said.elapsed() >= EVERY {
            *said = Instant::now();
            // A closed standard error must not end the work.
            let _ = writeln!(std::io::stderr(), "{}: {done} of {total}", self.name);
        }
    }

    /// Takes the bar away.
    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
