//! The sockets: accepts connections, reads requests within limits, hands them to `routes`, and stops without cutting anybody off.
//!
//! Everything here has a limit, since whoever reaches this port has not shown a signature yet: how many connections, how long
//! a head and a body may take, how large they are. It knows nothing of what is asked.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::routes::{self, BODY_BYTES_MAX, Door, Receive, Routes};
use crate::telemetry::metrics::Came;

/// The largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long to wait when the system has no more file descriptors to give.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What a connection beyond the limit is told, whatever it wanted.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How much a peer may ask of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections at a time.
    pub connections_max: usize,
    /// How long a head may take, and how long a connection may idle.
    pub head_within: Duration,
    /// How long a body may take.
    pub body_within: Duration,
    /// How long requests may take to finish when the process stops.
    pub stop_within: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        let seconds = Duration::from_secs(5);
        Limits { connections_max: 256, head_within: seconds, body_within: seconds, stop_within: seconds }
    }
}

/// Serves until `stop` becomes true; then takes nothing new and lets what has begun finish, for as long as the limits say.
pub async fn serve<R: Receive>(listener: TcpListener, routes: Arc<Routes<R>>, limits: Limits, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = told(&mut stop) => break,
        };
        match accepted {
            Ok((stream, _)) if connections.len() >= limits.connections_max => {
                routes.metrics.connection_refused();
                // Without waiting: a peer that does not read must not hold up the others.
                let _ = stream.try_write(TOO_MANY);
            }
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(&routes), limits, stop.clone()));
            }
            Err(problem) => {
                warn!(%problem, "a connection could not be accepted");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, told(&mut stop)).await;
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.stop_within, all).await.is_err() {
        warn!("some requests did not finish before the stop");
    }
    info!("no requests are taken any more");
}

/// Until the process is told to stop, or nobody is left to tell it.
pub(crate) async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stopped| *stopped).await;
}

/// One connection, until it ends or the process stops.
async fn converse<R: Receive>(stream: TcpStream, routes: Arc<Routes<R>>, limits: Limits, mut stop: watch::Receiver<bool>) {
    // Small answers should not wait for more to say.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let routes = Arc::clone(&routes);
        async move { Ok::<_, Infallible>(answer(request, &routes, limits).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(problem) = ended {
        debug!(%problem, "a connection ended early");
    }
}

async fn answer<R: Receive>(request: Request<Incoming>, routes: &Routes<R>, limits: Limits) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match routes.door(&head.method, head.uri.path()) {
        Door::Slack | Door::Reveal => match read(body, limits.body_within).await {
            Ok(body) => body,
            Err(status) => {
                routes.metrics.came(Came::Refused);
                return closing(routes::empty(status));
            }
        },
        // Nobody else has anything to say to us.
        Door::Health | Door::Ready | Door::Metrics | Door::OtherMethod(_) | Door::Nowhere => Bytes::new(),
    };
    routes::route(routes, &head.method, head.uri.path(), &head.headers, body).await
}

/// A whole body, as long as it is small and quick. What is too large is not kept while it comes in.
async fn read(body: Incoming, within: Duration) -> Result<Bytes, StatusCode> {
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > BODY_BYTES_MAX {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(within, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(problem)) if problem.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// The rest of the body would be taken for the next request.
fn closing(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
