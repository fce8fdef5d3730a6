# `make run`, `make demo`, `make test`, `make campaign`, `make ha` and `make docs` install what is missing, build, and go.
# Each recipe is one bash script that ends at its first failing line.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.PHONY: help run demo ha test test-release test-ha test-citus campaign campaign-broken docs format ready ready-for-ha ready-packages ready-for-tests
MAKEFLAGS += --no-print-directory

# Where `make run` keeps its PostgreSQL and its keys. Another place: make run DATA_FOLDER=/srv/ledger
DATA_FOLDER ?= .token-ledger
FORMATTED := Package.swift Schema Sources Tests
# What `make docs` describes: the modules that other projects could use by themselves. A page may
# link to pages of modules that stand before its own.
DOCUMENTED := Ledger MerkleLog Postgres HumanConnect Witness LedgerExport TokenLedgerClient

help:
	echo 'make run     start PostgreSQL, the sandbox provider, the service and a demo page; Ctrl-C stops'
	echo 'make demo    play one user through all of it, print what happened, and check every step'
	echo 'make test    run every test, against a real PostgreSQL and a real browser'
	echo 'make test-release     the same of the optimized program, as far as its tests start it: before a release'
	echo 'make campaign         kill, cut and starve the service for a quarter of an hour, and check every promise'
	echo 'make campaign-broken  see that the campaign finds the service broken where a rule is taken out'
	echo 'make ha      run two copies on a database of two nodes under Patroni, to be watched and killed'
	echo 'make test-ha          kill and switch over the writing node under load, and check every promise'
	echo 'make test-citus       try everything on a Citus cluster; Citus itself must be installed'
	echo 'make docs    build pages about the modules that others could use, and check their examples'
	echo 'make format  bring the source into its form'

# `exec` leaves no shell in between: Ctrl-C and the exit code are the program's own.
run: ready
	swift build --product token-ledger
	exec .build/debug/token-ledger dev --data-folder '$(DATA_FOLDER)'

demo: ready
	swift build --product token-ledger
	exec .build/debug/token-ledger demo

test: ready-for-tests
	swift format lint --strict --recursive $(FORMATTED)
	swift build --build-tests --explicit-target-dependency-import-check error
	# All tests at once would only wait for each other, and some of them for a limit.
	export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6
	# Whether a launch or a read takes much more processor time than it did: bounds, not rates.
	.build/debug/token-ledger bench gate
	# Thousands of lines: those of what failed are said once more, before the runner's last.
	run_tests() {
	    local lines code
	    lines=$$(mktemp)
	    if swift test --skip-build --disable-xctest "$$@" 2>&1 | tee "$$lines"; then
	        rm "$$lines"
	        return
	    else
	        code=$$?
	    fi
	    grep -A 5 'recorded an issue' "$$lines" || true
	    grep '✘' "$$lines" | tail -n 40 || true
	    rm "$$lines"
	    exit "$$code"
	}
	# What runs many services at once has the machine for itself: other tests would wait for it.
	run_tests --filter SmallCampaignTests
	run_tests --filter 'CrashPointTests|MapCrashTests'
	run_tests --skip 'SmallCampaignTests|CrashPointTests|MapCrashTests'

# The compiler's optimizer has faults of its own, which no other test finds (CONTRIBUTING.md, "The optimized program").
# Crash points are not in it, and what they are for is skipped.
test-release: ready-for-tests
	swift build --build-tests --explicit-target-dependency-import-check error
	swift build -c release --product token-ledger
	python3 Tests/EndToEndTests/Contexts/contexts.py .build/release/token-ledger
	export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4
	export PROGRAM_UNDER_TEST="$$PWD/.build/release/token-ledger"
	$$PROGRAM_UNDER_TEST bench gate
	swift test --skip-build --disable-xctest --filter EndToEndTests --skip 'CrashPointTests|MapCrashTests|WebhookCommandTests/killed'

# The same faults again: make campaign SEED=… (the seed is printed). Needs root, for disks that lose
# their power.
campaign: ready-for-tests
	swift build --product token-ledger
	swift build --product campaign
	exec .build/debug/campaign $(if $(SEED),--seed $(SEED))

# The same of a database of several nodes: another one has to take over, again and again. At most
# ten minutes.
test-ha: ready-for-ha
	swift build --product token-ledger
	swift build --product campaign
	exec .build/debug/campaign --only primary-killed --only primary-postgres-killed \
	    --only primary-of-two-killed --only switchover $(if $(SEED),--seed $(SEED))

# On a coordinator and two workers of its own. Debian has no Citus: build it from source, or take the package of its
# makers (docs/sizing.md).
test-citus: ready-for-tests
	swift build --build-tests --explicit-target-dependency-import-check error
	TEST_CITUS=1 swift test --skip-build --disable-xctest --filter CitusTests

# More nodes: make ha NODES=3
ha: ready-for-ha
	swift build --product token-ledger
	swift build --product campaign
	exec .build/debug/campaign ha $(if $(NODES),--nodes $(NODES))

# Builds the service anew for each rule.
campaign-broken: ready-for-tests
	swift build --product campaign
	exec .build/debug/campaign --broken all $(if $(SEED),--seed $(SEED))

# Nearly all access is `package`, and only a compiler within the package sees all of that: what
# `swift package dump-symbol-graph` gives lacks every symbol that names a type of another of our
# modules. So the compiler writes the symbols down itself. It gets the flags with which SwiftPM has
# it read the module's sources, not those that say what is written and where. The examples on the
# pages are compiled with the same flags.
docs: ready
	swift build --product token-ledger
	swift build --product TokenLedgerClient
	bin=$$(swift -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1/bin|p')
	out=.build/docs
	rm -rf $$out
	links=()
	for module in $(DOCUMENTED); do
	    echo "Describing $$module"
	    pages=Sources/$$module/$$module.docc
	    made=$$out/made/$$module
	    mkdir -p $$made/symbols $$made/examples
	    mapfile -t flags < <(
	        sed -n "/\"C\.$$module-.*\.module\":/,/args:/ s/^ *args: //p" .build/debug.yaml |
	            grep -oE -e '"-(package-name|swift-version|target|enable-upcoming-feature|I|Xcc)","[^"]*"' \
	                -e '"-[ID][^"]+"' -e '"-(parse-as-library|strict-memory-safety|warnings-as-errors)"' |
	            sed 's/^"//; s/"$$//; s/","/\n/'
	    )
	    if ((!$${#flags[@]})); then
	        echo "make: .build/debug.yaml does not say how $$module is compiled" >&2
	        exit 1
	    fi
	    swiftc "$${flags[@]}" @.build/debug/$$module.build/sources -module-name $$module \
	        -emit-module-path $$made/$$module.swiftmodule -emit-symbol-graph \
	        -emit-symbol-graph-dir $$made/symbols -symbol-graph-minimum-access-level package \
	        -symbol-graph-skip-synthesized-members -emit-extension-block-symbols
	    for page in $$pages/*.md; do
	        awk '/^```swift$$/ { printf "#sourceLocation(file: \"%s\", line: %d)\n", FILENAME, FNR + 1 }
	            /^```/ { code = $$0 == "```swift"; next }
	            code' $$page >$$made/examples/$$(basename $$page .md).swift
	    done
	    swiftc "$${flags[@]}" -module-name $${module}Examples -typecheck $$made/examples/*.swift
	    $$bin/docc convert $$pages --additional-symbol-graph-dir $$made/symbols \
	        --output-path $$out/$$module.doccarchive --warnings-as-errors \
	        --fallback-bundle-identifier token-ledger.$$module --fallback-default-module-kind Module \
	        --enable-experimental-external-link-support "$${links[@]}" >/dev/null
	    links+=(--dependency $$out/$$module.doccarchive)
	done
	$$bin/docc merge $$out/*.doccarchive --output-path $$out/site \
	    --synthesized-landing-page-name 'Token Ledger'
	echo "The pages are in $$out/site. To read them at http://localhost:8000/documentation/ :"
	echo "  python3 -m http.server --bind 127.0.0.1 --directory $$out/site 8000"
	echo 'To see one module while you write:'
	echo "  $$bin/docc preview Sources/Ledger/Ledger.docc --output-path $$out/preview \\"
	echo "      --additional-symbol-graph-dir $$out/made/Ledger/symbols"

format:
	swift format --in-place --recursive $(FORMATTED)

# Looks for the files and commands themselves, however they came here, and installs Debian's
# packages only for those it does not find.
define INSTALL_MISSING
if ((!$${#missing[@]})); then exit 0; fi
say() { echo "make: $$*" >&2; }
if ! command -v apt-get >/dev/null; then
    say "these Debian packages, or what they are called here, are missing: $${missing[*]}"
    say "install them and try again (the programs must be on the PATH, libpq known to pkg-config)"
    exit 1
fi
as_root=()
if ((EUID)); then as_root=(sudo); fi
if ((EUID)) && ! command -v sudo >/dev/null; then
    say "missing; as root, run: apt-get install $${missing[*]}"
    exit 1
fi
say "installing: $${missing[*]}"
log=$$(mktemp)
# Debian's packages of the server, PgBouncer, Prometheus, etcd and Patroni start one of their own.
# Nobody asked for one, so they are told not to, for this one installation.
no_cluster=/etc/postgresql-common/createcluster.d/token-ledger.conf
masks=()
trap 'rm -f "$$log"; "$${as_root[@]}" rm -f "$$no_cluster" "$${masks[@]}"' EXIT
for service in pgbouncer prometheus etcd patroni; do
    mask=/etc/systemd/system/$$service.service
    if [[ " $${missing[*]} " =~ \ $$service(-server)?\  && ! -e $$mask ]]; then
        "$${as_root[@]}" mkdir -p "$${mask%/*}"
        "$${as_root[@]}" ln -s /dev/null "$$mask"
        masks+=("$$mask")
    fi
done
if [[ " $${missing[*]} " == *" postgresql "* ]]; then
    "$${as_root[@]}" mkdir -p "$${no_cluster%/*}"
    "$${as_root[@]}" tee "$$no_cluster" >/dev/null <<<'create_main_cluster = false'
fi
apt=("$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
if ! { "$${apt[@]}" update && "$${apt[@]}" install --no-upgrade --no-install-recommends \
    "$${missing[@]}"; } </dev/null >"$$log" 2>&1; then
    cat "$$log" >&2
    say "apt-get could not install them; its words are above"
    exit 1
fi
endef

ready:
	version=$$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' || true)
	if [[ $$(printf '%s\n' 6.3 "$$version" | sort -V | head -1) != 6.3 ]]; then
	    echo "make: Swift 6.3 or newer is needed; here is $${version:-none on the PATH}." >&2
	    echo "make: get it from https://www.swift.org/install/linux/" >&2
	    exit 1
	fi
	missing=()
	if ! pkg-config --exists libpq 2>/dev/null; then missing+=(pkg-config libpq-dev); fi
	if ! pkg-config --exists zlib 2>/dev/null; then missing+=(pkg-config zlib1g-dev); fi
	# Debian keeps the server's programs off the PATH, in a folder for each version.
	for folder in /usr/lib/postgresql/*/bin; do PATH+=:$$folder; done
	PATH+=:$$(pg_config --bindir 2>/dev/null || true)
	for program in initdb postgres pgbench; do
	    if ! command -v $$program >/dev/null; then missing+=(postgresql); break; fi
	done
	$(INSTALL_MISSING)

ready-packages: ready
	missing=()
	if ! command -v chromium >/dev/null; then missing+=(chromium fonts-liberation); fi
	if ! command -v python3 >/dev/null; then missing+=(python3); fi
	if ! command -v chromedriver >/dev/null; then missing+=(chromium-driver); fi
	if ! command -v pgbouncer >/dev/null; then missing+=(pgbouncer); fi
	for program in prometheus promtool; do
	    if ! command -v $$program >/dev/null; then missing+=(prometheus); break; fi
	done
	# For disks in files. What is for administrators is not on everybody's PATH.
	PATH+=:/usr/sbin:/sbin
	if ! command -v mkfs.ext4 >/dev/null; then missing+=(e2fsprogs); fi
	if ! command -v mount >/dev/null; then missing+=(mount); fi
	if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
	$(INSTALL_MISSING)

# Nothing of a running cluster is touched: --no-upgrade leaves alone what is there.
ready-for-ha: ready
	missing=()
	if ! command -v etcd >/dev/null; then missing+=(etcd-server); fi
	if ! command -v patroni >/dev/null; then missing+=(patroni); fi
	$(INSTALL_MISSING)

# Not one of Debian's: in a folder that git ignores, in the versions that its list names.
ready-for-tests: ready-packages ready-for-ha
	list=Tests/EndToEndTests/Schemathesis/requirements.txt
	folder=.build/schemathesis
	if ! cmp -s $$list $$folder/installed.txt; then
	    echo 'make: installing Schemathesis' >&2
	    rm -rf $$folder
	    python3 -m venv $$folder
	    $$folder/bin/pip --quiet --disable-pip-version-check install --requirement $$list
	    cp $$list $$folder/installed.txt
	fi
	list=Tests/WebhooksTests/Verifier/requirements.txt
	folder=.build/standardwebhooks
	if ! cmp -s $$list $$folder/installed.txt; then
	    echo 'make: installing standardwebhooks' >&2
	    rm -rf $$folder
	    python3 -m venv $$folder
	    $$folder/bin/pip --quiet --disable-pip-version-check install --requirement $$list
	    cp $$list $$folder/installed.txt
	fi
