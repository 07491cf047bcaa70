# SPDX-License-Identifier: BSD-2-Clause
"""metrics: the text is what Prometheus reads, and the figures are what has happened."""
import gzip
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from tests.harness import exposition
from tests.harness.instance import ROOT
from tests.harness.wire import Closed, request

pytestmark = pytest.mark.ours

LOCATIONS = '''
    location = /metrics { metrics; }
    location = /ok { return 200 ok; }
    location = /away { return 301 /ok; }
    location = /broken { return 500; }
    location = /silent { return 444; }
'''
CONFIG = 'server { listen 127.0.0.1:@http@; ' + LOCATIONS + ' }'
WORKERS = 2


def scrape(server):
    answer = server.get('/metrics')
    assert answer.status == 200
    return exposition.parse(answer.text)


def value(families, name, suffix='', **labels):
    return families['tidepool_' + name].value(suffix, **labels)


def settled(server, ready):
    """Figures once what was done before is all counted: a connection's end is seen a moment after its last byte."""
    seen = []
    server.wait_for(lambda: seen.append(scrape(server)) or ready(seen[-1]), 'the figures')
    return seen[-1]


def assert_no_less(before, now):
    now = exposition.counters(now)
    fallen = {key: (value, now.get(key)) for key, value in exposition.counters(before).items()
              if not now.get(key, 0) >= value and 'worker' not in dict(key[1])}
    assert not fallen


# ---- the text ----------------------------------------------------------

def test_the_answer(shared):
    answer = shared.get('/metrics')
    assert answer.status == 200
    assert answer.get('Content-Type') == 'text/plain; version=0.0.4; charset=utf-8'
    assert answer.get('Cache-Control') == 'no-store'
    assert int(answer.get('Content-Length')) == len(answer.body)
    head = shared.ask('HEAD', '/metrics')
    assert head.status == 200 and head.body == b'' and int(head.get('Content-Length')) > 1000
    for method in 'POST', 'PUT', 'DELETE', 'OPTIONS':
        answer = shared.ask(method, '/metrics', body=b'' if method != 'OPTIONS' else None)
        assert answer.status == 405 and answer.get('Allow') == 'GET, HEAD'


def test_lint(shared):
    families = scrape(shared)
    assert exposition.lint(families) == []
    assert all(name.startswith('tidepool_') for name in families)


@pytest.mark.skipif(not shutil.which('promtool'), reason='promtool (Debian: prometheus) is not installed')
def test_promtool(shared):
    """Prometheus's own judge: `promtool check metrics` reads the text and lints it."""
    done = subprocess.run(['promtool', 'check', 'metrics'], input=shared.get('/metrics').text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, '')


def rules():
    with open(os.path.join(ROOT, 'docs/alerts.yml'), encoding='utf-8') as file:
        return file.read()


def test_rules_name_what_there_is(shared):
    """Every name in the rules is that of a series, with the label that is asked for; and each rule says what to do."""
    names = {name for family in scrape(shared).values() for name, _ in family.series}
    labels = {pair for family in scrape(shared).values() for _, pairs in family.series for pair in pairs}
    text = rules()
    used = set(re.findall(r'\btidepool_\w+', text))
    assert len(used) >= 10 and used <= names, used - names
    assert set(re.findall(r'\{(\w+)="(\w+)"\}', text)) <= labels
    assert text.count('- alert:') == text.count('  expr:') == text.count('summary:') == text.count('action:') >= 8


@pytest.mark.skipif(not shutil.which('promtool'), reason='promtool (Debian: prometheus) is not installed')
def test_rules():
    done = subprocess.run(['promtool', 'check', 'rules', os.path.join(ROOT, 'docs/alerts.yml')], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and f'{rules().count("- alert:")} rules found' in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize('text', [
    'a_bytes 1', '# HELP a A.\n# TYPE a gauge\n', '# HELP a A.\na 1\n', '# TYPE a gauge\n# HELP a A.\na 1\n',
    '# HELP a A.\n# TYPE a gauge\na 1\na 2\n', '# HELP a A.\n# TYPE a gauge\na 1\n# HELP a A.\n# TYPE a gauge\na 2\n',
    '# HELP a A.\n# TYPE a gauge\na{b="c" 1\n', '# HELP a A.\n# TYPE a gauge\na{b="c",} 1\n',
    '# HELP a A.\n# TYPE a gauge\nb 1\n', '# HELP a A.\n# TYPE a gauge\na -1\n', '# HELP a A.\n# TYPE a gauge\na  1\n',
    '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
    '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 2\na_sum 1\na_count 1\n',
    '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
    '# HELP a A.\n# TYPE a histogram\na_bucket{le="8"} 0\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n'])
def test_the_parser_is_strict(text):
    with pytest.raises(exposition.Wrong):
        exposition.parse(text)


def test_what_is_there(shared):
    families = scrape(shared)
    kinds = {name.removeprefix('tidepool_'): family.type for name, family in families.items()}
    for name in ('connections_open', 'memory_live_bytes', 'memory_peak_bytes', 'memory_budget_bytes',
                 'process_start_time_seconds', 'process_open_descriptors', 'process_max_descriptors', 'configuration_reload_successful',
                 'configuration_reload_time_seconds', 'memory_resident_bytes', 'sgi_held_bytes', 'sgi_free_bytes', 'worker_connections_open',
                 'worker_sizeclass_mapped_bytes', 'worker_sizeclass_resident_bytes', 'worker_sizeclass_live_bytes'):
        assert kinds[name] == 'gauge'
    for name in ('connections_accepted', 'connections_closed', 'connections_refused', 'requests', 'responses',
                 'received_bytes', 'sent_bytes', 'over_budget', 'memory_refused', 'memory_failed', 'memory_calls',
                 'process_cpu_seconds', 'log_lines_lost',
                 'sgi_lock_taken', 'sgi_lock_contended', 'sgi_lock_wait_seconds', 'worker_requests'):
        assert kinds[name + '_total'] == 'counter'
    for name in 'request_duration_seconds', 'request_pool_bytes', 'connection_peak_bytes':
        assert kinds[name] == 'histogram'
    assert [bound for bound, _ in families['tidepool_request_pool_bytes'].buckets()][:-1] == \
        [float(1 << bit) for bit in range(6, 22)]
    assert [bound for bound, _ in families['tidepool_connection_peak_bytes'].buckets()][:-1] == \
        [float(1 << bit) for bit in range(9, 25)]


def test_compressed(server):
    server.http('gzip on; gzip_types text/plain; ' + CONFIG)
    server.start()
    answer = server.get('/metrics', fields=[('Accept-Encoding', 'gzip')])
    assert answer.get('Content-Encoding') == 'gzip'
    assert exposition.lint(exposition.parse(gzip.decompress(answer.body).decode())) == []


# ---- the figures -------------------------------------------------------

def test_requests_are_counted(server):
    server.http(CONFIG, workers=2)
    server.start()
    before = scrape(server)
    made = {'2xx': 7, '3xx': 3, '4xx': 5, '5xx': 2}
    targets = {'2xx': '/ok', '3xx': '/away', '4xx': '/nothing', '5xx': '/broken'}
    for status, number in made.items():
        for _ in range(number):
            assert str(server.get(targets[status]).status)[0] == status[0]
    with server.client() as client:  # 444 is closed without a word, and is counted as what it is
        client.send(request('GET', '/silent')).expect_close()
    with server.client() as client:  # ended before its head was whole: 400 in the log, and here
        client.send(b'GET /ok HTTP/1.1\r\nHo').finish().expect_close()
    made['4xx'] += 2
    all_of_it = sum(made.values()) + 1  # the scrape before
    now = settled(server, lambda now: value(now, 'connections_closed_total') + 1 ==
                  value(now, 'connections_accepted_total') and value(now, 'connections_open') == 1)
    # Each scrape while we waited was a request and a connection, too, and is not over when it counts itself.
    scrapes = value(now, 'requests_total') - value(before, 'requests_total') - all_of_it
    assert scrapes >= 0
    for status, number in made.items():
        difference = value(now, 'responses_total', **{'class': status}) - \
            value(before, 'responses_total', **{'class': status})
        assert difference == (number if status != '2xx' else number + scrapes + 1)
    for histogram in 'request_duration_seconds', 'request_pool_bytes':
        assert value(now, histogram, '_count') == value(now, 'requests_total') - 1
    assert value(now, 'connection_peak_bytes', '_count') == value(now, 'connections_closed_total')
    assert sum(one for one in now['tidepool_responses_total'].series.values()) == value(now, 'requests_total') - 1
    assert value(now, 'received_bytes_total') > value(before, 'received_bytes_total')
    assert value(now, 'sent_bytes_total') > value(before, 'sent_bytes_total')
    assert_no_less(before, now)


def test_open_connections(server):
    server.http(CONFIG, workers=2)
    server.start()
    clients = [server.client() for _ in range(20)]
    for client in clients:
        assert client.ask('GET', '/ok').status == 200
    families = scrape(server)
    assert value(families, 'connections_open') == 21
    workers = families['tidepool_worker_connections_open'].series
    assert len(workers) == 2 and sum(workers.values()) == 21
    assert sum(families['tidepool_worker_requests_total'].series.values()) == value(families, 'requests_total') == 21
    for (_, labels), mapped in families['tidepool_worker_sizeclass_mapped_bytes'].series.items():
        live = value(families, 'worker_sizeclass_live_bytes', **dict(labels))
        assert 0 <= live <= value(families, 'worker_sizeclass_resident_bytes', **dict(labels)) <= mapped
        assert live >= 512 * workers['tidepool_worker_connections_open', labels]
    for client in clients:
        client.close()
    settled(server, lambda now: value(now, 'connections_open') == 1)


def test_how_long_requests_take(server):
    """One that comes in two halves, a twentieth of a second apart, cannot have taken less; the others took no turn of the
    loop more than the one that read them."""
    server.http(CONFIG)
    server.start()
    for _ in range(5):
        server.get('/ok')
    before = scrape(server)
    text = request('GET', '/ok')
    with server.client() as client:
        client.send(text[:10]).settle()
        time.sleep(0.05)
        assert client.send(text[10:]).response().status == 200
    now = scrape(server)
    slow = [(bound, one[1] - other[1]) for one, other, bound in
            zip(now['tidepool_request_duration_seconds'].buckets(), before['tidepool_request_duration_seconds'].buckets(),
                [bound for bound, _ in now['tidepool_request_duration_seconds'].buckets()])]
    # Since then: the slow one, and the scrape before.
    assert value(now, 'request_duration_seconds', '_count') - value(before, 'request_duration_seconds', '_count') == 2
    assert all(count <= 1 for bound, count in slow if bound < 0.04)
    assert value(now, 'request_duration_seconds', '_sum') - value(before, 'request_duration_seconds', '_sum') > 0.04


@pytest.mark.plain
def test_how_large_requests_are(server):
    server.http(CONFIG)
    server.start()
    def above(families, bound):
        buckets = dict(families['tidepool_request_pool_bytes'].buckets())
        return buckets[float('inf')] - buckets[bound]
    server.get('/ok')
    before = scrape(server)
    assert above(before, 8192) == 0
    server.get('/ok', fields=[(f'X-{number}', 'x') for number in range(300)])  # an array of 512 fields, by doubling
    now = scrape(server)
    assert above(now, 8192) == 1
    assert value(now, 'request_pool_bytes', '_sum') - value(before, 'request_pool_bytes', '_sum') > 8192


def test_budgets(server):
    server.configure('memory_budget 512m; worker_memory_budget 64m; http { access_log off; connection_pool_budget 48k; '
                     'large_client_header_buffers 4 64k; ' + CONFIG + '}')
    server.start()
    for _ in range(3):
        with server.client() as client:
            assert client.send(request('GET', '/ok', [('X', 'v' * 60000)])).response().status == 503
            client.expect_close()
    families = settled(server, lambda now: value(now, 'connections_open') == 1)
    assert value(families, 'over_budget_total') == 3
    assert value(families, 'responses_total', **{'class': '5xx'}) == 3
    assert value(families, 'memory_budget_bytes') == 512 << 20
    assert value(families, 'worker_memory_budget_bytes', worker='0') == 64 << 20
    assert value(families, 'memory_live_bytes') <= value(families, 'memory_peak_bytes') <= 512 << 20
    assert 0 < value(families, 'worker_memory_held_bytes', worker='0') <= 64 << 20


# ---- over time ---------------------------------------------------------

def test_never_back_over_a_reload(server):
    """Workers that a reload ends leave what they counted: with 4, 1 and 3 of them, in turn."""
    server.http(CONFIG, workers=4)
    server.start()
    made = 0
    last = scrape(server)
    for generation, workers in enumerate((1, 3, 1), 2):
        for _ in range(40):
            assert server.get('/ok').status == 200
        made += 40
        now = settled(server, lambda now: value(now, 'connections_open') == 1)
        assert_no_less(last, now)
        server.http(CONFIG, workers=workers)
        server.kick(signal.SIGHUP)
        last = settled(server, lambda now: value(now, 'configuration_generation') == generation and
                       len(now['tidepool_worker_requests_total'].series) == workers)
        assert_no_less(now, last)
    now = settled(server, lambda now: value(now, 'connections_open') == 1)
    # Requests are those made, and scrapes: all of them answered 200.
    assert value(now, 'responses_total', **{'class': '2xx'}) == value(now, 'requests_total') - 1 >= made


def test_scrapes_while_workers_leave(server):
    """Twelve reloads between 1 and 4 workers: every scrape is answered, whole, and nothing in it has fallen back."""
    server.http(CONFIG, workers=4)
    server.start()
    over, failures, scrapes = threading.Event(), [], []
    def close_client():
        last = scrape(server)
        while not over.is_set():
            now = scrape(server)
            assert_no_less(last, now)
            scrapes.append(1)
            last = now
    def keepalive_client():
        while not over.is_set():
            with server.client() as client:
                while not over.is_set():
                    answer = client.ask('GET', '/metrics')
                    assert answer.status == 200
                    exposition.parse(answer.text)
                    scrapes.append(1)
                    if answer.get('Connection') == 'close':
                        break
    def guarded(work):
        try:
            work()
        except (AssertionError, OSError, KeyError) as error:
            failures.append(f'{work.__name__}: {error!r}')
            over.set()
    threads = [threading.Thread(target=guarded, args=(work,)) for work in (close_client, close_client, keepalive_client)]
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            before = len(scrapes)
            server.http(CONFIG, workers=1 if number % 2 == 0 else 4)
            server.kick(signal.SIGHUP)
            server.wait_for(lambda: len(scrapes) >= before + 6 or over.is_set(), 'scrapes')
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_clients_that_leave(server):
    """Who leaves before the answer takes his scrape with him; pipelined ones come in order."""
    server.http(CONFIG, workers=2)
    server.start()
    for number in range(60):
        client = server.client()
        client.send(request('GET', '/metrics') * (1 + number % 5))
        if number % 3 == 0:
            client.reset()
        elif number % 3 == 1:
            client.close()
        else:
            answers = [client.response() for _ in range(1 + number % 5)]
            counts = [value(exposition.parse(answer.text), 'requests_total') for answer in answers]
            assert counts == sorted(counts)
            client.close()
    settled(server, lambda now: value(now, 'connections_open') == 1)


def test_a_client_that_reads_slowly(server):
    server.http(CONFIG)
    server.start()
    with server.client() as client:
        client.send(request('GET', '/metrics') * 100)
        assert server.get('/ok').status == 200
        for _ in range(100):
            exposition.parse(client.response().text)


# ---- the process -------------------------------------------------------

def test_the_process(server):
    """proc(5): what the kernel says of the same process."""
    earliest = time.time()
    server.configure('worker_rlimit_nofile 600; http { access_log off; ' + CONFIG + ' }')
    server.start()
    with server.client() as client:
        def look():
            return exposition.parse(client.ask('GET', '/metrics').text)

        before = look()
        assert earliest - 1 <= value(before, 'process_start_time_seconds') <= time.time()
        assert value(before, 'process_max_descriptors') == 600
        assert value(before, 'process_open_descriptors') == len(os.listdir(f'/proc/{server.pid}/fd'))
        with server.client() as other:
            other.ask('GET', '/ok')
            assert value(look(), 'process_open_descriptors') == value(before, 'process_open_descriptors') + 1
        with open(f'/proc/{server.pid}/stat', encoding='ascii') as file:
            ticks = sum(map(int, file.read().rsplit(')', 1)[1].split()[11:13]))
        now = look()
        assert_no_less(before, now)
        assert value(now, 'process_cpu_seconds_total') >= (ticks - 1) / os.sysconf('SC_CLK_TCK')
        assert value(now, 'log_lines_lost_total') == 0


@pytest.mark.parametrize('supervise', ['on', 'off'])
def test_the_last_reload(server, supervise):
    """None, one that is refused, one that is taken: when, and with what result."""
    good = f'supervise {supervise}; http {{ access_log off; {CONFIG} }}'
    server.configure(good)
    server.start()
    assert (value(scrape(server), 'configuration_reload_successful'), value(scrape(server), 'configuration_reload_time_seconds')) == (1, 0)
    for text, taken in (good + ' nosuch;', 0), (good, 1):
        earliest = int(time.time() - 0.1)  # the second of time(2) begins up to a tick later
        server.configure(text)
        server.kick(signal.SIGHUP)
        now = settled(server, lambda now: value(now, 'configuration_reload_successful') == taken)
        assert earliest <= value(now, 'configuration_reload_time_seconds') <= time.time()
    server.expect('nosuch')


def test_lost_lines(server):
    """/dev/full takes nothing: each line of the log is counted, those that the log complains of once a while, too."""
    server.configure('http { access_log /dev/full; ' + CONFIG + ' }')
    server.start()
    for _ in range(5):
        server.get('/ok')
    settled(server, lambda now: value(now, 'log_lines_lost_total') >= 5)
    server.expect('/dev/full')


# ---- the directive -----------------------------------------------------

def test_only_where_it_is_said(server):
    server.http('server { listen 127.0.0.1:@http@; location /a/ { metrics; location /a/b/ { } } location / { } }')
    server.start()
    assert server.get('/a/').status == 200 and server.get('/a/anything').status == 200
    assert server.get('/a/b/').status in (403, 404) and server.get('/metrics').status == 404


def test_access(server):
    server.http('server { listen 127.0.0.1:@http@; location = /metrics { metrics; deny all; } }')
    server.start()
    assert server.get('/metrics').status == 403


@pytest.mark.parametrize('text, said', [
    ('server { listen 127.0.0.1:@http@; metrics; }', '"metrics" directive is not allowed here'),
    ('server { listen 127.0.0.1:@http@; location / { metrics on; } }', 'invalid number of arguments in "metrics"')])
def test_wrong(server, text, said):
    server.http(text)
    run = server.run('-t', '-c', 'nginx.conf')
    assert run.returncode == 1 and said in run.stderr


def test_cut_while_it_quits(server):
    """TERM in the middle of scrapes: no answer is broken off but by the end of its connection, and nothing is left."""
    server.http(CONFIG, workers=2)
    server.start()
    with server.client() as client:
        client.send(request('GET', '/metrics') * 50)
        server.kick(signal.SIGTERM)
        try:
            while True:
                exposition.parse(client.response().text)
        except (Closed, ConnectionError):
            pass
    server.wait_for(lambda: server.process.poll() is not None, 'the end')
