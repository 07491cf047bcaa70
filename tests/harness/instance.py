# SPDX-License-Identifier: BSD-2-Clause
"""A server under test: its folder, configuration, ports, start, signals, stop, and what it must not leave
behind."""
import fcntl
import os
import re
import shlex
import signal
import socket
import subprocess
import time

from tests.harness import without
from tests.harness.wire import PATIENCE, Client, request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get('TIDEPOOL_BINARY', os.path.join(ROOT, 'build', 'tidepool')))
WRAPPER = shlex.split(os.environ.get('TIDEPOOL_WRAPPER', ''))

# Lines that no run may leave, whatever the test: sanitizers', valgrind's, and the server's own account of
# memory.
TROUBLE = re.compile(r'Sanitizer|runtime error:|\[alert\]|\[emerg\]|not given back|^==\d+==|Assertion', re.M)


CONFIGURATION = re.compile(r'conf|sites-')  # names of files that the server reads


def version():
    try:
        said = subprocess.run([BINARY, '-V'], capture_output=True, text=True, timeout=PATIENCE)
        return said.stdout + said.stderr  # nginx uses stderr
    except OSError:
        return ''


def holds(path, *marks):
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError:
        return False
    return any(mark in content for mark in marks)


VERSION = version()
# The same language is read by nginx: the tests of what is not ours hold for it too
# (TIDEPOOL_BINARY=/usr/sbin/nginx).
OURS = 'tidepool' in VERSION.lower()
# Sanitizers have allocators of their own: what counts system calls or bytes means nothing with them.
INSTRUMENTED = bool(WRAPPER) or holds(BINARY, b'__asan_init', b'__tsan_init')


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(('::1', 0))
    except OSError:
        return False
    return True


def pending(pid, number):
    """Whether a signal waits for a process, which is stopped or has not come to it."""
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith(('SigPnd', 'ShdPnd'))]
    return any(mask & 1 << number - 1 for mask in masks)


class Ports:
    """Ports of 127.0.0.1 below the kernel's ephemeral range. Each test process owns a slice of 100, by a file
    lock, so that several may run at once."""

    def __init__(self):
        self.owner = None

    def claim(self):
        """A slice for this process: one that was forked off may not go on with its parent's."""
        folder = '/tmp/tidepool-test-ports'
        os.makedirs(folder, mode=0o777, exist_ok=True)
        for first in range(12000, 32000, 100):
            lock = open(os.path.join(folder, str(first)), 'a')
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            self.owner, self.lock, self.first, self.next = os.getpid(), lock, first, 0
            return
        raise RuntimeError('no slice of ports is left')

    def take(self):
        if self.owner != os.getpid():
            self.claim()
        for _ in range(100):
            port = self.first + self.next % 100
            self.next += 1
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(('127.0.0.1', port))
                    return port
                except OSError:
                    continue
        raise RuntimeError('no port is free')


PORTS = Ports()


class Server:
    """One instance in a folder of its own. In a configuration `@name@` stands for a port of 127.0.0.1, the
    same wherever the name is the same, and `@dir@` for the folder."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.binary = BINARY
        self.ports = {}
        self.process = None
        self.started = []
        self.expected = []
        os.makedirs(f'{self.folder}/html', exist_ok=True)

    # Files

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, content):
        path = self.path(name)
        if 'TIDEPOOL_WITHOUT' in os.environ and isinstance(content, str) and CONFIGURATION.search(name):
            content = without.apply(content)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name):
        try:
            with open(self.path(name), encoding='utf-8', errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def port(self, name='http'):
        if name not in self.ports:
            self.ports[name] = PORTS.take()
        return self.ports[name]

    def expand(self, text):
        text = text.replace('@dir@', self.folder)
        return re.sub(r'@(\w+)@', lambda match: str(self.port(match.group(1))), text)

    def configure_raw(self, text, name='nginx.conf'):
        """In one step: a reload that was asked for a moment ago reads either the old file or the new one."""
        path = self.path(name)
        os.replace(self.write(name + '.new', self.expand(text)), path)
        return path

    def configure(self, text, workers=1, error_log='error.log info'):
        """A configuration with what every one needs in its first line, so that line numbers are off by one
        only."""
        user = 'user root; ' if os.geteuid() == 0 else ''
        first = f'daemon off; {user}pid tidepool.pid; error_log {error_log}; worker_processes {workers};'
        events = '' if re.search(r'\bevents\s*\{', text) else ' events { worker_connections 512; }'
        return self.configure_raw(first + events + '\n' + text)

    def http(self, body, **options):
        """The usual case: one http block with the given contents; the access log is off unless they say
        otherwise."""
        log = '' if 'access_log' in body else 'access_log off; '
        temp = '' if 'client_body_temp_path' in body else 'client_body_temp_path @dir@/body; '
        return self.configure('http { ' + log + temp + body + '\n}', **options)

    # Processes

    def command(self, *arguments):
        return WRAPPER + [self.binary, '-p', self.folder + '/', '-e', 'error.log', *arguments]

    def run(self, *arguments):
        """Runs the binary to its end, as for -t or -s."""
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=PATIENCE * 3,
                              stdin=subprocess.DEVNULL)

    def spawn(self, *arguments, env=None):
        self.stderr = open(self.path('stderr'), 'ab')
        self.process = subprocess.Popen(self.command('-c', 'nginx.conf', *arguments),
                                        stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr,
                                        env=dict(os.environ, **(env or {})))
        self.started.append(self.process)
        return self.process

    def start(self, *arguments, env=None):
        """Starts it and waits for the pid file, which is written when it listens."""
        try:
            os.unlink(self.path('tidepool.pid'))
        except FileNotFoundError:
            pass
        self.spawn(*arguments, env=env)
        self.wait_for(lambda: self.read('tidepool.pid').strip() or self.process.poll() is not None,
                      'the pid file')
        assert self.process.poll() is None, f'did not start: {self.read("stderr")}{self.read("error.log")}'
        assert int(self.read('tidepool.pid')) == self.process.pid
        return self

    def refuses_to_start(self, reason, also='', env=None):
        """It ends with status 1 and says why on stderr; `also`: a pattern of more trouble that belongs to it."""
        process, self.process = self.spawn(env=env), None
        assert process.wait(PATIENCE * 2) == 1
        self.stderr.close()
        assert reason in self.read('stderr')
        self.expect(re.escape(reason) + (f'|{also}' if also else ''))
        self.check()

    def wait_for(self, condition, what, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f'waited {seconds:.0f} s for {what}; log: {self.read("error.log")[-2000:]}'
            time.sleep(0.005)

    def wait_log(self, pattern, name='error.log', count=1):
        self.wait_for(lambda: len(re.findall(pattern, self.read(name), re.M)) >= count,
                      f'{pattern!r} in {name}')

    def kick(self, number):
        """As a user does; STOP and CONT, which no process can pass on, go to the one that serves."""
        os.kill(self.pid if number in (signal.SIGSTOP, signal.SIGCONT) else self.process.pid, number)

    def freeze(self):
        """STOP, and wait until all threads have stopped."""
        def stopped():
            states = []
            for task in os.listdir(f'/proc/{self.pid}/task'):
                with open(f'/proc/{self.pid}/task/{task}/stat', encoding='ascii') as file:
                    states.append(file.read().rsplit(')', 1)[1].split()[0])
            return set(states) == {'T'}

        self.kick(signal.SIGSTOP)
        self.wait_for(stopped, 'all threads to stop')

    def reload(self, until):
        """HUP, and wait until the condition shows that the new configuration is in force."""
        self.kick(signal.SIGHUP)
        self.wait_for(until, 'the reload')

    def expect(self, pattern):
        """This test provokes lines of trouble that match the pattern."""
        self.expected.append(re.compile(pattern))

    def stop(self, number=signal.SIGTERM, status=0):
        """Ends it, and looks at what it says and leaves behind."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            os.kill(process.pid, number)
        try:
            code = process.wait(PATIENCE * 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f'did not end after signal {number}: {self.read("error.log")[-2000:]}') from None
        finally:
            self.stderr.close()
        assert code == status, f'exit status {code}: {self.read("stderr")[-6000:]}'
        assert not os.path.exists(self.path('tidepool.pid')), 'the pid file is left behind'
        self.check()

    def check(self, *older):
        """`older`: names of logs that were rotated."""
        said = ''.join(self.read(name) for name in ('stderr', 'error.log', *older))
        bad = [line for line in said.splitlines()
               if TROUBLE.search(line) and not any(pattern.search(line) for pattern in self.expected)]
        assert not bad, 'trouble in the log:\n' + '\n'.join(bad[:60]) + '\n' + self.read('stderr')[-6000:]

    def kill(self):
        for process in self.started:
            if process.poll() is None:
                for pid in self.children(process) + [process.pid]:
                    os.kill(pid, signal.SIGKILL)
                process.wait()

    # Talking to it

    def address(self, port='http'):
        return ('127.0.0.1', self.port(port))

    def client(self, port='http', **options):
        return Client(self.address(port), **options)

    def ask(self, method='GET', target='/', fields=(), body=None, port='http', **options):
        """One request on a connection of its own."""
        with self.client(port) as client:
            fields = list(fields) + [('Connection', 'close')]
            answer = client.send(request(method, target, fields, body, **options)).response(method)
            client.expect_close()
            return answer

    def get(self, target='/', **options):
        return self.ask('GET', target, **options)

    # Accounts of the kernel. Connections are in the process that serves: a supervisor's child, or the children of
    # a server of processes.

    def children(self, process=None):
        pid = (process or self.process).pid
        with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
            return [int(pid) for pid in file.read().split()]

    @property
    def pid(self):
        """The process that serves, for whoever looks into it; signals that a user sends go to self.process."""
        return (OURS and self.children() or [self.process.pid])[0]

    def pids(self):
        return [self.pid] if OURS else [self.process.pid] + self.children()

    def anonymous_kib(self):
        total = 0
        for pid in self.pids():
            with open(f'/proc/{pid}/status', encoding='ascii') as file:
                total += int(re.search(r'^RssAnon:\s+(\d+)', file.read(), re.M).group(1))
        return total

    def descriptors(self):
        return sum(len(os.listdir(f'/proc/{pid}/fd')) for pid in self.pids())
