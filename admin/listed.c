#include "admin/listed.h"

#include <errno.h>
#include <stdlib.h>

#include "admin/ctl_due.h"
#include "base/mem.h"
#include "trust/certs.h"
#include "trust/ctl.h"
#include "trust/listing.h"
#include "trust/node.h"
#include "trust/param.h"
#include "trust/role.h"
#include "trust/service.h"
#include "trust/tlist.h"

/* Whose lists a call means. */
struct meant {
	enum history_kind kind;
	struct node node; /* whose TFTP serves them */
	int64_t filed;	  /* the node in the history */
	int64_t served;	  /* id of the one that TFTP serves; 0: none */
	bool runs;	  /* TFTP does */
};

/* A list of the history, read. */
struct loaded {
	struct listing_entry entry;
	struct tlist *list;
};

static int
find_meant(const struct call *c, enum history_kind kind, struct meant *m, struct err *e)
{
	struct service tftp;

	*m = (struct meant){ .kind = kind };
	if (node_find(c->store, call_option(c, "node"), &m->node, e) != 0 ||
	    service_get(c->store, m->node.id, "TFTP", &tftp, e) != 0)
		return -1;
	m->filed = kind == HISTORY_CTL ? HISTORY_CLUSTER : m->node.id;
	m->served = kind == HISTORY_CTL ? tftp.ctl : tftp.itl;
	m->runs = tftp.running;
	return 0;
}

static void
loaded_free(struct loaded *l)
{
	tlist_free(l->list);
	l->list = NULL;
}

/* The form of the list that was loaded which is for phones that know EC. */
static int
load_ec(struct store *s, struct loaded *l, struct err *e)
{
	struct wr file = { 0 };
	int rc = listing_file_ec(s, l->entry.id, &file, e);

	loaded_free(l);
	if (rc == 1)
		l->list = tlist_decode(wr_view(&file), e);
	wr_free(&file);
	if (rc != 0)
		return l->list == NULL ? -1 : 0;
	err_set(e, ERR_NOT_FOUND, "ITL number %d was built without a form for phones that know EC",
	    l->entry.number);
	return err_hint(e, "the parameter " PARAM_ADVANCED " makes one, from release 11.5 on");
}

static int
load(struct store *s, struct loaded *l, struct err *e)
{
	struct wr file = { 0 };

	if (history_file(s, l->entry.id, &file, e) == 0)
		l->list = tlist_decode(wr_view(&file), e);
	wr_free(&file);
	return l->list == NULL ? -1 : 0;
}

static int
number_of(const char *text, int *number, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || v == 0 || v < -1000000 || v > 1000000)
		return err_set(e, ERR_USAGE,
		    "\"%.40s\" is no number of a list (1, 2, ...; -1: the newest)", text);
	*number = (int)v;
	return 0;
}

/* The lines that CUCM prints (TechNotes 118892 and 118893). */
static int
say_none(struct out *o, struct err *e)
{
	out_line(o, "Length of CTL file: 0");
	out_line(o,
	    "CTL File not found. Please run CTLClient plugin or run the CLI - utils ctl.. to "
	    "generate the CTL file.");
	out_line(o, "Error parsing the CTL File.");
	err_set(e, ERR_NOT_FOUND, "the cluster has no CTL");
	return err_hint(e, "trustlist utils ctl set-cluster mixed-mode makes one");
}

/* -1 and said, when it is a CTL and there was never one. */
static int
check_any(const struct call *c, struct out *o, const struct meant *m, struct err *e)
{
	struct listing_entry newest;
	int rc = history_newest(c->store, m->kind, m->filed, &newest, e);

	if (rc == 0 && m->kind == HISTORY_CTL)
		return say_none(o, e);
	return rc < 0 ? -1 : 0;
}

static int
load_numbered(
    struct store *s, const struct meant *m, const char *text, struct loaded *l, struct err *e)
{
	int number = 0;

	*l = (struct loaded){ .list = NULL };
	if (number_of(text, &number, e) != 0 ||
	    history_numbered(s, m->kind, m->filed, number, &l->entry, e) != 0)
		return -1;
	return load(s, l, e);
}

/* What TFTP serves is the one of its last start; without one, the newest. */
static int
load_served(struct store *s, const struct meant *m, struct loaded *l, struct err *e)
{
	enum history_kind kind;
	int number = -1;

	*l = (struct loaded){ .list = NULL };
	if (m->served != 0 && history_of(s, m->served, &kind, &number, e) < 0)
		return -1;
	if (history_numbered(s, m->kind, m->filed, number, &l->entry, e) != 0)
		return -1;
	return load(s, l, e);
}

/* The list that the call means: --number, or the one that is served. */
static int
load_meant(
    const struct call *c, struct out *o, const struct meant *m, struct loaded *l, struct err *e)
{
	if (check_any(c, o, m, e) != 0)
		return -1;
	if (call_has(c, "number") ? load_numbered(c->store, m, call_option(c, "number"), l, e) != 0
				  : load_served(c->store, m, l, e) != 0)
		return -1;
	return call_has(c, "ec") ? load_ec(c->store, l, e) : 0;
}

static void
put_record(struct out *o, const struct tlist_record *r, size_t number)
{
	out_row(o);
	out_int(o, "number", NULL, (int64_t)number);
	out_int(o, "role", NULL, r->role);
	out_text(o, "function", NULL, role_function(r->role));
	out_text(o, "dns", NULL, r->dns);
	out_text(o, "subject", NULL, r->subject);
	out_text(o, "issuer", NULL, r->issuer);
	out_hex(o, "serial", NULL, r->serial);
	out_bool(o, "blank", NULL, tlist_is_blank(r));
	if (r->cert != NULL)
		out_hex(o, "sha1", NULL, cert_sha1(r->cert));
}

static void
put_signer_version(struct out *o, const struct sighdr *head)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u", head->signer_version[0], head->signer_version[1]);
	out_text(o, "signer_version", NULL, head->has_signer_version ? text : NULL);
}

static void
put_sums(struct out *o, struct bytes file)
{
	uint8_t md5[TLIST_MD5_BYTES], sha1[TLIST_SHA1_BYTES];

	tlist_md5(file, md5);
	tlist_sha1(file, sha1);
	out_hex(o, "md5", NULL, bytes_over(md5, sizeof(md5)));
	out_hex(o, "sha1", NULL, bytes_over(sha1, sizeof(sha1)));
}

static void
put_list(struct out *o, const struct loaded *l, const struct node *node)
{
	out_text(o, "node", NULL, node->name);
	out_int(o, "number", NULL, l->entry.number);
	out_time(o, "built", NULL, l->entry.built);
	out_text(o, "why", NULL, l->entry.why);
	out_int(o, "length", NULL, (int64_t)l->list->file.n);
	put_sums(o, l->list->file);
	out_text(o, "signer", NULL, l->list->head.signer_name);
	out_hex(o, "signer_serial", NULL, l->list->head.serial);
	out_text(o, "digest", NULL, digest_word(l->list->head.digest));
	put_signer_version(o, &l->list->head);
	out_table(o, "records", NULL);
	for (size_t i = 0; i < l->list->n; i++)
		put_record(o, &l->list->record[i], i + 1);
	out_table_end(o);
}

/* Below the list, after a blank line.  Takes the text over. */
static void
say_apart(struct out *o, char *text)
{
	out_block(o, "\n");
	out_line(o, "%s", text);
	free(text);
}

static void
say_newer(const struct call *c, struct out *o, const struct loaded *l, const struct meant *m)
{
	struct listing_entry newest;

	if (call_has(c, "number"))
		return;
	if (history_newest(c->store, m->kind, m->filed, &newest, NULL) == 1 &&
	    newest.id != l->entry.id)
		say_apart(o, mem_fmt("%s number %d is newer (%s): served after TFTP restarts.",
				 history_word(m->kind), newest.number, newest.why));
	else if (m->served == 0)
		say_apart(o, mem_text("Not served before TFTP restarts."));
}

static int
put_state(const struct call *c, struct out *o, struct err *e)
{
	struct ctl_state ctl;

	if (ctl_look(c->store, &ctl, e) != 0)
		return -1;
	out_bool(o, "update_due", NULL, ctl.due);
	out_text(o, "update_why", NULL, ctl.due ? ctl.why : NULL);
	if (ctl.due)
		say_apart(o, mem_fmt("The newest CTL is not up to date: %s.  %s", ctl.why,
				 ctl_due_command(ctl.tokens)));
	return 0;
}

int
listed_show(const struct call *c, struct out *o, enum history_kind kind, struct err *e)
{
	struct wr text = { 0 };
	struct meant m;
	struct loaded l;
	int rc = 0;

	if (find_meant(c, kind, &m, e) != 0 || load_meant(c, o, &m, &l, e) != 0)
		return -1;
	tlist_print(l.list, l.entry.built, &text);
	out_block(o, wr_cstr(&text));
	put_list(o, &l, &m.node);
	say_newer(c, o, &l, &m);
	if (kind == HISTORY_CTL)
		rc = put_state(c, o, e);
	wr_free(&text);
	loaded_free(&l);
	return rc;
}

int
listed_export(const struct call *c, struct out *o, enum history_kind kind, struct err *e)
{
	struct meant m;
	struct loaded l;

	if (find_meant(c, kind, &m, e) != 0 || load_meant(c, o, &m, &l, e) != 0)
		return -1;
	out_raw(o, l.list->file);
	loaded_free(&l);
	return 0;
}

/* The certificate we hold that the list names as its signer; NULL when we hold none. */
static struct cert *
signer_we_hold(struct store *s, const struct tlist *l, struct err *e)
{
	struct held_cert *all;
	struct cert *found = NULL;
	size_t n;

	if (certs_list(s, &all, &n, e) != 0)
		return NULL;
	for (size_t i = 0; found == NULL && i < n; i++)
		if (sighdr_names(&l->head, all[i].cert))
			found = cert_copy(all[i].cert);
	certs_list_free(all, n);
	if (found == NULL)
		err_set(e, ERR_NO, "no certificate of the cluster is the signer %.200s",
		    l->head.signer_name);
	return found;
}

/* A token's certificate is in no store of ours: what it signed came through our hands when it was
 * built, and is checked against its own record. */
static bool
is_by_token(const struct tlist *l)
{
	const struct tlist_record *signer = tlist_signer(l);

	return tlist_is_ctl(l) && signer != NULL && signer->dns != NULL && signer->dns[0] == '\0';
}

static int
verify(const struct call *c, const struct tlist *l, struct err *e)
{
	struct cert *signer;
	int rc = -1;

	if (is_by_token(l))
		return tlist_verify_self(l, e);
	signer = signer_we_hold(c->store, l, e);
	if (signer != NULL)
		rc = tlist_verify(l, signer, e);
	cert_free(signer);
	return rc;
}

int
listed_verify(const struct call *c, struct out *o, enum history_kind kind, struct err *e)
{
	struct meant m;
	struct loaded l;
	int rc;

	if (find_meant(c, kind, &m, e) != 0 || load_meant(c, o, &m, &l, e) != 0)
		return -1;
	rc = verify(c, l.list, e);
	out_text(o, "node", NULL, m.node.name);
	out_int(o, "number", NULL, l.entry.number);
	out_text(o, "signer", NULL, l.list->head.signer_name);
	out_bool(o, "verified", NULL, rc == 0);
	if (rc == 0)
		out_line(o, "%s number %d of %s was verified successfully: signed by %s%s",
		    history_word(kind), l.entry.number, m.node.name, l.list->head.signer_name,
		    is_by_token(l.list) ? ", a security token" : "");
	loaded_free(&l);
	return rc;
}

static void
put_difference(
    struct out *o, const struct meant *m, const struct loaded *from, const struct loaded *to)
{
	struct wr lines = { 0 };

	tlist_compare(from->list, to->list, &lines);
	out_int(o, "from", NULL, from->entry.number);
	out_int(o, "to", NULL, to->entry.number);
	out_bool(o, "same", NULL, tlist_same(from->list, to->list));
	out_text(o, "differences", NULL, wr_cstr(&lines));
	out_line(o, "%s number %d -> %d of %s (%s)", history_word(m->kind), from->entry.number,
	    to->entry.number, m->node.name, to->entry.why);
	out_block(o, lines.n > 0 ? wr_cstr(&lines) : "no difference\n");
	wr_free(&lines);
}

int
listed_diff(const struct call *c, struct out *o, enum history_kind kind, struct err *e)
{
	struct loaded from, to = { .list = NULL };
	struct meant m;
	int rc;

	if (find_meant(c, kind, &m, e) != 0 || check_any(c, o, &m, e) != 0)
		return -1;
	rc = c->args > 0 ? load_numbered(c->store, &m, c->arg[0], &from, e)
			 : load_served(c->store, &m, &from, e);
	if (rc == 0)
		rc = load_numbered(c->store, &m, c->args > 1 ? c->arg[1] : "-1", &to, e);
	if (rc == 0)
		put_difference(o, &m, &from, &to);
	loaded_free(&from);
	loaded_free(&to);
	return rc;
}

int
listed_history(const struct call *c, struct out *o, enum history_kind kind, struct err *e)
{
	static const char *const headings[] = { "Number", "Built", "Served", "Why", NULL };
	struct listing_entry *all;
	struct meant m;
	size_t n;

	if (find_meant(c, kind, &m, e) != 0 || check_any(c, o, &m, e) != 0 ||
	    history_list(c->store, kind, m.filed, &all, &n, e) != 0)
		return -1;
	out_text(o, "node", NULL, m.node.name);
	out_table(o, "lists", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		out_int(o, "number", "Number", all[i].number);
		out_time(o, "built", "Built", all[i].built);
		out_bool(o, "served", "Served", all[i].id == m.served && m.runs);
		out_text(o, "why", "Why", all[i].why);
	}
	out_table_end(o);
	free(all);
	return 0;
}
