//! Data keys, keyed digests and the sealing of personal data.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::LogError;

/// A keyed digest with the epoch of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Epoch of the HMAC key, from 1.
    pub epoch: u32,
    /// 64 lower-case hex digits of HMAC-SHA-256.
    pub hex: String,
}

/// What opening a sealed value gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The JSON value that was sealed.
    Clear(Value),
    /// The subject was erased: its key was destroyed.
    Erased,
    /// The key is not here (keys were not restored, or another installation's).
    KeyMissing,
    /// The value does not open with its key.
    Damaged,
}

/// A sealed value, as it stands in a payload under `$sealed`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedValue {
    /// Data key id.
    pub key: String,
    /// Nonce, base64.
    pub nonce: String,
    /// Event that it is bound to.
    pub event: Uuid,
    /// Ordinal within that event that it is bound to.
    pub ordinal: u32,
    /// Ciphertext with tag, base64.
    pub data: String,
}

/// Holds the data keys. File keys embedded; a key-management service when scaled out.
#[async_trait]
pub trait KeyProvider: Send + Sync + 'static {
    /// Seals every `$personal` of a payload in place, in the order met when walking with sorted keys. The keys of all
    /// subjects are durable when this returns. Answers the subjects.
    async fn seal(&self, event: Uuid, payload: &mut Value) -> Result<Vec<String>, LogError>;
    /// Opens one sealed value.
    fn open(&self, sealed: &SealedValue) -> Opened;
    /// HMAC-SHA-256 under the current epoch.
    fn digest(&self, kind: &str, value: &[u8]) -> Digest;
    /// The same under every epoch whose key is here, newest first.
    fn digest_all(&self, kind: &str, value: &[u8]) -> Vec<Digest>;
    /// The same under one epoch; `None` when its key is not here.
    fn digest_at(&self, epoch: u32, kind: &str, value: &[u8]) -> Option<Digest>;
    /// Destroys the keys of a subject for good. Answers how many there were. May run twice.
    async fn erase(&self, subject: &str) -> Result<u64, LogError>;
}
