# Sourced by the other scripts: goes to the project's folder and makes sure that cmake can be run.
# What is not on PATH is unpacked below target/tools/, from wheels pinned by hash; nothing is installed elsewhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# wheel NAME PROGRAM: makes sure that target/tools/NAME/PROGRAM is there, of scripts/requirements-NAME.txt.
wheel() {
    local folder="$PWD/target/tools/$1"
    if [ ! -x "$folder/$2" ] || [ "scripts/requirements-$1.txt" -nt "$folder/$2" ]; then
        echo "getting $(basename "$2") from PyPI (once)" >&2
        rm -rf "$folder"
        PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
            --only-binary=:all: --require-hashes --target "$folder" --requirement "scripts/requirements-$1.txt"
        touch "$folder/$2"
    fi
}

if [ -z "${CMAKE:-}" ] && ! command -v cmake >/dev/null 2>&1; then
    wheel build cmake/data/bin/cmake
    export CMAKE="$PWD/target/tools/build/cmake/data/bin/cmake"
fi
