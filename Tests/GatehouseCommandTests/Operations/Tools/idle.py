"""Holds `COUNT` TLS connections to 127.0.0.1:PORT open without a request until standard input ends; says `open` once they are.

With `plain` as fourth argument they stay at TCP: no handshake is begun.
"""

import socket
import ssl
import sys

port, count, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=authority)
connections = []
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connections.append(connection if sys.argv[4:] == ["plain"] else context.wrap_socket(connection, server_hostname="localhost"))
print("open", flush=True)
sys.stdin.buffer.read()
