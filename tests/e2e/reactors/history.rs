//! What reactors left in `log.db` and `state.db`, read by SQLite alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// One event of a claim's stream.
#[derive(Debug, Clone)]
struct Step {
    event_type: String,
    owner: String,
    cause: Option<String>,
}

/// Claims and closures, in the order of the log.
pub struct History {
    claims: BTreeMap<String, Vec<Step>>,
    /// Closing event by institution's stream.
    closed: BTreeMap<String, String>,
}

fn open(path: &Path) -> Option<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).ok()?;
    Some(connection)
}

impl History {
    /// Records in the log.
    pub fn length(data: &Path) -> i64 {
        let log = open(&data.join("log.db")).unwrap();
        log.query_row("SELECT count(*) FROM record", [], |row| row.get(0))
            .unwrap()
    }

    /// How far all reactors have come in this epoch of the log; `None`: some have not begun.
    pub fn checkpoint(data: &Path) -> Option<i64> {
        let log = open(&data.join("log.db"))?;
        let epoch: String = log
            .query_row("SELECT value FROM header WHERE key='epoch'", [], |row| row.get(0))
            .ok()?;
        let state = open(&data.join("state.db"))?;
        let (least, reactors): (Option<i64>, i64) = state
            .query_row(
                "SELECT min(number), count(*) FROM reactor WHERE epoch = ?1",
                [epoch.parse::<i64>().ok()?],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .ok()?;
        least.filter(|_| reactors > 0)
    }

    pub fn read(data: &Path) -> Self {
        let log = open(&data.join("log.db")).unwrap();
        let mut statement = log
            .prepare(
                "SELECT s.name, r.type, lower(hex(r.event_id)),
                        CASE WHEN s.name LIKE 'key-%' THEN json_extract(r.payload, '$.owner') END,
                        CASE WHEN s.name LIKE 'key-%' THEN json_extract(r.payload, '$.cause') END
                 FROM record r JOIN stream s ON s.number = r.stream
                 WHERE s.name LIKE 'key-site.%' OR r.type = 'licensing.InstitutionClosed.v1' ORDER BY r.position",
            )
            .unwrap();
        let mut history = Self {
            claims: BTreeMap::new(),
            closed: BTreeMap::new(),
        };
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (stream, event_type): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            if stream.starts_with("key-") {
                let step = Step {
                    event_type,
                    owner: row.get(3).unwrap(),
                    cause: row
                        .get::<_, Option<String>>(4)
                        .unwrap()
                        .map(|cause| cause.replace('-', "")),
                };
                history.claims.entry(stream).or_default().push(step);
            } else {
                history.closed.insert(stream, row.get(2).unwrap());
            }
        }
        history
    }

    /// Every release follows the claim that it gives back, and names the closing of that claim's owner, once.
    pub fn check_claims(&self) {
        let mut causes = BTreeSet::new();
        for (stream, steps) in &self.claims {
            assert_eq!(steps[0].event_type, "key.Claimed.v1", "{stream}");
            for pair in steps.windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                if after.event_type != "key.Released.v1" {
                    continue;
                }
                assert_eq!(before.event_type, "key.Claimed.v1", "{stream}: released twice");
                assert_eq!(before.owner, after.owner, "{stream}");
                let cause = after.cause.clone().unwrap();
                assert_eq!(self.closed.get(&after.owner), Some(&cause), "{stream}");
                assert!(causes.insert(cause), "{stream}: one closing released twice");
            }
        }
    }

    /// Sites whose last claim is that of an institution that has closed.
    pub fn held_by_closed(&self) -> usize {
        let last = self.claims.values().filter_map(|steps| steps.last());
        last.filter(|step| step.event_type == "key.Claimed.v1" && self.closed.contains_key(&step.owner))
            .count()
    }

    /// How many institutions closed, and how many sites were released.
    pub fn closed_and_released(&self) -> (usize, usize) {
        let steps = self.claims.values().flatten();
        let released = steps.filter(|step| step.event_type == "key.Released.v1").count();
        (self.closed.len(), released)
    }
}
