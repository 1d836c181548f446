//! A small demonstration, built once in a run and copied for each test; its log as anyone reads it; the page by hand.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use rusqlite::Connection;
use tempfile::TempDir;
use yujian_proto::incident::v1 as incident;
use yujian_proto::supervision::v1 as supervision;

use crate::support::{PROVINCE, Server, by, directory, header, yujian};

/// The plan of the small demonstration.
pub const PLAN: [&str; 8] = [
    "--institutions",
    "60",
    "--months",
    "3",
    "--until",
    "2026-06-30",
    "--seed",
    "5",
];

/// Where the small demonstration lies; never served itself. Another run of these tests waits until this one ends.
fn built() -> &'static Path {
    static BUILT: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (path, _) = BUILT.get_or_init(|| {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = File::create(scratch.join("small-demo.lock")).unwrap();
        lock.lock().unwrap();
        let path = scratch.join("small-demo");
        let _ = std::fs::remove_dir_all(&path);
        build(&path, &PLAN);
        (path, lock)
    });
    path
}

/// Builds a demonstration and answers its digests by table, `total` among them.
pub fn build(data: &Path, plan: &[&str]) -> Vec<(String, String)> {
    let done = demo(data, plan, &["--build-only", "--digest"]);
    assert!(done.status.success(), "{}", said(&done));
    String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sha256, table)| (table.to_owned(), sha256.to_owned()))
        .collect()
}

/// The digests of the views over data that is there.
pub fn digests(data: &Path) -> Vec<(String, String)> {
    build(data, &[])
}

/// Runs `demo` to its end.
pub fn demo(data: &Path, plan: &[&str], more: &[&str]) -> Output {
    yujian(&["demo", "--port", "0", "--data-dir", data.to_str().unwrap()])
        .args(plan)
        .args(more)
        .output()
        .unwrap()
}

/// A command over a data directory, run to its end.
pub fn run(command: &str, data: &Path, more: &[&str]) -> Output {
    yujian(&[command, "--data-dir", data.to_str().unwrap()])
        .args(more)
        .output()
        .unwrap()
}

/// Everything that a command printed.
pub fn said(done: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    )
}

/// A copy of the small demonstration in a directory of its own, and that directory's owner.
pub fn copy() -> (TempDir, PathBuf) {
    let home = directory();
    let data = home.path().join("data");
    copy_directory(built(), &data);
    (home, data)
}

/// Copies the files of a stopped server with their modes. The lock and the shared memory of SQLite stay behind.
pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if !name.ends_with("-shm") && !name.ends_with(".lock") {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// Serves a demonstration that is there; `--quiet` in `more` for one without traffic of its own, and without reactors:
/// what falls due between the story's last day and the machine's would be appended while a test looks.
pub fn serve(data: &Path, more: &[&str]) -> Server {
    let mut command = yujian(&[
        "demo",
        "--port",
        "0",
        "--data-dir",
        data.to_str().unwrap(),
        "--log-level",
        "warn",
    ]);
    command.args(more);
    if more.contains(&"--quiet") {
        command.args(["--reactors", "off"]);
    }
    Server::spawn(command)
}

/// The log of a data directory, for writing where nothing but a test may.
pub fn log(data: &Path) -> Connection {
    let connection = Connection::open(data.join("log.db")).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    connection
}

/// Position, revision and stream of the records of a type, in order.
pub fn records(log: &Connection, event_type: &str) -> Vec<(i64, i64, String)> {
    let mut statement = log
        .prepare(
            "SELECT position, revision, name FROM record JOIN stream ON number = stream WHERE type = ?1 ORDER BY position",
        )
        .unwrap();
    let rows = statement
        .query_map([event_type], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// A page as a browser without JavaScript gets it.
pub fn page(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "{path}: {}",
        answer.lines().next().unwrap_or_default()
    );
    answer
}

/// Every institution that the views show.
pub async fn institutions(server: &Server) -> Vec<supervision::InstitutionView> {
    let mut client = server.supervision().await;
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let query = supervision::ListInstitutionsRequest {
            page_size: 500,
            page_token,
            ..supervision::ListInstitutionsRequest::default()
        };
        let reply = client
            .list_institutions(by(PROVINCE, query))
            .await
            .unwrap()
            .into_inner();
        all.extend(reply.institutions);
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// A minor injury, an hour ago.
pub fn notification(institution: &str) -> incident::NotifyIncidentRequest {
    let ago = |seconds| {
        let now = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        prost_types::Timestamp::from(now)
    };
    let mut header = header();
    if let Some(header) = &mut header {
        header.occurred = Some(yujian_proto::common::v1::command_header::Occurred::OccurredTime(ago(
            3600,
        )));
    }
    incident::NotifyIncidentRequest {
        header,
        institution: institution.to_owned(),
        category: incident::Category::MinorInjury.into(),
        awareness_time: Some(ago(1800)),
        place: "活动室".to_owned(),
        children: vec![incident::ChildInput {
            name: "欧阳小草".to_owned(),
            age_months: Some(30),
            injury: incident::Injury::Fall.into(),
            severity: incident::Severity::Minor.into(),
            treatment: String::new(),
        }],
        children_present: 12,
        staff_present: 3,
        emergency_services: false,
        video_preserved: true,
        narrative: "户外活动时跌倒。".to_owned(),
        first_actions: "清洁伤口。".to_owned(),
        reporter: "慕容园长".to_owned(),
    }
}
