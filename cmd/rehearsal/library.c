#include "cmd/rehearsal/library.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/embedded.h"
#include "base/file.h"

extern const struct embedded embedded_rehearsals[]; /* etc/rehearsals/S01.conf, ... */

bool
library_at(size_t i, struct library_entry *out)
{
	const struct embedded *f = embedded_rehearsals;

	for (size_t k = 0; k < i && f->name != NULL; k++)
		f++;
	if (f->name == NULL)
		return false;
	snprintf(out->name, sizeof(out->name), "%.*s", (int)strcspn(f->name, "."), f->name);
	out->text = bytes_over(f->p, f->n);
	return true;
}

/* "S1" is S01. */
static bool
is_name(const char *typed, const char *name)
{
	char *end;
	long n;

	if (toupper((unsigned char)typed[0]) != name[0] || !isdigit((unsigned char)typed[1]))
		return false;
	n = strtol(typed + 1, &end, 10);
	return *end == '\0' && n == strtol(name + 1, NULL, 10);
}

bool
library_find(const char *name, struct library_entry *out)
{
	for (size_t i = 0; library_at(i, out); i++)
		if (is_name(name, out->name))
			return true;
	return false;
}

int
library_read(const char *what, struct script *out, struct err *e)
{
	struct library_entry entry;
	struct wr text = { 0 };
	int rc;

	*out = (struct script){ 0 };
	if (library_find(what, &entry))
		return script_read(entry.text, entry.name, out, e);
	rc = file_read(what, SCRIPT_BYTES_MAX, &text, e);
	if (rc == 0)
		rc = script_read(wr_view(&text), what, out, e);
	else if (e->code == ERR_NOT_FOUND)
		err_hint(e, "trustlist rehearse list names those that come with the program");
	wr_free(&text);
	return rc;
}
