#include "admin/backup_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PART = 1 << 16 };

/* ---- names ---- */

static bool
part_is_fit(const char *part, size_t n)
{
	if (n == 0 || n > TAR_PART_MAX)
		return false;
	return !(part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.')));
}

bool
tar_name_is_fit(const char *name)
{
	size_t depth = 0;

	if (strlen(name) >= TAR_NAME_MAX || !bytes_is_utf8(bytes_of(name)))
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '\\')
			return false;
	for (;;) {
		size_t n = strcspn(name, "/");

		if (!part_is_fit(name, n) || ++depth > TAR_DEPTH_MAX)
			return false;
		if (name[n] == '\0')
			return true;
		name += n + 1;
	}
}

/* ---- writing ---- */

struct tar_out {
	struct archive *a;
	struct archive_entry *entry;
	tar_put put;
	void *ctx;
	uint64_t left;	/* bytes that the member is to have yet */
	bool abandoned; /* nobody wants the rest */
	struct err why;
};

/* Why: what put() or get() said, else what libarchive says. */
static int
out_failed(struct tar_out *t, struct err *e)
{
	if (t->why.code != ERR_NONE && e != NULL) {
		*e = t->why;
		return -1;
	}
	return err_set(e, ERR_FAILED, "libarchive: %s", archive_error_string(t->a));
}

static la_ssize_t
on_write(struct archive *a, void *ctx, const void *p, size_t n)
{
	struct tar_out *t = ctx;

	if (t->abandoned || t->put(t->ctx, bytes_over(p, n), &t->why) == 0)
		return (la_ssize_t)n;
	archive_set_error(a, EIO, "cannot write");
	return -1;
}

struct tar_out *
tar_out_new(tar_put put, void *ctx, struct err *e)
{
	struct tar_out *t = mem_new(sizeof(*t));

	*t = (struct tar_out){ .put = put, .ctx = ctx };
	t->a = archive_write_new();
	t->entry = archive_entry_new();
	/* GNU's tar takes names as the bytes they are, whatever the locale. */
	if (t->a != NULL && t->entry != NULL &&
	    archive_write_set_format_gnutar(t->a) == ARCHIVE_OK &&
	    archive_write_set_bytes_in_last_block(t->a, 1) == ARCHIVE_OK &&
	    archive_write_open(t->a, t, NULL, on_write, NULL) == ARCHIVE_OK)
		return t;
	err_set(e, ERR_FAILED, "libarchive cannot begin an archive");
	tar_out_free(t);
	return NULL;
}

int
tar_out_member(struct tar_out *t, const struct tar_member *m, struct err *e)
{
	assert(t->left == 0);
	assert(tar_name_is_fit(m->name));
	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, m->name);
	archive_entry_set_filetype(t->entry, AE_IFREG);
	archive_entry_set_perm(t->entry, m->secret ? 0600 : 0644);
	archive_entry_set_size(t->entry, (la_int64_t)m->size);
	archive_entry_set_mtime(t->entry, m->changed, 0);
	if (archive_write_header(t->a, t->entry) != ARCHIVE_OK)
		return out_failed(t, e);
	t->left = m->size;
	return 0;
}

int
tar_out_put(struct tar_out *t, struct bytes part, struct err *e)
{
	assert(part.n <= t->left);
	while (part.n > 0) {
		la_ssize_t n = archive_write_data(t->a, part.p, part.n);

		if (n <= 0)
			return out_failed(t, e);
		part = bytes_from(part, (size_t)n);
		t->left -= (uint64_t)n;
	}
	return 0;
}

int
tar_out_finish(struct tar_out *t, struct err *e)
{
	assert(t->left == 0);
	return archive_write_close(t->a) == ARCHIVE_OK ? 0 : out_failed(t, e);
}

void
tar_out_free(struct tar_out *t)
{
	if (t == NULL)
		return;
	/* libarchive ends an archive that was not finished when it frees it (and leaks memory when
	 * it is told by archive_write_fail() not to). */
	t->abandoned = true;
	archive_write_free(t->a);
	archive_entry_free(t->entry);
	free(t);
}

/* ---- reading ---- */

struct tar_in {
	struct archive *a;
	tar_get get;
	void *ctx;
	uint64_t left;
	bool within; /* a member: its end was not looked for yet */
	struct err why;
	uint8_t part[PART];
};

static int
in_failed(struct tar_in *t, struct err *e)
{
	if (t->why.code != ERR_NONE && e != NULL) {
		*e = t->why;
		return -1;
	}
	return err_set(e, ERR_NO, "not a tar archive that trustlist made: %s",
	    archive_error_string(t->a) != NULL ? archive_error_string(t->a) : "it ends too early");
}

static la_ssize_t
on_read(struct archive *a, void *ctx, const void **to)
{
	struct tar_in *t = ctx;
	struct bytes part;

	if (t->get(t->ctx, &part, &t->why) != 0) {
		archive_set_error(a, EIO, "cannot read");
		return -1;
	}
	*to = part.p;
	return (la_ssize_t)part.n;
}

struct tar_in *
tar_in_new(tar_get get, void *ctx, struct err *e)
{
	struct tar_in *t = mem_new(sizeof(*t));

	t->get = get;
	t->ctx = ctx;
	t->a = archive_read_new();
	/* No other format, and nothing compressed: there is no bomb to be taken for an archive. */
	if (t->a != NULL && archive_read_support_format_tar(t->a) == ARCHIVE_OK &&
	    archive_read_open(t->a, t, NULL, on_read, NULL) == ARCHIVE_OK)
		return t;
	if (t->a != NULL)
		in_failed(t, e);
	else
		err_set(e, ERR_FAILED, "libarchive cannot begin to read");
	tar_in_free(t);
	return NULL;
}

static bool
is_plain(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == NULL &&
	       archive_entry_symlink(entry) == NULL && archive_entry_sparse_count(entry) == 0 &&
	       archive_entry_size_is_set(entry) && archive_entry_size(entry) >= 0;
}

int
tar_in_member(struct tar_in *t, struct tar_member *m, struct err *e)
{
	struct archive_entry *entry;
	int rc = archive_read_next_header(t->a, &entry);

	*m = (struct tar_member){ .name = NULL };
	if (rc == ARCHIVE_EOF && t->why.code == ERR_NONE)
		return 0;
	if (rc != ARCHIVE_OK)
		return in_failed(t, e);
	m->name = archive_entry_pathname(entry);
	if (m->name == NULL || !tar_name_is_fit(m->name))
		return err_set(e, ERR_NO, "a file in the backup has a name that is not allowed");
	if (!is_plain(entry))
		return err_set(e, ERR_NO, "%.200s in the backup is not a plain file", m->name);
	m->size = (uint64_t)archive_entry_size(entry);
	m->changed = archive_entry_mtime_is_set(entry) ? archive_entry_mtime(entry) : 0;
	t->left = m->size;
	t->within = true;
	return 1;
}

int
tar_in_get(struct tar_in *t, struct bytes *part, struct err *e)
{
	la_ssize_t n;

	*part = bytes_over(NULL, 0);
	if (!t->within)
		return 0;
	n = archive_read_data(t->a, t->part, sizeof(t->part));
	if (n < 0 || (uint64_t)n > t->left || (n == 0 && t->left > 0))
		return in_failed(t, e);
	t->within = n > 0;
	t->left -= (uint64_t)n;
	*part = bytes_over(t->part, (size_t)n);
	return 0;
}

void
tar_in_free(struct tar_in *t)
{
	if (t == NULL)
		return;
	archive_read_free(t->a);
	mem_wipe(t->part, sizeof(t->part));
	free(t);
}
