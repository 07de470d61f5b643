/*
 * embedded: files of the source tree that the program carries in itself.
 */
#ifndef TL_ADMIN_EMBEDDED_H
#define TL_ADMIN_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* NULL after the last */
	const unsigned char *p;
	size_t n;
};

extern const struct embedded embedded_conf[]; /* etc/trustlist.conf */
extern const struct embedded embedded_tftp[]; /* etc/tftp: sample files for phones */
extern const struct embedded embedded_web[];  /* admin/web: the operator's page */

#endif
