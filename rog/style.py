"""The style sheet of the pages that we write: light and dark, readable on paper and on a phone."""

CSS = """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #59636e; --line: #d5dae0; --paper: #ffffff; --shade: #f5f7f9;
  --good: #0a6b3d; --bad: #a3261b; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #9467bd; --c4: #b58900;
  --c5: #7f7f7f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #a3adb8; --line: #3b434c; --paper: #14181c;
  --shade: #1d2329; --good: #5fd39a; --bad: #ff9187; --c0: #56b4e9; --c1: #f0874a; --c2: #2fc79c; --c3: #b99be0;
  --c4: #e0c04f; --c5: #9aa3ac; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
p, ul, dl { max-width: 46rem; }
.soft, small, caption { color: var(--soft); }
.lead { font-size: 1.05rem; padding-left: 1.2rem; }
.lead li { margin: .35rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; margin: .5rem 0 1rem; }
caption { text-align: left; padding: .25rem 0 .5rem; }
th, td { padding: .4rem .8rem .4rem 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; border-bottom: 2px solid var(--line); }
th[scope=row], .left { text-align: left; font-weight: 600; }
td.left { font-weight: 400; white-space: normal; }
td small, th small { display: block; font-weight: 400; font-size: .82em; }
tr.group th { padding-top: 1rem; color: var(--soft); font-weight: 400; }
.best { font-weight: 700; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
svg { display: block; width: 100%; max-width: 760px; height: auto; margin: .25rem 0 1rem; }
svg text { font-size: 12.5px; fill: var(--ink); }
svg .label { text-anchor: end; }
svg .tick { text-anchor: middle; fill: var(--soft); font-size: 11px; }
svg .heading { font-weight: 600; }
svg .range { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--line); }
svg .error { stroke: var(--ink); stroke-width: 1.5; fill: none; }
svg .seed { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 2; }
svg .c0 { fill: var(--c0); } svg .c1 { fill: var(--c1); } svg .c2 { fill: var(--c2); }
svg .c3 { fill: var(--c3); } svg .c4 { fill: var(--c4); } svg .c5 { fill: var(--c5); }
dt { font-weight: 600; }
dd { margin: 0 0 .4rem; color: var(--soft); }
details { margin: .5rem 0; }
summary { cursor: pointer; font-weight: 600; }
@media print { body { max-width: none; padding: 0; } details > * { display: block; } }
"""
