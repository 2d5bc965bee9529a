//! What a person reads of a secret of theirs: the text that only their own key opens, with the line that does it; or the button
//! that gives them a link to a page which shows it once. No message that stays holds a link.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::button;
use super::names::Names;
use crate::access::grant::Grant;
use crate::access::ids::GrantId;
use crate::access::secret::Reveal;
use crate::access::time::Timestamp;
use crate::slack::block::{Block, Button, Message, context, plain, preformatted, section, section_with};
use crate::slack::command::name::named;
use crate::slack::text::Markup;

/// How much of an armoured text is looked at for the kinds of keys that it is for, in characters. Their lines come first.
const HEAD_CHARS: usize = 4096;

/// What the person of a grant in force is shown of its secret, if it comes with one.
pub(super) fn secret(grant: &Grant, names: &Names) -> Vec<Block> {
    match (&grant.reveal, &grant.ciphertext) {
        (None, None) => Vec::new(),
        (None, Some(sealed)) => armored(sealed.as_armored()),
        (Some(Reveal::Waiting { .. }), _) => vec![waits(grant.id, names)],
        (Some(Reveal::Shown { at, .. }), _) => {
            let line = Markup::new().lit("Your password was shown ").day(*at, &names.zone);
            vec![context(&[line.lit(". If that was not you, press “I'm done” at once and tell an admin.")])]
        }
    }
}

fn armored(text: &str) -> Vec<Block> {
    match preformatted(text) {
        Some(block) => {
            let (first, others) = opens_with(text);
            let line = Markup::new().lit("Your password, for your own key only. Run ").code(first);
            let line = others.iter().fold(line, |line, other| line.lit(" or ").code(other));
            vec![section(&line.lit(", paste this into it, and press Enter:")), block]
        }
        None => vec![plain(
            "Your password is too long for a message, since it is encrypted to many keys of yours. Have an admin keep fewer of them on file, press “I'm done”, and ask again.",
        )],
    }
}

/// The lines that open an armoured text, by the kinds of keys that it says it is for.
fn opens_with(text: &str) -> (&'static str, Vec<&'static str>) {
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let head: String = body.chars().take(HEAD_CHARS).collect();
    let whole = head.len() - head.len() % 4;
    let bytes = head.get(..whole).and_then(|head| STANDARD.decode(head).ok()).unwrap_or_default();
    let head = String::from_utf8_lossy(&bytes);
    let kinds = [
        ("-> ssh-ed25519 ", "age --decrypt --identity ~/.ssh/id_ed25519"),
        ("-> ssh-rsa ", "age --decrypt --identity ~/.ssh/id_rsa"),
        ("-> X25519 ", "age --decrypt --identity ~/.config/age/keys.txt"),
    ];
    let mut lines = kinds.into_iter().filter(|(stanza, _)| head.contains(stanza)).map(|(_, line)| line);
    (lines.next().unwrap_or("age --decrypt --identity ~/.ssh/id_ed25519"), lines.collect())
}

fn waits(grant: GrantId, names: &Names) -> Block {
    let label = format!("Show the password for {}", names.grant(grant));
    let show = Button::new(button::SHOW_SECRET, "Show the password", &grant.to_string(), &label).primary();
    let line = Markup::new()
        .lit("A password comes with it. It is shown to you once, on a page of its own; have ready where you will keep it.");
    section_with(&line, show)
}

/// The link to the page, for the eyes of whoever pressed the button. It is never kept.
pub fn link(grant: GrantId, address: &str, until: Timestamp, names: &Names) -> Message {
    let what = names.grant(grant);
    let line = Markup::new().address(address, "Open the page").lit(" with the password for ").bold(&what);
    let line = line.lit(". This link is for you alone and works once, until ").clock(until, &names.zone);
    Message::new(&format!("The link to the password for {what}"), vec![section(&line.lit("."))])
}

/// What is kept of the same answer.
pub(super) fn linked(grant: GrantId, names: &Names) -> String {
    format!("You got a link to the password for {}. “Show the password” gives you another one.", names.grant(grant))
}

/// It was shown, and is shown no more.
pub(super) fn shown_already(grant: GrantId, at: Timestamp, names: &Names) -> String {
    format!(
        "The password for {} was shown {}, and I have kept none of it. If that was not you, press “I'm done” at once and tell an admin. If you have lost it, press “I'm done” and ask again.",
        names.grant(grant),
        names.zone.day(at)
    )
}

/// It can be shown no more, though it never was.
pub(super) fn unopenable(grant: GrantId, names: &Names) -> String {
    format!(
        "I can't show the password for {} any more, since my host has lost its page or the key to it. Press “I'm done” and ask again.",
        names.grant(grant)
    )
}

/// The alarm over a link that was used twice.
pub(super) fn asked_again(grant: GrantId, names: &Names) -> String {
    let whose = names.grants.get(&grant).map_or_else(|| "somebody".to_owned(), |about| names.person_in_full(&about.person));
    format!(
        "The link that showed {whose} the password for {} was used a second time, in vain. A double click or a reload does that as well: ask them. If it was somebody else, end it with {} {grant}",
        names.grant(grant),
        named("/jit revoke")
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn sealed_to(recipients: &[&dyn age::Recipient]) -> String {
        let encryptor = age::Encryptor::with_recipients(recipients.iter().copied()).unwrap();
        let armor = age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor).unwrap();
        let mut writer = encryptor.wrap_output(armor).unwrap();
        writer.write_all(b"secret").unwrap();
        String::from_utf8(writer.finish().unwrap().finish().unwrap()).unwrap()
    }

    #[test]
    fn the_line_that_opens_it_names_the_keys_that_it_is_for() {
        let age_key = age::x25519::Identity::generate().to_public();
        let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@rust";
        let ssh: age::ssh::Recipient = ssh.parse().unwrap();

        let lines = |text: &str| {
            let (first, others) = opens_with(text);
            std::iter::once(first).chain(others).collect::<Vec<_>>().join(" | ")
        };
        assert_eq!(lines(&sealed_to(&[&ssh])), "age --decrypt --identity ~/.ssh/id_ed25519");
        assert_eq!(lines(&sealed_to(&[&age_key])), "age --decrypt --identity ~/.config/age/keys.txt");
        let both = "age --decrypt --identity ~/.ssh/id_ed25519 | age --decrypt --identity ~/.config/age/keys.txt";
        assert_eq!(lines(&sealed_to(&[&age_key, &ssh])), both);
        assert_eq!(lines("nothing of the kind ü"), "age --decrypt --identity ~/.ssh/id_ed25519");
    }
}
