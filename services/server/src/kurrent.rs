//! `yujian kurrentdb`: looking after a log on a cluster.

use std::process::ExitCode;

use crate::cli::KurrentdbAction;
use crate::config::Settings;
use crate::engine::Place;

/// Runs one action on the log of `settings`.
#[cfg(feature = "kurrentdb")]
pub async fn run(settings: &Settings, action: KurrentdbAction) -> anyhow::Result<ExitCode> {
    use std::io::Write;
    use std::sync::Arc;
    use std::time::Duration;

    use anyhow::Context;
    use jiff::Timestamp;
    use yujian_eventlog::clock::SystemClock;
    use yujian_eventlog::entropy::Entropy;
    use yujian_eventlog::keys::FileKeys;
    use yujian_kurrent::{KeysHost, KurrentLog, Note};

    const PATIENCE: Duration = Duration::from_secs(20);

    let Place::Kurrent(address) = Place::of(settings)? else {
        anyhow::bail!("the log is embedded: name a cluster with --log kurrentdb://…");
    };
    let now = Timestamp::now();
    let note: Note = match action {
        KurrentdbAction::Status => KurrentLog::note(&address, PATIENCE)
            .await?
            .with_context(|| format!("{address} holds no log of Yujian yet"))?,
        KurrentdbAction::NewEpoch => KurrentLog::begin_epoch(&address, now).await?,
        KurrentdbAction::TakeKeys => {
            let keys = FileKeys::open(
                &settings.keys_dir,
                settings.kek_file.as_deref(),
                false,
                Arc::new(Entropy::Os),
                Arc::new(SystemClock::default()),
            )
            .context("keys")?;
            let store = keys
                .store_id()
                .with_context(|| format!("{} holds no keys.db", settings.keys_dir.display()))?;
            KurrentLog::move_keys(&address, &KeysHost::here(Some(store)), &keys.check_values(), now).await?
        }
    };
    let (log, header) = match crate::engine::open_to_read(&Place::Kurrent(address.clone())).await {
        Ok((log, header)) => (Some(log), header),
        // An unfinished migration can't be opened, and is still to be shown.
        Err(_) => (None, note.header.clone()),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "log        {address}")?;
    writeln!(
        out,
        "kind       {}",
        if header.kind == yujian_eventlog::header::LogKind::Real {
            "real"
        } else {
            "demo"
        }
    )?;
    writeln!(out, "created    {}", header.created)?;
    writeln!(out, "epoch      {}", header.epoch)?;
    if let Some(log) = log {
        let end = *log.head().borrow();
        writeln!(out, "end        {end}")?;
    }
    if let Some(source) = &header.migrating_from {
        writeln!(out, "migrating  from {source}: not finished")?;
    }
    match &note.keys_host {
        Some(host) => writeln!(
            out,
            "keys       held by {} (store {})",
            host.name,
            host.store.as_deref().unwrap_or("-")
        )?,
        None => writeln!(out, "keys       held by nobody yet: the first command node takes them")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// This program has no client.
#[cfg(not(feature = "kurrentdb"))]
#[expect(clippy::unused_async, reason = "is called like the one that asks a server")]
pub async fn run(settings: &Settings, _: KurrentdbAction) -> anyhow::Result<ExitCode> {
    match Place::of(settings)? {
        Place::Embedded(_) => anyhow::bail!("the log is embedded: name a cluster with --log kurrentdb://…"),
        Place::Kurrent(address) => match address {},
    }
}
