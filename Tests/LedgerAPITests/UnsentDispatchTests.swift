import Ledger
import LedgerStore
import TestSupport
import Testing
import Vault

@testable import ConnectFlow

/// A dispatch whose outcome stays unknown: nothing was sent, and only its worker knows.
@Suite(.oneServiceAtATime, .timeLimit(.minutes(3)))
struct UnsentDispatchTests {
    /// The dispatch is written with a warning, so that it is asked for, and nobody can be asked.
    private static let loss = """
        create function ledger.warn() returns trigger language plpgsql as $$
        begin
            if new.record like '%"type":"exchange.dispatched"%'::bytea then raise warning 'lost'; end if;
            return new;
        end $$;
        create trigger warn before insert on ledger.event
            for each row execute function ledger.warn();
        alter function ledger.settle_events rename to settle_later;
        """
    private static let repair = """
        drop trigger warn on ledger.event;
        alter function ledger.settle_later rename to settle_events;
        """

    @Test(
        "who did not send says so once the database answers, and the session is exchanged after all"
    )
    func told() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("unsent")
            let session = try await service.session(launch)
            try await service.damage(Self.loss)
            let lost = try await service.finish(launch.finishPath, session)
            #expect(lost.status == 503 && lost.code == "outcome_unknown", "\(lost.text)")
            try await service.damage(Self.repair)
            let written = ["connect.launched", "finish.received", "exchange.dispatched"]
            #expect(try await service.types("unsent") == written)
            await service.flows.settler.tellUnsent()
            await service.flows.settler.tellUnsent()
            #expect(try await service.types("unsent") == written + ["finalize.unresolved"])
            #expect(try await service.exchanges(of: session) == 0)
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            #expect(try await service.exchanges(of: session) == 1)
            #expect(
                try await service.types("unsent").dropFirst(4) == [
                    "exchange.dispatched", "connect.finalized", "access_token.rotated",
                    "public_token.rotated",
                ]
            )
            #expect(try await service.verifies())
        }
    }

    @Test("of another worker's dispatch nothing is said: it may be under way")
    func foreign() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("sandbox_slow")
            let session = try await service.session(launch)
            async let finishing = service.finish(launch.finishPath, session)
            try await service.waitForExchange(of: session)
            let name = Secret("sandbox_slow")
            let user = try #require(try await service.store.user(name, of: service.app))
            let open = try #require(user.state.openFinalizes.first)
            service.flows.finalizer.unsent.add(open.finalize, number: 1, requestID: "another")
            await service.flows.settler.tellUnsent()
            #expect(service.flows.finalizer.unsent.all.isEmpty)
            #expect(try await service.types("sandbox_slow").last == "exchange.dispatched")
            #expect(try await finishing.status == 201)
            #expect(try await service.exchanges(of: session) == 1)
        }
    }
}
