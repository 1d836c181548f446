//! Names of keys, members of payloads, event types and roles.

use std::borrow::Cow;

use yujian_domain::institution;

use crate::html::Tone;
use crate::lang::Lang;

/// What a key of a fact or a member of a payload is called; the name itself when it has no term.
pub(crate) fn label(lang: Lang, name: &str) -> Cow<'_, str> {
    if let Some(kind) = name.strip_prefix("paper.").and_then(institution::PaperKind::from_code) {
        return Cow::Owned(lang.term(kind));
    }
    let (zh, en) = match name {
        "name" => ("名称", "Name"),
        "status" => ("状态", "Status"),
        "credit_code" => ("统一社会信用代码", "Unified social credit code"),
        "site" => ("场所", "Site"),
        "address" => ("地址", "Address"),
        "region" => ("区划", "Division"),
        "point" => ("坐标", "Coordinates"),
        "institution_type" => ("机构类型", "Institution type"),
        "mode" => ("服务模式", "Mode of service"),
        "ownership" => ("举办性质", "Ownership"),
        "registrar" => ("登记机关", "Registrar"),
        "registration_date" => ("法人登记日", "Registered as legal person"),
        "representative" => ("法定代表人", "Legal representative"),
        "representative.name" => ("法定代表人姓名", "Name of legal representative"),
        "representative.phone" | "phone" => ("联系电话", "Phone"),
        "representative.identity" | "identity" => ("公民身份号码", "Citizen identity number"),
        "classes" => ("班级", "Classes"),
        "class_type" => ("班型", "Class type"),
        "places" => ("托位", "Places"),
        "makes_meals" => ("自办餐饮", "Makes meals"),
        "premises" => ("场地", "Premises"),
        "tenure" => ("权属", "Tenure"),
        "lease_end_date" => ("租期止", "Lease until"),
        "lease_start_date" => ("租期起", "Lease from"),
        "highest_floor" => ("最高楼层", "Highest floor"),
        "lowest_floor" | "premises.lowest_floor" => ("最低楼层", "Lowest floor"),
        "area_cm2" => ("使用面积", "Usable area"),
        "papers" => ("材料", "Papers"),
        "kind" => ("种类", "Kind"),
        "issuer" => ("出具单位", "Issuer"),
        "number" => ("编号", "Number"),
        "issue_date" => ("出具日", "Issued on"),
        "expiry_date" => ("有效期至", "Valid until"),
        "sha256" => ("文件摘要", "File digest"),
        "passed" => ("结论合格", "Conclusion: pass"),
        "filing.returned_items" | "items" => ("一次性告知", "One-time notice"),
        "filing.receipt_due" | "receipt_due" => ("回执时限", "Receipt due"),
        "nonconformity_due" => ("不符合告知时限", "Nonconformity notice due"),
        "receipt.number" | "receipt_number" => ("备案回执号", "Filing receipt number"),
        "receipt.date" => ("回执日期", "Date of receipt"),
        "receipt.late" => ("回执超期", "Receipt late"),
        "nonconformity.reasons" | "reasons" => ("不符合标准的事由", "Reasons of nonconformity"),
        "suspension" => ("停业", "Suspension"),
        "closing" => ("注销", "Closing"),
        "external" => ("外部登记号", "Foreign register number"),
        "register" => ("登记册", "Register"),
        "register_type" => ("登记册所称类型", "Type in the register"),
        "register_status" => ("登记册所称状态", "State in the register"),
        "edition_date" => ("登记册版本日期", "Edition of the register"),
        "changed" => ("本次变更的事项", "What changed"),
        "application" => ("第几次备案", "Filing, ordinal"),
        "item" => ("项目", "Item"),
        "rule" => ("规则", "Rule"),
        "problem" => ("问题", "Problem"),
        "description" => ("说明", "Description"),
        "due_date" => ("最后一日", "Last day"),
        "provisional" => ("暂定", "Provisional"),
        "policy" => ("政策", "Policy"),
        "late" => ("超过时限", "Beyond the time limit"),
        "notice_due" => ("告知时限", "Notice due"),
        "finding_date" => ("认定日", "Found on"),
        "statement" => ("说明情况", "Statement"),
        "reason" => ("理由", "Reason"),
        "from_date" => ("自", "From"),
        "until_date" => ("至", "Until"),
        "closing_date" => ("最后服务日", "Last day of service"),
        "children_to_place" => ("待安置儿童", "Children to place"),
        "revision" => ("被更正的版次", "Corrected revision"),
        "key" => ("事项", "Fact"),
        "value" => ("改为", "New value"),
        "valid_from_date" => ("自何日起", "Valid from"),
        "approver" => ("批准人", "Approver"),
        "institution" => ("机构", "Institution"),
        "category" => ("类别", "Category"),
        "awareness_time" => ("知悉时间", "Aware at"),
        "occurred" => ("发生", "Occurred"),
        "place" => ("地点", "Place"),
        "children" => ("婴幼儿", "Children"),
        "child" => ("第几名", "Child, ordinal"),
        "children_present" => ("在场婴幼儿", "Children present"),
        "staff_present" => ("在场工作人员", "Staff present"),
        "emergency_services" => ("已呼叫急救", "Emergency services called"),
        "video_preserved" => ("已保全监控", "Video preserved"),
        "narrative" => ("经过", "Narrative"),
        "first_actions" => ("先行处置", "First actions"),
        "reporter" => ("报告人", "Reporter"),
        "notification_due" => ("报告时限", "Notification due"),
        "guardians_due" => ("须告知监护人", "Guardians must be told"),
        "told_time" => ("告知时间", "Told at"),
        "channel" => ("方式", "Channel"),
        "age_months" => ("月龄", "Age in months"),
        "injury" => ("伤害", "Injury"),
        "severity" => ("程度", "Severity"),
        "severities" => ("程度变化", "Change of severity"),
        "treatment" => ("救治", "Treatment"),
        "priority" => ("等级", "Priority"),
        "regulatory" => ("属监管事项", "Regulatory matter"),
        "lead" => ("承办人", "Officer in charge"),
        "plan" => ("调查计划", "Investigation plan"),
        "due" | "investigation_due" => ("调查时限", "Investigation due"),
        "outcome" => ("结论", "Conclusion"),
        "proposed_outcome" => ("拟定结论", "Proposed conclusion"),
        "root_causes" => ("根本原因", "Root causes"),
        "findings" => ("调查认定", "Findings"),
        "investigation_late" => ("调查超期", "Investigation late"),
        "actions" => ("处理措施", "Measures"),
        "advice" => ("意见", "Advice"),
        "ordinal" => ("同件第几行", "Row of the same case"),
        "intake_date" => ("受理日", "Taken in on"),
        "completed_date" => ("完成日", "Completed on"),
        "details" => ("其他栏目", "Other columns"),
        other => return Cow::Borrowed(other),
    };
    Cow::Borrowed(lang.say(zh, en))
}

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
        _ => (
            "较新的事件，本程序读不懂",
            "Newer event that this program cannot read",
            Tone::Warn,
            "warn",
        ),
    };
    (lang.say(zh, en), tone, icon)
}

/// What a role is called.
pub(crate) fn role(lang: Lang, name: &str) -> &str {
    let (zh, en) = match name {
        "operator" => ("举办者", "Operator"),
        "officer" => ("主管部门", "Officer"),
        "inspector" => ("执法人员", "Inspector"),
        "auditor" => ("审计", "Auditor"),
        "bureau" => ("其他部门", "Other bureau"),
        "administrator" => ("系统管理员", "Administrator"),
        "system" => ("系统", "System"),
        other => return other,
    };
    lang.say(zh, en)
}

#[cfg(test)]
mod tests {
    use yujian_domain::event::EventFamily;
    use yujian_domain::incident;

    use super::*;

    #[test]
    fn every_event_type_has_a_name() {
        let types = institution::InstitutionEvent::TYPES
            .iter()
            .chain(incident::IncidentEvent::TYPES);
        for event_type in types {
            for lang in Lang::ALL {
                let name = event(lang, event_type).0;
                assert_ne!(name, event(lang, "x.Unknown.v1").0, "{event_type}");
            }
        }
    }
}
