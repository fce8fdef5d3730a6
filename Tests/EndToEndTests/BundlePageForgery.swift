/// What somebody with a key of their own makes of the list of a bundle's page.
struct BundlePageForgery {
    /// Statements of Python that change the list `m`, and files: `drop` takes one away, and `keep`
    /// takes some of the lines that tell of events.
    let change: String
    /// What the page says of it, among other things.
    let words: String

    private init(_ change: String, _ words: String) {
        self.change = change
        self.words = words
    }

    /// The very same, under another key.
    static let nothing = Self("pass", "fits the key that came with the bundle")

    /// No event of one user is left, and so none that is counted.
    static let noEvents = Self(
        "keep(lambda l: []); m['events'] = 0; del m['first_position'], m['last_position']",
        "Not proved: that the filter left nothing out"
    )

    /// Of a bundle of the last positions, which the page must refuse.
    static let ofPositions = [
        Self("drop('proofs.ndjson')", "its files do not fit to the kind of proof"),
        Self(
            "drop('proofs.ndjson'); m['proof'] = 'trust'",
            "its kind of proof proves nothing about these positions"
        ),
        Self(
            "drop('proofs.ndjson'); m['proof'] = 'root'",
            "its kind of proof proves nothing about these positions"
        ),
        Self(
            "keep(lambda l: l[:1] + l[2:]); m['events'] -= 1",
            "the events are not all of the range"
        ),
        Self(
            "m['range']['until'] = m['tree_size'] + 1",
            "the range is not within the log"
        ),
        Self("m['range']['from'] = '4'", "a position or count is no number"),
        Self("del m['first_position']", "positions and count do not fit"),
        Self("m['last_position'] = m['tree_size']", "positions and count do not fit"),
    ]

    /// Changes the list, and signs it and both checkpoints (RFC 8032, C2SP signed-note).
    static func script(_ change: String) -> String {
        #"""
        sys.path.insert(0, verifier)
        from verifier import BASE, ORDER, P, multiplied
        number = lambda content: int.from_bytes(hashlib.sha512(content).digest(), 'little')
        seed = hashlib.sha512(bytes(32)).digest()
        secret = int.from_bytes(seed[:32], 'little') & ((1 << 254) - 8) | 1 << 254
        def packed(point):
            inverse = pow(point[2], P - 2, P)
            x, y = point[0] * inverse % P, point[1] * inverse % P
            return (y | (x & 1) << 255).to_bytes(32, 'little')
        public = packed(multiplied(secret, BASE))
        m = json.loads(get('manifest.json'))
        key = b'\x01' + public
        key_id = hashlib.sha256(m['origin'].encode() + b'\n' + key).digest()[:4]
        def signed(words):
            content = words.encode()
            nonce = number(seed[32:] + content) % ORDER
            first = packed(multiplied(nonce, BASE))
            second = (nonce + number(first + public + content) * secret) % ORDER
            value = base64.b64encode(key_id + first + second.to_bytes(32, 'little')).decode()
            return ('%s\n\u2014 %s %s\n' % (words, m['origin'], value)).encode()
        def drop(name):
            global text
            text = text.replace(place(name).group(0), 'data-dropped=""><')
            m['files'] = [file for file in m['files'] if file['name'] != name]
        def keep(some):
            for name in ['events.ndjson', 'proofs.ndjson', 'history.ndjson']:
                put(name, b''.join(some(get(name).splitlines(keepends=True))))
        \#(change)
        m['verifier_key'] = '+'.join([m['origin'], key_id.hex(), base64.b64encode(key).decode()])
        for name in ['checkpoint', 'checkpoint.first']:
            put(name, signed(get(name).decode().split('\n\n')[0] + '\n'))
        for file in m['files']:
            content = get(file['name'])
            file['bytes'], file['lines'] = len(content), content.count(b'\n')
            file['sha256'] = hashlib.sha256(content).hexdigest()
        content = (json.dumps(m, ensure_ascii=False, separators=(',', ':')) + '\n').encode()
        put('manifest.json', content)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        put('manifest.note', signed('token-ledger/page/1\n' + digest + '\n'))
        """#
    }
}
