//! Clients that register an institution, close it, and register the same site again.

use jiff::Timestamp;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_domain::time::day_of;
use yujian_proto::common::v1::Date;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;

use crate::crash::ledger::gone;
use crate::support::{by, credit_code, header_of, operator, registration};

/// The legal day.
pub fn today() -> Option<Date> {
    let day = day_of(Timestamp::now());
    Some(Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    })
}

/// One client with its site.
pub struct Keeper {
    number: u32,
    /// The institution that is open at the site.
    open: Option<String>,
    /// Request id of the command that was not answered.
    pending: Option<Uuid>,
}

impl Keeper {
    pub fn new(number: u32) -> Self {
        Self {
            number: 1_000 + number,
            open: None,
            pending: None,
        }
    }

    /// Works until the server is gone.
    pub async fn work(&mut self, channel: &Channel) {
        loop {
            if let Err(status) = self.step(channel).await {
                return gone(&status);
            }
        }
    }

    /// Sends the next command, or again the one that was left open.
    async fn step(&mut self, channel: &Channel) -> Result<(), Status> {
        let mut client = LicensingServiceClient::new(channel.clone());
        let me = operator(&credit_code(self.number));
        let id = *self.pending.get_or_insert_with(Uuid::new_v4);
        if let Some(name) = &self.open {
            let close = licensing::CloseInstitutionRequest {
                header: header_of(id),
                name: name.clone(),
                reason: "停办".to_owned(),
                closing_date: today(),
                children_to_place: 0,
            };
            client.close_institution(by(&me, close)).await?;
            self.open = None;
        } else {
            let register = registration(self.number, id);
            match client.register_institution(by(&me, register)).await {
                Ok(reply) => self.open = reply.into_inner().institution.map(|institution| institution.name),
                // The site has just changed hands between releasing and claiming: asked again under the same id.
                Err(status) if is_pending(&status) => return Ok(()),
                Err(status) => return Err(status),
            }
        }
        self.pending = None;
        Ok(())
    }

    /// Finishes what was left open, and closes for good.
    pub async fn settle(&mut self, channel: &Channel) {
        while self.pending.is_some() || self.open.is_some() {
            self.step(channel).await.unwrap();
        }
    }
}

fn is_pending(status: &Status) -> bool {
    status
        .get_details_error_info()
        .is_some_and(|info| info.reason == "CLAIM_PENDING")
}
