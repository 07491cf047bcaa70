#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does all at once that clients and operators do: well-behaved clients, whose answers are checked byte for byte,
beside garbage, aborts, resets, half closes, slow and greedy ones, viewers and followers of the pools, while the server
is reloaded between 1 and 16 workers, short of memory, given wrong configurations, and its logs are rotated. At the end
descriptors, threads and memory are back to where they were, and the log is clean. `bad {}` is what is wanted. A client
that is refused (503, 408), or closed by a reload or a budget, is counted apart: nothing depends on how fast the
machine is."""
import argparse
import collections
import glob
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time

BIG = bytes(range(256)) * 1200 + b'the end'
TEXT = b'a line of text that compresses well\n' * 600
CHANGES = (b'a' * 90000, b'b' * 70000)  # what changing.txt may hold
CLIENTS = 12  # of each side, careful and hostile
ANSWER = b'HTTP/1.1 '

CONFIG = '''
worker_shutdown_timeout 2s;
control unix:@dir@/control.sock;
@MAIN@
events { worker_connections @PLACES@; }
stream { server { listen 127.0.0.1:@echo@; echo; echo_timeout 10s; } @STREAM@ }
http {
    types { text/plain txt; application/octet-stream bin; }
    log_format odd escape=json '$remote_addr "$request" $status $http_user_agent $request_id $connection $word';
    access_log @dir@/access.log;
    access_log @dir@/odd.log odd buffer=8k flush=1s;
    map $http_user_agent $word { default -; ~^(?<agent>[^/]+)/ $agent; }
    limit_conn_zone $binary_remote_addr zone=few:1m;
    limit_req_zone $arg_k zone=rare:64k rate=50r/s;
    client_header_timeout 10s;
    client_body_timeout 10s;
    send_timeout 10s;
    keepalive_timeout @KEEP@;
    lingering_time 2s;
    lingering_timeout 1s;
    client_body_temp_path @dir@/body 1 2;
    @HTTP@
    server {
        listen 127.0.0.1:@http@;
        listen unix:@dir@/http.sock;
        @LISTEN@
        server_name localhost ~^re(?<number>[0-9]+)$;
        root @dir@/html;
        add_header X-Uri $uri always;
        location = /generation { return 200 "@NUMBER@"; }
        location = /plain { return 200 "plain"; }
        location = /number { return 200 "n=$number"; }
        location /zipped/ { alias @dir@/html/; gzip on; gzip_types *; gzip_min_length 1; }
        location /read/ { alias @dir@/html/; sendfile off; }
        location /cached/ { alias @dir@/html/; @CACHE@ }
        location /list/ { alias @dir@/html/; autoindex on; }
        location /try/ { try_files $uri /$arg_f @named; }
        location @named { return 200 "named $uri"; }
        location /again/ { rewrite ^/again/(.*)$ /$1 last; }
        location /paced/ { alias @dir@/html/; limit_rate 300k; }
        location /limited/ { alias @dir@/html/; limit_req zone=rare burst=5; limit_conn few 3; }
        location = /log { access_log @dir@/some-$arg_a.log odd; return 200 "log"; }
        location = /body { echo_body; client_max_body_size 0; client_body_buffer_size 8k; }
        location = /whole { echo_body whole; client_body_buffer_size 8k; client_max_body_size 2m; }
        location /pools/ { pool_view; }
        location = /metrics { metrics; }
        location = /status { stub_status; }
        location /denied/ { deny all; error_page 403 /plain; }
    }
    @SERVERS@
}
'''
CALM = {'MAIN': '', 'PLACES': '400', 'STREAM': '', 'KEEP': '3s', 'HTTP': '', 'LISTEN': '', 'SERVERS': '',
        'CACHE': 'open_file_cache max=4 inactive=1s; open_file_cache_valid 1s; open_file_cache_errors on;'}
# Workers, and what differs from the calm configuration.
CONFIGURATIONS = (
    (2, {'CACHE': ''}),  # no file stays open in it: it is what begins and ends the soak
    (16, {'LISTEN': 'listen 127.0.0.1:@extra@;',
          'HTTP': 'open_file_cache max=100 inactive=2s; open_file_cache_valid 1s;'}),
    (1, {'KEEP': '1s', 'PLACES': '200',
         'HTTP': 'sendfile off; access_log @dir@/zipped.log combined gzip buffer=4k;',
         'STREAM': 'server { listen unix:@dir@/echo.sock; echo; }'}),
    (4, {'MAIN': 'memory_budget @BUDGET@m;', 'PLACES': '100',
         'HTTP': 'connection_pool_size 1k; request_pool_size auto; connection_pool_budget 512k;'}),
    (3, {'MAIN': 'worker_memory_budget @SHARE@m;', 'KEEP': '0',
         'SERVERS': 'server { listen 127.0.0.1:@extra@; return 444; }'}),
)
NO_MEMORY = 'Cannot allocate memory|out of memory'
WRONG = 'events { } http { server { listen 1; no_such_directive; } }'

# What a careful client asks for, and what the answer may hold.
FILES = {'/big.bin': (BIG,), '/read/big.bin': (BIG,), '/text.txt': (TEXT,), '/cached/text.txt': (TEXT,),
         '/again/text.txt': (TEXT,), '/paced/text.txt': (TEXT,), '/try/x?f=text.txt': (TEXT,),
         '/try/x?f=none': (b'named /try/x',), '/plain': (b'plain',), '/log?a=1': (b'log',),
         '/changing.txt': CHANGES, '/read/changing.txt': CHANGES}
OTHERS = ('/zipped/text.txt', '/zipped/big.bin', '/list/', '/cached/none', '/limited/text.txt?k=1', '/limited/big.bin',
          '/pools/', '/pools/data?limit=50&sort=peak', '/pools/trace', '/metrics', '/status', '/denied/x', '/none',
          '/log?a=2', '/number')
FIELDS = ('Accept-Encoding: gzip', 'User-Agent: Soak/1', 'Range: bytes=0-0,5-9,100-2000', 'Range: bytes=100-',
          'If-None-Match: "x"', 'If-Range: "y"', 'X-Long: ' + 'l' * 3000, 'X-Longer: ' + 'v' * 9000,
          'Expect: 100-continue', 'Connection: close', 'Cookie: c=1; d="x"', 'Transfer-Encoding: chunked',
          'Content-Length: 7')
SPLINTERS = (b'\r', b'\n', b'\r\n', b'\0', b' ', b':', b'%', b'/../', b'\xff', b'0', b'chunked', b';', b'HTTP/1.1')


class Wrong(AssertionError):
    """An answer that no client should ever get."""


class Soak:
    def __init__(self, server, seed):
        self.server, self.seed, self.stopped = server, seed, threading.Event()
        self.lock, self.samples = threading.Lock(), []
        self.counts, self.bad = collections.Counter(), collections.Counter()
        self.clients, self.threads = [], 0  # threads: of the server, when it has started

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def blame(self, what, sample):
        with self.lock:
            self.bad[what] += 1
            if len(self.samples) < 20:
                self.samples.append(f'{what}: {str(sample)[:600]}')

    def repeat(self, name, number, one):
        """A client in a thread. What it does follows from the seed; what comes of it also from the others."""
        chance = random.Random(f'{self.seed} {name} {number}')
        while not self.stopped.is_set():
            self.guard(name, one, chance)

    def guard(self, name, one, chance):
        from tests.harness.wire import Closed, ProtocolError
        try:
            one(chance)
        except (Closed, ConnectionResetError, BrokenPipeError):
            self.count(f'{name}: closed early')
        except ConnectionRefusedError as error:
            self.blame('nobody listens', error)
        except (Wrong, ProtocolError) as error:
            self.blame('wrong answer', error)
        except (OSError, ValueError) as error:
            self.blame(f'{name} failed', repr(error))

    def begin(self):
        for number in range(CLIENTS):
            for name, one in (('careful', self.careful), ('hostile', self.hostile)):
                self.clients.append(threading.Thread(target=self.repeat, args=(name, number, one), daemon=True))
        for client in self.clients:
            client.start()

    def end(self):
        self.stopped.set()
        for client in self.clients:
            client.join()

    def connect(self, where='http', **options):
        from tests.harness.wire import Client
        if where.endswith('.sock'):
            return Client(self.server.path(where), **options)
        return Client(self.server.address(where), **options)

    # ---- careful clients: what they get is right, or less of it than there is ----

    def careful(self, chance):
        chance.choice((self.kept, self.kept, self.pipelined, self.ranges, self.upload, self.echo, self.control))(chance)

    def accept(self, answer, bodies, what):
        """Counts an answer; true: it was no refusal."""
        if answer.status == 503 and not answer.get('Retry-After'):
            raise Wrong(f'503 without Retry-After for {what}')
        if answer.status in (408, 503):
            self.count(f'refused with {answer.status}')
            return False
        if answer.status not in (200, 206) or answer.body not in bodies:
            raise Wrong(f'{what}: {answer.status}, {len(answer.body)} bytes: {answer.body[:100]!r}')
        self.count(f'{what.split()[0]} right')
        return True

    def kept(self, chance):
        with self.connect(chance.choice(('http', 'http', 'http', 'http.sock'))) as client:
            for _ in range(chance.randrange(1, 12)):
                target = chance.choice(list(FILES))
                answer = client.ask('GET', target)
                self.accept(answer, FILES[target], f'kept {target}')
                if answer.get('Connection') == 'close':
                    return

    def pipelined(self, chance):
        from tests.harness.wire import request
        small = ('/plain', '/text.txt', '/again/text.txt', '/try/x?f=none')
        targets = [chance.choice(small) for _ in range(chance.randrange(2, 30))]
        with self.connect() as client:
            client.send(b''.join(request('GET', target) for target in targets))
            for target in targets:
                answer = client.response()
                self.accept(answer, FILES[target], f'pipelined {target}')
                if answer.get('Connection') == 'close':
                    return

    def ranges(self, chance):
        first = chance.randrange(len(BIG))
        last = min(first + chance.randrange(100000), len(BIG) - 1)
        with self.connect() as client:
            target = chance.choice(('/big.bin', '/read/big.bin', '/cached/big.bin'))
            answer = client.ask('GET', target, [('Range', f'bytes={first}-{last}')])
            if self.accept(answer, (BIG[first:last + 1],), 'range') and answer.status != 206:
                raise Wrong(f'a range with {answer.status}')

    def upload(self, chance):
        from tests.harness.wire import chunked, request
        size = chance.choice((0, 1, 100, 8192, 8193, 20000, 200000, 1000000))
        body = (chance.randbytes(1000) * (size // 1000 + 1))[:size]
        target = chance.choice(('/body', '/whole'))
        with self.connect() as client:
            if chance.random() < 0.5:
                sent = request('POST', target, body=body)
            else:
                step = chance.choice((777, 4096, 60000))
                sent = request('POST', target, [('Transfer-Encoding', 'chunked')])
                sent += chunked(*(body[at:at + step] for at in range(0, size, step)))
            self.accept(self.exchange(client, sent), (body,), f'upload {target}')

    @staticmethod
    def exchange(client, sent):
        """The answer to what is sent in a thread of its own: it may begin before all has been sent."""
        def send():
            try:
                client.send(sent)
            except OSError:
                pass  # what has come is read all the same
        thread = threading.Thread(target=send)
        thread.start()
        try:
            return client.response()
        finally:
            try:
                client.finish()
            except OSError:
                pass
            thread.join()

    def echo(self, chance):
        with self.connect('echo') as client:
            for _ in range(chance.randrange(1, 6)):
                sent = chance.randbytes(chance.randrange(1, 30000))
                got = client.send(sent).exactly(len(sent))
                if got != sent:
                    raise Wrong(f'echo: {len(sent)} bytes came back as others')
                self.count('echo right')

    def control(self, chance):
        """An answer may be left out, or say that there is no memory for it."""
        question, begins = chance.choice(((b'help', b'help\t'), (b'data limit=5', b'{'),
                                          (b'data limit=500&sort=idle', b'{')))
        with self.connect('control.sock') as client:
            answer = client.send(question + b'\n').rest().lstrip()  # newlines come while the server collects
            if answer and not answer.startswith(begins) and b'memory' not in answer:
                raise Wrong(f'control {question!r}: {answer[:200]!r}')
            self.count('control right' if answer.startswith(begins) else 'control refused')

    # ---- hostile clients: whatever they get, it is HTTP or nothing ----

    def hostile(self, chance):
        one = chance.choice((self.garbage, self.garbage, self.abort, self.abort, self.half_closed, self.half_closed,
                             self.slow, self.greedy, self.idle, self.view))
        try:
            one(chance)
        except OSError as error:
            if isinstance(error, ConnectionRefusedError):
                raise
            self.count('hostile: got nothing')  # a timeout of its own, or a reset
        self.count(one.__name__)

    def odd_request(self, chance):
        fields = [field + '\r\n' for field in chance.sample(FIELDS, chance.randrange(5))]
        method = chance.choice(('GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'FOO'))
        target = chance.choice(list(FILES) + list(OTHERS))
        host = chance.choice(('localhost', 're42', 'h', '[::1]'))
        version = chance.choice(('1.1', '1.1', '1.0'))
        return f'{method} {target} HTTP/{version}\r\nHost: {host}\r\n{"".join(fields)}\r\n'.encode()

    def spoil(self, chance, bytes_):
        spoilt = bytearray(bytes_)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(spoilt) + 1)
            kind = chance.randrange(4)
            if kind == 0:
                spoilt[at:at + 1] = chance.randbytes(1)
            elif kind == 1:
                del spoilt[at:at + chance.randrange(1, 10)]
            elif kind == 2:
                spoilt[at:at] = chance.choice(SPLINTERS)
            else:
                spoilt[at:at] = spoilt[max(0, at - 20):at]
        return bytes(spoilt)

    def read_some(self, client, chance, most=1 << 20):
        """Till it is bored. What comes first has to be an answer."""
        got = b''
        client.socket.settimeout(0.05 + chance.random() / 2)
        while len(got) < most and chance.random() > 0.01:
            piece = client.socket.recv(65536)
            if not piece:
                break
            if not got and not (piece.startswith(ANSWER) or ANSWER.startswith(piece)):
                raise Wrong(f'no answer: {piece[:200]!r}')
            got += piece

    def garbage(self, chance):
        sent = self.spoil(chance, self.odd_request(chance))
        if chance.random() < 0.2:
            sent = chance.randbytes(chance.randrange(1, 3000))
        with self.connect(chance.choice(('http', 'http.sock'))) as client:
            client.send(sent)
            if chance.random() < 0.5:
                client.finish()
            self.read_some(client, chance)

    def abort(self, chance):
        sent = self.odd_request(chance)
        if chance.random() < 0.5:
            sent = b'POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n' + b'u' * chance.randrange(300000)
        with self.connect(narrow=chance.random() < 0.3) as client:
            client.send(sent[:chance.randrange(len(sent) + 1)])
            if chance.random() < 0.5:
                self.read_some(client, chance, 70000)
            if chance.random() < 0.6:
                client.reset()

    def half_closed(self, chance):
        with self.connect() as client:
            client.send(b''.join(self.odd_request(chance) for _ in range(chance.randrange(1, 12)))).finish()
            self.read_some(client, chance)

    def slow(self, chance):
        sent = self.odd_request(chance)
        with self.connect() as client:
            for at in range(0, len(sent), 1 + len(sent) // 20):
                client.send(sent[at:at + 1 + len(sent) // 20])
                time.sleep(chance.random() * 0.03)
            self.read_some(client, chance)

    def greedy(self, chance):
        """Asks for much and reads nothing."""
        with self.connect(narrow=True) as client:
            client.socket.settimeout(0.5)
            for _ in range(chance.randrange(1, 30)):
                client.send(b'GET /read/big.bin HTTP/1.1\r\nHost: h\r\n\r\n' * 20)
            time.sleep(chance.random())

    def idle(self, chance):
        with self.connect() as client:
            if chance.random() < 0.5:
                client.send(b'GET /plain HTTP/1.1\r\nHost: h\r\n\r\n')
            time.sleep(chance.random() * 2)

    def view(self, chance):
        target = chance.choice(('events', 'events', 'follow?next=1', 'follow?mine=1', 'follow?id=7'))
        if chance.random() < 0.3:
            with self.connect('control.sock') as client:
                client.send(b'follow next=1\n')
                client.socket.settimeout(chance.random() * 2)
                client.socket.recv(65536)
            return
        with self.connect() as client:
            client.send(f'GET /pools/{target} HTTP/1.1\r\nHost: h\r\n\r\n'.encode())
            client.socket.settimeout(2)
            for _ in range(chance.randrange(1, 9)):
                client.socket.recv(65536)

    # ---- the operator ----

    def configure(self, number):
        from tests.harness.instance import INSTRUMENTED
        workers, changes = CONFIGURATIONS[number]
        text = CONFIG.replace('@NUMBER@', str(number))
        for name, value in {**CALM, **changes}.items():
            text = text.replace(f'@{name}@', value)
        # With a sanitizer what was freed waits, and counts, for a while.
        for name, plain, instrumented in (('BUDGET', 4, 24), ('SHARE', 1, 4)):
            text = text.replace(f'@{name}@', str(instrumented if INSTRUMENTED else plain))
        self.server.configure(text, workers=workers, error_log='error.log notice')

    def kick(self, number, word):
        """A signal, which the log then says has been obeyed."""
        before = self.server.read('error.log').count(word)
        self.server.kick(number)
        self.wait(lambda: self.server.read('error.log').count(word) > before, word)

    def reload(self, number):
        self.configure(number)
        self.kick(signal.SIGHUP, 'reconfiguring')
        self.count(f'reload {number}')

    def wait(self, condition, what):
        self.server.wait_for(lambda: self.server.process.poll() is not None or condition(), what)
        status = self.server.process.poll()
        if status is not None:
            raise Wrong(f'the server has ended with {status}: {self.server.read("stderr")[-3000:]}')

    def rotate(self):
        """What the old logs say is kept if it is trouble; the rest would fill the disk."""
        number = self.counts['rotation']
        os.rename(self.server.path('error.log'), self.server.path(f'error.log.{number}'))
        for path in glob.glob(self.server.path('*.log')):
            if not path.endswith('error.log'):
                os.unlink(path)
        self.server.kick(signal.SIGUSR1)
        self.wait(lambda: os.path.exists(self.server.path('error.log')), 'the new log')
        self.count('rotation')

    def operate(self, seconds):
        chance = random.Random(f'{self.seed} operator')
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            deed = chance.random()
            if deed < 0.1:
                self.server.configure_raw(WRONG)
                self.kick(signal.SIGHUP, 'no_such_directive')
                self.count('refused configuration')
            elif deed < 0.7:
                self.reload(chance.randrange(len(CONFIGURATIONS)))
                if chance.random() < 0.3:
                    continue  # the next thing follows at once
            elif deed < 0.85:
                self.rotate()
            else:
                self.change(chance)
            self.wait(lambda: True, 'it')
            time.sleep(chance.random() * 2)

    def change(self, chance):
        """In one step, so that whoever has the old file open goes on reading the old one."""
        self.server.write('html/new', chance.choice(CHANGES))
        os.replace(self.server.path('html/new'), self.server.path('html/changing.txt'))
        self.count('change')

    # ---- where it stands ----

    def calm(self):
        """Back to the first configuration, without clients: what there is now is what it needs."""
        self.settle(0)
        self.wait(lambda: self.threads_now() <= self.threads, 'the workers of before to end')

    def settle(self, number):
        """A configuration, in force. While memory is short it may be refused: then once more."""
        def is_in_force():
            return self.server.get('/generation').text == str(number)

        def refusals():
            return len(re.findall(NO_MEMORY, self.server.read('error.log')))

        done, tries = False, 0
        while not done:
            tries += 1
            assert tries < 50, f'configuration {number} is refused again and again'
            before = refusals()
            self.reload(number)
            self.wait(lambda: is_in_force() or refusals() > before, 'the configuration')
            done = is_in_force()

    def threads_now(self):
        return len(os.listdir(f'/proc/{self.server.pid}/task'))

    def try_all(self):
        """Nothing disturbs: every careful client gets all that it asks for."""
        chance, before = random.Random(self.seed), dict(self.counts)
        for one in (self.kept, self.pipelined, self.ranges, self.upload, self.echo, self.control):
            for _ in range(5):
                self.guard('calm', one, chance)
        for what in self.counts:
            if ('refused' in what or 'early' in what) and self.counts[what] != before.get(what, 0):
                self.blame(f'{what} although it is calm', before)


def open_now(server):
    """What the descriptors are, for whoever has to find the one too many."""
    names, folder = [], f'/proc/{server.pid}/fd'
    for number in os.listdir(folder):
        try:
            names.append(re.sub(r'socket:.*', 'a socket', os.readlink(f'{folder}/{number}')))
        except FileNotFoundError:
            pass
    return collections.Counter(names)


def resident_kib(server):
    with open(f'/proc/{server.pid}/status', encoding='ascii') as file:
        return int(re.search(r'^VmRSS:\s+(\d+)', file.read(), re.M).group(1))


def drive(server, seed, seconds):
    """A server's whole life. Returns the soak, whose `bad` is empty if all is well."""
    from tests.harness.instance import INSTRUMENTED
    soak = Soak(server, seed)
    for name, content in (('big.bin', BIG), ('text.txt', TEXT), ('changing.txt', CHANGES[0])):
        server.write(f'html/{name}', content)
    server.expect(f'no_such_directive|unknown directive|{NO_MEMORY}')
    soak.configure(0)
    server.start()
    soak.threads = soak.threads_now()
    # An address keeps every socket that it ever had, so each configuration is in force once before the count.
    for number in range(len(CONFIGURATIONS)):
        soak.settle(number)
        soak.try_all()
    soak.calm()
    server.wait_for(lambda: settled(server), 'descriptors to settle')
    before, resident = open_now(server), resident_kib(server)
    soak.begin()
    try:
        soak.operate(seconds)
    finally:
        soak.end()
    soak.calm()
    soak.try_all()
    try:
        server.wait_for(lambda: not open_now(server) - before, 'the descriptors to be as before')
    except AssertionError:
        soak.blame('descriptors left', open_now(server) - before)
    if not INSTRUMENTED:  # sanitizers keep what is freed
        server.wait_for(lambda: resident_kib(server) <= resident * 1.25 + 8192, f'memory as before, {resident} KiB')
    print(f'descriptors {before.total()}, at the end {open_now(server).total()}; '
          f'RSS {resident} KiB, at the end {resident_kib(server)} KiB')
    server.stop(signal.SIGQUIT)
    server.check(*(os.path.basename(path) for path in glob.glob(server.path('error.log.*'))))
    return soak


def settled(server):
    before = server.descriptors()
    time.sleep(1.5)
    return server.descriptors() == before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--minutes', type=float, default=10)
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(3), 'little'))
    options = parser.parse_args()
    os.environ['TIDEPOOL_BINARY'] = os.path.join(os.path.abspath(options.build), 'tidepool')
    os.environ.setdefault('TIDEPOOL_PATIENCE', '120')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever ends it leaves no server behind
    from tests.harness import instance
    with tempfile.TemporaryDirectory(prefix='tidepool-soak-') as folder:
        server = instance.Server(folder)
        try:
            soak = drive(server, options.seed, options.minutes * 60)
        except AssertionError as error:
            print(f'seed {options.seed}: {error}')
            sys.exit(1)
        finally:
            server.kill()
    for what, count in sorted(soak.counts.items()):
        print(f'  {count:8} {what}')
    print('\n'.join(soak.samples))
    print(f'seed {options.seed}, {options.minutes:g} minutes: bad {dict(soak.bad)}')
    sys.exit(1 if soak.bad else 0)


if __name__ == '__main__':
    main()
