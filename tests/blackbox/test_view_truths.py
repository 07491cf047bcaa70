# SPDX-License-Identifier: BSD-2-Clause
"""What the page says in words and figures is so, in the small as well: counts of what is listed, what is closed, what is
free, labels of squares, axes. The server is played by the test, so that each case is at hand."""
import copy
import json

import pytest

from tests.harness import browser
from tests.harness.stand import Stand

pytestmark = [pytest.mark.ours, pytest.mark.plain, pytest.mark.skipif(not browser.PROGRAM, reason='no Chromium')]

WORKERS = 2
CONFIG = 'server { listen @http@; location /pools/ { pool_view; } }'
SNAPSHOTS = 'Number(document.documentElement.dataset.snapshots || 0)'
LISTED = 'document.getElementById("listed").textContent'


@pytest.fixture(scope='module')
def chrome(tmp_path_factory):
    one = browser.Browser(str(tmp_path_factory.mktemp('profile') / 'new'))
    yield one
    one.close()


class Watched:
    """The page before a server that is played."""

    def __init__(self, stand, page):
        self.stand, self.page, self.shown = stand, page, 0
        page.open(f'http://127.0.0.1:{stand.server_port}/pools/')

    def show(self, rows=None, open_ids=None, **totals):
        """One more snapshot; with rows of these numbers, and of so many connections that are open."""
        data = self.stand.data['connections']
        if rows is not None:
            example = data['rows'][0]
            data['rows'] = [dict(copy.deepcopy(example), id=number, client=f'127.0.0.1:{40000 + number}', state='reading')
                            for number in rows]
            data.update(total=len(rows), matched=len(rows), complete=True)
        data.update(totals)
        self.stand.snapshot()
        self.shown += 1
        self.page.wait(f'{SNAPSHOTS} === {self.shown}')


@pytest.fixture
def watched(shared, chrome):
    stand, page = Stand(shared), chrome.page()
    yield Watched(stand, page)
    assert page.console() == []
    page.close()
    stand.shutdown()
    stand.server_close()


def facts(page, where):
    pairs = page.value(f'[...document.querySelectorAll("{where} > div")].map(d => [d.children[0].textContent,'
                       ' d.children[1].textContent])')
    return dict(pairs)


def test_closed_ones_are_not_listed(watched):
    """While the order rests, those that closed stay where they are: struck out, closed, and not counted."""
    page = watched.page
    watched.show(rows=range(1, 13))
    assert page.value(LISTED) == '12 of 12 connections are listed.'
    page.value('document.querySelector("#rows button").click()')
    page.value('document.querySelector("#rows button").focus()')
    chosen = page.text('#rows .chosen button')
    watched.show(rows=[12])
    assert page.value(LISTED) == '1 of 1 connections are listed, and 11 that closed.'
    states = page.value('[...document.querySelectorAll("#rows tr.gone")].filter(r => !r.hidden)'
                        '.map(r => r.querySelector(".dot").parentNode.textContent)')
    assert states == ['closed'] * 11
    assert chosen in page.text('#one-title')
    assert facts(page, '#one .facts')['State'] == 'closed'
    page.value('document.activeElement.blur()')
    page.wait(f'{LISTED} === "1 of 1 connections are listed."')


def test_free_on_lists_is_what_lists_hold(watched):
    """A span that is not cut into objects yet is on no list."""
    sgi = watched.stand.data['sgi']
    for one in sgi['classes']:
        one.update(free=0, full_magazines=0)
    sgi['classes'][3]['free'] = 40
    sgi['free_bytes'] = 61440
    watched.show()
    got = facts(watched.page, '#sgi-facts')
    assert got['Free on lists'] == '1.3 KiB' and got['Not cut into objects yet'] == '59 KiB'


def test_a_chart_of_nothing(watched):
    sgi = watched.stand.data['sgi']
    for one in sgi['classes']:
        one.update(free=0, full_magazines=0)
    watched.show()
    texts = '[...document.querySelectorAll("#lists text.soft")].map(t => t.textContent)'
    assert watched.page.value(texts) == ['0 B', 'nothing yet']
    sgi['classes'][0]['free'] = 1
    watched.show()
    axis = watched.page.value(texts)
    assert 'nothing yet' not in axis and len(set(axis)) == len(axis) and axis[0] == '0 B'


def test_squares_say_what_they_hold(watched):
    """A square of ages from above 1 s to 4 s is not "at most 4 s", and 256 s are not 4 minutes."""
    data = watched.stand.data['connections']['histograms']
    data['total_bytes_by_age'] = [[0] * 10 for _ in data['total_bytes_by_age']]
    data['total_bytes_by_age'][1][4] = 3  # above 512 B to 1 KiB, above 64 s to 256 s
    watched.show(total=3)
    said = watched.page.value('[...document.querySelectorAll("#heat button.some")].find(b => b.textContent === "3")'
                              '.getAttribute("aria-label")')
    assert said == '3 connections, holding more than 512 B and at most 1 KiB, more than 64 s and at most 256 s old'
    heads = watched.page.value('[...document.querySelectorAll("#heat thead th")].map(t => t.textContent)')
    assert heads == ['1 s', '4 s', '16 s', '64 s', '256 s', '17.1 m', '68.3 m', '4.6 h', '18.2 h', '> 18.2 h', 'all']
    first = watched.page.value('document.querySelector("#heat thead th").getAttribute("aria-label")')
    assert first == 'at most 1 s old'


def test_curves_say_of_what_time(watched):
    watched.show()
    watched.show()
    watched.show()
    note = watched.page.text('.tile .note')
    assert note.endswith(' in 2 s'), note


def test_bars_stay_on_their_axis(watched):
    """However narrow the page is, no bar of a pool goes left of where it begins."""
    page = watched.page
    row = watched.stand.data['connections']['rows'][0]
    row['parts'] = [{'kind': 'block', 'size': 128, 'used': 10, 'pinned': 4}, {'kind': 'large', 'size': 1 << 20, 'used': 9}]
    watched.stand.data['connections'].update(total=1, matched=1, complete=True, rows=[row])
    for width in 320, 390, 700, 1280, 2560:
        page.call('Emulation.setDeviceMetricsOverride', width=width, height=800, deviceScaleFactor=1, mobile=False)
        watched.show()
        page.value('document.querySelector("#rows button").click()')
        boxes = page.value('[...document.querySelectorAll("#one svg .basin")].map(b => b.getBBox()).map(b => [b.x, b.width])')
        assert boxes and min(x for x, _ in boxes) >= 0 and all(wide > 0 for _, wide in boxes), (width, boxes)
        assert len({round(x) for x, _ in boxes}) == 1, (width, boxes)
        assert page.value('document.documentElement.scrollWidth <= innerWidth'), width
