#include "tftp/front.h"

#include "base/clock.h"
#include "tftp/asked.h"

static int
resolve(void *ctx, const struct tftp_ask *ask, struct content **out, struct err *e)
{
	struct front *f = ctx;

	return resolver_resolve(f->resolver, ask->name, clock_wall(), out, e) < 0 ? -1 : 0;
}

void
front_seen(const struct front *f, const char *name, const char *peer, int64_t list)
{
	struct asked asked;

	if (asked_of(name, &asked, NULL) != 0 || asked.device[0] == '\0')
		return;
	trail_phone(f->trail, asked.device, peer, f->node, list, clock_wall());
	if (asked.kind == ASKED_CONFIG && resolver_registers(f->resolver, &asked, clock_wall()))
		trail_registers(f->trail, asked.device, clock_wall());
}

/* A list counts as fetched when the phone has acknowledged all of it. */
static void
done(void *ctx, const struct tftp_ask *ask, enum tftp_outcome outcome, uint64_t bytes, int64_t ms)
{
	(void)bytes;
	(void)ms;
	front_seen(ctx, ask->name, ask->peer, outcome == TFTP_SENT ? ask->mark : 0);
}

struct tftp_service
front_service(struct front *f)
{
	return (struct tftp_service){ .resolve = resolve, .done = done, .ctx = f };
}
