#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every .c of the server has a test of its name or stands in a table that says which tests cover it.

A test of its name: tests/unit/FOLDER/test_X.c, or tests/blackbox/test_X.py. The table: tests/README.md, the rows that begin
with a folder. A file stands in one of the two, and every test that a row names exists.

    covered.py              prints what does not hold, one line each; exits 1 if there is any
    covered.py --count      how many files there are of each kind
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[2]
TESTS = ROOT / 'tests'
TABLE = '## Files without a test of their name'
ROW = re.compile(r'\| `([\w/]+)/` \| ([\w ]+) \| ([\w. ]+) \|')


def rows():
    """(folder, files, tests) of each row of the table; (row, [], []) where a row cannot be read."""
    section = (TESTS / 'README.md').read_text().partition(TABLE)[2].partition('\n## ')[0]
    lines = [line for line in section.split('\n') if line.startswith('|')]
    for line in lines[2:]:
        row = ROW.fullmatch(line)
        yield (row[1], row[2].split(), row[3].split()) if row else (line, [], [])


def main():
    found = []
    sources = {path.relative_to(ROOT).with_suffix('')
               for folder in ('pool', 'conf', 'server', 'http') for path in (ROOT / folder).rglob('*.c')}
    exist = {path.name for pattern in ('unit/**/test_*.c', 'blackbox/test_*.py') for path in TESTS.glob(pattern)}
    own = {source for source in sources if (TESTS / 'unit' / source.parent / f'test_{source.name}.c').exists()
           or f'test_{source.name}.py' in exist}
    listed = set()
    for folder, files, tests in rows():
        if not files:
            found.append(f'a row that cannot be read: {folder}')
        for source in (pathlib.Path(folder, name) for name in files):
            if source not in sources:
                found.append(f'{source}.c is in the table and not in the tree')
            elif source in own:
                found.append(f'{source}.c is in the table and has a test of its name')
            elif source in listed:
                found.append(f'{source}.c is in the table twice')
            listed.add(source)
        found += [f'{folder}/: there is no {test}' for test in tests if test not in exist]
    found += [f'{source}.c has no test of its name and is not in the table' for source in sorted(sources - own - listed)]
    if '--count' in sys.argv:
        print(f'{len(sources)} files: {len(own)} with a test of their name, {len(listed)} in the table')
    for line in found:
        print(f'tests/README.md: {line}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
