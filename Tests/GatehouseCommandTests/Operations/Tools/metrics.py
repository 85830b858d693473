"""Reads a Prometheus text page from standard input, checks its form, and prints its samples as one JSON object.

Checked: every sample belongs to a family with HELP and TYPE before it, families stand in one piece, no sample is twice, counters are not
negative and end in _total, buckets grow and end with +Inf, which equals the count.
"""

import json
import re
import sys

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$')
helped, types, samples, finished, family = set(), {}, {}, set(), None


def fail(line, why):
    sys.exit(f"{why}: {line}")


for line in sys.stdin.read().split("\n")[:-1]:
    if line.startswith("# HELP "):
        helped.add(line.split(" ")[2])
    elif line.startswith("# TYPE "):
        name, kind = line.split(" ")[2:4]
        if name in types:
            fail(line, "a second TYPE")
        if kind == "counter" and not name.endswith("_total"):
            fail(line, "a counter's name ends in _total")
        if family:
            finished.add(family)
        types[name], family = kind, name
    elif line.startswith("#") or not line:
        fail(line, "neither sample, HELP nor TYPE")
    else:
        match = SAMPLE.match(line)
        if not match:
            fail(line, "no sample")
        name, key, value = match.group(1), match.group(1) + (match.group(2) or ""), float(match.group(4))
        base = name
        if types.get(family) in ("histogram", "summary"):
            base = re.sub("_(bucket|sum|count)$", "", name)
        if base != family or base not in helped or base in finished:
            fail(line, "outside of its family")
        if key in samples:
            fail(line, "twice")
        if types[family] in ("counter", "histogram") and value < 0:
            fail(line, "negative")
        samples[key] = value

buckets = {}
for key, value in samples.items():
    match = re.match(r'^(.*)_bucket\{(.*?),?le="([^"]+)"\}$', key)
    if match:
        buckets.setdefault((match.group(1), match.group(2)), []).append((float(match.group(3)), value))
for (name, labels), steps in buckets.items():
    values = [value for _, value in steps]
    if steps != sorted(steps) or values != sorted(values) or steps[-1][0] != float("inf"):
        fail(name, "buckets do not grow to +Inf")
    if samples[f"{name}_count" + (f"{{{labels}}}" if labels else "")] != values[-1]:
        fail(name, "the last bucket is not the count")
print(json.dumps(samples))
