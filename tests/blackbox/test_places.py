# SPDX-License-Identifier: BSD-2-Clause
"""Who is idle or silent keeps nobody out. nginx, ngx_drain_connections: "worker_connections are not enough, reusing
connections"; the same for descriptors, of which some are kept for reloads and log files."""
import os
import re
import signal
import socket
import time

import pytest

from tests.harness.wire import PATIENCE

pytestmark = pytest.mark.ours

LIMIT = 40
CONFIG = '''events { worker_connections %d; } @more@
stream { server { listen 127.0.0.1:@echo@; echo; } }
http { access_log off; keepalive_timeout 60s; client_header_timeout 60s;
    server { listen 127.0.0.1:@http@; location / { return 200 "@word@"; } } }'''


def configure(server, limit=LIMIT, more='', word='text'):
    server.configure(CONFIG.replace('@more@', more).replace('@word@', word) % limit)


def closed(client):
    """Whether the server has closed it."""
    client.socket.settimeout(0.05)
    try:
        return client.socket.recv(1) == b''
    except socket.timeout:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize('kind', ['idle', 'silent', 'echo'])
def test_worker_connections(server, kind):
    """Twice as many as there is room for, on which nothing happens: whoever comes is served at once, and those that
    have been idle for longest went."""
    configure(server)
    server.start()
    clients = []
    for _ in range(2 * LIMIT):
        client = server.client('echo' if kind == 'echo' else 'http')
        if kind == 'idle':
            assert client.ask().status == 200
        clients.append(client)
    # As many as there are places have gone, so all have been accepted: whoever comes now is the youngest.
    server.wait_for(lambda: all(closed(client) for client in clients[:LIMIT]), 'the first to go')
    for _ in range(LIMIT):
        assert server.get().text == 'text'
    gone = [closed(client) for client in clients]
    assert sum(gone) >= LIMIT
    assert gone == sorted(gone, reverse=True), ('the longest idle go first', ''.join('.x'[one] for one in gone))
    said = re.findall(r'\[warn\].*worker_connections are not enough, reusing connections', server.read('error.log'))
    assert len(said) == 1
    assert 'accepting pauses' not in server.read('error.log')


def test_busy_ones_stay(server):
    """A request that has begun is not idle: it is answered, however many come."""
    configure(server)
    server.start()
    busy = [server.client() for _ in range(LIMIT // 2)]
    for client in busy:
        client.send(b'GET / HTTP/1.1\r\nHost: h\r\n')
    server.wait_for(lambda: server.get().status == 200, 'the first')
    silent = [server.client() for _ in range(LIMIT)]
    assert server.get().text == 'text'
    for client in busy:
        client.send(b'\r\n')
        assert client.response().status == 200
    assert sum(closed(client) for client in silent) >= LIMIT // 2


def test_control_is_reached(server):
    """Nobody who comes by TCP keeps the operator out."""
    configure(server, more='control unix:@dir@/control.sock;')
    server.start()
    silent = [server.client() for _ in range(LIMIT - 1)]
    last = server.client()
    assert last.ask().status == 200  # so all places are taken
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(server.path('control.sock'))
        client.sendall(b'help\n')
        assert client.recv(1000).startswith(b'help')
    assert sum(closed(one) for one in silent) == 0, 'the control socket has a place of its own'


@pytest.mark.parametrize('busy', [False, True])
def test_descriptors(server, busy):
    """All descriptors that clients may have are used up, by silent ones or by requests that have begun: a reload and the
    rotation of logs find some, and silent ones keep nobody out. (nginx: worker_rlimit_nofile)"""
    configure(server, 1000, more='worker_rlimit_nofile 80;')
    server.start()
    server.expect('descriptors are not enough, accepting pauses')
    clients = []

    def one_more():
        clients.append(server.client())
        try:
            clients[-1].send(b'GET / HTTP/1.1\r\n' if busy else b'')
        except ConnectionError:
            pass
        return server.descriptors() >= 70

    for _ in range(120):
        one_more()
    server.wait_log('descriptors are not enough')
    # 70 are for clients. An eighth of the silent ones is closed when they are used up, so fewer may be open now.
    server.wait_for(one_more, 'the descriptors to be used up')
    # One more is given before the worker knows, and one serves to look.
    assert server.descriptors() <= 72
    if not busy:
        assert server.get().text == 'text'
    os.rename(server.path('error.log'), server.path('error.log.1'))
    server.kick(signal.SIGUSR1)
    server.wait_for(lambda: os.path.exists(server.path('error.log')), 'the new file')
    configure(server, 1000, more='worker_rlimit_nofile 80;', word='new')
    server.kick(signal.SIGHUP)
    if not busy:
        server.wait_for(lambda: server.get().text == 'new', 'the new configuration')
    for client in clients:
        client.close()
    server.wait_for(lambda: server.get().text == 'new', 'the new configuration')
    assert 'Too many open files' not in server.read('error.log') + server.read('error.log.1')


# ---- the mode of a unix socket (B: who may connect) ----

HTTP = 'http { access_log off; server { listen unix:@dir@/one.sock; listen 127.0.0.1:@http@; location / { return 200 "@word@"; } } }'
CONTROL = '''control unix:@dir@/one.sock;
http { access_log off; server { listen 127.0.0.1:@http@; location / { return 200 "@word@"; } } }'''


def mode(server):
    return os.stat(server.path('one.sock')).st_mode & 0o777


@pytest.mark.parametrize('workers', [1, 3])
def test_mode_follows_the_service(server, workers):
    """control.h: the path has mode 0600; nginx gives `listen unix:` 0666. A reload that makes one of the other changes it
    too."""
    for number, (config, wanted) in enumerate(((HTTP, 0o666), (CONTROL, 0o600), (HTTP, 0o666), (CONTROL, 0o600))):
        server.configure(config.replace('@word@', f'word {number}'), workers=workers)
        if number:
            server.reload(lambda: server.get().text == f'word {number}')
        else:
            server.start()
        server.wait_for(lambda: mode(server) == wanted, 'the mode')


def test_mode_before_it_is_served(server):
    """While connections wait from before, and reloads go on, whoever connects as long as the path is open to all never meets
    the control service. The client looks at the mode behind its connection: narrowed first, served afterwards."""
    texts = [config.replace('@word@', 'x') for config in (HTTP, CONTROL)]
    server.configure(texts[0], workers=2)
    server.start()
    until = time.monotonic() + 3
    met = {'http': 0, 'control': 0}
    turn = 0
    while time.monotonic() < until:
        turn += 1
        server.configure(texts[turn % 2], workers=2)
        server.kick(signal.SIGHUP)
        for _ in range(30):
            before = mode(server)
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE)
                client.connect(server.path('one.sock'))
                after = mode(server)  # root gets in at a narrow one, which may have been widened since
                try:
                    client.sendall(b'help\n\r\n\r\n')
                    answer = client.recv(100)
                except ConnectionError:
                    continue
            if answer.startswith(b'help'):
                met['control'] += 1
                assert 0o600 in (before, after), 'the control service at a path that is open to all'
            elif answer:
                met['http'] += 1
        # One reload at a time: of two in a row neither look would see the mode between them.
        server.wait_for(lambda: mode(server) == (0o600 if turn % 2 else 0o666), 'the mode')
    assert all(met.values()), met


def test_mode_cannot_be_set(server):
    """The reload is refused with a line, and the old configuration serves on under its own mode."""
    server.configure(HTTP.replace('@word@', 'old'))
    server.start()
    os.unlink(server.path('one.sock'))
    server.configure(CONTROL.replace('@word@', 'new'))
    server.expect(r'chmod\(\) to unix:')
    server.kick(signal.SIGHUP)
    server.wait_log(r'\[emerg\].*chmod\(\) to unix:.*one.sock failed \(2: No such file or directory\)')
    assert server.get().text == 'old'
