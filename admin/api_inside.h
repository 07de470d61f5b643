/*
 * api_inside: the administration interface as its files share it.  Nobody else includes this.
 *
 *	api.c          listeners, certificate, who asks, which of the others answers
 *	api_reply.c    answers: headers, problems
 *	api_session.c  logging in and out
 *	api_verb.c     verbs, and the jobs they are
 *	api_index.c    the list of what there is to read, for a browser without scripts
 *	feed.[ch]      the stream of events
 *	pages.[ch]     the page's files
 */
#ifndef TL_ADMIN_API_INSIDE_H
#define TL_ADMIN_API_INSIDE_H

#include "admin/api.h"
#include "admin/ask.h"
#include "admin/feed.h"
#include "admin/jobs.h"
#include "admin/login.h"
#include "admin/pages.h"
#include "admin/pool.h"
#include "base/httpd.h"
#include "base/httplater.h"
#include "trust/store.h"

enum {
	API_BODY_MAX = 24 << 20,
	API_FILES_MAX = 16 << 20, /* bytes of a call's files: in base64 they fit into a body */
	API_WAIT_MS = 120000,	  /* for a verb, before it goes on as a job */
	API_ANSWER_SECONDS = 180, /* httpd's own patience, which is never used up */
	API_LOGINS_WAITING = 16,
	API_LOGINS_PER_PEER = 2, /* of these */
};

struct waiting;	 /* a request whose verb runs */
struct entering; /* a request whose password is looked at */

struct api {
	struct api_plan plan;
	char *root;
	struct store *store; /* of the loop's thread */
	int64_t node;	     /* the publisher */
	int64_t generation;  /* -1: never looked */
	int64_t starts;	     /* which start of TFTP the certificate is of */
	struct httpd *https, *local;
	struct logins *logins;
	struct jobs *jobs;
	struct pool *hashing;
	struct feed *feed;
	struct pages *pages;
	struct health *health;
	struct waiting *waiting;
	struct entering *entering;
};

/* Who asks, when it is known. */
struct asker {
	bool is_host;	 /* on the socket: root, or the user of the process */
	bool is_session; /* else a token */
	char id[SESSION_TEXT];
	struct login login;
	char from[64];
};

/* ---- api_reply.c ---- */

/* headers: lines with their CR LF, or NULL; those of all answers are added. */
void api_reply(
    struct http_request *r, int status, const char *type, struct wr *headers, struct bytes body);
void api_later_reply(
    struct http_later *l, int status, const char *type, struct wr *headers, struct bytes body);
void api_fail(struct http_request *r, const char *code, const char *detail, const char *hint);
void api_fail_err(struct http_request *r, const struct err *e);
/* What it says about logins and passwords: ERR_DENIED is 401, or 429 with the seconds to wait. */
void api_later_refuse(struct http_later *l, const struct err *e, int64_t wait);
void api_wrong_method(struct http_request *r, unsigned allowed);

/* ---- api.c ---- */

/* Fills *who; false: it was answered already. */
bool api_who(struct api *a, struct http_request *r, struct asker *who);
struct ask api_ask(const struct http_request *r);
bool api_reads(const struct http_request *r); /* GET or HEAD */

/* ---- the others ---- */

void api_session(struct api *a, struct http_request *r);
void api_password(struct api *a, struct http_request *r);
void api_verb(struct api *a, struct http_request *r, const char *path, const struct asker *who);
void api_jobs(struct api *a, struct http_request *r, const char *rest, const struct asker *who);
void api_index(struct api *a, struct http_request *r, const struct asker *who);
/* Nobody is answered any more: what waits is let go. */
void api_verb_close(struct api *a);
void api_session_close(struct api *a);

#endif
