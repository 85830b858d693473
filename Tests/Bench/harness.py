"""What the benches share: a scratch folder with a certificate, the servers beside each other, their CPU and memory, signed events.

Servers are pinned to core 0; load and handler have core 1. Everything listens on 127.0.0.1, and everything started here is stopped when
the bench ends. Machines are noisy: read the ratios of medians, not single figures.
"""

import atexit
import base64
import hashlib
import hmac
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER_CORE, LOAD_CORE = "0", "1"
HANDLER, NGINX, HAPROXY, GATEWAY, ADMIN, EMBEDDED, EMBEDDED_ADMIN = 19000, 18441, 18442, 18443, 19180, 18444, 19181
KEY = hashlib.sha256(b"gatehouse bench").digest()
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TICKS = os.sysconf("SC_CLK_TCK")

started = []


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def fail(text):
    sys.exit("bench: " + text)


def stop_all():
    for process in reversed(started):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in reversed(started):
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    started.clear()


atexit.register(stop_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def raise_descriptor_limit(wanted):
    """The limit that this process and the servers it starts now have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (ValueError, OSError):
            wanted = hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


class Bench:
    """A scratch folder with everything the servers need; removed at the end."""

    def __init__(self):
        if os.cpu_count() < 2:
            fail("two cores are needed: one for the server, one for the load")
        self.descriptors = raise_descriptor_limit(40000)
        self.folder = tempfile.mkdtemp(prefix="gatehouse-bench-")
        os.chmod(self.folder, 0o755)  # nginx's workers run as another user
        atexit.register(self.clean)
        self.program = os.environ.get("GATEHOUSE_PROGRAM") or fail("GATEHOUSE_PROGRAM is not set: start this with ./run bench")
        self.make_certificate()
        self.policies = self.write_policies(
            "gateway", GATEWAY, ADMIN, relay=f"http://127.0.0.1:{HANDLER}/events", file="file:" + self.path("events.jsonl"))

    def clean(self):
        """The servers end before their files go: a gateway would rightly complain."""
        stop_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", self.path("key.pem"), "-out", self.path("certificate.pem")],
            check=True, stderr=subprocess.DEVNULL)
        os.chmod(self.path("key.pem"), 0o600)
        with open(self.path("both.pem"), "w") as both:
            for name in ("certificate.pem", "key.pem"):
                both.write(open(self.path(name)).read())
        os.chmod(self.path("both.pem"), 0o600)

    def write_policies(self, folder, port, admin, **handlers):
        """One gateway's policy files; its state is `state` beside them. Handlers are endpoint names and what they deliver to."""
        for kind in ("senders", "endpoints"):
            os.makedirs(self.path(f"{folder}/policies/{kind}"))
        limits = {"connections": 12000, "per-peer": 12000, "header-timeout": "10m", "idle-timeout": "10m"}
        self.write(f"{folder}/policies/gateway.yaml", "\n".join([
            f"listen: [{{ address: '127.0.0.1:{port}', certificate: {self.path('certificate.pem')}, private-key: {self.path('key.pem')} }}]",
            f"public-url: https://localhost:{port}",
            "state: ../state",
            f"admin: {{ address: '127.0.0.1:{admin}' }}",
            "limits: { " + ", ".join(f"{key}: {value}" for key, value in limits.items()) + " }",
            "audit: { reserve: 64MiB }",
            "log: { level: warning }", ""]))
        self.write(f"{folder}/policies/senders/bench.yaml", "# From anywhere.\n")
        for name, to in handlers.items():
            self.write(f"{folder}/policies/endpoints/{name}.yaml", "\n".join([
                f"path: /hooks/{name}", "senders: [bench]", "authenticate: [{ signature: standard-webhooks }]",
                f"deliver: [{{ to: '{to}', mode: relay }}]", ""]))
        return self.path(folder + "/policies")

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def add_secret(self, policies=None):
        subprocess.run(
            [self.program, "secret", "add", "bench/signing", "--value-file", "-", "--policies", policies or self.policies],
            input=SECRET.encode(), check=True, stdout=subprocess.DEVNULL)

    def start(self, core, *command, port, quiet=True):
        where = open(self.path("messages"), "w") if quiet else None
        process = subprocess.Popen(["taskset", "-c", core, *command], cwd=self.folder, stdout=where, stderr=where)
        started.append(process)
        if not wait_for(port, process):
            said = open(self.path("messages")).read() if quiet else ""
            fail(f"{' '.join(process.args)} ended with {process.returncode} before it listened\n{said}")
        return process

    def template(self, name, **values):
        text = open(os.path.join(HERE, name)).read()
        for key, value in dict(values, folder=self.folder, handler=HANDLER, nginx=NGINX, haproxy=HAPROXY,
                               descriptors=self.descriptors, connections=(self.descriptors - 100) // 2,
                               key=base64.b64encode(KEY).decode()).items():
            text = text.replace("@" + key + "@", str(value))
        self.write(name, text)
        return self.path(name)

    def start_handler(self):
        """Answers 200 to every event, on the load's core."""
        self.start(LOAD_CORE, "nginx", "-p", self.folder, "-c", self.template("handler.conf"), port=HANDLER)

    def start_nginx(self):
        master = self.start(SERVER_CORE, "nginx", "-p", self.folder, "-c", self.template("nginx.conf"), port=NGINX)
        return Server("nginx", NGINX, "/hooks/relay", children(master.pid)[0])

    def start_haproxy(self):
        return Server("haproxy", HAPROXY, "/hooks/relay",
                      self.start(SERVER_CORE, "haproxy", "-db", "-f", self.template("haproxy.cfg"), port=HAPROXY).pid)

    def start_gateway(self):
        process = self.start(SERVER_CORE, self.program, "serve", "--policies", self.policies, port=GATEWAY, quiet=False)
        return Server("gatehouse", GATEWAY, "/hooks/relay", process.pid)


class Server:
    def __init__(self, name, port, path, pid):
        self.name, self.port, self.path, self.pid = name, port, path, pid

    def at(self, name, path):
        return Server(name, self.port, path, self.pid)

    def cpu_seconds(self):
        """User and system time of all threads of the process so far."""
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def pss_kib(self):
        try:
            lines = open(f"/proc/{self.pid}/smaps_rollup").readlines()
        except PermissionError:
            # The gateway's memory is closed even to its own user.
            fail("reading the servers' memory figures needs root: run this bench as root")
        for line in lines:
            if line.startswith("Pss:"):
                return int(line.split()[1])
        fail(f"/proc/{self.pid}/smaps_rollup has no Pss")


def wrk(server, seconds, connections=32, body=os.path.join(HERE, "event.json"), tokens=None, credentials=None):
    """Load from the other core: what was answered, and what it took. `tokens`: a file of access tokens, which events carry in turn.
    `credentials`: a file with a client's id and secret; then tokens are asked for in place of events."""
    script, arguments = ("token.lua", [credentials]) if credentials else ("signed.lua", [body, SECRET] + ([tokens] if tokens else []))
    before = server.cpu_seconds()
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", os.path.join(HERE, script),
         f"https://127.0.0.1:{server.port}{server.path}", "--", *arguments],
        check=True, capture_output=True, text=True)
    used = server.cpu_seconds() - before
    line = next((line for line in done.stdout.splitlines() if line.startswith("figures ")), None)
    if line is None:
        fail("wrk printed no figures:\n" + done.stdout + done.stderr)
    events, rate, median, tail, failed = (float(word) for word in line.split()[1:])
    if not events:
        fail(f"{server.name} answered nothing")
    return {"events": events, "rate": rate, "p50": median, "p99": tail, "failed": failed, "cpu": used * 1e6 / events}


def children(pid):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = open(f"/proc/{pid}/task/{pid}/children").read().split()
        if found:
            return [int(child) for child in found]
        time.sleep(0.01)
    fail(f"process {pid} has no children")


def wait_for(port, process, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.005)
    fail(f"nothing listens on {port} after {seconds} seconds")


def client_context():
    """TLS 1.3 only, nothing verified: the certificate is the bench's own. A connection never resumes another's session."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def connect(context, port):
    plain = socket.create_connection(("127.0.0.1", port), 10)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(plain, server_hostname="localhost")


def event_body():
    return open(os.path.join(HERE, "event.json"), "rb").read()


def signed_request(path, body, identifier, close=False):
    now = str(int(time.time()))
    mac = hmac.digest(KEY, f"{identifier}.{now}.".encode() + body, "sha256")
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nwebhook-id: {identifier}\r\n"
        f"webhook-timestamp: {now}\r\nwebhook-signature: v1,{base64.b64encode(mac).decode()}\r\n"
        + ("Connection: close\r\n" if close else "")
        + f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def read_answer(connection):
    """One answer's status; its body is read to the end."""
    return read_reply(connection)[0]


def read_reply(connection):
    """One answer's status and body."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            fail("a connection was closed instead of answered")
        received += chunk
    head, rest = received.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        chunk = connection.recv(65536)
        if not chunk:
            fail("an answer was cut off")
        rest += chunk
    return int(head.split(b" ", 2)[1]), rest


def pin_to_load_core():
    os.sched_setaffinity(0, {int(LOAD_CORE)})


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def table(columns, rows):
    """Columns are (title, format); the first is left-aligned text."""
    cells = [[title for title, _ in columns]] + [
        ["-" if value is None else format(value, form) for (_, form), value in zip(columns, row)] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for row in cells:
        print("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))
    sys.stdout.flush()
