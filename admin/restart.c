#include "admin/restart.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "trust/param.h"
#include "trust/service.h"

/* Does the change concern this service of this node? */
static int
is_wanted(struct store *s, const struct service *v, const struct node *node, struct err *e)
{
	char **why;
	size_t n;

	if (!v->running)
		return 0;
	if (node == NULL || v->node == node->id)
		return 1;
	if (service_stale(s, v, &why, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		free(why[i]);
	free(why);
	return n > 0;
}

static int
do_restart(const struct call *c, struct out *o, const struct service *v, struct err *e)
{
	const struct service_kind *kind = service_kind_of(v->name, e);
	struct node node;

	if (kind == NULL || node_by_id(c->store, v->node, &node, e) != 0 ||
	    service_start(c->store, &node, kind, c->now, e) != 0)
		return -1;
	out_line(o, "%s restarted on %s", v->name, node.name);
	return 0;
}

/* The services of one name on all nodes: restarted, or counted. */
static int
each_of(const struct call *c, struct out *o, const char *name, const struct service *all, size_t n,
    const struct node *node, bool restart, size_t *wanted, struct err *e)
{
	int rc;

	*wanted = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i].name, name) != 0)
			continue;
		rc = is_wanted(c->store, &all[i], node, e);
		if (rc < 0 || (rc == 1 && restart && do_restart(c, o, &all[i], e) != 0))
			return -1;
		*wanted += rc == 1;
	}
	return 0;
}

int
restart_after(const struct call *c, struct out *o, const char *const *service, size_t n,
    const struct node *node, struct err *e)
{
	bool restart = call_has(c, "restart");
	struct wr names = { 0 };
	struct service *all;
	size_t count, wanted;
	int rc = service_list(c->store, &all, &count, e);

	out_add_text(o, restart ? "restarted" : "restart_needed", NULL, NULL);
	for (size_t i = 0; rc == 0 && i < n && service[i] != NULL; i++) {
		rc = each_of(c, o, service[i], all, count, node, restart, &wanted, e);
		if (rc != 0 || wanted == 0)
			continue;
		out_add_text(o, restart ? "restarted" : "restart_needed", NULL, service[i]);
		wr_fmt(&names, " %s", service[i]);
	}
	if (rc == 0 && names.n > 0 && !restart) {
		out_line(o, "Not felt before these services restart, in this order:");
		out_line(o, "  trustlist service restart%s", wr_cstr(&names));
	}
	wr_free(&names);
	free(all);
	return rc;
}

int
restart_tell_tvs(const struct call *c, struct out *o, struct err *e)
{
	static const char *const tvs[] = { "TVS" };
	const struct param *interval = param_find(PARAM_NOTIFY, e);
	char minutes[PARAM_VALUE_MAX];

	if (interval == NULL || param_get(c->store, interval, minutes, e) != 0)
		return -1;
	if (!call_has(c, "restart"))
		out_line(o,
		    "TVS is told of it within %s minutes (certificate change notification), or "
		    "at once when it restarts.",
		    minutes);
	return restart_after(c, o, tvs, 1, NULL, e);
}
