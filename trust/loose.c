#include "trust/loose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "trust/name.h"

/* How a value may be written.  CUT is the work of Cisco's CTL client, which took the comma in a
 * quoted value for the end of the attribute: `ou=IPCBU;o="Cisco Systems` in TechNote 118892. */
enum writing { PLAIN, ESCAPED, QUOTED, CUT, WRITINGS };

/* An attribute, in all the ways to write it. */
struct attribute {
	char *key, *dotted;
	char *value[WRITINGS];
	bool met;
};

static char *
take_text(struct wr *w)
{
	char *text = mem_text(wr_cstr(w));

	wr_free(w);
	return text;
}

/* RFC 1779, section 2.3. */
static char *
quoted(const char *plain)
{
	struct wr w = { 0 };

	wr_u8(&w, '"');
	for (; *plain != '\0'; plain++) {
		if (*plain == '"' || *plain == '\\')
			wr_u8(&w, '\\');
		wr_u8(&w, (uint8_t)*plain);
	}
	wr_u8(&w, '"');
	return take_text(&w);
}

static struct attribute
attribute_of(const X509_NAME_ENTRY *entry)
{
	struct attribute a = { 0 };
	struct wr w = { 0 };

	name_spell_key(entry, &w);
	a.key = take_text(&w);
	name_spell_dotted(entry, &w);
	a.dotted = take_text(&w);
	name_spell_value(entry, false, &w);
	a.value[PLAIN] = take_text(&w);
	name_spell_value(entry, true, &w);
	a.value[ESCAPED] = take_text(&w);
	a.value[QUOTED] = quoted(a.value[PLAIN]);
	a.value[CUT] = mem_fmt("\"%.*s", (int)strcspn(a.value[PLAIN], ","), a.value[PLAIN]);
	return a;
}

static void
attribute_free(struct attribute *a)
{
	free(a->key);
	free(a->dotted);
	for (int how = PLAIN; how < WRITINGS; how++)
		free(a->value[how]);
}

static struct bytes
after_blanks(struct bytes text)
{
	while (text.n > 0 && text.p[0] == ' ')
		text = bytes_from(text, 1);
	return text;
}

static bool
skip_key(struct bytes *text, const char *key)
{
	struct bytes rest = after_blanks(*text);
	size_t n = strlen(key);

	if (rest.n < n || strncasecmp((const char *)rest.p, key, n) != 0)
		return false;
	rest = after_blanks(bytes_from(rest, n));
	if (rest.n == 0 || rest.p[0] != '=')
		return false;
	*text = bytes_from(rest, 1);
	return true;
}

static bool
ends_attribute(struct bytes text)
{
	return text.n == 0 || text.p[0] == ';' || text.p[0] == ',' || text.p[0] == '+';
}

/* The value and the blanks behind it, when nothing more of the attribute follows. */
static bool
skip_whole(struct bytes *text, const char *value)
{
	struct bytes want = bytes_of(value), rest;

	if (!bytes_eq(bytes_part(*text, 0, want.n), want))
		return false;
	rest = after_blanks(bytes_from(*text, want.n));
	if (!ends_attribute(rest))
		return false;
	*text = rest;
	return true;
}

/* Blanks before the value may belong to it. */
static bool
skip_value(struct bytes *text, const struct attribute *a)
{
	struct bytes bare = after_blanks(*text);

	for (int how = PLAIN; how < WRITINGS; how++) {
		if (skip_whole(text, a->value[how]))
			return true;
		if (skip_whole(&bare, a->value[how])) {
			*text = bare;
			return true;
		}
	}
	return false;
}

/* Of the attributes that text may go on with, the longest: one value may begin as another one. */
static bool
meet_one(struct attribute *all, int n, struct bytes *text)
{
	struct attribute *longest = NULL;
	struct bytes left = *text;

	for (int i = 0; i < n; i++) {
		struct bytes rest = *text;

		if (all[i].met || !(skip_key(&rest, all[i].key) || skip_key(&rest, all[i].dotted)))
			continue;
		if (!skip_value(&rest, &all[i]) || (longest != NULL && rest.n >= left.n))
			continue;
		longest = &all[i];
		left = rest;
	}
	if (longest == NULL)
		return false;
	longest->met = true;
	*text = left;
	return true;
}

static bool
meet_all(struct attribute *all, int n, struct bytes text)
{
	for (int i = 0; i < n; i++) {
		if (i > 0)
			text = bytes_from(text, 1); /* the separator */
		if (!meet_one(all, n, &text))
			return false;
	}
	return after_blanks(text).n == 0;
}

bool
loose_is(const X509_NAME *name, struct bytes text)
{
	int n = X509_NAME_entry_count(name);
	struct attribute *all = mem_array((size_t)n, sizeof(*all));
	bool same;

	for (int i = 0; i < n; i++)
		all[i] = attribute_of(X509_NAME_get_entry(name, i));
	same = meet_all(all, n, text);
	for (int i = 0; i < n; i++)
		attribute_free(&all[i]);
	free(all);
	return same;
}
