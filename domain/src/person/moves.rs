//! The state machine as data: which command is allowed from where, to whom, by which article.
//!
//! Three machines stand in one stream: the person's, and one for each credential and each engagement.

use super::{CredentialState, EngagementState, PersonCommand, Status};
use crate::envelope::Role;
use crate::rejection::LegalBasis;

/// One command's place in the machine. Further conditions stand with the command.
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
    /// Who acts, for the caller's information; the method options in the .proto decide.
    pub who: &'static [Role],
    /// States of the person from which it is allowed.
    pub from: &'static [Status],
    /// What of the person it moves.
    pub part: Part,
}

/// What a command moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The person.
    Person,
    /// One credential.
    Credential {
        /// States of the credential from which it is allowed.
        from: &'static [CredentialState],
        /// State in which it would change nothing.
        already: Option<CredentialState>,
    },
    /// One engagement.
    Engagement {
        /// States of the engagement from which it is allowed.
        from: &'static [EngagementState],
        /// State in which it would change nothing.
        already: Option<EngagementState>,
    },
}

/// 托儿所幼儿园卫生保健管理办法.
pub const HEALTH_MEASURES: &str = "卫生部令第76号";
/// 未成年人保护法.
pub const MINORS_LAW: &str = "未成年人保护法";
/// 人口与计划生育法.
pub const POPULATION_LAW: &str = "人口与计划生育法";
/// 托育机构登记和备案办法（试行）.
const FILING_RULES: &str = "国卫办人口发〔2019〕25号";
/// 托育机构质量评估标准.
const QUALITY_STANDARD: &str = "WS/T 821-2023";

/// A bar does not stop the record: who is barred stays known with everything that is found out later.
const EXISTING: &[Status] = &[Status::Registered, Status::Barred];
const EMPLOYER: &[Role] = &[Role::Operator, Role::Officer];
const AUTHORITY: &[Role] = &[Role::Officer];
const AUTHORITY_OR_BUREAU: &[Role] = &[Role::Officer, Role::Bureau];
const STANDING: &[EngagementState] = &[EngagementState::Active, EngagementState::OffDuty];

/// Every command of the family.
pub const MOVES: &[Move] = &[
    Move {
        command: "register",
        command_zh: "登记人员",
        rule: "STF-01",
        article: Some((FILING_RULES, "§8")),
        who: EMPLOYER,
        from: &[Status::None],
        part: Part::Person,
    },
    Move {
        command: "change_details",
        command_zh: "变更人员信息",
        rule: "STF-03",
        article: Some((FILING_RULES, "§10")),
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "claim_credential",
        command_zh: "填报证书",
        rule: "STF-04",
        article: Some((FILING_RULES, "§8")),
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "verify_credential",
        command_zh: "核验证书",
        rule: "STF-05",
        article: Some((FILING_RULES, "§9")),
        who: AUTHORITY_OR_BUREAU,
        from: EXISTING,
        part: Part::Credential {
            from: &[CredentialState::Claimed],
            already: None,
        },
    },
    Move {
        command: "reject_credential",
        command_zh: "驳回证书",
        rule: "STF-05",
        article: Some((FILING_RULES, "§9")),
        who: AUTHORITY_OR_BUREAU,
        from: EXISTING,
        part: Part::Credential {
            from: &[CredentialState::Claimed],
            already: None,
        },
    },
    Move {
        command: "revoke_credential",
        command_zh: "撤销证书",
        rule: "STF-06",
        article: None,
        who: AUTHORITY_OR_BUREAU,
        from: EXISTING,
        part: Part::Credential {
            from: &[CredentialState::Verified, CredentialState::Expired],
            already: None,
        },
    },
    Move {
        command: "expire_credential",
        command_zh: "登记证书到期",
        rule: "STF-07",
        article: None,
        who: &[Role::System],
        from: EXISTING,
        part: Part::Credential {
            from: &[CredentialState::Verified],
            already: Some(CredentialState::Expired),
        },
    },
    Move {
        command: "record_health_certificate",
        command_zh: "登记健康证明",
        rule: "STF-08",
        article: Some((HEALTH_MEASURES, "§14")),
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "record_query",
        command_zh: "登记违法犯罪记录查询",
        rule: "STF-09",
        article: Some((MINORS_LAW, "§62")),
        who: &[Role::Operator, Role::Officer, Role::Bureau],
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "record_training",
        command_zh: "登记培训",
        rule: "STF-11",
        article: Some((QUALITY_STANDARD, "托育队伍")),
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "engage",
        command_zh: "聘用",
        rule: "STF-12",
        article: Some((MINORS_LAW, "§62")),
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "change_post",
        command_zh: "调整岗位",
        rule: "STF-15",
        article: Some((MINORS_LAW, "§62")),
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Engagement {
            from: &[EngagementState::Active],
            already: None,
        },
    },
    Move {
        command: "take_off_duty",
        command_zh: "暂停上岗",
        rule: "STF-16",
        article: None,
        who: &[Role::Operator, Role::Officer, Role::System],
        from: EXISTING,
        part: Part::Engagement {
            from: &[EngagementState::Active],
            already: Some(EngagementState::OffDuty),
        },
    },
    Move {
        command: "return_to_duty",
        command_zh: "恢复上岗",
        rule: "STF-17",
        article: None,
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Engagement {
            from: &[EngagementState::OffDuty],
            already: Some(EngagementState::Active),
        },
    },
    Move {
        command: "end_engagement",
        command_zh: "终止聘用",
        rule: "STF-18",
        article: None,
        who: EMPLOYER,
        from: EXISTING,
        part: Part::Engagement {
            from: STANDING,
            already: None,
        },
    },
    Move {
        command: "bar",
        command_zh: "作出从业禁止",
        rule: "STF-19",
        article: Some((POPULATION_LAW, "§41")),
        who: AUTHORITY_OR_BUREAU,
        from: EXISTING,
        part: Part::Person,
    },
    Move {
        command: "lift_bar",
        command_zh: "解除从业禁止",
        rule: "STF-20",
        article: None,
        who: AUTHORITY,
        from: &[Status::Barred],
        part: Part::Person,
    },
];

impl Move {
    /// The row of a command.
    #[must_use]
    pub fn of(command: &PersonCommand) -> &'static Self {
        let index = match command {
            PersonCommand::Register(_) => 0,
            PersonCommand::ChangeDetails(_) => 1,
            PersonCommand::ClaimCredential(_) => 2,
            PersonCommand::VerifyCredential(_) => 3,
            PersonCommand::RejectCredential(_) => 4,
            PersonCommand::RevokeCredential(_) => 5,
            PersonCommand::ExpireCredential(_) => 6,
            PersonCommand::RecordHealthCertificate(_) => 7,
            PersonCommand::RecordQuery(_) => 8,
            PersonCommand::RecordTraining(_) => 9,
            PersonCommand::Engage(_) => 10,
            PersonCommand::ChangePost(_) => 11,
            PersonCommand::TakeOffDuty(_) => 12,
            PersonCommand::ReturnToDuty(_) => 13,
            PersonCommand::EndEngagement(_) => 14,
            PersonCommand::Bar(_) => 15,
            PersonCommand::LiftBar(_) => 16,
        };
        &MOVES[index]
    }

    /// The citation, when a statute stands behind the step.
    pub(super) fn legal_basis(&self) -> Option<LegalBasis> {
        self.article.map(|(law, article)| LegalBasis::new(law, article))
    }

    /// The command and who may give it, e.g. `record_query (operator, officer, bureau)`.
    pub(super) fn with_who(&self) -> String {
        let who: Vec<&str> = self.who.iter().map(|role| role.as_str()).collect();
        format!("{} ({})", self.command, who.join(", "))
    }
}
