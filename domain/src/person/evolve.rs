//! The fold. Total: whatever was recorded is taken as it stands, in any order.

use jiff::Timestamp;

use super::state::BarState;
use super::{
    Credential, CredentialState, Engagement, EngagementState, HealthCertificate, Person, PersonEvent, Query, Status,
};
use crate::aggregate::Recorded;
use crate::envelope::Role;
use crate::time::day_of;

impl Person {
    pub(super) fn apply(&mut self, event: &PersonEvent, recorded: &Recorded<'_>) {
        let actor = || recorded.metadata.actor.id.clone();
        let from = recorded
            .metadata
            .effective_from
            .or_else(|| recorded.metadata.occurred.earliest());
        match event {
            PersonEvent::PersonRegistered(event) => {
                self.status = Status::Registered;
                self.status_from = from;
                self.region = Some(event.region.clone());
                self.organisation.clone_from(&event.organisation);
                self.identity_kind = Some(event.identity_kind);
                self.identity_digest = Some(event.identity_digest.clone());
                self.account.clone_from(&event.account);
            }
            PersonEvent::PersonDetailsChanged(event) => {
                if event.account.is_some() {
                    self.account.clone_from(&event.account);
                }
            }
            PersonEvent::CredentialClaimed(event) => {
                self.credentials.insert(
                    event.credential,
                    Credential {
                        kind: event.kind,
                        state: CredentialState::Claimed,
                        issue_date: event.issue_date,
                        expiry_date: event.expiry_date,
                        certificate: event.certificate.clone(),
                        claimed_by: actor(),
                        status_from: from,
                    },
                );
            }
            PersonEvent::CredentialVerified(event) => self.set(event.credential, CredentialState::Verified, from),
            PersonEvent::CredentialRejected(event) => self.set(event.credential, CredentialState::Rejected, from),
            PersonEvent::CredentialRevoked(event) => self.set(event.credential, CredentialState::Revoked, from),
            PersonEvent::CredentialExpired(event) => self.set(event.credential, CredentialState::Expired, from),
            PersonEvent::HealthCertificateRecorded(event) => {
                self.health = Some(HealthCertificate {
                    issue_date: event.issue_date,
                    expiry_date: event.expiry_date,
                    passed: event.passed,
                });
            }
            PersonEvent::RecordQueried(event) => {
                self.query = Some(Query {
                    query_date: event.query_date,
                    valid_until: event.valid_until,
                    clear: event.clear,
                });
            }
            PersonEvent::TrainingRecorded(event) => {
                let hours = self
                    .training
                    .entry((event.completed_date.year(), event.kind))
                    .or_default();
                *hours = hours.saturating_add(event.hours);
            }
            PersonEvent::EngagementStarted(event) => {
                self.engagements.insert(
                    event.engagement,
                    Engagement {
                        institution: event.institution,
                        region: event.region.clone(),
                        organisation: event.organisation.clone(),
                        post: event.post,
                        share_permille: event.share_permille,
                        state: EngagementState::Active,
                        start_date: event.start_date,
                        since: event.start_date,
                        status_from: from,
                        end_date: None,
                        off_duty: None,
                        ordered_off: false,
                        qualified: event.qualified,
                    },
                );
            }
            PersonEvent::PostChanged(event) => {
                if let Some(engagement) = self.engagements.get_mut(&event.engagement) {
                    engagement.post = event.post;
                    engagement.share_permille = event.share_permille;
                    engagement.qualified = event.qualified;
                    engagement.since = event.from_date;
                    engagement.status_from = engagement.status_from.max(from);
                }
            }
            PersonEvent::TakenOffDuty(event) => {
                if let Some(engagement) = self.engagements.get_mut(&event.engagement) {
                    engagement.state = EngagementState::OffDuty;
                    engagement.off_duty = Some(event.ground);
                    engagement.ordered_off = recorded.metadata.actor.role == Role::Officer;
                    engagement.stands_from(from);
                }
            }
            PersonEvent::ReturnedToDuty(event) => {
                if let Some(engagement) = self.engagements.get_mut(&event.engagement) {
                    engagement.state = EngagementState::Active;
                    engagement.off_duty = None;
                    engagement.ordered_off = false;
                    engagement.stands_from(from);
                }
            }
            PersonEvent::EngagementEnded(event) => {
                if let Some(engagement) = self.engagements.get_mut(&event.engagement) {
                    engagement.state = EngagementState::Ended;
                    engagement.off_duty = None;
                    engagement.end_date = Some(event.end_date);
                    engagement.since = event.end_date;
                    engagement.status_from = from;
                }
            }
            PersonEvent::PersonBarred(event) => {
                self.status = Status::Barred;
                self.status_from = from;
                self.bar = Some(BarState {
                    ground: event.ground,
                    from_date: event.from_date,
                    until_date: event.until_date,
                    imposed_by: actor(),
                });
            }
            PersonEvent::BarLifted(_) => {
                self.status = Status::Registered;
                self.status_from = from;
                self.bar = None;
            }
        }
    }

    fn set(&mut self, credential: u32, state: CredentialState, from: Option<Timestamp>) {
        if let Some(credential) = self.credentials.get_mut(&credential) {
            credential.state = state;
            credential.status_from = from;
        }
    }
}

impl Engagement {
    /// Notes from when a new state holds: by legal effect, so that an engagement which is taken off duty before its first
    /// day stands so from that day.
    fn stands_from(&mut self, from: Option<Timestamp>) {
        self.since = from.map_or(self.since, day_of);
        self.status_from = from;
    }
}
