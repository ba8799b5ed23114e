/* error.c - error codes as people and scripts see them; from KITH_ERRORS. */
#include "protocol/error.h"

struct row {
	const char	*name;
	const char	*text;
	int		 exit, status;
};

static const struct row error_rows[] = {
#define X(code, name, exit, status, text) [code] = { #name, text, exit, status },
	KITH_ERRORS(X)
#undef X
};

_Static_assert(sizeof(error_rows) / sizeof(error_rows[0]) == KITH_E_COUNT, "KITH_E_COUNT is wrong");

static const struct row unknown = { "UNKNOWN", "unknown error", 1, 500 };

static const struct row *
row_get(uint32_t code)
{
	return code < KITH_E_COUNT ? &error_rows[code] : &unknown;
}

const char *
kith_err_name(uint32_t code)
{
	return row_get(code)->name;
}

const char *
kith_err_text(uint32_t code)
{
	return row_get(code)->text;
}

int
kith_err_exit(uint32_t code)
{
	return row_get(code)->exit;
}

int
kith_err_status(uint32_t code)
{
	return row_get(code)->status;
}
