/*
 * place: a folder that clusters pass files through - here, or on a server reached by SFTP.  Names
 * are plain ("A-pub.p12"): letters, digits, '.', '-', '_'; whatever else lies there is not seen.
 */
#ifndef TL_ADMIN_PLACE_H
#define TL_ADMIN_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

enum { PLACE_NAMES_MAX = 4096, PLACE_NAME_MAX = 400, PLACE_LIST_MAX = 1 << 20 };

/* How to get in, for SFTP; all borrowed until place_close(). */
struct place_login {
	struct bytes password; /* empty: none */
	const char *key_file;  /* private key; NULL: an agent's, or the usual files */
	const char
	    *known_hosts; /* NULL: ~/.ssh/known_hosts.  A server that is not in it is refused */
};

struct place;
/* text: "/some/folder" or "sftp://[USER@]HOST[:PORT]/folder" ("/~/" begins at the user's home); a
 * password in it is refused.  must: a folder that is missing is an error; else it is made. NULL on
 * error; place_close() it. */
struct place *
place_open(const char *text, const struct place_login *login, bool must, struct err *e);
void place_close(struct place *p); /* NULL is fine */

/* Names of the files there, sorted.  *out is a list of n texts to free one by one and as a whole.
 */
int place_list(struct place *p, char ***out, size_t *n, struct err *e);
void place_list_free(char **names, size_t n);
/* A file, appended to out; at most max bytes. */
int place_get(struct place *p, const char *name, size_t max, struct wr *out, struct err *e);
/* Replaces or adds it; who reads meanwhile gets the old one or the new one, whole (over SFTP: or
 * none). */
int place_put(struct place *p, const char *name, struct bytes content, struct err *e);

#endif
