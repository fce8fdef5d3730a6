/// Whether two secrets are the same, in a time that tells nothing of where they differ.
func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    var difference: UInt8 = 0
    for (left, right) in zip(left, right) { difference |= left ^ right }
    return difference == 0 && left.count == right.count
}
