//! Value rules for texts: every violation is collected, and none quotes the text.

use crate::personal::Sensitive;
use crate::rejection::{Rejection, Violation};

/// Collects violations, so that a caller hears of all of them at once.
#[derive(Default)]
pub(super) struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// Notes a violation.
    pub(super) fn wrong(&mut self, field: &str, rule: &str, message: impl Into<String>, message_zh: impl Into<String>) {
        self.violations.push(Violation {
            field: field.to_owned(),
            rule: rule.to_owned(),
            message: message.into(),
            message_zh: message_zh.into(),
        });
    }

    /// Notes a violation unless it is `right`.
    pub(super) fn ensure(&mut self, right: bool, field: &str, rule: &str, message: &str, message_zh: &str) {
        if !right {
            self.wrong(field, rule, message, message_zh);
        }
    }

    /// A text of 1 to `longest` characters that is not blank and holds no control characters.
    // rule: GEN-03
    pub(super) fn text(&mut self, field: &str, text: &str, longest: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.wrong(field, "GEN-03", "must not be blank", "不能为空");
        } else if length > longest {
            self.wrong(
                field,
                "GEN-03",
                format!("must have at most {longest} characters, has {length}"),
                format!("不得超过{longest}个字符，现有{length}个"),
            );
        }
        if text.chars().any(char::is_control) {
            self.wrong(field, "GEN-03", "must not hold control characters", "不能含控制字符");
        }
    }

    /// The same for a text that may be absent.
    pub(super) fn text_if_some(&mut self, field: &str, text: Option<&str>, longest: usize) {
        if let Some(text) = text {
            self.text(field, text, longest);
        }
    }

    /// A telephone number: 7 to 15 digits, with `+`, spaces, hyphens and brackets as people write them.
    // rule: GEN-03
    pub(super) fn phone(&mut self, field: &str, phone: &Sensitive) {
        let text = phone.expose().trim();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let shaped = text.char_indices().all(|(index, letter)| {
            letter.is_ascii_digit() || matches!(letter, ' ' | '-' | '(' | ')') || (letter == '+' && index == 0)
        });
        self.ensure(
            shaped && (7..=15).contains(&digits) && text.len() <= 30,
            field,
            "GEN-03",
            "must be a telephone number of 7 to 15 digits",
            "须为7至15位数字的电话号码",
        );
    }

    /// Whether everything is right so far.
    pub(super) fn is_right(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether nothing but rules of `ids` is broken.
    pub(super) fn breaks_only(&self, ids: &[&str]) -> bool {
        !self.is_right()
            && self
                .violations
                .iter()
                .all(|violation| ids.contains(&violation.rule.as_str()))
    }

    /// The refusal with every violation, if any.
    pub(super) fn done(self) -> Result<(), Rejection> {
        if self.is_right() {
            Ok(())
        } else {
            Err(Rejection::fields(self.violations))
        }
    }
}
