# SPDX-License-Identifier: BSD-2-Clause
"""The supervisor (issue "Unbreakable"): the server dies, and another one is there, on the same sockets."""
import os
import re
import resource
import signal
import socket
import subprocess
import threading

import pytest

from tests.harness import instance
from tests.harness.wire import PATIENCE, Client, request

pytestmark = pytest.mark.ours

SERVER = 'server { listen 127.0.0.1:@http@; location / { return 200 "%s"; } }'
DIED = r'\[alert\].* (server process \d+ exited on signal |crashed in )'


def gone(pid):
    """A process that nobody has waited for yet is gone too: in a container there may be nobody to do it."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return file.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


def kill(server, number=signal.SIGKILL):
    """Kills the server; returns when it is gone, and another one may not have begun yet."""
    old = server.pid
    os.kill(old, number)
    server.wait_for(lambda: gone(old), 'its end')
    return old


def next_one(server, old):
    """Waits until another one serves."""
    server.wait_for(lambda: server.children() not in ([], [old]), 'another server')
    assert server.get().status == 200


def started(server, text='here', **options):
    server.http(SERVER % text, **options)
    server.start()
    server.expect(DIED)
    return server


def holds(server, number=None):
    """The pid file has the supervisor's number, and says it until the end."""
    return server.read('tidepool.pid') == f'{number or server.process.pid}\n'


@pytest.mark.parametrize('number', [
    pytest.param(signal.SIGSEGV, marks=pytest.mark.plain),  # a sanitizer makes a report of it
    signal.SIGABRT, signal.SIGKILL])
def test_killed_under_load(server, number):
    """New connections all the time: none is refused, and what comes after a death is answered. A connection that the
    dying server had taken is lost."""
    started(server, workers=2)
    stop, refused, answers = threading.Event(), [], [0]

    def load():
        while not stop.is_set():
            try:
                with Client(server.address()) as client:
                    client.send(request('GET', '/', [('Connection', 'close')])).response('GET')
                    answers[0] += 1
            except ConnectionRefusedError as error:
                refused.append(error)
            except (AssertionError, OSError):
                pass

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            kill(server, number)
            assert server.get().text == 'here'
            before = answers[0]
            server.wait_for(lambda: answers[0] > before, 'the load to go on')
            assert holds(server)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not refused
    assert len(re.findall(rf'\[alert\].* server process \d+ exited on signal {int(number)} \([^)]+\), '
                          'it is started anew at once$', server.read('error.log'), re.M)) == 8
    server.stop()


def test_queued_connections_survive(server):
    """What the kernel has queued, and the server never saw, is answered by the next one."""
    started(server, workers=2)
    old = server.pid
    server.freeze()
    clients = [Client(server.address()) for _ in range(20)]
    for client in clients:
        client.send(request('GET', '/'))
    os.kill(old, signal.SIGKILL)
    for client in clients:
        assert client.response('GET').text == 'here'
        client.close()
    server.stop()


def test_signals(server):
    """All go to the supervisor, and arrive. USR2 and WINCH: test_upgrade.py."""
    started(server, 'old')
    child = server.pid
    server.http(SERVER % 'new')
    server.reload(lambda: server.get().text == 'new')
    os.rename(server.path('error.log'), server.path('error.log.1'))
    server.kick(signal.SIGUSR1)
    server.wait_for(lambda: os.path.exists(server.path('error.log')), 'the new log')
    server.wait_for(lambda: 'reopening logs' in server.read('error.log.1') + server.read('error.log'), 'USR1')
    assert server.pid == child and holds(server)
    next_one(server, kill(server))  # the supervisor too writes to the new one
    server.wait_log(DIED)
    assert 'exited on signal' not in server.read('error.log.1')
    server.stop(signal.SIGINT)
    assert gone(child)


@pytest.mark.parametrize('crash', [False, True])
def test_quit(server, crash):
    """QUIT lets a request come to its end and refuses new connections meanwhile, in the first server and in a later."""
    server.http('server { listen 127.0.0.1:@http@; location / { echo_body; } location /x { return 200; } }')
    server.start()
    server.expect(DIED)
    if crash:
        kill(server)
        assert server.get('/x').status == 200
    with server.client() as client:
        client.send(request('POST', '/', [('Content-Length', '4')])).send(b'ab')
        server.wait_for(lambda: server.get('/x').status == 200, 'an answer')
        server.kick(signal.SIGQUIT)

        def refused():
            try:
                Client(server.address()).close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                pass  # it waited in a queue that was closed at this moment
            return False

        server.wait_for(refused, 'the end of the queue')
        assert holds(server)
        assert client.send(b'cd').response('POST').body == b'abcd'
    assert server.process.wait(PATIENCE) == 0
    server.stop()


def test_command_line(server):
    """-s finds it by the pid file."""
    started(server, 'old')
    kill(server)
    server.http(SERVER % 'new')
    assert server.run('-c', 'nginx.conf', '-s', 'reload').returncode == 0
    server.wait_for(lambda: server.get().text == 'new', 'the reload')
    assert server.run('-c', 'nginx.conf', '-s', 'reopen').returncode == 0
    server.wait_log('reopening logs')
    assert server.run('-c', 'nginx.conf', '-s', 'quit').returncode == 0
    assert server.process.wait(PATIENCE) == 0
    server.stop()


def listening(server, port):
    try:
        Client(('127.0.0.1', server.port(port))).close()
    except ConnectionRefusedError:
        return False
    return True


def test_reload_and_crash(server):
    """The next server has what the last reload brought: addresses, text, pid file, and not what it took away. A file
    that is broken by then, or was refused, is not asked."""
    one = 'server { listen 127.0.0.1:@%s@; %s location / { return 200 "%s"; } }'
    unix = 'listen unix:@dir@/%s.sock;'
    server.http(one % ('http', '', 'old') + one % ('leaves', unix % 'leaves', 'old'))
    server.start()
    server.expect(DIED)
    server.http(one % ('http', '', 'new') + one % ('comes', unix % 'comes', 'new'), workers=3)
    server.configure_raw(server.read('nginx.conf').replace('pid tidepool.pid', 'pid other.pid'))
    server.reload(lambda: server.get().text == 'new')
    server.wait_for(lambda: not listening(server, 'leaves') and not os.path.exists(server.path('tidepool.pid')),
                    'the old address to go')
    for broken in (None, 'http { nonsense; }'):
        if broken:
            server.configure(broken)
        for _ in range(2):
            next_one(server, kill(server))
            assert server.get().text == 'new' and server.get(port='comes').text == 'new'
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(server.path('comes.sock'))
            assert not listening(server, 'leaves') and not os.path.exists(server.path('leaves.sock'))
            assert server.read('other.pid') == f'{server.process.pid}\n'
    server.expect('nonsense')
    server.kick(signal.SIGHUP)
    server.wait_log('unknown directive "nonsense"')
    next_one(server, kill(server))
    assert server.get().text == 'new' and server.read('error.log').count('unknown directive "nonsense"') == 1
    server.http(SERVER % 'newest')
    server.reload(lambda: server.get().text == 'newest')
    server.wait_for(lambda: not listening(server, 'comes') and server.read('tidepool.pid'), 'the old address to go')
    server.stop()
    assert not os.path.exists(server.path('other.pid')) and not os.path.exists(server.path('comes.sock'))


def test_workers_come_and_go(server):
    """Sockets that a reload adds for its workers are kept too: those of the kernel's queue would be lost with them."""
    started(server, 'one')
    for number in (4, 2, 3):
        server.http(SERVER % number, workers=number)
        server.reload(lambda: server.get().text == str(number))
        old = server.pid
        server.freeze()
        clients = [Client(server.address()) for _ in range(20)]
        os.kill(old, signal.SIGKILL)
        for client in clients:
            assert client.send(request('GET', '/')).response('GET').text == str(number)
            client.close()
    server.stop()


def test_supervisor_killed(server):
    """The server ends too, and its port is free."""
    started(server)
    child, process, server.process = server.pid, server.process, None
    process.kill()
    assert process.wait(PATIENCE) == -signal.SIGKILL
    server.wait_for(lambda: gone(child), 'the end of the server')
    server.wait_log('the supervisor is gone, so the server ends')
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(server.address())
    server.stderr.close()
    started(server)
    server.stop()


def starve(server, spare):
    """The next server finds no memory for its threads; `spare` None: it does again."""
    with open(f'/proc/{server.process.pid}/status', encoding='ascii') as file:
        now = int(re.search(r'^VmSize:\s+(\d+)', file.read(), re.M).group(1)) * 1024
    most = resource.RLIM_INFINITY if spare is None else now + spare
    resource.prlimit(server.process.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


@pytest.mark.plain
def test_back_off(server):
    """One that cannot start is tried again, ever later, and HUP is heard meanwhile."""
    started(server, 'old', workers=4)
    server.expect(r'\[emerg\]|exited with status 1')
    starve(server, 1 << 20)
    kill(server)
    for delay in ('at once', 'in 100 ms', 'in 1000 ms'):
        server.wait_log(rf'server process \d+ exited with status 1, it is started anew {delay}$')
    assert holds(server)
    server.http(SERVER % 'new')
    starve(server, None)
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: server.get().text == 'new', 'the new configuration')
    server.stop()


@pytest.mark.plain
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGQUIT])
def test_end_while_there_is_none(server, number):
    started(server, workers=4)
    server.expect(r'\[emerg\]|exited with status 1')
    starve(server, 1 << 20)
    kill(server)
    server.wait_log('it is started anew in 2000 ms')
    server.stop(number)


@pytest.mark.plain
def test_first_start_fails(server):
    """Then there is nothing to start anew: the reason is said, once, and its status is that of the command."""
    server.http(SERVER % 'x' + 'server { listen unix:@dir@/x.sock; }', workers=64)
    run = subprocess.run(['prlimit', f'--as={100 << 20}', *server.command('-c', 'nginx.conf')], capture_output=True,
                         text=True, timeout=PATIENCE * 3, check=False)
    assert run.returncode == 1 and run.stderr.count('[emerg] worker threads could not be started') == 1
    assert 'anew' not in run.stderr + server.read('error.log')
    assert not os.path.exists(server.path('tidepool.pid')) and not os.path.exists(server.path('x.sock'))
    assert not listening(server, 'http')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root starts as one user and goes on as another')
def test_user(public):
    """The next server gives its privileges up like the first, also after a reload; what the supervisor opens meanwhile
    is the user's."""
    def nobody():
        public.configure_raw(public.read('nginx.conf').replace('user root;', 'user nobody;'))

    def user():
        with open(f'/proc/{public.pid}/status', encoding='ascii') as file:
            return re.search(r'^Uid:\s+(\d+)\s+(\d+)', file.read(), re.M).groups()

    server = public
    server.http(SERVER % 'old')
    nobody()
    server.start()
    server.expect(DIED)
    first = user()
    assert '0' not in first
    next_one(server, kill(server))
    assert user() == first
    server.http('access_log new.log;' + SERVER % 'new', error_log='other.log info')
    nobody()
    server.reload(lambda: server.get().text == 'new')
    server.wait_log('listening on|http on', 'other.log', count=0)
    next_one(server, kill(server))
    assert user() == first
    server.wait_log(DIED, 'other.log')
    os.rename(server.path('new.log'), server.path('new.log.1'))
    server.kick(signal.SIGUSR1)
    server.wait_for(lambda: os.path.exists(server.path('new.log')), 'the new log')
    for name in ('new.log', 'other.log'):
        assert str(os.stat(server.path(name)).st_uid) == first[0]
    server.stop()


@pytest.mark.parametrize('directive', ['supervise off;', 'master_process off;'])
def test_off(server, directive):
    """One process, as before; nobody starts it anew. nginx without a master has no other process either."""
    server.http(SERVER % 'here')
    server.configure_raw(directive + server.read('nginx.conf'))
    server.start()
    assert server.children() == [] and server.get().text == 'here' and holds(server)
    server.kick(signal.SIGKILL)
    assert server.process.wait(PATIENCE) == -signal.SIGKILL
    server.process = None
    assert not listening(server, 'http')


def test_at_start_only(server):
    started(server, 'old')
    server.http(SERVER % 'new')
    server.configure_raw('supervise off;' + server.read('nginx.conf'))
    server.reload(lambda: server.get().text == 'new')
    server.wait_log('"supervise" is read at start only')
    next_one(server, kill(server))
    server.stop()


def test_daemon(server):
    """The pid file leads to the supervisor, which goes on without a terminal."""
    server.http(SERVER % 'here')
    server.configure_raw(server.read('nginx.conf').replace('daemon off', 'daemon on'))
    assert server.spawn().wait(PATIENCE * 2) == 0
    server.wait_for(lambda: server.read('tidepool.pid').strip(), 'the pid file')
    supervisor = int(server.read('tidepool.pid'))
    server.process = type('Daemon', (), {'pid': supervisor})
    server.expect(DIED)
    try:
        next_one(server, kill(server))
        assert holds(server)
        assert os.readlink(f'/proc/{supervisor}/fd/2') == os.readlink(f'/proc/{server.pid}/fd/2') == '/dev/null'
    finally:
        server.kick(signal.SIGTERM)
        server.process = None
    server.wait_for(lambda: gone(supervisor) and not os.path.exists(server.path('tidepool.pid')), 'the end')
    server.check()
