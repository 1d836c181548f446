//! Persons, engagements, certificates and their figures as they go out.
//!
//! An operator learns of a record that was found, and of the ground of a bar, only that the person may not work with
//! children: what was found, the ground and the reasons stay with the authority.

use std::collections::BTreeMap;

use yujian_domain::person::{CredentialKind, Post};
use yujian_domain::personal::Personal;
use yujian_eventlog::keys::KeyProvider;
use yujian_proto::common::v1::PersonalValue;
use yujian_proto::staffing::v1 as staffing;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{
    Bar, BarRow, Bucket, CredentialRow, EngagementRow, Health, HealthRow, PersonDetail, PersonRow, PostFigures,
    QueryRow, RecordQuery, Scope, StaffFigures, StaffFiguresRow, TrainingRow,
};

use crate::codes::{Coded, number_of};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::supervision::{country, damaged_records};
use crate::convert::{as_of, date, etag};
use crate::reveal::masked;

/// For whom a row goes out.
#[derive(Clone, Copy)]
pub(crate) struct Audience<'a> {
    keys: &'a dyn KeyProvider,
    operator: bool,
}

impl<'a> Audience<'a> {
    pub(crate) fn new(keys: &'a dyn KeyProvider, scope: &Scope) -> Self {
        Self {
            keys,
            operator: scope.organisation.is_some(),
        }
    }

    pub(crate) fn personal(self, member: &str, value: Option<&Personal>) -> Option<PersonalValue> {
        value.map(|value| masked(self.keys, member, value))
    }

    fn name(self, value: Option<&Personal>) -> Option<PersonalValue> {
        self.personal("name", value)
    }

    fn bar(self, bar: Bar) -> staffing::BarStanding {
        staffing::BarStanding {
            ground: if self.operator { 0 } else { bar.ground.number() },
            from_date: Some(date(bar.from_date)),
            until_date: bar.until_date.map(date),
        }
    }

    pub(crate) fn person(self, row: &PersonRow) -> pb::PersonView {
        pb::PersonView {
            name: format!("{PERSONS}/{}", row.id),
            etag: etag(row.revision),
            display_name: self.name(row.name.as_ref()),
            phone: self.personal("phone", row.phone.as_ref()),
            identity_kind: number_of(row.identity_kind),
            identity: self.personal("identity", row.identity.as_ref()),
            proofing: number_of(row.proofing),
            birth_year: row.birth_year.map(i32::from),
            account: row.account.clone().unwrap_or_default(),
            region_code: row.region.clone(),
            registered_date: row.registered_date.map(date),
            state: row.status.number(),
            bar: row.bar.map(|bar| self.bar(bar)),
            health: row.health.map(health),
            query: row.query.map(query),
            engagements: row.engagements,
            credentials: row.credentials,
            next_expiry_date: row.next_expiry.map(date),
            damaged: row.damaged,
        }
    }

    pub(crate) fn engagement(self, row: &EngagementRow) -> pb::EngagementView {
        pb::EngagementView {
            person: format!("{PERSONS}/{}", row.person),
            engagement: row.engagement,
            person_name: self.name(row.name.as_ref()),
            institution: format!("{INSTITUTIONS}/{}", row.institution),
            institution_display_name: row.institution_name.clone(),
            region_code: row.region.clone(),
            post: row.post.number(),
            employment: row.employment.number(),
            share_permille: row.share_permille,
            state: row.state.number(),
            off_duty_ground: number_of(row.off_duty),
            start_date: Some(date(row.start_date)),
            end_date: row.end_date.map(date),
            end_ground: number_of(row.end_ground),
            qualified: row.qualified,
            health: row.health.map(health),
            query: row.query.map(query),
            bar: row.bar.map(|bar| self.bar(bar)),
            next_expiry_date: row.next_expiry.map(date),
            others: row.others,
            damaged: row.damaged,
        }
    }

    pub(crate) fn credential(self, row: &CredentialRow) -> pb::CredentialView {
        pb::CredentialView {
            person: format!("{PERSONS}/{}", row.person),
            credential: row.credential,
            person_name: self.name(row.name.as_ref()),
            kind: row.kind.number(),
            issuer: row.issuer.clone(),
            number: self.personal("number", Some(&row.number)),
            level: row.level.clone().unwrap_or_default(),
            state: row.state.number(),
            issue_date: Some(date(row.issue_date)),
            expiry_date: row.expiry_date.map(date),
            days_left: row.days_left,
            institutions: row
                .institutions
                .iter()
                .map(|(id, name)| pb::InstitutionRef {
                    institution: format!("{INSTITUTIONS}/{id}"),
                    display_name: name.clone(),
                })
                .collect(),
        }
    }

    /// A person with everything, without the day.
    pub(crate) fn detail(self, detail: PersonDetail) -> pb::GetPersonReply {
        pb::GetPersonReply {
            person: Some(self.person(&detail.row)),
            credentials: detail.credentials.iter().map(|row| self.credential(row)).collect(),
            health: detail.health.iter().map(health_row).collect(),
            queries: detail.queries.iter().map(|row| self.query_row(row)).collect(),
            trainings: detail.trainings.iter().map(training).collect(),
            engagements: detail.engagements.iter().map(|row| self.engagement(row)).collect(),
            bars: detail.bars.iter().map(|row| self.bar_row(row)).collect(),
            damaged: damaged_records(detail.damaged),
            at_date: None,
            as_of: Some(as_of(&detail.as_of)),
        }
    }

    fn query_row(self, row: &QueryRow) -> pb::QueryView {
        let found = if self.operator { &[][..] } else { &row.found[..] };
        pb::QueryView {
            revision: row.revision,
            occasion: row.occasion.number(),
            queried_of: row.queried_of.number(),
            query: Some(query(row.query)),
            found: found.iter().map(|offence| offence.number()).collect(),
        }
    }

    fn bar_row(self, row: &BarRow) -> pb::BarView {
        let reason = row.reason.as_ref().filter(|_| !self.operator);
        let (lifted_date, lifting) = row.lifted.clone().unwrap_or_default();
        pb::BarView {
            revision: row.revision,
            bar: Some(self.bar(row.bar)),
            decision_number: row.decision_number.clone(),
            reason: self.personal("reason", reason),
            lifted: row.lifted.is_some(),
            lifted_date: lifted_date.map(date),
            lifting_decision_number: lifting,
        }
    }
}

fn health(health: Health) -> staffing::HealthStanding {
    staffing::HealthStanding {
        issue_date: Some(date(health.issue_date)),
        expiry_date: Some(date(health.expiry_date)),
        passed: health.passed,
    }
}

fn query(query: RecordQuery) -> staffing::QueryStanding {
    staffing::QueryStanding {
        query_date: Some(date(query.query_date)),
        valid_until_date: Some(date(query.valid_until)),
        clear: query.clear,
    }
}

fn health_row(row: &HealthRow) -> pb::HealthView {
    pb::HealthView {
        revision: row.revision,
        issuer: row.issuer.clone(),
        certificate: Some(health(row.health)),
    }
}

fn training(row: &TrainingRow) -> pb::TrainingView {
    pb::TrainingView {
        revision: row.revision,
        kind: row.kind.number(),
        hours: row.hours,
        provider: row.provider.clone(),
        completed_date: Some(date(row.completed_date)),
    }
}

/// Staff of a region, without the day.
pub(crate) fn figures(figures: &StaffFigures) -> pb::GetStaffFiguresReply {
    pb::GetStaffFiguresReply {
        region: Some(figures_row(&figures.region)),
        parts: figures.parts.iter().map(figures_row).collect(),
        barred_engaged: figures.barred_engaged,
        engaged_twice: figures.engaged_twice,
        at_date: None,
        as_of: Some(as_of(&figures.as_of)),
    }
}

fn figures_row(row: &StaffFiguresRow) -> pb::StaffFigures {
    pb::StaffFigures {
        code: country(&row.code),
        display_name: row.name.clone(),
        has_parts: row.has_children,
        posts: Post::ALL
            .iter()
            .filter_map(|post| Some(post_figures(*post, *row.by_post.get(post.code())?)))
            .collect(),
        certificates: CredentialKind::ALL
            .iter()
            .filter_map(|kind| {
                Some(pb::CertificateFigures {
                    kind: kind.number(),
                    buckets: buckets(row.certificates.get(kind.code())?),
                })
            })
            .collect(),
        health: buckets(&row.health),
        queries: buckets(&row.queries),
        damaged: row.damaged,
    }
}

fn post_figures(post: Post, figures: PostFigures) -> pb::PostFigures {
    pb::PostFigures {
        post: post.number(),
        engaged: figures.engaged,
        off_duty: figures.off_duty,
        qualified: figures.qualified,
        healthy: figures.healthy,
        queried: figures.queried,
        barred: figures.barred,
    }
}

fn buckets(counts: &BTreeMap<String, u64>) -> Vec<pb::BucketCount> {
    Bucket::ALL
        .iter()
        .filter_map(|bucket| {
            Some(pb::BucketCount {
                bucket: bucket.number(),
                count: *counts.get(bucket.code())?,
            })
        })
        .collect()
}
