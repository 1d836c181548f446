//! What event types are called, how they weigh, and which members of theirs read by a list of their own.

use crate::html::Tone;
use crate::lang::Lang;

/// What an event is called, how it weighs, and its icon.
pub(crate) fn event(lang: Lang, event_type: &str) -> (&'static str, Tone, &'static str) {
    let (name, _) = event_type.rsplit_once(".v").unwrap_or((event_type, ""));
    let (zh, en, tone, icon) = match name {
        "licensing.InstitutionRegistered" => ("机构登记", "Institution registered", Tone::Info, "file"),
        "licensing.FilingSubmitted" => ("提交备案材料", "Filing submitted", Tone::Info, "file"),
        "licensing.FilingReturned" => (
            "退回补正，一次性告知",
            "Returned for completion, one-time notice",
            Tone::Hold,
            "hold",
        ),
        "licensing.FilingAccepted" => ("受理备案", "Filing accepted", Tone::Info, "run"),
        "licensing.FilingWithdrawn" => ("撤回备案", "Filing withdrawn", Tone::Off, "off"),
        "licensing.FilingReceiptIssued" => ("发出备案回执", "Filing receipt issued", Tone::Ok, "ok"),
        "licensing.NonconformityNotified" => ("告知不符合标准", "Nonconformity notified", Tone::Bad, "bad"),
        "licensing.ConformityConfirmed" => ("确认恢复符合标准", "Conformity confirmed again", Tone::Ok, "ok"),
        "licensing.DetailsChanged" => ("变更登记事项", "Registered details changed", Tone::Info, "pen"),
        "licensing.ClassesChanged" => ("调整班级与托位", "Classes and places changed", Tone::Info, "pen"),
        "licensing.InstitutionSuspended" => ("停业", "Suspended", Tone::Warn, "hold"),
        "licensing.InstitutionResumed" => ("恢复服务", "Service resumed", Tone::Ok, "ok"),
        "licensing.InstitutionClosed" => ("注销", "Closed for good", Tone::Off, "gone"),
        "licensing.FactCorrected" => ("更正事实", "Fact corrected", Tone::Warn, "pen"),
        "licensing.RecordImported" => ("导入外部登记", "Foreign register imported", Tone::Off, "file"),
        "licensing.ApplicationSubmitted" => ("提出申请", "Application submitted", Tone::Info, "file"),
        "licensing.ApplicationReturned" => (
            "退回补正，一次性告知",
            "Returned for completion, one-time notice",
            Tone::Hold,
            "hold",
        ),
        "licensing.ApplicationAccepted" => ("受理申请", "Application accepted", Tone::Info, "run"),
        "licensing.ApplicationDismissed" => ("不予受理", "Application not taken in", Tone::Off, "off"),
        "licensing.InformationRequested" => ("要求补充资料", "Information asked for", Tone::Hold, "hold"),
        "licensing.InformationProvided" => ("补充资料", "Information provided", Tone::Info, "file"),
        "licensing.RegistryChecked" => ("与其他部门核对", "Another register checked", Tone::Info, "info"),
        "licensing.SiteVerified" => ("现场核查（两人）", "Site verified by two", Tone::Info, "ok"),
        "licensing.DecisionProposed" => ("拟定决定", "Decision proposed", Tone::Info, "pen"),
        "licensing.ProposalReturned" => ("退回拟定的决定", "Proposal sent back", Tone::Hold, "hold"),
        "licensing.ApplicationGranted" => ("准予", "Granted", Tone::Ok, "ok"),
        "licensing.RefusalIntended" => (
            "拟不予许可，告知理由",
            "Refusal intended, reasons told",
            Tone::Warn,
            "warn",
        ),
        "licensing.ObjectionLodged" => ("陈述申辩", "Objection lodged", Tone::Hold, "pen"),
        "licensing.ObjectionDecided" => ("答复陈述申辩", "Objection decided", Tone::Info, "info"),
        "licensing.ApplicationRefused" => ("不予许可", "Refused", Tone::Bad, "bad"),
        "licensing.ApplicationWithdrawn" => ("撤回申请", "Application withdrawn", Tone::Off, "off"),
        "licensing.ApplicationLapsed" => ("逾期未补，申请终止", "Lapsed, no answer came", Tone::Off, "off"),
        "licensing.DeemedOutcomeApplied" => ("视为决定", "Deemed outcome", Tone::Hold, "run"),
        "licensing.DeemedOutcomeReversed" => ("撤回视为决定", "Deemed outcome taken back", Tone::Hold, "gone"),
        "licensing.LicenceGranted" => ("许可生效", "Licence granted", Tone::Ok, "ok"),
        "licensing.CertificateIssued" => ("发出许可证件", "Certificate issued", Tone::Ok, "file"),
        "licensing.LicenceRenewed" => ("许可延续", "Licence renewed", Tone::Ok, "ok"),
        "licensing.AuthorizationTransferred" => ("许可转让", "Authorization transferred", Tone::Info, "pen"),
        "licensing.WaiverGranted" => ("准予豁免一项标准", "Waiver granted", Tone::Info, "info"),
        "licensing.ConditionImposed" => ("附加条件", "Condition imposed", Tone::Warn, "warn"),
        "licensing.ConditionMet" => ("条件已履行", "Condition met", Tone::Ok, "ok"),
        "licensing.ConditionLifted" => ("解除条件", "Condition lifted", Tone::Ok, "ok"),
        "licensing.MadeProvisional" => ("改为暂准", "Made provisional", Tone::Warn, "warn"),
        "licensing.StandingRestored" => ("恢复完全许可", "Full standing restored", Tone::Ok, "ok"),
        "licensing.AuthorizationRevoked" => ("撤销许可", "Authorization revoked", Tone::Bad, "bad"),
        "licensing.AuthorizationExpired" => ("有效期届满", "Authorization expired", Tone::Warn, "warn"),
        "licensing.CessationOpened" => ("开始有序停办", "Orderly cessation opened", Tone::Warn, "run"),
        "licensing.PlacementRecorded" => ("安置婴幼儿", "Children placed", Tone::Info, "info"),
        "licensing.CessationClosed" => ("停办结束", "Cessation closed", Tone::Ok, "ok"),
        "licensing.RegimeChanged" => ("转换许可制度", "Regime changed", Tone::Info, "pen"),
        "licensing.ClockStarted" => ("时限起算", "Clock started", Tone::Info, "run"),
        "licensing.ClockPaused" => ("时限暂停", "Clock paused", Tone::Hold, "hold"),
        "licensing.ClockResumed" => ("时限恢复", "Clock resumed", Tone::Info, "run"),
        "licensing.ClockExtended" => ("时限延长", "Clock extended", Tone::Warn, "run"),
        "licensing.ClockRecomputed" => ("时限重算", "Clock counted anew", Tone::Info, "pen"),
        "licensing.ClockMet" => ("时限内事项完成", "What the clock asked for was done", Tone::Ok, "ok"),
        "licensing.ClockExpired" => ("时限届满", "Clock ran out", Tone::Bad, "alarm"),
        "licensing.ClockCancelled" => ("时限终止", "Clock ended with its matter", Tone::Off, "off"),
        "incident.IncidentNotified" => ("报告事件", "Incident notified", Tone::Bad, "alarm"),
        "incident.IncidentSupplemented" => ("续报", "Notification supplemented", Tone::Warn, "pen"),
        "incident.GuardianNotified" => ("告知监护人", "Guardian told", Tone::Info, "info"),
        "incident.IncidentTriaged" => ("研判", "Triaged", Tone::Info, "info"),
        "incident.InvestigationOpened" => ("开始调查", "Investigation opened", Tone::Info, "run"),
        "incident.InvestigationCompleted" => (
            "调查完成，提出结论",
            "Investigation completed, conclusion proposed",
            Tone::Info,
            "file",
        ),
        "incident.IncidentConcluded" => ("办结", "Concluded", Tone::Ok, "ok"),
        "incident.IncidentReopened" => ("重新调查", "Reopened", Tone::Hold, "hold"),
        "incident.RecordImported" => (
            "导入外部登记的事件",
            "Incident of a foreign register imported",
            Tone::Off,
            "file",
        ),
        "staffing.PersonRegistered" => ("人员登记", "Person registered", Tone::Info, "file"),
        "staffing.PersonDetailsChanged" => ("变更人员信息", "Details of person changed", Tone::Info, "pen"),
        "staffing.CredentialClaimed" => ("申报资质证书", "Credential told", Tone::Info, "file"),
        "staffing.CredentialVerified" => ("核验证书属实", "Credential verified", Tone::Ok, "ok"),
        "staffing.CredentialRejected" => ("证书核验不通过", "Credential rejected", Tone::Bad, "bad"),
        "staffing.CredentialRevoked" => ("撤销证书", "Credential revoked", Tone::Bad, "bad"),
        "staffing.CredentialExpired" => ("证书到期失效", "Credential expired", Tone::Warn, "warn"),
        "staffing.HealthCertificateRecorded" => ("登记健康证明", "Health certificate recorded", Tone::Info, "file"),
        "staffing.RecordQueried" => ("查询违法犯罪记录", "Criminal record queried", Tone::Info, "info"),
        "staffing.TrainingRecorded" => ("登记培训", "Training recorded", Tone::Info, "file"),
        "staffing.EngagementStarted" => ("入职", "Engaged", Tone::Info, "run"),
        "staffing.PostChanged" => ("变更岗位", "Post changed", Tone::Info, "pen"),
        "staffing.TakenOffDuty" => ("暂停上岗", "Taken off duty", Tone::Warn, "hold"),
        "staffing.ReturnedToDuty" => ("恢复上岗", "Returned to duty", Tone::Ok, "ok"),
        "staffing.EngagementEnded" => ("离岗", "Engagement ended", Tone::Off, "off"),
        "staffing.PersonBarred" => ("决定从业禁止", "Barred from work with children", Tone::Bad, "bad"),
        "staffing.BarLifted" => ("解除从业禁止", "Bar lifted", Tone::Ok, "ok"),
        "inspection.InspectionPlanned" => ("计划检查", "Inspection planned", Tone::Info, "file"),
        "inspection.InspectionApproved" => ("批准检查", "Inspection approved", Tone::Info, "ok"),
        "inspection.InspectorsAssigned" => ("派出检查人员", "Inspectors assigned", Tone::Info, "info"),
        "inspection.RecusalRequested" => ("申请回避", "Recusal asked for", Tone::Hold, "hold"),
        "inspection.RecusalDecided" => ("决定是否回避", "Recusal decided", Tone::Info, "info"),
        "inspection.InspectorCheckedIn" => ("检查人员到场", "Inspectors arrived", Tone::Info, "run"),
        "inspection.CheckInBackfilled" => ("补录到场", "Arrival filled in afterwards", Tone::Warn, "pen"),
        "inspection.PresenceCounted" => ("清点在场人数", "Presence counted", Tone::Info, "info"),
        "inspection.ItemsAnswered" => ("填写检查项", "Items answered", Tone::Info, "pen"),
        "inspection.FindingCited" => ("认定问题", "Finding cited", Tone::Bad, "alarm"),
        "inspection.TechnicalAssistanceGiven" => ("给予技术指导", "Technical assistance given", Tone::Info, "info"),
        "inspection.CorrectedOnSite" => ("当场改正", "Corrected on the spot", Tone::Ok, "ok"),
        "inspection.CorrectionOrdered" => ("责令限期改正", "Correction ordered", Tone::Warn, "run"),
        "inspection.FieldworkCompleted" => ("现场检查结束", "Fieldwork completed", Tone::Info, "ok"),
        "inspection.InspectionAborted" => ("中止检查", "Inspection broken off", Tone::Hold, "hold"),
        "inspection.InspectionCancelled" => ("取消检查", "Inspection cancelled", Tone::Off, "gone"),
        "inspection.DraftReportIssued" => ("报告征求意见", "Draft report issued", Tone::Info, "file"),
        "inspection.DraftCommented" => ("机构反馈意见", "Institution commented", Tone::Info, "pen"),
        "inspection.InspectionFinalized" => ("检查办结", "Report made final", Tone::Ok, "ok"),
        "inspection.InspectionPublished" => ("公示检查结果", "Result published", Tone::Ok, "file"),
        "inspection.CorrectionClaimed" => ("机构报告已整改", "Correction reported", Tone::Info, "pen"),
        "inspection.CorrectionVerified" => ("核实整改", "Correction verified", Tone::Ok, "ok"),
        "inspection.CorrectionRejected" => ("整改不合格", "Correction rejected", Tone::Bad, "bad"),
        "inspection.CorrectionExtended" => ("延长整改期限", "More time given", Tone::Hold, "hold"),
        "inspection.CorrectionOverdue" => ("整改逾期", "Correction overdue", Tone::Bad, "alarm"),
        "inspection.InspectionImported" => (
            "导入外部登记的检查",
            "Inspection of a foreign register imported",
            Tone::Off,
            "file",
        ),
        "visits.VisitCounted" => ("计入检查次数", "Visit counted", Tone::Info, "info"),
        "visits.VisitReleased" => ("退回检查次数", "Visit given back", Tone::Off, "off"),
        "alert.AlertRaised" => ("预警", "Alert raised", Tone::Bad, "alarm"),
        "alert.AlertAcknowledged" => ("知悉预警", "Alert acknowledged", Tone::Info, "info"),
        "alert.AlertLinked" => ("关联核查", "Looked into", Tone::Info, "run"),
        "alert.AlertDismissed" => ("排除预警", "Alert dismissed", Tone::Off, "off"),
        "alert.AlertConfirmed" => ("确认预警", "Alert confirmed", Tone::Bad, "bad"),
        "alert.AlertLapsed" => ("预警消除", "Alert lapsed", Tone::Off, "gone"),
        _ => (
            "较新的事件，本程序读不懂",
            "Newer event that this program cannot read",
            Tone::Warn,
            "warn",
        ),
    };
    (lang.say(zh, en), tone, icon)
}

/// The name by which a member of an event's payload is called and its value reads: members of one name hold values of
/// another list in another event.
pub(crate) fn member<'a>(event_type: &str, name: &'a str) -> &'a str {
    let (event, _) = event_type.rsplit_once(".v").unwrap_or((event_type, ""));
    match (event, name) {
        ("licensing.ApplicationSubmitted", "kind") => "application_kind",
        ("licensing.ClockStarted", "kind") => "clock_kind",
        ("licensing.ClockPaused", "reason") => "pause_reason",
        ("licensing.ClockExtended", "reason") => "extension_reason",
        ("licensing.AuthorizationExpired", "kind") => "authorization_kind",
        ("licensing.AuthorizationRevoked", "ground") => "revoked_ground",
        ("licensing.ApplicationDismissed", "ground") => "dismissal_ground",
        ("licensing.RegistryChecked", "outcome") => "registry_outcome",
        ("licensing.SiteVerified", "outcome") => "verification_outcome",
        ("licensing.DecisionProposed", "outcome") => "decision_outcome",
        ("licensing.DeemedOutcomeApplied" | "licensing.DeemedOutcomeReversed", "outcome") => "deemed_outcome",
        ("licensing.DeemedOutcomeReversed", "revision") => "taken_back_revision",
        (
            "licensing.ClockResumed"
            | "licensing.ClockExtended"
            | "licensing.ClockRecomputed"
            | "licensing.ClockStarted",
            "due",
        ) => "clock_due",
        (event, "application") if event.starts_with("licensing.") && !event.contains("Filing") => "application_number",
        ("staffing.PersonRegistered" | "staffing.PersonDetailsChanged", "name") => "person.name",
        ("staffing.CredentialClaimed", "kind") => "credential_kind",
        ("staffing.CredentialVerified", "method") => "verification_method",
        ("staffing.CredentialRejected", "ground") => "rejection_ground",
        ("staffing.CredentialRevoked", "ground") => "revocation_ground",
        ("staffing.TrainingRecorded", "kind") => "training_kind",
        ("staffing.TakenOffDuty", "ground") => "off_duty",
        ("staffing.EngagementEnded", "ground") => "end_ground",
        ("staffing.PersonBarred", "ground") => "bar_ground",
        ("inspection.RecusalRequested", "ground") => "recusal_ground",
        ("inspection.InspectorCheckedIn", "method") => "check_in_method",
        ("inspection.CheckInBackfilled", "reason") => "backfill_reason",
        ("inspection.InspectionAborted", "reason") => "abort_reason",
        ("inspection.InspectionCancelled", "reason") => "cancel_reason",
        ("inspection.InspectionImported", "kind") => "imported_kind",
        ("inspection.InspectionImported", "number") => "imported_number",
        ("inspection.InspectionFinalized", "findings") => "finding_count",
        ("inspection.PresenceCounted", "staff") => "other_staff",
        ("alert.AlertRaised", "rule") => "alert_rule",
        ("alert.AlertRaised", "severity") => "alert_severity",
        ("alert.AlertRaised" | "alert.AlertLapsed", "evidence") => "events_behind",
        ("alert.AlertDismissed", "reason") => "dismissal_reason",
        ("alert.AlertConfirmed", "statement") => "alert_statement",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use yujian_domain::alert::AlertEvent;
    use yujian_domain::event::EventFamily;
    use yujian_domain::incident::IncidentEvent;
    use yujian_domain::inspection::InspectionEvent;
    use yujian_domain::institution::InstitutionEvent;
    use yujian_domain::person::PersonEvent;
    use yujian_domain::visits::VisitsEvent;

    use super::*;

    #[test]
    fn every_event_type_has_a_name() {
        let types = InstitutionEvent::TYPES
            .iter()
            .chain(IncidentEvent::TYPES)
            .chain(PersonEvent::TYPES)
            .chain(InspectionEvent::TYPES)
            .chain(VisitsEvent::TYPES)
            .chain(AlertEvent::TYPES);
        for event_type in types {
            for lang in Lang::ALL {
                let name = event(lang, event_type).0;
                assert_ne!(name, event(lang, "x.Unknown.v1").0, "{event_type}");
            }
        }
    }
}
