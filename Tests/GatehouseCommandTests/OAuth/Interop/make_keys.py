"""make_keys.py FOLDER: a private key for each algorithm, and a JWK Set with their public halves, as a client would register it."""
import json
import sys

from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

folder = sys.argv[1]
keys = {
    "ES256": ECKey.generate_key("P-256", {"kid": "ES256", "use": "sig", "alg": "ES256"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "RS256", "use": "sig", "alg": "RS256"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "PS256", "use": "sig", "alg": "PS256"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "EdDSA", "use": "sig"}),
}
for name, key in keys.items():
    with open(f"{folder}/{name}.pem", "wb") as file:
        file.write(key.as_pem(private=True))
with open(f"{folder}/jwks.json", "w", encoding="ascii") as file:
    json.dump(KeySet(list(keys.values())).as_dict(private=False), file)
