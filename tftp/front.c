#include "tftp/front.h"

#include "base/loop.h"

static int
resolve(void *ctx, const struct tftp_ask *ask, struct content **out, struct err *e)
{
	int rc = resolver_resolve(ctx, ask->name, clock_wall(), out, e);

	if (rc == 0)
		return err_set(e, ERR_FAILED, "TFTP is stopped on this node");
	return rc < 0 ? -1 : 0;
}

struct tftp_service
front_service(struct resolver *r)
{
	return (struct tftp_service){ .resolve = resolve, .ctx = r };
}
