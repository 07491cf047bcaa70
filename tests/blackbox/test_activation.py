# SPDX-License-Identifier: BSD-2-Clause
"""Sockets that systemd has opened (sd_listen_fds(3), systemd.socket(5))."""
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest

from tests.harness.wire import Client
from tests.load.upgrade import adopt, switch, upgrade

pytestmark = pytest.mark.ours

# As systemd starts a service: the sockets are descriptors from 3 on, and LISTEN_PID is the service's own number.
LAUNCH = '''import os, sys
fds = [os.dup(int(fd)) for fd in sys.argv[1].split(',')]
for number, fd in enumerate(fds):
    os.dup2(fd, 100 + number)
for number in range(len(fds)):
    os.dup2(100 + number, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid() + int(sys.argv[2])), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=sys.argv[3])
os.closerange(3 + len(fds), 200)
os.execv(sys.argv[4], sys.argv[4:])'''


def activate(server, *sockets, names='', another=0):
    fds = [sock.fileno() for sock in sockets]
    server.stderr = open(server.path('stderr'), 'ab')
    server.process = subprocess.Popen([sys.executable, '-c', LAUNCH, ','.join(map(str, fds)), str(another), names,
                                       *server.command('-c', 'nginx.conf')], pass_fds=fds, stdin=subprocess.DEVNULL,
                                      stdout=server.stderr, stderr=server.stderr)
    server.started.append(server.process)
    for sock in sockets:
        sock.close()
    server.wait_for(lambda: server.read('tidepool.pid').strip() or server.process.poll() is not None, 'the pid file')
    assert server.process.poll() is None, server.read('stderr') + server.read('error.log')


@pytest.fixture
def orphans():
    adopt()
    yield
    adopt(False)


def listening(address, family=socket.AF_INET):
    sock = socket.socket(family)
    if family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.listen()
    return sock


def inodes(server):
    """Of the sockets that the process which serves has open."""
    folder, found = f'/proc/{server.pid}/fd', set()
    for fd in os.listdir(folder):
        try:
            found.add(os.stat(f'{folder}/{fd}').st_ino)
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


@pytest.mark.parametrize('workers', [1, 3])
def test_it_serves_on_the_socket(server, workers):
    """sd_listen_fds(3): a client that connects before the service starts is served by it."""
    server.http('server { listen 127.0.0.1:@http@; return 200 yes; }', workers=workers)
    sock = listening(('127.0.0.1', server.port()))
    inode = os.fstat(sock.fileno()).st_ino
    early = server.client()
    activate(server, sock)
    assert early.ask().text == 'yes'
    early.close()
    for _ in range(20):
        assert server.get().text == 'yes'
    assert inode in inodes(server)
    with open(f'/proc/{server.pid}/environ', encoding='ascii', errors='replace') as file:
        assert 'LISTEN_FDS' in file.read()  # what it was started with; getenv finds it no more:
    assert 'LISTEN' not in server.read('error.log')


def test_it_goes_on_after_reload_and_crash(server):
    """The socket is systemd's: it stays the same one, whatever serves it."""
    server.http('server { listen 127.0.0.1:@http@; return 200 one; }')
    sock = listening(('127.0.0.1', server.port()))
    inode = os.fstat(sock.fileno()).st_ino
    activate(server, sock)
    server.http('server { listen 127.0.0.1:@http@; return 200 two; }', workers=2)
    server.reload(lambda: server.get().text == 'two')
    server.expect(r'\[alert\]')
    before = server.pid
    os.kill(before, signal.SIGKILL)
    server.wait_for(lambda: server.children() and server.pid != before, 'another process')
    assert server.get().text == 'two'
    assert inode in inodes(server)


def test_a_unix_socket_keeps_mode_and_path(server):
    """systemd.socket(5), SocketMode=, RemoveOnStop=: both are the socket unit's."""
    path = server.path('socket')
    server.http(f'server {{ listen unix:{path}; return 200 yes; }}')
    sock = listening(path, socket.AF_UNIX)
    os.chmod(path, 0o600)
    kept = socket.socket(fileno=os.dup(sock.fileno()))  # systemd keeps it open
    activate(server, sock)

    def text():
        with Client(path) as client:
            return client.ask().text

    assert text() == 'yes'
    server.http(f'server {{ listen unix:{path}; return 200 two; }}')
    server.reload(lambda: text() == 'two')
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    server.stop()
    assert os.path.exists(path)
    kept.close()


@pytest.mark.usefixtures('orphans')
def test_a_new_binary_knows_whose_the_socket_is(server):
    """The same after USR2: systemd still has the socket, and its path and mode."""
    path = server.path('socket')
    server.http(f'server {{ listen unix:{path}; listen 127.0.0.1:@http@; return 200 yes; }}', workers=2)
    sock = listening(path, socket.AF_UNIX)
    os.chmod(path, 0o600)
    kept = socket.socket(fileno=os.dup(sock.fileno()))
    activate(server, sock, listening(('127.0.0.1', server.port())))
    new = upgrade(server)
    server.kick(signal.SIGQUIT)
    switch(server, new)
    assert server.get().text == 'yes'
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    server.stop()
    assert os.path.exists(path)
    kept.close()


def test_no_listen_directive_for_it(server):
    """What is passed and not used is said, by address."""
    server.http('server { listen 127.0.0.1:@http@; return 200 yes; }')
    activate(server, listening(('127.0.0.1', server.port('other'))))
    assert server.get().text == 'yes'
    server.wait_log(rf'\[warn\].*127\.0\.0\.1:{server.port("other")}')
    with pytest.raises(ConnectionRefusedError):
        server.client('other')


def test_what_is_no_listening_socket(server):
    """A datagram socket (ListenDatagram=) is named, and the others are taken."""
    server.http('server { listen 127.0.0.1:@http@; return 200 yes; }')
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    activate(server, datagram, listening(('127.0.0.1', server.port())), names='udp:web')
    assert server.get().text == 'yes'
    server.wait_log(r'\[error\].*"udp" \(descriptor 3\) of systemd is ignored')


@pytest.mark.parametrize('lines, works', [('listen @http@;', False), ('listen [::]:@http@;', True),
                                          ('listen @http@; listen [::]:@http@;', False)])
def test_ipv4_and_ipv6_in_one(server, lines, works):
    """systemd.socket(5), BindIPv6Only=: a socket at [::] takes IPv4 too. Where that is in the way, a line says so, and
    what to write."""
    server.http(f'server {{ {lines} return 200 yes; }}')
    try:
        sock = socket.create_server(('::', server.port()), family=socket.AF_INET6, dualstack_ipv6=True)
    except OSError:
        pytest.skip('no IPv6')
    if works:
        activate(server, sock)
        assert server.get().text == 'yes'
        return
    kept = socket.socket(fileno=os.dup(sock.fileno()))
    server.expect(r'bind\(\) to 0\.0\.0\.0')
    with pytest.raises(AssertionError):
        activate(server, sock)
    server.process.wait()
    port = server.port()
    said = server.read('stderr') + server.read('error.log')
    assert f"systemd's socket at [::]:{port} takes IPv4 too" in said
    assert f'needs ListenStream=0.0.0.0:{port}, or BindIPv6Only=ipv6-only' in said
    assert said.index('takes IPv4 too') < said.index('bind() to 0.0.0.0')
    server.process = None
    kept.close()


def test_variables_of_another_process(server):
    """sd_listen_fds(3): with another LISTEN_PID they are not for us; the address is opened as at any start."""
    server.http('server { listen 127.0.0.1:@http@; return 200 yes; }')
    activate(server, listening(('127.0.0.1', server.port('other'))), another=1)
    assert server.get().text == 'yes'
    assert server.port('other') and 'systemd' not in server.read('error.log')
