//! One port for gRPC and the page.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use yujian_api::{Api, guard, limits};
use yujian_dashboard::Page;
use yujian_eventlog::EventLog;

use crate::config::Settings;
use crate::house::House;

/// How long open streams may take to end after a signal.
const GOODBYE: Duration = Duration::from_millis(1500);
/// Health name for taking commands.
const WRITING: &str = "yujian.write";
/// Sends a keepalive ping on an idle HTTP/2 connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Takes the port before anything long is begun, so that a taken one is said at once.
///
/// # Errors
/// In one line, whose port it is.
pub async fn bind(settings: &Settings) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(settings.host, settings.port);
    match TcpListener::bind(address).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            anyhow::bail!(
                "port {} is taken by another program: choose one with --port, or 0 for a free one",
                settings.port
            )
        }
        bound => bound.with_context(|| format!("listening on {address}")),
    }
}

/// Serves until Ctrl-C or SIGTERM, then ends within two seconds. `alongside` runs until its receiver turns true.
///
/// # Errors
/// What stood in the way of serving.
pub async fn serve<F>(
    house: House,
    settings: &Settings,
    listener: TcpListener,
    demo: bool,
    alongside: impl FnOnce(watch::Receiver<bool>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = CancellationToken::new();
    let (ending, ended) = watch::channel(false);
    // Beside the views, not by them: building a view anew runs no reactor.
    let reactors = {
        let (commands, directory, ended) = (house.commands.clone(), settings.data_dir.clone(), ended.clone());
        let wanted = settings.reactors;
        tokio::spawn(async move {
            if wanted {
                crate::reactors::run(commands, directory, ended).await;
            }
        })
    };
    // Only this process writes an embedded log, and it knows what it activates itself.
    let reference_follower = house
        .embedded
        .is_none()
        .then(|| tokio::spawn(house.commands.clone().follow_reference(ended.clone())));
    let views = house.views(&settings.data_dir).await?;
    let follower = {
        let (views, ended) = (views.clone(), ended.clone());
        tokio::spawn(async move {
            if let Err(error) = views.follow(ended).await {
                tracing::error!(%error, "the views stopped following");
            }
        })
    };
    let traffic = tokio::spawn(alongside(ended.clone()));

    let api = Api::new(
        house.commands.clone(),
        views.clone(),
        house.log.clone(),
        house.keys.clone(),
        house.clock.clone(),
        stop.clone(),
    );
    let reference = {
        let commands = house.commands.clone();
        Arc::new(move || commands.reference())
    };
    let page = Page::new(
        views,
        house.keys.clone(),
        house.clock.clone(),
        reference,
        stop.clone(),
        demo,
    );

    let (mut health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", ServingStatus::Serving).await;
    let writing = tokio::spawn(watch_writing(house.log.clone(), health.clone(), ended));
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(yujian_proto::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let router = Routes::from(page.router().merge(api.router()?))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .into_axum_router()
        .layer(axum::middleware::from_fn(guard));

    let address = listener.local_addr()?;
    // An answer leaves in several writes; held back for the client's acknowledgement, the last comes 40 ms late.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(limits::MAX_CONCURRENT_STREAMS)
        .concurrency_limit_per_connection(limits::CONCURRENCY_PER_CONNECTION)
        .http2_max_header_list_size(limits::MAX_HEADER_LIST_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .timeout(limits::UNARY_DEADLINE)
        .add_routes(Routes::from(router))
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let mut server = Box::pin(server);

    // A closed standard output must not end the service.
    let _ = writeln!(std::io::stdout(), "ready http://{address}");
    let _ = std::io::stdout().flush();

    tokio::select! {
        outcome = &mut server => outcome.context("serving")?,
        signal = signal() => {
            tracing::info!(signal = signal?, "ending");
            // Streams end by the token, health watchers by this.
            for name in ["", WRITING] {
                health.clear_service_status(name).await;
            }
            stop.cancel();
            let _ = tokio::time::timeout(GOODBYE, &mut server).await;
        }
    }
    ending.send_replace(true);
    stop.cancel();
    // What was acknowledged is on disk already; the views would catch up at the next start.
    let _ = tokio::time::timeout(Duration::from_millis(300), async {
        let followers = async {
            if let Some(reference) = reference_follower {
                let _ = reference.await;
            }
        };
        tokio::join!(follower, traffic, writing, reactors, followers)
    })
    .await;
    Ok(())
}

/// Says under the name `yujian.write` whether commands can be taken: reads go on where writes can't.
async fn watch_writing(log: Arc<dyn EventLog>, health: HealthReporter, mut ended: watch::Receiver<bool>) {
    let mut said = None;
    loop {
        let status = if log.check_writable().is_ok() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        if said != Some(status) {
            health.set_service_status(WRITING, status).await;
            said = Some(status);
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            stopped = ended.wait_for(|ended| *ended) => {
                drop(stopped);
                return;
            }
        }
    }
}

/// Waits for Ctrl-C or SIGTERM; answers which.
async fn signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done.map(|()| "interrupt"),
        _ = terminate.recv() => Ok("terminate"),
    }
}
