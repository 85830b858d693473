"""PyJWT: checks our tokens by the published keys, and makes client assertions, good and bad."""
import ssl
import time
import uuid

import jwt
import requests

from common import ALGORITHMS, base, ca, client_id, expect, issuer, private_key, secret, send, token_url


def assertion(algorithm, **changes):
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, private_key(algorithm), algorithm=algorithm, headers={"kid": algorithm})


def ask(text, **parameters):
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": text,
    }
    return requests.post(token_url, data=form | parameters, verify=ca, timeout=30)


keys = jwt.PyJWKClient(base + "/oauth/jwks", ssl_context=ssl.create_default_context(cafile=ca))
for algorithm in ALGORITHMS:
    answer = ask(assertion(algorithm))
    expect(answer.status_code, 200, f"{algorithm}: {answer.text}")
    token = answer.json()["access_token"]
    header = jwt.get_unverified_header(token)
    expect(header["typ"], "at+jwt", "typ")
    claims = jwt.decode(token, keys.get_signing_key_from_jwt(token).key, algorithms=[header["alg"]], audience=issuer, issuer=issuer)
    expect((claims["sub"], claims["client_id"]), (client_id, client_id), "claims")
    expect(send(token), 200, algorithm)

once = assertion("ES256")
expect([ask(once).status_code, ask(once).status_code], [200, 401], "an assertion that is used twice")
now = int(time.time())
for what, changes in {
    "another issuer": {"iss": "globex"},
    "another subject": {"sub": "globex"},
    "another audience": {"aud": "https://other.example"},
    "the token endpoint as audience": {"aud": issuer + "/oauth/token"},
    "two audiences": {"aud": [issuer, "https://other.example"]},
    "no jti": {"jti": None},
    "no exp": {"exp": None},
    "expired": {"exp": now - 5},
    "too far ahead": {"exp": now + 7200},
    "issued in a minute": {"iat": now + 60},
    "valid in a minute": {"nbf": now + 60},
}.items():
    answer = ask(assertion("ES256", **changes))
    expect((answer.status_code, answer.json()["error"]), (401, "invalid_client"), what)
for what, changes in {"issued in 8 s": {"iat": now + 8}, "valid in 8 s": {"nbf": now + 8}}.items():
    expect(ask(assertion("ES256", **changes)).status_code, 200, what)

# An assertion is no access token, and a token no assertion.
expect(send(assertion("ES256")), 401, "an assertion as a token")
token = requests.post(token_url, data={"grant_type": "client_credentials"}, auth=(client_id, secret), verify=ca, timeout=30).json()["access_token"]
expect(ask(token).status_code, 401, "a token as an assertion")
expect(ask(assertion("ES256"), client_secret=secret, client_id=client_id).status_code, 400, "two methods")
