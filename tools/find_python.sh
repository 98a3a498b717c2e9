# Sourced by ./run and ./test with $root set. Sets $python to a Python >= 3.11: the one of .venv, else one that can make
# virtual environments, else any. Only this much is shell: a shell cannot trap a signal that was ignored on entry.

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
complete='import sys, importlib.util as u; sys.exit(sys.version_info < (3, 11) or not u.find_spec("ensurepip"))'

suits() {
    "$1" -E -S -c "$2" >/dev/null 2>&1
}

first_that_suits() {
    for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if suits "$python" "$1"; then return 0; fi
    done
    return 1
}

python=$root/.venv/bin/python
if ! suits "$python" "$new_enough" && ! first_that_suits "$complete" && ! first_that_suits "$new_enough"; then
    echo "Threadline needs Python 3.11 or newer; here python3 is $(python3 -V 2>/dev/null || echo missing)." >&2
    exit 1
fi
