#!/usr/bin/env python3
"""Verifies what a transparency log publishes, without any code of the log.

Written from the specifications alone: RFC 6962 and RFC 8032, and C2SP's signed-note,
tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof and tlog-witness; and, for bundles, from
the description of their files. It needs Python 3.9 and nothing else.

    verifier.py checkpoint  --key KEY [--origin NAME] NOTE
    verifier.py inclusion   --key KEY [--origin NAME] PROOF ENTRY
    verifier.py consistency --key KEY [--origin NAME] OLD_NOTE REQUEST
    verifier.py tiles       --key KEY [--origin NAME] FOLDER
    verifier.py bundle      --key KEY [--origin NAME] FOLDER
    verifier.py batch

It says what it found and ends with 0; or says why it refuses and ends with 1. `batch` reads one
question a line from its standard input, as JSON with the files' bytes in base64, and answers each
with a line of JSON.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import os
import re
import sys
import zlib


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

    def named(self, last):
        """The same key under the name of another log of the same ledger."""
        parts = self.name.rpartition("/")
        data = bytes([self.type]) + self.public_key
        name = parts[0] + parts[1] + last
        own = sha256(name.encode("utf-8") + b"\n" + data)[:4].hex()
        return Key("%s+%s+%s" % (name, own, base64.b64encode(data).decode("ascii")))

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


# Bundles: signed exports

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z", re.ASCII)
BUNDLE_FORMAT = "token-ledger/bundle/1"
LINE_BYTES_MAX = 16384
MANIFEST_BYTES_MAX = 65536


def compact(value):
    """The one spelling of a JSON value: no spaces, and only the escapes that JSON demands."""
    if isinstance(value, str):
        escaped = "".join(
            "\\" + c if c in '"\\' else "\\u%04x" % ord(c) if c < " " else c for c in value
        )
        return '"%s"' % escaped
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, list):
        return "[%s]" % ",".join(compact(element) for element in value)
    if isinstance(value, dict):
        return "{%s}" % ",".join(
            compact(name) + ":" + compact(member) for name, member in value.items()
        )
    raise Refused("a JSON value of a kind that is never written")


def unique_members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("a JSON object names a member twice")
    return members


def parsed_object(data, what):
    """A JSON object in its one spelling; members keep their order."""
    text = decoded_text(data)
    try:
        value = json.loads(text, object_pairs_hook=unique_members)
        spelling = compact(value)
    except (ValueError, RecursionError):
        raise Refused("%s is not JSON" % what)
    if not isinstance(value, dict) or spelling != text:
        raise Refused("%s is not spelled as it is written" % what)
    return value


def typed(value, kind, what):
    """A value that must be of a kind: str, int from 0 on, list, dict, or a pattern of text."""
    if isinstance(kind, re.Pattern):
        fits = isinstance(value, str) and kind.fullmatch(value) is not None
    else:
        fits = type(value) is kind and (kind is not int or value >= 0)
    if fits and kind is TIME:
        try:
            datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
        except ValueError:
            fits = False
    if not fits:
        raise Refused("%s is malformed" % what)
    return value


def typed_members(value, kinds, what):
    """Checks an object's members, which come in this order; a name with ? may be absent."""
    typed(value, dict, what)
    names = [name.rstrip("?") for name in kinds]
    if list(value) != [name for name in names if name in value]:
        raise Refused("%s has other members" % what)
    for name, kind in kinds.items():
        if name.endswith("?") and name[:-1] not in value:
            continue
        if name.rstrip("?") not in value:
            raise Refused("%s has no %s" % (what, name))
        typed(value[name.rstrip("?")], kind, "%s of %s" % (name.rstrip("?"), what))
    return value


class Manifest:
    MEMBERS = {
        "format": str,
        "export": UUID,
        "made_at": TIME,
        "made_by": str,
        "reason": str,
        "origin": str,
        "verifier_key": str,
        "query": dict,
        "range": dict,
        "tree_size": int,
        "root": str,
        "proof": str,
        "events": int,
        "first_position?": int,
        "last_position?": int,
        "files": list,
    }
    QUERY = {"client_id?": str, "subject?": UUID, "types?": list, "since?": TIME, "until?": TIME}
    FILE = {"name": str, "bytes": int, "sha256": re.compile("[0-9a-f]{64}"), "lines": int}

    def __init__(self, data):
        if len(data) > MANIFEST_BYTES_MAX or not data.endswith(b"\n"):
            raise Refused("the manifest is too large, or has no line end")
        members = typed_members(parsed_object(data[:-1], "the manifest"), self.MEMBERS, "manifest")
        if members["format"] != BUNDLE_FORMAT:
            raise Refused("the manifest has another format")
        self.origin, self.key = members["origin"], members["verifier_key"]
        self.query = typed_members(members["query"], self.QUERY, "query")
        if "types" in self.query:
            if not self.query["types"]:
                raise Refused("the list of types is empty")
            for name in self.query["types"]:
                typed(name, str, "type")
        places = typed_members(members["range"], {"from": int, "until": int}, "range")
        self.start, self.end = places["from"], places["until"]
        self.size, self.root = members["tree_size"], decoded_hash(members["root"])
        self.proof, self.events = members["proof"], members["events"]
        self.first = members.get("first_position")
        self.last = members.get("last_position")
        self.files = {}
        for file in members["files"]:
            typed_members(file, self.FILE, "file")
            self.files[file["name"]] = file
        if len(self.files) != len(members["files"]) or list(self.files) != sorted(self.files):
            raise Refused("the files are not in order")
        self.check()
        self.check_files()

    def check(self):
        """Refuses what can not be true, whatever the files have in them."""
        if not self.start <= self.end <= self.size:
            raise Refused("the range is not within the tree")
        if self.proof not in ("root", "inclusion"):
            raise Refused("an unknown kind of proof")
        if self.proof == "root":
            if self.query or self.start != 0 or self.end != self.size:
                raise Refused("the root proves nothing about a part of the tree")
        if not self.query and self.events != self.end - self.start:
            raise Refused("the events are not all of the range, although no filter was set")
        if (self.first is None) != (self.events == 0) or (self.last is None) != (self.events == 0):
            raise Refused("positions and count do not fit")
        if self.events and not self.start <= self.first <= self.last < self.end:
            raise Refused("the positions are not within the range")
        if self.events and self.events > self.last - self.first + 1:
            raise Refused("more events than positions")

    def check_files(self):
        """Which data files there are: all compressed or none, proofs only when needed."""
        suffixes = {".gz" for name in self.files if name.endswith(".gz")} or {""}
        suffix = suffixes.pop()
        required = {"checkpoint", "checkpoint.first", "consistency.json", "events.ndjson" + suffix}
        if self.proof == "inclusion":
            required.add("proofs.ndjson" + suffix)
        optional = {"events.csv" + suffix, "identities.ndjson" + suffix, "index.html"}
        if not required <= set(self.files) <= required | optional:
            raise Refused("the list of files is not one of a bundle")
        self.suffix = suffix

    def matches(self, record):
        query = self.query
        return (
            query.get("client_id", record["source"][6:]) == record["source"][6:]
            and ("subject" not in query or query["subject"] == record.get("subject"))
            and record["type"] in query.get("types", [record["type"]])
            and query.get("since", record["time"]) <= record["time"]
            and ("until" not in query or record["time"] < query["until"])
        )


RECORD = {
    "specversion": re.compile("1[.]0"),
    "id": UUID,
    "source": re.compile("/apps/.*", re.DOTALL),
    "type": str,
    "subject?": UUID,
    "time": TIME,
    "subjectversion?": int,
    "actor": str,
    "causedby?": UUID,
    "requestid?": str,
    "traceparent?": str,
    "data": dict,
}
CSV_HEADER = (
    "position,id,source,type,subject,subjectversion,time,actor,causedby,requestid,traceparent,data"
)


def csv_row(position, record):
    cells = []
    for name in CSV_HEADER.split(","):
        value = record.get(name, "")
        cell = str(position) if name == "position" else str(value)
        if name == "data":
            cell = compact(value)
        if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
            cell = "'" + cell
        if re.search('[,"\r\n]', cell):
            cell = '"%s"' % cell.replace('"', '""')
        cells.append(cell)
    return ",".join(cells) + "\r\n"


def expanded(data, name):
    """What was compressed, of one gzip member or several."""
    if not name.endswith(".gz"):
        return data
    parts = []
    try:
        while data or not parts:
            member = zlib.decompressobj(31)
            parts.append(member.decompress(data) + member.flush())
            if not member.eof:
                raise Refused("%s is cut off" % name)
            data = member.unused_data
    except zlib.error:
        raise Refused("%s is not gzip" % name)
    return b"".join(parts)


def lines_of(data, name):
    if data and not data.endswith(b"\n"):
        raise Refused("the last line of %s has no end" % name)
    lines = data.split(b"\n")[:-1]
    if any(len(line) > LINE_BYTES_MAX for line in lines):
        raise Refused("a line of %s is too long" % name)
    return lines


def check_positions(manifest, positions):
    if any(left >= right for left, right in zip(positions, positions[1:])):
        raise Refused("the events are out of order")
    if positions and not manifest.start <= positions[0] <= positions[-1] < manifest.end:
        raise Refused("an event is outside of the range")
    ends = (positions[0], positions[-1]) if positions else (None, None)
    if len(positions) != manifest.events or ends != (manifest.first, manifest.last):
        raise Refused("the manifest names other events")


def check_versions(manifest, records):
    """Of all events of one user none may be missing between two others."""
    if set(manifest.query) - {"client_id"} != {"subject"}:
        return
    versions = [record["subjectversion"] for record in records if "subjectversion" in record]
    start = 1 if manifest.start == 0 else versions[0] if versions else 0
    if versions != list(range(start, start + len(versions))):
        raise Refused("events of the user are missing")


def check_identities(lines, records):
    subjects = []
    kinds = {"subject": UUID, "client_user_id?": str, "human_id?": str}
    for line in lines:
        row = typed_members(parsed_object(line, "an identity"), kinds, "identity")
        subjects.append(row["subject"])
    if subjects != sorted({record["subject"] for record in records if "subject" in record}):
        raise Refused("the identities are not those of the events")


def checked_records(manifest, lines):
    records = []
    for line in lines:
        record = typed_members(parsed_object(line, "a record"), RECORD, "record")
        if not manifest.matches(record):
            raise Refused("an event is not what the query asks for")
        records.append(record)
    return records


def checked_proofs(manifest, lines, proofs):
    """The positions of events whose proofs lead to the root."""
    positions = []
    if len(lines) != len(proofs):
        raise Refused("not every event has a proof")
    for line, text in zip(lines, proofs):
        kinds = {"leaf_index": int, "audit_path": list}
        proof = typed_members(parsed_object(text, "a proof"), kinds, "proof")
        path = [decoded_hash(typed(text, str, "hash")) for text in proof["audit_path"]]
        position = proof["leaf_index"]
        if inclusion_root(position, manifest.size, leaf_hash(line), path) != manifest.root:
            raise Refused("an event's proof leads to another root")
        positions.append(position)
    return positions


def check_bundle_signatures(manifest, data, keys, origin, files):
    key = Key(manifest.key)
    if key.type != Key.ED25519 or key.name != manifest.origin:
        raise Refused("the key in the manifest is not the log's")
    if (key.name, key.public_key) not in [(k.name, k.public_key) for k in keys if k.type == 1]:
        raise Refused("the bundle is signed under another key")
    if origin is not None and origin != manifest.origin:
        raise Refused("the bundle is of another log")
    text, _ = verified_note(files["manifest.note"], [key])
    digest = base64.b64encode(sha256(data)).decode("ascii")
    if text != "%s\n%s\n" % (BUNDLE_FORMAT, digest):
        raise Refused("the note is of another manifest")
    first = Checkpoint(files["checkpoint.first"], [key], manifest.origin)
    last = Checkpoint(files["checkpoint"], [key], manifest.origin)
    if (last.size, last.root) != (manifest.size, manifest.root):
        raise Refused("the checkpoint is not the one in the manifest")
    kinds = {"first": int, "second": int, "consistency": list}
    text = files["consistency.json"]
    if not text.endswith(b"\n"):
        raise Refused("consistency.json has no line end")
    proof = typed_members(parsed_object(text[:-1], "consistency.json"), kinds, "consistency")
    if (proof["first"], proof["second"]) != (first.size, last.size):
        raise Refused("the consistency proof is between other trees")
    path = [decoded_hash(typed(text, str, "hash")) for text in proof["consistency"]]
    check_consistency(first.size, first.root, last.size, last.root, path)
    return last


def ask_bundle(keys, origin, files):
    """A signed export: every file of its folder, by name."""
    if "cut" in files:
        return ask_split_bundle(keys, origin, files)
    if "manifest.json" not in files or "manifest.note" not in files:
        raise Refused("the bundle is unfinished")
    data = files["manifest.json"]
    manifest = Manifest(data)
    if set(files) != set(manifest.files) | {"manifest.json", "manifest.note"}:
        raise Refused("the folder has other files than the manifest lists")
    contents = {}
    for name, listed in manifest.files.items():
        content = files[name]
        if (len(content), sha256(content).hex()) != (listed["bytes"], listed["sha256"]):
            raise Refused("%s is not the file in the manifest" % name)
        contents[name] = expanded(content, name)
        lines = contents[name].count(b"\n")
        if name != "events.csv" + manifest.suffix and lines != listed["lines"]:
            raise Refused("%s has another number of lines" % name)
    checkpoint = check_bundle_signatures(manifest, data, keys, origin, files)

    def data_lines(name):
        name += ".ndjson" + manifest.suffix
        return lines_of(contents[name], name)

    lines = data_lines("events")
    records = checked_records(manifest, lines)
    if manifest.proof == "root":
        positions = list(range(len(lines)))
        if tree_hash([leaf_hash(line) for line in lines]) != manifest.root:
            raise Refused("the events have another root")
    else:
        positions = checked_proofs(manifest, lines, data_lines("proofs"))
    check_positions(manifest, positions)
    check_versions(manifest, records)
    table = "events.csv" + manifest.suffix
    if table in contents:
        rows = [csv_row(position, record) for position, record in zip(positions, records)]
        if contents[table] != (CSV_HEADER + "\r\n" + "".join(rows)).encode("utf-8"):
            raise Refused("the table is not that of the events")
        if manifest.files[table]["lines"] != len(rows) + 1:
            raise Refused("the table has another number of rows")
    if "identities.ndjson" + manifest.suffix in contents:
        check_identities(data_lines("identities"), records)
    return "%d events of %s are in: %s" % (len(lines), manifest.origin, checkpoint)


def cut_trees(note, keys):
    """What each log held by a cut, its tree's size and root by number; and the ledger's name."""
    text, _ = verified_note(note, [key.named("cut") for key in keys if key.type == Key.ED25519])
    lines = text.split("\n")
    if len(lines) < 3 or lines[-1] or not lines[0].endswith("/cut"):
        raise Refused("the text is no cut")
    pairs = decoded_number(lines[1])
    if not 1 <= pairs <= 512 or len(lines) != 3 + 2 * pairs:
        raise Refused("the cut has other logs than it says")
    trees = []
    for number, line in enumerate(lines[2:-1]):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != str(number):
            raise Refused("the cut's logs are not in order")
        trees.append((decoded_number(parts[1]), decoded_hash(parts[2])))
    return trees, lines[0][: -len("/cut")]


def ask_split_bundle(keys, origin, files):
    """A signed export of several logs: the cut, and beside it a bundle for each log that has events."""
    if origin is not None:
        raise Refused("the bundle is of several logs")
    trees, ledger = cut_trees(files["cut"], keys)
    parts = {}
    for path, data in files.items():
        if path != "cut":
            name, slash, rest = path.partition("/")
            if not slash:
                raise Refused("%s is no part of the bundle" % name)
            parts.setdefault(name, {})[rest] = data
    kind = min(parts, default="").partition("-")[0]
    if kind not in ("facts", "access"):
        raise Refused("the bundle has no part")
    expected = {}
    for number, (size, root) in enumerate(trees):
        if number % 2 == ("facts", "access").index(kind) and size > 0:
            name = kind if number < 2 else "%s-%d" % (kind, number // 2)
            expected[name] = (number, size, root)
    if set(parts) != set(expected):
        raise Refused("the bundle has other parts than the cut has logs with events")
    answers, first = [], None
    for name, (number, size, root) in expected.items():
        own = [key.named(str(number)) if key.type == Key.ED25519 else key for key in keys]
        answers.append(ask_bundle(own, "%s/%d" % (ledger, number), parts[name]))
        manifest = Manifest(parts[name]["manifest.json"])
        if (manifest.size, manifest.root) != (size, root):
            raise Refused("%s is not as large as the cut says" % name)
        if (manifest.start, manifest.end) != (0, size):
            raise Refused("%s is of a part of its log" % name)
        members = parsed_object(parts[name]["manifest.json"][:-1], "the manifest")
        shared = [members[m] for m in ("export", "made_at", "made_by", "reason", "query")]
        if first is not None and shared != first:
            raise Refused("%s is of another export" % name)
        first = shared
    return "; ".join(answers)


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
    "bundle": (ask_bundle, None),
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
    for parent, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(parent, name)
            if os.path.islink(path):
                raise Refused("%s is a link" % path)
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder).replace(os.sep, "/")] = file.read()
    return files


def empty_folders(folder):
    return any(not folders and not names for _, folders, names in os.walk(folder))


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
    try:
        if operands is None:
            files = read_folder(arguments.folder)
        if arguments.command == "bundle":
            depth = 2 if "cut" in files else 1
            if any(path.count("/") >= depth for path in files) or empty_folders(arguments.folder):
                raise Refused("the bundle has folders that are no part of it")
        print(ask([Key(text) for text in arguments.key], arguments.origin, files))
        return 0
    except Refused as refusal:
        print("refused: %s" % refusal, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
