//! The state machine as data: which command is allowed from where, and to whom.

use std::fmt::Write as _;

use super::{Alert, AlertCommand, Status};
use crate::aggregate::move_table;
use crate::envelope::Role;
use crate::rejection::{Reason, Rejection};

/// One command's place in the machine. No statute stands behind these steps: alerts are how the authority organises its
/// own work. Further conditions stand with the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Name of the command, as in refusals.
    pub command: &'static str,
    /// What it does, in Chinese.
    pub command_zh: &'static str,
    /// Id of the rule in `docs/rules.md`.
    pub rule: &'static str,
    /// Who acts, for the caller's information; the method options in the .proto decide.
    pub who: &'static [Role],
    /// States from which it is allowed.
    pub from: &'static [Status],
    /// State in which it would change nothing.
    pub already: Option<Status>,
}

const AUTHORITY: &[Role] = &[Role::Officer];
const YUJIAN: &[Role] = &[Role::System];
/// An alert is looked at before anything is said of it.
const NOTED: &[Status] = &[Status::Acknowledged, Status::Linked];

move_table! {
    AlertCommand,
    Raise => Move {
        command: "raise",
        command_zh: "发出预警",
        rule: "ALT-01",
        who: YUJIAN,
        from: &[Status::None],
        already: None,
    },
    Acknowledge => Move {
        command: "acknowledge",
        command_zh: "知悉预警",
        rule: "ALT-02",
        who: AUTHORITY,
        from: &[Status::Raised],
        already: Some(Status::Acknowledged),
    },
    Link => Move {
        command: "link",
        command_zh: "关联核查",
        rule: "ALT-03",
        who: AUTHORITY,
        from: NOTED,
        already: None,
    },
    Dismiss => Move {
        command: "dismiss",
        command_zh: "排除预警",
        rule: "ALT-04",
        who: AUTHORITY,
        from: NOTED,
        already: Some(Status::Dismissed),
    },
    Confirm => Move {
        command: "confirm",
        command_zh: "确认预警",
        rule: "ALT-05",
        who: AUTHORITY,
        from: NOTED,
        already: Some(Status::Confirmed),
    },
    Clear => Move {
        command: "clear",
        command_zh: "消除预警",
        rule: "ALT-06",
        who: YUJIAN,
        from: &[Status::Raised, Status::Acknowledged],
        already: Some(Status::Lapsed),
    },
}

impl Alert {
    /// Whether the machine allows `movement` from here.
    // rule: GEN-07, ALT-01
    pub(super) fn allow(&self, movement: &Move) -> Result<(), Rejection> {
        if movement.from.contains(&self.status) {
            return Ok(());
        }
        if self.status == Status::None {
            return Err(Rejection::new(Reason::NotFound, "no such alert", "没有该预警"));
        }
        if movement.from == [Status::None] {
            return Err(
                Rejection::new(Reason::AlreadyExists, "this alert was raised before", "该预警已存在")
                    .with("state", self.status.code()),
            );
        }
        if movement.already == Some(self.status) {
            return Err(nothing_to_do(self.status));
        }
        Err(self.illegal(movement))
    }

    /// The refusal of a move, with what the caller needs: state, command, states that allow it, rule, and what is possible
    /// instead and by whom.
    fn illegal(&self, movement: &Move) -> Rejection {
        let list = |name: fn(Status) -> &'static str, separator: &str| {
            let names: Vec<&str> = movement.from.iter().map(|status| name(*status)).collect();
            names.join(separator)
        };
        let allowed_from = list(Status::code, ", ");
        Rejection::new(
            Reason::IllegalTransition,
            format!(
                "{} is not allowed while the alert is {}; allowed from: {allowed_from} ({})",
                movement.command,
                self.status.code(),
                movement.rule,
            ),
            format!(
                "预警处于“{}”状态，不能{}；可在以下状态进行：{}（{}）",
                self.status.zh(),
                movement.command_zh,
                list(Status::zh, "、"),
                movement.rule,
            ),
        )
        .with("state", self.status.code())
        .with("command", movement.command)
        .with("allowed_from", allowed_from)
        .with("allowed_now", self.possible())
        .with("rule", movement.rule)
    }

    /// Commands that are possible, by whom, e.g. `dismiss (officer); …`.
    fn possible(&self) -> String {
        let mut text = String::new();
        for movement in MOVES.iter().filter(|movement| movement.from.contains(&self.status)) {
            let separator = if text.is_empty() { "" } else { "; " };
            let who: Vec<&str> = movement.who.iter().map(|role| role.as_str()).collect();
            write!(text, "{separator}{} ({})", movement.command, who.join(", "))
                .expect("writing to a string can't fail");
        }
        text
    }
}

/// A command that would change nothing.
// rule: GEN-06
pub(super) fn nothing_to_do(status: Status) -> Rejection {
    Rejection::new(Reason::NothingToDo, "this would change nothing", "没有任何变化").with("state", status.code())
}
