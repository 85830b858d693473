"""A sender of Standard Webhooks events over TLS, for tests: keeps connections alive as long as the gateway does, and counts what it gets.

Sends until standard input ends, or `--count` events. Prints one JSON object at the end:
{"answers": {"200": 12}, "errors": {"ConnectionResetError": 1}, "closed": 3, "longest": 0.12, "bad": ["500 …"]}. `--accepted FILE` gets a line
for each event that was answered 200: id, time and body; `--again FILE` sends exactly those instead of new ones.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import ssl
import sys
import threading
import time

options = argparse.ArgumentParser()
options.add_argument("--port", type=int, required=True)
options.add_argument("--ca", help="without it: plain HTTP, to a proxy in front")
options.add_argument("--secret-file", required=True)
options.add_argument("--path", default="/hooks/acme")
options.add_argument("--connections", type=int, default=4)
options.add_argument("--count", type=int)
options.add_argument("--pause", type=float, default=0.0, help="seconds between the requests of a connection")
options.add_argument("--fresh", action="store_true", help="a new connection for each request")
options.add_argument("--accepted")
options.add_argument("--again")
options.add_argument("--progress", help="a file whose length is the number of answers so far")
options = options.parse_args()

key = base64.b64decode(open(options.secret_file).read().strip().removeprefix("whsec_"))
context = None
if options.ca:
    context = ssl.create_default_context(cafile=options.ca)
lock = threading.Lock()
answers, errors, bad = {}, {}, []
closed, longest, sent = 0, 0.0, 0
stopping = threading.Event()
accepted = open(options.accepted, "a") if options.accepted else None
progress = open(options.progress, "ab", buffering=0) if options.progress else None
repeated = [line.rstrip("\n").split("\t") for line in open(options.again)] if options.again else None


def next_event():
    global sent
    with lock:
        number = sent
        sent += 1
    if repeated is not None:
        return repeated[number] if number < len(repeated) else None
    if options.count is not None and number >= options.count:
        return None
    identifier = "msg_%d_%d" % (os.getpid(), number)
    body = json.dumps({"type": "order.accepted", "id": identifier, "canary": "canary-body-7261"})
    return identifier, str(int(time.time())), body


def send():
    global closed, longest
    connection = None
    while not stopping.is_set():
        event = next_event()
        if event is None:
            break
        identifier, moment, body = event
        signed = base64.b64encode(hmac.new(key, f"{identifier}.{moment}.{body}".encode(), hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json", "webhook-id": identifier, "webhook-timestamp": moment, "webhook-signature": "v1," + signed}
        if options.fresh:
            headers["Connection"] = "close"
        started = time.monotonic()
        try:
            if connection is None:
                if context:
                    connection = http.client.HTTPSConnection("localhost", options.port, context=context, timeout=20)
                else:
                    connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=20)
            connection.request("POST", options.path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read()
            with lock:
                answers[str(response.status)] = answers.get(str(response.status), 0) + 1
                longest = max(longest, time.monotonic() - started)
                if response.status != 200 and len(bad) < 20:
                    bad.append(f"{response.status} {text[:200]!r} after {time.monotonic() - started:.3f} s")
                if response.status == 200 and accepted:
                    accepted.write(f"{identifier}\t{moment}\t{body}\n")
                    accepted.flush()
                if progress:
                    progress.write(b".")
            if response.getheader("Connection", "").lower() == "close":
                if not options.fresh:
                    with lock:
                        closed += 1
                connection.close()
                connection = None
        except (OSError, http.client.HTTPException) as error:
            with lock:
                name = type(error).__name__
                errors[name] = errors.get(name, 0) + 1
                if len(bad) < 20:
                    bad.append(f"{error!r} after {time.monotonic() - started:.3f} s")
            if connection:
                connection.close()
            connection = None
            time.sleep(0.02)
        if options.pause:
            time.sleep(options.pause)


threads = [threading.Thread(target=send, daemon=True) for _ in range(options.connections)]
for thread in threads:
    thread.start()
if options.count is None and repeated is None:
    sys.stdin.buffer.read()
    stopping.set()
for thread in threads:
    thread.join()
print(json.dumps({"answers": answers, "errors": errors, "closed": closed, "longest": round(longest, 3), "bad": bad}))
