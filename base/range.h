/*
 * range: which part of a content a Range header asks for (RFC 9110, 14.1 and 14.2).  Pure: a text
 * and a size to a decision.
 *
 * One range of bytes is served.  Several at once are for PDF viewers, and an invitation to make a
 * server send the same bytes again and again (CVE-2011-3192): they, other units and what cannot be
 * read get the whole content, as section 14.2 allows.
 */
#ifndef TL_BASE_RANGE_H
#define TL_BASE_RANGE_H

#include <stdint.h>

#include "base/bytes.h"

enum range_kind {
	RANGE_WHOLE,  /* 200 */
	RANGE_PART,   /* 206 */
	RANGE_BEYOND, /* 416: nothing of it is there */
};

struct range {
	uint64_t from, n; /* lies within the size */
};

/* field: the header's value without white space around it; empty: there is none.  *out is the part,
 * or the whole; nothing for RANGE_BEYOND. */
enum range_kind range_of(struct bytes field, uint64_t size, struct range *out);

#endif
