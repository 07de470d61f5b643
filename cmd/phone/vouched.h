/*
 * vouched: what TVS vouched for, as a phone remembers it until the answer expires - in the folder
 * "tvs" of its memory, for each certificate NAME.der and NAME.txt, NAME being its SHA-1.
 *
 * The text is written last and counts only beside the certificate that it is named for, so a phone
 * that is cut off in between, or whose file was damaged, has not heard of it and asks again.
 */
#ifndef TL_CMD_PHONE_VOUCHED_H
#define TL_CMD_PHONE_VOUCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "tvs/proto.h"

struct vouched {
	struct cert *cert; /* owned; NULL: nothing */
	uint8_t role[TVS_ROLES_MAX];
	size_t roles;
	int64_t expires; /* Unix seconds */
};

void vouched_clear(struct vouched *v);

/* folder: of the phone's memory. */
int vouched_keep(const char *folder, const struct vouched *v, struct err *e);
/* An answer that holds for what is asked now; vouched_clear() *out.  What cannot be read counts as
 * not there.  What has expired stays where it is: another question may come with another clock. */
bool
vouched_find(const char *folder, const struct tvs_request *asked, int64_t now, struct vouched *out);
int vouched_erase(const char *folder, struct err *e); /* all of it */

#endif
