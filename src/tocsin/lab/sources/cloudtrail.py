"""AWS CloudTrail: who called which service of Amazon's cloud, from where, with what result.

As files in S3 (`Records`), from `lookup-events`, and as the rows of a query with Athena, whose columns are in lower
case. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from typing import Any

from tocsin.lab.sources.cloud import object_in, with_texts
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, event, flat
from tocsin.lab.sources.times import from_text

CHANNEL = "aws/cloudtrail"
TEXTS = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
"""Objects that Sigma rules also search as texts."""
NAMES = (
    *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
    *("userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData"),
    *("requestID", "eventID", "resources", "eventType", "apiVersion", "readOnly", "recipientAccountId"),
    *("serviceEventDetails", "sharedEventID", "vpcEndpointId", "tlsDetails", "eventCategory", "managementEvent"),
)
LOWER = {name.lower(): name for name in NAMES}
ABOUT = ("@timestamp", "@version")


def row(value: dict[str, Any]) -> Event | None:
    """Return the event of a record; None where it is none."""
    if type(value["eventName"]) is not str or type(value["eventSource"]) is not str:
        return None
    own = {name: item for name, item in value.items() if name not in ABOUT}
    written = value.get("eventTime") or value.get("@timestamp")
    return event(
        CHANNEL,
        with_texts(flat(own), own, TEXTS),
        time=from_text(written) if type(written) is str else "",
        provider=value["eventSource"],
    )


def athena_row(value: dict[str, Any]) -> Event | None:
    """Return the event of a row of a query, whose objects are texts."""
    own = {LOWER.get(name, name): object_in(item) for name, item in value.items() if item not in ("", None)}
    return row(own) if "eventName" in own and "eventSource" in own else None


SHAPES = (
    Shape("cloudtrail", "AWS CloudTrail", frozenset({"eventName", "eventSource", "eventVersion"}), row),
    Shape("cloudtrail", "AWS CloudTrail", frozenset({"eventName", "eventSource", "awsRegion"}), row),
    Shape("cloudtrail", "AWS CloudTrail", frozenset({"eventname", "eventsource", "awsregion"}), athena_row),
)
