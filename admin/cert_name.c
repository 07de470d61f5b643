#include "admin/cert_name.h"

#include <string.h>
#include <strings.h>

bool
cert_name_is_identity(const struct held_cert *h)
{
	const struct cert_kind *kind = cert_kind_of(h->store, NULL);

	return kind != NULL && kind->identity;
}

static bool
is_file(const char *asked, const char *name)
{
	size_t n = strlen(name) - strlen(".pem");

	return strcmp(asked, name) == 0 || (strlen(asked) == n && strncmp(asked, name, n) == 0);
}

const struct held_cert *
cert_name_find(const char *name, const struct held_cert *all, size_t n, int64_t node, struct err *e)
{
	const char *slash = strchr(name, '/');
	size_t store_n = slash ? (size_t)(slash - name) : strlen(name);

	for (size_t i = 0; i < n; i++) {
		const struct held_cert *h = &all[i];
		bool identity = cert_name_is_identity(h);

		if (strlen(h->store) != store_n || strncasecmp(h->store, name, store_n) != 0)
			continue;
		if (identity && h->node != CERTS_CLUSTER && h->node != node)
			continue;
		if (slash == NULL ? identity : is_file(slash + 1, h->name))
			return h;
	}
	err_set(e, ERR_NOT_FOUND, "no certificate %.150s", name);
	err_hint(e, "CallManager, CallManager-ECDSA, TVS, CAPF, ITLRecovery, tomcat, or STORE/FILE "
		    "as in cert list");
	return NULL;
}
