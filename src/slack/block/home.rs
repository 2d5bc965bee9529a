//! The home tab: what a person sees of Daypass when they open it in their sidebar.

use serde_json::{Value, json};
use slack_morphism::prelude::*;

use super::{Block, plain};
use crate::slack::limits::VIEW_BLOCKS_MAX;

/// A home tab, drawn for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Home(Vec<SlackBlock>);

impl Home {
    /// A home tab of these blocks. What is beyond Slack's limit is left out: whoever draws one stays below it.
    pub fn new(blocks: Vec<Block>) -> Home {
        Home(blocks.into_iter().take(VIEW_BLOCKS_MAX).map(|block| block.0).collect())
    }

    /// A home tab of one plain sentence.
    pub fn sentence(text: &str) -> Home {
        Home::new(vec![plain(text)])
    }

    /// The view as Slack's API takes it.
    pub fn to_json(&self) -> Value {
        json!({ "type": "home", "blocks": self.0 })
    }
}
