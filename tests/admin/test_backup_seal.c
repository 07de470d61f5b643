#include "admin/backup_seal.h"

#include <fcntl.h>
#include <openssl/cms.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/backup_frame.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"

#define PASSPHRASE "correct horse battery staple"

enum { FEW = 1 }; /* rounds, where thousands of files are opened */

/* Bytes that repeat nowhere near. */
static struct wr
some_content(size_t n)
{
	struct wr w = { 0 };

	for (size_t i = 0; i < n; i++)
		wr_u8(&w, (uint8_t)((i * 2654435761U) >> 11));
	return w;
}

static int
fresh_file(void)
{
	char *path = mem_fmt("%s/sealed", suite_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	free(path);
	return fd;
}

/* Given to the writer in pieces of this size. */
static int
sealed(struct bytes content, size_t piece, unsigned rounds)
{
	struct err e = { 0 };
	int fd = fresh_file();
	struct seal *s = seal_new(fd, bytes_of(PASSPHRASE), rounds, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	while (content.n > 0) {
		CU_ASSERT_EQUAL(seal_put(s, bytes_part(content, 0, piece), &e), 0);
		content = bytes_from(content, piece);
	}
	CU_ASSERT_EQUAL(seal_finish(s, &e), 0);
	seal_free(s);
	return fd;
}

static struct wr
whole(int fd)
{
	struct wr w = { 0 };
	uint8_t part[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, part, sizeof(part))) > 0)
		wr_put(&w, bytes_over(part, (size_t)n));
	return w;
}

/* All of the content, or -1. */
static int
opened(int fd, const char *passphrase, struct wr *to, struct err *e)
{
	struct unseal *u = unseal_new(fd, bytes_of(passphrase), e);
	struct bytes part;
	int rc = u == NULL ? -1 : 0;

	while (rc == 0 && (rc = unseal_next(u, &part, e)) == 0 && part.n > 0)
		wr_put(to, part);
	unseal_free(u);
	return rc;
}

static void
what_goes_in_comes_out_again(void)
{
	static const size_t size[] = { 0, 1, 15, 16, 17, 100, 112, 127, 128, 239, 240, 255, 256,
		4079, 4080, 4081, 4095, 4096, 4097, 8176, 8192, 50000 };

	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		for (size_t piece = 7; piece < 100000; piece *= 31) {
			struct wr in = some_content(size[i]), out = { 0 };
			int fd = sealed(wr_view(&in), piece, FEW);
			struct err e = { 0 };

			CU_ASSERT_EQUAL(opened(fd, PASSPHRASE, &out, &e), 0);
			CU_ASSERT(bytes_eq(wr_view(&in), wr_view(&out)));
			close(fd);
			wr_free(&in);
			wr_free(&out);
		}
	}
}

/* The other implementation: OpenSSL's own CMS, which knows nothing of ours. */
static void
openssl_opens_it(void)
{
	struct wr in = some_content(10000);
	int fd = sealed(wr_view(&in), 1000, SEAL_ROUNDS);
	struct wr file = whole(fd);
	const unsigned char *p = file.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)file.n);
	BIO *out = BIO_new(BIO_s_mem());
	char *plain;
	long n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(cms);
	CU_ASSERT(p == file.p + file.n);
	CU_ASSERT_EQUAL(
	    CMS_decrypt_set1_password(cms, (unsigned char *)PASSPHRASE, strlen(PASSPHRASE)), 1);
	CU_ASSERT_EQUAL(CMS_decrypt(cms, NULL, NULL, NULL, out, 0), 1);
	n = BIO_get_mem_data(out, &plain);
	CU_ASSERT(bytes_eq(wr_view(&in), bytes_over(plain, (size_t)n)));
	BIO_free(out);
	CMS_ContentInfo_free(cms);
	wr_free(&file);
	wr_free(&in);
	close(fd);
}

static void
another_passphrase_opens_nothing(void)
{
	static const char *const wrong[] = { "", "correct horse battery stapl",
		"correct horse battery staple ", "Correct horse battery staple" };
	struct wr in = some_content(100), out = { 0 };
	int fd = sealed(wr_view(&in), 100, FEW);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = { 0 };

		CU_ASSERT_EQUAL(opened(fd, wrong[i], &out, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_NO);
		ASSERT_ERR_SAYS(e, "passphrase");
	}
	CU_ASSERT_EQUAL(out.n, 0);
	wr_free(&in);
	close(fd);
}

static void
is_refused(struct bytes b, const char *what, size_t at)
{
	int fd = fresh_file();
	struct wr out = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(file_write(fd, b), 0);
	if (opened(fd, PASSPHRASE, &out, &e) == 0 || e.code != ERR_NO || out.n != 0) {
		fprintf(stderr, "\n    %s %zu: %s\n", what, at, e.text);
		CU_FAIL("was not refused");
	}
	wr_free(&out);
	close(fd);
}

static void
cut_is_refused(struct bytes cut, size_t n, void *ctx)
{
	(void)ctx;
	is_refused(cut, "cut to", n);
}

static void
flip_is_refused(struct bytes flipped, size_t bit, void *ctx)
{
	(void)ctx;
	is_refused(flipped, "bit", bit);
}

static void
every_cut_every_flipped_bit_and_every_byte_more_is_refused(void)
{
	struct wr in = some_content(300), more;
	int fd = sealed(wr_view(&in), 300, FEW);
	struct wr file = whole(fd);

	close(fd);
	each_cut(wr_view(&file), cut_is_refused, NULL);
	each_flip(wr_view(&file), flip_is_refused, NULL);
	for (unsigned byte = 0; byte < 256; byte++) {
		more = (struct wr){ 0 };
		wr_put(&more, wr_view(&file));
		wr_u8(&more, (uint8_t)byte);
		is_refused(wr_view(&more), "one more,", byte);
		wr_free(&more);
	}
	wr_free(&file);
	wr_free(&in);
}

/* Several elements: what leads each of them matters as much as what is in it. */
static void
every_flipped_byte_of_a_longer_one_is_refused(void)
{
	struct wr in = some_content(9000);
	int fd = sealed(wr_view(&in), 9000, FEW);
	struct wr file = whole(fd);

	close(fd);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= (uint8_t)(1U << (i % 8));
		is_refused(wr_view(&file), "byte", i);
		file.p[i] ^= (uint8_t)(1U << (i % 8));
	}
	wr_free(&file);
	wr_free(&in);
}

static void
what_is_altered_while_it_is_read_is_refused_at_the_end(void)
{
	struct wr in = some_content(50000), out = { 0 };
	int fd = sealed(wr_view(&in), 5000, FEW), rc = 0;
	struct err e = { 0 };
	struct unseal *u = unseal_new(fd, bytes_of(PASSPHRASE), &e);
	struct bytes part;
	uint8_t byte;

	CU_ASSERT_PTR_NOT_NULL_FATAL(u);
	CU_ASSERT_EQUAL(pread(fd, &byte, 1, 30000), 1);
	byte ^= 0x10;
	CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, 30000), 1);
	while ((rc = unseal_next(u, &part, &e)) == 0 && part.n > 0)
		;
	CU_ASSERT_EQUAL(rc, -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	unseal_free(u);
	wr_free(&out);
	wr_free(&in);
	close(fd);
}

static void
nobody_is_kept_busy_with_endless_rounds(void)
{
	struct frame f = { .rounds = 0x7fffffff };
	struct wr w = { 0 };

	frame_put_head(&w, &f);
	wr_fill(&w, 0, 4096);
	is_refused(wr_view(&w), "rounds", f.rounds);
	wr_free(&w);
}

/* As RFC 3211 has it: 32 bytes of key, and three complemented ones to check by. */
static void
the_wrapped_key_is_known_by_its_check(void)
{
	struct frame f = { .rounds = FEW };
	uint8_t key[FRAME_KEY], back[FRAME_KEY];
	struct err e = { 0 };

	memset(key, 0x5a, sizeof(key));
	CU_ASSERT_EQUAL(frame_wrap(&f, bytes_of("one"), key, &e), 0);
	CU_ASSERT_EQUAL(frame_unwrap(&f, bytes_of("one"), back, &e), 0);
	CU_ASSERT_EQUAL(memcmp(key, back, sizeof(key)), 0);
	CU_ASSERT_EQUAL(frame_unwrap(&f, bytes_of("two"), back, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
}

static const struct suite_test tests[] = {
	{ "what goes in comes out again", what_goes_in_comes_out_again },
	{ "OpenSSL opens it", openssl_opens_it },
	{ "another passphrase opens nothing", another_passphrase_opens_nothing },
	{ "every cut, every flipped bit and every byte more is refused",
	    every_cut_every_flipped_bit_and_every_byte_more_is_refused },
	{ "every flipped byte of a longer one is refused",
	    every_flipped_byte_of_a_longer_one_is_refused },
	{ "what is altered while it is read is refused at the end",
	    what_is_altered_while_it_is_read_is_refused_at_the_end },
	{ "nobody is kept busy with endless rounds", nobody_is_kept_busy_with_endless_rounds },
	{ "the wrapped key is known by its check", the_wrapped_key_is_known_by_its_check },
};

SUITE_MAIN("admin/backup_seal", tests)
