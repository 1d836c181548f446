//! Values that parse: what is taken, what is refused, and that nothing personal is quoted.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use yujian_domain::values::{
    AgeMonths, ClassType, CreditCode, Datum, ExternalId, Fen, IdentityNumber, Places, Point, RegionId,
};

const CREDIT_CODE: &str = "91350100M000100Y43";
const IDENTITY: &str = "11010519491231002X";
const CREDIT_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
}

#[test]
fn the_examples_of_the_standards_are_valid() {
    let code = CreditCode::parse(CREDIT_CODE).unwrap();
    assert_eq!((code.as_str(), code.to_string().as_str()), (CREDIT_CODE, CREDIT_CODE));
    round_trip(&code);
    let identity = IdentityNumber::parse(IDENTITY).unwrap();
    assert_eq!(identity.birth_date(), date(1949, 12, 31));
    assert_eq!(identity.expose(), IDENTITY);
    assert_eq!(
        IdentityNumber::parse("11010519491231002x").unwrap(),
        identity,
        "a small x is the same check character"
    );
}

/// Every other character of ASCII at every place, and one that is not ASCII.
fn single_errors(text: &str) -> impl Iterator<Item = String> {
    (0..text.len()).flat_map(move |at| {
        let others = (0..=127_u8).map(char::from).chain(['Ａ']);
        others
            .filter(move |other| !text[at..].starts_with(*other))
            .map(move |other| {
                let mut wrong = text.to_owned();
                wrong.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
                wrong
            })
    })
}

#[test]
fn every_single_character_error_in_a_credit_code_is_found() {
    let mut tried = 0;
    for wrong in single_errors(CREDIT_CODE) {
        assert_eq!(CreditCode::parse(&wrong).unwrap_err().rule, "GB-32100", "{wrong:?}");
        tried += 1;
    }
    assert_eq!(tried, 18 * 128);
}

#[test]
fn every_single_character_error_in_an_identity_number_is_found() {
    let mut tried = 0;
    // The small x in place of the check character is the same number, not an error.
    for wrong in single_errors(IDENTITY).filter(|wrong| !wrong.eq_ignore_ascii_case(IDENTITY)) {
        assert_eq!(IdentityNumber::parse(&wrong).unwrap_err().rule, "GB-11643", "{wrong:?}");
        tried += 1;
    }
    assert_eq!(tried, 18 * 128 - 1);
}

#[test]
fn lengths_and_letters_outside_the_standard_are_refused() {
    for wrong in [
        "",
        "91350100M000100Y4",
        "91350100M000100Y433",
        " 91350100M000100Y43",
        "91350100m000100y43",
        "统一社会信用",
    ] {
        assert!(CreditCode::parse(wrong).is_err(), "{wrong}");
    }
    for letter in ["I", "O", "S", "V", "Z"] {
        let error = CreditCode::parse(&CREDIT_CODE.replacen('M', letter, 1)).unwrap_err();
        assert!(error.message.contains("without I, O, S, V, Z"), "{error}");
    }
    for wrong in ["", "1101051949123100", "11010519491231002XX", "一二三四五六"] {
        assert!(IdentityNumber::parse(wrong).is_err(), "{wrong}");
    }
}

fn with_check(body: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .chars()
        .zip(weights)
        .map(|(digit, weight)| digit.to_digit(10).unwrap() * weight)
        .sum();
    format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

#[test]
fn a_date_of_birth_must_exist() {
    assert!(IdentityNumber::parse(&with_check("11010520000229001")).is_ok());
    for body in [
        "11010519000229001",
        "11010520011301001",
        "11010520010001001",
        "11010520010431001",
        "11010520010400001",
    ] {
        assert!(
            IdentityNumber::parse(&with_check(body))
                .unwrap_err()
                .message
                .contains("date of birth"),
            "{body}"
        );
    }
}

#[test]
fn refusals_and_debug_quote_no_identity_number() {
    let identity = IdentityNumber::parse(IDENTITY).unwrap();
    assert!(!format!("{identity:?}").contains("1949"));
    let error = IdentityNumber::parse("110105194912310021").unwrap_err();
    let told = format!("{error} {error:?} {:?}", error.clone().at("representative.identity"));
    assert!(!told.contains("1949"), "{told}");
}

#[test]
fn regions_are_chinese_codes_or_foreign_paths() {
    for code in ["33", "3301", "330106", "330106002"] {
        let region = RegionId::parse(code, 2023).unwrap();
        assert!(!region.is_foreign());
        assert_eq!(
            (region.code(), region.entered(), region.to_string()),
            (code, 2023, format!("{code}@2023"))
        );
        round_trip(&region);
    }
    for code in ["US-48", "US-48/HARRIS", "US-48/EL PASO/79901", "DE-BY"] {
        let region = RegionId::parse(code, 2016).unwrap();
        assert!(region.is_foreign());
        round_trip(&region);
    }
    for code in [
        "",
        "3",
        "330",
        "33010",
        "3301060",
        "3301060021",
        "33010x",
        "３３",
        "US-",
        "us-48",
        "US48",
        "US-48/",
        "US-48//X",
        "US-48/A\nB",
        "CN",
    ] {
        assert_eq!(RegionId::parse(code, 2023).unwrap_err().rule, "GB-2260", "{code}");
    }
    assert!(RegionId::parse("33", 1948).is_err() && RegionId::parse("33", 3000).is_err());
    assert!(serde_json::from_str::<RegionId>(r#"{"code":"33","entered":2023,"more":1}"#).is_err());
    assert!(serde_json::from_str::<RegionId>(r#"{"code":"333","entered":2023}"#).is_err());
}

#[test]
fn codes_nest_at_their_levels_only() {
    let region = |code: &str| RegionId::parse(code, 2023).unwrap();
    assert!(region("330106002").is_within_code("330106") && region("330106").is_within_code("330106"));
    assert!(!region("330106").is_within_code("330") && !region("33").is_within_code("3301"));
    assert!(region("US-48/HARRIS").is_within_code("US-48") && !region("US-48/HARRIS").is_within_code("US-4"));
}

#[test]
fn points_keep_their_datum_and_range() {
    let point = Point::new(1_201_608_690, 302_383_180, Datum::Gcj02).unwrap();
    assert_eq!(
        (point.longitude_e7(), point.latitude_e7(), point.datum()),
        (1_201_608_690, 302_383_180, Datum::Gcj02)
    );
    assert_eq!(
        serde_json::to_string(&point).unwrap(),
        r#"{"longitude_e7":1201608690,"latitude_e7":302383180,"datum":"GCJ-02"}"#
    );
    assert!(Point::new(1_800_000_000, -900_000_000, Datum::Wgs84).is_ok());
    for (longitude, latitude) in [
        (1_800_000_001, 0),
        (-1_800_000_001, 0),
        (0, 900_000_001),
        (0, -900_000_001),
        (i32::MIN, 0),
        (0, i32::MIN),
    ] {
        assert_eq!(Point::new(longitude, latitude, Datum::Bd09).unwrap_err().rule, "POINT");
    }
    assert!(serde_json::from_str::<Point>(r#"{"longitude_e7":1,"latitude_e7":2000000000,"datum":"GCJ-02"}"#).is_err());
    assert!(serde_json::from_str::<Point>(r#"{"longitude_e7":1.5,"latitude_e7":2,"datum":"GCJ-02"}"#).is_err());
}

#[test]
fn counts_and_money_have_bounds() {
    assert!(Places::new(0).is_err() && Places::new(10_001).is_err());
    assert_eq!(Places::new(10_000).unwrap().count(), 10_000);
    assert!(Fen::new(-1).is_err());
    assert_eq!(Fen::new(i64::MAX).unwrap().fen(), i64::MAX);
    assert!(serde_json::from_str::<Fen>("-1").is_err() && serde_json::from_str::<Places>("0").is_err());
    assert_eq!(AgeMonths::new(216).unwrap().months(), 216);
    assert!(AgeMonths::new(217).is_err() && AgeMonths::new(u32::MAX).is_err());
    assert!(serde_json::from_str::<AgeMonths>("217").is_err() && serde_json::from_str::<AgeMonths>("-1").is_err());
}

#[test]
fn age_is_in_completed_months() {
    let months = |birth: Date, at: Date| AgeMonths::between(birth, at).unwrap().months();
    assert_eq!(months(date(2025, 3, 15), date(2025, 3, 15)), 0);
    assert_eq!(months(date(2025, 3, 15), date(2025, 4, 14)), 0);
    assert_eq!(months(date(2025, 3, 15), date(2025, 4, 15)), 1);
    assert_eq!(months(date(2025, 12, 31), date(2026, 1, 30)), 0);
    assert_eq!(months(date(2025, 1, 31), date(2025, 2, 28)), 0);
    assert_eq!(months(date(2025, 1, 31), date(2025, 3, 1)), 1);
    assert_eq!(months(date(2023, 3, 15), date(2026, 3, 14)), 35);
    assert_eq!(months(date(2023, 3, 15), date(2026, 3, 15)), 36);
    assert_eq!(months(date(2024, 2, 29), date(2025, 2, 28)), 11);
    assert_eq!(months(date(2024, 2, 29), date(2025, 3, 1)), 12);
    assert!(AgeMonths::between(date(2025, 3, 15), date(2025, 3, 14)).is_err());
    assert!(AgeMonths::between(date(2000, 1, 1), date(2025, 1, 1)).is_err());
}

#[test]
fn closed_lists_read_their_own_codes() {
    for class in ClassType::ALL {
        assert_eq!(ClassType::from_code(class.code()), Some(*class));
        round_trip(class);
    }
    assert_eq!(ClassType::from_code("toddler"), None);
    assert!(serde_json::from_str::<ExternalId>(r#"{"register":"r","number":"1","line":2}"#).is_err());
}

proptest! {
    #[test]
    fn a_credit_code_with_its_check_character_parses(body in "[0-9A-HJ-NP-RTUWXY]{17}") {
        let check = CreditCode::check_character(body.as_bytes()).unwrap();
        let text = format!("{body}{}", char::from(check));
        let code = CreditCode::parse(&text).unwrap();
        prop_assert_eq!(code.as_str(), text.as_str());
        round_trip(&code);
        for other in CREDIT_ALPHABET.bytes().filter(|other| *other != check) {
            let text = format!("{body}{}", char::from(other));
            prop_assert!(CreditCode::parse(&text).is_err());
        }
    }

    #[test]
    fn an_identity_number_gives_its_date_of_birth(
        area in 110_000_u32..660_000, days in 0_i32..40_000, order in 0_u32..1_000,
    ) {
        let birth = date(1920, 1, 1).saturating_add(days.days());
        let body = format!("{area}{}{order:03}", birth.strftime("%Y%m%d"));
        prop_assert_eq!(IdentityNumber::parse(&with_check(&body)).unwrap().birth_date(), birth);
    }

    #[test]
    fn whatever_comes_in_is_taken_or_refused(text in "\\PC{0,24}", entered in any::<u16>()) {
        // Nothing panics, and what is taken is what was given.
        if let Ok(code) = CreditCode::parse(&text) { prop_assert_eq!(code.as_str(), text.as_str()); }
        if let Ok(identity) = IdentityNumber::parse(&text) { prop_assert_eq!(identity.expose(), text.to_uppercase()); }
        if let Ok(region) = RegionId::parse(&text, entered) { prop_assert_eq!(region.code(), text.as_str()); }
    }

    #[test]
    fn numbers_round_trip(longitude in -1_800_000_000..=1_800_000_000_i32, latitude in -900_000_000..=900_000_000_i32,
                          datum in 0_usize..4, places in 1_u32..=10_000, fen in 0..i64::MAX, months in 0_u32..=216) {
        round_trip(&Point::new(longitude, latitude, Datum::ALL[datum]).unwrap());
        round_trip(&Places::new(places).unwrap());
        round_trip(&Fen::new(fen).unwrap());
        round_trip(&AgeMonths::new(months).unwrap());
    }

    /// Against a model that steps month by month to the day on which each month is completed.
    #[test]
    fn age_agrees_with_a_walk(birth in 0_i32..3_000, later in 0_i32..1_500) {
        let birth = date(2015, 1, 1).saturating_add(birth.days());
        let at = birth.saturating_add(later.days());
        let completed_on = |months: i32| {
            let first = date(birth.year(), birth.month(), 1).saturating_add(months.months());
            if birth.day() <= first.days_in_month() {
                date(first.year(), first.month(), birth.day())
            } else {
                first.saturating_add(1.month())
            }
        };
        let walked = (1..).take_while(|months| completed_on(*months) <= at).count();
        prop_assert_eq!(usize::from(AgeMonths::between(birth, at).unwrap().months()), walked);
    }
}
