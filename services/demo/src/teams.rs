//! The inspectors of the counties: registered by their authority, with enforcement certificates that end and are renewed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::person::{CredentialKind, Person, PersonCommand, VerificationMethod, VerifyCredential};
use yujian_domain::time::day_of;
use yujian_domain::values::RegionId;

use crate::agenda::{Staff, Task, office};
use crate::papers;
use crate::staff::Surveyor;
use crate::story::{DemoError, Story};
use crate::world::{Member, officer};

/// Inspectors of a county: two make a visit, the third steps in.
const INSPECTORS: u32 = 3;

/// The inspectors of a county.
pub(crate) struct Team {
    pub region: RegionId,
    pub inspectors: Vec<Surveyor>,
}

/// One team a county that has institutions.
pub(crate) fn teams(members: &[Member], divisions: &Divisions) -> Vec<Team> {
    let counties: BTreeSet<&str> = members.iter().map(|member| member.county.as_str()).collect();
    counties
        .into_iter()
        .filter_map(|county| divisions.get(county))
        .map(|division| Team {
            region: division.id.clone(),
            inspectors: Vec::new(),
        })
        .collect()
}

impl Story<'_> {
    /// A county's authority registers its inspectors, with enforcement certificates.
    pub(crate) async fn appoint(&mut self, county: usize) -> Result<(), DemoError> {
        let region = self.teams[county].region.clone();
        for number in 1..=INSPECTORS {
            let account = format!("inspector-{}-{number}", region.code());
            let register = papers::at_authority(&mut self.dice, &region, account.clone());
            let method = "yujian.staffing.v1.StaffingService/RegisterPerson";
            let actor = officer(region.code(), 1);
            let outcome = self
                .run::<Person>(actor, method, None, PersonCommand::from(register))
                .await?;
            self.teams[county].inspectors.push(Surveyor {
                id: outcome.id,
                account,
                certificates: Vec::new(),
            });
            let today = self.today();
            let inspector = (number - 1) as usize;
            // The third one's certificate ends within the story.
            let expiry = if number == INSPECTORS {
                let (low, high) = self.span();
                today.saturating_add(papers::days(&mut self.dice, low.max(12), high.max(20)))
            } else {
                today.saturating_add(papers::days(&mut self.dice, 1200, 1700))
            };
            self.enforcement(county, inspector, expiry.saturating_sub(5.years()), expiry)
                .await?;
            if number == INSPECTORS {
                let next = expiry.saturating_add(papers::days(&mut self.dice, 3, 60));
                let at = office(&mut self.dice, next);
                self.agenda.add(at, Task::Staff(Staff::Renew { county, inspector }));
            }
        }
        Ok(())
    }

    pub(crate) async fn renew(&mut self, county: usize, inspector: usize) -> Result<(), DemoError> {
        let today = self.today();
        let expiry = today.saturating_add(5.years()).saturating_sub(1.day());
        self.enforcement(county, inspector, today, expiry).await
    }

    async fn enforcement(
        &mut self,
        county: usize,
        inspector: usize,
        issue: Date,
        expiry: Date,
    ) -> Result<(), DemoError> {
        let code = self.teams[county].region.code().to_owned();
        let id = self.teams[county].inspectors[inspector].id;
        let issuer = (CredentialKind::Enforcement, "浙江省司法厅");
        let claim = papers::certificate(&mut self.dice, issuer, issue, Some(expiry));
        let method = "yujian.staffing.v1.StaffingService/ClaimCredential";
        let person = self
            .run::<Person>(officer(&code, 1), method, Some(id), PersonCommand::from(claim))
            .await?
            .state;
        let verify = VerifyCredential {
            credential: person.credentials.keys().next_back().copied().unwrap_or(1),
            method: VerificationMethod::Registry,
        };
        let method = "yujian.staffing.v1.StaffingService/VerifyCredential";
        self.run::<Person>(officer(&code, 2), method, Some(id), PersonCommand::from(verify))
            .await?;
        self.teams[county].inspectors[inspector]
            .certificates
            .push((issue, expiry));
        Ok(())
    }

    /// Inspectors whose certificates hold for a year at least after the story.
    pub(crate) fn lasting_inspectors(&self) -> BTreeMap<String, Vec<(Uuid, String)>> {
        let end = day_of(self.last);
        let days = [end, end.saturating_add(1.year())];
        self.teams
            .iter()
            .map(|team| {
                let lasting = team.inspectors.iter().filter(|one| one.certified(days));
                let known = lasting.map(|one| (one.id, one.account.clone())).collect();
                (team.region.code().to_owned(), known)
            })
            .collect()
    }
}
