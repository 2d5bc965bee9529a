//! A TCP proxy that fails on demand, at a chosen exchange. For tests and for `provider test`; it listens on loopback only.
//!
//! An exchange is what the client says until the server answers. Counting exchanges, and not connections or bytes, puts a fault
//! between any two steps of an operation, whatever the protocol.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

const BUFFER_BYTES: usize = 64 * 1024;

/// What goes wrong with an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes before the server hears of it.
    DropBeforeSend,
    /// The server hears and answers; the connection closes before the answer gets through.
    DropAfterSend,
    /// Half of the answer gets through.
    CutInMidAnswer,
    /// The server hears and answers; the answer never gets through, and the connection stays open.
    Delay,
    /// HTTP only: 429 with `Retry-After: 7`; the server does not hear of it.
    TooManyRequests,
    /// HTTP only: 500 without a word; the server does not hear of it.
    ServerError,
}

/// How long [`Fault::TooManyRequests`] asks to wait.
pub const RETRY_AFTER_S: u64 = 7;

/// The proxy. Dropping it closes its port and every connection through it.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// How many exchanges there were since the count began.
    exchanges: usize,
    armed: Option<(Fault, usize)>,
    has_fired: bool,
}

impl Proxy {
    /// Starts a proxy to `upstream` on a free loopback port.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(upstream: SocketAddr) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(State::default()));
        let task = tokio::spawn(accept(listener, upstream, Arc::clone(&shared)));
        Ok(Proxy { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the `at`-th exchange from now on go wrong; the first is 1. Those before and after it pass.
    pub fn arm(&self, fault: Fault, at: usize) {
        *lock(&self.shared) = State { exchanges: 0, armed: Some((fault, at)), has_fired: false };
    }

    /// Lets everything pass. Says whether the fault came to pass.
    pub fn disarm(&self) -> bool {
        std::mem::take(&mut *lock(&self.shared)).has_fired
    }

    /// How many exchanges there were since the last [`Proxy::arm`] or [`Proxy::disarm`].
    pub fn exchanges(&self) -> usize {
        lock(&self.shared).exchanges
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Counts an exchange; the fault that befalls it, if one does.
    fn next(&mut self) -> Option<Fault> {
        self.exchanges = self.exchanges.saturating_add(1);
        let (fault, _) = self.armed.filter(|(_, at)| *at == self.exchanges)?;
        self.has_fired = true;
        Some(fault)
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, shared: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A connection that breaks is what this is for.
            drop(relay(client, upstream, &shared).await);
        });
    }
}

async fn relay(mut client: TcpStream, upstream: SocketAddr, shared: &Mutex<State>) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream).await?;
    let (mut said, mut heard) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let mut is_answered = true;
    let mut fault = None;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let chunk = taken(&said, read?)?;
                if is_answered && fault.is_none() {
                    is_answered = false;
                    fault = lock(shared).next();
                }
                match fault {
                    Some(Fault::DropBeforeSend) => return Ok(()),
                    Some(Fault::TooManyRequests) => return refuse(client, &format!("429 Too Many Requests\r\nretry-after: {RETRY_AFTER_S}")).await,
                    Some(Fault::ServerError) => return refuse(client, "500 Internal Server Error").await,
                    Some(Fault::DropAfterSend | Fault::CutInMidAnswer | Fault::Delay) | None => server.write_all(chunk).await?,
                }
            }
            read = server.read(&mut heard) => {
                let chunk = taken(&heard, read?)?;
                is_answered = true;
                match fault {
                    None => client.write_all(chunk).await?,
                    Some(Fault::CutInMidAnswer) => {
                        let (half, _) = chunk.split_at(chunk.len() / 2);
                        return client.write_all(half).await;
                    }
                    Some(Fault::Delay) => {}
                    Some(Fault::DropAfterSend | Fault::DropBeforeSend | Fault::TooManyRequests | Fault::ServerError) => return Ok(()),
                }
            }
        }
    }
}

/// What was read; the end of either side is the end of both.
fn taken(buffer: &[u8], length: usize) -> io::Result<&[u8]> {
    buffer.get(..length).filter(|chunk| !chunk.is_empty()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

async fn refuse(mut client: TcpStream, status: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}
