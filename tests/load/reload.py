#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that reloads lose nothing: one after another, between 1 and 16 workers, with clients at TCP, at unix sockets
and at the control socket all the while. Fails if the server dies, if one request is not answered as it should be, or
if the log holds what no run may leave. Some reloads come in pairs, so that a worker has not heard of one when the next
is there. tests/blackbox/test_reload_load.py runs a short form."""
import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time

CONFIG = '''
control unix:@dir@/control.sock;
stream {
    server { listen 127.0.0.1:@echo@; echo; }
    server { listen unix:@dir@/echo.sock; echo; }
    @STREAM@
}
http {
    access_log off;
    keepalive_requests 100000;
    server {
        listen 127.0.0.1:@http@;
        listen unix:@dir@/http.sock;
        location / { return 200 "@WORD@"; }
        location = /status { stub_status; }
        location /pools/ { pool_view; }
        location = /metrics { metrics; }
    }
    @HTTP@
}
'''
# An address that every other configuration has, and one that speaks another protocol in every other.
EXTRA = 'server { listen unix:@dir@/extra.sock; location / { return 200 "@WORD@"; } }'
BYTES = bytes(range(256)) * 8


def configure(server, number, workers):
    text = CONFIG.replace('@HTTP@', EXTRA if number % 2 else '').replace('@STREAM@', '')
    server.configure(text.replace('@WORD@', f'generation {number}'), workers=workers, error_log='error.log')


class Load:
    """Clients in threads, each in a loop of its own; what fails is kept with what happened."""

    def __init__(self, server):
        self.server, self.stopped, self.failures, self.answers = server, threading.Event(), [], 0
        self.missed = 0  # connections to an address that went, lost before a byte of an answer
        self.lock, self.threads = threading.Lock(), []

    def add(self, work, *arguments):
        self.threads.append(threading.Thread(target=self.repeat, args=(work, *arguments), daemon=True))
        self.threads[-1].start()

    def repeat(self, work, *arguments):
        while not self.stopped.is_set():
            try:
                work(*arguments)
            except (AssertionError, OSError, ValueError) as error:
                with self.lock:
                    self.failures.append(f'{work.__name__}{arguments}: {error!r}')
                time.sleep(0.05)

    def end(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def count(self):
        with self.lock:
            self.answers += 1

    def connect(self, where):
        from tests.harness.wire import Client
        return Client(self.server.path(where) if where.endswith('.sock') else self.server.address(where))

    # Clients

    def once(self, where):
        """A request on a connection of its own."""
        from tests.harness.wire import request
        with self.connect(where) as client:
            answer = client.send(request('GET', '/', [('Connection', 'close')])).response()
            assert answer.status == 200 and answer.text.startswith('generation '), answer
            client.expect_close()
        self.count()

    def kept(self, where):
        """Goes on with a connection until the server says close."""
        with self.connect(where) as client:
            while not self.stopped.is_set():
                answer = client.ask('GET', '/')
                assert answer.status == 200 and answer.text.startswith('generation '), answer
                self.count()
                if answer.get('Connection') == 'close':
                    client.expect_close()
                    return
                time.sleep(random.random() * 0.02)

    def halved(self, where, target):
        """Half of a request before a reload, the rest a while later: it is answered under the configuration that it
        began under, whoever has gone since."""
        from tests.harness.wire import request
        asked = request('GET', target, [('Connection', 'close')])
        with self.connect(where) as client:
            client.send(asked[:20])
            time.sleep(random.random() * 0.3)
            answer = client.send(asked[20:]).response()
            assert answer.status == 200 and answer.body, answer
            client.expect_close()
        self.count()

    def echo(self, where):
        with self.connect(where) as client:
            assert client.send(BYTES).exactly(len(BYTES)) == BYTES
        self.count()

    def control(self, question):
        with self.connect('control.sock') as client:
            answer = client.send(question + b'\n').rest()
            assert answer, 'no answer'
            if question != b'help':
                assert 'error' not in json.loads(answer), answer[:200]
        self.count()

    def extra(self):
        """At an address that comes and goes: it may be away, but who has a byte of an answer gets all."""
        from tests.harness.wire import Closed
        try:
            self.once('extra.sock')
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.002)
        except (ConnectionResetError, BrokenPipeError):
            self.missed += 1
        except Closed as error:
            if error.got:
                raise
            self.missed += 1

    def begin(self):
        for where in ('http', 'http.sock'):
            for work in (self.once, self.once, self.kept, self.kept):
                self.add(work, where)
            self.add(self.halved, where, '/status')
        self.add(self.halved, 'http', '/metrics')
        self.add(self.echo, 'echo')
        self.add(self.echo, 'echo.sock')
        self.add(self.control, b'help')
        self.add(self.control, b'data limit=5')
        self.add(self.extra)


def drive(server, reloads, seed, say=lambda text: None):
    """The load, for that many reloads of a server that has been started. Raises an AssertionError."""
    import signal
    chance = random.Random(seed)
    load, workers = Load(server), 1
    load.begin()
    try:
        for number in range(1, reloads + 1):
            workers = chance.choice((1, 2, 16)) if workers == 16 else chance.choice((3, 16, 16))
            configure(server, number, workers)
            server.kick(signal.SIGHUP)
            if chance.random() < 0.3:
                continue  # the next one follows at once
            server.wait_for(lambda: server.process.poll() is not None or server.get().text == f'generation {number}',
                            'the reload')
            assert server.process.poll() is None, f'it died with {server.process.returncode}: {server.read("stderr")}'
            time.sleep(chance.random() * 0.1)
            if number % 100 == 0:
                say(f'{number} reloads, {load.answers} answers, {len(load.failures)} failures, {load.missed} missed')
    finally:
        load.end()
    assert not load.failures, f'{len(load.failures)} failures, seed {seed}\n' + '\n'.join(load.failures[:20])
    return load


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--reloads', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(3), 'little'))
    return parser.parse_args()


def main():
    options = arguments()
    os.environ['TIDEPOOL_BINARY'] = os.path.join(os.path.abspath(options.build), 'tidepool')
    from tests.harness import instance
    with tempfile.TemporaryDirectory(prefix='tidepool-reload-') as folder:
        server = instance.Server(folder)
        configure(server, 0, 1)
        server.start()
        try:
            load = drive(server, options.reloads, options.seed, lambda text: print(text, flush=True))
            server.stop()
        except AssertionError as error:
            print(f'seed {options.seed}: {error}')
            sys.exit(1)
        finally:
            server.kill()
    print(f'{options.reloads} reloads, seed {options.seed}: 0 deaths, {load.answers} answers, 0 failures, '
          f'{load.missed} connections missed by an address that went')


if __name__ == '__main__':
    main()
