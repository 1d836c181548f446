//! National codes with check characters.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::ValueError;

/// Unified social credit code (统一社会信用代码), GB 32100-2015: 18 characters with a check character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CreditCode(String);

/// Citizen identity number (公民身份号码), GB 11643-1999: 17 digits and a check character. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityNumber {
    text: String,
    birth_date: Date,
}

const CREDIT_ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const IDENTITY_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const IDENTITY_CHECKS: &[u8; 11] = b"10X98765432";

impl CreditCode {
    /// Reads a code; upper case, exactly 18 characters.
    ///
    /// # Errors
    /// `GB-32100` when length, alphabet or check character is wrong.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let wrong = |what: &str, zh: &str| ValueError::new("GB-32100", what, zh);
        if text.len() != 18 {
            return Err(wrong("must have exactly 18 characters", "必须为18位"));
        }
        let body = &text.as_bytes()[..17];
        let Some(expected) = Self::check_character(body) else {
            return Err(wrong(
                "may hold only 0-9 and A-Z without I, O, S, V, Z",
                "只能含数字和除I、O、S、V、Z以外的大写字母",
            ));
        };
        if text.as_bytes()[17] != expected {
            return Err(wrong("its check character does not fit", "校验码不符"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The check character for the first 17 characters; `None` when one is not of the alphabet.
    #[must_use]
    pub fn check_character(body: &[u8]) -> Option<u8> {
        let mut sum = 0;
        let mut weight = 1;
        for byte in body {
            sum += CREDIT_ALPHABET.iter().position(|letter| letter == byte)? * weight;
            weight = weight * 3 % 31;
        }
        CREDIT_ALPHABET.get((31 - sum % 31) % 31).copied()
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CreditCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl IdentityNumber {
    /// Reads a number; a lower-case `x` at the end is taken as `X`.
    ///
    /// # Errors
    /// `GB-11643` when length, digits, date of birth or check character is wrong.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let wrong = |what: &str, zh: &str| ValueError::new("GB-11643", what, zh);
        let text = text.to_ascii_uppercase();
        let bytes = text.as_bytes();
        if bytes.len() != 18 {
            return Err(wrong("must have exactly 18 characters", "必须为18位"));
        }
        if !bytes[..17].iter().all(u8::is_ascii_digit) {
            return Err(wrong("its first 17 characters must be digits", "前17位必须为数字"));
        }
        let sum: u32 = bytes
            .iter()
            .zip(IDENTITY_WEIGHTS)
            .map(|(byte, weight)| u32::from(byte - b'0') * weight)
            .sum();
        if bytes[17] != IDENTITY_CHECKS[(sum % 11) as usize] {
            return Err(wrong("its check character does not fit", "校验码不符"));
        }
        let number = |range: std::ops::Range<usize>| text[range].parse::<i16>().ok();
        let month_day = |range| number(range).and_then(|value| i8::try_from(value).ok());
        let birth_date = match (number(6..10), month_day(10..12), month_day(12..14)) {
            (Some(year), Some(month), Some(day)) => Date::new(year, month, day).ok(),
            _ => None,
        };
        let Some(birth_date) = birth_date else {
            return Err(wrong("its date of birth does not exist", "出生日期不存在"));
        };
        Ok(Self { text, birth_date })
    }

    /// The number. Callers must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Date of birth.
    #[must_use]
    pub fn birth_date(&self) -> Date {
        self.birth_date
    }
}

impl fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
