# SPDX-License-Identifier: BSD-2-Clause
"""Configurations that were written for nginx: a distribution's usual one is served as it is, with a warning for
each line that does nothing; what is missing is named, all of it at once, with what to do instead."""
import re

import pytest

pytestmark = pytest.mark.ours

# The directives, and the division into files, of a distribution's nginx.conf and its default site.
USUAL = '''
daemon off; user root;
worker_processes auto;
pid tidepool.pid;
error_log error.log warn;
include @dir@/modules-enabled/*.conf;
events { worker_connections 768; multi_accept on; }
http {
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 65;
    types_hash_max_size 2048;
    server_tokens off;
    server_names_hash_bucket_size 64;
    server_name_in_redirect off;
    include mime.types;
    default_type application/octet-stream;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log access.log;
    gzip on;
    gzip_vary on;
    gzip_proxied any;
    gzip_comp_level 6;
    gzip_buffers 16 8k;
    gzip_http_version 1.1;
    gzip_types text/plain text/css application/json;
    include @dir@/conf.d/*.conf;
    include @dir@/sites-enabled/*;
}
'''
SITE = '''server {
    listen 127.0.0.1:@http@ default_server;
    root @dir@/html;
    index index.html index.htm;
    server_name _;
    location / { try_files $uri $uri/ =404; }
    location ~ /\\.ht { deny all; }
}
'''
# What else such a site is often given.
MORE = '''server {
    listen 127.0.0.1:@other@;
    ssl_certificate a.pem;
    ssl_certificate_key a.key;
    auth_basic "closed";
    location ~ \\.php$ {
        include fastcgi_params;
        fastcgi_pass unix:/run/php/php-fpm.sock;
    }
    location /api/ {
        proxy_pass http://127.0.0.1:3000;
        proxy_set_header Host $host;
        satisfy any;
    }
}
'''
# Directives of nginx's core and of the modules that are usually compiled in; https://nginx.org/en/docs/dirindex.html
CORE = '''accept_mutex accept_mutex_delay aio aio_write auth_delay debug_connection debug_points directio directio_alignment
disable_symlinks env geo lingering_close load_module lock_file log_subrequest msie_padding msie_refresh
open_file_cache_events pcre_jit post_action random_index read_ahead referer_hash_max_size reset_timedout_connection
resolver resolver_timeout satisfy send_lowat split_clients ssl_engine subrequest_output_buffer_size thread_pool
timer_resolution uninitialized_variable_warn valid_referers worker_aio_requests worker_cpu_affinity worker_priority
worker_rlimit_core working_directory add_after_body auth_basic auth_request dav_methods empty_gif fastcgi_pass flv geoip_city
grpc_pass gunzip http2 image_filter js_import mail memcached_pass mirror modern_browser mp4 perl proxy_pass
scgi_pass secure_link set_real_ip_from slice ssi ssl_certificate sub_filter upstream userid uwsgi_pass xslt_stylesheet'''


def usual(server):
    server.write('mime.types', 'types { text/html html; }')
    server.write('html/index.html', 'welcome')
    server.write('sites-enabled/default', server.expand(SITE))
    server.configure_raw(USUAL)


def test_usual(server):
    """It is served; what does nothing is said by -t and in the log."""
    usual(server)
    done = server.run('-t', '-c', 'nginx.conf')
    assert done.returncode == 0 and 'test is successful' in done.stderr
    said = re.findall(r'\[warn\] directive "(\w+)" is ignored \(.+\) in .*/nginx\.conf:(\d+)', done.stderr)
    assert said == [('ssl_protocols', '19'), ('ssl_prefer_server_ciphers', '20')]
    said = re.findall(r'\[warn\] the "(\w+)" directive has no effect: .+ in .*/nginx\.conf:\d+', done.stderr)
    assert said == ['types_hash_max_size', 'server_names_hash_bucket_size', 'gzip_buffers']
    server.start()
    assert server.get('/').text == 'welcome'
    assert server.get('/none').status == 404 and server.get('/.htaccess').status == 403
    server.wait_log(r'\[warn\].*directive "ssl_protocols" is ignored')


def test_all_at_once(server):
    """Each line that is missing, with file, line and advice, in the order of the text; on reload too, and the
    old configuration goes on."""
    usual(server)
    server.start()
    server.write('fastcgi_params', 'fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;')
    server.write('sites-enabled/more', server.expand(MORE))
    done = server.run('-t', '-c', 'nginx.conf')
    assert done.returncode == 1
    said = re.findall(r'\[emerg\] unknown directive "(\w+)" \((.+)\) in .*/(\w+):(\d+)', done.stderr)
    assert [(name, file, int(line)) for name, _, file, line in said] == [
        ('ssl_certificate', 'more', 3), ('ssl_certificate_key', 'more', 4), ('auth_basic', 'more', 5),
        ('fastcgi_param', 'fastcgi_params', 1), ('fastcgi_pass', 'more', 8), ('proxy_pass', 'more', 11),
        ('proxy_set_header', 'more', 12), ('satisfy', 'more', 13)]
    assert all(len(advice) > 15 for _, advice, _, _ in said)
    assert len(re.findall(r'\[warn\] directive "ssl_\w+" is ignored', done.stderr)) == 2
    assert '[warn]' not in server.run('-tq', '-c', 'nginx.conf').stderr
    server.reload(lambda: server.read('error.log').count('unknown directive') == 8)
    server.expect('unknown directive')
    assert server.get('/').text == 'welcome'


@pytest.mark.parametrize('name', CORE.split())
def test_core(server, name):
    """Nobody who comes from nginx is left with a bare "unknown directive"."""
    server.configure(f'http {{ access_log off; server {{ listen 127.0.0.1:@http@; {name} x; }} }}')
    done = server.run('-t', '-c', 'nginx.conf')
    line = re.search(rf'\[(warn|emerg)\] .*directive "{name}" .*\(.{{10,}}\) in ', done.stderr)
    assert line, done.stderr
    assert done.returncode == (1 if line.group(1) == 'emerg' else 0)


# What is accepted and asks for what is not done here: its arguments, and those that are always so (no warning), if any are.
# What nginx takes for none of its values is refused here too.
IDLE = {
    'postpone_output': ('1460', None, 'x'), 'output_buffers': ('2 32k', None, '2 x'),
    'sendfile_max_chunk': ('2m', None, 'x'), 'ignore_invalid_headers': ('on', None, 'maybe'),
    'client_body_in_single_buffer': (None, 'on', 'maybe'), 'override_charset': ('on', 'off', 'maybe'),
    'gzip_buffers': ('16 8k', None, '16 x'), 'types_hash_max_size': ('2048', None, 'x'),
    'types_hash_bucket_size': ('64', None, 'x'), 'server_names_hash_max_size': ('512', None, 'x'),
    'server_names_hash_bucket_size': ('64', None, 'x'), 'variables_hash_max_size': ('1024', None, 'x'),
    'variables_hash_bucket_size': ('64', None, 'x'), 'map_hash_max_size': ('2048', None, 'x'),
    'map_hash_bucket_size': ('64', None, 'x'), 'multi_accept': ('off', 'on', 'maybe'), 'use': ('poll', 'epoll', None)}


def idle(server, name, value):
    events, line = ('', f'{name} {value};')
    if name in ('use', 'multi_accept'):
        events, line = line, ''
    server.configure(f'events {{ {events} }} http {{ access_log off; {line} server {{ listen 127.0.0.1:@http@; }} }}')
    done = server.run('-t', '-c', 'nginx.conf')
    assert 'unknown directive' not in done.stderr, done.stderr
    return done.returncode, re.findall(r'\[warn\] the "(\w+)" directive has no effect: .{10,} in ', done.stderr)


@pytest.mark.parametrize('name', IDLE)
def test_what_has_no_effect(server, name):
    """It is taken, and says in one line that it does nothing; not if it asks for what is always so."""
    says, holds, wrong = IDLE[name]
    if says:
        assert idle(server, name, says) == (0, [name])
    if holds:
        assert idle(server, name, holds) == (0, [])
    if wrong:
        assert idle(server, name, wrong)[0] == 1


def test_nonsense(server):
    server.configure('http { nonsense on; server { listen 127.0.0.1:@http@; more_nonsense; } }')
    done = server.run('-t', '-c', 'nginx.conf')
    assert re.findall(r'unknown directive "(\w+)" in ', done.stderr) == ['nonsense', 'more_nonsense']


@pytest.mark.parametrize('parameter', ['ssl', 'http2'])
def test_listen(server, parameter):
    """What would be missed is refused: a port that was to be encrypted does not open in the clear."""
    server.configure(f'http {{ server {{ listen 127.0.0.1:@http@ {parameter}; }} }}')
    done = server.run('-t', '-c', 'nginx.conf')
    assert done.returncode == 1 and re.search(r'"(ssl|http2)" parameter requires', done.stderr)
