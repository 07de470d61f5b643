#include "tftp/devconf.h"

#include <assert.h>
#include <inttypes.h>
#include <libxml/chvalid.h>
#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Elements and their order: files of Unified CM 8.6 to 12.5; PROTOCOL.md says what phones do with
 * them. */

enum { SCCP_PORT = 2000, SIP_PORT = 5060, SIPS_PORT = 5061, MGCP_LISTEN = 2427, MGCP_ALIVE = 2428 };

/* A document being written.  Sticky, as struct wr is: ask once at the end. */
struct doc {
	xmlTextWriterPtr writer;
	bool bad;
};

static void
note(struct doc *x, int rc)
{
	x->bad = x->bad || rc < 0;
}

/* Text that XML 1.0 can carry: what is no character there (section 2.2) becomes '?'. */
static char *
fit(const char *text)
{
	bool is_utf8 = bytes_is_utf8(bytes_of(text));
	char *to = mem_text(text);
	int n;

	for (char *p = to; *p != '\0'; p += n) {
		int c = (unsigned char)*p;

		n = is_utf8 ? 4 : 1;
		if (is_utf8)
			c = xmlGetUTF8Char((const unsigned char *)p, &n);
		if (c < 0 || !xmlIsCharQ((unsigned)c) || (!is_utf8 && c >= 0x80))
			memset(p, '?', (size_t)n);
	}
	return to;
}

static void
start(struct doc *x, const char *name)
{
	note(x, xmlTextWriterStartElement(x->writer, BAD_CAST name));
}

static void
end(struct doc *x)
{
	note(x, xmlTextWriterFullEndElement(x->writer));
}

static void
attribute(struct doc *x, const char *name, const char *value)
{
	char *text = fit(value);

	note(x, xmlTextWriterWriteAttribute(x->writer, BAD_CAST name, BAD_CAST text));
	free(text);
}

static void
leaf(struct doc *x, const char *name, const char *value)
{
	char *text = fit(value);

	start(x, name);
	note(x, xmlTextWriterWriteString(x->writer, BAD_CAST text));
	end(x);
	free(text);
}

static void __attribute__((format(printf, 3, 4)))
leaf_fmt(struct doc *x, const char *name, const char *fmt, ...)
{
	char value[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	leaf(x, name, value);
}

/* ---- what the elements hold ---- */

/* CUCM gives each device a random uuid and a number for CTI; ours follow from the name, so that
 * the same phone has the same ones in every store: a name-based UUID (RFC 9562, section 5.5), and
 * the bytes of the hash that it leaves over. */
struct identity {
	char uuid[37];
	uint32_t number;
};

static struct identity
identity_of(const char *name)
{
	static const uint8_t space[16] = { 0x5d, 0x0b, 0x1e, 0x3f, 0x6a, 0x0c, 0x4c, 0x4e, 0x9a,
		0x11, 0x5e, 0x2f, 0x70, 0x68, 0x6f, 0x6e };
	uint8_t hash[20];
	char hex[33];
	struct identity id;
	struct wr w = { 0 };
	int ok;

	wr_put(&w, bytes_over(space, sizeof(space)));
	wr_text(&w, name);
	ok = EVP_Digest(w.p, w.n, hash, NULL, EVP_sha1(), NULL);
	assert(ok == 1);
	wr_free(&w);
	hash[6] = (uint8_t)(0x50 | (hash[6] & 0x0f));
	hash[8] = (uint8_t)(0x80 | (hash[8] & 0x3f));
	bytes_hex(bytes_over(hash, 16), '\0', hex, sizeof(hex));
	snprintf(id.uuid, sizeof(id.uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	    hex + 16, hex + 20);
	id.number = (uint32_t)(hash[16] & 0x7f) << 24 | (uint32_t)hash[17] << 16 |
		    (uint32_t)hash[18] << 8 | hash[19];
	return id;
}

/* The firmware tells: sip78xx.., P0S3.. speak SIP.  Of a phone whose firmware nobody named we go by
 * the model: the 7900 family was made for SCCP, what came later for SIP. */
static bool
speaks_sip(const struct device *d)
{
	const char *load = d->load[0] != '\0' ? d->load : d->model->load;

	if (load != NULL)
		return strncasecmp(load, "sip", 3) == 0 || strncasecmp(load, "P0S", 3) == 0;
	return strncmp(d->model->name, "79", 2) != 0;
}

/* Addresses, not host names: a lab rarely has the DNS for its node names, and a phone that cannot
 * look one up does not register. */
static void
callmanager(struct doc *x, const struct node *n)
{
	start(x, "callManager");
	leaf(x, "name", n->name);
	leaf(x, "description", "");
	start(x, "ports");
	leaf_fmt(x, "ethernetPhonePort", "%d", SCCP_PORT);
	leaf_fmt(x, "sipPort", "%d", SIP_PORT);
	leaf_fmt(x, "securedSipPort", "%d", SIPS_PORT);
	start(x, "mgcpPorts");
	leaf_fmt(x, "listen", "%d", MGCP_LISTEN);
	leaf_fmt(x, "keepAlive", "%d", MGCP_ALIVE);
	end(x);
	end(x);
	leaf(x, "processNodeName", n->address);
	end(x);
}

static void
start_member(struct doc *x, size_t priority)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", priority);
	start(x, "member");
	attribute(x, "priority", text);
}

static void
callmanager_group(struct doc *x, const struct devconf_facts *f)
{
	start(x, "callManagerGroup");
	start(x, "members");
	for (size_t i = 0; i < f->servers; i++) {
		start_member(x, i);
		callmanager(x, &f->server[i]);
		end(x);
	}
	end(x);
	end(x);
}

static void
srst(struct doc *x)
{
	start(x, "srstInfo");
	leaf(x, "name", "Disable");
	leaf(x, "srstOption", "Disable");
	leaf(x, "isSecure", "false");
	end(x);
}

static void
device_pool(struct doc *x, const struct devconf_facts *f)
{
	start(x, "devicePool");
	leaf(x, "name", "Default");
	callmanager_group(x, f);
	srst(x);
	leaf(x, "connectionMonitorDuration", "120");
	end(x);
}

static void
tvs(struct doc *x, const struct devconf_facts *f)
{
	start(x, "TVS");
	start(x, "members");
	for (size_t i = 0; i < f->servers; i++) {
		start_member(x, i);
		leaf_fmt(x, "port", "%u", f->tvs_port);
		leaf(x, "address", f->server[i].address);
		end(x);
	}
	end(x);
	end(x);
}

static void
sip_profile(struct doc *x, const struct device *d)
{
	start(x, "sipProfile");
	leaf(x, "phoneLabel", d->description);
	end(x);
}

static void
service_url(struct doc *x, const char *name, const char *scheme, const struct node *n, int port,
    const char *path)
{
	bool is_v6 = strchr(n->address, ':') != NULL;

	leaf_fmt(x, name, "%s://%s%s%s:%d/%s", scheme, is_v6 ? "[" : "", n->address,
	    is_v6 ? "]" : "", port, path);
}

static void
plain_url(struct doc *x, const char *name, const struct devconf_facts *f, const char *path)
{
	service_url(x, name, "http", &f->publisher, 8080, path);
}

static void
secure_url(struct doc *x, const char *name, const struct devconf_facts *f, const char *path)
{
	service_url(x, name, "https", &f->publisher, 8443, path);
}

static void
urls(struct doc *x, const struct devconf_facts *f)
{
	plain_url(x, "authenticationURL", f, "ccmcip/authenticate.jsp");
	plain_url(x, "directoryURL", f, "ccmcip/xmldirectory.jsp");
	leaf(x, "idleURL", "");
	plain_url(x, "informationURL", f, "ccmcip/GetTelecasterHelpText.jsp");
	leaf(x, "messagesURL", "");
	plain_url(x, "servicesURL", f, "ccmcip/getservicesmenu.jsp");
}

static void
secure_urls(struct doc *x, const struct devconf_facts *f)
{
	secure_url(x, "secureAuthenticationURL", f, "ccmcip/authenticate.jsp");
	secure_url(x, "secureDirectoryURL", f, "ccmcip/xmldirectory.jsp");
	secure_url(x, "secureServicesURL", f, "ccmcip/getservicesmenu.jsp");
	secure_url(x, "secureUDSUsersAccessURL", f, "cucm-uds/users");
}

/* Of the certificate that CAPF has on record for the phone, which compares it with its own: MD5, as
 * the security guide says (release 12.5, "Phone Configuration File Encryption"). */
static void
cert_hash(struct doc *x, const struct cert *lsc)
{
	char hex[33] = "";

	if (lsc != NULL)
		bytes_hex(cert_md5(lsc), '\0', hex, sizeof(hex));
	leaf(x, "certHash", hex);
}

static void
capf_list(struct doc *x, const struct devconf_facts *f)
{
	start(x, "capfList");
	start(x, "capf");
	leaf_fmt(x, "phonePort", "%u", f->capf_port);
	leaf(x, "processNodeName", f->publisher.address);
	end(x);
	end(x);
}

/* Which of the parts: enum devconf_part. */
static void
capf(struct doc *x, const struct devconf_facts *f, const struct devconf_phone *p, unsigned parts)
{
	if (parts & DEVCONF_PART_CAPF_AUTH)
		leaf_fmt(x, "capfAuthMode", "%d", p->capf_auth);
	if (parts & DEVCONF_PART_CAPF_LIST)
		capf_list(x, f);
	if (parts & DEVCONF_PART_CERT_HASH)
		cert_hash(x, p->lsc);
	if (parts & DEVCONF_PART_ENCRYPTED)
		leaf(x, "encrConfig", p->device->encrypted_config ? "true" : "false");
}

/* transportLayerProtocol as phones of each mode are sent it: 3 is TLS. */
static void
security(struct doc *x, const struct device *d, unsigned parts)
{
	if (parts & DEVCONF_PART_SECURITY)
		leaf_fmt(x, "deviceSecurityMode", "%d", (int)d->security);
	if (parts & DEVCONF_PART_TRANSPORT)
		leaf(x, "transportLayerProtocol", d->security == SECURITY_NONE ? "4" : "3");
}

static void
phone_services(struct doc *x)
{
	static const char *const service[][2] = {
		{ "Missed Calls", "Application:Cisco/MissedCalls" },
		{ "Received Calls", "Application:Cisco/ReceivedCalls" },
		{ "Placed Calls", "Application:Cisco/PlacedCalls" },
		{ "Personal Directory", "Application:Cisco/PersonalDirectory" },
		{ "Corporate Directory", "Application:Cisco/CorporateDirectory" },
	};

	start(x, "phoneServices");
	attribute(x, "useHTTPS", "true");
	for (size_t i = 0; i < sizeof(service) / sizeof(service[0]); i++) {
		start(x, "phoneService");
		attribute(x, "type", "1");
		attribute(x, "category", "0");
		leaf(x, "name", service[i][0]);
		leaf(x, "url", service[i][1]);
		end(x);
	}
	end(x);
}

static void
write_device(struct doc *x, const struct devconf_facts *f, const struct devconf_phone *p)
{
	const struct device *d = p->device;
	struct identity id = identity_of(d->name);
	char text[48];

	/* CUCM declares the prefix xsi nowhere, and phones do not mind. */
	start(x, "device");
	attribute(x, "xsi:type", "axl:XIPPhone");
	snprintf(text, sizeof(text), "%" PRIu32, id.number);
	attribute(x, "ctiid", text);
	snprintf(text, sizeof(text), "{%s}", id.uuid);
	attribute(x, "uuid", text);
	leaf(x, "fullConfig", "true");
	leaf(x, "portalDefaultServer", f->publisher.address);
	leaf(x, "deviceProtocol", speaks_sip(d) ? "SIP" : "SCCP");
	device_pool(x, f);
	tvs(x, f);
	if (speaks_sip(d))
		sip_profile(x, d);
	leaf(x, "loadInformation", d->load);
	leaf(x, "vendorConfig", "");
	leaf(x, "commonConfig", "");
	leaf(x, "enterpriseConfig", "");
	leaf_fmt(x, "versionStamp", "%" PRId64 "-%s", d->added + d->stamp, id.uuid);
	security(x, d, DEVCONF_PARTS);
	urls(x, f);
	secure_urls(x, f);
	capf(x, f, p, DEVCONF_PARTS);
	leaf(x, "TLSResumptionTimer", "3600");
	phone_services(x);
	end(x);
}

/* The elements that enccnf keeps (usecallmanagernz, certutils), and TVS: a phone that has lost its
 * way needs it first. */
static void
write_short(struct doc *x, const struct devconf_facts *f, const struct devconf_phone *p)
{
	start(x, "device");
	leaf(x, "fullConfig", "false");
	tvs(x, f);
	leaf(x, "loadInformation", p->device->load);
	capf(x, f, p, DEVCONF_PARTS);
	end(x);
}

static void
write_loads(struct doc *x)
{
	size_t n;
	const struct model *m = model_table(&n);
	char name[40], model[64];

	for (size_t i = 0; i < n; i++) {
		if (m[i].load == NULL || m[i].number == 0)
			continue;
		snprintf(name, sizeof(name), "loadInformation%d", m[i].number);
		snprintf(model, sizeof(model), "Cisco %s", m[i].name);
		start(x, name);
		attribute(x, "model", model);
		note(x, xmlTextWriterWriteString(x->writer, BAD_CAST m[i].load));
		end(x);
	}
}

/* No TVS here: CUCM's default file has none either (CSCti64589). */
static void
write_default(struct doc *x, const struct devconf_facts *f)
{
	start(x, "Default");
	callmanager_group(x, f);
	write_loads(x);
	urls(x, f);
	leaf(x, "autoRegistration", f->auto_registration ? "enabled" : "disabled");
	end(x);
}

enum document { DOCUMENT_FULL, DOCUMENT_SHORT, DOCUMENT_DEFAULT };

/* p: NULL for the default file. */
static void
write_root(struct doc *x, enum document which, const struct devconf_facts *f,
    const struct devconf_phone *p)
{
	switch (which) {
	case DOCUMENT_FULL:
		write_device(x, f, p);
		break;
	case DOCUMENT_SHORT:
		write_short(x, f, p);
		break;
	case DOCUMENT_DEFAULT:
		write_default(x, f);
		break;
	}
}

static int
write_document(xmlBufferPtr buffer, enum document which, const struct devconf_facts *f,
    const struct devconf_phone *p, struct err *e)
{
	struct doc x = { .writer = xmlNewTextWriterMemory(buffer, 0) };

	if (x.writer == NULL)
		return err_set(e, ERR_FAILED, "libxml2 gave no writer");
	note(&x, xmlTextWriterSetIndent(x.writer, 1));
	note(&x, xmlTextWriterStartDocument(x.writer, "1.0", "UTF-8", NULL));
	write_root(&x, which, f, p);
	note(&x, xmlTextWriterEndDocument(x.writer));
	xmlFreeTextWriter(x.writer);
	return x.bad ? err_set(e, ERR_FAILED, "libxml2 could not write the configuration") : 0;
}

static int
make(enum document which, const struct devconf_facts *f, const struct devconf_phone *p,
    struct wr *out, struct err *e)
{
	/* What libxml2 sets up at its first use, workers must not set up at the same time. */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	xmlBufferPtr buffer;
	int rc;

	pthread_once(&once, xmlInitParser);
	buffer = xmlBufferCreate();
	if (buffer == NULL)
		return err_set(e, ERR_FAILED, "libxml2 gave no buffer");
	rc = write_document(buffer, which, f, p, e);
	if (rc == 0)
		wr_put(out, bytes_over(xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer)));
	xmlBufferFree(buffer);
	return rc;
}

int
devconf_make(
    const struct devconf_facts *f, const struct devconf_phone *p, struct wr *out, struct err *e)
{
	return make(DOCUMENT_FULL, f, p, out, e);
}

int
devconf_make_short(
    const struct devconf_facts *f, const struct devconf_phone *p, struct wr *out, struct err *e)
{
	return make(DOCUMENT_SHORT, f, p, out, e);
}

int
devconf_make_default(const struct devconf_facts *f, struct wr *out, struct err *e)
{
	return make(DOCUMENT_DEFAULT, f, NULL, out, e);
}

static int
make_parts(const struct devconf_facts *f, const struct devconf_phone *p, unsigned parts,
    xmlBufferPtr buffer, struct err *e)
{
	struct doc x = { .writer = xmlNewTextWriterMemory(buffer, 0) };

	if (x.writer == NULL)
		return err_set(e, ERR_FAILED, "libxml2 gave no writer");
	note(&x, xmlTextWriterSetIndent(x.writer, 1));
	if (parts & DEVCONF_PART_TVS)
		tvs(&x, f);
	security(&x, p->device, parts);
	capf(&x, f, p, parts);
	note(&x, xmlTextWriterFlush(x.writer));
	xmlFreeTextWriter(x.writer);
	return x.bad ? err_set(e, ERR_FAILED, "libxml2 could not write the configuration") : 0;
}

int
devconf_make_parts(const struct devconf_facts *f, const struct devconf_phone *p, unsigned parts,
    struct wr *out, struct err *e)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	int rc;

	if (buffer == NULL)
		return err_set(e, ERR_FAILED, "libxml2 gave no buffer");
	rc = make_parts(f, p, parts, buffer, e);
	if (rc == 0)
		wr_put(out, bytes_over(xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer)));
	xmlBufferFree(buffer);
	return rc;
}
