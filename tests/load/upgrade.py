#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows that upgrades by USR2 lose nothing: one after another, at TCP and at a unix socket, on new connections and on
kept ones; some are rolled back. A request fails if it is not answered as it should be. A kept connection may be closed
between two requests: then the client sends its GET again, on a new one (RFC 9112 9.3.1), and that counts apart.
tests/blackbox/test_upgrade.py runs a short form."""
import argparse
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

TEXT = '''http {
    access_log off;
    keepalive_requests 1000;
    server { listen 127.0.0.1:@http@; listen unix:@dir@/http.sock; location / { return 200 "answer %d"; } }
}'''
PID, OLD = 'tidepool.pid', 'tidepool.pid.oldbin'


def adopt(on=True):
    """PR_SET_CHILD_SUBREAPER: an old binary ends before the new one, its child, whose end is then ours to wait for."""
    ctypes.CDLL(None).prctl(36, int(on), 0, 0, 0)


class Adopted:
    """A process that we have not started: what subprocess.Popen is to one that we have. Its parent may still live."""

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self):
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
            except ChildProcessError:
                if not os.path.exists(f'/proc/{self.pid}'):
                    self.returncode = 0  # its parent knows more
        return self.returncode

    def wait(self, timeout=None):
        deadline = time.monotonic() + (timeout or 0)
        while self.poll() is None:
            if timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return self.returncode

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)


def number(server, name):
    text = server.read(name).strip()
    return int(text) if text else 0


def upgrade(server):
    """USR2 to the server, and its successor once that serves. nginx: "renames its file with the process ID to a file
    with the .oldbin suffix"; the new one's is there when it serves."""
    old = server.process.pid
    server.kick(signal.SIGUSR2)
    server.wait_for(lambda: number(server, PID) not in (0, old), 'the new binary')
    assert number(server, OLD) == old
    new = Adopted(number(server, PID))
    server.started.append(new)
    return new


def switch(server, new):
    """The old one has ended, or ends: the new one is the server."""
    old, server.process = server.process, new
    assert old.wait(30) == 0
    server.wait_for(lambda: not os.path.exists(server.path(OLD)), 'the old pid file to go')


class Load:
    """Clients in threads; what fails is kept with what happened."""

    def __init__(self, server):
        self.server, self.stopped, self.failures, self.answers, self.again = server, threading.Event(), [], 0, 0
        self.lock, self.threads = threading.Lock(), []

    def __enter__(self):
        for where in ('http', 'http.sock'):
            for work in (self.once, self.once, self.kept, self.kept):
                self.threads.append(threading.Thread(target=self.repeat, args=(work, where), daemon=True))
                self.threads[-1].start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def repeat(self, work, where):
        while not self.stopped.is_set():
            try:
                work(where)
            except (AssertionError, OSError, ValueError) as error:
                with self.lock:
                    self.failures.append(f'{work.__name__}({where}): {error!r}')

    def connect(self, where):
        from tests.harness.wire import Client
        return Client(self.server.path(where) if where.endswith('.sock') else self.server.address(where))

    def take(self, answer):
        assert answer.status == 200 and answer.text.startswith('answer '), answer
        with self.lock:
            self.answers += 1

    def once(self, where):
        from tests.harness.wire import request
        with self.connect(where) as client:
            self.take(client.send(request('GET', '/', [('Connection', 'close')])).response())
            client.expect_close()

    def kept(self, where):
        from tests.harness.wire import Closed
        first = True
        with self.connect(where) as client:
            while not self.stopped.is_set():
                try:
                    answer = client.ask('GET', '/')
                except (Closed, ConnectionError) as error:
                    if first or getattr(error, 'got', b''):
                        raise  # nobody had it before, or an answer was cut
                    with self.lock:
                        self.again += 1
                    return
                first = False
                self.take(answer)
                if answer.get('Connection') == 'close':
                    client.expect_close()
                    return
                time.sleep(0.001)

    def some_answers(self):
        before = self.answers
        self.server.wait_for(lambda: self.answers > before + 50 or self.failures, 'answers')


def step(load, number, how):
    """One upgrade. `how`: None; 'new', the new one ends again; 'winch', the same after the old one's server has ended."""
    server = load.server
    server.configure(TEXT % number, workers=2)
    old, child = server.process, server.pid
    new = upgrade(server)
    load.some_answers()
    if how == 'winch':
        os.kill(old.pid, signal.SIGWINCH)
        server.wait_for(lambda: child not in server.children(old), 'the old server to end')
        load.some_answers()
        os.kill(old.pid, signal.SIGHUP)
        server.wait_for(lambda: len(server.children(old)) == 2, 'the old server to come back')
        load.some_answers()
    if how:
        # Its connections have ended when it has, and until then both accept.
        os.kill(new.pid, signal.SIGQUIT)
        server.wait_for(lambda: not os.path.exists(server.path(OLD)), 'the old pid file to be taken back')
        assert old.poll() is None
    else:
        os.kill(old.pid, signal.SIGQUIT)
        switch(server, new)
        assert server.get().text == f'answer {number}'
    load.some_answers()


def drive(server, upgrades, back):
    """That many upgrades of a server that is started here; `back`: those of them that are rolled back, and how."""
    server.configure(TEXT % 0, workers=2)
    server.start()
    with Load(server) as load:
        for number in range(1, upgrades + 1):
            step(load, number, back.get(number))
    assert not load.failures, f'{len(load.failures)} failures\n' + '\n'.join(load.failures[:20])
    return load


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--upgrades', type=int, default=20)
    options = parser.parse_args()
    os.environ['TIDEPOOL_BINARY'] = os.path.join(os.path.abspath(options.build), 'tidepool')
    from tests.harness import instance
    adopt()
    with tempfile.TemporaryDirectory(prefix='tidepool-upgrade-') as folder:
        server = instance.Server(folder)
        try:
            load = drive(server, options.upgrades, {options.upgrades // 3: 'new', options.upgrades * 2 // 3: 'winch'})
            server.stop()
        except AssertionError as error:
            print(error)
            sys.exit(1)
        finally:
            server.kill()
    print(f'{options.upgrades} upgrades, 2 of them rolled back: {load.answers} answers, 0 failed requests; '
          f'{load.again} kept connections were closed between two requests')


if __name__ == '__main__':
    main()
