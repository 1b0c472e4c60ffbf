"""The structure: floors, doors, and examples that run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import pd_capflow
from pd_capflow import errors

ROOT = Path(__file__).parents[1]

MODULES = sorted(module.name for module in pkgutil.walk_packages(pd_capflow.__path__, "pd_capflow."))


def test_the_floors_are_kept():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_the_examples_in_docstrings_run(name, monkeypatch):
    from matplotlib import pyplot as plt

    monkeypatch.setenv("PD_CAPFLOW_URL", "demo://")
    plt.switch_backend("agg")
    module = importlib.import_module(name)
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    plt.close("all")
    assert found.failed == 0


def test_every_verb_of_a_store_has_an_example():
    named = {name: each for name, each in vars(pd_capflow.Store).items() if not name.startswith("_")}
    assert {"read", "write", "url"} < named.keys()
    assert [name for name, each in named.items() if ">>> " not in (each.__doc__ or "")] == []


def test_every_public_name_opens():
    for name in pd_capflow.__all__:
        assert getattr(pd_capflow, name) is not None
    assert set(pd_capflow.__all__) <= set(dir(pd_capflow))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pd_capflow.nonsense


def kinds_of(query):
    return {query, *(kind for each in query.__subclasses__() for kind in kinds_of(each))}


def test_every_query_that_can_be_asked_has_a_door():
    """client.fetch(query) is of use only for queries that a user can find."""
    for name in MODULES:
        if name.startswith("pd_capflow.flow.queries."):
            importlib.import_module(name)
    askable = [each for each in kinds_of(pd_capflow.Query) if not inspect.isabstract(each)]
    ours = {each.__name__: each for each in askable if each.__module__.startswith("pd_capflow.")}
    assert {"CapitalFlow", "History", "State", "Watchlist"} < set(ours)
    assert set(ours) <= set(pd_capflow.__all__)
    for name, query in ours.items():
        assert getattr(pd_capflow, name) is query
        assert name in pd_capflow.Client.fetch.__doc__


def test_the_import_opens_no_heavy_door():
    script = (
        "import sys, pandas; before = set(sys.modules); import pd_capflow; "
        "print(' '.join(sorted({name.split('.')[0] for name in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {
        "matplotlib",
        "IPython",
        "ipywidgets",
        "pyarrow",
        "cryptography",
        "dask",
        "google",
        "platformdirs",
    }
    assert heavy.isdisjoint(done.stdout.split())


def test_the_exceptions_are_the_documented_tree():
    parents = {name: getattr(errors, name).__mro__ for name in errors.__all__}
    expected = {
        "QueryError": (errors.CapflowError, ValueError),
        "TransportError": (errors.CapflowError, OSError),
        "ConnectError": (errors.TransportError,),
        "HandshakeError": (errors.TransportError,),
        "AuthenticationError": (errors.HandshakeError,),
        "DisconnectedError": (errors.TransportError,),
        "ReplyTimeoutError": (errors.TransportError, TimeoutError),
        "ProtocolError": (errors.CapflowError,),
        "GatewayError": (errors.CapflowError,),
        "RateLimitError": (errors.GatewayError,),
        "UnknownSecurityError": (errors.GatewayError,),
        "UnsupportedSecurityError": (errors.GatewayError,),
        "QuoteRightError": (errors.GatewayError,),
        "BatchError": (errors.CapflowError,),
        "StoreError": (errors.CapflowError,),
    }
    for name, bases in expected.items():
        assert set(bases) <= set(parents[name])


def test_the_package_is_marked_as_typed():
    assert (ROOT / "pd_capflow" / "py.typed").exists()
