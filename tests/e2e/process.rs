//! Starting, ending, and what the door refuses.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_eventlog::clock::{Clock, SimulatedClock};
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::FileKeys;
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};
use yujian_eventlog::{EventLog, Expected, NewEvent, StreamName};
use yujian_proto::supervision::v1 as supervision;

use crate::support::{
    PROVINCE, Server, by, credit_code, directory, eventually, operator, registration, signal, yujian,
};

/// What the issue asks of an end by signal.
const END: Duration = Duration::from_secs(2);

/// Sends a request as written and answers what came back until the other side closed or fell silent.
fn raw(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of a request with these headers.
fn status(address: &str, method: &str, path: &str, headers: &[&str]) -> u16 {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let answer = raw(address, &request);
    answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("no status: {answer:?}"))
}

/// What a refused command says, and that it ended badly.
fn refusal(arguments: &[&str]) -> String {
    words(&yujian(arguments).output().unwrap())
}

fn words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it went through: {said}");
    said
}

/// Opens the page's event stream and waits for its first line.
fn open_event_stream(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(
        stream,
        "GET /events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
    )
    .unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

async fn ends_in_time(signal_name: &'static str) {
    let data = directory();
    let mut server = Server::start(data.path());
    let events = open_event_stream(&server.address);
    let mut watch = server
        .supervision()
        .await
        .watch(by(PROVINCE, supervision::WatchRequest::default()))
        .await
        .unwrap()
        .into_inner();
    let mut health = HealthClient::new(server.channel().await)
        .watch(HealthCheckRequest { service: String::new() })
        .await
        .unwrap()
        .into_inner();
    assert!(health.message().await.unwrap().is_some());

    // Somebody writes all the while; what it was told is stored must be there afterwards.
    let client = server.licensing().await;
    let (first, told) = tokio::sync::oneshot::channel();
    let writer = tokio::spawn(async move {
        let mut client = client;
        let mut first = Some(first);
        let mut acknowledged = Vec::new();
        for number in 1.. {
            let me = operator(&credit_code(number));
            let request = Uuid::new_v4();
            match client
                .register_institution(by(&me, registration(number, request)))
                .await
            {
                Ok(reply) => {
                    acknowledged.push((number, request, reply.into_inner()));
                    if let Some(first) = first.take() {
                        first.send(()).unwrap();
                    }
                }
                Err(_) => break,
            }
        }
        acknowledged
    });
    assert!(watch.message().await.unwrap().is_some());
    told.await.expect("nothing was acknowledged");

    let began = Instant::now();
    signal(&server.child, signal_name);
    let ended = tokio::task::spawn_blocking(move || {
        let status = server.child.wait().unwrap();
        (status, began.elapsed())
    });
    // The streams are drained, not dropped: they must end from the other side.
    let watch_ends = async { while matches!(watch.message().await, Ok(Some(_))) {} };
    let health_ends = async { while matches!(health.message().await, Ok(Some(_))) {} };
    tokio::join!(watch_ends, health_ends);
    let (status, took) = ended.await.unwrap();
    drop(events);
    assert_eq!(status.code(), Some(0), "{signal_name}: {status}");
    assert!(took < END, "{signal_name}: it took {took:?}");

    let acknowledged = writer.await.unwrap();
    assert!(!acknowledged.is_empty());
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    for (number, request, reply) in acknowledged {
        let me = operator(&credit_code(number));
        let again = client
            .register_institution(by(&me, registration(number, request)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_server_in_time_with_streams_open_and_nothing_lost() {
    ends_in_time("INT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminate_ends_the_server_in_time_with_streams_open_and_nothing_lost() {
    ends_in_time("TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused_in_words_and_harms_nothing() {
    let data = directory();
    let server = Server::start(data.path());
    let path = data.path().to_str().unwrap();
    let said = refusal(&["serve", "--port", "0", "--data-dir", path]);
    assert!(said.contains("another process is using this data directory"), "{said}");
    assert!(said.contains("该数据目录正被另一个进程使用"), "{said}");
    assert!(said.contains(path), "{said}");
    let said = refusal(&["demo", "--build-only", "--data-dir", path]);
    assert!(said.contains(path) && said.contains("another process"), "{said}");
    let mut client = server.licensing().await;
    let me = operator(&credit_code(7));
    client
        .register_institution(by(&me, registration(7, Uuid::new_v4())))
        .await
        .unwrap();
}

#[test]
fn a_taken_port_is_said_in_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = directory();
    let said = refusal(&["serve", "--port", &port, "--data-dir", data.path().to_str().unwrap()]);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains(&format!("port {port} is taken")) && said.contains("--port"),
        "{said}"
    );
    assert!(
        !data.path().join("log.db").exists(),
        "the data was touched before the port was known"
    );
}

#[test]
fn port_zero_takes_a_free_one_and_healthcheck_tells_whether_it_serves() {
    let data = directory();
    let server = Server::start(data.path());
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    assert_ne!(port, "0");
    let asked = yujian(&["healthcheck", "--port", &port]).output().unwrap();
    assert_eq!(asked.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&asked.stdout), "serving\n");
    server.kill();
    let asked = yujian(&["healthcheck", "--port", &port, "--timeout", "2"])
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(1));
    assert!(words(&asked).contains("does not answer"));
}

#[test]
fn serve_refuses_what_it_does_not_know_and_addresses_that_others_reach() {
    let data = directory();
    let path = data.path().to_str().unwrap();
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let said = refusal(&["serve", "--port", "0", "--host", host, "--data-dir", path]);
        assert!(said.contains("loopback"), "{said}");
    }
    let mut command = yujian(&["serve", "--port", "0", "--data-dir", path]);
    let said = words(&command.env("YUJIAN_PROT", "7300").output().unwrap());
    assert!(said.contains("YUJIAN_PROT") && said.contains("YUJIAN_PORT"), "{said}");

    let file = data.path().join("yujian.toml");
    std::fs::write(&file, "prot = 7300\n").unwrap();
    let said = refusal(&["serve", "--config", file.to_str().unwrap()]);
    assert!(said.contains("prot") && said.contains("yujian.toml"), "{said}");
    let said = refusal(&["serve", "--config", "absent.toml"]);
    assert!(said.contains("absent.toml"), "{said}");
    assert!(!data.path().join("log.db").exists());
}

#[cfg(not(feature = "kurrentdb"))]
#[test]
fn a_build_without_the_client_says_so_and_shows_no_password() {
    let data = directory();
    let path = data.path().to_str().unwrap();
    let address = "kurrentdb://admin:geheim@127.0.0.1:2113?tls=false";
    for command in [&["serve", "--port", "0"][..], &["verify"], &["kurrentdb", "status"]] {
        let said = words(
            &yujian(command)
                .args(["--log", address, "--data-dir", path])
                .output()
                .unwrap(),
        );
        assert!(
            said.contains("--features kurrentdb") && !said.contains("geheim"),
            "{said}"
        );
    }
    let said = refusal(&["migrate", "--from", path, "--to", address]);
    assert!(said.contains("--features kurrentdb"), "{said}");
    let said = refusal(&["serve", "--log", "somewhere", "--data-dir", path]);
    assert!(said.contains("log (flag)"), "{said}");
}

#[test]
fn config_shows_each_setting_with_where_it_comes_from() {
    let data = directory();
    let file = data.path().join("yujian.toml");
    std::fs::write(&file, "log_level = \"warn\"\nport = 1\n").unwrap();
    let shown = yujian(&["config", "--config", file.to_str().unwrap(), "--host", "127.0.0.2"])
        .env("YUJIAN_PORT", "7301")
        .output()
        .unwrap();
    assert!(shown.status.success());
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "port = 7301  # variable",
        "host = \"127.0.0.2\"  # flag",
        "log_level = \"warn\"  # file",
        "log_format = \"text\"  # default",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
}

fn doctor(data: &Path) -> (Option<i32>, String) {
    let seen = yujian(&["doctor", "--port", "0", "--data-dir", data.to_str().unwrap()])
        .output()
        .unwrap();
    (seen.status.code(), String::from_utf8(seen.stdout).unwrap())
}

#[test]
fn doctor_tells_a_sound_directory_from_one_that_needs_care() {
    let data = directory();
    let (code, said) = doctor(data.path());
    assert!(code == Some(0) && said.ends_with("all is well\n"), "{said}");

    let server = Server::start(data.path());
    let (code, said) = doctor(data.path());
    assert!(
        code == Some(0) && said.contains("in use by a running process"),
        "{said}"
    );
    assert!(said.contains("log.db is real"), "{said}");
    server.kill();

    let keys = data.path().join("keys.db");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&keys, mode).unwrap();
    let (code, said) = doctor(data.path());
    assert!(
        code == Some(1) && said.contains("BAD") && said.contains("chmod 600"),
        "{said}"
    );
}

#[test]
fn the_door_refuses_what_no_client_of_ours_sends() {
    let data = directory();
    let server = Server::start(data.path());
    let address = server.address.as_str();
    let host = format!("Host: {address}");
    let host = host.as_str();
    let grpc = "Content-Type: application/grpc";
    let call = "/yujian.licensing.v1.LicensingService/RegisterInstitution";

    assert_eq!(status(address, "GET", "/", &[host]), 200);
    assert_eq!(status(address, "HEAD", "/", &[host]), 200);
    assert_eq!(status(address, "POST", "/", &[host]), 405);
    for forwarded in [
        "Forwarded: for=192.0.2.1",
        "X-Forwarded-For: 192.0.2.1",
        "X-Forwarded-Host: a.example",
    ] {
        assert_eq!(status(address, "GET", "/", &[host, forwarded]), 403, "{forwarded}");
        assert_eq!(
            status(address, "POST", call, &[host, grpc, forwarded]),
            403,
            "{forwarded}"
        );
    }
    for foreign in [
        "Host: yujian.example",
        "Host: 127.0.0.1.example:7300",
        "Host: 192.0.2.1",
    ] {
        assert_eq!(status(address, "GET", "/", &[foreign]), 421, "{foreign}");
        assert_eq!(status(address, "POST", call, &[foreign, grpc]), 421, "{foreign}");
    }
    assert_eq!(status(address, "POST", call, &[host, "Content-Type: text/plain"]), 415);
    assert_eq!(status(address, "POST", call, &[host]), 415);
    assert_eq!(
        status(address, "POST", call, &[host, grpc, "Origin: https://a.example"]),
        403
    );
    assert_eq!(status(address, "POST", call, &[host, grpc, "Origin: null"]), 403);
    assert_eq!(status(address, "GET", call, &[host, grpc]), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_says_it_was_forwarded_is_refused_and_nothing_is_stored() {
    let data = directory();
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    let me = operator(&credit_code(8));
    for name in ["x-forwarded-for", "forwarded", "origin"] {
        let mut request = by(&me, registration(8, Uuid::new_v4()));
        request.metadata_mut().insert(name, "192.0.2.1".parse().unwrap());
        client.register_institution(request).await.unwrap_err();
    }
    // Had one of them gone through, its claim would stand in the way.
    client
        .register_institution(by(&me, registration(8, Uuid::new_v4())))
        .await
        .unwrap();
}

/// Appends one event to a stopped server's log as if it were later by `ahead`.
async fn append_in_the_future(data: &Path, ahead: SignedDuration) {
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::new(Timestamp::now().checked_add(ahead).unwrap()));
    let entropy = Arc::new(Entropy::Os);
    let keys = FileKeys::open(data, None, false, entropy.clone(), clock.clone()).unwrap();
    let options = OpenOptions {
        check_values: keys.check_values(),
        ..OpenOptions::new(clock.clone())
    };
    let log = SqliteLog::open(data, options).unwrap();
    let event = NewEvent {
        id: entropy.event_id(clock.now()),
        event_type: "test.Noted.v1".to_owned(),
        metadata: b"{\"note\":1}".to_vec(),
        payload: b"{}".to_vec(),
    };
    log.append(&StreamName::parse("test-1").unwrap(), Expected::NoStream, vec![event])
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_behind_the_log_refuses_writes_and_goes_on_reading() {
    let data = directory();
    let me = operator(&credit_code(9));
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    let first = registration(9, Uuid::new_v4());
    let name = client
        .register_institution(by(&me, first))
        .await
        .unwrap()
        .into_inner()
        .institution
        .unwrap()
        .name;
    server.kill();
    append_in_the_future(data.path(), SignedDuration::from_hours(2)).await;

    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    let me = operator(&credit_code(10));
    let refused = client
        .register_institution(by(&me, registration(10, Uuid::new_v4())))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
    assert_eq!(refused.get_details_error_info().unwrap().reason, "CLOCK_SUSPECT");
    let mut supervision = server.supervision().await;
    let query = supervision::GetInstitutionRequest {
        name,
        min_position: String::new(),
    };
    eventually("the institution is shown", async || {
        supervision.get_institution(by(PROVINCE, query.clone())).await.is_ok()
    })
    .await;
    assert_eq!(
        status(&server.address, "GET", "/", &[&format!("Host: {}", server.address)]),
        200
    );
}
