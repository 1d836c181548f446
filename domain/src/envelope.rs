//! The envelope of an event: what stands in a record's metadata beside the members that the log fills in
//! (`format`, `hash`, `prev`, `recorded_time`).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::personal::KeyedDigest;
pub use crate::rejection::LegalBasis;
use crate::time::Occurred;

/// What a principal is. Method options in the .proto name these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An institution's operator (举办者). Sees and acts on its own organisation's institutions only.
    Operator,
    /// County, city or province officer of the competent authority, within a jurisdiction.
    Officer,
    /// Certified inspector (执法人员), within a jurisdiction.
    Inspector,
    /// Auditor: reads everything within a jurisdiction, changes nothing.
    Auditor,
    /// Registrar or other bureau that pushes its own records.
    Bureau,
    /// Administrator of the installation: imports, erasures.
    Administrator,
    /// Yujian itself.
    System,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[
        Role::Operator,
        Role::Officer,
        Role::Inspector,
        Role::Auditor,
        Role::Bureau,
        Role::Administrator,
        Role::System,
    ];

    /// The name on the wire and in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Officer => "officer",
            Self::Inspector => "inspector",
            Self::Auditor => "auditor",
            Self::Bureau => "bureau",
            Self::Administrator => "administrator",
            Self::System => "system",
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Stable id of the person's account; a pseudonym, not a name.
    pub id: String,
    /// In which role.
    pub role: Role,
    /// Organisation: unified social credit code, or a bureau's name. Scope of request ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Division code within which the actor may act; absent for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
}

/// The device that a record was made on, when it was made offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Device id.
    pub id: String,
    /// The device's own clock.
    pub time: Timestamp,
    /// The device's own counter.
    pub seq: u64,
}

/// For whom the actor acted: paper handed in at a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnBehalfOf {
    /// The organisation that handed it in.
    pub organisation: String,
    /// Legal day on which the paper came in.
    pub received_date: Date,
}

/// The request that caused the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRef {
    /// The caller's request id.
    pub id: Uuid,
    /// HMAC over the canonical JSON of method and body.
    pub fingerprint: KeyedDigest,
}

/// A policy version that a decision rested on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// Policy id, e.g. `cn-admission`.
    pub id: String,
    /// Version.
    pub version: u32,
    /// SHA-256 of the document, hex.
    pub sha256: String,
}

/// A fact of another stream that the decision read: the rule held as of this revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactRef {
    /// Stream name.
    pub stream: String,
    /// Revision at which it was read.
    pub revision: u64,
}

/// Where imported history comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Name of the register, from the mapping.
    pub source: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Line of the row in the file, from 1.
    pub line: u64,
}

/// Who may see the event when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// Anyone.
    Public,
    /// The institution's operator and the regulator.
    #[default]
    Operator,
    /// The regulator only.
    Regulator,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Metadata of an event, without the members that the log fills in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// When it happened (time basis: occurred).
    pub occurred: Occurred,
    /// From when it has legal effect; default: occurred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Timestamp>,
    /// Until when (exclusive).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<Timestamp>,
    /// When the request reached Yujian (time basis: received).
    pub received_time: Timestamp,
    /// Device, when made offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// Who did it.
    pub actor: Actor,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<OnBehalfOf>,
    /// The request, absent for events of the system's own start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestRef>,
    /// Event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// What belongs together across streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    /// Policy versions used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyRef>,
    /// Articles relied on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legal_basis: Vec<LegalBasis>,
    /// Facts read from other streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactRef>,
    /// Origin of imported history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Who may see it.
    #[serde(default)]
    pub classification: Classification,
    /// Subjects whose keys seal parts of the payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Made by the demo, under a simulated clock.
    #[serde(default, skip_serializing_if = "is_false")]
    pub simulated: bool,
}

/// Metadata as read from a record: the domain's part, with the log's own members ignored here.
///
/// # Errors
/// When the bytes are not the JSON of a known envelope.
pub fn parse_metadata(stored: &[u8]) -> Result<Metadata, serde_json::Error> {
    let mut value: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(stored)?;
    for own in ["format", "hash", "prev", "recorded_time"] {
        value.remove(own);
    }
    serde_json::from_value(serde_json::Value::Object(value))
}
