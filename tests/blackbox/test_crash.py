# SPDX-License-Identifier: BSD-2-Clause
"""A crash: the line that it leaves in the error log, and what the process ends with. A signal that is sent to a thread
stands for a fault in it."""
import ctypes
import fcntl
import os
import re
import resource
import signal
import subprocess
import time

import pytest

from tests.harness.instance import BINARY
from tests.harness.wire import PATIENCE

# The sanitizers and valgrind have handlers of their own.
pytestmark = [pytest.mark.ours, pytest.mark.plain]

UPLOAD = 'server { listen 127.0.0.1:@http@; location / { echo_body; } }'
LINE = r'^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[alert\] (\d+)#(\d+): crashed in (.*)$'
LIBC = ctypes.CDLL(None, use_errno=True)


def configure(server, **options):
    """One process: the one that ends."""
    server.http(UPLOAD, **options)
    server.configure_raw('supervise off;' + server.read('nginx.conf'))


def start(server, workers=1, **options):
    """All workers serve: each has complained of a request at least once."""
    configure(server, workers=workers, **options)
    server.start()

    def serves():
        with server.client() as client:
            client.send(b'GET / HTTP/1.1\r\n\r\n').response()
        return len(set(re.findall(r'#(\d+): \*\d', server.read('error.log')))) == workers

    server.wait_for(serves, 'all workers')


def threads(server):
    """The threads in the order of their start: main, worker 0, worker 1 …"""
    return sorted(int(name) for name in os.listdir(f'/proc/{server.process.pid}/task'))


def hit(server, thread, number):
    assert LIBC.tgkill(server.process.pid, thread, number) == 0, os.strerror(ctypes.get_errno())


def waits_in(server, thread):
    """The function of the kernel."""
    with open(f'/proc/{server.process.pid}/task/{thread}/wchan', encoding='ascii') as file:
        return file.read()


def crashed(server, number):
    """Waits for its end; the line's PID, TID and text, of which there is one."""
    process, server.process = server.process, None
    assert process.wait(PATIENCE * 2) == -number
    server.stderr.close()
    lines = re.findall(LINE, server.read('error.log'), re.M)
    assert len(lines) == 1, server.read('error.log')
    assert int(lines[0][0]) == process.pid
    assert len(lines[0][2]) < 4096
    server.expect('crashed in')
    server.check()
    return int(lines[0][1]), lines[0][2]


@pytest.mark.parametrize('number', [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT])
@pytest.mark.parametrize('place, name', [(0, 'main'), (2, 'worker 1')])
def test_a_thread_that_waits(server, number, place, name):
    start(server, workers=2)
    thread = threads(server)[place]
    hit(server, thread, number)
    found, said = crashed(server, number)
    assert found == thread
    assert said.startswith(f'{name}: signal {number.value} ({number.name}), sent by process {os.getpid()}; backtrace: ')
    assert 'POST' not in said
    assert re.search(r'tidepool\+0x[0-9a-f]+ \((run|master_run)\b', said)


def test_addr2line(server):
    """What stands behind tidepool+ is what addr2line takes."""
    start(server)
    hit(server, threads(server)[1], signal.SIGSEGV)
    said = crashed(server, signal.SIGSEGV)[1]
    address = re.search(r'tidepool\+(0x[0-9a-f]+) \(run\b', said).group(1)
    done = subprocess.run(['addr2line', '-f', '-i', '-e', BINARY, address], capture_output=True, text=True, check=True)
    assert re.search(r'^run\b.*\n.*server/worker\.c:\d+', done.stdout, re.M)


def test_what_a_connection_was_doing(server):
    """The worker stands in the middle of a slow upload: it writes a line about it to a log that takes none. The other log
    has the crash."""
    fifo = server.path('fifo')
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
    configure(server, workers=2, error_log='fifo info; error_log error.log alert')
    server.start()
    assert server.ask('POST', '/', body=b'x').text == 'x'
    if not any('poll' in waits_in(server, threads(server)[0]) or time.sleep(0.01) for _ in range(500)):
        pytest.skip('this kernel does not tell where threads wait')
    with server.client() as client:
        try:
            while True:
                os.write(end, b'x')
        except BlockingIOError:
            pass
        client.send(b'POST /slow?\x1b[31m HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1000000\r\n\r\nbegun')
        writes = []

        def blocked():
            """A worker waits in write(2) to the pipe, on behalf of a connection; nothing else writes there now."""
            writes[:] = [thread for thread in threads(server)[1:] if 'pipe' in waits_in(server, thread)]
            return writes

        server.wait_for(blocked, 'a worker that writes')
        hit(server, writes[0], signal.SIGSEGV)
        thread, said = crashed(server, signal.SIGSEGV)
    os.close(end)
    assert thread == writes[0]
    assert re.match(r'worker \d: ', said)
    assert re.search(r' \(connection_log\), ', said)
    assert re.search(r'; \*\d+ \([a-z]+\) while [a-z ]+, client: 127\.0\.0\.1, server: , '
                     r'request: "POST /slow\?\\x1B\[31m HTTP/1\.1".*, listening on: 127\.0\.0\.1:\d+$', said)


def test_the_core_is_the_systems(server):
    """Where the system writes cores, it writes that of a crash: as for a program without a handler."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    sleeper = subprocess.Popen(['sleep', '1000'], cwd=server.folder, preexec_fn=limit)
    sleeper.send_signal(signal.SIGSEGV)
    expected = os.waitpid(sleeper.pid, 0)[1]
    configure(server)
    process = subprocess.Popen(server.command('-c', 'nginx.conf'), cwd=server.folder, preexec_fn=limit,
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.wait_log('start worker threads')
    process.send_signal(signal.SIGSEGV)
    assert os.waitpid(process.pid, 0)[1] == expected
    sleeper.returncode = process.returncode = -signal.SIGSEGV
    assert len(re.findall(LINE, server.read('error.log'), re.M)) == 1
