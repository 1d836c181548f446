//! The state machine as data: which command is allowed from where, under which rule.

use super::{Finding, FindingState, Inspection, InspectionCommand, Status};
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
    /// States of the inspection from which it is allowed; further conditions stand with the command.
    pub from: &'static [Status],
    /// States of the finding that it is about from which it is allowed; empty: it is about no one finding.
    pub finding: &'static [FindingState],
}

const PENALTY_LAW: &str = "行政处罚法";
const POPULATION_LAW: &str = "人口与计划生育法";
const VISITS_DOCUMENT: &str = "国办发〔2024〕54号";

/// States of a visit whose report is not final.
const REPORTING: &[Status] = &[
    Status::CheckedIn,
    Status::FieldworkCompleted,
    Status::DraftIssued,
    Status::Commented,
    Status::Aborted,
];
/// States in which corrections go on: from the visit on, however it ended.
const CORRECTING: &[Status] = &[
    Status::CheckedIn,
    Status::FieldworkCompleted,
    Status::DraftIssued,
    Status::Commented,
    Status::Finalized,
    Status::Published,
    Status::Aborted,
];
const ON_SITE: &[Status] = &[Status::CheckedIn];

const PLAN: Move = Move {
    command: "plan",
    command_zh: "制定检查计划",
    rule: "INS-02",
    article: Some((VISITS_DOCUMENT, "检查计划")),
    from: &[Status::None],
    finding: &[],
};
const APPROVE: Move = Move {
    command: "approve",
    command_zh: "批准检查",
    rule: "INS-05",
    article: Some((VISITS_DOCUMENT, "检查审批")),
    from: &[
        Status::Planned,
        Status::Assigned,
        Status::CheckedIn,
        Status::FieldworkCompleted,
        Status::DraftIssued,
        Status::Commented,
        Status::Aborted,
    ],
    finding: &[],
};
const ASSIGN_INSPECTORS: Move = Move {
    command: "assign_inspectors",
    command_zh: "指派执法人员",
    rule: "INS-08",
    article: Some((PENALTY_LAW, "§42")),
    from: &[Status::Planned, Status::Approved, Status::Assigned, Status::CheckedIn],
    finding: &[],
};
const REQUEST_RECUSAL: Move = Move {
    command: "request_recusal",
    command_zh: "申请回避",
    rule: "INS-10",
    article: Some((PENALTY_LAW, "§43")),
    from: &[Status::Assigned, Status::CheckedIn],
    finding: &[],
};
const DECIDE_RECUSAL: Move = Move {
    command: "decide_recusal",
    command_zh: "决定回避申请",
    rule: "INS-10",
    article: Some((PENALTY_LAW, "§43")),
    from: &[
        Status::Assigned,
        Status::CheckedIn,
        Status::FieldworkCompleted,
        Status::DraftIssued,
        Status::Commented,
        Status::Aborted,
    ],
    finding: &[],
};
const CHECK_IN: Move = Move {
    command: "check_in",
    command_zh: "到场签到",
    rule: "INS-11",
    article: Some((PENALTY_LAW, "§55")),
    from: &[Status::Assigned],
    finding: &[],
};
const BACKFILL_CHECK_IN: Move = Move {
    command: "backfill_check_in",
    command_zh: "补录签到",
    rule: "INS-12",
    ..CHECK_IN
};
const COUNT_PRESENCE: Move = Move {
    command: "count_presence",
    command_zh: "清点在场人数",
    rule: "INS-14",
    article: Some((PENALTY_LAW, "§47")),
    from: ON_SITE,
    finding: &[],
};
const ANSWER_ITEMS: Move = Move {
    command: "answer_items",
    command_zh: "填写检查项",
    rule: "INS-15",
    ..COUNT_PRESENCE
};
const CITE_FINDING: Move = Move {
    command: "cite_finding",
    command_zh: "认定问题",
    rule: "INS-16",
    article: Some((POPULATION_LAW, "§41")),
    ..COUNT_PRESENCE
};
const GIVE_TECHNICAL_ASSISTANCE: Move = Move {
    command: "give_technical_assistance",
    command_zh: "给予技术指导",
    rule: "INS-17",
    article: None,
    ..COUNT_PRESENCE
};
const RECORD_CORRECTED_ON_SITE: Move = Move {
    command: "record_corrected_on_site",
    command_zh: "记录当场改正",
    rule: "INS-18",
    article: Some((PENALTY_LAW, "§33")),
    from: ON_SITE,
    finding: &[FindingState::Cited],
};
const ORDER_CORRECTION: Move = Move {
    command: "order_correction",
    command_zh: "责令改正",
    rule: "INS-19",
    article: Some((POPULATION_LAW, "§41")),
    from: REPORTING,
    finding: &[FindingState::Cited],
};
const COMPLETE_FIELDWORK: Move = Move {
    command: "complete_fieldwork",
    command_zh: "结束现场检查",
    rule: "INS-20",
    article: Some((PENALTY_LAW, "§55")),
    from: ON_SITE,
    finding: &[],
};
const ABORT: Move = Move {
    command: "abort",
    command_zh: "中止检查",
    rule: "INS-21",
    article: None,
    from: ON_SITE,
    finding: &[],
};
const CANCEL: Move = Move {
    command: "cancel",
    command_zh: "取消检查",
    rule: "INS-21",
    article: None,
    from: &[Status::Planned, Status::Approved, Status::Assigned],
    finding: &[],
};
const ISSUE_DRAFT: Move = Move {
    command: "issue_draft",
    command_zh: "发出报告征求意见稿",
    rule: "INS-22",
    article: None,
    from: &[Status::FieldworkCompleted],
    finding: &[],
};
const COMMENT_ON_DRAFT: Move = Move {
    command: "comment_on_draft",
    command_zh: "反馈意见",
    rule: "INS-22",
    article: None,
    from: &[Status::DraftIssued],
    finding: &[],
};
const FINALIZE: Move = Move {
    command: "finalize",
    command_zh: "办结检查",
    rule: "INS-23",
    article: Some((PENALTY_LAW, "§47")),
    from: &[Status::DraftIssued, Status::Commented],
    finding: &[],
};
const PUBLISH: Move = Move {
    command: "publish",
    command_zh: "公示检查结果",
    rule: "INS-24",
    article: Some((VISITS_DOCUMENT, "结果公开")),
    from: &[Status::Finalized],
    finding: &[],
};
const CLAIM_CORRECTION: Move = Move {
    command: "claim_correction",
    command_zh: "报告整改完成",
    rule: "INS-25",
    article: Some((POPULATION_LAW, "§41")),
    from: CORRECTING,
    finding: &[FindingState::CorrectionDue, FindingState::Overdue],
};
const VERIFY_CORRECTION: Move = Move {
    command: "verify_correction",
    command_zh: "复查确认整改",
    rule: "INS-26",
    finding: &[FindingState::CorrectionClaimed],
    ..CLAIM_CORRECTION
};
const REJECT_CORRECTION: Move = Move {
    command: "reject_correction",
    command_zh: "退回整改",
    ..VERIFY_CORRECTION
};
const EXTEND_CORRECTION: Move = Move {
    command: "extend_correction",
    command_zh: "延长整改期限",
    rule: "INS-27",
    finding: &[FindingState::CorrectionDue],
    ..CLAIM_CORRECTION
};
const MARK_CORRECTION_OVERDUE: Move = Move {
    command: "mark_correction_overdue",
    command_zh: "认定整改逾期",
    rule: "INS-28",
    finding: &[FindingState::CorrectionDue],
    ..CLAIM_CORRECTION
};
const RECORD_IMPORTED: Move = Move {
    command: "record_imported",
    command_zh: "导入外部登记",
    rule: "INS-29",
    article: None,
    from: &[Status::None, Status::Imported],
    finding: &[],
};

impl InspectionCommand {
    /// The command's place in the state machine.
    #[must_use]
    pub const fn movement(&self) -> &'static Move {
        match self {
            Self::Plan(_) => &PLAN,
            Self::Approve(_) => &APPROVE,
            Self::AssignInspectors(_) => &ASSIGN_INSPECTORS,
            Self::RequestRecusal(_) => &REQUEST_RECUSAL,
            Self::DecideRecusal(_) => &DECIDE_RECUSAL,
            Self::CheckIn(_) => &CHECK_IN,
            Self::BackfillCheckIn(_) => &BACKFILL_CHECK_IN,
            Self::CountPresence(_) => &COUNT_PRESENCE,
            Self::AnswerItems(_) => &ANSWER_ITEMS,
            Self::CiteFinding(_) => &CITE_FINDING,
            Self::GiveTechnicalAssistance(_) => &GIVE_TECHNICAL_ASSISTANCE,
            Self::RecordCorrectedOnSite(_) => &RECORD_CORRECTED_ON_SITE,
            Self::OrderCorrection(_) => &ORDER_CORRECTION,
            Self::CompleteFieldwork(_) => &COMPLETE_FIELDWORK,
            Self::Abort(_) => &ABORT,
            Self::Cancel(_) => &CANCEL,
            Self::IssueDraft(_) => &ISSUE_DRAFT,
            Self::CommentOnDraft(_) => &COMMENT_ON_DRAFT,
            Self::Finalize(_) => &FINALIZE,
            Self::Publish(_) => &PUBLISH,
            Self::ClaimCorrection(_) => &CLAIM_CORRECTION,
            Self::VerifyCorrection(_) => &VERIFY_CORRECTION,
            Self::RejectCorrection(_) => &REJECT_CORRECTION,
            Self::ExtendCorrection(_) => &EXTEND_CORRECTION,
            Self::MarkCorrectionOverdue(_) => &MARK_CORRECTION_OVERDUE,
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

impl Inspection {
    /// Whether the state machine allows `movement` from here.
    pub(super) fn allow(&self, movement: &Move) -> Result<(), Rejection> {
        if movement.from.contains(&self.status) {
            Ok(())
        } else if self.status == Status::None {
            Err(Rejection::new(Reason::NotFound, "no such inspection", "没有该检查"))
        } else {
            Err(self.illegal(movement, "", ""))
        }
    }

    /// The same for a move about one finding, and the finding.
    pub(super) fn allow_finding(&self, movement: &Move, number: u32) -> Result<&Finding, Rejection> {
        self.allow(movement)?;
        let Some(finding) = self.findings.get(&number) else {
            return Err(Rejection::field(
                "finding",
                movement.rule,
                "no finding of this inspection has this number",
                "本次检查没有该编号的问题",
            ));
        };
        if movement.finding.contains(&finding.state) {
            Ok(finding)
        } else {
            Err(Self::illegal_finding(movement, number, finding, "", ""))
        }
    }

    /// The refusal of a move, with what the caller needs: state, command, states that allow it, article and rule.
    pub(super) fn illegal(&self, movement: &Move, why: &str, why_zh: &str) -> Rejection {
        let allowed = Listed {
            codes: movement.from.iter().map(|status| status.code()).collect(),
            zh: movement.from.iter().map(|status| status.zh()).collect(),
        };
        let subject = ("the inspection is", "检查");
        refusal(
            movement,
            subject,
            (self.status.code(), self.status.zh()),
            &allowed,
            (why, why_zh),
        )
    }

    /// The refusal of a move about a finding that stands elsewhere.
    pub(super) fn illegal_finding(
        movement: &Move,
        number: u32,
        finding: &Finding,
        why: &str,
        why_zh: &str,
    ) -> Rejection {
        let allowed = Listed {
            codes: movement.finding.iter().map(|state| state.code()).collect(),
            zh: movement.finding.iter().map(|state| state.zh()).collect(),
        };
        let subject = ("the finding is", "问题");
        refusal(
            movement,
            subject,
            (finding.state.code(), finding.state.zh()),
            &allowed,
            (why, why_zh),
        )
        .with("finding", number.to_string())
    }
}

/// States that allow a move.
struct Listed {
    codes: Vec<&'static str>,
    zh: Vec<&'static str>,
}

fn refusal(
    movement: &Move,
    (subject, subject_zh): (&str, &str),
    (state, state_zh): (&str, &str),
    allowed: &Listed,
    (why, why_zh): (&str, &str),
) -> Rejection {
    let codes = allowed.codes.join(", ");
    let article = movement
        .article
        .map_or_else(|| movement.rule.to_owned(), |(law, article)| format!("{law} {article}"));
    let rejection = Rejection::new(
        Reason::IllegalTransition,
        format!(
            "{} is not allowed while {subject} {state}{why}; allowed from: {codes} ({article})",
            movement.command,
        ),
        format!(
            "{subject_zh}处于“{state_zh}”状态{why_zh}，不能{}；可在以下状态进行：{}（{article}）",
            movement.command_zh,
            allowed.zh.join("、"),
        ),
    )
    .with("state", state)
    .with("command", movement.command)
    .with("allowed_from", codes)
    .with("article", article)
    .with("rule", movement.rule);
    match movement.legal_basis() {
        Some(basis) => rejection.citing(basis),
        None => rejection,
    }
}
