"""The streams of one node, kept as they shall be.

What a stream shall be is written into a file of the home before the server hears of it: a crash
in between is mended at the next start.
"""

import json
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from nats.aio.client import Client

from services.node import credentials, stream_configs
from services.node.home import Home
from services.node.jetstream import StreamRefused, found, request
from services.node.revival import STALLED_S, Revival
from services.node.stream_configs import NOTHING, Continent, Member, StreamConfig
from shared.ids import FEDERATED, SERVICES, NodeName, ServiceName
from shared.keys import write_secret
from shared.subjects import Level, offered_streams, out_stream, private_stream


class Streams:
    """Makes and keeps the streams of a node, over its node service's two NATS clients.

    Args:
        home: the node's home.
        fed: the node service's client in the federated account.
        app: the node service's client in the private account.
    """

    def __init__(self, home: Home, *, fed: Client, app: Client) -> None:
        self._home = home
        self._settings = home.settings()
        self._fed = fed
        self._app = app
        self._revival = Revival()
        self._looked_at = float("-inf")

    async def ensure_own_logs(self) -> None:
        """Make the streams of all logs of this node, in their current epochs, where they miss.

        A service that is added later finds its streams waiting, and so does the hub's source.
        """
        for service in FEDERATED:
            await self._ensure_log(service, private=False)
        for service in SERVICES:
            await self._ensure_log(service, private=True)

    async def open_epoch(self, service: ServiceName, epoch: int, *, private: bool = False) -> None:
        """Close the older epochs of a log and make the stream of a new one.

        The services' credentials then name the epoch after it; they hold at their next connection.
        """
        kept = credentials.epochs(self._home)
        (kept.private if private else kept.public)[service] = epoch
        # Written first: a crash after this line is mended by ``ensure_own_logs``.
        credentials.keep_epochs(self._home, kept)
        await self._ensure_log(service, private=private)

    async def ensure_continental(self, members: Iterable[Member]) -> None:
        """Make a continental hub gather its members' logs and its own."""
        await self.ensure(
            stream_configs.continental(
                self._settings.name,
                members,
                own_epochs=credentials.epochs(self._home).public,
                store_mb=self._settings.store_mb,
            )
        )

    async def ensure_abroad(self, continents: Iterable[str]) -> None:
        """Make a continental hub hold the other continents' pages.

        Args:
            continents: the other continents, as the intercontinental hub tells; its own is added,
                and this hub's is left out.
        """
        federation = self._home.federation()
        others = set(continents) - {self._settings.continent}
        await self.ensure(
            stream_configs.abroad(
                self._settings.name,
                federation.hub if federation else None,
                others | ({federation.hub_continent} if federation else set()),
                store_mb=self._settings.store_mb,
                world=federation.offered[0] if federation and federation.offered else "",
            )
        )

    async def ensure_world(self, continents: Iterable[Continent]) -> None:
        """Make the intercontinental hub gather the continents and its own logs."""
        await self.ensure(
            stream_configs.world(
                self._settings.name,
                self._settings.continent,
                continents,
                own_epochs=credentials.epochs(self._home).public,
                store_mb=self._settings.store_mb,
            )
        )

    async def ensure_incoming(self) -> bool:
        """Make the stream from which this node reads the federation; False without a hub.

        A local node calls this when its leaf is up: a source that finds no one waits 40 s.
        """
        settings, federation = self._settings, self._home.federation()
        drawn: tuple[str, ...]
        hub: NodeName | None = None
        continent = settings.continent
        if settings.level is not Level.LOCAL:
            drawn = offered_streams(settings.name, settings.level)
        elif federation is not None:
            drawn, hub, continent = federation.offered, federation.hub, federation.hub_continent
        else:
            return False
        await self.ensure(
            stream_configs.incoming(
                settings.name,
                settings.level,
                continent,
                hub=hub,
                drawn=drawn,
                store_mb=settings.store_mb,
            )
        )
        return True

    async def ensure(self, config: StreamConfig) -> None:
        """Make a stream of the federated account what its configuration says, and remember it.

        Raises:
            StreamRefused: JetStream said no, or did not answer.
        """
        self._remember(config)
        await _ensured(self._fed, config)

    async def mend(self) -> None:
        """Make every remembered sourcing stream what it shall be: half of a reset may be undone."""
        for stream in self.sourcing():
            await _ensured(self._fed, self._remembered(stream))

    def sourcing(self) -> list[str]:
        """Return the names of this node's streams that draw from others."""
        return sorted(path.stem for path in self._home.intended_streams.glob("*.json"))

    async def info(self, stream: str) -> dict[str, Any]:
        """Return what JetStream says of a stream of the federated account.

        Raises:
            StreamRefused: there is no such stream, or no answer.
        """
        return await request(self._fed, f"STREAM.INFO.{stream}")

    async def reset_sources(self, stream: str) -> None:
        """Take a stream's sources away and give them back: pages flow again in about 1.5 s.

        Left alone, a source whose other side was restarted waits up to 45 s. Nothing is lost or
        doubled: a source goes on after the last page that the stream holds of it.

        Raises:
            StreamRefused: the stream is not one of ours, or JetStream said no.
        """
        config = self._remembered(stream)
        await request(self._fed, f"STREAM.UPDATE.{stream}", config | {"sources": [NOTHING]})
        await request(self._fed, f"STREAM.UPDATE.{stream}", config)
        self._revival.done(stream, now=time.monotonic())

    def returned(self, peer: str) -> None:
        """Note that the link with a node has come up; ``revive`` then lets its pages flow."""
        self._revival.returned(self.sourcing(), peer)

    async def revive(self, linked: Collection[str]) -> list[str]:
        """Set the sources of each stream again where that is due; return the streams' names.

        To be called every second: it looks at the streams when a link has returned, and otherwise
        every five seconds.

        Args:
            linked: the nodes that are connected now.
        """
        now, revived = time.monotonic(), []
        if not self._revival.awaits() and now - self._looked_at < STALLED_S:
            return []
        self._looked_at = now
        for stream in self.sourcing():
            if self._revival.due(await self.info(stream), linked=linked, now=now):
                await self.reset_sources(stream)
                revived.append(stream)
        return revived

    async def _ensure_log(self, service: ServiceName, *, private: bool) -> None:
        kept = credentials.epochs(self._home)
        current = (kept.private if private else kept.public).get(service, 1)
        client = self._app if private else self._fed
        slot = self._home.slot()
        node, name = self._settings.name, private_stream if private else out_stream
        for epoch in range(1, current):
            held = await found(client, name(node, service, epoch))
            if held is not None and not _is_closed(held["config"]):
                closed = stream_configs.closed_log(
                    node,
                    service,
                    epoch,
                    private=private,
                    bytes_now=held["state"]["bytes"],
                    slot=slot,
                )
                await _ensured(client, closed)
        await _ensured(
            client,
            stream_configs.own_log(
                node,
                service,
                current,
                private=private,
                store_mb=self._settings.store_mb,
                slot=slot,
            ),
        )

    def _remember(self, config: StreamConfig) -> None:
        text = json.dumps(config, indent=1, sort_keys=True).encode("utf-8")
        path = self._home.intended_stream(config["name"])
        if not path.exists() or path.read_bytes() != text:
            write_secret(path, text)

    def _remembered(self, stream: str) -> StreamConfig:
        path = self._home.intended_stream(stream)
        if not path.exists():
            raise StreamRefused(f"{stream} is not a stream that draws from others")
        config = json.loads(path.read_bytes())
        assert isinstance(config, dict)
        return config


async def _ensured(client: Client, config: StreamConfig) -> None:
    held = await found(client, config["name"])
    if held is None:
        await request(client, f"STREAM.CREATE.{config['name']}", config)
    elif _differs(held["config"], config):
        await request(client, f"STREAM.UPDATE.{config['name']}", config)


def _differs(held: Mapping[str, Any], wanted: StreamConfig) -> bool:
    # The server leaves out what is empty, and adds what we do not speak of.
    return any(_plain(held.get(key)) != _plain(value) for key, value in wanted.items())


def _plain(value: object) -> object:
    if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
        return {json.dumps(one, sort_keys=True) for one in value}
    return value or None


def _is_closed(config: Mapping[str, Any]) -> bool:
    return all(subject.startswith("closed.") for subject in config.get("subjects") or ())
