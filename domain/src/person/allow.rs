//! Whether the machine allows a command, and the refusal when it does not.

use std::fmt::Write as _;

use super::moves::{MOVES, Move, Part};
use super::{Credential, Engagement, Person, Status};
use crate::rejection::{Reason, Rejection};

/// Where something stands, as a refusal tells it.
struct Standing {
    /// What, in English and Chinese.
    thing: (&'static str, &'static str),
    /// Its state, in code and Chinese.
    state: (&'static str, &'static str),
    /// States from which the command is allowed.
    allowed_from: Vec<&'static str>,
    /// Commands that are possible now and who may give them.
    allowed_now: String,
}

impl Person {
    /// Whether the person's own state allows `movement`.
    // rule: GEN-07
    pub(super) fn allow(&self, movement: &Move) -> Result<(), Rejection> {
        if movement.from.contains(&self.status) {
            return Ok(());
        }
        if self.status == Status::None {
            return Err(Rejection::new(Reason::NotFound, "no such person", "没有该人员"));
        }
        if movement.from == [Status::None] {
            return Err(Rejection::new(
                Reason::AlreadyExists,
                "the person is registered already",
                "该人员已登记",
            )
            .with("state", self.status.code()));
        }
        Err(self.illegal(movement, ""))
    }

    /// The refusal of a move that the person's own state forbids.
    pub(super) fn illegal(&self, movement: &Move, why: &str) -> Rejection {
        refusal(
            movement,
            &Standing {
                thing: ("person", "人员"),
                state: (self.status.code(), self.status.zh()),
                allowed_from: movement.from.iter().map(|status| status.code()).collect(),
                allowed_now: possible(|other| other.part == Part::Person && other.from.contains(&self.status)),
            },
            why,
        )
    }

    /// The credential that a command names, when person and credential allow it.
    pub(super) fn credential(&self, movement: &Move, number: u32) -> Result<&Credential, Rejection> {
        self.allow(movement)?;
        let credential = self.credentials.get(&number).ok_or_else(|| {
            Rejection::field(
                "credential",
                movement.rule,
                "no credential of this person has this number",
                "该人员没有此编号的证书",
            )
        })?;
        let Part::Credential { from, already } = movement.part else {
            return Ok(credential);
        };
        if from.contains(&credential.state) {
            return Ok(credential);
        }
        if already == Some(credential.state) {
            return Err(nothing_to_do(("credential", credential.state.code())));
        }
        Err(credential.illegal(movement, ""))
    }

    /// The engagement that a command names, when person and engagement allow it.
    pub(super) fn engagement(&self, movement: &Move, number: u32) -> Result<&Engagement, Rejection> {
        self.allow(movement)?;
        let engagement = self.engagements.get(&number).ok_or_else(|| {
            Rejection::field(
                "engagement",
                movement.rule,
                "no engagement of this person has this number",
                "该人员没有此编号的任职",
            )
        })?;
        let Part::Engagement { from, already } = movement.part else {
            return Ok(engagement);
        };
        if from.contains(&engagement.state) {
            return Ok(engagement);
        }
        if already == Some(engagement.state) {
            return Err(nothing_to_do(("engagement", engagement.state.code())));
        }
        let standing = Standing {
            thing: ("engagement", "任职"),
            state: (engagement.state.code(), engagement.state.zh()),
            allowed_from: from.iter().map(|state| state.code()).collect(),
            allowed_now: possible(
                |other| matches!(other.part, Part::Engagement { from, .. } if from.contains(&engagement.state)),
            ),
        };
        Err(refusal(movement, &standing, ""))
    }
}

impl Credential {
    /// The refusal of a move that the credential's state forbids.
    pub(super) fn illegal(&self, movement: &Move, why: &str) -> Rejection {
        let allowed_from = match movement.part {
            Part::Credential { from, .. } => from.iter().map(|state| state.code()).collect(),
            Part::Person | Part::Engagement { .. } => Vec::new(),
        };
        let standing = Standing {
            thing: ("credential", "证书"),
            state: (self.state.code(), self.state.zh()),
            allowed_from,
            allowed_now: possible(
                |other| matches!(other.part, Part::Credential { from, .. } if from.contains(&self.state)),
            ),
        };
        refusal(movement, &standing, why)
    }
}

/// A command that would change nothing.
// rule: GEN-06
pub(super) fn nothing_to_do((what, state): (&str, &str)) -> Rejection {
    Rejection::new(Reason::NothingToDo, "this would change nothing", "没有任何变化").with(what, state)
}

/// Commands that are possible, by whom, e.g. `verify_credential (officer, bureau); …`.
fn possible(allowed: impl Fn(&Move) -> bool) -> String {
    let mut text = String::new();
    for movement in MOVES.iter().filter(|movement| allowed(movement)) {
        let separator = if text.is_empty() { "" } else { "; " };
        write!(text, "{separator}{}", movement.with_who()).expect("writing to a string can't fail");
    }
    text
}

/// The refusal of a move, with what the caller needs: state, command, states that allow it, article, rule, and what is
/// possible instead and by whom.
fn refusal(movement: &Move, standing: &Standing, why: &str) -> Rejection {
    let allowed_from = standing.allowed_from.join(", ");
    let article = movement
        .article
        .map_or_else(|| movement.rule.to_owned(), |(law, article)| format!("{law} {article}"));
    let (thing, thing_zh) = standing.thing;
    let (state, state_zh) = standing.state;
    let rejection = Rejection::new(
        Reason::IllegalTransition,
        format!(
            "{} is not allowed while the {thing} is {state}{why}; allowed from: {allowed_from} ({article})",
            movement.command,
        ),
        format!(
            "{thing_zh}处于“{state_zh}”状态，不能{}（{article}）",
            movement.command_zh
        ),
    )
    .with("state", state)
    .with("command", movement.command)
    .with("allowed_from", allowed_from)
    .with("allowed_now", standing.allowed_now.clone())
    .with("article", article)
    .with("rule", movement.rule);
    match movement.legal_basis() {
        Some(basis) => rejection.citing(basis),
        None => rejection,
    }
}
