# SPDX-License-Identifier: BSD-2-Clause
# The include matrix. A row: a folder (or one file), and the folders whose headers it may include besides its own; "ev" where
# it may include ev.h. Prints every include that breaks it; exits 1 if there is one.
set -eu
cd "$(dirname "$0")/../.."

engine='pool conf server server/loop server/process server/log'
http="$engine server/shared http http/protocol http/route http/text"
modules="http/modules/content http/modules/rewrite http/modules/limit http/modules/output http/modules/log http/modules/view"
matrix="
pool
conf                 pool
server/log           pool
server/process       pool conf server/log
server/loop          pool server/log ev
server               pool conf server/loop server/process server/log ev
server/master        $engine ev
server/shared        $engine
server/echo          $engine server/shared
server/watch         $engine ev
server/tools         pool
http/protocol        pool
http                 $http ev
http/route           $http
http/text            $http
http/config          $http http/modules
http/modules         $http http/config $modules
http/modules/content $http http/config http/modules http/modules/output
http/modules/rewrite $http http/config http/modules http/modules/content
http/modules/limit   $http http/config http/modules
http/modules/output  $http http/config http/modules
http/modules/log     $http http/config http/modules
http/modules/view    $http http/config http/modules server/watch
server/main.c        $http http/config server/master server/echo server/watch server/tools
"

find pool conf server http -name '*.[ch]' | sort | xargs grep -nE '^[ \t]*#[ \t]*include' | awk -v matrix="$matrix" '
    BEGIN {
        rows = split(matrix, row, "\n")
        for (i = 1; i <= rows; i++) {
            words = split(row[i], word, " ")
            for (j = 1; j <= words; j++) may[word[1], word[j]] = 1
        }
    }
    {
        split($0, part, ":")
        file = part[1]; folder = file; sub(/\/[^\/]*$/, "", folder)
        if (!match($0, /["<][^">]*[">]/)) next
        quoted = substr($0, RSTART, 1) == "\""; header = substr($0, RSTART + 1, RLENGTH - 2)
        to = header; sub(/\/[^\/]*$/, "", to)
        if (header == "ev.h" || header == "libev/ev.h") to = "ev"
        else if (quoted && to == header) { print file ": \"" header "\" does not say its folder"; bad = 1; next }
        else if (!quoted) next
        if (!((file, to) in may) && !((folder, to) in may)) { print file ":" part[2] ": may not include \"" header "\""; bad = 1 }
    }
    END { exit bad }'
