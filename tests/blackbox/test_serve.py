# SPDX-License-Identifier: BSD-2-Clause
"""A folder is served without a configuration file, and a file is found beside the person who names it. Ours."""
import contextlib
import os
import re
import signal
import subprocess

import pytest

from tests.harness.instance import BINARY, PATIENCE, ROOT
from tests.harness.wire import Client, request

pytestmark = pytest.mark.ours
# Root would become nobody (`user`), who may not look into the tests' folders.
USER = ['-g', 'user root;'] if os.geteuid() == 0 else []


@pytest.fixture
def folder(server):
    """A folder with a name that a configuration has to quote."""
    for name, text in {'index.html': '<p>home', 'sub/style.css': 'p { }', 'sub/no end': '?', '.hidden': '?'}.items():
        server.write(f'my "site"/{name}', text)
    return server.path('my "site"')


@contextlib.contextmanager
def running(server, *arguments, cwd=None):
    """From the announcement of an address to the end by Ctrl-C, which has to be clean. Yields what it has said."""
    with open(server.path('out'), 'wb') as out, open(server.path('err'), 'wb') as err:
        process = subprocess.Popen([BINARY, *arguments, *USER], cwd=cwd or server.path('.'), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
    try:
        server.wait_for(lambda: 'Ctrl-C stops' in server.read('err') or process.poll() is not None, 'an announcement')
        yield lambda: server.read('err')
        assert process.poll() is None, server.read('err')
        os.killpg(process.pid, signal.SIGINT)  # a terminal asks all of its foreground processes
        assert process.wait(PATIENCE) == 0, server.read('err')
        assert server.read('err').count('signal 2 (Interrupt) received') == 1
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def get(port, path, host='localhost'):
    with contextlib.closing(Client(('127.0.0.1', port))) as client:
        client.send(request('GET', path, host=host))
        return client.response()


def said(*arguments, cwd):
    return subprocess.run([BINARY, *arguments], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize('words', [['serve'], []], ids=['serve', 'folder'])
def test_a_folder(server, folder, words):
    port = server.port()
    with running(server, *words, folder, '-l', f'127.0.0.1:{port}') as err:
        assert f'listening on http://127.0.0.1:{port}/' in err() and 'tidepool top' not in err()
        home, style, listing = get(port, '/'), get(port, '/sub/style.css'), get(port, '/sub/')
        assert (home.status, home.text, home.get('Content-Type')) == (200, '<p>home', 'text/html; charset=utf-8')
        assert (style.status, style.text, style.get('Content-Type')) == (200, 'p { }', 'text/css')
        assert listing.status == 200 and 'no%20end' in listing.text
        assert get(port, '/absent').status == 404
        assert get(port, '/', host='rebound.example').status == 421
        server.wait_for(lambda: server.read('out').count('\n') == 5, 'the access log')
    assert re.search(r'"GET /absent HTTP/1\.1" 404 ', server.read('out'))
    assert sorted(os.listdir(folder)) == ['.hidden', 'index.html', 'sub'], 'nothing is left behind'


def test_the_folder_one_stands_in(server, folder):
    port = server.port()
    with running(server, 'serve', f'-l{port}', cwd=folder):
        assert get(port, '/').text == '<p>home'
        assert get(port, '/', host='any.example').text == '<p>home', 'at all addresses it has all names'


def test_a_reload(server, folder):
    """HUP reads the same text again; files are those of the moment."""
    port = server.port()
    with running(server, folder, f'--listen=127.0.0.1:{port}') as err:
        server.write('my "site"/index.html', '<p>changed')
        pid = int(re.search(r' (\d+)#', err()).group(1))
        os.kill(pid, signal.SIGHUP)
        server.wait_for(lambda: 'reconfigur' in err(), 'the reload')
        assert get(port, '/').text == '<p>changed'


def test_the_text_is_a_start(server, folder):
    """-T prints a configuration that serves the same folder, from wherever it stands."""
    port = server.port()
    done = said('serve', folder, '-l', f'127.0.0.1:{port}', '-T', cwd=server.path('.'))
    assert done.returncode == 0 and 'test is successful' in done.stderr
    server.write('elsewhere/my.conf', done.stdout)
    with running(server, '-c', 'my.conf', cwd=server.path('elsewhere')):
        assert get(port, '/').text == '<p>home'


def test_what_is_no_folder(server):
    server.write('file', '')
    server.write('costs $5/index.html', '')
    for arguments, words in ((['absent'], ['absent', 'No such file or directory']), (['serve', 'file'], ['no folder', '-c']),
                             (['serve', 'costs $5'], ['"$"']), (['serve', '.', '-l', 'here; there'], ['invalid address', '127.0.0.1:8000']),
                             (['serve', '.', '-c', 'x'], ['exclude each other'])):
        done = said(*arguments, cwd=server.path('.'))
        assert done.returncode == 1 and done.stdout == '' and all(word in done.stderr for word in words), done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_documented_next_step(server):
    """README and the welcome page: `tidepool -T > my.conf; tidepool -c my.conf`."""
    server.write('my.conf', said('-T', cwd=server.path('.')).stdout)
    done = said('-t', '-c', 'my.conf', cwd=server.path('.'))
    assert done.returncode == 0, done.stderr
    # With -p a relative name begins there (nginx: "-c file"; relative to the prefix).
    done = said('-t', '-c', 'my.conf', '-p', server.path('.'), cwd='/')
    assert done.returncode == 0, done.stderr
    done = said('-t', '-c', 'my.conf', cwd='/')
    assert done.returncode == 1 and '"/my.conf"' in done.stderr and 'in this folder, since no -p' in done.stderr
    done = said('-t', '-c', 'your.conf', '-p', ROOT, cwd=server.path('.'))
    assert done.returncode == 1 and f'{ROOT}/your.conf' in done.stderr and 'below the prefix that -p names' in done.stderr
