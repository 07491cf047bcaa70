#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""User instructions of a request, counted by callgrind, against the numbers in instructions.tsv.

Each is the difference of two runs, divided by the requests that the second had more: start-up does not count.
The count repeats to the digit for the same program and libraries, whatever else the machine does. A request
that costs LIMIT more than its number fails, and so does one that became so much cheaper: its number must be
written in the same commit, by --write. With another compiler, C library or processor family than those that the
first line of the file names, the counts are printed and not compared.
Usage: python3 -m tests.bench.instructions [--build build] [--write]"""
import argparse
import os
import platform
import pwd
import re
import signal
import subprocess
import sys
import tempfile

from tests.harness.wire import Client, request

LIMIT = 0.03
FEW, MANY = 200, 1200
NUMBERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'instructions.tsv')
CONFIG = '''user USER; worker_processes 1; error_log DIR/error.log; pid DIR/pid; memory_budget 0;
events { worker_connections 64; }
http {
    access_log DIR/access.log; keepalive_requests 1000000; default_type text/plain;
    server {
        listen unix:DIR/socket; root DIR/html;
        location = /plaintext { return 200 "Hello, World!"; }
        location / { open_file_cache max=100; }
    }
}
'''
BROWSER = [('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'),
           ('Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'),
           ('Accept-Language', 'en-GB,en;q=0.5'), ('Accept-Encoding', 'gzip, deflate, br, zstd'),
           ('Connection', 'keep-alive'), ('Referer', 'http://www.example.org/a/page/with/a/usual/name.html'),
           ('Cookie', 'session=0123456789abcdef0123456789abcdef; theme=light; seen=1700000000.1700000600'),
           ('Upgrade-Insecure-Requests', '1'), ('If-None-Match', '"no-such-tag"')]
PLAIN = request('GET', '/plaintext')
# name: what is sent, and how many answers it has
REQUESTS = {'plain': (PLAIN, 1), 'browser': (request('GET', '/plaintext', BROWSER), 1),
            'file': (request('GET', '/1k.txt', BROWSER), 1), 'missing': (request('GET', '/missing', BROWSER), 1),
            'pipelined 16': (PLAIN * 16, 16)}


def machine():
    """What the counts depend on beside the program."""
    compiler = subprocess.run([os.environ.get('CC', 'cc'), '-dumpfullversion'], capture_output=True, text=True, check=True)
    with open('/proc/cpuinfo', encoding='ascii', errors='replace') as file:
        flags = re.search(r'^flags\s*: (.*)$', file.read(), re.M)
    wide = [flag for flag in ('avx2', 'avx512vl', 'erms', 'fsrm') if flags and flag in flags.group(1).split()]
    return f'cc {compiler.stdout.strip()}, {" ".join(platform.libc_ver())}, {" ".join([platform.machine(), *wide])}'


def run(binary, sent, answers, count):
    """Instructions of the whole process, from start to end, that answers `count` times what is sent."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, 'html'))
        with open(os.path.join(folder, 'html', '1k.txt'), 'wb') as file:
            file.write(b'k' * 1024)
        with open(os.path.join(folder, 'conf'), 'w', encoding='ascii') as file:
            file.write(CONFIG.replace('DIR', folder).replace('USER', pwd.getpwuid(os.geteuid()).pw_name))
        process = subprocess.Popen(['valgrind', '--tool=callgrind', f'--callgrind-out-file={folder}/out', binary, '-c',
                                    f'{folder}/conf', '-g', 'daemon off; supervise off;'], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            client = connect(process, f'{folder}/socket')
            for _ in range(count):
                client.send(sent)
                for _ in range(answers):
                    client.response()
            client.close()
        finally:
            process.send_signal(signal.SIGTERM)
            text = process.communicate()[1]
    found = re.search(r'Collected : (\d+)', text)
    return int(found.group(1)) if found else sys.exit(text)


def connect(process, path):
    while process.poll() is None:
        try:
            return Client(path)
        except (FileNotFoundError, ConnectionRefusedError):
            continue
    sys.exit(process.communicate()[1])


def counted(binary):
    result = {}
    for name, (sent, answers) in REQUESTS.items():
        few, many = (run(binary, sent, answers, count) for count in (FEW, MANY))
        result[name] = round((many - few) / (MANY - FEW) / answers)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--write', action='store_true', help='write the numbers')
    asked = parser.parse_args()
    with open(NUMBERS, encoding='ascii') as file:
        first, *lines = file.read().splitlines()
    before = {name: int(number) for name, number in (line.split('\t') for line in lines)}
    now = counted(os.path.join(asked.build, 'tidepool'))
    here, wrong = machine(), 0
    for name, number in now.items():
        change = number / before[name] - 1 if name in before else 0
        print(f'{name:14}{number:7,}{change:+8.1%}')
        wrong += abs(change) > LIMIT
    if asked.write:
        with open(NUMBERS, 'w', encoding='ascii') as file:
            file.write('\n'.join([f'# {here}', *(f'{name}\t{number}' for name, number in now.items())]) + '\n')
    elif first != f'# {here}':
        print(f'not compared: the numbers are of {first[2:]}, this is {here}')
    elif wrong:
        sys.exit(f'{wrong} of them changed by more than {LIMIT:.0%}: if that is meant, make instructions WRITE=1')


if __name__ == '__main__':
    main()
