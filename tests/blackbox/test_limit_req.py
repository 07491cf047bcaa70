# SPDX-License-Identifier: BSD-2-Clause
"""limit_req: expectations from the documentation of nginx's ngx_http_limit_req_module."""
import concurrent.futures
import time

import pytest

from tests.harness.wire import request

FILES = {'a.txt': 'text\n'}
CONFIG = '''
    limit_req_zone $arg_k zone=minute:1m rate=1r/m;
    limit_req_zone $arg_k zone=five:1m rate=5r/s;
    limit_req_zone $arg_other zone=other:1m rate=1r/m;
    limit_req_zone $arg_k zone=tiny:32k rate=1r/m;
    log_format said "$arg_k $limit_req_status";
    access_log said.log said;
    server {
        listen 127.0.0.1:@http@;
        location /none/ { alias @dir@/html/; }
        location /one/ { alias @dir@/html/; limit_req zone=minute; }
        location /status/ { alias @dir@/html/; limit_req zone=minute; limit_req_status 429; limit_req_log_level warn; }
        location /nodelay/ { alias @dir@/html/; limit_req zone=minute burst=2 nodelay; }
        location /burst/ { alias @dir@/html/; limit_req zone=five burst=3; }
        location /some/ { alias @dir@/html/; limit_req zone=five burst=3 delay=2; }
        location /both/ { alias @dir@/html/; limit_req zone=other; limit_req zone=minute burst=100 nodelay; }
        location /dry/ { alias @dir@/html/; limit_req zone=minute; limit_req_dry_run on; }
        location /tiny/ { alias @dir@/html/; limit_req zone=tiny; }
        location /echo { limit_req zone=five burst=3; echo_body; }
        location /again { limit_req zone=minute; rewrite ^ /none/a.txt; }
        location /page/ { limit_req zone=minute burst=1 nodelay; error_page 404 /none/a.txt; }
    }
'''


def statuses(shared, path, count):
    return [shared.get(path).status for _ in range(count)]


def test_refused(shared):
    """One request per minute: the second is refused; keys are apart; no key is no limit; refusals do not count."""
    assert statuses(shared, '/one/a.txt?k=a', 3) == [200, 503, 503]
    assert statuses(shared, '/one/a.txt?k=b', 2) == [200, 503]
    assert statuses(shared, '/one/a.txt', 3) == [200] * 3
    assert statuses(shared, '/status/a.txt?k=c', 2) == [200, 429]
    shared.wait_log(r'\[error\].*limiting requests, excess: 1\.000 by zone "minute"')
    shared.wait_log(r'\[warn\].*limiting requests, excess: 1\.000 by zone "minute"')


def test_nodelay(shared):
    """burst: so many more at once; nodelay: without waiting."""
    begun = time.monotonic()
    assert statuses(shared, '/nodelay/a.txt?k=n', 4) == [200, 200, 200, 503]
    assert time.monotonic() - begun < 10


def test_delay(shared):
    """Requests that are early wait until they are not; those beyond the burst are refused."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        begun = time.monotonic()
        asked = [pool.submit(shared.get, '/burst/a.txt?k=d') for _ in range(6)]
        got = sorted(answer.result().status for answer in asked)
        lasted = time.monotonic() - begun
    assert got == [200] * 4 + [503] * 2
    assert lasted > 0.5
    shared.wait_log(r'\[warn\].*delaying request, excess: \d\.\d{3}, by zone "five"')
    begun = time.monotonic()
    assert statuses(shared, '/some/a.txt?k=e', 3) == [200] * 3
    assert shared.get('/some/a.txt?k=e').status == 200


def test_delayed_in_order(shared):
    """Pipelined requests on one connection are answered one after another; a body is read after the wait."""
    with shared.client() as client:
        client.send(request('GET', '/burst/a.txt?k=p') * 3)
        assert [client.response().text for _ in range(3)] == ['text\n'] * 3
    with shared.client() as client:
        for text in (b'first', b'second', b'third'):
            client.send(request('POST', '/echo?k=p2', body=text))
            assert client.response('POST').body == text


def test_client_leaves(shared):
    """A client that goes while it waits takes its timer along."""
    for _ in range(3):
        with shared.client() as client:
            client.send(request('GET', '/burst/a.txt?k=l'))
            client.reset()
    assert shared.get('/none/a.txt').status == 200


def test_several(shared):
    """All limits hold: the most severe decides."""
    assert statuses(shared, '/both/a.txt?k=s&other=s', 2) == [200, 503]
    assert statuses(shared, '/both/a.txt?k=s', 2) == [200, 200]


def test_once(shared):
    """A request is asked once, however often it is redirected."""
    assert shared.get('/again?k=o').status == 200
    assert shared.get('/page/x?k=q').status == 404
    assert shared.get('/page/x?k=q').status == 404
    assert shared.get('/page/x?k=q').status == 503


def test_dry_run(shared):
    """limit_req_dry_run counts and logs; $limit_req_status."""
    assert statuses(shared, '/dry/a.txt?k=dry', 2) == [200, 200]
    shared.wait_log('limiting requests, dry run, excess: 1.000 by zone "minute"')
    shared.wait_log('^dry PASSED$', 'said.log')
    shared.wait_log('^dry REJECTED_DRY_RUN$', 'said.log')
    shared.get('/none/a.txt?k=free')
    shared.wait_log('^free -$', 'said.log')


def test_full(shared):
    """A zone that is full forgets the oldest keys."""
    for number in range(1500):
        assert shared.get(f'/tiny/a.txt?k={number:030}').status == 200


def test_reload(server):
    """A zone outlives a reload."""
    server.write('html/a.txt', 'text\n')
    body = '''limit_req_zone $arg_k zone=z:1m rate=1r/m;
        server { listen 127.0.0.1:@http@; root @dir@/html; add_header X-Now %s; limit_req zone=z; }'''
    server.http(body % 'before')
    server.start()
    assert server.get('/a.txt?k=x').status == 200
    server.http(body % 'after')
    server.reload(lambda: server.get('/a.txt').get('X-Now') == 'after')
    assert server.get('/a.txt?k=x').status == 503


@pytest.mark.parametrize('text, sentence', [
    ('limit_req_zone $uri zone=z:1m rate=0r/s;', 'invalid rate "rate=0r/s"'),
    ('limit_req_zone $uri zone=z:1k rate=1r/s;', 'zone "z:1k" is too small'),
    ('limit_req_zone $uri zone=z rate=1r/s;', 'invalid zone size "z"'),
    ('limit_req_zone $uri zone=z:1m rate=1r/s; limit_req zone=z burst=0;', 'invalid burst value "burst=0"'),
    ('limit_req burst=1;', 'must have "zone" parameter'), ('limit_req zone=z;', 'zero size shared memory zone "z"'),
    ('limit_req_zone $uri zone=z:1m rate=1r/s; limit_req zone=z; limit_req zone=z;', 'is duplicate')])
def test_mistakes(server, text, sentence):
    """A wrong line is named when the configuration is tested."""
    server.http(text + ' server { listen 127.0.0.1:@http@; }')
    outcome = server.run('-c', 'nginx.conf', '-t')
    assert outcome.returncode != 0 and sentence in outcome.stderr
