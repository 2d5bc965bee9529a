//! Small things kept beside the rows: the text of policies, the facts a request was judged by, who a provider is.

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::reader::Reader;
use super::tx::Tx;
use crate::access::ids::{ProviderId, RequestId};
use crate::access::time::Timestamp;

impl Tx<'_> {
    /// Keeps the text of a policy set under its digest. Keeping it again changes nothing.
    pub fn keep_policy(&mut self, digest: &str, text: &str, at: Timestamp) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "INSERT INTO policy_texts (digest, text, first_at) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING";
            conn.prepare_cached(sql)?.execute((digest, text, at.as_millis()))?;
            Ok(())
        })
    }

    /// Keeps the facts (JSON) by which a request was last judged.
    pub fn keep_facts(&mut self, request: RequestId, facts: &str) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "INSERT INTO request_facts (request, facts) VALUES (?1, ?2)
                       ON CONFLICT (request) DO UPDATE SET facts = excluded.facts";
            conn.prepare_cached(sql)?.execute((request.number(), facts))?;
            Ok(())
        })
    }

    /// Keeps which server a provider is.
    pub fn keep_fingerprint(&mut self, provider: &ProviderId, fingerprint: &str, at: Timestamp) -> Result<(), StoreError> {
        self.run(|conn| {
            let sql = "INSERT INTO provider_fingerprints (provider, fingerprint, seen_at) VALUES (?1, ?2, ?3)
                       ON CONFLICT (provider) DO UPDATE SET fingerprint = excluded.fingerprint, seen_at = excluded.seen_at";
            conn.prepare_cached(sql)?.execute((provider.as_str(), fingerprint, at.as_millis()))?;
            Ok(())
        })
    }

    /// Notes since when Daypass is being taken out of service; `None` when it is in service again.
    pub fn note_draining(&mut self, since: Option<Timestamp>) -> Result<(), StoreError> {
        self.run(|conn| {
            let since = since.map(Timestamp::as_millis);
            conn.prepare_cached("UPDATE meta SET draining_since = ?1")?.execute([since])?;
            Ok(())
        })
    }
}

impl Reader<'_> {
    /// Since when Daypass is being taken out of service.
    pub fn draining_since(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|conn| {
            let since: Option<i64> = conn.prepare_cached("SELECT draining_since FROM meta")?.query_row([], |row| row.get(0))?;
            Ok(since.map(Timestamp::from_millis))
        })
    }

    /// The text of the policy set with this digest.
    pub fn policy_text(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT text FROM policy_texts WHERE digest = ?1";
            Ok(conn.prepare_cached(sql)?.query_row([digest], |row| row.get(0)).optional()?)
        })
    }

    /// Digest and text of the policy set that came in force last, by the audit log.
    pub fn last_policy(&self) -> Result<Option<(String, String)>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT digest, text FROM policy_texts WHERE digest =
                       (SELECT json_extract(leaf, '$.event.digest') FROM audit WHERE kind = 'policy.loaded'
                        ORDER BY seq DESC LIMIT 1)";
            Ok(conn.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })
    }

    /// The facts (JSON) by which a request was last judged.
    pub fn facts(&self, request: RequestId) -> Result<Option<String>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT facts FROM request_facts WHERE request = ?1";
            Ok(conn.prepare_cached(sql)?.query_row([request.number()], |row| row.get(0)).optional()?)
        })
    }

    /// Which server a provider was when it was last looked at, and when that was.
    pub fn fingerprint(&self, provider: &ProviderId) -> Result<Option<(String, Timestamp)>, StoreError> {
        self.run(|conn| {
            let sql = "SELECT fingerprint, seen_at FROM provider_fingerprints WHERE provider = ?1";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?)));
            Ok(conn.prepare_cached(sql)?.query_row([provider.as_str()], row).optional()?)
        })
    }
}
