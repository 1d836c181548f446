//! The errors of the protocol, with the trailers that the client reads.

use prost::bytes::Bytes;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

fn with(code: Code, message: &str, trailers: &[(&'static str, &str)]) -> Status {
    let mut metadata = MetadataMap::new();
    for (key, value) in trailers {
        let escaped = value.escape_default().to_string();
        if let Ok(value) = MetadataValue::try_from(escaped) {
            metadata.insert(*key, value);
        }
    }
    Status::with_metadata(code, message, metadata)
}

pub fn not_leader(host: &str, port: u16) -> Status {
    with(
        Code::NotFound,
        &format!("Leader info available in response, leader: {host}:{port}"),
        &[
            ("exception", "not-leader"),
            ("leader-endpoint-host", host),
            ("leader-endpoint-port", &port.to_string()),
        ],
    )
}

pub fn no_leader() -> Status {
    Status::unknown("No leader info available in response")
}

pub fn timed_out() -> Status {
    Status::aborted("Operation timed out: Operation timed out.")
}

pub fn not_ready() -> Status {
    Status::unavailable("Server Is Not Ready")
}

pub fn too_large() -> Status {
    with(
        Code::InvalidArgument,
        "Maximum Append Size of 1048576 Exceeded.",
        &[("exception", "maximum-append-size-exceeded")],
    )
}

pub fn access_denied() -> Status {
    with(
        Code::PermissionDenied,
        "Access Denied",
        &[("exception", "access-denied")],
    )
}

pub fn stream_deleted(stream: &Bytes) -> Status {
    let name = String::from_utf8_lossy(stream);
    with(
        Code::FailedPrecondition,
        &format!("Event stream '{name}' is deleted."),
        &[("exception", "stream-deleted"), ("stream-name", &name)],
    )
}

pub fn delete_conflict(stream: &Bytes, current: Option<u64>) -> Status {
    let name = String::from_utf8_lossy(stream);
    let actual = current.map_or("-1".to_owned(), |current| current.to_string());
    with(
        Code::FailedPrecondition,
        &format!("Append failed due to WrongExpectedVersion. Stream: {name}, Actual version: {actual}"),
        &[
            ("exception", "wrong-expected-version"),
            ("stream-name", &name),
            ("actual-version", &actual),
        ],
    )
}
