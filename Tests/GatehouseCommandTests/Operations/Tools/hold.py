"""One connection of a sender that proves itself with a client certificate: posts an event, runs a shell command, posts the next, and so on.

hold.py PORT NAME COMMAND …   with NAME.pem and NAME.key of the client and ca.pem in the working directory. Prints a line for each event:
the status and, where the gateway ends the connection behind it, "closes"; or "closed" where the connection was gone.
"""

import socket
import ssl
import subprocess
import sys

port, name, commands = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
context = ssl.create_default_context(cafile="ca.pem")
context.load_cert_chain(name + ".pem", name + ".key")
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20), server_hostname="localhost")
answers = connection.makefile("rb")


def post(number):
    body = b'{"type":"%d"}' % number
    try:
        connection.sendall(b"POST /hooks/acme HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        status = answers.readline().split()
        if not status:
            return "closed"
        fields = {}
        while (line := answers.readline().strip()) != b"":
            field, _, value = line.partition(b": ")
            fields[field.lower()] = value
        answers.read(int(fields.get(b"content-length", 0)))
        return status[1].decode() + (" closes" if fields.get(b"connection") == b"close" else "")
    except OSError:
        return "closed"


print(post(0), flush=True)
for number, command in enumerate(commands, 1):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(post(number), flush=True)
