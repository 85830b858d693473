#!/usr/bin/env python3
"""Merkle roots and proofs as RFC 6962 section 2.1 defines them, written from its text alone: a second implementation to check by.

Reads JSON lines {"leaves": [hex], "root": hex, "inclusion": [[index, [hex]]], "consistency": [[old, [hex]]]} and says for how many
everything is as computed here."""
import hashlib, json, sys


def h(data):
    return hashlib.sha256(data).digest()


def mth(d):
    if not d:
        return h(b"")
    if len(d) == 1:
        return h(b"\0" + d[0])
    k = split(len(d))
    return h(b"\1" + mth(d[:k]) + mth(d[k:]))


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    return path(m, d[:k]) + [mth(d[k:])] if m < k else path(m - k, d[k:]) + [mth(d[:k])]


def proof(m, d):
    return subproof(m, d, True)


def subproof(m, d, whole):
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], whole) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


good = 0
for line in sys.stdin:
    case = json.loads(line)
    leaves = [bytes.fromhex(x) for x in case["leaves"]]
    assert mth(leaves).hex() == case["root"], "root of %d" % len(leaves)
    for index, hashes in case["inclusion"]:
        assert [x.hex() for x in path(index, leaves)] == hashes, "inclusion of %d in %d" % (index, len(leaves))
    for old, hashes in case["consistency"]:
        assert [x.hex() for x in proof(old, leaves)] == hashes, "consistency from %d to %d" % (old, len(leaves))
    good += 1
print(good)
