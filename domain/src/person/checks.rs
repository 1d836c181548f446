//! What is checked of everyone who works with children: health and record; and training.

use jiff::ToSpan;
use jiff::civil::Date;

use super::allow::nothing_to_do;
use super::check::NAME_MAX;
use super::decide::Decision;
use super::moves::Move;
use super::timing::not_before;
use super::{
    EngagementState, HealthCertificateRecorded, OffDutyGround, Person, PersonEvent, RecordHealthCertificate,
    RecordQueried, RecordQuery, RecordTraining, TakenOffDuty, TrainingRecorded,
};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::envelope::{Classification, Role};
use crate::rejection::{Reason, Rejection};
use crate::time::start_of;

/// Hours of one training, least and most.
const HOURS: (u32, u32) = (1, 500);

impl Person {
    /// The latest examination counts, so an older one is no news and is refused. Who did not pass is off duty at once,
    /// everywhere.
    // rule: STF-08
    pub(super) fn record_health_certificate(
        &self,
        movement: &Move,
        command: &RecordHealthCertificate,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.text("issuer", &command.issuer, NAME_MAX);
        check.not_in_future("issue_date", command.issue_date, context);
        check.sha256("sha256", command.sha256.as_deref());
        check.done()?;
        self.allow(movement)?;
        if let Some(known) = &self.health {
            newest(movement, "issue_date", command.issue_date, known.issue_date)?;
            if (known.issue_date, known.passed) == (command.issue_date, command.passed) {
                return Err(nothing_to_do((
                    "health",
                    if known.passed { "passed" } else { "failed" },
                )));
            }
        }
        let (policy, reference) = context.reference.staffing(self.home()?, command.issue_date)?;
        let expiry_date = months_after(command.issue_date, policy.health_certificate_months);
        let event = HealthCertificateRecorded {
            issuer: command.issuer.trim().to_owned(),
            issue_date: command.issue_date,
            expiry_date,
            passed: command.passed,
            sha256: command.sha256.clone(),
        };
        let mut decided = vec![Decided {
            effective_from: Some(start_of(command.issue_date)),
            policies: vec![reference],
            ..Decided::plain(event)
        }];
        if !command.passed {
            decided.extend(self.off_duty_everywhere(OffDutyGround::NoHealthCertificate, context));
        }
        Ok(decided)
    }

    /// The latest answer counts. A record that was found takes the person off duty at once, everywhere; what was found
    /// is for the regulator only. An employer does not clear whom an earlier answer did not.
    // rule: STF-09
    pub(super) fn record_query(&self, movement: &Move, command: &RecordQuery, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.not_in_future("query_date", command.query_date, context);
        for (index, offence) in command.found.iter().enumerate() {
            check.ensure(
                !command.found[..index].contains(offence),
                &format!("found[{index}]"),
                "STF-09",
                "stands there twice",
                "重复填报",
            );
        }
        check.done()?;
        self.allow(movement)?;
        let clear = command.found.is_empty();
        if let Some(known) = &self.query {
            if clear && !known.clear && context.actor.role == Role::Operator {
                let rejection = Rejection::new(
                    Reason::RoleNotAllowed,
                    "after an earlier answer the authority itself records the next one",
                    "此前的查询结果须由主管部门复核登记",
                )
                .with("rule", "STF-09");
                return Err(movement.legal_basis().into_iter().fold(rejection, Rejection::citing));
            }
            newest(movement, "query_date", command.query_date, known.query_date)?;
            if (known.query_date, known.clear) == (command.query_date, clear) {
                return Err(nothing_to_do(("query", if clear { "clear" } else { "found" })));
            }
        }
        let (policy, reference) = context.reference.staffing(self.home()?, command.query_date)?;
        let valid_until = months_after(command.query_date, policy.record_query_months);
        let event = RecordQueried {
            occasion: command.occasion,
            queried_of: command.queried_of,
            query_date: command.query_date,
            valid_until,
            clear,
            found: command.found.clone(),
        };
        let mut decided = vec![Decided {
            effective_from: Some(start_of(command.query_date)),
            policies: vec![reference],
            classification: if clear {
                Classification::Operator
            } else {
                Classification::Regulator
            },
            ..Decided::plain(event)
        }];
        if !clear {
            decided.extend(self.off_duty_everywhere(OffDutyGround::Barred, context));
        }
        Ok(decided)
    }

    // rule: STF-11
    pub(super) fn record_training(&self, movement: &Move, command: &RecordTraining, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.between("hours", movement, command.hours, HOURS);
        check.text("provider", &command.provider, NAME_MAX);
        check.not_in_future("completed_date", command.completed_date, context);
        check.done()?;
        self.allow(movement)?;
        let event = TrainingRecorded {
            kind: command.kind,
            hours: command.hours,
            provider: command.provider.trim().to_owned(),
            completed_date: command.completed_date,
        };
        Ok(vec![Decided {
            effective_from: Some(start_of(command.completed_date)),
            ..Decided::plain(event)
        }])
    }

    /// Takes every active engagement off duty in the decision that found the ground: they stand in the same stream. One
    /// that is still to begin stands so from its first day.
    // rule: STF-10
    fn off_duty_everywhere(&self, ground: OffDutyGround, context: &Context<'_>) -> Vec<Decided<PersonEvent>> {
        self.standing()
            .filter(|(_, engagement)| engagement.state == EngagementState::Active)
            .map(|(number, engagement)| {
                let event = TakenOffDuty {
                    engagement: number,
                    institution: engagement.institution,
                    ground,
                };
                Decided {
                    effective_from: engagement.status_from.and_then(|since| not_before(since, context)),
                    legal_basis: Self::basis_of(ground).into_iter().collect(),
                    ..Decided::plain(event)
                }
            })
            .collect()
    }
}

/// Only the newest counts: an older one than is known is refused.
fn newest(movement: &Move, field: &str, day: Date, known: Date) -> Result<(), Rejection> {
    if day >= known {
        return Ok(());
    }
    Err(Rejection::field(
        field,
        movement.rule,
        format!("a newer one of {known} is known, and only the newest counts"),
        format!("已登记{known}的较新结果，以最新结果为准"),
    )
    .with("known", known.to_string()))
}

/// The last day of a period of months; the first day is not counted.
fn months_after(day: Date, months: u32) -> Date {
    day.saturating_add(i64::from(months).months())
}
