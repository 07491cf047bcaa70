# SPDX-License-Identifier: BSD-2-Clause
"""limit_rate and limit_rate_after with variables (nginx: ngx_http_core_module), and the variable $limit_rate, which `set` may
change ("setting this variable enables response rate limiting")."""
import re
import time

import pytest

from tests.harness.wire import PATIENCE, request

BODY = bytes(range(256)) * 256  # 64 KiB: with 40 KiB at once, the rest takes more than half a second
FILES = {'a.bin': BODY}
CONFIG = '''
    access_log off;
    log_format rate '$uri $limit_rate';
    map $arg_slow $mapped { 1 40k; 2 1; }
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        rewrite ^/[a-z]+/(a\\.bin)$ /$1;
        location / { limit_rate $mapped; limit_rate_after $arg_after; access_log rate.log rate; }
        if ($arg_server) { set $limit_rate $arg_server; }
        location /x { set $limit_rate 7k; return 200 "$limit_rate"; }
        location /y { limit_rate 9k; return 200 "$limit_rate"; }
        location = /z.bin { limit_rate 1; set $limit_rate 0; alias @dir@/html/a.bin; }
        location = /if.bin { if ($arg_slow) { limit_rate $arg_slow; } alias @dir@/html/a.bin; }
        location = /set.bin { set $limit_rate $arg_to; alias @dir@/html/a.bin; }
    }
'''


def seconds(shared, target):
    began = time.monotonic()
    assert shared.get(target).body == BODY
    return time.monotonic() - began


@pytest.mark.parametrize('target', ['/a.bin?slow=1', '/set.bin?to=40k', '/a.bin?server=40k', '/if.bin?slow=40k',
                                    '/a.bin?slow=1&after=1', '/set.bin?to=40960'])
def test_slowed(shared, target):
    """24 KiB at 40 KiB a second do not take less than that, whatever the machine."""
    assert seconds(shared, target) > 0.4


@pytest.mark.parametrize('target', ['/a.bin', '/a.bin?slow=2&after=66k', '/z.bin', '/set.bin?to=0', '/if.bin'])
def test_not_slowed(shared, target):
    """A byte a second, where there is a limit that must not hold: that would take eighteen hours."""
    deadline, got = time.monotonic() + PATIENCE, b''
    with shared.client() as client:
        client.send(request('GET', target))
        while not got.endswith(BODY) and time.monotonic() < deadline:
            got += client.socket.recv(65536)
    assert got.endswith(BODY)


def test_as_a_variable(shared):
    """It says what holds: of `set`, of the location, and in the log of what it was once sent."""
    assert shared.get('/x').text == str(7 << 10)
    assert shared.get('/y').text == str(9 << 10)
    shared.get('/a.bin?slow=1')
    shared.wait_log(rf'^/a\.bin {40 << 10}$', 'rate.log')
    shared.get('/a.bin')
    shared.wait_log(r'^/a\.bin 0$', 'rate.log')


def test_no_size(shared):
    """A text that is no size is no limit, and is said; an empty one (a map without a default) is not worth a line."""
    before = len(re.findall('invalid size', shared.read('error.log')))
    assert shared.get('/set.bin?to=fast').body == BODY
    shared.wait_log('invalid size "fast" of \\$limit_rate')
    assert shared.get('/a.bin').body == BODY  # $mapped is empty
    assert shared.get('/if.bin?slow=1x').body == BODY
    shared.wait_log('invalid size "1x"')
    assert len(re.findall('invalid size', shared.read('error.log'))) == before + 2
