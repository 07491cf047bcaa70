# SPDX-License-Identifier: BSD-2-Clause
# Completion of tidepool for bash. What there is comes from the program's own help and tables.
_tidepool() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local words='' help

    COMPREPLY=()
    case $before in
    -p | --prefix)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    -c | --config | -e | --error-log)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    esac
    if [ "$command" = directives ] && [ "$COMP_CWORD" -gt 1 ]; then
        words=$("$program" directives 2>/dev/null | sed -n 's/^| `\([$a-z_0-9]*\)[ ;`].*/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "${words//\$/\\\$}" -- "$current")
        return
    fi
    help=$("$program" -h 2>/dev/null)
    case $before:$current in
    -s:* | --signal:*) [ "$command" = top ] || words=$(sed -n '/--signal /,/--prefix /{/--prefix /d;s/.*process: //;p}' <<<"$help" | tr -d ,) ;;
    *:-*) words=$(sed -n 's/^ *\(-[^ ]*\) *:.*/\1/p' <<<"$help" | tr , ' ') ;;
    *)
        [ "$COMP_CWORD" -eq 1 ] && words="serve $(sed -n 's/^  tidepool \([a-z]*\) .*/\1/p' <<<"$help")"
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
    esac
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o filenames -F _tidepool tidepool
