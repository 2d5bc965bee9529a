//! What the rows say, as questions that the rest of the program asks. Nothing here changes anything.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::rows::{entitlement, grant, request, review};
use crate::access::entitlement::{Entitlement, Holding};
use crate::access::grant::Grant;
use crate::access::ids::{EntitlementId, GrantId, PersonId, PolicyId, ProviderId, RequestId, ResourceId, RoleId};
use crate::access::request::{Purpose, Request, Terms};
use crate::access::review::Review;
use crate::access::time::Timestamp;

/// A consistent view of the rows.
pub struct Reader<'a> {
    pub(super) conn: &'a Connection,
    /// Set when the disk failed under a question, whatever the asker makes of the error.
    pub(super) damage: RefCell<Option<String>>,
}

/// How much there is, for status pages and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Requests that people can still decide.
    pub pending: u64,
    /// Grants that are, or may become, in force.
    pub live: u64,
    /// Grants whose removal is late enough that people were told.
    pub overdue: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(conn: &'a Connection) -> Reader<'a> {
        Reader { conn, damage: RefCell::new(None) }
    }

    /// Runs SQL and remembers whether the disk failed under it.
    pub(super) fn run<T>(&self, sql: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = sql(self.conn);
        if let Err(error) = &result
            && error.is_damage()
        {
            self.damage.replace(Some(error.to_string()));
        }
        result
    }

    /// The request with this number.
    pub fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        self.run(|conn| request::load(conn, id))
    }

    /// The review of this request, open or closed.
    pub fn review(&self, request: RequestId) -> Result<Option<Review>, StoreError> {
        self.run(|conn| review::load(conn, request))
    }

    /// Reviews that somebody has to close, the longest open first, at most `limit`.
    pub fn open_reviews(&self, limit: u32) -> Result<Vec<Review>, StoreError> {
        self.run(|conn| review::load_all(conn, "SELECT * FROM reviews WHERE state = 'open' ORDER BY request LIMIT ?1", [limit]))
    }

    /// Reviews of which somebody has to be told, the longest due first, at most `limit`.
    pub fn due_reviews(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM reviews WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at, request LIMIT ?2";
            let due = review::load_all(conn, sql, (now.as_millis(), limit))?;
            Ok(due.into_iter().map(|review| review.request).collect())
        })
    }

    /// The grant with this number.
    pub fn grant(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.run(|conn| grant::load(conn, id))
    }

    /// The entitlement with this number, without its grants.
    pub fn entitlement(&self, id: EntitlementId) -> Result<Option<Entitlement>, StoreError> {
        self.run(|conn| entitlement::load(conn, "SELECT * FROM entitlements WHERE id = ?1", [id.number()]))
    }

    /// An entitlement with every grant that claims it and can still change by itself.
    pub fn holding(&self, id: EntitlementId) -> Result<Option<Holding>, StoreError> {
        self.entitlement(id)?.map(|entitlement| self.with_grants(entitlement)).transpose()
    }

    /// The holding that a grant belongs to.
    ///
    /// A grant that is over is not among the holding's grants.
    pub fn holding_of_grant(&self, id: GrantId) -> Result<Option<Holding>, StoreError> {
        match self.grant(id)? {
            Some(grant) => self.holding(grant.entitlement),
            None => Ok(None),
        }
    }

    /// The one entitlement for this provider, account and thing, if there ever was one.
    pub fn find_entitlement(&self, provider: &ProviderId, subject: &str, thing: &str) -> Result<Option<Holding>, StoreError> {
        let found = self.run(|conn| {
            let sql = "SELECT * FROM entitlements WHERE provider = ?1 AND subject = ?2 AND thing = ?3";
            entitlement::load(conn, sql, (provider.as_str(), subject, thing))
        })?;
        found.map(|entitlement| self.with_grants(entitlement)).transpose()
    }

    /// Every entitlement at this provider, for the sweep: `limit` of them, in order of their numbers, after `after`.
    pub fn entitlements_at(
        &self,
        provider: &ProviderId,
        after: Option<EntitlementId>,
        limit: u32,
    ) -> Result<Vec<Entitlement>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM entitlements WHERE provider = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
            entitlement::load_all(conn, sql, (provider.as_str(), after.map_or(0, EntitlementId::number), limit))
        })
    }

    /// Entitlements with a call that was started and not answered: at a start, those of the process before.
    pub fn calls_in_flight(&self) -> Result<Vec<EntitlementId>, StoreError> {
        self.run(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT id FROM entitlements WHERE flight_epoch IS NOT NULL ORDER BY flight_epoch")?;
            let ids = statement.query_map([], |row| row.get(0).map(EntitlementId::from_number))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    fn with_grants(&self, entitlement: Entitlement) -> Result<Holding, StoreError> {
        let grants = self.run(|conn| {
            let sql = "SELECT * FROM grants WHERE entitlement = ?1 AND state NOT IN ('void', 'ended')
                       AND (state <> 'failed' OR recheck <> 'done') ORDER BY id";
            grant::load_all(conn, sql, [entitlement.id.number()])
        })?;
        Ok(Holding { entitlement, grants })
    }

    /// Pending requests for this person or filed by them, oldest first.
    pub fn pending_requests_of(&self, person: &PersonId) -> Result<Vec<Request>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM requests WHERE state = 'pending' AND subject = ?1
                       UNION SELECT * FROM requests WHERE state = 'pending' AND filed_by = ?1 ORDER BY id";
            request::load_all(conn, sql, [person.as_str()])
        })
    }

    /// All pending requests, oldest first, at most `limit`.
    pub fn pending_requests(&self, limit: u32) -> Result<Vec<Request>, StoreError> {
        self.run(|conn| request::load_all(conn, "SELECT * FROM requests WHERE state = 'pending' ORDER BY id LIMIT ?1", [limit]))
    }

    /// The latest requests, newest first, at most `limit`.
    pub fn latest_requests(&self, limit: u32) -> Result<Vec<Request>, StoreError> {
        self.run(|conn| request::load_all(conn, "SELECT * FROM requests ORDER BY id DESC LIMIT ?1", [limit]))
    }

    /// The requests that were filed since then, oldest first: `limit` of them, after `after`.
    pub fn requests_since(&self, since: Timestamp, after: Option<RequestId>, limit: u32) -> Result<Vec<Request>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM requests WHERE id > ?1 AND asked_at >= ?2 ORDER BY id LIMIT ?3";
            request::load_all(conn, sql, (after.map_or(0, RequestId::number), since.as_millis(), limit))
        })
    }

    /// A person's requests before this one, the latest first, at most `limit`.
    pub fn latest_requests_of(&self, person: &PersonId, before: RequestId, limit: u32) -> Result<Vec<Request>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM requests WHERE subject = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
            request::load_all(conn, sql, (person.as_str(), before.number(), limit))
        })
    }

    /// When each policy approved something for this person without anybody being asked, after `since`, oldest first. What became
    /// of the access later does not matter.
    pub fn uses_of(&self, person: &PersonId, since: Timestamp) -> Result<BTreeMap<PolicyId, Vec<Timestamp>>, StoreError> {
        self.run(|conn| {
            // It is approved in the transaction in which it is asked: both have one time, and no such row is ever pending.
            let sql = "SELECT policy AS id, asked_at FROM requests WHERE mode = 'auto' AND subject = ?1 AND asked_at > ?2
                       UNION ALL
                       SELECT value, asked_at FROM requests, json_each(also_under)
                       WHERE mode = 'auto' AND subject = ?1 AND asked_at > ?2
                       ORDER BY asked_at, id";
            let mut statement = conn.prepare_cached(sql)?;
            let mut rows = statement.query((person.as_str(), since.as_millis()))?;
            let mut uses: BTreeMap<PolicyId, Vec<Timestamp>> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let policy: String = row.get(0)?;
                let unreadable =
                    |_| StoreError::Unreadable { what: "a request".to_owned(), problem: format!("`{policy}` is no rule") };
                let id = policy.parse().map_err(unreadable)?;
                uses.entry(id).or_default().push(Timestamp::from_millis(row.get(1)?));
            }
            Ok(uses)
        })
    }

    /// The pending request on exactly these terms, from the same moment on.
    pub fn identical_pending(&self, terms: &Terms, start_at: Option<Timestamp>) -> Result<Option<RequestId>, StoreError> {
        let extends = match terms.purpose {
            Purpose::Access => None,
            Purpose::Extension(grant) => Some(grant.number()),
        };
        self.run(|conn| {
            let sql = "SELECT id FROM requests WHERE state = 'pending' AND subject = ?1 AND resource = ?2 AND role = ?3
                       AND access_for_ms = ?4 AND extends IS ?5 AND start_at IS ?6 ORDER BY id LIMIT 1";
            let start_at = start_at.map(Timestamp::as_millis);
            let length = terms.access_for.as_millis();
            let key = (terms.subject.as_str(), terms.resource.as_str(), terms.role.as_str(), length, extends, start_at);
            let id = conn.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
            Ok(id.map(RequestId::from_number))
        })
    }

    /// The pending request that would extend this grant.
    pub fn pending_extension_of(&self, grant: GrantId) -> Result<Option<RequestId>, StoreError> {
        self.run(|conn| {
            let sql =
                "SELECT id FROM requests WHERE extends IS NOT NULL AND extends = ?1 AND state = 'pending' ORDER BY id LIMIT 1";
            let id = conn.prepare_cached(sql)?.query_row([grant.number()], |row| row.get(0)).optional()?;
            Ok(id.map(RequestId::from_number))
        })
    }

    /// The requests that extended this grant, in order.
    pub fn extended_by(&self, grant: GrantId) -> Result<Vec<RequestId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT id FROM requests WHERE extends IS NOT NULL AND extends = ?1 AND state = 'approved' ORDER BY id";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map([grant.number()], |row| Ok(RequestId::from_number(row.get(0)?)))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// How many extensions of this grant were approved so far.
    pub fn extensions_of(&self, grant: GrantId) -> Result<u32, StoreError> {
        self.run(|conn| {
            let sql = "SELECT COUNT(*) FROM requests WHERE extends IS NOT NULL AND extends = ?1 AND state = 'approved'";
            Ok(conn.prepare_cached(sql)?.query_row([grant.number()], |row| row.get(0))?)
        })
    }

    /// The person's grants of this role on this resource that are in force or on their way there, oldest first.
    pub fn live_grants_of(&self, person: &PersonId, resource: &ResourceId, role: &RoleId) -> Result<Vec<Grant>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT grants.* FROM grants JOIN requests ON requests.id = grants.request
                       WHERE grants.person = ?1 AND grants.state NOT IN ('void', 'ended')
                       AND grants.state IN ('planned', 'checking', 'provisioning', 'awaiting_user', 'active')
                       AND requests.resource = ?2 AND requests.role = ?3 ORDER BY grants.id";
            grant::load_all(conn, sql, (person.as_str(), resource.as_str(), role.as_str()))
        })
    }

    /// Every grant of this person that can still change, oldest first.
    pub fn open_grants_of(&self, person: &PersonId) -> Result<Vec<Grant>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM grants WHERE person = ?1 AND state NOT IN ('void', 'ended')
                       AND (state <> 'failed' OR recheck <> 'done') ORDER BY id";
            grant::load_all(conn, sql, [person.as_str()])
        })
    }

    /// Every grant that can still change, oldest first, at most `limit`, after `after`.
    pub fn open_grants(&self, after: Option<GrantId>, limit: u32) -> Result<Vec<Grant>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT * FROM grants WHERE state NOT IN ('void', 'ended')
                       AND (state <> 'failed' OR recheck <> 'done') AND id > ?1 ORDER BY id LIMIT ?2";
            grant::load_all(conn, sql, (after.map_or(0, GrantId::number), limit))
        })
    }

    /// The latest grants, over or not, newest first, at most `limit`.
    pub fn latest_grants(&self, limit: u32) -> Result<Vec<Grant>, StoreError> {
        self.run(|conn| grant::load_all(conn, "SELECT * FROM grants ORDER BY id DESC LIMIT ?1", [limit]))
    }

    /// The grants that came of a request, in order.
    pub fn grants_of_request(&self, request: RequestId) -> Result<Vec<Grant>, StoreError> {
        self.run(|conn| grant::load_all(conn, "SELECT * FROM grants WHERE request = ?1 ORDER BY id", [request.number()]))
    }

    /// Entitlements of which something is due: first those that are to be absent or whose grants end, then the rest; each
    /// by how long it has been due. At most `limit`.
    pub fn due_holdings(&self, now: Timestamp, limit: u32) -> Result<Vec<EntitlementId>, StoreError> {
        self.run(|conn| {
            let sql = "WITH due (entitlement, at, place) AS (
                           SELECT id, due_at, CASE WHEN target = 'absent' AND prior <> 'unread' THEN 0 ELSE 1 END
                           FROM entitlements WHERE due_at IS NOT NULL AND due_at <= ?1
                           UNION ALL
                           SELECT entitlement, due_at, CASE WHEN state IN ('planned', 'checking') THEN 1 ELSE 0 END
                           FROM grants WHERE due_at IS NOT NULL AND due_at <= ?1)
                       SELECT entitlement FROM due GROUP BY entitlement ORDER BY MIN(place), MIN(at), entitlement LIMIT ?2";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map((now.as_millis(), limit), |row| row.get(0).map(EntitlementId::from_number))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Requests of which something is due, the longest due first, at most `limit`.
    pub fn due_requests(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT id FROM requests WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2";
            let mut statement = conn.prepare_cached(sql)?;
            let ids = statement.query_map((now.as_millis(), limit), |row| row.get(0).map(RequestId::from_number))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// When the next request, review, lock, grant or entitlement is due. Messages have their own: `next_message_due`.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT MIN(at) FROM (
                           SELECT MIN(due_at) AS at FROM requests WHERE due_at IS NOT NULL
                           UNION ALL SELECT MIN(due_at) FROM reviews WHERE due_at IS NOT NULL
                           UNION ALL SELECT MIN(due_at) FROM locks WHERE due_at IS NOT NULL
                           UNION ALL SELECT MIN(due_at) FROM grants WHERE due_at IS NOT NULL
                           UNION ALL SELECT MIN(due_at) FROM entitlements WHERE due_at IS NOT NULL)";
            let at: Option<i64> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(at.map(Timestamp::from_millis))
        })
    }

    /// How much there is.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.run(|conn| {
            let sql = "SELECT (SELECT COUNT(*) FROM requests WHERE state = 'pending'),
                       (SELECT COUNT(*) FROM grants WHERE state NOT IN ('void', 'ended')
                        AND state IN ('planned', 'checking', 'provisioning', 'awaiting_user', 'active')),
                       (SELECT COUNT(*) FROM grants WHERE state NOT IN ('void', 'ended') AND state = 'revoking' AND alarms > 0)";
            let counts = conn
                .prepare_cached(sql)?
                .query_row([], |row| Ok(Counts { pending: row.get(0)?, live: row.get(1)?, overdue: row.get(2)? }))?;
            Ok(counts)
        })
    }
}
