#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What it costs to be looked at. `busy`: CPU per request of 1,000 busy connections, with a viewer of the pools' page and
without, alternately. `crowd`: 10,000 idle connections: how long the first snapshot takes, the longest that a worker
was held up at a time, and what another client notices of it."""
import argparse
import json
import os
import re
import select
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from tests.load.bounded import allow_descriptors

CONFIG = '''
worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
    access_log access.log;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    server {
        listen 127.0.0.1:@http@;
        location = /text { return 200 "Hello, World!"; }
        location /pools/ { pool_view; }
        location = /metrics { metrics; }
    }
}
'''


def cpu_seconds(server):
    with open(f'/proc/{server.pid}/stat', encoding='ascii') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class Viewer:
    """Reads the events until it is closed; counts them."""

    def __init__(self, server):
        self.events, self.closing = 0, False
        self.socket = socket.create_connection(server.address(), timeout=30)
        self.socket.sendall(b'GET /pools/events HTTP/1.1\r\nHost: a\r\n\r\n')
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.closing:
            if select.select([self.socket], [], [], 0.1)[0]:
                piece = self.socket.recv(1 << 20)
                if not piece:
                    return
                self.events += piece.count(b'event: snapshot')

    def close(self):
        self.closing = True
        self.thread.join()
        self.socket.close()


def load(server, connections, seconds):
    """CPU seconds per request while wrk runs."""
    before = cpu_seconds(server)
    output = subprocess.run(['wrk', '-t1', f'-c{connections}', f'-d{seconds}s',
                             'http://%s:%d/text' % server.address()], capture_output=True, text=True, check=True).stdout
    return (cpu_seconds(server) - before) / int(re.search(r'(\d+) requests in', output).group(1))


def busy(server, connections, rounds, seconds):
    server.configure(CONFIG, workers=1)
    server.start()
    load(server, connections, 1)
    ratios, closed, events = [], [], 0
    for _ in range(rounds):
        closed.append(load(server, connections, seconds))
        viewer = Viewer(server)
        ratios.append(load(server, connections, seconds) / closed[-1])
        events += viewer.events
        viewer.close()
    print(f'busy: {connections} connections, {rounds} rounds of {seconds} s: {statistics.median(closed) * 1e6:.2f} us a '
          f'request unseen; seen {statistics.median(ratios):.3f} times that ({min(ratios):.3f} to {max(ratios):.3f}), '
          f'{events} snapshots sent')


def worst_answer(server, until):
    """The longest that one of many answers took, one after the other on one connection, in seconds."""
    worst = count = 0
    with server.client() as client:
        while not until(count):
            began = time.monotonic()
            assert client.ask('GET', '/text').status == 200
            worst, count = max(worst, time.monotonic() - began), count + 1
    return worst


def crowd(server, connections):
    connections = min(connections, allow_descriptors(connections + 200) - 200)
    server.configure(CONFIG, workers=1)
    server.start()
    clients = [socket.create_connection(server.address(), timeout=60) for _ in range(connections)]
    for client in clients:
        client.sendall(b'GET /text HTTP/1.1\r\nHost: a\r\n\r\n')
    for client in clients:
        assert client.recv(4096)
    alone, took, slices, firsts = worst_answer(server, lambda count: count == 2000), [], [], []
    for _ in range(5):
        began = time.monotonic()
        assert server.get('/pools/').status == 200
        with server.client() as viewer:
            viewer.send(b'GET /pools/events HTTP/1.1\r\nHost: a\r\n\r\n')
            got = b''
            while b'\r\ndata: ' not in got and b'\ndata: ' not in got or not got.endswith(b'\n\n') and b'\n\n' not in got:
                got += viewer.socket.recv(1 << 20)
        firsts.append(time.monotonic() - began)
        snapshot = json.loads(server.get('/pools/data').body)
        assert snapshot['connections']['total'] >= connections
        took.append(snapshot['server']['took_seconds'])
        slices.append(snapshot['server']['slice_seconds'])
    done = []
    thread = threading.Thread(target=lambda: done.extend(server.get('/pools/data').status for _ in range(20)))
    thread.start()
    watched = worst_answer(server, lambda count: not thread.is_alive())
    thread.join()
    for client in clients:
        client.close()
    print(f'crowd: {connections} connections: page and first event {statistics.median(firsts) * 1e3:.0f} ms (at most '
          f'{max(firsts) * 1e3:.0f}), of it the snapshot {statistics.median(took) * 1e3:.0f} ms; longest slice '
          f'{max(slices) * 1e3:.2f} ms; worst answer to another client {watched * 1e3:.2f} ms, unseen {alone * 1e3:.2f} ms')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--connections', type=int, default=10000, help='of the crowd')
    parser.add_argument('--busy', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--seconds', type=int, default=2, help='of a round')
    arguments = parser.parse_args()
    os.environ.setdefault('TIDEPOOL_BINARY', os.path.abspath(f'{arguments.build}/tidepool'))
    from tests.harness.instance import Server
    for work in (lambda server: busy(server, arguments.busy, arguments.rounds, arguments.seconds),
                 lambda server: crowd(server, arguments.connections)):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder)
            try:
                work(server)
                server.stop()
            finally:
                server.kill()


if __name__ == '__main__':
    main()
