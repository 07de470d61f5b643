#include "cmd/phone/claim.h"

#include <string.h>

#include "base/file.h"

enum { FOLDER_MODE = 0700 };

/* Without other word a SEP is a 7975, the model whose boot order Cisco showed when Security By
 * Default was new; an ATA or a soft phone is the first of its kind in the table. */
const struct model *
claim_usual_model(const char *name)
{
	size_t n;
	const struct model *m = model_table(&n), *end = m + n;

	if (strncmp(name, "SEP", 3) == 0)
		return model_of("7975");
	while (m < end && strncmp(name, m->prefix, strlen(m->prefix)) != 0)
		m++;
	return m < end ? m : NULL;
}

static int
choose_model(const struct memory *m, const char *name, const struct model **model, struct err *e)
{
	const char *remembered = m->note.model;

	if (*model == NULL)
		*model = remembered != NULL ? model_of(remembered) : claim_usual_model(name);
	if (*model == NULL)
		return err_set(e, ERR_MALFORMED, "%s names a model that we do not know: %s",
		    m->folder, remembered);
	if (strncmp(name, (*model)->prefix, strlen((*model)->prefix)) != 0)
		return err_set(e, ERR_USAGE, "a %s has a name that starts with %s, not %s",
		    (*model)->name, (*model)->prefix, name);
	return 0;
}

/* A memory belongs to one phone: with another's lists a boot would tell nothing about this one. */
static int
claim(struct memory *m, const char *name, const struct model **model, struct err *e)
{
	if (m->note.name != NULL && strcmp(m->note.name, name) != 0) {
		err_set(e, ERR_USAGE, "%s is the memory of %s, not of %s", m->folder, m->note.name,
		    name);
		return err_hint(e, "give each phone a folder of its own");
	}
	if (choose_model(m, name, model, e) != 0)
		return -1;
	memory_note_set(&m->note.name, name);
	memory_note_set(&m->note.model, (*model)->name);
	return 0;
}

struct memory *
claim_memory(const char *folder, const char *name, const struct model *model,
    const struct model **out, struct err *e)
{
	return claim_memory_from(NULL, folder, name, model, out, e);
}

struct memory *
claim_memory_from(struct shelf *shelf, const char *folder, const char *name,
    const struct model *model, const struct model **out, struct err *e)
{
	struct memory *m;

	*out = NULL;
	if (!device_name_is(name)) {
		err_set(e, ERR_USAGE,
		    "%.60s is not a device name, such as SEP and twelve upper-case hex digits",
		    name);
		return NULL;
	}
	if (file_make_folder(folder, FOLDER_MODE, e) != 0)
		return NULL;
	m = memory_load_from(folder, shelf, e);
	if (m != NULL && claim(m, name, &model, e) != 0) {
		memory_free(m);
		return NULL;
	}
	if (m != NULL)
		*out = model;
	return m;
}
