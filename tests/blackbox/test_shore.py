# SPDX-License-Identifier: BSD-2-Clause
"""The page's two pictures of everything: the shore, on which each connection is a cell at a place of its own, and the
squares of all memory by purpose. With a browser, against what the server answers to the test itself."""
import contextlib
import json

import pytest

from tests.blackbox.test_pool_view import SNAPSHOTS, needs_browser, plain
from tests.harness.wire import request

pytestmark = pytest.mark.ours

MANY = 400  # more than a snapshot has rows for


@pytest.fixture
def crowd(server):
    """MANY connections: some speak echo, some are in a head; and the server."""
    server.configure('worker_rlimit_nofile 3000; events { worker_connections 2500; }\n'
                     'stream { server { listen 127.0.0.1:@echo@; echo; echo_timeout 1h; } }\n'
                     'http { access_log off; keepalive_timeout 1h; client_header_timeout 1h; server { '
                     'listen 127.0.0.1:@http@ backlog=2048; location / { return 200 text; } '
                     'location /pools/ { pool_view; } } }', workers=2)
    server.start()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.client('echo' if number % 10 == 9 else 'http')) for number in range(MANY)]
        for number, client in enumerate(clients):
            if number % 10 == 3:
                client.send(b'GET / HTTP/1.1\r\nX: ')
            elif number % 10 != 9:
                assert client.ask('GET', '/').status == 200
        server.wait_for(lambda: ask(server, 'state=reading&limit=0')['matched'] == MANY // 10, 'all to be there')
        yield server, clients


def ask(server, query=''):
    return json.loads(server.get(f'/pools/data?{query}').body)['connections']


def number_of(server, client):
    row, = ask(server, 'find=%s:%d&protocol=http' % client.socket.getsockname())['rows']
    return row['id']


def look(chrome, server, **options):
    page = chrome.page(**options)
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait(f'{SNAPSHOTS} >= 2 && Number(document.getElementById("shore").dataset.cells) > {MANY // 2}')
    page.value('''
        window.shore = document.getElementById("shore");
        window.canvas = document.getElementById("canvas");
        window.grid = () => shore.dataset.grid.split(" ").map(Number);
        window.point = place => {
          const [across, cell] = grid(), box = canvas.getBoundingClientRect();
          const x = box.left + 4 + (place % across + .5) * cell, y = box.top + 4 + (Math.floor(place / across) + .5) * cell;
          canvas.dispatchEvent(new PointerEvent("pointermove", {clientX: x, clientY: y, bubbles: true}));
          const tip = document.getElementById("tip");
          return tip.hidden ? "" : tip.textContent;
        };
        window.names = () => Array.from({length: grid()[0] * Math.floor((canvas.clientHeight - 8) / grid()[1])}, (_, place) =>
          point(place).split(/[ ,]/)[0]);
        window.scratch = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
        // The pixels of a cell: how many are painted, and how strongly.
        window.painted = (id, place) => {
          const [across, cell] = grid(), x = 4 + place % across * cell, y = 4 + Math.floor(place / across) * cell;
          scratch.clearRect(0, 0, cell, cell);
          scratch.drawImage(document.getElementById(id), x, y, cell, cell, 0, 0, cell, cell);
          const {data} = scratch.getImageData(0, 0, cell, cell);
          return data.reduce((sum, value, i) => sum + (i % 4 === 3 ? value : 0), 0);
        };''')
    return page


def done(page):
    assert page.console() == []
    page.close()


@needs_browser
@plain
def test_each_has_a_place_and_keeps_it(crowd, chrome):
    server, clients = crowd
    page = look(chrome, server)
    page.wait(f'Number(shore.dataset.cells) >= {MANY}')
    before = page.value('names()')
    ours = {'%s:%d' % client.socket.getsockname() for client in clients}
    listed = {f"{row['worker']}.{row['id']}" for row in ask(server, 'sort=number&limit=1000&watchers=0')['rows']
              if row['client'] in ours}
    assert listed <= set(before) and len(listed) >= MANY
    assert len([name for name in before if name]) == len({name for name in before if name})
    gone = {str(number_of(server, client)) for client in clients[40:80:2] if clients.index(client) % 10 != 9}
    for client in clients[40:80:2]:
        if clients.index(client) % 10 != 9:
            client.close()
    page.wait(f'Number(shore.dataset.cells) <= {MANY + 3 - len(gone)} && !names().some(n => '
              f'{json.dumps(sorted(gone))}.includes(n.split(".")[1]))')
    after = page.value('names()')
    for place, name in enumerate(before):
        if name and name.split('.')[1] not in gone and name in after:
            assert after[place] == name
    # Whoever comes takes a place that is free, among the others.
    with server.client() as late:
        late.settle()
        name = str(number_of(server, late))
        page.wait(f'names().some(n => n.split(".")[1] === "{name}")')
        now = page.value('names()')
        assert not before[now.index(next(one for one in now if one.endswith('.' + name)))] or \
            before[now.index(next(one for one in now if one.endswith('.' + name)))].split('.')[1] in gone
    done(page)


@needs_browser
@plain
@pytest.mark.parametrize('motion', [True, False])
def test_a_reset_is_seen(crowd, chrome, motion):
    server, clients = crowd
    page = look(chrome, server, motion=motion)
    client = clients[100]
    number = number_of(server, client)
    place = page.value(f'names().findIndex(n => n.split(".")[1] === "{number}")')
    assert page.value(f'painted("fading", {place})') == 0
    assert client.ask('GET', '/').status == 200
    page.wait(f'painted("fading", {place}) > 0')
    other = page.value(f'names().findIndex((n, i) => n && Math.abs(i - {place}) > 2)')
    assert page.value(f'painted("fading", {other})') == 0
    assert page.value('getComputedStyle(document.getElementById("fading")).animationName') == ('fade' if motion else 'none')
    page.wait(f'painted("fading", {place}) === 0')  # the next time there was none
    done(page)


@needs_browser
@plain
def test_filters_dim_the_others(crowd, chrome):
    server, _ = crowd
    page = look(chrome, server)
    rows = ask(server, 'protocol=echo&limit=1000&sort=number')['rows']
    echo = page.value('names().map(n => n.split(".")[1])').index(str(rows[20]['id']))
    http = page.value('names().map(n => n.split(".")[1])').index(str(number_of(server, _[100])))
    bright = page.value(f'[painted("canvas", {echo}), painted("canvas", {http})]')
    page.value('(() => { const s = document.getElementById("f-protocol"); s.value = "echo";'
               ' s.dispatchEvent(new Event("input", {bubbles: true})); })()')
    page.wait(f'painted("canvas", {http}) < {bright[1]} / 2')
    assert page.value(f'painted("canvas", {echo})') > .9 * bright[0]  # its neighbours' rims are beside it
    page.click('#filters button[type=reset]')
    page.wait(f'painted("canvas", {http}) === {bright[1]}')
    done(page)


@needs_browser
@plain
def test_keys_and_pointer_lead_to_a_pool(crowd, chrome):
    """Also to one that the stream does not carry: its address is asked for."""
    server, clients = crowd
    page = look(chrome, server)
    page.value('shore.focus()')
    tip = 'document.getElementById("tip").textContent'
    seen = [page.value(tip)]
    for key, number in (('ArrowRight', 39), ('ArrowDown', 40), ('End', 35), ('Home', 36)):
        page.key(key, number=number)
        seen.append(page.value(tip))
    assert seen[0].split()[0] == seen[4].split()[0] and len({text.split()[0] for text in seen}) == 4
    client = clients[200]
    number, address = number_of(server, client), '%s:%d' % client.socket.getsockname()
    place = page.value(f'names().findIndex(n => n.split(".")[1] === "{number}")')
    page.value(f'point({place})')
    page.wait(f'{tip}.includes("{address}")')
    page.value('shore.focus()')
    for _ in range(3):
        page.key('ArrowRight', number=39)
    name = page.value(tip).split()[0].rstrip(',')
    page.key('Enter', number=13, text='\r')
    page.wait(f'!document.getElementById("one").hidden && document.getElementById("one-title").textContent.includes("{name}:")')
    done(page)


@needs_browser
@plain
def test_too_many_and_too_little_memory(crowd, chrome):
    """What the page makes of answers that a test cannot bring about with 20,000 descriptors."""
    server, _ = crowd
    page = look(chrome, server)
    sizes = [0] * 17
    answer = {'matched': 30000, 'total': 30000, 'most': 20000, 'aggregated': True, 'left_out': 30000, 'workers': [],
              'by_state': {'idle': [29000] + sizes[1:], 'reading': sizes[:4] + [1000] + sizes[5:]}}
    page.value('''
        window.real = fetch;
        window.fetch = (url, options) => real(url, options).then(async got => !String(url).startsWith("cells") ? got :
          new Response(JSON.stringify({...await got.json(), ...(window.instead || {})})));''')
    page.value(f'window.instead = {json.dumps(answer)}')
    page.wait('document.getElementById("shore-note").textContent.includes("more than 20,000")')
    assert 3750 <= int(page.value('shore.dataset.cells')) <= 4000
    page.wait('point(1) === "idle, at most 512 B"')
    page.value('window.instead = {left_out: 1234}')
    page.wait('document.getElementById("shore-note").textContent.includes("1,234 cells")')
    assert page.value('point(0)').split()[0].count('.') == 1, 'cells again, each of one connection'
    done(page)


# ---- squares of memory ---------------------------------------------------

SQUARES = '''[...document.querySelectorAll("#where-map g")].map(g => [g.querySelector("title").textContent,
    g.querySelector("rect").width.baseVal.value * g.querySelector("rect").height.baseVal.value, g.hasAttribute("role")])'''
TABLE = '[...document.getElementById("where-table").tBodies[0].rows].map(r => [...r.cells].map(c => c.textContent))'


def bytes_of(text):
    figure, unit = text.lstrip('+−').split(' ')
    return float(figure.replace(',', '')) * 1024 ** ('B', 'KiB', 'MiB', 'GiB').index(unit) * (-1 if text[0] == '−' else 1)


@needs_browser
@plain
def test_squares_of_all_memory(crowd, chrome):
    server, _ = crowd
    page = look(chrome, server)
    squares = page.value(SQUARES)
    names = {title.split(': ')[0] if not title.startswith('process') else title.rsplit(': ', 1)[0] for title, _, _ in squares}
    assert {'first block', 'input', 'free in size classes', 'process: shared', 'process: loops'} <= names
    assert {title.split(':')[0] for title, _, leads in squares if leads} == \
        {one['purpose'] for one in ask(server, 'limit=0')['purposes']}
    areas = {title.rsplit(': ', 1)[0]: (area, bytes_of(title.rsplit(': ', 1)[1])) for title, area, _ in squares}
    (one, first), (other, second) = areas['input'], areas['first block']
    assert abs(one / other / (first / second) - 1) < .15  # rounded, and with a gap
    rows = page.value(TABLE)
    data = json.loads(server.get('/pools/data?limit=0').body)
    live = data['memory']['live_bytes'] - data['memory']['uses']['view']  # which is more while an answer is made
    assert abs(sum(bytes_of(row[1]) for row in rows if row[0] != 'process: view') / live - 1) < .1
    # At the peak, of the process alone.
    page.value('(() => { const s = document.getElementById("where-view"); s.value = "peak";'
               ' s.dispatchEvent(new Event("change")); })()')
    peak = {row[0]: bytes_of(row[1]) for row in page.value(TABLE)}
    uses = data['memory']['peak_uses']
    assert abs(peak['all pools'] / uses['pools'] - 1) < .1 and not any(leads for _, _, leads in page.value(SQUARES))
    done(page)


@needs_browser
@plain
def test_what_has_changed_since_a_moment(crowd, chrome):
    server, _ = crowd
    page = look(chrome, server)
    page.click('#where-hold')
    with contextlib.ExitStack() as stack:
        for number in range(200):
            client = stack.enter_context(server.client())
            client.send(request('GET', '/')[:-2] + b'X: ')
        page.wait(f'{TABLE}.some(([name, bytes]) => name === "input" && bytes.startsWith("+"))')
        server.wait_for(lambda: ask(server, 'state=reading&limit=0')['matched'] == 200 + MANY // 10, 'all heads')
        seen = page.value(SNAPSHOTS)
        page.wait(f'{SNAPSHOTS} > {seen} + 1')
        change = {row[0]: bytes_of(row[1]) for row in page.value(TABLE)}
        assert change['first block'] >= 200 * 512 and change['input'] > 0
        page.click('#where-hold')
    page.wait(f'{TABLE}.some(([name, bytes]) => name === "first block" && bytes.startsWith("−"))')
    done(page)


@needs_browser
@plain
def test_a_square_leads_to_those_that_hold_it(crowd, chrome):
    server, _ = crowd
    page = look(chrome, server)
    page.value('[...document.querySelectorAll("#where-map g[role]")].find(g => g.textContent.startsWith("input")).focus()')
    page.key('Enter', number=13, text='\r')
    holders = ask(server, 'purpose=input&limit=0')['matched']
    page.wait(f'/of {holders} connections/.test(document.getElementById("listed").textContent)')
    assert page.value('document.getElementById("f-purpose").value') == 'input'
    assert page.value('document.querySelector("#heads [aria-sort]").dataset.key') == 'held'
    page.wait(f'{SNAPSHOTS} > 3')
    done(page)


@needs_browser
@plain
@pytest.mark.parametrize('options', [{}, {'dark': True}, {'width': 360, 'height': 740}], ids=['light', 'dark', 'narrow'])
def test_axe_finds_nothing_in_either(crowd, chrome, axe, options):
    server, _ = crowd
    page = look(chrome, server, motion=False, **options)
    page.value(axe)
    for state in ('shore.focus()', 'document.querySelector("#where-map g[role]").dispatchEvent(new Event("click"))',
                  'document.getElementById("where-hold").click()',
                  'for (const one of document.querySelectorAll("details")) one.open = true'):
        page.value(state)
        found = page.value('axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map('
                           'v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + n.failureSummary)])))')
        assert json.loads(found) == [], state
        assert page.value('document.documentElement.scrollWidth <= innerWidth'), f'{state}: nothing sticks out'
    done(page)
