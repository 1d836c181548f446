//! Between the wire and the house: one file a service, requests inwards, answers outwards.

use jiff::Timestamp;
use jiff::civil::Date;
use yujian_command::Outcome;
use yujian_domain::envelope::PolicyRef;
use yujian_domain::institution::Deadline;
use yujian_domain::values::RegionId;
use yujian_proto::common::v1 as wire;
use yujian_views::AsOf;

pub(crate) mod alert;
pub(crate) mod authorization;
pub(crate) mod incident;
pub(crate) mod inspection;
pub(crate) mod institution;
pub(crate) mod licensing;
pub(crate) mod operator;
pub(crate) mod policy;
pub(crate) mod staffing;
pub(crate) mod standing;
pub(crate) mod supervision;

/// An instant as it goes out.
pub(crate) fn time(instant: Timestamp) -> prost_types::Timestamp {
    // Before 1970 both parts are negative here, but nanos must not be negative on the wire.
    let (seconds, nanos) = (instant.as_second(), instant.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp {
            seconds: seconds - 1,
            nanos: nanos + 1_000_000_000,
        }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// A legal day as it goes out.
pub(crate) fn date(day: Date) -> wire::Date {
    wire::Date {
        year: day.year().into(),
        month: day.month().into(),
        day: day.day().into(),
    }
}

/// A division as it goes out.
pub(crate) fn region(region: &RegionId) -> wire::Region {
    wire::Region {
        code: region.code().to_owned(),
        entered_year: Some(region.entered().into()),
    }
}

/// A deadline as it goes out.
pub(crate) fn deadline(deadline: &Deadline) -> wire::Deadline {
    wire::Deadline {
        due_date: Some(date(deadline.due_date)),
        due_time: Some(time(deadline.due_time)),
        provisional: deadline.provisional,
        policy: policy(&deadline.policy),
    }
}

/// A version of a policy, as `id@version`.
pub(crate) fn policy(policy: &PolicyRef) -> String {
    format!("{}@{}", policy.id, policy.version)
}

/// Freshness as it goes out.
pub(crate) fn as_of(as_of: &AsOf) -> wire::AsOf {
    wire::AsOf {
        position: as_of.position.to_string(),
        recorded_time: as_of.recorded_time.map(time),
        lag: as_of.lag,
        damaged: as_of.damaged,
        unknown: as_of.unknown,
        lag_exact: as_of.lag_exact,
    }
}

/// What every command answers.
pub(crate) fn command_reply<A>(outcome: &Outcome<A>) -> wire::CommandReply {
    wire::CommandReply {
        revision: outcome.revision,
        etag: etag(outcome.revision),
        position: outcome
            .position
            .map(|position| position.to_string())
            .unwrap_or_default(),
        event_types: outcome.event_types.clone(),
    }
}

/// A revision as an etag.
pub(crate) fn etag(revision: u64) -> String {
    revision.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_before_1970_keep_their_nanoseconds_positive() {
        let instant: Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
        assert_eq!(
            time(instant),
            prost_types::Timestamp {
                seconds: -1,
                nanos: 250_000_000
            }
        );
        let later: Timestamp = "2026-03-01T00:00:00.5Z".parse().unwrap();
        assert_eq!(time(later).nanos, 500_000_000);
    }
}
