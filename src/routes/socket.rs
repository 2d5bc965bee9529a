//! What comes over Socket Mode, answered as if it had come over HTTP. There is no signature: the connection is ours.

use sha2::{Digest, Sha256};

use super::{Receive, Routes};
use crate::slack::inbound::Inbound;
use crate::slack::socket::{Take, Taken};

impl<R: Receive> Take for Routes<R> {
    async fn take(&self, inbound: Inbound) -> Taken {
        let begun = self.clock.elapsed();
        let answer = self.answer(memory_of(&inbound), inbound).await;
        self.metrics.answered_after(self.clock.elapsed().saturating_sub(begun));
        if answer.status == 200 { Taken::Done(answer.body) } else { Taken::Not }
    }
}

/// What the same thing is known by when it comes again: Slack's ids for it, since an envelope that is sent again may have
/// another id of its own.
fn memory_of(inbound: &Inbound) -> Option<[u8; 32]> {
    inbound.dedupe_key().map(|key| Sha256::digest(format!("socket/{key}")).into())
}
