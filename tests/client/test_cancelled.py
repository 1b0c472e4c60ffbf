"""Who gives up while a connection to the demo gateway is being made harms nobody who connects after him."""

from __future__ import annotations

import asyncio

import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal


async def _cancelled_after(turns):
    """Connect, and be cancelled after so many turns of the loop."""
    work = asyncio.ensure_future(pd_capflow.connect_async("demo://", timeout=5.0))
    for _ in range(turns):
        await asyncio.sleep(0)
    work.cancel()
    done = await asyncio.gather(work, return_exceptions=True)
    if isinstance(done[0], pd_capflow.AsyncClient):
        await done[0].close()


@pytest.mark.parametrize("turns", range(1, 16))
def test_a_connection_can_be_made_after_one_was_given_up_in_the_making(turns):
    """A socket that is closed under its loop gives its number to the next one, which would never be heard."""
    current_portal().run(_cancelled_after(turns))
    with pd_capflow.connect("demo://", timeout=5.0) as client:
        assert client.state().program_status == "ready"
