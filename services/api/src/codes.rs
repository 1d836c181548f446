//! Closed lists on the wire and in the domain. The wire name of a value is its enum's prefix and its code in upper case, so
//! that a list is mapped by naming its two types; a test holds both sides together.

use yujian_domain::values::{ClassType, Datum};
use yujian_domain::{alert, clock, incident, inspection, institution, person, policy, system};
use yujian_proto::{
    audit::v1 as audit, common::v1 as common, incident::v1 as wire_incident, inspection::v1 as wire_inspection,
    licensing::v1 as licensing, staffing::v1 as staffing, supervision::v1 as supervision,
};
use yujian_views::{AuthorizationBasis, AuthorizationState, Bucket, ClockBucket, ClockStepKind};

/// A closed list of the domain with its enum on the wire.
pub(crate) trait Coded: Copy + Sized + 'static {
    /// Every value.
    const VALUES: &'static [Self];
    /// Code in events and view rows.
    fn code_text(self) -> &'static str;
    /// Number on the wire; 0 (unspecified) when the wire does not know the value.
    fn number(self) -> i32;
    /// Value of a number; `None` when it is unspecified or unknown.
    fn from_number(number: i32) -> Option<Self> {
        if number == 0 {
            None
        } else {
            Self::VALUES.iter().copied().find(|value| value.number() == number)
        }
    }
}

/// Number of a value that may be absent.
pub(crate) fn number_of<T: Coded>(value: Option<T>) -> i32 {
    value.map_or(0, Coded::number)
}

fn wire_name(prefix: &str, code: &str) -> String {
    format!("{prefix}{}", code.to_ascii_uppercase().replace('-', "_"))
}

macro_rules! coded {
    ($( $domain:ty => $wire:ty, $prefix:literal; )*) => { $(
        impl Coded for $domain {
            const VALUES: &'static [Self] = <$domain>::ALL;
            fn code_text(self) -> &'static str { self.code() }
            fn number(self) -> i32 {
                <$wire>::from_str_name(&wire_name($prefix, self.code())).map_or(0, |value| value as i32)
            }
        }
    )* };
}

coded! {
    institution::InstitutionType => licensing::InstitutionType, "INSTITUTION_TYPE_";
    institution::Mode => licensing::Mode, "MODE_";
    institution::Ownership => licensing::Ownership, "OWNERSHIP_";
    institution::Registrar => licensing::Registrar, "REGISTRAR_";
    institution::PaperKind => licensing::PaperKind, "PAPER_KIND_";
    institution::ItemProblem => licensing::ItemProblem, "ITEM_PROBLEM_";
    institution::Tenure => licensing::Tenure, "TENURE_";
    institution::SuspensionKind => licensing::SuspensionKind, "SUSPENSION_KIND_";
    institution::Status => licensing::InstitutionState, "INSTITUTION_STATE_";
    institution::ApplicationKind => licensing::ApplicationKind, "APPLICATION_KIND_";
    institution::ApplicationState => licensing::ApplicationState, "APPLICATION_STATE_";
    institution::DismissalGround => licensing::DismissalGround, "DISMISSAL_GROUND_";
    institution::RegistrySource => licensing::RegistrySource, "REGISTRY_SOURCE_";
    institution::RegistryOutcome => licensing::RegistryOutcome, "REGISTRY_OUTCOME_";
    institution::VerificationOutcome => licensing::VerificationOutcome, "VERIFICATION_OUTCOME_";
    institution::ProposedOutcome => licensing::ProposedOutcome, "PROPOSED_OUTCOME_";
    institution::DeemedOutcome => licensing::DeemedOutcome, "DEEMED_OUTCOME_";
    institution::AuthorizationKind => licensing::AuthorizationKind, "AUTHORIZATION_KIND_";
    institution::Deceit => licensing::Deceit, "DECEIT_";
    institution::RevocationGround => licensing::RevocationGround, "REVOCATION_GROUND_";
    institution::CessationCause => licensing::CessationCause, "CESSATION_CAUSE_";
    institution::ConditionState => licensing::ConditionState, "CONDITION_STATE_";
    institution::Regime => licensing::Regime, "REGIME_";
    clock::ClockKind => licensing::ClockKind, "CLOCK_KIND_";
    clock::ClockOwner => licensing::ClockOwner, "CLOCK_OWNER_";
    clock::ClockState => licensing::ClockState, "CLOCK_STATE_";
    clock::Unit => licensing::ClockUnit, "CLOCK_UNIT_";
    clock::PauseReason => licensing::PauseReason, "PAUSE_REASON_";
    clock::ExtensionReason => licensing::ExtensionReason, "EXTENSION_REASON_";
    clock::ApproverOffice => licensing::ApproverOffice, "APPROVER_OFFICE_";
    ClassType => licensing::ClassType, "CLASS_TYPE_";
    Datum => common::Datum, "DATUM_";
    system::ErasureGround => audit::ErasureGround, "ERASURE_GROUND_";
    incident::Category => wire_incident::Category, "CATEGORY_";
    incident::Injury => wire_incident::Injury, "INJURY_";
    incident::Severity => wire_incident::Severity, "SEVERITY_";
    incident::Priority => wire_incident::Priority, "PRIORITY_";
    incident::Channel => wire_incident::Channel, "CHANNEL_";
    incident::Outcome => wire_incident::Outcome, "OUTCOME_";
    incident::RootCause => wire_incident::RootCause, "ROOT_CAUSE_";
    incident::Status => wire_incident::IncidentState, "INCIDENT_STATE_";
    person::IdentityKind => staffing::IdentityKind, "IDENTITY_KIND_";
    person::Proofing => staffing::Proofing, "PROOFING_";
    person::CredentialKind => staffing::CredentialKind, "CREDENTIAL_KIND_";
    person::CredentialState => staffing::CredentialState, "CREDENTIAL_STATE_";
    person::VerificationMethod => staffing::VerificationMethod, "VERIFICATION_METHOD_";
    person::RejectionGround => staffing::RejectionGround, "REJECTION_GROUND_";
    person::RevocationGround => staffing::RevocationGround, "REVOCATION_GROUND_";
    person::Post => staffing::Post, "POST_";
    person::Employment => staffing::Employment, "EMPLOYMENT_";
    person::EngagementState => staffing::EngagementState, "ENGAGEMENT_STATE_";
    person::EndGround => staffing::EndGround, "END_GROUND_";
    person::OffDutyGround => staffing::OffDutyGround, "OFF_DUTY_GROUND_";
    person::QueryOccasion => staffing::QueryOccasion, "QUERY_OCCASION_";
    person::QueriedOf => staffing::QueriedOf, "QUERIED_OF_";
    person::Offence => staffing::Offence, "OFFENCE_";
    person::TrainingKind => staffing::TrainingKind, "TRAINING_KIND_";
    person::BarGround => staffing::BarGround, "BAR_GROUND_";
    person::Status => staffing::PersonState, "PERSON_STATE_";
    inspection::Purpose => wire_inspection::Purpose, "PURPOSE_";
    inspection::RecusalGround => wire_inspection::RecusalGround, "RECUSAL_GROUND_";
    inspection::CheckInMethod => wire_inspection::CheckInMethod, "CHECK_IN_METHOD_";
    inspection::BackfillReason => wire_inspection::BackfillReason, "BACKFILL_REASON_";
    inspection::Answer => wire_inspection::Answer, "ANSWER_";
    inspection::Weight => wire_inspection::Weight, "WEIGHT_";
    inspection::Extent => wire_inspection::Extent, "EXTENT_";
    inspection::ImmediateMeasure => wire_inspection::ImmediateMeasure, "IMMEDIATE_MEASURE_";
    inspection::FindingState => wire_inspection::FindingState, "FINDING_STATE_";
    inspection::CorrectionCheck => wire_inspection::CorrectionCheck, "CORRECTION_CHECK_";
    inspection::Signature => wire_inspection::Signature, "SIGNATURE_";
    inspection::AbortReason => wire_inspection::AbortReason, "ABORT_REASON_";
    inspection::CancelReason => wire_inspection::CancelReason, "CANCEL_REASON_";
    inspection::Status => wire_inspection::InspectionState, "INSPECTION_STATE_";
    alert::AlertRule => supervision::AlertRule, "ALERT_RULE_";
    alert::AlertSeverity => supervision::AlertSeverity, "ALERT_SEVERITY_";
    alert::DismissalReason => supervision::DismissalReason, "DISMISSAL_REASON_";
    alert::Status => supervision::AlertState, "ALERT_STATE_";
    ClockBucket => supervision::ClockBucket, "CLOCK_BUCKET_";
    ClockStepKind => supervision::ClockStepKind, "CLOCK_STEP_KIND_";
    AuthorizationBasis => supervision::AuthorizationBasis, "AUTHORIZATION_BASIS_";
    AuthorizationState => supervision::AuthorizationState, "AUTHORIZATION_STATE_";
    policy::Source => supervision::Source, "SOURCE_";
    policy::PolicyKind => licensing::PolicyKind, "POLICY_KIND_";
}

impl Coded for Bucket {
    const VALUES: &'static [Self] = Self::ALL;
    fn code_text(self) -> &'static str {
        self.code()
    }
    fn number(self) -> i32 {
        let bucket = match self {
            Self::Expired => supervision::Bucket::Expired,
            Self::Within7 => supervision::Bucket::Within7,
            Self::Within30 => supervision::Bucket::Within30,
            Self::Within90 => supervision::Bucket::Within90,
            Self::More => supervision::Bucket::More,
            Self::None => supervision::Bucket::None,
        };
        bucket.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::DescriptorPool;

    fn check<T: Coded + PartialEq + std::fmt::Debug>(pool: &DescriptorPool, name: &str, never_sent: &[&str]) {
        let wire = pool.get_enum_by_name(name).unwrap();
        let mut numbers = Vec::new();
        for value in T::VALUES {
            if never_sent.contains(&value.code_text()) {
                assert_eq!(value.number(), 0);
                continue;
            }
            assert_ne!(value.number(), 0, "{name} lacks {}", value.code_text());
            assert_eq!(T::from_number(value.number()), Some(*value));
            numbers.push(value.number());
        }
        numbers.sort_unstable();
        let mut on_wire: Vec<i32> = wire
            .values()
            .map(|value| value.number())
            .filter(|number| *number != 0)
            .collect();
        on_wire.sort_unstable();
        assert_eq!(numbers, on_wire, "{name}");
        assert_eq!(T::from_number(0), None);
        assert_eq!(T::from_number(9_999), None);
    }

    #[test]
    fn every_list_has_the_same_values_on_both_sides() {
        let pool = DescriptorPool::decode(yujian_proto::DESCRIPTOR_SET).unwrap();
        check::<institution::InstitutionType>(&pool, "yujian.licensing.v1.InstitutionType", &[]);
        check::<institution::Mode>(&pool, "yujian.licensing.v1.Mode", &[]);
        check::<institution::Ownership>(&pool, "yujian.licensing.v1.Ownership", &[]);
        check::<institution::Registrar>(&pool, "yujian.licensing.v1.Registrar", &[]);
        check::<institution::PaperKind>(&pool, "yujian.licensing.v1.PaperKind", &[]);
        check::<institution::ItemProblem>(&pool, "yujian.licensing.v1.ItemProblem", &[]);
        check::<institution::Tenure>(&pool, "yujian.licensing.v1.Tenure", &[]);
        check::<institution::SuspensionKind>(&pool, "yujian.licensing.v1.SuspensionKind", &[]);
        check::<institution::Status>(&pool, "yujian.licensing.v1.InstitutionState", &["none"]);
        check::<institution::ApplicationKind>(&pool, "yujian.licensing.v1.ApplicationKind", &[]);
        check::<institution::ApplicationState>(&pool, "yujian.licensing.v1.ApplicationState", &[]);
        check::<institution::DismissalGround>(&pool, "yujian.licensing.v1.DismissalGround", &["matter_ended"]);
        check::<institution::RegistrySource>(&pool, "yujian.licensing.v1.RegistrySource", &[]);
        check::<institution::RegistryOutcome>(&pool, "yujian.licensing.v1.RegistryOutcome", &[]);
        check::<institution::VerificationOutcome>(&pool, "yujian.licensing.v1.VerificationOutcome", &[]);
        check::<institution::ProposedOutcome>(&pool, "yujian.licensing.v1.ProposedOutcome", &[]);
        check::<institution::DeemedOutcome>(&pool, "yujian.licensing.v1.DeemedOutcome", &[]);
        check::<institution::AuthorizationKind>(&pool, "yujian.licensing.v1.AuthorizationKind", &[]);
        check::<institution::Deceit>(&pool, "yujian.licensing.v1.Deceit", &[]);
        check::<institution::RevocationGround>(&pool, "yujian.licensing.v1.RevocationGround", &[]);
        check::<institution::CessationCause>(&pool, "yujian.licensing.v1.CessationCause", &[]);
        check::<institution::ConditionState>(&pool, "yujian.licensing.v1.ConditionState", &[]);
        check::<institution::Regime>(&pool, "yujian.licensing.v1.Regime", &[]);
        check::<clock::ClockKind>(&pool, "yujian.licensing.v1.ClockKind", &[]);
        check::<clock::ClockOwner>(&pool, "yujian.licensing.v1.ClockOwner", &[]);
        check::<clock::ClockState>(&pool, "yujian.licensing.v1.ClockState", &[]);
        check::<clock::Unit>(&pool, "yujian.licensing.v1.ClockUnit", &[]);
        check::<clock::PauseReason>(&pool, "yujian.licensing.v1.PauseReason", &[]);
        check::<clock::ExtensionReason>(&pool, "yujian.licensing.v1.ExtensionReason", &[]);
        check::<clock::ApproverOffice>(&pool, "yujian.licensing.v1.ApproverOffice", &[]);
        check::<ClassType>(&pool, "yujian.licensing.v1.ClassType", &[]);
        check::<Datum>(&pool, "yujian.common.v1.Datum", &[]);
        check::<system::ErasureGround>(&pool, "yujian.audit.v1.ErasureGround", &[]);
        check::<incident::Category>(&pool, "yujian.incident.v1.Category", &[]);
        check::<incident::Injury>(&pool, "yujian.incident.v1.Injury", &[]);
        check::<incident::Severity>(&pool, "yujian.incident.v1.Severity", &[]);
        check::<incident::Priority>(&pool, "yujian.incident.v1.Priority", &[]);
        check::<incident::Channel>(&pool, "yujian.incident.v1.Channel", &[]);
        check::<incident::Outcome>(&pool, "yujian.incident.v1.Outcome", &[]);
        check::<incident::RootCause>(&pool, "yujian.incident.v1.RootCause", &[]);
        check::<incident::Status>(&pool, "yujian.incident.v1.IncidentState", &["none"]);
        check::<person::IdentityKind>(&pool, "yujian.staffing.v1.IdentityKind", &[]);
        check::<person::Proofing>(&pool, "yujian.staffing.v1.Proofing", &[]);
        check::<person::CredentialKind>(&pool, "yujian.staffing.v1.CredentialKind", &[]);
        check::<person::CredentialState>(&pool, "yujian.staffing.v1.CredentialState", &[]);
        check::<person::VerificationMethod>(&pool, "yujian.staffing.v1.VerificationMethod", &[]);
        check::<person::RejectionGround>(&pool, "yujian.staffing.v1.RejectionGround", &[]);
        check::<person::RevocationGround>(&pool, "yujian.staffing.v1.RevocationGround", &[]);
        check::<person::Post>(&pool, "yujian.staffing.v1.Post", &[]);
        check::<person::Employment>(&pool, "yujian.staffing.v1.Employment", &[]);
        check::<person::EngagementState>(&pool, "yujian.staffing.v1.EngagementState", &[]);
        check::<person::EndGround>(&pool, "yujian.staffing.v1.EndGround", &[]);
        check::<person::OffDutyGround>(&pool, "yujian.staffing.v1.OffDutyGround", &[]);
        check::<person::QueryOccasion>(&pool, "yujian.staffing.v1.QueryOccasion", &[]);
        check::<person::QueriedOf>(&pool, "yujian.staffing.v1.QueriedOf", &[]);
        check::<person::Offence>(&pool, "yujian.staffing.v1.Offence", &[]);
        check::<person::TrainingKind>(&pool, "yujian.staffing.v1.TrainingKind", &[]);
        check::<person::BarGround>(&pool, "yujian.staffing.v1.BarGround", &[]);
        check::<person::Status>(&pool, "yujian.staffing.v1.PersonState", &["none"]);
        check::<inspection::Purpose>(&pool, "yujian.inspection.v1.Purpose", &[]);
        check::<inspection::RecusalGround>(&pool, "yujian.inspection.v1.RecusalGround", &[]);
        check::<inspection::CheckInMethod>(&pool, "yujian.inspection.v1.CheckInMethod", &[]);
        check::<inspection::BackfillReason>(&pool, "yujian.inspection.v1.BackfillReason", &[]);
        check::<inspection::Answer>(&pool, "yujian.inspection.v1.Answer", &[]);
        check::<inspection::Weight>(&pool, "yujian.inspection.v1.Weight", &[]);
        check::<inspection::Extent>(&pool, "yujian.inspection.v1.Extent", &[]);
        check::<inspection::ImmediateMeasure>(&pool, "yujian.inspection.v1.ImmediateMeasure", &[]);
        check::<inspection::FindingState>(&pool, "yujian.inspection.v1.FindingState", &[]);
        check::<inspection::CorrectionCheck>(&pool, "yujian.inspection.v1.CorrectionCheck", &[]);
        check::<inspection::Signature>(&pool, "yujian.inspection.v1.Signature", &[]);
        check::<inspection::AbortReason>(&pool, "yujian.inspection.v1.AbortReason", &[]);
        check::<inspection::CancelReason>(&pool, "yujian.inspection.v1.CancelReason", &[]);
        check::<inspection::Status>(&pool, "yujian.inspection.v1.InspectionState", &["none"]);
        check::<alert::AlertRule>(&pool, "yujian.supervision.v1.AlertRule", &[]);
        check::<alert::AlertSeverity>(&pool, "yujian.supervision.v1.AlertSeverity", &[]);
        check::<alert::DismissalReason>(&pool, "yujian.supervision.v1.DismissalReason", &[]);
        check::<alert::Status>(&pool, "yujian.supervision.v1.AlertState", &["none"]);
        check::<ClockBucket>(&pool, "yujian.supervision.v1.ClockBucket", &[]);
        check::<ClockStepKind>(&pool, "yujian.supervision.v1.ClockStepKind", &[]);
        check::<AuthorizationBasis>(&pool, "yujian.supervision.v1.AuthorizationBasis", &[]);
        check::<AuthorizationState>(&pool, "yujian.supervision.v1.AuthorizationState", &[]);
        check::<policy::Source>(&pool, "yujian.supervision.v1.Source", &[]);
        check::<policy::PolicyKind>(&pool, "yujian.licensing.v1.PolicyKind", &[]);
        check::<Bucket>(&pool, "yujian.supervision.v1.Bucket", &[]);
    }
}
