# SPDX-License-Identifier: BSD-2-Clause
"""Files: nginx's core module (root, alias, index, types, etag, open_file_cache) and RFC 9110 13 (conditions),
14 (ranges)."""
import os
import re
import time

import pytest

from tests.harness.wire import request

BIG = os.urandom(1 << 16) * 80
DIGITS = b'0123456789' * 10
FILES = {
    'index.html': '<p>home</p>\n', 'a.txt': 'text\n', 'UPPER.TXT': 'upper\n', 'page.html': '<p>page</p>\n',
    'noextension': 'plain\n',
    'picture.PNG': 'png', 'archive.tar.gz': 'gz', 'dot.': 'dot', '.hidden.txt': 'hidden', 'empty.txt': '',
    'digits.txt': DIGITS,
    'big.bin': BIG, 'dir/index.html': 'dir index\n', 'dir/inner/file.txt': 'inner\n', 'noindex/file.txt': 'x',
    'second/second.html': '2',
    'with space.txt': 'space\n', 'pct%41.txt': 'percent\n', 'ünïcode.txt': 'unicode\n', 'plus+.txt': 'plus\n',
    'q?.txt': 'question\n',
    'old.txt': 'old\n', '../outside.txt': 'secret\n', '../aliased/deep/file.txt': 'aliased\n',
    'gone/keep.txt': 'x',
}
CONFIG = '''
    default_type application/octet-stream;
    types { text/html html htm; text/plain txt; image/png png; application/gzip gz; }
    sendfile on;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        index index.html second.html;
        location /al/ { alias @dir@/aliased/; }
        location = /exact-alias { alias @dir@/aliased/deep/file.txt; }
        location /noetag/ { alias @dir@/html/; etag off; }
        location /typed/ { alias @dir@/html/; types { } default_type text/special; }
        location /cached/ { alias @dir@/html/; open_file_cache max=100 inactive=10s; open_file_cache_valid 1s; }
    }
    server {
        listen 127.0.0.1:@copied@;
        sendfile off;
        root @dir@/html;
    }
'''


def prepare(server):
    os.symlink('a.txt', server.path('html/link.txt'))
    os.symlink('../outside.txt', server.path('html/out.txt'))
    os.symlink('nowhere', server.path('html/dangling.txt'))
    os.symlink('dir', server.path('html/linkdir'))
    os.symlink('loop', server.path('html/loop'))
    os.utime(server.path('html/old.txt'), (784111777, 784111777))


@pytest.mark.parametrize('target, kind', [
    ('/a.txt', 'text/plain'), ('/UPPER.TXT', 'text/plain'), ('/page.html', 'text/html'),
    ('/picture.PNG', 'image/png'),
    ('/archive.tar.gz', 'application/gzip'), ('/noextension', 'application/octet-stream'),
    ('/dot.', 'application/octet-stream'),
    ('/.hidden.txt', 'text/plain'), ('/', 'text/html'), ('/typed/a.txt', 'text/special')])
def test_types(shared, target, kind):
    """nginx: types maps the extension, in any case, to a type; default_type is the rest."""
    answer = shared.get(target)
    assert answer.status == 200 and answer.get('Content-Type') == kind


@pytest.mark.parametrize('target, body', [
    ('/', '<p>home</p>\n'), ('/dir/', 'dir index\n'), ('/second/', '2'), ('/a.txt', 'text\n'),
    ('/a.txt?query', 'text\n'),
    ('/with%20space.txt', 'space\n'), ('/pct%2541.txt', 'percent\n'), ('/%C3%BCn%C3%AFcode.txt', 'unicode\n'),
    ('/plus+.txt', 'plus\n'),
    ('/q%3F.txt', 'question\n'), ('/%61.txt', 'text\n'), ('//a.txt', 'text\n'), ('/./a.txt', 'text\n'),
    ('/dir/../a.txt', 'text\n'),
    ('/dir/./inner/..//inner/file.txt', 'inner\n'), ('/dir/%2e%2e/a.txt', 'text\n'),
    ('/dir/.%2E/a.txt', 'text\n'), ('/dir%2Finner/file.txt', 'inner\n'),
    ('/link.txt', 'text\n'), ('/out.txt', 'secret\n'), ('/linkdir/', 'dir index\n'),
    ('/al/deep/file.txt', 'aliased\n'),
    ('/exact-alias', 'aliased\n'), ('/a.txt#fragment', 'text\n'), ('/empty.txt', '')])
def test_found(shared, target, body):
    """RFC 3986 5.2.4 and 6.2.2: dot segments and escapes; nginx: merge_slashes, alias, index; symbolic links
    are followed."""
    answer = shared.get(target)
    assert (answer.status, answer.text) == (200, body)


@pytest.mark.parametrize('target, status', [
    ('/missing', 404), ('/missing/', 404), ('/a.txt/', 404), ('/a.txt/x', 404), ('/dangling.txt', 404),
    ('/noindex/', 403), ('/dir/inner/', 403),
    ('/al', 404), ('/' + 'n' * 300, 404), ('/loop', (403, 404, 500)), ('/%ff%fe', 404),
    ('/dir/inner/file', 404), ('/a.txt%20', 404)])
def test_not_found(shared, target, status):
    """RFC 9110 15.5.4, 15.5.5; nginx: a directory without an index is 403."""
    answer = shared.get(target)
    assert answer.status in (status if isinstance(status, tuple) else (status,))
    assert answer.get('Content-Type') == 'text/html' and str(answer.status) in answer.text


@pytest.mark.parametrize('target', [
    '/../outside.txt', '/%2e%2e/outside.txt', '/dir/../../outside.txt', '/dir/..%2f..%2foutside.txt',
    '/%2e%2e%2foutside.txt',
    '/./../outside.txt', '//../outside.txt', '/dir/inner/../../../outside.txt', '/al/../../outside.txt',
    '/al/%2e%2e/%2e%2e/outside.txt',
    '/..', '/dir/../..', '/.%2e/', '/al/../../../../../../etc/passwd', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/..%00/', '/..;/outside.txt',
    '/%c0%ae%c0%ae/outside.txt', '/..%5coutside.txt', '/al../outside.txt', '/al..%2foutside.txt',
    'http://h/../outside.txt'])
def test_never_outside(shared, target):
    """Dot segments, however they are written, do not leave the root."""
    answer = shared.get(target)
    assert answer.status in (400, 403, 404)
    assert b'secret' not in answer.body and b'root:' not in answer.body


@pytest.mark.parametrize('target, location', [
    ('/dir', '/dir/'), ('/dir?a=b', '/dir/?a=b'), ('/linkdir', '/linkdir/'), ('/dir/inner', '/dir/inner/'),
    ('/al/deep', '/al/deep/')])
def test_directory_redirect(shared, target, location):
    """nginx: 301 to the name with a slash; the query stays."""
    answer = shared.get(target, host='example.org')
    assert answer.status == 301
    assert re.sub(r'^http://[^/]*', '', answer.get('Location')) == location


def test_unreadable(shared):
    if os.geteuid() == 0:
        pytest.skip('root may read everything')
    shared.write('html/locked.txt', 'x')
    os.chmod(shared.path('html/locked.txt'), 0)
    assert shared.get('/locked.txt').status == 403


def test_not_a_file(shared):
    """A fifo would stop the worker for ever: nginx answers 404."""
    os.mkfifo(shared.path('html/fifo'))
    assert shared.get('/fifo').status in (403, 404)


def test_head_of_a_file(shared):
    with shared.client() as client:
        answer = client.ask('HEAD', '/big.bin')
        assert answer.get('Content-Length') == str(len(BIG)) and answer.get('Accept-Ranges') == 'bytes'
        assert client.ask('GET', '/a.txt').text == 'text\n'


@pytest.mark.parametrize('port', ['http', 'copied'])
def test_big_file(shared, port):
    """Whole and in order, with sendfile and without; twice on a connection."""
    with shared.client(port) as client:
        for _ in range(2):
            answer = client.ask('GET', '/big.bin')
            assert answer.status == 200 and answer.body == BIG
        assert client.ask('GET', '/a.txt').text == 'text\n'


def test_big_file_read_slowly(shared):
    with shared.client() as client:
        client.send(request('GET', '/big.bin') + request('GET', '/a.txt'))
        time.sleep(0.2)
        assert client.response().body == BIG
        assert client.response().text == 'text\n'


@pytest.mark.parametrize('port', ['http', 'copied'])
def test_client_leaves_a_download(shared, port):
    for _ in range(10):
        client = shared.client(port)
        client.send(request('GET', '/big.bin'))
        client.fill()
        client.reset()
    assert shared.get('/a.txt').status == 200
    shared.wait_for(lambda: shared.descriptors() < 60, 'descriptors to be closed')


def test_etag_and_last_modified(shared):
    """nginx: the ETag is the hexadecimal time and size; RFC 9110 8.8.2: Last-Modified."""
    answer = shared.get('/old.txt')
    assert answer.get('Last-Modified') == 'Sun, 06 Nov 1994 08:49:37 GMT'
    assert answer.get('ETag') == '"%x-%x"' % (784111777, 4)
    assert shared.get('/noetag/old.txt').get('ETag') is None


OLD, LATER, EARLIER = 'Sun, 06 Nov 1994 08:49:37 GMT', 'Mon, 07 Nov 1994 08:49:37 GMT', 'Sat, 05 Nov 1994 08:49:37 GMT'
TAG = '"%x-%x"' % (784111777, len('old\n'))


@pytest.mark.parametrize('fields, status', [
    ([('If-None-Match', TAG)], 304), ([('If-None-Match', f'W/{TAG}')], 304), ([('If-None-Match', '*')], 304),
    ([('If-None-Match', f'"x", {TAG}, "y"')], 304), ([('If-None-Match', '"x"')], 200),
    ([('If-None-Match', '"x", "y"')], 200),
    ([('If-Modified-Since', OLD)], 304), ([('If-Modified-Since', 'Sunday, 06-Nov-94 08:49:37 GMT')], 304),
    ([('If-Modified-Since', 'Sun Nov  6 08:49:37 1994')], 304), ([('If-Modified-Since', EARLIER)], 200),
    ([('If-Modified-Since', 'yesterday')], 200), ([('If-Modified-Since', '')], 200),
    ([('If-None-Match', '"x"'), ('If-Modified-Since', OLD)], 200),
    ([('If-None-Match', TAG), ('If-Modified-Since', EARLIER)], 304),
    ([('If-Match', TAG)], 200), ([('If-Match', '*')], 200), ([('If-Match', f'"x", {TAG}')], 200),
    ([('If-Match', '"x"')], 412),
    ([('If-Match', f'W/{TAG}')], 412),
    ([('If-Unmodified-Since', OLD)], 200), ([('If-Unmodified-Since', LATER)], 200),
    ([('If-Unmodified-Since', EARLIER)], 412),
    ([('If-Match', TAG), ('If-Unmodified-Since', EARLIER)], 200),
    ([('If-Match', TAG), ('If-None-Match', TAG)], 304),
    ([('If-Match', '"x"'), ('If-None-Match', TAG)], 412),
])
def test_conditions(shared, fields, status):
    """RFC 9110 13.1 and the order of 13.2.2. nginx: if_modified_since exact is the default."""
    from tests.harness.instance import OURS
    if not OURS and len(fields) == 2 and fields[1] == (fields[1][0], EARLIER):
        pytest.skip('nginx looks at both')
    answer = shared.get('/old.txt', fields=fields)
    assert answer.status == status
    if status == 304:
        assert answer.get('ETag') == TAG and answer.get('Last-Modified') == OLD
    assert shared.ask('HEAD', '/old.txt', fields=fields).status == status


def test_not_modified_keeps_the_connection(shared):
    """RFC 9110 15.4.5: 304 has no body, whatever its fields say."""
    with shared.client() as client:
        for _ in range(3):
            assert client.ask('GET', '/old.txt', [('If-None-Match', TAG)]).status == 304
        assert client.ask('GET', '/a.txt').status == 200


@pytest.mark.ours
def test_several_if_none_match(shared):
    """RFC 9110 5.3: list fields may stand on several lines."""
    assert shared.get('/old.txt', fields=[('If-None-Match', '"x"'), ('If-None-Match', TAG)]).status == 304


@pytest.mark.parametrize('spec, first, last', [
    ('bytes=0-9', 0, 9), ('bytes=5-5', 5, 5), ('bytes=90-', 90, 99), ('bytes=-7', 93, 99),
    ('bytes=-500', 0, 99),
    ('bytes=95-5000', 95, 99), ('bytes=0-', 0, 99), ('bytes= 3-4', 3, 4)])
@pytest.mark.parametrize('port', ['http', 'copied'])
def test_ranges(shared, spec, first, last, port):
    """RFC 9110 14.1.2, 15.3.7."""
    with shared.client(port) as client:
        answer = client.ask('GET', '/digits.txt', [('Range', spec)])
        assert answer.status == 206 and answer.body == DIGITS[first:last + 1]
        assert answer.get('Content-Range') == f'bytes {first}-{last}/100'
        head = client.ask('HEAD', '/digits.txt', [('Range', spec)])
        assert head.status in (200, 206)
        assert client.ask('GET', '/a.txt').status == 200


@pytest.mark.ours
@pytest.mark.parametrize('spec', ['bytes=0-9', 'bytes=0-1,5-6', 'bytes=500-'])
def test_range_is_for_get_alone(shared, spec):
    """RFC 9110 14.2: for a method without range handling (only GET has it) the field must be ignored."""
    answer = shared.ask('HEAD', '/digits.txt', fields=[('Range', spec)])
    assert (answer.status, answer.get('Content-Length'), answer.get('Content-Range')) == (200, '100', None)


@pytest.mark.ours
def test_two_range_fields_are_none(shared):
    """RFC 9110 5.3, 14.2: Range is no list field; what two lines make together is invalid, and ignored."""
    answer = shared.get('/digits.txt', fields=[('Range', 'bytes=0-1'), ('Range', 'bytes=5-6')])
    assert answer.status == 200 and answer.body == DIGITS


@pytest.mark.parametrize('spec', ['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=99999999999999999999-'])
def test_unsatisfiable_ranges(shared, spec):
    """RFC 9110 15.5.17: 416 says how long the file is."""
    answer = shared.get('/digits.txt', fields=[('Range', spec)])
    if spec == 'bytes=99999999999999999999-' and answer.status == 200:
        return
    assert answer.status == 416 and answer.get('Content-Range') == 'bytes */100'


@pytest.mark.ours
@pytest.mark.parametrize('spec',
                         ['bytes', 'bytes=', 'bytes=a-b', 'bytes=-', 'bytes=9-5', 'lines=0-5', 'bytes=0-5x',
                          'bytes 0-5'])
def test_ranges_ignored(shared, spec):
    """RFC 9110 14.2: what is no valid bytes range is ignored."""
    answer = shared.get('/digits.txt', fields=[('Range', spec)])
    assert answer.status in (200, 416) and (answer.status == 416 or answer.body == DIGITS)


def test_range_of_an_empty_file(shared):
    assert shared.get('/empty.txt', fields=[('Range', 'bytes=0-')]).status in (200, 416)


@pytest.mark.parametrize('value, status', [
    (TAG, 206), (OLD, 206), ('"x"', 200), (f'W/{TAG}', 200), (EARLIER, 200), (LATER, 200), ('nonsense', 200)])
def test_if_range(shared, value, status):
    """RFC 9110 13.1.5: strong comparison, exact date."""
    answer = shared.get('/old.txt', fields=[('Range', 'bytes=0-1'), ('If-Range', value)])
    from tests.harness.instance import OURS
    if not OURS and answer.status != status:
        pytest.skip('nginx compares otherwise')
    assert answer.status == status


def test_range_after_conditions(shared):
    """RFC 9110 13.2.2: a failed precondition comes before the range."""
    assert shared.get('/old.txt', fields=[('Range', 'bytes=0-1'), ('If-None-Match', TAG)]).status == 304
    assert shared.get('/old.txt', fields=[('Range', 'bytes=0-1'), ('If-Match', '"x"')]).status == 412


def test_range_of_a_big_file(shared):
    with shared.client() as client:
        for first, last in ((0, 0), (65535, 65536), (1 << 20, (3 << 20) + 7), (len(BIG) - 1, len(BIG) - 1)):
            answer = client.ask('GET', '/big.bin', [('Range', f'bytes={first}-{last}')])
            assert answer.status == 206 and answer.body == BIG[first:last + 1]


def test_open_file_cache_notices(shared):
    """nginx: open_file_cache_valid: after it, a changed, replaced or vanished file is seen."""
    shared.write('html/changing.txt', 'one')
    assert shared.get('/cached/changing.txt').text == 'one'
    os.unlink(shared.path('html/changing.txt'))
    shared.write('html/changing.txt', 'second')
    shared.wait_for(lambda: shared.get('/cached/changing.txt').text == 'second', 'the new file')
    os.unlink(shared.path('html/changing.txt'))
    shared.wait_for(lambda: shared.get('/cached/changing.txt').status == 404, 'the file to be gone')
    shared.write('html/changing.txt', 'third')
    shared.wait_for(lambda: shared.get('/cached/changing.txt').text == 'third', 'the file to be back')


def test_open_file_cache_serves_many(shared):
    for number in range(300):
        shared.write(f'html/many/{number}.txt', f'number {number}\n')
    with shared.client() as client:
        for _ in range(2):
            for number in range(300):
                assert client.ask('GET', f'/cached/many/{number}.txt').text == f'number {number}\n'
    shared.wait_for(lambda: shared.descriptors() < 200, 'the cache to hold no more than it may')


@pytest.mark.parametrize('port', ['http', 'copied'])
def test_file_shrinks_while_it_is_sent(shared, port):
    """The length is promised: what is missing cannot be made up, so the connection is cut, and the server
    lives."""
    path = shared.write(f'html/shrinking-{port}.bin', b's' * (24 << 20))
    with shared.client(port) as client:
        client.send(request('GET', f'/shrinking-{port}.bin'))
        client.head()
        os.truncate(path, 1000)
        try:
            assert len(client.rest()) < 24 << 20
        except AssertionError as error:
            assert 'nothing came' not in str(error)
    shared.expect('sendfile|pread|read only|truncated|shrank|shorter')
    assert shared.get('/a.txt').status == 200


def test_file_vanishes(shared):
    path = shared.write('html/vanishing.txt', 'here')
    assert shared.get('/vanishing.txt').text == 'here'
    os.unlink(path)
    assert shared.get('/vanishing.txt').status == 404
    shared.wait_log(r'vanishing.txt" failed.*\(2: No such file')
