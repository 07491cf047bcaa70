# SPDX-License-Identifier: BSD-2-Clause
"""What is written about the server holds: the reference is the one that the binary prints, defaults are accepted,
examples are read, and names of files, functions and directives in the documents are names of something."""
import glob
import os
import re
import shutil
import subprocess

import pytest

from tests.harness.instance import BINARY, ROOT, WRAPPER

pytestmark = pytest.mark.ours

DOCUMENTS = [os.path.relpath(path, ROOT) for path in sorted(
    glob.glob(f'{ROOT}/*.md') + glob.glob(f'{ROOT}/[a-z]*/**/*.md', recursive=True))
    if not os.path.relpath(path, ROOT).startswith('build')]
SOURCES = [path for folder in ('pool', 'conf', 'server', 'http', 'tests') for path in
           glob.glob(f'{ROOT}/{folder}/**/*.[ch]', recursive=True)]

FOREIGN = {'pg_backend_memory_contexts', 'ngx_conf_file.c', 'ngx_parse.c', 'sdt.h'}  # names of what is not in this tree


def text_of(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def reference():
    return subprocess.run(WRAPPER + [BINARY, 'directives'], capture_output=True, check=True).stdout.decode()


def rows(text):
    """(name, contexts, default) of every directive."""
    for line in text.splitlines():
        cells = re.split(r'(?<!\\)\|', line)
        if re.match(r'\| `[a-z_]+[ ;]', line) and len(cells) == 6:
            yield (re.match(r' `(\w+)', cells[1]).group(1), cells[2].strip().split(', '),
                   cells[3].strip().replace('\\|', '|'))


def test_the_reference_is_what_the_tables_say():
    assert text_of('conf/DIRECTIVES.md') == reference(), 'make docs writes it again'


def test_every_directive_is_told_of():
    found = list(rows(reference()))
    assert len(found) > 100 and all(contexts and default for _, contexts, default in found)
    for line in reference().splitlines():
        assert '| `' not in line or not line.endswith('|  |'), f'no meaning: {line}'


def test_defaults_are_accepted_as_they_are_printed(server):
    """Each at the outermost level where it may stand, all in one file."""
    levels = {'main': [], 'events': [], 'http': [], 'server': [], 'location': [], 'stream': []}
    for name, contexts, default in rows(reference()):
        default = default.strip('`').replace('combined \'', 'another \'')
        if default != '—' and ' | ' not in default and contexts[0] in levels:
            levels[contexts[0]].append(f'{name} {default}' + ('' if default.endswith('}') else ';'))
    assert len(levels['http']) > 40 and levels['main'] and levels['stream']
    level = {name: '\n'.join(lines) for name, lines in levels.items()}
    os.makedirs(server.path('logs'))
    server.configure_raw(f'{level["main"]}\nevents {{ {level["events"]} }}\nhttp {{ {level["http"]}\n'
                         f'server {{ listen 127.0.0.1:@http@; {level["server"]} location / {{ {level["location"]} }} }} }}\n'
                         f'stream {{ {level["stream"]} server {{ listen 127.0.0.1:@echo@; echo; }} }}')
    done = server.run('-c', 'nginx.conf', '-t')
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('document', DOCUMENTS)
def test_examples_are_read(server, document):
    """Blocks marked as nginx's language: whole files, or what stands in http or in server."""
    for example in re.findall(r'^```nginx\n(.*?)^```', text_of(document), re.S | re.M):
        if not re.search(r'^(http|stream|events) \{', example, re.M):
            example = ('events {}\nhttp { ' + (example if re.search(r'^server \{', example, re.M) else
                                               'server { listen 127.0.0.1:@http@; ' + example + ' }') + ' }')
        os.makedirs(server.path('logs'), exist_ok=True)
        server.write('mime.types', text_of('conf/mime.types'))
        server.configure_raw(example)
        done = server.run('-c', 'nginx.conf', '-t')
        assert done.returncode == 0, f'{example}\n{done.stderr}'


@pytest.mark.parametrize('document', DOCUMENTS)
def test_links_lead_somewhere(document):
    folder = os.path.dirname(os.path.join(ROOT, document))
    for target in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', text_of(document)):
        assert os.path.exists(os.path.join(folder, target)), target


@pytest.mark.parametrize('document', [name for name in DOCUMENTS if name != 'docs/differences.md'])  # what nginx has
def test_names_are_those_of_something(document):
    """`folder/name.c` is a file; `module_verb` stands in the source, the Makefile or the reference."""
    code = ' '.join(text_of(path) for path in SOURCES)
    words = FOREIGN.union(*(re.findall(r'\w+', text) for text in (code, text_of('Makefile'), reference())))
    for path in glob.glob(f'{ROOT}/**/*.*', recursive=True):
        words.update(re.findall(r'\w+', os.path.basename(path)))
    prose = re.sub(r'^```.*?^```', '', text_of(document), flags=re.S | re.M)
    for span in re.findall(r'`([^`\n]+)`', prose):
        match = re.fullmatch(r'(?:build/)?((?:pool|conf|server|http|tests|docs|docker)/[\w./-]+\.\w+)', span)
        if match:
            assert span in FOREIGN or os.path.exists(os.path.join(ROOT, match.group(1))), span
        elif re.fullmatch(r'[a-z]+_[a-z_]+', span):
            assert span in words, f'{span} is nowhere in the tree'


def test_comments_name_what_exists():
    """Files, and functions that begin as one of our modules is called."""
    names = {os.path.basename(path) for path in SOURCES}
    modules = {name.rsplit('.', 1)[0] for name in names}
    texts = {path: text_of(path) for path in SOURCES}
    code = set().union(modules, *(re.findall(r'\w+', re.sub(r'/\*.*?\*/', '', text, flags=re.S)) for text in texts.values()))
    code.update(re.findall(r'\w+', reference()))
    stale = []
    for path, text in texts.items():
        for comment in re.findall(r'/\*.*?\*/', text, re.S):
            stale += [(path, name) for name in re.findall(r'\b[a-z0-9_]+\.[ch]\b', comment) if name not in names | FOREIGN]
            stale += [(path, name) for name in re.findall(r'\b[a-z0-9]+_[a-z_0-9]+\b', comment)
                      if name not in code and name.split('_')[0] in modules]
    assert not stale


def test_the_module_of_the_readme_compiles(tmp_path):
    compiler = shutil.which('gcc') or shutil.which('cc')
    if not compiler:
        pytest.skip('no compiler')
    source = re.search(r'^```c\n(.*?)^```', text_of('http/modules/README.md'), re.S | re.M).group(1)
    (tmp_path / 'hello.h').write_text('#include "http/module.h"\nextern const struct http_module http_hello_module;\n')
    (tmp_path / 'hello.c').write_text('#include "hello.h"\n' + source)
    done = subprocess.run([compiler, '-std=c17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Wconversion', '-Werror',
                           f'-I{ROOT}', '-c', '-o', '/dev/null', str(tmp_path / 'hello.c')],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_pictures_are_light_and_dark():
    """Each picture of a page stands in both colours, is there, and is none that only another document had."""
    shown = {}
    for document in ('README.md', 'docs/operate.md'):
        for dark, light in re.findall(r'prefers-color-scheme: dark\)" srcset="([^"]+)"><img src="([^"]+)"', text_of(document)):
            shown[os.path.basename(light)] = os.path.basename(dark)
    pictures = {name for name in os.listdir(os.path.join(ROOT, 'docs')) if name.endswith('.png')}
    assert shown and all(light.replace('-light', '-dark') == dark for light, dark in shown.items())
    assert pictures == {*shown, *shown.values(), 'pool-view-narrow.png'}


def test_the_glossary_has_the_words_of_top():
    """Each title of its columns, but for everyday words."""
    titles = re.findall(r'\{"([A-Z]+)", "\w', text_of('server/tools/top_rows.c'))
    titles += re.search(r'"WORKER (.*?)"', text_of('server/tools/top_view.c')).group(1).split()
    titles += re.findall(r'"(HELD|USED|PAGES|OBJECTS|BUDGET)"', text_of('server/tools/top_view.c'))
    short = {'BLKS': 'block', 'BUFS': 'buffer', 'LRGS': 'large', 'FILL': 'filled', 'IDLE': 'idle time'}
    everyday = {'CLIENT', 'SPEAKS', 'REQS', 'DOING', 'OPEN', 'MS'}
    words = re.findall(r'^\| \*\*([^*]+)\*\*', text_of('docs/glossary.md'), re.M)
    known = {word for words in words for word in words.split(', ')}
    assert len(titles) > 20
    for title in titles:
        if re.fullmatch('[A-Z]+', title) and title not in everyday:
            assert short.get(title, title.lower()) in known, title
