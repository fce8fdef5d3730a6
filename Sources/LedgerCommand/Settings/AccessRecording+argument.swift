import ArgumentParser
import Ledger

extension AccessRecording: ExpressibleByArgument {}
