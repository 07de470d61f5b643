/*
 * suite: what every test program shares - a CUnit suite from a table, bytes from files and hex, and
 * the two loops that each codec must survive (every cut, every flipped bit).
 */
#ifndef TL_TESTS_SUITE_H
#define TL_TESTS_SUITE_H

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

struct suite_test {
	const char *name;
	void (*run)(void);
};

/* main() of a test program: runs all, prints what failed, returns the exit status. */
int suite_run(const char *name, const struct suite_test *tests, size_t n);
#define SUITE_MAIN(name, tests)                                                                    \
	int main(void)                                                                             \
	{                                                                                          \
		return suite_run(name, tests, sizeof(tests) / sizeof((tests)[0]));                 \
	}

/* A file of tests/data, by its path there.  Fails the test and ends the program when missing. */
struct wr suite_file(const char *name);
/* Bytes from hex with blanks anywhere. */
struct wr suite_hex(const char *hex);

/* Calls see() with every proper prefix of whole, each in memory of exactly its own size so that the
 * sanitizer sees a read past the end. */
void each_cut(struct bytes whole, void (*see)(struct bytes cut, size_t n, void *ctx), void *ctx);
/* Calls see() with whole after flipping each single bit, one at a time. */
void
each_flip(struct bytes whole, void (*see)(struct bytes flipped, size_t bit, void *ctx), void *ctx);

/* A fresh folder under TMPDIR, removed (with all in it) when the program ends. */
const char *suite_folder(void);

/* For messages: the error's sentence must contain this. */
#define ASSERT_ERR_SAYS(e, words)                                                                  \
	do {                                                                                       \
		if (strstr((e).text, words) == NULL)                                               \
			fprintf(stderr, "\n    said: %s\n", (e).text);                             \
		CU_ASSERT_PTR_NOT_NULL(strstr((e).text, words));                                   \
	} while (0)

#endif
