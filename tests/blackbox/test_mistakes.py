# SPDX-License-Identifier: BSD-2-Clause
"""Typical mistakes, each with the exact text that its author reads: mistakes.tsv has a configuration of one line and what
`-t` says of it. A text that changes is changed there, and read once more as the person at the terminal reads it."""
import os

import pytest

from tests.harness.instance import ROOT

pytestmark = pytest.mark.ours

with open(os.path.join(ROOT, 'tests/blackbox/mistakes.tsv'), encoding='utf-8') as table:
    MISTAKES = [line.rstrip('\n').split('\t') for line in table]


def test_there_are_many():
    assert len(MISTAKES) >= 90 and len({text for text, _ in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize('text, said', MISTAKES, ids=range(len(MISTAKES)))
def test_told(server, text, said):
    """One line, which names file and line; nothing else is said, and the status is 1."""
    os.makedirs(server.path('logs'))
    server.write('bad.conf', text + '\n')
    done = server.run('-t', '-q', '-c', 'bad.conf')
    messages = [line for line in done.stderr.splitlines() if 'test failed' not in line]
    assert done.returncode == 1
    assert messages == ['tidepool: [emerg] ' + said.replace('@dir@', server.folder)]
