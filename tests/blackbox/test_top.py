# SPDX-License-Identifier: BSD-2-Clause
"""`tidepool top` and the control socket it asks at. What is drawn is tested with a server of the test's own, whose
figures are known; that ours answers so, with ours."""
import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import threading

import pytest

from tests.harness import instance
from tests.harness import screen
from tests.harness.wire import PATIENCE, Client

pytestmark = pytest.mark.ours


def row(number, **more):
    return dict({'id': number, 'worker': 0, 'protocol': 'http', 'state': 'idle', 'doing': 'keepalive',
                 'client': f'127.0.0.1:{50000 + number}', 'age_seconds': 3725.5, 'idle_seconds': 2.25, 'requests': 7,
                 'unsent_bytes': 0, 'total_bytes': 1536, 'used_bytes': 400, 'peak_bytes': 8704, 'total_nblocks': 1,
                 'buffers': 0, 'larges': 0, 'failure': 'none'}, **more)


def snapshot(rows=(), number=0, **more):
    worker = {'worker': 0, 'state': 'serves', 'open': 3, 'requests': 1000 + 500 * number, 'total_bytes': 1536,
              'used_bytes': 400, 'budget_bytes': 0, 'slice_seconds': 0.00048,
              'sizeclass': {'span_bytes': 65536, 'live_bytes': 10240}}
    return dict({
        'schema': 1,
        'server': {'name': 'Tidepool', 'version': '9.8', 'pid': 4711, 'generation': 3, 'worker': 0,
                   'time': 1700000000.0 + number, 'uptime_seconds': 90061, 'pool_mode': 'normal'},
        'totals': {'accepted': 100, 'closed': 97, 'refused': 1, 'open': 3, 'requests': 1000 + 500 * number,
                   'received_bytes': 2048 * (number + 1), 'sent_bytes': 5 << 20, 'over_budget': 2,
                   'used_bytes': 400, 'total_bytes': 1536},
        'memory': {'live_bytes': 32 << 20, 'peak_bytes': 40 << 20, 'budget_bytes': 64 << 20,
                   'resident_bytes': 50 << 20, 'refused': 4, 'failed': 0},
        'workers': [worker],
        'sgi': {'held_bytes': 4096, 'out_bytes': 100, 'lists': {'taken': 10, 'contended': 1},
                'depots': {'taken': 20, 'contended': 2}},
        'connections': {'states': {'idle': 2, 'sending': 1}, 'matched': len(rows), 'rows': list(rows)},
        'advice': {'sentence': 'All is well.'},
    }, **more)


class Fake(threading.Thread):
    """A control socket that answers what `answer(question, number)` says."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        self.answer, self.questions = answer, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                question = client.makefile('r').readline().strip()
                answer = self.answer(question, len(self.questions))
                self.questions.append(question)
                with contextlib.suppress(OSError), client:  # a key may want another question meanwhile
                    client.sendall(answer if isinstance(answer, bytes) else json.dumps(answer).encode())


@pytest.fixture
def fake(tmp_path):
    made = []

    def make(answer):
        made.append(Fake(str(tmp_path / f'{len(made)}.sock'), answer))
        made[-1].address = f'unix:{tmp_path}/{len(made) - 1}.sock'
        return made[-1]
    yield make
    for one in made:
        one.listener.close()


@pytest.fixture
def terminal():
    opened = []

    def make(*arguments, **options):
        opened.append(screen.Screen([*instance.WRAPPER, instance.BINARY, 'top', *arguments], **options))
        return opened[-1]
    yield make
    for one in opened:
        one.close()


def top(*arguments):
    return subprocess.run([*instance.WRAPPER, instance.BINARY, 'top', *arguments], capture_output=True, text=True,
                          timeout=PATIENCE, stdin=subprocess.DEVNULL)


# ---- once, for a report ----

def test_once_prints_exact_figures(fake):
    one = fake(lambda *_: snapshot([row(1), row(2, client='[::1]:80', failure='budget', doing='sending to client')]))
    got = top('-1', '-c', one.address)
    assert got.returncode == 0 and got.stderr == ''
    assert one.questions == ['data sort=total&limit=64']
    assert '\x1b' not in got.stdout
    lines = got.stdout.splitlines()
    assert lines[0].startswith('Tidepool 9.8  pid 4711  up 90061.000  generation 3  pools normal  2023-11-14 22:13:20')
    assert 'connections 3: 2 idle, 0 reading, 0 waiting, 1 sending, 0 lingering' in lines
    assert 'in all      100 accepted, 1000 requests, 1 refused, 2 over budget, 2048 received, 5242880 sent' in lines
    assert 'advice      All is well.' in lines
    assert '33554432 of 67108864 live [##########..........], 41943040 peak, 52428800 resident' in got.stdout
    assert re.search(r'127\.0\.0\.1:50001 +3725\.500 +2\.250 +7 +1536 +400 +8704 +0 +1 +0 +0 - +keepalive\n',
                     got.stdout)
    assert re.search(r'\[::1\]:80 .* budget +sending to client\n', got.stdout)
    assert 'per second' not in got.stdout


def test_output_that_is_no_terminal_is_once(fake):
    one = fake(lambda *_: snapshot([row(1)]))
    assert top('-c', one.address, '-n', '5', '-s', 'age').stdout.count('127.0.0.1') == 1
    assert one.questions == ['data sort=age&limit=5']


@pytest.mark.parametrize('arguments', [['-x'], ['-s', 'nothing'], ['-n', '0'], ['-n', '1001'], ['-d', 'x'], ['-d', '-1'],
                                       ['more'], ['-c']])
def test_wrong_arguments(arguments):
    got = top(*arguments)
    assert got.returncode == 2 and 'Usage: tidepool top' in got.stderr and got.stdout == ''


def test_help():
    got = top('-h')
    assert got.returncode == 0 and 'Usage: tidepool top' in got.stdout


@pytest.mark.parametrize('answer, said', [
    (b'', 'nothing'), (b'{', 'no snapshot'), (b'[]', 'no snapshot'), (b'{"server":{}', 'no snapshot'),
    (b'{"error":"you may not"}', 'you may not'), (b'{"a":' * 100000, 'no snapshot')],
                         ids=range(6))
def test_bad_answers(fake, answer, said):
    got = top('-1', '-c', fake(lambda *_: answer).address)
    assert got.returncode == 1 and said in got.stderr and got.stdout == ''


def test_snapshot_without_figures(fake):
    """An older or a newer server may leave anything out."""
    got = top('-1', '-c', fake(lambda *_: {'server': {}}).address)
    assert got.returncode == 0 and 'connections 0' in got.stdout


def test_nobody_there(tmp_path):
    got = top('-1', '-c', f'unix:{tmp_path}/none.sock')
    assert got.returncode == 1 and 'none.sock' in got.stderr
    assert top('-1', '-c', 'ftp://x').returncode == 1


def test_texts_do_not_speak_to_the_terminal(fake):
    evil = 'x\x1b[2J\x07\u009b1m\u00e9'
    got = top('-1', '-c', fake(lambda *_: snapshot([row(1, doing=evil, client=evil)])).address)
    assert got.returncode == 0
    assert all(' ' <= letter <= '~' or letter == '\n' for letter in got.stdout)


# ---- in a terminal ----

def has(text):
    return lambda one: any(text in line for line in one.cells)


def unseen(seconds, reason=''):
    """The last picture is this old, or older: a busy machine skips seconds."""
    def condition(one):
        found = [re.search(r'last seen (\d+) s ago(: .*)?$', line.rstrip()) for line in one.cells]
        return any(old and int(old[1]) >= seconds and reason in (old[2] or '') for old in found)
    return condition


def test_picture_fits_and_goes_on(fake, terminal):
    one = fake(lambda question, number: snapshot([row(i) for i in range(1, 100)], number))
    tty = terminal('-c', one.address, '-d', '1', lines=20, columns=70)
    tty.wait(lambda s: s.pictures >= 1 and s.alternate and not s.cursor, 'the first picture')
    assert one.questions[0] == 'data sort=total&limit=20'
    assert len(tty.cells) == 20 and tty.cells[19].strip().startswith(tuple('0123456789'))
    assert all(len(line) <= 70 for line in tty.cells)
    assert tty.cells[0].startswith('Tidepool 9.8  pid 4711  up 1d01')
    assert has('[##########..........]')(tty) and has('32M of 64M')(tty)
    assert has('per second  - accepted')(tty)
    tty.wait(has('0.0 accepted, 500 requests, 2.0K received, 0B sent'), 'rates')
    tty.press('q')
    assert tty.end() == 0


def test_80_by_24(fake, terminal):
    """Columns go by importance, the one that is sorted by last of all; what is cut says so."""
    advice = {'sentence': 'One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.'}
    rows = [row(i, state='reading', filled_bytes=768, worker=1, id=46599 + i) for i in range(40)]
    one = fake(lambda question, number: snapshot(rows, number, advice=advice))
    tty = terminal('-c', one.address, '-d', '3600', lines=24, columns=80)
    tty.wait(lambda s: s.pictures >= 1, 'the first picture')
    titles = next(line for line in tty.cells if 'CONNECTION' in line)
    assert titles.split() == ['CONNECTION', 'STATE', 'CLIENT', 'AGE', '>HELD', 'FILL', 'PEAK']
    first = tty.cells[tty.cells.index(titles) + 1]
    assert first.split() == ['1.46599', 'reading', '127.0.0.1:50000', '1h02', '1.5K', '###...', '8.5K']
    assert tty.styles[tty.cells.index(titles) + 1] == '34', 'blue: it reads'
    assert next(line for line in tty.cells if line.startswith('advice')).endswith('...')
    assert tty.styles[4] == '32', 'memory is half full: green'
    assert len(tty.cells) == 24 and max(map(len, tty.cells)) <= 80
    tty.press('n')
    tty.wait(has('>UNSENT'), 'its column to come')
    assert all(title in next(line for line in tty.cells if 'CONNECTION' in line) for title in ('HELD', 'CLIENT', 'STATE'))
    seen = tty.pictures
    tty.resize(24, 160)
    tty.wait(lambda s: s.pictures > seen and has('DOING')(s), 'the others to come')
    tty.press('?')
    tty.wait(has('sort: held peak used age'), 'help')
    assert not has('CONNECTION')(tty)
    tty.press('?')
    tty.wait(has('CONNECTION'), 'the rows to come back')
    tty.press('q')
    assert tty.end() == 0


def test_figures_and_colours(fake, terminal):
    """46,599 and not 46599; near its budget memory is yellow, then red."""
    def answer(_, number):
        got = snapshot([row(1)], number)
        got['totals'].update(accepted=46599, requests=1234567, open=12345, refused=4444)
        got['connections']['states']['idle'] = 11111
        got['workers'][0]['open'] = 12345
        got['memory']['live_bytes'] = (52, 62)[min(number, 1)] << 20
        return got
    tty = terminal('-c', fake(answer).address, '-d', '1', lines=24, columns=120)
    tty.wait(has('46,599 accepted, 1,234,567 requests, 4,444 refused'), 'the totals')
    assert has('connections 12,345: 11,111 idle')(tty) and has('serves  12,345')(tty)
    tty.wait(lambda s: '33' in s.styles or '31' in s.styles, 'yellow')
    tty.wait(lambda s: '31' in s.styles, 'red')
    tty.press('q')
    assert tty.end() == 0


def test_resize(fake, terminal):
    one = fake(lambda question, number: snapshot([row(i) for i in range(100)], number))
    tty = terminal('-c', one.address, '-d', '3600', lines=24, columns=80)
    tty.wait(lambda s: s.pictures >= 1, 'the first picture')
    for lines, columns in ((40, 150), (10, 30), (3, 5), (1, 1), (24, 80)):
        seen = tty.pictures
        tty.resize(lines, columns)
        tty.wait(lambda s: s.pictures > seen, f'{lines} lines')  # pylint: disable=cell-var-from-loop
        whole = 'Tidepool 9.8  pid 4711  up 1d01  generation 3  22:13:20 UTC  ? for help'
        cut = whole[:columns - 3] + '...' if columns > 12 else whole[:columns]
        assert tty.cells[0] == (whole if columns >= len(whole) else cut)
    tty.press('q')
    assert tty.end() == 0


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_the_terminal_as_it_was(fake, terminal, number):
    tty = terminal('-c', fake(lambda *_: snapshot([row(1)])).address)
    tty.wait(lambda s: s.pictures >= 1, 'the first picture')
    tty.process.send_signal(number)
    assert tty.end() == 0


def test_server_that_goes_and_comes(fake, terminal):
    """The last picture stays, with the reason; a server started anew has no rates against the old one."""
    def answer(_, number):
        if number in (1, 2):
            return b'{"error":"not now"}'
        got = snapshot([row(1)], number)
        got['server']['pid'] = 4711 if number < 3 else 4712
        return got
    tty = terminal('-c', fake(answer).address, '-d', '1', columns=120)
    tty.wait(has('not now'), 'the reason')
    assert has('127.0.0.1:50001')(tty)
    tty.wait(has('pid 4712'), 'the new one')
    assert has('restarted 0 s ago: process 4711 has ended, this is process 4712')(tty)
    assert has('- requests')(tty) and not has('not now')(tty)
    tty.press('q')
    assert tty.end() == 0


def test_server_that_hangs(server, terminal):
    """The screen goes on: it says since when and what is wrong, in grey, takes keys, and recovers by itself."""
    start(server)
    with server.client() as client:
        client.ask('GET', '/')
        tty = terminal('-c', f"unix:{server.path('control.sock')}", '-d', '1', columns=120)
        tty.wait(has('127.0.0.1'), 'the first picture')
        assert not tty.grey()
        server.kick(signal.SIGSTOP)
        try:
            tty.wait(unseen(3, 'the server hangs'), 'the reason')
            tty.wait(unseen(5, 'the server hangs'), 'the seconds')
            assert tty.grey() and has('127.0.0.1')(tty), 'the last picture stays'
            tty.press('w')
            tty.wait(lambda s: not has('WORKER')(s), 'the workers to go')
            tty.press('a')
            tty.wait(unseen(9, 'the server hangs'), 'another question to be asked in vain')
        finally:
            server.kick(signal.SIGCONT)
        tty.wait(lambda s: not has('last seen')(s) and has('>AGE')(s), 'the server to answer again')
        assert not tty.grey()
        server.kick(signal.SIGSTOP)
        try:
            tty.wait(has('hangs'), 'the reason again')
            tty.press('q')
            assert tty.end() == 0
        finally:
            server.kick(signal.SIGCONT)


def test_server_that_is_stopped_and_started(server, terminal):
    start(server)
    tty = terminal('-c', f"unix:{server.path('control.sock')}", '-d', '1', columns=120)
    tty.wait(has('pid'), 'the first picture')
    server.stop()
    tty.wait(has('s ago: the server is stopped: connect() to unix:'), 'the reason')
    tty.wait(unseen(4), 'the seconds')
    assert tty.grey()
    server.start()
    tty.wait(lambda s: has(f'pid {server.pid}')(s) and not has('stopped')(s), 'the new one')
    tty.press('q')
    assert tty.end() == 0


def test_server_that_is_slow(tmp_path, terminal):
    """Signs of life alone: slow. Then none: it hangs, and is asked anew. Whoever ends at once is not asked to death."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / 'slow.sock'))
    listener.listen()
    tty = terminal('-c', f'unix:{tmp_path}/slow.sock', '-d', '1', columns=120)
    client, _ = listener.accept()
    while not has('slow')(tty):
        client.sendall(b'\n')
        tty.read(.2)
    assert has('nothing seen for')(tty)
    tty.wait(has('the server hangs: it has taken the connection, and nothing comes'), 'the other reason')
    second, _ = listener.accept()
    client.close()
    second.close()
    tty.wait(has('the server said nothing and ended the connection'), 'no Broken pipe')
    third, _ = listener.accept()
    third.sendall(b'\n\n' + json.dumps(snapshot([row(1)])).encode())
    third.close()
    tty.wait(has('127.0.0.1:50001'), 'the answer behind signs of life')
    assert not tty.grey()
    tty.press('q')
    assert tty.end() == 0
    listener.close()


def test_first_question_fails(terminal, tmp_path):
    tty = terminal('-c', f'unix:{tmp_path}/none')
    assert tty.end() == 1
    assert 'none' in tty.errors()


# ---- the keys, at three sizes ----

SIZES = pytest.mark.parametrize('lines, columns', [(24, 80), (10, 40), (60, 200)])
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END, ESCAPE = '\x1b[A', '\x1b[B', '\x1b[5~', '\x1b[6~', '\x1b[H', '\x1b[F', '\x1b'


@SIZES
def test_keys_sort(fake, terminal, lines, columns):
    one = fake(lambda question, number: snapshot([row(i) for i in range(3)], number))
    tty = terminal('-c', one.address, '-d', '3600', lines=lines, columns=columns)
    tty.wait(has('>HELD'), 'sorted by what is held')
    for letter, name, title in (('p', 'peak', '>PEAK'), ('u', 'used', '>USED'), ('a', 'age', '>AGE'),
                                ('i', 'idle', '>IDLE'), ('r', 'requests', '>REQS'), ('n', 'unsent', '>UNSENT'),
                                ('t', 'total', '>HELD')):
        tty.press(letter)
        tty.wait(has(title), title)
        assert one.questions[-1] == f'data sort={name}&limit={lines}'
    asked = len(one.questions)
    tty.press('x')
    tty.press(' ')
    tty.wait(lambda _: len(one.questions) == asked + 1, 'asking at once')
    assert has('WORKER')(tty) == (lines > 10)
    tty.press('w')
    tty.wait(lambda s: not has('WORKER')(s) and whole(s), 'the workers to go')
    tty.press('q')
    assert tty.end() == 0


def limited(rows, question, number=0, **more):
    """As many of the rows as the question asks for, or the one that it names."""
    wanted = dict(part.split('=', 1) for part in question.split()[1].split('&'))
    found = [one for one in rows if 'id' not in wanted or wanted['id'] == f"{one['worker']}.{one['id']}"]
    got = snapshot(found[:int(wanted['limit'])], number, **more)
    got['connections']['matched'] = len(found)
    return got


def chosen(tty):
    """The name of the row that is drawn as the selection, as titles are. None: there is none, or half a picture."""
    names = [line.split()[0] for line, style in zip(tty.cells, tty.styles)
             if style == '7' and not line.startswith(('CONNECTION', 'WORKER'))]
    return names[0] if len(names) == 1 else None


def whole(tty):
    assert all(len(line) <= tty.columns for line in tty.cells) and len(tty.cells) == tty.lines
    return True


@SIZES
def test_selection(fake, terminal, lines, columns):
    rows = [row(number) for number in range(1, 301)]
    one = fake(lambda question, number: limited(rows, question, number))
    tty = terminal('-c', one.address, '-d', '3600', lines=lines, columns=columns)
    tty.wait(has('0.1 '), 'the first picture')
    assert chosen(tty) is None

    def press(key, number):
        tty.press(key)
        tty.wait(lambda s: chosen(s) == f'0.{number}' and has(f'0.{number}, {number} of 300')(s) and whole(s),
                 f'{key!r} to select {number}')
    for key, number in (('j', 1), ('j', 2), (DOWN, 3), ('\x1bOB', 4), ('k', 3), (UP, 2), (UP, 1), (UP, 1), (END, 300),
                        (DOWN, 300), (HOME, 1), ('\x1b[4~', 300), ('\x1b[1~', 1)):
        press(key, number)
    tty.press(PAGE_DOWN)
    tty.wait(lambda s: chosen(s) not in ('0.1', None), 'a page further')
    page = int(chosen(tty)[2:])
    assert 1 < page < lines
    press(PAGE_DOWN, 2 * page - 1)
    press(PAGE_UP, page)
    press(PAGE_UP, 1)
    for number in range(2, 2 * lines):
        press(DOWN, number)
    tty.press(ESCAPE)
    tty.wait(lambda s: chosen(s) is None, 'nothing to be selected')
    tty.press('\x1b[15~')
    tty.press('\x1b[Zq')
    assert tty.end() == 0


@SIZES
def test_selection_stays_on_its_connection(fake, terminal, lines, columns):
    """Rows move, the server lists fewer, the connection closes; then the process is another."""
    rows = [row(number) for number in range(1, 4)]

    def answer(question, _):
        return limited(rows, question, server={'pid': pid, 'name': 'Tidepool', 'version': '9.8'})
    pid, one = 1, fake(answer)
    tty = terminal('-c', one.address, '-d', '3600', lines=lines, columns=columns)
    tty.wait(has('0.3 '), 'the first picture')
    tty.press('jj')
    tty.wait(lambda s: chosen(s) == '0.2' and has('0.2, 2 of 3')(s), 'the second one')
    rows.insert(0, row(9))
    rows[1:3] = reversed(rows[1:3])
    tty.press(' ')
    tty.wait(has('0.2, 2 of 4'), 'its new place')
    assert chosen(tty) == '0.2'
    rows.insert(0, rows.pop(1))
    rows[1:1] = [row(number) for number in range(100, 400)]
    rows.append(rows.pop(0))
    tty.press(' ')
    tty.wait(has('0.2 is not among these rows'), 'it to be out of sight')
    assert chosen(tty) is None and one.questions[-1] == 'data id=0.2&limit=1'
    rows.pop()
    tty.press(' ')
    tty.wait(has('0.2 has closed'), 'the end')
    assert chosen(tty) is None and whole(tty)
    tty.press('\n ')
    tty.wait(has('0.2 has closed'), 'that to stay: there is no life to be shown')
    tty.press('j')
    tty.wait(has(', 3 of 303'), 'the one below where it was')
    name = chosen(tty)
    pid = 2
    tty.press(' ')
    tty.wait(has(f'{name} was of process 1'), 'no other connection of that number to be taken for it')
    assert chosen(tty) is None
    tty.press('q')
    assert tty.end() == 0


def test_selection_passes_over_who_asks(fake, terminal):
    """A question's own connection is gone when its answer is seen."""
    rows = [row(1, watches=True, protocol='control'), row(2), row(3)]
    one = fake(lambda question, number: limited(rows, question, number))
    tty = terminal('-c', one.address, '-d', '3600')
    tty.wait(has('0.1 '), 'the first picture')
    assert next(style for line, style in zip(tty.cells, tty.styles) if '0.1 ' in line) == '2', 'it is marked'
    tty.press('j')
    tty.wait(lambda s: chosen(s) == '0.2', 'the first that does not watch')
    tty.press('v')
    tty.wait(lambda _: one.questions[-1] == 'data sort=total&limit=48&watchers=0', 'to ask without them')
    tty.press('v')
    tty.wait(lambda _: one.questions[-1] == 'data sort=total&limit=48', 'to ask with them')
    tty.press('q')
    assert tty.end() == 0


@SIZES
def test_find(fake, terminal, lines, columns):
    one = fake(lambda question, number: snapshot([row(1), row(2)] if 'find' in question else [row(3)], number))
    tty = terminal('-c', one.address, '-d', '3600', lines=lines, columns=columns)
    tty.wait(has('0.3 '), 'the first picture')
    tty.press('/q10&;.0x\x7f')
    tty.wait(has('find: q10.0_'), 'what was typed, without what no name has')
    tty.press('\x7f' * 9)
    tty.wait(has('find: _'), 'nothing')
    tty.press('[::1]:8\n')
    tty.wait(has('/[::1]:8  2 found'), 'the answer')
    assert one.questions[-1].endswith('&find=[::1]:8') and has('0.2 ')(tty) and whole(tty)
    tty.press('/7')
    tty.wait(has('find: 7_'), 'another one')
    tty.press(ESCAPE)
    tty.wait(has('2 found'), 'that to be left')
    tty.press(ESCAPE)
    tty.wait(has('0.3 '), 'all of them')
    assert 'find' not in one.questions[-1]
    tty.press('/' + 'a' * 100 + '\n')
    tty.wait(lambda _: one.questions[-1].endswith('a' * 40), 'what is too long to be cut')
    tty.press('q')
    assert tty.end() == 0


def happened(count=48):
    levels = ['notice', 'warn', 'error', 'crit']
    return [{'time': 1700000000.0 - 65 * number, 'level': levels[number % 4], 'count': 1 + number % 2 * 4,
             'text': f'event {number} at the limit'} for number in range(count)]


@SIZES
def test_events(fake, terminal, lines, columns):
    """Newest first; the gravest, if few have room; all with the key e."""
    one = fake(lambda question, number: snapshot([row(1)], events=happened()))
    tty = terminal('-c', one.address, '-d', '3600', lines=lines, columns=columns)
    tty.wait(has('0.1 '), 'the first picture')
    seen = [int(found.group(1)) for line in tty.cells if (found := re.search(r'event (\d+)', line))]
    assert seen == sorted(seen) and bool(seen) == (lines > 10)
    assert all(number % 4 == 3 for number in seen[:12]) or lines == 60
    if lines == 24:
        assert seen == [3, 7] and has('lately')(tty) and has('3m15 ago crit: 5 times, event 3')(tty)
        assert next(style for line, style in zip(tty.cells, tty.styles) if 'event 3 ' in line) == '31'
    tty.press('e')
    tty.wait(has('WHAT HAPPENED LATELY'), 'the list')
    assert has('notice: event 0')(tty) and not has('0.1 ')(tty) and whole(tty)
    tty.press(DOWN)
    tty.wait(lambda s: lines == 60 or not has('event 0 ')(s) and has('event 1')(s), 'the next')
    tty.press(END)
    tty.wait(has('event 47'), 'the oldest')
    tty.press(HOME)
    tty.wait(has('event 0'), 'the newest')
    for key in 'e', 'q', ESCAPE:
        tty.press(key)
        tty.wait(has('0.1 '), 'the connections to come back')
        tty.press('e')
        tty.wait(has('WHAT HAPPENED LATELY'), 'the list again')
    tty.press('q')
    tty.wait(has('0.1 '), 'the connections')
    tty.press('q')
    assert tty.end() == 0


def test_events_in_a_report(fake):
    text = top('-1', '-c', fake(lambda *_: snapshot([row(1)], events=happened(5))).address).stdout
    assert '2023-11-14 22:12:15 UTC warn: 5 times, event 1 at the limit\n' in text
    assert re.findall(r'event (\d)', text) == list('01234')


@pytest.mark.parametrize('budget, container, said', [
    (64, 128, '32M of 64M live [##########'), (0, 128, '32M of 128M in this container live [#####.'), (0, 0, '32M live, ')])
def test_what_limits_memory(fake, terminal, budget, container, said):
    def answer(*_):
        got = snapshot([row(1)])
        got['memory'].update(budget_bytes=budget << 20, container_bytes=container << 20)
        return got
    tty = terminal('-c', fake(answer).address, lines=24, columns=120)
    tty.wait(has(said), 'the limit')
    tty.press('q')
    assert tty.end() == 0


def test_long_events_are_folded(fake, terminal):
    text = '*4 client sent too large request: ' + ' '.join(f'word{number}' for number in range(40)) + ' end, and ' + 'x' * 90
    one = fake(lambda *_: snapshot([row(1)], events=[dict(happened(1)[0], text=text), *happened(3)]))
    tty = terminal('-c', one.address, '-d', '3600', lines=14, columns=60)
    tty.wait(has('0.1 '), 'the first picture')
    tty.press('e')
    tty.wait(has('event 2'), 'the list')
    lines = [line for line in tty.cells[2:] if line]
    assert lines[0].endswith(' word1') or lines[0].endswith(' word0') or lines[0].endswith(' word2')
    assert all(line.startswith('    ') for line in lines[1:-3])
    assert ' '.join(line.strip() for line in lines[:-3]).replace('x ', 'x').endswith(text[30:])
    tty.press('qq')
    assert tty.end() == 0


def test_no_events(fake, terminal):
    tty = terminal('-c', fake(lambda *_: snapshot([row(1)])).address)
    tty.wait(has('0.1 '), 'the first picture')
    assert not has('lately')(tty)
    tty.press('e')
    tty.wait(has('NOTHING HAS HAPPENED LATELY'), 'to say so')
    tty.press('qq')
    assert tty.end() == 0


def test_what_was_left_out(fake, terminal):
    def answer(*_):
        got = snapshot([row(1)])
        got['workers'].append(dict(got['workers'][0], worker=1, rows=12, short_of_memory=True))
        got['connections'].update(rows_left_out=3, short_of_memory=True)
        return got
    one = fake(answer)
    tty = terminal('-c', one.address, lines=24, columns=80)
    tty.wait(has('left out    worker 1 had no memory to list more than its 12 largest pools'), 'worker 1')
    assert has('left out    3 rows: the server had no memory for them in its answer')(tty)
    assert not has('worker 0 had')(tty)
    tty.press('q')
    assert tty.end() == 0
    assert 'left out    worker 1' in top('-1', '-c', one.address).stdout


@SIZES
def test_help_names_every_key(fake, terminal, lines, columns):
    tty = terminal('-c', fake(lambda *_: snapshot([row(1)])).address, '-d', '3600', lines=lines, columns=columns)
    tty.wait(has('0.1 '), 'the first picture')
    tty.press('?')
    tty.wait(has('KEYS'), 'help')
    text = []
    while not has('A wider screen has more')(tty):
        text += tty.cells
        seen = tty.pictures
        tty.press(DOWN)
        tty.wait(lambda s: s.pictures > seen, 'the next line')  # pylint: disable=cell-var-from-loop
    named = ' '.join(line[:14] for line in text + tty.cells).split()
    assert whole(tty) and not any(line.endswith('...') for line in text if 'Tidepool' not in line)
    for key in 'Up Down j k PgUp PgDn Home End Enter Esc q / t p u a i r n e w v blank ?'.split():
        assert key in named, key
    tty.press('q')
    tty.wait(has('0.1 '), 'the rows to come back')
    tty.press('q')
    assert tty.end() == 0


def test_many_workers(fake, terminal):
    """They leave room for connections, and the line that says how many are not shown."""
    def answer(*_):
        got = snapshot([row(number) for number in range(40)])
        got['workers'] = [dict(got['workers'][0], worker=number) for number in range(64)]
        return got
    for lines, shown in (24, True), (10, False):
        tty = terminal('-c', fake(answer).address, lines=lines, columns=80)
        tty.wait(has('0.1 '), 'the first picture')
        assert has('WORKER')(tty) == shown and bool(re.search(r'and \d+ more', '\n'.join(tty.cells))) == shown
        assert sum('0.' in line and '127.0.0.1' in line for line in tty.cells) >= 4
        tty.press('q')
        assert tty.end() == 0


@pytest.mark.parametrize('value, colours', [('1', False), ('', True)])
def test_no_color(fake, terminal, value, colours):
    """https://no-color.org: set and not empty. What is selected is seen all the same."""
    tty = terminal('-c', fake(lambda *_: snapshot([row(1, state='reading')])).address, NO_COLOR=value)
    tty.wait(has('0.1 '), 'the first picture')
    assert any(style.startswith('3') for style in tty.styles) == colours
    tty.press('j')
    tty.wait(lambda s: chosen(s) == '0.1', 'the selection')
    tty.press('q')
    assert tty.end() == 0


# ---- the life of the pool that is selected ----

LIFE = 'location = /plain { return 200 plain; } location /pools/ { pool_view; }'


def begin_life(server, terminal, lines, columns, http=False):
    """A client of ours is selected, and its life is shown."""
    server.configure(CONTROL + 'http { access_log off; server { listen 127.0.0.1:@http@; ' + LIFE + ' } }', workers=2)
    server.start()
    client = server.client(source='127.0.0.2')
    assert client.ask(target='/plain').status == 200
    where = f'http://127.0.0.1:{server.port()}/pools' if http else f"unix:{server.path('control.sock')}"
    tty = terminal('-c', where, '-d', '1', lines=lines, columns=columns)
    tty.wait(has('CONNECTION'), 'the first picture')
    tty.press('/127.0.0.2\n')
    tty.wait(has('1 found'), 'the client')
    tty.press('j')
    tty.wait(has(', 1 of 1'), 'it to be selected')
    name = chosen(tty)
    tty.press('\n')
    tty.wait(lambda s: has(f'life of {name}: holds 512 B')(s) and has('It was open already')(s) and has('create')(s), 'its life')
    return client, tty, name


@SIZES
@pytest.mark.parametrize('http', [False, True])
def test_life(server, terminal, lines, columns, http):
    client, tty, name = begin_life(server, terminal, lines, columns, http)
    assert client.ask(target='/plain').status == 200
    tty.wait(lambda s: has('GET /plain')(s) and has('idle')(s) and has('holds 512 B, at most')(s), 'a request')
    assert whole(tty) and (columns == 40 or has('2: GET /plain')(tty) and has('127.0.0.2:')(tty))
    for _ in range(10):
        assert client.ask(target='/plain').status == 200
    tty.wait(has(', 12 requests' if columns > 40 else 'life of'), 'more')
    if lines < 60:
        tty.press(HOME)
        tty.wait(has('create'), 'the first event')
        assert client.ask(target='/plain').status == 200
        tty.wait(lambda s: columns == 40 or has('13 requests')(s), 'one more')
        assert has('create')(tty), 'what is looked at stays'
        for key in DOWN, 'j', PAGE_DOWN, UP, 'k', PAGE_UP:
            seen = tty.pictures
            tty.press(key)
            tty.wait(lambda s: s.pictures > seen, key)  # pylint: disable=cell-var-from-loop
    tty.press('?')
    tty.wait(has('KEYS'), 'help')
    tty.press('?')
    tty.wait(has('life of'), 'the life to come back')
    for key in 'q', ESCAPE:
        tty.press(key)
        tty.wait(has(f'{name}, 1 of 1'), 'the connections')
        tty.press('\n')
        tty.wait(lambda s: has(f'life of {name}')(s) and has('create')(s), 'the life again')
    tty.press(END)
    client.close()
    tty.wait(lambda s: has('its pool was destroyed')(s) and has('destroy ')(s), 'the end')
    tty.press(ESCAPE)
    tty.wait(has(f'{name} has closed'), 'to say so here too')
    tty.press('q')
    assert tty.end() == 0


@SIZES
def test_life_while_the_server_hangs(server, terminal, lines, columns):
    client, tty, name = begin_life(server, terminal, lines, columns)
    server.kick(signal.SIGSTOP)
    try:
        tty.wait(lambda s: has('s ago: the server hangs'[:columns - 16])(s) and s.grey(), 'the reason, in grey')
        assert has(f'life of {name}')(tty) and whole(tty)
    finally:
        server.kick(signal.SIGCONT)
    tty.wait(lambda s: not has('last seen')(s), 'the server to answer again')
    assert client.ask(target='/plain').status == 200
    tty.wait(has('GET /plain'), 'the life to go on')
    server.kick(signal.SIGSTOP)
    try:
        tty.wait(has('last seen'), 'the reason again')
        tty.press(ESCAPE)
        tty.wait(has('CONNECTION'), 'to go back all the same')
        tty.press('\n')
        tty.wait(has(f'life of {name}'), 'to wait for its events')
        tty.press('qq')
        assert tty.end() == 0
    finally:
        server.kick(signal.SIGCONT)
        client.close()


def test_life_without_snapshots(server, terminal):
    """Also when the next snapshot is far away: a pool that rests is told from a server that hangs."""
    server.configure(CONTROL + 'http { access_log off; server { listen 127.0.0.1:@http@; ' + LIFE + ' } }')
    server.start()
    with server.client(source='127.0.0.2') as client:
        assert client.ask(target='/plain').status == 200
        tty = terminal('-c', f"unix:{server.path('control.sock')}", '-d', '3600', lines=24, columns=80)
        tty.wait(has('127.0.0.2'), 'the first picture')
        tty.press('vj\n')
        tty.wait(has('create'), 'its life')
        server.kick(signal.SIGSTOP)
        try:
            tty.wait(has(': the server hangs'), 'the reason')
        finally:
            server.kick(signal.SIGCONT)
        tty.wait(lambda s: not has('no sign of life')(s), 'signs of life')
        assert client.ask(target='/plain').status == 200
        tty.wait(has('GET /plain'), 'the life to go on')
        tty.press('qq')
        assert tty.end() == 0


@SIZES
def test_life_when_the_server_is_started_anew(server, terminal, lines, columns):
    client, tty, name = begin_life(server, terminal, lines, columns)
    pid = server.pid
    client.close()
    server.stop()
    tty.wait(lambda s: has('last seen')(s) and has(f'life of {name}')(s), 'the end')
    assert whole(tty)
    server.start()
    with server.client(source='127.0.0.2') as other:
        assert other.ask(target='/plain').status == 200
        tty.wait(lambda s: has('restarted ')(s) and has(f'life of {name}')(s), 'the new process')
        tty.press(ESCAPE)
        tty.wait(has(f'was of process {pid}'[:columns - 22]), 'no other connection to be taken for it')
        assert chosen(tty) is None
        tty.press('q')
        assert tty.end() == 0


def test_life_of_one_that_has_just_closed(fake, terminal):
    one = fake(lambda question, number: snapshot([row(1)]) if question.startswith('data') else b'{"error":"no such connection"}\n')
    tty = terminal('-c', one.address, '-d', '3600')
    tty.wait(has('0.1 '), 'the first picture')
    tty.press('j\n')
    tty.wait(has('no such connection'), 'what the server says')
    assert 'follow id=0.1' in one.questions
    tty.press('qq')
    assert tty.end() == 0


# ---- the control socket ----

CONTROL = 'control unix:@dir@/control.sock;\n'


def control(server, line, **options):
    with Client(server.path('control.sock'), **options) as client:
        client.send(line)
        return client.socket.makefile('rb').read()


def start(server, workers=1, more=''):
    server.configure(CONTROL + more + 'http { access_log off; server { listen 127.0.0.1:@http@; return 204; } }',
                     workers=workers)
    server.start()


def test_control_is_its_owners_alone(server):
    start(server)
    assert stat.S_IMODE(os.stat(server.path('control.sock')).st_mode) == 0o600


@pytest.mark.parametrize('workers', [1, 3])
def test_control_answers(server, workers):
    start(server, workers)
    for _ in range(10):
        assert control(server, b'help\n').endswith(b'\n')
        assert control(server, b'help\r\n') == control(server, b'help\n')
        assert json.loads(control(server, b'nothing\n')) == {'error': 'unknown command: help lists them'}
        assert json.loads(control(server, b'\n'))['error']
        assert json.loads(control(server, b'x' * 319))['error'] == 'the question is too long'


def test_control_takes_a_line_in_pieces_and_without_an_end(server):
    start(server)
    with server.client() as other:
        other.settle()
    with Client(server.path('control.sock')) as client:
        for byte in b'help\n':
            client.send(bytes([byte]))
        assert client.socket.makefile('rb').read() == control(server, b'help\n')
    with Client(server.path('control.sock')) as client:
        client.send(b'nothing')
        client.socket.shutdown(socket.SHUT_WR)
        assert b'unknown command' in client.socket.makefile('rb').read()
    with Client(server.path('control.sock')) as client:
        client.socket.shutdown(socket.SHUT_WR)
        assert client.socket.makefile('rb').read() == b''


def test_control_stays_over_reloads(server):
    start(server)
    server.configure(CONTROL + 'http { access_log off; server { listen 127.0.0.1:@http@; return 201; } }')
    server.reload(lambda: server.get().status == 201)
    assert b'error' in control(server, b'nothing\n')
    assert stat.S_IMODE(os.stat(server.path('control.sock')).st_mode) == 0o600
    server.configure('http { access_log off; server { listen 127.0.0.1:@http@; return 202; } }')
    server.reload(lambda: server.get().status == 202)
    with pytest.raises(OSError):
        control(server, b'help\n')


@pytest.mark.parametrize('text, said', [
    ('control 127.0.0.1:80;', 'unix:PATH'), ('control unix:;', 'unix:PATH'), ('control;', 'number of arguments'),
    ('control unix:/x/' + 'y' * 120 + ';', 'control'),
    ('control unix:@dir@/a; control unix:@dir@/b;', 'duplicate'),
    ('control unix:@dir@/a; http { server { listen unix:@dir@/a; } }', '@dir@/a'),
    ('control unix:@dir@/a; stream { server { listen unix:@dir@/a; echo; } }', 'duplicate')], ids=range(7))
def test_control_that_is_wrong(server, text, said):
    server.configure(text)
    got = server.run('-t', '-c', 'nginx.conf')
    assert got.returncode == 1 and server.expand(said) in got.stderr, got.stderr


def test_graceful_end_waits_for_nobody_who_asks_nothing(server):
    start(server)
    with Client(server.path('control.sock')) as client:
        client.send(b'he')
        server.wait_for(lambda: True, 'a moment')
        server.stop(signal.SIGQUIT)
