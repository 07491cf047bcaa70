# SPDX-License-Identifier: BSD-2-Clause
"""pool_view's trace: the memory of the request that asks (http/modules/view/pool_trace.md)."""
import json
import os
import re

import pytest

from tests.harness import wire

pytestmark = pytest.mark.ours

CONFIG = '''
    access_log access.log;
    limit_conn_zone $binary_remote_addr zone=one:64k;
    server {
        listen 127.0.0.1:@http@;
        server_name first second;
        client_header_buffer_size 1k;
        large_client_header_buffers 8 8k;
        location /pools/ { pool_view; }
        location = /one/trace { return 404; }
        location /limited/ { limit_conn one 1; pool_view; }
        location / { return 204; }
    }
    server { listen 127.0.0.1:@tight@; connection_pool_size 256; request_pool_size 2k; location /pools/ { pool_view; } }
    server { listen 127.0.0.1:@small@; connection_pool_budget 12k; location /pools/ { pool_view; } }
'''
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def trace(server, target='/pools/trace', **options):
    answer = server.get(target, **options)
    assert answer.status == 200, answer
    assert answer.get('Content-Type') == 'application/json'
    assert answer.get('Cache-Control') == 'no-store'
    got = json.loads(answer.body.decode('ascii'))
    consistent(got)
    return got


def data(got, purpose):
    return b''.join(bytes.fromhex(one['data']) for one in got['allocations'] if one['purpose'] == purpose)


def consistent(got):
    """What the schema promises of any trace."""
    assert got['schema'] == 'tidepool-trace/1'
    blocks, allocations = got['blocks'], got['allocations']
    assert [block['id'] for block in blocks] == list(range(len(blocks)))
    assert [one['order'] for one in allocations] == list(range(1, len(allocations) + 1))
    assert blocks[0]['kind'] == 'first' and blocks[0]['fate'] == 'stays'
    ends = [block['header_bytes'] for block in blocks]
    for one in allocations:
        block = blocks[one['block']]
        assert one['offset'] == ends[one['block']] + one['gap_bytes'], one
        ends[one['block']] = one['offset'] + one['bytes']
        assert ends[one['block']] <= block['bytes']
        assert len(one['data']) % 2 == 0 and len(one['data']) // 2 <= one['bytes']
        for offset, length in one['hidden']:
            assert offset + length <= one['bytes']
            assert set(one['data'][2 * offset:2 * (offset + length)]) <= {'0'}
        assert (one['lifetime'] == 'connection') == (one['order'] <= got['pinned_after'])
        assert (one['lifetime'] == 'buffer') == (block['kind'] == 'buffer')
    for block in blocks:
        assert block['used_bytes'] == ends[block['id']] or block['kind'] == 'first'
        assert block['fate'] in ('stays', 'kept', 'returned')
        assert (block['filled_bytes'] is not None) <= (block['kind'] == 'buffer')
    reset = got['reset']
    assert reset['given_back_bytes'] == reset['before']['held_bytes'] - reset['idle']['held_bytes']
    assert reset['reset_bytes'] == reset['before']['used_bytes'] - reset['after']['used_bytes']
    assert sum(block['fate'] == 'kept' for block in blocks) == reset['after']['reserve']
    held = sum(block['bytes'] for block in blocks if block['id'] == 0 or block['fate'] != 'freed')
    if not any(one['freed_after'] for one in allocations):
        assert reset['before']['held_bytes'] == held
    assert reset['idle']['buffers'] == 0 and reset['idle']['held_bytes'] == blocks[0]['bytes']


def test_request_is_there_byte_by_byte(server):
    server.http(CONFIG)
    server.start()
    fields = [('X-Mine', 'my own bytes "\\ \xe9'), ('User-Agent', 'a browser')]
    asked = wire.request('GET', '/pools/trace?x="1', fields=fields, host='FIRST')
    with server.client() as client:
        answer = client.send(asked).response()
    got = json.loads(answer.body)
    consistent(got)
    assert data(got, 'input') == asked
    assert data(got, 'host') == b'first'
    assert data(got, 'path') == b'/pools/trace'
    assert got['request'] == {'line': 'GET /pools/trace?x="1 HTTP/1.1', 'head_bytes': len(asked), 'fields': 3,
                              'server': 'first', 'location': '/pools/', 'status': 200}
    sent = data(got, 'output')
    assert b'HTTP/1.1 200 OK\r\nServer: tidepool/' in sent and b'Content-Type: application/json\r\n' in sent
    assert [one['purpose'] for one in got['allocations']][:4] == ['connection', 'input', 'request', 'host']


def test_sources_are_lines_that_ask(server):
    """Each names a line of the source where the purpose stands, within the call."""
    server.http(CONFIG)
    server.start()
    for one in trace(server, host='Second')['allocations']:
        assert re.fullmatch(r'[a-z_/]+\.c:[0-9]+', one['source']), one
        name, line = one['source'].split(':')
        with open(os.path.join(ROOT, name), encoding='utf-8') as file:
            lines = file.read().split('\n')
        assert f'"{one["purpose"]}"' in ''.join(lines[int(line) - 2:int(line) + 2]), one


def test_pools_are_made_as_the_connections(server):
    """The first block is that of the address, as for the connection itself."""
    server.http(CONFIG)
    server.start()
    assert trace(server)['pool']['first_bytes'] == 512
    assert trace(server)['pool']['block_bytes'] == 4096
    tight = trace(server, port='tight')
    assert tight['pool']['block_bytes'] == 2048
    assert tight['allocations'][0]['purpose'] == 'connection'


def test_large_heads(server):
    """They go on in larger buffers; all complete lines are there, and what did not fit is said."""
    server.http(CONFIG)
    server.start()
    fields = [(f'X-{i}', 'v' * (i * 53 % 2000)) for i in range(44)]
    asked = wire.request('GET', '/pools/trace', fields=fields)
    with server.client() as client:
        for _ in range(2):  # byte counts differ when reads do; the trace does not
            got = json.loads(client.send_split(asked, len(asked) // 2).response().body)
            consistent(got)
            assert got['request']['fields'] == 45
            assert sum(one['purpose'] == 'input' for one in got['allocations']) > 4
            assert sum(one['purpose'] == 'fields' for one in got['allocations']) == 1  # the first lie in the request
            assert got['truncated']['data_bytes'] > 0
            seen = data(got, 'input')
            for name, value in fields[:10]:
                assert f'{name}: {value}\r\n'.encode() in seen
    assert 32768 < len(asked) < 65536


def test_request_line_that_outgrows_its_buffer(server):
    server.http(CONFIG)
    server.start()
    got = trace(server, '/pools/trace?' + 'q' * 5000)
    assert b'q' * 5000 + b' HTTP/1.1' in data(got, 'input')
    assert len(got['request']['line']) == 1024


def test_pipelined_requests_see_themselves(server):
    server.http(CONFIG)
    server.start()
    asked = [wire.request('GET', '/pools/trace', fields=[('X-Number', str(i) * (i + 1))]) for i in range(5)]
    with server.client() as client:
        client.send(b''.join(asked))
        for i in range(5):
            got = json.loads(client.response().body)
            consistent(got)
            assert data(got, 'input') == asked[i]


def test_head_and_others(server):
    server.http(CONFIG)
    server.start()
    with server.client() as client:
        answer = client.send(wire.request('HEAD', '/pools/trace')).response('HEAD')
        assert answer.status == 200 and answer.body == b''
        assert client.send(wire.request('POST', '/pools/trace', body=b'x')).response().status == 405
        assert client.send(wire.request('GET', '/pools/trace', body=b'body')).response().status == 200


@pytest.mark.plain  # a sanitizer maps nearly everything
def test_nothing_of_others_nor_of_ours(server):
    """Memory is used over again, so another's secret is near; and words that are addresses are not shown."""
    server.http(CONFIG)
    server.start()
    secret = 'AuthorizationOfSomebodyElse' * 20
    for _ in range(20):
        assert server.get('/', fields=[('Authorization', secret), ('X-Secret', secret)]).status == 204
    answer = server.get('/pools/trace')
    assert b'SomebodyElse'.hex().encode() not in answer.body
    got = json.loads(answer.body)
    with open(f'/proc/{server.pid}/maps', encoding='ascii') as file:
        maps = [[int(at, 16) for at in line.split()[0].split('-')] for line in file]
    for one in got['allocations']:
        memory = bytes.fromhex(one['data'])
        for at in range(0, len(memory) - 5):
            word = int.from_bytes(memory[at:at + 8], 'little')
            assert not any(begin <= word < end for begin, end in maps if begin > 65536), (one, at)
    assert sum(len(one['hidden']) for one in got['allocations']) > 5


def test_it_is_no_request_of_its_own(server):
    """One line in the log for each, and nothing of a limit is used up."""
    server.http(CONFIG)
    server.start()
    for _ in range(3):
        trace(server, '/limited/trace')
    server.wait_log('GET /limited/trace', 'access.log', count=3)
    assert server.read('access.log').count('\n') == 3


def test_budget(server):
    """A trace that does not fit in the connection's budget is refused, and the connection's next request is not."""
    server.http(CONFIG)
    server.start()
    assert server.get('/pools/trace', port='small').status == 503
    server.expect('connection_pool_budget')
    assert server.get('/nothing', port='small').status == 404


@pytest.mark.parametrize('mode', ['poison', 'passthrough'])
def test_modes(server, mode):
    server.configure(f'pool_mode {mode}; http {{ {CONFIG} }}')
    server.start()
    asked = wire.request('GET', '/pools/trace', host='FIRST')
    with server.client() as client:
        for _ in range(3):
            got = json.loads(client.send(asked).response().body)
            assert got['pool']['mode'] == mode
            assert data(got, 'input') == asked
            assert data(got, 'host') == b'first'


@pytest.mark.plain
def test_steady_state_needs_no_system(server):
    """After the first, traces live of what is there."""
    server.http(CONFIG)
    server.start()
    with server.client() as client:
        for _ in range(50):
            client.send(wire.request('GET', '/pools/trace')).response()
        before = server.anonymous_kib()
        for _ in range(500):
            client.send(wire.request('GET', '/pools/trace')).response()
        assert server.anonymous_kib() <= before + 64
