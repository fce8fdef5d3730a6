// Reads the files that the page holds. Nothing of what they say is believed here; `bundle-check.js` does that.
const decoder = new TextDecoder();
const pause = () => new Promise((go) => { setTimeout(go); });
const slice = 4000;
const unboxed = 1 << 18;

function unbase64(text) {
  const content = new Uint8Array(Math.ceil(text.length / 4) * 3);
  let end = 0;
  for (let from = 0; from < text.length; from += unboxed) {
    const part = atob(text.slice(from, from + unboxed));
    for (let i = 0; i < part.length; i += 1) { content[end + i] = part.charCodeAt(i); }
    end += part.length;
  }
  return content.subarray(0, end);
}

async function unzipped(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Each file's content by name, or null where it cannot be read.
async function readFiles() {
  const files = new Map();
  for (const element of all('script[data-file]')) {
    let content = null;
    try {
      content = await unzipped(unbase64(element.textContent));
    } catch { /* Told by the check. */ }
    files.set(element.dataset.file, content);
    element.remove();
    await pause();
  }
  return files;
}

// Where the lines of a file begin, and where the last one ends.
function lineStarts(content) {
  const starts = [0];
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, end + 1)) { starts.push(end + 1); }
  return starts;
}

const asJSON = (text) => { try { return JSON.parse(text); } catch { return null; } };
const parsed = (content, start, end) => asJSON(decoder.decode(content.subarray(start, end)));

// The inclusion proofs: positions, and for each the hashes behind each other; null where a line is none.
const sextets = new Uint8Array(128).fill(255);
[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((letter, value) => {
  sextets[letter.charCodeAt(0)] = value;
});
const hashText = 44;

function hashInto(out, at, content, from) {
  let bad = content[from + 43] ^ 61;
  for (let i = 0, to = at; i < hashText; i += 4) {
    const a = sextets[content[from + i] & 127];
    const b = sextets[content[from + i + 1] & 127];
    const c = sextets[content[from + i + 2] & 127];
    const d = i === 40 ? 0 : sextets[content[from + i + 3] & 127];
    bad |= (a | b | c | d) & 128;
    out[to] = a << 2 | b >> 4;
    out[to + 1] = b << 4 | c >> 2;
    if (i !== 40) { out[to + 2] = c << 6 | d; }
    to += 3;
  }
  return !bad;
}

function placeIn(content, start, end) {
  const open = content.indexOf(91, start);
  const head = open < 0 || open > end ? null : /^\{"leaf_index":(\d+),"audit_path":$/.exec(
    decoder.decode(content.subarray(start, open))
  );
  return head && { open, position: Number(head[1]) };
}

function proofOf(content, start, end) {
  const { open, position } = placeIn(content, start, end) || {};
  const rest = end - open - 3;
  const count = rest ? (rest + 1) / (hashText + 3) : 0;
  if (!Number.isInteger(count)) { return null; }
  const path = new Uint8Array(32 * count);
  for (let i = 0; i < count; i += 1) {
    if (!hashInto(path, 32 * i, content, open + 2 + i * (hashText + 3))) { return null; }
  }
  return { position, path };
}

// The events, as columns: a list of objects would take many times the memory. What is told of them is read when it
// is shown.
async function readEvents(files, tell) {
  const content = files.get('events.ndjson') || new Uint8Array();
  const history = files.get('history.ndjson') || new Uint8Array();
  const proofs = files.get('proofs.ndjson');
  const starts = lineStarts(content);
  const proved = proofs && lineStarts(proofs);
  const count = starts.length - 1;
  const events = {
    content, starts, proofs, proved, history, told: lineStarts(history), count, positions: new Float64Array(count),
    ids: [], types: [], times: [], versions: new Float64Array(count), subjects: [], apps: [], unreadable: [],
  };
  for (let from = 0; from < count; from += slice) {
    const end = Math.min(count, from + slice);
    const lines = decoder.decode(content.subarray(starts[from], starts[end])).split('\n');
    for (let i = from; i < end; i += 1) { readEvent(events, i, asJSON(lines[i - from])); }
    tell(`Reading event ${end} of ${count} …`);
    await pause();
  }
  return events;
}

function readEvent(events, i, record) {
  const { proofs, proved } = events;
  if (!record || typeof record !== 'object') { events.unreadable.push(i); }
  events.positions[i] = !proofs ? i : i + 1 < proved.length ? placeIn(proofs, proved[i], proved[i + 1] - 1)?.position ?? -1 : -1;
  events.ids.push(String(record?.id ?? ''));
  events.types.push(String(record?.type ?? 'unreadable'));
  events.times.push(String(record?.time ?? ''));
  events.versions[i] = Number(record?.subjectversion ?? 0);
  events.subjects.push(String(record?.subject ?? ''));
  events.apps.push(String(record?.source ?? '').replace('/apps/', ''));
}

// What is told of an event: a sentence, and the fields that it changed with their new texts; null where the state is
// not known.
function toldOf(events, i) {
  const { history, told } = events;
  const [said, changes] = (i + 1 < told.length && parsed(history, told[i], told[i + 1] - 1)) || [];
  return { said: String(said ?? events.types[i]), changes: Array.isArray(changes) ? changes : null };
}

const recordOf = (events, i) => events.content.subarray(events.starts[i], events.starts[i + 1] - 1);
const textOf = (events, i) => decoder.decode(recordOf(events, i));

// Who is in the events, the last seen first, with their names if the bundle says them.
function readUsers(events, files) {
  const users = new Map();
  for (let i = 0; i < events.count; i += 1) {
    const subject = events.subjects[i];
    if (!subject) { continue; }
    if (!users.has(subject)) { users.set(subject, { subject, events: [], name: '', person: '' }); }
    users.get(subject).events.push(i);
  }
  const names = files.get('identities.ndjson');
  for (const line of names ? decoder.decode(names).split('\n') : []) {
    const row = line && asJSON(line);
    const user = users.get(row?.subject);
    if (user) {
      user.name = String(row.client_user_id ?? '');
      user.person = String(row.human_id ?? '');
    }
  }
  return new Map([...users].sort(([, left], [, right]) => right.events.at(-1) - left.events.at(-1)));
}
