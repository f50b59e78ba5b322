# The commands of the project; each one is a script or a line that can be run by itself.
PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo

.PHONY: all lib lib-dev header install test demo bench clean

all: lib

# The libraries as they are shipped, in build/release.
lib:
	packaging/link release build/release

# The same quickly made, for the tests, in build/dev.
lib-dev:
	packaging/link dev build/dev

# include/haft.h from src/ffi.
header:
	$(CARGO) run -q -p haft-tools -- header

install: lib
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" packaging/install build/release

# Installs what the tests need, then runs everything.
test:
	scripts/test

# Builds, starts the sandbox, and runs the examples against it.
demo:
	scripts/demo

# The side-by-side table of ratios against libcurl and the others.
bench:
	scripts/bench

clean:
	$(CARGO) clean
	rm -rf build
