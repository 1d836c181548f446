//! Questions about institutions, incidents and regions.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::Views;
use crate::error::ViewError;
use crate::model::{
    AsOf, DossierFacts, IncidentQuery, IncidentRow, InstitutionQuery, InstitutionRow, Page, Pipeline, RollUp, Scope,
    TimelineRow,
};
use crate::view::{fact, incident, institution, pipeline, problem, region, timeline};

impl Views {
    /// Institutions in order of name (by code point), then id. Rows show what is known at the end: classes and details
    /// with the greatest day of effect, also when that day lies ahead.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn institutions(&self, query: InstitutionQuery) -> Result<Page<InstitutionRow>, ViewError> {
        let divisions = Arc::clone(&self.divisions);
        self.ask(move |transaction, as_of| {
            let page = institution::page(transaction, &divisions, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// One institution; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn institution(&self, scope: &Scope, id: Uuid) -> Result<Option<InstitutionRow>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, _| institution::one(transaction, &scope, id))
            .await
    }

    /// Facts of one institution, its incidents, inspections and staff; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn dossier(&self, scope: &Scope, id: Uuid) -> Result<Option<DossierFacts>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            if !institution::visible(transaction, &scope, id)? {
                return Ok(None);
            }
            Ok(Some(DossierFacts {
                facts: fact::of_institution(transaction, &scope, id)?,
                as_of: as_of.clone(),
                damaged: problem::of_institution(transaction, &scope, id)?,
            }))
        })
        .await
    }

    /// Timeline of an institution with its incidents, inspections and what persons' events say of it, newest recorded first; `after` is the key of the last row seen.
    /// Empty for an institution that is absent or outside the scope.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn timeline(
        &self,
        scope: &Scope,
        institution: Uuid,
        after: Option<String>,
        limit: u32,
    ) -> Result<Page<TimelineRow>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            let page = if institution::visible(transaction, &scope, institution)? {
                timeline::page(transaction, &scope, institution, after.as_deref(), limit)?
            } else {
                (Vec::new(), None, 0)
            };
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// Admission pipeline of a region (`None`: everything in scope) at a legal day. `soon` is the last day that counts
    /// as due soon.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn pipeline(
        &self,
        scope: &Scope,
        region: Option<&str>,
        at: Date,
        soon: Date,
    ) -> Result<(Pipeline, AsOf), ViewError> {
        let (scope, region) = (scope.clone(), region.map(str::to_owned));
        self.ask(move |transaction, as_of| {
            Ok((
                pipeline::pipeline(transaction, &scope, region.as_deref(), at, soon)?,
                as_of.clone(),
            ))
        })
        .await
    }

    /// Incidents, newest awareness first (an imported case: its day of intake; without one: last).
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn incidents(&self, query: IncidentQuery) -> Result<Page<IncidentRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = incident::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// One incident; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn incident(&self, scope: &Scope, id: Uuid) -> Result<Option<IncidentRow>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, _| incident::one(transaction, &scope, id))
            .await
    }

    /// Figures of a region and its parts (`None`: the country, whose parts are provinces and foreign trees). Places are
    /// those of the classes in effect at the end of the day `at`; the series end with its month.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn roll_up(&self, scope: &Scope, region: Option<&str>, at: Date) -> Result<RollUp, ViewError> {
        let (scope, code) = (scope.clone(), region.map(str::to_owned));
        let divisions = Arc::clone(&self.divisions);
        self.ask(move |transaction, as_of| {
            region::roll_up(transaction, &divisions, &scope, code.as_deref(), at, as_of.clone())
        })
        .await
    }
}
