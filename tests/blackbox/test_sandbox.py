# SPDX-License-Identifier: BSD-2-Clause
"""`sandbox` (issue "Unbreakable", number 5): what the process that serves has given up, as proc(5) shows it, and that all
goes on without it."""
import ctypes
import os
import re
import resource
import shutil
import signal
import socket
import threading
import time

import pytest

from tests.blackbox.test_supervisor import DIED, gone, kill, next_one
from tests.harness.instance import BINARY, holds
from tests.harness.wire import Client, request

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


# ---- files: Landlock ----

def landlock():
    """The version of the kernel's interface; -1: it has none (landlock_create_ruleset(2), LANDLOCK_CREATE_RULESET_VERSION)."""
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)


needs_landlock = pytest.mark.skipif(landlock() < 1, reason='no Landlock')


@needs_landlock
@pytest.mark.parametrize('value, status', [('on', 403), ('off', 200)])
def test_file_outside(server, tmp_path_factory, value, status):
    """What an intruder could read, by a link that leads out: everybody may read the file, and no folder that the
    configuration names has it. The log says so."""
    outside = tmp_path_factory.mktemp('outside') / 'secret'
    outside.write_text('secret')
    server.write('html/inside', 'inside')
    os.symlink(outside, server.path('html/link'))
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; location /files/ { alias @dir@/html/; autoindex on; } }')
    server.configure_raw(f'sandbox {value};' + server.read('nginx.conf'))
    server.start()
    assert server.get('/inside').text == 'inside' and server.get('/files/').status == 200
    assert server.get('/link').status == status
    if status == 403:
        server.wait_log(r'\[error\].*open\(\) ".*/html/link" failed \(13: Permission denied\)')


def root(server, folder, rest='', first=''):
    server.http(f'server {{ listen 127.0.0.1:@http@; root {folder}; index page; }} {rest}')
    server.configure_raw(f'sandbox on; {first}' + server.read('nginx.conf'))


def elsewhere(tmp_path_factory):
    """A folder that a sandbox which does not know it cannot reach, with a page."""
    other = tmp_path_factory.mktemp('other')
    (other / 'page').write_text('new')
    os.chmod(other, 0o755)
    return other


@needs_landlock
@pytest.mark.parametrize('how', ['server', 'alone'])
def test_reload_needs_more(server, tmp_path_factory, how):
    """A root elsewhere, and nobody to start another server process: the reload is refused, one line says what to do, and
    the old configuration goes on. After a restart it is served."""
    other, first = elsewhere(tmp_path_factory), 'supervise off;' if how == 'alone' else ''
    server.write('html/page', 'old')
    root(server, '@dir@/html', first=first)
    server.start()
    assert server.get('/page').text == 'old'
    root(server, other, first=first)
    refused = re.escape(f'"{other}/" lies outside the sandbox')
    server.expect(refused)
    os.kill(server.pid, signal.SIGHUP)
    server.wait_log(refused)
    assert server.get('/page').text == 'old'
    server.stop()
    server.start()
    assert server.get('/page').text == 'new'


@needs_landlock
def test_renewal(server, tmp_path_factory):
    """The supervisor starts another server process on the same sockets. Under load no request fails, one that is being
    answered is, and then the old process ends; the next reload needs no third."""
    other = elsewhere(tmp_path_factory)
    server.write('html/page', 'old')
    server.write('html/long', b'x' * 20_000_000)
    root(server, '@dir@/html')
    server.start()
    old = server.pid
    slow = server.client()
    slow.send(request('GET', '/long'))
    stop, failed, answers = threading.Event(), [], []

    def load():
        while not stop.is_set():
            try:
                answers.append(server.get('/page').text)
            except (AssertionError, OSError) as error:
                failed.append(error)

    threads_ = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads_:
        thread.start()
    try:
        server.wait_for(lambda: 'old' in answers, 'an answer')
        root(server, other)
        server.reload(lambda: answers[-1] == 'new')
        server.wait_log('reconfiguring by another server process')
        server.wait_for(lambda: set(answers[-100:]) == {'new'}, 'the end of the old answers')
        server.expect('or reload when server process')
        root(server, elsewhere(tmp_path_factory))
        server.kick(signal.SIGHUP)
        server.wait_log(rf'lies outside the sandbox .*, or reload when server process {old} has ended')
    finally:
        stop.set()
        for thread in threads_:
            thread.join()
    assert not failed
    assert len(slow.response().body) == 20_000_000
    slow.close()
    server.wait_for(lambda: gone(old), 'the end of the old one')
    server.wait_for(lambda: len(server.children()) == 1, 'one server')
    new = server.pid
    root(server, other, rest='map $host $x { default 1; }')
    server.reload(lambda: 'reconfiguring\n' in server.read('error.log'))
    assert server.get('/page').text == 'new' and server.pid == new
    inside(server)
    server.expect(DIED)
    next_one(server, kill(server))
    assert server.get('/page').text == 'new'


METRICS = 'server { listen unix:@dir@/metrics; location / { metrics; } }'


def reloaded(server):
    """What its metrics say of the last reload: 1: it was taken; its time."""
    with Client(server.path('metrics')) as client:
        text = client.send(request('GET', '/')).response().text
    return tuple(float(re.search(rf'^tidepool_configuration_reload_{name} (\S+)$', text, re.M).group(1)) for name in ('successful', 'time_seconds'))


@needs_landlock
def test_renewal_fails(server, tmp_path_factory):
    """The new server cannot listen: the old one goes on, and the configuration that is right later is taken."""
    other, before = elsewhere(tmp_path_factory), int(time.time())
    server.write('html/page', 'old')
    root(server, '@dir@/html', rest=METRICS)
    server.start()
    old = server.pid
    assert reloaded(server) == (1, 0)
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        root(server, other, rest=f'server {{ listen 127.0.0.1:{taken.getsockname()[1]}; }} ' + METRICS)
        server.expect(r'bind\(\) to |did not come up')
        server.kick(signal.SIGHUP)
        server.wait_log('the new server process did not come up, so the configuration stays as it was')
    assert server.pid == old and server.get('/page').text == 'old'
    server.wait_for(lambda: reloaded(server)[0] == 0 and reloaded(server)[1] >= before, 'the failure in its metrics')
    server.reload(lambda: server.get('/page').text == 'new')
    server.wait_for(lambda: gone(old), 'the end of the old one')
    server.wait_for(lambda: reloaded(server)[0] == 1 and reloaded(server)[1] >= before, 'the reload in metrics of the new one')


@needs_landlock
def test_alias_is_text(server, tmp_path_factory):
    """nginx: an alias replaces the location's name, and the rest follows at once. Names with what would be a pattern
    elsewhere are names."""
    other = elsewhere(tmp_path_factory)
    for name in 'img', '[x]':
        (other / name).mkdir()
        (other / name / 'page').write_text(name)
        os.chmod(other / name, 0o755)
    (other / 'imgx').write_text('imgx')
    (other / 'beside').write_text('beside')
    server.write('html/page', 'old')
    os.symlink(other / 'beside', server.path('html/link'))
    server.http(f"server {{ listen 127.0.0.1:@http@; root @dir@/html; location /x/ {{ alias '{other}/[x]/'; }} }}")
    server.configure_raw('sandbox on;' + server.read('nginx.conf'))
    server.start()
    assert server.get('/x/page').text == '[x]' and server.get('/link').status == 403
    server.stop()
    server.http(f'server {{ listen 127.0.0.1:@http@; location /i {{ alias {other}/img; }} }}')
    server.configure_raw('sandbox on;' + server.read('nginx.conf'))
    server.start()
    assert server.get('/i/page').text == 'img' and server.get('/ix').text == 'imgx'


def root_beside(server, folder, rest=''):
    """The folder of the configuration is within reach, with all below, so this one has to lie elsewhere."""
    root(server, folder, rest=rest)
    os.makedirs(server.path('conf'), exist_ok=True)
    os.rename(server.path('nginx.conf'), server.path('conf/nginx.conf'))


def start_beside(server):
    plain = server.command
    server.command = lambda *arguments: [word if word != 'nginx.conf' else 'conf/nginx.conf' for word in plain(*arguments)]
    server.start()


def replace_root(server):
    server.write('site/page', 'new')
    os.rename(server.path('html'), server.path('html.old'))
    os.rename(server.path('site'), server.path('html'))
    assert server.get('/page').status == 403


@needs_landlock
def test_renewal_and_other_signals(server, tmp_path_factory):
    """WINCH that comes while another server process is started: it comes up and serves."""
    other = elsewhere(tmp_path_factory)
    server.write('html/page', 'old')
    root(server, '@dir@/html')
    server.start()
    old, main = server.pid, server.process.pid
    root(server, other)
    os.kill(main, signal.SIGSTOP)  # then all signals are there at once, and HUP comes first
    server.kick(signal.SIGHUP)
    server.kick(signal.SIGWINCH)
    os.kill(main, signal.SIGCONT)
    server.wait_for(lambda: gone(old), 'the end of the old one')
    server.wait_for(lambda: server.get('/page').text == 'new', 'the new one')
    assert server.process.poll() is None
    server.stop()


@needs_landlock
def test_renewal_without_descriptors(server, tmp_path_factory):
    """socketpair(2), EMFILE: no other server process can be made. Whoever asked for the reload hears so, the old one goes
    on, and the next reload is one like any other."""
    other = elsewhere(tmp_path_factory)
    server.write('html/page', 'old')
    root(server, '@dir@/html')
    server.start()
    old, main = server.pid, server.process.pid
    root(server, other)
    server.expect('did not come up')
    before = resource.prlimit(main, resource.RLIMIT_NOFILE)
    opened, limit = {int(name) for name in os.listdir(f'/proc/{main}/fd')}, 0
    while limit - sum(fd < limit for fd in opened) < 1:  # one is left, for the files that are read
        limit += 1
    resource.prlimit(main, resource.RLIMIT_NOFILE, (limit, before[1]))
    done = server.run('-c', 'nginx.conf', '-s', 'reload')
    assert done.returncode == 1 and 'the configuration is not taken' in done.stderr
    server.wait_log(r'did not come up, so .* as it was: socketpair\(\) or fork\(\) failed \(24: ')
    assert server.pid == old and server.get('/page').text == 'old'
    resource.prlimit(main, resource.RLIMIT_NOFILE, before)
    assert server.run('-c', 'nginx.conf', '-s', 'reload').returncode == 0
    server.wait_for(lambda: gone(old), 'the end of the old one')
    assert server.get('/page').text == 'new'
    server.stop()


@needs_landlock
def test_replaced_root(server):
    """Another folder of the same name is out of reach until a reload."""
    server.write('html/page', 'old')
    root_beside(server, 'html')
    start_beside(server)
    assert server.get('/page').text == 'old'
    replace_root(server)
    server.reload(lambda: server.get('/page').text == 'new')


@needs_landlock
def test_replaced_root_and_failure(server):
    """What the old server has within reach is no more after a new one that did not come up: the next reload needs a new
    one as well."""
    server.write('html/page', 'old')
    root_beside(server, 'html')
    start_beside(server)
    replace_root(server)
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        root_beside(server, 'html', rest=f'server {{ listen 127.0.0.1:{taken.getsockname()[1]}; }}')
        server.expect(r'bind\(\) to |did not come up')
        server.kick(signal.SIGHUP)
        server.wait_log('the new server process did not come up')
    root_beside(server, 'html')
    server.reload(lambda: server.get('/page').text == 'new')


@needs_landlock
@pytest.mark.parametrize('alone', ['', 'supervise off;'])
def test_unix_sockets(server, alone):
    """They are made and removed by reloads, and none is left at the end, nor the pid file."""
    def configure_sockets(*names):
        server.http('server { listen 127.0.0.1:@http@; ' + ''.join(f'listen unix:@dir@/{name};' for name in names)
                    + f' return 200 "{names}"; }}')
        server.configure_raw(f'sandbox on; {alone}' + server.read('nginx.conf'))

    configure_sockets('one')
    server.start()
    configure_sockets('two')
    server.reload(lambda: server.get().text == "('two',)")
    server.wait_for(lambda: not os.path.exists(server.path('one')), 'the old socket to go')
    with Client(server.path('two')) as client:
        assert client.send(request('GET', '/')).response().status == 200
    server.stop()
    assert not os.path.exists(server.path('two')) and 'left behind' not in server.read('error.log')


@pytest.mark.plain
@pytest.mark.skipif(not shutil.which('strace'), reason='no strace')
@pytest.mark.parametrize('calls, line', [
    (['seccomp'], r'refusing system calls \(38: Function not implemented\)'),
    (['landlock_create_ruleset'], r'restricting files, connections and signals \(38: Function not implemented\)'),
    (['landlock_create_ruleset', 'capset', 'seccomp'], 'restricting files, connections and signals .*, '
     r'dropping capabilities .*, refusing system calls \(38: Function not implemented\)'),
])
def test_kernel_without(server, monkeypatch, calls, line):
    """One line says what is missing, at a level that is written unless `error_log` says otherwise, and the server serves."""
    goes_without(server, monkeypatch, {call: 'error=ENOSYS' for call in calls}, line)


SIGNALS = r'refusing signals and abstract sockets to others \(38: Function not implemented\)'
DEVICES = r'restricting ioctl of devices \(38: Function not implemented\), ' + SIGNALS


@needs_landlock
@pytest.mark.plain
@pytest.mark.skipif(not shutil.which('strace'), reason='no strace')
@pytest.mark.parametrize('version, line', [(5, SIGNALS), (4, DEVICES), (2, r'restricting truncation \(38: .*\), refusing connections to others '
                                                                        r'\(38: .*\), ' + DEVICES)])
def test_older_kernel(server, monkeypatch, version, line):
    """The versions of Landlock, docs.kernel.org/userspace-api/landlock.html, "Previous limitations"."""
    goes_without(server, monkeypatch, {'landlock_create_ruleset': f'retval={version}:when=1'}, line)


def goes_without(server, monkeypatch, calls, line):
    configure(server, 'here', 'on')
    trace = ['strace', '-D', '-f', '-qq', '-o', server.path('trace'), '-e', 'trace=' + ','.join(calls)]
    for call, how in calls.items():
        trace += ['-e', f'inject={call}:{how}']
    plain = server.command
    monkeypatch.setattr(server, 'command', lambda *arguments: trace + plain(*arguments))
    server.start()
    assert server.get().text == 'here'
    server.wait_log(rf'\[error\].* the sandbox goes without {line}$')
    assert server.read('error.log').count('the sandbox goes without') == 1


def test_nothing_missing(server):
    """A kernel that has all of it leaves no line."""
    configure(server, 'here', 'on')
    server.start()
    assert server.get().text == 'here'
    if landlock() >= 6:
        assert 'the sandbox goes without' not in server.read('error.log')
