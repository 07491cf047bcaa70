# SPDX-License-Identifier: BSD-2-Clause
"""pool_view: its pages, the policies they come with, and what a browser does with the main one. The parts with a browser need
Chromium, and axe-core by way of npm; where one is missing they are skipped and say so."""
import base64
import contextlib
import gzip
import hashlib
import json
import os
import re
import socket
import time

import pytest

from tests.harness import browser
from tests.harness import instance

pytestmark = pytest.mark.ours

WORKERS = 2
CONFIG = '''
    server {
        listen @http@;
        location /pools/ { pool_view; }
        location /bare { pool_view; }
        location = /plain { return 200 plain; }
    }
'''
PAGE = os.path.join(instance.ROOT, 'http', 'modules', 'view', 'page')
SNAPSHOTS = 'Number(document.documentElement.dataset.snapshots || 0)'


PAGES = pytest.mark.parametrize('name', ['', 'request'])


def source(name=''):
    """The page as the build joins it: @NAME stands for a file; comments, indentation and empty lines are left out,
    ends of lines where a statement or a rule goes on, and spaces of the style sheet."""
    def read(name):
        with open(os.path.join(PAGE, name), encoding='utf-8') as file:
            return file.read()
    text = re.sub(r'^@(.+)\n', lambda line: read(line[1]), read(f'{name or "main"}.html'), flags=re.M)
    text = re.sub(r'^ *(\n|(//|/\*.*\*/$|<!--.*-->$).*\n)|^ +|(?<=[;,{()}]) +// .*$', '', text, flags=re.M)
    script, style = between(text, 'script'), between(text, 'style')
    text = text.replace(style, re.sub(r'(?<=[:;,{]) | (?=[{}])|(?<=[{;,])\n', '', style))
    return text.replace(script, '\n' + re.sub(r'\n(?=[])}.?:&|+])|(?<=[{([,;])\n', '', script[1:-1]) + '\n')


def between(text, tag):
    return re.search(f'<{tag}>(.*?)</{tag}>', text, re.S).group(1)


# ---- without a browser -------------------------------------------------

@PAGES
def test_the_page_is_the_file(shared, name):
    answer = shared.get(f'/pools/{name}')
    assert answer.status == 200
    assert answer.body.decode() == source(name)
    assert answer.get('Content-Type') == 'text/html; charset=utf-8'
    assert answer.get('Cache-Control') == 'no-store'
    assert answer.get('X-Content-Type-Options') == 'nosniff'


@PAGES
@pytest.mark.parametrize('accepted, compressed', [
    ('gzip', True), ('deflate, gzip, br', True), ('GZIP;q=0.5', True), ('br;q=1, gzip ; q=0.001', True),
    ('gzip;q=1', True),
    ('gzip;q=0', False), ('gzip; q=0.000', False), ('xgzip, gzipped', False), ('br', False), ('', False)])
def test_compressed_if_that_is_accepted(shared, accepted, compressed, name):
    answer = shared.get(f'/pools/{name}', fields=[('Accept-Encoding', accepted)])
    assert answer.get('Vary') == 'Accept-Encoding'
    assert answer.get('Content-Encoding') == ('gzip' if compressed else None)
    assert (gzip.decompress(answer.body) if compressed else answer.body).decode() == source(name)


@PAGES
def test_it_is_light(shared, name):
    """A page that is looked at when memory and time are short: 40 KiB, with all that it needs."""
    assert len(shared.get(f'/pools/{name}', fields=[('Accept-Encoding', 'gzip')]).body) <= 40 * 1024


@PAGES
def test_policy_names_script_and_style_by_their_hashes(shared, name):
    answer = shared.get(f'/pools/{name}')
    policy = dict(part.strip().split(' ', 1) for part in answer.get('Content-Security-Policy').split(';'))
    for tag in 'script', 'style':
        digest = base64.b64encode(hashlib.sha256(between(answer.body.decode(), tag).encode()).digest()).decode()
        assert policy[f'{tag}-src'] == f"'sha256-{digest}'"
    assert policy['default-src'] == "'none'" and policy['connect-src'] == "'self'"
    assert 'unsafe' not in answer.get('Content-Security-Policy')


@PAGES
def test_it_is_small(name):
    assert len(gzip.compress(source(name).encode(), 9)) <= 40 * 1024


@PAGES
def test_one_file_that_asks_for_nothing_elsewhere(name):
    text = source(name)
    addresses = set(re.findall(r'(?:https?:)?//[\w.-]+\.\w+[^\s"\'`<>]*', text))
    assert addresses == {'http://www.w3.org/2000/svg'}, 'a name space is all that looks like an address'
    markup = text.replace(between(text, 'script'), '').replace(between(text, 'style'), '')
    assert not re.search(r'\s(?:style|on\w+)=', markup), 'the policy would not let it have any effect'
    assert not re.search(
        r'\beval\b(?! \.)|new Function|innerHTML|insertAdjacentHTML|document\.write',
        between(
            text,
            'script'))


@pytest.mark.parametrize('target, status', [
    ('/pools/', 200), ('/pools/?x=1', 200), ('/pools/request', 200), ('/pools/request?x=1', 200), ('/pools/request/', 404),
    ('/pools/requests', 404), ('/pools/other', 404), ('/pools/data/more', 404), ('/pools//', 200),
    ('/bare/', 200), ('/bare/request', 200), ('/barerequest', 404), ('/bare', 301), ('/bareness', 404), ('/baredata', 404)])
def test_what_is_below_the_prefix(shared, target, status):
    assert shared.get(target).status == status


def test_a_prefix_without_slash_leads_to_the_folder(shared):
    assert shared.get('/bare').get('Location') == f'http://localhost:{shared.port()}/bare/'
    assert shared.get('/bare?a=b').get('Location') == f'http://localhost:{shared.port()}/bare/?a=b'


@PAGES
def test_only_get_and_head(shared, name):
    answer = shared.ask('HEAD', f'/pools/{name}')
    assert answer.status == 200 and answer.body == b''
    assert int(answer.get('Content-Length')) == len(source(name).encode())
    answer = shared.ask('POST', f'/pools/{name}')
    assert answer.status == 405 and answer.get('Allow') == 'GET, HEAD'


@PAGES
def test_nobody_keeps_it(shared, name):
    """It changes with the binary, and has no validator: a condition changes nothing (RFC 9110, 13.1)."""
    answer = shared.get(f'/pools/{name}')
    assert answer.get('ETag') is None and answer.get('Last-Modified') is None
    fields = [('If-None-Match', '"x"'), ('If-Modified-Since', 'Fri, 31 Dec 2100 23:59:59 GMT')]
    assert shared.get(f'/pools/{name}', fields=fields).status == 200


def test_it_is_not_inherited_and_needs_a_prefix(server):
    server.http('server { listen @http@; location /a/ { pool_view; location /a/b/ { } } }')
    server.start()
    assert server.get('/a/').status == 200 and server.get('/a/b/').status in (403, 404)
    for kind in '= /a', '~ a':
        server.http('server { listen @http@; location ' + kind + ' { pool_view; } }')
        run = server.run('-t', '-c', 'nginx.conf')
        assert run.returncode != 0 and 'needs a location with a prefix' in run.stderr


def test_off_unless_it_is_said(server):
    server.http('server { listen @http@; }')
    server.start()
    assert server.get('/pools/').status == 404


def test_words_mean_what_the_glossary_says():
    with open(os.path.join(instance.ROOT, 'docs', 'glossary.md'), encoding='utf-8') as file:
        glossary = dict(re.findall(r'^\| \*\*([^*]+)\*\* \| (.+) \|$', file.read(), re.M))
    words = dict(re.findall(r'<div><dt>(.+?)</dt><dd>(.+?)</dd></div>', source(), re.S))
    assert set(words) == {'pin', 'reserve', 'stranded', 'slow call', 'magazine', 'depot'}
    for word, meaning in words.items():
        assert meaning.replace('\n', ' ') == glossary[word].split(';')[0], word


# ---- with one ----------------------------------------------------------

needs_browser = pytest.mark.skipif(not browser.PROGRAM, reason='Chromium is missing: apt-get install chromium')
plain = pytest.mark.plain  # a browser against an instrumented server tells nothing that the others do not


@pytest.fixture
def crowd(shared):
    """Connections to look at: most idle after a request, some in the middle of a head."""
    sockets = [socket.create_connection(shared.address()) for _ in range(60)]
    for i, one in enumerate(sockets):
        one.sendall(b'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n' if i %
                    5 else b'GET /plain HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    yield sockets
    for one in sockets:
        one.close()


def look(chrome, shared, snapshots=2, **options):
    page = chrome.page(**options)
    page.open(f'http://127.0.0.1:{shared.port()}/pools/')
    page.wait(f'{SNAPSHOTS} >= {snapshots}')
    return page


def check(page, shared):
    assert page.console() == []
    origin = f'http://127.0.0.1:{shared.port()}/pools/'
    assert all(url.startswith((origin, 'data:')) for url in page.asked()), page.asked()
    page.close()


ROWS = '[...document.querySelectorAll("#rows tr:not(.pad)")].filter(r => !r.hidden)'


def cells(page, column):
    return page.value(f'{ROWS}.map(r => r.children[{column}].textContent)')


def change(page, selector, value, event):
    """What a person does to a field: a value (JavaScript, `s` is the field), and the event that follows."""
    page.value(f'(() => {{ const s = document.querySelector("{selector}"); s.value = {value};'
               f' s.dispatchEvent(new Event("{event}", {{bubbles: true}})); }})()')


@needs_browser
@plain
def test_the_page_lives(shared, chrome, crowd):
    page = look(chrome, shared, 3)
    assert int(page.text('.tile .value')) >= 60
    assert len(cells(page, 0)) >= 15
    assert 'KiB' in page.text('#tide-now') or 'MiB' in page.text('#tide-now')
    assert page.value('document.querySelectorAll("#classes rect").length') >= 25
    assert page.value('document.getElementById("lists-table").tBodies[0].rows.length') == 16
    assert 'connections' in page.text('#spoken')
    check(page, shared)


@needs_browser
@plain
def test_pause_and_go_on(shared, chrome, crowd):
    page = look(chrome, shared)
    page.click('#pause')
    seen = page.value(SNAPSHOTS)
    time.sleep(2.5)
    assert page.value(SNAPSHOTS) == seen and page.text('#state-text').startswith('paused, last seen ')
    page.click('#pause')
    page.wait(f'{SNAPSHOTS} > {seen} + 1')
    check(page, shared)


@needs_browser
@plain
def test_sort_filter_and_drill_down(shared, chrome, crowd):
    page = look(chrome, shared)
    page.click('[data-key=address] button')
    addresses = cells(page, 3)
    assert page.value('document.querySelector("[data-key=address]").getAttribute("aria-sort")') == 'ascending'
    assert addresses == sorted(addresses) and len(set(addresses)) > 5
    change(page, '#f-state', '"reading"', 'input')
    page.wait('/^12 of/.test(document.getElementById("listed").textContent)')
    assert set(cells(page, 2)) == {'reading'}
    page.click('#filters button[type=reset]')
    page.wait('!/^12 of/.test(document.getElementById("listed").textContent)')
    # A square of the heat-map: as many rows as it says. Both change with the next picture, if a connection comes or goes.
    page.value('(window.square = document.querySelector("#heat tr:not([hidden]) td:not([hidden]) button.some")).click()')
    page.wait('document.getElementById("listed").textContent.startsWith(parseInt(square.textContent) + " of")')
    page.click('#heat-clear')
    page.click('#rows button')
    page.wait('!document.getElementById("one").hidden')
    assert 'pin at' in page.text('#one')
    check(page, shared)


@needs_browser
@plain
def test_search(shared, chrome, crowd):
    """By name, by number, by address; of more connections than are sent, it is the server that finds one."""
    page = look(chrome, shared)
    name = cells(page, 0)[3]
    for text in name, '*' + name, name.split('.')[1]:
        change(page, '#f-find', json.dumps(text), 'input')
        page.wait(f'{ROWS}.some(r => r.children[0].textContent === "{name}") && {ROWS}.length === 1')
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(socket.create_connection(shared.address())) for _ in range(300)]
        change(page, '#f-find', '""', 'input')
        page.wait('/of 36[0-9]/.test(document.getElementById("listed").textContent)')
        for one in many[::70]:
            address = '127.0.0.1:%d' % one.getsockname()[1]
            change(page, '#f-find', json.dumps(address), 'input')
            page.wait(f'{ROWS}.length === 1 && {ROWS}[0].children[3].textContent === "{address}"')
    check(page, shared)


@needs_browser
@plain
def test_watchers_and_protocols(server, chrome):
    server.configure('stream { server { listen 127.0.0.1:@echo@; echo; } }'
                     'http { access_log off; server { listen @http@; location /pools/ { pool_view; } } }')
    server.start()
    with server.client('echo') as echo, server.client() as idle:
        echo.send(b'x')
        idle.settle()
        page = chrome.page()
        page.open(f'http://127.0.0.1:{server.port()}/pools/')
        page.wait(f'{SNAPSHOTS} >= 2 && {ROWS}.some(r => r.textContent.includes(" watches"))')
        assert 'to watch' in page.text('#summary')
        page.click('#f-quiet')
        page.wait(f'!{ROWS}.some(r => r.textContent.includes("watches"))')
        mine = {'127.0.0.1:%d' % one.socket.getsockname()[1] for one in (echo, idle)}
        assert mine <= set(cells(page, 3)), 'a browser may have a connection more that asked nothing yet'
        change(page, '#f-protocol', '"echo"', 'input')
        page.wait(f'{ROWS}.length === 1 && {ROWS}[0].lastChild.textContent === "echo"')
        assert page.console() == []
        page.close()


@needs_browser
@plain
def test_with_the_keyboard(shared, chrome, crowd):
    page = look(chrome, shared)
    page.value('document.querySelector("#heads th:last-child button").focus()')
    page.key('Tab', number=9)
    focused = 'document.activeElement.getAttribute("aria-label")'
    first = page.value(focused)
    assert first.startswith('Pool ')
    page.key('ArrowDown', number=40)
    second = page.value(focused)
    assert second.startswith('Pool ') and second != first
    page.key('End', number=35)
    assert page.value('document.activeElement.closest("tr").getAttribute("aria-rowindex")') == \
        page.value('document.getElementById("connections").getAttribute("aria-rowcount")')
    page.key('Enter', number=13, text='\r')
    page.wait('document.activeElement.id === "one"')
    check(page, shared)


@needs_browser
@plain
@pytest.mark.parametrize('options', [{}, {'dark': True}, {'width': 360, 'height': 740}],
                         ids=['light', 'dark', 'narrow'])
def test_axe_finds_nothing(shared, chrome, axe, crowd, options):
    """As it opens; with all that can be opened open; with a filter, and paused."""
    page = look(chrome, shared, motion=False, **options)
    page.value(axe)
    def examine(state):
        found = page.value('axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map('
                           'v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + n.failureSummary)])))')
        assert json.loads(found) == [], state
        assert page.value('document.documentElement.scrollWidth <= innerWidth'), f'{state}: nothing sticks out'
    examine('as it opens')
    page.click('#rows button')
    page.value('for (const one of document.querySelectorAll("details")) one.open = true')
    examine('open')
    page.click('#heat button.some')
    page.click('#pause')
    examine('filtered, paused')
    check(page, shared)


@needs_browser
@plain
def test_many_connections(server, chrome):
    """More than can be listed: rows are used over again, and the sums count all."""
    server.http('server { listen @http@ backlog=4096; location /pools/ { pool_view; } }', workers=2)
    server.configure_raw(server.read('nginx.conf').replace('worker_connections 512', 'worker_connections 4096'))
    server.start()
    sockets = [socket.create_connection(server.address()) for _ in range(900)]
    page = chrome.page()
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait(f'{SNAPSHOTS} >= 2')
    sockets += [socket.create_connection(server.address()) for _ in range(5)]
    young = sorted('%s:%d' % one.getsockname() for one in sockets[-5:])
    # The youngest are the first, though they are none of those that stand out in the stream.
    page.value('document.querySelector("[data-key=age] button").click()')
    page.value('document.querySelector("[data-key=age] button").click()')
    first = f'{ROWS}.map(r => r.cells[3].textContent).filter(a => !a.endsWith("watches")).slice(0, 5).sort()'
    page.wait(f'JSON.stringify({first}) === {json.dumps(json.dumps(young, separators=(",", ":")))}')
    page.value('document.querySelector("[data-key=held] button").click()')
    page.wait(f'{SNAPSHOTS} >= 1')
    page.wait(f'{SNAPSHOTS} >= 3')
    assert page.value('document.querySelectorAll("#rows tr").length') < 60
    assert int(page.text('#heat .whole')) >= 900
    # Until the next pages have come the table ends above that.
    down = 'document.getElementById("table-scroll").scrollTop = 4000'
    page.wait(f'({down}, {ROWS}).some(r => Number(r.getAttribute("aria-rowindex")) > 120)')
    # Each end brings the next page, until all are there.
    page.wait('document.getElementById("table-scroll").scrollTop = 1e6, '
              f'{ROWS}.some(r => Number(r.getAttribute("aria-rowindex")) > 900)')
    # An answer that counts connections and lists none (there was no memory for rows) is no page to go on from.
    page.value('''
        window.real = fetch, window.emptied = 0;
        window.fetch = async (url, options) => {
          const got = await real(url, options);
          if (!String(url).startsWith("data")) return got;
          const all = await got.json();
          all.connections.rows = [];
          window.emptied++;
          return new Response(JSON.stringify(all));
        };
        document.querySelector("[data-key=age] button").click()''')
    page.wait('window.emptied >= 1')
    seen = page.value(SNAPSHOTS)
    page.wait(f'{SNAPSHOTS} >= {seen + 2}')
    assert page.console() == []
    page.close()
    for one in sockets:
        one.close()


@needs_browser
@plain
@pytest.mark.parametrize('mode, said', [('normal', ''), ('passthrough', "pool_mode is passthrough: every allocation is one of the"
                                                                       " system's"), ('poison', 'pool_mode is poison: memory is')])
def test_another_mode_is_said(server, chrome, axe, mode, said):
    """At the top of the page, in a sentence; what is drawn then is clean, too."""
    server.http(CONFIG)
    server.configure_raw(f'pool_mode {mode};' + server.read('nginx.conf'))
    server.start()
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait(f'{SNAPSHOTS} >= 2')
    assert page.value('document.getElementById("mode").hidden') == (not said) and page.text('#mode').startswith(said or '')
    assert page.value('document.querySelector("main").firstElementChild.id') == 'mode'
    page.value(axe)
    found = page.value('axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id))')
    assert found == []
    assert page.console() == []
    page.close()


@needs_browser
@plain
def test_advice_can_be_copied(server, chrome):
    """One sentence, and a line of configuration that Copy selects."""
    server.http('request_pool_size 64k; server { listen 127.0.0.1:@http@; location /pools/ { pool_view; } '
                'location / { return 200 text; } }')
    server.start()
    with server.client() as client:
        for _ in range(150):
            assert client.ask('GET', '/').status == 200
    page = chrome.page()
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait('!document.getElementById("advice-row").hidden')
    assert re.fullmatch(r'request_pool_size \S+ would serve .* requests in one block, .* for each request in progress\.',
                        page.text('#advice-sentence'))
    assert re.fullmatch(r'request_pool_size \d+k?;', page.text('#advice-line'))
    page.click('#advice-copy')
    assert page.value('getSelection().toString().trim()') == page.text('#advice-line')
    assert page.console() == []
    page.close()
