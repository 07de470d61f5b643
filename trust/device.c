#include "trust/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define COLUMNS                                                                                    \
	"name, model, description, load, security_mode, added, resets, stamp, encrypted_config"

static int
not_known(const char *name, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "no phone %.60s", name);
	return err_hint(
	    e, "trustlist phone list shows the phones, phone add NAME --model M adds one");
}

static int
check_name(const struct device *d, struct err *e)
{
	const char *prefix = d->model->prefix;

	if (device_name_is(d->name) && strncmp(d->name, prefix, strlen(prefix)) == 0)
		return 0;
	if (strcmp(prefix, "SEP") == 0 || strcmp(prefix, "ATA") == 0)
		return err_set(e, ERR_USAGE,
		    "\"%.60s\" is no name of a %s: %s and the 12 upper-case hex digits of its MAC",
		    d->name, d->model->name, prefix);
	return err_set(e, ERR_USAGE, "\"%.60s\" is no name of a %s: %s and capitals or digits",
	    d->name, d->model->name, prefix);
}

/* What a person sets. */
static void
give_settings(struct ask *q, const struct device *d)
{
	ask_text(q, ":name", d->name);
	ask_text(q, ":model", d->model->name);
	ask_text(q, ":description", d->description);
	ask_text(q, ":load", d->load);
	ask_int(q, ":security", d->security);
	ask_int(q, ":encrypted", d->encrypted_config);
}

int
device_add(struct store *s, const struct device *d, struct err *e)
{
	struct ask *q;
	int rc;

	if (check_name(d, e) != 0 || store_begin(s, e) != 0)
		return -1;
	q = store_ask(s,
	    "INSERT INTO phone(name, model, description, load, security_mode, "
	    "encrypted_config, added) "
	    "VALUES (:name, :model, :description, :load, :security, :encrypted, :added) "
	    "ON CONFLICT(name) DO NOTHING");
	give_settings(q, d);
	ask_int(q, ":added", d->added);
	rc = ask_once(q, e);
	if (rc == 0 && store_changes(s) == 0)
		rc = err_set(e, ERR_EXISTS, "there is a phone %s already", d->name);
	return store_end(s, rc, e);
}

static int
take(struct ask *q, struct device *to, struct err *e)
{
	*to = (struct device){ .security = (enum security_mode)row_int(q, 4),
		.added = row_int(q, 5),
		.resets = row_int(q, 6),
		.stamp = row_int(q, 7),
		.encrypted_config = row_int(q, 8) != 0 };
	snprintf(to->name, sizeof(to->name), "%s", row_text(q, 0));
	to->model = model_of(row_text(q, 1));
	snprintf(to->description, sizeof(to->description), "%s", row_text(q, 2));
	snprintf(to->load, sizeof(to->load), "%s", row_text(q, 3));
	if (to->model == NULL)
		return err_set(e, ERR_FAILED,
		    "phone %s is of a model \"%.40s\" that we do not know", to->name,
		    row_text(q, 1));
	return 0;
}

int
device_get(struct store *s, const char *name, struct device *out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT " COLUMNS " FROM phone WHERE name = :name");
	int rc;

	*out = (struct device){ 0 };
	ask_text(q, ":name", name);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	rc = take(q, out, e);
	ask_end(q);
	return rc == 0 ? 1 : -1;
}

int
device_list(struct store *s, struct device **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT " COLUMNS " FROM phone ORDER BY name");
	struct device *all = NULL;
	size_t count = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, count, &room, sizeof(*all));
		if (take(q, &all[count++], e) != 0) {
			ask_end(q);
			rc = -1;
			break;
		}
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

int
device_delete(struct store *s, const char *name, struct err *e)
{
	struct ask *q;
	int rc;

	if (store_begin(s, e) != 0)
		return -1;
	q = store_ask(s, "DELETE FROM phone WHERE name = :name");
	ask_text(q, ":name", name);
	rc = ask_once(q, e);
	if (rc == 0 && store_changes(s) == 0)
		rc = not_known(name, e);
	return store_end(s, rc, e);
}

static void
apply(const struct device_change *to, struct device *d)
{
	if (to->model != NULL)
		d->model = to->model;
	if (to->description != NULL)
		snprintf(d->description, sizeof(d->description), "%s", to->description);
	if (to->load != NULL)
		snprintf(d->load, sizeof(d->load), "%s", to->load);
	if (to->security != 0)
		d->security = to->security;
	if (to->encrypted_config >= 0)
		d->encrypted_config = to->encrypted_config != 0;
}

static bool
same_settings(const struct device *a, const struct device *b)
{
	return a->model == b->model && strcmp(a->description, b->description) == 0 &&
	       strcmp(a->load, b->load) == 0 && a->security == b->security &&
	       a->encrypted_config == b->encrypted_config;
}

static int
write_settings(struct store *s, const struct device *d, struct err *e)
{
	struct ask *q =
	    store_ask(s, "UPDATE phone SET model = :model, description = :description, "
			 "load = :load, security_mode = :security, encrypted_config = :encrypted, "
			 "stamp = stamp + 1 WHERE name = :name");

	give_settings(q, d);
	return ask_once(q, e);
}

/* Within a transaction. */
static int
change(struct store *s, const char *name, const struct device_change *to, struct device *now,
    bool *changed, struct err *e)
{
	int rc = device_get(s, name, now, e);
	struct device was = *now;

	if (rc < 0)
		return -1;
	if (rc == 0)
		return not_known(name, e);
	apply(to, now);
	*changed = !same_settings(&was, now);
	if (!*changed)
		return 0;
	now->stamp++;
	return check_name(now, e) == 0 ? write_settings(s, now, e) : -1;
}

int
device_change(struct store *s, const char *name, const struct device_change *to, struct device *now,
    bool *changed, struct err *e)
{
	*changed = false;
	if (store_begin(s, e) != 0)
		return -1;
	return store_end(s, change(s, name, to, now, changed, e), e);
}

int
device_reset(struct store *s, const char *name, size_t *n, struct err *e)
{
	struct ask *q;
	int rc;

	*n = 0;
	if (store_begin(s, e) != 0)
		return -1;
	q = store_ask(
	    s, "UPDATE phone SET resets = resets + 1 WHERE :name IS NULL OR name = :name");
	ask_text(q, ":name", name);
	rc = ask_once(q, e);
	*n = (size_t)store_changes(s);
	if (rc == 0 && *n == 0 && name != NULL)
		rc = not_known(name, e);
	return store_end(s, rc, e);
}
