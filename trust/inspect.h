/*
 * inspect: any file of this world, told by its content, laid out element by element for a person.
 * Goes on after the first error and marks it: broken files are what people bring here.
 */
#ifndef TL_TRUST_INSPECT_H
#define TL_TRUST_INSPECT_H

#include <stddef.h>

#include "base/bytes.h"

enum inspect_kind {
	INSPECT_LIST,	   /* ITL or CTL */
	INSPECT_SIGNED,	   /* .sgn */
	INSPECT_ENCRYPTED, /* .enc.sgn */
	INSPECT_PEM,	   /* one or more certificates */
	INSPECT_DER,	   /* one certificate */
	INSPECT_XML,
	INSPECT_UNKNOWN,
};

enum inspect_kind inspect_kind_of(struct bytes file);
const char *inspect_kind_word(enum inspect_kind kind); /* "trust list", "signed file", ... */

/* One line of the layout. */
struct inspect_row {
	size_t at;	   /* offset of the element */
	unsigned depth;	   /* 0: header, 1: inside a container or a record */
	unsigned record;   /* from 1; 0: the header */
	int tag;	   /* -1: no element (a heading, padding, what is left over) */
	const char *name;  /* "SIGNERNAME"; "?" for a tag without name */
	size_t length;	   /* as the element says */
	char value[512];   /* printable */
	char problem[160]; /* "" when all is well */
};

/* Calls row() for each element, in file order; gives the number of problems. */
size_t
inspect_walk(struct bytes file, void (*row)(void *ctx, const struct inspect_row *r), void *ctx);

#endif
