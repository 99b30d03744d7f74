"""What an assembly refuses, each by its name."""

from typing import ClassVar

from shared.refusals import Kind, Refusal


class BadCall(Refusal):
    """A call to an assembly whose parts do not go together."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "bad-call"
    title: ClassVar[str] = "An assembly cannot be called in this way"


class LanguageLacking(Refusal):
    """A text is not there in one of the languages of the assembly."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "assembly-language-lacking"
    title: ClassVar[str] = "A text lacks one of the assembly's languages"


class NotYourPart(Refusal):
    """Somebody did what another was named for: chair, secretary, teller."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-your-part"
    title: ClassVar[str] = "Somebody else was named for this in the assembly"


class AssemblyClosed(Refusal):
    """The record of a closed assembly takes additions only."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "assembly-closed"
    title: ClassVar[str] = "The assembly is closed; its record takes additions only"


class NotNow(Refusal):
    """A step that does not follow from how the assembly stands."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-now-in-assembly"
    title: ClassVar[str] = "The assembly is not at the point where this can be done"


class NotInOrder(Refusal):
    """Something is entered before what had happened earlier, or that has not happened yet."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "assembly-not-in-order"
    title: ClassVar[str] = "An assembly is entered in the order in which it happened"


class LateAttendance(Refusal):
    """An arrival or a leaving is entered for a time before a vote that was opened since."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "late-attendance"
    title: ClassVar[str] = "Who was there when a vote opened cannot be changed afterwards"


class CalledTooLate(Refusal):
    """Somebody who may take part was not called in time, and is not there either."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "called-too-late"
    title: ClassVar[str] = "Not all who may take part were called in time"


class SecondCallTooEarly(Refusal):
    """A second call for a day that is too soon after the first."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "second-call-too-early"
    title: ClassVar[str] = "A second call needs more days after the first one"


class QuorumNotMet(Refusal):
    """Too few are there, present or represented."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "quorum-not-met"
    title: ClassVar[str] = "Too few are present or represented"


class NotOnTheRoll(Refusal):
    """Somebody who is not on the assembly's roll was entered."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "not-on-the-roll"
    title: ClassVar[str] = "This number is not on the assembly's roll"


class NotInTheRoom(Refusal):
    """Somebody who is not in the room can neither leave it nor stand for others there."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-in-the-room"
    title: ClassVar[str] = "This member is not in the room"


class InTheRoom(Refusal):
    """Somebody who is in the room already was entered again."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "in-the-room"
    title: ClassVar[str] = "This member is in the room already"


class ProxiesOverLimit(Refusal):
    """Somebody would stand for more absent members than one person may."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "proxies-over-limit"
    title: ClassVar[str] = "One person may not stand for so many absent members"


class SameTeller(Refusal):
    """One teller would count the same hands twice."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "hands-same-teller"
    title: ClassVar[str] = "The second count is another teller's"


class TellersDisagree(Refusal):
    """The two counts of a show of hands differ."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "tellers-disagree"
    title: ClassVar[str] = "The two tellers have counted differently; hands are counted again"


class MoreHandsThanPeople(Refusal):
    """More hands were counted than there were votes in the room."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "more-hands-than-people"
    title: ClassVar[str] = "More hands were counted than there are votes in the room"


class VoteOpen(Refusal):
    """Something has to wait until the vote that is open has its result."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "assembly-vote-open"
    title: ClassVar[str] = "A vote is open; it has its result first"
