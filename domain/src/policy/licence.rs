//! Rules of licences (许可): the regime that the draft 托育服务法 would put in the place of filing. Its clocks are those of
//! 行政许可法.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::admission::{Paper, falling, papers};
use super::standards::{self, Standards, WrittenType};
use super::{Citation, Header, Marked, Marks, PaperRule, PolicyBody, PolicyDocument, PolicyError, PolicyKind};
use crate::institution::InstitutionType;

/// Rules of licences, by the version in force on the reference date (acceptance). Periods of the authority are working
/// days (行政许可法 §82).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicencePolicy {
    /// Who grants licences, in Chinese.
    pub competent_authority: String,
    /// Working days to ask once for everything that is missing (行政许可法 §32).
    pub completeness_working_days: u32,
    /// Whether an application is accepted from the day on which its papers came when nothing was asked for in time (§32).
    pub deemed_accepted: bool,
    /// Working days from acceptance to the decision (§42).
    pub decision_working_days: u32,
    /// Working days by which the head of the authority may extend it, once (§42).
    pub decision_extension_working_days: u32,
    /// Working days to the decision where several authorities act together (§42).
    pub joint_working_days: u32,
    /// Working days by which the people's government may extend that, once (§42).
    pub joint_extension_working_days: u32,
    /// Working days from the decision to the certificate (§44).
    pub certificate_working_days: u32,
    /// Calendar days before expiry by which renewal is asked for (§50).
    pub renewal_ask_days: u32,
    /// Whether a licence is renewed when nothing was decided before its expiry (§50).
    pub deemed_renewed: bool,
    /// Months for which a licence is granted.
    pub term_months: u32,
    /// Months for which a provisional licence is granted.
    pub provisional_months: u32,
    /// Working days from the notice to ask for a hearing (§47).
    pub hearing_request_working_days: u32,
    /// Working days from the request within which a hearing is held (§47).
    pub hearing_hold_working_days: u32,
    /// Working days before a hearing by which its time and place are told (§48).
    pub hearing_notice_working_days: u32,
    /// Fewest persons of an on-site verification (§34).
    pub site_verifiers_min: u32,
    /// Working days to answer a request for information; after them the application lapses.
    pub information_reply_working_days: u32,
    /// Working days to put right what the one correction notice names; after them the application lapses.
    pub correction_reply_working_days: u32,
    /// Months without a new application after false papers (§78).
    pub false_papers_bar_months: u32,
    /// Months without a new application after a licence that was got by fraud (§79).
    pub fraud_bar_months: u32,
    /// Calendar days from the decision to ask for its review (行政复议法 §20).
    pub review_days: u32,
    /// Months from the decision to sue (行政诉讼法 §46).
    pub suit_months: u32,
    /// Most months of a waiver: there is none without expiry.
    pub waiver_max_months: u32,
    /// Months from the first day of this regime in which what was filed before goes over to a licence.
    pub migration_months: u32,
    /// Calendar days from the notice of closing in which the children are placed elsewhere.
    pub cessation_days: u32,
    /// Calendar days before the expiry of a paper on which to warn, falling.
    pub paper_warning_days: Vec<u32>,
    /// What premises, classes and types must be.
    pub standards: Standards,
    /// Papers of an application, in the order in which they are asked for.
    pub papers: Vec<PaperRule>,
}

impl LicencePolicy {
    /// Papers that such an application needs, in the order of the document.
    pub fn required_papers(
        &self,
        institution_type: InstitutionType,
        makes_meals: bool,
    ) -> impl Iterator<Item = &PaperRule> {
        standards::required(&self.papers, institution_type, makes_meals)
    }

    /// Who supervises an institution of this type, in Chinese: the type's own authority, else the competent one.
    #[must_use]
    pub fn authority(&self, institution_type: InstitutionType) -> &str {
        self.standards.authority(institution_type, &self.competent_authority)
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
    standards: standards::Written,
    class_limits: BTreeMap<String, Marked<u32>>,
    #[serde(default)]
    types: BTreeMap<String, WrittenType>,
    papers: Vec<Paper>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    competent_authority: Marked<String>,
    completeness_working_days: Marked<u32>,
    deemed_accepted: Marked<bool>,
    decision_working_days: Marked<u32>,
    decision_extension_working_days: Marked<u32>,
    joint_working_days: Marked<u32>,
    joint_extension_working_days: Marked<u32>,
    certificate_working_days: Marked<u32>,
    renewal_ask_days: Marked<u32>,
    deemed_renewed: Marked<bool>,
    term_months: Marked<u32>,
    provisional_months: Marked<u32>,
    hearing_request_working_days: Marked<u32>,
    hearing_hold_working_days: Marked<u32>,
    hearing_notice_working_days: Marked<u32>,
    site_verifiers_min: Marked<u32>,
    information_reply_working_days: Marked<u32>,
    correction_reply_working_days: Marked<u32>,
    false_papers_bar_months: Marked<u32>,
    fraud_bar_months: Marked<u32>,
    review_days: Marked<u32>,
    suit_months: Marked<u32>,
    waiver_max_months: Marked<u32>,
    migration_months: Marked<u32>,
    cessation_days: Marked<u32>,
    paper_warning_days: Marked<Vec<u32>>,
}

pub(super) fn parse(text: &str) -> Result<PolicyDocument, PolicyError> {
    let document: Document = super::read(text)?;
    let mut marks = Marks::default();
    let values = document.values;
    /// Takes a value that is at least 1 under the path of its own name.
    macro_rules! positive {
        ($name:ident) => {
            marks.take_positive(concat!("values.", stringify!($name)), values.$name)?
        };
    }
    let policy = LicencePolicy {
        competent_authority: marks.take("values.competent_authority", values.competent_authority)?,
        completeness_working_days: positive!(completeness_working_days),
        deemed_accepted: marks.take("values.deemed_accepted", values.deemed_accepted)?,
        decision_working_days: positive!(decision_working_days),
        decision_extension_working_days: positive!(decision_extension_working_days),
        joint_working_days: positive!(joint_working_days),
        joint_extension_working_days: positive!(joint_extension_working_days),
        certificate_working_days: positive!(certificate_working_days),
        renewal_ask_days: positive!(renewal_ask_days),
        deemed_renewed: marks.take("values.deemed_renewed", values.deemed_renewed)?,
        term_months: positive!(term_months),
        provisional_months: positive!(provisional_months),
        hearing_request_working_days: positive!(hearing_request_working_days),
        hearing_hold_working_days: positive!(hearing_hold_working_days),
        hearing_notice_working_days: positive!(hearing_notice_working_days),
        site_verifiers_min: positive!(site_verifiers_min),
        information_reply_working_days: positive!(information_reply_working_days),
        correction_reply_working_days: positive!(correction_reply_working_days),
        false_papers_bar_months: positive!(false_papers_bar_months),
        fraud_bar_months: positive!(fraud_bar_months),
        review_days: positive!(review_days),
        suit_months: positive!(suit_months),
        waiver_max_months: positive!(waiver_max_months),
        migration_months: positive!(migration_months),
        cessation_days: positive!(cessation_days),
        paper_warning_days: marks.take("values.paper_warning_days", values.paper_warning_days)?,
        standards: document
            .standards
            .read("standards", document.class_limits, document.types, &mut marks)?,
        papers: papers(document.papers, &mut marks)?,
    };
    falling(&policy.paper_warning_days)?;
    let header = Header {
        id: document.id,
        version: document.version,
        region: document.region,
        effective_date: document.effective_date,
        title: document.title,
        legal_basis: document.legal_basis,
    };
    header.with(PolicyBody::Licence(policy), marks)
}
