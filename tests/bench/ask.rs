//! Asks the served log what pages and apps ask, while applications come in, and prints how long the answers took.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tonic::Request;
use tonic::transport::Channel;
use uuid::Uuid;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;
use yujian_proto::supervision::v1 as supervision;
use yujian_proto::supervision::v1::alert_service_client::AlertServiceClient;
use yujian_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;

use super::support::{AUDITOR, Server, by, filing, knob, operator, papers, registration};

/// Divisions asked for in turn: the whole, the province, a city, the city that licenses, a county.
const REGIONS: [&str; 5] = ["", "33", "3303", "3305", "330382"];
/// Pages of a list that are read one after the other.
const PAGES: u32 = 5;
/// What answers must keep below at the 99th percentile: over gRPC, and as a page.
const BOUNDS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(300));

/// Asks everything, first alone and then while others write.
pub async fn all(server: &Server) {
    let asked = usize::try_from(knob("YUJIAN_BENCH_ASKED", 300)).unwrap();
    // What was asked before is in the memory of the machine: a server that has been up for a while.
    println!("\n{:<44} {:>8} {:>8} {:>8}   ms", "after a start", "p50", "p99", "max");
    round(server, REGIONS.len() * PAGES as usize).await;
    println!("\n{:<44} {:>8} {:>8} {:>8}   ms", "nobody writes", "p50", "p99", "max");
    round(server, asked).await;
    let writes = knob("YUJIAN_BENCH_WRITES", 10);
    let writer = Writer::start(server, writes).await;
    println!(
        "\n{:<44} {:>8} {:>8} {:>8}   ms",
        format!("{writes} commands a second"),
        "p50",
        "p99",
        "max"
    );
    round(server, asked).await;
    println!("commands accepted meanwhile: {}", writer.stop().await);
}

async fn round(server: &Server, asked: usize) {
    let channel = server.channel().await;
    let mut client = Client {
        supervision: SupervisionServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20),
        alerts: AlertServiceClient::new(channel),
        asked,
    };
    client.figures().await;
    client.lists().await;
    for page in [
        "/",
        "/admission",
        "/applications",
        "/deadlines",
        "/alerts",
        "/institutions",
    ] {
        let mut times = Times::new(format!("GET {page}"), BOUNDS.1);
        for n in 0..asked {
            let region = REGIONS[n % REGIONS.len()];
            let path = if region.is_empty() {
                page.to_owned()
            } else {
                format!("{page}?region={region}")
            };
            times.time(|| get(&server.address, &path));
        }
        times.print();
    }
    let mut times = Times::new("GET /institutions/{id}".to_owned(), BOUNDS.1);
    let mut applications = Times::new("GET /applications/{id}/1".to_owned(), BOUNDS.1);
    for id in client.some_institutions().await {
        times.time(|| get(&server.address, &format!("/institutions/{id}")));
        applications.time(|| get(&server.address, &format!("/applications/{id}/1")));
    }
    times.print();
    applications.print();
}

/// How long answers took.
struct Times {
    what: String,
    bound: Duration,
    taken: Vec<Duration>,
}

impl Times {
    fn new(what: String, bound: Duration) -> Self {
        Self {
            what,
            bound,
            taken: Vec::new(),
        }
    }

    fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.taken.push(began.elapsed());
        done
    }

    fn print(mut self) {
        self.taken.sort();
        let at = |share: usize| self.taken[(self.taken.len() - 1) * share / 100];
        let ms = |taken: Duration| {
            let tenths = taken.as_micros() / 100;
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        let (p99, max) = (at(99), at(100));
        let kept = if p99 <= self.bound { "" } else { "over" };
        println!(
            "{:<44} {:>8} {:>8} {:>8}   {kept}",
            self.what,
            ms(at(50)),
            ms(p99),
            ms(max)
        );
    }
}

struct Client {
    supervision: SupervisionServiceClient<Channel>,
    alerts: AlertServiceClient<Channel>,
    asked: usize,
}

fn auditor<T>(message: T) -> Request<T> {
    by(AUDITOR, message)
}

/// One question, asked of each division in turn.
macro_rules! ask_regions {
    ($client:expr, $service:ident, $method:ident, $request:expr) => {{
        let mut times = Times::new(stringify!($method).to_owned(), BOUNDS.0);
        for n in 0..$client.asked {
            let request = auditor($request(REGIONS[n % REGIONS.len()].to_owned()));
            let began = Instant::now();
            $client.$service.$method(request).await.unwrap();
            times.taken.push(began.elapsed());
        }
        times.print();
    }};
}

/// A list, some pages of each division in turn.
macro_rules! ask_pages {
    ($client:expr, $service:ident, $method:ident, $what:expr, $request:expr) => {{
        let mut times = Times::new($what.to_owned(), BOUNDS.0);
        let mut token = String::new();
        for n in 0..$client.asked {
            let region = REGIONS[n / PAGES as usize % REGIONS.len()];
            if n % PAGES as usize == 0 {
                token.clear();
            }
            let request = auditor($request(region.to_owned(), token.clone()));
            let began = Instant::now();
            let reply = $client.$service.$method(request).await.unwrap().into_inner();
            times.taken.push(began.elapsed());
            token = reply.next_page_token;
        }
        times.print();
    }};
}

impl Client {
    async fn figures(&mut self) {
        ask_regions!(self, supervision, get_pipeline, |region_code| {
            supervision::GetPipelineRequest {
                region_code,
                ..Default::default()
            }
        });
        ask_regions!(self, supervision, get_admission_figures, |region_code| {
            supervision::GetAdmissionFiguresRequest {
                region_code,
                ..Default::default()
            }
        });
        ask_regions!(self, alerts, get_alert_figures, |region_code| {
            supervision::GetAlertFiguresRequest {
                region_code,
                ..Default::default()
            }
        });
    }

    async fn lists(&mut self) {
        let overdue = vec![supervision::ClockBucket::Overdue.into()];
        for (what, buckets) in [("list_clocks, waiting", Vec::new()), ("list_clocks, overdue", overdue)] {
            ask_pages!(self, supervision, list_clocks, what, |region_code, page_token| {
                supervision::ListClocksRequest {
                    region_code,
                    page_token,
                    waiting_only: true,
                    buckets: buckets.clone(),
                    ..Default::default()
                }
            });
        }
        ask_pages!(
            self,
            alerts,
            list_alerts,
            "list_alerts, open",
            |region_code, page_token| {
                supervision::ListAlertsRequest {
                    region_code,
                    page_token,
                    open_only: true,
                    ..Default::default()
                }
            }
        );
        ask_pages!(
            self,
            supervision,
            list_applications,
            "list_applications, open",
            |region_code, page_token| {
                supervision::ListApplicationsRequest {
                    region_code,
                    page_token,
                    open_only: true,
                    ..Default::default()
                }
            }
        );
        ask_pages!(
            self,
            supervision,
            list_applications,
            "list_applications, returned",
            |region_code, page_token| {
                supervision::ListApplicationsRequest {
                    region_code,
                    page_token,
                    states: vec![yujian_proto::licensing::v1::ApplicationState::Returned.into()],
                    ..Default::default()
                }
            }
        );
        ask_pages!(
            self,
            supervision,
            list_institutions,
            "list_institutions",
            |region_code, page_token| {
                supervision::ListInstitutionsRequest {
                    region_code,
                    page_token,
                    ..Default::default()
                }
            }
        );
        ask_pages!(
            self,
            supervision,
            list_institutions,
            "list_institutions, by a name",
            |region_code, page_token| {
                supervision::ListInstitutionsRequest {
                    region_code,
                    page_token,
                    search: "77号".to_owned(),
                    ..Default::default()
                }
            }
        );
    }

    /// Ids of institutions that have applied.
    async fn some_institutions(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        let mut page_token = String::new();
        while found.len() < self.asked.min(200) {
            let request = supervision::ListApplicationsRequest {
                page_token,
                page_size: 100,
                ..Default::default()
            };
            let reply = self
                .supervision
                .list_applications(auditor(request))
                .await
                .unwrap()
                .into_inner();
            found.extend(reply.applications.into_iter().map(|row| row.institution));
            page_token = reply.next_page_token;
        }
        found
            .into_iter()
            .map(|name| name.rsplit('/').next().unwrap_or_default().to_owned())
            .collect()
    }
}

fn get(address: &str, path: &str) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "{path}: {}",
        String::from_utf8_lossy(&answer[..answer.len().min(300)])
    );
    answer.len()
}

/// Registers institutions and files for them, at an even pace.
struct Writer {
    ended: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Writer {
    async fn start(server: &Server, a_second: u64) -> Self {
        let (ended, done) = (Arc::new(AtomicBool::new(a_second == 0)), Arc::new(AtomicU64::new(0)));
        let client = server.licensing().await;
        let task = tokio::spawn(write(client, a_second.max(1), ended.clone(), done.clone()));
        Self { ended, done, task }
    }

    async fn stop(self) -> u64 {
        self.ended.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
        self.done.load(Ordering::SeqCst)
    }
}

async fn write(
    mut client: LicensingServiceClient<Channel>,
    a_second: u64,
    ended: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
) {
    let mut pace = tokio::time::interval(Duration::from_millis(1_000 / a_second));
    // Another run over the same data has taken other codes.
    let first = std::process::id() % 100_000 * 10_000;
    for number in first.. {
        if ended.load(Ordering::SeqCst) {
            return;
        }
        pace.tick().await;
        let asks = registration(number, Uuid::new_v4());
        let actor = operator(&asks.credit_code);
        let reply = client
            .register_institution(by(&actor, asks))
            .await
            .unwrap()
            .into_inner();
        let name = reply.institution.unwrap().name;
        done.fetch_add(1, Ordering::SeqCst);
        pace.tick().await;
        let asks = filing(&name, papers(), Uuid::new_v4());
        client.submit_filing(by(&actor, asks)).await.unwrap();
        done.fetch_add(1, Ordering::SeqCst);
    }
}
