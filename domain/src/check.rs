//! Value rules that families share: texts, days, digests. Every violation is collected, and none quotes the text.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::aggregate::Context;
use crate::personal::Sensitive;
use crate::rejection::{Rejection, Violation};
use crate::time::{Occurred, day_of};

/// How far a caller's clock may be ahead of ours, in seconds, before "it happened" counts as the future.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// Whether an instant is later than a caller's clock may be.
pub(crate) fn is_future(time: Timestamp, now: Timestamp) -> bool {
    time.as_second() > now.as_second().saturating_add(CLOCK_TOLERANCE_SECONDS)
}

/// An act has happened, at a known time.
// rule: GEN-01
pub(crate) fn act_is_past(context: &Context<'_>) -> Result<(), Rejection> {
    let (message, message_zh) = match context.occurred {
        Occurred::Unknown => ("must say when it happened", "须说明发生时间"),
        Occurred::Day { date } if date > day_of(context.now) => ("must not lie in the future", "发生时间不能晚于现在"),
        Occurred::Instant { time } if is_future(time, context.now) => {
            ("must not lie in the future", "发生时间不能晚于现在")
        }
        Occurred::Day { .. } | Occurred::Instant { .. } => return Ok(()),
    };
    Err(Rejection::field("occurred", "GEN-01", message, message_zh))
}

/// Collects violations, so that a caller hears of all of them at once.
#[derive(Default)]
pub(crate) struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// Notes a violation.
    pub(crate) fn wrong(&mut self, field: &str, rule: &str, message: impl Into<String>, message_zh: impl Into<String>) {
        self.violations.push(Violation {
            field: field.to_owned(),
            rule: rule.to_owned(),
            message: message.into(),
            message_zh: message_zh.into(),
        });
    }

    /// Notes a violation unless it is `right`.
    pub(crate) fn ensure(&mut self, right: bool, field: &str, rule: &str, message: &str, message_zh: &str) {
        if !right {
            self.wrong(field, rule, message, message_zh);
        }
    }

    /// A text of 1 to `longest` characters that is not blank and holds no control characters.
    // rule: GEN-03
    pub(crate) fn text(&mut self, field: &str, text: &str, longest: usize) {
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
    pub(crate) fn text_if_some(&mut self, field: &str, text: Option<&str>, longest: usize) {
        if let Some(text) = text {
            self.text(field, text, longest);
        }
    }

    /// A telephone number: 7 to 15 digits, with `+`, spaces, hyphens and brackets as people write them.
    // rule: GEN-03
    pub(crate) fn phone(&mut self, field: &str, phone: &Sensitive) {
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

    /// A date that may not lie in the future.
    // rule: GEN-02
    pub(crate) fn not_in_future(&mut self, field: &str, date: Date, context: &Context<'_>) {
        self.ensure(
            date <= day_of(context.now),
            field,
            "GEN-02",
            "must not lie in the future",
            "日期不能晚于今天",
        );
    }

    /// A SHA-256 in hex as files are named by, when told.
    // rule: GEN-03
    pub(crate) fn sha256(&mut self, field: &str, digest: Option<&str>) {
        let shaped = |digest: &str| {
            digest.len() == 64
                && digest
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        self.ensure(
            digest.is_none_or(shaped),
            field,
            "GEN-03",
            "must be 64 lower-case hex digits",
            "须为64位小写十六进制数字",
        );
    }

    /// Whether everything is right so far.
    pub(crate) fn is_right(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether nothing but rules of `ids` is broken.
    pub(crate) fn breaks_only(&self, ids: &[&str]) -> bool {
        !self.is_right()
            && self
                .violations
                .iter()
                .all(|violation| ids.contains(&violation.rule.as_str()))
    }

    /// The refusal with every violation, if any.
    pub(crate) fn done(self) -> Result<(), Rejection> {
        if self.is_right() {
            Ok(())
        } else {
            Err(Rejection::fields(self.violations))
        }
    }
}
