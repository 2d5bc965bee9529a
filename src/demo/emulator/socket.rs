//! Socket Mode, the connections: gives addresses with a ticket, takes connections, and knows which of them work. What is sent over
//! them is `envelope`'s business.
//!
//! A connection is a real one on a loopback port, so that it can be cut, or go silent, as real ones do.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::state::{Bot, State};
use super::web_api::{Answered, error};
use super::{Emulator, Shared, json as loose};

/// How many connections an app may have.
pub const LINKS_MAX: usize = 10;
/// How long after its farewell Slack closes a connection, in real time.
const CLOSED_AFTER: Duration = Duration::from_secs(10);
/// What Slack says it expects a connection to live, in seconds.
const LIFE_SECS: u64 = 18_060;

/// Why Slack says farewell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// `warning`: the connection will be closed in about ten seconds.
    Warning,
    /// `refresh_requested`: the same, at once.
    Refresh,
    /// `link_disabled`: somebody switched Socket Mode off.
    Disabled,
}

/// The connections of the app.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// Where connections are taken: `127.0.0.1:port`.
    pub address: String,
    tickets: Vec<String>,
    links: Vec<Link>,
    waiting: Vec<Waiting>,
    /// Envelopes that were sent, so that an acknowledgement of something else can be told from a late one.
    known: Vec<String>,
    opened: u64,
    turn: usize,
}

#[derive(Debug)]
struct Link {
    number: u64,
    orders: mpsc::UnboundedSender<Order>,
    /// Slack will close it, so that it gets nothing new.
    is_leaving: bool,
    /// Nobody is there any more at this end, and the app has not noticed.
    is_frozen: bool,
}

impl Link {
    fn works(&self) -> bool {
        !self.is_leaving && !self.is_frozen
    }
}

/// An envelope that is not acknowledged.
#[derive(Debug)]
struct Waiting {
    envelope: String,
    link: u64,
    takes_payload: bool,
    acknowledged: oneshot::Sender<Option<Value>>,
}

/// What a connection is to do.
#[derive(Debug)]
enum Order {
    Say(String),
    /// Say it, and close a while later.
    Leave(String),
    Cut,
    Freeze,
}

/// `apps.connections.open`.
pub(super) fn open(state: &mut State, _args: &Value, now_ms: i64) -> Answered {
    if !matches!(state.bot, Some(Bot::Socket)) {
        return Err(error("access_denied"));
    }
    let ticket = format!("{}-{}", state.next_number(), now_ms.max(0));
    let url = format!("ws://{}/link/?ticket={ticket}&app_id={}", state.sockets.address, state.seed.app_id);
    state.sockets.tickets.push(ticket);
    Ok(json!({ "url": url }))
}

impl Sockets {
    /// The next connection in turn: each envelope goes over any one.
    pub fn pick(&mut self) -> Option<u64> {
        let usable: Vec<u64> = self.links.iter().filter(|link| link.works()).map(|link| link.number).collect();
        self.turn = self.turn.wrapping_add(1);
        usable.get(self.turn.checked_rem(usable.len())?).copied()
    }

    fn order(&self, link: u64, order: Order) {
        if let Some(link) = self.links.iter().find(|known| known.number == link) {
            // A connection that is over takes no orders.
            let _ = link.orders.send(order);
        }
    }

    /// Sends an envelope. Answers with its acknowledgement, or with an error when the connection ends before.
    pub fn send(&mut self, link: u64, envelope: &str, takes_payload: bool, text: String) -> oneshot::Receiver<Option<Value>> {
        let (acknowledged, answer) = oneshot::channel();
        self.waiting.push(Waiting { envelope: envelope.to_owned(), link, takes_payload, acknowledged });
        super::state::push_bounded(&mut self.known, envelope.to_owned());
        self.order(link, Order::Say(text));
        answer
    }

    /// It gets nothing new, and is closed a while after this farewell.
    pub fn leave(&mut self, link: u64, text: String) {
        self.order(link, Order::Leave(text));
        self.mark(link, |link| link.is_leaving = true);
    }

    pub fn cut(&mut self, link: u64) {
        self.order(link, Order::Cut);
        self.mark(link, |link| link.is_leaving = true);
    }

    pub fn cut_all(&mut self) {
        self.numbers().into_iter().for_each(|link| self.cut(link));
    }

    fn numbers(&self) -> Vec<u64> {
        self.links.iter().map(|link| link.number).collect()
    }

    fn mark(&mut self, link: u64, mark: impl FnMut(&mut Link)) {
        self.links.iter_mut().filter(|known| known.number == link).for_each(mark);
    }

    fn working(&self) -> usize {
        self.links.iter().filter(|link| link.works()).count()
    }

    /// What the app said: it may only acknowledge.
    fn heard(&mut self, link: u64, text: &str) -> Result<(), String> {
        let Ok(said) = serde_json::from_str::<Value>(text) else { return Err(format!("not JSON: {text}")) };
        let envelope = loose::text(&said, "envelope_id");
        let position = self.waiting.iter().position(|waiting| waiting.link == link && waiting.envelope == envelope);
        match position {
            Some(position) => {
                let waiting = self.waiting.remove(position);
                // Slack's own client for JavaScript sends an empty payload along with every acknowledgement.
                let payload = said.get("payload").filter(|payload| !is_empty(payload)).cloned();
                if payload.is_some() && !waiting.takes_payload {
                    return Err(format!("{envelope} takes no payload"));
                }
                // Too late when nobody waits any more.
                let _ = waiting.acknowledged.send(payload);
                Ok(())
            }
            None if self.known.iter().any(|known| known == envelope) => Ok(()),
            None => Err(format!("there is no envelope `{envelope}`")),
        }
    }
}

fn is_empty(payload: &Value) -> bool {
    payload.is_null() || payload.as_object().is_some_and(serde_json::Map::is_empty)
}

/// A connection, from its first byte to its end.
#[expect(clippy::result_large_err, reason = "the library wants its callback like that")]
pub(super) async fn converse(shared: Arc<Shared>, stream: TcpStream) {
    let check = |request: &Request, response: Response| match enter(&mut shared.state(), request) {
        true => Ok(response),
        false => Err(turned_away()),
    };
    let Ok(mut wire) = accept_hdr_async(stream, check).await else { return };
    let (orders, mut to_do) = mpsc::unbounded_channel();
    let joined = join(&mut shared.state(), orders);
    let Some((number, hello)) = joined else {
        let _ = wire.send(Message::text(farewell("too_many_websockets"))).await;
        return;
    };
    if wire.send(Message::text(hello)).await.is_ok() {
        shared.changed();
        talk(&shared, number, &mut wire, &mut to_do).await;
    }
    {
        let mut state = shared.state();
        state.sockets.links.retain(|link| link.number != number);
        // Whoever waits for an acknowledgement over it hears that there will be none.
        state.sockets.waiting.retain(|waiting| waiting.link != number);
    }
    shared.changed();
}

/// Its number and its hello; nothing when there are too many.
fn join(state: &mut State, orders: mpsc::UnboundedSender<Order>) -> Option<(u64, String)> {
    if state.sockets.links.len() >= LINKS_MAX {
        return None;
    }
    state.sockets.opened += 1;
    let number = state.sockets.opened;
    state.sockets.links.push(Link { number, orders, is_leaving: false, is_frozen: false });
    Some((number, hello(state)))
}

async fn talk(shared: &Shared, number: u64, wire: &mut WebSocketStream<TcpStream>, to_do: &mut mpsc::UnboundedReceiver<Order>) {
    loop {
        tokio::select! {
            biased;
            order = to_do.recv() => match order {
                Some(Order::Say(text)) => if wire.send(Message::text(text)).await.is_err() { return },
                Some(Order::Leave(text)) => {
                    let leaving = async {
                        if wire.send(Message::text(text)).await.is_ok() {
                            while hear(shared, number, wire.next().await) {}
                        }
                    };
                    let _ = tokio::time::timeout(CLOSED_AFTER, leaving).await;
                    return;
                }
                Some(Order::Freeze) => while !matches!(to_do.recv().await, Some(Order::Cut) | None) {},
                Some(Order::Cut) | None => return,
            },
            frame = wire.next() => if !hear(shared, number, frame) { return },
        }
    }
}

/// Whether the connection goes on.
fn hear(shared: &Shared, number: u64, frame: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> bool {
    match frame {
        Some(Ok(Message::Text(text))) => {
            let mut state = shared.state();
            if let Err(problem) = state.sockets.heard(number, &text) {
                state.complain(format!("over the socket: {problem}"));
            }
            true
        }
        Some(Ok(_)) => true,
        Some(Err(_)) | None => false,
    }
}

/// A ticket is good for one connection.
fn enter(state: &mut State, request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let ticket =
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ticket").map(|(_, ticket)| ticket.into_owned());
    let before = state.sockets.tickets.len();
    state.sockets.tickets.retain(|known| Some(known) != ticket.as_ref());
    request.uri().path() == "/link/" && state.sockets.tickets.len() < before && !state.is_down
}

fn turned_away() -> ErrorResponse {
    let mut response = ErrorResponse::new(Some("no such ticket".to_owned()));
    *response.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::UNAUTHORIZED;
    response
}

fn hello(state: &State) -> String {
    json!({
        "type": "hello", "num_connections": state.sockets.links.len(),
        "debug_info": { "host": "applink-emulator", "build_number": 1, "approximate_connection_time": LIFE_SECS },
        "connection_info": { "app_id": state.seed.app_id },
    })
    .to_string()
}

pub(super) fn farewell(reason: &str) -> String {
    json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-emulator" } }).to_string()
}

impl Emulator {
    /// From now on commands and clicks go over the connections that the app opens with this token.
    pub fn use_socket_mode(&self) -> String {
        let mut state = self.shared.state();
        state.bot = Some(Bot::Socket);
        state.seed.app_token.clone()
    }

    /// How many connections work, as far as the app knows.
    pub fn links(&self) -> usize {
        self.shared.state().sockets.working()
    }

    /// How many there are, with those that Slack is going to close.
    pub fn links_in_all(&self) -> usize {
        self.shared.state().sockets.links.len()
    }

    /// How many connections there have been.
    pub fn links_so_far(&self) -> u64 {
        self.shared.state().sockets.opened
    }

    /// Until `holds` says so of how many connections work, and how many there have been.
    pub async fn links_until(&self, holds: impl Fn(usize, u64) -> bool) {
        let mut changes = self.watch();
        while !holds(self.links(), self.links_so_far()) {
            // The sender lives as long as this emulator.
            let _ = changes.changed().await;
        }
    }

    /// Every connection breaks.
    pub fn cut_links(&self) {
        self.shared.state().sockets.cut_all();
    }

    /// One connection goes silent: this end reads and writes nothing any more, and does not close it either.
    pub fn freeze_a_link(&self) {
        let mut state = self.shared.state();
        let Some(number) = state.sockets.pick() else { return };
        state.sockets.order(number, Order::Freeze);
        state.sockets.mark(number, |link| link.is_frozen = true);
    }

    /// Slack says farewell on every connection.
    pub fn say_farewell(&self, why: Farewell) {
        let mut state = self.shared.state();
        let reason = match why {
            Farewell::Warning => "warning",
            Farewell::Refresh => "refresh_requested",
            Farewell::Disabled => "link_disabled",
        };
        if why == Farewell::Disabled {
            state.bot = None;
        }
        state.sockets.numbers().into_iter().for_each(|link| state.sockets.leave(link, farewell(reason)));
    }
}
