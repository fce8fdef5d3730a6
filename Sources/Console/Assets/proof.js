// Proofs and signed notes (RFC 9162 2.1.3 and 2.1.4, C2SP signed-note and tlog-checkpoint).
const utf8 = new TextEncoder();
const fail = (words) => { throw new Error(words); };

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const base64 = (array) => btoa(String.fromCharCode(...array));
const isSame = (left, right) => base64(left) === base64(right);

const hash = async (...arrays) => new Uint8Array(
  await crypto.subtle.digest('SHA-256', Uint8Array.from(arrays.flatMap((array) => [...array])))
);
const leafOf = (record) => hash(Uint8Array.of(0), record);
const nodeOf = (left, right) => hash(Uint8Array.of(1), left, right);

// Up from a place, whose hashes each neighbour on the left joins, and only the first one on the right.
async function climb(place, last, tops, hashes) {
  for (const neighbour of hashes) {
    if (last === 0n) { fail('The proof is longer than the way to the root.'); }
    const isLeft = place & 1n || place === last;
    if (isLeft) {
      tops = await Promise.all(tops.map((top) => nodeOf(neighbour, top)));
    } else {
      tops[0] = await nodeOf(tops[0], neighbour);
    }
    while (isLeft && !(place & 1n) && place !== 0n) {
      place >>= 1n;
      last >>= 1n;
    }
    place >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) { fail('The proof ends before the root.'); }
  return tops;
}

function keyOf(text) {
  const [name, id, ...rest] = text.split('+');
  const value = bytes(rest.join('+'));
  if (value.length !== 33 || value[0] !== 1) { fail('The key is none of Ed25519.'); }
  return { name, id, value, key: value.slice(1) };
}

function noteOf(text) {
  const end = text.lastIndexOf('\n\n');
  const [origin, size, root] = text.slice(0, end).split('\n');
  const signatures = text.slice(end + 2).split('\n').filter((line) => line).map((line) => {
    const [, name, value] = line.match(/^— (\S+) (\S+)$/) || [];
    return { name, value: value ? bytes(value) : new Uint8Array() };
  });
  return { text: text.slice(0, end + 1), origin, size: Number(size), root: bytes(root || ''), signatures };
}

const hexadecimal = (array) =>
  [...array].map((byte) => byte.toString(16).padStart(2, '0')).join('');

// 'yes', or 'unable' where the browser has no Ed25519; throws where the signature is not the key's. A checkpoint's
// first line is the log's name; other notes say whose they are. Of another log of the same ledger, the key has that log's
// number in its name.
async function signedBy(note, text, origin = note.origin, number) {
  const key = keyOf(text);
  const idOf = async () => (await hash(utf8.encode(key.name + '\n'), key.value)).slice(0, 4);
  let id = await idOf();
  if (hexadecimal(id) !== key.id) { fail('The key does not have the id that it names.'); }
  if (number) {
    key.name = key.name.replace(/\d+$/, number);
    id = await idOf();
  }
  if (origin !== key.name) { fail('The note is of another log than the key.'); }
  const found = note.signatures.find(
    (signature) => signature.name === key.name && isSame(signature.value.slice(0, 4), id)
  );
  if (!found) { fail('The key has not signed the note.'); }
  let imported;
  try {
    imported = await crypto.subtle.importKey('raw', key.key, { name: 'Ed25519' }, false, ['verify']);
  } catch {
    return 'unable';
  }
  const isGood = await crypto.subtle.verify(
    { name: 'Ed25519' }, imported, found.value.slice(4), utf8.encode(note.text)
  );
  if (!isGood) { fail('The signature of the note is forged.'); }
  return 'yes';
}

// Whether the log of the old note is the beginning of that of the new one.
async function grow(from, to, old, now, path) {
  let [place, last] = [BigInt(from) - 1n, BigInt(to) - 1n];
  if (place < 0n || place > last) { fail('No log grows from that size.'); }
  if (old.size !== Number(from) || now.size !== Number(to)) {
    fail('The checkpoints are of other sizes than the proof.');
  }
  let tops = [now.root, old.root];
  if (place < last) {
    if (!(place & (place + 1n))) { path = [old.root, ...path]; }
    while (place & 1n) {
      place >>= 1n;
      last >>= 1n;
    }
    tops = await climb(place, last, [path[0], path[0]], path.slice(1));
  } else if (path.length || !isSame(old.root, now.root)) { fail('There are two roots of one size.'); }
  if (!isSame(tops[0], now.root) || !isSame(tops[1], old.root)) {
    fail('The proof does not lead from the one root to the other.');
  }
}
