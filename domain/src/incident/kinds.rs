//! Closed lists of the incident family.

use crate::values::codes;

codes! {
    /// Category, which sets who must be told and by when (`regulation.md` section 5; policy document).
    Category {
        /// Death of a child.
        Death = "death" / "儿童死亡",
        /// Serious injury: choking, fall, scald, drowning, poisoning, foreign body, road traffic.
        SeriousInjury = "serious_injury" / "严重伤害",
        /// Missing child.
        MissingChild = "missing_child" / "儿童走失",
        /// Suspected abuse, neglect or sexual harm.
        SuspectedAbuse = "suspected_abuse" / "疑似侵害",
        /// Production-safety accident: structure, fire, poisoning.
        ProductionSafety = "production_safety" / "生产安全事故",
        /// Food-safety accident.
        FoodSafety = "food_safety" / "食品安全事故",
        /// Infectious case or suspicion.
        InfectiousCase = "infectious_case" / "传染病病例或疑似",
        /// Clustered illness.
        ClusteredIllness = "clustered_illness" / "聚集性疾病",
        /// Public-health emergency.
        PublicHealthEmergency = "public_health_emergency" / "突发公共卫生事件",
        /// Allergic shock.
        AllergicShock = "allergic_shock" / "过敏性休克",
        /// Leak of minors' data.
        DataLeak = "data_leak" / "未成年人信息泄露",
        /// Minor injury: treated on site.
        MinorInjury = "minor_injury" / "轻微伤害",
        /// Disturbed operation: power, water, closure for a day.
        Disruption = "disruption" / "运营中断",
        /// Anything else.
        Other = "other" / "其他",
    }
}

codes! {
    /// Kind of injury.
    Injury {
        /// None.
        None = "none" / "无",
        /// Fall.
        Fall = "fall" / "跌倒伤",
        /// Choking.
        Choking = "choking" / "窒息",
        /// Scald or burn.
        Scald = "scald" / "烧烫伤",
        /// Drowning.
        Drowning = "drowning" / "溺水",
        /// Poisoning.
        Poisoning = "poisoning" / "中毒",
        /// Foreign body.
        ForeignBody = "foreign_body" / "异物伤害",
        /// Road traffic.
        RoadTraffic = "road_traffic" / "道路交通伤害",
        /// Fracture.
        Fracture = "fracture" / "骨折",
        /// Cut or wound.
        Wound = "wound" / "割刺伤",
        /// Bite or scratch by another child.
        Bite = "bite" / "咬抓伤",
        /// Illness.
        Illness = "illness" / "疾病",
        /// Anything else.
        Other = "other" / "其他",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// How grave the harm to a child is.
    Severity {
        /// No harm.
        None = "none" / "无伤害",
        /// Treated on site.
        Minor = "minor" / "轻微",
        /// Seen by a physician.
        Medical = "medical" / "就医",
        /// Taken to hospital, admitted.
        Hospital = "hospital" / "住院",
        /// Life in danger.
        LifeThreatening = "life_threatening" / "危及生命",
        /// Dead.
        Fatal = "fatal" / "死亡",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// Priority after triage.
    Priority {
        /// At once.
        P1 = "p1" / "一级",
        /// Within days.
        P2 = "p2" / "二级",
        /// Ordinary.
        P3 = "p3" / "三级",
        /// For the record.
        P4 = "p4" / "四级",
    }
}

codes! {
    /// How a guardian was told.
    Channel {
        /// In person.
        InPerson = "in_person" / "当面",
        /// By telephone.
        Phone = "phone" / "电话",
        /// By message.
        Message = "message" / "短信或消息",
        /// In writing.
        Writing = "writing" / "书面",
    }
}

codes! {
    /// Outcome of an investigation and of the case.
    Outcome {
        /// The institution is responsible.
        Responsible = "responsible" / "责任事故",
        /// Nobody could have prevented it.
        NotPreventable = "not_preventable" / "非责任事故",
        /// It could not be found out.
        Inconclusive = "inconclusive" / "无法认定",
        /// It did not happen.
        Unfounded = "unfounded" / "不属实",
        /// Not a matter for this authority.
        NonRegulatory = "non_regulatory" / "非监管事项",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// Root cause.
    RootCause {
        /// Supervision of children.
        Supervision = "supervision" / "看护不到位",
        /// Staff ratio.
        StaffRatio = "staff_ratio" / "人员配备不足",
        /// Training.
        Training = "training" / "培训不足",
        /// Premises or equipment.
        Premises = "premises" / "场地设施",
        /// Food or drink.
        Food = "food" / "餐饮",
        /// Hygiene.
        Hygiene = "hygiene" / "卫生保健",
        /// Child's own condition.
        ChildCondition = "child_condition" / "儿童自身状况",
        /// Third party.
        ThirdParty = "third_party" / "第三方",
        /// Anything else.
        Other = "other" / "其他",
    }
}
