#!/usr/bin/env python3
"""Checks files that prove users' current states, without any code of the ledger.

Written from RFC 6962, RFC 8032, C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof, the
hashes of the Go team's mpt, and docs/auditor.md; needs Python 3.9 alone. Says one line for each file,
and ends with 1 if one is refused. Each witness must have cosigned; an age of - takes any.

    reader.py KEY[,WITNESS…] MAX-AGE-SECONDS NOW-SECONDS FILE…
"""
import base64, hashlib, json, re, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)

def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def need(fact, why):
    if not fact: raise ValueError(why)
def unbase(text):
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, "base64 in another spelling")
    return raw
def point(raw):
    sign, y = divmod(int.from_bytes(raw, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "no point")
    return (x if x & 1 == sign else P - x, y)
def add(p, q):
    k = D * p[0] * q[0] * p[1] * q[1] % P
    return ((p[0] * q[1] + p[1] * q[0]) * pow(1 + k, -1, P) % P,
            (p[1] * q[1] + p[0] * q[0]) * pow(1 - k, -1, P) % P)
def times(n, p):
    r = (0, 1)
    for bit in bin(n)[2:]:
        r = add(r, r)
        r = add(r, p) if bit == "1" else r
    return r
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
def signed(public, message, made):
    s, k = int.from_bytes(made[32:], "little"), hashlib.sha512(made[:32] + public + message).digest()
    right = add(point(made[:32]), times(int.from_bytes(k, "little") % L, point(public)))
    need(len(made) == 64 and s < L and times(s, BASE) == right, "wrong signature")
def checkpoint(text, signatures, name, public, witnesses, times):
    lines, found = text.split("\n"), set()
    need(lines[0] == name and len(lines) == 4, "checkpoint of another log")
    for line in signatures.splitlines():
        dash, who, raw = line.split(" ")
        need(dash == "—", "no signature line")
        for kind, holder, key in [(b"\1", name, public)] + witnesses:
            if who == holder and unbase(raw)[:4] == sha(holder.encode(), b"\n", kind, key)[:4]:
                made, at = unbase(raw)[4:], int.from_bytes(unbase(raw)[4:12], "big")
                head, made = ("", made) if kind == b"\1" else (f"cosignature/v1\ntime {at}\n", made[8:])
                signed(key, (head + text).encode(), made)
                need(not head or at in times, "cosigned too long ago, or in the future")
                found.add(who)
    need(found >= {name} | {holder for _, holder, _ in witnesses}, "a signature is missing")
    return int(lines[1]), unbase(lines[2])
def mapped(key, proof, root):
    need(proof[:8] == b"mptproof" and proof[8] in (0, 1), "no proof of a map")
    if proof[8:] == b"\0": return need(root == sha(), "the map is not empty")
    other, value, way = (key, proof[9:41], proof[41:]) if proof[8] else (
        proof[9:41], proof[41:73], proof[73:])
    need(proof[8] or other != key, "the key is there")
    node, last = sha(other, value), 256
    for at, near in [(way[i], way[i + 1:i + 33]) for i in range(0, len(way), 33)]:
        side, found = (k[at >> 3] >> (7 - at & 7) & 1 for k in (key, other))
        need(at < last and len(near) == 32 and side == found, "another way")
        last, node = at, sha(*((near, node) if side else (node, near)), bytes([at]))
    need(node == root, "another root of the map")
    return value if proof[8] else None
def included(index, size, leaf, way):
    need(len(way) > 0 if size > 1 else not way, "a way of another length")
    if size == 1: return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half: return sha(b"\1", included(index, half, leaf, way[:-1]), way[-1])
    return sha(b"\1", way[-1], included(index - half, size - half, leaf, way[:-1]))
def proved(text, key, witnesses, age_max, now):
    head, statement, signatures, path, maps, map_signatures = text.split("\n\n")
    first, *said = head.split("\n")
    said, lines = dict(s.split(" ", 1) for s in said), statement.split("\n")
    told = dict(line.split(" ", 1) for line in lines[4:])
    need((first, lines[0]) == ("token-ledger/state-proof@v1", "token-ledger/map@v1"), "no proof")
    log, age = int(lines[1].rsplit("/", 1)[1]), now - int(told["time"])
    pairs, closed = int(told.get("pairs", 1)), int(told.get("closed", 0))
    name, facts = (f"{key[1].rsplit('/', 1)[0]}/{end}" for end in (1024 + log // 2, log))
    need(age >= -300 and (age_max is None or age <= age_max), f"{age} s old")
    times = range(2**64) if age_max is None else range(now - age_max, now + 301)
    records, _ = checkpoint("\n".join(lines[1:4]) + "\n", signatures, facts, key[2], witnesses, range(2**64))
    size, root = checkpoint(maps + "\n", map_signatures, name, key[2], witnesses, times)
    need(path.split("\n")[:2] == ["c2sp.org/tlog-proof@v1", f"index {size - 1}"], "not the last entry")
    leaf, way = sha(b"\0", statement.encode(), b"\n"), [unbase(h) for h in path.split("\n")[2:]]
    need(included(size - 1, size, leaf, way) == root, "not in the log of maps")
    subject, label, owner, held, value = said.get("subject"), said.get("label"), None, None, None
    home = 2 * (closed + int(label[:16], 16) % (pairs - closed)) if label else log
    own = {int(subject[19:22], 16) % 1024, log if log < 2 * closed else home} if subject else {log}
    need((subject or label) and 0 <= closed < pairs and log in range(0, 2 * pairs, 2), "no such pair of logs")
    need(own == {log}, "nobody of this pair of logs")
    of = lambda kind, rest: sha(f"token-ledger/map-{kind}@v1\n{rest}\n".encode())
    if subject:
        key, owner = of("state", f"{facts}\n{subject}\n{said['client']}"), of("subject", subject)
        value = mapped(key, unbase(said["states"]), unbase(told["states"].split(" ")[1]))
        if "state" in said:
            version, position, record, state = said["state"].split(" ", 3)
            held = of("value", f"{version}\n{position}\n{record}\n{base64.b64encode(sha(state.encode())).decode()}")
            need(int(position) < records and json.loads(state)["version"] == int(version), "no state")
    need(value == held, "another state")
    if label:
        key = of("name", f"{facts}\n{label}\n{said['client']}")
        found = mapped(key, unbase(said["names"]), unbase(told["names"].split(" ")[1]))
        need(found == owner and (held or not subject), "the name is another subject's")
    answer = f"{said['client']} {subject or 'nobody'} {said['state'] if held else 'unknown'}"
    return log, [log] if subject else [home, *range(0, 2 * closed, 2)], (answer, label, pairs, closed)
def check(data, *rules):
    parts = re.split("(?<=\n)(?=token-ledger/state-proof@v1\n)", data.decode())
    logs, needed, answers = zip(*(proved(part, *rules) for part in parts))
    need(len(set(answers)) == 1, "not about one name of one ledger")
    need(logs[0] == needed[0][0], "nobody of this pair of logs")
    need([*logs] == needed[0], "not of the home and then of each closed pair of logs")
    return answers[0][0]
def key_of(text): return b"\4", text.split("+", 2)[0], unbase(text.split("+", 2)[2])[1:]
failed, (log, *witnesses) = 0, (key_of(text) for text in sys.argv[1].split(","))
for name in sys.argv[4:]:
    try:
        age_max = None if sys.argv[2] == "-" else int(sys.argv[2])
        with open(name, "rb") as file: found = check(file.read(), log, witnesses, age_max, int(sys.argv[3]))
        print("accepted:", found)
    except (ValueError, KeyError, IndexError, TypeError, ArithmeticError) as why:
        failed = 1
        print("refused:", why)
sys.exit(failed)
