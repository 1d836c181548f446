//! Parse, don't validate: fields of a request become domain values, and everything that is wrong is told at once.

use jiff::Timestamp;
use jiff::civil::Date;
use prost_types::Timestamp as WireTimestamp;
use uuid::Uuid;
use yujian_command::Request;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{Actor, Device, OnBehalfOf, Role};
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::{Reason, Rejection, Violation};
use yujian_domain::time::Occurred;
use yujian_domain::values::{CreditCode, Point, RegionId, ValueError};
use yujian_eventlog::LogPosition;
use yujian_proto::common::v1 as wire;

use crate::codes::Coded;
use crate::limits::MAX_LIST;
use crate::principal::nesting_code;

/// What parsing may look at besides the request.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// Divisions in force.
    pub divisions: &'a Divisions,
    /// Who asks.
    pub actor: &'a Actor,
}

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

/// Reads fields and gathers what is wrong. Methods answer `None` only after noting a violation, or for an optional field
/// that was left out.
#[derive(Default)]
pub(crate) struct Fields {
    violations: Vec<Violation>,
    request_id_missing: bool,
}

impl Fields {
    /// Builds the result when nothing was wrong.
    pub(crate) fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Rejection> {
        if self.violations.is_empty() {
            return Ok(build().expect("a field is absent only after its violation was noted"));
        }
        let only_request_id = self.request_id_missing && self.violations.len() == 1;
        let mut rejection = Rejection::fields(self.violations);
        if only_request_id {
            rejection.reason = Reason::RequestIdRequired;
        }
        Err(rejection)
    }

    /// Notes a violation.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, rule: &str, message: &str, message_zh: &str) {
        self.violations.push(Violation {
            field: field.into(),
            rule: rule.to_owned(),
            message: message.to_owned(),
            message_zh: message_zh.to_owned(),
        });
    }

    fn missing(&mut self, field: impl Into<String>) {
        self.wrong(field, "REQUIRED", "is required", "必填");
    }

    /// A value that parses or not.
    pub(crate) fn value<T>(&mut self, field: &str, value: Result<T, ValueError>) -> Option<T> {
        value.map_err(|error| self.violations.push(error.at(field))).ok()
    }

    /// A text that must not be blank. Lengths are the domain's business.
    pub(crate) fn text(&mut self, field: &str, text: String) -> Option<String> {
        if text.trim().is_empty() {
            self.missing(field);
            return None;
        }
        Some(text)
    }

    /// A personal text that must not be blank.
    pub(crate) fn sensitive(&mut self, field: &str, text: String) -> Option<Sensitive> {
        self.text(field, text).map(Sensitive::new)
    }

    /// A required value of a closed list. What is only for imported history is refused.
    pub(crate) fn code<T: Coded>(&mut self, field: &str, number: i32) -> Option<T> {
        match T::from_number(number).filter(|value| value.code_text() != "unknown") {
            Some(value) => Some(value),
            None if number == 0 => {
                self.missing(field);
                None
            }
            None => {
                self.wrong(field, "ENUM", "is no value that a request may hold", "取值无效");
                None
            }
        }
    }

    /// An optional value of a closed list.
    pub(crate) fn optional_code<T: Coded>(&mut self, field: &str, number: Option<i32>) -> Option<T> {
        number.and_then(|number| self.code(field, number))
    }

    /// Values of a filter.
    pub(crate) fn filter<T: Coded>(&mut self, field: &str, numbers: &[i32]) -> Vec<T> {
        self.list(field, numbers.to_vec(), |fields, field, number| {
            let value = T::from_number(number);
            if value.is_none() {
                fields.wrong(field, "ENUM", "is no value of this list", "取值无效");
            }
            value
        })
        .unwrap_or_default()
    }

    /// Every element of a list, each under its own path.
    pub(crate) fn list<W, T>(
        &mut self,
        field: &str,
        items: Vec<W>,
        mut parse: impl FnMut(&mut Self, &str, W) -> Option<T>,
    ) -> Option<Vec<T>> {
        if items.len() > MAX_LIST {
            self.wrong(field, "LIST", "has more than 200 elements", "元素超过200个");
            return None;
        }
        let count = items.len();
        let parsed: Vec<T> = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| parse(self, &format!("{field}[{index}]"), item))
            .collect();
        (parsed.len() == count).then_some(parsed)
    }

    /// A required message.
    pub(crate) fn some<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.missing(field);
        }
        value
    }

    /// A required legal day.
    pub(crate) fn date(&mut self, field: &str, date: Option<wire::Date>) -> Option<Date> {
        let date = self.some(field, date)?;
        self.optional_date(field, Some(date))
    }

    /// An optional legal day.
    pub(crate) fn optional_date(&mut self, field: &str, date: Option<wire::Date>) -> Option<Date> {
        let date = date?;
        let parts = (
            i16::try_from(date.year),
            i8::try_from(date.month),
            i8::try_from(date.day),
        );
        let day = match parts {
            (Ok(year @ 1..=9999), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
            _ => None,
        };
        if day.is_none() {
            self.wrong(field, "DATE", "is no day of the calendar", "日期不存在");
        }
        day
    }

    /// A required instant.
    pub(crate) fn time(&mut self, field: &str, time: Option<WireTimestamp>) -> Option<Timestamp> {
        let time = self.some(field, time)?;
        let nanos = Some(time.nanos).filter(|nanos| (0..1_000_000_000).contains(nanos));
        let instant = nanos.and_then(|nanos| Timestamp::new(time.seconds, nanos).ok());
        if instant.is_none() {
            self.wrong(field, "TIME", "is no instant between the years 1 and 9999", "时间无效");
        }
        instant
    }

    /// A resource name: `<collection>/<uuid>`.
    pub(crate) fn name(&mut self, field: &str, collection: &str, name: &str) -> Option<Uuid> {
        if name.is_empty() {
            self.missing(field);
            return None;
        }
        let id = name
            .strip_prefix(collection)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(parse_uuid);
        if id.is_none() {
            self.wrong(
                field,
                "NAME",
                &format!("must have the form {collection}/<UUID>"),
                "资源名称格式不正确",
            );
        }
        id
    }

    /// A position of the log; empty means none.
    pub(crate) fn position(&mut self, field: &str, text: &str) -> Option<LogPosition> {
        if text.is_empty() {
            return None;
        }
        let position = text.parse().ok();
        if position.is_none() {
            self.wrong(field, "POSITION", "is no position of a log", "位置格式不正确");
        }
        position
    }

    /// A division with its year of entry; the one in force when the year is left out.
    pub(crate) fn region(&mut self, field: &str, region: wire::Region, ground: Ground<'_>) -> Option<RegionId> {
        let code = nesting_code(&region.code);
        match region.entered_year {
            Some(year) => {
                let Ok(year) = u16::try_from(year) else {
                    self.wrong(format!("{field}.entered_year"), "GB-2260", "is no year", "启用年份无效");
                    return None;
                };
                self.value(&format!("{field}.code"), RegionId::parse(code, year))
            }
            None => {
                let division = ground.divisions.get(code);
                if division.is_none() {
                    self.wrong(
                        format!("{field}.code"),
                        "GB-2260",
                        "is no division in force; give entered_year for a former or foreign one",
                        "不是现行行政区划代码",
                    );
                }
                division.map(|division| division.id.clone())
            }
        }
    }

    /// A division code of a query; empty means none.
    pub(crate) fn region_code(&mut self, field: &str, code: &str) -> Option<String> {
        if code.is_empty() {
            return None;
        }
        let code = nesting_code(code);
        // The year plays no part in a query by code; any valid one lets the form be checked.
        self.value(field, RegionId::parse(code, 2020))
            .map(|region| region.code().to_owned())
    }

    /// A point, when given.
    pub(crate) fn point(&mut self, field: &str, point: Option<wire::Point>) -> Option<Point> {
        let point = point?;
        let datum = self.code(&format!("{field}.datum"), point.datum)?;
        self.value(field, Point::new(point.longitude_e7, point.latitude_e7, datum))
    }

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

/// A personal text that may be left out.
pub(crate) fn optional_sensitive(text: String) -> Option<Sensitive> {
    optional_text(text).map(Sensitive::new)
}

/// A text that may be left out.
pub(crate) fn optional_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// The usual form only: 36 characters with hyphens.
fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 {
        Uuid::try_parse(text).ok()
    } else {
        None
    }
}
