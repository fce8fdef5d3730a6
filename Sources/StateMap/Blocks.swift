/// Elements in blocks of a fixed length: growing moves nothing, and wastes a block at most.
struct Blocks<Element: Sendable>: Sendable {
    /// 4,096 hashes are 128 KiB, for which the allocator rounds up by 3 % at most.
    private static var blockBits: UInt32 { 12 }
    private static var blockCount: Int { 1 << blockBits }
    private static var mask: UInt32 { 1 << blockBits - 1 }

    private var blocks: [[Element]] = []
    private(set) var count: UInt32 = 0

    subscript(index: UInt32) -> Element {
        get { blocks[Int(index >> Self.blockBits)][Int(index & Self.mask)] }
        set { blocks[Int(index >> Self.blockBits)][Int(index & Self.mask)] = newValue }
    }

    mutating func append(_ element: Element) {
        if count & Self.mask == 0 {
            var block: [Element] = []
            block.reserveCapacity(Self.blockCount)
            blocks.append(block)
        }
        blocks[blocks.count - 1].append(element)
        count += 1
    }
}
