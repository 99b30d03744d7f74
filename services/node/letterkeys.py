"""The letter keys of the node's services: new ones every 30 days, and destroyed after 120.

What is destroyed can be opened by nobody any more, so that letters can be forgotten although the
log that holds them cannot.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import select

from services.node import tables
from services.node.handlers import Telling
from services.node.home import Home
from shared.contracts.node import LetterKeyAnnounced
from shared.ids import FEDERATED, NodeName, ServiceName
from shared.log.letter_keys import SEED_SUFFIX, LetterSecret, LetterSecrets
from shared.store import Store, Work

NEW_AFTER: Final = timedelta(days=30)
DESTROYED_AFTER: Final = timedelta(days=120)
CLOCK_WRONG: Final = timedelta(days=1)
"""A key from further in the future was made while the clock was wrong."""

log = structlog.get_logger(__name__)


def folder_of(home: Home, service: str) -> Path:
    """Return where the letter keys of a service lie."""
    return home.keys / "letters" / service


def in_use(
    secrets: list[LetterSecret], announced: dict[int, str], *, now: datetime
) -> LetterSecret | None:
    """Return the key under which a service is written to; none where it needs a new one.

    Args:
        secrets: the service's keys.
        announced: by number, the public keys that were announced of it.
        now: the present moment.
    """
    newest = max(secrets, key=lambda one: one.number, default=None)
    if newest is None or not -CLOCK_WRONG < now - newest.made_at < NEW_AFTER:
        return None
    # After a restored backup others may know another key, whose secret is lost, by a number.
    last = max(announced, default=0)
    if newest.number < last or announced.get(newest.number, newest.public) != newest.public:
        return None
    return newest


def outlived(secrets: list[LetterSecret], *, now: datetime) -> list[LetterSecret]:
    """Return the keys that are to be destroyed; never the newest."""
    newest = max((one.number for one in secrets), default=0)
    return [one for one in secrets if one.number < newest and now - one.made_at >= DESTROYED_AFTER]


class LetterKeys:
    """Makes, announces and destroys the letter keys of this node's services.

    Args:
        home: the node's home.
        store: the node service's database.
        telling: announces in the node's name.
        services: those that run here.
    """

    def __init__(
        self, home: Home, store: Store, telling: Telling, *, services: list[ServiceName]
    ) -> None:
        self._home = home
        self._store = store
        self._telling = telling
        self._services = [name for name in services if name in FEDERATED]

    async def renew(self) -> None:
        """Make and announce what is due, then destroy what has outlived itself.

        Raises:
            KeyExposed, BadKey: a file is not as it should be.
        """
        now = self._store.clock.now()
        for service in self._services:
            folder = folder_of(self._home, service)
            secrets = list(LetterSecrets(folder).current())
            announced = await self._store.read(announced_keys, self._telling.own, service)
            current = in_use(secrets, announced, now=now)
            if current is None:
                number = max((*announced, *(one.number for one in secrets)), default=0) + 1
                current = LetterSecret.generate(number, at=now)
                # The secret is on disk before anybody can write to its key.
                current.save(folder)
                secrets.append(current)
            if current.number not in announced:
                await self._store.write(self._announce, service, current)
            for old in outlived(secrets, now=now):
                destroy(folder / f"{old.number}{SEED_SUFFIX}")
                log.info("letter key destroyed", service=service, number=old.number)

    def _announce(self, work: Work, service: ServiceName, secret: LetterSecret) -> None:
        event = LetterKeyAnnounced.model_validate(
            {"service": service, "number": secret.number, "key": secret.public}
        )
        self._telling.letter_key(work, event)


def announced_keys(work: Work, own: NodeName, service: ServiceName) -> dict[int, str]:
    """Return, by number, the newest letter keys that were announced of a service of this node."""
    table = tables.LOG.letter_key
    rows = work.execute(
        select(table.c.number, table.c.key).where(table.c.node == own, table.c.service == service)
    )
    return {row.number: row.key for row in rows}


def destroy(path: Path) -> None:
    """Write over a secret file and remove it, as far as the disk lets a file be forgotten."""
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
