//! PolicyService: which rules hold, activating them, and the table of days off.

use std::sync::Arc;

use jiff::civil::Date;
use tonic::{Request, Response, Status};
use yujian_command::{ActivationRequest, ListedPolicy};
use yujian_domain::calendar::Holiday;
use yujian_domain::envelope::Actor;
use yujian_domain::policy::{NATION, PolicyDocument};
use yujian_domain::reference::{ActivePolicy, Reference};
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::values::RegionId;
use yujian_proto::licensing::v1 as pb;

use crate::Api;
use crate::convert::{date, policy as convert};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

pub(crate) struct Policies(pub Arc<Api>);

/// Full names of the methods that append, part of what their request ids stand for.
const ACTIVATE_POLICY: &str = "yujian.licensing.v1.PolicyService/ActivatePolicy";
const ACTIVATE_HOLIDAYS: &str = "yujian.licensing.v1.PolicyService/ActivateHolidays";

fn refused(rejection: Rejection) -> Status {
    error::rejection(&rejection)
}

#[tonic::async_trait]
impl pb::policy_service_server::PolicyService for Policies {
    async fn list_policies(
        &self,
        request: Request<pb::ListPoliciesRequest>,
    ) -> Result<Response<pb::ListPoliciesReply>, Status> {
        let request = request.into_inner();
        let mut f = Fields::default();
        let kind = f.optional_code("kind", request.kind);
        let region = policy_region(&mut f, "region_code", &request.region_code);
        f.finish(|| Some(())).map_err(refused)?;
        let listed = self.0.commands.active_reference().policies_listed();
        let asked = |one: &ListedPolicy| {
            let document = &one.policy.document;
            kind.is_none_or(|kind| document.body.kind() == kind)
                && region.as_deref().is_none_or(|region| document.region == region)
        };
        let policies = listed.iter().filter(|one| asked(one)).map(convert::listed).collect();
        Ok(Response::new(pb::ListPoliciesReply { policies }))
    }

    async fn get_policy(&self, request: Request<pb::GetPolicyRequest>) -> Result<Response<pb::GetPolicyReply>, Status> {
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.text("id", request.id);
        let id = f.finish(|| id).map_err(refused)?;
        let listed = self.0.commands.active_reference().policies_listed();
        let asked = |one: &&ListedPolicy| {
            let reference = &one.policy.reference;
            reference.id == id && request.version.is_none_or(|version| reference.version == version)
        };
        // By id and version, so the last one is the highest.
        let found = listed.iter().rfind(asked).ok_or_else(|| refused(absent()))?;
        Ok(Response::new(pb::GetPolicyReply {
            policy: Some(convert::listed(found)),
            document: found.policy.text.clone(),
            values: convert::values(&found.policy.document, &found.policy.text).map_err(refused)?,
        }))
    }

    async fn check_policy(
        &self,
        request: Request<pb::CheckPolicyRequest>,
    ) -> Result<Response<pb::CheckPolicyReply>, Status> {
        let request = request.into_inner();
        let mut f = Fields::default();
        let text = f.text("document", request.document);
        let text = f.finish(|| text).map_err(refused)?;
        let checked = yujian_domain::activation::checked(&text).map_err(refused)?;
        let active = self.0.commands.active_reference();
        let reference = &active.reference;
        let document = &checked.document;
        let region = region_id(reference, &document.region);
        let rival = region
            .as_ref()
            .and_then(|region| reference.in_force(document.body.kind(), region, document.effective_date));
        let differences = rival.map(|rival| PolicyDocument::differences(&rival.text, &text));
        let differences = differences
            .transpose()
            .map_err(|error| refused(convert::unreadable(&error)))?;
        Ok(Response::new(pb::CheckPolicyReply {
            policy: Some(convert::policy(&checked)),
            values: convert::values(document, &text).map_err(refused)?,
            in_force: rival.map(convert::policy),
            differences: convert::differences(differences.unwrap_or_default()),
        }))
    }

    async fn activate_policy(
        &self,
        request: Request<pb::ActivatePolicyRequest>,
    ) -> Result<Response<pb::ActivatePolicyReply>, Status> {
        let (actor, _) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let request_id = f.request_id("request_id", &request.request_id);
        let document = f.text("document", request.document);
        let approver = optional_text(request.approver);
        let (request_id, document) = f.finish(|| Some((request_id?, document?))).map_err(refused)?;
        let asked = asked(actor, request_id, ACTIVATE_POLICY, approver, request.validate_only);
        let done = self
            .0
            .commands
            .activate_policy(asked, &document)
            .await
            .map_err(|failed| error::command(&failed))?;
        let checked = yujian_domain::activation::checked(&done.event.document).map_err(refused)?;
        let mut policy = convert::policy(&checked);
        let active = self.0.commands.active_reference();
        let mut known = active.policies.iter();
        policy.activation = known
            .find(|known| Some(known.position) == done.position)
            .map(|known| convert::activation(known, known.event.retroactive_approver.as_deref()));
        Ok(Response::new(pb::ActivatePolicyReply {
            policy: Some(policy),
            position: convert::position(done.position),
        }))
    }

    async fn compare_policies(
        &self,
        request: Request<pb::ComparePoliciesRequest>,
    ) -> Result<Response<pb::ComparePoliciesReply>, Status> {
        let request = request.into_inner();
        let active = self.0.commands.active_reference();
        let mut f = Fields::default();
        let kind = f.code("kind", request.kind);
        let code = f.text("region_code", request.region_code);
        let code = code.and_then(|code| policy_region(&mut f, "region_code", &code));
        let act = f.date("act_date", request.act_date);
        let decision = f.date("decision_date", request.decision_date);
        let (kind, code, act, decision) = f.finish(|| Some((kind?, code?, act?, decision?))).map_err(refused)?;
        let region = region_id(&active.reference, &code).ok_or_else(|| refused(absent()))?;
        let comparison = active
            .reference
            .compare(kind, &region, act, decision)
            .map_err(refused)?;
        let shown = |one: Option<&ActivePolicy>| {
            let listed = active.policies_listed();
            let found = listed.into_iter().find(|known| Some(&known.policy) == one);
            found.map(|known| convert::listed(&known))
        };
        Ok(Response::new(pb::ComparePoliciesReply {
            at_act: shown(comparison.at_act),
            at_decision: shown(comparison.at_decision),
            differences: convert::differences(comparison.differences),
        }))
    }

    async fn list_holidays(
        &self,
        request: Request<pb::ListHolidaysRequest>,
    ) -> Result<Response<pb::ListHolidaysReply>, Status> {
        let year = request.into_inner().year;
        let active = self.0.commands.active_reference();
        let table = active.reference.holidays();
        // It was read when it became active.
        let mut days = table.map_or_else(Vec::new, |table| Holiday::read(&table.document).unwrap_or_default());
        let of_year = |day: Date| year.is_none_or(|year| u32::try_from(day.year()).is_ok_and(|one| one == year));
        days.retain(|day| of_year(day.date));
        days.sort_by_key(|day| day.date);
        Ok(Response::new(pb::ListHolidaysReply {
            covered_until: active.reference.calendar.covered_until().map(date),
            days: days.iter().map(convert::holiday).collect(),
            tables: active.holidays.iter().map(convert::table_of).collect(),
        }))
    }

    async fn activate_holidays(
        &self,
        request: Request<pb::ActivateHolidaysRequest>,
    ) -> Result<Response<pb::ActivateHolidaysReply>, Status> {
        let (actor, _) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let request_id = f.request_id("request_id", &request.request_id);
        let table = f.text("table", request.table);
        let source = optional_text(request.source);
        let approver = optional_text(request.approver);
        let (request_id, table) = f.finish(|| Some((request_id?, table?))).map_err(refused)?;
        let asked = asked(actor, request_id, ACTIVATE_HOLIDAYS, approver, request.validate_only);
        let done = self
            .0
            .commands
            .activate_holidays(asked, &table, source.as_deref())
            .await
            .map_err(|failed| error::command(&failed))?;
        let active = self.0.commands.active_reference();
        let known = active
            .holidays
            .iter()
            .find(|known| Some(known.position) == done.position);
        Ok(Response::new(pb::ActivateHolidaysReply {
            table: Some(known.map_or_else(|| convert::table(&done.event), convert::table_of)),
            position: convert::position(done.position),
        }))
    }
}

fn asked(
    actor: Actor,
    request_id: uuid::Uuid,
    method: &'static str,
    approver: Option<String>,
    validate_only: bool,
) -> ActivationRequest {
    ActivationRequest {
        actor,
        request_id,
        method,
        approver,
        validate_only,
    }
}

/// The region of a document: a division code or the nation; empty means none.
fn policy_region(f: &mut Fields, field: &str, code: &str) -> Option<String> {
    if code == NATION {
        return Some(NATION.to_owned());
    }
    f.region_code(field, code)
}

/// A region to choose documents by: a division, a former one too, since documents are chosen by code and any valid year of
/// entry will do. For the nation a code that lies in no division, where only the nation's documents hold.
fn region_id(reference: &Reference, code: &str) -> Option<RegionId> {
    const IN_NO_DIVISION: &str = "CN-0";
    let known = reference.divisions.get(code).map(|division| division.id.clone());
    let code = if code == NATION { IN_NO_DIVISION } else { code };
    known.or_else(|| RegionId::parse(code, 2020).ok())
}

fn absent() -> Rejection {
    Rejection::new(Reason::NotFound, "no such policy document", "未找到该政策文件").with("resource", "policy")
}
