//! Closed lists of the institution family.

use crate::values::codes;

codes! {
    /// Institution type of the provincial plan.
    InstitutionType {
        /// Demonstration comprehensive institution.
        DemonstrationComprehensive = "demonstration_comprehensive" / "示范性综合托育机构",
        /// Comprehensive institution.
        Comprehensive = "comprehensive" / "综合托育机构",
        /// Community facility.
        CommunityFacility = "community_facility" / "社区托育服务设施",
        /// Workplace, public-place or park facility.
        WorkplaceFacility = "workplace_facility" / "用人单位、产业园区托育设施",
        /// Kindergarten nursery class; its supervising department stays education.
        KindergartenNurseryClass = "kindergarten_nursery_class" / "幼儿园托班",
        /// Station: play groups, drop-in care.
        Station = "station" / "婴幼儿照护服务驿站",
        /// Family childcare point.
        FamilyPoint = "family_point" / "家庭托育点",
        /// Rural service point.
        RuralServicePoint = "rural_service_point" / "乡镇（农村）托育服务点",
        /// Comprehensive service centre.
        ServiceCentre = "service_centre" / "托育综合服务中心",
        /// Training base.
        TrainingBase = "training_base" / "实训基地",
        /// Child-health management centre.
        ChildHealthCentre = "child_health_centre" / "医防护儿童健康管理中心",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// Mode of service in the plan.
    Mode {
        /// Private.
        Private = "private" / "社会举办",
        /// Community.
        Community = "community" / "社区服务",
        /// Kindergarten-integrated.
        KindergartenIntegrated = "kindergarten_integrated" / "托幼一体",
        /// Workplace.
        Workplace = "workplace" / "单位服务",
        /// Medical-childcare.
        MedicalChildcare = "medical_childcare" / "医育结合",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// Ownership and operation.
    Ownership {
        /// Public.
        Public = "public" / "公办",
        /// Publicly built, privately run.
        PublicBuiltPrivatelyRun = "public_built_privately_run" / "公建民营",
        /// Private with public support.
        PrivateSupported = "private_supported" / "民办公助",
        /// Purchased service.
        PurchasedService = "purchased_service" / "购买服务",
        /// Private without support.
        Private = "private" / "民办",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

codes! {
    /// Who registered the legal person, 国卫办人口发〔2019〕25号 §4 to §6.
    Registrar {
        /// Establishment office (编办): public institutions.
        EstablishmentOffice = "establishment_office" / "机构编制部门",
        /// Civil affairs (民政): non-profit.
        CivilAffairs = "civil_affairs" / "民政部门",
        /// Market supervision (市场监管): for-profit.
        MarketSupervision = "market_supervision" / "市场监管部门",
    }
}

codes! {
    /// Papers of a filing, 国卫办人口发〔2019〕25号 §8.
    PaperKind {
        /// Filing form.
        FilingForm = "filing_form" / "备案书",
        /// Commitment.
        Commitment = "commitment" / "承诺书",
        /// Registration certificate of the legal person.
        RegistrationCertificate = "registration_certificate" / "登记证书或营业执照",
        /// Proof of the premises.
        PremisesProof = "premises_proof" / "场地证明",
        /// Staff qualifications.
        StaffQualifications = "staff_qualifications" / "工作人员专业资格证明",
        /// Staff health certificates.
        StaffHealthCertificates = "staff_health_certificates" / "工作人员健康合格证明",
        /// Hygiene evaluation, rated 合格.
        HygieneEvaluation = "hygiene_evaluation" / "卫生评价报告",
        /// Fire-safety pass.
        FireSafety = "fire_safety" / "消防安全检查合格证明",
        /// Food licence, when meals are made.
        FoodLicence = "food_licence" / "食品经营许可证",
        /// Consent of all other owners of the building: family childcare points.
        OwnersConsent = "owners_consent" / "相关业主同意证明",
        /// Anything else.
        Other = "other" / "其他材料",
    }
}

impl PaperKind {
    /// Whether somebody else than the applicant or its neighbours issues it, with a number: then both must be told.
    #[must_use]
    pub fn is_issued_by_others(self) -> bool {
        !matches!(
            self,
            Self::FilingForm | Self::Commitment | Self::OwnersConsent | Self::Other
        )
    }
}

codes! {
    /// What is wrong with an item of a filing.
    ItemProblem {
        /// Not handed in.
        Missing = "missing" / "缺少",
        /// Its validity has ended.
        Expired = "expired" / "已过期",
        /// It says that the standard was not met.
        NotPassed = "not_passed" / "结论不合格",
        /// A value breaks the standard.
        BelowStandard = "below_standard" / "不符合标准",
        /// A named field of it is missing.
        Incomplete = "incomplete" / "内容不全",
    }
}

codes! {
    /// Premises held how.
    Tenure {
        /// Own premises.
        Owned = "owned" / "自有",
        /// Leased.
        Leased = "leased" / "租赁",
        /// Used free of charge.
        FreeUse = "free_use" / "无偿使用",
    }
}

codes! {
    /// Kind of suspension.
    SuspensionKind {
        /// The operator's own decision (停业).
        Voluntary = "voluntary" / "自行停业",
        /// Ordered by the authority.
        Ordered = "ordered" / "责令停业",
        /// Ordered at once because children are in danger.
        Emergency = "emergency" / "紧急停业",
    }
}

codes! {
    /// What a row of a foreign register may tell of an institution, by the keys of the dossier.
    RegisterFact {
        /// Name.
        Name = "name" / "名称",
        /// Address.
        Address = "address" / "地址",
        /// Region.
        Region = "region" / "区划",
        /// Credit code.
        CreditCode = "credit_code" / "统一社会信用代码",
        /// Type in our terms.
        InstitutionType = "institution_type" / "类型",
        /// Type in the register's words.
        RegisterType = "register_type" / "登记册所称类型",
        /// Where it stands in the register's words.
        RegisterStatus = "register_status" / "登记册所称状态",
        /// Mode.
        Mode = "mode" / "服务模式",
        /// Ownership.
        Ownership = "ownership" / "举办性质",
        /// Classes and places.
        Classes = "classes" / "班级与托位",
    }
}
