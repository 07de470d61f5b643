#include "trust/request.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/listing.h"
#include "trust/tlist.h"

enum { DAY = 86400, ROOT = 0, SUB = 1, OTHER = 2 };

static const struct mint_names no_names;

/* The PEM of a new request of cucm-pub. */
static struct wr
ask(struct store *s, const char *store, const struct mint_names *names)
{
	struct node pub = lab_node(s, "cucm-pub");
	struct wr pem = { 0 };
	struct err e = { 0 };

	if (request_make(s, lab_kind(store), &pub, names, LAB_NOW, &pem, &e) != 0)
		CU_FAIL_FATAL(e.text);
	return pem;
}

static X509_REQ *
read_request(struct bytes pem)
{
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509_REQ *x = PEM_read_bio_X509_REQ(in, NULL, NULL, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	BIO_free(in);
	return x;
}

static struct cert *
own(struct store *s, const char *store)
{
	const struct cert_kind *kind = lab_kind(store);
	struct err e = { 0 };
	struct cert *c = certs_own(
	    s, store, kind->of_cluster ? CERTS_CLUSTER : lab_node(s, "cucm-pub").id, NULL, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static bool
trusts(struct store *s, const char *store, const struct cert *c)
{
	struct held_cert *all;
	struct err e = { 0 };
	bool found = false;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(certs_list(s, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		found = found || (strcmp(all[i].store, store) == 0 && cert_eq(all[i].cert, c));
	certs_list_free(all, n);
	return found;
}

/* ---- requests ---- */

/* All extensions of a request as text, as `openssl req -text` has it. */
static void
asks_for(const char *store, const struct mint_names *names, const char *const *words)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr pem = ask(s, store, names);
	X509_REQ *x = read_request(wr_view(&pem));
	BIO *text = BIO_new(BIO_s_mem());
	bool is_ec = strcmp(store, "CallManager-ECDSA") == 0;
	struct wr seen = { 0 };
	char *p;
	long n;

	CU_ASSERT_EQUAL(X509_REQ_verify(x, X509_REQ_get0_pubkey(x)), 1);
	CU_ASSERT_EQUAL(X509_REQ_get_signature_nid(x),
	    is_ec ? NID_ecdsa_with_SHA256 : NID_sha256WithRSAEncryption);
	CU_ASSERT_EQUAL(EVP_PKEY_get_bits(X509_REQ_get0_pubkey(x)), is_ec ? 384 : 2048);
	X509_REQ_print_ex(text, x, XN_FLAG_RFC2253, X509_FLAG_NO_PUBKEY | X509_FLAG_NO_SIGDUMP);
	n = BIO_get_mem_data(text, &p);
	wr_put(&seen, bytes_over(p, (size_t)n));
	for (; *words != NULL; words++) {
		if (strstr(wr_cstr(&seen), *words) == NULL)
			fprintf(
			    stderr, "\n    %s: no \"%s\" in\n%s", store, *words, wr_cstr(&seen));
		CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&seen), *words));
	}
	wr_free(&seen);
	BIO_free(text);
	X509_REQ_free(x);
	wr_free(&pem);
	store_close(s);
}

/* TechNote 212214; TVS, CAPF and ITLRecovery ask for what they give themselves. */
static void
requests_ask_for_what_their_purpose_needs(void)
{
	static const char *const callmanager[] = {
		"C=BE,O=Cisco,OU=TAC,CN=cucm-pub,ST=BR,L=Brussels",
		"Digital Signature, Data Encipherment, Key Agreement\n",
		"TLS Web Server Authentication, TLS Web Client Authentication, IPSec End System\n",
		"DNS:cucm-pub\n", NULL
	};
	/* The host has no "-EC" in its name. */
	static const char *const callmanager_ec[] = {
		"C=BE,O=Cisco,OU=TAC,CN=cucm-pub-EC,ST=BR,L=Brussels",
		"Digital Signature, Key Agreement\n",
		"TLS Web Server Authentication, TLS Web Client Authentication, IPSec End System\n",
		"DNS:cucm-pub\n", NULL
	};
	static const char *const tomcat[] = {
		"Digital Signature, Key Encipherment, Data Encipherment, Key Agreement\n",
		"TLS Web Server Authentication, TLS Web Client Authentication, IPSec End System\n",
		"DNS:cucm-pub\n", NULL
	};
	static const char *const tvs[] = {
		"Digital Signature, Key Encipherment, Data Encipherment\n",
		"TLS Web Server Authentication, TLS Web Client Authentication\n", NULL
	};
	static const char *const capf[] = { "CN=CAPF-", "CA:TRUE, pathlen:0\n",
		"Digital Signature, Certificate Sign\n", NULL };
	static const char *const recovery[] = { "CN=ITLRECOVERY_cucm-pub",
		"Digital Signature, Certificate Sign\n", NULL };

	asks_for("CallManager", &no_names, callmanager);
	asks_for("CallManager-ECDSA", &no_names, callmanager_ec);
	asks_for("tomcat", &no_names, tomcat);
	asks_for("TVS", &no_names, tvs);
	asks_for("CAPF", &no_names, capf);
	asks_for("ITLRecovery", &no_names, recovery);
}

static void
names_are_those_asked_for(void)
{
	static const char *const san[] = { "cucm.lab", "cucm-ms.lab", "10-0-0-1.lab" };
	static const char *const words[] = { "CN=cucm-ms.lab,",
		"DNS:cucm-ms.lab, DNS:cucm.lab, DNS:10-0-0-1.lab\n", NULL };
	struct mint_names names = { "cucm-ms.lab", san, 3 };

	asks_for("tomcat", &names, words);
}

static void
not_asked(enum release release, const char *store, const struct mint_names *names,
    enum err_code code, const char *says)
{
	struct store *s = lab_founded(release);
	struct node pub = lab_node(s, "cucm-pub");
	int64_t was = store_generation(s);
	struct wr pem = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(request_make(s, lab_kind(store), &pub, names, LAB_NOW, &pem, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_EQUAL(pem.n, 0);
	CU_ASSERT_EQUAL(store_generation(s), was);
	store_close(s);
}

static void
request_that_makes_no_sense_is_refused(void)
{
	static const char *const bad[] = { "a.lab,DNS:b.lab" };
	static const char *many[MINT_NAMES_MAX + 1];
	struct mint_names cn = { .common_name = "no host" }, other = { NULL, bad, 1 },
			  most = { NULL, many, MINT_NAMES_MAX + 1 };

	for (size_t i = 0; i <= MINT_NAMES_MAX; i++)
		many[i] = "host";
	not_asked(RELEASE_12_5, "tomcat-trust", &no_names, ERR_USAGE, "is a trust store");
	not_asked(
	    RELEASE_8_0, "ITLRecovery", &no_names, ERR_NOT_FOUND, "no ITLRecovery certificate");
	not_asked(RELEASE_12_5, "TVS", &cn, ERR_USAGE, "\"no host\" is no host name");
	not_asked(RELEASE_12_5, "TVS", &other, ERR_USAGE, "\"a.lab,DNS:b.lab\" is no host name");
	not_asked(RELEASE_12_5, "TVS", &most, ERR_LIMIT, "101 alternative names");
}

static void
new_request_replaces_the_one_that_waits(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr first = ask(s, "tomcat", &no_names), second = ask(s, "tomcat", &no_names),
		  capf = ask(s, "CAPF", &no_names);
	struct request *all;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(request_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_STRING_EQUAL(all[0].store, "CAPF");
	CU_ASSERT_EQUAL(all[0].node, CERTS_CLUSTER);
	CU_ASSERT_STRING_EQUAL(all[0].pem, wr_cstr(&capf));
	CU_ASSERT_STRING_EQUAL(all[1].store, "tomcat");
	CU_ASSERT_EQUAL(all[1].made, LAB_NOW);
	CU_ASSERT_STRING_EQUAL(all[1].subject, "CN=cucm-pub;OU=TAC;O=Cisco;L=Brussels;ST=BR;C=BE");
	CU_ASSERT_STRING_EQUAL(all[1].pem, wr_cstr(&second));
	CU_ASSERT_STRING_NOT_EQUAL(wr_cstr(&first), wr_cstr(&second));
	request_list_free(all, n);
	wr_free(&first);
	wr_free(&second);
	wr_free(&capf);
	store_close(s);
}

/* ---- answers ---- */

/* As it came: takes the certificates over. */
static struct bundle
came(struct cert *a, struct cert *b, struct cert *c)
{
	struct cert *all[] = { a, b, c };
	struct wr pem = { 0 };
	struct bundle bundle = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < 3; i++)
		if (all[i] != NULL)
			cert_to_pem(all[i], &pem);
	if (bundle_add(&bundle, wr_view(&pem), &e) != 0)
		CU_FAIL_FATAL(e.text);
	for (size_t i = 0; i < 3; i++)
		cert_free(all[i]);
	wr_free(&pem);
	return bundle;
}

static struct cert *
sub_ca(void)
{
	return lab_issued(
	    &(struct lab_issue){ .cn = "sub", .issuer = "root", .key = SUB, .issuer_key = ROOT });
}

static int
answer(struct store *s, const char *store, struct bundle b, enum cluster_care care,
    struct request_answer *out, struct err *e)
{
	struct node pub = lab_node(s, "cucm-pub");
	int rc = request_answer(s, lab_kind(store), &pub, &b, care, LAB_NOW + 60, out, e);

	bundle_free(&b);
	return rc;
}

/* The whole chain came at once, with one that has nothing to do with it. */
static void
answered_with_its_chain_it_is_in_place(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr pem = ask(s, "CallManager", &no_names);
	struct cert *leaf = lab_signed(wr_view(&pem), "sub", SUB, LAB_NOW), *sub = sub_ca(), *is;
	struct request_answer a;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    answer(s, "CallManager", came(cert_copy(sub), cert_copy(leaf), lab_root("root", ROOT)),
		CLUSTER_UNLESS_LOCKED, &a, &e),
	    0);
	CU_ASSERT_TRUE(a.change.changed);
	CU_ASSERT_EQUAL(a.change.lists_built, 1);
	CU_ASSERT_EQUAL(a.trusted, 2);
	CU_ASSERT_EQUAL(a.left_out, 0);
	is = own(s, "CallManager");
	CU_ASSERT_TRUE(cert_eq(is, leaf));
	CU_ASSERT_TRUE(trusts(s, "CallManager-trust", leaf));
	CU_ASSERT_TRUE(trusts(s, "Phone-SAST-trust", leaf));
	CU_ASSERT_TRUE(trusts(s, "CallManager-trust", sub));
	CU_ASSERT_FALSE(trusts(s, "Phone-SAST-trust", sub));
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_request"), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_key"), 7); /* TFTP has the old one */
	cert_free(is);
	cert_free(sub);
	cert_free(leaf);
	wr_free(&pem);
	store_close(s);
}

/* The list names its issuer and serial number, by which phones find it. */
static void
list_carries_its_issuer_and_serial(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr pem = ask(s, "TVS", &no_names), file = { 0 };
	struct cert *leaf = lab_signed(wr_view(&pem), "root", ROOT, LAB_NOW);
	struct listing_entry entry;
	struct request_answer a;
	struct err e = { 0 };
	struct tlist *l;
	bool found = false;

	CU_ASSERT_EQUAL(answer(s, "TVS", came(cert_copy(leaf), lab_root("root", ROOT), NULL),
			    CLUSTER_ANYHOW, &a, &e),
	    0);
	CU_ASSERT_EQUAL(listing_newest(s, lab_node(s, "cucm-pub").id, &entry, &e), 1);
	CU_ASSERT_EQUAL(listing_file(s, entry.id, &file, &e), 0);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	for (size_t i = 0; i < l->n; i++)
		found = found || (strcmp(l->record[i].issuer, "CN=root") == 0 &&
				     bytes_eq(l->record[i].serial, cert_serial(leaf)));
	CU_ASSERT_TRUE(found);
	tlist_free(l);
	cert_free(leaf);
	wr_free(&file);
	wr_free(&pem);
	store_close(s);
}

static void
root_that_is_trusted_already_need_not_come(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *root = lab_root("root", ROOT), *sub = sub_ca();
	const struct cert *both[] = { root, sub };
	struct wr pem = ask(s, "ITLRecovery", &no_names);
	struct request_answer a;
	struct err e = { 0 };
	bool added[2];

	/* Its CAs are trusted where those of CallManager are. */
	CU_ASSERT_EQUAL(
	    certs_trust_all(s, lab_kind("CallManager-trust"), both, 2, LAB_NOW, added, &e), 0);
	CU_ASSERT_EQUAL(answer(s, "ITLRecovery",
			    came(lab_signed(wr_view(&pem), "sub", SUB, LAB_NOW), NULL, NULL),
			    CLUSTER_ANYHOW, &a, &e),
	    0);
	CU_ASSERT_EQUAL(a.trusted, 0);
	cert_free(root);
	cert_free(sub);
	wr_free(&pem);
	store_close(s);
}

static void
what_has_nothing_to_do_with_it_is_left_out(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *other = lab_root("other", OTHER);
	struct wr pem = ask(s, "tomcat", &no_names);
	struct request_answer a;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(answer(s, "tomcat",
			    came(cert_copy(other), lab_signed(wr_view(&pem), "root", ROOT, LAB_NOW),
				lab_root("root", ROOT)),
			    CLUSTER_ANYHOW, &a, &e),
	    0);
	CU_ASSERT_EQUAL(a.trusted, 1);
	CU_ASSERT_EQUAL(a.left_out, 1);
	CU_ASSERT_EQUAL(a.change.lists_built, 0);
	CU_ASSERT_FALSE(trusts(s, "tomcat-trust", other));
	cert_free(other);
	wr_free(&pem);
	store_close(s);
}

static void
only_looked_at_nothing_changes(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr pem = ask(s, "CallManager", &no_names);
	int64_t was = store_generation(s);
	struct cert *before = own(s, "CallManager"), *after;
	struct request_answer a;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(answer(s, "CallManager",
			    came(lab_signed(wr_view(&pem), "root", ROOT, LAB_NOW),
				lab_root("root", ROOT), NULL),
			    CLUSTER_LOOK, &a, &e),
	    0);
	CU_ASSERT_FALSE(a.change.changed);
	after = own(s, "CallManager");
	CU_ASSERT_TRUE(cert_eq(before, after));
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_request"), 1);
	cert_free(before);
	cert_free(after);
	wr_free(&pem);
	store_close(s);
}

/* Refused, and the request goes on waiting. */
static void
not_taken(struct store *s, const char *store, struct bundle b, enum err_code code, const char *says)
{
	int64_t was = store_generation(s),
		waiting = lab_int(s, "SELECT count(*) FROM cert_request");
	struct cert *before = own(s, store), *after;
	struct request_answer a;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(answer(s, store, b, CLUSTER_ANYHOW, &a, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
	after = own(s, store);
	CU_ASSERT_TRUE(cert_eq(before, after));
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_request"), waiting);
	cert_free(before);
	cert_free(after);
}

static void
answer_that_is_not_good_changes_nothing(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr old = ask(s, "tomcat", &no_names), pem = ask(s, "tomcat", &no_names);
	struct bytes request = wr_view(&pem);

	not_taken(s, "TVS", came(lab_signed(request, "root", ROOT, LAB_NOW), NULL, NULL),
	    ERR_NOT_FOUND, "no request for a TVS certificate of cucm-pub is waiting");
	not_taken(s, "CAPF", came(lab_signed(request, "root", ROOT, LAB_NOW), NULL, NULL),
	    ERR_NOT_FOUND, "no request for a CAPF certificate is waiting");
	not_taken(s, "tomcat",
	    came(lab_signed(wr_view(&old), "root", ROOT, LAB_NOW), lab_root("root", ROOT), NULL),
	    ERR_NO, "none of the 2 certificates has the key of the request");
	not_taken(s, "tomcat", came(lab_root("root", ROOT), NULL, NULL), ERR_NO,
	    "CN=root has not the key of the request that waits for tomcat");
	not_taken(s, "tomcat", came(lab_signed(request, "root", ROOT, LAB_NOW), NULL, NULL), ERR_NO,
	    "CN=root, who issued the tomcat certificate, is neither among them nor in "
	    "tomcat-trust");
	/* A root of the same name, but it was another key that signed. */
	not_taken(s, "tomcat",
	    came(lab_signed(request, "root", ROOT, LAB_NOW), lab_root("root", OTHER), NULL), ERR_NO,
	    "neither among them");
	not_taken(s, "tomcat",
	    came(lab_signed(request, "root", ROOT, LAB_NOW - DAY), lab_root("root", ROOT), NULL),
	    ERR_NO, "certificate has expired");
	not_taken(s, "tomcat",
	    came(lab_signed(request, "root", ROOT, LAB_NOW + DAY), lab_root("root", ROOT), NULL),
	    ERR_NO, "certificate is not yet valid");
	wr_free(&old);
	wr_free(&pem);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "requests ask for what their purpose needs", requests_ask_for_what_their_purpose_needs },
	{ "names are those asked for", names_are_those_asked_for },
	{ "request that makes no sense is refused", request_that_makes_no_sense_is_refused },
	{ "new request replaces the one that waits", new_request_replaces_the_one_that_waits },
	{ "answered with its chain it is in place", answered_with_its_chain_it_is_in_place },
	{ "list carries its issuer and serial", list_carries_its_issuer_and_serial },
	{ "root that is trusted already need not come",
	    root_that_is_trusted_already_need_not_come },
	{ "what has nothing to do with it is left out",
	    what_has_nothing_to_do_with_it_is_left_out },
	{ "only looked at nothing changes", only_looked_at_nothing_changes },
	{ "answer that is not good changes nothing", answer_that_is_not_good_changes_nothing },
};

SUITE_MAIN("trust/request", tests)
