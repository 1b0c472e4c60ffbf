"""Ours and the vendor's SDK, turn by turn in one run on one gateway, so that the machine's moods cancel.

Each contender has a process of its own. Ratios of medians are what counts; the table is printed at the end.
"""

from contextlib import ExitStack
from statistics import median

import pytest

CONTENDERS = ("sdk", "ours")
STARTS = 7
TURNS = 12
KIB_IN_MIB = 1024


@pytest.fixture(scope="module")
def starts(worker):
    """What a fresh process of each contender tells about its start and its memory, some times over."""
    facts = {contender: [] for contender in CONTENDERS}
    for _ in range(STARTS):
        for contender in CONTENDERS:
            with worker(contender) as process:
                facts[contender].append(process.start)
    return facts


@pytest.fixture(scope="module")
def turns(worker):
    """Return a function that lets each contender do its task, turn by turn, and returns the medians."""
    with ExitStack() as stack:
        processes = {contender: stack.enter_context(worker(contender)) for contender in CONTENDERS}

        def take(tasks, rounds):
            seconds = {contender: [] for contender in CONTENDERS}
            for turn in range(-1, TURNS):
                for contender in CONTENDERS:
                    spent = processes[contender].do(tasks[contender], rounds)
                    if turn >= 0:  # the first is to warm up
                        seconds[contender] += spent
            return [median(seconds[contender]) for contender in CONTENDERS]

        yield take


def compare(table, what, unit, scale, sdk, ours, aim=None):
    table.append((what, unit, sdk * scale, ours * scale, aim))


def of(starts, tell):
    return [median(tell(fact) for fact in starts[contender]) for contender in CONTENDERS]


def test_both_have_read_the_same(starts):
    assert {tuple(fact["rows"]) for facts in starts.values() for fact in facts} == {(331, 300 * 331)}


def test_import(starts, table):
    compare(table, "import, on top of pandas", "ms", 1e3, *of(starts, lambda fact: fact["import"]), aim=4)


def test_first_frame(starts, table):
    """Ours includes everything that importing put off."""
    first = of(starts, lambda fact: fact["first frame"])
    compare(table, "connect and first frame, tz-aware", "ms", 1e3, *first)
    both = of(starts, lambda fact: fact["import"] + fact["first frame"])
    compare(table, "import, connect and first frame", "ms", 1e3, *both)


def test_one_call(turns, table):
    raw = turns({"sdk": "one", "ours": "one"}, 50)
    compare(table, "one call (SDK: raw, text times)", "ms", 1e3, *raw)
    aware = turns({"sdk": "aware", "ours": "one"}, 50)
    compare(table, "one call, tz-aware index", "ms", 1e3, *aware, aim=4)


def test_300_codes(turns, table):
    compare(
        table, "300 codes, tz-aware, one frame", "ms", 1e3, *turns({"sdk": "many", "ours": "many"}, 1), aim=6
    )


def test_memory(starts, table):
    """Peaks of processes that import, ask for 300 codes and hold one frame of them."""
    compare(
        table, "peak memory after 300 codes", "MB", 1 / KIB_IN_MIB, *of(starts, lambda fact: fact["peak"])
    )
    added = of(starts, lambda fact: fact["peak"] - fact["base"])
    compare(table, "of it, on top of Python and pandas", "MB", 1 / KIB_IN_MIB, *added)
