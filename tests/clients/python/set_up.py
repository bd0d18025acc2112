"""Make the guide's realm over the admin API: what the guide does in the console, call by call.

The secrets are the server's own, read as the guide does under "Credentials", and written to the file that --out names.
Refuses to touch a realm that exists already, unless --replace says to delete it first.
"""
import argparse
import json
import os

import requests

from steps import Report, expect, settings

TIMEOUT = 20


class Admin:
    """The admin API with the administrator's token. Every call names the one status that it expects."""

    def __init__(self, s, username, password):
        self.base = s.base
        self.realm = s.realm
        answer = requests.post(f"{s.base}/realms/master/protocol/openid-connect/token", timeout=TIMEOUT, data={
            "grant_type": "password", "client_id": "admin-cli", "username": username, "password": password,
        })
        answer.raise_for_status()
        self.session = requests.Session()
        self.session.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method, path, status, body=None):
        answer = self.session.request(method, f"{self.base}/admin/realms{path}", json=body, timeout=TIMEOUT)
        expect(answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def get(self, path):
        return self.call("GET", f"/{self.realm}{path}", 200).json()

    def post(self, path, body):
        return self.call("POST", f"/{self.realm}{path}", 201, body)

    def put(self, path, status, body):
        return self.call("PUT", f"/{self.realm}{path}", status, body)

    def create(self, path, body):
        """The id of what was made, from the Location."""
        return self.post(path, body).headers["location"].rstrip("/").rsplit("/", 1)[-1]


def clients(s):
    return [
        {"clientId": s.client_id, "publicClient": False, "standardFlowEnabled": True, "directAccessGrantsEnabled": True,
         "redirectUris": ["http://localhost:8080/*"], "webOrigins": ["http://localhost:8080"]},
        {"clientId": s.audience, "publicClient": False, "standardFlowEnabled": False, "directAccessGrantsEnabled": False},
        {"clientId": s.other_client_id, "publicClient": False, "standardFlowEnabled": False, "directAccessGrantsEnabled": True},
    ]


def make_realm(admin, replace):
    if replace:
        answer = admin.session.delete(f"{admin.base}/admin/realms/{admin.realm}", timeout=TIMEOUT)
        expect(answer.status_code in (204, 404), f"delete: {answer.status_code}")
    admin.call("POST", "", 201, {"realm": admin.realm, "enabled": True})


def make_client(admin, document):
    """(id, secret) of a new client."""
    client = admin.create("/clients", document)
    found = admin.get(f"/clients?clientId={document['clientId']}")
    expect([c["id"] for c in found] == [client], "the new client is not found by its name")
    secret = admin.get(f"/clients/{client}/client-secret")["value"]
    expect(len(secret) >= 16, "no secret, or a short one")
    return client, secret


def make_user(admin, s):
    user = admin.create("/users", {"username": s.username, "enabled": True, "email": f"{s.username}@example.com",
                                   "emailVerified": True, "firstName": "Test", "lastName": "User"})
    admin.put(f"/users/{user}/reset-password", 204, {"type": "password", "value": s.password, "temporary": False})


def allow_exchange(admin, requester, target):
    """Permissions on the target, a policy that names the requester, and the two joined."""
    realm_management = admin.get("/clients?clientId=realm-management")[0]["id"]
    store = f"/clients/{realm_management}/authz/resource-server"
    enabled = admin.put(f"/clients/{target}/management/permissions", 200, {"enabled": True}).json()
    permission_id = enabled["scopePermissions"]["token-exchange"]
    policy = admin.post(f"{store}/policy/client", {
        "type": "client", "name": "service-a-client-policy", "logic": "POSITIVE", "decisionStrategy": "UNANIMOUS",
        "clients": [requester],
    }).json()
    permission = admin.get(f"{store}/permission/scope/{permission_id}")
    expect(permission["decisionStrategy"] == "UNANIMOUS", f"decisionStrategy {permission['decisionStrategy']}")
    scopes = admin.get(f"{store}/policy/{permission_id}/scopes")
    resources = admin.get(f"{store}/policy/{permission_id}/resources")
    expect([scope["name"] for scope in scopes] == ["token-exchange"], f"scopes {scopes}")
    answer = admin.put(f"{store}/permission/scope/{permission_id}", 201, {
        "id": permission_id, "name": permission["name"], "type": "scope", "logic": "POSITIVE",
        "decisionStrategy": "UNANIMOUS", "resources": [r["_id"] for r in resources],
        "scopes": [scope["id"] for scope in scopes], "policies": [policy["id"]],
    })
    expect(answer.content == b"", "a body where Keycloak sends none")


def refuse_strangers(s):
    """No token, and a token that is none."""
    url = f"{s.base}/admin/realms/{s.realm}/clients"
    for headers in ({}, {"authorization": "Bearer abc"}):
        status = requests.get(url, headers=headers, timeout=TIMEOUT).status_code
        expect(status == 401, f"{status} with {list(headers)}")


def refuse_user(s, secret):
    """A user of the realm without any role of its administration."""
    answer = requests.post(s.token_url, timeout=TIMEOUT, data={
        "grant_type": "password", "client_id": s.client_id, "client_secret": secret,
        "username": s.username, "password": s.password,
    })
    answer.raise_for_status()
    made = requests.post(f"{s.base}/admin/realms/{s.realm}/users", timeout=TIMEOUT, json={"username": "intruder"},
                         headers={"authorization": f"Bearer {answer.json()['access_token']}"})
    expect(made.status_code == 403, f"{made.status_code}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="where to write the clients' secrets, as JSON")
    parser.add_argument("--replace", action="store_true", help="delete a realm of this name first")
    arguments = parser.parse_args()
    s = settings()
    report = Report("set-up")

    def must(name, action, *parameters):
        value = report.step(name, action, *parameters)
        if report.failed:
            report.close()
        return value

    admin = must("admin-login", Admin, s, os.environ.get("ADMIN_USERNAME", "admin"), os.environ.get("ADMIN_PASSWORD", "admin"))
    must("realm", make_realm, admin, arguments.replace)
    must("refuse-strangers", refuse_strangers, s)
    made = {}
    for name, document in zip(("client", "audience", "other-client"), clients(s)):
        made[document["clientId"]] = must(name, make_client, admin, document)
    must("user", make_user, admin, s)
    must("permission", allow_exchange, admin, made[s.client_id][0], made[s.audience][0])
    must("refuse-user", refuse_user, s, made[s.client_id][1])
    descriptor = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump({client: secret for client, (_, secret) in made.items()}, out)
    report.close()


if __name__ == "__main__":
    main()
