/*
 * order: what CAPF is to do with a phone - operation, how the phone proves who it is, which key,
 * until when - and what became of it.  An order is live: CAPF sees it with the phone's next
 * session, without a restart.
 *
 * Words: Certification Authority Proxy Function settings of a phone in CUCM's administration and
 * security guides 12.5 and 15.
 */
#ifndef TL_TRUST_ORDER_H
#define TL_TRUST_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/device.h"
#include "trust/store.h"

enum order_operation { ORDER_NONE, ORDER_INSTALL, ORDER_DELETE, ORDER_TROUBLESHOOT };

/* The numbers are those of capfAuthMode in a phone's configuration. */
enum order_auth {
	ORDER_BY_NOTHING = 0,
	ORDER_BY_STRING = 1,
	ORDER_BY_NULL = 2,
	ORDER_BY_LSC = 3, /* existing certificate, precedence to LSC */
	ORDER_BY_MIC = 4,
};

enum order_keys { ORDER_RSA, ORDER_EC, ORDER_EC_THEN_RSA };

/* Certificate Operation Status.  The failures are those of the operation that was ordered. */
enum order_status {
	STATUS_NONE,
	STATUS_PENDING,
	STATUS_SUCCESS,
	STATUS_FAILED,
	STATUS_INVALID_LSC,
	STATUS_INVALID_STRING,
	STATUS_INVALID_MIC,
	STATUS_INVALID_CREDENTIALS,
	STATUS_PHONE_LOST,   /* Phone Communication Failure */
	STATUS_KEY_FAILED,   /* Key Generation Failed */
	STATUS_KEY_TIMEOUT,  /* Key Generation Timeout */
	STATUS_CA_LOST,	     /* CA Communication Failure */
	STATUS_CA_REJECTED,  /* CA Rejected Connection */
	STATUS_LATE,	     /* User Initiated Request Late/Timedout */
	STATUS_NO_EC,	     /* No Support for EC only in CAPF version 3 */
	STATUS_WAITS_FOR_CA, /* our word: an external issuer has the request */
};
enum { ORDER_STATUSES = STATUS_WAITS_FOR_CA + 1 };

enum {
	ORDER_STRING_MIN = 4, /* digits */
	ORDER_STRING_MAX = 10,
	ORDER_WRONG_MAX = 10, /* wrong strings, then the phone has to wait */
	ORDER_LOCK_SECONDS = 600,
};

struct order {
	char phone[DEVICE_NAME_MAX];
	enum order_operation operation, last; /* last: the one that status speaks of */
	enum order_auth auth;
	bool has_string; /* the string itself: order_string() */
	enum order_keys keys;
	int rsa_bits;	/* 512, 1024, 2048, 3072, 4096; 0: no RSA key */
	int ec_bits;	/* 256, 384, 521; 0: no EC key */
	int64_t number; /* another one after each schedule and each success; 0: never scheduled */
	int64_t made, completes_by; /* Unix seconds */
	int wrong;
	int64_t locked_until; /* 0: not locked */
	enum order_status status;
	int64_t status_at;
};

/* "install", "string", "ec-rsa": as options and JSON have them; the CUCM words for people. */
const char *order_operation_word(enum order_operation operation);
const char *order_operation_name(enum order_operation operation); /* "Install/Upgrade" */
int order_operation_of(const char *word, enum order_operation *out, struct err *e);
const char *order_auth_word(enum order_auth auth);
const char *order_auth_name(enum order_auth auth); /* "By Null String" */
int order_auth_of(const char *word, enum order_auth *out, struct err *e);
const char *order_keys_name(enum order_keys keys); /* "EC Preferred, RSA Backup" */
/* "rsa:2048", "ec:256", "ec:384,rsa:2048" (EC preferred, RSA backup). */
int order_keys_of(const char *word, struct order *to, struct err *e);
void order_keys_word(const struct order *o, char to[32]);
/* Are the sizes such as phones make?  That of a key which is not asked for becomes 0. */
int order_keys_check(struct order *o, struct err *e);
/* "Operation Pending", "Upgrade Success", "Delete Failed: Invalid LSC", ...; lives in to. */
enum { ORDER_STATUS_TEXT_MAX = 96 };
const char *order_status_text(const struct order *o, char to[ORDER_STATUS_TEXT_MAX]);
const char *order_status_word(enum order_status status); /* "pending", "invalid-string": JSON */

/* Writes the order, in place of the phone's earlier one: status pending, or none for ORDER_NONE.
 * The phone's configuration is another one then.  Taken from o: phone, operation, auth, keys and
 * completes_by; where no key is to be made and both sizes are 0, the key setting stays as it was.
 * string: 4 to 10 digits for ORDER_BY_STRING (NULL keeps the one there is), else NULL.
 * ERR_NOT_FOUND: no such phone; ERR_USAGE: what contradicts itself. */
int order_schedule(
    struct store *s, const struct order *o, const char *string, int64_t now, struct err *e);
/* 1; 0 with *out as a phone has it that was never scheduled (also a phone that does not exist);
 * -1. */
int order_get(struct store *s, const char *phone, struct order *out, struct err *e);
/* Those that have ever been scheduled, by name.  *out is the caller's to free. */
int order_list(struct store *s, struct order **out, size_t *n, struct err *e);
/* How many of them have each status. */
int order_count(struct store *s, size_t n[ORDER_STATUSES], struct err *e);
/* The authentication string, for who may see it; "" when there is none. */
int order_string(struct store *s, const char *phone, char to[ORDER_STRING_MAX + 1], struct err *e);
/* Digits from OpenSSL's random numbers. */
int order_make_string(char to[ORDER_STRING_MAX + 1], struct err *e);

/* Is this still what CAPF is to do with the phone?  ERR_NO when it was scheduled anew, cancelled or
 * done meanwhile, or the phone is gone.  For the beginning of a transaction in which a session
 * writes what it did: who proved himself for one order may not settle another. */
int order_still(struct store *s, const struct order *o, struct err *e);

enum order_string_verdict { STRING_RIGHT, STRING_WRONG, STRING_LOCKED };
/* Compares in constant time; counts the wrong ones, and after ORDER_WRONG_MAX of them the phone is
 * locked for ORDER_LOCK_SECONDS whatever it says; then the count starts anew.  The right one sets
 * the count back; it is used up when the order is settled.  A wrong one is its status. */
int order_try_string(struct store *s, const char *phone, const char *string, int64_t now,
    enum order_string_verdict *verdict, struct err *e);

/* The order came to an end with STATUS_SUCCESS: nothing is pending any more, the string is used up,
 * the phone's configuration is another one.  Nothing at all when none was pending.  A power failure
 * may take it back (store_begin_relaxed()): then the order is run once more. */
int order_done(struct store *s, const char *phone, int64_t now, struct err *e);
/* It failed, so: it stays scheduled, and can be run again, unless the status is STATUS_LATE.  Also
 * for STATUS_WAITS_FOR_CA, which is no end. */
int order_failed(
    struct store *s, const char *phone, enum order_status status, int64_t now, struct err *e);

/* Orders a new LSC, ORDER_BY_LSC, for every phone that holds one of whose life more than so many
 * percent have passed but not all of it, and that has no operation pending: with the keys of its
 * last order, to be done within PARAM_ORDER_DAYS.  *n: how many.  percent 0: none.  Writes nothing
 * when none is due, so that it can be called every minute. */
int order_renew(struct store *s, int percent, int64_t now, size_t *n, struct err *e);

#endif
