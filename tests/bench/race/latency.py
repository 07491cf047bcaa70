#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Waits at a fixed rate (open loop): p50, p99, p99.9 and the longest, of Tidepool, nginx and h2o.

All have the same rates: 30, 60 and 90 % of what the slowest of them answers to wrk. While they are measured, Tidepool and nginx
are told to reload once a second, and a viewer takes Tidepool's snapshot four times a second; h2o is left alone. A small answer,
access log on; server and client each have a processor."""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from statistics import median

from tests.bench.race import peers, race

NAMES = ('tidepool', 'nginx', 'h2o')
SHARES = (30, 60, 90)
KINDS = ('p50', 'p99', 'p99.9', 'longest')


class Disturbance:
    """Reloads, and somebody who looks, for as long as it is entered."""
    def __init__(self, server):
        self.server, self.over = server, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        for turn in range(1 << 30):
            if self.over.wait(.25):
                return
            if turn % 4 == 1 and self.server.name != 'h2o':
                os.kill(self.server.process.pid, signal.SIGHUP)
            if self.server.name == 'tidepool':
                with urllib.request.urlopen(f'http://127.0.0.1:{self.server.port}/pools/data', timeout=10) as answer:
                    answer.read()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def show_pools(server):
    path = f'{server.folder}/conf'
    with open(path, encoding='ascii') as file:
        text = file.read()
    peers.write(server.folder, 'conf', text.replace('location / {', 'location /pools/ { pool_view; } location / {'))
    os.kill(server.process.pid, signal.SIGHUP)


def measure(server, rate, options):
    """Microseconds, in the order of KINDS; None: it did not answer all in time."""
    with Disturbance(server):
        done = subprocess.run(['taskset', '-c', str(max(os.sched_getaffinity(0))), f'{options.build}/tests/bench/race/open_loop',
                               str(server.port), '/plaintext', str(rate), str(options.seconds), str(options.connections)],
                              capture_output=True, text=True)
    if done.returncode:
        print(f'{server.name}, {rate}/s: {done.stderr}', file=sys.stderr)
        return None
    return [float(word) for word in done.stdout.split()]


def table(results, capacity, options):
    lines = ['| rate | server | p50 | p99 | p99.9 | longest | p99 × nginx |', '|---:|---|---:|---:|---:|---:|---:|']
    for share in SHARES:
        for name in [name for name in NAMES if name in results]:
            runs = [run for run in results[name][share] if run]
            if not runs:
                lines.append(f'| {share} % | {name} | not all were answered |')
                continue
            waits = ' | '.join(f'{median(run[kind] for run in runs):,.0f}' for kind in range(len(KINDS)))
            pairs = [ours[1] / theirs[1] for ours, theirs in zip(results[name][share], results.get('nginx', results[name])[share])
                     if ours and theirs]
            ratio = f'{median(pairs):.2f} ({min(pairs):.2f}–{max(pairs):.2f})' if pairs else '—'
            lines.append(f'| {share} % | {name} | {waits} | {ratio} |')
    return '\n'.join(lines + ['', f'Microseconds, median of {options.rounds} alternating rounds of {options.seconds} s, '
                              f'{options.connections} connections; 100 % is {capacity:,.0f} requests a second.', ''])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=int, default=2)
    parser.add_argument('--connections', type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='tidepool-latency-') as folder:
        os.chmod(folder, 0o755)
        servers = [race.Server(name, 'small', options.build, folder) for name in NAMES if peers.version(name, options.build)]
        try:
            for server in servers:
                server.await_answer()
                if server.name == 'tidepool':
                    show_pools(server)
            # Of each the median: one disturbed run would make all rates too low.
            capacity = min(median(race.drive(server, 'small', options)['rate'] for _ in range(options.rounds)) for server in servers)
            results = {server.name: {share: [] for share in SHARES} for server in servers}
            for number in range(options.rounds):
                for share in SHARES:
                    for server in servers[number % len(servers):] + servers[:number % len(servers)]:
                        results[server.name][share].append(measure(server, round(capacity * share / 100), options))
        finally:
            for server in servers:
                server.stop()
    text = table(results, capacity, options)
    os.makedirs(f'{options.build}/race', exist_ok=True)
    with open(f'{options.build}/race/latency.md', 'w', encoding='utf-8') as file:
        file.write(text)
    print(text)


if __name__ == '__main__':
    main()
