//! What views answer. Rows hold dates and facts; whatever depends on "now" is computed from an explicit `at`.

/// A closed list of the views: code in figures and rows, Chinese term.
macro_rules! listed {
    ($(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $code:literal / $zh:literal, )* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The code in figures, rows and addresses.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }

            /// The Chinese term.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            /// Reads a code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.code() == code)
            }
        }
    };
}

mod admission;
mod alert;
mod authorization;
mod clock;
mod common;
mod figures;
mod incident;
mod inspection;
mod institution;
mod region;
mod staff;

pub use admission::*;
pub use alert::*;
pub use authorization::*;
pub use clock::*;
pub use common::*;
pub use figures::*;
pub use incident::*;
pub use inspection::*;
pub use institution::*;
pub use region::*;
pub use staff::*;
