//! The bytes of a record, format 1, as `docs/log-format.md` describes them. Every engine writes and checks them here, so
//! that a record keeps its hash when it moves from one engine to another.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Hash, LogError, LogPosition, NewEvent, Record, StreamName};

/// First part of what is hashed: names format and algorithm.
pub const DOMAIN_TAG: &[u8] = b"yujian-record/1/sha256";
/// Member name of a value that should have been sealed. A payload that holds one is refused.
pub const CLEAR_MARKER: &str = "$personal";

const UNTIL_HASH: &[u8] = br#"{"format":1,"hash":"sha256:"#;
const AFTER_HASH: &[u8] = br#"","#;
const UNTIL_PREV: &[u8] = br#""prev":""#;
const UNTIL_TIME: &[u8] = br#"","recorded_time":""#;
const HEX: usize = 64;
/// Characters of `recorded_time`: `2026-01-02T03:04:05.000000006Z`.
const TIME: usize = 30;
/// Where the hashed part of the metadata begins.
const HASHED_FROM: usize = UNTIL_HASH.len() + HEX + AFTER_HASH.len();
/// Members that the log fills in; a caller may not bring them.
const OWN_MEMBERS: [&str; 4] = ["format", "hash", "prev", "recorded_time"];

/// What the metadata's opening members say, after [`check`] has found the record sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// Hash of the record.
    pub hash: Hash,
    /// Hash of the stream's previous record.
    pub prev: Hash,
    /// When the log wrote it (time basis: recorded).
    pub recorded_time: Timestamp,
}

/// Checks the parts of a stored record against its own hash.
///
/// # Errors
/// What is wrong, e.g. `hash does not fit`. The text quotes nothing of the record.
pub fn check(
    stream: &str,
    revision: u64,
    id: Uuid,
    event_type: &str,
    metadata: &[u8],
    payload: &[u8],
) -> Result<Parsed, &'static str> {
    let (parsed, hashed) = parse_opening(metadata)?;
    if digest(stream, revision, id, event_type, hashed, payload) == parsed.hash {
        Ok(parsed)
    } else {
        Err("hash does not fit")
    }
}

/// Reads the opening members and gives them with the hashed part of the metadata. Does not check the hash.
///
/// # Errors
/// What is wrong with the form.
pub fn parse_opening(metadata: &[u8]) -> Result<(Parsed, &[u8]), &'static str> {
    let rest = metadata
        .strip_prefix(UNTIL_HASH)
        .ok_or("metadata does not open as format 1")?;
    let (hash, rest) = hex(rest).ok_or("hash is not 64 hexadecimal digits")?;
    let rest = rest
        .strip_prefix(AFTER_HASH)
        .ok_or("metadata does not open as format 1")?;
    let rest = rest
        .strip_prefix(UNTIL_PREV)
        .ok_or("metadata does not open as format 1")?;
    let (prev, rest) = hex(rest).ok_or("prev is not 64 hexadecimal digits")?;
    let rest = rest
        .strip_prefix(UNTIL_TIME)
        .ok_or("metadata does not open as format 1")?;
    let (time, rest) = rest
        .split_at_checked(TIME)
        .ok_or("recorded_time has not 30 characters")?;
    let recorded_time = std::str::from_utf8(time)
        .ok()
        .and_then(|text| {
            text.parse::<Timestamp>()
                .ok()
                .filter(|time| format!("{time:.9}") == text)
        })
        .ok_or("recorded_time is not an instant of 30 characters")?;
    if rest.starts_with(br#"",""#) || rest == br#""}"# {
        Ok((
            Parsed {
                hash,
                prev,
                recorded_time,
            },
            &metadata[HASHED_FROM..],
        ))
    } else {
        Err("metadata does not open as format 1")
    }
}

/// An event that a record can be made of: type, metadata and payload were looked at once, on the caller's thread.
#[derive(Debug)]
pub struct Checked {
    event: NewEvent,
    /// Whether the metadata object has no member.
    bare: bool,
}

impl Checked {
    /// Looks at an event.
    ///
    /// # Errors
    /// [`LogError::Invalid`] when metadata or payload are not what a record can hold, [`LogError::ClearPersonalData`]
    /// when a value should have been sealed and was not.
    pub fn new(event: NewEvent) -> Result<Self, LogError> {
        let bare = check_new(&event)?;
        Ok(Self { event, bare })
    }

    /// Id of the event.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.event.id
    }

    /// Makes the record: puts the opening members before the caller's metadata and hashes it.
    ///
    /// # Errors
    /// [`LogError::ClockSuspect`] when the time can't be written in 30 characters.
    pub fn seal(
        &self,
        position: LogPosition,
        stream: &StreamName,
        revision: u64,
        prev: Hash,
        recorded_time: Timestamp,
    ) -> Result<Record, LogError> {
        let event = &self.event;
        let time = format!("{recorded_time:.9}");
        if time.len() != TIME {
            return Err(LogError::ClockSuspect(format!(
                "{time} can't be written in {TIME} characters"
            )));
        }
        let mut hashed =
            Vec::with_capacity(event.metadata.len() + UNTIL_PREV.len() + HEX + UNTIL_TIME.len() + TIME + 2);
        hashed.extend_from_slice(UNTIL_PREV);
        hashed.extend_from_slice(prev.to_hex().as_bytes());
        hashed.extend_from_slice(UNTIL_TIME);
        hashed.extend_from_slice(time.as_bytes());
        if self.bare {
            hashed.extend_from_slice(br#""}"#);
        } else {
            hashed.extend_from_slice(br#"","#);
            hashed.extend_from_slice(event.metadata[1..].trim_ascii_start());
        }
        let hash = digest(
            stream.as_str(),
            revision,
            event.id,
            &event.event_type,
            &hashed,
            &event.payload,
        );
        let mut metadata = Vec::with_capacity(HASHED_FROM + hashed.len());
        metadata.extend_from_slice(UNTIL_HASH);
        metadata.extend_from_slice(hash.to_hex().as_bytes());
        metadata.extend_from_slice(AFTER_HASH);
        metadata.extend_from_slice(&hashed);
        Ok(Record {
            position,
            stream: stream.clone(),
            revision,
            id: event.id,
            event_type: event.event_type.clone(),
            metadata: metadata.into(),
            payload: Arc::from(event.payload.as_slice()),
            hash,
            prev,
            recorded_time,
        })
    }
}

/// The checks of [`Checked::new`] for a whole append.
///
/// # Errors
/// As [`Checked::new`], for the first event that does not fit.
pub fn check_all(events: Vec<NewEvent>) -> Result<Vec<Checked>, LogError> {
    events.into_iter().map(Checked::new).collect()
}

/// SHA-256 over the length-prefixed parts: tag, stream, revision, id, type, metadata after the hash member, payload.
fn digest(stream: &str, revision: u64, id: Uuid, event_type: &str, hashed: &[u8], payload: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    for part in [
        DOMAIN_TAG,
        stream.as_bytes(),
        &revision.to_be_bytes(),
        id.as_bytes(),
        event_type.as_bytes(),
        hashed,
        payload,
    ] {
        // A slice is never longer than isize::MAX, so the length always fits.
        sha.update(u64::try_from(part.len()).expect("a length fits 64 bits").to_be_bytes());
        sha.update(part);
    }
    Hash(sha.finalize().into())
}

fn hex(bytes: &[u8]) -> Option<(Hash, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(HEX)?;
    Some((Hash::from_hex(std::str::from_utf8(digits).ok()?)?, rest))
}

/// Checks what a caller brings; answers whether its metadata object is empty.
fn check_new(event: &NewEvent) -> Result<bool, LogError> {
    let type_ok = (1..=128).contains(&event.event_type.len())
        && event
            .event_type
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if !type_ok {
        return Err(LogError::Invalid(
            "an event type is 1 to 128 of A-Z a-z 0-9 . _ -".to_owned(),
        ));
    }
    if event.metadata.first() != Some(&b'{') || event.metadata.last() != Some(&b'}') {
        return Err(LogError::Invalid(
            "metadata is not a JSON object without white space around it".to_owned(),
        ));
    }
    // The parser's own message would quote keys and values, which may be personal.
    let own =
        top_level_keys(&event.metadata).map_err(|_| LogError::Invalid("metadata is not a JSON object".to_owned()))?;
    if let Some(name) = own.own {
        return Err(LogError::Invalid(format!(
            "metadata holds {name}, which the log fills in"
        )));
    }
    if own.repeated {
        return Err(LogError::Invalid("metadata holds a member twice".to_owned()));
    }
    let clear = holds_marker(&event.payload).map_err(|_| LogError::Invalid("payload is not JSON".to_owned()))?
        || holds_marker(&event.metadata).map_err(|_| LogError::Invalid("metadata is not JSON".to_owned()))?;
    if clear {
        Err(LogError::ClearPersonalData)
    } else {
        Ok(own.count == 0)
    }
}

#[derive(Default)]
struct TopLevel {
    count: usize,
    own: Option<&'static str>,
    repeated: bool,
}

fn top_level_keys(json: &[u8]) -> Result<TopLevel, serde_json::Error> {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = TopLevel;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TopLevel, A::Error> {
            let mut found = TopLevel::default();
            let mut seen = std::collections::BTreeSet::new();
            while let Some(key) = map.next_key::<String>()? {
                map.next_value::<IgnoredAny>()?;
                found.count += 1;
                found.own = found.own.or(OWN_MEMBERS.into_iter().find(|own| *own == key));
                found.repeated |= !seen.insert(key);
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let found = deserializer.deserialize_map(Keys)?;
    deserializer.end()?;
    Ok(found)
}

/// Whether any object in the JSON has [`CLEAR_MARKER`] as a key. Walks the parsed text, so that an escaped key is found
/// and the same characters inside a value are not.
fn holds_marker(json: &[u8]) -> Result<bool, serde_json::Error> {
    let mut found = false;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Walk(&mut found).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(found)
}

struct Walk<'a>(&'a mut bool);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Walk(&mut *self.0))?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            *self.0 |= key == CLEAR_MARKER;
            map.next_value_seed(Walk(&mut *self.0))?;
        }
        Ok(())
    }
}
