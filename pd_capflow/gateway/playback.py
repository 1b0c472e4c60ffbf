"""A gateway that answers as a captured conversation did: ``capflow gateway --playback FILE``.

A request that was asked then gets the answer that it got then; one that was asked several times gets
them in order, and the last of them from then on. What was never asked is refused, and the refusal tells
what was.

Law: a capture comes from a stranger. A line that is no line is a `CapflowError` that names it, and
nothing of the file is believed before all of it has been read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import text_format

from pd_capflow.errors import CapflowError, ProtocolError
from pd_capflow.gateway.handlers import Refusal
from pd_capflow.gateway.server import Gateway
from pd_capflow.protocol.body import decode_body
from pd_capflow.protocol.cipher import Algorithm
from pd_capflow.protocol.messages import GLOBAL_STATE, INIT_CONNECT, INIT_WEBSOCKET, KEEP_ALIVE, METHODS
from pd_capflow.protocol.transcript import LINE_LIMIT, read_head, read_line
from pd_capflow.texts import one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from pd_capflow.protocol.messages import Method
    from pd_capflow.protocol.transcript import Head, Line
    from pd_capflow.protocol.wire import Packet

__all__ = ["Playback", "PlaybackGateway"]

#: The largest capture that is read, in bytes; those that we write are smaller.
LARGEST = 256 * 1024 * 1024

_OPENINGS = (INIT_CONNECT, INIT_WEBSOCKET)
_UNANSWERED = "it was asked then too, and no answer came"
_LEFT_OUT = "its answer was left out of the capture"

# A method's number, and its c2s in bytes.
_Key = tuple[int, bytes]


class _Missing(str):
    """Why there is no answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Playback:
    """A captured conversation, read and checked.

    Attributes
    ----------
    head : Head
        What the capture tells of itself.
    answers : dict
        The answers to each request in the order of the requests: messages, bodies that are none, or
        `_Missing`.
    welcome : message or None
        The ``s2c`` of the session's opening, where it was granted.

    Examples
    --------
    >>> import pathlib, pd_capflow, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "talk.jsonl")
    >>> with pd_capflow.connect("demo://", capture=path) as client:
    ...     frame = client.capital_flow("HK.00700", "day", "2026-01-05", "2026-01-09")
    >>> Playback.read(path).origin.partition(",")[0]
    'demo://'
    """

    head: Head
    answers: dict[_Key, list[Any]]
    welcome: Any = None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Playback:
        """Read a capture.

        Raises
        ------
        CapflowError
            If it cannot be read, or a line of it is none; it names the line.
        """
        lines = _numbered(Path(path))
        number, text = next(lines, (1, ""))
        try:
            head = read_head(text)
            reading = _Reading()
            for number, text in lines:  # noqa: B007  # for the message
                reading.take(read_line(text))
        except ProtocolError as error:
            raise CapflowError(f"{path}, line {number}: {error}") from None
        return cls(head, dict(reading.answers), reading.welcome)

    @property
    def demo(self) -> str:
        """What the gateway said of being a demo; empty for one that was none."""
        told = "" if self.welcome is None else self.welcome.demo
        return told or ("a demo gateway: all numbers are invented" if self.head.demo else "")

    @property
    def origin(self) -> str:
        """Where and when it was captured, in words."""
        places = one_line(", ".join(self.head.addresses), 200) or "nowhere"
        kind = "invented data" if self.demo else "real data"
        return f"{places}, {one_line(self.head.began)} ({kind})"

    def asked(self, method: Method) -> list[str]:
        """Return what was asked of a method, each question once, on one line each."""
        contents = method.request().c2s
        return [_shown(contents, body) for number, body in self.answers if number == method.proto_id]


@dataclass(slots=True)
class _Reading:
    """Puts answers to requests while lines are read."""

    answers: dict[_Key, list[Any]] = field(default_factory=lambda: defaultdict(list))
    welcome: Any = None
    # Where the answer to a request is due: its list, and its place in there.
    due: dict[tuple[int, int, int], tuple[list[Any], int]] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        """Take the next line."""
        packet = line.packet
        method = METHODS.get(packet.proto_id) if packet else None
        if packet is None or method is None or method.is_push or method is KEEP_ALIVE:
            return
        if method in _OPENINGS:
            self._open(line, packet, method)
        elif line.way == ">":
            self._ask(line, packet, method)
        else:
            self._answer(line, packet, method)

    def _open(self, line: Line, packet: Packet, method: Method) -> None:
        if line.way == "<" and line.is_whole and not packet.error:
            response = decode_body(method.response, packet.body, packet.body_format)
            if response.retType == 0 and response.HasField("s2c"):
                self.welcome = response.s2c

    def _ask(self, line: Line, packet: Packet, method: Method) -> None:
        if not line.is_whole:
            return
        request = decode_body(method.request, packet.body, packet.body_format)
        answers = self.answers[_key(method, request.c2s)]
        self.due[line.connection, packet.serial_no, packet.proto_id] = answers, len(answers)
        answers.append(_Missing(_UNANSWERED))

    def _answer(self, line: Line, packet: Packet, method: Method) -> None:
        answers, place = self.due.pop((line.connection, packet.serial_no, packet.proto_id), ([None], 0))
        answers[place] = _answer(line, packet, method)


class PlaybackGateway(Gateway):
    """A gateway that answers out of a capture, and invents nothing.

    Parameters
    ----------
    playback : Playback
        What to answer.
    **options
        As of `Gateway`; ``limit`` is None by default, for refusals come as they came then.

    Examples
    --------
    >>> import asyncio
    >>> from pd_capflow.protocol.transcript import Head
    >>> async def main():
    ...     playback = Playback(Head(("demo://",), True, "2026-01-05T02:00:00+00:00", "0.1.0"), {})
    ...     async with PlaybackGateway(playback) as gateway:
    ...         return await gateway.listen(port=0)
    >>> host, port = asyncio.run(main())
    """

    def __init__(self, playback: Playback, **options: Any) -> None:
        super().__init__(**({"limit": None} | options))
        self.playback = playback
        self._given: dict[_Key, int] = defaultdict(int)

    def response(self, method: Method, c2s: Any) -> Any:
        """Return the captured response to a request, or raise its `Refusal`."""
        if method is KEEP_ALIVE:
            return super().response(method, c2s)
        key = _key(method, c2s)
        answers = self.playback.answers.get(key)
        if not answers:
            raise self._never_asked(method, key[1])
        answer = answers[min(self._given[key], len(answers) - 1)]
        self._given[key] += 1
        if isinstance(answer, _Missing):
            raise Refusal("not_captured", what=f"{method.name} of {_shown(c2s, key[1])}: {answer}")
        return answer if isinstance(answer, bytes) else _copy(answer)

    def welcome(self, algorithm: Algorithm = Algorithm.NONE) -> Any:
        """Return the response to an InitConnect: what the captured gateway said of itself, and when."""
        return self._as_then(super().welcome(algorithm))

    def welcome_websocket(self) -> Any:
        """Return the response to an InitWebSocket; see `welcome`."""
        return self._as_then(super().welcome_websocket())

    def _as_then(self, response: Any) -> Any:
        then, s2c = self.playback.welcome, response.s2c
        s2c.ClearField("demo")
        s2c.recorded = one_line(f"a capture of {self.playback.origin}", 200)
        if self.playback.demo:
            s2c.demo = one_line(self.playback.demo, 200)
        if hasattr(s2c, "serverVer") and hasattr(then, "serverVer"):
            s2c.serverVer = then.serverVer
        return response

    def _never_asked(self, method: Method, body: bytes) -> Refusal:
        asked = self.playback.asked(method)
        shown = _shown(method.request().c2s, body)
        among = (
            f"; what was, is {'; '.join(asked[:3])}{' and more' if len(asked) > 3 else ''}" if asked else ""
        )
        return Refusal("not_captured", what=f"{method.name} of {shown} was never asked in it{among}")


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    """Return the lines of a file and their numbers, from 1 on."""
    try:
        with path.open("rb") as file:
            number = 0
            while file.tell() <= LARGEST and (line := file.readline(LINE_LIMIT + 1)):
                number += 1
                if len(line) > LINE_LIMIT:
                    raise CapflowError(f"{path}, line {number}: it is longer than {LINE_LIMIT} bytes")
                yield number, line.decode(errors="replace")
            if file.tell() > LARGEST:
                raise CapflowError(f"{path} is larger than the {LARGEST} bytes that a capture may have")
    except (OSError, ValueError) as error:
        if isinstance(error, CapflowError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise CapflowError(f"{path}: {reason}; expected what connect(capture=FILE) wrote") from error


def _key(method: Method, c2s: Any) -> _Key:
    """Return by what the answer to a request is found, whoever wrote its bytes."""
    if method is GLOBAL_STATE:
        return method.proto_id, b""  # it names the user, and nothing else
    asked = _copy(c2s)
    if "header" in asked.DESCRIPTOR.fields_by_name:
        asked.ClearField("header")  # names a broker, and each client puts it in its own way, or not
    return method.proto_id, asked.SerializeToString(deterministic=True)


def _answer(line: Line, packet: Packet, method: Method) -> Any:
    if packet.error:
        return _Missing(f"the gateway lost the answer (error {packet.error})")
    if not line.is_whole:
        return _Missing(_LEFT_OUT)
    try:
        return decode_body(method.response, packet.body, packet.body_format)
    except ProtocolError:
        return packet.body  # as it came then, so it goes again


def _copy(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _shown(contents: Any, body: bytes) -> str:
    """Return the c2s of a request on one line."""
    message = type(contents).FromString(body) if body else contents
    return one_line(text_format.MessageToString(message, as_one_line=True, as_utf8=True), 160) or "nothing"
