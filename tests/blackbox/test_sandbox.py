# SPDX-License-Identifier: BSD-2-Clause
"""`sandbox` (issue "Unbreakable", number 5): what the process that serves has given up, as proc(5) shows it, and that all
goes on without it."""
import os
import re
import signal

import pytest

from tests.blackbox.test_supervisor import DIED, kill, next_one
from tests.harness.instance import BINARY, holds

pytestmark = pytest.mark.ours

SERVER = '''access_log access.log; server { listen 127.0.0.1:@http@; location / { return 200 "%s"; }
    location /whole { echo_body whole; client_body_in_file_only clean; } }'''
BIND_SERVICE = 1 << 10  # capability.h


def configure(server, word, value):
    server.http(SERVER % word, workers=2)
    server.configure_raw(f'sandbox {value};' + server.read('nginx.conf'))


def status(pid, thread):
    with open(f'/proc/{pid}/task/{thread}/status', encoding='ascii') as file:
        return dict(re.findall(r'^(\w+):\s*(.*)$', file.read(), re.M))


def threads(server):
    """In the order in which they were made."""
    return [status(server.pid, thread) for thread in sorted(os.listdir(f'/proc/{server.pid}/task'), key=int)]


def inside(server):
    for number, thread in enumerate(threads(server)):
        assert thread['NoNewPrivs'] == '1' and thread['Seccomp'] == '2'
        # ThreadSanitizer makes a thread of its own before main. A thread's capabilities are its own alone.
        if number == 1 and holds(BINARY, b'__tsan_init'):
            continue
        assert int(thread['CapEff'], 16) | int(thread['CapPrm'], 16) in (0, BIND_SERVICE)
        assert int(thread['CapInh'], 16) == int(thread['CapAmb'], 16) == 0
        if os.geteuid() == 0:
            assert int(thread['CapBnd'], 16) == 0


def test_every_thread(server):
    """Of the server; the supervisor, and each without it, are what they were."""
    configure(server, 'here', 'on')
    server.start()
    assert server.get().text == 'here'
    inside(server)
    assert status(server.process.pid, server.process.pid)['NoNewPrivs'] == status('self', os.getpid())['NoNewPrivs']


@pytest.mark.parametrize('line', ['', 'sandbox off;'])
def test_off(server, line):
    server.http(SERVER % 'here')
    server.configure_raw(line + server.read('nginx.conf'))
    server.start()
    own = status('self', os.getpid())
    for thread in threads(server):
        assert all(thread[name] == own[name] for name in ('NoNewPrivs', 'Seccomp', 'CapBnd'))


def test_life(server):
    """A reload, an upload to a file, logs opened again, a crash: all of it as without a sandbox."""
    configure(server, 'old', 'on')
    server.start()
    configure(server, 'new', 'on')
    server.reload(lambda: server.get().text == 'new')
    assert server.ask('POST', '/whole', body=b'x' * 100000).body == b'x' * 100000
    os.rename(server.path('access.log'), server.path('access.log.1'))
    server.kick(signal.SIGUSR1)
    server.wait_for(lambda: server.get().text == 'new' and server.read('access.log'), 'a line in the new file')
    server.expect(DIED)
    next_one(server, kill(server))
    inside(server)


def test_at_start_only(server):
    configure(server, 'old', 'on')
    server.start()
    configure(server, 'new', 'off')
    server.reload(lambda: server.get().text == 'new')
    server.wait_log('"sandbox" is read at start only')
    inside(server)
