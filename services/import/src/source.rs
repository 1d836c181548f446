//! The file as rows: preamble, header, table, trailer, each line counted where it belongs.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::ImportError;
use crate::heads::{self, Header, Misfit};
use crate::layout::{Encoding, Preamble};
use crate::mapping::Mapping;
use crate::report::Reject;
use crate::table::{Flaw, Record, Table};

/// One record below the header.
pub(crate) enum Entry {
    /// A row with as many cells as it must have.
    Row { line: u64, cells: Vec<String> },
    /// Lines without text.
    Blank { lines: u64 },
    /// Declared lines below the table.
    Trailer { lines: u64 },
    /// Neither.
    Bad(Reject),
}

/// Reads a file from its first line to its last.
pub(crate) struct Rows<'a> {
    table: Table<'a, BufReader<File>>,
    mapping: &'a Mapping,
    pub header: Header,
    /// Columns under another head, and that.
    pub renamed: Vec<(String, String)>,
    /// Optional columns that the file lacks.
    pub absent: Vec<String>,
    width: usize,
    /// Lines above the header.
    pub preamble: u64,
    ended: bool,
}

impl<'a> Rows<'a> {
    /// Opens a file and reads up to its first row.
    pub fn open(mapping: &'a Mapping, path: &Path) -> Result<Self, ImportError> {
        let layout = &mapping.document.file;
        let encoding = match layout.encoding {
            Encoding::Either if is_utf8(path)? => Encoding::Utf8,
            Encoding::Either => Encoding::Gb18030,
            declared => declared,
        };
        let mut table = Table::new(BufReader::new(File::open(path)?), layout, encoding);
        let names = match layout.preamble {
            Preamble::Lines(lines) => {
                for _ in 0..lines {
                    table.single()?;
                }
                None
            }
            Preamble::UntilHeaderWithin(lines) => Some(look_for_header(&mut table, mapping, lines)?),
        };
        let (names, preamble) = match names {
            Some(found) => found,
            None => {
                let preamble = table.next_line() - 1;
                let names = match &layout.columns {
                    Some(names) => names.iter().map(|name| name.trim().to_owned()).collect(),
                    None => header_row(&mut table)?,
                };
                (names, preamble)
            }
        };
        let found = heads::find(mapping, &names).map_err(|misfit| ImportError::heads(misfit, None))?;
        Ok(Self {
            table,
            mapping,
            header: found.header,
            renamed: found.renamed,
            absent: found.absent,
            width: names.len(),
            preamble,
            ended: false,
        })
    }

    /// The next record; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Entry>, ImportError> {
        Ok(self.table.record()?.map(|record| self.entry(record)))
    }

    fn entry(&mut self, record: Record) -> Entry {
        let Record { line, lines, cells } = record;
        let bad = |reason, message: &str, zh: &str| Entry::Bad(Reject::new(line, "", reason, message, zh));
        let cells = match cells {
            Ok(cells) => cells,
            Err(Flaw::Encoding) => {
                return bad(
                    "BAD_ENCODING",
                    "is not of the declared encoding",
                    "不符合声明的字符编码",
                );
            }
            Err(Flaw::Unclosed) => return bad("BAD_QUOTE", "a quoted cell does not end", "引号未闭合"),
            Err(Flaw::AfterQuote) => return bad("BAD_QUOTE", "text after a closing quote", "闭合引号后有多余文字"),
            Err(Flaw::TooLong) => return bad("TOO_LONG", "is longer than 1 MiB", "超过1 MiB"),
        };
        let Some(first) = cells.iter().map(|cell| cell.trim()).find(|cell| !cell.is_empty()) else {
            return Entry::Blank { lines };
        };
        let declared = &self.mapping.document.file.trailer.starts_with;
        if declared.iter().any(|start| first.starts_with(start.trim_start())) {
            self.ended = true;
            return Entry::Trailer { lines };
        }
        if self.ended {
            return bad(
                "AFTER_TRAILER",
                "stands below a declared trailer line",
                "位于已声明的表尾行之后",
            );
        }
        let mut cells = cells;
        while cells.len() > self.width && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
            cells.pop();
        }
        let short = cells.len() < self.width && !self.mapping.document.file.short_rows;
        if short || cells.len() > self.width {
            return bad(
                "NOT_A_ROW",
                "has not as many cells as the header, and is no declared trailer line",
                "单元格数与表头不符，也不是已声明的表尾行",
            );
        }
        Entry::Row { line, cells }
    }
}

/// Whether a whole file is UTF-8.
fn is_utf8(path: &Path) -> Result<bool, ImportError> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    // Bytes of a character that the last piece has cut.
    let mut kept = 0;
    loop {
        let read = file.read(&mut buffer[kept..])?;
        if read == 0 {
            return Ok(kept == 0);
        }
        let filled = kept + read;
        kept = match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => 0,
            Err(error) if error.error_len().is_some() => return Ok(false),
            Err(error) => {
                buffer.copy_within(error.valid_up_to()..filled, 0);
                filled - error.valid_up_to()
            }
        };
    }
}

fn header_row(table: &mut Table<'_, BufReader<File>>) -> Result<Vec<String>, ImportError> {
    match table.record()? {
        Some(Record { cells: Ok(names), .. }) => Ok(tidy(names)),
        Some(Record { line, .. }) => Err(ImportError::HeaderUnreadable { line }),
        None => Err(ImportError::HeaderMissing),
    }
}

fn tidy(names: Vec<String>) -> Vec<String> {
    names.iter().map(|name| name.trim().to_owned()).collect()
}

/// The first line that holds every column; else an error that names what the likeliest line lacks.
fn look_for_header(
    table: &mut Table<'_, BufReader<File>>,
    mapping: &Mapping,
    within: u64,
) -> Result<(Vec<String>, u64), ImportError> {
    let mut nearest: Option<(Misfit, u64)> = None;
    for _ in 0..within {
        let Some(record) = table.single()? else { break };
        let Ok(names) = record.cells.map(tidy) else { continue };
        let misfit = match heads::find(mapping, &names) {
            Ok(_) => return Ok((names, record.line - 1)),
            // Every column is there: this is the header, and what is wrong with it is told from it.
            Err(misfit) if misfit.missing.is_empty() => return Ok((names, record.line - 1)),
            Err(misfit) => misfit,
        };
        if nearest
            .as_ref()
            .is_none_or(|(fewest, _)| misfit.missing.len() < fewest.missing.len())
        {
            nearest = Some((misfit, record.line));
        }
    }
    Err(match nearest {
        Some((misfit, line)) => ImportError::heads(misfit, Some(line)),
        None => ImportError::HeaderMissing,
    })
}

/// SHA-256 of a file, lower-case hex.
pub(crate) fn sha256(path: &Path) -> Result<String, ImportError> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(&buffer[..read]);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
