# shellcheck shell=bash
# Sourced by the scripts here: find a command, or install the Debian package that has it.
# Nothing is skipped for want of a tool: what cannot be had is a failure that names it.

# need COMMAND PACKAGE…
need() {
    local command="$1"
    shift
    command -v "$command" >/dev/null 2>&1 && return 0
    install_packages "$command" "$@" || return 1
    command -v "$command" >/dev/null 2>&1 && return 0
    echo "$command is still missing after installing $*" >&2
    return 1
}

# need_venv: python3 that can make a virtual environment (Debian has that in a package of its own).
need_venv() {
    need python3 python3 python3-venv || return 1
    python3 -c 'import ensurepip, venv' 2>/dev/null && return 0
    install_packages "python3's venv" python3-venv
}

# install_packages WHAT PACKAGE…
install_packages() {
    local what="$1"
    shift
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "$what is missing; install it (Debian: apt-get install $*)" >&2
        return 1
    fi
    echo "installing $* for $what" >&2
    DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qq update >&2 &&
        DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq install -y --no-install-recommends "$@" >&2 </dev/null
}
