# SPDX-License-Identifier: BSD-2-Clause
# conf/DIRECTIVES.md, which comes from the tables that read a configuration, as the manual page tidepool.conf(5): `make install`.
function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/…/, "...", text)
    gsub(/—/, "none", text)
    gsub(/`/, "", text)
    gsub("\001", "|", text)
    return text
}
function sentence(text) {
    text = plain(text)
    if (text ~ /^[.']/)
        text = "\\&" text
    gsub(/\. /, ".\n", text)
    gsub(/\n\./, "\n\\\\\\&.", text)
    print text
}
function quoted(text) {
    text = plain(text)
    gsub(/"/, "\\(dq", text)
    return "\"" text "\""
}
function end_list() {
    if (listed)
        print ".El"
    listed = 0
}
BEGIN {
    print ".\\\" SPDX-License-Identifier: BSD-2-Clause"
    print ".\\\" Made of conf/DIRECTIVES.md by docs/conf_page.awk."
    print ".Dd November 29, 2026\n.Dt TIDEPOOL.CONF 5\n.Os"
    print ".Sh NAME\n.Nm tidepool.conf\n.Nd what a configuration of tidepool may say\n.Sh DESCRIPTION"
    print "The language is that of nginx: directives end in a semicolon, or have a block in braces."
    print "The table below says for each where it may stand, what is so without it, and what it means."
    print ".Pp"
}
/^# / || /^\|---/ || /^\| directive / || /^\| variable / || /^What `tidepool/ || /^conf\/DIRECTIVES/ { next }
/^## / { end_list(); print ".Sh " toupper(substr($0, 4)); next }
/^### / { end_list(); print ".Ss " substr($0, 5); next }
/^\| / {
    gsub(/\\\|/, "\001")
    sub(/^\| /, "")
    sub(/ \|$/, "")
    cells = split($0, cell, / \| /)
    if (!listed)
        print ".Bl -tag -width 4n"
    listed = 1
    print ".It Li " quoted(cell[1])
    if (cells > 3)
        sentence("In " cell[2] "; without it " cell[3] ".")
    sentence(cell[cells])
    next
}
NF { sentence($0) }
END {
    end_list()
    print ".Sh SEE ALSO\n.Xr tidepool 8"
}
