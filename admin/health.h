/*
 * health: does the instance live, is it ready for phones, and its numbers - what a monitor asks of
 * a server that it does not know: /healthz, /readyz and /metrics, as texts.
 *
 * Here is no socket and no clock: who has a listener hands over the path, what only the process
 * knows, and the time.
 */
#ifndef TL_ADMIN_HEALTH_H
#define TL_ADMIN_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/store.h"

/* What the store does not say.  { 0 } means: all is as usual. */
struct health_scene {
	bool stopping; /* the process takes no phones any more */
	/* trustlist.conf has no listener for it: it does not have to run. */
	bool without_tvs, without_capf;
	const char *root; /* the cluster's folder, whose disk is looked at; NULL: none is */
};

/* Why an instance is not ready, or not as it should be: sentences.  health_view_free() it. */
struct health_view {
	char **reason;
	size_t reasons; /* some phone is not served: it is not ready */
	char **remark;
	size_t remarks; /* it is ready, and somebody should look all the same */
};
/* A change of the store that waits for this one, or for which this one would have to wait, is no
 * fault of it. */
void health_look(
    struct store *s, const struct health_scene *scene, int64_t now, struct health_view *out);
void health_view_free(struct health_view *v);

/* What was answered is good for a second: who asks in a loop costs nothing. */
struct health;
struct health *health_new(void);
void health_free(struct health *h); /* NULL is fine */

struct health_answer {
	int status;	   /* 200, 503 */
	const char *type;  /* Content-Type */
	struct bytes body; /* lent until the next call */
};
/* True with the answer to GET of this path; false: it is none of the three.  s is the caller's
 * thread's own; its patience (store_patience()) is as it was afterwards.  Who may ask is the
 * caller's matter. */
bool health_answer(struct health *h, struct store *s, const struct health_scene *scene,
    const char *path, int64_t now, struct health_answer *out);

#endif
