# SPDX-License-Identifier: BSD-2-Clause
"""What a service manager hears: sd_notify(3). "READY=1: service startup is finished, or the service finished
re-loading"; "RELOADING=1 … must also include MONOTONIC_USEC="; "STOPPING=1"; "MAINPID=". Messages count only if the
main process sends them (NotifyAccess=main)."""
import os
import signal
import socket
import struct
import time

import pytest

from tests.blackbox.test_sandbox import needs_landlock
from tests.harness.instance import pending
from tests.harness.wire import PATIENCE
from tests.load.upgrade import adopt, switch, upgrade

pytestmark = pytest.mark.ours

SERVER = 'server { listen 127.0.0.1:@http@; location / { return 200 "%s"; } }'


class Manager:
    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind('\0' + name[1:] if name.startswith('@') else name)
        self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def hears(self, sender):
        """The next message, which that process sent."""
        text, extra, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
        assert struct.unpack('iii', extra[0][2])[0] == sender
        return dict(line.split('=', 1) for line in text.decode().split('\n'))

    def hears_reload(self, sender, before):
        said = self.hears(sender)
        assert said['RELOADING'] == '1'
        assert before <= int(said['MONOTONIC_USEC']) * 1000 <= time.monotonic_ns()
        said = self.hears(sender)
        assert said['READY'] == '1'
        return said['STATUS']


@pytest.fixture(params=['path', 'abstract'])
def manager(request, tmp_path):
    name = str(tmp_path / 'notify') if request.param == 'path' else f'@tidepool-test-{os.getpid()}'
    with Manager(name) as one:
        one.env = {'NOTIFY_SOCKET': name}
        yield one


@pytest.mark.parametrize('sandbox', ['on', 'off'])
@pytest.mark.parametrize('supervise', ['on', 'off'])
def test_start_reload_end(server, manager, supervise, sandbox):
    def configure(body):
        server.http(body)
        server.configure_raw(f'supervise {supervise}; sandbox {sandbox};' + server.read('nginx.conf'))

    configure(SERVER % 'old')
    server.start(env=manager.env)
    main = server.process.pid
    assert manager.hears(main) == {'READY': '1', 'STATUS': 'Serving'}
    configure(SERVER % 'new')
    before = time.monotonic_ns()
    server.kick(signal.SIGHUP)
    assert manager.hears_reload(main, before) == 'Serving, the configuration was read again'
    server.wait_for(lambda: server.get().text == 'new', 'all workers')
    server.expect('nonsense')
    configure('nonsense;')
    server.kick(signal.SIGHUP)
    assert manager.hears_reload(main, before) == 'Serving, the last configuration was refused: the error log says why'
    server.stop(signal.SIGQUIT)
    if supervise == 'on':
        assert manager.hears(main)['STOPPING'] == '1'


def test_server_started_anew(server, manager):
    """The service goes on: its main process is the supervisor."""
    server.http(SERVER % 'here')
    server.start(env=manager.env)
    assert manager.hears(server.process.pid)['READY'] == '1'
    server.expect('exited on signal 9')
    os.kill(server.pid, signal.SIGKILL)
    assert manager.hears(server.process.pid)['READY'] == '1'
    server.stop()


def test_upgrade(server, manager):
    """MAINPID: "the main process ID of the service, in case the service manager did not fork off the process itself". The
    old one says it, since only it is heard; the new one is silent until then."""
    adopt()
    server.http(SERVER % 'here')
    server.start(env=manager.env)
    old = server.process
    assert manager.hears(old.pid)['READY'] == '1'
    new = upgrade(server)
    os.kill(old.pid, signal.SIGQUIT)
    assert manager.hears(old.pid)['MAINPID'] == str(new.pid)
    switch(server, new)
    assert manager.hears(new.pid) == {'READY': '1', 'STATUS': 'Serving'}
    before = time.monotonic_ns()
    server.kick(signal.SIGHUP)
    manager.hears_reload(new.pid, before)
    server.stop()
    assert manager.hears(new.pid)['STOPPING'] == '1'
    adopt(False)


def test_hup_that_is_ignored(server, manager):
    """Whoever sent it waits for the end of a reload (Type=notify-reload)."""
    adopt()
    server.http(SERVER % 'here')
    server.start(env=manager.env)
    old = server.process
    assert manager.hears(old.pid)['READY'] == '1'
    new = upgrade(server)
    before = time.monotonic_ns()
    server.kick(signal.SIGHUP)
    assert 'refused' in manager.hears_reload(old.pid, before)
    os.kill(server.pid, signal.SIGQUIT)  # a server that ends of itself ends its supervisor, and the service goes on
    assert manager.hears(old.pid)['MAINPID'] == str(new.pid)
    switch(server, new)
    assert manager.hears(new.pid)['READY'] == '1'
    server.stop()
    adopt(False)


def test_server_dies_in_a_reload(server, manager):
    """The reload has an outcome, then the service is ready again."""
    server.http(SERVER % 'here')
    server.start(env=manager.env)
    main, child = server.process.pid, server.pid
    assert manager.hears(main)['READY'] == '1'
    server.expect(r'exited on signal 9|died in a reload')
    server.freeze()
    before = time.monotonic_ns()
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: pending(child, signal.SIGHUP), 'the order to reload')
    os.kill(child, signal.SIGKILL)
    assert 'refused' in manager.hears_reload(main, before)
    assert manager.hears(main) == {'READY': '1', 'STATUS': 'Serving'}
    server.stop()


def test_new_binary_without_a_supervisor(server, manager):
    """It looks itself whether the old one has ended: then it is the service, and the paths are its own."""
    adopt()
    path = SERVER.replace('location / {', 'listen unix:@dir@/a.sock; location / {', 1) % 'here'
    server.http(path)
    server.start(env=manager.env)
    old = server.process
    assert manager.hears(old.pid)['READY'] == '1'
    server.configure_raw('supervise off;' + server.read('nginx.conf'))
    new = upgrade(server)
    os.kill(old.pid, signal.SIGQUIT)
    assert manager.hears(old.pid)['MAINPID'] == str(new.pid)
    switch(server, new)
    assert manager.hears(new.pid) == {'READY': '1', 'STATUS': 'Serving'}
    server.stop()
    assert not os.path.exists(server.path('a.sock'))
    adopt(False)


@needs_landlock
@pytest.mark.parametrize('fails', [False, True])
def test_another_process_for_a_reload(server, manager, tmp_path_factory, fails):
    """A configuration that needs more than the sandbox leaves within reach: the reload is one like any other."""
    other = tmp_path_factory.mktemp('other')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        more = f'server {{ listen 127.0.0.1:{taken.getsockname()[1]}; }}' if fails else ''
        server.write('html/page', 'old')
        server.http('server { listen 127.0.0.1:@http@; root @dir@/html; }')
        server.configure_raw('sandbox on;' + server.read('nginx.conf'))
        server.start(env=manager.env)
        main = server.process.pid
        assert manager.hears(main)['READY'] == '1'
        server.http(f'server {{ listen 127.0.0.1:@http@; root {other}; }} {more}')
        server.configure_raw('sandbox on;' + server.read('nginx.conf'))
        server.expect(r'bind\(\) to |did not come up, so .*: server process \d+ exited with status 1')
        before = time.monotonic_ns()
        server.kick(signal.SIGHUP)
        assert ('refused' if fails else 'was read again') in manager.hears_reload(main, before)
    server.stop()


@pytest.mark.parametrize('name', ['/nowhere/notify', 'relative', '/' + 'x' * 200])
def test_nobody_hears(server, name):
    """A line says so, and the server serves."""
    server.http(SERVER % 'here')
    server.start(env={'NOTIFY_SOCKET': name})
    server.wait_log(r'\[warn\].* NOTIFY_SOCKET ".*" could not be told "READY=1"')
    assert server.get().text == 'here'
    server.stop()
