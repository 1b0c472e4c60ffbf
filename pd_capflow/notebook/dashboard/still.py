"""A dashboard at one moment, for pages where nothing moves: saved notebooks, nbconvert, code hosts."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from pd_capflow.looks import NOT_MATHS
from pd_capflow.notebook.dashboard.looks import STYLE

if TYPE_CHECKING:
    from pd_capflow.notebook.dashboard.drawing import Drawing

__all__ = ["Still", "download_html", "picture_html"]


@dataclass(frozen=True)
class Still:
    """What a dashboard showed: picture, ranking and status, as HTML, PNG and text.

    Attributes
    ----------
    png : bytes
        The chart; empty where there was none.
    html : str
        All of it, with nothing that has to be loaded from elsewhere.
    text : str
        The status line.
    """

    png: bytes
    html: str
    text: str

    @classmethod
    def of(cls, drawing: Drawing) -> Still:
        """Keep a drawing."""
        chart = f'<div class="capflow-figure">{picture_html(drawing)}</div>' if drawing.png else ""
        ranking = f'<div class="capflow-ranking">{drawing.ranking_html}</div>'
        html = (
            f'<div class="capflow-still {NOT_MATHS}">{STYLE}<div class="capflow-body">{chart}{ranking}</div>'
            f'<div class="capflow-status">{drawing.status_html}</div></div>'
        )
        return cls(drawing.png, html, str(drawing.status or ""))

    def __repr__(self) -> str:
        return f"<dashboard: {self.text}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = {"text/plain": repr(self), "text/html": self.html}
        return {**bundle, "image/png": b64encode(self.png).decode()} if self.png else bundle


def picture_html(drawing: Drawing) -> str:
    """Return a picture as HTML that needs nothing beside it."""
    data = b64encode(drawing.png).decode()
    return f'<img alt="{escape(drawing.title)}" src="data:image/png;base64,{data}">'


def download_html(drawing: Drawing, name: str, label: str) -> str:
    """Return a link by which a browser saves the picture."""
    data = b64encode(drawing.png).decode()
    return (
        f' <a class="capflow-download" download="{escape(name)}" href="data:image/png;base64,{data}">'
        f"{escape(label)}</a>"
    )
