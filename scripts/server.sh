# shellcheck shell=bash
# Sourced by the scripts that need a served instance: start the program on a free loopback port, stop it by its pid.

repo="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CAMBIST_BIN="${CAMBIST_BIN:-${CARGO_TARGET_DIR:-$repo/target}/debug/cambist}"
server_pid=""
server_base=""
server_log=""

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_server STORE FOLDER [ARGUMENT…]: sets server_base and server_pid once it answers; its output goes to FOLDER.
start_server() {
    local store="$1" folder="$2" port
    shift 2
    if [ ! -x "$CAMBIST_BIN" ]; then
        echo "no program at $CAMBIST_BIN: cargo build -p cambist-server, or name one in CAMBIST_BIN" >&2
        return 1
    fi
    port="$(free_port)"
    server_log="$folder/server.log"
    # No management listener: its default port may be another instance's.
    CAMBIST_MANAGEMENT_LISTEN=off "$CAMBIST_BIN" serve --listen "127.0.0.1:$port" --store "$store" \
        --bootstrap-admin-username "${ADMIN_USERNAME:-admin}" --bootstrap-admin-password "${ADMIN_PASSWORD:-admin}" \
        "$@" >"$folder/server.out" 2>"$server_log" </dev/null &
    server_pid=$!
    server_base="http://127.0.0.1:$port"
    local deadline=$((SECONDS + 60))
    # Ready is what the program says on standard output, and then a realm that answers.
    until grep -qs "127\.0\.0\.1:$port" "$folder/server.out" &&
        curl -sf --noproxy '*' --max-time 5 -o /dev/null "$server_base/realms/master"; do
        if ! kill -0 "$server_pid" 2>/dev/null; then
            echo "the server ended before it was ready:" >&2
            tail -n 20 "$folder/server.out" "$server_log" >&2
            server_pid=""
            return 1
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "the server was not ready after 60 seconds:" >&2
            tail -n 20 "$folder/server.out" "$server_log" >&2
            stop_server
            return 1
        fi
        sleep 0.1
    done
}

# stop_server: SIGTERM, and SIGKILL when it has not ended ten seconds later, which is a failure.
stop_server() {
    [ -n "$server_pid" ] || return 0
    local pid="$server_pid" deadline=$((SECONDS + 10))
    server_pid=""
    kill -TERM "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            kill -KILL "$pid" 2>/dev/null
            wait "$pid" 2>/dev/null
            echo "the server did not stop on SIGTERM within ten seconds" >&2
            return 1
        fi
        sleep 0.1
    done
    wait "$pid" 2>/dev/null
    local status=$?
    [ "$status" = 0 ] && return 0
    echo "the server ended with status $status on SIGTERM" >&2
    return 1
}
