// Opens the bundle: reads its files, checks them, and leads to the views.
const verdictBox = one('#verdict');
const seal = one('#seal');
const listedMax = 50;

// Where an event stands among those of the bundle, by its position in the log; -1 where it is not in it.
const placeOf = (position) => bundle.events.positions.indexOf(position);

function showNothing() {
  const root = document.createElement('div');
  root.append(made('p', 'empty', 'That is not in this bundle.'));
  show(root, 'Nothing found');
}

// The first page that an id, a position, a type or a text leads to.
function found(text) {
  const { events, users } = bundle;
  const id = text.toLowerCase();
  if (/^\d+$/.test(text) && placeOf(Number(text)) >= 0) { return eventPath(Number(text)); }
  if (users.has(id)) { return userPath(id); }
  const place = events.ids.indexOf(id);
  if (place >= 0) { return eventPath(events.positions[place]); }
  if (events.types.includes(text)) { return `#events?${new URLSearchParams({ type: text })}`; }
  const named = [...users.values()].filter((user) => user.name.includes(text) || user.person.includes(text));
  const exact = named.find((user) => user.name === text || user.person === text);
  if (exact || named.length === 1) { return userPath((exact || named[0]).subject); }
  return `#${named.length ? 'users' : 'events'}?${new URLSearchParams({ text })}`;
}

// An address may be cut off anywhere.
function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function route() {
  if (location.hash === '#main') { return main.focus(); }
  const [path, query] = (location.hash || '#bundle').slice(1).split('?');
  const [where, first, second] = path.split('/').map(decoded);
  const conditions = new URLSearchParams(query);
  turn = () => {};
  delete acts.r;
  for (const choice of all('.places a')) {
    const isHere = choice.hash.slice(1) === ({ user: 'users', event: 'events', find: 'events' }[where] || where);
    if (isHere) { choice.setAttribute('aria-current', 'page'); } else { choice.removeAttribute('aria-current'); }
  }
  if (where === 'users') { showUsers(conditions); }
  else if (where === 'user') { showUser(bundle.users.get(first), second === undefined ? undefined : Number(second)); }
  else if (where === 'events') { showEvents(conditions); }
  else if (where === 'event') { showEvent(Number(first)); }
  else if (where === 'find') { location.replace(found(first ?? '')); return; }
  else {
    enter(home);
    document.title = 'Bundle · Token Ledger';
  }
  if (where !== 'user' || second === undefined) { window.scrollTo(0, 0); }
}

// What was signed, in the place of what the page was written with.
function fillFacts({ list }) {
  const { query, range } = list;
  const told = {
    ...list, client_id: query.client_id ?? 'any', subject: query.subject ?? 'any',
    types: query.types?.join(', ') ?? 'any', since: query.since ?? 'any time', until: query.until ?? 'any time',
    range: `${range.from} to ${range.until}, the latter not included`, tree_size: `${list.tree_size} records`,
  };
  for (const place of all('[data-fact]', home)) { place.textContent = told[place.dataset.fact]; }
  one('#key', home).textContent = list.verifier_key;
}

function gapWords({ query, range }, counted) {
  if (isEmpty(query)) { return 'None of these positions is missing.'; }
  if (!query.subject || hasGaps(query) || !counted) {
    return 'Not proved: that the filter left nothing out. Only an export of the whole log proves that.';
  }
  return `${range.from === 0 ? 'From the user’s first event on' : 'Between them'} none of the user’s counted events is missing `
    + `(${counted} of them). Not proved: that none came behind the last one, before position ${range.until}.`;
}

function soundWords(list, isTrusted, first) {
  const words = [isTrusted ? 'The manifest and both checkpoints are signed under the key that you named.'
    : 'The manifest and both checkpoints are signed under the key that came with the bundle. Whoever made the bundle could have made that key: compare it, and name it below.'];
  if (!bundle.hasEvents) {
    words.push(`Not checked: the ${list.events} events. They are not on this page; check the folder's files below, or use a command.`);
  } else if (list.proof === 'root') {
    words.push(`The ${list.events} events are the whole log of ${list.tree_size} records, byte for byte, in its order: their tree has the root that was signed.`);
  } else {
    words.push(`Each of the ${list.events} events is in the log at its position, byte for byte: its proof leads to the root that was signed. `
      + `Each is what was asked for, from position ${list.range.from} to ${list.range.until}, the latter not included.`);
    words.push(gapWords(list, bundle.events.counted));
  }
  words.push(`The log of ${list.tree_size} records continues its earlier one of ${first.size}: nothing that was there was changed or removed.`);
  if (bundle.hasEvents && hasStates) {
    words.push('Not proved: what the page says beyond the bytes, such as differences of state. The service computed them, and signed that it did.');
  }
  if (bundle.files.has('identities.ndjson')) {
    words.push('Not proved: whose the pseudonyms are. No event has the names; the service named them, and signed that it did.');
  }
  words.push('Not proved: who asked for the bundle and why, and what happened after the checkpoint.');
  return words;
}

// Judges everything under a key: the one that the reader named, or the one that came along. What was asked for last
// counts.
let judgements = 0;
async function judge(key, isTrusted) {
  const number = judgements += 1;
  const findings = new Findings(...bundle.contentFindings);
  const { first, isUnable } = await checkSignatures(bundle.files, bundle.signed, key, listFormat, findings);
  if (number !== judgements) { return; }
  if (isTrusted && key !== bundle.signed.list.verifier_key) { findings.note('manifest.json', 'it names another key than you'); }
  bundle.key = key;
  const isSound = findings.length === 0;
  bundle.isUnable = isUnable;
  bundle.seal = !isSound ? 'bad' : isTrusted && bundle.hasEvents && !isUnable ? 'good' : 'unsure';
  bundle.words = !isSound ? findings.slice(0, listedMax)
    : isUnable ? ['Without signatures nothing is proved. Use a newer browser, or the commands below.'] : soundWords(bundle.signed.list, isTrusted, first);
  if (findings.length > listedMax) { bundle.words.push(`… and ${findings.length - listedMax} more.`); }
  const headline = !isSound ? `Refused: ${findings.length === 1 ? 'one thing does' : `${findings.length} things do`} not fit. This bundle proves nothing.`
    : isUnable ? 'This browser cannot check signatures.' : !bundle.hasEvents ? 'The signatures fit; the events were not checked.'
      : isTrusted ? 'Verified: nothing in this bundle was altered.' : 'Everything fits the key that came with the bundle.';
  tell(verdictBox, bundle.seal, headline, bundle.words);
  seal.className = `chip ${bundle.seal}`;
  seal.textContent = { good: 'Verified', unsure: isUnable ? 'Not checked' : bundle.hasEvents ? 'Fits its own key' : 'Events not checked', bad: 'Refused' }[bundle.seal];
  if (location.hash.startsWith('#event/')) { route(); }
}

function listen() {
  for (const part of [one('.places'), seal]) { part.hidden = false; }
  for (const part of all('.find, .places a[href="#users"], .places a[href="#events"]')) { part.hidden = !bundle.hasEvents; }
  one('.find').addEventListener('submit', (event) => {
    event.preventDefault();
    const target = found(one('#find').value.trim());
    if (location.hash === target) { route(); } else { location.hash = target; }
    one('#find').blur();
  });
  acts.h = () => turn(-1);
  acts.l = () => turn(1);
  window.addEventListener('hashchange', route);
}

// What can be asked once everything was checked.
function offerChecks() {
  for (const part of [one('#trust', home), one('#beside', home)]) { part.hidden = false; }
  one('#trust', home).addEventListener('submit', async (event) => {
    event.preventDefault();
    const key = new FormData(event.target).get('key').trim();
    try {
      keyOf(key);
    } catch {
      judgements += 1;
      return tell(verdictBox, 'bad', 'That is no key of a log.', ['A key has a name, an id and base64: name+id+base64. It is on one line.']);
    }
    await judge(key, true);
  });
  one('#folder', home).addEventListener('change', checkChosen);
}

// The files beside the page, under the key that the page was judged by.
async function checkChosen(event) {
  const box = one('#folder-verdict', home);
  const working = (words) => tell(box, 'open', words, []);
  const chosen = [...event.target.files];
  // So that the same folder can be chosen again.
  event.target.value = '';
  try {
    const { findings, list } = await checkFolder(chosen, bundle.signed.list, bundle.key, working);
    if (findings.length) { return tell(box, 'bad', 'Refused: the folder is not what was signed.', findings.slice(0, listedMax)); }
    const isChecked = bundle.hasEvents && bundle.seal !== 'bad';
    tell(box, isChecked ? bundle.seal : 'unsure', `All ${list.files.length} files of the folder are those that were signed, and no other is there.`, [
      'One of them is index.html: this page, if you opened it there. '
        + (isChecked ? 'Their events are those that the page has checked.' : 'Whether each event leads to the signed root, the commands above check.'),
    ]);
  } catch (error) {
    tell(box, 'bad', 'The folder cannot be checked.', [error.message]);
  }
}

async function open() {
  const telling = (words) => { seal.textContent = words.split(' ')[0] + ' …'; tell(verdictBox, 'open', words, []); };
  if (!window.crypto?.subtle || !window.DecompressionStream) {
    return tell(verdictBox, 'unsure', 'This browser is too old to check and show a bundle.', ['Use a newer one, or the commands below.']);
  }
  telling('Reading the bundle …');
  const files = await readFiles();
  const signed = listOf(files);
  bundle = { files, signed, key: signed.list.verifier_key, hasEvents: signed.list.files.some((file) => file.name === 'events.ndjson') };
  bundle.events = await readEvents(files, telling);
  bundle.users = readUsers(bundle.events, files);
  fillFacts(signed);
  listen();
  route();
  telling('Checking the bundle …');
  await pause();
  bundle.contentFindings = await checkContent(bundle, telling);
  await judge(bundle.key, false);
  if (!bundle.isUnable) { offerChecks(); }
}

open().catch((error) => {
  seal.className = 'chip bad';
  seal.textContent = 'Refused';
  tell(verdictBox, 'bad', 'Refused: the bundle on this page cannot be read.', [error.message]);
});
