//! Closed lists of clocks.

use crate::values::codes;

codes! {
    /// What a clock measures.
    ClockKind {
        /// The receipt of a filing, 国卫办人口发〔2019〕25号 §9.
        Receipt = "receipt" / "备案回执期限",
        /// Telling that an institution is not up to standard, 国卫办人口发〔2019〕25号 §9.
        Nonconformity = "nonconformity" / "不符合标准告知期限",
        /// Looking whether an application is complete, 行政许可法 §32.
        Completeness = "completeness" / "受理审查期限",
        /// The decision on an application, 行政许可法 §42.
        Decision = "decision" / "审批期限",
        /// The decision of several authorities together, 行政许可法 §42.
        JointDecision = "joint_decision" / "联合审批期限",
        /// The certificate after the decision, 行政许可法 §44.
        Certificate = "certificate" / "发证期限",
        /// Asking for a hearing, 行政许可法 §47.
        HearingRequest = "hearing_request" / "申请听证期限",
        /// Holding the hearing that was asked for, 行政许可法 §47.
        Hearing = "hearing" / "组织听证期限",
        /// Answering a request for information.
        InformationReply = "information_reply" / "补充资料期限",
        /// Mending what an application was returned for.
        CorrectionReply = "correction_reply" / "补正期限",
        /// Asking for renewal before an authorization ends, 行政许可法 §50.
        RenewalAsk = "renewal_ask" / "延续申请期限",
        /// The decision on a renewal: ends with the authorization's last day, 行政许可法 §50.
        Renewal = "renewal" / "延续决定期限",
        /// Meeting a condition of an authorization.
        Condition = "condition" / "条件履行期限",
        /// How long a waiver holds.
        Waiver = "waiver" / "豁免期限",
        /// Changing to an authorization of the new regime.
        Migration = "migration" / "换证期限",
        /// Placing every child when an institution ends.
        Cessation = "cessation" / "有序停办期限",
    }
}

codes! {
    /// Who must act before a clock ends.
    ClockOwner {
        /// The competent authority.
        Authority = "authority" / "行政机关",
        /// The applicant or the institution.
        Applicant = "applicant" / "申请人",
    }
}

impl ClockKind {
    /// Who must act before a clock of this kind ends.
    #[must_use]
    pub const fn owner(self) -> ClockOwner {
        match self {
            Self::Receipt
            | Self::Nonconformity
            | Self::Completeness
            | Self::Decision
            | Self::JointDecision
            | Self::Certificate
            | Self::Hearing
            | Self::Renewal => ClockOwner::Authority,
            Self::HearingRequest
            | Self::InformationReply
            | Self::CorrectionReply
            | Self::RenewalAsk
            | Self::Condition
            | Self::Waiver
            | Self::Migration
            | Self::Cessation => ClockOwner::Applicant,
        }
    }
}

codes! {
    /// What time is not counted for, 行政许可法 §45. A closed list: **on-site verification (§34) is not on it**, it runs
    /// inside the period.
    PauseReason {
        /// Test.
        Test = "test" / "检验检测",
        /// Inspection of equipment by instruments.
        InstrumentInspection = "instrument_inspection" / "设备检验",
        /// Appraisal.
        Appraisal = "appraisal" / "鉴定",
        /// Review by experts.
        ExpertReview = "expert_review" / "专家评审",
        /// Hearing.
        Hearing = "hearing" / "听证",
        /// The applicant owes an answer: not in §45, our reading.
        InformationAwaited = "information_awaited" / "等待补充资料",
    }
}

codes! {
    /// Why a clock is extended. The law asks for a reason that is told (行政许可法 §42) and has no list; this one is ours.
    ExtensionReason {
        /// The matter is complex.
        ComplexMatter = "complex_matter" / "事项复杂",
        /// An opinion of another authority or of a third party is awaited.
        ThirdPartyInput = "third_party_input" / "需其他部门或第三方意见",
        /// Many more applications than usual.
        UnusualVolume = "unusual_volume" / "申请量异常增加",
        /// Force majeure.
        ForceMajeure = "force_majeure" / "不可抗力",
        /// The applicant asked for more time of its own.
        ApplicantAsked = "applicant_asked" / "申请人请求延期",
    }
}

codes! {
    /// The office that approves an extension.
    ApproverOffice {
        /// The head of the authority that decides.
        HeadOfAuthority = "head_of_authority" / "本行政机关负责人",
        /// The people's government of its level.
        PeoplesGovernment = "peoples_government" / "本级人民政府",
    }
}

codes! {
    /// What a clock counts.
    Unit {
        /// Working days by the holiday table.
        WorkingDays = "working_days" / "工作日",
        /// Calendar days; an end on a day off moves to the next working day.
        CalendarDays = "calendar_days" / "自然日",
        /// Nothing: it ends on a day that was set.
        FixedDay = "fixed_day" / "固定日期",
    }
}
