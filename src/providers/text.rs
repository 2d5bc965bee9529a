//! Text from providers, made fit for people: without secrets, without control characters, short.

/// The longest text of a provider that is passed on, in characters.
pub const TEXT_CHARS_MAX: usize = 300;

/// The text without the secrets in it, on one line, cut at [`TEXT_CHARS_MAX`] characters.
pub fn redacted(text: &str, secrets: &[&str]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets {
        if !secret.is_empty() {
            clean = clean.replace(secret, "[redacted]");
        }
    }
    clean.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_before_the_text_is_cut_so_that_no_half_of_one_stays() {
        let text = format!("{}hunter2", "x".repeat(TEXT_CHARS_MAX - 3));
        let shown = redacted(&text, &["hunter2", ""]);
        assert!(!shown.contains("hun"), "{shown}");
        assert_eq!(shown.chars().count(), TEXT_CHARS_MAX);
        assert_eq!(redacted("a\nb\u{1b}[31m", &[]), "a b [31m");
    }
}
