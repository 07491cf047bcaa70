#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Takes the pictures of the pool view that the documents show: docs/pool-view-light.png, -dark.png, -narrow.png,
docs/request-in-memory-light.png and -dark.png, docs/life-of-a-pool-light.png and -dark.png. A server of its own serves a crowd of its own, so that there is something
to see. No picture names a line of the source: it would be another one with the next change."""
import argparse
import os
import random
import re
import socket
import struct
import tempfile
import threading
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Takes the line of the source out of the panel that describes an allocation.
WITHOUT_SOURCE = '''[...document.querySelectorAll("#request dt")].filter(name => name.textContent === "Source")
    .forEach(name => { name.nextElementSibling.remove(); name.remove(); })'''
CONFIG = '''
    server {
        listen @http@;
        location /pools/ { pool_view; }
        location = /small { return 200 "Hello, World!"; }
        location = /slow { alias html/slow; limit_rate 64k; }
        location = /body { client_body_buffer_size 64k; echo_body whole; }
        location = /mirror { client_body_buffer_size 64k; echo_body; }
        location / { root html; }
    }
'''


def pixels(data):
    """Width, height and rows of (r, g, b) bytes of a PNG as a browser makes it."""
    at, packed = 8, b''
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', body[:10])
            assert depth == 8 and colour in (2, 6)
        elif kind == b'IDAT':
            packed += body
        at += 12 + length
    raw, size = zlib.decompress(packed), 4 if colour == 6 else 3
    stride, before, rows = width * size, bytearray(width * size), []
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, up, corner = (line[i -
                                     size] if i >= size else 0), before[i], (before[i -
                                                                                    size] if i >= size else 0)
            if kind == 1:
                line[i] = line[i] + left & 255
            elif kind == 2:
                line[i] = line[i] + up & 255
            elif kind == 3:
                line[i] = line[i] + (left + up) // 2 & 255
            elif kind == 4:
                guess = left + up - corner
                line[i] = line[i] + min((left, up, corner), key=lambda v: abs(guess - v)) & 255
        before = line
        rows.append([tuple(line[x:x + 3]) for x in range(0, stride, size)])
    return width, height, rows


def shrink(path):
    """The same picture with 256 colours, the most frequent ones: a third of the bytes."""
    with open(path, 'rb') as file:
        width, height, rows = pixels(file.read())
    counts = {}
    for row in rows:
        for pixel in row:
            counts[pixel] = counts.get(pixel, 0) + 1
    # Neighbours in a coarse cube are one colour: what is seen of them is their most frequent.
    best = {}
    for pixel, count in counts.items():
        cell = tuple(value >> 3 for value in pixel)
        total, most, chosen = best.get(cell, (0, 0, None))
        best[cell] = (total + count, max(most, count), pixel if count > most else chosen)
    palette = [entry[2] for entry in sorted(best.values(), reverse=True)[:256]]
    nearest = {}
    for pixel in counts:
        nearest[pixel] = min(
            range(
                len(palette)),
            key=lambda i: sum(
                (a - b) ** 2 for a,
                b in zip(
                    palette[i],
                    pixel)))
    raw = b''.join(b'\0' + bytes(nearest[pixel] for pixel in row) for row in rows)

    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))

    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' +
                   chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 3, 0, 0, 0)) +
                   chunk(b'PLTE', b''.join(map(bytes, palette))) +
                   chunk(b'IDAT', zlib.compress(raw, 9)) +
                   chunk(b'IEND', b''))


class Crowd:
    """Clients of many kinds: idle, busy, in the middle of a head or a body, and slow readers."""

    def __init__(self, address, size):
        self.address, self.size, self.ends = address, size, threading.Event()
        self.sockets = []
        self.threads = [threading.Thread(target=self.busy, args=(i,), daemon=True) for i in range(6)]
        self.threads.append(threading.Thread(target=self.come_and_go, daemon=True))

    def connect(self, slow=True):
        one = socket.socket()
        if slow:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.bind((f'127.0.0.{random.randrange(2, 60)}', 0))
        one.connect(self.address)
        return one

    def join(self, random_kind):
        one = self.connect()
        if random_kind < .62:
            one.sendall(b'GET /small HTTP/1.1\r\nHost: a\r\n\r\n' * random.choice((1, 1, 2, 9)))
        elif random_kind < .74:
            one.sendall(b'GET /small HTTP/1.1\r\nHost: a\r\nCookie: ' +
                        b'x' * random.choice((10, 700, 1500, 3000, 6000)))
        elif random_kind < .84:
            one.sendall(
                b'POST /mirror HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n' +
                b'y' *
                random.randrange(
                    10,
                    40000))
        else:
            one.sendall(b'GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
        self.sockets.append(one)

    def busy(self, seed):
        one, dice = self.connect(slow=False), random.Random(seed)
        while not self.ends.is_set():
            try:
                count, got = dice.randrange(1, 8), b''
                one.sendall(b'GET /small HTTP/1.1\r\nHost: a\r\nUser-Agent: picture\r\n\r\n' * count)
                while got.count(b'Hello, World!') < count and (piece := one.recv(4096)):
                    got += piece
            except OSError:  # the budget had no room for it
                one.close()
                one = self.connect(slow=False)
            time.sleep(dice.random() * .01 * (1.2 + (time.time() / 7) % 1))

    def come_and_go(self):
        while not self.ends.is_set():
            if len(self.sockets) < self.size:
                for _ in range(8):
                    self.join(random.random())
            elif random.random() < .3:
                self.sockets.pop(random.randrange(len(self.sockets))).close()
            time.sleep(.05)

    def start(self):
        for thread in self.threads:
            thread.start()


def live(address, source):
    """One connection, as a person would use it by hand: heads in pieces, a long cookie, a body, a slow reader."""
    one = socket.socket()
    one.bind((source, 0))
    one.connect(address)

    def say(*pieces, rest=.3):
        for piece in pieces:
            one.sendall(piece)
            time.sleep(rest)
    time.sleep(.5)
    say(b'GET /small HTTP/1.1\r\n', b'Host: a\r\n', b'\r\n')
    one.recv(4096)
    time.sleep(.8)
    say(b'GET /small HTTP/1.1\r\nHost: a\r\nCookie: ' + b'x' * 1500, b'x' * 3500, b'\r\n\r\n', rest=.4)
    one.recv(4096)
    time.sleep(.8)
    say(b'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n', *[b'y' * 15000] * 4, rest=.4)
    one.recv(4096)
    time.sleep(.8)
    say(b'GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    while one.recv(16384):
        pass
    one.close()


def life(page, address, path):
    """Follows that connection from its first moment to its last, and shows it when it held most."""
    page.value('document.getElementById("life-address").value = "127.0.0.99"')
    page.value('[...document.querySelectorAll("#life-follow button")][0].click()')
    page.wait('document.documentElement.dataset.life === "live"')
    live(address, '127.0.0.99')
    page.wait('document.documentElement.dataset.life === "ended"')
    page.value('''(() => { const time = [...document.querySelectorAll("#life label")]
        .find(label => label.firstChild.data === "Time").querySelector("select");
        time.value = "1"; time.dispatchEvent(new Event("change"));
        document.querySelectorAll("#life-view .row, #life-view details, #life-view > p").forEach(one => { one.hidden = true; });
        document.querySelector("svg.life").style.outline = "none";
        document.getElementById("life-view").style.padding = "16px"; })()''')
    page.value('document.querySelector("svg.life").focus({preventScroll: true})')
    page.key('Home', number=36)
    held = ('new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() =>'
            ' drawn(document.querySelector("#life-view svg[role=img]").getAttribute("aria-label")))))')
    while not re.search('body.*output', page.value(held)):
        page.key('ArrowRight', number=39)
    page.key('ArrowLeft', number=37)
    page.value(held)
    page.picture(path, '#life-view')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', default='build')
    parser.add_argument('--to', default=os.path.join(ROOT, 'docs'))
    parser.add_argument('--seconds', type=float, default=25, help='of history before each picture')
    arguments = parser.parse_args()
    os.environ['TIDEPOOL_BINARY'] = os.path.abspath(f'{arguments.build}/tidepool')
    from tests.harness import browser
    from tests.harness import instance

    random.seed(3)
    with tempfile.TemporaryDirectory() as folder:
        server = instance.Server(folder)
        server.write('html/large', b'z' * (4 << 20))
        server.write('html/slow', b'z' * 200000)
        server.http('sendfile off;' + CONFIG, workers=2)
        server.configure_raw(
            'memory_budget 8m; ' +
            server.read('nginx.conf').replace(
                'sendfile off;',
                'sendfile off; connection_pool_budget 256k;',
                1))
        server.start()
        crowd = Crowd(server.address(), 240)
        chrome, pictures = browser.Browser(os.path.join(folder, 'profile')), []
        try:
            for name in 'light', 'dark':
                page = chrome.page(dark=name == 'dark', width=1180, height=1240, motion=False)
                page.open(f'http://127.0.0.1:{server.port()}/pools/')
                page.wait('document.documentElement.dataset.snapshots >= 1')
                pictures.append(f'{arguments.to}/life-of-a-pool-{name}.png')
                life(page, server.address(), pictures[-1])
                assert page.console() == [], page.console()
                page.close()
            crowd.start()
            for name, dark, width, height in (('dark', True, 1180, 1240), ('narrow', False, 390, 1000),
                                              ('light', False, 1180, 1240)):
                page = chrome.page(dark=dark, width=width, height=height, scale=1, motion=False)  # the one in front draws
                page.open(f'http://127.0.0.1:{server.port()}/pools/')
                time.sleep(arguments.seconds)
                page.wait('document.documentElement.dataset.snapshots >= 1')
                pictures.append(f'{arguments.to}/pool-view-{name}.png')
                page.picture(pictures[-1])
                assert page.console() == [], page.console()
                if name != 'narrow':
                    page.open(f'http://127.0.0.1:{server.port()}/pools/request')
                    page.wait('document.documentElement.dataset.traced === "yes"')
                    page.value(WITHOUT_SOURCE)
                    pictures.append(f'{arguments.to}/request-in-memory-{name}.png')
                    page.picture(pictures[-1], '#request')
                assert page.console() == [], page.console()
            for picture in pictures:
                shrink(picture)
                print(f'{picture}: {os.path.getsize(picture)} bytes')
        finally:
            crowd.ends.set()
            chrome.close()
            server.kill()


if __name__ == '__main__':
    main()
