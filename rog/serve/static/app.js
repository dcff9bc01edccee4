// The page: asks /v1/ask and shows link, plan, paths and answer as they arrive. No framework, nothing from elsewhere.

import { shown } from '/static/names.js';

const $ = css => document.querySelector(css);
const STAGES = ['link', 'plan', 'paths', 'answer'];
const HISTORY = 'rog-history', KEY = 'rog-key', KEPT = 50, SHOWN = 12;
let running = null;                                   // what stops the question in progress
let current = null;                                   // {question, entity, plan} as asked
let topics = [];                                      // what it was linked to
let edited = null;                                    // {entity, path: [relation, …]} in the editor
let trail = [];                                       // entities walked through while exploring
let pictures = 0;

// An element: texts are texts, never HTML, and show all that they hold; so do titles.
const SPOKEN = ['title', 'aria-label'];
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value != null) made.setAttribute(key, SPOKEN.includes(key) ? shown(value) : value);
  }
  const there = children.flat().filter(child => child != null && child !== false);
  made.append(...there.map(child => (typeof child === 'string' ? shown(child) : child)));
  return made;
}
const put = (css, text) => { $(css).textContent = shown(text); };
const bdi = text => el('bdi', {}, text);
const count = (n, one, many = one + 's') => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
const percent = p => (p >= 0.005 ? `${Math.round(100 * p)} %` : '< 1 %');

function toast(text) {
  put('#toast', text);
  $('#toast').classList.add('on');
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $('#toast').classList.remove('on'), 2200);
}

// ---- the server

async function call(path, options = {}) {
  const key = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(key && { authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('The server does not answer. Is it still running?');
  }
  if (response.status === 401) {
    await unlock();
    return call(path, options);
  }
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Error(body?.error?.message ?? `The server says ${response.status}.`);
  }
  return response;
}
const get = async (path, query = {}) => {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map(each => [name, each]));
  return (await call(`${path}?${new URLSearchParams(pairs)}`)).json();
};
let unlocking = null;  // several requests may be refused at once, and wait for one key
function unlock() {
  unlocking ??= new Promise(resolve => {
    sessionStorage.removeItem(KEY);
    $('#locked').showModal();
    $('#locked form').onsubmit = event => {
      event.preventDefault();
      sessionStorage.setItem(KEY, $('#key').value);
      $('#locked').close();
      unlocking = null;
      resolve();
    };
  });
  return unlocking;
}

// The events of a stream, as [name, document].
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (waiting + value).split('\n\n');
    waiting = parts.pop();
    for (const part of parts) {
      const lines = part.split('\n');
      const name = lines.find(line => line.startsWith('event: '))?.slice(7);
      const data = lines.filter(line => line.startsWith('data: ')).map(line => line.slice(6)).join('\n');
      if (name) yield [name, JSON.parse(data)];
    }
  }
}

// ---- asking

async function ask({ question, entity = null, plan = null, partial = false }, remember = true) {
  running?.abort();
  const control = running = new AbortController();
  current = { question, entity, plan };
  begin();
  if (remember && location.hash !== permalink()) history.pushState(null, '', permalink());
  const body = { question, paths: 0, picture: 'html', stream: true, ...(entity && { entity }), ...(plan && { plan }), ...(partial && { partial }) };
  try {
    const response = await call('/v1/ask', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: control.signal,
    });
    for await (const [name, document] of events(response)) {
      if (control !== running) return;
      if (name === 'error') throw new Error(document.error.message);
      reached(name);
      ({ link: linked, plan: planned, paths: walked, answer: answered })[name]?.(document);
    }
  } catch (error) {
    if (error.name !== 'AbortError' && control === running) failed(error.message);
  }
}

function begin() {
  document.body.classList.add('asked');
  document.title = shown(`${current.question} · rog`);
  $('#question').value = current.question;
  $('#results').hidden = false;
  for (const id of ['#error', '#ambiguous', '#plans', '#picture', '#editor', '#picked']) $(id).hidden = true;
  const widths = ['22%', '55%', '70%'];
  $('#answer').className = 'card';
  $('#answer').setAttribute('aria-busy', 'true');
  $('#answer').replaceChildren(...widths.map(width => el('span', { class: 'wait', style: `width:${width}` })));
  for (const stage of $('#stages').children) stage.className = '';
  $('#stages').firstElementChild.className = 'now';
  if (!current.entity) pin(null);
}

function reached(name) {
  const place = STAGES.indexOf(name);
  [...$('#stages').children].forEach((stage, n) => { stage.className = n <= place ? 'done' : n === place + 1 ? 'now' : ''; });
}
const say = (stage, text) => { put(`#stages [data-stage=${stage}] span`, text); };

function failed(message) {
  for (const stage of $('#stages').children) if (stage.className === 'now') stage.className = 'failed';
  $('#answer').replaceChildren(el('p', { class: 'soft' }, 'No answer.'));
  $('#answer').removeAttribute('aria-busy');
  $('#answer').className = 'card none';
  put('#error', message);
  $('#error').hidden = false;
}

function linked(document) {
  topics = document.topics;
  say('link', topics.length ? topics[0].label + (topics.length > 1 ? ` and ${topics.length - 1} more` : '') : 'nothing named');
  if (current.entity) {
    if (topics[0]) pin(topics[0]);
    return;
  }
  const shared = topics.filter(topic => topics.some(other => other !== topic && other.mention === topic.mention));
  if (!shared.length) return;
  $('#ambiguous').replaceChildren(
    el('p', {}, el('b', {}, `“${shared[0].mention}”`), ` is the name of ${shared.length} entities here. All of them are tried; or which one?`),
    el('div', { class: 'chips' }, shared.map(topic => el('button', {
      type: 'button', onclick: () => ask({ question: current.question, entity: topic.key }),
    }, bdi(topic.label), el('span', {}, ` ${[topic.types.join(', '), topic.key, count(topic.degree, 'fact')].filter(Boolean).join(' · ')}`)))),
  );
  $('#ambiguous').hidden = false;
}

function planned(document) {
  say('plan', document.plans.length ? `${count(document.plans.length, 'plan')}, best ${percent(document.plans[0].probability)}` : 'none');
  $('#plans').hidden = !topics.length;
  $('#plans ol').replaceChildren(...document.plans.map((plan, n) => el('li', { 'data-path': plan.path, style: `--c:var(--c${n % 6})` },
    el('button', { type: 'button', class: 'number', 'aria-pressed': 'false', title: 'Show only this plan', 'aria-label': `Show only plan ${n + 1}`, onclick: event => only(n + 1, event.currentTarget) }, `${n + 1}`),
    el('span', { class: 'words' }, el('span', { dir: 'auto' }, plan.words), el('small', {}, '…')),
    el('span', { class: 'bar' }, percent(plan.probability), el('meter', { value: plan.probability, max: 1, 'aria-label': 'probability' })),
    el('button', { type: 'button', class: 'small', onclick: () => edit(plan.path.split(' -> ')), 'aria-label': `Edit plan ${n + 1}` }, 'Edit'),
  )));
  put('#plans > p', document.note);
}

// One plan in the picture and below it, or all again.
function only(number, button) {
  const on = button.getAttribute('aria-pressed') === 'false';
  for (const each of document.querySelectorAll('#plans .number')) each.setAttribute('aria-pressed', on && each === button);
  for (const lane of document.querySelectorAll('.rog-page .lane')) lane.classList.toggle('off', on && lane.dataset.lane !== String(number));
  for (const part of document.querySelectorAll('.rog-page [data-plan]')) part.hidden = on && part.dataset.plan !== String(number);
}

function walked(document) {
  let paths = 0;
  for (const row of $('#plans ol').children) {
    const mine = document.evidence.filter(entry => entry.path === row.dataset.path);
    const total = mine.reduce((sum, entry) => sum + entry.paths_total, 0);
    const ends = mine.reduce((sum, entry) => sum + entry.ends_total, 0);
    row.querySelector('small').textContent = total ? `${count(total, 'path')} to ${count(ends, 'entity', 'entities')}` : 'leads nowhere';
    paths += total;
  }
  say('paths', paths ? count(paths, 'path') : 'no path');
}

// A path in words, each arrow in the direction of its fact.
function pathLine(path, labels, relations) {
  return [bdi(labels[path[0][0]]), ...path.flatMap(([, relation, target]) => {
    const back = relation.startsWith('~'), label = relations[back ? relation.slice(1) : relation];
    return [el('span', { class: 'step' }, back ? ` ←${label}─ ` : ` ─${label}→ `), bdi(labels[target])];
  })];
}

function answered(document) {
  const grounded = document.verdict === 'grounded', card = $('#answer');
  const more = document.total - Math.min(SHOWN, document.answers.length);
  const head = grounded
    ? [el('span', { class: 'verdict' }, `✓ proven ${document.support.length} of ${document.answers.length}`),
       el('div', { class: 'entities' }, document.answers.slice(0, SHOWN).map((answer, n, all) => el('span', { dir: 'auto' },
         el('button', { type: 'button', title: `Explore ${answer.label}`, onclick: () => explore(answer.key, true) }, answer.label),
         n < all.length - 1 ? ',' : '')), more > 0 && el('span', { class: 'soft' }, `and ${more.toLocaleString('en')} more`)),
       el('ul', { class: 'why' }, document.support.slice(0, 3).map(path => el('li', {}, pathLine(path, document.labels, document.relation_labels))))]
    : [el('span', { class: 'verdict' }, 'No grounded answer'),
       el('p', { class: 'said' }, `${document.text[0].toUpperCase()}${document.text.slice(1)}.`),
       document.related && el('p', { class: 'said' }, `Related, not the answer: ${document.related.text}`),
       document.refusal === 'not applied' && !document.related && el('button', { type: 'button', class: 'small', onclick: () => ask({ ...current, partial: true }, false) }, 'Show what is related'),
       el('ul', { class: 'why' }, document.plans.map((plan, n) => document.refusal === 'absent' && document.reasons[n] && el('li', {}, `${plan.words}: `, el('span', { class: 'soft' }, document.reasons[n]))))];
  card.replaceChildren(...head, el('div', { class: 'foot' },
    grounded && el('span', {}, `confidence ${document.confidence.toFixed(2)}`),
    el('span', {}, `${document.seconds.toFixed(2)} s`), el('span', { class: 'push' }),
    el('button', { type: 'button', class: 'small', onclick: copyLink }, 'Copy link'),
  ));
  card.classList.toggle('none', !grounded);
  card.removeAttribute('aria-busy');
  say('answer', grounded ? 'proven, step by step' : document.refusal === 'not applied' ? 'not all of it was applied' : 'not in this graph');
  if (!grounded) $('#stages').lastElementChild.className = 'failed';
  const used = new Set(document.support.map(path => path.map(step => step[1]).join(' -> ')));
  for (const row of $('#plans ol').children) row.classList.toggle('used', used.has(row.dataset.path));
  draw(document.picture);
  put('#told', grounded ? `Answer: ${document.text}` : `No grounded answer: ${document.text}`);
  keep(grounded ? document.text : 'no grounded answer');
}

function draw(html) {
  const page = $('#picture .rog-page');
  const parsed = new DOMParser().parseFromString(html ?? '', 'text/html');
  const fresh = page.cloneNode(false);                // its listeners go with the old one
  fresh.append(...parsed.body.childNodes);
  page.replaceWith(fresh);
  $('#picture').hidden = !fresh.querySelector('svg .lane');
  fresh.addEventListener('click', event => {
    const box = event.target.closest('[data-key]');
    $('#picked').hidden = !box;
    if (!box) return;
    put('#picked b', box.querySelector('text').textContent);
    $('#picked button').onclick = () => explore(box.dataset.key, true);
  });
  import(`/static/picture.js?${++pictures}`);         // a new address each time, so that it runs on what is new
}

// ---- one entity, permalinks, history

function pin(topic) {
  $('#about-entity').hidden = !topic;
  if (!topic) return;
  put('#about-entity b', topic.label);
  put('#about-entity code', topic.key);
  $('#about-entity button').onclick = () => ask({ question: current.question });
}

function permalink() {
  const fields = { q: current.question, ...(current.entity && { entity: current.entity }) };
  const plan = (current.plan ?? []).map(path => ['plan', path]);
  return `#${new URLSearchParams([...Object.entries(fields), ...plan])}`;
}
async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast('Link copied');
  } catch {
    toast('The link is in the address bar');
  }
}
function fromAddress() {
  const fields = new URLSearchParams(location.hash.slice(1)), question = fields.get('q');
  const plan = fields.getAll('plan');
  if (question) ask({ question, entity: fields.get('entity'), plan: plan.length ? plan : null }, false);
  else home();
}
function home() {
  running?.abort();
  running = null;
  document.body.classList.remove('asked');
  document.title = 'rog';
  $('#results').hidden = true;
  $('#question').value = '';
  pin(null);
  $('#question').focus();
}

function kept() {
  try { return JSON.parse(localStorage.getItem(HISTORY)) ?? []; } catch { return []; }
}
function keep(answer) {
  const link = permalink(), rest = kept().filter(row => row.link !== link);
  try { localStorage.setItem(HISTORY, JSON.stringify([{ link, question: current.question, answer, own: !!current.plan }, ...rest].slice(0, KEPT))); } catch { /* a browser that keeps nothing */ }
}
function showHistory() {
  const rows = kept();
  $('#history ol').className = 'rows';
  $('#history ol').replaceChildren(...(rows.length ? rows : [null]).map(row => el('li', {}, row
    ? el('button', { type: 'button', dir: 'auto', onclick: () => { $('#history').close(); location.hash === row.link ? fromAddress() : location.hash = row.link; } },
        row.question, el('small', {}, row.own ? `own plan: ${row.answer}` : row.answer))
    : 'Nothing has been asked yet.')));
  $('#history').showModal();
}

// ---- a plan by hand

const nexts = new Map();
function next(entities, path) {
  const name = JSON.stringify([entities, path]);
  if (!nexts.has(name)) {
    const found = get('/v1/next', { entity: entities, path: path.join(' -> ') });
    nexts.set(name, found);
    found.catch(() => nexts.delete(name));                                            // to be asked again
  }
  return nexts.get(name);
}
function edit(path) {
  edited = { entity: current.entity ?? '', path };
  $('#editor').hidden = false;
  return steps(selects => selects.at(path.length ? -2 : -1));
}
let drawing = 0;
/** Draws the steps and focuses the select that `chosen` picks; nothing if another drawing began meanwhile. */
async function steps(chosen) {
  const mine = ++drawing, at = document.activeElement;
  const entities = edited.entity ? [edited.entity] : topics.map(topic => topic.key);
  const from = el('label', {}, 'from', el('select', { onchange: event => { edited.entity = event.target.value; steps(selects => selects[0]); } },
    topics.length > 1 && el('option', { value: '' }, 'all of them'),
    topics.map(topic => el('option', { value: topic.key, selected: topic.key === edited.entity }, `${topic.label} (${topic.types[0] ?? topic.key})`))));
  const parts = [from];
  let reach = 0;
  try {
    for (let n = 0; n <= edited.path.length && n < 6; n++) {
      const found = await next(entities, edited.path.slice(0, n));
      if (mine !== drawing) return;
      reach = found.reached;
      const known = found.options.some(option => option.relation === edited.path[n]);
      if (n < edited.path.length && !known) edited.path = edited.path.slice(0, n);    // no walk goes on like that
      if (!found.options.length) break;
      const change = event => {
        const value = event.target.value;
        edited.path = value ? [...edited.path.slice(0, n), value, ...edited.path.slice(n + 1)] : edited.path.slice(0, n);
        steps(selects => selects[n + 1]);
      };
      parts.push(el('label', {}, `step ${n + 1}`, el('select', { onchange: change },
        el('option', { value: '' }, n < edited.path.length ? '— end here —' : n ? '— that is all —' : '— choose —'),
        found.options.map(option => el('option', { value: option.relation, selected: option.relation === edited.path[n] },
          `${option.relation.startsWith('~') ? '← ' : ''}${option.words}${option.to ? ` (${option.to})` : ''} · ${option.steps.toLocaleString('en')}`)))));
    }
    put('#editor .soft', edited.path.length ? `reaches ${count(reach, 'entity', 'entities')}` : 'Only relations that lead on from here are offered.');
  } catch (error) {
    if (mine !== drawing) return;
    put('#editor .soft', error.message);
  }
  const stayed = [at, document.body].includes(document.activeElement) || $('#editor .steps').contains(document.activeElement);
  $('#editor .steps').replaceChildren(...parts);
  $('#editor button[type=submit]').disabled = !edited.path.length;
  if (stayed) chosen([...$('#editor').querySelectorAll('select')])?.focus();          // who has gone on elsewhere stays there
}

// ---- exploring

async function explore(key, fresh = false) {
  if (fresh) trail = [];
  if (!$('#explore').open) $('#explore').showModal();
  $('#found').replaceChildren();
  try {
    const around = await get('/v1/entity', { entity: key, picture: true });
    trail = [...trail.filter(step => step.key !== key), around.entity];
    showAround(around);
  } catch (error) {
    $('#around').replaceChildren(el('p', { class: 'soft' }, error.message));
  }
}
const kindOf = entity => [entity.types.join(', '), count(entity.degree, 'fact')].filter(Boolean).join(' · ');
const row = entity => el('li', {}, el('button', { type: 'button', onclick: () => explore(entity.key) },
  bdi(entity.label), el('small', {}, kindOf(entity))));

function showAround({ entity, aliases, relations, relations_total: total, picture }) {
  const use = () => {
    $('#explore').close();
    if (current?.question) ask({ question: current.question, entity: entity.key });
    else { $('#question').value = `${entity.label} `; $('#question').focus(); }
  };
  $('#around').replaceChildren(
    trail.length > 1 && el('p', { class: 'trail' }, trail.slice(-4, -1).flatMap(step => [
      el('button', { type: 'button', class: 'quiet', onclick: () => { trail = trail.slice(0, trail.findIndex(each => each.key === step.key)); explore(step.key); } }, step.label), ' › '])) || '',
    el('h3', { tabindex: -1, dir: 'auto' }, entity.label),
    el('p', { class: 'soft' }, kindOf(entity), ' · ', el('code', {}, entity.key)),
    aliases.length ? el('p', { class: 'soft' }, `also ${aliases.slice(0, 6).join(', ')}`) : '',
    el('p', { class: 'pinned' }, el('button', { type: 'button', class: 'small', onclick: use },
      current?.question ? 'Ask the question about it' : 'Ask about it')),
    el('dl', {}, relations.flatMap(relation => [
      el('dt', {}, `${relation.relation.startsWith('~') ? '← ' : ''}${relation.words}`, relation.facts > 1 && el('small', {}, relation.facts.toLocaleString('en'))),
      el('dd', {}, relation.entities.map(each => el('button', { type: 'button', title: kindOf(each), onclick: () => explore(each.key) }, bdi(each.label))),
        relation.facts > relation.entities.length && el('span', { class: 'soft' }, `and ${(relation.facts - relation.entities.length).toLocaleString('en')} more`)),
    ])),
    total > relations.length ? el('p', { class: 'soft' }, `and ${count(total - relations.length, 'more relation')}`) : '',
  );
  const drawn = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Picture', onclick: event => {
    const box = event.target.closest('[data-key]');
    if (box && box.dataset.key !== entity.key) explore(box.dataset.key);
  } }, ...new DOMParser().parseFromString(picture ?? '', 'text/html').body.childNodes);
  $('#around').append(el('details', {}, el('summary', {}, 'As a picture'), drawn));
  $('#around h3').focus();
}

async function find() {
  const text = $('#find').value.trim();
  if (!text) return $('#found').replaceChildren();
  const found = await get('/v1/search', { q: text, limit: 8 }).catch(error => ({ entities: [], message: error.message }));
  if (text !== $('#find').value.trim()) return undefined;                             // typed on meanwhile
  return $('#found').replaceChildren(found.entities.length
    ? el('ul', { class: 'rows' }, found.entities.map(row))
    : el('p', { class: 'soft' }, found.message ?? 'Nothing is called anything like that.'));
}

// ---- beginning

$('#question').addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $('#ask').requestSubmit();
  }
});
$('#ask').addEventListener('submit', event => {
  event.preventDefault();
  if (matchMedia('(pointer: coarse)').matches) $('#question').blur();                  // the keyboard covers the answer
  const question = $('#question').value.trim();
  if (question) ask({ question });
});
$('#editor').addEventListener('submit', event => {
  event.preventDefault();
  if (edited.path.length) ask({ question: current.question, entity: edited.entity || current.entity, plan: [edited.path.join(' -> ')] });
});
$('#own-plan').addEventListener('click', () => edit([]));
$('#cancel-edit').addEventListener('click', () => { $('#editor').hidden = true; $('#own-plan').focus(); });
$('#open-explore').addEventListener('click', () => {
  $('#explore').showModal();
  if (!$('#around').children.length && topics[0]) explore(topics[0].key, true);
  else $('#find').focus();
});
$('#open-history').addEventListener('click', showHistory);
$('#forget').addEventListener('click', () => { localStorage.removeItem(HISTORY); $('#history').close(); toast('History forgotten'); });
$('#home').addEventListener('click', event => { event.preventDefault(); history.pushState(null, '', '/'); home(); });
for (const dialog of document.querySelectorAll('#explore, #history')) {
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close(); });
  dialog.querySelector('.close').addEventListener('click', () => dialog.close());
}
$('#find').addEventListener('input', () => { clearTimeout(find.timer); find.timer = setTimeout(find, 150); });
addEventListener('popstate', fromAddress);
addEventListener('keydown', event => {
  const typing = event.target.closest('input, select, textarea, dialog');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    $('#question').select();
  }
});

fromAddress();
const about = await get('/v1/graph', { limit: 24 }).catch(error => { toast(error.message); return null; });
if (about) {
  $('#about').replaceChildren(el('b', { dir: 'auto' }, about.name),
    ` · ${count(about.entities, 'entity', 'entities')} · ${count(about.facts, 'fact')} · ${about.planner} planner`);
  $('#examples').replaceChildren(...about.examples.map(text =>
    el('button', { type: 'button', onclick: () => ask({ question: text }) }, text)));
  const says = about.by_relation.filter(relation => !relation.hidden).slice(0, 12).map(relation => relation.label);
  put('#knows', `It knows: ${says.join(' · ')}${about.relations > says.length ? ' …' : ''}`);
}
