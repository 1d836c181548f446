//! Closed lists of the person family.

use crate::values::codes;

codes! {
    /// What identifies a person.
    IdentityKind {
        /// Citizen identity number (公民身份号码), GB 11643-1999.
        ResidentId = "resident_id" / "居民身份证",
        /// Permit of residents of Hong Kong and Macao.
        HomeReturnPermit = "home_return_permit" / "港澳居民来往内地通行证",
        /// Permit of residents of Taiwan.
        TaiwanPermit = "taiwan_permit" / "台湾居民来往大陆通行证",
        /// Foreign permanent resident's card.
        PermanentResidence = "permanent_residence" / "外国人永久居留身份证",
        /// Passport.
        Passport = "passport" / "护照",
    }
}

codes! {
    /// How the identity was verified.
    Proofing {
        /// The document was seen at a counter.
        Counter = "counter" / "柜台核验",
        /// Compared with the register of the police.
        Registry = "registry" / "公安数据核验",
        /// By a remote procedure with a picture.
        Remote = "remote" / "远程核验",
    }
}

codes! {
    /// Kind of a credential.
    CredentialKind {
        /// Infant-care worker (育婴员).
        InfantCare = "infant_care" / "育婴员",
        /// Childcare worker (保育师).
        ChildcareWorker = "childcare_worker" / "保育师",
        /// Teacher.
        Teacher = "teacher" / "教师资格证",
        /// Nurse or physician.
        Medical = "medical" / "医护执业证书",
        /// Training of health workers by maternal-child health (妇幼保健).
        HealthWorkerTraining = "health_worker_training" / "卫生保健人员培训合格证",
        /// Post training of the person in charge.
        PersonInChargeTraining = "person_in_charge_training" / "负责人岗位培训合格证",
        /// Guard (保安员证).
        SecurityGuard = "security_guard" / "保安员证",
        /// Food-safety manager.
        FoodSafety = "food_safety" / "食品安全管理员证",
        /// First aid.
        FirstAid = "first_aid" / "急救培训证",
        /// Enforcement certificate of an inspector (行政执法证).
        Enforcement = "enforcement" / "行政执法证",
        /// Anything else.
        Other = "other" / "其他证书",
    }
}

codes! {
    /// Where a credential stands.
    CredentialState {
        /// Told by the person or employer, not verified.
        Claimed = "claimed" / "待核验",
        /// Verified.
        Verified = "verified" / "已核验",
        /// Found not to be what was told.
        Rejected = "rejected" / "核验不通过",
        /// Taken away.
        Revoked = "revoked" / "已撤销",
        /// Its validity has ended.
        Expired = "expired" / "已过期",
    }
}

codes! {
    /// How a credential was verified.
    VerificationMethod {
        /// In the issuer's register.
        Registry = "registry" / "登记系统查询",
        /// The original was seen.
        OriginalSeen = "original_seen" / "查验原件",
        /// The issuer confirmed it.
        IssuerConfirmed = "issuer_confirmed" / "发证机关确认",
    }
}

codes! {
    /// Why a claimed credential was rejected.
    RejectionGround {
        /// The issuer knows of none.
        NotFound = "not_found" / "查无此证",
        /// It is another person's, or says something else.
        Mismatch = "mismatch" / "信息不符",
        /// It had expired.
        Expired = "expired" / "已过有效期",
        /// It was forged.
        Forged = "forged" / "伪造",
        /// What was handed in can't be read.
        Unreadable = "unreadable" / "材料无法辨认",
    }
}

codes! {
    /// Why a credential was taken away.
    RevocationGround {
        /// The issuer revoked it.
        ByIssuer = "by_issuer" / "发证机关撤销",
        /// It was obtained by fraud.
        Fraud = "fraud" / "以欺骗手段取得",
        /// It was lent to an institution where the person does not work (挂靠).
        Lent = "lent" / "挂靠",
        /// It had been verified in error.
        Error = "error" / "核验有误",
    }
}

codes! {
    /// Post at an institution.
    Post {
        /// Person in charge (负责人).
        PersonInCharge = "person_in_charge" / "负责人",
        /// Carer (保育人员).
        Carer = "carer" / "保育人员",
        /// Health worker (保健人员).
        HealthWorker = "health_worker" / "保健人员",
        /// Guard (保安).
        Guard = "guard" / "保安人员",
        /// Cook (炊事).
        Cook = "cook" / "炊事人员",
        /// Anyone else who is with the children or in the house.
        Other = "other" / "其他人员",
    }
}

codes! {
    /// Who employs.
    Employment {
        /// The institution itself.
        Direct = "direct" / "直接聘用",
        /// An agency or security company that sends the person.
        Agency = "agency" / "劳务派遣",
        /// In training, never alone with children.
        Trainee = "trainee" / "实习",
    }
}

codes! {
    /// Where an engagement stands.
    EngagementState {
        /// At work.
        Active = "active" / "在岗",
        /// Taken off duty.
        OffDuty = "off_duty" / "暂停上岗",
        /// Ended.
        Ended = "ended" / "已离岗",
    }
}

codes! {
    /// Why an engagement ended.
    EndGround {
        /// The person left.
        Resigned = "resigned" / "本人离职",
        /// The institution dismissed the person.
        Dismissed = "dismissed" / "辞退",
        /// The contract ended.
        ContractEnded = "contract_ended" / "合同期满",
        /// The person is barred (从业禁止).
        Barred = "barred" / "从业禁止",
        /// The institution closed.
        InstitutionClosed = "institution_closed" / "机构注销",
        /// It had been entered in error.
        Error = "error" / "录入有误",
    }
}

codes! {
    /// Why somebody was taken off duty.
    OffDutyGround {
        /// Infectious disease.
        Infectious = "infectious" / "患传染病",
        /// Under investigation.
        Investigation = "investigation" / "配合调查",
        /// Barred (从业禁止), or a record was found.
        Barred = "barred" / "从业禁止或查询有记录",
        /// No valid health certificate.
        NoHealthCertificate = "no_health_certificate" / "无有效健康证明",
        /// The yearly record query is missing.
        NoRecordQuery = "no_record_query" / "未按期查询违法犯罪记录",
    }
}

codes! {
    /// Occasion of a record query, 未成年人保护法 §62.
    QueryOccasion {
        /// On hiring.
        Hiring = "hiring" / "入职查询",
        /// Every year.
        Yearly = "yearly" / "年度查询",
    }
}

codes! {
    /// Whom the record was asked of, 未成年人保护法 §62.
    QueriedOf {
        /// Police.
        Police = "police" / "公安机关",
        /// Procuratorate.
        Procuratorate = "procuratorate" / "人民检察院",
    }
}

codes! {
    /// Kinds of record that bar from work with children, 未成年人保护法 §62; for nursery classes of kindergartens also those of
    /// 学前教育法 §44.
    Offence {
        /// Sexual assault.
        SexualAssault = "sexual_assault" / "性侵害",
        /// Abuse.
        Abuse = "abuse" / "虐待",
        /// Trafficking.
        Trafficking = "trafficking" / "拐卖",
        /// Violent injury.
        ViolentInjury = "violent_injury" / "暴力伤害",
        /// Harassment (nursery classes).
        Harassment = "harassment" / "性骚扰",
        /// Drugs (nursery classes).
        Drugs = "drugs" / "吸毒",
        /// Gambling (nursery classes).
        Gambling = "gambling" / "赌博",
    }
}

codes! {
    /// Kind of a training.
    TrainingKind {
        /// Before starting.
        PreService = "pre_service" / "岗前培训",
        /// In service.
        InService = "in_service" / "在岗培训",
        /// First aid and prevention of injuries.
        FirstAid = "first_aid" / "急救与伤害预防",
        /// Fire safety.
        FireSafety = "fire_safety" / "消防安全",
        /// Mental health.
        MentalHealth = "mental_health" / "心理健康",
        /// Management, for persons in charge.
        Management = "management" / "管理培训",
    }
}

codes! {
    /// Why a person is barred (从业禁止).
    BarGround {
        /// Abused children: 人口与计划生育法 §41, for life.
        ChildAbuse = "child_abuse" / "虐待婴幼儿",
        /// A record of 未成年人保护法 §62.
        Record = "record" / "有违法犯罪记录",
        /// A court's or an authority's order.
        Order = "order" / "裁判或行政决定",
        /// History of mental illness: 托儿所幼儿园卫生保健管理办法 §14.
        Health = "health" / "健康原因",
    }
}
