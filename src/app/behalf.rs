//! Asking for somebody else: the access is theirs, the request is whoever's who wrote it, and neither of the two decides about it.
//!
//! Who may: the person's sponsor, and owners of everything that is asked for. To be an admin is no reason.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::absence::Absence;
use crate::access::ids::{PersonId, ResourceId, RoleId};
use crate::access::refusal::Refusal;
use crate::access::request::Request;
use crate::access::time::{Timestamp, Ttl};
use crate::access::words::Words;
use crate::people::Identified;
use crate::policy::PolicySet;
use crate::policy::facts::{Manner, Standing};
use crate::policy::file::Kind;
use crate::slack::block::Message;
use crate::slack::command::Ask;
use crate::slack::command::behalf::Whom;
use crate::slack::inbound::{self, ViewRef};
use crate::store::outbox::Audience;

use super::ask::{Want, Wish};
use super::deed::Deed;
use super::find::{Found, find};
use super::form::{Meant, Misunderstood, askable};
use super::policies::Loaded;
use super::surface::Caller;
use super::transact::{Attempt, Outcome, Stop, Work};
use super::when::When;
use super::{App, bundle};

/// How many requests that somebody filed for others may wait at a time.
pub const FOR_OTHERS_MAX: u32 = 10;

/// Whether this person may ask for another: as their sponsor, or as an owner of everything that is asked for.
pub(super) fn may_ask_for(set: &PolicySet, filer: &PersonId, subject: &PersonId, what: (&ResourceId, &RoleId)) -> bool {
    let owns = |resource: &ResourceId| set.owners_of(resource).contains(filer);
    let is_employed = set.person(filer).is_some_and(|person| person.kind == Kind::Employee);
    let owns_all = || bundle::wanted(set, what.0, what.1).iter().all(|part| owns(&part.resource));
    is_employed && (is_sponsor(set, filer, subject) || owns_all())
}

fn is_sponsor(set: &PolicySet, person: &PersonId, of: &PersonId) -> bool {
    set.person(of).and_then(|person| person.sponsor.as_ref()).is_some_and(|sponsor| sponsor.value == *person)
}

/// Everything that this person may ask for, for themselves or for another.
pub(super) fn askable_by(loaded: &Loaded, filer: &PersonId, subject: &PersonId) -> BTreeMap<ResourceId, Vec<RoleId>> {
    let mut found = askable(loaded, subject);
    if filer != subject {
        found.retain(|resource, roles| {
            roles.retain(|role| may_ask_for(&loaded.set, filer, subject, (resource, role)));
            !roles.is_empty()
        });
    }
    found
}

/// What somebody wants, for themselves or for another.
pub(super) fn wish_for(
    (filer, subject): (&PersonId, &PersonId),
    resource: ResourceId,
    role: RoleId,
    access_for: Ttl,
    reason: Words,
) -> Wish {
    Wish {
        subject: subject.clone(),
        filed_by: filer.clone(),
        resource,
        role,
        access_for,
        reason,
        purpose: Want::Access,
        manner: Manner::Usual,
        when: When::default(),
    }
}

/// For whom a form is, as it came back: an id, which is looked up again, and no right.
pub(super) fn subject_of(loaded: &Loaded, view: &ViewRef) -> Option<PersonId> {
    let id = view.private_metadata.parse::<PersonId>().ok()?;
    loaded.set.person(&id).map(|_| id)
}

/// Whether there is anybody else for whom this person may ask.
pub(super) fn asks_for_others(loaded: &Loaded, person: &PersonId) -> bool {
    let set = &loaded.set;
    let is_employed = set.person(person).is_some_and(|person| person.kind == Kind::Employee);
    let owns = || set.resources().keys().any(|resource| set.owners_of(resource).contains(person));
    is_employed && (set.people().keys().any(|other| is_sponsor(set, person, other)) || owns())
}

impl App {
    /// The person whom somebody wrote of: a mention, an id or a name.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchPerson`], and [`Refusal::WhichPerson`] where it may be several.
    pub(super) async fn whom(&self, loaded: &Loaded, whom: &Whom) -> Result<PersonId, Refusal> {
        match whom {
            Whom::Account(user) => {
                let home = self.installed().await?;
                let asked = || format!("the account {user}");
                match loaded.directory(&home.team).by_slack(&home.team, user) {
                    Identified::Known(person) => Ok(person),
                    Identified::Unknown => Err(Refusal::NoSuchPerson { asked: asked() }),
                    Identified::Ambiguous => Err(Refusal::WhichPerson { asked: asked() }),
                }
            }
            Whom::Word(word) => named(&loaded.set, word),
        }
    }

    /// What is meant by `/jit request for @maya …`.
    pub(super) fn meant_for(
        &self,
        loaded: &Loaded,
        (filer, subject): (&PersonId, &PersonId),
        ask: Ask,
    ) -> Result<Meant, Box<Misunderstood>> {
        if filer == subject {
            return self.meant(loaded, filer, ask);
        }
        if askable_by(loaded, filer, subject).is_empty() {
            let may = asks_for_others(loaded, filer) && is_sponsor(&loaded.set, filer, subject);
            // Whoever may ask for them reads that there is nothing; nobody else reads what there is.
            let nothing = Refusal::NotPermitted { because: Vec::new() };
            let may_not = || Refusal::MayNotAskFor { person: subject.clone() };
            return Err(if may { not_for_them(subject, nothing) } else { may_not() }.into());
        }
        let words = ask.words.clone();
        self.meant_by(loaded, (filer, subject), ask).map_err(|problem| match &problem.refusal {
            Refusal::NoSuchResource { .. } if is_askable(loaded, subject, &words) => {
                Refusal::MayNotAskFor { person: subject.clone() }.into()
            }
            _ => problem,
        })
    }

    /// `/jit request for @maya …`: asks, or opens the form for her.
    pub(super) async fn request_for(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        Caller { person, loaded, names }: &Caller,
        command: &inbound::Command,
        (whom, ask): (Whom, Ask),
    ) -> Result<Option<Outcome>, Message> {
        attempt.verb = "request";
        let meant = match self.whom(loaded, &whom).await {
            Ok(subject) => self.meant_for(loaded, (person, &subject), ask),
            Err(refusal) => Err(refusal.into()),
        };
        let deed = match meant {
            Ok(Meant::Wish(wish)) => Deed::Ask(wish),
            Ok(Meant::Form(filled)) => {
                let of = (loaded, person, names);
                return self.open_request_form(&command.trigger_id, of, filled).await.map(|()| None);
            }
            Err(problem) => Deed::Nothing(problem.refusal),
        };
        Ok(Some(self.perform(attempt, names, &deed).await))
    }

    /// Whether whoever filed this may have, by the rules and accounts of now.
    pub(super) fn may_file(&self, loaded: &Loaded, wish: &Wish, filer: Standing) -> Result<(), Refusal> {
        if wish.subject == wish.filed_by {
            return Ok(());
        }
        let may = may_ask_for(&loaded.set, &wish.filed_by, &wish.subject, (&wish.resource, &wish.role));
        let is_known = loaded.set.person(&wish.subject).is_some();
        match filer {
            Standing::Active if may && is_known && matches!(wish.purpose, Want::Access) => Ok(()),
            Standing::Unknown => Err(Refusal::AccountUnverified),
            _ => Err(Refusal::MayNotAskFor { person: wish.subject.clone() }),
        }
    }
}

fn is_askable(loaded: &Loaded, subject: &PersonId, words: &[String]) -> bool {
    let all = askable(loaded, subject);
    matches!(find(loaded, &all, words), Ok(Found::One(..)))
}

/// By id, by the whole name, or by what only one of them is called first.
pub(super) fn named(set: &PolicySet, word: &str) -> Result<PersonId, Refusal> {
    let asked = word.trim_start_matches('@').to_lowercase();
    if let Some((id, _)) = set.people().iter().find(|(id, _)| id.as_str() == asked) {
        return Ok(id.clone());
    }
    let first = |name: &str| name.split_whitespace().next().is_some_and(|first| first.to_lowercase() == asked);
    let mut meant = set.people().iter().filter(|(_, person)| person.name.to_lowercase() == asked || first(&person.name));
    match (meant.next(), meant.next()) {
        (Some((id, _)), None) => Ok(id.clone()),
        (Some(_), Some(_)) => Err(Refusal::WhichPerson { asked: word.to_owned() }),
        (None, _) => Err(Refusal::NoSuchPerson { asked: word.to_owned() }),
    }
}

/// Whether a message is for whoever asked for somebody else: they follow, and get nothing of what only that person needs.
pub(super) fn is_for_filer(request: &Request, audience: &Audience) -> bool {
    request.filed_by != request.terms.subject && *audience == Audience::Person(request.filed_by.clone())
}

/// A refusal that is about somebody else than who reads it. What is about the words, the time or those who decide is told as it is.
pub(super) fn not_for_them(subject: &PersonId, why: Refusal) -> Refusal {
    match why {
        Refusal::AlreadyPending { .. }
        | Refusal::AlreadyHeld { .. }
        | Refusal::BundleHeld { .. }
        | Refusal::TooManyPending { .. }
        | Refusal::NoProviderAccount { .. }
        | Refusal::NoKeyOnFile
        | Refusal::AccountNotAllowed
        | Refusal::ForeignAccount
        | Refusal::NotPermitted { .. }
        | Refusal::NoTimeLeft { .. } => Refusal::NotForThem { person: subject.clone(), why: Box::new(why) },
        why => why,
    }
}

/// The same for whatever ends a wish.
pub(super) fn stopped(wish: &Wish, stop: Stop) -> Stop {
    match stop {
        Stop::Refused(why) if wish.subject != wish.filed_by => Stop::Refused(not_for_them(&wish.subject, why)),
        stop => stop,
    }
}

/// Nobody floods the approvers with what they ask for others.
pub(super) fn refuse_flood(work: &Work<'_, '_>, wish: &Wish) -> Result<(), Stop> {
    if wish.subject == wish.filed_by {
        return Ok(());
    }
    let pending = work.tx.pending_requests_of(&wish.filed_by)?;
    let for_others = pending.iter().filter(|request| request.filed_by == wish.filed_by && request.terms.subject != wish.filed_by);
    if for_others.count() >= usize::try_from(FOR_OTHERS_MAX).unwrap_or(usize::MAX) {
        return Err(Refusal::TooManyForOthers { limit: FOR_OTHERS_MAX }.into());
    }
    Ok(())
}

/// What the answer to whoever asked says beside: for whom it is, and which of those who are asked are away.
pub(super) fn more(wish: &Wish, asked: &BTreeSet<PersonId>, away: &[Absence]) -> (Option<PersonId>, Vec<(PersonId, Timestamp)>) {
    let whose = (wish.subject != wish.filed_by).then(|| wish.subject.clone());
    let absent = away.iter().filter(|absence| asked.contains(&absence.person));
    (whose, absent.map(|absence| (absence.person.clone(), absence.until)).collect())
}
