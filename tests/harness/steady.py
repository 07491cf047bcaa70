# SPDX-License-Identifier: BSD-2-Clause
"""What drives a server in steady state, and what is measured then. test_steady.py asserts it in a short form,
tests/load/steady.py (make steady) measures the long one."""
import json
import os
import re
import subprocess
import threading
import time

from tests.harness.wire import chunked, request

CONFIG = '''
    worker_rlimit_nofile 4000;
    events { worker_connections 1000; }
    stream { server { listen 127.0.0.1:@echo@; echo; } }
    http {
        access_log access.log;
        keepalive_requests 100000000;
        large_client_header_buffers 4 16k;
        client_body_buffer_size 16k;
        client_max_body_size 0;
        limit_conn_zone $binary_remote_addr zone=addr:1m;
        server {
            listen 127.0.0.1:@http@;
            root @dir@/html;
            location = /plain { return 200 "Hello, World!"; }
            location /body { echo_body; }
            location /whole { echo_body whole; client_body_temp_path @dir@/body 1; }
            location /limited/ { alias @dir@/html/; limit_conn addr 1000; }
            location /cached/ { alias @dir@/html/; open_file_cache max=100; }
            location /copied/ { alias @dir@/html/; sendfile off; }
            location /pools/ { pool_view; access_log off; }
        }
    }
'''
HUGE = 1 << 30
MIB = 1 << 20
# How what is received falls into the blocks of a connection is a matter of chance: one more may be needed once, late; of
# an echo a few, since what it receives ahead depends on how full both sockets happen to be.
BLOCK = 16 << 10
CHANCE = {'file': BLOCK, 'copied': BLOCK, 'body': BLOCK, 'echo': 5 * BLOCK}
REQUESTS_OF_MIXED = 9 + 16 + 1


def prepare(server, workers):
    server.write('html/100k.bin', b'1' * 102400)
    server.write('html/small.txt', 'small')
    with open(server.path('html/huge.bin'), 'wb') as file:
        file.truncate(HUGE)
    server.configure(CONFIG, workers=workers)
    server.start()


# ---- mixed requests ----

def mixed(client, echo, times):
    """Plain, 8 KiB head, 64 KiB POST (length, chunked, by a temporary file), 100 KiB file, 404, limits, echo: one
    after the other."""
    body = b'b' * 65536
    for _ in range(times):
        assert client.ask('GET', '/plain').status == 200
        assert client.ask('GET', '/plain', [('X-Large', 'h' * 8000)]).status == 200
        assert client.ask('POST', '/body', body=body).body == body
        assert client.ask('POST', '/body', [('Transfer-Encoding', 'chunked')],
                          chunked(body[:30000], body[30000:])).body == body
        assert client.ask('POST', '/whole', body=body).body == body
        assert len(client.ask('GET', '/100k.bin').body) == 102400
        assert len(client.ask('GET', '/cached/100k.bin').body) == 102400
        assert client.ask('GET', '/limited/small.txt').status == 200
        assert client.ask('GET', '/absent').status == 404
        client.send(request('GET', '/plain') * 16)
        assert all(client.response().status == 200 for _ in range(16))
        echo.send(body)
        assert echo.exactly(len(body)) == body


def drive(server, times):
    """Four connections of each kind at once, and some that come and go. Returns the number of requests."""
    failures = []

    def work():
        try:
            for _ in range(times):
                with server.client() as client, server.client('echo') as echo:
                    mixed(client, echo, 10)
        except (AssertionError, OSError) as error:
            failures.append(error)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return len(threads) * times * 10 * REQUESTS_OF_MIXED


class NoTrace(Exception):
    """strace may not attach here."""


def newest_task(server):
    """The status of the thread that strace attaches to last."""
    newest = max(int(task) for task in os.listdir(f'/proc/{server.pid}/task'))
    with open(f'/proc/{server.pid}/task/{newest}/status', encoding='ascii') as file:
        return file.read()


def memory_calls(server, work):
    """The system calls for memory that the server makes while `work` runs, and what that returns."""
    trace = server.path('trace')
    with subprocess.Popen(['strace', '-f', '-qq', '-e', 'trace=mmap,munmap,brk,madvise,mremap', '-o', trace,
                           '-p', str(server.pid)], stderr=subprocess.PIPE, text=True) as strace:
        server.wait_for(lambda: strace.poll() is not None or
                        re.search(r'^TracerPid:\s+[1-9]', newest_task(server), re.M), 'strace')
        if strace.poll() is not None:
            raise NoTrace(strace.stderr.read())
        result = work()
        strace.terminate()
        strace.communicate()
    return [line for line in server.read('trace').splitlines()
            if re.search(r'(mmap|munmap|brk|madvise|mremap)\(', line)], result


# ---- many connections ----

class Crowd:
    """Connections that each send a request, and then each take the answer, round after round."""
    KINDS = (request('GET', '/plain'), request('GET', '/absent'), request('GET', '/small.txt'),
             request('GET', '/plain', [('X-Large', 'h' * 8000)]), request('POST', '/body', body=b'b' * 4000),
             request('GET', '/cached/small.txt'))

    def __init__(self, server, size):
        self.clients = [server.client() for _ in range(size)]
        self.rounds = self.requests = 0

    def until(self, requests):
        while self.requests < requests:
            data = self.KINDS[self.rounds % len(self.KINDS)]
            length = 0
            for client in self.clients:
                client.socket.sendall(data)
            for client in self.clients:
                # Answers to one request are of one length: the date is, and so is all else.
                if not length:
                    answer = client.response(data[:4].decode().strip())
                    assert answer.status == (404 if b'/absent' in data else 200)
                    length = self.length(answer)
                    continue
                have = 0
                while have < length:
                    more = len(client.socket.recv(length - have))
                    assert more, 'closed'
                    have += more
            self.rounds += 1
            self.requests += len(self.clients)

    @staticmethod
    def length(answer):
        return len(f'HTTP/1.1 {answer.status} {answer.reason}\r\n') + 2 + len(answer.body) + \
            sum(len(f'{name}: {value}\r\n') for name, value in answer.fields)

    def close(self):
        for client in self.clients:
            client.close()


# ---- long answers ----

def pool_of(server, client):
    """The row of pool_view about a connection, found by the address of its end here."""
    host, port = client.socket.getsockname()
    answer = server.get(f'/pools/data?limit=1000&address={host}:{port}')
    assert answer.status == 200, answer
    row, = json.loads(answer.body)['connections']['rows']
    return row


def send_in_background(client, first, total):
    """Sends `first` and then `total` bytes from a thread of its own."""
    def work():
        piece = b'e' * MIB
        try:
            client.send(first)
            for _ in range(total // MIB):
                client.send(piece)
        except OSError:
            pass  # whoever receives notices
    thread = threading.Thread(target=work, daemon=True)
    thread.start()


def start_stream(server, kind, total):
    """A connection on which `total` bytes are to come; what precedes them has been read."""
    client = server.client('echo' if kind == 'echo' else 'http')
    if kind == 'echo':
        send_in_background(client, b'', total)
        return client
    if kind == 'body':
        head = request('POST', '/body', [('Content-Length', str(total))])
        send_in_background(client, head, total)
    else:
        client.send(request('GET', f'/{kind}/huge.bin' if kind == 'copied' else '/huge.bin',
                            [('Range', f'bytes=0-{total - 1}')]))
    answer = client.head()
    assert answer.status in (200, 206), answer
    return client


STREAMS = ('file', 'copied', 'body', 'echo')


def stream(server, kind, total, settled):
    """Moves `total` bytes. Returns by how much the peak of the connection's pool has grown after `settled` bytes or
    seconds (what comes later of the two, so that a fast machine has filled its sockets, but half of all at the latest),
    and that peak."""
    early = None
    began = time.monotonic()
    with start_stream(server, kind, total) as client:
        for done in range(0, total, MIB):
            if early is None and done >= settled[0] and (done >= total // 2 or
                                                             time.monotonic() - began >= settled[1]):
                early = pool_of(server, client)
            client.exactly(MIB if kind == 'echo' or done + MIB < total else MIB // 2)
        assert early, 'too short'
        late = pool_of(server, client)
        if kind != 'echo':
            client.exactly(MIB // 2)
    return late['peak_bytes'] - early['peak_bytes'], late['peak_bytes']
