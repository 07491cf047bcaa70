# SPDX-License-Identifier: BSD-2-Clause
"""What a browser makes of what is served: the welcome page of the built-in configuration, a listing of a folder and the
pages that it leads to, a large picture, and pages of errors. Needs Chromium; without it these are skipped and say so."""
import json
import os
import re
import struct
import zlib

import pytest

from tests.harness import browser
from tests.harness import instance

pytestmark = [pytest.mark.ours, pytest.mark.plain, pytest.mark.skipif(not browser.PROGRAM, reason='no Chromium')]

WIDTH, HEIGHT = 3000, 2000
WORKERS = 2


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def picture():
    """A PNG whose bytes do not compress: some MiB, so that it takes many turns of the loop to leave."""
    noise = os.urandom(1 << 16)
    rows = b''.join(b'\0' + noise[row * 7:row * 7 + WIDTH] for row in range(HEIGHT))
    head = struct.pack('>IIBBBBB', WIDTH, HEIGHT, 8, 0, 0, 0, 0)  # 8 bits of grey
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows, 0)) + chunk(b'IEND', b''))


PICTURE = picture()
FILES = {
    'page.html': '<!doctype html><meta charset="utf-8"><title>Größe</title><link rel="stylesheet" href="style.css">'
                 '<link rel="icon" href="data:,"><p>Ebbe &amp; Flut</p><img src="large.png"><script src="script.js"></script>',
    'style.css': 'p { color: rgb(1, 2, 3) }',
    'script.js': 'document.title += " €"',
    'large.png': PICTURE,
    'folder/a b%<&>".txt': 'strange', 'folder/ordinary.txt': 'text', 'folder/below/index.html': 'below',
    'listed/' + 'long-name-' * 7: 'long', 'listed/Größe': 'x', 'listed/a b%<&>".txt': 'x', 'listed/below/a': 'x',
}
STATUSES = [301, 400, 403, 404, 405, 413, 414, 418, 431, 500, 502, 503, 504, 511, 599]
CONFIG = '''
    include @dir@/mime.types; default_type application/octet-stream; charset utf-8; charset_types text/css application/javascript;
    gzip on; gzip_types text/css application/javascript text/plain; root html; sendfile on;
    server {
        listen @http@;
        location /folder/ { autoindex on; }
        location /pieces/ { alias html/; sendfile off; limit_rate 40m; }
        location = /favicon.ico { return 204; }
        location /bare/ { alias html/; charset off; autoindex on; }
        ''' + ' '.join(f'location = /status/{code} {{ charset off; return {code}; }}' for code in STATUSES) + '''
    }
'''


def prepare(server):
    with open(os.path.join(instance.ROOT, 'conf', 'mime.types'), encoding='utf-8') as file:
        server.write('mime.types', file.read())
    server.expand('@http@')


@pytest.fixture(scope='module')
def chromium(tmp_path_factory):
    one = browser.Browser(str(tmp_path_factory.mktemp('profile') / 'data'))
    yield one
    one.close()


@pytest.fixture
def page(chromium):
    one = chromium.page()
    yield one
    one.close()


def url(server, path):
    return f'http://127.0.0.1:{server.port()}{path}'


def answers(page):
    """path → (status, media type) of all that the page asked for."""
    return {re.sub(r'^\w+://[^/]*', '', params['response']['url']):
            (params['response']['status'], params['response']['mimeType'])
            for params in page.mine('Network.responseReceived')}


def check(page):
    """Nothing in the console, nothing that could not be loaded."""
    assert page.console() == []
    assert page.mine('Network.loadingFailed') == []


def start_welcome(server):
    """conf/default.conf as it is compiled in, but for the ports."""
    with open(os.path.join(instance.ROOT, 'conf', 'default.conf'), encoding='utf-8') as file:
        text = file.read()
    text = text.replace('127.0.0.1:8080', '127.0.0.1:@http@').replace('127.0.0.1:7007', '127.0.0.1:@echo@')
    text = re.sub(r'^(daemon|pid|error_log) [^;]*;', '', text, flags=re.M)
    user = 'user root;' if os.geteuid() == 0 else ''
    server.configure_raw(f'daemon off; pid tidepool.pid; error_log error.log notice; {user}\n{text}')
    server.start()


def test_welcome_page(server, page):
    start_welcome(server)
    page.open(url(server, '/'))
    page.wait('document.readyState === "complete"')
    assert page.text('h1') == 'Tidepool is running'
    assert answers(page)['/'] == (200, 'text/html')
    assert page.value('document.characterSet') == 'UTF-8'
    assert page.value('getComputedStyle(document.querySelector("main")).borderRadius') == '18px', 'its style holds'
    links = page.value('[...document.querySelectorAll("a")].map(a => a.getAttribute("href"))')
    assert links
    for link in links:
        assert page.value(f'fetch({link!r}).then(a => a.status)') == 200, link
    check(page)


def test_page_with_parts(shared, page):
    """Style, script and picture are taken for what they are; nosniff or not, the types must be right."""
    page.open(url(shared, '/page.html'))
    page.wait('document.readyState === "complete"')
    assert page.value('document.title') == 'Größe €', 'both files are read as UTF-8'
    assert page.value('getComputedStyle(document.querySelector("p")).color') == 'rgb(1, 2, 3)'
    got = answers(page)
    assert got['/page.html'] == (200, 'text/html') and got['/style.css'] == (200, 'text/css')
    assert got['/script.js'] == (200, 'application/javascript') and got['/large.png'] == (200, 'image/png')
    check(page)


@pytest.mark.parametrize('path', ['/large.png?alone', '/pieces/large.png'])
def test_large_picture(shared, page, path):
    """By sendfile, and in pieces at a limited rate: every byte arrives, or it would not be decoded."""
    page.open(url(shared, path))
    page.wait('document.images.length === 1 && document.images[0].complete')
    assert page.value('[document.images[0].naturalWidth, document.images[0].naturalHeight]') == [WIDTH, HEIGHT]
    assert page.value('document.images[0].decode().then(() => true)')
    assert answers(page)[path] == (200, 'image/png')
    done = [params['encodedDataLength'] for params in page.mine('Network.loadingFinished')]
    assert max(done) > len(PICTURE) > 5 << 20
    check(page)


def test_listing(shared, page):
    """autoindex: every name of the folder is shown as it is, and its link leads to it."""
    page.open(url(shared, '/folder/'))
    page.wait('document.readyState === "complete"')
    assert answers(page)['/folder/'] == (200, 'text/html')
    assert page.text('h1') == 'Index of /folder/'
    names = page.value('[...document.querySelectorAll("a")].map(a => a.textContent)')
    assert names == ['../', 'below/', 'a b%<&>".txt', 'ordinary.txt']
    for name, wanted in ('a b%<&>".txt', 'strange'), ('ordinary.txt', 'text'), ('below/', 'below'):
        got = page.value(f'fetch([...document.querySelectorAll("a")].find(a => a.textContent === {name!r}).href)'
                         '.then(a => a.text())')
        assert got == wanted, name
    check(page)
    page.click('a:nth-of-type(2)')
    page.wait('document.body && document.body.textContent.includes("below")')
    assert page.value('location.pathname') == '/folder/below/'


def test_error_page(shared, page):
    """Our own page of an error is HTML, and all that the browser complains of is the status."""
    page.open(url(shared, '/nothing'))
    page.wait('document.readyState === "complete"')
    assert page.text('h1') == '404 Not Found' and answers(page)['/nothing'] == (404, 'text/html')
    assert all('404' in line for line in page.console())


LOOKS = pytest.mark.parametrize('width, dark', [(320, True), (320, False), (390, True), (390, False), (1280, True)])


def examine(page, axe, dark):
    """A page of the server's own: as wide as the screen, in the reader's colours, and nothing for axe to say."""
    page.wait('document.readyState === "complete"')
    wide = page.value('[innerWidth, document.documentElement.scrollWidth]')
    assert wide == [page.width, page.width], 'it fits, and is not shrunk'
    assert page.value('document.characterSet') == 'UTF-8' and page.value('document.compatMode') == 'CSS1Compat'
    ink = page.value('getComputedStyle(document.body).color.match(/\\d+/g).map(Number)')
    assert (min(ink) > 200) if dark else (max(ink) < 100), ink
    page.value(axe)
    assert json.loads(page.value('axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map('
                                 'v => [v.id, v.help, v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))])))')) == []


def look(chromium, address, width, dark):
    page = chromium.page(width=width, height=740, dark=dark)
    page.width = width
    if address:
        page.open(address)
    return page


@LOOKS
def test_welcome_page_on_each_screen(server, chromium, axe, width, dark):
    start_welcome(server)
    page = look(chromium, url(server, '/'), width, dark)
    examine(page, axe, dark)
    page.close()


@LOOKS
def test_listing_on_each_screen(shared, chromium, axe, width, dark):
    """On a telephone a name, then its date and size, in sight; on a wide screen one line."""
    page = look(chromium, url(shared, '/bare/listed/'), width, dark)
    examine(page, axe, dark)
    assert 'Größe' in page.text('pre'), 'UTF-8, though no charset is sent'
    seen = page.value('(() => { const range = document.createRange(), link = document.querySelector("a:last-of-type");'
                      'range.selectNodeContents(link.nextSibling); const date = [...range.getClientRects()];'
                      'return [link.getBoundingClientRect().top, date.at(-1).top, Math.max(...date.map(r => r.right))] })()')
    assert (seen[1] > seen[0] + 5) == (width < 600), 'below the name, or beside it'
    page.close()


@LOOKS
def test_status_on_each_screen(shared, chromium, axe, width, dark):
    page = look(chromium, None, width, dark)
    for status in STATUSES:
        page.open(url(shared, f'/status/{status}'))
        assert page.text('h1').startswith(str(status)) and page.value('document.title').startswith(str(status))
        examine(page, axe, dark)
    page.close()


def test_kept_alive(shared, page):
    """Forty requests of a page go by the few connections that a browser has."""
    page.open(url(shared, '/page.html'))
    page.wait('document.readyState === "complete"')
    assert page.value('Promise.all([...Array(40).keys()].map(n => fetch("/style.css?" + n).then(a => a.text())))'
                      '.then(all => all.every(text => text.length > 10))')
    connections = {params['response']['connectionId'] for params in page.mine('Network.responseReceived')}
    assert 1 <= len(connections) <= 8
    check(page)
