# SPDX-License-Identifier: BSD-2-Clause
"""stderr as systemd's journal (systemd.exec(5), $JOURNAL_STREAM; sd-daemon(3), SD_ERR and its kin)."""
import os
import re
import signal

import pytest

from tests.harness.instance import INSTRUMENTED

NUMBERS = {'emerg': 0, 'alert': 1, 'crit': 2, 'error': 3, 'warn': 4, 'notice': 5, 'info': 6, 'debug': 7}
LINE = re.compile(r'<(\d)>(?:tidepool: )?\[(\w+)\] (?:\d+#\d+: )?\S.*')


def stream(server):
    """What systemd sets, for the file that stands for its socket."""
    about = os.stat(server.write('stderr', ''))
    return {'JOURNAL_STREAM': f'{about.st_dev}:{about.st_ino}'}


def lines(server):
    """Those of the log: what greets somebody who started us by hand is none."""
    return [line for line in server.read('stderr').splitlines() if '[' in line]


@pytest.mark.parametrize('name', ['stderr', '/dev/stderr'])
def test_lines_begin_with_their_priority(server, name):
    """A line to the journal tells its level as <N>; the time is the journal's."""
    server.http('server { listen 127.0.0.1:@http@; return 200; }', error_log=f'{name} info')
    server.start(env=stream(server))
    with server.client() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: a')
    server.wait_for(lambda: 'prematurely closed' in server.read('stderr'), 'the line of a client that left')
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: '[notice]' in server.read('stderr'), 'the line of a reload')
    found = [LINE.fullmatch(line) for line in lines(server)]
    assert found and all(found), lines(server)
    assert {NUMBERS[match[2]] - int(match[1]) for match in found} == {0}
    assert {'info', 'notice'} <= {match[2] for match in found}


def test_what_is_wrong_at_the_start(server):
    """The short form has it, too."""
    server.http('servers { }')
    env = stream(server)
    server.refuses_to_start('unknown directive "servers"', env=env)
    assert lines(server) and all(line.startswith('<0>tidepool: [emerg] ') for line in lines(server))


@pytest.mark.skipif(INSTRUMENTED, reason='sanitizers have handlers of their own')
def test_a_crash(server):
    """The line that a handler of a signal writes is one of level alert."""
    server.http('server { listen 127.0.0.1:@http@; return 200; }', error_log='stderr')
    server.start(env=stream(server))
    child = server.pid
    server.expect(r'\[alert\]')
    os.kill(child, signal.SIGSEGV)
    server.wait_for(lambda: 'signal 11' in server.read('stderr'), 'the line of the crash')
    told = [line for line in lines(server) if '[alert]' in line]
    assert told and all(line.startswith('<1>[alert] ') for line in told)
    server.get('/')


def test_another_place(server):
    """JOURNAL_STREAM may be inherited by a process whose stderr is another file: that is no journal. Nor is the file
    of an error log."""
    server.http('server { listen 127.0.0.1:@http@; return 200; }', error_log='stderr notice')
    env = stream(server)
    server.start(env={'JOURNAL_STREAM': env['JOURNAL_STREAM'] + '1'})
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: '[notice]' in server.read('stderr'), 'the line of a reload')
    assert all(re.match(r'\d{4}/\d\d/\d\d ', line) for line in lines(server))
    server.stop()
    server.http('server { listen 127.0.0.1:@http@; return 200; }', error_log='error.log notice')
    server.start(env=stream(server))
    server.kick(signal.SIGHUP)
    server.wait_for(lambda: '[notice]' in server.read('error.log'), 'the line of a reload')
    assert all(re.match(r'\d{4}/\d\d/\d\d ', line) for line in server.read('error.log').splitlines())
