//! Value rules shared by the family's commands. Violations are gathered, so that the caller learns all at once.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::personal::Sensitive;
use crate::rejection::{Reason, Rejection, Violation};

/// Longest name in characters: accounts, registers, bureaus, places of publication, numbers of approvals.
const NAME_MAX: usize = 200;
/// Longest plain text in characters: a standard's words, an imported column.
const PLAIN_MAX: usize = 2_000;
/// Longest free text in characters; stays far below the log's limit for an event even as four-byte characters.
const NARRATIVE_MAX: usize = 10_000;
/// Most pieces of evidence of one answer or claim.
const EVIDENCE_MAX: usize = 10;

/// Gathers violations.
#[derive(Default)]
pub(super) struct Check(Vec<Violation>);

impl Check {
    /// Notes a violation.
    pub(super) fn refuse(&mut self, field: impl Into<String>, rule: &str, message: &str, message_zh: &str) {
        self.0.push(Violation {
            field: field.into(),
            rule: rule.to_owned(),
            message: message.to_owned(),
            message_zh: message_zh.to_owned(),
        });
    }

    /// A text of 1 to `max` characters that is not blank.
    pub(super) fn text(&mut self, field: impl Into<String>, rule: &str, text: &str, max: usize) {
        if text.trim().is_empty() {
            self.refuse(field, rule, "must not be blank", "不能为空");
        } else if text.chars().count() > max {
            self.refuse(
                field,
                rule,
                &format!("must have at most {max} characters"),
                &format!("不能超过{max}个字符"),
            );
        }
    }

    /// A name of an account, a register, a bureau or a place.
    pub(super) fn name(&mut self, field: impl Into<String>, rule: &str, text: &str) {
        self.text(field, rule, text, NAME_MAX);
    }

    /// A plain text.
    pub(super) fn plain(&mut self, field: impl Into<String>, rule: &str, text: &str) {
        self.text(field, rule, text, PLAIN_MAX);
    }

    /// A free text that may hold personal data.
    pub(super) fn narrative(&mut self, field: impl Into<String>, rule: &str, text: &Sensitive) {
        self.text(field, rule, text.expose(), NARRATIVE_MAX);
    }

    /// A free text, when told.
    pub(super) fn optional_narrative(&mut self, field: impl Into<String>, rule: &str, text: Option<&Sensitive>) {
        if let Some(text) = text {
            self.narrative(field, rule, text);
        }
    }

    /// A SHA-256 as 64 lower-case hex digits.
    pub(super) fn digest(&mut self, field: impl Into<String>, rule: &str, digest: &str) {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digest.len() != 64 || !digest.bytes().all(hex) {
            self.refuse(
                field,
                rule,
                "must be a SHA-256: 64 lower-case hex digits",
                "须为64位小写十六进制SHA-256",
            );
        }
    }

    /// Digests of pieces of evidence, each once.
    pub(super) fn evidence(&mut self, field: &str, rule: &str, evidence: &[String]) {
        if evidence.len() > EVIDENCE_MAX {
            self.refuse(field, rule, "at most 10 pieces of evidence", "最多10件证据");
        }
        let mut seen = BTreeSet::new();
        for (index, digest) in evidence.iter().enumerate() {
            let place = format!("{field}[{index}]");
            if seen.insert(digest) {
                self.digest(place, rule, digest);
            } else {
                self.twice(place, rule);
            }
        }
    }

    /// Something stands there twice.
    pub(super) fn twice(&mut self, field: impl Into<String>, rule: &str) {
        self.refuse(field, rule, "stands there twice", "重复填报");
    }

    /// All violations as one refusal of the request.
    pub(super) fn finish(self) -> Result<(), Rejection> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Rejection::fields(self.0))
        }
    }

    /// All violations as one refusal for `reason`, with its two messages: what is wrong lies not in the request alone.
    pub(super) fn finish_as(self, reason: Reason, message: &str, message_zh: &str) -> Result<(), Rejection> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rules: BTreeSet<&str> = self.0.iter().map(|violation| violation.rule.as_str()).collect();
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        Err(Rejection {
            violations: self.0,
            ..Rejection::new(reason, message, message_zh)
        }
        .with("rule", rules))
    }
}

/// Subject of every free text of the inspection.
pub(super) fn text_subject(id: Uuid) -> String {
    format!("inspection-{id}.text")
}
