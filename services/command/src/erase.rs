//! Erasing a subject: the event first, then the key, so that a restored older key file loses it again.

use uuid::Uuid;
use yujian_domain::envelope::Actor;
use yujian_domain::event::EventFamily;
use yujian_domain::rejection::{Reason, Rejection, Violation};
use yujian_domain::system::{ErasureGround, SubjectErased, SystemEvent};
use yujian_eventlog::{Direction, Expected, Item, LogError, LogPosition, StreamName};

use crate::api::CommandError;
use crate::floor::Commands;
use crate::request::{derived_id, scope_of};
use crate::system::By;

impl Commands {
    /// Destroys a subject's keys, recorded as an event first. Two persons: `approver` is the second one's account. The
    /// same request repeated is answered with the position of the first time.
    ///
    /// # Errors
    /// `TWO_PERSON_RULE`, a field violation, `REQUEST_ID_REUSED`, or what log and keys say.
    pub async fn erase_subject(
        &self,
        actor: Actor,
        request_id: Uuid,
        subject: &str,
        ground: ErasureGround,
        approver: &str,
    ) -> Result<LogPosition, CommandError> {
        check(&actor, subject, approver)?;
        let inner = &self.inner;
        let id = derived_id(&scope_of(&actor), request_id, 0);
        let stream = StreamName::parse(&format!("erasure-{id}"))?;
        let _serial = inner.lock(&stream).await;
        let event = SubjectErased {
            subject: subject.to_owned(),
            ground,
            approver: approver.to_owned(),
        };
        let position = match self.recorded_erasure(&stream).await? {
            Some((recorded, position)) if recorded == event => position,
            Some(_) => {
                return Err(Rejection::new(
                    Reason::RequestIdReused,
                    "this request id was used for another erasure",
                    "该请求编号已用于其他删除请求",
                )
                .into());
            }
            None => {
                if !inner.keys.knows(subject).await? {
                    return Err(crate::authorize::not_found("subject").into());
                }
                let by = By {
                    actor: &actor,
                    now: inner.clock.now(),
                    correlation: Some(id),
                    causation: None,
                };
                inner
                    .append_system(&stream, Expected::NoStream, &SystemEvent::from(event), &by)
                    .await?;
                self.recorded_erasure(&stream)
                    .await?
                    .map(|(_, position)| position)
                    .ok_or_else(|| LogError::Unavailable("the erasure can't be read back".to_owned()))?
            }
        };
        // The erasure is recorded and will be done at the next start if not now: never a refusal from here on.
        inner.keys.erase(subject).await.map_err(|error| {
            LogError::OutcomeUnknown(format!(
                "the erasure is recorded, its keys are not destroyed yet: {error}"
            ))
        })?;
        Ok(position)
    }

    async fn recorded_erasure(&self, stream: &StreamName) -> Result<Option<(SubjectErased, LogPosition)>, LogError> {
        let first = match self
            .inner
            .log
            .read_stream(stream, Direction::Forwards, Some(0), 1)
            .await
        {
            Err(LogError::StreamNotFound) => return Ok(None),
            items => items?.into_iter().next(),
        };
        match first {
            None => Ok(None),
            Some(Item::Damaged(damage)) => Err(LogError::Damaged(Box::new(damage))),
            Some(Item::Record(record)) => match SystemEvent::decode(&record.event_type, &record.payload) {
                Ok(Some(SystemEvent::SubjectErased(event))) => Ok(Some((event, record.position))),
                _ => Err(LogError::Invalid(format!("{stream} holds no erasure"))),
            },
        }
    }
}

fn check(actor: &Actor, subject: &str, approver: &str) -> Result<(), Rejection> {
    let mut violations = Vec::new();
    let mut wrong = |field: &str, message: &str, zh: &str| {
        violations.push(Violation {
            field: field.to_owned(),
            rule: "GEN-ERASE".to_owned(),
            message: message.to_owned(),
            message_zh: zh.to_owned(),
        });
    };
    if subject.is_empty() || subject.len() > 200 || subject.chars().any(char::is_whitespace) {
        wrong(
            "subject",
            "must be the name of a subject as events list it",
            "须为事件中列出的主体名称",
        );
    }
    if approver.trim().is_empty() {
        wrong("approver", "is required", "必填");
    }
    if !violations.is_empty() {
        return Err(Rejection::fields(violations));
    }
    if approver == actor.id {
        return Err(Rejection::new(
            Reason::TwoPersonRule,
            "an erasure is approved by another person than the one who asks",
            "删除须由另一人批准",
        ));
    }
    Ok(())
}
