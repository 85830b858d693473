"""What the interoperability clients share. The configuration is the JSON file named by the first argument."""
import json
import os
import sys
import uuid

import requests

# Of the machine's own; it would win over the session's authority.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)

with open(sys.argv[1], encoding="utf-8") as file:
    config = json.load(file)

base, issuer, ca = config["base"], config["issuer"], config["ca"]
client_id, secret = config["client_id"], config["secret"]
token_url = base + "/oauth/token"
event_url = base + "/hooks/acme"
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")


def private_key(algorithm):
    """The client's private key for the algorithm, in PEM."""
    with open(f"{config['keys']}/{algorithm}.pem", encoding="ascii") as file:
        return file.read()


def event():
    return {"id": "evt_" + uuid.uuid4().hex, "type": "order.accepted"}


def send(token, cert=None):
    """The status of an event with the token."""
    headers = {"Authorization": "Bearer " + token}
    return requests.post(event_url, json=event(), headers=headers, verify=ca, cert=cert, timeout=30).status_code


def jwks():
    return requests.get(base + "/oauth/jwks", verify=ca, timeout=30).json()


def expect(actual, wanted, what):
    if actual != wanted:
        raise SystemExit(f"{what}: expected {wanted}, got {actual}")
