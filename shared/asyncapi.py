"""The AsyncAPI 3 document of the logs, generated from the contracts.

A channel is one log of one service; a message is a page, which holds events. ``python -m
shared.asyncapi`` prints the document as docs/protocol/asyncapi.json has it.
"""

import json
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

import shared.contracts
from shared.events import EVENT_BYTES_MAX, Event, Log, contracts
from shared.ids import FEDERATED, NODE_NAME_MAX, SERVICES
from shared.log.door import OF_ANY_SERVICE
from shared.log.page import (
    CERTIFICATE_HEADER,
    NO_PAGE,
    PAGE_BYTES_MAX,
    PAGE_EVENTS_MAX,
    PAGE_VERSION,
    SIGNATURE_HEADER,
)
from shared.subjects import federated_subject, private_subject

PROTOCOL: Final = "1.0.0"
"""The version of the protocol that docs/protocol describes."""

_ROOMS: Final = shared.contracts.__path__
_SCHEMA: Final = "#/components/schemas/"
_NAME: Final = {"type": "string", "pattern": f"^[a-z0-9-]{{1,{NODE_NAME_MAX}}}$"}
_WHOLE: Final = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_TEXT: Final = {"type": "string"}
_HASH: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


class _Draft7(GenerateJsonSchema):
    """Writes tuples as the schemas of AsyncAPI have them."""

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        found = super().tuple_schema(schema)
        if "prefixItems" in found:
            found["items"] = found.pop("prefixItems")
        return found


def document() -> dict[str, Any]:
    """Return the AsyncAPI document of all contracts of this release."""
    rooms = [f"{shared.contracts.__name__}.{one.name}" for one in iter_modules(_ROOMS)]
    for room in rooms:
        import_module(room)
    known = [one for _, one in sorted(contracts().items()) if one.__module__ in rooms]
    logs = {
        f"{service}.{log.value}": (service, log, [one for one in known if _told(one, service, log)])
        for log in Log
        for service in (FEDERATED if log is Log.PUBLIC else SERVICES)
    }
    _, data = models_json_schema(
        [(contract, "validation") for contract in known],
        ref_template=_SCHEMA + "{model}",
        schema_generator=_Draft7,
    )
    events = {contract.wire_type(): _event(contract) for contract in known}
    pages = {f"page.{name}": _page(*log) for name, log in logs.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Twiza: the logs",
            "version": PROTOCOL,
            "description": "What services tell, as pages of signed logs. The README of "
            "docs/protocol says how pages are made, checked and ordered.",
            "license": {"name": "AGPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, *log[:2]) for name, log in logs.items()},
        "operations": {
            f"read.{name}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/page"}],
            }
            for name in logs
        },
        "components": {"schemas": {**pages, **events, **dict(sorted(data["$defs"].items()))}},
    }


def text() -> str:
    """Return the document as it lies in docs/protocol."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _told(contract: type[Event], service: str, log: Log) -> bool:
    """Return whether a service's log may hold events of a contract."""
    if contract.kind in OF_ANY_SERVICE:
        # A private log is reopened like a public one.
        return contract.log is log or contract.kind == "log.reopened"
    return contract.log is log and contract.kind.startswith(f"{service}.")


def _channel(name: str, service: str, log: Log) -> dict[str, Any]:
    public = log is Log.PUBLIC
    names = ("continent", "node") if public else ()
    said = {"continent": "The continent of the node's hub.", "node": "The node that tells."}
    return {
        "address": federated_subject("{continent}", "{node}", service)
        if public
        else private_subject(service),
        "title": f"The {log.value} log of the {service}",
        "description": "Read from the node's IN stream." if public else "Inside a node only.",
        **({"parameters": {one: {"description": said[one]} for one in names}} if names else {}),
        "messages": {
            "page": {
                "name": "page",
                "contentType": "application/json",
                "headers": {
                    "type": "object",
                    "required": [SIGNATURE_HEADER, CERTIFICATE_HEADER],
                    "properties": {
                        SIGNATURE_HEADER: _TEXT | {"description": "<key>.<base64url>"},
                        CERTIFICATE_HEADER: _TEXT | {"description": "<statement>.<signature>"},
                    },
                },
                "payload": {"$ref": f"{_SCHEMA}page.{name}"},
            }
        },
    }


def _page(service: str, log: Log, told: list[type[Event]]) -> dict[str, Any]:
    """Return the schema of a page: ``events`` lists what this release knows of that log."""
    fields = {
        "v": {"const": PAGE_VERSION},
        "node": _NAME,
        "service": {"const": service},
        "log": {"const": log.value},
        "epoch": _WHOLE,
        "number": _WHOLE,
        "prev": _HASH | {"description": f"{NO_PAGE} before an epoch's first page."},
        "sealed_at": _TEXT | {"format": "date-time"},
        "events": {
            "type": "array",
            "minItems": 1,
            "maxItems": PAGE_EVENTS_MAX,
            "items": {"anyOf": [{"$ref": _SCHEMA + one.wire_type()} for one in told]},
        },
    }
    return {
        "type": "object",
        "description": f"Canonical JSON of at most {PAGE_BYTES_MAX} bytes.",
        "required": list(fields),
        "additionalProperties": False,
        "properties": fields,
    }


def _event(contract: type[Event]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": _TEXT | {"format": "uuid"},
        "source": _TEXT | {"pattern": "^twiza:[a-z0-9-]+/[a-z]+$"},
        "type": {"const": contract.wire_type()},
        "subject": _TEXT,
        "time": _TEXT | {"format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"$ref": _SCHEMA + contract.__name__},
    }
    return {
        "type": "object",
        "description": f"A CloudEvent of at most {EVENT_BYTES_MAX} bytes, in a {contract.log.value}"
        " log.",
        "required": list(fields),
        "properties": {**fields, "traceparent": _TEXT},
    }


if __name__ == "__main__":
    sys.stdout.write(text())
