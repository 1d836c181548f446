//! AuditService: the replay of one institution or person as a stream, the erasure of a subject, and the rebuild of the views.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use yujian_audit::{PersonReplayQuery, Replay, ReplayQuery};
use yujian_domain::dossier::{Dossier, Seen, canonical, facts};
use yujian_domain::envelope::{Classification, parse_metadata};
use yujian_eventlog::{Record, StreamName};
use yujian_proto::audit::v1 as pb;
use yujian_proto::audit::v1::replay_institution_reply::Part;
use yujian_proto::audit::v1::replay_person_reply::Part as PersonPart;
use yujian_proto::supervision::v1::DamagedRecord;

use crate::Api;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::{supervision, time};
use crate::error::{self, ApiReason};
use crate::gate::principal;
use crate::limits::{REBUILD_BUFFER, REPLAY_PAGE_BYTES, REPLAY_PAGE_RECORDS};
use crate::parse::Fields;
use crate::rebuild;

pub(crate) struct Audit(pub Arc<Api>);

#[tonic::async_trait]
impl pb::audit_service_server::AuditService for Audit {
    type ReplayInstitutionStream = Pin<Box<dyn Stream<Item = Result<pb::ReplayInstitutionReply, Status>> + Send>>;

    async fn replay_institution(
        &self,
        request: Request<pb::ReplayInstitutionRequest>,
    ) -> Result<Response<Self::ReplayInstitutionStream>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.name("name", INSTITUTIONS, &request.name);
        let as_of = f.optional_date("as_of_date", request.as_of_date);
        let known_at = f.optional_date("known_at_date", request.known_at_date);
        let until = f.position("until", &request.until);
        let position = f.position("min_position", &request.min_position);
        let institution = f.finish(|| id).map_err(|refused| error::rejection(&refused))?;
        self.0.wait_for(position).await?;
        self.0.must_see(&scope, institution).await?;
        let query = ReplayQuery {
            institution,
            as_of,
            known_at,
            until,
        };
        // Never closed, so it is always granted in the end.
        let turn = self.0.heavy.acquire().await;
        let replay = yujian_audit::replay(self.0.log.as_ref(), query)
            .await
            .map_err(|failed| error::audit(&failed, &request.name))?;
        drop(turn);
        let replay = if scope.organisation.is_some() {
            for_operators(replay, institution)
        } else {
            replay
        };
        let api = Arc::clone(&self.0);
        let stop = self.0.stop.clone().cancelled_owned();
        let parts = futures::stream::iter(parts(replay, api)).take_until(stop);
        Ok(Response::new(Box::pin(
            parts.map(|part| Ok(pb::ReplayInstitutionReply { part: Some(part) })),
        )))
    }

    type ReplayPersonStream = Pin<Box<dyn Stream<Item = Result<pb::ReplayPersonReply, Status>> + Send>>;

    async fn replay_person(
        &self,
        request: Request<pb::ReplayPersonRequest>,
    ) -> Result<Response<Self::ReplayPersonStream>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.name("name", PERSONS, &request.name);
        let as_of = f.optional_date("as_of_date", request.as_of_date);
        let known_at = f.optional_date("known_at_date", request.known_at_date);
        let until = f.position("until", &request.until);
        let position = f.position("min_position", &request.min_position);
        let person = f.finish(|| id).map_err(|refused| error::rejection(&refused))?;
        self.0.wait_for(position).await?;
        self.0.must_see_person(&scope, person).await?;
        let query = PersonReplayQuery {
            person,
            as_of,
            known_at,
            until,
        };
        // Never closed, so it is always granted in the end.
        let turn = self.0.heavy.acquire().await;
        let replay = yujian_audit::replay_person(self.0.log.as_ref(), query)
            .await
            .map_err(|failed| error::audit(&failed, &request.name))?;
        drop(turn);
        let stop = self.0.stop.clone().cancelled_owned();
        let parts = futures::stream::iter(parts(replay, Arc::clone(&self.0))).take_until(stop);
        Ok(Response::new(Box::pin(parts.map(|part| {
            Ok(pb::ReplayPersonReply {
                part: Some(of_a_person(part)),
            })
        }))))
    }

    async fn erase_subject(
        &self,
        request: Request<pb::EraseSubjectRequest>,
    ) -> Result<Response<pb::EraseSubjectReply>, Status> {
        let (actor, _) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let request_id = f.request_id("request_id", &request.request_id);
        let subject = f.text("subject", request.subject);
        let ground = f.code("ground", request.ground);
        let approver = f.text("approver", request.approver);
        let (request_id, subject, ground, approver) = f
            .finish(|| Some((request_id?, subject?, ground?, approver?)))
            .map_err(|refused| error::rejection(&refused))?;
        let position = self
            .0
            .commands
            .erase_subject(actor, request_id, &subject, ground, &approver)
            .await
            .map_err(|failed| error::command(&failed))?;
        Ok(Response::new(pb::EraseSubjectReply {
            position: position.to_string(),
        }))
    }

    type RebuildViewsStream = Pin<Box<dyn Stream<Item = Result<pb::RebuildViewsReply, Status>> + Send>>;

    async fn rebuild_views(
        &self,
        _: Request<pb::RebuildViewsRequest>,
    ) -> Result<Response<Self::RebuildViewsStream>, Status> {
        let (out, mut parts) = mpsc::channel(REBUILD_BUFFER);
        tokio::spawn(rebuild::run(Arc::clone(&self.0), out));
        // A refusal is the answer of the call, not the end of a stream that began.
        let first = match parts.recv().await {
            Some(first) => first?,
            None => return Err(error::refuse(ApiReason::ShuttingDown)),
        };
        let stream = futures::stream::once(async { Ok(first) }).chain(ReceiverStream::new(parts));
        Ok(Response::new(Box::pin(stream)))
    }
}

/// The same part as an answer about a person.
fn of_a_person(part: Part) -> PersonPart {
    match part {
        Part::Start(start) => PersonPart::Start(start),
        Part::Page(page) => PersonPart::Page(page),
        Part::Dossier(dossier) => PersonPart::Dossier(dossier),
    }
}

/// What an operator may read of a replay: no event that is for the regulator alone, such as the plan of a visit that is
/// not announced. The dossier is that of the events that remain, as the views compute it.
fn for_operators(mut replay: Replay, institution: Uuid) -> Replay {
    replay.records.retain(|record| {
        parse_metadata(&record.metadata).is_ok_and(|metadata| metadata.classification != Classification::Regulator)
    });
    // A damaged record of a stream that the operator knows nothing of would tell that there is such a stream.
    let (own, known): (String, BTreeSet<&StreamName>) = (
        format!("institution-{institution}"),
        replay.records.iter().map(|record| &record.stream).collect(),
    );
    replay.damaged.retain(|damage| {
        let stream = damage.stream.as_ref();
        stream.is_none_or(|stream| stream.as_str() == own || known.contains(stream))
    });
    let mut dossier = Dossier::new();
    for record in &replay.records {
        let seen = Seen {
            stream: record.stream.as_str(),
            revision: record.revision,
            event_id: record.id,
            event_type: &record.event_type,
            metadata: &record.metadata,
            payload: &record.payload,
            recorded_time: record.recorded_time,
        };
        // One that can't be read is among the damaged ones already.
        if let Ok(Some(change)) = facts(&seen) {
            dossier.apply(change);
        }
    }
    replay.facts = dossier.resolve(replay.as_of, None);
    replay.dossier = canonical(&replay.facts);
    replay
}

/// Start, pages, dossier; each made when it is sent.
fn parts(replay: Replay, api: Arc<Api>) -> impl Iterator<Item = Part> + Send {
    let count = replay.records.len() as u64;
    let start = pb::ReplayStart {
        position: replay.position.to_string(),
        as_of_time: replay.as_of.map(time),
        records: count,
    };
    let Replay {
        records,
        facts,
        dossier,
        damaged,
        ..
    } = replay;
    let end = std::iter::once_with(move || {
        Part::Dossier(pb::ReplayDossier {
            facts: facts
                .iter()
                .map(|fact| supervision::fact(api.keys.as_ref(), fact))
                .collect(),
            canonical: dossier,
            damaged: damaged
                .into_iter()
                .map(|damage| DamagedRecord {
                    stream: damage.stream.map(|stream| stream.to_string()).unwrap_or_default(),
                    problem: damage.problem,
                })
                .collect(),
            records: count,
        })
    });
    std::iter::once(Part::Start(start))
        .chain(Pages(records.into_iter().peekable()).map(Part::Page))
        .chain(end)
}

/// Cuts records into pages.
struct Pages<I: Iterator<Item = Record>>(std::iter::Peekable<I>);

impl<I: Iterator<Item = Record>> Iterator for Pages<I> {
    type Item = pb::ReplayPage;

    fn next(&mut self) -> Option<Self::Item> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while records.len() < REPLAY_PAGE_RECORDS && (bytes < REPLAY_PAGE_BYTES) {
            let Some(record) = self.0.next() else { break };
            bytes += record.metadata.len() + record.payload.len();
            records.push(replayed(&record));
        }
        (!records.is_empty()).then_some(pb::ReplayPage { records })
    }
}

fn replayed(record: &Record) -> pb::ReplayedRecord {
    pb::ReplayedRecord {
        position: record.position.to_string(),
        stream: record.stream.to_string(),
        revision: record.revision,
        event_id: record.id.to_string(),
        event_type: record.event_type.clone(),
        metadata: record.metadata.to_vec(),
        payload: record.payload.to_vec(),
        hash: record.hash.to_hex(),
        prev: record.prev.to_hex(),
        recorded_time: Some(time(record.recorded_time)),
    }
}
