//! Questions about persons, staff and their certificates.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::Views;
use crate::error::ViewError;
use crate::model::{
    CredentialQuery, CredentialRow, DossierFacts, EngagementRow, Page, PersonDetail, PersonQuery, PersonRow, Scope,
    StaffFigures, StaffQuery, TimelineRow,
};
use crate::view::{credential, engagement, fact, person, problem, record, staff_figures, timeline};

impl Views {
    /// Persons, latest registered first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn persons(&self, query: PersonQuery) -> Result<Page<PersonRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = person::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// One person with everything that is known; `None` when absent or outside the scope. Days left are counted from
    /// the day `at`.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn person(&self, scope: &Scope, id: Uuid, at: Date) -> Result<Option<PersonDetail>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            let Some(row) = person::one(transaction, &scope, id)? else {
                return Ok(None);
            };
            Ok(Some(PersonDetail {
                row,
                credentials: credential::of_person(transaction, &scope, id, at)?,
                health: record::health(transaction, id)?,
                queries: record::queries(transaction, &scope, id)?,
                trainings: record::trainings(transaction, id)?,
                engagements: engagement::of_person(transaction, &scope, id)?,
                bars: record::bars(transaction, &scope, id)?,
                damaged: problem::of_stream(transaction, &format!("person-{id}"))?,
                as_of: as_of.clone(),
            }))
        })
        .await
    }

    /// Facts of one person; `None` when absent or outside the scope. An operator sees neither what is for the regulator
    /// alone nor engagements elsewhere.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn person_dossier(&self, scope: &Scope, id: Uuid) -> Result<Option<DossierFacts>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            if !person::visible(transaction, &scope, id)? {
                return Ok(None);
            }
            let own = engagement::of_person(transaction, &scope, id)?;
            let own: Vec<u32> = own.iter().map(|row| row.engagement).collect();
            Ok(Some(DossierFacts {
                facts: fact::of_person(transaction, &scope, id, &own)?,
                as_of: as_of.clone(),
                damaged: problem::of_stream(transaction, &format!("person-{id}"))?,
            }))
        })
        .await
    }

    /// Timeline of a person, newest recorded first; `after` is the key of the last row seen. Empty for a person who is
    /// absent or outside the scope. An operator sees neither what is for the regulator alone nor engagements elsewhere.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn timeline_of_person(
        &self,
        scope: &Scope,
        id: Uuid,
        after: Option<String>,
        limit: u32,
    ) -> Result<Page<TimelineRow>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            let page = if person::visible(transaction, &scope, id)? {
                timeline::page_of_person(transaction, &scope, id, after.as_deref(), limit)?
            } else {
                (Vec::new(), None, 0)
            };
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// The list of staff: engagements in order of the institution's name, then person and engagement.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn staff(&self, query: StaffQuery) -> Result<Page<EngagementRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = engagement::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// Credentials, earliest last day first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn credentials(&self, query: CredentialQuery) -> Result<Page<CredentialRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = credential::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// Figures of the staff of a region and its parts (`None`: everything in scope) at a legal day: engagements that
    /// stand at the end of what is known, with what is valid on that day.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn staff_figures(
        &self,
        scope: &Scope,
        region: Option<&str>,
        at: Date,
    ) -> Result<StaffFigures, ViewError> {
        let (scope, code) = (scope.clone(), region.map(str::to_owned));
        let divisions = Arc::clone(&self.divisions);
        self.ask(move |transaction, as_of| {
            staff_figures::staff(transaction, &divisions, &scope, code.as_deref(), at, as_of.clone())
        })
        .await
    }
}
