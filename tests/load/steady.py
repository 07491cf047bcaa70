#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that what serves for long asks for no more: no system call for memory over 100,000 mixed requests after the
warm-up; anonymous memory after a million requests on 200 connections against after 10,000: at most 256 KiB more; the
pool of a connection over 1 GiB of a download and of an echo: no growth after the first second but for a block.
tests/blackbox/test_steady.py runs short forms of all."""
import argparse
import os
import sys
import tempfile


def judge(good, text):
    print(f'{"ok    " if good else "FAILED"} {text}', flush=True)
    return good


def calls(steady, server, requests):
    steady.drive(server, 12)
    times = -(-requests // (steady.REQUESTS_OF_MIXED * 40))
    made, done = steady.memory_calls(server, lambda: steady.drive(server, times))
    return judge(not made, '\n'.join([f'{done:,} mixed requests: {len(made)} system calls for memory', *made[:20]]))


def crowd(steady, server, requests):
    many = steady.Crowd(server, 200)
    many.until(10000)
    before = server.anonymous_kib()
    many.until(requests)
    after = server.anonymous_kib()
    many.close()
    return judge(after <= before + 256, f'{many.requests:,} requests on 200 connections: anonymous memory {after} KiB, '
                                        f'after 10,000 of them {before} KiB: {after - before:+} KiB')


def streams(steady, server):
    good = True
    for kind, name in (('file', 'a download by sendfile'), ('copied', 'a download that is read and written'),
                       ('body', 'an HTTP echo'), ('echo', 'a TCP echo')):
        growth, peak = steady.stream(server, kind, 1 << 30, (64 << 20, 1))
        good &= judge(growth <= steady.CHANCE[kind], f'1 GiB of {name}: the pool grows by {growth} bytes after the first '
                                                     f'second; at most {peak:,} bytes')
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--mixed', type=int, default=100000)
    parser.add_argument('--requests', type=int, default=1000000)
    parser.add_argument('--workers', type=int, default=2)
    options = parser.parse_args()
    os.environ.setdefault('TIDEPOOL_BINARY', os.path.abspath(f'{options.build}/tidepool'))
    from tests.harness import steady
    from tests.harness.instance import Server

    good = []
    for work in (lambda server: calls(steady, server, options.mixed),
                 lambda server: crowd(steady, server, options.requests),
                 lambda server: streams(steady, server)):
        with tempfile.TemporaryDirectory(prefix='tidepool-steady-') as folder:
            server = Server(folder)
            try:
                steady.prepare(server, options.workers)
                good.append(work(server))
                server.stop()
            finally:
                server.kill()
    print(f'{sum(good)} passed, {len(good) - sum(good)} failed')
    sys.exit(0 if all(good) else 1)


if __name__ == '__main__':
    main()
