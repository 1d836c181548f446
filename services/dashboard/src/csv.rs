//! Lists as files for spreadsheets (CSV, RFC 4180): the byte order mark that office programs need to read UTF-8, lines
//! that end with CR LF, one header line in the page's language, and a guard against cells that a spreadsheet would run.
//!
//! A list of any length is written page by page as it is read from the views. Its first page is read before anything is
//! answered, so that a mistake in the address is told as on the page; when a later one can't be read, the download breaks
//! off and the browser says so, instead of a file that looks complete.

use std::future::Future;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use jiff::Timestamp;
use jiff::civil::Date;
use yujian_domain::time::shanghai;

use crate::failure::Failure;

/// Byte order mark: without it office programs read UTF-8 as the code page of the machine.
const MARK: &str = "\u{feff}";
/// First characters at which spreadsheets begin to compute, with their full-width forms.
const FORMULA: [char; 9] = ['=', '+', '-', '@', '|', '＝', '＋', '－', '＠'];

/// One cell. Whatever anybody wrote comes in as text, which is guarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A text.
    Text(String),
    /// A count.
    Number(u64),
    /// A number below zero, by its distance.
    Below(u64),
    /// Not known, or nothing to say.
    Empty,
}

impl Cell {
    /// An instant as the clock in Shanghai shows it, to the second, in a form that spreadsheets know.
    #[allow(dead_code, reason = "lists take it up one by one")]
    pub(crate) fn moment(instant: Timestamp) -> Self {
        let local = instant.to_zoned_datetime(shanghai());
        Self::Text(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    fn write(&self, line: &mut String) {
        match self {
            Self::Text(text) => {
                let guarded = guard(text);
                if guarded.contains([',', '"', '\r', '\n', '\t']) || guarded.starts_with(' ') || guarded.ends_with(' ')
                {
                    line.push('"');
                    line.push_str(&guarded.replace('"', "\"\""));
                    line.push('"');
                } else {
                    line.push_str(&guarded);
                }
            }
            Self::Number(number) => line.push_str(&number.to_string()),
            Self::Below(distance) => line.push_str(&format!("-{distance}")),
            Self::Empty => {}
        }
    }
}

/// A number that may lie below zero: days left. Written by us, so that its sign is no formula.
pub(crate) fn signed(number: i64) -> Cell {
    match u64::try_from(number) {
        Ok(number) => Cell::Number(number),
        Err(_) => Cell::Below(number.unsigned_abs()),
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Date> for Cell {
    fn from(day: Date) -> Self {
        Self::Text(day.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A text that no spreadsheet computes: an apostrophe stands before whatever begins like a formula, also behind what
/// is not seen and some programs pass over.
fn guard(text: &str) -> String {
    let seen = text.trim_start_matches(is_unseen);
    let hidden = text.starts_with(['\t', '\r', '\n']);
    if hidden || seen.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Blanks, control characters, and marks that no font shows: of direction, of width zero, of byte order.
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// One line with its end.
fn line(cells: &[Cell]) -> String {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        cell.write(&mut line);
    }
    line.push_str("\r\n");
    line
}

/// Lines of one page, and the key after which the next one goes on.
pub(crate) type Lines = (Vec<Vec<Cell>>, Option<String>);

/// A list as a file: `<name>-<day>.csv`. `name` is ASCII; `header` names the columns in the page's language; `page` reads
/// the rows after a key (`None`: from the beginning).
///
/// # Errors
/// What the first page says.
pub(crate) async fn answer<P, F>(name: &str, day: Date, header: &[&str], page: P) -> Result<Response, Failure>
where
    P: Fn(Option<String>) -> F + Send + 'static,
    F: Future<Output = Result<Lines, Failure>> + Send,
{
    let (rows, next) = page(None).await?;
    let columns: Vec<Cell> = header.iter().map(|word| Cell::from(*word)).collect();
    let first = format!("{MARK}{}{}", line(&columns), written(&rows));
    // What goes on after the first page; the file ends with a page that names no next one.
    let rest = stream::try_unfold((next, page), |(next, page)| async move {
        let Some(key) = next else {
            return Ok(None);
        };
        match page(Some(key)).await {
            Ok((rows, next)) => Ok(Some((written(&rows), (next, page)))),
            Err(_) => Err(std::io::Error::other("the list could not be read to its end")),
        }
    });
    let body = stream::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let mut response = Body::from_stream(body).into_response();
    let disposition =
        HeaderValue::from_str(&format!("attachment; filename=\"{name}-{day}.csv\"")).map_err(|_| Failure::Broken)?;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
    );
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

fn written(rows: &[Vec<Cell>]) -> String {
    rows.iter().map(|cells| line(cells)).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn cells(texts: &[&str]) -> Vec<Cell> {
        texts.iter().map(|text| Cell::from(*text)).collect()
    }

    #[test]
    fn quotes_commas_and_line_breaks_stay_inside_their_cell() {
        assert_eq!(
            line(&[
                "园,所".into(),
                "a\"b".into(),
                "x\ny".into(),
                7_u64.into(),
                Cell::Empty,
                " z".into()
            ]),
            "\"园,所\",\"a\"\"b\",\"x\ny\",7,,\" z\"\r\n"
        );
    }

    #[test]
    fn nothing_that_anybody_wrote_is_a_formula() {
        for text in [
            "=1+1",
            "+86",
            "-2",
            "@SUM(A1)",
            "|calc",
            "\t=1",
            "\r=1",
            "  =1",
            "＝1",
            "\u{feff}=1",
            "\u{202e}\u{200b}@x",
        ] {
            let shown = guard(text);
            assert_eq!(shown, format!("'{text}"), "{text:?}");
        }
        for text in ["托育园", "a=b", "2026-01-01", "91330106", ""] {
            assert_eq!(guard(text), text);
        }
    }

    #[tokio::test]
    async fn a_file_has_mark_header_and_every_page_in_order() {
        let day = "2026-11-24".parse().unwrap();
        let page = |after: Option<String>| async move {
            Ok(match after.as_deref() {
                None => (vec![cells(&["1"]), cells(&["2"])], Some("2".to_owned())),
                Some("2") => (vec![cells(&["3"])], None),
                Some(_) => unreachable!("no such key was given out"),
            })
        };
        let response = answer("alerts", day, &["编号"], page).await.unwrap();
        assert_eq!(
            response.headers()[header::CONTENT_DISPOSITION],
            "attachment; filename=\"alerts-2026-11-24.csv\""
        );
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(
            String::from_utf8(body.to_vec()).unwrap(),
            "\u{feff}编号\r\n1\r\n2\r\n3\r\n"
        );
    }

    #[tokio::test]
    async fn a_mistake_is_told_before_anything_is_written_and_a_later_fault_breaks_the_file_off() {
        let day = "2026-11-24".parse().unwrap();
        let never = |_: Option<String>| async { Err::<Lines, _>(Failure::Unavailable) };
        assert!(answer("a", day, &["x"], never).await.is_err());
        let once = |after: Option<String>| async move {
            match after {
                None => Ok((vec![cells(&["1"])], Some("1".to_owned()))),
                Some(_) => Err(Failure::Unavailable),
            }
        };
        let response = answer("a", day, &["x"], once).await.unwrap();
        assert!(to_bytes(response.into_body(), usize::MAX).await.is_err());
    }
}
