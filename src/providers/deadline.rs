//! One deadline around a whole operation, and the truth about what may have happened when it passes.
//!
//! It does not retry and reads no clock: the caller's timeout is a length, not a moment.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::access::entitlement::Class;

use super::{Call, ProviderError};

/// Whether a change may be under way: set just before it is sent, cleared when the provider said what became of it.
#[derive(Debug, Default)]
pub struct InDoubt(AtomicBool);

impl InDoubt {
    /// A change is about to be sent; from here on silence means that it may have been carried out.
    pub fn begins(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// The provider answered: what was sent is decided.
    pub fn settled(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// The class of a failure that came without an answer.
    pub fn class_of_silence(&self) -> Class {
        if self.0.load(Ordering::SeqCst) { Class::Ambiguous } else { Class::Transient }
    }
}

/// Runs `work` for at most the call's timeout. When the time is over, `work` is dropped, and the error is ambiguous if a
/// change was under way, transient otherwise.
pub async fn within<T>(
    call: &Call,
    doubt: &InDoubt,
    work: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    match tokio::time::timeout(call.timeout, work).await {
        Ok(result) => result,
        Err(_) => {
            let waited_ms = call.timeout.as_millis();
            let message = format!("the provider did not answer within {waited_ms} ms");
            Err(ProviderError::new(doubt.class_of_silence(), "timeout", message))
        }
    }
}

/// The error of a later step, where an earlier one of the same call has made a change: that nothing was done would be untrue.
pub fn after_a_change(mut error: ProviderError) -> ProviderError {
    if error.trouble.class == Class::Transient {
        error.trouble.class = Class::Ambiguous;
    }
    error
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::access::time::Timestamp;

    use super::*;

    #[tokio::test]
    async fn silence_is_ambiguous_only_while_a_change_is_under_way() {
        let call = Call { at: Timestamp::from_millis(0), timeout: Duration::from_millis(5) };
        let doubt = InDoubt::default();

        let silent = within::<()>(&call, &doubt, std::future::pending()).await.unwrap_err();
        assert_eq!(silent.trouble.class, Class::Transient);

        doubt.begins();
        let silent = within::<()>(&call, &doubt, std::future::pending()).await.unwrap_err();
        assert_eq!((silent.trouble.class, silent.trouble.code.as_str()), (Class::Ambiguous, "timeout"));

        doubt.settled();
        let silent = within::<()>(&call, &doubt, std::future::pending()).await.unwrap_err();
        assert_eq!(silent.trouble.class, Class::Transient);
    }
}
