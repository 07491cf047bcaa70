# SPDX-License-Identifier: BSD-2-Clause
"""The life of the process (nginx: controlling nginx): pid file, signals, reload, log files opened anew."""
import os
import re
import signal
import socket
import threading
import time

import pytest

from tests.harness.instance import OURS, has_ipv6
from tests.harness.wire import Client, request

SIMPLE = 'server { listen 127.0.0.1:@http@; location / { return 200 "%s"; } }'


def test_pid_file(server):
    """Written when it listens, with the pid of the process that was started; gone at the end (Server checks
    all three)."""
    server.http(SIMPLE % 'x')
    server.start()
    assert server.get().text == 'x'


def test_one_worker_unless_more_are_asked_for(server):
    """nginx, worker_processes: default 1."""
    server.http(SIMPLE % 'x')
    one = server.read('nginx.conf')
    assert 'worker_processes 1;' in one
    counts = []
    for text in one, one.replace('worker_processes 1;', ''), one.replace('_processes 1;', '_processes 2;'):
        server.configure_raw(text)
        server.start()
        assert server.get().text == 'x'
        counts.append(len(os.listdir(f'/proc/{server.pid}/task')))
        server.stop()
    assert counts[1] == counts[0] == counts[2] - 1


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_stop_signals(server, number):
    server.http(SIMPLE % 'x', workers=2)
    server.start()
    with server.client() as idle:
        assert idle.ask().status == 200
        server.stop(number)
        idle.expect_close()


@pytest.mark.parametrize('word, number', [('stop', 15), ('quit', 3)])
def test_s_stops(server, word, number):
    server.http(SIMPLE % 'x')
    process = server.start().process
    assert server.run('-c', 'nginx.conf', '-s', word).returncode == 0
    assert process.wait(20) == 0
    server.check()
    server.process = None


def test_s_without_a_server(server):
    server.http(SIMPLE % 'x')
    done = server.run('-c', 'nginx.conf', '-s', 'quit')
    assert done.returncode == 1 and 'tidepool.pid' in done.stderr


def test_s_reload(server):
    server.http(SIMPLE % 'old')
    server.start()
    server.http(SIMPLE % 'new')
    assert server.run('-c', 'nginx.conf', '-s', 'reload').returncode == 0
    server.wait_for(lambda: server.get().text == 'new', 'the new configuration')


def test_s_reopen(server):
    server.http('access_log access.log; ' + SIMPLE % 'x')
    server.start()
    assert server.get().status == 200
    server.wait_log('GET / ', 'access.log')
    os.rename(server.path('access.log'), server.path('access.old'))
    assert server.run('-c', 'nginx.conf', '-s', 'reopen').returncode == 0
    server.wait_for(lambda: os.path.exists(server.path('access.log')), 'the new log')


def test_quit_finishes_requests(server):
    """QUIT: what is being sent is sent to its end; new connections are refused."""
    server.write('html/big.bin', b'q' * (24 << 20))
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; }')
    process = server.start().process
    with server.client() as client:
        client.send(request('GET', '/big.bin'))
        client.fill()
        server.kick(signal.SIGQUIT)
        def refused():
            try:
                server.client().close()
            except ConnectionRefusedError:
                return True
            return False
        server.wait_for(refused, 'the listener to close')
        assert process.poll() is None
        answer = client.response()
        assert answer.body == b'q' * (24 << 20)
        client.expect_close()
    assert process.wait(20) == 0
    server.check()


def test_quit_answers_a_begun_request(server):
    """A request whose head has begun to arrive is answered, with Connection: close."""
    server.http(SIMPLE % 'last')
    process = server.start().process
    with server.client() as client:
        client.ask()
        client.send(b'GET / HTTP/1.1\r\nHo')
        client.settle()
        time.sleep(0.1)
        server.kick(signal.SIGQUIT)
        time.sleep(0.2)
        client.send(b'st: a\r\n\r\n')
        answer = client.response()
        assert answer.text == 'last' and answer.get('Connection') == 'close'
        client.expect_close()
    assert process.wait(20) == 0
    server.check()


def test_term_does_not_wait(server):
    server.write('html/big.bin', b'q' * (24 << 20))
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; }')
    server.start()
    with server.client() as client:
        client.send(request('GET', '/big.bin'))
        client.fill()
        server.stop(signal.SIGTERM)


def test_worker_shutdown_timeout(server):
    """nginx: worker_shutdown_timeout cuts what QUIT would wait for."""
    server.write('html/big.bin', b'q' * (24 << 20))
    server.configure('worker_shutdown_timeout 300ms; http { access_log off; server { listen 127.0.0.1:@http@; root @dir@/html; } }')
    server.start()
    with server.client() as client:
        client.send(request('GET', '/big.bin'))
        client.fill()
        server.stop(signal.SIGQUIT)


def test_address_in_use(server, tmp_path):
    """Starting twice on one address is an error, SO_REUSEPORT or not."""
    from tests.harness import instance
    server.http(SIMPLE % 'first', workers=2)
    server.start()
    second = instance.Server(tmp_path / 'second')
    second.ports = server.ports
    second.http(SIMPLE % 'second', workers=2)
    process = second.spawn()
    try:
        assert process.wait(30) == 1
    finally:
        second.kill()
    found = re.search(r'bind\(\) to 127\.0\.0\.1:\d+ failed \(98: Address already in use\)(.*)',
                      second.read('stderr') + second.read('error.log'))
    assert found
    if OURS:
        told = re.fullmatch(r' in \S+nginx\.conf:2: process (\d+) \(\S+\) listens there', found[1])
        assert told and int(told[1]) in (server.process.pid, server.pid), found[0]
    assert all(server.get().text == 'first' for _ in range(10))


def test_address_in_use_by_another(server):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(server.address())
        other.listen()
        server.http(SIMPLE % 'x')
        server.refuses_to_start('Address already in use', also='still could not bind')
        if OURS:
            assert f'process {os.getpid()} (' in server.read('stderr')


@pytest.mark.ours
@pytest.mark.parametrize('family, address, listen', [
    (socket.AF_INET, '0.0.0.0', '127.0.0.1:@http@'), (socket.AF_INET, '127.0.0.1', '@http@'),
    (socket.AF_INET6, '::', '@http@'), (socket.AF_INET6, '::1', '[::1]:@http@')])
def test_who_has_the_port(server, family, address, listen):
    """proc(5): an address for all keeps the others of its port away, and [::] those of IPv4, too."""
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip('no IPv6 here')
    with socket.socket(family) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, server.port()))
        other.listen()
        server.http('server { listen %s; return 200; }' % listen)
        server.refuses_to_start(f': process {os.getpid()} (')


def test_reload(server):
    server.http(SIMPLE % 'old')
    server.start()
    pid = server.process.pid
    server.http(SIMPLE % 'new', workers=3)
    server.reload(lambda: server.get().text == 'new')
    server.http(SIMPLE % 'newest', workers=1)
    server.reload(lambda: server.get().text == 'newest')
    assert server.process.pid == pid and int(server.read('tidepool.pid')) == pid


@pytest.mark.parametrize('text',
                         ['nonsense on;', 'http {',
                          'http { server { listen 127.0.0.1:@http@; location ~ ( { } } }'])
def test_reload_of_a_wrong_file_keeps_the_old(server, text):
    server.http(SIMPLE % 'old')
    server.start()
    server.configure(text)
    server.kick(signal.SIGHUP)
    server.wait_log(r'\[emerg\].*nginx.conf:\d')
    server.expect(r'\[emerg\].*nginx.conf:\d')
    assert all(server.get().text == 'old' for _ in range(20))


def test_reload_with_an_address_in_use_keeps_the_old(server):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an earlier test's connections may linger
        other.bind(server.address('taken'))
        other.listen()
        server.http(SIMPLE % 'old')
        server.start()
        server.http(SIMPLE % 'new' + ' server { listen 127.0.0.1:@taken@; return 200; }')
        server.kick(signal.SIGHUP)
        server.expect('Address already in use|could not bind')
        server.wait_log('Address already in use')
        assert server.get().text == 'old'


def test_reload_adds_and_removes_listeners(server):
    both = ' server { listen 127.0.0.1:@second@; return 200 "two"; }'
    server.http(SIMPLE % 'one', workers=2)
    server.start()
    for _ in range(3):
        server.http(SIMPLE % 'one' + both, workers=2)
        def added():
            try:
                return server.get(port='second').text == 'two'
            except OSError:
                return False
        server.reload(added)
        assert server.get().text == 'one'
        server.http(SIMPLE % 'one', workers=2)
        def removed():
            try:
                server.client('second').close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                # Between our SYN and the close of the listener: there is no server left to ask.
                pass
            return False
        server.reload(removed)
        assert server.get().text == 'one'


def test_reload_leaves_requests_alone(server):
    """A request ends under the configuration that it began with."""
    server.write('html/big.bin', b'r' * (24 << 20))
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; location = /which { return 200 "old"; } }')
    server.start()
    with server.client() as client:
        client.send(request('GET', '/big.bin'))
        client.fill()
        server.http('server { listen 127.0.0.1:@http@; root /nonexistent; location = /which { return 200 "new"; } }')
        server.reload(lambda: server.get('/which').text == 'new')
        assert client.response().body == b'r' * (24 << 20)


@pytest.mark.ours
def test_reload_takes_idle_connections_along(server):
    """Idle keep-alive connections move to the new generation: nobody is hung up on."""
    server.http(SIMPLE % 'old', workers=2)
    server.start()
    clients = [server.client() for _ in range(20)]
    assert all(client.ask().text == 'old' for client in clients)
    server.http(SIMPLE % 'new', workers=2)
    server.reload(lambda: [client.ask().text for client in clients] == ['new'] * 20) # one worker may be behind
    for client in clients:
        client.close()


@pytest.mark.parametrize('buffer', ['', ' buffer=4k'])
def test_reopen_loses_no_line(server, buffer):
    """USR1 while requests come: every request has its line, in one file or the other."""
    server.http(f'access_log access.log combined{buffer}; server {{ listen 127.0.0.1:@http@; return 200; }}',
                workers=2)
    server.start()
    per, workers = 150, 4
    def client(number):
        with server.client() as one:
            for n in range(per):
                assert one.ask('GET', f'/{number}/{n}').status == 200
    threads = [threading.Thread(target=client, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    files = 0
    while any(thread.is_alive() for thread in threads) and files < 40:
        if os.path.exists(server.path('access.log')):
            os.rename(server.path('access.log'), server.path(f'access.{files}'))
            files += 1
        server.kick(signal.SIGUSR1)
        server.wait_for(lambda: os.path.exists(server.path('access.log')), 'the new log')
    for thread in threads:
        thread.join()
    server.stop(signal.SIGQUIT)
    lines = server.read('access.log') + ''.join(server.read(f'access.{n}') for n in range(files))
    found = re.findall(r'"GET /(\d+)/(\d+) HTTP/1.1"', lines)
    assert files > 0 and len(found) == len(lines.splitlines())
    wanted = [(a, b) for a in range(workers) for b in range(per)]
    assert sorted((int(a), int(b)) for a, b in found) == wanted


def test_unix_socket(server):
    """nginx: listen unix:path; the file goes with the server."""
    server.http('server { listen unix:@dir@/http.sock; return 200 "by file"; }', workers=2)
    server.start()
    for _ in range(10):
        with Client(server.path('http.sock')) as client:
            assert client.ask().text == 'by file'
            assert client.ask().text == 'by file'
    server.stop(signal.SIGTERM)
    assert not os.path.exists(server.path('http.sock'))


def test_unix_socket_survives_a_reload(server):
    server.http('server { listen unix:@dir@/http.sock; return 200 "old"; }', workers=1)
    server.start()
    server.http('server { listen unix:@dir@/http.sock; return 200 "new"; }', workers=2)
    def new():
        with Client(server.path('http.sock')) as client:
            return client.ask().text == 'new'
    server.reload(new)


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
def test_ipv6(server):
    server.http('server { listen [::1]:@http@; return 200 "$remote_addr $server_addr"; }')
    server.start()
    with Client(('::1', server.port())) as client:
        assert client.ask().text == '::1 ::1'


def test_workers(server):
    server.http(SIMPLE % 'x', workers=4)
    server.start()
    for _ in range(100):
        assert server.get().text == 'x'


def test_nothing_left_open(server):
    """After clients come and go the descriptors are those of the start."""
    server.write('html/a.txt', 'a')
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; }')
    server.start()
    server.get('/a.txt')
    server.wait_for(lambda: server.descriptors(), 'a count')
    before = server.descriptors()
    for _ in range(100):
        server.get('/a.txt')
    server.wait_for(lambda: server.descriptors() <= before, 'descriptors to be closed')
