//! Opening a log: reaching the server, its header, whose keys it needs, where it ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use yujian_eventlog::LogError;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::header::{FORMAT, Header, LogKind};
use yujian_eventlog::rules::Stamps;

use crate::address::{Address, AddressError};
use crate::core::{Core, prefix};
use crate::fault::Fault;
use crate::header::{self, KeysHost, NoHeader, Note, Noted};
use crate::log::KurrentLog;
use crate::read::From;
use crate::supervisor::Supervisor;
use crate::tail;

/// Wait between two tries to reach the server.
const BETWEEN: Duration = Duration::from_millis(250);
/// How often "not reached yet" is said.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for the end of the log. The server passes over everything that is not ours.
const END_PATIENCE: Duration = Duration::from_secs(120);
/// Answers without a record, after the first, that are believed.
const NOTHING: u32 = 2;
/// Tries to note something in the header against others who do the same.
const TRIES: u32 = 10;

/// How a log is opened.
pub struct OpenOptions {
    /// Clock for `recorded_time`.
    pub clock: Arc<dyn Clock>,
    /// What the log must be, and is made as when it is not there; `None`: whatever it is, to read it only.
    pub kind: Option<LogKind>,
    /// Check value of the HMAC key of each key epoch that is here. New epochs are noted in the header; if one of the
    /// header's is not here, the log is opened and refuses writes.
    pub check_values: Vec<(u32, String)>,
    /// This host; it becomes the holder of the log's keys if there is none. `None`: it needs no keys, only to read.
    pub keys_host: Option<KeysHost>,
    /// The header that a new log is made with, and the log must have, when another log is being copied into it.
    pub copy: Option<Header>,
    /// How long to try to reach the server.
    pub patience: Duration,
}

impl OpenOptions {
    /// To read whatever log is there.
    #[must_use]
    pub fn reading(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kind: None,
            check_values: Vec::new(),
            keys_host: None,
            copy: None,
            patience: Duration::from_secs(20),
        }
    }
}

/// Why a log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is no good.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No server answers.
    #[error("no server answers at {address}: {reason} / 无法连接 KurrentDB")]
    Unreachable {
        /// Where.
        address: String,
        /// What was heard last.
        reason: String,
    },
    /// A server answers, but not so that the log could be used.
    #[error("{0}")]
    Refused(String),
    /// There is no log.
    #[error("{0} holds no log of Yujian / 未找到日志")]
    Absent(String),
    /// The header can't be used.
    #[error("{0}")]
    Header(String),
    /// There are records but no header.
    #[error("there are records in this namespace but no header: the stream {0} was deleted / 日志头缺失")]
    Headless(String),
    /// It is a demo's, and a real one was asked for.
    #[error("this is a demo log: its history is simulated / 这是演示日志，内容为模拟数据")]
    IsDemo,
    /// It is a real one, and a demo's was asked for.
    #[error("this is a real log, not a demo's / 这是正式日志，不是演示日志")]
    NotDemo,
    /// Another log was being copied into it and that is not finished.
    #[error(
        "a migration into this log is not finished: run `yujian migrate` again / 数据迁移尚未完成，请重新执行 yujian migrate"
    )]
    Migrating,
    /// A copy was to go into a log that is there already and is not an unfinished copy of the same log.
    #[error("there is another log here already / 目标位置已有其他日志")]
    Occupied,
    /// The keys are on another host.
    #[error(
        "the keys of this log are held by the host {holder}, and this is {here}. Personal data would be sealed with keys \
         that the other host does not have: until keys can be shared, all command nodes run on one host, with the same \
         --keys-dir. To move: stop every node, move keys.db and keys.kek here, run `yujian kurrentdb take-keys` \
         / 密钥由另一台主机保管，目前所有写入节点须在同一主机上运行"
    )]
    KeysElsewhere {
        /// Name of the host that holds them.
        holder: String,
        /// Name of this one.
        here: String,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl KurrentLog {
    /// Opens the log at an address; makes it when it is absent and may be made.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(address: &Address, options: OpenOptions) -> Result<Arc<Self>, OpenError> {
        let supervisor = Supervisor::new(address)?;
        let until = Instant::now() + options.patience;
        let namespace = address.namespace();
        let found = reach(&supervisor, address, until).await?;
        let now = options.clock.now();
        let noted = match found {
            Some(noted) => noted,
            None => make(&supervisor, address, &options, now).await?,
        };
        check_kind(&noted.note.header, &options)?;
        let noted = if options.kind.is_some() {
            take_keys(&supervisor, namespace, noted, &options, now).await?
        } else {
            noted
        };
        let refusal = if options.copy.is_some() {
            None
        } else if options.kind.is_none() {
            Some(LogError::ReadOnly("the log was opened for reading".to_owned()))
        } else {
            noted.note.header.check_keys(&options.check_values).err()
        };
        let mut core = Core::new(
            supervisor,
            namespace,
            &noted.note.header,
            Stamps::new(options.clock),
            address.has_user_certificate(),
        );
        core.keys_host = options.keys_host;
        let core = Arc::new(core);
        core.find_end(until).await?;
        core.learn_ends().await;
        if let Some(refusal) = refusal {
            if options.kind.is_some() {
                core.refuse(refusal);
            } else {
                core.refuse_quietly(refusal);
            }
        }
        Ok(Arc::new(Self {
            tail: tail::spawn(&core),
            core,
            note: noted.note,
        }))
    }

    /// Notes that the copying of another log into this one is finished, so that it may be served.
    ///
    /// # Errors
    /// [`OpenError`] when the header can't be written.
    pub async fn finish_migration(address: &Address, now: Timestamp) -> Result<(), OpenError> {
        change(address, now, |note| {
            note.header.migrating_from = None;
            note.header.several_writers = true;
            Ok(())
        })
        .await
        .map(drop)
    }

    /// Makes this host the one that holds the keys. Its check values must be those of the log.
    ///
    /// # Errors
    /// [`OpenError`] when the keys are not those of the log, or the header can't be written.
    pub async fn move_keys(
        address: &Address,
        host: &KeysHost,
        check_values: &[(u32, String)],
        now: Timestamp,
    ) -> Result<Note, OpenError> {
        change(address, now, |note| {
            note.header.check_keys(check_values)?;
            note.keys_host = Some(host.clone());
            Ok(())
        })
        .await
    }

    /// Begins the next epoch, as after a restore of the server: positions of before are refused from then on.
    ///
    /// # Errors
    /// [`OpenError`] when the header can't be written.
    pub async fn begin_epoch(address: &Address, now: Timestamp) -> Result<Note, OpenError> {
        change(address, now, |note| {
            note.header.epoch = note
                .header
                .epoch
                .checked_add(1)
                .ok_or_else(|| OpenError::Header("there are no epochs left".to_owned()))?;
            Ok(())
        })
        .await
    }

    /// What is noted of the log at an address; `None` when there is none.
    ///
    /// # Errors
    /// [`OpenError`] when no server answers, or the header can't be read.
    pub async fn note(address: &Address, patience: Duration) -> Result<Option<Note>, OpenError> {
        let supervisor = Supervisor::new(address)?;
        Ok(reach(&supervisor, address, Instant::now() + patience)
            .await?
            .map(|noted| noted.note))
    }
}

/// Changes the header of a log that is there.
async fn change(
    address: &Address,
    now: Timestamp,
    mut edit: impl FnMut(&mut Note) -> Result<(), OpenError>,
) -> Result<Note, OpenError> {
    let supervisor = Supervisor::new(address)?;
    let until = Instant::now() + Duration::from_secs(20);
    for _ in 0..TRIES {
        let Some(noted) = reach(&supervisor, address, until).await? else {
            return Err(OpenError::Absent(address.to_string()));
        };
        let mut note = noted.note.clone();
        edit(&mut note)?;
        match header::write(&supervisor, address.namespace(), Some(noted.revision), &note, now).await {
            Ok(()) => return Ok(note),
            Err(Fault::Conflict) => {}
            Err(fault) => return Err(refused(address, &fault)),
        }
    }
    Err(OpenError::Header("other nodes keep changing it".to_owned()))
}

/// Reads the header, again and again until a server answers.
async fn reach(supervisor: &Supervisor, address: &Address, until: Instant) -> Result<Option<Noted>, OpenError> {
    let mut said = Instant::now();
    loop {
        let fault = match header::read(supervisor, address.namespace()).await {
            Ok(found) => return Ok(found),
            Err(NoHeader::Unreadable(problem)) => return Err(OpenError::Header(problem)),
            Err(NoHeader::Fault(fault)) => fault,
        };
        let reason = match fault {
            Fault::NotDone(reason) | Fault::Unclear(reason) => reason,
            other => return Err(refused(address, &other)),
        };
        if Instant::now() + BETWEEN >= until {
            return Err(OpenError::Unreachable {
                address: address.to_string(),
                reason,
            });
        }
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            tracing::warn!(%address, reason, "waiting for KurrentDB");
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

fn refused(address: &Address, fault: &Fault) -> OpenError {
    OpenError::Refused(match fault {
        Fault::Denied if address.has_user_certificate() => {
            "KurrentDB denies access: userCertFile needs a licence with USER_CERTIFICATES on the server; use a name and \
             a password / 访问被拒绝"
                .to_owned()
        }
        Fault::Denied => {
            "KurrentDB denies access: put a user of $admins into the address, kurrentdb://NAME:PASSWORD@… / 访问被拒绝"
                .to_owned()
        }
        Fault::Unsupported => {
            "this server does not offer the calls that Yujian needs: KurrentDB or EventStoreDB 22.10 and later do"
                .to_owned()
        }
        other => format!("KurrentDB: {other:?}"),
    })
}

/// Makes the log, unless its header was lost.
async fn make(
    supervisor: &Supervisor,
    address: &Address,
    options: &OpenOptions,
    now: Timestamp,
) -> Result<Noted, OpenError> {
    let namespace = address.namespace();
    let header = match (&options.copy, &options.kind) {
        (Some(copy), _) => copy.clone(),
        (None, None) => return Err(OpenError::Absent(address.to_string())),
        (None, Some(kind)) => Header {
            format: FORMAT,
            created: now,
            epoch: 1,
            kind: kind.clone(),
            check_values: options.check_values.iter().cloned().collect(),
            several_writers: true,
            migrating_from: None,
        },
    };
    let records = supervisor
        .call(END_PATIENCE, {
            let prefix = prefix(namespace);
            move |client| async move { crate::read::any(&client, prefix).await }
        })
        .await
        .map_err(|fault| refused(address, &fault))?;
    if records {
        return Err(OpenError::Headless(header::stream(namespace)));
    }
    let note = Note {
        header,
        keys_host: None,
    };
    match header::write(supervisor, namespace, None, &note, now).await {
        Ok(()) => Ok(Noted { note, revision: 0 }),
        // Another node was faster: its header holds.
        Err(Fault::Conflict) => reach(supervisor, address, Instant::now() + options.patience)
            .await?
            .ok_or_else(|| OpenError::Absent(address.to_string())),
        Err(fault) => Err(refused(address, &fault)),
    }
}

fn check_kind(header: &Header, options: &OpenOptions) -> Result<(), OpenError> {
    if let Some(copy) = &options.copy {
        let same = header.migrating_from.is_some() && header.migrating_from == copy.migrating_from;
        return if same { Ok(()) } else { Err(OpenError::Occupied) };
    }
    if header.migrating_from.is_some() {
        return Err(OpenError::Migrating);
    }
    match (&header.kind, &options.kind) {
        (LogKind::Demo { .. }, Some(LogKind::Real)) => Err(OpenError::IsDemo),
        (LogKind::Real, Some(LogKind::Demo { .. })) => Err(OpenError::NotDemo),
        _ => Ok(()),
    }
}

/// Notes this host as the holder of the keys, and key epochs that the header does not know. Refuses another host.
async fn take_keys(
    supervisor: &Supervisor,
    namespace: &str,
    mut noted: Noted,
    options: &OpenOptions,
    now: Timestamp,
) -> Result<Noted, OpenError> {
    for _ in 0..TRIES {
        if let (Some(holder), Some(here)) = (&noted.note.keys_host, &options.keys_host)
            && !here.is_beside(holder)
        {
            return Err(OpenError::KeysElsewhere {
                holder: holder.name.clone(),
                here: here.name.clone(),
            });
        }
        // Keys that are not this log's are no reason to note anything; writes are refused later.
        let Ok(new) = noted.note.header.check_keys(&options.check_values) else {
            return Ok(noted);
        };
        let mut note = noted.note.clone();
        note.header.check_values.extend(new);
        if note.keys_host.is_none() {
            note.keys_host = options.keys_host.clone().filter(|host| host.store.is_some());
        }
        if note == noted.note {
            return Ok(noted);
        }
        match header::write(supervisor, namespace, Some(noted.revision), &note, now).await {
            Ok(()) => {
                return Ok(Noted {
                    note,
                    revision: noted.revision + 1,
                });
            }
            Err(Fault::Conflict) => {
                noted = match header::read(supervisor, namespace).await {
                    Ok(Some(noted)) => noted,
                    _ => return Err(OpenError::Header("it can't be read".to_owned())),
                };
            }
            Err(fault) => return Err(OpenError::Refused(format!("KurrentDB: {fault:?}"))),
        }
    }
    Err(OpenError::Header("other nodes keep changing it".to_owned()))
}

impl Core {
    /// Finds where the log ends now.
    async fn find_end(&self, until: Instant) -> Result<(), OpenError> {
        let mut nothing = 0;
        loop {
            let newest = self
                .raw_all(From::End, vec![self.prefix.clone()], 1, END_PATIENCE)
                .await;
            match newest.map(|newest| newest.events.into_iter().next()) {
                Ok(Some(raw)) => {
                    self.announce(raw.position);
                    if let Some(time) = crate::read::time_of(&self.item(raw)) {
                        self.see_time(time);
                    }
                    return Ok(());
                }
                // An answer that was broken off looks the same.
                Ok(None) if nothing < NOTHING => nothing += 1,
                Ok(None) => return Ok(()),
                Err(Fault::NotDone(_) | Fault::Unclear(_)) if Instant::now() + BETWEEN < until => {
                    tokio::time::sleep(BETWEEN).await;
                }
                Err(fault) => return Err(LogError::Unavailable(self.words(&fault)).into()),
            }
        }
    }
}
