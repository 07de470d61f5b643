#include "admin/backup_manifest.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/suite.h"

#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* The members of a good one, to be changed one at a time. */
static const char good[] =
    "{\"format\":1,\"program\":\"trustlist 0.1.0\",\"cluster\":\"lab\",\"release\":\"12.5\","
    "\"created\":\"2026-11-24T00:00:00Z\","
    "\"nodes\":[{\"name\":\"lab-pub\",\"address\":\"10.0.0.1\",\"role\":\"publisher\"}],"
    "\"files\":[{\"path\":\"trustlist.db\",\"size\":7,\"sha256\":\"" SHA "\"},"
    "{\"path\":\"tftp/a b/\xc3\xa4.xml\",\"size\":0,\"sha256\":\"" SHA "\"}]}";

static void
what_it_says_is_read(void)
{
	struct manifest m;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(manifest_read(bytes_of(good), &m, &e), 0);
	CU_ASSERT_STRING_EQUAL(m.cluster, "lab");
	CU_ASSERT_STRING_EQUAL(m.release, "12.5");
	CU_ASSERT_EQUAL(m.created, 1795478400);
	CU_ASSERT_EQUAL(m.nodes, 1);
	CU_ASSERT(m.node[0].publisher);
	CU_ASSERT_STRING_EQUAL(m.node[0].address, "10.0.0.1");
	CU_ASSERT_EQUAL_FATAL(m.files, 2);
	CU_ASSERT_EQUAL(m.file[0].size, 7);
	CU_ASSERT_EQUAL(m.file[0].sha256[31], 0x1f);
	CU_ASSERT_STRING_EQUAL(m.file[1].path, "tftp/a b/\xc3\xa4.xml");
	manifest_free(&m);
}

static void
what_is_written_is_read_again(void)
{
	struct manifest m, again;
	struct wr json = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(manifest_read(bytes_of(good), &m, &e), 0);
	CU_ASSERT_EQUAL(manifest_write(&m, &json, &e), 0);
	CU_ASSERT_EQUAL_FATAL(manifest_read(wr_view(&json), &again, &e), 0);
	CU_ASSERT_EQUAL(manifest_same_files(&m, &again, &e), 0);
	CU_ASSERT_EQUAL(again.created, m.created);
	CU_ASSERT_STRING_EQUAL(again.node[0].name, "lab-pub");
	manifest_free(&m);
	manifest_free(&again);
	wr_free(&json);
}

/* The good one with the first `from` replaced. */
static void
is_refused(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	struct wr w = { 0 };
	struct manifest m;
	struct err e = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	wr_put(&w, bytes_over(good, (size_t)(at - good)));
	wr_text(&w, to);
	wr_text(&w, at + strlen(from));
	if (manifest_read(wr_view(&w), &m, &e) == 0 || e.code != ERR_NO) {
		fprintf(stderr, "\n    %s for %s\n", to, from);
		CU_FAIL("was not refused");
		manifest_free(&m);
	}
	wr_free(&w);
}

static void
what_does_not_add_up_is_refused(void)
{
	is_refused("\"format\":1", "\"format\":0");
	is_refused("\"format\":1", "\"format\":\"1\"");
	is_refused("\"format\":1", "\"format\":2"); /* of a newer program */
	is_refused("\"format\":1,", "");
	is_refused("\"cluster\":\"lab\"", "\"cluster\":\"\"");
	is_refused("\"cluster\":\"lab\"", "\"cluster\":[]");
	is_refused("\"cluster\":\"lab\"",
	    "\"cluster\":\"0123456789012345678901234567890123456789012345678901234567890123\"");
	is_refused("\"cluster\":\"lab\"", "\"cluster\":\"lab\",\"cluster\":\"lab\"");
	is_refused("2026-11-24T", "24.11.2026 ");
	is_refused("00:00Z", "00:00Z ");
	is_refused("\"role\":\"publisher\"", "\"role\":\"king\"");
	is_refused("\"address\":\"10.0.0.1\",", "");
	is_refused("\"size\":7", "\"size\":-7");
	is_refused("\"size\":7", "\"size\":7.5");
	is_refused("\"size\":7", "\"size\":99999999999999999999");
	is_refused(SHA, "00");
	is_refused(SHA, SHA "00");
	is_refused(SHA, "zz");
	is_refused("tftp/a b", "../a b");
	is_refused("tftp/a b", "/tftp");
	is_refused("tftp/a b", "tftp//b");
	is_refused("tftp/a b", "tftp/./b");
	is_refused("tftp/a b", "tftp\\\\b");
	is_refused("tftp/a b", "tftp/a\\nb");
	is_refused("tftp/a b", "tftp/\\u0000b");
	is_refused("}]}", "}]");
	is_refused("{\"format\"", "{{\"format\"");
	is_refused("\"nodes\":[{", "\"nodes\":[],\"nodez\":[{");
	is_refused("\"files\":[", "\"files\":{},\"filez\":[");
}

static void
cut_is_refused(struct bytes cut, size_t n, void *ctx)
{
	struct manifest m;
	struct err e = { 0 };

	(void)n;
	(void)ctx;
	CU_ASSERT_EQUAL(manifest_read(cut, &m, &e), -1);
}

static void
every_cut_is_refused(void)
{
	each_cut(bytes_of(good), cut_is_refused, NULL);
}

static void
files_that_differ_are_told(void)
{
	struct manifest a, b;
	struct err e = { 0 };
	char *path;

	CU_ASSERT_EQUAL_FATAL(manifest_read(bytes_of(good), &a, &e), 0);
	CU_ASSERT_EQUAL_FATAL(manifest_read(bytes_of(good), &b, &e), 0);
	b.file[1].sha256[5] ^= 1;
	CU_ASSERT_EQUAL(manifest_same_files(&a, &b, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	b.file[1].sha256[5] ^= 1;
	b.file[0].size++;
	CU_ASSERT_EQUAL(manifest_same_files(&a, &b, &e), -1);
	b.file[0].size--;
	b.file[1].path[5]++;
	CU_ASSERT_EQUAL(manifest_same_files(&a, &b, &e), -1);
	b.file[1].path[5]--;
	CU_ASSERT_EQUAL(manifest_add(&b, "tftp/z", 0, a.file[0].sha256, &e), 0);
	CU_ASSERT_EQUAL(manifest_same_files(&a, &b, &e), -1);
	CU_ASSERT_EQUAL(manifest_same_files(&b, &a, &e), -1);
	b.files--;
	path = b.file[b.files].path;
	CU_ASSERT_EQUAL(manifest_same_files(&a, &b, &e), 0);
	free(path);
	manifest_free(&a);
	manifest_free(&b);
}

static void
a_file_that_is_there_twice_is_refused(void)
{
	struct manifest m = { .created = 0 };
	uint8_t sha256[MANIFEST_SHA256] = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(manifest_add(&m, "tftp/b", 0, sha256, &e), 0);
	CU_ASSERT_EQUAL(manifest_add(&m, "tftp/a", 0, sha256, &e), 0);
	CU_ASSERT_EQUAL(manifest_same_files(&m, &m, &e), 0);
	CU_ASSERT_EQUAL(manifest_add(&m, "tftp/b", 0, sha256, &e), 0);
	CU_ASSERT_EQUAL(manifest_same_files(&m, &m, &e), -1);
	ASSERT_ERR_SAYS(e, "tftp/b is in the backup twice");
	manifest_free(&m);
}

static void
no_more_files_than_the_limit(void)
{
	struct manifest m = { .created = 0 };
	uint8_t sha256[MANIFEST_SHA256] = { 0 };
	struct err e = { 0 };

	for (int i = 0; i < MANIFEST_FILES_MAX; i++)
		CU_ASSERT_EQUAL(manifest_add(&m, "x", 0, sha256, &e), 0);
	CU_ASSERT_EQUAL(manifest_add(&m, "x", 0, sha256, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	manifest_free(&m);
}

static const struct suite_test tests[] = {
	{ "what it says is read", what_it_says_is_read },
	{ "what is written is read again", what_is_written_is_read_again },
	{ "what does not add up is refused", what_does_not_add_up_is_refused },
	{ "every cut is refused", every_cut_is_refused },
	{ "files that differ are told", files_that_differ_are_told },
	{ "a file that is there twice is refused", a_file_that_is_there_twice_is_refused },
	{ "no more files than the limit", no_more_files_than_the_limit },
};

SUITE_MAIN("admin/backup_manifest", tests)
