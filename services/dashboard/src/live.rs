//! Live updates: a stream of server-sent events that says when what a page shows has changed. It carries no figures and
//! no names; the page reads itself again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;
use yujian_domain::values::RegionId;
use yujian_views::{Change, Delta};

use crate::Shared;
use crate::failure::Failure;
use crate::query::Fields;
use crate::visit::Visit;

/// How often a stream without news says that it lives.
const BEAT: Duration = Duration::from_secs(10);

/// What a page shows, so what concerns it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Interest {
    region: Option<String>,
    institution: Option<Uuid>,
    person: Option<Uuid>,
    since: Option<String>,
}

impl Interest {
    fn read(fields: &Fields) -> Result<Self, Failure> {
        Ok(Self {
            region: fields.region("region")?,
            institution: fields.id("institution")?,
            person: fields.id("person")?,
            since: fields.words("since", 40)?,
        })
    }

    fn concerns(&self, change: &Change) -> bool {
        self.institution.is_none_or(|wanted| wanted == change.institution)
            && self.person.is_none_or(|wanted| change.person == Some(wanted))
            && self.region.as_deref().is_none_or(|wanted| {
                RegionId::parse(&change.region, 2020).is_ok_and(|region| region.is_within_code(wanted))
            })
    }

    fn count(&self, delta: &Delta) -> usize {
        delta.changes.iter().filter(|change| self.concerns(change)).count()
    }
}

/// One message to the page: `delta` when it must read itself again, `beat` when it need not.
fn message(kind: &str, position: &str, count: usize) -> Event {
    Event::default()
        .event(kind)
        .id(position)
        .data(serde_json::json!({ "position": position, "count": count }).to_string())
}

/// `GET /events`: filtered by `region`, `institution` or `person`; `since` is the position that the page shows.
pub(crate) async fn events(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    match open(&shared, &visit) {
        Ok(events) => {
            let pulse = KeepAlive::new().interval(BEAT).event(message("beat", "", 0));
            Sse::new(events.map(Ok::<_, Infallible>))
                .keep_alive(pulse)
                .into_response()
        }
        Err(failure) => failure.answer(&shared, &visit),
    }
}

fn open(shared: &Shared, visit: &Visit) -> Result<impl Stream<Item = Event> + use<>, Failure> {
    let interest = Interest::read(&visit.fields(&["region", "institution", "person", "since"])?)?;
    let place = Arc::clone(&shared.streams)
        .try_acquire_owned()
        .map_err(|_| Failure::Crowded)?;
    // Subscribed before the position is read: what is committed in between is told twice rather than never.
    let deltas = shared.views.deltas();
    let position = shared.views.position().borrow().to_string();
    // A page that was made at another position, or a stream that was cut, has missed something or may have.
    let first = if interest.since.as_deref().is_none_or(|since| since == position) {
        "beat"
    } else {
        "delta"
    };
    let greeting = stream::once(std::future::ready(message(first, &position, 0)));
    let news = stream::unfold((deltas, interest, place), |(mut deltas, interest, place)| async move {
        let event = match deltas.recv().await {
            Ok(delta) => {
                let count = interest.count(&delta);
                message(
                    if count > 0 { "delta" } else { "beat" },
                    &delta.position.to_string(),
                    count,
                )
            }
            // Too slow: some deltas are gone, the page must read anew whatever they were.
            Err(RecvError::Lagged(_)) => message("delta", "", 0),
            Err(RecvError::Closed) => return None,
        };
        Some((event, (deltas, interest, place)))
    });
    Ok(greeting.chain(news).take_until(shared.stop.clone().cancelled_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(region: &str, institution: u128) -> Change {
        Change {
            institution: Uuid::from_u128(institution),
            institution_name: "甲".to_owned(),
            region: region.to_owned(),
            organisation: None,
            incident: None,
            person: None,
            inspection: None,
            alert: None,
            regulator_only: false,
            stream: "institution-1".to_owned(),
            revision: 0,
            event_type: "licensing.InstitutionRegistered.v1".to_owned(),
            recorded_time: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_page_hears_of_its_own_region_institution_and_person_only() {
        let region = Interest {
            region: Some("3301".to_owned()),
            ..Interest::default()
        };
        assert!(region.concerns(&change("330106001", 1)));
        assert!(!region.concerns(&change("330206001", 1)));
        assert!(!region.concerns(&change("US-48/HARRIS", 1)));
        let one = Interest {
            institution: Some(Uuid::from_u128(7)),
            ..Interest::default()
        };
        assert!(one.concerns(&change("330106001", 7)));
        assert!(!one.concerns(&change("330106001", 8)));
        assert!(Interest::default().concerns(&change("US-48/HARRIS", 1)));
        let person = Interest {
            person: Some(Uuid::from_u128(9)),
            ..Interest::default()
        };
        let of = |id: u128| Change {
            person: Some(Uuid::from_u128(id)),
            ..change("330106001", 1)
        };
        assert!(person.concerns(&of(9)));
        assert!(!person.concerns(&of(8)) && !person.concerns(&change("330106001", 1)));
    }
}
