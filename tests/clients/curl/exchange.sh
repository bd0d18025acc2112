#!/usr/bin/env bash
# The guide's requests as a reader types them: curl, and nothing of ours. Python's standard library reads the JSON.
#
#   CAMBIST_BASE=http://localhost:8080 CLIENT_SECRET=… tests/clients/curl/exchange.sh
set -u -o pipefail

CAMBIST_BASE="${CAMBIST_BASE:-http://localhost:8080}"
REALM="${REALM:-token-exchange-demo}"
CLIENT_ID="${CLIENT_ID:-service-a}"
CLIENT_SECRET="${CLIENT_SECRET:-}"
AUDIENCE="${AUDIENCE:-service-b}"
LOGIN_USERNAME="${LOGIN_USERNAME:-testuser}"
LOGIN_PASSWORD="${LOGIN_PASSWORD:-password123}"
OTHER_CLIENT_ID="${OTHER_CLIENT_ID:-service-c}"
OTHER_CLIENT_SECRET="${OTHER_CLIENT_SECRET:-}"
export CAMBIST_BASE REALM CLIENT_ID AUDIENCE

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
oidc="$CAMBIST_BASE/realms/$REALM/protocol/openid-connect"
answers="$(mktemp -d)"
trap 'rm -rf "$answers"' EXIT
failed=0

# ask NAME CURL-ARGUMENT…: the answer's body goes to $answers/NAME.json, its status to $answers/NAME.status.
ask() {
    local name="$1"
    shift
    curl -sS --max-time 20 -o "$answers/$name.json" -w '%{http_code}' "$@" >"$answers/$name.status" 2>"$answers/$name.error"
}

# member NAME MEMBER: a member of that answer.
member() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$answers/$1.json" "$2"
}

# step NAME CHECK-ARGUMENT…: what check.py says of the answer NAME, as one line.
step() {
    local name="$1"
    shift
    python3 "$here/check.py" "$answers" "$name" "$@" || failed=1
}

ask login -X POST "$oidc/token" \
    -H "Content-Type: application/x-www-form-urlencoded" \
    -d "client_id=$CLIENT_ID" \
    -d "client_secret=$CLIENT_SECRET" \
    -d "grant_type=password" \
    -d "username=$LOGIN_USERNAME" \
    -d "password=$LOGIN_PASSWORD" \
    -d "scope=openid profile email"
step login login
[ "$failed" = 0 ] || exit 1
ACCESS_TOKEN="$(member login access_token)"

ask exchange -X POST "$oidc/token" \
    -H "Content-Type: application/x-www-form-urlencoded" \
    -d "client_id=$CLIENT_ID" \
    -d "client_secret=$CLIENT_SECRET" \
    -d "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" \
    -d "subject_token=$ACCESS_TOKEN" \
    -d "requested_token_type=urn:ietf:params:oauth:token-type:access_token" \
    -d "audience=$AUDIENCE"
step exchange exchange

ask exchange-basic "$oidc/token" \
    -u "$CLIENT_ID:$CLIENT_SECRET" \
    --data-urlencode "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" \
    --data-urlencode "subject_token=$ACCESS_TOKEN" \
    --data-urlencode "subject_token_type=urn:ietf:params:oauth:token-type:access_token" \
    --data-urlencode "requested_token_type=urn:ietf:params:oauth:token-type:access_token" \
    --data-urlencode "audience=$AUDIENCE"
step exchange-basic exchange

ask verify "$oidc/certs"
step verify verify

# refused NAME CLIENT SECRET SUBJECT AUDIENCE STATUS ERROR DESCRIPTION
refused() {
    ask "$1" -X POST "$oidc/token" \
        -d "client_id=$2" \
        -d "client_secret=$3" \
        -d "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" \
        -d "subject_token=$4" \
        -d "requested_token_type=urn:ietf:params:oauth:token-type:access_token" \
        -d "audience=$5"
    step "$1" refused "$6" "$7" "$8"
}

FORGED="$(python3 "$here/check.py" "$answers" forge)"
refused refuse-other-client "$OTHER_CLIENT_ID" "$OTHER_CLIENT_SECRET" "$ACCESS_TOKEN" "$AUDIENCE" \
    403 access_denied "Client not allowed to exchange"
refused refuse-wrong-secret "$CLIENT_ID" wrong "$ACCESS_TOKEN" "$AUDIENCE" \
    401 unauthorized_client "Invalid client or Invalid client credentials"
refused refuse-garbage "$CLIENT_ID" "$CLIENT_SECRET" garbage "$AUDIENCE" \
    400 invalid_request "Invalid token"
refused refuse-forged "$CLIENT_ID" "$CLIENT_SECRET" "$FORGED" "$AUDIENCE" \
    400 invalid_request "Invalid token"
refused refuse-unknown-audience "$CLIENT_ID" "$CLIENT_SECRET" "$ACCESS_TOKEN" no-such-service \
    400 invalid_client "Audience not found"

exit "$failed"
