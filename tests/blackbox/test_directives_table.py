# SPDX-License-Identifier: BSD-2-Clause
"""Every directive and variable has a row in directives.tsv with tests that exist; that they fail without it is for
`make rows`. And that a configuration loses what it is to lose, and nothing else."""
import ast
import os
import re

import pytest

from tests.harness import without
from test_documents import ROOT, reference

pytestmark = pytest.mark.ours

SCOPES = {'main': 'main', 'events': 'events', 'any': 'any', 'stream': 'stream', 'server (stream)': 'stream'}


def table():
    """(row, how, tests) of each line."""
    with open(f'{ROOT}/tests/blackbox/directives.tsv', encoding='utf-8') as file:
        lines = [line.rstrip('\n') for line in file if not line.startswith('#')]
    return [(row, how, tests.split()) for row, how, tests in (line.split('\t') for line in lines)]


def rows():
    """What the table has to name, in its order."""
    for line in reference().splitlines():
        cells = re.split(r'(?<!\\)\|', line)
        if re.match(r'\| `[a-z_]+[ ;]', line) and len(cells) == 6:
            scope = SCOPES.get(cells[2].strip().split(', ')[0], 'http')
            yield f'{scope}/' + re.match(r' `(\w+)', cells[1]).group(1)
        elif line.startswith('| `$'):
            yield re.match(r'\| `(\$\w+)', line).group(1)


def functions_of(file):
    with open(f'{ROOT}/tests/blackbox/{file}', encoding='utf-8') as source:
        return {node.name for node in ast.walk(ast.parse(source.read())) if isinstance(node, ast.FunctionDef)}


def test_every_row_has_a_line():
    with open(f'{ROOT}/tests/blackbox/directives.tsv', encoding='utf-8') as file:
        missing = re.findall(r'^# no test yet: (\S+)$', file.read(), re.M)
    assert [row for row in rows() if row not in missing] == [row for row, _, _ in table()]


def test_every_test_exists():
    files = {file for _, _, tests in table() for file in (test.split('::')[0] for test in tests)}
    functions = {file: functions_of(file) for file in files if os.path.exists(f'{ROOT}/tests/blackbox/{file}')}
    for row, _, tests in table():
        assert tests, f'{row} has no test'
        for test in tests:
            file, name = test.split('[')[0].split('::')
            assert name.startswith('test_') and name in functions.get(file, ()), f'{row}: {test} is nowhere'


CONFIGURATION = r'''daemon off; user root; # a remark; { "
error_log a;
http {
    map $a $b { default 1; root '2;'; }
    root /x; log_format m '$status ${uri} $urix';
    server {
        location ~ ^/a\.b$ { set $z "$uri"; if ($z ~ "q{2}") { return 200 "a$z-${b}c$1"; } error_log x; }
    }
}
stream { server { listen 1; } }
'''


@pytest.mark.parametrize('what, old, new', [
    ('http/error_log', ' error_log x;', ' '),
    ('main/error_log', 'error_log a;', ''),
    ('http/root', 'root /x;', ''),
    ('http/map empty', "{ default 1; root '2;'; }", '{}'),
    ('http/if', 'if ($z ~ "q{2}") { return 200 "a$z-${b}c$1"; }', ''),
    ('stream/listen as 2', 'listen 1', 'listen 2'),
    ('http/log_format 2 ""', "'$status ${uri} $urix'", '""'),
    ('stream/server unknown', 'stream { server', 'stream { no_server'),
    ('$1', '$1', '$https'),
    ('$status', '$status', '$https'),
    ('http/listen', '', ''),
])
def test_what_is_taken_away(monkeypatch, what, old, new):
    monkeypatch.setenv('TIDEPOOL_WITHOUT', what)
    assert without.apply(CONFIGURATION) == CONFIGURATION.replace(old, new, 1)


def test_variables_of_its_own(monkeypatch):
    """Where they are used, not where they are made."""
    monkeypatch.setenv('TIDEPOOL_WITHOUT', '$NAME')
    changed = without.apply(CONFIGURATION)
    assert 'map $a $b {' in changed and 'set $z "$uri"' in changed
    assert 'if ($https ~ "q{2}") { return 200 "a$https-${https}c$1"; }' in changed
