"""One contender in a process of its own: it does what its standard input says, and tells how long it took.

Usage: ``worker.py sdk|ours PORT``. The first line that it writes holds the seconds that importing took (on
top of pandas), and the first frame, and the peak of its memory in KiB before all that and after 300 codes.
Then every line read is a task and a number of rounds, answered with the seconds of each. All lines are JSON.
"""

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path

import pandas as pd

CODES = [f"HK.{number:05}" for number in range(1, 301)]
ZONE = "Asia/Hong_Kong"


class Ours:
    def load(self):
        import pd_capflow

        self.module = pd_capflow

    def first_frame(self, port):
        # As a user would. The SDK does not pace, so later calls must not either.
        address = f"tcp://127.0.0.1:{port}"
        frame = self.module.connect(address).capital_flow("HK.00700")
        self.client = self.module.connect(address, rate=None)
        return frame

    def one(self):
        return self.client.capital_flow("HK.00700")

    aware = one

    def many(self):
        return self.client.capital_flow(CODES)


class Sdk:
    def load(self):
        import futu

        self.module = futu

    def first_frame(self, port):
        self.context = self.module.OpenQuoteContext(host="127.0.0.1", port=port)
        return self.aware()

    def one(self, code="HK.00700"):
        ret, frame = self.context.get_capital_flow(code)
        if ret != 0:
            raise RuntimeError(frame)
        return frame

    def aware(self, code="HK.00700"):
        frame = self.one(code)
        times = pd.to_datetime(frame["capital_flow_item_time"]).dt.tz_localize(ZONE)
        return frame.set_index(times)

    def many(self):
        return pd.concat([self.aware(code) for code in CODES], keys=CODES)


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def begin(contender, port):
    base = peak_kib()
    imported, _ = timed(contender.load)
    first, frame = timed(lambda: contender.first_frame(port))
    rows = len(frame), len(contender.many())
    return {"import": imported, "first frame": first, "rows": rows, "base": base, "peak": peak_kib()}


def peak_kib():
    """Return the peak of this process alone: on Linux, getrusage's takes in the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def do(contender, task, rounds):
    gc.collect()
    return [timed(getattr(contender, task))[0] for _ in range(rounds)]


def main():
    # The SDK prints; what we write must not be mixed with it.
    output, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr

    def tell(fact):
        output.write(json.dumps(fact) + "\n")
        output.flush()

    contender = {"sdk": Sdk, "ours": Ours}[sys.argv[1]]()
    tell(begin(contender, int(sys.argv[2])))
    for line in sys.stdin:
        tell(do(contender, *json.loads(line)))
    os._exit(0)


if __name__ == "__main__":
    main()
