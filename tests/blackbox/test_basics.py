# SPDX-License-Identifier: BSD-2-Clause
"""Requests and connections: RFC 9110 (semantics), RFC 9112 (HTTP/1.1)."""
import pytest

from tests.harness.wire import Closed, request

FILES = {'index.html': 'welcome\n', 'a.txt': 'a' * 1000}
CONFIG = '''
    default_type text/plain;
    types { text/html html; text/plain txt; }
    server {
        listen 127.0.0.1:@http@;
        listen 127.0.0.1:@alone@;
        keepalive_requests 100000;
        root @dir@/html;
        location = /text { return 200 "Hello, World!"; }
        location = /none { return 204; }
        location = /go { return 301 /there; }
        location = /echoed { return 200 "$uri?$args"; }
    }
    server {
        listen 127.0.0.1:@few@;
        keepalive_requests 3;
        location / { return 200 "few"; }
    }
    server {
        listen 127.0.0.1:@never@;
        keepalive_timeout 0;
        location / { return 200 "never"; }
    }
    server {
        listen 127.0.0.1:@short@;
        keepalive_timeout 300ms;
        location / { return 200 "short"; }
    }
    server {
        listen 127.0.0.1:@told@;
        keepalive_timeout 60s 42s;
        location / { return 200 "told"; }
    }
'''


def test_get(shared):
    """RFC 9110 9.3.1; 6.6.1: Date in IMF-fixdate; 8.6: Content-Length."""
    answer = shared.get('/text')
    assert (answer.status, answer.reason, answer.text) == (200, 'OK', 'Hello, World!')
    assert answer.get('Content-Type') == 'text/plain'
    assert answer.get('Content-Length') == '13'
    import email.utils
    import time
    date = email.utils.parsedate_to_datetime(answer.get('Date'))
    assert answer.get('Date').endswith(' GMT') and abs(date.timestamp() - time.time()) < 60


def test_head(shared):
    """RFC 9110 9.3.2: the fields of GET, and no body."""
    with shared.client() as client:
        head = client.ask('HEAD', '/a.txt')
        get = client.ask('GET', '/a.txt')
    drop = lambda fields: [field for field in fields if field[0] != 'Date']
    assert head.status == 200 and head.body == b'' and drop(head.fields) == drop(get.fields)
    assert get.body == b'a' * 1000


@pytest.mark.parametrize('target, status',
                         [('/text', 200), ('/none', 204), ('/go', 301), ('/missing', 404), ('/a.txt', 200)])
def test_head_keeps_the_connection_in_step(shared, target, status):
    """RFC 9112 6.3: whatever the status, an answer to HEAD ends with its head."""
    with shared.client() as client:
        assert client.ask('HEAD', target).status == status
        assert client.ask('GET', '/text').body == b'Hello, World!'


def test_no_content_has_no_framing(shared):
    """RFC 9110 8.6, RFC 9112 6.1: no Content-Length and no Transfer-Encoding in 204 (checked by the
    client)."""
    assert shared.get('/none').status == 204


@pytest.mark.ours
def test_options_asterisk(shared):
    """RFC 9110 9.3.7: OPTIONS * asks about the server as a whole."""
    with shared.client() as client:
        answer = client.ask('OPTIONS', '*')
        assert answer.status in (200, 204) and answer.body == b''
        assert 'GET' in answer.get('Allow')
        assert client.ask('GET', '/text').status == 200


def test_asterisk_is_for_options_alone(shared):
    """RFC 9112 3.2.4."""
    assert shared.ask('GET', '*').status == 400


def test_absolute_form(shared):
    """RFC 9112 3.2.2: the target's authority counts, not the Host."""
    answer = shared.get('http://elsewhere:99/echoed?x=1', host='localhost')
    assert (answer.status, answer.text) == (200, '/echoed?x=1')


def test_keep_alive_is_the_default(shared):
    """RFC 9112 9.3: HTTP/1.1 persists."""
    with shared.client() as client:
        for _ in range(50):
            answer = client.ask('GET', '/text')
            assert answer.status == 200 and (answer.get('Connection') or 'keep-alive').lower() == 'keep-alive'
        client.expect_open()


@pytest.mark.parametrize('value',
                         ['close', 'Close', 'CLOSE', 'te, close', 'close, te', ' close ', 'x,close,y'])
def test_close(shared, value):
    """RFC 9112 9.6: the close option, a token in a list, in any case; the answer says it too."""
    if ',' in value:
        from tests.harness.instance import OURS
        if not OURS:
            pytest.skip('nginx looks at the first token alone')
    with shared.client() as client:
        answer = client.ask('GET', '/text', [('Connection', value)])
        assert answer.status == 200 and answer.get('Connection') == 'close'
        client.expect_close()


def test_http_1_0_closes(shared):
    """RFC 9112 9.3: HTTP/1.0 closes unless keep-alive is asked for."""
    with shared.client() as client:
        answer = client.ask('GET', '/text', version='1.0', host=None)
        assert (answer.status, answer.body) == (200, b'Hello, World!')
        client.expect_close()


def test_http_1_0_keep_alive(shared):
    with shared.client() as client:
        for _ in range(3):
            answer = client.ask('GET', '/text', [('Connection', 'Keep-Alive')], version='1.0')
            assert answer.status == 200 and answer.get('Connection') == 'keep-alive'


@pytest.mark.parametrize('host', [None])
def test_host_is_a_must(shared, host):
    """RFC 9112 3.2."""
    with shared.client() as client:
        assert client.ask('GET', '/text', host=host).status == 400
        client.expect_close()


def test_host_may_stand_once(shared):
    """RFC 9112 3.2."""
    assert shared.get('/text', fields=[('Host', 'other')]).status == 400


def test_keepalive_requests(shared):
    """nginx: keepalive_requests; the last answer says close."""
    with shared.client('few') as client:
        answers = [client.ask() for _ in range(3)]
        assert [answer.get('Connection') for answer in answers] == ['keep-alive', 'keep-alive', 'close']
        client.expect_close()


def test_keepalive_timeout_0(shared):
    """nginx: keepalive_timeout 0 turns keep-alive off."""
    with shared.client('never') as client:
        assert client.ask().get('Connection') == 'close'
        client.expect_close()


def test_keepalive_timeout(shared):
    """nginx: an idle connection is closed after keepalive_timeout, without a word."""
    with shared.client('short') as client:
        assert client.ask().status == 200
        client.expect_close()


def test_keepalive_timeout_of_the_location(server):
    """nginx: the context is http, server, location; the location of the last request counts."""
    server.http('server { listen 127.0.0.1:@http@; keepalive_timeout 60s; location / { return 200 "long"; } '
                'location /short { keepalive_timeout 200ms; return 200 "short"; } }')
    server.start()
    with server.client() as client:
        assert client.ask('GET', '/').status == 200
        assert client.ask('GET', '/short').status == 200
        client.expect_close()


def test_keepalive_timeout_is_told(shared):
    """nginx: the second argument goes into Keep-Alive."""
    with shared.client('told') as client:
        assert client.ask().get('Keep-Alive') == 'timeout=42'


def test_pipelining(shared):
    """RFC 9112 9.3.2: answers come in the order of the requests, all of them, though one write brought
    them."""
    targets = [f'/echoed?n={n}' for n in range(16)]
    with shared.client() as client:
        client.send(b''.join(request('GET', target) for target in targets))
        assert [client.response().text for _ in targets] == targets
        client.expect_open()


def test_pipelining_mixed(shared):
    """Files, short answers, errors and HEAD in one write."""
    wanted = [('GET', '/a.txt', 200), ('HEAD', '/a.txt', 200), ('GET', '/missing', 404),
              ('GET', '/none', 204),
              ('GET', '/text', 200), ('GET', '/', 200), ('HEAD', '/missing', 404), ('GET', '/go', 301)] * 4
    with shared.client() as client:
        client.send(b''.join(request(method, target) for method, target, _ in wanted))
        for method, _, status in wanted:
            assert client.response(method).status == status
        client.expect_open()


def test_pipelining_ends_with_close(shared):
    """RFC 9112 9.6: what follows a request with close is not answered."""
    with shared.client() as client:
        client.send(request('GET', '/text') + request('GET', '/text', [('Connection', 'close')]) +
                    request('GET', '/a.txt'))
        assert client.response().status == 200
        assert client.response().get('Connection') == 'close'
        client.expect_close()


def test_pipelining_many(shared):
    """More answers than any buffer holds, while the client does not read before it has sent all."""
    count = 900
    with shared.client() as client:
        client.send(request('GET', '/text') * count)
        for _ in range(count):
            assert client.response().body == b'Hello, World!'


def test_pipelining_large_answers(shared):
    """The client sends many requests before it reads the first answer: back-pressure, then all arrive
    whole."""
    with shared.client() as client:
        client.send(request('GET', '/a.txt') * 3000)
        for _ in range(3000):
            assert client.response().body == b'a' * 1000


def test_split_at_every_byte(shared):
    """RFC 9112 2.2: a message is a stream of bytes; where it is cut means nothing."""
    whole = request('GET', '/echoed?q=1', [('User-Agent', 'splitter/1'), ('Accept', '*/*')])
    with shared.client() as client:
        for at in range(1, len(whole)):
            answer = client.send_split(whole, at).response()
            assert (answer.status, answer.text) == (200, '/echoed?q=1'), at
            if at % 900 == 0:
                client.expect_open()


def test_byte_by_byte(shared):
    with shared.client() as client:
        answer = client.send_slowly(request('GET', '/echoed?slow') * 2).response()
        assert answer.text == '/echoed?slow'
        assert client.response().text == '/echoed?slow'


@pytest.mark.parametrize('data', [
    b'GET /text HTTP/1.1\nHost: a\n\n',
    b'GET /text HTTP/1.1\r\nHost: a\n\r\n',
    b'GET /text HTTP/1.1\nHost: a\r\n\n',
    b'\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n',
    b'\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n',
])
def test_line_ends(shared, data):
    """RFC 9112 2.2: a lone LF may end a line; an empty line before the request line is to be ignored."""
    with shared.client() as client:
        assert client.send(data).response().body == b'Hello, World!'
        assert client.ask('GET', '/text').status == 200


@pytest.mark.parametrize('data', [
    b'GET / HTTP/1.1\rHost: a\r\r',
    b'GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\n X: a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\nX(y): a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost:\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: u@h\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: h:port\r\n\r\n',
    b'GET / HTTP/1.10\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1 \r\nHost: a\r\n\r\n',
    b'GET / http/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTQ/1.1\r\nHost: a\r\n\r\n',
    b'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    b' GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET / HTTP/1.1\r\n\r\n',
    b'G(T / HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET x HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n',
    b'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n',
    b'CONNECT bad HTTP/1.1\r\nHost: a\r\n\r\n',
], ids=lambda data: repr(data[:46]))
@pytest.mark.ours
def test_bad_requests(shared, data):
    """RFC 9112 2.2, 3, 5 and 5.2; RFC 9110 5.5 (control bytes), 7.2 (Host): 400, and the connection goes."""
    with shared.client() as client:
        answer = client.send(data + request('GET', '/text')).response()
        assert answer.status == 400 and answer.get('Connection') == 'close'
        client.expect_close()


@pytest.mark.parametrize('version, status', [('2.0', 505), ('3.0', 505), ('0.9', None), ('1.2', 200)])
@pytest.mark.ours
def test_versions(shared, version, status):
    """RFC 9110 15.6.6 (505 for another major version), 2.5 (a higher minor version is read as 1.1)."""
    answer = shared.get('/text', version=version)
    assert answer.status == status or (status is None and answer.status in (400, 505))


@pytest.mark.ours
def test_head_of_another_version(shared):
    """RFC 9110 9.3.2: no answer to HEAD has a body, that of a version which is not spoken included."""
    with shared.client() as client:
        assert client.send(request('HEAD', '/text', version='2.0')).response('HEAD').status == 505
        client.expect_close()


@pytest.mark.ours
def test_unknown_method(shared):
    """RFC 9110 15.6.2."""
    assert shared.ask('BREW', '/text').status == 501
    assert shared.ask('get', '/a.txt').status == 501


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'PATCH'])
@pytest.mark.ours
def test_method_not_allowed(shared, method):
    """RFC 9110 15.5.6: 405 MUST name what is allowed."""
    answer = shared.ask(method, '/a.txt', body=b'' if method != 'DELETE' else None)
    assert (answer.status, answer.reason) == (405, 'Not Allowed')
    assert {'GET', 'HEAD'} <= {name.strip() for name in answer.get('Allow').split(',')}


@pytest.mark.ours
def test_connect(shared):
    """We are no proxy: 405 with Allow."""
    answer = shared.ask('CONNECT', 'host:443')
    assert answer.status == 405 and answer.get('Allow')


def test_half_closed_client_is_answered(shared):
    """A client may shut its sending side after its request (RFC 9112 9.6 warns servers of losing answers)."""
    with shared.client() as client:
        assert client.send(request('GET', '/a.txt')).finish().response().body == b'a' * 1000
        client.expect_close()


def test_half_closed_pipeline_is_answered(shared):
    with shared.client() as client:
        client.send(request('GET', '/a.txt') * 20).finish()
        assert all(client.response().status == 200 for _ in range(20))
        client.expect_close()


def test_incomplete_request_then_fin(shared):
    """Nothing to answer: the connection is closed, at most with 400."""
    with shared.client() as client:
        client.send(b'GET /text HTTP/1.1\r\nHos').finish()
        try:
            assert client.response().status == 400
        except Closed as closed:
            assert closed.got == b''


def test_connection_without_a_byte(shared):
    with shared.client() as client:
        client.finish().expect_close()
    assert shared.get('/text').status == 200


def test_vanishing_clients(shared):
    """Resets at every stage, SIGPIPE included, leave the server as it was."""
    for data in (b'', b'GET', b'GET / HTTP/1.1\r\n', request('GET', '/a.txt'), request('GET', '/a.txt') * 50):
        for _ in range(5):
            client = shared.client()
            client.send(data)
            client.reset()
    assert shared.get('/text').status == 200


def test_many_fields(shared):
    """Fields by the dozen are taken, in order; the array of fields grows."""
    assert shared.get('/text', fields=[(f'X-Field-{n}', 'v' * (n % 20)) for n in range(90)]).status == 200
