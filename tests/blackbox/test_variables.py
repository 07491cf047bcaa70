# SPDX-License-Identifier: BSD-2-Clause
"""Variables as they are logged and said: the modules' documentation on nginx.org ($limit_conn_status, $limit_req_status,
$sent_trailer_name, $cookie_name, $uri, $request_body), RFC 6265 (cookies)."""
import pytest

from tests.harness.wire import chunked, request

FILES = {'a.txt': 'text\n', 'err.html': 'wrong\n'}
CONFIG = '''
    default_type text/plain;
    limit_conn_zone $arg_conn zone=conn:1m;
    limit_conn_zone $arg_two zone=two:1m;
    limit_req_zone $arg_req zone=req:1m rate=1r/m;
    log_format asked '$status [$uri] [$args] [$host] [$server_name] [$request_filename]';
    access_log @dir@/asked.log asked;
    server {
        listen 127.0.0.1:@http@;
        server_name first.test;
        root @dir@/html;
        location /sent { alias @dir@/html/a.txt; add_trailer X-One "1 $arg_v"; add_trailer X-One 2; add_trailer X-None ""; add_trailer X-Two "$sent_trailer_x_one|$sent_trailer_x_none|$sent_trailer_x_two|$sent_trailer_other"; }
        location /cookie { return 200 "[$cookie_a][$cookie_b][$cookie_c]"; }
        location /conn { limit_conn conn 1; limit_conn two 1; add_header X-Status $limit_conn_status always; echo_body whole; }
        location /conn/dry { limit_conn conn 1; limit_conn_dry_run on; add_header X-Status $limit_conn_status; echo_body whole; }
        location /conn/page { limit_conn conn 1; error_page 503 = @page; echo_body whole; }
        location @page { limit_conn conn 1; return 200 "$limit_conn_status"; }
        location /conn/twice { limit_conn conn 1; try_files /none /conn/last; }
        location /conn/last { limit_conn conn 1; return 200 "$limit_conn_status"; }
        location /req { limit_req zone=req; limit_req_status 429; add_header X-Status $limit_req_status always; echo_body; }
        location /req/dry { limit_req zone=req; limit_req_dry_run on; add_header X-Status $limit_req_status always; echo_body; }
        location /neither { return 200 "[$limit_conn_status][$limit_req_status]"; }
    }
    server {
        listen 127.0.0.1:@http@;
        server_name second.test;
        root @dir@/html;
        add_header X-Server second always;
        error_page 501 /err.html;
    }
'''


def test_sent_trailer(shared):
    """What was sent after the body, of one name joined (RFC 9110 5.3); a trailer sees those before it."""
    with shared.client() as client:
        client.send(request('GET', '/sent?v=x'))
        head = client.head()
        assert head.status == 200 and head.get('Transfer-Encoding') == 'chunked'
        while not client.buffer.endswith(b'\r\n\r\n'):
            client.fill()
        assert client.buffer.endswith(b'0\r\nX-One: 1 x\r\nX-One: 2\r\nX-Two: 1 x, 2|||\r\n\r\n')


@pytest.mark.parametrize('lines, text', [
    (['a=1; b=2'], '[1][2][]'), (['a=1,b=2; c=3'], '[1,b=2][][3]'), (['a=1, b=2'], '[1, b=2][][]'), (['a=1;b=2;c='], '[1][2][]'),
    (['x, a=1; b=2, c=3'], '[][2, c=3][]'), (['a=1', 'b=2'], '[1][2][]'), (['ab=1; a = 2'], '[2][][]'), (['a; b=1'], '[][1][]'),
    (['A=1'], '[1][][]')])
def test_cookie(shared, lines, text):
    """RFC 6265 4.2.1: cookie-pair *( ";" SP cookie-pair ); 5.2: a comma ends nothing."""
    assert shared.get('/cookie', fields=[('Cookie', line) for line in lines]).text == text


def hold(shared, target):
    """A request that is in progress: its body is not complete."""
    client = shared.client()
    client.send(request('POST', target, [('Content-Length', '2')]) + b'x')
    client.settle()
    return client


def test_limit_conn_status(shared):
    """PASSED, REJECTED, REJECTED_DRY_RUN; empty where no limit was asked. A request is asked once, wherever it goes."""
    def ask(target):
        answer = shared.ask('POST', target, body=b'y')
        return answer.status, answer.get('X-Status'), answer.text if answer.status == 200 else None

    assert ask('/conn?conn=a') == (200, 'PASSED', 'y')
    assert ask('/conn/twice?conn=a') == (200, None, 'PASSED')
    with hold(shared, '/conn?conn=a') as client:
        shared.wait_for(lambda: ask('/conn?conn=a') == (503, 'REJECTED', None), 'the first request to be counted')
        assert ask('/conn/dry?conn=a') == (200, 'REJECTED_DRY_RUN', 'y')
        assert ask('/conn/page?conn=a') == (200, None, 'REJECTED')
        assert ask('/conn?two=a') == (200, 'PASSED', 'y')
        assert ask('/conn') == (200, None, 'y')
        assert client.send(b'z').response('POST').get('X-Status') == 'PASSED'
    assert shared.get('/neither').text == '[][]'


def test_limit_conn_once_for_a_body(shared):
    """A request that waits for its body is not counted again where error_page leads it, whoever else came meanwhile."""
    shared.write('html/none', '')
    first = hold(shared, '/conn/page?conn=b')
    with hold(shared, '/conn/page?conn=c') as second:
        assert first.send(b'z').response('POST').body == b'xz'
        assert second.send(b'z').response('POST').body == b'xz'
    first.close()


def test_limit_req_status(shared):
    """PASSED, REJECTED, REJECTED_DRY_RUN."""
    said = [(answer.status, answer.get('X-Status')) for answer in (shared.get('/req?req=a') for _ in range(2))]
    assert said == [(200, 'PASSED'), (429, 'REJECTED')]
    assert shared.get('/req/dry?req=a').get('X-Status') == 'REJECTED_DRY_RUN'
    assert shared.get('/req').get('X-Status') is None


REFUSED = [
    (b'GET /a/%zz HTTP/1.1\r\nHost: second.test\r\n\r\n', '400 [] [-] [second.test] [second.test] [@/html]'),
    (b'GET /../x HTTP/1.1\r\nHost: second.test\r\n\r\n', '400 [] [-] [second.test] [second.test] [@/html]'),
    (b'GET /%00?q HTTP/1.1\r\nHost: first.test\r\n\r\n', '400 [] [-] [first.test] [first.test] [@/html]'),
    (b'GET /o%6b?q=1 HTTP/1.1\r\n\r\n', '400 [/ok] [q=1] [first.test] [first.test] [@/html/ok]'),
    (b'GET /ok?q HTTP/1.1\r\nHost: second.test\r\nContent-Length: x\r\n\r\n', '400 [/ok] [q] [second.test] [second.test] [@/html/ok]'),
    (b'GET /ok HTTP/1.1\r\nHost: second.test\r\nTransfer-Encoding: x\r\n\r\n', '501 [/err.html] [-] [second.test] [second.test] [@/html/err.html]'),
    (b'GET /ok?q HTTP/1.1\r\nHost: second.test\r\nA B\r\n\r\n', '400 [/ok] [q] [first.test] [first.test] [@/html/ok]'),
    (b'GET ok?q HTTP/1.1\r\nHost: second.test\r\n\r\n', '400 [-] [-] [first.test] [first.test] [@/html]'),
    (b'TRACE /ok?q HTTP/1.1\r\nHost: second.test\r\n\r\n', '405 [/ok] [q] [second.test] [second.test] [@/html/ok]')]


@pytest.mark.parametrize('sent, line', REFUSED)
def test_refused(shared, sent, line):
    """What is logged of a request that is refused: $uri is the path of its line, empty if that is none, "-" if the line could
    not be read; it is the server's that Host names, whatever else is wrong (nginx; its own name for $host without one)."""
    before = shared.read('asked.log')
    with shared.client() as client:
        answer = client.send(sent).finish().response('GET')
        assert str(answer.status) == line[:3] and (answer.get('X-Server') == 'second') == ('[second.test] [second.test]' in line)
        assert answer.status != 501 or answer.text == 'wrong\n'
    wanted = line.replace('@', shared.folder)
    # The line of an answer may come after the answer: that of the request before is let pass.
    shared.wait_for(lambda: wanted in shared.read('asked.log')[len(before):].splitlines(), wanted)


def test_request_body_in_a_file(server):
    """$request_body: what was read into the memory buffer; of a body that goes to a file for client_body_in_file_only's sake as
    long as it fits there."""
    server.http('''log_format bodies '[$request_body] $request_body_file'; access_log @dir@/bodies.log bodies;
        client_body_buffer_size 100; server { listen 127.0.0.1:@http@; location / { client_body_in_file_only clean; echo_body; } }''')
    server.start()
    with server.client() as client:
        for sent, fields in (b'x' * 100, []), (chunked(b'ab', b'cd'), [('Transfer-Encoding', 'chunked')]), (b'y' * 101, []):
            client.send(request('POST', '/', fields, sent)).response('POST')
    server.wait_log('^.', 'bodies.log', 3)
    lines = [line.split(' ') for line in server.read('bodies.log').splitlines()]
    assert [line[0] for line in lines] == ['[' + 'x' * 100 + ']', '[abcd]', '[-]']
    assert all(line[1].startswith('/') for line in lines)
    server.stop()
