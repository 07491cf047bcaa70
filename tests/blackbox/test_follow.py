# SPDX-License-Identifier: BSD-2-Clause
"""The life of a pool as it happens: `follow` on the control socket and below pool_view. What is expected is from
pool_view.md: what is taken is given back, sums are those of the snapshot, and nothing is left out unsaid."""
import json
import re
import signal
import socket
import threading
import time

import pytest

from tests.harness import wire

pytestmark = pytest.mark.ours

CONFIG = '''%(more)s control unix:control.sock; events { worker_connections 1000; }
http { access_log off; keepalive_requests 100000; client_body_buffer_size 64k; large_client_header_buffers 4 8k; %(http)s
    server { listen 127.0.0.1:@http@;
        location / { return 200 "text"; } location /echo { echo_body; } location /files/ { alias ./; sendfile off; }
        location /pools/ { pool_view; } } }'''


class Follower:
    """Reads the events of one `follow` line until it is told to stop, or the server ends it."""

    def __init__(self, server, arguments, command='follow'):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(wire.PATIENCE)
        self.socket.connect(server.path('control.sock'))
        self.socket.sendall(f'{command} {arguments}\n'.encode())
        self.lock, self.data, self.over, self.reads = threading.Lock(), b'', False, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                more = self.socket.recv(65536)
            except OSError:
                more = b''
            with self.lock:
                self.data += more
                self.over = not more
                self.reads += 1
            if not more:
                return

    def events(self):
        with self.lock:
            return [json.loads(line) for line in self.data[:self.data.rfind(b'\n') + 1].splitlines() if line]

    def kinds(self):
        return [event.get('k') for event in self.events()]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def serve(server, more='', http='', workers=1):
    server.configure(CONFIG % {'more': more, 'http': http}, workers=workers)
    server.start()
    return server


def name_of(server, client):
    """`1.4911` of a connection, from the server's own rows."""
    port = client.socket.getsockname()[1]
    for row in rows(server):
        if row['client'].endswith(f':{port}'):
            return f"{row['worker']}.{row['id']}", row
    return None, None


def rows(server):
    return json.loads(server.get('/pools/data?sort=age&limit=1000').text)['connections']['rows']


def follow(server, client, more=''):
    server.wait_for(lambda: name_of(server, client)[0], 'the connection to be seen')
    name = name_of(server, client)[0]
    follower = Follower(server, f'id={name}{more}')
    server.wait_for(follower.events, 'the first event')
    return follower, name


def adds_up(events):
    """Every `held` is what the events before it say; time never falls."""
    held, last = {}, {}
    for event in events:
        name, kind = event['c'], event['k']
        assert event['t'] >= last.get(name, 0)
        last[name] = event['t']
        if kind == 'create':
            held[name] = event['bytes'] if event.get('joined') else event['held']
            whole = event['held']
        elif kind == 'have':
            held[name] += event['bytes']
            assert event['held'] == whole
        elif kind == 'take':
            held[name] += event['bytes']
        elif kind == 'give':
            held[name] -= event['bytes']
        if kind == 'destroy':
            assert event['held'] == 0
        elif 'held' in event and kind not in ('have', 'create'):
            assert event['held'] == held[name], event
    return held


def balance(events, what):
    return sum({'take': 1, 'give': -1}.get(event['k'], 0) * event['bytes'] for event in events
               if event.get('kind') == what)


def test_a_whole_life(server):
    """Connect, a head in six pieces, a cookie of 5 KiB, a POST of 60 KB, a slow GET of 4 MiB, close."""
    serve(server)
    server.write('big', b'x' * (4 << 20))
    with Follower(server, 'next=1') as follower:
        settle(server)
        with server.client(narrow=True) as client:
            server.wait_for(follower.events, 'the connection to be followed')
            head = wire.request('GET', '/one?a=b')
            for at in range(0, len(head), len(head) // 6 + 1):
                client.send(head[at:at + len(head) // 6 + 1]).settle()
            assert client.response().status == 200
            assert client.ask('GET', '/two', fields=[('Cookie', 'c' * 5120)]).status == 200
            assert client.ask('POST', '/echo', body=b'p' * 60000).body == b'p' * 60000
            name, row = name_of(server, client)
            wait_quiet(server, follower, 3)
            assert adds_up(follower.events()) == {name: row['total_bytes']}
            client.send(wire.request('GET', '/files/big'))
            server.wait_for(lambda: {'k': 'state', 'state': 'sending'}.items() <= follower.events()[-1].items(),
                            'the answer to be stuck')
            row = name_of(server, client)[1]
            assert adds_up(follower.events()) == {name: row['total_bytes']}
            assert len(client.widen().response().body) == 4 << 20
        server.wait_for(lambda: follower.over, 'the end of the pool')
        events = follower.events()
    kinds = [event['k'] for event in events]
    assert kinds[:2] == ['create', 'pin'] and kinds[-1] == 'destroy' and 'dropped' not in kinds
    assert adds_up(events) == {name: events[0]['bytes']}  # the first block went with the pool
    assert all(balance(events, what) == 0 for what in ('block', 'large', 'buffer'))
    asked = [(event['n'], event['method'], event['path']) for event in events if event['k'] == 'request']
    assert asked == [(1, 'GET', '/one?a=b'), (2, 'GET', '/two'), (3, 'POST', '/echo'), (4, 'GET', '/files/big')]
    assert sum(kind in ('reset', 'idle') for kind in kinds) == 4
    assert {event['purpose'] for event in events if event['k'] == 'take'} >= {'input', 'output', 'request'}
    assert all(re.fullmatch(r'(http|server|pool)/[\w/]+\.[ch]:\d+', event['source']) for event in events
               if event['k'] == 'take')
    states = [event['state'] for event in events if event['k'] == 'state']
    assert states[0] == 'idle' and 'sending' in states and states[-1] == 'idle'


def settle(server):
    """All workers have heard: each answers for its part of a snapshot, in the order of messages."""
    with Follower(server, '', command='data') as asked:
        server.wait_for(lambda: asked.over, 'a snapshot')


def wait_quiet(server, follower, requests):
    def quiet():
        events = [event for event in follower.events() if event['k'] != 'state']
        return sum(event['k'] in ('reset', 'idle') for event in events) == requests and events[-1]['k'] == 'give' and events[-1]['held'] == events[0]['bytes']
    server.wait_for(quiet, 'the pool to be at its first block again')


@pytest.mark.parametrize('workers', [1, 4])
def test_one_that_was_there_before(server, workers):
    serve(server, workers=workers)
    with server.client() as client:
        client.send(wire.request('GET', '/a')[:-2] + b'X: ' + b'y' * 3000)
        follower, name = follow(server, client)
        with follower:
            wait_have(server, follower)
            row = name_of(server, client)[1]
            assert adds_up(follower.events()) == {name: row['total_bytes']}
            create = follower.events()[0]
            assert create['joined'] is True and create['protocol'] == 'http' and create['client'] == row['client']
            client.send(b'\r\n\r\n')
            assert client.response().status == 200
            wait_quiet(server, follower, 1)
            adds_up(follower.events())
            client.close()
            server.wait_for(lambda: follower.over, 'the end')
            assert follower.kinds()[-1] == 'destroy'


def wait_have(server, follower):
    server.wait_for(lambda: 'have' in follower.kinds(), 'what it holds')
    settle(server)


def test_allocations(server):
    """allocs=1: each of a request, and the pool is used as it is without."""
    serve(server)
    plain, told = [], []
    for more, to in (('', plain), ('&allocs=1', told)):
        with server.client() as client:
            follower, _ = follow(server, client, more)
            with follower:
                for _ in range(3):
                    assert client.ask('GET', '/files/', fields=[('Cookie', 'c' * 3000)]).status == 403
                wait_quiet(server, follower, 3)
                adds_up(follower.events())
                to += [(event['k'], event.get('purpose'), event.get('bytes'), event.get('held'))
                       for event in follower.events() if event['k'] != 'state']
    assert [event for event in told if event[0] != 'alloc'] == plain
    purposes = {event[1] for event in told if event[0] == 'alloc'}
    assert {'request', 'path'} <= purposes and len([1 for event in told if event[0] == 'alloc']) >= 6


def test_refusals_are_told(server):
    serve(server, http='connection_pool_budget 40k;')
    with server.client() as client:
        follower, _ = follow(server, client)
        with follower:
            client.send(wire.request('POST', '/echo', body=b'x' * 60000))
            server.wait_for(lambda: 'refused' in follower.kinds(), 'the refusal')
            refused = next(event for event in follower.events() if event['k'] == 'refused')
            assert refused['why'] == 'connection_pool_budget' and refused['bytes'] > 0
            assert refused['held'] + refused['bytes'] > 40960 >= refused['held']


def test_wrong_questions(server):
    serve(server)
    cases = {'id=': 'id is a number', 'id=1.': 'id is a number', 'id=0': 'id is a number', 'nonsense=1': 'arguments are',
             'next=2': 'are 1 or', 'id=99999': 'no such connection', '': 'one of id=', 'mine=1': 'no address',
             'id=4&address=1': 'address belongs to next=1'}
    for arguments, error in cases.items():
        with Follower(server, arguments) as follower:
            server.wait_for(lambda: follower.over, 'an answer')
            assert error in follower.events()[0]['error'], arguments
        if arguments not in ('mine=1', 'id=99999'):
            answer = server.get(f'/pools/follow?{arguments}')
            assert answer.status == 400 and error in answer.text
    assert server.get('/pools/follow?id=99999').status == 404
    assert server.ask('HEAD', '/pools/follow?next=1').status == 200
    assert server.ask('POST', '/pools/follow?next=1').status == 405


def test_four_of_a_worker(server):
    """A fifth is told so, and has its place once another leaves; leaving is heard of without an event."""
    serve(server)
    clients = [server.client() for _ in range(5)]
    try:
        followers = [follow(server, client)[0] for client in clients[:4]]
        last = name_of(server, clients[4])[0]
        with Follower(server, f'id={last}') as fifth:
            server.wait_for(lambda: fifth.over, 'an answer')
            assert 'four pools' in fifth.events()[0]['error']
        answer = server.get(f'/pools/follow?id={last}')
        assert answer.status == 503 and answer.get('Retry-After')
        for _ in range(6):  # no place is lost by coming and going
            followers.pop().close()
            settle(server)
            server.wait_for(lambda: followers.append(follow(server, clients[4])[0]) or
                            'create' in followers[-1].kinds() or followers.pop().close(), 'a place')
        assert [event['k'] for event in followers[0].events()][0] == 'create'
        for follower in followers:
            follower.close()
    finally:
        for client in clients:
            client.close()


class Stream:
    """Server-sent events over HTTP."""

    def __init__(self, server, arguments):
        self.client = server.client()
        self.client.send(wire.request('GET', f'/pools/follow?{arguments}'))
        self.data = b''

    def until(self, mark):
        end = time.monotonic() + wire.PATIENCE
        while mark not in self.data:
            assert time.monotonic() < end, (mark, self.data[:1500])
            more = self.client.socket.recv(65536)
            assert more, self.data[-500:]
            self.data += more
        return self

    def events(self):
        return [json.loads(found) for found in re.findall(rb'event: pool\r?\n?data: ({.*?})\n\n', self.data)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


def test_server_sent_events(server):
    serve(server, workers=2)
    with Stream(server, 'next=1&address=127.0.0.1') as stream:
        stream.until(b'retry: 2000').until(b':\n\n')  # a sign of life, while nothing happens
        with server.client() as client:
            stream.until(b'"create"')
            assert client.ask('GET', '/' + 'p' * 300).status == 200
            stream.until(b'"idle"')
        stream.until(b'"destroy"').until(b'event: end\n').until(b'data: {"why":"destroyed"}\n\n')
        request = next(event for event in stream.events() if event['k'] == 'request')
        assert request['cut'] is True and len(request['path']) < 170
        assert b'0\r\n\r\n' in stream.until(b'0\r\n\r\n').data  # the answer is whole
        adds_up(stream.events())


def test_mine(server):
    """The asking client's own connections, those that come later too, and nobody else's; several in one stream."""
    serve(server)
    with server.client() as before, Stream(server, 'mine=1') as stream:
        stream.until(b'"joined":true')
        with server.client() as after:
            for client, path in ((before, '/before'), (after, '/after')):
                assert client.ask('GET', path).status == 200
                stream.until(b'"path":"%s"' % path.encode())
        events = stream.until(b'"destroy"').events()
        names = {event['path']: event['c'] for event in events if event['k'] == 'request'}
        assert names['/before'] != names['/after']
        assert names['/after'] == next(event['c'] for event in events if event['k'] == 'destroy')
        adds_up(events)


def test_it_cannot_follow_itself(server):
    """Nor can two follow each other: their events would be each other's."""
    serve(server)
    with Stream(server, 'next=1&address=10.') as stream:
        stream.until(b'retry')
        name = name_of(server, stream.client)[0]
        answer = server.get(f'/pools/follow?id={name}')
        assert answer.status == 400 and 'follows others itself' in answer.text


def test_reload_ends_a_stream(server):
    serve(server)
    with Stream(server, 'next=1&address=10.') as stream:
        stream.until(b'retry')
        server.reload(lambda: server.read('error.log').count('gracefully') or
                      server.read('error.log').count('reconfiguring'))
        stream.until(b'event: end\n').until(b'{"why":"reload"}')


def test_what_is_dropped_is_counted(server):
    """A follower that does not read: the ring and the socket fill up, and the next event that finds room says so."""
    serve(server)
    with server.client() as client, socket.socket(socket.AF_UNIX) as asker:
        server.wait_for(lambda: name_of(server, client)[0], 'the connection')
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asker.connect(server.path('control.sock'))
        asker.sendall(f'follow id={name_of(server, client)[0]}&allocs=1\n'.encode())
        for _ in range(40):
            client.send(100 * wire.request('GET', '/'))
            for _ in range(100):
                assert client.response().status == 200
        client.close()
        asker.settimeout(wire.PATIENCE)
        data = b''
        while more := asker.recv(65536):
            data += more
    events = [json.loads(line) for line in data.splitlines() if line]
    dropped = [event['count'] for event in events if event['k'] == 'dropped']
    assert dropped and all(count > 0 for count in dropped), (len(events), events[:2], events[-2:])


def test_a_busy_pool_is_told_of_in_heaps(server):
    """A message each 20 ms, or when half of the 640 slots are full: not one each turn."""
    serve(server)
    with server.client() as client:
        follower, _ = follow(server, client)
        with follower:
            began, before = time.monotonic(), follower.reads
            for _ in range(3000):
                assert client.ask('GET', '/').status == 200
            client.close()
            server.wait_for(lambda: follower.over, 'the end of the pool')
            heaps = (time.monotonic() - began) / 0.02 + 2 * len(follower.events()) / 320
            # What is long comes in two reads or three.
            assert follower.reads - before < 3 * heaps + 30


def test_hostile_followers(server):
    """They come, leave in the middle, and are reset, while connections come and go and the server reloads: nothing is
    left behind (the harness asks for the account of memory at the end)."""
    serve(server, workers=3)
    ends = threading.Event()

    def visit():
        while not ends.is_set():
            with server.client() as client:
                client.ask('GET', '/')

    threads = [threading.Thread(target=visit) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(60):
            arguments = ('next=1', 'mine=1', f'id={turn + 2}', 'next=1&allocs=1', 'mine=1&allocs=1')[turn % 5]
            stream = Stream(server, arguments)
            if turn % 3:
                stream.client.socket.settimeout(0.05)
                try:
                    stream.client.socket.recv(4096)
                except OSError:
                    pass
            (stream.client.reset if turn % 2 else stream.client.close)()
            if turn % 20 == 19:
                server.process.send_signal(signal.SIGHUP)
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert server.get('/').status == 200


def test_run(server):
    """What the page asks for, so that there is something to follow."""
    serve(server)
    with server.client() as client:
        assert client.ask('GET', '/pools/run/hello').text == 'hello\n'
        assert client.ask('POST', '/pools/run/body', body=b'x' * 60000).text == '60000 bytes\n'
        assert client.ask('POST', '/pools/run/body', body=b'x' * 600000).text == '600000 bytes\n'
        assert client.ask('POST', '/pools/run/body', body=b'').text == '0 bytes\n'
        assert len(client.ask('GET', '/pools/run/slow').body) == 4 << 20
        assert client.ask('HEAD', '/pools/run/slow').get('Content-Length') == str(4 << 20)
        answer = client.ask('GET', '/pools/run/body')
        assert answer.status == 405 and answer.get('Allow') == 'POST'
        assert client.ask('GET', '/pools/run/').status == 404
        answer = client.ask('GET', '/pools/run/hello?close')
        assert answer.text == 'hello\n' and answer.get('Connection') == 'close'
        client.expect_close()
