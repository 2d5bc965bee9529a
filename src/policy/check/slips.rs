//! Slips that load, and mean something else than they look like. Each message says what happens, and what to write.

use super::{Finding, Severity, Survey};

impl Survey<'_> {
    pub(super) fn slips(&self, findings: &mut Vec<Finding>) {
        for policy in self.set.policies() {
            let id = &policy.id.value;
            let mut warn = |message: String| findings.push(self.finding(Severity::Warning, id, policy.id.place, message));
            if let Some(ticket) = policy.reason.ticket.as_ref().filter(|ticket| has_anchor(&ticket.pattern)) {
                let bare: String = without_outer_anchors(&ticket.pattern).to_owned();
                warn(format!(
                    "its ticket `{}` only fits at the very beginning or end of a reason; leave `^` and `$` out, since it is \
                     matched to whole words anyway: `ticket: '{bare}'`",
                    ticket.pattern
                ));
            }
            let loose = policy.reason.ticket.as_ref().and_then(|ticket| Some((ticket, everyday_word(&ticket.regex)?)));
            if let Some((ticket, word)) = loose {
                warn(format!(
                    "its ticket `{}` fits everyday words such as `{word}` too, so that nearly any reason is enough; write how \
                     your tickets begin: `ticket: 'OPS-\\d+'`",
                    ticket.pattern
                ));
            }
            if self.set.written.zoneless.contains(id) {
                warn(
                    "its hours are in UTC, since nobody says in which zone; write `timezone: Europe/Berlin` in its `when:`, \
                     or once for all in `defaults:`"
                        .to_owned(),
                );
            }
        }
    }
}

/// A word of ordinary sentences that a ticket's pattern takes for one.
fn everyday_word(ticket: &regex_lite::Regex) -> Option<&'static str> {
    const WORDS: [&str; 8] = ["please", "look", "Checking", "URGENT", "30", "a", "e-mail", "2026-11-24"];
    WORDS.into_iter().find(|word| ticket.is_match(word))
}

/// Whether a pattern ties itself to the beginning or end of the text: `^` or `$` that is neither escaped nor in a class.
fn has_anchor(pattern: &str) -> bool {
    let (mut is_escaped, mut in_class) = (false, false);
    for c in pattern.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '^' | '$' if !in_class => return true,
            _ => {}
        }
    }
    false
}

fn without_outer_anchors(pattern: &str) -> &str {
    pattern.trim_start_matches('^').trim_end_matches('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_tickets_is_told_from_one_of_nearly_everything() {
        let word = |pattern: &str| everyday_word(&regex_lite::Regex::new(&format!(r"(?:^|\W)(?:{pattern})(?:$|\W)")).unwrap());
        assert_eq!(
            [r"\w+", ".+", r"\d+", r"[A-Z]+-?\d*"].map(word),
            [Some("please"), Some("please"), Some("30"), Some("URGENT")]
        );
        assert_eq!([r"OPS-\d+", r"(JIRA|OPS)-\d+", r"[A-Z]+-\d+", r"#\d+", r"INC\d{7}"].map(word), [None; 5]);
    }

    #[test]
    fn an_anchor_is_told_from_what_only_looks_like_one() {
        for pattern in [r"^OPS-\d+$", r"OPS-\d+$", r"(^OPS|JIRA)-\d+"] {
            assert!(has_anchor(pattern), "{pattern}");
        }
        for pattern in [r"OPS-\d+", r"[^a-z]{3}", r"\$\d+", r"\^", r"[$^]"] {
            assert!(!has_anchor(pattern), "{pattern}");
        }
    }
}
