//! Every limit of the boundary in one place. The server crate sets those of the connection.

use std::time::Duration;

/// Largest request message in bytes. A filing with all its papers has some kilobytes; files travel as hashes.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;
/// Largest reply message in bytes: a dossier with thousands of facts fits.
pub const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;
/// Longest that a unary call may take, also when the client allows more. For the server's tower timeout.
pub const UNARY_DEADLINE: Duration = Duration::from_secs(30);
/// Concurrent HTTP/2 streams of a connection.
pub const MAX_CONCURRENT_STREAMS: u32 = 128;
/// Calls of one connection that are worked on at a time.
pub const CONCURRENCY_PER_CONNECTION: usize = 64;
/// Largest HTTP/2 header list in bytes.
pub const MAX_HEADER_LIST_BYTES: u32 = 16 * 1024;
/// HTTP/2 window of a connection in bytes.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// HTTP/2 window of a stream in bytes.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;

/// Replays and digests worked on at a time; the others wait their turn within their deadline.
pub const HEAVY_CALLS: usize = 2;
/// Longest wait for `min_position`.
pub const MIN_POSITION_WAIT: Duration = Duration::from_secs(2);
/// Rows of a page when the request says nothing.
pub const DEFAULT_PAGE_SIZE: u32 = 50;
/// Most rows of a page.
pub const MAX_PAGE_SIZE: u32 = 500;
/// Most elements of a list in a request (papers, classes, children, filters).
pub const MAX_LIST: usize = 200;
/// Most changes of one message of a watch.
pub const WATCH_BATCH: usize = 500;
/// Changes that the server keeps for resuming watchers.
pub const WATCH_KEPT_CHANGES: usize = 20_000;
/// How often an idle watch gets a heartbeat.
pub const WATCH_HEARTBEAT: Duration = Duration::from_secs(15);
/// Messages that wait for a slow watcher before the server stops reading on for it.
pub const WATCH_BUFFER: usize = 4;
/// Messages of a rebuild that wait for its caller; more progress than that is left out.
pub const REBUILD_BUFFER: usize = 4;
/// Most records of one page of a replay.
pub const REPLAY_PAGE_RECORDS: usize = 200;
/// Bytes of metadata and payload after which a page of a replay ends.
pub const REPLAY_PAGE_BYTES: usize = 512 * 1024;
