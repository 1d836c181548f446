//! Personal data in events: clear while a decision is being made, sealed in the log, erased when its key is destroyed.
//!
//! The marker objects below are the contract with `yujian-eventlog`, whose sealer walks the payload's JSON and replaces
//! each `$personal` by `$sealed` before the record is hashed. The log refuses a payload that still holds a `$personal`.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Member name of a clear value: `{"$personal":{"subject":…,"clear":…}}`. Never reaches the log.
pub const CLEAR_MARKER: &str = "$personal";
/// Member name of a sealed value: `{"$sealed":{"key":…,"nonce":…,"event":…,"ordinal":…,"data":…}}`.
pub const SEALED_MARKER: &str = "$sealed";

/// A sealed value exactly as stored. It is bound to the event and ordinal of its first writing, so that upcasters may
/// rename and move it. Only the holder of the data key can open it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Id of the subject's data key.
    pub key: String,
    /// AES-GCM nonce, base64.
    pub nonce: String,
    /// Event whose payload it was sealed in.
    pub event: uuid::Uuid,
    /// Which sealed value of that event, from 0, in the order met when walking the payload with sorted keys.
    pub ordinal: u32,
    /// Ciphertext with tag, base64.
    pub data: String,
}

/// A personal value inside an event. States and facts keep it sealed; nothing in the domain reads the clear value.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal<T = String> {
    /// On its way into the log.
    Clear {
        /// Whose key seals it, e.g. `institution-<id>.representative-1`, `incident-<id>.child-1`.
        subject: String,
        /// The value.
        value: T,
    },
    /// As stored.
    Sealed(Sealed),
}

impl<T> Personal<T> {
    /// A clear value of a subject.
    pub fn clear(subject: impl Into<String>, value: T) -> Self {
        Self::Clear {
            subject: subject.into(),
            value,
        }
    }

    /// The sealed form, when it is sealed.
    #[must_use]
    pub fn sealed(&self) -> Option<&Sealed> {
        match self {
            Self::Sealed(sealed) => Some(sealed),
            Self::Clear { .. } => None,
        }
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear { subject, .. } => write!(f, "Clear({subject}, ***)"),
            Self::Sealed(sealed) => write!(f, "Sealed({})", sealed.key),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClearBody<T> {
    subject: String,
    clear: T,
}

#[derive(Serialize, Deserialize)]
enum Wire<T> {
    #[serde(rename = "$personal")]
    Clear(ClearBody<T>),
    #[serde(rename = "$sealed")]
    Sealed(Sealed),
}

impl<T: Serialize + Clone> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clear { subject, value } => Wire::Clear(ClearBody {
                subject: subject.clone(),
                clear: value.clone(),
            })
            .serialize(serializer),
            Self::Sealed(sealed) => Wire::<T>::Sealed(sealed.clone()).serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Wire::<T>::deserialize(deserializer)? {
            Wire::Clear(body) => Self::Clear {
                subject: body.subject,
                value: body.clear,
            },
            Wire::Sealed(sealed) => Self::Sealed(sealed),
        })
    }
}

/// Personal text inside a command, before it belongs to an event. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Sensitive(String);

impl Sensitive {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Callers must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing but white space was given.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Turns it into an event's field under a subject.
    pub fn of(&self, subject: impl Into<String>) -> Personal<String> {
        Personal::clear(subject, self.0.clone())
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A keyed digest (HMAC-SHA-256) of a value that must be compared but not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyedDigest {
    /// Epoch of the HMAC key.
    pub epoch: u32,
    /// 64 lower-case hex digits.
    pub hex: String,
}

/// Makes keyed digests; implemented by the key provider. A pure function of the key of the current epoch.
pub trait Digester: Send + Sync {
    /// Digest of `value` for a purpose (`kind`), under the current epoch.
    fn digest(&self, kind: &str, value: &str) -> KeyedDigest;
}
