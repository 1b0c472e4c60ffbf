"""A gateway that answers from memory: it costs so little that what is measured is the client.

Every code gets the same 331 rows. Run as a script, it prints its port and serves until it is killed.
"""

import asyncio
from datetime import datetime
from hashlib import sha1

from pd_capflow.gateway import Gateway, InventedMarket
from pd_capflow.gateway.handlers import answer
from pd_capflow.protocol.messages import CAPITAL_FLOW, GLOBAL_STATE, INIT_CONNECT, KEEP_ALIVE
from pd_capflow.protocol.wire import HEADER, MAGIC

CLOSED = datetime.fromisoformat("2025-06-04T17:00:00+08:00")
ROWS = 331


def response_of(method):
    request = method.request()
    if method is CAPITAL_FLOW:
        request.c2s.security.market = 1
        request.c2s.security.code = "00700"
    return answer(method, InventedMarket(), CLOSED, request.c2s)


def packed(method, response):
    """Return what stands before and after the serial number of a reply."""
    body = response.SerializeToString()
    digest = sha1(body, usedforsecurity=False).digest()
    header = HEADER.pack(MAGIC, method.proto_id, 0, 0, 0, len(body), digest, bytes(8))
    return header[:8], header[12:] + body


METHODS = (KEEP_ALIVE, GLOBAL_STATE, CAPITAL_FLOW)
REPLIES = {method.proto_id: packed(method, response_of(method)) for method in METHODS}
# It welcomes every connection with a number of its own, which the SDK needs.
GATEWAY = Gateway()


class Session(asyncio.Protocol):
    """One client's connection."""

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""
        self.replies = {**REPLIES, INIT_CONNECT.proto_id: packed(INIT_CONNECT, GATEWAY.welcome())}

    def data_received(self, data):
        data = self.buffer + data
        while len(data) >= HEADER.size:
            _, proto_id, _, _, serial_no, length, _, _ = HEADER.unpack_from(data)
            if len(data) < HEADER.size + length:
                break
            before, after = self.replies[proto_id]
            self.transport.write(before + serial_no.to_bytes(4, "little") + after)
            data = data[HEADER.size + length :]
        self.buffer = data


async def serve():
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  # whoever started us reads it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
