"""The doctor: checks the way to a gateway from end to end, and says what is wrong and what to do."""

from __future__ import annotations

import platform
import warnings
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from pd_capflow.checkup import service, surroundings, way
from pd_capflow.checkup.case import Case, Verdict
from pd_capflow.checkup.report import Finding, Report
from pd_capflow.client.secret import Secret
from pd_capflow.client.settings import UNSET
from pd_capflow.errors import CapflowWarning
from pd_capflow.flow.queries import parse_codes
from pd_capflow.protocol.handshake import hashed_key
from pd_capflow.protocol.refusals import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pd_capflow.client.settings import Rate, Unset

__all__ = ["Finding", "Report", "doctor"]

_Check = tuple["Callable[[Case], Verdict]", tuple[str, ...]]

# Every check in order, and those before it that it is of no use without.
_CHECKS: tuple[_Check, ...] = (
    (way.address, ()),
    (way.settings, ("address",)),
    (way.name, ("address",)),
    (way.port, ("name",)),
    (way.protocol, ("port",)),
    (service.version, ("protocol",)),
    (service.login, ("version",)),
    (service.quotes, ("login",)),
    (service.clock, ("version",)),
    (way.encryption, ("address",)),
    (service.budget, ("address",)),
    (surroundings.extras, ()),
    (surroundings.font, ()),
)
_LONGEST = 600


def doctor(
    url: str | None = None,
    *,
    key: str | None = None,
    rsa_key: str | None = None,
    ca_file: str | None = None,
    timeout: float | Unset = UNSET,
    rate: Rate | Unset | None = UNSET,
    codes: Iterable[str] = ("HK.00700", "US.AAPL", "SH.600519"),
) -> Report:
    """Check everything between here and a gateway, and tell what is wrong and how to put it right.

    Parameters
    ----------
    url, key, rsa_key, ca_file, timeout, rate
        As for `pd_capflow.connect`. The timeout holds for each check.
    codes : iterable of str
        Whose capital flow to ask for, to see which quote rights there are; one request each.

    Returns
    -------
    Report
        Iterable of `Finding`; shows itself as a table. ``report.ok`` tells that nothing failed. What depends
        on something that failed is skipped. No key is in it.

    Raises
    ------
    QueryError
        If `codes` are none. All else is a finding.

    Examples
    --------
    >>> import pd_capflow
    >>> report = pd_capflow.doctor("demo://")
    >>> report.ok, report["login"].status
    (True, 'ok')
    """
    key = Secret.of(key)
    given = {"url": url, "key": key, "rsa_key": rsa_key, "ca_file": ca_file, "timeout": timeout, "rate": rate}
    case = Case(given, tuple(str(security) for security in parse_codes(codes)[0]))
    try:
        findings = _examine(case)
    finally:
        case.close()
    settings = getattr(case, "settings", None)
    return Report(str(settings.address) if settings else "", findings, _versions())


def _examine(case: Case) -> tuple[Finding, ...]:
    findings: dict[str, Finding] = {}
    for check, needs in _CHECKS:
        name = check.__name__
        lacking = [need for need in needs if findings[need].status in ("failed", "skipped")]
        verdict = Verdict("skipped", f"needs {lacking[0]}") if lacking else _with_warnings(check, case)
        found, fix = (_shown(text, case) for text in (verdict.found, verdict.fix))
        findings[name] = Finding(name, verdict.status, found, fix)
    return tuple(findings.values())


def _with_warnings(check: Callable[[Case], Verdict], case: Case) -> Verdict:
    """Return a check's verdict, and what it warned of in it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CapflowWarning)
        verdict = check(case)
    told = dict.fromkeys(str(warning.message) for warning in caught)
    if not told or verdict.status == "failed":
        return verdict
    found, _, fix = "; ".join(told).partition("; ")
    return Verdict("warning", f"{verdict.found}; {found}", fix or verdict.fix)


def _shown(text: str, case: Case) -> str:
    """Return a text as it may be shown: on one line, not without end, and without a key that was echoed."""
    text = printable(text)
    settings = getattr(case, "settings", None)
    if settings is not None and settings.key:
        plain = settings.key.encode().decode()
        for secret in (plain, hashed_key(plain)):
            text = text.replace(secret, repr(Secret()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _versions() -> dict[str, str]:
    names = ("pd_capflow", "pandas")
    found: dict[str, Any] = {name: version_of(name) for name in names}
    return {**found, "Python": platform.python_version(), "on": platform.platform(terse=True)}
