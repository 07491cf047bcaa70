#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""CPU per request of Tidepool, of a floor that parses nothing, and of the peers that are installed, with equal settings.

Each round runs every row once, in an order of its own; all servers of a task stand side by side and are pinned to one
processor, the client to another. Ratios are taken round by round, against the floor (small answers) or nginx (files). The
figure is CPU time (/proc/PID/stat of all its processes) by requests answered: throughput depends on which of the two
processors is full. A server that is not busy batches less and looks dearer, so the busy share is shown. Results: table,
SVG and all figures in BUILD/race/."""
import argparse
import json
import os
import platform
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

from tests.bench.race import peers, report

HERE = os.path.dirname(os.path.abspath(__file__))
# name: title, path, access log, arguments of wrk, against whom
TASKS = {
    'small': ('small answer, access log on', '/plaintext', True, [], 'floor'),
    'small-no-log': ('small answer, access log off', '/plaintext', False, [], 'floor'),
    'pipelined': ('16 small answers to one write, access log on', '/plaintext', True, ['-s', f'{HERE}/pipeline.lua'], 'floor'),
    'close': ('connect, small answer, close; access log on', '/plaintext', True, ['-H', 'Connection: close'], 'nginx'),
    '1k': ('file of 1 KiB, access log off', '/1k.txt', False, [], 'nginx'),
    '100k': ('file of 100 KiB, access log off', '/100k.txt', False, [], 'nginx'),
}
TICK = os.sysconf('SC_CLK_TCK')


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, name, task, build, folder):
        self.name, self.port, self.folder = name, free_port(), os.path.join(folder, name)
        os.mkdir(self.folder)
        os.mkdir(f'{self.folder}/html')
        for file, size in (('1k.txt', 1024), ('100k.txt', 102400)):
            with open(f'{self.folder}/html/{file}', 'wb') as out:
                out.write(b'x' * size)
        peers.write(f'{self.folder}/html', 'plaintext', peers.TEXT)
        if name == 'floor':
            command = [f'{build}/tests/bench/race/floor', str(self.port)] + (['close'] if task == 'close' else [])
        else:
            command = peers.PEERS[name](self.folder, self.port, TASKS[task][2], build)
        with open(f'{self.folder}/output', 'wb') as output:
            self.process = subprocess.Popen(['taskset', '-c', str(min(os.sched_getaffinity(0)))] + command, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output)

    def pids(self, pid=None):
        found = [pid or self.process.pid]
        for task in os.listdir(f'/proc/{found[0]}/task'):
            with open(f'/proc/{found[0]}/task/{task}/children', encoding='ascii') as file:
                for child in file.read().split():
                    found += self.pids(int(child))
        return found

    def seconds(self):
        """(user, system) of all its processes."""
        both = [0, 0]
        for pid in self.pids():
            with open(f'/proc/{pid}/stat', encoding='ascii') as file:
                fields = file.read().rsplit(')', 1)[1].split()
            both = [both[0] + int(fields[11]) / TICK, both[1] + int(fields[12]) / TICK]
        return both

    def memory(self):
        """Proportional resident bytes."""
        total = 0
        for pid in self.pids():
            with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
                total += int(re.search(r'^Pss:\s+(\d+)', file.read(), re.M).group(1)) * 1024
        return total

    def await_answer(self):
        for _ in range(100):
            try:
                with socket.create_connection(('127.0.0.1', self.port), timeout=5) as client:
                    client.sendall(b'GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n')
                    answer = b''
                    while piece := client.recv(4096):
                        answer += piece
                        if answer.endswith(peers.TEXT.encode()):
                            return
            except OSError:
                pass
            time.sleep(.1)
        with open(f'{self.folder}/output', encoding='utf-8', errors='replace') as file:
            raise RuntimeError(f'{self.name} does not answer: {file.read()}')

    def stop(self):
        for pid in reversed(self.pids()):
            os.kill(pid, 15)
        self.process.wait()


def drive(server, task, options):
    """One run of wrk: figures per request; a run with any error is none."""
    _, path, _, arguments, _ = TASKS[task]
    command = ['taskset', '-c', str(max(os.sched_getaffinity(0))), 'wrk', '-t1', f'-c{options.connections}', f'-d{options.seconds}s',
               *arguments, f'http://127.0.0.1:{server.port}{path}']
    before, began = server.seconds(), time.monotonic()
    said = subprocess.run(command, capture_output=True, text=True)
    after, wall = server.seconds(), time.monotonic() - began
    done = re.search(r'(\d+) requests in', said.stdout)
    if said.returncode or not done or not int(done[1]) or re.search(r'Non-2xx|Socket errors: .*(read|write|timeout) [1-9]', said.stdout):
        raise RuntimeError(f'{server.name}, {task}: {said.stdout}{said.stderr}')
    user, system = ((late - early) / int(done[1]) * 1e6 for early, late in zip(before, after))
    return {'user': user, 'system': system, 'cpu': user + system, 'busy': (user + system) * int(done[1]) / wall / 1e4,
            'rate': int(done[1]) / wall}


def idle_bytes(server, count=2000):
    """Bytes that a connection adds which has had one answer and is kept."""
    clients, before = [], server.memory()
    try:
        for _ in range(count):
            client = socket.create_connection(('127.0.0.1', server.port))
            client.sendall(b'GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n')
            client.recv(4096)
            clients.append(client)
        time.sleep(1)
        return (server.memory() - before) / count
    finally:
        for client in clients:
            client.close()


def run_task(task, names, options):
    result = {'task': task, 'title': TASKS[task][0], 'against': TASKS[task][4], 'rows': {}}
    with tempfile.TemporaryDirectory(prefix='tidepool-race-') as folder:
        os.chmod(folder, 0o755)
        servers = [Server(name, task, options.build, folder) for name in names
                   if 'txt' not in TASKS[task][1] or name not in peers.WITHOUT_FILES]
        try:
            for server in servers:
                server.await_answer()
                result['rows'][server.name] = {'start': server.memory(), 'runs': []}
            for number in range(options.rounds):
                for server in random.Random(number).sample(servers, len(servers)):
                    result['rows'][server.name]['runs'].append(drive(server, task, options))
            for server in servers:
                result['rows'][server.name]['busy_bytes'] = server.memory()
                if task == 'small':
                    result['rows'][server.name]['idle_bytes'] = idle_bytes(server)
        finally:
            for server in servers:
                server.stop()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=int, default=2, help='for each row of each round')
    parser.add_argument('--connections', type=int, default=64)
    parser.add_argument('--only', nargs='*', choices=TASKS, default=list(TASKS))
    options = parser.parse_args()
    versions = {name: peers.version(name, options.build) for name in ('floor', *peers.PEERS)}
    for name in [name for name, text in versions.items() if not text]:
        print(f'{name} is not installed: its rows are missing', file=sys.stderr)
        del versions[name]
    folder = f'{options.build}/race'
    os.makedirs(folder, exist_ok=True)
    for name in set(versions) - {'floor'}:
        os.makedirs(f'{folder}/{name}', exist_ok=True)
        peers.PEERS[name](f'{folder}/{name}', 80, True, options.build)
    results = {'versions': versions, 'rounds': options.rounds, 'connections': options.connections,
               'kernel': f'{platform.system()} {platform.release()}', 'tasks': []}
    for task in options.only:
        print(f'{TASKS[task][0]} …', file=sys.stderr, flush=True)
        results['tasks'].append(run_task(task, list(versions), options))
    for name, text in (('race.json', json.dumps(results, indent=1)), ('race.md', report.table(results)), ('bench.svg', report.svg(results))):
        with open(f'{folder}/{name}', 'w', encoding='utf-8') as file:
            file.write(text)
    print(report.table(results))
    print(f'{folder}/race.md, {folder}/bench.svg, {folder}/race.json')


if __name__ == '__main__':
    main()
