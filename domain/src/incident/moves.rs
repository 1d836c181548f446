//! The state machine as data: which command is allowed from where, under which rule.

use super::{Incident, IncidentCommand, Status};
use crate::rejection::{LegalBasis, Reason, Rejection};

/// One command's place in the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Name of the command, as in refusals.
    pub command: &'static str,
    /// What it does, in Chinese.
    pub command_zh: &'static str,
    /// Id of the rule in `docs/rules.md`.
    pub rule: &'static str,
    /// Law and article that the step rests on; `None`: no statute, the rule itself is the source.
    pub article: Option<(&'static str, &'static str)>,
    /// States from which it is allowed; further conditions stand with the command.
    pub from: &'static [Status],
}

/// States of a notified case that is not concluded.
const OPEN: &[Status] = &[
    Status::Notified,
    Status::Triaged,
    Status::UnderInvestigation,
    Status::FindingsProposed,
    Status::Reopened,
];
const ACCIDENT_REGULATION: &str = "生产安全事故报告和调查处理条例";

const NOTIFY: Move = Move {
    command: "notify",
    command_zh: "报告事件",
    rule: "INC-01",
    article: Some((ACCIDENT_REGULATION, "§9")),
    from: &[Status::None],
};
const SUPPLEMENT: Move = Move {
    command: "supplement",
    command_zh: "续报",
    rule: "INC-09",
    article: Some((ACCIDENT_REGULATION, "§13")),
    from: OPEN,
};
const TELL_GUARDIAN: Move = Move {
    command: "tell_guardian",
    command_zh: "告知监护人",
    rule: "INC-08",
    article: Some(("婴幼儿伤害预防指南（试行）", "2021年")),
    from: OPEN,
};
const TRIAGE: Move = Move {
    command: "triage",
    command_zh: "研判",
    rule: "INC-10",
    article: None,
    from: &[Status::Notified],
};
const OPEN_INVESTIGATION: Move = Move {
    command: "open_investigation",
    command_zh: "开展调查",
    rule: "INC-11",
    article: Some((ACCIDENT_REGULATION, "§29")),
    from: &[Status::Triaged, Status::Reopened],
};
const COMPLETE_INVESTIGATION: Move = Move {
    command: "complete_investigation",
    command_zh: "提出调查结论",
    rule: "INC-12",
    article: Some((ACCIDENT_REGULATION, "§29")),
    from: &[Status::UnderInvestigation],
};
const CONCLUDE: Move = Move {
    command: "conclude",
    command_zh: "办结",
    rule: "INC-13",
    article: Some((ACCIDENT_REGULATION, "§32")),
    from: &[Status::FindingsProposed, Status::Triaged],
};
const REOPEN: Move = Move {
    command: "reopen",
    command_zh: "重新调查",
    rule: "INC-16",
    article: None,
    from: &[Status::Concluded, Status::Imported],
};
const RECORD_IMPORTED: Move = Move {
    command: "record_imported",
    command_zh: "导入外部登记",
    rule: "INC-17",
    article: None,
    from: &[Status::None, Status::Imported],
};

impl IncidentCommand {
    /// The command's place in the state machine.
    #[must_use]
    pub const fn movement(&self) -> &'static Move {
        match self {
            Self::Notify(_) => &NOTIFY,
            Self::Supplement(_) => &SUPPLEMENT,
            Self::TellGuardian(_) => &TELL_GUARDIAN,
            Self::Triage(_) => &TRIAGE,
            Self::OpenInvestigation(_) => &OPEN_INVESTIGATION,
            Self::CompleteInvestigation(_) => &COMPLETE_INVESTIGATION,
            Self::Conclude(_) => &CONCLUDE,
            Self::Reopen(_) => &REOPEN,
            Self::RecordImported(_) => &RECORD_IMPORTED,
        }
    }
}

impl Move {
    /// The citation, when a statute stands behind the step.
    pub(super) fn legal_basis(&self) -> Option<LegalBasis> {
        self.article.map(|(law, article)| LegalBasis::new(law, article))
    }
}

impl Incident {
    /// Whether the state machine allows `movement` from here.
    pub(super) fn allow(&self, movement: &Move) -> Result<(), Rejection> {
        if movement.from.contains(&self.status) {
            Ok(())
        } else if self.status == Status::None {
            Err(Rejection::new(Reason::NotFound, "no such incident", "没有该事件"))
        } else {
            Err(self.illegal(movement, "", ""))
        }
    }

    /// The refusal of a move, with what the caller needs: state, command, states that allow it, article and rule.
    pub(super) fn illegal(&self, movement: &Move, why: &str, why_zh: &str) -> Rejection {
        let list = |name: fn(Status) -> &'static str, separator: &str| {
            movement
                .from
                .iter()
                .map(|status| name(*status))
                .collect::<Vec<_>>()
                .join(separator)
        };
        let allowed = list(Status::code, ", ");
        let article = movement
            .article
            .map_or_else(|| movement.rule.to_owned(), |(law, article)| format!("{law} {article}"));
        let rejection = Rejection::new(
            Reason::IllegalTransition,
            format!(
                "{} is not allowed while the incident is {}{why}; allowed from: {allowed} ({article})",
                movement.command,
                self.status.code(),
            ),
            format!(
                "事件处于“{}”状态{why_zh}，不能{}；可在以下状态进行：{}（{article}）",
                self.status.zh(),
                movement.command_zh,
                list(Status::zh, "、"),
            ),
        )
        .with("state", self.status.code())
        .with("command", movement.command)
        .with("allowed_from", allowed)
        .with("article", article)
        .with("rule", movement.rule);
        match movement.legal_basis() {
            Some(basis) => rejection.citing(basis),
            None => rejection,
        }
    }
}
