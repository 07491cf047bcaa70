#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same server and load with pool_mode normal and passthrough (every allocation is one of the system's), each
with glibc, jemalloc, tcmalloc and mimalloc by LD_PRELOAD: requests per second, CPU per request, system
allocations, page faults, RSS.

Rounds alternate: each round runs every row once, in an order of its own, with a server of its own. Rows that must
be equal show the noise: those of pool_mode normal, which in steady state do not call the allocator at all, and
the two of passthrough with glibc. Server and client have a CPU each where there are two. Results: table, SVG and
all figures in BUILD/ab/."""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
from tests.bench import ab_report

ALLOCATORS = {'glibc': None, 'jemalloc': ('libjemalloc.so.2',),
              'tcmalloc': ('libtcmalloc_minimal.so.4', 'libtcmalloc.so.4'), 'mimalloc': ('libmimalloc.so.2',)}
CONFIG = '''
pool_mode @mode@;
events { worker_connections 512; }
http {
    access_log off;
    keepalive_requests 1000000000;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        location = /plain { default_type text/plain; return 200 "Hello, World!"; }
        location = /body { echo_body; }
        location / { open_file_cache max=100; }
    }
}
'''
COUNTED = 400  # requests of which system allocations are counted, one connection, one after another


def library(names):
    """Full name of the first of the libraries that the loader knows; None if it knows none."""
    known = subprocess.run(['/sbin/ldconfig', '-p'], capture_output=True, text=True, check=True).stdout
    for name in names:
        found = re.search(rf'^\s*{re.escape(name)} .*=> (\S+)$', known, re.M)
        if found:
            return found.group(1)
    return None


def rows(wanted):
    """(mode, allocator, file to preload or None, number of the row among its equals)."""
    result = []
    for mode in ('normal', 'passthrough'):
        for name, names in ALLOCATORS.items():
            if wanted and name not in wanted:
                continue
            path = library(names) if names else None
            if names and not path:
                print(f'{name} is not installed: its rows are missing', file=sys.stderr)
                continue
            result.append((mode, name, path, 1))
        if not wanted or 'glibc' in wanted:
            result.append((mode, 'glibc', None, 2))
    return result


def start(folder, mode, preload, extra=None):
    from tests.harness.instance import Server
    server = Server(folder)
    server.write('html/1k.txt', b'k' * 1024)
    server.write('html/100k.txt', b'h' * 102400)
    server.configure(CONFIG.replace('@mode@', mode), error_log='error.log notice')
    env = dict(extra or {})
    if preload:
        env['LD_PRELOAD'] = preload
    server.start(env=env)
    return server


def figures(pid):
    """CPU nanoseconds of all threads, minor page faults, RSS in KiB."""
    cpu = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/schedstat', encoding='ascii') as file:
            cpu += int(file.read().split()[0])
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        faults = int(file.read().rsplit(')', 1)[1].split()[7])
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        rss = int(re.search(r'^VmRSS:\s+(\d+)', file.read(), re.M).group(1))
    return cpu, faults, rss


def wrk(server, seconds, connections):
    """Requests answered and requests per second; every answer has to be 2xx."""
    cpus = sorted(os.sched_getaffinity(0))
    command = ['wrk', '-t', '1', '-c', str(connections), '-d', str(seconds), '--timeout', '10s', '-s',
               f'{HERE}/ab.lua', f'http://127.0.0.1:{server.port()}']
    done = subprocess.run((['taskset', '-c', str(cpus[-1])] if len(cpus) > 1 else []) + command,
                          capture_output=True, text=True)
    said = done.stdout + done.stderr
    total, rate = re.search(r'(\d+) requests in', said), re.search(r'Requests/sec:\s+([\d.]+)', said)
    if done.returncode or not total or re.search(r'Socket errors|Non-2xx', said):
        raise RuntimeError(f'wrk: {said}')
    return int(total.group(1)), float(rate.group(1))


def measure(row, options):
    mode, _, preload, _ = row
    with tempfile.TemporaryDirectory(prefix='tidepool-ab-') as folder:
        server = start(folder, mode, preload)
        try:
            pid = server.pid
            cpus = sorted(os.sched_getaffinity(0))
            if len(cpus) > 1:
                for task in os.listdir(f'/proc/{pid}/task'):
                    os.sched_setaffinity(int(task), {cpus[0]})
            wrk(server, 1, options.connections)  # warm
            before = figures(pid)
            requests, rate = wrk(server, options.seconds, options.connections)
            after = figures(pid)
            server.stop()
        finally:
            server.kill()
    return {'rate': rate, 'cpu_us': (after[0] - before[0]) / 1000 / requests,
            'faults': (after[1] - before[1]) * 1000 / requests, 'rss_mib': after[2] / 1024}


def system_calls(mode, preload, times):
    """Calls of the system's allocator in the life of a server that answers `times` mixes of requests."""
    from tests.harness.wire import request
    with tempfile.TemporaryDirectory(prefix='tidepool-ab-') as folder:
        server = start(folder, mode, preload, {'TIDEPOOL_FAULT': 'system:0'})
        try:
            with server.client() as client:
                for _ in range(times):
                    for _ in range(4):
                        assert client.ask('GET', '/plain').status == 200
                    assert client.ask('GET', '/plain', [('Cookie', 'c' * 3072)]).status == 200
                    assert client.ask('POST', '/body', body=b'tide' * 1024).status == 200
                    assert client.ask('GET', '/1k.txt').status == 200
                    assert client.ask('GET', '/100k.txt').status == 200
            server.stop()
            return int(re.search(r'fault: system (\d+) calls', server.read('stderr')).group(1))
        finally:
            server.kill()


def allocations(mode, preload):
    """Allocations that reach the system's allocator, per request in steady state."""
    mixes = COUNTED // 8
    few, many = system_calls(mode, preload, mixes), system_calls(mode, preload, 2 * mixes)
    return (many - few) / (8 * mixes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--seconds', type=int, default=2, help='for each row of each round')
    parser.add_argument('--connections', type=int, default=32)
    parser.add_argument('--only', nargs='*', choices=ALLOCATORS, help='these allocators')
    options = parser.parse_args()
    os.environ.setdefault('TIDEPOOL_BINARY', os.path.abspath(f'{options.build}/tidepool'))

    table = rows(options.only)
    runs = {row: [] for row in table}
    counts = {row[:2]: allocations(row[0], row[2]) for row in table if row[3] == 1}
    for number in range(options.rounds):
        order = random.Random(number).sample(table, len(table))
        for row in order:
            runs[row].append(measure(row, options))
        print(f'round {number + 1} of {options.rounds}', file=sys.stderr, flush=True)
    results = [{'mode': row[0], 'allocator': row[1], 'again': row[3] > 1, 'allocations': counts[row[:2]],
                'runs': runs[row]} for row in table]
    folder = f'{options.build}/ab'
    os.makedirs(folder, exist_ok=True)
    with open(f'{folder}/ab.json', 'w', encoding='utf-8') as file:
        json.dump(results, file, indent=1)
    report = ab_report.Report(results)
    with open(f'{folder}/ab.md', 'w', encoding='utf-8') as file:
        file.write(report.table())
    with open(f'{folder}/ab.svg', 'w', encoding='utf-8') as file:
        file.write(report.svg())
    print(report.table())
    print(f'{folder}/ab.md, {folder}/ab.svg, {folder}/ab.json')


if __name__ == '__main__':
    main()
