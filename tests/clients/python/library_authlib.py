"""The guide's client, service-a, with Authlib: every call by the library, addresses by discovery.

Basic is Authlib's own choice; Keycloak reads it form-decoded, so secrets without odd letters mean the same in both dialects.
"""
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt

from steps import Report, expect, settings

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
TIMEOUT = 20


def discover(s):
    answer = requests.get(s.discovery_url, timeout=TIMEOUT)
    answer.raise_for_status()
    metadata = answer.json()
    expect(metadata["issuer"] == s.issuer, f"issuer {metadata['issuer']}")
    return metadata


def session(metadata, client_id, client_secret, token=None):
    return OAuth2Session(client_id, client_secret, token=token, scope="openid profile email",
                         token_endpoint=metadata["token_endpoint"], default_timeout=TIMEOUT)


def exchange(of, metadata, s, subject):
    return of.fetch_token(metadata["token_endpoint"], grant_type=EXCHANGE, subject_token=subject,
                          subject_token_type=ACCESS_TOKEN, requested_token_type=ACCESS_TOKEN, audience=s.audience)


def main():
    s = settings()
    report = Report("python-authlib")

    def login():
        of = session(metadata, s.client_id, s.client_secret)
        token = of.fetch_token(metadata["token_endpoint"], username=s.username, password=s.password)
        expect(token["token_type"] == "Bearer" and not token.is_expired(), f"token {token['token_type']}")
        return of

    def exchanged():
        token = exchange(session(metadata, s.client_id, s.client_secret), metadata, s, first.token["access_token"])
        expect(token["issued_token_type"] == ACCESS_TOKEN, f"issued_token_type {token['issued_token_type']}")
        return token["access_token"]

    def verify():
        keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=TIMEOUT).json())
        claims = jwt.decode(second, keys, claims_options={
            "iss": {"essential": True, "value": s.issuer},
            "aud": {"essential": True, "value": s.audience},
            "exp": {"essential": True},
        })
        claims.validate()
        expect(claims["azp"] == s.client_id, f"azp {claims['azp']}")

    def introspect():
        of = session(metadata, s.audience, s.audience_secret)
        told = of.introspect_token(metadata["introspection_endpoint"], token=second, token_type_hint="access_token")
        expect(told.json()["active"] is True, f"introspection {told.text[:200]}")
        stranger = session(metadata, s.other_client_id, s.other_client_secret)
        told = stranger.introspect_token(metadata["introspection_endpoint"], token=second)
        expect(told.json() == {"active": False}, f"a stranger is told {told.text[:200]}")

    def userinfo():
        told = first.get(metadata["userinfo_endpoint"])
        told.raise_for_status()
        expect(told.json()["preferred_username"] == s.username, f"userinfo {told.text[:200]}")

    def refresh():
        before = first.token["access_token"]
        token = first.refresh_token(metadata["token_endpoint"], refresh_token=first.token["refresh_token"])
        expect(token["access_token"] != before, "the same token again")

    def refuse():
        try:
            exchange(session(metadata, s.other_client_id, s.other_client_secret), metadata, s, first.token["access_token"])
        except OAuthError as refusal:
            expect((refusal.error, refusal.description) == ("access_denied", "Client not allowed to exchange"), f"{refusal}")
            return
        expect(False, "exchanged")

    def revoke():
        token = first.token
        first.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"],
                           token_type_hint="refresh_token").raise_for_status()
        try:
            first.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
        except OAuthError as refusal:
            expect(refusal.error == "invalid_grant", f"{refusal}")
            return
        expect(False, "refreshed after the revocation")

    metadata = report.step("discover", discover, s)
    first = report.step("login", login) if metadata else None
    second = report.step("exchange", exchanged) if first else None
    if second:
        for name, action in [("verify", verify), ("introspect", introspect), ("userinfo", userinfo), ("refresh", refresh),
                             ("refuse-other-client", refuse), ("revoke", revoke)]:
            report.step(name, action)
    report.close()


if __name__ == "__main__":
    main()
