//! Every sentence and card that people read. Pure: facts in, messages out; nothing is looked up and nothing is decided.
//!
//! Most facts are the core's own records, matched state by state, so that a new state cannot be forgotten here. Names come
//! beside them, because a number alone tells nobody anything.

pub mod alternative;
pub mod away;
pub mod behalf;
mod bundle;
pub mod card;
pub mod causes;
pub mod digest;
pub mod feedback;
pub mod forms;
pub mod glass;
pub mod home;
pub mod lists;
pub mod lock;
pub mod names;
pub mod notice;
pub mod refusal;
pub mod remind;
pub mod reply;
pub mod samples;
pub mod secret;
pub mod several;
mod starting;
pub mod status;
pub mod talk;
pub mod who;
pub mod why;

#[cfg(test)]
mod shown;

pub use samples::samples;

/// `action_id` of the buttons on our messages.
pub mod button {
    /// Approves; the value is `R-42` and the hash of its terms.
    pub const APPROVE: &str = "request.approve";
    /// Opens the form that denies; the same value.
    pub const DENY: &str = "request.deny";
    /// The menu of what is done less often. The value is the `action_id` of the button that it stands for, and that button's value.
    pub const MORE: &str = "request.more";
    /// Opens the form with a question; the same value.
    pub const QUESTION: &str = "request.question";
    /// Opens the form that answers one; the value is `R-42` and the number of the question.
    pub const ANSWER: &str = "request.answer";
    /// Opens the form that approves less time; the same value as to approve.
    pub const SHORTER: &str = "request.shorter";
    /// Opens the form that gives the card to somebody else as well; the same value.
    pub const PASS_ON: &str = "request.pass_on";
    /// Opens the form that approves several requests at once; the value is empty.
    pub const APPROVE_THESE: &str = "request.approve_these";
    /// Shows everything about a request; the same value.
    pub const DETAILS: &str = "request.details";
    /// Withdraws; the same value.
    pub const WITHDRAW: &str = "request.withdraw";
    /// Reminds those who are asked; the same value.
    pub const REMIND: &str = "request.remind";
    /// Says that an access was more than was needed; the value is `R-42`.
    pub const TOO_MUCH: &str = "feedback.too_much";
    /// Says that it was what was needed; the same value.
    pub const JUST_RIGHT: &str = "feedback.just_right";
    /// Says that it was less than was needed; the same value.
    pub const TOO_LITTLE: &str = "feedback.too_little";
    /// Opens the form that closes a review; the value is `R-42`.
    pub const REVIEW: &str = "review.close";
    /// Opens the request form; the value is empty or `resource role 120m`.
    pub const REQUEST: &str = "request.open";
    /// Asks for what would be possible, on a refusal; the value is the wish, and whose it is.
    pub const ASK_INSTEAD: &str = "instead.ask";
    /// Asks for as much more time as would be possible; the value is the same for more time.
    pub const ASK_MORE: &str = "instead.more";
    /// Opens the form with what was said; the value is the wish.
    pub const FIX: &str = "instead.form";
    /// Has the admins told of an account that is not known; the value is empty.
    pub const ADD_ME: &str = "account.add_me";
    /// Opens the form that breaks the glass.
    pub const GLASS: &str = "glass.open";
    /// Ends one's own grant; the value is `G-57`.
    pub const DONE: &str = "grant.done";
    /// Opens the form for more time; the value is `G-57`.
    pub const EXTEND: &str = "grant.extend";
    /// Gives the person a link to their secret, which only they see; the value is `G-57`.
    pub const SHOW_SECRET: &str = "grant.show_secret";
    /// Ends somebody's grant; the value is `G-57`.
    pub const REVOKE: &str = "grant.revoke";
    /// Sets a lock; the value is on what, until when (`-` for until it is lifted), and why.
    pub const LOCK: &str = "lock.set";
    /// Ends all of somebody's access; the value is whose, and why.
    pub const REVOKE_ALL: &str = "grant.revoke_all";
    /// Has the worker look at a late end now; the value is `G-57`.
    pub const CHECK: &str = "grant.check";
    /// Opens the form in which an admin vouches for a late end; the value is `G-57`.
    pub const VOUCH: &str = "grant.vouch";
}

/// `callback_id` of our shortcuts, as the manifest names them.
pub mod shortcut {
    /// Opens the form that asks.
    pub const REQUEST: &str = "request.open";
    /// Opens the form for emergencies.
    pub const GLASS: &str = "glass.open";
}

/// `callback_id` of our forms.
pub mod form {
    /// Asks for access.
    pub const REQUEST: &str = "request.form";
    /// Breaks the glass.
    pub const GLASS: &str = "glass.form";
    /// Approves, with a note.
    pub const APPROVE: &str = "request.approve";
    /// Approves less time.
    pub const SHORTER: &str = "request.shorter";
    /// Asks a question.
    pub const QUESTION: &str = "request.question";
    /// Answers one.
    pub const ANSWER: &str = "request.answer";
    /// Gives the card to somebody else as well.
    pub const PASS_ON: &str = "request.pass_on";
    /// Approves several requests at once.
    pub const APPROVE_THESE: &str = "request.approve_these";
    /// Denies.
    pub const DENY: &str = "request.deny";
    /// Closes a review.
    pub const REVIEW: &str = "review.close";
    /// Asks for more time.
    pub const EXTEND: &str = "grant.extend";
    /// Vouches for a late end.
    pub const VOUCH: &str = "grant.vouch";
    /// Only shows something.
    pub const DETAILS: &str = "request.details";
}

/// `block_id` (and `action_id`) of the inputs of our forms.
pub mod field {
    /// Which resource.
    pub const RESOURCE: &str = "resource";
    /// Which role.
    pub const ROLE: &str = "role";
    /// How long, from a list.
    pub const DURATION: &str = "duration";
    /// From when on, in words; empty is at once.
    pub const FROM: &str = "from";
    /// How long, in words; goes before the list.
    pub const UNTIL: &str = "until";
    /// The ticket that a policy wants named, apart from the reason.
    pub const TICKET: &str = "ticket";
    /// Why.
    pub const REASON: &str = "reason";
    /// What somebody who may decide wants to know.
    pub const QUESTION: &str = "question";
    /// What they are answered.
    pub const ANSWER: &str = "answer";
    /// To whom a card is passed on.
    pub const PERSON: &str = "person";
    /// What a review found.
    pub const FINDING: &str = "finding";
}
