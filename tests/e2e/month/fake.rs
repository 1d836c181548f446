//! The binary under a clock of our own.

use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;

use crate::support::{has, yujian};

/// `libfaketime`, as its own program says to load it.
pub struct Faketime {
    preload: String,
}

impl Faketime {
    /// Asks `faketime` on the path for its library for programs of many threads; `None`: it is not here.
    pub fn find() -> Option<Self> {
        let asked = Command::new("faketime")
            .args(["-m", "-f", "+0", "sh", "-c", "printf %s \"$LD_PRELOAD\""])
            .env_remove("LD_PRELOAD")
            .stderr(Stdio::null())
            .output();
        let preload = asked
            .ok()
            .filter(|asked| asked.status.success())
            .map(|asked| String::from_utf8_lossy(&asked.stdout).into_owned())
            .filter(|preload| preload.contains("libfaketimeMT"));
        has("faketime", preload.is_some()).then_some(())?;
        Some(Self { preload: preload? })
    }

    /// `serve` that begins at `now` and from there runs as the machine's clock does.
    pub fn serve(&self, data: &Path, now: Timestamp, reactors: &str) -> Command {
        let mut command = yujian(&[
            "serve",
            "--port",
            "0",
            "--data-dir",
            data.to_str().unwrap(),
            "--reactors",
            reactors,
            "--log-level",
            "error",
        ]);
        command
            .env("LD_PRELOAD", &self.preload)
            .env("TZ", "UTC")
            .env("FAKETIME", now.strftime("@%Y-%m-%d %H:%M:%S").to_string());
        command
    }
}

/// The same without a word.
pub fn quiet(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
