#include "cmd/vphone_show.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/enrol_show.h"
#include "cmd/phone/fleet.h"

struct memory *
vphone_load(const char *folder, struct err *e)
{
	if (memory_is(folder))
		return memory_load(folder, e);
	err_set(e, ERR_NOT_FOUND, "no virtual phone has booted with %s as its memory", folder);
	return NULL;
}

void
vphone_show_status(const char *line, struct out *o)
{
	out_line(o, "  %s", line);
	out_add_text(o, "status", NULL, line);
}

static void
show_checksum(const char *key, const char *digest, struct bytes file, struct out *o)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	size_t n;

	if (EVP_Q_digest(NULL, digest, NULL, file.p, file.n, sum, &n) != 1)
		n = 0; /* a library without MD5 */
	out_hex(o, key, strcmp(digest, "SHA1") == 0 ? "SHA-1" : NULL, bytes_over(sum, n));
}

static void
show_checksums(const struct tlist *l, struct out *o)
{
	show_checksum("sha1", "SHA1", l->file, o);
	show_checksum("md5", "MD5", l->file, o);
}

static void
show_list(const struct memory *m, enum memory_list which, struct out *o)
{
	const struct tlist *l = m->list[which];

	out_row(o);
	out_text(o, "list", "List", memory_list_name(which));
	out_text(o, "state", "State",
	    l != NULL		? "held"
	    : m->damaged[which] ? "damaged" /* the phone acts as if it had none */
				: "none");
	if (l == NULL)
		return;
	out_text(o, "signer", "Signer", l->head.signer_name);
	out_int(o, "records", "Records", (int64_t)l->n);
	out_int(o, "bytes", "Bytes", (int64_t)l->file.n);
	out_bool(o, "empty_tftp", NULL, tlist_has_empty_tftp(l));
	show_checksums(l, o);
}

static void
show_note(const struct memory_note *note, struct out *o)
{
	out_text(o, "name", "Name", note->name);
	out_text(o, "model", "Model", note->model);
	out_time(o, "booted", "Last boot", note->booted);
	out_text(o, "outcome", "Result", note->outcome);
	out_text(o, "config", "Configuration", note->config);
	out_line(o, "Status screen:");
	out_add_text(o, "status", NULL, NULL);
	for (size_t i = 0; i < MEMORY_STATUS_MAX && note->status[i] != NULL; i++)
		vphone_show_status(note->status[i], o);
	out_line(o, "%s", "");
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "List", "State", "Signer", "Records", "Bytes",
		"SHA-1", NULL };
	struct memory *m = vphone_load(call_option(c, "memory"), e);

	if (m == NULL)
		return -1;
	show_note(&m->note, o);
	out_table(o, "lists", headings);
	show_list(m, MEMORY_CTL, o);
	show_list(m, MEMORY_ITL, o);
	out_table_end(o);
	out_line(o, "%s", "");
	enrol_show_identities(m, o);
	memory_free(m);
	return 0;
}

static const char *
signer_of(const struct memory *m, enum memory_list which)
{
	return m->list[which] == NULL ? NULL : m->list[which]->head.signer_name;
}

static const char *
power_word(const struct fleet_phone *p)
{
	return p == NULL ? NULL : p->off ? "off" : "on";
}

/* p: of the fleet that it is one of; NULL: of none, and then nobody knows of its power. */
static int
show_phone(const char *folder, const struct fleet_phone *p, struct shelf *shelf, struct out *o,
    struct err *e)
{
	struct memory *m = memory_load_from(folder, shelf, e);
	const struct cert *lsc = m == NULL ? NULL : m->identity[IDENTITY_LSC].cert;

	if (m == NULL)
		return -1;
	out_row(o);
	out_text(o, "name", "Name", m->note.name != NULL || p == NULL ? m->note.name : p->name);
	out_text(o, "model", "Model",
	    m->note.model != NULL || p == NULL ? m->note.model : p->model->name);
	out_text(o, "power", p == NULL ? NULL : "Power", power_word(p));
	out_text(o, "outcome", "Result", m->note.outcome);
	out_time(o, "booted", "Last boot", m->note.booted);
	out_text(o, "ctl_signer", "CTL signed by", signer_of(m, MEMORY_CTL));
	out_text(o, "itl_signer", "ITL signed by", signer_of(m, MEMORY_ITL));
	if (lsc != NULL)
		out_time(o, "lsc_expires", "LSC expires", cert_not_after(lsc));
	else
		out_text(o, "lsc_expires", "LSC expires", NULL);
	out_text(o, "memory", NULL, folder);
	memory_free(m);
	return 0;
}

static int
show_phone_in(
    const char *folder, const char *name, struct shelf *shelf, struct out *o, struct err *e)
{
	char *path = mem_fmt("%s/%s", folder, name);
	int rc = memory_is(path) ? show_phone(path, NULL, shelf, o, e) : 0;

	free(path);
	return rc;
}

static int
show_phones(const char *folder, struct shelf *shelf, struct out *o, struct err *e)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, alphasort), rc = 0;

	if (n < 0)
		return err_errno(e, "cannot read the folder %s", folder);
	for (int i = 0; i < n; i++) {
		if (rc == 0 && entry[i]->d_name[0] != '.')
			rc = show_phone_in(folder, entry[i]->d_name, shelf, o, e);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

/* All of them, also those that have not booted yet. */
static int
show_fleet(const char *folder, struct shelf *shelf, struct out *o, struct err *e)
{
	struct fleet f;
	int rc = fleet_names(folder, &f, e);

	for (size_t i = 0; rc == 0 && i < f.n; i++)
		rc = show_phone(f.phone[i].folder, &f.phone[i], shelf, o, e);
	fleet_free(&f);
	return rc;
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const of_fleet[] = { "Name", "Model", "Power", "Result", "Last boot",
		"CTL signed by", "ITL signed by", "LSC expires", NULL };
	static const char *const headings[] = { "Name", "Model", "Result", "Last boot",
		"CTL signed by", "ITL signed by", "LSC expires", NULL };
	const char *folder = call_option(c, "memory");
	bool is_fleet = fleet_is(folder);
	struct shelf *shelf;
	int rc;

	if (!file_exists(folder))
		return err_set(e, ERR_NOT_FOUND, "there is no folder %s", folder);
	shelf = shelf_new();
	out_table(o, "phones", is_fleet ? of_fleet : headings);
	if (is_fleet)
		rc = show_fleet(folder, shelf, o, e);
	else if (memory_is(folder))
		rc = show_phone(folder, NULL, shelf, o, e);
	else
		rc = show_phones(folder, shelf, o, e);
	out_table_end(o);
	shelf_free(shelf);
	return rc;
}

static int
run_erase(const struct call *c, struct out *o, struct err *e)
{
	struct memory *m = vphone_load(call_option(c, "memory"), e);
	int rc = -1;

	if (m == NULL)
		return -1;
	out_text(o, "name", NULL, m->note.name);
	out_bool(o, "had_ctl", NULL, m->list[MEMORY_CTL] != NULL);
	out_bool(o, "had_itl", NULL, m->list[MEMORY_ITL] != NULL);
	out_bool(o, "had_lsc", NULL, m->identity[IDENTITY_LSC].cert != NULL);
	if (memory_erase_lists(m, e) == 0) {
		out_line(o, "%s", m->note.status[0]);
		rc = 0;
	}
	if (rc == 0 && call_has(c, "lsc"))
		rc = memory_erase_lsc(m, e);
	memory_free(m);
	return rc;
}

#define MEMORY_OPTION                                                                              \
	{                                                                                          \
		.name = "memory", .metavar = "DIR", .help = "the folder of the phone's memory",    \
		.must = true, .takes = VALUE_PHONES                                                \
	}

static const struct verb verbs[] = {
	{ .words = "vphone show",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "Shows what a virtual phone remembers",
	    .option = { MEMORY_OPTION },
	    .run = run_show },
	{ .words = "vphone list",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "Lists the virtual phones whose memories are folders in DIR",
	    .option = { MEMORY_OPTION },
	    .run = run_list },
	{ .words = "vphone erase",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_OPERATE,
	    .help = "Erases a virtual phone's CTL and ITL, as a hand would",
	    .option = { MEMORY_OPTION, { .name = "lsc", .help = "its LSC, too" } },
	    .run = run_erase },
};

const struct verb_set vphone_show_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
