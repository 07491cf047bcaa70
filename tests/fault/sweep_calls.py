#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Fails the Nth system call of each kind, for every N, by strace's injection (calls.py says what a life is).

A first life counts the calls of every kind; then one life for each kind, errno and N, in which the Nth call of each thread
fails, and for N = 1, 2, 4 … one in which all later ones fail, too. --most bounds N where a kind is called often: the first
half of them and the rest evenly. All that twice: by a server alone, and by one with a supervisor and in the sandbox.
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
    parser.add_argument('--kinds', default='alone,supervised')
    parser.add_argument('--most', type=int, default=30, help='lives for each kind and errno; epoll_ctl has all')
    parser.add_argument('--jobs', type=int, default=(os.cpu_count() or 2) * 2)
    parser.add_argument('--keep', action='store_true', help='keep the folders of lives that went wrong')
    return parser.parse_args()


def the_calls(binary):
    """calls.py, which wants to know the binary when it is imported."""
    os.environ['TIDEPOOL_BINARY'] = os.path.abspath(binary)
    os.environ.setdefault('ASAN_OPTIONS', 'detect_leaks=0:exitcode=99:allocator_may_return_null=1')
    from tests.fault import calls
    return calls


def one(binary, folder, call, error='', when='', kind='alone', keep=False):
    """A life in a process of its own, so that ports and descriptors of several never meet."""
    calls = the_calls(binary)
    path = os.path.join(folder, f'{call}-{error}-{when}')
    trouble, counted = None, 0
    try:
        counted = calls.life(path, call, error, when, kind)
    except calls.Trouble as reason:
        trouble = str(reason)
    if not (trouble and keep):
        shutil.rmtree(path, ignore_errors=True)
    return trouble, counted


def numbers(first_of_all, counted, most):
    """Lives differ by a few calls, hence the margin."""
    every = range(first_of_all, counted + 3)
    if len(every) <= most:
        return list(every)
    first = most // 2
    step = (len(every) - first) / (most - first)
    return sorted({*every[:first], *(every[int(first + step * i)] for i in range(most - first))})


def whens(calls, call, error, counted, most):
    """When it fails, in strace's words."""
    first = calls.FIRST.get(call, 1)
    once = [str(number) for number in numbers(first, counted, 10**6 if call == 'epoll_ctl' else most)]
    if error in calls.PASSING or (call, error) in calls.NOT_FOR_EVER:
        return once
    return once + [f'{1 << bit}+' for bit in range(20) if first <= 1 << bit <= counted]


def sweep(options, calls, folder, call, kind):
    """All lives of a call. Returns how many there were, and how many were bad."""
    began, failed = time.monotonic(), 0
    trouble, counted = one(options.binary, folder, call, kind=kind)
    if trouble:
        sys.exit(f'the life without a failure went wrong: {trouble}')
    if not counted:
        print(f'{kind}: {call}: never called', flush=True)
        return 0, 0
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as executor:
        jobs = {executor.submit(one, options.binary, folder, call, error, when, kind, options.keep): (error, when)
                for error in calls.FAULTS[call] for when in whens(calls, call, error, counted, options.most)}
        for job in concurrent.futures.as_completed(jobs):
            error, when = jobs[job]
            if job.result()[0]:
                failed += 1
                print(f'--- {kind}: {call}:{error}:{when}: {job.result()[0]}', flush=True)
    print(f'{kind}: {call}: {counted} calls, {len(jobs)} lives, {failed} bad, {time.monotonic() - began:.0f} s', flush=True)
    return len(jobs), failed


def main():
    options = arguments()
    calls = the_calls(options.binary)
    if not calls.STRACE:
        sys.exit('strace is missing')
    folder = tempfile.mkdtemp(prefix='tidepool-calls-')
    total = bad = 0
    for kind in options.kinds.split(','):
        for call in options.calls.split(',') if options.calls else calls.FAULTS:
            here, failed = sweep(options, calls, folder, call, kind)
            total, bad = total + here, bad + failed
    if bad and options.keep:
        print(f'kept in {folder}')
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f'{total - bad} passed, {bad} failed')
    sys.exit(1 if bad or not total else 0)


if __name__ == '__main__':
    main()
