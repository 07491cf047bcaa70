#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that slow clients cost the others nothing: slowhttptest holds 1,000 connections by slow heads, slow bodies and
slow reading, while another client asks for a small file, on a new connection each time. Its times are compared with
those that it sees just before and just after, without attackers. Fails if the median is more than twice the usual one,
if a request is not answered 200, or if slowhttptest finds the service gone."""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

CONFIG = '''
worker_rlimit_nofile 10000;
events { worker_connections 4096; }
http {
    access_log access.log;
    client_max_body_size 64m;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        location / { }
        location = /body { echo_body whole; }
    }
    server { listen 127.0.0.1:@status@; access_log off; location / { stub_status; } }
}
'''
# Options of slowhttptest: how it attacks, besides how many.
ATTACKS = {
    'slow heads': ['-H', '-i', '1', '-x', '24', '-u', 'http://127.0.0.1:@http@/small.txt'],
    'slow bodies': ['-B', '-i', '1', '-x', '24', '-s', '8192', '-u', 'http://127.0.0.1:@http@/body'],
    'slow reading': ['-X', '-n', '1', '-w', '512', '-y', '1024', '-z', '32', '-u', 'http://127.0.0.1:@http@/large.bin'],
}
MOST = 2  # times the usual median


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--connections', type=int, default=1000)
    parser.add_argument('--seconds', type=float, default=4, help='of each of the three measurements of an attack')
    parser.add_argument('--workers', type=int, default=2)
    return parser.parse_args()


def times(server, seconds):
    """Seconds from connecting to the last byte, of one request after another."""
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.perf_counter()
        answer = server.get('/small.txt')
        taken.append(time.perf_counter() - begin)
        assert answer.status == 200 and len(answer.body) == 1024
    return taken


def connections(server):
    return int(re.search(r'Active connections: (\d+)', server.ask(port='status').text).group(1))


def quantile(taken, part):
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * part))]


def attack(server, name, options):
    """The times without attackers, those with them, how many there were, and what slowhttptest says."""
    usual = times(server, options.seconds)
    command = [server.expand(word) for word in ATTACKS[name]]
    lasts = str(int(options.seconds) + 8)
    process = subprocess.Popen(['slowhttptest', '-c', str(options.connections), '-r', str(options.connections // 2),
                                '-l', lasts, '-p', '3', '-v', '1', *command],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 6
    while connections(server) < options.connections * 0.98 and time.monotonic() < deadline:
        time.sleep(0.05)
    held = connections(server)
    slow = times(server, options.seconds)
    still = connections(server)
    said = re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', process.communicate()[0])
    deadline = time.monotonic() + 20
    while connections(server) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    usual += times(server, options.seconds)
    return usual, slow, (held, still, connections(server)), said


def main():
    options = arguments()
    os.environ['TIDEPOOL_BINARY'] = os.path.join(os.path.abspath(options.build), 'tidepool')
    from tests.harness import instance
    with tempfile.TemporaryDirectory(prefix='tidepool-slow-') as folder:
        server = instance.Server(folder)
        server.write('html/small.txt', b's' * 1024)
        server.write('html/large.bin', b'l' * (1 << 20))
        server.configure(CONFIG, workers=options.workers)
        server.start()
        times(server, 1)
        bad = False
        print('| attack | connections held, after the measurement, in the end | usual ms: median, 99 % | under attack | '
              'ratio of medians | of 99 % |\n|---|---|---|---|---|---|')
        try:
            for name in ATTACKS:
                usual, slow, held, said = attack(server, name, options)
                middle = statistics.median(slow) / statistics.median(usual)
                late = quantile(slow, 0.99) / quantile(usual, 0.99)
                print(f'| {name} | {held[0]}, {held[1]}, {held[2]} | {statistics.median(usual) * 1e3:.3f}, '
                      f'{quantile(usual, 0.99) * 1e3:.3f} | {statistics.median(slow) * 1e3:.3f}, '
                      f'{quantile(slow, 0.99) * 1e3:.3f} | {middle:.2f} | {late:.2f} |', flush=True)
                available = re.findall(r'service available:\s+(\w+)', said)
                if held[1] < options.connections * 0.9 or not available or 'NO' in available or middle > MOST:
                    bad = True
                    print(said[-1500:])
            server.stop()
        finally:
            server.kill()
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
