# The service, or any other command of `token-ledger`, for people with Docker.
# Nothing secret is in the image: keys and passwords come as files at run time.

FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends libpq-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The dependencies change seldom; fetched first, they stay in a layer of their own.
COPY Package.swift ./
RUN swift package resolve
COPY Schema Schema
COPY Sources Sources
COPY Tests Tests
# Guides are part of the program.
COPY docs docs
RUN swift build -c release --product token-ledger --static-swift-stdlib \
    && install -D -s .build/release/token-ledger /out/token-ledger
# No hook for tests is in it (docs/threats.md#t30).
RUN ! grep -q -e CrashPoint -e CRASH_POINT /out/token-ledger

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends ca-certificates libpq5 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/token-ledger --create-home token-ledger
COPY --from=build /out/token-ledger /usr/local/bin/token-ledger
USER token-ledger
WORKDIR /var/lib/token-ledger
# The provider's answers wait here while the database is away: put a volume on it.
RUN mkdir -m 700 spool
ENV TOKEN_LEDGER_HOST=0.0.0.0 TOKEN_LEDGER_PORT=8080 \
    TOKEN_LEDGER_SPOOL_FOLDER=/var/lib/token-ledger/spool
EXPOSE 8080
# bash opens the connection itself, so the image needs no HTTP client.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["bash", "-c", "\
    exec 3<>/dev/tcp/127.0.0.1/$TOKEN_LEDGER_PORT \
    && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 \
    && read -r _ status _ <&3 && [[ $status == 200 ]]"]
ENTRYPOINT ["token-ledger"]
CMD ["serve"]
