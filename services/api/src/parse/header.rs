//! The head of a command.

use uuid::Uuid;
use yujian_command::Request;
use yujian_domain::envelope::{Actor, Device, OnBehalfOf, Role};
use yujian_domain::time::Occurred;
use yujian_domain::values::CreditCode;
use yujian_proto::common::v1 as wire;

use super::{Fields, Ground, parse_uuid};

/// The head of a command, parsed.
pub(crate) struct Header {
    request_id: Uuid,
    etag: Option<u64>,
    /// When it happened, when told.
    pub occurred: Option<Occurred>,
    device: Option<Device>,
    on_behalf_of: Option<OnBehalfOf>,
    validate_only: bool,
}

/// A command, parsed.
pub(crate) struct Parsed<C> {
    pub header: Header,
    pub target: Option<Uuid>,
    pub command: C,
}

impl<C> Parsed<C> {
    /// As the command floor takes it.
    pub(crate) fn into_request(self, actor: Actor, method: &'static str) -> Request<C> {
        Request {
            actor,
            request_id: self.header.request_id,
            method,
            target: self.target,
            etag: self.header.etag,
            received_time: None,
            occurred: self.header.occurred,
            device: self.header.device,
            on_behalf_of: self.header.on_behalf_of,
            provenance: None,
            causation: None,
            validate_only: self.header.validate_only,
            command: self.command,
        }
    }
}

impl Fields {
    /// The head of a command.
    pub(crate) fn header(&mut self, header: Option<wire::CommandHeader>, ground: Ground<'_>) -> Option<Header> {
        let header = header.unwrap_or_default();
        let request_id = self.request_id("header.request_id", &header.request_id);
        let etag = self.etag(&header.etag);
        let occurred = header.occurred.and_then(|occurred| match occurred {
            wire::command_header::Occurred::OccurredTime(time) => self
                .time("header.occurred_time", Some(time))
                .map(|time| Occurred::Instant { time }),
            wire::command_header::Occurred::OccurredDate(date) => self
                .date("header.occurred_date", Some(date))
                .map(|date| Occurred::Day { date }),
        });
        let device = header.device.and_then(|device| self.device(device));
        let on_behalf_of = header
            .on_behalf_of
            .and_then(|other| self.on_behalf_of(other, ground.actor));
        Some(Header {
            request_id: request_id?,
            etag,
            occurred,
            device,
            on_behalf_of,
            validate_only: header.validate_only,
        })
    }

    /// A request id: a UUID in its usual form, not nil.
    pub(crate) fn request_id(&mut self, field: &str, text: &str) -> Option<Uuid> {
        let id = parse_uuid(text).filter(|id| !id.is_nil());
        if id.is_none() {
            self.request_id_missing = true;
            self.wrong(field, "UUID", "is required and must be a UUID", "必填，且必须为UUID");
        }
        id
    }

    fn etag(&mut self, etag: &str) -> Option<u64> {
        if etag.is_empty() {
            return None;
        }
        let revision = etag.parse().ok();
        if revision.is_none() {
            self.wrong("header.etag", "ETAG", "is no etag of ours", "版本标记无效");
        }
        revision
    }

    fn device(&mut self, device: wire::Device) -> Option<Device> {
        let time = self.time("header.device.time", device.time);
        let id = self.text("header.device.id", device.id).filter(|id| {
            let fits = id.chars().count() <= 64 && !id.chars().any(char::is_control);
            if !fits {
                self.wrong(
                    "header.device.id",
                    "DEVICE",
                    "must have 1 to 64 characters",
                    "设备编号须为1至64个字符",
                );
            }
            fits
        });
        Some(Device {
            id: id?,
            time: time?,
            seq: device.seq,
        })
    }

    fn on_behalf_of(&mut self, other: wire::OnBehalfOf, actor: &Actor) -> Option<OnBehalfOf> {
        if actor.role != Role::Officer {
            self.wrong(
                "header.on_behalf_of",
                "ON-BEHALF-OF",
                "is for officers only",
                "仅限主管部门工作人员代录",
            );
        }
        let code = self.value(
            "header.on_behalf_of.organisation",
            CreditCode::parse(&other.organisation),
        );
        let date = self.date("header.on_behalf_of.received_date", other.received_date);
        Some(OnBehalfOf {
            organisation: code?.to_string(),
            received_date: date?,
        })
    }
}
