//! A refusal: one typed shape for the whole house, from a value that does not parse to a move that the state forbids.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One article of one law, regulation or standard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LegalBasis {
    /// Short name of the law as cited, e.g. `人口与计划生育法` or `国卫办人口发〔2019〕25号`.
    pub law: String,
    /// Article as cited, e.g. `§28`.
    pub article: String,
}

impl LegalBasis {
    /// Builds a citation.
    pub fn new(law: impl Into<String>, article: impl Into<String>) -> Self {
        Self {
            law: law.into(),
            article: article.into(),
        }
    }
}

/// How a refusal maps to a canonical code at the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request itself is wrong, whatever the state (INVALID_ARGUMENT).
    InvalidArgument,
    /// The state forbids it now (FAILED_PRECONDITION).
    FailedPrecondition,
    /// It exists already (ALREADY_EXISTS).
    AlreadyExists,
    /// Absent, or foreign to the caller, which must look the same (NOT_FOUND).
    NotFound,
    /// The role may never do this (PERMISSION_DENIED).
    PermissionDenied,
    /// Lost a race that the caller asked to be told about (ABORTED).
    Aborted,
    /// Try again later (UNAVAILABLE).
    Unavailable,
    /// A limit is reached (RESOURCE_EXHAUSTED).
    ResourceExhausted,
    /// The stream holds a damaged record (DATA_LOSS).
    DataLoss,
}

macro_rules! reasons {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal / $kind:ident, )*) => {
        /// Why a command was refused. The name is the `reason` of `google.rpc.ErrorInfo`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $( $(#[$doc])* $variant, )* }
        impl Reason {
            /// Every reason, for documentation and tests.
            pub const ALL: &'static [Reason] = &[ $( Reason::$variant, )* ];
            /// The UPPER_SNAKE name on the wire.
            #[must_use] pub const fn as_str(self) -> &'static str { match self { $( Reason::$variant => $name, )* } }
            /// The canonical code that it maps to.
            #[must_use] pub const fn kind(self) -> Kind { match self { $( Reason::$variant => Kind::$kind, )* } }
        }
    };
}

reasons! {
    /// A field is missing, malformed or breaks a value rule; see the violations.
    InvalidField = "INVALID_FIELD" / InvalidArgument,
    /// The same request id came with another body.
    RequestIdReused = "REQUEST_ID_REUSED" / InvalidArgument,
    /// The request id is missing or not a UUID.
    RequestIdRequired = "REQUEST_ID_REQUIRED" / InvalidArgument,
    /// A correction names an event that does not exist, is no fact, or is withdrawn already.
    NotCorrectable = "NOT_CORRECTABLE" / InvalidArgument,
    /// The state machine does not allow this move.
    IllegalTransition = "ILLEGAL_TRANSITION" / FailedPrecondition,
    /// The command would change nothing.
    NothingToDo = "NOTHING_TO_DO" / FailedPrecondition,
    /// The second person must be another one than the first.
    TwoPersonRule = "TWO_PERSON_RULE" / FailedPrecondition,
    /// A filing may be returned once; a further return must cite what was not visible before.
    ReturnedOnce = "RETURNED_ONCE" / FailedPrecondition,
    /// Moving to another site is a new filing.
    RelocationIsNewFiling = "RELOCATION_IS_NEW_FILING" / FailedPrecondition,
    /// A licence rules it: it changes by an application, not by telling it.
    NeedsApplication = "NEEDS_APPLICATION" / FailedPrecondition,
    /// Guardians must be told before the case can end.
    GuardiansNotTold = "GUARDIANS_NOT_TOLD" / FailedPrecondition,
    /// A number of places, children or classes is above what the rule allows.
    CapacityExceeded = "CAPACITY_EXCEEDED" / FailedPrecondition,
    /// The person may not work with children on that day: barred, a check is missing or has run out.
    PersonIneligible = "PERSON_INELIGIBLE" / FailedPrecondition,
    /// No policy is in force for the reference date.
    PolicyNotInForce = "POLICY_NOT_IN_FORCE" / FailedPrecondition,
    /// An inspector is not there, not certified on the day, or may not inspect this institution.
    NotCertifiedInspector = "NOT_CERTIFIED_INSPECTOR" / FailedPrecondition,
    /// The yearly cap of visits to this institution is reached.
    FrequencyCapReached = "FREQUENCY_CAP_REACHED" / FailedPrecondition,
    /// No such version of the checklist was published, or it is not in force on the day.
    ChecklistVersionUnknown = "CHECKLIST_VERSION_UNKNOWN" / FailedPrecondition,
    /// A legal clock has run out.
    ClockExpired = "CLOCK_EXPIRED" / FailedPrecondition,
    /// The stream holds an event that this version does not know.
    NewerEvent = "NEWER_EVENT" / FailedPrecondition,
    /// A creation was given up by its owner and taken over.
    RequestAbandoned = "REQUEST_ABANDONED" / FailedPrecondition,
    /// A newer edition of the same register is recorded.
    OlderEdition = "OLDER_EDITION" / FailedPrecondition,
    /// Another regime, filing or licence, is in force in the region on the day on which the papers came in.
    RegimeNotInForce = "REGIME_NOT_IN_FORCE" / FailedPrecondition,
    /// After deceit no new application may be made before a day.
    ApplicantBarred = "APPLICANT_BARRED" / FailedPrecondition,
    /// What must be done before a decision is missing, or speaks against it.
    ReviewIncomplete = "REVIEW_INCOMPLETE" / FailedPrecondition,
    /// Another one already holds what must be unique: credit code and site, an identity, a certificate.
    DuplicateClaim = "DUPLICATE_CLAIM" / AlreadyExists,
    /// It exists already.
    AlreadyExists = "ALREADY_EXISTS" / AlreadyExists,
    /// Not there, or not yours.
    NotFound = "NOT_FOUND" / NotFound,
    /// The role may never call this method.
    RoleNotAllowed = "ROLE_NOT_ALLOWED" / PermissionDenied,
    /// The `etag` is not the current revision.
    EtagMismatch = "ETAG_MISMATCH" / Aborted,
    /// A claim is being taken over or created right now.
    ClaimPending = "CLAIM_PENDING" / Unavailable,
    /// The stream has reached its length limit.
    StreamTooLong = "STREAM_TOO_LONG" / ResourceExhausted,
    /// The personal data that this needs was erased.
    SubjectErased = "SUBJECT_ERASED" / FailedPrecondition,
    /// A record of the stream is damaged; writes are refused until it is repaired.
    RecordDamaged = "RECORD_DAMAGED" / DataLoss,
}

/// One field that breaks one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, e.g. `credit_code` or `classes[1].places`.
    pub field: String,
    /// Id of the rule in `docs/rules.md`, or of the value's standard, e.g. `GB-32100`.
    pub rule: String,
    /// What is wrong, in English. Quotes no personal data.
    pub message: String,
    /// What is wrong, in Chinese. Quotes no personal data.
    pub message_zh: String,
}

/// A refusal with everything that the caller needs to put it right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .reason.as_str())]
pub struct Rejection {
    /// Why.
    pub reason: Reason,
    /// One sentence in English.
    pub message: String,
    /// The same in Chinese.
    pub message_zh: String,
    /// Fields that break rules; empty when the state is the reason.
    pub violations: Vec<Violation>,
    /// The articles that the refusal rests on.
    pub legal_basis: Vec<LegalBasis>,
    /// Every dynamic value of the message, by name.
    pub metadata: BTreeMap<String, String>,
}

impl Rejection {
    /// A refusal with its two messages.
    pub fn new(reason: Reason, message: impl Into<String>, message_zh: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            message_zh: message_zh.into(),
            violations: Vec::new(),
            legal_basis: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// One field that breaks one rule.
    pub fn field(
        field: impl Into<String>,
        rule: impl Into<String>,
        message: impl Into<String>,
        message_zh: impl Into<String>,
    ) -> Self {
        Self::fields(vec![Violation {
            field: field.into(),
            rule: rule.into(),
            message: message.into(),
            message_zh: message_zh.into(),
        }])
    }

    /// Several fields that break rules. `violations` must not be empty.
    #[must_use]
    pub fn fields(violations: Vec<Violation>) -> Self {
        let names: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
        let names = names.join(", ");
        let mut rejection = Self::new(
            Reason::InvalidField,
            format!("invalid: {names}"),
            format!("字段不符合要求：{names}"),
        );
        rejection.violations = violations;
        rejection.with("fields", names)
    }

    /// Adds a citation.
    #[must_use]
    pub fn citing(mut self, basis: LegalBasis) -> Self {
        self.legal_basis.push(basis);
        self
    }

    /// Adds a dynamic value under its name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }
}
