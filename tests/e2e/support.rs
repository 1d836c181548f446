//! The real binary, its gRPC clients, and what tests need to say whether a component is missing.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use uuid::Uuid;
use yujian_domain::values::CreditCode;
use yujian_proto::common::v1::{CommandHeader, Date, Region};
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;
use yujian_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;

/// The binary under test: the one that was built with the tests, or another build of the same commit, that
/// `TEST_BINARY` names.
pub fn binary() -> OsString {
    std::env::var_os("TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_yujian").into())
}
/// Longer than any start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that is removed with the test.
pub fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A command of the binary, with a clean environment of ours.
pub fn yujian(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("YUJIAN_")) {
        command.env_remove(name);
    }
    command
}

/// A running server. Killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: String,
}

impl Server {
    /// `serve` on a free port, ready.
    pub fn start(data: &Path) -> Self {
        Self::spawn(yujian(&[
            "serve",
            "--port",
            "0",
            "--data-dir",
            data.to_str().unwrap(),
            "--log-level",
            "warn",
        ]))
    }

    /// Any command that ends up serving, ready.
    pub fn spawn(command: Command) -> Self {
        Self::spawn_within(PATIENCE, command)
    }

    /// The same, where a start takes its time.
    pub fn spawn_within(patience: Duration, command: Command) -> Self {
        Self::try_spawn(patience, command).unwrap_or_else(|ended| panic!("{ended}"))
    }

    /// The same, of one that may end before it is ready: then what it said, and how it ended.
    pub fn try_spawn(patience: Duration, mut command: Command) -> Result<Self, String> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (send, lines) = mpsc::channel();
        let log = send.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("[server] {line}");
                let _ = log.send(line);
            }
        });
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut seen = Vec::new();
        let deadline = Instant::now() + patience;
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => match line.strip_prefix("ready http://") {
                    Some(address) => {
                        let address = address.trim().to_owned();
                        return Ok(Self { child, address });
                    }
                    None => seen.push(line),
                },
                Err(error) => {
                    if error == mpsc::RecvTimeoutError::Timeout {
                        let _ = child.kill();
                    }
                    return Err(format!("no ready line ({error}): {seen:?}, {:?}", child.wait()));
                }
            }
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn channel(&self) -> Channel {
        Channel::from_shared(self.url()).unwrap().connect().await.unwrap()
    }

    pub async fn licensing(&self) -> LicensingServiceClient<Channel> {
        LicensingServiceClient::new(self.channel().await)
    }

    pub async fn supervision(&self) -> SupervisionServiceClient<Channel> {
        SupervisionServiceClient::new(self.channel().await)
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ctrl-C; answers how long it took to end and whether it ended well.
    pub fn interrupt(&mut self) -> (Duration, bool) {
        let began = Instant::now();
        signal(&self.child, "INT");
        let status = self.child.wait().unwrap();
        (began.elapsed(), status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by name.
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Whether a component is there; where everything is required, its absence fails.
pub fn has(component: &str, there: bool) -> bool {
    if !there {
        assert_ne!(
            std::env::var("YUJIAN_REQUIRE").as_deref(),
            Ok("all"),
            "{component} is required and not here"
        );
        println!("skipped: {component} is not on this machine");
    }
    there
}

/// Whether a program answers to its name.
pub fn has_program(name: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {name}")])
        .stdout(Stdio::null())
        .status();
    has(name, found.is_ok_and(|status| status.success()))
}

/// A Python with grpcio, named by `TEST_PYTHON` or on the path.
pub fn python() -> Option<String> {
    let python = std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let works = Command::new(&python)
        .args(["-c", "import grpc, grpc_reflection, grpc_status"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    has("Python with grpcio", works).then_some(python)
}

/// A request of an actor.
pub fn by<T>(actor: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request
        .metadata_mut()
        .insert("yujian-actor", MetadataValue::try_from(actor).unwrap());
    request
}

/// An operator of a credit code.
pub fn operator(credit_code: &str) -> String {
    format!("role=operator; id=op-{}; organisation={credit_code}", &credit_code[8..])
}

/// An officer of the province.
pub const PROVINCE: &str = "role=officer; id=province-1; organisation=health-33; jurisdiction=33";
/// An auditor of the country.
pub const AUDITOR: &str = "role=auditor; id=auditor-1; organisation=audit; jurisdiction=CN";
/// An administrator.
pub const ADMINISTRATOR: &str = "role=administrator; id=admin-1; organisation=yujian";

/// A credit code for a number.
pub fn credit_code(number: u32) -> String {
    let body = format!("91330106{number:09}");
    let check = CreditCode::check_character(body.as_bytes()).unwrap();
    format!("{body}{}", char::from(check))
}

/// A header with a fresh request id.
pub fn header() -> Option<CommandHeader> {
    header_of(Uuid::new_v4())
}

/// A header with a request id.
pub fn header_of(request: Uuid) -> Option<CommandHeader> {
    Some(CommandHeader {
        request_id: request.to_string(),
        ..CommandHeader::default()
    })
}

pub fn day(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

/// A registration that passes every rule, in 西湖区 of Hangzhou.
pub fn registration(number: u32, request: Uuid) -> licensing::RegisterInstitutionRequest {
    licensing::RegisterInstitutionRequest {
        header: header_of(request),
        display_name: format!("西湖测试托育园{number}"),
        credit_code: credit_code(number),
        site: "总部".to_owned(),
        address: "浙江省杭州市西湖区文三路1号".to_owned(),
        region: Some(Region {
            code: "330106".to_owned(),
            entered_year: None,
        }),
        institution_type: licensing::InstitutionType::Comprehensive.into(),
        also_types: Vec::new(),
        mode: licensing::Mode::Private.into(),
        ownership: licensing::Ownership::Private.into(),
        registrar: licensing::Registrar::MarketSupervision.into(),
        registration_date: day(2026, 1, 5),
        representative: Some(licensing::Representative {
            name: "诸葛明远".to_owned(),
            identity_number: "11010519491231002X".to_owned(),
            phone: "13812345678".to_owned(),
        }),
        classes: vec![licensing::Class {
            name: "托大一班".to_owned(),
            class_type: licensing::ClassType::OlderToddler.into(),
            places: 20,
        }],
        ..licensing::RegisterInstitutionRequest::default()
    }
}

/// All papers that a comprehensive institution without a kitchen needs.
pub fn papers() -> Vec<licensing::Paper> {
    use licensing::PaperKind as Kind;
    [
        Kind::FilingForm,
        Kind::Commitment,
        Kind::RegistrationCertificate,
        Kind::PremisesProof,
        Kind::StaffQualifications,
        Kind::StaffHealthCertificates,
        Kind::HygieneEvaluation,
        Kind::FireSafety,
    ]
    .map(|kind| licensing::Paper {
        kind: kind.into(),
        issuer: "签发机关".to_owned(),
        number: "Z-1".to_owned(),
        issue_date: day(2026, 1, 5),
        expiry_date: matches!(kind, Kind::StaffHealthCertificates)
            .then(|| day(2099, 1, 1))
            .flatten(),
        passed: matches!(kind, Kind::HygieneEvaluation | Kind::FireSafety).then_some(true),
        ..licensing::Paper::default()
    })
    .to_vec()
}

/// A filing with the given papers.
pub fn filing(name: &str, papers: Vec<licensing::Paper>, request: Uuid) -> licensing::SubmitFilingRequest {
    licensing::SubmitFilingRequest {
        header: header_of(request),
        name: name.to_owned(),
        papers,
        makes_meals: false,
        premises: Some(licensing::Premises {
            tenure: licensing::Tenure::Leased.into(),
            lease_start_date: day(2026, 1, 1),
            lease_end_date: day(2099, 1, 1),
            highest_floor: Some(2),
            lowest_floor: Some(1),
            area_cm2: Some(4_500_000),
            built_area_cm2: None,
            outdoor_area_cm2: None,
        }),
    }
}

/// Waits until something holds.
pub async fn eventually<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A number that a longer run sets: how much, or a seed.
pub fn knob(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}
