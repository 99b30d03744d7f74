"""An assembly's room: a person has one vote there, under whatever name they come in."""

import pytest

from services.governance.assemblies import refusals as no
from services.governance.assemblies import steps as said
from tests.governance.assemblies.samples import MEMBERS, PlainRoll, called
from tests.governance.rolls.told import entity

FIRST, SECOND = (f"e:{entity(number)}" for number in (1, 2))


def test_nobody_sits_in_a_room_for_two_cooperatives_or_as_themselves_besides() -> None:
    meeting = called()
    meeting.roll = PlainRoll((*MEMBERS, FIRST, SECOND))
    meeting.do(said.DoorsOpened())
    person = MEMBERS[0].removeprefix("p:")
    meeting.do(said.Arrived(voter=FIRST, acts=person))
    for arrival in (said.Arrived(voter=SECOND, acts=person), said.Arrived(voter=MEMBERS[0])):
        with pytest.raises(no.InTheRoom):
            meeting.do(arrival)
    meeting.do(said.Left(voter=FIRST))
    assert meeting.do(said.Arrived(voter=MEMBERS[0])).votes == 1
    with pytest.raises(no.InTheRoom):
        meeting.do(said.Arrived(voter=FIRST, acts=person))
    assert meeting.do(said.Arrived(voter=FIRST, acts="p-another")).votes == 2
