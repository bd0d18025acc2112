"""The guide's client, service-a: log the user in, exchange the token for service-b, and be refused where it must be.

Library: requests. Run by itself: CAMBIST_BASE=… CLIENT_SECRET=… python exchange_requests.py
"""
import base64
import json

import requests

from steps import Report, expect, settings

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
TIMEOUT = 20


def login(s):
    """A token of the user for service-a, by the password grant."""
    answer = requests.post(s.token_url, timeout=TIMEOUT, data={
        "client_id": s.client_id,
        "client_secret": s.client_secret,
        "grant_type": "password",
        "username": s.username,
        "password": s.password,
        "scope": "openid profile email",
    })
    answer.raise_for_status()
    return answer.json()


def exchange_form(s, subject_token, audience=None):
    return {
        "grant_type": GRANT_TYPE,
        "subject_token": subject_token,
        "subject_token_type": ACCESS_TOKEN,
        "requested_token_type": ACCESS_TOKEN,
        "audience": audience or s.audience,
    }


def exchange(s, subject_token):
    """The same user's token for service-b; the client's secret goes in the body."""
    form = {**exchange_form(s, subject_token), "client_id": s.client_id, "client_secret": s.client_secret}
    answer = requests.post(s.token_url, data=form, timeout=TIMEOUT)
    answer.raise_for_status()
    expect(answer.headers.get("cache-control") == "no-store", f"cache-control {answer.headers.get('cache-control')}")
    return answer.json()


def exchange_basic(s, subject_token):
    """The same with HTTP Basic."""
    answer = requests.post(s.token_url, data=exchange_form(s, subject_token),
                           auth=(s.client_id, s.client_secret), timeout=TIMEOUT)
    answer.raise_for_status()
    return answer.json()


def claims(token):
    """The claims, unverified: for looking at, never for trusting."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def audiences(token):
    value = claims(token).get("aud", [])
    return [value] if isinstance(value, str) else value


def forged(token):
    """The token with one bit of its signature flipped."""
    head, body, signature = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[len(raw) // 2] ^= 1
    return f"{head}.{body}.{base64.urlsafe_b64encode(bytes(raw)).rstrip(b'=').decode()}"


def check_login(answer):
    expect(answer["token_type"] == "Bearer", f"token_type {answer['token_type']}")
    expect(answer["expires_in"] > 0, f"expires_in {answer['expires_in']}")
    expect(set(answer["scope"].split()) == {"openid", "profile", "email"}, f"scope {answer['scope']}")
    for member in ("access_token", "refresh_token", "id_token"):
        expect(answer.get(member, "").count(".") == 2, f"no {member}")


def check_exchange(s, before, answer):
    expect(answer["issued_token_type"] == ACCESS_TOKEN, f"issued_token_type {answer['issued_token_type']}")
    expect(answer["token_type"] == "Bearer", f"token_type {answer['token_type']}")
    old, new = claims(before["access_token"]), claims(answer["access_token"])
    expect(s.audience in audiences(answer["access_token"]), f"aud {new.get('aud')}")
    expect(s.audience not in audiences(before["access_token"]), "the first token was for the audience already")
    expect(new["azp"] == s.client_id, f"azp {new['azp']}")
    expect(new["sub"] == old["sub"], "another subject")
    expect(new["iss"] == s.issuer, f"iss {new['iss']}")
    expect(new["jti"] != old["jti"], "the same jti")
    expect(new["exp"] <= old["exp"] + 2, "the new token outlives the old one")


def refused(s, form, status, error, description):
    """The request must get this status and this error, and no token."""
    answer = requests.post(s.token_url, data=form, timeout=TIMEOUT)
    body = answer.json()
    got = (answer.status_code, body.get("error"), body.get("error_description"))
    expect(got == (status, error, description), f"answered {got}")
    expect("access_token" not in body, "a refusal with a token")


def main():
    s = settings()
    report = Report("python-requests")

    def log_in():
        answer = login(s)
        check_login(answer)
        return answer

    def exchange_and_check(how):
        answer = how(s, before["access_token"])
        check_exchange(s, before, answer)

    before = report.step("login", log_in)
    if not before:
        report.close()
    token = before["access_token"]
    report.step("exchange", exchange_and_check, exchange)
    report.step("exchange-basic", exchange_and_check, exchange_basic)

    own = {"client_id": s.client_id, "client_secret": s.client_secret}
    other = {"client_id": s.other_client_id, "client_secret": s.other_client_secret}
    report.step("refuse-other-client", refused, s, {**exchange_form(s, token), **other},
                403, "access_denied", "Client not allowed to exchange")
    report.step("refuse-wrong-secret", refused, s, {**exchange_form(s, token), **own, "client_secret": "wrong"},
                401, "unauthorized_client", "Invalid client or Invalid client credentials")
    report.step("refuse-garbage", refused, s, {**exchange_form(s, "garbage"), **own},
                400, "invalid_request", "Invalid token")
    report.step("refuse-forged", refused, s, {**exchange_form(s, forged(token)), **own},
                400, "invalid_request", "Invalid token")
    report.step("refuse-unknown-audience", refused, s, {**exchange_form(s, token, "no-such-service"), **own},
                400, "invalid_client", "Audience not found")
    report.step("refuse-wrong-password", refused, s,
                {**own, "grant_type": "password", "username": s.username, "password": "wrong"},
                400, "invalid_grant", "Invalid user credentials")
    report.close()


if __name__ == "__main__":
    main()
