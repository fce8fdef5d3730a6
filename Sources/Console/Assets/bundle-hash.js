// SHA-256 and trees of it (FIPS 180-4, RFC 9162 2.1). The browser's own takes a promise for each hash, which
// for a hundred thousand records takes seconds; before it is used, this one is compared with that.
// The first 32 bits behind the point of the cube roots of the first 64 primes.
const roundConstants = new Int32Array(64);
for (let number = 2, found = 0; found < 64; number += 1) {
  let divisor = 2;
  while (number % divisor) { divisor += 1; }
  if (divisor === number) {
    roundConstants[found] = Math.cbrt(number) * 2 ** 32;
    found += 1;
  }
}
const words = new Int32Array(64);
let message = new Uint8Array(1 << 15);

// Each sum is cut to 32 bits at once, which keeps it a machine's integer: five times as fast.
// Of the first `length` bytes of `message`, which has room for the padding; the hash goes to `out`.
function digest(length, out, at) {
  const end = (length + 72) & ~63;
  message.fill(0, length, end);
  message[length] = 0x80;
  for (let place = 1, bits = length * 8; bits > 0; place += 1, bits = Math.floor(bits / 256)) {
    message[end - place] = bits & 255;
  }
  let h0 = 0x6a09e667; let h1 = 0xbb67ae85 | 0; let h2 = 0x3c6ef372; let h3 = 0xa54ff53a | 0;
  let h4 = 0x510e527f; let h5 = 0x9b05688c | 0; let h6 = 0x1f83d9ab; let h7 = 0x5be0cd19;
  for (let start = 0; start < end; start += 64) {
    for (let i = 0, from = start; i < 16; i += 1, from += 4) {
      words[i] = message[from] << 24 | message[from + 1] << 16 | message[from + 2] << 8 | message[from + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = words[i - 15];
      const y = words[i - 2];
      const mixedX = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
      const mixedY = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
      words[i] = (words[i - 16] + words[i - 7] | 0) + (mixedX + mixedY | 0) | 0;
    }
    let a = h0; let b = h1; let c = h2; let d = h3; let e = h4; let f = h5; let g = h6; let h = h7;
    for (let i = 0; i < 64; i += 1) {
      const mixedE = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const mixedA = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const first = (h + mixedE | 0) + ((e & f ^ ~e & g) + (roundConstants[i] + words[i] | 0) | 0) | 0;
      const second = mixedA + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + first | 0;
      d = c; c = b; b = a; a = first + second | 0;
    }
    h0 = h0 + a | 0; h1 = h1 + b | 0; h2 = h2 + c | 0; h3 = h3 + d | 0;
    h4 = h4 + e | 0; h5 = h5 + f | 0; h6 = h6 + g | 0; h7 = h7 + h | 0;
  }
  let to = at;
  for (const word of [h0, h1, h2, h3, h4, h5, h6, h7]) {
    out[to] = word >>> 24;
    out[to + 1] = word >>> 16;
    out[to + 2] = word >>> 8;
    out[to + 3] = word;
    to += 4;
  }
}

function leafInto(out, at, content, start, end) {
  const length = 1 + end - start;
  if (length + 72 > message.length) { message = new Uint8Array(2 * length + 72); }
  message[0] = 0;
  message.set(content.subarray(start, end), 1);
  digest(length, out, at);
}

function nodeInto(out, at, left, leftAt, right, rightAt) {
  message[0] = 1;
  for (let i = 0; i < 32; i += 1) {
    message[1 + i] = left[leftAt + i];
    message[33 + i] = right[rightAt + i];
  }
  digest(65, out, at);
}

// Goes up a tree of the first `count` leaves, and tells each level; gives the root.
function rootOf(leaves, count, tell) {
  let level = leaves.slice(0, 32 * count);
  if (!count) { digest(0, level = new Uint8Array(32), 0); }
  while (count > 1) {
    tell?.(level, count);
    const next = new Uint8Array(32 * Math.ceil(count / 2));
    for (let i = 0; i + 1 < count; i += 2) { nodeInto(next, 16 * i, level, 32 * i, level, 32 * i + 32); }
    if (count % 2) { next.set(level.subarray(32 * count - 32), next.length - 32); }
    level = next;
    count = Math.ceil(count / 2);
  }
  return level;
}

// The neighbours on the way from a leaf to the root.
function pathOf(leaves, count, index) {
  const path = [];
  rootOf(leaves, count, (level, width) => {
    const neighbour = index % 2 ? index - 1 : index + 1;
    if (neighbour < width) { path.push(level.slice(32 * neighbour, 32 * neighbour + 32)); }
    index = Math.floor(index / 2);
  });
  return path;
}

function areEqual(left, leftAt, right, rightAt, length) {
  for (let i = 0; i < length; i += 1) { if (left[leftAt + i] !== right[rightAt + i]) { return false; } }
  return true;
}

// Whether a path leads from a leaf at a place to the root, as `climb` goes it. `ways` has the nodes of those that
// did, by how many neighbours are left: neighbouring events soon go the same way, which is not gone twice.
function leadsTo(root, leaf, place, size, path, ways) {
  if (place >= size) { return false; }
  let last = size - 1;
  const at = leaf.slice();
  const nodes = [];
  for (let from = 0; from < path.length; from += 32) {
    if (last === 0) { return false; }
    const isLeft = place % 2 === 1 || place === last;
    if (isLeft) { nodeInto(at, 0, path, from, at, 0); } else { nodeInto(at, 0, at, 0, path, from); }
    while (isLeft && place % 2 === 0 && place !== 0) {
      place /= 2;
      last = Math.floor(last / 2);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
    const left = path.length - from - 32;
    const way = ways[left];
    if (way && way.place === place && way.last === last && areEqual(way.hash, 0, at, 0, 32)
      && areEqual(way.path, way.path.length - left, path, from + 32, left)) {
      last = -1;
      break;
    }
    nodes.push({ left, place, last, hash: at.slice(), path });
  }
  if (last !== -1 && (last !== 0 || !areEqual(at, 0, root, 0, 32))) { return false; }
  for (const node of nodes) { ways[node.left] = node; }
  return true;
}
