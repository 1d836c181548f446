//! Closed lists of the licence regime.

use crate::values::codes;

codes! {
    /// What is applied for.
    ApplicationKind {
        /// Filing (备案): the papers of the regime in force; lives under the filing commands.
        Filing = "filing" / "备案",
        /// Licence (许可), 行政许可法 §29.
        Licence = "licence" / "许可",
        /// Change of what the licence says (变更), §49.
        Change = "change" / "变更",
        /// Renewal (延续), §50.
        Renewal = "renewal" / "延续",
        /// Transfer to another operator (转让), §9: only where the law allows it.
        Transfer = "transfer" / "转让",
        /// Waiver of one standard, for a term (豁免).
        Waiver = "waiver" / "豁免",
        /// Voluntary closing (注销), §70.
        Closing = "closing" / "注销",
    }
}

codes! {
    /// Where an application stands.
    ApplicationState {
        /// Handed in; whether it is complete is being looked at.
        Submitted = "submitted" / "已提交",
        /// Returned with everything that is missing.
        Returned = "returned" / "退回补正",
        /// Accepted (受理): the clock of the decision runs.
        Accepted = "accepted" / "已受理",
        /// Information was asked for; the clock of the decision stands still.
        AwaitingInformation = "awaiting_information" / "待补充资料",
        /// A decision is proposed and waits for a second person.
        DecisionProposed = "decision_proposed" / "拟定决定",
        /// A refusal is intended; the applicant may be heard.
        RefusalIntended = "refusal_intended" / "拟不予许可",
        /// The applicant objected or asked to be heard.
        Objected = "objected" / "已陈述申辩",
        /// Granted.
        Granted = "granted" / "准予",
        /// Refused.
        Refused = "refused" / "不予许可",
        /// Withdrawn by the applicant.
        Withdrawn = "withdrawn" / "已撤回",
        /// Ended because no answer came by its day.
        Lapsed = "lapsed" / "逾期未补正终止",
        /// Needs no licence (不需要取得行政许可), 行政许可法 §32(1).
        NotRequired = "not_required" / "无需许可",
        /// Belongs to another authority, §32(2).
        OutOfJurisdiction = "out_of_jurisdiction" / "不属于本机关职权",
        /// Ended by the authority because what it is about has ended: the licence or the institution.
        Terminated = "terminated" / "终止办理",
    }
}

impl ApplicationState {
    /// Whether nothing more can come of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Granted
                | Self::Refused
                | Self::Withdrawn
                | Self::Lapsed
                | Self::NotRequired
                | Self::OutOfJurisdiction
                | Self::Terminated
        )
    }
}

codes! {
    /// Why an application is dismissed without a look at its substance, 行政许可法 §32.
    DismissalGround {
        /// §32(1): no licence is needed.
        NotRequired = "not_required" / "依法不需要取得行政许可",
        /// §32(2): another authority is competent, which the event names.
        OutOfJurisdiction = "out_of_jurisdiction" / "依法不属于本行政机关职权范围",
        /// The licence or the institution that it is about has ended since. It follows from that end alone.
        MatterEnded = "matter_ended" / "所涉许可或机构已终止",
    }
}

codes! {
    /// Another bureau's register that was asked, or that told of its own accord.
    RegistrySource {
        /// Market supervision (市场监管).
        MarketSupervision = "market_supervision" / "市场监管部门",
        /// Civil affairs (民政).
        CivilAffairs = "civil_affairs" / "民政部门",
        /// Establishment office (编办).
        EstablishmentOffice = "establishment_office" / "机构编制部门",
        /// Fire and rescue (消防).
        Fire = "fire" / "消防救援机构",
        /// Food licence (食品经营许可).
        Food = "food" / "食品经营许可",
        /// Hygiene evaluation (卫生评价).
        Hygiene = "hygiene" / "卫生评价机构",
        /// Housing (住建, 不动产登记).
        Housing = "housing" / "住建与不动产登记",
        /// Education (教育).
        Education = "education" / "教育部门",
    }
}

codes! {
    /// What a register said about a paper or fact.
    RegistryOutcome {
        /// As the applicant told.
        Matches = "matches" / "一致",
        /// Another value.
        Differs = "differs" / "不一致",
        /// Not known there.
        NotFound = "not_found" / "查无记录",
        /// Was issued and has been taken back.
        Revoked = "revoked" / "已撤销或注销",
    }
}

codes! {
    /// What two verifiers found on site, 行政许可法 §34.
    VerificationOutcome {
        /// As the papers say, up to standard.
        Meets = "meets" / "符合",
        /// Not up to standard; the items say where.
        FallsShort = "falls_short" / "不符合",
    }
}

codes! {
    /// What is proposed.
    ProposedOutcome {
        /// To grant.
        Grant = "grant" / "拟准予",
        /// To refuse.
        Refuse = "refuse" / "拟不予",
    }
}

codes! {
    /// An outcome that the law supplies when the authority is silent.
    DeemedOutcome {
        /// Accepted from the day on which the papers came, 行政许可法 §32.
        Accepted = "accepted" / "视为受理",
        /// Renewed, §50.
        Renewed = "renewed" / "视为准予延续",
    }
}

codes! {
    /// What authorizes an institution.
    AuthorizationKind {
        /// Receipt of a filing (备案回执).
        Receipt = "receipt" / "备案回执",
        /// Licence (许可证).
        Licence = "licence" / "许可证",
    }
}

codes! {
    /// Whether what was asserted for an application was false, and how, 行政许可法 §78, §79.
    Deceit {
        /// Papers hid something or were false: no new application for a year (§78).
        FalsePapers = "false_papers" / "隐瞒情况或提供虚假材料",
        /// The licence was got by fraud or bribery: none for three years (§79).
        Fraud = "fraud" / "以欺骗、贿赂等不正当手段取得许可",
    }
}

codes! {
    /// Why a licence is taken away.
    RevocationGround {
        /// Granted by an abuse of office or without competence, 行政许可法 §69(1) to (3).
        GrantedUnlawfully = "granted_unlawfully" / "违法作出准予许可决定",
        /// Granted to one who was not eligible, §69(4).
        NotEligible = "not_eligible" / "对不具备条件的申请人准予许可",
        /// Got by fraud or bribery, §69.
        Fraud = "fraud" / "以欺骗、贿赂等不正当手段取得许可",
        /// Breach of the standards or of conditions, by decision of enforcement.
        Breach = "breach" / "违反标准或附加条件",
        /// Public interest: the law changed or facts changed gravely, §8.
        PublicInterest = "public_interest" / "客观情况重大变化、公共利益需要",
    }
}

codes! {
    /// Why an orderly cessation was opened.
    CessationCause {
        /// The operator closes.
        Closing = "closing" / "自愿停办",
        /// The licence was revoked.
        Revocation = "revocation" / "撤销许可",
        /// The authorization ran out.
        Expiry = "expiry" / "有效期届满",
        /// Suspended with children who need another place.
        Suspension = "suspension" / "停业",
    }
}

codes! {
    /// Regime under which an institution is authorized.
    Regime {
        /// Filing (备案).
        Filing = "filing" / "备案制",
        /// Licence (许可).
        Licence = "licence" / "许可制",
    }
}
