//! Who is away. Rows change by events alone, like all others.

use super::error::StoreError;
use super::reader::Reader;
use super::rows::absence;
use crate::access::absence::Absence;
use crate::access::time::Timestamp;

impl Reader<'_> {
    /// Everybody who is away at this moment, in the order of their ids.
    pub fn away(&self, at: Timestamp) -> Result<Vec<Absence>, StoreError> {
        let mut all = self.run(absence::load_all)?;
        all.retain(|absence| absence.covers(at));
        Ok(all)
    }

    /// Every absence whose time is over, and of which nobody has taken note yet.
    pub fn absences_over(&self, at: Timestamp) -> Result<Vec<Absence>, StoreError> {
        let mut all = self.run(absence::load_all)?;
        all.retain(|absence| absence.until <= at);
        Ok(all)
    }
}
