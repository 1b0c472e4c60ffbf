"""The package in one process with the vendor's SDK, and what importing it brings along."""

import json

import pytest

from tests.sdk.sdk_oracle import at_home, environment, run

BOTH = """
import json, os, sys, traceback
output, sys.stdout = sys.stdout, sys.stderr  # the SDK prints

def main():
    {imports}

    context = futu.OpenQuoteContext(host="127.0.0.1", port={port})
    before = context.get_capital_flow("HK.00700")
    with pd_capflow.connect("tcp://127.0.0.1:{port}", rate=None) as client:
        ours = client.capital_flow("HK.00700")
    after = context.get_capital_flow("HK.00700")

    columns = [name for name in ours if name != "main_in_flow"]
    answers = [[ret, data if ret else data[columns].to_dict("list")] for ret, data in (before, after)]
    json.dump([*answers, ours[columns].to_dict("list")], output)
    output.flush()

# The SDK's threads would keep the process alive.
try:
    main()
except Exception:
    traceback.print_exc()
    os._exit(1)
os._exit(0)
"""

# What loads our message classes, and what loads the SDK's: a name clash would show up at the second.
OURS = "import pd_capflow, pd_capflow.protocol.messages"
THEIRS = "import futu, futu.common.pb.Qot_GetCapitalFlow_pb2, futu.common.pb.Qot_GetCapitalDistribution_pb2"


@pytest.mark.parametrize(
    "imports", [f"{OURS}; {THEIRS}", f"{THEIRS}; {OURS}"], ids=["ours first", "the SDK first"]
)
def test_both_live_in_one_process(port, home, imports):
    output = run(["-c", BOTH.format(imports=imports, port=port)], at_home(home))
    before, after, ours = json.loads(output)
    assert before == after == [0, ours]
    assert len(ours["in_flow"]) == 75


LOADED = """
import json, sys
import pandas
before = set(sys.modules)
import pd_capflow
print(json.dumps([sorted(before), sorted(set(sys.modules) - before)]))
"""

# Heavy, optional, or in the way of others: none of it is to be paid for by who only imports.
BEHIND_DOORS = {
    "IPython",
    "asyncio",
    "cryptography",
    "dask",
    "deltalake",
    "distributed",
    "google",
    "ipywidgets",
    "matplotlib",
    "platformdirs",
    "pyarrow",
    "ssl",
    "tqdm",
    "websockets",
}


def test_importing_on_top_of_pandas_brings_in_next_to_nothing():
    before, brought = json.loads(run(["-c", LOADED], environment()))
    assert "pandas" in before
    assert {name.partition(".")[0] for name in brought}.isdisjoint(BEHIND_DOORS)
    assert not [name for name in brought if name.startswith("pd_capflow.client")]


def test_importing_registers_the_accessor():
    output = run(["-c", "import pd_capflow, pandas; print(pandas.DataFrame.capflow.fetch)"], environment())
    assert "fetch" in output


def test_the_private_pool_leaves_protobufs_default_pool_alone():
    """Whoever loads the SDK's generated modules later must find none of their file names taken."""
    code = (
        "import pd_capflow.protocol.messages\n"
        "from google.protobuf import descriptor_pool\n"
        "try:\n"
        "    descriptor_pool.Default().FindFileByName('Common.proto')\n"
        "except KeyError:\n"
        "    print('free')\n"
    )
    assert run(["-c", code], environment()).strip() == "free"
