# SPDX-License-Identifier: BSD-2-Clause
"""The first card of the page: what the water is measured by, from where on it alarms; what happened lately; the curves.
Mostly the server is played by the test, so that each case is at hand."""
import json
import re

import pytest

from tests.harness import browser
from tests.harness.stand import Stand
from tests.harness.wire import request

pytestmark = [pytest.mark.ours, pytest.mark.plain, pytest.mark.skipif(not browser.PROGRAM, reason='no Chromium')]

WORKERS = 2
CONFIG = 'server { listen @http@; location /pools/ { pool_view; } }'
SNAPSHOTS = 'Number(document.documentElement.dataset.snapshots || 0)'
MIB = 1 << 20


class Watched:
    """The page before a server that is played."""

    def __init__(self, stand, page):
        self.stand, self.page, self.shown = stand, page, 0
        page.open(f'http://127.0.0.1:{stand.server_port}/pools/')

    def show(self, server=None, **memory):
        self.stand.data['memory'].update(memory)
        self.stand.snapshot(**server or {})
        self.shown += 1
        self.page.wait(f'{SNAPSHOTS} === {self.shown}')

    def water(self):
        """How high the water stands: a part of the way from the ground up to the line of the limit."""
        return self.page.value('''(() => {
            const box = document.getElementById("scene").viewBox.baseVal.height,
                level = Number(document.querySelector(".scene .level").style.transform.match(/translateY\\(([-.0-9]+)px/)[1]),
                line = document.querySelector(".scene .limit").getAttribute("d").match(/M18 ([.0-9]+)H/)[1];
            return (box - level) / (box - line); })()''')

    def alarm(self):
        """(title, colour of the icon, class of the picture, words)"""
        icon = self.page.value('decodeURIComponent(document.querySelector("link[rel=icon]").href)')
        return (self.page.value('document.title'), re.findall('#[0-9a-f]{6}', icon)[1],
                self.page.value('document.getElementById("scene").getAttribute("class")'), self.page.text('#band'))


@pytest.fixture(name='watched')
def a_watched_page(shared, chrome):
    stand, page = Stand(shared), chrome.page(motion=False)
    yield Watched(stand, page)
    assert page.console() == []
    page.close()
    stand.shutdown()
    stand.server_close()


def words(watched, selector):
    return watched.page.text(selector)


# ---- the water ---------------------------------------------------------

def test_measured_by_the_budget(watched):
    """8 % of the budget looks like 8 %, and the line of the budget is there, however far away."""
    for part in .08, .5, .9:
        watched.show(budget_bytes=100 * MIB, container_bytes=200 * MIB, live_bytes=int(part * 100 * MIB), peak_bytes=95 * MIB)
        assert abs(watched.water() - part) < .02
        assert f'{round(part * 100)} % of memory_budget' in words(watched, '#tide-note')
        assert 'memory_budget 100 MiB' in words(watched, '#scene')
        watched.page.wait('document.querySelector(".scene .limit").getBBox().y'
                          ' < document.getElementById("scene").viewBox.baseVal.height / 4')  # all of it is for the budget


def test_measured_by_the_container(watched):
    """Its limit is about what is resident."""
    watched.show(budget_bytes=0, container_bytes=64 * MIB, live_bytes=10 * MIB, peak_bytes=12 * MIB, resident_bytes=16 * MIB)
    assert abs(watched.water() - .25) < .02
    assert '25 % of the container\'s limit is resident' in words(watched, '#tide-note')
    assert 'the container\'s limit 64 MiB' in words(watched, '#scene')
    watched.show(resident_bytes=62 * MIB)
    assert watched.alarm()[0] == '97 % of the container\'s limit · Tidepool' and 'kernel' in watched.alarm()[3]


def test_measured_by_the_last_hour(watched):
    """The most that the server has kept of it, or that the page has seen; what is older does not count."""
    first = int(watched.stand.data['server']['time']) // 60 * 60 - 7200
    minutes = [[9 * MIB, 1, 0, 0]] + [[MIB, 1, 0, 0]] * 80 + [[4 * MIB, 1, 0, 0]] + [[]] + [[MIB, 1, 0, 0]] * 38
    watched.stand.parts['history'] = json.dumps({'step_seconds': 60, 'first': first, 'minutes': minutes}).encode()
    watched.show(budget_bytes=0, container_bytes=0, live_bytes=MIB, peak_bytes=9 * MIB)
    watched.page.wait('document.getElementById("tide-note").textContent.endsWith("the most of the last hour was 4 MiB")')
    assert abs(watched.water() - .25) < .02
    watched.show(live_bytes=8 * MIB)
    watched.show(live_bytes=2 * MIB)
    assert words(watched, '#tide-note').endswith('the most of the last hour was 8 MiB')
    assert watched.alarm()[2:] == ('scene ', ''), 'no limit is near'


def test_bands(watched):
    """From 80 and from 95 % on water, title, icon and words say so, and go back."""
    calm = watched.alarm()
    assert calm[0] == 'Tidepool: the pools of this server'
    for part, kind, start in ((.79, '', ''), (.81, 'high', 'High: 81 %'), (.94, 'high', 'High: 94 %'),
                              (.96, 'full', 'Almost full: 96 %'), (1.02, 'full', 'Almost full: 102 %'), (.5, '', '')):
        watched.show(budget_bytes=100 * MIB, live_bytes=int(part * 100 * MIB), peak_bytes=103 * MIB)
        title, icon, scene, said = watched.alarm()
        assert said.startswith(start) and bool(said) == bool(start)
        assert title == (f'{round(part * 100)} % of memory_budget · Tidepool' if kind else calm[0])
        assert (icon != calm[1]) == bool(kind) and scene == f'scene {kind}'
    assert words(watched, '#spoken') == 'Below 80 % of memory_budget again.'


def test_an_old_alarm_is_none(watched):
    """What is not live does not stay in the title."""
    watched.show(budget_bytes=MIB, live_bytes=MIB, peak_bytes=MIB)
    assert watched.alarm()[0].startswith('100 %')
    watched.stand.cut()
    watched.page.wait('document.body.classList.contains("stale")')
    assert watched.alarm()[0] == 'Tidepool: the pools of this server'
    watched.show()
    watched.page.wait('document.title.startsWith("100 %")')


def test_reserved_is_not_resident(watched):
    """In words, and as mist above the water."""
    for one in watched.stand.data['workers']:
        one['sizeclass'].update(mapped_bytes=3 * MIB, resident_bytes=MIB)
    watched.show(budget_bytes=10 * MIB, live_bytes=2 * MIB, peak_bytes=2 * MIB, resident_bytes=5 * MIB)
    rest = words(watched, '#tide-rest')
    assert 'Resident are 5 MiB' in rest and '4 MiB more are reserved for pools and untouched' in rest
    # In one look, and again if the window has only now found its size.
    watched.page.wait('''(() => {
        const scene = document.getElementById("scene").viewBox.baseVal.height,
            whole = scene - document.querySelector(".limit").getBBox().y;
        return Math.abs(document.querySelector(".mist").getBBox().height / whole - .4) < .02; })()''')
    assert 'resident 5 MiB' in words(watched, '#scene') and 'reserved, untouched 4 MiB' in words(watched, '#scene')
    for one in watched.stand.data['workers']:
        one['sizeclass'].update(mapped_bytes=0, resident_bytes=0)
    watched.show()
    assert 'reserved' not in words(watched, '#tide-rest') and not watched.page.value('document.querySelector(".mist")')


def test_a_budget_that_fills(server, chrome):
    """Ours: connections that hold much bring the page to an alarm, and when they have gone it is over."""
    server.http('server { listen @http@; location /pools/ { pool_view; } location = /body { client_body_buffer_size 64k;'
                ' client_max_body_size 1m; echo_body whole; } }')
    server.configure_raw('memory_budget 3m; ' + server.read('nginx.conf'))
    server.start()
    server.expect('memory_budget')
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait(f'{SNAPSHOTS} >= 1')
    assert 'memory_budget' in page.text('#tide-note') and not page.text('#band')
    clients = [server.client() for _ in range(60)]
    for client in clients:
        client.send(request('POST', '/body', [('Content-Length', '60000')]) + b'x' * 10)
    page.wait('document.title.includes(" % of memory_budget") && document.querySelector(".scene.high, .scene.full") !== null')
    for client in clients:
        client.close()
    page.wait('document.title === "Tidepool: the pools of this server" && !document.getElementById("band").textContent')
    assert page.console() == []
    page.close()


# ---- what happened lately ----------------------------------------------

LATELY = '[...document.querySelectorAll("#lately li")].map(li => [...li.children].map(c => c.textContent))'
REACHED = ('*200 memory_budget reached: 2095387 of 2097152 bytes used, 4096 more asked for "output"; the directive to turn is'
           ' memory_budget, client: 127.0.0.9, server: a, client: evil, request: "GET /"')


def test_what_happened_lately(watched):
    """The newest first, by the clock of whoever looks; they age, and nobody clears them."""
    page, now = watched.page, 1700000000.0  # 2023-11-14 22:13:20 UTC
    page.call('Emulation.setTimezoneOverride', timezoneId='America/New_York')
    watched.stand.data['server']['time'] = now
    watched.stand.data['events'] = []
    watched.show()
    assert page.text('#clock') == '17:13:21'
    assert page.value('!document.getElementById("lately-none").hidden') and page.value(LATELY) == []
    watched.stand.data['events'] = [
        {'time': now - 9, 'level': 'notice', 'count': 1, 'text': 'reconfiguring'},
        {'time': now - 200, 'level': 'error', 'count': 3000, 'text': REACHED},
        {'time': now - 7300, 'level': 'warn', 'count': 1, 'text': 'accept() is paused (24: Too many open files)'},
        {'time': now - 200000, 'level': 'error', 'count': 1, 'text': '*7 the system has no memory, client: unix:, server: '}]
    watched.show()
    assert page.value('document.getElementById("lately-none").hidden')
    reached = ('3,000 times: memory_budget reached: 2095387 of 2097152 bytes used, 4096 more asked for "output";'
               ' the directive to turn is memory_budget')
    assert page.value(LATELY) == [
        ['17:13:11', '11 s ago', 'reconfiguring'], ['17:10:00', '3 min ago · 127.0.0.9 · 200', reached],
        ['15:11:40', '2 h ago', 'accept() is paused (24: Too many open files)'],
        ['09:40:00', '2 d ago · unix: · 7', 'the system has no memory']]
    assert page.value('document.querySelector("#lately time").title') == '14/11/2023, 17:13:11'
    watched.stand.data['server']['time'] += 50
    watched.show()
    assert page.value(LATELY)[0][1] == '1 min ago' and len(page.value(LATELY)) == 4
    page.call('Emulation.setTimezoneOverride', timezoneId='')


def test_what_was_refused_is_told(server, chrome):
    """Ours: a limit that is reached, with client and directive; a reload comes before it."""
    server.http('server { listen @http@; location /pools/ { pool_view; } client_max_body_size 1k; }')
    server.start()
    page = chrome.page(motion=False)
    page.open(f'http://127.0.0.1:{server.port()}/pools/')
    page.wait(f'{SNAPSHOTS} >= 1')
    assert not page.value('document.getElementById("lately-none").hidden')
    assert server.ask('POST', '/', body=b'x' * 2000).status == 413
    page.wait('document.querySelectorAll("#lately li").length === 1')
    line = page.value(LATELY)[0]
    assert '127.0.0.1' in line[1] and line[2].endswith('the directive to turn is client_max_body_size')
    page.close()


# ---- curves ------------------------------------------------------------

TILES = '[...document.querySelectorAll(".tile")].filter(t => !t.hidden)'
NOTES = f'{TILES}.map(t => t.querySelector(".note").textContent)'


def choose(page, span):
    page.value(f'(() => {{ const s = document.getElementById("span"); s.value = "{span}";'
               ' s.dispatchEvent(new Event("change")); })()')


def test_curves_are_read_out(watched):
    """Under the pointer and by the keyboard, all at the same moment; with the ends of the axes."""
    page = watched.page
    page.call('Emulation.setTimezoneOverride', timezoneId='America/New_York')
    watched.stand.data['server']['time'] = 1700000000.0
    for total in (10, 20, 30, 40):
        watched.stand.data['connections']['total'] = total
        watched.stand.data['totals']['requests'] += total
        watched.show()
    first = 'document.querySelector(".tile .spark")'
    assert page.value(NOTES)[0] == '10 … 40 in 3 s'
    assert page.text('.tile .most') == '40' and page.text('.tile .ends').endswith('17:13:24')
    page.value(f'{first}.focus()')
    page.key('ArrowLeft', number=37)
    assert page.value(NOTES)[:2] == ['17:13:23: 30', '17:13:23: 30']
    assert page.value(f'{first}.getAttribute("aria-valuetext")') == '17:13:23: 30'
    page.key('Home', number=36)
    assert page.value(NOTES)[:2] == ['17:13:21: 10', '17:13:22: 20'], 'a rate needs two snapshots'
    page.key('ArrowRight', number=39)
    assert page.value(NOTES)[0] == '17:13:22: 20' and page.value('document.querySelector(".reading").getAttribute("d")') != ''
    page.key('Escape', number=27)
    assert page.value(NOTES)[0] == '10 … 40 in 3 s'
    page.value(f'(() => {{ const box = {first}.getBoundingClientRect(); {first}.dispatchEvent(new PointerEvent("pointermove",'
               ' {clientX: box.left + box.width * (1 - 1.1 / 30), clientY: box.top + 5})); })()')
    assert page.value(NOTES)[0] == '17:13:23: 30'
    page.value(f'{first}.dispatchEvent(new PointerEvent("pointerleave"))')
    assert page.value(NOTES)[0] == '10 … 40 in 3 s'
    page.call('Emulation.setTimezoneOverride', timezoneId='')


def test_the_last_day(watched):
    """As the server has kept it: empty minutes are gaps, reloads are marked; rates are of a second."""
    page, now = watched.page, 1700000000
    first = now - now % 60 - 1439 * 60
    minutes = [[MIB, 5, 60, 0]] * 600 + [[]] * 100 + [[2 * MIB, 9, 600, 1]] + [[3 * MIB, 7, 120, 0]] * 739
    watched.stand.parts['history'] = json.dumps({'step_seconds': 60, 'first': first, 'minutes': minutes}).encode()
    watched.stand.data['server']['time'] = float(now)
    watched.show(budget_bytes=8 * MIB)
    choose(page, 'day')
    page.wait(f'{NOTES}[2] === "1 … 3 MiB in 23 h 59 m"')
    assert page.value(f'{TILES}.map(t => t.firstChild.textContent)') == ['Connections', 'Requests a second', 'Taken from the system']
    assert page.value(NOTES)[:2] == ['5 … 9 in 23 h 59 m', '1 … 10 in 23 h 59 m']
    assert page.value('document.querySelector(".stroke").getAttribute("d").split("M").length - 1') == 2, 'a gap'
    assert page.value('[...document.querySelector(".tile .curve").querySelectorAll(".event")].map(e => e.title)') == ['reload']
    page.value('document.querySelector(".spark").focus()')
    page.key('Home', number=36)
    assert [note[5:] for note in page.value(NOTES)] == [': 5', ': 1', ': 1 MiB']
    watched.stand.parts['history'] = b'?'
    choose(page, 'now')
    assert len(page.value(NOTES)) == 6
    choose(page, 'day')
    page.wait('document.getElementById("day-text").textContent.startsWith("The last day could not be had")')
    page.value('document.activeElement.blur()')


def test_a_silence_is_a_gap(watched):
    """What the page has not seen is not drawn as if it had."""
    for wait in (0, 0, 30, 0):
        watched.stand.data['server']['time'] += wait
        watched.show()
    assert watched.page.value('document.querySelector(".stroke").getAttribute("d").split("M").length - 1') == 2


# ---- how it looks ------------------------------------------------------

@pytest.mark.parametrize('options', [{}, {'dark': True}, {'width': 320, 'height': 740}, {'width': 2560, 'height': 1400}],
                         ids=['light', 'dark', 'narrow', 'wide'])
def test_axe_finds_nothing(shared, chrome, axe, options):
    """High, almost full, with events; the last day, read out; stale."""
    stand, page = Stand(shared), chrome.page(motion=False, **options)
    watched = Watched(stand, page)
    page.value(axe)

    def examine(state):
        found = page.value('axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map('
                           'v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + n.failureSummary)])))')
        assert json.loads(found) == [], state
        assert page.value('document.documentElement.scrollWidth <= innerWidth'), f'{state}: nothing sticks out'
    watched.show(budget_bytes=8 * MIB, live_bytes=int(6.6 * MIB), peak_bytes=7 * MIB)
    examine('high')
    now = stand.data['server']['time']
    stand.data['events'] = [{'time': now - i * 1000, 'level': 'error', 'count': 1 + i, 'text': REACHED} for i in range(20)]
    watched.show(live_bytes=int(7.9 * MIB), peak_bytes=8 * MIB)
    examine('almost full, with events')
    minutes = [[int(MIB * (1 + i % 7)), i, i, i == 900] for i in range(1440)]
    stand.parts['history'] = json.dumps({'step_seconds': 60, 'first': int(now) - 86400, 'minutes': minutes}).encode()
    choose(page, 'day')
    page.wait(f'{TILES}.length === 3 && !{NOTES}[2].startsWith("nothing")')
    page.value('document.querySelector(".spark").focus()')
    page.key('ArrowLeft', number=37)
    examine('the last day, read out')
    page.wait('document.body.classList.contains("stale")')
    examine('stale')
    assert page.console() == []
    page.close()
    stand.shutdown()
    stand.server_close()
