//! What queries have in common: reading what they ask for, waiting until the views can answer, and replying with facts
//! and events. Each reads all fields before it refuses, so that a refusal names all that do not parse.

use jiff::civil::Date;
use tonic::Status;
use uuid::Uuid;
use yujian_domain::dossier::{Dossier, Fact, canonical};
use yujian_domain::time::end_of;
use yujian_eventlog::LogPosition;
use yujian_proto::common::v1 as wire;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{Scope, StoredFact, TimelineRow};

use super::refused;
use crate::Api;
use crate::convert::supervision as convert;
use crate::page_token::Arguments;
use crate::parse::Fields;

/// A dossier that is asked for.
pub(super) struct DossierAsked {
    /// Whose.
    pub id: Uuid,
    as_of_date: Option<Date>,
    known_at_date: Option<Date>,
}

impl DossierAsked {
    /// The facts that hold as of the day asked with the knowledge of the other, and their canonical bytes.
    pub(super) fn resolve(&self, stored: Vec<StoredFact>) -> (Vec<Fact>, Vec<u8>) {
        let mut dossier = Dossier::new();
        for row in stored {
            dossier.insert(row.fact, row.withdrawn);
        }
        let facts = dossier.resolve(self.as_of_date.map(end_of), self.known_at_date.map(end_of));
        let canonical = canonical(&facts);
        (facts, canonical)
    }
}

impl Api {
    /// The thing of a collection that `name` names, once the views hold `min_position`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming the fields that do not parse; what waiting for the position says.
    pub(super) async fn asked(&self, collection: &str, name: &str, min_position: &str) -> Result<Uuid, Status> {
        let (id, _) = self.asked_at(collection, name, None, min_position).await?;
        Ok(id)
    }

    /// The same with the legal day asked for, or today.
    ///
    /// # Errors
    /// As [`Api::asked`].
    pub(super) async fn asked_at(
        &self,
        collection: &str,
        name: &str,
        at_date: Option<wire::Date>,
        min_position: &str,
    ) -> Result<(Uuid, Date), Status> {
        let mut f = Fields::default();
        let id = f.name("name", collection, name);
        let at = f.optional_date("at_date", at_date);
        let position = f.position("min_position", min_position);
        let id = f.finish(|| id).map_err(refused)?;
        self.wait_for(position).await?;
        Ok((id, self.day(at)))
    }

    /// The division whose figures are asked for, if one is, and the legal day or today, once the views hold `min_position`.
    ///
    /// # Errors
    /// As [`Api::asked`].
    pub(super) async fn asked_region(
        &self,
        region_code: &str,
        at_date: Option<wire::Date>,
        min_position: &str,
    ) -> Result<(Option<String>, Date), Status> {
        let mut f = Fields::default();
        let region = f.region_code("region_code", region_code);
        let at = f.optional_date("at_date", at_date);
        let position = f.position("min_position", min_position);
        f.finish(|| Some(())).map_err(refused)?;
        self.wait_for(position).await?;
        Ok((region, self.day(at)))
    }

    /// The same, where nothing asked for means the caller's own division.
    ///
    /// # Errors
    /// As [`Api::asked`].
    pub(super) async fn asked_figures(
        &self,
        scope: &Scope,
        region_code: &str,
        at_date: Option<wire::Date>,
        min_position: &str,
    ) -> Result<(Option<String>, Date), Status> {
        let (region, at) = self.asked_region(region_code, at_date, min_position).await?;
        Ok((region.or_else(|| scope.jurisdiction.clone()), at))
    }

    /// Whose dossier is asked for, as of which day and with the knowledge of which, once the views hold `min_position`.
    ///
    /// # Errors
    /// As [`Api::asked`].
    pub(super) async fn asked_dossier(
        &self,
        collection: &str,
        name: &str,
        [as_of_date, known_at_date]: [Option<wire::Date>; 2],
        min_position: &str,
    ) -> Result<DossierAsked, Status> {
        let mut f = Fields::default();
        let id = f.name("name", collection, name);
        let as_of_date = f.optional_date("as_of_date", as_of_date);
        let known_at_date = f.optional_date("known_at_date", known_at_date);
        let position = f.position("min_position", min_position);
        let id = f.finish(|| id).map_err(refused)?;
        self.wait_for(position).await?;
        Ok(DossierAsked {
            id,
            as_of_date,
            known_at_date,
        })
    }

    /// Whose timeline is asked for by `field`, and after which event the page begins: the end of an opened list.
    ///
    /// # Errors
    /// As [`Api::asked`], and a page token that is not of this list.
    pub(super) async fn asked_timeline(
        &self,
        mut f: Fields,
        (field, collection, name): (&str, &str, &str),
        (arguments, token): (&Arguments, &str),
        position: Option<LogPosition>,
    ) -> Result<(Uuid, Option<String>), Status> {
        let id = f.name(field, collection, name);
        let id = f.finish(|| id).map_err(refused)?;
        let after = self.redeem(arguments, token)?;
        self.wait_for(position).await?;
        Ok((id, after))
    }

    /// Facts as a reply carries them: personal values masked.
    pub(super) fn facts(&self, facts: &[Fact]) -> Vec<pb::Fact> {
        facts
            .iter()
            .map(|fact| convert::fact(self.keys.as_ref(), fact))
            .collect()
    }

    /// Events of a timeline as a reply carries them: personal values masked.
    pub(super) fn events(&self, rows: Vec<TimelineRow>) -> Vec<pb::TimelineEvent> {
        rows.into_iter()
            .map(|row| convert::timeline(self.keys.as_ref(), row))
            .collect()
    }
}
