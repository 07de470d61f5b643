/*
 * seen: what phones were seen doing, and which list each holds as far as we can tell - reckoned
 * from its downloads, or told by itself.
 */
#ifndef TL_TRUST_SEEN_H
#define TL_TRUST_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/device.h"
#include "trust/store.h"
#include "trust/verdicts.h"

/* CUCM's words for it: Phone > Find and List, ITL File Status (release 14).  We say the same of the
 * CTL. */
enum itl_status { ITL_UNKNOWN, ITL_NOT_INSTALLED, ITL_MATCH, ITL_MISMATCH };
enum { ITL_STATUSES = ITL_MISMATCH + 1 };
const char *itl_status_word(enum itl_status status); /* "Match", "Not Installed", ... */

/* The name of a phone that is none: who tries the servers out asks for its files, and leaves no
 * trail.  An address that RFC 7042 sets aside for documentation. */
#define SEEN_NOBODY "SEP00005E0053FF"

enum { SEEN_NOTE_MAX = 400, SEEN_STRANGERS_MAX = 20000 };

/* One of its two lists. */
struct seen_list {
	int64_t fetched; /* the one it downloaded last; 0: none */
	int64_t fetched_at;
	int64_t holds;		  /* the one it holds; 0: none that we know */
	bool holds_foreign;	  /* it reported one that is not ours, */
	uint8_t foreign_sha1[20]; /* this one */
	int64_t reported_at;	  /* 0: it never said; we reckon */
	char note[SEEN_NOTE_MAX]; /* why we think so */
};

struct seen {
	char phone[DEVICE_NAME_MAX];
	int64_t at; /* of its last request; 0: never seen */
	char peer[64];
	int64_t node; /* whose files it asked for; 0: never */
	struct seen_list itl, ctl;
	/* When it last asked for a configuration, had none and could register with the default one
	 * (auto-registration); 0: never. */
	int64_t registers;
};

/* A phone asked the node for something; list: what it was given, 0 for other files. */
struct seen_sighting {
	const char *phone, *peer;
	int64_t node, list, at;
};

/* With a list it is reckoned whether the phone took it, from what it held.  Leaves the generation
 * alone; a note (store_begin_note()). */
int seen_sighted(struct verdicts *known, const struct seen_sighting *g, struct err *e);
/* The same for who sees a single one. */
int seen_asked(struct store *s, const char *phone, const char *peer, int64_t node, int64_t list,
    int64_t now, struct err *e);
/* It said what it holds: the SHA-1 of its ITL, empty for none. */
int
seen_reported(struct store *s, const char *phone, struct bytes sha1, int64_t now, struct err *e);
/* The same of its CTL. */
int seen_reported_ctl(
    struct store *s, const char *phone, struct bytes sha1, int64_t now, struct err *e);

/* It was sent to the default configuration.  Nothing for phones that we know, and for those that
 * were never seen. */
int seen_registers(struct store *s, const char *phone, int64_t now, struct err *e);
/* Those that register by themselves and were not added, by name.  *out is the caller's to free. */
int seen_registering(struct store *s, struct seen **out, size_t *n, struct err *e);
/* No longer, until it asks again.  *was: whether it did. */
int seen_unregister(struct store *s, const char *phone, bool *was, struct err *e);

/* Zeroed but for the name when it was never seen. */
int seen_get(struct store *s, const char *phone, struct seen *out, struct err *e);
/* Its status against the list that its node serves, and a sentence: why. */
int seen_status(struct store *s, const struct device *d, const struct seen *v,
    enum itl_status *status, char why[SEEN_NOTE_MAX], struct err *e);
/* How many of the phones that we know have each status; one question for all of them. */
int seen_count(struct store *s, size_t n[ITL_STATUSES], struct err *e);
/* The same of its CTL; phones of all models may hold one. */
int seen_ctl_status(struct store *s, const struct seen *v, enum itl_status *status,
    char why[SEEN_NOTE_MAX], struct err *e);

#endif
