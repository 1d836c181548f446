//! A whole house in memory behind a real port: log, keys, commands, views, and the services over TCP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_api::Api;
use yujian_command::{ActivationRequest, Commands};
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::reference::Reference;
use yujian_domain::values::CreditCode;
use yujian_eventlog::EventLog;
use yujian_eventlog::clock::{Clock, SimulatedClock};
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{KeyProvider, MemoryKeys};
use yujian_eventlog::memory::MemoryLog;
use yujian_proto::audit::v1::audit_service_client::AuditServiceClient;
use yujian_proto::common::v1::{CommandHeader, Date, Region};
use yujian_proto::incident::v1::incident_service_client::IncidentServiceClient;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;
use yujian_proto::licensing::v1::operator_service_client::OperatorServiceClient;
use yujian_proto::licensing::v1::policy_service_client::PolicyServiceClient;
use yujian_proto::licensing::v1::{self as licensing, Class, Representative};
use yujian_proto::supervision::v1::alert_service_client::AlertServiceClient;
use yujian_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;
use yujian_views::Views;

/// An officer of 西湖区.
pub const OFFICER: &str = "role=officer; id=zhang-07; jurisdiction=330106";
/// An officer of another city.
pub const ELSEWHERE: &str = "role=officer; id=zhao-02; jurisdiction=330200";
pub const AUDITOR: &str = "role=auditor; id=qian-01; jurisdiction=CN";
pub const ADMINISTRATOR: &str = "role=administrator; id=root-01";

/// First day of the licence regime in [`House::under_licences`].
pub const REGIME_DATE: &str = "2026-02-01";

pub struct House {
    pub address: SocketAddr,
    pub channel: Channel,
    pub stop: CancellationToken,
    pub clock: Arc<SimulatedClock>,
    /// The floor itself, for what Yujian does on its own.
    pub commands: Commands,
    log: Arc<dyn EventLog>,
    hold: watch::Sender<bool>,
    following: Option<JoinHandle<()>>,
}

impl House {
    pub async fn start() -> Self {
        let now: Timestamp = "2026-03-02T01:00:00Z".parse().unwrap();
        let simulated = Arc::new(SimulatedClock::new(now));
        let clock: Arc<dyn Clock> = Arc::clone(&simulated) as Arc<dyn Clock>;
        let entropy = Arc::new(Entropy::seeded(7));
        let log: Arc<dyn EventLog> = MemoryLog::new(Arc::clone(&clock));
        let keys: Arc<dyn KeyProvider> = Arc::new(MemoryKeys::new(Arc::clone(&entropy)));
        let commands = Commands::open(Arc::clone(&log), Arc::clone(&keys), Arc::clone(&clock), entropy, false)
            .await
            .unwrap();
        let views = Views::open(None, Arc::clone(&log), Arc::clone(Divisions::shipped()), |_| {})
            .await
            .unwrap();
        let (hold, held) = watch::channel(false);
        let followed = views.clone();
        let following = Some(tokio::spawn(async move { followed.follow(held).await.unwrap() }));

        let stop = CancellationToken::new();
        let api = Api::new(commands.clone(), views, Arc::clone(&log), keys, clock, stop.clone())
            .with_heartbeat(Duration::from_millis(100));
        let page = axum::Router::new().route("/", axum::routing::get(|| async { "页面" }));
        let router = page
            .merge(api.router().unwrap())
            .layer(axum::middleware::from_fn(yujian_api::guard));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ended = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            Server::builder()
                .accept_http1(true)
                .add_routes(Routes::from(router))
                .serve_with_incoming_shutdown(TcpIncoming::from(listener), ended)
                .await
                .unwrap();
        });
        let channel = Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        Self {
            address,
            channel,
            stop,
            clock: simulated,
            commands,
            log,
            hold,
            following,
        }
    }

    /// Stops the views from following the log, for good.
    pub async fn hold_the_views(&mut self) {
        self.hold.send_replace(true);
        self.following.take().unwrap().await.unwrap();
    }

    /// A house where licences are in force in 西湖区 since [`REGIME_DATE`].
    pub async fn under_licences() -> Self {
        let house = Self::start().await;
        house.activate_licences("330106", REGIME_DATE).await;
        house
    }

    /// Puts licences in force in a region from a day on: the shipped document with another id, region and first day.
    pub async fn activate_licences(&self, region: &str, effective_date: &str) {
        let mut shipped = Reference::shipped_policies().into_iter();
        let licence = shipped.find(|policy| policy.id == "cn-licence").unwrap();
        let mut document = licence.document.to_owned();
        for (from, to) in [
            ("id = \"cn-licence\"", format!("id = \"licence-{region}\"")),
            ("region = \"CN\"", format!("region = \"{region}\"")),
            (
                &format!("effective_date = \"{}\"", licence.effective_date),
                format!("effective_date = \"{effective_date}\""),
            ),
        ] {
            assert!(document.contains(from), "{from}");
            document = document.replace(from, &to);
        }
        let request = ActivationRequest {
            actor: Actor {
                id: "root-01".to_owned(),
                role: Role::Administrator,
                organisation: None,
                jurisdiction: None,
            },
            request_id: Uuid::new_v5(&Uuid::NAMESPACE_URL, document.as_bytes()),
            method: "test/ActivatePolicy",
            approver: Some("root-02".to_owned()),
            validate_only: false,
        };
        self.commands.activate_policy(request, &document).await.unwrap();
    }

    /// Position of the end of the log.
    pub fn head(&self) -> String {
        self.log.head().borrow().to_string()
    }

    pub fn licensing(&self) -> LicensingServiceClient<Channel> {
        LicensingServiceClient::new(self.channel.clone())
    }

    pub fn operator(&self) -> OperatorServiceClient<Channel> {
        OperatorServiceClient::new(self.channel.clone())
    }

    pub fn policies(&self) -> PolicyServiceClient<Channel> {
        PolicyServiceClient::new(self.channel.clone())
    }

    pub fn incidents(&self) -> IncidentServiceClient<Channel> {
        IncidentServiceClient::new(self.channel.clone())
    }

    pub fn supervision(&self) -> SupervisionServiceClient<Channel> {
        SupervisionServiceClient::new(self.channel.clone())
    }

    pub fn alerts(&self) -> AlertServiceClient<Channel> {
        AlertServiceClient::new(self.channel.clone())
    }

    pub fn audit(&self) -> AuditServiceClient<Channel> {
        AuditServiceClient::new(self.channel.clone())
    }

    /// Registers an institution and answers the reply.
    pub async fn register(&self, site: &str) -> licensing::InstitutionReply {
        let request = by(OFFICER, registration(site));
        self.licensing()
            .register_institution(request)
            .await
            .unwrap()
            .into_inner()
    }
}

/// A request of an actor.
pub fn by<T>(actor: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("yujian-actor", actor.parse().unwrap());
    request
}

/// A header with a request id of its own.
pub fn header(id: u128) -> Option<CommandHeader> {
    Some(CommandHeader {
        request_id: Uuid::from_u128(id).to_string(),
        ..CommandHeader::default()
    })
}

pub fn day(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

pub fn credit_code(ordinal: u32) -> String {
    let body = format!("91330106MA2C{ordinal:05}");
    let check = CreditCode::check_character(body.as_bytes()).unwrap();
    format!("{body}{}", char::from(check))
}

/// A whole registration in 西湖区; its request id comes from the site.
pub fn registration(site: &str) -> licensing::RegisterInstitutionRequest {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, site.as_bytes());
    licensing::RegisterInstitutionRequest {
        header: header(id.as_u128()),
        display_name: format!("西湖区阳光托育园（{site}）"),
        credit_code: credit_code(1),
        site: site.to_owned(),
        address: "文三路100号".to_owned(),
        region: Some(Region {
            code: "330106".to_owned(),
            entered_year: None,
        }),
        point: None,
        institution_type: licensing::InstitutionType::Comprehensive.into(),
        also_types: Vec::new(),
        mode: licensing::Mode::Private.into(),
        ownership: licensing::Ownership::Private.into(),
        registrar: licensing::Registrar::MarketSupervision.into(),
        registration_date: day(2025, 9, 1),
        representative: Some(Representative {
            name: "欧阳明月".to_owned(),
            identity_number: String::new(),
            phone: "13812345678".to_owned(),
        }),
        classes: vec![Class {
            name: "小一班".to_owned(),
            class_type: licensing::ClassType::YoungerToddler.into(),
            places: 15,
        }],
    }
}

/// Fields that the refusal names, in its order.
pub fn fields(refused: &Status) -> Vec<String> {
    let details = refused.get_error_details();
    let violations = &details.bad_request().expect("field violations").field_violations;
    violations.iter().map(|violation| violation.field.clone()).collect()
}

/// Code and reason of a refusal; every one must name both languages.
pub fn why(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    let info = details.error_info().expect("every error has ErrorInfo");
    assert_eq!(info.domain, "yujian");
    assert!(details.localized_message().is_some_and(|text| !text.message.is_empty()));
    (status.code(), info.reason.clone())
}

/// What [`why`] answers for this.
pub fn is(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}
