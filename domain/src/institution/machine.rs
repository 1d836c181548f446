//! The state machine of an institution as one table: which command is allowed from where, to whom, by which article.

use std::fmt::Write as _;

use super::{ApplicationState, Institution, InstitutionCommand, LicenceApplication, Status};
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
    /// States of the application that it names in which it is allowed; empty when it is about none.
    pub on: &'static [ApplicationState],
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

/// 行政许可法.
pub const LICENSING_LAW: &str = "行政许可法";

const EXISTING: &[Status] = &[
    Status::Registered,
    Status::Returned,
    Status::Accepted,
    Status::Filed,
    Status::Nonconforming,
    Status::Licensed,
    Status::Suspended,
    Status::Revoked,
    Status::Expired,
    Status::Imported,
];
const EXISTING_OR_CLOSED: &[Status] = &[
    Status::Registered,
    Status::Returned,
    Status::Accepted,
    Status::Filed,
    Status::Nonconforming,
    Status::Licensed,
    Status::Suspended,
    Status::Revoked,
    Status::Expired,
    Status::Closed,
    Status::Imported,
];
const NOT_SUSPENDED: &[Status] = &[
    Status::Registered,
    Status::Returned,
    Status::Accepted,
    Status::Filed,
    Status::Nonconforming,
    Status::Licensed,
];
const HELD: &[Status] = &[Status::Licensed, Status::Suspended];
/// An application is not decided yet.
const UNDECIDED: &[ApplicationState] = &[
    ApplicationState::Submitted,
    ApplicationState::Returned,
    ApplicationState::Accepted,
    ApplicationState::AwaitingInformation,
    ApplicationState::DecisionProposed,
    ApplicationState::RefusalIntended,
    ApplicationState::Objected,
];
const OPERATOR_OR_OFFICER: &[Role] = &[Role::Operator, Role::Officer];
const OFFICER: &[Role] = &[Role::Officer];
const OFFICER_OR_BUREAU: &[Role] = &[Role::Officer, Role::Bureau];
const SYSTEM: &[Role] = &[Role::System];

move_table! {
    InstitutionCommand,
    Register => Move {
        command: "register",
        from: &[Status::None],
        on: &[],
        who: &[Role::Officer, Role::Bureau],
        law: (FILING_RULES, "§4至§6"),
    },
    SubmitFiling => Move {
        command: "submit_filing",
        from: &[Status::Registered, Status::Returned, Status::Imported],
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§8"),
    },
    WithdrawFiling => Move {
        command: "withdraw_filing",
        from: &[Status::Returned, Status::Accepted],
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§8"),
    },
    IssueReceipt => Move {
        command: "issue_receipt",
        from: &[Status::Accepted],
        on: &[],
        who: OFFICER,
        law: (FILING_RULES, "§9"),
    },
    NotifyNonconformity => Move {
        command: "notify_nonconformity",
        from: &[Status::Accepted, Status::Filed],
        on: &[],
        who: OFFICER,
        law: (FILING_RULES, "§9"),
    },
    ConfirmConformity => Move {
        command: "confirm_conformity",
        from: &[Status::Nonconforming],
        on: &[],
        who: OFFICER,
        law: (FILING_RULES, "§9"),
    },
    ChangeDetails => Move {
        command: "change_details",
        from: EXISTING,
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§10"),
    },
    ChangeClasses => Move {
        command: "change_classes",
        from: EXISTING,
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (STANDARDS, "§19"),
    },
    Suspend => Move {
        command: "suspend",
        from: NOT_SUSPENDED,
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (POPULATION_LAW, "§41"),
    },
    Resume => Move {
        command: "resume",
        from: &[Status::Suspended],
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (POPULATION_LAW, "§41"),
    },
    Close => Move {
        command: "close",
        from: EXISTING,
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (FILING_RULES, "§10"),
    },
    CorrectFact => Move {
        command: "correct_fact",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: OFFICER,
        law: (FILING_RULES, "§10"),
    },
    RecordImported => Move {
        command: "record_imported",
        from: &[Status::None, Status::Imported],
        on: &[],
        who: &[Role::Administrator],
        law: (FILING_RULES, "§4至§6"),
    },
    SubmitApplication => Move {
        command: "submit_application",
        from: &[
            Status::Registered,
            Status::Filed,
            Status::Nonconforming,
            Status::Licensed,
            Status::Suspended,
            Status::Revoked,
            Status::Expired,
            Status::Imported,
        ],
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (LICENSING_LAW, "§29"),
    },
    ReturnApplication => Move {
        command: "return_application",
        from: EXISTING,
        on: &[ApplicationState::Submitted, ApplicationState::Accepted],
        who: OFFICER,
        law: (LICENSING_LAW, "§32"),
    },
    AcceptApplication => Move {
        command: "accept_application",
        from: EXISTING,
        on: &[ApplicationState::Submitted, ApplicationState::Accepted],
        who: OFFICER,
        law: (LICENSING_LAW, "§32"),
    },
    DismissApplication => Move {
        command: "dismiss_application",
        from: EXISTING,
        on: &[ApplicationState::Submitted],
        who: OFFICER,
        law: (LICENSING_LAW, "§32"),
    },
    RequestInformation => Move {
        command: "request_information",
        from: EXISTING,
        on: &[ApplicationState::Accepted],
        who: OFFICER,
        law: (LICENSING_LAW, "§45"),
    },
    ProvideInformation => Move {
        command: "provide_information",
        from: EXISTING,
        on: &[ApplicationState::AwaitingInformation],
        who: OPERATOR_OR_OFFICER,
        law: (LICENSING_LAW, "§31"),
    },
    RecordRegistryCheck => Move {
        command: "record_registry_check",
        from: EXISTING,
        on: UNDECIDED,
        who: OFFICER_OR_BUREAU,
        law: (LICENSING_LAW, "§34"),
    },
    RecordSiteVerification => Move {
        command: "record_site_verification",
        from: EXISTING,
        on: &[ApplicationState::Accepted, ApplicationState::AwaitingInformation],
        who: OFFICER,
        law: (LICENSING_LAW, "§34"),
    },
    ProposeDecision => Move {
        command: "propose_decision",
        from: EXISTING,
        on: &[ApplicationState::Accepted],
        who: OFFICER,
        law: (LICENSING_LAW, "§34"),
    },
    ReturnProposal => Move {
        command: "return_proposal",
        from: EXISTING,
        on: &[ApplicationState::DecisionProposed],
        who: OFFICER,
        law: (LICENSING_LAW, "§38"),
    },
    DecideApplication => Move {
        command: "decide_application",
        from: EXISTING,
        on: &[ApplicationState::DecisionProposed, ApplicationState::Granted],
        who: OFFICER,
        law: (LICENSING_LAW, "§38"),
    },
    LodgeObjection => Move {
        command: "lodge_objection",
        from: EXISTING,
        on: &[ApplicationState::RefusalIntended],
        who: OPERATOR_OR_OFFICER,
        law: (LICENSING_LAW, "§36"),
    },
    DecideObjection => Move {
        command: "decide_objection",
        from: EXISTING,
        on: &[ApplicationState::Objected],
        who: OFFICER,
        law: (LICENSING_LAW, "§48"),
    },
    RefuseApplication => Move {
        command: "refuse_application",
        from: EXISTING,
        on: &[ApplicationState::RefusalIntended, ApplicationState::Granted],
        who: OFFICER,
        law: (LICENSING_LAW, "§38"),
    },
    WithdrawApplication => Move {
        command: "withdraw_application",
        from: EXISTING,
        on: UNDECIDED,
        who: OPERATOR_OR_OFFICER,
        law: (LICENSING_LAW, "§31"),
    },
    IssueCertificate => Move {
        command: "issue_certificate",
        from: HELD,
        on: &[ApplicationState::Granted],
        who: OFFICER,
        law: (LICENSING_LAW, "§44"),
    },
    PauseClock => Move {
        command: "pause_clock",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§45"),
    },
    ResumeClock => Move {
        command: "resume_clock",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§45"),
    },
    ExtendClock => Move {
        command: "extend_clock",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§42"),
    },
    ExpireClock => Move {
        command: "expire_clock",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: SYSTEM,
        law: (LICENSING_LAW, "§42"),
    },
    RecomputeClocks => Move {
        command: "recompute_clocks",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: SYSTEM,
        law: (LICENSING_LAW, "§82"),
    },
    ImposeCondition => Move {
        command: "impose_condition",
        from: HELD,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§38"),
    },
    RecordConditionMet => Move {
        command: "record_condition_met",
        from: HELD,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§61"),
    },
    LiftCondition => Move {
        command: "lift_condition",
        from: HELD,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§8"),
    },
    MakeProvisional => Move {
        command: "make_provisional",
        from: &[Status::Licensed],
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§61"),
    },
    RestoreStanding => Move {
        command: "restore_standing",
        from: &[Status::Licensed],
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§61"),
    },
    RevokeAuthorization => Move {
        command: "revoke_authorization",
        from: HELD,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§69"),
    },
    OpenCessation => Move {
        command: "open_cessation",
        from: &[Status::Suspended, Status::Revoked, Status::Expired, Status::Closed],
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§70"),
    },
    RecordPlacement => Move {
        command: "record_placement",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: OPERATOR_OR_OFFICER,
        law: (LICENSING_LAW, "§70"),
    },
    CloseCessation => Move {
        command: "close_cessation",
        from: EXISTING_OR_CLOSED,
        on: &[],
        who: OFFICER,
        law: (LICENSING_LAW, "§70"),
    },
    StartMigration => Move {
        command: "start_migration",
        from: &[Status::Filed, Status::Nonconforming, Status::Suspended],
        on: &[],
        who: SYSTEM,
        law: (LICENSING_LAW, "§8"),
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
        if let Some(number) = command.application() {
            check_application(state, number, asked)?;
        }
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

/// The application of the licence regime of that number.
// rule: ADM-40
pub(super) fn application(state: &Institution, number: u32) -> Result<&LicenceApplication, Rejection> {
    state.licence_applications.get(&number).ok_or_else(|| {
        Rejection::field(
            "application",
            "ADM-40",
            "there is no such application of the licence regime",
            "没有该许可申请",
        )
    })
}

/// Refuses a command that the application which it names does not allow.
fn check_application(state: &Institution, number: u32, asked: &Move) -> Result<(), Rejection> {
    let application = application(state, number)?;
    if asked.on.contains(&application.state) {
        return Ok(());
    }
    Err(application_refuses(application, asked))
}

/// The refusal of a command that the state of its application does not allow.
pub(super) fn application_refuses(application: &LicenceApplication, asked: &Move) -> Rejection {
    let allowed_from: Vec<&str> = asked.on.iter().map(|state| state.code()).collect();
    let number = application.number;
    Rejection::new(
        Reason::IllegalTransition,
        format!(
            "{} is not possible while application {number} is {}",
            asked.command,
            application.state.code()
        ),
        format!("第{number}号申请处于“{}”状态，不能办理该事项", application.state.zh()),
    )
    .citing(asked.legal_basis())
    .with("state", application.state.code())
    .with("application", number.to_string())
    .with("command", asked.command)
    .with("allowed_from", allowed_from.join(", "))
    .with("allowed_now", application_allows(application.state))
}

/// What is possible with an application in a state and by whom, in the form of [`allowed_now`].
#[must_use]
pub fn application_allows(state: ApplicationState) -> String {
    possible(|possible| possible.on.contains(&state))
}

/// What is possible in a state and by whom, e.g. `issue_receipt (officer); withdraw_filing (operator, officer)`.
#[must_use]
pub fn allowed_now(status: Status) -> String {
    possible(|possible| possible.on.is_empty() && possible.from.contains(&status))
}

fn possible(allowed: impl Fn(&Move) -> bool) -> String {
    let mut text = String::new();
    for possible in MOVES.iter().filter(|possible| allowed(possible)) {
        let who: Vec<&str> = possible.who.iter().map(|role| role.as_str()).collect();
        let separator = if text.is_empty() { "" } else { "; " };
        write!(text, "{separator}{} ({})", possible.command, who.join(", ")).expect("writing to a string can't fail");
    }
    text
}
