/* links: tl_format */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "trust/inspect.h"
#include "trust/tlist.h"

static void
no_row(void *ctx, const struct inspect_row *row)
{
	(void)ctx;
	assert(row->name != NULL);
}

static void
put_number(struct wr *w, unsigned value, size_t size)
{
	if (size == 1)
		wr_u8(w, (uint8_t)value);
	else
		wr_u16(w, (uint16_t)value);
}

/* The value bytes of one element, from what the decoder made of them. */
static void
put_value(struct wr *w, const struct tlist_record *r, unsigned tag)
{
	const struct bytes value[] = {
		[2] = bytes_over(r->dns, r->size[2]),
		[3] = bytes_over(r->subject, r->size[3]),
		[5] = bytes_over(r->issuer, r->size[5]),
		[6] = r->serial,
		[7] = r->public_key,
		[8] = r->signature,
		[9] = r->der,
		[10] = r->address,
		[11] = r->hash,
		[12] = bytes_over(NULL, 0),
	};
	const unsigned number[] = { [1] = r->length, [4] = r->role, [12] = r->hash_digest };

	if (tag == 1 || tag == 4 || tag == 12)
		put_number(w, number[tag], r->size[tag]);
	else
		wr_put(w, value[tag]);
}

static void
put_record(struct wr *w, const struct tlist_record *r)
{
	for (const uint8_t *tag = r->order; *tag != 0; tag++) {
		size_t mark = wr_open(w, *tag);

		put_value(w, r, *tag);
		wr_close(w, mark);
	}
}

/* Nothing of a list that decodes is lost: its records can be written down again. */
static void
check_records(const struct tlist *l)
{
	struct wr w = { 0 };

	for (size_t i = 0; i < l->n; i++)
		put_record(&w, &l->record[i]);
	assert(bytes_eq(wr_view(&w), bytes_from(l->file, l->head.length)));
	wr_free(&w);
}

static void
check_words(const struct tlist *l)
{
	struct wr w = { 0 };
	char warning[256];

	tlist_compare(l, l, &w);
	assert(w.n == 0 && tlist_same(l, l));
	tlist_print(l, 0, &w);
	assert(w.n > 0 && bytes_is_utf8(wr_view(&w)) && memchr(w.p, '\x1b', w.n) == NULL);
	tlist_warning(l, warning, sizeof(warning));
	wr_free(&w);
}

/* inspect finds nothing exactly when the reader and the list's own signer have no complaint. */
static void
check_inspected(struct bytes file, const struct tlist *l)
{
	bool fine = l != NULL && tlist_verify_self(l, NULL) == 0;

	if (inspect_kind_of(file) == INSPECT_LIST)
		assert((inspect_walk(file, no_row, NULL) == 0) == fine);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes file = bytes_over(p, n);
	struct err e = { 0 };
	struct tlist *l = tlist_decode(file, &e);

	assert((l == NULL) == (e.text[0] != '\0'));
	check_inspected(file, l);
	if (l == NULL)
		return 0;
	check_records(l);
	check_words(l);
	tlist_free(l);
	return 0;
}
