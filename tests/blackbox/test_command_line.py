# SPDX-License-Identifier: BSD-2-Clause
"""The command line (nginx: command-line parameters), and what a wrong configuration gets: one clear line and
status 1."""
import os
import re
import resource
import subprocess

import pytest

from tests.harness.instance import BINARY, OURS, ROOT

GOOD = 'http { access_log off; server { listen 127.0.0.1:@http@; location / { return 200 "good"; } } }'


def test_t(server):
    server.configure(GOOD)
    done = server.run('-c', 'nginx.conf', '-t')
    assert done.returncode == 0 and done.stdout == ''
    assert 'syntax is ok' in done.stderr and 'test is successful' in done.stderr and server.path('nginx.conf') in done.stderr
    assert not OURS or not os.path.exists(server.path('tidepool.pid'))


def test_t_quiet(server):
    server.configure(GOOD)
    done = server.run('-c', 'nginx.conf', '-t', '-q')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_T(server):
    """-T prints every file that was read, with a line that names it."""
    server.write('extra/one.conf', 'location /one { return 200; }\n')
    server.write('extra/two.conf', 'location /two { return 200; }\n')
    server.http('server { listen 127.0.0.1:@http@; include extra/*.conf; }')
    done = server.run('-c', 'nginx.conf', '-T')
    assert done.returncode == 0
    named = re.findall(r'^# configuration file (\S+):$', done.stdout, re.M)
    assert named == [server.path(name) for name in ('nginx.conf', 'extra/one.conf', 'extra/two.conf')]
    assert 'location /one { return 200; }\n' in done.stdout and 'test is successful' in done.stderr


@pytest.mark.ours
def test_v(server):
    done = server.run('-v')
    assert (done.returncode, done.stdout, done.stderr) == (0, 'tidepool version: tidepool/0.1.0\n', '')


def test_V(server):
    """Test suites look for a version like nginx's and for --with-… of what is built in."""
    done = server.run('-V')
    assert done.returncode == 0 and re.search(r'nginx version: \S*nginx/\d+\.\d+\.\d+',
                                              done.stdout + done.stderr)
    assert not OURS or 'configure arguments' not in done.stdout, 'there was no configure, and nobody gave it arguments'


def test_more_connections_than_descriptors(server):
    """nginx: "%ui worker_connections exceed open file resource limit: %i", a warning (ngx_event_module_init): against
    worker_rlimit_nofile, or else the limit that the process has."""
    words = r'\[warn\] (?:\d+#\d+: )?(\d+) worker_connections exceed open file resource limit: (\d+)'
    for directives, expected in (('worker_rlimit_nofile 100;', [('101', '100')]), ('worker_rlimit_nofile 101;', []), ('', [])):
        server.configure(f'{directives} events {{ worker_connections 101; }} ' + GOOD)
        done = server.run('-c', 'nginx.conf', '-t')
        assert done.returncode == 0 and re.findall(words, done.stderr) == expected, done.stderr
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    server.configure(f'events {{ worker_connections {limit + 1}; }} ' + GOOD)
    assert re.findall(words, server.run('-c', 'nginx.conf', '-t').stderr) == [(str(limit + 1), str(limit))]
    server.configure(f'events {{ worker_connections {limit}; }} ' + GOOD)
    assert re.findall(words, server.run('-c', 'nginx.conf', '-t').stderr) == []


# nginx: a module that its configure builds unless told otherwise, and a directive of it
# (https://nginx.org/en/docs/configure.html); its tests skip what -V says is missing.
MODULES = {
    'http_charset': 'charset', 'http_gzip': 'gzip', 'http_ssi': 'ssi', 'http_userid': 'userid', 'http_access': 'allow',
    'http_auth_basic': 'auth_basic', 'http_mirror': 'mirror', 'http_autoindex': 'autoindex', 'http_geo': 'geo',
    'http_map': 'map', 'http_split_clients': 'split_clients', 'http_referer': 'valid_referers', 'http_rewrite': 'rewrite',
    'http_proxy': 'proxy_pass', 'http_fastcgi': 'fastcgi_pass', 'http_uwsgi': 'uwsgi_pass', 'http_scgi': 'scgi_pass',
    'http_grpc': 'grpc_pass', 'http_memcached': 'memcached_pass', 'http_limit_conn': 'limit_conn',
    'http_limit_req': 'limit_req', 'http_empty_gif': 'empty_gif', 'http_browser': 'ancient_browser',
    'http_tunnel': 'tunnel_pass', 'http_upstream_hash': 'hash', 'http_upstream_ip_hash': 'ip_hash',
    'http_upstream_least_conn': 'least_conn', 'http_upstream_least_time': 'least_time', 'http_upstream_random': 'random',
    'http_upstream_keepalive': 'keepalive', 'http_upstream_zone': 'zone', 'http_upstream_sticky': 'sticky',
    'mail_pop3': 'pop3_auth', 'mail_imap': 'imap_auth', 'mail_smtp': 'smtp_auth',
    'stream_limit_conn': 'limit_conn', 'stream_access': 'allow', 'stream_geo': 'geo', 'stream_map': 'map',
    'stream_split_clients': 'split_clients', 'stream_return': 'return', 'stream_pass': 'pass', 'stream_set': 'set',
    'stream_upstream_hash': 'hash', 'stream_upstream_least_conn': 'least_conn', 'stream_upstream_least_time': 'least_time',
    'stream_upstream_random': 'random', 'stream_upstream_zone': 'zone',
}


@pytest.mark.ours
def test_V_names_what_is_missing(server):
    """--without-MODULE stands for each module whose directive is unknown, and for no other."""
    said = server.run('-V').stdout
    text = subprocess.run([BINARY, 'directives'], capture_output=True, text=True, check=True).stdout
    http, stream = text.split('### stream', 1)
    for module, directive in MODULES.items():
        known = re.search(rf'^\| `{directive}[ ;]', stream if module.startswith('stream') else http, re.M)
        assert (f' --without-{module}_module' in said) == (known is None or module.startswith('mail')), module
    assert '--without-http-cache' in said and '--with-mail' not in said


@pytest.mark.ours
def test_one_directive(server):
    """`directives NAME`: its rows, in plain words; whatever else is said goes to stderr."""
    done = subprocess.run([BINARY, 'directives', 'listen'], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == '' and done.stdout.count('  in:      server') == 2
    assert done.stdout.startswith('listen ADDRESS[:PORT] | PORT | unix:PATH ') and '`' not in done.stdout and '\\' not in done.stdout
    for name in ('$args', 'args'):
        done = subprocess.run([BINARY, 'directives', name], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.startswith('$args\n')
    done = subprocess.run([BINARY, 'directives', 'liste'], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, '') and 'no directive or variable "liste"' in done.stderr


@pytest.mark.parametrize('option', ['-h', '--help', '-?'])
def test_h(server, option):
    if option == '--help' and not OURS:
        pytest.skip('nginx has no long forms')
    done = server.run(option)
    said = done.stdout + done.stderr
    assert done.returncode == 0
    for flag in ('-c', '-p', '-g', '-e', '-t', '-T', '-q', '-v', '-V', '-s'):
        assert re.search(rf'^\s*(-\?,)?{flag}\b', said, re.M), flag
    assert not OURS or done.stderr == ''
    if OURS:
        assert all(f'tidepool {name} ' in said for name in ('top', 'follow', 'advise'))


@pytest.mark.parametrize('arguments',
                         [['-x'], ['-c'], ['-g'], ['-s'], ['-s', 'dance'], ['argument'], ['-p'], ['-e']],
                         ids=' '.join)
def test_wrong_options(server, arguments):
    server.configure(GOOD)
    done = server.run(*arguments)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1


def test_g(server):
    """-g: directives of the main level, beside those of the file."""
    server.configure_raw('http { access_log off; server { listen 127.0.0.1:@http@; return 200 "g"; } } events { }')
    user = 'user root;' if os.geteuid() == 0 else ''
    server.start('-g', f'daemon off; {user} pid tidepool.pid; worker_processes 1;')
    assert server.get().text == 'g'


# What was meant, in our words: the directive, and all that stands behind the reason before the place.
HINTS = [
    ('server { listen 80; }', '"server" directive is not allowed here (it belongs in http, stream)'),
    ('location / { }', '"location" directive is not allowed here (it belongs in server, location)'),
    ('http { server { worker_processes 1; } }', '"worker_processes" directive is not allowed here (it belongs outside of all blocks)'),
    ('http { server { server_name a; location / { listen 80; } } }',
     '"listen" directive is not allowed here (it belongs in server, server (stream))'),
    ('event { }', 'unknown directive "event" (did you mean "events"?)'),
    ('http { gziip on; }', 'unknown directive "gziip" (did you mean "gzip"?)'),
    ('http { servre { } }', 'unknown directive "servre" (did you mean "server"?)'),
    ('http { server { server_nmae a; } }', 'unknown directive "server_nmae" (did you mean "server_name"?)'),
    ('http { server { locaton / { } } }', 'unknown directive "locaton" (did you mean "location"?)'),
    ('http { server { rot /x; } }', 'unknown directive "rot" (did you mean "root"?)'),
    ('http { server { nonsense on; } }', 'unknown directive "nonsense"'),
    ('http {\n  server {\n', 'unexpected end of file, expecting "}" for "server" on line 2'),
    ('http {\n  default_type "text;\n}\n', 'unexpected end of file, expecting a closing " for the one on line 2'),
]


@pytest.mark.ours
@pytest.mark.parametrize('text, said', HINTS, ids=[text for text, _ in HINTS])
def test_what_was_meant(server, text, said):
    server.write('nginx.conf', f'events {{ }} {text}' if text.startswith('http') else text)
    done = server.run('-c', 'nginx.conf', '-t')
    assert done.returncode == 1
    assert re.search(rf'\[emerg\] {re.escape(said)} in {re.escape(server.path("nginx.conf"))}:\d+$', done.stderr, re.M), done.stderr


@pytest.mark.ours
def test_a_configuration_that_listens_nowhere(server):
    """It starts nothing that could be asked; -t only warns, since a part of a configuration may be tested."""
    nowhere = 'the configuration listens nowhere: it has no server in http or stream'
    server.write('nginx.conf', 'daemon off; pid off; events { } http { }')
    done = server.run('-c', 'nginx.conf', '-t')
    assert done.returncode == 0 and f'[warn] {nowhere}' in done.stderr
    done = server.run('-c', 'nginx.conf')
    assert done.returncode == 1 and f'[emerg] {nowhere}' in done.stderr and '[warn]' not in done.stderr


def test_g_wrong(server):
    server.configure(GOOD)
    done = server.run('-c', 'nginx.conf', '-t', '-g', 'nonsense on;')
    assert done.returncode == 1 and 'unknown directive "nonsense" in command line' in done.stderr


def test_missing_file(server):
    done = server.run('-c', 'absent.conf', '-t')
    assert done.returncode == 1 and 'absent.conf' in done.stderr and 'No such file or directory' in done.stderr


def test_relative_paths(server):
    """-p is what relative paths start from."""
    server.write('sub/html/index.html', 'relative\n')
    server.configure_raw('events { } http { access_log off; server { listen 127.0.0.1:@http@; root sub/html; } } daemon off; pid tidepool.pid; '
                         'worker_processes 1;' + ('user root;' if os.geteuid() == 0 else ''))
    assert server.start().get().text == 'relative\n'


# Text (the line that is wrong is line 2 of the file), and what the message must contain.
ERRORS = [
    ('nonsense on;', 'unknown directive "nonsense"'),
    ('http { nonsense on; }', 'unknown directive "nonsense"'),
    ('listen 80;', '"listen" directive is not allowed here|unknown directive "listen"'),
    ('http { server { worker_processes 1; } }', '"worker_processes" directive is not allowed here'),
    ('http { server { location / { listen 80; } } }', '"listen" directive is not allowed here'),
    ('http { keepalive_timeout; }', 'invalid number of arguments in "keepalive_timeout" directive'),
    ('http { sendfile on off; }', 'invalid number of arguments in "sendfile" directive'),
    ('http { sendfile maybe; }', 'invalid value "maybe" in "sendfile" directive'),
    ('http { sendfile on; sendfile off; }', '"sendfile" directive is duplicate'),
    ('worker_rlimit_nofile many;',
     'invalid number|invalid value "many" in "worker_rlimit_nofile" directive'),
    ('http { client_max_body_size 1q; }',
     '"client_max_body_size" directive invalid value|invalid value "1q" in "client_max_body_size" directive'),
    ('http { client_header_timeout 5 minutes; }',
     'invalid number of arguments in "client_header_timeout" directive'),
    ('http { client_header_timeout 5parsecs; }',
     '"client_header_timeout" directive invalid value|invalid value "5parsecs"'),
    ('http { large_client_header_buffers 0 8k; }', 'large_client_header_buffers|invalid'),
    ('http { server { listen 127.0.0.1:99999; } }',
     'invalid port in "127.0.0.1:99999" of the "listen" directive'),
    ('http { server { listen 127.0.0.1:80 sideways; } }', 'invalid parameter "sideways"'),
    ('http { server { listen 300.1.1.1:80; } }',
     'host not found in "300.1.1.1:80" of the "listen" directive|invalid'),
    ('http { server { location { } } }', 'invalid number of arguments in "location" directive'),
    ('http { server { location ~ "(" { } } }', 'pcre2?_compile\\(\\) failed|regex'),
    ('http { server { server_name ~(; } }', 'pcre2?_compile\\(\\) failed|regex'),
    ('http { server { location /a { } location /a { } } }', 'duplicate location "/a"'),
    ('http { server { location /a { location /b { } } } }', 'location "/b" is outside location "/a"'),
    ('http { server { return; } }', 'invalid number of arguments in "return" directive'),
    ('http { server { return word; } }', 'invalid return code "word"'),
    ('http { server { return 1000; } }', 'invalid return code "1000"'),
    ('http { server { return 200 "$nothing_of_that_name"; } }', 'unknown "nothing_of_that_name" variable'),
    ('http { server { root html; alias html; } }', '"alias" directive is not allowed here|duplicate'),
    ('http { server { location / { root html; alias html; } } }',
     '"alias" directive is duplicate, "root" directive was specified earlier'),
    ('http { access_log logs/a.log nosuch; }', 'unknown log format "nosuch"'),
    ('http { log_format combined "x"; }', 'duplicate "log_format" name "combined"'),
    ('http { server { location / { limit_conn nozone 1; } } }',
     'unknown limit_conn_zone "nozone"|zero size shared memory zone "nozone"'),
    ('http { limit_conn_zone $binary_remote_addr; }',
     'invalid number of arguments|must have "zone" parameter'),
    ('error_log error.log loud;', 'invalid log level "loud"|invalid value "loud" in "error_log" directive'),
    ('include absent.conf;', 'open\\(\\) ".*absent.conf" failed \\(2: No such file or directory\\)'),
    ('http', 'unexpected end of file, expecting ";" or "}"'),
    ('http {', 'unexpected end of file, expecting "}"'),
    ('}', 'unexpected "}"'),
    (';', 'unexpected ";"'),
    ('{', 'unexpected "{"'),
    ('http { sendfile on }', 'unexpected "}"'),
    ('http;', 'directive "http" has no opening "{"'),
    ('http { sendfile { } }', 'directive "sendfile" is not terminated by ";"'),
    ('http { types { text/html; } } }', 'unexpected "}"|invalid number of parameters'),
    ('http { default_type "text; }', 'unexpected end of file'),
    ('http { default_type "text"x; }', 'unexpected "x"'),
    ('http { } http { }', '"http" directive is duplicate'),
    ('user nobody-of-that-name;', 'getpwnam\\("nobody-of-that-name"\\) failed'),
    ('worker_processes none;', '"worker_processes" directive invalid value|invalid value "none"'),
    ('worker_processes -1;', 'invalid'),
]
OUR_ERRORS = [
    ('pool_mode sideways;', 'invalid value "sideways" in "pool_mode" directive|invalid'),
    ('memory_budget lots;', 'invalid value "lots" in "memory_budget" directive'),
    ('http { connection_pool_budget; }', 'invalid number of arguments in "connection_pool_budget" directive'),
    ('http { echo; }', '"echo" directive is not allowed here|unknown directive "echo"'),
    ('http { echo_body; }', '"echo_body" directive is not allowed here'),
    ('stream { server { echo; } }', 'no "listen" is defined for server|listen'),
    ('stream { server { listen 127.0.0.1:9; echo on; } }', 'invalid number of arguments in "echo" directive'),
    ('stream { server { listen 127.0.0.1:9; } }', 'echo|no handler'),
    ('stream { server { listen 127.0.0.1:9; echo; echo_timeout x; } }',
     'invalid value "x" in "echo_timeout" directive'),
]


def check_error(server, text, message):
    os.makedirs(server.path('logs'))
    server.configure_raw('daemon off; pid tidepool.pid; events { }\n' + text + '\n')
    done = server.run('-c', 'nginx.conf', '-t')
    assert done.returncode == 1
    first = [line for line in done.stderr.splitlines() if '[emerg]' in line]
    assert len(first) == 1, done.stderr
    assert re.search(message, first[0]), first[0]
    # nginx finds some of them only when the file is closed, and then names no line.
    if OURS:
        assert re.search(r'nginx\.conf:[1-4]\b', first[0]), first[0]


@pytest.mark.parametrize('text, message', ERRORS, ids=[text for text, _ in ERRORS])
def test_errors(server, text, message):
    """nginx's words, with file and line."""
    message = message if '\\' in message or '|' in message else re.escape(message)
    check_error(server, text, message)


@pytest.mark.ours
@pytest.mark.parametrize('text, message', OUR_ERRORS, ids=[text for text, _ in OUR_ERRORS])
def test_our_errors(server, text, message):
    check_error(server, text, message)


def test_error_names_the_included_file(server):
    server.write('sub/bad.conf', '# a comment\n\nnonsense on;\n')
    server.configure_raw('events { } http { include sub/bad.conf; }')
    done = server.run('-c', 'nginx.conf', '-t')
    assert f'unknown directive "nonsense" in {server.path("sub/bad.conf")}:3' in done.stderr


def test_start_with_an_error(server):
    """Not only -t: a start fails in the same way, with the message on stderr too."""
    server.configure('nonsense on;')
    server.refuses_to_start('unknown directive "nonsense"')


def test_unwritable_log(server):
    """A log that cannot be opened stops the start with its name and the reason."""
    server.http('access_log @dir@/no/such/folder/access.log; server { listen 127.0.0.1:@http@; }')
    done = server.run('-c', 'nginx.conf', '-t')
    assert done.returncode == 1
    assert re.search(r'open\(\) ".*/no/such/folder/access.log" failed \(2: No such file or directory\)',
                     done.stderr)


LANGUAGE = '''
    # a comment; with { and }
    server { # another
        listen 127.0.0.1:@http@;
        default_type text/plain;
        location = /quotes { return 200 'single "inner" \\'x\\''; }
        location = /double { return 200 "double 'inner' \\"x\\""; }
        location = /escapes { return 200 "tab\\tend\\\\"; }
        location = /bare { return 200 a\\;b; }
        location = /hash { return 200 a#b; }
        location = /braces { return 200 "{;}"; }
        location
            =
            /lines
        { return
            200
            "on many lines"
          ; }
        location = /braced { return 200 "${uri}x"; }
        include sub/*.inc;
        include none/*.inc;
    }
'''


def test_language(server):
    """nginx's lexer: quotes, escapes, comments, line breaks, braces in quotes, ${name}, include with a
    pattern."""
    server.write('sub/a.inc', 'location = /a { return 200 "from a"; }')
    server.write('sub/b.inc', 'location = /b { return 200 "from b"; }')
    server.http(LANGUAGE)
    server.start()
    for target, text in (('/quotes', 'single "inner" \'x\''), ('/double', 'double \'inner\' "x"'),
                         ('/escapes', 'tab\tend\\'),
                         ('/bare', 'a\\;b'), ('/hash', 'a#b'), ('/braces', '{;}'),
                         ('/lines', 'on many lines'), ('/braced', '/bracedx'),
                         ('/a', 'from a'), ('/b', 'from b')):
        assert server.get(target).text == text, target


def serve_embedded(server):
    """The embedded configuration, as -T shows it, on other ports."""
    done = server.run('-T')
    assert done.returncode == 0 and '127.0.0.1:8080' in done.stdout and '127.0.0.1:7007' in done.stdout
    text = done.stdout.replace('127.0.0.1:8080', '127.0.0.1:@http@').replace('127.0.0.1:7007',
            '127.0.0.1:@echo@')
    text = re.sub(r'^\s*(daemon|pid|user)\s[^;]*;', '', text, flags=re.M)
    user = 'user root;' if os.geteuid() == 0 else ''
    server.configure_raw(f'{text}\ndaemon off; pid tidepool.pid; {user}')
    server.start()


@pytest.mark.ours
def test_embedded_default(server):
    """Without a file the embedded configuration is used."""
    serve_embedded(server)
    answer = server.get()
    assert answer.status == 200 and b'Tidepool' in answer.body
    for target in re.findall(r'href="(/[^"]*)"', answer.text):
        assert server.get(target).status == 200, target
    assert server.get('/pools/data').status == server.get('/metrics').status == 200
    with server.client('echo') as client:
        assert client.send(b'hello\n').exactly(6) == b'hello\n'


# RFC 9110 7.4: a server should "reject a request that targets an origin it was not configured for"; 15.5.20: 421. RFC 6761
# 6.3: localhost and all names below it are this machine; RFC 1122 3.2.1.3: so is 127.0.0.0/8.
LOOPBACK = ['localhost', 'LOCALHOST', 'localhost:@http@', 'localhost.', 'a.localhost', 'a.b.LocalHost:1', '127.0.0.1',
            '127.0.0.1:@http@', '127.1.2.3:65535', '[::1]', '[::1]:@http@', None]
ELSEWHERE = ['evil.test', 'evil.test:@http@', 'localhost.evil.test', 'evillocalhost', 'notlocalhost:1', '127.0.0.1.evil.test',
             'x127.0.0.1', '1127.0.0.1', '128.0.0.1', '0.0.0.0', '192.168.0.1', '[::2]', '[fe80::1]', '127.0.0.1.evil',
             'localhost%2eevil.test', '127.0.0.evil', 'xn--localhost-1', '.localhost.x']


@pytest.mark.ours
def test_embedded_default_by_name(server):
    """A page whose name leads here (DNS rebinding) is told nothing: loopback names alone are served."""
    serve_embedded(server)
    for target in ('/', '/pools/', '/pools/data', '/metrics', '/plaintext', '/none'):
        expected = 404 if target == '/none' else 200
        for host in LOOPBACK:
            version = '1.0' if host is None else '1.1'
            host = host and server.expand(host)
            assert server.get(target, host=host, version=version).status == expected, (target, host)
        for host in ELSEWHERE:
            answer = server.get(target, host=server.expand(host))
            assert answer.status == 421 and len(answer.body) < 200 and 'localhost' in answer.text, (target, host)
        for method in ('POST', 'OPTIONS'):
            assert server.ask(method, target, body=b'x', host='evil.test').status == 421
        # RFC 9112 3.2.2: the target's authority counts, whatever Host says; what comes by HTTP/1.0 has one, too.
        assert server.get('http://evil.test' + target, host='localhost').status == 421
        assert server.get('http://localhost' + target, host='evil.test').status == expected
        assert server.get(target, host='evil.test', version='1.0').status == 421
        assert server.get('http://evil.test' + target, host=None, version='1.0').status == 421


@pytest.mark.ours
@pytest.mark.parametrize('where', ['127.0.0.1', 'localhost'])
def test_embedded_default_asked_by_top(server, where):
    serve_embedded(server)
    done = subprocess.run([BINARY, 'top', '-1', '-c', f'http://{where}:{server.port()}/pools/'], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0 and 'connections' in done.stdout, done


@pytest.mark.ours
@pytest.mark.parametrize('name', ['conf/tidepool.conf', 'conf/default.conf', 'docker/tidepool.conf'])
def test_samples(server, name):
    """The configurations that we hand out are right, each directive of them."""
    with open(os.path.join(ROOT, name), encoding='utf-8') as file:
        text = file.read()
    text = re.sub(r'listen (?:[\d.]+:|\[::\]:)?(\d+)', lambda match: f'listen 127.0.0.1:@p{match.group(1)}@',
                  text)
    # One of two addresses that are the same now.
    text = re.sub(r'(listen 127\.0\.0\.1:@p8080@[^\n]*\n)\s*listen 127\.0\.0\.1:@p8080@[^\n]*\n', r'\1', text)
    text = text.replace('/var/lib/tidepool/', '')
    with open(os.path.join(ROOT, 'conf/mime.types'), encoding='utf-8') as file:
        server.write('mime.types', file.read())
    for folder in ('logs', 'html', 'tmp'):
        os.makedirs(server.path(folder), exist_ok=True)
    server.configure_raw(text, 'sample.conf')
    done = server.run('-c', 'sample.conf', '-t')
    assert done.returncode == 0, done.stderr


EVERYTHING = r"""pool_mode none;
http {
    access_log off;
    include rules.conf;
    map $host $kind { a b c; default 1 2; ~( x; }
    server {
        listen 127.0.0.1:@http@ ssl http2;
        nosuch1 on;
        sendfile maybe;
        error_log logs/x.log shouting;
        error_log y.log warn;
        if ($host ! a) { nosuch3; return; }
        location / {
            worker_processes 2;
            location /a/ { expires never; if (-q x) { autoindex x; } }
            location = /b { autoindex x; }
        }
        nosuch2 on;
    }
    server { server_name ~(; }
}
stream {
    server { listen 127.0.0.1:@other@ backlog=x; echo_timeout soon; nosuch4; }
}
"""


def found(text):
    """[(line, the file's name)] of each sentence."""
    return [(int(line), file) for file, line in re.findall(r'\[emerg\] .* in \S*/([\w.]+):(\d+)', text)]


def test_all_that_is_wrong(server):
    """One reading names all: unknown, misplaced and wrong ones, in nested blocks, maps, stream and includes, in the order
    of the text. Nothing is said of what follows from them (no handler, no address). Its first line is the harness's."""
    server.configure('http { access_log off; server { listen 127.0.0.1:@http@; return 200 old; } }')
    server.start()
    server.write('rules.conf', 'nosuch0;\nkeepalive_timeout;\n')
    server.configure(EVERYTHING)
    done = server.run('-t', '-c', 'nginx.conf')
    main = 'nginx.conf'
    expected = [(2, main), (1, 'rules.conf'), (2, 'rules.conf')] + [(line, main) for line in (
        6, 6, 6, 8, 9, 10, 11, 13, 13, 13, 15, 16, 16, 16, 17, 19, 21, 24, 24, 24)]
    assert done.returncode == 1 and found(done.stderr) == expected, done.stderr
    assert done.stderr.count('[emerg]') == len(expected) and 'test failed' in done.stderr
    again = server.run('-c', 'nginx.conf')
    assert again.returncode == 1 and found(again.stderr) == expected
    server.reload(lambda: len(found(server.read('error.log'))) == len(expected))
    server.expect('emerg')
    assert server.get('/').text == 'old'


def test_all_that_is_wrong_is_bounded(server):
    server.configure('nosuch on;\n' * 250 + 'daemon maybe;\n')
    done = server.run('-t', '-c', 'nginx.conf')
    assert done.returncode == 1 and [line for line, _ in found(done.stderr)] == list(range(2, 102))
    assert done.stderr.count('[emerg]') == 101 and '[emerg] and 151 more\n' in done.stderr
