//! Gives claims back: the site of an institution that has closed, the certificate of a credential that was rejected or
//! taken away.

use async_trait::async_trait;
use yujian_domain::event::EventFamily;
use yujian_domain::institution::{InstitutionEvent, site_claim};
use yujian_domain::person::{CERTIFICATE_CLAIM, Person, PersonEvent};

use super::effect::{Act, Effect};
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Claims;

const CLOSED: &str = "licensing.InstitutionClosed.v1";
const REJECTED: &str = "staffing.CredentialRejected.v1";
const REVOKED: &str = "staffing.CredentialRevoked.v1";

#[async_trait]
impl Reactor for Claims {
    fn name(&self) -> &'static str {
        "claims"
    }

    fn types(&self) -> &'static [&'static str] {
        &[CLOSED, REJECTED, REVOKED]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let (kind, digests) = if seen.record.event_type == CLOSED {
            let claim =
                world.records(&seen.record.stream).await?.into_iter().find_map(
                    |record| match InstitutionEvent::decode(&record.event_type, &record.payload) {
                        Ok(Some(InstitutionEvent::InstitutionRegistered(event))) => {
                            Some(site_claim(&event.credit_code, &event.site))
                        }
                        _ => None,
                    },
                );
            // Known from a foreign register only: it never claimed its site.
            let Some(claim) = claim else {
                return Ok(Reaction::default());
            };
            (claim.kind, world.digests(&claim))
        } else {
            let credential = match seen.event::<PersonEvent>()? {
                PersonEvent::CredentialRejected(event) => event.credential,
                PersonEvent::CredentialRevoked(event) => event.credential,
                _ => return Ok(Reaction::default()),
            };
            let person = world.now::<Person>(id_of(&seen.record.stream)?).await?;
            let Some(credential) = person.credentials.get(&credential) else {
                return Ok(Reaction::default());
            };
            (CERTIFICATE_CLAIM, vec![credential.certificate.clone()])
        };
        let release = Act::Release {
            kind,
            digests,
            owner: seen.record.stream.clone(),
        };
        Ok(vec![Effect::new(0, release)].into())
    }
}
