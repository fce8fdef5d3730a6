// One event: its bytes, what they say, and the way to the signed root.
const idNames = ['launch', 'finalize', 'cause', 'causedby'];

function fillMembers(list, record) {
  const line = pattern(list, 'div');
  list.replaceChildren();
  const { data, ...envelope } = record || {};
  const members = [...Object.entries(envelope), ...Object.entries(data ?? {}).map(([name, value]) => [`data.${name}`, value])];
  for (const [name, value] of members) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const item = line.cloneNode(true);
    fill(item, 'dt', name);
    const place = one('dd', item);
    place.textContent = '';
    const target = name === 'subject' && bundle.users.has(text) ? userPath(text)
      : idNames.includes(name.replace('data.', '')) ? `#find/${encodeURIComponent(text)}` : null;
    const shown = target ? document.createElement('a') : place;
    if (target) {
      shown.setAttribute('href', target);
      place.append(shown);
    }
    shown.textContent = text;
    list.append(item);
  }
}

// The steps of a path, as `leadsTo` goes them.
function stepsOf(leaf, place, size, path) {
  const steps = [];
  let last = size - 1;
  const at = leaf.slice();
  for (const neighbour of path) {
    const isLeft = place % 2 === 1 || place === last;
    if (isLeft) { nodeInto(at, 0, neighbour, 0, at, 0); } else { nodeInto(at, 0, at, 0, neighbour, 0); }
    steps.push({ side: isLeft ? 'left' : 'right', neighbour: base64(neighbour), result: base64(at) });
    while (isLeft && place % 2 === 0 && place !== 0) {
      place /= 2;
      last = Math.floor(last / 2);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return steps;
}

function pathTo(i) {
  const { events, leaves } = bundle;
  if (!events.proofs) { return pathOf(leaves, events.count, i); }
  const { path } = proofOf(events.proofs, events.proved[i], events.proved[i + 1] - 1) || { path: new Uint8Array() };
  return Array.from({ length: path.length / 32 }, (_, step) => path.slice(32 * step, 32 * step + 32));
}

function fillProof(root, i) {
  const { events, signed: { list }, leaves, files } = bundle;
  const position = events.positions[i];
  const leaf = leaves.slice(32 * i, 32 * i + 32);
  const steps = stepsOf(leaf, position, list.tree_size, pathTo(i));
  const way = one('.path', root);
  const sample = pattern(way, 'li:not(.leaf, .root)');
  fill(way, '.leaf code', base64(leaf));
  fill(way, '.root code', list.root);
  fill(way, '.root .label', `Root of ${list.tree_size} events, signed`);
  steps.forEach(({ side, neighbour, result }, number) => {
    const step = sample.cloneNode(true);
    step.className = side;
    const [first, second] = all('code', step);
    fill(step, '.label', `${number + 1}. neighbour on the ${side}`);
    first.textContent = neighbour;
    second.textContent = result;
    one('.root', way).before(step);
  });
  const [note, key] = all('#proof pre', root);
  note.textContent = decoder.decode(files.get('checkpoint') || new Uint8Array());
  key.textContent = bundle.key;
  const reached = steps.at(-1)?.result ?? base64(leaf);
  const box = one('#verdict', root);
  if (reached !== list.root) {
    return tell(box, 'bad', 'Refused: these bytes do not lead to the root that was signed.', bundle.words);
  }
  tell(box, bundle.seal, bundle.seal === 'good' ? `Verified by your browser: the log holds these bytes at position ${position}.`
    : 'These bytes lead to the root that the checkpoint names; what that is worth stands under Bundle.', [
    `With ${steps.length} neighbours they lead to the root of ${list.tree_size} events.`,
  ]);
}

function showEvent(position) {
  const { events } = bundle;
  const i = placeOf(position);
  if (i < 0) { return showNothing(); }
  const root = view('event-view');
  const back = one('.kicker a', root);
  back.textContent = 'Events';
  link(back, '#events');
  fill(root, 'h1', `Event ${position}`);
  fill(root, '.lead', toldOf(events, i).said);
  const [before, after] = all('.steps a', root);
  link(before, i > 0 ? eventPath(events.positions[i - 1]) : null);
  link(after, i + 1 < events.count ? eventPath(events.positions[i + 1]) : null);
  fillMembers(one('.facts', root), parsed(events.content, events.starts[i], events.starts[i + 1] - 1));
  fill(root, '#bytes', textOf(events, i));
  fill(root, '#bytes-title .soft', recordOf(events, i).length);
  if (bundle.leaves && bundle.seal) { fillProof(root, i); } else {
    for (const part of all('#proof > :not(.between)', root)) { part.remove(); }
    one('#proof', root).append(made('p', 'verdict unsure',
      'The bundle is being checked; the way to the root is shown as soon as that is done.'));
  }
  turn = (step) => { if (events.positions[i + step] !== undefined) { location.hash = eventPath(events.positions[i + step]); } };
  show(root, `Event ${position}`);
}
