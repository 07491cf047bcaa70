# SPDX-License-Identifier: BSD-2-Clause
# Every header compiles alone, and twice in a row, with gcc and with clang, with the warnings of the build as errors.
set -eu
cd "$(dirname "$0")/../.."
export BUILD="${BUILD:-build}"
WARNINGS=$(make -s --no-print-directory print-warnings)
export WARNINGS

find pool conf server http -name '*.h' | sort | xargs -P "${JOBS:-2}" -n 16 sh -c '
    bad=0
    for header in "$@"; do
        for compiler in gcc clang; do
            printf "#include \"%s\"\n#include \"%s\"\n" "$header" "$header" |
                $compiler -std=c17 -D_GNU_SOURCE $WARNINGS -Werror -Wno-unused-function -I. -I"$BUILD" -pthread \
                    -fsyntax-only -x c - || {
                echo "$header does not compile alone with $compiler"
                bad=1
            }
        done
    done
    exit $bad' sh
