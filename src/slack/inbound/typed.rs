//! What people typed, back from what clients and Slack made of it: curly quotes, no-break spaces, entities, link markup.

use crate::slack::text::unescape;

/// The text as it was typed.
///
/// `<https://a|b>` becomes its address (a label could claim another), `<#C1|name>` becomes `#name`, `<@U1|maya>` becomes
/// `<@U1>`; then entities are resolved once, quotes and dashes are straightened, and odd spaces become spaces.
pub fn typed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        match after.split_once('>') {
            Some((token, tail)) => {
                out.push_str(&shown(token));
                rest = tail;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    unescape(&out).chars().map(straightened).collect()
}

fn shown(token: &str) -> String {
    let (target, label) = token.split_once('|').map_or((token, None), |(target, label)| (target, Some(label)));
    match target.chars().next() {
        Some('@') => format!("<{target}>"),
        Some('#') => format!("#{}", label.filter(|label| !label.is_empty()).unwrap_or(target.trim_start_matches('#'))),
        Some('!') => match target.strip_prefix("!subteam^") {
            Some(group) => format!("<!subteam^{group}>"),
            None => format!("@{}", target.trim_start_matches('!')),
        },
        Some(_) => target.strip_prefix("mailto:").or(target.strip_prefix("tel:")).unwrap_or(target).to_owned(),
        None => String::new(),
    }
}

fn straightened(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' => '"',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn what_clients_changed_is_changed_back() {
        for (sent, meant) in [
            ("prod/orders\u{a0}readonly 2h", "prod/orders readonly 2h"),
            ("\u{201c}it\u{2019}s slow\u{201d} \u{2013} 2h", "\"it's slow\" - 2h"),
            ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
            ("see <https://evil.example|https://jira.example/1>", "see https://evil.example"),
            ("<mailto:a@b.example|a@b.example>", "a@b.example"),
            ("<@U0MAYA|maya> in <#C1|db-access> <#C2|>", "<@U0MAYA> in #db-access #C2"),
            ("<!channel> <!subteam^S1|@dba>", "@channel <!subteam^S1>"),
            ("1 < 2", "1 < 2"),
            ("<>", ""),
            ("", ""),
        ] {
            assert_eq!(typed(sent), meant, "{sent}");
        }
    }
}
