#!/usr/bin/env python3
"""Print the programs' JSON lines as a table and close with `N passed, N failed`; exit 1 when one failed.

    table.py LINES PROGRAM…

A program that is named but did not run every step below counts as failed: silence is not success.
"""
import json
import sys

CLIENT_STEPS = ["login", "exchange", "exchange-basic", "refuse-other-client", "refuse-wrong-secret", "refuse-garbage",
                "refuse-forged", "refuse-unknown-audience"]
CHECK_STEPS = ["tokens", "verify", "refuse-wrong-audience", "refuse-wrong-issuer", "refuse-forged", "refuse-first-token"]
LIBRARY_STEPS = ["discover", "login", "exchange", "introspect", "userinfo", "refresh", "refuse-other-client"]
STEPS = {
    "set-up": ["admin-login", "realm", "refuse-strangers", "client", "audience", "other-client", "user", "permission", "refuse-user"],
    "curl": CLIENT_STEPS + ["verify"],
    "python-requests": CLIENT_STEPS + ["refuse-wrong-password"],
    "python-pyjwt": CHECK_STEPS,
    "python-jose": CHECK_STEPS,
    "python-authlib": LIBRARY_STEPS + ["verify", "revoke"],
    "python-oauthlib": LIBRARY_STEPS + ["verify"],
    "node-axios": CLIENT_STEPS + ["verify"],
    "node-openid-client": LIBRARY_STEPS + ["revoke"],
    "node-oauth4webapi": LIBRARY_STEPS + ["revoke"],
    "node-jose": CHECK_STEPS,
    "go-net-http": CLIENT_STEPS + ["verify"],
    "rust-openidconnect": LIBRARY_STEPS,
    "go-oidc": LIBRARY_STEPS + ["verify"],
}


def read(path):
    """The lines; text that is no JSON object is a failed line of its own."""
    out = []
    with open(path, encoding="utf-8") as file:
        for text in file:
            try:
                line = json.loads(text)
                out.append({"client": line["client"], "step": line["step"], "ok": line["ok"] is True,
                            "problem": line.get("problem", "")})
            except (ValueError, KeyError, TypeError):
                out.append({"client": "?", "step": "?", "ok": False, "problem": f"no report line: {text.strip()[:200]}"})
    return out


def missing(lines, programs):
    ran = {(line["client"], line["step"]) for line in lines}
    return [{"client": program, "step": step, "ok": False, "problem": "did not run"}
            for program in programs for step in STEPS[program] if (program, step) not in ran]


def main():
    lines = read(sys.argv[1])
    lines += missing(lines, sys.argv[2:])
    for line in lines:
        mark = "ok    " if line["ok"] else "FAILED"
        print(f"{line['client']:<20} {line['step']:<24} {mark} {line['problem']}".rstrip())
    failed = sum(not line["ok"] for line in lines)
    print(f"{len(lines) - failed} passed, {failed} failed")
    return 1 if failed or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
