#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "tftp/devconf.h"
#include "tftp/front.h"
#include "trust/seen.h"
#include "trust/trail.h"
#include "tftp/resolve.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/enc.h"
#include "trust/listing.h"
#include "trust/lsc.h"
#include "trust/order.h"
#include "trust/param.h"
#include "trust/service.h"
#include "trust/sgn.h"

#define PHONE	"SEP001122334455"
#define OLD	"SEP00112233AAAA" /* a 7960 */
#define UNKNOWN "SEP0000000000FF"
#define NEW	"SEP001122338861"
#define BY_HAND "<device>\n <name>by hand</name>\n</device>\n"

/* A node of a cluster with two phones, its folder, and the resolver in front of them. */
struct desk {
	struct store *store;
	struct node node;
	char *folder;
	int fd;
	struct resolver *resolver;
	int64_t now;
};

static void
must(int rc, const struct err *e)
{
	if (rc != 0)
		fprintf(stderr, "\n    %s\n", e->text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

static void
add_phone(struct store *s, const char *name, const char *model)
{
	struct device d = { .model = model_of(model), .security = SECURITY_NONE, .added = LAB_NOW };
	struct err e;

	snprintf(d.name, sizeof(d.name), "%s", name);
	must(device_add(s, &d, &e), &e);
}

static struct desk
desk_open(enum release release)
{
	struct desk d = { .store = lab_founded(release), .now = LAB_NOW };
	struct resolver_plan plan = { 0 };
	static unsigned next;

	d.node = lab_node(d.store, "cucm-pub");
	add_phone(d.store, PHONE, "7975");
	add_phone(d.store, OLD, "7960");
	d.folder = mem_fmt("%s/folder-%u", suite_folder(), next++);
	CU_ASSERT_EQUAL_FATAL(mkdir(d.folder, 0700), 0);
	d.fd = open(d.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	plan.store = d.store;
	plan.node = d.node.id;
	plan.folder = d.fd;
	d.resolver = resolver_new(&plan);
	return d;
}

static void
desk_close(struct desk *d)
{
	resolver_free(d->resolver);
	close(d->fd);
	free(d->folder);
	store_close(d->store);
}

static void
put_file(struct desk *d, const char *name, const char *text)
{
	char *path = mem_fmt("%s/%s", d->folder, name);
	struct err e;

	must(file_replace(path, bytes_of(text), 0600, &e), &e);
	free(path);
}

/* Files are dated by the real clock; what is signed of them is kept only when that has moved on. */
static void
let_files_settle(struct desk *d)
{
	d->now = (int64_t)time(NULL) + 3600;
}

static void
remove_file(struct desk *d, const char *name)
{
	CU_ASSERT_EQUAL(unlinkat(d->fd, name, 0), 0);
}

static void
restart(struct desk *d, const char *service)
{
	struct err e;

	must(service_start(d->store, &d->node, service_kind_of(service, &e), LAB_NOW, &e), &e);
}

static void
set_param(struct desk *d, const char *name, const char *value)
{
	struct cluster_change change;
	struct err e;

	must(cluster_set_param(d->store, param_find(name, &e), value, "test", LAB_NOW, &change, &e),
	    &e);
}

/* What is served under the name; the caller frees. */
static struct wr
served(struct desk *d, const char *name)
{
	struct content *c = NULL;
	struct wr w = { 0 };
	struct err e;

	must(resolver_resolve(d->resolver, name, d->now, &c, &e), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	wr_fill(&w, 0, content_size(c));
	must(content_read(c, 0, w.p, w.n, &e), &e);
	content_unref(c);
	return w;
}

static bool
serves_text(struct desk *d, const char *name, const char *text)
{
	struct wr w = served(d, name);
	bool same = bytes_eq_text(wr_view(&w), text);

	wr_free(&w);
	return same;
}

static bool
serves_with(struct desk *d, const char *name, const char *part)
{
	struct wr w = served(d, name);
	bool found = strstr(wr_cstr(&w), part) != NULL;

	wr_free(&w);
	return found;
}

/* Is the one what comes at the end of the other? */
static bool
ends_alike(struct desk *d, const char *whole, const char *end)
{
	struct wr w = served(d, whole), part = served(d, end);
	bool alike =
	    w.n >= part.n && bytes_eq(bytes_from(wr_view(&w), w.n - part.n), wr_view(&part));

	wr_free(&w);
	wr_free(&part);
	return alike;
}

static struct err
refusal(struct desk *d, const char *name)
{
	struct content *c = NULL;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(resolver_resolve(d->resolver, name, d->now, &c, &e), -1);
	CU_ASSERT_PTR_NULL(c);
	return e;
}

static bool
is_not_found(struct desk *d, const char *name)
{
	return refusal(d, name).code == ERR_NOT_FOUND;
}

/* A signed file: verified by this certificate, named as it was asked for, around this payload. */
static bool
serves_signed(struct desk *d, const char *name, const struct cert *by, enum digest digest,
    struct bytes payload)
{
	struct wr w = served(d, name);
	struct err e = { 0 };
	struct sgn s;
	bool good = sgn_unwrap(wr_view(&w), &s, &e) == 0 &&
		    sgn_verify(&s, wr_view(&w), by, &e) == 0 &&
		    strcmp(s.head.filename, name) == 0 && s.head.digest == digest &&
		    bytes_eq(s.payload, payload);

	if (!good)
		fprintf(stderr, "\n    %s: %s\n", name, e.text);
	wr_free(&w);
	return good;
}

static bool
serves_signed_text(struct desk *d, const char *name, const struct cert *by, const char *text)
{
	return serves_signed(d, name, by, DIGEST_SHA1, bytes_of(text));
}

static struct cert *
own_callmanager(struct desk *d)
{
	struct err e;
	struct cert *c = certs_own(d->store, "CallManager", d->node.id, NULL, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static uint64_t
signatures(const struct desk *d)
{
	return resolver_counters(d->resolver).signatures;
}

/* ---- lists ---- */

static bool
serves_list(struct desk *d, const char *name, int number)
{
	struct wr got = served(d, name), want = { 0 };
	struct listing_entry entry;
	struct err e;
	bool same;

	must(listing_numbered(d->store, d->node.id, number, &entry, &e), &e);
	must(listing_file(d->store, entry.id, &want, &e), &e);
	same = bytes_eq(wr_view(&got), wr_view(&want));
	wr_free(&got);
	wr_free(&want);
	return same;
}

static void
the_list_goes_by_both_names(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	CU_ASSERT(serves_list(&d, "ITL" PHONE ".tlv", 1));
	CU_ASSERT(serves_list(&d, "ITL" UNKNOWN ".tlv", 1));
	CU_ASSERT(serves_list(&d, "/ITLFile.tlv", 1));
	put_file(&d, "ITLFile.tlv", "somebody else's");
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	CU_ASSERT(is_not_found(&d, "ITLFile.tlv.sgn"));
	desk_close(&d);
}

static void
a_phone_without_sbd_has_no_list_of_its_own(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct err e = refusal(&d, "ITL" OLD ".tlv");

	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "a 7960 has no Security By Default");
	desk_close(&d);
}

static void
there_is_no_ctl(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	CU_ASSERT(is_not_found(&d, "CTLFile.tlv"));
	CU_ASSERT(is_not_found(&d, "CTL" PHONE ".tlv"));
	desk_close(&d);
}

/* Where real clusters go wrong: the parameter is set, and TFTP goes on serving the old list. */
static void
the_emptied_list_waits_for_the_restart(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	set_param(&d, PARAM_ROLLBACK, "True");
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	restart(&d, "TVS");
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	restart(&d, "TFTP");
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 2));
	desk_close(&d);
}

/* Is it the list of this number as phones that know EC get it? */
static bool
serves_ec_list(struct desk *d, const char *name, int number)
{
	struct wr got = served(d, name), want = { 0 };
	struct listing_entry entry;
	struct err e = { 0 };
	bool same;

	must(listing_numbered(d->store, d->node.id, number, &entry, &e), &e);
	CU_ASSERT_EQUAL(listing_file_ec(d->store, entry.id, &want, &e), 1);
	same = bytes_eq(wr_view(&got), wr_view(&want));
	wr_free(&got);
	wr_free(&want);
	return same;
}

static void
become(struct desk *d, const char *phone, const char *model)
{
	struct device_change to = { .model = model_of(model), .encrypted_config = -1 };
	struct device now;
	struct err e;
	bool changed;

	must(device_change(d->store, phone, &to, &now, &changed, &e), &e);
}

static void
phones_that_know_ec_get_a_list_of_their_own(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	add_phone(d.store, NEW, "8861");
	CU_ASSERT(serves_list(&d, "ITL" NEW ".tlv", 1));
	set_param(&d, PARAM_ADVANCED, "True");
	CU_ASSERT(serves_list(&d, "ITL" NEW ".tlv", 1));
	restart(&d, "TFTP");
	CU_ASSERT(serves_ec_list(&d, "ITL" NEW ".tlv", 2));
	CU_ASSERT(serves_list(&d, "ITL" PHONE ".tlv", 2));
	CU_ASSERT(serves_list(&d, "ITL" UNKNOWN ".tlv", 2));
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 2));
	/* By the phone and not by the name that was asked before. */
	become(&d, NEW, "7975");
	become(&d, PHONE, "8861");
	CU_ASSERT(serves_list(&d, "ITL" NEW ".tlv", 2));
	CU_ASSERT(serves_ec_list(&d, "ITL" PHONE ".tlv", 2));
	set_param(&d, PARAM_ADVANCED, "False");
	CU_ASSERT(serves_ec_list(&d, "ITL" PHONE ".tlv", 2));
	restart(&d, "TFTP");
	CU_ASSERT(serves_list(&d, "ITL" PHONE ".tlv", 3));
	desk_close(&d);
}

/* ---- configuration ---- */

static void
a_known_phone_gets_its_configuration(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);
	struct wr plain = served(&d, PHONE ".cnf.xml");

	CU_ASSERT(strstr(wr_cstr(&plain), "<address>10.0.0.1</address>") != NULL);
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", by, DIGEST_SHA1, wr_view(&plain)));
	CU_ASSERT(is_not_found(&d, PHONE ".cnf.xml.enc.sgn"));
	wr_free(&plain);
	cert_free(by);
	desk_close(&d);
}

static void
an_unknown_phone_gets_none(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct err e = refusal(&d, UNKNOWN ".cnf.xml");

	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, UNKNOWN ".cnf.xml: no phone of that name, no such file in the folder");
	CU_ASSERT(is_not_found(&d, UNKNOWN ".cnf.xml.sgn"));
	add_phone(d.store, UNKNOWN, "8861");
	CU_ASSERT(serves_with(&d, UNKNOWN ".cnf.xml", "<device"));
	desk_close(&d);
}

static void
a_phone_without_sbd_gets_plain_files_only(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	CU_ASSERT(serves_with(&d, OLD ".cnf.xml", "<device"));
	CU_ASSERT(is_not_found(&d, OLD ".cnf.xml.sgn"));
	put_file(&d, OLD ".cnf.xml", "by hand");
	CU_ASSERT(serves_text(&d, OLD ".cnf.xml", "by hand"));
	CU_ASSERT(is_not_found(&d, OLD ".cnf.xml.sgn"));
	desk_close(&d);
}

static void
a_file_of_the_folder_comes_before_ours(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);

	let_files_settle(&d);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<device"));
	put_file(&d, PHONE ".cnf.xml", "by hand");
	CU_ASSERT(serves_text(&d, PHONE ".cnf.xml", "by hand"));
	CU_ASSERT(serves_signed_text(&d, PHONE ".cnf.xml.sgn", by, "by hand"));
	CU_ASSERT(serves_signed_text(&d, PHONE ".cnf.xml.sgn", by, "by hand"));
	put_file(&d, UNKNOWN ".cnf.xml", "of a stranger");
	CU_ASSERT(serves_text(&d, UNKNOWN ".cnf.xml", "of a stranger"));
	CU_ASSERT(serves_signed_text(&d, UNKNOWN ".cnf.xml.sgn", by, "of a stranger"));
	remove_file(&d, PHONE ".cnf.xml");
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<device"));
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	cert_free(by);
	desk_close(&d);
}

static void
a_file_that_somebody_else_signed_is_served_as_it_is(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);

	put_file(&d, "ringlist.xml.sgn", "signed elsewhere");
	put_file(&d, PHONE ".cnf.xml.sgn", "signed elsewhere");
	CU_ASSERT(serves_text(&d, "ringlist.xml.sgn", "signed elsewhere"));
	CU_ASSERT(serves_text(&d, PHONE ".cnf.xml.sgn", "signed elsewhere"));
	put_file(&d, "ringlist.xml", "rings");
	CU_ASSERT(serves_signed_text(&d, "ringlist.xml.sgn", by, "rings"));
	cert_free(by);
	desk_close(&d);
}

static void
phones_in_no_store_get_the_default_file(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);
	struct wr plain = served(&d, "XMLDefault.cnf.xml");

	CU_ASSERT(strstr(wr_cstr(&plain), "<loadInformation437 model=\"Cisco 7975\">") != NULL);
	CU_ASSERT(serves_signed(&d, "XMLDefault.cnf.xml.sgn", by, DIGEST_SHA1, wr_view(&plain)));
	put_file(&d, "XMLDefault.cnf.xml", "by hand");
	CU_ASSERT(serves_text(&d, "XMLDefault.cnf.xml", "by hand"));
	CU_ASSERT(serves_signed_text(&d, "XMLDefault.cnf.xml.sgn", by, "by hand"));
	wr_free(&plain);
	cert_free(by);
	desk_close(&d);
}

/* TechNote 200716. */
static void
mixed_mode_stopped_auto_registration_until_11_5(void)
{
	static const struct {
		enum release release;
		const char *says;
	} cases[] = {
		{ RELEASE_10_0, "<autoRegistration>disabled" },
		{ RELEASE_11_5, "<autoRegistration>enabled" },
	};

	for (size_t i = 0; i < 2; i++) {
		struct desk d = desk_open(cases[i].release);
		struct err e;
		bool changed;

		CU_ASSERT(serves_with(&d, "XMLDefault.cnf.xml", "<autoRegistration>enabled"));
		must(param_set(
			 d.store, param_find(PARAM_MODE, &e), "1", "test", LAB_NOW, &changed, &e),
		    &e);
		restart(&d, "TFTP");
		CU_ASSERT(serves_with(&d, "XMLDefault.cnf.xml", cases[i].says));
		desk_close(&d);
	}
}

/* ---- what waits for a restart ---- */

static void
a_new_key_signs_after_the_restart(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *old = own_callmanager(&d), *new;
	struct cluster_change change;
	struct wr plain = served(&d, PHONE ".cnf.xml");
	struct err e;

	must(cluster_regenerate(
		 d.store, lab_kind("CallManager"), &d.node, CLUSTER_ANYHOW, LAB_NOW, &change, &e),
	    &e);
	new = own_callmanager(&d);
	CU_ASSERT(!cert_eq(old, new));
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", old, DIGEST_SHA1, wr_view(&plain)));
	restart(&d, "CallManager");
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", old, DIGEST_SHA1, wr_view(&plain)));
	restart(&d, "TFTP");
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", new, DIGEST_SHA1, wr_view(&plain)));
	wr_free(&plain);
	cert_free(old);
	cert_free(new);
	desk_close(&d);
}

static void
parameters_are_felt_after_the_restart(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);
	struct wr plain;

	set_param(&d, PARAM_CAPF_PORT, "4804");
	set_param(&d, PARAM_SIGNATURE, "SHA-512");
	plain = served(&d, PHONE ".cnf.xml");
	CU_ASSERT(strstr(wr_cstr(&plain), "<phonePort>3804</phonePort>") != NULL);
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", by, DIGEST_SHA1, wr_view(&plain)));
	wr_free(&plain);
	restart(&d, "TFTP");
	plain = served(&d, PHONE ".cnf.xml");
	CU_ASSERT(strstr(wr_cstr(&plain), "<phonePort>4804</phonePort>") != NULL);
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", by, DIGEST_SHA512, wr_view(&plain)));
	wr_free(&plain);
	cert_free(by);
	desk_close(&d);
}

static bool
is_silent(struct desk *d, const char *name)
{
	struct content *c = NULL;
	struct err e;
	int rc = resolver_resolve(d->resolver, name, d->now, &c, &e);

	content_unref(c);
	return rc == 0 && c == NULL;
}

static void
a_stopped_service_is_silent(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct err e;
	bool was;

	CU_ASSERT(!is_silent(&d, "ITLFile.tlv"));
	must(service_stop(d.store, &d.node, service_kind_of("TFTP", &e), LAB_NOW, &was, &e), &e);
	CU_ASSERT(is_silent(&d, "ITLFile.tlv"));
	CU_ASSERT(is_silent(&d, "no such file"));
	restart(&d, "TFTP");
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	desk_close(&d);
}

/* An order is felt at once, and so is its end. */
static void
what_capf_wants_of_a_phone_needs_no_restart(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct order order = { .phone = PHONE,
		.operation = ORDER_INSTALL,
		.auth = ORDER_BY_NULL,
		.rsa_bits = 2048,
		.completes_by = LAB_NOW + 60 };
	struct cert *lsc = lab_cert("CallManager", PHONE, 1);
	char hex[33], *hash;
	struct err e;

	bytes_hex(cert_md5(lsc), '\0', hex, sizeof(hex));
	hash = mem_fmt("<certHash>%s</certHash>", hex);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<capfAuthMode>0</capfAuthMode>"));
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	must(order_schedule(d.store, &order, NULL, LAB_NOW, &e), &e);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<capfAuthMode>2</capfAuthMode>"));
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	must(lsc_issue(d.store, PHONE, lsc, LAB_NOW, &e), &e);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<certHash></certHash>"));
	must(lsc_stored(d.store, PHONE, lsc, LAB_NOW, &e), &e);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<capfAuthMode>0</capfAuthMode>"));
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", hash));
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	free(hash);
	cert_free(lsc);
	desk_close(&d);
}

/* ---- encrypted configuration ---- */

#define SEALED PHONE ".cnf.xml.enc.sgn"

static void
encrypt_for(struct desk *d, const char *phone, bool on)
{
	struct device_change to = { .encrypted_config = on };
	struct device now;
	struct err e;
	bool changed;

	must(device_change(d->store, phone, &to, &now, &changed, &e), &e);
}

/* The phone has stored a new LSC with this key. */
static struct cert *
give_lsc(struct desk *d, unsigned key)
{
	struct cert *lsc = lab_cert("CallManager", PHONE, key);
	struct err e;

	must(lsc_issue(d->store, PHONE, lsc, LAB_NOW, &e), &e);
	must(lsc_stored(d->store, PHONE, lsc, LAB_NOW, &e), &e);
	return lsc;
}

/* What the key opens a sealed file to, which this certificate signed; false: it does not. */
static bool
opens(struct desk *d, const char *name, const struct cert *by, unsigned key, struct wr *plain)
{
	struct wr w = served(d, name);
	struct opener who = key_opener(lab_key(key));
	struct err e = { 0 };
	struct enc x;
	bool good;

	CU_ASSERT_EQUAL_FATAL(enc_decode(wr_view(&w), &x, &e), 0);
	CU_ASSERT_EQUAL(enc_verify(&x, wr_view(&w), by, &e), 0);
	CU_ASSERT_STRING_EQUAL(x.head.filename, name);
	good = enc_open(&x, &who, plain, &e) == 0;
	wr_free(&w);
	return good;
}

static struct devconf_read
told_in(struct bytes config)
{
	struct devconf_read r;
	struct err e;

	must(devconf_read(config, &r, &e), &e);
	return r;
}

/* What anybody reads under a name. */
static struct devconf_read
told(struct desk *d, const char *name)
{
	struct wr w = served(d, name);
	struct devconf_read r = told_in(wr_view(&w));

	wr_free(&w);
	return r;
}

static void
only_the_phone_reads_an_encrypted_configuration(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d), *lsc = give_lsc(&d, 2);
	struct wr plain = { 0 }, other = { 0 };
	struct devconf_read r;
	char hash[33];

	CU_ASSERT(is_not_found(&d, SEALED));
	ASSERT_ERR_SAYS(refusal(&d, SEALED), "TFTP Encrypted Config is off for " PHONE);
	CU_ASSERT(!told(&d, PHONE ".cnf.xml").encrypted);
	encrypt_for(&d, PHONE, true);
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT(!opens(&d, SEALED, by, 3, &other));
	bytes_hex(cert_md5(lsc), '\0', hash, sizeof(hash));
	r = told_in(wr_view(&plain));
	CU_ASSERT(r.encrypted && !r.is_short);
	CU_ASSERT_EQUAL(r.callmanagers, 1);
	CU_ASSERT_STRING_EQUAL(r.cert_hash, hash);
	r = told(&d, PHONE ".cnf.xml");
	CU_ASSERT(r.encrypted && r.is_short);
	CU_ASSERT_EQUAL(r.callmanagers, 0);
	CU_ASSERT_EQUAL(r.tvs_n, 1);
	CU_ASSERT_STRING_EQUAL(r.capf.host, "10.0.0.1");
	CU_ASSERT_STRING_EQUAL(r.cert_hash, hash);
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	encrypt_for(&d, PHONE, false);
	CU_ASSERT(is_not_found(&d, SEALED));
	CU_ASSERT(!told(&d, PHONE ".cnf.xml").is_short);
	wr_free(&plain);
	wr_free(&other);
	cert_free(lsc);
	cert_free(by);
	desk_close(&d);
}

static void
each_version_is_sealed_once_and_anew(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by, *lsc = give_lsc(&d, 2), *newer;
	struct device_change to = { .description = "another", .encrypted_config = -1 };
	struct cluster_change change;
	struct wr first, later, plain = { 0 };
	struct device now;
	struct err e;
	bool changed;

	encrypt_for(&d, PHONE, true);
	first = served(&d, SEALED);
	add_phone(d.store, UNKNOWN, "8861"); /* changes the store, and nothing for this phone */
	later = served(&d, SEALED);
	CU_ASSERT(bytes_eq(wr_view(&first), wr_view(&later)));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	wr_free(&later);
	must(device_change(d.store, PHONE, &to, &now, &changed, &e), &e);
	later = served(&d, SEALED);
	CU_ASSERT(!bytes_eq(wr_view(&first), wr_view(&later)));
	CU_ASSERT_EQUAL(signatures(&d), 2);
	/* A new LSC: the old key opens nothing any more. */
	newer = give_lsc(&d, 3);
	by = own_callmanager(&d);
	CU_ASSERT(!opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT(opens(&d, SEALED, by, 3, &plain));
	cert_free(by);
	/* Another signer. */
	must(cluster_regenerate(
		 d.store, lab_kind("CallManager"), &d.node, CLUSTER_ANYHOW, LAB_NOW, &change, &e),
	    &e);
	restart(&d, "TFTP");
	by = own_callmanager(&d);
	plain.n = 0;
	CU_ASSERT(opens(&d, SEALED, by, 3, &plain));
	wr_free(&first);
	wr_free(&later);
	wr_free(&plain);
	cert_free(lsc);
	cert_free(newer);
	cert_free(by);
	desk_close(&d);
}

static void
a_phone_without_a_certificate_is_led_to_capf(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct devconf_read r;
	struct err e;

	encrypt_for(&d, PHONE, true);
	e = refusal(&d, SEALED);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, SEALED
	    ": " PHONE " has no certificate to encrypt to: it holds no LSC, and it showed no MIC");
	r = told(&d, PHONE ".cnf.xml");
	CU_ASSERT(r.encrypted && r.is_short);
	CU_ASSERT_STRING_EQUAL(r.cert_hash, "");
	encrypt_for(&d, OLD, true);
	CU_ASSERT(told(&d, OLD ".cnf.xml").is_short);
	CU_ASSERT(is_not_found(&d, OLD ".cnf.xml.sgn"));
	CU_ASSERT(is_not_found(&d, UNKNOWN ".cnf.xml.enc.sgn"));
	desk_close(&d);
}

static void
a_file_of_the_folder_is_encrypted_too(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d), *lsc = give_lsc(&d, 2);
	struct wr plain = { 0 };

	let_files_settle(&d);
	encrypt_for(&d, PHONE, true);
	put_file(&d, PHONE ".cnf.xml", "<device>by hand</device>");
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT(strstr(wr_cstr(&plain), "<device>by hand\n<TVS>") == (char *)plain.p);
	plain.n = 0;
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	CU_ASSERT(told(&d, PHONE ".cnf.xml").is_short);
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	put_file(&d, PHONE ".cnf.xml", "<device>another</device>");
	plain.n = 0;
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT(strstr(wr_cstr(&plain), "<device>another\n<TVS>") == (char *)plain.p);
	remove_file(&d, PHONE ".cnf.xml");
	plain.n = 0;
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT_EQUAL(told_in(wr_view(&plain)).callmanagers, 1);
	wr_free(&plain);
	cert_free(by);
	cert_free(lsc);
	desk_close(&d);
}

static void
what_somebody_else_encrypted_is_served_as_it_is(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d), *lsc = give_lsc(&d, 2);
	struct wr plain = { 0 };

	put_file(&d, SEALED, "sealed elsewhere");
	put_file(&d, UNKNOWN ".cnf.xml.enc.sgn", "sealed elsewhere");
	put_file(&d, UNKNOWN ".cnf.xml", "and in plain");
	CU_ASSERT(serves_text(&d, SEALED, "sealed elsewhere"));
	CU_ASSERT(serves_text(&d, UNKNOWN ".cnf.xml.enc.sgn", "sealed elsewhere"));
	encrypt_for(&d, PHONE, true);
	CU_ASSERT(serves_text(&d, SEALED, "sealed elsewhere"));
	/* What was signed before nobody may read any more. */
	put_file(&d, PHONE ".cnf.xml.sgn", "signed elsewhere");
	CU_ASSERT(!serves_with(&d, PHONE ".cnf.xml.sgn", "signed elsewhere"));
	put_file(&d, PHONE ".cnf.xml", "<device/>");
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT(strstr(wr_cstr(&plain), "<device>\n<TVS>") == (char *)plain.p);
	wr_free(&plain);
	cert_free(by);
	cert_free(lsc);
	desk_close(&d);
}

static bool
would_register(struct desk *d, const char *name)
{
	struct asked asked;

	CU_ASSERT_EQUAL_FATAL(asked_of(name, &asked, NULL), 0);
	return resolver_registers(d->resolver, &asked, d->now);
}

static void
who_has_no_configuration_registers_by_itself(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	CU_ASSERT(would_register(&d, UNKNOWN ".cnf.xml.sgn"));
	CU_ASSERT(would_register(&d, UNKNOWN ".cnf.xml.enc.sgn"));
	CU_ASSERT(!would_register(&d, PHONE ".cnf.xml.sgn"));
	put_file(&d, UNKNOWN ".cnf.xml", BY_HAND);
	CU_ASSERT(!would_register(&d, UNKNOWN ".cnf.xml"));
	remove_file(&d, UNKNOWN ".cnf.xml");
	CU_ASSERT(serves_with(&d, "XMLDefault.cnf.xml", "<autoRegistration>enabled"));
	set_param(&d, PARAM_AUTO_REGISTER, "False");
	CU_ASSERT(would_register(&d, UNKNOWN ".cnf.xml"));
	restart(&d, "TFTP");
	CU_ASSERT(!would_register(&d, UNKNOWN ".cnf.xml"));
	CU_ASSERT(serves_with(&d, "XMLDefault.cnf.xml", "<autoRegistration>disabled"));
	desk_close(&d);
}

/* ---- configurations of the folder ---- */

static void
a_configuration_of_the_folder_is_completed(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);
	struct devconf_read r;
	struct wr plain;

	let_files_settle(&d);
	put_file(&d, PHONE ".cnf.xml", BY_HAND);
	put_file(&d, UNKNOWN ".cnf.xml", BY_HAND);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<device>\n <name>by hand</name>\n<TVS>"));
	r = told(&d, PHONE ".cnf.xml");
	CU_ASSERT_EQUAL(r.tvs_n, 1);
	CU_ASSERT_STRING_EQUAL(r.capf.host, "10.0.0.1");
	CU_ASSERT_EQUAL(r.callmanagers, 0);
	plain = served(&d, PHONE ".cnf.xml");
	CU_ASSERT(serves_signed(&d, PHONE ".cnf.xml.sgn", by, DIGEST_SHA1, wr_view(&plain)));
	CU_ASSERT_EQUAL(told(&d, UNKNOWN ".cnf.xml").tvs_n, 1);
	CU_ASSERT(ends_alike(&d, UNKNOWN ".cnf.xml.sgn", UNKNOWN ".cnf.xml"));
	put_file(&d, "XMLDefault.cnf.xml", "<Default/>");
	CU_ASSERT(serves_text(&d, "XMLDefault.cnf.xml", "<Default/>"));
	wr_free(&plain);
	cert_free(by);
	desk_close(&d);
}

/* What is put in follows the store at once, and nothing is signed twice for it. */
static void
what_is_put_in_is_of_now(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cluster_change change;
	struct cert *lsc;
	char hash[33];
	struct err e;

	let_files_settle(&d);
	put_file(&d, PHONE ".cnf.xml", BY_HAND);
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	add_phone(d.store, UNKNOWN, "8861");
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	must(cluster_add_node(d.store, "cucm-sub", "10.0.0.2", LAB_NOW, &change, &e), &e);
	CU_ASSERT_EQUAL(told(&d, PHONE ".cnf.xml").tvs_n, 2);
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	CU_ASSERT_EQUAL(signatures(&d), 2);
	lsc = give_lsc(&d, 2);
	bytes_hex(cert_md5(lsc), '\0', hash, sizeof(hash));
	CU_ASSERT_STRING_EQUAL(told(&d, PHONE ".cnf.xml").cert_hash, hash);
	encrypt_for(&d, PHONE, true);
	CU_ASSERT(told(&d, PHONE ".cnf.xml").is_short);
	cert_free(lsc);
	desk_close(&d);
}

static void
what_is_encrypted_is_complete(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d), *lsc = give_lsc(&d, 2);
	struct wr plain = { 0 };
	struct devconf_read r;

	let_files_settle(&d);
	put_file(&d, PHONE ".cnf.xml", BY_HAND);
	encrypt_for(&d, PHONE, true);
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT(strstr(wr_cstr(&plain), "by hand") != NULL);
	r = told_in(wr_view(&plain));
	CU_ASSERT(r.encrypted && !r.is_short);
	CU_ASSERT_EQUAL(r.tvs_n, 1);
	CU_ASSERT(opens(&d, SEALED, by, 2, &plain));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	wr_free(&plain);
	cert_free(lsc);
	cert_free(by);
	desk_close(&d);
}

static void
completing_can_be_switched_off(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);

	put_file(&d, PHONE ".cnf.xml", BY_HAND);
	set_param(&d, PARAM_COMPLETE, "False");
	CU_ASSERT_EQUAL(told(&d, PHONE ".cnf.xml").tvs_n, 1);
	restart(&d, "TFTP");
	CU_ASSERT(serves_text(&d, PHONE ".cnf.xml", BY_HAND));
	CU_ASSERT(serves_signed_text(&d, PHONE ".cnf.xml.sgn", by, BY_HAND));
	cert_free(by);
	desk_close(&d);
}

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	struct wr *to = ctx;

	(void)level;
	wr_fmt(to, "%s\n", line);
}

static void
a_broken_configuration_is_said_and_served_or_refused(void)
{
	static const char broken[] = "<device>\n <name>by hand</nam>\n</device>\n";
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);
	struct wr log = { 0 };
	struct err e;

	let_files_settle(&d);
	log_set_sink(keep_line, &log);
	put_file(&d, PHONE ".cnf.xml", broken);
	CU_ASSERT(serves_text(&d, PHONE ".cnf.xml", broken));
	CU_ASSERT(strstr(wr_cstr(&log), PHONE " configuration-not-completed file=") != NULL);
	CU_ASSERT(strstr(wr_cstr(&log), "line 2, column 21: ") != NULL);
	log.n = 0;
	CU_ASSERT(serves_text(&d, PHONE ".cnf.xml", broken)); /* said once for each version */
	CU_ASSERT_STRING_EQUAL(wr_cstr(&log), "");
	CU_ASSERT(serves_signed_text(&d, PHONE ".cnf.xml.sgn", by, broken));
	set_param(&d, PARAM_BROKEN, "Refuse");
	restart(&d, "TFTP");
	e = refusal(&d, PHONE ".cnf.xml");
	CU_ASSERT_EQUAL(e.code, ERR_FAILED); /* the phone keeps what it has */
	ASSERT_ERR_SAYS(e, "line 2, column 21: ");
	CU_ASSERT_EQUAL(refusal(&d, PHONE ".cnf.xml.sgn").code, ERR_FAILED);
	put_file(&d, PHONE ".cnf.xml", BY_HAND);
	CU_ASSERT_EQUAL(told(&d, PHONE ".cnf.xml").tvs_n, 1);
	log_set_sink(NULL, NULL);
	wr_free(&log);
	cert_free(by);
	desk_close(&d);
}

/* "Not found" is what phones expect; a person who looks for a reason finds CUCM's words. */
static void
what_is_not_found_is_traced_for_people(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct wr log = { 0 };

	log_set_sink(keep_line, &log);
	CU_ASSERT(is_not_found(&d, "CTL" PHONE ".tlv"));
	CU_ASSERT_STRING_EQUAL(wr_cstr(&log), "");
	log_set_level(LOG_DEBUG);
	CU_ASSERT(is_not_found(&d, "CTL" PHONE ".tlv"));
	CU_ASSERT(strstr(wr_cstr(&log), "is CTLSEPMac.tlv file, Searching[" PHONE "]") != NULL);
	CU_ASSERT(strstr(wr_cstr(&log), "FindAndServe File Not Found - 404 - Failure") != NULL);
	log_set_level(LOG_INFO);
	log_set_sink(NULL, NULL);
	wr_free(&log);
	desk_close(&d);
}

/* ---- signatures that are made once ---- */

static void
a_signature_is_made_once(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct wr first = served(&d, PHONE ".cnf.xml.sgn"), later;

	CU_ASSERT_EQUAL(signatures(&d), 1);
	d.now += 60;
	add_phone(d.store, UNKNOWN, "8861"); /* changes the store, and nothing for this phone */
	later = served(&d, PHONE ".cnf.xml.sgn");
	CU_ASSERT(bytes_eq(wr_view(&first), wr_view(&later)));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	wr_free(&later);
	restart(&d, "TFTP"); /* with the same key and parameters */
	later = served(&d, PHONE ".cnf.xml.sgn");
	CU_ASSERT(bytes_eq(wr_view(&first), wr_view(&later)));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	wr_free(&first);
	wr_free(&later);
	desk_close(&d);
}

static void
a_changed_phone_is_signed_anew(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cluster_change change;
	struct err e;

	CU_ASSERT(!serves_with(&d, PHONE ".cnf.xml", "10.0.0.2"));
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	must(cluster_add_node(d.store, "cucm-sub", "10.0.0.2", LAB_NOW, &change, &e), &e);
	CU_ASSERT(serves_with(&d, PHONE ".cnf.xml", "<address>10.0.0.2</address>"));
	CU_ASSERT(ends_alike(&d, PHONE ".cnf.xml.sgn", PHONE ".cnf.xml"));
	CU_ASSERT_EQUAL(signatures(&d), 2);
	must(device_delete(d.store, PHONE, &e), &e);
	CU_ASSERT(is_not_found(&d, PHONE ".cnf.xml"));
	CU_ASSERT(is_not_found(&d, PHONE ".cnf.xml.sgn"));
	desk_close(&d);
}

static void
a_changed_file_is_signed_anew(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);

	let_files_settle(&d);
	put_file(&d, "ringlist.xml", "one ring");
	CU_ASSERT(serves_signed_text(&d, "ringlist.xml.sgn", by, "one ring"));
	CU_ASSERT(serves_signed_text(&d, "ringlist.xml.sgn", by, "one ring"));
	add_phone(d.store, UNKNOWN, "8861");
	CU_ASSERT(serves_signed_text(&d, "ringlist.xml.sgn", by, "one ring"));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	put_file(&d, "ringlist.xml", "two ring");
	CU_ASSERT(serves_text(&d, "ringlist.xml", "two ring"));
	CU_ASSERT(serves_signed_text(&d, "ringlist.xml.sgn", by, "two ring"));
	CU_ASSERT_EQUAL(signatures(&d), 2);
	cert_free(by);
	desk_close(&d);
}

/* Written twice within one tick of the clock of files, its identity would be the same: until that
 * has moved on, what it says is looked at. */
static void
a_file_written_just_now_is_looked_at_again(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	char *path = mem_fmt("%s/ringlist.xml", d.folder);
	int fd;

	d.now = (int64_t)time(NULL);
	put_file(&d, "ringlist.xml", "one ring");
	CU_ASSERT(ends_alike(&d, "ringlist.xml.sgn", "ringlist.xml"));
	CU_ASSERT(ends_alike(&d, "ringlist.xml.sgn", "ringlist.xml"));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	fd = open(path, O_WRONLY | O_CLOEXEC); /* the same inode, the same size */
	CU_ASSERT_EQUAL(write(fd, "two ring", 8), 8);
	close(fd);
	CU_ASSERT(ends_alike(&d, "ringlist.xml.sgn", "ringlist.xml"));
	CU_ASSERT_EQUAL(signatures(&d), 2);
	free(path);
	desk_close(&d);
}

/* A copy of the whole folder over itself (rsync, git) costs no signature. */
static void
the_same_bytes_written_again_are_not_signed_again(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct wr first, later;

	let_files_settle(&d);
	put_file(&d, "ringlist.xml", "one ring");
	first = served(&d, "ringlist.xml.sgn");
	put_file(&d, "ringlist.xml", "one ring");
	later = served(&d, "ringlist.xml.sgn");
	CU_ASSERT(bytes_eq(wr_view(&first), wr_view(&later)));
	CU_ASSERT_EQUAL(signatures(&d), 1);
	wr_free(&first);
	wr_free(&later);
	desk_close(&d);
}

/* As it is in the morning. */
static void
a_building_full_of_phones_costs_one_signature(void)
{
	enum { PHONES = 10000 };
	struct desk d = desk_open(RELEASE_12_5);
	struct content *c;
	struct err e;

	let_files_settle(&d);
	put_file(&d, "Ringlist.xml", "rings");
	for (int i = 0; i < PHONES; i++) {
		must(resolver_resolve(d.resolver, "Ringlist.xml.sgn", d.now, &c, &e), &e);
		content_unref(c);
	}
	CU_ASSERT_EQUAL(signatures(&d), 1);
	CU_ASSERT_EQUAL(resolver_counters(d.resolver).asked, PHONES);
	CU_ASSERT_EQUAL(resolver_counters(d.resolver).cached, PHONES - 1);
	desk_close(&d);
}

/* The name is signed too. */
static void
a_name_in_all_its_capitals_does_not_keep_us_signing(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct content *c;
	struct err e;
	char name[] = "ringlist.xml.sgn";
	size_t refused = 0;

	let_files_settle(&d);
	put_file(&d, "Ringlist.xml", "rings");
	for (unsigned i = 0; i < 256; i++) {
		for (unsigned k = 0; k < 8; k++)
			name[k] = (char)(i >> k & 1 ? name[k] & ~0x20 : name[k] | 0x20);
		if (resolver_resolve(d.resolver, name, d.now, &c, &e) == 0)
			content_unref(c);
		else
			refused += e.code == ERR_BUSY;
	}
	CU_ASSERT(refused > 200);
	CU_ASSERT(signatures(&d) <= 22);
	CU_ASSERT(ends_alike(&d, "Ringlist.xml.sgn", "Ringlist.xml"));
	d.now++;
	CU_ASSERT(ends_alike(&d, "RINGLIST.XML.sgn", "Ringlist.xml"));
	desk_close(&d);
}

/* ---- files ---- */

static void
files_are_served_as_they_are(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct cert *by = own_callmanager(&d);

	put_file(&d, "empty.xml", "");
	CU_ASSERT_EQUAL_FATAL(mkdirat(d.fd, "Germany", 0700), 0);
	put_file(&d, "Germany/g3-tones.xml", "tones");
	CU_ASSERT(serves_text(&d, "Germany/g3-tones.xml", "tones"));
	CU_ASSERT(serves_text(&d, "/Germany/g3-tones.xml", "tones"));
	CU_ASSERT(serves_signed_text(&d, "Germany/g3-tones.xml.sgn", by, "tones"));
	CU_ASSERT(serves_text(&d, "empty.xml", ""));
	CU_ASSERT(serves_signed_text(&d, "empty.xml.sgn", by, ""));
	CU_ASSERT(is_not_found(&d, "Germany"));
	CU_ASSERT(serves_text(&d, "germany/G3-Tones.xml", "tones"));
	CU_ASSERT(serves_signed_text(&d, "germany/G3-Tones.xml.sgn", by, "tones"));
	ASSERT_ERR_SAYS(refusal(&d, "nothing.xml"), "nothing.xml: not in ");
	ASSERT_ERR_SAYS(refusal(&d, "nothing.xml"), d.folder);
	ASSERT_ERR_SAYS(refusal(&d, "nothing.xml.sgn"),
	    "nothing.xml.sgn: neither nothing.xml nor nothing.xml.sgn is in ");
	cert_free(by);
	desk_close(&d);
}

static void
firmware_is_not_signed_by_us(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	put_file(&d, "sip88xx.loads", "firmware");
	CU_ASSERT(serves_text(&d, "sip88xx.loads", "firmware"));
	CU_ASSERT(is_not_found(&d, "sip88xx.loads.sgn"));
	put_file(&d, "CP6901.zz.sgn", "signed by its maker");
	CU_ASSERT(serves_text(&d, "CP6901.zz.sgn", "signed by its maker"));
	CU_ASSERT_EQUAL(signatures(&d), 0);
	desk_close(&d);
}

static void
no_name_leads_out_of_the_folder(void)
{
	static const char *const names[] = { "../secret", "/etc/passwd", "/../secret",
		"a/../../secret", "link", "link.sgn", "up/secret", ".hidden", "sub/.hidden",
		"bell\x07", "back\\slash" };
	struct desk d = desk_open(RELEASE_12_5);
	char *secret = mem_fmt("%s/secret", suite_folder());
	struct err e;

	must(file_replace(secret, bytes_of("secret"), 0600, &e), &e);
	CU_ASSERT_EQUAL(symlinkat(secret, d.fd, "link"), 0);
	CU_ASSERT_EQUAL(symlinkat("..", d.fd, "up"), 0);
	put_file(&d, ".hidden", "hidden");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CU_ASSERT(is_not_found(&d, names[i]));
	put_file(&d, "inside", "inside");
	CU_ASSERT_EQUAL(symlinkat("inside", d.fd, "alias"), 0);
	CU_ASSERT(serves_text(&d, "alias", "inside"));
	free(secret);
	desk_close(&d);
}

static void
a_file_too_large_to_sign_is_refused(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct content *c = NULL;
	struct err e;
	int fd;

	fd = openat(d.fd, "huge.xml", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)100 << 20), 0);
	close(fd);
	e = refusal(&d, "huge.xml.sgn");
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_EQUAL(resolver_resolve(d.resolver, "huge.xml", d.now, &c, &e), 0);
	CU_ASSERT_EQUAL(content_size(c), (uint64_t)100 << 20);
	content_unref(c);
	desk_close(&d);
}

static void
the_front_asks_the_resolver(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct front front = { d.resolver, trail_new(d.store), d.node.id };
	struct tftp_service service = front_service(&front);
	struct tftp_ask ask = { .name = "ringlist.xml", .peer = "10.0.0.9", .local = "10.0.0.1" };
	struct content *c = NULL;
	struct err e;

	CU_ASSERT_EQUAL(service.resolve(service.ctx, &ask, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	put_file(&d, "ringlist.xml", "rings");
	CU_ASSERT_EQUAL(service.resolve(service.ctx, &ask, &c, &e), 0);
	CU_ASSERT_EQUAL(content_size(c), 5);
	content_unref(c);
	trail_free(front.trail);
	desk_close(&d);
}

/* What the cluster knows of a phone after the front's transfers of this name ended so. */
static struct seen
seen_after(struct desk *d, const char *name, enum tftp_outcome outcome)
{
	struct front front = { d->resolver, trail_new(d->store), d->node.id };
	struct tftp_service service = front_service(&front);
	struct tftp_ask ask = { .name = name, .peer = "10.0.0.9", .local = "10.0.0.1" };
	struct content *c = NULL;
	struct seen seen;
	uint64_t dropped;
	struct err e;

	if (service.resolve(service.ctx, &ask, &c, &e) == 0) {
		ask.mark = content_mark(c);
		content_unref(c);
	}
	service.done(service.ctx, &ask, outcome, 1, 1);
	CU_ASSERT_EQUAL(trail_flush(front.trail, 0, &dropped, &e), 0);
	CU_ASSERT_EQUAL(seen_get(d->store, "SEP001122334455", &seen, &e), 0);
	trail_free(front.trail);
	return seen;
}

static void
the_front_notes_which_phone_fetched_which_list(void)
{
	struct desk d = desk_open(RELEASE_12_5);

	CU_ASSERT_EQUAL(seen_after(&d, "ITLFile.tlv", TFTP_SENT).at, 0);
	CU_ASSERT_EQUAL(seen_after(&d, "CTLSEP001122334455.tlv", TFTP_NOT_FOUND).itl.fetched, 0);
	CU_ASSERT_NOT_EQUAL(seen_after(&d, "CTLSEP001122334455.tlv", TFTP_NOT_FOUND).at, 0);
	/* A list that did not arrive was not fetched. */
	CU_ASSERT_EQUAL(seen_after(&d, "ITLSEP001122334455.tlv", TFTP_GIVEN_UP).itl.fetched, 0);
	CU_ASSERT_EQUAL(seen_after(&d, "ITLSEP001122334455.tlv", TFTP_SENT).itl.fetched, 1);
	CU_ASSERT_EQUAL(seen_after(&d, "SEP001122334455.cnf.xml", TFTP_SENT).itl.holds, 1);
	desk_close(&d);
}

/* In either form it is the node's list. */
static void
a_phone_with_the_list_for_ec_holds_the_list_of_the_node(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct listing_entry entry;
	enum itl_status status;
	char why[SEEN_NOTE_MAX];
	struct device phone;
	struct seen seen;
	struct err e;

	become(&d, PHONE, "8861");
	set_param(&d, PARAM_ADVANCED, "True");
	restart(&d, "TFTP");
	must(listing_newest(d.store, d.node.id, &entry, &e) - 1, &e);
	seen = seen_after(&d, "ITL" PHONE ".tlv", TFTP_SENT);
	CU_ASSERT_EQUAL(seen.itl.holds, entry.id);
	CU_ASSERT_EQUAL(device_get(d.store, PHONE, &phone, &e), 1);
	must(seen_status(d.store, &phone, &seen, &status, why, &e), &e);
	CU_ASSERT_EQUAL(status, ITL_MATCH);
	desk_close(&d);
}

/* ---- when the store lets us down ---- */

static void
a_store_that_fails_refuses_and_recovers(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct err e;

	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	lab_do(d.store, "ALTER TABLE service RENAME TO away");
	lab_do(d.store, "UPDATE generation SET number = number + 1");
	e = refusal(&d, "ITLFile.tlv");
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	e = refusal(&d, "nothing.xml");
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	lab_do(d.store, "ALTER TABLE away RENAME TO service");
	CU_ASSERT(serves_list(&d, "ITLFile.tlv", 1));
	desk_close(&d);
}

/* A node without its service is no reason to tell phones that their files do not exist. */
static void
a_node_that_is_not_there_refuses(void)
{
	struct desk d = desk_open(RELEASE_12_5);
	struct resolver_plan plan = { .store = d.store, .node = 4711, .folder = d.fd };
	struct resolver *r = resolver_new(&plan);
	struct content *c = NULL;
	struct err e;

	CU_ASSERT_EQUAL(resolver_resolve(r, "ITLFile.tlv", d.now, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	resolver_free(r);
	resolver_free(NULL);
	desk_close(&d);
}

static const struct suite_test tests[] = {
	{ "the list goes by both names", the_list_goes_by_both_names },
	{ "a phone without SBD has no list of its own",
	    a_phone_without_sbd_has_no_list_of_its_own },
	{ "there is no CTL", there_is_no_ctl },
	{ "the emptied list waits for the restart", the_emptied_list_waits_for_the_restart },
	{ "phones that know EC get a list of their own",
	    phones_that_know_ec_get_a_list_of_their_own },
	{ "a phone with the list for EC holds the list of the node",
	    a_phone_with_the_list_for_ec_holds_the_list_of_the_node },
	{ "a known phone gets its configuration", a_known_phone_gets_its_configuration },
	{ "an unknown phone gets none", an_unknown_phone_gets_none },
	{ "a phone without SBD gets plain files only", a_phone_without_sbd_gets_plain_files_only },
	{ "a file of the folder comes before ours", a_file_of_the_folder_comes_before_ours },
	{ "a file that somebody else signed is served as it is",
	    a_file_that_somebody_else_signed_is_served_as_it_is },
	{ "phones in no store get the default file", phones_in_no_store_get_the_default_file },
	{ "mixed mode stopped auto-registration until 11.5",
	    mixed_mode_stopped_auto_registration_until_11_5 },
	{ "a new key signs after the restart", a_new_key_signs_after_the_restart },
	{ "parameters are felt after the restart", parameters_are_felt_after_the_restart },
	{ "what CAPF wants of a phone needs no restart",
	    what_capf_wants_of_a_phone_needs_no_restart },
	{ "a stopped service is silent", a_stopped_service_is_silent },
	{ "only the phone reads an encrypted configuration",
	    only_the_phone_reads_an_encrypted_configuration },
	{ "each version is sealed once, and anew", each_version_is_sealed_once_and_anew },
	{ "a phone without a certificate is led to CAPF",
	    a_phone_without_a_certificate_is_led_to_capf },
	{ "a file of the folder is encrypted too", a_file_of_the_folder_is_encrypted_too },
	{ "what somebody else encrypted is served as it is",
	    what_somebody_else_encrypted_is_served_as_it_is },
	{ "who has no configuration registers by itself",
	    who_has_no_configuration_registers_by_itself },
	{ "a configuration of the folder is completed",
	    a_configuration_of_the_folder_is_completed },
	{ "what is put in is of now", what_is_put_in_is_of_now },
	{ "what is encrypted is complete", what_is_encrypted_is_complete },
	{ "completing can be switched off", completing_can_be_switched_off },
	{ "a broken configuration is said, and served or refused",
	    a_broken_configuration_is_said_and_served_or_refused },
	{ "what is not found is traced for people", what_is_not_found_is_traced_for_people },
	{ "a signature is made once", a_signature_is_made_once },
	{ "a changed phone is signed anew", a_changed_phone_is_signed_anew },
	{ "a changed file is signed anew", a_changed_file_is_signed_anew },
	{ "a file written just now is looked at again",
	    a_file_written_just_now_is_looked_at_again },
	{ "the same bytes written again are not signed again",
	    the_same_bytes_written_again_are_not_signed_again },
	{ "a building full of phones costs one signature",
	    a_building_full_of_phones_costs_one_signature },
	{ "a name in all its capitals does not keep us signing",
	    a_name_in_all_its_capitals_does_not_keep_us_signing },
	{ "files are served as they are", files_are_served_as_they_are },
	{ "firmware is not signed by us", firmware_is_not_signed_by_us },
	{ "no name leads out of the folder", no_name_leads_out_of_the_folder },
	{ "a file too large to sign is refused", a_file_too_large_to_sign_is_refused },
	{ "the front asks the resolver", the_front_asks_the_resolver },
	{ "the front notes which phone fetched which list",
	    the_front_notes_which_phone_fetched_which_list },
	{ "a store that fails refuses and recovers", a_store_that_fails_refuses_and_recovers },
	{ "a node that is not there refuses", a_node_that_is_not_there_refuses },
};

SUITE_MAIN("tftp/resolve", tests)
