# SPDX-License-Identifier: BSD-2-Clause
"""Twenty reloads under load lose nothing: keep-alive and close clients, 1 and 4 workers in turn, a listener
that comes and goes."""
import os
import threading

import pytest

from tests.harness.instance import ROOT
from tests.harness.wire import request

from tests.load import reload


class Load:
    """Clients in threads; every failure is kept with what happened."""

    def __init__(self, server):
        self.server, self.stop, self.failures, self.answers = server, threading.Event(), [], 0
        self.lock = threading.Lock()
        self.threads = []

    def add(self, work, *arguments):
        self.threads.append(threading.Thread(target=self.guard, args=(work, *arguments)))
        self.threads[-1].start()

    def guard(self, work, *arguments):
        while not self.stop.is_set():
            try:
                work(*arguments)
            except (AssertionError, OSError) as error:
                with self.lock:
                    self.failures.append(f'{work.__name__}: {error!r}')

    def count(self, number=1):
        with self.lock:
            self.answers += number

    def close_client(self, port):
        answer = self.server.get('/x', port=port)
        assert answer.status == 200 and answer.text.startswith('number-')
        self.count()

    def keepalive_client(self, port):
        """Goes on with a connection until the server says close; only then may it be closed."""
        with self.server.client(port) as client:
            while not self.stop.is_set():
                answer = client.ask('GET', '/x')
                assert answer.status == 200 and answer.text.startswith('number-')
                self.count()
                if answer.get('Connection') == 'close':
                    client.expect_close()
                    return

    def pipelining_client(self, port):
        with self.server.client(port) as client:
            while not self.stop.is_set():
                client.send(request('GET', '/x') * 8)
                for number in range(8):
                    answer = client.response()
                    assert answer.status == 200
                    self.count()
                    if answer.get('Connection') == 'close':
                        # What follows was not taken up: RFC 9112 9.3.2 has the client send it again.
                        return

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def configuration(server, number, extra):
    word = f'number-{number}'  # a worker that is slow to switch still says the last but one
    text = f'server {{ listen 127.0.0.1:@http@; listen 127.0.0.1:@second@; location / {{ return 200 {word}; }} }}'
    if extra:
        text += f'server {{ listen 127.0.0.1:@extra@; location / {{ return 200 {word}; }} }}'
    server.http('access_log access.log; keepalive_requests 100000; ' + text, workers=4 if number % 2 else 1)
    return word


@pytest.mark.ours
def test_reloads_under_load(server):
    configuration(server, 0, False)
    server.start()
    load = Load(server)
    for port in ('http', 'second'):
        load.add(load.close_client, port)
        load.add(load.keepalive_client, port)
        load.add(load.keepalive_client, port)
        load.add(load.pipelining_client, port)
    try:
        for number in range(1, 21):
            extra = number % 4 in (1, 2)
            word = configuration(server, number, extra)
            answers = load.answers
            server.reload(lambda: server.get('/x').text == word)
            if extra:
                assert server.get('/x', port='extra').status == 200
            elif number % 4 == 3:
                server.wait_for(lambda: refused(server, 'extra'), 'the listener to go')
            # Every generation does some work before the next one comes.
            server.wait_for(lambda: load.answers > answers + 50 or load.failures, 'answers')
    finally:
        load.end()
    assert not load.failures, '\n'.join(load.failures[:20])
    assert load.answers > 1000


@pytest.mark.ours
def test_reloads_between_1_and_16_workers(server):
    """Also at unix sockets and at the control socket, whose connections one worker accepts and all serve: a worker
    that has just been made is sent none before it has heard of its first configuration."""
    reload.configure(server, 0, 1)
    server.start()
    assert reload.drive(server, 30, 8).answers > 1000


STATUS = 'server { listen 127.0.0.1:@http@; location / { return 200 "%d $connection"; } location = /status { stub_status; } }'


@pytest.mark.ours
def test_status_under_an_old_configuration(server):
    """nginx, stub_status: "accepts: the total number of accepted client connections", so it never falls. A request that
    began under a configuration of eight workers is answered when seven of them are no more."""
    def threads():
        return len(os.listdir(f'/proc/{server.pid}/task'))

    def accepts(text):
        return int(text.split()[7])

    server.http(STATUS % 0, workers=1)
    server.start()
    one = threads()
    with server.client() as client:  # of the worker that stays
        assert client.ask().text.startswith('0 ')
        server.http(STATUS % 1, workers=8)
        server.reload(lambda: server.get().text.startswith('1 '))
        for _ in range(50):
            server.get()
        server.wait_for(lambda: client.ask().text.startswith('1 '), 'the connection to follow')
        half = request('GET', '/status')
        client.send(half[:-2]).settle()
        before = accepts(server.get('/status').text)
        assert before > 50
        server.http(STATUS % 2, workers=1)
        server.reload(lambda: server.get().text.startswith('2 '))
        server.wait_for(lambda: threads() == one, 'seven workers to end')
        assert accepts(client.send(half[-2:]).response().text) > before
    assert accepts(server.get('/status').text) > before


@pytest.mark.ours
def test_numbers_of_connections(server):
    """nginx, $connection: "connection serial number": unique, and small, at whatever worker (up to sixteen are left
    over at each)."""
    server.http(STATUS % 0, workers=4)
    server.start()
    numbers = [int(server.get().text.split()[1]) for _ in range(100)]
    assert len(set(numbers)) == 100
    assert 1 <= min(numbers) and max(numbers) <= 100 + 4 * 16


def refused(server, port):
    try:
        server.client(port).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # the kernel's answer while the socket is being closed
        return False
    return False


@pytest.mark.ours
def test_nothing_queued_is_lost_when_workers_go(server):
    """Connections that wait in the queue of a worker's socket when it goes are answered all the same."""
    server.http('server { listen 127.0.0.1:@http@; return 200 "x"; }', workers=4)
    server.start()
    for number in range(6):
        clients = []
        workers = 1 if number % 2 == 0 else 4
        server.http('server { listen 127.0.0.1:@http@; return 200 "x"; }', workers=workers)
        server.kick(1)
        for _ in range(150):
            clients.append(server.client())
            clients[-1].send(request('GET', '/', [('Connection', 'close')]))
        for client in clients:
            assert client.response().status == 200
            client.close()


@pytest.mark.ours
def test_generations_are_given_back(server):
    """Reloads do not pile up memory or descriptors."""
    server.http('server { listen 127.0.0.1:@http@; location / { return 200 "$http_n"; } }', workers=2)
    server.start()
    def reload(number):
        server.http(f'server {{ listen 127.0.0.1:@http@; location / {{ return 200 "{number}"; }} }}',
                    workers=2)
        server.reload(lambda: server.get().text == str(number))
    for number in range(5):
        reload(number)
    memory, descriptors = server.anonymous_kib(), server.descriptors()
    for number in range(5, 35):
        reload(number)
    from tests.harness import instance
    server.wait_for(lambda: server.descriptors() <= descriptors + 2, 'descriptors to be closed')
    if not instance.INSTRUMENTED:
        assert server.anonymous_kib() <= memory + 512


@pytest.mark.ours
def test_echo_survives_reloads(server):
    text = 'worker_shutdown_timeout 20s; stream { server { listen 127.0.0.1:@echo@; echo; } } http { access_log off; server { listen 127.0.0.1:@http@; return 200 "%d"; } }'
    server.configure(text % 0, workers=2)
    server.start()
    with server.client('echo') as client:
        for number in range(1, 5):
            server.configure(text % number, workers=1 + number % 3)
            server.reload(lambda: server.get().text == str(number))
            data = b'%d' % number * 1000
            assert client.send(data).exactly(len(data)) == data
            with server.client('echo') as other:
                assert other.send(data).exactly(len(data)) == data


@pytest.mark.ours
def test_idle_connections_change_hands(server):
    """Workers go and come while connections are idle: each is handed on, also when the configuration that it
    was accepted under is destroyed while it is on its way, and answers afterwards."""
    text = 'server { listen 127.0.0.1:@http@; location / { return 200 "%d"; } }'
    server.http(text % 0, workers=4)
    server.start()
    clients = [server.client() for _ in range(60)]
    for client in clients:
        assert client.ask().text == '0'
    for number in range(1, 13):
        server.http(text % number, workers=1 + number % 4)
        server.reload(lambda: server.get().text == str(number))
    for client in clients:
        assert client.ask().text == '12'
        client.close()
