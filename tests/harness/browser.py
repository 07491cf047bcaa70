# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium, spoken to over a pair of pipes (the DevTools protocol, JSON between NULs): nothing to
install but the browser, no port, no request of its own to the network."""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time

PROGRAM = next(
    (path for path in map(
        shutil.which,
        ('chromium',
         'chromium-browser',
         'google-chrome')) if path),
    None)
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions',
         '--force-device-scale-factor=1', '--remote-debugging-pipe']


def spawn(command, source, to):
    """The process reads at descriptor 3 and writes at 4, whatever numbers ours have: by way of copies out of their
    reach. (A shell's redirections will not do: dash takes one digit alone.)"""
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (source, to)]
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
               (os.POSIX_SPAWN_DUP2, 1, 2), (os.POSIX_SPAWN_DUP2, copies[0], 3), (os.POSIX_SPAWN_DUP2, copies[1], 4)]
    try:
        return os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    finally:
        for fd in copies:
            os.close(fd)


class Browser:
    def __init__(self, profile, seconds=60):
        """`profile`: a folder that is empty or not there yet."""
        self.seconds, self.last, self.buffer, self.events = seconds, 0, b'', []
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()
        self.pid = spawn([PROGRAM, *FLAGS, f'--user-data-dir={profile}', 'about:blank'], to_read, from_write)
        os.close(to_read)
        os.close(from_write)

    def close(self):
        os.close(self.to)
        os.close(self.source)
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            time.sleep(.05)

    def receive(self, deadline):
        """The next message, or None when time is up."""
        while b'\0' not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.source], [], [], left)[0]:
                return None
            piece = os.read(self.source, 1 << 20)
            if not piece:
                raise AssertionError('the browser has ended')
            self.buffer += piece
        message, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.last += 1
        message = {'id': self.last, 'method': method, 'params': parameters}
        if session:
            message['sessionId'] = session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.to, data):]
        deadline = time.monotonic() + self.seconds
        while True:
            answer = self.receive(deadline)
            assert answer is not None, f'{method}: no answer in {self.seconds} s'
            if answer.get('id') == self.last:
                assert 'error' not in answer, f'{method}: {answer["error"]}'
                return answer['result']
            self.events.append(answer)

    def page(self, width=1280, height=900, dark=False, scale=1, motion=True):
        return Page(self, width, height, dark, scale, motion)


class Page:
    """One tab. What it logs and asks for is kept: `console` (errors and warnings), `asked` (addresses)."""

    def __init__(self, browser, width, height, dark, scale, motion):
        self.browser = browser
        self.target = browser.call('Target.createTarget', url='about:blank')['targetId']
        self.session = browser.call('Target.attachToTarget', targetId=self.target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')
        self.call(
            'Emulation.setDeviceMetricsOverride',
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600)
        self.call('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'},
            {'name': 'prefers-reduced-motion', 'value': 'no-preference' if motion else 'reduce'}])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def close(self):
        self.browser.call('Target.closeTarget', targetId=self.target)

    def open(self, url):
        self.call('Page.navigate', url=url)
        self.wait('document.readyState !== "loading" && location.href !== "about:blank"')

    def value(self, expression):
        """Of JavaScript, as JSON; a promise is waited for."""
        answer = self.call('Runtime.evaluate', expression=expression, awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def text(self, selector):
        return self.value(f'document.querySelector({json.dumps(selector)}).textContent')

    def click(self, selector):
        self.value(f'document.querySelector({json.dumps(selector)}).click()')

    def wait(self, expression, seconds=None):
        seconds = seconds or self.browser.seconds
        deadline = time.monotonic() + seconds
        while not self.holds(expression):
            assert time.monotonic() < deadline, f'waited {seconds} s for {expression}; console: {self.console()}'
            time.sleep(.05)

    def holds(self, expression):
        """Not while the page goes to another one: an evaluation that this breaks off has no answer."""
        try:
            return self.value(expression)
        except AssertionError as error:
            if 'Inspected target navigated' not in str(error):
                raise
            return False

    def mine(self, method):
        self.value('0')  # what has happened so far has arrived before the answer to this
        return [event['params'] for event in self.browser.events
                if event.get('sessionId') == self.session and event.get('method') == method]

    def console(self):
        """Errors and warnings: uncaught ones, console.error, and what the browser has to say (CSP, 404 …)."""
        said = [
            params['entry']['text'] +
            ' ' +
            params['entry'].get(
                'url',
                '') for params in self.mine('Log.entryAdded') if params['entry']['level'] in (
                'error',
                'warning')]
        said += [json.dumps(params['args']) for params in self.mine('Runtime.consoleAPICalled')
                 if params['type'] in ('error', 'warning')]
        said += [
            params['exceptionDetails'].get(
                'exception',
                {}).get(
                'description',
                params['exceptionDetails']['text']) for params in self.mine('Runtime.exceptionThrown')]
        return said

    def asked(self):
        return [params['request']['url'] for params in self.mine('Network.requestWillBeSent')]

    def key(self, key, code=None, number=0, text=''):
        for kind in ('keyDown', 'keyUp'):
            self.call(
                'Input.dispatchKeyEvent',
                type=kind,
                key=key,
                code=code or key,
                windowsVirtualKeyCode=number,
                text=text if kind == 'keyDown' else '')

    def picture(self, path, selector=None, full=False):
        """A PNG of what is in sight, of an element, or of the whole page."""
        parameters = {'format': 'png'}
        if selector:
            box = self.value(
                f'(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();'
                ' return [b.left + scrollX, b.top + scrollY, b.width, b.height]; })()')
            parameters.update(clip=dict(zip(('x', 'y', 'width', 'height'), box),
                              scale=1), captureBeyondViewport=True)
        elif full:
            size = self.call('Page.getLayoutMetrics')['cssContentSize']
            parameters.update(
                clip=dict(
                    x=0,
                    y=0,
                    width=size['width'],
                    height=size['height'],
                    scale=1),
                captureBeyondViewport=True)
        data = base64.b64decode(self.call('Page.captureScreenshot', **parameters)['data'])
        with open(path, 'wb') as file:
            file.write(data)
