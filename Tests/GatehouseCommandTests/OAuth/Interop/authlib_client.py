"""Authlib: discovery, every way of client authentication, introspection, revocation, and an event."""
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc.jwk import import_key
import requests

from common import base, ca, client_id, event, event_url, expect, issuer, private_key, secret, send, token_url

KINDS = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA", "EdDSA": "OKP"}
metadata = AuthorizationServerMetadata(requests.get(base + "/.well-known/oauth-authorization-server", verify=ca, timeout=30).json())
for name in metadata.REGISTRY_KEYS:
    # Required, and empty where there is no authorization endpoint: Authlib takes an empty list for none.
    if name != "response_types_supported":
        getattr(metadata, "validate_" + name)()
expect(metadata["issuer"], issuer, "issuer")

for method in ("client_secret_basic", "client_secret_post"):
    session = OAuth2Session(client_id, secret, token_endpoint_auth_method=method, scope="events:write")
    session.verify = ca
    token = session.fetch_token(token_url, grant_type="client_credentials")
    expect(token["token_type"], "Bearer", method)
    expect(session.post(event_url, json=event()).status_code, 200, method + " event")
    shown = session.introspect_token(base + "/oauth/introspect", token=token["access_token"]).json()
    expect((shown["active"], shown["client_id"], shown["scope"]), (True, client_id, "events:write"), method + " introspection")
    expect(session.revoke_token(base + "/oauth/revoke", token=token["access_token"]).status_code, 200, method + " revocation")
    expect(send(token["access_token"]), 401, method + " event after revocation")

for algorithm in KINDS:
    session = OAuth2Session(client_id, import_key(private_key(algorithm), KINDS[algorithm]), token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(issuer, alg=algorithm, headers={"kid": algorithm}))
    session.verify = ca
    token = session.fetch_token(token_url, grant_type="client_credentials")
    expect(send(token["access_token"]), 200, algorithm)
