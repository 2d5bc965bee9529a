use serde_json::json;

use super::*;

fn settings(value: Value) -> GrantShape {
    value.as_object().unwrap().clone()
}

#[test]
fn settings_with_a_slip_in_them_are_refused() {
    let said: Vec<String> = [
        json!({"token_env": "PAGERDUTY_TOKEN"}),
        json!({"token_env": "PAGERDUTY_TOKEN", "url_env": "PAGERDUTY_URL", "from": "daypass@shop.example"}),
        json!({"token": "u+abc"}),
        json!({"from": "daypass@shop.example"}),
        json!({"token_env": 7}),
        json!({"token_env": "T", "url_env": ""}),
        json!({"token_env": "T", "from": "Daypass"}),
        json!({"token_env": "T", "from": "a@b.example\r\nX-Evil: 1"}),
    ]
    .into_iter()
    .map(|value| format!("{value} -> {}", check_settings(&settings(value.clone())).err().unwrap_or_else(|| "fine".to_owned())))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn it_is_reached_over_https_only_and_needs_a_token() {
    let built = |url: &str, token: &str| {
        let given = Settings {
            url: (!url.is_empty()).then(|| SecretString::from(url)),
            token: Some(SecretString::from(token)),
            options: GrantShape::new(),
        };
        PagerDuty::new(&given).err().map(|error| error.to_string())
    };
    assert_eq!(built("", "t"), None);
    assert_eq!(built("https://api.eu.pagerduty.com", "t"), None);
    assert_eq!(built("http://127.0.0.1:1", "t"), None);
    assert!(built("http://api.pagerduty.com", "t").is_some_and(|error| error.contains("use `https`")));
    assert!(built("", "").is_some_and(|error| error.contains("needs a token")));
}

#[test]
fn a_moment_is_told_in_whole_seconds() {
    assert_eq!(moment(Timestamp::from_millis(1_773_738_000_999)).unwrap(), "2026-03-17T09:00:00Z");
    assert!(moment(Timestamp::from_millis(i64::MAX)).is_err());
}
