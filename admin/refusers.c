#include "admin/refusers.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED = 5 };

bool
refusers_has(const struct device *d)
{
	return d->model->sbd && !d->model->sha512;
}

/* "SEP001122334455 (7975), ..." */
static void
name_some(struct out *o, const struct device *d, size_t n, size_t refusing)
{
	struct wr names = { 0 };
	size_t named = 0;

	for (size_t i = 0; i < n && named < NAMED; i++)
		if (refusers_has(&d[i]))
			wr_fmt(&names, "%s%s (%s)", named++ > 0 ? ", " : "", d[i].name,
			    d[i].model->name);
	if (refusing > named)
		wr_fmt(&names, " and %zu more", refusing - named);
	out_line(o,
	    "Warning: %zu of %zu phones can check SHA-1 alone. Once TFTP has restarted they refuse "
	    "every signed file and go on with the configuration they have: %s",
	    refusing, n, wr_cstr(&names));
	wr_free(&names);
}

static void
show(struct out *o, const struct device *d, size_t n)
{
	size_t refusing = 0;

	out_add_text(o, "phones_refusing", NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!refusers_has(&d[i]))
			continue;
		out_add_text(o, "phones_refusing", NULL, d[i].name);
		refusing++;
	}
	if (refusing > 0)
		name_some(o, d, n, refusing);
}

int
refusers_show(
    const struct call *c, struct out *o, const struct param *p, const char *value, struct err *e)
{
	struct device *all;
	size_t n;

	if (strcmp(p->name, PARAM_SIGNATURE) != 0 || strcmp(value, "SHA-512") != 0)
		return 0;
	if (device_list(c->store, &all, &n, e) != 0)
		return -1;
	show(o, all, n);
	free(all);
	return 0;
}
