#include "tftp/folder.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tftp/asked.h"

enum {
	INDEXES = 32,
	READS_PER_SECOND = 32 /* of folders, for an index: whoever asks, the rest must go on */
};

/* The names in one folder, by capitals-blind order. */
struct index {
	char *path; /* under the root; "": the root.  NULL: this place is free */
	struct file_identity identity;
	int64_t looked; /* when, Unix seconds */
	char **name;
	size_t names;
};

struct folder {
	int root;
	char where[FOLDER_PATH_MAX];
	struct index index[INDEXES];
	size_t next;	/* whose place is taken next */
	int64_t second; /* in which so many folders were read */
	unsigned reads;
};

/* The end tells more than the beginning. */
static void
note_where(struct folder *f)
{
	char link[64], path[PATH_MAX];
	size_t room = sizeof(f->where) - 1, n;
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", f->root);
	got = readlink(link, path, sizeof(path));
	if (got <= 0)
		got = snprintf(path, sizeof(path), "the folder");
	n = (size_t)got < room ? (size_t)got : room;
	memcpy(f->where, &path[(size_t)got - n], n);
	f->where[n] = '\0';
}

struct folder *
folder_new(int root)
{
	struct folder *f = mem_new(sizeof(*f));

	f->root = root;
	note_where(f);
	return f;
}

static void
index_clear(struct index *i)
{
	for (size_t k = 0; k < i->names; k++)
		free(i->name[k]);
	free(i->name);
	free(i->path);
	*i = (struct index){ .path = NULL };
}

void
folder_free(struct folder *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < INDEXES; i++)
		index_clear(&f->index[i]);
	free(f);
}

const char *
folder_where(const struct folder *f)
{
	return f->where;
}

/* ---- the index of a folder ---- */

/* Of names that differ in capitals alone the order is still one. */
static int
by_name(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int order = strcasecmp(x, y);

	return order != 0 ? order : strcmp(x, y);
}

/* Takes fd. */
static void
read_names(struct index *i, int fd)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;
	size_t room = 0;

	if (d == NULL) {
		close(fd);
		return;
	}
	while (i->names < FOLDER_NAMES_MAX && (entry = readdir(d)) != NULL) { /* NOLINT: own dir */
		if (entry->d_name[0] == '.')
			continue;
		if (i->names == room) {
			room = room != 0 ? 2 * room : 64;
			i->name = mem_resize(i->name, room * sizeof(*i->name));
		}
		i->name[i->names++] = mem_text(entry->d_name);
	}
	closedir(d);
	if (i->names > 0)
		qsort(i->name, i->names, sizeof(*i->name), by_name);
}

static struct index *
place_for(struct folder *f, const char *path)
{
	struct index *i;

	for (size_t k = 0; k < INDEXES; k++)
		if (f->index[k].path != NULL && strcmp(f->index[k].path, path) == 0)
			return &f->index[k];
	i = &f->index[f->next];
	f->next = (f->next + 1) % INDEXES;
	index_clear(i);
	i->path = mem_text(path);
	return i;
}

/* Nothing may have been added in the same tick of the clock of files as we looked. */
static bool
was_settled(const struct index *i)
{
	return i->identity.changed_ns / 1000000000 < i->looked - 1;
}

static bool
may_read(struct folder *f, int64_t now)
{
	if (f->second != now)
		f->reads = 0;
	f->second = now;
	return f->reads++ < READS_PER_SECOND;
}

/* Read again when the folder has changed, but not more than once a second: names that do not exist
 * come from anybody, and a large folder takes milliseconds. */
static const struct index *
index_of(struct folder *f, const char *path, int64_t now)
{
	struct index *i = place_for(f, path);
	struct file_identity identity;
	int fd;

	if (i->looked != 0 && i->looked == now)
		return i;
	if (!may_read(f, now))
		return NULL;
	fd = file_folder_under(f->root, path, NULL);
	if (fd < 0 || file_identity_of(fd, &identity, NULL) != 0) {
		if (fd >= 0)
			close(fd);
		index_clear(i);
		return NULL;
	}
	if (i->looked != 0 && file_identity_eq(&identity, &i->identity) && was_settled(i)) {
		close(fd);
		return i;
	}
	index_clear(i);
	i->path = mem_text(path);
	i->identity = identity;
	i->looked = now;
	read_names(i, fd);
	return i;
}

/* The name as it is written there: the same if there is that one, else the first that differs in
 * capitals alone; NULL. */
static const char *
spelling_of(const struct index *i, const char *name)
{
	size_t low = 0, high = i->names;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(i->name[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == i->names || strcasecmp(i->name[low], name) != 0)
		return NULL;
	for (size_t k = low; k < i->names && strcasecmp(i->name[k], name) == 0; k++)
		if (strcmp(i->name[k], name) == 0)
			return i->name[k];
	return i->name[low];
}

/* ---- finding ---- */

/* Appends a part to a path; false when it becomes too long. */
static bool
append(char path[ASKED_NAME_MAX], const char *part)
{
	size_t n = strlen(path), more = strlen(part);

	if (n + 1 + more >= ASKED_NAME_MAX)
		return false;
	if (n > 0)
		path[n++] = '/';
	memcpy(&path[n], part, more + 1);
	return true;
}

/* Part by part, the folders as well. */
static bool
spell(struct folder *f, const char *name, int64_t now, char path[ASKED_NAME_MAX])
{
	char part[ASKED_NAME_MAX];

	path[0] = '\0';
	while (*name != '\0') {
		size_t n = strcspn(name, "/");
		const struct index *i = index_of(f, path, now);
		const char *found;

		if (n == 0 || n >= sizeof(part) || i == NULL)
			return false;
		memcpy(part, name, n);
		part[n] = '\0';
		found = spelling_of(i, part);
		if (found == NULL || !append(path, found))
			return false;
		name += n + (name[n] == '/');
	}
	return true;
}

/* Encrypted for one phone, a file must not be had in the clear by writing its name in small
 * letters. */
static bool
is_of_a_phone(const char *name)
{
	return strcasestr(name, ".cnf.xml") != NULL || strcasestr(name, ".tlv") != NULL;
}

int
folder_open(struct folder *f, const char *name, int64_t now, bool *respelled, struct err *e)
{
	char path[ASKED_NAME_MAX];
	struct err why;
	bool other = false;
	int fd = file_open_under(f->root, name, &why);

	if (fd < 0 && why.code == ERR_NOT_FOUND && !is_of_a_phone(name) &&
	    spell(f, name, now, path) && strcmp(path, name) != 0) {
		other = true;
		fd = file_open_under(f->root, path, &why);
	}
	if (respelled != NULL)
		*respelled = other;
	if (fd < 0)
		return err_set(e, why.code, "%s", why.text);
	return fd;
}
