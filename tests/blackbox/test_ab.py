# SPDX-License-Identifier: BSD-2-Clause
"""make ab: its report tells noise from difference, and what it counts is right where it can be known."""
import xml.etree.ElementTree

import pytest

from tests.bench import ab
from tests.bench import ab_report

pytestmark = [pytest.mark.ours, pytest.mark.plain]


def rows(*cpu):
    """Results with these medians of CPU per request: four of pool_mode normal, then passthrough and again."""
    names = [('normal', 'glibc', False), ('normal', 'jemalloc', False), ('normal', 'mimalloc', False),
             ('normal', 'glibc', True), ('passthrough', 'glibc', False), ('passthrough', 'glibc', True)]
    return [{'mode': mode, 'allocator': allocator, 'again': again, 'allocations': 0.,
             'runs': [{'rate': 1e6 / value, 'cpu_us': value + shift, 'faults': 0., 'rss_mib': 3.}
                      for shift in (-.5, 0., .5)]}
            for (mode, allocator, again), value in zip(names, cpu)]


def test_difference_beyond_the_noise():
    report = ab_report.Report(rows(10., 10.1, 10.2, 10., 12., 12.1))
    assert report.noise('cpu_us') == pytest.approx(100 * .2 / 10.075)
    assert report.verdict(report.rows[0]) == 'noise band'
    assert report.verdict(report.rows[4]) == '+19.4 % CPU'
    assert '| passthrough | glibc again |' in report.table()


def test_no_difference_within_it():
    # Two rows that must be equal differ as much as the others do.
    report = ab_report.Report(rows(10., 11., 10., 10., 10.5, 10.6))
    assert report.verdict(report.rows[4]).startswith('no difference')
    report = ab_report.Report(rows(10., 10., 10., 10., 10.5, 11.5))
    assert report.verdict(report.rows[4]).startswith('no difference')


def test_picture_is_well_formed():
    report = ab_report.Report(rows(10., 10.1, 10.2, 10., 12., 12.1))
    root = xml.etree.ElementTree.fromstring(report.svg())
    bars = [node for node in root.iter('{http://www.w3.org/2000/svg}rect') if node.get('class') in ('n', 'p')]
    assert len(bars) == 6
    assert float(bars[4].get('width')) / float(bars[0].get('width')) == pytest.approx(1.2, rel=.01)


def test_system_allocations():
    """Pools reach the system's allocator for nothing in steady state; passed through, for everything."""
    assert ab.allocations('normal', None) == 0
    assert ab.allocations('passthrough', None) > 3
