"""Matching a list of barter from a file: what ``twiza match`` does, without its options."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shared.refusals import Kind, Refusal

if TYPE_CHECKING:
    from services.exchange.matching.lists import Barter


class NoList(Refusal):
    """There is no file to read."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-barter-list"
    title: ClassVar[str] = "There is no such list"


def read(path: Path, *, cap: int, owners: str) -> "Barter":
    """Return the list of barter that a file holds, in either of its forms.

    Raises:
        NoList: there is no such file.
        BadList: it is not understood.
    """
    from services.exchange.matching import bti, want_lists
    from services.exchange.matching.lists import FILE_BYTES_MAX, decoded, is_bti
    from services.exchange.matching.refusals import BadList
    from services.exchange.matching.wire import Owners

    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadList(f"it has more than {FILE_BYTES_MAX} bytes")
        text = decoded(path.read_bytes())
    except OSError as error:
        raise NoList(str(path)) from error
    numbers = path.suffix.lower() == ".bti" or is_bti(text)
    read_as = bti.read if numbers else want_lists.read
    return read_as(text, cap=cap, owners=Owners(owners))


def matched(barter: "Barter") -> dict[str, Any]:
    """Return the rings of a list, their worth and its bound, as plain JSON.

    A slot is named by its number where the list has no names. ``unbounded`` says how many items
    could be traded in rings of any length, and at which least cost of priority.
    """
    from services.exchange.matching.solve import solve
    from services.exchange.matching.unbounded import most_trades

    problem = barter.problem
    outcome = solve(problem)
    trades = most_trades(problem, barter.cost)
    named = (lambda name: int(name)) if barter.by_number else str
    return {
        "value": outcome.value,
        "bound": outcome.bound,
        "gap_ppm": outcome.gap_ppm,
        "proven": outcome.proven,
        "cap": problem.cap,
        "owners": problem.owners.value,
        "items": int((~problem.dummy).sum()),
        "dummies": int(problem.dummy.sum()),
        "arcs": len(problem.tail),
        "unbounded": {"trades": trades.trades, "cost": trades.cost},
        "rings": [[named(slot) for slot in ring.slots] for ring in outcome.rings],
        "notices": list(barter.notices),
        "certificate": dict(outcome.certificate),
    }


def checked(path: Path) -> dict[str, Any]:
    """Check a round's proof and return what it proves, as plain JSON.

    The rings are checked against the problem, and the bound by one pass over the published prices;
    the code that checks is not the code that solves.

    Raises:
        NoList: there is no such file.
        BadProblem: it holds no problem; that of a very large round is made again from its items.
        BadCertificate: something of it is not true, or was changed after it was sealed.
    """
    import orjson

    from services.exchange.matching.lists import FILE_BYTES_MAX
    from services.exchange.matching.model import problem_of
    from services.exchange.matching.refusals import BadCertificate, BadProblem
    from services.exchange.matching.verify import verify

    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadProblem(f"it has more than {FILE_BYTES_MAX} bytes")
        proof = orjson.loads(path.read_bytes())
    except OSError as error:
        raise NoList(str(path)) from error
    except orjson.JSONDecodeError as error:
        raise BadProblem("it is not JSON") from error
    if not isinstance(proof, dict) or not isinstance(proof.get("problem"), dict):
        raise BadProblem("it is no proof of a round")
    problem, certificate = problem_of(proof["problem"]), proof.get("certificate")
    if not isinstance(certificate, dict):
        raise BadCertificate("there is none")
    verify(problem, certificate)
    value, bound = certificate["value"], certificate["bound"]
    return {
        "value": value,
        "bound": bound,
        "gap_ppm": 0 if bound <= 0 else -(-(bound - value) * 1_000_000 // bound),
        "rings": len(certificate["rings"]),
        "input_hash": problem.digest,
    }
