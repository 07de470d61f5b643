#include "admin/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "admin/metrics.h"
#include "admin/out.h"
#include "base/mem.h"
#include "trust/node.h"
#include "trust/service.h"

enum { DAY = 24 * 3600, EXPIRY_DAYS = 30 };

/* Below the first the store can hardly be written, and a change may fail half-way; below the second
 * somebody should look. */
#define DISK_NEEDED ((uint64_t)16 << 20)
#define DISK_LOW    ((uint64_t)256 << 20)

/* ---- what is found ---- */

static void
add(char ***list, size_t *n, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	*list = mem_resize(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = mem_text(text);
}

__attribute__((format(printf, 2, 3))) static void
not_ready(struct health_view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&v->reason, &v->reasons, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void
remark(struct health_view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&v->remark, &v->remarks, fmt, ap);
	va_end(ap);
}

static void
free_all(char **text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(text[i]);
	free(text);
}

void
health_view_free(struct health_view *v)
{
	free_all(v->reason, v->reasons);
	free_all(v->remark, v->remarks);
	*v = (struct health_view){ .reasons = 0 };
}

/* ---- services ---- */

/* A service of a node. */
struct post {
	struct store *store;
	const struct node *node;
	const struct service_kind *kind;
	int64_t now;
	struct health_view *view;
};

/* One of the certificates that it loaded when it started. */
static int
look_at_cert(const struct post *p, const char *store, bool must, struct err *e)
{
	struct err none = { 0 };
	struct cert *c = service_cert(p->store, p->node->id, p->kind->name, store, NULL, &none);
	int64_t left;

	if (c == NULL && none.code != ERR_NOT_FOUND) {
		*e = none;
		return -1;
	}
	if (c == NULL) {
		if (must)
			not_ready(p->view, "%s of %s has loaded no %s certificate", p->kind->name,
			    p->node->name, store);
		return 0;
	}
	left = cert_not_after(c) - p->now;
	cert_free(c);
	if (left <= 0)
		not_ready(p->view, "the %s certificate that %s of %s works with has expired", store,
		    p->kind->name, p->node->name);
	else if (left < (int64_t)EXPIRY_DAYS * DAY)
		remark(p->view,
		    "the %s certificate that %s of %s works with expires in %" PRId64 " days",
		    store, p->kind->name, p->node->name, left / DAY);
	return 0;
}

static int
look_at_certs(const struct post *p, struct err *e)
{
	for (size_t i = 0; i < 3 && p->kind->loads[i] != NULL; i++)
		if (look_at_cert(p, p->kind->loads[i], true, e) != 0)
			return -1;
	return p->kind->also == NULL ? 0 : look_at_cert(p, p->kind->also, false, e);
}

/* Wanting a restart is how clusters are between a change and its last step: phones are served. */
static int
look_at_restart(const struct post *p, const struct service *v, struct err *e)
{
	char **why;
	size_t n;

	if (service_stale(p->store, v, &why, &n, e) != 0)
		return -1;
	if (n > 0)
		remark(p->view, "%s of %s must restart: %.300s", v->name, p->node->name, why[0]);
	free_all(why, n);
	return 0;
}

static int
look_at_service(const struct post *p, struct err *e)
{
	struct err none = { 0 };
	struct service v;

	if (service_get(p->store, p->node->id, p->kind->name, &v, &none) != 0) {
		if (none.code != ERR_NOT_FOUND) {
			*e = none;
			return -1;
		}
		not_ready(p->view, "%s of %s was never started", p->kind->name, p->node->name);
		return 0;
	}
	if (!v.running) {
		not_ready(p->view, "%s of %s is stopped", v.name, p->node->name);
		return 0;
	}
	if (strcmp(v.name, "TFTP") == 0 && v.itl == 0)
		not_ready(p->view, "TFTP of %s serves no ITL", p->node->name);
	return look_at_certs(p, e) != 0 ? -1 : look_at_restart(p, &v, e);
}

/* Shall it run here at all? */
static bool
is_wanted(
    const struct health_scene *scene, const struct node *node, const struct service_kind *kind)
{
	if (kind->publisher_only && !node->publisher)
		return false;
	if (strcmp(kind->name, "TVS") == 0)
		return !scene->without_tvs;
	return strcmp(kind->name, "CAPF") != 0 || !scene->without_capf;
}

static int
look_at_services(struct store *s, const struct health_scene *scene, int64_t now,
    struct health_view *out, struct err *e)
{
	struct node *node;
	size_t nodes, kinds;
	const struct service_kind *kind = service_kinds(&kinds);
	int rc = node_list(s, &node, &nodes, e);

	for (size_t i = 0; rc == 0 && i < nodes; i++)
		for (size_t k = 0; rc == 0 && k < kinds; k++)
			if (is_wanted(scene, &node[i], &kind[k]))
				rc = look_at_service(
				    &(struct post){ s, &node[i], &kind[k], now, out }, e);
	free(node);
	return rc;
}

/* ---- what is under them ---- */

static void
look_at_disk(const char *root, struct health_view *out)
{
	struct statvfs disk;
	uint64_t left;

	if (root == NULL || statvfs(root, &disk) != 0)
		return;
	left = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (left < DISK_NEEDED)
		not_ready(
		    out, "the disk of %.300s is full: %" PRIu64 " MiB are left", root, left >> 20);
	else if (left < DISK_LOW)
		remark(out, "the disk of %.300s is nearly full: %" PRIu64 " MiB are left", root,
		    left >> 20);
}

static void
look_at_store(struct store *s, struct health_view *out)
{
	struct err e = { 0 };

	if (store_can_write(s, &e) != 0)
		not_ready(out, "the store cannot be written: %.300s", e.text);
}

void
health_look(struct store *s, const struct health_scene *scene, int64_t now, struct health_view *out)
{
	struct err e = { 0 };

	*out = (struct health_view){ .reasons = 0 };
	if (scene->stopping)
		not_ready(out, "the process is about to end");
	look_at_store(s, out);
	look_at_disk(scene->root, out);
	if (look_at_services(s, scene, now, out, &e) != 0)
		not_ready(out, "the store cannot be read: %.300s", e.text);
}

/* ---- answers ---- */

struct kept {
	int64_t at; /* of which second; 0: of none */
	bool stopping;
	int status;
	struct wr text;
};

enum { LIVES, READY, NUMBERS, PATHS };

struct health {
	struct kept kept[PATHS];
	struct metrics *metrics;
};

struct health *
health_new(void)
{
	struct health *h = mem_new(sizeof(*h));

	h->metrics = metrics_new();
	return h;
}

void
health_free(struct health *h)
{
	if (h == NULL)
		return;
	for (int i = 0; i < PATHS; i++)
		wr_free(&h->kept[i].text);
	metrics_free(h->metrics);
	free(h);
}

static void
take_document(struct out *o, struct wr *to)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL)
		abort(); /* as mem.h: there is no memory */
	out_show_json(o, f);
	fclose(f);
	wr_put(to, bytes_over(text, n));
	free(text);
	out_free(o);
}

static int
say_lives(struct wr *to)
{
	struct out *o = out_new();

	out_bool(o, "alive", NULL, true);
	out_text(o, "version", NULL, TL_VERSION);
	take_document(o, to);
	return 200;
}

static void
put_list(struct out *o, const char *key, char *const *text, size_t n)
{
	out_add_text(o, key, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		out_add_text(o, key, NULL, text[i]);
}

static int
say_ready(struct store *s, const struct health_scene *scene, int64_t now, struct wr *to)
{
	struct out *o = out_new();
	struct health_view v;
	int status;

	health_look(s, scene, now, &v);
	status = v.reasons > 0 ? 503 : 200;
	out_bool(o, "ready", NULL, v.reasons == 0);
	out_text(o, "state", NULL,
	    v.reasons > 0   ? "unready"
	    : v.remarks > 0 ? "degraded"
			    : "ready");
	put_list(o, "reasons", v.reason, v.reasons);
	put_list(o, "remarks", v.remark, v.remarks);
	take_document(o, to);
	health_view_free(&v);
	return status;
}

static const struct kept *answer_of(
    struct health *h, struct store *s, const struct health_scene *scene, int which, int64_t now);

static int
say_numbers(
    struct health *h, struct store *s, const struct health_scene *scene, int64_t now, struct wr *to)
{
	bool ready = answer_of(h, s, scene, READY, now)->status == 200;
	struct err e = { 0 };

	if (metrics_write(h->metrics, s, ready, now, to, &e) == 0)
		return 200;
	wr_free(to);
	*to = (struct wr){ 0 };
	wr_fmt(to, "%s\n", e.text);
	return 503;
}

static const struct kept *
answer_of(
    struct health *h, struct store *s, const struct health_scene *scene, int which, int64_t now)
{
	struct kept *k = &h->kept[which];

	if (k->at != 0 && k->at == now && k->stopping == scene->stopping)
		return k;
	wr_free(&k->text);
	*k = (struct kept){ .at = now, .stopping = scene->stopping };
	if (which == LIVES)
		k->status = say_lives(&k->text);
	else if (which == READY)
		k->status = say_ready(s, scene, now, &k->text);
	else
		k->status = say_numbers(h, s, scene, now, &k->text);
	return k;
}

bool
health_answer(struct health *h, struct store *s, const struct health_scene *scene, const char *path,
    int64_t now, struct health_answer *out)
{
	static const char *const paths[PATHS] = { "/healthz", "/readyz", "/metrics" };

	for (int i = 0; i < PATHS; i++) {
		const struct kept *k;

		if (strcmp(paths[i], path) != 0)
			continue;
		k = answer_of(h, s, scene, i, now);
		*out = (struct health_answer){ k->status,
			i == NUMBERS ? METRICS_TYPE : "application/json", wr_view(&k->text) };
		return true;
	}
	return false;
}
