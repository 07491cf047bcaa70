# SPDX-License-Identifier: BSD-2-Clause
# What STYLE limits and a formatter does not see: length of files, functions and lines, the licence line, leftovers,
# and that a header is guarded by its own name (pool/pool.h: POOL_POOL_H).
set -eu
cd "$(dirname "$0")/../.."

bad=0
find pool conf server http tests -name '*.[ch]' | sort | xargs awk '
    function report(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
    function finish() {
        limit = previous ~ /\.h$/ ? 150 : 400
        # Tests are tables and cases: they may be longer than what they test, not without bound.
        if (previous ~ /^tests\//) limit = 800
        if (previous ~ /\.h$/ && !guarded) { printf "%s: the guard is not %s\n", previous, guard; bad = 1 }
        if (previous != "" && lines > limit) { printf "%s: %d lines, %d allowed\n", previous, lines, limit; bad = 1 }
    }
    FNR == 1 {
        finish(); previous = FILENAME; start = 0
        guarded = 0; guard = toupper(FILENAME); gsub(/[^A-Z0-9]/, "_", guard)
        if ($0 != "/* SPDX-License-Identifier: BSD-2-Clause */") report("the first line is not the licence line")
    }
    { lines = FNR }
    $0 == "#ifndef " guard { guarded = 1 }
    # Columns are characters, whatever bytes awk counts: those that continue one do not count.
    { columns = $0; gsub(/[\200-\277]/, "", columns) }
    length(columns) > 110 { report("line of " length(columns) " columns") }
    /[ \t]$/ { report("blank at the end of the line") }
    /TODO|FIXME|(^|[^X])XXX([^X]|$)/ && !/issue [0-9]+/ { report("a leftover without the number of an issue") }
    # A function is what lies between a brace alone in the first column and its partner.
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start - 1 > 60) report("function of " FNR - start - 1 " lines"); start = 0 }
    END { finish(); exit bad }
' || bad=1

# The page of pool_view: a licence line, a line of purpose, and the same limits.
for file in http/modules/view/page/*.html http/modules/view/page/*.css http/modules/view/page/*.js; do
    awk -v file="$file" '
        function report(text) { printf "%s:%d: %s\n", file, NR, text; bad = 1 }
        NR <= 2 && /SPDX-License-Identifier: BSD-2-Clause/ { licence = 1 }
        NR == 2 && !/^(\/\/|\/\*|<!--) / { report("the second line does not say what the file is for") }
        { columns = $0; gsub(/[\200-\277]/, "", columns) }
        length(columns) > 110 { report("line of " length(columns) " columns") }
        /[ \t]$/ { report("blank at the end of the line") }
        END {
            if (!licence) report("no licence line")
            if (NR > 400) report(NR " lines, 400 allowed")
            exit bad
        }' "$file" || bad=1
done

# The system allocator has one caller.
if grep -rnE --include='*.[ch]' '(^|[^a-z_A-Z0-9>.])(malloc|calloc|realloc|posix_memalign|aligned_alloc|free|mmap|munmap|madvise|strdup|strndup|asprintf) ?\(' \
    pool conf server http |
    grep -v '^pool/sysmem\.c:' | grep -vE '^[^:]*:[0-9]+: *(/?\*|//)'; then
    echo "memory of the system is taken outside of pool/sysmem.c"
    bad=1
fi
exit $bad
