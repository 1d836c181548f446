//! Values of the domain's closed lists in words. Chinese terms are the domain's own; English ones are made from the
//! codes, which are English names.

use yujian_domain::values::ClassType;
use yujian_domain::{alert, clock, incident, inspection, institution, person};

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
    alert::AlertRule,
    alert::AlertSeverity,
    alert::DismissalReason,
    alert::Status,
    clock::ApproverOffice,
    clock::ClockKind,
    clock::ClockOwner,
    clock::ClockState,
    clock::ExtensionReason,
    clock::PauseReason,
    clock::Unit,
    incident::Category,
    incident::Channel,
    incident::Injury,
    incident::Outcome,
    incident::Priority,
    incident::RootCause,
    incident::Severity,
    incident::Status,
    inspection::AbortReason,
    inspection::Answer,
    inspection::BackfillReason,
    inspection::CancelReason,
    inspection::CheckInMethod,
    inspection::CorrectionCheck,
    inspection::Extent,
    inspection::FindingState,
    inspection::ImmediateMeasure,
    inspection::ImportedKind,
    inspection::Purpose,
    inspection::RecusalGround,
    inspection::Signature,
    inspection::Status,
    inspection::Weight,
    institution::ApplicationKind,
    institution::ApplicationState,
    institution::AuthorizationKind,
    institution::CessationCause,
    institution::ConditionState,
    institution::Deceit,
    institution::DeemedOutcome,
    institution::DismissalGround,
    institution::InstitutionType,
    institution::ItemProblem,
    institution::Mode,
    institution::Ownership,
    institution::PaperKind,
    institution::ProposedOutcome,
    institution::Regime,
    institution::Registrar,
    institution::RegistryOutcome,
    institution::RegistrySource,
    institution::RevocationGround,
    institution::Status,
    institution::SuspensionKind,
    institution::Tenure,
    institution::VerificationOutcome,
    person::BarGround,
    person::CredentialKind,
    person::CredentialState,
    person::Employment,
    person::EndGround,
    person::EngagementState,
    person::IdentityKind,
    person::OffDutyGround,
    person::Offence,
    person::Post,
    person::Proofing,
    person::QueriedOf,
    person::QueryOccasion,
    person::RejectionGround,
    person::RevocationGround,
    person::Status,
    person::TrainingKind,
    person::VerificationMethod,
    yujian_views::AuthorizationBasis,
    yujian_views::AuthorizationState,
    yujian_views::ClockBucket,
    yujian_views::ClockStepKind,
);

/// The English term of a code: the code with spaces and a capital letter, unless that reads badly.
pub(crate) fn english(code: &str) -> String {
    let better = match code {
        "aborted" => "Broken off",
        "ample" => "Ample time",
        "approval_overdue" => "Emergency approval overdue",
        "awaiting_information" => "Information awaited",
        "barred" => "Barred from childcare",
        "barred_engaged" => "Barred, yet engaged",
        "breach" => "Breach of standards or conditions",
        "by_issuer" => "By the issuer",
        "case" => "Single case",
        "cessation" => "Placing the children",
        "child_condition" => "Child's own condition",
        "claimed" => "To be verified",
        "commented" => "Comments received",
        "commitment" => "Letter of commitment",
        "completeness" => "Look at completeness",
        "correction_claimed" => "Told to be corrected",
        "correction_due" => "To be corrected",
        "correction_reply" => "Completing what was returned",
        "credential_ended" => "Credential ended while engaged",
        "double_engagement" => "Engaged twice",
        "fieldwork_completed" => "Fieldwork done",
        "fire" => "Fire and rescue",
        "fire_safety" => "Fire-safety pass",
        "food" => "Food licences",
        "fraud" => "Got by fraud or bribery",
        "health_worker_training" => "Training of health workers",
        "handled_elsewhere" => "Dealt with elsewhere",
        "hearing_request" => "Asking for a hearing",
        "hiring" => "On hiring",
        "home_return_permit" => "Permit of Hong Kong and Macao residents",
        "hospital" => "Hospital stay",
        "hygiene" => "Hygiene evaluation",
        "imported" => "Foreign register",
        "infant_care" => "Infant-care worker",
        "infectious_case" => "Infectious case or suspicion",
        "information_reply" => "Answering a request",
        "institution_code" => "Institution's code scanned",
        "kindergarten_integrated" => "Integrated with a kindergarten",
        "lapsed" => "Lapsed, no reply came",
        "lent" => "Lent to another house",
        "life_threatening" => "Life-threatening",
        "medical" => "Medical care",
        "medical_childcare" => "Combined with medical care",
        "migration" => "Change to the new regime",
        "no_code" => "Institution had no code",
        "non_regulatory" => "Not a regulatory matter",
        "nonconformity" => "Nonconformity notice",
        "not_found" => "Not in the register",
        "not_required" => "No licence needed",
        "order" => "Court or authority order",
        "out_of_jurisdiction" => "Another authority's",
        "owners_consent" => "Owners' consent",
        "peoples_government" => "People's government",
        "person_in_charge_training" => "Training of persons in charge",
        "pre_authorization" => "On-site check of a filing",
        "pre_service" => "Before starting",
        "production_safety" => "Work-safety accident",
        "public_built_privately_run" => "Built by the public, run privately",
        "random" => "Random draw",
        "receipt" => "Filing receipt",
        "record" => "Record found",
        "registry" => "In the register",
        "remote" => "Remote, with a picture",
        "renewal_ask" => "Asking for renewal",
        "resident_id" => "Resident identity card",
        "returned" => "Returned for completion",
        "reversed" => "Taken back",
        "seal_equipment" => "Equipment out of use",
        "special" => "Special inspection",
        "taiwan_permit" => "Permit of Taiwan residents",
        "veto" => "Veto item",
        "visit_code" => "Visit code shown",
        "writing" => "In writing",
        "written_notice" => "Papers shown, notice served",
        "yearly" => "Every year",
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
