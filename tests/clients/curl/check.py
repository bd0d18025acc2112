#!/usr/bin/env python3
"""Look at one answer that exchange.sh got from curl, and print one JSON line about it. Standard library only.

    check.py ANSWERS NAME login | exchange | verify | refused STATUS ERROR DESCRIPTION
    check.py ANSWERS forge                                   the first token, one bit of its signature flipped
"""
import base64
import hashlib
import json
import os
import pathlib
import sys
import time

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of RFC 8017 section 9.2


class Unexpected(Exception):
    """The server answered something else than it should."""


def expect(condition, message):
    if not condition:
        raise Unexpected(message)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(token):
    return json.loads(decode(token.split(".")[1]))


def audiences(token):
    value = claims(token).get("aud", [])
    return [value] if isinstance(value, str) else value


class Answers:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def status(self, name):
        error = (self.folder / f"{name}.error").read_text().strip()
        expect(not error, error)
        return int((self.folder / f"{name}.status").read_text())

    def json(self, name):
        return json.loads((self.folder / f"{name}.json").read_text())


def check_login(answers, name):
    expect(answers.status(name) == 200, f"status {answers.status(name)}")
    answer = answers.json(name)
    expect(answer["token_type"] == "Bearer", f"token_type {answer['token_type']}")
    expect(set(answer["scope"].split()) == {"openid", "profile", "email"}, f"scope {answer['scope']}")
    expect(claims(answer["access_token"])["azp"] == os.environ["CLIENT_ID"], "azp is not the client")


def check_exchange(answers, name):
    expect(answers.status(name) == 200, f"status {answers.status(name)}")
    before, after = answers.json("login"), answers.json(name)
    expect(after["issued_token_type"] == ACCESS_TOKEN, f"issued_token_type {after['issued_token_type']}")
    old, new = claims(before["access_token"]), claims(after["access_token"])
    expect(os.environ["AUDIENCE"] in audiences(after["access_token"]), f"aud {new.get('aud')}")
    expect(new["azp"] == os.environ["CLIENT_ID"], f"azp {new['azp']}")
    expect(new["sub"] == old["sub"], "another subject")


def check_verify(answers, name):
    """The exchanged token's signature, by the key that certs publishes under its kid: RSASSA-PKCS1-v1_5 with SHA-256."""
    expect(answers.status(name) == 200, f"status {answers.status(name)}")
    token = answers.json("exchange")["access_token"]
    expect(signature_holds(token, answers.json(name)), "the signature does not hold")
    expect(not signature_holds(flipped(token), answers.json(name)), "a forged signature holds")
    new = claims(token)
    expect(new["iss"] == f"{os.environ['CAMBIST_BASE'].rstrip('/')}/realms/{os.environ['REALM']}", f"iss {new['iss']}")
    expect(new["iat"] - 5 <= time.time() < new["exp"], "not valid now")


def signature_holds(token, certs):
    head, body, signature = token.split(".")
    header = json.loads(decode(head))
    expect(header["alg"] == "RS256", f"alg {header['alg']}")
    keys = [key for key in certs["keys"] if key["kid"] == header["kid"]]
    expect(len(keys) == 1 and keys[0]["kty"] == "RSA", f"{len(keys)} keys with the token's kid")
    modulus, exponent = (int.from_bytes(decode(keys[0][part]), "big") for part in ("n", "e"))
    size = (modulus.bit_length() + 7) // 8
    digest = SHA256_PREFIX + hashlib.sha256(f"{head}.{body}".encode()).digest()
    want = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    return pow(int.from_bytes(decode(signature), "big"), exponent, modulus).to_bytes(size, "big") == want


def flipped(token):
    head, body, signature = token.split(".")
    raw = bytearray(decode(signature))
    raw[len(raw) // 2] ^= 1
    return f"{head}.{body}.{base64.urlsafe_b64encode(bytes(raw)).rstrip(b'=').decode()}"


def check_refused(answers, name, status, error, description):
    answer = answers.json(name)
    got = (str(answers.status(name)), answer.get("error"), answer.get("error_description"))
    expect(got == (status, error, description), f"answered {got}")
    expect("access_token" not in answer, "a refusal with a token")


CHECKS = {"login": check_login, "exchange": check_exchange, "verify": check_verify, "refused": check_refused}


def main():
    answers = Answers(sys.argv[1])
    if sys.argv[2] == "forge":
        print(flipped(answers.json("login")["access_token"]))
        return 0
    name, check, *rest = sys.argv[2:]
    line = {"client": "curl", "step": name, "ok": True}
    try:
        CHECKS[check](answers, name, *rest)
    except Exception as error:  # any failure is a failed step
        line.update(ok=False, problem=f"{type(error).__name__}: {error}"[:400])
    print(json.dumps(line))
    return 0 if line["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
