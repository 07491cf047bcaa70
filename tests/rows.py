#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Takes each row of tests/blackbox/directives.tsv away in turn, and sees whether its tests notice.

A test proves a row if it passes as it is, and an assertion of it fails when the directive or variable is taken out of the
configurations that it writes (how: tests/harness/without.py). A server that does not start without it proves nothing,
but for rows that are `unknown`: they are merely accepted, or blocks without which nothing else stands.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
BLACKBOX = os.path.join(HERE, 'blackbox')
TABLE = os.path.join(BLACKBOX, 'directives.tsv')
NO_PROOF = ('did not start', '[emerg]')


def table(path=TABLE):
    """(row, how, tests) of each line."""
    with open(path, encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                row, how, tests = line.rstrip('\n').split('\t')
                yield row, how, tests.split()


def outcomes(tests, without):
    """What became of each test (all its parameters together): `passed`, `failed`, `refused`, `broken`."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, 'report.xml')
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE='1', TIDEPOOL_PATIENCE=os.environ.get('TIDEPOOL_PATIENCE', '3'))
        if without:
            env['TIDEPOOL_WITHOUT'] = without
        subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', f'--junitxml={report}', *tests],
                       cwd=BLACKBOX, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        found = {test: set() for test in tests}
        for case in xml.etree.ElementTree.parse(report).getroot().iter('testcase'):
            name = f'{case.get("classname").split(".")[-1]}.py::{case.get("name")}'
            for test in tests:
                if name == test or name.startswith(test + '['):
                    found[test].add(outcome(case))
    return {test: next((one for one in ('failed', 'refused', 'broken', 'passed') if one in kinds), 'not run')
            for test, kinds in found.items()}


def outcome(case):
    for kind in ('failure', 'error'):
        element = case.find(kind)
        if element is not None:
            said = (element.get('message') or '') + (element.text or '')
            if any(mark in said for mark in NO_PROOF):
                return 'refused'
            return 'failed' if kind == 'failure' else 'broken'
    return 'skipped' if case.find('skipped') is not None else 'passed'


def prove(row, how, tests):
    """Lines that say which tests prove nothing."""
    wanted = ('failed', 'refused') if how == 'unknown' else ('failed',)
    found = outcomes(tests, row if how == '-' else f'{row} {how}')
    return [f'{row}: {test} {kind} without it' for test, kind in found.items() if kind not in wanted]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--only', default='', help='rows that have this in their name')
    parser.add_argument('--jobs', type=int, default=max(2, os.cpu_count() or 2))
    arguments = parser.parse_args()
    os.environ.setdefault('TIDEPOOL_BINARY', os.path.abspath(f'{arguments.build}/tidepool'))

    rows = [row for row in table() if arguments.only in row[0]]
    every = sorted({test for _, _, tests in rows for test in tests})
    weak = [f'{test} {kind} with everything there' for test, kind in outcomes(every, None).items() if kind != 'passed']
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as executor:
        for said in executor.map(lambda row: prove(*row), rows):
            weak += said
    print('\n'.join(weak + [f'{len(rows)} rows, {len(weak)} without proof']))
    sys.exit(1 if weak or not rows else 0)


if __name__ == '__main__':
    main()
