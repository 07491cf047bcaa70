# SPDX-License-Identifier: BSD-2-Clause
"""One life of a server in which the Nth call of one kind for memory fails: start, a scripted session, a
reload, the session again, a graceful end. What must hold, whichever call it was: no crash, no leak, no
connection that hangs, every answer whole; and the server serves afterwards, or has said why it did not
start."""
import json
import os
import re
import signal
import socket
import time

from tests.harness import exposition
from tests.harness import instance
from tests.harness.wire import PATIENCE, Closed, ProtocolError, chunked, request

POINTS = ('system', 'sizeclass', 'sgi', 'pool')
# What no injected failure excuses.
CRASH = re.compile(r'Sanitizer|runtime error:|not given back|Assertion|double free')
CALLS = re.compile(r'fault: (\w+) (\d+) calls')

CONFIG = '''
supervise off;
control unix:@dir@/control.sock;
stream { server { listen 127.0.0.1:@echo@; echo; } }
http {
    access_log access.log;
    types { text/plain txt; }
    limit_conn_zone $binary_remote_addr zone=addr:1m;
    large_client_header_buffers 4 16k;
    client_body_buffer_size 16k;
    server {
        listen 127.0.0.1:@http@;
        listen unix:@dir@/http.sock;
        root @dir@/html;
        server_name localhost *.example.org ~^re\\d+$;
        location = /plain { return 200 "plain"; }
        location = /which { return 200 "@word@"; }
        location = /body { echo_body; }
        location = /whole { echo_body whole; client_body_buffer_size 8k; client_body_temp_path @dir@/body 1; }
        location /pools/ { pool_view; }
        location = /metrics { metrics; }
        location ~ ^/re/(\\w+)$ { return 200 "$1"; }
        location /files/ { alias @dir@/html/; open_file_cache max=10; limit_conn addr 10; }
    }
}
'''
LARGE = b'f' * 102400


class Trouble(Exception):
    """Something that may not happen."""


def attempt(work):
    """The outcome of a step: True when all was as without a failure, False for a refusal that is in order
    (503 and its kin, a closed connection); a connection that hangs or an answer that is no HTTP is
    trouble."""
    try:
        return bool(work())
    except (Closed, ConnectionError):
        return False
    except (ProtocolError, OSError) as error:
        raise Trouble(f'{work.__name__}: {error}') from error


def keepalive(server):
    def steps():
        good = True
        with server.client() as client:
            for target, text in (('/plain', 'plain'), ('/plain', 'plain'), ('/re/word', 'word'),
                                 ('/absent', None)):
                answer = client.ask('GET', target)
                good &= answer.status == 404 if text is None else answer.text == text
            answer = client.ask('GET', '/plain', [('X-Large', 'h' * 8000)])
            good &= answer.status == 200
            answer = client.ask('GET', '/pools/trace')
            good &= answer.status == 200
            if answer.status == 200 and json.loads(answer.body)['allocations'][0]['purpose'] != 'connection':
                raise Trouble('a trace without a connection')
            answer = client.ask('GET', '/files/100k.txt')
            good &= answer.body == LARGE
            if answer.status == 200 and answer.body != LARGE:
                raise Trouble('a file with other bytes')
        return good
    return steps


def bodies(server):
    chunks = (('Transfer-Encoding', 'chunked'),)

    def steps():
        good = True
        for target, framing, body in (('/body', (), b'b' * 4000), ('/body', (), b'c' * 65536),
                                      ('/body', chunks, b'd' * 30000), ('/whole', (), b'e' * 65536),
                                      ('/whole', chunks, b'f' * 30000)):
            with server.client() as client:
                client.send(request('POST', target, framing, chunked(body) if framing else body))
                answer = client.response('POST')
                if answer.status == 200 and answer.body != body:
                    raise Trouble('a body with other bytes')
                good &= answer.status == 200
        return good
    return steps


def figures(server):
    """Snapshots: as metrics, as data, and at the control socket, where an answer that found no memory is an error or
    cut short."""
    def steps():
        with server.client() as client:
            answer = client.ask('GET', '/metrics')
            good = answer.status == 200
            if good:
                exposition.parse(answer.text)
                answer = client.ask('GET', '/pools/data')
                good = answer.status == 200 and json.loads(answer.body)['schema'] == 1
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(server.path('control.sock'))
            control.sendall(b'data limit=1\n')
            said = b''.join(iter(lambda: control.recv(65536), b''))
        return good and said.startswith(b'{"schema":1,') and said.endswith(b'}}')
    return steps


def pipelined(server):
    def steps():
        with server.client() as client:
            client.send(request('GET', '/plain') * 10)
            return all([client.response().status == 200 for _ in range(10)])
    return steps


def echo(server):
    def steps():
        data = bytes(range(256)) * 1000
        with server.client('echo') as client:
            for at in range(0, len(data), 16000):
                part = data[at:at + 16000]
                client.send(part)
                if client.exactly(len(part)) != part:
                    raise Trouble('echo gave other bytes')
            client.finish().expect_close()
        return True
    return steps


def session(server):
    """All steps; whether each was as it should be."""
    return [attempt(step(server)) for step in (keepalive, bodies, figures, pipelined, echo)]


def is_word(server, word):
    try:
        return server.get('/which').text == word
    except (AssertionError, OSError):
        return False


def reload(server, word, tries=4):
    """HUP, again if the first one was refused. Whether the new configuration is in force in the end."""
    write(server, word)
    for _ in range(tries):
        server.kick(signal.SIGHUP)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            if is_word(server, word):
                return True
            if server.process.poll() is not None:
                said = server.read('error.log')[-600:]
                raise Trouble(f'died at reload with status {server.process.returncode}: {said}')
            time.sleep(0.02)
    return False


def write(server, word):
    server.configure(CONFIG.replace('@word@', word), workers=1)


def life(folder, fault, persistent=False):
    """Runs one life with TIDEPOOL_FAULT=fault. Returns (whether the failure was seen at all, calls by point).
    Raises Trouble."""
    server = instance.Server(folder)
    server.write('html/100k.txt', LARGE)
    server.write('html/index.html', 'index')
    write(server, 'old')
    seen = False
    try:
        process = server.spawn(env={'TIDEPOOL_FAULT': fault})
        server.wait_for(lambda: server.read('tidepool.pid').strip() or process.poll() is not None,
                        'the start')
        if process.poll() is not None:
            check(server, process)
            said = server.read('stderr') + server.read('error.log')
            if process.returncode != 1 or not re.search(r'\[(emerg|alert|crit)\]', said):
                raise Trouble(f'did not start, status {process.returncode}, and said only: {said[-500:]!r}')
            return True, {}
        good = session(server)
        changed = reload(server, 'new', 1 if persistent else 4)
        again = session(server)
        seen = not (all(good) and changed and all(again))
        if not persistent:
            # One call failed, once: at the latest now all is as ever.
            for _ in range(3):
                last = session(server)
                if all(last):
                    break
            else:
                raise Trouble(f'does not serve afterwards: {last}')
            if not changed and not reload(server, 'newer'):
                raise Trouble('does not reload afterwards')
        process.send_signal(signal.SIGTERM if persistent else signal.SIGQUIT)
        try:
            process.wait(30)
        except Exception:
            raise Trouble('does not end') from None
        check(server, process)
        if process.returncode != 0:
            raise Trouble(f'exit status {process.returncode}: {server.read("stderr")[-1500:]}')
        if any(files for _, _, files in os.walk(server.path('body'))):
            raise Trouble('a body\'s file is left behind')
        said = server.read('stderr') + server.read('error.log')
        return seen, {name: int(count) for name, count in CALLS.findall(said)}
    except (AssertionError, Trouble) as error:
        # What a sanitizer said explains more than what a client saw of it.
        check(server, process)
        raise Trouble(str(error)) from error
    finally:
        server.kill()
        server.stderr.close()


def check(server, process):
    said = server.read('stderr') + server.read('error.log')
    bad = [line for line in said.splitlines() if CRASH.search(line)]
    if bad:
        raise Trouble('\n'.join(bad[:5]) + '\n' + server.read('stderr')[-3000:])
    if process.returncode is not None and process.returncode < 0:
        raise Trouble(f'killed by signal {-process.returncode}')
