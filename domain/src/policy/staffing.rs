//! Rules for staff: how long checks count, and what each post asks for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::{Citation, Header, Marked, Marks, PolicyBody, PolicyDocument, PolicyError, PolicyKind};
use crate::person::{CredentialKind, Post};

/// What a post asks for beside the checks that every post asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostRule {
    /// Kinds of credential, of which one must be verified and valid; empty: none is asked for.
    pub credentials: Vec<CredentialKind>,
    /// Hours of management training, all years together.
    pub management_hours: u32,
}

/// Rules for staff, by the version in force on the day that each rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffingPolicy {
    /// Months for which a health certificate (健康证明) counts, from the day of the examination.
    pub health_certificate_months: u32,
    /// Months for which the answer to a record query counts.
    pub record_query_months: u32,
    /// How many days ahead an engagement may be told.
    pub start_ahead_days: u32,
    /// Most credentials that are kept of one person.
    pub max_credentials: u32,
    /// Full time in permille: more over all engagements of a person is flagged, not refused.
    pub full_time_permille: u32,
    /// Days before the end of a credential, certificate or query on which a warning is due, longest first.
    pub warning_days: Vec<u32>,
    /// What each post asks for; holds every post.
    pub posts: BTreeMap<Post, PostRule>,
}

impl StaffingPolicy {
    /// What a post asks for.
    #[must_use]
    pub fn post(&self, post: Post) -> &PostRule {
        self.posts
            .get(&post)
            .expect("a document without a rule for every post is refused")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: String,
    version: u32,
    #[serde(rename = "kind")]
    _kind: PolicyKind,
    region: String,
    effective_date: Date,
    title: String,
    legal_basis: Vec<Citation>,
    values: Values,
    posts: BTreeMap<String, Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    health_certificate_months: Marked<u32>,
    record_query_months: Marked<u32>,
    start_ahead_days: Marked<u32>,
    max_credentials: Marked<u32>,
    full_time_permille: Marked<u32>,
    warning_days: Marked<Vec<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    credentials: Marked<Vec<CredentialKind>>,
    management_hours: Marked<u32>,
}

pub(super) fn parse(text: &str) -> Result<PolicyDocument, PolicyError> {
    let document: Document = super::read(text)?;
    let mut marks = Marks::default();
    let values = document.values;
    let posts = posts(document.posts, &mut marks)?;
    let policy = StaffingPolicy {
        health_certificate_months: marks
            .take_positive("values.health_certificate_months", values.health_certificate_months)?,
        record_query_months: marks.take_positive("values.record_query_months", values.record_query_months)?,
        start_ahead_days: marks.take("values.start_ahead_days", values.start_ahead_days)?,
        max_credentials: marks.take_positive("values.max_credentials", values.max_credentials)?,
        full_time_permille: marks.take_positive("values.full_time_permille", values.full_time_permille)?,
        warning_days: marks.take("values.warning_days", values.warning_days)?,
        posts,
    };
    if !policy.warning_days.windows(2).all(|pair| pair[0] > pair[1]) {
        return Err(PolicyError::new(
            "values.warning_days",
            "must fall from the longest to the shortest, each once",
        ));
    }
    let header = Header {
        id: document.id,
        version: document.version,
        region: document.region,
        effective_date: document.effective_date,
        title: document.title,
        legal_basis: document.legal_basis,
    };
    header.with(PolicyBody::Staffing(policy), marks)
}

fn posts(written: BTreeMap<String, Rule>, marks: &mut Marks) -> Result<BTreeMap<Post, PostRule>, PolicyError> {
    let mut posts = BTreeMap::new();
    for (code, rule) in written {
        let path = format!("posts.{code}");
        let post = Post::from_code(&code).ok_or_else(|| PolicyError::new(&path, "is no post"))?;
        let credentials_path = format!("{path}.credentials");
        let credentials = marks.take(&credentials_path, rule.credentials)?;
        for (index, kind) in credentials.iter().enumerate() {
            if credentials[..index].contains(kind) {
                return Err(PolicyError::new(
                    credentials_path,
                    format!("{} stands here twice", kind.code()),
                ));
            }
        }
        let management_hours = marks.take(&format!("{path}.management_hours"), rule.management_hours)?;
        posts.insert(
            post,
            PostRule {
                credentials,
                management_hours,
            },
        );
    }
    for post in Post::ALL {
        if !posts.contains_key(post) {
            return Err(PolicyError::new(format!("posts.{}", post.code()), "is missing"));
        }
    }
    Ok(posts)
}
