"""joserfc: checks our tokens by the published keys, and forges tokens that must not count."""
import json
import time

import requests
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, import_key
from joserfc.util import urlsafe_b64encode

from common import ca, client_id, expect, issuer, jwks, private_key, secret, send, token_url

answer = requests.post(token_url, data={"grant_type": "client_credentials"}, auth=(client_id, secret), verify=ca, timeout=30)
token = answer.json()["access_token"]
published = jwks()
good = jwt.decode(token, KeySet.import_key_set(published), algorithms=["ES256"])
jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": issuer}, aud={"essential": True, "value": issuer}, exp={"essential": True}, jti={"essential": True}
).validate(good.claims)
expect(send(token), 200, "the token itself")

own = import_key(private_key("ES256"), "EC")
public = published["keys"][0]


def forged(header, key, claims=None):
    return jwt.encode(header, claims or good.claims, key, algorithms=["ES256", "HS256", "RS256", "none"])


def unsecured(header):
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode() for part in (header, good.claims)) + "."


head = {"alg": "ES256", "typ": "at+jwt", "kid": public["kid"]}
x = urlsafe_b64encode(json.dumps(public).encode())
for what, text in {
    "another key under our kid": forged(head, own),
    "an embedded key": forged(head | {"jwk": own.as_dict(private=False)}, own),
    "a key to be fetched": forged(head | {"jku": "https://attacker.example/jwks"}, own),
    "HMAC over the public key": forged(head | {"alg": "HS256"}, OctKey.import_key(x)),
    "none": unsecured(head | {"alg": "none"}),
    "None": unsecured(head | {"alg": "None"}),
    "no kid": forged({"alg": "ES256", "typ": "at+jwt"}, own),
    "a kid that is a path": forged(head | {"kid": "../../etc/passwd"}, own),
    "another part's signature": ".".join(token.split(".")[:2] + forged(head, own).split(".")[2:]),
    "trailing bits": token[:-1] + ("A" if token[-1] != "A" else "B"),
    "padding": token + "==",
    "a part more": token + ".x",
    "a thousand dots": "." * 1000,
    "blanks": token[:20] + " " + token[20:],
}.items():
    expect(send(text), 401, what)
expect(int(good.claims["exp"]) > time.time(), True, "exp")
