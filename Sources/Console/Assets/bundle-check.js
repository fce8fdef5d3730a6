// Checks the whole bundle: every file against the signed list, every event against the signed root.
const listFormat = 'token-ledger/page/1';
const bundleFormat = 'token-ledger/bundle/1';
const findingsMax = 1000;

class Findings extends Array {
  note(place, words) { if (this.length < findingsMax) { this.push(place ? `${place}: ${words}` : words); } }
}

const sha256 = async (content) => new Uint8Array(await crypto.subtle.digest('SHA-256', content));
const sumOf = async (content) => hexadecimal(await sha256(content));

// The two hashes must agree before one of them is used for everything.
async function checkHasher() {
  const sample = Uint8Array.from({ length: 1000 }, (_, i) => i * 7 & 255);
  const mine = new Uint8Array(32);
  leafInto(mine, 0, sample, 0, sample.length);
  if (!isSame(mine, await leafOf(sample))) { fail('This browser computes other hashes than it should.'); }
}

// What was signed of the page's files; throws where that cannot be read.
function listOf(files) {
  const content = files.get('manifest.json');
  if (!content) { fail('The page has no readable manifest.'); }
  const list = JSON.parse(decoder.decode(content));
  if (list.format !== listFormat) { fail('The page’s manifest has another form.'); }
  return { content, list };
}

const isEmpty = (query) => !Object.keys(query).length;
// Whether events of a user may be missing between others.
const hasGaps = (query) => query.types || query.since || query.until;
const plain = (name) => name.replace(/\.gz$/, '');

// What cannot be true whatever the files have in them, as `verify` refuses it.
function checkList(list, findings) {
  const { query, proof, events, range: { from, until }, tree_size: size, first_position: first, last_position: last } = list;
  const names = list.files.map((file) => plain(file.name));
  const isWhole = isEmpty(query) && from === 0 && until === size;
  for (const [isSound, words] of [
    [[from, until, size, events].every(Number.isSafeInteger), 'a position or count is no number'],
    [from >= 0 && from <= until && until <= size, 'the range is not within the log'],
    [isWhole ? ['root', 'inclusion'].includes(proof) : proof === 'inclusion', 'its kind of proof proves nothing about these positions'],
    [!names.includes('events.ndjson') || names.includes('proofs.ndjson') === (proof === 'inclusion'), 'its files do not fit to the kind of proof'],
    [!isEmpty(query) || events === until - from, 'the events are not all of the range, although no filter was set'],
    [events ? from <= first && first <= last && last < until && events <= last - first + 1 : (first ?? last) === undefined,
      'positions and count do not fit'],
  ]) { if (!isSound) { findings.note('manifest.json', words); } }
}

async function checkFiles(files, list, findings) {
  const listed = new Set(['manifest.json', 'manifest.note']);
  for (const file of list.files) {
    listed.add(file.name);
    const content = files.get(file.name);
    if (!content) {
      findings.note(file.name, files.has(file.name) ? 'it is damaged and cannot be read' : 'it is missing');
      continue;
    }
    if (content.length !== file.bytes || await sumOf(content) !== file.sha256) {
      findings.note(file.name, 'it is not the file that was signed');
    }
    if (lineStarts(content).length - 1 !== file.lines) { findings.note(file.name, 'it has another number of lines than was signed'); }
  }
  for (const name of files.keys()) { if (!listed.has(name)) { findings.note(name, 'the signed manifest does not list it'); } }
}

// The signatures under a key, if the browser can check any, and that the two checkpoints are those of one log that
// only grew.
async function checkSignatures(files, { content, list }, key, format, findings) {
  let isUnable = false;
  const read = (name) => decoder.decode(files.get(name) || new Uint8Array());
  async function signed(name, origin) {
    const note = noteOf(read(name));
    if (await signedBy(note, key, origin) === 'unable') { isUnable = true; }
    return note;
  }
  async function attempt(place, act) {
    try { return await act(); } catch (error) {
      findings.note(place, error.name === 'Error' ? error.message : 'it is not written as the ledger writes it');
      return null;
    }
  }
  if (keyOf(key).name !== list.origin) { findings.note('manifest.json', 'the key is one of another log'); }
  await attempt('manifest.note', async () => {
    const note = await signed('manifest.note', list.origin);
    if (note.text !== `${format}\n${base64(await sha256(content))}\n`) { fail('It is of another manifest.'); }
  });
  const last = await attempt('checkpoint', () => signed('checkpoint'));
  const first = await attempt('checkpoint.first', () => signed('checkpoint.first'));
  if (last && (last.size !== list.tree_size || base64(last.root) !== list.root)) {
    findings.note('checkpoint', 'it is not the one that the manifest names');
  }
  if (!first || !last) { return { first, isUnable }; }
  await attempt('consistency.json', async () => {
    const proof = JSON.parse(read('consistency.json'));
    if (first.size === 0) { return growFromNothing(proof, first, last); }
    await grow(proof.first, proof.second, first, last, proof.consistency.map(bytes));
  });
  return { first, isUnable };
}

// Every log grows from the empty one, which needs no hashes.
function growFromNothing(proof, first, last) {
  if (proof.first !== 0 || proof.second !== last.size) { fail('The checkpoints are of other sizes than the proof.'); }
  if (proof.consistency.length || !isSame(first.root, rootOf(new Uint8Array(), 0))) {
    fail('The proof does not lead from the one root to the other.');
  }
}

const matches = (query, events, i) =>
  (query.client_id ?? events.apps[i]) === events.apps[i] && (query.subject ?? events.subjects[i]) === events.subjects[i]
  && (query.types ?? [events.types[i]]).includes(events.types[i])
  && (query.since ?? '') <= events.times[i] && (!query.until || events.times[i] < query.until);

// The events by themselves: their order, their count, and what they lead to.
async function checkEvents(events, list, first, findings, tell) {
  const place = (i) => `events.ndjson, line ${i + 1}` + (events.positions[i] < 0 ? '' : `, position ${events.positions[i]}`);
  const root = bytes(list.root);
  const leaves = new Uint8Array(32 * events.count);
  const versions = new Map();
  const ways = [];
  events.counted = 0;
  for (const i of events.unreadable) { findings.note(place(i), 'it is no record'); }
  for (let i = 0; i < events.count; i += 1) {
    leafInto(leaves, 32 * i, events.content, events.starts[i], events.starts[i + 1] - 1);
    if (i && events.positions[i] <= events.positions[i - 1]) { findings.note(place(i), 'it is out of order'); }
    if (!matches(list.query, events, i)) { findings.note(place(i), 'it is not what was asked for'); }
    if (events.proofs) { checkProof(events, i, leaves, list, root, ways, place, findings); }
    const version = events.versions[i];
    const expected = nextOf(versions.get(events.subjects[i]), list);
    if (version && expected && version !== expected) {
      findings.note(place(i), 'before it, events of the user are missing or too many');
    }
    if (version) {
      versions.set(events.subjects[i], version);
      events.counted += 1;
    }
    if (i % slice === slice - 1) {
      tell(`Checking event ${i + 1} of ${events.count} …`);
      await pause();
    }
  }
  checkCounts(events, list, findings);
  if (list.proof === 'root' && !isSame(rootOf(leaves, events.count), root)) {
    findings.note('events.ndjson', 'the events have another root than the one that was signed');
    if (first && first.size <= events.count) { findings.note('events.ndjson', whereItIs(leaves, first)); }
  }
  return leaves;
}

// Of one user's events, or of the whole log's, none may be missing between two others.
function nextOf(version, { query, range }) {
  if (hasGaps(query)) { return null; }
  return version ? version + 1 : range.from === 0 ? 1 : null;
}

const whereItIs = (leaves, first) => isSame(rootOf(leaves, first.size), first.root)
  ? `the first ${first.size} are as they were signed earlier; what differs is behind them`
  : `what differs is among the first ${first.size}, which have another root than was signed earlier`;

function checkProof(events, i, leaves, list, root, ways, place, findings) {
  const { proofs, proved } = events;
  const proof = i + 1 < proved.length ? proofOf(proofs, proved[i], proved[i + 1] - 1) : null;
  if (!proof) { return findings.note(place(i), 'it has no readable proof'); }
  const { position, path } = proof;
  if (position < list.range.from || position >= list.range.until) { findings.note(place(i), 'it is outside of the range'); }
  if (!leadsTo(root, leaves.subarray(32 * i, 32 * i + 32), position, list.tree_size, path, ways)) {
    findings.note(place(i), 'its bytes and its proof do not lead to the root that was signed');
  }
}

function checkCounts(events, list, findings) {
  const { count, positions, proved, content, starts } = events;
  if (content.length > starts[count]) { findings.note('events.ndjson', 'the last line has no end'); }
  if (count !== list.events) { findings.note('events.ndjson', `it has ${count} events, not the ${list.events} that were signed`); }
  if (proved && proved.length - 1 > count) { findings.note('proofs.ndjson', 'there are more proofs than events'); }
  if (count && (positions[0] !== list.first_position || positions[count - 1] !== list.last_position)) {
    findings.note('events.ndjson', 'its first or last position is not the one that was signed');
  }
}

// Everything that does not depend on whose key it is, once.
async function checkContent(bundle, tell) {
  const findings = new Findings();
  await checkHasher();
  checkList(bundle.signed.list, findings);
  await checkFiles(bundle.files, bundle.signed.list, findings);
  let first = null;
  try {
    first = noteOf(decoder.decode(bundle.files.get('checkpoint.first')));
  } catch { /* Told with the signatures. */ }
  if (bundle.hasEvents) {
    bundle.leaves = await checkEvents(bundle.events, bundle.signed.list, first, findings, tell);
  }
  return findings;
}

const saidOf = ({ format, files, ...said }) => JSON.stringify(said);

// The files of the folder that somebody chose, against the manifest that lies among them, and it against the page's.
async function checkFolder(chosen, page, key, tell) {
  const findings = new Findings();
  const files = new Map();
  for (const file of chosen) { files.set(file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file); }
  const small = new Map();
  for (const name of ['manifest.json', 'manifest.note', 'checkpoint', 'checkpoint.first', 'consistency.json']) {
    if (!files.has(name)) { fail(`There is no ${name} in it: it is no finished bundle.`); }
    small.set(name, new Uint8Array(await files.get(name).arrayBuffer()));
  }
  const content = small.get('manifest.json');
  const list = JSON.parse(decoder.decode(content));
  if (list.format !== bundleFormat) { fail('Its manifest has another form.'); }
  await checkSignatures(small, { content, list }, key, bundleFormat, findings);
  checkList(list, findings);
  if (saidOf(list) !== saidOf(page)) { findings.note('manifest.json', 'it is of another bundle than this page'); }
  const held = new Map(page.files.map((file) => [file.name, file.sha256]));
  held.delete('history.ndjson');
  const listed = new Set(['manifest.json', 'manifest.note', ...list.files.map((file) => file.name)]);
  for (const name of files.keys()) { if (!listed.has(name)) { findings.note(name, 'the manifest does not list it'); } }
  if (!listed.has('index.html')) { findings.note('index.html', 'the manifest does not list it'); }
  for (const { name, bytes: length, sha256: signed } of list.files) {
    tell(`Reading ${name} …`);
    const file = await files.get(name)?.arrayBuffer();
    const sum = file && await sumOf(file);
    const same = held.get(plain(name));
    if (!file) { findings.note(name, 'it is missing'); }
    else if (file.byteLength !== length || sum !== signed) { findings.note(name, 'it is not the file that was signed'); }
    else if (same && same !== (plain(name) === name ? sum : await sumOf(await unzipped(file)))) {
      findings.note(name, 'it is not the file that this page holds');
    }
  }
  for (const name of held.keys()) {
    if (![...listed].some((other) => plain(other) === name)) { findings.note(name, 'this page holds it, and the manifest does not list it'); }
  }
  return { findings, list };
}
