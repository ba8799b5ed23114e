# `make check` runs the tests of the tree, and the unit, crash and fuzz-replay tests.
# The integration tests are run by tests/run.sh.
unit_tests =
include tests/tree/local.mk
include tests/unit/local.mk
include tests/crash/local.mk
include tests/fuzz/local.mk
include tests/load/local.mk
include tests/integration/local.mk
include tests/browser/local.mk

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

EXTRA_DIST += \
	tests/README.md \
	tests/fresh.sh \
	tests/run.sh \
	tests/tally.py
