//! Value rules shared by the family's commands. Violations are gathered, so that the caller learns all at once.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Category, ChildInput, Injury, Severity};
use crate::check::is_future;
use crate::personal::Sensitive;
use crate::rejection::{Rejection, Violation};

/// Longest plain text in characters: reasons, actions, advice.
const PLAIN_MAX: usize = 2_000;
/// Longest free text in characters; stays far below the log's limit for an event even as four-byte characters.
const NARRATIVE_MAX: usize = 10_000;
/// Longest name in characters.
const NAME_MAX: usize = 100;
/// Longest kind of place in characters.
const PLACE_MAX: usize = 40;
/// Longest run of digits in a kind of place, spaces not counted.
const DIGITS_MAX: usize = 6;
/// Most children of one incident.
pub(super) const CHILDREN_MAX: usize = 500;

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

    fn text(&mut self, field: impl Into<String>, rule: &str, text: &str, max: usize) {
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

    /// A kind of place. It stays in clear, so it must be too short for a story, and can hold no telephone or identity
    /// number.
    pub(super) fn place(&mut self, field: &str, rule: &str, text: &str) {
        self.text(field, rule, text, PLACE_MAX);
        if !text.chars().all(|letter| letter.is_alphanumeric() || letter == ' ') {
            self.refuse(
                field,
                rule,
                "must be a kind of place: letters, digits and spaces only",
                "须为场所名称，只能含文字、数字和空格",
            );
        }
        let mut run = 0_usize;
        for letter in text.chars().filter(|letter| *letter != ' ') {
            run = if letter.is_numeric() { run.saturating_add(1) } else { 0 };
            if run > DIGITS_MAX {
                return self.refuse(
                    field,
                    rule,
                    "must not hold a number of 7 or more digits",
                    "不能含7位及以上的数字",
                );
            }
        }
    }

    /// A name of an account or of a register.
    pub(super) fn name(&mut self, field: impl Into<String>, rule: &str, text: &str) {
        self.text(field, rule, text, NAME_MAX);
    }

    /// A plain text: a reason, an action.
    pub(super) fn plain(&mut self, field: impl Into<String>, rule: &str, text: &str) {
        self.text(field, rule, text, PLAIN_MAX);
    }

    /// A free text that may hold personal data.
    pub(super) fn narrative(&mut self, field: impl Into<String>, rule: &str, text: &Sensitive) {
        self.text(field, rule, text.expose(), NARRATIVE_MAX);
    }

    /// A person's name, when told.
    pub(super) fn person(&mut self, field: impl Into<String>, rule: &str, text: Option<&Sensitive>) {
        if let Some(text) = text {
            self.text(field, rule, text.expose(), NAME_MAX);
        }
    }

    /// A free text, when told.
    pub(super) fn optional_narrative(&mut self, field: impl Into<String>, rule: &str, text: Option<&Sensitive>) {
        if let Some(text) = text {
            self.narrative(field, rule, text);
        }
    }

    /// An instant that must have passed, by a clock that may be a little ahead of ours.
    pub(super) fn not_in_future(&mut self, field: &str, rule: &str, time: Timestamp, now: Timestamp) {
        if is_future(time, now) {
            self.refuse(field, rule, "must not lie in the future", "不能晚于当前时间");
        }
    }

    /// INC-04: each child's harm is known, and what is told of it is not blank.
    pub(super) fn children(&mut self, children: &[ChildInput]) {
        for (index, child) in children.iter().enumerate() {
            let field = |name: &str| format!("children[{index}].{name}");
            if child.severity == Severity::Unknown {
                self.severity_known(field("severity"));
            }
            if child.injury == Injury::Unknown {
                self.refuse(
                    field("injury"),
                    "INC-04",
                    "unknown is for imported history only; use other",
                    "“不详”仅用于外部历史数据，请填“其他”",
                );
            }
            self.person(field("name"), "INC-04", child.name.as_ref());
            if let Some(treatment) = &child.treatment {
                self.text(field("treatment"), "INC-04", treatment.expose(), PLAIN_MAX);
            }
        }
    }

    /// INC-04: unknown harm is for imported history only.
    pub(super) fn severity_known(&mut self, field: impl Into<String>) {
        self.refuse(
            field,
            "INC-04",
            "unknown is for imported history only; give what is known so far and supplement it later",
            "“不详”仅用于外部历史数据，请先按已知情况填写，之后续报",
        );
    }

    /// INC-05: the category fits the harm, since the category sets who must be told and by when.
    pub(super) fn category_fits(
        &mut self,
        field: &str,
        category: Category,
        severities: impl Iterator<Item = Severity> + Clone,
    ) {
        let gravest = severities
            .clone()
            .filter(|severity| *severity != Severity::Unknown)
            .max();
        if category == Category::Death && gravest != Some(Severity::Fatal) {
            self.refuse(
                field,
                "INC-05",
                "the category death needs a child whose harm is fatal",
                "“儿童死亡”须至少有一名儿童的伤害程度为死亡",
            );
        } else if category.concerns_a_child() && severities.clone().next().is_none() {
            self.refuse(
                field,
                "INC-05",
                "this category needs at least one child",
                "该类别须至少填报一名儿童",
            );
        }
        if category.is_slight() && gravest.is_some_and(|severity| severity > Severity::Medical) {
            self.refuse(
                field,
                "INC-05",
                "a child that was admitted, in danger of life or dead needs a graver category",
                "有儿童住院、危及生命或死亡的，须选择更严重的类别",
            );
        }
    }

    /// All violations as one refusal.
    pub(super) fn finish(self) -> Result<(), Rejection> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Rejection::fields(self.0))
        }
    }
}

impl Severity {
    /// Whether the child was harmed, as far as is known.
    #[must_use]
    pub fn is_harm(self) -> bool {
        !matches!(self, Self::None | Self::Unknown)
    }
}

impl Category {
    /// Whether it can't be without a child that it happened to.
    fn concerns_a_child(self) -> bool {
        matches!(
            self,
            Self::Death | Self::SeriousInjury | Self::MinorInjury | Self::MissingChild | Self::AllergicShock
        )
    }

    /// Whether it is milder than any harm that needs a hospital.
    fn is_slight(self) -> bool {
        matches!(self, Self::MinorInjury | Self::Disruption | Self::DataLeak)
    }

    /// Whether the children concerned were in the house when it happened. Ill children may be at home, missing ones
    /// are not there, and a leak of data happens to families.
    pub(super) fn happens_in_house(self) -> bool {
        matches!(
            self,
            Self::Death
                | Self::SeriousInjury
                | Self::MinorInjury
                | Self::AllergicShock
                | Self::ProductionSafety
                | Self::FoodSafety
        )
    }
}

/// Subject of every free text of the case.
pub(super) fn text_subject(id: Uuid) -> String {
    format!("incident-{id}.text")
}

/// Subject of a child.
pub(super) fn child_subject(id: Uuid, number: u32) -> String {
    format!("incident-{id}.child-{number}")
}

/// Subject of the reporter.
pub(super) fn reporter_subject(id: Uuid) -> String {
    format!("incident-{id}.reporter")
}
