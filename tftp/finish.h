/*
 * finish: bytes made ready to be sent - as they are, with our signature before them, or sealed to a
 * phone - once for the same bytes, however many phones ask.
 *
 * The name that was asked for is in the signature, so that the same bytes under two names are two
 * files.  Knows no folder and no store; belongs to one worker.
 */
#ifndef TL_TFTP_FINISH_H
#define TL_TFTP_FINISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "tftp/content.h"
#include "tftp/loaded.h"

struct finisher;

struct finish_counters {
	uint64_t cached; /* given out again */
	uint64_t signatures;
};

/* loaded: who signs, and how; borrowed, as it is at each call.  cache_max: bytes that are kept. */
struct finisher *finisher_new(const struct loaded *loaded, size_t cache_max);
void finisher_free(struct finisher *f); /* NULL is fine */
const struct finish_counters *finisher_counters(const struct finisher *f);

/* What a version of a file is for the cache, as a generation is one of the store: a number below
 * all of theirs, from who signs, the file's identity and, where what is made of it depends on the
 * store, its generation (else 0).  No number that is found again while the file may still change
 * without showing it.  now: Unix seconds. */
int64_t finish_version(const struct finisher *f, const struct file_identity *identity,
    int64_t generation, int64_t now);

/* Is what was given under this name still good at this generation or version? */
bool finish_again(struct finisher *f, const char *name, int64_t version, struct content **out);

struct finish_job {
	const char *name;      /* as it was asked for: it is in the signature */
	bool is_signed;	       /* with our signature before it */
	const struct cert *to; /* sealed to this one; NULL: for anybody's eyes */
	bool is_respelled;     /* the name differs from the file's in capitals */
	int64_t version;       /* finish_version(), or a generation of the store */
	int64_t now;	       /* Unix seconds, for what is signed */
};

/* A change of the store or of the file's date that changed neither the bytes nor who signs costs no
 * signature, and what was sealed for a phone once stays the same file: no AES key serves two
 * versions of a configuration.  Takes what is in body.  *out: a reference of the caller's.
 * ERR_BUSY: too many different names for one file are asked for at once. */
int finish(struct finisher *f, const struct finish_job *job, struct wr *body, struct content **out,
    struct err *e);

#endif
