#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails the Nth call for memory, for every N, at each point where memory is asked for (pool/fault.h).

A first life with nothing failing counts the calls; then one life for each N, several side by side. --stride
takes every so-manieth only; --persistent fails that call and all later ones, where the server need not serve
but must neither crash nor hang, and ends when told.
"""
import argparse
import concurrent.futures
import os
import shutil
import sys
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--binary', default='build-asan/tidepool')
    parser.add_argument('--points', default='system,sizeclass,sgi,pool')
    parser.add_argument('--stride', type=int, default=1)
    parser.add_argument('--first', type=int, default=1)
    parser.add_argument('--last', type=int, help='instead of the number of calls that were counted')
    parser.add_argument('--persistent', action='store_true')
    parser.add_argument('--jobs', type=int, default=(os.cpu_count() or 2) + 1)
    parser.add_argument('--keep', action='store_true', help='keep the folders of lives that went wrong')
    return parser.parse_args()


def one(binary, folder, fault, persistent, keep):
    """A life in a process of its own, so that ports and descriptors of several never meet."""
    os.environ['TIDEPOOL_BINARY'] = os.path.abspath(binary)
    os.environ.setdefault('ASAN_OPTIONS', 'detect_leaks=1:exitcode=99:allocator_may_return_null=1')
    os.environ.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1:halt_on_error=1:exitcode=99')
    from tests.fault import session
    path = os.path.join(folder, fault.replace(':', '-').replace(',', '_'))
    trouble, seen, calls = None, None, {}
    try:
        seen, calls = session.life(path, fault, persistent)
    except session.Trouble as error:
        trouble = str(error)
    if not (trouble and keep):
        shutil.rmtree(path, ignore_errors=True)
    return fault, trouble, seen, calls


def main():
    options = arguments()
    points = options.points.split(',')
    folder = tempfile.mkdtemp(prefix='tidepool-sweep-')
    _, trouble, _, calls = one(options.binary, folder, ','.join(f'{point}:0' for point in points), False,
                               True)
    if trouble:
        sys.exit(f'the life without a failure went wrong: {trouble}')
    print('calls: ' + ', '.join(f'{point} {calls.get(point, "unknown")}' for point in points), flush=True)
    if not options.last and any(point not in calls for point in points):
        sys.exit('the server does not say how many calls there were; give --last')

    total = bad = 0
    for point in points:
        began, failures, seen = time.monotonic(), [], 0
        # Lives differ by a few calls (how often a reload is asked about), hence the margin.
        numbers = range(options.first, (options.last or calls[point] + 20) + 1, options.stride)
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as executor:
            jobs = [executor.submit(one, options.binary, folder,
                                    f'{point}:{number}{"+" if options.persistent else ""}',
                                    options.persistent, options.keep) for number in numbers]
            for job in concurrent.futures.as_completed(jobs):
                fault, trouble, noticed, _ = job.result()
                seen += bool(noticed)
                if trouble:
                    failures.append(fault)
                    print(f'--- {fault}: {trouble}', flush=True)
        total, bad = total + len(numbers), bad + len(failures)
        print(f'{point}: {len(numbers)} lives, {seen} in which a client or the start noticed, {len(failures)} failed, '
              f'{time.monotonic() - began:.0f} s', flush=True)
    if bad and options.keep:
        print(f'kept in {folder}')
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f'{total - bad} passed, {bad} failed')
    sys.exit(1 if bad or not total else 0)


if __name__ == '__main__':
    main()
