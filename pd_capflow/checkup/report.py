"""What a check-up found: findings as values, and a report that shows itself in a terminal and a notebook."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

__all__ = ["Finding", "Report", "Status"]

Status = Literal["ok", "warning", "failed", "skipped"]

# Status -> colour in a terminal (ANSI) and in a notebook; white on the latter reads on any paper.
_COLOURS: dict[Status, tuple[str, str]] = {
    "ok": ("32", "#1a7f37"),
    "warning": ("33", "#9a6700"),
    "failed": ("31;1", "#cf222e"),
    "skipped": ("2", "#6e7781"),
}
_TABLE = "border-collapse:collapse;color:inherit;background:none"
_CELL = "text-align:left;vertical-align:top;padding:4px 12px 4px 0;white-space:normal;background:none"
_RULE = "border-top:1px solid rgba(128,128,128,.35)"
_BADGE = "color:#fff;border-radius:3px;padding:1px 7px;font-size:90%;background"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    name : str
        Of the check.
    status : {"ok", "warning", "failed", "skipped"}
        ``"skipped"`` is what depends on something that failed.
    found : str
        One line, without secrets. It may hold a gateway's untrusted text.
    fix : str
        What to do; empty where there is nothing to.
    """

    name: str
    status: Status
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """All findings of a check-up, in the order of the checks.

    Attributes
    ----------
    address : str
        The gateway's; empty if none could be made out.
    findings : tuple of Finding
        Also what iterating gives.
    versions : mapping of str to str
        Of this package and what it stands on.
    """

    address: str
    findings: tuple[Finding, ...]
    versions: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing failed; warnings are allowed."""
        return all(finding.status != "failed" for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, name: str) -> Finding:
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """Return the report for a terminal.

        Parameters
        ----------
        width : int
            Columns of it.
        colour : bool
            Whether it understands ANSI colours.
        """
        indent = max(len(finding.name) for finding in self.findings) + len("skipped") + 4
        room = max(width - indent, 30)
        lines = [self._headline(), ""]
        for finding in self.findings:
            first, *rest = _told(finding, room)
            lines.append(f"{_painted(finding.status, colour)}  {finding.name:<{indent - 11}}  {first}")
            lines += [f"{'':<{indent}}{line}" for line in rest]
        return "\n".join([*lines, "", self._summary()])

    def frame(self) -> pd.DataFrame:
        """Return the findings as a frame: ``name, status, found, fix``."""
        import pandas as pd

        return pd.DataFrame([asdict(finding) for finding in self.findings])

    def json(self) -> str:
        """Return the report for a machine: ``address, ok, versions, findings``."""
        findings = [asdict(finding) for finding in self.findings]
        facts = {"address": self.address, "ok": self.ok, "versions": dict(self.versions)}
        return json.dumps(facts | {"findings": findings}, indent=1, ensure_ascii=False)

    def _repr_html_(self) -> str:
        rows = "".join(_row(finding) for finding in self.findings)
        return (
            f"<p><b>{escape(self._headline())}</b></p>"
            f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>'
            f"<p>{escape(self._summary())}</p>"
        )

    def _headline(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return " · ".join(filter(None, ["capflow doctor", self.address, versions]))

    def _summary(self) -> str:
        counted = Counter(finding.status for finding in self.findings)
        return ", ".join(f"{counted[status]} {status}" for status in _COLOURS if counted[status])


def _told(finding: Finding, room: int) -> list[str]:
    found = textwrap.wrap(finding.found, room, break_on_hyphens=False) or [""]
    return found + textwrap.wrap(f"-> {finding.fix}" if finding.fix else "", room, break_on_hyphens=False)


def _painted(status: Status, colour: bool) -> str:
    return f"\x1b[{_COLOURS[status][0]}m{status:<7}\x1b[0m" if colour else f"{status:<7}"


def _row(finding: Finding) -> str:
    fix = f"<br><i>{escape(finding.fix)}</i>" if finding.fix else ""
    badge = f'<span style="{_BADGE}:{_COLOURS[finding.status][1]}">{finding.status}</span>'
    cells = (badge, escape(finding.name), f"{escape(finding.found)}{fix}")
    return "<tr>" + "".join(f'<td style="{_CELL};{_RULE}">{cell}</td>' for cell in cells) + "</tr>"
