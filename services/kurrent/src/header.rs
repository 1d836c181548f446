//! The header of a log: an event in a stream beside the records, `<namespace>-header`. The newest one holds.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use kurrentdb::{AppendToStreamOptions, EventData, ReadStreamOptions, StreamPosition, StreamState};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use yujian_eventlog::Hash;
use yujian_eventlog::header::{FORMAT, Header};

use crate::fault::Fault;
use crate::supervisor::Supervisor;

/// Type of the header's events.
const TYPE: &str = "yujian.LogHeaderNoted.v1";
/// Longest that one call may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The host that holds the keys of a log. Data keys live in one host's `keys.db`; until they can be shared, all command
/// nodes run there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysHost {
    /// What tells the machine from others, hashed.
    pub machine: String,
    /// Id of its key store; `None` where there is none: such a node reads and is no holder.
    pub store: Option<String>,
    /// Its name, for people.
    pub name: String,
}

impl KeysHost {
    /// This machine with a key store.
    #[must_use]
    pub fn here(store: Option<String>) -> Self {
        let read = |path| std::fs::read_to_string(path).map(|text| text.trim().to_owned());
        let name = read("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".to_owned());
        // A container without an id of its own is told by its name, which its settings then have to fix.
        let id = read("/etc/machine-id").ok().filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| name.clone());
        // The id is to be kept from others; its hash is enough to tell machines apart.
        let hash = Sha256::new()
            .chain_update(b"yujian machine 1")
            .chain_update(id)
            .finalize();
        Self {
            machine: Hash(hash.into()).to_hex()[..32].to_owned(),
            store,
            name,
        }
    }

    /// Whether a node with these keys, or with none, may run beside the holder: on the same machine, whatever that is
    /// called today, and with no other key store.
    #[must_use]
    pub fn is_beside(&self, holder: &Self) -> bool {
        self.machine == holder.machine && (self.store.is_none() || self.store == holder.store)
    }
}

/// What is noted of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What the log is.
    pub header: Header,
    /// Who holds its keys; `None` until a command node has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_host: Option<KeysHost>,
}

/// A note with its revision, after which the next one is appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) note: Note,
    pub(crate) revision: u64,
}

/// Why no header could be had.
#[derive(Debug)]
pub(crate) enum NoHeader {
    /// The server did not do it.
    Fault(Fault),
    /// What stands there is no header, or one of a newer format.
    Unreadable(String),
}

pub(crate) fn stream(namespace: &str) -> String {
    format!("{namespace}-header")
}

/// Reads the newest header; `None` when there is none.
pub(crate) async fn read(supervisor: &Supervisor, namespace: &str) -> Result<Option<Noted>, NoHeader> {
    let stream = stream(namespace);
    let read = supervisor.call(PATIENCE, move |client| async move {
        let options = ReadStreamOptions::default()
            .position(StreamPosition::End)
            .backwards()
            .max_count(1);
        let mut events = client.read_stream(stream, &options).await?;
        Ok(events.next().await?.and_then(|event| event.event))
    });
    let event = match read.await {
        Err(Fault::NotFound) => return Ok(None),
        Err(fault) => return Err(NoHeader::Fault(fault)),
        // A stream that is there holds a header: the answer was broken off.
        Ok(None) => return Err(NoHeader::Fault(Fault::Unclear("the header is not shown".to_owned()))),
        Ok(Some(event)) => event,
    };
    let note: Note = serde_json::from_slice(&event.data)
        .map_err(|error| NoHeader::Unreadable(format!("the header can't be read: {error}")))?;
    if note.header.format != FORMAT {
        return Err(NoHeader::Unreadable(format!(
            "the log has format {}, this version reads format {FORMAT}",
            note.header.format
        )));
    }
    Ok(Some(Noted {
        note,
        revision: event.revision,
    }))
}

/// Appends a header after the one of revision `after` (`None`: the first one). [`Fault::Conflict`]: somebody was faster.
pub(crate) async fn write(
    supervisor: &Supervisor,
    namespace: &str,
    after: Option<u64>,
    note: &Note,
    now: Timestamp,
) -> Result<(), Fault> {
    let stream = stream(namespace);
    let payload = serde_json::to_vec(note).map_err(|error| Fault::Rejected(error.to_string()))?;
    // One id for every try: repeating an append that had arrived is no second one.
    let id = Uuid::now_v7();
    let metadata = Bytes::from(format!("{{\"noted_time\":\"{now}\"}}"));
    let mut unclear = None;
    for _ in 0..5 {
        let (stream, metadata, payload) = (stream.clone(), metadata.clone(), payload.clone());
        let written = supervisor.call(PATIENCE, move |client| async move {
            let state = after.map_or(StreamState::NoStream, StreamState::StreamRevision);
            let options = AppendToStreamOptions::default().stream_state(state);
            client
                .append_to_stream(stream, &options, json(TYPE, id, metadata, payload))
                .await
        });
        match written.await {
            Ok(_) => return Ok(()),
            Err(fault @ (Fault::Unclear(_) | Fault::NotDone(_))) => {
                unclear = Some(fault);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(fault) => return Err(fault),
        }
    }
    Err(unclear.unwrap_or(Fault::NotFound))
}

/// An event whose payload is JSON and reaches the server byte for byte: the client's own encoder would write it anew.
pub(crate) fn json(event_type: &str, id: Uuid, metadata: Bytes, payload: Vec<u8>) -> EventData {
    let raw = std::str::from_utf8(&payload)
        .ok()
        .and_then(|text| serde_json::from_str::<&serde_json::value::RawValue>(text).ok())
        // A raw value leaves white space around it away.
        .filter(|raw| raw.get().len() == payload.len())
        .and_then(|raw| EventData::json(event_type, &raw).ok());
    raw.unwrap_or_else(|| EventData::binary(event_type, Bytes::from(payload)))
        .id(id)
        .metadata(metadata)
}
