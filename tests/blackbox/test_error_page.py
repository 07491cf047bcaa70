# SPDX-License-Identifier: BSD-2-Clause
"""error_page for redirects (nginx.org, ngx_http_core_module, error_page: codes from 300 on): what return, rewrite and a folder's
name without its slash lead to is the status of a request as any other. Each expectation was compared with nginx 1.22."""
import re

import pytest

FILES = {'e/page.html': 'a page\n', 'folder/x': '', 'folder/e/page.html': 'inner\n'}
CONFIG = '''
    default_type text/plain;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        location /plain { return 302 /first; }
        location /page { error_page 302 /e/page.html; return 302 /first; }
        location /code { error_page 302 =200 /e/page.html; return 302 /first; }
        location /own { error_page 302 = /text; return 302 /first; }
        location /text { return 200 "$uri $request_method"; }
        location /named { error_page 301 = @named; return 301 /first; }
        location @named { return 200 "named $uri"; }
        location /elsewhere { error_page 302 http://example.com/; return 302 /first; }
        location /elsewhere301 { error_page 302 =301 http://example.com/; return 302 /first; }
        location /again { error_page 302 /second; return 302 /first; }
        location /second { return 303 /last; }
        location /rewrites { error_page 302 301 /e/page.html; rewrite ^/rewrites$ /first redirect; rewrite ^ /first permanent; }
        location /folder { error_page 301 /text; }
        location /scheme { error_page 302 /e/page.html; return http://example.com/; }
        location /e/ { }
        location /others { error_page 303 307 308 /e/page.html; if ($arg_c = 3) { return 303 /a; } if ($arg_c = 7) { return 307 /a; }
                           return 308 /a; }
        location /not { error_page 301 /e/page.html; return 302 /first; }
        location /cycle { error_page 302 /cycle; return 302 /first; }
        location /turns { error_page 302 /turns; recursive_error_pages on; return 302 /first; }
    }
'''


@pytest.mark.parametrize('target, status, location, text', [
    ('/plain', 302, '/first', None), ('/page', 302, '/first', 'a page\n'), ('/code', 200, '/first', 'a page\n'),
    ('/own', 200, '/first', '/text GET'), ('/named', 200, '/first', 'named /named'),
    ('/elsewhere', 302, 'http://example.com/', None), ('/elsewhere301', 301, 'http://example.com/', None), ('/again', 303, '/last', None),
    ('/rewrites', 302, '/first', 'a page\n'), ('/rewrites/x', 301, '/first', 'a page\n'), ('/folder', 301, '/folder/', '/text GET'),
    ('/scheme', 302, 'http://example.com/', 'a page\n'), ('/others?c=3', 303, '/a', 'a page\n'), ('/others?c=7', 307, '/a', 'a page\n'),
    ('/others', 308, '/a', 'a page\n'), ('/not', 302, '/first', None), ('/cycle', 302, '/first', None), ('/turns', 500, '/first', None)])
def test_redirects(shared, target, status, location, text):
    """The page takes the place of the redirect's; where it leads stays, unless the page leads elsewhere."""
    for method in 'GET', 'HEAD':
        answer = shared.ask(method, target)
        assert answer.status == status
        assert re.sub(r'^http://(127|localhost)[^/]*', '', answer.get('Location')) == location
        assert method == 'HEAD' or text is None or answer.text == text.replace('HEAD', method)


def test_body_of_a_redirect(shared):
    """A request with a body is asked for its page as GET, and the connection goes on."""
    with shared.client() as client:
        for _ in range(2):
            assert client.ask('POST', '/own', body=b'x' * 1000).text == '/text GET'
            assert client.ask('POST', '/page', body=b'x' * 1000).text == 'a page\n'
