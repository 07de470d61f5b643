#include "cmd/phone/fleet.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/claim.h"

/* A line of fleet.txt is at most a name, a model and a word; comments are short. */
enum { FOLDER_MODE = 0700, FILE_MODE = 0600, LINE_BYTES = 128 };
enum { LIST_MAX = (FLEET_PHONES_MAX + 1000) * LINE_BYTES };

#define LIST_NAME "fleet.txt"
#define MAC_END	  (UINT64_C(1) << 48)

static char *
list_path(const char *folder)
{
	return mem_fmt("%s/" LIST_NAME, folder);
}

bool
fleet_is(const char *folder)
{
	char *path = list_path(folder);
	bool is = file_exists(path);

	free(path);
	return is;
}

void
fleet_free(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->phone[i].folder);
	free(f->phone);
	free(f->folder);
	*f = (struct fleet){ NULL };
}

static int
by_name(const void *a, const void *b)
{
	const struct fleet_phone *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static void
sort(struct fleet *f)
{
	if (f->n > 0)
		qsort(f->phone, f->n, sizeof(*f->phone), by_name);
}

/* ---- what is made ---- */

struct share {
	uint64_t weight, left; /* left: what is over after the whole ones were given */
	size_t number;
};

/* How many of n each gets: as its share says, rounded so that they add up (largest remainder). */
static void
divide(struct share *s, size_t parts, size_t n)
{
	uint64_t sum = 0;
	size_t given = 0;

	for (size_t i = 0; i < parts; i++)
		sum += s[i].weight;
	for (size_t i = 0; i < parts; i++) {
		s[i].number = (size_t)(s[i].weight * n / sum);
		s[i].left = s[i].weight * n % sum;
		given += s[i].number;
	}
	for (; given < n; given++) {
		size_t most = 0;

		for (size_t i = 1; i < parts; i++)
			if (s[i].left > s[most].left)
				most = i;
		s[most].number++;
		s[most].left = 0;
	}
}

/* Is the nth of `of`, from 0, one of `some` that are spread over them evenly? */
static bool
is_one_of(size_t nth, size_t of, size_t some)
{
	return (nth + 1) * some / of != nth * some / of;
}

/* Whose turn it is, so that none waits longer than its number wants; its credit is taken. */
static size_t
next_part(const struct share *s, int64_t *credit, size_t parts, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < parts; i++)
		credit[i] += (int64_t)s[i].number;
	for (size_t i = 1; i < parts; i++)
		if (credit[i] > credit[most])
			most = i;
	credit[most] -= (int64_t)n;
	return most;
}

static void
place(struct fleet *f, size_t at, const struct model *model, uint64_t mac)
{
	struct fleet_phone *p = &f->phone[at];

	snprintf(p->name, sizeof(p->name), "%s%012" PRIX64, model->prefix, mac);
	p->model = model;
	p->folder = mem_fmt("%s/%s", f->folder, p->name);
}

static void
lay_out(const char *folder, const struct fleet_mix *mix, struct fleet *f)
{
	uint64_t mac = mix->first_mac == 0 ? FLEET_FIRST_MAC : mix->first_mac;
	struct share share[FLEET_MODELS_MAX] = { { 0 } };
	int64_t credit[FLEET_MODELS_MAX] = { 0 };

	for (size_t i = 0; i < mix->parts; i++)
		share[i].weight = mix->part[i].share;
	divide(share, mix->parts, mix->phones);
	f->folder = mem_text(folder);
	f->phone = mem_array(mix->phones, sizeof(*f->phone));
	for (f->n = 0; f->n < mix->phones; f->n++) {
		size_t part = next_part(share, credit, mix->parts, mix->phones);

		place(f, f->n, mix->part[part].model, mac + f->n);
	}
	sort(f);
	fleet_power(f, mix->off);
}

static int
check_mix(const struct fleet_mix *mix, struct err *e)
{
	if (mix->phones < 1 || mix->phones > FLEET_PHONES_MAX)
		return err_set(e, ERR_USAGE, "a fleet has 1 to %d phones, not %zu",
		    FLEET_PHONES_MAX, mix->phones);
	if (mix->parts < 1 || mix->parts > FLEET_MODELS_MAX)
		return err_set(e, ERR_USAGE, "a fleet is of 1 to %d models, not %zu",
		    FLEET_MODELS_MAX, mix->parts);
	if (mix->off > 100)
		return err_set(e, ERR_USAGE, "%u percent powered off", mix->off);
	for (size_t i = 0; i < mix->parts; i++)
		if (mix->part[i].share < 1 || mix->part[i].share > FLEET_SHARE_MAX)
			return err_set(e, ERR_USAGE, "the share of the %s is 1 to %d, not %u",
			    mix->part[i].model->name, FLEET_SHARE_MAX, mix->part[i].share);
	if (mix->first_mac >= MAC_END || MAC_END - mix->first_mac < mix->phones)
		return err_set(e, ERR_USAGE, "%012" PRIX64 " leaves no %zu addresses to count",
		    mix->first_mac, mix->phones);
	return 0;
}

/* Models stand in one table: each has its own place there. */
static size_t
place_of(const struct model *m)
{
	size_t n;

	return (size_t)(m - model_table(&n));
}

void
fleet_power(struct fleet *f, unsigned off)
{
	size_t models;
	struct share *share;
	size_t *met;

	(void)model_table(&models);
	share = mem_array(models, sizeof(*share));
	met = mem_array(models, sizeof(*met));
	for (size_t i = 0; i < f->n; i++)
		share[place_of(f->phone[i].model)].weight++;
	if (f->n > 0)
		divide(share, models, (f->n * off + 50) / 100);
	for (size_t i = 0; i < f->n; i++) {
		size_t at = place_of(f->phone[i].model);

		f->phone[i].off = is_one_of(met[at]++, (size_t)share[at].weight, share[at].number);
	}
	free(share);
	free(met);
}

/* ---- fleet.txt ---- */

int
fleet_keep(const struct fleet *f, struct err *e)
{
	char *path = list_path(f->folder);
	struct wr text = { .max = LIST_MAX };
	int rc;

	wr_text(&text, "# The phones of this fleet: name, model, and whether it has power.\n");
	for (size_t i = 0; i < f->n; i++)
		wr_fmt(&text, "%s %s %s\n", f->phone[i].name, f->phone[i].model->name,
		    f->phone[i].off ? "off" : "on");
	wr_text(&text, "end\n");
	rc = file_replace(path, wr_view(&text), FILE_MODE, e);
	wr_free(&text);
	free(path);
	return rc;
}

static struct fleet_phone *
one_more(struct fleet *f, size_t *room)
{
	f->phone = mem_room(f->phone, f->n, room, sizeof(*f->phone));
	f->phone[f->n] = (struct fleet_phone){ .off = false };
	return &f->phone[f->n++];
}

static int
take_phone(struct fleet *f, struct fleet_phone *p, char *line, struct err *e)
{
	char *rest = line, *name = strsep(&rest, " "), *model = strsep(&rest, " ");

	if (model == NULL || rest == NULL)
		return err_set(e, ERR_MALFORMED, "not NAME MODEL on|off");
	if (!device_name_is(name))
		return err_set(e, ERR_MALFORMED, "%.60s is not a device name", name);
	p->model = model_of(model);
	if (p->model == NULL)
		return err_set(e, ERR_MALFORMED, "%.60s is no model that we know", model);
	if (strncmp(name, p->model->prefix, strlen(p->model->prefix)) != 0)
		return err_set(e, ERR_MALFORMED, "a %s has a name that starts with %s, not %s",
		    p->model->name, p->model->prefix, name);
	p->off = strcmp(rest, "off") == 0;
	if (!p->off && strcmp(rest, "on") != 0)
		return err_set(e, ERR_MALFORMED, "%.60s is neither on nor off", rest);
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->folder = mem_fmt("%s/%s", f->folder, p->name);
	return 0;
}

/* The next line in `to`; false at the end.  *fits: it is text, and whole. */
static bool
next_line(struct bytes *left, char to[LINE_BYTES], bool *fits)
{
	const uint8_t *end = left->n == 0 ? NULL : memchr(left->p, '\n', left->n);
	size_t n = end == NULL ? left->n : (size_t)(end - left->p);

	if (left->n == 0)
		return false;
	*fits = end != NULL && n < LINE_BYTES && memchr(left->p, '\0', n) == NULL;
	snprintf(to, LINE_BYTES, "%.*s", *fits ? (int)n : 0, (const char *)left->p);
	*left = bytes_from(*left, n + 1);
	return true;
}

static int
take_line(struct fleet *f, size_t *room, char *line, bool fits, struct err *e)
{
	if (!fits)
		return err_set(e, ERR_MALFORMED, "too long, or cut off");
	if (line[0] == '\0' || line[0] == '#')
		return 0;
	if (f->n == FLEET_PHONES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d phones", FLEET_PHONES_MAX);
	return take_phone(f, one_more(f, room), line, e);
}

static int
check_names(const struct fleet *f, const char *path, struct err *e)
{
	for (size_t i = 1; i < f->n; i++)
		if (strcmp(f->phone[i - 1].name, f->phone[i].name) == 0)
			return err_set(
			    e, ERR_MALFORMED, "%s: %s stands there twice", path, f->phone[i].name);
	return 0;
}

static int
read_lines(const char *path, struct bytes text, struct fleet *f, struct err *e)
{
	char line[LINE_BYTES] = "";
	size_t room = 0, number = 0;
	bool fits = true, ended = false;

	while (!ended && next_line(&text, line, &fits)) {
		number++;
		ended = fits && strcmp(line, "end") == 0;
		if (!ended && take_line(f, &room, line, fits, e) != 0)
			return err_prefix(e, "%s:%zu", path, number);
	}
	if (!ended)
		return err_set(e, ERR_MALFORMED,
		    "%s:%zu: the list ends without the line `end`: it was cut off", path, number);
	if (text.n > 0)
		return err_set(e, ERR_MALFORMED, "%s:%zu: more after `end`", path, number + 1);
	sort(f);
	return check_names(f, path, e);
}

static int
read_list(const char *folder, struct fleet *f, struct err *e)
{
	char *path = list_path(folder);
	struct wr text = { .max = LIST_MAX };
	int rc = file_read(path, LIST_MAX, &text, e);

	f->folder = mem_text(folder);
	if (rc == 0)
		rc = read_lines(path, wr_view(&text), f, e);
	wr_free(&text);
	free(path);
	return rc;
}

int
fleet_names(const char *folder, struct fleet *out, struct err *e)
{
	int rc;

	*out = (struct fleet){ NULL };
	rc = read_list(folder, out, e);
	if (rc != 0)
		fleet_free(out);
	return rc;
}

/* ---- a fleet that nobody wrote a list of ---- */

static int
take_folder(struct fleet *f, size_t *room, const char *name, const char *path, struct shelf *shelf,
    struct err *e)
{
	struct memory *m = memory_load_from(path, shelf, e);
	const struct model *model = claim_usual_model(name);
	struct fleet_phone *p;
	int rc = 0;

	if (m == NULL)
		return -1;
	if (m->note.model != NULL)
		model = model_of(m->note.model);
	if (f->n == FLEET_PHONES_MAX)
		rc = err_set(
		    e, ERR_LIMIT, "%s holds more than %d phones", f->folder, FLEET_PHONES_MAX);
	else if (m->note.name != NULL && strcmp(m->note.name, name) != 0)
		rc = err_set(e, ERR_MALFORMED,
		    "%s is the memory of %s: in a fleet a folder is named for its phone", path,
		    m->note.name);
	else if (model == NULL)
		rc = err_set(e, ERR_MALFORMED, "%s names a model that we do not know: %.60s", path,
		    m->note.model);
	if (rc == 0) {
		p = one_more(f, room);
		snprintf(p->name, sizeof(p->name), "%.*s", DEVICE_NAME_MAX - 1, name);
		p->model = model;
		p->folder = mem_text(path);
	}
	memory_free(m);
	return rc;
}

static int
search(const char *folder, struct fleet *f, struct err *e)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, alphasort), rc = 0;
	struct shelf *shelf;
	size_t room = 0;

	f->folder = mem_text(folder);
	if (n < 0)
		return err_errno(e, "cannot read the folder %s", folder);
	shelf = shelf_new();
	for (int i = 0; i < n; i++) {
		char *path = mem_fmt("%s/%s", folder, entry[i]->d_name);

		if (rc == 0 && device_name_is(entry[i]->d_name) && memory_is(path))
			rc = take_folder(f, &room, entry[i]->d_name, path, shelf, e);
		free(path);
		free(entry[i]);
	}
	free(entry);
	shelf_free(shelf);
	if (rc == 0 && f->n == 0)
		return err_set(
		    e, ERR_NOT_FOUND, "%s is no fleet: no phone has booted in it", folder);
	sort(f);
	return rc;
}

/* ---- what the phones hold ---- */

static void
look_at_itl(struct fleet_phone *p, const struct tlist *itl)
{
	const struct tlist_record *signer = itl == NULL ? NULL : tlist_signer(itl);

	memset(p->itl_sha1, 0, sizeof(p->itl_sha1));
	memset(p->itl_signer, 0, sizeof(p->itl_signer));
	p->itl_signer_name[0] = '\0';
	if (itl == NULL)
		return;
	tlist_sha1(itl->file, p->itl_sha1);
	snprintf(p->itl_signer_name, sizeof(p->itl_signer_name), "%s", itl->head.signer_name);
	if (signer != NULL && signer->cert != NULL)
		memcpy(p->itl_signer, cert_sha256(signer->cert).p, sizeof(p->itl_signer));
}

void
fleet_look(struct fleet_phone *p, const struct memory *m)
{
	/* A model without Security By Default has no place for an ITL. */
	struct judge_memory held = { .ctl = m->list[MEMORY_CTL],
		.itl = p->model->sbd ? m->list[MEMORY_ITL] : NULL };
	const struct cert *lsc = m->identity[IDENTITY_LSC].cert;

	p->has_ctl = held.ctl != NULL;
	p->has_itl = held.itl != NULL;
	p->empty = (p->has_ctl || p->has_itl) && !judge_wants_signed(&held);
	memset(p->ctl_sha1, 0, sizeof(p->ctl_sha1));
	if (p->has_ctl)
		tlist_sha1(held.ctl->file, p->ctl_sha1);
	look_at_itl(p, held.itl);
	p->lsc_expires = lsc == NULL ? 0 : cert_not_after(lsc);
}

static void
look_at_note(struct fleet_phone *p, const struct memory_note *note)
{
	static const enum boot_outcome all[] = { BOOT_TRUSTED, BOOT_REFUSED, BOOT_UNREACHABLE,
		BOOT_NO_CONFIG };

	for (size_t i = 0; note->outcome != NULL && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(note->outcome, boot_outcome_word(all[i])) != 0)
			continue;
		p->booted = note->booted != 0;
		p->outcome = all[i];
	}
}

static int
remember_one(struct fleet_phone *p, struct shelf *shelf, struct err *e)
{
	struct memory *m = memory_load_from(p->folder, shelf, e);

	if (m == NULL)
		return err_prefix(e, "%s", p->name);
	fleet_look(p, m);
	look_at_note(p, &m->note);
	memory_free(m);
	return 0;
}

static int
remember(struct fleet *f, struct err *e)
{
	struct shelf *shelf = shelf_new();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->n; i++)
		rc = remember_one(&f->phone[i], shelf, e);
	shelf_free(shelf);
	return rc;
}

static int
finish(struct fleet *f, int rc)
{
	if (rc != 0)
		fleet_free(f);
	return rc;
}

int
fleet_load(const char *folder, struct fleet *out, struct err *e)
{
	int rc;

	*out = (struct fleet){ NULL };
	rc = fleet_is(folder) ? read_list(folder, out, e) : search(folder, out, e);
	if (rc == 0)
		rc = remember(out, e);
	return finish(out, rc);
}

static bool
are_the_same(const struct fleet *a, const struct fleet *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->phone[i].name, b->phone[i].name) != 0 ||
		    a->phone[i].model != b->phone[i].model)
			return false;
	return true;
}

static int
take_over(struct fleet *f, bool keep_power, struct err *e)
{
	struct fleet there = { NULL };
	int rc = read_list(f->folder, &there, e);

	if (rc == 0 && !are_the_same(f, &there)) {
		rc = err_set(
		    e, ERR_EXISTS, "%s holds another fleet, of %zu phones", f->folder, there.n);
		err_hint(e, "give each fleet a folder of its own");
	}
	for (size_t i = 0; rc == 0 && keep_power && i < f->n; i++)
		f->phone[i].off = there.phone[i].off;
	fleet_free(&there);
	return rc;
}

int
fleet_make(const char *folder, const struct fleet_mix *mix, struct fleet *out, struct err *e)
{
	bool is_there = fleet_is(folder);
	int rc;

	*out = (struct fleet){ NULL };
	if (check_mix(mix, e) != 0 || file_make_folder(folder, FOLDER_MODE, e) != 0)
		return -1;
	lay_out(folder, mix, out);
	rc = is_there ? take_over(out, mix->keep_power, e) : 0;
	if (rc == 0)
		rc = fleet_keep(out, e);
	if (rc == 0 && is_there)
		rc = remember(out, e);
	return finish(out, rc);
}
