//! A refusal is an answer, not an error: one variant per sentence that a person can get. `slack::say` has the sentences.

use serde::{Deserialize, Serialize};

use super::ids::{GrantId, GroupId, PersonId, ProviderId, RequestId, ResourceId};
use super::lock::Scope;
use super::time::{Timestamp, Ttl};

/// Why somebody does not get what they asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    // Who is asking.
    /// The Slack account belongs to nobody we know.
    UnknownAccount,
    /// The Slack account belongs to more than one person.
    AmbiguousAccount,
    /// The account belongs to another workspace or organisation.
    ForeignAccount,
    /// The account is deactivated, a bot, or of a kind that may not do this.
    AccountNotAllowed,
    /// Slack could not be asked who this is, and without knowing nothing is approved.
    AccountUnverified,

    /// A user of the host that Daypass runs on is nobody in the policy files, or several people.
    UnknownHostUser {
        /// The user's name there.
        user: String,
    },

    // What they asked for.
    /// The words were not understood; `example` is one line that works.
    NotUnderstood {
        /// What was wrong with them.
        problem: String,
        /// A line that works.
        example: String,
    },
    /// There is no such resource.
    NoSuchResource {
        /// What was written.
        asked: String,
        /// Resources of similar names that this person may ask for.
        similar: Vec<String>,
    },
    /// The resource has no such role.
    NoSuchRole {
        /// The resource.
        resource: String,
        /// What was written.
        asked: String,
        /// The roles that it has.
        roles: Vec<String>,
    },
    /// There is no such person.
    NoSuchPerson {
        /// What was written.
        asked: String,
    },
    /// There is no such request, or it is not for this person to see.
    NoSuchRequest {
        /// Its number.
        request: RequestId,
    },
    /// There is no such grant, or it is not for this person to see.
    NoSuchGrant {
        /// Its number.
        grant: GrantId,
    },
    /// They hold several grants and did not say which.
    WhichGrant {
        /// The grants.
        grants: Vec<GrantId>,
    },
    /// They hold nothing that this could be done to.
    NothingHeld,

    // The policy.
    /// No policy permits it, or one forbids it.
    NotPermitted {
        /// The rules and their conditions that said no, such as `acme-read-orders.when`.
        because: Vec<String>,
    },
    /// Longer than allowed.
    OverCap {
        /// The longest that is allowed.
        at_most: Ttl,
    },
    /// Not at this time.
    OutsideWindow {
        /// The earliest time it would be allowed, if there is one within two weeks.
        earliest: Option<Timestamp>,
    },
    /// It would begin later than anything can be asked for ahead.
    TooFarAhead {
        /// The latest start that can be asked for now.
        latest: Timestamp,
    },
    /// The contract, the window or the ceiling leaves no time.
    NoTimeLeft {
        /// What leaves none, such as `contract`.
        limit: String,
    },
    /// The reason is too short.
    ReasonTooShort {
        /// How many characters it needs.
        min_chars: u32,
    },
    /// The reason names no ticket.
    TicketMissing {
        /// The pattern a ticket follows.
        pattern: String,
    },
    /// Nobody could approve it: the groups that would have to are empty, or hold only the person themselves.
    NobodyCanApprove {
        /// The steps that cannot be filled, as the policy spells them.
        steps: Vec<String>,
    },
    /// A source that the policy needs could not be read.
    SourceUnreadable {
        /// The source, such as a group.
        source: String,
    },
    /// The person has no account at the provider on file.
    NoProviderAccount {
        /// The provider.
        provider: ProviderId,
    },
    /// The access comes with a secret, and the person has no key on file that it could be encrypted to.
    NoKeyOnFile,
    /// The provider could not plan it.
    CannotBePlanned {
        /// The provider.
        provider: ProviderId,
        /// One redacted sentence.
        problem: String,
    },
    /// An identical request is pending.
    AlreadyPending {
        /// That request.
        request: RequestId,
    },
    /// The person already holds this.
    AlreadyHeld {
        /// The grant by which they do.
        grant: GrantId,
    },
    /// The person already holds this bundle, or parts of it.
    BundleHeld {
        /// What people type for it.
        bundle: ResourceId,
        /// The grants by which they do.
        grants: Vec<GrantId>,
    },
    /// The person has too many pending requests.
    TooManyPending {
        /// How many they may have.
        limit: u32,
    },

    // Deciding.
    /// Nobody approves for themselves, nor what they filed for somebody else.
    OwnRequest,
    /// This person is not among those who may decide.
    NotAnApprover,
    /// Whoever they stand in for has agreed themselves, so that nothing is left to agree in their place.
    AgreedThemselves {
        /// Who.
        person: PersonId,
    },
    /// They have approved already; their seat stays.
    ApprovedAlready,
    /// The request was decided already.
    Decided {
        /// The state it is in, by name.
        state: String,
        /// Who decided, where a person did.
        by: Option<PersonId>,
        /// When.
        at: Timestamp,
    },
    /// The terms differ from those on the card.
    TermsChanged,
    /// A denial needs a reason.
    DenialNeedsReason,
    /// The policy wants to know why they approve.
    ApprovalNeedsNote,

    /// Those who are asked were reminded a short while ago.
    RemindedLately {
        /// The request.
        request: RequestId,
        /// When.
        last: Timestamp,
        /// From when on they can be reminded again.
        again_at: Timestamp,
    },

    // What is said about a request beside yes and no.
    /// Whoever approves less time has to name less than it is.
    NotShorter {
        /// The length that it has.
        than: Ttl,
    },
    /// Nothing that can be read was written.
    NothingWritten,
    /// So many questions were asked about it that no more can be.
    TooManyQuestions {
        /// The most.
        limit: u32,
    },
    /// A question is answered by whoever asked for the access.
    NotYoursToAnswer,
    /// There is no such question about this request.
    NoSuchQuestion {
        /// The request.
        request: RequestId,
    },
    /// The question has its answer.
    AnsweredAlready {
        /// Who answered.
        by: PersonId,
        /// When.
        at: Timestamp,
    },
    /// There is nobody else who could decide it in the place of whoever passes it on.
    NobodyToPassOn,
    /// This person could not take the place of whoever passes the card on.
    CannotTakeOver {
        /// Who.
        person: PersonId,
    },
    /// It was passed on to this person before.
    PassedAlready {
        /// Who.
        person: PersonId,
    },
    /// It was passed on as often as it can be.
    PassedTooOften {
        /// The most.
        limit: u32,
    },

    // Being away, and asking for others.
    /// Nothing and nobody is called that.
    NothingCalled {
        /// What was written.
        asked: String,
        /// What is called alike.
        similar: Vec<String>,
    },
    /// Nobody says that they are away for so long at once.
    AwayTooLong {
        /// The most, in days.
        days: u32,
    },
    /// They are not away.
    NotAway,
    /// This person can stand in for nobody, or not for them: only another employee in good standing who is here can.
    CannotStandIn {
        /// Who.
        person: PersonId,
    },
    /// Only employees are stood in for, since only they decide as what they are.
    CannotBeStoodFor,
    /// Only somebody's sponsor, or an owner of what is asked for, asks for them.
    MayNotAskFor {
        /// For whom.
        person: PersonId,
    },
    /// What was written may mean several people.
    WhichPerson {
        /// What was written.
        asked: String,
    },
    /// What somebody asked for another is not possible for them.
    NotForThem {
        /// For whom.
        person: PersonId,
        /// Why not, as they would be told.
        why: Box<Refusal>,
    },
    /// Somebody asks for so many others at once that no more wait for a decision.
    TooManyForOthers {
        /// How many may wait.
        limit: u32,
    },

    // Breaking the glass, and what follows.
    /// No policy lets this person break the glass for that.
    GlassNotPermitted,
    /// Whoever breaks the glass says why.
    GlassNeedsReason,
    /// Nobody could review it: those who would have to are nobody, or only the person themselves.
    NobodyCanReview {
        /// Who would have to, as the policy spells it.
        by: Vec<String>,
    },
    /// Nobody agreed to this access, so it has no more time without people.
    GlassNotExtended,
    /// Nobody reviews what they got, nor what they filed for somebody else.
    OwnReview,
    /// This person is not among those who may review it.
    NotAReviewer,
    /// There is nothing to review about this request.
    NoReview {
        /// The request.
        request: RequestId,
    },
    /// A review says why.
    ReviewNeedsNote,
    /// Somebody has reviewed it already.
    Reviewed {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
    },

    // Locks.
    /// A lock covers it: nothing new is given.
    Locked {
        /// What it is on.
        what: Scope,
        /// Who set it.
        by: PersonId,
        /// When it runs out, if it does by itself.
        until: Option<Timestamp>,
    },
    /// This person may not set or lift a lock on that.
    NotYoursToLock {
        /// On what.
        what: Scope,
    },
    /// Whoever is locked themself lifts no lock.
    LockedThemselves,
    /// There is a lock on that already, and it lasts at least as long.
    LockedAlready {
        /// On what.
        what: Scope,
        /// Who set it.
        by: PersonId,
        /// When it runs out, if it does by itself.
        until: Option<Timestamp>,
    },
    /// There is no lock on that.
    NotLocked {
        /// On what.
        what: Scope,
    },
    /// There is nothing of this name that could be locked.
    NothingToLock {
        /// What was written.
        asked: String,
        /// What could have been meant.
        similar: Vec<String>,
    },
    /// Who is in the group stands elsewhere, so that a lock could not tell whom it covers.
    GroupElsewhere {
        /// The group.
        group: GroupId,
    },
    /// The time until which it was to last is over.
    LockTimeOver {
        /// That time.
        until: Timestamp,
    },
    /// The person has nothing that this person could end.
    NothingToRevoke,

    // Ending and extending.
    /// This is not theirs to end or extend.
    NotYours,
    /// Only admins vouch for an end that cannot be looked at.
    VouchingIsForAdmins,
    /// Nobody vouches for the end of their own access.
    OwnWord,
    /// The grant is over or on its way out.
    GrantOver {
        /// The grant.
        grant: GrantId,
        /// The state it is in, by name.
        state: String,
    },
    /// The grant is not in force, so that there is nothing to extend.
    NotInForce {
        /// The grant.
        grant: GrantId,
    },
    /// The policy allows no (further) extension.
    NoExtension {
        /// How many it allows.
        times: u32,
    },
    /// The parts of a bundle are not extended.
    BundleNotExtended {
        /// What people type for it.
        bundle: ResourceId,
    },
    /// An extension of this grant is pending already.
    ExtensionPending {
        /// That request.
        request: RequestId,
    },

    // Secrets that are shown once.
    /// There is no secret to show by this grant (any more).
    NoSecret {
        /// The grant.
        grant: GrantId,
    },
    /// The secret is somebody else's.
    NotYourSecret,
    /// The secret was shown already.
    SecretShown {
        /// The grant.
        grant: GrantId,
        /// When.
        at: Timestamp,
    },
    /// This host cannot open the secret any more: its key or its page is gone.
    SecretUnopenable {
        /// The grant.
        grant: GrantId,
    },

    // Daypass itself.
    /// Daypass is being taken out of service: nothing new is asked for.
    Draining,
    /// No valid policy is loaded: no requests are taken, and what is in force ends on time.
    NoPolicy,
    /// The clock contradicts itself: nothing new is granted.
    ClockSuspect,
    /// The database cannot be written: nothing was recorded.
    NotRecorded,
    /// Something that should not happen; the reference finds it in the log.
    Internal {
        /// The reference.
        reference: String,
    },
}

impl Refusal {
    /// The same without what somebody typed that was not understood: the audit log keeps nothing typed that could not be erased.
    #[must_use]
    pub fn without_words(self) -> Refusal {
        match self {
            Refusal::NotUnderstood { .. } => Refusal::NotUnderstood { problem: String::new(), example: String::new() },
            Refusal::NoSuchResource { similar, .. } => Refusal::NoSuchResource { asked: String::new(), similar },
            Refusal::NoSuchRole { resource, roles, .. } => Refusal::NoSuchRole { resource, asked: String::new(), roles },
            Refusal::NoSuchPerson { .. } => Refusal::NoSuchPerson { asked: String::new() },
            Refusal::NothingToLock { similar, .. } => Refusal::NothingToLock { asked: String::new(), similar },
            Refusal::NothingCalled { similar, .. } => Refusal::NothingCalled { asked: String::new(), similar },
            Refusal::WhichPerson { .. } => Refusal::WhichPerson { asked: String::new() },
            Refusal::NotForThem { person, why } => Refusal::NotForThem { person, why: Box::new(why.without_words()) },
            other => other,
        }
    }
}
