#include "cmd/phone/memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/vouched.h"
#include "cmd/phone/when.h"

/* A configuration holds passwords of the phone. */
enum { FILE_MODE = 0600 };

static const char note_name[] = "phone.txt";

#define TEXT(word, field)                                                                          \
	{                                                                                          \
		.section = "phone", .key = (word), .kind = CONF_TEXT,                              \
		.offset = offsetof(struct memory_note, field)                                      \
	}

static const struct conf_setting table[] = {
	TEXT("name", name),
	TEXT("model", model),
	TEXT("config", config),
	TEXT("outcome", outcome),
	{ .section = "phone",
	    .key = "booted",
	    .kind = CONF_CHECK,
	    .offset = offsetof(struct memory_note, booted),
	    .check = when_check },
	TEXT("status1", status[0]),
	TEXT("status2", status[1]),
	TEXT("status3", status[2]),
	TEXT("status4", status[3]),
	TEXT("status5", status[4]),
	TEXT("status6", status[5]),
	TEXT("status7", status[6]),
	TEXT("status8", status[7]),
};

enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

static char *
path_of(const struct memory *m, const char *name)
{
	return mem_fmt("%s/%s", m->folder, name);
}

const char *
memory_list_name(enum memory_list which)
{
	return which == MEMORY_CTL ? "CTLFile.tlv" : "ITLFile.tlv";
}

static bool
holds(const char *folder, const char *name)
{
	char *path = mem_fmt("%s/%s", folder, name);
	bool is = file_exists(path);

	free(path);
	return is;
}

/* A phone cut off in its first boot has left a list, but no note; one that was given certificates
 * by hand has these. */
bool
memory_is(const char *folder)
{
	return holds(folder, note_name) || holds(folder, memory_list_name(MEMORY_CTL)) ||
	       holds(folder, memory_list_name(MEMORY_ITL)) ||
	       holds(folder, identity_file(IDENTITY_LSC)) ||
	       holds(folder, identity_file(IDENTITY_MIC));
}

static void
take_list(struct memory *m, enum memory_list which, struct bytes file)
{
	m->lent[which] = m->shelf != NULL;
	m->list[which] = m->lent[which] ? shelf_lend(m->shelf, file) : shelf_whole_list(file);
}

static void
drop_list(struct memory *m, enum memory_list which)
{
	if (m->list[which] != NULL && m->lent[which])
		shelf_give_back(m->shelf, m->list[which]);
	else
		tlist_free(m->list[which]);
	m->list[which] = NULL;
	m->lent[which] = false;
}

static int
load_list(struct memory *m, enum memory_list which, struct err *e)
{
	char *path = path_of(m, memory_list_name(which));
	struct wr file = { 0 };
	int rc = 0;

	if (!file_exists(path))
		goto out;
	rc = file_read(path, TLIST_MAX, &file, e);
	if (rc == 0)
		take_list(m, which, wr_view(&file));
	else if (e->code == ERR_LIMIT)
		rc = 0;
	m->damaged[which] = rc == 0 && m->list[which] == NULL;
out:
	wr_free(&file);
	free(path);
	return rc;
}

static int
load_note(struct memory *m, struct err *e)
{
	char *path = path_of(m, note_name);
	int rc = 0;

	if (file_exists(path))
		rc = conf_read(path, table, SETTINGS, &m->note, NULL, e);
	free(path);
	return rc;
}

static int
load_identities(struct memory *m, struct err *e)
{
	for (int kind = 0; kind < IDENTITIES; kind++)
		if (identity_load(m->folder, kind, &m->identity[kind], e) != 0)
			return -1;
	return 0;
}

struct memory *
memory_load(const char *folder, struct err *e)
{
	return memory_load_from(folder, NULL, e);
}

struct memory *
memory_load_from(const char *folder, struct shelf *shelf, struct err *e)
{
	struct memory *m = mem_new(sizeof(*m));
	struct err own;

	if (e == NULL)
		e = &own;
	m->folder = mem_text(folder);
	m->shelf = shelf;
	if (load_note(m, e) == 0 && load_list(m, MEMORY_CTL, e) == 0 &&
	    load_list(m, MEMORY_ITL, e) == 0 && load_identities(m, e) == 0)
		return m;
	memory_free(m);
	return NULL;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	for (int i = 0; i < MEMORY_LISTS; i++)
		drop_list(m, i);
	for (size_t i = 0; i < IDENTITIES; i++)
		identity_clear(&m->identity[i]);
	conf_free(table, SETTINGS, &m->note);
	free(m->folder);
	free(m);
}

static int
replace(const struct memory *m, const char *name, struct bytes content, struct err *e)
{
	char *path = path_of(m, name);
	int rc = file_replace(path, content, FILE_MODE, e);

	free(path);
	return rc;
}

int
memory_keep_list(struct memory *m, enum memory_list which, struct tlist *list, struct err *e)
{
	if (replace(m, memory_list_name(which), list->file, e) != 0)
		return -1;
	drop_list(m, which);
	m->list[which] = list;
	m->damaged[which] = false;
	return 0;
}

/* A key that cannot be erased after its certificate came does no harm: the next one replaces it. */
int
memory_keep_identity(
    struct memory *m, enum identity_kind kind, struct cert *c, struct key *k, struct err *e)
{
	if (identity_keep(m->folder, kind, c, k, e) != 0)
		return -1;
	if (kind == IDENTITY_LSC)
		identity_erase_next(m->folder, NULL);
	identity_clear(&m->identity[kind]);
	m->identity[kind] = (struct identity){ .cert = c, .key = k };
	return 0;
}

int
memory_erase_lsc(struct memory *m, struct err *e)
{
	if (identity_erase(m->folder, IDENTITY_LSC, e) != 0 ||
	    identity_erase_next(m->folder, e) != 0)
		return -1;
	identity_clear(&m->identity[IDENTITY_LSC]);
	return 0;
}

static char *
config_name(const struct memory *m)
{
	return mem_fmt("%s.cnf.xml", m->note.name);
}

/* What is there already need not be written, and synced, again at each boot. */
static bool
is_there(const struct memory *m, const char *name, struct bytes content)
{
	char *path = path_of(m, name);
	struct wr file = { 0 };
	bool is = file_read(path, content.n, &file, NULL) == 0 && bytes_eq(wr_view(&file), content);

	wr_wipe(&file);
	free(path);
	return is;
}

int
memory_keep_config(struct memory *m, const char *from, struct bytes config, struct err *e)
{
	char *name = config_name(m);
	int rc = is_there(m, name, config) ? 0 : replace(m, name, config, e);

	if (rc == 0)
		memory_note_set(&m->note.config, from);
	free(name);
	return rc;
}

int
memory_config(const struct memory *m, struct wr *out, struct err *e)
{
	char *name, *path;
	int rc;

	if (m->note.config == NULL || m->note.name == NULL)
		return err_set(e, ERR_NOT_FOUND, "the phone has no configuration yet");
	name = config_name(m);
	path = path_of(m, name);
	rc = file_read(path, WR_MAX, out, e);
	free(path);
	free(name);
	return rc;
}

void
memory_note_set(char **field, const char *text)
{
	char *copy = mem_text(text);

	free(*field);
	*field = copy;
}

void
memory_note_set_status(struct memory_note *note, const struct words *status)
{
	for (size_t i = 0; i < MEMORY_STATUS_MAX; i++)
		memory_note_set(&note->status[i], i < status->n ? status->line[i] : NULL);
}

static void
write_setting(const struct memory_note *note, const struct conf_setting *s, struct wr *out)
{
	const char *field = (const char *)note + s->offset;
	char when[WHEN_MAX];

	if (s->kind == CONF_TEXT && *(char *const *)field != NULL)
		wr_fmt(out, "%s = %s\n", s->key, *(char *const *)field);
	if (s->kind != CONF_CHECK || note->booted == 0)
		return;
	when_text(note->booted, when);
	wr_fmt(out, "%s = %s\n", s->key, when);
}

int
memory_keep_note(const struct memory *m, struct err *e)
{
	struct wr text = { 0 };
	int rc;

	wr_text(&text, "# What a virtual phone remembers besides the files beside this one.\n"
		       "[phone]\n");
	for (size_t i = 0; i < SETTINGS; i++)
		write_setting(&m->note, &table[i], &text);
	rc = replace(m, note_name, wr_view(&text), e);
	wr_free(&text);
	return rc;
}

static int
erase(struct memory *m, enum memory_list which, struct err *e)
{
	char *path = path_of(m, memory_list_name(which));
	int rc = 0;

	if (unlink(path) != 0 && errno != ENOENT)
		rc = err_errno(e, "cannot erase %s", path);
	free(path);
	if (rc != 0)
		return -1;
	drop_list(m, which);
	m->damaged[which] = false;
	return 0;
}

int
memory_erase_lists(struct memory *m, struct err *e)
{
	if (erase(m, MEMORY_CTL, e) != 0 || erase(m, MEMORY_ITL, e) != 0 ||
	    vouched_erase(m->folder, e) != 0)
		return -1;
	memory_note_set_status(
	    &m->note, &(struct words){ .line = { "Erasing CTL and ITL files" }, .n = 1 });
	return memory_keep_note(m, e);
}
