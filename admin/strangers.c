#include "admin/strangers.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/when.h"
#include "trust/device.h"
#include "trust/seen.h"

/* Phones with trust lists are the usual ones; this is what their trail is reckoned with
 * (seen_asked()). */
static struct device
taken_for(const struct seen *v)
{
	struct device d = { .model = model_of("8861"), .security = SECURITY_NONE };

	snprintf(d.name, sizeof(d.name), "%s", v->phone);
	return d;
}

static int
put_one(const struct call *c, struct out *o, const struct seen *v, struct err *e)
{
	struct device d = taken_for(v);
	enum itl_status status;
	char why[SEEN_NOTE_MAX];

	if (seen_status(c->store, &d, v, &status, why, e) != 0)
		return -1;
	out_row(o);
	out_text(o, "name", "Device Name", v->phone);
	out_text(o, "model", "Model", NULL);
	out_text(o, "description", "Description", "(auto-registered)");
	out_text(o, "security", "Security", "non-secure");
	out_bool(o, "auto_registered", NULL, true);
	out_bool(o, "encrypted_config", NULL, false);
	out_text(o, "security_by_default", "Signed files", NULL);
	when_put(o, "lsc_expires", "LSC Expires", 0);
	out_text(o, "itl_status", "ITL File Status", itl_status_word(status));
	out_text(o, "itl_why", NULL, why);
	out_time(o, "last_seen", "Last Seen", v->at);
	out_text(o, "peer", NULL, v->peer[0] != '\0' ? v->peer : NULL);
	return 0;
}

int
strangers_put(const struct call *c, struct out *o, struct err *e)
{
	struct seen *all;
	size_t n;
	int rc = seen_registering(c->store, &all, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_one(c, o, &all[i], e);
	free(all);
	return rc;
}

/* 1, 0, -1. */
static int
is_stranger(const struct call *c, const char *name, struct err *e)
{
	struct device d;
	struct seen v;
	int known = device_get(c->store, name, &d, e);

	if (known != 0)
		return known < 0 ? -1 : 0;
	if (seen_get(c->store, name, &v, e) != 0)
		return -1;
	return v.registers != 0;
}

static int
say_model(const char *name, struct err *e)
{
	return err_hint(e,
	    "it registered by itself, and its model is not known: trustlist phone set %.60s "
	    "--model M adds it",
	    name);
}

int
strangers_adopt(const struct call *c, const char *name, const struct model *m, struct err *e)
{
	struct device d = { .model = m, .security = SECURITY_NONE, .added = c->now };
	int is = is_stranger(c, name, e);

	if (is <= 0)
		return is;
	if (m == NULL) {
		err_set(e, ERR_USAGE, "%.60s is of no known model", name);
		return say_model(name, e);
	}
	snprintf(d.name, sizeof(d.name), "%s", name);
	return device_add(c->store, &d, e);
}

int
strangers_hint(const struct call *c, const char *name, struct err *e)
{
	struct err other;

	if (e != NULL && e->code == ERR_NOT_FOUND && is_stranger(c, name, &other) == 1)
		say_model(name, e);
	return -1;
}

int
strangers_forget(const struct call *c, const char *name, struct err *e)
{
	struct err why;
	bool was;

	if (seen_unregister(c->store, name, &was, e) != 0)
		return -1;
	if (device_delete(c->store, name, &why) == 0 || (was && why.code == ERR_NOT_FOUND))
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}
