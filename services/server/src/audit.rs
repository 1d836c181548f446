//! `replay`, `verify`, `backup` and `restore`: what an auditor and an operator of the machine do.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use yujian_audit::{ReplayQuery, replay};
use yujian_domain::envelope::parse_metadata;
use yujian_domain::time::shanghai;
use yujian_eventlog::Hash;
use yujian_eventlog::backup;
use yujian_eventlog::verify::{self, Expectation, Options};

use crate::cli::{BackupArgs, ReplayArgs, RestoreArgs, VerifyArgs};
use crate::config::Settings;
use crate::engine::{Place, open_to_read};
use crate::progress::Progress;

/// Problems were found: other than a failure to look.
const UNSOUND: u8 = 2;

/// Replays one institution from the log, also while it is served.
pub async fn replay_institution(settings: &Settings, arguments: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let (log, _) = open_to_read(&Place::of(settings)?).await?;
    let query = ReplayQuery {
        institution: arguments.institution,
        as_of: arguments.as_of,
        known_at: arguments.known_at,
        until: None,
    };
    let replayed = replay(log.as_ref(), query).await?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        out.write_all(&replayed.dossier)?;
        writeln!(out)?;
    } else {
        let day =
            |day: Option<jiff::civil::Date>, open: &str| day.map_or_else(|| open.to_owned(), |day| day.to_string());
        writeln!(
            out,
            "institution {}\nas of {}, known at {} (position {}); times in Beijing",
            arguments.institution,
            day(arguments.as_of, "the end of time"),
            day(arguments.known_at, "now"),
            replayed.position
        )?;
        writeln!(out, "events:")?;
        for record in &replayed.records {
            let actor = parse_metadata(&record.metadata).map_or_else(
                |_| "?".to_owned(),
                |m| format!("{} {}", m.actor.role.as_str(), m.actor.id),
            );
            writeln!(
                out,
                "  {}  {}@{}  {}  by {actor}  {}",
                beijing(record.recorded_time),
                record.stream,
                record.revision,
                record.event_type,
                &record.hash.to_hex()[..12]
            )?;
        }
        writeln!(out, "facts that hold:")?;
        for fact in &replayed.facts {
            let from = fact.valid_from.map_or_else(|| "-".to_owned(), beijing);
            let value = if fact.value.get("$sealed").is_some() {
                "(sealed)".to_owned()
            } else {
                fact.value.to_string()
            };
            writeln!(
                out,
                "  {} = {value}  from {from}  by {}@{}",
                fact.key, fact.source.stream, fact.source.revision
            )?;
        }
    }
    for damage in &replayed.damaged {
        writeln!(out, "damaged: position {}: {}", damage.position, damage.problem)?;
    }
    Ok(if replayed.damaged.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNSOUND)
    })
}

/// The end of a backup's log: a tail that was cut since then is missed even where `heads.db` was deleted with it.
fn noted_by(directory: &Path) -> anyhow::Result<Expectation> {
    let path = directory.join(backup::MANIFEST);
    let bytes = std::fs::read(&path).with_context(|| format!("{}", path.display()))?;
    let manifest: backup::Manifest =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is no manifest of a backup", path.display()))?;
    Ok(Expectation {
        source: format!("backup of {}", beijing(manifest.created)),
        position: manifest.log.end,
        hash: manifest.log.hash.as_deref().and_then(Hash::from_hex),
    })
}

/// An instant as people in the legal time zone write it: a legal day must not read as the day before.
fn beijing(instant: jiff::Timestamp) -> String {
    instant
        .to_zoned_datetime(shanghai())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Checks the whole log.
pub async fn verify(settings: &Settings, arguments: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let bar = Progress::new("verifying");
    let progress = |done, total| bar.at(done, total);
    let options = Options {
        progress: Some(&progress),
        expected: arguments
            .against
            .as_deref()
            .map(noted_by)
            .transpose()?
            .into_iter()
            .collect(),
    };
    let report = match Place::of(settings)? {
        // The file itself shows more than its readers would.
        Place::Embedded(directory) => verify::verify(&directory, &options)?,
        place @ Place::Kurrent(_) => {
            let (log, header) = open_to_read(&place).await?;
            verify::verify_log(log.as_ref(), &header, &options).await?
        }
    };
    bar.done();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        writeln!(out, "{report}")?;
    }
    Ok(if report.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNSOUND)
    })
}

/// Backs up the log and state, or the keys, also while they are in use.
pub fn back_up(settings: &Settings, arguments: &BackupArgs) -> anyhow::Result<ExitCode> {
    let bar = Progress::new("backing up");
    let progress = |done, total| bar.at(done, total);
    let now = jiff::Timestamp::now();
    let mut out = std::io::stdout().lock();
    if arguments.keys {
        let kek = settings.kek_file.as_deref();
        backup::backup_keys(&settings.keys_dir, kek, &arguments.to, now, Some(&progress))?;
        bar.done();
        writeln!(
            out,
            "keys backed up to {}; keep them apart from the log",
            arguments.to.display()
        )?;
    } else if let Place::Kurrent(address) = Place::of(settings)? {
        anyhow::bail!(
            "{address} is backed up by the means of KurrentDB (its data directory, chaser.chk first); only the keys are \
             Yujian's to back up: yujian backup --keys. After a restore there, run `yujian kurrentdb new-epoch`"
        );
    } else {
        backup::backup(&settings.data_dir, &arguments.to, now, Some(&progress))?;
        bar.done();
        writeln!(
            out,
            "log and state backed up to {}; the keys are not in it: yujian backup --keys",
            arguments.to.display()
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores into an empty directory.
pub fn restore(settings: &Settings, arguments: &RestoreArgs) -> anyhow::Result<ExitCode> {
    if let Place::Kurrent(address) = Place::of(settings)? {
        anyhow::bail!("{address} is restored by the means of KurrentDB; then run `yujian kurrentdb new-epoch`");
    }
    let elsewhere = settings.keys_dir != settings.data_dir || settings.kek_file.is_some();
    if arguments.keys.is_some() && elsewhere {
        anyhow::bail!(
            "keys_dir or kek_file lies outside the data directory: restore without --keys, then copy keys.db and \
             keys.kek from the backup of the keys to {} (mode 600)",
            settings.keys_dir.display()
        );
    }
    let bar = Progress::new("restoring");
    let progress = |done, total| bar.at(done, total);
    let restored = backup::restore(
        &arguments.from,
        &settings.data_dir,
        arguments.keys.as_deref(),
        Some(&progress),
    )?;
    bar.done();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "restored into {}: epoch {}, end at position {}",
        settings.data_dir.display(),
        restored.head.epoch,
        restored.head
    )?;
    if !restored.keys {
        writeln!(
            out,
            "without keys: personal data stays sealed and writes are refused until keys are restored"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
