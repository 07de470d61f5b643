#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tftp/devconf.h"

static struct devconf_facts
facts_of_two(void)
{
	struct devconf_facts f = {
		.server = { { .name = "cucm-pub", .address = "10.0.0.1", .publisher = true },
		    { .name = "cucm-sub", .address = "2001:db8::2" } },
		.servers = 2,
		.capf_port = 3804,
		.tvs_port = DEVCONF_TVS_PORT,
		.auto_registration = true,
	};

	f.publisher = f.server[0];
	return f;
}

static struct device
phone_7975(void)
{
	return (struct device){ .name = "SEP001122334455",
		.model = model_of("7975"),
		.description = "reception",
		.security = SECURITY_NONE,
		.added = 1700000000,
		.stamp = 3 };
}

static struct device
phone_8861(void)
{
	struct device d = phone_7975();

	d.model = model_of("8861");
	return d;
}

/* ---- the document, parsed again: never from the network, no entities ---- */

static xmlDocPtr
parse(struct bytes text)
{
	xmlDocPtr doc = xmlReadMemory((const char *)text.p, (int)text.n, "made.xml", NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);

	CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
	return doc;
}

static xmlDocPtr
made(const struct devconf_facts *f, const struct device *d)
{
	struct wr w = { 0 };
	xmlDocPtr doc;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(devconf_make(f, &(struct devconf_phone){ .device = d }, &w, &e), 0);
	doc = parse(wr_view(&w));
	wr_free(&w);
	return doc;
}

static xmlDocPtr
made_default(const struct devconf_facts *f)
{
	struct wr w = { 0 };
	xmlDocPtr doc;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(devconf_make_default(f, &w, &e), 0);
	doc = parse(wr_view(&w));
	wr_free(&w);
	return doc;
}

/* Along a path of element names below the root ("TVS/members/member"); the first of each. */
static xmlNodePtr
at(xmlDocPtr doc, const char *path)
{
	xmlNodePtr node = xmlDocGetRootElement(doc);

	for (; node != NULL && *path != '\0'; path += *path == '/') {
		size_t n = strcspn(path, "/");

		for (node = node->children; node != NULL; node = node->next)
			if (strlen((const char *)node->name) == n &&
			    strncmp((const char *)node->name, path, n) == 0)
				break;
		path += n;
	}
	return node;
}

static bool
holds(xmlNodePtr node, const char *text)
{
	xmlChar *found = node == NULL ? NULL : xmlNodeGetContent(node);
	bool same = found != NULL && strcmp((char *)found, text) == 0;

	if (!same)
		fprintf(stderr, "\n    found \"%s\", not \"%s\"\n",
		    found == NULL ? "nothing" : (char *)found, text);
	xmlFree(found);
	return same;
}

static bool
says(xmlDocPtr doc, const char *path, const char *text)
{
	return holds(at(doc, path), text);
}

static bool
has_attribute(xmlNodePtr node, const char *name, const char *text)
{
	xmlChar *found = xmlGetProp(node, BAD_CAST name);
	bool same = found != NULL && strcmp((char *)found, text) == 0;

	xmlFree(found);
	return same;
}

/* ---- tests ---- */

static void
a_phone_is_told_its_cluster(void)
{
	struct devconf_facts f = facts_of_two();
	struct device d = phone_7975();
	xmlDocPtr doc = made(&f, &d);
	xmlNodePtr second;

	CU_ASSERT(says(doc, "fullConfig", "true"));
	CU_ASSERT(says(doc, "deviceProtocol", "SCCP"));
	CU_ASSERT(says(doc,
	    "devicePool/callManagerGroup/members/member/callManager/processNodeName", "10.0.0.1"));
	CU_ASSERT(
	    says(doc, "devicePool/callManagerGroup/members/member/callManager/name", "cucm-pub"));
	CU_ASSERT(says(doc, "TVS/members/member/port", "2445"));
	CU_ASSERT(says(doc, "TVS/members/member/address", "10.0.0.1"));
	second = at(doc, "TVS/members/member")->next;
	CU_ASSERT(has_attribute(second, "priority", "1"));
	CU_ASSERT(holds(second->children->next, "2001:db8::2"));
	CU_ASSERT(says(doc, "capfList/capf/phonePort", "3804"));
	CU_ASSERT(says(doc, "capfList/capf/processNodeName", "10.0.0.1"));
	CU_ASSERT(says(doc, "capfAuthMode", "0"));
	CU_ASSERT(says(doc, "certHash", ""));
	CU_ASSERT(says(doc, "deviceSecurityMode", "1"));
	CU_ASSERT(says(doc, "transportLayerProtocol", "4"));
	CU_ASSERT(says(doc, "loadInformation", ""));
	xmlFreeDoc(doc);
}

/* Its order and its certificate; the hash as `openssl x509 -outform DER | md5sum` gives it. */
static void
a_phone_is_told_what_capf_wants_of_it(void)
{
	static const char hash[] = "777b6fee544491525e38364e17b0a845";
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();
	struct wr pem = suite_file("certs/ec-compressed.pem"), w = { 0 };
	struct err e;
	struct cert *lsc = cert_from_pem(wr_view(&pem), &e);
	struct devconf_phone p = { .device = &d, .capf_auth = 2, .lsc = lsc };
	struct devconf_read r;
	xmlDocPtr doc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(lsc);
	CU_ASSERT_EQUAL_FATAL(devconf_make(&f, &p, &w, &e), 0);
	doc = parse(wr_view(&w));
	CU_ASSERT(says(doc, "capfAuthMode", "2"));
	CU_ASSERT(says(doc, "certHash", hash));
	CU_ASSERT_EQUAL(devconf_read(wr_view(&w), &r, &e), 0);
	CU_ASSERT_EQUAL(r.capf_auth, 2);
	CU_ASSERT_STRING_EQUAL(r.cert_hash, hash);
	xmlFreeDoc(doc);
	cert_free(lsc);
	wr_free(&pem);
	wr_free(&w);
}

/* As in files of Unified CM; a phone that reads them one after the other finds them so. */
static void
elements_stand_in_order(void)
{
	static const char *const order[] = { "fullConfig", "portalDefaultServer", "deviceProtocol",
		"devicePool", "TVS", "sipProfile", "loadInformation", "vendorConfig",
		"commonConfig", "enterpriseConfig", "versionStamp", "deviceSecurityMode",
		"transportLayerProtocol", "authenticationURL", "directoryURL", "idleURL",
		"informationURL", "messagesURL", "servicesURL", "secureAuthenticationURL",
		"secureDirectoryURL", "secureServicesURL", "secureUDSUsersAccessURL",
		"capfAuthMode", "capfList", "certHash", "encrConfig", "TLSResumptionTimer",
		"phoneServices" };
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();
	xmlDocPtr doc = made(&f, &d);
	xmlNodePtr node = xmlDocGetRootElement(doc);

	CU_ASSERT_STRING_EQUAL(node->name, "device");
	node = node->children;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(node);
		CU_ASSERT_STRING_EQUAL(node->name, order[i]);
		node = node->next;
	}
	CU_ASSERT_PTR_NULL(node);
	xmlFreeDoc(doc);
}

static void
a_secure_phone_registers_over_tls(void)
{
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();
	xmlDocPtr doc;

	d.security = SECURITY_ENCRYPTED;
	snprintf(d.load, sizeof(d.load), "sip88xx.14-0-1");
	doc = made(&f, &d);
	CU_ASSERT(says(doc, "deviceProtocol", "SIP"));
	CU_ASSERT(says(doc, "sipProfile/phoneLabel", "reception"));
	CU_ASSERT(says(doc, "deviceSecurityMode", "3"));
	CU_ASSERT(says(doc, "transportLayerProtocol", "3"));
	CU_ASSERT(says(doc, "loadInformation", "sip88xx.14-0-1"));
	xmlFreeDoc(doc);
}

static void
the_same_facts_give_the_same_bytes(void)
{
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();
	struct devconf_phone p = { .device = &d };
	struct wr a = { 0 }, b = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(devconf_make(&f, &p, &a, &e), 0);
	CU_ASSERT_EQUAL(devconf_make(&f, &p, &b, &e), 0);
	CU_ASSERT(bytes_eq(wr_view(&a), wr_view(&b)));
	b.n = 0;
	d.stamp++;
	CU_ASSERT_EQUAL(devconf_make(&f, &p, &b, &e), 0);
	CU_ASSERT(!bytes_eq(wr_view(&a), wr_view(&b)));
	wr_free(&a);
	wr_free(&b);
}

/* The uuid is RFC 9562's version 5 of the name in our name space. */
static void
identity_follows_from_the_name(void)
{
	static const char uuid[] = "{82d60b05-9c31-55b5-bedb-61c8de865115}";
	struct devconf_facts f = facts_of_two();
	struct device d = phone_7975();
	xmlDocPtr doc = made(&f, &d);
	xmlNodePtr root = xmlDocGetRootElement(doc);

	CU_ASSERT(has_attribute(root, "uuid", uuid));
	CU_ASSERT(has_attribute(root, "xsi:type", "axl:XIPPhone"));
	CU_ASSERT(says(doc, "versionStamp", "1700000003-82d60b05-9c31-55b5-bedb-61c8de865115"));
	xmlFreeDoc(doc);
	d.name[14] = '6';
	doc = made(&f, &d);
	CU_ASSERT(!has_attribute(xmlDocGetRootElement(doc), "uuid", uuid));
	xmlFreeDoc(doc);
}

static void
text_of_the_operator_stays_text(void)
{
	static const struct {
		const char *given, *read;
	} texts[] = {
		{ "<a href=\"x\">&amp;</a> ]]>", "<a href=\"x\">&amp;</a> ]]>" },
		{ "Empfang \xc3\xbc \xe2\x82\xac", "Empfang \xc3\xbc \xe2\x82\xac" },
		{ "bell\x07 and escape\x1b", "bell? and escape?" },
		{ "half a character \xc3", "half a character ?" },
		{ "no character \xef\xbf\xbf", "no character ???" },
	};
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		xmlDocPtr doc;

		snprintf(d.description, sizeof(d.description), "%s", texts[i].given);
		doc = made(&f, &d);
		CU_ASSERT(says(doc, "sipProfile/phoneLabel", texts[i].read));
		xmlFreeDoc(doc);
	}
}

static void
addresses_of_ipv6_are_bracketed_in_urls(void)
{
	struct devconf_facts f = facts_of_two();
	struct device d = phone_7975();
	xmlDocPtr doc;

	f.publisher = f.server[1];
	doc = made(&f, &d);
	CU_ASSERT(
	    says(doc, "authenticationURL", "http://[2001:db8::2]:8080/ccmcip/authenticate.jsp"));
	CU_ASSERT(
	    says(doc, "secureDirectoryURL", "https://[2001:db8::2]:8443/ccmcip/xmldirectory.jsp"));
	CU_ASSERT(says(doc, "capfList/capf/processNodeName", "2001:db8::2"));
	xmlFreeDoc(doc);
}

static void
protocol_follows_from_the_firmware(void)
{
	static const struct {
		const char *model, *load, *protocol;
	} phones[] = {
		{ "7960", "P0S3-8-12-00", "SIP" },
		{ "7960", "P0030801SR02", "SCCP" },
		{ "7975", "SIP75.9-4-2SR3-1S", "SIP" },
		{ "7912", "", "SCCP" },
		{ "8875", "", "SIP" },
		{ "CSF", "", "SIP" },
	};
	struct devconf_facts f = facts_of_two();
	struct device d = phone_7975();

	for (size_t i = 0; i < sizeof(phones) / sizeof(phones[0]); i++) {
		xmlDocPtr doc;

		d.model = model_of(phones[i].model);
		snprintf(d.load, sizeof(d.load), "%s", phones[i].load);
		doc = made(&f, &d);
		CU_ASSERT(says(doc, "deviceProtocol", phones[i].protocol));
		xmlFreeDoc(doc);
	}
}

static void
the_default_file_has_a_load_for_each_model(void)
{
	struct devconf_facts f = facts_of_two();
	xmlDocPtr doc = made_default(&f);

	CU_ASSERT_STRING_EQUAL(xmlDocGetRootElement(doc)->name, "Default");
	CU_ASSERT(says(doc, "loadInformation437", model_of("7975")->load));
	CU_ASSERT(has_attribute(at(doc, "loadInformation437"), "model", "Cisco 7975"));
	CU_ASSERT_PTR_NULL(at(doc, "loadInformation302")); /* we know no firmware of the 7985 */
	CU_ASSERT_PTR_NULL(at(doc, "TVS"));
	CU_ASSERT(
	    says(doc, "callManagerGroup/members/member/callManager/ports/securedSipPort", "5061"));
	CU_ASSERT(says(doc, "autoRegistration", "enabled"));
	xmlFreeDoc(doc);
	f.auto_registration = false;
	doc = made_default(&f);
	CU_ASSERT(says(doc, "autoRegistration", "disabled"));
	xmlFreeDoc(doc);
}

/* ---- reading ---- */

/* As a file of Unified CM has it, but for the blanks: ports first, priorities in any order. */
static const char theirs[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<device  xsi:type=\"axl:XIPPhone\" ctiid=\"548\">\n"
    "<devicePool><callManagerGroup><members>\n"
    "<member  priority=\"0\"><callManager><name>a</name>\n"
    "<processNodeName>cucm-pub</processNodeName></callManager></member>\n"
    "</members></callManagerGroup></devicePool>\n"
    "<TVS><members>\n"
    "<member priority=\"2\"><port>2447</port><address>third</address></member>\n"
    "<!-- and --><member priority=\"0\"><address> 64.73.32.133\n</address></member>\n"
    "<member priority=\"1\"><port>2446</port><address>2001:db8::2</address></member>\n"
    "</members></TVS>\n"
    "<loadInformation><![CDATA[sip&88xx]]></loadInformation>\n"
    "<deviceSecurityMode>3</deviceSecurityMode>\n"
    "<capfList><capf><phonePort>3805</phonePort>"
    "<processNodeName>cucm-&#112;ub</processNodeName></capf></capfList>\n"
    "<capfAuthMode> 4\n</capfAuthMode><certHash>2jmj7l5rSw0yVb/vlWAYkK/YBwk=</certHash>\n"
    "</device>\n";

static void
what_others_wrote_is_read(void)
{
	struct devconf_read r;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(devconf_read(bytes_of(theirs), &r, &e), 0);
	CU_ASSERT_FALSE(r.is_default);
	CU_ASSERT_EQUAL(r.callmanagers, 1);
	CU_ASSERT_STRING_EQUAL(r.callmanager[0], "cucm-pub");
	CU_ASSERT_EQUAL_FATAL(r.tvs_n, 3);
	CU_ASSERT_STRING_EQUAL(r.tvs[0].host, "64.73.32.133");
	CU_ASSERT_EQUAL(r.tvs[0].port, DEVCONF_TVS_PORT);
	CU_ASSERT_STRING_EQUAL(r.tvs[1].host, "2001:db8::2");
	CU_ASSERT_EQUAL(r.tvs[1].port, 2446);
	CU_ASSERT_STRING_EQUAL(r.tvs[2].host, "third");
	CU_ASSERT_STRING_EQUAL(r.capf.host, "cucm-pub");
	CU_ASSERT_EQUAL(r.capf.port, 3805);
	CU_ASSERT_EQUAL(r.capf_auth, 4);
	CU_ASSERT_STRING_EQUAL(r.cert_hash, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
	CU_ASSERT_EQUAL(r.security, SECURITY_ENCRYPTED);
	CU_ASSERT_STRING_EQUAL(r.load, "sip&88xx");
}

static void
what_was_made_is_read(void)
{
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();
	struct devconf_phone p = { .device = &d, .capf_auth = 3 };
	struct devconf_read r;
	struct wr w = { 0 };
	struct err e;

	f.tvs_port = 3445;
	d.security = SECURITY_AUTHENTICATED;
	CU_ASSERT_EQUAL(devconf_make(&f, &p, &w, &e), 0);
	CU_ASSERT_EQUAL_FATAL(devconf_read(wr_view(&w), &r, &e), 0);
	CU_ASSERT_EQUAL(r.callmanagers, 2);
	CU_ASSERT_STRING_EQUAL(r.callmanager[1], "2001:db8::2");
	CU_ASSERT_EQUAL(r.tvs_n, 2);
	CU_ASSERT_STRING_EQUAL(r.tvs[0].host, "10.0.0.1");
	CU_ASSERT_EQUAL(r.tvs[1].port, 3445);
	CU_ASSERT_EQUAL(r.capf.port, 3804);
	CU_ASSERT_EQUAL(r.capf_auth, 3);
	CU_ASSERT_STRING_EQUAL(r.cert_hash, "");
	CU_ASSERT(!r.encrypted && !r.is_short);
	CU_ASSERT_EQUAL(r.security, SECURITY_AUTHENTICATED);
	w.n = 0;
	CU_ASSERT_EQUAL(devconf_make_default(&f, &w, &e), 0);
	CU_ASSERT_EQUAL_FATAL(devconf_read(wr_view(&w), &r, &e), 0);
	CU_ASSERT_TRUE(r.is_default);
	CU_ASSERT_EQUAL(r.callmanagers, 2);
	CU_ASSERT_EQUAL(r.tvs_n, 0);
	CU_ASSERT_STRING_EQUAL(r.capf.host, "");
	wr_free(&w);
}

/* Of the short file: the elements, and nothing that would be worth reading. */
static void
an_encrypted_phone_is_told_so_in_both_files(void)
{
	struct devconf_facts f = facts_of_two();
	struct device d = phone_8861();
	struct devconf_phone p = { .device = &d, .capf_auth = 2 };
	static const char *const order[] = { "fullConfig", "TVS", "loadInformation", "capfAuthMode",
		"capfList", "certHash", "encrConfig" };
	struct devconf_read r;
	struct wr w = { 0 };
	xmlNodePtr node;
	xmlDocPtr doc;
	struct err e;

	d.encrypted_config = true;
	CU_ASSERT_EQUAL(devconf_make(&f, &p, &w, &e), 0);
	CU_ASSERT_EQUAL_FATAL(devconf_read(wr_view(&w), &r, &e), 0);
	CU_ASSERT(r.encrypted && !r.is_short);
	w.n = 0;
	CU_ASSERT_EQUAL(devconf_make_short(&f, &p, &w, &e), 0);
	CU_ASSERT_EQUAL_FATAL(devconf_read(wr_view(&w), &r, &e), 0);
	CU_ASSERT(r.encrypted && r.is_short);
	CU_ASSERT_EQUAL(r.tvs_n, 2);
	CU_ASSERT_EQUAL(r.callmanagers, 0);
	CU_ASSERT_EQUAL(r.capf_auth, 2);
	CU_ASSERT_STRING_EQUAL(r.capf.host, "10.0.0.1");
	CU_ASSERT_PTR_NULL(strstr(wr_cstr(&w), d.description));
	doc = parse(wr_view(&w));
	node = xmlDocGetRootElement(doc)->children;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++, node = node->next) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(node);
		CU_ASSERT_STRING_EQUAL((const char *)node->name, order[i]);
	}
	CU_ASSERT_PTR_NULL(node);
	xmlFreeDoc(doc);
	wr_free(&w);
}

static void
what_is_not_there_is_not_missed(void)
{
	static const char *const few[] = { "<device/>", "<device><TVS/></device>",
		"<device><TVS><members/></TVS><capfList/><loadInformation/></device>",
		"<device><other><TVS><members><member/></members></TVS></other></device>",
		"<device><deviceSecurityMode></deviceSecurityMode></device>" };
	struct devconf_read r;
	struct err e;

	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++) {
		CU_ASSERT_EQUAL(devconf_read(bytes_of(few[i]), &r, &e), 0);
		CU_ASSERT_EQUAL(r.tvs_n, 0);
		CU_ASSERT_EQUAL(r.callmanagers, 0);
		CU_ASSERT_STRING_EQUAL(r.capf.host, "");
		CU_ASSERT_EQUAL(r.capf_auth, 0);
		CU_ASSERT_STRING_EQUAL(r.cert_hash, "");
		CU_ASSERT_STRING_EQUAL(r.load, "");
		CU_ASSERT_EQUAL(r.security, SECURITY_NONE);
	}
}

static void
check_refused(struct bytes xml, const char *says_why)
{
	struct devconf_read r;
	struct err e = { 0 };

	memset(&r, 1, sizeof(r));
	CU_ASSERT_EQUAL(devconf_read(xml, &r, &e), -1);
	ASSERT_ERR_SAYS(e, says_why);
	CU_ASSERT(!r.is_default && r.callmanagers == 0 && r.tvs_n == 0);
	CU_ASSERT(r.tvs[0].port == 0 && r.capf.port == 0 && r.security == 0);
	CU_ASSERT(r.capf_auth == 0 && r.cert_hash[0] == '\0');
	CU_ASSERT_STRING_EQUAL(r.load, "");
}

#define HEX_32	 "0123456789abcdef0123456789abcdef"
#define HASH_129 HEX_32 HEX_32 HEX_32 HEX_32 "0"

static void
what_makes_no_sense_is_refused_with_its_line(void)
{
	static const struct {
		const char *xml, *why;
	} row[] = {
		{ "<phone/>", "line 1: phone, where the device" },
		{ "<device>\n<TVS><members><member/></members></TVS></device>",
		    "line 2: member without address" },
		{ "<device><TVS><members><member><address>a</address>\n<port>0</port>"
		  "</member></members></TVS></device>",
		    "line 2: port is 0, where a number from 1 to 65535" },
		{ "<device><TVS><members><member><address>a</address><port>2445x</port>"
		  "</member></members></TVS></device>",
		    "port is 2445x" },
		{ "<device><TVS><members><member priority='-1'><address>a</address>"
		  "</member></members></TVS></device>",
		    "priority is -1" },
		{ "<device><TVS><members>\n<member><address>a</address></member>\n"
		  "<member><address>b</address></member>\n<member><address>c</address></member>\n"
		  "<member><address>d</address></member></members></TVS></device>",
		    "line 5: more than 3 members" },
		{ "<device>\n\n<deviceSecurityMode>4</deviceSecurityMode></device>",
		    "line 3: deviceSecurityMode is 4" },
		{ "<device><capfList>\n<capf><phonePort>3804</phonePort></capf></capfList></device>",
		    "line 2: capf without processNodeName" },
		{ "<Default><callManagerGroup><members><member/></members></callManagerGroup>"
		  "</Default>",
		    "member without callManager/processNodeName" },
		{ "<device>\n<capfAuthMode>5</capfAuthMode></device>",
		    "line 2: capfAuthMode is 5, where a number from 0 to 4" },
		{ "<device><capfAuthMode>-1</capfAuthMode></device>", "capfAuthMode is -1" },
		{ "<device><certHash>" HASH_129 "</certHash></device>",
		    "certHash of 129 bytes, where 128 are allowed" },
		{ "<device><loadInformation>0123456789012345678901234567890123456789"
		  "0123456789012345678901234</loadInformation></device>",
		    "loadInformation of 65 bytes, where 64 are allowed" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		check_refused(bytes_of(row[i].xml), row[i].why);
}

static void
broken_xml_is_refused_with_line_and_column(void)
{
	static const struct {
		const char *xml, *why;
	} row[] = {
		{ "", "no XML" },
		{ "no xml at all", "line 1, column 1: " },
		{ "<device>\n <TVS>\n</device>", "line 3, column 10: Opening and ending tag" },
		{ "<device>&unknown;</device>", "line 1, column 18: Entity 'unknown' not defined" },
		{ "<device>\xff</device>", "line 1, column 9: Input is not proper UTF-8" },
		{ "<device/><device/>", "line 1, column 10: Extra content" },
		{ "<?xml version='1.0' encoding='no-such'?><device/>", "line 1, column " },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		check_refused(bytes_of(row[i].xml), row[i].why);
	check_refused(bytes_over("<device>\0</device>", 18), "line 1, column 9: ");
}

static const char laughs[] =
    "<!DOCTYPE device [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
    "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>"
    "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY x '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'>]>";

/* Nothing of it is looked at: not the file, not the host, not the hundred thousand laughs. */
static void
a_doctype_is_refused(void)
{
	static const char *const doctype[] = {
		"<!DOCTYPE device>",
		"<!DOCTYPE device SYSTEM 'http://127.0.0.1:1/x.dtd'>",
		"<!DOCTYPE device [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
		"<!DOCTYPE device [<!ENTITY % x SYSTEM 'http://127.0.0.1:1/x'> %x;]>",
		laughs,
		"<!DOCTYPE device [<!ATTLIST member priority CDATA '7'>",
	};
	struct wr w = { 0 };

	for (size_t i = 0; i < sizeof(doctype) / sizeof(doctype[0]); i++) {
		w.n = 0;
		wr_fmt(&w, "<?xml version='1.0'?>\n%s<device>&x;</device>", doctype[i]);
		check_refused(wr_view(&w), "line 2, column ");
		check_refused(wr_view(&w), "a DOCTYPE");
	}
	check_refused(bytes_of("<!DOCTYPE"), "line 1, column ");
	wr_free(&w);
}

static void
what_is_too_large_or_too_deep_is_refused(void)
{
	struct wr w = { 0 };

	wr_text(&w, "<device>");
	wr_fill(&w, ' ', DEVCONF_MAX - 17);
	wr_text(&w, "</device>");
	CU_ASSERT_EQUAL(devconf_read(wr_view(&w), &(struct devconf_read){ 0 }, NULL), 0);
	wr_u8(&w, '\n');
	check_refused(wr_view(&w), "2097153 bytes, where 2097152 are allowed");
	w.n = 0;
	for (int i = 0; i < 10000; i++)
		wr_text(&w, "<device>");
	check_refused(wr_view(&w), "Excessive depth");
	wr_free(&w);
}

/* They used to take libxml2 five minutes. */
static void
a_crowd_of_attributes_is_refused_at_once(void)
{
	struct wr w = { 0 };

	wr_text(&w, "<device");
	for (unsigned i = 0; w.n < DEVCONF_MAX - 20; i++)
		wr_fmt(&w, " a%x=''", i);
	wr_text(&w, "/>");
	check_refused(wr_view(&w), "more different names");
	wr_free(&w);
}

static void
see_cut(struct bytes cut, size_t n, void *ctx)
{
	struct devconf_read r;

	/* The last byte is a line end. */
	CU_ASSERT_EQUAL(devconf_read(cut, &r, NULL), n + 1 == *(size_t *)ctx ? 0 : -1);
}

static void
see_flip(struct bytes flipped, size_t bit, void *ctx)
{
	struct devconf_read r;

	(void)bit;
	if (devconf_read(flipped, &r, NULL) == 0)
		CU_ASSERT(r.tvs_n <= DEVCONF_SERVERS_MAX);
	(void)ctx;
}

static void
no_cut_and_no_flipped_bit_does_harm(void)
{
	size_t n = strlen(theirs);

	each_cut(bytes_of(theirs), see_cut, &n);
	each_flip(bytes_of(theirs), see_flip, NULL);
}

static const struct suite_test tests[] = {
	{ "a phone is told its cluster", a_phone_is_told_its_cluster },
	{ "a phone is told what CAPF wants of it", a_phone_is_told_what_capf_wants_of_it },
	{ "elements stand in order", elements_stand_in_order },
	{ "a secure phone registers over TLS", a_secure_phone_registers_over_tls },
	{ "the same facts give the same bytes", the_same_facts_give_the_same_bytes },
	{ "identity follows from the name", identity_follows_from_the_name },
	{ "text of the operator stays text", text_of_the_operator_stays_text },
	{ "addresses of IPv6 are bracketed in URLs", addresses_of_ipv6_are_bracketed_in_urls },
	{ "protocol follows from the firmware", protocol_follows_from_the_firmware },
	{ "the default file has a load for each model",
	    the_default_file_has_a_load_for_each_model },
	{ "what others wrote is read", what_others_wrote_is_read },
	{ "what was made is read", what_was_made_is_read },
	{ "an encrypted phone is told so in both files",
	    an_encrypted_phone_is_told_so_in_both_files },
	{ "what is not there is not missed", what_is_not_there_is_not_missed },
	{ "what makes no sense is refused with its line",
	    what_makes_no_sense_is_refused_with_its_line },
	{ "broken XML is refused with line and column",
	    broken_xml_is_refused_with_line_and_column },
	{ "a DOCTYPE is refused", a_doctype_is_refused },
	{ "what is too large or too deep is refused", what_is_too_large_or_too_deep_is_refused },
	{ "a crowd of attributes is refused at once", a_crowd_of_attributes_is_refused_at_once },
	{ "no cut and no flipped bit does harm", no_cut_and_no_flipped_bit_does_harm },
};

SUITE_MAIN("tftp/devconf", tests)
