//! Staff: a training of somebody who is there, or somebody new with papers, query and engagement.

use uuid::Uuid;
use yujian_domain::envelope::Actor;
use yujian_domain::person::{
    Engage, Person, PersonCommand, Post, QueryOccasion, TrainingKind, VerificationMethod, VerifyCredential,
};
use yujian_domain::time::day_of;

use super::{Site, Traffic};
use crate::world::officer;
use crate::{papers, staff};

/// Where the hiring of somebody stands.
enum Step {
    Query,
    Health,
    Claim,
    Verify(u32),
    Engage,
    Train,
}

/// What follows for a person.
pub(super) struct Next {
    person: Uuid,
    site: Site,
    post: Post,
    step: Step,
}

impl Traffic {
    pub(super) async fn staff(&mut self, site: Site) -> Option<Next> {
        let known = self.roster.staff.get(&site.institution).cloned().unwrap_or_default();
        if !known.is_empty() && self.dice.percent(50) {
            let person = *self.dice.pick(&known);
            self.train(&site, person, Post::Carer).await?;
            return None;
        }
        let post = *self
            .dice
            .pick(&[Post::Carer, Post::Carer, Post::HealthWorker, Post::Cook]);
        let register = papers::at_institution(&mut self.dice, &site.county, site.institution);
        let method = "yujian.staffing.v1.StaffingService/RegisterPerson";
        let outcome = self
            .send::<Person>(site.operator(), method, None, PersonCommand::from(register))
            .await?;
        Some(Next {
            person: outcome.id,
            site,
            post,
            step: Step::Query,
        })
    }

    async fn train(&mut self, site: &Site, person: Uuid, post: Post) -> Option<()> {
        let today = day_of(self.clock.now());
        let kind = match papers::training_kind(&mut self.dice, post) {
            TrainingKind::Management => TrainingKind::InService,
            kind => kind,
        };
        let training = papers::training(&mut self.dice, kind, today);
        let method = "yujian.staffing.v1.StaffingService/RecordTraining";
        self.send::<Person>(site.operator(), method, Some(person), PersonCommand::from(training))
            .await
            .map(|_| ())
    }

    pub(super) async fn hire(&mut self, next: Next) -> Option<Next> {
        let today = day_of(self.clock.now());
        let operator = next.site.operator();
        let (actor, method, command, step): (Actor, &'static str, PersonCommand, Option<Step>) = match next.step {
            Step::Query => (
                operator,
                "yujian.staffing.v1.StaffingService/RecordQuery",
                papers::answer(&mut self.dice, QueryOccasion::Hiring, today, Vec::new()).into(),
                Some(Step::Health),
            ),
            Step::Health => (
                operator,
                "yujian.staffing.v1.StaffingService/RecordHealthCertificate",
                papers::examination(&mut self.dice, today, true).into(),
                Some(Step::Claim),
            ),
            Step::Claim => {
                let (kind, issuer, years) = staff::certificate(&mut self.dice, next.post)?;
                let (issue, expiry) = papers::validity(&mut self.dice, today, years);
                let claim = papers::certificate(&mut self.dice, (kind, issuer), issue, expiry);
                (
                    operator,
                    "yujian.staffing.v1.StaffingService/ClaimCredential",
                    claim.into(),
                    Some(Step::Verify(1)),
                )
            }
            Step::Verify(credential) => {
                let verify = VerifyCredential {
                    credential,
                    method: VerificationMethod::Registry,
                };
                (
                    officer(&next.site.county, 2),
                    "yujian.staffing.v1.StaffingService/VerifyCredential",
                    verify.into(),
                    Some(Step::Engage),
                )
            }
            Step::Engage => {
                let engage = Engage {
                    institution: next.site.institution,
                    post: next.post,
                    employment: staff::employment(&mut self.dice, next.post),
                    share_permille: staff::share(&mut self.dice, next.post),
                    start_date: today,
                };
                (
                    operator,
                    "yujian.staffing.v1.StaffingService/Engage",
                    engage.into(),
                    Some(Step::Train),
                )
            }
            Step::Train => {
                self.train(&next.site, next.person, next.post).await?;
                return None;
            }
        };
        self.send::<Person>(actor, method, Some(next.person), command).await?;
        step.map(|step| Next { step, ..next })
    }
}
