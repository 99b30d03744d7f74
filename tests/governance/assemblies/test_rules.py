"""What may follow in an assembly: quorum, attendance, proxies, hands counted by two."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.governance.assemblies import refusals as no
from services.governance.assemblies import steps as said
from services.governance.assemblies.assembly import Stand, meter
from services.governance.rules import Method, Option, Rule
from shared.clock import BadTime, stamp
from shared.refusals import Refusal
from tests.governance.assemblies.samples import (
    CHAIR,
    MEETS,
    MEMBERS,
    NOW,
    OTHER_TELLER,
    ROOM,
    SECRETARY,
    TELLER,
    Meeting,
    call,
    called,
    opened,
    with_doors,
    words,
)


def test_half_the_members_are_a_quorum_of_a_half() -> None:
    meeting = with_doors(present=4)
    with pytest.raises(no.QuorumNotMet) as refused:
        meeting.chair(said.Opened())
    assert refused.value.members == {"needed": 5, "there": 4, "call": 1}
    meeting.do(said.Represented(voter=MEMBERS[9], holder=MEMBERS[0]))
    assert meeting.chair(said.Opened()).stand is Stand.OPEN


def test_a_quorum_is_rounded_up_and_never_down() -> None:
    stands = with_doors(present=1).stands
    for roll, needed in ((9, 5), (10, 5), (11, 6)):
        assert meter(replace(stands, roll_size=roll)).needed == needed


def test_without_a_quorum_there_is_a_second_call_with_its_own() -> None:
    meeting = with_doors(present=1)
    stands = meeting.chair(said.NotQuorate())
    assert stands.stand is Stand.ADJOURNED
    with pytest.raises(no.SecondCallTooEarly):
        meeting.do(said.CalledAgain(meets_at=stamp(MEETS + timedelta(days=7))))
    meeting.do(said.CalledAgain(meets_at=stamp(MEETS + timedelta(days=8))))
    meeting.do(said.Sent(to=MEMBERS, channel="message"))
    meeting.now = MEETS + timedelta(days=8, minutes=1)
    meeting.do(said.DoorsOpened())
    assert meeting.stands.votes == 0
    meeting.do(said.Arrived(voter=MEMBERS[3]))
    stands = meeting.chair(said.Opened())
    assert (meter(stands).call, meter(stands).needed, stands.stand) == (2, 1, Stand.OPEN)


def test_a_quorum_that_is_there_cannot_be_denied() -> None:
    with pytest.raises(no.NotNow):
        with_doors(present=6).chair(said.NotQuorate())


def test_there_is_no_second_call_where_the_rules_know_none() -> None:
    quorum = {"share": {"n": 1, "d": 2}}
    meeting = with_doors(present=1, quorum=quorum)
    meeting.chair(said.NotQuorate())
    with pytest.raises(no.NotNow):
        meeting.do(said.CalledAgain(meets_at=stamp(MEETS + timedelta(days=30))))


def test_whoever_was_called_too_late_has_to_be_there() -> None:
    meeting = Meeting(call())
    meeting.do(said.Sent(to=MEMBERS[:9], channel="mail"))
    meeting.now = MEETS - timedelta(days=14)
    meeting.do(said.Sent(to=MEMBERS[9:], channel="hand"))
    meeting.now = MEETS
    meeting.do(said.DoorsOpened())
    for member in MEMBERS[:6]:
        meeting.do(said.Arrived(voter=member))
    with pytest.raises(no.CalledTooLate) as refused:
        meeting.chair(said.Opened())
    assert refused.value.members == {"members": 1}
    meeting.do(said.Arrived(voter=MEMBERS[9]))
    assert meeting.chair(said.Opened()).stand is Stand.OPEN


def test_a_letter_that_was_entered_later_counts_from_the_day_it_was_posted() -> None:
    meeting = Meeting(call())
    meeting.now = MEETS - timedelta(days=2)
    posted = stamp(MEETS - timedelta(days=20))
    meeting.do(said.Sent(to=MEMBERS, channel="post", happened_at=posted))
    meeting.now = MEETS
    meeting.do(said.DoorsOpened())
    for member in MEMBERS[:5]:
        meeting.do(said.Arrived(voter=member))
    assert meeting.chair(said.Opened()).stand is Stand.OPEN


def test_nobody_stands_for_more_than_the_rules_allow() -> None:
    meeting = with_doors(present=2)
    meeting.do(said.Represented(voter=MEMBERS[5], holder=MEMBERS[0]))
    meeting.do(said.Represented(voter=MEMBERS[6], holder=MEMBERS[0]))
    with pytest.raises(no.ProxiesOverLimit):
        meeting.do(said.Represented(voter=MEMBERS[7], holder=MEMBERS[0]))
    meeting.do(said.Represented(voter=MEMBERS[7], holder=MEMBERS[1]))
    assert meter(meeting.stands).represented == 3


def test_only_who_is_there_in_person_stands_for_others() -> None:
    meeting = with_doors(present=1)
    meeting.do(said.Represented(voter=MEMBERS[5], holder=MEMBERS[0]))
    for holder in (MEMBERS[5], MEMBERS[8]):
        with pytest.raises(no.NotInTheRoom):
            meeting.do(said.Represented(voter=MEMBERS[7], holder=holder))


def test_with_who_leaves_go_those_for_whom_they_stood() -> None:
    meeting = with_doors(present=3)
    meeting.do(said.Represented(voter=MEMBERS[5], holder=MEMBERS[0]))
    assert meeting.do(said.Left(voter=MEMBERS[0])).votes == 2


def test_who_comes_after_all_is_no_longer_represented() -> None:
    meeting = with_doors(present=1)
    meeting.do(said.Represented(voter=MEMBERS[5], holder=MEMBERS[0]))
    stands = meeting.do(said.Arrived(voter=MEMBERS[5]))
    assert (meter(stands).present, meter(stands).represented) == (2, 0)
    with pytest.raises(no.InTheRoom):
        meeting.do(said.Arrived(voter=MEMBERS[5]))


def test_a_stranger_is_not_entered() -> None:
    with pytest.raises(no.NotOnTheRoll):
        with_doors().do(said.Arrived(voter="p:stranger"))


def test_what_was_entered_by_mistake_is_struck_out_and_stays_in_the_record() -> None:
    meeting = with_doors(present=2)
    before = len(meeting.record)
    stands = meeting.do(said.Struck(voter=MEMBERS[1], reason="number misread"))
    assert (stands.votes, len(meeting.record)) == (1, before + 1)
    with pytest.raises(no.NotInTheRoom):
        meeting.do(said.Struck(voter=MEMBERS[1], reason="again"))


def test_two_tellers_who_agree_give_a_count() -> None:
    meeting = opened()
    meeting.chair(said.VoteOpened(item=2))
    meeting.counts(TELLER, 4, 1, 1)
    with pytest.raises(no.NotNow):
        meeting.chair(said.Declared(item=2))
    stands = meeting.counts(OTHER_TELLER, 4, 1, 1)
    assert stands.points[2].agreed is not None
    assert meeting.chair(said.Declared(item=2, report={"outcome": "adopted"})).open_point == 0


def test_two_tellers_who_disagree_count_again() -> None:
    meeting = opened()
    meeting.chair(said.VoteOpened(item=2))
    meeting.counts(TELLER, 4, 1)
    stands = meeting.counts(OTHER_TELLER, 3, 2)
    assert (stands.points[2].agreed, stands.points[2].turn) == (None, 2)
    with pytest.raises(no.TellersDisagree):
        meeting.chair(said.Declared(item=2))
    meeting.counts(TELLER, 4, 2)
    stands = meeting.counts(OTHER_TELLER, 4, 2)
    assert stands.points[2].agreed is not None
    # Both counts of the first turn stay in the record.
    assert sum(isinstance(one.step, said.HandsCounted) for one in meeting.record) == 4


def test_one_teller_does_not_count_twice() -> None:
    meeting = opened()
    meeting.chair(said.VoteOpened(item=2))
    meeting.counts(TELLER, 4, 1)
    with pytest.raises(no.SameTeller):
        meeting.counts(TELLER, 4, 1)


def test_nobody_else_counts_hands() -> None:
    meeting = opened()
    meeting.chair(said.VoteOpened(item=2))
    for by in (CHAIR, SECRETARY, "p-anybody"):
        with pytest.raises(no.NotYourPart):
            meeting.counts(by, 4, 1)


def test_there_are_no_more_hands_than_votes_in_the_room() -> None:
    meeting = opened(present=5)
    meeting.do(said.Represented(voter=MEMBERS[8], holder=MEMBERS[0]))
    meeting.chair(said.VoteOpened(item=2))
    with pytest.raises(no.MoreHandsThanPeople) as refused:
        meeting.counts(TELLER, 5, 1, 1)
    assert refused.value.members == {"votes": 6}
    assert meeting.counts(TELLER, 5, 1, 0).points[2].counts.keys() == {TELLER}


def test_who_comes_while_a_vote_is_open_votes_on_the_next_point() -> None:
    meeting = opened(present=5)
    meeting.chair(said.VoteOpened(item=2))
    meeting.do(said.Arrived(voter=MEMBERS[8]))
    with pytest.raises(no.MoreHandsThanPeople):
        meeting.counts(TELLER, 6, 0)
    meeting.counts(TELLER, 5, 0)
    meeting.counts(OTHER_TELLER, 5, 0)
    meeting.chair(said.Declared(item=2, report={"outcome": "adopted"}))
    assert meeting.chair(said.VoteOpened(item=3)).points[3].votes == 6


def test_who_was_there_when_a_vote_opened_is_not_changed_afterwards() -> None:
    meeting = opened(present=5)
    before = stamp(meeting.now)
    meeting.wait(minutes=5)
    meeting.chair(said.VoteOpened(item=2))
    meeting.wait(minutes=5)
    for step in (
        said.Arrived(voter=MEMBERS[8], happened_at=before),
        said.Left(voter=MEMBERS[0], happened_at=before),
    ):
        with pytest.raises(no.LateAttendance):
            meeting.do(step)


def test_paper_is_entered_in_its_order_and_not_before_it_happened() -> None:
    meeting = opened(present=5)
    with pytest.raises(no.NotInOrder):
        meeting.chair(said.VoteOpened(item=2, happened_at=stamp(meeting.now + timedelta(hours=1))))
    with pytest.raises(no.NotInOrder):
        meeting.chair(said.VoteOpened(item=2, happened_at=stamp(MEETS)))


def test_nothing_of_an_assembly_happened_long_before_its_call() -> None:
    meeting = Meeting(call())
    with pytest.raises(no.NotInOrder):
        meeting.do(said.Sent(to=MEMBERS, channel="post", happened_at="0001-01-01T00:00:00.000Z"))
    with pytest.raises(BadTime):
        meeting.do(said.Sent(to=MEMBERS, channel="post", happened_at="2026-13-01T00:00:00.000Z"))


def test_a_vote_needs_its_quorum_when_it_opens() -> None:
    meeting = opened(present=5)
    meeting.do(said.Left(voter=MEMBERS[0]))
    with pytest.raises(no.QuorumNotMet):
        meeting.chair(said.VoteOpened(item=2))
    relaxed = opened(present=5, quorum_each_vote=False)
    relaxed.do(said.Left(voter=MEMBERS[0]))
    assert relaxed.chair(said.VoteOpened(item=2)).points[2].votes == 4


def test_one_vote_is_open_at_a_time_and_the_session_waits_for_it() -> None:
    meeting = opened()
    meeting.chair(said.VoteOpened(item=2))
    later: tuple[said.Step, ...] = (said.VoteOpened(item=3), said.Closed())
    for step in later:
        with pytest.raises(no.VoteOpen):
            meeting.chair(step)
    with pytest.raises(no.VoteOpen):
        meeting.do(said.Named(chair=CHAIR, secretary=SECRETARY, tellers=("p-a", "p-b")))


def test_a_point_for_information_has_no_vote_and_one_with_a_result_no_second() -> None:
    meeting = opened()
    for number in (1, 9):
        with pytest.raises(no.NotNow):
            meeting.chair(said.VoteOpened(item=number))
    meeting.chair(said.VoteOpened(item=2))
    meeting.counts(TELLER, 1, 0)
    meeting.counts(OTHER_TELLER, 1, 0)
    meeting.chair(said.Declared(item=2, report={"outcome": "adopted"}))
    with pytest.raises(no.NotNow):
        meeting.chair(said.VoteOpened(item=2))


def test_the_chair_opens_and_closes_and_nobody_else_does() -> None:
    meeting = with_doors()
    with pytest.raises(no.NotYourPart):
        meeting.do(said.Opened(), by=SECRETARY, steward=True)
    meeting.chair(said.Opened())
    with pytest.raises(no.NotYourPart):
        meeting.do(said.Closed(), by=SECRETARY, steward=True)


def test_an_assembly_chooses_who_leads_it() -> None:
    meeting = opened()
    meeting.do(said.Named(chair="p-new", secretary=SECRETARY, tellers=("p-a", "p-b")))
    with pytest.raises(no.NotYourPart):
        meeting.chair(said.Closed())
    assert meeting.do(said.Closed(), by="p-new").stand is Stand.CLOSED


def test_a_session_does_not_open_before_its_hour_nor_its_doors_on_another_day() -> None:
    meeting = called()
    meeting.do(said.DoorsOpened())
    for member in MEMBERS[:6]:
        meeting.do(said.Arrived(voter=member))
    with pytest.raises(no.NotNow):
        meeting.chair(said.Opened())
    early = Meeting(call())
    with pytest.raises(no.NotNow):
        early.do(said.DoorsOpened())


LATER: tuple[said.Step, ...] = (
    said.Arrived(voter=MEMBERS[9]),
    said.Left(voter=MEMBERS[0]),
    said.Struck(voter=MEMBERS[0], reason="x"),
    said.Noted(text={"fr": "x"}),
    said.VoteOpened(item=3),
    said.HandsCounted(item=2, yes=1, no=0, blank=0),
    said.Declared(item=2),
    said.Opened(),
    said.Closed(),
    said.Sent(to=MEMBERS, channel="mail"),
    said.Cancelled(reason={"fr": "x"}),
    said.Named(chair=CHAIR, secretary=SECRETARY, tellers=("p-a", "p-b")),
)


@pytest.mark.parametrize("step", LATER, ids=lambda step: step.what)
def test_after_the_close_nothing_is_edited(step: said.Step) -> None:
    meeting = opened()
    meeting.chair(said.Closed())
    for by in (CHAIR, SECRETARY, TELLER):
        with pytest.raises(no.AssemblyClosed):
            meeting.do(step, by=by, steward=True)


def test_after_the_close_there_are_additions_and_signed_copies() -> None:
    meeting = opened()
    with pytest.raises(no.NotNow):
        meeting.do(said.Added(text=words("x", "x")))
    meeting.chair(said.Closed())
    meeting.do(said.Added(text=words("Erratum", "تصحيح")))
    stands = meeting.do(said.Signed(sha256="cd" * 32, size=120_000, kept_at="armoire 3"))
    assert (stands.additions, len(stands.signed)) == (1, 1)


def test_an_assembly_that_is_cancelled_is_over() -> None:
    meeting = Meeting(call())
    assert meeting.do(said.Cancelled(reason={"fr": "Neige"})).stand is Stand.CANCELLED
    with pytest.raises(no.AssemblyClosed):
        meeting.do(said.Sent(to=MEMBERS, channel="mail"))


SCHULZE = {"method": "schulze"}
BAD_CALLS: list[tuple[dict[str, Any], type[Refusal]]] = [
    ({"meets_at": stamp(NOW)}, no.BadCall),
    ({"meets_at": "9999-12-31T23:59:59.999Z"}, no.BadCall),
    ({"meets_at": "2026-02-31T00:00:00.000Z"}, BadTime),
    ({"agenda": ({"title": words("x", "x"), "how": "phones", "rule": SCHULZE},)}, no.BadCall),
    ({"tellers": (TELLER, TELLER)}, no.BadCall),
    ({"zone": "Africa/Nowhere"}, no.BadCall),
    ({"title": {"fr": "Sans arabe"}}, no.LanguageLacking),
    ({"languages": ("fr",)}, no.LanguageLacking),
]


@pytest.mark.parametrize(("fields", "refusal"), BAD_CALLS)
def test_a_call_that_does_not_hold_together_is_refused(
    fields: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        Meeting(call(**fields))


@pytest.mark.parametrize(
    "item",
    [
        {"how": "room"},
        {"how": "information", "rule": ROOM},
        {"how": "room", "rule": Rule(method=Method.SCHULZE)},
        {
            "how": "phones",
            "rule": Rule(method=Method.SCHULZE),
            "options": (Option(code="a"), Option(code="b")),
            "names": {"a": words("A", "A")},
        },
        {"title": {"fr": "\u200b"}},
        # This letter becomes three when it is composed.
        {"title": {"fr": 250 * "\ufb2c"}},
    ],
)
def test_a_point_has_what_its_vote_needs(item: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        said.Item.model_validate({"title": words("x", "x")} | item)
