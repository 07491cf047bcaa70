#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails the Nth system call of each kind, for every N, by strace's injection (calls.py says what a life is).

A first life counts the calls of every kind; then one life for each kind, errno and N. --most bounds N where a kind is called
often: the first 40 and the rest evenly.
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
    parser.add_argument('--binary', default='build/tidepool')
    parser.add_argument('--calls', help='instead of all that are known: a comma between two')
    parser.add_argument('--most', type=int, default=60, help='lives for each kind and errno; epoll_ctl has all')
    parser.add_argument('--jobs', type=int, default=(os.cpu_count() or 2) * 2)
    parser.add_argument('--keep', action='store_true', help='keep the folders of lives that went wrong')
    return parser.parse_args()


def the_calls(binary):
    """calls.py, which wants to know the binary when it is imported."""
    os.environ['TIDEPOOL_BINARY'] = os.path.abspath(binary)
    os.environ.setdefault('ASAN_OPTIONS', 'detect_leaks=0:exitcode=99:allocator_may_return_null=1')
    from tests.fault import calls
    return calls


def one(binary, folder, call, error='', number=0, keep=False):
    """A life in a process of its own, so that ports and descriptors of several never meet."""
    calls = the_calls(binary)
    path = os.path.join(folder, f'{call}-{error}-{number}')
    trouble, counted = None, 0
    try:
        counted = calls.life(path, call, error, number)
    except calls.Trouble as reason:
        trouble = str(reason)
    if not (trouble and keep):
        shutil.rmtree(path, ignore_errors=True)
    return trouble, counted


def numbers(first_of_all, counted, most):
    """Lives differ by a few calls, hence the margin."""
    every = range(first_of_all, counted + 10)
    if len(every) <= most:
        return list(every)
    first = min(40, most // 2)
    step = (len(every) - first) / (most - first)
    return sorted({*every[:first], *(every[int(first + step * i)] for i in range(most - first))})


def main():
    options = arguments()
    calls = the_calls(options.binary)
    if not calls.STRACE:
        sys.exit('strace is missing')
    kinds = options.calls.split(',') if options.calls else list(calls.FAULTS)
    folder = tempfile.mkdtemp(prefix='tidepool-calls-')
    total = bad = 0
    for kind in kinds:
        began, here, failed = time.monotonic(), 0, 0
        trouble, counted = one(options.binary, folder, kind)
        if trouble:
            sys.exit(f'the life without a failure went wrong: {trouble}')
        if not counted:
            print(f'{kind}: never called', flush=True)
            continue
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as executor:
            jobs = {executor.submit(one, options.binary, folder, kind, error, number, options.keep): (error, number)
                    for error in calls.FAULTS[kind]
                    for number in numbers(calls.FIRST.get(kind, 1), counted, 10**6 if kind == 'epoll_ctl' else options.most)}
            for job in concurrent.futures.as_completed(jobs):
                error, number = jobs[job]
                here += 1
                if job.result()[0]:
                    failed += 1
                    print(f'--- {kind}:{error}:{number}: {job.result()[0]}', flush=True)
        total, bad = total + here, bad + failed
        print(f'{kind}: {counted} calls, {here} lives, {failed} bad, {time.monotonic() - began:.0f} s', flush=True)
    if bad and options.keep:
        print(f'kept in {folder}')
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f'{total - bad} passed, {bad} failed')
    sys.exit(1 if bad or not total else 0)


if __name__ == '__main__':
    main()
