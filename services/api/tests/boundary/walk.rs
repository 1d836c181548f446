//! One life of a person and three of inspections through every command of their services. Each step is tried first with
//! `validate_only`, then done, then repeated.

use std::collections::BTreeSet;

use prost::Message;
use yujian_proto::common::v1::{CommandReply, PersonalState, PersonalValue};
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::staffing::v1 as staffing;
use yujian_proto::supervision::v1 as supervision;

use crate::house::*;
use crate::raw;

mod inspection_steps;
mod licence_steps;
mod staffing_steps;

pub use inspection_steps::*;
pub use licence_steps::*;
pub use staffing_steps::*;

/// Another officer of 西湖区.
pub const SECOND: &str = "role=officer; id=sun-08; jurisdiction=330106";
pub const LEAD: &str = "role=inspector; id=li-01; jurisdiction=330106";
/// SHA-256 of a file.
pub const DIGEST: &str = "3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a";
/// An identity number whose check character is right.
pub const IDENTITY: &str = "11010519491231002X";

/// The operator of the institutions that [`House::register`] registers.
pub fn operator() -> String {
    format!("role=operator; id=op-01; organisation={}", credit_code(1))
}

/// Replies to commands.
pub trait Reply: Message + Default + PartialEq {
    fn command(&self) -> &CommandReply;
}

impl Reply for staffing::PersonReply {
    fn command(&self) -> &CommandReply {
        self.command.as_ref().unwrap()
    }
}

impl Reply for inspection::InspectionReply {
    fn command(&self) -> &CommandReply {
        self.command.as_ref().unwrap()
    }
}

impl Reply for licensing::InstitutionReply {
    fn command(&self) -> &CommandReply {
        self.command.as_ref().unwrap()
    }
}

impl Reply for supervision::AlertReply {
    fn command(&self) -> &CommandReply {
        self.command.as_ref().unwrap()
    }
}

/// A house with what was called in it.
pub struct Walk {
    pub house: House,
    /// Each accepted request by path: who called, and what.
    pub done: Vec<(String, String, Vec<u8>)>,
    requests: u128,
}

impl Walk {
    pub async fn start() -> Self {
        Self::of(House::start().await)
    }

    /// A walk where licences are in force.
    pub async fn under_licences() -> Self {
        Self::of(House::under_licences().await)
    }

    fn of(house: House) -> Self {
        Self {
            house,
            done: Vec::new(),
            requests: 1_000,
        }
    }

    /// A header with a request id of its own.
    pub fn header(&mut self) -> Option<yujian_proto::common::v1::CommandHeader> {
        self.requests += 1;
        header(self.requests)
    }

    /// One command: tried, done, repeated.
    pub async fn act<R: Reply>(&mut self, actor: &str, path: &str, request: &impl Message) -> R {
        let before = self.house.head();
        let tried = raw::call(&self.house, actor, path, raw::dry(path, request)).await;
        let tried = R::decode(tried.unwrap_or_else(|refused| panic!("{path}: {refused:?}")).as_slice()).unwrap();
        assert_eq!(tried.command().position, "", "{path}: nothing was stored");
        assert_eq!(self.house.head(), before, "{path}: validate_only appends nothing");

        let bytes = request.encode_to_vec();
        let first = raw::call(&self.house, actor, path, bytes.clone()).await.unwrap();
        let again = raw::call(&self.house, actor, path, bytes.clone()).await.unwrap();
        assert_eq!(first, again, "{path}: a repetition gets the first answer");
        let reply = R::decode(first.as_slice()).unwrap();
        assert_eq!(reply.command().position, self.house.head(), "{path}");
        assert_eq!(reply.command().event_types, tried.command().event_types, "{path}");
        assert!(!reply.command().event_types.is_empty(), "{path}");
        self.done.push((path.to_owned(), actor.to_owned(), bytes));
        reply
    }

    /// One command that is refused, with its code and reason.
    pub async fn refused(&self, actor: &str, path: &str, request: &impl Message) -> (tonic::Code, String) {
        let refused = raw::call(&self.house, actor, path, request.encode_to_vec()).await;
        why(&refused.expect_err(path))
    }

    /// Paths that were called.
    pub fn paths(&self) -> BTreeSet<String> {
        self.done.iter().map(|(path, _, _)| path.clone()).collect()
    }
}

pub fn staff(method: &str) -> String {
    format!("/yujian.staffing.v1.StaffingService/{method}")
}

pub fn authorize(method: &str) -> String {
    format!("/yujian.licensing.v1.AuthorizationService/{method}")
}

pub fn inspect(method: &str) -> String {
    format!("/yujian.inspection.v1.InspectionService/{method}")
}

pub fn alert(method: &str) -> String {
    format!("/yujian.supervision.v1.AlertService/{method}")
}

pub fn shown(value: Option<&PersonalValue>) -> String {
    let value = value.expect("a personal value");
    assert_eq!(value.state(), PersonalState::Masked);
    value.masked.clone()
}

/// A walk with an engaged carer; answers institution, person and the last position.
pub async fn engaged() -> (Walk, String, String, String) {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let person = prepare_carer(&mut walk, &institution).await;
    let request = engagement(&mut walk, &person, &institution);
    let reply: staffing::PersonReply = walk.act(&operator(), &staff("EngagePerson"), &request).await;
    let position = reply.command.unwrap().position;
    (walk, institution, person, position)
}

pub async fn team(walk: &mut Walk) -> [String; 2] {
    [
        inspector(walk, "li-01", "E1234567").await,
        inspector(walk, "wang-02", "E7654321").await,
    ]
}
