# Everything to do with this checkout goes through these targets; the scripts in build/ do the work.
.PHONY: release release-test native-test
.PHONY: help setup build native run test check sim soak fuzz mutants interop bench clean

help:
	@echo "make setup | build | native | run | test | check | sim | soak | fuzz | mutants | interop | bench | native-test | pack | consume | api | release | release-test | clean   (docs/TESTING.md says more)"

# Installs what is missing: packages for the foreign clients of the tests, buf, NuGet packages.
setup:
	@build/setup.sh

# Builds everything in Release and leaves a runnable artifacts/bin/p2pgrpc.
build: setup
	@build/build.sh

# The program as machine code that needs no .NET where it runs: artifacts/bin/native/p2pgrpc.
native: setup
	@build/native.sh

# A demonstration: three nodes on free ports, messages between them, commands to try. Ctrl-C ends it.
run: build
	@build/run.sh

# All tests; the last line is the sum. `make test ONLY=Tidy` runs the projects whose name contains the word.
test: build
	@build/test.sh $(ONLY)

# Simulated nodes and everything that can go wrong: `make sim SEEDS=100000`, `make sim SEEDS=1000 FROM=5000`, or one seed again by `make sim SEED=17`.
# `make sim ROOMS=1 SEEDS=5000`: rooms of up to a hundred members.
sim: build
	@ROOMS=$(ROOMS) SEED=$(SEED) SEEDS=$(SEEDS) FROM=$(FROM) build/sim.sh

# kill -9 over and over: `make soak CYCLES=1000` takes about twenty minutes.
soak: build
	@build/soak.sh $(CYCLES)

# Bytes of others, made up: `make fuzz COUNT=2000000` so many for each target, `make fuzz TARGET=frame SEED=7` one of them with other inputs.
fuzz: build
	@TARGET=$(TARGET) COUNT=$(COUNT) SEED=$(SEED) build/fuzz.sh

# The client in C++ and the one of docs/clients/cpp.md: builds both, and runs them against a node. About two minutes.
interop: build
	@build/interop.sh

# Formatting, analyzers (as the build's errors), protos, and the code's own rules.
check: build
	@build/check.sh

# Measures beside the alternatives, and writes docs/benchmarks.md: about ten minutes. `make bench ONLY=durable` measures the parts whose name contains
# the word, `make bench GROWTH=1` what grows with size, links, logs, history and subscribers (long), `make bench QUICK=1` only shows that it runs.
bench: build
	@build/bench.sh $(if $(GROWTH),--growth) $(if $(QUICK),--quick) $(if $(HISTORY),--history=$(HISTORY)) $(ONLY)

# Plants bugs in a scratch copy, one by one, and shows that the tests catch each. `make mutants ONLY=Core` plants those that are caught there.
mutants: setup
	@build/mutants.py $(ONLY)

# All tests with real processes, with the native program in place of the build's own: as long as they take otherwise.
native-test: build native
	@build/native_test.sh

# All that a release consists of, in artifacts/release: packages, programs, Debian packages, container images, a bill of materials, checksums. Some minutes.
release: build
	@build/release.sh

# Installs and runs what `make release` has made, in a copy of this machine that exists in memory only. As root.
release-test:
	@build/release_test.sh
# NuGet packages of the libraries and the project template, with symbols: artifacts/packages.
.PHONY: pack consume api
pack: build
	@build/pack.sh

# A developer's first message from an empty folder, by the packages alone; says how long it took. Half a minute to some minutes.
consume: pack
	@build/consume.sh

# Writes the lists of the libraries' public API anew, after it has changed: src/*/PublicAPI.Unshipped.txt. `make api SHIPPED=1`, at a release, makes them
# what is compared with from then on: src/*/PublicAPI.Shipped.txt.
api: setup
	@build/api.sh $(if $(SHIPPED),shipped)

clean:
	@rm -rf artifacts node_modules
