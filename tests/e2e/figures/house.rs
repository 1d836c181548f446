//! The page and the services over a log in this process, at any day that a test wants.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use yujian_api::Api;
use yujian_command::Commands;
use yujian_dashboard::Page;
use yujian_domain::time::end_of;
use yujian_eventlog::EventLog;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{FileKeys, KeyProvider};
use yujian_eventlog::sqlite::{LogKind, OpenOptions, SqliteLog};
use yujian_views::Views;

/// What is served. Ends with it.
pub struct House {
    pub address: String,
    pub log: Arc<dyn EventLog>,
    clock: Arc<SimulatedClock>,
    stop: CancellationToken,
    follow: watch::Sender<bool>,
    _directory: Option<TempDir>,
}

impl House {
    /// Serves what a floor has written, with views in a directory of their own.
    pub async fn over(
        commands: Commands,
        log: Arc<dyn EventLog>,
        keys: Arc<dyn KeyProvider>,
        clock: Arc<SimulatedClock>,
        directory: &Path,
    ) -> Self {
        let views = Views::open(
            Some(directory),
            log.clone(),
            commands.reference().divisions.clone(),
            |_| {},
        )
        .await
        .unwrap();
        let (follow, stopped) = watch::channel(false);
        let follower = views.clone();
        tokio::spawn(async move { follower.follow(stopped).await });
        let stop = CancellationToken::new();
        let api = Api::new(
            commands.clone(),
            views.clone(),
            log.clone(),
            keys.clone(),
            clock.clone(),
            stop.clone(),
        );
        let reference = move || commands.reference();
        let page = Page::new(views, keys, clock.clone(), Arc::new(reference), stop.clone(), true);
        let router = page.router().merge(api.router().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let served = Server::builder()
            .accept_http1(true)
            .add_routes(Routes::from(router))
            .serve_with_incoming_shutdown(
                TcpIncoming::from(listener).with_nodelay(Some(true)),
                stop.clone().cancelled_owned(),
            );
        tokio::spawn(served);
        Self {
            address,
            log,
            clock,
            stop,
            follow,
            _directory: None,
        }
    }

    /// Serves a demonstration that lies in a directory. Nothing is written to its log.
    pub async fn of_demo(data: &Path, seed: u64, until: Date) -> Self {
        let clock = Arc::new(SimulatedClock::new(end_of(until)));
        let entropy = Arc::new(Entropy::Os);
        let keys = FileKeys::open(data, None, false, entropy.clone(), clock.clone()).unwrap();
        let simulated = SqliteLog::open(
            data,
            OpenOptions {
                kind: LogKind::Demo {
                    seed,
                    until: end_of(until),
                },
                check_values: keys.check_values(),
                ..OpenOptions::new(clock.clone())
            },
        )
        .unwrap();
        let log: Arc<dyn EventLog> = simulated;
        let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy, true)
            .await
            .unwrap();
        Self::over(commands, log, keys, clock, data).await
    }

    /// Keeps a directory as long as this.
    pub fn keeping(mut self, directory: TempDir) -> Self {
        self._directory = Some(directory);
        self
    }

    /// Sets the clock to the end of a day.
    pub fn show(&self, day: Date) {
        self.clock.set(end_of(day));
    }

    pub async fn channel(&self) -> Channel {
        let url = format!("http://{}", self.address);
        Channel::from_shared(url).unwrap().connect().await.unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.follow.send(true);
        self.stop.cancel();
    }
}
