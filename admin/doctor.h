/*
 * doctor: is all well? - what is looked at, what was found, and what to do about it.
 *
 * Here is what the store alone tells; what takes a network is added by who has one.  Changes
 * nothing.
 */
#ifndef TL_ADMIN_DOCTOR_H
#define TL_ADMIN_DOCTOR_H

#include "admin/verb.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARN, /* phones are served, but not for long, or not all of them */
	DOCTOR_FAIL, /* some phone is not served as it should be */
	DOCTOR_STATES
};

/* Starts from { .o = ..., }; doctor_end() it. */
struct doctor {
	struct out *o;
	struct wr text; /* for people */
	size_t found[DOCTOR_STATES];
};

/* The table "checks" begins, and ends with the lines for people and the sums. */
void doctor_begin(struct doctor *d, struct out *o);
void doctor_end(struct doctor *d);
/* One finding; todo: what to do next, NULL when there is nothing to. */
void doctor_say(struct doctor *d, enum doctor_state state, const char *check, const char *todo,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The store, certificates and their keys, lists, services, parameters, the clock.  -1: it could not
 * even be looked. */
int doctor_store(const struct call *c, struct doctor *d, struct err *e);

#endif
