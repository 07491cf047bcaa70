# SPDX-License-Identifier: BSD-2-Clause
"""Bodies that are read whole: in memory, or in temporary files (nginx's client_body_temp_path,
client_body_in_file_only, $request_body, $request_body_file); the files' end, whatever becomes of the client;
a disk that is full."""
import glob
import gzip
import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess

import pytest

from tests.harness.wire import chunked, request

pytestmark = pytest.mark.ours

CONFIG = '''
    log_format bodies '[$request_body] [$request_body_file] $status';
    access_log access.log bodies;
    client_max_body_size 0;
    client_body_temp_path @dir@/body;
    client_body_buffer_size 1k;
    server {
        listen 127.0.0.1:@http@;
        location /whole { echo_body whole; }
        location /stream { echo_body; client_body_buffer_size 16k; }
        location /clean { echo_body; client_body_in_file_only clean; client_body_temp_path @dir@/clean 1 2; }
        location /on { echo_body; client_body_in_file_only on; client_body_temp_path @dir@/kept/ 3; }
        location /single { echo_body whole; client_body_in_single_buffer on; }
        location = /plain { return 200 "plain"; }
    }
'''
BODY = bytes(range(256)) * 1200
CHUNKED = [('Transfer-Encoding', 'chunked')]


def in_chunks(size):
    return chunked(*(BODY[at:at + size] for at in range(0, len(BODY), size)))


FRAMINGS = {'length': ((), BODY), 'chunks': (CHUNKED, in_chunks(5000)), 'small chunks': (CHUNKED, in_chunks(100))}


def files(server, *folders):
    """What stands in the temporary folders, with the levels between."""
    found = [glob.glob(server.path(folder, '**'), recursive=True) for folder in folders or ('body', 'clean')]
    return [name for names in found for name in names if os.path.isfile(name)]


def started(server, **options):
    server.http(CONFIG, **options)
    return server.start()


def logged(server, count=1):
    server.wait_for(lambda: server.read('access.log').count('\n') >= count, 'the access log')
    return server.read('access.log').splitlines()[-1]


@pytest.mark.parametrize('framing', FRAMINGS)
@pytest.mark.parametrize('target', ['/whole', '/clean', '/on'])
def test_file(server, target, framing):
    """A body that does not fit in memory comes back from a file, with its length, also if it came in chunks;
    the connection goes on."""
    fields, body = FRAMINGS[framing]
    started(server)
    with server.client() as client:
        for _ in range(2):
            answer = client.send(request('POST', target, fields, body)).response('POST')
            assert answer.status == 200 and answer.body == BODY
            assert answer.get('Content-Length') == str(len(BODY))
        assert client.ask('GET', '/plain').text == 'plain'
    logged(server, 3)
    assert files(server) == []
    assert len(files(server, 'kept')) == (2 if target == '/on' else 0)
    level = 'warn' if target == '/whole' else 'notice'
    server.wait_log(rf'\[{level}\].* a client request body is buffered to a temporary file /.*/\d{{10}}, client: ', count=2)


def test_kept(server):
    """`on`: the file stays, with the body in it, for its user alone; three digits of its number are its
    folder's name."""
    started(server)
    assert server.ask('POST', '/on', body=BODY).body == BODY
    name = re.fullmatch(r'\[-\] \[(.*)\] 200', logged(server)).group(1)
    assert files(server, 'kept') == [name]
    assert re.fullmatch(r'.*/kept/(\d{3})/\d{7}\1', name)
    with open(name, 'rb') as file:
        assert file.read() == BODY
    assert stat.S_IMODE(os.stat(name).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(server.path('kept')).st_mode) == 0o700


def test_numbers_in_use_are_passed_over(server):
    """Files that stay from an earlier life are not written over."""
    started(server)
    for _ in range(3):
        server.ask('POST', '/on', body=b'first')
    server.stop()
    server.start()
    for _ in range(3):
        server.ask('POST', '/on', body=b'second')
    contents = sorted(open(name, 'rb').read() for name in files(server, 'kept'))
    assert contents == [b'first'] * 3 + [b'second'] * 3


def test_levels(server):
    """With levels 1 2 the file NNNNNNNabc stands in c/ab/, while the request lasts."""
    started(server)
    with server.client() as client:
        client.send(request('POST', '/clean', [('Content-Length', '4000')], b'x' * 2000))
        server.wait_for(lambda: files(server, 'clean'), 'the file')
        assert re.fullmatch(r'.*/clean/(\d)/(\d\d)/\d{7}\2\1', files(server, 'clean')[0])
        client.send(b'y' * 2000)
        assert client.response('POST').body == b'x' * 2000 + b'y' * 2000
    server.wait_for(lambda: not files(server), 'the file\'s end')


@pytest.mark.parametrize('target, body, text, in_file', [
    ('/whole', b'some body', r'\[some body\] \[-\]', False), ('/stream', b'some body', r'\[some body\] \[-\]', False),
    ('/single', b'some body', r'\[some body\] \[-\]', False), ('/stream', BODY, r'\[-\] \[-\]', False),
    ('/whole', b'z' * 1024, r'\[z{1024}\] \[-\]', False), ('/whole', b'z' * 1025, r'\[-\] \[/.*\d{10}\]', True),
    ('/whole', None, r'\[-\] \[-\]', False), ('/clean', None, r'\[-\] \[-\]', False),
    ('/clean', b'', r'\[-\] \[/.*\d{10}\]', True), ('/clean', b'some body', r'\[some body\] \[/.*\d{10}\]', True)], ids=[
        'small', 'streamed', 'single', 'streamed large', 'just fits', 'just not', 'none', 'none in file', 'empty in file',
        'small in file'])
def test_variables(server, target, body, text, in_file):
    """$request_body: what was read to memory, also if it goes to a file, too; $request_body_file: the file's name. As in
    nginx a body of length 0 makes an empty file, and no body none."""
    started(server)
    with server.client() as client:
        answer = client.send(request('POST', target, (), body)).response('POST')
        assert answer.status == 200 and answer.body == (body or b'')
    assert re.fullmatch(text + ' 200', logged(server))
    assert in_file == ('temporary file' in server.read('error.log'))


def test_body_in_pieces_is_held(server):
    started(server)
    with server.client() as client:
        data = request('POST', '/whole', CHUNKED, chunked(b'a' * 500, b'b' * 500, b'c' * 24))
        assert client.send_slowly(data, 100).response('POST').body == b'a' * 500 + b'b' * 500 + b'c' * 24
        data = request('POST', '/whole', CHUNKED, chunked(b'a' * 500, b'b' * 500, b'c' * 25))
        assert client.send_slowly(data, 100).response('POST').body == b'a' * 500 + b'b' * 500 + b'c' * 25
    assert 'c' * 24 + '] [-]' in server.read('access.log').splitlines()[0]
    assert logged(server, 2).startswith('[-] [/')


@pytest.mark.parametrize('accepts', ['', 'gzip'])
def test_filters(server, accepts):
    """An answer from a file passes the filters as any other: gzip, and HEAD gets the head alone."""
    server.http(CONFIG.replace('location /whole {', 'location /whole { gzip on; default_type text/html;'))
    server.start()
    with server.client() as client:
        answer = client.send(request('POST', '/whole', [('Accept-Encoding', accepts)], BODY)).response('POST')
        assert answer.status == 200 and (gzip.decompress(answer.body) if accepts else answer.body) == BODY
        assert client.send(request('HEAD', '/whole', (), BODY)).response('HEAD').status == 200
        assert client.ask('GET', '/plain').text == 'plain'
    assert files(server) == []


def test_error_page(server):
    """507 has a page of its own like any status."""
    server.http(CONFIG.replace('location /whole {', 'error_page 507 /plain; location /whole {'))
    server.start()
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (65536, 65536))
    with server.client() as client:
        answer = client.send(request('POST', '/whole', (), BODY)).response('POST')
        assert (answer.status, answer.text) == (507, 'plain')
        client.expect_close()


def test_slow_download(server):
    """What is in a file stays there until it has been sent (limit_rate), and what came in with it is still the
    request's: $request_body_file is logged in the end."""
    server.http(CONFIG.replace('location /clean {', 'location /clean { limit_rate 200k;'))
    server.start()
    with server.client() as client:
        client.send(request('POST', '/clean', (), BODY) + request('GET', '/plain'))
        assert client.response('POST').body == BODY
        assert client.response().text == 'plain'
    logged(server, 2)
    assert re.fullmatch(r'\[-\] \[/.*/clean/.*\] 200', server.read('access.log').splitlines()[0])
    assert files(server) == []


def test_expect(server):
    """RFC 9110 10.1.1."""
    started(server)
    with server.client() as client:
        client.send(request('POST', '/clean', [('Content-Length', '5'), ('Expect', '100-continue')]))
        head = client.head()
        assert head.status == 100
        assert client.send(b'hello').response('POST').body == b'hello'


# ---- the end of the file ----

@pytest.mark.parametrize('target', ['/whole', '/clean'])
@pytest.mark.parametrize('way', ['close', 'reset', 'unread'])
def test_vanishing_clients(server, target, way):
    """Neither files nor descriptors stay of clients that leave in their body, or in their answer."""
    started(server)
    before = server.descriptors()
    large = b'l' * (8 << 20)
    count = 4 if way == 'unread' else 10
    for _ in range(count):
        client = server.client()
        if way == 'unread':
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.send(request('POST', target, (), large))
        else:
            client.send(request('POST', target, [('Content-Length', str(len(large)))], large[:200000]))
            client.settle()
        client.reset() if way == 'reset' else client.close()
    server.wait_log('buffered to a temporary file', count=count)
    server.wait_for(lambda: server.descriptors() == before, 'the descriptors')
    assert files(server) == []
    assert server.get('/plain').text == 'plain'


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGQUIT])
def test_server_ends(server, number):
    """The server goes in the middle of bodies: TERM at once, QUIT by worker_shutdown_timeout."""
    server.configure('worker_shutdown_timeout 200ms; http { ' + CONFIG + '}')
    server.start()
    with server.client() as first, server.client() as second:
        for client, target in ((first, '/whole'), (second, '/clean')):
            client.send(request('POST', target, [('Content-Length', '1000000')], b'p' * 100000))
        server.wait_log('buffered to a temporary file', count=2)
        server.stop(number)
    assert files(server) == []


@pytest.mark.plain
def test_memory_stays(server):
    """Bodies of 16 MiB in files take no memory: a quarter of one of them, four at once."""
    started(server)
    server.ask('POST', '/clean', body=BODY)
    before = server.anonymous_kib()
    clients = [server.client() for _ in range(4)]
    for client in clients:
        client.send(request('POST', '/clean', [('Content-Length', str(16 << 20))]))
        for _ in range(15):
            client.send(b'm' * (1 << 20))
        client.settle()
    assert server.anonymous_kib() - before < 4096
    assert sum(os.stat(name).st_size for name in files(server)) > 4 * 14 << 20
    for client in clients:
        client.close()
    server.wait_for(lambda: not files(server), 'the files\' end')


# ---- what the system refuses ----

@pytest.mark.parametrize('target', ['/whole', '/clean', '/on'])
def test_limit_of_file_size(server, target):
    """EFBIG is as a full disk: 507, a line with the file's name, the connection closes; half a body is not
    kept. The server goes on."""
    started(server)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (65536, 65536))
    for framing in 'length', 'chunks':
        fields, body = FRAMINGS[framing]
        with server.client() as client:
            client.send(request('POST', target, fields, body))
            answer = client.response('POST')
            assert answer.status == 507 and answer.get('Connection') == 'close'
            client.expect_close()
    server.wait_log(r'\[crit\].*write\(\) "/.*/\d{10}" failed \(27: File too large\), client: .*request: "POST', count=2)
    assert files(server, 'body', 'clean', 'kept') == []
    assert server.ask('POST', target, body=b'small').body == b'small'


@pytest.mark.plain
@pytest.mark.skipif(not shutil.which('strace'), reason='no strace')
@pytest.mark.parametrize('error, status', [('ENOSPC', 507), ('EDQUOT', 507), ('EIO', 500)])
def test_full_disk(server, error, status):
    started(server)
    name = server.path('clean', '1', '00', '0000000001')
    with subprocess.Popen(['strace', '-f', '-qq', '-P', name, '-e', f'inject=write:error={error}:when=2+', '-o',
                           server.path('trace'), '-p', str(server.pid)],
                          stderr=subprocess.PIPE, text=True) as strace:
        tasks = f'/proc/{server.pid}/task'
        attached = lambda: strace.poll() is not None or all(
            re.search(r'^TracerPid:\s+[1-9]', open(f'{tasks}/{task}/status', encoding='ascii').read(), re.M)
            for task in os.listdir(tasks))
        server.wait_for(attached, 'strace')
        if strace.poll() is not None:
            pytest.skip('strace may not attach here: ' + strace.stderr.read())
        answer = server.ask('POST', '/clean', body=BODY)
        strace.terminate()
        strace.communicate()
    assert answer.status == status
    server.wait_log(rf'\[crit\].*write\(\) "{name}" failed \(\d+: .*\)( while [a-z ]+)?, client: ')
    assert files(server) == []


def test_folder_is_not_there(server):
    """It is made when the server starts, and again when somebody has removed it."""
    started(server)
    assert os.path.isdir(server.path('body')) and os.path.isdir(server.path('kept'))
    shutil.rmtree(server.path('body'))
    shutil.rmtree(server.path('clean'))
    assert server.ask('POST', '/whole', body=BODY).body == BODY
    assert server.ask('POST', '/clean', body=BODY).body == BODY


def test_folder_is_a_file(server):
    started(server)
    shutil.rmtree(server.path('clean'))
    server.write('clean', 'a file')
    assert server.ask('POST', '/clean', body=BODY).status == 500
    server.wait_log(r'\[crit\].*open\(\) "/.*/clean/\d/\d\d/\d{10}" failed \(20: Not a directory\)')


def test_no_descriptor(server):
    started(server)
    with server.client() as client:
        client.ask('GET', '/plain')
        most = max(int(fd) for fd in os.listdir(f'/proc/{server.pid}/fd')) + 1
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, most))
        for fd in range(most):  # holes would be used first
            if not os.path.exists(f'/proc/{server.pid}/fd/{fd}'):
                pytest.skip('the server has holes among its descriptors')
        assert client.ask('POST', '/clean', body=BODY).status == 500
    server.wait_log(r'\[crit\].*open\(\) "/.*/\d{10}" failed \(24: Too many open files\)')


def test_folder_cannot_be_made(server):
    """Said at the start, not at the first upload."""
    server.http('server { listen 127.0.0.1:@http@; client_body_temp_path @dir@/none/body; location / { echo_body whole; } }')
    answer = server.run('-t', '-c', 'nginx.conf')
    assert answer.returncode == 1
    assert re.search(r'\[emerg\].*mkdir\(\) "/.*/none/body" failed \(2: No such file or directory\)', answer.stderr)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root gives folders away')
def test_folder_is_the_users(public):
    """With `user` the folder is made while the process may, and belongs to who writes there."""
    first = 'daemon off; pid tidepool.pid; error_log error.log info; user nobody; events { } '
    public.configure_raw(first + 'http { access_log off; client_body_temp_path @dir@/body; server { '
                         'listen 127.0.0.1:@http@; location / { echo_body; client_body_in_file_only on; } } }')
    public.start()
    assert public.ask('POST', '/', body=BODY).body == BODY
    owners = {os.stat(name).st_uid for name in files(public, 'body') + [public.path('body')]}
    assert owners and 0 not in owners


@pytest.mark.parametrize('text, sentence', [
    ('client_body_in_file_only maybe;', 'it must be "off", "clean" or "on"'),
    ('client_body_temp_path a 4;', 'a level between 0 and 3'),
    ('client_body_in_single_buffer 1;', 'it must be "on" or "off"'),
    ('location / { echo_body some; }', 'invalid value "some" in "echo_body" directive, it must be "whole"')])
def test_mistakes(server, text, sentence):
    server.http(f'server {{ listen 127.0.0.1:@http@; {text} }}')
    answer = server.run('-t', '-c', 'nginx.conf')
    assert answer.returncode == 1 and sentence in answer.stderr
