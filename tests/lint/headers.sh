# SPDX-License-Identifier: BSD-2-Clause
# Every header compiles alone, and twice in a row, with gcc and with clang, with the warnings of the build as errors.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
warnings=$(make -s --no-print-directory print-warnings)

bad=0
for header in $(find pool conf server http -name '*.h' | sort); do
    for compiler in gcc clang; do
        printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
            $compiler -std=c17 -D_GNU_SOURCE $warnings -Werror -Wno-unused-function -I. -I"$build" -pthread \
                -fsyntax-only -x c - || {
            echo "$header does not compile alone with $compiler"
            bad=1
        }
    done
done
exit $bad
