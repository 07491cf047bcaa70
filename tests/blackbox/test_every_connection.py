# SPDX-License-Identifier: BSD-2-Clause
"""Whatever is asked of a snapshot is answered over all connections: each square of the heat map lists those that it
counts, each order can be read to its end, page by page, and each filter finds what the client knows to be there."""
import base64
import contextlib
import json
import time

import pytest

from tests.harness import instance
from tests.harness.wire import request

pytestmark = pytest.mark.ours

# Under sanitizers two pages of them do.
OLD, YOUNG, PAGE = 1900 if instance.INSTRUMENTED else 9900, 14, 1000


@pytest.fixture(scope='module')
def crowd(tmp_path_factory):
    """OLD connections of which some hold more, and YOUNG ones more than a second later; all stay as they are."""
    server = instance.Server(tmp_path_factory.mktemp('every'))
    server.configure('worker_rlimit_nofile 12000; control unix:control.sock; events { worker_connections 11000; }\n'
                     'stream { server { listen 127.0.0.1:@echo@; echo; echo_timeout 1h; } }\n'
                     'http { access_log off; keepalive_timeout 1h; client_header_timeout 1h; server { '
                     'listen 127.0.0.1:@http@; location / { return 200 text; } location /pools/ { pool_view; } } }', workers=2)
    server.start()
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(OLD + YOUNG):
            if number == OLD:
                time.sleep(1.2)  # older than the first square's second
            client = stack.enter_context(server.client('echo' if number % 10 == 9 else 'http'))
            if number % 3 == 0 and number % 10 != 9:
                client.send(request('GET', '/')[:-2] + b'X: ' + b'y' * (number % 7 * 500))
            opened.append(client)
        server.wait_for(lambda: ask(server, 'limit=0&watchers=0')['total'] >= OLD + YOUNG and
                        ask(server, 'limit=0&state=reading')['matched'] == sum(
                            number % 3 == 0 and number % 10 != 9 for number in range(OLD + YOUNG)), 'all to be there')
        yield server, [' '.join('%s:%d' % end for end in (client.socket.getsockname(), client.socket.getpeername()))
                       for client in opened]
    try:
        server.stop()
    finally:
        server.kill()


def ask(server, query):
    answer = server.get(f'/pools/data?{query}')
    assert answer.status == 200, answer
    return json.loads(answer.body)['connections']


def every(server, query):
    """All rows, a page after another."""
    found, after = [], ''
    while True:
        page = ask(server, f'{query}&limit={PAGE}{after}')['rows']
        found += page
        if len(page) < PAGE:
            return found
        after = f"&after={page[-1]['order']}.{page[-1]['id']}"


def name(row):
    """Both ends: a client's port may be in use for both of ours at once."""
    return row['client'] + ' ' + row['server']


def mine(rows, clients):
    known = set(clients)
    return [row for row in rows if name(row) in known]


KEYS = {'total': 'total_bytes', 'peak': 'peak_bytes', 'used': 'used_bytes', 'requests': 'requests', 'unsent': 'unsent_bytes',
        'age': 'order', 'idle': 'order', 'number': 'id', 'larges': 'larges',
        'filled': 'filled_bytes'}
STATES = 'idle', 'reading', 'waiting', 'sending', 'lingering'


@pytest.mark.parametrize('sort', KEYS)
@pytest.mark.parametrize('order', ['up', 'down'])
def test_every_order_to_its_end(crowd, sort, order):
    server, clients = crowd
    rows = mine(every(server, f'sort={sort}&order={order}&watchers=0'), clients)
    assert sorted(name(row) for row in rows) == sorted(clients)
    values = [(row[KEYS[sort]], row['id']) for row in rows]
    # Moments: the oldest, which is the least, comes first.
    largest_first = (order == 'down') != (sort in ('age', 'idle'))
    assert values == sorted(values, key=lambda one: (-one[0] if largest_first else one[0], one[1]))


def place(row, sort):
    """Where the schema says that a row stands: of texts, numbers alike."""
    if sort == 'state':
        return STATES.index(row['state'])
    if sort == 'address':
        host, port = row['client'].rsplit(':', 1)
        return [int(part) for part in host.split('.')] + [int(port)]
    return row['protocol']


@pytest.mark.parametrize('sort', ['state', 'address', 'protocol'])
@pytest.mark.parametrize('order', ['up', 'down'])
def test_orders_that_are_no_numbers(crowd, sort, order):
    server, clients = crowd
    rows = mine(every(server, f'sort={sort}&order={order}&watchers=0'), clients)
    assert sorted(name(row) for row in rows) == sorted(clients)
    expected = sorted(rows, key=lambda row: row['id'])  # of equal ones the older comes first
    expected.sort(key=lambda row: place(row, sort), reverse=order == 'down')
    assert [name(row) for row in rows] == [name(row) for row in expected]


def test_each_square_lists_what_it_counts(crowd):
    server, clients = crowd
    whole = ask(server, 'limit=0')
    sizes = [one['le'] for one in whole['histograms']['total_bytes']]
    ages = [one['le'] for one in whole['histograms']['age_seconds']]
    seen = []
    for down, (size, below) in enumerate(zip(sizes, [0] + sizes[:-1])):
        if not ask(server, bounds(size, below, None, 0) + '&limit=0')['matched']:
            continue
        for across, (age, younger) in enumerate(zip(ages, [0] + ages[:-1])):
            square = ask(server, bounds(size, below, age, younger) + '&limit=0')
            assert square['histograms']['total_bytes_by_age'][down][across] == square['matched']
            rows = every(server, bounds(size, below, age, younger) + '&sort=age&order=up')
            assert all(below < row['total_bytes'] <= (size or row['total_bytes']) for row in rows)
            assert all(younger <= row['age_seconds'] <= (age or row['age_seconds']) for row in rows)
            seen += [name(row) for row in mine(rows, clients)]
    # Some grow older between two questions: none is missed, though one may be seen in two squares.
    assert set(seen) == set(clients)


def bounds(size, below, age, younger):
    return '&'.join(([f'total_over={below}'] if below else []) + ([f'total_most={size}'] if size else []) +
                    ([f'age_over={younger}'] if younger else []) + ([f'age_most={age}'] if age else []))


def test_each_filter(crowd):
    server, clients = crowd
    echo = {client for number, client in enumerate(clients) if number % 10 == 9}
    assert {name(row) for row in every(server, 'protocol=echo&sort=age')} == echo
    reading = {client for number, client in enumerate(clients) if number % 3 == 0 and number % 10 != 9}
    assert {name(row) for row in every(server, 'state=reading&sort=total')} == reading
    youngest = every(server, 'sort=age&order=up&watchers=0')[:YOUNG]
    assert {name(row) for row in mine(youngest, clients)} <= set(clients[OLD:])
    for client in clients[:: 200]:
        one, = [row for row in ask(server, f'address={client.split()[0]}')['rows'] if name(row) == client]
        assert name(ask(server, f"id={one['id']}")['rows'][0]) == client


def cells(server, query=''):
    """Each connection as the schema's nine bytes say it, by its number; and what stands around them."""
    answer = server.get(f'/pools/cells?{query}')
    assert answer.status == 200, answer
    got, found = json.loads(answer.body), {}
    for worker in got['workers']:
        raw = base64.b64decode(worker['cells'], validate=True)
        assert len(raw) % 9 == 0
        for at in range(0, len(raw), 9):
            flags, size, both, resets = raw[at + 5:at + 9]
            found[int.from_bytes(raw[at:at + 5], 'big')] = {
                'worker': worker['worker'], 'state': STATES[flags & 7], 'watches': bool(flags & 8), 'matches': bool(flags & 16),
                'protocol': worker['protocols'][flags >> 5 & 3], 'size': size, 'age': both >> 4, 'fill': both & 15,
                'resets': resets}
    assert len(found) == got['total'] and not got['left_out'] and got['complete'] and not got['aggregated']
    assert got['matched'] == sum(one['matches'] for one in found.values())
    return got, found


def test_each_connection_has_a_cell(crowd):
    server, clients = crowd
    whole = ask(server, 'limit=0')
    sizes = [one['le'] for one in whole['histograms']['total_bytes'][:-1]]
    rows = mine(every(server, 'sort=number&watchers=0'), clients)
    _, found = cells(server)
    assert {row['id'] for row in rows} <= found.keys() and len(found) - len(clients) < 5
    for row in rows:
        cell = found[row['id']]
        for key in ('worker', 'state', 'protocol', 'watches'):
            assert cell[key] == row[key], (key, cell, row)
        assert cell['matches'] and cell['resets'] == row['resets']
        assert cell['size'] == sum(bound < row['total_bytes'] for bound in sizes)
        assert cell['fill'] == 15 * row['filled_bytes'] // row['total_bytes']


@pytest.mark.parametrize('query', ['protocol=echo', 'state=reading', 'total_over=512', 'total_over=2048&total_most=8192',
                                   'worker=0', 'address=127.0.0.1:4', 'purpose=input', 'watchers=0', 'age_over=100000',
                                   'find=127'])
def test_cells_say_who_matches(crowd, query):
    server, clients = crowd
    rows = {row['id'] for row in mine(every(server, f'sort=number&{query}'), clients)}
    ours = {row['id'] for row in mine(every(server, 'sort=number'), clients)}
    got, found = cells(server, query)
    assert {number for number, cell in found.items() if cell['matches']} & ours == rows
    for state, counts in got['by_state'].items():
        for size, count in enumerate(counts):
            assert count == sum(cell['matches'] and cell['state'] == state and cell['size'] == size for cell in found.values())


def test_cells_add_up_to_the_squares(crowd):
    server, clients = crowd
    grid = ask(server, 'limit=0')['histograms']['total_bytes_by_age']
    _, found = cells(server)
    # Some grow older between two questions, and whoever asks comes and goes.
    for size, row in enumerate(grid):
        assert abs(sum(row) - sum(cell['size'] == size for cell in found.values())) < 5
    assert sum(cell['age'] == 0 for cell in found.values()) < len(clients) - OLD + 5


def test_whoever_looks_can_be_left_out(crowd):
    server, clients = crowd
    assert len(mine(every(server, 'sort=age'), clients)) == len(clients)
    with_them, without = ask(server, 'limit=0')['matched'], ask(server, 'limit=0&watchers=0')['matched']
    assert with_them - without >= 1 and without >= len(clients)


def test_what_cannot_be_asked(crowd):
    server, _ = crowd
    for query in ('order=up', 'after=1.1', 'sort=age&order=sideways', 'sort=age&after=1', 'sort=age&after=1.', 'total_over=-1',
                  'age_most=x', 'watchers=2', 'sort=age&after=x.1'):
        assert server.get(f'/pools/data?{query}').status == 400, query
