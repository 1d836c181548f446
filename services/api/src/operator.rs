//! OperatorService (办托一件事): what a filing needs, whether its papers would do, filing by the regime in force, following it.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use yujian_command::{CommandError, Outcome};
use yujian_domain::advice;
use yujian_domain::envelope::Actor;
use yujian_domain::institution::{ApplicationKind, ApplicationState, Institution, Regime, papers_came};
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::day_of;
use yujian_domain::values::RegionId;
use yujian_proto::licensing::v1 as pb;
use yujian_proto::licensing::v1::follow_filing_reply::Event;
use yujian_proto::supervision::v1::WatchReply;
use yujian_proto::supervision::v1::watch_reply::Event as Watched;

use crate::Api;
use crate::command::on_the_wire;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::{institution, operator as convert};
use crate::error;
use crate::gate::principal;
use crate::limits::WATCH_BUFFER;
use crate::parse::{Fields, Ground, Parsed};
use crate::watch::Filter;

pub(crate) struct Operators(pub Arc<Api>);

const FILE: &str = "yujian.licensing.v1.OperatorService/FileFiling";
const CHECK: &str = "yujian.licensing.v1.OperatorService/CheckFiling";
/// Stands for the request id of what is only tried: no such request is ever stored.
const TRIED: Uuid = Uuid::from_u128(0x5f6e_1c0a_9a57_4f0e_8d0b_3b1c_0f2d_7e61);

fn refused(rejection: &Rejection) -> Status {
    error::rejection(rejection)
}

fn failed(failure: CommandError) -> Status {
    error::command(&on_the_wire(failure))
}

impl Api {
    /// The regime by which an institution files papers that come in on a day. One that is not there files under any: the
    /// command tells the caller.
    async fn regime_of(&self, id: Uuid, on: jiff::civil::Date) -> Result<Regime, Status> {
        let loaded = self.commands.load::<Institution>(id).await.map_err(failed)?;
        let Some((state, _)) = loaded else {
            return Ok(Regime::Filing);
        };
        // Papers after a return belong to the application that they mend, whatever is in force by now.
        let mended = state.licence_applications.values().any(|application| {
            application.kind == ApplicationKind::Licence && application.state == ApplicationState::Returned
        });
        let licence = |region: &RegionId| advice::regime(&self.commands.reference(), region, on) == Regime::Licence;
        if mended || state.region.as_ref().is_some_and(licence) {
            Ok(Regime::Licence)
        } else {
            Ok(Regime::Filing)
        }
    }

    /// Files by the regime in force. A repetition finds its first answer also when the regime has changed since.
    async fn file(&self, actor: &Actor, request: pb::FileFilingRequest) -> Result<Outcome<Institution>, Status> {
        let reference = self.commands.reference();
        let ground = Ground {
            divisions: &reference.divisions,
            actor,
        };
        let (header, target, filing) = convert::file(request, ground).map_err(|rejection| refused(&rejection))?;
        let day = papers_came(actor.role, self.clock.now(), header.occurred);
        let regime = self.regime_of(target, day).await?;
        let mut request = Parsed {
            header,
            target: Some(target),
            command: filing.under(regime),
        }
        .into_request(actor.clone(), FILE);
        match self.commands.execute::<Institution>(request.clone()).await {
            Err(CommandError::Rejected(rejection)) if rejection.reason == Reason::RequestIdReused => {}
            outcome => return outcome.map_err(failed),
        }
        // The id is known, with another command: this one under the other regime, or something else. Nothing new can come
        // of asking, since an id that is known is answered or refused.
        request.command = filing.under(match regime {
            Regime::Filing => Regime::Licence,
            Regime::Licence => Regime::Filing,
        });
        self.commands.execute::<Institution>(request).await.map_err(failed)
    }

    async fn check(&self, actor: &Actor, request: pb::CheckFilingRequest) -> Result<pb::CheckFilingReply, Status> {
        let (target, filing) = convert::check(request).map_err(|rejection| refused(&rejection))?;
        let regime = self.regime_of(target, day_of(self.clock.now())).await?;
        let mut request = yujian_command::Request::new(actor.clone(), TRIED, CHECK, Some(target), filing.under(regime));
        request.validate_only = true;
        match self.commands.execute::<Institution>(request).await.map_err(on_the_wire) {
            Ok(outcome) => Ok(convert::checked(regime, outcome.id, &outcome.state, actor)),
            Err(CommandError::Rejected(rejection)) if rejection.reason == Reason::InvalidField => {
                Ok(convert::problems(regime, &rejection.violations))
            }
            Err(failure) => Err(error::command(&failure)),
        }
    }

    /// Where the filing stands now.
    async fn filing_standing(&self, id: Uuid, actor: &Actor) -> Result<pb::FilingStanding, Status> {
        let loaded = self.commands.load::<Institution>(id).await.map_err(failed)?;
        let (state, revision) = loaded.ok_or_else(|| error::not_found(&format!("{INSTITUTIONS}/{id}")))?;
        convert::standing(id, &state, revision, actor).ok_or_else(|| {
            refused(&Rejection::new(
                Reason::NothingToDo,
                "the institution has never filed",
                "该机构尚未提交过备案或许可申请",
            ))
        })
    }
}

/// Sends the standing of a filing whenever something happened to the institution, until it is decided or nobody listens.
async fn follow(
    api: Arc<Api>,
    id: Uuid,
    actor: Actor,
    mut watched: mpsc::Receiver<Result<WatchReply, Status>>,
    out: mpsc::Sender<Result<pb::FollowFilingReply, Status>>,
) {
    let mut told = None;
    while let Some(news) = watched.recv().await {
        let event = match news {
            Err(ended) => {
                // A caller that is gone hears nothing.
                let _ = out.send(Err(ended)).await;
                return;
            }
            Ok(reply) => reply.event,
        };
        let message = if matches!(event, Some(Watched::Heartbeat(_))) {
            Ok(Event::Heartbeat(pb::FollowHeartbeat {}))
        } else {
            api.filing_standing(id, &actor).await.map(Event::Standing)
        };
        let ends = match &message {
            Ok(Event::Standing(standing)) => {
                // Several changes of one command come one by one; the state is the one after all of them.
                if told.as_ref() == Some(&standing.etag) {
                    continue;
                }
                told = Some(standing.etag.clone());
                standing.decided
            }
            Ok(Event::Heartbeat(_)) => false,
            Err(_) => true,
        };
        let reply = message.map(|event| pb::FollowFilingReply { event: Some(event) });
        if out.send(reply).await.is_err() || ends {
            return;
        }
    }
}

#[tonic::async_trait]
impl pb::operator_service_server::OperatorService for Operators {
    async fn advise_filing(
        &self,
        request: Request<pb::AdviseFilingRequest>,
    ) -> Result<Response<pb::AdviseFilingReply>, Status> {
        let (actor, _) = principal(&request)?;
        let reference = self.0.commands.reference();
        let ground = Ground {
            divisions: &reference.divisions,
            actor: &actor,
        };
        let asked = convert::asked(request.into_inner(), ground, day_of(self.0.clock.now()));
        let asked = asked.map_err(|rejection| refused(&rejection))?;
        let advice = advice::advise(&reference, &asked).map_err(|rejection| refused(&rejection))?;
        Ok(Response::new(convert::advised(&asked, advice, &reference)))
    }

    async fn check_filing(
        &self,
        request: Request<pb::CheckFilingRequest>,
    ) -> Result<Response<pb::CheckFilingReply>, Status> {
        let (actor, _) = principal(&request)?;
        Ok(Response::new(self.0.check(&actor, request.into_inner()).await?))
    }

    async fn file_filing(
        &self,
        request: Request<pb::FileFilingRequest>,
    ) -> Result<Response<pb::InstitutionReply>, Status> {
        let (actor, _) = principal(&request)?;
        let outcome = self.0.file(&actor, request.into_inner()).await?;
        Ok(Response::new(institution::reply(&outcome, &actor)))
    }

    type FollowFilingStream = Pin<Box<dyn Stream<Item = Result<pb::FollowFilingReply, Status>> + Send>>;

    async fn follow_filing(
        &self,
        request: Request<pb::FollowFilingRequest>,
    ) -> Result<Response<Self::FollowFilingStream>, Status> {
        let (actor, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.name("name", INSTITUTIONS, &request.name);
        let position = f.position("min_position", &request.min_position);
        let id = f.finish(|| id).map_err(|rejection| refused(&rejection))?;
        self.0.wait_for(position).await?;
        self.0.must_see(&scope, id).await?;
        // Refuses an institution that has never filed before anything is sent.
        self.0.filing_standing(id, &actor).await?;
        let (changes, watched) = mpsc::channel(WATCH_BUFFER);
        let (out, stream) = mpsc::channel(WATCH_BUFFER);
        let filter = Filter {
            scope,
            region: None,
            institution: Some(id),
        };
        let hub = self.0.hub.clone();
        // Its first message is the mark of a snapshot: the state is read after it, so that no change falls in between.
        tokio::spawn(hub.serve(None, filter, changes, self.0.heartbeat, self.0.stop.clone()));
        tokio::spawn(follow(Arc::clone(&self.0), id, actor, watched, out));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}
