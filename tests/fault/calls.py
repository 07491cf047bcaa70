# SPDX-License-Identifier: BSD-2-Clause
"""One short life of a server in which the Nth system call of one kind fails, injected by strace: start, requests over
TCP, a unix socket, the control socket and echo, a reload with another number of workers, logs opened anew, the end; under
a supervisor the server process is killed, too. strace counts for each thread: the Nth call of each thread fails.

What must hold, whichever call it was: it starts or says why not, never crashes or spins, hears again whoever speaks when
the fault is over, and ends when it is told. If the call fails from N on, it need not serve, but has to say why."""
import collections
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from tests.harness import instance
from tests.harness.wire import Closed, ProtocolError, request

STRACE = shutil.which('strace')
CRASH = re.compile(r'Sanitizer|runtime error:|not given back|Assertion|double free|crashed in|'
                   r'exited on signal (?!9 )')  # 9: our own
# The second: before main, by the loader of shared libraries.
WHY = re.compile(r'\[(emerg|alert|crit|error|warn)\]')
SAID = re.compile(r'\[(emerg|alert|crit)\]|error while loading shared libraries|cannot allocate TLS')
KILLED = re.compile(r'^.* exited on signal 9 .*$', re.M)  # our own
PATIENCE = 8  # seconds for one answer; a pause of the server is half a second, a lost wake-up is found in one
SHORT = 2  # seconds, where an answer need not come
REST = 0.5  # seconds in which nothing is asked

# What fails, and how: the kernel's documented reasons for each call (their manual pages, section 2).
FAULTS = {
    'epoll_ctl': ('ENOSPC', 'ENOMEM'), 'epoll_create1': ('EMFILE', 'ENOMEM'), 'epoll_wait': ('EINTR', 'ENOMEM'),
    'eventfd2': ('EMFILE', 'ENOMEM'), 'signalfd4': ('EMFILE', 'ENOMEM'), 'accept4': ('EMFILE', 'ENFILE', 'ECONNABORTED', 'ENOBUFS'),
    'socket': ('EMFILE', 'ENOBUFS'), 'bind': ('EADDRINUSE', 'EACCES', 'ENOMEM'), 'listen': ('EADDRINUSE',),
    'connect': ('ECONNREFUSED', 'EAGAIN'), 'setsockopt': ('ENOMEM', 'ENOPROTOOPT'), 'getsockname': ('ENOBUFS',),
    'getpeername': ('ENOTCONN', 'ENOBUFS'), 'openat': ('EMFILE', 'EACCES', 'ENOENT'), 'fstat': ('ENOMEM', 'EIO'),
    'newfstatat': ('ENOENT', 'EACCES'), 'pread64': ('EIO',), 'read': ('EIO', 'EINTR'), 'write': ('ENOSPC', 'EINTR', 'EIO'),
    'writev': ('ENOSPC', 'EPIPE'), 'pwrite64': ('ENOSPC', 'EIO'), 'sendfile': ('EIO', 'ENOMEM', 'EAGAIN'),
    'sendmsg': ('EPIPE', 'ENOBUFS', 'ENOMEM', 'EINTR', 'EAGAIN'), 'sendto': ('EPIPE', 'ENOBUFS', 'EINTR'),
    'recvfrom': ('ECONNRESET', 'ENOMEM', 'EINTR'), 'recvmsg': ('ENOMEM', 'EINTR'), 'shutdown': ('ENOTCONN',),
    'mmap': ('ENOMEM',), 'munmap': ('ENOMEM',), 'mremap': ('ENOMEM',), 'mprotect': ('ENOMEM',), 'madvise': ('ENOMEM', 'EINVAL'),
    'clone3': ('EAGAIN', 'ENOMEM'), 'clone': ('EAGAIN', 'ENOMEM'), 'timerfd_create': ('EMFILE',),
    'rename': ('EACCES',), 'unlink': ('EACCES',), 'fchown': ('EPERM',), 'fchmod': ('EPERM',), 'chmod': ('EPERM',),
    'fcntl': ('EMFILE', 'EINVAL'), 'dup2': ('EMFILE',), 'dup3': ('EMFILE', 'EINTR'), 'prctl': ('EINVAL',), 'prlimit64': ('EPERM',),
    'getrandom': ('EAGAIN', 'ENOSYS'), 'ftruncate': ('EIO',), 'lseek': ('EINVAL',),
    'getdents64': ('EIO',), 'mkdir': ('EACCES',), 'sched_getaffinity': ('EINVAL',),
    'clock_nanosleep': ('EINTR',), 'rt_sigaction': ('EINVAL',),
    'socketpair': ('EMFILE', 'ENFILE', 'ENOMEM'), 'poll': ('EINTR', 'ENOMEM'), 'wait4': ('EINTR', 'ECHILD'),
    'seccomp': ('EINVAL', 'ENOMEM'), 'capget': ('EPERM',), 'capset': ('EPERM',), 'sigaltstack': ('ENOMEM',),
}

# Passing reasons, and those of one connection. No kernel gives them from N on for whatever is asked.
PASSING = {'EINTR', 'EAGAIN', 'ECONNABORTED', 'ECONNRESET', 'ECHILD', 'ENOTCONN', 'EPIPE'}

# An EIO is that of a file; signals are read by the same call, and signalfd(2) has none.
NOT_FOR_EVER = {('read', 'EIO')}

# The first N that is worth a life: before it the loader of shared libraries calls, which crashes.
# Left out is what strace can inject and no kernel does: a close that leaves the descriptor open (close(2): it is released
# whatever is returned), brk with a negative result, futex and rt_sigprocmask inside glibc, which aborts, or restores a mask
# that it never read; ECONNRESET where the supervisor and the server read from one another, as unix(7) has it only when the
# other is gone.
FIRST = {'mmap': 2}

SUPERVISE = {'alone': 'supervise off;', 'supervised': 'supervise on; sandbox on;'}
CONFIG = '''
@supervise@
control unix:@dir@/control.sock;
stream { server { listen 127.0.0.1:@echo@; echo; } }
http {
    access_log access.log;
    client_body_temp_path @dir@/body 1;
    open_log_file_cache max=4;
    server {
        listen 127.0.0.1:@http@;
        listen unix:@dir@/http.sock;
        access_log per-$request_method.log;
        root @dir@/html;
        location = /which { return 200 "@word@"; }
        location = /whole { echo_body whole; client_body_buffer_size 8k; }
        location /listed/ { autoindex on; alias @dir@/html/; }
        location /sent/ { sendfile on; alias @dir@/html/; }
        location /cached/ { alias @dir@/html/; open_file_cache max=4; }
    }
}
'''
LARGE = b'f' * 102400


class Trouble(Exception):
    """Something that may not happen."""


def over_tcp(server):
    with server.client(patience=server.patience) as client:
        for target in ('/which', '/large.txt', '/sent/large.txt', '/cached/large.txt', '/listed/', '/absent'):
            status = client.ask('GET', target).status
            if status != (404 if target == '/absent' else 200):
                return False
        client.send(request('POST', '/whole', (), b'b' * 30000))
        return client.response('POST').body == b'b' * 30000


def over_unix(server):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(server.patience)
        client.connect(server.path('http.sock'))
        client.sendall(b'GET /which HTTP/1.0\r\n\r\n')
        return all_of(client).startswith(b'HTTP/1.1 200 ')


def at_control(server):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(server.patience)
        client.connect(server.path('control.sock'))
        client.sendall(b'data limit=1\n')
        return all_of(client).startswith(b'{"schema":1,')


def over_echo(server):
    with server.client('echo', patience=server.patience) as client:
        client.send(b'e' * 5000)
        good = client.exactly(5000) == b'e' * 5000
        client.finish().expect_close()
        return good


STEPS = (over_tcp, over_unix, at_control, over_echo)


def all_of(client):
    return b''.join(iter(lambda: client.recv(65536), b''))


def works(server, step):
    """The outcome of a step: an answer that is no answer, a closed or a refused connection may come of a fault; silence may
    not."""
    try:
        return step(server)
    except (Closed, ConnectionError, FileNotFoundError):
        return False
    except TimeoutError:
        return silent(server, step)
    except (ProtocolError, AssertionError, OSError) as error:
        if 'nothing came for' in str(error):
            return silent(server, step)
        return False


def silent(server, step):
    """In order while the call goes on failing, if the log says what is wrong."""
    if not server.patience < PATIENCE:
        raise Trouble(f'{step.__name__}: no answer in {PATIENCE} s')
    if not WHY.search(KILLED.sub('', said(server))):
        raise Trouble(f'{step.__name__}: no answer, and nothing is said: {said(server)[-300:]!r}')
    return False


def serves(server):
    return [works(server, step) for step in STEPS]


def write(server, word, workers):
    server.configure(CONFIG.replace('@word@', word).replace('@supervise@', SUPERVISE[server.kind]), workers=workers)


def word_is(server, word):
    def asking(server):
        with server.client(patience=server.patience) as client:
            return client.ask('GET', '/which').text == word
    return works(server, asking)


def soon(server, condition, seconds=2.):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.process.poll() is None:
        if condition():
            return True
        time.sleep(0.02)
    return False


def reloads(server, tries):
    """HUP, again if the first was refused, with another number of workers."""
    write(server, 'new', 3)
    for _ in range(tries):
        kick(server, signal.SIGHUP)
        if soon(server, lambda: word_is(server, 'new')):
            return True
    return False


def kick(server, number):
    try:
        os.kill(server.serving, number)
    except ProcessLookupError:
        server.process.wait(5)
        check(server)
        raise Trouble(f'it died, status {server.process.returncode}: {said(server)[-600:]}') from None


def start(server, inject, trace):
    """Under strace, whose child the server is; its own output goes to files."""
    command = [STRACE, '-f', '-qq', '-o', trace, '-e', 'trace=' + inject[0]]
    if inject[1]:
        command += ['-e', f'inject={inject[0]}:error={inject[1]}:when={inject[2]}']
    with open(server.path('stderr'), 'ab') as output:
        server.process = subprocess.Popen(command + server.command('-c', 'nginx.conf'), stdin=subprocess.DEVNULL,
                                          stdout=output, stderr=output)
    server.started.append(server.process)
    server.serving = None
    soon(server, lambda: server.read('tidepool.pid').strip(), 15)
    text = server.read('tidepool.pid').strip()
    server.serving = int(text) if text and server.process.poll() is None else None


def refused(server):
    """It did not start: a matter of course, if it said so."""
    check(server)
    if server.process.poll() is None:
        if not (server.fault[2].endswith('+') and SAID.search(said(server))):
            raise Trouble('it neither starts nor ends')
        server.serving = first_child(server.process.pid)
        ends(server, signal.SIGTERM)
        return
    mute = server.fault in (('write', 'ENOSPC', '1+'), ('write', 'EIO', '1+'))  # its status says it
    if server.process.returncode == 0 or not (mute or SAID.search(said(server))):
        raise Trouble(f'did not start, status {server.process.returncode}, and said: {said(server)[-300:]!r}')


def said(server):
    return server.read('stderr') + server.read('error.log')


def ends(server, number):
    kick(server, number)
    try:
        server.process.wait(15)
    except subprocess.TimeoutExpired:
        raise Trouble(f'signal {number} does not end it: {said(server)[-600:]}') from None


def rotate(server):
    kick(server, signal.SIGUSR1)
    soon(server, lambda: 'reopening logs' in server.read('error.log') or None, 1.)


def check(server):
    bad = [line for line in said(server).splitlines() if CRASH.search(line)]
    if bad:
        raise Trouble('\n'.join(bad[:5]) + '\n' + server.read('stderr')[-2000:])
    if server.process.returncode is not None and (server.process.returncode < 0 or server.process.returncode >= 128):
        raise Trouble(f'killed: status {server.process.returncode}; {said(server)[-600:]}')


def first_child(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
            return int((file.read().split() or ['0'])[0])
    except OSError:
        return 0


def server_process(server):
    return first_child(server.serving) if server.kind == 'supervised' else 0


def dies(server):
    """The server process is killed; another one takes its place. False: as the call fails in each of them, none does, and
    the log says why."""
    old, before = server_process(server), len(said(server))
    if old:
        os.kill(old, signal.SIGKILL)
    server.patience = SHORT
    if soon(server, lambda: server_process(server) not in (0, old) and works(server, over_unix), 15):
        server.patience = PATIENCE
        return True
    if not SAID.search(KILLED.sub('', said(server)[before:])):
        raise Trouble(f'no other server comes: {said(server)[before:]}')
    return False


def cpu(server):
    """Seconds that strace and what it watches have computed."""
    pids, ticks = [server.process.pid], 0
    for pid in pids:
        try:
            with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
                ticks += sum(map(int, file.read().rsplit(')', 1)[1].split()[11:13]))
            with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
                pids += map(int, file.read().split())
        except OSError:
            pass
    return ticks / os.sysconf('SC_CLK_TCK')


def rests(server, trace):
    """With nothing to do it does nothing: what failed is not tried again without a pause."""
    before, size = cpu(server), os.path.getsize(trace)
    time.sleep(REST)
    spent, written = cpu(server) - before, os.path.getsize(trace) - size
    if spent > REST / 3 or written > 16384:
        with open(trace, encoding='utf-8', errors='replace') as file:
            raise Trouble(f'it spins: {spent:.1f} s of {REST}, {written} bytes of calls: {file.read()[-300:]}')


def through(server):
    """The whole life after a start, if a call fails once."""
    serves(server)
    changed = reloads(server, 3)
    rotate(server)
    if server.kind == 'supervised' and not dies(server):
        return
    for _ in range(4):  # one call failed, once: by now all is as ever
        good = serves(server)
        if all(good):
            break
    if server.process.poll() is not None:
        check(server)
        raise Trouble(f'it died, status {server.process.returncode}: {said(server)[-600:]}')
    if not all(good):
        raise Trouble(f'does not serve afterwards: {good}; {said(server)[-300:]}')
    if not changed and not reloads(server, 2):
        raise Trouble(f'does not reload afterwards: {said(server)[-300:]}')


def hardly(server, trace):
    """The same, if it fails from N on."""
    for step in STEPS:
        works(server, step)
    rests(server, trace)
    reloads(server, 1)
    rotate(server)
    if server.kind == 'supervised':
        old = server_process(server)
        if old:
            os.kill(old, signal.SIGKILL)
        time.sleep(REST)
    if server.process.poll() is None:
        works(server, over_tcp)
        rests(server, trace)


def life(folder, call, error='', when='', kind='alone'):
    """`when`: N, or N+. Returns how many calls a thread made at most, which strace counts in its file. Raises Trouble."""
    server = instance.Server(folder)
    trace = server.path('trace')
    server.kind = kind
    server.fault = call, error, when
    server.patience = SHORT if when.endswith('+') else PATIENCE
    server.write('html/large.txt', LARGE)
    write(server, 'old', 2)
    try:
        start(server, (call, error, when), trace)
        if not server.serving:
            refused(server)
        else:
            hardly(server, trace) if when.endswith('+') else through(server)
            ends(server, signal.SIGQUIT)
            check(server)
            if server.process.returncode != 0 and not SAID.search(said(server)):
                raise Trouble(f'exit status {server.process.returncode}: {said(server)[-300:]}')
        with open(trace, encoding='utf-8', errors='replace') as file:
            threads = collections.Counter(
                line.split()[0] for line in file if re.search(r'^\d+ +\w+\(', line))
        return max(threads.values(), default=0)
    finally:
        if server.process.poll() is None and server.serving:
            for pid in filter(None, (server_process(server), server.serving)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        server.kill()
