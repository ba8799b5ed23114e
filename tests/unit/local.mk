# One program for each module, in the room of what it tests. The source is the
# program's name and .c unless the room says more.
include tests/unit/kit/local.mk
include tests/unit/shm/local.mk
include tests/unit/protocol/local.mk
include tests/unit/lib/local.mk
include tests/unit/conf/local.mk
include tests/unit/handout/local.mk
include tests/unit/rules/local.mk
include tests/unit/proc/local.mk
include tests/unit/tls/local.mk
include tests/unit/db/local.mk
include tests/unit/master/local.mk
include tests/unit/auth/local.mk
include tests/unit/store/local.mk
include tests/unit/worker/local.mk
include tests/unit/door/local.mk
include tests/unit/web/local.mk
include tests/unit/http/local.mk
include tests/unit/client/local.mk
