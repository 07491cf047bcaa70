# SPDX-License-Identifier: BSD-2-Clause
"""The life of one pool, on the page of pool_view: a browser follows what a client of the test's own does, and runs requests
itself. Needs Chromium; axe-core comes by way of npm; where one is missing tests are skipped and say so."""
import json
import re
import signal
import xml.dom.minidom

import pytest

from tests.harness import browser
from tests.harness import wire

pytestmark = [pytest.mark.ours, pytest.mark.plain,
              pytest.mark.skipif(not browser.PROGRAM, reason='Chromium is missing: apt-get install chromium')]

WORKERS = 2
CONFIG = '''
    client_body_buffer_size 64k;
    server {
        listen @http@;
        location /pools/ { pool_view; }
        location = /plain { return 200 plain; }
        location = /echo { echo_body whole; }
    }
'''
OURS = '127.0.0.2'  # the address of the client that is followed: the browser has another
LIFE = 'document.documentElement.dataset.life'
RUN = 'document.documentElement.dataset.run'


@pytest.fixture
def page(shared, chrome):
    one = chrome.page(motion=False)
    one.open(f'http://127.0.0.1:{shared.port()}/pools/')
    one.wait('document.documentElement.dataset.snapshots >= 1')
    yield one
    assert one.console() == []
    one.close()


def button(page, text, inside='#life'):
    page.value(f'[...document.querySelectorAll("{inside} button, {inside} a.button")]'
               f'.find(b => b.textContent.startsWith({json.dumps(text)})).click()')


def choose(page, label, value):
    page.value(f'(() => {{ const s = [...document.querySelectorAll("#life label")].find(l => l.firstChild.data === "{label}")'
               f'.querySelector("select"); s.value = "{value}"; s.dispatchEvent(new Event("change")); }})()')


def events(page):
    """What was seen so far, from the table: (what, bytes, held, for)."""
    page.value('(() => { const d = document.querySelector("#life-view details"); d.open = true; })()')
    page.value('new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))')
    rows = page.value('[...document.querySelectorAll("#life-view tbody tr")].map(r => [...r.children].map(c => c.textContent))')
    return [(row[2].split()[-1], row[3], row[4], row[5]) for row in rows]


def follow_ours(page):
    page.value(f'document.getElementById("life-address").value = "{OURS}"')
    button(page, 'Follow the next')
    page.wait(f'{LIFE} === "live"')


def done(page, requests):
    """Until so many requests were seen to their end."""
    word = 'requests' if requests > 1 else 'request'
    page.wait(f'/: {requests} {word}, {requests} reset/.test(document.querySelector("#life-view > p").textContent)')


def at(page):
    return int(page.value('document.querySelector("svg.life").getAttribute("aria-valuenow")'))


def last(page):
    return int(page.value('document.querySelector("svg.life").getAttribute("aria-valuemax")'))


# ---- what is seen ----

def test_a_life_from_accept_to_close(shared, page):
    follow_ours(page)
    with shared.client(source=OURS) as client:
        for _ in range(2):
            assert client.ask(target='/plain').status == 200
    page.wait(f'{LIFE} === "ended"')
    assert 'destroyed' in page.text('#life-text')
    seen = events(page)
    kinds = [one[0] for one in seen]
    assert kinds[0] == 'create' and kinds[-1] == 'destroy' and 'pin' in kinds
    assert kinds.count('request') == 2 and kinds.count('reset') + kinds.count('idle') == 2
    assert kinds.index('take') < kinds.index('request')
    assert seen[-1][2] == '0 B'
    assert re.search(r': 2 requests, 2 resets, \d+ events, 0 dropped', page.text('#life-view > p'))
    # The picture says the same, and how it is drawn.
    texts = page.value('[...document.querySelectorAll("svg.life text")].map(t => t.textContent)')
    assert any('GET /plain' in one or one == '1' for one in texts) and 'close' in texts
    assert any('root scale' in one for one in texts)
    for mark, count in ('birth', 1), ('reset', 2), ('death', 1), ('refusal', 0):
        assert page.value(f'document.querySelectorAll("svg.life .{mark}").length') == count
    assert page.value('document.querySelectorAll("svg.life .k-connection").length') == 1
    assert page.value('document.querySelectorAll("svg.life .area").length') >= 3
    choose(page, 'Bytes', 'log')
    page.wait('document.querySelector("svg.life").textContent.includes("logarithmic scale")')
    choose(page, 'Time', '1')
    page.wait('document.querySelector("svg.life").textContent.includes("to scale")')


def test_each_allocation_too(shared, page):
    """Only if that is ticked: it costs the pool that is followed."""
    for ticked in False, True:
        if ticked:
            page.click('#life-allocs')
        follow_ours(page)
        with shared.client(source=OURS) as client:
            assert client.ask(target='/plain').status == 200
        page.wait(f'{LIFE} === "ended"')
        cut = [one for one in events(page) if one[0] == 'alloc']
        assert bool(cut) == ticked
    assert {'path', 'request'} <= {one[3].split()[-1] for one in cut}, cut
    assert page.value('document.querySelector("label.tick input#life-allocs").closest("label").textContent') \
        == 'each allocation too'


def test_the_sentence_of_a_reset_says_what_went_back(shared, page):
    follow_ours(page)
    with shared.client(source=OURS) as client:
        assert client.ask('POST', '/echo', body=b'x' * 60000).status == 200
    page.wait(f'{LIFE} === "ended"')
    seen = events(page)
    place = [one[0] for one in seen].index('idle' if 'reset' not in [one[0] for one in seen] else 'reset')
    page.value('document.querySelector("svg.life").focus()')
    page.key('Home', number=36)
    for _ in range(place):
        page.key('ArrowRight', number=39)
    page.wait('/pool is reset/.test(document.getElementById("life-sentence").textContent)')
    held = seen[place][2]
    assert page.text('#life-sentence').endswith(f'{held} stay.')
    assert 'body' in {one[3].split()[-1] for one in seen if one[0] == 'take'}


def test_cursor_by_keyboard(shared, page):
    follow_ours(page)
    with shared.client(source=OURS) as client:
        assert client.ask(target='/plain').status == 200
        done(page, 1)
        # With Tab to the picture.
        page.value('document.getElementById("life-address").focus()')
        for _ in range(6):
            page.key('Tab', number=9)
            if page.value('document.activeElement.classList.contains("life")'):
                break
        assert page.value('document.activeElement.classList.contains("life")')
        page.key('Home', number=36)
        page.wait('document.activeElement.getAttribute("aria-valuenow") === "1"')
        assert 'its pool created' in page.text('#life-sentence')
        page.key('ArrowRight', number=39)
        page.wait('document.activeElement.getAttribute("aria-valuenow") === "2"')
        page.key('ArrowLeft', number=37)
        page.wait('document.activeElement.getAttribute("aria-valuenow") === "1"')
        before = last(page)
        assert client.ask(target='/plain').status == 200
        page.wait(f'Number(document.activeElement.getAttribute("aria-valuemax")) > {before}')
        assert at(page) == 1, 'it is held while the life goes on'
        page.key(' ', code='Space', number=32)
        page.wait('document.activeElement.getAttribute("aria-valuenow") === document.activeElement.getAttribute("aria-valuemax")')
        page.key(' ', code='Space', number=32)
        held = at(page)
        assert client.ask(target='/plain').status == 200
        page.wait(f'Number(document.activeElement.getAttribute("aria-valuemax")) > {held}')
        assert at(page) == held
        button(page, 'Live')
        page.wait('document.querySelector("svg.life").getAttribute("aria-valuenow") === '
                  'document.querySelector("svg.life").getAttribute("aria-valuemax")')
    page.wait(f'{LIFE} === "ended"')


def test_pointer_and_buttons(shared, page):
    follow_ours(page)
    with shared.client(source=OURS) as client:
        assert client.ask(target='/plain').status == 200
    page.wait(f'{LIFE} === "ended"')
    page.value('''(() => { const s = document.querySelector("svg.life"), b = s.getBoundingClientRect();
        s.setPointerCapture = () => {}; s.hasPointerCapture = () => true;
        for (const [type, x] of [["pointerdown", .5], ["pointermove", .02]])
            s.dispatchEvent(new PointerEvent(type, {clientX: b.left + b.width * x, clientY: b.top + 90, pointerId: 1})); })()''')
    page.wait('document.querySelector("svg.life").getAttribute("aria-valuenow") === "1"')
    button(page, '▶')
    page.wait('document.querySelector("svg.life").getAttribute("aria-valuenow") === "2"')
    button(page, '◀')
    page.wait('document.querySelector("svg.life").getAttribute("aria-valuenow") === "1"')
    choose(page, 'Speed', '1')
    button(page, 'Replay')
    page.wait('document.querySelector("svg.life").getAttribute("aria-valuenow") === '
              'document.querySelector("svg.life").getAttribute("aria-valuemax")')
    choose(page, 'Speed', 'steps')
    button(page, 'Replay')
    page.wait('Number(document.querySelector("svg.life").getAttribute("aria-valuenow")) < 9')
    page.wait('Number(document.querySelector("svg.life").getAttribute("aria-valuenow")) > 1')
    button(page, 'Stop replay')
    assert at(page) < last(page)


def test_save(shared, page):
    follow_ours(page)
    with shared.client(source=OURS) as client:
        assert client.ask(target='/plain').status == 200
    page.wait(f'{LIFE} === "ended"')
    page.wait('document.querySelector("#life [role=slider]").hasAttribute("viewBox")')  # the buttons are hidden until it is drawn
    page.value('window.saved = []; URL.createObjectURL = blob => { blob.text().then(t => saved.push([blob.type, t]));'
               ' return "data:,"; }; HTMLAnchorElement.prototype.click = () => {}')
    page.value('[...document.querySelectorAll("#life button")].filter(b => b.textContent.startsWith("Save")).forEach('
               'b => b.dispatchEvent(new MouseEvent("click")))')
    page.wait('saved.length === 2')
    saved = dict(page.value('saved'))
    told = json.loads(saved['application/json'])
    assert [one['k'] for one in told] == [one[0] for one in events(page)]
    assert told[0]['client'].startswith(OURS) and all(one['c'] == told[0]['c'] for one in told)
    picture = xml.dom.minidom.parseString(saved['image/svg+xml']).documentElement
    assert picture.tagName == 'svg' and 'class=' not in saved['image/svg+xml'] and 'var(' not in saved['image/svg+xml']
    assert f'The life of pool {told[0]["c"]}' in saved['image/svg+xml']


def test_a_refusal_is_marked(server, chrome):
    server.http('server { listen @http@; location /pools/ { pool_view; } }'
                'server { listen @tight@; connection_pool_budget 24k; client_body_buffer_size 64k;'
                '         location = /echo { echo_body whole; } }')
    server.start()
    server.expect('connection_pool_budget')
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait('document.documentElement.dataset.snapshots >= 1')
    follow_ours(page)
    with server.client('tight', source=OURS) as client:
        client.send(wire.request('POST', '/echo', body=b'x' * 60000))
        assert client.response('POST').status in (413, 503)
    page.wait(f'{LIFE} === "ended"')
    assert 'refused' in [one[0] for one in events(page)]
    assert page.value('document.querySelectorAll("svg.life .refusal").length') >= 1
    page.close()


def test_a_long_life(shared, page):
    """Older moments are let go, and that is said; what is held in sight stays the moment that it was."""
    follow_ours(page)
    sentence = 'document.querySelector("svg.life").getAttribute("aria-valuetext").split(", ")[1]'
    with shared.client(source=OURS) as client:
        for number in range(1, 701):
            assert client.ask(target='/plain').status == 200
            if number == 400:
                done(page, 400)
                page.value('document.querySelector("svg.life").focus()')
                page.key('ArrowLeft', number=37)
                page.wait('document.querySelector("svg.life").getAttribute("aria-valuenow") !== '
                          'document.querySelector("svg.life").getAttribute("aria-valuemax")')
                held = page.value(sentence)
        done(page, 700)
        assert page.value(sentence) == held
        assert re.search(r'700 resets, [5-9],\d+ events, \d+ dropped\. The first [\d,]+ are no longer kept',
                         page.text('#life-view > p'))
        assert last(page) <= 4000
    page.wait(f'{LIFE} === "ended"')


# ---- ways to begin, and to end ----

def number_of(server, client):
    name = '%s:%d' % client.socket.getsockname()
    rows = json.loads(server.get('/pools/data').text)['connections']['rows']
    return next(f"{row['worker']}.{row['id']}" for row in rows if row['client'] == name)


def test_by_link_and_from_the_table(shared, page):
    with shared.client(source=OURS) as client:
        assert client.ask(target='/plain').status == 200
        name = number_of(shared, client)
        page.value(f'location.hash = "#pool={name}"')
        page.wait('/was there before|idle/.test(document.getElementById("life-sentence").textContent)')
        assert events(page)[0][0] == 'create'
        assert f'Link to {name}' in page.text('#life')
        page.value('location.hash = ""')
        # From the card of a pool that was opened in the table.
        page.value(f'document.getElementById("f-find").value = "{OURS}";'
                   'document.getElementById("f-find").dispatchEvent(new Event("input", {bubbles: true}))')
        page.wait('/^1 of/.test(document.getElementById("listed").textContent)')
        page.click('#rows button')
        page.wait('!document.getElementById("one").hidden')
        button(page, 'Follow', '#one')
        page.wait(f'location.hash === "#pool={name}" && {LIFE} === "live"')
        button(page, 'Stop')
        page.wait(f'{LIFE} === "ended"')
        assert 'Stopped' in page.text('#life-text')


def test_a_connection_that_is_not_there(shared, chrome):
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{shared.port()}/pools/#pool=1.999999')
    page.wait(f'{LIFE} === "lost"')
    assert page.text('#life-text') == 'Not followed: no such connection'
    assert all('404' in one for one in page.console())
    page.close()


def test_mine(shared, page):
    button(page, 'Follow mine')
    page.wait(f'{LIFE} === "live"')
    page.value('fetch("../plain").then(r => r.text())')
    page.wait('document.querySelector("svg.life") && document.querySelector("svg.life").textContent.includes("/plain")')
    button(page, 'Stop')
    page.wait(f'{LIFE} === "ended"')


def test_the_server_goes(server, chrome):
    """Killed, hung and awake again, reloaded: each is said, and none looks live."""
    server.http(CONFIG, workers=2)
    server.start()
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait('document.documentElement.dataset.snapshots >= 1')
    follow_ours(page)
    with server.client(source=OURS) as client:
        assert client.ask(target='/plain').status == 200
        done(page, 1)
        server.kick(signal.SIGSTOP)
        page.wait(f'{LIFE} === "lost"')
        assert 'nothing heard for' in page.text('#life-text')
        server.kick(signal.SIGCONT)
        page.wait(f'{LIFE} === "live"')
        server.http(CONFIG.replace('200 plain', '200 other'), workers=2)
        server.reload(lambda: server.get('/plain').text == 'other')
        page.wait(f'{LIFE} === "lost"')
        assert 'configuration' in page.text('#life-text')
    follow_ours(page)
    server.stop()
    page.wait(f'{LIFE} === "lost"')
    assert page.value('!document.getElementById("life-state").classList.contains("live")')
    button(page, 'Follow mine')
    page.wait('/Not followed: the server is not there/.test(document.getElementById("life-text").textContent)')
    page.close()


# ---- run a request ----

def run(page, number):
    page.value(f'delete {RUN}')
    page.click(f'#life-run button:nth-child({number})')
    page.wait(f'{RUN} !== undefined')
    return page.text('#life-said'), events(page)


def test_run_three_requests(shared, page):
    said, seen = run(page, 1)
    assert said.startswith('Three requests')
    kinds = [one[0] for one in seen]
    assert kinds[0] == 'create' and kinds[-1] == 'destroy'
    assert kinds.count('request') == 3 and kinds.count('reset') + kinds.count('idle') == 3
    first = kinds.index('request')
    assert 'take' in kinds[:first] and 'give' in kinds[first:]


def test_run_a_body(shared, page):
    said, seen = run(page, 2)
    assert 'taken the 60,000 bytes' in said
    assert any(one[0] == 'take' and one[3].endswith('body') for one in seen)


def test_run_a_slow_reader(shared, page):
    said, seen = run(page, 3)
    assert '4 MiB were read' in said
    takes = [one for one in seen if one[0] == 'take' and one[3] == 'output']
    assert len(takes) > 3


def test_run_too_much(shared, chrome):
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{shared.port()}/pools/')
    said, seen = run(page, 4)
    assert re.search(r'refused .* answered 4(31|00|13|14)', said)
    assert [one[0] for one in seen][-1] == 'destroy'
    assert all('431' in one or '400' in one for one in page.console()), page.console()
    page.close()


def test_run_replays_step_by_step(shared, chrome):
    """With motion, the cursor goes from event to event by itself, each with its sentence."""
    page = chrome.page()
    page.open(f'http://127.0.0.1:{shared.port()}/pools/')
    run(page, 1)
    sentence = page.text('#life-sentence')
    page.wait(f'document.getElementById("life-sentence").textContent !== {json.dumps(sentence)}')
    page.wait('Number(document.querySelector("svg.life").getAttribute("aria-valuenow")) > 2')
    assert page.console() == []
    page.close()


# ---- how it looks ----

@pytest.mark.parametrize('options', [{}, {'dark': True}, {'width': 320, 'height': 740}, {'width': 2560, 'height': 1400}],
                         ids=['light', 'dark', 'narrow', 'wide'])
def test_axe_finds_nothing(shared, chrome, axe, options):
    page = chrome.page(motion=False, **options)
    page.open(f'http://127.0.0.1:{shared.port()}/pools/')
    page.wait('document.documentElement.dataset.snapshots >= 1')
    page.value(axe)

    def examine(state):
        found = page.value('axe.run("#life", {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map('
                           'v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + n.failureSummary)])))')
        assert json.loads(found) == [], state
        assert page.value('document.documentElement.scrollWidth <= innerWidth'), f'{state}: nothing sticks out'
    examine('nothing followed')
    follow_ours(page)
    examine('waiting')
    with shared.client(source=OURS) as client:
        assert client.ask(target='/plain').status == 200
        done(page, 1)
        events(page)
        examine('live')
    page.wait(f'{LIFE} === "ended"')
    examine('ended')
    page.close()
