//! Another bureau tells of its own accord what its register says of an institution.

use yujian_domain::institution::{
    Institution, InstitutionCommand, PaperKind, RecordRegistryCheck, RegistryOutcome, RegistrySource,
};
use yujian_domain::time::day_of;

use super::{Next, Site, Traffic};
use crate::applying::{bureau, method};

impl Traffic {
    /// Nothing follows from it here: an officer looks at it.
    pub(super) async fn registry(&mut self, site: &Site) -> Option<Next> {
        let (source, name, paper) = *self.dice.pick(&[
            (RegistrySource::Fire, "fire", PaperKind::FireSafety),
            (RegistrySource::Food, "food", PaperKind::FoodLicence),
            (RegistrySource::Hygiene, "hygiene", PaperKind::HygieneEvaluation),
        ]);
        let outcome = if self.dice.percent(90) {
            RegistryOutcome::Matches
        } else {
            RegistryOutcome::Differs
        };
        let command = InstitutionCommand::from(RecordRegistryCheck {
            application: None,
            source,
            item: format!("papers.{}", paper.code()),
            number: Some(format!("{:06}", self.dice.below(1_000_000))),
            outcome,
            valid_to_date: None,
            record_date: day_of(self.clock.now()),
            response_sha256: self.dice.sha256(),
        });
        let actor = bureau(&site.county, name);
        self.send::<Institution>(actor, method!("RecordRegistryCheck"), Some(site.institution), command)
            .await?;
        None
    }
}
