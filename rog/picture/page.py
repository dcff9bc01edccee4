"""The style sheet and the script of a picture's page. Without the script everything can still be read."""

CSS = """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #59636e; --line: #d5dae0; --paper: #fff; --shade: #f5f7f9;
  --good: #0a6b3d; --warn: #8a4700; --focus: #0072b2; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #a8b2bd; --line: #3b434c;
  --paper: #14181c; --shade: #1d2329; --good: #5fd39a; --warn: #f0b866; --focus: #5ab4e8; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; padding: 1.5rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
main { margin: 0 auto; max-width: 72rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
.answer { font-size: 1.25rem; font-weight: 600; margin: 0; color: var(--good); }
.answer.no { color: var(--warn); }
.soft, footer { color: var(--soft); font-size: .9rem; margin: .2rem 0 1rem; }
.scroll { overflow-x: auto; }
.scroll svg { display: block; max-width: 100%; min-width: 620px; height: auto; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 .6rem; }
button { font: inherit; font-size: .88rem; color: var(--ink); background: var(--shade); border: 1px solid var(--line);
  border-radius: 1rem; padding: .2rem .8rem; cursor: pointer; }
button i { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .45em; }
button[aria-pressed=true] { border-color: var(--focus); box-shadow: inset 0 0 0 1px var(--focus); font-weight: 600; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
details { border-top: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; }
summary b { font-weight: 600; }
table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; }
th, td { padding: .25rem 1.2rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
tr.cited td { font-weight: 600; }
tbody tr.hot, tbody tr:hover { background: var(--shade); }
td.mark { width: 1.6rem; color: var(--good); }
.why { color: var(--warn); margin: .3rem 0; }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem;
  font-size: .82rem; overflow-x: auto; margin: .4rem 0; white-space: pre-wrap; }
.rog-why .n, .rog-why .e { cursor: pointer; }
.rog-why .dim .e:not(.hot), .rog-why .dim .n:not(.hot) { opacity: .18; }
a { color: var(--focus); }
@page { margin: 14mm; }
@media print { body { padding: 0; font-size: 11pt; } .tools, button { display: none; } tr { break-inside: avoid; }
  .scroll { overflow: visible; } .scroll svg { min-width: 0; max-height: 200mm; } }
"""

SCRIPT = """
for (const page of document.querySelectorAll('.rog-page')) {
  const all = (css, from = page) => [...from.querySelectorAll(css)];
  const lanes = new Map(all('.lane').map(lane => [lane.dataset.lane, lane]));
  const sections = new Map(all('details[data-plan]').map(part => [part.dataset.plan, part]));
  const edgesOf = row => (row.dataset.e || '').split(' ').filter(Boolean);
  let pinned = null;

  const show = (plan, rows) => {  // these paths of a plan stand out, or none
    for (const [number, lane] of lanes) {
      const mine = number === plan && rows.length > 0, hot = new Set(mine ? rows.flatMap(edgesOf) : []);
      const boxes = new Set();
      for (const edge of all('.e', lane)) {
        const on = hot.has(edge.dataset.e);
        edge.classList.toggle('hot', on);
        if (on) boxes.add(edge.dataset.s).add(edge.dataset.t);
      }
      for (const box of all('.n', lane)) box.classList.toggle('hot', boxes.has(box.dataset.n));
      lane.classList.toggle('dim', mine);
    }
    for (const row of all('tr.hot')) row.classList.remove('hot');
    for (const row of rows) row.classList.add('hot');
  };
  const back = () => pinned ? show(...pinned) : show('', []);
  const rowsAt = target => {  // the plan and its paths under the pointer
    const row = target.closest('tr[data-e]');
    if (row) return [row.closest('[data-plan]').dataset.plan, [row]];
    const part = target.closest('.e, .n'), lane = target.closest('.lane');
    if (!part || !lane) return null;
    const near = part.matches('.e') ? new Set([part.dataset.e]) : new Set(all('.e', lane)
      .filter(edge => [edge.dataset.s, edge.dataset.t].includes(part.dataset.n)).map(edge => edge.dataset.e));
    const section = sections.get(lane.dataset.lane);
    return [lane.dataset.lane, all('tr[data-e]', section).filter(row => edgesOf(row).some(edge => near.has(edge)))];
  };
  page.addEventListener('mouseover', event => { const found = rowsAt(event.target); found ? show(...found) : back(); });
  page.addEventListener('mouseleave', back);
  page.addEventListener('click', event => {
    const found = rowsAt(event.target);
    if (found) {
      pinned = pinned && pinned[1].length === found[1].length && pinned[1][0] === found[1][0] ? null : found;
      back();
    } else {
      const lane = event.target.closest('.lane');
      if (lane) choose(lane.dataset.lane);
    }
  });
  page.addEventListener('keydown', event => { if (event.key === 'Escape') { pinned = null; back(); choose(chosen); } });

  const buttons = all('button[data-filter]');
  const filter = plan => {  // one plan, or all
    for (const [number, lane] of lanes) lane.classList.toggle('off', plan !== '' && number !== plan);
    for (const [number, part] of sections) {
      part.hidden = plan !== '' && number !== plan;
      if (number === plan) part.open = true;
    }
    for (const button of buttons) button.setAttribute('aria-pressed', button.dataset.filter === plan);
  };
  let chosen = '';
  const choose = plan => { chosen = chosen === plan ? '' : plan; filter(chosen); };
  for (const button of buttons) button.addEventListener('click', () => choose(button.dataset.filter));
  for (const button of all('button[data-copy]')) {
    button.addEventListener('click', async () => {
      const code = button.parentElement.querySelector('pre'), said = button.textContent;
      try { await navigator.clipboard.writeText(code.textContent); }
      catch { getSelection().selectAllChildren(code); document.execCommand('copy'); }
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  }
  for (const tool of all('[hidden].js')) tool.hidden = false;
  filter('');
}
"""
