//! A small HTTP server and client for loopback, used by everything in the demo that speaks HTTP.
//!
//! It exists because the demo must be able to hang up in the middle of a conversation, which routing frameworks hide. It
//! deliberately knows no TLS, no HTTP/2 and no routes: a handler gets a whole request and gives a whole answer.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::gate::{Answering, Gate, Moment, Pass};

const BODY_BYTES_MAX: usize = 1024 * 1024;
const HEADER_READ_MAX: Duration = Duration::from_secs(10);
const CONNECTIONS_MAX: usize = 256;
/// After a failed accept (no file descriptors left, for one), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// One request, read whole.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of an `Authorization: Bearer …` header.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The last value of a query parameter.
    pub fn query_value(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes()).filter(|(key, _)| key == name).last().map(|(_, value)| value.into_owned())
    }
}

/// What a handler answers with.
#[derive(Debug)]
pub enum Answer {
    Whole {
        status: u16,
        content_type: &'static str,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    },
    /// Lines as they come, until the sender is dropped.
    Stream {
        content_type: &'static str,
        headers: Vec<(&'static str, String)>,
        lines: mpsc::Receiver<String>,
    },
    /// Close the connection without a byte of answer.
    HangUp,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Whole {
            status,
            content_type: "application/json; charset=utf-8",
            headers: Vec::new(),
            body: Bytes::from(body.to_string()),
        }
    }

    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::Whole { status, content_type: "text/plain; charset=utf-8", headers: Vec::new(), body: Bytes::from(body.into()) }
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match &mut self {
            Self::Whole { headers, .. } | Self::Stream { headers, .. } => {
                headers.push((name, value.into()));
            }
            Self::HangUp => {}
        }
        self
    }
}

/// A running server. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Server {
    pub addr: SocketAddr,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Listens on 127.0.0.1 (port 0: any free one) and answers with `handler`.
pub async fn serve<H, F>(port: u16, handler: H) -> io::Result<Server>
where
    H: Fn(Asked) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    serve_behind(Gate::default(), port, handler).await
}

/// The same behind a gate.
pub async fn serve_behind<H, F>(gate: Gate, port: u16, handler: H) -> io::Result<Server>
where
    H: Fn(Asked) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let handler = Arc::new(handler);
    let converse = move |stream| {
        let (gate, handler) = (gate.clone(), Arc::clone(&handler));
        async move {
            let service = service_fn(move |request| answer(request, gate.clone(), Arc::clone(&handler)));
            // An error here is a client that went away, or an answer that was withheld on purpose.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_READ_MAX)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    };
    listen(port, converse).await
}

/// Listens on 127.0.0.1 (port 0: any free one) and leaves each connection to `converse`.
pub async fn listen<C, F>(port: u16, converse: C) -> io::Result<Server>
where
    C: Fn(TcpStream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let addr = listener.local_addr()?;
    let accepting = tokio::spawn(accept(listener, converse)).abort_handle();
    Ok(Server { addr, accepting })
}

async fn accept<C, F>(listener: TcpListener, converse: C)
where
    C: Fn(TcpStream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    // Aborting this task drops the set, and with it every open connection.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
            continue;
        }
        let Ok((stream, _)) = listener.accept().await else {
            pause(ACCEPT_PAUSE).await;
            continue;
        };
        connections.spawn(converse(stream));
    }
}

/// Lets real time pass, for answers that are late on purpose.
#[expect(clippy::disallowed_methods, reason = "this stands for slow services outside, which have no clock of ours")]
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was closed on purpose")
    }
}

impl std::error::Error for HungUp {}

async fn answer<H, F>(request: Request<Incoming>, gate: Gate, handler: Arc<H>) -> Result<Response<Out>, HungUp>
where
    H: Fn(Asked) -> F,
    F: Future<Output = Answer>,
{
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        let call = gate.until_answered("too large".to_owned());
        return Ok(whole(413, "text/plain", &[], Bytes::from_static(b"too large"), call));
    };
    let asked = Asked {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    let call = format!("{} {}", asked.method, asked.path);
    if gate.pass(Moment::Arrived, &call).await == Pass::HangUp {
        return Err(HungUp);
    }
    let answer = handler(asked).await;
    if gate.pass(Moment::Done, &call).await == Pass::HangUp {
        return Err(HungUp);
    }
    match answer {
        Answer::HangUp => Err(HungUp),
        Answer::Whole { status, content_type, headers, body } => {
            Ok(whole(status, content_type, &headers, body, gate.until_answered(call)))
        }
        Answer::Stream { content_type, headers, lines } => {
            let mut response = Response::new(Out::Lines(lines));
            set_headers(response.headers_mut(), content_type, &headers);
            Ok(response)
        }
    }
}

fn whole(
    status: u16,
    content_type: &'static str,
    headers: &[(&'static str, String)],
    body: Bytes,
    call: Answering,
) -> Response<Out> {
    let mut response = Response::new(Out::Whole { body: Full::new(body), _call: call });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set_headers(response.headers_mut(), content_type, headers);
    response
}

fn set_headers(map: &mut HeaderMap, content_type: &'static str, more: &[(&'static str, String)]) {
    map.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_str(value) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
}

enum Out {
    /// Dropped when it is written, and the call with it.
    Whole {
        body: Full<Bytes>,
        _call: Answering,
    },
    Lines(mpsc::Receiver<String>),
}

impl Body for Out {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole { body, .. } => Pin::new(body).poll_frame(context),
            Self::Lines(lines) => lines.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(Bytes::from(line))))),
        }
    }
}

/// What came back from a call, or why nothing did.
#[derive(Debug)]
pub enum Called {
    Answered { status: u16, body: String },
    NotReached(String),
    TooLate,
}

/// Sends one request on a connection of its own, so that no call inherits a connection to a process that has died since.
pub async fn call(method: &str, url: &str, headers: &[(&str, String)], body: String, within: Duration) -> Called {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = match request.body(Full::new(Bytes::from(body))) {
        Ok(request) => request,
        Err(problem) => return Called::NotReached(problem.to_string()),
    };
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let conversation = async {
        let response = client.request(request).await.map_err(|problem| problem.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await.map_err(|problem| problem.to_string())?;
        Ok::<_, String>((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    match tokio::time::timeout(within, conversation).await {
        Err(_) => Called::TooLate,
        Ok(Err(problem)) => Called::NotReached(problem),
        Ok(Ok((status, body))) => Called::Answered { status, body },
    }
}
