"""Vectors of names on the wire: streams, subjects, and whose page lies under a subject."""

from typing import Any

from shared import subjects
from shared.ids import FEDERATED, SERVICES
from shared.subjects import Level


def names() -> dict[str, Any]:
    """Return the names of streams and subjects for a node, its hub and the world's hub."""
    node, hub, continent, world = "souss", "africa", "af", "intercontinental"
    return {
        "about": "subjects.md.",
        "node": node,
        "hub": hub,
        "continent": continent,
        "world_hub": world,
        "logs": [
            {
                "service": service,
                "epoch": epoch,
                "public_stream": subjects.out_stream(node, service, epoch),
                "private_stream": subjects.private_stream(node, service, epoch),
                "own_subject": subjects.pages_subject(service),
                "gathered_subject": f"{node}.{service}.pages",
                "world_subject": f"{continent}.{node}.{service}.pages",
                "incoming_subject": subjects.federated_subject(continent, node, service),
                "private_subject": subjects.private_subject(service),
                "closed_subject": subjects.closed_subject(epoch, service),
            }
            for service in FEDERATED
            for epoch in (1, 2)
        ],
        "portal_private_stream": subjects.private_stream(node, SERVICES[3]),
        "slotted": {
            "slot": "5f0c",
            "subject": subjects.slotted("directory.pages", "5f0c"),
            "closed": subjects.closed_subject(1, "directory", "5f0c"),
        },
        "incoming_stream": subjects.in_stream(node),
        "gathering_streams": {
            "continental": list(subjects.offered_streams(hub, Level.CONTINENTAL)),
            "continental_next": list(subjects.offered_streams(hub, Level.CONTINENTAL, 2)),
            "intercontinental": list(subjects.offered_streams(world, Level.INTERCONTINENTAL)),
        },
        "ask_subject": subjects.ask_subject(hub),
        "answers": {
            "from_the_hub": subjects.reply_prefix(hub, node, "directory"),
            "without_a_hub": subjects.inbox_prefix(node, None, "directory"),
        },
    }
