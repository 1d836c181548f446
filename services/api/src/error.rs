//! One place where everything that can go wrong becomes a `google.rpc.Status`: canonical code, `ErrorInfo` with a reason,
//! the articles and dynamic values in its metadata, field violations, and the sentence in Chinese.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, LocalizedMessage, PreconditionViolation, StatusExt};
use yujian_audit::AuditError;
use yujian_command::CommandError;
use yujian_domain::rejection::{Kind, Reason, Rejection, Violation};
use yujian_eventlog::LogError;
use yujian_views::ViewError;

/// `ErrorInfo.domain` of every error.
pub const ERROR_DOMAIN: &str = "yujian";
/// Locale of the second sentence.
const LOCALE: &str = "zh-CN";
/// When to try again after an UNAVAILABLE.
const RETRY_AFTER: Duration = Duration::from_secs(1);

macro_rules! api_reasons {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal / $code:ident / $message:literal / $zh:literal, )*) => {
        /// Why a call failed, where the reason lies at the boundary, in the log or in the views, not in the domain
        /// (for which see [`Reason`]).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ApiReason { $( $(#[$doc])* $variant, )* }

        impl ApiReason {
            /// Every reason, for documentation and tests.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];
            /// The UPPER_SNAKE name on the wire.
            #[must_use] pub const fn as_str(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// The canonical code.
            #[must_use] pub const fn code(self) -> Code { match self { $( Self::$variant => Code::$code, )* } }
            const fn message(self) -> &'static str { match self { $( Self::$variant => $message, )* } }
            const fn zh(self) -> &'static str { match self { $( Self::$variant => $zh, )* } }
        }
    };
}

api_reasons! {
    /// The actor header is missing, or the caller is not on loopback.
    ActorRequired = "ACTOR_REQUIRED" / Unauthenticated
        / "the call needs the yujian-actor header, from this machine" / "缺少操作人信息，或请求不是来自本机",
    /// The actor header can't be read.
    ActorInvalid = "ACTOR_INVALID" / Unauthenticated
        / "the yujian-actor header can't be read" / "操作人信息无法识别",
    /// The page token is not one of ours, or other arguments came with it.
    PageTokenInvalid = "PAGE_TOKEN_INVALID" / InvalidArgument
        / "the page token does not belong to these arguments" / "分页标记与查询条件不符",
    /// The position is of another log or of another epoch of this log.
    PositionForeign = "POSITION_FOREIGN" / InvalidArgument
        / "the position is not of this log" / "该位置不属于本日志",
    /// The views have not reached the position asked for; try again.
    ViewBehind = "VIEW_BEHIND" / Unavailable
        / "the views have not reached the position yet" / "视图尚未更新到所需位置，请稍后重试",
    /// The views can't answer now.
    ViewsUnavailable = "VIEWS_UNAVAILABLE" / Unavailable
        / "the views can't answer now" / "视图暂不可用，请稍后重试",
    /// The views are being rebuilt already; one rebuild runs at a time.
    RebuildRunning = "REBUILD_RUNNING" / FailedPrecondition
        / "the views are being rebuilt already" / "视图正在重建，同一时间只能进行一次",
    /// The disk is full; nothing was stored; it recovers by itself.
    DiskFull = "DISK_FULL" / ResourceExhausted
        / "the disk is full; nothing was stored" / "磁盘空间不足，未保存任何内容",
    /// An event or a request is too large; nothing was stored.
    TooLarge = "TOO_LARGE" / ResourceExhausted
        / "the request is above the size limit; nothing was stored" / "请求超过大小限制，未保存任何内容",
    /// Stored or not: not known until restart and verification. Ask again with the same request id after that.
    OutcomeUnknown = "OUTCOME_UNKNOWN" / Unknown
        / "whether it was stored is not known; repeat with the same request id after the restart"
        / "是否已保存尚不确定，请在服务重启后以同一请求编号重试",
    /// The engine did not answer in time; stored or not is not known yet. Repeat with the same request id: if it was
    /// stored, that gives the first answer, and nothing is stored twice.
    OutcomePending = "OUTCOME_PENDING" / Unavailable
        / "the log did not answer in time; repeat with the same request id, nothing is stored twice"
        / "日志未及时响应，请以同一请求编号重试，不会重复保存",
    /// The clock can't be trusted; writes are refused.
    ClockSuspect = "CLOCK_SUSPECT" / Unavailable
        / "the clock can't be trusted; writes are refused" / "系统时钟不可信，暂不接受写入",
    /// Writes are refused until an operator clears the cause, e.g. a missing key.
    LogReadOnly = "LOG_READ_ONLY" / FailedPrecondition
        / "the log is read-only until an operator clears the cause" / "日志当前只读，须由管理员处理",
    /// Lost a race several times in a row; repeat with the same request id.
    Conflict = "CONFLICT" / Aborted
        / "the stream kept changing; repeat with the same request id" / "记录被同时修改，请以同一请求编号重试",
    /// The log can't answer now.
    LogUnavailable = "LOG_UNAVAILABLE" / Unavailable
        / "the log can't answer now" / "日志暂不可用，请稍后重试",
    /// The server is stopping; connect again.
    ShuttingDown = "SHUTTING_DOWN" / Unavailable
        / "the server is stopping" / "服务正在停止，请稍后重连",
    /// There is no such method.
    MethodUnknown = "METHOD_UNKNOWN" / Unimplemented
        / "there is no such method" / "没有该方法",
    /// The message does not decode, or is above the limit of the transport.
    MessageInvalid = "MESSAGE_INVALID" / InvalidArgument
        / "the message can't be decoded, or is too large" / "报文无法解析或过大",
    /// A fault of the program; it is logged.
    Internal = "INTERNAL" / Internal
        / "a fault of the server; it has been logged" / "服务内部错误，已记录",
}

/// A refusal of the boundary without further particulars.
#[must_use]
pub fn refuse(reason: ApiReason) -> Status {
    refuse_with(reason, reason.code(), &[])
}

/// The same with dynamic values, and under another code when the transport has set one.
#[must_use]
pub fn refuse_with(reason: ApiReason, code: Code, values: &[(&str, &str)]) -> Status {
    let mut details = ErrorDetails::new();
    let metadata: HashMap<String, String> = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    details.set_error_info(reason.as_str(), ERROR_DOMAIN, metadata);
    details.set_localized_message(LOCALE, reason.zh());
    if code == Code::Unavailable {
        details.set_retry_info(Some(RETRY_AFTER));
    }
    Status::with_error_details(code, with_values(reason.message(), values), details)
}

/// Appends dynamic values to a sentence, so that they stand in the message as well as in the metadata.
fn with_values(message: &str, values: &[(&str, &str)]) -> String {
    if values.is_empty() {
        return message.to_owned();
    }
    let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} {value}")).collect();
    format!("{message} ({})", values.join(", "))
}

/// The canonical code of a refusal of the domain.
#[must_use]
pub const fn code_of(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::NotFound => Code::NotFound,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::Aborted => Code::Aborted,
        Kind::Unavailable => Code::Unavailable,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::DataLoss => Code::DataLoss,
    }
}

/// A refusal of the domain.
#[must_use]
pub fn rejection(rejection: &Rejection) -> Status {
    let code = code_of(rejection.reason.kind());
    let reason = rejection.reason.as_str();
    let mut metadata: BTreeMap<String, String> = rejection.metadata.clone();
    if !rejection.legal_basis.is_empty() {
        let cited: Vec<String> = rejection
            .legal_basis
            .iter()
            .map(|basis| format!("{} {}", basis.law, basis.article))
            .collect();
        metadata.insert("legal_basis".to_owned(), cited.join("; "));
    }
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, ERROR_DOMAIN, metadata.into_iter().collect::<HashMap<_, _>>());
    details.set_localized_message(LOCALE, &rejection.message_zh);
    if !rejection.violations.is_empty() {
        details.set_bad_request(rejection.violations.iter().map(field_violation).collect::<Vec<_>>());
    }
    match code {
        Code::FailedPrecondition => {
            let subject = rejection.metadata.get("stream").cloned().unwrap_or_default();
            details.set_precondition_failure(vec![PreconditionViolation::new(reason, subject, &rejection.message)]);
        }
        Code::NotFound => {
            let name = rejection.metadata.get("name").cloned().unwrap_or_default();
            let kind = rejection.metadata.get("resource").cloned().unwrap_or_default();
            details.set_resource_info(kind, name, "", "absent, or not yours");
        }
        Code::Unavailable => {
            details.set_retry_info(Some(RETRY_AFTER));
        }
        _ => {}
    }
    Status::with_error_details(code, &rejection.message, details)
}

/// The rule's id is the violation's reason when it has the form that the standard asks for, and always stands in front of
/// the description.
fn field_violation(violation: &Violation) -> FieldViolation {
    let mut field = FieldViolation::new(&violation.field, format!("{}: {}", violation.rule, violation.message));
    field.reason = violation
        .rule
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    field.localized_message = Some(LocalizedMessage::new(LOCALE, &violation.message_zh));
    field
}

/// NOT_FOUND for a resource that is absent or outside the caller's scope: both look the same.
#[must_use]
pub fn not_found(name: &str) -> Status {
    rejection(
        &Rejection::new(Reason::NotFound, format!("{name} not found"), format!("未找到 {name}")).with("name", name),
    )
}

/// What the command floor answers.
#[must_use]
pub fn command(error: &CommandError) -> Status {
    match error {
        CommandError::Rejected(refused) => rejection(refused),
        CommandError::Log(error) => log(error),
    }
}

/// What the log answers.
#[must_use]
pub fn log(error: &LogError) -> Status {
    match error {
        LogError::Conflict { .. } => refuse(ApiReason::Conflict),
        LogError::StreamNotFound => rejection(&Rejection::new(Reason::NotFound, "not found", "未找到")),
        LogError::TooLarge { what, bytes, limit } => refuse_with(
            ApiReason::TooLarge,
            ApiReason::TooLarge.code(),
            &[
                ("what", what),
                ("bytes", &bytes.to_string()),
                ("limit", &limit.to_string()),
            ],
        ),
        LogError::StreamTooLong { length } => rejection(
            &Rejection::new(Reason::StreamTooLong, error.to_string(), "该记录的事件数已达上限")
                .with("length", length.to_string()),
        ),
        LogError::DiskFull => refuse(ApiReason::DiskFull),
        LogError::OutcomeUnknown(_) => logged(ApiReason::OutcomeUnknown, error),
        LogError::OutcomePending(_) => logged(ApiReason::OutcomePending, error),
        LogError::ClockSuspect(_) => logged(ApiReason::ClockSuspect, error),
        LogError::Damaged(damage) => rejection(
            &Rejection::new(
                Reason::RecordDamaged,
                "a record of the stream is damaged",
                "该记录存在损坏，暂不接受写入",
            )
            .with("position", damage.position.to_string())
            .with("problem", &damage.problem)
            .with(
                "stream",
                damage.stream.as_ref().map(ToString::to_string).unwrap_or_default(),
            ),
        ),
        LogError::BeyondHead { .. } | LogError::OtherEpoch { .. } => refuse(ApiReason::PositionForeign),
        LogError::ReadOnly(_) => logged(ApiReason::LogReadOnly, error),
        LogError::Stopped(_) => logged(ApiReason::LogUnavailable, error),
        LogError::SubjectErased => rejection(&Rejection::new(
            Reason::SubjectErased,
            "the personal data that this belongs to was erased",
            "相关个人信息已被删除，不能再写入",
        )),
        LogError::Unavailable(_) => logged(ApiReason::LogUnavailable, error),
        LogError::ClearPersonalData | LogError::Invalid(_) => logged(ApiReason::Internal, error),
    }
}

/// What the views answer.
#[must_use]
pub fn view(error: &ViewError) -> Status {
    match error {
        ViewError::Behind { at, wanted } => refuse_with(
            ApiReason::ViewBehind,
            ApiReason::ViewBehind.code(),
            &[("at", &at.to_string()), ("wanted", &wanted.to_string())],
        ),
        ViewError::ForeignPosition(position) => refuse_with(
            ApiReason::PositionForeign,
            ApiReason::PositionForeign.code(),
            &[("position", &position.to_string())],
        ),
        ViewError::InvalidKey => refuse(ApiReason::PageTokenInvalid),
        ViewError::Rebuilding => refuse(ApiReason::RebuildRunning),
        // Nobody stops a rebuild but its caller, who hears nothing any more, and the server that ends.
        ViewError::Stopped => refuse(ApiReason::ShuttingDown),
        ViewError::Unavailable(_) => {
            tracing::error!(%error, "views failed");
            refuse(ApiReason::ViewsUnavailable)
        }
    }
}

/// What the replay answers.
#[must_use]
pub fn audit(error: &AuditError, name: &str) -> Status {
    match error {
        AuditError::NotFound => not_found(name),
        AuditError::Log(error) => log(error),
    }
}

/// Particulars of the machine stay in its own records.
fn logged(reason: ApiReason, error: &LogError) -> Status {
    tracing::error!(%error, reason = reason.as_str(), "the log failed");
    refuse(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use yujian_domain::rejection::LegalBasis;
    use yujian_eventlog::{Damage, LogPosition};

    const POSITION: LogPosition = LogPosition { epoch: 1, number: 7 };

    fn reason_of(status: &Status) -> String {
        let details = status.get_error_details();
        let info = details.error_info().expect("every error has ErrorInfo");
        assert_eq!(info.domain, ERROR_DOMAIN);
        assert!(
            details
                .localized_message()
                .is_some_and(|text| text.locale == "zh-CN" && !text.message.is_empty())
        );
        assert!(info.metadata.keys().all(|key| key.len() <= 64));
        assert_eq!(details.retry_info().is_some(), status.code() == Code::Unavailable);
        info.reason.clone()
    }

    #[test]
    fn every_reason_of_the_domain_maps_to_its_code() {
        for reason in Reason::ALL {
            let status = rejection(&Rejection::new(*reason, "no", "不").citing(LegalBasis::new("法", "§1")));
            assert_eq!(reason_of(&status), reason.as_str());
            assert_eq!(status.code(), code_of(reason.kind()));
            let details = status.get_error_details();
            assert_eq!(
                details.precondition_failure().is_some(),
                status.code() == Code::FailedPrecondition
            );
            assert_eq!(details.resource_info().is_some(), status.code() == Code::NotFound);
            assert_eq!(details.error_info().unwrap().metadata["legal_basis"], "法 §1");
        }
    }

    #[test]
    fn every_reason_of_the_boundary_maps_to_its_code() {
        for reason in ApiReason::ALL {
            let status = refuse(*reason);
            assert_eq!(reason_of(&status), reason.as_str());
            assert_eq!(status.code(), reason.code());
            assert!(reason.as_str().len() <= 63);
        }
    }

    #[test]
    fn every_failure_of_the_log_has_a_code_and_a_reason() {
        let damage = Damage {
            position: POSITION,
            stream: None,
            revision: None,
            problem: "hash does not fit".to_owned(),
        };
        let table = [
            (LogError::Conflict { current: None }, Code::Aborted, "CONFLICT"),
            (LogError::StreamNotFound, Code::NotFound, "NOT_FOUND"),
            (
                LogError::TooLarge {
                    what: "event",
                    bytes: 2,
                    limit: 1,
                },
                Code::ResourceExhausted,
                "TOO_LARGE",
            ),
            (
                LogError::StreamTooLong { length: 10_000 },
                Code::ResourceExhausted,
                "STREAM_TOO_LONG",
            ),
            (LogError::DiskFull, Code::ResourceExhausted, "DISK_FULL"),
            (
                LogError::OutcomeUnknown("fsync".to_owned()),
                Code::Unknown,
                "OUTCOME_UNKNOWN",
            ),
            (
                LogError::OutcomePending("hangs".to_owned()),
                Code::Unavailable,
                "OUTCOME_PENDING",
            ),
            (
                LogError::ClockSuspect("back".to_owned()),
                Code::Unavailable,
                "CLOCK_SUSPECT",
            ),
            (LogError::Damaged(Box::new(damage)), Code::DataLoss, "RECORD_DAMAGED"),
            (
                LogError::BeyondHead {
                    position: POSITION,
                    head: POSITION,
                },
                Code::InvalidArgument,
                "POSITION_FOREIGN",
            ),
            (
                LogError::OtherEpoch {
                    position: POSITION,
                    current: 2,
                },
                Code::InvalidArgument,
                "POSITION_FOREIGN",
            ),
            (
                LogError::ReadOnly("key".to_owned()),
                Code::FailedPrecondition,
                "LOG_READ_ONLY",
            ),
            (
                LogError::Stopped("fsync".to_owned()),
                Code::Unavailable,
                "LOG_UNAVAILABLE",
            ),
            (LogError::SubjectErased, Code::FailedPrecondition, "SUBJECT_ERASED"),
            (LogError::ClearPersonalData, Code::Internal, "INTERNAL"),
            (LogError::Invalid("x".to_owned()), Code::Internal, "INTERNAL"),
            (
                LogError::Unavailable("x".to_owned()),
                Code::Unavailable,
                "LOG_UNAVAILABLE",
            ),
        ];
        for (error, code, reason) in table {
            let status = log(&error);
            assert_eq!((status.code(), reason_of(&status).as_str()), (code, reason), "{error}");
        }
    }

    #[test]
    fn a_view_that_is_behind_says_where_it_is_and_when_to_come_back() {
        let wanted = LogPosition { epoch: 1, number: 9 };
        let status = view(&ViewError::Behind { at: POSITION, wanted });
        assert_eq!(reason_of(&status), "VIEW_BEHIND");
        assert_eq!(
            status.get_error_details().error_info().unwrap().metadata["wanted"],
            "1.9"
        );
        assert!(status.message().contains("1.7"));
    }

    #[test]
    fn violations_name_field_rule_and_both_languages() {
        let status = rejection(&Rejection::field("credit_code", "GB-32100", "wrong", "错误"));
        let details = status.get_error_details();
        let field = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(field.field, "credit_code");
        assert_eq!(field.reason, "GB_32100");
        assert!(field.description.starts_with("GB-32100"));
        assert_eq!(field.localized_message.as_ref().unwrap().message, "错误");
    }
}
