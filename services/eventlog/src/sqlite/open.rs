//! Opening the embedded log: the lock, the header, the names, the heads, and what the start may find.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, watch};

use super::header::{self, FORMAT, Header, HeaderError, LogKind};
use super::heads::{self, HeadsFile, Tail};
use super::lock::DirectoryLock;
use super::rows::Source;
use super::schema::{self, is_corrupt, is_disk_full, to_sql};
use super::streams::Streams;
use super::writer::Writer;
use super::{Readers, Refusal, Shared, SqliteLog};
use crate::clock::Clock;
use crate::rules::{Stamps, WRITERS_APART};
use crate::{Hash, Item, LogError, LogPosition, StreamName};

/// Read-only connections.
const READERS: usize = 4;
/// Jobs that may queue up for the writer; callers beyond wait.
const QUEUE: usize = 1024;
/// KiB of events that may wait for the writer; callers beyond wait.
const QUEUE_KIB: usize = 64 * 1024;
/// Records between two reports of progress.
const REPORT_EVERY: u64 = 10_000;

/// Told how far the start has come: records scanned, records to scan.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// How a log is opened.
pub struct OpenOptions {
    /// Clock for `recorded_time`.
    pub clock: Arc<dyn Clock>,
    /// What the log must be; written into the header of a new one.
    pub kind: LogKind,
    /// Check value of the HMAC key of each key epoch that is here. New epochs are noted in the header; if one of the
    /// header's is not here, the log is opened and refuses writes.
    pub check_values: Vec<(u32, String)>,
    /// Told about the scan at the start.
    pub progress: Option<Progress>,
    /// The header that a new log is made with, and the log must have, when another log is being copied into it.
    pub copy: Option<Header>,
}

impl OpenOptions {
    /// A real log without keyed digests.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kind: LogKind::Real,
            check_values: Vec::new(),
            progress: None,
            copy: None,
        }
    }
}

/// Why a log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves it.
    #[error("another process is using this data directory / 该数据目录正被另一个进程使用")]
    Locked,
    /// It is a demo's, and a real one was asked for.
    #[error("this is a demo log: its history is simulated / 这是演示日志，内容为模拟数据")]
    IsDemo,
    /// It is a real one, and a demo's was asked for.
    #[error("this is a real log, not a demo's / 这是正式日志，不是演示日志")]
    NotDemo,
    /// It is another demo's.
    #[error("this demo log was made with seed {seed} until {until} / 该演示日志的种子或截止时间不同")]
    OtherDemo {
        /// Its seed.
        seed: u64,
        /// Its end.
        until: Timestamp,
    },
    /// Another log was being copied into it and that is not finished.
    #[error(
        "a migration into this log is not finished: run `yujian migrate` again / 数据迁移尚未完成，请重新执行 yujian migrate"
    )]
    Migrating,
    /// A copy was to go into a log that is there already and is not an unfinished copy of the same log.
    #[error("there is another log here already / 目标位置已有其他日志")]
    Occupied,
    /// `heads.db` knows records that `log.db` does not hold any more.
    #[error(
        "log.db ends at {log}, but heads.db has seen {heads}: the tail of the log was cut off. Restore it, or delete \
         heads.db to accept the loss / 日志尾部缺失"
    )]
    CutTail {
        /// Last position of `heads.db`.
        heads: u64,
        /// Last position of `log.db`.
        log: u64,
    },
    /// The header can't be used.
    #[error("log.db: {0}")]
    Header(HeaderError),
    /// The file is damaged where the start needs it.
    #[error("log.db is damaged: {0}; restore it from a backup / 日志文件已损坏")]
    Corrupt(String),
    /// No space left.
    #[error("the disk is full / 磁盘已满")]
    DiskFull,
    /// Files can't be opened.
    #[error("data directory: {0}")]
    Io(#[from] std::io::Error),
    /// SQLite fails.
    #[error("SQLite: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        if is_disk_full(&error) {
            Self::DiskFull
        } else if is_corrupt(&error) {
            Self::Corrupt(error.to_string())
        } else {
            Self::Sqlite(error)
        }
    }
}

impl From<HeaderError> for OpenError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Sqlite(error) => error.into(),
            error => Self::Header(error),
        }
    }
}

impl SqliteLog {
    /// Opens the log of a data directory, which is made when absent.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(directory: &Path, options: OpenOptions) -> Result<Arc<Self>, OpenError> {
        std::fs::create_dir_all(directory)?;
        let lock = DirectoryLock::acquire(directory)?.ok_or(OpenError::Locked)?;
        let path = directory.join(schema::LOG_FILE);
        let mut conn = schema::open_read_write(&path, "FULL")?;
        schema::keep_wal(&conn)?;
        conn.query_row("PRAGMA wal_autocheckpoint=0", [], |_| Ok(()))?;
        let header = open_header(&mut conn, &options)?;
        let missing_key = check_keys(&conn, &header, &options)?;

        let streams = RwLock::new(load_names(&conn)?);
        let end = last_position(&conn)?;
        let source = Source {
            conn: &conn,
            streams: &streams,
            epoch: header.epoch,
        };
        let (file, hole) = load_heads(directory, &header, &source, end, options.progress.as_deref())?;
        let several_writers = header.several_writers || header.migrating_from.is_some();
        let last_time = last_time(&source, end, several_writers)?;
        let hole = hole.map(|position| {
            LogError::ReadOnly(format!(
                "log.db is damaged at position {position}: repair it, then start again"
            ))
        });
        let refusal = hole.or(missing_key).map(|error| Refusal { error, unsound: false });
        if let Some(refusal) = &refusal {
            tracing::error!(reason = %refusal.error, "the log takes no writes");
        }

        let tail = Arc::new(Tail::default());
        let shared = Arc::new(Shared {
            epoch: header.epoch,
            streams,
            head: watch::Sender::new(LogPosition {
                epoch: header.epoch,
                number: end,
            }),
            tail: Arc::clone(&tail),
            damaged: Mutex::new(HashMap::new()),
            refusal: Mutex::new(refusal),
            bulk: false.into(),
            bulk_heads: Mutex::default(),
        });
        let idle = (0..READERS)
            .map(|_| schema::open_read_only(&path))
            .collect::<Result<Vec<_>, _>>()?;
        let readers = Arc::new(Readers {
            path,
            idle: Mutex::new(idle),
            permits: Semaphore::new(READERS),
        });
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = Writer::new(
            conn,
            Arc::clone(&shared),
            Stamps::new(options.clock),
            last_time,
            header.migrating_from.is_some(),
        );
        let writer = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run(queue))?;
        let heads = heads::spawn(tail, file)?;
        Ok(Arc::new(Self {
            header,
            shared,
            readers,
            room: Semaphore::new(QUEUE_KIB),
            jobs: Some(jobs),
            writer: Some(writer),
            heads: Some(heads),
            _lock: lock,
        }))
    }
}

fn open_header(conn: &mut Connection, options: &OpenOptions) -> Result<Header, OpenError> {
    if header::is_absent(conn)? {
        let header = Header {
            format: FORMAT,
            created: options.clock.now(),
            epoch: 1,
            kind: options.kind.clone(),
            check_values: options.check_values.iter().cloned().collect(),
            several_writers: false,
            migrating_from: None,
        };
        header::create(conn, options.copy.as_ref().unwrap_or(&header))?;
    }
    let header = header::read(conn)?;
    match &options.copy {
        Some(copy) if header.migrating_from.is_some() && header.migrating_from == copy.migrating_from => {
            return Ok(header);
        }
        Some(_) => return Err(OpenError::Occupied),
        None if header.migrating_from.is_some() => return Err(OpenError::Migrating),
        None => {}
    }
    match (&header.kind, &options.kind) {
        (stored, asked) if stored == asked => Ok(header),
        (LogKind::Demo { .. }, LogKind::Real) => Err(OpenError::IsDemo),
        (LogKind::Real, _) => Err(OpenError::NotDemo),
        (LogKind::Demo { seed, until }, _) => Err(OpenError::OtherDemo {
            seed: *seed,
            until: *until,
        }),
    }
}

/// Compares the check values with the header's; notes new epochs. Answers why writes must be refused, if they must.
fn check_keys(conn: &Connection, header: &Header, options: &OpenOptions) -> rusqlite::Result<Option<LogError>> {
    if options.copy.is_some() {
        // What is copied was decided elsewhere and is not decided again.
        return Ok(None);
    }
    match header.check_keys(&options.check_values) {
        Err(refusal) => Ok(Some(refusal)),
        Ok(new) => {
            for (epoch, value) in new {
                header::put_check_value(conn, epoch, &value)?;
            }
            Ok(None)
        }
    }
}

pub(super) fn load_names(conn: &Connection) -> Result<Streams, OpenError> {
    let mut streams = Streams::default();
    let mut statement = conn.prepare("SELECT number, name FROM stream ORDER BY number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number: u32 = row.get(0)?;
        let name = row
            .get_ref(1)?
            .as_str()
            .ok()
            .and_then(|name| StreamName::parse(name).ok());
        // A name that is gone leaves a hole, so that the others keep their numbers.
        while u64::from(number) > u64::try_from(streams.count()).unwrap_or(u64::MAX) + 1 {
            if streams.count() > 100_000_000 {
                return Err(OpenError::Corrupt(format!("stream number {number} is out of range")));
            }
            streams.add(None);
        }
        let duplicate = name.as_ref().is_some_and(|name| streams.number(name).is_some());
        if duplicate {
            return Err(OpenError::Corrupt(format!(
                "stream {number} has the name of an earlier one"
            )));
        }
        streams.add(name);
    }
    Ok(streams)
}

pub(super) fn last_position(conn: &Connection) -> rusqlite::Result<u64> {
    let last: Option<i64> = conn.query_row("SELECT max(position) FROM record", [], |row| row.get(0))?;
    Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0))
}

/// Loads `heads.db` and scans the log after its mark. Answers the file, and the first position that the scan could not
/// read: what is there may be the end of any stream, so that no writes can be taken.
fn load_heads(
    directory: &Path,
    header: &Header,
    source: &Source<'_>,
    end: u64,
    progress: Option<&(dyn Fn(u64, u64) + Send + Sync)>,
) -> Result<(HeadsFile, Option<u64>), OpenError> {
    let log = format!("{} {}", header.created, header.epoch);
    let (mut file, mark) = HeadsFile::open(directory, &log)?;
    let mut from = 0;
    if let Some(mark) = mark {
        if mark.position > end {
            return Err(OpenError::CutTail {
                heads: mark.position,
                log: end,
            });
        }
        let fits = |item: &Item| matches!(item, Item::Record(record) if record.hash == mark.hash);
        let same = source.at(mark.position).is_ok_and(|(_, item)| fits(&item));
        let mut all_known = true;
        if same {
            let mut streams = source.streams.write().unwrap_or_else(PoisonError::into_inner);
            file.each(|number, position| all_known &= position <= mark.position && streams.set_last(number, position))?;
        }
        if same && all_known {
            from = mark.position;
        } else {
            tracing::warn!("heads.db does not fit the log: rebuilding it");
            source
                .streams
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .clear_last();
            file.clear()?;
        }
    }
    let (moved, hole) = scan(source, from, end, progress)?;
    if end > from && hole.is_none() {
        let hash = match source.at(end) {
            Ok((_, Item::Record(record))) => record.hash,
            // A damaged last record has no hash to be recognised by: the next start scans again.
            _ => Hash::ZERO,
        };
        file.write(&moved, end, hash)?;
    }
    Ok((file, hole))
}

/// Scans the log after `from`: sets the last positions of streams, answers those that moved and the first unreadable
/// position.
fn scan(
    source: &Source<'_>,
    from: u64,
    end: u64,
    progress: Option<&(dyn Fn(u64, u64) + Send + Sync)>,
) -> Result<(BTreeMap<u32, u64>, Option<u64>), OpenError> {
    let report = |at: u64| {
        if let Some(progress) = progress {
            progress(at - from, end - from);
        }
    };
    let mut streams = source.streams.write().unwrap_or_else(PoisonError::into_inner);
    let mut moved = BTreeMap::new();
    let mut hole = None;
    let mut at = from;
    report(at);
    while at < end {
        let mut statement = source
            .conn
            .prepare("SELECT position, stream FROM record WHERE position>?1 ORDER BY position")?;
        let mut rows = statement.query([to_sql(at)])?;
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let position = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
                    let number = row.get::<_, u32>(1).unwrap_or(0);
                    if position != at + 1 {
                        hole = hole.or(Some(at + 1));
                    }
                    if streams.set_last(number, position) {
                        moved.insert(number, position);
                    } else {
                        hole = hole.or(Some(position));
                    }
                    at = position;
                    if at.is_multiple_of(REPORT_EVERY) {
                        report(at);
                    }
                }
                Ok(None) => {
                    at = end;
                    break;
                }
                Err(error) if is_corrupt(&error) => {
                    // Step over one record; the pages behind a damaged one may be sound.
                    at += 1;
                    hole = hole.or(Some(at));
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    report(end);
    Ok((moved, hole))
}

/// Latest time of the sound records. Where one node wrote, that is the newest record's. Where `several_writers` did, one
/// before it may be later by up to [`WRITERS_APART`]; before a record that lies that much behind none can be.
fn last_time(source: &Source<'_>, end: u64, several_writers: bool) -> Result<Option<Timestamp>, OpenError> {
    let mut latest: Option<Timestamp> = None;
    for position in (1..=end).rev() {
        match source.at(position) {
            Ok((_, Item::Record(record))) => {
                let time = record.recorded_time;
                if latest.is_some_and(|latest| latest.duration_since(time) >= WRITERS_APART) {
                    break;
                }
                latest = latest.max(Some(time));
                if !several_writers {
                    break;
                }
            }
            Ok((_, Item::Damaged(_))) => {}
            Err(error) => return Err(OpenError::Corrupt(error.to_string())),
        }
    }
    Ok(latest)
}
