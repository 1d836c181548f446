//! The digest of the rows: equal for equal logs, whenever and wherever it is computed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use crate::error::ViewError;
use crate::view::VIEWS;

/// SHA-256 by table and over all tables in order of name. Rows go in by key order (binary collation), each value with
/// its type and length before it, so that no two different tables feed the same bytes.
pub(crate) fn compute(connection: &Connection) -> Result<(BTreeMap<String, String>, String), ViewError> {
    let mut tables = BTreeMap::new();
    for table in VIEWS.iter().flat_map(|view| view.tables()) {
        let mut hasher = Sha256::new();
        let sql = format!("SELECT * FROM {} ORDER BY {}", table.name, table.key);
        let mut statement = connection.prepare(&sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            hasher.update(b"R");
            for column in 0..columns {
                let (tag, length, bytes) = match row.get_ref(column)? {
                    ValueRef::Null => (b'N', 0, Vec::new()),
                    ValueRef::Integer(number) => (b'I', 8, number.to_be_bytes().to_vec()),
                    ValueRef::Real(real) => (b'F', 8, real.to_bits().to_be_bytes().to_vec()),
                    ValueRef::Text(text) => (b'T', text.len(), text.to_vec()),
                    ValueRef::Blob(blob) => (b'B', blob.len(), blob.to_vec()),
                };
                hasher.update([tag]);
                hasher.update((length as u64).to_be_bytes());
                hasher.update(bytes);
            }
        }
        tables.insert(table.name.to_owned(), hex(&hasher.finalize()));
    }
    let mut total = Sha256::new();
    for (name, digest) in &tables {
        total.update(format!("{name}={digest}\n"));
    }
    Ok((tables, hex(&total.finalize())))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing into a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
