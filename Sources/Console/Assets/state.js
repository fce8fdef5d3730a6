// Proofs of what is current: the tree of the maps, and what stands in a file (the guide for auditors, "The file").

// What the map holds for a key; null where it holds nothing. The way from a leaf that is found instead goes by both keys;
// that of an empty map is the hash of nothing.
async function mapped(key, proof, root) {
  const isThere = proof[8];
  const other = isThere ? key : proof.slice(9, 41);
  const way = proof.slice(isThere ? 9 : 41);
  let isWay = base64(proof.slice(0, 8)) === 'bXB0cHJvb2Y=' && isThere < 2 && (isThere || !isSame(other, key));
  let node = await hash(other, way.slice(0, 32));
  let last = 256;
  for (let at = 32; at < way.length; at += 33) {
    const [bit, near] = [way[at], way.slice(at + 1, at + 33)];
    const side = (name) => name[bit >> 3] >> (7 - bit % 8) & 1;
    isWay &&= bit < last && near.length === 32 && side(key) === side(other);
    node = await hash(...(side(key) ? [near, node] : [node, near]), Uint8Array.of(bit));
    last = bit;
  }
  if (!isWay || !isSame(node, root)) { fail('The map holds something else.'); }
  return isThere ? way.slice(0, 32) : null;
}

const membersOf = (lines) => Object.fromEntries(lines.map((line) => line.split(/ (.*)/)));

// The parts of a file: what it is about, the statement, the ways, and the notes. Only of nobody there are several proofs in
// one file, and a page is about somebody.
function stateOf(file) {
  const [head, statement, signatures, entry, maps, cosigned, more] = file.split('\n\n');
  const [first, ...said] = head.split('\n');
  const [kind, ...told] = statement.split('\n');
  if (first !== 'token-ledger/state-proof@v1' || kind !== 'token-ledger/map@v1' || more) { fail('This is no proof of a state.'); }
  return {
    statement, said: membersOf(said), told: membersOf(told.slice(3)), entry: entry.split('\n').filter((line) => line),
    notes: [told.slice(0, 3).join('\n') + '\n\n' + signatures, maps + '\n\n' + cosigned],
  };
}

// What it proves of the subject, by notes whose signatures are looked at elsewhere.
async function proveState({ statement, said, told, entry }, subject, shown, lines, facts, maps) {
  const mapOf = (name) => told[name].split(' ');
  const of = (what, ...rest) => hash(utf8.encode([`token-ledger/map-${what}@v1`, ...rest, ''].join('\n')));
  const held = async (map, key) => mapped(await key, bytes(said[map]), bytes(mapOf(map)[1]));

  // Of each pair of logs there are maps: the user's are told by ten bits of the pseudonym, those of a name by its label,
  // but for users of closed pairs, who have stayed there.
  const log = parseInt(subject.slice(19, 22), 16) % 1024;
  const closed = BigInt(told.closed || 0);
  const home = said.label && (closed + BigInt('0x' + said.label.slice(0, 16)) % (BigInt(told.pairs || 1) - closed)) * 2n;
  if (!facts.origin.endsWith('/' + log) || !maps.origin.endsWith('/' + (1024 + log / 2))
    || said.label && home != log && log >= closed * 2n) {
    fail('The maps are of another pair of logs than the user.');
  }
  const place = BigInt(maps.size) - 1n;
  if (entry[1] !== 'index ' + place) { fail('A later statement was made.'); }
  const [root] = await climb(place, place, [await leafOf(utf8.encode(statement + '\n'))], entry.slice(2).map(bytes));
  if (!isSame(root, maps.root)) { fail('The statement is not in its log.'); }
  const age = Math.round(Date.now() / 1000) - told.time;
  if (!(age > -300)) { fail('The statement is of the future.'); }
  lines.push(`It was stated ${Math.max(age, 0)} seconds ago, last in its log.`);

  if (said.subject !== subject) { fail('The proof is of somebody else.'); }
  const [, version, position, record, state] = (said.state || '').match(/^(\d+) (\d+) (\S+) (.*)$/) || [];
  const value = state && await of('value', version, position, record, base64(await hash(utf8.encode(state))));
  const found = await held('states', of('state', facts.origin, subject, said.client));
  if (state !== shown || !!value !== !!found || value && !isSame(value, found) || position >= facts.size) {
    fail('The map holds another state.');
  }
  lines.push(`The map of ${mapOf('states')[0]} users holds ${value ? 'this state' : 'nothing'} in the one place of this user.`);
  if (said.label) {
    const name = await held('names', of('name', facts.origin, said.label, said.client));
    const own = name && isSame(name, await of('subject', subject));
    if (value ? !own : name) { fail('The name is of somebody else.'); }
    if (own) { lines.push('The name leads to this user.'); }
  }
  return `nothing newer of this user was among the first ${facts.size} events`;
}
