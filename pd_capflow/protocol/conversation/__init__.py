"""Both ends of a conversation as state machines: bytes in, events out, bytes to send.

Law: however the bytes are cut, the same events come out; whatever the bytes are, the only fault that
they cause is one `Broken` event with a `CapflowError`, after which the machine is deaf; and the first
fault wins. Neither machine reads a clock or moves a byte: their owner does both.

::

    receive_data(bytes) -> events_received() -> [event, ...]
    open(), request(), tick(), accept(), reply(), push() -> data_to_send() -> [bytes, ...]
"""

from pd_capflow.protocol.conversation.client import ClientConversation
from pd_capflow.protocol.conversation.machine import State
from pd_capflow.protocol.conversation.server import ServerConversation

__all__ = ["ClientConversation", "ServerConversation", "State"]
