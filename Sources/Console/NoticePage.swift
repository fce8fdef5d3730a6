/// A page that says why there is no other.
package struct NoticePage: ConsolePage {
    package let template = PageTemplate.notice
    package let title: String
    let sentence: String
    /// What programs are told.
    let code: String
    let requestID: String

    package init(title: String, sentence: String, code: String, requestID: String) {
        self.title = title
        self.sentence = sentence
        self.code = code
        self.requestID = requestID
    }
}

/// A page that leads to itself, at once or by a step of the person's own.
///
/// Whoever follows a link from another site comes without the session's cookie; from this page the same
/// address is asked for again, as one of our own.
package struct HopPage: ConsolePage {
    package let template = PageTemplate.hop
    package let title: String
    let target: String
    let isStep: Bool

    /// `isStep` where opening the page stands in the log, so that the person must choose it.
    package init(target: String, isStep: Bool) {
        title = isStep ? "You come from another site" : "One moment"
        self.target = target
        self.isStep = isStep
    }
}

/// Where a person shows a key.
package struct SignInPage: ConsolePage {
    package let template = PageTemplate.signIn
    package let title = "Sign in"
    /// Where to go on.
    let target: String
    /// Why it did not work.
    let refusal: String?
    let hours: Int

    package init(target: String, refusal: String? = nil, hours: Int) {
        self.target = target
        self.refusal = refusal
        self.hours = hours
    }
}
