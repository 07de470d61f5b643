#include "trust/presented.h"

#include <stdlib.h>

#include "base/mem.h"
#include "trust/certs.h"
#include "trust/service.h"

/* Takes over the certificate. */
static void
add(struct presented *p, struct cert *c)
{
	p->cert[p->n] = c;
	p->der[p->n] = cert_der(c);
	p->n++;
}

/* A certificate that signed itself is a root too, and the one that is never left out. */
static void
add_chain(struct presented *p, const struct held_cert *ca, size_t n)
{
	const struct cert **at_hand = mem_array(n, sizeof(*at_hand));
	struct chain chain;

	for (size_t i = 0; i < n; i++)
		at_hand[i] = ca[i].cert;
	chain_follow(p->cert[0], at_hand, n, &chain);
	for (size_t i = 1; i < chain.n - chain.whole; i++)
		add(p, cert_copy(chain.cert[i]));
	free(at_hand);
}

static int
add_above(struct store *s, const char *store, struct presented *p, struct err *e)
{
	const struct cert_kind *kind = cert_kind_of(store, e);
	struct held_cert *ca;
	size_t n;

	if (kind == NULL)
		return -1;
	if (kind->cas == NULL)
		return 0;
	if (certs_list_of(s, kind->cas, &ca, &n, e) != 0)
		return -1;
	add_chain(p, ca, n);
	certs_list_free(ca, n);
	return 0;
}

int
presented_load(struct store *s, int64_t node, const char *service, const char *store,
    struct presented *out, struct err *e)
{
	struct presented p = { .n = 0 };
	struct cert *own;
	int64_t id;

	*out = p;
	own = service_cert(s, node, service, store, &id, e);
	if (own == NULL)
		return -1;
	add(&p, own);
	p.key = certs_key(s, id, e);
	if (p.key != NULL && add_above(s, store, &p, e) == 0) {
		*out = p;
		return 0;
	}
	presented_free(&p);
	return -1;
}

struct tls_identity
presented_identity(const struct presented *p)
{
	return (struct tls_identity){ p->der, p->n, key_handle(p->key) };
}

void
presented_free(struct presented *p)
{
	for (size_t i = 0; i < p->n; i++)
		cert_free(p->cert[i]);
	key_free(p->key);
	*p = (struct presented){ .n = 0 };
}
