//! Questions about alerts.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::Views;
use crate::error::ViewError;
use crate::model::{AlertDetail, AlertFigures, AlertPrecision, AlertQuery, AlertRow, Page, Scope};
use crate::view::{alert, alert_figures, timeline};

impl Views {
    /// Alerts, newest raised first.
    ///
    /// # Errors
    /// [`ViewError::InvalidKey`] when `after` is no key of this list.
    pub async fn alerts(&self, query: AlertQuery) -> Result<Page<AlertRow>, ViewError> {
        self.ask(move |transaction, as_of| {
            let page = alert::page(transaction, &query)?;
            Ok(Page::of(page, as_of))
        })
        .await
    }

    /// One alert with its history; `None` when absent or outside the scope.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn alert(&self, scope: &Scope, id: Uuid) -> Result<Option<AlertDetail>, ViewError> {
        let scope = scope.clone();
        self.ask(move |transaction, as_of| {
            let Some(row) = alert::one(transaction, &scope, id)? else {
                return Ok(None);
            };
            Ok(Some(AlertDetail {
                row,
                history: timeline::of_alert(transaction, id)?,
                as_of: as_of.clone(),
            }))
        })
        .await
    }

    /// Alerts of a region and its parts (`None`: everything in scope), by state, and the open ones by rule and severity.
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn alert_figures(&self, scope: &Scope, region: Option<&str>) -> Result<AlertFigures, ViewError> {
        let (scope, code) = (scope.clone(), region.map(str::to_owned));
        let divisions = Arc::clone(&self.divisions);
        self.ask(move |transaction, as_of| {
            alert_figures::figures(transaction, &divisions, &scope, code.as_deref(), as_of.clone())
        })
        .await
    }

    /// How precise the rules are in a region (`None`: everything in scope), over the alerts that were raised on or after
    /// a legal day (`None`: all).
    ///
    /// # Errors
    /// See [`Views::as_of`].
    pub async fn alert_precision(
        &self,
        scope: &Scope,
        region: Option<&str>,
        raised_from: Option<Date>,
    ) -> Result<AlertPrecision, ViewError> {
        let (scope, code) = (scope.clone(), region.map(str::to_owned));
        self.ask(move |transaction, as_of| {
            Ok(AlertPrecision {
                rows: alert_figures::precision(transaction, &scope, code.as_deref(), raised_from)?,
                as_of: as_of.clone(),
            })
        })
        .await
    }
}
