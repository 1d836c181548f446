//! Commands of the institution family. Fields hold parsed values; texts are checked by the decider.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::licence::{
    AcceptApplication, CloseCessation, DecideApplication, DecideObjection, DismissApplication, ExpireClock,
    ExtendClock, ImposeCondition, IssueCertificate, LiftCondition, LodgeObjection, MakeProvisional, OpenCessation,
    PauseClock, ProposeDecision, ProvideInformation, RecomputeClocks, RecordConditionMet, RecordPlacement,
    RecordRegistryCheck, RecordSiteVerification, RefuseApplication, RequestInformation, RestoreStanding, ResumeClock,
    ReturnApplication, ReturnProposal, RevokeAuthorization, StartMigration, SubmitApplication, WithdrawApplication,
};
use super::{InstitutionType, Mode, Ownership, PaperKind, Registrar, SuspensionKind, Tenure};
use crate::personal::Sensitive;
use crate::values::{ClassType, CreditCode, ExternalId, IdentityNumber, Places, Point, RegionId};

/// One class with its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Name, unique within the institution, e.g. `小一班`.
    pub name: String,
    /// Class type.
    pub class_type: ClassType,
    /// Places.
    pub places: Places,
}

/// One paper of a filing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Kind.
    pub kind: PaperKind,
    /// Who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Day of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_date: Option<Date>,
    /// Last day of validity, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Date>,
    /// SHA-256 of the file, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether its conclusion is a pass, for papers that conclude (hygiene evaluation, fire safety).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
}

/// The premises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Premises {
    /// Tenure.
    pub tenure: Tenure,
    /// Last day of the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_end_date: Option<Date>,
    /// First day of the lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_start_date: Option<Date>,
    /// Highest floor used; 0 or less is a basement or semi-basement.
    pub highest_floor: i32,
    /// Lowest floor used.
    pub lowest_floor: i32,
    /// Usable area in cm2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_cm2: Option<u64>,
    /// Built area (建筑面积) in cm2; asked for where policy counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_area_cm2: Option<u64>,
    /// Outdoor ground in cm2, 0 when there is none; asked for where the area per place depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdoor_area_cm2: Option<u64>,
}

/// The legal representative as told in a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepresentativeInput {
    /// Name.
    pub name: Sensitive,
    /// Identity number, when told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityInput>,
    /// Phone.
    pub phone: Sensitive,
}

/// An identity number on its way; serialises for the fingerprint only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityInput(pub IdentityNumber);

impl Serialize for IdentityInput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// Registers an institution: what the registrar's record says, with its site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterInstitution {
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Credit code of the legal person.
    pub credit_code: CreditCode,
    /// Name of the site among the sites of one legal person, e.g. `总部`; unique together with the credit code.
    pub site: String,
    /// Address.
    pub address: String,
    /// Township or county of the site.
    pub region: RegionId,
    /// Point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Type.
    pub institution_type: InstitutionType,
    /// Other types that share the place, e.g. the training base of a service centre.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_types: Vec<InstitutionType>,
    /// Mode.
    pub mode: Mode,
    /// Ownership.
    pub ownership: Ownership,
    /// Registrar.
    pub registrar: Registrar,
    /// Day of the legal person's registration.
    pub registration_date: Date,
    /// Legal representative.
    pub representative: RepresentativeInput,
    /// Classes.
    pub classes: Vec<Class>,
}

/// Files (备案): the papers as handed in. Incomplete papers are returned once with everything that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubmitFiling {
    /// Papers.
    pub papers: Vec<Paper>,
    /// Whether meals are made on site.
    pub makes_meals: bool,
    /// Premises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub premises: Option<Premises>,
}

/// Withdraws the open filing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WithdrawFiling {
    /// Reason.
    pub reason: Sensitive,
}

/// Issues receipt (备案回执) and notice of basic conditions (基本条件告知书).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueReceipt {
    /// Number of the receipt.
    pub receipt_number: String,
    /// Day of issue; not before acceptance, not after today.
    pub issue_date: Date,
}

/// Tells an institution that it is not up to standard, with reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotifyNonconformity {
    /// Reasons: each an item and what is wrong with it.
    pub reasons: Vec<NonconformityReason>,
    /// Day of the finding, from which the clock runs when policy says so.
    pub finding_date: Date,
}

/// One reason for a nonconformity. It is published by law and therefore stands in the log in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NonconformityReason {
    /// Item: a paper's code or a standard's key, e.g. `premises.floor`.
    pub item: String,
    /// What is wrong, in words written for publication; names nobody.
    pub description: String,
}

/// Confirms that a nonconforming institution is up to standard again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmConformity {
    /// What was seen.
    pub statement: Sensitive,
}

/// Changes registered details. Absent members stay. Another site is a new filing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct ChangeDetails {
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New wording of the same address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// New region: allowed only while the site stays, i.e. when the division itself changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionId>,
    /// Corrected point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Ownership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// New legal representative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub representative: Option<RepresentativeInput>,
    /// Whether the site itself moves: always refused with what to do instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub moves_site: bool,
    /// Day from which it holds; default: the occurred day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_date: Option<Date>,
}

/// Replaces the classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeClasses {
    /// All classes from the day on.
    pub classes: Vec<Class>,
    /// Day from which they hold.
    pub effective_date: Date,
}

/// Suspends the institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspendInstitution {
    /// Kind.
    pub kind: SuspensionKind,
    /// Reason in words.
    pub reason: Sensitive,
    /// First day.
    pub from_date: Date,
    /// Planned last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<Date>,
}

/// Resumes a suspended institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResumeInstitution {
    /// First day of service again.
    pub from_date: Date,
    /// Statement.
    pub statement: Sensitive,
}

/// Closes the institution for good (注销).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CloseInstitution {
    /// Reason.
    pub reason: Sensitive,
    /// Last day of service.
    pub closing_date: Date,
    /// Children still enrolled who need another place.
    pub children_to_place: u32,
}

/// Corrects a wrong fact: names the event whose fact is withdrawn, says what is right and from when. Two persons.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CorrectFact {
    /// Revision of the event in this stream whose fact is wrong.
    pub revision: u64,
    /// Which fact of it; a key of the dossier, e.g. `name`, `classes`.
    pub key: String,
    /// The right value; absent when the fact is only withdrawn. Same JSON form as the dossier's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Day from which the right value holds.
    pub valid_from_date: Date,
    /// Reason.
    pub reason: Sensitive,
    /// Account of the person who approved it; must differ from the actor.
    pub approver: String,
}

// Not derived: the value may be personal.
impl fmt::Debug for CorrectFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorrectFact")
            .field("revision", &self.revision)
            .field("key", &self.key)
            .field("valid_from_date", &self.valid_from_date)
            .finish_non_exhaustive()
    }
}

/// A row of a foreign register about an institution. Value rules apply, process rules do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordImportedInstitution {
    /// Its number in the register.
    pub external: ExternalId,
    /// Name as the register gives it.
    pub name: String,
    /// Address, when told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Region, foreign or Chinese.
    pub region: RegionId,
    /// Credit code, when the register has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_code: Option<CreditCode>,
    /// Type in our terms, `unknown` when it has no counterpart.
    pub institution_type: InstitutionType,
    /// Type in the register's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_type: Option<String>,
    /// Where it stands in the register's own words, e.g. `正常`. It moves nothing here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_status: Option<String>,
    /// Mode.
    pub mode: Mode,
    /// Ownership.
    pub ownership: Ownership,
    /// Classes, when told.
    pub classes: Vec<Class>,
    /// Day from which the register's statement holds, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from_date: Option<Date>,
    /// Day as of which the register speaks, for a register that comes in editions. What a later edition changes holds
    /// from its day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition_date: Option<Date>,
}

/// Commands of the institution family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum InstitutionCommand {
    /// See [`RegisterInstitution`].
    Register(RegisterInstitution),
    /// See [`SubmitFiling`].
    SubmitFiling(SubmitFiling),
    /// See [`WithdrawFiling`].
    WithdrawFiling(WithdrawFiling),
    /// See [`IssueReceipt`].
    IssueReceipt(IssueReceipt),
    /// See [`NotifyNonconformity`].
    NotifyNonconformity(NotifyNonconformity),
    /// See [`ConfirmConformity`].
    ConfirmConformity(ConfirmConformity),
    /// See [`ChangeDetails`].
    ChangeDetails(ChangeDetails),
    /// See [`ChangeClasses`].
    ChangeClasses(ChangeClasses),
    /// See [`SuspendInstitution`].
    Suspend(SuspendInstitution),
    /// See [`ResumeInstitution`].
    Resume(ResumeInstitution),
    /// See [`CloseInstitution`].
    Close(CloseInstitution),
    /// See [`CorrectFact`].
    CorrectFact(CorrectFact),
    /// See [`RecordImportedInstitution`].
    RecordImported(RecordImportedInstitution),
    /// See [`SubmitApplication`].
    SubmitApplication(SubmitApplication),
    /// See [`ReturnApplication`].
    ReturnApplication(ReturnApplication),
    /// See [`AcceptApplication`].
    AcceptApplication(AcceptApplication),
    /// See [`DismissApplication`].
    DismissApplication(DismissApplication),
    /// See [`RequestInformation`].
    RequestInformation(RequestInformation),
    /// See [`ProvideInformation`].
    ProvideInformation(ProvideInformation),
    /// See [`RecordRegistryCheck`].
    RecordRegistryCheck(RecordRegistryCheck),
    /// See [`RecordSiteVerification`].
    RecordSiteVerification(RecordSiteVerification),
    /// See [`ProposeDecision`].
    ProposeDecision(ProposeDecision),
    /// See [`ReturnProposal`].
    ReturnProposal(ReturnProposal),
    /// See [`DecideApplication`].
    DecideApplication(DecideApplication),
    /// See [`LodgeObjection`].
    LodgeObjection(LodgeObjection),
    /// See [`DecideObjection`].
    DecideObjection(DecideObjection),
    /// See [`RefuseApplication`].
    RefuseApplication(RefuseApplication),
    /// See [`WithdrawApplication`].
    WithdrawApplication(WithdrawApplication),
    /// See [`IssueCertificate`].
    IssueCertificate(IssueCertificate),
    /// See [`PauseClock`].
    PauseClock(PauseClock),
    /// See [`ResumeClock`].
    ResumeClock(ResumeClock),
    /// See [`ExtendClock`].
    ExtendClock(ExtendClock),
    /// See [`ExpireClock`].
    ExpireClock(ExpireClock),
    /// See [`RecomputeClocks`].
    RecomputeClocks(RecomputeClocks),
    /// See [`ImposeCondition`].
    ImposeCondition(ImposeCondition),
    /// See [`RecordConditionMet`].
    RecordConditionMet(RecordConditionMet),
    /// See [`LiftCondition`].
    LiftCondition(LiftCondition),
    /// See [`MakeProvisional`].
    MakeProvisional(MakeProvisional),
    /// See [`RestoreStanding`].
    RestoreStanding(RestoreStanding),
    /// See [`RevokeAuthorization`].
    RevokeAuthorization(RevokeAuthorization),
    /// See [`OpenCessation`].
    OpenCessation(OpenCessation),
    /// See [`RecordPlacement`].
    RecordPlacement(RecordPlacement),
    /// See [`CloseCessation`].
    CloseCessation(CloseCessation),
    /// See [`StartMigration`].
    StartMigration(StartMigration),
}

macro_rules! commands_from {
    ($( $command:ident => $variant:ident, )*) => {
        $( impl From<$command> for InstitutionCommand {
            fn from(command: $command) -> Self { Self::$variant(command) }
        } )*
    };
}

commands_from! {
    RegisterInstitution => Register,
    SubmitFiling => SubmitFiling,
    WithdrawFiling => WithdrawFiling,
    IssueReceipt => IssueReceipt,
    NotifyNonconformity => NotifyNonconformity,
    ConfirmConformity => ConfirmConformity,
    ChangeDetails => ChangeDetails,
    ChangeClasses => ChangeClasses,
    SuspendInstitution => Suspend,
    ResumeInstitution => Resume,
    CloseInstitution => Close,
    CorrectFact => CorrectFact,
    RecordImportedInstitution => RecordImported,
    SubmitApplication => SubmitApplication,
    ReturnApplication => ReturnApplication,
    AcceptApplication => AcceptApplication,
    DismissApplication => DismissApplication,
    RequestInformation => RequestInformation,
    ProvideInformation => ProvideInformation,
    RecordRegistryCheck => RecordRegistryCheck,
    RecordSiteVerification => RecordSiteVerification,
    ProposeDecision => ProposeDecision,
    ReturnProposal => ReturnProposal,
    DecideApplication => DecideApplication,
    LodgeObjection => LodgeObjection,
    DecideObjection => DecideObjection,
    RefuseApplication => RefuseApplication,
    WithdrawApplication => WithdrawApplication,
    IssueCertificate => IssueCertificate,
    PauseClock => PauseClock,
    ResumeClock => ResumeClock,
    ExtendClock => ExtendClock,
    ExpireClock => ExpireClock,
    RecomputeClocks => RecomputeClocks,
    ImposeCondition => ImposeCondition,
    RecordConditionMet => RecordConditionMet,
    LiftCondition => LiftCondition,
    MakeProvisional => MakeProvisional,
    RestoreStanding => RestoreStanding,
    RevokeAuthorization => RevokeAuthorization,
    OpenCessation => OpenCessation,
    RecordPlacement => RecordPlacement,
    CloseCessation => CloseCessation,
    StartMigration => StartMigration,
}

impl InstitutionCommand {
    /// The application of the licence regime that the command names.
    #[must_use]
    pub fn application(&self) -> Option<u32> {
        match self {
            Self::ReturnApplication(command) => Some(command.application),
            Self::AcceptApplication(command) => Some(command.application),
            Self::DismissApplication(command) => Some(command.application),
            Self::RequestInformation(command) => Some(command.application),
            Self::ProvideInformation(command) => Some(command.application),
            Self::RecordSiteVerification(command) => Some(command.application),
            Self::ProposeDecision(command) => Some(command.application),
            Self::ReturnProposal(command) => Some(command.application),
            Self::DecideApplication(command) => Some(command.application),
            Self::LodgeObjection(command) => Some(command.application),
            Self::DecideObjection(command) => Some(command.application),
            Self::RefuseApplication(command) => Some(command.application),
            Self::WithdrawApplication(command) => Some(command.application),
            Self::IssueCertificate(command) => Some(command.application),
            Self::RecordRegistryCheck(command) => command.application,
            _ => None,
        }
    }
}
