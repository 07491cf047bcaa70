# SPDX-License-Identifier: BSD-2-Clause
"""One short life of a server in which the Nth system call of one kind fails, injected by strace: start, requests over
TCP, a unix socket, the control socket and echo, a reload with another number of workers, logs opened anew, the end. What
must hold, whichever call it was: it starts or says why not, never crashes, hears again whoever speaks when the fault is
over, and ends when it is told."""
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
CRASH = re.compile(r'Sanitizer|runtime error:|not given back|Assertion|double free')
# The second: before main, by the loader of shared libraries.
SAID = re.compile(r'\[(emerg|alert|crit)\]|error while loading shared libraries')
PATIENCE = 8  # seconds for one answer; a pause of the server is half a second, a lost wake-up is found in one

# What fails, and how: the kernel's documented reasons for each call (their manual pages, section 2).
FAULTS = {
    'epoll_ctl': ('ENOSPC', 'ENOMEM'), 'epoll_create1': ('EMFILE', 'ENOMEM'), 'epoll_wait': ('EINTR',),
    'eventfd2': ('EMFILE', 'ENOMEM'), 'signalfd4': ('EMFILE', 'ENOMEM'), 'accept4': ('EMFILE', 'ENFILE', 'ECONNABORTED', 'ENOBUFS'),
    'socket': ('EMFILE', 'ENOBUFS'), 'bind': ('EADDRINUSE', 'EACCES', 'ENOMEM'), 'listen': ('EADDRINUSE',),
    'connect': ('ECONNREFUSED', 'EAGAIN'), 'setsockopt': ('ENOMEM', 'ENOPROTOOPT'), 'getsockname': ('ENOBUFS',),
    'getpeername': ('ENOTCONN', 'ENOBUFS'), 'openat': ('EMFILE', 'EACCES', 'ENOENT'), 'fstat': ('ENOMEM', 'EIO'),
    'newfstatat': ('ENOENT', 'EACCES'), 'pread64': ('EIO',), 'read': ('EIO', 'EINTR'), 'write': ('ENOSPC', 'EINTR', 'EIO'),
    'writev': ('ENOSPC', 'EPIPE'), 'pwrite64': ('ENOSPC', 'EIO'), 'sendfile': ('EIO', 'ENOMEM', 'EAGAIN'),
    'sendmsg': ('EPIPE', 'ENOBUFS', 'EINTR'), 'sendto': ('EPIPE', 'ENOBUFS', 'EINTR'),
    'recvfrom': ('ECONNRESET', 'ENOMEM', 'EINTR'), 'recvmsg': ('ECONNRESET',), 'shutdown': ('ENOTCONN',),
    'mmap': ('ENOMEM',), 'munmap': ('ENOMEM',), 'mremap': ('ENOMEM',), 'mprotect': ('ENOMEM',), 'madvise': ('ENOMEM', 'EINVAL'),
    'clone3': ('EAGAIN', 'ENOMEM'), 'clone': ('EAGAIN',), 'timerfd_create': ('EMFILE',),
    'rename': ('EACCES',), 'unlink': ('EACCES',), 'fchown': ('EPERM',), 'fchmod': ('EPERM',), 'chmod': ('EPERM',),
    'fcntl': ('EMFILE', 'EINVAL'), 'dup2': ('EMFILE',), 'dup3': ('EMFILE', 'EINTR'), 'prctl': ('EINVAL',), 'prlimit64': ('EPERM',),
    'getrandom': ('EAGAIN', 'ENOSYS'), 'ftruncate': ('EIO',), 'lseek': ('EINVAL',),
    'getdents64': ('EIO',), 'mkdir': ('EACCES',), 'sched_getaffinity': ('EINVAL',),
    'clock_nanosleep': ('EINTR',), 'rt_sigaction': ('EINVAL',),
}

# The first N that is worth a life: before it the loader of shared libraries calls, which crashes.
# Left out is what strace can inject and no kernel does: a close that leaves the descriptor open (close(2): it is released
# whatever is returned), brk with a negative result, futex and rt_sigprocmask inside glibc, which aborts, or restores a mask
# that it never read.
FIRST = {'mmap': 2}

CONFIG = '''
supervise off;
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
    with server.client(patience=PATIENCE) as client:
        for target in ('/which', '/large.txt', '/sent/large.txt', '/cached/large.txt', '/listed/', '/absent'):
            status = client.ask('GET', target).status
            if status != (404 if target == '/absent' else 200):
                return False
        client.send(request('POST', '/whole', (), b'b' * 30000))
        return client.response('POST').body == b'b' * 30000


def over_unix(server):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(server.path('http.sock'))
        client.sendall(b'GET /which HTTP/1.0\r\n\r\n')
        return all_of(client).startswith(b'HTTP/1.1 200 ')


def at_control(server):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(server.path('control.sock'))
        client.sendall(b'data limit=1\n')
        return all_of(client).startswith(b'{"schema":1,')


def over_echo(server):
    with server.client('echo', patience=PATIENCE) as client:
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
        raise Trouble(f'{step.__name__}: no answer in {PATIENCE} s') from None
    except (ProtocolError, AssertionError, OSError) as error:
        if 'nothing came for' in str(error):
            raise Trouble(f'{step.__name__}: no answer in {PATIENCE} s') from None
        return False


def serves(server):
    return [works(server, step) for step in STEPS]


def write(server, word, workers):
    server.configure(CONFIG.replace('@word@', word), workers=workers)


def word_is(server, word):
    def asking(server):
        with server.client(patience=PATIENCE) as client:
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
        raise Trouble('it neither starts nor ends')
    if server.process.returncode == 0 or not SAID.search(said(server)):
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


def through(server):
    """The whole life after a start."""
    serves(server)
    changed = reloads(server, 3)
    rotate(server)
    for _ in range(4):  # one call failed, once: by now all is as ever
        good = serves(server)
        if all(good):
            break
    if server.process.poll() is not None:
        check(server)
        raise Trouble(f'it died, status {server.process.returncode}: {said(server)[-600:]}')
    if not all(good):
        raise Trouble(f'does not serve afterwards: {good}')
    if not changed and not reloads(server, 2):
        raise Trouble('does not reload afterwards')


def life(folder, call, error='', number=0):
    """Returns how many calls were made, which strace counts in its file. Raises Trouble."""
    server = instance.Server(folder)
    trace = server.path('trace')
    server.write('html/large.txt', LARGE)
    write(server, 'old', 2)
    try:
        start(server, (call, error, number), trace)
        if not server.serving:
            refused(server)
        else:
            through(server)
            ends(server, signal.SIGQUIT)
            check(server)
            if server.process.returncode != 0 and not SAID.search(said(server)):
                raise Trouble(f'exit status {server.process.returncode}: {said(server)[-300:]}')
        with open(trace, encoding='utf-8', errors='replace') as file:
            return sum(1 for line in file if re.search(r'^\d+ +(<\.\.\. )?\w+[ (]', line) and 'resumed>' not in line)
    finally:
        if server.process.poll() is None and server.serving:
            os.kill(server.serving, signal.SIGKILL)
        server.kill()
