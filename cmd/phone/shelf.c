#include "cmd/phone/shelf.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* The old and the new lists of a few servers. */
enum { PLACES = 16 };

struct place {
	struct tlist *list; /* NULL: free */
	unsigned lent;
	uint64_t used; /* the higher, the later */
};

struct shelf {
	struct place place[PLACES];
	uint64_t uses;
};

struct tlist *
shelf_whole_list(struct bytes file)
{
	struct tlist *l = tlist_decode(file, NULL);

	if (l == NULL || tlist_signer(l) == NULL || tlist_verify_self(l, NULL) == 0)
		return l;
	tlist_free(l);
	return NULL;
}

struct shelf *
shelf_new(void)
{
	return mem_new(sizeof(struct shelf));
}

void
shelf_free(struct shelf *s)
{
	for (size_t i = 0; s != NULL && i < PLACES; i++) {
		assert(s->place[i].lent == 0);
		tlist_free(s->place[i].list);
	}
	free(s);
}

static struct place *
find(struct shelf *s, struct bytes file)
{
	for (size_t i = 0; i < PLACES; i++)
		if (s->place[i].list != NULL && bytes_eq(s->place[i].list->file, file))
			return &s->place[i];
	return NULL;
}

/* The one that was not used for longest and is not lent. */
static struct place *
make_place(struct shelf *s)
{
	struct place *oldest = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &s->place[i];

		if (p->lent == 0 && (oldest == NULL || p->used < oldest->used))
			oldest = p;
	}
	assert(oldest != NULL); /* a phone has two lists, and is not two at a time */
	tlist_free(oldest->list);
	oldest->list = NULL;
	return oldest;
}

struct tlist *
shelf_lend(struct shelf *s, struct bytes file)
{
	struct place *p = find(s, file);

	if (p == NULL) {
		struct tlist *l = shelf_whole_list(file);

		if (l == NULL)
			return NULL;
		p = make_place(s);
		p->list = l;
	}
	p->lent++;
	p->used = ++s->uses;
	return p->list;
}

void
shelf_give_back(struct shelf *s, const struct tlist *list)
{
	size_t i = 0;

	while (i < PLACES && s->place[i].list != list)
		i++;
	assert(i < PLACES && s->place[i].lent > 0);
	s->place[i].lent--;
}
