"""What every Python program here shares: settings from the environment, and a report of one JSON line a step."""
import dataclasses
import json
import os
import sys
import time


@dataclasses.dataclass(frozen=True)
class Settings:
    base: str
    realm: str
    client_id: str
    client_secret: str
    audience: str
    username: str
    password: str
    other_client_id: str
    other_client_secret: str
    audience_secret: str

    @property
    def issuer(self):
        return f"{self.base}/realms/{self.realm}"

    @property
    def token_url(self):
        return f"{self.issuer}/protocol/openid-connect/token"

    @property
    def discovery_url(self):
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def certs_url(self):
        return f"{self.issuer}/protocol/openid-connect/certs"


def settings():
    """The guide's realm unless the environment says otherwise."""
    env = os.environ.get
    return Settings(
        base=env("CAMBIST_BASE", "http://localhost:8080").rstrip("/"),
        realm=env("REALM", "token-exchange-demo"),
        client_id=env("CLIENT_ID", "service-a"),
        client_secret=env("CLIENT_SECRET", ""),
        audience=env("AUDIENCE", "service-b"),
        username=env("LOGIN_USERNAME", "testuser"),
        password=env("LOGIN_PASSWORD", "password123"),
        other_client_id=env("OTHER_CLIENT_ID", "service-c"),
        other_client_secret=env("OTHER_CLIENT_SECRET", ""),
        audience_secret=env("AUDIENCE_SECRET", ""),
    )


class Report:
    """Runs steps and prints `{"client", "step", "ok", "ms"}` for each, with `problem` when it failed."""

    def __init__(self, client):
        self.client = client
        self.failed = False

    def step(self, name, action, *arguments):
        """Run one step and return what it returned, or None when it failed."""
        start = time.monotonic()
        value, problem = None, None
        try:
            value = action(*arguments)
        except Exception as error:  # any failure is a failed step: the report must go on
            problem = f"{type(error).__name__}: {error}"
        line = {"client": self.client, "step": name, "ok": problem is None,
                "ms": round((time.monotonic() - start) * 1000)}
        if problem:
            line["problem"] = problem[:400]
            self.failed = True
        print(json.dumps(line), flush=True)
        return value

    def close(self):
        """End the program: 0 when every step was as it should be."""
        sys.exit(1 if self.failed else 0)


class Unexpected(Exception):
    """The server answered something else than it should."""


def expect(condition, message):
    """Raise unless the condition holds. Not `assert`, which `python -O` leaves out."""
    if not condition:
        raise Unexpected(message)
