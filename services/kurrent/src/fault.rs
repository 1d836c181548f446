//! What an answer of the official client means. No type of the client goes further than this file and `supervisor.rs`.

/// Canonical gRPC codes that the client hands on unmapped. Its own type for them is that of another tonic.
const CODE_CANCELLED: i32 = 1;
const CODE_INVALID_ARGUMENT: i32 = 3;
const CODE_FAILED_PRECONDITION: i32 = 9;
const CODE_ABORTED: i32 = 10;

/// Why a call did not do it, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The stream is elsewhere than expected.
    Conflict,
    /// No such stream.
    NotFound,
    /// The stream was deleted for good (a tombstone).
    Deleted,
    /// The server does not let us.
    Denied,
    /// The server does not offer it.
    Unsupported,
    /// The server refuses the call as such, e.g. a position that is no record's.
    Rejected(String),
    /// Nothing reached a server that could have acted on it.
    NotDone(String),
    /// It may have been done or not.
    Unclear(String),
}

/// What an error says about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The server answered.
    Sound,
    /// It was not the leader; the client goes to the leader by itself.
    Moving,
    /// No answer in time; once is no proof.
    Silent,
    /// Of no use any more: the client never leaves a node that has gone (D1), and is dead for good after a failed
    /// discovery (D2).
    Lost,
}

/// Sorts an error of the client.
pub(crate) fn sort(error: kurrentdb::Error) -> (Fault, Connection) {
    use kurrentdb::Error;
    match error {
        Error::WrongExpectedVersion { .. } => (Fault::Conflict, Connection::Sound),
        Error::ResourceNotFound => (Fault::NotFound, Connection::Sound),
        Error::ResourceDeleted => (Fault::Deleted, Connection::Sound),
        Error::AccessDenied => (Fault::Denied, Connection::Sound),
        Error::UnsupportedFeature => (Fault::Unsupported, Connection::Sound),
        Error::NotLeaderException(_) => (
            Fault::NotDone("the node is not the leader".to_owned()),
            Connection::Moving,
        ),
        // Both come before anything is sent.
        Error::ConnectionClosed => (Fault::NotDone("no node could be reached".to_owned()), Connection::Lost),
        Error::GrpcConnectionError(error) => (Fault::NotDone(error.to_string()), Connection::Lost),
        Error::DeadlineExceeded => (
            Fault::Unclear("the server did not finish in time".to_owned()),
            Connection::Silent,
        ),
        Error::Grpc { code, message } => match i32::from(code) {
            CODE_INVALID_ARGUMENT | CODE_FAILED_PRECONDITION => (Fault::Rejected(message), Connection::Sound),
            // "Operation timed out": the write goes on without us.
            CODE_ABORTED => (Fault::Unclear(message), Connection::Sound),
            CODE_CANCELLED => (Fault::Unclear(message), Connection::Lost),
            _ => (
                Fault::Unclear(format!("code {}: {message}", i32::from(code))),
                Connection::Sound,
            ),
        },
        other => (Fault::Unclear(in_short(&other.to_string())), Connection::Lost),
    }
}

/// What the client says of a status, without the empty parts that it prints along.
fn in_short(error: &str) -> String {
    error.split(", details:").next().unwrap_or(error).to_owned()
}
