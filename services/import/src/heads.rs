//! Heads of columns: one mapping reads several editions of a register although their columns are named otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::mapping::{Mapping, MappingError};

/// Position of each column in the file, by the mapping's name.
pub(crate) type Header = BTreeMap<String, usize>;

/// `[heads]` of a mapping. Where it stands, a head that nothing names stops the import.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Heads {
    /// Other names of a column, by the name that the mapping uses.
    pub also: BTreeMap<String, Vec<String>>,
    /// Columns that an edition may lack; they are blank then.
    pub optional: Vec<String>,
    /// Heads that the mapping leaves aside.
    pub ignore: Vec<String>,
}

impl Heads {
    /// What it names must be a column of the mapping, and no head may stand for two.
    pub fn check(&self, columns: &BTreeSet<String>, key: &[String]) -> Result<(), MappingError> {
        let mut taken: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
        for (column, others) in &self.also {
            let path = format!("heads.also.{column:?}");
            if !columns.contains(column) {
                return Err(MappingError::new(path, "is no column of this mapping"));
            }
            for other in others {
                if other.is_empty() || other.trim() != other {
                    return Err(MappingError::new(
                        path,
                        "a head is named without white space at its ends",
                    ));
                }
                if !taken.insert(other) {
                    return Err(MappingError::new(path, format!("{other:?} stands for another column")));
                }
            }
        }
        for column in &self.optional {
            let path = format!("heads.optional: {column:?}");
            if !columns.contains(column) {
                return Err(MappingError::new(path, "is no column of this mapping"));
            }
            if key.contains(column) {
                return Err(MappingError::new(path, "is part of the key"));
            }
        }
        for head in &self.ignore {
            if !taken.insert(head) {
                return Err(MappingError::new(
                    format!("heads.ignore: {head:?}"),
                    "is a head that the mapping uses, or stands there twice",
                ));
            }
        }
        Ok(())
    }
}

/// What does not fit between a header row and the mapping.
#[derive(Debug, Default)]
pub(crate) struct Misfit {
    /// Columns without any of their heads.
    pub missing: Vec<String>,
    /// Columns with several heads, and these.
    pub ambiguous: Vec<(String, Vec<String>)>,
    /// A head that stands there twice.
    pub twice: Option<String>,
    /// Heads that nothing names.
    pub unknown: Vec<String>,
}

/// A header row understood.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub header: Header,
    /// Columns that were read under another head than the mapping's own, and that.
    pub renamed: Vec<(String, String)>,
    /// Optional columns that the file lacks.
    pub absent: Vec<String>,
}

/// Finds the columns of a mapping in a header row.
pub(crate) fn find(mapping: &Mapping, names: &[String]) -> Result<Found, Misfit> {
    static NONE: Heads = Heads {
        also: BTreeMap::new(),
        optional: Vec::new(),
        ignore: Vec::new(),
    };
    let heads = mapping.document.heads.as_ref().unwrap_or(&NONE);
    let (mut found, mut misfit) = (Found::default(), Misfit::default());
    let mut known: BTreeSet<&str> = heads.ignore.iter().map(String::as_str).collect();
    for column in &mapping.columns {
        let others = heads.also.get(column).map(Vec::as_slice).unwrap_or_default();
        let accepted: Vec<&String> = std::iter::once(column).chain(others).collect();
        known.extend(accepted.iter().map(|head| head.as_str()));
        let at: Vec<usize> = (0..names.len()).filter(|&at| accepted.contains(&&names[at])).collect();
        match at[..] {
            [] if heads.optional.contains(column) => found.absent.push(column.clone()),
            [] => misfit.missing.push(column.clone()),
            [one] => {
                if names[one] != *column {
                    found.renamed.push((column.clone(), names[one].clone()));
                }
                found.header.insert(column.clone(), one);
            }
            [first, ..] if at.iter().all(|&other| names[other] == names[first]) => {
                misfit.twice.get_or_insert_with(|| names[first].clone());
            }
            _ => {
                let heads = at.iter().map(|&at| names[at].clone()).collect();
                misfit.ambiguous.push((column.clone(), heads));
            }
        }
    }
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() || known.contains(name.as_str()) {
            continue;
        }
        if mapping.document.heads.is_some() {
            misfit.unknown.push(name.clone());
        } else {
            // All cells of a row may be its key, named or not.
            found.header.insert(name.clone(), index);
        }
    }
    let fits =
        misfit.missing.is_empty() && misfit.ambiguous.is_empty() && misfit.twice.is_none() && misfit.unknown.is_empty();
    if fits { Ok(found) } else { Err(misfit) }
}
