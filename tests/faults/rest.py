"""What must be true of a federation at rest: read from the databases and the streams themselves."""

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from shared.log.page import NO_PAGE
from shared.subjects import out_stream, private_stream
from tests.faults.federation import RealNode, until
from tests.faults.looking import (
    Kept,
    applied,
    cursor,
    head,
    messages,
    own_ids,
    pages,
    query,
    state,
    state_hash,
)
from tests.faults.writer import Writer

REST_S = 60.0
FOLLOWED = ("directory", "node")
"""The services whose logs the nodes of these tests follow."""


SETTLING_S = 20.0
"""How long a federation at rest may still be telling of itself, in seconds."""


def left(nodes: Iterable[RealNode]) -> list[str]:
    """Return what keeps the nodes from being at rest."""
    nodes, found = list(nodes), []
    for origin in nodes:
        for service in set(FOLLOWED) & set(origin.services):
            waiting = query(origin, service, "SELECT count(*) FROM outbox")[0][0]
            if waiting:
                found.append(f"{origin.name}/{service}: {waiting} in the outbox")
            newest = head(origin, service)
            for reader in nodes:
                if reader is origin or service not in reader.services:
                    continue
                there = cursor(reader, service, origin.name)
                if there != newest:
                    found.append(
                        f"{reader.name} has {there[:2]} of {newest[:2]} of {origin.name}/{service}"
                    )
    return found


def settled(nodes: Sequence[RealNode], *, timeout_s: float = REST_S) -> float:
    """Wait until everybody has applied what everybody has told; return how long that took."""
    last: list[str] = []

    def holds() -> bool:
        last[:] = left(nodes)
        return not last

    try:
        return until(holds, what="all have applied all", timeout_s=timeout_s, every_s=0.1)
    except AssertionError as error:
        raise AssertionError(f"{error}: {'; '.join(last)}") from None


def require_chain(found: Sequence[Kept], *, of: str) -> None:
    """Assert that pages are dense, unchanged and chained in each epoch, and begin at page 1."""
    before: Kept | None = None
    for page in found:
        starts = before is None or page.epoch != before.epoch
        said = json.loads(page.data)
        number = 1 if before is None or starts else before.number + 1
        prev = NO_PAGE if before is None or starts else before.sha256
        assert page.number == number, f"{of}: page {page.number} of epoch {page.epoch}"
        assert hashlib.sha256(page.data).hexdigest() == page.sha256, f"{of}: page {page.number}"
        assert (said["epoch"], said["number"]) == (page.epoch, page.number), of
        assert said["prev"] == prev, f"{of}: page {page.number} does not follow the one before"
        before = page


def require_told_once(node: RealNode) -> None:
    """Assert that a directory has told each revision of each entity of its own exactly once."""
    told: dict[str, list[int]] = {}
    ids: Counter[str] = Counter()
    for page in pages(node, "directory"):
        for event in json.loads(page.data)["events"]:
            ids[event["id"]] += 1
            if "entity_id" in event["data"]:
                told.setdefault(event["data"]["entity_id"], []).append(event["data"]["revision"])
    assert not [one for one, times in ids.items() if times > 1], "an event stands in two pages"
    for entity, revisions in told.items():
        # In their order, and without a hole.
        assert revisions == list(range(1, len(revisions) + 1)), f"{entity}: {revisions}"
    assert told.keys() == own_ids(node)


def require_streams(node: RealNode) -> None:
    """Assert that page N of the current epoch is message N of its stream, byte for byte."""
    for service in node.services:
        for log in ("public", "private"):
            newest = head(node, service, log)
            name = out_stream if log == "public" else private_stream
            stream = name(node.name, service, newest.epoch)
            account = "fed" if log == "public" else "app"
            found = asyncio.run(messages(node, account, service, stream))
            ours = [page.data for page in pages(node, service, log) if page.epoch == newest.epoch]
            assert len(found) == len(ours), f"{stream} has {len(found)} of {len(ours)} pages"
            assert found == ours, f"{stream} holds other bytes than the page table"


def require_rest(
    nodes: Sequence[RealNode], writers: Sequence[Writer] = (), *, forks: bool = False
) -> None:
    """Assert all that must be true at rest, once the nodes have come to it.

    A node tells of its heads and its letter keys by itself, so a page may be on its way just then.

    Args:
        nodes: the nodes, of which every directory follows every other one.
        writers: what they had acknowledged must be everywhere.
        forks: whether logs had two histories: see ``require_all_true``.
    """
    until = time.monotonic() + SETTLING_S
    while True:
        try:
            require_all_true(nodes, writers, forks=forks)
        except AssertionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def require_all_true(
    nodes: Sequence[RealNode], writers: Sequence[Writer] = (), *, forks: bool = False
) -> None:
    """Assert all that must be true at rest, as things stand now.

    Args:
        nodes: the nodes, of which every directory follows every other one.
        writers: what they had acknowledged must be everywhere.
        forks: whether logs had two histories: then evidence lies in quarantine, and what was told
            on the branch that was left may be told again.
    """
    for node in nodes:
        for service in node.services:
            for log in ("public", "private"):
                require_chain(pages(node, service, log), of=f"{node.name}/{service}/{log}")
            odd = query(
                node, service, "SELECT node, service, state FROM peer_log WHERE state != 'open'"
            )
            assert not odd, f"{node.name}/{service} follows {odd}"
            for table in ("held_page", "set_aside", *(() if forks else ("quarantine",))):
                rows = query(
                    node, service, f"SELECT node, service, epoch, number, reason FROM {table}"
                )
                assert not rows, f"{node.name}/{service} has in {table}: {rows[:5]}"
        require_streams(node)
    for service in FOLLOWED:
        for origin in nodes:
            wanted = pages(origin, service) if service in origin.services else []
            for reader in nodes:
                if (
                    reader is not origin
                    and service in reader.services
                    and service in origin.services
                ):
                    there = applied(reader, service, origin.name)
                    assert there == wanted, f"{reader.name} of {origin.name}/{service}"
    directories = [node for node in nodes if "directory" in node.services]
    if not forks:
        for node in directories:
            require_told_once(node)
    for writer in writers:
        assert not writer.wrong, writer.wrong
        for reader in directories:
            known = {one: row for one, row in state(reader).items() if row[0] == writer.node.name}
            missing = writer.entities.keys() - known.keys()
            assert not missing, f"{reader.name} misses {len(missing)} of {writer.node.name}"
            for entity in writer.entities.values():
                origin, revision, withdrawn, profile = known[entity.id]
                seen = (revision, bool(withdrawn))
                assert seen == (entity.revision, entity.withdrawn), f"{reader.name}: {entity}"
                if not withdrawn:
                    assert json.loads(profile)["name"] == entity.name, f"{reader.name}: {entity}"
            if not forks:
                new = known.keys() - writer.before
                assert new == writer.entities.keys(), f"{reader.name} has more"
    hashes = {node.name: state_hash(node) for node in directories}
    assert len(set(hashes.values())) == 1, hashes
