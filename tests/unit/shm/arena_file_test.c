/* arena_file_test.c - the same promises where memfd_create does not exist. */
#undef HAVE_MEMFD_CREATE
#include "shm/arena.c"
#include "tests/unit/shm/arena_test.c"
