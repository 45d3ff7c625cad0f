# Sourced by the other scripts: makes sure that cmake can be run and tells cargo where it is.
# Without a cmake on PATH, the pinned wheel is unpacked below target/; nothing else is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${CMAKE:-}" ] && ! command -v cmake >/dev/null 2>&1; then
    tools="$PWD/target/tools/cmake-4.4.4"
    if [ ! -x "$tools/cmake/data/bin/cmake" ]; then
        echo "getting cmake from PyPI (once)" >&2
        rm -rf "$tools"
        python3 -m pip install --quiet --no-deps --only-binary=:all: --require-hashes \
            --target "$tools" --requirement scripts/requirements-build.txt
    fi
    export CMAKE="$tools/cmake/data/bin/cmake"
fi
