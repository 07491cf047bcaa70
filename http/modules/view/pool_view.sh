# SPDX-License-Identifier: BSD-2-Clause
# Joins a page of pool_view and prints it as C, struct pool_view_page: the page as a string, the same compressed, and the
# Content-Security-Policy that names its script and its style sheet by their SHA-256. A line of the page that is @ and a name
# stands for that file beside it. Comments, indentation and empty lines are left out, ends of lines where a statement of the
# script or a rule of the style sheet goes on, and spaces of the latter. <script>, </script>, <style> and </style> stand alone on theirs.
# Usage: sh pool_view.sh page/main.html pool_view_main
set -eu

page=$(awk -v folder="$(dirname "$1")" '
    function put(line) {
        sub(/^ +/, "", line)
        if (match(line, /[;,{()}] +\/\/ /)) line = substr(line, 1, RSTART)
        if (line ~ /^$|^\/\/|^\/\*.*\*\/$|^<!--.*-->$/) return
        script = line == "<script>" || (script && line != "</script>")
        style = line == "<style>" || (style && line != "</style>")
        if (style) {
            gsub(/: /, ":", line); gsub(/; /, ";", line); gsub(/, /, ",", line)
            gsub(/ ?[{] ?/, "{", line); gsub(/ }/, "}", line)
        }
        if (last && !(script && (last ~ /[{(\[,;]$/ || line ~ /^[])}.?:&|+]/)) &&
            !(style && last ~ /[{;,]$/)) printf "\n"
        printf "%s", last = line
    }
    !/^@/ { put($0); next }
    {
        file = folder "/" substr($0, 2)
        for (number = 0; (got = (getline line < file)) > 0;)
            put(line)
        if (got < 0) { print file " cannot be read" > "/dev/stderr"; exit 1 }
    }
    END { printf "\n" }' "$1")

# The base64 of the SHA-256 of what lies between <$1> and </$1>: what CSP calls a hash source.
hash_of() {
    octal=$(printf '%s\n' "$page" | awk -v tag="$1" '
        $0 == "<" tag ">" { inside = 1; print ""; seen++; next }
        $0 == "</" tag ">" { inside = 0 }
        inside
        END { exit seen != 1 }' | sha256sum | awk '{
            for (i = 1; i < 64; i += 2) {
                byte = 16 * (index("0123456789abcdef", substr($1, i, 1)) - 1) + index("0123456789abcdef", substr($1, i + 1, 1)) - 1
                printf "\\%03o", byte
            }
        }')
    printf "$octal" | base64
}

script=$(hash_of script)
style=$(hash_of style)
policy="default-src 'none'; script-src 'sha256-$script'; style-src 'sha256-$style'; connect-src 'self'; img-src data:; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

echo '#include "http/modules/view/pool_view.h"'
echo 'static const char plain[] ='
# (?: trigraphs)
printf '%s\n' "$page" | sed -e 's/["\\?]/\\&/g' -e 's/^/    "/' -e 's/$/\\n"/'
echo '    "";'
echo 'static const unsigned char packed[] = {'
printf '%s\n' "$page" | gzip -9nc | od -An -v -tu1 | sed -e 's/ *\([0-9][0-9]*\)/\1,/g' -e 's/^/    /'
echo '};'
echo "static const char policy[] = \"$policy\";"
echo "const struct pool_view_page $2 = {"
echo '    {plain, sizeof plain - 1}, {(const char *)packed, sizeof packed}, {policy, sizeof policy - 1}};'
