#include "admin/phones.h"

#include <stdlib.h>
#include <string.h>

#include "admin/when.h"
#include "base/mem.h"
#include "trust/lsc.h"

int
phones_one(const struct call *c, const char *name, struct device *out, struct err *e)
{
	int rc = device_get(c->store, name, out, e);

	if (rc == 0) {
		err_set(e, ERR_NOT_FOUND, "no phone %.60s", name);
		err_hint(e, "trustlist phone list shows the phones");
	}
	return rc == 1 ? 0 : -1;
}

/* ---- by name ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct device *)a)->name, ((const struct device *)b)->name);
}

/* Sorts them and leaves out those that were named before; gives how many are left. */
static size_t
each_once(struct device *d, size_t n)
{
	size_t left = 0;

	if (n > 0)
		qsort(d, n, sizeof(*d), by_name);
	for (size_t i = 0; i < n; i++)
		if (left == 0 || strcmp(d[left - 1].name, d[i].name) != 0)
			d[left++] = d[i];
	return left;
}

int
phones_named(const struct call *c, struct device **out, size_t *n, struct err *e)
{
	struct device *all = mem_array(c->args, sizeof(*all));

	*out = NULL;
	*n = 0;
	for (size_t i = 0; i < c->args; i++) {
		if (phones_one(c, c->arg[i], &all[i], e) != 0) {
			free(all);
			return -1;
		}
	}
	*n = each_once(all, c->args);
	*out = all;
	return 0;
}

/* ---- by options ---- */

struct filter {
	const struct model *model;  /* NULL: of any */
	const char *expires_before; /* as it was given; NULL: whatever LSC they hold, or none */
	int64_t before;
	struct lsc_term *term; /* filled in when the LSC counts */
	size_t terms;
};

static int
read_filter(const struct call *c, struct filter *f, struct err *e)
{
	const char *model = call_option(c, "model");

	f->expires_before = call_option(c, "lsc-expires-before");
	if (model != NULL && (f->model = model_of(model)) == NULL)
		return err_set(e, ERR_USAGE, "no phone model \"%.60s\"", model);
	if (f->expires_before == NULL)
		return 0;
	if (when_horizon(f->expires_before, c->now, &f->before, e) != 0)
		return err_prefix(e, "--lsc-expires-before");
	return lsc_terms(c->store, &f->term, &f->terms, e);
}

static bool
fits(const struct filter *f, const struct device *d)
{
	const struct lsc_term *lsc;

	if (f->model != NULL && d->model != f->model)
		return false;
	if (f->expires_before == NULL)
		return true;
	lsc = lsc_term_of(f->term, f->terms, d->name);
	return lsc != NULL && lsc->not_after < f->before;
}

static int
by_filter(const struct call *c, struct device **out, size_t *n, struct err *e)
{
	struct filter f = { .model = NULL };
	struct device *all = NULL;
	size_t count = 0;
	int rc = read_filter(c, &f, e);

	if (rc == 0)
		rc = device_list(c->store, &all, &count, e);
	for (size_t i = 0; i < count; i++)
		if (fits(&f, &all[i]))
			all[(*n)++] = all[i];
	free(f.term);
	if (rc == 0 && *n == 0)
		rc = err_set(e, ERR_NOT_FOUND, "no phone is one of those that the options tell");
	*out = all;
	return rc;
}

int
phones_chosen(const struct call *c, struct device **out, size_t *n, struct err *e)
{
	bool filtered =
	    call_has(c, "all") || call_has(c, "model") || call_has(c, "lsc-expires-before");

	*out = NULL;
	*n = 0;
	if (filtered == (c->args > 0))
		return err_set(e, ERR_USAGE,
		    filtered ? "name phones, or tell which ones by options; not both"
			     : "name phones, or tell which ones: --all, --model, "
			       "--lsc-expires-before");
	return filtered ? by_filter(c, out, n, e) : phones_named(c, out, n, e);
}
