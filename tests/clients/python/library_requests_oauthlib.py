"""The guide's client, service-a, with requests-oauthlib.

The library has no token exchange and no introspection of its own: those two go through its authorised session, which is
what its users do. It throws when the scope of an answer is not, as a set, what was asked; plain http must be allowed by
name.
"""
import os

import jwt
from oauthlib.oauth2 import LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from library_authlib import ACCESS_TOKEN, EXCHANGE, discover
from steps import Report, expect, settings

SCOPE = ["openid", "profile", "email"]
TIMEOUT = 20


def main():
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    s = settings()
    report = Report("python-oauthlib")
    own = HTTPBasicAuth(s.client_id, s.client_secret)

    def login():
        of = OAuth2Session(client=LegacyApplicationClient(client_id=s.client_id, scope=SCOPE))
        of.fetch_token(metadata["token_endpoint"], username=s.username, password=s.password, auth=own, timeout=TIMEOUT)
        return of

    def ask(auth):
        return first.post(metadata["token_endpoint"], withhold_token=True, auth=auth, timeout=TIMEOUT, data={
            "grant_type": EXCHANGE, "subject_token": first.token["access_token"], "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": ACCESS_TOKEN, "audience": s.audience,
        })

    def exchanged():
        answer = ask(own)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def verify():
        key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(second)
        claims = jwt.decode(second, key, algorithms=["RS256"], audience=s.audience, issuer=s.issuer)
        expect(claims["azp"] == s.client_id, f"azp {claims['azp']}")

    def introspect():
        answer = first.post(metadata["introspection_endpoint"], withhold_token=True, data={"token": second},
                            auth=HTTPBasicAuth(s.audience, s.audience_secret), timeout=TIMEOUT)
        expect(answer.json()["active"] is True, f"introspection {answer.text[:200]}")

    def userinfo():
        answer = first.get(metadata["userinfo_endpoint"], timeout=TIMEOUT)
        answer.raise_for_status()
        expect(answer.json()["preferred_username"] == s.username, f"userinfo {answer.text[:200]}")

    def refresh():
        before = first.token["access_token"]
        token = first.refresh_token(metadata["token_endpoint"], client_id=s.client_id, client_secret=s.client_secret,
                                    timeout=TIMEOUT)
        expect(token["access_token"] != before, "the same token again")

    def refuse():
        answer = ask(HTTPBasicAuth(s.other_client_id, s.other_client_secret))
        expect((answer.status_code, answer.json()["error"]) == (403, "access_denied"), f"{answer.status_code} {answer.text[:200]}")
        try:
            first.refresh_token(metadata["token_endpoint"], refresh_token="garbage", client_id=s.client_id,
                                client_secret=s.client_secret, timeout=TIMEOUT)
        except InvalidGrantError:
            return
        expect(False, "a garbage refresh token is good")

    metadata = report.step("discover", discover, s)
    first = report.step("login", login) if metadata else None
    second = report.step("exchange", exchanged) if first else None
    if second:
        for name, action in [("verify", verify), ("introspect", introspect), ("userinfo", userinfo), ("refresh", refresh),
                             ("refuse-other-client", refuse)]:
            report.step(name, action)
    report.close()


if __name__ == "__main__":
    main()
