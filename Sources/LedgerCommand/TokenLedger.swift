@main
struct TokenLedger {
    static func main() {}
}
