//! Secrets in the stories: logins of their own for what is asked for, keys, and the page that shows a secret.

use std::path::Path;
use std::sync::{Arc, Mutex};

use daypass::app::App;
use daypass::app::reveal::{HostKey, Page};
use daypass::routes::Reveals;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderName};

use super::World;
use crate::support::logins::Logins;

/// How secrets come about and reach people.
#[derive(Default)]
pub struct Secrets {
    /// Where people without a key of their own are shown them.
    pub public_url: Option<String>,
    /// What makes logins for the orders, if anything does.
    pub logins: Option<Logins>,
}

impl Secrets {
    pub(super) fn prepare(&self, app: &App, data: &Path) {
        if let Some(url) = &self.public_url {
            app.reveals_on(Page::new(url, HostKey::in_file(&data.join("reveal.key")).unwrap()));
        }
        if let Some(logins) = &self.logins {
            let id = "orders".parse().unwrap();
            let inner = app.policies().provider(&id).unwrap();
            app.policies().adopt(id, logins.beside(inner));
        }
    }

    pub(super) fn reveals(&self) -> Reveals {
        Reveals::at(self.public_url.clone())
    }
}

/// What a browser shows.
#[derive(Debug)]
pub struct Shown {
    pub status: u16,
    pub page: String,
}

impl World {
    /// From now on the orders are reached by logins of their own, with passwords.
    pub fn gives_logins(&mut self) -> Logins {
        let logins = self.secrets.logins.get_or_insert_default().clone();
        let (policies, id) = (self.app().policies(), "orders".parse().unwrap());
        let inner = policies.provider(&id).unwrap();
        policies.adopt(id, logins.beside(inner));
        logins
    }

    /// What somebody's browser gets from the process.
    pub async fn browses(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Shown {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let routes = Arc::clone(&self.bot.as_ref().unwrap().routes);
        let answer = daypass::routes::route(&routes, &method, path, &map, body.to_owned().into()).await;
        let (head, body) = answer.into_parts();
        let page = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Shown { status: head.status.as_u16(), page }
    }
}

/// Everything that the process logs from now on in this thread, however little it matters. Not redacted.
pub fn overheard() -> (Arc<Mutex<Vec<u8>>>, tracing::subscriber::DefaultGuard) {
    #[derive(Clone)]
    struct Ear(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Ear {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Ear(Arc::clone(&heard));
    let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || ear.clone());
    let guard = tracing::subscriber::set_default(all.finish());
    (heard, guard)
}
