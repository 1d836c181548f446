//! The port: what every engine does in the same way. `docs/log-format.md` describes the bytes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// Largest event (type, metadata and payload together) in bytes, in every engine.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// Largest append in bytes, in every engine.
pub const MAX_APPEND_BYTES: usize = 1024 * 1024;
/// Events of a stream from which the log warns.
pub const STREAM_WARN_LENGTH: u64 = 2_000;
/// Events of a stream from which the log refuses.
pub const STREAM_MAX_LENGTH: u64 = 10_000;

/// `<category>-<id>`: lower-case category, then 1 to 150 of `0-9 a-z . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// Reads a stream name.
    ///
    /// # Errors
    /// [`LogError::Invalid`] when it has another form.
    pub fn parse(name: &str) -> Result<Self, LogError> {
        let wrong = || LogError::Invalid(format!("stream name {name:?} is not <category>-<id>"));
        let (category, id) = name.split_once('-').ok_or_else(wrong)?;
        let category_ok = (1..=24).contains(&category.len()) && category.bytes().all(|byte| byte.is_ascii_lowercase());
        let id_ok = (1..=150).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'));
        if category_ok && id_ok {
            Ok(Self(name.into()))
        } else {
            Err(wrong())
        }
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first hyphen.
    #[must_use]
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or("", |(category, _)| category)
    }

    /// What stands after the first hyphen.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a record, or of nothing (64 zeros) before the first record of a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first record of a stream has as `prev`.
    pub const ZERO: Self = Self([0; 32]);

    /// 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        text
    }

    /// Reads 64 lower-case hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let bytes = text.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut hash = [0; 32];
        for (slot, pair) in hash.iter_mut().zip(bytes.chunks_exact(2)) {
            *slot = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(hash))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// A place in the log. Compared, never subtracted; opaque outside. A restore begins a new epoch, and positions of
/// another epoch are refused, not awaited. Written `<epoch>.<number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// Log epoch, from 1.
    pub epoch: u32,
    /// Number within the log; 0 is before the first record.
    pub number: u64,
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.number)
    }
}

impl FromStr for LogPosition {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let wrong = || LogError::Invalid("a log position has the form <epoch>.<number>".to_owned());
        let (epoch, number) = text.split_once('.').ok_or_else(wrong)?;
        Ok(Self {
            epoch: epoch.parse().map_err(|_| wrong())?,
            number: number.parse().map_err(|_| wrong())?,
        })
    }
}

/// The newest record of a stream, as a caller has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Revision, from 0.
    pub revision: u64,
    /// Hash of that record.
    pub hash: Hash,
}

/// What the caller takes the stream to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// No record yet.
    NoStream,
    /// Exactly this head.
    At(Head),
}

/// An event on its way in. Its id is made once, before the first try (UUIDv7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Event id.
    pub id: Uuid,
    /// Type, `<area>.<PastTense>.v<N>`.
    pub event_type: String,
    /// Metadata as a JSON object without the members that the log fills in.
    pub metadata: Vec<u8>,
    /// Payload as JSON, sealed.
    pub payload: Vec<u8>,
}

/// A record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Place in the log.
    pub position: LogPosition,
    /// Stream.
    pub stream: StreamName,
    /// Revision in the stream, from 0, dense.
    pub revision: u64,
    /// Event id.
    pub id: Uuid,
    /// Type.
    pub event_type: String,
    /// Whole metadata bytes, opening with format, hash, prev and recorded_time.
    pub metadata: Arc<[u8]>,
    /// Payload bytes.
    pub payload: Arc<[u8]>,
    /// Hash, checked on this read.
    pub hash: Hash,
    /// Hash of the stream's previous record.
    pub prev: Hash,
    /// When the log wrote it (time basis: recorded); strictly increasing in an embedded log.
    pub recorded_time: Timestamp,
}

/// A record that can't be served: found, located, reported, never deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Place in the log.
    pub position: LogPosition,
    /// Stream, when that could be read.
    pub stream: Option<StreamName>,
    /// Revision, when that could be read.
    pub revision: Option<u64>,
    /// What is wrong, e.g. `hash does not fit`.
    pub problem: String,
}

/// What stands at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A sound record.
    Record(Record),
    /// A damaged one.
    Damaged(Damage),
}

impl Item {
    /// Place in the log.
    #[must_use]
    pub fn position(&self) -> LogPosition {
        match self {
            Self::Record(record) => record.position,
            Self::Damaged(damage) => damage.position,
        }
    }
}

/// Answer to an append, the same for a repetition as for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The records as stored.
    pub records: Vec<Record>,
    /// Whether an identical append had been stored before and nothing was written now.
    pub repeated: bool,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Items in order of position.
    pub items: Vec<Item>,
    /// Read on after here.
    pub next: LogPosition,
    /// Whether the end of the log was reached. A page without items has reached it: followers wait there.
    pub caught_up: bool,
}

/// In which direction a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first record on.
    Forwards,
    /// From the newest record back.
    Backwards,
}

/// Why the log did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The stream is not where the caller took it to be; `None`: no such stream.
    #[error("the stream is at {current:?}")]
    Conflict {
        /// Where it is.
        current: Option<Head>,
    },
    /// No such stream.
    #[error("no such stream")]
    StreamNotFound,
    /// An event or an append is above the limit; nothing was stored.
    #[error("{what} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// `event` or `append`.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The stream has reached its length limit.
    #[error("the stream holds {length} events, the limit is {STREAM_MAX_LENGTH}")]
    StreamTooLong {
        /// Its length.
        length: u64,
    },
    /// No space left; nothing was stored; it recovers by itself.
    #[error("the disk is full")]
    DiskFull,
    /// Stored or not: unknown. Restart and verify; repeating the identical append after that tells.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// The clock can't be trusted; writes are refused.
    #[error("clock suspect: {0}")]
    ClockSuspect(String),
    /// The stream holds a damaged record; it takes no writes.
    #[error("damaged record at {}: {}", .0.position, .0.problem)]
    Damaged(Box<Damage>),
    /// A position beyond the end: the log was cut or restored, or it is another log's.
    #[error("position {position} lies beyond the end {head}")]
    BeyondHead {
        /// Asked for.
        position: LogPosition,
        /// End of the log.
        head: LogPosition,
    },
    /// A position of another epoch.
    #[error("position {position} belongs to another epoch than {current}")]
    OtherEpoch {
        /// Asked for.
        position: LogPosition,
        /// The log's epoch.
        current: u32,
    },
    /// Writes are refused for a reason that an operator must clear, e.g. a missing key.
    #[error("read only: {0}")]
    ReadOnly(String),
    /// A clear personal value was about to be stored.
    #[error("the payload still holds clear personal data")]
    ClearPersonalData,
    /// A write failed in a way that leaves open what is on disk: nothing is written, and nothing can be told about
    /// earlier requests, until a restart. Repeat the identical append then.
    #[error("writing stopped: {0}")]
    Stopped(String),
    /// Personal data of a subject that was erased was about to be sealed.
    #[error("the subject was erased and takes no personal data any more")]
    SubjectErased,
    /// The call itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The engine did not answer in time: stored or not, nobody knows yet. Repeating the identical append, or the same
    /// request, is safe at any time and tells.
    #[error("outcome not known yet: {0}")]
    OutcomePending(String),
    /// The engine can't be reached or failed; of an append nothing was stored.
    #[error("log unavailable: {0}")]
    Unavailable(String),
}

/// The event log. All engines behave alike; one conformance suite runs over them.
///
/// Positions are opaque: they grow, an embedded log counts them without gaps ([`gapless`](EventLog::gapless)), another
/// engine leaves gaps. They are compared and handed back, never computed with.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Appends to one stream, all or nothing. On return it is durable. Repeating an identical append (same ids, same
    /// exact expectation) succeeds with the records of the first time.
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError>;

    /// Appends records that another log has written (migration, restore): checks hash and prev, fills nothing in. All are
    /// checked before the first is stored. Records that are there already are a conflict, not a repetition: whoever
    /// copies goes on after what [`head`](EventLog::head) and [`stream_head`](EventLog::stream_head) show.
    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError>;

    /// Reads a stream. `from` is inclusive: a revision, or the respective end when `None`.
    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError>;

    /// Reads the log after a position (exclusive), at most `limit` items and some megabytes.
    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError>;

    /// Head of a stream; `None` when there is none.
    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError>;

    /// The item at exactly this position; `None` when no record of ours stands there.
    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError>;

    /// Names of all streams of a category, in order of creation. May read much of the log: for the start.
    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError>;

    /// Whether the log takes writes, as far as is known without asking the disk or the network.
    ///
    /// # Errors
    /// Why it does not: a key is missing, a commit failed, the engine is out of reach.
    fn check_writable(&self) -> Result<(), LogError>;

    /// Makes sure that the log has come to a position which somebody was given, perhaps by another node: `head` shows at
    /// least that much on return.
    ///
    /// # Errors
    /// [`LogError::BeyondHead`] and [`LogError::OtherEpoch`] when it is no position of this log.
    async fn reach(&self, position: LogPosition) -> Result<(), LogError> {
        crate::rules::check_after(position, *self.head().borrow())
    }

    /// Whether one call of [`append_sealed`](EventLog::append_sealed) may hold records of several streams.
    fn seals_across_streams(&self) -> bool {
        true
    }

    /// Whether every number up to the end is a record's, so that the difference of two positions counts records.
    fn gapless(&self) -> bool {
        true
    }

    /// End of the log. Follow by awaiting changes of this and reading on: an item is readable once it is announced.
    fn head(&self) -> watch::Receiver<LogPosition>;

    /// The position before the first record, in the log's epoch.
    fn origin(&self) -> LogPosition {
        LogPosition {
            epoch: self.head().borrow().epoch,
            number: 0,
        }
    }

    /// Last position whose running maximum of recorded_time is at or before `instant`: what was known then.
    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError>;
}
