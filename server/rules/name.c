/*
 * name.c - preparation of names with ICU, and a short way for ASCII.
 */
#include "server/rules/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uset.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "server/lib/log.h"

/* UTF-16 units at any step: NAME_BYTES_MAX characters, each of which lower case
 * and NFC make at most three times longer. */
#define UNITS_MAX	1152

/* UTS 39, 5.4: more marks than this on one letter are no writing. */
#define MARKS_MAX	4

/* A step's text. */
struct units {
	UChar	at[UNITS_MAX];
	int32_t	len;
};

static const char *const reserved[] = {
	"abuse", "admin", "administrator", "all", "anonymous", "channel",
	"everybody", "everyone", "group", "helpdesk", "here", "hostmaster",
	"kith", "kithd", "lobby", "mod", "moderator", "nobody", "official",
	"operator", "owner", "postmaster", "root", "security", "server", "staff",
	"superuser", "support", "sysadmin", "system", "webmaster",
};

/* RFC 5892 (which RFC 8264, 9.6 takes over): by category these would be letters. */
static const UChar32 exceptions[] = {
	0x0640, 0x07fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b,
};

/* -- ASCII ---------------------------------------------------------------- */

static bool
is_separator(UChar32 c)
{
	return c == '-' || c == '_' || c == '.';
}

/* The same as all the rest of this file would say, for the usual name. */
static int
prepare_ascii(const char *in, size_t len, char *out)
{
	bool separated = true;

	if (len > NAME_CHARS_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < len; i++) {
		char c = in[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (is_separator(c)) {
			if (separated)
				return -EINVAL;
			separated = true;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			separated = false;
		} else {
			return -EINVAL;
		}
		out[i] = c;
	}
	out[len] = '\0';
	return separated ? -EINVAL : 0;
}

/* -- mapping: RFC 8265, 3.3.2: width, case, normalization ----------------- */

static const UNormalizer2 *
nfkc(void)
{
	UErrorCode e = U_ZERO_ERROR;

	return unorm2_getNFKCInstance(&e);
}

static const UNormalizer2 *
nfc(void)
{
	UErrorCode e = U_ZERO_ERROR;

	return unorm2_getNFCInstance(&e);
}

static int
map_width(const struct units *in, struct units *out)
{
	UErrorCode e = U_ZERO_ERROR;
	int32_t i = 0;

	out->len = 0;
	while (i < in->len) {
		UChar unit[8];
		int32_t n = 0, type;
		UBool bad = false;
		UChar32 c;

		U16_NEXT(in->at, i, in->len, c);
		type = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
		if (type == U_DT_WIDE || type == U_DT_NARROW)
			n = unorm2_getRawDecomposition(nfkc(), c, unit, 8, &e);
		else
			U16_APPEND(unit, n, 8, c, bad);
		if (bad || U_FAILURE(e) || n <= 0 || out->len + n > UNITS_MAX)
			return -EINVAL;
		u_memcpy(out->at + out->len, unit, n);
		out->len += n;
	}
	return 0;
}

static int
map_once(const struct units *in, struct units *out)
{
	UErrorCode e = U_ZERO_ERROR;
	struct units wide, lower;
	int rc;

	if ((rc = map_width(in, &wide)) < 0)
		return rc;
	lower.len = u_strToLower(lower.at, UNITS_MAX, wide.at, wide.len, "", &e);
	if (U_FAILURE(e))
		return -EINVAL;
	out->len = unorm2_normalize(nfc(), lower.at, lower.len, out->at, UNITS_MAX, &e);
	return U_FAILURE(e) ? -EINVAL : 0;
}

/* RFC 8264, 7: what is not stable is refused. */
static int
map(const struct units *in, struct units *out)
{
	struct units again;
	int rc;

	if ((rc = map_once(in, out)) < 0 || (rc = map_once(out, &again)) < 0)
		return rc;
	if (u_memcmp(out->at, again.at, out->len < again.len ? out->len : again.len) != 0 ||
	    out->len != again.len)
		return -EINVAL;
	return 0;
}

/* -- rules on what was mapped --------------------------------------------- */

static bool
is_mark(UChar32 c)
{
	return (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_MC_MASK)) != 0;
}

/* RFC 8264, 8: what has a compatibility decomposition, like a ligature. */
static bool
has_compat(UChar32 c)
{
	UErrorCode e = U_ZERO_ERROR;
	UBool bad = false, same;
	int32_t n = 0;
	UChar unit[2];

	U16_APPEND(unit, n, 2, c, bad);
	same = unorm2_isNormalized(nfkc(), unit, n, &e);
	return bad || U_FAILURE(e) || !same;
}

/* In the IdentifierClass of RFC 8264, 4.2, or one of our separators. */
static bool
is_name_char(UChar32 c)
{
	const uint32_t letter_digits = U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK |
	    U_GC_ND_MASK | U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK;
	int32_t jamo = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);

	if (is_separator(c))
		return true;
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (c == exceptions[i])
			return false;
	if (jamo == U_HST_LEADING_JAMO || jamo == U_HST_VOWEL_JAMO || jamo == U_HST_TRAILING_JAMO)
		return false;
	if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
		return false;
	return (U_GET_GC_MASK(c) & letter_digits) != 0 && !has_compat(c);
}

/* Code points, separators and marks. */
static int
check_characters(const struct units *u)
{
	unsigned marks = 0;
	bool separated = true;
	int32_t i = 0;

	if (u_countChar32(u->at, u->len) > (int32_t)NAME_CHARS_MAX)
		return -ENAMETOOLONG;
	while (i < u->len) {
		UChar32 c;

		U16_NEXT(u->at, i, u->len, c);
		if (!is_name_char(c))
			return -EINVAL;
		if (separated && (is_separator(c) || is_mark(c)))
			return -EINVAL;
		separated = is_separator(c);
		marks = is_mark(c) ? marks + 1 : 0;
		if (marks > MARKS_MAX)
			return -EINVAL;
	}
	return separated ? -EINVAL : 0;
}

/*
 * RFC 5893, 2, "the Bidi Rule". The sets hold bits 1 << UCharDirection.
 */

#define DIR(d)		(1u << U_##d)
#define RTL_START	(DIR(RIGHT_TO_LEFT) | DIR(RIGHT_TO_LEFT_ARABIC))
#define NUMBER		(DIR(EUROPEAN_NUMBER) | DIR(ARABIC_NUMBER))
#define NEUTRAL		(DIR(EUROPEAN_NUMBER_SEPARATOR) | DIR(EUROPEAN_NUMBER_TERMINATOR) | \
			 DIR(COMMON_NUMBER_SEPARATOR) | DIR(OTHER_NEUTRAL) | \
			 DIR(BOUNDARY_NEUTRAL) | DIR(DIR_NON_SPACING_MARK))

static int
check_bidi(const struct units *u)
{
	uint32_t first = 0, last = 0, seen = 0;
	int32_t i = 0;

	while (i < u->len) {
		uint32_t dir;
		UChar32 c;

		U16_NEXT(u->at, i, u->len, c);
		dir = 1u << u_charDirection(c);
		first = first ? first : dir;
		last = dir & DIR(DIR_NON_SPACING_MARK) ? last : dir;
		seen |= dir;
	}
	if (!(seen & (RTL_START | DIR(ARABIC_NUMBER))))
		return 0;
	if (!(first & RTL_START) || (seen & ~(RTL_START | NUMBER | NEUTRAL)) ||
	    !(last & (RTL_START | NUMBER)) || (seen & NUMBER) == NUMBER)
		return -EINVAL;
	return 0;
}

/* Made once; what it says does not change. */
static USpoofChecker *
spoof(void)
{
	static const UChar separators[] = u"-_.";
	static USpoofChecker *checker;
	UErrorCode e = U_ZERO_ERROR;
	USet *allowed;

	if (checker != NULL)
		return checker;
	checker = uspoof_open(&e);
	uspoof_setRestrictionLevel(checker, USPOOF_HIGHLY_RESTRICTIVE);
	/* No letters of phonetics or of old texts: a small capital A looks like an A. */
	allowed = uset_cloneAsThawed(uspoof_getRecommendedSet(&e));
	uset_addAllCodePoints(allowed, separators, 3);
	uspoof_setAllowedChars(checker, allowed, &e);
	uset_close(allowed);
	uspoof_setChecks(checker, USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE |
	    USPOOF_MIXED_NUMBERS | USPOOF_HIDDEN_OVERLAY | USPOOF_CHAR_LIMIT, &e);
	if (U_FAILURE(e))
		fatalx("the look-alike tables of ICU do not open: %s", u_errorName(e));
	return checker;
}

static int
check_scripts(const struct units *u)
{
	UErrorCode e = U_ZERO_ERROR;
	int32_t bad = uspoof_check2(spoof(), u->at, u->len, NULL, &e);

	return bad != 0 || U_FAILURE(e) ? -EINVAL : 0;
}

static int
prepare_unicode(const char *in, size_t len, char *out)
{
	UErrorCode e = U_ZERO_ERROR;
	struct units u, mapped;
	int32_t bytes;
	int rc;

	u_strFromUTF8(u.at, UNITS_MAX, &u.len, in, (int32_t)len, &e);
	if (U_FAILURE(e))
		return -EINVAL;
	if ((rc = map(&u, &mapped)) < 0 ||
	    (rc = check_characters(&mapped)) < 0 ||
	    (rc = check_bidi(&mapped)) < 0 ||
	    (rc = check_scripts(&mapped)) < 0)
		return rc;
	u_strToUTF8(out, NAME_BYTES_MAX + 1, &bytes, mapped.at, mapped.len, &e);
	return U_FAILURE(e) ? -EINVAL : 0;
}

int
name_prepare(const char *in, size_t len, char out[NAME_BYTES_MAX + 1])
{
	out[0] = '\0';
	if (len == 0)
		return -EINVAL;
	if (len > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)in[i] >= 0x80)
			return prepare_unicode(in, len, out);
	return prepare_ascii(in, len, out);
}

/* -- why not -------------------------------------------------------------- */

/* Could `c` be in some name? */
static bool
is_possible(UChar32 c)
{
	char text[1 + U8_MAX_LENGTH] = "a", out[NAME_BYTES_MAX + 1];
	int32_t n = 1;

	if (is_separator(c))
		return true;
	U8_APPEND_UNSAFE(text, n, c);
	/* After a letter, as a mark has to be; or alone, in a script of its own. */
	return name_prepare(text, (size_t)n, out) == 0 ||
	    name_prepare(text + 1, (size_t)n - 1, out) == 0;
}

static void
explain_character(UChar32 c, char out[NAME_WHY_MAX])
{
	char text[U8_MAX_LENGTH];
	int32_t n = 0;

	if (u_isUWhiteSpace(c)) {
		snprintf(out, NAME_WHY_MAX, "name has a space, which is not allowed");
		return;
	}
	if (u_isgraph(c) && !is_mark(c))
		U8_APPEND_UNSAFE(text, n, c);
	snprintf(out, NAME_WHY_MAX, "name has a character that is not allowed: %.*s%sU+%04X%s",
	    (int)n, text, n > 0 ? " (" : "", (unsigned)c, n > 0 ? ")" : "");
}

void
name_explain(const char *in, size_t len, char out[NAME_WHY_MAX])
{
	bool separated = true;
	size_t i = 0;

	if (len == 0) {
		snprintf(out, NAME_WHY_MAX, "name is empty");
		return;
	}
	while (i < len) {
		UChar32 c;

		U8_NEXT(in, i, len, c);
		if (c < 0 || !is_possible(c)) {
			explain_character(c < 0 ? 0xfffd : c, out);
			return;
		}
		if (separated && is_separator(c))
			break;
		separated = is_separator(c);
	}
	if (separated)
		snprintf(out, NAME_WHY_MAX,
		    "name begins or ends with . _ or -, or has two of them in a row");
	else
		snprintf(out, NAME_WHY_MAX,
		    "name mixes letters of different scripts, which is not allowed");
}

/* -- look-alikes ---------------------------------------------------------- */

/* Unicode's table takes the Cyrillic palochka for an i; in most fonts it is an l. */
static void
replace_palochka(const char *in, char out[NAME_BYTES_MAX + 1])
{
	static const char palochka[] = "\xd3\x8f";
	size_t n = 0;

	while (*in != '\0' && n < NAME_BYTES_MAX) {
		bool found = strncmp(in, palochka, sizeof(palochka) - 1) == 0;

		out[n++] = found ? 'l' : *in;
		in += found ? sizeof(palochka) - 1 : 1;
	}
	out[n] = '\0';
}

int
name_skeleton(const char *prepared, char *out, size_t cap)
{
	UErrorCode e = U_ZERO_ERROR;
	char like[NAME_SKELETON_MAX], name[NAME_BYTES_MAX + 1];
	UCaseMap *fold;
	int32_t n;

	replace_palochka(prepared, name);
	n = uspoof_getSkeletonUTF8(spoof(), 0, name, -1, like, sizeof(like), &e);
	fold = ucasemap_open("", U_FOLD_CASE_DEFAULT, &e);
	n = ucasemap_utf8FoldCase(fold, out, (int32_t)cap, like, n, &e);
	ucasemap_close(fold);
	/* Filled to the last byte, without the NUL, is only a warning to ICU. */
	return U_FAILURE(e) || n >= (int32_t)cap ? -EINVAL : 0;
}

bool
name_reserved(const char *prepared)
{
	char like[NAME_SKELETON_MAX], other[NAME_SKELETON_MAX];

	if (name_skeleton(prepared, like, sizeof(like)) < 0)
		return true;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (name_skeleton(reserved[i], other, sizeof(other)) == 0 &&
		    strcmp(like, other) == 0)
			return true;
	return false;
}

bool
name_is_line(const char *text, size_t len)
{
	const uint32_t refused = U_GC_CC_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
	size_t i = 0;

	while (i < len) {
		UChar32 c;

		U8_NEXT(text, i, len, c);
		if (c < 0 || (U_GET_GC_MASK(c) & refused) ||
		    u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL))
			return false;
	}
	return true;
}
