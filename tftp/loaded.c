#include "tftp/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "trust/certs.h"
#include "trust/history.h"
#include "trust/param.h"

#define SERVICE "TFTP"

void
loaded_free(struct loaded *l)
{
	content_unref(l->itl);
	content_unref(l->ctl);
	cert_free(l->cert);
	key_free(l->key);
	*l = (struct loaded){ 0 };
}

/* *out stays NULL for id 0. */
static int
load_list(int64_t id, struct content **out, struct store *s, struct err *e)
{
	struct wr file = { 0 };

	if (id == 0)
		return 0;
	if (history_file(s, id, &file, e) != 0) {
		wr_free(&file);
		return -1;
	}
	*out = content_of_memory(NULL, &file);
	content_set_mark(*out, id);
	return 0;
}

static int
load_lists(struct loaded *l, struct store *s, struct err *e)
{
	if (load_list(l->service.itl, &l->itl, s, e) != 0)
		return -1;
	return load_list(l->service.ctl, &l->ctl, s, e);
}

static int
load_signer(struct loaded *l, struct store *s, struct err *e)
{
	int64_t id = 0;

	l->cert = service_cert(s, l->service.node, SERVICE, "CallManager", &id, e);
	if (l->cert != NULL)
		l->key = certs_key(s, id, e);
	return l->key == NULL ? -1 : 0;
}

static int
load_params(struct loaded *l, struct store *s, struct err *e)
{
	char signature[PARAM_VALUE_MAX], port[PARAM_VALUE_MAX], mode[PARAM_VALUE_MAX];
	int64_t node = l->service.node;
	int digest;

	if (service_param(s, node, SERVICE, PARAM_SIGNATURE, signature, sizeof(signature), e) !=
		0 ||
	    service_param(s, node, SERVICE, PARAM_CAPF_PORT, port, sizeof(port), e) != 0 ||
	    service_param(s, node, SERVICE, PARAM_MODE, mode, sizeof(mode), e) != 0)
		return -1;
	digest = digest_of(signature);
	if (digest < 0)
		return err_set(e, ERR_FAILED, "no hash is called \"%.40s\"", signature);
	l->digest = (enum digest)digest;
	l->capf_port = (unsigned)strtoul(port, NULL, 10);
	l->mixed = strcmp(mode, "1") == 0;
	return 0;
}

/* What is done with files of the folder, and with phones that nobody knows. */
static int
load_habits(struct loaded *l, struct store *s, struct err *e)
{
	char complete[PARAM_VALUE_MAX], broken[PARAM_VALUE_MAX], registers[PARAM_VALUE_MAX];
	int64_t node = l->service.node;

	if (service_param(s, node, SERVICE, PARAM_COMPLETE, complete, sizeof(complete), e) != 0 ||
	    service_param(s, node, SERVICE, PARAM_BROKEN, broken, sizeof(broken), e) != 0 ||
	    service_param(s, node, SERVICE, PARAM_AUTO_REGISTER, registers, sizeof(registers), e) !=
		0)
		return -1;
	l->complete = param_is_true(complete);
	l->refuse_broken = strcmp(broken, "Refuse") == 0;
	l->auto_registration = param_is_true(registers);
	return 0;
}

static int
load(struct loaded *l, const struct service *v, struct store *s, struct err *e)
{
	struct loaded next = { .service = *v };

	if (load_lists(&next, s, e) == 0 && load_signer(&next, s, e) == 0 &&
	    load_params(&next, s, e) == 0 && load_habits(&next, s, e) == 0) {
		loaded_free(l);
		*l = next;
		return 0;
	}
	loaded_free(&next);
	return -1;
}

/* The group of servers that phones are told: a CallManager group has three members at most. */
static int
look_at_servers(struct devconf_facts *f, struct store *s, struct err *e)
{
	struct node *node;
	size_t n;

	if (node_list(s, &node, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n && i < DEVCONF_SERVERS_MAX; i++)
		f->server[f->servers++] = node[i];
	if (n > 0)
		f->publisher = node[0];
	free(node);
	return 0;
}

static int
look_at_cluster(struct loaded *l, struct store *s, struct err *e)
{
	struct devconf_facts f = { .capf_port = l->capf_port, .tvs_port = DEVCONF_TVS_PORT };
	struct cluster cluster;

	if (cluster_get(s, &cluster, e) != 0 || look_at_servers(&f, s, e) != 0)
		return -1;
	/* Before 11.5 mixed mode switched auto-registration off (TechNote 200716). */
	f.auto_registration =
	    l->auto_registration && (!l->mixed || cluster.release >= RELEASE_11_5);
	l->facts = f;
	return 0;
}

int
loaded_look(struct loaded *l, struct store *s, int64_t node, struct err *e)
{
	struct service v;

	if (service_get(s, node, SERVICE, &v, e) != 0)
		return -1;
	if (v.starts != l->service.starts && load(l, &v, s, e) != 0)
		return -1;
	l->service = v;
	return look_at_cluster(l, s, e);
}
