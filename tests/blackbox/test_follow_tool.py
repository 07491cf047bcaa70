# SPDX-License-Identifier: BSD-2-Clause
"""`tidepool follow` against a server of the test's own, at a control socket and over HTTP: what it asks, what it prints,
and what it says when the server, the connection or the stream is not there."""
import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import threading

import pytest

from tests.harness import instance
from tests.harness.wire import PATIENCE

pytestmark = pytest.mark.ours

LIFE = [
    {'c': '1.4911', 't': 0, 'k': 'create', 'bytes': 512, 'held': 512, 'client': '127.0.0.1:4567', 'protocol': 'http'},
    {'c': '1.4911', 't': 70, 'k': 'pin', 'held': 512},
    {'c': '1.4911', 't': 150, 'k': 'take', 'kind': 'buffer', 'purpose': 'input', 'bytes': 12288, 'held': 12800,
     'source': 'http/receive.c:19'},
    {'c': '1.4911', 't': 200, 'k': 'request', 'n': 1, 'method': 'GET', 'path': '/plain'},
    {'c': '1.4911', 't': 250, 'k': 'give', 'kind': 'buffer', 'purpose': 'input', 'bytes': 12288, 'held': 512},
    {'c': '1.4911', 't': 251, 'k': 'reset', 'held': 512, 'n': 1},
    {'c': '1.4911', 't': 900, 'k': 'destroy', 'held': 0},
]


def lines(events):
    return [json.dumps(one, separators=(',', ':')) + '\n' for one in events]


def server_sent(events, end='destroyed'):
    text = ':\n\n' + ''.join(f'event: pool\ndata: {one}\n' for one in lines(events))
    return text + (f'event: end\ndata: {{"why":"{end}"}}\n\n' if end else '')


class Fake(threading.Thread):
    """Answers each question with the pieces given, and closes. With `hold`, it waits in front of the last piece."""

    def __init__(self, listener, pieces, hold=None):
        super().__init__(daemon=True)
        self.listener, self.pieces, self.hold, self.questions = listener, pieces, hold, []
        self.listener.listen()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, client.makefile('r') as reader:
                    self.questions.append(reader.readline().strip())
                    if self.questions[-1].startswith('GET'):
                        while reader.readline().strip():
                            pass
                    for number, piece in enumerate(self.pieces):
                        if self.hold and number == len(self.pieces) - 1:
                            assert self.hold.wait(PATIENCE)
                        client.sendall(piece.encode())


@pytest.fixture
def control(tmp_path):
    made = []

    def make(*pieces, hold=None):
        listener = socket.socket(socket.AF_UNIX)
        path = str(tmp_path / f'{len(made)}.sock')
        listener.bind(path)
        made.append(Fake(listener, pieces, hold))
        made[-1].address = f'unix:{path}'
        return made[-1]
    yield make
    for one in made:
        one.listener.close()


@pytest.fixture
def http():
    made = []

    def make(*pieces, status='200 OK'):
        listener = socket.create_server(('127.0.0.1', 0))
        head = f'HTTP/1.1 {status}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n'
        made.append(Fake(listener, (head, *pieces)))
        made[-1].address = 'http://127.0.0.1:{}/pools/'.format(listener.getsockname()[1])
        return made[-1]
    yield make
    for one in made:
        one.listener.close()


def command(*arguments):
    return [*instance.WRAPPER, instance.BINARY, 'follow', *arguments]


def follow(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


def test_a_line_an_event(control):
    got = follow('-c', control(*lines(LIFE)).address, '1.4911')
    assert got.returncode == 0 and got.stderr == ''
    said = got.stdout.splitlines()
    assert [line.split()[2] for line in said] == [event['k'] for event in LIFE]
    assert '\x1b' not in got.stdout, 'no colour where there is no terminal'
    for word in '1.4911', '0.000150', '+12 KiB', '12.5 KiB', 'input buffer', 'http/receive.c:19':
        assert word in said[2]
    assert 'GET /plain' in said[3]


def test_json_is_the_servers_own(control):
    one = control(*lines(LIFE))
    got = follow('-j', '-c', one.address, '1.4911')
    assert got.returncode == 0 and got.stdout == ''.join(lines(LIFE))


def test_it_ends_with_the_pool_though_the_stream_goes_on(control):
    assert follow('-j', '-c', control(*lines(LIFE), 'more\n').address, 'next').stdout == ''.join(lines(LIFE))


def test_lines_in_pieces(control):
    """Split at every byte, and all in one piece."""
    text = ''.join(lines(LIFE))
    assert follow('-j', '-c', control(*text).address, '1.4911').stdout == text
    assert follow('-j', '-c', control(text).address, '1.4911').stdout == text


def test_an_event_is_seen_when_it_happens(control):
    """Also behind a pipe, whatever is still to come."""
    hold = threading.Event()
    one = control(*lines(LIFE[:3]), ''.join(lines(LIFE[3:])), hold=hold)
    with subprocess.Popen(command('-j', '-c', one.address, '1.4911'), stdout=subprocess.PIPE, text=True) as run:
        assert [json.loads(run.stdout.readline()) for _ in range(3)] == LIFE[:3]
        hold.set()
        assert [json.loads(line) for line in run.stdout] == LIFE[3:]
    assert run.returncode == 0


def test_colour_in_a_terminal(control):
    master, slave = pty.openpty()
    with subprocess.Popen(command('-c', control(*lines(LIFE)).address, 'next'), stdout=slave) as run:
        os.close(slave)
        text = b''
        with contextlib.suppress(OSError):  # of a terminal whose other side is gone
            while piece := os.read(master, 4096):
                text += piece
    os.close(master)
    assert run.returncode == 0 and text.count(b'\x1b[0m') == len(LIFE)


@pytest.mark.parametrize('arguments, question', [
    (['1.4911'], 'follow id=1.4911'), (['1099511632687'], 'follow id=1099511632687'),
    (['-a', '1.4911'], 'follow id=1.4911&allocs=1'), (['next'], 'follow next=1'),
    (['127.'], 'follow next=1&address=127.'), (['10.0.0.1:80'], 'follow next=1&address=10.0.0.1:80'),
    (['-a', '[::1]'], 'follow next=1&address=[::1]&allocs=1'), (['unix:'], 'follow next=1&address=unix:')])
def test_what_is_asked(control, http, arguments, question):
    one = control(*lines(LIFE))
    assert follow('-c', one.address, *arguments).returncode == 0
    assert one.questions == [question]
    other = http(server_sent(LIFE))
    assert follow('-c', other.address, *arguments).returncode == 0
    assert other.questions == [f'GET /pools/{question.replace(" ", "?")} HTTP/1.0']


def test_over_http(http):
    text = server_sent(LIFE)
    got = follow('-j', '-c', http(*text).address, '1.4911')
    assert got.returncode == 0 and got.stdout == ''.join(lines(LIFE)) and got.stderr == ''
    assert '+12 KiB' in follow('-c', http(text).address, '1.4911').stdout


@pytest.mark.parametrize('arguments', [[], ['-x', 'next'], ['next', 'more'], ['-c'], ['somewhere'], ['1.2\n'], ['a b'],
                                       ['1.' * 200]])
def test_wrong_arguments(arguments):
    got = follow(*arguments)
    assert got.returncode == 2 and got.stdout == '' and ('Usage: tidepool follow' in got.stderr or 'neither' in got.stderr)


def test_help():
    got = follow('-h')
    assert got.returncode == 0 and 'Usage: tidepool follow' in got.stdout


def test_nobody_there(tmp_path):
    got = follow('-c', f'unix:{tmp_path}/none.sock', 'next')
    assert got.returncode == 1 and 'none.sock' in got.stderr
    got = follow('-c', 'ftp://x', 'next')
    assert got.returncode == 1 and 'neither' in got.stderr


def test_a_connection_that_is_not_known(control, http):
    got = follow('-j', '-c', control('{"error":"no such connection"}\n').address, '1.1')
    assert got.returncode == 1 and got.stderr == 'tidepool: no such connection\n' and got.stdout == ''
    got = follow('-c', http('no such connection', status='404 Not Found').address, '1.1')
    assert got.returncode == 1 and got.stderr == 'tidepool: no such connection\n' and got.stdout == ''
    got = follow('-c', http(status='503 Service Unavailable').address, '1.1')
    assert got.returncode == 1 and got.stderr.startswith('tidepool: ')


@pytest.mark.parametrize('events', [LIFE[:4], []])
def test_the_server_ends(control, http, events):
    for one in control(*lines(events)), http(server_sent(events, None)):
        got = follow('-j', '-c', one.address, '1.4911')
        assert got.returncode == 1 and got.stdout == ''.join(lines(events))
        assert got.stderr == 'tidepool: the server has closed this before the pool was destroyed\n'


def test_the_server_says_why(http):
    got = follow('-c', http(server_sent(LIFE[:4], 'reload')).address, '1.4911')
    assert got.returncode == 1 and 'reload' in got.stderr


@pytest.mark.parametrize('answer', ['{\n', '{"k":}\n', '{' * 20000, '{"a":' * 100 + '\n'], ids=range(4))
def test_bad_answers(control, answer):
    got = follow('-c', control(answer).address, 'next')
    assert got.returncode == 1 and got.stderr == 'tidepool: the answer is no stream of events\n'


def test_a_server_that_hangs(server):
    """A pool that rests has a sign of life each second, at either place; a server that is stopped has none."""
    server.configure('control unix:@dir@/control.sock;\n'
                     'http { access_log off; server { listen 127.0.0.1:@http@; location /pools/ { pool_view; } } }')
    server.start()
    for where in f"unix:{server.path('control.sock')}", f'http://127.0.0.1:{server.port()}/pools':
        with subprocess.Popen(command('-c', where, '192.0.2.1'), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(7)  # longer than it would wait for a server that hangs
            server.kick(signal.SIGSTOP)
            try:
                assert run.wait(PATIENCE) == 1
            finally:
                server.kick(signal.SIGCONT)
            assert run.stderr.read() == 'tidepool: the server hangs: there is no sign of life\n' and run.stdout.read() == ''


def test_nobody_reads_it(control):
    with subprocess.Popen(command('-c', control(*lines(LIFE * 2000)).address, 'next'), stdout=subprocess.PIPE) as run:
        run.stdout.close()
    assert run.returncode != 0


# ---- with a server of ours ----

def test_a_life_of_ours(server):
    """The tool hears what the server has to say, at either place; what was taken is given back, in order."""
    server.configure('control unix:@dir@/control.sock;\n'
                     'http { access_log off; server { listen 127.0.0.1:@http@; location = /plain { return 200 plain; }'
                     ' location /pools/ { pool_view; } } }', workers=2)
    server.start()
    socket_address = f"unix:{server.path('control.sock')}"
    page = f'http://127.0.0.1:{server.port()}/pools'
    for where in socket_address, page:
        with subprocess.Popen(command('-j', '-c', where, '127.0.0.2'), stdout=subprocess.PIPE, text=True) as run:
            # Until it listens nobody can know that it does: clients come until one is followed.
            first = None
            while not first:
                with server.client(source='127.0.0.2') as client:
                    assert client.ask(target='/plain').status == 200
                    assert client.ask(target='/plain').status == 200
                if select.select([run.stdout], [], [], .2)[0]:
                    first = run.stdout.readline()
            events = [json.loads(first), *map(json.loads, run.stdout)]
        assert run.returncode == 0
        kinds = [one['k'] for one in events]
        assert kinds[0] == 'create' and kinds[-1] == 'destroy' and kinds.count('request') == 2
        assert events[0]['client'].startswith('127.0.0.2:')
        held = 0
        for one in events:
            held += {'create': 1, 'take': 1, 'give': -1}.get(one['k'], 0) * one.get('bytes', 0)
            assert one['k'] == 'destroy' or one.get('held', held) == held
        assert held == events[0]['bytes'], 'the first block goes last'
        got = follow('-c', where, '999999')
        assert got.returncode == 1 and got.stderr == 'tidepool: no such connection\n'
