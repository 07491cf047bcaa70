# SPDX-License-Identifier: BSD-2-Clause
"""The page knows how old its figures are, and says in words whether the server is slow, hangs or is stopped. The server
is ours, held up by SIGSTOP or ended; where a moment must be met, a server of the test's own plays it."""
import os
import signal

import pytest

from tests.harness import browser
from tests.harness.stand import Stand

pytestmark = [pytest.mark.ours, pytest.mark.plain, pytest.mark.skipif(not browser.PROGRAM, reason='no Chromium')]

WORKERS = 2
CONFIG = 'server { listen @http@; location /pools/ { pool_view; } }'
SNAPSHOTS = 'Number(document.documentElement.dataset.snapshots || 0)'
PILL = 'document.getElementById("state-text").textContent'
# How old the last picture is, in seconds: a busy machine skips some.
UNSEEN = f'+(/^last seen (\\d+) s ago$/.exec({PILL}) || [])[1]'
STALE = 'document.getElementById("stale").textContent'
GREY = 'getComputedStyle(document.querySelector(".tide")).filter.includes("grayscale")'


@pytest.fixture(scope='module')
def chrome(tmp_path_factory):
    one = browser.Browser(str(tmp_path_factory.mktemp('profile') / 'new'))
    yield one
    one.close()


@pytest.fixture
def page(chrome):
    one = chrome.page()
    yield one
    one.close()


@pytest.fixture
def stand(shared):
    one = Stand(shared)
    yield one
    one.shutdown()
    one.server_close()


def look(page, port):
    page.open(f'http://127.0.0.1:{port}/pools/')


def test_a_server_that_hangs(server, page):
    server.http(CONFIG)
    server.start()
    look(page, server.port())
    page.wait(f'{SNAPSHOTS} >= 2 && {PILL} === "live"')
    assert page.value(f'!{GREY} && document.getElementById("stale").hidden')
    os.kill(server.pid, signal.SIGSTOP)
    try:
        page.wait(f'{UNSEEN} >= 4')
        assert 'hangs' in page.value(STALE) and page.value(GREY)
        page.wait(f'{UNSEEN} >= 6')
        assert 'hangs' in page.text('#spoken')
        # Whoever comes now finds a port that takes connections, and nobody who answers.
        page.click('#pause')
        page.wait(f'{PILL}.startsWith("paused, last seen ")')
        page.click('#pause')
        page.wait(f'{STALE}.includes("A connection is taken, but nobody answers: the server hangs.")')
    finally:
        os.kill(server.pid, signal.SIGCONT)
    page.wait(f'{PILL} === "live" && !{GREY} && document.getElementById("stale").hidden')
    assert page.console() == []


def test_a_server_that_is_stopped(server, page):
    server.http(CONFIG)
    server.start()
    look(page, server.port())
    page.wait(f'{SNAPSHOTS} >= 2')
    server.stop()
    page.wait(f'{PILL} === "reconnecting"')
    page.wait(f'{UNSEEN} >= 3')
    assert 'is stopped' in page.value(STALE) and page.value(GREY)
    server.start()
    page.wait(f'{PILL} === "live" && !{GREY}')


def test_a_server_that_is_slow(stand, page):
    """Signs of life, and no snapshot: slow. No sign of life for three seconds: it hangs. The end: stopped."""
    look(page, stand.server_port)
    stand.snapshot()
    page.wait(f'{PILL} === "live"')
    page.wait(f'{UNSEEN} >= 3')
    assert 'hangs' in page.value(STALE)
    stand.send('wait', 'a worker has not answered yet')
    page.wait(f'{STALE} === "The server lives, but is slow: a worker has not answered yet."')
    page.wait(f'{STALE}.includes("hangs")')
    stand.snapshot()
    page.wait(f'{PILL} === "live" && !{GREY}')
    stand.cut()
    page.wait(f'{PILL} === "reconnecting"')
    stand.snapshot()
    page.wait(f'{PILL} === "live"')
    assert page.console() == []


def test_before_the_first_snapshot(stand, page):
    """Nothing is grey that was never there; it says what it waits for."""
    look(page, stand.server_port)
    page.wait(f'{PILL} === "connecting"')
    stand.send('wait', 'the server has no memory for a snapshot')
    page.wait(f'{PILL} === "nothing seen yet"')
    stand.send('wait', 'the server has no memory for a snapshot')
    page.wait(f'{STALE}.endsWith("slow: the server has no memory for a snapshot.")')
    assert not page.value(GREY)
    stand.snapshot()
    page.wait(f'{PILL} === "live"')


MARKS = '[...document.querySelector(".tile .curve").querySelectorAll(".event")].map(one => one.title)'


def test_restart(server, page):
    """An opened pool does not become another client's, whatever numbers the new process gives; the curves say when."""
    server.http(CONFIG)
    server.start()
    with server.client() as first:
        first.ask('GET', '/pools/data')
        mine = '127.0.0.1:%d' % first.socket.getsockname()[1]
        look(page, server.port())
        page.wait(f'document.getElementById("rows").textContent.includes("{mine}")')
        page.value(f'[...document.querySelectorAll("#rows tr")].find(r => r.textContent.includes("{mine}"))'
                   '.querySelector("button").click()')
        page.wait(f'document.getElementById("one-title").textContent.endsWith("{mine}")')
        old = server.pid
        server.stop()
    server.start()
    clients = [server.client() for _ in range(40)]  # among them whoever has the number of the old one
    for client in clients:
        client.ask('GET', '/pools/data')
    page.wait(f'{PILL} === "live" && {SNAPSHOTS} >= 4')
    page.wait('Number(document.querySelector(".tile .value").textContent) >= 40')
    assert page.text('#one-title').endswith(mine)
    assert 'of a process that has ended' in page.text('#one') and 'closed' in page.text('#one .facts')
    assert page.value('document.querySelectorAll("#rows .chosen").length') == 0
    assert page.value(MARKS) == ['restart']
    curves = '[...document.querySelectorAll(".tile .curve")].map(c => [...c.querySelectorAll(".event")].map(e => e.title).join())'
    assert page.value(curves) == ['restart'] * 6, 'of rates, too, which are not known then'
    page.wait(f'{STALE} === "The server was restarted: process {old} has ended, this is process {server.pid}."')
    page.wait('document.getElementById("stale").hidden')
    for client in clients:
        client.close()


def test_restart_with_the_same_pid(stand, page):
    """In a container each process is number 1: the time tells them apart. A reload is no restart."""
    look(page, stand.server_port)
    stand.snapshot(pid=1, started=1000.5)
    page.wait(f'{SNAPSHOTS} === 1')
    stand.snapshot(pid=1, started=1000.5, generation=7)
    page.wait(f'JSON.stringify({MARKS}) === \'["reload"]\'')
    assert page.value(STALE) == ''
    stand.snapshot(pid=1, started=2000.5)
    page.wait(f'JSON.stringify({MARKS}) === \'["reload","restart"]\'')
    page.wait(f'{STALE}.includes("restarted")')
    assert page.console() == []
