# SPDX-License-Identifier: BSD-2-Clause
# clang-tidy over every source that is compiled into the server, several at a time.
set -eu
cd "$(dirname "$0")/../.."

find pool conf server http -name '*.c' | sort |
    xargs -P "${JOBS:-2}" -n 4 sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=c17 -D_GNU_SOURCE -I. -I"$0" \
        -pthread 2>/dev/null' "${BUILD:-build}"
