#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a reader may count on in every source file of the server.

A .c begins with a line of purpose. The first comment of a header says Purpose, Lifetime, Threads and Errors, in this order.
A static function of 20 lines or more has a comment above it. No name of a static function stands in more than three files:
it would be lost in a backtrace.

    comments.py [FOLDER...]     prints what breaks a rule, one line each; exits 1 if there is any
"""
import collections
import pathlib
import re
import sys

LONG = 20       # lines of a static function that has to say why it is there
SAME_NAME = 3   # files that may use one name for a static function
HEADER = ('Purpose:', 'Lifetime:', 'Threads:', 'Errors:')


def functions(lines):
    """(first line, name, number of lines) of each function; its brace stands alone in the first column."""
    for at, line in enumerate(lines):
        if line != '{':
            continue
        first = at - 1
        while first > 0 and lines[first - 1] and not re.match(r'[}#]| ?\*|/\*', lines[first - 1]) \
                and not lines[first - 1].endswith((';', '*/')):
            first -= 1
        last = next(n for n in range(at, len(lines)) if lines[n].startswith('}'))
        name = re.search(r'(\w+)\(', ' '.join(lines[first:at]))
        yield first, name[1] if name else '', last - at - 1


def main():
    folders = sys.argv[1:] or ['pool', 'conf', 'server', 'http']
    found = []
    names = collections.defaultdict(set)
    for path in sorted(path for folder in folders for path in pathlib.Path(folder).rglob('*.[ch]')):
        lines = path.read_text().split('\n')
        if path.suffix == '.c':
            if not lines[1].startswith('/*'):
                found.append(f'{path}:2: no line of purpose')
        else:
            head = '\n'.join(lines).partition('*/')[2].partition('*/')[0]
            if not re.search('.*'.join(HEADER), head, re.DOTALL):
                found.append(f'{path}:2: the first comment does not say {" ".join(HEADER)}')
        for first, name, length in functions(lines):
            if not lines[first].startswith('static'):
                continue
            names[name].add(str(path))
            if length >= LONG and not lines[first - 1].endswith('*/'):
                found.append(f'{path}:{first + 1}: {name}: {length} lines without a comment')
    for name, files in sorted(names.items()):
        if len(files) > SAME_NAME:
            found.append(f'{name}: a static function of that name in {len(files)} files: {" ".join(sorted(files))}')
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
