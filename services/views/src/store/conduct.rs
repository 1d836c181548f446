//! Questions about inspections and findings.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::Views;
use crate::error::ViewError;
use crate::model::{
    ConductFigures, FindingQuery, FindingRow, InspectionDetail, InspectionQuery, InspectionRow, Page, Scope,
};
use crate::view::{conduct_figures, finding, inspection};

impl Views {
    /// Inspections, newest day first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn inspections(&self, query: InspectionQuery) -> Result<Page<InspectionRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = inspection::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// One inspection with everything that is known; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn inspection(&self, scope: &Scope, id: Uuid) -> Result<Option<InspectionDetail>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| inspection::detail(transaction, &scope, id, as_of.clone()))
            .await
    }

    /// Findings, newest cited first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn findings(&self, query: FindingQuery) -> Result<Page<FindingRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = finding::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// Figures of the conduct of a region and its parts (`None`: everything in scope) at a legal day; visits are those of
    /// its calendar year.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn conduct_figures(
        &self,
        scope: &Scope,
        region: Option<&str>,
        at: Date,
    ) -> Result<ConductFigures, ViewError> {
        let (scope, code) = (scope.clone(), region.map(str::to_owned));
        let divisions = Arc::clone(&self.divisions);
        self.ask(move |transaction, as_of| {
            conduct_figures::conduct(transaction, &divisions, &scope, code.as_deref(), at, as_of.clone())
        })
        .await
    }
}
