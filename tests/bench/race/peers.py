# SPDX-License-Identifier: BSD-2-Clause
"""The servers of `make bench`, each with the same settings: one worker, one address, the same answers, an access log or
none, files kept open where a server can. Each function writes a configuration and returns the command."""
import os
import pwd
import re
import shutil
import subprocess

TEXT = 'Hello, World!'


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='ascii') as file:
        file.write(text)
    return path


def nginx_text(folder, port, log):
    """What Tidepool and nginx both read."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    return f'''daemon off; user {user}; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;
worker_rlimit_nofile 20000; events {{ worker_connections 19000; }}
http {{ access_log {f"{folder}/access.log" if log else "off"}; keepalive_requests 100000000; keepalive_timeout 300s;
  sendfile on; tcp_nopush on; default_type text/plain;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/html; location = /plaintext {{ return 200 "{TEXT}"; }}
    location / {{ open_file_cache max=1000 inactive=60s; }} }} }}
'''


def tidepool(folder, port, log, build):
    return [os.path.abspath(f'{build}/tidepool'), '-c', write(folder, 'conf', nginx_text(folder, port, log))]


def nginx(folder, port, log, _):
    return ['nginx', '-e', f'{folder}/error.log', '-c', write(folder, 'conf', nginx_text(folder, port, log))]


def h2o(folder, port, log, _):
    return ['h2o', '-c', write(folder, 'conf', f'''num-threads: 1
max-connections: 19000
http1-request-timeout: 300
listen: {{ host: 127.0.0.1, port: {port} }}
hosts: {{ default: {{ paths: {{ "/": {{ file.dir: {folder}/html }} }} }} }}
error-log: {folder}/error.log
''' + (f'access-log: {folder}/access.log\n' if log else ''))]


def lighttpd(folder, port, log, _):
    return ['lighttpd', '-D', '-f', write(folder, 'conf', f'''server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}/html"
server.errorlog = "{folder}/error.log"
server.max-connections = 19000
server.max-keep-alive-requests = 100000000
server.max-keep-alive-idle = 300
mimetype.assign = ( "" => "text/plain" )
''' + (f'server.modules += ("mod_accesslog")\naccesslog.filename = "{folder}/access.log"\n' if log else ''))]


def haproxy(folder, port, log, _):
    """Answers by itself; it has no files. Its log goes to standard output, which is a file."""
    lines = 'log stdout format raw local0\n  option httplog' if log else 'no log'
    return ['haproxy', '-f', write(folder, 'conf', f'''global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout client 300s
  timeout http-keep-alive 300s
frontend all
  bind 127.0.0.1:{port}
  {lines}
  http-request return status 200 content-type text/plain string "{TEXT}"
''')]


PEERS = {'tidepool': tidepool, 'nginx': nginx, 'h2o': h2o, 'lighttpd': lighttpd, 'haproxy': haproxy}
WITHOUT_FILES = {'floor', 'haproxy'}


def version(name, build):
    """One line; None: it is not installed."""
    if name == 'floor':
        return 'an epoll loop that parses nothing'
    program = os.path.abspath(f'{build}/tidepool') if name == 'tidepool' else shutil.which(name)
    if not program:
        return None
    said = subprocess.run([program, '-v'], capture_output=True, text=True)
    line = next((line for line in (said.stdout + said.stderr).splitlines() if re.search(r'\d\.\d', line)), name)
    return re.sub(r'^.*?((\w+[ /]| )(version )?\d[\w.+-]*).*$', r'\1', line).strip()
