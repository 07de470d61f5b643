/*
 * memory: what a virtual phone remembers between boots, as a folder that one can look into and
 * copy: CTLFile.tlv, ITLFile.tlv, its configuration (SEP....cnf.xml), phone.txt, what TVS vouched
 * for (vouched.h), and its certificates (identity.h).
 *
 * Each file is replaced whole, so a phone that is cut off in between wakes up with the old file or
 * the new one.  Judges nothing; no network.
 */
#ifndef TL_CMD_PHONE_MEMORY_H
#define TL_CMD_PHONE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cmd/phone/identity.h"
#include "cmd/phone/shelf.h"
#include "cmd/phone/words.h"
#include "trust/tlist.h"

enum { MEMORY_STATUS_MAX = 8 };

enum memory_list { MEMORY_CTL, MEMORY_ITL, MEMORY_LISTS };

/* phone.txt.  NULL, 0: it does not say. */
struct memory_note {
	char *name, *model; /* whose memory this is */
	char *config;	    /* the file its configuration came from */
	char *outcome;	    /* of the last boot */
	int64_t booted;	    /* Unix seconds */
	char *status[MEMORY_STATUS_MAX];
};

struct memory {
	char *folder;
	struct tlist *list[MEMORY_LISTS]; /* NULL: none */
	bool damaged[MEMORY_LISTS];	  /* the file is no whole list: as if there were none */
	struct identity identity[IDENTITIES];
	struct memory_note note;
	struct shelf *shelf;	 /* where lists are lent from; may be NULL */
	bool lent[MEMORY_LISTS]; /* this one is */
};

/* Has a phone lived here? */
bool memory_is(const char *folder);
/* What is there; a folder that is empty or missing is the memory of a new phone.  NULL on error;
 * memory_free() it. */
struct memory *memory_load(const char *folder, struct err *e);
/* The same, with lists from a shelf where they are there, which has to live longer. */
struct memory *memory_load_from(const char *folder, struct shelf *shelf, struct err *e);
void memory_free(struct memory *m); /* NULL is fine */

const char *memory_list_name(enum memory_list which); /* "CTLFile.tlv" */
/* Its configuration, appended to out; -1 with ERR_NOT_FOUND when it has none. */
int memory_config(const struct memory *m, struct wr *out, struct err *e);

/* Takes the list over, in the folder and in *m; on -1 it is still the caller's. */
int memory_keep_list(struct memory *m, enum memory_list which, struct tlist *list, struct err *e);
/* As <name>.cnf.xml, whichever file it came from; the name stands in the note. */
int memory_keep_config(struct memory *m, const char *from, struct bytes config, struct err *e);

/* In the folder first, then in *m, which takes over both; on -1 they are still the caller's.  With
 * a new LSC the key that was made for it is one to come no longer. */
int memory_keep_identity(
    struct memory *m, enum identity_kind kind, struct cert *c, struct key *k, struct err *e);
/* Its LSC, and the key of one to come. */
int memory_erase_lsc(struct memory *m, struct err *e);

/* The note: change it with these, then write it. */
void memory_note_set(char **field, const char *text); /* text NULL: nothing */
void memory_note_set_status(struct memory_note *note, const struct words *status);
int memory_keep_note(const struct memory *m, struct err *e);

/* Forgets CTL and ITL, and what the TVS of that ITL vouched for, as a hand at the phone's settings
 * does; the configuration stays. */
int memory_erase_lists(struct memory *m, struct err *e);

#endif
