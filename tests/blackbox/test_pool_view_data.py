# SPDX-License-Identifier: BSD-2-Clause
"""The data of pool_view: snapshots as JSON and as server-sent events, at the control socket, and for `tidepool top`
and `tidepool advise`. http/modules/view/pool_view.md is the schema that the answers are held to."""
import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from tests.harness import instance
from tests.harness.wire import PATIENCE, Client, Closed, request

pytestmark = pytest.mark.ours

LISTEN = 'listen 127.0.0.1:@http@ backlog=4096;'
VIEW = 'location /pools/ { pool_view; }'
PLAIN = 'location = /plain { return 200 plain; }'
BODY = 'location = /body { echo_body; }'
KEYS = {'total': 'total_bytes', 'peak': 'peak_bytes', 'used': 'used_bytes', 'age': 'age_seconds',
        'idle': 'idle_seconds', 'requests': 'requests', 'unsent': 'unsent_bytes'}
STATES = ('idle', 'reading', 'waiting', 'sending', 'lingering')


def start(server, workers=1, view=VIEW, more='', main='', connections=4000, http=''):
    server.configure(
        f'worker_rlimit_nofile {connections + 200}; control unix:@dir@/control.sock; {main}\n'
        f'events {{ worker_connections {connections}; }}\n'
        'stream { server { listen 127.0.0.1:@echo@; echo; } }\n'
        f'http {{ access_log off; {http} server {{ {LISTEN} root @dir@/html; {view} {PLAIN} {BODY} }} {more} }}',
        workers=workers)
    server.start()


def data(server, query='', **options):
    answer = server.get('/pools/data' + ('?' + query if query else ''), **options)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def control(server, line):
    with Client(server.path('control.sock')) as client:
        client.send(line.encode() + b'\n')
        return json.loads(client.socket.makefile('rb').read())


def rows(server, query=''):
    return data(server, query)['connections']['rows']


@contextlib.contextmanager
def connections(server, count, port='http', first=b''):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(server.client(port)) for _ in range(count)]
        for client in opened:
            if first:
                client.send(first)
        yield opened


# ---- the schema --------------------------------------------------------

def described():
    """The example of the schema, read as JSON: names and kinds of values."""
    with open(os.path.join(instance.ROOT, 'http/modules/view/pool_view.md'), encoding='utf-8') as file:
        text = re.search('```jsonc\n(.*?)```', file.read(), re.S).group(1)
    text = re.sub(r'/\*.*?\*/', '', text)
    text = re.sub(r'(?m)//.*$', '', text)
    text = re.sub(r',(\s*[\]}])', r'\1', text)
    return json.loads(text)


def differences(found, said, path=''):
    """Where `found` has not what the schema says: names, and kinds of values."""
    if isinstance(said, dict):
        if not isinstance(found, dict):
            return [f'{path}: no object']
        names = said.keys() ^ found.keys() if said else set()
        return [f'{path}.{name}: {"missing" if name in said else "not in the schema"}' for name in names
                if not path.endswith('.parts[]')] + \
            [line for name in said.keys() & found.keys() for line in differences(found[name], said[name], f'{path}.{name}')]
    if isinstance(said, list):
        if not isinstance(found, list):
            return [f'{path}: no array']
        return [line for one in found for line in differences(one, said[0] if said else one, f'{path}[]')]
    number = (int, float) if isinstance(said, float) else int
    kinds = {bool: bool, str: (str, type(None)) if path.endswith('purpose') else str, type(None): (int, type(None))}
    kind = kinds.get(type(said), number)
    if path.endswith('.le'):
        kind = (int, type(None))
    if path.endswith('seconds') or path.endswith('.time'):
        kind = (int, float)
    good = isinstance(found, kind) and (kind is bool or not isinstance(found, bool))
    return [] if good else [f'{path}: {found!r} is no {kind}']


@pytest.mark.parametrize('workers', [1, 2])
def test_every_field_of_the_schema(server, workers):
    start(server, workers)
    with connections(server, 20, first=request('GET', '/plain')) as opened, connections(server, 3, 'echo', b'x') as echo:
        for client in opened:
            assert client.response().status == 200
        for client in echo:
            assert client.exactly(1) == b'x'
        for got in data(server), control(server, 'data'), data(server, 'sort=age&limit=5'):
            said = described()
            said['connections']['rows'] = said['connections']['rows'][:1]
            del said['connections']['protocols'], said['advice'], said['connections']['histograms']
            assert got['schema'] == 1
            protocols, histograms = got['connections'].pop('protocols'), got['connections'].pop('histograms')
            advice = got.pop('advice')
            assert sorted(differences(got, said)) == []
            assert protocols.keys() == {'http', 'echo', 'control'} and protocols['echo'] == 3
            assert 'sentence' in advice and advice['known'] is False
            for name, bounds in (('total_bytes', [512 << i for i in range(16)]), ('peak_bytes', [512 << i for i in range(16)]),
                                 ('age_seconds', [4 ** i for i in range(9)])):
                assert [one['le'] for one in histograms[name]] == bounds + [None]
                assert sum(one['count'] for one in histograms[name]) == got['connections']['matched']
            grid = histograms['total_bytes_by_age']
            assert [sum(ages) for ages in grid] == [one['count'] for one in histograms['total_bytes']]
            assert [sum(column) for column in zip(*grid)] == [one['count'] for one in histograms['age_seconds']]
            for part in (part for row in got['connections']['rows'] for part in row['parts']):
                assert part['kind'] in ('block', 'reserve', 'large', 'buffer')
                assert part['used'] <= part['size'] and part.get('pinned', 0) <= part['used']
            with open(f'/proc/{server.pid}/statm', encoding='ascii') as file:
                resident = int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
            assert resident / 2 < got['memory']['resident_bytes'] < resident * 2
            assert got['server']['pid'] == server.pid and got['server']['generation'] == 1
            assert [worker['worker'] for worker in got['workers']] == list(range(workers))
            assert len(got['workers'][0]['sizeclass']['classes']) == 25 and len(got['sgi']['classes']) == 16


def test_what_happened_lately(server):
    """Limits, relief and reloads are told, the newest first, whatever the error log leaves out."""
    start(server, 2, http='large_client_header_buffers 2 1k; client_max_body_size 1k;')
    for number in range(3):
        assert server.get('/' + 'x' * 2000).status == 414
    assert server.ask('POST', '/body', body=b'x' * 2000).status == 413
    server.reload(lambda: data(server)['server']['generation'] == 2)
    happened = data(server)['events']
    times = [one['time'] for one in happened]
    assert times == sorted(times, reverse=True) and abs(time.time() - times[0]) < PATIENCE
    texts = [one['text'] for one in happened]
    assert [text.split(':')[0].lstrip('*.0123456789 ') for text in texts][:3] == [
        'reconfiguring', 'client intended to send too large body', 'client sent too long URI']
    assert sum(one['count'] for one in happened if 'too long URI' in one['text']) == 3
    assert 'the directive to turn is client_max_body_size' in texts[1] and 'client: 127.0.0.1' in texts[1]
    assert happened[1]['level'] == 'error' and happened[0]['level'] == 'notice'


def test_the_last_day(server):
    start(server)
    server.wait_for(lambda: json.loads(server.get('/pools/history').body)['minutes'], 'the first minute')
    for got in json.loads(server.get('/pools/history').body), control(server, 'history'):
        assert got['step_seconds'] == 60 and abs(got['first'] - time.time()) < 120 + PATIENCE
        live, opened, requests, reloads = got['minutes'][0]
        assert live > 100000 and opened >= 0 and requests == reloads == 0
    assert 'no arguments' in control(server, 'history x')['error']


def test_how_full_buffers_are(server):
    """26 bytes of a head fill 26 of a buffer; ten of a body's 60,000 fill ten, whatever was taken for it."""
    start(server, 1)
    with server.client() as head, server.client() as body, server.client('echo') as echo:
        head.send(request('GET', '/plain')[:26])
        body.send(request('POST', '/body', [('Content-Length', '60000')]) + b'0123456789')
        echo.send(b'x' * 100)
        assert echo.exactly(100) == b'x' * 100
        filled = {}

        def all_there():
            for row in rows(server):
                for part in row['parts']:
                    if part['kind'] in ('buffer', 'large') and row['state'] == 'reading':
                        filled[part['purpose'], part['kind']] = filled.get((part['purpose'], part['kind']), []) + [part['used'] - 48]
                assert row['used_bytes'] <= row['filled_bytes'] <= row['total_bytes']
            return ('held body', 'large') in filled or filled.clear()
        server.wait_for(all_there, 'both to be there')
        assert 26 in filled['input', 'buffer'] and filled['held body', 'large'] == [10]


@pytest.mark.parametrize('workers', [1, 3])
def test_sums_agree(server, workers):
    start(server, workers)
    with connections(server, 30, first=request('GET', '/plain') + b'GET /') as opened, connections(server, 5, 'echo', b'x'):
        for client in opened:
            assert client.response().status == 200
        server.wait_for(lambda: data(server, 'state=reading')['connections']['matched'] == 30, '30 begun heads')
        got = data(server)
        listed, totals, whole = got['connections']['rows'], got['totals'], got['connections']
        assert whole['complete'] and whole['total'] == whole['matched'] == len(listed) == 36
        for name in ('total_bytes', 'used_bytes'):
            assert sum(row[name] for row in listed) == totals[name] == sum(one[name] for one in got['workers'])
        assert sum(one['open'] for one in got['workers']) == totals['open'] == 36
        for name in 'accepted', 'closed', 'refused', 'requests', 'over_budget':
            assert sum(one[name] for one in got['workers']) == totals[name]
        assert totals['requests'] >= 61
        for state in STATES:
            assert whole['states'][state] == sum(row['state'] == state for row in listed)
        assert (whole['states']['reading'], whole['states']['waiting'], whole['states']['idle']) == (30, 1, 5)
        for protocol, count in whole['protocols'].items():
            assert count == sum(row['protocol'] == protocol for row in listed)
        for row in listed:
            parts, worker = row['parts'], got['workers'][row['worker']]
            assert worker['worker'] == row['worker'] and row['id'] < 1000
            assert sum(part['kind'] == 'block' for part in parts) == row['total_nblocks']
            assert sum(part['kind'] == 'buffer' for part in parts) == row['buffers']
            assert sum(part['size'] for part in parts) == row['total_bytes'] <= row['peak_bytes'] and not row['more_parts']
            assert sum(part['size'] - part['used'] for part in parts if part['kind'] == 'block') == row['free_bytes']
            assert row['pinned_bytes'] <= row['used_bytes'] < row['total_bytes']
            assert parts[0]['kind'] == 'block' and 0 < parts[0]['pinned'] <= parts[0]['used']
        for one in got['workers']:
            sizes = one['sizeclass']
            assert sum(c['used'] for c in sizes['classes']) == sizes['live_objects']
            assert sum(c['used'] * c['size'] for c in sizes['classes']) == sizes['live_bytes'] >= one['total_bytes']
            assert all(c['used'] + c['cached'] <= c['allocated'] for c in sizes['classes'])
            assert sum(c['pages'] * 4096 for c in sizes['classes']) == sizes['span_bytes']
        purposes = {}
        for row in listed:
            for number, part in enumerate(row['parts']):
                name = part.get('purpose') or {'reserve': 'reserve'}.get(part['kind'], 'request blocks')
                key = part['kind'], 'first block' if not number else name
                purposes[key] = purposes.get(key, 0) + part['size']
        assert {(one['kind'], one['purpose']): one['bytes'] for one in whole['purposes']} == purposes
        memory = got['memory']
        assert isinstance(memory['container_bytes'], int)
        named = sum(memory['uses'].values())
        assert abs(named - memory['live_bytes']) <= memory['live_bytes'] * .03  # every byte has a purpose
        assert memory['uses']['pools'] >= totals['total_bytes'] and memory['peak_uses'].keys() == memory['uses'].keys()
        sgi = got['sgi']
        for name in 'taken', 'contended':
            assert sum(c[name] for c in sgi['classes']) >= sgi['depots'][name]


# ---- queries -----------------------------------------------------------

@pytest.mark.parametrize('workers', [1, 2])
def test_sort_and_limit(server, workers):
    start(server, workers)
    with contextlib.ExitStack() as stack:
        for number in range(40):
            client = stack.enter_context(server.client())
            for _ in range(number % 7):
                assert client.ask('GET', '/plain').status == 200
            client.send(b'GET /' + b'x' * (600 * (number % 5)))
        server.wait_for(lambda: data(server, 'state=reading')['connections']['matched'] == 40, 'all heads')
        every = {row['id']: row for row in rows(server)}
        assert len(every) == 41
        for key, name in KEYS.items():
            got = data(server, f'sort={key}&limit=10')['connections']
            values = [row[name] for row in got['rows']]
            assert len(values) == 10 and values == sorted(values, reverse=True)
            assert (got['sort'], got['limit'], got['matched'], got['complete']) == (key, 10, 41, False)
            if not name.endswith('seconds'):
                own = data(server, f'sort={key}&limit=1000')['connections']['rows']
                assert values == sorted((row[name] for row in own), reverse=True)[:10]
        got = data(server, 'limit=3')['connections']
        assert got['sort'] == 'all' and 3 <= len(got['rows']) <= 21
        assert len({row['id'] for row in got['rows']}) == len(got['rows'])
        assert max(row['requests'] for row in got['rows']) == max(row['requests'] for row in every.values())
        got = data(server, 'limit=0')['connections']
        assert got['rows'] == [] and got['matched'] == 41 and not got['complete']
        assert data(server, 'limit=1000')['connections']['limit'] == 128
        assert data(server, 'sort=age&limit=1000')['connections']['limit'] == 1000


def test_filters(server):
    start(server, 2)
    with connections(server, 6, first=request('GET', '/plain')) as idle, connections(server, 4, first=b'GET /') as reading, \
            connections(server, 3, 'echo', b'x') as echo:
        assert all(client.response().status == 200 for client in idle)
        assert all(client.exactly(1) == b'x' for client in echo)
        server.wait_for(lambda: data(server, 'state=reading')['connections']['matched'] == len(reading), 'the heads')
        for query, count, check in (
                ('state=reading', 4, lambda row: row['state'] == 'reading' and row['doing'].startswith('reading')),
                ('state=idle&protocol=http', 6, lambda row: row['state'] == 'idle' and row['requests'] == 1),
                ('protocol=echo', 3, lambda row: row['server'] == f'127.0.0.1:{server.port("echo")}'),
                ('protocol=control', 0, None), ('protocol=smtp', 0, None),
                ('address=127.0.', 14, lambda row: row['client'].startswith('127.0.0.1:')),
                ('address=10.', 0, None), ('address=%31%32%37', 14, bool), ('', 14, bool), ('&&', 14, bool)):
            got = data(server, query)['connections']
            assert got['matched'] == len(got['rows']) == count and got['total'] == 14, query
            assert all(check(row) for row in got['rows'])
            assert sum(got['states'].values()) == sum(got['protocols'].values()) == count
        mine = '%s:%d' % idle[0].socket.getsockname()
        row, = rows(server, f'address={mine}')
        assert row['client'] == mine
        assert [one['client'] for one in rows(server, f'id={row["id"]}')] == [mine]
        assert rows(server, f'id={row["id"]}&state=reading') == []
        sizes = [data(server, f'worker={number}&state=idle')['connections'] for number in (0, 1, 7)]
        assert sizes[0]['matched'] + sizes[1]['matched'] == 9 and sizes[2]['total'] == 0
        assert all(one['worker'] == 1 for one in sizes[1]['rows'])
        assert [one['client'] for one in control(server, f'data address={mine}')['connections']['rows']] == [mine]


def test_purposes(server):
    """Whoever holds a piece of a purpose is found by it, and by no other; those counted are those listed."""
    start(server, 2)
    with connections(server, 5, first=request('GET', '/plain')) as idle, connections(server, 4, first=b'GET /') as reading, \
            connections(server, 2, first=request('POST', '/body', [('Content-Length', '60000')]) + b'x' * 40000) as bodies:
        assert all(client.response().status == 200 for client in idle)
        server.wait_for(lambda: data(server, 'state=reading')['connections']['matched'] == len(reading) + len(bodies), 'all')
        every = rows(server, 'watchers=0')
        found = {piece['purpose'] for piece in data(server, 'watchers=0')['connections']['purposes']}
        assert {'first block', 'input'} < found and len(found) > 2
        for purpose in found:
            got = data(server, f"watchers=0&sort=total&purpose={purpose.replace(' ', '%20')}")['connections']
            holders = [row['id'] for row in every if purpose in names_of(row['parts'])]
            assert sorted(row['id'] for row in got['rows']) == sorted(holders) and got['matched'] == len(holders), purpose
            sizes = [row['total_bytes'] for row in got['rows']]
            assert sizes == sorted(sizes, reverse=True)
        assert data(server, 'purpose=nobody')['connections']['matched'] == 0
        assert len(holders_of(server, 'input', reading)) == len(reading)


def names_of(parts):
    """The purposes of a pool's pieces, as the schema names those that have none of their own."""
    return ['first block' if not number else part.get('purpose') or
            {'reserve': 'reserve', 'block': 'request blocks'}[part['kind']] for number, part in enumerate(parts)]


def holders_of(server, purpose, clients):
    ours = {'%s:%d' % client.socket.getsockname() for client in clients}
    return [row for row in rows(server, f'purpose={purpose}') if row['client'] in ours]


def state_of(server, client):
    return rows(server, 'address=%s:%d' % client.socket.getsockname())[0]


def cells(server):
    answer = server.get('/pools/cells')
    assert answer.status == 200, answer
    got = json.loads(answer.body)
    return got, [base64.b64decode(one['cells'], validate=True) for one in got['workers']]


def test_a_cell_tells_of_resets(server):
    """The last byte changes with each request, and not without."""
    start(server)
    with server.client() as client:
        assert client.ask('GET', '/plain').status == 200
        number = state_of(server, client)['id'].to_bytes(5, 'big')
        seen = []
        for again in True, False, True, True:
            if again:
                assert client.ask('GET', '/plain').status == 200
            (_, raw), = [cells(server)]
            seen += [raw[0][at + 8] for at in range(0, len(raw[0]), 9) if raw[0][at:at + 5] == number]
        assert seen == [2, 2, 3, 4]


def test_wrong_cells(shared):
    answer = shared.get('/pools/cells?state=dead')
    assert answer.status == 400 and 'state is one of' in answer.text


def test_cells_when_the_budget_is_full(server):
    """Of each worker 512 come out of the reserve; the answer is whole and tells of those that are left out."""
    reserve = '1m' if instance.INSTRUMENTED else '256k'  # AddressSanitizer keeps what is given back for a while
    start(server, main=f'memory_budget 3m; view_reserve {reserve};')
    server.expect('memory_budget')
    with contextlib.ExitStack() as stack:
        for _ in range(1500):
            stack.enter_context(server.client())
        for _ in range(60):
            # A body that is refused gives its memory back: others ask, until there is none.
            for _ in range(30):
                client = stack.enter_context(server.client())
                client.send(request('POST', '/body', [('Content-Length', '60000')]) + b'x' * 59000)
            got, raw = cells(server)
            if got['left_out']:
                break
        assert len(raw[0]) // 9 == got['total'] - got['left_out'] and got['left_out'] > 0 and len(raw[0]) >= 9 * 512


def test_states(server):
    start(server)
    with server.client() as fresh, server.client() as body, server.client() as lingering, \
            server.client('echo', narrow=True) as echo, server.client() as idle, Stream(server) as stream:
        stream.block()
        stream.event()
        body.send(request('POST', '/body', [('Content-Length', '100')]))
        lingering.send(request('POST', '/plain', [('Content-Length', '100'), ('Connection', 'close')]))
        assert lingering.response('POST').status == 200
        assert idle.ask('GET', '/plain').status == 200
        echo.socket.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:
                echo.send(b'e' * 65536)
        for client, state in ((fresh, 'idle'), (body, 'reading'), (lingering, 'lingering'), (echo, 'sending'),
                              (idle, 'idle'), (stream.client, 'waiting')):
            server.wait_for(lambda: state_of(server, client)['state'] == state, state)  # pylint: disable=cell-var-from-loop
        assert state_of(server, echo)['unsent_bytes'] > 0 and state_of(server, idle)['unsent_bytes'] == 0


@pytest.mark.parametrize('query', ['sort=size', 'sort=', 'sort', 'limit=1001', 'limit=-1', 'limit=', 'limit=1x', 'state=dead',
                                   'protocol=' + 'x' * 16, 'address=' + 'x' * 64, 'address=%4', 'address=%00', 'worker=a',
                                   'worker=99999999999', 'id=-5', 'id=9223372036854775808', 'what=1', '=1', 'sort=age&x'])
def test_wrong_queries(shared, query):
    answer = shared.get('/pools/data?' + query)
    assert answer.status == 400 and answer.get('Content-Type') == 'text/plain'
    assert any(word in answer.text for word in ('is one of', 'is a number', 'is a word', 'arguments are', 'has no value'))


CONFIG = f'server {{ {LISTEN} {VIEW} location /packed/ {{ pool_view; gzip on; gzip_types application/json; }} }}'


# nginx's documentation of `location`, of a prefix that ends with a slash and is handed to another server: "in response to a
# request with URI equal to this string, but without the trailing slash, a permanent redirect with the code 301 will be
# returned to the requested URI with the slash appended. If this is not desired, an exact match … could be defined".
@pytest.mark.parametrize('around, path, status, to', [
    ('location /pools/ { pool_view; }', '/pools', 301, '/pools/'), ('location /pools/ { pool_view; }', '/pools?a=b', 301, '/pools/?a=b'),
    ('location /pools/ { pool_view; }', '/pool', 404, None), ('location /pools/ { pool_view; }', '/poolsx', 404, None),
    ('location /pools/ { pool_view; }', '/x/pools', 404, None),
    ('location /pools { pool_view; }', '/pools', 301, '/pools/'), ('location ^~ /pools/ { pool_view; }', '/pools', 301, '/pools/'),
    ('location / { location /pools/ { pool_view; } }', '/pools', 301, '/pools/'),
    ('location /pools/ { pool_view; } location ~ pools { return 204; }', '/pools', 301, '/pools/'),
    ('location /pools/ { pool_view; } location = /pools { return 204; }', '/pools', 204, None),
    ('location = /pools { return 204; } location /pools/ { pool_view; }', '/pools', 204, None),
    ('location /pools/ { pool_view; } location /pools { return 204; }', '/pools', 204, None),
    ('location /pools/ { deny all; pool_view; }', '/pools', 403, None), ('location / { pool_view; }', '/', 200, None),
    ('location /pools/ { stub_status; }', '/pools', 404, None), ('location /a/ { return 204; }', '/a', 404, None)])
def test_without_its_slash(server, around, path, status, to):
    server.http('server { listen @http@; absolute_redirect off; root @dir@/nothing; ' + around + ' }')
    server.start()
    answer = server.get(path)
    assert (answer.status, answer.get('Location')) == (status, to)


def test_how_it_is_sent(shared):
    answer = shared.get('/pools/data')
    assert answer.get('Content-Type') == 'application/json' and answer.get('Cache-Control') == 'no-store'
    assert int(answer.get('Content-Length')) == len(answer.body)
    head = shared.ask('HEAD', '/pools/data')
    assert head.status == 200 and head.body == b'' and int(head.get('Content-Length')) > 5000
    assert shared.ask('HEAD', '/pools/data?sort=x').status == 400
    head = shared.ask('HEAD', '/pools/events')
    assert head.status == 200 and head.get('Content-Type') == 'text/event-stream'
    assert shared.ask('POST', '/pools/data', body=b'x').status == shared.ask('POST', '/pools/events').status == 405


def test_on_one_connection_and_without_chunks(shared):
    with shared.client() as client:
        client.send(request('GET', '/pools/data?limit=1') * 5 + request('HEAD', '/pools/data') + request('GET', '/pools/data'))
        for method in ['GET'] * 5 + ['HEAD', 'GET']:
            answer = client.response(method)
            assert answer.status == 200
            assert method == 'HEAD' or json.loads(answer.body)['connections']['total'] >= 1
    with shared.client() as client:
        client.send(b'GET /pools/data HTTP/1.0\r\n\r\n')
        assert json.loads(client.socket.makefile('rb').read().split(b'\r\n\r\n', 1)[1])['schema'] == 1


def test_a_filter_compresses_it(shared):
    import gzip
    answer = shared.get('/packed/data', fields=[('Accept-Encoding', 'gzip')])
    assert answer.get('Content-Encoding') == 'gzip' and json.loads(gzip.decompress(answer.body))['schema'] == 1


def test_no_memory_is_503(server):
    """The budget leaves room for connections, and not for the rows of a snapshot: it says so, or leaves rows out, or
    cuts an answer that has begun (docs/operate.md, Budgets)."""
    start(server, main='memory_budget 1536k;', connections=600)
    with connections(server, 300, first=b'GET /' + b'x' * 500):
        for query in ['limit=128'] * 5 + ['sort=age&limit=1000'] * 5:
            try:
                answer = server.get('/pools/data?' + query)
            except Closed as cut:
                assert 'closed after' in str(cut)
                continue
            assert answer.status in (200, 503)
            assert answer.status == 200 or answer.get('Retry-After') == '1'
    server.wait_for(lambda: server.get('/plain').status == 200, 'room again')


# ---- many --------------------------------------------------------------

@pytest.mark.parametrize('workers', [1, 2])
def test_many_connections_in_slices(server, workers):
    """No slice is counted in time here, but how many there were: a worker takes several for a thousand."""
    start(server, workers)
    with connections(server, 1500, first=b'GET /'):
        server.wait_for(lambda: data(server, 'limit=0')['connections']['total'] == 1501, 'all of them')
        got = data(server)
        whole = got['connections']
        assert whole['total'] == whole['matched'] == 1501 and not whole['complete']
        assert 64 <= len(whole['rows']) <= 7 * 64
        assert sum(one['count'] for one in whole['histograms']['age_seconds']) == 1501
        assert sum(one['slices'] for one in got['workers']) >= workers
        assert got['server']['slice_seconds'] >= max(one['slice_seconds'] for one in got['workers']) > 0
        assert len(rows(server, 'sort=age&limit=1000')) == 1000
        oldest = rows(server, 'sort=age&limit=1000')
        ages = [row['age_seconds'] for row in oldest]
        assert ages == sorted(ages, reverse=True)
        few = rows(server, 'sort=age&limit=10')
        assert len(few) == 10 and {row['client'] for row in few} <= {row['client'] for row in oldest[:200]}


def test_connections_that_come_and_go_meanwhile(server):
    start(server, 2)
    stop, failures = threading.Event(), []

    def churn():
        try:
            while not stop.is_set():
                with connections(server, 20, first=request('GET', '/plain')) as opened:
                    assert all(client.response().status == 200 for client in opened)
        except (AssertionError, OSError) as error:
            failures.append(error)
    threads = [threading.Thread(target=churn) for _ in range(2)]
    with connections(server, 200):
        server.wait_for(lambda: data(server, 'limit=0')['connections']['total'] == 201, 'all to be accepted')
        for thread in threads:
            thread.start()
        for number in range(60):
            got = data(server, 'limit=100' if number % 2 else 'sort=idle&limit=300')['connections']
            assert got['total'] >= 201 and len({row['id'] for row in got['rows']}) == len(got['rows'])
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_askers_that_leave(server):
    """Before the answer, and in the middle of it."""
    start(server, 2)
    with connections(server, 300, first=b'GET /'):
        for _ in range(50):
            with server.client() as client:
                client.send(request('GET', '/pools/data'))
            with Client(server.path('control.sock')) as client:
                client.send(b'data\n')
        for _ in range(10):
            with server.client(narrow=True) as client:
                client.send(request('GET', '/pools/data'))
                client.head()
        server.wait_for(lambda: data(server, 'limit=0')['connections']['total'] == 301, 'the askers to be gone')


def test_a_slow_reader_holds_little(server):
    """What it has not taken waits in the text that was made, not in its connection."""
    start(server)
    with connections(server, 500, first=b'GET /'):
        with server.client(narrow=True) as client:
            client.send(request('GET', '/pools/data?sort=age&limit=1000'))
            mine = '%s:%d' % client.socket.getsockname()
            server.wait_for(lambda: rows(server, f'address={mine}')[0]['state'] == 'sending', 'a full socket')
            row, = rows(server, f'address={mine}')
            assert 0 < row['unsent_bytes'] <= 56 * 1024 and row['total_bytes'] < 72 * 1024
            answer = client.widen().response()
            # The 500, this one, and perhaps one that asked about it before and is not gone yet.
            assert len(json.loads(answer.body)['connections']['rows']) in (501, 502)


def test_one_name_everywhere(server):
    """A number, which the error log says, and a worker in front, 1.4911: as arguments; over all connections, listed or not."""
    start(server, workers=2)
    with connections(server, 300) as clients:
        asked = clients[::60]
        for client in asked:
            assert client.ask('GET', '/missing').status == 404
        names = re.findall(r'\*(\d+) open\(\) .*client: 127\.0\.0\.1', server.read('error.log'))
        assert len(set(names)) == len(asked)
        for client, name in zip(asked, names):
            address = '%s:%d' % client.socket.getsockname()
            number = int(name)
            worker = rows(server, f'id={number}')[0]['worker']
            for query in f'find={worker}.{number}', f'id={worker}.{number}', f'id={number}', f'find={address}':
                found = [(row['worker'], row['id'], row['client']) for row in rows(server, query)]
                assert found == [(worker, number, address)], query
            found = rows(server, f'find={number}&sort=age&limit=1000')
            assert number in [row['id'] for row in found]
            assert all(row['id'] == number or row['client'].startswith(str(number)) for row in found)
            assert rows(server, f'find={worker + 1}.{number}') == rows(server, f'id={worker + 1}.{number}') == []
        assert data(server, 'find=127.&limit=0')['connections']['matched'] == 301, 'what an address begins with'
        assert data(server, 'find=127&limit=0')['connections']['matched'] == 301
        assert data(server, 'find=no&limit=0')['connections']['matched'] == 0


def test_watchers(server):
    """Who shows the server is marked, and can be left out: a stream, whoever asked for data, the control socket."""
    start(server)
    with connections(server, 3, first=b'GET /'), Stream(server) as stream, server.client() as asks:
        stream.block()
        stream.event()
        asks.ask('GET', '/pools/data?limit=0')
        watch = {'%s:%d' % one.socket.getsockname() for one in (stream.client, asks)}
        server.wait_for(lambda: data(server, 'limit=0')['connections']['total'] == 6, 'all to be there')
        got = control(server, 'data')['connections']
        assert {row['client'] for row in got['rows'] if row['watches'] and row['client'] != 'unix:'} == watch
        assert [row['watches'] for row in got['rows'] if row['protocol'] == 'control'] == [True]
        assert (got['total'], got['matched'], got['watchers']) == (6, 6, 3)
        got = control(server, 'data watchers=0')['connections']
        assert (got['total'], got['matched'], got['watchers'], len(got['rows'])) == (6, 3, 0, 3)
        assert not any(row['watches'] for row in got['rows'])


# ---- events ------------------------------------------------------------

class Stream:
    """A viewer: reads one event after the other."""

    def __init__(self, server, target='/pools/events'):
        self.client = server.client()
        self.client.send(request('GET', target))
        self.answer = self.client.head()
        self.text = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def more(self):
        size = int(self.client.line(), 16)
        self.text += self.client.exactly(size)
        assert self.client.line() == b''
        return size

    def block(self):
        """The lines up to an empty one, or None at the end of the stream."""
        while b'\n\n' not in self.text:
            if not self.more():
                return None
        block, self.text = self.text.split(b'\n\n', 1)
        return block.decode().split('\n')

    def event(self, waits=False):
        """The number and the snapshot of the next event, or None. `waits`: signs of life may come before it."""
        lines = self.block()
        while waits and lines and lines[0] == 'event: wait':
            lines = self.block()
        if lines is None:
            return None
        assert [line.split(':', 1)[0] for line in lines] == ['event', 'id', 'data'] and lines[0] == 'event: snapshot'
        return int(lines[1][4:]), json.loads(lines[2][6:])


def test_events(server):
    start(server)
    with Stream(server) as stream:
        assert stream.answer.get('Content-Type') == 'text/event-stream' and stream.answer.get('Cache-Control') == 'no-store'
        assert stream.block() == ['retry: 2000']
        times = []
        for number in 1, 2, 3:
            seen, snapshot = stream.event()
            assert seen == number and snapshot['schema'] == 1 and snapshot['connections']['limit'] == 64
            times.append(snapshot['server']['time'])
        assert times == sorted(times)


@contextlib.contextmanager
def stuck_worker(server, other):
    """Holds up a worker, but not `other`: it writes a log into a pipe that nobody reads. Yields its number."""
    with contextlib.ExitStack() as stack, open(server.path('pipe'), 'rb', buffering=0) as pipe:
        workers = {}
        while not workers.keys() - {other}:
            client = stack.enter_context(server.client())
            assert client.ask('GET', '/plain').status == 200
            name = '%s:%d' % client.socket.getsockname()
            workers[rows(server, f'address={name}')[0]['worker']] = client
        stuck = (workers.keys() - {other}).pop()
        workers[stuck].send(request('GET', '/log') * 2000)  # a pipe holds 64 KiB, a line is longer than 60 bytes
        try:
            yield stuck
        finally:
            reader = threading.Thread(target=lambda: all(iter(lambda: pipe.read(1 << 20), b'')), daemon=True)
            reader.start()
            for _ in range(2000):
                assert workers[stuck].response().status == 200


def test_a_worker_that_is_held_up(server):
    """The others say each second that they live, and after two leave it out; at the control socket, too."""
    os.mkfifo(server.path('pipe'))
    with open(server.path('pipe'), 'r+b', buffering=0):  # so that nobody waits for the other end
        start(server, workers=2, view=VIEW + 'location = /log { access_log @dir@/pipe; return 200 text; }',
              http='keepalive_requests 10000;')
        with Stream(server) as stream:
            stream.block()
            other = stream.event()[1]['server']['worker']
            with stuck_worker(server, other) as stuck:
                stream.block()
                while stream.block() != ['event: wait', 'data: a worker has not answered yet']:
                    pass
                snapshot = stream.event(waits=True)[1]
                assert [worker['worker'] for worker in snapshot['workers']] == [other] != [stuck]
                assert snapshot['connections']['complete'] is False
                # Each worker accepts at the control socket: whoever asks is answered by one that lives.
                for _ in range(3):
                    with Client(server.path('control.sock')) as asker:
                        asker.send(b'data limit=0\n')
                        answer = asker.socket.makefile('rb').read()
                    assert re.match(rb'\n+{', answer), answer[:20]
                    assert json.loads(answer)['schema'] == 1
        server.stop()


def test_viewers_share_their_snapshots(server):
    start(server)
    with Stream(server) as first:
        first.block()
        seen = dict([first.event()])
        with Stream(server) as second:
            second.block()
            early = second.event()
            assert early[0] in (1, 2), 'the newest there is, at once'
            seen.update([first.event(), first.event()])
            shared = dict([early, second.event()])
            for number, snapshot in shared.items():
                assert number not in seen or seen[number] == snapshot
            assert seen.keys() & shared.keys()
        assert first.event()[0] == max(seen) + 1
    server.wait_for(lambda: data(server, 'limit=0')['connections']['total'] == 1, 'the viewers to be gone')
    with Stream(server) as again:
        again.block()
        assert again.event()[0] > max(seen), 'numbers go on'


def test_a_viewer_who_does_not_read_does_not_grow(server):
    start(server)
    with connections(server, 400, first=b'GET /'), Stream(server) as reader, server.client(narrow=True) as stalled:
        stalled.send(request('GET', '/pools/events'))
        mine = '%s:%d' % stalled.socket.getsockname()
        reader.block()
        peaks = []
        for _ in range(6):
            number, _ = reader.event()
            peaks += [row['peak_bytes'] for row in rows(server, f'address={mine}&state=sending')]
        assert peaks and max(peaks) < 72 * 1024 and peaks[-1] == peaks[len(peaks) // 2]
        # What it reads then is whole: it has missed some.
        late = Stream.__new__(Stream)
        late.client, late.text, late.answer = stalled.widen(), b'', stalled.head()
        assert late.block() == ['retry: 2000']
        seen = [late.event()[0]]
        while seen[-1] <= number:
            seen.append(late.event()[0])
        assert seen == sorted(set(seen)) and len(seen) <= seen[-1] - 2


@pytest.mark.parametrize('number', [signal.SIGQUIT, signal.SIGTERM])
@pytest.mark.parametrize('workers', [1, 3])
def test_end_while_streaming_and_asked(server, number, workers):
    start(server, workers)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(server)) for _ in range(6)]
        for stream in streams:
            assert stream.block() and stream.event()
        askers = [stack.enter_context(server.client()) for _ in range(6)]
        for client in askers:
            client.send(request('GET', '/pools/data'))
        server.stop(number)
        for stream in streams:
            try:
                while stream.event():
                    pass
            except (Closed, OSError):
                assert number == signal.SIGTERM, 'a graceful end ends the stream as it should'


def test_reload_while_streaming_and_asked(server):
    start(server, 3)
    stop, failures = threading.Event(), []

    def ask():
        try:
            while not stop.is_set():
                got = data(server)
                assert got['connections']['total'] == len(got['connections']['rows'])
        except (AssertionError, OSError, ValueError, KeyError) as error:
            failures.append(error)
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for generation, workers in ((2, 1), (3, 4), (4, 2)):
        with Stream(server) as stream:
            stream.block()
            stream.event()
            server.configure_raw(re.sub('worker_processes [0-9]+', f'worker_processes {workers}', server.read('nginx.conf')))
            server.kick(signal.SIGHUP)
            while stream.event():
                pass
        server.wait_for(lambda: data(server)['server']['generation'] == generation, 'the reload')
        server.wait_for(lambda: len(data(server)['workers']) == workers, 'the new workers')
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    # Those that have ended are still in the totals.
    got = data(server)
    assert got['totals']['requests'] >= sum(one['requests'] for one in got['workers'])
    assert got['totals']['open'] == sum(one['open'] for one in got['workers'])


def test_reload_that_takes_the_page_away_ends_its_streams(server):
    start(server)
    with Stream(server) as stream:
        stream.block()
        assert stream.event()
        server.configure_raw(server.read('nginx.conf').replace('pool_view;', 'deny all;'))
        server.kick(signal.SIGHUP)
        while stream.event():
            pass
        server.wait_for(lambda: server.get('/pools/events').status == 403, 'the reload')


# ---- who may -----------------------------------------------------------

def test_access(server):
    start(server, view='location /pools/ { pool_view; allow 127.0.0.0/8; deny all; } '
                       'location /not/ { pool_view; deny 127.0.0.1; allow all; }')
    assert data(server)['schema'] == 1
    server.expect('access forbidden')
    for name in '', 'data', 'events', 'trace':
        assert server.get('/not/' + name).status == 403


# ---- top and advise ----------------------------------------------------

def tool(*arguments):
    return subprocess.run([*instance.WRAPPER, instance.BINARY, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE * 3, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize('way', ['unix', 'http'])
def test_top_of_this_server(server, way):
    start(server, 2)
    where = f'unix:{server.path("control.sock")}' if way == 'unix' else f'http://127.0.0.1:{server.port()}/pools'
    with connections(server, 30, first=request('GET', '/plain')) as opened:
        assert all(client.response().status == 200 for client in opened)
        got = tool('top', '-1', '-c', where, '-n', '10', '-s', 'requests')
        assert got.returncode == 0 and got.stderr == ''
        assert f'pid {server.pid}' in got.stdout and 'connections 31: 30 idle' in got.stdout
        assert len(re.findall(r'\bhttp +idle +127\.0\.0\.1:\d+ ', got.stdout)) >= 9
        assert re.search(r'(?m)^ +0 serves', got.stdout) and re.search(r'(?m)^ +1 serves', got.stdout)


@pytest.mark.parametrize('way', ['unix', 'http'])
def test_advise_of_this_server(server, way):
    start(server)
    where = f'unix:{server.path("control.sock")}' if way == 'unix' else f'http://127.0.0.1:{server.port()}/pools/'
    assert 'Too few requests' in tool('advise', '-c', where).stdout
    with server.client() as client:
        for _ in range(200):
            assert client.ask('GET', '/plain').status == 200
    got = tool('advise', '-c', where)
    assert got.returncode == 0 and '99 %' in got.stdout, got
    advice = json.loads(tool('advise', '-j', '-c', where).stdout)
    assert advice['known'] is True and advice['requests'] >= 200 and \
        re.match(r'99 % of them needed', advice['more']) and advice['sentence'].startswith('request_pool_size')
    assert advice['line'] == '' if 'is right' in advice['sentence'] else got.stdout.endswith('\n' + advice['line'] + '\n')


def test_control_says_what_is_wrong(server):
    start(server)
    assert 'limit is a number' in control(server, 'data limit=x')['error']
    with Client(server.path('control.sock')) as client:
        client.send(b'help\n')
        assert b'data\t' in client.socket.makefile('rb').read()
    got = tool('top', '-1', '-c', f'http://127.0.0.1:{server.port()}/plain')
    assert got.returncode == 1 and '404' in got.stderr


def test_control_answers_who_has_shut_his_side(server):
    start(server)
    with Client(server.path('control.sock')) as client:
        client.send(b'data limit=0')
        client.socket.shutdown(socket.SHUT_WR)
        assert json.loads(client.socket.makefile('rb').read())['schema'] == 1


@pytest.mark.plain
def test_snapshots_cost_nothing_when_nobody_asks(server):
    """What was made for viewers and askers is given back when they have gone."""
    start(server)
    data(server)
    before = data(server)['memory']['live_bytes']
    with connections(server, 300, first=b'GET /'), Stream(server) as stream:
        stream.block()
        stream.event()
        data(server, 'sort=age&limit=1000')
    server.wait_for(lambda: data(server, 'limit=0')['connections']['total'] == 1, 'all to be gone')
    # Arrays of the loop and of the size classes grew with the connections; texts and rows did not stay.
    server.wait_for(lambda: data(server)['memory']['live_bytes'] <= before + 256 * 1024, 'memory to be given back')
