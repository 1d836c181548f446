//! Questions about applications, legal clocks and authorizations.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::clock::ClockRef;

use super::Views;
use crate::error::ViewError;
use crate::model::{
    Admission, ApplicationDetail, ApplicationQuery, ApplicationRow, AsOf, Authorizations, ClockHistory, ClockQuery,
    ClockRow, Page, Scope,
};
use crate::view::{admission_figures, application, authorization, clock};

impl Views {
    /// Applications, filings included, latest submitted first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn applications(&self, query: ApplicationQuery) -> Result<Page<ApplicationRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = application::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// Open applications that the authority must act in, the one whose clock ends first before the others (在办件，逾期在前):
    /// at most `limit`.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn urgent_applications(
        &self,
        scope: &Scope,
        region: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ApplicationRow>, ViewError> {
        let (scope, region) = (scope.clone(), region.map(str::to_owned));
        self.ask(move |transaction, _| application::urgent(transaction, &scope, region.as_deref(), limit))
            .await
    }

    /// One application with everything that is known; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn application(
        &self,
        scope: &Scope,
        institution: Uuid,
        number: u32,
    ) -> Result<Option<ApplicationDetail>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| application::detail(transaction, &scope, institution, number, as_of.clone()))
            .await
    }

    /// Admission of a region (`None`: everything in scope) and its parts at a legal day. `soon` is the last day that
    /// counts as due soon.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn admission(
        &self,
        scope: &Scope,
        region: Option<&str>,
        at: Date,
        soon: Date,
    ) -> Result<Admission, ViewError> {
        let (scope, region) = (scope.clone(), region.map(str::to_owned));
        let divisions = Arc::clone(&self.divisions);
        self.ask(move |transaction, as_of| {
            let days = clock::Days { at, soon };
            admission_figures::admission(transaction, &divisions, &scope, region.as_deref(), days, as_of.clone())
        })
        .await
    }

    /// Legal clocks, earliest last day first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn clocks(&self, query: ClockQuery) -> Result<Page<ClockRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = clock::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// The same clocks, each with everything that happened to it.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn clock_histories(&self, query: ClockQuery) -> Result<Page<ClockHistory>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = clock::histories_page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// One clock with everything that happened to it; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn clock_history(
        &self,
        scope: &Scope,
        institution: Uuid,
        name: ClockRef,
    ) -> Result<Option<(ClockHistory, AsOf)>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            let found = clock::one(transaction, &scope, institution, name)?;
            Ok(found.map(|history| (history, as_of.clone())))
        })
        .await
    }

    /// What authorizes an institution, with conditions, waivers, cessations and clocks; `None` when absent or outside the
    /// scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn authorizations(&self, scope: &Scope, institution: Uuid) -> Result<Option<Authorizations>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            authorization::of_institution(transaction, &scope, institution, as_of.clone())
        })
        .await
    }
}
