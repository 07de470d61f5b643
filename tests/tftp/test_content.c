#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/content.h"

static struct wr
written(const char *text)
{
	struct wr w = { 0 };

	wr_text(&w, text);
	return w;
}

static int
file_with(const char *text)
{
	char *path = mem_fmt("%s/body", suite_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	free(path);
	return fd;
}

static bool
reads(const struct content *c, uint64_t offset, const char *expected)
{
	char buf[64] = { 0 };
	struct err e;

	if (content_read(c, offset, buf, strlen(expected), &e) != 0)
		return false;
	return strcmp(buf, expected) == 0;
}

/* Into two places, of which the first takes some. */
static bool
scatters(const struct content *c, uint64_t offset, const char *expected, size_t first)
{
	size_t n = strlen(expected);
	char one[64] = { 0 }, two[64] = { 0 };
	struct iovec part[] = { { one, first }, { two, n - first } };
	struct err e;

	return content_scatter(c, offset, part, 2, &e) == 0 && strncmp(one, expected, first) == 0 &&
	       strcmp(two, &expected[first]) == 0 && one[first] == '\0';
}

/* Every part of it: within the head, across the seam, within the body, at the end. */
static void
check_every_part(const struct content *c, const char *whole)
{
	size_t n = strlen(whole);

	CU_ASSERT_EQUAL(content_size(c), n);
	for (size_t from = 0; from <= n; from++) {
		for (size_t to = from; to <= n; to++) {
			char *part = mem_text_n(&whole[from], to - from);

			CU_ASSERT(reads(c, from, part));
			for (size_t first = 0; first <= to - from; first++)
				CU_ASSERT(scatters(c, from, part, first));
			free(part);
		}
	}
}

static void
memory_is_read_across_head_and_body(void)
{
	struct wr head = written("head:"), body = written("the body");
	struct content *c = content_of_memory(&head, &body);

	CU_ASSERT_EQUAL(head.n + body.n, 0);
	check_every_part(c, "head:the body");
	content_unref(c);
}

static void
a_file_is_read_behind_its_head(void)
{
	struct wr head = written("head:");
	struct content *c = content_of_file(&head, file_with("the body"), 8);

	check_every_part(c, "head:the body");
	content_unref(c);
}

static void
either_part_may_be_missing(void)
{
	struct wr only = written("only");
	struct content *c = content_of_memory(&only, NULL);

	check_every_part(c, "only");
	content_unref(c);
	only = written("only");
	c = content_of_memory(NULL, &only);
	check_every_part(c, "only");
	content_unref(c);
	c = content_of_memory(NULL, NULL);
	check_every_part(c, "");
	content_unref(c);
	c = content_of_file(NULL, file_with(""), 0);
	check_every_part(c, "");
	content_unref(c);
}

static void
a_file_cut_short_is_an_error(void)
{
	int fd = file_with("0123456789");
	struct content *c = content_of_file(NULL, fd, 10);
	char buf[10];
	struct iovec part[] = { { buf, 5 }, { &buf[5], 5 } };
	struct err e;

	CU_ASSERT_EQUAL(ftruncate(fd, 4), 0);
	CU_ASSERT(reads(c, 0, "0123"));
	CU_ASSERT_EQUAL(content_read(c, 2, buf, 8, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "cut short at byte 4");
	CU_ASSERT_EQUAL(content_scatter(c, 0, part, 2, &e), -1);
	ASSERT_ERR_SAYS(e, "cut short at byte 4");
	content_unref(c);
}

static void
a_file_that_grows_is_cut_at_its_size(void)
{
	int fd = file_with("0123");
	struct content *c = content_of_file(NULL, fd, 4);

	CU_ASSERT_EQUAL(pwrite(fd, "0123456789", 10, 0), 10);
	check_every_part(c, "0123");
	content_unref(c);
}

static void
the_last_reference_closes_the_file(void)
{
	int fd = file_with("body");
	struct content *c = content_of_file(NULL, fd, 4);

	CU_ASSERT_PTR_EQUAL(content_ref(c), c);
	content_unref(c);
	CU_ASSERT(reads(c, 0, "body"));
	content_unref(c);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
	content_unref(NULL);
}

static const struct suite_test tests[] = {
	{ "memory is read across head and body", memory_is_read_across_head_and_body },
	{ "a file is read behind its head", a_file_is_read_behind_its_head },
	{ "either part may be missing", either_part_may_be_missing },
	{ "a file cut short is an error", a_file_cut_short_is_an_error },
	{ "a file that grows is cut at its size", a_file_that_grows_is_cut_at_its_size },
	{ "the last reference closes the file", the_last_reference_closes_the_file },
};

SUITE_MAIN("tftp/content", tests)
