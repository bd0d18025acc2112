"""The guide's resource server, service-b, with PyJWT: which tokens it takes and which it must not.

Libraries: PyJWT (PyJWKClient reads the keys from certs), requests for the two tokens.
"""
import jwt

from exchange_requests import exchange, forged, login
from steps import Report, expect, settings


class ResourceServer:
    def __init__(self, s, audience=None, issuer=None):
        self.keys = jwt.PyJWKClient(s.certs_url, timeout=20)
        self.audience = audience or s.audience
        self.issuer = issuer or s.issuer

    def check(self, token):
        """The claims of a good token; jwt.PyJWTError otherwise."""
        key = self.keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key.key, algorithms=["RS256"], audience=self.audience, issuer=self.issuer,
                          options={"require": ["exp", "iat", "aud", "iss", "sub"]})


def main():
    s = settings()
    report = Report("python-pyjwt")

    def verify():
        claims = ResourceServer(s).check(new)
        expect(claims["azp"] == s.client_id, f"azp {claims['azp']}")
        expect(claims["preferred_username"] == s.username, f"preferred_username {claims['preferred_username']}")

    def refused(server, token, *errors):
        try:
            server.check(token)
        except errors:
            return
        expect(False, "taken")

    def tokens():
        first = login(s)["access_token"]
        return first, exchange(s, first)["access_token"]

    got = report.step("tokens", tokens)
    if not got:
        report.close()
    old, new = got
    report.step("verify", verify)
    report.step("refuse-wrong-audience", refused, ResourceServer(s, audience="service-z"), new, jwt.InvalidAudienceError)
    report.step("refuse-wrong-issuer", refused, ResourceServer(s, issuer=f"{s.base}/realms/other"), new, jwt.InvalidIssuerError)
    report.step("refuse-forged", refused, ResourceServer(s), forged(new), jwt.InvalidSignatureError)
    report.step("refuse-first-token", refused, ResourceServer(s), old, jwt.InvalidAudienceError, jwt.MissingRequiredClaimError)
    report.close()


if __name__ == "__main__":
    main()
