"""Reading want lists in the form of TradeMaximizer 1.3c: who gives what for which.

A line is a list: ``(user) item : want want ; want``. A name that begins with ``%`` is a dummy, and
its user's alone. Names differ by capitals only where an option says so; the first list of an item
counts; nobody receives an own item, nor through a dummy. A semicolon is a big step down.
"""

from typing import Final, NamedTuple

import numpy as np

from services.exchange.matching.list_options import COSTS, EXPLICIT, Options, with_option
from services.exchange.matching.lists import Barter
from services.exchange.matching.model import arranged
from services.exchange.matching.refusals import BadList, BadProblem
from services.exchange.matching.wire import CAP_DEFAULT, Owners

NOTICES_MAX: Final = 200
RANK_MAX: Final = 10**9
_BEGIN: Final = "!BEGIN-OFFICIAL-NAMES"
_END: Final = "!END-OFFICIAL-NAMES"


class WantList(NamedTuple):
    """One line: who gives what for which.

    Args:
        user: in capitals where capitals do not count; empty where nobody is named.
        item: what is given.
        wants: names and semicolons, the dearest first.
    """

    user: str
    item: str
    wants: tuple[str, ...]


class Wants(NamedTuple):
    """What a file says, line by line."""

    options: Options
    official: frozenset[str] | None
    lists: tuple[WantList, ...]


def read(text: str, *, cap: int = CAP_DEFAULT, owners: Owners = Owners.ONCE) -> Barter:
    """Return the graph of want lists; every item that is traded counts one.

    Raises:
        BadList: a line is not understood.
        UnknownOption: an option is none that version 1.3c knows.
    """
    return _Graph(lines_of(text)).barter(cap, owners)


def lines_of(text: str) -> Wants:
    """Return what each line says.

    Raises:
        BadList: a line is not understood.
    """
    options, lists = Options(), list[WantList]()
    official: frozenset[str] | None = None
    names: set[str] = set()
    reading = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#!"):
            if lists or reading or official is not None:
                raise BadList(f"line {number}: options stand before the lists and official names")
            for word in line[2:].split():
                options = with_option(options, word, number)
        elif not line or line.startswith("#"):
            continue
        elif line.upper() == _BEGIN:
            if names or official is not None or lists:
                raise BadList(f"line {number}: official names stand once, before the lists")
            reading = True
        elif line.upper() == _END:
            if not reading:
                raise BadList(f"line {number}: no official names have begun")
            official, reading = frozenset(names), False
        elif reading:
            names.add(_official(line, number, options, names))
        else:
            lists.append(_list(line, number, options))
    if reading:
        raise BadList(f"the official names have no {_END}")
    return Wants(options, official, tuple(lists))


def _official(line: str, number: int, options: Options, known: set[str]) -> str:
    name = line.replace(":", " ").split()[0] if line[0] != ":" else ""
    name = name if options.case_sensitive else name.upper()
    if not name or name.startswith("%") or "#" in name:
        raise BadList(f"line {number}: this is no official name")
    if name in known:
        raise BadList(f"line {number}: the official name {name} stands there twice")
    return name


def _list(line: str, number: int, options: Options) -> WantList:
    """Return a line's list."""
    if "#" in line:
        raise BadList(f"line {number}: a comment has a line of its own")
    user, rest = _user(line, number)
    if not user and options.require_usernames:
        raise BadList(f"line {number}: there is no user in parentheses")
    head, colon, tail = rest.partition(":")
    if ":" in tail:
        raise BadList(f"line {number}: more than one colon")
    if colon and len(head.split()) != 1:
        raise BadList(f"line {number}: one item stands before the colon")
    if ";" in head and colon:
        raise BadList(f"line {number}: a semicolon stands before the colon")
    if not colon and options.require_colons:
        raise BadList(f"line {number}: there is no colon")
    words = f"{head} {tail}".replace(";", " ; ").split()
    if not words or words[0] == ";":
        raise BadList(f"line {number}: there is no item")
    if not options.case_sensitive:
        user, words = user.upper(), [word.upper() for word in words]
    return WantList(user, words[0], tuple(words[1:]))


def _user(line: str, number: int) -> tuple[str, str]:
    """Return the name in parentheses, if there is one, and the rest of the line."""
    if not line.startswith("("):
        if "(" in line or ")" in line:
            raise BadList(f"line {number}: a user stands in parentheses at the beginning")
        return "", line
    user, close, rest = line[1:].partition(")")
    if not close or "(" in user or "(" in rest or ")" in rest:
        raise BadList(f"line {number}: one pair of parentheses holds the user")
    if not user or not rest.strip():
        raise BadList(f"line {number}: a user and an item stand in a line")
    return user, rest


class _Graph:
    """The slots and arcs of want lists, as they are gathered."""

    def __init__(self, wants: Wants) -> None:
        self._wants, self._options = wants, wants.options
        self._cost = COSTS[wants.options.scheme]
        self._slots: dict[str, tuple[int, WantList]] = {}
        self._arcs: dict[tuple[int, int], int] = {}
        self._notices: list[str] = []

    def barter(self, cap: int, owners: Owners) -> Barter:
        """Return the problem with its costs."""
        for one in self._wants.lists:
            self._enter(one)
        for place, one in self._slots.values():
            self._want(place, one)
        # Whom nobody named is somebody else each time.
        try:
            problem = arranged(
                ids=list(self._slots),
                owners_of=[one.user or (place,) for place, one in self._slots.values()],
                dummy=[int(one.item.startswith("%")) for _, one in self._slots.values()],
                tail=[tail for tail, _ in self._arcs],
                head=[head for _, head in self._arcs],
                cap=cap,
                owners=owners,
            )
        except BadProblem as error:
            raise BadList(error.detail) from error
        at = [self._slots[name][0] for name in problem.ids]
        pairs = zip(problem.tail.tolist(), problem.head.tolist(), strict=True)
        cost = np.array([self._arcs[at[tail], at[head]] for tail, head in pairs], dtype=np.int64)
        return Barter(problem, cost, tuple(self._notices[:NOTICES_MAX]))

    def _enter(self, one: WantList) -> None:
        official = self._wants.official
        if one.item.startswith("%") and not one.user:
            self._note(f"the dummy {one.item} has no user")
        elif one.item.startswith("%") and not self._options.allow_dummies:
            self._note(f"the dummy {one.item} is left out: the list does not allow dummies")
        elif official is not None and not one.item.startswith("%") and one.item not in official:
            self._note(f"{one.item} is no official name")
        elif self._name(one.item, one.user) in self._slots:
            self._note(f"{one.item} has several lists; the first counts")
        else:
            self._slots[self._name(one.item, one.user)] = (len(self._slots), one)

    def _want(self, place: int, one: WantList) -> None:
        rank = 1
        for want in one.wants:
            if want == ";":
                rank += self._options.big_step
                continue
            item, rank = self._explicit(want, rank, one.item)
            if not item:
                continue
            wanted = self._slots.get(self._name(item, one.user))
            if wanted is None:
                official = self._wants.official or frozenset()
                if item in official:
                    rank += self._options.small_step
                else:
                    self._note(f"{one.item} wants {item}, which nobody offers")
            elif self._may(place, one, *wanted):
                # What leads out of a dummy costs nothing.
                cost = 0 if one.item.startswith("%") else self._cost(min(rank, RANK_MAX))
                self._arcs[place, wanted[0]] = cost
                rank += self._options.small_step

    def _explicit(self, want: str, rank: int, of: str) -> tuple[str, int]:
        """Return a want's name and its rank, which may stand behind an equals sign."""
        item, equals, number = want.partition("=")
        if not equals:
            return item, rank
        if self._options.scheme != EXPLICIT:
            self._note(f"{want}, which {of} wants, has a number without {EXPLICIT}")
        elif not item or not (number.isascii() and number.isdigit()) or int(number[:20]) < 1:
            self._note(f"{want}, which {of} wants, has no number from 1 on")
        else:
            return item, int(number[:10])
        return "", rank

    def _may(self, place: int, one: WantList, wanted: int, other: WantList) -> bool:
        """Return whether an item may be given for another; else say why not."""
        if wanted == place:
            self._note(f"{one.item} wants itself")
        elif (place, wanted) in self._arcs:
            if self._options.show_repeats:
                self._note(f"{one.item} wants {other.item} twice")
        elif one.user and one.user == other.user and not other.item.startswith("%"):
            self._note(f"{one.item} wants {other.item} of the same user")
        else:
            return True
        return False

    @staticmethod
    def _name(item: str, user: str) -> str:
        return f"{item} ({user})" if item.startswith("%") else item

    def _note(self, sentence: str) -> None:
        if len(self._notices) < NOTICES_MAX:
            self._notices.append(f"{sentence[0].upper()}{sentence[1:]}.")
