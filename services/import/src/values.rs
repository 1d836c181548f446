//! Cells into values: the sources of a field in their order, value tables, dates, numbers.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use yujian_domain::values::Places;

use crate::document::{Source, Sources};
use crate::mapping::SPREADSHEET_DAYS;
use crate::report::Reject;
use crate::row::{Reader, Told};

impl Reader<'_> {
    pub(crate) fn text(&self, sources: &Sources) -> Told<String> {
        for source in &sources.0 {
            if let Some(text) = self.one(source)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The same for what is no text of its own.
    pub(crate) fn folded(&self, source: &Source) -> Told<String> {
        Ok(self.one(source)?.map(|text| self.fold(&text).into_owned()))
    }

    fn one(&self, source: &Source) -> Told<String> {
        let Some(column) = &source.column else {
            return Ok(source.constant.clone());
        };
        let cell = self.cell(column);
        let told = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
        if cell.is_empty() {
            return Ok(source.blank.as_ref().and_then(told));
        }
        let Some(table) = source.table.as_ref().and_then(|name| self.document().tables.get(name)) else {
            return Ok(Some(cell));
        };
        let found = table.get(&cell).or_else(|| {
            let alike = table.iter().find(|(key, _)| self.equal(key, &cell));
            alike.map(|(_, value)| value)
        });
        match found.or(source.otherwise.as_ref()) {
            Some(value) => Ok(told(value)),
            None => Err(self.unmapped(column)),
        }
    }

    pub(crate) fn code<T>(&self, sources: &Sources, read: fn(&str) -> Option<T>, unknown: T) -> Result<T, Reject> {
        match self.text(sources)? {
            None => Ok(unknown),
            Some(code) => read(&code).ok_or_else(|| self.unmapped(&named(sources))),
        }
    }

    pub(crate) fn date(&self, sources: &Sources) -> Told<Date> {
        for source in &sources.0 {
            let Some(text) = self.one(source)? else { continue };
            let Some(column) = &source.column else {
                return Ok(text.parse().ok());
            };
            let formats = source.dates.as_ref().unwrap_or(&self.document().cells.dates);
            let text = self.fold(&text);
            return match formats.iter().find_map(|format| read_date(format, &text)) {
                Some(day) => Ok(Some(day)),
                None => Err(self.reject(
                    column,
                    "BAD_DATE",
                    "is no date in any declared format",
                    "不符合任何已声明的日期格式",
                )),
            };
        }
        Ok(None)
    }

    pub(crate) fn places(&self, sources: &Sources) -> Told<Places> {
        let Some(text) = self.text(sources)? else {
            return Ok(None);
        };
        let column = named(sources);
        let count: u32 = self
            .fold(&text)
            .replace(',', "")
            .trim()
            .parse()
            .map_err(|_| self.reject(&column, "BAD_NUMBER", "must be a whole number", "须为整数"))?;
        if count == 0 {
            return Ok(None);
        }
        Places::new(count)
            .map(Some)
            .map_err(|error| self.broken(&column, "BAD_NUMBER", &error))
    }
}

/// Days since 1899-12-30, as spreadsheets count them; from 1950 to 2099 only, so that a plain number is no date.
fn spreadsheet_day(text: &str) -> Option<Date> {
    let days: i32 = text.parse().ok().filter(|days| (18_264..=73_050).contains(days))?;
    let span: Span = days.days();
    date(1899, 12, 30).checked_add(span).ok()
}

fn read_date(format: &str, text: &str) -> Option<Date> {
    if format == SPREADSHEET_DAYS {
        return spreadsheet_day(text);
    }
    Date::strptime(format, text).ok()
}

/// The columns of a field, for a reject.
pub(crate) fn named(sources: &Sources) -> String {
    let columns: Vec<&str> = sources.0.iter().filter_map(|source| source.column.as_deref()).collect();
    columns.join(" + ")
}
