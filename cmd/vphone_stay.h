/*
 * vphone_stay: a virtual phone that stays registered - it boots, waits until its cluster asks it to
 * boot again, and does.
 *
 * A real phone hears that over its registration with CallManager.  The lab has none: the store of
 * the cluster stands in for it.  A phone is asked by `phone reset`, and by the start of the
 * CallManager it is registered with, which every phone notices by losing that.
 */
#ifndef TL_CMD_VPHONE_STAY_H
#define TL_CMD_VPHONE_STAY_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/verb.h"
#include "trust/store.h"

/* All of it is borrowed. */
struct stay {
	const struct call *call; /* its show() is given the result of each boot */
	struct store *store;
	const char *phone;
	const char *host; /* its TFTP server: registered with the node at that address, else the
			     publisher */
	int64_t most;	  /* boots, the first included; 0: without end */
	/* Boots once, the result in *o.  *booted: it went through its boot, whatever came of that
	 * (-1 says that something was refused, or not there); else it cannot, and waits no more. */
	int (*boot)(void *ctx, int64_t now, struct out *o, bool *booted, struct err *e);
	void *ctx;
};

/* Until it has booted so often, or SIGTERM or SIGINT comes, which waits for a boot to end.  Into
 * *o how often it booted; returns what the last boot did. */
int vphone_stay(const struct stay *v, struct out *o, struct err *e);

#endif
