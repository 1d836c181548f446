//! What a verification answers, for people and as JSON.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// Problems listed in full; more are counted.
pub(super) const LISTED: usize = 1_000;

/// Where a problem lies, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Position number.
    pub position: Option<u64>,
    /// Stream.
    pub stream: Option<String>,
    /// Revision in the stream, as the row says.
    pub revision: Option<u64>,
    /// Event id.
    pub event_id: Option<Uuid>,
}

impl Place {
    /// A position of which nothing else is known.
    pub(super) fn at(position: u64) -> Self {
        Self {
            position: Some(position),
            ..Self::default()
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum ProblemKind {
    /// The record's bytes do not fit its hash.
    Altered,
    /// The row can't be read as a record.
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// The contents of two rows changed places.
    ContentsSwapped {
        /// The other position.
        with: u64,
    },
    /// Two records changed their positions.
    PositionsSwapped {
        /// The other position.
        with: u64,
    },
    /// Positions without a record.
    Missing {
        /// First missing position.
        from: u64,
        /// Last missing position.
        to: u64,
    },
    /// The record stands twice.
    Duplicate {
        /// Where it stands first.
        of: u64,
    },
    /// Not the next revision of its stream.
    Revision {
        /// Revision that was due.
        expected: u64,
    },
    /// `prev` is not the hash of the stream's previous record: that one was rewritten or replaced.
    Prev {
        /// Position of the previous record of the stream; 0 when the stream should begin here.
        previous: u64,
    },
    /// `prev_position` is not where the stream's previous record stands.
    Link {
        /// What it says.
        found: Option<u64>,
        /// Where that record stands; 0: there is none.
        expected: u64,
    },
    /// `recorded_time` is not after that of the record before it.
    Time {
        /// Position before it.
        after: u64,
    },
    /// Its position is not after that of the record that was read before it.
    Position {
        /// Position before it.
        after: u64,
    },
    /// The log ends earlier than somebody has seen it.
    TailCut {
        /// Where the log ends.
        end: u64,
        /// How far it reached.
        seen: u64,
        /// Who has seen it.
        source: String,
    },
    /// Another record stands where somebody noted one.
    Replaced {
        /// Who noted it.
        source: String,
    },
    /// Two streams of one name.
    NameTwice,
    /// A stream's name is not one.
    NameInvalid,
    /// A stream without a record.
    EmptyStream,
    /// `heads.db` says that a stream ends elsewhere. The file is derived: delete it, it is rebuilt.
    Heads {
        /// What it says; 0: it does not know the stream.
        says: u64,
        /// Where the stream ended at that moment; 0: there is no such stream.
        expected: u64,
    },
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What.
    #[serde(flatten)]
    pub kind: ProblemKind,
}

/// What `heads.db` could be used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HeadsState {
    /// It belongs to this log and was compared with it.
    Compared {
        /// Up to this position.
        position: u64,
    },
    /// There is none, or an empty one.
    Absent,
    /// It belongs to another log or epoch.
    OtherLog,
    /// It can't be read.
    Unreadable,
    /// The log's engine has no such file.
    NotKept,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Epoch of the log.
    pub epoch: u32,
    /// Last position when the check began.
    pub end: u64,
    /// Hash of the record there, 64 hex digits; `None` for an empty log or a damaged record.
    pub end_hash: Option<String>,
    /// Records read.
    pub records: u64,
    /// Streams with a name.
    pub streams: u64,
    /// Bytes of metadata and payload read.
    pub bytes: u64,
    /// `recorded_time` of the first sound record.
    pub first_time: Option<Timestamp>,
    /// `recorded_time` of the last sound record.
    pub last_time: Option<Timestamp>,
    /// What `heads.db` was good for.
    pub heads: HeadsState,
    /// Notes of the end of the log that were compared, beside `heads.db`.
    pub expectations: u64,
    /// What is wrong, by position.
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub more_problems: u64,
}

impl Report {
    /// Of a log of which nothing was read yet.
    pub(super) fn new(epoch: u32, end: u64, heads: HeadsState, expectations: usize) -> Self {
        Self {
            epoch,
            end,
            end_hash: None,
            records: 0,
            streams: 0,
            bytes: 0,
            first_time: None,
            last_time: None,
            heads,
            expectations: u64::try_from(expectations).unwrap_or(u64::MAX),
            problems: Vec::new(),
            more_problems: 0,
        }
    }

    pub(super) fn note_time(&mut self, time: Timestamp) {
        self.first_time.get_or_insert(time);
        self.last_time = Some(time);
    }

    /// With the problems in order of position.
    pub(super) fn sorted(mut self) -> Self {
        self.problems
            .sort_by_key(|problem| (problem.place.position.unwrap_or(u64::MAX), problem.place.revision));
        self
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty() && self.more_problems == 0
    }

    pub(super) fn add(&mut self, place: Place, kind: ProblemKind) {
        if self.problems.len() < LISTED {
            self.problems.push(Problem { place, kind });
        } else {
            self.more_problems += 1;
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.position.map(|position| format!("position {position}")));
        parts.extend(self.stream.as_ref().map(|stream| format!("stream {stream}")));
        parts.extend(self.revision.map(|revision| format!("revision {revision}")));
        parts.extend(self.event_id.map(|id| format!("event {id}")));
        f.write_str(if parts.is_empty() { "log" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("altered: its bytes do not fit its hash / 内容被改动，与哈希不符"),
            Self::Unreadable { detail } => write!(f, "unreadable: {detail} / 无法读取"),
            Self::ContentsSwapped { with } => {
                write!(
                    f,
                    "its contents changed places with those of position {with} / 与位置 {with} 的内容互换"
                )
            }
            Self::PositionsSwapped { with } => {
                write!(
                    f,
                    "it changed places with the record at position {with} / 与位置 {with} 的记录互换"
                )
            }
            Self::Missing { from, to } if from == to => write!(f, "the record is missing / 记录缺失"),
            Self::Missing { from, to } => write!(f, "records {from} to {to} are missing / 记录缺失"),
            Self::Duplicate { of } => write!(f, "a copy of the record at position {of} / 与位置 {of} 重复"),
            Self::Revision { expected } => {
                write!(
                    f,
                    "revision {expected} of its stream was due: one was taken out or put in / 版本号不连续"
                )
            }
            Self::Prev { previous: 0 } => {
                f.write_str("prev should be empty: the stream's beginning was taken out / 前一记录哈希应为空")
            }
            Self::Prev { previous } => write!(
                f,
                "prev does not fit the stream's previous record at position {previous}: that one was rewritten / 与前一记录的哈希不符"
            ),
            Self::Link { found, expected } => {
                let found = found.map_or("nothing readable".to_owned(), |found| found.to_string());
                write!(
                    f,
                    "prev_position says {found}, the stream's previous record stands at {expected} / 位置链接不符"
                )
            }
            Self::Time { after } => {
                write!(
                    f,
                    "recorded_time is not after that of position {after} / 记录时间早于前一记录"
                )
            }
            Self::Position { after } => {
                write!(
                    f,
                    "it was read after position {after}, which it should precede / 位置未递增"
                )
            }
            Self::TailCut { end, seen, source } => {
                write!(
                    f,
                    "the tail is cut: the log ends at {end}, {source} has seen {seen} / 日志尾部缺失"
                )
            }
            Self::Replaced { source } => {
                write!(f, "not the record that {source} has noted here / 与先前登记的记录不符")
            }
            Self::NameTwice => f.write_str("another stream has the same name / 流名重复"),
            Self::NameInvalid => f.write_str("its name is not a stream name / 流名无效"),
            Self::EmptyStream => f.write_str("the stream has no record / 流中没有记录"),
            Self::Heads { says, expected } => write!(
                f,
                "heads.db says that the stream ends at {says}, it ended at {expected}; delete heads.db / 流尾索引不符"
            ),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "log of epoch {}: {} records in {} streams, {} bytes, up to position {}",
            self.epoch, self.records, self.streams, self.bytes, self.end
        )?;
        if let (Some(first), Some(last)) = (self.first_time, self.last_time) {
            writeln!(f, "recorded from {first} to {last}")?;
        }
        if let Some(hash) = &self.end_hash {
            writeln!(f, "hash of the last record {hash}")?;
        }
        for problem in &self.problems {
            writeln!(f, "{}: {}", problem.place, problem.kind)?;
        }
        if self.more_problems > 0 {
            writeln!(f, "… and {} more", self.more_problems)?;
        }
        match &self.heads {
            HeadsState::Compared { position } => writeln!(f, "heads.db compared up to position {position}")?,
            HeadsState::Absent if self.expectations == 0 => {
                writeln!(
                    f,
                    "heads.db is absent: a cut tail could not be seen / 缺少 heads.db，无法发现尾部缺失"
                )?;
            }
            HeadsState::Absent => writeln!(f, "heads.db is absent")?,
            HeadsState::NotKept if self.expectations == 0 => {
                writeln!(
                    f,
                    "this engine has no heads.db: a cut tail could not be seen / 此引擎没有 heads.db，无法发现尾部缺失"
                )?;
            }
            HeadsState::NotKept => {}
            HeadsState::OtherLog => writeln!(f, "heads.db belongs to another log or epoch and was not used")?,
            HeadsState::Unreadable => {
                writeln!(f, "heads.db can't be read; delete it, it is rebuilt at the next start")?;
            }
        }
        if self.is_sound() {
            f.write_str("sound / 完好")
        } else {
            let count = u64::try_from(self.problems.len())
                .unwrap_or(u64::MAX)
                .saturating_add(self.more_problems);
            write!(f, "NOT SOUND: {count} problems / 发现 {count} 个问题")
        }
    }
}
