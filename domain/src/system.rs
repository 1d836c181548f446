//! Events of Yujian's own streams: claims, privacy, reference data. They have no decider of their own; the command
//! floor writes them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event_family;
use crate::values::codes;

/// A claim on something unique, first event of `key-<kind>.e<epoch>.<digest>`; a later one takes it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// Kind, e.g. `site`.
    pub kind: String,
    /// Stream of the owner, which may not exist yet.
    pub owner: String,
}

/// A claim was given back: what it held may be claimed again. Appended by a reactor after the owner has ended, or has
/// given up what it claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// Kind, e.g. `site`.
    pub kind: String,
    /// Stream of the owner that held it.
    pub owner: String,
    /// Event that ended it.
    pub cause: Uuid,
}

/// A creation that was never finished was given up: the first event of the owner's stream, so it can't appear any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreationAbandoned {
    /// Claim stream that was taken over.
    pub claim: String,
    /// Owner that took over.
    pub new_owner: String,
}

codes! {
    /// Legal ground of an erasure: 个人信息保护法 §47 and the orders that override it. A closed list, so that the record of an
    /// erasure can't repeat what was erased.
    ErasureGround {
        /// §47(1): the purpose was reached, can't be reached or needs the data no more.
        PurposeEnded = "purpose_ended" / "处理目的已实现、无法实现或不再必要",
        /// §47(2): the service ended or the period of retention is over.
        RetentionEnded = "retention_ended" / "停止服务或保存期限已届满",
        /// §47(3): consent was withdrawn.
        WithdrawnConsent = "withdrawn_consent" / "个人撤回同意",
        /// §47(4): the data were processed against law or agreement.
        UnlawfulProcessing = "unlawful_processing" / "违反法律、行政法规或约定处理",
        /// A court or an authority ordered it.
        CourtOrder = "court_order" / "司法或行政机关要求",
        /// §47: the person asked for it and is entitled to it on another ground of law.
        SubjectRequest = "subject_request" / "个人请求删除",
    }
}

/// A subject's data key was destroyed; stream `erasure-<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectErased {
    /// Subject whose keys were destroyed.
    pub subject: String,
    /// Legal ground.
    pub ground: ErasureGround,
    /// Second person.
    pub approver: String,
}

/// A policy document was activated; stream `policy-<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyActivated {
    /// Policy id.
    pub policy: String,
    /// Version.
    pub version: u32,
    /// SHA-256 of the document, hex.
    pub sha256: String,
    /// First day on which it applies.
    pub effective_date: Date,
    /// Account of the second person who approved that it applies from a day which had come already; absent when the first
    /// day lay ahead, and for what the first start activates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retroactive_approver: Option<String>,
    /// The document itself, so that the log is complete by itself.
    pub document: String,
}

/// A checklist version was published; stream `checklist-<uuid>`. Never altered afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistPublished {
    /// Checklist id, e.g. `wst-821`.
    pub checklist: String,
    /// Version.
    pub version: u32,
    /// SHA-256 of the document, hex.
    pub sha256: String,
    /// First day on which it may be used.
    pub effective_date: Date,
    /// The document itself, so that the log is complete by itself.
    pub document: String,
}

/// A holiday table was activated; stream `policy-<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidaysActivated {
    /// SHA-256 of the table, hex.
    pub sha256: String,
    /// Last year that it covers.
    pub last_year: u16,
    /// Which notices it holds and where they were read, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Account of the second person who approved that it changes days which had passed already; absent when it changes
    /// none, and for what the first start activates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retroactive_approver: Option<String>,
    /// The table as CSV.
    pub document: String,
}

event_family! {
    /// Events of Yujian's own streams.
    pub enum SystemEvent, upcasters &[], {
        /// See [`Claimed`].
        Claimed = "key.Claimed.v1",
        /// See [`Released`].
        Released = "key.Released.v1",
        /// See [`CreationAbandoned`].
        CreationAbandoned = "key.CreationAbandoned.v1",
        /// See [`SubjectErased`].
        SubjectErased = "privacy.SubjectErased.v1",
        /// See [`PolicyActivated`].
        PolicyActivated = "reference.PolicyActivated.v1",
        /// See [`ChecklistPublished`].
        ChecklistPublished = "reference.ChecklistPublished.v1",
        /// See [`HolidaysActivated`].
        HolidaysActivated = "reference.HolidaysActivated.v1",
    }
}

/// Stream of a claim.
#[must_use]
pub fn claim_stream(kind: &str, digest: &crate::personal::KeyedDigest) -> String {
    format!("key-{kind}.e{}.{}", digest.epoch, digest.hex)
}

/// Namespace of the ids of reference data.
const REFERENCE_NAMESPACE: Uuid = Uuid::from_u128(0x7e1a_0d3b_50c4_4f0b_9d51_5b0c_52e1_77aa);

/// Id of a policy's or the holiday table's stream: derived from its name, so that every installation agrees.
#[must_use]
pub fn reference_stream(name: &str) -> String {
    format!("policy-{}", Uuid::new_v5(&REFERENCE_NAMESPACE, name.as_bytes()))
}

/// Stream of a checklist's versions, derived from its id in the same way.
#[must_use]
pub fn checklist_stream(id: &str) -> String {
    format!("checklist-{}", Uuid::new_v5(&REFERENCE_NAMESPACE, id.as_bytes()))
}
