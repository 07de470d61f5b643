#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/complete.h"

#define FOLDER TEST_DATA "/devconf/"

static struct devconf_facts
facts(void)
{
	struct devconf_facts f = {
		.server = { { .name = "cucm-pub", .address = "10.0.0.1", .publisher = true },
		    { .name = "cucm-sub", .address = "2001:db8::2" } },
		.servers = 2,
		.capf_port = 3804,
		.tvs_port = DEVCONF_TVS_PORT,
	};

	f.publisher = f.server[0];
	return f;
}

/* Of a phone with this security, whose CAPF is to ask for an authentication string. */
static int
complete_for(
    enum security_mode security, struct bytes file, struct wr *out, unsigned *added, struct err *e)
{
	struct devconf_facts f = facts();
	struct device d = { .name = "SEP001122334455", .security = security };
	struct devconf_phone p = { .device = &d, .capf_auth = 1 };

	return complete_config(file, &f, &p, out, added, e);
}

/* What the file becomes for a phone that nobody knows; the caller frees. */
static struct wr
completed(struct bytes file, unsigned *added)
{
	struct devconf_facts f = facts();
	struct device d = { .security = SECURITY_NONE };
	struct devconf_phone p = { .device = &d };
	struct wr out = { 0 };
	struct err e = { 0 };

	if (complete_config(file, &f, &p, &out, added, &e) != 0)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT(e.code == ERR_NONE);
	return out;
}

static struct wr
data(const char *name)
{
	char *path = mem_fmt("%s%s", FOLDER, name);
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL_FATAL(file_read(path, 1 << 20, &w, &e), 0);
	free(path);
	return w;
}

static bool
makes(const char *text, const char *wanted)
{
	unsigned added;
	struct wr out = completed(bytes_of(text), &added);
	bool same = bytes_eq_text(wr_view(&out), wanted);

	if (!same)
		fprintf(stderr, "\n    %s\n", wr_cstr(&out));
	wr_free(&out);
	return same;
}

/* ---- whole files ---- */

static void
golden(const char *name, unsigned parts)
{
	char *file = mem_fmt("%s.xml", name), *wanted = mem_fmt("%s.completed.xml", name);
	struct wr in = data(file), want = data(wanted), out;
	unsigned added;

	out = completed(wr_view(&in), &added);
	CU_ASSERT_EQUAL(added, parts);
	if (!bytes_eq(wr_view(&out), wr_view(&want)))
		fprintf(stderr, "\n    %s became:\n%s\n", name, wr_cstr(&out));
	CU_ASSERT(bytes_eq(wr_view(&out), wr_view(&want)));
	wr_free(&in);
	wr_free(&want);
	wr_free(&out);
	free(file);
	free(wanted);
}

static void
files_that_others_write_get_what_they_lack(void)
{
	enum {
		CAPF = DEVCONF_PART_CAPF_AUTH | DEVCONF_PART_CAPF_LIST | DEVCONF_PART_CERT_HASH |
		       DEVCONF_PART_ENCRYPTED
	};

	golden("freepbx", DEVCONF_PART_TVS | CAPF);
	golden("wazo", DEVCONF_PART_TVS | DEVCONF_PART_SECURITY);
	golden("by_hand", DEVCONF_PART_TVS | DEVCONF_PART_SECURITY | CAPF);
	golden("latin1", DEVCONF_PART_TVS | DEVCONF_PART_SECURITY | CAPF);
}

/* All bytes of the file are there, before and behind what came in; done twice, it is the same. */
static void
the_rest_stays_as_it_is(void)
{
	static const char *const names[] = { "freepbx.xml", "wazo.xml", "by_hand.xml",
		"latin1.xml" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct wr in = data(names[i]), out, again;
		size_t same = 0, more;
		unsigned added;

		out = completed(wr_view(&in), &added);
		more = out.n - in.n;
		while (same < in.n && in.p[same] == out.p[same])
			same++;
		CU_ASSERT(more > 0);
		CU_ASSERT(bytes_eq(
		    bytes_from(wr_view(&in), same), bytes_from(wr_view(&out), same + more)));
		again = completed(wr_view(&out), &added);
		CU_ASSERT_EQUAL(added, 0);
		CU_ASSERT(bytes_eq(wr_view(&out), wr_view(&again)));
		wr_free(&in);
		wr_free(&out);
		wr_free(&again);
	}
}

static void
what_we_make_lacks_nothing(void)
{
	struct devconf_facts f = facts();
	struct device d = {
		.name = "SEP001122334455", .model = model_of("7975"), .security = SECURITY_ENCRYPTED
	};
	struct devconf_phone p = { .device = &d };
	struct wr made = { 0 }, out;
	unsigned added;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(devconf_make(&f, &p, &made, &e), 0);
	out = completed(wr_view(&made), &added);
	CU_ASSERT_EQUAL(added, 0);
	CU_ASSERT(bytes_eq(wr_view(&made), wr_view(&out)));
	wr_free(&made);
	wr_free(&out);
}

/* ---- what counts as there ---- */

#define ALL_BUT_TVS "<deviceSecurityMode/><capfAuthMode/><capfList/><certHash/><encrConfig/>"
#define TVS                                                                                        \
	"<TVS>\n <members>\n  <member priority=\"0\">\n   <port>2445</port>\n"                     \
	"   <address>10.0.0.1</address>\n  </member>\n  <member priority=\"1\">\n"                 \
	"   <port>2445</port>\n   <address>2001:db8::2</address>\n  </member>\n </members>\n"      \
	"</TVS>\n"

static void
an_empty_element_is_there(void)
{
	CU_ASSERT(makes(
	    "<device><TVS/>" ALL_BUT_TVS "</device>", "<device><TVS/>" ALL_BUT_TVS "</device>"));
	CU_ASSERT(
	    makes("<device>" ALL_BUT_TVS "</device>", "<device>" ALL_BUT_TVS "\n" TVS "</device>"));
}

static void
only_what_stands_right_below_device_counts(void)
{
	CU_ASSERT(makes("<device>" ALL_BUT_TVS "<vendorConfig><TVS/></vendorConfig>\n</device>",
	    "<device>" ALL_BUT_TVS "<vendorConfig><TVS/></vendorConfig>\n" TVS "</device>"));
	CU_ASSERT(makes("<device>" ALL_BUT_TVS "<!-- <TVS/> --><![CDATA[<TVS/>]]>\n\t</device>\n",
	    "<device>" ALL_BUT_TVS "<!-- <TVS/> --><![CDATA[<TVS/>]]>\n" TVS "\t</device>\n"));
}

static void
what_stands_behind_device_is_not_mistaken_for_its_end(void)
{
	CU_ASSERT(makes("<device>" ALL_BUT_TVS "\n</device  ><!--</device>--><?x </device>?>\n",
	    "<device>" ALL_BUT_TVS "\n" TVS "</device  ><!--</device>--><?x </device>?>\n"));
}

static void
an_empty_device_is_opened(void)
{
	unsigned added;
	struct wr out = completed(bytes_of("<?xml version='1.0'?><device a='>' />\n"), &added);

	CU_ASSERT(
	    strstr(wr_cstr(&out), "<?xml version='1.0'?><device a='>' >\n<TVS>") == (char *)out.p);
	CU_ASSERT(strstr(wr_cstr(&out), "</encrConfig>\n</device>\n") != NULL);
	wr_free(&out);
}

static void
a_byte_order_mark_and_a_namespace_do_no_harm(void)
{
	CU_ASSERT(makes("\xef\xbb\xbf<device xsi:type=\"axl:XIPPhone\">" ALL_BUT_TVS "\n</device>",
	    "\xef\xbb\xbf<device xsi:type=\"axl:XIPPhone\">" ALL_BUT_TVS "\n" TVS "</device>"));
	CU_ASSERT(makes("<device xmlns=\"urn:x\">" ALL_BUT_TVS "\n</device>",
	    "<device xmlns=\"urn:x\">" ALL_BUT_TVS "\n" TVS "</device>"));
}

static void
other_documents_are_left_alone(void)
{
	CU_ASSERT(makes("<Default><x/></Default>", "<Default><x/></Default>"));
	CU_ASSERT(makes("<flat-profile/>", "<flat-profile/>"));
}

/* ---- what is said of the phone ---- */

static bool
says(enum security_mode mode, const char *file, const char *words)
{
	struct wr out = { 0 };
	unsigned added;
	struct err e;
	bool said;

	CU_ASSERT_EQUAL_FATAL(complete_for(mode, bytes_of(file), &out, &added, &e), 0);
	said = strstr(wr_cstr(&out), words) != NULL;
	wr_free(&out);
	return said;
}

static void
the_phones_own_settings_are_put_in(void)
{
	CU_ASSERT(says(SECURITY_NONE, "<device/>", "<capfAuthMode>1</capfAuthMode>\n<capfList>"));
	CU_ASSERT(says(SECURITY_ENCRYPTED, "<device/>",
	    "<deviceSecurityMode>3</deviceSecurityMode>\n"
	    "<transportLayerProtocol>3</transportLayerProtocol>"));
	CU_ASSERT(!says(SECURITY_NONE, "<device/>", "transportLayerProtocol"));
	CU_ASSERT(
	    !says(SECURITY_ENCRYPTED, "<device><deviceSecurityMode>1</deviceSecurityMode></device>",
		"transportLayerProtocol"));
	CU_ASSERT(!says(SECURITY_ENCRYPTED,
	    "<device><transportLayerProtocol>2</transportLayerProtocol></device>",
	    "<transportLayerProtocol>3"));
}

/* ---- what cannot be completed ---- */

static struct err
refusal(struct bytes file)
{
	struct wr out = { 0 };
	unsigned added;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(complete_for(SECURITY_NONE, file, &out, &added, &e), -1);
	CU_ASSERT_EQUAL(out.n, 0);
	CU_ASSERT_EQUAL(added, 0);
	wr_free(&out);
	return e;
}

static void
broken_xml_is_told_by_line_and_column(void)
{
	struct wr file = data("broken.xml");
	struct err e = refusal(wr_view(&file));

	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, "line 3, column 36: Opening and ending tag mismatch");
	wr_free(&file);
	CU_ASSERT_EQUAL(refusal(bytes_of("")).code, ERR_MALFORMED);
	CU_ASSERT_EQUAL(refusal(bytes_of("by hand")).code, ERR_MALFORMED);
	CU_ASSERT_EQUAL(refusal(bytes_of("<device/><device/>")).code, ERR_MALFORMED);
}

static void
doctypes_and_entities_are_refused(void)
{
	struct err e = refusal(bytes_of("<!DOCTYPE device [<!ENTITY x SYSTEM \"/etc/passwd\">]>"
					"<device><name>&x;</name></device>"));

	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, "a DOCTYPE");
}

static void
limits_are_kept(void)
{
	struct wr big = { 0 };
	struct err e;

	wr_text(&big, "<device>");
	wr_fill(&big, ' ', DEVCONF_MAX - 8);
	wr_text(&big, "</device>");
	CU_ASSERT_EQUAL(refusal(wr_view(&big)).code, ERR_LIMIT);
	wr_free(&big);
	/* Small enough to read, too large once it is complete. */
	wr_text(&big, "<device>");
	wr_fill(&big, ' ', DEVCONF_MAX - 20);
	wr_text(&big, "</device>");
	e = refusal(wr_view(&big));
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "with what it lacks it would have");
	wr_free(&big);
}

static void
utf_16_stays_as_it_is(void)
{
	static const char text[] = "<device></device>";
	struct wr file = { 0 };

	wr_u8(&file, 0xff);
	wr_u8(&file, 0xfe);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		wr_u8(&file, (uint8_t)text[i]);
		wr_u8(&file, 0);
	}
	CU_ASSERT_EQUAL(refusal(wr_view(&file)).code, ERR_FAILED);
	wr_free(&file);
}

static const struct suite_test tests[] = {
	{ "files that others write get what they lack",
	    files_that_others_write_get_what_they_lack },
	{ "the rest stays as it is", the_rest_stays_as_it_is },
	{ "what we make lacks nothing", what_we_make_lacks_nothing },
	{ "an empty element is there", an_empty_element_is_there },
	{ "only what stands right below device counts",
	    only_what_stands_right_below_device_counts },
	{ "what stands behind device is not mistaken for its end",
	    what_stands_behind_device_is_not_mistaken_for_its_end },
	{ "an empty device is opened", an_empty_device_is_opened },
	{ "a byte order mark and a namespace do no harm",
	    a_byte_order_mark_and_a_namespace_do_no_harm },
	{ "other documents are left alone", other_documents_are_left_alone },
	{ "the phone's own settings are put in", the_phones_own_settings_are_put_in },
	{ "broken XML is told by line and column", broken_xml_is_told_by_line_and_column },
	{ "DOCTYPEs and entities are refused", doctypes_and_entities_are_refused },
	{ "limits are kept", limits_are_kept },
	{ "UTF-16 stays as it is", utf_16_stays_as_it_is },
};

SUITE_MAIN("tftp/complete", tests)
