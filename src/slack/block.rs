//! Messages and forms, built of Slack's blocks so that they always fit Slack's limits and nothing foreign becomes markup.
//!
//! The only ways in for text are [`Markup`] (escaped), plain text (Slack shows it literally), and [`Words`] as rich text under
//! the name of whoever wrote them. Nothing here knows what a request is.

use serde_json::{Value, json};
use slack_morphism::prelude::*;

use super::command::name::named;
use super::limits::*;
use super::text::{Markup, clean, cut, cut_plain, one_line};
use crate::access::words::Words;

mod home;
mod menu;

pub use home::Home;
pub use menu::{Menu, actions_and_menu, tick};

/// A message as Slack takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    text: String,
    blocks: Vec<SlackBlock>,
    about: Option<String>,
}

impl Message {
    /// A message of these blocks. `notification` is plain text: it is what a locked phone and a screen reader tell, so that it
    /// has to say all that matters. Blocks beyond Slack's limit are left out, and the message says so.
    pub fn new(notification: &str, blocks: Vec<Block>) -> Message {
        let mut blocks = blocks;
        if blocks.len() > MESSAGE_BLOCKS_MAX {
            blocks.truncate(MESSAGE_BLOCKS_MAX - 1);
            blocks.push(context(&[Markup::new().lit("There is more than fits here.")]));
        }
        let text = Markup::new().text(notification).cut(MESSAGE_TEXT_MAX);
        let text = if text.is_empty() { "Daypass".to_owned() } else { text };
        Message { text, blocks: blocks.into_iter().map(|block| block.0).collect(), about: None }
    }

    /// A message of one plain sentence.
    pub fn sentence(text: &str) -> Message {
        let text = named(text);
        Message::new(&text, vec![plain(&text)])
    }

    /// Marks what the message is about (`R-42`), so that a copy can be recognised as ours. Not shown to anybody.
    #[must_use]
    pub fn about(mut self, what: impl ToString) -> Message {
        self.about = Some(what.to_string());
        self
    }

    /// The same with a block before all others, and `told`, which is plain text, before what a notification shows.
    #[must_use]
    pub fn led_by(mut self, told: &str, first: Block) -> Message {
        let told = Markup::new().text(told).cut(MESSAGE_TEXT_MAX);
        self.text = cut(&format!("{told}{}", self.text), MESSAGE_TEXT_MAX);
        self.blocks.insert(0, first.0);
        self.blocks.truncate(MESSAGE_BLOCKS_MAX);
        self
    }

    /// What a notification shows, escaped.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `{"text", "blocks"}`, as Slack's API takes it.
    pub fn to_json(&self) -> Value {
        json!({ "text": self.text, "blocks": self.blocks })
    }

    /// The body that answers a slash command, seen by its author only.
    pub fn to_answer(&self) -> Value {
        json!({ "response_type": "ephemeral", "text": self.text, "blocks": self.blocks })
    }

    pub(super) fn content(&self) -> SlackMessageContent {
        let content = SlackMessageContent::new().with_text(self.text.clone()).with_blocks(self.blocks.clone());
        match &self.about {
            Some(about) => content.with_metadata(
                SlackMessageMetadata::new("daypass_message".to_owned())
                    .with_event_payload([("about".to_owned(), about.clone())].into_iter().collect()),
            ),
            None => content,
        }
    }
}

/// A form in a window of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct View(SlackModalView);

impl View {
    /// A form. `callback_id` comes back with it, and so does `private_metadata`, through the person's client: it holds numbers,
    /// never a right. What is longer than Slack takes is refused by being left out, since half of it would mean something else.
    pub fn new(callback_id: &'static str, title: &str, private_metadata: &str, blocks: Vec<Block>) -> View {
        let blocks = blocks.into_iter().take(VIEW_BLOCKS_MAX).map(|block| block.0).collect();
        let mut view = SlackModalView::new(plain_text(title, MODAL_TITLE_MAX), blocks).with_callback_id(callback_id.into());
        if !private_metadata.is_empty() && length(private_metadata) <= PRIVATE_METADATA_MAX {
            view = view.with_private_metadata(private_metadata.to_owned());
        }
        View(view.with_close(plain_text("Close", MODAL_TITLE_MAX)))
    }

    /// With a button that submits it.
    #[must_use]
    pub fn submit(self, text: &str) -> View {
        View(self.0.with_submit(plain_text(text, MODAL_TITLE_MAX)).with_close(plain_text("Cancel", MODAL_TITLE_MAX)))
    }

    /// The view as Slack's API takes it.
    pub fn to_json(&self) -> Value {
        json!(self.view())
    }

    pub(super) fn view(&self) -> SlackView {
        SlackView::Modal(self.0.clone())
    }
}

/// One block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block(SlackBlock);

/// A button.
#[derive(Debug, Clone, PartialEq)]
pub struct Button(SlackBlockButtonElement);

impl Button {
    /// A button that carries a value (a number, never a right). `label` is what a screen reader says instead of `text`.
    pub fn new(action_id: &'static str, text: &str, value: &str, label: &str) -> Button {
        let label = cut_plain(&one_line(label), ACCESSIBILITY_LABEL_MAX);
        Button(
            SlackBlockButtonElement::new(plain_text(text, BUTTON_TEXT_MAX))
                .with_action_id(action_id.into())
                .opt_value(Some(cut_plain(value, BUTTON_VALUE_MAX)).filter(|value| !value.is_empty()))
                .opt_accessibility_label(Some(label).filter(|label| !label.is_empty()).map(Into::into)),
        )
    }

    /// The one that most people want.
    #[must_use]
    pub fn primary(self) -> Button {
        Button(self.0.with_style(SlackBlockButtonStyle::Primary))
    }

    /// One that takes something away.
    #[must_use]
    pub fn danger(self) -> Button {
        Button(self.0.with_style(SlackBlockButtonStyle::Danger))
    }

    /// Asks before it acts.
    #[must_use]
    pub fn confirm(self, title: &str, text: &str, yes: &str, no: &str) -> Button {
        Button(self.0.with_confirm(SlackBlockConfirmItem::new(
            plain_text(title, CONFIRM_TITLE_MAX),
            SlackBlockText::Plain(plain_of(text, CONFIRM_TEXT_MAX)),
            plain_text(yes, CONFIRM_BUTTON_MAX),
            plain_text(no, CONFIRM_BUTTON_MAX),
        )))
    }
}

/// One choice of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is shown.
    pub text: String,
    /// What comes back. At most [`OPTION_MAX`] long; see [`super::say::forms::choice_value`].
    pub value: String,
}

/// A line in large letters.
pub fn header(text: &str) -> Block {
    Block(SlackHeaderBlock::new(plain_text(text, HEADER_MAX)).into())
}

/// A line between others.
pub fn divider() -> Block {
    Block(SlackDividerBlock::new().into())
}

/// A paragraph.
pub fn section(text: &Markup) -> Block {
    Block(SlackSectionBlock::new().with_text(markup(text).into()).into())
}

/// A paragraph with a button beside it.
pub fn section_with(text: &Markup, button: Button) -> Block {
    Block(SlackSectionBlock::new().with_text(markup(text).into()).with_accessory(button.0.into()).into())
}

/// A paragraph that is shown literally, whatever it holds.
pub fn plain(text: &str) -> Block {
    Block(SlackSectionBlock::new().with_text(plain_of(text, SECTION_TEXT_MAX).into()).into())
}

/// Small lines below others. Empty ones are left out.
pub fn context(lines: &[Markup]) -> Block {
    let lines = lines.iter().filter(|line| !line.is_empty()).take(CONTEXT_ELEMENTS_MAX);
    Block(SlackContextBlock::new(lines.map(|line| markup(line).into()).collect()).into())
}

/// A row of buttons; `block_id` is unique within the message.
pub fn actions(block_id: &str, buttons: Vec<Button>) -> Block {
    let buttons = buttons.into_iter().take(ACTIONS_MAX).map(|button| button.0.into()).collect();
    Block(SlackActionsBlock::new(buttons).with_block_id(block_id.to_owned().into()).into())
}

/// What a person wrote, set off under a line that says who wrote it. Rich text: it is shown literally, and it cannot look like
/// anything that Daypass says.
pub fn quote(whose: &str, words: &Words) -> Block {
    let intro = SlackRichTextSection::new(vec![SlackRichTextText::new(cut_plain(&one_line(whose), RICH_TEXT_MAX)).into()]);
    let text = cut_plain(&tidy(words), RICH_TEXT_MAX);
    let text = if text.is_empty() { "(nothing that is kept)".to_owned() } else { text };
    let quote = SlackRichTextQuote::new(vec![SlackRichTextText::new(text).into()]);
    Block(SlackRichTextBlock::new(vec![intro.into(), quote.into()]).into())
}

/// A text to be copied as it is. `None` if it is longer than fits: a part of it would be of no use.
pub fn preformatted(text: &str) -> Option<Block> {
    let text = clean(text);
    let fits = !text.is_empty() && length(&text) <= RICH_TEXT_MAX;
    let block = || SlackRichTextPreformatted::new(vec![SlackRichTextText::new(text.clone()).into()]);
    fits.then(|| Block(SlackRichTextBlock::new(vec![block().into()]).into()))
}

/// A select with the choices in it (at most [`OPTIONS_MAX`]). `chosen` is taken only if it is one of them.
pub fn select(block_id: &'static str, label: &str, choices: &[Choice], chosen: Option<&str>) -> Block {
    let options: Vec<_> = choices.iter().take(OPTIONS_MAX).map(option).collect();
    let chosen = chosen.and_then(|chosen| choices.iter().take(OPTIONS_MAX).find(|choice| choice.value == chosen));
    let element = SlackBlockStaticSelectElement::new()
        .with_action_id(block_id.into())
        .with_placeholder(plain_text("Choose", PLACEHOLDER_MAX))
        .with_options(options)
        .opt_initial_option(chosen.map(option));
    input(block_id, label, element.into())
}

/// A select whose choices are asked for while the person types.
pub fn search(block_id: &'static str, label: &str, chosen: Option<&Choice>) -> Block {
    let element = SlackBlockExternalSelectElement::new()
        .with_action_id(block_id.into())
        .with_placeholder(plain_text("Type a part of its name", PLACEHOLDER_MAX))
        .with_min_query_length(0)
        .opt_initial_option(chosen.map(option));
    input(block_id, label, element.into())
}

/// Tells us at once when something is chosen here, so that the rest of the form can follow.
pub fn told_at_once(block: Block) -> Block {
    match block.0 {
        SlackBlock::Input(input) => Block(input.with_dispatch_action(true).into()),
        other => Block(other),
    }
}

/// May be left empty.
pub fn optional(block: Block) -> Block {
    match block.0 {
        SlackBlock::Input(input) => Block(input.with_optional(true).into()),
        other => Block(other),
    }
}

/// With a line of help below it.
pub fn hint(block: Block, text: &str) -> Block {
    match block.0 {
        SlackBlock::Input(input) => Block(input.with_hint(plain_text(text, INPUT_LABEL_MAX)).into()),
        other => Block(other),
    }
}

/// How large a text input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// One line.
    One,
    /// A paragraph.
    Several,
}

/// A text input that takes at most `max` characters.
pub fn text_input(block_id: &'static str, label: &str, lines: Lines, initial: &str, max: u64) -> Block {
    let max = max.min(INPUT_LENGTH_MAX);
    let initial = cut_plain(&clean(initial), usize::try_from(max).unwrap_or(0));
    let element = SlackBlockPlainTextInputElement::new()
        .with_action_id(block_id.into())
        .with_multiline(lines == Lines::Several)
        .with_max_length(max)
        .opt_initial_value(Some(initial).filter(|initial| !initial.is_empty()));
    input(block_id, label, element.into())
}

/// The answer to a select that asks for its choices.
pub fn options_answer(choices: &[Choice]) -> Value {
    json!({ "options": choices.iter().take(OPTIONS_MAX).map(option).collect::<Vec<_>>() })
}

fn input(block_id: &str, label: &str, element: SlackInputBlockElement) -> Block {
    Block(SlackInputBlock::new(plain_text(label, INPUT_LABEL_MAX), element).with_block_id(block_id.to_owned().into()).into())
}

fn option(choice: &Choice) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    SlackBlockChoiceItem::new(plain_text(&choice.text, OPTION_MAX), cut_plain(&choice.value, OPTION_MAX))
}

fn markup(text: &Markup) -> SlackBlockMarkDownText {
    let text = text.cut(SECTION_TEXT_MAX);
    // Verbatim: what looks like an address or a name is not made into a link.
    SlackBlockMarkDownText::new(if text.is_empty() { " ".to_owned() } else { text }).with_verbatim(true)
}

fn plain_text(text: &str, max: usize) -> SlackBlockPlainTextOnly {
    plain_of(&one_line(text), max).into()
}

fn plain_of(text: &str, max: usize) -> SlackBlockPlainText {
    let text = cut_plain(clean(text).trim(), max);
    SlackBlockPlainText::new(if text.is_empty() { "–".to_owned() } else { text }).with_emoji(false)
}

/// The most lines of a person's text that are kept as lines; a wall of them would push the buttons off the screen.
const QUOTE_LINES_MAX: usize = 12;

/// What a person wrote without empty lines and with at most [`QUOTE_LINES_MAX`] lines; the words of further lines are kept in the last.
fn tidy(words: &Words) -> String {
    let text = clean(words.as_typed());
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (first, rest) = lines.split_at_checked(QUOTE_LINES_MAX - 1).unwrap_or((&lines, &[]));
    let last = rest.join(" ");
    first.iter().copied().chain(Some(last.as_str()).filter(|last| !last.is_empty())).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_always_fits_and_never_lacks_a_notification() {
        let long = "🙂<&".repeat(5000);
        let blocks = |count: usize| vec![section(&Markup::new().text(&long)); count];
        for message in
            [Message::new(&long, blocks(80)), Message::new("", blocks(1)), Message::sentence(&long), Message::sentence("")]
        {
            assert_eq!(message_problems(&message.to_json()), Vec::<String>::new());
        }
    }

    #[test]
    fn what_a_person_wrote_keeps_its_lines_but_not_a_wall_of_them() {
        let words = Words::typed(&"a line\n\n\n".repeat(50));
        let shown = tidy(&words);
        assert_eq!(shown.lines().count(), QUOTE_LINES_MAX);
        assert_eq!(shown.matches("a line").count(), 50);
        assert_eq!(tidy(&Words::typed("\u{200b}\n\u{202e}")), "");
    }

    #[test]
    fn a_secret_is_shown_whole_or_not_at_all() {
        assert!(preformatted(&"x".repeat(RICH_TEXT_MAX)).is_some());
        assert!(preformatted(&"x".repeat(RICH_TEXT_MAX + 1)).is_none());
    }

    #[test]
    fn metadata_that_does_not_fit_is_not_cut() {
        let view = View::new("x", "Title", &"m".repeat(PRIVATE_METADATA_MAX + 1), vec![plain("x")]);
        assert_eq!(view.to_json().get("private_metadata").and_then(Value::as_str).unwrap_or_default(), "");
    }
}
