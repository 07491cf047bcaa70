#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that memory is bounded, and that it falls. `soak`: hostile connections against memory_budget: the peak of RSS
less the start stays within 1.1 times the budget, and every other client gets an answer: 200, or 503 with Retry-After.
`spike`: many connections that hold 64 KiB each, then none: ten seconds later RSS is at most 1.1 times the start and 4
MB. tests/blackbox/test_bounded.py runs short forms of both."""
import argparse
import os
import re
import resource
import select
import socket
import sys
import tempfile
import time

MB = 1 << 20
HEAD = b'GET / HTTP/1.1\r\nHost: a\r\n'

SOAK = '''
memory_budget @BUDGET@;
worker_rlimit_nofile 4000;
events { worker_connections 1500; }
stream { server { listen 127.0.0.1:@echo@; echo; echo_buffer_size 64k; } }
http {
    access_log off;
    large_client_header_buffers 8 64k;
    client_max_body_size 0;
    client_body_buffer_size 4m;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        sendfile off;
        location = /text { return 200 "text"; }
        location = /long { return 200 "$http_x"; }
        location = /body { echo_body; }
        location / { }
    }
}
'''

SPIKE = '''
worker_rlimit_nofile 20000;
events { worker_connections 12000; }
http {
    access_log off;
    large_client_header_buffers 8 16k;
    server { listen 127.0.0.1:@http@; location / { return 200 "text"; } }
}
'''


def status(server, *names):
    """Fields of /proc/PID/status in bytes."""
    with open(f'/proc/{server.pid}/status', encoding='ascii') as file:
        text = file.read()
    return [int(re.search(rf'^{name}:\s+(\d+) kB', text, re.M).group(1)) * 1024 for name in names]


def resident(server):
    return status(server, 'VmRSS')[0]


def peak(server):
    return status(server, 'VmHWM')[0]


def reset_peak(server):
    with open(f'/proc/{server.pid}/clear_refs', 'w', encoding='ascii') as file:
        file.write('5')


def allow_descriptors(wanted):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return min(wanted, hard)


# ---- hostile clients: each is endless bytes for one connection, of which no answer is ever read ----

def huge_head():
    yield HEAD
    for number in range(1000):
        yield b'X-%d: ' % number + b'h' * 60000 + b'\r\n'


def flood():
    yield b''.join([b'GET /long HTTP/1.1\r\nHost: a\r\nX: ' + b'f' * 30000 + b'\r\n\r\n'] * 4)
    while True:
        yield b'GET /long HTTP/1.1\r\nHost: a\r\nX: ' + b'f' * 30000 + b'\r\n\r\n'


def held_body():
    yield b'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n'
    for _ in range(60):
        yield b'b' * 65536


def download():
    yield b'GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n'


def echoed_body():
    yield b'POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    while True:
        yield b'10000\r\n' + b'c' * 65536 + b'\r\n'


def echo():
    while True:
        yield b'e' * 65536


KINDS = (('http', huge_head), ('http', flood), ('http', held_body), ('http', download), ('http', echoed_body),
         ('echo', echo))


class Hostile:
    """One connection at a time, made anew whenever the server ends it or after some seconds of silence."""

    def __init__(self, server, number, patience=3.0):
        port, self.bytes_of = KINDS[number % len(KINDS)]
        self.address, self.patience, self.socket, self.ended = server.address(port), patience, None, 0

    def open(self):
        self.close()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(self.address)
        self.source, self.rest, self.progress = self.bytes_of(), b'', time.monotonic()

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def push(self):
        """A few sends; whether the connection is over is only learnt from them, for nothing is read."""
        try:
            for _ in range(4):
                self.rest = self.rest or next(self.source, b'')
                if not self.rest:
                    break
                sent = self.socket.send(self.rest)
                self.rest = self.rest[sent:]
                self.progress = time.monotonic()
        except BlockingIOError:
            pass
        except OSError:
            self.ended += 1
            self.open()
            return
        if time.monotonic() - self.progress > self.patience:
            self.open()


def witness(server):
    """A client like any other: its status, and Retry-After if that is 503."""
    with socket.create_connection(server.address(), timeout=20) as client:
        got = b''
        try:
            client.sendall(b'GET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
            while piece := client.recv(65536):
                got += piece
        except ConnectionError:
            pass  # the answer may have come before
    line = re.match(rb'HTTP/1\.1 (\d{3}) ', got)
    assert line, f'no answer: {got!r}'
    retry = re.search(rb'^Retry-After: [1-9]', got, re.M)
    assert line.group(1) != b'503' or retry, f'503 without Retry-After: {got!r}'
    return int(line.group(1))


def soak(server, connections=200, seconds=60, budget=64 * MB, workers=2):
    """Figures of a soak: {start, peak, statuses: {status: count}, ended}."""
    server.write('html/large.bin', b'l' * (8 * MB))
    server.configure(SOAK.replace('@BUDGET@', str(budget)), workers=workers, error_log='error.log error')
    server.start()
    assert witness(server) == 200
    reset_peak(server)
    start, statuses = resident(server), {}
    hostile = [Hostile(server, number) for number in range(connections)]
    try:
        for one in hostile:
            one.open()
        asked, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            poll = select.poll()
            of = {one.socket.fileno(): one for one in hostile}
            for descriptor in of:
                poll.register(descriptor, select.POLLOUT | select.POLLERR | select.POLLHUP)
            for descriptor, _ in poll.poll(50):
                of[descriptor].push()
            for one in hostile:
                if time.monotonic() - one.progress > one.patience:
                    one.open()
            if time.monotonic() - asked > 0.1:
                asked = time.monotonic()
                answer = witness(server)
                statuses[answer] = statuses.get(answer, 0) + 1
        highest = peak(server)
    finally:
        for one in hostile:
            one.close()
    server.wait_for(lambda: witness(server) == 200, 'all to be well again')
    return {'start': start, 'peak': highest, 'budget': budget, 'statuses': statuses,
            'ended': sum(one.ended for one in hostile)}


def spike(server, connections=10000, workers=2, seconds=10):
    """Figures of a spike: {start, top, end}: RSS before, with all of them, and `seconds` after they closed."""
    connections = min(connections, allow_descriptors(connections + 200) - 200)
    server.configure(SPIKE, workers=workers)
    server.start()
    assert server.get('/').status == 200
    start, head = resident(server), HEAD + b''.join(b'X-%d: ' % n + b's' * 15900 + b'\r\n' for n in range(4))
    clients = []
    try:
        for _ in range(connections):
            client = socket.create_connection(server.address(), timeout=60)
            client.sendall(head)
            clients.append(client)
        server.wait_for(lambda: resident(server) > start + connections * 60 * 1024, 'the spike', 60)
        top = resident(server)
    finally:
        for client in clients:
            client.close()
    # The bar is where it is after so many seconds; sooner is as good.
    until = time.monotonic() + seconds
    while resident(server) > 1.1 * start + 4 * MB and time.monotonic() < until:
        time.sleep(0.1)
    took = seconds - (until - time.monotonic())
    assert server.get('/').status == 200
    return {'start': start, 'top': top, 'end': resident(server), 'took': took, 'connections': connections}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('what', choices=('soak', 'spike'))
    parser.add_argument('--build', default='build')
    parser.add_argument('--seconds', type=int, default=60, help='of the soak')
    parser.add_argument('--connections', type=int, default=0)
    arguments = parser.parse_args()
    os.environ.setdefault('TIDEPOOL_BINARY', os.path.abspath(f'{arguments.build}/tidepool'))
    from tests.harness.instance import Server
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            if arguments.what == 'soak':
                figures = soak(server, arguments.connections or 200, arguments.seconds)
                used = figures['peak'] - figures['start']
                good = used <= 1.1 * figures['budget']
                print(f'soak: start {figures["start"] / MB:.1f} MB, peak less start {used / MB:.1f} MB, '
                      f'{used / figures["budget"]:.2f} of the budget; others got {figures["statuses"]}; '
                      f'{figures["ended"]} hostile connections were ended')
            else:
                figures = spike(server, arguments.connections or 10000)
                good = figures['end'] <= 1.1 * figures['start'] + 4 * MB
                print(f'spike: {figures["connections"]} connections: start {figures["start"] / MB:.1f} MB, '
                      f'top {figures["top"] / MB:.1f} MB, end {figures["end"] / MB:.1f} MB after {figures["took"]:.1f} s')
            server.stop()
        finally:
            server.kill()
    sys.exit(0 if good else 'over the bar')


if __name__ == '__main__':
    main()
