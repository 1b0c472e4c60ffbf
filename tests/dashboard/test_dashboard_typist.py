"""Enter and what was typed come in any order and are put together."""

from __future__ import annotations

import asyncio

import pytest

from pd_capflow.notebook.dashboard.typist import Typist
from tests.dashboard.conftest import BOUND, screen_of


@pytest.fixture
def entered():
    return []


@pytest.fixture
def typist(entered):
    return Typist(entered.append)


def test_without_an_event_loop_enter_is_for_what_is_there(typist, entered):
    assert not typist.type("HK.00700")
    typist.press_enter()
    assert entered == ["HK.00700"]


def test_enter_is_for_the_text_that_comes_behind_it(typist, entered):
    """As a page sends it of somebody who types quickly: half of it, Enter, all of it."""

    async def type_quickly():
        typist.type("H")
        typist.press_enter()
        assert entered == [], "half a code could be another one"
        assert typist.type("HK.03690")
        assert not typist.type("x"), "which is another text"

    asyncio.run(type_quickly())
    assert entered == ["HK.03690"]


def test_enter_is_for_what_is_there_if_nothing_comes_behind_it():
    async def type_slowly():
        entered = asyncio.get_running_loop().create_future()
        typist = Typist(entered.set_result)
        typist.type("HK.03690")
        typist.press_enter()
        return await asyncio.wait_for(entered, BOUND)

    assert asyncio.run(type_slowly()) == "HK.03690"


def test_what_was_given_up_is_not_entered(typist, entered):
    async def give_up():
        typist.type("HK.00700")
        typist.press_enter()
        typist.give_up()
        assert not typist.type("HK.09988")

    asyncio.run(give_up())
    assert entered == []


def test_a_dashboard_adds_what_was_typed_and_not_half_of_it(board_of):
    """Half of it would be taken for the beginning of another code's name."""
    board = board_of("HK.09988")
    _, panel = screen_of(board)

    async def type_quickly():
        panel.code.value = "H"
        panel.code._handle_custom_msg({"event": "submit"}, [])
        panel.code.value = "HK.03690"

    asyncio.run(type_quickly())
    assert board.codes == ["HK.09988", "HK.03690"]
    assert panel.code.value == ""
