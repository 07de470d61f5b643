/*
 * err: why something did not work - a code for the edge to map (exit status, HTTP status, TFTP
 * error) and a sentence for a person, with a hint what to do next where we know one.
 *
 * A function that can fail for such a reason returns 0 or -1 and takes a struct err * last.  The
 * sentence is set where the fact is known; on the way up callers only prefix context.
 */
#ifndef TL_BASE_ERR_H
#define TL_BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_FAILED,    /* the world did not let us: disk, network, library */
	ERR_USAGE,     /* asked in a way that makes no sense */
	ERR_NOT_FOUND, /* no such thing */
	ERR_EXISTS,    /* there is one already */
	ERR_STRANDS,   /* refused, because phones would be locked; --yes overrides */
	ERR_NO,	       /* checked, and the answer is no: not trusted, mismatch, expired */
	ERR_MALFORMED, /* bytes that do not add up */
	ERR_LIMIT,     /* larger or more than a named maximum */
	ERR_BUSY,      /* somebody else is at it: try again */
	ERR_DENIED,    /* the one who asks may not */
	ERR_CHANGED,   /* it is not as the one who changes it has seen it */
	ERR_CODES
};

struct err {
	enum err_code code;
	char text[480]; /* one sentence, no newline; may hold foreign text, so escape when printing
			 */
	char hint[240]; /* what to do next; "" when we know nothing useful */
};

/* Each returns -1, so that `return err_set(...)` reads well.  e may be NULL: nobody asks why. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "<sentence>: <strerror(errno)>"; ENOENT becomes ERR_NOT_FOUND, all others ERR_FAILED. */
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);

#endif
