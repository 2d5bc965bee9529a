//! PagerDuty as far as Daypass speaks to it: strict about every header, parameter and field, with books of its own, and with
//! everything that can go wrong. What it is asked that it should not be is a complaint, which fails the test.

mod asked;
mod books;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use asked::Asked;
use books::Books;
pub use books::Incident;

/// The token that it takes.
pub const TOKEN: &str = "pd-token-7f3a";
/// Somebody in whose name incidents may be opened.
pub const FROM: &str = "daypass@shop.example";

/// What is wrong with it, until that is taken back.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Connections close before anything happens.
    Down,
    /// It takes a request and says nothing.
    Slow,
    /// It was asked too often, and says for how many seconds it will not answer.
    Throttled(u32),
    /// It answers so to everything, and does nothing.
    Says(u16, String),
}

/// What it answers.
struct Answer {
    status: u16,
    body: Value,
    reset_s: Option<u32>,
}

impl Answer {
    fn new(status: u16, body: Value) -> Answer {
        Answer { status, body, reset_s: None }
    }

    /// A no, as PagerDuty spells it.
    fn no(status: u16, code: u32, message: &str, errors: &[&str]) -> Answer {
        Answer::new(status, json!({ "error": { "code": code, "message": message, "errors": errors } }))
    }

    fn not_found() -> Answer {
        Answer::no(404, 2100, "Not Found", &[])
    }
}

struct State {
    books: Books,
    fault: Option<Fault>,
    answers_to_lose: u32,
    calls: Vec<String>,
    complaints: Vec<String>,
}

/// The running server. It outlives the process that asks it, like the real one.
pub struct PagerDuty {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Drop for PagerDuty {
    fn drop(&mut self) {
        self.accepting.abort();
        if !std::thread::panicking() {
            let complaints = &self.state.lock().unwrap().complaints;
            assert!(complaints.is_empty(), "PagerDuty complains: {complaints:#?}");
        }
    }
}

impl PagerDuty {
    pub async fn start() -> PagerDuty {
        let state = State { books: Books::new(), fault: None, answers_to_lose: 0, calls: Vec::new(), complaints: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
                    // An error here is an answer that was withheld on purpose, or a client that went away.
                    drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        PagerDuty { state, address, accepting: accepting.abort_handle() }
    }

    /// The value for the variable that `url_env` names.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on these are on call on a schedule, by id and address.
    pub fn puts_on_call(&self, schedule: &str, users: &[(&str, &str)]) {
        let user = |(id, email): &(&str, &str)| json!({ "id": id, "type": "user", "name": id, "email": email });
        self.puts(schedule, users.iter().map(user).collect());
    }

    /// The same with users as they are written.
    pub fn puts(&self, schedule: &str, users: Vec<Value>) {
        self.state().books.schedules.insert(schedule.to_owned(), users);
    }

    /// There is a service of this name.
    pub fn has_service(&self, id: &str, name: &str, status: &str) {
        self.state().books.services.push((id.to_owned(), name.to_owned(), status.to_owned()));
    }

    /// A service is there no more.
    pub fn loses_service(&self, name: &str) {
        self.state().books.services.retain(|(_, known, _)| known != name);
    }

    /// What is wrong with it from now on; nothing makes it whole.
    pub fn is(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// It does what it is told so many times, and nobody hears of it. Reads are answered.
    pub fn loses_answers(&self, times: u32) {
        self.state().answers_to_lose = times;
    }

    /// Somebody who was woken closes everything by hand.
    pub fn closes_everything(&self) {
        self.state().books.incidents.iter_mut().for_each(|incident| incident.status = "resolved");
    }

    /// Every incident that was ever opened.
    pub fn incidents(&self) -> Vec<Incident> {
        self.state().books.incidents.clone()
    }

    /// How many incidents are open.
    pub fn open(&self) -> usize {
        self.state().books.incidents.iter().filter(|incident| incident.status != "resolved").count()
    }

    /// What it was asked, oldest first: method, path, and status (0: no answer).
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// How many calls of this method there were.
    pub fn count(&self, method: &str) -> usize {
        self.state().calls.iter().filter(|call| call.starts_with(method)).count()
    }
}

#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for HungUp {}

async fn answer(request: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, HungUp> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
    let asked = Asked::new(&parts, &body);
    let call = format!("{} {}", asked.method, asked.path.join("/"));
    let fault = state.lock().unwrap().fault.clone();
    let (answer, is_lost) = match fault {
        Some(Fault::Down) => {
            state.lock().unwrap().calls.push(format!("{call} 0"));
            return Err(HungUp);
        }
        Some(Fault::Slow) => {
            state.lock().unwrap().calls.push(format!("{call} 0"));
            return Ok(std::future::pending().await);
        }
        Some(Fault::Throttled(reset_s)) => {
            (Answer { reset_s: Some(reset_s), ..Answer::no(429, 2020, "Rate Limit Exceeded", &[]) }, false)
        }
        Some(Fault::Says(status, body)) => {
            state.lock().unwrap().calls.push(format!("{call} {status}"));
            return Ok(respond(status, None, body.into()).unwrap_or_else(|never| match never {}));
        }
        None => {
            let mut state = state.lock().unwrap();
            let State { books, complaints, .. } = &mut *state;
            let answer = match asked.refused(TOKEN, complaints) {
                Some(no) => no,
                None => books.answer(&asked, complaints),
            };
            let is_lost = state.answers_to_lose > 0 && asked_to_change(&call);
            state.answers_to_lose -= u32::from(is_lost);
            (answer, is_lost)
        }
    };
    let status = if is_lost { 0 } else { answer.status };
    state.lock().unwrap().calls.push(format!("{call} {status}"));
    if is_lost {
        return Err(HungUp);
    }
    Ok(respond(answer.status, answer.reset_s, answer.body.to_string().into()).unwrap_or_else(|never| match never {}))
}

fn asked_to_change(call: &str) -> bool {
    !call.starts_with("GET ")
}

fn respond(status: u16, reset_s: Option<u32>, body: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if let Some(reset_s) = reset_s {
        response = response.header("ratelimit-limit", "960").header("ratelimit-remaining", "0");
        response = response.header("ratelimit-reset", reset_s.to_string());
    }
    Ok(response.body(Full::new(body)).unwrap())
}
