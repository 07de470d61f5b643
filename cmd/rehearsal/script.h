/*
 * script: a rehearsal as a text that a voice engineer writes and reads - clusters, phones, steps,
 * and what is expected after them - taken apart.  Pure: does nothing of what it says.  The language
 * is described in trustlist-rehearsal(5).
 */
#ifndef TL_CMD_REHEARSAL_SCRIPT_H
#define TL_CMD_REHEARSAL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cmd/phone/fleet.h"
#include "cmd/rehearsal/state.h"
#include "trust/node.h"

enum {
	SCRIPT_BYTES_MAX = 64 << 10, /* of a file */
	SCRIPT_LINE_MAX = 400,	     /* bytes */
	SCRIPT_STEPS_MAX = 100,	     /* of a section */
	SCRIPT_VARIANTS_MAX = 12,    /* sections [wrong: ...] and [other: ...] */
	SCRIPT_WORDS_MAX = 32,	     /* of a command */
	SCRIPT_CLOCK_MAX = 10 * 366 * 24 * 3600,
};

enum script_do {
	DO_COMMAND,    /* A: cert regenerate TVS --restart */
	DO_BOOT,       /* boot [WHO] */
	DO_MOVE,       /* move B */
	DO_POWER,      /* power off 10%, power on */
	DO_SWITCH,     /* switch off A */
	DO_CLOCK,      /* clock +31m */
	DO_CREATE,     /* create A [release 12.5 [mixed]] */
	DO_SHOW,       /* show $dir/tomcat.pem */
	DO_LSC,	       /* lsc A */
	DO_ERASE,      /* erase locked */
	DO_WRITE,      /* write $dir/passphrase TEXT */
	DO_EXPECT,     /* expect locked all tvs-unreachable */
	DO_EXPECT_END, /* expect go, expect no-go */
};

enum { STATUS_REFUSED = -1 }; /* whatever it says, but not 0 */

struct script_cluster {
	bool there;
	enum release release;
	bool mixed;
};

struct script_step {
	int line;
	char *text; /* as it was written */
	enum script_do what;
	unsigned cluster;	    /* 0: A */
	struct script_cluster like; /* DO_CREATE: there false: as it was */
	bool on;		    /* DO_POWER, DO_SWITCH; DO_EXPECT_END: go */
	unsigned percent;
	int64_t seconds;
	struct selection who; /* DO_BOOT, DO_ERASE */
	struct expectation expect;
	/* DO_COMMAND, with variables still in them */
	int status; /* exit status that is expected */
	char **word;
	size_t words;
	/* $dir/NAME: what it shows goes there (NULL: nowhere); DO_WRITE, DO_SHOW: the file.
	 * Without the "$dir/" for those that are written. */
	char *file;
	char *content; /* DO_WRITE: without the newline */
};

struct script_section {
	int line;    /* 0: there is none */
	char *title; /* of [wrong: TITLE] and [other: TITLE]; else NULL */
	bool wrong;
	struct script_step *step;
	size_t n;
};

struct script {
	char *name; /* "S01", or the file's */
	char *title, *source, *outcome;
	struct script_cluster cluster[STATE_CLUSTERS];
	struct fleet_mix fleet;
	unsigned at; /* where its phones begin */
	bool tokens; /* it needs security tokens */
	struct script_section before, steps, back, variant[SCRIPT_VARIANTS_MAX];
	size_t variants;
};

/* All or nothing.  An error names the file, the line and what is allowed there.  script_free()
 * *out. */
int script_read(struct bytes text, const char *name, struct script *out, struct err *e);
void script_free(struct script *s); /* { 0 } is fine */

/* What stands for $dir, $A, $B and $cn. */
struct script_values {
	const char *dir;
	const char *address[STATE_CLUSTERS];
	const char *cn; /* the common name of the certificate that was exported last; "" */
};
/* The word with its variables replaced, to free(). */
char *script_word(const char *word, const struct script_values *v);

/* "A", "B" */
const char *script_cluster_name(unsigned cluster);

#endif
