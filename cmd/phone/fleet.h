/*
 * fleet: many virtual phones as one - each with a memory folder of its own under the fleet's, which
 * one can look into and copy; some powered off, some without Security By Default; booted side by
 * side by a few threads.  Says of each phone what it trusts after its boot.  No store, no server.
 */
#ifndef TL_CMD_PHONE_FLEET_H
#define TL_CMD_PHONE_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/phone/address.h"
#include "cmd/phone/boot.h"
#include "cmd/phone/memory.h"
#include "trust/model.h"

enum { FLEET_PHONES_MAX = 50000, FLEET_MODELS_MAX = 32, FLEET_SHARE_MAX = 1000000000 };
enum { FLEET_THREADS_MAX = 64 };
/* Where counting begins when nobody says: addresses of this kind are no manufacturer's. */
#define FLEET_FIRST_MAC UINT64_C(0x020000000001)

/* What to make: shares, 1..FLEET_SHARE_MAX, are parts of the sum of all shares. */
struct fleet_mix {
	struct {
		const struct model *model;
		unsigned share;
	} part[FLEET_MODELS_MAX];
	size_t parts;
	size_t phones;
	unsigned off;	    /* percent of them that are powered off, spread over the models */
	bool keep_power;    /* those of a fleet that is there stay on or off as they are */
	uint64_t first_mac; /* of the first phone; the others count on; 0: FLEET_FIRST_MAC */
};

struct fleet_phone {
	char name[DEVICE_NAME_MAX];
	const struct model *model;
	char *folder; /* of its memory */
	bool off;     /* powered off: does not boot */
	/* Of its last boot; booted false: it has not booted yet.  A memory tells only the outcome:
	 * the rest is known after fleet_boot(). */
	bool booted;
	enum boot_outcome outcome;
	enum judge_reason reason;  /* of the step that decided; 0 for a phone that trusts */
	char file[FETCH_NAME_MAX]; /* which file that was; "" likewise */
	char why[400];
	char decided_by[320];
	enum enrol_end enrolled; /* what came of CAPF, and why not; "" when it is done */
	char enrol_why[400];
	/* What it holds now. */
	bool has_ctl, has_itl;
	bool empty; /* no TFTP certificate in any of its lists: takes anything */
	uint8_t ctl_sha1[20], itl_sha1[20];
	/* Who signed its ITL, as the certificate's SHA-256 where that stands in the list itself
	 * (else zeroes), and its name. */
	uint8_t itl_signer[32];
	char itl_signer_name[200];
	int64_t lsc_expires; /* 0: has none */
};

struct fleet {
	char *folder;
	struct fleet_phone *phone; /* by name */
	size_t n;
};

/* Makes the folder (the phones' own are made by their first boot) and the list of the phones in it,
 * FOLDER/fleet.txt: a line each, NAME MODEL on|off, and `end` after the last.  Models are mixed
 * evenly along the names, and so are those that are off.  A fleet of just these phones that is
 * there is taken over with what it remembers, and has power as the mix says (keep_power: as it
 * has); ERR_EXISTS when there
 * are others.  fleet_free() *out. */
int fleet_make(const char *folder, const struct fleet_mix *mix, struct fleet *out, struct err *e);
/* A fleet that was made; what the phones hold is read from their memories.  A folder without
 * fleet.txt, in which folders of phones lie, each named for its phone, is a fleet too. */
int fleet_load(const char *folder, struct fleet *out, struct err *e);
bool fleet_is(const char *folder); /* is there a fleet.txt? */
/* Who is in its fleet.txt, and who is off; no memory is read. */
int fleet_names(const char *folder, struct fleet *out, struct err *e);
/* So many percent of each model are off, the others on; fleet_keep() writes it down. */
void fleet_power(struct fleet *f, unsigned off);
/* What the phone holds, from its memory. */
void fleet_look(struct fleet_phone *p, const struct memory *m);
int fleet_keep(const struct fleet *f, struct err *e); /* fleet.txt: who is on, who is off */
void fleet_free(struct fleet *f);		      /* { 0 } is fine */

struct fleet_boots {
	struct address tftp; /* where option 150 sends them */
	uint16_t http_port;  /* 0: TFTP alone */
	int64_t now;	     /* Unix seconds, by the phones' clocks */
	unsigned threads;    /* 0: as many as serve well on this machine */
	unsigned seconds;    /* patience for a file or a step; 0: 10 */
	bool enrol;	     /* with CAPF, as their configuration says */
	/* Boots only these; NULL: all that are on. */
	bool (*takes_part)(void *ctx, const struct fleet_phone *p);
	/* Now and then, from the caller's thread: how many have booted. */
	void (*progress)(void *ctx, size_t done, size_t of);
	void *ctx;
	volatile const bool *stop; /* set: phones that have not begun do not boot; may be NULL */
};

/* Boots all that are on; each phone says what came of it.  -1: it could not be done at all (a
 * memory that cannot be written, no threads); what phones refuse is no error. */
int fleet_boot(struct fleet *f, const struct fleet_boots *how, struct err *e);

#endif
