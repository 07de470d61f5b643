/*
 * throttle: how often passwords may be guessed - by user and address, and by address - and how long
 * whoever guessed too often has to wait.  Pure: takes the time as an argument.  Belongs to one
 * thread (admin/login.h locks).
 *
 * A try counts as wrong from its beginning until it is known to be right, so that tries at the same
 * time cannot pass the limit together.  One that is refused does not count: nobody prolongs his
 * wait, or another's at the same address, by asking.
 */
#ifndef TL_ADMIN_THROTTLE_H
#define TL_ADMIN_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	THROTTLE_WINDOW = 600,	   /* seconds for which a wrong try counts */
	THROTTLE_USER = 10,	   /* wrong tries for one user from one address */
	THROTTLE_ADDRESS = 100,	   /* from one address, for whomever */
	THROTTLE_USERS_MAX = 4096, /* users at addresses that are remembered */
	THROTTLE_ADDRESSES_MAX = 2048,
};

struct throttle;

struct throttle *throttle_new(void);
void throttle_free(struct throttle *t); /* NULL is fine */

/* May this one try?  0: yes, and it is counted as a wrong one.  Else how many seconds to wait, at
 * least 1.  user is what was typed, address as inet_ntop() writes it: for IPv6 its /64 counts,
 * "::ffff:192.0.2.1" is 192.0.2.1; what is no address counts as one. */
int64_t throttle_try(struct throttle *t, const char *user, const char *address, int64_t now);
/* The try was right: it counts no more, and neither do the user's earlier ones from there. */
void throttle_right(struct throttle *t, const char *user, const char *address);
/* The try was never made, for a reason of ours (the store did not answer): it does not count. */
void throttle_take_back(struct throttle *t, const char *user, const char *address);

#endif
