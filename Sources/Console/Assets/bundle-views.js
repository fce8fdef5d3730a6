// What the page shows: the console's views, filled with the bundle's own events. Text is only ever set as text.
const main = one('#main');
const home = one('#home');
const hasStates = document.body.dataset.states === 'yes';
const rowsMax = 100;
const templates = new Map(all('template').map((template) => [template.id, template.content]));
const fieldsOf = (root) => all('[data-field]', root);
const fieldNames = fieldsOf(templates.get('user-view')).map((field) => field.dataset.field);
const firstState = fieldsOf(templates.get('user-view')).map((field) => field.textContent);
const nothing = firstState[fieldNames.indexOf('access')];
let bundle = null;
let turn = () => {};
const actorOf = (i) => String(parsed(bundle.events.content, bundle.events.starts[i], bundle.events.starts[i + 1] - 1)?.actor ?? '');

function fill(root, selector, text) { one(selector, root).textContent = text; }

function fillTime(time, exact) {
  if (exact) { time.setAttribute('datetime', exact); } else { time.replaceWith('–'); }
}

function link(element, target) {
  if (target === null) { element.removeAttribute('href'); } else { element.setAttribute('href', target); }
  element.classList.toggle('off', target === null);
}

// A view of the console without what only a service can do.
function view(id) {
  const root = document.createElement('div');
  root.append(templates.get(id).cloneNode(true));
  for (const part of all('.copy, .tail', root)) { part.remove(); }
  for (const form of all('form', root)) { form.removeAttribute('action'); }
  return root;
}

// Takes the one row, entry or step that the view was written with, to make others like it.
function pattern(root, selector) {
  const found = one(selector, root);
  found.remove();
  return found;
}

// Who works with keys or a screen reader goes on at the new view, not at a link that is gone.
function enter(root) {
  if (main.contains(root)) { return; }
  main.replaceChildren(root);
  main.focus({ preventScroll: true });
}

function show(root, heading) {
  document.title = `${heading} · Token Ledger`;
  enter(root);
  offerCopies(root);
  showTimes(root);
}

const userPath = (subject, version) => `#user/${subject}` + (version === undefined ? '' : `/${version}`);
const eventPath = (position) => `#event/${position}`;
const nameOf = (user) => user.name || user.subject;

// The state after a user's first events, by what is told of them; null from where on one is not in the bundle.
function stateAfter(told) {
  const state = [...firstState];
  for (const { changes } of told) {
    if (!changes) { return null; }
    for (const [field, text] of changes) { state[field] = text; }
  }
  return state;
}

// Each user as the last event left them, once.
function summary(user) {
  if (user.summary) { return user.summary; }
  const told = user.events.map((i) => toldOf(bundle.events, i));
  const state = hasStates ? stateAfter(told) : null;
  const held = [fieldNames.indexOf('access'), fieldNames.indexOf('public')];
  const last = state && user.events.findLast((_, number) => told[number].changes.some(([field]) => held.includes(field)));
  const text = (name) => (state ? state[fieldNames.indexOf(name)] : '–');
  const version = (name) => text(name).replace('version ', '').replace(nothing, '–');
  const open = text('finalizes');
  user.summary = {
    status: state ? text('status') : 'not known', access: version('access'), public: version('public'),
    since: last === undefined || last === null ? '' : bundle.events.times[last],
    open: open === nothing || open === '–' ? '–' : String(open.split(', ').length),
  };
  return user.summary;
}

function addFilter(nav, label, target, isChosen) {
  const choice = made('a', '', label);
  choice.href = target;
  if (isChosen) { choice.setAttribute('aria-current', 'true'); }
  nav.append(choice);
}

// Older and newer pages of a list, by keys too.
function pages(root, list, page, path) {
  const bar = one('.pages', root);
  const last = Math.max(0, Math.ceil(list.length / rowsMax) - 1);
  bar.replaceChildren(made('span', 'soft',
    list.length ? `${page * rowsMax + 1} to ${Math.min(list.length, (page + 1) * rowsMax)} of ${list.length}` : ''));
  for (const [label, target] of [['Newer', page - 1], ['Older', page + 1]]) {
    if (target >= 0 && target <= last) { addFilter(bar, label, path(target), false); }
  }
  turn = (step) => {
    const target = page - step;
    if (target >= 0 && target <= last) { location.hash = path(target); }
  };
  return list.slice(page * rowsMax, (page + 1) * rowsMax);
}

function showUsers(query) {
  const root = view('users-view');
  const row = pattern(root, 'tbody tr');
  const everybody = [...bundle.users.values()];
  const statuses = hasStates ? [...new Set(everybody.map((user) => summary(user).status))].sort() : [];
  const status = query.get('status');
  const text = query.get('text') || '';
  const nav = one('.filters', root);
  nav.replaceChildren();
  addFilter(nav, `all ${everybody.length}`, '#users', !status && !text);
  for (const name of statuses) {
    const count = everybody.filter((user) => summary(user).status === name).length;
    addFilter(nav, `${name} ${count}`, `#users?status=${encodeURIComponent(name)}`, status === name);
  }
  if (text) { addFilter(nav, `“${text}”`, location.hash, true); }
  const chosen = everybody.filter((user) => (!status || summary(user).status === status)
    && (!text || user.name.includes(text) || user.person.includes(text)));
  const path = (page) => `#users?${new URLSearchParams({ ...(status && { status }), ...(text && { text }), page })}`;
  for (const user of pages(root, chosen, Number(query.get('page') || 0), path)) {
    const line = row.cloneNode(true);
    const known = summary(user);
    fill(line, 'th a', nameOf(user));
    link(one('th a', line), userPath(user.subject));
    fill(line, '.chip', known.status);
    one('.chip', line).className = `chip ${known.status.replace(' ', '-')}`;
    const cells = all('.wide', line);
    cells[0].textContent = known.access;
    cells[1].textContent = known.public;
    fillTime(one('time', line), known.since);
    cells[3].textContent = known.open;
    one('tbody', root).append(line);
  }
  show(root, 'Users');
}

function showEvents(query) {
  const { events } = bundle;
  const root = view('events-view');
  const row = pattern(root, 'tbody tr');
  const form = one('form', root);
  one('select', form).closest('label').remove();
  fill(root, 'h1', 'Events');
  const conditions = ['type', 'subject', 'since', 'until'].filter((name) => query.get(name));
  for (const input of all('input', form)) { input.value = query.get(input.name) || ''; }
  one('[name=until]', form).placeholder = 'the end';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const chosen = [...new FormData(form)].filter(([, value]) => value.trim()).map(([name, value]) => [name, value.trim()]);
    location.hash = `#events?${new URLSearchParams(chosen)}`;
  });
  const types = query.get('type')?.split(',');
  const text = query.get('text');
  const spelled = text && JSON.stringify(text).slice(1, -1);
  const list = [];
  for (let i = events.count - 1; i >= 0; i -= 1) {
    if ((!types || types.includes(events.types[i])) && (!query.get('subject') || events.subjects[i] === query.get('subject'))
      && (!query.get('since') || query.get('since') <= events.times[i]) && (!query.get('until') || events.times[i] < query.get('until'))
      && (!text || [text, spelled].some((words) => textOf(events, i).includes(words)))) { list.push(i); }
  }
  const path = (page) => {
    const next = new URLSearchParams(query);
    next.set('page', page);
    return `#events?${next}`;
  };
  for (const i of pages(root, list, Number(query.get('page') || 0), path)) {
    const line = row.cloneNode(true);
    line.dataset.position = events.positions[i];
    fill(line, '.number a', events.positions[i]);
    link(one('.number a', line), eventPath(events.positions[i]));
    fillTime(one('time', line), events.times[i]);
    fill(line, 'td code', events.types[i]);
    const said = made('span', '', toldOf(events, i).said);
    one('td code', line).before(said);
    said.parentElement.className = 'told';
    const [who, actor] = all('.wide', line);
    const user = bundle.users.get(events.subjects[i]);
    fill(who, 'code', user ? nameOf(user) : '');
    link(one('a', who), events.subjects[i] ? userPath(events.subjects[i]) : null);
    fill(actor, 'code', actorOf(i));
    one('tbody', root).append(line);
  }
  const note = made('p', 'about', `${list.length} of ${events.count} events`
    + (text ? ` have “${text}” in them` : conditions.length ? ' fulfil these conditions' : ', the newest first') + '.');
  note.setAttribute('role', 'status');
  form.after(note);
  show(root, 'Events');
}
