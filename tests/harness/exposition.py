# SPDX-License-Identifier: BSD-2-Clause
"""Prometheus' text exposition format, version 0.0.4, read strictly, and held to the rules of promtool's lint.
https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/practices/naming/"""
import re

NAME = r'[a-z][a-z0-9]*(?:_[a-z0-9]+)*'  # the format allows more; what is ours needs no more
HELP = re.compile(rf'# HELP ({NAME}) ([^\\\n]+)')
TYPE = re.compile(rf'# TYPE ({NAME}) (counter|gauge|histogram)')
SAMPLE = re.compile(rf'({NAME})(?:\{{(.+)\}})? (NaN|[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Inf))')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,(?=.)|$)')
TYPES = {'counter', 'gauge', 'histogram', 'summary', 'untyped', 'metric', 'total', 'count', 'sum', 'bucket'}
# Units that are no base units, written out or not.
UNITS = {'milliseconds', 'microseconds', 'nanoseconds', 'minutes', 'hours', 'days', 'kilobytes', 'megabytes', 'kibibytes',
         'mebibytes', 'bits', 'percent', 's', 'ms', 'us', 'ns', 'sec', 'secs', 'b', 'kb', 'mb', 'gb', 'tb', 'kib', 'mib',
         'm', 'h', 'd', 'byte', 'second'}
BASE = {'seconds', 'bytes'}


class Wrong(AssertionError):
    pass


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.type = name, text, None
        self.series = {}  # of (name, ((label, value), …)): value

    def value(self, suffix='', **labels):
        return self.series[self.name + suffix, tuple(sorted(labels.items()))]

    def buckets(self):
        """Of a histogram: pairs of bound and cumulative count, in the order of the text."""
        return [(float(dict(labels)['le']), value) for (name, labels), value in self.series.items()
                if name == self.name + '_bucket']


def read_labels(text, line):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match[1] in labels or match[1].startswith('__'):
            raise Wrong(f'labels: {line!r}')
        labels[match[1]] = match[2]
        at = match.end()
    return tuple(sorted(labels.items()))


def parse(text):
    """Families by name, in order. Each begins with its HELP, then its TYPE, then its series, and stands once."""
    families, family = {}, None
    if not text.endswith('\n') or '\r' in text:
        raise Wrong('lines end in a line feed, the last one too')
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            match = HELP.fullmatch(line)
            if not match or match[1] in families:
                raise Wrong(f'HELP, or a second time: {line!r}')
            if family and not family.series:
                raise Wrong(f'{family.name} has no series')
            family = families[match[1]] = Family(*match.groups())
        elif line.startswith('#'):
            match = TYPE.fullmatch(line)
            if not match or not family or match[1] != family.name or family.type:
                raise Wrong(f'TYPE not behind its HELP: {line!r}')
            family.type = match[2]
        else:
            match = SAMPLE.fullmatch(line)
            if not match or not family or not family.type:
                raise Wrong(f'sample: {line!r}')
            allowed = [family.name]
            if family.type == 'histogram':
                allowed = [family.name + suffix for suffix in ('_bucket', '_sum', '_count')]
            key = match[1], read_labels(match[2] or '', line)
            if match[1] not in allowed or key in family.series:
                raise Wrong(f'not of {family.name}, or a second time: {line!r}')
            family.series[key] = float(match[3])
    if family and not family.series:
        raise Wrong(f'{family.name} has no series')
    for family in families.values():
        check_values(family)
    return families


def check_values(family):
    for (name, labels), value in family.series.items():
        if not value >= 0:
            raise Wrong(f'{name}{labels} is {value}')
        if ('le' in dict(labels)) != name.endswith('_bucket'):
            raise Wrong(f'{name}{labels}: le belongs to buckets')
    if family.type != 'histogram':
        return
    buckets = family.buckets()
    bounds, counts = [bound for bound, _ in buckets], [count for _, count in buckets]
    if bounds != sorted(set(bounds)) or bounds[-1] != float('inf'):
        raise Wrong(f'bounds of {family.name}: {bounds}')
    if counts != sorted(counts) or counts[-1] != family.value('_count'):
        raise Wrong(f'counts of {family.name}: {counts}')
    # The sum cannot be less than what the bounds below each bucket say.
    least = sum((count - before) * bound for bound, before, count in
                zip([0] + bounds[:-1], [0] + counts[:-1], counts))
    if family.value('_sum') < least:
        raise Wrong(f'{family.name}: {family.value("_sum")} is less than {least}')


def lint(families):
    """What promtool check metrics would have to say."""
    said = []
    for family in families.values():
        words = family.name.split('_')
        plain = words[:-1] if words[-1] == 'total' else words
        if (words[-1] == 'total') != (family.type == 'counter'):
            said.append(f'{family.name}: _total is the end of counters')
        if TYPES & set(plain):
            said.append(f'{family.name}: a type or a suffix in the name')
        if UNITS & set(words):
            said.append(f'{family.name}: not a base unit')
        if BASE & set(plain[:-1]):
            said.append(f'{family.name}: the unit is the last word')
        if family.type == 'histogram' and plain[-1] not in BASE:
            said.append(f'{family.name}: no unit')
        if not family.help.endswith('.'):
            said.append(f'{family.name}: the help is no sentence')
        keys = {tuple(name for name, _ in labels if name != 'le') for _, labels in family.series}
        if len(keys) != 1:
            said.append(f'{family.name}: labels differ: {keys}')
    return said


def counters(families):
    """All that may only grow: counters, and what histograms consist of."""
    return {key: value for family in families.values() if family.type != 'gauge'
            for key, value in family.series.items()}
