#!/usr/bin/env python3
"""Verifies what a transparency log publishes, without any code of the log.

Written from the specifications alone: RFC 6962 and RFC 8032, and C2SP's signed-note,
tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof and tlog-witness. It needs Python 3.9
and nothing else.

    verifier.py checkpoint  --key KEY [--origin NAME] NOTE
    verifier.py inclusion   --key KEY [--origin NAME] PROOF ENTRY
    verifier.py consistency --key KEY [--origin NAME] OLD_NOTE REQUEST
    verifier.py tiles       --key KEY [--origin NAME] FOLDER
    verifier.py batch

It says what it found and ends with 0; or says why it refuses and ends with 1. `batch` reads one
question a line from its standard input, as JSON with the files' bytes in base64, and answers each
with a line of JSON.
"""

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys


class Refused(Exception):
    """What was given does not prove what it should."""


# Ed25519, RFC 8032 section 5.1

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recovered_x(y, sign):
    """The x of a point with this y, or None if there is no such point."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def point(encoded):
    """A point in extended coordinates from its 32 bytes, or None."""
    number = int.from_bytes(encoded, "little")
    y = number & ((1 << 255) - 1)
    x = recovered_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def added(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiplied(scalar, p):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = added(result, p)
        p = added(p, p)
        scalar >>= 1
    return result


def same_point(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recovered_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verifies(public_key, message, signature):
    if len(public_key) != 32 or len(signature) != 64:
        return False
    a, r = point(public_key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    return same_point(multiplied(s, BASE), added(r, multiplied(k, a)))


# Merkle trees, RFC 6962 section 2.1


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def split(size):
    """The largest power of two that is smaller than a size of at least two."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_hash(hashes):
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node_hash(tree_hash(hashes[:k]), tree_hash(hashes[k:]))


def inclusion_root(index, size, leaf, path):
    """The root to which a path leads: the definition of PATH, read backwards."""
    if not 0 <= index < size:
        raise Refused("the tree has no such entry")
    if size == 1:
        if path:
            raise Refused("the inclusion proof is too long")
        return leaf
    if not path:
        raise Refused("the inclusion proof is too short")
    k = split(size)
    if index < k:
        return node_hash(inclusion_root(index, k, leaf, path[:-1]), path[-1])
    return node_hash(path[-1], inclusion_root(index - k, size - k, leaf, path[:-1]))


def consistency_roots(old, new, path, is_whole, old_root):
    """Both roots to which a proof leads: the definition of SUBPROOF, read backwards."""
    if old == new:
        if is_whole:
            if path:
                raise Refused("the consistency proof is too long")
            return old_root, old_root
        if len(path) != 1:
            raise Refused("the consistency proof has a wrong length")
        return path[0], path[0]
    if not path:
        raise Refused("the consistency proof is too short")
    k = split(new)
    if old <= k:
        left = consistency_roots(old, k, path[:-1], is_whole, old_root)
        return left[0], node_hash(left[1], path[-1])
    right = consistency_roots(old - k, new - k, path[:-1], False, old_root)
    return node_hash(path[-1], right[0]), node_hash(path[-1], right[1])


def check_consistency(old, old_root, new, new_root, path):
    if old > new:
        raise Refused("the tree shrank")
    if old == 0:
        if path:
            raise Refused("a proof from the empty tree is empty")
        if old_root != tree_hash([]):
            raise Refused("the older root is not that of the empty tree")
        return
    roots = consistency_roots(old, new, path, True, old_root)
    if roots[0] != old_root:
        raise Refused("the proof does not lead to the older root")
    if roots[1] != new_root:
        raise Refused("the proof does not lead to the newer root")


# Texts

SIGNATURES_MAX = 100
PROOF_HASHES_MAX = 63


def decoded_base64(text):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise Refused("not base64: %r" % text)
    if base64.b64encode(data).decode("ascii") != text:
        raise Refused("not canonical base64: %r" % text)
    return data


def decoded_hash(text):
    data = decoded_base64(text)
    if len(data) != 32:
        raise Refused("a hash has 32 bytes")
    return data


def decoded_number(text):
    if not re.fullmatch("0|[1-9][0-9]*", text, re.ASCII) or len(text) > 19:
        raise Refused("not a decimal number: %r" % text)
    number = int(text)
    if number >= 2**63:
        raise Refused("the number is too large")
    return number


def decoded_text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not UTF-8")


def is_key_name(name):
    return name != "" and "+" not in name and not any(c.isspace() for c in name)


# Keys and notes, signed-note


class Key:
    """A verifier key: NAME+ID+BASE64."""

    ED25519 = 1
    COSIGNATURE = 4

    def __init__(self, text):
        parts = text.split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]):
            raise Refused("the key is malformed")
        data = decoded_base64(parts[2])
        if len(data) != 33 or data[0] not in (self.ED25519, self.COSIGNATURE):
            raise Refused("the key has a wrong length or type")
        self.name, self.type, self.public_key = parts[0], data[0], data[1:]
        self.id = sha256(self.name.encode("utf-8") + b"\n" + data)[:4]
        if self.id.hex() != parts[1]:
            raise Refused("the id is of another key")

    def verifies(self, text, signature):
        """Whether this key made the signature; text is that of the note."""
        message = text.encode("utf-8")
        if self.type == self.COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            if len(signature) != 72 or time >= 2**63:
                return False
            message = b"cosignature/v1\ntime %d\n" % time + message
            signature = signature[8:]
        return ed25519_verifies(self.public_key, message, signature)


def parsed_note(data):
    """The text of a note, and (name, id, signature) of each of its lines."""
    note = decoded_text(data)
    if any(c < " " and c != "\n" for c in note):
        raise Refused("the note has control characters")
    end = note.rfind("\n\n")
    if end < 0 or not note.endswith("\n") or end + 2 == len(note):
        raise Refused("the note is not signed")
    signatures = []
    for line in note[end + 2 : -1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
            raise Refused("a signature line is malformed")
        value = decoded_base64(parts[2])
        if len(value) < 5:
            raise Refused("a signature is too short")
        signatures.append((parts[1], value[:4], value[4:]))
    if len(signatures) > SIGNATURES_MAX:
        raise Refused("the note has too many signatures")
    return note[: end + 1], signatures


def verified_note(data, keys):
    """The text, and the names of the keys that signed it: at least one, and none wrongly."""
    text, signatures = parsed_note(data)
    names = []
    for name, key_id, signature in signatures:
        for key in keys:
            if (key.name, key.id) == (name, key_id):
                if not key.verifies(text, signature):
                    raise Refused("the signature of %s is wrong" % name)
                names.append(name)
    if not names:
        raise Refused("no known key has signed")
    return text, names


class Checkpoint:
    """A signed statement about a tree, tlog-checkpoint."""

    def __init__(self, data, keys, origin=None):
        text, self.signers = verified_note(data, keys)
        lines = text[:-1].split("\n")
        if len(lines) < 3 or "" in lines:
            raise Refused("the text is no checkpoint")
        self.origin = lines[0]
        self.size = decoded_number(lines[1])
        self.root = decoded_hash(lines[2])
        if origin is not None and origin != self.origin:
            raise Refused("the checkpoint is of another log")

    def __str__(self):
        return "%s has %d entries, signed by %s" % (
            self.origin,
            self.size,
            ", ".join(self.signers),
        )


def parsed_proof_lines(text):
    """Hashes up to the first empty line, and what stands behind it."""
    head, separator, rest = ("\n" + text).partition("\n\n")
    if not separator:
        raise Refused("no empty line follows the proof")
    hashes = [decoded_hash(line) for line in head[1:].split("\n")] if head else []
    if len(hashes) > PROOF_HASHES_MAX:
        raise Refused("the proof is too long")
    return hashes, rest.encode("utf-8")


def line_after(word, text):
    """What stands behind a word in the first line, and the further lines."""
    line, separator, rest = text.partition("\n")
    if not separator or not line.startswith(word + " "):
        raise Refused("no line with %s" % word)
    return line[len(word) + 1 :], rest


# Tiles, tlog-tiles

TILE_WIDTH = 256


def tile_path(layer, index, width):
    digits = "%03d" % index
    digits = digits.zfill((len(digits) + 2) // 3 * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return "tile/%s/%s%s" % (layer, path, "" if width == TILE_WIDTH else ".p/%d" % width)


def parsed_bundle(data):
    entries, index = [], 0
    while index < len(data):
        length = int.from_bytes(data[index : index + 2], "big")
        index += 2
        if index + length > len(data):
            raise Refused("an entry bundle is cut off")
        entries.append(data[index : index + length])
        index += length
    return entries


def tile_widths(count):
    """Index and width of the tiles that hold so many hashes."""
    for index in range(0, count, TILE_WIDTH):
        yield index // TILE_WIDTH, min(TILE_WIDTH, count - index)


def check_tiles(checkpoint, files):
    """Recomputes every tile from the entries; gives how many files were checked.

    Narrower tiles of earlier sizes may be there too, if they begin like the tile that followed.
    """
    unseen = set(files)

    def taken(layer, index, width):
        path = tile_path(layer, index, width)
        if path not in files:
            raise Refused("%s is missing" % path)
        unseen.discard(path)
        return files[path]

    def earlier(layer, index, width):
        for narrow in range(1, width):
            path = tile_path(layer, index, narrow)
            if path in unseen:
                unseen.discard(path)
                yield files[path], narrow

    hashes = []
    for index, width in tile_widths(checkpoint.size):
        data = taken("entries", index, width)
        entries = parsed_bundle(data)
        if len(entries) != width:
            raise Refused("an entry bundle has a wrong number of entries")
        hashes += [leaf_hash(entry) for entry in entries]
        for old, narrow in earlier("entries", index, width):
            if parsed_bundle(old) != entries[:narrow]:
                raise Refused("an earlier entry bundle has other entries")
    if tree_hash(hashes) != checkpoint.root:
        raise Refused("the entries have another root than the checkpoint")
    level = 0
    while hashes:
        full = []
        for index, width in tile_widths(len(hashes)):
            tile = hashes[index * TILE_WIDTH : index * TILE_WIDTH + width]
            if taken(level, index, width) != b"".join(tile):
                raise Refused("%s has other hashes" % tile_path(level, index, width))
            for old, narrow in earlier(level, index, width):
                if old != b"".join(tile[:narrow]):
                    raise Refused("an earlier tile has other hashes")
            if width == TILE_WIDTH:
                full.append(tree_hash(tile))
        hashes, level = full, level + 1
    if unseen:
        raise Refused("%s belongs to no tree of this size" % sorted(unseen)[0])
    return len(files)


# Questions. Each takes the keys, the origin or None, and the bytes of files by name.


def ask_checkpoint(keys, origin, files):
    return str(Checkpoint(files["note"], keys, origin))


def ask_inclusion(keys, origin, files):
    """A proof as tlog-proof has it, for an entry's bytes."""
    header, separator, text = decoded_text(files["proof"]).partition("\n")
    if not separator or header != "c2sp.org/tlog-proof@v1":
        raise Refused("not a proof")
    if text.startswith("extra "):
        extra, text = line_after("extra", text)
        decoded_base64(extra)
    number, text = line_after("index", text)
    index = decoded_number(number)
    path, note = parsed_proof_lines(text)
    checkpoint = Checkpoint(note, keys, origin)
    leaf = leaf_hash(files["entry"])
    if inclusion_root(index, checkpoint.size, leaf, path) != checkpoint.root:
        raise Refused("the proof leads to another root")
    return "entry %d is in: %s" % (index, checkpoint)


def ask_consistency(keys, origin, files):
    """A request as tlog-witness has it, against the checkpoint that was seen before."""
    number, text = line_after("old", decoded_text(files["request"]))
    path, note = parsed_proof_lines(text)
    old, new = Checkpoint(files["old"], keys, origin), Checkpoint(note, keys, origin)
    if old.origin != new.origin:
        raise Refused("the checkpoints are of different logs")
    if decoded_number(number) != old.size:
        raise Refused("the proof begins at another size")
    check_consistency(old.size, old.root, new.size, new.root, path)
    return "nothing changed since %d entries: %s" % (old.size, new)


def ask_tiles(keys, origin, files):
    """A checkpoint and everything below tile/, by path."""
    checkpoint = Checkpoint(files["checkpoint"], keys, origin)
    tiles = {path: data for path, data in files.items() if path != "checkpoint"}
    return "%d tiles and bundles are those of: %s" % (check_tiles(checkpoint, tiles), checkpoint)


QUESTIONS = {
    "checkpoint": (ask_checkpoint, ["note"]),
    "inclusion": (ask_inclusion, ["proof", "entry"]),
    "consistency": (ask_consistency, ["old", "request"]),
    "tiles": (ask_tiles, None),
}


def answer(question):
    """The answer to one line of a batch."""
    try:
        keys = [Key(text) for text in question["keys"]]
        files = {name: base64.b64decode(data) for name, data in question["files"].items()}
        found = QUESTIONS[question["command"]][0](keys, question.get("origin"), files)
        return {"accepted": True, "message": found}
    except Refused as refusal:
        return {"accepted": False, "message": str(refusal)}


def read_folder(folder):
    files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder).replace(os.sep, "/")] = file.read()
    return files


def main():
    parser = argparse.ArgumentParser(description="Verifies what a transparency log publishes.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, operands) in QUESTIONS.items():
        command = commands.add_parser(name)
        command.add_argument("--key", action="append", required=True)
        command.add_argument("--origin")
        for operand in operands or ["folder"]:
            command.add_argument(operand)
    commands.add_parser("batch")
    arguments = parser.parse_args()
    if arguments.command == "batch":
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), flush=True)
        return 0
    ask, operands = QUESTIONS[arguments.command]
    files = {}
    for operand in operands or []:
        with open(getattr(arguments, operand), "rb") as file:
            files[operand] = file.read()
    if operands is None:
        files = read_folder(arguments.folder)
    try:
        print(ask([Key(text) for text in arguments.key], arguments.origin, files))
        return 0
    except Refused as refusal:
        print("refused: %s" % refusal, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
