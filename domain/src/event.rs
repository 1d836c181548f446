//! Event families: named, versioned payloads, read for ever.

use serde_json::Value;
use serde_json::error::Category;

/// An event that could not be read although its type is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event_type}: {message}")]
pub struct DecodeError {
    /// Type as stored.
    pub event_type: String,
    /// What is wrong with the payload; quotes nothing of it.
    pub message: String,
}

/// An error of reading JSON without what was read: `serde_json` quotes the value, which may be personal. A payload that
/// went through upcasters has no line any more.
#[must_use]
pub fn what_is_wrong(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        Category::Io => "can't be read",
        Category::Syntax => "is no JSON",
        Category::Data => "has another form than its type",
        Category::Eof => "ends too early",
    };
    match error.line() {
        0 => kind.to_owned(),
        line => format!("{kind}, at line {line} column {}", error.column()),
    }
}

/// One step from an old version of an event to the next: pure, total, never reads a clock or a key.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// Type as stored, e.g. `licensing.FilingAccepted.v1`.
    pub from: &'static str,
    /// Type that it becomes.
    pub to: &'static str,
    /// Rewrites the payload. Sealed values may be renamed and moved, never opened.
    pub rewrite: fn(Value) -> Value,
}

/// Applies `chain` until no step fits. Returns the type and payload of the newest version.
#[must_use]
pub fn upcast(chain: &[Upcaster], event_type: &str, mut payload: Value) -> (String, Value) {
    let mut current = event_type.to_owned();
    while let Some(step) = chain.iter().find(|step| step.from == current) {
        payload = (step.rewrite)(payload);
        step.to.clone_into(&mut current);
    }
    (current, payload)
}

/// The events of one aggregate.
pub trait EventFamily: Sized + Clone + Send + Sync + 'static {
    /// Types of the newest versions, for golden files and documentation.
    const TYPES: &'static [&'static str];
    /// The type under which it is stored.
    fn event_type(&self) -> &'static str;
    /// Payload as JSON. Personal fields may still be clear.
    fn payload(&self) -> Value;
    /// Reads a stored event of any version that ever shipped; `None` when the type is unknown.
    ///
    /// # Errors
    /// When the type is known and the payload is not what it must be.
    fn decode(event_type: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError>;
}

/// Declares an event family: an enum of payload structs, each with its type name.
#[macro_export]
macro_rules! event_family {
    ($(#[$meta:meta])* pub enum $name:ident, upcasters $chain:expr, {
        $( $(#[$doc:meta])* $variant:ident = $event_type:literal, )*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name { $( $(#[$doc])* $variant($variant), )* }

        impl $crate::event::EventFamily for $name {
            const TYPES: &'static [&'static str] = &[ $( $event_type, )* ];

            fn event_type(&self) -> &'static str {
                match self { $( Self::$variant(_) => $event_type, )* }
            }

            fn payload(&self) -> serde_json::Value {
                let value = match self { $( Self::$variant(event) => serde_json::to_value(event), )* };
                // Payload structs hold strings, numbers, lists and maps with string keys only.
                value.expect("an event payload is plain JSON")
            }

            fn decode(event_type: &str, payload: &[u8]) -> Result<Option<Self>, $crate::event::DecodeError> {
                let wrong = |error: serde_json::Error| $crate::event::DecodeError {
                    event_type: event_type.to_owned(),
                    message: $crate::event::what_is_wrong(&error),
                };
                let chain: &[$crate::event::Upcaster] = $chain;
                if chain.iter().any(|step| step.from == event_type) {
                    let value = serde_json::from_slice(payload).map_err(wrong)?;
                    let (newest, value) = $crate::event::upcast(chain, event_type, value);
                    return match newest.as_str() {
                        $( $event_type => Ok(Some(Self::$variant(serde_json::from_value(value).map_err(wrong)?))), )*
                        _ => Ok(None),
                    };
                }
                match event_type {
                    $( $event_type => Ok(Some(Self::$variant(serde_json::from_slice(payload).map_err(wrong)?))), )*
                    _ => Ok(None),
                }
            }
        }

        $( impl From<$variant> for $name { fn from(event: $variant) -> Self { Self::$variant(event) } } )*
    };
}
