# SPDX-License-Identifier: BSD-2-Clause
"""Another binary takes over without a lost connection: nginx's "Upgrading Executable on the Fly"
(http://nginx.org/en/docs/control.html). The steps, the names of the pid files and who ends are that page's."""
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios

import pytest

from tests.harness import instance
from tests.harness.wire import PATIENCE, request
from tests.load.upgrade import OLD, PID, Adopted, adopt, drive, number, switch, upgrade

pytestmark = pytest.mark.ours

SERVER = 'server { listen 127.0.0.1:@http@; location / { return 200 "%s"; } location /body { echo_body; } }'


@pytest.fixture(autouse=True)
def orphans():
    adopt()
    yield
    adopt(False)


def running(server, text='old', **options):
    """A server whose binary is a copy, which a test may replace."""
    server.binary = server.path('binary')
    shutil.copy(instance.BINARY, server.binary)
    server.http(SERVER % text, **options)
    return server.start()


def replace(server, content):
    server.write('other', content)
    os.chmod(server.path('other'), 0o755)
    os.replace(server.path('other'), server.binary)


def rolled_back(server, pid, text='old'):
    """nginx: "If the new master process exits then the old master process discards the .oldbin suffix"."""
    server.wait_for(lambda: not os.path.exists(server.path(OLD)) and number(server, PID) == pid, 'the pid file')
    assert server.process.poll() is None
    for _ in range(5):
        assert server.get().text == text


def client_of(server, text):
    """A connection that the one of the two has which says `text`."""
    while True:
        client = server.client()
        if client.ask().text == text:
            return client
        client.close()


def test_upgrade(server):
    running(server, workers=2)
    old = server.process
    server.http(SERVER % 'new', workers=3)
    new = upgrade(server)
    client_of(server, 'new').close()  # both serve
    with client_of(server, 'old') as client:  # a request that the old one has begun ends there
        client.send(request('POST', '/body', [('Content-Length', '4')])).send(b'ab')
        server.wait_for(lambda: server.get().status == 200, 'an answer')
        os.kill(old.pid, signal.SIGQUIT)
        server.wait_for(lambda: all(server.get().text == 'new' for _ in range(16)), 'the old one to leave')
        assert number(server, OLD) == old.pid and number(server, PID) == new.pid
        assert client.send(b'cd').response('POST').body == b'abcd'
    switch(server, new)
    assert server.get().text == 'new' and number(server, PID) == new.pid
    # What has taken over is a server like any other: it reloads, it is replaced in turn, and it ends.
    server.http(SERVER % 'newer')
    server.reload(lambda: server.get().text == 'newer')
    server.http(SERVER % 'newest')
    newest = upgrade(server)
    os.kill(new.pid, signal.SIGQUIT)
    switch(server, newest)
    assert server.get().text == 'newest'
    server.stop()


def test_winch_hup_and_quit(server):
    """nginx: WINCH to the old one, whose workers leave; HUP starts them again "without re-reading the configuration";
    QUIT to the new one; the old one has its pid file again."""
    running(server)
    old, child = server.process, server.pid
    server.http(SERVER % 'new')
    new = upgrade(server)
    os.kill(old.pid, signal.SIGWINCH)
    server.wait_for(lambda: child not in server.children(old), 'the old server to end')
    assert all(server.get().text == 'new' for _ in range(8))
    os.kill(old.pid, signal.SIGHUP)
    server.wait_for(lambda: 'old' in {server.get().text for _ in range(8)}, 'the old one to serve again')
    assert number(server, OLD) == old.pid and number(server, PID) == new.pid
    os.kill(new.pid, signal.SIGQUIT)
    rolled_back(server, old.pid)
    # Once it is alone, HUP reads the configuration.
    server.reload(lambda: server.get().text == 'new')
    server.stop()


def test_hup_before_the_old_server_has_ended(server):
    """The old server still answers a request when it is started again; both requests come to their end."""
    running(server)
    first = server.pid
    with server.client() as client:
        client.send(request('POST', '/body', [('Content-Length', '4')])).send(b'ab')
        server.wait_for(lambda: server.get().status == 200, 'an answer')
        server.kick(signal.SIGWINCH)
        server.wait_log('WINCH: the server process ends')
        server.http(SERVER % 'again')
        server.kick(signal.SIGHUP)  # no new binary runs: the configuration is read
        server.wait_for(lambda: server.get().text == 'again', 'the new server')  # the old one may accept until it heeds WINCH
        assert len(server.children()) == 2
        server.kick(signal.SIGWINCH)
        server.wait_log(f'WINCH is ignored: the server before this one has not ended, process {first}')
        assert client.send(b'cd').response('POST').body == b'abcd'
    server.wait_for(lambda: first not in server.children(), 'the first server to end')
    server.stop()


def test_queue_while_there_is_no_server(server):
    """After WINCH the sockets stay: what comes meanwhile waits, and is answered after HUP."""
    running(server, workers=2)
    server.kick(signal.SIGWINCH)
    server.wait_for(lambda: server.children() == [], 'the server to end')
    clients = [server.client().send(request()) for _ in range(8)]
    server.kick(signal.SIGHUP)
    for client in clients:
        assert client.response().text == 'old'
        client.close()
    server.kick(signal.SIGWINCH)
    server.wait_for(lambda: server.children() == [], 'the server to end')
    server.stop(signal.SIGQUIT)


def test_terminal_changes_its_size(server):
    """The kernel sends WINCH to all in the foreground of a terminal: nobody asked for an end (nginx ignores it there)."""
    server.http(SERVER % 'here')
    main, terminal = os.openpty()
    spawn = subprocess.Popen

    def in_terminal(*arguments, **options):
        return spawn(*arguments, start_new_session=True, **options,
                     preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0))

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(subprocess, 'Popen', in_terminal)
            server.start()
        child = server.pid
        fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack('HHHH', 10, 40, 0, 0))
        server.wait_log(r'signal 28 \(Window changed\) received')  # by the server process, which is in the foreground too
        for count in (1, 2):  # the supervisor had it before these
            server.kick(signal.SIGUSR1)
            server.wait_log('reopening logs', count=count)
        assert server.pid == child and server.get().text == 'here'
        server.stop()
        assert 'WINCH: the server process ends' not in server.read('error.log')
    finally:
        os.close(main)
        os.close(terminal)


def test_new_one_killed_after_winch(server):
    """nginx: "When the new master process exits, the old master process will start new worker processes"."""
    running(server)
    old, child = server.process, server.pid
    server.http(SERVER % 'new')
    new = upgrade(server)
    os.kill(old.pid, signal.SIGWINCH)
    server.wait_for(lambda: child not in server.children(old), 'the old server to end')
    server.expect(rf'the new binary, process {new.pid}, exited on signal 9, the old one goes on')
    orphan = Adopted(server.children(new)[0])  # it answers until it notices
    new.kill()
    orphan.wait(PATIENCE)
    rolled_back(server, old.pid)
    server.wait_log(rf'the new binary, process {new.pid}, exited on signal 9, the old one goes on')
    server.stop()


def test_no_executable(server):
    running(server)
    child = server.pid
    replace(server, 'this is no program')
    server.expect('the new binary ".*" could not be executed, the old one goes on')
    server.kick(signal.SIGUSR2)
    server.wait_log(r'\[alert\].* the new binary ".*/binary" could not be executed, the old one goes on \(8: ')
    rolled_back(server, server.process.pid)
    os.unlink(server.binary)
    server.kick(signal.SIGUSR2)
    server.wait_log(r'the old one goes on \(2: ')
    rolled_back(server, server.process.pid)
    assert server.pid == child
    server.stop()


@pytest.mark.parametrize('what', ['configuration', 'dies', 'address'])
def test_new_one_does_not_come_up(server, what):
    running(server)
    old = server.process
    server.expect(r'the new binary, process \d+, exited|nonsense|bind\(\)')
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(('127.0.0.1', server.port('taken')))
        taken.listen()
        if what == 'configuration':
            server.configure('nonsense;')
        elif what == 'dies':
            replace(server, '#!/bin/sh\nkill -SEGV $$\n')
        else:
            server.http(SERVER % 'new' + 'server { listen 127.0.0.1:@taken@; listen unix:@dir@/new.sock; }')
        server.kick(signal.SIGUSR2)
        server.wait_log(r'\[alert\].* the new binary, process \d+, exited (with status 1|on signal 11), the old one goes on')
    rolled_back(server, old.pid)
    assert not os.path.exists(server.path('new.sock'))
    server.http(SERVER % 'reloaded')
    server.reload(lambda: server.get().text == 'reloaded')
    server.stop()


def test_second_usr2(server):
    """nginx: ignored by both while the two of them run. HUP is the new one's."""
    running(server)
    old = server.process
    new = upgrade(server)
    os.kill(old.pid, signal.SIGUSR2)
    server.wait_log(f'USR2 is ignored: a new binary runs already, process {new.pid}')
    os.kill(new.pid, signal.SIGUSR2)
    server.wait_log(f'USR2 is ignored: the old binary still runs, process {old.pid}')
    os.kill(old.pid, signal.SIGHUP)
    server.wait_log('HUP is ignored: a new binary runs')
    assert server.children(old) == [server.pid, new.pid] and server.get().text == 'old'
    os.kill(new.pid, signal.SIGTERM)
    rolled_back(server, old.pid)
    server.stop()


def connects(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(path)
        client.sendall(request('GET', '/', [('Connection', 'close')]))
        return b''.join(iter(lambda: client.recv(4096), b'')).split(b'\r\n\r\n')[1].decode()


@pytest.mark.parametrize('ends', ['old', 'new'])
def test_unix_sockets(server, ends):
    """The path is of whichever goes on, the control socket's too; a path that only the other one had goes with it."""
    lines = 'control unix:@dir@/control.sock; http { access_log off; client_body_temp_path @dir@/body; %s }'
    only = 'server { listen unix:@dir@/%s.sock; location / { return 200 only; } }'
    shared = SERVER.replace('location / {', 'listen unix:@dir@/shared.sock; location / {', 1)
    server.configure(lines % (shared % 'old' + only % 'first'))
    server.start()
    old = server.process
    server.configure(lines % (shared % 'new' + only % 'second'))
    new = upgrade(server)
    assert connects(server.path('second.sock')) == connects(server.path('first.sock')) == 'only'
    if ends == 'old':
        os.kill(old.pid, signal.SIGQUIT)
        switch(server, new)
    else:
        os.kill(new.pid, signal.SIGQUIT)
        rolled_back(server, old.pid)
    stays, went = ('second', 'first') if ends == 'old' else ('first', 'second')
    server.wait_for(lambda: not os.path.exists(server.path(f'{went}.sock')), 'the path to go')
    assert connects(server.path('shared.sock')) == ('new' if ends == 'old' else 'old')
    assert connects(server.path(f'{stays}.sock')) == 'only'
    control = subprocess.run([instance.BINARY, 'top', '-1', '-c', f'unix:{server.path("control.sock")}'],
                             capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert control.returncode == 0, control.stderr
    server.stop()
    assert not [name for name in os.listdir(server.folder) if name.endswith('.sock')]


def test_daemon(server):
    """The new one of a daemon is a daemon already. What it says before it has a log is in the old one's."""
    running(server)
    server.stop()
    server.configure_raw(server.read('nginx.conf').replace('daemon off', 'daemon on'))
    assert server.spawn().wait(PATIENCE * 2) == 0
    server.wait_for(lambda: number(server, PID), 'the pid file')
    old = server.process = Adopted(number(server, PID))
    good = server.read('nginx.conf')
    server.expect('nonsense|exited with status 1')
    server.configure('nonsense;')
    server.kick(signal.SIGUSR2)
    server.wait_log('unknown directive "nonsense"')
    rolled_back(server, old.pid)
    server.configure_raw(good.replace('"old"', '"new"'))
    new = upgrade(server)
    os.kill(old.pid, signal.SIGQUIT)
    switch(server, new)
    assert server.get().text == 'new'
    assert os.readlink(f'/proc/{new.pid}/fd/2') == '/dev/null'
    server.stop()


def descriptors(pid):
    folder = f'/proc/{pid}/fd'
    return sorted(os.readlink(f'{folder}/{name}').split(':')[0] for name in os.listdir(folder))


def test_descriptors(server):
    """The new one has what a first start has: each socket once, and no other file of the old one's."""
    running(server, workers=3)
    before = descriptors(server.process.pid), descriptors(server.pid)
    for _ in range(2):
        old, new = server.process, upgrade(server)
        os.kill(old.pid, signal.SIGQUIT)
        switch(server, new)
        server.wait_for(lambda: len(server.children()) == 1, 'the server process')
        assert (descriptors(new.pid), descriptors(server.pid)) == before
    server.stop()


def test_old_server_dies(server):
    """While both run the old server is started anew as ever; when it ends, its paths stay with the new one."""
    line = SERVER.replace('location / {', 'listen unix:@dir@/a.sock; location / {', 1)
    server.http(line % 'old')
    server.start()
    old, child = server.process, server.pid
    server.http(line % 'new')
    new = upgrade(server)
    server.expect('exited on signal 9')
    os.kill(child, signal.SIGKILL)
    server.wait_log(f'server process {child} exited on signal 9 .*, it is started anew at once')
    client_of(server, 'old').close()
    os.kill(old.pid, signal.SIGTERM)
    switch(server, new)
    assert connects(server.path('a.sock')) == 'new'
    server.stop()
    assert not os.path.exists(server.path('a.sock'))


@pytest.mark.skipif(os.geteuid() != 0, reason='only root starts as one user and goes on as another')
@pytest.mark.parametrize('sandbox', ['', 'sandbox on; '])
def test_user(public, sandbox):
    """Root's server that has become nobody: the new one starts as root, binds what is new, and gives that up too. The
    same when a reload of the old one's has opened more sockets, as nobody."""
    def configure(text, workers, more=''):
        public.http(SERVER % text + more, workers=workers)
        public.configure_raw(sandbox + public.read('nginx.conf').replace('user root;', 'user nobody;'))

    def users(pid):
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            return re.search(r'^Uid:\s+(\d+)\s+(\d+)', file.read(), re.M).groups()

    server, more = public, 'server { listen 127.0.0.1:@more@; listen unix:@dir@/more.sock; return 200 more; }'
    if sandbox:  # a reload may add no path
        more = more.replace('listen unix:@dir@/more.sock; ', '')
    configure('old', 1)
    server.start()
    configure('reloaded', 2, more)
    server.reload(lambda: server.get().text == 'reloaded')
    before = users(server.process.pid), users(server.pid)
    for text, workers in (('new', 4), ('newer', 1)):
        configure(text, workers, more)
        old, new = server.process, upgrade(server)
        os.kill(old.pid, signal.SIGQUIT)
        switch(server, new)
        assert (users(new.pid), users(server.pid)) == before
        assert server.get().text == text and server.get(port='more').text == 'more'
    server.stop()
    assert not os.path.exists(server.path('more.sock'))


@pytest.mark.parametrize('value', ['x', '7', '9:7', '9:-1;', '9:1;', '9:99999999999;', '9:3;;', '9:;', '9:xs;',
                                   '7;', '0:7;', '-9:7;', '99999999999:7;', ' 9:7;', '9::7;', ':7;'])
def test_malformed_variable(server, value):
    """Whatever stands there, the server opens its sockets as ever."""
    server.http(SERVER % 'here')
    server.start(env={'TIDEPOOL_SOCKETS': value})
    server.wait_log(r'TIDEPOOL_SOCKETS=".*" is ignored: it is no list of descriptors')
    assert server.get().text == 'here'
    server.stop()


def test_variable_names_no_socket(server):
    """3 may be anything of the server's own by then: it stays what it is."""
    server.http(SERVER % 'here')
    server.start(env={'TIDEPOOL_SOCKETS': '1:3;200;'})
    server.wait_log('descriptor (3|200) of TIDEPOOL_SOCKETS is ignored: it is no listening socket', count=2)
    assert server.get().text == 'here'
    with open(f'/proc/{server.pid}/environ', encoding='ascii') as file:
        assert 'TIDEPOOL_SOCKETS' in file.read()  # as it was given; what it starts does not get it
    server.stop()


def test_without_supervisor(server):
    server.http(SERVER % 'here')
    server.configure_raw('supervise off;' + server.read('nginx.conf'))
    server.start()
    for name in (signal.SIGUSR2, signal.SIGWINCH):
        server.kick(name)
    server.wait_log('this signal has no meaning here: there is no supervisor', count=2)
    assert server.get().text == 'here' and number(server, PID) == server.process.pid
    server.stop()


def test_pid_off(server):
    """Without a pid file there is none to rename."""
    running(server)
    server.stop()
    server.configure_raw(server.read('nginx.conf').replace('pid tidepool.pid', 'pid off'))
    old = server.spawn()
    server.wait_log('start worker threads', count=2)
    server.configure_raw(server.read('nginx.conf').replace('"old"', '"new"'))
    server.kick(signal.SIGUSR2)
    server.wait_for(lambda: 'new' in {server.get().text for _ in range(8)}, 'the new one')
    new = [pid for pid in server.children(old) if pid != server.pid][0]
    os.kill(old.pid, signal.SIGQUIT)
    assert old.wait(PATIENCE) == 0
    server.process = Adopted(new)
    assert server.get().text == 'new' and not os.path.exists(server.path(OLD))
    server.stop()


def test_old_one_gone_before_the_new_one_looks(server):
    """Its supervisor was killed meanwhile. The new one is a server of its own from the start: it may be replaced."""
    running(server)
    old = server.process.pid
    server.http(SERVER % 'new')
    server.expect('the supervisor is gone')
    replace(server, '#!/bin/sh\nold=$PPID\nkill -9 $old\nwhile grep -q "^PPid:.$old$" /proc/$$/status; do sleep 0.01; done\n'
                    f'exec {instance.BINARY} "$@"\n')
    server.kick(signal.SIGUSR2)
    server.wait_for(lambda: number(server, PID) not in (0, old), 'the new binary')
    assert server.process.wait(PATIENCE) == -signal.SIGKILL
    server.process = Adopted(number(server, PID))
    server.started.append(server.process)
    server.wait_for(lambda: all(server.get().text == 'new' for _ in range(8)), 'the old server to end')
    server.http(SERVER % 'newer')
    new = upgrade(server)
    server.kick(signal.SIGQUIT)
    switch(server, new)
    assert server.get().text == 'newer'
    server.stop()


def in_a_reload(server, number):
    """HUP, which a frozen server does not answer; then that signal, which the supervisor takes; then the server goes on."""
    child, main = server.pid, server.process.pid
    server.freeze()
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: instance.pending(child, signal.SIGHUP), 'the order to reload')
    server.kick(number)
    server.wait_for(lambda: not instance.pending(main, number), 'the signal to be taken')
    server.kick(signal.SIGUSR1)  # the server gets it after that
    server.wait_for(lambda: instance.pending(child, signal.SIGUSR1), 'the order to reopen logs')
    assert server.children() == [child]
    os.kill(child, signal.SIGCONT)


def test_winch_in_a_reload(server):
    """First the reload, then the end of the server: nothing is lost of either."""
    running(server)
    server.http(SERVER % 'new')
    in_a_reload(server, signal.SIGWINCH)
    server.wait_for(lambda: server.children() == [], 'the server to end')
    new = upgrade(server)
    os.kill(server.process.pid, signal.SIGHUP)  # "without re-reading the configuration"
    server.wait_for(server.children, 'the server again')
    os.kill(new.pid, signal.SIGTERM)
    rolled_back(server, server.process.pid, 'new')
    server.stop()


def test_usr2_in_a_reload(server):
    """The new binary is started when the reload is over."""
    running(server)
    old = server.process
    server.http(SERVER % 'new')
    in_a_reload(server, signal.SIGUSR2)
    server.wait_for(lambda: number(server, PID) not in (0, old.pid), 'the new binary')
    new = Adopted(number(server, PID))
    server.started.append(new)
    server.kick(signal.SIGQUIT)
    switch(server, new)
    assert server.get().text == 'new'
    server.stop()


def test_hup_after_a_winch_that_waits(server):
    """HUP is what ends a WINCH: the server that answers is not ended."""
    running(server)
    child, main = server.pid, server.process.pid
    server.freeze()
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: instance.pending(child, signal.SIGHUP), 'the order to reload')
    for order in (signal.SIGWINCH, signal.SIGHUP):
        server.kick(order)
        server.wait_for(lambda order=order: not instance.pending(main, order), 'the signal to be taken')
    server.http(SERVER % 'new')
    os.kill(child, signal.SIGCONT)
    server.wait_log(' reconfiguring$', count=2)
    server.wait_for(lambda: all(server.get().text == 'new' for _ in range(8)), 'the reload')
    assert server.pid == child
    server.stop()


def test_logs_are_reopened_by_the_one_that_leaves(server):
    """USR1 is for all that write to the files."""
    running(server)
    with server.client() as client:
        client.send(request('POST', '/body', [('Content-Length', '4')])).send(b'ab')
        server.wait_for(lambda: server.get().status == 200, 'an answer')
        server.kick(signal.SIGWINCH)
        server.wait_log('WINCH: the server process ends')
        server.kick(signal.SIGHUP)
        server.wait_for(lambda: len(server.children()) == 2, 'another server')
        server.wait_log('start worker threads', count=2)
        os.rename(server.path('error.log'), server.path('error.log.1'))
        server.kick(signal.SIGUSR1)
        server.wait_log('reopening logs', name='error.log.1', count=2)
        assert client.send(b'cd').response('POST').body == b'abcd'
    server.stop()


def dance(server, *arguments):
    return server.run('-c', 'nginx.conf', '-s', 'upgrade', *arguments)


def test_command(server):
    """USR2, the verdict, QUIT."""
    running(server)
    old = server.process
    server.http(SERVER % 'new')
    run = dance(server)
    new = Adopted(number(server, PID))
    server.started.append(new)
    assert run.returncode == 0, run.stderr
    assert f'upgraded: process {new.pid} serves, process {old.pid} ends' in run.stderr
    switch(server, new)
    assert server.get().text == 'new'
    server.stop()


@pytest.mark.parametrize('what', ['exec', 'dies'])
def test_command_rolls_back(server, what):
    running(server)
    old = server.process
    server.expect('the new binary')
    replace(server, 'this is no program' if what == 'exec' else '#!/bin/sh\nsleep 0.3\nexit 3\n')
    server.binary, binary = instance.BINARY, server.binary
    run = dance(server)
    assert run.returncode == 1
    assert f'rolled back: the new binary did not come up, process {old.pid} goes on' in run.stderr
    rolled_back(server, old.pid)
    server.binary = binary
    shutil.copy(instance.BINARY, server.path('good'))
    os.replace(server.path('good'), binary)
    assert dance(server).returncode == 0
    new = Adopted(number(server, PID))
    server.started.append(new)
    switch(server, new)
    server.stop()


def test_command_refuses(server):
    """A configuration that is wrong, an upgrade that is under way, no process: nobody is sent a signal."""
    running(server)
    old = server.process
    good = server.read('nginx.conf')
    server.configure('nonsense;')
    run = dance(server)
    assert run.returncode == 1 and 'unknown directive "nonsense"' in run.stderr
    server.configure_raw(good)
    new = upgrade(server)
    run = dance(server)
    assert run.returncode == 1
    assert f'an upgrade is under way already: process {old.pid}, the old binary, has not ended' in run.stderr
    os.kill(old.pid, signal.SIGQUIT)
    switch(server, new)
    server.stop()
    assert 'USR2 is ignored' not in server.read('error.log')
    server.write('tidepool.pid', '999999999\n')
    run = dance(server)
    assert run.returncode == 1 and 'kill(999999999, 12) failed (3: ' in run.stderr
    os.unlink(server.path(PID))


def test_command_without_supervisor(server):
    """It says what it waits for, and not for ever."""
    server.http(SERVER % 'here')
    server.configure_raw('supervise off;' + server.read('nginx.conf'))
    server.start()
    run = dance(server)
    assert run.returncode == 1 and 'has begun no upgrade in 10 s: its error log says why' in run.stderr
    assert server.get().text == 'here'
    server.stop()


def test_under_load(server):
    """Five upgrades, of which two are rolled back, and no request fails."""
    assert drive(server, 5, {2: 'new', 4: 'winch'}).answers > 1000
    server.stop()
