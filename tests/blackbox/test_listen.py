# SPDX-License-Identifier: BSD-2-Clause
"""listen: names, ranges of ports, and what its parameters and tcp_nodelay do to sockets (nginx: ngx_http_core_module, listen
and tcp_nodelay; ngx_stream_core_module, listen)."""
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess

import pytest

from tests.harness import instance
from tests.harness.wire import Client, request

PIDFD_OPEN, PIDFD_GETFD = 434, 438  # syscall(2), on every machine


def successive(server, count):
    """The first of so many ports in a row."""
    first = server.port('p0')
    while True:
        ports = [instance.PORTS.take() for _ in range(count - 1)]
        if ports == list(range(first + 1, first + count)):
            return first
        first = server.ports['p0'] = instance.PORTS.take()


def sockets_of(server):
    """The server's own sockets, by descriptors of ours (pidfd_getfd(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    pid = libc.syscall(PIDFD_OPEN, server.pid, 0)
    if pid < 0:
        pytest.skip('no pidfd_open here')
    try:
        for name in os.listdir(f'/proc/{server.pid}/fd'):
            try:
                if not os.readlink(f'/proc/{server.pid}/fd/{name}').startswith('socket:'):
                    continue
            except OSError:
                continue
            fd = libc.syscall(PIDFD_GETFD, pid, int(name), 0)
            if fd < 0:
                pytest.skip(f'no pidfd_getfd here: {os.strerror(ctypes.get_errno())}')
            with socket.socket(fileno=fd) as one:
                yield one
    finally:
        os.close(pid)


def delays(server, client):
    """Whether the server's end of this connection waits for full packets."""
    for one in sockets_of(server):
        try:
            peer = one.getpeername()
        except OSError:
            continue
        if peer == client.socket.getsockname():
            return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
    raise AssertionError('the connection was not found')


def test_range_of_ports(server):
    """nginx, since 1.15.10: `listen 127.0.0.1:8080-8082`."""
    first = successive(server, 3)
    server.http(f'server {{ listen 127.0.0.1:{first}-{first + 2}; return 200 "$server_port"; }}')
    server.start()
    for port in range(first, first + 3):
        with Client(('127.0.0.1', port)) as client:
            assert client.ask().text == str(port)


def test_range_with_options(server):
    """What stands behind the address holds for all of it: each port has its default server."""
    first = successive(server, 2)
    server.http(f'server {{ listen 127.0.0.1:{first}-{first + 1}; return 200 "one"; }}\n'
                f'server {{ listen 127.0.0.1:{first}-{first + 1} default_server backlog=16; return 200 "two"; }}')
    server.start()
    for port in (first, first + 1):
        with Client(('127.0.0.1', port)) as client:
            assert client.ask().text == 'two'


@pytest.mark.ours
def test_range_of_ports_in_stream(server):
    first = successive(server, 2)
    server.configure(f'stream {{ server {{ listen 127.0.0.1:{first}-{first + 1}; echo; }} }}')
    server.start()
    for port in (first, first + 1):
        with Client(('127.0.0.1', port)) as client:
            assert client.send(b'x').exactly(1) == b'x'


@pytest.mark.parametrize('address, reason', [('127.0.0.1:8083-8080', 'invalid port range'), ('8080-', 'invalid port'),
                                             ('[::1]:8080-70000', 'invalid port'), ('127.0.0.1:80-90-99', 'invalid port')])
def test_ranges_refused(server, address, reason):
    server.http(f'server {{ listen {address}; }}')
    done = server.run('-t', '-c', 'nginx.conf')
    assert done.returncode == 1 and f'{reason} in "{address}" of the "listen" directive' in done.stderr


def names_resolve_here():
    """A private /etc/hosts needs a mount namespace."""
    return os.geteuid() == 0 and shutil.which('unshare') and subprocess.run(
        ['unshare', '-m', 'mount', '--bind', '/dev/null', '/etc/hosts'], capture_output=True).returncode == 0


@pytest.mark.skipif(not names_resolve_here(), reason='no mount namespace')
@pytest.mark.parametrize('block, sends, expected', [
    ('http { access_log off; server { listen twice.test:@http@; return 204; } }', request('GET', '/'), b'HTTP/1.1 204'),
    pytest.param('stream { server { listen twice.test:@http@; echo; } }', b'0123456789ab', b'0123456789ab',
                 marks=pytest.mark.ours)])
def test_every_address_of_a_name(server, monkeypatch, block, sends, expected):
    """nginx: "If a name resolves to several addresses", all of them are listened on; one that is said twice counts once."""
    hosts = server.write('hosts', '127.0.0.1 localhost\n127.0.0.2 twice.test\n127.0.0.3 twice.test\n127.0.0.2 twice.test\n')
    wrapper = ['unshare', '-m', 'sh', '-c', f'mount --bind {hosts} /etc/hosts && exec "$@"', 'sh']
    monkeypatch.setattr(instance, 'WRAPPER', wrapper + instance.WRAPPER)
    server.configure(block)
    server.start()
    for host in ('127.0.0.2', '127.0.0.3'):
        with Client((host, server.port())) as client:
            assert client.send(sends).exactly(12) == expected
    with pytest.raises(ConnectionRefusedError):
        Client(('127.0.0.1', server.port()))


def queued(server, port, tries):
    """How many connections the kernel takes for a server that does not accept."""
    server.freeze()
    clients = []
    try:
        for _ in range(tries):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(('127.0.0.1', server.port(port)))  # on the loopback what is taken is taken at once
            clients.append(client)
        return len(select.select([], clients, [], 0.5)[1])
    finally:
        for client in clients:
            client.close()
        server.kick(signal.SIGCONT)


@pytest.mark.parametrize('block, port', [
    ('http { access_log off; server { listen 127.0.0.1:@http@ backlog=%d; return 204; } }', 'http'),
    pytest.param('stream { server { listen 127.0.0.1:@echo@ backlog=%d; echo; } }', 'echo', marks=pytest.mark.ours)])
def test_backlog_and_reload(server, block, port):
    """listen(2): the length of the queue, one more on Linux. A reload with another number asks for it anew, as nginx does."""
    server.configure(block % 2)
    server.start()
    assert queued(server, port, 8) == 3
    for backlog, expected in ((20, 8), (1, 2)):
        server.configure(block % backlog)
        server.reload(lambda: queued(server, port, 8) == expected)


def test_tcp_nodelay(server):
    """nginx: tcp_nodelay on | off, by location; here it holds from the answer's first byte."""
    server.http('server { listen 127.0.0.1:@http@; location /on { return 204; }'
                ' location /off { tcp_nodelay off; return 204; } }')
    server.start()
    with server.client() as client:
        for target in ('/on', '/off', '/off', '/on'):
            assert client.ask(target=target).status == 204
            if instance.OURS or target == '/off':
                assert delays(server, client) == (target == '/off')
