//! Lengths and subjects that the family's commands share.

use uuid::Uuid;

use super::moves::Move;
use crate::check::Check;
use crate::personal::{Personal, Sensitive};

/// Longest name of a person, issuer, provider, number or account, in characters.
pub(super) const NAME_MAX: usize = 100;
/// Longest level of a credential, in characters.
pub(super) const LEVEL_MAX: usize = 40;
/// Longest reasons, in characters.
pub(super) const REASON_MAX: usize = 2_000;

/// Subject of identity, name, phone and numbers of certificates.
pub(super) fn subject(id: Uuid) -> String {
    format!("person-{id}")
}

/// Subject of the free text of decisions.
fn text_subject(id: Uuid) -> String {
    format!("person-{id}.text")
}

/// The text of a decision, for its event.
pub(super) fn text(id: Uuid, text: &Sensitive) -> Personal {
    text.of(text_subject(id))
}

impl Check {
    /// A number between two others, both allowed.
    pub(super) fn between(&mut self, field: &str, movement: &Move, value: u32, (least, most): (u32, u32)) {
        if !(least..=most).contains(&value) {
            self.wrong(
                field,
                movement.rule,
                format!("must lie between {least} and {most}"),
                format!("须在{least}至{most}之间"),
            );
        }
    }
}
