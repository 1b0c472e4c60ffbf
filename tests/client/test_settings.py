"""Which gateway: arguments over `configure` over the environment over the default."""

from __future__ import annotations

import pytest

import pd_capflow
from pd_capflow.client import resolve, settings, shared_client
from pd_capflow.errors import ConnectError, QueryError

CODE = "HK.00700"
SECRET = "s3cret-key"


@pytest.fixture
def places(gateway, monkeypatch):
    """Three gateways: one for the arguments, one for `configure`, one for the environment."""
    by_argument, by_configure, by_environment = gateway(), gateway(), gateway()
    monkeypatch.setenv("PD_CAPFLOW_URL", by_environment.url)
    pd_capflow.configure(url=by_configure.url)
    return by_argument, by_configure, by_environment


def test_an_argument_beats_all(places):
    argument = places[0]
    with pd_capflow.connect(argument.url) as client:
        assert client.settings.address.port == argument.port
    assert [each.connections for each in places] == [1, 0, 0]


def test_configure_beats_the_environment(places):
    with pd_capflow.connect() as client:
        client.capital_flow(CODE)
    assert [each.connections for each in places] == [0, 1, 0]


def test_the_environment_beats_the_default(places):
    pd_capflow.configure(url=None)
    with pd_capflow.connect():
        pass
    assert [each.connections for each in places] == [0, 0, 1]


def test_the_default_is_opend_on_this_machine():
    found = resolve()
    assert str(found.address) == "tcp://127.0.0.1:11111"
    assert (found.timeout, found.rate) == (10.0, (30, 30.0))


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_URL", "")
    assert str(resolve().address) == "tcp://127.0.0.1:11111"


@pytest.mark.parametrize("name", ["rsa_key", "ca_file"])
def test_an_empty_path_is_none_and_not_the_folder_one_is_in(name, monkeypatch, tmp_path):
    """Whoever gives it: then the next that names one holds."""
    url = {"rsa_key": "tcp://h:1", "ca_file": "wss://h:1"}[name]
    config = tmp_path / "config.toml"
    config.write_text(f'{name} = ""')
    monkeypatch.setenv("PD_CAPFLOW_CONFIG", str(config))
    assert getattr(resolve(url=url, **{name: ""}), name) is None
    assert str(resolve(url="ws://h:1", **{name: ""}).address) == "ws://h:1"  # where it would be of no use
    monkeypatch.setenv(f"PD_CAPFLOW_{name.upper()}", "k.pem")
    assert getattr(resolve(url=url, **{name: ""}), name) == "k.pem"
    pd_capflow.configure(**{name: ""})
    assert getattr(resolve(url=url), name) == "k.pem"


def test_a_bad_variable_is_a_query_error(monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_URL", "127.0.0.1")
    with pytest.raises(QueryError, match=r"127\.0\.0\.1"):
        pd_capflow.connect()


def test_a_good_argument_heals_a_bad_variable(monkeypatch):
    monkeypatch.setenv("PD_CAPFLOW_URL", "nonsense")
    assert resolve(url="demo://").address.is_demo


def test_the_default_client_goes_where_it_is_configured(places):
    frame = pd_capflow.fetch(CODE)
    assert frame.attrs["capflow"]["source"] == {"url": places[1].url, "demo": False}
    assert [each.codes for each in places] == [[], [CODE], []]
    pd_capflow.configure(url=None)
    pd_capflow.fetch(CODE)
    assert [each.codes for each in places] == [[], [CODE], [CODE]]


def test_the_default_client_is_one_for_each_place(places):
    first = shared_client()
    assert shared_client() is first
    assert shared_client(places[0].url) is not first
    assert shared_client(places[1].url) is first
    for _ in range(3):
        pd_capflow.fetch(CODE, client=None)
    assert places[1].connections == 1


def test_timeouts_and_rates_are_configured_too():
    pd_capflow.configure(timeout=3, rate=(7, 1.5))
    assert (resolve().timeout, resolve().rate) == (3.0, (7, 1.5))
    assert (resolve(timeout=1).timeout, resolve(rate=None).rate) == (1.0, None)
    pd_capflow.configure(rate=None)
    assert resolve().rate is None
    assert resolve().timeout == 3.0, "what was not given stays as it was"
    assert resolve(rate=(2, 1)).rate == (2, 1.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"url": "nonsense"},
        {"timeout": -1},
        {"rate": (0, 1)},
        {"url": "demo://", "timeout": 0},
        {"url": "demo://", "timeout": 5, "rate": "fast"},
        {"url": "tcp://127.0.0.1:4", "key": SECRET},
        {"key": 5},
        {"timeout": True},
        {"rate": (True, 30.0)},
        {"rate": (30, True)},
    ],
    ids=lambda bad: "-".join(bad),
)
def test_a_bad_value_changes_nothing(bad):
    pd_capflow.configure(url="tcp://127.0.0.1:4", timeout=4.0, rate=(4, 4.0))
    before = dict(settings._configured)
    with pytest.raises(QueryError) as caught:
        pd_capflow.configure(**bad)
    assert settings._configured == before
    assert (str(resolve().address), resolve().timeout, resolve().rate) == ("tcp://127.0.0.1:4", 4.0, (4, 4.0))
    assert SECRET not in str(caught.value)


def test_a_key_may_be_told_before_its_address():
    """The default address has no use for it; the one that is told later may."""
    pd_capflow.configure(key=SECRET)
    assert resolve().key is None
    assert resolve(url="ws://127.0.0.1:4").key == SECRET
    pd_capflow.configure(url="ws://127.0.0.1:5")
    assert resolve().key == SECRET


def test_a_key_told_with_an_address_that_has_no_use_for_it_is_refused():
    with pytest.raises(QueryError, match="of no use"):
        resolve(key=SECRET)
    with pytest.raises(QueryError, match="of no use"):
        pd_capflow.configure(url="demo://", key=SECRET)


@pytest.mark.parametrize("options", [{"timeout": True}, {"rate": (True, 1.0)}, {"rate": (1, True)}], ids=str)
def test_a_truth_value_is_no_number(options):
    with pytest.raises(QueryError, match="expected"):
        resolve(url="demo://", **options)


def test_a_client_keeps_the_settings_that_it_was_made_with(gateway, connect, kit):
    there = gateway()
    client = connect(there)
    pd_capflow.configure(url="tcp://127.0.0.1:1", timeout=0.001)
    assert kit.has_value(client.capital_flow(CODE), CODE)


def test_unknown_settings_are_a_type_error():
    with pytest.raises(TypeError):
        pd_capflow.configure(host="127.0.0.1")
    with pytest.raises(TypeError):
        pd_capflow.connect("demo://", pacing=None)


class TestSecrets:
    """A key is shown nowhere."""

    def test_not_in_what_a_client_shows(self, gateway, connect, monkeypatch):
        monkeypatch.setenv("PD_CAPFLOW_KEY", SECRET)
        client = connect(gateway())
        frame = client.capital_flow(CODE)
        for shown in (repr(client), str(client), repr(client.settings), str(frame.attrs), repr(frame)):
            assert SECRET not in shown

    def test_not_in_an_error(self, gateway, make_client, monkeypatch):
        monkeypatch.setenv("PD_CAPFLOW_KEY", SECRET)
        there = gateway()
        there.stop_listening()
        with pytest.raises(ConnectError) as caught:
            make_client(there).capital_flow(CODE)
        assert SECRET not in f"{caught.value!r} {caught.value} {vars(caught.value)}"

    def test_not_in_the_settings(self):
        address = resolve(url="demo://").address
        assert SECRET not in repr(settings.Settings(address, key=SECRET))

    @pytest.mark.parametrize(
        "url", [f"tcp://:{SECRET}@h:1", f"tcp://{SECRET}@h:1", f"tcp://h:1?key={SECRET}"]
    )
    def test_not_in_the_refusal_of_an_address(self, url):
        with pytest.raises(QueryError) as caught:
            pd_capflow.connect(url)
        assert SECRET not in str(caught.value)

    def test_not_in_the_refusal_of_a_key(self):
        with pytest.raises(QueryError) as caught:
            pd_capflow.connect("tcp://127.0.0.1:1", key=SECRET)
        assert SECRET not in str(caught.value)
