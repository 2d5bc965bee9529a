//! Over real sockets on loopback: what peers do that mean no good, or are only slow.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::*;
use crate::access::ids::GrantId;
use crate::access::time::Timestamp;
use crate::app::Answer;
use crate::app::reveal::Revealed;
use crate::clock::Clock;
use crate::routes::{ANSWER_WITHIN, Before, Reveals, Sparingly};
use crate::slack::inbound::Inbound;
use crate::store::StoreError;
use crate::telemetry::{Gauges, Metrics};

struct Still;

impl Clock for Still {
    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Answers `/metrics` when it is told to.
#[derive(Clone, Default)]
struct Slow {
    asked: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Receive for Slow {
    async fn receive(&self, _inbound: Inbound) -> Answer {
        Answer { status: 200, body: None }
    }
    async fn note_signature(&self, _key: [u8; 32]) -> Result<bool, StoreError> {
        Ok(true)
    }
    async fn done_before(&self, _key: String) -> Result<Before, StoreError> {
        Ok(Before::Nothing)
    }
    async fn look_at_link(&self, _grant: GrantId, _token: String) -> Result<Revealed, StoreError> {
        Ok(Revealed::Nowhere)
    }
    async fn open_link(&self, _grant: GrantId, _token: String) -> Result<Revealed, StoreError> {
        Ok(Revealed::Nowhere)
    }
    fn readiness(&self) -> Result<(), String> {
        Ok(())
    }
    async fn gauges(&self) -> Option<Gauges> {
        self.asked.notify_one();
        self.go_on.notified().await;
        None
    }
}

struct Server {
    at: SocketAddr,
    slow: Slow,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

const QUICK: Limits = Limits {
    connections_max: 2,
    head_within: Duration::from_millis(50),
    body_within: Duration::from_millis(50),
    stop_within: Duration::from_secs(5),
};

async fn start(limits: Limits) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let (slow, metrics, (stop, stopped)) = (Slow::default(), Arc::<Metrics>::default(), watch::channel(false));
    let routes = Routes {
        receiver: slow.clone(),
        clock: Arc::new(Still),
        signing_secrets: vec!["0123456789abcdef".into()],
        metrics: Arc::clone(&metrics),
        answer_within: ANSWER_WITHIN,
        strangers: Sparingly::default(),
        reveals: Reveals::default(),
    };
    let running = tokio::spawn(serve(listener, Arc::new(routes), limits, stopped));
    Server { at, slow, metrics, stop, running }
}

/// Sends these parts and reads until the server closes. Sending and reading do not wait for each other.
async fn talk(at: SocketAddr, parts: impl IntoIterator<Item = Vec<u8>> + Send) -> String {
    let (mut reading, mut writing) = TcpStream::connect(at).await.unwrap().into_split();
    let parts: Vec<Vec<u8>> = parts.into_iter().collect();
    let send = async {
        for part in parts {
            // The server may close before it has read everything. Whether it answered first is what the reader sees.
            if writing.write_all(&part).await.is_err() {
                break;
            }
        }
        // Keeps its side open, as a slow peer would.
        std::future::pending::<()>().await;
    };
    let read = async {
        let mut answer = Vec::new();
        // A connection that is reset after its answer still gave an answer.
        while let Ok(1..) = reading.read_buf(&mut answer).await {}
        String::from_utf8_lossy(&answer).into_owned()
    };
    tokio::select! {
        answer = read => answer,
        () = send => unreachable!("it keeps its side open"),
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

fn head(method: &str, path: &str, more: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{more}\r\n").into_bytes()
}

#[tokio::test]
async fn ten_megabytes_are_refused_before_anybody_looks_at_the_signature() {
    let server = start(Limits::default()).await;
    let megabyte = || vec![b'x'; 1024 * 1024];
    let declared = std::iter::once(head("POST", "/slack/events", "content-length: 10485760\r\n"));
    assert_eq!(status(&talk(server.at, declared.chain((0..10).map(|_| megabyte()))).await), "413");
    let chunked = std::iter::once(head("POST", "/slack/events", "transfer-encoding: chunked\r\n"));
    let chunk = || [b"100000\r\n".to_vec(), megabyte(), b"\r\n".to_vec()].concat();
    assert_eq!(status(&talk(server.at, chunked.chain((0..10).map(|_| chunk()))).await), "413");
    assert!(server.metrics.render(None).contains("{kind=\"refused\"} 2"));
}

#[tokio::test]
async fn a_small_body_reaches_the_signature_check() {
    let server = start(Limits::default()).await;
    let request = [head("POST", "/slack/events", "content-length: 1\r\nconnection: close\r\n"), b"x".to_vec()];
    assert_eq!(status(&talk(server.at, request).await), "401");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let server = start(QUICK).await;
    assert_eq!(talk(server.at, [b"POST /slack/events HTTP/1.1\r\nhost: x\r\n".to_vec()]).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let server = start(Limits { head_within: Duration::from_secs(5), ..QUICK }).await;
    let request = [head("POST", "/slack/events", "content-length: 10\r\n"), b"x".to_vec()];
    assert_eq!(status(&talk(server.at, request).await), "408");
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let server = start(Limits::default()).await;
    let request = [head("GET", "/healthz", &format!("x: {}\r\n", "y".repeat(2 * HEAD_BYTES_MAX)))];
    assert_eq!(status(&talk(server.at, request).await), "431");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_turned_away_and_a_free_place_is_used_again() {
    let server = start(Limits { head_within: Duration::from_secs(60), ..QUICK }).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.at).await.unwrap();
        stream.write_all(&head("GET", "/healthz", "")).await.unwrap();
        // The answer shows that the connection was taken.
        assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
        held.push(stream);
    }
    assert_eq!(status(&talk(server.at, []).await), "503");
    assert!(server.metrics.render(None).contains("daypass_connections_refused_total 1"));
    held.clear();
    let get = || [head("GET", "/healthz", "connection: close\r\n")];
    while status(&talk(server.at, get()).await) == "503" {
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&talk(server.at, get()).await), "200");
}

#[tokio::test]
async fn a_stop_lets_what_has_begun_finish_and_takes_nothing_new() {
    let server = start(Limits { head_within: Duration::from_secs(60), ..Limits::default() }).await;
    let at = server.at;
    let idle = TcpStream::connect(at).await.unwrap();
    let begun = tokio::spawn(async move { talk(at, [head("GET", "/metrics", "")]).await });
    server.slow.asked.notified().await;
    server.stop.send_replace(true);
    while TcpStream::connect(at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.slow.go_on.notify_one();
    assert_eq!(status(&begun.await.unwrap()), "200");
    server.running.await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = start(Limits { stop_within: Duration::from_millis(50), ..Limits::default() }).await;
    let begun = tokio::spawn(talk(server.at, [head("GET", "/metrics", "")]));
    server.slow.asked.notified().await;
    server.stop.send_replace(true);
    server.running.await.unwrap();
    begun.abort();
}
