# SPDX-License-Identifier: BSD-2-Clause
"""The page of pool_view that shows a request in memory, byte by byte, in a browser. What it has in common with the main page
is in test_pool_view.py."""
import json

import pytest

from tests.harness import browser

pytestmark = [pytest.mark.ours, pytest.mark.plain, pytest.mark.skipif(not browser.PROGRAM, reason='no Chromium')]

WORKERS = 2
CONFIG = '''
    server {
        listen @http@;
        location /pools/ { pool_view; }
        location /bare { pool_view; }
    }
'''
TRACED = 'document.documentElement.dataset.traced === "yes"'


def look(chrome, shared, path='/pools/request', **options):
    page = chrome.page(**options)
    page.open(f'http://127.0.0.1:{shared.port()}{path}')
    page.wait(TRACED)
    return page


def check(page, shared):
    assert page.console() == []
    origin = f'http://127.0.0.1:{shared.port()}/'
    assert all(url.startswith((origin, 'data:')) for url in page.asked()), page.asked()
    page.close()


def change(page, selector, value, event):
    """What a person does to a field: a value (JavaScript, `s` is the field), and the event that follows."""
    page.value(f'(() => {{ const s = document.querySelector("{selector}"); s.value = {value};'
               f' s.dispatchEvent(new Event("{event}", {{bubbles: true}})); }})()')


@pytest.mark.parametrize('path', ['/pools/', '/bare/'])
def test_there_and_back(shared, chrome, path):
    """From the main page by its links, and back to it; the colours that were chosen stay."""
    page = chrome.page()
    page.open(f'http://127.0.0.1:{shared.port()}{path}')
    links = '[...document.querySelectorAll("a[href=request]")]'
    assert page.value(f'{links}.map(a => Boolean(a.closest("nav, #life")))') == [True, True]
    assert set(page.value(f'{links}.map(a => a.textContent.toLowerCase())')) == {'your request, byte by byte'}
    change(page, '#theme', '"dark"', 'change')
    page.value(f'{links}[0].click()')
    there = 'document.readyState === "complete" && location.pathname'
    page.wait(f'{there} === "{path}request" && {TRACED}')
    scheme = 'document.documentElement.style.colorScheme + " " + document.getElementById("theme").value'
    assert page.value(scheme) == 'dark dark'
    change(page, '#theme', '"light"', 'change')
    page.click('nav a')
    page.wait(f'{there} === "{path}" && Number(document.documentElement.dataset.snapshots) >= 1')
    assert page.value(scheme) == 'light light'
    change(page, '#theme', '"light dark"', 'change')
    check(page, shared)


def test_the_request_in_memory(shared, chrome):
    page = look(chrome, shared)
    assert 'GET /pools/trace HTTP/1.1' in page.text('#trace')
    purposes = page.value('[...document.querySelectorAll("#trace .alloc")].map(a => a.getAttribute("aria-label"))')
    assert any('C connection' in one for one in purposes) and any('R request' in one for one in purposes)
    page.value('document.querySelector("#trace .alloc[aria-label^=\\"B input\\"]")'
               '.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}))')
    assert 'GET /poo' in page.text('.bytes pre'), 'the bytes themselves'
    change(page, '#step', 's.max', 'input')
    assert 'went back' in page.text('.steps output')
    assert page.value('document.querySelectorAll("#trace .alloc.back").length') >= 3
    check(page, shared)


def test_the_request_in_memory_step_by_step(shared, chrome):
    """A step shows what was there then: at the first a block without a pin, in the reset its three steps."""
    page = look(chrome, shared)
    steps = int(page.value('document.getElementById("step").max'))
    def at(step):
        change(page, '#step', str(step), 'input')
        return page.text('.steps output'), page.value(
            '[...document.querySelectorAll("#trace figure")].filter(f => getComputedStyle(f).visibility === "visible")'
            '.map(f => f.querySelector("figcaption").textContent)')
    said, blocks = at(0)
    assert said == 'an empty pool' and blocks == ['First block 512 B, empty']
    pin = 'getComputedStyle(document.querySelector("#trace .pin")).visibility'
    assert page.value(pin) == 'hidden' and page.text('.bytes h3') == 'Nothing yet'
    for step in range(1, steps - 3):
        said, now = at(step)
        assert len(now) - len(blocks) in (0, 1) and not any('back' in one or 'reserve' in one for one in now)
        blocks = now
        name = page.text('.bytes h3').split(' ', 1)[1].strip()
        assert said.endswith(name) or said.startswith('all '), 'the panel goes along'
    assert page.value(pin) == 'visible' and 'pin at' in blocks[0] and len(blocks) >= 3
    cleanups, large, rewind, idle = (at(steps - 3 + i) for i in range(4))
    assert 'cleanups' in cleanups[0] and 'large' in large[0] and 'rewind' in rewind[0] and 'went back' in idle[0]
    assert not any('reserve' in one for one in large[1]) and any('in reserve' in one for one in rewind[1])
    assert all(one.endswith('went back') for one in idle[1][1:]) and 'pin at' in idle[1][0]
    check(page, shared)


def test_with_the_keyboard(shared, chrome):
    """The block map: one stop for Tab, arrows go from piece to piece."""
    page = look(chrome, shared)
    assert page.value('document.querySelectorAll("#trace .alloc[tabindex=\\"0\\"]").length') == 1
    page.value('document.querySelector("#trace .alloc[tabindex=\\"0\\"]").focus()')
    shown = 'document.querySelector(".bytes h3").textContent'
    before = page.value(shown)
    page.key('ArrowRight', number=39)
    assert page.value(shown) != before
    check(page, shared)


def test_the_server_goes_and_comes_back(server, chrome):
    """The page says what it could not get, and tries again by itself."""
    server.http(CONFIG)
    server.start()
    page = look(chrome, server)
    server.stop()
    page.click('#again')
    page.wait('document.getElementById("trace").textContent.includes("could not be had")')
    server.start()
    page.wait('document.getElementById("trace").textContent.includes("GET /pools/trace")')
    page.close()


def test_headers_of_the_answer_are_of_the_answer(shared, chrome):
    """Two header structs of the answer were coloured as fields of the request."""
    page = look(chrome, shared)
    labels = page.value('[...document.querySelectorAll("#trace .alloc")].map(a => a.getAttribute("aria-label"))')
    answers = [label for label in labels if 'http/answer.c' in label]
    assert answers and all(', answer,' in label for label in answers), answers
    check(page, shared)


@pytest.mark.parametrize('options', [{}, {'dark': True}, {'width': 320, 'height': 740}, {'width': 2560, 'height': 1400}],
                         ids=['light', 'dark', 'narrow', 'wide'])
def test_axe_finds_nothing(shared, chrome, axe, options):
    """As it opens; with the table open, in the middle of the trace; after its reset; no bar left of its axis."""
    page = look(chrome, shared, motion=False, **options)
    page.value(axe)

    def examine(state):
        found = page.value('axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map('
                           'v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + n.failureSummary)])))')
        assert json.loads(found) == [], state
        assert page.value('document.documentElement.scrollWidth <= innerWidth'), f'{state}: nothing sticks out'
    examine('as it opens')
    page.value('document.querySelector("details").open = true')
    change(page, '#step', '3', 'input')
    examine('open')
    change(page, '#step', 's.max', 'input')
    examine('after the reset')
    boxes = page.value('[...document.querySelectorAll("#trace .draw .basin")].map(b => b.getBBox()).map(b => [b.x, b.width])')
    assert len(boxes) == 3 and len({round(x) for x, _ in boxes}) == 1 and min(x for x, _ in boxes) >= 0
    assert all(wide > 0 for _, wide in boxes)
    check(page, shared)
