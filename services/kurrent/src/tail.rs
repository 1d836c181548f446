//! The end of the log: asked for every moment, since other nodes write too. A subscription would have to be watched by a
//! thread of its own: the client's can spin for ever when its stream ends, and never says that it fell behind.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use yujian_eventlog::LogError;

use crate::fault::Fault;
use crate::header;
use crate::log::Core;
use crate::read::{From, PAGE_ITEMS, seen};

/// How often the end is asked for.
const EVERY: Duration = Duration::from_millis(100);
/// Wait after a fault.
const AFTER_FAULT: Duration = Duration::from_millis(250);
/// Longest wait for the end. Short: this is also how a server that hangs is found out.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest wait for the page before it, which may have to pass over much that is not ours.
const PAGE_PATIENCE: Duration = Duration::from_secs(60);
/// Rounds between two looks at the header.
const HEADER_EVERY: u32 = 20;
/// For so long a server may not have what was read before: one that was cut off from the others and does not know that
/// it leads no more. After that it is another log.
const LAGGING: Duration = Duration::from_secs(15);

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
    /// The log ends before a record that it had.
    Shorter,
}

impl Core {
    /// Looks once where the log ends, and announces it.
    pub(crate) async fn look(&self) -> Result<Looked, Fault> {
        // The end of everything first: what the page after it does not show of ours was not there by then.
        let end = self.raw_all(From::End, None, 1, PATIENCE).await?;
        let end = end.events.first().map_or(0, |raw| raw.position);
        let own = self.head.borrow().number;
        if end < own {
            self.lags();
            return Ok(Looked::Shorter);
        }
        let mut from = match *self.quiet() {
            Some((after, to)) if after == own => to,
            _ => own,
        };
        let mut last = own;
        while from < end {
            let start = if from == 0 { From::Start } else { From::At(from) };
            let page = match self
                .raw_all(start, Some(self.prefix.clone()), PAGE_ITEMS, PAGE_PATIENCE)
                .await
            {
                // What stood there was somebody else's and may have been removed.
                Err(Fault::Rejected(_)) if from != own => {
                    *self.quiet() = None;
                    from = own;
                    continue;
                }
                // What stood there was ours, and nothing of ours is ever removed.
                Err(Fault::Rejected(_)) => {
                    self.is_another();
                    return Ok(Looked::Shorter);
                }
                page => page?,
            };
            let ended = page.ended;
            for raw in page.events {
                if raw.position <= last {
                    continue;
                }
                last = raw.position;
                if let Some((_, time)) = seen(&self.item(raw)) {
                    self.see_time(time);
                }
            }
            if ended {
                break;
            }
            from = from.max(last);
        }
        *self.lagging() = None;
        self.announce(last);
        *self.quiet() = (end > last).then_some((last, end));
        Ok(Looked::Well)
    }

    /// The server does not have what was read before.
    fn lags(&self) {
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
        if head.number > 0 && self.item_at(head).await?.is_none() {
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
