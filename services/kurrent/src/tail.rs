//! The end of the log: asked for every moment, since other nodes write too. A subscription would have to be watched by a
//! thread of its own: the client's can spin for ever when its stream ends, and never says that it fell behind.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use yujian_eventlog::LogError;

use crate::core::Core;
use crate::fault::Fault;
use crate::header;
use crate::read::{FIRST_PATIENCE, From, LOG_PATIENCE, PAGE_ITEMS, Raw, time_of};

/// How often the end is asked for.
const EVERY: Duration = Duration::from_millis(100);
/// Wait after a fault.
const AFTER_FAULT: Duration = Duration::from_millis(250);
/// Longest wait for the end. Short: this is also how a server that hangs is found out.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rounds between two looks at the header.
const HEADER_EVERY: u32 = 20;
/// For so long a server may not have what was read before: one that was cut off from the others and does not know that
/// it leads no more. After that it is another log.
const LAGGING: Duration = Duration::from_secs(15);
/// Pages in a row that end before the log does, after which the look is given up.
const SHORT_PAGES: u32 = 5;

/// Looks at the end until the log is dropped.
pub(crate) fn spawn(core: &Arc<Core>) -> JoinHandle<()> {
    tokio::spawn(run(Arc::downgrade(core)))
}

async fn run(core: Weak<Core>) {
    let mut round = 0_u32;
    loop {
        let Some(core) = core.upgrade() else { return };
        let wait = match core.look().await {
            Ok(_) => EVERY,
            Err(_) => AFTER_FAULT,
        };
        if round % HEADER_EVERY == HEADER_EVERY - 1 {
            core.look_at_header().await;
            core.look_at_own().await;
        }
        round = round.wrapping_add(1);
        drop(core);
        tokio::time::sleep(wait).await;
    }
}

/// What a look at the end has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    Well,
    /// The log does not hold the newest record that was read of it.
    Shorter,
}

impl Core {
    /// Looks once where the log ends, and announces it.
    pub(crate) async fn look(&self) -> Result<Looked, Fault> {
        // The end of everything first: what the pages up to it do not show of ours was not there by then.
        let end = self.raw_all(From::End, Vec::new(), 1, PATIENCE).await?;
        let own = self.head.borrow().number;
        let Some(end) = end.events.into_iter().next() else {
            // A log that holds something has an end.
            return if own == 0 { Ok(Looked::Well) } else { Err(early()) };
        };
        if end.position < own {
            self.lags();
            return Ok(Looked::Shorter);
        }
        let passed = match *self.quiet() {
            Some((after, to)) if after == own && to <= end.position => to,
            _ => own,
        };
        self.walk(own, passed, &end).await
    }

    /// Reads on from a place behind our newest record, or that record itself, up to the end. The pages also show the
    /// stream of the end: one that was broken off does not show the end.
    async fn walk(&self, own: u64, passed: u64, end: &Raw) -> Result<Looked, Fault> {
        let prefixes = vec![self.prefix.clone(), end.stream.clone()];
        let (mut last, mut reached) = (own, passed);
        let (mut short, mut again) = (0, false);
        // A page that was not answered soon has the next time as long as it takes: it may pass over much.
        let patience = if self.slow.swap(false, Ordering::Relaxed) {
            LOG_PATIENCE
        } else {
            FIRST_PATIENCE
        };
        while reached < end.position {
            let from = if reached == 0 { From::Start } else { From::At(reached) };
            let page = match self.raw_all(from, prefixes.clone(), PAGE_ITEMS, patience).await {
                // What stood there was somebody else's and may have been removed.
                Err(Fault::Rejected(_)) if reached != own && !again => {
                    *self.quiet() = None;
                    reached = own;
                    again = true;
                    continue;
                }
                // What stood there was ours, and nothing of ours is ever removed.
                Err(Fault::Rejected(_)) if reached == own => {
                    self.is_another();
                    return Ok(Looked::Shorter);
                }
                Err(fault) => {
                    self.slow.store(true, Ordering::Relaxed);
                    return Err(fault);
                }
                Ok(page) => page,
            };
            let from_own = reached == own && own > 0;
            if from_own && page.events.first().is_some_and(|first| !self.is_own(first, own)) {
                self.is_another();
                return Ok(Looked::Shorter);
            }
            let before = reached;
            for raw in page.events {
                if raw.position <= reached {
                    continue;
                }
                reached = raw.position;
                if raw.stream.starts_with(&self.prefix) && raw.position > last {
                    last = raw.position;
                    if let Some(time) = time_of(&self.item(raw)) {
                        self.see_time(time);
                    }
                }
            }
            // What was seen is there, even if the page was broken off.
            self.announce(last);
            short = if reached == before { short + 1 } else { 0 };
            if short == SHORT_PAGES {
                return Err(early());
            }
        }
        *self.lagging() = None;
        *self.quiet() = (end.position > last).then_some((last, end.position));
        Ok(Looked::Well)
    }

    /// The server does not have what was read before.
    fn lags(&self) {
        // Until it is clear which of both it is, every append looks first.
        self.seen_by.store(0, Ordering::Release);
        let since = *self.lagging().get_or_insert_with(Instant::now);
        if since.elapsed() >= LAGGING {
            self.is_another();
        }
    }

    fn lagging(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.lagging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no writes any more: this is not the log that was opened.
    fn is_another(&self) {
        self.another.store(true, Ordering::Relaxed);
        self.refuse(LogError::Stopped(
            "the server does not have records that were read from it: it was restored from a backup, or it is another \
             log. Stop every node, run `yujian kurrentdb new-epoch`, start again"
                .to_owned(),
        ));
    }

    /// Makes sure, once for every new client, that the server still has the newest record that is known: it may have
    /// been restored while it was away, and an append would go on from there before the tail notices.
    pub(crate) async fn is_still_it(&self) -> Result<(), LogError> {
        let clients = self.supervisor.counters.read().clients;
        if self.seen_by.load(Ordering::Acquire) == clients {
            return Ok(());
        }
        let head = *self.head.borrow();
        let there = match self.item_at(head).await {
            Err(LogError::BeyondHead { .. }) => false,
            item => head.number == 0 || item?.is_some(),
        };
        if !there {
            self.lags();
            self.writable()?;
            return Err(LogError::Unavailable(
                "KurrentDB: the server does not have what was read from it before".to_owned(),
            ));
        }
        *self.lagging() = None;
        self.seen_by.store(clients, Ordering::Release);
        self.writable()
    }

    fn quiet(&self) -> std::sync::MutexGuard<'_, Option<(u64, u64)>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_own(&self, raw: &Raw, own: u64) -> bool {
        raw.position == own && raw.stream.starts_with(&self.prefix)
    }

    /// Whether our newest record still stands where it did. Looks that begin behind it would not find out: if it does
    /// not, the next ones begin with it.
    async fn look_at_own(&self) {
        let own = self.head.borrow().number;
        if own == 0 {
            return;
        }
        let sound = match self.raw_all(From::At(own), Vec::new(), 1, PATIENCE).await {
            Ok(taken) => taken.events.first().is_none_or(|first| self.is_own(first, own)),
            Err(fault) => !matches!(fault, Fault::Rejected(_)),
        };
        if !sound {
            *self.quiet() = None;
        }
    }

    /// Whether the log is still the one that was opened, with its keys here.
    async fn look_at_header(&self) {
        let Ok(found) = header::read(&self.supervisor, &self.namespace).await else {
            return;
        };
        let refusal = match found {
            None => Some("its header is gone".to_owned()),
            Some(noted) if noted.note.header.epoch != self.epoch => Some(format!(
                "the log began epoch {} while this node serves epoch {}: start it again",
                noted.note.header.epoch, self.epoch
            )),
            Some(noted) => match (noted.note.keys_host, &self.keys_host) {
                (Some(holder), Some(own)) if !own.is_beside(&holder) => Some(format!(
                    "the keys are held by {} from now on: all command nodes run there",
                    holder.name
                )),
                _ => None,
            },
        };
        if let Some(refusal) = refusal {
            self.refuse(LogError::ReadOnly(refusal));
        }
    }
}

fn early() -> Fault {
    Fault::Unclear("pages of the log end before the log does".to_owned())
}
