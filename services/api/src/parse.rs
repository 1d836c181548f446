//! Parse, don't validate: fields of a request become domain values, and everything that is wrong is told at once.

use jiff::Timestamp;
use jiff::civil::Date;
use prost_types::Timestamp as WireTimestamp;
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::Actor;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::{Reason, Rejection, Violation};
use yujian_domain::values::{Point, RegionId, ValueError};
use yujian_eventlog::LogPosition;
use yujian_proto::common::v1 as wire;

use crate::codes::Coded;
use crate::limits::MAX_LIST;
use crate::principal::nesting_code;

mod header;

pub(crate) use header::{Header, Parsed};

/// What parsing may look at besides the request.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// Divisions in force.
    pub divisions: &'a Divisions,
    /// Who asks.
    pub actor: &'a Actor,
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

    /// Builds a command on something that exists when nothing was wrong.
    pub(crate) fn command<C>(
        self,
        header: Option<Header>,
        target: Option<Uuid>,
        build: impl FnOnce() -> Option<C>,
    ) -> Result<Parsed<C>, Rejection> {
        self.finish(|| {
            Some(Parsed {
                header: header?,
                target: Some(target?),
                command: build()?,
            })
        })
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

    /// A phone number.
    pub(crate) fn phone(&mut self, field: &str, text: String) -> Option<Sensitive> {
        let phone = self.sensitive(field, text)?;
        let text = phone.expose();
        let fits = (5..=20).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b' '));
        if !fits {
            self.wrong(
                field,
                "PHONE",
                "must have 5 to 20 digits, + and -",
                "电话须为5至20位数字或加减号",
            );
        }
        fits.then_some(phone)
    }

    /// The digest of a file: required.
    pub(crate) fn sha256(&mut self, field: &str, text: String) -> Option<String> {
        let text = self.text(field, text)?;
        let fits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !fits {
            self.wrong(
                field,
                "SHA-256",
                "must be 64 lower-case hex digits",
                "须为64位小写十六进制数",
            );
        }
        fits.then_some(text)
    }

    /// The digest of a file, when given.
    pub(crate) fn optional_sha256(&mut self, field: &str, text: String) -> Option<String> {
        optional_text(text).and_then(|text| self.sha256(field, text))
    }

    /// A number within the aggregate, counted from 1.
    pub(crate) fn ordinal(&mut self, field: &str, number: u32) -> Option<u32> {
        if number == 0 {
            self.wrong(
                field,
                "REQUIRED",
                "is required; numbers begin at 1",
                "必填，编号从1开始",
            );
            return None;
        }
        Some(number)
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
