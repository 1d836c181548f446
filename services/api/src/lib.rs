//! The gRPC boundary of Yujian: parse, authorize, call, map errors. No rule of childcare stands here.
//!
//! * It knows the wire (`yujian-proto`), the command floor, the views and the replay, and turns the one into the other.
//! * It does not know the page, nor how a server is configured; limits of the connection stand in [`limits`] for the server
//!   crate to set.
//! * Every method's caller is decided in one place before any service is reached ([`RuleTable`], default deny).
//!
//! Start reading at [`Api::router`], then `gate.rs` for who may call, `parse.rs` for how a request becomes values,
//! `command.rs` for the path of a command, `error.rs` for everything that can go wrong.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use yujian_command::Commands;
use yujian_eventlog::EventLog;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::keys::KeyProvider;
use yujian_views::Views;

mod alert;
mod audit;
mod authorization;
mod codes;
mod command;
mod convert;
mod error;
mod gate;
mod guard;
mod incident;
mod inspection;
mod labels;
mod licensing;
pub mod limits;
mod operator;
mod page_token;
mod parse;
mod policy;
mod principal;
mod rebuild;
mod reveal;
mod rules;
mod staffing;
mod supervision;
mod watch;

pub use error::{ApiReason, ERROR_DOMAIN, code_of};
pub use guard::{guard, is_rpc};
pub use principal::{ACTOR_HEADER, COUNTRY, Principal, parse_actor};
pub use rules::{MethodRule, RuleError, RuleTable, check_rules};

/// The gRPC services with what they rest on.
pub struct Api {
    commands: Commands,
    views: Views,
    log: Arc<dyn EventLog>,
    keys: Arc<dyn KeyProvider>,
    clock: Arc<dyn Clock>,
    hub: watch::Hub,
    heartbeat: Duration,
    /// Work over the whole log or all rows: a few at a time, or everything else would wait for its readers.
    heavy: tokio::sync::Semaphore,
    stop: CancellationToken,
}

impl Api {
    /// Puts the services together and begins to keep changes for watchers. Call it within a Tokio runtime. When `stop` is
    /// cancelled, every stream ends.
    #[must_use]
    pub fn new(
        commands: Commands,
        views: Views,
        log: Arc<dyn EventLog>,
        keys: Arc<dyn KeyProvider>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Self {
        let deltas = views.deltas();
        let position = *views.position().borrow();
        let hub = watch::Hub::start(deltas, position, stop.clone());
        Self {
            commands,
            views,
            log,
            keys,
            clock,
            hub,
            heartbeat: limits::WATCH_HEARTBEAT,
            heavy: tokio::sync::Semaphore::new(limits::HEAVY_CALLS),
            stop,
        }
    }

    /// Sets how often an idle watch gets a heartbeat.
    #[must_use]
    pub fn with_heartbeat(mut self, every: Duration) -> Self {
        self.heartbeat = every;
        self
    }

    /// Every service behind the gate that decides who may call, as a router without a fallback: merge it with the page's, put
    /// [`guard`] around both, and serve it with tonic's `Server` (`Routes::from(router)`), whose connection information the
    /// gate needs.
    ///
    /// # Errors
    /// When a method has no rule: the server must not start.
    pub fn router(self) -> Result<axum::Router, RuleError> {
        let table = Arc::new(check_rules()?);
        let api = Arc::new(self);
        macro_rules! limited {
            ($server:ty, $service:expr) => {
                <$server>::new($service)
                    .max_decoding_message_size(limits::MAX_REQUEST_BYTES)
                    .max_encoding_message_size(limits::MAX_REPLY_BYTES)
            };
        }
        use yujian_proto::audit::v1::audit_service_server::AuditServiceServer;
        use yujian_proto::incident::v1::incident_service_server::IncidentServiceServer;
        use yujian_proto::inspection::v1::inspection_service_server::InspectionServiceServer;
        use yujian_proto::licensing::v1::authorization_service_server::AuthorizationServiceServer;
        use yujian_proto::licensing::v1::licensing_service_server::LicensingServiceServer;
        use yujian_proto::licensing::v1::operator_service_server::OperatorServiceServer;
        use yujian_proto::licensing::v1::policy_service_server::PolicyServiceServer;
        use yujian_proto::staffing::v1::staffing_service_server::StaffingServiceServer;
        use yujian_proto::supervision::v1::alert_service_server::AlertServiceServer;
        use yujian_proto::supervision::v1::supervision_service_server::SupervisionServiceServer;
        let routes = tonic::service::Routes::from(axum::Router::new())
            .add_service(limited!(
                LicensingServiceServer<_>,
                licensing::Licensing(Arc::clone(&api))
            ))
            .add_service(limited!(PolicyServiceServer<_>, policy::Policies(Arc::clone(&api))))
            .add_service(limited!(
                AuthorizationServiceServer<_>,
                authorization::Authorizations(Arc::clone(&api))
            ))
            .add_service(limited!(
                OperatorServiceServer<_>,
                operator::Operators(Arc::clone(&api))
            ))
            .add_service(limited!(
                IncidentServiceServer<_>,
                incident::Incidents(Arc::clone(&api))
            ))
            .add_service(limited!(StaffingServiceServer<_>, staffing::Staffing(Arc::clone(&api))))
            .add_service(limited!(
                InspectionServiceServer<_>,
                inspection::Inspections(Arc::clone(&api))
            ))
            .add_service(limited!(
                SupervisionServiceServer<_>,
                supervision::Supervision(Arc::clone(&api))
            ))
            .add_service(limited!(AlertServiceServer<_>, alert::Alerts(Arc::clone(&api))))
            .add_service(limited!(AuditServiceServer<_>, audit::Audit(api)));
        Ok(routes
            .into_axum_router()
            .layer(axum::middleware::from_fn_with_state(table, gate::gate)))
    }
}
