# SPDX-License-Identifier: BSD-2-Clause
"""A configuration without one of its features, to see that a test notices (`make rows`; the table is
directives.tsv).

A row of the table is named SCOPE/DIRECTIVE (`main/pid`, `http/root`, `stream/echo`, `any/include`) or `$VARIABLE`.
How a directive is taken away:

    drop       it is not there
    unknown    it is called by a name that nobody knows: for what is merely accepted, and for blocks
    empty      nothing stands in its block
    as TEXT    these are its arguments
    N TEXT     this is its Nth argument: where others name what the directive defines

Wherever a variable is asked for stands `$https` instead, which is always empty (for `$https`: `$hostname`).
"""
import os
import re

WORD = re.compile(r'''[ \t\r\n]*(?:\#[^\n]*\n?[ \t\r\n]*)*(?:
    (?P<mark>[;{}]) |
    (?P<word>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | (?:\\.|\$\{|[^\s;{\\])(?:\\.|\$\{|[^\s;{\\])*))''', re.X | re.S)
DATA = ('types', 'map', 'charset_map')  # what stands in their blocks are no directives
OWN = '$NAME'
EMPTY = '$https'


class Statement:
    """A directive: where its words stand in the text, its block, and the names of the blocks around it."""

    def __init__(self, around, words):
        self.around, self.words, self.body = around, words, None
        self.begin, self.end = words[0][0], None

    def text(self, text, number):
        begin, end = self.words[number]
        return text[begin:end]


def statements(text):
    """All directives of a text, in its order; None if it is none of nginx's language."""
    found, open_ones, words, at = [], [], [], 0
    while True:
        match = WORD.match(text, at)
        if not match:
            return found if not open_ones and not words else None
        at = match.end()
        if match['word']:
            words.append(match.span('word'))
            continue
        if match['mark'] == '}':
            if not open_ones or words:
                return None
            one = open_ones.pop()
            one.body, one.end = (one.body, match.start('mark')), at
            continue
        if not words:
            return None
        one = Statement([text[slice(*outer.words[0])] for outer in open_ones], words)
        found.append(one)
        words = []
        if match['mark'] == '{':
            one.body = at
            open_ones.append(one)
        else:
            one.end = at


def edit(text, changes):
    for begin, end, new in sorted(changes, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def in_scope(one, scope, fragment):
    """`fragment`: an included file, whose statements may belong anywhere."""
    if any(name in DATA for name in one.around):
        return False
    if fragment or scope == 'any':
        return True
    return not one.around if scope == 'main' else bool(one.around) and one.around[0] == scope


def own_names(text, found):
    names = set()
    for one in found:
        if one.around and one.around[-1] in DATA:
            continue
        name = one.text(text, 0)
        definition = {'set': 1, 'map': 2}.get(name)
        if definition and len(one.words) > definition:
            names.add(one.text(text, definition).strip('"\'')[1:])
    names.update(re.findall(r'\(\?P?<(\w+)>', text))
    return names - {'args'}


def instead(text, at, row):
    other = 'hostname' if row == EMPTY else EMPTY[1:]
    return f'${{{other}}}' if re.match(r'\w', text[at:at + 1]) else f'${other}'


def without_variable(text, row):
    found = statements(text)
    if found is None:
        return text
    if row == OWN:
        names = '|'.join(sorted(own_names(text, found), key=len, reverse=True)) or '-'
    elif row.endswith('NAME'):
        names = row[1:].replace('NAME', r'\w+')
    elif row == '$1':
        names = '[1-9]'
    else:
        names = re.escape(row[1:])
    use = re.compile(r'\$(?:\{(?:%s)\}|(?:%s)(?!\w))' % (names, names))
    changes = []
    for one in found:
        defines = {'set': 1, 'map': 2}.get(one.text(text, 0), 0)
        for number, (begin, end) in enumerate(one.words):
            if not (defines and number == defines):
                changes += [(begin + match.start(), begin + match.end(), instead(text, begin + match.end(), row))
                            for match in use.finditer(text[begin:end])]
    return edit(text, changes)


def without_directive(text, row, how):
    scope, name = row.split('/')
    found = statements(text) or []
    fragment = not any(one.text(text, 0) in ('http', 'stream', 'events') for one in found)
    changes, last = [], -1
    for one in found:
        if one.text(text, 0) != name or not in_scope(one, scope, fragment) or one.begin < last:
            continue
        last = one.end
        if how == 'drop':
            changes.append((one.begin, one.end, ''))
        elif how == 'unknown':
            changes.append((*one.words[0], f'no_{name}'))
        elif how == 'empty':
            changes.append((*one.body, ''))
        elif how.startswith('as '):
            changes.append((one.words[0][1], one.words[-1][1], how[2:]))
        else:
            changes.append((*one.words[int(how[0])], how[2:]))
    return edit(text, changes)


def apply(text):
    """The text as TIDEPOOL_WITHOUT (ROW or `ROW HOW`) wants it."""
    row, _, how = os.environ['TIDEPOOL_WITHOUT'].partition(' ')
    return without_variable(text, row) if row.startswith('$') else without_directive(text, row, how or 'drop')
