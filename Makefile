# Everything to do with this checkout goes through these targets; the scripts in build/ do the work.
.PHONY: help setup build native run test check sim soak fuzz mutants interop bench clean

help:
	@echo "make setup | build | native | run | test | check | sim | soak | fuzz | mutants | interop | bench | clean   (docs/TESTING.md says more)"

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

clean:
	@rm -rf artifacts node_modules
