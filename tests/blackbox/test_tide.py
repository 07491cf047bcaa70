# SPDX-License-Identifier: BSD-2-Clause
"""The first card of the page: what the water is measured by, from where on it alarms, what happened lately; the curves.
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
    mist, box = watched.page.value('[document.querySelector(".mist").getBBox().height,'
                                   ' document.querySelector(".limit").getBBox().y]')
    height = watched.page.value('document.getElementById("scene").viewBox.baseVal.height') - box
    assert abs(mist / height - .4) < .02
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
