#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the tests that `make check` has built, side by side, and closes with one line: N passed, N failed.

Unit tests are cmocka programs, whose lines are counted; black-box tests are files for pytest, whose reports
are counted. A program that dies, prints no test at all, or fails without naming a test counts as one failed
test. Output is kept back unless something failed (or --verbose).

Black-box tests wait for states beside others that keep the processors busy. Up to three that failed without a
report of a sanitizer and without a crash are run once again, alone; whatever passes then is printed as unsteady,
with what it said the first time. It is a fault to be found all the same.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# A report of these ends the process with its own status, so that no test can overlook it.
SANITIZER_ENVIRONMENT = {
    'ASAN_OPTIONS': 'detect_leaks=1:detect_stack_use_after_return=1:exitcode=99:allocator_may_return_null=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1:exitcode=99',
    'TSAN_OPTIONS': 'halt_on_error=0:exitcode=99:second_deadlock_stack=1:'
                    f'suppressions={HERE}/lint/tsan.supp',
}
VALGRIND = ['valgrind', '--quiet', '--fair-sched=yes', '--error-exitcode=99', '--leak-check=full',
            '--errors-for-leak-kinds=definite',
            '--child-silent-after-fork=yes']
# Under valgrind one thread runs at a time, twenty times slower: what is run is what touches memory most.
VALGRIND_FILES = ('test_basics', 'test_bodies', 'test_static', 'test_stream')
# A report of a sanitizer or of valgrind, or a crash: once is enough.
NEVER_AGAIN = re.compile(r'Sanitizer|runtime error:|==\d+==|SIGSEGV|SIGABRT|SIGBUS|status (-\d+|99)|exited on signal')


class Result:
    def __init__(self, name, passed, failed, output, skipped=0):
        self.name, self.passed, self.failed, self.output, self.skipped = name, passed, failed, output, skipped
        self.seconds = 0.0
        self.names = []  # of failed tests that may be run again


def timed(test, *arguments):
    began = time.monotonic()
    result = test(*arguments)
    result.seconds = time.monotonic() - began
    return result


def environment():
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE='1')
    for name, value in SANITIZER_ENVIRONMENT.items():
        env.setdefault(name, value)
    return env


def run(command, seconds):
    """Status (None when time ran out) and all output of a command in a process group of its own."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            status = None
        out.seek(0)
        return status, out.read().decode('utf-8', 'replace')


def unit(program, valgrind):
    if not os.path.exists(program):
        return Result(program, 0, 1, 'not built')
    status, output = run((VALGRIND if valgrind else []) + [program], 900 if valgrind else 300)
    begun = len(re.findall(r'^\[ RUN      \] ', output, re.M))
    passed = len(re.findall(r'^\[       OK \] ', output, re.M))
    skipped = len(set(re.findall(r'^\[  SKIPPED \] (\w+)$', output, re.M)))  # named twice: where it stands and at the end
    failed = begun - passed - skipped
    if failed == 0 and (status != 0 or begun == 0):
        failed = 1
        output += f'\n{program}: status {status} after {begun} tests\n'
    return Result(re.sub('.*/tests/', 'tests/', program), passed, failed, output, skipped)


def blackbox(path, build, wrapper):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, 'report.xml')
        os.environ['TIDEPOOL_BINARY'] = os.environ.get('TIDEPOOL_BINARY',
                                                       os.path.abspath(f'{build}/tidepool'))
        os.environ['TIDEPOOL_WRAPPER'] = wrapper
        if wrapper:
            os.environ.setdefault('TIDEPOOL_PATIENCE', '120')
        status, output = run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-rs',
                              f'--junitxml={report}',
                              path], 1500)
        try:
            suite = xml.etree.ElementTree.parse(report).getroot().find('testsuite')
            total, skipped = int(suite.get('tests')), int(suite.get('skipped'))
            failed = int(suite.get('failures')) + int(suite.get('errors'))
        except (OSError, xml.etree.ElementTree.ParseError):
            total, skipped, failed = 0, 0, 1
        # Status 5 is "nothing collected", which is a mistake of ours too.
        if status != 0 and failed == 0:
            failed = 1
        result = Result(os.path.relpath(path, ROOT), max(total - skipped - failed, 0), failed, output, skipped)
        if total and not NEVER_AGAIN.search(output):
            result.names = [case.get('name') for case in suite.iter('testcase') if case.find('failure') is not None]
        return result


def again(results):
    """Runs what failed once more, alone, if it is little; says which passed, and counts them so."""
    failed, unsteady = [result for result in results if result.failed], []
    if not failed or sum(result.failed for result in failed) > 3 or any(len(r.names) != r.failed for r in failed):
        return unsteady
    for result in failed:
        for name in result.names:
            test = f'{result.name}::{name}'
            status, output = run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', test], 600)
            print(f'again  {test}: {"passed" if status == 0 else "failed"} alone', flush=True)
            if status == 0:
                result.failed -= 1
                result.passed += 1
                unsteady.append(test)
            else:
                print(output, flush=True)
    return unsteady


def needs_browser(path):
    with open(path, encoding='utf-8') as file:
        return 'chrome' in file.read()


def example(build):
    """The one-page program that uses libtidepool.a alone; its make target builds and runs it."""
    status, output = run(['make', '--no-print-directory', f'BUILD={build}', 'example'] + make_flags(), 300)
    return Result('make example', int(status == 0), int(status != 0), output)


def make_flags():
    return [f'{name}={os.environ[name]}' for name in ('CC', 'OPTIMISE', 'SANITIZE') if name in os.environ]


def without_randomised_addresses(build):
    """gcc 12's ThreadSanitizer does not know the layouts that kernels with more random bits make: run again
    without
    them, where that is allowed."""
    if 'TIDEPOOL_PLAIN_ADDRESSES' in os.environ:
        return
    try:
        with open(f'{build}/tidepool', 'rb') as file:
            instrumented = b'__tsan_init' in file.read()
    except OSError:
        return
    os.environ['TIDEPOOL_PLAIN_ADDRESSES'] = '1'
    if instrumented and subprocess.run(['setarch', '-R', 'true'], check=False,
                                       stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp('setarch', ['setarch', '-R', sys.executable] + sys.argv)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--valgrind', action='store_true',
                        help='all unit tests and some black-box tests, under valgrind')
    parser.add_argument('--only', default='', help='only what has this in its path')
    # Tests wait more than they work.
    parser.add_argument('--jobs', type=int, default=2 * max(2, os.cpu_count() or 2))
    parser.add_argument('--verbose', action='store_true')
    arguments = parser.parse_args()
    if arguments.valgrind and not shutil.which('valgrind'):
        sys.exit('valgrind is not installed: make test-deps')

    without_randomised_addresses(arguments.build)
    wanted = lambda path: arguments.only in path
    programs = [path[len(ROOT) + 1:-2] for path in sorted(glob.glob(f'{ROOT}/tests/unit/**/test_*.c', recursive=True))
                if wanted(path)]
    files = [path for path in glob.glob(f'{ROOT}/tests/blackbox/test_*.py') if wanted(path)]
    if arguments.valgrind:
        files = [path for path in files if os.path.basename(path)[:-3] in VALGRIND_FILES]
    # The longest first, so that none of them is left to run alone at the end: those with a browser, then by size.
    files.sort(key=lambda path: (needs_browser(path), os.path.getsize(path)), reverse=True)
    wrapper = ' '.join(VALGRIND) if arguments.valgrind else os.environ.get('TIDEPOOL_WRAPPER', '')
    os.environ['TIDEPOOL_WRAPPER'] = wrapper  # for unit tests that cannot run under one

    began, results = time.monotonic(), []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as executor:
        jobs = [executor.submit(timed, blackbox, path, arguments.build, wrapper) for path in files]
        jobs += [executor.submit(timed, unit, os.path.join(os.path.abspath(arguments.build), path),
                                 arguments.valgrind)
                 for path in programs]
        with open(f'{ROOT}/Makefile', encoding='utf-8') as makefile:
            present = re.search(r'^example:', makefile.read(), re.M)
            if present and wanted('example') and not arguments.valgrind:
                jobs.append(executor.submit(timed, example, arguments.build))
        for job in concurrent.futures.as_completed(jobs):
            result = job.result()
            results.append(result)
            note = f', {result.skipped} skipped' if result.skipped else ''
            print(f'{"ok    " if result.failed == 0 else "FAILED"} {result.name}: {result.passed} passed, '
                  f'{result.failed} failed{note} in {result.seconds:.0f} s', flush=True)
            if result.failed or arguments.verbose:
                print(result.output, flush=True)

    unsteady = again(results)
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    print(f'{len(results)} programs and files in {time.monotonic() - began:.0f} s')
    if failed:
        print('failed: ' + ', '.join(sorted(r.name for r in results if r.failed)))
    if unsteady:
        print('unsteady, failed beside others and passed alone: ' + ', '.join(unsteady))
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed or not passed else 0)


if __name__ == '__main__':
    main()
