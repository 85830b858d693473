"""requests-oauthlib: client credentials in header and body, the password grant, and errors as exceptions."""
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError, InvalidScopeError, LegacyApplicationClient, UnauthorizedClientError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from common import ca, client_id, config, event, event_url, expect, secret, token_url

for in_body in (False, True):
    session = OAuth2Session(client=BackendApplicationClient(client_id, scope=["events:write"]))
    auth = None if in_body else HTTPBasicAuth(client_id, secret)
    session.fetch_token(token_url, auth=auth, include_client_id=in_body or None, client_secret=secret if in_body else None, verify=ca)
    expect(session.post(event_url, json=event(), verify=ca).status_code, 200, f"event, secret in the body: {in_body}")


def refused(error, **changes):
    arguments = {"auth": HTTPBasicAuth(client_id, secret), "verify": ca} | changes
    session = OAuth2Session(client=arguments.pop("client", BackendApplicationClient(client_id)))
    try:
        session.fetch_token(token_url, **arguments)
    except error:
        return
    raise SystemExit(f"{error.__name__} did not come")


refused(InvalidClientError, auth=HTTPBasicAuth(client_id, "not the secret of the client"))
refused(InvalidScopeError, client=BackendApplicationClient(client_id, scope=["admin"]))
refused(UnauthorizedClientError, client=LegacyApplicationClient(client_id), username=client_id, password="any password at all")

legacy = config["legacy"]
session = OAuth2Session(client=LegacyApplicationClient(legacy["client_id"]))
session.fetch_token(
    token_url, username=legacy["user"], password=legacy["password"], auth=HTTPBasicAuth(legacy["client_id"], legacy["secret"]), verify=ca)
expect(session.post(event_url, json=event(), verify=ca).status_code, 200, "event of the password grant")
