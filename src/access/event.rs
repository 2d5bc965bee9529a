//! The audit vocabulary: everything that can happen, as data. Applying the events in order gives the rows.

use serde::{Deserialize, Serialize};

use super::absence::Absence;
use super::entitlement::{Description, Entitlement, Prior, Target, Trouble};
use super::grant::{EndCause, FailCause, Grant, Proof, Recheck, VoidCause};
use super::ids::{EntitlementId, GrantId, LockId, PersonId, RequestId};
use super::lock::Lock;
use super::queue::QueueChange;
use super::refusal::Refusal;
use super::remind::Reminder;
use super::request::{Approval, Part, Request, Seat, Step, TermsHash};
use super::review::{Finding, Review};
use super::secret::{Link, LinkHash};
use super::talk::{Said, Shortened};
use super::time::Timestamp;
use super::words::Words;

pub use super::about::{About, Actor};

/// One thing that happened. The audit log adds who, when and a sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    /// Somebody asked.
    #[serde(rename = "request.asked")]
    RequestAsked {
        /// The request as filed.
        request: Box<Request>,
    },
    /// Somebody agreed.
    #[serde(rename = "request.seconded")]
    ApprovalGiven {
        /// Which request.
        request: RequestId,
        /// Their yes.
        approval: Approval,
    },
    /// An earlier yes no longer counts.
    #[serde(rename = "request.approval_voided")]
    ApprovalVoided {
        /// Which request.
        request: RequestId,
        /// Whose.
        by: PersonId,
    },
    /// The policy asks for more than it did.
    #[serde(rename = "request.steps_raised")]
    StepsRaised {
        /// Which request.
        request: RequestId,
        /// What has to be agreed now.
        steps: Vec<Step>,
    },
    /// Nobody has answered: others may fill any place that is still empty as well.
    #[serde(rename = "request.steps_widened")]
    StepsWidened {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// Who, as a step's `by`.
        by: String,
    },
    /// The rules in force do not ask those others (any more): they may fill no place.
    #[serde(rename = "request.steps_narrowed")]
    StepsNarrowed {
        /// Which request.
        request: RequestId,
    },
    /// Those who can still fill a place are reminded.
    #[serde(rename = "request.reminded")]
    RequestReminded {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// Why.
        reminder: Reminder,
    },
    /// Still nobody has answered: whoever the policy names is to be paged.
    #[serde(rename = "request.page_owed")]
    PageOwed {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
    },
    /// The provider has taken the page.
    #[serde(rename = "request.page_made")]
    PageMade {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
    },
    /// The provider knows that what was paged for is settled.
    #[serde(rename = "request.page_resolved")]
    PageResolved {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
    },
    /// The policy, contract or window allows less time than it did.
    #[serde(rename = "request.end_lowered")]
    RequestEndLowered {
        /// Which request.
        request: RequestId,
        /// The latest end now.
        ends_at_most: Timestamp,
    },
    /// What its bundle is made of was changed: whoever agreed has to agree again.
    #[serde(rename = "request.parts_changed")]
    PartsChanged {
        /// Which request.
        request: RequestId,
        /// What it is made of now.
        parts: Vec<Part>,
        /// The numbers its grants will have now, one for each part.
        grants: Vec<GrantId>,
        /// Stands for the terms of now on buttons.
        terms_hash: TermsHash,
    },
    /// An approver agrees to less time than was asked for. Earlier approvals hold: they were of more.
    #[serde(rename = "request.shortened")]
    RequestShortened {
        /// Which request.
        request: RequestId,
        /// Who, when, from which length to which.
        shortened: Shortened,
        /// Stands for the terms of now on buttons.
        terms_hash: TermsHash,
    },
    /// Something is said about it, or done with its card, that decides nothing.
    #[serde(rename = "request.talk")]
    Talked {
        /// Which request.
        request: RequestId,
        /// What.
        said: Said,
    },
    /// All seats are filled.
    #[serde(rename = "request.approved")]
    RequestApproved {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// Who fills which seat.
        seats: Vec<Seat>,
    },
    /// Somebody entitled to said no.
    #[serde(rename = "request.denied")]
    RequestDenied {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
        /// Who is away, and in whose place they said so; `None` where it was by their own right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_place_of: Option<PersonId>,
        /// Why.
        reason: Words,
    },
    /// It was withdrawn.
    #[serde(rename = "request.cancelled")]
    RequestCancelled {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// By whom.
        by: PersonId,
    },
    /// Nobody decided in time.
    #[serde(rename = "request.expired")]
    RequestExpired {
        /// Which request.
        request: RequestId,
        /// When that was noticed.
        at: Timestamp,
    },
    /// It may no longer be granted.
    #[serde(rename = "request.invalidated")]
    RequestInvalidated {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// Why, as a sentence.
        why: String,
    },
    /// It was approved, but could not begin in time.
    #[serde(rename = "request.lapsed")]
    RequestLapsed {
        /// Which request.
        request: RequestId,
        /// When.
        at: Timestamp,
    },

    /// Nobody agreed to it: somebody else has to look at it afterwards.
    #[serde(rename = "review.opened")]
    ReviewOpened {
        /// The review.
        review: Box<Review>,
    },
    /// It should have been closed by now: people are told.
    #[serde(rename = "review.overdue")]
    ReviewOverdue {
        /// Of which request.
        request: RequestId,
        /// The how-manieth alarm this is.
        alarm: u32,
    },
    /// Somebody said what they found.
    #[serde(rename = "review.closed")]
    ReviewClosed {
        /// Of which request.
        request: RequestId,
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
        /// What they found.
        finding: Finding,
        /// Why.
        note: Words,
    },

    /// Nothing new is given to what it covers, and what was given is taken back.
    #[serde(rename = "lock.set")]
    LockSet {
        /// The lock.
        lock: Box<Lock>,
    },
    /// More was found that it covers: that is taken back as well.
    #[serde(rename = "lock.reached")]
    LockReached {
        /// Which lock.
        lock: LockId,
        /// What.
        grants: Vec<GrantId>,
    },
    /// Somebody lifted it. What it took back stays over.
    #[serde(rename = "lock.lifted")]
    LockLifted {
        /// Which lock.
        lock: LockId,
        /// When.
        at: Timestamp,
        /// Who.
        by: PersonId,
    },
    /// Its time was over.
    #[serde(rename = "lock.ran_out")]
    LockRanOut {
        /// Which lock.
        lock: LockId,
        /// When that was noticed.
        at: Timestamp,
    },
    /// Everything that it took back is over.
    #[serde(rename = "lock.cleared")]
    LockCleared {
        /// Which lock.
        lock: LockId,
        /// When that was noticed.
        at: Timestamp,
    },
    /// What a person typed when they set it was erased from its row.
    #[serde(rename = "lock.words_erased")]
    LockWordsErased {
        /// Which lock.
        lock: LockId,
        /// Whose words.
        of: PersonId,
    },

    /// A claim was committed, with its latest end.
    #[serde(rename = "grant.planned")]
    GrantPlanned {
        /// The grant.
        grant: Box<Grant>,
    },
    /// What the person holds already is being read.
    #[serde(rename = "grant.checking")]
    GrantChecking {
        /// Which grant.
        grant: GrantId,
        /// Since when.
        at: Timestamp,
    },
    /// The provider is being told.
    #[serde(rename = "grant.provisioning")]
    GrantProvisioning {
        /// Which grant.
        grant: GrantId,
        /// Since when.
        at: Timestamp,
    },
    /// A call's fate is unknown; so many later looks found nothing.
    #[serde(rename = "grant.result_unknown")]
    GrantResultUnknown {
        /// Which grant.
        grant: GrantId,
        /// Looks that found nothing.
        absent_reads: u32,
    },
    /// It waits for the person.
    #[serde(rename = "grant.awaits_person")]
    GrantAwaitsPerson {
        /// Which grant.
        grant: GrantId,
        /// Since when.
        at: Timestamp,
    },
    /// It was seen in force.
    #[serde(rename = "grant.active")]
    GrantActivated {
        /// Which grant.
        grant: GrantId,
        /// Since when.
        active_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
    },
    /// The person wanted to see their secret: this link leads to it, and no other.
    #[serde(rename = "grant.secret_linked")]
    SecretLinked {
        /// Which grant.
        grant: GrantId,
        /// The link, as far as it is kept.
        link: Link,
    },
    /// The secret was shown to whoever had the link, and is kept no more.
    #[serde(rename = "grant.secret_shown")]
    SecretShown {
        /// Which grant.
        grant: GrantId,
        /// When.
        at: Timestamp,
        /// By which link.
        by: LinkHash,
    },
    /// The link by which it was shown was used again, in vain.
    #[serde(rename = "grant.secret_asked_again")]
    SecretAskedAgain {
        /// Which grant.
        grant: GrantId,
        /// When.
        at: Timestamp,
    },
    /// The warning before the end is due.
    #[serde(rename = "grant.warned")]
    GrantWarned {
        /// Which grant.
        grant: GrantId,
    },
    /// More time was agreed; where the provider ends access by itself, that end moves first.
    #[serde(rename = "grant.extension_agreed")]
    ExtensionAgreed {
        /// Which grant.
        grant: GrantId,
        /// By which request.
        request: RequestId,
        /// The end to be.
        to: Timestamp,
    },
    /// The end was moved.
    #[serde(rename = "grant.extended")]
    GrantExtended {
        /// Which grant.
        grant: GrantId,
        /// By which request.
        request: RequestId,
        /// The new end.
        ends_at: Timestamp,
    },
    /// The end was brought forward.
    #[serde(rename = "grant.end_lowered")]
    GrantEndLowered {
        /// Which grant.
        grant: GrantId,
        /// The latest end now.
        to: Timestamp,
        /// Why, as a sentence.
        why: String,
    },
    /// What the provider holds differed from the target.
    #[serde(rename = "grant.drifted")]
    GrantDrifted {
        /// Which grant.
        grant: GrantId,
        /// What was seen, as a sentence.
        seen: String,
    },
    /// It is to be removed, until a look shows that it is.
    #[serde(rename = "grant.revoking")]
    GrantRevoking {
        /// Which grant.
        grant: GrantId,
        /// Since when.
        at: Timestamp,
        /// When it should have ended.
        due_at: Timestamp,
        /// Why.
        cause: EndCause,
    },
    /// The access is cut; a remnant stays owed.
    #[serde(rename = "grant.cut")]
    GrantCut {
        /// Which grant.
        grant: GrantId,
        /// What remains.
        remnant: String,
    },
    /// Why somebody took an access back, in their own words. It changes nothing by itself.
    #[serde(rename = "grant.end_reason")]
    EndReason {
        /// Which grant.
        grant: GrantId,
        /// Who.
        by: PersonId,
        /// What they said.
        reason: Words,
    },
    /// Its removal is late: people are told.
    #[serde(rename = "grant.overdue")]
    GrantOverdue {
        /// Which grant.
        grant: GrantId,
        /// The how-manieth alarm this is.
        alarm: u32,
    },
    /// It is over.
    #[serde(rename = "grant.ended")]
    GrantEnded {
        /// Which grant.
        grant: GrantId,
        /// When the look that proves it began.
        at: Timestamp,
        /// When it should have ended.
        due_at: Timestamp,
        /// Why.
        cause: EndCause,
        /// How we know.
        proof: Proof,
    },
    /// It was over before anything was sent.
    #[serde(rename = "grant.void")]
    GrantVoided {
        /// Which grant.
        grant: GrantId,
        /// When.
        at: Timestamp,
        /// Why.
        why: VoidCause,
    },
    /// It could not be given.
    #[serde(rename = "grant.failed")]
    GrantFailed {
        /// Which grant.
        grant: GrantId,
        /// When.
        at: Timestamp,
        /// Why.
        why: FailCause,
        /// Whether to look once more.
        recheck: Recheck,
    },
    /// The last look after a failed grant is due.
    #[serde(rename = "grant.recheck_due")]
    GrantRecheckDue {
        /// Which grant.
        grant: GrantId,
    },
    /// The last look after a failed grant found nothing.
    #[serde(rename = "grant.failed_for_good")]
    GrantRechecked {
        /// Which grant.
        grant: GrantId,
    },

    /// An entitlement was described, before anything was sent.
    #[serde(rename = "entitlement.added")]
    EntitlementAdded {
        /// The entitlement.
        entitlement: Box<Entitlement>,
    },
    /// An entitlement at rest is described anew, for a new grant: settings may have changed since the last one.
    #[serde(rename = "entitlement.described")]
    EntitlementDescribed {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// What the adapter will need.
        description: Box<Description>,
    },
    /// What was there before us.
    #[serde(rename = "entitlement.prior_read")]
    PriorRead {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// What was there.
        prior: Prior,
        /// At which server.
        fingerprint: String,
    },
    /// What was there before us was taken away by somebody else: it is not put back.
    #[serde(rename = "entitlement.prior_lost")]
    PriorLost {
        /// Which entitlement.
        entitlement: EntitlementId,
    },
    /// What must be true has changed.
    #[serde(rename = "entitlement.retargeted")]
    Retargeted {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// What must be true now.
        target: Target,
        /// When.
        at: Timestamp,
    },
    /// A look equalled the target.
    #[serde(rename = "entitlement.verified")]
    Verified {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// When the look began.
        at: Timestamp,
    },
    /// Nobody claims it and it is as it was before us.
    #[serde(rename = "entitlement.at_rest")]
    AtRest {
        /// Which entitlement.
        entitlement: EntitlementId,
    },
    /// The provider is another server than the one that was written down; what it shows is not believed.
    #[serde(rename = "entitlement.provider_moved")]
    ProviderMoved {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// The server that was written down.
        expected: String,
        /// The server that answered.
        found: String,
    },
    /// Something is wrong, or wrong in another way than before.
    #[serde(rename = "entitlement.trouble")]
    TroubleSeen {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// What.
        trouble: Trouble,
    },

    /// Somebody did not get what they asked for.
    #[serde(rename = "person.refused")]
    Refused {
        /// What they tried, such as `request` or `approve`.
        attempt: String,
        /// What it was about, where it names one (`R-42`, `G-57`).
        about: Option<String>,
        /// Why not.
        refusal: Refusal,
    },
    /// A policy set came in force.
    #[serde(rename = "policy.loaded")]
    PolicyLoaded {
        /// SHA-256 over the files, in hex; their text is kept under it.
        digest: String,
        /// The files, in order.
        files: Vec<String>,
        /// What differs from the set before: what opened, what closed, and what in force it no longer fits. One line each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<String>,
    },
    /// What was decided before looks different by what is known now, such as that two approvers were one person. It changes
    /// nothing by itself: people have to look at it.
    #[serde(rename = "request.finding")]
    Finding {
        /// Which request.
        request: RequestId,
        /// What was found, as a sentence.
        what: String,
    },
    /// A policy set was refused; the last good one, if any, stays in force.
    #[serde(rename = "policy.refused")]
    PolicyRefused {
        /// The digest of what was refused.
        digest: String,
        /// The first problem, as one line.
        problem: String,
    },
    /// Somebody said that they are away; what they said before is replaced.
    #[serde(rename = "person.away")]
    AwayDeclared {
        /// Who, until when, and who stands in for them.
        absence: Absence,
    },
    /// Somebody is back: they said so, or the time that they had given is over.
    #[serde(rename = "person.back")]
    AwayOver {
        /// Who.
        person: PersonId,
        /// Since when.
        at: Timestamp,
    },
    /// Daypass is taken out of service: nothing new is asked for, and all that is in force ends.
    #[serde(rename = "daypass.drain_began")]
    DrainBegan,
    /// It is in service again.
    #[serde(rename = "daypass.drain_undone")]
    DrainUndone,
    /// All that a person typed was erased: in the rows, and beside the log.
    #[serde(rename = "person.erased")]
    Erased {
        /// Whose.
        person: PersonId,
    },
    /// What a person typed about a request was erased from its rows.
    #[serde(rename = "request.words_erased")]
    WordsErased {
        /// Which request.
        request: RequestId,
        /// Whose words.
        of: PersonId,
    },
    /// What a person typed when they closed a review was erased from its row.
    #[serde(rename = "review.words_erased")]
    ReviewWordsErased {
        /// Of which request.
        request: RequestId,
        /// Whose words.
        of: PersonId,
    },
    /// Daypass started on this database.
    #[serde(rename = "daypass.started")]
    Started {
        /// Its version.
        version: String,
    },
    /// The clock contradicts itself: nothing new is granted until it agrees again.
    #[serde(rename = "clock.suspect")]
    ClockSuspect {
        /// What wall time said.
        wall: Timestamp,
        /// What it should have said by the time that has passed.
        expected: Timestamp,
    },
    /// The clock agrees again, or an admin said so.
    #[serde(rename = "clock.sound")]
    ClockSound {
        /// What it says.
        wall: Timestamp,
    },

    /// The queue has changed. Bookkeeping; it is not part of the audit log.
    #[serde(rename = "queue.changed")]
    Queued {
        /// Which entitlement.
        entitlement: EntitlementId,
        /// What.
        change: QueueChange,
    },
}
