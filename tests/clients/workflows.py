"""Walks filing, licence, staffing, inspection and incident with nothing but the .proto files: no code of ours. Licences must be
in force in 330108, and filing in 330106.

Usage: workflows.py HOST:PORT CREDIT_CODE PROTO_ROOT

The stubs are made from PROTO_ROOT when grpcio-tools is there; otherwise the same descriptors come by reflection.
"""
import datetime
import hashlib
import pathlib
import sys
import tempfile
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

ADDRESS, CREDIT_CODE, ROOT = sys.argv[1:]
CHANNEL = grpc.insecure_channel(ADDRESS)
SERVICES = ["licensing.v1.LicensingService", "licensing.v1.AuthorizationService", "licensing.v1.OperatorService",
            "staffing.v1.StaffingService", "inspection.v1.InspectionService", "incident.v1.IncidentService",
            "supervision.v1.SupervisionService"]
CHINA = datetime.timezone(datetime.timedelta(hours=8))
TODAY = datetime.datetime.now(CHINA).date()

OPERATOR = f"role=operator; id=op-1; organisation={CREDIT_CODE}"
OFFICER = "role=officer; id=zhang-07; organisation=health-330106; jurisdiction=330106"
SECOND = "role=officer; id=sun-08; organisation=health-330106; jurisdiction=330106"
LEAD = "role=inspector; id=li-01; organisation=health-330106; jurisdiction=330106"
BUREAU = "role=bureau; id=police-1; organisation=police; jurisdiction=330106"
# Where licences are in force: who handles an application, who decides it, and the fire brigade.
HANDLER = "role=officer; id=qian-03; organisation=health-330108; jurisdiction=330108"
HEAD = "role=officer; id=zhou-01; organisation=health-330108; jurisdiction=330108"
FIRE = "role=bureau; id=fire-1; organisation=fire; jurisdiction=330108"


def descriptors():
    """The descriptors: compiled from the files, or asked of the server."""
    try:
        import grpc_tools
        from grpc_tools import protoc
    except ImportError:
        return descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(CHANNEL))
    with tempfile.NamedTemporaryFile(suffix=".bin") as out:
        includes = [f"-I{ROOT}", f"-I{pathlib.Path(grpc_tools.__file__).parent / '_proto'}"]
        files = [str(path) for path in sorted(pathlib.Path(ROOT).rglob("*.proto"))]
        assert protoc.main(["protoc", *includes, "--include_imports", f"-o{out.name}", *files]) == 0
        compiled = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in compiled.file:
        pool.Add(file)
    return pool


POOL = descriptors()
METHODS = {method.name: method
           for service in SERVICES
           for method in POOL.FindServiceByName(f"yujian.{service}").methods}


def call(method, actor, /, **body):
    method = METHODS[method]
    request_type = message_factory.GetMessageClass(method.input_type)
    reply_type = message_factory.GetMessageClass(method.output_type)
    path = f"/{method.containing_service.full_name}/{method.name}"
    stub = CHANNEL.unary_unary(path, request_type.SerializeToString, reply_type.FromString)
    if "header" in method.input_type.fields_by_name:
        body["header"] = {"requestId": str(uuid.uuid4()), **body.get("header", {})}
    request = json_format.ParseDict(body, request_type(), descriptor_pool=POOL)
    reply = stub(request, metadata=[("yujian-actor", actor)], timeout=30)
    return json_format.MessageToDict(reply, descriptor_pool=POOL)


def refused(reason, method, actor, /, **body):
    """The articles that a refusal with this reason cites."""
    try:
        call(method, actor, **body)
    except grpc.RpcError as error:
        for detail in rpc_status.from_call(error).details:
            if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                info = error_details_pb2.ErrorInfo.FromString(detail.value)
                assert (info.reason, info.domain) == (reason, "yujian"), info
                return info.metadata["legal_basis"]
        raise
    sys.exit(f"{method} was not refused")


def day(date):
    return {"year": date.year, "month": date.month, "day": date.day}


def ago(days):
    return day(TODAY - datetime.timedelta(days=days))


def ahead(days):
    return ago(-days)


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


# Licensing: registered, returned with everything that is missing, accepted, receipt.
PAPERS = ["FILING_FORM", "COMMITMENT", "REGISTRATION_CERTIFICATE", "PREMISES_PROOF", "STAFF_QUALIFICATIONS",
          "STAFF_HEALTH_CERTIFICATES", "HYGIENE_EVALUATION", "FIRE_SAFETY"]


def paper(kind):
    made = {"kind": f"PAPER_KIND_{kind}", "issuer": "签发机关", "number": "P-1", "issueDate": ago(60)}
    if kind in ("HYGIENE_EVALUATION", "FIRE_SAFETY"):
        made["passed"] = True
    if kind == "STAFF_HEALTH_CERTIFICATES":
        made["expiryDate"] = ahead(3650)
    return made


def license():
    institution = call(
        "RegisterInstitution", OPERATOR, displayName="西湖蟒蛇托育园", creditCode=CREDIT_CODE, site="总部",
        address="杭州市西湖区文三路2号", region={"code": "330106"}, institutionType="INSTITUTION_TYPE_COMPREHENSIVE",
        mode="MODE_PRIVATE", ownership="OWNERSHIP_PRIVATE", registrar="REGISTRAR_MARKET_SUPERVISION",
        registrationDate=ago(90), representative={"name": "欧阳一诺", "phone": "13912345678"},
        classes=[{"name": "托小一班", "classType": "CLASS_TYPE_YOUNGER_TODDLER", "places": 15}])["institution"]
    name = institution["name"]
    premises = {"tenure": "TENURE_OWNED", "highestFloor": 2, "lowestFloor": 1}
    returned = call("SubmitFiling", OPERATOR, name=name, premises=premises,
                    papers=[paper(kind) for kind in PAPERS[2:]])["institution"]
    assert returned["state"] == "INSTITUTION_STATE_RETURNED", returned
    accepted = call("SubmitFiling", OPERATOR, name=name, premises=premises,
                    papers=[paper(kind) for kind in PAPERS])["institution"]
    assert accepted["state"] == "INSTITUTION_STATE_ACCEPTED", accepted
    filed = call("IssueReceipt", OFFICER, name=name, receiptNumber="西托备〔2026〕1号", issueDate=day(TODAY))
    assert filed["institution"]["state"] == "INSTITUTION_STATE_FILED", filed
    return name


# Licence: advised, tried, returned, accepted, looked at, granted with a condition, taken away, the children placed.
def licence():
    region = {"code": "330108"}
    kind = "INSTITUTION_TYPE_COMPREHENSIVE"
    advice = call("AdviseFiling", OPERATOR, institutionType=kind, region=region, date=day(TODAY))
    assert advice["regime"] == "REGIME_LICENCE" and not int(advice.get("feeFen", 0)), advice
    assert [one["kind"] for one in advice["papers"]] == [f"PAPER_KIND_{paper}" for paper in PAPERS], advice
    periods = {one["kind"]: one for one in advice["clocks"]}
    assert periods["CLOCK_KIND_COMPLETENESS"]["deemed"] == "DEEMED_OUTCOME_ACCEPTED", periods

    name = call(
        "RegisterInstitution", OPERATOR, displayName="滨江蟒蛇托育园", creditCode=CREDIT_CODE, site="滨江部",
        address="杭州市滨江区江南大道2号", region=region, institutionType=kind, mode="MODE_PRIVATE",
        ownership="OWNERSHIP_PRIVATE", registrar="REGISTRAR_MARKET_SUPERVISION", registrationDate=ago(90),
        representative={"name": "欧阳一诺", "phone": "13912345678"},
        classes=[{"name": "托小一班", "classType": "CLASS_TYPE_YOUNGER_TODDLER", "places": 15}])["institution"]["name"]
    premises = {"tenure": "TENURE_OWNED", "highestFloor": 2, "lowestFloor": 1}
    papers = [paper(kind) for kind in PAPERS]
    checked = call("CheckFiling", OPERATOR, name=name, premises=premises, papers=papers[:7])
    assert [one["item"] for one in checked["missing"]] == ["papers.fire_safety"], checked
    refused("REGIME_NOT_IN_FORCE", "SubmitFiling", OPERATOR, name=name, premises=premises, papers=papers)

    def latest(reply):
        return reply["institution"]["licenceApplications"][-1]

    returned = latest(call("FileFiling", OPERATOR, name=name, premises=premises, papers=papers[:7]))
    assert returned["state"] == "APPLICATION_STATE_RETURNED", returned
    assert returned["returnedItems"][0]["labelEn"] == "Fire-safety pass: missing", returned
    submitted = latest(call("SubmitApplication", OPERATOR, name=name, kind="APPLICATION_KIND_LICENCE",
                            premises=premises, papers=papers))
    assert submitted["state"] == "APPLICATION_STATE_SUBMITTED", submitted
    about = {"name": name, "application": submitted["number"]}
    accepted = call("AcceptApplication", HANDLER, **about)
    clock = [one for one in accepted["institution"]["clocks"] if one["kind"] == "CLOCK_KIND_DECISION"][0]
    assert clock["count"] == periods["CLOCK_KIND_DECISION"]["count"], clock

    grant = {**about, "outcome": "PROPOSED_OUTCOME_GRANT", "conditions": [
        {"item": "papers.fire_safety", "text": "按期提交年度消防检查记录", "dueDate": ahead(60)}]}
    basis = refused("REVIEW_INCOMPLETE", "ProposeDecision", HANDLER, **grant)
    assert "行政许可法 §34" in basis, basis
    waiting = latest(call("RequestInformation", HANDLER, **about, questions=[
        {"item": "papers.fire_safety", "question": "请说明疏散通道"}]))
    assert waiting["state"] == "APPLICATION_STATE_AWAITING_INFORMATION", waiting
    call("ProvideInformation", OPERATOR, **about, statement="见平面图")
    call("RecordRegistryCheck", FIRE, name=name, source="REGISTRY_SOURCE_FIRE", item="papers.fire_safety",
         number="P-1", outcome="REGISTRY_OUTCOME_MATCHES", recordDate=day(TODAY), responseSha256=digest("答复"))
    call("RecordSiteVerification", HANDLER, **about, visitDate=day(TODAY), outcome="VERIFICATION_OUTCOME_MEETS",
         verifiers=[{"account": "li-01", "certificate": "ZF-1"}, {"account": "wang-02", "certificate": "ZF-2"}])
    call("ProposeDecision", HANDLER, **grant)
    seen = call("GetInstitution", OPERATOR, name=name)
    assert "proposal" not in str(seen), "the applicant is told of no proposal"
    number = {"licenceNumber": "浙托许330108-0001"}
    refused("TWO_PERSON_RULE", "DecideApplication", HANDLER, **about, **number)
    granted = call("DecideApplication", HEAD, **about, **number)
    held = granted["institution"]["authorization"]
    assert held["kind"] == "AUTHORIZATION_KIND_LICENCE" and held["validToDate"], held
    issued = call("IssueCertificate", HANDLER, **about, issueDate=day(TODAY))
    assert latest(issued)["certificateIssued"], issued
    told = call("GetApplication", OPERATOR, institution=name, number=about["application"],
                minPosition=issued["command"]["position"])
    assert told["application"]["state"] == "APPLICATION_STATE_GRANTED" and "proposal" not in told, told
    waiting = call("ListClocks", HANDLER, institution=name, waitingOnly=True)["clocks"]
    assert {"CLOCK_KIND_CONDITION", "CLOCK_KIND_RENEWAL"} <= {one["kind"] for one in waiting}, waiting

    call("RecordConditionMet", HANDLER, name=name, condition=1, onDate=day(TODAY), statement="已核查")
    call("SuspendInstitution", HANDLER, name=name, kind="SUSPENSION_KIND_EMERGENCY", reason="燃气泄漏",
         fromDate=day(TODAY))
    resumed = call("ResumeInstitution", HANDLER, name=name, fromDate=day(TODAY), statement="已修复")
    assert resumed["institution"]["state"] == "INSTITUTION_STATE_LICENSED", resumed
    taken = {"name": name, "ground": "REVOCATION_GROUND_BREACH", "effectiveDate": day(TODAY), "childrenToPlace": 2,
             "reasons": [{"item": "conditions", "description": "多次违反附加条件"}]}
    refused("TWO_PERSON_RULE", "RevokeAuthorization", HANDLER, approver="qian-03", **taken)
    revoked = call("RevokeAuthorization", HANDLER, approver="zhou-01", **taken)["institution"]
    assert revoked["state"] == "INSTITUTION_STATE_REVOKED", revoked
    assert revoked["cessation"]["childrenToPlace"] == 2, revoked
    call("RecordPlacement", OPERATOR, name=name, children=2, onDate=day(TODAY))
    closed = call("CloseCessation", HANDLER, name=name, onDate=day(TODAY))
    assert closed["institution"]["cessation"]["closedDate"] == day(TODAY), closed
    history = call("ListAuthorizations", OPERATOR, institution=name, minPosition=closed["command"]["position"])
    assert history["authorizations"][-1]["state"] == "AUTHORIZATION_STATE_REVOKED", history


# Staffing: two inspectors; a carer with credentials, checks, an engagement, and a bar.
def credential(person, kind, number, claimant, verifier):
    claimed = call("ClaimCredential", claimant, name=person, kind=f"CREDENTIAL_KIND_{kind}", issuer="发证机关",
                   number=number, issueDate=ago(400), expiryDate=ahead(700))["person"]
    ordinal = claimed["credentials"][-1]["credential"]
    verified = call("VerifyCredential", verifier, name=person, credential=ordinal,
                    method="VERIFICATION_METHOD_REGISTRY")["person"]
    assert verified["credentials"][-1]["state"] == "CREDENTIAL_STATE_VERIFIED", verified


def inspector(account, passport):
    person = call("RegisterPerson", OFFICER, region={"code": "330106"}, identityKind="IDENTITY_KIND_PASSPORT",
                  identity=passport, displayName="李执法", proofing="PROOFING_COUNTER",
                  birthDate=day(datetime.date(1985, 5, 5)), account=account)["person"]["name"]
    credential(person, "ENFORCEMENT", f"ZF-{account}", OFFICER, SECOND)
    return person


def staff(institution):
    person = call("RegisterPerson", OPERATOR, institution=institution, identityKind="IDENTITY_KIND_RESIDENT_ID",
                  identity="11010519491231002X", displayName="欧阳明月", phone="13812345678",
                  proofing="PROOFING_REGISTRY")["person"]["name"]
    start = {"institution": institution, "post": "POST_CARER", "employment": "EMPLOYMENT_DIRECT",
             "sharePermille": 1000, "startDate": day(TODAY)}
    basis = refused("PERSON_INELIGIBLE", "EngagePerson", OPERATOR, name=person, **start)
    assert "未成年人保护法 §62" in basis, basis
    credential(person, "CHILDCARE_WORKER", "BY-1", OPERATOR, BUREAU)
    call("RecordHealthCertificate", OPERATOR, name=person, issuer="疾病预防控制中心", issueDate=ago(30), passed=True)
    call("RecordQuery", OPERATOR, name=person, occasion="QUERY_OCCASION_HIRING", queriedOf="QUERIED_OF_POLICE",
         queryDate=ago(20))
    call("RecordTraining", OPERATOR, name=person, kind="TRAINING_KIND_PRE_SERVICE", hours=40, provider="妇幼保健院",
         completedDate=ago(10))
    tried = call("EngagePerson", OPERATOR, name=person, header={"validateOnly": True}, **start)
    assert "position" not in tried["command"], tried
    engaged = call("EngagePerson", OPERATOR, name=person, **start)
    engagement = engaged["person"]["engagements"][0]
    assert engagement["state"] == "ENGAGEMENT_STATE_ACTIVE" and engagement["qualified"], engaged
    row = call("ListStaff", OPERATOR, institution=institution,
               minPosition=engaged["command"]["position"])["engagements"][0]
    assert row["person"] == person and row["personName"]["masked"] == "欧***", row

    barred = call("BarPerson", OFFICER, name=person, ground="BAR_GROUND_CHILD_ABUSE", fromDate=day(TODAY),
                  decisionNumber="西卫禁〔2026〕1号", reason="虐待儿童")
    assert barred["person"]["state"] == "PERSON_STATE_BARRED" and "untilDate" not in barred["person"]["bar"], barred
    seen = call("GetPerson", OPERATOR, name=person, minPosition=barred["command"]["position"])
    assert seen["person"]["state"] == "PERSON_STATE_BARRED" and "ground" not in seen["bars"][0]["bar"], seen


# Inspection: from the plan to the published result.
def inspect(institution, team):
    version = {"id": "wst-821", "version": 1}
    items = [item for item in call("GetChecklist", LEAD, checklist=version)["checklist"]["items"]
             if not item.get("veto")]
    plan = {"institution": institution, "purpose": "PURPOSE_ROUTINE", "checklist": version, "fromDate": day(TODAY),
            "toDate": ahead(7)}
    name = call("PlanInspection", OFFICER, **plan)["inspection"]["name"]
    arrival = {"name": name, "method": "CHECK_IN_METHOD_WRITTEN_NOTICE"}
    basis = refused("ILLEGAL_TRANSITION", "CheckIn", LEAD, **arrival)
    assert basis, "an illegal move cites its article"
    refused("TWO_PERSON_RULE", "ApproveInspection", OFFICER, name=name, approvalNumber="西卫检〔2026〕1号")
    call("ApproveInspection", SECOND, name=name, approvalNumber="西卫检〔2026〕1号")
    basis = refused("NOT_CERTIFIED_INSPECTOR", "AssignInspectors", OFFICER, name=name,
                    inspectors=[{"person": team[0], "noConflict": True}])
    assert "行政处罚法 §42" in basis, basis
    call("AssignInspectors", OFFICER, name=name,
         inspectors=[{"person": person, "noConflict": True} for person in team])
    refused("NOT_FOUND", "GetInspection", OPERATOR, name=name)
    call("CheckIn", LEAD, **arrival)
    count = [{"classType": "CLASS_TYPE_YOUNGER_TODDLER", "count": 12}]
    call("CountPresence", LEAD, name=name, children=count, carers=[{**count[0], "count": 2}])
    wrong, right = items[0]["code"], items[1]["code"]
    evidence = [digest("照片")]
    call("AnswerItems", LEAD, name=name, answers=[
        {"item": wrong, "answer": "ANSWER_NONCOMPLIANT", "observation": "护栏缺失", "evidence": evidence},
        {"item": right, "answer": "ANSWER_COMPLIANT", "evidence": evidence}])
    cited = call("CiteFinding", LEAD, name=name, item=wrong, weight="WEIGHT_GENERAL", extent="EXTENT_ISOLATED",
                 childrenAtRisk=3, description="二层平台护栏缺失")["inspection"]
    finding = cited["findings"][0]["finding"]
    call("OrderCorrection", LEAD, name=name, finding=finding, dueDate=ahead(10))
    call("CompleteFieldwork", LEAD, name=name, recordSha256=digest("笔录"), signature="SIGNATURE_SIGNED",
         statement="无异议")
    call("ClaimCorrection", OPERATOR, name=name, finding=finding, description="已安装护栏", evidence=evidence)
    verified = call("VerifyCorrection", LEAD, name=name, finding=finding, check="CORRECTION_CHECK_VISIT")
    assert verified["inspection"]["findings"][0]["state"] == "FINDING_STATE_VERIFIED", verified
    call("IssueDraft", LEAD, name=name, draftSha256=digest("征求意见稿"))
    call("CommentOnDraft", OPERATOR, name=name, comments="无意见")
    call("FinalizeInspection", OFFICER, name=name, conclusion="基本符合", reportSha256=digest("报告"))
    published = call("PublishInspection", OFFICER, name=name, place="西湖区人民政府网站")
    assert published["inspection"]["state"] == "INSPECTION_STATE_PUBLISHED", published
    shown = call("GetInspection", OPERATOR, name=name, minPosition=published["command"]["position"])
    assert shown["inspection"]["findings"] == "1" and shown["findings"][0]["state"] == "FINDING_STATE_VERIFIED", shown
    assert sum(int(one.get("compliant", 0)) for one in shown["results"]) == 1, shown


# Incident: notified, triaged, investigated, concluded.
def incident(institution):
    name = call("NotifyIncident", OPERATOR, header={"occurredDate": day(TODAY)}, institution=institution,
                category="CATEGORY_MINOR_INJURY", awarenessTime=now(), place="活动室", childrenPresent=12,
                staffPresent=2, narrative="户外活动时跌倒",
                children=[{"name": "小明", "ageMonths": 26, "injury": "INJURY_FALL", "severity": "SEVERITY_MINOR",
                           "treatment": "冰敷"}])["incident"]["name"]
    call("TellGuardian", OPERATOR, name=name, child=1, toldTime=now(), channel="CHANNEL_PHONE")
    call("TriageIncident", OFFICER, name=name, priority="PRIORITY_P3", regulatory=True, reason="一般")
    call("OpenInvestigation", OFFICER, name=name, lead="li-01")
    call("CompleteInvestigation", LEAD, name=name, outcome="OUTCOME_NOT_PREVENTABLE", findings="地面平整，看护在位")
    concluded = call("ConcludeIncident", SECOND, name=name, outcome="OUTCOME_NOT_PREVENTABLE")
    assert concluded["incident"]["state"] == "INCIDENT_STATE_CONCLUDED", concluded


site = license()
print("licensing: filed with receipt")
licence()
print("licence: granted, taken away, children placed")
inspectors = [inspector("li-01", "E1234567"), inspector("wang-02", "E7654321")]
staff(site)
print("staffing: engaged and barred")
inspect(site, inspectors)
print("inspection: published")
incident(site)
print("incident: concluded")
