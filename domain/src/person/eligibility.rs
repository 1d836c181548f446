//! Who may work with children on a day, and who is qualified for a post.

use jiff::civil::Date;

use super::moves::{HEALTH_MEASURES, MINORS_LAW, MOVES, Move};
use super::timing::today;
use super::{Credential, CredentialState, Engagement, EngagementState, OffDutyGround, Person, Post, TrainingKind};
use crate::aggregate::Context;
use crate::policy::StaffingPolicy;
use crate::rejection::{LegalBasis, Reason, Rejection};

impl Person {
    /// Whether the person is barred from work with children (从业禁止) on a legal day.
    #[must_use]
    pub fn barred_on(&self, day: Date) -> bool {
        self.bar
            .as_ref()
            .is_some_and(|bar| bar.from_date <= day && bar.until_date.is_none_or(|until| day <= until))
    }

    /// What keeps the person from work with children on a legal day, as grounds for being off duty. A bar and a record
    /// that was found are one ground: an employer learns that the person may not work with children, not why.
    #[must_use]
    pub fn hindrances(&self, day: Date) -> Vec<OffDutyGround> {
        let mut found = Vec::new();
        let record = self.query.as_ref().is_some_and(|query| !query.clear);
        if record || self.barred_on(day) {
            found.push(OffDutyGround::Barred);
        }
        if !record && self.query.as_ref().is_none_or(|query| query.valid_until < day) {
            found.push(OffDutyGround::NoRecordQuery);
        }
        if self
            .health
            .as_ref()
            .is_none_or(|health| !health.passed || health.expiry_date < day)
        {
            found.push(OffDutyGround::NoHealthCertificate);
        }
        found
    }

    /// Whether the person has what a post asks for on a legal day: one verified and valid credential of the kinds that
    /// policy names, and its hours of management training, those of the whole year counted.
    // rule: STF-14
    #[must_use]
    pub fn is_qualified(&self, post: Post, day: Date, policy: &StaffingPolicy) -> bool {
        let rule = policy.post(post);
        let credential = rule.credentials.is_empty()
            || self
                .credentials
                .values()
                .any(|credential| rule.credentials.contains(&credential.kind) && credential.is_valid(day));
        let hours = self
            .training
            .iter()
            .filter(|((year, kind), _)| *kind == TrainingKind::Management && *year <= day.year())
            .fold(0_u32, |sum, (_, hours)| sum.saturating_add(*hours));
        credential && hours >= rule.management_hours
    }

    /// Engagements that have not ended.
    pub fn standing(&self) -> impl Iterator<Item = (u32, &Engagement)> {
        self.engagements
            .iter()
            .filter(|(_, engagement)| engagement.state != EngagementState::Ended)
            .map(|(number, engagement)| (*number, engagement))
    }

    /// Whether a bar stands or is to come.
    fn bar_has_not_ended(&self, day: Date) -> bool {
        self.bar
            .as_ref()
            .is_some_and(|bar| bar.until_date.is_none_or(|until| day <= until))
    }

    /// Whether the ground of an act holds on a day. A bar that is to come is ground enough to act before it begins;
    /// disease and investigations are not known here.
    // rule: STF-16
    pub(super) fn ground_holds(&self, ground: OffDutyGround, day: Date) -> bool {
        match ground {
            OffDutyGround::Infectious | OffDutyGround::Investigation => true,
            OffDutyGround::Barred => self.bar_has_not_ended(day) || self.hindrances(day).contains(&ground),
            OffDutyGround::NoHealthCertificate | OffDutyGround::NoRecordQuery => self.hindrances(day).contains(&ground),
        }
    }

    /// Refuses work with children from `first_day` on. Checks count from then on, so for a day that has passed they are
    /// asked for today, when they are to be relied on; a bar must stand on neither day.
    // rule: STF-13
    pub(super) fn eligible(&self, movement: &Move, first_day: Date, context: &Context<'_>) -> Result<(), Rejection> {
        let day = first_day.max(today(context));
        let mut missing = self.hindrances(day);
        if self.barred_on(first_day) && !missing.contains(&OffDutyGround::Barred) {
            missing.insert(0, OffDutyGround::Barred);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let list = |name: fn(OffDutyGround) -> &'static str, separator: &str| {
            missing.iter().map(|one| name(*one)).collect::<Vec<_>>().join(separator)
        };
        let possible: Vec<&Move> = missing.iter().filter_map(|one| one.remedy()).collect();
        let remedies: Vec<String> = possible.iter().map(|movement| movement.with_who()).collect();
        let remedies_zh: Vec<&str> = possible.iter().map(|movement| movement.command_zh).collect();
        let rejection = Rejection::new(
            Reason::PersonIneligible,
            format!(
                "the person may not work with children on {day}: {}; possible: {}",
                list(OffDutyGround::code, ", "),
                remedies.join("; ")
            ),
            format!(
                "该人员{day}不得从事照护工作：{}；可办理：{}",
                list(OffDutyGround::zh, "、"),
                remedies_zh.join("、")
            ),
        )
        .with("date", day.to_string())
        .with("missing", list(OffDutyGround::code, ", "))
        .with("possible", remedies.join("; "))
        .with("command", movement.command)
        .with("rule", "STF-13");
        Err(missing
            .iter()
            .filter_map(|one| Self::basis_of(*one))
            .fold(rejection, Rejection::citing))
    }

    /// The article behind a ground for being off duty. Employers read it: a bar cites the same one whatever it rests on,
    /// and as a record that was found does, or the article would tell what only the regulator may know.
    pub(super) fn basis_of(ground: OffDutyGround) -> Option<LegalBasis> {
        match ground {
            OffDutyGround::Barred | OffDutyGround::NoRecordQuery => Some(LegalBasis::new(MINORS_LAW, "§62")),
            OffDutyGround::NoHealthCertificate | OffDutyGround::Infectious => {
                Some(LegalBasis::new(HEALTH_MEASURES, "§14"))
            }
            OffDutyGround::Investigation => None,
        }
    }
}

impl Credential {
    /// Whether it is verified and covers a legal day.
    #[must_use]
    pub fn is_valid(&self, day: Date) -> bool {
        self.state == CredentialState::Verified
            && self.issue_date <= day
            && self.expiry_date.is_none_or(|expiry| day <= expiry)
    }
}

impl OffDutyGround {
    /// The command that takes the ground away, when one does. A bar and a record that was found look alike here too.
    fn remedy(self) -> Option<&'static Move> {
        let command = match self {
            Self::Barred => "lift_bar",
            Self::NoHealthCertificate | Self::Infectious => "record_health_certificate",
            Self::NoRecordQuery => "record_query",
            Self::Investigation => return None,
        };
        MOVES.iter().find(|movement| movement.command == command)
    }
}
