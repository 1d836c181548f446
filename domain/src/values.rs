//! Values that parse: once built, they are right, so nothing behind the boundary checks them again.

use serde::{Deserialize, Serialize};

use crate::rejection::Violation;

mod number;
mod place;

pub use number::{CreditCode, IdentityNumber};
pub use place::{AgeMonths, ClassType, Datum, Fen, Places, Point, RegionId};

/// Why a text is not such a value. Quotes nothing of the text itself, which may be personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {message}")]
pub struct ValueError {
    /// Standard or rule id, e.g. `GB-32100`.
    pub rule: &'static str,
    /// What is wrong, in English.
    pub message: String,
    /// What is wrong, in Chinese.
    pub message_zh: String,
}

impl ValueError {
    /// Builds one.
    pub fn new(rule: &'static str, message: impl Into<String>, message_zh: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            message_zh: message_zh.into(),
        }
    }

    /// As a violation of a named field.
    pub fn at(self, field: impl Into<String>) -> Violation {
        Violation {
            field: field.into(),
            rule: self.rule.to_owned(),
            message: self.message,
            message_zh: self.message_zh,
        }
    }
}

macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $code:literal / $zh:literal, )* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $( $(#[$doc])* #[serde(rename = $code)] $variant, )* }
        impl $name {
            /// Every value.
            pub const ALL: &'static [$name] = &[ $( $name::$variant, )* ];
            /// The code in events, view rows and mappings.
            #[must_use] pub const fn code(self) -> &'static str { match self { $( Self::$variant => $code, )* } }
            /// The Chinese term.
            #[must_use] pub const fn zh(self) -> &'static str { match self { $( Self::$variant => $zh, )* } }
            /// Reads a code.
            #[must_use] pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.code() == code)
            }
        }
    };
}
pub(crate) use codes;

/// Where a number came from and what it names in a foreign register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalId {
    /// Name of the register.
    pub register: String,
    /// Number or key within it.
    pub number: String,
}
