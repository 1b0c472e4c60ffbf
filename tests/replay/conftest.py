"""Stores of two kinds: what a demo gateway served at a fixed time, and what a real one might have."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import pd_capflow
from pd_capflow.client.portal import current_portal
from pd_capflow.flow.frames import DISTRIBUTION, FLOW, Columns, build_frame
from pd_capflow.gateway import Clock, Gateway
from pd_capflow.security import Security
from pd_capflow.store import Store

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
EVENINGS = ("2025-06-03T20:00:00+08:00", "2025-06-04T20:00:00+08:00")
REAL = {"url": "tcp://127.0.0.1:11111", "demo": False}


@pytest.fixture
def served():
    """Serve a gateway on a port, and return its address."""
    portal = current_portal()
    started = []

    def serve(**options):
        gateway = Gateway(**({"limit": None} | options))
        started.append(gateway)
        host, port = portal.run(gateway.listen(port=0))
        return f"tcp://{host}:{port}"

    yield serve
    for gateway in started:
        portal.run(gateway.close())


@pytest.fixture(scope="session")
def demo_path(tmp_path_factory):
    """A store of two sessions of two codes at Hong Kong, their days and a distribution of the last."""
    path = tmp_path_factory.mktemp("recorded") / "of a demo, spaced"
    store, portal = Store(path, demo=True), current_portal()
    for evening in EVENINGS:
        gateway = Gateway(clock=Clock(datetime.fromisoformat(evening), speed=0), limit=None)
        host, port = portal.run(gateway.listen(port=0))
        with pd_capflow.connect(f"tcp://{host}:{port}", rate=None) as client:
            store.write(client.capital_flow(["HK.00700", "HK.09988"]))
            store.write(client.capital_distribution("HK.00700"))
            for period in ("day", "week", "month"):
                store.write(client.capital_flow("HK.00700", period, "2025-05-01", "2025-06-30"))
        portal.run(gateway.close())
    return path


@pytest.fixture
def recorded(demo_path):
    """The demo's store, as somebody opens it who knows what it is."""
    return Store(demo_path, demo=True)


@pytest.fixture
def real(tmp_path):
    """A store of real data: minutes without small orders, and a distribution without super ones inwards."""
    store = Store(tmp_path / "real")
    store.write(real_flow())
    security = Security.parse("US.AAPL")
    stamp = datetime(2025, 6, 4, 9, 33, tzinfo=security.home.tzinfo)
    amounts = np.array([[np.nan, np.nan, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0]])
    at = np.array([round(stamp.timestamp() * 1e6)])
    answer = {security: Columns(at, amounts, stamp.isoformat())}
    store.write(build_frame(DISTRIBUTION, [security], answer, period="intraday", single=True, source=REAL))
    return store


def real_flow(day=4, minutes=4, last_valid="2025-06-04T09:32:40-04:00"):
    """Return minutes of one code from the open at New York on."""
    security = Security.parse("US.AAPL")
    opens = datetime(2025, 6, day, 9, 30, tzinfo=security.home.tzinfo).timestamp()
    times = np.array([round((opens + 60 * minute) * 1e6) for minute in range(minutes)])
    flow = np.arange(float(minutes)) * 1.25
    nothing = np.full(minutes, np.nan)
    amounts = np.column_stack((flow, nothing, flow * 2, -flow, flow / 2, nothing))
    answer = {security: Columns(times, amounts, last_valid)}
    return build_frame(FLOW, [security], answer, period="intraday", single=True, source=REAL)
