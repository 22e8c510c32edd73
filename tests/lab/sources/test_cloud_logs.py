"""Logs of clouds: CloudTrail, Microsoft 365, Entra ID and Azure, Google Cloud, Kubernetes, Okta and others."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_files import check_account, columns, read_text, read_value, seen

TRAIL = {
    "eventVersion": "1.08", "eventTime": "2026-03-01T03:10:00Z", "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser", "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli/2",
    "errorCode": "AccessDenied", "eventID": "e1",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/eve", "userName": "eve"},
    "requestParameters": {"userName": "mallory", "tags": [{"key": "a", "value": "b"}, {"key": "c"}]},
    "responseElements": None,
}  # fmt: skip


def test_cloudtrail(tmp_path: Path) -> None:
    record = read_value(tmp_path, TRAIL)
    assert (record.channel, record.provider, record.time) == (
        "aws/cloudtrail",
        "iam.amazonaws.com",
        "2026-03-01T03:10:00Z",
    )
    assert record.data["userIdentity.type"] == "IAMUser"
    assert record.data["requestParameters.tags.key"] == ["a", "c"]
    assert '"userName":"mallory"' in record.data["requestParameters"]
    assert record.data["responseElements"] is None
    found = columns(tmp_path, record)
    expected = {
        "user": "eve",
        "code": "CreateUser",
        "status": "AccessDenied",
        "src_address": "192.0.2.7",
        "user_agent": "aws-cli/2",
    }
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("content", [
    json.dumps({"Records": [TRAIL, TRAIL]}),
    json.dumps({"Records": [TRAIL, TRAIL]}, indent=1),
    json.dumps([TRAIL, TRAIL]),
    json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(TRAIL)}] * 2}),
    json.dumps({"logGroup": "g", "logEvents": [{"id": "1", "timestamp": 1, "message": json.dumps(TRAIL)}] * 2}),
    json.dumps({"hits": {"total": 2, "hits": [{"_index": "i", "_source": TRAIL}] * 2}}),
    "\n".join([json.dumps({"preview": False, "result": {"_raw": json.dumps(TRAIL)}})] * 2),
    "\n".join([json.dumps({"event": {"original": json.dumps(TRAIL)}, "@timestamp": "x"})] * 2),
])  # fmt: skip
def test_events_in_what_exports_put_around_them(tmp_path: Path, content: str) -> None:
    records, tally = read_text(tmp_path, content)
    assert [record.data["eventName"] for record in records] == ["CreateUser"] * 2
    assert (tally.read, tally.not_understood) == (2, 0)


def test_cloudtrail_from_a_query(tmp_path: Path) -> None:
    text = (
        "eventversion,useridentity,eventtime,eventsource,eventname,awsregion,errorcode\n"
        '1.08,"{""type"":""Root""}",2026-03-01T03:10:00Z,sts.amazonaws.com,GetCallerIdentity,us-east-1,\n'
    )
    (record,), _ = read_text(tmp_path, text)
    assert (record.channel, record.data["eventName"], record.data["userIdentity.type"]) == (
        "aws/cloudtrail",
        "GetCallerIdentity",
        "Root",
    )
    assert "errorCode" not in record.data


def test_wraps_without_end_cost_themselves(tmp_path: Path) -> None:
    value: dict[str, Any] = {"Records": [TRAIL]}
    for _ in range(20):
        value = {"data": value}
    records, tally = read_text(tmp_path, json.dumps(value) + "\n" + json.dumps(TRAIL))
    assert (len(records), tally.not_understood) == (1, 1)


AUDIT = {
    "CreationTime": "2026-03-01T03:10:00", "Id": "a1", "Operation": "New-InboxRule", "RecordType": 1,
    "ResultStatus": "True", "Workload": "Exchange", "UserId": "eve@example.org", "ClientIP": "[2001:db8::1]:443",
    "Parameters": [{"Name": "DeleteMessage", "Value": "True"}, {"Name": "SubjectContainsWords", "Value": "invoice"}],
}  # fmt: skip


def test_microsoft_365_audit(tmp_path: Path) -> None:
    record = read_value(tmp_path, AUDIT)
    assert (record.channel, record.time) == ("m365/audit", "2026-03-01T03:10:00Z")
    assert record.data["Parameters.DeleteMessage"] == "True"
    assert '"Name":"DeleteMessage"' in record.data["Parameters"]
    assert seen(record)["eventSource"] == "Exchange"
    assert seen(record)["status"] == "success"
    found = columns(tmp_path, record)
    assert (found["src_address"], found["src_port"], found["user_name"]) == ("2001:db8::1", 443, "eve")


def test_microsoft_365_export_repeats_records(tmp_path: Path) -> None:
    quoted = json.dumps(AUDIT).replace('"', '""')
    other = json.dumps(AUDIT | {"Id": "a2"}).replace('"', '""')
    header = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData\r\n"
    rows = "".join(f'r,2026-03-01,1,New-InboxRule,eve,"{text}"\r\n' for text in (quoted, other, quoted))
    records, tally = read_text(tmp_path, header + rows)
    assert [record.data["Id"] for record in records] == ["a1", "a2"]
    assert (tally.read, tally.skipped, tally.not_understood) == (2, 1, 0)
    assert "same Id" in tally.problems[0].reason
    assert tally.problems[0].place == "line 4"


SIGNIN = {
    "id": "s1", "createdDateTime": "2026-03-01T03:10:00Z", "userPrincipalName": "eve@example.org",
    "appDisplayName": "Azure CLI",
    "ipAddress": "192.0.2.7", "clientAppUsed": "Browser", "riskState": "atRisk",
    "authenticationRequirement": "singleFactorAuthentication",
    "status": {"errorCode": 50126, "failureReason": "Invalid username or password."},
    "deviceDetail": {"deviceId": "", "isCompliant": False, "trustType": ""},
}  # fmt: skip
MONITOR = {
    "time": "2026-03-01T03:10:00Z", "category": "SignInLogs", "operationName": "Sign-in activity", "resultType": "50126",
    "resultDescription": "Invalid username or password.", "properties": SIGNIN,
}  # fmt: skip
TABLE = {
    "TimeGenerated": "2026-03-01T03:10:00Z", "Type": "SigninLogs", "ResultType": "50126", "AppDisplayName": "Azure CLI",
    "ResultDescription": "Invalid username or password.", "UserPrincipalName": "eve@example.org", "IPAddress": "192.0.2.7",
    "ConditionalAccessStatus": "notApplied", "RiskState": "atRisk", "AuthenticationRequirement": "singleFactorAuthentication",
    "Status": json.dumps(SIGNIN["status"]), "DeviceDetail": json.dumps(SIGNIN["deviceDetail"]), "Location": "",
}  # fmt: skip


@pytest.mark.parametrize("value", [SIGNIN, MONITOR, TABLE], ids=["Graph", "Monitor", "Log Analytics"])
def test_sign_ins_answer_to_rules_in_each_form(tmp_path: Path, value: dict[str, Any]) -> None:
    record = read_value(tmp_path, value)
    assert (record.channel, record.time) == ("azure/signinlogs", "2026-03-01T03:10:00Z")
    found = seen(record)
    assert str(found["ResultType"]) == "50126"
    assert found["RiskState"] == "atRisk"
    assert found["AuthenticationRequirement"] == "singleFactorAuthentication"
    assert found["DeviceDetail.isCompliant"] is False
    assert found["Username"] == "eve@example.org"
    assert found["ResultDescription"] == "Invalid username or password."
    assert found["properties.userPrincipalName"] == "eve@example.org"
    shown = columns(tmp_path, record)
    assert (shown["user_name"], shown["src_address"], shown["status"]) == ("eve", "192.0.2.7", "50126")


ENTRA_AUDIT = {
    "id": "d1", "category": "ApplicationManagement", "activityDateTime": "2026-03-01T03:10:00Z", "result": "success",
    "activityDisplayName": "Consent to application", "loggedByService": "Core Directory", "operationType": "Assign",
    "initiatedBy": {"user": {"userPrincipalName": "eve@example.org", "ipAddress": "192.0.2.7"}, "app": None},
    "targetResources": [{
        "displayName": "Evil App", "type": "ServicePrincipal",
        "modifiedProperties": [{"displayName": "ConsentContext.IsAdminConsent", "oldValue": None, "newValue": '"True"'}],
    }],
    "additionalDetails": [{"key": "User-Agent", "value": "curl"}],
}  # fmt: skip


@pytest.mark.parametrize("value", [
    ENTRA_AUDIT,
    {"time": "2026-03-01T03:10:00Z", "category": "AuditLogs", "operationName": "Consent to application", "properties": ENTRA_AUDIT},
    {
        "TimeGenerated": "2026-03-01T03:10:00Z", "Type": "AuditLogs", "OperationName": "Consent to application",
        "Category": "ApplicationManagement", "LoggedByService": "Core Directory", "Result": "success",
        "ActivityDisplayName": "Consent to application", "InitiatedBy": json.dumps(ENTRA_AUDIT["initiatedBy"]),
        "TargetResources": json.dumps(ENTRA_AUDIT["targetResources"]),
        "AdditionalDetails": json.dumps(ENTRA_AUDIT["additionalDetails"]),
    },
], ids=["Graph", "Monitor", "Log Analytics"])  # fmt: skip
def test_directory_changes_answer_to_rules_in_each_form(tmp_path: Path, value: dict[str, Any]) -> None:
    record = read_value(tmp_path, value)
    assert (record.channel, record.time) == ("azure/auditlogs", "2026-03-01T03:10:00Z")
    found = seen(record)
    assert (
        found["properties.message"]
        == found["OperationName"]
        == found["ActivityDisplayName"]
        == "Consent to application"
    )
    assert found["ConsentContext.IsAdminConsent"] == "True"
    assert found["TargetResources.ModifiedProperties.NewValue"] == ['"True"']
    assert "Evil App" in found["properties.targetResources"]
    assert found["Status"] == "success"
    shown = columns(tmp_path, record)
    assert (shown["user"], shown["src_address"], shown["path"]) == ("eve@example.org", "192.0.2.7", "Evil App")


@pytest.mark.parametrize("value", [
    {"time": "2026-03-01T03:10:00Z", "category": "Administrative", "operationName": "MICROSOFT.COMPUTE/SNAPSHOTS/WRITE",
     "resourceId": "/SUBSCRIPTIONS/1/PROVIDERS/MICROSOFT.COMPUTE/SNAPSHOTS/S", "callerIpAddress": "192.0.2.7",
     "resultType": "Success"},
    {"eventTimestamp": "2026-03-01T03:10:00Z", "category": {"value": "Administrative"}, "caller": "eve@example.org",
     "operationName": {"value": "MICROSOFT.COMPUTE/SNAPSHOTS/WRITE", "localizedValue": "Create"},
     "resourceId": "/SUBSCRIPTIONS/1/PROVIDERS/MICROSOFT.COMPUTE/SNAPSHOTS/S"},
    {"TimeGenerated": "2026-03-01T03:10:00Z", "Type": "AzureActivity", "CategoryValue": "Administrative",
     "Caller": "eve@example.org", "OperationNameValue": "MICROSOFT.COMPUTE/SNAPSHOTS/WRITE",
     "ResourceProviderValue": "MICROSOFT.COMPUTE"},
], ids=["Monitor", "API", "Log Analytics"])  # fmt: skip
def test_azure_activity_answers_to_rules_in_each_form(tmp_path: Path, value: dict[str, Any]) -> None:
    record = read_value(tmp_path, value)
    found = seen(record)
    assert record.channel == "azure/activitylogs"
    assert found["OperationNameValue"] == "MICROSOFT.COMPUTE/SNAPSHOTS/WRITE"
    assert found["CategoryValue"] == "Administrative"
    assert found["ResourceProviderValue"] == "MICROSOFT.COMPUTE"
    assert "MICROSOFT.COMPUTE/SNAPSHOTS/WRITE" in (found["operationName"], found.get("operationName.value"))


def test_google_cloud(tmp_path: Path) -> None:
    value = {
        "timestamp": "2026-03-01T03:10:00.123456789Z", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "protoPayload": {"methodName": "v1.compute.firewalls.insert", "serviceName": "compute.googleapis.com",
                         "authorizationInfo": [{"permission": "compute.firewalls.create", "granted": True}],
                         "authenticationInfo": {"principalEmail": "eve@example.org"}},
    }  # fmt: skip
    record = read_value(tmp_path, value)
    found = seen(record)
    assert (record.channel, record.time) == ("gcp/audit", "2026-03-01T03:10:00.123456Z")
    assert found["gcp.audit.method_name"] == "v1.compute.firewalls.insert"
    assert found["data.protoPayload.authorizationInfo.permission"] == ["compute.firewalls.create"]
    assert columns(tmp_path, record)["user"] == "eve@example.org"


def test_google_workspace(tmp_path: Path) -> None:
    value = {"protoPayload": {
        "serviceName": "admin.googleapis.com", "methodName": "google.admin.AdminService.changePassword",
        "metadata": {"event": [{"eventName": "ENFORCE_STRONG_AUTHENTICATION",
                                "parameter": [{"name": "NEW_VALUE", "value": "false"}, {"name": "SETTING_NAME", "value": "x"}]}]},
    }}  # fmt: skip
    found = seen(read_value(tmp_path, value))
    assert found["eventService"] == "admin.googleapis.com"
    assert (found["eventName"], found["new_value"], found["setting_name"]) == (
        "ENFORCE_STRONG_AUTHENTICATION",
        "false",
        "x",
    )


def test_kubernetes(tmp_path: Path) -> None:
    value = {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "1", "verb": "create", "stage": "ResponseComplete",
        "requestReceivedTimestamp": "2026-03-01T03:10:00.000001Z", "user": {"username": "eve"}, "sourceIPs": ["192.0.2.7"],
        "objectRef": {"resource": "pods", "namespace": "kube-system", "apiGroup": "apps"}, "responseStatus": {"code": 201},
        "requestObject": {"spec": {"volumes": [{"hostPath": {"path": "/"}}],
                                   "containers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}},
    }  # fmt: skip
    record = read_value(tmp_path, value)
    found = seen(record)
    assert (record.channel, record.time) == ("kubernetes/audit", "2026-03-01T03:10:00.000001Z")
    assert (found["hostPath"], found["capabilities"], found["apiGroup"]) == (["/"], ["SYS_ADMIN"], "apps")
    assert columns(tmp_path, record)["src_address"] == "192.0.2.7"


@pytest.mark.parametrize(("channel", "time", "value"), [
    ("okta/system", "2026-03-01T03:10:00.500000Z", {
        "eventType": "user.mfa.factor.deactivate", "published": "2026-03-01T03:10:00.500Z", "outcome": {"result": "SUCCESS"},
        "uuid": "u1", "actor": {"alternateId": "eve"}, "debugContext": {"debugData": {"requestUri": "/x"}}}),
    ("github/audit", "2026-03-01T03:10:00Z", {
        "@timestamp": 1772334600000, "action": "repo.destroy", "actor": "eve", "_document_id": "d"}),
    ("bitbucket/audit", "2026-03-01T03:10:00Z", {
        "auditType": {"action": "a"}, "author": {"name": "eve"}, "timestamp": {"epochSecond": 1772334600}}),
    ("opencanary/events", "2026-03-01T03:10:00.500000Z", {
        "logtype": 4002, "logdata": {"USERNAME": "root"}, "node_id": "trap", "utc_time": "2026-03-01 03:10:00.500000",
        "src_host": "192.0.2.7"}),
    ("defender/event", "2026-03-01T03:10:00.772449Z", {
        "Timestamp": "2026-03-01T03:10:00.7724491Z", "ActionType": "ProcessCreated", "DeviceName": "ws1",
        "SHA1": "", "ReportId": 1}),
])  # fmt: skip
def test_logs_that_need_little(tmp_path: Path, channel: str, time: str, value: dict[str, Any]) -> None:
    record = read_value(tmp_path, value)
    assert (record.channel, record.time) == (channel, time)
    assert columns(tmp_path, record)["source"] == channel.partition("/")[0]
    assert "SHA1" not in record.data


def test_okta_records_come_once(tmp_path: Path) -> None:
    value = {"eventType": "a", "published": "2026-03-01T03:10:00Z", "outcome": {}, "uuid": "u1"}
    records, tally = read_text(tmp_path, "\n".join(json.dumps({**value, "uuid": name}) for name in ("u1", "u2", "u1")))
    assert (len(records), tally.read, tally.skipped) == (2, 2, 1)


def test_json_of_no_known_kind_is_said(tmp_path: Path) -> None:
    records, tally = read_text(
        tmp_path,
        json.dumps({"eventName": "x"}) + "\n" + json.dumps({"eventVersion": 1, "eventName": [], "eventSource": {}}),
    )
    assert (records, tally.not_understood) == ([], 2)


KNOWN = [TRAIL, AUDIT, SIGNIN, MONITOR, TABLE, ENTRA_AUDIT]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_values_under_known_names_are_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    values = []
    for number in range(3):
        value: dict[str, Any] = dict(data.draw(st.sampled_from(KNOWN)))
        for name in data.draw(
            st.lists(st.sampled_from([*value, "protoPayload", "verb", "auditID", "logtype"]), max_size=5)
        ):
            value[name] = data.draw(JSON)
        values.append({**value, "number": number})
    content = "\n".join(json.dumps(value) for value in values).encode()
    records, tally = read_text(tmp_path, content)
    assert tally.read == len(records)
    if not any({"Records", "value"} & value.keys() for value in values):
        assert tally.read + tally.not_understood + tally.skipped >= 3


@pytest.mark.parametrize(("name", "channel", "count"), [
    ("atomic/aws/collection/ec2_proxy_s3_exfiltration.zip", "aws/cloudtrail", 103),
    ("compound/GoldenSAMLADFSMailAccess/AADAuditEvents.Zip", "azure/auditlogs", 4),
    ("compound/GoldenSAMLADFSMailAccess/OfficeActivityEvents.Zip", "m365/audit", 1),
    ("compound/GoldenSAMLADFSMailAccess/Microsoft365DefenderEvents.Zip", "defender/event", 9),
    ("compound/Log4Shell/vminsights_vmconnection_log4shell_cve2021_44228_jndi_reference.zip", "azure/vmconnection", 5),
])  # fmt: skip
def test_real_logs(shared: Path, tmp_path: Path, name: str, channel: str, count: int) -> None:
    with zipfile.ZipFile(shared / "otrf" / name) as archive:
        (member,) = archive.namelist()
        content = archive.read(member)
    records, tally = read_text(tmp_path, content)
    check_account(content, records, tally)
    assert {record.channel for record in records} == {channel}
    assert tally.read == count
    assert all(record.time for record in records)
    for record in records[:1]:
        assert columns(tmp_path, record)["source"] == channel.partition("/")[0]
