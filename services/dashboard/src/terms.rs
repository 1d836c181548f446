//! How stored values read: codes and keys in the words of the language, personal values masked.

pub(crate) mod codes;
pub(crate) mod events;
pub(crate) mod labels;

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use yujian_domain::divisions::Divisions;
use yujian_domain::mask::{MaskKind, mask};
use yujian_domain::personal::SEALED_MARKER;
use yujian_domain::values::{ClassType, Datum};
use yujian_domain::{alert, clock, incident, inspection, institution, person};
use yujian_eventlog::keys::{KeyProvider, Opened, SealedValue};

use crate::html::{self, Markup, Tone, badge, bdi, code, dash, text};
use crate::lang::Lang;
use crate::terms::codes::Coded;
use crate::terms::labels::label;

/// Turns stored values into markup. Personal values are opened here, masked at once, and never leave in clear.
pub(crate) struct Terms {
    /// Language in which they read.
    pub(crate) lang: Lang,
    keys: Arc<dyn KeyProvider>,
    divisions: Arc<Divisions>,
}

impl Terms {
    pub(crate) fn new(lang: Lang, keys: Arc<dyn KeyProvider>, divisions: Arc<Divisions>) -> Self {
        Self { lang, keys, divisions }
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
        let lang = self.lang;
        match value {
            Value::Null => dash(),
            Value::Bool(true) => text(lang.say("是", "Yes")),
            Value::Bool(false) => text(lang.say("否", "No")),
            Value::Number(number) if name == "area_cm2" => {
                let metres = number
                    .as_u64()
                    .and_then(|area| html::two_decimals(area, 10_000))
                    .unwrap_or_default();
                text(&format!("{metres} {}", lang.say("平方米", "m²")))
            }
            Value::Number(number) => match number.as_u64() {
                Some(whole) if name != "revision" => text(&html::number(whole)),
                _ => text(&number.to_string()),
            },
            Value::String(words) => word(lang, name, words),
            Value::Array(items) if items.is_empty() => text(lang.say("无", "None")),
            Value::Array(items) => {
                let objects = items
                    .iter()
                    .any(|item| item.is_object() && item.get(SEALED_MARKER).is_none());
                let shown: Vec<Markup> = items.iter().map(|item| self.value(name, item)).collect();
                if objects {
                    Markup::list(shown)
                } else {
                    Markup::join(shown, lang.comma())
                }
            }
            Value::Object(members) => self.object(name, members),
        }
    }

    fn object(&self, name: &str, members: &Map<String, Value>) -> Markup {
        let lang = self.lang;
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
                _ => text(lang.say("不详", "Unknown")),
            };
        }
        if let (Some(x), Some(y)) = (
            members.get("longitude_e7").and_then(Value::as_i64),
            members.get("latitude_e7").and_then(Value::as_i64),
        ) {
            let datum = member("datum").and_then(Datum::from_code).map_or("", Datum::zh);
            return text(&format!("{}{}{} {datum}", degrees(x), lang.say("，", ", "), degrees(y)));
        }
        if let (Some(kind), Some(revision), 2) = (
            member("kind").and_then(clock::ClockKind::from_code),
            members.get("revision").and_then(Value::as_u64),
            members.len(),
        ) {
            return text(&format!("{} ", lang.term(kind))).then(&code(&format!("{}@{revision}", kind.code())));
        }
        if let (Some(id), Some(version)) = (member("id"), members.get("version").and_then(Value::as_u64)) {
            return policy(lang, id, version);
        }
        let parts = members
            .iter()
            .filter(|(key, value)| {
                !value.is_null() && !matches!(key.as_str(), "identity_digest" | "due_time" | "entered")
            })
            .map(|(key, value)| {
                let personal = key == "name" && value.get(SEALED_MARKER).is_some();
                let what = if personal {
                    Cow::Borrowed(lang.say("姓名", "Name of person"))
                } else {
                    label(lang, key)
                };
                text(&format!("{what}{}", lang.colon())).then(&self.value(key, value))
            });
        Markup::join(parts, lang.semicolon())
    }

    /// A sealed value: masked when it opens, else why it does not. *Erased* and *key missing* are told apart.
    fn personal(&self, name: &str, sealed: &Value) -> Markup {
        let lang = self.lang;
        let damaged = || badge(Tone::Bad, lang.say("密文受损", "Ciphertext damaged"));
        let Ok(sealed) = serde_json::from_value::<SealedValue>(sealed.clone()) else {
            return damaged();
        };
        match self.keys.open(&sealed) {
            Opened::Clear(value) => {
                let clear = match &value {
                    Value::String(words) => Cow::Borrowed(words.as_str()),
                    other => Cow::Owned(other.to_string()),
                };
                match MaskKind::of_path(name) {
                    MaskKind::Text => {
                        let length = clear.trim().chars().count();
                        let said = text(lang.say(
                            &format!("已封存 ＊＊＊（{length}字）"),
                            &format!("sealed *** ({length} characters)"),
                        ));
                        html::icon("lock").then(&said).within("span", "sealed")
                    }
                    kind => bdi(&mask(kind, &clear)),
                }
            }
            Opened::Erased => html::icon("gone")
                .then(&text(lang.say("已删除", "erased")))
                .within("span", "sealed gone"),
            Opened::KeyMissing => html::icon("warn")
                .then(&text(lang.say("密钥缺失", "key missing")))
                .within("span", "sealed key"),
            Opened::Damaged => damaged(),
        }
    }
}

/// A version of a policy.
pub(crate) fn policy(lang: Lang, id: &str, version: impl std::fmt::Display) -> Markup {
    text(lang.say(&format!("{id} 第 {version} 版"), &format!("{id}, version {version}")))
}

/// 1e-7 degrees as degrees with five decimals, about a metre.
fn degrees(e7: i64) -> String {
    let sign = if e7 < 0 { "−" } else { "" };
    let e5 = e7.unsigned_abs() / 100;
    format!("{sign}{}.{:05}°", e5 / 100_000, e5 % 100_000)
}

/// A text: the term when it is a code of the list that its name calls for, else the text itself.
fn word(lang: Lang, name: &str, words: &str) -> Markup {
    if let Some(term) = term(lang, name, words) {
        return text(&term);
    }
    if (name == "date" || name.ends_with("_date"))
        && let Ok(date) = words.parse::<jiff::civil::Date>()
    {
        return lang.day(date);
    }
    if (name == "time" || name.ends_with("_time"))
        && let Ok(instant) = words.parse::<Timestamp>()
    {
        return lang.moment(instant);
    }
    if let (Some(kind), Ok(id)) = (thing(name), words.parse::<uuid::Uuid>()) {
        return html::link(&format!("/{kind}/{id}"), &code(&short(words)));
    }
    match name {
        // Numbers that authorities give have words in them.
        "credit_code" | "number" | "rule" if words.is_ascii() => code(words),
        name if name.ends_with("sha256") => code(&short(words)),
        _ => bdi(words),
    }
}

/// The pages of what a member names by its id.
fn thing(name: &str) -> Option<&'static str> {
    match name {
        "institution" => Some("institutions"),
        "person" => Some("persons"),
        "inspection" => Some("inspections"),
        "incident" => Some("incidents"),
        _ => None,
    }
}

/// The term of a code under a name.
fn term(lang: Lang, name: &str, words: &str) -> Option<String> {
    fn of<T: Coded>(lang: Lang, words: &str) -> Option<String> {
        T::from_code(words).map(|value| lang.term(value))
    }
    let named = |term: Cow<'_, str>| (term != words).then(|| term.into_owned());
    match name {
        "status" => of::<institution::Status>(lang, words)
            .or_else(|| of::<incident::Status>(lang, words))
            .or_else(|| of::<inspection::Status>(lang, words))
            .or_else(|| of::<person::Status>(lang, words)),
        "institution_type" | "also_types" => of::<institution::InstitutionType>(lang, words),
        "mode" => of::<institution::Mode>(lang, words),
        "ownership" => of::<institution::Ownership>(lang, words),
        "registrar" => of::<institution::Registrar>(lang, words),
        "kind" => of::<institution::PaperKind>(lang, words).or_else(|| of::<institution::SuspensionKind>(lang, words)),
        "problem" => of::<institution::ItemProblem>(lang, words),
        "tenure" => of::<institution::Tenure>(lang, words),
        "class_type" => of::<ClassType>(lang, words),
        "category" => of::<incident::Category>(lang, words),
        "injury" => of::<incident::Injury>(lang, words),
        "severity" => of::<incident::Severity>(lang, words),
        "priority" => of::<incident::Priority>(lang, words),
        "channel" => of::<incident::Channel>(lang, words),
        "outcome" | "proposed_outcome" => of::<incident::Outcome>(lang, words),
        "root_causes" => of::<incident::RootCause>(lang, words),
        "identity_kind" => of::<person::IdentityKind>(lang, words),
        "proofing" => of::<person::Proofing>(lang, words),
        "credential_kind" => of::<person::CredentialKind>(lang, words),
        "verification_method" => of::<person::VerificationMethod>(lang, words),
        "rejection_ground" => of::<person::RejectionGround>(lang, words),
        "revocation_ground" => of::<person::RevocationGround>(lang, words),
        "occasion" => of::<person::QueryOccasion>(lang, words),
        "queried_of" => of::<person::QueriedOf>(lang, words),
        "found" => of::<person::Offence>(lang, words),
        "training_kind" => of::<person::TrainingKind>(lang, words),
        "post" => of::<person::Post>(lang, words),
        "employment" => of::<person::Employment>(lang, words),
        "state" => of::<person::EngagementState>(lang, words)
            .or_else(|| of::<person::CredentialState>(lang, words))
            .or_else(|| of::<inspection::FindingState>(lang, words)),
        "off_duty" => of::<person::OffDutyGround>(lang, words),
        "end_ground" => of::<person::EndGround>(lang, words),
        "bar_ground" => of::<person::BarGround>(lang, words),
        "purpose" => of::<inspection::Purpose>(lang, words),
        "recusal_ground" => of::<inspection::RecusalGround>(lang, words),
        "check_in_method" => of::<inspection::CheckInMethod>(lang, words),
        "backfill_reason" => of::<inspection::BackfillReason>(lang, words),
        "abort_reason" => of::<inspection::AbortReason>(lang, words),
        "cancel_reason" => of::<inspection::CancelReason>(lang, words),
        "ratio_exceeded" => of::<ClassType>(lang, words),
        "answer" => of::<inspection::Answer>(lang, words),
        "weight" => of::<inspection::Weight>(lang, words),
        "extent" => of::<inspection::Extent>(lang, words),
        "measure" => of::<inspection::ImmediateMeasure>(lang, words),
        "signature" => of::<inspection::Signature>(lang, words),
        "check" => of::<inspection::CorrectionCheck>(lang, words),
        "imported_kind" => of::<inspection::ImportedKind>(lang, words),
        "alert_rule" => of::<alert::AlertRule>(lang, words),
        "alert_severity" => of::<alert::AlertSeverity>(lang, words),
        "dismissal_reason" => of::<alert::DismissalReason>(lang, words),
        "application_kind" => of::<institution::ApplicationKind>(lang, words),
        "application" => of::<institution::ApplicationState>(lang, words),
        "authorization_kind" => of::<institution::AuthorizationKind>(lang, words),
        "revoked_ground" => of::<institution::RevocationGround>(lang, words),
        "dismissal_ground" => of::<institution::DismissalGround>(lang, words),
        "source" => of::<institution::RegistrySource>(lang, words),
        "registry_outcome" => of::<institution::RegistryOutcome>(lang, words),
        "verification_outcome" => of::<institution::VerificationOutcome>(lang, words),
        "decision_outcome" => of::<institution::ProposedOutcome>(lang, words),
        "deemed_outcome" => of::<institution::DeemedOutcome>(lang, words),
        "deceit" => of::<institution::Deceit>(lang, words),
        "cause" => of::<institution::CessationCause>(lang, words),
        "from" | "to" | "regime" => of::<institution::Regime>(lang, words),
        "clock_kind" => of::<clock::ClockKind>(lang, words),
        "pause_reason" => of::<clock::PauseReason>(lang, words),
        "extension_reason" => of::<clock::ExtensionReason>(lang, words),
        "approver_office" => of::<clock::ApproverOffice>(lang, words),
        "unit" => of::<clock::Unit>(lang, words),
        "item" => named(item(lang, words)),
        "key" => named(label(lang, words)),
        _ => None,
    }
}

/// An item of a return: a paper or a field.
pub(crate) fn item(lang: Lang, path: &str) -> Cow<'_, str> {
    let paper = path.strip_prefix("papers.").and_then(|rest| rest.split('.').next());
    match paper.and_then(institution::PaperKind::from_code) {
        Some(kind) => Cow::Owned(lang.term(kind)),
        None => label(lang, path),
    }
}

/// The first and last digits of a hash.
pub(crate) fn short(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if hash.len() > 16 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let terms = Terms::new(Lang::Zh, keys.clone(), Arc::default());
        assert_eq!(terms.value("name", &payload["name"]).to_string(), "<bdi>王**</bdi>");
        let narrative = terms.value("narrative", &payload["narrative"]).to_string();
        assert!(narrative.contains("已封存") && narrative.contains("5字") && !narrative.contains("跌倒"));
        let elsewhere = Terms::new(
            Lang::Zh,
            Arc::new(MemoryKeys::new(Arc::new(Entropy::seeded(2)))),
            Arc::default(),
        );
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
