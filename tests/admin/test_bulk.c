#include "admin/bulk.h"
#include "tests/support/suite.h"

static struct cert *
sample(const char *name)
{
	char path[128];
	struct wr pem;
	struct cert *c;
	struct err e;

	snprintf(path, sizeof(path), "vectors/certs/%s.pem", name);
	pem = suite_file(path);
	c = cert_from_pem(wr_view(&pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	wr_free(&pem);
	return c;
}

static void
types_are_those_of_the_page(void)
{
	static const struct {
		const char *type;
		unsigned kinds;
	} row[] = { { "All", 15 }, { NULL, 15 }, { "TFTP", 1 }, { "callmanager", 1 },
		{ "tomcat", 2 }, { "CAPF", 4 }, { "ITLRecovery", 8 }, { "ITL_Recovery", 8 } };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CU_ASSERT_EQUAL(bulk_kinds_of(row[i].type, &e), row[i].kinds);
	CU_ASSERT_EQUAL(bulk_kinds_of("IPSec", &e), 0);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
}

/* TechNote 215539; the Administration Guide for ITLRecovery. */
static void
each_goes_where_a_cluster_puts_it(void)
{
	static const char *const goes[BULK_KINDS][3] = {
		{ "CallManager", "CallManager-trust", "Phone-SAST-trust" },
		{ "tomcat", "tomcat-trust", NULL },
		{ "CAPF", "CallManager-trust", NULL },
		{ "ITLRecovery", "Phone-SAST-trust", "CallManager-trust" },
	};

	for (size_t i = 0; i < BULK_KINDS; i++) {
		const struct bulk_kind *k = &bulk_kinds()[i];

		CU_ASSERT_STRING_EQUAL(k->store, goes[i][0]);
		CU_ASSERT_STRING_EQUAL(k->import[0], goes[i][1]);
		CU_ASSERT_EQUAL(k->import[1] == NULL, goes[i][2] == NULL);
		if (goes[i][2] != NULL)
			CU_ASSERT_STRING_EQUAL(k->import[1], goes[i][2]);
	}
}

static void
clusters_are_told_apart(void)
{
	struct cluster c = { .name = "Lab / Kraków", .created = 0x65540000 };
	char id[BULK_NAME_MAX];

	bulk_cluster_id(&c, id);
	CU_ASSERT_STRING_EQUAL(id, "Lab___Krak__w-65540000");
	/* Another one of that name. */
	c.created++;
	bulk_cluster_id(&c, id);
	CU_ASSERT_STRING_EQUAL(id, "Lab___Krak__w-65540001");
	memset(c.name, 'x', sizeof(c.name) - 1);
	bulk_cluster_id(&c, id);
	CU_ASSERT_STRING_EQUAL(id + sizeof(c.name) - 1, "-65540001");
}

static void
labels_round_trip(void)
{
	struct bulk_label l = {
		.cluster = "A-1", .node = "cucm-pub.lab.example", .kind = &bulk_kinds()[3]
	};
	struct bulk_label back;
	char text[PKCS12_LABEL_MAX], name[BULK_NAME_MAX * 2];
	struct err e = { 0 };

	bulk_label_write(&l, text);
	CU_ASSERT_STRING_EQUAL(text, "A-1/cucm-pub.lab.example/ITLRecovery");
	CU_ASSERT_EQUAL_FATAL(bulk_label_read(text, &back, &e), 0);
	CU_ASSERT_STRING_EQUAL(back.cluster, l.cluster);
	CU_ASSERT_STRING_EQUAL(back.node, l.node);
	CU_ASSERT_PTR_EQUAL(back.kind, l.kind);
	bulk_export_name(&l, name);
	CU_ASSERT_STRING_EQUAL(name, "A-1.cucm-pub.lab.example.ITLRecovery.p12");
	CU_ASSERT(bulk_is_export(name));
	bulk_consolidated_name(l.kind, name);
	CU_ASSERT(!bulk_is_export(name));
	CU_ASSERT(bulk_is_consolidated(name, l.kind));
	CU_ASSERT(!bulk_is_consolidated(name, &bulk_kinds()[0]));
	CU_ASSERT(!bulk_is_export("notes.txt"));
	CU_ASSERT(!bulk_is_export(".p12"));
}

static void
what_is_no_label_is_refused(void)
{
	static const char *const bad[] = { "", "A-1", "A-1/pub", "A-1/pub/", "A-1/pub/TVS",
		"/pub/CAPF", "A-1//CAPF", "A-1/pub/CAPF/", "A 1/pub/CAPF", "../x/CAPF",
		"A-1/p_b/CAPF" };
	struct bulk_label l;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(bulk_label_read(bad[i], &l, &e), -1);
}

static void
free_all(struct pkcs12 all[BULK_KINDS])
{
	for (size_t i = 0; i < BULK_KINDS; i++)
		pkcs12_free(&all[i]);
}

static void
exports_are_sorted_and_counted(void)
{
	struct cert *a = sample("tvs"), *b = sample("tftp");
	struct pkcs12 p = { 0 }, all[BULK_KINDS] = { { 0 } }, older[BULK_KINDS] = { { 0 } };
	struct err e = { 0 };

	pkcs12_add(&p, a, "A-1/pub/CallManager");
	pkcs12_add(&p, b, "A-1/sub/CallManager");
	CU_ASSERT_EQUAL_FATAL(bulk_sort(&p, all, &e), 0);
	CU_ASSERT_EQUAL_FATAL(bulk_sort(&p, older, &e), 0);
	CU_ASSERT_EQUAL(all[0].n, 2);
	CU_ASSERT_EQUAL(bulk_clusters(all), 1);
	/* Once more, and one of another cluster, and of another kind. */
	pkcs12_add(&p, b, "B-1/pub/CAPF");
	CU_ASSERT_EQUAL_FATAL(bulk_sort(&p, all, &e), 0);
	CU_ASSERT_EQUAL(all[0].n, 2);
	CU_ASSERT_EQUAL(all[2].n, 1);
	CU_ASSERT_EQUAL(bulk_clusters(all), 2);
	CU_ASSERT_EQUAL(bulk_missing(older, all), 1);
	CU_ASSERT_EQUAL(bulk_missing(all, older), 0);
	pkcs12_add(&p, a, "no label");
	CU_ASSERT_EQUAL(bulk_sort(&p, all, &e), -1);
	pkcs12_free(&p);
	free_all(all);
	free_all(older);
	cert_free(a);
	cert_free(b);
}

static const struct suite_test tests[] = {
	{ "types are those of the page", types_are_those_of_the_page },
	{ "each goes where a cluster puts it", each_goes_where_a_cluster_puts_it },
	{ "clusters are told apart", clusters_are_told_apart },
	{ "labels round trip", labels_round_trip },
	{ "what is no label is refused", what_is_no_label_is_refused },
	{ "exports are sorted and counted", exports_are_sorted_and_counted },
};

SUITE_MAIN("bulk", tests)
