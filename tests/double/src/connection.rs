//! A connection that can be cut from outside, in the middle of anything.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use futures::Stream;
use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tonic::transport::server::Connected;

/// The handle that cuts one connection. Handlers find it among the extensions of the request.
#[derive(Clone)]
pub struct Cut(Arc<State>);

struct State {
    cut: AtomicBool,
    waker: AtomicWaker,
    closed: watch::Sender<bool>,
}

impl Cut {
    fn new() -> Self {
        Self(Arc::new(State {
            cut: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            closed: watch::Sender::new(false),
        }))
    }

    /// Resets the connection: what is not sent yet is lost.
    pub fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
        self.0.waker.wake();
    }

    /// Waits until the socket is closed.
    pub async fn closed(&self) {
        let mut closed = self.0.closed.subscribe();
        // The sender lives as long as this handle.
        let _ = closed.wait_for(|closed| *closed).await;
    }
}

/// The open connections of a node.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Vec<Weak<State>>>>);

impl Connections {
    fn list(&self) -> MutexGuard<'_, Vec<Weak<State>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Cut {
        let cut = Cut::new();
        let mut list = self.list();
        list.retain(|state| state.upgrade().is_some_and(|state| !*state.closed.borrow()));
        list.push(Arc::downgrade(&cut.0));
        cut
    }

    /// Cuts them all and hands them back, so that one can wait for their end.
    pub fn cut(&self) -> Vec<Cut> {
        let cuts: Vec<Cut> = self
            .list()
            .drain(..)
            .filter_map(|state| state.upgrade().map(Cut))
            .collect();
        for cut in &cuts {
            cut.cut();
        }
        cuts
    }
}

/// A TCP connection that fails at once when it is cut.
pub struct Connection {
    stream: TcpStream,
    cut: Cut,
}

impl Connection {
    /// Checks for the cut; the waker is left first, so that no cut is missed.
    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        self.cut.0.waker.register(context.waker());
        if self.cut.0.cut.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Connection {
    /// Acknowledges at once what has come. The official client leaves Nagle's algorithm on: it sends the second half of a
    /// call only when the first is acknowledged, which takes 40 ms if it is left to the system.
    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        // Without it everything still works, slowly.
        let _ = self.stream.set_quickack(true);
    }

    #[cfg(not(target_os = "linux"))]
    fn acknowledge(&self) {}
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.cut.0.cut.load(Ordering::SeqCst) {
            // Closing then sends RST instead of FIN. A socket that is gone already needs none.
            let _ = self.stream.set_zero_linger();
        }
        self.cut.0.closed.send_replace(true);
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if matches!(read, Poll::Ready(Ok(()))) {
            self.acknowledge();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connected for Connection {
    type ConnectInfo = Cut;

    fn connect_info(&self) -> Cut {
        self.cut.clone()
    }
}

/// The connections that a listener accepts, each known to the node's list.
pub fn accept(listener: TcpListener, connections: Connections) -> impl Stream<Item = io::Result<Connection>> {
    futures::stream::unfold((listener, connections), |(listener, connections)| async move {
        let accepted = listener.accept().await.and_then(|(stream, _)| {
            stream.set_nodelay(true)?;
            Ok(Connection {
                stream,
                cut: connections.open(),
            })
        });
        Some((accepted, (listener, connections)))
    })
}
