# SPDX-License-Identifier: BSD-2-Clause
"""What `make ab` measured, as a table and as a picture; and what is noise.

Two groups of rows must be equal: pool_mode normal whatever the allocator, since in steady state none of it is
called, and a row with its repetition (RSS: this alone, since each allocator has pages of its own). The noise of a
figure is the widest spread of medians in such a group, in per cent of their mean: rows that differ by no more
show no difference."""
from statistics import mean, median

NAMES = {'rate': 'requests/s', 'cpu_us': 'CPU µs per request', 'faults': 'page faults per 1,000 requests',
         'rss_mib': 'RSS MiB'}


class Report:
    def __init__(self, results):
        self.rows = results
        for row in self.rows:
            row['median'] = {key: median(run[key] for run in row['runs']) for key in NAMES}
            row['least'] = {key: min(run[key] for run in row['runs']) for key in NAMES}
            row['most'] = {key: max(run[key] for run in row['runs']) for key in NAMES}

    # What must be equal

    def equals(self, key):
        groups = [[row for row in self.rows if row['mode'] == 'normal' and key != 'rss_mib']]
        for row in self.rows:
            if row['again']:
                groups.append([other for other in self.rows
                               if (other['mode'], other['allocator']) == (row['mode'], row['allocator'])])
        return [group for group in groups if len(group) > 1]

    def noise(self, key):
        """Per cent; None if nothing was run twice."""
        spreads = []
        for group in self.equals(key):
            medians = [row['median'][key] for row in group]
            spreads.append(100 * (max(medians) - min(medians)) / mean(medians) if mean(medians) else 0.)
        return max(spreads, default=None)

    def normal(self, key):
        return median(row['median'][key] for row in self.rows if row['mode'] == 'normal')

    def verdict(self, row):
        """Its CPU per request against pool_mode normal's."""
        if row['mode'] == 'normal':
            return 'noise band'
        noise, base = self.noise('cpu_us'), self.normal('cpu_us')
        difference = 100 * (row['median']['cpu_us'] - base) / base
        if noise is None or abs(difference) <= noise:
            return f'no difference ({difference:+.1f} %)'
        return f'{difference:+.1f} % CPU'

    # As text

    @staticmethod
    def name(row):
        return row['allocator'] + (' again' if row['again'] else '')

    @staticmethod
    def figure(row, key, form):
        return (f'{row["median"][key]:{form}} ({row["least"][key]:{form}} to {row["most"][key]:{form}})')

    def table(self):
        lines = ['| pool_mode | allocator | requests/s | CPU µs per request | system allocations per request | '
                 'page faults per 1,000 requests | RSS MiB | against normal |',
                 '|---|---|---:|---:|---:|---:|---:|---|']
        for row in self.rows:
            lines.append('| ' + ' | '.join([
                row['mode'], self.name(row), self.figure(row, 'rate', ',.0f'), self.figure(row, 'cpu_us', '.2f'),
                f'{row["allocations"]:.2f}', self.figure(row, 'faults', '.2f'),
                self.figure(row, 'rss_mib', '.1f'), self.verdict(row)]) + ' |')
        rounds = len(self.rows[0]['runs'])
        lines += ['', f'Median of {rounds} alternating rounds (least to most).']
        if self.noise('cpu_us') is not None:
            lines[-1] += (f' Rows that must be equal differ by up to {self.noise("cpu_us"):.1f} % in CPU per request, '
                          f'{self.noise("rate"):.1f} % in requests per second and {self.noise("rss_mib"):.1f} % in '
                          'RSS: a smaller difference is none.')
        lines[-1] += (' Passthrough pays for what a pool needs to give back what it took, too: a list, 48 bytes an '
                      'allocation.')
        return '\n'.join(lines) + '\n'

    # As a picture

    def svg(self):
        left, width, line = 190, 420, 24
        most = max(row['most']['cpu_us'] for row in self.rows) * 1.05
        place = lambda value: left + width * value / most
        height = 64 + line * len(self.rows) + 34
        noise, base = self.noise('cpu_us') or 0., self.normal('cpu_us')
        low, high = place(base * (1 - noise / 100)), place(min(base * (1 + noise / 100), most))
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 110} {height}" role="img" '
                 'aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="13">',
                 '<title id="t">CPU per request, by pool_mode and allocator</title>',
                 f'<desc id="d">{self.description()}</desc>',
                 '<style>text{fill:#1b2733}.n{fill:#0b7a75}.p{fill:#b4552d}.band{fill:#0b7a75;opacity:.14}'
                 '.w{stroke:#1b2733;stroke-width:1.5}@media(prefers-color-scheme:dark){text{fill:#e4ebf1}'
                 '.n{fill:#37b5ae}.p{fill:#e0895f}.band{fill:#37b5ae;opacity:.2}.w{stroke:#e4ebf1}}</style>',
                 '<text x="12" y="24" font-size="15" font-weight="600">CPU µs per request: median, least to most</text>',
                 f'<rect class="band" x="{low:.1f}" y="40" width="{max(high - low, 1):.1f}" '
                 f'height="{line * len(self.rows) + 8}"/>']
        for number, row in enumerate(self.rows):
            y = 48 + line * number
            value, least, top = (row[what]['cpu_us'] for what in ('median', 'least', 'most'))
            kind = 'n' if row['mode'] == 'normal' else 'p'
            middle = y + 8
            parts += [f'<text x="{left - 10}" y="{y + 13}" text-anchor="end">{row["mode"]}, {self.name(row)}</text>',
                      f'<rect class="{kind}" x="{left}" y="{y}" width="{place(value) - left:.1f}" height="16" rx="2"/>',
                      f'<path class="w" d="M{place(least):.1f} {middle}H{place(top):.1f}"/>',
                      f'<text x="{place(top) + 8:.1f}" y="{y + 13}">{value:.2f}</text>']
        parts += [f'<text x="12" y="{height - 14}">Shaded: the noise, {noise:.1f} %, by rows that must be equal.</text>',
                  '</svg>']
        return '\n'.join(parts) + '\n'

    def description(self):
        return '; '.join(f'{row["mode"]} {self.name(row)} {row["median"]["cpu_us"]:.2f}' for row in self.rows) + '.'
