//! The sandbox provider's server as the adapter's tests see it: what is really there, also with a mark.

use std::net::SocketAddr;
use std::sync::Arc;

use daypass::demo::sandbox::{Sandbox, Setup};

/// The token that the server takes.
pub const TOKEN: &str = "test-token";

/// A server of its own for one test.
pub struct SandboxServer {
    sandbox: Sandbox,
    pub address: SocketAddr,
}

impl SandboxServer {
    pub async fn start() -> SandboxServer {
        let setup = Setup { token: TOKEN.to_owned(), ..Setup::demo() };
        let sandbox = Sandbox::start(setup, Arc::new(|| 0)).await.unwrap();
        let address = sandbox.url().trim_start_matches("http://").parse().unwrap();
        SandboxServer { sandbox, address }
    }

    /// The level and the mark that are really there.
    pub fn held(&self, account: &str, thing: &str) -> Option<(String, Option<String>)> {
        self.sandbox.access(account, thing).map(|access| (access.level, access.mark))
    }

    pub fn give(&self, account: &str, thing: &str, level: &str, mark: Option<&str>) {
        match mark {
            None => self.sandbox.give(account, thing, level),
            Some(mark) => self.sandbox.give_marked(account, thing, level, mark),
        }
    }

    /// How many changes were asked for.
    pub fn changes(&self) -> usize {
        self.sandbox.calls().iter().filter(|call| call.method != "GET").count()
    }
}
