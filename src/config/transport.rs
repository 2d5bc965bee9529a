//! How what people do in Slack reaches us: by Socket Mode where there is an app token, else over HTTP.

use secrecy::{ExposeSecret, SecretString};

use super::{Reading, Transport};

/// A signing secret is at least this long, in characters. Slack's have 32.
const SIGNING_SECRET_CHARS_MIN: usize = 16;

impl Reading<'_> {
    /// `None` after a problem.
    pub(super) fn transport(&mut self) -> Option<Transport> {
        let before = self.problems.len();
        let app_token = self.secret("SLACK_APP_TOKEN");
        // A signing secret that is there beside it has no use in Socket Mode, and is wrong all the same if it is none.
        let signing_secrets = self.secret("SLACK_SIGNING_SECRET").map(|all| self.parts(&all));
        match (app_token, signing_secrets) {
            (Some(app_token), _) => {
                if !app_token.expose_secret().starts_with("xapp-") {
                    self.problems.push(
                        "`SLACK_APP_TOKEN` is no app token: those begin with `xapp-` (Basic Information → App-Level Tokens, with \
                         the scope `connections:write`)"
                            .to_owned(),
                    );
                }
                Some(Transport::Socket { app_token })
            }
            (None, Some(signing_secrets)) => Some(Transport::Http { signing_secrets }),
            (None, None) => {
                if self.problems.len() == before {
                    self.problems.push(
                        "`SLACK_APP_TOKEN` is missing: make an App-Level Token with the scope `connections:write` on your app's \
                         page Basic Information (or set `SLACK_SIGNING_SECRET`, for Slack to reach Daypass over HTTP)"
                            .to_owned(),
                    );
                }
                None
            }
        }
    }

    fn parts(&mut self, all: &SecretString) -> Vec<SecretString> {
        let parts: Vec<&str> = all.expose_secret().split(',').map(str::trim).collect();
        let fits = |part: &&str| part.chars().count() >= SIGNING_SECRET_CHARS_MIN && part.chars().all(|c| c.is_ascii_graphic());
        if !parts.iter().all(fits) {
            self.problems.push(format!(
                "`SLACK_SIGNING_SECRET` must be one secret, or several with commas between them, each of at least {SIGNING_SECRET_CHARS_MIN} characters"
            ));
        }
        parts.into_iter().map(SecretString::from).collect()
    }
}
