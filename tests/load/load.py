#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Drives the server with wrk and with a small TCP echo client. Any socket error, any answer other than 2xx
and any wrong body fails. The figures are those of this machine, client and server together on it: good for
seeing a regression."""
import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

CONFIG = '''
worker_rlimit_nofile 20000;
events { worker_connections 8000; }
stream { server { listen 127.0.0.1:@echo@; echo; } }
http {
    access_log access.log combined buffer=64k;
    keepalive_requests 100000000;
    client_max_body_size 8m;
    types { text/html html; text/plain txt; }
    sendfile on;
    server {
        listen 127.0.0.1:@http@ backlog=4096;
        root @dir@/html;
        location = /plain { default_type text/plain; return 200 "Hello, World!"; }
        location = /body { echo_body; }
        location / { open_file_cache max=1000; }
    }
}
'''


def scenarios(threads, seconds):
    common = ['wrk', '-t', str(threads), '-d', f'{seconds}s', '--timeout', '10s']
    return [
        ('plain, 64 connections', common + ['-c', '64'], '/plain', []),
        ('pipelined 16, 64 connections', common + ['-c', '64', '-s', f'{HERE}/pipeline.lua'], '/plain',
         ['16']),
        ('many connections, 2,000', common + ['-c', '2000'], '/plain', []),
        ('short-lived connections', common + ['-c', '64', '-H', 'Connection: close'], '/plain', []),
        ('file of 1 KiB', common + ['-c', '64'], '/1k.txt', []),
        ('file of 8 MiB', common + ['-c', '16'], '/8m.txt', []),
        ('bodies of 4 KiB', common + ['-c', '64', '-s', f'{HERE}/body.lua'], '/body', ['4096']),
        ('bodies of 256 KiB', common + ['-c', '16', '-s', f'{HERE}/body.lua'], '/body', ['262144']),
    ]


def wrk(name, command, url, arguments):
    """Whether all went well; prints a line of figures, and what wrk said if not."""
    done = subprocess.run(command + [url] + (['--'] + arguments if arguments else []), capture_output=True,
                          text=True)
    said = done.stdout + done.stderr
    rate = re.search(r'Requests/sec:\s+([\d.]+)', said)
    bad = re.findall(r'Socket errors:.*|Non-2xx or 3xx responses:.*|wrong bodies: [1-9]\d*', said)
    good = done.returncode == 0 and rate and float(rate.group(1)) > 0 and not bad
    transfer = re.search(r'Transfer/sec:\s+(\S+)', said)
    print(f'{"ok    " if good else "FAILED"} {name}: ' +
          (f'{float(rate.group(1)):,.0f} requests/s, {transfer.group(1)}/s' if rate else said),
          flush=True)
    if bad:
        print('       ' + '; '.join(bad))
    return bool(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--seconds', type=int, default=5, help='for each scenario')
    parser.add_argument('--workers', default='auto')
    options = parser.parse_args()
    os.environ['TIDEPOOL_BINARY'] = os.environ.get('TIDEPOOL_BINARY',
                                                   os.path.abspath(f'{options.build}/tidepool'))
    from tests.harness.instance import Server

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20000, limit) if limit > 0 else 20000, limit))
    with tempfile.TemporaryDirectory(prefix='tidepool-load-') as folder:
        server = Server(folder)
        server.write('html/1k.txt', b'k' * 1024)
        server.write('html/8m.txt', b'm' * (8 << 20))
        server.configure(CONFIG, workers=options.workers, error_log='error.log warn')
        server.start()
        try:
            url = f'http://127.0.0.1:{server.port()}'
            good = [wrk(name, command, url + path, arguments)
                    for name, command, path, arguments in scenarios(min(4, os.cpu_count() or 2),
                                                                    options.seconds)]
            for name, connections, size in (('TCP echo of 64 bytes, 64 connections', 64, 64),
                                            ('TCP echo of 64 KiB, 64 connections', 64, 65536)):
                done = subprocess.run([f'{options.build}/tests/load/echo_load', '127.0.0.1',
                                       str(server.port('echo')), str(connections), str(size),
                                       str(options.seconds)], capture_output=True, text=True)
                good.append(done.returncode == 0)
                print(f'{"ok    " if done.returncode == 0 else "FAILED"} {name}: {(done.stdout + done.stderr).strip()}', flush=True)
            server.stop()
        finally:
            server.kill()
    print(f'{sum(good)} passed, {len(good) - sum(good)} failed')
    sys.exit(0 if all(good) else 1)


if __name__ == '__main__':
    main()
