"""Entra ID sign-ins, audit and risk detections, and Azure activity: what happened to accounts and resources.

Each comes in three forms: as the Graph API gives it (`userPrincipalName`), as Azure Monitor sends it to event hubs and
storage (`properties.userPrincipalName`), and as a table of Log Analytics (`UserPrincipalName`, objects as JSON texts).
Sigma rules use names of all three, so an event answers to all of them; its own fields are those of its form.
https://learn.microsoft.com/entra/identity/monitoring-health/concept-activity-log-schemas
"""

from __future__ import annotations

from typing import Any

from tocsin.lab.sources.cloud import camel, named, object_in, text_of, with_texts
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, channel, event, flat
from tocsin.lab.sources.times import from_text

SIGNIN, AUDIT, ACTIVITY, RISK = "azure/signinlogs", "azure/auditlogs", "azure/activitylogs", "azure/riskdetection"
CHANNELS = {
    **dict.fromkeys(("signinlogs", "noninteractiveusersigninlogs", "serviceprincipalsigninlogs"), SIGNIN),
    **dict.fromkeys(("managedidentitysigninlogs", "adfssigninlogs", "aadnoninteractiveusersigninlogs"), SIGNIN),
    **dict.fromkeys(("aadserviceprincipalsigninlogs", "aadmanagedidentitysigninlogs"), SIGNIN),
    **dict.fromkeys(("auditlogs",), AUDIT),
    **dict.fromkeys(("administrative", "security", "servicehealth", "alert", "recommendation", "policy"), ACTIVITY),
    **dict.fromkeys(("autoscale", "resourcehealth", "azureactivity"), ACTIVITY),
    **dict.fromkeys(("riskyusers", "userriskevents", "aaduserriskevents"), RISK),
}
"""Categories of Azure Monitor and tables of Log Analytics, and their logs; others are logs of their own name."""
TEXTS = ("targetResources", "initiatedBy", "networkLocationDetails", "authenticationDetails", "additionalDetails")
TIMES = ("createdDateTime", "activityDateTime", "eventTimestamp", "time", "timeGenerated", "detectedDateTime")
PROTOCOLS = {"deviceCode": "Device Code", "ropc": "ROPC"}
ASKED: dict[str, tuple[str, ...]] = {
    SIGNIN: (
        *("userAgent", "Status", "ResultType", "ResultDescription", "Resultdescription", "properties.message"),
        *(
            "ActivityDetails",
            "RiskState",
            "AuthenticationRequirement",
            "ResourceDisplayName",
            "conditionalAccessStatus",
            "ClientApp",
        ),
        *("Username", "NetworkLocationDetails", "DeviceDetail.trusttype", "DeviceDetail.deviceId"),
        *("DeviceDetail.isCompliant", "DeviceDetail.isManaged", "AppDisplayName", "UserPrincipalName", "IPAddress"),
        *("properties.userPrincipalName", "properties.appDisplayName", "properties.ipAddress", "properties.appId"),
        *("properties.userAgent", "properties.clientAppUsed", "properties.riskState", "properties.status.errorCode"),
        *(
            "properties.riskLevelDuringSignIn",
            "properties.authenticationProtocol",
            "properties.authenticationRequirement",
        ),
        *(
            "properties.conditionalAccessStatus",
            "properties.resourceDisplayName",
            "properties.location.countryOrRegion",
        ),
        *("properties.deviceDetail.trustType", "properties.deviceDetail.isCompliant", "properties.incomingTokenType"),
    ),
    AUDIT: (
        *("Category", "category", "LoggedByService", "OperationName", "operationName", "ActivityDisplayName", "Status"),
        *("ActivityType", "activityType", "Result", "Initiatedby", "InitiatedBy", "Target", "TargetResources"),
        *("targetResources.type", "TargetResources.type", "TargetResources.ModifiedProperties.DisplayName"),
        *("TargetResources.ModifiedProperties.NewValue", "TargetResources.modifiedProperties"),
        *("TargetResources.modifiedProperties.newValue", "TargetResources.modifiedProperties.displayName"),
        *(
            "additionalDetails.additionalInfo",
            "ConsentContext.IsAdminConsent",
            "failure_status_reason",
            "userAgent",
            "properties.message",
        ),
        *("properties.targetResources", "properties.result", "properties.activityDisplayName", "properties.category"),
        *("properties.loggedByService", "properties.initiatedBy.user.userPrincipalName"),
        *("properties.initiatedBy.app.displayName", "properties.initiatedBy.user.ipAddress"),
    ),
    ACTIVITY: (
        *("operationName", "OperationName", "OperationNameValue", "CategoryValue", "ResourceProviderValue"),
        *("ResourceId", "Caller", "CallerIpAddress", "properties.message", "Status", "status"),
    ),
    RISK: ("riskEventType", "riskState", "riskLevel", "properties.riskEventType", "properties.riskState"),
}
"""Names that Sigma rules use, in all their spellings; an event answers to those that its form does not have."""


def graph_row(log: str, value: dict[str, Any]) -> Event | None:
    """Return the event of a record as the Graph API gives it."""
    return _event(log, flat(value), value)


def monitor_row(value: dict[str, Any]) -> Event | None:
    """Return the event of a record as Azure Monitor sends it: the log's own fields within `properties`."""
    category, properties = value["category"], object_in(value.get("properties"))
    if type(category) is not str or not category:
        return None
    inner = properties if type(properties) is dict else {}
    own = value if properties is value.get("properties") else {**value, "properties": properties}
    log = CHANNELS.get(category.lower()) or channel("azure", category)
    plain = {**{name: item for name, item in value.items() if name != "properties"}, **inner}
    return _event(log, flat(own), plain)


def table_row(value: dict[str, Any]) -> Event | None:
    """Return the event of a row of a table of Log Analytics; its empty columns do not belong to the record. None where
    it is of Windows or Linux, whose events have other readers."""
    if "EventID" in value or "SyslogMessage" in value:
        return None
    own = {name: object_in(item) for name, item in value.items() if item not in ("", None)}
    table = own.get("Type")
    log = CHANNELS.get(table.lower()) or channel("azure", table) if type(table) is str and table else ""
    if "LoggedByService" in own and "OperationName" in own:  # saved queries may have a column Type of their own
        log = AUDIT
    elif "ConditionalAccessStatus" in own and "ResultType" in own:
        log = SIGNIN
    if not log:
        return None
    return _event(log, flat(own), {camel(name): item for name, item in own.items()})


def _event(log: str, fields: dict[str, Any], plain: dict[str, Any]) -> Event:
    """Return an event; `plain` are its values under the Graph API's names."""
    known = with_texts(flat(plain), plain, TEXTS)
    if log in FURTHER:
        known |= FURTHER[log](plain)
    folded = {name.lower(): item for name, item in known.items()}
    spelt = {
        name: folded[asked]
        for name in ASKED.get(log, ())
        if (asked := name.lower().removeprefix("properties.")) in folded and name not in fields
    }
    written = next((plain[name] for name in TIMES if type(plain.get(name)) is str), "")
    return event(
        log,
        fields,
        time=from_text(written),
        host=str(plain.get("computer") or ""),
        provider=str(plain.get("loggedByService") or plain.get("resourceProvider") or ""),
        system=spelt,
    )


def _signin(plain: dict[str, Any]) -> dict[str, Any]:
    status = plain.get("status")
    code = status.get("errorCode") if type(status) is dict else plain.get("resultType")
    reasons = [status.get("failureReason"), status.get("additionalDetails")] if type(status) is dict else []
    known = {
        "resultType": code,
        "status": ["Success" if str(code) == "0" else "Failure", *(reason for reason in reasons if reason)],
        "resultDescription": plain.get("resultDescription") or (reasons[0] if reasons else None),
        "clientApp": plain.get("clientAppUsed"),
        "activityDetails": "Sign-ins",
        "username": plain.get("userPrincipalName"),
        "message": PROTOCOLS.get(str(plain.get("authenticationProtocol")), plain.get("authenticationProtocol")),
    }
    device = plain.get("deviceDetail")
    if type(device) is dict:
        known["deviceDetail.trusttype"] = device.get("trustType")
    return {name: item for name, item in known.items() if item is not None or name.startswith("deviceDetail")}


def _audit(plain: dict[str, Any]) -> dict[str, Any]:
    operation = plain.get("activityDisplayName") or plain.get("operationName")
    known: dict[str, Any] = {}
    targets = plain.get("targetResources")
    for target in targets if type(targets) is list else ():
        if type(target) is dict:
            properties = named(target.get("modifiedProperties"), "displayName", "newValue")
            known |= {name: item.strip('"') if type(item) is str else item for name, item in properties.items()}
    details = named(plain.get("additionalDetails"), "key", "value")
    known |= {f"additionalDetails.{name}": item for name, item in details.items()}
    known |= {
        "operationName": operation,
        "activityType": operation,
        "message": operation,
        "status": plain.get("result"),
        "failure_status_reason": plain.get("resultReason"),
        "target": text_of(targets),
        "targetResources.modifiedProperties": text_of(
            [target.get("modifiedProperties") for target in targets if type(target) is dict]
            if type(targets) is list
            else None
        ),
        "userAgent": details.get("User-Agent"),
    }
    return {name: item for name, item in known.items() if item is not None}


def _activity(plain: dict[str, Any]) -> dict[str, Any]:
    def value_of(name: str) -> Any:
        item = plain.get(name)
        return item.get("value") if type(item) is dict else item

    resource = str(plain.get("resourceId") or "")
    operation = value_of("operationName") or value_of("operationNameValue")
    known = {
        "operationName": operation,
        "operationNameValue": operation,
        "categoryValue": value_of("category") or value_of("categoryValue"),
        "status": value_of("status") or value_of("activityStatusValue") or value_of("resultType"),
        "resourceProviderValue": value_of("resourceProviderName")
        or value_of("resourceProviderValue")
        or resource.upper().partition("/PROVIDERS/")[2].partition("/")[0],
        "message": plain.get("message") or operation,
    }
    return {name: item for name, item in known.items() if item}


FURTHER = {SIGNIN: _signin, AUDIT: _audit, ACTIVITY: _activity}
"""What makes values that rules ask for of others, where names are not only spelt otherwise."""


def _graph(log: str, title: str, *keys: str) -> Shape:
    return Shape("azure", title, frozenset(keys), lambda value: graph_row(log, value))


SHAPES = (
    _graph(SIGNIN, "Entra ID sign-in", "createdDateTime", "appDisplayName", "ipAddress"),
    _graph(AUDIT, "Entra ID audit", "activityDateTime", "activityDisplayName", "loggedByService"),
    _graph(RISK, "Entra ID risk detection", "riskEventType", "riskState"),
    _graph(ACTIVITY, "Azure activity", "eventTimestamp", "operationName", "resourceId"),
    Shape("azure", "an Azure Monitor log", frozenset({"time", "category", "operationName"}), monitor_row),
    Shape("azure", "an Azure Monitor log", frozenset({"time", "category", "resourceId"}), monitor_row),
    Shape("azure", "a Log Analytics table", frozenset({"TimeGenerated", "Type"}), table_row),
    Shape("azure", "Entra ID audit", frozenset({"TimeGenerated", "OperationName", "LoggedByService"}), table_row),
    Shape(
        "azure", "Entra ID sign-in", frozenset({"TimeGenerated", "ResultType", "ConditionalAccessStatus"}), table_row
    ),
)
