# SPDX-License-Identifier: BSD-2-Clause
"""Ours: at a terminal, a message about a configuration is followed by the line itself, with a mark below what is wrong."""
import os
import pty
import re
import subprocess
import threading

import pytest

pytestmark = pytest.mark.ours


def at_a_terminal(server, text, **environment):
    """What `-t` says of it on a terminal; None: of what is there."""
    if text is not None:
        server.write('bad.conf', server.expand(text))
    ours, theirs = pty.openpty()
    with open(ours, 'rb', buffering=0) as terminal:
        process = subprocess.Popen(server.command('-t', '-c', 'bad.conf'), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
                                   env={**{name: value for name, value in os.environ.items() if name != 'NO_COLOR'}, 'TERM': 'xterm', **environment})
        os.close(theirs)
        said = b''
        try:
            while piece := terminal.read(4096):
                said += piece
        except OSError:  # EIO: nobody has the terminal open any more
            pass
        assert process.wait() == 1
    return said.decode().replace('\r\n', '\n')


SHOWN = [
    ('events { }\nhttp {\n    server { lisen 80; }\n}\n', '    3 |     server { lisen 80; }\n      |              ^~~~~\n'),
    ('http { server { root "ö ü"; lisen 80; } }\n', '    1 | http { server { root "ö ü"; lisen 80; } }\n      |' + ' ' * 29 + '^~~~~\n'),
    ('daemon\tmaybe;\n', '    1 | daemon maybe;\n      |        ^~~~~\n'),
    ('http { server { location /x { on; } } }\n', '    1 | http { server { location /x { on; } } }\n      | ' + ' ' * 30 + '^~\n'),
    ('server { listen 80; }\n', '    1 | server { listen 80; }\n      | ^~~~~~\n'),
    ('events { }\nx' + 'y' * 300 + ' 1;\n', '    2 | x' + 'y' * 198 + '\n'),
]


@pytest.mark.parametrize('text, expected', SHOWN)
def test_shown(server, text, expected):
    said = at_a_terminal(server, text, NO_COLOR='1')
    assert re.search(r'^tidepool: \[emerg\] .* in \S*/bad\.conf:\d+\n' + re.escape(expected), said, re.M), said
    assert '\033' not in said


def test_each_has_its_line(server):
    said = at_a_terminal(server, 'one 1;\ntwo 2;\n', NO_COLOR='1')
    assert said.count('^~~') == 2 and said.index('1 | one 1;') < said.index('"two"') < said.index('2 | two 2;')


def test_colour(server):
    """Red, unless NO_COLOR is set (no-color.org) or the terminal knows no colours."""
    assert '\033[31m^~~\033[0m\n' in at_a_terminal(server, 'one 1;\n')
    assert '\033' not in at_a_terminal(server, 'one 1;\n', TERM='dumb')


def test_no_line_to_show(server):
    """A file that is not there, and what is wrong with the whole."""
    said = at_a_terminal(server, 'include nosuch.conf;\n', NO_COLOR='1')
    assert 'include nosuch.conf;' in said and said.count('^') == 1
    done = server.run('-t', '-c', 'gone.conf')
    assert ' | ' not in done.stderr


def test_pipe(server):
    """A named pipe has been read: it is not opened again, which would wait for a writer."""
    os.mkfifo(server.path('bad.conf'))
    writer = threading.Thread(target=server.write, args=('bad.conf', 'one 1;\n'))
    writer.start()
    said = at_a_terminal(server, None, NO_COLOR='1')
    writer.join()
    assert 'unknown directive "one"' in said and ' | ' not in said


def test_not_for_files(server):
    """What is written to a file or a pipe keeps its form: a line for each message."""
    server.write('bad.conf', 'one 1;\ntwo 2;\n')
    said = server.run('-t', '-c', 'bad.conf').stderr
    assert said.count('\n') == 3 and ' | ' not in said


@pytest.mark.parametrize('name', ['content_by_lua_block', 'log_by_lua_block', 'init_by_lua_block'])
def test_lua(server, name):
    """A block in another language is named itself, not a fault of syntax somewhere in it; the unclosed one as well."""
    for lua in 'ngx.say("x")', 'local t = {a = 1}; if not t then', "-- it's":
        server.write('bad.conf', server.expand(f'http {{ server {{ listen 127.0.0.1:@http@;\n {name} {{ {lua} }} }} }}\n'))
        said = server.run('-t', '-c', 'bad.conf').stderr
        assert re.search(rf'\[emerg\] unknown directive "{name}" \(requests start no programs: .*\) in \S*/bad\.conf:2\n', said), said
