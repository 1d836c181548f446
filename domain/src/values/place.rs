//! Values of place, size, age and money. Integers only.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::{ValueError, codes};

/// A division (行政区划): code and the year in which it entered the tables, since codes are re-used. Foreign divisions
/// form trees of their own, e.g. `US-48/HARRIS`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RegionId {
    code: String,
    entered: u16,
}

impl RegionId {
    /// Reads a Chinese division code (2, 4, 6 or 9 digits) or a foreign one (`CC-SUB`, then `/`-separated parts), with
    /// the year of entry.
    ///
    /// # Errors
    /// `GB-2260` when the code has another shape or the year lies outside 1949 to 2999.
    pub fn parse(code: &str, entered: u16) -> Result<Self, ValueError> {
        let wrong = |what: &str, zh: &str| ValueError::new("GB-2260", what, zh);
        let domestic = matches!(code.len(), 2 | 4 | 6 | 9) && code.bytes().all(|byte| byte.is_ascii_digit());
        let foreign = || {
            let mut parts = code.split('/');
            let head = parts.next().unwrap_or_default();
            head.len() >= 3
                && head.len() <= 8
                && head.as_bytes()[..2].iter().all(u8::is_ascii_uppercase)
                && head.as_bytes()[2] == b'-'
                && head
                    .bytes()
                    .skip(3)
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && head.len() > 3
                && parts.all(|part| !part.is_empty() && part.chars().all(|letter| !letter.is_control()))
                && code.len() <= 120
        };
        if !domestic && !foreign() {
            return Err(wrong(
                "must be a division code of 2, 4, 6 or 9 digits",
                "必须为2、4、6或9位行政区划代码",
            ));
        }
        if !(1949..=2999).contains(&entered) {
            return Err(wrong(
                "its year of entry must lie between 1949 and 2999",
                "启用年份须在1949至2999之间",
            ));
        }
        Ok(Self {
            code: code.to_owned(),
            entered,
        })
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Year of entry.
    #[must_use]
    pub fn entered(&self) -> u16 {
        self.entered
    }

    /// Whether it belongs to a foreign tree.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.code.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
    }

    /// Whether it is `ancestor` or lies within it, by code. Chinese codes nest by prefix at 2, 4, 6 and 9 digits.
    #[must_use]
    pub fn is_within_code(&self, ancestor: &str) -> bool {
        if self.is_foreign() {
            return self.code == ancestor
                || self
                    .code
                    .strip_prefix(ancestor)
                    .is_some_and(|rest| rest.starts_with('/'));
        }
        matches!(ancestor.len(), 2 | 4 | 6 | 9) && self.code.starts_with(ancestor)
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.entered)
    }
}

impl<'de> Deserialize<'de> for RegionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            code: String,
            entered: u16,
        }
        let parts = Parts::deserialize(deserializer)?;
        Self::parse(&parts.code, parts.entered).map_err(serde::de::Error::custom)
    }
}

codes! {
    /// Geodetic datum of a point as received; conversion is a view's business.
    Datum {
        /// World Geodetic System.
        Wgs84 = "WGS-84" / "WGS-84",
        /// Chinese map datum with offset.
        Gcj02 = "GCJ-02" / "GCJ-02",
        /// Baidu's datum.
        Bd09 = "BD-09" / "BD-09",
        /// China Geodetic Coordinate System 2000.
        Cgcs2000 = "CGCS2000" / "CGCS2000",
    }
}

/// A point in 1e-7 degrees, with its datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Point {
    /// Longitude in 1e-7 degrees, east positive.
    longitude_e7: i32,
    /// Latitude in 1e-7 degrees, north positive.
    latitude_e7: i32,
    /// Datum as received.
    datum: Datum,
}

impl Point {
    /// Builds a point.
    ///
    /// # Errors
    /// `POINT` when a coordinate is out of range.
    pub fn new(longitude_e7: i32, latitude_e7: i32, datum: Datum) -> Result<Self, ValueError> {
        if longitude_e7.unsigned_abs() > 1_800_000_000 || latitude_e7.unsigned_abs() > 900_000_000 {
            return Err(ValueError::new(
                "POINT",
                "longitude must lie within ±180 and latitude within ±90 degrees",
                "经度须在±180度以内，纬度须在±90度以内",
            ));
        }
        Ok(Self {
            longitude_e7,
            latitude_e7,
            datum,
        })
    }

    /// Longitude in 1e-7 degrees.
    #[must_use]
    pub fn longitude_e7(&self) -> i32 {
        self.longitude_e7
    }

    /// Latitude in 1e-7 degrees.
    #[must_use]
    pub fn latitude_e7(&self) -> i32 {
        self.latitude_e7
    }

    /// Datum.
    #[must_use]
    pub fn datum(&self) -> Datum {
        self.datum
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            longitude_e7: i32,
            latitude_e7: i32,
            datum: Datum,
        }
        let parts = Parts::deserialize(deserializer)?;
        Self::new(parts.longitude_e7, parts.latitude_e7, parts.datum).map_err(serde::de::Error::custom)
    }
}

/// Completed months of age (月龄), 0 to 216; institutions for under-threes care up to 36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AgeMonths(u16);

impl AgeMonths {
    /// Builds an age.
    ///
    /// # Errors
    /// `AGE-MONTHS` above 216 months: nobody older is a child.
    pub fn new(months: u32) -> Result<Self, ValueError> {
        u16::try_from(months)
            .ok()
            .filter(|months| *months <= 216)
            .map(Self)
            .ok_or_else(|| {
                ValueError::new(
                    "AGE-MONTHS",
                    "age must lie between 0 and 216 months",
                    "月龄须在0至216之间",
                )
            })
    }

    /// Completed months between birth and a legal day. Born on a day that a month lacks, the month is completed on its
    /// last day's morrow: born on 31 January, one month is completed on 1 March.
    ///
    /// # Errors
    /// `AGE-MONTHS` when `at` lies before `birth` or more than 216 months after it.
    pub fn between(birth: Date, at: Date) -> Result<Self, ValueError> {
        if at < birth {
            return Err(ValueError::new(
                "AGE-MONTHS",
                "the day lies before the birth",
                "日期早于出生日期",
            ));
        }
        let months_of = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
        let begun = months_of(at) - months_of(birth);
        let completed = if at.day() < birth.day() { begun - 1 } else { begun };
        Self::new(u32::try_from(completed).unwrap_or(0))
    }

    /// Completed months.
    #[must_use]
    pub fn months(self) -> u16 {
        self.0
    }
}

impl<'de> Deserialize<'de> for AgeMonths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

codes! {
    /// Class type (班型), 托育机构设置标准 §19.
    ClassType {
        /// 6 to 12 months.
        Infant = "infant" / "乳儿班",
        /// 12 to 24 months.
        YoungerToddler = "younger_toddler" / "托小班",
        /// 24 to 36 months.
        OlderToddler = "older_toddler" / "托大班",
        /// From 18 months.
        Mixed = "mixed" / "混合班",
        /// Not known: imported history only.
        Unknown = "unknown" / "不详",
    }
}

/// Places (托位) of a class, 1 to 10,000; how many a class may have is policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Places(u32);

impl Places {
    /// Builds a number of places.
    ///
    /// # Errors
    /// `PLACES` when it is 0 or above 10,000.
    pub fn new(count: u32) -> Result<Self, ValueError> {
        if (1..=10_000).contains(&count) {
            Ok(Self(count))
        } else {
            Err(ValueError::new(
                "PLACES",
                "places must lie between 1 and 10,000",
                "托位数须在1至10000之间",
            ))
        }
    }

    /// The count.
    #[must_use]
    pub fn count(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Money in fen (分), a hundredth of a yuan; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Fen(i64);

impl Fen {
    /// Builds an amount in fen.
    ///
    /// # Errors
    /// `FEN` when negative.
    pub fn new(fen: i64) -> Result<Self, ValueError> {
        if fen < 0 {
            return Err(ValueError::new("FEN", "an amount can't be negative", "金额不能为负"));
        }
        Ok(Self(fen))
    }

    /// The amount in fen.
    #[must_use]
    pub fn fen(self) -> i64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Fen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
