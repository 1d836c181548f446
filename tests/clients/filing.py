"""Files an institution with nothing but the server's reflection: no code of ours, no generated stubs.

Usage: filing.py HOST:PORT CREDIT_CODE
"""
import sys
import uuid

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

ADDRESS, CREDIT_CODE = sys.argv[1:]
CHANNEL = grpc.insecure_channel(ADDRESS)
POOL = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(CHANNEL))
OPERATOR = f"role=operator; id=py-1; organisation={CREDIT_CODE}"
OFFICER = "role=officer; id=py-2; organisation=health-330106; jurisdiction=330106"
AREA = {"Licensing": "licensing", "Supervision": "supervision"}


def call(area, method, actor, body):
    service = POOL.FindServiceByName(f"yujian.{AREA[area]}.v1.{area}Service")
    method = service.FindMethodByName(method)
    request_type = message_factory.GetMessageClass(method.input_type)
    reply_type = message_factory.GetMessageClass(method.output_type)
    path = f"/{service.full_name}/{method.name}"
    stub = CHANNEL.unary_unary(path, request_type.SerializeToString, reply_type.FromString)
    request = json_format.ParseDict(body, request_type(), descriptor_pool=POOL)
    reply = stub(request, metadata=[("yujian-actor", actor)], timeout=30)
    return json_format.MessageToDict(reply, descriptor_pool=POOL)


def header():
    return {"requestId": str(uuid.uuid4())}


def day(year, month, day):
    return {"year": year, "month": month, "day": day}


def papers(kinds):
    made = []
    for kind in kinds:
        paper = {"kind": f"PAPER_KIND_{kind}", "issuer": "签发机关", "number": "P-1", "issueDate": day(2026, 1, 5)}
        if kind in ("HYGIENE_EVALUATION", "FIRE_SAFETY"):
            paper["passed"] = True
        if kind in ("STAFF_HEALTH_CERTIFICATES", "FOOD_LICENCE"):
            paper["expiryDate"] = day(2099, 1, 1)
        made.append(paper)
    return made


ALL = ["FILING_FORM", "COMMITMENT", "REGISTRATION_CERTIFICATE", "PREMISES_PROOF", "STAFF_QUALIFICATIONS",
       "STAFF_HEALTH_CERTIFICATES", "HYGIENE_EVALUATION", "FIRE_SAFETY"]
PREMISES = {"tenure": "TENURE_LEASED", "leaseStartDate": day(2026, 1, 1), "leaseEndDate": day(2099, 1, 1),
            "highestFloor": 2, "lowestFloor": 1}
REGISTRATION = {
    "displayName": "西湖蟒蛇托育园", "creditCode": CREDIT_CODE, "site": "总部", "address": "杭州市西湖区文三路2号",
    "region": {"code": "330106"}, "institutionType": "INSTITUTION_TYPE_COMPREHENSIVE", "mode": "MODE_PRIVATE",
    "ownership": "OWNERSHIP_PRIVATE", "registrar": "REGISTRAR_MARKET_SUPERVISION",
    "registrationDate": day(2026, 1, 5),
    "representative": {"name": "欧阳一诺", "phone": "13912345678"},
    "classes": [{"name": "托小一班", "classType": "CLASS_TYPE_YOUNGER_TODDLER", "places": 15}],
}

try:
    call("Licensing", "RegisterInstitution", OPERATOR, {"header": header(), **REGISTRATION, "creditCode": "1"})
    sys.exit("a credit code of one character was taken")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    details = {}
    for detail in rpc_status.from_call(error).details:
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.LocalizedMessage):
            if detail.Is(kind.DESCRIPTOR):
                details[kind.DESCRIPTOR.name] = kind.FromString(detail.value)
    assert details["ErrorInfo"].reason == "INVALID_FIELD" and details["ErrorInfo"].domain == "yujian", details
    assert "credit_code" in [one.field for one in details["BadRequest"].field_violations], details
    assert details["LocalizedMessage"].locale == "zh-CN", details

registered = call("Licensing", "RegisterInstitution", OPERATOR, {"header": header(), **REGISTRATION})
name = registered["institution"]["name"]

submission = {"name": name, "makesMeals": True, "premises": PREMISES, "papers": papers(ALL[2:])}
returned = call("Licensing", "SubmitFiling", OPERATOR, {"header": header(), **submission})["institution"]
assert returned["state"] == "INSTITUTION_STATE_RETURNED", returned
missing = [item["item"] for item in returned["application"]["returnedItems"]]
assert missing == ["papers.filing_form", "papers.commitment", "papers.food_licence"], missing

submission["papers"] = papers(ALL + ["FOOD_LICENCE"])
reply = call("Licensing", "SubmitFiling", OPERATOR, {"header": header(), **submission})
assert reply["institution"]["state"] == "INSTITUTION_STATE_ACCEPTED", reply

query = {"name": name, "minPosition": reply["command"]["position"]}
view = call("Supervision", "GetInstitution", OFFICER, query)["institution"]
assert view["state"] == "INSTITUTION_STATE_ACCEPTED", view
print("filed and read back")
