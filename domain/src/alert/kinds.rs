//! Closed lists of the alert family.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::codes;

codes! {
    /// What an alert is about.
    AlertRule {
        /// One person is engaged for more than full time, or in the same post at two institutions (挂靠 suspected).
        DoubleEngagement = "double_engagement" / "重复任职",
        /// A person who is barred, or for whom a record was found, is engaged.
        BarredEngaged = "barred_engaged" / "从业禁止人员在岗",
        /// A credential that a post asks for ended while its holder is engaged.
        CredentialEnded = "credential_ended" / "在岗人员资质失效",
        /// A correction is overdue.
        CorrectionOverdue = "correction_overdue" / "整改逾期",
        /// An emergency inspection was not approved in time.
        ApprovalOverdue = "approval_overdue" / "应急检查未补审批",
        /// The last day of a legal clock passed without the act that it asks for.
        DeadlinePassed = "deadline_passed" / "法定期限届满",
        /// A paper of an institution runs out soon.
        PaperExpiring = "paper_expiring" / "证明材料即将到期",
        /// A paper of an institution has run out.
        PaperExpired = "paper_expired" / "证明材料已过期",
        /// The lease of the premises ends soon.
        LeaseEnding = "lease_ending" / "场地租期将满",
        /// An institution has children and no valid receipt.
        ChildrenWithoutReceipt = "children_without_receipt" / "无有效备案收托",
        /// The same filing was returned more often than once.
        ReturnedTwice = "returned_twice" / "备案材料多次退回",
        /// A condition that was set with an approval was not met in time.
        ConditionOverdue = "condition_overdue" / "附加条件逾期未履行",
        /// An institution that gave up service has not finished it in order in time.
        CessationOverdue = "cessation_overdue" / "终止服务逾期未办结",
    }
}

impl AlertRule {
    /// How an alert of this rule weighs when whoever raises it does not say: grave where children may be with somebody
    /// or somewhere they must not be, a notice where there is still time.
    #[must_use]
    pub const fn severity(self) -> AlertSeverity {
        match self {
            Self::BarredEngaged | Self::CorrectionOverdue | Self::ChildrenWithoutReceipt | Self::CessationOverdue => {
                AlertSeverity::Grave
            }
            Self::DoubleEngagement
            | Self::CredentialEnded
            | Self::ApprovalOverdue
            | Self::DeadlinePassed
            | Self::PaperExpired
            | Self::ConditionOverdue => AlertSeverity::Warning,
            Self::PaperExpiring | Self::LeaseEnding | Self::ReturnedTwice => AlertSeverity::Notice,
        }
    }
}

codes! {
    /// How an alert weighs.
    AlertSeverity {
        /// To be looked at first.
        Grave = "grave" / "严重",
        /// Something is wrong.
        Warning = "warning" / "警示",
        /// Something will be wrong soon.
        Notice = "notice" / "提示",
    }
}

codes! {
    /// Why an alert is dismissed.
    DismissalReason {
        /// What the rule found is not so, or not what the rule is meant to find.
        FalseAlarm = "false_alarm" / "误报",
        /// Another alert tells of the same.
        Duplicate = "duplicate" / "重复预警",
        /// It is dealt with outside of Yujian, or by another authority.
        HandledElsewhere = "handled_elsewhere" / "已另行处理",
        /// The records that it rests on are wrong.
        DataError = "data_error" / "数据有误",
    }
}

/// Where an alert is looked into. Written as one member named after the kind: `{"inspection":"<id>"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkTarget {
    /// An inspection, by its id.
    Inspection(Uuid),
    /// A filing of the institution, by its number from 1.
    Application(u32),
    /// An incident, by its id.
    Incident(Uuid),
}

impl LinkTarget {
    /// Code of its kind, as view rows and figures hold it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Inspection(_) => "inspection",
            Self::Application(_) => "application",
            Self::Incident(_) => "incident",
        }
    }
}
