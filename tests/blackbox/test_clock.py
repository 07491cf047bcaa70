# SPDX-License-Identifier: BSD-2-Clause
"""The wall clock is set while the server runs: durations are of another clock (CLOCK_MONOTONIC, which clock_settime(2)
does not touch), dates follow (RFC 9110 6.6.1: Date is when the message was made)."""
import email.utils
import os
import re
import shlex
import subprocess
import time

import pytest

from tests.harness import instance
from tests.harness.wire import PATIENCE, request

HERE = os.path.dirname(os.path.abspath(__file__))
HOUR = 3600

CONFIG = '''
    log_format times "$uri $request_time $connection_time $msec";
    access_log off;
    keepalive_timeout 1h;
    keepalive_time 2h;
    limit_req_zone $arg_k zone=rates:1m rate=1r/m;
    server {
        listen 127.0.0.1:@http@;
        root html;
        client_header_buffer_size 64k;
        location = /flushed { access_log flushed.log times buffer=64k flush=1s; return 204; }
        location = /timed { access_log timed.log times; client_body_buffer_size 1k; echo_body whole; }
        location = /limited { limit_req zone=rates; limit_req_status 429; echo_body; }
        location = /slow { alias html/slow; limit_rate 100k; }
        location = /short { keepalive_timeout 1s; return 204; }
    }
'''


@pytest.fixture(name='clocked')
def clocked_fixture(server):
    """A server of two workers, with `shift(seconds)` for its wall clock."""
    if instance.INSTRUMENTED or not instance.OURS:
        pytest.skip('a sanitizer must come first of what is preloaded')
    shim = server.path('shifted_clock.so')
    subprocess.run(shlex.split(os.environ.get('CC', 'cc')) +
                   ['-D_GNU_SOURCE', '-O1', '-fPIC', '-shared', '-o', shim, os.path.join(HERE, 'shifted_clock.c'), '-ldl'],
                   check=True)

    def shift(seconds):
        server.write('shift.new', str(seconds))
        os.replace(server.path('shift.new'), server.path('shift'))

    shift(0)
    server.shift = shift
    server.write('html/slow', 'x' * 400_000)
    server.http(CONFIG, workers=2)
    return server.start(env={'LD_PRELOAD': shim, 'SHIFTED_CLOCK': server.path('shift')})


def date(answer):
    return email.utils.parsedate_to_datetime(answer.get('Date')).timestamp()


STEPS = pytest.mark.parametrize('step', [-HOUR, HOUR], ids=['back', 'forward'])


@STEPS
def test_date_follows(clocked, step):
    """Date, and with it $msec, is of the wall clock."""
    clocked.get('/short')
    clocked.shift(step)
    clocked.wait_for(lambda: abs(date(clocked.get('/short')) - time.time() - step) < HOUR / 2, 'the new date')


@STEPS
def test_flush_goes_on(clocked, step):
    """A line that waits for its flush= leaves in its time (ngx_http_log_module, flush)."""
    with clocked.client() as client:
        assert client.send(request('GET', '/flushed')).response().status == 204
        clocked.shift(step)
        clocked.wait_log('^/flushed ', 'flushed.log')
        assert client.send(request('GET', '/flushed')).response().status == 204
        clocked.wait_log('^/flushed ', 'flushed.log', count=2)


@STEPS
def test_memory_goes_back(clocked, step):
    """What 200 connections held is trimmed; once the clock is set back and once more forward."""
    def spike():
        clients = [clocked.client() for _ in range(200)]
        for client in clients:
            client.send(b'GET /short HTTP/1.1\r\nHost: a\r\nX-Long: ' + b'x' * 60_000)
        clocked.wait_for(lambda: clocked.anonymous_kib() > before + 8 * 1024, 'memory in use')
        for client in clients:
            client.close()
        clocked.wait_for(lambda: clocked.anonymous_kib() < before + 4 * 1024, 'memory to go back')

    before = clocked.anonymous_kib()
    spike()
    clocked.shift(step)
    spike()
    clocked.shift(0)
    spike()


@STEPS
def test_timeouts(clocked, step):
    """An idle connection is neither closed early (keepalive_timeout 1h, keepalive_time 2h) nor kept (1s)."""
    with clocked.client() as long, clocked.client() as short:
        assert long.send(request('GET', '/flushed')).response().status == 204
        assert short.send(request('GET', '/short')).response().status == 204
        clocked.shift(3 * step)
        short.expect_close()
        for _ in range(2):
            answer = long.send(request('GET', '/flushed')).response()
            assert answer.status == 204 and answer.get('Connection') != 'close'


@STEPS
def test_rates(clocked, step):
    """1r/m goes on being one in a minute: a step pays nothing back, and takes nothing (limit_req, leaky bucket)."""
    assert clocked.get('/limited?k=1').status == 200
    assert clocked.get('/limited?k=1').status == 429
    clocked.shift(step)
    clocked.wait_for(lambda: abs(date(clocked.get('/short')) - time.time() - step) < HOUR / 2, 'the new date')
    assert clocked.get('/limited?k=1').status == 429
    assert clocked.get('/limited?k=2').status == 200


@STEPS
def test_pace(clocked, step):
    """limit_rate neither stops nor opens: the answer comes to its end, and not all of it at once."""
    with clocked.client() as client:
        client.send(request('GET', '/slow'))
        client.socket.recv(4096)
        clocked.shift(step)
        began = time.monotonic()
        got = 4096
        while got < 400_000:
            size = len(client.socket.recv(65536))
            assert size
            got += size
        # 100k a second, and a second's worth ahead: what is left cannot come sooner by this clock.
        assert time.monotonic() - began > .5


@STEPS
def test_request_time(clocked, step):
    """$request_time and $connection_time are durations, whatever is done to the clock meanwhile."""
    with clocked.client() as client:
        client.send(b'POST /timed HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx')
        clocked.shift(step)
        clocked.wait_for(lambda: abs(date(clocked.get('/short')) - time.time() - step) < HOUR / 2, 'the new date')
        time.sleep(1)  # the other worker may be the client's: a loop looks at the wall clock every half second
        assert client.send(b'y').response().status == 200
    clocked.wait_log('^/timed ', 'timed.log')
    spent, connected, now = map(float, re.match(r'/timed (\S+) (\S+) (\S+)', clocked.read('timed.log')).groups())
    assert 0 < spent < PATIENCE * 3 and 0 < connected < PATIENCE * 3
    assert abs(now - time.time() - step) < HOUR / 2
