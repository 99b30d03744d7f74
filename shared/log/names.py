"""The name of a log, and how the log is called on NATS."""

from dataclasses import dataclass

from shared.events import Log
from shared.ids import NodeName, ServiceName
from shared.subjects import out_stream, pages_subject, private_stream, private_subject


@dataclass(frozen=True, slots=True)
class LogName:
    """One log of one service of one node."""

    node: NodeName
    service: ServiceName
    log: Log

    def __str__(self) -> str:
        return f"{self.node}/{self.service}/{self.log.value}"

    def stream(self, epoch: int) -> str:
        """Return the name of the stream that carries an epoch of this log."""
        name = out_stream if self.log is Log.PUBLIC else private_stream
        return name(self.node, self.service, epoch)

    @property
    def subject(self) -> str:
        """The subject of this log's pages in its own node."""
        subject = pages_subject if self.log is Log.PUBLIC else private_subject
        return subject(self.service)


def federated_log(subject: str) -> LogName | None:
    """Return whose page lies under a subject of ``IN``, as receivers on its way stamped it."""
    match subject.split("."):
        case ["fed", _, node, service, "pages"]:
            return LogName(NodeName(node), ServiceName(service), Log.PUBLIC)
    return None


def gathered_subject(name: LogName) -> str:
    """Return the subject of a log's pages in the stream in which its hub gathers them."""
    return f"{name.node}.{name.service}.pages"
