"""What was published counts, as those see it who have read it; nothing else of a log is lost."""

import pytest

from shared.contracts.log import LogReopened
from shared.log.adoption import branch_of
from shared.log.branches import BadReopening
from shared.log.page import Page, SealedPage, SignedPage, parse_page
from tests.faults.histories import History, Origin

FR = Origin("fr")
TRUNK = FR.told((), 4)


def _signed(*pages: SealedPage) -> list[SignedPage]:
    return [SignedPage(page=parse_page(page.data), sealed=page) for page in pages]


def _stated(page: Page) -> LogReopened:
    first = page.events[0]
    if not first["type"].startswith("org.twiza.log.reopened."):
        raise BadReopening("it is none")
    return LogReopened.model_validate(first["data"])


def _branch(*pages: SealedPage) -> History:
    return tuple(one.sealed for one in branch_of(_signed(*pages), _stated))


def test_a_history_without_a_fork_counts_whole_however_often_it_came() -> None:
    assert _branch(*TRUNK) == TRUNK
    assert _branch(*TRUNK, *TRUNK[1:]) == TRUNK
    assert _branch(*TRUNK[2:]) == TRUNK[2:]
    assert _branch() == ()


@pytest.mark.parametrize("at", range(5))
def test_of_two_branches_the_one_counts_that_came_first(at: int) -> None:
    first = FR.told(TRUNK[:at], 3, word="first ")
    second = FR.told(TRUNK[:at], 5, word="second ")
    assert _branch(*first, *second) == first
    # As a hub gathers them that goes on with another instance where the first one stopped.
    assert _branch(*first, *second[len(first) :]) == first


def test_a_reopening_says_which_branch_counts_whatever_came_first() -> None:
    first = FR.told(TRUNK, 3, word="first ")
    second = FR.told(TRUNK, 2, word="second ")
    healed = FR.told(FR.reopened(second, epoch=2), 2)
    assert _branch(*first, *second, *healed[len(second) :]) == healed
    healed = FR.told(FR.reopened(first, epoch=2), 2)
    assert _branch(*second, *first, *healed[len(first) :]) == healed


def test_an_epoch_that_nobody_has_opened_does_not_count() -> None:
    forged = FR.told((*TRUNK,), 1)
    page = FR.page([FR.listed("no reopening")], epoch=2, number=1, prev="0" * 64)
    assert _branch(*forged, page) == forged
