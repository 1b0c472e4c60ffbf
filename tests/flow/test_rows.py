"""The fast way and the slow way of reading rows give the same arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pd_capflow.flow import rows
from pd_capflow.protocol.messages import CAPITAL_FLOW

FIELDS = ["mainInFlow", "superInFlow", "bigInFlow", "midInFlow", "smlInFlow", "timestamp"]

texts = st.sampled_from(["2025-01-02 09:30:00", "2025-01-02", "", "x" * 70, "时间"])
whole_rows = st.fixed_dictionaries(
    {"inFlow": st.floats(width=64), "time": st.just("2025-01-02 09:30:00")}
    | {name: st.floats(width=64) for name in FIELDS}
)
any_rows = st.fixed_dictionaries(
    {"inFlow": st.floats(width=64)},
    optional={"time": texts} | {name: st.floats(width=64) for name in FIELDS},
)


def _s2c(given_rows):
    s2c = CAPITAL_FLOW.response().s2c
    for row in given_rows:
        item = s2c.flowItemList.add()
        for name, value in row.items():
            setattr(item, name, value)
    s2c.lastValidTime = "2025-01-02 09:30:41"
    return s2c


def _as_text(found):
    if found is None:
        return None
    return [each.decode() if isinstance(each, bytes) else each for each in found]


@settings(max_examples=300)
@given(given_rows=st.one_of(st.lists(whole_rows, min_size=1, max_size=6), st.lists(any_rows, max_size=6)))
def test_both_ways_agree(given_rows):
    s2c = _s2c(given_rows)
    found = rows.read_rows(s2c)
    slow = rows._read_each(s2c.flowItemList)
    if not given_rows:
        assert found.amounts.shape == (0, 6)
        return
    np.testing.assert_array_equal(found.amounts, slow.amounts)
    np.testing.assert_array_equal(found.timestamps, slow.timestamps)
    assert (_as_text(found.texts) or [""] * len(given_rows)) == slow.texts


def test_rows_of_one_layout_take_the_fast_way():
    s2c = _s2c([{"inFlow": 1.5, "timestamp": 1735781400.0 + n, "superInFlow": n} for n in range(5)])
    fast = rows._read_uniform(s2c.SerializeToString(), 5)
    np.testing.assert_array_equal(fast.amounts[:, 0], [1.5] * 5)
    np.testing.assert_array_equal(fast.amounts[:, 2], range(5))


def test_rows_of_different_layout_do_not():
    s2c = _s2c([{"inFlow": 1.5, "superInFlow": 1.0}, {"inFlow": 1.5, "bigInFlow": 1.0}])
    assert rows._read_uniform(s2c.SerializeToString(), 2) is None


def test_absent_is_nan_and_a_sent_zero_is_zero():
    found = rows.read_rows(_s2c([{"inFlow": 0.0, "superInFlow": 0.0}]))
    np.testing.assert_array_equal(found.amounts, [[0.0, np.nan, 0.0, np.nan, np.nan, np.nan]])


def test_fields_that_a_later_version_may_add_change_nothing():
    item = bytes.fromhex("09 000000000000f83f") + bytes([0x60, 7])  # inFlow 1.5, and an unknown field 12
    s2c = CAPITAL_FLOW.response().s2c
    s2c.ParseFromString(b"".join(bytes([0x0A, len(item)]) + item for _ in range(3)))
    np.testing.assert_array_equal(rows.read_rows(s2c).amounts[:, 0], [1.5] * 3)
