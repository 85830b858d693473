"""PyJWT and requests under the profile fapi2: signed assertions for the issuer alone, and tokens bound to the client certificate."""
import time
import uuid

import jwt
import requests

from common import ca, client_id, config, expect, issuer, private_key, secret, send, token_url

certificate = (config["certificate"], config["certificate_key"])
other = (config["other_certificate"], config["other_certificate_key"])


def ask(algorithm, cert=certificate, form=None, **changes):
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex} | changes
    parameters = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, private_key(algorithm), algorithm=algorithm, headers={"kid": algorithm}),
    }
    return requests.post(token_url, data=parameters | (form or {}), verify=ca, cert=cert, timeout=30)


for algorithm in ("ES256", "PS256", "EdDSA"):
    answer = ask(algorithm)
    expect(answer.status_code, 200, f"{algorithm}: {answer.text}")
    token = answer.json()["access_token"]
    expect([send(token, certificate), send(token), send(token, other)], [200, 401, 401], algorithm + ": a bound token")

expect(ask("RS256").status_code, 401, "RS256")
expect(ask("ES256", aud=[issuer]).status_code, 401, "an audience that is an array")
expect(ask("ES256", aud=token_url).status_code, 401, "the token endpoint as audience")
expect(ask("ES256", aud=issuer + "/").status_code, 401, "the issuer with a slash")
answer = ask("ES256", cert=None)
expect((answer.status_code, "access_token" in answer.json()), (400, False), "no certificate to bind the token to")

form = {"grant_type": "client_credentials", "client_id": client_id}
answer = requests.post(token_url, data=form | {"client_secret": secret}, verify=ca, cert=certificate, timeout=30)
expect((answer.status_code, answer.json()["error"]), (401, "invalid_client"), "a shared secret")
expect(requests.post(token_url, data=form, verify=ca, cert=certificate, timeout=30).status_code, 200, "tls_client_auth")
