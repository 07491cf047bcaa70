# SPDX-License-Identifier: BSD-2-Clause
"""What `make bench` measured, as a table and as a picture. Ratios are of the same round; a row whose ratios to
Tidepool's lie on both sides of 1 is said not to differ."""
from statistics import median


def ratios(rows, name, base):
    return [run['cpu'] / other['cpu'] for run, other in zip(rows[name]['runs'], rows[base]['runs'])]


def spread(values, form='.2f'):
    return f'{median(values):{form}} ({min(values):{form}}–{max(values):{form}})'


def verdict(rows, name):
    if name == 'tidepool':
        return ''
    values = ratios(rows, name, 'tidepool')
    if min(values) <= 1 <= max(values):
        return 'no difference'
    return f'{median(values):.2f} ×'


def table(results):
    lines = []
    for task in results['tasks']:
        rows = task['rows']
        base = task['against'] if task['against'] in rows else 'tidepool'
        lines += [f'**{task["title"]}**', '',
                  f'| server | CPU µs a request | of it user | × {base} | × Tidepool | busy | requests/s |', '|---|---:|---:|---:|---:|---:|---:|']
        for name in sorted(rows, key=lambda one: median(run['cpu'] for run in rows[one]['runs'])):
            figure = lambda key, form='.2f': spread([run[key] for run in rows[name]['runs']], form)
            lines.append(f'| {name} | {figure("cpu")} | {median(run["user"] for run in rows[name]["runs"]):.2f} | '
                         f'{spread(ratios(rows, name, base))} | {verdict(rows, name)} | '
                         f'{median(run["busy"] for run in rows[name]["runs"]):.0f} % | {median(run["rate"] for run in rows[name]["runs"]):,.0f} |')
        lines.append('')
    small = next((task['rows'] for task in results['tasks'] if task['task'] == 'small'), {})
    if small:
        lines += ['**memory** (proportional, all processes)', '',
                  '| server | at start, KiB | after the load, KiB | bytes that an idle connection adds |', '|---|---:|---:|---:|']
        lines += [f'| {name} | {row["start"] / 1024:,.0f} | {row["busy_bytes"] / 1024:,.0f} | {row["idle_bytes"]:,.0f} |'
                  for name, row in small.items()]
        lines.append('')
    lines.append(f'Median of {results["rounds"]} alternating rounds (least–most), {results["connections"]} connections, one worker, '
                 f'no limit of requests, {results["kernel"]}; each configuration lies beside this table. ' + '; '.join(f'{name}: {text}' for name, text in results['versions'].items()) + '.')
    return '\n'.join(lines) + '\n'


def svg(results):
    """A group of bars for each task: CPU per request, median, with a line from least to most."""
    left, width, line, y, parts = 110, 440, 20, 44, []
    for task in results['tasks']:
        rows = task['rows']
        most = max(run['cpu'] for row in rows.values() for run in row['runs'])
        parts.append(f'<text x="12" y="{y}" font-weight="600">{task["title"]}</text>')
        y += 10
        for name in sorted(rows, key=lambda one: median(run['cpu'] for run in rows[one]['runs'])):
            values = [run['cpu'] for run in rows[name]['runs']]
            place = lambda value: left + width * value / most
            kind = 'n' if name == 'tidepool' else 'f' if name == 'floor' else 'p'
            parts += [f'<text x="{left - 10}" y="{y + 13}" text-anchor="end">{name}</text>',
                      f'<rect class="{kind}" x="{left}" y="{y + 2}" width="{place(median(values)) - left:.1f}" height="14" rx="2"/>',
                      f'<path class="w" d="M{place(min(values)):.1f} {y + 9}H{place(max(values)):.1f}"/>',
                      f'<text x="{place(max(values)) + 8:.1f}" y="{y + 13}">{median(values):.2f}</text>']
            y += line
        y += 30
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {y}" role="img" aria-labelledby="t" '
            'font-family="system-ui, sans-serif" font-size="13">', '<title id="t">CPU per request of each server</title>',
            '<style>text{fill:#1b2733}.n{fill:#0b7a75}.p{fill:#b4552d}.f{fill:#8a97a3}.w{stroke:#1b2733;stroke-width:1.5}'
            '@media(prefers-color-scheme:dark){text{fill:#e4ebf1}.n{fill:#37b5ae}.p{fill:#e0895f}.f{fill:#7d8a96}'
            '.w{stroke:#e4ebf1}}</style>',
            '<text x="12" y="22" font-size="15" font-weight="600">CPU µs a request: median, least to most</text>']
    return '\n'.join(head + parts + ['</svg>']) + '\n'
