/*
 * party: a cluster as its phones see it, for tests of phones - who signs its lists, who signs its
 * files, its TVS - and what it would serve: lists, emptied ones, signed files.
 */
#ifndef TL_TESTS_PARTY_H
#define TL_TESTS_PARTY_H

#include <stdbool.h>

#include "base/bytes.h"
#include "tests/support/testkey.h"

struct party {
	struct testkey *sast, *tftp, *tvs;
};

/* Names of tests/data/vectors/certs, without ".pem". */
struct party party_new(const char *sast, const char *tftp, const char *tvs);
void party_free(struct party *p);

/* All zero: an ITL with SAST, CCM+TFTP and TVS, signed with SHA-1. */
struct party_list {
	bool ctl;     /* a CTL, which never has a TVS */
	bool emptied; /* blank TFTP and TVS records, as after rollback */
	bool without_tvs;
	bool sha512;
	uint32_t timestamp; /* another one makes another file */
};

/* All three end the program when they cannot; wr_free() them. */
struct wr party_list(const struct party *p, struct party_list how);
struct wr party_signed(const struct party *p, const char *filename, const char *content);
struct wr party_signed_sha512(const struct party *p, const char *filename, const char *content);

#endif
