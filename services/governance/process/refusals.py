"""What a decision refuses, by name."""

from typing import ClassVar

from shared.refusals import Kind, Refusal


class NotKeeper(Refusal):
    """Somebody did what those who look after the decision do."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-keeper"
    title: ClassVar[str] = "This is for stewards, and for those who facilitate this decision"


class NotProposer(Refusal):
    """Somebody did what the proposer does."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-proposer"
    title: ClassVar[str] = "This is for whoever has made the proposal"


class NotTheirs(Refusal):
    """Somebody changed what another has said."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "not-theirs"
    title: ClassVar[str] = "Only whoever said it can do this"


class JudgesOwn(Refusal):
    """Somebody was to judge in a matter of their own, or for the second time."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "judges-own"
    title: ClassVar[str] = "Nobody judges what they have proposed, objected to or judged before"


class DecidedIt(Refusal):
    """Somebody was to judge an appeal against what they had a part in deciding."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "decided-it"
    title: ClassVar[str] = "An appeal is judged by people who did not decide"


class OwnTranslation(Refusal):
    """A translator confirmed their own translation without saying why."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    slug: ClassVar[str] = "own-translation"
    title: ClassVar[str] = "Somebody else confirms a translation; say why where nobody can"


class NoSuchPart(Refusal):
    """A decision has no version, option, question, objection or appeal of that name."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-such-part"
    title: ClassVar[str] = "The decision has nothing of that name"


class NoWords(Refusal):
    """A text has no letters that can be seen."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "no-words"
    title: ClassVar[str] = "This needs words"


class AlreadySo(Refusal):
    """A step would change nothing."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "already-so"
    title: ClassVar[str] = "It is so already"


class RecordFull(Refusal):
    """A decision has as many of something as it can hold."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "record-full"
    title: ClassVar[str] = "A decision holds no more of these"


class SupportLacking(Refusal):
    """An idea was to be written as a proposal before enough support it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "support-lacking"
    title: ClassVar[str] = "More members have to support the idea first"


class VersionOutdated(Refusal):
    """Something was said of a version that is not the newest."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "version-outdated"
    title: ClassVar[str] = "The proposal has a newer version; look at that first"


class WordsChanged(Refusal):
    """Words were confirmed that are others by now."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "words-changed"
    title: ClassVar[str] = "The words have changed since they were read; read them again"


class TextLacking(Refusal):
    """A language of the charter lacks a confirmed text."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "text-lacking"
    title: ClassVar[str] = "A language of the charter lacks a confirmed text"


class AmendmentClosed(Refusal):
    """An amendment was answered or taken back before."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "amendment-closed"
    title: ClassVar[str] = "This amendment was answered, or taken back"


class AmendmentsOpen(Refusal):
    """Amendments wait for their answer."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "amendments-open"
    title: ClassVar[str] = "Amendments wait for an answer"


class ObjectionElsewhere(Refusal):
    """An objection is not where this can be done with it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "objection-elsewhere"
    title: ClassVar[str] = "The objection is not where this can be done with it"


class ObjectionsOver(Refusal):
    """The time to object is over."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "objections-over"
    title: ClassVar[str] = "The time to object is over"


class ObjectionUnanswered(Refusal):
    """Objections wait for their answer."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "objection-unanswered"
    title: ClassVar[str] = "Objections must be answered first"


class ObjectionsStand(Refusal):
    """More objections stand than consent can bear."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "objections-stand"
    title: ClassVar[str] = (
        "An objection stands: change the proposal, or after two rounds withdraw or call the vote"
    )


class RoundsOver(Refusal):
    """Two rounds of consent have been held."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "rounds-over"
    title: ClassVar[str] = "After two rounds the proposer withdraws, or calls the vote"


class NoFallback(Refusal):
    """A vote in the place of consent was called too early, or where nothing stands."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-fallback"
    title: ClassVar[str] = "A vote takes the place of consent after two rounds, where one stands"


class OptionsUnfit(Refusal):
    """The options are not such as the rule can be voted on."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "options-unfit"
    title: ClassVar[str] = "The options do not fit the rule"


class RuleNotOfTemplate(Refusal):
    """A rule differs from its template where it must not."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "rule-not-of-template"
    title: ClassVar[str] = "Decisions of this kind are made by a stricter rule"


class TimesUnfit(Refusal):
    """The times of a notice are shorter than the rule asks, or in a wrong order."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "times-unfit"
    title: ClassVar[str] = "The times do not fit the rule"


class NotYet(Refusal):
    """The time for a step has not come."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "not-yet"
    title: ClassVar[str] = "The time for this has not come"


class SubjectVotes(Refusal):
    """Somebody stands in the roll of a decision about themselves."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "subject-votes"
    title: ClassVar[str] = "Whom a decision is about does not vote on it"


class NoSecondCall(Refusal):
    """A second call where the rule has none, or where the quorum was reached."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-second-call"
    title: ClassVar[str] = (
        "There is a second call once, where the rule has one and the quorum failed"
    )


class NoNewVote(Refusal):
    """A new vote that no appeal has ordered."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "no-new-vote"
    title: ClassVar[str] = "A new vote is held where an appeal has ordered one"


class OwnerUnfit(Refusal):
    """An outcome lacks whom it is in the hands of, or has one where nothing follows."""

    kind: ClassVar[Kind] = Kind.INVALID
    slug: ClassVar[str] = "owner-unfit"
    title: ClassVar[str] = "What was adopted has an owner and a deadline to come, and nothing else"


class AppealsOver(Refusal):
    """The days in which an appeal can be made are over."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "appeals-over"
    title: ClassVar[str] = "The days in which an appeal can be made are over"


class AppealElsewhere(Refusal):
    """An appeal is not where this can be done with it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    slug: ClassVar[str] = "appeal-elsewhere"
    title: ClassVar[str] = "The appeal is not where this can be done with it"
