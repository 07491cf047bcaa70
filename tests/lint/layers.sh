# SPDX-License-Identifier: BSD-2-Clause
# The include matrix: pool <- conf <- server <- http, http/protocol sees pool alone, server/main.c puts the parts together,
# ev.h is for server/ and the HTTP driver. Prints every include that breaks it; exits 1 if there is one.
set -eu
cd "$(dirname "$0")/../.."

# Folders whose headers a file may include, besides the system's; "ev" where it may include ev.h.
allowed() {
    case $1 in
    pool/*) echo pool ;;
    conf/*) echo pool conf ;;
    server/main.c) echo pool conf server http http/modules http/protocol ev ;;
    server/*) echo pool conf server ev ;;
    http/protocol/*) echo pool http/protocol ;;
    http/modules/*) echo pool conf server http http/protocol http/modules ;;
    http/*) echo pool conf server http http/protocol http/modules ev ;;
    esac
}

bad=0
for file in pool/*.[ch] conf/*.[ch] server/*.[ch] http/*.[ch] http/*/*.[ch]; do
    [ -e "$file" ] || continue
    folders=" $(allowed "$file") "
    for header in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*["<]\([^">]*\)[">].*/\1/p' "$file"); do
        case $header in
        ev.h | libev/ev.h) folder=ev ;;
        pool/* | conf/* | server/* | http/*) folder=${header%/*} ;;
        *)
            # A quoted include without a folder, or of a file generated into the build folder.
            if grep -q "^[ \t]*#[ \t]*include[ \t]*\"$header\"" "$file"; then
                echo "$file: \"$header\" does not say its folder"
                bad=1
            fi
            continue
            ;;
        esac
        case $folders in
        *" $folder "*) ;;
        *)
            echo "$file: may not include \"$header\""
            bad=1
            ;;
        esac
    done
done
exit $bad
