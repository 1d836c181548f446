//! A delimited text file: bytes into lines, lines into records. Nothing here knows what a column means.
//!
//! Lines are cut before they are decoded: neither UTF-8 nor GB18030 has a line feed inside a character, and a damaged
//! line then costs itself only. A record is read over several lines when a quoted cell holds line ends; a quote that
//! never closes costs one line, not the rest of the file.

use std::collections::VecDeque;
use std::io::{BufRead, Read};

use crate::layout::{Encoding, Layout};

/// Longest line and longest record in bytes.
const LONGEST: usize = 1 << 20;
/// Most lines that one quoted record may span.
const MOST_LINES: u64 = 500;

/// Why a record could not be cut into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Bytes that the declared encoding does not know.
    Encoding,
    /// A quoted cell that does not end.
    Unclosed,
    /// Text after the quote that ends a cell.
    AfterQuote,
    /// More bytes than a line or record may have.
    TooLong,
}

/// One record as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its first line, from 1.
    pub line: u64,
    /// How many lines it spans.
    pub lines: u64,
    /// Its cells, untrimmed.
    pub cells: Result<Vec<String>, Flaw>,
}

/// A line of bytes without its line end; `None` when it was too long to keep.
type Line = Option<Vec<u8>>;

/// Reads lines and records.
pub struct Table<'a, R> {
    reader: R,
    layout: &'a Layout,
    /// Of this file: never [`Encoding::Either`].
    encoding: Encoding,
    /// Lines that were read ahead and given back.
    back: VecDeque<Line>,
    /// Number of the next line.
    next: u64,
}

impl<'a, R: BufRead> Table<'a, R> {
    pub fn new(reader: R, layout: &'a Layout, encoding: Encoding) -> Self {
        Self {
            reader,
            layout,
            encoding,
            back: VecDeque::new(),
            next: 1,
        }
    }

    /// Number of the next line, from 1.
    pub fn next_line(&self) -> u64 {
        self.next
    }

    fn line(&mut self) -> std::io::Result<Option<Line>> {
        let line = match self.back.pop_front() {
            Some(line) => Some(line),
            None => self.read_line()?,
        };
        self.next += u64::from(line.is_some());
        Ok(line)
    }

    fn read_line(&mut self) -> std::io::Result<Option<Line>> {
        let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let mut whole = true;
        loop {
            let read = (&mut self.reader).take(limit).read_until(b'\n', &mut bytes)?;
            if read == 0 {
                if bytes.is_empty() && whole {
                    return Ok(None);
                }
                break;
            }
            if bytes.last() == Some(&b'\n') {
                break;
            }
            if bytes.len() >= LONGEST {
                whole = false;
                bytes.clear();
            }
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Ok(Some(whole.then_some(bytes)))
    }

    fn decode(&self, line: Line, number: u64) -> Result<String, Flaw> {
        let bytes = line.ok_or(Flaw::TooLong)?;
        let bytes = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if number == 1 && self.encoding != Encoding::Gb18030 => rest,
            _ => &bytes[..],
        };
        match self.encoding {
            Encoding::Utf8 | Encoding::Either => std::str::from_utf8(bytes)
                .map(str::to_owned)
                .map_err(|_| Flaw::Encoding),
            Encoding::Gb18030 => encoding_rs::GB18030
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned)
                .ok_or(Flaw::Encoding),
        }
    }

    /// The next line alone, as a record of one line whatever its quotes say. For preambles, whose quotes mean nothing.
    pub fn single(&mut self) -> std::io::Result<Option<Record>> {
        let number = self.next;
        let Some(line) = self.line()? else { return Ok(None) };
        let cells = self
            .decode(line, number)
            .and_then(|text| match split(&text, self.layout) {
                Split::Cells(cells) => Ok(cells),
                Split::Open => Err(Flaw::Unclosed),
                Split::AfterQuote => Err(Flaw::AfterQuote),
            });
        Ok(Some(Record {
            line: number,
            lines: 1,
            cells,
        }))
    }

    /// The next record.
    pub fn record(&mut self) -> std::io::Result<Option<Record>> {
        let first = self.next;
        let Some(line) = self.line()? else { return Ok(None) };
        let mut text = match self.decode(line, first) {
            Ok(text) => text,
            Err(flaw) => return Ok(Some(flawed(first, flaw))),
        };
        let mut ahead: Vec<Line> = Vec::new();
        loop {
            match split(&text, self.layout) {
                Split::Cells(cells) => {
                    return Ok(Some(Record {
                        line: first,
                        lines: self.next - first,
                        cells: Ok(cells),
                    }));
                }
                Split::AfterQuote => return Ok(Some(self.give_back(first, ahead, Flaw::AfterQuote))),
                Split::Open => {}
            }
            let number = self.next;
            let more = if number - first >= MOST_LINES || text.len() >= LONGEST {
                None
            } else {
                self.line()?
            };
            let Some(more) = more else {
                return Ok(Some(self.give_back(first, ahead, Flaw::Unclosed)));
            };
            ahead.push(more.clone());
            match self.decode(more, number) {
                Ok(more) => {
                    text.push('\n');
                    text.push_str(&more);
                }
                Err(_) => return Ok(Some(self.give_back(first, ahead, Flaw::Unclosed))),
            }
        }
    }

    /// Lines read in vain are read again, as records of their own.
    fn give_back(&mut self, first: u64, ahead: Vec<Line>, flaw: Flaw) -> Record {
        for line in ahead.into_iter().rev() {
            self.back.push_front(line);
        }
        self.next = first + 1;
        flawed(first, flaw)
    }
}

fn flawed(line: u64, flaw: Flaw) -> Record {
    Record {
        line,
        lines: 1,
        cells: Err(flaw),
    }
}

enum Split {
    Cells(Vec<String>),
    /// Ends within a quoted cell.
    Open,
    AfterQuote,
}

/// Cuts a text into cells: a cell that begins with the quote ends with it, and a doubled quote within stands for one.
fn split(text: &str, layout: &Layout) -> Split {
    let mut cells = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        let mut cell = String::new();
        if layout.quote.is_some() && letters.peek() == layout.quote.as_ref() {
            letters.next();
            loop {
                match letters.next() {
                    None => return Split::Open,
                    Some(letter) if Some(letter) == layout.quote => {
                        if letters.peek() != layout.quote.as_ref() {
                            break;
                        }
                        letters.next();
                        cell.push(letter);
                    }
                    Some(letter) => cell.push(letter),
                }
            }
            cells.push(cell);
            match letters.next() {
                None => return Split::Cells(cells),
                Some(letter) if letter == layout.delimiter => {}
                Some(_) => return Split::AfterQuote,
            }
        } else {
            let ended = loop {
                match letters.next() {
                    None => break true,
                    Some(letter) if letter == layout.delimiter => break false,
                    Some(letter) => cell.push(letter),
                }
            };
            cells.push(cell);
            if ended {
                return Split::Cells(cells);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8], encoding: Encoding) -> Vec<Record> {
        let layout = Layout::default();
        let mut table = Table::new(bytes, &layout, encoding);
        let mut records = Vec::new();
        while let Some(record) = table.record().unwrap() {
            records.push(record);
        }
        records
    }

    fn cells(bytes: &str) -> Vec<Result<Vec<String>, Flaw>> {
        records(bytes.as_bytes(), Encoding::Utf8)
            .into_iter()
            .map(|record| record.cells)
            .collect()
    }

    fn row(cells: &[&str]) -> Result<Vec<String>, Flaw> {
        Ok(cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn quoted_commas_doubled_quotes_and_line_ends() {
        assert_eq!(
            cells("\u{feff}a,\"b,c\",\"d\"\"e\"\r\n\"f\r\ng\",h,5\" tall\n,,"),
            [
                row(&["a", "b,c", "d\"e"]),
                row(&["f\ng", "h", "5\" tall"]),
                row(&["", "", ""])
            ]
        );
    }

    #[test]
    fn a_record_is_counted_by_its_first_line_and_blank_lines_count() {
        let found = records(b"a\n\n\"x\ny\nz\",1\nlast", Encoding::Utf8);
        let lines: Vec<(u64, u64)> = found.iter().map(|record| (record.line, record.lines)).collect();
        assert_eq!(lines, [(1, 1), (2, 1), (3, 3), (6, 1)]);
    }

    #[test]
    fn a_quote_that_never_closes_costs_one_line() {
        assert_eq!(
            cells("a,b\n\"open,1\nc,d\ne,f\n"),
            [
                row(&["a", "b"]),
                Err(Flaw::Unclosed),
                row(&["c", "d"]),
                row(&["e", "f"])
            ]
        );
        assert_eq!(cells("\"a\"b,c\nd,e"), [Err(Flaw::AfterQuote), row(&["d", "e"])]);
    }

    #[test]
    fn bytes_that_are_not_of_the_encoding_cost_their_line() {
        let (bytes, _, _) = encoding_rs::GB18030.encode("杭州,托育\n西湖,园");
        let found = records(&bytes, Encoding::Gb18030);
        assert_eq!(found[1].cells, row(&["西湖", "园"]));
        let found = records(&[&bytes[..], b"\n\xff\xff,x\ny,z"].concat(), Encoding::Gb18030);
        assert_eq!(found[2].cells, Err(Flaw::Encoding));
        assert_eq!(found[3].cells, row(&["y", "z"]));
    }

    #[test]
    fn a_line_beyond_the_limit_is_named_and_passed() {
        let long = format!("{}\nb,c\n", "x".repeat(3 * LONGEST + 7));
        assert_eq!(cells(&long), [Err(Flaw::TooLong), row(&["b", "c"])]);
    }
}
