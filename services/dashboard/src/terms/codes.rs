//! Values of the domain's closed lists in words. Chinese terms are the domain's own; English ones are made from the
//! codes, which are English names.

use yujian_domain::values::ClassType;
use yujian_domain::{incident, institution};

/// A value of a closed list.
pub(crate) trait Coded: Copy {
    /// Its code in events and rows.
    fn code(self) -> &'static str;
    /// Its Chinese term.
    fn zh(self) -> &'static str;
    /// Reads a code.
    fn from_code(code: &str) -> Option<Self>;
}

macro_rules! coded {
    ($($list:ty),* $(,)?) => { $(
        impl Coded for $list {
            fn code(self) -> &'static str {
                <$list>::code(self)
            }
            fn zh(self) -> &'static str {
                <$list>::zh(self)
            }
            fn from_code(code: &str) -> Option<Self> {
                <$list>::from_code(code)
            }
        }
    )* };
}

coded!(
    ClassType,
    incident::Category,
    incident::Channel,
    incident::Injury,
    incident::Outcome,
    incident::Priority,
    incident::RootCause,
    incident::Severity,
    incident::Status,
    institution::InstitutionType,
    institution::ItemProblem,
    institution::Mode,
    institution::Ownership,
    institution::PaperKind,
    institution::Registrar,
    institution::Status,
    institution::SuspensionKind,
    institution::Tenure,
);

/// The English term of a code: the code with spaces and a capital letter, unless that reads badly.
pub(crate) fn english(code: &str) -> String {
    let better = match code {
        "child_condition" => "Child's own condition",
        "commitment" => "Letter of commitment",
        "fire_safety" => "Fire-safety pass",
        "hospital" => "Hospital stay",
        "imported" => "Foreign register",
        "infectious_case" => "Infectious case or suspicion",
        "kindergarten_integrated" => "Integrated with a kindergarten",
        "life_threatening" => "Life-threatening",
        "medical" => "Medical care",
        "medical_childcare" => "Combined with medical care",
        "non_regulatory" => "Not a regulatory matter",
        "owners_consent" => "Owners' consent",
        "production_safety" => "Work-safety accident",
        "public_built_privately_run" => "Built by the public, run privately",
        "returned" => "Returned for completion",
        "writing" => "In writing",
        _ => "",
    };
    if !better.is_empty() {
        return better.to_owned();
    }
    let mut letters = code.chars();
    match letters.next() {
        Some(first) => first
            .to_uppercase()
            .chain(letters)
            .collect::<String>()
            .replace('_', " "),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_as_english() {
        for (code, term) in [
            ("under_investigation", "Under investigation"),
            ("p1", "P1"),
            ("WGS-84", "WGS-84"),
            ("owners_consent", "Owners' consent"),
            ("", ""),
        ] {
            assert_eq!(english(code), term);
        }
    }
}
