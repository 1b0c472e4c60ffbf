"""The protocol of OpenD, without input or output: bytes in, events out, bytes to send.

Nothing in here knows sockets, event loops, threads or pandas, so that the client and the gateway share
it and it is tested without any of them.
"""
