//! What the log says of clocks, outcomes and alerts, read by SQLite alone and checked without any code of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// Legal time: eight hours ahead.
const LEGAL: i8 = 8;

/// One record.
struct Line {
    stream: String,
    revision: i64,
    event_type: String,
    payload: Value,
    metadata: Value,
}

/// The records of a log.
pub struct Told(Vec<Line>);

/// A clock as its events leave it.
pub struct Run {
    due: Date,
    provisional: bool,
    paused: bool,
    ends: Vec<&'static str>,
}

fn open(path: &Path) -> Option<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).ok()?;
    Some(connection)
}

/// How many timers are due at a time; `None`: there is no state yet.
pub fn due(data: &Path, now: Timestamp) -> Option<i64> {
    let now = i64::try_from(now.as_nanosecond()).unwrap();
    let asked = "SELECT count(*) FROM timer WHERE due <= ?1";
    open(&data.join("state.db"))?
        .query_row(asked, [now], |row| row.get(0))
        .ok()
}

/// The legal day of an instant.
fn day(instant: Timestamp) -> Date {
    Offset::constant(LEGAL).to_datetime(instant).date()
}

fn date(value: &Value) -> Date {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no day: {value}"))
        .parse()
        .unwrap()
}

impl Line {
    /// A clock's kind and revision.
    fn clock(&self) -> Option<(String, i64)> {
        let clock = &self.payload["clock"];
        Some((clock["kind"].as_str()?.to_owned(), clock["revision"].as_i64()?))
    }

    /// What tells it from others of its type: kind of clock, outcome, kind of authorization, rule.
    fn what(&self) -> String {
        let kind = &self.payload["clock"]["kind"];
        let members = ["outcome", "kind", "rule"].map(|member| &self.payload[member]);
        let mut values = members.into_iter().chain([kind]);
        values.find_map(Value::as_str).unwrap_or_default().to_owned()
    }

    fn effective_day(&self) -> Option<Date> {
        let from = self.metadata["effective_from"].as_str()?;
        Some(day(from.parse().unwrap()))
    }

    fn of_yujian(&self) -> bool {
        self.metadata["actor"]["id"] == "yujian"
    }
}

impl Told {
    pub fn read(data: &Path) -> Self {
        let log = open(&data.join("log.db")).unwrap();
        let mut statement = log
            .prepare(
                "SELECT s.name, r.revision, r.type, r.payload, r.metadata FROM record r
                 JOIN stream s ON s.number = r.stream ORDER BY r.position",
            )
            .unwrap();
        let lines = statement.query_map([], |row| {
            let bytes = |index: usize| {
                let value = row.get_ref(index)?;
                Ok::<_, rusqlite::Error>(value.as_bytes().unwrap().to_vec())
            };
            Ok(Line {
                stream: row.get(0)?,
                revision: row.get(1)?,
                event_type: row.get(2)?,
                payload: serde_json::from_slice(&bytes(3)?).unwrap(),
                metadata: serde_json::from_slice(&bytes(4)?).unwrap(),
            })
        });
        Self(lines.unwrap().map(Result::unwrap).collect())
    }

    /// How many records begin so, as type and what tells them from others of their type.
    pub fn count(&self, what: &str) -> usize {
        let named = |line: &&Line| {
            format!("{} {}", line.event_type, line.what())
                .trim_end()
                .starts_with(what)
        };
        self.0.iter().filter(named).count()
    }

    /// What Yujian did of its own accord: stream, type, clock or outcome, and the day from which it holds.
    pub fn story(&self) -> Vec<String> {
        let ours = self.0.iter().filter(|line| {
            let about = ["institution-", "alert-"];
            line.of_yujian() && about.iter().any(|prefix| line.stream.starts_with(prefix))
        });
        let mut story: Vec<String> = ours
            .map(|line| {
                let clock = line.clock().map(|(kind, revision)| format!("{kind}@{revision}"));
                let (stream, event, what) = (&line.stream, &line.event_type, line.what());
                format!("{stream} {event} {what} {clock:?} {:?}", line.effective_day())
            })
            .collect();
        story.sort();
        story
    }

    /// Everything holds, and nothing that was due by `now` is left open.
    pub fn check(&self, now: Timestamp) {
        let today = day(now);
        for (clock, run) in self.check_so_far(now) {
            let waits = run.paused || run.provisional || run.due >= today;
            assert!(
                waits || !run.ends.is_empty(),
                "{clock:?} was due on {} and has no end",
                run.due
            );
        }
    }

    /// Nothing is there twice, and nothing before its time.
    #[allow(clippy::type_complexity, reason = "stream, kind and revision name a clock")]
    fn runs(&self) -> BTreeMap<(String, String, i64), Run> {
        let mut runs: BTreeMap<(String, String, i64), Run> = BTreeMap::new();
        for line in &self.0 {
            let Some(event) = line.event_type.strip_prefix("licensing.Clock") else {
                continue;
            };
            let due = &line.payload["due"];
            if event == "Started.v1" {
                let kind = line.payload["kind"].as_str().unwrap().to_owned();
                let run = Run {
                    due: date(&due["due_date"]),
                    provisional: due["provisional"] == true,
                    paused: false,
                    ends: Vec::new(),
                };
                assert!(runs.insert((line.stream.clone(), kind, line.revision), run).is_none());
                continue;
            }
            let (kind, revision) = line.clock().unwrap();
            let name = (line.stream.clone(), kind, revision);
            let run = runs
                .get_mut(&name)
                .unwrap_or_else(|| panic!("{name:?} was never started"));
            assert!(run.ends.is_empty(), "{name:?}: {event} after {:?}", run.ends);
            match event {
                "Paused.v1" => run.paused = true,
                "Expired.v1" => {
                    assert!(!run.paused && !run.provisional, "{name:?} ran out while it had no end");
                    assert_eq!(date(&line.payload["due_date"]), run.due, "{name:?}");
                    assert_eq!(line.effective_day(), run.due.tomorrow().ok(), "{name:?}");
                    run.ends.push("expired");
                }
                "Met.v1" => run.ends.push("met"),
                "Cancelled.v1" => run.ends.push("cancelled"),
                _ => {
                    run.paused = false;
                    run.due = date(&due["due_date"]);
                    run.provisional = due["provisional"] == true;
                }
            }
        }
        runs
    }

    /// What must hold at any time: each clock has one end at most and none before its day, each application one deemed
    /// outcome of a kind, each rule, subject and period one alert, each request its events once.
    #[allow(clippy::type_complexity, reason = "stream, kind and revision name a clock")]
    pub fn check_so_far(&self, now: Timestamp) -> BTreeMap<(String, String, i64), Run> {
        let runs = self.runs();
        let today = day(now);
        for (clock, run) in &runs {
            let early = run.ends.contains(&"expired") && run.due >= today;
            assert!(!early, "{clock:?} ran out before its last day had passed");
        }
        let (mut deemed, mut alerts) = (BTreeSet::new(), BTreeSet::new());
        for line in &self.0 {
            let member = |name: &str| line.payload[name].to_string();
            match line.event_type.as_str() {
                "licensing.DeemedOutcomeApplied.v1" | "licensing.ApplicationLapsed.v1" => {
                    let one = (&line.stream, &line.event_type, member("application"), member("outcome"));
                    assert!(deemed.insert(one), "{} twice: {}", line.event_type, line.payload);
                }
                "alert.AlertRaised.v1" => {
                    let one = ["rule", "institution", "person", "inspection", "period"].map(member);
                    assert!(alerts.insert(one), "raised twice: {}", line.payload);
                }
                _ => {}
            }
        }
        self.requests();
        runs
    }

    /// The events of a request stand one after the other in one stream.
    fn requests(&self) {
        let mut seen: BTreeMap<String, (&str, i64)> = BTreeMap::new();
        for line in &self.0 {
            let Some(request) = line.metadata["request"]["id"].as_str() else {
                continue;
            };
            // One person's id may be another's: a request is one of its scope.
            let key = format!("{} {request}", line.metadata["actor"]["id"]);
            if let Some((stream, revision)) = seen.insert(key, (&line.stream, line.revision)) {
                assert_eq!(
                    (line.stream.as_str(), line.revision),
                    (stream, revision + 1),
                    "{request}"
                );
            }
        }
    }
}
