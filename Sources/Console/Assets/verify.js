// Checks proofs in the browser: nothing of the server is believed, and its key only once it is pinned.
(() => {
  const pinned = (log) => localStorage.getItem('key-' + log);

  // What notes and hashes prove is as good as the key: only a pinned one is known to be the log's.
  async function judge(box, data, texts, prove) {
    const lines = [];
    if (!window.crypto?.subtle) {
      lines.push('The page came without encryption from another machine; browsers compute no hashes then.');
      return tell(box, 'unsure', 'Not checked in this browser.', lines);
    }
    try {
      const notes = texts().map(noteOf);
      const path = data.hashes ? data.hashes.split(' ').map(bytes) : [];
      const proved = await prove(data, lines, path, ...notes);
      const pin = pinned(data.log);
      if (pin && pin !== data.key) {
        fail('The server shows another key than the one that is pinned in this browser.');
      }
      for (const note of notes) {
        // The log of maps has the key of the log of facts.
        const number = note === notes[1] ? data.second : '';
        if (await signedBy(note, pin || data.key, note.origin, number) === 'unable') {
          lines.push('This browser has no Ed25519, so nobody has checked here who signed the checkpoint.');
          return tell(box, 'unsure', 'The way to the root is right; the signature was not checked.', lines);
        }
        lines.push(`The key of ${note.origin} has signed the checkpoint of ${note.size} entries.`);
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
    await grow(data.from, data.to, old, now, path);
    return `the log of ${data.from} events is the beginning of that of ${data.to}`;
  }

  const fileOf = () => stateOf(one('#file').textContent);
  const proveCurrent = (data, lines, path, ...notes) =>
    proveState(fileOf(), data.subject, one('#state')?.textContent, lines, ...notes);

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

  for (const [selector, box, texts, prove] of [
    ['#proof', '#verdict', (data) => [data.note], proveEvent],
    ['#current', '#verdict', () => fileOf().notes, proveCurrent],
    ['#between[data-old]', '#grown', (data) => [data.old, data.new], proveGrowth],
  ]) {
    for (const section of all(selector)) {
      const data = section.dataset;
      const verify = () => judge(one(box), data, () => texts(data), prove);
      const again = button('Check again', verify);
      again.id = 'again';
      one('h2', section).after(again);
      verify();
    }
  }
  all('#log-key').forEach(offerPin);
})();
