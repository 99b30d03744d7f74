"""The node service's health: whether its server is safe, its hub is linked, and what was found."""

from services.node.parts import Parts
from services.node.server import ServerNotReady, monitor
from services.node.server_config import UnsafeDurability, require_safe
from shared.health import Checks, Health


def checks_of_node(checks: Checks, parts: Parts) -> None:
    """Add the checks of the node service to those of every service."""
    settings = parts.home.settings()

    async def durability() -> Health:
        try:
            require_safe(await monitor(settings.ports.monitor, "/jsz"), settings)
        except (UnsafeDurability, ServerNotReady) as error:
            return Health(False, error.detail, {"reason_code": error.slug})
        strict = settings.durability == "strict"
        words = "what is acknowledged is on the disk" if strict else "relaxed by the settings"
        return Health(True, words, {"durability": settings.durability})

    def link() -> Health:
        """Tell of the link to the hub; a node that is cut off works on, so it is always well."""
        hub, since = parts.flow.hub, parts.flow.linked_for_s
        if hub is None:
            return Health(True, "no hub")
        words = f"connected to {hub}" if since is not None else f"not connected to {hub}"
        return Health(True, words, {"hub": hub, "connected": since is not None})

    def watch() -> Health:
        """Tell what the watch has found; none of it keeps the node from its work."""
        codes = sorted({finding.code for finding in parts.watch.findings})
        return Health(True, ", ".join(codes) or "nothing found", {"findings": codes})

    checks.add("durability", durability)
    checks.add("link", link)
    checks.add("watch", watch)
