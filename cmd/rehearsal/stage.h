/*
 * stage: what a rehearsal plays on - one or two clusters and a fleet of phones.  Clusters are made
 * for it in a scratch folder and served by this process, each at a loopback address of its own; or
 * they are somebody's, served by their own process, and then they can be neither switched off nor
 * made anew, and time passes there as it does.
 */
#ifndef TL_CMD_REHEARSAL_STAGE_H
#define TL_CMD_REHEARSAL_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/out.h"
#include "base/err.h"
#include "cmd/rehearsal/script.h"
#include "cmd/site.h"
#include "trust/store.h"

struct stage_cluster {
	bool there, ours;
	char *root;
	char address[NODE_ADDRESS_MAX];
	uint16_t tftp_port, http_port; /* http_port 0: none */
	enum release release;
	bool mixed;
	bool has_phones;     /* somebody's, and the fleet's phones were put into it */
	struct site *site;   /* ours, and served */
	struct store *store; /* of this thread; NULL: switched off */
};

struct stage_saved {
	bool on;
	enum release release;
	bool mixed;
};

struct stage {
	char *dir;   /* scratch: all of this rehearsal lies in it */
	char *files; /* $dir */
	bool keep;   /* dir stays when it is over */
	struct stage_cluster cluster[STATE_CLUSTERS];
	struct fleet fleet;
	struct mark *mark; /* of each phone */
	unsigned at;	   /* where option 150 sends them */
	int64_t ahead;	   /* how far its clock is ahead of ours, seconds */
	char cn[256];	   /* $cn */
	/* Of stage_save(). */
	struct fleet_phone *saved_phone;
	struct mark *saved_mark;
	unsigned saved_at;
	int64_t saved_ahead;
	char saved_cn[256];
	struct stage_saved saved_cluster[STATE_CLUSTERS];
};

struct stage_plan {
	const struct script *script;
	const char *root[STATE_CLUSTERS]; /* somebody's; NULL: made for it */
	const char *keep;		  /* a folder for it that stays; NULL: none does */
};

/* Makes and serves what the head of the script says; every cluster knows the phones.
 * stage_close() it, also after -1. */
int stage_open(const struct stage_plan *plan, struct stage *out, struct err *e);
void stage_close(struct stage *s); /* { 0 } is fine */

int64_t stage_now(const struct stage *s); /* Unix seconds */
void stage_forward(struct stage *s, int64_t seconds);
bool stage_is_all_ours(const struct stage *s);

/* A cluster made anew, with other keys, at the same address: what was there is gone.  like NULL: of
 * the release and mode that it had. */
int
stage_create(struct stage *s, unsigned cluster, const struct script_cluster *like, struct err *e);
int stage_switch(struct stage *s, unsigned cluster, bool on, struct err *e);
/* Certificate change notification and renewal, where their time has come. */
int stage_catch_up(struct stage *s, struct err *e);
/* trustlist --root CLUSTER WORD...: as command_run(). */
int stage_command(struct stage *s, unsigned cluster, char *const *word, size_t words, struct out *o,
    struct err *e);
struct script_values stage_values(const struct stage *s);

/* All of it as it is now, to begin from there more than once: services go on with what they had
 * loaded. */
int stage_save(struct stage *s, struct err *e);
int stage_restore(struct stage *s, struct err *e);

#endif
