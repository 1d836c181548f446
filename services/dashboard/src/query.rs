//! Reads query strings strictly: an unknown field or a value that does not parse is answered by its name, never
//! ignored, because a filter that is silently dropped shows figures of something else.

use jiff::civil::Date;
use uuid::Uuid;

use crate::lang::Both;

/// A field of the address that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadField {
    /// Its name.
    pub(crate) field: String,
    /// What it must be. Does not quote the value.
    pub(crate) expected: Both,
}

impl BadField {
    /// A field, and what it must be in Chinese and in English.
    pub(crate) fn new(field: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            expected: Both::new(zh, en),
        }
    }
}

/// The fields of one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Takes the decoded pairs; every name must be one of `known`. Empty values count as absent, as forms send them.
    pub(crate) fn read(pairs: Vec<(String, String)>, known: &[&str]) -> Result<Self, BadField> {
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let shown: String = name.chars().filter(|letter| !letter.is_control()).take(40).collect();
            return Err(BadField::new(
                &shown,
                format!("本页没有这个字段；可用的字段：{}", known.join("、")),
                format!("this page has no such field; it has: {}", known.join(", ")),
            ));
        }
        Ok(Self(
            pairs
                .into_iter()
                .filter(|(_, value)| !value.trim().is_empty())
                .collect(),
        ))
    }

    /// The only value of a field.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, BadField> {
        let mut values = self.many(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(BadField::new(name, "只能出现一次", "may stand only once"));
        }
        Ok(first)
    }

    /// Every value of a field.
    pub(crate) fn many<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }

    /// A legal day.
    pub(crate) fn day(&self, name: &str) -> Result<Option<Date>, BadField> {
        self.one(name)?
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| BadField::new(name, "须为日期，形如 2026-11-24", "must be a date like 2026-11-24"))
            })
            .transpose()
    }

    /// An id.
    pub(crate) fn id(&self, name: &str) -> Result<Option<Uuid>, BadField> {
        self.one(name)?
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| BadField::new(name, "须为编号（UUID）", "must be an id (UUID)"))
            })
            .transpose()
    }

    /// A tick: `1` or absent.
    pub(crate) fn tick(&self, name: &str) -> Result<bool, BadField> {
        match self.one(name)? {
            None => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(BadField::new(name, "只能为 1，或不写", "must be 1 or absent")),
        }
    }

    /// A text of at most `limit` characters.
    pub(crate) fn words(&self, name: &str, limit: usize) -> Result<Option<String>, BadField> {
        match self.one(name)? {
            Some(value) if value.chars().count() > limit => Err(BadField::new(
                name,
                format!("最多 {limit} 个字符"),
                format!("at most {limit} characters"),
            )),
            value => Ok(value.map(str::to_owned)),
        }
    }

    /// A division code of any tree.
    pub(crate) fn region(&self, name: &str) -> Result<Option<String>, BadField> {
        let Some(value) = self.words(name, 120)? else {
            return Ok(None);
        };
        // The year of entry plays no part in the shape of a code.
        yujian_domain::values::RegionId::parse(&value, 2020)
            .map(|_| Some(value))
            .map_err(|error| BadField::new(name, error.message_zh, error.message))
    }

    /// Values of a closed list.
    pub(crate) fn codes<T: Copy>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, BadField> {
        self.many(name)
            .map(|value| read(value).ok_or_else(|| BadField::new(name, "不是清单里的代码", "is no code of the list")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn fields(pairs: &[(&str, &str)]) -> Result<Fields, BadField> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Fields::read(pairs, &["day", "id", "late", "q", "region"])
    }

    #[test]
    fn an_unknown_field_is_named() {
        assert_eq!(fields(&[("colour", "red")]).unwrap_err().field, "colour");
    }

    #[test]
    fn empty_values_count_as_absent() {
        let fields = fields(&[("day", ""), ("q", "  ")]).unwrap();
        assert_eq!(fields.day("day"), Ok(None));
        assert_eq!(fields.words("q", 9), Ok(None));
    }

    #[test]
    fn each_kind_names_its_field_when_it_does_not_parse() {
        for (field, value) in [
            ("day", "2026-02-30"),
            ("id", "7"),
            ("late", "yes"),
            ("q", "0123456789"),
            ("region", "33x"),
        ] {
            let fields = fields(&[(field, value)]).unwrap();
            let error = match field {
                "day" => fields.day(field).map(|_| ()),
                "id" => fields.id(field).map(|_| ()),
                "late" => fields.tick(field).map(|_| ()),
                "q" => fields.words(field, 9).map(|_| ()),
                _ => fields.region(field).map(|_| ()),
            }
            .unwrap_err();
            assert_eq!(error.field, field);
            assert!(Lang::ALL.iter().all(|lang| !lang.pick(&error.expected).contains(value)));
        }
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let fields = fields(&[("day", "2026-01-01"), ("day", "2026-01-02")]).unwrap();
        assert_eq!(fields.day("day").unwrap_err().field, "day");
    }
}
