# shellcheck shell=sh
# Makes the environment that serve, test and lint run in. Sourced, never run.
#
#   environment NAME PIP-ARGUMENTS...   .venv with what the arguments name, pinned by constraints.txt
#
# Nothing is installed while neither pyproject.toml nor constraints.txt has changed: a stamp beside the environment, one for
# each NAME, holds the hash of what it was made from. Needs Python 3.11 or later and nothing else;
# PYTHON=... says which.

: "${root:?is set by the script that sources this}"
venv="$root/.venv"

say() {
    printf '%s\n' "$*" >&2
}

give_up() {
    say "$0: $*"
    exit 69 # EX_UNAVAILABLE
}

# The Python that PYTHON names; else the system's own, where it is new enough and can make environments; else the first such one
# on the path. The system's goes first because distributions build theirs with profile guided optimisation, and version managers
# by default do not: a bounce costs a quarter less in it.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || return 1
        printf '%s\n' "$PYTHON"
        return
    fi
    if is_new_enough /usr/bin/python3 && /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null; then
        printf '%s\n' /usr/bin/python3
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

is_new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Runs a command as root, where that needs no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Debian ships Python without ensurepip until python3-venv is installed.
need_venv() {
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        return
    fi
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing python3-venv"
        { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install python3-venv; } >/dev/null 2>&1 || true
    fi
    "$1" -c 'import ensurepip, venv' 2>/dev/null || give_up "Python has no venv here; run: apt install python3-venv"
}

# What an environment is made from, as one line.
fingerprint() {
    { cat "$root/pyproject.toml" "$root/constraints.txt"; printf '%s\n' "$root"; } | cksum
}

# Whether the environment has all that NAME needs. That for the tests has everything.
is_made_for() {
    [ -x "$venv/bin/python" ] || return 1
    for stamp in "$venv/.made-for-$1" "$venv/.made-for-test"; do
        [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ] && return
    done
    return 1
}

environment() {
    name="$1"
    shift
    if is_made_for "$name"; then
        return
    fi
    # Made anew where there is none, where it does not work, and where the folder was moved: its programs name their place.
    if ! grep -qsF "$venv/bin/python" "$venv/bin/pip" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python="$(find_python)" || give_up "${PYTHON:+PYTHON=$PYTHON is none: }Python 3.11 or later is needed; run: apt install python3 python3-venv"
        need_venv "$python"
        say "making the environment in .venv (once, about half a minute)"
        "$python" -m venv --clear "$venv"
    else
        say "bringing the environment in .venv up to date"
    fi
    install --upgrade pip
    install --build-constraint "$root/constraints.txt" "$@"
    fingerprint >"$venv/.made-for-$name"
}

install() {
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --constraint "$root/constraints.txt" "$@" ||
        give_up "pip could not install what is needed (see above); is there a network?"
}
