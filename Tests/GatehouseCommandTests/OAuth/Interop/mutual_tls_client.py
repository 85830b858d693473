"""requests with a client certificate: tls_client_auth, tokens bound to the certificate (RFC 8705), and tokens without it."""
import base64
import hashlib
import ssl

import jwt
import requests

from common import ca, client_id, config, expect, secret, send, token_url

certificate = (config["certificate"], config["certificate_key"])
other = (config["other_certificate"], config["other_certificate_key"])
form = {"grant_type": "client_credentials", "client_id": client_id}

answer = requests.post(token_url, data=form, verify=ca, cert=certificate, timeout=30)
expect(answer.status_code, 200, answer.text)
token = answer.json()["access_token"]
with open(certificate[0], encoding="ascii") as file:
    pem = file.read()
der = ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----END CERTIFICATE-----") + 26])
thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
claims = jwt.decode(token, options={"verify_signature": False})
expect(claims["cnf"], {"x5t#S256": thumbprint}, "cnf")
expect([send(token, certificate), send(token), send(token, other)], [200, 401, 401], "a bound token with its certificate, without, with another")

expect(requests.post(token_url, data=form, verify=ca, timeout=30).status_code, 401, "without a certificate")
expect(requests.post(token_url, data=form, verify=ca, cert=other, timeout=30).status_code, 401, "with another's certificate")
# A certificate beside a secret is no second method.
answer = requests.post(token_url, data={"grant_type": "client_credentials"}, auth=(client_id, secret), verify=ca, cert=certificate, timeout=30)
expect(answer.status_code, 200, "a certificate beside a secret")
