#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "tests/support/suite.h"

static void
sentence_is_set_with_its_code(void)
{
	struct err e = { .hint = "of an earlier error" };

	CU_ASSERT_EQUAL(err_set(&e, ERR_LIMIT, "record %d of %s", 3, "ITLFile.tlv"), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_STRING_EQUAL(e.text, "record 3 of ITLFile.tlv");
	CU_ASSERT_STRING_EQUAL(e.hint, "");
}

static void
context_is_put_before_the_sentence(void)
{
	struct err e;

	err_set(&e, ERR_NO, "signature does not verify");
	err_hint(&e, "say --with %s", "CERT.pem");
	CU_ASSERT_EQUAL(err_prefix(&e, "record %d", 3), -1);
	err_prefix(&e, "ITLFile.tlv");
	CU_ASSERT_STRING_EQUAL(e.text, "ITLFile.tlv: record 3: signature does not verify");
	CU_ASSERT_STRING_EQUAL(e.hint, "say --with CERT.pem");
	CU_ASSERT_EQUAL(e.code, ERR_NO);
}

static void
errno_is_told_in_words(void)
{
	struct err e;

	errno = ENOENT;
	CU_ASSERT_EQUAL(err_errno(&e, "cannot open %s", "x"), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(e.text, "cannot open x: No such file or directory");
	errno = EACCES;
	err_errno(&e, "cannot open x");
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
}

static void
long_sentences_are_cut(void)
{
	char text[sizeof(((struct err *)0)->text) + 100];
	struct err e;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ERR_FAILED, "%s", text);
	CU_ASSERT_EQUAL(strlen(e.text), sizeof(e.text) - 1);
	err_prefix(&e, "%s", text);
	CU_ASSERT_EQUAL(strlen(e.text), sizeof(e.text) - 1);
	errno = EIO;
	err_errno(&e, "%s", text);
	err_hint(&e, "%s", text);
	CU_ASSERT_EQUAL(strlen(e.text), sizeof(e.text) - 1);
	CU_ASSERT_EQUAL(strlen(e.hint), sizeof(e.hint) - 1);
}

static void
nobody_has_to_ask_why(void)
{
	CU_ASSERT_EQUAL(err_set(NULL, ERR_FAILED, "x"), -1);
	CU_ASSERT_EQUAL(err_prefix(NULL, "x"), -1);
	CU_ASSERT_EQUAL(err_hint(NULL, "x"), -1);
	CU_ASSERT_EQUAL(err_errno(NULL, "x"), -1);
	err_clear(NULL);
}

static void
cleared_error_is_none(void)
{
	struct err e;

	err_set(&e, ERR_FAILED, "x");
	err_hint(&e, "y");
	err_clear(&e);
	CU_ASSERT_EQUAL(e.code, ERR_NONE);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_STRING_EQUAL(e.hint, "");
}

static const struct suite_test tests[] = {
	{ "sentence is set with its code", sentence_is_set_with_its_code },
	{ "context is put before the sentence", context_is_put_before_the_sentence },
	{ "errno is told in words", errno_is_told_in_words },
	{ "long sentences are cut", long_sentences_are_cut },
	{ "nobody has to ask why", nobody_has_to_ask_why },
	{ "cleared error is none", cleared_error_is_none },
};

SUITE_MAIN("base/err", tests)
