"""A syslog receiver over TLS for tests, from RFC 5424 and RFC 5425 alone: syslog.py CERTIFICATE KEY PORT OUTPUT

Appends the message of each frame as a line to OUTPUT, and a line `BAD …` for what is none. PORT 0 takes a free one; the port is the first
line that is printed."""

import re
import socket
import ssl
import sys
import threading

certificate, key, port, output = sys.argv[1:5]
FORM = re.compile(
    rb"<(?:[0-9]|[1-9][0-9]|1[0-8][0-9]|19[01])>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d) [\x21-\x7e]{1,255} "
    rb"[\x21-\x7e]{1,48} [\x21-\x7e]{1,128} [\x21-\x7e]{1,32} (?:-|(?:\[[^\]]*\])+) (.*)", re.DOTALL)
lock = threading.Lock()


def keep(line):
    with lock, open(output, "ab") as file:
        file.write(line + b"\n")


def serve(connection):
    with connection, connection.makefile("rb") as reader:
        receive(reader)


def receive(reader):
    try:
        while True:
            length = b""
            while True:
                byte = reader.read(1)
                if not byte:
                    if length:
                        keep(b"BAD half a length")
                    return
                if byte == b" ":
                    break
                length += byte
            if not re.fullmatch(rb"[1-9][0-9]*", length):
                return keep(b"BAD length " + length)
            message = reader.read(int(length))
            if len(message) < int(length):
                return  # The connection broke within it: it comes again.
            found = FORM.fullmatch(message)
            keep(found.group(1) if found else b"BAD " + message)
    except (OSError, ssl.SSLError):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", int(port)))
print(listener.getsockname()[1], flush=True)
while True:
    raw, _ = listener.accept()
    try:
        raw.settimeout(5)
        connection = context.wrap_socket(raw, server_side=True)
        connection.settimeout(None)
    except (OSError, ssl.SSLError):
        raw.close()
        continue
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
