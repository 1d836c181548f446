//! Closed lists of the inspection family.

use crate::values::codes;

codes! {
    /// Why an institution is inspected.
    Purpose {
        /// Daily supervision (日常检查).
        Routine = "routine" / "日常检查",
        /// Drawn at random (双随机).
        Random = "random" / "双随机抽查",
        /// A special action (专项检查).
        Special = "special" / "专项检查",
        /// After a complaint.
        Complaint = "complaint" / "投诉举报核查",
        /// In a case (个案检查).
        Case = "case" / "个案检查",
        /// Re-inspection of corrections (复查).
        FollowUp = "follow_up" / "复查",
        /// Verification of a filing or application on the site.
        PreAuthorization = "pre_authorization" / "备案现场核实",
        /// Whether a closed place is closed.
        ClosureCheck = "closure_check" / "停业核查",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// Ground of a recusal (回避).
    RecusalGround {
        /// Kinship with somebody of the institution.
        Kinship = "kinship" / "亲属关系",
        /// An interest in the institution.
        Interest = "interest" / "利害关系",
        /// Works or worked there.
        Employment = "employment" / "任职关系",
        /// Anything else that may touch fairness.
        Other = "other" / "其他可能影响公正的关系",
    }
}

codes! {
    /// How inspectors checked in.
    CheckInMethod {
        /// The inspector scanned the institution's code (Shenzhen).
        InstitutionCode = "institution_code" / "扫机构码",
        /// The institution scanned a code made for this visit (Hainan).
        VisitCode = "visit_code" / "出示检查码",
        /// Certificates shown and a written notice handed over.
        WrittenNotice = "written_notice" / "出示证件并送达通知书",
    }
}

codes! {
    /// Why a check-in was filled in afterwards.
    BackfillReason {
        /// No network.
        Network = "network" / "网络故障",
        /// The device failed.
        Device = "device" / "设备故障",
        /// An emergency left no time.
        Emergency = "emergency" / "紧急情况",
        /// The institution has no code.
        NoCode = "no_code" / "机构未领码",
    }
}

codes! {
    /// Result of one item of a checklist.
    Answer {
        /// Met.
        Compliant = "compliant" / "符合",
        /// Not met.
        Noncompliant = "noncompliant" / "不符合",
        /// Does not apply to this institution.
        NotApplicable = "not_applicable" / "不适用",
        /// Applies and was not looked at.
        NotChecked = "not_checked" / "未检查",
    }
}

codes! {
    /// How grave a finding (问题) is.
    Weight {
        /// Excludes any grade (否决项).
        Veto = "veto" / "否决项",
        /// Danger for children.
        Grave = "grave" / "严重",
        /// Ordinary.
        General = "general" / "一般",
        /// Formal.
        Minor = "minor" / "轻微",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// How far a finding reaches.
    Extent {
        /// Once.
        Isolated = "isolated" / "个别",
        /// Again and again.
        Pattern = "pattern" / "多次",
        /// Everywhere.
        Widespread = "widespread" / "普遍",
    }
}

codes! {
    /// Measure ordered on the spot.
    ImmediateMeasure {
        /// A room is closed.
        CloseRoom = "close_room" / "停用场所",
        /// Meals stop.
        StopMeals = "stop_meals" / "停止供餐",
        /// A person goes off duty.
        RemovePerson = "remove_person" / "人员停止上岗",
        /// Equipment is sealed.
        SealEquipment = "seal_equipment" / "停用设备",
    }
}

codes! {
    /// Where a finding stands.
    FindingState {
        /// Cited, nothing ordered yet.
        Cited = "cited" / "已认定",
        /// Put right while the inspectors were there.
        CorrectedOnSite = "corrected_on_site" / "当场改正",
        /// Correction ordered (责令改正).
        CorrectionDue = "correction_due" / "待整改",
        /// The institution says that it is corrected.
        CorrectionClaimed = "correction_claimed" / "待复查",
        /// Verified.
        Verified = "verified" / "已整改",
        /// Not corrected in time.
        Overdue = "overdue" / "逾期未改",
        /// Recorded in a foreign register.
        Imported = "imported" / "外部登记",
    }
}

codes! {
    /// How a correction was verified (复查).
    CorrectionCheck {
        /// By a visit.
        Visit = "visit" / "现场复查",
        /// By documents and pictures.
        Documents = "documents" / "材料核查",
    }
}

codes! {
    /// Who signed the record of an inspection (现场检查笔录).
    Signature {
        /// The institution signed.
        Signed = "signed" / "已签字",
        /// It refused; a witness or recording stands in.
        Refused = "refused" / "拒绝签字",
    }
}

codes! {
    /// Why an inspection was broken off.
    AbortReason {
        /// No children were there.
        NoChildren = "no_children" / "无儿童在场",
        /// Entry was denied.
        DeniedEntry = "denied_entry" / "拒绝检查",
        /// The place was closed.
        Closed = "closed" / "已停业",
        /// It was not safe to go on.
        Unsafe = "unsafe" / "现场不安全",
    }
}

codes! {
    /// Why a planned inspection was cancelled.
    CancelReason {
        /// Merged with another bureau's (综合查一次).
        Merged = "merged" / "并入联合检查",
        /// The institution closed.
        InstitutionClosed = "institution_closed" / "机构已注销",
        /// Another visit covered it.
        Duplicate = "duplicate" / "重复检查",
        /// No inspectors.
        NoInspectors = "no_inspectors" / "人员不足",
        /// Not approved.
        NotApproved = "not_approved" / "未获批准",
    }
}

codes! {
    /// Kind of a row of a foreign register.
    ImportedKind {
        /// A finding.
        Finding = "finding" / "问题",
        /// Technical assistance, which is no finding.
        TechnicalAssistance = "technical_assistance" / "技术指导",
    }
}
