//! The words of the page: Chinese terms for keys, codes and event types, and how stored values read.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use yujian_domain::divisions::Divisions;
use yujian_domain::mask::{MaskKind, mask};
use yujian_domain::personal::SEALED_MARKER;
use yujian_domain::values::{ClassType, Datum};
use yujian_domain::{incident, institution};
use yujian_eventlog::keys::{KeyProvider, Opened, SealedValue};

use crate::html::{self, Markup, Tone, badge, bdi, code, dash, text};

/// Turns stored values into markup. Personal values are opened here, masked at once, and never leave in clear.
pub(crate) struct Terms {
    keys: Arc<dyn KeyProvider>,
    divisions: Arc<Divisions>,
}

impl Terms {
    pub(crate) fn new(keys: Arc<dyn KeyProvider>, divisions: Arc<Divisions>) -> Self {
        Self { keys, divisions }
    }

    /// Name of a division with its code; the path from the city down when the tables know it.
    pub(crate) fn region(&self, code: &str) -> Markup {
        let path = self.divisions.path(code);
        match path.len() {
            0 => bdi(code),
            1 => bdi(path[0]),
            _ => bdi(&path[1..].join(" ")),
        }
    }

    /// A value under a name: the last part of a fact's key, or a member of a payload.
    pub(crate) fn value(&self, name: &str, value: &Value) -> Markup {
        match value {
            Value::Null => dash(),
            Value::Bool(true) => text("是"),
            Value::Bool(false) => text("否"),
            Value::Number(number) if name == "area_cm2" => {
                let metres = number
                    .as_u64()
                    .and_then(|area| html::two_decimals(area, 10_000))
                    .unwrap_or_default();
                text(&format!("{metres} 平方米"))
            }
            Value::Number(number) => match number.as_u64() {
                Some(whole) if name != "revision" => text(&html::number(whole)),
                _ => text(&number.to_string()),
            },
            Value::String(words) => word(name, words),
            Value::Array(items) if items.is_empty() => text("无"),
            Value::Array(items) => {
                let objects = items
                    .iter()
                    .any(|item| item.is_object() && item.get(SEALED_MARKER).is_none());
                let shown: Vec<Markup> = items.iter().map(|item| self.value(name, item)).collect();
                if objects {
                    Markup::list(shown)
                } else {
                    Markup::join(shown, "、")
                }
            }
            Value::Object(members) => self.object(name, members),
        }
    }

    fn object(&self, name: &str, members: &Map<String, Value>) -> Markup {
        if let Some(sealed) = members.get(SEALED_MARKER) {
            return self.personal(name, sealed);
        }
        let member = |key: &str| members.get(key).and_then(Value::as_str);
        if let (Some(division), true) = (member("code"), members.contains_key("entered")) {
            return self.region(division).then(&text(" ")).then(&code(division));
        }
        if let Some(precision) = member("precision") {
            return match precision {
                "instant" => self.value("time", members.get("time").unwrap_or(&Value::Null)),
                "day" => self.value("date", members.get("date").unwrap_or(&Value::Null)),
                _ => text("不详"),
            };
        }
        if let (Some(x), Some(y)) = (
            members.get("longitude_e7").and_then(Value::as_i64),
            members.get("latitude_e7").and_then(Value::as_i64),
        ) {
            let datum = member("datum").and_then(Datum::from_code).map_or("", Datum::zh);
            return text(&format!("{}，{} {datum}", degrees(x), degrees(y)));
        }
        if let (Some(id), Some(version)) = (member("id"), members.get("version").and_then(Value::as_u64)) {
            return text(&format!("{id} 第 {version} 版"));
        }
        let parts = members
            .iter()
            .filter(|(key, value)| {
                !value.is_null() && !matches!(key.as_str(), "identity_digest" | "due_time" | "entered")
            })
            .map(|(key, value)| {
                let personal = key == "name" && value.get(SEALED_MARKER).is_some();
                text(&format!("{}：", if personal { "姓名" } else { label(key) })).then(&self.value(key, value))
            });
        Markup::join(parts, "；")
    }

    /// A sealed value: masked when it opens, else why it does not. *Erased* and *key missing* are told apart.
    fn personal(&self, name: &str, sealed: &Value) -> Markup {
        let Ok(sealed) = serde_json::from_value::<SealedValue>(sealed.clone()) else {
            return badge(Tone::Bad, "密文受损");
        };
        match self.keys.open(&sealed) {
            Opened::Clear(value) => {
                let kind = MaskKind::of_path(name);
                let clear = match &value {
                    Value::String(words) => words.clone(),
                    other => other.to_string(),
                };
                let masked = bdi(&mask(kind, &clear));
                match kind {
                    MaskKind::Text => html::icon("lock")
                        .then(&text("已封存 "))
                        .then(&masked)
                        .within("span", "sealed"),
                    _ => masked,
                }
            }
            Opened::Erased => html::icon("gone").then(&text("已删除")).within("span", "sealed gone"),
            Opened::KeyMissing => html::icon("warn").then(&text("密钥缺失")).within("span", "sealed key"),
            Opened::Damaged => badge(Tone::Bad, "密文受损"),
        }
    }
}

/// 1e-7 degrees as degrees with five decimals, about a metre.
fn degrees(e7: i64) -> String {
    let sign = if e7 < 0 { "−" } else { "" };
    let e5 = e7.unsigned_abs() / 100;
    format!("{sign}{}.{:05}°", e5 / 100_000, e5 % 100_000)
}

/// A text: the Chinese term when it is a code of the list that its name calls for, else the text itself.
fn word(name: &str, words: &str) -> Markup {
    let term = match name {
        "status" => institution::Status::from_code(words)
            .map(institution::Status::zh)
            .or_else(|| incident::Status::from_code(words).map(incident::Status::zh)),
        "institution_type" => institution::InstitutionType::from_code(words).map(institution::InstitutionType::zh),
        "mode" => institution::Mode::from_code(words).map(institution::Mode::zh),
        "ownership" => institution::Ownership::from_code(words).map(institution::Ownership::zh),
        "registrar" => institution::Registrar::from_code(words).map(institution::Registrar::zh),
        "kind" => institution::PaperKind::from_code(words)
            .map(institution::PaperKind::zh)
            .or_else(|| institution::SuspensionKind::from_code(words).map(institution::SuspensionKind::zh)),
        "problem" => institution::ItemProblem::from_code(words).map(institution::ItemProblem::zh),
        "tenure" => institution::Tenure::from_code(words).map(institution::Tenure::zh),
        "class_type" => ClassType::from_code(words).map(ClassType::zh),
        "category" => incident::Category::from_code(words).map(incident::Category::zh),
        "injury" => incident::Injury::from_code(words).map(incident::Injury::zh),
        "severity" => incident::Severity::from_code(words).map(incident::Severity::zh),
        "priority" => incident::Priority::from_code(words).map(incident::Priority::zh),
        "channel" => incident::Channel::from_code(words).map(incident::Channel::zh),
        "outcome" | "proposed_outcome" => incident::Outcome::from_code(words).map(incident::Outcome::zh),
        "root_causes" => incident::RootCause::from_code(words).map(incident::RootCause::zh),
        "item" => Some(item(words)).filter(|term| *term != words),
        "key" => Some(label(words)).filter(|term| *term != words),
        _ => None,
    };
    if let Some(term) = term {
        return text(term);
    }
    if (name == "date" || name.ends_with("_date"))
        && let Ok(date) = words.parse::<jiff::civil::Date>()
    {
        return html::day(date);
    }
    if (name == "time" || name.ends_with("_time"))
        && let Ok(instant) = words.parse::<Timestamp>()
    {
        return html::moment(instant);
    }
    match name {
        "credit_code" | "number" | "rule" => code(words),
        "sha256" => code(&short(words)),
        _ => bdi(words),
    }
}

/// An item of a return: a paper or a field.
fn item(path: &str) -> &str {
    let paper = path.strip_prefix("papers.").and_then(|rest| rest.split('.').next());
    match paper.and_then(institution::PaperKind::from_code) {
        Some(kind) => kind.zh(),
        None => label(path),
    }
}

/// The first and last digits of a hash.
pub(crate) fn short(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if hash.len() > 16 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

/// What a key of a fact or a member of a payload is called; the name itself when it has no term.
pub(crate) fn label(name: &str) -> &str {
    if let Some(kind) = name.strip_prefix("paper.").and_then(institution::PaperKind::from_code) {
        return kind.zh();
    }
    match name {
        "name" => "名称",
        "status" => "状态",
        "credit_code" => "统一社会信用代码",
        "site" => "场所",
        "address" => "地址",
        "region" => "区划",
        "point" => "坐标",
        "institution_type" => "机构类型",
        "mode" => "服务模式",
        "ownership" => "举办性质",
        "registrar" => "登记机关",
        "registration_date" => "法人登记日",
        "representative" => "法定代表人",
        "representative.name" => "法定代表人姓名",
        "representative.phone" | "phone" => "联系电话",
        "representative.identity" | "identity" => "公民身份号码",
        "classes" => "班级",
        "class_type" => "班型",
        "places" => "托位",
        "makes_meals" => "自办餐饮",
        "premises" => "场地",
        "tenure" => "权属",
        "lease_end_date" => "租期止",
        "lease_start_date" => "租期起",
        "highest_floor" => "最高楼层",
        "lowest_floor" | "premises.lowest_floor" => "最低楼层",
        "area_cm2" => "使用面积",
        "papers" => "材料",
        "kind" => "种类",
        "issuer" => "出具单位",
        "number" => "编号",
        "issue_date" => "出具日",
        "expiry_date" => "有效期至",
        "sha256" => "文件摘要",
        "passed" => "结论合格",
        "filing.returned_items" | "items" => "一次性告知",
        "filing.receipt_due" | "receipt_due" => "回执时限",
        "nonconformity_due" => "不符合告知时限",
        "receipt.number" | "receipt_number" => "备案回执号",
        "receipt.date" => "回执日期",
        "receipt.late" => "回执超期",
        "nonconformity.reasons" | "reasons" => "不符合标准的事由",
        "suspension" => "停业",
        "closing" => "注销",
        "external" => "外部登记号",
        "register" => "登记册",
        "register_type" => "登记册所称类型",
        "register_status" => "登记册所称状态",
        "edition_date" => "登记册版本日期",
        "changed" => "本次变更的事项",
        "application" => "第几次备案",
        "item" => "项目",
        "rule" => "规则",
        "problem" => "问题",
        "description" => "说明",
        "due_date" => "最后一日",
        "provisional" => "暂定",
        "policy" => "政策",
        "late" => "超过时限",
        "notice_due" => "告知时限",
        "finding_date" => "认定日",
        "statement" => "说明情况",
        "reason" => "理由",
        "from_date" => "自",
        "until_date" => "至",
        "closing_date" => "最后服务日",
        "children_to_place" => "待安置儿童",
        "revision" => "被更正的版次",
        "key" => "事项",
        "value" => "改为",
        "valid_from_date" => "自何日起",
        "approver" => "批准人",
        "institution" => "机构",
        "category" => "类别",
        "awareness_time" => "知悉时间",
        "occurred" => "发生",
        "place" => "地点",
        "children" => "婴幼儿",
        "child" => "第几名",
        "children_present" => "在场婴幼儿",
        "staff_present" => "在场工作人员",
        "emergency_services" => "已呼叫急救",
        "video_preserved" => "已保全监控",
        "narrative" => "经过",
        "first_actions" => "先行处置",
        "reporter" => "报告人",
        "notification_due" => "报告时限",
        "guardians_due" => "须告知监护人",
        "told_time" => "告知时间",
        "channel" => "方式",
        "age_months" => "月龄",
        "injury" => "伤害",
        "severity" => "程度",
        "severities" => "程度变化",
        "treatment" => "救治",
        "priority" => "等级",
        "regulatory" => "属监管事项",
        "lead" => "承办人",
        "plan" => "调查计划",
        "due" | "investigation_due" => "调查时限",
        "outcome" => "结论",
        "proposed_outcome" => "拟定结论",
        "root_causes" => "根本原因",
        "findings" => "调查认定",
        "investigation_late" => "调查超期",
        "actions" => "处理措施",
        "advice" => "意见",
        "ordinal" => "同件第几行",
        "intake_date" => "受理日",
        "completed_date" => "完成日",
        "details" => "其他栏目",
        other => other,
    }
}

/// What an event is called, how it weighs, and its icon.
pub(crate) fn event(event_type: &str) -> (&'static str, Tone, &'static str) {
    let (name, _) = event_type.rsplit_once(".v").unwrap_or((event_type, ""));
    match name {
        "licensing.InstitutionRegistered" => ("机构登记", Tone::Info, "file"),
        "licensing.FilingSubmitted" => ("提交备案材料", Tone::Info, "file"),
        "licensing.FilingReturned" => ("退回补正，一次性告知", Tone::Hold, "hold"),
        "licensing.FilingAccepted" => ("受理备案", Tone::Info, "run"),
        "licensing.FilingWithdrawn" => ("撤回备案", Tone::Off, "off"),
        "licensing.FilingReceiptIssued" => ("发出备案回执", Tone::Ok, "ok"),
        "licensing.NonconformityNotified" => ("告知不符合标准", Tone::Bad, "bad"),
        "licensing.ConformityConfirmed" => ("确认恢复符合标准", Tone::Ok, "ok"),
        "licensing.DetailsChanged" => ("变更登记事项", Tone::Info, "pen"),
        "licensing.ClassesChanged" => ("调整班级与托位", Tone::Info, "pen"),
        "licensing.InstitutionSuspended" => ("停业", Tone::Warn, "hold"),
        "licensing.InstitutionResumed" => ("恢复服务", Tone::Ok, "ok"),
        "licensing.InstitutionClosed" => ("注销", Tone::Off, "gone"),
        "licensing.FactCorrected" => ("更正事实", Tone::Warn, "pen"),
        "licensing.RecordImported" => ("导入外部登记", Tone::Off, "file"),
        "incident.IncidentNotified" => ("报告事件", Tone::Bad, "alarm"),
        "incident.IncidentSupplemented" => ("续报", Tone::Warn, "pen"),
        "incident.GuardianNotified" => ("告知监护人", Tone::Info, "info"),
        "incident.IncidentTriaged" => ("研判", Tone::Info, "info"),
        "incident.InvestigationOpened" => ("开始调查", Tone::Info, "run"),
        "incident.InvestigationCompleted" => ("调查完成，提出结论", Tone::Info, "file"),
        "incident.IncidentConcluded" => ("办结", Tone::Ok, "ok"),
        "incident.IncidentReopened" => ("重新调查", Tone::Hold, "hold"),
        "incident.RecordImported" => ("导入外部登记的事件", Tone::Off, "file"),
        _ => ("较新的事件，本程序读不懂", Tone::Warn, "warn"),
    }
}

/// What a role is called.
pub(crate) fn role(name: &str) -> &str {
    match name {
        "operator" => "举办者",
        "officer" => "主管部门",
        "inspector" => "执法人员",
        "auditor" => "审计",
        "bureau" => "其他部门",
        "administrator" => "系统管理员",
        "system" => "系统",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yujian_domain::event::EventFamily;

    #[test]
    fn every_event_type_has_a_name() {
        let types = institution::InstitutionEvent::TYPES
            .iter()
            .chain(incident::IncidentEvent::TYPES);
        for event_type in types {
            assert_ne!(event(event_type).0, event("x.Unknown.v1").0, "{event_type}");
        }
    }

    #[test]
    fn degrees_are_written_by_integers() {
        assert_eq!(degrees(1_201_234_567), "120.12345°");
        assert_eq!(degrees(-305), "−0.00003°");
    }

    #[tokio::test]
    async fn personal_values_are_masked_and_erased_is_told_from_key_missing() {
        use yujian_eventlog::entropy::Entropy;
        use yujian_eventlog::keys::MemoryKeys;
        let keys = Arc::new(MemoryKeys::new(Arc::new(Entropy::seeded(1))));
        let clear = |subject: &str, words: &str| serde_json::json!({"$personal": {"subject": subject, "clear": words}});
        let mut payload = serde_json::json!({
            "name": clear("institution-1.representative-1", "王小明"),
            "narrative": clear("incident-1.text", "午睡后跌倒"),
        });
        keys.seal(uuid::Uuid::from_u128(1), &mut payload).await.unwrap();
        let terms = Terms::new(keys.clone(), Arc::default());
        assert_eq!(terms.value("name", &payload["name"]).to_string(), "<bdi>王**</bdi>");
        let narrative = terms.value("narrative", &payload["narrative"]).to_string();
        assert!(narrative.contains("已封存") && narrative.contains("5字") && !narrative.contains("跌倒"));
        let elsewhere = Terms::new(Arc::new(MemoryKeys::new(Arc::new(Entropy::seeded(2)))), Arc::default());
        assert!(
            elsewhere
                .value("name", &payload["name"])
                .to_string()
                .contains("密钥缺失")
        );
        keys.erase("institution-1.representative-1").await.unwrap();
        assert!(terms.value("name", &payload["name"]).to_string().contains("已删除"));
        assert!(
            terms
                .value("narrative", &payload["narrative"])
                .to_string()
                .contains("已封存")
        );
    }
}
