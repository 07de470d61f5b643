#include "tests/support/suite.h"

#include <CUnit/Basic.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

int
suite_run(const char *name, const struct suite_test *tests, size_t n)
{
	CU_pSuite suite;
	unsigned failed;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite(name, NULL, NULL);
	for (size_t i = 0; suite != NULL && i < n; i++)
		if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
			return 1;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures() + (CU_get_number_of_tests_run() != n);
	CU_cleanup_registry();
	return failed == 0 ? 0 : 1;
}

struct wr
suite_file(const char *name)
{
	char *path = mem_fmt("%s/%s", TEST_DATA, name);
	struct wr w = { 0 };
	struct err e;

	if (file_read(path, WR_MAX, &w, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	free(path);
	return w;
}

struct wr
suite_hex(const char *hex)
{
	struct wr w = { 0 };
	char pair[3] = { 0 };
	uint8_t b;
	int at = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ' || *hex == '\n' || *hex == '\t' || *hex == '|')
			continue;
		pair[at++] = *hex;
		if (at < 2)
			continue;
		at = 0;
		if (bytes_unhex(pair, &b, 1) != 1)
			abort();
		wr_u8(&w, b);
	}
	if (at != 0)
		abort();
	return w;
}

void
each_cut(struct bytes whole, void (*see)(struct bytes cut, size_t n, void *ctx), void *ctx)
{
	for (size_t n = 0; n < whole.n; n++) {
		uint8_t *own = malloc(n ? n : 1);

		if (n > 0)
			memcpy(own, whole.p, n);
		see(bytes_over(own, n), n, ctx);
		free(own);
	}
}

void
each_flip(struct bytes whole, void (*see)(struct bytes flipped, size_t bit, void *ctx), void *ctx)
{
	uint8_t *own = malloc(whole.n ? whole.n : 1);

	for (size_t bit = 0; bit < whole.n * 8; bit++) {
		memcpy(own, whole.p, whole.n);
		own[bit / 8] ^= (uint8_t)(0x80u >> (bit % 8));
		see(bytes_over(own, whole.n), bit, ctx);
	}
	free(own);
}

static char folder[256];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void
remove_folder(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
suite_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (folder[0] != '\0')
		return folder;
	snprintf(folder, sizeof(folder), "%s/trustlist-test-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		abort();
	atexit(remove_folder);
	return folder;
}
