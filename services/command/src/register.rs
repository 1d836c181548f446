//! Which institutions a foreign register has told of: from their streams, whoever imported them and when.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use uuid::Uuid;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::event::EventFamily;
use yujian_domain::institution::{Institution, InstitutionEvent};
use yujian_eventlog::{Direction, Item, StreamName};

use crate::api::CommandError;
use crate::floor::{Commands, Inner};

/// Streams looked at beside each other.
const AT_ONCE: usize = 32;

impl Commands {
    /// Every institution that the register `register` has told of, with its present state, in the order of the log. An
    /// imported institution begins with its row, so one record of each stream tells whose it is. Reads one record of
    /// every institution: for an import, not for a request.
    ///
    /// # Errors
    /// When the log can't be read, or a stream that may belong to the register can't be understood: the list would not
    /// be whole.
    pub async fn imported_from(&self, register: &str) -> Result<Vec<(Uuid, Arc<Institution>)>, CommandError> {
        let streams = self.inner.log.streams(Institution::CATEGORY).await?;
        let found: Vec<Option<(Uuid, Arc<Institution>)>> = futures::stream::iter(streams)
            .map(|stream| self.inner.told_by(register, stream))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

impl Inner {
    async fn told_by(
        &self,
        register: &str,
        stream: StreamName,
    ) -> Result<Option<(Uuid, Arc<Institution>)>, CommandError> {
        let items = self.log.read_stream(&stream, Direction::Forwards, Some(0), 1).await?;
        let perhaps = match items.first() {
            Some(Item::Record(first)) => match InstitutionEvent::decode(&first.event_type, &first.payload) {
                Ok(Some(InstitutionEvent::RecordImported(row))) => row.external.register == register,
                Ok(Some(_)) => false,
                // Of another kind, or of another version: the fold tells.
                Ok(None) | Err(_) => true,
            },
            // Whose it is can't be told; the fold says what is wrong.
            Some(Item::Damaged(_)) => true,
            None => false,
        };
        let Some(id) = Uuid::parse_str(stream.id()).ok().filter(|_| perhaps) else {
            return Ok(None);
        };
        let loaded = self.load_stream::<Institution>(&stream).await?;
        loaded.sound()?;
        let told = loaded.state.imported.as_ref();
        Ok(told
            .is_some_and(|row| row.external.register == register)
            .then(|| (id, loaded.state.clone())))
    }
}
