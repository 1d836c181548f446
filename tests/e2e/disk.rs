//! A full disk, and a disk that fails to keep what it was given.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_proto::licensing::v1::InstitutionReply;
use yujian_proto::supervision::v1 as supervision;

use crate::support::{
    PROVINCE, Server, by, credit_code, directory, eventually, has, has_program, knob, operator, registration, yujian,
};

/// A small disk of its own: a tmpfs in a mount namespace that lives as long as its holder.
struct SmallDisk {
    holder: Child,
    directory: tempfile::TempDir,
}

impl SmallDisk {
    /// `None`, with a line, where the machine does not allow it.
    fn mount() -> Option<Self> {
        let directory = directory();
        let script = "mount -t tmpfs -o size=16m tmpfs \"$0\" && echo mounted && exec sleep 3600";
        let mut holder = Command::new("unshare")
            .args(["-rm", "sh", "-c", script])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut said = [0; 7];
        let mounted = holder.stdout.as_mut().unwrap().read_exact(&mut said).is_ok() && &said == b"mounted";
        if !has("a small tmpfs (unshare -rm)", mounted) {
            let _ = holder.kill();
            let _ = holder.wait();
            return None;
        }
        Some(Self { holder, directory })
    }

    /// A command of the binary that sees the disk, on its data directory.
    fn yujian(&self, arguments: &[&str]) -> Command {
        let inner = yujian(arguments);
        let mut command = Command::new("nsenter");
        command
            .args([
                "-t",
                &self.holder.id().to_string(),
                "-U",
                "-m",
                "--preserve-credentials",
            ])
            .arg(inner.get_program())
            .args(inner.get_args())
            .args(["--data-dir", self.directory.path().to_str().unwrap()]);
        for (name, _) in inner.get_envs() {
            command.env_remove(name);
        }
        command
    }

    fn serve(&self) -> Server {
        Server::spawn(self.yujian(&["serve", "--port", "0", "--log-level", "error"]))
    }

    /// The file that takes the space, as seen from outside the namespace.
    fn filler(&self) -> PathBuf {
        let inside = self.directory.path().strip_prefix("/").unwrap();
        Path::new("/proc")
            .join(self.holder.id().to_string())
            .join("root")
            .join(inside)
            .join("fill")
    }

    fn fill(&self) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn page_status(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

async fn register(server: &Server, number: u32, request: Uuid) -> Result<InstitutionReply, Status> {
    let me = operator(&credit_code(number));
    let mut client = server.licensing().await;
    client
        .register_institution(by(&me, registration(number, request)))
        .await
        .map(tonic::Response::into_inner)
}

fn is(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, reason);
}

fn verified(mut command: Command) {
    let report = command.output().unwrap();
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_while_reading_goes_on_and_recovers_by_itself() {
    let Some(disk) = SmallDisk::mount() else { return };
    let server = disk.serve();
    let mut acknowledged = Vec::new();
    let mut number = 0;
    for _ in 0..knob("DISK_ROUNDS", 3) {
        number += 1;
        let request = Uuid::new_v4();
        let reply = register(&server, number, request).await.unwrap();
        let name = reply.institution.as_ref().unwrap().name.clone();
        let position = reply.command.as_ref().unwrap().position.clone();
        acknowledged.push((number, request, reply));
        let mut supervision = server.supervision().await;
        let query = supervision::GetInstitutionRequest {
            name,
            min_position: position,
        };
        supervision.get_institution(by(PROVINCE, query.clone())).await.unwrap();

        disk.fill();
        number += 1;
        let waiting = Uuid::new_v4();
        for _ in 0..3 {
            let refused = register(&server, number, waiting).await.unwrap_err();
            is(&refused, Code::ResourceExhausted, "DISK_FULL");
        }
        assert_eq!(page_status(&server.address), "200");
        supervision.get_institution(by(PROVINCE, query)).await.unwrap();

        disk.free();
        // The same process, the same request: nobody had to do anything but make space.
        let reply = register(&server, number, waiting).await.unwrap();
        let name = reply.institution.as_ref().unwrap().name.clone();
        acknowledged.push((number, waiting, reply));
        let query = supervision::GetInstitutionRequest {
            name,
            min_position: String::new(),
        };
        eventually("the views go on", async || {
            supervision.get_institution(by(PROVINCE, query.clone())).await.is_ok()
        })
        .await;
    }
    server.kill();
    verified(disk.yujian(&["verify"]));
    let server = disk.serve();
    for (number, request, reply) in acknowledged {
        assert_eq!(register(&server, number, request).await.unwrap(), reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_on_a_full_disk_is_refused_in_words_and_goes_when_there_is_space() {
    let Some(disk) = SmallDisk::mount() else { return };
    disk.fill();
    let refused = disk.yujian(&["serve", "--port", "0"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("the disk is full"), "{said}");
    disk.free();
    register(&disk.serve(), 1, Uuid::new_v4()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_fsync_nothing_is_acknowledged_until_a_restart() {
    if !has_program("strace") {
        return;
    }
    let data = directory();
    Server::start(data.path()).kill();
    let inner = yujian(&[
        "serve",
        "--port",
        "0",
        "--data-dir",
        data.path().to_str().unwrap(),
        "--log-level",
        "error",
    ]);
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync",
            "-e",
            "inject=fsync:error=EIO:when=1",
        ])
        .arg("-P")
        .arg(data.path().join("log.db-wal"))
        .arg(inner.get_program())
        .args(inner.get_args());
    let mut server = Server::spawn(strace);
    let request = Uuid::new_v4();
    let unknown = register(&server, 1, request).await.unwrap_err();
    is(&unknown, Code::Unknown, "OUTCOME_UNKNOWN");
    // The fsync would go through now, and must not be believed.
    for number in [1, 2] {
        let refused = register(&server, number, request).await.unwrap_err();
        is(&refused, Code::Unavailable, "LOG_UNAVAILABLE");
    }
    assert_eq!(page_status(&server.address), "200");
    let pid = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", server.child.id())).unwrap();
    assert!(
        Command::new("kill")
            .args(["-9", pid.trim()])
            .status()
            .unwrap()
            .success()
    );
    // Its tracer ends after it: then the directory is free.
    server.child.wait().unwrap();

    verified(yujian(&["verify", "--data-dir", data.path().to_str().unwrap()]));
    let server = Server::start(data.path());
    let first = register(&server, 1, request).await.unwrap();
    assert_eq!(register(&server, 1, request).await.unwrap(), first);
    let timeline = supervision::ListTimelineRequest {
        institution: first.institution.unwrap().name,
        min_position: first.command.unwrap().position,
        ..supervision::ListTimelineRequest::default()
    };
    let events = server
        .supervision()
        .await
        .list_timeline(by(PROVINCE, timeline))
        .await
        .unwrap()
        .into_inner()
        .events;
    assert_eq!(events.len(), 1);
}
