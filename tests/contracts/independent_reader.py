"""The second opinion goes on: what becomes of pages that passed the door."""

from typing import Any

from tests.contracts import independent


class Reader:
    """Follows one log: decides what becomes of pages that passed the door (page.md, section 6)."""

    def __init__(self, root_key: str) -> None:
        self.root_key = root_key
        self.place: independent.Place = (1, 0)
        self.state, self.reason = "open", ""
        self.applied: dict[independent.Place, str] = {}
        self.wanted: dict[str, Any] = {}
        """The reopening whose last page has not been applied here."""
        self.held: dict[independent.Place, tuple[dict[str, Any], str]] = {}

    def take(self, page: dict[str, Any], digest: str) -> str:
        """Return what becomes of a page; held pages follow by themselves."""
        becomes = self._one(page, digest)
        while becomes in ("applied", "held") and (follow := self._next()) is not None:
            if self._one(*self.held.pop(follow)) != "applied":
                break
        if self.state in ("open", "gap"):
            self.state = "gap" if self.held else "open"
        return becomes

    def _next(self) -> independent.Place | None:
        epoch, number = self.place
        later = [place for place in sorted(self.held) if place[0] > epoch and place[1] == 1]
        following = (epoch, number + 1)
        return following if following in self.held else next(iter(later), None)

    def _one(self, page: dict[str, Any], digest: str) -> str:
        place, (epoch, number) = (page["epoch"], page["number"]), self.place
        before = self.applied.get((place[0], place[1] - 1), "0" * 64)
        other = self.applied.get(place, digest) != digest
        if other and digest == self.wanted.get("hash") and page["prev"] == before:
            # It is the page that counts, and follows from one that was applied: the rest is left.
            self.wanted, self.state = {}, "gap"
            self._drop((place[0], place[1] - 1))
            return self._hold(page, digest)
        if place[0] > epoch:
            return self._reopened(page, digest) if place[1] == 1 else self._hold(page, digest)
        if place == (epoch, number + 1) and self.state != "quarantined":
            if page["prev"] != self.applied.get(self.place, "0" * 64):
                return self._quarantine("equivocation")
            self.place, self.applied[place] = place, digest
            return "applied"
        if place > self.place:
            return "refused" if self.state == "quarantined" else self._hold(page, digest)
        if self.applied.get(place) == digest:
            return "skipped"
        return "refused" if place[0] < epoch else self._quarantine("equivocation")

    def _reopened(self, page: dict[str, Any], digest: str) -> str:
        kind, _, version = page["events"][0]["type"].rpartition(".v")
        if kind == "org.twiza.log.reopened" and version != "1":
            # A later release reads it: whoever cannot waits.
            return self._hold(page, digest)
        said = reopening(page, self.root_key)
        if said is None:
            return self._quarantine("bad-reopening")
        last = (said["old_epoch"], said["last_page"])
        ours = self.applied.get(last, "0" * 64 if last[1] == 0 else None)
        if ours != said["hash"]:
            self.wanted = said
            self.state = "gap"
            return self._hold(page, digest)
        self._drop(last)
        self.place, self.state, self.reason = (page["epoch"], 0), "open", ""
        return self._one(page, digest)

    def _drop(self, after: independent.Place) -> None:
        self.applied = {place: one for place, one in self.applied.items() if place <= after}
        self.place = min(self.place, after)

    def _hold(self, page: dict[str, Any], digest: str) -> str:
        self.held[page["epoch"], page["number"]] = page, digest
        return "held"

    def _quarantine(self, reason: str) -> str:
        if self.state != "quarantined":
            self.state, self.reason = "quarantined", reason
        return "quarantined"


def reopening(page: dict[str, Any], root_key: str) -> dict[str, Any] | None:
    """Return what the first event of a new epoch says, where it holds (epochs.md, section 2)."""
    event = page["events"][0]
    said: dict[str, Any] = dict(event["data"])
    signature = str(said.pop("signature", ""))
    named = [said.get(name) for name in ("node", "service", "which", "epoch")]
    if (
        event["type"] != "org.twiza.log.reopened.v1"
        or event["source"] != f"twiza:{page['node']}/{page['service']}"
        or named != [page[name] for name in ("node", "service", "log", "epoch")]
        or said["old_epoch"] >= said["epoch"]
    ):
        return None
    try:
        independent.verified(
            root_key, "twiza/reopening/1\n", independent.written(said), signature, "bad-reopening"
        )
    except independent.Refused:
        return None
    return said
