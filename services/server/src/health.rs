//! `healthcheck`, `doctor` and `config`: is it well, and if not, what to do.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use yujian_eventlog::sqlite::{DirectoryLock, LogKind, header, schema};

use crate::cli::HealthcheckArgs;
use crate::config::{Origin, Settings, without_secret};
use crate::engine::{Place, is_absent, open_to_read};
use crate::house::LOG_FILE;

/// Asks a running server.
pub async fn healthcheck(settings: &Settings, arguments: &HealthcheckArgs) -> anyhow::Result<ExitCode> {
    let patience = Duration::from_secs(arguments.timeout);
    let address = SocketAddr::new(settings.host, settings.port);
    let asked = tokio::time::timeout(patience, async {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        let reply = HealthClient::new(channel)
            .check(HealthCheckRequest { service: String::new() })
            .await?;
        anyhow::Ok(reply.into_inner().status())
    });
    let status = asked
        .await
        .with_context(|| format!("{address} did not answer within {} s", arguments.timeout))?
        .with_context(|| format!("{address} does not answer"))?;
    if status == ServingStatus::Serving {
        writeln!(std::io::stdout(), "serving")?;
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!("{address} answers {}", status.as_str_name())
}

/// Shows the settings as they would be used.
pub fn config(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for (key, value, origin) in &settings.shown {
        let value = match value.parse::<u16>() {
            Ok(number) if *key == "port" => number.to_string(),
            _ => toml::Value::String(value.clone()).to_string(),
        };
        // What is not shown, and a default that depends on another key, stay comments: the output can be used as a file.
        let (value, hidden) = without_secret(&value);
        let comment = if hidden || (*key == "kek_file" && *origin == Origin::Default) {
            "# "
        } else {
            ""
        };
        writeln!(out, "{comment}{key} = {value}  # {origin}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What one look found.
enum Finding {
    Good(String),
    /// What it is, and what to do.
    Bad(String, String),
}

/// Looks at machine and data.
pub async fn doctor(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut findings = vec![port(settings)];
    let has_log = match Place::of(settings) {
        Ok(Place::Embedded(path)) => {
            findings.extend(directory(&path));
            path.join(LOG_FILE).exists()
        }
        Ok(place) => {
            let (finding, has_log) = engine(&place).await;
            findings.push(finding);
            has_log
        }
        Err(error) => {
            findings.push(Finding::Bad(format!("{error:#}"), "see docs/kurrentdb.md".to_owned()));
            false
        }
    };
    findings.extend(keys(settings, has_log));
    let mut out = std::io::stdout().lock();
    let mut bad = 0_u8;
    for finding in findings {
        match finding {
            Finding::Good(what) => writeln!(out, "good   {what}")?,
            Finding::Bad(what, advice) => {
                bad = bad.saturating_add(1);
                writeln!(out, "BAD    {what}\n       {advice}")?;
            }
        }
    }
    writeln!(out, "{}", if bad == 0 { "all is well" } else { "see above" })?;
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn port(settings: &Settings) -> Finding {
    match TcpListener::bind(SocketAddr::new(settings.host, settings.port)) {
        Ok(_) => Finding::Good(format!("port {} is free", settings.port)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::Good(format!(
            "port {} is in use: a server may be running (yujian healthcheck)",
            settings.port
        )),
        Err(error) => Finding::Bad(
            format!("port {} can't be taken: {error}", settings.port),
            "choose another with --port; ports below 1024 need a privilege".to_owned(),
        ),
    }
}

/// A log elsewhere. Answers also whether there is one.
async fn engine(place: &Place) -> (Finding, bool) {
    match open_to_read(place).await {
        Ok((log, header)) => {
            let head = *log.head().borrow();
            let good = format!(
                "{place} answers: a log of epoch {}, up to position {head}",
                header.epoch
            );
            (Finding::Good(good), true)
        }
        Err(error) if is_absent(&error) => {
            let good = format!("{place} answers and holds no log yet: the first start makes one");
            (Finding::Good(good), false)
        }
        Err(error) => (
            Finding::Bad(format!("{error:#}"), "see docs/kurrentdb.md".to_owned()),
            false,
        ),
    }
}

fn directory(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    let log = path.join(LOG_FILE);
    if !log.exists() {
        return vec![Finding::Good(format!(
            "{shown} holds no log yet: the first start makes one"
        ))];
    }
    let mut findings = Vec::new();
    match DirectoryLock::acquire(path) {
        Ok(Some(_)) => findings.push(Finding::Good(format!("{shown} is not in use"))),
        Ok(None) => findings.push(Finding::Good(format!("{shown} is in use by a running process"))),
        Err(error) => findings.push(Finding::Bad(
            format!("{shown} can't be locked: {error}"),
            "the user must be allowed to write there".to_owned(),
        )),
    }
    match schema::open_read_only(&log)
        .map_err(|error| error.to_string())
        .and_then(|connection| {
            let found = header::read(&connection).map_err(|error| error.to_string())?;
            let position: i64 = connection
                .query_row("SELECT coalesce(max(position), 0) FROM record", [], |row| row.get(0))
                .map_err(|error| error.to_string())?;
            Ok((found, position))
        }) {
        Ok((found, position)) => {
            let kind = if found.kind == LogKind::Real {
                "real"
            } else {
                "a demo's"
            };
            findings.push(Finding::Good(format!(
                "log.db is {kind}, epoch {}, {position} records; yujian verify checks them",
                found.epoch
            )));
        }
        Err(error) => findings.push(Finding::Bad(
            format!("log.db can't be read: {error}"),
            "restore it from a backup: yujian restore --from BACKUP".to_owned(),
        )),
    }
    findings
}

fn keys(settings: &Settings, has_log: bool) -> Vec<Finding> {
    let store = settings.keys_dir.join("keys.db");
    let kek = settings
        .kek_file
        .clone()
        .unwrap_or_else(|| settings.keys_dir.join("keys.kek"));
    let mut findings = Vec::new();
    for (file, what) in [(store, "data keys"), (kek, "key-encryption key")] {
        let shown = file.display();
        match std::fs::metadata(&file) {
            Err(_) if !has_log => {}
            Err(error) => findings.push(Finding::Bad(
                format!("{shown} ({what}): {error}"),
                "restore it from the backup of the keys; without it personal data stays sealed and writes are refused"
                    .to_owned(),
            )),
            Ok(found) => {
                use std::os::unix::fs::PermissionsExt;
                let mode = found.permissions().mode() & 0o777;
                findings.push(if mode & 0o077 == 0 {
                    Finding::Good(format!("{shown} ({what}) is readable by its owner only"))
                } else {
                    Finding::Bad(
                        format!("{shown} ({what}) has mode {mode:o}"),
                        format!("chmod 600 {shown}"),
                    )
                });
            }
        }
    }
    findings
}
