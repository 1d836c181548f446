//! Stream names and where each stream ends, in memory: about 150 bytes a stream, so 150 MB for a million streams. An
//! index on disk would dirty a page per event.

use std::collections::HashMap;

use crate::StreamName;

/// Names and last positions of all streams. Numbers are dense, from 1, in order of creation.
#[derive(Default)]
pub struct Streams {
    numbers: HashMap<StreamName, u32>,
    /// By number less one; `None`: the row is damaged.
    names: Vec<Option<StreamName>>,
    /// Position of the newest committed record, by number less one; 0: none.
    last: Vec<u64>,
}

fn slot(number: u32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

impl Streams {
    /// Adds the next stream; answers its number.
    pub fn add(&mut self, name: Option<StreamName>) -> u32 {
        let number = u32::try_from(self.names.len() + 1).expect("memory ends before four thousand million streams");
        if let Some(name) = &name {
            self.numbers.insert(name.clone(), number);
        }
        self.names.push(name);
        self.last.push(0);
        number
    }

    /// Forgets the streams added after there were `count`.
    pub fn truncate(&mut self, count: usize) {
        for name in self.names.drain(count.min(self.names.len())..).flatten() {
            self.numbers.remove(&name);
        }
        self.last.truncate(count);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// Number of a stream.
    pub fn number(&self, name: &StreamName) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Name of a number.
    pub fn name(&self, number: u32) -> Option<&StreamName> {
        self.names.get(slot(number)?)?.as_ref()
    }

    /// Names of a category, in order of creation.
    pub fn of(&self, category: &str) -> impl Iterator<Item = &StreamName> {
        self.names
            .iter()
            .flatten()
            .filter(move |name| name.category() == category)
    }

    /// Position of the stream's newest committed record.
    pub fn last(&self, number: u32) -> Option<u64> {
        self.last.get(slot(number)?).copied().filter(|position| *position > 0)
    }

    /// Sets that position; `false` when there is no such stream.
    pub fn set_last(&mut self, number: u32, position: u64) -> bool {
        match slot(number).and_then(|slot| self.last.get_mut(slot)) {
            Some(last) => {
                *last = position;
                true
            }
            None => false,
        }
    }

    /// Forgets all last positions.
    pub fn clear_last(&mut self) {
        self.last.fill(0);
    }
}
