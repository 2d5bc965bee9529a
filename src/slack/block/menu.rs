//! Menus behind three dots, and boxes to tick.

use slack_morphism::prelude::*;

use super::{Block, Button, Choice, input, option, plain_of};
use crate::slack::limits::{ACTIONS_MAX, OPTION_MAX, OVERFLOW_MAX};
use crate::slack::text::cut_plain;

/// What is done less often: a menu behind three dots.
#[derive(Debug, Clone, PartialEq)]
pub struct Menu(SlackBlockOverflowElement);

impl Menu {
    /// A menu of these choices, at most [`OVERFLOW_MAX`]. The value of the chosen one comes back as that of the menu.
    pub fn new(action_id: &'static str, choices: &[Choice]) -> Menu {
        let options = choices.iter().take(OVERFLOW_MAX).map(option).collect();
        Menu(SlackBlockOverflowElement::new(options).with_action_id(action_id.into()))
    }
}

/// A row of buttons with a menu at its end; `block_id` is unique within the message.
pub fn actions_and_menu(block_id: &str, buttons: Vec<Button>, menu: Menu) -> Block {
    let buttons = buttons.into_iter().take(ACTIONS_MAX - 1).map(|button| button.0.into());
    let elements = buttons.chain([menu.0.into()]).collect();
    Block(SlackActionsBlock::new(elements).with_block_id(block_id.to_owned().into()).into())
}

/// One box under a label, ticked from the start; whoever does not want it takes it out. `block_id` is unique within the form.
pub fn tick(block_id: &str, label: &str, choice: &Choice) -> Block {
    let text = SlackBlockText::Plain(plain_of(&choice.text, OPTION_MAX));
    let only = vec![SlackBlockChoiceItem::new(text, cut_plain(&choice.value, OPTION_MAX))];
    let element =
        SlackBlockCheckboxesElement::new(only.clone()).with_action_id(block_id.to_owned().into()).with_initial_options(only);
    super::optional(input(block_id, label, element.into()))
}
