#include "tftp/told.h"

#include "trust/lsc.h"
#include "trust/order.h"
#include "trust/recipient.h"

static int
look_at_cert(struct store *s, const struct device *d, struct told *t, struct err *e)
{
	if (!d->encrypted_config)
		return lsc_held(s, d->name, &t->cert, e);
	return recipient_of(s, d->name, &t->cert, &t->no_cert, e) < 0 ? -1 : 0;
}

int
told_look(struct store *s, const struct device *d, struct told *out, struct err *e)
{
	struct order order;

	*out = (struct told){ .phone = { .device = d } };
	if (order_get(s, d->name, &order, e) < 0 || look_at_cert(s, d, out, e) != 0)
		return -1;
	out->phone.capf_auth = order.operation != ORDER_NONE ? (int)order.auth : 0;
	out->phone.lsc = out->cert;
	return 0;
}

void
told_free(struct told *t)
{
	cert_free(t->cert);
	t->cert = NULL;
}
