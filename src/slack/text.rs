//! How text becomes safe to show: what is invisible is dropped, what is markup is escaped, what is too long is cut.
//!
//! [`Markup`] is the only text that Slack reads as markup. Nothing can be put into it but our own literals and escaped
//! names; what people typed ([`crate::access::words::Words`]) has no way in and is shown as rich text or plain text.

use super::command::name::named;
use super::limits::length;
use crate::access::words::is_invisible;

/// Text that Slack reads as markup. Built from our own literals and from names, which are escaped on the way in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Markup(String);

impl Markup {
    /// Nothing yet.
    pub fn new() -> Markup {
        Markup::default()
    }

    /// Adds our own words, which may hold markup.
    #[must_use]
    pub fn lit(mut self, ours: &'static str) -> Markup {
        self.0.push_str(&named(ours));
        self
    }

    /// Adds one of our commands, to be copied.
    #[must_use]
    pub fn command(self, ours: &str) -> Markup {
        self.code(&named(ours))
    }

    /// Adds a name or another short text of somebody else's, as one line without markup.
    #[must_use]
    pub fn text(mut self, theirs: &str) -> Markup {
        self.0.push_str(&inert(theirs));
        self
    }

    /// Adds a name in bold.
    #[must_use]
    pub fn bold(mut self, theirs: &str) -> Markup {
        let inner = inert(theirs.trim());
        if !inner.is_empty() {
            self.0.push('*');
            self.0.push_str(&inner);
            self.0.push('*');
        }
        self
    }

    /// Adds a text to be copied, in the fixed-width face. Backticks inside are replaced, since they would end it.
    #[must_use]
    pub fn code(mut self, theirs: &str) -> Markup {
        let inner = escape(&one_line(theirs).replace('`', "ˋ"));
        if !inner.is_empty() {
            self.0.push('`');
            self.0.push_str(&inner);
            self.0.push('`');
        }
        self
    }

    /// Adds a mention, which notifies. Whatever is no Slack id is left out.
    #[must_use]
    pub fn mention(mut self, slack_id: &str) -> Markup {
        if is_slack_id(slack_id) {
            self.0.push_str("<@");
            self.0.push_str(slack_id);
            self.0.push('>');
        }
        self
    }

    /// Adds a channel, which readers see by its name. Whatever is no Slack id is left out.
    #[must_use]
    pub fn channel(mut self, slack_id: &str) -> Markup {
        if is_slack_id(slack_id) {
            self.0.push_str("<#");
            self.0.push_str(slack_id);
            self.0.push('>');
        }
        self
    }

    /// Adds a mention of a Slack user group, which notifies all of it. Whatever is no Slack id is left out.
    #[must_use]
    pub fn mention_group(mut self, usergroup_id: &str) -> Markup {
        if is_slack_id(usergroup_id) {
            self.0.push_str("<!subteam^");
            self.0.push_str(usergroup_id);
            self.0.push('>');
        }
        self
    }

    /// Adds markup that was built the same way.
    #[must_use]
    pub fn then(mut self, more: &Markup) -> Markup {
        self.0.push_str(&more.0);
        self
    }

    /// Adds a link with words of ours. Whatever is no plain address of the web is left out, words and all.
    #[must_use]
    pub fn address(mut self, address: &str, words: &'static str) -> Markup {
        let is_of_the_web = address.starts_with("https://") || address.starts_with("http://");
        let is_plain = address.bytes().all(|b| b.is_ascii_alphanumeric() || b":/._~-[]".contains(&b));
        if is_of_the_web && is_plain {
            self.0.push('<');
            self.0.push_str(address);
            self.0.push('|');
            self.0.push_str(words);
            self.0.push('>');
        }
        self
    }

    /// Adds a Slack token such as a date. Only for `zone`, whose fallback text is made of digits and letters.
    #[must_use]
    pub(super) fn token(mut self, token: &str) -> Markup {
        self.0.push_str(token);
        self
    }

    /// Adds each part with `between` before all but the first.
    #[must_use]
    pub fn joined(mut self, parts: impl IntoIterator<Item = Markup>, between: &'static str) -> Markup {
        for (number, part) in parts.into_iter().enumerate() {
            if number > 0 {
                self.0.push_str(between);
            }
            self.0.push_str(&part.0);
        }
        self
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The markup, cut to `max` UTF-16 units without splitting a character, an entity or a token.
    pub fn cut(&self, max: usize) -> String {
        cut(&self.0, max)
    }
}

/// Whether this has the form of a Slack id (`U0MAYA`, `C0DBACCESS`): capitals and digits, so that it cannot be markup.
pub fn is_slack_id(text: &str) -> bool {
    (2..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// A foreign text as one inert line of markup: cleaned, escaped, and without characters that would format. A space at either
/// end stays one, so that sentences can be put together of pieces.
fn inert(theirs: &str) -> String {
    let line = one_line(theirs);
    let space = |there: bool| if there && !line.is_empty() { " " } else { "" };
    let line = format!("{}{line}{}", space(theirs.starts_with(' ')), space(theirs.ends_with(' ')));
    let mut out = String::with_capacity(line.len());
    let mut before = ' ';
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let inside = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        out.push(match c {
            '*' => '∗',
            '`' => 'ˋ',
            '~' => '∼',
            // Within a word an underscore formats nothing, and names such as `app_db` must stay what they are.
            '_' if !inside => '＿',
            other => other,
        });
        before = c;
    }
    escape(&out)
}

/// The text without anything invisible: control characters, direction overrides, zero-width and tag characters.
/// Line breaks stay; tabs become spaces.
pub fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' => Some('\n'),
            '\t' => Some(' '),
            c if is_invisible(c) => None,
            c => Some(c),
        })
        .collect()
}

/// The cleaned text as one line, with single spaces and none at the ends.
pub fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The three characters that Slack reads as markup, as entities.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The reverse of [`escape`], once: what was typed as `&amp;lt;` is `&lt;`.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// At most `max` UTF-16 units of an escaped text, ending in `…` where something was left out. Entities (`&lt;`) and tokens
/// (`<!date^…>`) are kept whole or left out whole.
pub fn cut(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1; // the ellipsis
    let mut rest = text;
    while let Some(unit) = first_unit(rest) {
        used += length(unit);
        if used > max {
            break;
        }
        out.push_str(unit);
        rest = rest.get(unit.len()..).unwrap_or_default();
    }
    if max > 0 {
        out.push('…');
    }
    out
}

/// At most `max` UTF-16 units of a text that is no markup, ending in `…` where something was left out.
pub fn cut_plain(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let mut used = 1;
    let fitting = text.chars().take_while(|c| {
        used += c.len_utf16();
        used <= max
    });
    let mut out: String = fitting.collect();
    if max > 0 {
        out.push('…');
    }
    out
}

fn first_unit(rest: &str) -> Option<&str> {
    let first = rest.chars().next()?;
    let end = match first {
        '<' => rest.find('>').map(|at| at + 1),
        '&' => rest.find(';').filter(|at| *at <= 4).map(|at| at + 1),
        _ => None,
    };
    rest.get(..end.unwrap_or(first.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_shown_as_they_are_but_never_format() {
        let shown = |name: &str| Markup::new().text(name).cut(3000);
        assert_eq!(shown("app_db"), "app_db");
        assert_eq!(shown("_x_ *y* `z` ~q~"), "＿x＿ ∗y∗ ˋzˋ ∼q∼");
        assert_eq!(shown("<!channel> & <https://evil|https://jira>"), "&lt;!channel&gt; &amp; &lt;https://evil|https://jira&gt;");
        assert_eq!(shown("a\u{202e}b\u{200b}c\nd"), "abc d");
        assert_eq!(Markup::new().mention("U0MAYA").mention("!channel").mention("U1> <!here").cut(99), "<@U0MAYA>");
    }

    #[test]
    fn cutting_splits_no_character_entity_or_token() {
        assert_eq!(cut("ab&lt;cd", 5), "ab…");
        assert_eq!(cut("ab&lt;cd", 7), "ab&lt;…");
        assert_eq!(cut("a<!date^1^{time}|x>b", 8), "a…");
        assert_eq!(cut("🙂🙂🙂", 5), "🙂🙂…");
        assert_eq!(cut_plain("🙂🙂🙂", 4), "🙂…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn invisible_characters_are_dropped() {
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{feff}d\u{e0041}e\0f\tg\r\nh\u{2028}i"), "abcdef g\nh\ni");
        assert_eq!(clean("ż 日本 👍🏽 ✅"), "ż 日本 👍🏽 ✅");
    }

    proptest! {
        #[test]
        fn no_markup_survives_escaping(text in any::<String>(), max in 0usize..200) {
            for shown in [Markup::new().text(&text).cut(max), Markup::new().code(&text).cut(max), cut(&escape(&text), max)] {
                prop_assert!(length(&shown) <= max);
                prop_assert!(!shown.contains(['<', '>']));
                for (at, _) in shown.match_indices('&') {
                    let rest = &shown[at..];
                    prop_assert!(["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity)), "{rest}");
                }
            }
        }

        #[test]
        fn escaping_loses_nothing(text in any::<String>()) {
            prop_assert_eq!(unescape(&escape(&text)), text);
        }
    }
}
