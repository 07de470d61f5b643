#include "tftp/front.h"

#include "base/loop.h"

static int
resolve(void *ctx, const struct tftp_ask *ask, struct content **out, struct err *e)
{
	return resolver_resolve(ctx, ask->name, clock_wall(), out, e);
}

struct tftp_service
front_service(struct resolver *r)
{
	return (struct tftp_service){ .resolve = resolve, .ctx = r };
}
