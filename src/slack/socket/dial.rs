//! Makes one connection: asks Slack for an address and dials it. No retry, and no log: an address holds a ticket.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::Pace;
use super::status::Problem;
use crate::slack::client::{SetupError, SlackApi};

/// The largest text that is read, in bytes. Larger ones end the connection: Slack's largest forms are a quarter of it.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

pub(super) type Wire = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Whoever makes connections.
pub(super) struct Dialer {
    api: SlackApi,
    tls: Connector,
}

impl Dialer {
    pub(super) fn new(api_url: &str, app_token: &SecretString) -> Result<Dialer, SetupError> {
        let api = SlackApi::new(api_url, app_token)?;
        if api.is_loopback() {
            return Ok(Dialer { api, tls: Connector::Plain });
        }
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Dialer { api, tls: Connector::Rustls(Arc::new(tls)) })
    }

    /// The address of a connection, good for one.
    pub(super) async fn ask(&self) -> Result<SecretString, Problem> {
        self.api.open_connection().await.map_err(Problem::of_asking)
    }

    pub(super) async fn dial(&self, pace: &Pace) -> Result<Wire, Problem> {
        let address = self.ask().await?;
        let address = address.expose_secret();
        let is_allowed = address.starts_with("wss://") || (self.api.is_loopback() && address.starts_with("ws://"));
        if !is_allowed {
            return Err(Problem::NotMade("its address is not encrypted"));
        }
        let limits = WebSocketConfig::default().max_message_size(Some(TEXT_BYTES_MAX)).max_frame_size(Some(TEXT_BYTES_MAX));
        let dialing = connect_async_tls_with_config(address, Some(limits), true, Some(self.tls.clone()));
        match tokio::time::timeout(pace.connect_within, dialing).await {
            Ok(Ok((wire, _))) => Ok(wire),
            Ok(Err(error)) => Err(Problem::NotMade(word_for(&error))),
            Err(_) => Err(Problem::NotMade("it took too long")),
        }
    }
}

/// The library's own words may repeat the address, and with it the ticket.
fn word_for(error: &Error) -> &'static str {
    match error {
        Error::Io(_) => "the network",
        Error::Tls(_) => "its certificate",
        Error::Http(_) | Error::HttpFormat(_) => "it was turned away",
        Error::Url(_) => "its address is none",
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Capacity(_)
        | Error::Protocol(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt => "it broke off",
    }
}
