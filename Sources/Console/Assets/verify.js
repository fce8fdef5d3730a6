// Checks proofs in the browser: nothing of the server is believed but the key, and that can be pinned
// (RFC 9162 2.1.3 and 2.1.4, C2SP signed-note and tlog-checkpoint).
(() => {
  'use strict';
  const { one, all } = window.ledgerConsole;
  const utf8 = new TextEncoder();

  const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const base64 = (array) => btoa(String.fromCharCode(...array));
  const isSame = (left, right) => base64(left) === base64(right);

  function joined(...arrays) {
    const whole = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
    let end = 0;
    for (const array of arrays) {
      whole.set(array, end);
      end += array.length;
    }
    return whole;
  }

  const hash = async (...arrays) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...arrays)));
  const leafOf = (record) => hash(Uint8Array.of(0), record);
  const nodeOf = (left, right) => hash(Uint8Array.of(1), left, right);

  async function rootOf(leaf, position, size, hashes) {
    let [place, last, top] = [BigInt(position), BigInt(size) - 1n, leaf];
    if (place > last) { throw new Error('The event lies behind the end of what was signed.'); }
    for (const neighbour of hashes) {
      if (last === 0n) { throw new Error('The proof is longer than the way to the root.'); }
      if (place & 1n || place === last) {
        top = await nodeOf(neighbour, top);
        while (!(place & 1n) && place !== 0n) {
          place >>= 1n;
          last >>= 1n;
        }
      } else {
        top = await nodeOf(top, neighbour);
      }
      place >>= 1n;
      last >>= 1n;
    }
    if (last !== 0n) { throw new Error('The proof ends before the root.'); }
    return top;
  }

  function keyOf(text) {
    const [name, id, ...rest] = text.split('+');
    const value = bytes(rest.join('+'));
    if (value.length !== 33 || value[0] !== 1) { throw new Error('The key is none of Ed25519.'); }
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
    if (hexadecimal(id) !== key.id) { throw new Error('The key does not have the id that it names.'); }
    if (note.origin !== key.name) { throw new Error('The checkpoint is of another log than the key.'); }
    const found = note.signatures.find(
      (signature) => signature.name === key.name && isSame(signature.value.slice(0, 4), id)
    );
    if (!found) { throw new Error('The key has not signed the checkpoint.'); }
    let imported;
    try {
      imported = await crypto.subtle.importKey('raw', key.key, { name: 'Ed25519' }, false, ['verify']);
    } catch {
      return 'unable';
    }
    const isGood = await crypto.subtle.verify(
      { name: 'Ed25519' }, imported, found.value.slice(4), utf8.encode(note.text)
    );
    if (!isGood) { throw new Error('The signature of the checkpoint is forged.'); }
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

  async function verifyEvent(section) {
    const box = one('#verdict');
    const data = section.dataset;
    if (!window.crypto || !crypto.subtle) { return tell(box, 'unsure', 'Not checked in this browser.', [noCrypto]); }
    const lines = [];
    try {
      const record = bytes(data.record);
      if (new TextDecoder().decode(record) !== one('#bytes').textContent) {
        throw new Error('The page shows other bytes than it proves.');
      }
      const leaf = await leafOf(record);
      lines.push('The bytes above have the leaf hash ' + base64(leaf) + '.');
      const note = noteOf(data.note);
      const hashes = data.hashes ? data.hashes.split(' ').map(bytes) : [];
      if (note.size !== Number(data.size)) { throw new Error('The checkpoint is of another size than the proof.'); }
      const root = await rootOf(leaf, data.position, data.size, hashes);
      if (!isSame(root, note.root)) {
        throw new Error('The bytes do not lead to the signed root: this is not the event that was signed at this position.');
      }
      lines.push(`With ${hashes.length} neighbours they lead to the root that the checkpoint of ${note.size} events names.`);
      const pin = pinned(data.log);
      if (pin && pin !== data.key) {
        throw new Error('The server shows another key than the one that is pinned in this browser.');
      }
      const isSigned = await signedBy(note, pin || data.key);
      if (isSigned === 'unable') {
        lines.push('This browser has no Ed25519, so nobody has checked here who signed the checkpoint.');
        return tell(box, 'unsure', 'The way to the root is right; the signature was not checked.', lines);
      }
      lines.push(`The key of ${note.origin} has signed that checkpoint.`);
      lines.push(pin ? 'It is the key that is pinned in this browser.'
        : 'No key is pinned in this browser, so the key is the one that the server shows: compare it once, and pin it under Evidence.');
      tell(box, 'good', `Verified by your browser: the log holds these bytes at position ${data.position}.`, lines);
    } catch (error) {
      lines.push(error.message);
      tell(box, 'bad', 'Refused: this does not prove anything.', lines);
    }
  }

  async function verifyGrowth(section) {
    const data = section.dataset;
    if (!data.old || !window.crypto || !crypto.subtle) { return; }
    const box = one('#grown');
    try {
      const [old, now] = [bytes(data.old), bytes(data.new)];
      let path = data.hashes ? data.hashes.split(' ').map(bytes) : [];
      let [place, last] = [BigInt(data.from), BigInt(data.to) - 1n];
      if (data.from === data.to) {
        if (path.length || !isSame(old, now)) { throw new Error('Two roots of one size.'); }
      } else {
        if ((place & (place - 1n)) === 0n) { path = [old, ...path]; }
        place -= 1n;
        while (place & 1n) {
          place >>= 1n;
          last >>= 1n;
        }
        let [left, right] = [path[0], path[0]];
        for (const neighbour of path.slice(1)) {
          if (last === 0n) { throw new Error('The proof is too long.'); }
          if (place & 1n || place === last) {
            left = await nodeOf(neighbour, left);
            right = await nodeOf(neighbour, right);
            while (!(place & 1n) && place !== 0n) {
              place >>= 1n;
              last >>= 1n;
            }
          } else {
            right = await nodeOf(right, neighbour);
          }
          place >>= 1n;
          last >>= 1n;
        }
        if (last !== 0n || !isSame(left, old) || !isSame(right, now)) {
          throw new Error('The proof does not lead from the one root to the other.');
        }
      }
      tell(box, 'good', `Verified by your browser: the log of ${data.from} events is the beginning of that of ${data.to}.`, []);
    } catch (error) {
      tell(box, 'bad', 'Refused: this does not prove that the log only grew.', [error.message]);
    }
  }

  function offerPin(section) {
    const { key, log } = section.dataset;
    const place = one('#pinned');
    const button = document.createElement('button');
    button.type = 'button';
    const pin = pinned(log);
    const words = !pin ? 'No key of this log is pinned in this browser. '
      : pin === key ? 'This is the key that is pinned in this browser. '
        : 'Another key is pinned in this browser: ' + pin + ' ';
    button.textContent = pin ? 'Forget it' : 'Pin this key';
    button.addEventListener('click', () => {
      if (pin) { localStorage.removeItem('key-' + log); } else { localStorage.setItem('key-' + log, key); }
      offerPin(section);
    });
    place.className = pin && pin !== key ? 'verdict bad' : '';
    place.replaceChildren(words, button);
  }

  function offerAgain(section) {
    const button = document.createElement('button');
    button.type = 'button';
    button.id = 'again';
    button.textContent = 'Check again';
    button.addEventListener('click', () => verifyEvent(section));
    one('.between', section).append(button);
    verifyEvent(section);
  }

  for (const section of all('#proof')) { offerAgain(section); }
  for (const section of all('#between')) { verifyGrowth(section); }
  for (const section of all('#log-key')) { offerPin(section); }
})();
