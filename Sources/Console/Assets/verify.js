// Checks proofs in the browser: nothing of the server is believed, and its key only once it is pinned
// (RFC 9162 2.1.3 and 2.1.4, C2SP signed-note and tlog-checkpoint).
(() => {
  'use strict';
  const { one, all, button } = window.ledgerConsole;
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
    return { text: text.slice(0, end + 1), origin, size: Number(size), root: bytes(root), signatures };
  }

  const hexadecimal = (array) =>
    [...array].map((byte) => byte.toString(16).padStart(2, '0')).join('');

  // 'yes', or 'unable' where the browser has no Ed25519; throws where the signature is not the key's.
  async function signedBy(note, text) {
    const key = keyOf(text);
    const id = (await hash(utf8.encode(key.name + '\n'), key.value)).slice(0, 4);
    if (hexadecimal(id) !== key.id) { fail('The key does not have the id that it names.'); }
    if (note.origin !== key.name) { fail('The checkpoint is of another log than the key.'); }
    const found = note.signatures.find(
      (signature) => signature.name === key.name && isSame(signature.value.slice(0, 4), id)
    );
    if (!found) { fail('The key has not signed the checkpoint.'); }
    let imported;
    try {
      imported = await crypto.subtle.importKey('raw', key.key, { name: 'Ed25519' }, false, ['verify']);
    } catch {
      return 'unable';
    }
    const isGood = await crypto.subtle.verify(
      { name: 'Ed25519' }, imported, found.value.slice(4), utf8.encode(note.text)
    );
    if (!isGood) { fail('The signature of the checkpoint is forged.'); }
    return 'yes';
  }

  function tell(box, kind, headline, lines) {
    box.className = 'verdict ' + kind;
    const title = document.createElement('p');
    const strong = document.createElement('strong');
    strong.textContent = headline;
    title.append(strong);
    const list = document.createElement('ul');
    for (const line of lines) {
      const item = document.createElement('li');
      item.textContent = line;
      list.append(item);
    }
    box.replaceChildren(title, list);
  }

  const pinned = (log) => localStorage.getItem('key-' + log);
  const noCrypto = 'The page was loaded without encryption from another machine, and browsers compute no hashes then.';

  // What notes and hashes prove is as good as the key: only a pinned one is known to be the log's.
  async function judge(box, data, texts, prove) {
    if (!window.crypto || !crypto.subtle) { return tell(box, 'unsure', 'Not checked in this browser.', [noCrypto]); }
    const lines = [];
    try {
      const notes = texts.map(noteOf);
      const path = data.hashes ? data.hashes.split(' ').map(bytes) : [];
      const proved = await prove(data, lines, path, ...notes);
      const pin = pinned(data.log);
      if (pin && pin !== data.key) {
        fail('The server shows another key than the one that is pinned in this browser.');
      }
      for (const note of notes) {
        if (await signedBy(note, pin || data.key) === 'unable') {
          lines.push('This browser has no Ed25519, so nobody has checked here who signed the checkpoint.');
          return tell(box, 'unsure', 'The way to the root is right; the signature was not checked.', lines);
        }
        lines.push(`The key of ${note.origin} has signed the checkpoint of ${note.size} events.`);
      }
      if (pin) {
        lines.push('It is the key that is pinned in this browser.');
        return tell(box, 'good', `Verified by your browser: ${proved}.`, lines);
      }
      lines.push('No key is pinned in this browser: compare this one with what you got elsewhere, and pin it under Evidence.');
      tell(box, 'unsure', `This fits the key that this server shows; pin the key to be sure that ${proved}.`, lines);
    } catch (error) {
      lines.push(error.message);
      tell(box, 'bad', 'Refused: this does not prove anything.', lines);
    }
  }

  async function proveEvent(data, lines, path, note) {
    const record = bytes(data.record);
    if (new TextDecoder().decode(record) !== one('#bytes').textContent) {
      fail('The page shows other bytes than it proves.');
    }
    const leaf = await leafOf(record);
    lines.push('The bytes above have the leaf hash ' + base64(leaf) + '.');
    if (note.size !== Number(data.size)) { fail('The checkpoint is of another size than the proof.'); }
    const [place, last] = [BigInt(data.position), BigInt(data.size) - 1n];
    if (place > last) { fail('The event lies behind the end of what was signed.'); }
    const [root] = await climb(place, last, [leaf], path);
    if (!isSame(root, note.root)) {
      fail('The bytes do not lead to the signed root: this is not the event that was signed at this position.');
    }
    lines.push(`With ${path.length} neighbours they lead to the root that the checkpoint names.`);
    return `the log holds these bytes at position ${data.position}`;
  }

  async function proveGrowth(data, lines, path, old, now) {
    let [place, last] = [BigInt(data.from) - 1n, BigInt(data.to) - 1n];
    if (place < 0n || place > last) { fail('No log grows from that size.'); }
    if (old.size !== Number(data.from) || now.size !== Number(data.to)) {
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
    return `the log of ${data.from} events is the beginning of that of ${data.to}`;
  }

  const verifyEvent = (section) =>
    judge(one('#verdict'), section.dataset, [section.dataset.note], proveEvent);
  const verifyGrowth = (section) =>
    judge(one('#grown'), section.dataset, [section.dataset.old, section.dataset.new], proveGrowth);

  function offerPin(section) {
    const { key, log } = section.dataset;
    const place = one('#pinned');
    const pin = pinned(log);
    const words = !pin ? 'No key of this log is pinned in this browser. '
      : pin === key ? 'This is the key that is pinned in this browser. '
        : 'Another key is pinned in this browser: ' + pin + ' ';
    place.className = pin && pin !== key ? 'verdict bad' : '';
    place.replaceChildren(words, button(pin ? 'Forget it' : 'Pin this key', () => {
      if (pin) { localStorage.removeItem('key-' + log); } else { localStorage.setItem('key-' + log, key); }
      offerPin(section);
      one('#again')?.click();
    }));
  }

  function offerAgain(section, verify) {
    const again = button('Check again', () => verify(section));
    again.id = 'again';
    one('h2', section).after(again);
    verify(section);
  }

  for (const section of all('#proof')) { offerAgain(section, verifyEvent); }
  for (const section of all('#between[data-old]')) { offerAgain(section, verifyGrowth); }
  for (const section of all('#log-key')) { offerPin(section); }
})();
