#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""coverage.py BUILD [FOLDER BAR]: line coverage by file, least covered first, from the counts that a --coverage build has
left in its folder. Fails if fewer than BAR percent of the lines in FOLDER were run."""
import glob
import os
import re
import subprocess
import sys

build = sys.argv[1]
lines = {}
for notes in glob.glob(f'{build}/**/*.gcno', recursive=True):
    source = os.path.relpath(notes, build)[:-5] + '.c'
    if not re.match('(pool|conf|server|http)/', source):
        continue
    said = subprocess.run(['gcov', '-n', '-o', notes, source], capture_output=True, text=True, check=False).stdout
    # Inline bodies of headers are counted in every file that includes them: only the file itself is looked at.
    for name, share, count in re.findall(r"File '(.*)'\nLines executed:([\d.]+)% of (\d+)", said):
        if name == source:
            lines[source] = (round(float(share) * int(count) / 100), int(count))

for source, (covered, count) in sorted(lines.items(), key=lambda item: item[1][0] / item[1][1]):
    print(f'{100 * covered / count:6.1f} % of {count:4} lines  {source}')


def total(folder):
    covered, count = (sum(values) for values in zip(*(of for source, of in lines.items() if source.startswith(folder))))
    print(f'{100 * covered / count:6.1f} % of {count:4} lines  {folder or "all"}')
    return 100 * covered / count


total('')
if len(sys.argv) > 2 and total(sys.argv[2]) < float(sys.argv[3]):
    sys.exit(f'less than {sys.argv[3]} %')
