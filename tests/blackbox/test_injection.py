# SPDX-License-Identifier: BSD-2-Clause
"""Nothing that a client sends becomes a line of an answer's head or of a log: RFC 9110 5.5 (values), 17.13; RFC 9112 11.1
(response splitting). $uri is decoded, so that %0D%0A in a path is a line end in every text that is made of it."""
import pytest

CONFIG = '''
    log_format own '$uri|$status';
    map $uri $mapped { ~^/map(?<rest>.*)$ $rest; }
    default_type text/plain;
    server {
        listen 127.0.0.1:@http@;
        access_log @dir@/own.log own;
        location /return/ { return 302 http://other$uri; }
        location /path/ { return 301 $uri; }
        location /see/ { return 303 $uri?$arg_a; }
        location /page/ { error_page 404 http://other$uri; }
        location /rewrite { rewrite (?s)^/rewrite(.*)$ http://other$1 redirect; }
        location /args { set $args $uri; rewrite ^ /away permanent; }
        location /named { rewrite (?s)^/named(?<what>.*)$ http://other/$what?; }
        location /header/ { add_header X-Uri "a${uri}z"; add_header X-Error "b$uri" always; return 200 x; }
        location /etag/ { add_header ETag $uri; return 200 x; }
        location /modified/ { add_header Last-Modified $uri; return 200 x; }
        location /trailer/ { add_trailer X-End "$uri"; return 200 x; }
        location /map { add_header X-Map "m$mapped"; return 200 x; }
        location /charset { charset $mapped2; return 200 x; }
        location /tab/ { add_header X-Tab $uri; return 302 $uri; }
        location /files/ { alias @dir@/html/; }
        location /constant { add_header X-Lines "one
  two"; return 200 x; }
    }
    map $uri $mapped2 { ~^/charset(?<set>.*)$ $set; }
'''
FILES = {'a\nX-Evil: 1/x': ''}


def raw(shared, target):
    with shared.client() as client:
        client.send(f'GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'.encode())
        return client.rest()


@pytest.mark.parametrize('evil', ['%0D%0AX-Evil:%201', '%0AX-Evil:%201', '%0DX-Evil:%201', '%0d%0a%0d%0aX-Evil:%201',
                                  '%01%0bX-Evil:%201', '%7F%0AX-Evil:%201'])
@pytest.mark.parametrize('where', ['/return/', '/path/', '/see/', '/page/', '/rewrite', '/args', '/named', '/header/',
                                   '/etag/', '/modified/', '/trailer/', '/map', '/charset', '/files/a'])
def test_one_line(shared, where, evil):
    """Each line of a head is ours, and has no byte that some reader takes for a line's end."""
    answer = raw(shared, where + evil)
    head, _, body = answer.partition(b'\r\n\r\n')
    lines = head.split(b'\r\n')
    if b'Transfer-Encoding' in head:
        lines += body.partition(b'\r\n0\r\n')[2].split(b'\r\n')
    assert answer.startswith(b'HTTP/1.1 ')
    for line in lines:
        assert not line.lower().startswith(b'x-evil')
        assert not any(byte in line for byte in b'\r\n\0'), line
        assert not line.startswith(b'Location') or all(byte >= 0x20 and byte != 0x7f for byte in line), line


def test_escaped(shared):
    """In a URL they are escaped, in other values they are blanks; a tab stays where it may stand."""
    assert shared.get('/return/a%0D%0Ab').get('Location') == 'http://other/return/a%0D%0Ab'
    assert shared.get('/header/a%0D%0Ab').get('X-Uri') == 'a/header/a  bz'
    answer = shared.get('/tab/a%09b')
    assert answer.get('X-Tab') == '/tab/a\tb' and answer.get('Location').endswith('/tab/a%09b')
    assert b'\r\nX-Uri: a/header/\x02z\r\n' in raw(shared, '/header/%02')  # harmless, and as nginx has it
    assert shared.get('/constant').get('X-Lines') == 'one   two'


def test_logs(shared):
    """Both logs escape what is not printable: a line is a request's, and begins as ours do."""
    shared.get('/files/lost%0A2026/11/21%2010:00:00%20[notice]%20evil')
    shared.wait_log('lost', 'own.log')
    assert '\\x0A2026' in shared.read('own.log')
    shared.wait_log(r'lost\\x0A2026', 'error.log')
    for name in ('own.log', 'error.log'):
        assert not any(line.startswith('2026/11/21 10:00:00 [notice]') for line in shared.read(name).split('\n'))
