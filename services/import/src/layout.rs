//! What a mapping says of the file as such: encoding, delimiter, and the lines outside the table.

use serde::Deserialize;

/// Encoding of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// GB18030, and with it GBK and GB2312.
    #[serde(rename = "gb18030")]
    Gb18030,
    /// UTF-8 when the whole file is, else GB18030: for a register whose editions differ.
    #[serde(rename = "utf-8-or-gb18030")]
    Either,
}

/// Lines above the header row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preamble {
    /// Exactly so many lines.
    Lines(u64),
    /// Everything above the first line that holds every column of the mapping, which stands within so many lines.
    UntilHeaderWithin(u64),
}

impl Default for Preamble {
    fn default() -> Self {
        Self::Lines(0)
    }
}

/// Lines below the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// A line whose first cell that is not blank begins with one of these ends the table.
    #[serde(default)]
    pub starts_with: Vec<String>,
}

/// `[file]` of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    pub encoding: Encoding,
    pub delimiter: char,
    #[serde(deserialize_with = "quote")]
    pub quote: Option<char>,
    /// Whether a row may have fewer cells than the header, the missing ones being blank.
    pub short_rows: bool,
    /// Names of the columns of a file without header row.
    pub columns: Option<Vec<String>>,
    pub preamble: Preamble,
    pub trailer: Trailer,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            encoding: Encoding::default(),
            delimiter: ',',
            quote: Some('"'),
            short_rows: false,
            columns: None,
            preamble: Preamble::default(),
            trailer: Trailer::default(),
        }
    }
}

/// One character, or the empty text for a file that knows no quotes.
fn quote<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<char>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (quote, None) => Ok(quote),
        _ => Err(serde::de::Error::custom("must be one character, or empty for none")),
    }
}
