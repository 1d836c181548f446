//! The state machine of an institution as one table: which command is allowed from where, to whom, by which article.

use std::fmt::Write as _;

use super::{Institution, InstitutionCommand, Status};
use crate::aggregate::move_table;
use crate::envelope::Role;
use crate::rejection::{LegalBasis, Reason, Rejection};

/// One command in the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Name of the command, as in events' requests and refusals.
    pub command: &'static str,
    /// States from which it is allowed. Further rules may still refuse it.
    pub from: &'static [Status],
    /// Who acts, for the caller's information; the method options in the .proto decide.
    pub who: &'static [Role],
    /// Law and article that the command carries out.
    pub law: (&'static str, &'static str),
}

/// 托育机构登记和备案办法（试行）.
pub const FILING_RULES: &str = "国卫办人口发〔2019〕25号";
/// 托育机构设置标准（试行） and 托育机构管理规范（试行）.
pub const STANDARDS: &str = "国卫人口发〔2019〕58号";
/// 人口与计划生育法.
pub const POPULATION_LAW: &str = "人口与计划生育法";

const EXISTING: &[Status] = &[
    Status::Registered,
    Status::Returned,
    Status::Accepted,
    Status::Filed,
    Status::Nonconforming,
    Status::Suspended,
    Status::Imported,
];
const NOT_SUSPENDED: &[Status] = &[
    Status::Registered,
    Status::Returned,
    Status::Accepted,
    Status::Filed,
    Status::Nonconforming,
];
const OPERATOR_OR_OFFICER: &[Role] = &[Role::Operator, Role::Officer];
const OFFICER: &[Role] = &[Role::Officer];

move_table! {
    InstitutionCommand,
    Register => Move {
        command: "register",
        from: &[Status::None],
        who: &[Role::Officer, Role::Bureau],
        law: (FILING_RULES, "§4至§6"),
    },
    SubmitFiling => Move {
        command: "submit_filing",
        from: &[Status::Registered, Status::Returned, Status::Imported],
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§8"),
    },
    WithdrawFiling => Move {
        command: "withdraw_filing",
        from: &[Status::Returned, Status::Accepted],
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§8"),
    },
    IssueReceipt => Move {
        command: "issue_receipt",
        from: &[Status::Accepted],
        who: OFFICER,
        law: (FILING_RULES, "§9"),
    },
    NotifyNonconformity => Move {
        command: "notify_nonconformity",
        from: &[Status::Accepted, Status::Filed],
        who: OFFICER,
        law: (FILING_RULES, "§9"),
    },
    ConfirmConformity => Move {
        command: "confirm_conformity",
        from: &[Status::Nonconforming],
        who: OFFICER,
        law: (FILING_RULES, "§9"),
    },
    ChangeDetails => Move {
        command: "change_details",
        from: EXISTING,
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§10"),
    },
    ChangeClasses => Move {
        command: "change_classes",
        from: EXISTING,
        who: OPERATOR_OR_OFFICER,
        law: (STANDARDS, "§19"),
    },
    Suspend => Move {
        command: "suspend",
        from: NOT_SUSPENDED,
        who: OPERATOR_OR_OFFICER,
        law: (POPULATION_LAW, "§41"),
    },
    Resume => Move {
        command: "resume",
        from: &[Status::Suspended],
        who: OPERATOR_OR_OFFICER,
        law: (POPULATION_LAW, "§41"),
    },
    Close => Move {
        command: "close",
        from: EXISTING,
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§10"),
    },
    CorrectFact => Move {
        command: "correct_fact",
        from: &[
            Status::Registered,
            Status::Returned,
            Status::Accepted,
            Status::Filed,
            Status::Nonconforming,
            Status::Suspended,
            Status::Closed,
            Status::Imported,
        ],
        who: OFFICER,
        law: (FILING_RULES, "§10"),
    },
    RecordImported => Move {
        command: "record_imported",
        from: &[Status::None, Status::Imported],
        who: &[Role::Administrator],
        law: (FILING_RULES, "§4至§6"),
    },
}

impl Move {
    /// The article as a citation.
    #[must_use]
    pub fn legal_basis(&self) -> LegalBasis {
        LegalBasis::new(self.law.0, self.law.1)
    }
}

/// Refuses a command that the state does not allow.
///
/// # Errors
/// `NOT_FOUND` before the first event, `ALREADY_EXISTS` for a second registration, else `ILLEGAL_TRANSITION` with
/// `state`, `command`, `allowed_from` and `allowed_now`, which names each possible command and who may give it.
// rule: GEN-07
pub(super) fn check(state: &Institution, command: &InstitutionCommand) -> Result<&'static Move, Rejection> {
    let asked = Move::of(command);
    if asked.from.contains(&state.status) {
        return Ok(asked);
    }
    if state.status == Status::None {
        return Err(Rejection::new(Reason::NotFound, "no such institution", "没有该机构"));
    }
    if asked.command == "register" {
        return Err(Rejection::new(
            Reason::AlreadyExists,
            "the institution is registered already",
            "该机构已登记",
        )
        .with("state", state.status.code()));
    }
    let allowed_from: Vec<&str> = asked.from.iter().map(|status| status.code()).collect();
    Err(Rejection::new(
        Reason::IllegalTransition,
        format!(
            "{} is not possible while the institution is {}",
            asked.command,
            state.status.code()
        ),
        format!("机构处于“{}”状态，不能办理该事项", state.status.zh()),
    )
    .citing(asked.legal_basis())
    .with("state", state.status.code())
    .with("command", asked.command)
    .with("allowed_from", allowed_from.join(", "))
    .with("allowed_now", allowed_now(state.status)))
}

/// What is possible in a state and by whom, e.g. `issue_receipt (officer); withdraw_filing (operator, officer)`.
#[must_use]
pub fn allowed_now(status: Status) -> String {
    let mut text = String::new();
    for possible in MOVES.iter().filter(|possible| possible.from.contains(&status)) {
        let who: Vec<&str> = possible.who.iter().map(|role| role.as_str()).collect();
        let separator = if text.is_empty() { "" } else { "; " };
        write!(text, "{separator}{} ({})", possible.command, who.join(", ")).expect("writing to a string can't fail");
    }
    text
}
