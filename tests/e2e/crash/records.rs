//! What stands in `log.db`, read by SQLite alone, without any code of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

use crate::support::directory;

/// The events of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub stream: String,
    pub revisions: Vec<i64>,
    pub types: Vec<String>,
}

/// What a log holds.
#[derive(Default)]
pub struct Records {
    /// By request id, those of the callers; one id may stand in one stream only.
    pub requests: BTreeMap<Uuid, Group>,
    /// Streams with at least one record.
    pub streams: BTreeSet<String>,
    /// Claim streams with their present owner.
    pub claims: BTreeMap<String, String>,
}

impl Records {
    /// Reads a copy of log and write-ahead log, so that what the killed process left is not touched.
    pub fn read(data: &Path) -> Self {
        let copy = directory();
        for file in ["log.db", "log.db-wal"] {
            if data.join(file).exists() {
                std::fs::copy(data.join(file), copy.path().join(file)).unwrap();
            }
        }
        let conn = Connection::open(copy.path().join("log.db")).unwrap();
        let mut statement = conn
            .prepare(
                "SELECT s.name, r.revision, r.type,
                        CASE WHEN json_extract(r.metadata, '$.actor.role') <> 'system'
                             THEN json_extract(r.metadata, '$.request.id') END,
                        CASE WHEN s.name LIKE 'key-%' THEN json_extract(r.payload, '$.owner') END
                 FROM record r JOIN stream s ON s.number = r.stream ORDER BY r.position",
            )
            .unwrap();
        let mut records = Self::default();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let request: Option<String> = row.get(3).unwrap();
            records.take(
                row.get(0).unwrap(),
                row.get(1).unwrap(),
                row.get(2).unwrap(),
                request.as_deref(),
                row.get(4).unwrap(),
            );
        }
        records
    }

    /// Takes one record: its stream, revision, type, the request that it came of, and the owner if it is a claim.
    pub fn take(
        &mut self,
        stream: String,
        revision: i64,
        event_type: String,
        request: Option<&str>,
        owner: Option<String>,
    ) {
        self.streams.insert(stream.clone());
        if let Some(owner) = owner {
            self.claims.insert(stream.clone(), owner);
        }
        let Some(request) = request else { return };
        let group = self.requests.entry(request.parse().unwrap()).or_insert_with(|| Group {
            stream: stream.clone(),
            revisions: Vec::new(),
            types: Vec::new(),
        });
        assert_eq!(group.stream, stream, "request {request} reached two streams");
        group.revisions.push(revision);
        group.types.push(event_type);
    }

    /// Claims whose owner has not been created.
    pub fn claims_without_owner(&self) -> usize {
        self.claims
            .values()
            .filter(|owner| !self.streams.contains(*owner))
            .count()
    }

    /// No command stands there in part: a filing is stored with what came of it, and revisions have no gap.
    pub fn none_torn(&self) {
        for (request, group) in &self.requests {
            let dense = group.revisions.windows(2).all(|pair| pair[1] == pair[0] + 1);
            assert!(dense, "request {request} has a gap or came twice: {group:?}");
            let outcomes = ["licensing.FilingReturned.v1", "licensing.FilingAccepted.v1"];
            let submitted = group.types.iter().any(|name| name == "licensing.FilingSubmitted.v1");
            let settled = group.types.iter().any(|name| outcomes.contains(&name.as_str()));
            assert_eq!(submitted, settled, "request {request} is torn: {group:?}");
        }
    }
}
