//! The environment as a table: what is written, what is said about it.

use std::os::unix::fs::PermissionsExt;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const GOOD: [(&str, &str); 2] =
    [("SLACK_BOT_TOKEN", "xoxb-1-canary"), ("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5")];

fn env(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn with(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(&env(&[&GOOD, more].concat()), NOW)
}

fn problems(more: &[(&str, &str)]) -> Vec<String> {
    with(more).err().map(|error| error.problems).unwrap_or_default()
}

#[test]
fn two_secrets_are_enough() {
    let config = with(&[]).unwrap();
    assert_eq!(config.api_url, "https://slack.com/api");
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.basics.data_dir, PathBuf::from("./data"));
    assert_eq!(config.basics.policies, PathBuf::from("./policies"));
    assert!(config.basics.digest.is_none() && config.demo.is_none() && config.admins.is_empty() && !config.is_loopback());
    assert_eq!(config.secrets().count(), 2);
}

#[test]
fn everything_can_be_set() {
    let config = with(&[
        ("SLACK_API_URL", "http://127.0.0.1:4010/api/"),
        ("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99yyyzzz85a5, 0123456789abcdef"),
        ("DAYPASS_LISTEN", "[::1]:8080"),
        ("DAYPASS_SWEEP", "0 0 * * * *"),
        ("DAYPASS_DIGEST", "0 0 9 * * Mon"),
        ("DAYPASS_LOG", "json,debug"),
        ("DAYPASS_SECURITY_CHANNEL", "C0SECURITY"),
        ("DAYPASS_ADMINS", "priya, sam"),
        ("DAYPASS_DEMO", "1"),
        ("DAYPASS_CLOCK_MS", "1795000000000"),
    ])
    .unwrap();
    assert_eq!(config.api_url, "http://127.0.0.1:4010/api");
    assert!(matches!(&config.transport, Transport::Http { signing_secrets } if signing_secrets.len() == 2));
    assert_eq!(config.admins.iter().map(PersonId::as_str).collect::<Vec<_>>(), ["priya", "sam"]);
    assert_eq!(config.demo, Some(Demo { start: Some(NOW) }));
    assert!(config.is_loopback());
}

#[test]
fn an_app_token_means_socket_mode_whatever_else_is_there() {
    let app_token = ("SLACK_APP_TOKEN", "xapp-1-canary");
    for pairs in [&[GOOD[0], app_token][..], &[GOOD[0], GOOD[1], app_token]] {
        let config = Config::read(&env(pairs), NOW).unwrap();
        let Transport::Socket { app_token } = &config.transport else { panic!("it is over HTTP") };
        assert_eq!(app_token.expose_secret(), "xapp-1-canary");
        assert!(config.secrets().any(|secret| secret.expose_secret() == "xapp-1-canary"), "it is kept out of the log");
    }
}

#[test]
fn every_problem_is_told_at_once_and_none_repeats_a_secret() {
    let error = Config::read(
        &env(&[
            ("SLACK_BOT_TOKEN", "canary-of-a-token"),
            ("SLACK_SIGNING_SECRET", "short-canary"),
            ("SLACK_APP_TOKEN", "xoxb-canary"),
            ("SLACK_API_URL", "http://slack.com/api"),
            ("DAYPASS_LISTEN", "localhost"),
            ("DAYPASS_SWEEP", "*/5 * * * *"),
            ("DAYPASS_DIGEST", "0 0 0 1 1 * 2020"),
            ("DAYPASS_LOG", "loud=very=much"),
            ("DAYPASS_SECURITY_CHANNEL", "#security"),
            ("DAYPASS_ADMINS", "priya,Mr X"),
            ("DAYPASS_DEMO", "yes"),
            ("DAYPASS_CLOCK_MS", "soon"),
            ("DAYPASS_LISTN", "x"),
        ]),
        NOW,
    )
    .err()
    .unwrap();
    assert!(!error.to_string().contains("canary"), "{error}");
    insta::assert_snapshot!(error.to_string());
}

#[test]
fn what_is_missing_says_where_to_find_it() {
    let error = Config::read(&env(&[("SLACK_BOT_TOKEN", " ")]), NOW).err().unwrap();
    insta::assert_snapshot!(error.to_string());
}

#[test]
fn an_address_without_encryption_is_taken_only_on_this_machine() {
    for (url, is_fine) in [
        ("http://127.0.0.1:1/api", true),
        ("http://localhost/api", true),
        ("http://[::1]:9/api", true),
        ("https://slack-gov.com/api", true),
        ("http://127.0.0.1.evil.example/api", false),
        ("http://localhost@evil.example/api", false),
        ("https://user:password@slack.com/api", false),
        ("https://slack.com/api?x=1", false),
        ("http://10.0.0.1/api", false),
        ("ftp://127.0.0.1/api", false),
        ("slack.com/api", false),
        ("", true),
    ] {
        assert_eq!(problems(&[("SLACK_API_URL", url)]).is_empty(), is_fine, "{url}");
    }
}

#[test]
fn secrets_are_shown_under_a_plain_address_with_encryption_or_on_this_machine() {
    for (url, is_fine) in [
        ("https://daypass.example.com", true),
        ("https://daypass.example.com:8443/below/", true),
        ("http://127.0.0.1:3000", true),
        ("http://daypass.example.com", false),
        ("https://daypass.example.com/?x=1", false),
        ("https://daypass.example.com/#x", false),
        ("https://user@daypass.example.com", false),
        ("https://daypass.example.com/a|b>", false),
        ("https://daypass.example.com/%7e", false),
        ("daypass.example.com", false),
    ] {
        assert_eq!(problems(&[("DAYPASS_PUBLIC_URL", url)]).is_empty(), is_fine, "{url}");
    }
    let reveal = |pairs: &[(&'static str, &'static str)]| with(pairs).unwrap().reveal;
    assert_eq!(reveal(&[]), None);
    let page = reveal(&[("DAYPASS_PUBLIC_URL", "https://d.example/below/"), ("DAYPASS_DATA_DIR", "/data")]).unwrap();
    assert_eq!((page.url.as_str(), page.key_file.to_str().unwrap()), ("https://d.example/below", "/data/reveal.key"));
    let page = reveal(&[("DAYPASS_PUBLIC_URL", "https://d.example"), ("DAYPASS_REVEAL_KEY_FILE", "/keys/page")]).unwrap();
    assert_eq!(page.key_file.to_str().unwrap(), "/keys/page");
    assert_eq!(problems(&[("DAYPASS_REVEAL_KEY_FILE", "/keys/page")]).len(), 1, "it would be of no use");
}

#[test]
fn the_clock_can_be_set_only_where_slack_is_on_this_machine() {
    assert_eq!(problems(&[("DAYPASS_DEMO", "1")]).len(), 1);
    assert_eq!(problems(&[("DAYPASS_CLOCK_MS", "1")]).len(), 1);
    assert_eq!(problems(&[("SLACK_API_URL", "http://localhost:1"), ("DAYPASS_CLOCK_MS", "1")]).len(), 1);
    assert!(with(&[("DAYPASS_DEMO", "0")]).unwrap().demo.is_none());
}

#[test]
fn the_next_firings_of_a_schedule_have_seconds_first() {
    let at = |text: &str| {
        let schedule = Schedule::from_str(text).unwrap();
        let show = |at: Timestamp| jiff::Timestamp::from_millisecond(at.as_millis()).unwrap().to_string();
        next_firings(&schedule, NOW, 4).into_iter().map(show).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(at(SWEEP), "2026-11-18T11:10:00Z 2026-11-18T11:15:00Z 2026-11-18T11:20:00Z 2026-11-18T11:25:00Z");
    assert_eq!(at("30 0 9 * * Mon"), "2026-11-23T09:00:30Z 2026-11-30T09:00:30Z 2026-12-07T09:00:30Z 2026-12-14T09:00:30Z");
}

#[test]
fn a_secret_in_a_file_must_be_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    let shown = path.display().to_string();
    let read = || {
        let pairs = [("SLACK_BOT_TOKEN_FILE", shown.as_str()), GOOD[1]];
        Config::read(&env(&pairs), NOW).map(|config| config.bot_token.expose_secret().to_owned())
    };
    assert!(read().unwrap_err().to_string().contains("cannot be read"));
    std::fs::write(&path, "xoxb-from-a-file\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o640);
    assert!(read().unwrap_err().to_string().contains("chmod 600"));
    mode(0o600);
    assert_eq!(read().unwrap(), "xoxb-from-a-file");
    assert_eq!(problems(&[("SLACK_BOT_TOKEN_FILE", &shown)]).len(), 1, "both are set");
}

#[test]
fn a_policy_file_cannot_name_what_daypass_itself_reads() {
    let env = env(&[&GOOD[..], &[("ORDERS_URL", "postgres://x"), ("DAYPASS_ANYTHING", "x"), ("EMPTY", "")]].concat());
    assert_eq!(env.lookup_secret("ORDERS_URL").unwrap().expose_secret(), "postgres://x");
    for name in NAMES.iter().copied().chain(["DAYPASS_ANYTHING", "EMPTY", "NOWHERE"]) {
        assert!(env.lookup_secret(name).is_none(), "{name}");
    }
}
