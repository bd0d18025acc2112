"""The guide's resource server, service-b, with python-jose.

python-jose takes a token that has no `aud` at all, whatever audience it was told to want. `require_aud` closes that,
and a resource server that uses this library should set it.
"""
import requests
from jose import JWTError, jwt
from jose.exceptions import JWTClaimsError

from exchange_requests import exchange, forged, login
from steps import Report, expect, settings


def check(s, token, audience=None, issuer=None):
    """The claims of a good token; JWTError otherwise."""
    answer = requests.get(s.certs_url, timeout=20)
    answer.raise_for_status()
    return jwt.decode(token, answer.json(), algorithms=["RS256"], audience=audience or s.audience,
                      issuer=issuer or s.issuer, options={"require_aud": True, "require_exp": True})


def main():
    s = settings()
    report = Report("python-jose")

    def verify():
        claims = check(s, new)
        expect(claims["azp"] == s.client_id, f"azp {claims['azp']}")
        expect(claims["preferred_username"] == s.username, f"preferred_username {claims['preferred_username']}")

    def refused(error, text, token, **wanted):
        try:
            check(s, token, **wanted)
        except error as refusal:
            expect(text in str(refusal).lower(), f"refused for another reason: {refusal}")
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
    report.step("refuse-wrong-audience", lambda: refused(JWTClaimsError, "audience", new, audience="service-z"))
    report.step("refuse-wrong-issuer", lambda: refused(JWTClaimsError, "issuer", new, issuer=f"{s.base}/realms/other"))
    report.step("refuse-forged", lambda: refused(JWTError, "signature", forged(new)))
    report.step("refuse-first-token", lambda: refused(JWTError, "aud", old))
    report.close()


if __name__ == "__main__":
    main()
